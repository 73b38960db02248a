//! Empty space: what blocks of voxels hold at most, so that rays need not look into them.

use rayon::prelude::*;

use super::RenderError;
use super::coarse::{self, Factors};
use super::encoding::Encoding;
use super::volume_texture::{texture_3d, write_box};
use crate::volume::{LabelMap, Volume, VoxelBox};
use crate::with_voxels;

/// Voxels along a block's side: `BLOCK` in the shader.
pub(super) const BLOCK: usize = 8;

/// Voxels around a block that have a part in what is interpolated within it.
const SCAN_BORDER: usize = 1;
/// Voxels around a block that have a part in masks' smooth surfaces within it.
const LABEL_BORDER: usize = 2;

fn block_dims(dims: [usize; 3]) -> [usize; 3] {
    dims.map(|n| n.div_ceil(BLOCK))
}

/// Voxels along one axis that belong to a block or lie near it.
fn reach(block: usize, border: usize, n: usize) -> std::ops::Range<usize> {
    (block * BLOCK).saturating_sub(border)..((block + 1) * BLOCK + border).min(n)
}

/// Smallest and largest texel of every block of the scan, filled layer by layer.
pub(super) struct ScanBlocks {
    texture: wgpu::Texture,
    /// Layers of blocks that are there.
    next: usize,
}

impl ScanBlocks {
    pub(super) fn new(device: &wgpu::Device, dims: [usize; 3]) -> Result<Self, RenderError> {
        let format = wgpu::TextureFormat::Rg32Float;
        let texture = texture_3d(device, "scan blocks", block_dims(dims), format, 8)?;
        Ok(Self { texture, next: 0 })
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor::default())
    }

    pub(super) fn complete(&self) -> bool {
        self.next == self.texture.depth_or_array_layers() as usize
    }

    /// Reads about `budget` bytes of voxels, at least one layer of blocks. `true` when all is there.
    pub(super) fn advance(
        &mut self,
        queue: &wgpu::Queue,
        volume: &Volume,
        encoding: &Encoding,
        budget: usize,
    ) -> bool {
        let dims = volume.grid().dims();
        let [bx, by, bz] = block_dims(dims);
        let layer_bytes = dims[0] * dims[1] * BLOCK * volume.voxels().data_type().size();
        let to = self.next.saturating_add((budget / layer_bytes).max(1)).min(bz);
        for layer in self.next..to {
            let ranges = layer_ranges(volume, encoding, layer);
            let bytes = bytemuck::cast_slice(&ranges);
            write_box(queue, &self.texture, [0, 0, layer], [bx, by, 1], bytes, 8);
        }
        self.next = to;
        self.complete()
    }
}

/// Smallest and largest texel of one layer of blocks, x fastest.
fn layer_ranges(volume: &Volume, encoding: &Encoding, layer: usize) -> Vec<[f32; 2]> {
    let dims = volume.grid().dims();
    let [bx, by, _] = block_dims(dims);
    let mut out = vec![[0.0f32; 2]; bx * by];
    let range = volume.time_point_range();
    with_voxels!(volume.voxels(), voxels => {
        let voxels = &voxels[range];
        out.par_chunks_mut(bx).enumerate().for_each(|(block_y, out)| {
            // Column by column first: a plain loop that the compiler can make wide.
            let mut columns = Columns::new(dims[0]);
            for z in reach(layer, SCAN_BORDER, dims[2]) {
                for y in reach(block_y, SCAN_BORDER, dims[1]) {
                    let row = dims[0] * (y + dims[1] * z);
                    columns.include(&voxels[row..row + dims[0]], |raw| raw as f64);
                }
            }
            for (block_x, out) in out.iter_mut().enumerate() {
                *out = columns.texels(reach(block_x, SCAN_BORDER, dims[0]), encoding);
            }
        });
    });
    out
}

/// Smallest and largest number in each column of some rows.
struct Columns {
    min: Vec<f64>,
    max: Vec<f64>,
    nan: Vec<bool>,
}

impl Columns {
    fn new(width: usize) -> Self {
        Self {
            min: vec![f64::INFINITY; width],
            max: vec![f64::NEG_INFINITY; width],
            nan: vec![false; width],
        }
    }

    fn include<T: Copy>(&mut self, row: &[T], number: impl Fn(T) -> f64) {
        let ends = self.min.iter_mut().zip(&mut self.max).zip(&mut self.nan);
        for (((min, max), nan), &raw) in ends.zip(row) {
            let raw = number(raw);
            *min = min.min(raw);
            *max = max.max(raw);
            *nan |= raw.is_nan();
        }
    }

    fn texels(&self, columns: std::ops::Range<usize>, encoding: &Encoding) -> [f32; 2] {
        let min = self.min[columns.clone()].iter().copied().fold(f64::INFINITY, f64::min);
        let max = self.max[columns.clone()].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let nan = self.nan[columns].iter().any(|&n| n).then_some(f64::NAN);
        let numbers = [min, max].into_iter().filter(|_| min <= max).chain(nan);
        let texels = numbers.map(|raw| encoding.texel(raw));
        texels.fold([f32::INFINITY, f32::NEG_INFINITY], |[a, b], t| [a.min(t), b.max(t)])
    }
}

/// Which blocks have labels in them or near them.
pub(super) struct LabelBlocks {
    texture: wgpu::Texture,
    /// Voxels for each texel that blocks are made of.
    factors: Factors,
}

