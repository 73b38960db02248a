//! Before the first image values are sent to a server: to whom, of what, how much, and who could read them.

use egui::{Context, RichText, Ui};

use super::ask_before::{Answer, ask};
use crate::text::bytes;
use crate::ui::commands::CommandContext;
use crate::ui::kit::icons;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet};
use crate::ui::state::{Action, AnswerBytes, ConsentQuestion, SentSize, ServerAction};

/// Asks, if it is to be asked. Esc sends nothing.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    let Some(about) = &cx.status.server.consent else { return };
    let heading = tr_with("Send image values to {host}?", &[("host", &about.host)]);
    let send = if about.is_plain {
        Answer::Loses(tr("Send, readable on the way"))
    } else {
        Answer::Plain(tr("Send"))
    };
    let is_whole = matches!(about.size, SentSize::Image(_));
    let looks_ahead = cx.status.server.look_ahead && !is_whole;
    let remembers = &mut cx.view.transient.remember_consent;
    let say = |ui: &mut Ui| {
        say(ui, about);
        if looks_ahead {
            ui.label(tr("“Look ahead” is on for this server: a cube around where the pointer rests goes there, too."));
        }
        ui.add_space(8.0);
        // Each whole image is asked for.
        if !is_whole {
            ui.checkbox(remembers, tr("Remember for this address"));
        }
        ui.label(quiet(ui, holds_until(is_whole, *remembers)));
    };
    let given = ask(ctx, ("consent", &heading), say, &[Answer::Plain(tr("Don't send")), send]);
    if let Some(given) = given {
        let ticked = std::mem::take(&mut cx.view.transient.remember_consent);
        let remembers = ticked && !is_whole;
        let answer = ServerAction::Consent { agrees: given == 1, remembers };
        cx.out.push(Action::Server(answer));
    }
}

/// What a yes is for, and how long it holds.
fn holds_until(is_whole: bool, remembers: bool) -> &'static str {
    if is_whole {
        tr(
            "It holds for this scan only, until it is closed (each time point is asked for); “Server…” in the menu Segment takes it back.",
        )
    } else if remembers {
        tr(
            "It holds for every scan that you click in and for points that wait in a session, also when the program is started again, until “Server…” in the menu Segment takes it back.",
        )
    } else {
        tr(
            "It holds for every scan that you click in and for points that wait in a session, until the program ends or “Server…” in the menu Segment takes it back.",
        )
    }
}

/// What the server gives back for a place, and what each click takes there and back.
fn comes_back(answers: Option<AnswerBytes>) -> String {
    match answers {
        None => tr("What the server makes of it comes back. With each click its points go there, and what was made of the cube.").to_owned(),
        Some(AnswerBytes { place_back, click_there: 0, .. }) => tr_with(
            "What the server makes of it comes back, about {back} for each place; clicks are then answered on this machine.",
            &[("back", &bytes(place_back))],
        ),
        Some(AnswerBytes { place_back, click_there, click_back }) => tr_with(
            "What the server makes of it comes back, about {back} for each place. It goes there again with the points of each click, about {there}, and about {answer} come back.",
            &[
                ("back", &bytes(place_back)),
                ("there", &bytes(click_there)),
                ("answer", &bytes(click_back)),
            ],
        ),
    }
}

/// Of what waits: each place is looked at once, and answers one click or more.
fn in_all(cube: u64, places: u64, answers: AnswerBytes) -> String {
    let AnswerBytes { place_back, click_there, click_back } = answers;
    let [there, back] = [[cube, click_there], [place_back, click_back]]
        .map(|[place, click]| bytes(place.saturating_add(click).saturating_mul(places)));
    tr_with(
        "In all at least {there} go there, and {back} come back.",
        &[("there", &there), ("back", &back)],
    )
}

fn say(ui: &mut Ui, about: &ConsentQuestion) {
    let ConsentQuestion { address, host, name, size, is_plain } = about;
    ui.label(tr_with("The model is on the server {address}.", &[("address", address)]));
    ui.add_space(8.0);
    match *size {
        SentSize::Place { bytes: one, places, extends, answers } => {
            ui.label(tr_with(
                "For each place of {name} that the model looks at, a cube of image values goes there: {size}.",
                &[("name", name), ("size", &bytes(one))],
            ));
            ui.label(comes_back(answers));
            let all = bytes(one.saturating_mul(places as u64));
            ui.label(if places == 1 {
                tr_with("The click that waits needs 1 place.", &[])
            } else {
                tr_with(
                    "The clicks that wait need {n} places: {size}.",
                    &[("n", &places), ("size", &all)],
                )
            });
            if let Some(answers) = answers {
                ui.label(in_all(one, places as u64, answers));
            }
            if extends {
                ui.label(tr("An object is to be extended: more places go there, as far as its mask goes on."));
            }
        }
        SentSize::Image(all) => {
            ui.label(tr_with(
                "The whole scan goes there, wherever you click: all image values of {name}, {size}, once, and again if the server ends the session; then the points of each click, and a mask that they start from.",
                &[("name", name), ("size", &bytes(all))],
            ));
            ui.label(tr("A mask comes back with each click, packed."));
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
}
