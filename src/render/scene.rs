use std::sync::Arc;

use super::coarse::{self, Room};
use super::label_texture::{LabelTexture, clip};
use super::march;
use super::overlays::{self, Overlays};
use super::pipelines::Pipelines;
use super::plane::{Plane, Source};
use super::scene_3d::{Scene3d, Subject};
use super::styles::{TABLE_SIDE, colour_table};
use super::uniforms::{ScanUniforms, SliceKind, SliceUniforms};
use super::volume_texture::VolumeTexture;
use super::{ColourMap, LabelStyle, RaycastParams, RenderError, SliceParams};
use crate::volume::{LabelMap, Volume, VoxelBox};

/// Slice panes that can be shown at once: more than the largest sheet of slices has.
pub const SLICE_PANES: usize = 256;

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
    /// The labels themselves, while slices are made from the CPU's copy.
    kept_labels: Option<LabelMap>,
    /// What coarse texels stand for, until it is known where they are empty.
    texels: Option<Volume>,
    /// What the textures may take.
    room: Room,
    /// Bytes of voxels and labels uploaded so far.
    uploaded: u64,
    /// Counts scans, frames and their encodings.
    scans: u64,
    overlays: Overlays,
    styles: Vec<LabelStyle>,
    colours: wgpu::Texture,
    colour_maps: wgpu::TextureView,
    /// What every pane binds besides its uniforms.
    shared: Shared,
    /// One for each slice pane, made when it is first asked for: all are written before any is drawn from.
    slices: Vec<Pane>,
    /// What the 3D view binds of the scan; its uniforms are its own.
    raycast: Pane,
    view_3d: Scene3d,
    /// Counts changes of voxels, labels and styles.
    content: u64,
}

