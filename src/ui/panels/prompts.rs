//! The clicks of the active object.

use egui::{Button, RichText, Ui, vec2};

use super::widgets::{colours, heading, quiet, row_button};
use crate::document::{Document, Object};
use crate::ui::{Desk, RuntimeStatus, Verb, icons, shortcuts};

pub(super) fn show(ui: &mut Ui, document: &Document, desk: &mut Desk) {
    let enabled = Verb::DeletePrompt.enabled(desk);
    heading(ui, "Prompts", |ui| {
        let (name, tip) = (shortcuts::name(Verb::DeletePrompt), shortcuts::tip(Verb::DeletePrompt));
        let clicked =
            ui.add_enabled_ui(enabled, |ui| row_button(ui, icons::TRASH, name, &tip)).inner;
        if clicked.clicked() {
            Verb::DeletePrompt.run(desk);
        }
    });
    let Some(object) = document.active() else {
        let text = match document.objects() {
            [] => "No object yet.",
            _ => "No object selected: the next click starts a new one.",
        };
        ui.label(quiet(ui, text));
        return;
    };
    if object.log.prompts.is_empty() {
        ui.label(quiet(ui, format!("No points in {} yet.", object.name)));
    } else {
        chips(ui, object, desk);
    }
    if let Some(iou) = object.iou() {
        let tip = "The model's own estimate of how well the mask fits \
                   (intersection over union; 1 is perfect). Not a measurement.";
        ui.label(format!("Predicted IoU {iou:.2}")).on_hover_text(tip);
    }
    if document.is_pending(object.id) {
        let (text, colour) = match &desk.status.runtime {
            RuntimeStatus::Missing(_) => ("Waits for ONNX Runtime", colours(ui).warning),
            _ => ("Computing the mask…", colours(ui).quiet),
        };
        ui.label(RichText::new(text).color(colour));
    }
}

/// One button for each click, numbered in order; those that wait for their answer are quiet.
fn chips(ui: &mut Ui, object: &Object, desk: &mut Desk) {
    let answered = object.replayed();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for (index, prompt) in object.log.prompts.iter().enumerate() {
            let here = Some((object.id, index));
            let (sign, kind) =
                if prompt.positive { ("+", "positive") } else { ("−", "negative") };
            let mut text = RichText::new(format!("{sign} {}", index + 1));
            if index >= answered {
                text = text.color(colours(ui).quiet);
            }
            let selected = desk.view.selected_prompt == here;
            let chip = Button::selectable(selected, text).frame_when_inactive(true);
            let chip = chip.min_size(vec2(36.0, 24.0));
            let name = format!("Prompt {}, {kind}", index + 1);
            let tip = format!("{name}\nClick: go there. Delete: remove it.");
            if ui.add(chip).accessible_name(name).on_hover_text(tip).clicked() {
                desk.view.selected_prompt = here;
                desk.view.crosshair = prompt.world;
            }
        }
    });
}
