//! Choosing a colour map by what it looks like.

use egui::{
    Color32, ComboBox, CornerRadius, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2,
};

use crate::render::ColourMap;
use crate::ui::kit::paint;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::colours;

/// A list of colour maps, and beside it the colours of the one in use. In a row that runs from right to left.
pub(super) fn combo(ui: &mut Ui, name: &str, map: &mut ColourMap) {
    let combo = ComboBox::from_id_salt(name).width(84.0).height(400.0);
    let combo = combo.selected_text(tr(map.name())).show_ui(ui, |ui| {
        let mut chosen = None;
        for &entry in &ColourMap::ALL {
            if row(ui, entry, entry == *map).clicked() {
                chosen = Some(entry);
                ui.close();
            }
        }
        chosen
    });
    if let Some(chosen) = combo.inner.flatten() {
        *map = chosen;
    }
    combo.response.accessible_name(name);
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width().clamp(16.0, 48.0), 12.0), Sense::hover());
    strip(ui, rect, *map);
}

fn row(ui: &mut Ui, map: ColourMap, selected: bool) -> Response {
    let size = vec2(ui.available_width().max(150.0), 22.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = tr(map.name());
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, selected, name));
    let c = colours(ui);
    let fill = match (selected, response.hovered() || response.has_focus()) {
        (true, _) => c.selected,
        (false, true) => c.hover,
        (false, false) => Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, CornerRadius::same(3), fill);
    let left = Rect::from_min_size(rect.min + vec2(6.0, 5.0), vec2(64.0, 12.0));
    strip(ui, left, map);
    let at = pos2(left.right() + 8.0, rect.center().y);
    let font = egui::TextStyle::Body.resolve(ui.style());
    ui.painter().text(at, egui::Align2::LEFT_CENTER, name, font, c.text);
    response
}

/// The colours from the window's low end to its high end.
pub(super) fn strip(ui: &Ui, rect: Rect, map: ColourMap) {
    ui.painter().add(paint::colour_mesh(rect, map));
    let line = egui::Stroke::new(1.0, colours(ui).line);
    ui.painter().rect_stroke(rect, 0.0, line, egui::StrokeKind::Outside);
}
