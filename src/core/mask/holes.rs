//! Holes: what is not in a mask and is enclosed by it.

use super::block::{Frame, moved};
use super::components::{Connectivity, Links, components, rows};
use super::{MaskError, Scope, WorkLimits};
use crate::geom::Grid;
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// The region with its holes filled: in a volume, cavities from which no way over the faces of voxels leads to the
/// outside; in a slice, holes in that slice. What is open at the volume's edge is not a hole. As SciPy's
/// `binary_fill_holes` and ITK's `BinaryFillholeImageFilter`.
pub fn fill(
    region: &Region,
    grid: &Grid,
    scope: Scope,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    scope.apply(region, grid.dims(), |region| match scope {
        Scope::Volume => fill_frame(region, grid.dims(), None, limits),
        Scope::Slice { axis, .. } => fill_each_slice(region, grid, axis, limits),
    })
}

/// The region with the holes filled that it has in slices perpendicular to voxel axis `axis` (0 to 2), each for itself.
pub fn fill_each_slice(
    region: &Region,
    grid: &Grid,
    axis: usize,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let dims = grid.dims();
    if axis != 0 {
        return fill_frame(region, dims, Some(axis), limits);
    }
    // Runs lie along x, so slices across it are turned until they lie along something else.
    let Some(bounds) = region.bounds(dims) else { return Ok(Region::default()) };
    let order = [2, 1, 0];
    let frame = Frame::around(&bounds, dims, [0; 3], [0; 3]);
    let turned = frame.turned(region, order, limits)?;
    let size = order.map(|a| frame.size()[a]);
    let filled = fill_frame(&turned, size, Some(2), limits)?;
    let whole = Frame::around(&VoxelBox::whole(size), size, [0; 3], [0; 3]);
    let back = whole.turned(&filled, order, limits)?;
    let by = bounds.min.map(|v| v as isize);
    Ok(moved(&back, frame.size(), dims, by))
}

/// Fills in space, or in slices across axis 1 or 2.
fn fill_frame(
    region: &Region,
    dims: [usize; 3],
    across: Option<usize>,
    limits: &WorkLimits,
) -> Result<Region, MaskError> {
    let Some(bounds) = region.bounds(dims) else { return Ok(Region::default()) };
    let [nx, ny, _] = dims;
    // Around the region's box there is nothing but background: what reaches the box's sides is outside.
    let outer = Frame::around(&bounds, dims, [0; 3], [0; 3]).complement(region);
    let rows = rows(outer.runs(), nx);
    let links = match across {
        None => Links::from(Connectivity::Faces),
        Some(1) => Links { rows: &[(0, -1)], miss: 0 },
        Some(_) => Links { rows: &[(-1, 0)], miss: 0 },
    };
    let (of, count) = components(outer.runs(), &rows, dims, links, limits)?;
    let side = |axis: usize, at: usize| {
        across != Some(axis) && (at == bounds.min[axis] || at + 1 == bounds.max[axis])
    };
    let mut open = vec![false; count];
    for row in &rows {
        let outermost = side(1, row.row % ny) || side(2, row.row / ny);
        let (low, high) = (row.row * nx + bounds.min[0], row.row * nx + bounds.max[0]);
        let runs = &outer.runs()[row.first..row.end];
        for (run, &part) in runs.iter().zip(&of[row.first..row.end]) {
            open[part as usize] |= outermost || run.start == low || run.end() == high;
        }
    }
    let mut holes = RegionBuilder::new(nx);
    for (run, &part) in outer.runs().iter().zip(&of) {
        if !open[part as usize] {
            holes.push(run.start, run.len as usize);
        }
    }
    Ok(region.union(&holes.finish(), nx))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mask::testing::{cases, millimetres};

    #[test]
    fn as_scipy_says() {
        for case in cases() {
            let (grid, limits) = (case.grid(), WorkLimits::none());
            let found = fill(&case.mask, &grid, Scope::Volume, &limits).unwrap();
            assert_eq!(found, case.filled, "{}", case.name);
            for axis in 0..3 {
                let found = fill_each_slice(&case.mask, &grid, axis, &limits).unwrap();
                assert_eq!(found, case.filled_slices[axis], "{} axis {axis}", case.name);
                // Slice after slice, each for itself, is all slices.
                let mut one_by_one = case.mask.clone();
                for index in 0..grid.dims()[axis] {
                    let scope = Scope::Slice { axis, index };
                    one_by_one = fill(&one_by_one, &grid, scope, &limits).unwrap();
                }
                assert_eq!(one_by_one, found, "{} axis {axis}, one by one", case.name);
            }
        }
    }

    #[test]
    fn nothing_everything_and_slices_that_are_not_there() {
        let (grid, limits) = (millimetres([4, 3, 5], [1.0; 3]), WorkLimits::none());
        let everything = Region::from_mask(4, (0..60).map(|_| true));
        for region in [Region::default(), everything] {
            for scope in [Scope::Volume, Scope::Slice { axis: 0, index: 1 }] {
                assert_eq!(fill(&region, &grid, scope, &limits).unwrap(), region);
            }
        }
        // A ring in slice z = 1.
        let ring = Region::from_mask(4, (0..60).map(|n| (12..24).contains(&n) && n != 17));
        for (axis, index, filled) in
            [(2, 1, 1), (2, 0, 0), (2, 5, 0), (2, usize::MAX, 0), (3, 0, 0), (0, 1, 0), (1, 1, 0)]
        {
            let found = fill(&ring, &grid, Scope::Slice { axis, index }, &limits).unwrap();
            assert_eq!(found.count(), ring.count() + filled, "{axis} {index}");
        }
        assert_eq!(fill(&ring, &grid, Scope::Volume, &limits).unwrap(), ring);
    }

    proptest! {
        #[test]
        fn filling_adds_and_is_done_once(
            dims in [1usize..9, 1usize..8, 1usize..7],
            share in 0.3f64..0.95,
            seed in any::<u64>(),
        ) {
            let (grid, limits) = (millimetres(dims, [1.0; 3]), WorkLimits::none());
            let mut random = fastrand::Rng::with_seed(seed);
            let region = Region::from_mask(dims[0], (0..grid.count()).map(|_| random.f64() < share));
            let filled = fill(&region, &grid, Scope::Volume, &limits).unwrap();
            prop_assert!(region.without(&filled, dims[0]).is_empty());
            prop_assert_eq!(&fill(&filled, &grid, Scope::Volume, &limits).unwrap(), &filled);
            // A hole in space is one in each of its slices.
            for axis in 0..3 {
                let slices = fill_each_slice(&region, &grid, axis, &limits).unwrap();
                prop_assert!(filled.without(&slices, dims[0]).is_empty());
            }
        }
    }
}
