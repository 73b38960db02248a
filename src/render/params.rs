use super::{ColourMap, TransferFunction};
use crate::geom::{DAffine3, DVec3, Orbit};
use crate::volume::{Interpolation, Window};

/// What a thick slice shows of the values along its thickness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Projection {
    /// Their mean, as a thicker acquisition would.
    #[default]
    Mean,
    /// The largest (MIP).
    Max,
    /// The smallest (`MinIP`).
    Min,
}

/// A slice with thickness: `samples` of them, `voxel_step` apart, centred on the slice's own plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slab {
    /// What is shown of the samples.
    pub projection: Projection,
    /// How many; at least 1.
    pub samples: u32,
    /// From one sample to the next, in voxel coordinates of the scan.
    pub voxel_step: DVec3,
}

/// A second image laid over the scan (PET on CT), at the same place in world space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageOverlay {
    /// Which of the scene's overlay images (`Scene::set_overlay`).
    pub slot: usize,
    /// Its own values' scale. Black is clear, and the first eighth of the window fades in from there.
    pub window: Window,
    /// Its own colours.
    pub colour_map: ColourMap,
    /// 0 to 1.
    pub opacity: f32,
    /// Between its voxels.
    pub interpolation: Interpolation,
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
    /// Opacity of its surface in 3D, 0 to 1.
    pub opacity: f32,
    /// Not a mask but what one would be: half the fill, a dashed outline, in 3D every other pixel.
    pub faint: bool,
}

/// How label maps are laid over grey values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskStyle {
    /// Opacity of the filled area, 0 to 1.
    pub fill: f32,
    /// Opacity of the outline, 0 to 1; never less than the fill's.
    pub outline: f32,
    /// Width of the outline in physical pixels, inwards from the mask's edge: 1 to 15, rounded;
    /// 0 for none.
    pub outline_width: f32,
}

/// Everything that decides what one slice pane shows.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceParams {
    /// Physical pixels of the pane (width, height): those of the viewport it is painted into.
    pub size: [u32; 2],
    /// Voxel coordinate of a pane pixel: `voxel_from_pane * (px, py, 0)`, where (0, 0) is the pane's top
    /// left corner and pixels are physical; pixel centres lie at + 0.5.
    pub voxel_from_pane: DAffine3,
    /// Scale from values to the colour map.
    pub window: Window,
    /// Colours of the scan.
    pub colour_map: ColourMap,
    /// Between voxels.
    pub interpolation: Interpolation,
    /// Thickness; `None` shows the plane alone. What is not a number or outside of the scan has no part in it.
    pub slab: Option<Slab>,
    /// Second images, in the order in which they are laid over the scan, where both are; the first three are
    /// drawn. They are as thick as the scan.
    pub overlays: Vec<ImageOverlay>,
    /// How labels are laid over all of it.
    pub masks: MaskStyle,
}

impl SliceParams {
    /// The same plane through another volume, and as thick: `other_from_own` leads from the voxels that this is made
    /// for to the other's. What lies over the one does not lie over the other.
    #[must_use]
    pub fn through(self, other_from_own: DAffine3) -> Self {
        let slab = self.slab.map(|slab| {
            let voxel_step = other_from_own.transform_vector3(slab.voxel_step);
            Slab { voxel_step, ..slab }
        });
        let voxel_from_pane = other_from_own * self.voxel_from_pane;
        Self { voxel_from_pane, slab, overlays: Vec::new(), ..self }
    }
}

/// How the 3D view draws the scan. Masks are drawn as surfaces in all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode3d {
    /// Front-to-back compositing through the transfer function, with gradient lighting.
    #[default]
    Volume,
    /// The brightest value along each ray, through the window.
    Mip,
    /// The surface where the scan crosses a value, lit.
    Iso,
    /// The masks' surfaces alone.
    Surface,
}

impl Mode3d {
    /// All, in the order of menus.
    pub const ALL: [Mode3d; 4] = [Mode3d::Volume, Mode3d::Mip, Mode3d::Iso, Mode3d::Surface];
}

/// What is cut away in 3D; the scan and the masks alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clip {
    /// Cuts away what lies on the side that `normal` points to.
    pub plane: Option<ClipPlane>,
    /// Keeps only what lies within.
    pub bounds: Option<ClipBox>,
}

/// A plane in world space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipPlane {
    /// Unit vector in RAS, towards what is cut away.
    pub normal: DVec3,
    /// Distance of the plane from the world origin along `normal`, in millimetres.
    pub offset_mm: f64,
}

/// A box along the voxel axes that are nearest to Right, Anterior, Superior (in this order), as shares of
/// the scan from its Left, Posterior, Inferior end: 0 to 1 is everything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipBox {
    /// Where it begins.
    pub low: [f64; 3],
    /// Where it ends.
    pub high: [f64; 3],
}

/// Everything that decides what the 3D pane shows.
#[derive(Clone, Debug, PartialEq)]
pub struct RaycastParams {
    /// Pixels of the pane.
    pub size: [u32; 2],
    /// From where.
    pub orbit: Orbit,
    /// How the scan is drawn.
    pub mode: Mode3d,
    /// Scale from values to grey levels: for MIP, and for transfer functions that follow the window.
    pub window: Window,
    /// Colours of MIP.
    pub colour_map: ColourMap,
    /// Colour and opacity of values in [`Mode3d::Volume`].
    pub transfer: TransferFunction,
    /// The value of the surface in [`Mode3d::Iso`].
    pub iso_value: f64,
    /// What is cut away.
    pub clip: Clip,
    /// Fewer steps and pixels while something moves.
    pub draft: bool,
    /// How much of the scan shows around the masks, 0 (only masks) to 1 (the scan is solid).
    pub image_opacity: f32,
}
