//! The clicks of the active object.

use egui::{Button, Checkbox, Label, Popup, RichText, Slider, Ui, vec2};

use super::working_scale;
use crate::document::{Document, Object};
use crate::mask::operation::OperationKind;
use crate::prompt::{CORRECTED_MM, ImageId, Prompt, ShapeKind};
use crate::ui::commands::widgets::with_key;
use crate::ui::commands::{CommandContext, edit, help, operations, segment};
use crate::ui::kit::format::{millilitres, number, shorten};
use crate::ui::kit::icons;
use crate::ui::kit::template::{tr_error, tr_sentence};
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{colours, field, heading, progress, quiet, row_button};
use crate::ui::state::{
    Action, Busy, RuntimeStatus, ServerAction, WaitingClicks, can_extend, is_cut,
};

pub(super) fn show(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    let enabled = edit::DELETE_PROMPT.is_enabled(cx);
    heading(ui, tr("Prompts"), |ui| {
        let (name, tip) = (edit::DELETE_PROMPT.name(), edit::DELETE_PROMPT.tip());
        let clicked =
            ui.add_enabled_ui(enabled, |ui| row_button(ui, icons::TRASH, name, &tip)).inner;
        if clicked.clicked() {
            edit::DELETE_PROMPT.run(cx);
        }
    });
    model_image(ui, document, cx);
    let Some(object) = document.active() else {
        let text = match document.objects() {
            [] => tr("No object yet."),
            _ => tr("No object selected: the next click starts a new one."),
        };
        ui.label(quiet(ui, text));
        return;
    };
    if let Some(start) = &object.log.start {
        let ml = start.count() as f64 * document.image().grid().voxel_volume_mm3() / 1000.0;
        let (volume, within) = (millilitres(ml), number(CORRECTED_MM / object.log.scale.get()));
        let text = tr_with(
            "Points correct the mask of {volume} that was there, each within {mm} mm around it.",
            &[("volume", &volume), ("mm", &within)],
        );
        ui.add(Label::new(quiet(ui, text)).wrap());
    }
    if object.log.prompts.is_empty() {
        ui.label(quiet(ui, tr_with("No points in {name} yet.", &[("name", &object.name)])));
    } else {
        chips(ui, object, cx);
        let idle = cx.status.idle_point.filter(|(id, _)| *id == object.id);
        if let Some(at) = idle.and_then(|(_, prompt)| object.log.position(prompt)) {
            let text = tr_with("Point {n} changed nothing of the mask.", &[("n", &(at + 1))]);
            ui.add(Label::new(quiet(ui, text)).wrap());
        }
    }
    working_scale::of_object(ui, document, object);
    threshold(ui, document, object, cx);
    parts(ui, document, object, cx);
    if let Some(iou) = object.iou() {
        predicted_iou(ui, iou, object.is_corrected());
    }
    waiting(ui, document, object, cx);
    if document.is_pending(object.id) {
        return;
    }
    if can_extend(object, cx.status) {
        extend(ui, cx);
    } else if is_cut(object, cx.status) {
        edge(ui, tr(CUT));
    }
}

/// Which image the next click is computed from, if there are several.
fn model_image(ui: &mut Ui, document: &Document, cx: &CommandContext) {
    let next = document.next_image();
    if cx.view.scan.overlays.is_empty() && next == ImageId::Scan {
        return;
    }
    let Some(image) = document.image_by_id(next) else { return };
    let keeps = next != document.model_image();
    let text = if keeps {
        mark("The model looks at {name} for this object, whose clicks were made in it.")
    } else {
        mark("The model looks at {name}.")
    };
    let text = tr_with(text, &[("name", &shorten(image.name_on_screen(), 30))]);
    let colour = if next == ImageId::Scan { colours(ui).quiet } else { colours(ui).accent };
    ui.add(Label::new(RichText::new(text).color(colour)).wrap())
        .on_hover_text(image.name_on_screen());
}

/// What is said of a mask that can't be extended though it does not end where the model has seen its border.
pub(super) const CUT: &str =
    mark("The mask is cut off at the model's cube: a click beyond it extends it there.");

/// What the number is that the model gives its own mask.
pub(super) const IOU_TIP: &str = mark(
    "The model's own estimate of how well the mask fits (intersection over union; 1 is perfect). Not a measurement.",
);

