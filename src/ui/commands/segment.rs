//! The model and its prompts.

use egui::Key;

use super::context::CommandContext;
use super::edit::has_active;
use super::entry::{Group, Menu, commands, with_scan, without_object};
use super::keys::{ctrl, key};
use crate::document::{Command, Object};
use crate::prompt::KeptParts;
use crate::ui::kit::format::shorten;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::state::{Action, ModelStatus, RuntimeStatus, ServerAction, goes_on};

/// Of a model that can't extend.
const NO_EXTENDING: &str = mark(
    "The model in use does not follow masks beyond what it looks at: click where the mask is to go on",
);

/// Of a mask without points.
const BY_HAND: &str = mark(
    "This mask has no points: it came from a file or was drawn, and all of it stays. Refine the mask with points first, or keep parts by Edit mask",
);

/// Whether nothing of an object's mask comes from a model's answer to points. (Of one that has nothing yet it is
/// not known.)
fn is_by_hand(object: &Object) -> bool {
    object.log.prompts.is_empty() && object.model.is_empty() && !object.region.is_empty()
}

/// Whether only parts with a positive click are kept.
fn keeps_clicked(object: &Object) -> bool {
    object.log.parts == KeptParts::Clicked
}

/// Why other parts of an object's mask can't be kept now.
pub fn parts_refusal(cx: &CommandContext, object: &Object) -> Option<String> {
    let pending = cx.document.is_some_and(|d| d.is_pending(object.id));
    match () {
        () if object.locked => {
            Some(tr_with("{name} is locked", &[("name", &shorten(&object.name, 30))]))
        }
        () if pending => Some(tr("Wait until the click is computed").to_owned()),
        () if is_by_hand(object) => Some(tr(BY_HAND).to_owned()),
        () => None,
    }
}

/// Who would answer what was asked of another model: the button's text.
pub fn answer_here_text(cx: &CommandContext) -> String {
    match &cx.status.server.in_use {
        Some(server) => tr_with("Answer with {name}", &[("name", &shorten(&server.host, 24))]),
        None => tr("Answer on this machine").to_owned(),
    }
}

commands! {
    Group::Segment;

    /// What a click would give, before it is made.
    PREVIEW {
        name: "Preview under the pointer",
        keys: [key(Key::Q)],
        run: |cx| cx.view.prefs.show_preview = !cx.view.prefs.show_preview,
        menu: Some((Menu::Segment, 3)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.show_preview),
    }

    /// Follows a mask that goes on beyond what the model has looked at.
    EXTEND {
        name: "Extend beyond the model's cube",
        keys: [key(Key::G)],
        run: |cx| {
            if let Some(id) = cx.active().map(|o| o.id) {
                cx.send(Action::Do(Command::Extend(id)));
            }
        },
        menu: Some((Menu::Segment, 10)),
        enabled: |cx| cx.active().is_some_and(goes_on) && !cx.extends(),
        why_not: |cx| without_object(cx).unwrap_or(mark("The mask does not reach the model's cube.")),
        refusal: |cx| cx.status.model_lacks(|can| can.extends).then(|| tr(NO_EXTENDING).to_owned()),
    }

    /// What an object has, from a file or by hand, becomes what the model goes on from.
    REFINE_MASK {
        name: "Refine the mask with points",
        keys: [],
        run: |cx| {
            if let Some(id) = cx.active().map(|o| o.id) {
                cx.send(Action::Do(Command::StartFromMask(id)));
            }
        },
        menu: Some((Menu::Segment, 10)),
        enabled: |cx| cx.active().is_some_and(|o| !o.region.is_empty()),
        why_not: |cx| without_object(cx).unwrap_or(mark("This object has no voxels yet.")),
        words: mark("correct existing mask from file"),
    }

    /// What the model found elsewhere is left away.
    ONLY_CLICKED_PARTS {
        name: "Only parts with a positive point",
        keys: [],
        run: |cx| {
            if let Some((id, clicked)) = cx.active().map(|o| (o.id, keeps_clicked(o))) {
                let parts = if clicked { KeptParts::All } else { KeptParts::Clicked };
                cx.send(Action::KeepParts(id, parts));
            }
        },
        menu: Some((Menu::Segment, 11)),
        enabled: has_active,
        refusal: |cx| cx.active().and_then(|o| parts_refusal(cx, o)),
        on: Some(|cx| cx.active().is_some_and(keeps_clicked)),
    }

    /// The one that ships with the program.
    DEMO_MODEL {
        name: "Use the demo model",
        keys: [],
        run: |cx| cx.send(Action::UseDemoModel),
    }

    /// Asks for one.
    CHOOSE_MODEL {
        name: "Open another model…",
        keys: [],
        run: |cx| cx.send(Action::ChooseModel),
        menu: Some((Menu::Model, 0)),
        asks_for_text: |_| true,
    }

    /// Its address, whom to trust there, what is sent.
    SERVER {
        name: "Server…",
        keys: [],
        run: |cx| {
            cx.view.windows.server = !cx.view.windows.server;
            cx.view.transient.focus_server = cx.view.windows.server;
        },
        menu: Some((Menu::Model, 0)),
        asks_for_text: |_| true,
        words: mark("remote model address network GPU Triton KServe"),
    }

    /// For the click that it did not answer.
    TRY_AGAIN {
        name: "Ask again for the points that wait",
        keys: [ctrl(Key::R)],
        run: |cx| cx.send(Action::Server(ServerAction::TryAgain)),
        menu: Some((Menu::Segment, 10)),
        enabled: |cx| cx.status.server.waits.is_some(),
        why_not: |_| mark("No click waits for a server or another model."),
        words: mark("try again retry connection server"),
    }

    /// What was asked of another, which a session keeps.
    ANSWER_HERE {
        name: "Let the model in use answer the points that wait",
        keys: [],
        run: |cx| cx.send(Action::Server(ServerAction::AnswerHere)),
        menu: Some((Menu::Segment, 10)),
        enabled: |cx| {
            let waits = cx.status.server.waits.as_ref().is_some_and(|waits| waits.of_another);
            waits && matches!(cx.status.model, ModelStatus::Ready { .. })
        },
        why_not: |cx| match &cx.status.server.waits {
            Some(waits) if waits.of_another => mark("No model is ready yet."),
            _ => mark("No point waits for another model."),
        },
        words: mark("this machine instead of server local answer"),
    }

    /// The one in use.
    ABOUT_MODEL {
        name: "About this model…",
        keys: [],
        run: |cx| cx.view.windows.about_model = !cx.view.windows.about_model,
        menu: Some((Menu::Model, 0)),
        enabled: |cx| matches!(cx.status.model, ModelStatus::Ready { .. }),
        why_not: |_| mark("No model is ready yet."),
    }

    /// From its authors.
    DOWNLOAD_MODEL {
        name: "Download SAM-Med3D-turbo (≈ 400 MB)…",
        keys: [],
        run: |cx| cx.send(Action::DownloadModel),
        menu: Some((Menu::Model, 0)),
        enabled: |cx| cx.status.download.is_none(),
        why_not: |_| mark("It is being downloaded."),
    }

    /// What runs the models.
    GET_RUNTIME {
        name: "Get ONNX Runtime",
        keys: [],
        run: |cx| cx.send(Action::InstallRuntime),
        menu: Some((Menu::Segment, 30)),
        enabled: |cx| matches!(cx.status.runtime, RuntimeStatus::Missing(_)),
        why_not: |_| mark("ONNX Runtime is there already."),
    }
}
