//! The images and masks that lie over one another in slices: the topmost first.

use std::sync::Arc;

use egui::{
    Align, Color32, CornerRadius, DragValue, Layout, Response, RichText, Role, Sense, Slider,
    TextWrapMode,
};
use egui::{Ui, UiBuilder, WidgetInfo, WidgetText, vec2};

use super::colour_choice;
use crate::document::{Command, Document};
use crate::prompt::ImageId;
use crate::ui::commands::{CommandContext, comparing, file, views};
use crate::ui::kit::format::shorten;
use crate::ui::kit::icons;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, field, percent, quiet, row_button};
use crate::ui::state::{Action, BesideAction, BesideScan};

/// Height of a row in points.
const ROW: f32 = 26.0;

/// What a row of the list is.
struct Row<'a> {
    name: &'a str,
    icon: &'a str,
    /// Whether the window's controls act on it; `None`: they can't.
    chosen: Option<bool>,
    visible: bool,
    /// What the eye is for.
    eye: (String, String),
}

/// What was done to a row.
struct RowResponse {
    row: Response,
    eye: bool,
}

pub(super) fn show(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        masks(ui, cx);
        for index in (0..cx.view.scan.overlays.len()).rev() {
            ui.push_id(("overlay", index), |ui| overlay(ui, document, index, cx));
        }
        scan(ui, document, cx);
        beside(ui, cx);
    });
    ui.add_space(2.0);
    let name = file::OPEN_OVERLAY.name();
    let text = format!("{} {}", icons::PLUS, name);
    let button = egui::Button::new(quiet(ui, text)).frame_when_inactive(false);
    let tip = file::OPEN_OVERLAY.tip_for(tr("PET on CT, another sequence, …"));
    if ui.add(button).accessible_name(name).on_hover_text(tip).clicked() {
        file::OPEN_OVERLAY.run(cx);
    }
}

fn masks(ui: &mut Ui, cx: &mut CommandContext) {
    let shown = cx.view.prefs.show_labels && !cx.view.transient.peek;
    let row = Row {
        name: tr("Masks"),
        icon: icons::OBJECTS,
        chosen: None,
        visible: shown,
        eye: (tr("Show masks").to_owned(), views::SHOW_MASKS.tip()),
    };
    let done = row.show(ui, |ui| {
        // Right to left.
        ui.spacing_mut().slider_width = 64.0;
        ui.visuals_mut().selection.bg_fill = colours(ui).accent;
        let slider = Slider::new(&mut cx.view.prefs.masks.fill, 0.0..=1.0).show_value(false);
        let tip = tr("How opaque masks are filled");
        ui.add(slider).accessible_name(tr("Opacity of masks")).on_hover_text(tip);
    });
    if done.eye {
        views::SHOW_MASKS.run(cx);
    }
}

fn scan(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    let (name, visible) = (document.image().name_on_screen(), cx.view.scan.show_image);
    let several = !cx.view.scan.overlays.is_empty() || cx.view.scan.beside.scan.is_some();
    let row = Row {
        name,
        icon: icons::IMAGE,
        chosen: several.then_some(cx.view.chosen_overlay().is_none()),
        visible,
        eye: eye(name, visible),
    };
    let looked_at = document.model_image() == ImageId::Scan;
    let mut looks = false;
    let done = row.show(ui, |ui| {
        if !cx.view.scan.overlays.is_empty() {
            looks = model_looks(ui, name, looked_at);
        }
    });
    if looks {
        cx.out.push(Action::Do(Command::UseImage(None)));
    }
    if done.eye {
        cx.view.scan.show_image = !visible;
    }
    if several && done.row.clicked() {
        cx.view.choose_layer(None);
    }
}

fn eye(name: &str, visible: bool) -> (String, String) {
    let text = format!("{} {name}", if visible { tr("Hide") } else { tr("Show") });
    (text.clone(), text)
}

