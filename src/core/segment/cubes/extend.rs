//! Following a mask beyond the cubes that the model has looked at, as the paper does for structures larger than
//! its window: into half-overlapping neighbours wherever the mask touches a face.

use super::answer::Cubes;
use super::open_faces;
use super::patches::holds;
use super::preprocess::CanonicalGrid;
use super::replay::{CubeSegmenter, Replay};
use crate::geom::{DVec3, Grid};
use crate::prompt::{Extension, PromptLog};
use crate::segment::error::SegmentError;
use crate::segment::segmenter::{Outcome, Request, Stage, Timings};
use crate::work::{CancelToken, Progress};

/// Most cubes that one call tries: a mask that runs away has to be sent on again.
const MOST: usize = 32;

/// An extension in progress.
struct Growing {
    /// The log with what was added so far, and its answer, which knows what was tried in vain.
    log: PromptLog,
    answer: Cubes,
}

/// What was found in one more cube.
struct Found {
    log: PromptLog,
    answer: Cubes,
    /// How many cells of the contact the mask goes on beyond.
    goes_on: usize,
}

impl Growing {
    /// The cubes to try beyond a contact: the half-overlapping neighbour, which starts from the user's first positive
    /// click in it, or else from deep inside of the mask; and if the mask does not go on beyond half of the contact
    /// then, a cube around the place at the face where it is widest, which starts from there: the model is used to a
    /// click in its middle. The better of the two is kept.
    fn extensions(&self, contact: &open_faces::Contact, grid: &Grid) -> Vec<Extension> {
        let start = contact.neighbour();
        let canonical = CanonicalGrid::scaled(grid, self.log.scale);
        let clicks = self.log.prompts.len();
        let world = |voxel: [i64; 3]| {
            let voxel = DVec3::from_array(voxel.map(|v| v as f64));
            canonical.world_from_canonical().transform_point3(voxel)
        };
        let mut positive = self.log.prompts.iter().filter(|p| p.positive);
        let visible = positive.find(|p| holds(start, canonical.nearest(p.world))).map(|p| p.world);
        let seed = visible.or_else(|| {
            open_faces::seed(&self.answer, self.log.threshold, grid, contact).map(world)
        });
        let beside =
            seed.map(|seed| Extension { centre: canonical.middle_of(start), seed, clicks });
        let around = open_faces::widest(&self.answer, contact).map(|voxel| Extension {
            centre: world(voxel),
            seed: world(voxel),
            clicks,
        });
        beside.into_iter().chain(around).collect()
    }

    /// Notes as extensions those cubes that clicks opened and that would not be opened again in a replay of the
    /// log alone, because the click now lies in an extension.
    fn settle(&mut self, grid: &Grid) {
        let canonical = CanonicalGrid::scaled(grid, self.log.scale);
        for patch in self.answer.patches.iter().skip(1) {
            let (start, seed) = (patch.place.start, patch.opener.world);
            let voxel = canonical.nearest(seed);
            let extensions = &mut self.log.extensions;
            let starts: Vec<_> =
                extensions.iter().map(|e| canonical.crop_around(e.centre).start).collect();
            if !starts.contains(&start) && starts.iter().any(|&s| holds(s, voxel)) {
                // Opened by that click, so before all that came after it.
                let clicks = self.log.prompts.iter().position(|p| *p == patch.opener);
                let centre = canonical.middle_of(start);
                extensions.push(Extension { centre, seed, clicks: clicks.unwrap_or_default() });
            }
        }
    }
}

