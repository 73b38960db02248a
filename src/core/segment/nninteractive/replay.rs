//! The replay of an object's prompts in a session.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::image::{sent, sent_bytes};
use super::interaction::{Interaction, interactions};
use super::mask::{SessionMask, on_grid};
use crate::geom::{DAffine3, DMat3, DVec3, Grid};
use crate::prompt::{Answer, Capabilities, Footprint, ModelState, WorkingScale};
use crate::segment::error::{SegmentError, check_shapes};
use crate::segment::kept_parts::kept_parts;
use crate::segment::remote::nninteractive::{InteractiveFacts, InteractiveSession};
use crate::segment::remote::{RemoteError, ServedModel, rest};
use crate::segment::segmenter::{
    Device, Outcome, Readiness, Request, Segmenter, Spot, Spots, Stage, Timings,
};
use crate::volume::{MemoryTally, Region, Volume};
use crate::work::{CancelToken, memory};

/// A model on a server of nnInteractive, through a session of our own.
///
/// The server knows only “one more prompt”. So it is given the prompts of a log one after the other: those that are new, if
/// what it was given before is the beginning of the log; else all of them, after it has forgotten the others. Masks that
/// were answered are kept with the answer, so that to take a prompt back asks nothing.
pub struct InteractiveSegmenter {
    session: InteractiveSession,
    device: Device,
    start_ms: f64,
    /// The scan that the server has.
    image: Weak<Volume>,
    /// What it was given since it was reset last; `None` if nobody knows.
    given: Option<Given>,
    /// The mask that it has.
    mask: Option<SessionMask>,
}

/// What a session was given, and what it said.
#[derive(Clone, Debug, Default, PartialEq)]
struct Given {
    /// The mask it began with, on the grid of the mask.
    start: Option<Arc<Region>>,
    steps: Vec<GivenPrompt>,
}

/// A prompt and what the mask was then.
#[derive(Clone, Debug, PartialEq)]
struct GivenPrompt {
    asked: Interaction,
    /// On the scan's grid.
    mask: Arc<Region>,
}

/// What is kept of an answer.
#[derive(Clone, Debug)]
struct Kept {
    image: Weak<Volume>,
    given: Given,
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.image.ptr_eq(&other.image) && self.given == other.given
    }
}

impl Given {
    /// How many of these prompts it was given first and in this order, after the same start; `None` if it was given
    /// others.
    fn beginning(&self, start: Option<&Arc<Region>>, prompts: &[Interaction]) -> Option<usize> {
        let same_start = match (&self.start, start) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        };
        let same = self.steps.iter().zip(prompts).all(|(step, asked)| step.asked == *asked);
        (same_start && same).then(|| self.steps.len().min(prompts.len()))
    }

    fn tally(&self, tally: &mut MemoryTally) {
        tally.add(size_of_val(&self.steps[..]));
        let masks = self.start.iter().chain(self.steps.iter().map(|step| &step.mask));
        masks.for_each(|mask| tally.region(mask));
        self.steps.iter().for_each(|step| step.asked.tally(tally));
    }
}

impl InteractiveSegmenter {
    /// Takes a place on a server and asks what it has. Nothing of an image is sent. If all places are taken, that is no
    /// error yet: the first answer waits for one.
    ///
    /// # Errors
    /// If the server can't be reached, is none of this kind, or its model takes no points; or on cancelling.
    pub fn open(served: &ServedModel, cancel: &CancelToken) -> Result<Self, SegmentError> {
        let begin = Instant::now();
        let mut session = InteractiveSession::new(served)?;
        let reason = match session.claim_at_once(cancel) {
            Ok(()) => told(session.facts()),
            Err(RemoteError::Full { .. }) => {
                "nnInteractive; all its places are taken for now".to_owned()
            }
            Err(error) => return Err(error.into()),
        };
        let device = Device { name: format!("server {}", session.host()), threads: 0, reason };
        let (image, start_ms) = (Weak::new(), ms(begin));
        Ok(Self { session, device, start_ms, image, given: None, mask: None })
    }

    /// What the server said of itself; all empty if it had no place.
    pub fn facts(&self) -> &InteractiveFacts {
        self.session.facts()
    }

    /// What the last answer knew of this request's prompts, if that is all that is asked.
    fn known(request: &Request, prompts: &[Interaction]) -> Option<Given> {
        let kept = request.earlier.state.as_ref()?.get::<Kept>()?;
        let same = std::ptr::eq(kept.image.as_ptr(), Arc::as_ptr(&request.volume));
        let given = Some(&kept.given).filter(|_| same)?;
        let count = given.beginning(request.log.start.as_ref(), prompts)?;
        (count == prompts.len()).then(|| {
            let steps = given.steps[..count].to_vec();
            Given { start: given.start.clone(), steps }
        })
    }

