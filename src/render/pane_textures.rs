//! Slices from the CPU's copy of the scan: a pane's own pixels as two flat textures, values and labels, from which
//! the slice shader draws as it draws from the 3D textures. For scans that the device holds in part (`coarse`) or
//! not yet.

use std::sync::Arc;

use rayon::prelude::*;

use super::encoding::{Encoding, RawRange};
use super::pane_parts::shadow;
use super::slice_sampling::{SamplingJob, SliceSampling};
use super::{RenderError, SliceParams};
use crate::geom::{DAffine3, DVec3};
use crate::volume::{LabelMap, Row, Volume, VoxelBox, label_row};
use crate::work::Wake;

/// Pixels around the pane whose labels are there too: outlines look at their neighbours. The same in
/// `access_plane.wgsl`.
const MARGIN: u32 = 16;

/// What a pane's pixels are taken from.
pub(super) struct PixelSource<'a> {
    pub volume: &'a Arc<Volume>,
    /// How stored numbers become texels; `None` while the range of the volume is not known.
    pub encoding: Option<&'a Encoding>,
    /// Other voxels or another encoding have another number.
    pub scan: u64,
    pub labels: Option<&'a LabelMap>,
}

/// That the window is not to wait.
pub(super) struct FrameBudget<'a> {
    /// Slices that are made in a frame.
    pub slices: usize,
    /// Whether threads may be started.
    pub free: bool,
    /// Called when they are done.
    pub wake: &'a Wake,
}

/// Pixels of a pane, `min` inclusive, `max` exclusive, counted from the margin's corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pixels {
    min: [u32; 2],
    max: [u32; 2],
}

/// A pane's pixels.
pub(super) struct PaneTextures {
    /// Of the pane it was made for.
    wanted: [u32; 2],
    /// As much of it as the device has textures for.
    size: [u32; 2],
    values: wgpu::Texture,
    labels: wgpu::Texture,
    pub(super) bind_group: wgpu::BindGroup,
    sampling: Option<SliceSampling>,
    /// Values are those of every few pixels, and are to become whole.
    coarse: bool,
    /// Makes them.
    job: Option<SamplingJob>,
    encoding: Option<Encoding>,
    /// Where the labels were laid; `None` if they have to be laid anew.
    labelled: Option<DAffine3>,
    /// Labels changed here.
    dirty: Option<VoxelBox>,
}

impl PaneTextures {
    /// Empty textures for a pane.
    pub(super) fn new(
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        size: [u32; 2],
    ) -> Result<Self, RenderError> {
        let limit = device.limits().max_texture_dimension_2d.saturating_sub(2 * MARGIN);
        let wanted = size;
        let size = size.map(|n| n.clamp(1, limit));
        let texture = |label, [width, height]: [u32; 2], format| {
            device.create_texture(&wgpu::TextureDescriptor {
                label: Some(label),
                size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            })
        };
        let scope = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let values = texture("plane", size, wgpu::TextureFormat::R32Float);
        let labels =
            texture("plane's labels", size.map(|n| n + 2 * MARGIN), wgpu::TextureFormat::R16Uint);
        if pollster::block_on(scope.pop()).is_some() {
            let bytes = u64::from(size[0]) * u64::from(size[1]) * 6;
            return Err(RenderError::NoMemory { megabytes: bytes >> 20 });
        }
        let view =
            |texture: &wgpu::Texture| texture.create_view(&wgpu::TextureViewDescriptor::default());
        let entry = |binding, view| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::TextureView(view),
        };
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("plane"),
            layout,
            entries: &[entry(0, &view(&values)), entry(1, &view(&labels))],
        });
        let (sampling, job, encoding, labelled, dirty) = (None, None, None, None, None);
        let coarse = false;
        Ok(Self {
            wanted,
            size,
            values,
            labels,
            bind_group,
            sampling,
            coarse,
            job,
            encoding,
            labelled,
            dirty,
        })
    }

    /// Whether it is for a pane of this size.
    pub(super) fn fits(&self, size: [u32; 2]) -> bool {
        self.wanted == size
    }

    /// How its values become grey levels.
    pub(super) fn encoding(&self) -> Option<&Encoding> {
        self.encoding.as_ref()
    }

    /// Labels changed within a box of voxels; everywhere if `None`.
    pub(super) fn labels_changed(&mut self, within: Option<VoxelBox>) {
        match within {
            None => self.labelled = None,
            Some(b) => self.dirty = Some(self.dirty.map_or(b, |dirty| dirty.union(&b))),
        }
    }

    /// Brings the pixels up to date. Where that takes longer than a frame has, and if there is a `budget`, values are
    /// coarser at first: then there is [`PaneTextures::more_to_come`]. Returns the bytes that were uploaded.
    pub(super) fn update(
        &mut self,
        queue: &wgpu::Queue,
        source: &PixelSource,
        params: &SliceParams,
        budget: Option<FrameBudget<'_>>,
    ) -> u64 {
        let slope = source.volume.scale().slope;
        let sampling = SliceSampling::new(params, self.size, slope, source.scan);
        let mut bytes = 0;
        let stays = self.sampling == Some(sampling);
        let ready =
            self.job.as_mut().filter(|job| job.sampling == sampling).and_then(SamplingJob::poll);
        if let Some(raw) = ready {
            (self.job, self.coarse) = (None, false);
            if let Ok(raw) = raw {
                bytes += self.lay_values(queue, source, &raw);
            } else {
                tracing::warn!("a slice stays coarse: its threads died");
            }
        } else if !stays {
            let every = budget.as_ref().map_or(1, |budget| sampling.pixels_at_once(budget.slices));
            let raw = sampling.numbers(source.volume, source.encoding, every);
            bytes += self.lay_values(queue, source, &raw);
            // What was being made for another sampling is given up.
            self.job = None;
            self.coarse = every > 1;
            self.sampling = Some(sampling);
        }
        let budget = budget.filter(|_| self.coarse && self.job.is_none());
        if let Some(budget) = budget.as_ref().filter(|_| !stays) {
            // While slices are scrolled they are only coarse; the next frame tells.
            (budget.wake)();
        } else if let Some(budget) = budget.filter(|budget| budget.free) {
            let encoding = source.encoding.copied();
            self.job = sampling.start(source.volume, encoding, Arc::clone(budget.wake));
            self.coarse = self.job.is_some();
        }
        bytes + self.lay_labels(queue, source, params.voxel_from_pane)
    }

    /// Whether values are coarser than they will be.
    pub(super) fn more_to_come(&self) -> bool {
        self.coarse
    }

    /// Whether threads make them.
    pub(super) fn is_being_made(&mut self) -> bool {
        self.job.as_mut().is_some_and(SamplingJob::is_running)
    }

    fn lay_values(&mut self, queue: &wgpu::Queue, source: &PixelSource, raw: &[f64]) -> u64 {
        let encoding = source.encoding.copied().unwrap_or_else(|| {
            // For the moment; the true one makes the picture anew.
            Encoding::of_range(RawRange::of(raw), source.volume.scale().slope)
        });
        let texels: Vec<f32> = raw.par_iter().map(|&raw| encoding.texel(raw)).collect();
        self.encoding = Some(encoding);
        write(queue, &self.values, [0, 0], self.size, bytemuck::cast_slice(&texels), 4)
    }

    fn lay_labels(
        &mut self,
        queue: &wgpu::Queue,
        source: &PixelSource,
        voxel_from_pane: DAffine3,
    ) -> u64 {
        let whole = Pixels { min: [0; 2], max: self.size.map(|n| n + 2 * MARGIN) };
        let dirty = self.dirty.take();
        let pixels = if self.labelled == Some(voxel_from_pane) {
            dirty.and_then(|b| pixels(b, &voxel_from_pane, whole))
        } else {
            Some(whole)
        };
        let (Some(Pixels { min, max }), Some(labels)) = (pixels, source.labels) else { return 0 };
        let size = [max[0] - min[0], max[1] - min[1]];
        let mut texels = vec![0u16; size[0] as usize * size[1] as usize];
        texels.par_chunks_mut(size[0] as usize).enumerate().for_each(|(y, out)| {
            let at = [min[0] as i64, min[1] as i64 + y as i64].map(|c| c - i64::from(MARGIN));
            label_row(labels, row(&voxel_from_pane, at), out);
        });
        self.labelled = Some(voxel_from_pane);
        write(queue, &self.labels, min, size, bytemuck::cast_slice(&texels), 2)
    }
}

