//! Labels of one grid on another, by place.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::geom::{DAffine3, DMat3, DVec3, Grid};
use crate::volume::{LabelMap, Region, RegionBuilder};
use crate::work::{CancelToken, Cancelled};

/// How far, in voxels, one grid's voxels may lie from those of another and still be these.
const SAME_VOXEL: f64 = 0.05;

/// Labels that were put on a grid.
#[derive(Debug, Default)]
pub(super) struct OnGrid {
    /// By label. One without a voxel there is missing.
    pub regions: BTreeMap<u16, Region>,
    /// The voxels are those of the grid, in whatever order and however many of them; else each voxel of the grid has
    /// the label of what lies nearest to its middle.
    pub is_exact: bool,
    /// How far, in voxels, they lie from those of the grid at most; infinite if their axes are others.
    pub apart: f64,
    /// Voxels with a label that lie outside.
    pub outside: usize,
}

/// Puts `labels`, which lie on `own`, on `grid`.
///
/// # Errors
/// If somebody asked for it to stop.
pub(super) fn onto_grid(
    labels: &LabelMap,
    own: &Grid,
    grid: &Grid,
    cancel: &CancelToken,
) -> Result<OnGrid, Cancelled> {
    let own_from_grid = own.voxel_from_world() * grid.world_from_voxel();
    let [nx, ny, nz] = grid.dims();
    let (low, high) = bounds(own, grid);
    let rows = |z: usize| -> Result<Vec<(u16, usize, usize)>, Cancelled> {
        cancel.check()?;
        let mut runs: Vec<(u16, usize, usize)> = Vec::new();
        for y in low[1]..high[1] {
            let first = own_from_grid.transform_point3(DVec3::new(0.0, y as f64, z as f64));
            let row = nx * (y + ny * z);
            for x in low[0]..high[0] {
                let at = first + x as f64 * own_from_grid.matrix3.x_axis;
                let label = nearest(at, own.dims()).map_or(0, |voxel| labels.get(voxel));
                match runs.last_mut() {
                    _ if label == 0 => {}
                    Some((same, start, len)) if *same == label && *start + *len == row + x => {
                        *len += 1;
                    }
                    _ => runs.push((label, row + x, 1)),
                }
            }
        }
        Ok(runs)
    };
    let slices: Vec<_> =
        (low[2]..high[2].min(nz)).into_par_iter().map(rows).collect::<Result<_, _>>()?;
    let mut builders: BTreeMap<u16, RegionBuilder> = BTreeMap::new();
    for (label, start, len) in slices.into_iter().flatten() {
        // A run that was joined over the end of a row is two.
        let mut at = start;
        while at < start + len {
            let end = (start + len).min((at / nx + 1) * nx);
            let builder = builders.entry(label).or_insert_with(|| RegionBuilder::new(nx));
            builder.push(at, end - at);
            at = end;
        }
    }
    let apart = apart(own, grid);
    Ok(OnGrid {
        regions: builders.into_iter().map(|(label, b)| (label, b.finish())).collect(),
        is_exact: apart < SAME_VOXEL,
        apart,
        outside: outside(labels, own, grid),
    })
}

/// The voxel of a grid of `dims` voxels in which a place lies.
fn nearest(at: DVec3, dims: [usize; 3]) -> Option<[usize; 3]> {
    let at = (at + 0.5).floor();
    let inside = |axis: usize| at[axis] >= 0.0 && at[axis] < dims[axis] as f64;
    (inside(0) && inside(1) && inside(2)).then_some([at.x as usize, at.y as usize, at.z as usize])
}

