//! Scans and label maps that a graphics device can't hold: made coarser by whole factors for 3D. Slices don't come
//! from these textures then (see `pane_textures`).

use rayon::prelude::*;

use crate::geom::{DAffine3, DVec3, Grid};
use crate::volume::{DataType, LabelMap, Volume, VoxelBox, Voxels};
use crate::with_voxels;
use crate::work::memory::Free;

/// Voxels along each axis that become one texel.
pub(super) type Factors = [usize; 3];

/// Every voxel is a texel.
pub(super) const NONE: Factors = [1; 3];

/// What textures may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// The most texels along one axis.
    pub side: u32,
    /// The most bytes of scan and labels together.
    pub bytes: u64,
    /// Whether each texel has a label beside it.
    pub labels: bool,
}

/// Label textures beyond this many texels are not made before there is a label.
const LARGE: usize = 128 << 20;
/// Of a device that computes with the machine's own processor and memory.
const SOFTWARE_BYTES: u64 = 512 << 20;
/// Of others, unless the system says what it has: less than what cards of today have.
const HARDWARE_BYTES: u64 = 4 << 30;
/// Fewer bytes are not worth trying for.
pub(super) const LEAST_BYTES: u64 = 1 << 20;

impl Room {
    /// Bytes for scan and labels on a device: `VOXPOINT_GPU_MB` megabytes if that is set. wgpu does not tell how
    /// much memory there is, so a larger share than there is may be tried; what fails is made coarser.
    pub(super) fn bytes_of(device: &wgpu::Device) -> u64 {
        let wanted =
            std::env::var("VOXPOINT_GPU_MB").ok().and_then(|mb| mb.trim().parse::<u64>().ok());
        if let Some(megabytes) = wanted {
            return megabytes.max(1) << 20;
        }
        match device.adapter_info().device_type {
            // Its textures are in the same memory as everything else.
            wgpu::DeviceType::Cpu => SOFTWARE_BYTES.min(Free::now().usable() / 2).max(LEAST_BYTES),
            _ => HARDWARE_BYTES,
        }
    }
}

/// Whether a label texture is large enough to be done without as long as it can.
pub(super) fn is_large(dims: [usize; 3], factors: Factors) -> bool {
    coarse_dims(dims, factors).iter().product::<usize>() > LARGE
}

/// The smallest factors with which a grid fits: texels stay as near to cubes as whole factors let them.
/// `None` if not even a few texels fit.
pub(super) fn factors(grid: &Grid, texel_bytes: usize, room: Room) -> Option<Factors> {
    let (dims, spacing) = (grid.dims(), grid.spacing().to_array());
    let side = room.side.max(1) as usize;
    let mut factors = dims.map(|n| n.div_ceil(side));
    loop {
        let coarse = coarse_dims(dims, factors);
        let texels = coarse.iter().map(|&n| n as u64).product::<u64>();
        if texels.saturating_mul(texel_bytes as u64) <= room.bytes {
            return Some(factors);
        }
        let thin = (0..3).filter(|&a| coarse[a] > 1).min_by(|&a, &b| {
            let width = |a: usize| spacing[a] * factors[a] as f64;
            width(a).total_cmp(&width(b))
        })?;
        factors[thin] += 1;
    }
}

/// Texels along each axis.
pub(super) fn coarse_dims(dims: [usize; 3], factors: Factors) -> [usize; 3] {
    std::array::from_fn(|a| dims[a].div_ceil(factors[a]))
}

/// Where the texels are in world space. The last ones may reach beyond the scan by less than one of them.
pub(super) fn coarse_grid(grid: &Grid, factors: Factors) -> Grid {
    if factors == NONE {
        return grid.clone();
    }
    let scale = DVec3::from_array(factors.map(|n| n as f64));
    // The centre of a texel is the middle of its voxels' centres.
    let voxel_from_texel =
        DAffine3::from_mat3_translation(glam::DMat3::from_diagonal(scale), (scale - 1.0) / 2.0);
    Grid::new(coarse_dims(grid.dims(), factors), grid.world_from_voxel() * voxel_from_texel)
        .unwrap_or_else(|_| grid.clone())
}

