//! Exact Euclidean distances on grids whose voxels need not be cubes.

use crate::volume::Envelope;

/// Columns that are worked on together: 8 doubles are one cache line.
const TILE: usize = 8;

/// For every voxel of a box, how far the nearest marked voxel is (centre to centre, mm).
///
/// Separable: the squared distance along x, then the lower envelope of its parabolas along y ([`Envelope`]). The
/// last axis is searched only where a distance is asked for, nearest slices first: those who ask, ask on surfaces.
#[derive(Clone, Debug)]
pub struct DistanceField {
    dims: [usize; 3],
    /// Distance of slices, mm.
    step: f64,
    /// Squared distance to the nearest marked voxel of the same z, mm²; infinite if it has none. Rounding
    /// to single precision moves a distance of d mm by less than d × 10⁻⁷.
    planar: Vec<f32>,
}

impl DistanceField {
    /// The field of a box of `dims` voxels (x fastest) with the voxel distances `spacing`, mm;
    /// `marked` says it of a memory position.
    pub fn new(dims: [usize; 3], spacing: [f64; 3], marked: impl Fn(usize) -> bool) -> Self {
        let [nx, ny, nz] = dims;
        let mut planar = vec![f32::INFINITY; nx * ny * nz];
        if planar.is_empty() {
            return Self { dims, step: spacing[2], planar };
        }
        for (y, row) in planar.chunks_mut(nx).enumerate() {
            along_row(row, spacing[0], |x| marked(y * nx + x));
        }
        let mut columns = vec![0f64; TILE * ny];
        let mut envelope = Envelope::default();
        for plane in planar.chunks_mut(nx * ny) {
            for first in (0..nx).step_by(TILE) {
                let wide = TILE.min(nx - first);
                for (y, row) in plane.chunks(nx).enumerate() {
                    for (c, &value) in row[first..first + wide].iter().enumerate() {
                        columns[c * ny + y] = f64::from(value);
                    }
                }
                for column in columns.chunks_mut(ny).take(wide) {
                    envelope.lower(column, spacing[1]);
                }
                for (y, row) in plane.chunks_mut(nx).enumerate() {
                    for (c, value) in row[first..first + wide].iter_mut().enumerate() {
                        *value = columns[c * ny + y] as f32;
                    }
                }
            }
        }
        Self { dims, step: spacing[2], planar }
    }

    /// Distance from a voxel of the box to the nearest marked one, mm; infinite if none is marked.
    pub fn distance(&self, [x, y, z]: [usize; 3]) -> f64 {
        let [nx, ny, nz] = self.dims;
        let at = |z: usize| f64::from(self.planar[x + nx * (y + ny * z)]);
        let mut best = at(z);
        for n in 1..=z.max(nz - 1 - z) {
            let away = (n as f64 * self.step).powi(2);
            if away >= best {
                break;
            }
            if n <= z {
                best = best.min(away + at(z - n));
            }
            if z + n < nz {
                best = best.min(away + at(z + n));
            }
        }
        best.sqrt()
    }
}

/// Squared distance to the nearest marked position of a row.
fn along_row(row: &mut [f32], step: f64, marked: impl Fn(usize) -> bool) {
    let mut last: Option<usize> = None;
    for (x, value) in row.iter_mut().enumerate() {
        if marked(x) {
            last = Some(x);
        }
        if let Some(last) = last {
            *value = ((x - last) as f64 * step).powi(2) as f32;
        }
    }
    let mut next: Option<usize> = None;
    for (x, value) in row.iter_mut().enumerate().rev() {
        if *value == 0.0 {
            next = Some(x);
        } else if let Some(next) = next {
            *value = value.min(((next - x) as f64 * step).powi(2) as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute(dims: [usize; 3], spacing: [f64; 3], marked: &[bool], at: [usize; 3]) -> f64 {
        let [nx, ny, _] = dims;
        let squares = marked.iter().enumerate().filter(|(_, m)| **m).map(|(n, _)| {
            let v = [n % nx, n / nx % ny, n / nx / ny];
            (0..3).map(|a| (v[a].abs_diff(at[a]) as f64 * spacing[a]).powi(2)).sum::<f64>()
        });
        squares.fold(f64::INFINITY, f64::min).sqrt()
    }

    proptest! {
        #[test]
        fn every_distance_is_that_of_all_pairs(
            dims in [1usize..20, 1usize..14, 1usize..9],
            spacing in [0.2f64..6.0, 0.2f64..6.0, 0.2f64..6.0],
            share in 0.0005f64..0.3,
            seed in any::<u64>(),
        ) {
            let count: usize = dims.iter().product();
            let mut state = seed;
            let marked: Vec<bool> = (0..count).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 33) as f64) < share * f64::from(1u32 << 31)
            }).collect();
            let field = DistanceField::new(dims, spacing, |n| marked[n]);
            for n in 0..count {
                let at = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
                let (got, expected) = (field.distance(at), brute(dims, spacing, &marked, at));
                prop_assert!(
                    got == expected || (got - expected).abs() <= 2e-7 * expected,
                    "{at:?}: {got}, expected {expected}"
                );
            }
        }
    }
}
