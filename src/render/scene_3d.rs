use std::time::{Duration, Instant};

use super::blocks::{LabelBlocks, ScanBlocks};
use super::encoding::Encoding;
use super::label_texture::LabelTexture;
use super::lut::Lut;
use super::march::{self, FAST_STEPS, March, SLOW_STEPS};
use super::pipelines::Pipelines;
use super::pipelines_3d::Pipelines3d;
use super::ray_image::{RayImage, Rows, picture_size};
use super::uniforms::{RaycastUniforms, ScanUniforms};
use super::{Mode3d, RaycastParams, RenderError};
use crate::geom::Grid;
use crate::volume::Volume;

/// The 3D view of a [`super::Scene`].
pub(super) struct Scene3d {
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipelines: Pipelines3d,
    uniforms: wgpu::Buffer,
    lut: Lut,
    blocks: Option<ScanBlocks>,
    bind_group: wgpu::BindGroup,
    /// The picture that is shown, and what it is of.
    shown: Option<(RayImage, PictureKey)>,
    /// A full picture that is being drawn over several frames, and its rows that are there.
    coming: Option<(RayImage, PictureKey, u32)>,
    pace: Pace,
    draft_pace: Pace,
    /// Whether the adapter computes with the CPU.
    slow: bool,
    /// Whether full pictures may take several frames.
    progressive: bool,
    /// Whether rays jump over empty space.
    skip: bool,
}

/// What a picture shows: the same key, the same picture.
#[derive(Clone, Debug, PartialEq)]
struct PictureKey {
    params: RaycastParams,
    content: u64,
}

/// What the 3D view needs of the rest of the scene.
pub(super) struct SceneParts<'a> {
    /// Where the scan is.
    pub grid: &'a Grid,
    /// Where its texels are: the same, unless they are coarser.
    pub texels: &'a Grid,
    /// Whether all of the scan is there.
    pub complete: bool,
    pub scan: ScanUniforms,
    pub labels: Option<&'a LabelTexture>,
    pub pipelines: &'a Pipelines,
    /// Of `pipelines.scan_layout`.
    pub bind_group: &'a wgpu::BindGroup,
    /// Counts changes of voxels, labels and styles.
    pub content: u64,
}

