//! Where the crosshair is, to read and to type.

use egui::{DragValue, Ui};

use crate::document::Document;
use crate::geom::Axis;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{field, heading};
use crate::ui::state::ViewState;

const TIP: &str = mark("Millimetres towards {name}; negative is the other side. Drag or type.");

pub(super) fn show(ui: &mut Ui, document: &Document, view: &mut ViewState) {
    heading(ui, tr("Position"), |_| ());
    let grid = document.image().grid();
    let names = [tr("Right"), tr("Anterior"), tr("Superior")];
    let mut world = view.scan.crosshair;
    for (axis, name) in Axis::ALL.into_iter().zip(names) {
        field(ui, name, |ui| {
            let value = &mut world[axis.index()];
            let drag = DragValue::new(value).speed(0.5).fixed_decimals(1).suffix(" mm");
            let tip = tr_with(TIP, &[("name", &name)]);
            ui.add(drag).accessible_name(format!("{} {name}", tr("Crosshair"))).on_hover_text(tip);
        });
    }
    if world != view.scan.crosshair && world.is_finite() {
        view.move_crosshair(grid, world);
    }
}
