//! What a model on a server needs besides: that somebody has agreed before anything is sent, and that a click which was
//! not answered waits until it is asked for again, instead of being taken back.

use std::collections::HashSet;
use std::path::PathBuf;

use super::held::Held;
use super::schedule::Place;
use super::{DocumentNumber, Hypothesis, Model, OpenDocument};
use crate::document::{Document, EntryId, PendingClick};
use crate::prompt::{ImageId, PromptLog};
use crate::segment::remote::{Pin, ServedModel, ServerProtocol, ServerTrust};
use crate::segment::{ModelRef, SegmentError, Sending, provider_of};
use crate::ui::text::mark;
use crate::ui::{
    AnswerBytes, ConsentQuestion, ModelStatus, OpeningServer, SentSize, ServerDraft, ServerInUse,
    Status, Toasts, WaitingClicks,
};

/// Why a click waits if nothing may be sent.
const NOT_AGREED: &str = mark(
    "the server is not asked, because you have not agreed: choose a model on this machine, or try again and agree",
);

/// A click that waits, and why, in English.
#[derive(Clone, Debug)]
pub(super) struct Waits {
    entry: EntryId,
    why: String,
}

/// An image that goes to a server as a whole: what is agreed to is that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WholeImage {
    document: DocumentNumber,
    image: ImageId,
    time_point: usize,
}

impl WholeImage {
    fn of(open: &OpenDocument, log: &PromptLog) -> Self {
        Self { document: open.number, image: log.image, time_point: log.time_point }
    }
}

/// Whether an image may go to a server: where places are sent, a yes is one for all images; where all of an image is, only
/// for those that it named. So it is where nobody says what is sent.
fn may_go(
    agreed: bool,
    sent: Option<Sending>,
    image: WholeImage,
    agreed_images: &[WholeImage],
) -> bool {
    agreed && (matches!(sent, Some(Sending::Place(_))) || agreed_images.contains(&image))
}

/// What would have been typed for a server.
pub(in crate::app) fn draft_of(served: &ServedModel) -> ServerDraft {
    let ServerTrust { authority, pin, .. } = &served.trust;
    let shown = |path: Option<&PathBuf>| path.map(|p| p.display().to_string()).unwrap_or_default();
    ServerDraft {
        address: served.address.to_string(),
        authority: shown(authority.as_ref()),
        pin: pin.as_ref().map(Pin::to_string).unwrap_or_default(),
        key_file: shown(served.key_file.as_ref()),
        pack: served.compress,
        models: served.models.clone(),
    }
}

impl Model {
    /// The server of the model in use, if it is on one.
    pub fn server(&self) -> Option<&ServedModel> {
        self.loading.in_use().and_then(ModelRef::server)
    }

    /// Whether the model in use may be asked for what lies under a pointer that only rests.
    pub fn may_look(&self, look_ahead: bool) -> bool {
        look_ahead || self.server().is_none()
    }

    /// Whether the model in use may be given the image of these prompts.
    fn may_send(&self, open: &OpenDocument, log: &PromptLog) -> bool {
        let Some(model) = self.loading.in_use() else { return true };
        model.server().is_none_or(|served| {
            let image = open.document.image_of(log);
            let sent = image.and_then(|image| provider_of(model).sends(model, &image));
            may_go(served.agreed.is_given(), sent, WholeImage::of(open, log), &self.agreed_images)
        })
    }

    /// Whether the model in use may be asked for what is wanted: the oldest pending click, or else this one.
    pub(super) fn may_ask(&self, open: &OpenDocument, hypothesis: Option<&Hypothesis>) -> bool {
        let pending = open.document.pending().map(|(_, click)| &click.log);
        let wanted = pending.or(hypothesis.map(|hypothesis| &hypothesis.log));
        let held = self.waits.is_some() || self.held(Some(open)).is_some();
        !held && wanted.is_none_or(|log| self.may_send(open, log))
    }

    /// Somebody has agreed that what the oldest pending click needs is sent.
    pub fn agreed(&mut self, open: Option<&OpenDocument>) {
        if let Some(served) = self.server() {
            served.agreed.set(true);
        }
        if let Some((open, (_, click))) =
            open.and_then(|open| Some((open, open.document.pending()?)))
        {
            self.agreed_images.push(WholeImage::of(open, &click.log));
        }
    }

