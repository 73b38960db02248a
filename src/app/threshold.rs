//! The threshold of an object's mask, moved by a slider, and which of the mask's parts are kept: the mask is computed
//! again from the model's answer on a thread of its own. The newest position of the slider wins, and one drag of it is
//! one step to undo.

use std::sync::Arc;

use super::{DocumentNumber, OpenDocument};
use crate::document::{Command, LabelId, ModelMask};
use crate::geom::Grid;
use crate::prompt::{Answer, KeptParts, ModelState, PromptLog};
use crate::segment::{Adjusted, adjusted};
use crate::ui::Status;
use crate::work::{Wake, Worker};

/// A position of the slider.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SliderPosition {
    document: DocumentNumber,
    object: LabelId,
    /// In log odds.
    threshold: f32,
    gesture: u64,
}

/// Which parts of an object's mask are to be kept.
#[derive(Clone, Copy, Debug, PartialEq)]
struct WantedParts {
    document: DocumentNumber,
    object: LabelId,
    parts: KeptParts,
}

/// What is wanted of a mask.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Threshold(SliderPosition),
    Parts(WantedParts),
}

impl Wanted {
    /// Of what.
    fn object(self) -> (DocumentNumber, LabelId) {
        match self {
            Self::Threshold(SliderPosition { document, object, .. })
            | Self::Parts(WantedParts { document, object, .. }) => (document, object),
        }
    }

    /// The log that the mask is to be of.
    fn of(self, log: &PromptLog) -> PromptLog {
        match self {
            Self::Threshold(wanted) => PromptLog { threshold: wanted.threshold, ..log.clone() },
            Self::Parts(wanted) => PromptLog { parts: wanted.parts, ..log.clone() },
        }
    }
}

struct Request {
    wanted: Wanted,
    answer: Answer,
    log: PromptLog,
    /// Of the mask.
    grid: Grid,
    /// Of the image that the answer is about.
    image_grid: Grid,
}

struct Computed {
    wanted: Wanted,
    /// Of the answer that it was computed from: another answer since then makes it worthless.
    state: Option<ModelState>,
    /// What it is the mask of.
    log: PromptLog,
    mask: Option<Adjusted>,
}

pub(super) struct Threshold {
    worker: Worker<Request, Computed>,
    asked: Option<Wanted>,
    /// What was asked is not wanted any more.
    given_up: bool,
    next: Option<SliderPosition>,
    /// In the order in which they were asked for, one for an object.
    parts: Vec<WantedParts>,
    gesture: u64,
    /// The gesture that the newest change belongs to.
    applied: Option<u64>,
}

