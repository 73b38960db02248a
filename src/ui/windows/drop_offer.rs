//! The card that asks, without stopping anything, what a file is to be.

use egui::{Align2, Area, Context, DragValue, Frame, Id, Order, Ui, vec2};

use super::how_to_open;
use crate::document::Document;
use crate::ui::kit::format::shorten;
use crate::ui::kit::template::tr_error;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::state::{Action, Offer, OfferAnswer, Question, Status};

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
    let scan = document.map_or("", |d| d.image().name());
    Area::new(Id::unique("offers"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, vec2(0.0, 48.0))
        .show(ctx, |ui| {
            for offer in &status.offers {
                Frame::popup(ui.style()).show(ui, |ui| {
                    ui.set_max_width(WIDTH);
                    ui.label(shorten(&offer.name, 56));
                    let answer = match &offer.question {
                        Question::Image { why } => image(ui, why.as_deref(), scan),
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
                            ui.label(tr_error(why));
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
                            labels(ui, offer, notes, *time_points, *time_point)
                        }
                    };
                    out.extend(answer.map(|answer| Action::Answer(offer.number, answer)));
                });
                ui.add_space(6.0);
            }
        });
}

fn image(ui: &mut Ui, why: Option<&str>, scan: &str) -> Option<OfferAnswer> {
    if let Some(why) = why {
        ui.label(tr_with("It can't be read as a label map: {why}", &[("why", &tr_error(&why))]));
    }
    let over = tr("Lay over {scan}").replace("{scan}", &shorten(scan, 28));
    let choices = [
        (tr("Open as scan"), OfferAnswer::Scan),
        (over.as_str(), OfferAnswer::Overlay),
        (tr("Don't open"), OfferAnswer::Drop),
    ];
    buttons(ui, &choices)
}

fn labels(
    ui: &mut Ui,
    offer: &Offer,
    notes: &[String],
    time_points: usize,
    time_point: usize,
) -> Option<OfferAnswer> {
    for note in notes {
        ui.label(note);
    }
    let id = ui.scope_id().with(("time point", offer.number));
    // Counted from 1.
    let mut chosen = ui.data(|d| d.get_temp(id)).unwrap_or(time_point + 1);
    if time_points > 1 {
        ui.horizontal(|ui| {
            ui.label(tr("Time point"));
            ui.add(DragValue::new(&mut chosen).range(1..=time_points))
                .accessible_name(tr("Time point"));
            ui.label(tr_with("of {n}", &[("n", &time_points)]));
        });
        ui.data_mut(|d| d.insert_temp(id, chosen));
    }
    let choices = [
        (tr("Open label map"), OfferAnswer::Labels { time_point: chosen - 1 }),
        (tr("Don't open"), OfferAnswer::Drop),
    ];
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
