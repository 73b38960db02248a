use std::sync::mpsc;

use super::ray_image::clear_attachment;
use super::{Faults, RaycastParams, RenderError, Scene, SliceParams};
use crate::work::{memory, threads_available};

/// What a device and small pictures take, in the program's own memory: with Mesa's software renderer, which is the
/// largest, 140 MB and (its compiler, its threads' stacks) 800 MB of address space. With less, drivers don't fail but
/// end the program.
const DEVICE_USED: u64 = 160 << 20;
const DEVICE_MAPPED: u64 = 800 << 20;

/// What the renderer asks of a GPU: 3D textures as large as it has, and filterable formats where it has them.
pub fn device_descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    let useful = wgpu::Features::FLOAT32_FILTERABLE | wgpu::Features::TEXTURE_FORMAT_16BIT_NORM;
    wgpu::DeviceDescriptor {
        label: Some("voxpoint"),
        required_features: adapter.features() & useful,
        required_limits: adapter.limits(),
        ..Default::default()
    }
}

/// A driver that draws with the processor starts a thread for each core and two of its own, and waits for ever, or
/// fails without a reason, where the system gives it fewer.
fn check_threads() -> Result<(), RenderError> {
    let needed = std::thread::available_parallelism().map_or(1, usize::from) + 2;
    match threads_available(needed) {
        given if given < needed => Err(RenderError::Threads { given, needed }),
        _ => Ok(()),
    }
}

/// The best adapter of these backends, or of those named in `WGPU_BACKEND`.
fn find_adapter(backends: wgpu::Backends) -> Result<wgpu::Adapter, wgpu::RequestAdapterError> {
    let mut description = wgpu::InstanceDescriptor::new_without_display_handle();
    description.backends = backends;
    let instance = wgpu::Instance::new(description.with_env());
    pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    }))
}

/// A device without a window, for pictures into memory.
pub struct Offscreen {
    device: wgpu::Device,
    queue: wgpu::Queue,
    faults: Faults,
}

impl Offscreen {
    /// The colour format of [`Offscreen`]'s pictures: gamma-encoded RGBA.
    pub const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

    /// The best adapter there is: a GPU before a software renderer.
    pub fn new() -> Result<Self, RenderError> {
        Self::with_features(wgpu::Features::all())
    }

