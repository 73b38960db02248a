//! What a model on a server needs besides: that somebody has agreed before anything is sent, and that a click which was
//! not answered waits until it is asked for again, instead of being taken back.

use super::schedule::Place;
use super::{Model, OpenDocument};
use crate::document::{Document, EntryId};
use crate::segment::remote::ServedModel;
use crate::segment::{ModelRef, SegmentError, Sending, provider_of};
use crate::ui::text::mark;
use crate::ui::{ConsentQuestion, ModelStatus, SentSize, ServerInUse, Status, Toasts};

/// Why a click waits if nothing may be sent.
const NOT_AGREED: &str = mark(
    "nothing was sent, because you have not agreed: choose a model on this machine, or try again and agree",
);

impl Model {
    /// The server of the model in use, if it is on one.
    pub fn server(&self) -> Option<&ServedModel> {
        self.loading.in_use().and_then(ModelRef::server)
    }

    /// Whether the model in use may be asked for what lies under a pointer that only rests.
    pub fn may_look(&self, look_ahead: bool) -> bool {
        look_ahead || self.server().is_none()
    }

    /// Whether the model in use may be asked at all.
    pub(super) fn may_ask(&self) -> bool {
        self.waits.is_none() && self.server().is_none_or(|served| served.agreed.is_given())
    }

    /// Stops what is being computed; a click stays pending.
    pub fn stop(&mut self) {
        if self.schedule.give_up() {
            self.tokens.all.cancel();
        }
    }

    /// Nothing may be sent: the click waits for another model, or another answer.
    pub fn not_agreed(&mut self) {
        self.waits = Some(NOT_AGREED.to_owned());
    }

    /// Asks again for the click that waits; the server itself, if it could not even be reached.
    pub fn try_again(&mut self, status: &mut Status) {
        if self.waits.take().is_none() {
            return;
        }
        let failed = matches!(status.model, ModelStatus::Failed(_));
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
        toasts.error(why.to_string());
        self.waits = Some(why.to_string());
        true
    }

    /// Whether clicks wait because the server of the model that was chosen could not be reached.
    pub(super) fn waits_to_be_opened(&mut self, status: &Status) -> bool {
        let ModelStatus::Failed(why) = &status.model else { return false };
        if self.dead || self.chosen.as_ref().and_then(ModelRef::server).is_none() {
            return false;
        }
        self.waits.get_or_insert_with(|| why.clone());
        true
    }

    /// What the window says of the server.
    pub(super) fn tell_server(&mut self, open: Option<&OpenDocument>, status: &mut Status) {
        if open.is_none_or(|open| open.document.pending().is_none()) {
            self.waits = None;
        }
        status.server.waits.clone_from(&self.waits);
        status.server.in_use = self.server().map(|served| ServerInUse {
            address: served.address.to_string(),
            host: served.address.host().to_owned(),
            agreed: served.agreed.is_given(),
            sent: served.watch.sent(),
            again: served.watch.again(),
        });
        status.server.consent = None;
        if !status.asks() {
            status.server.consent = open.and_then(|open| self.consent(open, status));
        }
    }

    /// What is to be agreed to before the oldest pending click is asked for.
    fn consent(&self, open: &OpenDocument, status: &Status) -> Option<ConsentQuestion> {
        let model = self.loading.in_use()?;
        let served = model.server().filter(|served| !served.agreed.is_given())?;
        if !self.loading.is_ready(status) || self.waits.is_some() || open.no_scan {
            return None;
        }
        let (_, click) = open.document.pending()?;
        let image = open.document.image_of(&click.log)?;
        let sent = provider_of(model).sends(model).unwrap_or(Sending::Place(0));
        let size = match sent {
            Sending::Place(bytes) => {
                let object = open.document.object(click.object);
                let known = object.map_or(0, |object| object.answer.footprint.len());
                let is_new = matches!(self.wanted_click(open)?.1, Place::New { .. });
                SentSize::Place { bytes, places: (known + usize::from(is_new)).max(1) }
            }
            Sending::Image(voxel) => {
                SentSize::Image(voxel.saturating_mul(image.grid().count() as u64))
            }
        };
        Some(ConsentQuestion {
            address: served.address.to_string(),
            host: served.address.host().to_owned(),
            name: image.name().to_owned(),
            size,
            is_plain: !served.address.is_private(),
        })
    }
}
