//! Before the first image values are sent to a server: to whom, of what, how much, and who could read them.

use egui::{Context, RichText, Ui};

use super::ask_before::{Answer, ask};
use crate::text::bytes;
use crate::ui::commands::CommandContext;
use crate::ui::kit::icons;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet};
use crate::ui::state::{Action, ConsentQuestion, SentSize, ServerAction};

/// Asks, if it is to be asked. Esc sends nothing.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    let Some(about) = &cx.status.server.consent else { return };
    let heading = tr_with("Send image values to {host}?", &[("host", &about.host)]);
    let send = if about.is_plain {
        Answer::Loses(tr("Send, readable on the way"))
    } else {
        Answer::Plain(tr("Send"))
    };
    let remembers = &mut cx.view.transient.remember_consent;
    let say = |ui: &mut Ui| {
        say(ui, about);
        ui.add_space(8.0);
        ui.checkbox(remembers, tr("Remember for this address"));
    };
    let given = ask(ctx, ("consent", &heading), say, &[Answer::Plain(tr("Don't send")), send]);
    if let Some(given) = given {
        let remembers = std::mem::take(&mut cx.view.transient.remember_consent);
        let answer = ServerAction::Consent { agrees: given == 1, remembers };
        cx.out.push(Action::Server(answer));
    }
}

fn say(ui: &mut Ui, about: &ConsentQuestion) {
    let ConsentQuestion { address, host, name, size, is_plain } = about;
    ui.label(tr_with("The model is on the server {address}.", &[("address", address)]));
    ui.add_space(8.0);
    match *size {
        SentSize::Place { bytes: one, places } => {
            ui.label(tr_with(
                "For each place of {name} that the model looks at, a cube of image values goes there: {size}; with each click its points, and what the server has made of the cube.",
                &[("name", name), ("size", &bytes(one))],
            ));
            let all = bytes(one.saturating_mul(places as u64));
            ui.label(if places == 1 {
                tr_with("The click that waits needs 1 place.", &[])
            } else {
                tr_with(
                    "The clicks that wait need {n} places: {size}.",
                    &[("n", &places), ("size", &all)],
                )
            });
        }
        SentSize::Image(all) => {
            ui.label(tr_with(
                "All image values of {name} go there, once: {size}.",
                &[("name", name), ("size", &bytes(all))],
            ));
        }
    }
    ui.add_space(8.0);
    ui.label(tr("Nothing else of the file goes there: no name, date or number of a patient, no file name. But image values can show who somebody is (a face); whoever runs the server must be allowed to see them."));
    if *is_plain {
        ui.add_space(8.0);
        let text = tr_with(
            "{address} is not encrypted: everybody on the way to {host} can read what is sent. Use https:// if the server has it.",
            &[("address", address), ("host", host)],
        );
        let text = format!("{} {text}", icons::WARNING);
        ui.label(RichText::new(text).color(colours(ui).warning));
    }
    ui.add_space(8.0);
    ui.label(quiet(
        ui,
        tr("It holds until the program ends; “Server…” in the menu Segment takes it back."),
    ));
}
