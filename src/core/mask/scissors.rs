//! Scissors: what a curve drawn over the 3D view cuts out of masks.

use rayon::prelude::*;

use super::bits::Bits;
use super::lines::Lattice;
use super::outline::{FillRule, Outline};
use super::polygon::polygon;
use super::split::split;
use super::{CutPlane, MaskError, WorkLimits};
use crate::geom::{DVec2, DVec3, DVec4, Grid, Orbit};
use crate::volume::{Region, RegionBuilder, Run};

/// Runs that are looked at between two looks at the limits.
const RUNS: usize = 1024;
/// Layers of voxels in a row that make a gap: one alone is a step in a surface.
const GAP: usize = 2;

/// How a view maps places (RAS mm) to its picture, in homogeneous coordinates: orthographic or perspective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewProjection {
    /// Of a place (x, y, z, 1): picture coordinates times `w`, and `w`, which is positive in front of the viewer.
    x: DVec4,
    y: DVec4,
    w: DVec4,
    /// Where the viewer is, RAS mm (…, 1), or in which direction (…, 0).
    viewer: DVec4,
}

impl ViewProjection {
    /// That of the 3D camera in a pane, to pixels from its top left corner, y down: [`Orbit::project`].
    pub fn of_orbit(orbit: &Orbit, grid: &Grid, pane: [f64; 2]) -> Self {
        let axes = orbit.axes();
        let centre = grid.centre();
        let (wider, mm) = (orbit.widening(grid), orbit.mm_per_pixel(grid, pane));
        // Distance from the centre along an axis, as a function of (x, y, z, 1).
        let along = |axis: DVec3| axis.extend(-axis.dot(centre));
        let w = DVec4::W - along(axes.z_axis) * wider;
        let x = w * (pane[0] / 2.0 + orbit.shift.x / mm) + along(axes.x_axis) / mm;
        let y = w * (pane[1] / 2.0 - orbit.shift.y / mm) - along(axes.y_axis) / mm;
        let viewer = if wider > 0.0 {
            (centre + axes.z_axis / wider).extend(1.0)
        } else {
            axes.z_axis.extend(0.0)
        };
        Self { x, y, w, viewer }
    }

    /// That of a slice: an affine map from places (RAS mm) to its picture; `viewer` is the direction towards the viewer.
    pub fn of_slice(picture: impl Fn(DVec3) -> DVec2, viewer: DVec3) -> Self {
        let origin = picture(DVec3::ZERO);
        let [x, y, z] = DVec3::AXES.map(|axis| picture(axis) - origin);
        Self {
            x: DVec4::new(x.x, y.x, z.x, origin.x),
            y: DVec4::new(x.y, y.y, z.y, origin.y),
            w: DVec4::W,
            viewer: viewer.extend(0.0),
        }
    }

    /// Where a place (RAS mm) is seen; `None` behind the viewer.
    pub fn project(&self, place: DVec3) -> Option<DVec2> {
        let place = place.extend(1.0);
        let w = self.w.dot(place);
        (w > 1e-3).then(|| DVec2::new(self.x.dot(place), self.y.dot(place)) / w)
    }

    /// From a place towards the viewer.
    fn towards(&self, place: DVec3) -> DVec3 {
        self.viewer.truncate() - place * self.viewer.w
    }
}

/// Which side of the curve is cut away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CutSide {
    /// What is seen within the curve.
    #[default]
    Inside,
    /// What is seen outside of it, or is behind the viewer.
    Outside,
}

/// How deep a cut goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CutDepth {
    /// Through everything.
    #[default]
    Through,
    /// Through the part in front: along each line of sight as far as the masks' first gap of two voxels and more.
    FirstSurface,
}

/// A curve drawn over a view, closed.
#[derive(Clone, Debug)]
pub struct Scissors<'a> {
    /// The view.
    pub projection: ViewProjection,
    /// The curve, in the view's picture coordinates.
    pub curve: &'a [DVec2],
    /// What counts as inside where it crosses itself.
    pub rule: FillRule,
    /// What is cut away.
    pub side: CutSide,
    /// How deep.
    pub depth: CutDepth,
}