/// The model's own estimate: of its answer, also where that was corrected by hand since.
fn predicted_iou(ui: &mut Ui, iou: f32, corrected: bool) {
    let mut text = format!("{} {iou:.2}", tr("Predicted IoU"));
    let mut tip = tr(IOU_TIP).to_owned();
    if corrected {
        text = tr_with("{text}, before corrections by hand", &[("text", &text)]);
        tip = format!("{tip}\n{}", tr(IOU_CORRECTED));
    }
    ui.add(Label::new(text).wrap()).on_hover_text(tip);
}

/// What is said of that number when something was painted or erased.
pub(super) const IOU_CORRECTED: &str =
    mark("It is that of the model's answer, not of the mask as it was corrected by hand.");

/// What the object's mask waits for.
fn waiting(ui: &mut Ui, document: &Document, object: &Object, cx: &mut CommandContext) {
    if !document.is_pending(object.id) {
        return;
    }
    if let Some(waits) = &cx.status.server.waits {
        server_waits(ui, waits, cx);
        return;
    }
    let (text, colour) = match (&cx.status.runtime, cx.status.busy) {
        _ if cx.status.server.consent.is_some() => {
            (tr("Waits until you have said whether image values may be sent"), colours(ui).warning)
        }
        (RuntimeStatus::Missing(_), _) => (tr("Waits for ONNX Runtime"), colours(ui).warning),
        (_, Some(Busy::Extending(done, total))) => {
            ui.horizontal(|ui| {
                let tip = help::CANCEL.tip_for(tr("Stop"));
                if row_button(ui, icons::CLOSE, tr("Stop extending"), &tip).clicked() {
                    cx.out.push(Action::CancelClick);
                }
                progress(ui, tr("Extending"), (done, total), 60.0);
                ui.label(quiet(
                    ui,
                    tr_with("Cube {done} of {total}", &[("done", &done), ("total", &total)]),
                ));
            });
            return;
        }
        _ if cx.extends() => (tr("Extending the mask…"), colours(ui).quiet),
        _ => (tr("Computing the mask…"), colours(ui).quiet),
    };
    ui.label(RichText::new(text).color(colour));
}

/// A click that was not answered: it is kept, and asked again when somebody says so.
fn server_waits(ui: &mut Ui, waits: &WaitingClicks, cx: &mut CommandContext) {
    let text = RichText::new(tr_sentence(&waits.why)).color(colours(ui).warning);
    ui.add(Label::new(text).wrap());
    ui.label(quiet(ui, tr("The points are kept.")));
    ui.horizontal_wrapped(|ui| {
        let key = segment::TRY_AGAIN.key_text();
        let name = if waits.of_another {
            tr_with("Ask {name}", &[("name", &shorten(&tr_error(&waits.name), 24))])
        } else {
            tr("Try again").to_owned()
        };
        let button = Button::new(&name).shortcut_text(key);
        if ui.add(button).accessible_name(&name).clicked() {
            cx.out.push(Action::Server(ServerAction::TryAgain));
        }
        if waits.of_another {
            let entry = &segment::ANSWER_HERE;
            let other = Button::new(segment::answer_here_text(cx));
            let other = ui.add_enabled(entry.is_enabled(cx), other);
            if other.on_hover_text(entry.tip()).clicked() {
                entry.run(cx);
            }
        }
        let tip = help::CANCEL.tip_for(tr("Take the point back that waits"));
        if ui.button(tr("Take back")).on_hover_text(tip).clicked() {
            cx.out.push(Action::CancelClick);
        }
    });
}

/// The flag of a mask that goes on beyond what the model has looked at, and the button that follows it.
fn extend(ui: &mut Ui, cx: &mut CommandContext) {
    edge(ui, tr("The mask reaches the model's cube."));
    let name = tr("Extend");
    let button = Button::new(name).shortcut_text(segment::EXTEND.key_text());
    let tip = tr_with(
        "Looks at the neighbouring cubes, as far as the mask goes. {key} stops it.",
        &[("key", &help::CANCEL.key_text())],
    );
    if ui.add(button).accessible_name(name).on_hover_text(tip).clicked() {
        segment::EXTEND.run(cx);
    }
}

/// A flag of a mask that is not what it seems to be.
fn edge(ui: &mut Ui, text: &str) {
    let text = format!("{} {text}", icons::WARNING);
    ui.add(Label::new(RichText::new(text).color(colours(ui).warning)).wrap());
}

/// A drag of the slider that has changed nothing yet.
#[derive(Clone, Copy, Default)]
struct FreshDrag;

/// The lowest probability to which the threshold can be set; the highest is as far from 1.
const LOWEST: f32 = 0.05;
const STEP: f32 = 0.01;

