//! Second images: their textures, and what a slice is told about them.

use std::collections::HashMap;
use std::sync::Arc;

use super::coarse::{self, Factors, Room};
use super::fitting;
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
    /// For each order of slots that was drawn.
    bind_groups: HashMap<OverlaySlots, wgpu::BindGroup>,
}

/// The slots of the images that a slice shows, from the lowest on.
pub(super) type OverlaySlots = [Option<usize>; MOST_OVERLAYS];

impl Overlays {
    /// None. `nothing` is a 3D texture of one voxel.
    pub(super) fn new(nothing: wgpu::TextureView) -> Self {
        Self { textures: [const { None }; MOST_OVERLAYS], nothing, bind_groups: HashMap::new() }
    }

    /// Puts an image into a slot, or takes it out; nothing happens to a slot that there is not.
    pub(super) fn set(
        &mut self,
        device: &wgpu::Device,
        slot: usize,
        volume: Option<Arc<Volume>>,
        room: Room,
    ) -> Result<(), RenderError> {
        let Some(place) = self.textures.get_mut(slot) else { return Ok(()) };
        // The old texture goes first: there may not be room for both.
        *place = None;
        self.bind_groups.clear();
        let made = volume.map(|volume| fitting::that_fits(device, &volume, room)).transpose();
        let (texture, result) = match made {
            Ok(texture) => (texture, Ok(())),
            Err(why) => (None, Err(why)),
        };
        *place = texture;
        result
    }

    /// Draws the images of another scene, out of its textures.
    pub(super) fn share(&mut self, of: &Self) {
        for (own, theirs) in self.textures.iter_mut().zip(&of.textures) {
            let same = match (&*own, theirs) {
                (Some(own), Some(theirs)) => own.is_shared_of(theirs),
                (own, theirs) => own.is_none() && theirs.is_none(),
            };
            if !same {
                *own = theirs.as_ref().map(VolumeTexture::shared);
                self.bind_groups.clear();
            }
        }
    }

    /// Needed when the layout is another one.
    pub(super) fn forget_bindings(&mut self) {
        self.bind_groups.clear();
    }

    /// How many of its voxels along x, y, z each texel of an image stands for, if there was no room for all.
    pub(super) fn coarse(&self, slot: usize) -> Option<Factors> {
        let texture = self.textures.get(slot)?.as_ref()?;
        Some(texture.factors()).filter(|&f| f != coarse::NONE)
    }

    /// Bytes on the device of all images but one.
    pub(super) fn bytes_beside(&self, slot: usize) -> u64 {
        let others = self.textures.iter().enumerate().filter(|(n, _)| *n != slot);
        others.filter_map(|(_, texture)| texture.as_ref()).map(VolumeTexture::device_bytes).sum()
    }

    /// Uploads up to about `budget` bytes of what is missing. `true` when all is there.
    pub(super) fn upload(&mut self, queue: &wgpu::Queue, budget: usize) -> bool {
        let missing = self.textures.iter_mut().flatten().find(|texture| !texture.settled());
        if let Some(texture) = missing {
            texture.advance(queue, budget);
            // The 3D view has no use for them.
            texture.take_texels();
        }
        self.textures.iter().flatten().all(VolumeTexture::settled)
    }

    /// Those of these images that are drawn, in the order given: the first of those of which something is there.
    pub(super) fn drawn(&self, overlays: &[ImageOverlay]) -> Vec<ImageOverlay> {
        let there = |overlay: &&ImageOverlay| {
            let texture = self.textures.get(overlay.slot).and_then(Option::as_ref);
            overlay.opacity > 0.0 && texture.is_some_and(|t| t.ready_slices() > 0)
        };
        overlays.iter().filter(there).take(MOST_OVERLAYS).copied().collect()
    }

    /// What the shader is told of images over a scan on `grid`.
    pub(super) fn uniforms(&self, drawn: &[ImageOverlay], grid: &Grid) -> Vec<OverlayUniforms> {
        let told = drawn.iter().filter_map(|overlay| {
            let texture = self.textures.get(overlay.slot)?.as_ref()?;
            let (own, grey) = (texture.grid(), texture.grey(overlay.window));
            let scan = ScanUniforms::new(own.dims(), grey, texture.ready_slices(), false);
            let voxel_from_scan = own.voxel_from_voxel_of(grid);
            Some(OverlayUniforms::new(overlay, scan, &voxel_from_scan))
        });
        told.collect()
    }

    /// Makes what [`Overlays::bind_group`] finds.
    pub(super) fn prepare(
        &mut self,
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        slots: OverlaySlots,
    ) {
        if self.bind_groups.contains_key(&slots) {
            return;
        }
        let views = slots.map(|slot| {
            let texture = slot.and_then(|slot| self.textures.get(slot)?.as_ref());
            texture.map_or_else(|| self.nothing.clone(), VolumeTexture::view)
        });
        let entries: Vec<_> = (0..)
            .zip(&views)
            .map(|(binding, view)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::TextureView(view),
            })
            .collect();
        let made = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("overlays"),
            layout,
            entries: &entries,
        });
        self.bind_groups.insert(slots, made);
    }

    /// The images in an order that was prepared.
    pub(super) fn bind_group(&self, slots: &OverlaySlots) -> Option<&wgpu::BindGroup> {
        self.bind_groups.get(slots)
    }
}

/// The slots of images.
pub(super) fn order(drawn: &[ImageOverlay]) -> OverlaySlots {
    std::array::from_fn(|n| drawn.get(n).map(|overlay| overlay.slot))
}