impl Threshold {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("threshold", wake, |request, tell: &dyn Fn(Computed)| {
            let Request { wanted, answer, log, grid, image_grid } = request;
            let mask = adjusted(&answer, &log, &grid, &image_grid);
            tell(Computed { wanted, state: answer.state, log, mask });
        })?;
        Ok(Self {
            worker,
            asked: None,
            given_up: false,
            next: None,
            parts: Vec::new(),
            gesture: 0,
            applied: None,
        })
    }

    /// The slider was moved; `begins` if this is where a gesture starts.
    pub fn set(
        &mut self,
        document: DocumentNumber,
        (object, threshold): (LabelId, f32),
        begins: bool,
        status: &mut Status,
    ) {
        self.gesture += u64::from(begins);
        self.next = Some(SliderPosition { document, object, threshold, gesture: self.gesture });
        status.threshold = Some((object, threshold));
    }

    /// Other parts are to be kept.
    pub fn keep(&mut self, document: DocumentNumber, object: LabelId, parts: KeptParts) {
        self.parts.retain(|wanted| (wanted.document, wanted.object) != (document, object));
        self.parts.push(WantedParts { document, object, parts });
    }

    /// What was asked for last of parts, and is not there yet, is not done. `false` if there is nothing.
    pub fn give_up_parts(&mut self) -> bool {
        if self.parts.pop().is_some() {
            return true;
        }
        let computed = matches!(self.asked, Some(Wanted::Parts(_))) && !self.given_up;
        self.given_up |= computed;
        computed
    }

    /// Whether the mask is not yet as it is wanted.
    pub fn is_busy(&self) -> bool {
        self.asked.is_some() || self.next.is_some() || !self.parts.is_empty()
    }

    /// What is wanted and can be had now; of a document that was closed nothing is. The mask of an object of which a
    /// click is computed waits: there is no answer to use, but there will be.
    fn take(&mut self, open: Option<&OpenDocument>) -> Option<Wanted> {
        let ready = |wanted: Wanted| {
            let (document, object) = wanted.object();
            open.is_none_or(|open| open.number != document || !open.document.is_pending(object))
        };
        if let Some(moved) = self.next.take_if(|next| ready(Wanted::Threshold(*next))) {
            return Some(Wanted::Threshold(moved));
        }
        let at = self.parts.iter().position(|parts| ready(Wanted::Parts(*parts)))?;
        Some(Wanted::Parts(self.parts.remove(at)))
    }

    /// Takes in the masks that are there and asks for what is wanted now.
    pub fn step(&mut self, mut open_document: Option<&mut OpenDocument>, status: &mut Status) {
        while let Some(told) = self.worker.poll() {
            self.asked = None;
            // A worker that has died answers nothing: the slider goes back to where the mask is.
            let Ok(result) = told else { break };
            let of = result.wanted.object().0;
            if std::mem::take(&mut self.given_up) {
                continue;
            }
            if let Some(open_document) = open_document.as_deref_mut().filter(|s| s.number == of) {
                self.apply(result, open_document);
            }
        }
        if self.asked.is_none()
            && let Some(wanted) = self.take(open_document.as_deref())
            && let (number, id) = wanted.object()
            && let Some(open_document) = open_document.filter(|s| s.number == number)
            && let Some(object) = open_document.document.object(id)
            && let Some(image) = open_document.document.image_of(&object.log)
        {
            let grid = open_document.document.image().grid().clone();
            let image_grid = image.grid().clone();
            let (answer, log) = (object.answer.clone(), wanted.of(&object.log));
            if self.worker.submit(Request { wanted, answer, log, grid, image_grid }).is_ok() {
                self.asked = Some(wanted);
            }
        }
        if !self.is_busy() {
            status.threshold = None;
        }
    }

    /// Asks for it once more, unless something newer is wanted of the object.
    fn again(&mut self, wanted: WantedParts) {
        let of = (wanted.document, wanted.object);
        if !self.parts.iter().any(|other| (other.document, other.object) == of) {
            self.parts.insert(0, wanted);
        }
    }

    fn apply(&mut self, result: Computed, open_document: &mut OpenDocument) {
        let Computed { wanted, state, log, mask } = result;
        let id = wanted.object().1;
        let Some(object) = open_document.document.object(id) else { return };
        let same = object.answer.state == state;
        if open_document.document.is_pending(id) || same && wanted.of(&object.log) != log {
            // It will be of the click's answer, or of the log as it is now, unless something newer is wanted.
            match wanted {
                Wanted::Threshold(wanted) => _ = self.next.get_or_insert(wanted),
                Wanted::Parts(wanted) => self.again(wanted),
            }
            return;
        }
        if let (Wanted::Parts(wanted), false) = (wanted, same) {
            // Another answer is there already: it is computed from that.
            self.again(wanted);
            return;
        }
        let Some(Adjusted { region, touches, cut }) = mask.filter(|_| same) else { return };
        let region = Arc::new(region);
        let document = &mut open_document.document;
        match wanted {
            Wanted::Threshold(SliderPosition { object, threshold, gesture, .. }) => {
                let continues = self.applied == Some(gesture);
                let command =
                    Command::SetThreshold { object, threshold, region, touches, cut, continues };
                if document.apply(command).is_ok() {
                    self.applied = Some(gesture);
                }
            }
            Wanted::Parts(WantedParts { object, parts, .. }) => {
                let mask = Some(ModelMask { region, touches, cut });
                // Locked meanwhile, it stays as it is.
                let _as_it_is = document.apply(Command::KeepParts { object, parts, mask });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Resolution};
    use crate::geom::{DAffine3, DVec3};
    use crate::prompt::Prompt;
    use crate::segment::adjustable;
    use crate::volume::{Region, Scale, StoredGeometry, Volume, Voxels};

    const DIMS: [usize; 3] = [4; 3];

    fn open_document() -> OpenDocument {
        let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
        let (voxels, stored) = (Voxels::U8(vec![0; grid.count()]), StoredGeometry::of(&grid));
        let volume =
            Volume::new("phantom", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, vec![]);
        OpenDocument::new(DocumentNumber(1), Document::new(Arc::new(volume)), "scan".into())
    }

    fn click(document: &mut Document) {
        let prompt = Prompt::positive(DVec3::splat(1.0));
        document.apply(Command::AddPrompt { object: None, prompt }).unwrap();
    }

    /// The mask of a model that is as sure of every voxel: log odds of 1.
    #[allow(clippy::unnecessary_wraps)]
    fn mask(_: &Answer, log: &PromptLog, grid: &Grid, _: &Grid) -> Option<Adjusted> {
        let all = std::iter::repeat_n(log.threshold < 1.0, grid.count());
        let region = Region::from_mask(grid.dims()[0], all);
        Some(Adjusted { region, touches: false, cut: false })
    }

    /// Answers as that model.
    fn answer(document: &mut Document) {
        let (entry, pending) = document.pending().unwrap();
        let prompts = pending.log.prompts.clone();
        let state = Some(adjustable(prompts.len(), mask));
        let answer = Answer { prompts, adjustable: true, state, ..Answer::default() };
        let grid = document.image().grid();
        let Adjusted { region, .. } = adjusted(&answer, &pending.log, grid, grid).unwrap();
        let resolution = Resolution { answer, extensions: Vec::new(), region };
        document.apply(Command::Resolve { entry, resolution: Arc::new(resolution) }).unwrap();
    }

    fn until_idle(
        threshold: &mut Threshold,
        open_document: &mut OpenDocument,
        status: &mut Status,
    ) {
        for _ in 0..2000 {
            threshold.step(Some(open_document), status);
            if !threshold.is_busy() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("still busy");
    }

    #[test]
    fn a_click_right_after_a_drag_does_not_lose_its_value() {
        // The click comes before the value has been asked for, or before its mask is there.
        for asked in [false, true] {
            let mut threshold = Threshold::start(Arc::new(|| ())).unwrap();
            let (mut open_document, mut status) = (open_document(), Status::default());
            click(&mut open_document.document);
            answer(&mut open_document.document);
            assert_eq!(open_document.document.objects()[0].region.count(), 64);
            let wanted = (open_document.document.objects()[0].id, 2.0);
            threshold.set(open_document.number, wanted, true, &mut status);
            if asked {
                threshold.step(Some(&mut open_document), &mut status);
            }
            click(&mut open_document.document);
            for _ in 0..20 {
                threshold.step(Some(&mut open_document), &mut status);
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            assert!(threshold.is_busy() && status.threshold == Some(wanted), "{asked}");
            answer(&mut open_document.document);
            until_idle(&mut threshold, &mut open_document, &mut status);
            let object = &open_document.document.objects()[0];
            assert_eq!((object.log.threshold, object.region.count()), (2.0, 0), "{asked}");
            assert_eq!((object.replayed(), status.threshold), (2, None));
        }
    }

    #[test]
    fn a_value_for_one_scan_is_not_one_for_the_next() {
        let mut threshold = Threshold::start(Arc::new(|| ())).unwrap();
        let (mut other, mut status) = (open_document(), Status::default());
        click(&mut other.document);
        answer(&mut other.document);
        let wanted = (other.document.objects()[0].id, 2.0);
        threshold.set(DocumentNumber(7), wanted, true, &mut status);
        until_idle(&mut threshold, &mut other, &mut status);
        assert_eq!(other.document.objects()[0].log.threshold, 0.0);
    }

    /// Clicked and answered, and the slider moved to these values: `true` begins a drag.
    fn moved(values: &[(f32, bool)]) -> (Threshold, OpenDocument, Status) {
        let mut threshold = Threshold::start(Arc::new(|| ())).unwrap();
        let (mut open_document, mut status) = (open_document(), Status::default());
        click(&mut open_document.document);
        answer(&mut open_document.document);
        let id = open_document.document.objects()[0].id;
        for &(value, begins) in values {
            threshold.set(open_document.number, (id, value), begins, &mut status);
            until_idle(&mut threshold, &mut open_document, &mut status);
        }
        (threshold, open_document, status)
    }

    #[test]
    fn parts_are_not_lost_to_another_object_or_answer_and_can_be_given_up() {
        let (mut threshold, mut open, mut status) = moved(&[]);
        let (number, id) = (open.number, open.document.objects()[0].id);
        let parts = |open: &OpenDocument| open.document.objects()[0].log.parts;
        // Before it is asked for, and while it is computed.
        for asked in [false, true] {
            threshold.keep(number, id, KeptParts::Clicked);
            if asked {
                threshold.step(Some(&mut open), &mut status);
            }
            assert!(threshold.give_up_parts() && !threshold.give_up_parts(), "{asked}");
            until_idle(&mut threshold, &mut open, &mut status);
            assert_eq!(parts(&open), KeptParts::All, "{asked}");
        }
        // Something is wanted of another object (which is gone), too.
        threshold.keep(number, id, KeptParts::Clicked);
        threshold.keep(number, LabelId(9), KeptParts::Clicked);
        until_idle(&mut threshold, &mut open, &mut status);
        assert_eq!(parts(&open), KeptParts::Clicked);
        // Another answer is there before it is.
        threshold.keep(number, id, KeptParts::All);
        threshold.step(Some(&mut open), &mut status);
        click(&mut open.document);
        answer(&mut open.document);
        until_idle(&mut threshold, &mut open, &mut status);
        assert_eq!(parts(&open), KeptParts::All);
    }

    #[test]
    fn a_drag_is_one_step_and_the_next_one_another() {
        for (values, steps) in [
            (&[(2.0, true)][..], 1),
            (&[(2.0, true), (0.5, false), (3.0, false)], 1),
            (&[(2.0, true), (0.5, true)], 2),
            (&[(2.0, true), (0.5, false), (3.0, true), (0.25, false)], 2),
        ] {
            let (_, mut open_document, status) = moved(values);
            let document = &mut open_document.document;
            assert_eq!(document.history_steps().1, 1 + steps, "{values:?}");
            let last = values.last().unwrap().0;
            assert_eq!(document.objects()[0].log.threshold, last);
            assert_eq!(document.objects()[0].region.count(), if last < 1.0 { 64 } else { 0 });
            assert_eq!(status.threshold, None, "the slider shows the mask's own");
            for _ in 0..steps {
                document.undo();
            }
            assert_eq!(document.objects()[0].log.threshold, 0.0);
        }
    }

    /// After an undo the drag goes on as a step of its own: what was there before is not part of it.
    #[test]
    fn a_drag_does_not_swallow_what_was_undone_in_it() {
        let (mut threshold, mut open_document, mut status) = moved(&[(2.0, true)]);
        open_document.document.undo();
        let id = open_document.document.objects()[0].id;
        threshold.set(open_document.number, (id, 3.0), false, &mut status);
        until_idle(&mut threshold, &mut open_document, &mut status);
        assert_eq!(open_document.document.history_steps().1, 2);
        open_document.document.undo();
        let object = &open_document.document.objects()[0];
        assert_eq!((object.log.threshold, object.region.count()), (0.0, 64));
    }

    #[test]
    fn what_can_not_be_laid_changes_nothing_and_frees_the_slider() {
        let mut threshold = Threshold::start(Arc::new(|| ())).unwrap();
        let (mut open_document, mut status) = (open_document(), Status::default());
        // An answer without a threshold of its own, a locked object, and one that is gone.
        for case in ["rigid", "locked", "gone"] {
            let document = &mut open_document.document;
            document.apply(Command::NewObject).unwrap();
            click(document);
            let (entry, pending) = document.pending().unwrap();
            let prompts = pending.log.prompts.clone();
            let state = (case != "rigid").then(|| adjustable(prompts.len(), mask));
            let answer =
                Answer { prompts, adjustable: state.is_some(), state, ..Answer::default() };
            let resolution =
                Resolution { answer, extensions: Vec::new(), region: Region::default() };
            document.apply(Command::Resolve { entry, resolution: Arc::new(resolution) }).unwrap();
            let id = document.active().unwrap().id;
            match case {
                "locked" => document.apply(Command::SetLocked(id, true)).unwrap(),
                "gone" => document.apply(Command::RemoveObject(id)).unwrap(),
                _ => {}
            }
            let (state, labels) = (document.state(), document.labels().clone());
            threshold.set(open_document.number, (id, 0.5), true, &mut status);
            until_idle(&mut threshold, &mut open_document, &mut status);
            assert_eq!((open_document.document.state(), status.threshold), (state, None), "{case}");
            assert_eq!(open_document.document.labels(), &labels, "{case}");
        }
    }
}
