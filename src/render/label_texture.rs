use rayon::prelude::*;

use super::RenderError;
use super::blocks::LabelBlocks;
use super::volume_texture::{texture_3d, write_box};
use crate::volume::{LabelMap, VoxelBox};

/// A label map as an integer 3D texture: one byte for each voxel, two once a label needs them.
pub(super) struct LabelTexture {
    texture: wgpu::Texture,
    blocks: LabelBlocks,
    dims: [usize; 3],
    wide: bool,
    /// Slices that may hold something but zeros in the texture.
    written: Vec<bool>,
    /// Holds every voxel that was ever anything but background in this texture.
    bounds: Option<VoxelBox>,
}

impl LabelTexture {
    /// All background.
    pub(super) fn new(
        device: &wgpu::Device,
        dims: [usize; 3],
        wide: bool,
    ) -> Result<Self, RenderError> {
        let (format, bytes) =
            if wide { (wgpu::TextureFormat::R16Uint, 2) } else { (wgpu::TextureFormat::R8Uint, 1) };
        let texture = texture_3d(device, "labels", dims, format, bytes)?;
        let blocks = LabelBlocks::new(device, dims)?;
        Ok(Self { texture, blocks, dims, wide, written: vec![false; dims[2]], bounds: None })
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor::default())
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
            let written = std::mem::replace(&mut self.written[z], !labels.is_untouched(z));
            let needed = written || self.written[z];
            let slice = VoxelBox { min: [0, 0, z], max: [nx, ny, z + 1] };
            !needed || self.write_texels(queue, labels, slice)
        });
        if fits {
            self.blocks.write(queue, labels, VoxelBox::whole(self.dims));
        }
        fits
    }

    /// Writes a box that lies within the map. `false` (and nothing is written) if a label has no room in a
    /// texel.
    pub(super) fn write(
        &mut self,
        queue: &wgpu::Queue,
        labels: &LabelMap,
        within: VoxelBox,
    ) -> bool {
        let fits = self.write_texels(queue, labels, within);
        if fits {
            self.blocks.write(queue, labels, within);
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
            .map(|(n, slice)| fill(slice, labels, within, within.min[2] + n, self.wide))
            .collect();
        let Ok(boxes) = filled else { return false };
        write_box(queue, &self.texture, within.min, size, &texels, bytes);
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
    within: VoxelBox,
    z: usize,
    wide: bool,
) -> Result<Option<VoxelBox>, NoRoom> {
    let (x0, x1) = (within.min[0], within.max[0]);
    let mut bounds: Option<VoxelBox> = None;
    if labels.is_untouched(z) {
        return Ok(None);
    }
    let rows = texels.chunks_exact_mut(texels.len() / (within.max[1] - within.min[1]));
    for (y, texels) in (within.min[1]..).zip(rows) {
        let row = &labels.row(y, z)[x0..x1];
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

/// A box cut to what a grid of these dimensions has of it; `None` when nothing is left.
pub(super) fn clip(within: VoxelBox, dims: [usize; 3]) -> Option<VoxelBox> {
    let max = std::array::from_fn(|a| within.max[a].min(dims[a]));
    (0..3).all(|a| within.min[a] < max[a]).then_some(VoxelBox { min: within.min, max })
}
