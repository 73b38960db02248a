//! Who gets the model next. Pure: it is told what is wanted and what has come back, and says what to send
//! and what to stop; no thread, no clock.
//!
//! The model does one thing at a time. A click goes before the preview of one that the pointer would make,
//! and what nobody wants any more is stopped. Preparing a place of the scan (the image encoder) takes long, so what is
//! being prepared for a preview is left to finish when it does the next click's work: the model's [`Spot`]s tell.

use crate::prompt::{ImageId, WorkingScale};
use crate::segment::Spot;

/// Numbers the jobs: an answer to one that was given up is not an answer to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JobNumber(pub u64);

/// The place in the scan that a model has to look at for a click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A new one, at this spot (at a working scale) of one of the document's images, at one of its time points.
    New { document: u64, image: ImageId, time_point: usize, scale: WorkingScale, spot: Spot },
    /// One that was looked at for the object already.
    Known { document: u64, label: u16 },
}

impl Place {
    /// The document that it is of.
    fn document(self) -> u64 {
        match self {
            Self::New { document, .. } | Self::Known { document, .. } => document,
        }
    }

    /// Whether who needs `other` is served by this one.
    pub fn serves(self, other: Self) -> bool {
        match (self, other) {
            (
                Self::New { document, image, time_point, scale, spot },
                Self::New { document: d, image: i, time_point: t, scale: s, spot: other },
            ) => (document, image, time_point, scale) == (d, i, t, s) && spot.serves(other),
            (Self::Known { .. }, Self::Known { .. }) => self == other,
            _ => false,
        }
    }
}

/// What the model is to do. `C` names a click, `H` a click that the pointer would make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job<C, H> {
    /// Answer a click.
    Click(C),
    /// Show what a click would give; if its place has to be prepared, do that first (`encode`), or else do nothing.
    Hover { key: H, place: Place, encode: bool },
}

/// What is wanted at this moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<C, H> {
    /// The open document, if there is one: nothing is computed for one that was closed.
    pub document: Option<u64>,
    /// The oldest pending click.
    pub click: Option<(C, Place)>,
    /// The click that the pointer would make.
    pub hover: Option<(H, Place)>,
    /// The pointer has not moved for a moment.
    pub resting: bool,
    /// A model is there to be asked.
    pub ready: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instruction<C, H> {
    Send(JobNumber, Job<C, H>),
    /// Stop what is being computed.
    Stop,
    /// Let the preparation finish, but compute no preview after it.
    StopAfterEncoding,
}

/// What came of a job for the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HoverResult {
    /// With a preview.
    Shown,
    /// The place has to be prepared first.
    NotReady,
    /// It can't be computed.
    Failed,
    /// Stopped, after the preparation or before.
    Stopped,
}

#[derive(Clone, Copy, Debug)]
struct Running<C, H> {
    number: JobNumber,
    job: Job<C, H>,
    encoding: bool,
    stopped: bool,
    no_preview: bool,
}

#[derive(Debug)]
pub(super) struct Schedule<C, H> {
    numbers: u64,
    running: Option<Running<C, H>>,
    /// The last answer to the pointer: not asked for again.
    answered: Option<(H, HoverResult)>,
}

impl<C, H> Default for Schedule<C, H> {
    fn default() -> Self {
        Self { numbers: 0, running: None, answered: None }
    }
}

impl<C: Copy + PartialEq, H: Copy + PartialEq> Schedule<C, H> {
    /// What to do now. Ask again until there is nothing.
    pub fn next(&mut self, wanted: &Wanted<C, H>) -> Option<Instruction<C, H>> {
        if let Some(running) = &mut self.running {
            return running.correct(wanted);
        }
        if !wanted.ready {
            return None;
        }
        let job = match (wanted.click, wanted.hover) {
            (Some((click, _)), _) => Job::Click(click),
            (None, Some((key, place))) => {
                let again = match self.answered.filter(|(answered, _)| *answered == key) {
                    None => true,
                    Some((_, HoverResult::NotReady)) => wanted.resting,
                    Some(_) => false,
                };
                if !again {
                    return None;
                }
                Job::Hover { key, place, encode: wanted.resting }
            }
            (None, None) => return None,
        };
        self.numbers += 1;
        let number = JobNumber(self.numbers);
        let (encoding, stopped, no_preview) = (false, false, false);
        self.running = Some(Running { number, job, encoding, stopped, no_preview });
        Some(Instruction::Send(number, job))
    }

