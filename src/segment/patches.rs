//! Which cubes an object's prompts need, and what the model is told in each. Nothing but geometry: the same
//! log and the same earlier answer always give the same cubes.

use std::sync::Arc;

use super::engine::PointPrompt;
use super::{CanonicalGrid, SIDE, SegmentError};
use crate::geom::Grid;
use crate::prompt::{Answer, CropPlace, Extension, Prompt, PromptLog, Step, valid_steps};

/// A cube to look into.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) place: CropPlace,
    /// What the model is told there, in order: first what the cube was opened for.
    pub(super) clicks: Vec<Prompt>,
    /// The same as voxels of the cube.
    pub(super) points: Vec<PointPrompt>,
}

impl Planned {
    /// The steps of an earlier answer that need not be computed again; `side` is that of the model's logits.
    pub(super) fn standing(&self, earlier: &Answer, side: usize) -> Vec<Arc<Step>> {
        let here = earlier.patches.iter().filter(|p| p.place == self.place);
        let fits = |s: &&Arc<Step>| s.logits.side == side && s.logits.values.len() == side.pow(3);
        let valid = |steps: &[Arc<Step>]| -> Vec<Arc<Step>> {
            let valid = valid_steps(steps, &self.clicks);
            steps[..valid].iter().take_while(fits).cloned().collect()
        };
        here.map(|p| valid(&p.steps)).max_by_key(Vec::len).unwrap_or_default()
    }
}

/// A cube and which of the user's clicks it was opened for; `None` if for a seed that is no click of theirs.
struct Opened {
    place: CropPlace,
    opener: Prompt,
    click: Option<usize>,
}

/// The cubes of a log: those that clicks open, in the clicks' order, then the log's extensions.
///
/// The first click opens a cube around it, and so does every further positive one that lies in no cube: neither
/// in one that a click before it has opened, nor in an extension. A click that opened a cube in the `earlier`
/// answer keeps that cube, wherever it lies. A new cube takes the place of one `at_hand` (its start) whose
/// centre is within `snap` voxels of the click along every axis, the nearest, if there is any.
///
/// Clicks are rounded to whole voxels of the 1.5 mm grid, as the authors do. In every cube the model gets the
/// click (or seed) that it was opened for, then all others in it, in their order.
///
/// # Errors
/// If a click is outside of the scan, the first is negative, or a negative one lies in no cube.
pub(super) fn plan(
    grid: &Grid,
    log: &PromptLog,
    earlier: &Answer,
    snap: u32,
    at_hand: &[[i64; 3]],
) -> Result<Vec<Planned>, SegmentError> {
    if log.prompts.first().is_some_and(|first| !first.positive) {
        return Err(SegmentError::FirstNegative);
    }
    if log.prompts.is_empty() {
        return Ok(Vec::new());
    }
    let canonical = CanonicalGrid::of(grid);
    let voxels = voxels(grid, &canonical, &log.prompts)?;
    let mut opened = by_clicks(&canonical, log, &voxels, &kept(log, earlier), snap, at_hand)?;
    for extension in &log.extensions {
        if !opened.iter().any(|o| o.place.start == extension.start) {
            opened.push(extended(&canonical, extension, &log.prompts));
        }
    }
    let planned = |o: Opened| {
        let opener = match o.click {
            Some(n) => voxels[n],
            None => canonical.nearest(o.opener.world),
        };
        let mut clicks = vec![o.opener];
        let mut points = vec![point(&o.place, opener, o.opener.positive)];
        for (n, (prompt, voxel)) in log.prompts.iter().zip(&voxels).enumerate() {
            if o.click != Some(n) && holds(o.place.start, *voxel) {
                clicks.push(*prompt);
                points.push(point(&o.place, *voxel, prompt.positive));
            }
        }
        Planned { place: o.place, clicks, points }
    };
    Ok(opened.into_iter().map(planned).collect())
}