impl Scene3d {
    pub(super) fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        target: wgpu::TextureFormat,
    ) -> Self {
        let pipelines = Pipelines3d::new(device, target);
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("3D"),
            // Room for two, of which the second is never looked at (`raycast_uniforms_cpu.wgsl`).
            size: 2 * size_of::<RaycastUniforms>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let lut = Lut::new(device);
        let bind_group = bind_group(device, &pipelines, &uniforms, &lut, None, None);
        let slow = device.adapter_info().device_type == wgpu::DeviceType::Cpu;
        Self {
            device: device.clone(),
            queue: queue.clone(),
            pipelines,
            uniforms,
            lut,
            blocks: None,
            bind_group,
            shown: None,
            coming: None,
            pace: Pace::full(slow),
            draft_pace: Pace::draft(slow),
            slow,
            progressive: false,
            skip: true,
        }
    }

    pub(super) fn set_progressive(&mut self, on: bool) {
        self.progressive = on;
    }

    pub(super) fn set_skip(&mut self, on: bool) {
        self.skip = on;
        self.shown = None;
    }

    /// Another scan of so many texels, or none.
    pub(super) fn set_volume(&mut self, dims: Option<[usize; 3]>) -> Result<(), RenderError> {
        self.lut.forget();
        self.blocks = None;
        if let Some(dims) = dims {
            self.blocks = Some(ScanBlocks::new(&self.device, dims)?);
        }
        Ok(())
    }

    /// The scan's textures are of another kind.
    pub(super) fn forget_pipelines(&mut self) {
        self.pipelines.forget();
    }

    /// Whether it is known where the scan is empty.
    pub(super) fn knows_empty(&self) -> bool {
        self.blocks.as_ref().is_none_or(ScanBlocks::complete)
    }

    /// Looks for empty space in about `budget` bytes of voxels. `true` when all is known.
    pub(super) fn advance(&mut self, volume: &Volume, encoding: &Encoding, budget: usize) -> bool {
        let Some(blocks) = &mut self.blocks else { return true };
        blocks.complete() || blocks.advance(&self.queue, volume, encoding, budget)
    }

    /// Needed whenever a texture is another one.
    pub(super) fn rebind(&mut self, labels: Option<&LabelBlocks>) {
        (self.shown, self.coming) = (None, None);
        let Self { device, pipelines, uniforms, lut, blocks, .. } = self;
        self.bind_group = bind_group(device, pipelines, uniforms, lut, blocks.as_ref(), labels);
    }

    /// Draws what is missing of the picture; `true` while there is more to come.
    pub(super) fn prepare(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        parts: &SceneParts,
        params: &RaycastParams,
    ) -> bool {
        let key = PictureKey { params: params.clone(), content: parts.content };
        if self.shown.as_ref().is_some_and(|(_, shown)| *shown == key) {
            self.coming = None;
            return false;
        }
        if params.draft && self.progressive {
            self.draft_pace.next(Instant::now());
        }
        let [width, height] = self.size(params);
        let whole = Rows { first: 0, count: height };
        let affordable = u64::from(width) * u64::from(height) <= self.pace.pixels as u64;
        if params.draft || !self.progressive || affordable {
            let picture = self.picture(params);
            self.draw(encoder, parts, params, &picture, whole);
            self.shown = Some((picture, key));
            self.coming = None;
            return false;
        }
        if self.coming.as_ref().is_none_or(|(_, coming, _)| *coming != key) {
            let picture = RayImage::new(&self.device, &self.pipelines, [width, height]);
            self.pace.last = None;
            self.coming = Some((picture, key.clone(), 0));
            // Something of what is wanted to look at meanwhile.
            let draft =
                PictureKey { params: RaycastParams { draft: true, ..params.clone() }, ..key };
            if self.shown.as_ref().is_none_or(|(_, shown)| *shown != draft) {
                let picture = self.picture(&draft.params);
                let rows = Rows { first: 0, count: picture.size()[1] };
                self.draw(encoder, parts, &draft.params, &picture, rows);
                self.shown = Some((picture, draft));
                return true;
            }
        }
        let Some((picture, key, done)) = self.coming.take() else { return false };
        let rows = (self.pace.next(Instant::now()) / f64::from(width)).ceil().max(1.0) as u32;
        let rows = Rows { first: done, count: rows.min(height - done) };
        self.draw(encoder, parts, params, &picture, rows);
        let done = done + rows.count;
        if done < height {
            self.coming = Some((picture, key, done));
            return true;
        }
        self.shown = Some((picture, key));
        false
    }

    /// `false`, and nothing is painted, while there is no picture.
    pub(super) fn paint(&self, pass: &mut wgpu::RenderPass<'_>) -> bool {
        let Some((picture, _)) = &self.shown else { return false };
        pass.set_pipeline(&self.pipelines.composite);
        pass.set_bind_group(0, picture.bind_group(), &[]);
        pass.draw(0..3, 0..1);
        true
    }

    fn size(&self, params: &RaycastParams) -> [u32; 2] {
        let most = self.device.limits().max_texture_dimension_2d;
        picture_size(params, self.draft_pace.pixels, most)
    }

    /// The picture that is shown, to be drawn over, if it has the right size.
    fn picture(&mut self, params: &RaycastParams) -> RayImage {
        let size = self.size(params);
        match self.shown.take() {
            Some((picture, _)) if picture.size() == size => picture,
            _ => RayImage::new(&self.device, &self.pipelines, size),
        }
    }

    fn draw(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        parts: &SceneParts,
        params: &RaycastParams,
        picture: &RayImage,
        rows: Rows,
    ) {
        let SceneParts { grid, texels, .. } = *parts;
        self.lut.write(&self.queue, params, grid);
        let most = if self.slow { SLOW_STEPS } else { FAST_STEPS };
        let march = March::new(params, grid, most);
        let labelled = parts.labels.and_then(LabelTexture::bounds);
        let skip = self.skip && self.blocks.as_ref().is_some_and(ScanBlocks::complete);
        let uniforms =
            RaycastUniforms::new(params, [grid, texels], parts.scan, labelled, &march, skip);
        self.queue.write_buffer(&self.uniforms, 0, bytemuck::bytes_of(&uniforms));
        // A scan of which a part is missing is not shown at all.
        let mode = if parts.complete { march::mode(params) } else { Mode3d::Surface };
        let masks = labelled.is_some();
        let Self { device, pipelines, .. } = self;
        let pipeline = pipelines.raycast(device, parts.pipelines, mode, masks);
        picture.draw(encoder, pipeline, [parts.bind_group, &self.bind_group], rows);
    }
}

