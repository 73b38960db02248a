//! The card that asks, without stopping anything, what a dropped image is to be.

use egui::{Align2, Area, Context, Frame, Id, Order, vec2};

use super::panels::format::shorten;
use super::text::tr;
use super::{Action, OfferAnswer, Status};
use crate::document::Document;

/// Draws a card for each image that waits for a word.
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
                    ui.label(shorten(&offer.name, 56));
                    ui.horizontal(|ui| {
                        let over = tr("Lay over {scan}").replace("{scan}", &shorten(scan, 28));
                        let choices = [
                            (tr("Open as scan"), OfferAnswer::Scan),
                            (over.as_str(), OfferAnswer::Overlay),
                            (tr("Don't open"), OfferAnswer::Drop),
                        ];
                        for (text, answer) in choices {
                            if ui.button(text).clicked() {
                                out.push(Action::Answer(offer.number, answer));
                            }
                        }
                    });
                });
                ui.add_space(6.0);
            }
        });
}
