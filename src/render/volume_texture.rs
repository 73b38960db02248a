use std::sync::Arc;

use super::RenderError;
use super::coarse::{self, Factors, Means};
use super::encoding::{Encoding, RawRange, TexelGrey, TexelType};
use crate::geom::Grid;
use crate::volume::{Volume, Window};

/// Bytes handed to the GPU in one piece, so that its staging memory stays small.
pub(super) const LARGEST_PIECE: usize = 16 << 20;
/// Finding the range only reads: so many times the bytes of an upload take no longer.
const READ_FACTOR: usize = 4;

/// The time point of a volume that is looked at as a 3D texture, filled bit by bit; coarser than the volume where there
/// is no room for all of it.
pub(super) struct VolumeTexture {
    volume: Arc<Volume>,
    texture: wgpu::Texture,
    /// Voxels for each texel.
    factors: Factors,
    /// Where the texels are.
    grid: Grid,
    /// What the texels stand for, where they are coarser than the voxels.
    means: Means,
    texel_type: TexelType,
    stage: UploadStage,
    /// How the time point that was shown before was encoded: until all of this one is there, the rest of the texture
    /// shows that one.
    before: Option<Encoding>,
}

#[derive(Clone)]
enum UploadStage {
    /// The range of the values is being found; the first `next` voxels are done. Slices will be uploaded from
    /// `first` on.
    Measuring { next: usize, range: RawRange, first: usize },
    /// `left` slices are missing: those from `next` on, and on from the first after the last.
    Uploading { next: usize, left: usize, encoding: Encoding },
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
        let stage = UploadStage::first(&volume, texel_type, dims[2], 0);
        let means = Means::new(&volume);
        Ok(Self { volume, texture, factors, grid, means, texel_type, stage, before: None })
    }

    /// Shows another time point of the same scan from now on: a volume that differs in its voxels only. `false`, and
    /// nothing happens, if it differs in more.
    pub(super) fn exchange(&mut self, volume: &Arc<Volume>) -> bool {
        let same = volume.grid() == self.volume.grid()
            && volume.voxels().data_type() == self.volume.voxels().data_type()
            && volume.scale() == self.volume.scale();
        if !same {
            return false;
        }
        // Time points that follow each other faster than they are uploaded replace all slices in turn.
        let mut next = 0;
        if self.complete() {
            match &self.stage {
                UploadStage::Uploading { next: at, encoding, .. } => {
                    (next, self.before) = (*at, Some(*encoding));
                }
                UploadStage::Measuring { first, .. } => next = *first,
            }
        } else {
            self.before = None;
        }
        self.volume = Arc::clone(volume);
        self.stage = UploadStage::first(volume, self.texel_type, self.grid.dims()[2], next);
        true
    }

    pub(super) fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// The same texture once more, for another scene. While it is not settled it may show what the other one has not
    /// written yet, or shows no more: then slices have to come from the volume itself.
    pub(super) fn shared(&self) -> Self {
        Self {
            volume: Arc::clone(&self.volume),
            texture: self.texture.clone(),
            factors: self.factors,
            grid: self.grid.clone(),
            means: Means::new(&self.volume),
            texel_type: self.texel_type,
            stage: self.stage.clone(),
            before: self.before,
        }
    }

    /// Whether it still is what [`VolumeTexture::shared`] makes of the other one.
    pub(super) fn is_shared_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.volume, &other.volume)
            && self.texture == other.texture
            && self.settled() == other.settled()
    }

    /// The texels as a volume of their own, once they are settled; `None` where they are the voxels.
    pub(super) fn take_texels(&mut self) -> Option<Volume> {
        let coarse = self.factors != coarse::NONE && self.settled();
        coarse.then(|| self.means.take(&self.volume, &self.grid)).flatten()
    }

    /// Voxels along each axis for each texel.
    pub(super) fn factors(&self) -> Factors {
        self.factors
    }

    /// Bytes on the device.
    pub(super) fn device_bytes(&self) -> u64 {
        self.grid.count() as u64 * self.texel_type.size() as u64
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
            UploadStage::Uploading { encoding, .. } => Some(encoding),
            UploadStage::Measuring { .. } => None,
        }
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor::default())
    }

    pub(super) fn filterable(&self, features: wgpu::Features) -> bool {
        self.texel_type.filterable(features)
    }

    /// Number of slices (along z) that are there, those of the time point before included.
    pub(super) fn ready_slices(&self) -> usize {
        match self.stage {
            _ if self.before.is_some() => self.grid.dims()[2],
            UploadStage::Measuring { .. } => 0,
            UploadStage::Uploading { left, .. } => self.grid.dims()[2] - left,
        }
    }

    pub(super) fn complete(&self) -> bool {
        self.ready_slices() == self.grid.dims()[2]
    }

    /// Whether nothing is left to be uploaded: every slice is there, and none is of the time point before.
    pub(super) fn settled(&self) -> bool {
        matches!(self.stage, UploadStage::Uploading { left: 0, .. })
    }

    /// Uploads about `budget` bytes or reads [`READ_FACTOR`] times as many, at least one slice. Returns the
    /// bytes that were uploaded.
    pub(super) fn advance(&mut self, queue: &wgpu::Queue, budget: usize) -> u64 {
        let count = self.volume.grid().count();
        let [nx, ny, nz] = self.grid.dims();
        let area = nx * ny;
        let raw_size = self.volume.voxels().data_type().size();
        match &mut self.stage {
            UploadStage::Measuring { next, range, first } => {
                let voxels = (budget.saturating_mul(READ_FACTOR) / raw_size).max(area);
                let to = next.saturating_add(voxels).min(count);
                let base = self.volume.time_point_range().start;
                range.include(self.volume.voxels(), base + *next, base + to);
                *next = to;
                if to == count {
                    let slope = self.volume.scale().slope;
                    let encoding = Encoding::of_time_point(*range, slope, self.before.as_ref());
                    self.stage = UploadStage::Uploading { next: *first, left: nz, encoding };
                }
                0
            }
            UploadStage::Uploading { next, left, encoding } => {
                let slice_bytes = area * self.texel_type.size();
                let at_once = if self.factors == coarse::NONE {
                    budget / slice_bytes
                } else {
                    let read = self.factors.iter().product::<usize>() * area * raw_size;
                    budget.saturating_mul(READ_FACTOR) / read
                };
                let mut slices = at_once.max(1).min(*left);
                let bytes = (slices * slice_bytes) as u64;
                let piece = (LARGEST_PIECE / slice_bytes).max(1);
                let base = self.volume.time_point_range().start;
                while slices > 0 {
                    let end = (*next + piece.min(slices)).min(nz);
                    let texels = if self.factors == coarse::NONE {
                        let (from, to) = (base + *next * area, base + end * area);
                        encoding.encode(self.volume.voxels(), from, to)
                    } else {
                        let means = coarse::means(&self.volume, self.factors, *next, end);
                        self.means.put(*next * area, &means);
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
                    slices -= end - *next;
                    *left -= end - *next;
                    *next = end % nz;
                }
                if *left == 0 {
                    self.before = None;
                }
                bytes
            }
        }
    }

    /// How texels become grey levels; `None` before any slice is there.
    pub(super) fn grey(&self, window: Window) -> Option<TexelGrey> {
        let encoding = match &self.stage {
            UploadStage::Uploading { encoding, .. } => Some(encoding),
            UploadStage::Measuring { .. } => self.before.as_ref(),
        };
        encoding.map(|encoding| encoding.grey(self.volume.scale(), window))
    }
}

impl UploadStage {
    /// Everything is to be done, beginning with slice `first`.
    fn first(volume: &Volume, texel_type: TexelType, slices: usize, first: usize) -> Self {
        let data = volume.voxels().data_type();
        if Encoding::needs_range(texel_type, data) {
            return Self::Measuring { next: 0, range: RawRange::EMPTY, first };
        }
        let encoding = Encoding::of_small_integers(texel_type, data);
        Self::Uploading { next: first, left: slices, encoding }
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