    /// As [`Offscreen::new`], asking for no other optional features than these.
    pub fn with_features(allowed: wgpu::Features) -> Result<Self, RenderError> {
        check_threads()?;
        memory::check_library(DEVICE_USED, DEVICE_MAPPED)?;
        // GL comes second: only looking for it makes some drivers write to stderr.
        let adapter = find_adapter(wgpu::Backends::PRIMARY)
            .or_else(|_| find_adapter(wgpu::Backends::all()))
            .map_err(|error| RenderError::NoAdapter(error.to_string()))?;
        let mut descriptor = device_descriptor(&adapter);
        descriptor.required_features &= allowed;
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| {
                RenderError::NoDevice {
                    adapter: adapter.get_info().name,
                    reason: error.to_string(),
                }
            })?;
        let faults = Faults::of(&device);
        Ok(Self { device, queue, faults })
    }

    /// The device, for a [`Scene`] or anything else that draws into the same textures.
    pub fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// Its queue.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }

    /// What went wrong on the device since it was asked last.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// A scene for this device and [`Offscreen::FORMAT`].
    pub fn scene(&self) -> Scene {
        Scene::new(&self.device, &self.queue, Self::FORMAT)
    }

    /// A colour target of so many pixels in [`Offscreen::FORMAT`] that can be read back.
    pub fn target(&self, size: [u32; 2]) -> wgpu::Texture {
        self.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("offscreen"),
            size: extent(size.map(|n| n.max(1))),
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: Self::FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT
                | wgpu::TextureUsages::COPY_SRC
                | wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        })
    }

    /// A slice as rows of RGBA, top row first. Everything must be uploaded ([`Scene::upload`]).
    pub fn slice(&self, scene: &mut Scene, params: &SliceParams) -> Result<Vec<u8>, RenderError> {
        scene.prepare_slice(0, params);
        let encoder = self.encoder();
        self.paint(encoder, params.size, |pass| scene.paint_slice(pass, 0))
    }

    /// The 3D view as rows of RGBA, top row first. Everything must be uploaded ([`Scene::upload`]).
    pub fn volume_3d(
        &self,
        scene: &mut Scene,
        params: &RaycastParams,
    ) -> Result<Vec<u8>, RenderError> {
        let mut encoder = self.encoder();
        while scene.prepare_3d(&mut encoder, params) {
            self.queue.submit([encoder.finish()]);
            encoder = self.encoder();
        }
        self.paint(encoder, params.size, |pass| scene.paint_3d(pass))
    }

    /// Prepares the 3D view, whole, without drawing it over anything.
    pub fn prepare_3d(&self, scene: &mut Scene, params: &RaycastParams) {
        let mut more = true;
        while more {
            let mut encoder = self.encoder();
            more = scene.prepare_3d(&mut encoder, params);
            self.queue.submit([encoder.finish()]);
        }
    }

    /// Draws into a target and waits until the device has done so: what a frame takes.
    pub fn frame(
        &self,
        target: &wgpu::Texture,
        draw: impl FnOnce(&mut wgpu::RenderPass<'static>),
    ) -> Result<(), RenderError> {
        let mut encoder = self.encoder();
        let view = target.create_view(&wgpu::TextureViewDescriptor::default());
        let pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("frame"),
            color_attachments: &[Some(clear_attachment(&view))],
            depth_stencil_attachment: None,
            timestamp_writes: None,
            occlusion_query_set: None,
            multiview_mask: None,
        });
        let mut pass = pass.forget_lifetime();
        draw(&mut pass);
        drop(pass);
        self.queue.submit([encoder.finish()]);
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .map_err(|error| RenderError::ReadBack(error.to_string()))?;
        self.faults.check()
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    fn paint(
        &self,
        mut encoder: wgpu::CommandEncoder,
        size: [u32; 2],
        draw: impl FnOnce(&mut wgpu::RenderPass<'_>),
    ) -> Result<Vec<u8>, RenderError> {
        let target = self.target(size);
        let view = target.create_view(&wgpu::TextureViewDescriptor::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("offscreen"),
            color_attachments: &[Some(clear_attachment(&view))],
            depth_stencil_attachment: None,
            timestamp_writes: None,
            occlusion_query_set: None,
            multiview_mask: None,
        });
        draw(&mut pass);
        drop(pass);
        self.queue.submit([encoder.finish()]);
        self.read_texture(&target)
    }

    /// The pixels of a texture of four bytes a pixel, tightly packed, top row first.
    pub fn read_texture(&self, texture: &wgpu::Texture) -> Result<Vec<u8>, RenderError> {
        let [width, height] = [texture.width(), texture.height()];
        let row = width as usize * 4;
        let padded = row.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT as usize);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read back"),
            size: (padded * height as usize) as u64,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = self.encoder();
        encoder.copy_texture_to_buffer(
            texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(padded as u32),
                    rows_per_image: Some(height),
                },
            },
            extent([width, height]),
        );
        self.queue.submit([encoder.finish()]);
        // A buffer for which there was no memory can't be mapped: the reason is not that.
        self.faults.check()?;

        let failed = |error: &dyn std::fmt::Display| RenderError::ReadBack(error.to_string());
        let (send, receive) = mpsc::channel();
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // Nobody waits any more if this fails.
            let _ = send.send(result);
        });
        self.device.poll(wgpu::PollType::wait_indefinitely()).map_err(|e| failed(&e))?;
        receive.recv().map_err(|e| failed(&e))?.map_err(|e| failed(&e))?;
        // What goes wrong while the device draws is known now.
        self.faults.check()?;
        let mapped = buffer.get_mapped_range(..).map_err(|e| failed(&e))?;
        let mut pixels = Vec::new();
        pixels.try_reserve_exact(row * height as usize).map_err(|_| RenderError::DeviceMemory)?;
        mapped.chunks_exact(padded).for_each(|line| pixels.extend_from_slice(&line[..row]));
        Ok(pixels)
    }
}

fn extent([width, height]: [u32; 2]) -> wgpu::Extent3d {
    wgpu::Extent3d { width, height, depth_or_array_layers: 1 }
}
