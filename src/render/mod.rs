//! Pictures of volumes with wgpu: slices and a ray-cast 3D view. Depends on `volume` and `geom`; knows no egui.
//! GPU state is a cache of volume and labels: dropping it loses nothing.
//!
//! - [`Scene`] holds one scan's textures: the scan in a format that is exact for its data type (`encoding`),
//!   the labels in one or two bytes a voxel, a colour for every label.
//! - [`Offscreen`] draws a scene without a window.
//! - [`cpu_reference`] says in plain Rust what the shaders draw; tests compare the two.
//!
//! Grey levels are right to one level (of 255) at voxel centres for every data type, as long as the window
//! is not narrower than 1/30000 of the range of the values: what a float's 24 bits allow. Between centres
//! the GPU's own interpolation decides, which some GPUs do with 8 bits. NaN is black.

mod bindings;
mod blocks;
mod coarse;
mod colour_map;
mod colour_tables;
pub mod cpu_reference;
mod encoding;
mod error;
mod faults;
mod fitting;
mod label_texture;
mod lut;
mod march;
mod offscreen;
mod overlays;
mod pane_parts;
mod pane_textures;
mod params;
mod pick;
mod pipelines;
mod pipelines_3d;
mod presets;
mod ray_image;
mod scene;
mod scene_3d;
mod slice_sampling;
mod styles;
mod transfer;
mod uniforms;
mod volume_texture;

pub use crate::geom::{Orbit, Ray};
pub use crate::volume::Interpolation;
pub use colour_map::ColourMap;
pub use error::RenderError;
pub use faults::{Fault, Faults};
pub use offscreen::{Offscreen, device_descriptor};
pub use params::{
    Clip, ClipBox, ClipPlane, ImageOverlay, LabelStyle, MaskStyle, Mode3d, Projection,
    RaycastParams, Slab, SliceParams,
};
pub use pick::{Hit, HitKind, pick};
pub use pipelines::shader_sources;
pub use presets::{TransferPreset, default_iso};
pub use scene::{SLICE_PANES, Scene, UPLOAD_BUDGET};
pub use transfer::{TransferCurve, TransferFunction, TransferPoint};
