//! The bar at the top: menus, tools, and which model runs where.

use egui::{
    Align, Button, FocusDirection, Key, Layout, MenuBar, Popup, Response, RichText, ScrollArea, Ui,
};

use super::working_scale;
use crate::geom::Convention;
use crate::render::Interpolation;
use crate::ui::commands::widgets::{verb_button, verb_entry, verb_switch};
use crate::ui::commands::{CommandContext, Verb, shortcuts};
use crate::ui::kit::format::{bytes, of, shorten};
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_error;
use crate::ui::kit::text::{Language, mark, tr, tr_any};
use crate::ui::kit::theme::{ICON, SMALL, Theme};
use crate::ui::kit::widgets::{colours, icon_button, quiet};
use crate::ui::state::status_text::{download_text, reason_text, runtime_text};
use crate::ui::state::view_3d::SIDES;
use crate::ui::state::{
    Action, CT_WINDOWS, Layout as ViewLayout, ModelEntry, ModelStatus, Pane, RuntimeStatus, SCALES,
    SidePanels, ViewState,
};
use crate::ui::tools;

pub(super) fn show(ui: &mut Ui, cx: &mut CommandContext) {
    MenuBar::new().ui(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.spacing_mut().button_padding.x = 6.0;
        // The icons are the tallest; without this the menus before them would sit higher.
        ui.set_min_height(30.0);
        let first = if cx.width < MENUS_APART {
            in_bar(ui, tr("Menu"), |ui| {
                for (name, add) in MENUS {
                    ui.menu_button(tr(name), |ui| within_the_window(ui, |ui| add(ui, cx)));
                }
            })
        } else {
            let buttons = MENUS.map(|(name, add)| in_bar(ui, tr(name), |ui| add(ui, cx)));
            along_the_bar(ui, &buttons);
            let [first, ..] = buttons;
            first
        };
        if std::mem::take(&mut cx.view.transient.focus_menu) {
            first.request_focus();
        }
        tool_buttons(ui, cx);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            device(ui, cx);
            model(ui, cx);
        });
    });
}

/// From this width of the window on (in points) each menu has a place in the bar.
const MENUS_APART: f32 = 760.0;

