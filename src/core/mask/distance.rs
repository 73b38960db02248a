//! Exact Euclidean distances to a mask, in a box of the volume.
//!
//! Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions" (2012): squared distances along x, then
//! the lower envelope of their parabolas along y, and of those along z. Between the axes values are rounded to single
//! precision, which moves a distance of d mm by less than 2 d × 10⁻⁷.
//!
//! Voxel axes count as perpendicular to each other, as they are in all but sheared grids.

use rayon::prelude::*;

use super::block::Frame;
use super::{MaskError, WorkLimits};
use crate::geom::Grid;
use crate::volume::{Envelope, Region, VoxelBox};

/// Columns that are worked on together: 16 floats are one cache line.
const TILE: usize = 16;

/// A value in mm for each voxel of a box.
#[derive(Clone, Debug, PartialEq)]
pub struct Distances {
    /// The box.
    pub bounds: VoxelBox,
    /// For each of its voxels, x fastest.
    pub mm: Vec<f32>,
}

impl Distances {
    /// At a voxel of the volume; `None` outside of the box.
    pub fn at(&self, voxel: [usize; 3]) -> Option<f32> {
        let VoxelBox { min, max } = self.bounds;
        let inside = (0..3).all(|a| voxel[a] >= min[a] && voxel[a] < max[a]);
        let [nx, ny, _] = self.bounds.size();
        let [x, y, z] = std::array::from_fn(|a| voxel[a].wrapping_sub(min[a]));
        inside.then(|| self.mm[x + nx * (y + ny * z)])
    }
}

/// For each voxel of a box how far the nearest voxel of the region is, centre to centre: 0 inside, infinite if the
/// region is empty. Only the part of the region inside of the box counts.
pub fn distance(
    region: &Region,
    grid: &Grid,
    bounds: &VoxelBox,
    limits: &WorkLimits,
) -> Result<Distances, MaskError> {
    let frame = Frame::around(bounds, grid.dims(), [0; 3], [0; 3]);
    let mut mm = squares(region, &frame, grid, limits)?;
    mm.par_iter_mut().for_each(|value| *value = value.sqrt());
    Ok(Distances { bounds: *frame.bounds(), mm })
}

/// Above zero outside of the region: how far its nearest voxel is; below zero inside: how far the nearest voxel is that
/// is not in it, both centre to centre. Only what is inside of the box counts; infinite if there is no such voxel.
/// (That is SciPy's `distance_transform_edt` of what is outside, less that of what is inside.)
pub fn signed_distance(
    region: &Region,
    grid: &Grid,
    bounds: &VoxelBox,
    limits: &WorkLimits,
) -> Result<Distances, MaskError> {
    let frame = Frame::around(bounds, grid.dims(), [0; 3], [0; 3]);
    limits.allow(frame.count(), 2 * size_of::<f32>())?;
    let mut mm = squares(region, &frame, grid, limits)?;
    let inside = squares(&frame.complement(region), &frame, grid, limits)?;
    // One of the two is zero everywhere.
    mm.par_iter_mut()
        .zip(inside)
        .for_each(|(outside, inside)| *outside = outside.sqrt() - inside.sqrt());
    Ok(Distances { bounds: *frame.bounds(), mm })
}

/// For each voxel of a region how far the nearest voxel is that is not in it, centre to centre: how thick the region is
/// around it; 0 for what is not in it. Only what is inside of the box counts; infinite if all of it is in the region.
pub fn inner_distance(
    region: &Region,
    grid: &Grid,
    bounds: &VoxelBox,
    limits: &WorkLimits,
) -> Result<Distances, MaskError> {
    let frame = Frame::around(bounds, grid.dims(), [0; 3], [0; 3]);
    let mut mm = squares(&frame.complement(region), &frame, grid, limits)?;
    mm.par_iter_mut().for_each(|value| *value = value.sqrt());
    Ok(Distances { bounds: *frame.bounds(), mm })
}

/// Squared distances in mm², in a frame.
fn squares(
    region: &Region,
    frame: &Frame,
    grid: &Grid,
    limits: &WorkLimits,
) -> Result<Vec<f32>, MaskError> {
    let [nx, ny, nz] = frame.size();
    let spacing = grid.spacing().to_array();
    let mut values = limits.buffer(f32::INFINITY, frame.count())?;
    if values.is_empty() {
        return Ok(values);
    }
    let slices = values.par_chunks_exact_mut(nx * ny).enumerate();
    slices.try_for_each_init(Columns::default, |columns, (z, slice)| {
        limits.check()?;
        for (y, from, to) in frame.spans(region, z) {
            slice[y * nx..][from..to].fill(0.0);
        }
        for row in slice.chunks_exact_mut(nx) {
            along_row(row, spacing[0]);
        }
        for x in (0..nx).step_by(TILE) {
            let wide = TILE.min(nx - x);
            columns.lower(slice.chunks_exact_mut(nx).map(|row| &mut row[x..x + wide]), spacing[1]);
        }
        Ok(())
    })?;
    // Each y has rows of its own in every slice.
    let mut rows: Vec<Vec<&mut [f32]>> = (0..ny).map(|_| Vec::with_capacity(nz)).collect();
    for (n, row) in values.chunks_exact_mut(nx).enumerate() {
        rows[n % ny].push(row);
    }
    rows.into_par_iter().try_for_each_init(Columns::default, |columns, mut rows| {
        limits.check()?;
        for x in (0..nx).step_by(TILE) {
            let wide = TILE.min(nx - x);
            columns.lower(rows.iter_mut().map(|row| &mut row[x..x + wide]), spacing[2]);
        }
        Ok(())
    })?;
    Ok(values)
}

