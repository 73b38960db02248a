//! The voxels within an outline that was drawn in a slice: polygon, freehand and lasso.

use super::lines::{CutPlane, Lattice, Sheet, near, whole};
use super::outline::{FillRule, Outline};
use crate::geom::{DVec2, DVec3, Grid};
use crate::volume::{Region, RegionBuilder};

/// The voxels of `grid` within a closed outline in a plane: those that the plane cuts and whose centre, moved straight
/// onto the plane, is inside (as a disc of the brush, [`Tip::Disc`](super::brush::Tip)). In a slice along the grid's
/// axes these are voxels of that slice, in an oblique one those that the picture shows.
///
/// `outline` in RAS mm, one point after another, the last joined to the first; points beside the plane are moved
/// straight onto it. A centre exactly on an edge is in on one side of the polygon and out on the other, so neighbours
/// drawn along the same line share no voxel. Fewer than three points, or such that aren't finite, enclose nothing.
///
/// Costs as much as the rows in the outline's own box, whatever the number of points.
pub fn polygon(grid: &Grid, plane: &CutPlane, outline: &[DVec3], rule: FillRule) -> Region {
    let mut builder = RegionBuilder::new(grid.dims()[0]);
    if let Some(drawn) = Drawn::of(grid, plane, outline, rule) {
        drawn.fill(grid, &mut builder);
    }
    builder.finish()
}

/// An outline in its plane, whose first axis is that along which rows of voxels run.
struct Drawn {
    lattice: Lattice,
    sheet: Sheet,
    point: DVec3,
    along: DVec3,
    across: DVec3,
    /// From one voxel of a row to the next, along the first axis, mm: 0 if rows go straight through the plane.
    step: f64,
    outline: Outline,
    /// y and z indices of rows that may have voxels inside.
    rows: [std::ops::Range<usize>; 2],
}

impl Drawn {
    fn of(grid: &Grid, plane: &CutPlane, points: &[DVec3], rule: FillRule) -> Option<Self> {
        if !near(plane.point) || !points.iter().copied().all(near) {
            return None;
        }
        let lattice = Lattice::of(grid);
        let sheet = Sheet::of(&lattice, plane.normal)?;
        let flat = lattice.steps[0] - sheet.normal * lattice.steps[0].dot(sheet.normal);
        // Shorter is rounding: the rows are at right angles to the plane.
        let lies = flat.length() > 1e-9 * lattice.steps[0].length();
        let along = if lies { flat.normalize() } else { sheet.normal.any_orthonormal_vector() };
        let across = sheet.normal.cross(along);
        let onto: Vec<DVec2> = points
            .iter()
            .map(|&p| p - plane.point)
            .map(|p| DVec2::new(p.dot(along), p.dot(across)))
            .collect();
        let rows = rows_near(grid, plane.point, &onto, [along, across], &sheet)?;
        let outline = Outline::new(&onto, rule)?;
        let step = if lies { lattice.steps[0].dot(along) } else { 0.0 };
        Some(Self { lattice, sheet, point: plane.point, along, across, step, outline, rows })
    }

    fn fill(&self, grid: &Grid, builder: &mut RegionBuilder) {
        let [nx, ny, _] = grid.dims();
        let (mut work, mut spans) = (Vec::new(), Vec::new());
        for z in self.rows[1].clone() {
            for y in self.rows[0].clone() {
                let start = self.lattice.row(y as f64, z as f64) - self.point;
                let cut = whole(self.sheet.cut(start, self.lattice.steps[0]), nx);
                let Some((first, end)) = cut else { continue };
                self.outline.spans(start.dot(self.across), &mut work, &mut spans);
                let u = start.dot(self.along);
                let row = nx * (y + ny * z);
                for &(a, b) in &spans {
                    // The first whole x that is not before an end.
                    let x = |end_u: f64| {
                        let before = if self.step > 0.0 {
                            ((end_u - u) / self.step).ceil()
                        } else if end_u <= u {
                            f64::NEG_INFINITY
                        } else {
                            f64::INFINITY
                        };
                        before.clamp(first as f64, end as f64) as usize
                    };
                    let (from, to) = (x(a), x(b));
                    builder.push(row + from, to.saturating_sub(from));
                }
            }
        }
    }
}

/// The y and z indices of rows in the box of the points and half of a voxel on both sides of their plane.
fn rows_near(
    grid: &Grid,
    point: DVec3,
    points: &[DVec2],
    [along, across]: [DVec3; 2],
    sheet: &Sheet,
) -> Option<[std::ops::Range<usize>; 2]> {
    let places = || points.iter().map(|p| grid.voxel(point + along * p.x + across * p.y));
    let (low, high) = (places().reduce(DVec3::min)?, places().reduce(DVec3::max)?);
    let inverse = grid.voxel_from_world().matrix3;
    let reach = (inverse * sheet.normal).abs() * sheet.half + 1e-6;
    let range = |a: usize| {
        whole(Some((low[a] - reach[a], high[a] + reach[a])), grid.dims()[a])
            .map_or(0..0, |(from, to)| from..to)
    };
    Some([range(1), range(2)])
}

#[cfg(test)]
mod tests;
