//! The bar at the top: menus, tools, and which model runs where.

use egui::{
    Align, Button, FocusDirection, Key, Layout, MenuBar, Popup, Response, RichText, ScrollArea, Ui,
};

use super::format::{bytes, shorten};
use super::widgets::{colours, icon_button, quiet, verb_button, verb_entry, verb_switch};
use super::working_scale;
use crate::geom::Convention;
use crate::render::Interpolation;
use crate::ui::in_3d::SIDES;
use crate::ui::presets::CT_WINDOWS;
use crate::ui::text::{Language, mark, tr, tr_any};
use crate::ui::theme::{ICON, SMALL, Theme};
use crate::ui::{
    Action, Desk, Download, Layout as ViewLayout, ModelEntry, ModelStatus, Pane, RuntimeStatus,
    SCALES, SidePanels, Tool, Verb, ViewState, icons, shortcuts,
};

pub(super) fn show(ui: &mut Ui, desk: &mut Desk) {
    MenuBar::new().ui(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.spacing_mut().button_padding.x = 6.0;
        // The icons are the tallest; without this the menus before them would sit higher.
        ui.set_min_height(30.0);
        let first = if desk.width < MENUS_APART {
            in_bar(ui, tr("Menu"), |ui| {
                for (name, add) in MENUS {
                    ui.menu_button(tr(name), |ui| within_the_window(ui, |ui| add(ui, desk)));
                }
            })
        } else {
            let buttons = MENUS.map(|(name, add)| in_bar(ui, tr(name), |ui| add(ui, desk)));
            along_the_bar(ui, &buttons);
            let [first, ..] = buttons;
            first
        };
        if std::mem::take(&mut desk.view.focus_menu) {
            first.request_focus();
        }
        tool_buttons(ui, desk);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            device(ui, desk);
            model(ui, desk);
        });
    });
}

/// From this width of the window on (in points) each menu has a place in the bar.
const MENUS_APART: f32 = 760.0;