    /// The job has started, or ended, to prepare its place. `false` if nobody waits for it.
    pub fn encoding(&mut self, number: JobNumber, encoding: bool) -> bool {
        match &mut self.running {
            Some(running) if running.number == number => {
                running.encoding = encoding;
                !running.stopped
            }
            _ => false,
        }
    }

    /// A click's job is done: the click, unless nobody wants its answer.
    pub fn click_done(&mut self, number: JobNumber) -> Option<C> {
        let running = self.running.take_if(|f| f.number == number)?;
        match running.job {
            Job::Click(click) if !running.stopped => Some(click),
            _ => None,
        }
    }

    /// A job for the pointer is done: for which click, unless nobody wants its answer.
    pub fn hover_done(&mut self, number: JobNumber, result: HoverResult) -> Option<H> {
        let running = self.running.take_if(|f| f.number == number)?;
        let Job::Hover { key, encode, .. } = running.job else { return None };
        if running.stopped {
            return None;
        }
        let result = match result {
            // Encoding did not help, or was not worth it: nor will it the next time.
            HoverResult::NotReady if encode => HoverResult::Failed,
            other => other,
        };
        if result != HoverResult::Stopped {
            self.answered = Some((key, result));
        }
        Some(key)
    }

    /// What was shown is not shown any more: it may be asked for again.
    pub fn forget(&mut self) {
        self.answered = None;
    }

    /// Gives up what is being computed, whatever it is: another model will be asked. Whether there is something to
    /// be stopped.
    pub fn give_up(&mut self) -> bool {
        match &mut self.running {
            Some(running) if !running.stopped => {
                running.stopped = true;
                true
            }
            _ => false,
        }
    }

    /// The worker has died: nothing will be done.
    pub fn lost(&mut self) {
        self.running = None;
    }

    /// The click being computed, if nobody has given it up.
    pub fn click(&self) -> Option<C> {
        match self.running {
            Some(Running { job: Job::Click(click), stopped: false, .. }) => Some(click),
            _ => None,
        }
    }

    /// Whether a place is being prepared for the pointer.
    pub fn prefetches(&self) -> bool {
        let hover = |f: &Running<C, H>| matches!(f.job, Job::Hover { .. });
        self.running.as_ref().is_some_and(|f| hover(f) && f.encoding && !f.stopped)
    }
}

impl<C: PartialEq, H: PartialEq> Running<C, H> {
    /// Stops what is not wanted any more, once.
    fn correct(&mut self, wanted: &Wanted<C, H>) -> Option<Instruction<C, H>> {
        if self.stopped {
            return None;
        }
        let (keep, preview) = match &self.job {
            Job::Click(click) => (wanted.click.as_ref().is_some_and(|(c, _)| c == click), true),
            Job::Hover { key, place, .. } => match (&wanted.click, &wanted.hover) {
                // Its own decoder would keep the click waiting.
                (Some((_, other)), _) => (self.encoding && place.serves(*other), false),
                // A decoder at work is soon done, and its picture is nearly where the pointer is now.
                (None, Some((other, there))) => {
                    (!self.encoding || place.serves(*there), !self.encoding || key == other)
                }
                // The pointer may come back, as long as there is something for it to come back to.
                (None, None) => (wanted.document == Some(place.document()), !self.encoding),
            },
        };
        if !keep {
            self.stopped = true;
            return Some(Instruction::Stop);
        }
        if !preview && !self.no_preview {
            self.no_preview = true;
            return Some(Instruction::StopAfterEncoding);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Test = Schedule<&'static str, u32>;

    fn spot(cell: [i64; 3]) -> Spot {
        Spot { cell, reach: 8 }
    }

    fn around(x: i64) -> Place {
        let (scale, spot) = (WorkingScale::ONE, spot([x, 0, 0]));
        Place::New { document: 1, image: ImageId::Scan, time_point: 0, scale, spot }
    }

    fn nothing() -> Wanted<&'static str, u32> {
        Wanted { document: Some(1), click: None, hover: None, resting: false, ready: true }
    }

    fn hover(x: i64, resting: bool) -> Wanted<&'static str, u32> {
        Wanted { hover: Some((x as u32, around(x))), resting, ..nothing() }
    }