    /// All steps of a request: asked of the server, as far as it has not said them.
    fn replay(
        &mut self,
        request: &Request,
        prompts: &[Interaction],
        timings: &mut Timings,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Given, SegmentError> {
        let patience = self.session.patience();
        let mut pause = patience.pause;
        for tries in 0.. {
            let error = match self.attempt(request, prompts, timings, cancel, stage) {
                Ok(given) => return Ok(given),
                Err(error) => error,
            };
            // Whatever happened, nobody knows any more what the server was given.
            self.given = None;
            timings.add(Some(self.session.take_traffic()));
            match error {
                SegmentError::Remote(error)
                    if passes(&error)
                        && tries < patience.retries
                        && !self.session.has_lost_places() => {}
                SegmentError::Remote(RemoteError::Broken { why, tries: before, address }) => {
                    let tries = tries + before;
                    return Err(RemoteError::Broken { why, tries, address }.into());
                }
                error => {
                    if matches!(
                        &error,
                        SegmentError::Remote(RemoteError::Status { status: 500.., .. })
                    ) {
                        // Perhaps the scan is what it failed with.
                        self.image = Weak::new();
                    }
                    return Err(error);
                }
            }
            rest(pause, cancel)?;
            pause *= 2;
        }
        Err(SegmentError::Cancelled)
    }

    fn attempt(
        &mut self,
        request: &Request,
        prompts: &[Interaction],
        timings: &mut Timings,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Given, SegmentError> {
        let volume = &request.volume;
        let dims = volume.grid().dims();
        self.session.agreed(sent_bytes(volume))?;
        if !self.session.has_place() {
            // Also if no other place is to be had.
            (self.image, self.given) = (Weak::new(), None);
        }
        if self.session.claim(&mut || stage(Stage::Queue), cancel)? {
            self.device.reason = told(self.session.facts());
            (self.image, self.given) = (Weak::new(), None);
        }
        // What its model takes is only known now, and what it does not, it is not sent.
        check_shapes(&request.log, self.session.facts().shapes())?;
        let start = request.log.start.as_ref();
        if !std::ptr::eq(self.image.as_ptr(), Arc::as_ptr(volume)) {
            stage(Stage::Encode);
            let begin = Instant::now();
            self.send(volume, cancel)?;
            *timings.encode.get_or_insert(0.0) += ms(begin);
        }
        let given = self.given.take();
        let given = given.filter(|given| {
            given.beginning(start, prompts).is_some_and(|count| count == given.steps.len())
        });
        let mut given = match given {
            Some(given) => given,
            None => self.begin(request, cancel)?,
        };
        let mask = self.mask.as_mut().ok_or_else(lost)?;
        for asked in &prompts[given.steps.len()..] {
            stage(Stage::Decode);
            let begin = Instant::now();
            if let Some(changed) = asked.give(&mut self.session, dims, cancel)? {
                mask.paste(&changed);
            }
            timings.decode.push(ms(begin));
            let mask = Arc::new(mask.region());
            given.steps.push(GivenPrompt { asked: asked.clone(), mask });
        }
        timings.add(Some(self.session.take_traffic()));
        self.given = Some(given.clone());
        Ok(given)
    }

    /// Sends the scan.
    fn send(&mut self, volume: &Arc<Volume>, cancel: &CancelToken) -> Result<(), SegmentError> {
        // Until it is there whole, nothing is.
        (self.image, self.given, self.mask) = (Weak::new(), None, None);
        let dims = volume.grid().dims();
        self.mask = Some(SessionMask::new(dims)?);
        memory::check(sent_bytes(volume))?;
        let sent = sent(volume);
        self.session.set_image(dims, (sent.name, sent.item), &sent.values, cancel)?;
        self.image = Arc::downgrade(volume);
        Ok(())
    }

    /// Has the server forget what it was given, and begin as a request does.
    fn begin(&mut self, request: &Request, cancel: &CancelToken) -> Result<Given, SegmentError> {
        let grid = request.volume.grid();
        let mask = self.mask.as_mut().ok_or_else(lost)?;
        self.session.reset(cancel)?;
        mask.set(None);
        if let Some(start) = &request.log.start {
            let region = on_grid(Region::clone(start), request.mask_grid(), grid)?;
            mask.set(Some(&region));
            self.session.start_from(grid.dims(), mask.voxels(), cancel)?;
        }
        Ok(Given { start: request.log.start.clone(), steps: Vec::new() })
    }

    /// The mask of the last step, on the grid that it is wanted on.
    fn outcome(
        request: &Request,
        given: Given,
        mut timings: Timings,
    ) -> Result<Outcome, SegmentError> {
        let begin = Instant::now();
        let (grid, mask_grid, log) = (request.volume.grid(), request.mask_grid(), &request.log);
        let region = match (given.steps.last(), &log.start) {
            (Some(last), _) => on_grid(Region::clone(&last.mask), grid, mask_grid)?,
            (None, Some(start)) => Region::clone(start),
            (None, None) => Region::default(),
        };
        let region = kept_parts(region, log.anchors().as_deref(), mask_grid);
        timings.paste = ms(begin);
        let size = DVec3::from_array(grid.dims().map(|n| n as f64));
        let voxel_from_box =
            DAffine3::from_mat3_translation(DMat3::from_diagonal(size), DVec3::splat(-0.5));
        let world_from_box = grid.world_from_voxel() * voxel_from_box;
        // It has seen the whole scan.
        let footprint = log.prompts.first().map(|&opener| Footprint { opener, world_from_box });
        let kept = Kept { image: Arc::downgrade(&request.volume), given };
        let answer = Answer {
            prompts: log.prompts.clone(),
            footprint: footprint.into_iter().collect(),
            state: Some(ModelState::with_tally(kept, |kept, tally| kept.given.tally(tally))),
            ..Answer::default()
        };
        Ok(Outcome { answer, extensions: log.extensions.clone(), region, timings })
    }
}

/// Whether another attempt may succeed.
fn passes(error: &RemoteError) -> bool {
    match error {
        RemoteError::SessionGone { .. } | RemoteError::Broken { .. } => true,
        RemoteError::Status { status, .. } => matches!(status, 429 | 502..=504),
        _ => false,
    }
}

/// Of the server, for people.
fn told(facts: &InteractiveFacts) -> String {
    let InteractiveFacts { session_version, licence, .. } = facts;
    let licence = licence.as_deref().unwrap_or("not stated");
    let version = if session_version.is_empty() { "?" } else { session_version.as_str() };
    format!("nnInteractive, sessions {version}; licence of its model: {licence}")
}

fn lost() -> SegmentError {
    SegmentError::Run("the session's mask got lost".to_owned())
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The voxel that a position lies in. The scan that is sent for one serves all.
fn spot(image: &Grid, _: WorkingScale, world: DVec3) -> Spot {
    let cell = (image.voxel(world) + 0.5).floor().to_array().map(|c| c as i64);
    Spot { cell, reach: u64::MAX }
}

impl Segmenter for InteractiveSegmenter {
    fn name(&self) -> &'static str {
        "nnInteractive"
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn start_ms(&self) -> f64 {
        self.start_ms
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            negative_points: true,
            previews: false,
            // It follows a mask by itself (its autozoom), and says inside or outside, not how surely.
            extends: false,
            adjusts: false,
            sight: None,
            shapes: self.session.facts().shapes(),
        }
    }

    fn spots(&self) -> Spots {
        Arc::new(spot)
    }

    fn readiness(&mut self, request: &Request) -> Result<Readiness, SegmentError> {
        let known = Self::known(request, &interactions(request)?);
        Ok(known.map_or(Readiness::Late, |_| Readiness::Ready))
    }

    /// Nothing: a scan is sent for a click that was made, not for a pointer that rests.
    fn prepare(&mut self, _: &Request, _: &CancelToken) -> Result<(), SegmentError> {
        Ok(())
    }

    fn preview(
        &mut self,
        request: &Request,
        _: &CancelToken,
    ) -> Result<Option<Outcome>, SegmentError> {
        let known = Self::known(request, &interactions(request)?);
        known.map(|known| Self::outcome(request, known, Timings::default())).transpose()
    }

    fn answer(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        let prompts = interactions(request)?;
        let mut timings = Timings::default();
        let given = match Self::known(request, &prompts) {
            Some(given) => given,
            None if prompts.is_empty() => Given::default(),
            None => self.replay(request, &prompts, &mut timings, cancel, stage)?,
        };
        cancel.check()?;
        stage(Stage::Paste);
        Self::outcome(request, given, timings)
    }

    fn forget_closed(&mut self) {
        if self.image.strong_count() == 0 {
            if self.mask.is_some() {
                // A scan was sent: the server is not to keep it until it finds that nobody asks.
                self.session.release();
            }
            (self.given, self.mask) = (None, None);
        }
    }
}