impl Scene {
    /// Pipelines for a colour target of this format.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, target: wgpu::TextureFormat) -> Self {
        Self::with_budget(device, queue, target, Room::bytes_of(device))
    }

    /// As [`Scene::new`], with textures of scan and labels that take at most so many bytes: a scan that needs
    /// more is coarser in 3D, and its slices come from the CPU's copy.
    pub fn with_budget(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        target: wgpu::TextureFormat,
        bytes: u64,
    ) -> Self {
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
        let colour_maps = colour_maps(device, queue);
        let shared = Shared::new(device, &pipelines, None, None, &colours, &colour_maps);
        let nothing = stand_in(device, wgpu::TextureFormat::R8Unorm);
        let overlays = Overlays::new(nothing);
        let raycast = Pane::new(device, &pipelines, &shared, size_of::<SliceUniforms>());
        let scene = Self {
            device: device.clone(),
            queue: queue.clone(),
            target,
            pipelines,
            volume: None,
            labels: None,
            kept_labels: None,
            texels: None,
            room: Room { side: device.limits().max_texture_dimension_3d, bytes },
            uploaded: 0,
            scans: 0,
            overlays,
            styles: Vec::new(),
            colours,
            colour_maps,
            shared,
            slices: Vec::new(),
            raycast,
            view_3d: Scene3d::new(device, queue, target),
            content: 0,
        };
        scene.write_colours();
        scene
    }

    /// Shows another scan (the frame of it that is looked at), without labels; uploads nothing yet. Where the
    /// device has no room for it, its 3D texture is coarser ([`Scene::coarse`]). On an error (no memory even so)
    /// the scene shows nothing.
    // The scene keeps it: callers hand a share over, as with overlays.
    #[allow(clippy::needless_pass_by_value)]
    pub fn set_volume(&mut self, volume: Arc<Volume>) -> Result<(), RenderError> {
        // The old textures go first: there may not be room for both.
        self.clear_scan();
        let texture = coarse::that_fits(&self.device, &volume, self.room)?;
        self.view_3d.set_volume(Some(texture.grid().dims()))?;
        self.scans += 1;
        let filterable = texture.filterable(self.device.features());
        if filterable != self.pipelines.filterable {
            self.pipelines = Pipelines::new(&self.device, self.target, filterable);
            self.overlays.forget_bindings();
            self.view_3d.forget_pipelines();
        }
        self.volume = Some(texture);
        self.rebind();
        Ok(())
    }

    /// Shows another frame of the scan that is shown: a volume on the same grid, of the same data type and scale.
    /// Slices show the new one at once, from memory, while it is uploaded; the labels that are shown stay, and
    /// are named again for those slices. `false` if it is another scan: that needs [`Scene::set_volume`].
    pub fn set_frame(&mut self, volume: &Arc<Volume>, labels: &LabelMap) -> bool {
        let Some(texture) = &mut self.volume else { return false };
        // Where it is empty is another frame's, too.
        let known = texture.exchange(volume)
            && self.view_3d.set_volume(Some(texture.grid().dims())).is_ok();
        if known {
            self.scans += 1;
            self.texels = None;
            self.kept_labels = self.labels.is_some().then(|| labels.clone());
            self.rebind();
        }
        known
    }

    /// Puts an image to be laid over the scan into slot 0, 1 or 2, or takes it out; [`Scene::upload`] uploads
    /// it after the scan. On an error (too large for the GPU, or no memory there) the slot is empty. What is
    /// drawn of it is up to `SliceParams::overlays`.
    pub fn set_overlay(
        &mut self,
        slot: usize,
        volume: Option<Arc<Volume>>,
    ) -> Result<(), RenderError> {
        self.overlays.set(&self.device, slot, volume, self.room)
    }

    /// The image in an overlay slot.
    pub fn overlay(&self, slot: usize) -> Option<&Arc<Volume>> {
        self.overlays.volume(slot)
    }

    /// Shows nothing, and gives the textures back.
    pub fn clear(&mut self) {
        self.overlays.clear();
        self.clear_scan();
    }

    fn clear_scan(&mut self) {
        self.volume = None;
        self.labels = None;
        (self.kept_labels, self.texels) = (None, None);
        self.slices.iter_mut().for_each(|pane| pane.plane = None);
        // Without a scan there is nothing that could fail.
        let _ = self.view_3d.set_volume(None);
        self.rebind();
    }

    /// How many voxels along x, y, z each texel of the 3D view stands for, where there is no room for all of
    /// them. Slices are exact all the same.
    pub fn coarse(&self) -> Option<[usize; 3]> {
        self.volume.as_ref().map(VolumeTexture::factors).filter(|&f| f != coarse::NONE)
    }

    /// Bytes of voxels and labels that were handed to the device since the scene was made.
    pub fn uploaded_bytes(&self) -> u64 {
        self.uploaded
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
    /// there and empty space is known. Until then slices are drawn from the CPU's copy, and the 3D view waits.
    ///
    /// Voxels of 32 and 64 bits are first read once, in larger steps, to find their range.
    pub fn upload(&mut self, budget: usize) -> bool {
        // Second images come after the scan.
        self.upload_scan(budget) && self.overlays.upload(&self.queue, budget)
    }

    fn upload_scan(&mut self, budget: usize) -> bool {
        let Some(volume) = &mut self.volume else { return true };
        if !volume.settled() {
            let known = volume.encoding().is_some();
            self.uploaded += volume.advance(&self.queue, budget);
            self.scans += u64::from(volume.encoding().is_some() != known);
            if volume.settled() {
                self.content += 1;
                if volume.factors() == coarse::NONE {
                    self.kept_labels = None;
                    self.slices.iter_mut().for_each(|pane| pane.plane = None);
                }
            }
            return false;
        }
        if self.view_3d.knows_empty() {
            return true;
        }
        let Some(encoding) = volume.encoding().copied() else { return true };
        let texels = if volume.factors() == coarse::NONE {
            volume.volume()
        } else {
            self.texels = self.texels.take().or_else(|| volume.take_texels());
            let Some(texels) = &self.texels else { return true };
            texels
        };
        let known = self.view_3d.advance(texels, &encoding, budget);
        if known {
            self.texels = None;
        }
        known
    }

    /// Whether slices are made from the CPU's copy.
    fn slices_from_memory(&self) -> bool {
        self.volume.as_ref().is_some_and(|v| !v.settled() || v.factors() != coarse::NONE)
    }

    /// Brings the label texture up to date: `None` uploads everything, a box only that box. A label map of
    /// other dimensions than the scan's is not drawn.
    pub fn set_labels(
        &mut self,
        labels: &LabelMap,
        changed: Option<VoxelBox>,
    ) -> Result<(), RenderError> {
        let Some(volume) = &self.volume else { return Ok(()) };
        let (dims, factors) = (volume.volume().grid().dims(), volume.factors());
        if labels.dims() != dims {
            (self.labels, self.kept_labels) = (None, None);
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
        if self.slices_from_memory() {
            self.kept_labels = Some(labels.clone());
            for plane in self.slices.iter_mut().filter_map(|pane| pane.plane.as_mut()) {
                plane.labels_changed(changed);
            }
        }
        if let Some(texture) = &mut self.labels {
            let fits = match changed {
                Some(b) => texture.write(&self.queue, labels, b),
                None => texture.write_all(&self.queue, labels),
            };
            self.uploaded += texture.take_bytes();
            if fits {
                return Ok(());
            }
        }
        // The first labels, or the first one above 255: everything has to go up.
        self.labels = None;
        self.rebind();
        let largest = labels.max();
        if largest == 0 && coarse::is_large(dims, factors) {
            // Not before there is something to show.
            return Ok(());
        }
        let mut texture = match LabelTexture::new(&self.device, dims, factors, largest > 255) {
            Ok(texture) => texture,
            Err(why) => return self.in_less_room(labels, why),
        };
        texture.write_all(&self.queue, labels);
        self.uploaded += texture.take_bytes();
        self.labels = Some(texture);
        self.rebind();
        Ok(())
    }

    /// The labels have no room beside the scan: both once more, coarser.
    fn in_less_room(&mut self, labels: &LabelMap, why: RenderError) -> Result<(), RenderError> {
        let Some(volume) = self.volume.as_ref().map(|v| Arc::clone(v.volume())) else {
            return Ok(());
        };
        self.room = coarse::less(&self.device, &volume, self.room).ok_or(why)?;
        self.set_volume(volume)?;
        self.set_labels(labels, None)
    }

    /// Colours and visibility of the labels; a label that is not listed has a colour of its own.
    pub fn set_styles(&mut self, styles: &[LabelStyle]) {
        if self.styles != styles {
            self.styles = styles.to_vec();
            self.write_colours();
            self.content += 1;
        }
    }

    /// Sets what slice pane `pane` shows: any number below [`SLICE_PANES`]; the lowest free ones are the
    /// cheapest.
    pub fn prepare_slice(&mut self, pane: usize, params: &SliceParams) {
        if pane >= SLICE_PANES {
            return;
        }
        while self.slices.len() <= pane {
            let size = size_of::<SliceUniforms>();
            self.slices.push(Pane::new(&self.device, &self.pipelines, &self.shared, size));
        }
        let of_plane = self.slices_from_memory();
        let scan = if of_plane {
            self.lay_plane(pane, params)
        } else {
            self.volume.as_ref().map(|volume| self.scan_uniforms(volume, params.window))
        };
        let (Some(scan), Some(volume)) = (scan, &self.volume) else { return };
        let drawn = self.overlays.drawn(&params.overlays);
        let overlays = self.overlays.uniforms(&drawn, volume.volume().grid());
        let uniforms = SliceUniforms::new(params, scan, &overlays);
        let has_labels = if of_plane { self.kept_labels.is_some() } else { self.labels.is_some() };
        let kind = SliceKind { of_plane, ..SliceKind::of(params, has_labels, &drawn) };
        self.pipelines.prepare_slice(&self.device, kind);
        let pane = &mut self.slices[pane];
        (pane.kind, pane.overlays) = (kind, overlays::order(&drawn));
        if kind.has_overlays() {
            self.overlays.prepare(&self.device, &self.pipelines.overlay_layout, pane.overlays);
        }
        self.queue.write_buffer(&pane.uniforms, 0, bytemuck::bytes_of(&uniforms));
    }

    /// Brings a pane's own textures up to date; how they are to be read.
    fn lay_plane(&mut self, pane: usize, params: &SliceParams) -> Option<ScanUniforms> {
        let volume = self.volume.as_ref()?;
        let pane = self.slices.get_mut(pane)?;
        let plane = match pane.plane.take() {
            Some(plane) if plane.fits(params.size) => plane,
            _ => match Plane::new(&self.device, &self.pipelines.plane_layout, params.size) {
                Ok(plane) => plane,
                Err(why) => {
                    tracing::warn!("a slice can't be shown: {why}");
                    return None;
                }
            },
        };
        let plane = pane.plane.insert(plane);
        let source = Source {
            volume: volume.volume(),
            encoding: volume.encoding(),
            scan: self.scans,
            labels: self.kept_labels.as_ref(),
        };
        self.uploaded += plane.update(&self.queue, &source, params);
        let (scale, dims) = (volume.volume().scale(), volume.volume().grid().dims());
        let grey = plane.encoding().map(|encoding| encoding.grey(scale, params.window));
        Some(ScanUniforms::new(dims, grey, dims[2], self.kept_labels.is_some()))
    }

    /// Draws slice pane `pane` over the pass's whole viewport (set by the caller).
    pub fn paint_slice(&self, pass: &mut wgpu::RenderPass<'_>, pane: usize) {
        let (Some(pane), Some(_)) = (self.slices.get(pane), &self.volume) else { return };
        let Some(pipeline) = self.pipelines.slice(pane.kind) else { return };
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &pane.bind_group, &[]);
        if pane.kind.of_plane {
            let Some(plane) = &pane.plane else { return };
            pass.set_bind_group(1, &plane.bind_group, &[]);
        }
        if pane.kind.has_overlays() {
            // An image that was taken out since is gone.
            let Some(overlays) = self.overlays.bind_group(&pane.overlays) else { return };
            pass.set_bind_group(2, overlays, &[]);
        }
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
            grid: volume.volume().grid(),
            texels: volume.grid(),
            complete: volume.complete(),
            scan: self.scan_uniforms(volume, march::scale(params)),
            labels: self.labels.as_ref(),
            pipelines: &self.pipelines,
            bind_group: &self.raycast.bind_group,
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
            volume.grid().dims(),
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
        self.shared = Shared::new(
            &self.device,
            &self.pipelines,
            self.volume.as_ref(),
            self.labels.as_ref(),
            &self.colours,
            &self.colour_maps,
        );
        for pane in self.slices.iter_mut().chain([&mut self.raycast]) {
            pane.bind(&self.device, &self.pipelines, &self.shared);
        }
    }
}