/// How many pixels a frame can take.
struct Pace {
    pixels: f64,
    least: f64,
    most: f64,
    /// Frames that take longer than this are felt.
    long: Duration,
    last: Option<Instant>,
}

/// After a pause this long no frame was waiting for us.
const PAUSE: Duration = Duration::from_millis(1500);

impl Pace {
    /// Of full pictures: a part of them on adapters that compute with the CPU, whole ones on most others.
    fn full(slow: bool) -> Self {
        let (pixels, least) = if slow { (60_000.0, 30_000.0) } else { (1_500_000.0, 60_000.0) };
        // Where the rest of a window takes tens of milliseconds, too, short frames do little else.
        let long = Duration::from_millis(if slow { 150 } else { 60 });
        Self { pixels, least, most: 8e6, long, last: None }
    }

    /// Of drafts, which follow the hand.
    fn draft(slow: bool) -> Self {
        let most = if slow { 40_000.0 } else { 8e6 };
        let long = Duration::from_millis(90);
        Self { pixels: most, least: 10_000.0, most, long, last: None }
    }

    /// Pixels for the frame that begins now: fewer if the last one was late.
    fn next(&mut self, now: Instant) -> f64 {
        let took = self.last.map(|last| now - last).filter(|&took| took < PAUSE);
        match took {
            Some(took) if took > self.long => {
                self.pixels *= (self.long.as_secs_f64() / took.as_secs_f64()).max(0.4);
            }
            Some(took) if took < self.long / 2 => self.pixels *= 1.5,
            _ => {}
        }
        self.pixels = self.pixels.clamp(self.least, self.most);
        self.last = Some(now);
        self.pixels
    }
}

fn bind_group(
    device: &wgpu::Device,
    pipelines: &Pipelines3d,
    uniforms: &wgpu::Buffer,
    lut: &Lut,
    scan: Option<&ScanBlocks>,
    labels: Option<&LabelBlocks>,
) -> wgpu::BindGroup {
    let stand_in = |format| super::bindings::stand_in(device, format);
    let scan = scan.map_or_else(|| stand_in(wgpu::TextureFormat::Rg32Float), ScanBlocks::view);
    let labels = labels.map_or_else(|| stand_in(wgpu::TextureFormat::R8Uint), LabelBlocks::view);
    let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("3D"),
        layout: &pipelines.layout,
        entries: &[
            entry(0, uniforms.as_entire_binding()),
            entry(1, wgpu::BindingResource::TextureView(&lut.view())),
            entry(2, wgpu::BindingResource::TextureView(&scan)),
            entry(3, wgpu::BindingResource::TextureView(&labels)),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_frame_makes_the_next_one_smaller() {
        let mut pace = Pace::full(true);
        let now = Instant::now();
        let first = pace.next(now);
        let second = pace.next(now + Duration::from_millis(300));
        assert!((second - first / 2.0).abs() < 1.0, "{second}");
        let third = pace.next(now + Duration::from_millis(310));
        assert!(third > second);
        assert_eq!(pace.next(now + Duration::from_mins(1)), third, "a pause says nothing");
        for n in 0..200 {
            pace.next(now + Duration::from_mins(1) + Duration::from_millis(n * 200));
        }
        assert_eq!(pace.pixels, 30_000.0);
    }
}