impl CubeSegmenter {
    /// Follows the mask into half-overlapping neighbouring cubes until it touches their edge no more, at most
    /// 32 of them in one call. A cube in which the model finds nothing beyond the others is not kept, nor one
    /// that can't be normalised; the answer remembers where these were ([`Cubes::tried`]), so that they are not
    /// tried again as long as the mask is the same. `progress` counts cubes; their total grows on the way.
    /// Cancelled on the way, the outcome is what has been found until then.
    ///
    /// [`CubeSegmenter::run`] of the same log with the outcome's extensions gives the same mask.
    ///
    /// # Errors
    /// As [`CubeSegmenter::run`]; on cancelling only if nothing has been found yet.
    pub fn extend(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        progress: &Progress,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        let mut timings = Timings::default();
        let earlier = request.earlier_cubes();
        let mut answer =
            self.replay(&request.replay_after(&earlier), &mut timings, cancel, stage)?;
        if request.earlier.prompts == request.log.prompts && earlier.patches == answer.patches {
            answer.tried.clone_from(&earlier.tried);
        }
        let mut growing = Growing { log: request.log.clone(), answer };
        let grown = self.grow(&mut growing, request, &mut timings, (cancel, progress), stage);
        match grown {
            Err(SegmentError::Cancelled) if growing.log.extensions != request.log.extensions => {}
            other => other?,
        }
        growing.settle(request.volume.grid());
        let Growing { log, answer: grown } = growing;
        let request = Request { log, ..request.clone() };
        // Every step is at hand by now, so this is not worth cancelling.
        let (never, mut unused) = (CancelToken::new(), Timings::default());
        let answer = self.replay(&request.replay_after(&grown), &mut unused, &never, stage)?;
        stage(Stage::Paste);
        Ok(request.finished(Cubes { tried: grown.tried, ..answer }, timings))
    }

    /// Tries one neighbour after the other.
    fn grow(
        &mut self,
        growing: &mut Growing,
        request: &Request,
        timings: &mut Timings,
        (cancel, progress): (&CancelToken, &Progress),
        stage: &mut dyn FnMut(Stage),
    ) -> Result<(), SegmentError> {
        let grid = request.volume.grid();
        let mut tries = 0;
        while tries < MOST {
            cancel.check()?;
            let open = open_faces::open(&growing.answer, growing.log.threshold, grid);
            progress.set_done(tries as u64);
            progress.set_total((tries + open.len()).min(MOST) as u64);
            let Some(contact) = open.first() else { return Ok(()) };
            let mut best: Option<Found> = None;
            for extension in growing.extensions(contact, grid) {
                tries += 1;
                let found = self.look(
                    growing,
                    request,
                    (contact, extension),
                    timings,
                    (cancel, &mut *stage),
                )?;
                if found
                    .as_ref()
                    .is_some_and(|f| best.as_ref().is_none_or(|b| f.goes_on > b.goes_on))
                {
                    best = found;
                }
                if tries >= MOST
                    || best.as_ref().is_some_and(|b| 2 * b.goes_on >= contact.cells.len())
                {
                    break;
                }
            }
            match best {
                Some(Found { log, answer, .. }) => {
                    let tried = std::mem::take(&mut growing.answer.tried);
                    *growing = Growing { log, answer: Cubes { tried, ..answer } };
                }
                None => growing.answer.tried.push(contact.neighbour()),
            }
        }
        progress.set_done(MOST as u64);
        Ok(())
    }

    /// Looks into one more cube; `None` if there is no more of the mask in it.
    fn look(
        &mut self,
        growing: &Growing,
        request: &Request,
        (contact, extension): (&open_faces::Contact, Extension),
        timings: &mut Timings,
        (cancel, stage): (&CancelToken, &mut dyn FnMut(Stage)),
    ) -> Result<Option<Found>, SegmentError> {
        let mut log = growing.log.clone();
        log.extensions.push(extension);
        let replay = Replay { log: &log, ..request.replay_after(&growing.answer) };
        let answer = match self.replay(&replay, timings, cancel, stage) {
            Ok(answer) => answer,
            // Nothing there to look at.
            Err(SegmentError::NothingPositive | SegmentError::Constant(_)) => return Ok(None),
            Err(why) => return Err(why),
        };
        let (threshold, grid) = (log.threshold, request.volume.grid());
        let goes_on = open_faces::goes_on(&answer, threshold, contact);
        let canonical = CanonicalGrid::scaled(grid, log.scale);
        let start = canonical.crop_around(extension.centre).start;
        let adds = open_faces::adds(&answer, threshold, grid, start);
        Ok(adds.then_some(Found { log, answer, goes_on }))
    }
}