    fn click(name: &'static str, x: i64) -> Wanted<&'static str, u32> {
        Wanted { click: Some((name, around(x))), ..nothing() }
    }

    fn sent(
        instruction: Option<Instruction<&'static str, u32>>,
    ) -> (JobNumber, Job<&'static str, u32>) {
        match instruction {
            Some(Instruction::Send(number, job)) => (number, job),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_click_goes_before_the_pointer_and_nothing_before_the_model() {
        let mut s = Test::default();
        let both = Wanted { hover: hover(50, true).hover, ..click("a", 0) };
        assert_eq!(s.next(&Wanted { ready: false, ..both }), None);
        let (number, job) = sent(s.next(&both));
        assert_eq!(job, Job::Click("a"));
        assert_eq!(s.next(&both), None, "one at a time");
        assert_eq!(s.click(), Some("a"));
        assert_eq!(s.click_done(number), Some("a"));
        let (_, job) = sent(s.next(&hover(50, true)));
        assert_eq!(job, Job::Hover { key: 50, place: around(50), encode: true });
    }

    #[test]
    fn nothing_is_computed_for_a_scan_that_was_closed_or_a_model_that_was_given_up() {
        // The pointer left the scan: its place is encoded to the end. The scan is closed: it is not.
        let mut s = Test::default();
        let (number, _) = sent(s.next(&hover(1, true)));
        assert!(s.encoding(number, true));
        assert_eq!(s.next(&nothing()), Some(Instruction::StopAfterEncoding));
        for closed in [None, Some(2)] {
            let mut s = Test::default();
            let (number, _) = sent(s.next(&hover(1, true)));
            assert!(s.encoding(number, true));
            assert_eq!(s.next(&Wanted { document: closed, ..nothing() }), Some(Instruction::Stop));
            assert_eq!(s.hover_done(number, HoverResult::Stopped), None);
        }
        // Another model is chosen: the click is asked again of that one.
        let mut s = Test::default();
        assert!(!s.give_up(), "nothing to stop");
        let (first, _) = sent(s.next(&click("a", 0)));
        assert!(s.give_up() && !s.give_up());
        assert_eq!(s.next(&click("a", 0)), None);
        assert_eq!(s.click_done(first), None);
        assert_eq!(sent(s.next(&click("a", 0))).1, Job::Click("a"));
    }

    #[test]
    fn a_click_that_nobody_waits_for_is_stopped_and_its_answer_dropped() {
        let mut s = Test::default();
        let (first, _) = sent(s.next(&click("a", 0)));
        assert_eq!(s.next(&nothing()), Some(Instruction::Stop));
        assert_eq!(s.next(&click("b", 0)), None, "only when the first is done");
        assert_eq!(s.click(), None);
        assert!(!s.encoding(first, true), "and nobody looks at its stages");
        assert_eq!(s.click_done(first), None);
        let (second, job) = sent(s.next(&click("b", 0)));
        assert_eq!(job, Job::Click("b"));
        assert_eq!(s.click_done(first), None, "an old job is no answer");
        assert_eq!(s.click_done(second), Some("b"));
    }

    #[test]
    fn a_moving_pointer_asks_but_does_not_encode_until_it_rests() {
        let mut s = Test::default();
        let (number, job) = sent(s.next(&hover(1, false)));
        assert_eq!(job, Job::Hover { key: 1, place: around(1), encode: false });
        assert_eq!(s.hover_done(number, HoverResult::NotReady), Some(1));
        assert_eq!(s.next(&hover(1, false)), None, "asked already");
        let (number, job) = sent(s.next(&hover(1, true)));
        assert_eq!(job, Job::Hover { key: 1, place: around(1), encode: true });
        assert!(!s.prefetches());
        assert!(s.encoding(number, true) && s.prefetches());
        assert_eq!(s.next(&hover(1, true)), None);
        assert!(s.encoding(number, false) && !s.prefetches());
        assert_eq!(s.hover_done(number, HoverResult::Shown), Some(1));
        assert_eq!(s.next(&hover(1, true)), None, "it is shown");
        assert_eq!(
            sent(s.next(&hover(2, false))).1,
            Job::Hover { key: 2, place: around(2), encode: false }
        );
    }

    #[test]
    fn previews_follow_the_pointer_without_a_backlog() {
        let mut s = Test::default();
        let (first, _) = sent(s.next(&hover(1, false)));
        for x in 2..9 {
            assert_eq!(s.next(&hover(x, false)), None, "the decoder is not stopped half-way");
        }
        assert_eq!(s.hover_done(first, HoverResult::Shown), Some(1));
        assert_eq!(
            sent(s.next(&hover(8, false))).1,
            Job::Hover { key: 8, place: around(8), encode: false }
        );
    }

    #[test]
    fn an_encoder_runs_on_for_the_same_cube_and_is_stopped_for_another() {
        let mut s = Test::default();
        let (number, _) = sent(s.next(&hover(0, true)));
        s.encoding(number, true);
        assert_eq!(
            s.next(&hover(8, true)),
            Some(Instruction::StopAfterEncoding),
            "not there any more"
        );
        assert_eq!(s.next(&hover(8, true)), None, "said once");
        assert_eq!(s.next(&nothing()), None, "the pointer may come back");
        assert_eq!(s.next(&hover(9, true)), Some(Instruction::Stop));
        assert_eq!(s.next(&hover(9, true)), None);
        assert_eq!(s.hover_done(number, HoverResult::Stopped), None);
        assert_eq!(
            sent(s.next(&hover(9, true))).1,
            Job::Hover { key: 9, place: around(9), encode: true }
        );
    }

    #[test]
    fn a_click_takes_over_the_encoder_that_does_its_work() {
        let mut s = Test::default();
        let (number, _) = sent(s.next(&hover(0, true)));
        s.encoding(number, true);
        assert_eq!(s.next(&click("near", 5)), Some(Instruction::StopAfterEncoding));
        assert_eq!(s.next(&click("near", 5)), None);
        assert_eq!(s.hover_done(number, HoverResult::Stopped), Some(0));
        assert_eq!(sent(s.next(&click("near", 5))).1, Job::Click("near"));
    }

    #[test]
    fn a_click_elsewhere_stops_the_encoder_and_any_click_stops_a_preview() {
        for (x, encoding) in [(40, true), (0, false)] {
            let mut s = Test::default();
            let (number, _) = sent(s.next(&hover(0, true)));
            s.encoding(number, encoding);
            assert_eq!(s.next(&click("a", x)), Some(Instruction::Stop));
            assert_eq!(s.next(&click("a", x)), None);
            assert_eq!(s.hover_done(number, HoverResult::Stopped), None);
            assert_eq!(sent(s.next(&click("a", x))).1, Job::Click("a"));
        }
    }

    #[test]
    fn places_serve_their_own_document_and_object_only() {
        let of = |document, label| Place::Known { document, label };
        assert!(of(1, 2).serves(of(1, 2)) && !of(1, 2).serves(of(1, 3)));
        assert!(!of(1, 2).serves(of(2, 2)) && !of(1, 2).serves(around(0)));
        let at = |document, image, time_point, cell| Place::New {
            document,
            image,
            time_point,
            scale: WorkingScale::ONE,
            spot: spot(cell),
        };
        let elsewhere = at(2, ImageId::Scan, 0, [0; 3]);
        let later = at(1, ImageId::Scan, 1, [0; 3]);
        let over = at(1, ImageId::Overlay(0), 0, [0; 3]);
        assert!(!around(0).serves(over) && !over.serves(at(1, ImageId::Overlay(1), 0, [0; 3])));
        assert!(!around(0).serves(later), "another time of the scan");
        assert!(!around(0).serves(elsewhere) && around(0).serves(around(-8)));
        assert!(!around(0).serves(at(1, ImageId::Scan, 0, [0, 9, 0])));
        let ten = WorkingScale::new(10.0).unwrap();
        let Place::New { document, image, time_point, spot, .. } = around(0) else { panic!() };
        assert!(!around(0).serves(Place::New { document, image, time_point, scale: ten, spot }));
    }

    #[test]
    fn a_preview_that_went_away_can_come_back() {
        let mut s = Test::default();
        let (number, _) = sent(s.next(&hover(3, true)));
        s.hover_done(number, HoverResult::Shown);
        assert_eq!(s.next(&hover(3, true)), None);
        s.forget();
        let (number, _) = sent(s.next(&hover(3, true)));
        // Stopped just when it was done: nothing is shown, so it counts as not answered.
        assert_eq!(s.next(&click("a", 0)), Some(Instruction::Stop));
        assert_eq!(s.hover_done(number, HoverResult::Shown), None);
        sent(s.next(&hover(3, true)));
    }

    /// With cubes too many for the cache the encoder would else run for as long as the pointer rests.
    #[test]
    fn what_encoding_has_not_made_ready_is_not_encoded_again() {
        let mut s = Test::default();
        let (number, job) = sent(s.next(&hover(3, true)));
        assert!(matches!(job, Job::Hover { encode: true, .. }));
        assert_eq!(s.hover_done(number, HoverResult::NotReady), Some(3));
        for resting in [true, false, true] {
            assert_eq!(s.next(&hover(3, resting)), None);
        }
        sent(s.next(&hover(4, true)));
    }

    #[test]
    fn what_failed_is_not_tried_again_at_the_same_place() {
        let mut s = Test::default();
        let (number, _) = sent(s.next(&hover(3, true)));
        assert_eq!(s.hover_done(number, HoverResult::Failed), Some(3));
        assert_eq!(s.next(&hover(3, true)), None);
        sent(s.next(&hover(4, true)));
    }
}