impl Scissors<'_> {
    /// What is cut of each of `masks`, regions of `grid`: voxels are seen where their centres are. A curve that
    /// encloses nothing (fewer than three points, or such that aren't finite) cuts nothing, on neither side.
    ///
    /// Costs as much as the masks' voxels, and for [`CutDepth::FirstSurface`] as their depth along the lines of sight;
    /// then it takes one bit for each voxel of the box around all masks.
    pub fn cut(
        &self,
        grid: &Grid,
        masks: &[&Region],
        limits: &WorkLimits,
    ) -> Result<Vec<Region>, MaskError> {
        let Some(outline) = Outline::new(self.curve, self.rule) else {
            return Ok(vec![Region::default(); masks.len()]);
        };
        let front = match self.depth {
            CutDepth::Through => None,
            CutDepth::FirstSurface => Front::of(grid, masks, &self.projection, limits)?,
        };
        let lattice = Lattice::of(grid);
        masks
            .iter()
            .map(|mask| {
                let pieces = mask.runs().par_chunks(RUNS).map(|runs| {
                    limits.check()?;
                    let mut builder = RegionBuilder::new(grid.dims()[0]);
                    for &run in runs {
                        self.cut_run(grid, &lattice, run, &outline, front.as_ref(), &mut builder);
                    }
                    Ok(builder.finish())
                });
                // Runs of a region never touch, so those of one row may come in two pieces.
                Ok(Region::joined(&pieces.collect::<Result<Vec<_>, MaskError>>()?))
            })
            .collect()
    }

    fn cut_run(
        &self,
        grid: &Grid,
        lattice: &Lattice,
        run: Run,
        outline: &Outline,
        front: Option<&Front>,
        builder: &mut RegionBuilder,
    ) {
        let [nx, ny, _] = grid.dims();
        let (x, line) = (run.start % nx, run.start / nx);
        let (y, z) = (line % ny, line / ny);
        let first = lattice.row(y as f64, z as f64);
        for n in 0..run.len as usize {
            let place = first + lattice.steps[0] * (x + n) as f64;
            let inside = self.projection.project(place).is_some_and(|at| outline.contains(at));
            if inside == (self.side == CutSide::Inside)
                && front.is_none_or(|f| f.holds([x + n, y, z], place))
            {
                builder.push(run.start + n, 1);
            }
        }
    }
}

/// What of a mask is looked at: what lies on the sides of all planes that their normals point to, and, if there is a
/// slice, the voxels that it cuts, as those of [`Tip::Disc`](super::brush::Tip).
pub fn shown_part(
    mask: &Region,
    grid: &Grid,
    kept: &[CutPlane],
    slice: Option<&CutPlane>,
) -> Region {
    let mut part = mask.clone();
    for plane in kept {
        [part, _] = split(&part, grid, plane);
    }
    let Some(slice) = slice else { return part };
    // All of the slice: a square in its plane around the whole scan.
    let Some(normal) = slice.normal.try_normalize() else { return Region::default() };
    let (u, v) = normal.any_orthonormal_pair();
    let reach = 2.0 * (Orbit::radius(grid) + slice.point.distance(grid.centre()));
    let corners = [-u - v, u - v, u + v, v - u].map(|corner| slice.point + corner * reach);
    let all = polygon(grid, slice, &corners, FillRule::NonZero);
    part.intersection(&all, grid.dims()[0])
}

/// Which voxels are in front.
struct Front {
    /// All masks.
    bits: Bits,
    projection: ViewProjection,
    voxel_from_world: crate::geom::DMat3,
}

impl Front {
    /// `None` if there is no voxel.
    fn of(
        grid: &Grid,
        masks: &[&Region],
        projection: &ViewProjection,
        limits: &WorkLimits,
    ) -> Result<Option<Self>, MaskError> {
        let boxes = masks.iter().filter_map(|m| m.bounds(grid.dims()));
        let Some(bounds) = boxes.reduce(|a, b| a.union(&b)) else { return Ok(None) };
        limits.allow(Bits::words_of(&bounds), size_of::<u64>())?;
        let mut bits = Bits::new(bounds);
        for mask in masks {
            bits.add(mask, grid.dims());
        }
        let voxel_from_world = grid.voxel_from_world().matrix3;
        Ok(Some(Self { bits, projection: *projection, voxel_from_world }))
    }

    /// Whether no gap and, nearer to the viewer, another voxel lies on the line of sight. It is looked at once in each
    /// layer of voxels across the axis that is nearest to it.
    fn holds(&self, voxel: [usize; 3], place: DVec3) -> bool {
        let towards = self.voxel_from_world * self.projection.towards(place);
        let longest = towards.abs().max_element();
        if !(longest > 0.0 && longest.is_finite()) {
            return true;
        }
        let step = towards / longest;
        // A perspective viewer may stand among the voxels.
        let most = if self.projection.viewer.w > 0.0 { longest } else { f64::INFINITY };
        let bounds = self.bits.bounds();
        let low = DVec3::from_array(bounds.min.map(|v| v as f64)) - 0.5;
        let high = DVec3::from_array(bounds.max.map(|v| v as f64)) - 0.5;
        let start = DVec3::from_array(voxel.map(|v| v as f64));
        let (mut empty, mut n) = (0, 1.0);
        while n < most {
            let at = start + step * n;
            if at.cmplt(low).any() || at.cmpge(high).any() {
                return true;
            }
            let at = (at + 0.5).floor();
            let set = self.bits.get(at.x as usize, at.y as usize, at.z as usize);
            if set && empty >= GAP {
                return false;
            }
            empty = if set { 0 } else { empty + 1 };
            n += 1.0;
        }
        true
    }
}

#[cfg(test)]
mod tests;
