//! Textures of volumes as fine as the graphics device has room for.

use std::sync::Arc;

use super::RenderError;
use super::coarse::{LEAST_BYTES, Room, coarse_dims, factors};
use super::volume_texture::VolumeTexture;
use crate::volume::Volume;

/// A texture for a volume that the device has room for, as fine as can be.
pub(super) fn that_fits(
    device: &wgpu::Device,
    volume: &Arc<Volume>,
    mut room: Room,
) -> Result<VolumeTexture, RenderError> {
    loop {
        let factors = factors(volume.grid(), bytes_for_each(device, volume, room), room)
            .ok_or(RenderError::NoMemory { megabytes: room.bytes >> 20 })?;
        match VolumeTexture::new(device, Arc::clone(volume), factors) {
            Err(why @ RenderError::NoMemory { .. }) => {
                room = less(device, volume, room).ok_or(why)?;
            }
            done => return done,
        }
    }
}

/// Half of the room that a volume would take of this one; `None` if that is too little for any.
pub(super) fn less(device: &wgpu::Device, volume: &Volume, room: Room) -> Option<Room> {
    let texel_bytes = bytes_for_each(device, volume, room);
    let dims = coarse_dims(volume.grid().dims(), factors(volume.grid(), texel_bytes, room)?);
    let taken = dims.iter().map(|&n| n as u64).product::<u64>() * texel_bytes as u64;
    let bytes = taken.min(room.bytes) / 2;
    (bytes >= LEAST_BYTES).then_some(Room { bytes, ..room })
}

/// Bytes of a texel, and one for its label if it has one.
fn bytes_for_each(device: &wgpu::Device, volume: &Volume, room: Room) -> usize {
    VolumeTexture::texel_bytes(device, volume) + usize::from(room.labels)
}
