//! What all views bind: the scan, its labels and their colours.

use super::ColourMap;
use super::label_texture::LabelTexture;
use super::pipelines::Pipelines;
use super::volume_texture::VolumeTexture;

/// A texture of colours, to be written and looked up.
pub(super) fn colour_table_texture(
    device: &wgpu::Device,
    label: &str,
    size: wgpu::Extent3d,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

/// A row for each colour map.
pub(super) fn colour_maps(device: &wgpu::Device, queue: &wgpu::Queue) -> wgpu::TextureView {
    let rows = ColourMap::ALL.map(ColourMap::lut);
    let size = wgpu::Extent3d { width: 256, height: rows.len() as u32, depth_or_array_layers: 1 };
    let texture = colour_table_texture(device, "colour maps", size);
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

/// The views of the textures; new ones whenever a texture is another one.
pub(super) struct Shared {
    scan: wgpu::TextureView,
    sampler: wgpu::Sampler,
    labels: wgpu::TextureView,
    colours: wgpu::TextureView,
    colour_maps: wgpu::TextureView,
}

impl Shared {
    pub(super) fn new(
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

    /// All of it with a pane's own uniforms.
    pub(super) fn bind_group(
        &self,
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        uniforms: &wgpu::Buffer,
    ) -> wgpu::BindGroup {
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("scan"),
            layout,
            entries: &[
                entry(0, uniforms.as_entire_binding()),
                entry(1, wgpu::BindingResource::TextureView(&self.scan)),
                entry(2, wgpu::BindingResource::Sampler(&self.sampler)),
                entry(3, wgpu::BindingResource::TextureView(&self.labels)),
                entry(4, wgpu::BindingResource::TextureView(&self.colours)),
                entry(5, wgpu::BindingResource::TextureView(&self.colour_maps)),
            ],
        })
    }
}