/// The mean of the finite stored numbers of each texel's voxels, for slices `from..to` of the texture; NaN
/// where there are none.
pub(super) fn means(volume: &Volume, factors: Factors, from: usize, to: usize) -> Vec<f64> {
    let [nx, ny, nz] = volume.grid().dims();
    let [tx, ty, _] = coarse_dims([nx, ny, nz], factors);
    let [fx, fy, fz] = factors;
    let first = volume.time_point_range().start;
    let mut texels = vec![0.0; tx * ty * (to - from)];
    with_voxels!(volume.voxels(), v => {
        texels.par_chunks_mut(tx).enumerate().for_each(|(row, texels)| {
            let (y, z) = (row % ty * fy, (from + row / ty) * fz);
            let mut counts = vec![0u32; tx];
            for z in z..(z + fz).min(nz) {
                for y in y..(y + fy).min(ny) {
                    let start = first + nx * (y + ny * z);
                    for (n, block) in v[start..start + nx].chunks(fx).enumerate() {
                        for &raw in block {
                            let raw = raw as f64;
                            if raw.is_finite() {
                                texels[n] += raw;
                                counts[n] += 1;
                            }
                        }
                    }
                }
            }
            for (texel, count) in texels.iter_mut().zip(counts) {
                *texel /= f64::from(count);
            }
        });
    });
    texels
}

/// What coarse texels stand for, kept until it is known where they are empty.
pub(super) struct Means(Voxels);

impl Means {
    pub(super) fn new(volume: &Volume) -> Self {
        Self(match volume.voxels().data_type() {
            DataType::U8 | DataType::U16 => Voxels::U16(Vec::new()),
            DataType::I8 | DataType::I16 => Voxels::I16(Vec::new()),
            _ => Voxels::F32(Vec::new()),
        })
    }

    /// Stored numbers of the texels from this memory position on.
    pub(super) fn put(&mut self, at: usize, means: &[f64]) {
        fn put<T: Copy + Default>(
            all: &mut Vec<T>,
            at: usize,
            means: impl ExactSizeIterator<Item = T>,
        ) {
            let end = at + means.len();
            if all.len() < end {
                // What is not kept is not taken either: then nobody knows where the scan is empty.
                if all.try_reserve(end - all.len()).is_err() {
                    return;
                }
                all.resize(end, T::default());
            }
            for (to, mean) in all[at..end].iter_mut().zip(means) {
                *to = mean;
            }
        }
        match &mut self.0 {
            Voxels::U16(all) => put(all, at, means.iter().map(|m| m.round() as u16)),
            Voxels::I16(all) => put(all, at, means.iter().map(|m| m.round() as i16)),
            Voxels::F32(all) => put(all, at, means.iter().map(|&m| m as f32)),
            _ => {}
        }
    }

    /// All of them as a volume; `None` if they were taken, or are not all there.
    pub(super) fn take(&mut self, volume: &Volume, grid: &Grid) -> Option<Volume> {
        let empty = Self::new(volume);
        let voxels = std::mem::replace(self, empty).0;
        let provenance = volume.provenance().clone();
        (voxels.len() == grid.count()).then(|| {
            let dims = grid.dims().to_vec();
            Volume::new("", grid.clone(), dims, voxels, volume.scale(), provenance, Vec::new())
        })
    }
}

/// The texels that hold any of a box's voxels.
pub(super) fn coarse_box(within: VoxelBox, factors: Factors) -> VoxelBox {
    VoxelBox {
        min: std::array::from_fn(|a| within.min[a] / factors[a]),
        max: std::array::from_fn(|a| within.max[a].div_ceil(factors[a])),
    }
}

