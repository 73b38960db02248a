//! Pictures against their CPU counterparts, and what they look like. On whatever adapter wgpu finds.

mod beside;
mod first_look;
mod large;
mod raycast;
mod raycast_look;
mod raycast_modes;
mod shaders;
mod slice;
mod slice_modes;
mod speed;
mod support;
