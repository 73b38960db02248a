//! Who gets the model next. Pure: it is told what is wanted and what has come back, and says what to send
//! and what to stop; no thread, no clock.
//!
//! The model does one thing at a time. A click goes before the preview of one that the pointer would make,
//! and what nobody wants any more is stopped. Encoding a cube of the scan takes long, so an encoder that is
//! running for a preview is left to finish when it does the next click's work.

use crate::prompt::{ImageId, WorkingScale};

/// Numbers the flights: an answer to one that was given up is not an answer to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flight(pub u64);

/// Clicks at most so many voxels (of 1.5 mm, along each axis) from a cube's centre do with that cube.
///
/// So the clicks alone do not tell where an object's cubes lie. The answer does ([`Patch::place`]), and
/// whoever saves a session must save these places along with the clicks, or the mask that is computed
/// again will be a slightly different one.
///
/// [`Patch::place`]: crate::prompt::Patch::place
pub(super) const SNAP: u32 = 8;

/// Cubes that are encoded at most for a pointer that only rests: that of a new click, and one that it lies
/// in besides. More are a whole extension to be looked into anew (after a change of the model, for example),
/// which takes minutes and which nobody has asked for; the click itself does it.
const PREFETCHED: usize = 2;

/// Whether so many missing cubes may be encoded for the pointer.
pub(super) fn worth_encoding(missing: usize) -> bool {
    (1..=PREFETCHED).contains(&missing)
}

/// The cube of the scan that a click is computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cube {
    /// A new one around this voxel of the canonical grid (at a working scale) of one of the document's images, in one
    /// of its frames.
    Around { document: u64, image: ImageId, frame: usize, scale: WorkingScale, voxel: [i64; 3] },
    /// One that the object has already.
    Of { document: u64, label: u16 },
}

impl Cube {
    /// The document that it is of.
    fn document(self) -> u64 {
        match self {
            Self::Around { document, .. } | Self::Of { document, .. } => document,
        }
    }

    /// Whether who needs `other` is served by this one.
    fn serves(self, other: Self) -> bool {
        match (self, other) {
            (
                Self::Around { document, image, frame, scale, voxel },
                Self::Around { document: d, image: i, frame: f, scale: s, voxel: v },
            ) => {
                (document, image, frame, scale) == (d, i, f, s)
                    && voxel.iter().zip(v).all(|(a, b)| a.abs_diff(b) <= SNAP.into())
            }
            (Self::Of { .. }, Self::Of { .. }) => self == other,
            _ => false,
        }
    }
}

/// What the model is to do. `C` names a click, `H` a click that the pointer would make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job<C, H> {
    /// Answer a click.
    Click(C),
    /// Show what a click would give; if its cube is not at hand, encode that first, or else do nothing.
    Hover { key: H, cube: Cube, encode: bool },
}

/// What is wanted at this moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<C, H> {
    /// The open document, if there is one: nothing is computed for one that was closed.
    pub document: Option<u64>,
    /// The oldest pending click.
    pub click: Option<(C, Cube)>,
    /// The click that the pointer would make.
    pub hover: Option<(H, Cube)>,
    /// The pointer has not moved for a moment.
    pub resting: bool,
    /// A model is there to be asked.
    pub ready: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order<C, H> {
    Send(Flight, Job<C, H>),
    /// Stop what is being computed.
    Stop,
    /// Let the encoder finish, but compute no preview after it.
    StopAfterEncoding,
}

/// How a flight for the pointer came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    /// With a preview.
    Shown,
    /// The cube is not at hand.
    NotReady,
    /// It can't be computed.
    Failed,
    /// Stopped, after the encoder or before.
    Stopped,
}

#[derive(Clone, Copy, Debug)]
struct Flying<C, H> {
    flight: Flight,
    job: Job<C, H>,
    encoding: bool,
    stopped: bool,
    no_preview: bool,
}

#[derive(Debug)]
pub(super) struct Schedule<C, H> {
    flights: u64,
    flying: Option<Flying<C, H>>,
    /// The last answer to the pointer: not asked for again.
    answered: Option<(H, Landing)>,
}

impl<C, H> Default for Schedule<C, H> {
    fn default() -> Self {
        Self { flights: 0, flying: None, answered: None }
    }
}

