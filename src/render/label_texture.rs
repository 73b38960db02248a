use rayon::prelude::*;

use super::RenderError;
use super::blocks::LabelBlocks;
use super::coarse::{self, Factors};
use super::volume_texture::{LARGEST_PIECE, texture_3d, write_box};
use crate::volume::{LabelMap, VoxelBox};

/// A label map as an integer 3D texture: one byte for each texel, two once a label needs them. All boxes here are
/// of texels, which are voxels unless there is no room for so many.
pub(super) struct LabelTexture {
    texture: wgpu::Texture,
    blocks: LabelBlocks,
    /// Texels along x, y, z.
    dims: [usize; 3],
    /// Voxels for each texel.
    factors: Factors,
    wide: bool,
    /// Slices that may hold something but zeros in the texture.
    written: Vec<bool>,
    /// Holds every voxel that was ever anything but background in this texture.
    bounds: Option<VoxelBox>,
    /// Bytes written so far.
    bytes: u64,
}

impl LabelTexture {
    /// All background, for a map of `dims` voxels.
    pub(super) fn new(
        device: &wgpu::Device,
        dims: [usize; 3],
        factors: Factors,
        wide: bool,
    ) -> Result<Self, RenderError> {
        let dims = coarse::coarse_dims(dims, factors);
        let (format, bytes) =
            if wide { (wgpu::TextureFormat::R16Uint, 2) } else { (wgpu::TextureFormat::R8Uint, 1) };
        let texture = texture_3d(device, "labels", dims, format, bytes)?;
        let blocks = LabelBlocks::new(device, dims, factors)?;
        Ok(Self {
            texture,
            blocks,
            dims,
            factors,
            wide,
            written: vec![false; dims[2]],
            bounds: None,
            bytes: 0,
        })
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor::default())
    }

    /// Bytes on the device.
    pub(super) fn device_bytes(&self) -> u64 {
        let texels: u64 = self.dims.iter().map(|&n| n as u64).product();
        texels * if self.wide { 2 } else { 1 }
    }

    /// Which blocks of voxels have labels.
    pub(super) fn blocks(&self) -> &LabelBlocks {
        &self.blocks
    }

    /// The box outside of which there is only background.
    pub(super) fn bounds(&self) -> Option<VoxelBox> {
        self.bounds
    }

    /// Writes every slice that has labels, or had. `false` if a label has no room in a texel.
    pub(super) fn write_all(&mut self, queue: &wgpu::Queue, labels: &LabelMap) -> bool {
        let [nx, ny, nz] = self.dims;
        let fits = (0..nz).all(|z| {
            let touched = !is_untouched(labels, self.factors, z);
            let written = std::mem::replace(&mut self.written[z], touched);
            let needed = written || self.written[z];
            let slice = VoxelBox { min: [0, 0, z], max: [nx, ny, z + 1] };
            !needed || self.write_texels(queue, labels, slice)
        });
        if fits {
            self.bytes += self.blocks.write(queue, labels, VoxelBox::whole(labels.dims()));
        }
        fits
    }

    /// Bytes written since this was asked last.
    pub(super) fn take_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.bytes)
    }

    /// Writes a box of voxels that lies within the map. `false` if a label has no room in a texel: then the
    /// texture is of no use any more.
    pub(super) fn write(
        &mut self,
        queue: &wgpu::Queue,
        labels: &LabelMap,
        within: VoxelBox,
    ) -> bool {
        let texels = coarse::coarse_box(within, self.factors);
        let size = texels.size();
        // In pieces, so that a large box takes no more memory than a small one.
        let slices = (LARGEST_PIECE / (size[0] * size[1] * 2).max(1)).max(1);
        let mut pieces = (texels.min[2]..texels.max[2]).step_by(slices).map(|z| VoxelBox {
            min: [texels.min[0], texels.min[1], z],
            max: [texels.max[0], texels.max[1], (z + slices).min(texels.max[2])],
        });
        let fits = pieces.all(|piece| self.write_texels(queue, labels, piece));
        if fits {
            self.bytes += self.blocks.write(queue, labels, within);
        }
        fits
    }

    fn write_texels(&mut self, queue: &wgpu::Queue, labels: &LabelMap, within: VoxelBox) -> bool {
        let size = within.size();
        let bytes = if self.wide { 2 } else { 1 };
        let mut texels = vec![0u8; size.iter().product::<usize>() * bytes];
        let filled: Result<Vec<Option<VoxelBox>>, NoRoom> = texels
            .par_chunks_mut(size[0] * size[1] * bytes)
            .enumerate()
            .map(|(n, slice)| {
                fill(slice, labels, self.factors, within, within.min[2] + n, self.wide)
            })
            .collect();
        let Ok(boxes) = filled else { return false };
        write_box(queue, &self.texture, within.min, size, &texels, bytes);
        self.bytes += texels.len() as u64;
        self.written[within.min[2]..within.max[2]].fill(true);
        self.bounds = boxes.into_iter().flatten().chain(self.bounds).reduce(|a, b| a.union(&b));
        true
    }
}

/// A label above 255 was met on its way into one byte.
struct NoRoom;

/// Lays the part of slice `z` that lies in a box out as texels; returns the smallest box with labels.
fn fill(
    texels: &mut [u8],
    labels: &LabelMap,
    factors: Factors,
    within: VoxelBox,
    z: usize,
    wide: bool,
) -> Result<Option<VoxelBox>, NoRoom> {
    let (x0, x1) = (within.min[0], within.max[0]);
    let mut bounds: Option<VoxelBox> = None;
    if is_untouched(labels, factors, z) {
        return Ok(None);
    }
    let mut merged = vec![0; x1 - x0];
    let rows = texels.chunks_exact_mut(texels.len() / (within.max[1] - within.min[1]));
    for (y, texels) in (within.min[1]..).zip(rows) {
        let row = if factors == coarse::NONE {
            &labels.row(y, z)[x0..x1]
        } else {
            coarse::label_row(labels, factors, [y, z], x0..x1, &mut merged);
            &merged
        };
        let any = row.iter().fold(0, |any, &label| any | label);
        if any == 0 {
            continue;
        }
        if wide {
            texels.copy_from_slice(bytemuck::cast_slice(row));
        } else if any > 255 {
            return Err(NoRoom);
        } else {
            for (texel, &label) in texels.iter_mut().zip(row) {
                *texel = label as u8;
            }
        }
        let first = row.iter().position(|&l| l != 0).unwrap_or(0);
        let last = row.iter().rposition(|&l| l != 0).unwrap_or(first);
        let run = VoxelBox { min: [x0 + first, y, z], max: [x0 + last + 1, y + 1, z + 1] };
        bounds = Some(bounds.map_or(run, |b| b.union(&run)));
    }
    Ok(bounds)
}

/// Whether slice `z` of the texture shows none but voxels that were never written to.
fn is_untouched(labels: &LabelMap, factors: Factors, z: usize) -> bool {
    let last = ((z + 1) * factors[2]).min(labels.dims()[2]);
    (z * factors[2]..last).all(|z| labels.is_untouched(z))
}

/// A box cut to what a grid of these dimensions has of it; `None` when nothing is left.
pub(super) fn clip(within: VoxelBox, dims: [usize; 3]) -> Option<VoxelBox> {
    let max = std::array::from_fn(|a| within.max[a].min(dims[a]));
    (0..3).all(|a| within.min[a] < max[a]).then_some(VoxelBox { min: within.min, max })
}
