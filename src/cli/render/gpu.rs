//! A graphics device without a window, and pictures read back from it.

use anyhow::{Context as _, anyhow};
use image::RgbaImage;

use crate::render::device_descriptor;

/// Of every picture: gamma-encoded as egui wants its targets.
pub const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// A device and its queue.
#[derive(Debug)]
pub struct Gpu {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
}

impl Gpu {
    /// Opens the graphics device; a software one will do.
    pub fn new() -> anyhow::Result<Self> {
        let hint = "no graphics device to draw with; install a Vulkan driver \
                    (on Debian and Ubuntu: apt-get install libvulkan1 mesa-vulkan-drivers)";
        let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
        let instance = wgpu::Instance::new(descriptor);
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::from_env().unwrap_or_default(),
            ..Default::default()
        };
        let adapter = pollster::block_on(instance.request_adapter(&options)).context(hint)?;
        let wanted = device_descriptor(&adapter);
        let (device, queue) = pollster::block_on(adapter.request_device(&wanted)).context(hint)?;
        Ok(Self { device, queue })
    }

    /// A texture to draw into.
    pub fn target(&self, [width, height]: [u32; 2]) -> wgpu::Texture {
        self.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("picture"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        })
    }

    /// Waits for all work and returns what was drawn.
    pub fn read(&self, target: &wgpu::Texture) -> anyhow::Result<RgbaImage> {
        let (width, height) = (target.width(), target.height());
        let row = (width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("picture"),
            size: u64::from(row) * u64::from(height),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder =
            self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_texture_to_buffer(
            target.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(row),
                    rows_per_image: None,
                },
            },
            target.size(),
        );
        self.queue.submit([encoder.finish()]);
        buffer.slice(..).map_async(wgpu::MapMode::Read, |_| ());
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .context("the graphics device failed")?;
        let mapped = buffer.slice(..).get_mapped_range().context("the graphics device failed")?;
        let pixels: Vec<u8> = mapped
            .chunks_exact(row as usize)
            .flat_map(|line| &line[..width as usize * 4])
            .copied()
            .collect();
        RgbaImage::from_raw(width, height, pixels)
            .ok_or_else(|| anyhow!("the graphics device returned a part of the picture only"))
    }
}
