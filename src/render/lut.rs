//! The transfer function (or, for MIP, the colour map) as the shader looks it up.

use super::march::{self, Medium};
use super::{ColourMap, Mode3d, RaycastParams};
use crate::geom::Grid;

/// Levels from 0 to 1, in rows of [`WIDTH`].
const LEVELS: usize = 4096;
const WIDTH: u32 = 256;
/// Sixteen rows of colours and densities, and as many of counts.
const HEIGHT: u32 = 32;

pub(super) struct Lut {
    texture: wgpu::Texture,
    /// What it holds.
    shown: Option<RaycastParams>,
}

impl Lut {
    pub(super) fn new(device: &wgpu::Device) -> Self {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("transfer function"),
            size: extent(),
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba32Float,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        Self { texture, shown: None }
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor::default())
    }

    /// Another scan has other densities.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    pub(super) fn write(&mut self, queue: &wgpu::Queue, params: &RaycastParams, grid: &Grid) {
        let same = self.shown.as_ref().is_some_and(|shown| {
            shown.mode == params.mode
                && shown.transfer == params.transfer
                && shown.window == params.window
                && shown.colour_map == params.colour_map
                && shown.image_opacity == params.image_opacity
        });
        if same {
            return;
        }
        let texels = match march::mode(params) {
            Mode3d::Mip => colours(params.colour_map),
            Mode3d::Volume => medium(params, grid),
            Mode3d::Iso | Mode3d::Surface => return,
        };
        queue.write_texture(
            self.texture.as_image_copy(),
            bytemuck::cast_slice(&texels),
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(WIDTH * 16),
                rows_per_image: Some(HEIGHT),
            },
            extent(),
        );
        self.shown = Some(params.clone());
    }
}

fn extent() -> wgpu::Extent3d {
    wgpu::Extent3d { width: WIDTH, height: HEIGHT, depth_or_array_layers: 1 }
}

fn medium(params: &RaycastParams, grid: &Grid) -> Vec<[f32; 4]> {
    let medium = Medium::new(params, grid);
    let mut texels = vec![[0.0f32; 4]; 2 * LEVELS];
    let mut count = 0.0;
    for n in 0..LEVELS {
        let (colour, depth) = medium.at(n as f64 / (LEVELS - 1) as f64);
        let [r, g, b] = colour.as_vec3().to_array();
        texels[n] = [r, g, b, depth as f32];
        count += f32::from(u8::from(depth > 0.0));
        texels[LEVELS + n][0] = count;
    }
    texels
}

fn colours(map: ColourMap) -> Vec<[f32; 4]> {
    let mut texels = vec![[0.0f32; 4]; 2 * LEVELS];
    for (n, texel) in texels[..LEVELS].iter_mut().enumerate() {
        let [r, g, b] = map.colour(n as f64 / (LEVELS - 1) as f64).map(|c| f32::from(c) / 255.0);
        *texel = [r, g, b, 0.0];
    }
    texels
}
