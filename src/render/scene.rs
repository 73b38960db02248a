use std::sync::Arc;

use super::label_texture::{LabelTexture, clip};
use super::march;
use super::pipelines::Pipelines;
use super::scene_3d::{Scene3d, Subject};
use super::styles::{TABLE_SIDE, colour_table};
use super::uniforms::{ScanUniforms, SliceUniforms};
use super::volume_texture::VolumeTexture;
use super::{LabelStyle, RaycastParams, RenderError, SliceParams};
use crate::volume::{LabelMap, Volume, VoxelBox};

/// Panes that show slices.
const SLICE_PANES: usize = 3;

/// Bytes of a scan that [`Scene::upload`] can handle in one frame without the frame being late: on two
/// cores without a GPU a call takes 1 to 2 ms in the median, and the first two took up to 13 ms while the
/// texture was made (`voxpoint bench click` measures it).
pub const UPLOAD_BUDGET: usize = 4 << 20;

/// Textures and pipelines for one scan.
pub struct Scene {
    device: wgpu::Device,
    queue: wgpu::Queue,
    target: wgpu::TextureFormat,
    pipelines: Pipelines,
    volume: Option<VolumeTexture>,
    labels: Option<LabelTexture>,
    styles: Vec<LabelStyle>,
    colours: wgpu::Texture,
    /// One for each slice pane: all are written before any is drawn from.
    uniforms: [wgpu::Buffer; SLICE_PANES],
    bind_groups: [wgpu::BindGroup; SLICE_PANES],
    view_3d: Scene3d,
    /// Counts changes of voxels, labels and styles.
    content: u64,
}

impl Scene {
    /// Pipelines for a colour target of this format.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, target: wgpu::TextureFormat) -> Self {
        let pipelines = Pipelines::new(device, target, true);
        let colours = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("label colours"),
            size: table_extent(),
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let uniforms = std::array::from_fn(|_| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("pane"),
                size: size_of::<SliceUniforms>() as u64,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        });
        let bind_groups = bind_groups(device, &pipelines, &uniforms, None, None, &colours);
        let scene = Self {
            device: device.clone(),
            queue: queue.clone(),
            target,
            pipelines,
            volume: None,
            labels: None,
            styles: Vec::new(),
            colours,
            uniforms,
            bind_groups,
            view_3d: Scene3d::new(device, queue, target),
            content: 0,
        };
        scene.write_colours();
        scene
    }

    /// Shows another scan (its first frame), without labels; uploads nothing yet. On an error (too large
    /// for the GPU, or no memory there) the scene shows nothing.
    pub fn set_volume(&mut self, volume: Arc<Volume>) -> Result<(), RenderError> {
        // The old textures go first: there may not be room for both.
        self.clear();
        let texture = VolumeTexture::new(&self.device, volume)?;
        self.view_3d.set_volume(Some(texture.volume()))?;
        let filterable = texture.filterable(self.device.features());
        if filterable != self.pipelines.filterable {
            self.pipelines = Pipelines::new(&self.device, self.target, filterable);
            self.view_3d.forget_pipelines();
        }
        self.volume = Some(texture);
        self.rebind();
        Ok(())
    }

    /// Shows nothing, and gives the textures back.
    pub fn clear(&mut self) {
        self.volume = None;
        self.labels = None;
        // Without a scan there is nothing that could fail.
        let _ = self.view_3d.set_volume(None);
        self.rebind();
    }

    /// Full 3D pictures may take several frames on slow adapters ([`Scene::prepare_3d`]); by default they are
    /// complete at once.
    pub fn set_progressive(&mut self, on: bool) {
        self.view_3d.set_progressive(on);
    }

    /// Whether rays of the 3D view jump over empty space: the same picture, sooner. On by default.
    pub fn set_skip_empty(&mut self, on: bool) {
        self.view_3d.set_skip(on);
    }

    /// Uploads up to about `budget` bytes of what is still missing (at least one slice). `true` when all is
    /// there and empty space is known. Slices that are not there yet are drawn black; the 3D view waits for all.
    ///
    /// Voxels of 32 and 64 bits are first read once, in larger steps, to find their range.
    pub fn upload(&mut self, budget: usize) -> bool {
        let Some(volume) = &mut self.volume else { return true };
        if !volume.complete() {
            if volume.advance(&self.queue, budget) {
                self.content += 1;
            }
            return false;
        }
        let Some(encoding) = volume.encoding() else { return true };
        self.view_3d.advance(volume.volume(), encoding, budget)
    }

    /// Brings the label texture up to date: `None` uploads everything, a box only that box. A label map of
    /// other dimensions than the scan's is not drawn.
    pub fn set_labels(
        &mut self,
        labels: &LabelMap,
        changed: Option<VoxelBox>,
    ) -> Result<(), RenderError> {
        let Some(volume) = &self.volume else { return Ok(()) };
        let dims = volume.volume().grid().dims();
        if labels.dims() != dims {
            self.labels = None;
            self.rebind();
            return Ok(());
        }
        let changed = match changed {
            None => None,
            Some(b) => match clip(b, dims) {
                None => return Ok(()),
                some => some,
            },
        };
        self.content += 1;
        if let Some(texture) = &mut self.labels {
            let fits = match changed {
                Some(b) => texture.write(&self.queue, labels, b),
                None => texture.write_all(&self.queue, labels),
            };
            if fits {
                return Ok(());
            }
        }
        // The first labels, or the first one above 255: everything has to go up.
        self.labels = None;
        self.rebind();
        let mut texture = LabelTexture::new(&self.device, dims, labels.max() > 255)?;
        texture.write_all(&self.queue, labels);
        self.labels = Some(texture);
        self.rebind();
        Ok(())
    }

    /// Colours and visibility of the labels; a label that is not listed has a colour of its own.
    pub fn set_styles(&mut self, styles: &[LabelStyle]) {
        if self.styles != styles {
            self.styles = styles.to_vec();
            self.write_colours();
            self.content += 1;
        }
    }

    /// Sets what slice pane `pane` (0, 1, 2) shows.
    pub fn prepare_slice(&mut self, pane: usize, params: &SliceParams) {
        let Some(buffer) = self.uniforms[..SLICE_PANES].get(pane) else { return };
        let Some(volume) = &self.volume else { return };
        let uniforms = SliceUniforms::new(params, self.scan_uniforms(volume, params.window));
        self.queue.write_buffer(buffer, 0, bytemuck::bytes_of(&uniforms));
    }

    /// Draws slice pane `pane` over the pass's whole viewport (set by the caller).
    pub fn paint_slice(&self, pass: &mut wgpu::RenderPass<'_>, pane: usize) {
        if self.volume.is_none() || pane >= SLICE_PANES {
            return;
        }
        pass.set_pipeline(&self.pipelines.slice);
        pass.set_bind_group(0, &self.bind_groups[pane], &[]);
        pass.draw(0..3, 0..1);
    }

    /// Renders the 3D picture into a texture of its own, if anything changed since the last time. `true` while
    /// there is more to come: then another frame is wanted.
    pub fn prepare_3d(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        params: &RaycastParams,
    ) -> bool {
        let Some(volume) = &self.volume else { return false };
        let subject = Subject {
            volume: volume.volume(),
            complete: volume.complete(),
            scan: self.scan_uniforms(volume, march::scale(params)),
            labels: self.labels.as_ref(),
            pipelines: &self.pipelines,
            bind_group: &self.bind_groups[0],
            content: self.content,
        };
        self.view_3d.prepare(encoder, &subject, params)
    }

    /// Draws the 3D picture over the pass's whole viewport (set by the caller).
    pub fn paint_3d(&self, pass: &mut wgpu::RenderPass<'_>) {
        if self.volume.is_some() {
            self.view_3d.paint(pass);
        }
    }

    fn scan_uniforms(&self, volume: &VolumeTexture, window: crate::volume::Window) -> ScanUniforms {
        ScanUniforms::new(
            volume.volume().grid().dims(),
            volume.grey(window),
            volume.ready_slices(),
            self.labels.is_some(),
        )
    }

    fn write_colours(&self) {
        let table = colour_table(&self.styles);
        self.queue.write_texture(
            self.colours.as_image_copy(),
            &table,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(TABLE_SIDE * 4),
                rows_per_image: Some(TABLE_SIDE),
            },
            table_extent(),
        );
    }

    /// Needed whenever a texture or the pipelines are other ones.
    fn rebind(&mut self) {
        self.content += 1;
        self.view_3d.rebind(self.labels.as_ref().map(LabelTexture::blocks));
        self.bind_groups = bind_groups(
            &self.device,
            &self.pipelines,
            &self.uniforms,
            self.volume.as_ref(),
            self.labels.as_ref(),
            &self.colours,
        );
    }
}