/// The mark of the image that the model looks at, which is a button in the others. Whether it was pressed.
fn model_looks(ui: &mut Ui, name: &str, looked_at: bool) -> bool {
    let c = colours(ui);
    let text = tr_with("The model looks at {name}", &[("name", &name)]);
    let tip = if looked_at {
        tr("Clicks of new objects are computed from this image")
    } else {
        tr("Let the model look at this image: clicks of new objects are computed from it")
    };
    ui.scope(|ui| {
        ui.visuals_mut().override_text_color = Some(if looked_at { c.accent } else { c.quiet });
        let button = row_button(ui, icons::MODEL, &text, tip);
        let enabled = ui.is_enabled();
        button.widget_info(|| WidgetInfo::selected(Role::RadioButton, enabled, looked_at, &text));
        button.clicked() && !looked_at
    })
    .inner
}

fn overlay(ui: &mut Ui, document: &Document, index: usize, cx: &mut CommandContext) {
    let Some(layer) = cx.view.scan.overlays.get(index) else { return };
    let volume = layer.volume.clone();
    let seen = document.image_by_id(document.model_image());
    let looked_at = seen.is_some_and(|seen| Arc::ptr_eq(seen, &volume));
    let (name, visible) = (layer.volume.name_on_screen().to_owned(), layer.visible);
    let chosen = cx.view.is_chosen(Some(index));
    let row = Row {
        name: &name,
        icon: icons::IMAGE,
        chosen: Some(chosen),
        visible,
        eye: eye(&name, visible),
    };
    let mut looks = false;
    let done = row.show(ui, |ui| looks = model_looks(ui, &name, looked_at));
    if looks {
        cx.out.push(Action::Do(Command::UseImage(Some(volume))));
    }
    if done.eye {
        cx.view.scan.overlays[index].visible = !visible;
    }
    if done.row.clicked() {
        cx.view.choose_layer(Some(index));
    }
    if !chosen {
        return;
    }
    ui.indent("overlay", |ui| {
        let layer = &mut cx.view.scan.overlays[index];
        percent(ui, tr("Opacity"), &mut layer.opacity);
        field(ui, tr("Colours"), |ui| {
            colour_choice::combo(ui, tr("Colours of the layer"), &mut layer.colour_map);
        });
        ui.horizontal(|ui| {
            let count = cx.view.scan.overlays.len();
            let button = |ui: &mut Ui, enabled: bool, icon: &str, what: &str| {
                let text = format!("{what}: {name}");
                ui.add_enabled_ui(enabled, |ui| row_button(ui, icon, &text, what)).inner.clicked()
            };
            if button(ui, index + 1 < count, icons::UP, tr("Move up")) {
                cx.view.move_overlay(index, true);
            }
            if button(ui, index > 0, icons::DOWN, tr("Move down")) {
                cx.view.move_overlay(index, false);
            }
            if button(ui, true, icons::TRASH, tr("Take the layer away")) {
                cx.view.remove_overlay(index);
            }
        });
    });
}

/// The scan that is shown beside the other one: it lies over nothing, but its window is chosen here as well.
fn beside(ui: &mut Ui, cx: &mut CommandContext) {
    let Some(second) = &cx.view.scan.beside.scan else { return };
    let (name, linked) = (format!("B: {}", second.image.volume.name_on_screen()), second.linked);
    let visible = cx.view.scan.beside.on;
    let chosen = cx.view.scan.beside.chosen_scan().is_some();
    let row = Row {
        name: &name,
        icon: icons::IMAGE,
        chosen: (visible && !linked).then_some(chosen),
        visible,
        eye: eye(&name, visible),
    };
    let mut gone = false;
    let done = row.show(ui, |ui| {
        let tip = tr("Take the second scan away");
        gone = row_button(ui, icons::TRASH, tip, tip).clicked();
    });
    if done.eye {
        comparing::SIDE_BY_SIDE.run(cx);
    }
    if gone {
        cx.out.push(Action::Beside(BesideAction::TakeAway));
    }
    if done.row.clicked() && row.chosen.is_some() {
        cx.view.choose_side(true);
    }
    ui.indent("beside", |ui| {
        let mut linked = linked;
        let can = cx.view.can_link_windows();
        let text = tr("Window of the scan");
        let why = tr("One window for both: where both are in Hounsfield units");
        let switch = ui.add_enabled(can, egui::Checkbox::new(&mut linked, text));
        if switch.on_hover_text(why).on_disabled_hover_text(why).changed() {
            cx.view.link_windows(linked);
        }
        ui.label(quiet(ui, tr("Placed by its header only, not registered")));
        if let Some(second) = &mut cx.view.scan.beside.scan {
            time_point_beside(ui, second, cx.view.scan.time_point);
        }
        labels_beside(ui, cx);
    });
}

