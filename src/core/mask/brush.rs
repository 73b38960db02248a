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
        self.taper(grid, from, to, self.radius_mm)
    }

    /// As [`Brush::sweep`], of a brush whose radius becomes `to_radius_mm` on the way, as evenly as it moves: what a pen
    /// covers that is pressed more and more (or less). All of the brush is covered at both ends, and at each place
    /// between them.
    pub fn taper(&self, grid: &Grid, from: DVec3, to: DVec3, to_radius_mm: f64) -> Region {
        let mut builder = RegionBuilder::new(grid.dims()[0]);
        let path = Path::of(self, grid, (from, to), to_radius_mm);
        let Some(path) = path else { return builder.finish() };
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
    /// At both ends.
    radii: [f64; 2],
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
    fn of(
        brush: &Brush,
        grid: &Grid,
        (from, to): (DVec3, DVec3),
        to_radius_mm: f64,
    ) -> Option<Self> {
        let radii = [brush.radius_mm, to_radius_mm];
        // (Not `<`, which a NaN would pass.)
        if !(radii.iter().all(|r| *r >= 0.0) && near(from) && near(to)) {
            return None;
        }
        let radii = radii.map(|r| r.min(LARGEST_MM) + EDGE_MM);
        let radius = radii[0].max(radii[1]);
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
            radii,
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
        let [first, last] = self.radii;
        let ends = [(0.0, first), (self.length, last)]
            .map(|(at, radius)| ball(start - self.along * at, step, radius));
        // The whole is convex: its parts on a line join.
        let parts = [ends[0], ends[1], self.between(start, step)].into_iter().flatten();
        parts.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Where it is within the cone (or the cylinder) that touches the balls at both ends: the rest of the hull of both.
    ///
    /// Of the balls on the way the one that reaches furthest towards a place `u` along the way and `v` away from it is
    /// that at `(u + s r) / (1 - s²)`, where `r` is the radius at the beginning and `s` how fast it grows; it reaches
    /// the place if `v² (1 - s²) <= (r + s u)²`.
    fn between(&self, start: DVec3, step: DVec3) -> Option<Interval> {
        let slope = (self.radii[1] - self.radii[0]) / self.length;
        let square = 1.0 - slope * slope;
        let across = |v: DVec3| v - self.along * v.dot(self.along);
        let (away, aside) = (across(start), across(step));
        let (at, ahead) = (start.dot(self.along), step.dot(self.along));
        if slope == 0.0 {
            return meet(ball(away, aside, self.radii[0])?, linear(at, ahead, 0.0, self.length)?);
        }
        // (A NaN neither: both ends are at one place. Else one end has the other within it.)
        if slope.is_nan() || slope.abs() >= 1.0 {
            return None;
        }
        let between = linear(at + slope * self.radii[0], ahead, 0.0, self.length * square)?;
        let (reach, grows) = (self.radii[0] + slope * at, slope * ahead);
        let a = aside.length_squared() * square - grows * grows;
        let b = away.dot(aside) * square - reach * grows;
        let c = away.length_squared() * square - reach * reach;
        below_zero(a, b, c, between)
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

/// Where `a x² + 2 b x + c` is not above 0 within an interval in which that is one interval.
fn below_zero(a: f64, b: f64, c: f64, within: Interval) -> Option<Interval> {
    let root = b * b - a * c;
    if root < 0.0 {
        return (a < 0.0).then_some(within);
    }
    // No difference of what is nearly the same (a row along the cone has a small `a`).
    let sum = -(b + root.sqrt().copysign(b));
    if sum == 0.0 {
        return if a > 0.0 { meet(within, (0.0, 0.0)) } else { (c <= 0.0).then_some(within) };
    }
    let (low, high) = ((sum / a).min(c / sum), (sum / a).max(c / sum));
    if a >= 0.0 {
        return meet(within, (low, high));
    }
    let outside = [(f64::NEG_INFINITY, low), (high, f64::INFINITY)];
    outside.into_iter().filter_map(|part| meet(within, part)).reduce(|a, b| (a.0, b.1))
}

#[cfg(test)]
mod tests;
