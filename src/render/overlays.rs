//! Second images: their textures, and what a slice is told about them.

use std::sync::Arc;

use super::uniforms::{MOST_OVERLAYS, OverlayUniforms, ScanUniforms};
use super::volume_texture::VolumeTexture;
use super::{ImageOverlay, RenderError};
use crate::geom::Grid;
use crate::volume::Volume;

/// The scene's second images, each in its slot.
pub(super) struct Overlays {
    textures: [Option<VolumeTexture>; MOST_OVERLAYS],
    /// What stands in for a slot without an image.
    nothing: wgpu::TextureView,
    pub(super) bind_group: wgpu::BindGroup,
}

impl Overlays {
    /// None. `nothing` is a 3D texture of one voxel.
    pub(super) fn new(
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        nothing: wgpu::TextureView,
    ) -> Self {
        let textures = [const { None }; MOST_OVERLAYS];
        let bind_group = bind_group(device, layout, &textures, &nothing);
        Self { textures, nothing, bind_group }
    }

    /// Puts an image into a slot, or takes it out; nothing happens to a slot that there is not.
    pub(super) fn set(
        &mut self,
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        slot: usize,
        volume: Option<Arc<Volume>>,
    ) -> Result<(), RenderError> {
        let Some(place) = self.textures.get_mut(slot) else { return Ok(()) };
        // The old texture goes first: there may not be room for both.
        *place = None;
        let made = volume.map(|volume| VolumeTexture::new(device, volume)).transpose();
        let (texture, result) = match made {
            Ok(texture) => (texture, Ok(())),
            Err(why) => (None, Err(why)),
        };
        *place = texture;
        self.rebind(device, layout);
        result
    }

    /// Takes all out.
    pub(super) fn clear(&mut self, device: &wgpu::Device, layout: &wgpu::BindGroupLayout) {
        self.textures = [const { None }; MOST_OVERLAYS];
        self.rebind(device, layout);
    }

    /// Needed when the layout is another one.
    pub(super) fn rebind(&mut self, device: &wgpu::Device, layout: &wgpu::BindGroupLayout) {
        self.bind_group = bind_group(device, layout, &self.textures, &self.nothing);
    }

    /// The image in a slot.
    pub(super) fn volume(&self, slot: usize) -> Option<&Arc<Volume>> {
        self.textures.get(slot)?.as_ref().map(VolumeTexture::volume)
    }

    /// Uploads up to about `budget` bytes of what is missing. `true` when all is there.
    pub(super) fn upload(&mut self, queue: &wgpu::Queue, budget: usize) -> bool {
        let missing = self.textures.iter_mut().flatten().find(|texture| !texture.settled());
        if let Some(texture) = missing {
            texture.advance(queue, budget);
        }
        self.textures.iter().flatten().all(VolumeTexture::settled)
    }

    /// What the shader is told, in the order given, about images over a scan on `grid`; those of which nothing
    /// is there yet are left out.
    pub(super) fn uniforms(&self, overlays: &[ImageOverlay], grid: &Grid) -> Vec<OverlayUniforms> {
        let told = overlays.iter().filter(|overlay| overlay.opacity > 0.0).filter_map(|overlay| {
            let texture = self.textures.get(overlay.slot)?.as_ref()?;
            let grey = texture.grey(overlay.window)?;
            let own = texture.volume().grid();
            let scan = ScanUniforms::new(own.dims(), Some(grey), texture.ready_slices(), false);
            let voxel_from_scan = own.voxel_from_world() * grid.world_from_voxel();
            Some(OverlayUniforms::new(overlay, scan, &voxel_from_scan))
        });
        told.take(MOST_OVERLAYS).collect()
    }
}

fn bind_group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    textures: &[Option<VolumeTexture>; MOST_OVERLAYS],
    nothing: &wgpu::TextureView,
) -> wgpu::BindGroup {
    let views =
        textures.each_ref().map(|t| t.as_ref().map_or(nothing.clone(), VolumeTexture::view));
    let entries: Vec<_> = (0..)
        .zip(&views)
        .map(|(binding, view)| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::TextureView(view),
        })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("overlays"),
        layout,
        entries: &entries,
    })
}
