//! What a PET shows under a mask, in standardised uptake values.

use crate::geom::Grid;
use crate::volume::{Region, Volume};

use super::{FirstOrder, values_under};

/// Volume of the ball of the peak, mm³.
const PEAK_MM3: f64 = 1000.0;

/// Uptake under a mask. Values are those of the scan, which should be SUV.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uptake {
    /// Largest value (`SUVmax`).
    pub max: f64,
    /// Mean value (`SUVmean`).
    pub mean: f64,
    /// Largest mean within a ball of 1 cm³ around a voxel of the mask (`SUVpeak`; IBSI's global intensity peak, 0F91): of
    /// all voxels whose centres are no further away than its radius (6.2 mm), in the mask or not, that have a value.
    pub peak: f64,
    /// Metabolic tumour volume, mL: that of the mask.
    pub mtv_ml: f64,
    /// Total lesion glycolysis, mL: mean × volume.
    pub tlg_ml: f64,
}

impl Uptake {
    /// Under a mask on the scan's grid; `None` if no voxel has a value.
    pub fn of(mask: &Region, scan: &Volume) -> Option<Self> {
        let found = FirstOrder::of(values_under(mask, scan))?;
        let mtv_ml = mask.count() as f64 * scan.grid().voxel_volume_mm3() / 1000.0;
        let (max, mean) = (found.max, found.mean);
        Some(Self { max, mean, peak: peak(mask, scan)?, mtv_ml, tlg_ml: mean * mtv_ml })
    }
}

/// Runs along x of a ball: steps along y and z, and how far it reaches along x.
fn ball(grid: &Grid) -> Vec<([isize; 2], isize)> {
    let radius = (3.0 * PEAK_MM3 / (4.0 * std::f64::consts::PI)).cbrt();
    let spacing = grid.spacing();
    let reach = |mm: f64| (radius / mm).floor() as isize;
    let mut runs = Vec::new();
    for z in -reach(spacing.z)..=reach(spacing.z) {
        for y in -reach(spacing.y)..=reach(spacing.y) {
            let away = (y as f64 * spacing.y).powi(2) + (z as f64 * spacing.z).powi(2);
            if away <= radius * radius {
                let along = ((radius * radius - away).sqrt() / spacing.x).floor() as isize;
                runs.push(([y, z], along));
            }
        }
    }
    runs
}

fn peak(mask: &Region, scan: &Volume) -> Option<f64> {
    let (ball, grid) = (ball(scan.grid()), scan.grid());
    let dims = grid.dims();
    let mut best: Option<f64> = None;
    for index in mask.runs().iter().flat_map(|run| run.start..run.end()) {
        let [x, y, z] = [index % dims[0], index / dims[0] % dims[1], index / dims[0] / dims[1]];
        let (mut sum, mut count) = (0.0, 0usize);
        for &([dy, dz], reach) in &ball {
            let (row, slice) = (y.checked_add_signed(dy), z.checked_add_signed(dz));
            let (Some(row), Some(slice)) = (row, slice) else { continue };
            if row >= dims[1] || slice >= dims[2] {
                continue;
            }
            let (from, to) =
                (x.saturating_sub(reach as usize), (x + reach as usize).min(dims[0] - 1));
            for at in from..=to {
                let value = scan.value([at, row, slice]);
                if value.is_finite() {
                    sum += value;
                    count += 1;
                }
            }
        }
        if count > 0 {
            let mean = sum / count as f64;
            best = Some(best.map_or(mean, |best| best.max(mean)));
        }
    }
    best
}