/// From zeros and infinities, the squared distance to the nearest zero of a row.
fn along_row(row: &mut [f32], step: f64) {
    let mut zero = None;
    for x in 0..row.len() {
        if row[x] == 0.0 {
            // What lies between two zeros is nearer to the one on its side.
            let from = zero.map_or(0, |last: usize| last + (x - last) / 2 + 1);
            for (value, away) in row[from..x].iter_mut().zip((1..=x - from).rev()) {
                *value = (away as f64 * step).powi(2) as f32;
            }
            zero = Some(x);
        } else if let Some(last) = zero {
            row[x] = ((x - last) as f64 * step).powi(2) as f32;
        }
    }
}

/// Some neighbouring columns, and room to work on them.
#[derive(Default)]
struct Columns {
    /// One after the other.
    values: Vec<f64>,
    envelope: Envelope,
}

impl Columns {
    /// Replaces the values of the columns that lie across these pieces of rows by their lower envelopes.
    fn lower<'a>(&mut self, pieces: impl ExactSizeIterator<Item = &'a mut [f32]>, step: f64) {
        let mut pieces: Vec<&mut [f32]> = pieces.collect();
        let (long, wide) = (pieces.len(), pieces.first().map_or(0, |piece| piece.len()));
        self.values.resize(long * wide, 0.0);
        for (n, piece) in pieces.iter().enumerate() {
            for (c, &value) in piece.iter().enumerate() {
                self.values[c * long + n] = f64::from(value);
            }
        }
        for column in self.values.chunks_exact_mut(long) {
            self.envelope.lower(column, step);
        }
        for (n, piece) in pieces.iter_mut().enumerate() {
            for (c, value) in piece.iter_mut().enumerate() {
                *value = self.values[c * long + n] as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mask::testing::{cases, millimetres};

    #[test]
    fn as_scipy_and_simpleitk_say() {
        for case in cases() {
            let (grid, limits) = (case.grid(), WorkLimits::none());
            let whole = VoxelBox::whole(grid.dims());
            let found = signed_distance(&case.mask, &grid, &whole, &limits).unwrap();
            assert_eq!(found.mm.len(), grid.count());
            for &(index, expected) in &case.distances {
                let got = f64::from(found.mm[index]);
                let close = (got - expected).abs() <= 1e-4 + 1e-6 * expected.abs();
                assert!(close, "{} at {index}: {got}, expected {expected}", case.name);
            }
        }
    }

    proptest! {
        #[test]
        fn each_is_the_least_of_all_pairs(
            dims in [1usize..20, 1usize..8, 1usize..7],
            spacing in [0.2f64..6.0, 0.2f64..6.0, 0.2f64..6.0],
            share in 0.0f64..0.3,
            seed in any::<u64>(),
        ) {
            let (grid, limits) = (millimetres(dims, spacing), WorkLimits::none());
            let mut random = fastrand::Rng::with_seed(seed);
            let mask: Vec<bool> = (0..grid.count()).map(|_| random.f64() < share).collect();
            let region = Region::from_mask(dims[0], mask.iter().copied());
            let voxel = |n: usize| [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
            let nearest = |n: usize, inside: bool| {
                let square = |m: usize| (0..3).map(|a| {
                    (voxel(n)[a].abs_diff(voxel(m)[a]) as f64 * spacing[a]).powi(2)
                }).sum::<f64>();
                let others = (0..mask.len()).filter(|&m| mask[m] == inside).map(square);
                others.fold(f64::INFINITY, f64::min).sqrt()
            };
            let whole = VoxelBox::whole(dims);
            let plain = distance(&region, &grid, &whole, &limits).unwrap();
            let signed = signed_distance(&region, &grid, &whole, &limits).unwrap();
            for (n, &inside) in mask.iter().enumerate() {
                let outside = nearest(n, true);
                let both = if inside { -nearest(n, false) } else { outside };
                for (got, expected) in [(plain.at(voxel(n)), outside), (signed.at(voxel(n)), both)] {
                    let got = f64::from(got.unwrap());
                    let close = got == expected || (got - expected).abs() <= 4e-7 * expected.abs();
                    prop_assert!(close, "{:?}: {got}, expected {expected}", voxel(n));
                }
            }
            prop_assert_eq!(plain.at(dims), None);
        }
    }

    #[test]
    fn only_the_box_is_looked_at_and_it_ends_with_the_volume() {
        let (grid, limits) = (millimetres([10, 4, 3], [1.0, 2.0, 3.0]), WorkLimits::none());
        let region = Region::from_mask(10, (0..120).map(|n| n == 1));
        let bounds = VoxelBox { min: [0, 0, 0], max: [4, 2, 30] };
        let found = distance(&region, &grid, &bounds, &limits).unwrap();
        assert_eq!(found.bounds, VoxelBox { min: [0; 3], max: [4, 2, 3] });
        assert_eq!(
            [[1, 0, 0], [3, 0, 0], [1, 1, 0], [1, 0, 2]].map(|v| found.at(v).unwrap()),
            [0.0, 2.0, 2.0, 6.0]
        );
        let elsewhere = VoxelBox { min: [2, 0, 0], max: [4, 1, 1] };
        let found = distance(&region, &grid, &elsewhere, &limits).unwrap();
        assert_eq!(found.mm, [f32::INFINITY; 2]);
        let little = WorkLimits { bytes: 95, ..WorkLimits::none() };
        let refused = Err(MaskError::Memory { needed: 96, limit: 95 });
        assert_eq!(distance(&region, &grid, &bounds, &little), refused);
    }
}
