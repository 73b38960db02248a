//! The window that grows objects from their seeds: how far, what is not wanted, what each would gain, and the button
//! that does it. It stays open while more is painted.

use egui::{Color32, ComboBox, Context, DragValue, RichText, ScrollArea, Sense, Ui, Vec2, Window};

use super::place;
use crate::document::{Document, LabelId, Object};
use crate::ui::commands::CommandContext;
use crate::ui::kit::format::{millilitres, shorten};
use crate::ui::kit::icons;
use crate::ui::kit::template::tr_sentence;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::{colours, field, progress, quiet};
use crate::ui::state::{Action, GrowthStatus, WantedGrowth};

/// Margins that can be set, mm.
const LARGEST: f64 = 500.0;
/// How often it is looked how far it is.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

/// Draws the window, if it is open and there is a document; says what it is set to.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    cx.view.transient.growth = None;
    let Some(document) = cx.document.filter(|_| cx.view.windows.growth) else { return };
    let mut open = true;
    let window = Window::new(format!("{} {}", icons::EDIT_MASK, tr("Grow from seeds")))
        .id(egui::Id::unique("grow_from_seeds"))
        .open(&mut open)
        .collapsible(false)
        .resizable(false);
    let shown = place::beside_slices(window, ctx, cx.view).show(ctx, |ui| {
            ui.set_width(300.0);
            ui.label(quiet(ui, tr("Each object that is shown and not locked grows from what it has, until they meet at edges. Paint more to correct them; what other objects have is not crossed.")));
            field(ui, tr("Margin"), |ui| {
                let margin = &mut cx.view.prefs.growth_margin_mm;
                let drag = DragValue::new(margin).range(0.0..=LARGEST).speed(0.1).suffix(" mm");
                ui.add(drag).accessible_name(tr("Margin around the seeds"));
            });
            not_wanted(ui, document, &mut cx.view.scan.growth_not_wanted);
            if cx.view.scan.growth_not_wanted.is_none() {
                ui.label(quiet(ui, tr("Where nothing is not wanted, they fill all around them: paint a bit into what is not wanted, as an object of its own, and choose it here.")));
            }
            ui.add_space(4.0);
            outcome(ui, document, cx);
        });
    place::keep(shown.map(|shown| shown.response.rect), ctx, cx.view);
    cx.view.windows.growth = open;
    cx.view.transient.growth = open.then_some(WantedGrowth {
        margin_mm: cx.view.prefs.growth_margin_mm,
        not_wanted: cx.view.scan.growth_not_wanted,
        alone: document.active().map(|o| o.id).filter(|_| cx.view.scan.solo),
    });
}

/// Which object stands for what is not wanted.
fn not_wanted(ui: &mut Ui, document: &Document, chosen: &mut Option<LabelId>) {
    let object = chosen.and_then(|id| document.object(id));
    // Of one that was deleted nothing is left.
    *chosen = object.map(|o| o.id);
    let name = object.map_or_else(|| tr("None").to_owned(), |o| shorten(&o.name, 24));
    field(ui, tr("Not wanted"), |ui| {
        let combo = ComboBox::from_id_salt("not_wanted").width(170.0).height(400.0);
        let combo = combo.selected_text(name).show_ui(ui, |ui| {
            ui.selectable_value(chosen, None, tr("None"));
            for Object { id, name, .. } in document.objects() {
                ui.selectable_value(chosen, Some(*id), shorten(name, 40));
            }
        });
        let tip = tr("This object holds the others back; it gains nothing itself.");
        combo.response.accessible_name(tr("Object that is not wanted")).on_hover_text(tip);
    });
}

/// What would change, and the button.
fn outcome(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    let status = &cx.status.growth;
    match status {
        GrowthStatus::Idle => {
            ui.label("");
        }
        GrowthStatus::Working(done, total) => {
            ui.label(quiet(ui, tr("Computing…")));
            progress(ui, tr("Grow from seeds"), (*done, *total), 284.0);
            ui.ctx().request_repaint_after(LOOK);
        }
        GrowthStatus::Ready(gains) => {
            ScrollArea::vertical().max_height(200.0).auto_shrink([false, true]).show(ui, |ui| {
                for (id, ml) in gains {
                    let Some(object) = document.object(*id) else { continue };
                    let [r, g, b] = object.colour;
                    ui.horizontal(|ui| {
                        let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
                        ui.painter().rect_filled(rect, 2.0, Color32::from_rgb(r, g, b));
                        ui.label(format!("{}  +{}", shorten(&object.name, 24), millilitres(*ml)));
                    });
                }
            });
        }
        GrowthStatus::Done => {
            ui.label(quiet(ui, tr("Done. Undo it to paint more seeds.")));
        }
        GrowthStatus::Refused(why) => {
            ui.label(RichText::new(tr_sentence(why)).color(colours(ui).warning));
        }
    }
    let can = matches!(status, GrowthStatus::Working(..) | GrowthStatus::Ready(_));
    let button = egui::Button::new(format!("{} {}", icons::CHECK, tr("Apply")));
    let response = ui.add_enabled(can, button);
    // A double click is one wish.
    if response.clicked() && !response.double_clicked() {
        cx.out.push(Action::ApplyGrowth);
    }
}
