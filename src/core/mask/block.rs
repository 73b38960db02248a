//! A box of a volume, worked on densely: its memory is that of an object's surroundings, never of the volume.

use rayon::prelude::*;

use super::{MaskError, WorkLimits};
use crate::volume::{Region, RegionBuilder, Run, VoxelBox};

/// A box of voxels in a volume. Values for its voxels are kept x fastest, as the volume's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Of the volume.
    dims: [usize; 3],
    bounds: VoxelBox,
}

impl Frame {
    /// A box and so many voxels more on each side, as far as the volume goes.
    pub fn around(bounds: &VoxelBox, dims: [usize; 3], low: [usize; 3], high: [usize; 3]) -> Self {
        let bounds = VoxelBox {
            min: std::array::from_fn(|a| bounds.min[a].saturating_sub(low[a])),
            max: std::array::from_fn(|a| bounds.max[a].saturating_add(high[a]).min(dims[a])),
        };
        Self { dims, bounds }
    }

    pub fn bounds(&self) -> &VoxelBox {
        &self.bounds
    }

    /// Voxels along each axis.
    pub fn size(&self) -> [usize; 3] {
        self.bounds.size()
    }

    /// Voxels of a slice along z.
    pub fn plane(&self) -> usize {
        let [nx, ny, _] = self.size();
        nx * ny
    }

    /// Voxels in all; `None` if that can't be counted.
    pub fn count(&self) -> Option<usize> {
        count(self.size())
    }

    /// The volume's memory position of the first voxel of a row of the box.
    fn row_start(&self, y: usize, z: usize) -> usize {
        let [nx, ny, _] = self.dims;
        let min = self.bounds.min;
        min[0] + nx * (min[1] + y + ny * (min[2] + z))
    }

    /// The parts of a region's rows that lie in slice `z` of the box: y, first and one past the last x, all counted
    /// from the box's own corner, in memory order.
    pub fn spans<'r>(
        &self,
        region: &'r Region,
        z: usize,
    ) -> impl Iterator<Item = (usize, usize, usize)> + use<'r> {
        let [nx, ny, _] = self.dims;
        let VoxelBox { min, max } = self.bounds;
        let (first_row, rows) = (ny * (min[2] + z) + min[1], max[1] - min[1]);
        spanned(region, nx * first_row, nx * (first_row + rows)).iter().filter_map(move |run| {
            let row = run.start / nx;
            let x = run.start - row * nx;
            let (from, to) = (x.max(min[0]), (x + run.len as usize).min(max[0]));
            (from < to).then(|| (row - first_row, from - min[0], to - min[0]))
        })
    }

    /// Slice after slice a flag for each voxel, x fastest, and from them a region. `work` gets something of its own to
    /// work with, the slice and its flags, all false; slices are worked on side by side.
    pub fn gather<S: Send>(
        &self,
        limits: &WorkLimits,
        start: impl Fn() -> S + Send + Sync,
        work: impl Fn(&mut S, usize, &mut [bool]) + Send + Sync,
    ) -> Result<Region, MaskError> {
        let [nx, _, nz] = self.size();
        let slices: Result<Vec<Region>, MaskError> = (0..nz)
            .into_par_iter()
            .map_init(
                || (start(), vec![false; self.plane()]),
                |(own, flags), z| {
                    limits.check()?;
                    flags.fill(false);
                    work(own, z, flags);
                    limits.check()?;
                    let mut builder = RegionBuilder::new(self.dims[0]);
                    for (y, row) in flags.chunks_exact(nx).enumerate() {
                        push_row(&mut builder, self.row_start(y, z), row);
                    }
                    Ok(builder.finish())
                },
            )
            .collect();
        Ok(Region::joined(&slices?))
    }

    /// What of the box is not in a region.
    pub fn complement(&self, region: &Region) -> Region {
        let [nx, ny, nz] = self.size();
        let mut builder = RegionBuilder::new(self.dims[0]);
        for z in 0..nz {
            let mut spans = self.spans(region, z).peekable();
            for y in 0..ny {
                let start = self.row_start(y, z);
                let mut at = 0;
                while let Some((_, from, to)) = spans.next_if(|span| span.0 == y) {
                    builder.push(start + at, from - at);
                    at = to;
                }
                builder.push(start + at, nx - at);
            }
        }
        builder.finish()
    }

    /// The region turned so that its axes come in another order: axis `a` of the result is axis `order[a]` of the
    /// volume. Only the box is looked at, and the result is in a grid of the box's size.
    pub fn turned(
        &self,
        region: &Region,
        order: [usize; 3],
        limits: &WorkLimits,
    ) -> Result<Region, MaskError> {
        let size = self.size();
        let to = order.map(|a| size[a]);
        let mut step = [0; 3];
        for (axis, along) in order.into_iter().zip([1, to[0], to[0] * to[1]]) {
            step[axis] = along;
        }
        let mut flags = limits.buffer(false, self.count())?;
        for z in 0..size[2] {
            for (y, from, end) in self.spans(region, z) {
                for x in from..end {
                    flags[x * step[0] + y * step[1] + z * step[2]] = true;
                }
            }
        }
        let mut builder = RegionBuilder::new(to[0]);
        for (n, row) in flags.chunks_exact(to[0]).enumerate() {
            push_row(&mut builder, n * to[0], row);
        }
        Ok(builder.finish())
    }
}