impl LabelBlocks {
    /// For a label texture of `dims` texels.
    pub(super) fn new(
        device: &wgpu::Device,
        dims: [usize; 3],
        factors: Factors,
    ) -> Result<Self, RenderError> {
        let format = wgpu::TextureFormat::R8Uint;
        let texture = texture_3d(device, "label blocks", block_dims(dims), format, 1)?;
        Ok(Self { texture, factors })
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor::default())
    }

    /// Brings the blocks up to date that a box of voxels has a part in. Returns the bytes that were uploaded.
    pub(super) fn write(&self, queue: &wgpu::Queue, labels: &LabelMap, within: VoxelBox) -> u64 {
        let blocks = block_dims(coarse::coarse_dims(labels.dims(), self.factors));
        let within = coarse::coarse_box(within, self.factors);
        let min = within.min.map(|v| v.saturating_sub(LABEL_BORDER) / BLOCK);
        let max: [usize; 3] = std::array::from_fn(|a| {
            ((within.max[a] + LABEL_BORDER).div_ceil(BLOCK)).min(blocks[a])
        });
        let size: [usize; 3] = std::array::from_fn(|a| max[a] - min[a]);
        let mut filled = vec![0u8; size.iter().product()];
        filled.par_chunks_mut(size[0]).enumerate().for_each(|(n, row)| {
            let (y, z) = (min[1] + n % size[1], min[2] + n / size[1]);
            fill_row(row, labels, self.factors, [min[0], y, z]);
        });
        write_box(queue, &self.texture, min, size, &filled, 1);
        filled.len() as u64
    }
}

/// Marks the blocks of a row, from block `at` on, that have labels in them or near them.
fn fill_row(row: &mut [u8], labels: &LabelMap, factors: Factors, at: [usize; 3]) {
    let dims = labels.dims();
    // In voxels.
    let reach = |block: usize, axis: usize| {
        let (n, texels) = (dims[axis], factors[axis]);
        let reach = reach(block, LABEL_BORDER, n.div_ceil(texels));
        reach.start * texels..(reach.end * texels).min(n)
    };
    for z in reach(at[2], 2).filter(|&z| !labels.is_untouched(z)) {
        for y in reach(at[1], 1) {
            let voxels = labels.row(y, z);
            for (n, block) in row.iter_mut().enumerate().filter(|(_, block)| **block == 0) {
                *block = u8::from(voxels[reach(at[0] + n, 0)].iter().any(|&label| label != 0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, Grid};
    use crate::render::encoding::{RawRange, TexelType};
    use crate::volume::{DataType, Scale, StoredGeometry, Voxels};

    fn volume(dims: [usize; 3], voxels: Voxels) -> Volume {
        let grid = Grid::new(dims, DAffine3::IDENTITY).unwrap();
        let stored = StoredGeometry::of(&grid);
        Volume::new("blocks", grid, dims.to_vec(), voxels, Scale::NONE, stored, vec![])
    }

    #[test]
    fn a_block_s_range_is_that_of_its_voxels_and_their_neighbours() {
        let dims = [19, 9, 17];
        let raw = |x: usize, y: usize, z: usize| ((x * 31 + y * 57 + z * 101) % 997) as i16 - 300;
        let all = |f: &dyn Fn(usize, usize, usize) -> i16| {
            let mut out = Vec::new();
            for z in 0..dims[2] {
                for y in 0..dims[1] {
                    out.extend((0..dims[0]).map(|x| f(x, y, z)));
                }
            }
            out
        };
        // The second of two time points is looked at.
        let both = [vec![0; dims.iter().product()], all(&raw)].concat();
        let volume = volume(dims, Voxels::I16(both)).with_time_point(1);
        let encoding = Encoding::of_small_integers(TexelType::Unorm16, DataType::I16);
        for layer in 0..3 {
            let ranges = layer_ranges(&volume, &encoding, layer);
            assert_eq!(ranges.len(), 3 * 2);
            for (n, range) in ranges.iter().enumerate() {
                let block = [n % 3, n / 3, layer];
                let mut wanted = (i16::MAX, i16::MIN);
                for z in reach(block[2], 1, dims[2]) {
                    for y in reach(block[1], 1, dims[1]) {
                        for x in reach(block[0], 1, dims[0]) {
                            wanted = (wanted.0.min(raw(x, y, z)), wanted.1.max(raw(x, y, z)));
                        }
                    }
                }
                let texel = |raw: i16| (f32::from(raw) + 32768.0) / 65535.0;
                assert_eq!(*range, [texel(wanted.0), texel(wanted.1)], "{block:?}");
            }
        }
    }

    #[test]
    fn a_block_with_what_is_no_number_reaches_down_to_it() {
        let mut values = vec![5.0f32; 16 * 8 * 8];
        values[3] = f32::NAN;
        values[15] = 9.0;
        let volume = volume([16, 8, 8], Voxels::F32(values));
        let mut range = RawRange::EMPTY;
        range.include(volume.voxels(), 0, 16 * 8 * 8);
        let encoding = Encoding::of_range(range, 1.0);
        let ranges = layer_ranges(&volume, &encoding, 0);
        assert_eq!(ranges[0], [encoding.texel(f64::NAN), encoding.texel(5.0)]);
        assert_eq!(ranges[1], [encoding.texel(5.0), encoding.texel(9.0)]);
        assert!(ranges[0][0] < ranges[1][0]);
    }
}