type Menu = (&'static str, fn(&mut Ui, &mut Desk));
const MENUS: [Menu; 6] = [
    (mark("File"), file),
    (mark("Edit"), edit),
    (mark("View"), view),
    (mark("Segment"), segment),
    (mark("Tools"), tools),
    (mark("Help"), help),
];

fn help(ui: &mut Ui, desk: &mut Desk) {
    for verb in [Verb::Help, Verb::Log, Verb::About] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
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

fn file(ui: &mut Ui, desk: &mut Desk) {
    for verb in [Verb::OpenDialog, Verb::OpenSample, Verb::OpenOverlay] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
    ui.add_enabled_ui(!desk.status.recent.is_empty(), |ui| {
        ui.menu_button(tr("Open recent"), |ui| recent(ui, desk));
    });
    ui.separator();
    for verb in [Verb::Save, Verb::SaveAs] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
    ui.separator();
    for verb in [Verb::CopyPicture, Verb::SavePicture, Verb::RecordTurn] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
    ui.separator();
    for verb in [Verb::CloseScan, Verb::Quit] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
}

fn recent(ui: &mut Ui, desk: &mut Desk) {
    for path in &desk.status.recent {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let folder = path.parent().unwrap_or(path).display().to_string();
        let folder = quiet(ui, shorten(&folder, 36)).size(SMALL);
        let button = Button::new(shorten(&name, 40)).right_text(folder);
        let response = ui.add(button).accessible_name(&*name);
        if response.on_hover_text(path.display().to_string()).clicked() {
            desk.out.push(Action::Open(vec![path.clone()]));
            ui.close();
        }
    }
    ui.separator();
    if ui.button(tr("Clear this list")).clicked() {
        desk.out.push(Action::ClearRecent);
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

fn edit(ui: &mut Ui, desk: &mut Desk) {
    let document = desk.document;
    let undo = history_text(tr("Undo"), document.and_then(|d| d.can_undo()));
    let redo = history_text(tr("Redo"), document.and_then(|d| d.can_redo()));
    verb_entry(ui, Verb::Undo, &undo, desk);
    verb_entry(ui, Verb::Redo, &redo, desk);
    verb_switch(ui, Verb::History, desk.view.show_history, desk);
    ui.separator();
    for verb in [
        Verb::NewObject,
        Verb::NextObject,
        Verb::RenameObject,
        Verb::HideOthers,
        Verb::DeleteObject,
        Verb::DeletePrompt,
    ] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
}

fn view(ui: &mut Ui, desk: &mut Desk) {
    let v = &*desk.view;
    let [left, right] = *v.side_panels.clone().open(desk.width);
    let panels = [
        (Verb::LeftPanel, left),
        (Verb::RightPanel, right),
        (Verb::Theme, v.theme == Theme::Light),
    ];
    ui.menu_button(tr("Layout"), |ui| layouts(ui, desk));
    ui.menu_button(tr("Slices"), |ui| slices(ui, desk));
    ui.menu_button(tr("Window and level"), |ui| windows(ui, desk));
    if desk.document.is_some_and(|d| d.image().frames() > 1) {
        ui.menu_button(tr("Frames"), |ui| {
            verb_switch(ui, Verb::Play, desk.view.playing, desk);
            for verb in [Verb::Frame(1), Verb::Frame(-1)] {
                verb_entry(ui, verb, shortcuts::name(verb), desk);
            }
        });
    }
    ui.separator();
    let v = &*desk.view;
    let switches = [
        (Verb::Convention, v.convention == Convention::Neurological),
        (Verb::LinkZoom, v.link_zoom),
        (Verb::ShowCrosshair, v.show_crosshair),
        (Verb::ShowLabels, v.show_labels),
        (Verb::ShowOverlays, v.overlays.iter().any(|o| o.visible)),
    ];
    for (verb, on) in switches {
        verb_switch(ui, verb, on, desk);
    }
    verb_entry(ui, Verb::MaskLook, shortcuts::name(Verb::MaskLook), desk);
    verb_switch(ui, Verb::Solo, desk.view.solo, desk);
    ui.separator();
    for verb in [Verb::Fit, Verb::LifeSize, Verb::ResetViews] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
    ui.separator();
    ui.menu_button(tr("3D"), |ui| volume(ui, desk));
    ui.separator();
    for (verb, on) in panels {
        verb_switch(ui, verb, on, desk);
    }
    ui.menu_button(tr("Scale"), |ui| scale(ui, desk));
    // Also in English, for whom the window speaks a language that they can't read.
    let text = match tr("Language") {
        "Language" => format!("{} Language", icons::LANGUAGE),
        other => format!("{} {other} (Language)", icons::LANGUAGE),
    };
    ui.menu_button(text, |ui| {
        for language in Language::ALL {
            let on = desk.view.language == language;
            if ui.add(Button::selectable(on, language.name())).clicked() {
                desk.view.language = language;
                ui.close();
            }
        }
    });
}

fn scale(ui: &mut Ui, desk: &mut Desk) {
    for verb in [Verb::ScaleUp, Verb::ScaleDown, Verb::ScaleReset] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
    ui.separator();
    for scale in SCALES {
        let on = (desk.view.scale - scale).abs() < 0.01;
        if ui.add(Button::selectable(on, format!("{:.0} %", scale * 100.0))).clicked() {
            desk.view.scale = scale;
            ui.close();
        }
    }
}

fn volume(ui: &mut Ui, desk: &mut Desk) {
    for side in SIDES {
        verb_entry(ui, Verb::LookFrom(side), shortcuts::name(Verb::LookFrom(side)), desk);
    }
    ui.separator();
    verb_switch(ui, Verb::Perspective, desk.view.orbit.perspective, desk);
    verb_switch(ui, Verb::ClipPlane, desk.view.in_3d.clip.plane.is_some(), desk);
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
    if view.lightbox.is_some() || view.maximised.is_some() {
        return verb == Verb::Lightbox && view.lightbox.is_some();
    }
    match verb {
        Verb::QuadLayout => view.layout == ViewLayout::Quad,
        Verb::MainLayout => matches!(view.layout, ViewLayout::Main(_)),
        Verb::RowLayout => view.layout == ViewLayout::Row,
        _ => false,
    }
}

fn layouts(ui: &mut Ui, desk: &mut Desk) {
    for (verb, _) in LAYOUTS {
        verb_switch(ui, verb, is_seen(verb, desk.view), desk);
    }
    verb_entry(ui, Verb::NextLayout, shortcuts::name(Verb::NextLayout), desk);
    ui.separator();
    for pane in Pane::ALL {
        let on = desk.view.maximised == Some(pane);
        verb_switch(ui, Verb::Maximise(pane), on, desk);
    }
    verb_entry(ui, Verb::AllViews, shortcuts::name(Verb::AllViews), desk);
}

/// Between voxels, through slices, at which angle.
fn slices(ui: &mut Ui, desk: &mut Desk) {
    let smooth = desk.view.interpolation != Interpolation::Nearest;
    verb_switch(ui, Verb::Interpolation, smooth, desk);
    ui.separator();
    verb_switch(ui, Verb::Slab, desk.view.slab_mm > 0.0, desk);
    for verb in [Verb::NextProjection, Verb::Thicken(1), Verb::Thicken(-1)] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
    ui.separator();
    for verb in [Verb::Turn(5), Verb::Turn(-5), Verb::Turn(1), Verb::Turn(-1), Verb::Straighten] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
}

fn windows(ui: &mut Ui, desk: &mut Desk) {
    for verb in [Verb::AutoWindow, Verb::FullWindow] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
    ui.separator();
    for (n, preset) in CT_WINDOWS.iter().enumerate() {
        let on = desk.view.layer_window() == preset.window();
        verb_switch(ui, Verb::Preset(n), on, desk);
    }
}

fn segment(ui: &mut Ui, desk: &mut Desk) {
    for verb in [Verb::Positive, Verb::Negative] {
        let on = desk.view.tool == Tool::Point && desk.view.negative == (verb == Verb::Negative);
        verb_switch(ui, verb, on, desk);
    }
    verb_entry(ui, Verb::PointHere, shortcuts::name(Verb::PointHere), desk);
    verb_switch(ui, Verb::Preview, desk.view.show_preview, desk);
    ui.separator();
    verb_entry(ui, Verb::Extend, shortcuts::name(Verb::Extend), desk);
    if let Some(document) = desk.document {
        working_scale::choose(ui, document, desk);
    }
    ui.separator();
    model_entries(ui, desk);
    ui.separator();
    verb_entry(ui, Verb::InstallRuntime, shortcuts::name(Verb::InstallRuntime), desk);
}

fn model_entries(ui: &mut Ui, desk: &mut Desk) {
    for model in &desk.status.models {
        model_entry(ui, model, desk);
    }
    if !desk.status.models.is_empty() {
        ui.separator();
    }
    for verb in [Verb::ChooseModel, Verb::AboutModel, Verb::DownloadModel] {
        verb_entry(ui, verb, shortcuts::name(verb), desk);
    }
}

/// What a tick and the space around it take, in points.
const TICK: f32 = 18.0;

/// A model: its name, what it is and its licence, and below what it is for; the one in use is ticked.
fn model_entry(ui: &mut Ui, model: &ModelEntry, desk: &mut Desk) {
    let used = desk.status.model_path.as_deref() == Some(model.path.as_path());
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
            desk.out.push(Action::UseModel(model.path.clone()));
        }
        ui.close();
    }
}

const TOOLS: [(Verb, Tool, &str); 4] = [
    (Verb::CrosshairTool, Tool::Crosshair, icons::CROSSHAIR),
    (Verb::WindowTool, Tool::Window, icons::WINDOW),
    (Verb::RegionTool, Tool::Region, icons::REGION),
    (Verb::PointTool, Tool::Point, icons::POINT),
];

fn tools(ui: &mut Ui, desk: &mut Desk) {
    for (verb, tool, _) in TOOLS {
        verb_switch(ui, verb, desk.view.tool == tool, desk);
    }
}

fn tool_buttons(ui: &mut Ui, desk: &mut Desk) {
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.separator();
    for (verb, icon) in [
        (Verb::OpenDialog, icons::OPEN),
        (Verb::Save, icons::SAVE),
        (Verb::Undo, icons::UNDO),
        (Verb::Redo, icons::REDO),
    ] {
        verb_button(ui, icon, verb, false, desk);
    }
    ui.separator();
    for (verb, tool, icon) in TOOLS {
        let selected = desk.document.is_some() && desk.view.tool == tool;
        // The menu and the key are enough where there is no room.
        if tool == Tool::Region && desk.width < SidePanels::NARROW && !selected {
            continue;
        }
        verb_button(ui, icon, verb, selected, desk);
    }
    if desk.document.is_some() && desk.view.tool == Tool::Point {
        let negative = desk.view.negative;
        verb_button(ui, icons::POSITIVE, Verb::Positive, !negative, desk);
        verb_button(ui, icons::NEGATIVE, Verb::Negative, negative, desk);
    }
    if desk.document.is_some() && desk.width < WIDE {
        let icon = LAYOUTS.iter().find(|(verb, _)| is_seen(*verb, desk.view));
        let icon = RichText::new(icon.map_or(icons::QUAD, |(_, icon)| icon)).size(ICON);
        let button = ui.menu_button(icon, |ui| layouts(ui, desk)).response;
        button
            .accessible_name(tr("Layouts"))
            .on_hover_text(tr("Layout of the views (Y: the next)"));
    } else if desk.document.is_some() {
        ui.separator();
        for (verb, icon) in LAYOUTS {
            let seen = is_seen(verb, desk.view);
            verb_button(ui, icon, verb, seen, desk);
        }
    }
}

/// The model's name, which opens the choice of models.
fn model(ui: &mut Ui, desk: &mut Desk) {
    let (text, tip) = match &desk.status.model {
        ModelStatus::None => (tr("No model").to_owned(), tr("No model is loaded").to_owned()),
        ModelStatus::Loading(name) => (tr("Loading {name}…").replace("{name}", name), name.clone()),
        ModelStatus::Ready { name, .. } => {
            let entry = desk.status.model_entry();
            let name = entry.map_or(name, |e| &e.name);
            (name.clone(), format!("{}: {name}", tr("Model")))
        }
        ModelStatus::Failed(why) => (tr("Model failed").to_owned(), why.clone()),
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
    if matches!(desk.status.model, ModelStatus::Failed(_)) {
        rich = rich.color(colours(ui).error);
    }
    let button = ui.menu_button(rich, |ui| model_entries(ui, desk)).response;
    button.accessible_name(format!("{}: {text}", tr("Model"))).on_hover_text(tip);
}

/// `SAM-Med3D-turbo 12.3 MB of 402.1 MB`.
pub(in crate::ui) fn download_text(download: &Download) -> String {
    let Download { name, done, total } = download;
    match total {
        0 => format!("{name} {}", bytes(*done)),
        _ => format!("{name} {}", of(*done, *total)),
    }
}

/// `12.3 MB of 402.1 MB`.
pub(in crate::ui) fn of(done: u64, total: u64) -> String {
    tr("{done} of {total}").replace("{done}", &bytes(done)).replace("{total}", &bytes(total))
}

/// What the engine says of devices, and of where it found ONNX Runtime.
const _: [&str; 6] = [
    mark("no CUDA in this ONNX Runtime"),
    mark("CUDA works"),
    mark("asked for"),
    mark("beside the program"),
    mark("data folder"),
    mark("Python package"),
];

/// Why the model runs where it does.
pub(super) fn reason_text(reason: &str) -> String {
    match (tr_any(reason), reason.strip_prefix("no CUDA:")) {
        (_, Some(why)) => format!("{}:{why}", tr("no CUDA")),
        (known, None) => known.to_owned(),
    }
}

/// `ONNX Runtime 1.31.1 (Python package)`.
pub(in crate::ui) fn runtime_text(found: &str) -> String {
    match found.strip_suffix(')').and_then(|text| text.split_once(" (")) {
        Some((version, place)) => format!("ONNX Runtime {version} ({})", tr_any(place)),
        None => format!("ONNX Runtime {found}"),
    }
}

/// Where the model runs and why; or what is missing for it to run, and the button that mends it.
fn device(ui: &mut Ui, desk: &mut Desk) {
    if let Some(download) = &desk.status.download {
        if icon_button(ui, icons::CLOSE, tr("Cancel download"), tr("Cancel"), false).clicked() {
            desk.out.push(Action::CancelDownload);
        }
        let text = download_text(download);
        if desk.width >= MENUS_APART {
            ui.label(text);
        }
        return;
    }
    match (&desk.status.runtime, &desk.status.model) {
        (RuntimeStatus::Missing(why), _) => {
            let name = tr("Get ONNX Runtime");
            let name = if desk.width < MENUS_APART { "" } else { name };
            let text = RichText::new(format!("{} {name}", icons::DOWNLOAD));
            let amber = colours(ui).warning;
            let button = Button::new(text.color(amber)).stroke((1.0, amber));
            let tip = format!("{why}\n{}", tr("Viewing works without it; segmentation does not."));
            let response =
                ui.add(button).accessible_name(tr("Get ONNX Runtime")).on_hover_text(tip);
            if response.clicked() {
                Verb::InstallRuntime.run(desk);
            }
        }
        (RuntimeStatus::Installing(done, total), _) => {
            if icon_button(ui, icons::CLOSE, tr("Cancel fetching"), tr("Cancel"), false).clicked() {
                desk.out.push(Action::CancelInstall);
            }
            let text = match total {
                0 => format!("ONNX Runtime {}", bytes(*done)),
                _ => format!("ONNX Runtime {}", of(*done, *total)),
            };
            if desk.width >= MENUS_APART {
                ui.label(text);
            }
        }
        (RuntimeStatus::Searching, _) if desk.width >= MENUS_APART => {
            ui.label(tr("Looking for ONNX Runtime…"));
        }
        (RuntimeStatus::Searching, _) => {}
        (RuntimeStatus::Ready(version), ModelStatus::Ready { device, reason, .. }) => {
            let tip = format!("{device}: {}\n{}", reason_text(reason), runtime_text(version));
            // The status bar tells it, too.
            let text = format!("{} {device}", icons::CHIP);
            let text = if desk.width < MENUS_APART { icons::CHIP.to_owned() } else { text };
            ui.label(text).on_hover_text(tip);
        }
        (RuntimeStatus::Ready(version), _) => {
            ui.label(icons::CHIP).on_hover_text(runtime_text(version));
        }
    }
}