/// Where the pixels of a line from this one on lie.
fn row(voxel_from_pane: &DAffine3, [x, y]: [i64; 2]) -> Row {
    let centre = DVec3::new(x as f64 + 0.5, y as f64 + 0.5, 0.0);
    Row { start: voxel_from_pane.transform_point3(centre), step: voxel_from_pane.matrix3.x_axis }
}

/// The pixels that a box of voxels can be seen on, counted from the margin's corner.
fn pixels(within: VoxelBox, voxel_from_pane: &DAffine3, whole: Pixels) -> Option<Pixels> {
    let at = shadow(within, voxel_from_pane)?;
    let margin = f64::from(MARGIN);
    let clamp = |c: f64, a: usize| c.clamp(0.0, f64::from(whole.max[a])) as u32;
    let min = [0, 1].map(|a| clamp((at[a] + margin - 1.0).floor(), a));
    let max = [0, 1].map(|a| clamp((at[2 + a] + margin + 1.0).ceil(), a));
    (min[0] < max[0] && min[1] < max[1]).then_some(Pixels { min, max })
}

fn write(
    queue: &wgpu::Queue,
    texture: &wgpu::Texture,
    [x, y]: [u32; 2],
    [width, height]: [u32; 2],
    bytes: &[u8],
    texel_bytes: u32,
) -> u64 {
    queue.write_texture(
        wgpu::TexelCopyTextureInfo {
            texture,
            mip_level: 0,
            origin: wgpu::Origin3d { x, y, z: 0 },
            aspect: wgpu::TextureAspect::All,
        },
        bytes,
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(width * texel_bytes),
            rows_per_image: Some(height),
        },
        wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
    );
    bytes.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_casts_its_shadow_only_where_the_plane_cuts_it() {
        // Four pixels a voxel, slice 7.
        let voxel_from_pane = DAffine3::from_scale_rotation_translation(
            DVec3::new(0.25, 0.25, 1.0),
            glam::DQuat::IDENTITY,
            DVec3::new(0.0, 0.0, 7.0),
        );
        let whole = Pixels { min: [0; 2], max: [400, 300] };
        let within = |z0, z1| VoxelBox { min: [10, 20, z0], max: [12, 21, z1] };
        assert_eq!(pixels(within(8, 9), &voxel_from_pane, whole), None);
        assert_eq!(pixels(within(0, 7), &voxel_from_pane, whole), None);
        // Voxel 10 begins at pixel 38, the margin is 16 and a pixel more is taken.
        let expected = Pixels { min: [38 + 15, 78 + 15], max: [46 + 17, 82 + 17] };
        assert_eq!(pixels(within(7, 8), &voxel_from_pane, whole), Some(expected));
        let far = VoxelBox { min: [500, 0, 7], max: [501, 9, 8] };
        assert_eq!(pixels(far, &voxel_from_pane, whole), None);
    }
}