type Menu = (&'static str, fn(&mut Ui, &mut CommandContext));
const MENUS: [Menu; 6] = [
    (mark("File"), file),
    (mark("Edit"), edit),
    (mark("View"), view),
    (mark("Segment"), segment),
    (mark("Tools"), tool_entries),
    (mark("Help"), help),
];

fn help(ui: &mut Ui, cx: &mut CommandContext) {
    for verb in [Verb::Help, Verb::Log, Verb::About] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
}

/// With a menu open and the keyboard on its name, Left and Right open the menus beside it. (With none open, egui moves
/// the keyboard.)
fn along_the_bar(ui: &Ui, buttons: &[Response]) {
    let (left, right) =
        ui.input(|i| (i.num_presses(Key::ArrowLeft), i.num_presses(Key::ArrowRight)));
    let at = buttons.iter().position(Response::has_focus);
    if let Some(at) = at.filter(|_| left != right && Popup::is_any_open(ui.ctx())) {
        let next = (at + right + buttons.len() - left % buttons.len()) % buttons.len();
        buttons[next].request_focus();
        Popup::open_id(ui.ctx(), Popup::default_response_id(&buttons[next]));
        ui.ctx().request_repaint();
    }
}

/// The entries of a menu; where the window is not high enough for them they are scrolled.
fn within_the_window(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let room = ui.ctx().content_rect().height() - 2.0 * MENU_MARGIN;
    if room >= LONGEST_MENU {
        add(ui);
        return;
    }
    // The room that the menu had at first would be kept.
    ui.set_max_height(room);
    ScrollArea::vertical().max_height(room).show(ui, add);
}

/// Height of the longest menu, and what is left free above and below one that is scrolled, in points.
const LONGEST_MENU: f32 = 620.0;
const MENU_MARGIN: f32 = 14.0;

/// A menu of the bar. With the keyboard on its name, Down and Up open it and go to its first or last entry.
fn in_bar(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) -> Response {
    let enters = ui.scope_id().with(("enters", name));
    let pass = ui.ctx().cumulative_pass_nr();
    // Its entries take the keyboard when they have a size: in the second pass.
    let due = |(direction, since): (FocusDirection, u64)| (pass >= since + 2).then_some(direction);
    if let Some(direction) = ui.data(|d| d.get_temp(enters)).and_then(due) {
        ui.data_mut(|d| d.remove::<(FocusDirection, u64)>(enters));
        ui.memory_mut(|m| m.move_focus(direction));
    }
    let response = ui.menu_button(name, |ui| within_the_window(ui, add)).response;
    let popup = Popup::default_response_id(&response);
    if response.has_focus() && !Popup::is_id_open(ui.ctx(), popup) {
        let (down, up) = ui.input(|i| (i.key_pressed(Key::ArrowDown), i.key_pressed(Key::ArrowUp)));
        if down || up {
            let direction = if down { FocusDirection::Down } else { FocusDirection::Up };
            ui.memory_mut(|m| m.move_focus(FocusDirection::None));
            ui.data_mut(|d| d.insert_temp(enters, (direction, pass)));
            Popup::open_id(ui.ctx(), popup);
            ui.ctx().request_repaint();
        }
    }
    response
}

fn file(ui: &mut Ui, cx: &mut CommandContext) {
    for verb in [Verb::OpenDialog, Verb::OpenSample, Verb::OpenOverlay] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
    ui.add_enabled_ui(!cx.status.recent.is_empty(), |ui| {
        ui.menu_button(tr("Open recent"), |ui| recent(ui, cx));
    });
    ui.separator();
    for verb in [Verb::Save, Verb::SaveAs] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
    ui.separator();
    for verb in [Verb::CopyPicture, Verb::SavePicture, Verb::RecordFilm] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
    ui.separator();
    for verb in [Verb::CloseScan, Verb::Quit] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
}

fn recent(ui: &mut Ui, cx: &mut CommandContext) {
    for path in &cx.status.recent {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let folder = path.parent().unwrap_or(path).display().to_string();
        let folder = quiet(ui, shorten(&folder, 36)).size(SMALL);
        let button = Button::new(shorten(&name, 40)).right_text(folder);
        let response = ui.add(button).accessible_name(&*name);
        if response.on_hover_text(path.display().to_string()).clicked() {
            cx.out.push(Action::Open(vec![path.clone()]));
            ui.close();
        }
    }
    ui.separator();
    if ui.button(tr("Clear this list")).clicked() {
        cx.out.push(Action::ClearRecent);
        ui.close();
    }
}

/// `Undo positive click`.
pub(super) fn history_text(verb: &str, change: Option<&str>) -> String {
    let Some(change) = change else { return verb.to_owned() };
    let mut letters = tr_any(change).chars();
    let first = letters.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    format!("{verb} {first}{}", letters.as_str())
}

fn edit(ui: &mut Ui, cx: &mut CommandContext) {
    let document = cx.document;
    let undo = history_text(tr("Undo"), document.and_then(|d| d.can_undo()));
    let redo = history_text(tr("Redo"), document.and_then(|d| d.can_redo()));
    verb_entry(ui, Verb::Undo, &undo, cx);
    verb_entry(ui, Verb::Redo, &redo, cx);
    verb_switch(ui, Verb::History, cx.view.windows.history, cx);
    ui.separator();
    for verb in [Verb::NewObject, Verb::NextObject, Verb::RenameObject, Verb::HideOthers] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
    let active = document.and_then(|d| d.active());
    let [locked, done] = active.map_or([false; 2], |o| [o.locked, o.done]);
    verb_switch(ui, Verb::LockObject, locked, cx);
    verb_switch(ui, Verb::DoneObject, done, cx);
    for verb in [Verb::DeleteObject, Verb::DeletePrompt] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
}

fn view(ui: &mut Ui, cx: &mut CommandContext) {
    let v = &*cx.view;
    let [left, right] = *v.prefs.side_panels.clone().open(cx.width);
    let panels = [
        (Verb::LeftPanel, left),
        (Verb::RightPanel, right),
        (Verb::Theme, v.prefs.theme == Theme::Light),
    ];
    ui.menu_button(tr("Layout"), |ui| layouts(ui, cx));
    ui.menu_button(tr("Slices"), |ui| slices(ui, cx));
    ui.menu_button(tr("Window and level"), |ui| windows(ui, cx));
    if cx.document.is_some_and(|d| d.image().frames() > 1) {
        ui.menu_button(tr("Frames"), |ui| {
            verb_switch(ui, Verb::Play, cx.view.transient.playing, cx);
            for verb in [Verb::Frame(1), Verb::Frame(-1)] {
                verb_entry(ui, verb, shortcuts::name(verb), cx);
            }
        });
    }
    ui.separator();
    let v = &*cx.view;
    let switches = [
        (Verb::Convention, v.prefs.convention == Convention::Neurological),
        (Verb::LinkZoom, v.prefs.link_zoom),
        (Verb::ShowCrosshair, v.prefs.show_crosshair),
        (Verb::ShowLabels, v.prefs.show_labels),
        (Verb::ShowOverlays, v.scan.overlays.iter().any(|o| o.visible)),
    ];
    for (verb, on) in switches {
        verb_switch(ui, verb, on, cx);
    }
    verb_entry(ui, Verb::MaskLook, shortcuts::name(Verb::MaskLook), cx);
    verb_switch(ui, Verb::Solo, cx.view.scan.solo, cx);
    ui.separator();
    for verb in [Verb::Fit, Verb::LifeSize, Verb::ResetViews] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
    ui.separator();
    ui.menu_button(tr("3D"), |ui| volume(ui, cx));
    ui.separator();
    for (verb, on) in panels {
        verb_switch(ui, verb, on, cx);
    }
    ui.menu_button(tr("Scale"), |ui| scale(ui, cx));
    // Also in English, for whom the window speaks a language that they can't read.
    let text = match tr("Language") {
        "Language" => format!("{} Language", icons::LANGUAGE),
        other => format!("{} {other} (Language)", icons::LANGUAGE),
    };
    ui.menu_button(text, |ui| {
        for language in Language::ALL {
            let on = cx.view.prefs.language == language;
            if ui.add(Button::selectable(on, language.name())).clicked() {
                cx.view.prefs.language = language;
                ui.close();
            }
        }
    });
}

fn scale(ui: &mut Ui, cx: &mut CommandContext) {
    for verb in [Verb::ScaleUp, Verb::ScaleDown, Verb::ScaleReset] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
    ui.separator();
    for scale in SCALES {
        let on = (cx.view.prefs.scale - scale).abs() < 0.01;
        if ui.add(Button::selectable(on, format!("{:.0} %", scale * 100.0))).clicked() {
            cx.view.prefs.scale = scale;
            ui.close();
        }
    }
}

fn volume(ui: &mut Ui, cx: &mut CommandContext) {
    for side in SIDES {
        verb_entry(ui, Verb::LookFrom(side), shortcuts::name(Verb::LookFrom(side)), cx);
    }
    ui.separator();
    verb_switch(ui, Verb::Perspective, cx.view.scan.orbit.perspective, cx);
    verb_switch(ui, Verb::ClipPlane, cx.view.scan.view_3d.clip.plane.is_some(), cx);
}

/// From this width of the window on (in points) every layout has a button of its own.
const WIDE: f32 = 1280.0;

/// The layouts with their icons; which of them is seen.
const LAYOUTS: [(Verb, &str); 4] = [
    (Verb::QuadLayout, icons::QUAD),
    (Verb::MainLayout, icons::MAIN),
    (Verb::RowLayout, icons::ROW),
    (Verb::Lightbox, icons::LIGHTBOX),
];

fn is_seen(verb: Verb, view: &ViewState) -> bool {
    if view.scan.lightbox.is_some() || view.scan.maximised.is_some() {
        return verb == Verb::Lightbox && view.scan.lightbox.is_some();
    }
    match verb {
        Verb::QuadLayout => view.prefs.layout == ViewLayout::Quad,
        Verb::MainLayout => matches!(view.prefs.layout, ViewLayout::Main(_)),
        Verb::RowLayout => view.prefs.layout == ViewLayout::Row,
        _ => false,
    }
}

fn layouts(ui: &mut Ui, cx: &mut CommandContext) {
    for (verb, _) in LAYOUTS {
        verb_switch(ui, verb, is_seen(verb, cx.view), cx);
    }
    verb_entry(ui, Verb::NextLayout, shortcuts::name(Verb::NextLayout), cx);
    ui.separator();
    for pane in Pane::ALL {
        let on = cx.view.scan.maximised == Some(pane);
        verb_switch(ui, Verb::Maximise(pane), on, cx);
    }
    verb_entry(ui, Verb::AllViews, shortcuts::name(Verb::AllViews), cx);
}

/// Between voxels, through slices, at which angle.
fn slices(ui: &mut Ui, cx: &mut CommandContext) {
    let smooth = cx.view.prefs.interpolation != Interpolation::Nearest;
    verb_switch(ui, Verb::Interpolation, smooth, cx);
    ui.separator();
    verb_switch(ui, Verb::Slab, cx.view.prefs.slab_mm > 0.0, cx);
    for verb in [Verb::NextProjection, Verb::Thicken(1), Verb::Thicken(-1)] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
    ui.separator();
    for verb in [Verb::Turn(5), Verb::Turn(-5), Verb::Turn(1), Verb::Turn(-1), Verb::Straighten] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
}

fn windows(ui: &mut Ui, cx: &mut CommandContext) {
    for verb in [Verb::AutoWindow, Verb::FullWindow] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
    ui.separator();
    for (n, preset) in CT_WINDOWS.iter().enumerate() {
        let on = cx.view.layer_window() == preset.window();
        verb_switch(ui, Verb::Preset(n), on, cx);
    }
}

fn segment(ui: &mut Ui, cx: &mut CommandContext) {
    for verb in [Verb::Positive, Verb::Negative] {
        let on = cx.view.prefs.tool == tools::POINT
            && cx.view.transient.negative == (verb == Verb::Negative);
        verb_switch(ui, verb, on, cx);
    }
    verb_entry(ui, Verb::PointHere, shortcuts::name(Verb::PointHere), cx);
    verb_switch(ui, Verb::Preview, cx.view.prefs.show_preview, cx);
    ui.separator();
    verb_entry(ui, Verb::Extend, shortcuts::name(Verb::Extend), cx);
    if let Some(document) = cx.document {
        working_scale::choose(ui, document, cx);
    }
    ui.separator();
    model_entries(ui, cx);
    ui.separator();
    verb_entry(ui, Verb::InstallRuntime, shortcuts::name(Verb::InstallRuntime), cx);
}

fn model_entries(ui: &mut Ui, cx: &mut CommandContext) {
    for model in &cx.status.models {
        model_entry(ui, model, cx);
    }
    if !cx.status.models.is_empty() {
        ui.separator();
    }
    for verb in [Verb::ChooseModel, Verb::AboutModel, Verb::DownloadModel] {
        verb_entry(ui, verb, shortcuts::name(verb), cx);
    }
}

/// What a tick and the space around it take, in points.
const TICK: f32 = 18.0;

/// A model: its name, what it is and its licence, and below what it is for; the one in use is ticked.
fn model_entry(ui: &mut Ui, model: &ModelEntry, cx: &mut CommandContext) {
    let used = cx.status.model_path.as_deref() == Some(model.path.as_path());
    let licence = model.licence.as_deref().unwrap_or(tr("licence unknown"));
    // As wide as the tick.
    let tick = if used { icons::CHECK } else { "\u{2003}" };
    let text = format!("{tick} {}", shorten(&model.name, 32));
    let kind = tr_any(model.kind);
    let what = quiet(ui, format!("{kind}, {}", shorten(licence, 24))).size(SMALL);
    let said = format!("{}, {kind}, {licence}", model.name);
    let button = Button::selectable(used, text).right_text(what);
    let response = ui.add(button).accessible_name(said);
    if let Some(line) = &model.line {
        ui.horizontal(|ui| {
            ui.add_space(TICK);
            ui.label(quiet(ui, tr_any(line)).size(SMALL));
        });
    }
    if response.on_hover_text(model.path.display().to_string()).clicked() {
        if !used {
            cx.out.push(Action::UseModel(model.path.clone()));
        }
        ui.close();
    }
}

fn tool_entries(ui: &mut Ui, cx: &mut CommandContext) {
    for info in tools::ALL.iter().map(|tool| tool.info()) {
        verb_switch(ui, Verb::Tool(info.id), cx.view.prefs.tool == info.id, cx);
    }
}

fn tool_buttons(ui: &mut Ui, cx: &mut CommandContext) {
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.separator();
    for (verb, icon) in [
        (Verb::OpenDialog, icons::OPEN),
        (Verb::Save, icons::SAVE),
        (Verb::Undo, icons::UNDO),
        (Verb::Redo, icons::REDO),
    ] {
        verb_button(ui, icon, verb, false, cx);
    }
    ui.separator();
    for info in tools::ALL.iter().map(|tool| tool.info()) {
        let selected = cx.document.is_some() && cx.view.prefs.tool == info.id;
        // The menu and the key are enough where there is no room.
        if info.seldom && cx.width < SidePanels::NARROW && !selected {
            continue;
        }
        verb_button(ui, info.icon, Verb::Tool(info.id), selected, cx);
    }
    if cx.document.is_some() && cx.view.prefs.tool == tools::POINT {
        let negative = cx.view.transient.negative;
        verb_button(ui, icons::POSITIVE, Verb::Positive, !negative, cx);
        verb_button(ui, icons::NEGATIVE, Verb::Negative, negative, cx);
    }
    if cx.document.is_some() && cx.width < WIDE {
        let icon = LAYOUTS.iter().find(|(verb, _)| is_seen(*verb, cx.view));
        let icon = RichText::new(icon.map_or(icons::QUAD, |(_, icon)| icon)).size(ICON);
        let button = ui.menu_button(icon, |ui| layouts(ui, cx)).response;
        button
            .accessible_name(tr("Layouts"))
            .on_hover_text(tr("Layout of the views (Y: the next)"));
    } else if cx.document.is_some() {
        ui.separator();
        for (verb, icon) in LAYOUTS {
            let seen = is_seen(verb, cx.view);
            verb_button(ui, icon, verb, seen, cx);
        }
    }
}

/// The model's name, which opens the choice of models.
fn model(ui: &mut Ui, cx: &mut CommandContext) {
    let (text, tip) = match &cx.status.model {
        ModelStatus::None => (tr("No model").to_owned(), tr("No model is loaded").to_owned()),
        ModelStatus::Loading(name) => (tr("Loading {name}…").replace("{name}", name), name.clone()),
        ModelStatus::Ready { name, .. } => {
            let entry = cx.status.model_entry();
            let name = entry.map_or(name, |e| &e.name);
            (name.clone(), format!("{}: {name}", tr("Model")))
        }
        ModelStatus::Failed(why) => (tr("Model failed").to_owned(), tr_error(why)),
    };
    // As much of the name as there is room for beside the tools.
    let room = ui.available_width();
    let font = egui::TextStyle::Button.resolve(ui.style());
    let width = |text: &str| {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), font.clone(), colours(ui).text);
        galley.size().x + 2.0 * ui.spacing().button_padding.x + 4.0
    };
    let short = [26, 16, 10].map(|n| format!("{} {}", shorten(&text, n), icons::CARET_DOWN));
    let shown = short.into_iter().find(|text| width(text) <= room);
    let shown = shown.unwrap_or_else(|| icons::CARET_DOWN.to_owned());
    if width(&shown) > room {
        return;
    }
    let mut rich = RichText::new(shown);
    if matches!(cx.status.model, ModelStatus::Failed(_)) {
        rich = rich.color(colours(ui).error);
    }
    let button = ui.menu_button(rich, |ui| model_entries(ui, cx)).response;
    button.accessible_name(format!("{}: {text}", tr("Model"))).on_hover_text(tip);
}

