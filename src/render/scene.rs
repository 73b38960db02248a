mod beside;

use std::sync::Arc;

use super::bindings::{Shared, colour_maps, colour_table_texture, stand_in};
use super::coarse::{self, Room};
use super::fitting;
use super::label_texture::{LabelTexture, clip};
use super::march;
use super::overlays::{self, Overlays};
use super::pane_parts::{BLANK, LABELLED, PLAIN, regions};
use super::pane_textures::{FrameBudget, PaneTextures, PixelSource};
use super::pipelines::Pipelines;
use super::scene_3d::{Scene3d, SceneParts};
use super::styles::{TABLE_SIDE, colour_table};
use super::uniforms::{LabelKind, ScanUniforms, SliceKind, SliceUniforms, TexelSource};
use super::volume_texture::VolumeTexture;
use super::{LabelStyle, RaycastParams, RenderError, SliceParams};
use crate::volume::{LabelMap, Volume, VoxelBox};
use crate::work::Wake;

/// Slice panes that can be shown at once: more than the largest sheet of slices has.
pub const SLICE_PANES: usize = 256;

/// Slices that threads make at a time: each takes all cores, and the window needs some.
const SLICES_MADE: usize = 2;

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
    /// Counts scans, time points and their encodings.
    scans: u64,
    overlays: Overlays,
    styles: Vec<LabelStyle>,
    colours: wgpu::Texture,
    colour_maps: wgpu::TextureView,
    /// What every pane binds besides its uniforms.
    shared: Shared,
    /// One for each slice pane, made when it is first asked for: all are written before any is drawn from.
    slices: Vec<PaneState>,
    /// What the 3D view binds of the scan; its uniforms are its own.
    raycast: PaneState,
    view_3d: Scene3d,
    /// There is no 3D view.
    slices_only: bool,
    /// Its textures are those of another scene.
    is_shared: bool,
    /// Pictures may be coarse at first.
    progressive: bool,
    /// Called from other threads when a slice has become whole.
    wake: Wake,
    /// Panes that were made from memory in this frame, and how many were in the one before.
    round: Vec<usize>,
    slices_before: usize,
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
        let colours = colour_table_texture(device, "label colours", table_extent());
        let colour_maps = colour_maps(device, queue);
        let shared = Shared::new(device, &pipelines, None, None, &colours, &colour_maps);
        let nothing = stand_in(device, wgpu::TextureFormat::R8Unorm);
        let overlays = Overlays::new(nothing);
        let raycast = PaneState::new(device, &pipelines, &shared, size_of::<SliceUniforms>());
        let scene = Self {
            device: device.clone(),
            queue: queue.clone(),
            target,
            pipelines,
            volume: None,
            labels: None,
            kept_labels: None,
            texels: None,
            room: Room { side: device.limits().max_texture_dimension_3d, bytes, labels: true },
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
            slices_only: false,
            is_shared: false,
            progressive: false,
            wake: Arc::new(|| ()),
            round: Vec::new(),
            slices_before: 0,
            content: 0,
        };
        scene.write_colours();
        scene
    }

    /// Shows another scan (the time point of it that is looked at), without labels; uploads nothing yet. Where the
    /// device has no room for it, its 3D texture is coarser ([`Scene::coarse`]). On an error (no memory even so)
    /// the scene shows nothing.
    // The scene keeps it: callers hand a share over, as with overlays.
    #[allow(clippy::needless_pass_by_value)]
    pub fn set_volume(&mut self, volume: Arc<Volume>) -> Result<(), RenderError> {
        // The old textures go first: there may not be room for both.
        self.clear_scan();
        let texture = fitting::that_fits(&self.device, &volume, self.room)?;
        if !self.slices_only {
            self.view_3d.set_volume(Some(texture.grid().dims()))?;
        }
        self.put(texture);
        Ok(())
    }

    /// Draws this texture from now on.
    fn put(&mut self, texture: VolumeTexture) {
        self.scans += 1;
        let filterable = texture.filterable(self.device.features());
        if filterable != self.pipelines.filterable {
            self.pipelines = Pipelines::new(&self.device, self.target, filterable);
            self.overlays.forget_bindings();
            self.view_3d.forget_pipelines();
        }
        self.volume = Some(texture);
        self.rebind();
    }

    /// Shows another time point of the scan that is shown: a volume on the same grid, of the same data type and scale.
    /// Slices show the new one at once, from memory, while it is uploaded; the labels that are shown stay, and
    /// are named again for those slices. `false` if it is another scan: that needs [`Scene::set_volume`].
    pub fn set_time_point(&mut self, volume: &Arc<Volume>, labels: &LabelMap) -> bool {
        let Some(texture) = &mut self.volume else { return false };
        // Where it is empty is another time point's, too.
        let known = texture.exchange(volume)
            && (self.slices_only || self.view_3d.set_volume(Some(texture.grid().dims())).is_ok());
        if known {
            self.scans += 1;
            self.texels = None;
            self.kept_labels = self.labels.is_some().then(|| labels.clone());
            self.rebind();
        }
        known
    }

    /// Puts an image to be laid over the scan into slot 0, 1 or 2, or takes it out; [`Scene::upload`] uploads
    /// it after the scan. It has the room that scan, labels and the other images leave: where that is too little, it
    /// is coarser ([`Scene::overlay_coarse`]). On an error (too large for the GPU, or no memory there) the slot is
    /// empty. What is drawn of it is up to `SliceParams::overlays`.
    pub fn set_overlay(
        &mut self,
        slot: usize,
        volume: Option<Arc<Volume>>,
    ) -> Result<(), RenderError> {
        // Labels of large scans come with the first of them.
        let to_come = self.volume.as_ref().map_or(0, |volume| volume.grid().count() as u64);
        let taken = self.volume.as_ref().map_or(0, VolumeTexture::device_bytes)
            + self.labels.as_ref().map_or(to_come, LabelTexture::device_bytes)
            + self.overlays.bytes_beside(slot);
        let bytes = self.room.bytes.saturating_sub(taken).max(coarse::LEAST_BYTES);
        self.overlays.set(&self.device, slot, volume, Room { bytes, labels: false, ..self.room })
    }

    /// How many of its voxels along x, y, z are shown as one of the image in an overlay slot, where there is no
    /// room for all of them.
    pub fn overlay_coarse(&self, slot: usize) -> Option<[usize; 3]> {
        self.overlays.coarse(slot)
    }

    fn clear_scan(&mut self) {
        self.volume = None;
        self.is_shared = false;
        self.labels = None;
        (self.kept_labels, self.texels) = (None, None);
        self.slices.iter_mut().for_each(|pane| pane.textures = None);
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

    /// Full 3D pictures may take several frames on slow adapters ([`Scene::prepare_3d`]), and slices from the CPU's
    /// copy some time ([`Scene::prepare_slice`]); by default they are complete at once.
    pub fn set_progressive(&mut self, on: bool) {
        self.progressive = on;
        self.view_3d.set_progressive(on);
    }

    /// Calls this from another thread when a coarse slice is whole: then it is to be prepared once more.
    pub fn on_whole_slice(&mut self, wake: Wake) {
        self.wake = wake;
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
        if self.is_shared {
            // The other scene does.
            return true;
        }
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
                    self.slices.iter_mut().for_each(|pane| pane.textures = None);
                }
            }
            return false;
        }
        if self.slices_only || self.view_3d.knows_empty() {
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
            for plane in self.slices.iter_mut().filter_map(|pane| pane.textures.as_mut()) {
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
            Err(why) if self.is_shared => return Err(why),
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
        let whole = self.room;
        self.room = fitting::less(&self.device, &volume, self.room).ok_or(why)?;
        let shown = self.set_volume(volume).and_then(|()| self.set_labels(labels, None));
        // The next scan has all of it again.
        self.room = whole;
        shown
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
    /// cheapest. `true` while it is coarser than it will be ([`Scene::set_progressive`],
    /// [`Scene::on_whole_slice`]).
    pub fn prepare_slice(&mut self, pane: usize, params: &SliceParams) -> bool {
        if pane >= SLICE_PANES {
            return false;
        }
        while self.slices.len() <= pane {
            let size = size_of::<SliceUniforms>();
            self.slices.push(PaneState::new(&self.device, &self.pipelines, &self.shared, size));
        }
        // Nothing, unless all goes well.
        self.slices[pane].kind = None;
        let from_memory = self.slices_from_memory();
        let scan = if from_memory {
            self.fill_textures(pane, params)
        } else {
            self.volume.as_ref().map(|volume| self.scan_uniforms(volume, params.window))
        };
        let (Some(scan), Some(volume)) = (scan, &self.volume) else { return false };
        let drawn = self.overlays.drawn(&params.overlays);
        let overlays = self.overlays.uniforms(&drawn, volume.volume().grid());
        let dims = volume.volume().grid().dims();
        // What is not in the textures has no bounds.
        let labelled = if from_memory {
            self.kept_labels.as_ref().map(|_| VoxelBox::whole(dims))
        } else {
            self.labels.as_ref().and_then(LabelTexture::bounds)
        };
        let regions = regions(params.size, &params.voxel_from_pane, dims, labelled);
        let uniforms = SliceUniforms::new(params, scan, &overlays, regions);
        let kind = SliceKind {
            texels: match volume.encoding() {
                _ if from_memory => TexelSource::Pane,
                Some(encoding) if encoding.has_nan() => TexelSource::ScanWithNan,
                _ => TexelSource::Scan,
            },
            ..SliceKind::of(params, labelled.is_some(), &drawn)
        };
        self.pipelines.prepare_slice(&self.device, kind);
        let pane = &mut self.slices[pane];
        (pane.kind, pane.overlays) = (Some(kind), overlays::order(&drawn));
        if kind.has_overlays() {
            self.overlays.prepare(&self.device, &self.pipelines.overlay_layout, pane.overlays);
        }
        self.queue.write_buffer(&pane.uniforms, 0, bytemuck::bytes_of(&uniforms));
        from_memory && pane.textures.as_ref().is_some_and(PaneTextures::more_to_come)
    }

    /// Brings a pane's own textures up to date; how they are to be read.
    fn fill_textures(&mut self, pane: usize, params: &SliceParams) -> Option<ScanUniforms> {
        let volume = self.volume.as_ref()?;
        // A pane that comes again begins another frame.
        if self.round.contains(&pane) {
            (self.slices_before, self.round) = (self.round.len(), Vec::new());
        }
        self.round.push(pane);
        // Those that are not seen any more, too.
        let planes = self.slices.iter_mut().filter_map(|pane| pane.textures.as_mut());
        let free =
            planes.map(PaneTextures::is_being_made).filter(|busy| *busy).count() < SLICES_MADE;
        let pane = self.slices.get_mut(pane)?;
        let plane = match pane.textures.take() {
            Some(plane) if plane.fits(params.size) => plane,
            _ => match PaneTextures::new(&self.device, &self.pipelines.plane_layout, params.size) {
                Ok(plane) => plane,
                Err(why) => {
                    tracing::warn!("a slice can't be shown: {why}");
                    return None;
                }
            },
        };
        let plane = pane.textures.insert(plane);
        let source = PixelSource {
            volume: volume.volume(),
            encoding: volume.encoding(),
            scan: self.scans,
            labels: self.kept_labels.as_ref(),
        };
        let slices = self.round.len().max(self.slices_before);
        let budget = FrameBudget { slices, free, wake: &self.wake };
        let budget = self.progressive.then_some(budget);
        self.uploaded += plane.update(&self.queue, &source, params, budget);
        let (scale, dims) = (volume.volume().scale(), volume.volume().grid().dims());
        let grey = plane.encoding().map(|encoding| encoding.grey(scale, params.window));
        Some(ScanUniforms::new(dims, grey, dims[2], self.kept_labels.is_some()))
    }

    /// Draws slice pane `pane` over the pass's whole viewport (set by the caller, of exactly the size that was
    /// prepared): black where there is nothing to show.
    pub fn paint_slice(&self, pass: &mut wgpu::RenderPass<'_>, pane: usize) {
        if self.draw_slice(pass, pane).is_none() {
            self.pipelines.paint_empty(pass);
        }
    }

    fn draw_slice(&self, pass: &mut wgpu::RenderPass<'_>, pane: usize) -> Option<()> {
        self.volume.as_ref()?;
        let pane = self.slices.get(pane)?;
        let kind = pane.kind?;
        let plain = self.pipelines.slice(SliceKind { labels: LabelKind::None, ..kind })?;
        let labelled = self.pipelines.slice(kind)?;
        if kind.is_from_memory() {
            pass.set_bind_group(1, &pane.textures.as_ref()?.bind_group, &[]);
        }
        if kind.has_overlays() {
            // An image that was taken out since is gone.
            pass.set_bind_group(2, self.overlays.bind_group(&pane.overlays)?, &[]);
        }
        pass.set_bind_group(0, &pane.bind_group, &[]);
        let blank = self.pipelines.blank();
        for (pipeline, regions) in [(blank, BLANK), (plain, PLAIN), (labelled, LABELLED)] {
            pass.set_pipeline(pipeline);
            pass.draw(0..6, regions);
        }
        Some(())
    }

    /// Renders the 3D picture into a texture of its own, if anything changed since the last time. `true` while
    /// there is more to come: then another frame is wanted.
    pub fn prepare_3d(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        params: &RaycastParams,
    ) -> bool {
        let Some(volume) = &self.volume else { return false };
        let parts = SceneParts {
            grid: volume.volume().grid(),
            texels: volume.grid(),
            complete: volume.complete(),
            scan: self.scan_uniforms(volume, march::scale(params)),
            labels: self.labels.as_ref(),
            pipelines: &self.pipelines,
            bind_group: &self.raycast.bind_group,
            content: self.content,
        };
        self.view_3d.prepare(encoder, &parts, params)
    }

    /// Draws the 3D picture over the pass's whole viewport (set by the caller): black while there is none.
    pub fn paint_3d(&self, pass: &mut wgpu::RenderPass<'_>) {
        if self.volume.is_none() || !self.view_3d.paint(pass) {
            self.pipelines.paint_empty(pass);
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

/// What one pane has to itself.
struct PaneState {
    uniforms: wgpu::Buffer,
    bind_group: wgpu::BindGroup,
    /// Of a slice: what it is drawn with, if there is anything to draw, and which images lie over it.
    kind: Option<SliceKind>,
    overlays: overlays::OverlaySlots,
    /// Its pixels, where they come from the CPU's copy.
    textures: Option<PaneTextures>,
}

impl PaneState {
    fn new(device: &wgpu::Device, pipelines: &Pipelines, shared: &Shared, size: usize) -> Self {
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("pane"),
            size: size as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let bind_group = shared.bind_group(device, &pipelines.scan_layout, &uniforms);
        let (kind, overlays) = (None, overlays::OverlaySlots::default());
        Self { uniforms, bind_group, kind, overlays, textures: None }
    }

    fn bind(&mut self, device: &wgpu::Device, pipelines: &Pipelines, shared: &Shared) {
        self.bind_group = shared.bind_group(device, &pipelines.scan_layout, &self.uniforms);
    }
}
