//! What the window shows without a scan, the progress of opening one, and the frame that says a file can be dropped.

use egui::{
    Align2, Area, Button, Color32, Context, CornerRadius, FontId, Frame, Id, Label, LayerId,
    Margin, Order, RichText, ScrollArea, Stroke, StrokeKind, Ui, vec2,
};

use crate::ui::commands::{CommandContext, file, help, segment};
use crate::ui::kit::format::{of, shorten};
use crate::ui::kit::template::{tr_error, tr_sentence};
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, progress, quiet, row_button};
use crate::ui::kit::{icons, theme};
use crate::ui::state::status_text::{download_text, opening_text, runtime_text};
use crate::ui::state::{Action, FileProgress, ModelStatus, RuntimeStatus, Status};

const CARD: f32 = 440.0;
/// What of the card's height is not scrolled: its margins, and the name above and the note below with what is between.
const FIXED: f32 = 172.0;
/// However low the window is, so much of the rest is seen.
const LEAST: f32 = 120.0;

/// The welcome card, or the progress of opening a scan, in the middle of `ui`.
pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut CommandContext) {
    let frame = Frame::new()
        .fill(colours(ui).panel)
        .stroke(Stroke::new(1.0, colours(ui).line))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::same(24));
    let room = (ui.max_rect().height() - FIXED).max(LEAST);
    Area::new(Id::unique("welcome"))
        .order(Order::Middle)
        .constrain_to(ui.max_rect())
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .movable(false)
        .show(ui.ctx(), |ui| {
            frame.show(ui, |ui| {
                ui.set_width(CARD);
                match &cx.status.opening {
                    Some(opening) => loading(ui, opening, cx.out),
                    None => card(ui, room, cx),
                }
            })
        });
}

/// Between name and note, which are always seen, the rest takes `room` points of height at most.
fn card(ui: &mut Ui, room: f32, cx: &mut CommandContext) {
    ui.heading("Voxpoint");
    ui.label(quiet(ui, tr("Open a scan, click inside a structure, get its mask.")));
    ui.add_space(16.0);
    let rest = ScrollArea::vertical().id_salt("welcome").max_height(room);
    // As high as it may be at once: a card has the height that it had before.
    let rest = rest.min_scrolled_height(room);
    rest.auto_shrink([false, true]).show(ui, |ui| ways_to_begin(ui, cx));
    ui.add_space(16.0);
    ui.label(quiet(ui, tr(super::help::NOT_A_DEVICE)).small());
}

/// Work that was left, files to open, and what is ready for clicks.
fn ways_to_begin(ui: &mut Ui, cx: &mut CommandContext) {
    if !cx.status.drafts.is_empty() {
        // Small windows keep their buttons.
        let room = (ui.ctx().content_rect().height() - 460.0).max(120.0);
        ScrollArea::vertical().id_salt("drafts").max_height(room).show(ui, |ui| {
            super::drafts::show(ui, cx.status, CARD, cx.out);
        });
        ui.add_space(16.0);
    }
    ui.horizontal(|ui| {
        for entry in [&file::OPEN, &file::OPEN_SAMPLE] {
            let (name, icon) = (entry.name(), entry.icon.unwrap_or_default());
            let button = Button::new(format!("{icon} {name}"))
                .shortcut_text(entry.key_text())
                .min_size(vec2((CARD - theme::GRID) / 2.0, 36.0));
            let response = ui.add_enabled(entry.is_enabled(cx), button).accessible_name(name);
            let response = response.on_disabled_hover_text(tr("The sample scan is not installed"));
            if response.clicked() {
                entry.run(cx);
            }
        }
    });
    ui.add_space(8.0);
    drop_field(ui, &cx.status.formats);
    if !cx.status.recent.is_empty() {
        ui.add_space(8.0);
        recent(ui, cx);
    }
    ui.add_space(16.0);
    runtime(ui, cx);
    model(ui, cx);
}

fn drop_field(ui: &mut Ui, formats: &str) {
    let stroke = Stroke::new(1.0, colours(ui).line);
    Frame::new()
        .stroke(stroke)
        .corner_radius(CornerRadius::same(6))
        .inner_margin(Margin::same(16))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.vertical_centered(|ui| {
                ui.label(tr("or drop files here"));
                let kinds = tr_with(
                    "scans, label maps and overlays ({formats}; folders of DICOM files or of PNG or TIFF slices, ANALYZE, ZIP), sessions (.voxpoint), models (.pth, .onnx), folders and tables of cases",
                    &[("formats", &formats)],
                );
                ui.label(quiet(ui, kinds));
            });
        });
}

fn recent(ui: &mut Ui, cx: &mut CommandContext) {
    ui.label(quiet(ui, tr("Opened lately")).small());
    for file in cx.status.recent.iter().take(4) {
        let (name, path) = (file.name(), &file.path);
        let folder = path.parent().unwrap_or(path).display().to_string();
        ui.horizontal(|ui| {
            let folder = quiet(ui, shorten(&folder, 30)).small();
            let button = Button::new(shorten(&name, 34))
                .right_text(folder)
                .frame_when_inactive(false)
                .min_size(vec2(CARD - 32.0, 22.0));
            let response = ui.add(button).accessible_name(&*name);
            if response.on_hover_text(path.display().to_string()).clicked() {
                cx.out.push(Action::OpenRecent(file.clone()));
            }
            let what = tr("Take {name} off this list").replace("{name}", &name);
            if row_button(ui, icons::CLOSE, &what, &what).clicked() {
                cx.out.push(Action::ForgetRecent(file.clone()));
            }
        });
    }
}