/// A probability as log odds.
fn log_odds(p: f32) -> f32 {
    // One half is exactly 0, where the model's own threshold is.
    if (p - 0.5).abs() < 1e-6 { 0.0 } else { (p / (1.0 - p)).ln() }
}

fn probability(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

const THRESHOLD_TIP: &str = mark(
    "How sure the model must be of a voxel (0.50 is usual): lower gives more, higher less. Double click: back to 0.50.",
);

/// How sure the model must be of a voxel, as a probability. The mask follows the slider at once.
fn threshold(ui: &mut Ui, document: &Document, object: &Object, cx: &mut CommandContext) {
    let reason = match () {
        () if object.log.prompts.is_empty() => tr("This object has no mask made by clicks"),
        () if document.pending().is_some() => tr("Wait until the click is computed"),
        () if object.replayed() == 0 && cx.status.model_lacks(|can| can.adjusts) => {
            tr("The answers of the model in use have no threshold")
        }
        () if object.replayed() == 0 => tr("The model has not answered yet"),
        () if !object.answer.adjustable && cx.status.model_lacks(|can| can.adjusts) => {
            tr("The model that made this mask has no threshold")
        }
        // Models' own numbers are not in a session.
        () if !object.answer.adjustable => tr(
            "What the model computed for this mask is not at hand any more: the next point has it computed again, and then the threshold can be moved",
        ),
        () => "",
    };
    let asked = cx.status.threshold.filter(|(id, _)| *id == object.id).map(|(_, t)| t);
    let now = asked.unwrap_or(object.log.threshold);
    let shown = probability(now);
    let mut wanted = shown;
    let tip = tr(THRESHOLD_TIP);
    let change = field(ui, tr("Threshold"), |ui| {
        let reset = ui.add_enabled_ui(reason.is_empty() && now != 0.0, |ui| {
            row_button(ui, icons::RESET, tr("Reset threshold"), tr("Back to 0.50"))
        });
        let slider =
            Slider::new(&mut wanted, LOWEST..=1.0 - LOWEST).fixed_decimals(2).step_by(STEP.into());
        ui.spacing_mut().slider_width = 72.0;
        let slider = ui.add_enabled(reason.is_empty(), slider).accessible_name(tr("Threshold"));
        let slider = slider.on_hover_text(tip).on_disabled_hover_text(reason);
        if slider.drag_started() {
            ui.data_mut(|d| d.insert_temp(slider.id, FreshDrag));
        }
        let twice = slider.contains_pointer()
            && ui.input(|i| i.pointer.button_double_clicked(egui::PointerButton::Primary));
        if reset.inner.clicked() {
            Some((0.5, true))
        } else if twice {
            // Its first click has moved the slider: one gesture with this.
            Some((0.5, false))
        } else if slider.changed() && (wanted - shown).abs() > STEP / 2.0 {
            // (Log odds and back are not quite the same number.)
            let first = ui.data_mut(|d| d.remove_temp::<FreshDrag>(slider.id)).is_some();
            let held = slider.dragged() || slider.drag_stopped();
            Some((wanted, first || !held))
        } else {
            None
        }
    });
    if let Some((p, begins)) = change {
        let action = Action::MoveThreshold { object: object.id, threshold: log_odds(p), begins };
        cx.out.push(action);
    }
}

const PARTS_TIP: &str = mark(
    "The model may find parts that no point of yours lies in. With this they are left away. What you draw stays, and so does what scissors or eraser leave of the mask. Nothing is lost: without it they are there again.",
);

/// Which parts of the model's mask are kept.
fn parts(ui: &mut Ui, document: &Document, object: &Object, cx: &mut CommandContext) {
    if object.log.prompts.is_empty() && object.model.is_empty() {
        return;
    }
    let entry = &segment::ONLY_CLICKED_PARTS;
    let (mut on, refused) = (entry.is_on(cx), entry.refused(cx));
    let switch = ui.add_enabled(refused.is_none(), Checkbox::new(&mut on, entry.name()));
    let switch = switch.on_hover_text(tr(PARTS_TIP));
    if switch.on_disabled_hover_text(refused.unwrap_or_default()).changed() {
        entry.run(cx);
    }
    if object.keeps_all_parts(document.image().grid()) {
        edge(ui, tr("No positive point lies in the mask: all its parts are kept."));
    } else if on && object.is_corrected() && is_in_parts(object, cx) {
        // The switch is about what the model found: who cuts or draws means it.
        ui.add(Label::new(quiet(ui, tr("Parts that you drew or cut off stay."))).wrap());
        let name = operations::operation_name(OperationKind::KeepClicked);
        let tip = tr("All parts without a positive point would go: you see them before.");
        let button = Button::new(format!("{}…", tr(name)));
        if ui.add(button).accessible_name(tr(name)).on_hover_text(tip).clicked() {
            operations::open_with(cx, OperationKind::KeepClicked);
        }
    }
}

fn is_in_parts(object: &Object, cx: &CommandContext) -> bool {
    cx.status.parts.get(&object.id).is_some_and(|summary| summary.parts > 1)
}

/// What can be done to the selected point.
fn point_menu(ui: &mut Ui, prompt: &Prompt, cx: &mut CommandContext) {
    let sign = if prompt.positive { tr("Make negative") } else { tr("Make positive") };
    for (entry, name) in [(&edit::FLIP_PROMPT, sign), (&edit::DELETE_PROMPT, tr("Delete"))] {
        if with_key(ui, Button::new(name), name, entry, cx).clicked() {
            entry.run(cx);
            ui.close();
        }
    }
}

/// So many points are said to lie inside or outside in words.
const IN_WORDS: usize = 6;

/// What a chip says: the prompt's number, and on which side of the border it lies.
fn chip_text(n: usize, positive: bool, in_words: bool) -> String {
    match (in_words, positive) {
        (true, true) => tr_with("{n} inside", &[("n", &n)]),
        (true, false) => tr_with("{n} outside", &[("n", &n)]),
        (false, true) => format!("{n} +"),
        (false, false) => format!("{n} −"),
    }
}

/// What a prompt is called in the list, with its number.
fn prompt_name(shape: Option<ShapeKind>, positive: bool) -> &'static str {
    match (shape, positive) {
        (None, true) => mark("Prompt {n}, positive"),
        (None, false) => mark("Prompt {n}, negative"),
        (Some(ShapeKind::Box), true) => mark("Prompt {n}, a box, positive"),
        (Some(ShapeKind::Box), false) => mark("Prompt {n}, a box, negative"),
        (Some(ShapeKind::Scribble), true) => mark("Prompt {n}, a scribble, positive"),
        (Some(ShapeKind::Scribble), false) => mark("Prompt {n}, a scribble, negative"),
        (Some(ShapeKind::Lasso), true) => mark("Prompt {n}, a lasso, positive"),
        (Some(ShapeKind::Lasso), false) => mark("Prompt {n}, a lasso, negative"),
    }
}

