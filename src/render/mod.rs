//! Pictures of volumes with wgpu: slices and a ray-cast 3D view. Depends on `volume` and `geom`; knows no egui.
//! GPU state is a cache of volume and labels: dropping it loses nothing.

use std::sync::Arc;

use crate::geom::{DAffine3, DMat3, DVec3, Grid};
use crate::volume::{LabelMap, Volume, VoxelBox, Window};

/// How values between voxel centres are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// Trilinear.
    #[default]
    Linear,
    /// The nearest voxel's value.
    Nearest,
}

/// How one label is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelStyle {
    /// The label's value.
    pub value: u16,
    /// sRGB.
    pub colour: [u8; 3],
    /// Hidden labels are not drawn in any view.
    pub visible: bool,
}

/// How label maps are laid over grey values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlay {
    /// Opacity of the filled area, 0 to 1.
    pub fill: f32,
    /// Opacity of the one-pixel outline, 0 to 1.
    pub outline: f32,
}

/// Everything that decides what one slice pane shows.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceParams {
    /// Voxel coordinate of a pane pixel: `voxel_from_pane * (px, py, 0)`, where (0, 0) is the pane's top left corner and pixels are physical; pixel centres lie at + 0.5.
    pub voxel_from_pane: DAffine3,
    /// Grey scale.
    pub window: Window,
    /// Between voxels.
    pub interpolation: Interpolation,
    /// Label overlay.
    pub overlay: Overlay,
}

/// The 3D camera: turns around the middle of the volume, orthographic.
#[derive(Clone, Debug, PartialEq)]
pub struct Orbit {
    /// Turn about the body's long axis, radians; 0 looks at the patient's face (from anterior), right on the left.
    pub azimuth: f64,
    /// Up and down, radians, within ±π/2.
    pub elevation: f64,
    /// 1 fits the volume into the pane.
    pub zoom: f64,
}

impl Default for Orbit {
    fn default() -> Self {
        Self { azimuth: 0.5, elevation: 0.3, zoom: 1.0 }
    }
}

impl Orbit {
    /// Turns by a drag of so many points.
    pub fn drag(&mut self, _dx: f64, _dy: f64) {
        todo!()
    }
    /// World directions (unit) of picture right, picture up, and towards the viewer.
    pub fn axes(&self) -> DMat3 {
        todo!()
    }
    /// Pane pixel (from the top left, y down) and depth of a world position.
    pub fn project(&self, _grid: &Grid, _pane: [f64; 2], _world: DVec3) -> DVec3 {
        todo!()
    }
}

/// Everything that decides what the 3D pane shows.
#[derive(Clone, Debug, PartialEq)]
pub struct RaycastParams {
    /// Pixels of the pane.
    pub size: [u32; 2],
    /// From where.
    pub orbit: Orbit,
    /// Which values are solid.
    pub window: Window,
    /// Fewer steps and pixels while something moves.
    pub draft: bool,
    /// How much of the scan shows around the masks, 0 to 1.
    pub image_opacity: f32,
}

/// Textures and pipelines for one scan.
pub struct Scene(());

impl Scene {
    /// Pipelines for a colour target of this format.
    pub fn new(_device: &wgpu::Device, _queue: &wgpu::Queue, _target: wgpu::TextureFormat) -> Self {
        todo!()
    }
    /// Shows another scan (its first frame); uploads nothing yet.
    pub fn set_volume(&mut self, _volume: Arc<Volume>) {
        todo!()
    }
    /// Uploads up to about `budget` bytes of what is still missing. `true` when all is there. Slices that are not there yet are drawn black.
    pub fn upload(&mut self, _budget: usize) -> bool {
        todo!()
    }
    /// Brings the label texture up to date: `None` uploads everything, a box only that box.
    pub fn set_labels(&mut self, _labels: &LabelMap, _changed: Option<VoxelBox>) {
        todo!()
    }
    /// Colours and visibility of the labels.
    pub fn set_styles(&mut self, _styles: &[LabelStyle]) {
        todo!()
    }
    /// Sets what slice pane `pane` (0, 1, 2) shows.
    pub fn prepare_slice(&mut self, _pane: usize, _params: &SliceParams) {
        todo!()
    }
    /// Draws slice pane `pane` over the pass's whole viewport (set by the caller).
    pub fn paint_slice(&self, _pass: &mut wgpu::RenderPass<'_>, _pane: usize) {
        todo!()
    }
    /// Renders the 3D picture into a texture of its own, if anything changed since the last time.
    pub fn prepare_3d(&mut self, _encoder: &mut wgpu::CommandEncoder, _params: &RaycastParams) {
        todo!()
    }
    /// Draws the 3D picture over the pass's whole viewport (set by the caller).
    pub fn paint_3d(&self, _pass: &mut wgpu::RenderPass<'_>) {
        todo!()
    }
}

/// What the renderer asks of a GPU: 3D textures as large as it has, and filterable formats where it has them.
pub fn device_descriptor(_adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    todo!()
}
