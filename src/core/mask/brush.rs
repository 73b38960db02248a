//! Which voxels a brush covers: balls and discs that are round in millimetres on any grid, and what they cover on
//! the way from one place to another.
//!
//! A voxel is covered if its centre is, and also if the brush's middle passes through the voxel itself: a brush
//! smaller than a voxel covers the voxel it is in.
//!
//! Each row of voxels is a line in space, and the parts of a brush are convex, so each row's share is an interval
//! that is computed, not searched: the cost is that of the rows in the brush's own box, whatever the volume's size.

use super::lines::{EDGE_MM, Interval, LARGEST_MM, Lattice, Sheet, linear, meet, near, whole};
use crate::geom::{DVec3, Grid};
use crate::volume::{Region, RegionBuilder};

/// What a brush looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tip {
    /// Everything within the radius.
    Ball,
    /// Within the radius in a plane through the brush's middle, and one slice thick: of the voxels that this plane cuts
    /// those whose centre, moved straight onto the plane, is within the radius. In a slice along the grid's axes these
    /// are voxels of that slice; in an oblique one they are the voxels that the picture shows.
    Disc {
        /// Of the plane, RAS; any length but zero.
        normal: DVec3,
    },
}

/// A brush.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brush {
    /// In mm. At 0 only the voxel is covered that the middle is in; below (or not a number) nothing.
    pub radius_mm: f64,
    /// Its shape.
    pub tip: Tip,
}

impl Brush {
    /// The voxels of `grid` covered with the brush's middle at `at` (RAS mm).
    pub fn dab(&self, grid: &Grid, at: DVec3) -> Region {
        self.sweep(grid, at, at)
    }

    /// The voxels covered while the brush's middle moves straight from `from` to `to` (RAS mm). Of a disc both ends are
    /// to lie in the same plane; `to` is moved straight onto that of `from`.
    pub fn sweep(&self, grid: &Grid, from: DVec3, to: DVec3) -> Region {
        let mut builder = RegionBuilder::new(grid.dims()[0]);
        let Some(path) = Path::of(self, grid, from, to) else { return builder.finish() };
        let [nx, ny, _] = grid.dims();
        let [ys, zs] = path.rows(grid.dims());
        for z in zs {
            for y in ys.clone() {
                let start = nx * (y + ny * z);
                for (first, end) in path.row(y as f64, z as f64, nx).into_iter().flatten() {
                    builder.push(start + first, end - first);
                }
            }
        }
        builder.finish()
    }
}

/// A brush on its way, in the terms of one grid.
struct Path {
    radius: f64,
    sheet: Option<Sheet>,
    from: DVec3,
    /// Unit vector and length of the way as the distance to it is measured: in the plane for discs.
    along: DVec3,
    length: f64,
    lattice: Lattice,
    /// Both ends in continuous voxel coordinates, and how far the covered voxels' centres reach beyond them.
    ends: [DVec3; 2],
    reach: DVec3,
}

impl Path {
    /// `None` if nothing is covered.
    fn of(brush: &Brush, grid: &Grid, from: DVec3, to: DVec3) -> Option<Self> {
        // (Not `<`, which a NaN would pass.)
        if !(brush.radius_mm >= 0.0 && near(from) && near(to)) {
            return None;
        }
        let radius = brush.radius_mm.min(LARGEST_MM) + EDGE_MM;
        let lattice = Lattice::of(grid);
        let sheet = match brush.tip {
            Tip::Ball => None,
            Tip::Disc { normal } => Some(Sheet::of(&lattice, normal)?),
        };
        let to = sheet.as_ref().map_or(to, |s| to - s.normal * s.normal.dot(to - from));
        let (along, length) = (to - from).normalize_and_length();
        // How fast each voxel coordinate grows in space tells how far a ball or disc reaches along it.
        let inverse = grid.voxel_from_world().matrix3.transpose();
        let gradients = [inverse.x_axis, inverse.y_axis, inverse.z_axis];
        let reach = gradients.map(|gradient| match &sheet {
            None => gradient.length() * radius,
            Some(s) => {
                let across = gradient.dot(s.normal);
                (gradient - s.normal * across).length() * radius + across.abs() * s.half
            }
        });
        Some(Self {
            radius,
            sheet,
            from,
            along: if length > 0.0 { along } else { DVec3::ZERO },
            length,
            lattice,
            ends: [grid.voxel(from), grid.voxel(to)],
            reach: DVec3::from_array(reach),
        })
    }

