//! What a model has answered, brought into the document and told.

use std::sync::Arc;

use crate::document::{Command, Document, EntryId, Object, PendingClick, Resolution};
use crate::prompt::Answer;
use crate::segment::{Outcome, SegmentError, Timings};
use crate::ui::commands::edit::UNDO;
use crate::ui::text::{tr, tr_with};
use crate::ui::{Latency, NetworkTimes, Status, Toasts};

/// Brings an answer of a model into the document. `stopped`: by the user, on the way. Says why there is none.
pub(super) fn finish(
    document: &mut Document,
    entry: EntryId,
    result: Result<(String, Outcome), SegmentError>,
    stopped: bool,
    status: &mut Status,
    toasts: &mut Toasts,
) -> Option<String> {
    match result {
        Ok((model, outcome)) => {
            let latency = latency(&outcome.timings);
            let pending = document.pending().map(|(_, click)| click);
            let news = pending.and_then(|click| news(click, &outcome, stopped).map(str::to_owned));
            let object = pending.and_then(|click| document.object(click.object));
            let asked = pending.zip(object).and_then(|(click, object)| {
                let point = click.log.prompts.last().map(|prompt| prompt.id);
                let fresh = click.log.prompts.len() > object.replayed();
                Some((object.id, point.filter(|_| fresh)?, Arc::clone(&object.region)))
            });
            let news = news.or_else(|| asked_again(object?, &model));
            let resolution = Resolution {
                answer: Answer { model: Some(model), ..outcome.answer },
                extensions: outcome.extensions,
                region: outcome.region,
            };
            let resolve = Command::Resolve { entry, resolution: Arc::new(resolution) };
            // A click undone meanwhile is stale: its answer is dropped.
            if document.apply(resolve).is_ok() {
                status.latency = Some(latency);
                let idle = asked.filter(|(id, _, before)| {
                    document.object(*id).is_some_and(|object| object.region == *before)
                });
                status.idle_point = idle.map(|(id, point, _)| (id, point));
                if let Some(news) = news {
                    toasts.info(news);
                }
            }
            None
        }
        Err(SegmentError::Cancelled) => {
            let _gone_is_fine = document.apply(Command::Withdraw(entry));
            None
        }
        Err(why) => {
            document.apply(Command::Withdraw(entry)).ok()?;
            toasts.error(why.to_string());
            Some(why.to_string())
        }
    }
}

/// What the user is told when an object goes over to another model: its mask may be quite another now.
fn asked_again(object: &Object, model: &str) -> Option<String> {
    let before = object.answer.model.as_deref()?;
    (before != model).then(|| {
        tr_with(
            "{name}: its points were asked again of the model that is in use now ({key} brings the old mask back)",
            &[("name", &object.name), ("key", &UNDO.key_text())],
        )
    })
}

/// What the user is told of an extension that did not end as expected.
fn news(click: &PendingClick, outcome: &Outcome, stopped: bool) -> Option<&'static str> {
    match (click.extend, outcome.extensions == click.log.extensions) {
        (true, false) if stopped => Some(tr("Extending was stopped; what was found is kept")),
        (true, true) => Some(tr("The model finds nothing more beyond its window")),
        _ => None,
    }
}

fn latency(times: &Timings) -> Latency {
    Latency {
        encode: [times.crop, times.encode].into_iter().flatten().reduce(|a, b| a + b),
        decode: times.decode.iter().fold(0.0, |sum, ms| sum + ms),
        paste: times.paste,
        network: times.traffic.map(|traffic| NetworkTimes {
            network: traffic.network_ms,
            server: traffic.server_ms,
            sent: traffic.sent,
            received: traffic.received,
        }),
    }
}
