use super::RenderError;
use super::volume_texture::{texture_3d, write_box};
use crate::volume::{LabelMap, VoxelBox};

/// A label map as an integer 3D texture: one byte for each voxel, two once a label needs them.
pub(super) struct LabelTexture {
    texture: wgpu::Texture,
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
        Ok(Self { texture, dims, wide, written: vec![false; dims[2]], bounds: None })
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor::default())
    }

    /// The box outside of which there is only background.
    pub(super) fn bounds(&self) -> Option<VoxelBox> {
        self.bounds
    }

    /// Whether every label of a box has room in a texel.
    pub(super) fn holds(&self, labels: &LabelMap, within: VoxelBox) -> bool {
        let fits = |z: usize| rows(labels, within, z).all(|row| row.iter().all(|&l| l <= 255));
        self.wide || (within.min[2]..within.max[2]).all(fits)
    }

    /// Writes every slice that has labels, or had.
    pub(super) fn write_all(&mut self, queue: &wgpu::Queue, labels: &LabelMap) {
        for z in 0..self.dims[2] {
            let slice = VoxelBox { min: [0, 0, z], max: [self.dims[0], self.dims[1], z + 1] };
            let blank = labels.slice(z).iter().all(|&l| l == 0);
            if !blank || self.written[z] {
                self.write(queue, labels, slice);
                self.written[z] = !blank;
            }
        }
    }

    /// Writes a box that lies within the map.
    pub(super) fn write(&mut self, queue: &wgpu::Queue, labels: &LabelMap, within: VoxelBox) {
        let size = within.size();
        let all_rows = (within.min[2]..within.max[2]).flat_map(|z| rows(labels, within, z));
        let count = size.iter().product::<usize>();
        if self.wide {
            let mut texels: Vec<u16> = Vec::with_capacity(count);
            all_rows.for_each(|row| texels.extend_from_slice(row));
            write_box(queue, &self.texture, within.min, size, bytemuck::cast_slice(&texels), 2);
        } else {
            let mut texels: Vec<u8> = Vec::with_capacity(count);
            all_rows.for_each(|row| texels.extend(row.iter().map(|&l| l as u8)));
            write_box(queue, &self.texture, within.min, size, &texels, 1);
        }
        self.written[within.min[2]..within.max[2]].fill(true);
        self.bounds = Some(self.bounds.map_or(within, |b| b.union(&within)));
    }
}

/// The parts of the rows of slice `z` that lie in a box.
fn rows(labels: &LabelMap, within: VoxelBox, z: usize) -> impl Iterator<Item = &[u16]> {
    let slice = labels.slice(z);
    let row = labels.dims()[0];
    (within.min[1]..within.max[1])
        .map(move |y| &slice[y * row + within.min[0]..y * row + within.max[0]])
}

/// A box cut to what a grid of these dimensions has of it; `None` when nothing is left.
pub(super) fn clip(within: VoxelBox, dims: [usize; 3]) -> Option<VoxelBox> {
    let max = std::array::from_fn(|a| within.max[a].min(dims[a]));
    (0..3).all(|a| within.min[a] < max[a]).then_some(VoxelBox { min: within.min, max })
}