impl<C: Copy + PartialEq, H: Copy + PartialEq> Schedule<C, H> {
    /// What to do now. Ask again until there is nothing.
    pub fn next(&mut self, wanted: &Wanted<C, H>) -> Option<Order<C, H>> {
        if let Some(flying) = &mut self.flying {
            return flying.correct(wanted);
        }
        if !wanted.ready {
            return None;
        }
        let job = match (wanted.click, wanted.hover) {
            (Some((click, _)), _) => Job::Click(click),
            (None, Some((key, cube))) => {
                let again = match self.answered.filter(|(answered, _)| *answered == key) {
                    None => true,
                    Some((_, Landing::NotReady)) => wanted.resting,
                    Some(_) => false,
                };
                if !again {
                    return None;
                }
                Job::Hover { key, cube, encode: wanted.resting }
            }
            (None, None) => return None,
        };
        self.flights += 1;
        let flight = Flight(self.flights);
        let (encoding, stopped, no_preview) = (false, false, false);
        self.flying = Some(Flying { flight, job, encoding, stopped, no_preview });
        Some(Order::Send(flight, job))
    }

    /// The flight has started, or ended, to run the encoder. `false` if nobody waits for it.
    pub fn encoding(&mut self, flight: Flight, encoding: bool) -> bool {
        match &mut self.flying {
            Some(flying) if flying.flight == flight => {
                flying.encoding = encoding;
                !flying.stopped
            }
            _ => false,
        }
    }

    /// A click's flight has come back: the click, unless nobody wants its answer.
    pub fn click_landed(&mut self, flight: Flight) -> Option<C> {
        let flying = self.flying.take_if(|f| f.flight == flight)?;
        match flying.job {
            Job::Click(click) if !flying.stopped => Some(click),
            _ => None,
        }
    }

