//! The prompts of a log as a session is given them: in voxels of the scan that it has.

use std::sync::Arc;

use super::mask::{SAME_MM, on_grid};
use crate::prompt::{Prompt, PromptShape, ShapeKind};
use crate::segment::error::SegmentError;
use crate::segment::remote::RemoteError;
use crate::segment::remote::nninteractive::{DrawnKind, InteractiveSession, Pasted};
use crate::segment::segmenter::Request;
use crate::volume::{MemoryTally, Region, VoxelBox};
use crate::work::{CancelToken, memory};

/// One prompt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Interaction {
    at: Place,
    /// Inside of the structure.
    positive: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Place {
    Voxel([usize; 3]),
    Cuboid(VoxelBox),
    /// The voxels of a line or a loop.
    Drawn(DrawnKind, Arc<Region>),
}

impl Interaction {
    /// Gives it to a session with a scan of `dims`: which box of the mask changes.
    ///
    /// # Errors
    /// If the server has no answer, or it is none.
    pub(super) fn give(
        &self,
        session: &mut InteractiveSession,
        dims: [usize; 3],
        cancel: &CancelToken,
    ) -> Result<Option<Pasted>, SegmentError> {
        let positive = self.positive;
        let told: Result<Option<Pasted>, RemoteError> = match &self.at {
            Place::Voxel(voxel) => session.point(dims, *voxel, positive, cancel),
            Place::Cuboid(bounds) => session.cuboid(dims, *bounds, positive, cancel),
            Place::Drawn(kind, region) => {
                let Some(bounds) = region.bounds(dims) else { return Ok(None) };
                let count: usize = bounds.size().iter().product();
                memory::check(count as u64)?;
                let inside = within(region, bounds, dims);
                session.drawn(dims, (*kind, bounds, &inside), positive, cancel)
            }
        };
        Ok(told?)
    }

    /// What it takes of memory.
    pub(super) fn tally(&self, tally: &mut MemoryTally) {
        if let Place::Drawn(_, region) = &self.at {
            tally.region(region);
        }
    }
}

/// The voxels of a box, x fastest: 1 for those of a region.
fn within(region: &Region, bounds: VoxelBox, [nx, ny, _]: [usize; 3]) -> Vec<u8> {
    let [width, height, depth] = bounds.size();
    let mut inside = vec![0; width * height * depth];
    let [low_x, low_y, low_z] = bounds.min;
    for run in region.runs() {
        let [x, y, z] = [run.start % nx, run.start / nx % ny, run.start / nx / ny];
        let start = x - low_x + width * (y - low_y + height * (z - low_z));
        inside[start..start + run.len as usize].fill(1);
    }
    inside
}

/// The prompts of a request.
///
/// # Errors
/// If one is where it makes no sense: the server would only say that it has failed.
pub(super) fn interactions(request: &Request) -> Result<Vec<Interaction>, SegmentError> {
    let (volume, log) = (&request.volume, &request.log);
    if log.time_point != volume.time_point() {
        return Err(SegmentError::Run("the clicks were made at another time point".to_owned()));
    }
    if log.start.is_none() && log.prompts.first().is_some_and(|first| !first.positive) {
        return Err(SegmentError::FirstNegative);
    }
    let given = log.prompts.iter().enumerate().map(|(n, prompt)| {
        let at = if let Some(shape) = log.shape(prompt.id) {
            drawn(request, n + 1, prompt, shape)?
        } else {
            let at = prompt.world.to_array();
            let voxel = volume.grid().voxel_at(prompt.world);
            Place::Voxel(voxel.ok_or(SegmentError::OutsideVolume { number: n + 1, at })?)
        };
        Ok(Interaction { at, positive: prompt.positive })
    });
    given.collect()
}

/// Prompt `number` of a request, which is more than a point: in voxels of the image.
fn drawn(
    request: &Request,
    number: usize,
    prompt: &Prompt,
    shape: &PromptShape,
) -> Result<Place, SegmentError> {
    let (grid, mask_grid) = (request.volume.grid(), request.mask_grid());
    let dims = mask_grid.dims();
    let anchor = mask_grid.voxel_at(prompt.world).filter(|anchor| shape.fits(*anchor, dims));
    let anchor = anchor.ok_or(SegmentError::ShapeOutside(number))?;
    let kind = match shape.kind() {
        ShapeKind::Box if grid.matches(mask_grid, SAME_MM) => {
            let bounds = shape.cuboid(anchor, dims);
            return bounds.map(Place::Cuboid).ok_or(SegmentError::ShapeOutside(number));
        }
        ShapeKind::Box => return Err(SegmentError::BoxBetweenSlices(number)),
        ShapeKind::Scribble => DrawnKind::Scribble,
        ShapeKind::Lasso => DrawnKind::Lasso,
    };
    let region = on_grid(shape.voxels(anchor, dims), mask_grid, grid)?;
    if region.is_empty() {
        return Err(SegmentError::ShapeOutside(number));
    }
    Ok(Place::Drawn(kind, Arc::new(region)))
}