fn table_extent() -> wgpu::Extent3d {
    wgpu::Extent3d { width: TABLE_SIDE, height: TABLE_SIDE, depth_or_array_layers: 1 }
}

/// One voxel that stands in where there is no volume or no label map.
pub(super) fn stand_in(device: &wgpu::Device, format: wgpu::TextureFormat) -> wgpu::TextureView {
    let size = wgpu::Extent3d { width: 1, height: 1, depth_or_array_layers: 1 };
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("stand-in"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    });
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

fn bind_groups(
    device: &wgpu::Device,
    pipelines: &Pipelines,
    uniforms: &[wgpu::Buffer; SLICE_PANES],
    volume: Option<&VolumeTexture>,
    labels: Option<&LabelTexture>,
    colours: &wgpu::Texture,
) -> [wgpu::BindGroup; SLICE_PANES] {
    let scan_view =
        volume.map_or_else(|| stand_in(device, wgpu::TextureFormat::R8Unorm), VolumeTexture::view);
    let label_view =
        labels.map_or_else(|| stand_in(device, wgpu::TextureFormat::R8Uint), LabelTexture::view);
    let colour_view = colours.create_view(&wgpu::TextureViewDescriptor::default());
    let filter =
        if pipelines.filterable { wgpu::FilterMode::Linear } else { wgpu::FilterMode::Nearest };
    let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
        label: Some("scan"),
        mag_filter: filter,
        min_filter: filter,
        ..Default::default()
    });
    std::array::from_fn(|n| {
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("scan"),
            layout: &pipelines.scan_layout,
            entries: &[
                entry(0, uniforms[n].as_entire_binding()),
                entry(1, wgpu::BindingResource::TextureView(&scan_view)),
                entry(2, wgpu::BindingResource::Sampler(&sampler)),
                entry(3, wgpu::BindingResource::TextureView(&label_view)),
                entry(4, wgpu::BindingResource::TextureView(&colour_view)),
            ],
        })
    })
}