    /// Nothing more may be sent: stops what is being computed. Its click is not asked about before somebody tries again.
    pub fn take_back(&mut self, open: Option<&OpenDocument>) {
        self.agreed_images.clear();
        self.stop();
        self.not_agreed(open);
    }

    /// Stops what is being computed; a click stays pending.
    fn stop(&mut self) {
        if self.schedule.give_up() {
            self.tokens.all.cancel();
        }
    }

    /// Nothing may be sent: the click waits for another model, or another answer.
    pub fn not_agreed(&mut self, open: Option<&OpenDocument>) {
        let oldest = open.and_then(|open| open.document.pending());
        self.waits = oldest.map(|(entry, _)| Waits { entry, why: NOT_AGREED.to_owned() });
    }

    /// Stops opening the model that was chosen; one that was there before stays in use.
    pub fn stop_opening(&self) {
        self.opening.cancel();
    }

    /// The server that is being asked for its model.
    fn opening_server(&self, status: &Status) -> Option<OpeningServer> {
        let served = self.chosen.as_ref()?.server()?;
        let is_opening = matches!(status.model, ModelStatus::Loading(_));
        let (host, again) = (served.address.host().to_owned(), served.watch.again());
        is_opening.then_some(OpeningServer { host, again })
    }

    /// Asks again for the click that waits; the server itself, if it could not even be reached.
    pub fn try_again(&mut self, status: &mut Status) {
        if self.waits.take().is_none() {
            return;
        }
        let failed = matches!(status.model, ModelStatus::Failed(_) | ModelStatus::Stopped(_));
        let server = self.chosen.as_ref().and_then(ModelRef::server).filter(|_| failed);
        if let Some(served) = server {
            status.model = ModelStatus::Loading(served.address.host().to_owned());
            self.ask_to_start();
        }
        (self.wake)();
    }

    /// Whether the oldest pending click stays pending although it was not answered, because that is its server's fault.
    pub(super) fn waits_for_server(
        &mut self,
        document: &Document,
        entry: EntryId,
        why: &SegmentError,
        toasts: &mut Toasts,
    ) -> bool {
        let is_pending = document.pending().is_some_and(|(oldest, _)| oldest == entry);
        if !is_pending || !matches!(why, SegmentError::Remote(_)) {
            return false;
        }
        // It was taken back in another window: that is asked, and no failure.
        if self.server().is_some_and(|served| !served.agreed.is_given()) {
            return true;
        }
        toasts.error(why.to_string());
        self.waits = Some(Waits { entry, why: why.to_string() });
        true
    }

    /// A click that waited and is not the oldest one any more keeps no other waiting.
    pub(super) fn forget_gone_wait(&mut self, open: Option<&OpenDocument>) {
        let oldest = open.and_then(|open| open.document.pending()).map(|(entry, _)| entry);
        self.waits.take_if(|waits| oldest != Some(waits.entry));
    }

    /// Whether clicks wait because the server of the model that was chosen could not be reached.
    pub(super) fn waits_to_be_opened(&mut self, entry: EntryId, status: &Status) -> bool {
        let (ModelStatus::Failed(why) | ModelStatus::Stopped(why)) = &status.model else {
            return false;
        };
        if self.dead || self.chosen.as_ref().and_then(ModelRef::server).is_none() {
            return false;
        }
        self.waits.get_or_insert_with(|| Waits { entry, why: why.clone() });
        true
    }

    /// The server that is asked, or was to be.
    fn host(&self) -> String {
        let served = self.server().or(self.chosen.as_ref().and_then(ModelRef::server));
        served.map(|served| served.address.host().to_owned()).unwrap_or_default()
    }