/// One button for each click, numbered in order; those that wait for their answer are quiet.
fn chips(ui: &mut Ui, object: &Object, cx: &mut CommandContext) {
    let answered = object.replayed();
    let in_words = object.log.prompts.len() <= IN_WORDS;
    if !in_words {
        let text = tr("Points by number: + inside of the structure, − outside");
        ui.add(Label::new(quiet(ui, text)).wrap());
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for (index, prompt) in object.log.prompts.iter().enumerate() {
            let here = Some((object.id, prompt.id));
            let means = if prompt.positive {
                tr("Point {n}, positive: the structure is there.")
            } else {
                tr("Point {n}, negative: the structure is not there.")
            };
            let shape = object.log.shape(prompt.id).map(|shape| shape.kind());
            let name = prompt_name(shape, prompt.positive);
            let icon = match shape {
                None => String::new(),
                Some(ShapeKind::Box) => format!("{} ", icons::BOX_PROMPT),
                Some(ShapeKind::Scribble) => format!("{} ", icons::SCRIBBLE_PROMPT),
                Some(ShapeKind::Lasso) => format!("{} ", icons::LASSO),
            };
            let words = chip_text(index + 1, prompt.positive, in_words);
            let mut text = RichText::new(format!("{icon}{words}"));
            if index >= answered {
                text = text.color(colours(ui).quiet);
            }
            let selected = cx.view.transient.selected_prompt == here;
            let chip = Button::selectable(selected, text).frame_when_inactive(true);
            let chip = chip.min_size(vec2(36.0, 24.0));
            let name = tr_with(name, &[("n", &(index + 1))]);
            let what = tr("Click: go there. Delete: remove it. Right click: more.");
            let means = match shape {
                None => means.replace("{n}", &(index + 1).to_string()),
                Some(_) => name.clone(),
            };
            let tip = format!("{means}\n{what}");
            let chip = ui.add(chip).accessible_name(name).on_hover_text(tip);
            if chip.clicked() || chip.secondary_clicked() {
                cx.view.transient.selected_prompt = here;
                cx.view.scan.crosshair = prompt.world;
            }
            Popup::context_menu(&chip).show(|ui| point_menu(ui, prompt, cx));
        }
    });
}