/// Voxels of a box of this size.
pub(super) fn count([nx, ny, nz]: [usize; 3]) -> Option<usize> {
    nx.checked_mul(ny)?.checked_mul(nz)
}

/// The runs that begin between two memory positions.
fn spanned(region: &Region, from: usize, to: usize) -> &[Run] {
    let runs = region.runs();
    let first = runs.partition_point(|run| run.start < from);
    let end = first + runs[first..].partition_point(|run| run.start < to);
    &runs[first..end]
}

/// Adds the voxels of a row, of which the first is at `start`.
fn push_row(builder: &mut RegionBuilder, start: usize, row: &[bool]) {
    let mut at = 0;
    while let Some(gap) = row[at..].iter().position(|&inside| inside) {
        let from = at + gap;
        let len = row[from..].iter().position(|&inside| !inside).unwrap_or(row.len() - from);
        builder.push(start + from, len);
        at = from + len;
    }
}

/// A region in another grid: the voxel at `v` of the old one is at `v + by` of the new one. What falls outside is left
/// out.
pub(super) fn moved(region: &Region, from: [usize; 3], to: [usize; 3], by: [isize; 3]) -> Region {
    let mut builder = RegionBuilder::new(to[0]);
    let inside =
        |v: usize, axis: usize| v.checked_add_signed(by[axis]).filter(|&moved| moved < to[axis]);
    for run in region.runs() {
        let row = run.start / from[0];
        let (Some(y), Some(z)) = (inside(row % from[1], 1), inside(row / from[1], 2)) else {
            continue;
        };
        let x = (run.start - row * from[0]) as isize + by[0];
        let start = x.clamp(0, to[0] as isize);
        let end = (x + run.len as isize).clamp(start, to[0] as isize);
        builder.push(to[0] * (y + to[1] * z) + start as usize, (end - start) as usize);
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_voxel_by_voxel(
            dims in [1usize..8, 1usize..6, 1usize..5],
            seed in prop::collection::vec(any::<bool>(), 7 * 5 * 4),
            corners in [[0usize..8, 0usize..6, 0usize..5], [0usize..8, 0usize..6, 0usize..5]],
            by in [-4isize..5, -4isize..5, -4isize..5],
        ) {
            let [nx, ny, nz] = dims;
            let count = nx * ny * nz;
            let mask = &seed[..count];
            let region = Region::from_mask(nx, mask.iter().copied());
            let bounds = VoxelBox {
                min: std::array::from_fn(|a| corners[0][a].min(corners[1][a]).min(dims[a] - 1)),
                max: std::array::from_fn(|a| (corners[0][a].max(corners[1][a]) + 1).min(dims[a])),
            };
            let frame = Frame::around(&bounds, dims, [0; 3], [0; 3]);
            let voxel = |n: usize| [n % nx, n / nx % ny, n / nx / ny];
            let within = |v: [usize; 3]| (0..3).all(|a| v[a] >= bounds.min[a] && v[a] < bounds.max[a]);
            let expected: Vec<bool> = (0..count).map(|n| within(voxel(n)) && !mask[n]).collect();
            let rest = frame.complement(&region);
            prop_assert_eq!(&rest, &Region::from_mask(nx, expected.iter().copied()));

            let limits = WorkLimits::none();
            let again = frame.gather(&limits, || (), |(), z, flags| {
                for (y, from, to) in frame.spans(&region, z) {
                    flags[y * frame.size()[0]..][from..to].fill(true);
                }
            });
            prop_assert_eq!(again.unwrap(), region.inside(&bounds, dims));

            let size = frame.size();
            let order = [2, 0, 1];
            let there = frame.turned(&region, order, &limits).unwrap();
            let to = order.map(|a| size[a]);
            for n in 0..to.iter().product() {
                let t = [n % to[0], n / to[0] % to[1], n / to[0] / to[1]];
                let mut v = [0; 3];
                for (&axis, at) in order.iter().zip(t) {
                    v[axis] = at + bounds.min[axis];
                }
                prop_assert_eq!(there.contains(n), mask[v[0] + nx * (v[1] + ny * v[2])]);
            }

            let shifted = moved(&region, dims, dims, by);
            let expected = (0..count).map(|n| {
                let v = voxel(n);
                let from = std::array::from_fn::<_, 3, _>(|a| v[a] as isize - by[a]);
                let there = (0..3).all(|a| from[a] >= 0 && from[a] < dims[a] as isize);
                there && mask[from[0] as usize + nx * (from[1] as usize + ny * from[2] as usize)]
            });
            prop_assert_eq!(shifted, Region::from_mask(nx, expected));
        }
    }
}