/// Where the model runs and why; or what is missing for it to run, and the button that mends it.
fn device(ui: &mut Ui, cx: &mut CommandContext) {
    if let Some(download) = &cx.status.download {
        if icon_button(ui, icons::CLOSE, tr("Cancel download"), tr("Cancel"), false).clicked() {
            cx.out.push(Action::CancelDownload);
        }
        let text = download_text(download);
        if cx.width >= MENUS_APART {
            ui.label(text);
        }
        return;
    }
    match (&cx.status.runtime, &cx.status.model) {
        (RuntimeStatus::Missing(why), _) => {
            let name = tr("Get ONNX Runtime");
            let name = if cx.width < MENUS_APART { "" } else { name };
            let text = RichText::new(format!("{} {name}", icons::DOWNLOAD));
            let amber = colours(ui).warning;
            let button = Button::new(text.color(amber)).stroke((1.0, amber));
            let why = tr_error(why);
            let tip = format!("{why}\n{}", tr("Viewing works without it; segmentation does not."));
            let response =
                ui.add(button).accessible_name(tr("Get ONNX Runtime")).on_hover_text(tip);
            if response.clicked() {
                Verb::InstallRuntime.run(cx);
            }
        }
        (RuntimeStatus::Installing(done, total), _) => {
            if icon_button(ui, icons::CLOSE, tr("Cancel fetching"), tr("Cancel"), false).clicked() {
                cx.out.push(Action::CancelInstall);
            }
            let text = match total {
                0 => format!("ONNX Runtime {}", bytes(*done)),
                _ => format!("ONNX Runtime {}", of(*done, *total)),
            };
            if cx.width >= MENUS_APART {
                ui.label(text);
            }
        }
        (RuntimeStatus::Searching, _) if cx.width >= MENUS_APART => {
            ui.label(tr("Looking for ONNX Runtime…"));
        }
        (RuntimeStatus::Searching | RuntimeStatus::NotNeeded, _) => {}
        (RuntimeStatus::Ready(version), ModelStatus::Ready { device, reason, .. }) => {
            let tip = format!("{device}: {}\n{}", reason_text(reason), runtime_text(version));
            // The status bar tells it, too.
            let text = format!("{} {device}", icons::CHIP);
            let text = if cx.width < MENUS_APART { icons::CHIP.to_owned() } else { text };
            ui.label(text).on_hover_text(tip);
        }
        (RuntimeStatus::Ready(version), _) => {
            ui.label(icons::CHIP).on_hover_text(runtime_text(version));
        }
    }
}
