//! The card that asks, without stopping anything, what a file is to be.

use egui::{Align2, Area, Context, DragValue, Frame, Id, Order, Ui, vec2};

use super::how_to_open;
use crate::document::Document;
use crate::ui::kit::format::shorten;
use crate::ui::kit::template::{tr_error, tr_sentence};
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::state::{Action, Offer, OfferAnswer, Question, ReferenceReading, Status};

/// Of a card's text, points.
const WIDTH: f32 = 460.0;

/// Draws a card for each file of which the user has to say whether it is a scan, an overlay or labels.
pub(super) fn show(
    ctx: &Context,
    document: Option<&Document>,
    status: &Status,
    out: &mut Vec<Action>,
) {
    if status.offers.is_empty() || status.asks() {
        return;
    }
    let scan = document.map_or("", |d| d.image().name_on_screen());
    let has_objects = document.is_some_and(|d| !d.objects().is_empty());
    Area::new(Id::unique("offers"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, vec2(0.0, 48.0))
        .show(ctx, |ui| {
            for offer in &status.offers {
                Frame::popup(ui.style()).show(ui, |ui| {
                    ui.set_max_width(WIDTH);
                    ui.label(shorten(&offer.name, 56));
                    let answer = match &offer.question {
                        Question::Image { why } => image(ui, why.as_deref(), (scan, has_objects)),
                        Question::Draft(card) => {
                            ui.label(tr("Your work on this scan was kept. Go on with it?"));
                            super::drafts::about(ui, card);
                            let choices = [
                                (tr("Continue"), OfferAnswer::Continue),
                                (tr("Not now"), OfferAnswer::Drop),
                            ];
                            buttons(ui, &choices)
                        }
                        Question::Uneven { why } => {
                            ui.label(tr_sentence(why));
                            ui.label(tr(
                                "Resampled slices are made of their neighbours, linearly: what is measured between them is not what the scanner has seen.",
                            ));
                            let choices = [
                                (tr("Resample to even spacing"), OfferAnswer::Resample),
                                (tr("Don't open"), OfferAnswer::Drop),
                            ];
                            buttons(ui, &choices)
                        }
                        Question::Place { why, likely, spacing } => {
                            how_to_open::place(ui, offer.number, why, (*likely, *spacing))
                        }
                        Question::Part { why, dims, needed, limit } => {
                            how_to_open::part(ui, offer.number, why, (*dims, *needed, *limit))
                        }
                        Question::Labels { notes, time_points, time_point } => {
                            labels(ui, offer, notes, (*time_points, *time_point), has_objects)
                        }
                        Question::Reference { .. } => reference(ui, offer),
                    };
                    out.extend(answer.map(|answer| Action::Answer(offer.number, answer)));
                });
                ui.add_space(6.0);
            }
        });
}

fn image(ui: &mut Ui, why: Option<&str>, (scan, has_objects): (&str, bool)) -> Option<OfferAnswer> {
    if let Some(why) = why {
        ui.label(tr_with("It can't be read as a label map: {why}", &[("why", &tr_error(&why))]));
    }
    let over = tr("Lay over {scan}").replace("{scan}", &shorten(scan, 28));
    let compare = (tr("Compare with it"), OfferAnswer::Compare(ReferenceReading::default()));
    let mut choices = vec![
        (tr("Open as scan"), OfferAnswer::Scan),
        (over.as_str(), OfferAnswer::Overlay),
        (tr("Show beside the scan"), OfferAnswer::Beside),
        (tr("Don't open"), OfferAnswer::Drop),
    ];
    if has_objects && why.is_some() {
        choices.insert(3, compare);
    }
    buttons(ui, &choices)
}

fn labels(
    ui: &mut Ui,
    offer: &Offer,
    notes: &[String],
    (time_points, time_point): (usize, usize),
    has_objects: bool,
) -> Option<OfferAnswer> {
    for note in notes {
        ui.label(note);
    }
    let id = ui.scope_id().with(("time point", offer.number));
    let mut chosen = ui.data(|d| d.get_temp(id)).unwrap_or(time_point);
    if time_points > 1 {
        choose_time_point(ui, &mut chosen, time_points);
        ui.data_mut(|d| d.insert_temp(id, chosen));
    }
    let mut choices = vec![
        (tr("Open label map"), OfferAnswer::Labels { time_point: chosen }),
        (tr("Don't open"), OfferAnswer::Drop),
    ];
    if has_objects {
        let (time_point, agreed) = (Some(chosen), true);
        let reading = ReferenceReading { time_point, agreed, ..ReferenceReading::default() };
        choices.insert(1, (tr("Compare with it"), OfferAnswer::Compare(reading)));
    }
    buttons(ui, &choices)
}

/// Counted from 1 on the screen.
fn choose_time_point(ui: &mut Ui, chosen: &mut usize, time_points: usize) {
    let mut number = *chosen + 1;
    ui.horizontal(|ui| {
        ui.label(tr("Time point"));
        let drag = DragValue::new(&mut number).range(1..=time_points);
        ui.add(drag).accessible_name(tr("Time point"));
        ui.label(tr_with("of {n}", &[("n", &time_points)]));
    });
    *chosen = number - 1;
}

/// What is to be said of a label map that the objects are to be compared with.
fn reference(ui: &mut Ui, offer: &Offer) -> Option<OfferAnswer> {
    let Question::Reference { notes, time_points, threshold, other_grid, reading } =
        &offer.question
    else {
        return None;
    };
    for note in notes {
        ui.label(note);
    }
    let id = ui.scope_id().with(("reference", offer.number));
    let mut reading: ReferenceReading = ui.data(|d| d.get_temp(id)).unwrap_or(*reading);
    if let Some(time_points) = time_points {
        let mut chosen = reading.time_point.unwrap_or(0);
        choose_time_point(ui, &mut chosen, *time_points);
        reading.time_point = Some(chosen);
    }
    if *threshold {
        ui.label(tr(
            "It has values between whole numbers. If it is a probability map, what is above this value is compared, as label 1.",
        ));
        let mut value = reading.threshold.unwrap_or(0.5);
        ui.horizontal(|ui| {
            ui.label(tr("Threshold"));
            let drag = DragValue::new(&mut value).speed(0.01);
            ui.add(drag).accessible_name(tr("Threshold of the probability map"));
        });
        reading.threshold = Some(value).filter(|value| value.is_finite());
    }
    if let Some(what) = other_grid {
        ui.label(tr_with(
            "It lies on another grid than the scan ({what}). Put onto the scan's voxels, each has the label of the nearest one; distances and volumes are then those of that copy.",
            &[("what", &tr_error(what))],
        ));
    }
    ui.data_mut(|d| d.insert_temp(id, reading));
    let text = if other_grid.is_some() { tr("Resample and compare") } else { tr("Compare") };
    let said = ReferenceReading {
        resample: reading.resample || other_grid.is_some(),
        agreed: reading.agreed || !notes.is_empty(),
        ..reading
    };
    let choices = [(text, OfferAnswer::Compare(said)), (tr("Don't open"), OfferAnswer::Drop)];
    buttons(ui, &choices)
}

pub(super) fn buttons(ui: &mut Ui, choices: &[(&str, OfferAnswer)]) -> Option<OfferAnswer> {
    let pressed = |ui: &mut Ui| {
        let mut answer = None;
        for &(text, choice) in choices {
            if ui.button(text).clicked() {
                answer = Some(choice);
            }
        }
        answer
    };
    ui.horizontal(pressed).inner
}