/// The first voxels of `grid` along each axis that may lie in `own`, and those after the last.
fn bounds(own: &Grid, grid: &Grid) -> ([usize; 3], [usize; 3]) {
    let corners = own.corners().map(|corner| grid.voxel(corner));
    let one = |axis: usize| {
        let along = corners.map(|corner| corner[axis]);
        let low = along.into_iter().fold(f64::INFINITY, f64::min).floor() - 1.0;
        let high = along.into_iter().fold(f64::NEG_INFINITY, f64::max).ceil() + 2.0;
        let most = grid.dims()[axis] as f64;
        [low.clamp(0.0, most) as usize, high.clamp(0.0, most) as usize]
    };
    let [x, y, z] = [one(0), one(1), one(2)];
    ([x[0], y[0], z[0]], [x[1], y[1], z[1]])
}

/// How far the voxels of `own` lie from those of the (endless) lattice of `grid`, in voxels; infinite if its axes are
/// not those of the lattice, in any order.
fn apart(own: &Grid, grid: &Grid) -> f64 {
    let grid_from_own = grid.voxel_from_world() * own.world_from_voxel();
    let matrix3 = DMat3::from_cols(
        grid_from_own.matrix3.x_axis.round(),
        grid_from_own.matrix3.y_axis.round(),
        grid_from_own.matrix3.z_axis.round(),
    );
    let whole = DAffine3 { matrix3, translation: grid_from_own.translation.round() };
    // Each axis along another, in steps of one. Where there is one voxel only, an axis runs nowhere.
    let along = |n: usize| (own.dims()[n] > 1).then(|| matrix3.col(n).abs());
    let steps: Vec<DVec3> = (0..3).filter_map(along).collect();
    let alone = |step: &DVec3| step.element_sum() == 1.0;
    let together = steps.iter().copied().sum::<DVec3>();
    if !steps.iter().all(alone) || together.max_element() > 1.0 {
        return f64::INFINITY;
    }
    let [nx, ny, nz] = own.dims().map(|n| n as f64 - 1.0);
    let corners = (0..8).map(|n| {
        let pick = |bit: usize, far: f64| if n & bit == 0 { 0.0 } else { far };
        let corner = DVec3::new(pick(1, nx), pick(2, ny), pick(4, nz));
        let apart = grid_from_own.transform_point3(corner) - whole.transform_point3(corner);
        apart.abs().max_element()
    });
    corners.fold(0.0, f64::max)
}