    /// What the window says of the server.
    pub(super) fn tell_server(&mut self, open: Option<&OpenDocument>, status: &mut Status) {
        self.forget_gone_wait(open);
        let held = self.held_for_long(open);
        let why = held.map(Held::why).or_else(|| self.waits.as_ref().map(|w| w.why.clone()));
        status.server.waits = why.map(|why| WaitingClicks {
            why,
            name: held.map_or_else(|| self.host(), |held| held.of().name()),
            clicks: open.map_or(0, |open| open.document.all_pending().count()),
            of_another: held.is_some(),
        });
        status.server.asked_of =
            open.and_then(|open| self.asked_of(open)).map(|of| of.text().to_owned());
        status.server.in_use = self.server().map(|served| ServerInUse {
            address: served.address.to_string(),
            draft: draft_of(served),
            host: served.address.host().to_owned(),
            agreed: served.agreed.is_given(),
            sent: served.watch.sent(),
            received: served.watch.received(),
            again: served.watch.again(),
            sending: served.watch.sending(),
            whole: served.address.protocol() == ServerProtocol::NnInteractive,
        });
        status.server.opening = self.opening_server(status);
        status.server.consent = None;
        if !status.asks() {
            status.server.consent = open.and_then(|open| self.consent(open, status));
        }
    }

    /// What is to be agreed to before the oldest pending click is asked for.
    fn consent(&self, open: &OpenDocument, status: &Status) -> Option<ConsentQuestion> {
        let model = self.loading.in_use()?;
        let served = model.server()?;
        let waits = self.waits.is_some() || self.held(Some(open)).is_some();
        if !self.loading.is_ready(status) || waits || open.no_scan {
            return None;
        }
        let (_, click) = open.document.pending()?;
        if self.may_send(open, &click.log) {
            return None;
        }
        let image = open.document.image_of(&click.log)?;
        let sent = provider_of(model).sends(model, &image).unwrap_or(Sending::Place(0));
        let size = match sent {
            Sending::Place(bytes) => {
                let extends = open.document.all_pending().any(|click| click.extend);
                let answers = served.watch.sizes().map(|sizes| AnswerBytes {
                    place_back: sizes.place_back,
                    click_there: sizes.click_there,
                    click_back: sizes.click_back,
                });
                SentSize::Place { bytes, places: self.places(open).max(1), extends, answers }
            }
            Sending::Image(bytes) => SentSize::Image(bytes),
        };
        Some(ConsentQuestion {
            address: served.address.to_string(),
            host: served.address.host().to_owned(),
            name: match image.time_points() {
                1 => image.name().to_owned(),
                all => format!("{} ({}/{all})", image.name(), click.log.time_point + 1),
            },
            size,
            is_plain: !served.address.is_private(),
        })
    }

    /// How many places all pending clicks need: those that were looked at for their objects, by whichever model, and new
    /// ones, each once.
    fn places(&self, open: &OpenDocument) -> usize {
        let (mut objects, mut new) = (HashSet::new(), Vec::<Place>::new());
        let mut known = 0;
        // The newest click of an object has all before it in its log.
        for click in open.document.all_pending().rev() {
            let PendingClick { object, log, .. } = click;
            if !objects.insert(*object) {
                continue;
            }
            let footprint =
                open.document.object(*object).map_or(0, |object| object.answer.footprint.len());
            known += if footprint > 0 { footprint } else { log.extensions.len() };
            for prompt in &log.prompts {
                let place = self.place(open, Some(*object), log, prompt);
                if let Some(place @ Place::New { .. }) = place
                    && !new.iter().any(|other| other.serves(place))
                {
                    new.push(place);
                }
            }
        }
        known + new.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A yes for one whole scan is none for the next.
    #[test]
    fn a_whole_image_goes_only_after_a_yes_for_that_one() {
        let image = |number, image, time_point| {
            let document = DocumentNumber(number);
            WholeImage { document, image, time_point }
        };
        let yes = [image(1, ImageId::Scan, 0)];
        let places = Some(Sending::Place(8));
        let same = image(1, ImageId::Scan, 0);
        for (sent, other, expected) in [
            (places, image(2, ImageId::Scan, 0), true),
            (Some(Sending::Image(4)), same, true),
            (Some(Sending::Image(4)), image(2, ImageId::Scan, 0), false),
            (Some(Sending::Image(4)), image(1, ImageId::Overlay(1), 0), false),
            (Some(Sending::Image(4)), image(1, ImageId::Scan, 1), false),
            (None, same, true),
            (None, image(2, ImageId::Scan, 0), false),
        ] {
            assert_eq!(may_go(true, sent, other, &yes), expected, "{sent:?} {other:?}");
            assert!(!may_go(false, sent, other, &yes), "taken back, nothing goes");
        }
    }
}
