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
/// A neighbour that starts within so many voxels of a cube, along every axis, is that cube: an eighth of it.
const NEAR: u64 = 16;

/// An extension in progress.
struct Growing {
    /// The log with what was added so far, and its answer.
    log: PromptLog,
    answer: Answer,
    /// Where cubes were tried, whether they stayed or not.
    tried: Vec<[i64; 3]>,
}

impl Growing {
    fn request(&self, log: PromptLog, request: &Request) -> Request {
        let (volume, earlier) = (request.volume.clone(), self.answer.clone());
        Request { volume, log, earlier, snap: request.snap }
    }

    /// The faces to go on from, the largest contact first; for each neighbour one.
    fn open(&self, grid: &Grid) -> Vec<faces::Contact> {
        let mut starts: Vec<_> = self.answer.patches.iter().map(|p| p.place.start).collect();
        starts.extend(&self.tried);
        let mut open = faces::contacts(&self.answer, self.log.threshold, grid);
        open.retain(|contact| {
            let new = contact.neighbour();
            let near = |s: &[i64; 3]| s.iter().zip(new).all(|(s, n)| s.abs_diff(n) <= NEAR);
            let is_new = !starts.iter().any(near);
            if is_new {
                starts.push(new);
            }
            is_new
        });
        open
    }

    /// The cube beyond a contact. It starts from the user's first positive click in it, or else from inside of
    /// the mask.
    fn extension(&self, contact: &faces::Contact, grid: &Grid) -> Option<Extension> {
        let (start, canonical) = (contact.neighbour(), CanonicalGrid::of(grid));
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
        let canonical = CanonicalGrid::of(grid);
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
    /// that can't be normalised. `progress` counts cubes; their total grows on the way.
    ///
    /// [`Segmenter::run`] of the same log with the outcome's extensions gives the same mask.
    ///
    /// # Errors
    /// As [`Segmenter::run`].
    pub fn extend(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        progress: &Progress,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        let grid = request.volume.grid();
        let mut timings = Timings::default();
        let answer = self.answer(request, &mut timings, cancel, stage)?;
        let mut growing = Growing { log: request.log.clone(), answer, tried: Vec::new() };
        while growing.tried.len() < MOST {
            cancel.check()?;
            let open = growing.open(grid);
            progress.set_done(growing.tried.len() as u64);
            progress.set_total((growing.tried.len() + open.len()).min(MOST) as u64);
            let Some(contact) = open.first() else { break };
            growing.tried.push(contact.neighbour());
            let Some(extension) = growing.extension(contact, grid) else { continue };
            let mut log = growing.log.clone();
            log.extensions.push(extension);
            let longer = growing.request(log, request);
            match self.answer(&longer, &mut timings, cancel, stage) {
                Ok(answer) => {
                    if faces::adds(&answer, longer.log.threshold, grid, extension.start) {
                        (growing.log, growing.answer) = (longer.log, answer);
                    }
                }
                // Nothing there to look at.
                Err(SegmentError::NothingPositive | SegmentError::Constant(_)) => {}
                Err(why) => return Err(why),
            }
        }
        progress.set_done(growing.tried.len() as u64);
        growing.settle(grid);
        // Every step is at hand by now.
        let all = growing.request(growing.log.clone(), request);
        let mut outcome = self.run(&all, cancel, stage)?;
        outcome.timings = Timings { paste: outcome.timings.paste, ..timings };
        Ok(outcome)
    }
}