/// How many voxels with a label lie outside of `grid`.
fn outside(labels: &LabelMap, own: &Grid, grid: &Grid) -> usize {
    let grid_from_own = grid.voxel_from_world() * own.world_from_voxel();
    let [nx, ny, nz] = own.dims();
    let corner = |n: usize| {
        let pick = |bit: usize, dim: usize| if n & bit == 0 { 0.0 } else { dim as f64 - 1.0 };
        DVec3::new(pick(1, nx), pick(2, ny), pick(4, nz))
    };
    let is_out = |at: DVec3| nearest(grid_from_own.transform_point3(at), grid.dims()).is_none();
    if !(0..8).any(|n| is_out(corner(n))) {
        return 0;
    }
    let slice = |z: usize| {
        let row = |(y, row): (usize, &[u16])| {
            let labelled = row.iter().enumerate().filter(|(_, label)| **label != 0);
            labelled.filter(|(x, _)| is_out(DVec3::new(*x as f64, y as f64, z as f64))).count()
        };
        labels.rows(z).enumerate().map(row).sum::<usize>()
    };
    (0..nz).into_par_iter().filter(|z| !labels.is_untouched(*z)).map(slice).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(dims: [usize; 3], columns: [DVec3; 3], first: DVec3) -> Grid {
        let [x, y, z] = columns;
        let matrix3 = DMat3::from_cols(x, y, z);
        Grid::new(dims, DAffine3 { matrix3, translation: first }).unwrap()
    }

    /// The labels at each voxel of `to` are those of the voxel of `own` that lies there.
    #[test]
    fn a_part_in_another_order_comes_to_its_place() {
        let turn = DMat3::from_rotation_z(0.3) * DMat3::from_rotation_x(-0.7);
        let columns = [DVec3::X * 0.5, DVec3::Y * 0.75, DVec3::Z * 3.0].map(|c| turn * c);
        let scan = grid([6, 5, 4], columns, DVec3::new(-40.0, 12.0, 7.0));
        // Slices 1 to 3, counted down; rows along columns.
        let first = scan.world_of([1, 0, 3]);
        let own = grid([5, 4, 3], [columns[1], columns[0], -columns[2]], first);
        let count = own.count();
        let labels: Vec<u16> = (0..count).map(|n| (n % 3) as u16).collect();
        let labels = LabelMap::from_labels(own.dims(), &labels);
        let found = onto_grid(&labels, &own, &scan, &CancelToken::new()).unwrap();
        assert!(found.is_exact);
        assert_eq!(found.outside, 0);
        let map = LabelMap::from_regions(scan.dims(), found.regions.iter().map(|(l, r)| (*l, r)));
        for z in 0..4 {
            for y in 0..5 {
                for x in 0..6 {
                    let inside = (1..5).contains(&x) && z > 0;
                    let meant = if inside { labels.get([y, x - 1, 3 - z]) } else { 0 };
                    assert_eq!(map.get([x, y, z]), meant, "{x}, {y}, {z}");
                }
            }
        }
    }

    /// Slices that go on obliquely, by more than a voxel: of one slice nothing says so, and its voxels are the scan's.
    #[test]
    fn one_slice_lies_on_a_scan_whose_slices_go_on_obliquely() {
        let columns = [DVec3::X, DVec3::Y, DVec3::new(0.0, 0.8, 2.0)];
        let scan = grid([4, 5, 3], columns, DVec3::ZERO);
        let own = |from: DVec3| grid([4, 5, 1], [DVec3::X, DVec3::Y, DVec3::Z * 2.0], from);
        let labels = LabelMap::from_labels([4, 5, 1], &[3; 20]);
        for (moved, exact, apart) in [(0.0, true, 0.0), (0.01, true, 0.01), (0.2, false, 0.2)] {
            let own = own(scan.world_of([0, 0, 1]) + moved * DVec3::X);
            let found = onto_grid(&labels, &own, &scan, &CancelToken::new()).unwrap();
            assert_eq!((found.is_exact, found.outside), (exact, 0), "{moved}");
            assert!((found.apart - apart).abs() < 1e-9, "{moved}: {}", found.apart);
            let runs: usize = found.regions[&3].runs().iter().map(|run| run.start / 20).sum();
            assert_eq!((found.regions[&3].count(), runs), (20, 5), "{moved}");
        }
    }

    #[test]
    fn other_grids_are_told_from_parts() {
        let columns = [DVec3::X, DVec3::Y, DVec3::Z];
        let scan = grid([4, 4, 4], columns, DVec3::ZERO);
        let full = |grid: &Grid| LabelMap::from_labels(grid.dims(), &vec![1; grid.count()]);
        let at = |first: DVec3, scale: f64, n: usize| {
            grid([n, n, n], columns.map(|column| column * scale), first)
        };
        for (what, own, exact, outside, inside) in [
            ("the same", at(DVec3::ZERO, 1.0, 4), true, 0, 64),
            ("a step aside", at(DVec3::X, 1.0, 4), true, 16, 48),
            ("a third of a step aside", at(DVec3::X * 0.3, 1.0, 4), false, 0, 64),
            ("twice as fine", at(DVec3::splat(-0.25), 0.5, 8), false, 0, 64),
            ("a hundredth coarser", at(DVec3::ZERO, 1.01, 101), false, 1_030_301 - 64, 64),
            ("elsewhere", at(DVec3::splat(100.0), 1.0, 2), true, 8, 0),
        ] {
            let found = onto_grid(&full(&own), &own, &scan, &CancelToken::new()).unwrap();
            assert_eq!(found.is_exact, exact, "{what}");
            assert_eq!(found.outside, outside, "{what}");
            let count = found.regions.get(&1).map_or(0, Region::count);
            assert_eq!(count, inside, "{what}");
        }
    }
}
