//! The line at the bottom: where the pointer is, what the last click cost, whether the mask is saved.

use egui::{Align, Label, Layout, RichText, Role, Ui, WidgetInfo};

use super::format::{bytes, latency, place, shorten};
use super::widgets::{colours, progress, quiet, row_button};
use crate::ui::text::tr;
use crate::ui::{Action, Busy, Desk, Drawing, ModelStatus, Opening, SaveStatus, icons};

/// The window width from which the reason for the device is spelled out.
const WIDE: f32 = 1400.0;

pub(super) fn show(ui: &mut Ui, desk: &mut Desk) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.set_height(20.0);
        ui.spacing_mut().item_spacing.x = 6.0;
        save_state(ui, desk);
        device(ui, desk);
        work(ui, desk);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if let Some(drawing) = &desk.status.drawing {
                let Drawing { what, done, total } = drawing;
                let tip = tr("Cancel");
                if row_button(ui, icons::CLOSE, tr("Cancel drawing"), tip).clicked() {
                    desk.out.push(Action::CancelPicture);
                }
                progress(ui, what, (*done, *total), 160.0);
                let count = if *total > 1 { format!(" {done}/{total}") } else { String::new() };
                ui.label(format!("{what}{count}"));
                return;
            }
            match (desk.document, &desk.status.opening) {
                (_, Some(opening)) if desk.document.is_some() => {
                    if opening_bar(ui, opening) {
                        desk.out.push(Action::Cancel);
                    }
                }
                (Some(document), _) => {
                    ui.add(Label::new(place(document, desk.view)).truncate());
                }
                (None, _) => {
                    ui.label(quiet(ui, "No scan open"));
                }
            }
        });
    });
}

/// Progress of opening a file; `true` when it is to be cancelled.
pub(in crate::ui) fn opening_bar(ui: &mut Ui, opening: &Opening) -> bool {
    let Opening { name, done, total } = opening;
    let cancelled = row_button(ui, icons::CLOSE, "Cancel", "Cancel (Esc)").clicked();
    progress(ui, &format!("Opening {name}"), (*done, *total), 160.0);
    ui.label(opening_text(opening));
    cancelled
}

/// `Opening ct.nii.gz: 12.3 MB of 157.3 MB`.
pub(in crate::ui) fn opening_text(opening: &Opening) -> String {
    let name = shorten(&opening.name, 40);
    match opening.total {
        0 => format!("Opening {name}: {}", bytes(opening.done)),
        total => format!("Opening {name}: {} of {}", bytes(opening.done), bytes(total)),
    }
}

fn dot(ui: &mut Ui) {
    ui.label(quiet(ui, "·"));
}

fn save_state(ui: &mut Ui, desk: &Desk) {
    let Some(document) = desk.document else { return };
    let c = colours(ui);
    let (text, colour, tip) = match &desk.status.save {
        SaveStatus::Saving => ("saving…".to_owned(), c.quiet, String::new()),
        SaveStatus::Saved(path) if !document.is_modified() => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let text = format!(
                "saved {} {}",
                icons::CHECK,
                shorten(&name, if desk.width < WIDE { 20 } else { 40 })
            );
            (text, c.text, format!("Written, reopened and found identical: {}", path.display()))
        }
        _ if document.is_modified() => {
            ("unsaved changes".to_owned(), c.warning, "Ctrl+S saves the mask".to_owned())
        }
        _ => return,
    };
    // Screen readers and tests get a tick that is a character of its own.
    let said = text.replace(icons::CHECK, "✓");
    let label = ui.label(RichText::new(text).color(colour));
    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
    if !tip.is_empty() {
        label.on_hover_text(tip);
    }
    dot(ui);
}

fn device(ui: &mut Ui, desk: &Desk) {
    match &desk.status.model {
        ModelStatus::Ready { device, reason, .. } => {
            let text = device_text(device, reason, desk.width);
            ui.label(text).on_hover_text(format!("{device}: {reason}"));
        }
        ModelStatus::Loading(_) => {
            ui.label(quiet(ui, "loading the model…"));
        }
        ModelStatus::Failed(why) => {
            let text = RichText::new("model failed").color(colours(ui).error);
            ui.label(text).on_hover_text(why);
        }
        ModelStatus::None => {
            ui.label(quiet(ui, "no model"));
        }
    }
}

/// Where the model runs and, in words as short as the window asks for, why not on CUDA.
fn device_text(device: &str, reason: &str, width: f32) -> String {
    match reason {
        "" => shorten(device, 16),
        why if width >= WIDE => format!("{device} ({})", shorten(why, 60)),
        why if why.starts_with("no CUDA") => format!("{device} (no CUDA)"),
        _ => shorten(device, 16),
    }
}

/// What the model does now, or how long the stages of the last click took.
fn work(ui: &mut Ui, desk: &Desk) {
    let text = match (desk.status.busy, &desk.status.latency) {
        (Some(Busy::Encoding), _) => "encoding…".to_owned(),
        (Some(Busy::Decoding), _) => "decoding…".to_owned(),
        (Some(Busy::Pasting), _) => "laying the mask…".to_owned(),
        (Some(Busy::Extending(done, total)), _) => format!("extending: cube {done} of {total}…"),
        (None, times) => latency(times.as_ref()),
    };
    if desk.document.is_none() {
        return;
    }
    dot(ui);
    let tip = "How long each stage of the last click took. No time for encode: the cube had been encoded \
               before, for another click or while the pointer rested.";
    ui.label(quiet(ui, text)).on_hover_text(tip);
}