    /// The y and z indices of the rows that may have covered voxels.
    fn rows(&self, dims: [usize; 3]) -> [std::ops::Range<usize>; 2] {
        let [a, b] = self.ends;
        // At least the voxels that the middle passes through.
        let reach = self.reach.max(DVec3::splat(0.5)) + 1e-9;
        let (low, high) = (a.min(b) - reach, a.max(b) + reach);
        [1, 2]
            .map(|axis| whole(Some((low[axis], high[axis])), dims[axis]).map_or(0..0, |r| r.0..r.1))
    }

    /// The covered voxels of a row, as up to two ranges of x in order that do not overlap.
    fn row(&self, y: f64, z: f64, nx: usize) -> [Option<(usize, usize)>; 2] {
        let start = self.lattice.row(y, z) - self.from;
        let covered = whole(self.covered(start), nx);
        let passed = whole(self.passed(y, z), nx);
        match (covered, passed) {
            (Some(a), Some(b)) if a.0 <= b.1 && b.0 <= a.1 => {
                [Some((a.0.min(b.0), a.1.max(b.1))), None]
            }
            (Some(a), Some(b)) if b.0 < a.0 => [Some(b), Some(a)],
            (a, b) => [a, b],
        }
    }

    /// Where a row's line is within the brush on its way. `start` is the row's first centre, from the way's start.
    fn covered(&self, start: DVec3) -> Option<Interval> {
        let step = self.lattice.steps[0];
        let Some(sheet) = &self.sheet else { return self.around(start, step) };
        let cut = sheet.cut(start, step)?;
        let (above, rise) = (start.dot(sheet.normal), step.dot(sheet.normal));
        let around = self.around(start - sheet.normal * above, step - sheet.normal * rise)?;
        meet(cut, around)
    }

    /// Where the line from `start` on by `step` is within the radius of the way: of its ends, or of what is between.
    fn around(&self, start: DVec3, step: DVec3) -> Option<Interval> {
        let ends = [0.0, self.length].map(|at| ball(start - self.along * at, step, self.radius));
        let across = |v: DVec3| v - self.along * v.dot(self.along);
        let middle = ball(across(start), across(step), self.radius).and_then(|inside| {
            let between = linear(start.dot(self.along), step.dot(self.along), 0.0, self.length)?;
            meet(inside, between)
        });
        // The whole is convex: its parts on a line join.
        let parts = [ends[0], ends[1], middle].into_iter().flatten();
        parts.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Which voxels of a row the middle passes through, as the interval of their centres.
    fn passed(&self, y: f64, z: f64) -> Option<Interval> {
        let [a, b] = self.ends;
        let (mut from, mut to) = (0.0f64, 1.0f64);
        for (start, end, at) in [(a.y, b.y, y), (a.z, b.z, z)] {
            if (start + 0.5).floor() == (end + 0.5).floor() {
                if (start + 0.5).floor() != at {
                    return None;
                }
                continue;
            }
            let inside = linear(start, end - start, at - 0.5, at + 0.5)?;
            (from, to) = meet((from, to), inside)?;
        }
        let ends = [from, to].map(|t| (a.x + (b.x - a.x) * t + 0.5).floor());
        Some((ends[0].min(ends[1]), ends[0].max(ends[1])))
    }
}

/// For which x `start + step * x` is within `radius` of the origin.
fn ball(start: DVec3, step: DVec3, radius: f64) -> Option<Interval> {
    let square = step.length_squared();
    if square < 1e-24 {
        return (start.length() <= radius).then_some((f64::NEG_INFINITY, f64::INFINITY));
    }
    let nearest = -start.dot(step) / square;
    let rest = radius * radius - (start + step * nearest).length_squared();
    let half = (rest >= 0.0).then(|| (rest / square).sqrt())?;
    Some((nearest - half, nearest + half))
}

#[cfg(test)]
mod tests;
