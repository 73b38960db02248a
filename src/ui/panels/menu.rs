//! The bar at the top: menus, tools, and which model runs where.

use egui::{
    Align, Button, FocusDirection, Key, Layout, MenuBar, Popup, Response, RichText, ScrollArea, Ui,
};

use super::working_scale;
use crate::text::bytes;
use crate::ui::commands::widgets::{command_button, menu_section, menu_sections};
use crate::ui::commands::{self, CommandContext, Entry, Menu, edit, file, segment, views};
use crate::ui::kit::format::{of, shorten};
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_sentence;
use crate::ui::kit::text::{Language, mark, tr, tr_any, tr_with};
use crate::ui::kit::theme::{ICON, SMALL};
use crate::ui::kit::widgets::{colours, icon_button, quiet};
use crate::ui::state::status_text::{download_text, reason_text, runtime_text};
use crate::ui::state::{
    Action, KnownServer, ModelEntry, ModelStatus, RuntimeStatus, SCALES, ServerAction, SidePanels,
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

type MenuOfBar = (&'static str, fn(&mut Ui, &mut CommandContext));
const MENUS: [MenuOfBar; 6] = [
    (mark("File"), file_menu),
    (mark("Edit"), edit_menu),
    (mark("View"), view_menu),
    (mark("Segment"), segment_menu),
    (mark("Tools"), |ui, cx| menu_sections(ui, Menu::Tools, 0, cx)),
    (mark("Help"), |ui, cx| menu_sections(ui, Menu::Help, 0, cx)),
];

fn edit_menu(ui: &mut Ui, cx: &mut CommandContext) {
    menu_sections(ui, Menu::Edit, 0, cx);
    ui.separator();
    ui.menu_button(tr("Mask"), |ui| {
        menu_sections(ui, Menu::EditMask, 0, cx);
        ui.separator();
        let with_other = |ui: &mut Ui| menu_sections(ui, Menu::MaskWithOther, 0, cx);
        ui.menu_button(tr("With another object"), with_other);
    });
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

fn file_menu(ui: &mut Ui, cx: &mut CommandContext) {
    menu_section(ui, Menu::File, 0, cx);
    ui.add_enabled_ui(!cx.status.recent.is_empty(), |ui| {
        ui.menu_button(tr("Open recent"), |ui| recent(ui, cx));
    });
    ui.menu_button(tr("Cases"), |ui| menu_sections(ui, Menu::Cases, 0, cx));
    ui.separator();
    menu_sections(ui, Menu::File, 1, cx);
}

fn recent(ui: &mut Ui, cx: &mut CommandContext) {
    for file in &cx.status.recent {
        let (name, path) = (file.name(), &file.path);
        let folder = path.parent().unwrap_or(path).display().to_string();
        let folder = quiet(ui, shorten(&folder, 36)).size(SMALL);
        let button = Button::new(shorten(&name, 40)).right_text(folder);
        let response = ui.add(button).accessible_name(&*name);
        if response.on_hover_text(path.display().to_string()).clicked() {
            cx.out.push(Action::OpenRecent(file.clone()));
            ui.close();
        }
    }
    ui.separator();
    if ui.button(tr("Clear this list")).clicked() {
        cx.out.push(Action::ClearRecent);
        ui.close();
    }
}

fn view_menu(ui: &mut Ui, cx: &mut CommandContext) {
    ui.menu_button(tr("Layout"), |ui| layouts(ui, cx));
    ui.menu_button(tr("Slices"), |ui| menu_sections(ui, Menu::Slices, 0, cx));
    ui.menu_button(tr("Window and level"), |ui| menu_sections(ui, Menu::Window, 0, cx));
    if cx.document.is_some_and(|d| d.image().time_points() > 1) {
        ui.menu_button(tr("Time points"), |ui| menu_sections(ui, Menu::TimePoints, 0, cx));
    }
    ui.separator();
    menu_section(ui, Menu::View, 0, cx);
    ui.separator();
    menu_section(ui, Menu::View, 1, cx);
    ui.separator();
    ui.menu_button(tr("3D"), |ui| menu_sections(ui, Menu::View3d, 0, cx));
    ui.menu_button(tr("Compare"), |ui| menu_sections(ui, Menu::Compare, 0, cx));
    ui.separator();
    menu_sections(ui, Menu::View, 2, cx);
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
    menu_sections(ui, Menu::Scale, 0, cx);
    ui.separator();
    for scale in SCALES {
        let on = (cx.view.prefs.scale - scale).abs() < 0.01;
        if ui.add(Button::selectable(on, format!("{:.0} %", scale * 100.0))).clicked() {
            cx.view.prefs.scale = scale;
            ui.close();
        }
    }
}

/// From this width of the window on (in points) every layout has a button of its own.
const WIDE: f32 = 1280.0;

/// The layouts that have a button.
static LAYOUTS: [&Entry; 4] =
    [&views::QUAD_LAYOUT, &views::MAIN_LAYOUT, &views::ROW_LAYOUT, &views::LIGHTBOX];

fn layouts(ui: &mut Ui, cx: &mut CommandContext) {
    menu_sections(ui, Menu::Layout, 0, cx);
}

fn segment_menu(ui: &mut Ui, cx: &mut CommandContext) {
    menu_section(ui, Menu::Segment, 0, cx);
    ui.separator();
    menu_section(ui, Menu::Segment, 1, cx);
    if let Some(document) = cx.document {
        working_scale::choose(ui, document, cx);
    }
    ui.separator();
    model_entries(ui, cx);
    ui.separator();
    menu_sections(ui, Menu::Segment, 3, cx);
}

fn model_entries(ui: &mut Ui, cx: &mut CommandContext) {
    for model in &cx.status.models {
        model_entry(ui, model, cx);
    }
    for server in &cx.status.server.known {
        server_entry(ui, server, cx);
    }
    if !cx.status.models.is_empty() || !cx.status.server.known.is_empty() {
        ui.separator();
    }
    menu_sections(ui, Menu::Model, 0, cx);
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

/// A server that was used before; the one in use is ticked.
fn server_entry(ui: &mut Ui, server: &KnownServer, cx: &mut CommandContext) {
    let address = &server.draft.address;
    // One address may be there several times, with other certificates.
    let in_use = cx.status.server.in_use.as_ref();
    let used = in_use.is_some_and(|used| used.draft.is_of(&server.draft));
    let tick = if used { icons::CHECK } else { "\u{2003}" };
    let what = quiet(ui, tr("server")).size(SMALL);
    let said = format!("{address}, {}", tr("server"));
    let button = Button::selectable(used, format!("{tick} {}", shorten(address, 40)));
    if ui.add(button.right_text(what)).accessible_name(said).clicked() {
        if !used {
            cx.out.push(Action::Server(ServerAction::Use(server.draft.clone())));
        }
        ui.close();
    }
}

fn tool_buttons(ui: &mut Ui, cx: &mut CommandContext) {
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.separator();
    for entry in [&file::OPEN, &file::SAVE, &edit::UNDO, &edit::REDO] {
        command_button(ui, entry, cx);
    }
    ui.separator();
    for info in tools::ALL.iter().map(|tool| tool.info()) {
        let Some(entry) = commands::tools::choose(info.id) else { continue };
        // The menu and the key are enough where there is no room.
        let is_used = cx.document.is_some() && entry.is_on(cx);
        if info.seldom && cx.width < SidePanels::NARROW && !is_used {
            continue;
        }
        command_button(ui, entry, cx);
    }
    if cx.document.is_some() && commands::tools::point_is_chosen(cx) {
        command_button(ui, &commands::tools::POSITIVE, cx);
        command_button(ui, &commands::tools::NEGATIVE, cx);
    }
    if cx.document.is_some() && cx.width < WIDE {
        let icon = LAYOUTS.iter().find(|entry| entry.is_on(cx)).and_then(|entry| entry.icon);
        let icon = RichText::new(icon.unwrap_or(icons::QUAD)).size(ICON);
        let button = ui.menu_button(icon, |ui| layouts(ui, cx)).response;
        let key = views::NEXT_LAYOUT.key_text();
        let tip = tr_with("Layout of the views ({key}: the next)", &[("key", &key)]);
        button.accessible_name(tr("Layouts")).on_hover_text(tip);
    } else if cx.document.is_some() {
        ui.separator();
        for entry in LAYOUTS {
            command_button(ui, entry, cx);
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
        ModelStatus::Failed(why) => (tr("Model failed").to_owned(), tr_sentence(why)),
        ModelStatus::Stopped(why) => (tr("No model").to_owned(), tr_sentence(why)),
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
            let why = tr_sentence(why);
            let tip = format!("{why}\n{}", tr("Viewing works without it; segmentation does not."));
            let response =
                ui.add(button).accessible_name(tr("Get ONNX Runtime")).on_hover_text(tip);
            if response.clicked() {
                segment::GET_RUNTIME.run(cx);
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