/// A line with a tick or a warning sign, and the text beside it, wrapped.
fn state_line(ui: &mut Ui, good: bool, text: &str) {
    let c = colours(ui);
    let (icon, colour) = if good { (icons::CHECK, c.accent) } else { (icons::WARNING, c.warning) };
    ui.horizontal_top(|ui| {
        ui.label(RichText::new(icon).color(colour));
        ui.add(Label::new(text).wrap());
    });
}

fn runtime(ui: &mut Ui, cx: &mut CommandContext) {
    match &cx.status.runtime {
        RuntimeStatus::Searching => {
            ui.label(quiet(ui, tr("Looking for ONNX Runtime…")));
        }
        RuntimeStatus::NotNeeded => {}
        RuntimeStatus::Ready(version) => state_line(ui, true, &runtime_text(version)),
        RuntimeStatus::Missing(why) => {
            let why = tr_error(why);
            let text = format!(
                "{} {why}",
                tr("ONNX Runtime is missing: viewing works, segmentation does not.")
            );
            state_line(ui, false, &text);
            if ui.button(format!("{} {}", icons::DOWNLOAD, tr("Get ONNX Runtime"))).clicked() {
                segment::GET_RUNTIME.run(cx);
            }
        }
        RuntimeStatus::Installing(done, total) => {
            ui.label(format!("{}: {}", tr("Fetching ONNX Runtime"), of(*done, *total)));
            ui.horizontal(|ui| {
                progress(ui, tr("Fetching ONNX Runtime"), (*done, *total), CARD - 80.0);
                if ui.button(tr("Cancel")).clicked() {
                    cx.out.push(Action::CancelInstall);
                }
            });
        }
    }
}

fn model(ui: &mut Ui, cx: &mut CommandContext) {
    if let Some(download) = &cx.status.download {
        ui.label(format!("{} {}", tr("Downloading"), download_text(download)));
        ui.horizontal(|ui| {
            let so_far = (download.done, download.total);
            progress(ui, tr("Downloading the model"), so_far, CARD - 80.0);
            if ui.button(tr("Cancel")).clicked() {
                cx.out.push(Action::CancelDownload);
            }
        });
    }
    match &cx.status.model {
        ModelStatus::None => {
            ui.label(quiet(ui, tr("The model is loaded when ONNX Runtime is there.")));
        }
        ModelStatus::Loading(name) => {
            ui.label(quiet(ui, tr("Loading {name}…").replace("{name}", name)));
        }
        ModelStatus::Ready { name, device, .. } => {
            state_line(
                ui,
                true,
                &tr("Model {name} on {device}").replace("{name}", name).replace("{device}", device),
            );
        }
        ModelStatus::Failed(why) => {
            let why = tr_error(why);
            state_line(ui, false, &format!("{}: {why}", tr("The model could not be loaded")));
            other_models(ui, cx);
        }
        ModelStatus::Stopped(why) => {
            ui.label(quiet(ui, tr_sentence(why)));
            other_models(ui, cx);
        }
    }
}

fn other_models(ui: &mut Ui, cx: &mut CommandContext) {
    ui.horizontal(|ui| {
        for entry in [&segment::DEMO_MODEL, &segment::CHOOSE_MODEL] {
            if ui.button(entry.name()).clicked() {
                entry.run(cx);
            }
        }
    });
}

fn loading(ui: &mut Ui, opening: &FileProgress, out: &mut Vec<Action>) {
    let FileProgress { name, done, total } = opening;
    ui.add(Label::new(opening_text(opening)).wrap());
    ui.add_space(8.0);
    progress(ui, &tr("Opening {name}").replace("{name}", name), (*done, *total), CARD);
    ui.add_space(8.0);
    if ui.button(tr("Cancel")).on_hover_text(help::CANCEL.key_text()).clicked() {
        out.push(Action::Cancel);
    }
}

/// Opens what is dropped on the window, and says so while it hovers there. `to_raters`: it is one of several raters'
/// label map then.
pub(super) fn drop_files(ctx: &Context, status: &Status, to_raters: bool, out: &mut Vec<Action>) {
    if status.asks() {
        return;
    }
    let dropped: Vec<_> =
        ctx.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_path_buf()).collect());
    if !dropped.is_empty() {
        out.push(Action::Drop(dropped));
    }
    let hovering = ctx.input(|i| i.raw.hovered_files.len());
    if hovering == 0 {
        return;
    }
    let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("drop")));
    let rect = ctx.content_rect();
    painter.rect_filled(rect, CornerRadius::ZERO, Color32::from_black_alpha(225));
    let accent = theme::colours(&ctx.global_style().visuals).accent;
    let inner = rect.shrink(16.0);
    let stroke = Stroke::new(2.0, accent);
    painter.rect_stroke(inner, CornerRadius::same(8), stroke, StrokeKind::Inside);
    let text = match hovering {
        _ if to_raters => tr("Drop to add to the raters"),
        1 => tr("Drop to open"),
        _ => tr("Drop to open: scan first, then masks"),
    };
    painter.text(
        rect.center(),
        Align2::CENTER_CENTER,
        text,
        FontId::proportional(20.0),
        Color32::WHITE,
    );
}
