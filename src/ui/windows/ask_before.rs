//! How a question looks that stops everything else until it is answered.

use egui::{Context, Frame, Id, Key, Margin, Modal, RichText, Ui};

use crate::ui::kit::widgets::colours;

/// An answer: what its button says.
#[derive(Clone, Copy)]
pub(super) enum Answer<'a> {
    /// What is usually done.
    Plain(&'a str),
    /// Something is lost by it.
    Loses(&'a str),
}

/// Asks; the place of the answer that was given. The first is to do nothing, which Esc and a click beside it give too.
pub(super) fn ask(
    ctx: &Context,
    (name, heading): (&'static str, &str),
    say: impl FnOnce(&mut Ui),
    answers: &[Answer<'_>],
) -> Option<usize> {
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let mut given = None;
    let modal = Modal::new(Id::unique(name)).frame(frame).show(ctx, |ui| {
        ui.set_width(420.0);
        ui.heading(heading);
        say(ui);
        ui.add_space(16.0);
        ui.horizontal_wrapped(|ui| {
            for (place, answer) in answers.iter().enumerate() {
                let text = match *answer {
                    Answer::Plain(text) => RichText::new(text),
                    Answer::Loses(text) => RichText::new(text).color(colours(ui).error),
                };
                if ui.button(text).clicked() {
                    given = Some(place);
                }
            }
        });
    });
    let escaped = ctx.input(|i| i.key_pressed(Key::Escape));
    if escaped || modal.backdrop_response.clicked() { Some(0) } else { given }
}
