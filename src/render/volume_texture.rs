use std::sync::Arc;

use super::RenderError;
use super::coarse::{self, Factors};
use super::encoding::{Encoding, RawRange, TexelGrey, TexelType};
use crate::geom::Grid;
use crate::volume::{Volume, Window};

/// Bytes handed to the GPU in one piece, so that its staging memory stays small.
const LARGEST_PIECE: usize = 64 << 20;
/// Finding the range only reads: so many times the bytes of an upload take no longer.
const READ_FACTOR: usize = 4;

/// The first frame of a volume as a 3D texture, filled bit by bit; coarser than the volume where there is no
/// room for all of it.
pub(super) struct VolumeTexture {
    volume: Arc<Volume>,
    texture: wgpu::Texture,
    /// Voxels for each texel.
    factors: Factors,
    /// Where the texels are.
    grid: Grid,
    texel_type: TexelType,
    stage: Stage,
}

enum Stage {
    /// The range of the values is being found; the first `next` voxels are done.
    Measuring { next: usize, range: RawRange },
    /// The first `next` slices are there.
    Uploading { next: usize, encoding: Encoding },
}

impl VolumeTexture {
    /// An empty texture for a volume, so many voxels to a texel.
    pub(super) fn new(
        device: &wgpu::Device,
        volume: Arc<Volume>,
        factors: Factors,
    ) -> Result<Self, RenderError> {
        let grid = coarse::coarse_grid(volume.grid(), factors);
        let dims = grid.dims();
        let data = volume.voxels().data_type();
        let texel_type = TexelType::choose(data, device.features());
        let texture =
            texture_3d(device, "scan", dims, texel_type.format(), texel_type.size() as u64)?;
        let stage = if Encoding::needs_range(texel_type, data) {
            Stage::Measuring { next: 0, range: RawRange::EMPTY }
        } else {
            Stage::Uploading { next: 0, encoding: Encoding::of_small_integers(texel_type, data) }
        };
        Ok(Self { volume, texture, factors, grid, texel_type, stage })
    }

    pub(super) fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// Voxels along each axis for each texel.
    pub(super) fn factors(&self) -> Factors {
        self.factors
    }

    /// Where the texels are: the volume's own grid unless they are coarser.
    pub(super) fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Bytes of a texel of this volume on this device.
    pub(super) fn texel_bytes(device: &wgpu::Device, volume: &Volume) -> usize {
        TexelType::choose(volume.voxels().data_type(), device.features()).size()
    }

    /// How stored numbers become texels; `None` while their range is not known.
    pub(super) fn encoding(&self) -> Option<&Encoding> {
        match &self.stage {
            Stage::Uploading { encoding, .. } => Some(encoding),
            Stage::Measuring { .. } => None,
        }
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor::default())
    }

    pub(super) fn filterable(&self, features: wgpu::Features) -> bool {
        self.texel_type.filterable(features)
    }

    /// Number of slices (along z) that are there.
    pub(super) fn ready_slices(&self) -> usize {
        match self.stage {
            Stage::Measuring { .. } => 0,
            Stage::Uploading { next, .. } => next,
        }
    }

    pub(super) fn complete(&self) -> bool {
        self.ready_slices() == self.grid.dims()[2]
    }

    /// Uploads about `budget` bytes or reads [`READ_FACTOR`] times as many, at least one slice. Returns the
    /// bytes that were uploaded.
    pub(super) fn advance(&mut self, queue: &wgpu::Queue, budget: usize) -> u64 {
        let count = self.volume.grid().count();
        let [nx, ny, nz] = self.grid.dims();
        let area = nx * ny;
        match &mut self.stage {
            Stage::Measuring { next, range } => {
                let raw_size = self.volume.voxels().data_type().size();
                let voxels = (budget.saturating_mul(READ_FACTOR) / raw_size).max(area);
                let to = next.saturating_add(voxels).min(count);
                range.include(self.volume.voxels(), *next, to);
                *next = to;
                if to == count {
                    let encoding = Encoding::of_range(*range, self.volume.scale().slope);
                    self.stage = Stage::Uploading { next: 0, encoding };
                }
                0
            }
            Stage::Uploading { next, encoding } => {
                let slice_bytes = area * self.texel_type.size();
                let at_once = if self.factors == coarse::NONE {
                    budget / slice_bytes
                } else {
                    let read = self.factors.iter().product::<usize>() * area;
                    let raw_size = self.volume.voxels().data_type().size();
                    budget.saturating_mul(READ_FACTOR) / (read * raw_size)
                };
                let to = next.saturating_add(at_once.max(1)).min(nz);
                let piece = (LARGEST_PIECE / slice_bytes).max(1);
                let begin = *next;
                while *next < to {
                    let end = (*next + piece).min(to);
                    let texels = if self.factors == coarse::NONE {
                        encoding.encode(self.volume.voxels(), *next * area, end * area)
                    } else {
                        let means = coarse::means(&self.volume, 0, self.factors, *next, end);
                        encoding.encode_numbers(&means)
                    };
                    write_box(
                        queue,
                        &self.texture,
                        [0, 0, *next],
                        [nx, ny, end - *next],
                        texels.bytes(),
                        self.texel_type.size(),
                    );
                    *next = end;
                }
                ((to - begin) * slice_bytes) as u64
            }
        }
    }

    /// How texels become grey levels; `None` before any slice is there.
    pub(super) fn grey(&self, window: Window) -> Option<TexelGrey> {
        match &self.stage {
            Stage::Uploading { encoding, .. } => Some(encoding.grey(self.volume.scale(), window)),
            Stage::Measuring { .. } => None,
        }
    }
}

/// A 3D texture of zeros to be written and sampled, or why there is none.
pub(super) fn texture_3d(
    device: &wgpu::Device,
    label: &str,
    dims: [usize; 3],
    format: wgpu::TextureFormat,
    texel_bytes: u64,
) -> Result<wgpu::Texture, RenderError> {
    let limit = device.limits().max_texture_dimension_3d;
    if dims.iter().any(|&n| n > limit as usize) {
        return Err(RenderError::TooLarge { dims, limit });
    }
    let scope = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: extent(dims),
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    if pollster::block_on(scope.pop()).is_some() {
        let texels: u64 = dims.iter().map(|&n| n as u64).product();
        return Err(RenderError::NoMemory { megabytes: (texels * texel_bytes) >> 20 });
    }
    Ok(texture)
}

/// Writes tightly packed texels into a box of a 3D texture.
pub(super) fn write_box(
    queue: &wgpu::Queue,
    texture: &wgpu::Texture,
    at: [usize; 3],
    size: [usize; 3],
    bytes: &[u8],
    texel_size: usize,
) {
    let [x, y, z] = at.map(|v| v as u32);
    queue.write_texture(
        wgpu::TexelCopyTextureInfo {
            texture,
            mip_level: 0,
            origin: wgpu::Origin3d { x, y, z },
            aspect: wgpu::TextureAspect::All,
        },
        bytes,
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some((size[0] * texel_size) as u32),
            rows_per_image: Some(size[1] as u32),
        },
        extent(size),
    );
}

fn extent(size: [usize; 3]) -> wgpu::Extent3d {
    let [width, height, depth_or_array_layers] = size.map(|n| n as u32);
    wgpu::Extent3d { width, height, depth_or_array_layers }
}