/// Which time point of the second scan is shown, if it has several.
fn time_point_beside(ui: &mut Ui, second: &mut BesideScan, of_scan: usize) {
    let all = second.image.volume.time_points();
    if all < 2 {
        return;
    }
    let tip = tr(
        "The same number, not the same moment: nothing says that the two were taken at the same times",
    );
    let switch = ui.checkbox(&mut second.follows, tr("Time point of the scan, by its number"));
    switch.on_hover_text(tip);
    field(ui, tr("Time point"), |ui| {
        let now =
            if second.follows { of_scan.min(all - 1) } else { second.image.volume.time_point() };
        let mut number = now + 1;
        let drag = DragValue::new(&mut number).range(1..=all).speed(0.1);
        let drag = ui.add(drag.suffix(format!("/{all}")));
        if drag.accessible_name(tr("Time point of the second scan")).changed() {
            second.follows = false;
            second.show_time_point(number - 1);
        }
    });
}

/// The label map that lies over the second scan, on its own grid.
fn labels_beside(ui: &mut Ui, cx: &mut CommandContext) {
    let second = cx.view.scan.beside.scan.as_ref();
    let Some(labels) = second.and_then(|second| second.labels.as_ref()) else { return };
    let file = labels.file.clone();
    ui.horizontal(|ui| {
        let tip = tr("Take the labels of the second scan away");
        if row_button(ui, icons::TRASH, tip, tip).clicked() {
            cx.out.push(Action::Beside(BesideAction::TakeLabelsAway));
        }
        let text = tr_with("labels: {name}", &[("name", &shorten(&file, 30))]);
        ui.label(quiet(ui, text)).on_hover_text(file);
    });
}

impl Row<'_> {
    fn show(&self, ui: &mut Ui, right: impl FnOnce(&mut Ui)) -> RowResponse {
        let sense = if self.chosen.is_some() { Sense::click() } else { Sense::hover() };
        let (rect, row) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), sense);
        let c = colours(ui);
        if let Some(chosen) = self.chosen {
            let hidden = if self.visible { "" } else { tr(", hidden") };
            let text = format!("{} {}{hidden}", tr("Layer"), self.name);
            row.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, &text));
            let fill = match (chosen, row.hovered() || row.has_focus()) {
                (true, _) => c.selected,
                (false, true) => c.field,
                (false, false) => Color32::TRANSPARENT,
            };
            ui.painter().rect_filled(rect, CornerRadius::same(4), fill);
        }
        let inner = rect.shrink2(vec2(4.0, 2.0));
        let layout = Layout::right_to_left(Align::Center);
        let mut eye = false;
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let icon = if self.visible { icons::EYE } else { icons::EYE_OFF };
            eye = row_button(ui, icon, &self.eye.0, &self.eye.1).clicked();
            right(ui);
            let colour = if self.visible { c.text } else { c.quiet };
            let text = RichText::new(format!("{}  {}", self.icon, self.name)).color(colour);
            let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
            let wrap = Some(TextWrapMode::Truncate);
            let text = WidgetText::from(text);
            let galley = text.into_galley(ui, wrap, rect.width(), egui::TextStyle::Body);
            let at = rect.left_center() - vec2(0.0, galley.size().y / 2.0);
            ui.painter().galley(at, galley, c.text);
        });
        let row = if self.chosen.is_some() {
            let tip = tr("Choose: window and colours act on it");
            row.on_hover_text(format!("{}\n{tip}", self.name))
        } else {
            row.on_hover_text(self.name)
        };
        RowResponse { row, eye }
    }
}
