//! Following a mask beyond the cubes that the model has looked at, as the paper does for structures larger than
//! its window: into half-overlapping neighbours wherever the mask touches a face.

use super::patches::holds;
use super::session::{Outcome, Request, Segmenter, Stage, Timings};
use super::{CanonicalGrid, SegmentError, faces};
use crate::geom::{DVec3, Grid};
use crate::prompt::{Answer, Extension, PromptLog};
use crate::work::{CancelToken, Progress};

/// Most cubes that one call tries: a mask that runs away has to be sent on again.
const MOST: usize = 32;

/// An extension in progress.
struct Growing {
    /// The log with what was added so far, and its answer, which knows what was tried in vain.
    log: PromptLog,
    answer: Answer,
}

impl Growing {
    fn request(&self, log: PromptLog, request: &Request) -> Request {
        Request { log, earlier: self.answer.clone(), ..request.clone() }
    }

    /// The cube beyond a contact. It starts from the user's first positive click in it, or else from inside of
    /// the mask.
    fn extension(&self, contact: &faces::Contact, grid: &Grid) -> Option<Extension> {
        let start = contact.neighbour();
        let canonical = CanonicalGrid::scaled(grid, self.log.scale);
        let mut clicks = self.log.prompts.iter().filter(|p| p.positive);
        let visible = clicks.find(|p| holds(start, canonical.nearest(p.world)));
        let seed = if let Some(prompt) = visible {
            prompt.world
        } else {
            let voxel = faces::seed(&self.answer, self.log.threshold, grid, contact)?;
            let voxel = DVec3::from_array(voxel.map(|v| v as f64));
            canonical.world_from_canonical().transform_point3(voxel)
        };
        Some(Extension { start, seed })
    }

    /// Notes as extensions those cubes that clicks opened and that would not be opened again in a replay of the
    /// log alone, because the click now lies in an extension.
    fn settle(&mut self, grid: &Grid) {
        let canonical = CanonicalGrid::scaled(grid, self.log.scale);
        for patch in self.answer.patches.iter().skip(1) {
            let (start, seed) = (patch.place.start, patch.opener.world);
            let voxel = canonical.nearest(seed);
            let extensions = &mut self.log.extensions;
            let known = extensions.iter().any(|e| e.start == start);
            if !known && extensions.iter().any(|e| holds(e.start, voxel)) {
                extensions.push(Extension { start, seed });
            }
        }
    }
}

impl Segmenter {
    /// Follows the mask into half-overlapping neighbouring cubes until it touches their edge no more, at most
    /// 32 of them in one call. A cube in which the model finds nothing beyond the others is not kept, nor one
    /// that can't be normalised; the answer remembers where these were ([`Answer::tried`]), so that they are not
    /// tried again as long as the mask is the same. `progress` counts cubes; their total grows on the way.
    /// Cancelled on the way, the outcome is what has been found until then.
    ///
    /// [`Segmenter::run`] of the same log with the outcome's extensions gives the same mask.
    ///
    /// # Errors
    /// As [`Segmenter::run`]; on cancelling only if nothing has been found yet.
    pub fn extend(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        progress: &Progress,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        let grid = request.volume.grid();
        let mut timings = Timings::default();
        let mut answer = self.answer(request, &mut timings, cancel, stage)?;
        if request.earlier.prompts == answer.prompts && request.earlier.patches == answer.patches {
            answer.tried.clone_from(&request.earlier.tried);
        }
        let mut growing = Growing { log: request.log.clone(), answer };
        let grown = self.grow(&mut growing, request, &mut timings, (cancel, progress), stage);
        match grown {
            Err(SegmentError::Cancelled) if growing.log.extensions != request.log.extensions => {}
            other => other?,
        }
        growing.settle(grid);
        // Every step is at hand by now, so this is not worth cancelling.
        let all = growing.request(growing.log.clone(), request);
        let mut outcome = self.run(&all, &CancelToken::new(), stage)?;
        outcome.timings = Timings { paste: outcome.timings.paste, ..timings };
        outcome.answer.tried = growing.answer.tried;
        outcome.answer.touches = faces::touches(&outcome.answer, request.log.threshold, grid);
        Ok(outcome)
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
        for tries in 0..MOST {
            cancel.check()?;
            let open = faces::open(&growing.answer, growing.log.threshold, grid);
            progress.set_done(tries as u64);
            progress.set_total((tries + open.len()).min(MOST) as u64);
            let Some(contact) = open.first() else { return Ok(()) };
            let start = contact.neighbour();
            let Some(extension) = growing.extension(contact, grid) else {
                growing.answer.tried.push(start);
                continue;
            };
            let mut log = growing.log.clone();
            log.extensions.push(extension);
            let longer = growing.request(log, request);
            match self.answer(&longer, timings, cancel, stage) {
                Ok(answer) if faces::adds(&answer, longer.log.threshold, grid, start) => {
                    let tried = std::mem::take(&mut growing.answer.tried);
                    growing.answer = Answer { tried, ..answer };
                    growing.log = longer.log;
                }
                // Nothing there, or nothing there to look at.
                Ok(_) | Err(SegmentError::NothingPositive | SegmentError::Constant(_)) => {
                    growing.answer.tried.push(start);
                }
                Err(why) => return Err(why),
            }
        }
        progress.set_done(MOST as u64);
        Ok(())
    }
}