    /// A flight for the pointer has come back: for which click, unless nobody wants its answer.
    pub fn hover_landed(&mut self, flight: Flight, landing: Landing) -> Option<H> {
        let flying = self.flying.take_if(|f| f.flight == flight)?;
        let Job::Hover { key, encode, .. } = flying.job else { return None };
        if flying.stopped {
            return None;
        }
        let landing = match landing {
            // Encoding did not help, or was not worth it: nor will it the next time.
            Landing::NotReady if encode => Landing::Failed,
            other => other,
        };
        if landing != Landing::Stopped {
            self.answered = Some((key, landing));
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
        match &mut self.flying {
            Some(flying) if !flying.stopped => {
                flying.stopped = true;
                true
            }
            _ => false,
        }
    }

    /// The worker has died: nothing will land.
    pub fn lost(&mut self) {
        self.flying = None;
    }

    /// The click being computed, if nobody has given it up.
    pub fn click(&self) -> Option<C> {
        match self.flying {
            Some(Flying { job: Job::Click(click), stopped: false, .. }) => Some(click),
            _ => None,
        }
    }

    /// Whether a cube is being encoded for the pointer.
    pub fn prefetches(&self) -> bool {
        let hover = |f: &Flying<C, H>| matches!(f.job, Job::Hover { .. });
        self.flying.as_ref().is_some_and(|f| hover(f) && f.encoding && !f.stopped)
    }
}

impl<C: PartialEq, H: PartialEq> Flying<C, H> {
    /// Stops what is not wanted any more, once.
    fn correct(&mut self, wanted: &Wanted<C, H>) -> Option<Order<C, H>> {
        if self.stopped {
            return None;
        }
        let (keep, preview) = match &self.job {
            Job::Click(click) => (wanted.click.as_ref().is_some_and(|(c, _)| c == click), true),
            Job::Hover { key, cube, .. } => match (&wanted.click, &wanted.hover) {
                // Its own decoder would keep the click waiting.
                (Some((_, other)), _) => (self.encoding && cube.serves(*other), false),
                // A decoder at work is soon done, and its picture is nearly where the pointer is now.
                (None, Some((other, place))) => {
                    (!self.encoding || cube.serves(*place), !self.encoding || key == other)
                }
                // The pointer may come back, as long as there is something for it to come back to.
                (None, None) => (wanted.document == Some(cube.document()), !self.encoding),
            },
        };
        if !keep {
            self.stopped = true;
            return Some(Order::Stop);
        }
        if !preview && !self.no_preview {
            self.no_preview = true;
            return Some(Order::StopAfterEncoding);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Test = Schedule<&'static str, u32>;

    fn around(x: i64) -> Cube {
        let scale = WorkingScale::ONE;
        Cube::Around { document: 1, image: ImageId::Scan, frame: 0, scale, voxel: [x, 0, 0] }
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

    fn sent(order: Option<Order<&'static str, u32>>) -> (Flight, Job<&'static str, u32>) {
        match order {
            Some(Order::Send(flight, job)) => (flight, job),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_click_goes_before_the_pointer_and_nothing_before_the_model() {
        let mut s = Test::default();
        let both = Wanted { hover: hover(50, true).hover, ..click("a", 0) };
        assert_eq!(s.next(&Wanted { ready: false, ..both }), None);
        let (flight, job) = sent(s.next(&both));
        assert_eq!(job, Job::Click("a"));
        assert_eq!(s.next(&both), None, "one at a time");
        assert_eq!(s.click(), Some("a"));
        assert_eq!(s.click_landed(flight), Some("a"));
        let (_, job) = sent(s.next(&hover(50, true)));
        assert_eq!(job, Job::Hover { key: 50, cube: around(50), encode: true });
    }

    #[test]
    fn nothing_is_computed_for_a_scan_that_was_closed_or_a_model_that_was_given_up() {
        // The pointer left the scan: its cube is encoded to the end. The scan is closed: it is not.
        let mut s = Test::default();
        let (flight, _) = sent(s.next(&hover(1, true)));
        assert!(s.encoding(flight, true));
        assert_eq!(s.next(&nothing()), Some(Order::StopAfterEncoding));
        for closed in [None, Some(2)] {
            let mut s = Test::default();
            let (flight, _) = sent(s.next(&hover(1, true)));
            assert!(s.encoding(flight, true));
            assert_eq!(s.next(&Wanted { document: closed, ..nothing() }), Some(Order::Stop));
            assert_eq!(s.hover_landed(flight, Landing::Stopped), None);
        }
        // Another model is chosen: the click is asked again of that one.
        let mut s = Test::default();
        assert!(!s.give_up(), "nothing to stop");
        let (first, _) = sent(s.next(&click("a", 0)));
        assert!(s.give_up() && !s.give_up());
        assert_eq!(s.next(&click("a", 0)), None);
        assert_eq!(s.click_landed(first), None);
        assert_eq!(sent(s.next(&click("a", 0))).1, Job::Click("a"));
    }

    #[test]
    fn a_click_that_nobody_waits_for_is_stopped_and_its_answer_dropped() {
        let mut s = Test::default();
        let (first, _) = sent(s.next(&click("a", 0)));
        assert_eq!(s.next(&nothing()), Some(Order::Stop));
        assert_eq!(s.next(&click("b", 0)), None, "only when the first has landed");
        assert_eq!(s.click(), None);
        assert!(!s.encoding(first, true), "and nobody looks at its stages");
        assert_eq!(s.click_landed(first), None);
        let (second, job) = sent(s.next(&click("b", 0)));
        assert_eq!(job, Job::Click("b"));
        assert_eq!(s.click_landed(first), None, "an old flight is no answer");
        assert_eq!(s.click_landed(second), Some("b"));
    }

    #[test]
    fn a_moving_pointer_asks_but_does_not_encode_until_it_rests() {
        let mut s = Test::default();
        let (flight, job) = sent(s.next(&hover(1, false)));
        assert_eq!(job, Job::Hover { key: 1, cube: around(1), encode: false });
        assert_eq!(s.hover_landed(flight, Landing::NotReady), Some(1));
        assert_eq!(s.next(&hover(1, false)), None, "asked already");
        let (flight, job) = sent(s.next(&hover(1, true)));
        assert_eq!(job, Job::Hover { key: 1, cube: around(1), encode: true });
        assert!(!s.prefetches());
        assert!(s.encoding(flight, true) && s.prefetches());
        assert_eq!(s.next(&hover(1, true)), None);
        assert!(s.encoding(flight, false) && !s.prefetches());
        assert_eq!(s.hover_landed(flight, Landing::Shown), Some(1));
        assert_eq!(s.next(&hover(1, true)), None, "it is shown");
        assert_eq!(
            sent(s.next(&hover(2, false))).1,
            Job::Hover { key: 2, cube: around(2), encode: false }
        );
    }

    #[test]
    fn previews_follow_the_pointer_without_a_backlog() {
        let mut s = Test::default();
        let (first, _) = sent(s.next(&hover(1, false)));
        for x in 2..9 {
            assert_eq!(s.next(&hover(x, false)), None, "the decoder is not stopped half-way");
        }
        assert_eq!(s.hover_landed(first, Landing::Shown), Some(1));
        assert_eq!(
            sent(s.next(&hover(8, false))).1,
            Job::Hover { key: 8, cube: around(8), encode: false }
        );
    }

    #[test]
    fn an_encoder_runs_on_for_the_same_cube_and_is_stopped_for_another() {
        let mut s = Test::default();
        let (flight, _) = sent(s.next(&hover(0, true)));
        s.encoding(flight, true);
        assert_eq!(s.next(&hover(8, true)), Some(Order::StopAfterEncoding), "not there any more");
        assert_eq!(s.next(&hover(8, true)), None, "said once");
        assert_eq!(s.next(&nothing()), None, "the pointer may come back");
        assert_eq!(s.next(&hover(9, true)), Some(Order::Stop));
        assert_eq!(s.next(&hover(9, true)), None);
        assert_eq!(s.hover_landed(flight, Landing::Stopped), None);
        assert_eq!(
            sent(s.next(&hover(9, true))).1,
            Job::Hover { key: 9, cube: around(9), encode: true }
        );
    }

    #[test]
    fn a_click_takes_over_the_encoder_that_does_its_work() {
        let mut s = Test::default();
        let (flight, _) = sent(s.next(&hover(0, true)));
        s.encoding(flight, true);
        assert_eq!(s.next(&click("near", 5)), Some(Order::StopAfterEncoding));
        assert_eq!(s.next(&click("near", 5)), None);
        assert_eq!(s.hover_landed(flight, Landing::Stopped), Some(0));
        assert_eq!(sent(s.next(&click("near", 5))).1, Job::Click("near"));
    }

    #[test]
    fn a_click_elsewhere_stops_the_encoder_and_any_click_stops_a_preview() {
        for (x, encoding) in [(40, true), (0, false)] {
            let mut s = Test::default();
            let (flight, _) = sent(s.next(&hover(0, true)));
            s.encoding(flight, encoding);
            assert_eq!(s.next(&click("a", x)), Some(Order::Stop));
            assert_eq!(s.next(&click("a", x)), None);
            assert_eq!(s.hover_landed(flight, Landing::Stopped), None);
            assert_eq!(sent(s.next(&click("a", x))).1, Job::Click("a"));
        }
    }

    #[test]
    fn cubes_serve_their_own_document_and_object_only() {
        let of = |document, label| Cube::Of { document, label };
        assert!(of(1, 2).serves(of(1, 2)) && !of(1, 2).serves(of(1, 3)));
        assert!(!of(1, 2).serves(of(2, 2)) && !of(1, 2).serves(around(0)));
        let at = |document, image, frame, voxel| Cube::Around {
            document,
            image,
            frame,
            scale: WorkingScale::ONE,
            voxel,
        };
        let elsewhere = at(2, ImageId::Scan, 0, [0; 3]);
        let later = at(1, ImageId::Scan, 1, [0; 3]);
        let over = at(1, ImageId::Overlay(0), 0, [0; 3]);
        assert!(!around(0).serves(over) && !over.serves(at(1, ImageId::Overlay(1), 0, [0; 3])));
        assert!(!around(0).serves(later), "another time of the scan");
        assert!(!around(0).serves(elsewhere) && around(0).serves(around(-8)));
        assert!(!around(0).serves(at(1, ImageId::Scan, 0, [0, 9, 0])));
        let ten = WorkingScale::new(10.0).unwrap();
        let Cube::Around { document, image, frame, voxel, .. } = around(0) else { panic!() };
        assert!(!around(0).serves(Cube::Around { document, image, frame, scale: ten, voxel }));
    }

    #[test]
    fn a_preview_that_went_away_can_come_back() {
        let mut s = Test::default();
        let (flight, _) = sent(s.next(&hover(3, true)));
        s.hover_landed(flight, Landing::Shown);
        assert_eq!(s.next(&hover(3, true)), None);
        s.forget();
        let (flight, _) = sent(s.next(&hover(3, true)));
        // Stopped just when it was done: nothing is shown, so it counts as not answered.
        assert_eq!(s.next(&click("a", 0)), Some(Order::Stop));
        assert_eq!(s.hover_landed(flight, Landing::Shown), None);
        sent(s.next(&hover(3, true)));
    }

    /// With cubes too many for the cache the encoder would else run for as long as the pointer rests.
    #[test]
    fn what_encoding_has_not_made_ready_is_not_encoded_again() {
        let mut s = Test::default();
        let (flight, job) = sent(s.next(&hover(3, true)));
        assert!(matches!(job, Job::Hover { encode: true, .. }));
        assert_eq!(s.hover_landed(flight, Landing::NotReady), Some(3));
        for resting in [true, false, true] {
            assert_eq!(s.next(&hover(3, resting)), None);
        }
        sent(s.next(&hover(4, true)));
    }

    #[test]
    fn a_resting_pointer_does_not_encode_a_whole_extension() {
        assert_eq!([0, 1, 2, 3, 33].map(worth_encoding), [false, true, true, false, false]);
    }

    #[test]
    fn what_failed_is_not_tried_again_at_the_same_place() {
        let mut s = Test::default();
        let (flight, _) = sent(s.next(&hover(3, true)));
        assert_eq!(s.hover_landed(flight, Landing::Failed), Some(3));
        assert_eq!(s.next(&hover(3, true)), None);
        sent(s.next(&hover(4, true)));
    }
}
