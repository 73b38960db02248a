//! How large models see the scan: said and offered of a scan that is much finer than what they are trained on, and
//! shown while it is not 1.

use egui::{Button, DragValue, Label, RichText, Ui};

use crate::document::{Command, Document, Object};
use crate::prompt::{FineScan, Sight, WorkingScale};
use crate::ui::commands::CommandContext;
use crate::ui::kit::format::number;
use crate::ui::kit::icons;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{colours, field, row_button};
use crate::ui::state::Action;

const TIP: &str = mark(
    "How many times larger than it is the model sees the scan. Scan, points, masks and measurements keep their size. It is for new objects: those with points keep theirs.",
);

/// What is to be known before the first click: nothing of most scans.
pub(super) fn notice(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    let image = document.image_by_id(document.model_image());
    let grid = image.unwrap_or(document.image()).grid();
    let scale = document.working_scale();
    let sight = cx.status.capabilities.and_then(|c| c.sight);
    let fine = |sight: Sight| Some((sight, FineScan::of(grid.dims(), grid.spacing(), sight)?));
    let fine = sight.and_then(fine).filter(|_| scale == WorkingScale::ONE);
    if let Some((Sight { voxel_mm, .. }, FineScan { times, proposed })) = fine {
        let text = tr_with(
            "This scan is {n} times finer than the model's {mm} mm. If its structures are small too, let the model see it larger:",
            &[("n", &format!("{times:.0}")), ("mm", &voxel_mm)],
        );
        ui.add(Label::new(RichText::new(text).color(colours(ui).warning)).wrap());
        let name = tr_with("Working scale × {n}", &[("n", &proposed)]);
        if ui.add(Button::new(&name)).accessible_name(&*name).on_hover_text(tr(TIP)).clicked() {
            set(proposed, cx);
        }
        ui.add_space(4.0);
    } else if scale != WorkingScale::ONE {
        choose(ui, document, cx);
        ui.add_space(4.0);
    }
}

/// The scale for new objects, to be dragged or typed.
pub(super) fn choose(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    // A model that takes scans of any size knows no scale.
    if cx.status.capabilities.is_some_and(|c| c.sight.is_none()) {
        return;
    }
    let now = document.working_scale();
    field(ui, tr("Working scale"), |ui| {
        if now != WorkingScale::ONE {
            let name = tr("Reset working scale");
            if row_button(ui, icons::RESET, name, tr("Back to × 1")).clicked() {
                set(WorkingScale::ONE, cx);
            }
        }
        let mut value = now.get();
        let drag = DragValue::new(&mut value)
            .prefix("× ")
            .range(WorkingScale::RANGE)
            .speed(now.get() * 0.01)
            .max_decimals(2);
        let response = ui.add(drag).accessible_name(tr("Working scale")).on_hover_text(tr(TIP));
        if let Some(scale) = WorkingScale::new(value).filter(|s| response.changed() && *s != now) {
            set(scale, cx);
        }
    });
}

/// At which scale an object's mask was made, if that is not 1, or not what is chosen by now for new objects.
pub(super) fn of_object(ui: &mut Ui, document: &Document, object: &Object) {
    let scale = object.log.scale;
    let usual = scale == WorkingScale::ONE && scale == document.working_scale();
    if !usual && !object.log.prompts.is_empty() {
        let text = tr_with("Made at working scale × {n}", &[("n", &number(scale.get()))]);
        ui.label(text).on_hover_text(tr(TIP));
    }
}

fn set(scale: WorkingScale, cx: &mut CommandContext) {
    cx.out.push(Action::Do(Command::SetWorkingScale(scale)));
}
