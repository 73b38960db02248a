//! Masks that are wrong in one way, to be corrected by clicks.

use anyhow::anyhow;

use super::super::args::StartFrom;
use crate::geom::Grid;
use crate::mask::morphology::{Margin, grow, shrink};
use crate::mask::{Scope, WorkLimits};
use crate::volume::{Region, RegionBuilder};

/// What is taken away, or added, mm.
const MARGIN_MM: f64 = 3.0;
/// The least that is left.
const LEFT: f64 = 0.25;
/// How often less is taken away.
const TRIES: i32 = 6;
/// How far it is moved, mm.
const SHIFT_MM: f64 = 5.0;

/// A structure, wrong in this way.
pub fn of(truth: &Region, grid: &Grid, wrong: StartFrom) -> anyhow::Result<Region> {
    let (scope, limits) = (Scope::Volume, WorkLimits::none());
    let failed = |why| anyhow!("the mask to start from: {why}");
    match wrong {
        StartFrom::Eroded => {
            for n in 0..TRIES {
                let margin = Margin::even(MARGIN_MM / 2f64.powi(n));
                let left = shrink(truth, grid, &margin, scope, &limits).map_err(failed)?;
                if left.count() as f64 >= LEFT * truth.count() as f64 {
                    return Ok(left);
                }
            }
            Ok(truth.clone())
        }
        StartFrom::Dilated => {
            grow(truth, grid, &Margin::even(MARGIN_MM), scope, &limits).map_err(failed)
        }
        StartFrom::Shifted => {
            Ok(shifted(truth, grid, (SHIFT_MM / grid.spacing().x).round().max(1.0) as usize))
        }
    }
}

/// So many voxels further along x; what leaves the scan is lost.
fn shifted(truth: &Region, grid: &Grid, by: usize) -> Region {
    let nx = grid.dims()[0];
    let mut moved = RegionBuilder::new(nx);
    for run in truth.runs() {
        let x = run.start % nx + by;
        let len = (run.len as usize).min(nx.saturating_sub(x));
        if len > 0 {
            moved.push(run.start + by, len);
        }
    }
    moved.finish()
}