fn table_extent() -> wgpu::Extent3d {
    wgpu::Extent3d { width: TABLE_SIDE, height: TABLE_SIDE, depth_or_array_layers: 1 }
}

/// A row for each colour map.
fn colour_maps(device: &wgpu::Device, queue: &wgpu::Queue) -> wgpu::TextureView {
    let rows = ColourMap::ALL.map(ColourMap::lut);
    let size = wgpu::Extent3d { width: 256, height: rows.len() as u32, depth_or_array_layers: 1 };
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("colour maps"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(256 * 4),
        rows_per_image: Some(size.height),
    };
    queue.write_texture(texture.as_image_copy(), rows.as_flattened().as_flattened(), layout, size);
    texture.create_view(&wgpu::TextureViewDescriptor::default())
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

/// What all panes bind: the scan, its labels and their colours.
struct Shared {
    scan: wgpu::TextureView,
    sampler: wgpu::Sampler,
    labels: wgpu::TextureView,
    colours: wgpu::TextureView,
    colour_maps: wgpu::TextureView,
}

impl Shared {
    fn new(
        device: &wgpu::Device,
        pipelines: &Pipelines,
        volume: Option<&VolumeTexture>,
        labels: Option<&LabelTexture>,
        colours: &wgpu::Texture,
        colour_maps: &wgpu::TextureView,
    ) -> Self {
        let filter =
            if pipelines.filterable { wgpu::FilterMode::Linear } else { wgpu::FilterMode::Nearest };
        Self {
            scan: volume.map_or_else(
                || stand_in(device, wgpu::TextureFormat::R8Unorm),
                VolumeTexture::view,
            ),
            sampler: device.create_sampler(&wgpu::SamplerDescriptor {
                label: Some("scan"),
                mag_filter: filter,
                min_filter: filter,
                ..Default::default()
            }),
            labels: labels
                .map_or_else(|| stand_in(device, wgpu::TextureFormat::R8Uint), LabelTexture::view),
            colours: colours.create_view(&wgpu::TextureViewDescriptor::default()),
            colour_maps: colour_maps.clone(),
        }
    }
}

/// What one pane has to itself.
struct Pane {
    uniforms: wgpu::Buffer,
    bind_group: wgpu::BindGroup,
    /// Of a slice: what it is drawn with, and which images lie over it.
    kind: SliceKind,
    overlays: overlays::Order,
    /// Its pixels, where they come from the CPU's copy.
    plane: Option<Plane>,
}

impl Pane {
    fn new(device: &wgpu::Device, pipelines: &Pipelines, shared: &Shared, size: usize) -> Self {
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("pane"),
            size: size as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let bind_group = bind_group(device, pipelines, shared, &uniforms);
        let (kind, overlays) = (SliceKind::PLAIN, overlays::Order::default());
        Self { uniforms, bind_group, kind, overlays, plane: None }
    }

    fn bind(&mut self, device: &wgpu::Device, pipelines: &Pipelines, shared: &Shared) {
        self.bind_group = bind_group(device, pipelines, shared, &self.uniforms);
    }
}

fn bind_group(
    device: &wgpu::Device,
    pipelines: &Pipelines,
    shared: &Shared,
    uniforms: &wgpu::Buffer,
) -> wgpu::BindGroup {
    let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("scan"),
        layout: &pipelines.scan_layout,
        entries: &[
            entry(0, uniforms.as_entire_binding()),
            entry(1, wgpu::BindingResource::TextureView(&shared.scan)),
            entry(2, wgpu::BindingResource::Sampler(&shared.sampler)),
            entry(3, wgpu::BindingResource::TextureView(&shared.labels)),
            entry(4, wgpu::BindingResource::TextureView(&shared.colours)),
            entry(5, wgpu::BindingResource::TextureView(&shared.colour_maps)),
        ],
    })
}
