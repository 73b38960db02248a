//! Rows of voxels as lines in space: where they are on one side of something is an interval of x, which is computed,
//! not searched.

use crate::geom::{DVec3, Grid};

/// A plane in space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutPlane {
    /// A place in it, RAS mm.
    pub point: DVec3,
    /// What it is at right angles to, RAS; any length but zero.
    pub normal: DVec3,
}

/// Added to a distance that voxels may have at most, in mm: those exactly on the edge are in on every side.
pub(super) const EDGE_MM: f64 = 1e-6;
/// Larger than any scan, in mm: places further away are outside of all scans.
pub(super) const LARGEST_MM: f64 = 1e7;

/// From and to, both included.
pub(super) type Interval = (f64, f64);

/// What is in both.
pub(super) fn meet(a: Interval, b: Interval) -> Option<Interval> {
    let both = (a.0.max(b.0), a.1.min(b.1));
    (both.0 <= both.1).then_some(both)
}

/// For which x `start + step * x` is in `low..=high`.
pub(super) fn linear(start: f64, step: f64, low: f64, high: f64) -> Option<Interval> {
    if step.abs() < 1e-12 {
        return (low <= start && start <= high).then_some((f64::NEG_INFINITY, f64::INFINITY));
    }
    let (a, b) = ((low - start) / step, (high - start) / step);
    Some((a.min(b), a.max(b)))
}

/// The whole numbers of an interval from 0 up to `count`, first and one past the last.
pub(super) fn whole(interval: Option<Interval>, count: usize) -> Option<(usize, usize)> {
    let (low, high) = interval?;
    let (low, high) = (low.ceil().max(0.0), (high.floor() + 1.0).min(count as f64));
    (low < high).then_some((low as usize, high as usize))
}

/// Whether a place is one that a scan could have.
pub(super) fn near(place: DVec3) -> bool {
    place.is_finite() && place.abs().max_element() <= LARGEST_MM
}

/// World position of the first voxel's centre, and the steps along x, y, z.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lattice {
    pub origin: DVec3,
    pub steps: [DVec3; 3],
}

impl Lattice {
    pub fn of(grid: &Grid) -> Self {
        let affine = grid.world_from_voxel();
        let m = affine.matrix3;
        Self { origin: affine.translation, steps: [m.x_axis, m.y_axis, m.z_axis] }
    }

    /// World position of the first centre of a row.
    pub fn row(&self, y: f64, z: f64) -> DVec3 {
        self.origin + self.steps[1] * y + self.steps[2] * z
    }
}

/// A plane, and the voxels that count as in it: those that it cuts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sheet {
    /// Unit vector.
    pub normal: DVec3,
    /// Half of a voxel's extent along the normal: the plane cuts voxels whose centre is closer.
    pub half: f64,
}

impl Sheet {
    /// `None` without a direction.
    pub fn of(lattice: &Lattice, normal: DVec3) -> Option<Self> {
        let normal = normal.try_normalize()?;
        let half = lattice.steps.map(|s| s.dot(normal).abs()).iter().sum::<f64>() / 2.0;
        Some(Self { normal, half })
    }

    /// Which voxels of a row the plane cuts: `start` is the row's first centre from a place in the plane.
    pub fn cut(&self, start: DVec3, step: DVec3) -> Option<Interval> {
        let (above, rise) = (start.dot(self.normal), step.dot(self.normal));
        // Half open, so that a plane between two layers of voxels cuts one of them.
        let hair = 1e-9 * self.half;
        linear(above, rise, -self.half - hair, self.half - hair)
    }
}
