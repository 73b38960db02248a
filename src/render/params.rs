use crate::geom::{DAffine3, Orbit};
use crate::volume::Window;

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
    /// Not a mask but what one would be: half the fill, a dashed outline, in 3D every other pixel.
    pub faint: bool,
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
    /// Physical pixels of the pane (width, height): those of the viewport it is painted into.
    pub size: [u32; 2],
    /// Voxel coordinate of a pane pixel: `voxel_from_pane * (px, py, 0)`, where (0, 0) is the pane's top
    /// left corner and pixels are physical; pixel centres lie at + 0.5.
    pub voxel_from_pane: DAffine3,
    /// Grey scale.
    pub window: Window,
    /// Between voxels.
    pub interpolation: Interpolation,
    /// Label overlay.
    pub overlay: Overlay,
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
    /// How much of the scan shows around the masks, 0 (only masks) to 1 (the scan is solid).
    pub image_opacity: f32,
}