/// The labels of one row of texels: the most frequent one of a texel's voxels that is not background, so that
/// nothing is too thin to be seen.
pub(super) fn label_row(
    labels: &LabelMap,
    factors: Factors,
    [y, z]: [usize; 2],
    x: std::ops::Range<usize>,
    out: &mut [u16],
) {
    let [nx, ny, nz] = labels.dims();
    let [fx, fy, fz] = factors;
    let mut found: Vec<(u16, u32)> = Vec::new();
    let rows = (z * fz..((z + 1) * fz).min(nz))
        .flat_map(|z| (y * fy..((y + 1) * fy).min(ny)).map(move |y| labels.row(y, z)))
        .collect::<Vec<_>>();
    let any = rows.iter().any(|row| row.iter().any(|&l| l != 0));
    for (x, out) in x.zip(out) {
        *out = 0;
        if !any {
            continue;
        }
        found.clear();
        for row in &rows {
            for &label in row[x * fx..((x + 1) * fx).min(nx)].iter().filter(|&&l| l != 0) {
                match found.iter_mut().find(|(l, _)| *l == label) {
                    Some((_, count)) => *count += 1,
                    None => found.push((label, 1)),
                }
            }
        }
        let most = found.iter().max_by_key(|&&(label, count)| (count, std::cmp::Reverse(label)));
        *out = most.map_or(0, |&(label, _)| label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Scale, StoredGeometry, Voxels};

    fn grid(dims: [usize; 3], spacing: DVec3) -> Grid {
        Grid::new(dims, DAffine3::from_scale(spacing)).unwrap()
    }

    #[test]
    fn the_smallest_factors_that_fit_keep_texels_near_cubes() {
        let ct = grid([512, 512, 2000], DVec3::new(0.8, 0.8, 1.0));
        let fit = |side, megabytes: u64| {
            factors(&ct, 3, Room { side, bytes: megabytes << 20, labels: true })
        };
        assert_eq!(fit(2048, 1500), Some(NONE));
        assert_eq!(fit(1024, 1500), Some([1, 1, 2]), "the side alone");
        assert_eq!(fit(2048, 512), Some([2, 2, 1]));
        assert_eq!(fit(2048, 200), Some([2, 2, 2]));
        assert!(fit(2048, 1).is_some_and(|f| f.iter().all(|&n| n > 5)));
        assert_eq!(factors(&ct, 3, Room { side: 8, bytes: 2, labels: true }), None);
    }

    #[test]
    fn texels_are_the_means_of_their_voxels_where_their_voxels_are() {
        let fine = grid([5, 4, 3], DVec3::new(1.0, 2.0, 3.0));
        let raw: Vec<f32> = (0..60).map(|n| if n == 0 { f32::NAN } else { n as f32 }).collect();
        let stored = StoredGeometry::of(&fine);
        let voxels = Voxels::F32(raw);
        let volume =
            Volume::new("v", fine.clone(), vec![5, 4, 3], voxels, Scale::NONE, stored, vec![]);
        let texels = means(&volume, [2, 2, 2], 0, 2);
        assert_eq!(texels.len(), 3 * 2 * 2);
        // Without the NaN: 1, 5, 6, 20, 21, 25, 26.
        assert!((texels[0] - 104.0 / 7.0).abs() < 1e-12);
        // The last one has a single column of two voxels.
        assert_eq!(texels[11], 56.5);
        let coarse = coarse_grid(&fine, [2, 2, 2]);
        assert_eq!(coarse.dims(), [3, 2, 2]);
        assert_eq!(coarse.world(DVec3::ZERO), fine.world(DVec3::splat(0.5)));
        assert_eq!(coarse.corners()[0], fine.corners()[0]);
    }

    #[test]
    fn a_single_labelled_voxel_survives_any_factor() {
        let mut labels = vec![0; 6 * 5 * 4];
        labels[3 + 6 * (4 + 5 * 3)] = 300;
        let map = LabelMap::from_labels([6, 5, 4], &labels);
        for factors in [[2, 2, 2], [4, 3, 4], [1, 5, 1]] {
            let dims = coarse_dims([6, 5, 4], factors);
            let mut all = Vec::new();
            for z in 0..dims[2] {
                for y in 0..dims[1] {
                    let mut row = vec![7; dims[0]];
                    label_row(&map, factors, [y, z], 0..dims[0], &mut row);
                    all.extend(row);
                }
            }
            let here: Vec<_> = all.iter().enumerate().filter(|(_, l)| **l != 0).collect();
            let at = 3 / factors[0] + dims[0] * (4 / factors[1] + dims[1] * (3 / factors[2]));
            assert_eq!(here, [(at, &300)], "{factors:?}");
        }
        let within = VoxelBox { min: [3, 4, 3], max: [4, 5, 4] };
        assert_eq!(coarse_box(within, [2, 2, 2]), VoxelBox { min: [1, 2, 1], max: [2, 3, 2] });
    }
}