/// Whether a canonical voxel lies in the cube that starts there.
pub(super) fn holds(start: [i64; 3], voxel: [i64; 3]) -> bool {
    start.iter().zip(voxel).all(|(&s, v)| (0..SIDE as i64).contains(&v.saturating_sub(s)))
}

/// The clicks as canonical voxels.
fn voxels(
    grid: &Grid,
    canonical: &CanonicalGrid,
    prompts: &[Prompt],
) -> Result<Vec<[i64; 3]>, SegmentError> {
    let voxel = |(n, prompt): (usize, &Prompt)| {
        if grid.voxel_at(prompt.world).is_none() {
            let (number, at) = (n + 1, prompt.world.to_array());
            return Err(SegmentError::OutsideVolume { number, at });
        }
        Ok(canonical.nearest(prompt.world))
    };
    prompts.iter().enumerate().map(voxel).collect()
}

/// The cubes of the earlier answer that clicks opened, with those clicks. An extension may have been opened
/// for a click too: it is told by its place.
fn kept(log: &PromptLog, earlier: &Answer) -> Vec<(Prompt, CropPlace)> {
    let by_click = |start| !log.extensions.iter().any(|e| e.start == start);
    let patches = earlier.patches.iter().filter(|p| by_click(p.place.start));
    patches.map(|p| (p.opener, p.place.clone())).collect()
}

fn by_clicks(
    canonical: &CanonicalGrid,
    log: &PromptLog,
    voxels: &[[i64; 3]],
    kept: &[(Prompt, CropPlace)],
    snap: u32,
    at_hand: &[[i64; 3]],
) -> Result<Vec<Opened>, SegmentError> {
    let mut opened: Vec<Opened> = Vec::new();
    for (n, (&prompt, &voxel)) in log.prompts.iter().zip(voxels).enumerate() {
        let taken = |place: &CropPlace| opened.iter().any(|o| o.place.start == place.start);
        let place = match kept.iter().find(|(opener, place)| *opener == prompt && !taken(place)) {
            Some((_, place)) => place.clone(),
            None => {
                let extensions = log.extensions.iter().map(|e| e.start);
                let mut starts = opened.iter().map(|o| o.place.start).chain(extensions);
                if n > 0 && starts.any(|start| holds(start, voxel)) {
                    continue;
                }
                if !prompt.positive {
                    let (number, at) = (n + 1, prompt.world.to_array());
                    return Err(SegmentError::OutsideCrop { number, at });
                }
                canonical.crop_at(start_around(voxel, snap, at_hand))
            }
        };
        opened.push(Opened { place, opener: prompt, click: Some(n) });
    }
    Ok(opened)
}

/// Where a cube around a voxel starts, or one at hand that will do.
fn start_around(voxel: [i64; 3], snap: u32, at_hand: &[[i64; 3]]) -> [i64; 3] {
    let exact = voxel.map(|v| v - (SIDE / 2) as i64);
    let apart =
        |start: &[i64; 3]| -> [u64; 3] { std::array::from_fn(|a| start[a].abs_diff(exact[a])) };
    let near = at_hand.iter().filter(|s| apart(s).iter().all(|&d| d <= u64::from(snap)));
    // Of two as near the first in order of numbers: whoever asks again gets the same.
    let nearest = near.min_by_key(|s| (apart(s).iter().map(|d| d * d).sum::<u64>(), **s));
    nearest.copied().unwrap_or(exact)
}

fn extended(canonical: &CanonicalGrid, extension: &Extension, prompts: &[Prompt]) -> Opened {
    let seed = Prompt { world: extension.seed, positive: true };
    let click = prompts.iter().position(|p| *p == seed);
    Opened { place: canonical.crop_at(extension.start), opener: seed, click }
}

/// A canonical voxel as a point of the cube, which it is moved into if need be.
fn point(place: &CropPlace, voxel: [i64; 3], positive: bool) -> PointPrompt {
    let last = SIDE as i64 - 1;
    let inside = |a: usize| voxel[a].saturating_sub(place.start[a]).clamp(0, last) as f32;
    PointPrompt { voxel: std::array::from_fn(inside), positive }
}
