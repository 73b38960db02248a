//! What panel, keys and gestures of the 3D view share.

use crate::geom::{Axis, DVec3, Direction, Grid};
use crate::render::{Clip, ClipBox, ClipPlane, Mode3d, TransferFunction, TransferPreset};
use crate::ui::kit::text::{tr, tr_of};
use crate::volume::Window;

/// What the 3D view shows besides the masks.
#[derive(Clone, Debug, PartialEq)]
pub struct View3d {
    /// The preset that `transfer` came from; `None` once it was edited by hand.
    pub preset: Option<TransferPreset>,
    /// Colour and opacity of values.
    pub transfer: TransferFunction,
    /// Of MIP and of [`TransferFunction::Window`]; the slices have another one.
    pub window: Window,
    /// The value of the iso-surface.
    pub iso_value: f64,
    /// What is cut away.
    pub clip: Clip,
    /// How much of the scan shows, 0 to 1.
    pub image_opacity: f32,
}

impl View3d {
    /// Through a preset and a window.
    pub fn new(preset: TransferPreset, window: Window) -> Self {
        Self {
            preset: Some(preset),
            transfer: preset.function(window),
            window,
            iso_value: 0.0,
            clip: Clip::default(),
            image_opacity: 0.5,
        }
    }

    /// Whether the picture depends on [`View3d::window`] in this mode.
    pub fn has_window(&self, mode: Mode3d) -> bool {
        match mode {
            Mode3d::Volume => self.transfer == TransferFunction::Window,
            Mode3d::Mip => true,
            Mode3d::Iso | Mode3d::Surface => false,
        }
    }
}

impl Default for View3d {
    fn default() -> Self {
        Self {
            transfer: TransferFunction::Window,
            ..Self::new(TransferPreset::default(), Window::new(40.0, 400.0))
        }
    }
}

/// Everything.
pub const WHOLE: ClipBox = ClipBox { low: [0.0; 3], high: [1.0; 3] };
/// The thinnest that a clip box can be, as a share of the scan.
pub const THINNEST: f64 = 0.01;

/// How a clip plane lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClipFacing {
    /// Across this axis, at right angles.
    Across(Axis),
    /// In any other direction: that of the camera when it was chosen.
    Camera,
}

impl ClipFacing {
    /// All, in the order of menus: axial, coronal, sagittal, camera.
    pub const ALL: [ClipFacing; 4] = [
        ClipFacing::Across(Axis::Z),
        ClipFacing::Across(Axis::Y),
        ClipFacing::Across(Axis::X),
        ClipFacing::Camera,
    ];

    /// How a plane lies.
    pub fn of(plane: &ClipPlane) -> Self {
        let across = |axis: &Axis| plane.normal[axis.index()].abs() > 1.0 - 1e-9;
        Axis::ALL.into_iter().find(across).map_or(ClipFacing::Camera, ClipFacing::Across)
    }

    /// What menus call it.
    pub fn name(self) -> &'static str {
        match self {
            ClipFacing::Across(Axis::Z) => tr("Axial"),
            ClipFacing::Across(Axis::Y) => tr("Coronal"),
            ClipFacing::Across(Axis::X) => tr("Sagittal"),
            ClipFacing::Camera => tr("Facing the camera"),
        }
    }
}

/// What menus call a mode of the 3D view.
pub fn mode_name(mode: Mode3d) -> &'static str {
    match mode {
        Mode3d::Volume => tr_of("Volume", "3D"),
        Mode3d::Mip => tr_of("MIP", "short"),
        Mode3d::Iso => tr("Iso"),
        Mode3d::Surface => tr("Masks"),
    }
}

/// What a mode of the 3D view shows.
pub fn mode_tip(mode: Mode3d) -> &'static str {
    match mode {
        Mode3d::Volume => tr("The scan as a lit cloud: colour and opacity of its values"),
        Mode3d::Mip => tr("The brightest value along each ray, through the window"),
        Mode3d::Iso => tr("The surface where the scan crosses one value"),
        Mode3d::Surface => tr("The masks alone"),
    }
}

/// `anterior`, …
pub fn side_name(side: Direction) -> &'static str {
    match side.letter() {
        'R' => tr("right"),
        'L' => tr("left"),
        'A' => tr("anterior"),
        'P' => tr("posterior"),
        'S' => tr("superior"),
        _ => tr("inferior"),
    }
}

/// The six sides, in the order of menus: A P L R S I.
pub const SIDES: [Direction; 6] = [
    Direction { axis: Axis::Y, positive: true },
    Direction { axis: Axis::Y, positive: false },
    Direction { axis: Axis::X, positive: false },
    Direction { axis: Axis::X, positive: true },
    Direction { axis: Axis::Z, positive: true },
    Direction { axis: Axis::Z, positive: false },
];

/// From where to where a plane with this normal cuts the scan, in millimetres along the normal.
pub fn clip_range(grid: &Grid, normal: DVec3) -> (f64, f64) {
    let along = grid.corners().map(|corner| corner.dot(normal));
    let low = along.iter().copied().fold(f64::INFINITY, f64::min);
    (low, along.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}
