use super::theme::Theme;
use crate::document::LabelId;
use crate::geom::{Convention, DVec3, PanZoom, Plane};
use crate::render::{Interpolation, Orbit, Overlay};
use crate::volume::{Histogram, Stats, Window};

/// What the left mouse button does in slice views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Click: prompt.
    #[default]
    Point,
    /// Click or drag: move the crosshair.
    Crosshair,
    /// Drag: window level (up/down) and width (left/right).
    Window,
}

/// One of the four views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pane {
    /// A slice view.
    Slice(Plane),
    /// The 3D view.
    Volume,
}

/// What belongs to one slice view.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PaneState {
    /// Pan and zoom; `None` fits the picture into the pane.
    pub pan_zoom: Option<PanZoom>,
}

/// What is under the pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Hover {
    /// Voxel index.
    pub voxel: [usize; 3],
    /// RAS millimetres.
    pub world: DVec3,
    /// The scan's value there.
    pub value: f64,
    /// Name of the label there.
    pub label: Option<String>,
}

/// How the user looks at the document. Not part of it, and not in its history.
// Each switch is one the user has.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug)]
pub struct ViewState {
    /// The left button's tool.
    pub tool: Tool,
    /// Whether a left click of the point tool is negative; back to positive for every new object.
    pub negative: bool,
    /// Where the three slice views cross, RAS mm.
    pub crosshair: DVec3,
    /// Whether the crosshair is drawn.
    pub show_crosshair: bool,
    /// Whether labels are drawn.
    pub show_labels: bool,
    /// Labels are hidden while this is held.
    pub peek: bool,
    /// How labels are laid over the scan.
    pub overlay: Overlay,
    /// Left-right convention.
    pub convention: Convention,
    /// Between voxels.
    pub interpolation: Interpolation,
    /// Grey scale.
    pub window: Window,
    /// The automatic window of this scan, to go back to.
    pub auto_window: Window,
    /// Smallest, largest, mean value of the scan.
    pub stats: Option<Stats>,
    /// Histogram of the scan.
    pub histogram: Option<Histogram>,
    /// The view that fills the window, if one does.
    pub maximised: Option<Pane>,
    /// Axial, coronal, sagittal.
    pub slices: [PaneState; 3],
    /// The 3D camera.
    pub orbit: Orbit,
    /// How much of the scan shows in 3D, 0 to 1.
    pub image_opacity: f32,
    /// The prompt that Delete removes.
    pub selected_prompt: Option<(LabelId, usize)>,
    /// What is under the pointer.
    pub hover: Option<Hover>,
    /// The list of shortcuts is open.
    pub show_help: bool,
    /// What the program is, is open.
    pub show_about: bool,
    /// The view under the pointer, whose slices the arrow keys step. Written by the views.
    pub hovered: Option<Pane>,
    /// Which side panels are open.
    pub side_panels: SidePanels,
    /// The object whose name is being edited, and the name so far.
    pub renaming: Option<(LabelId, String)>,
    /// Dark or light.
    pub theme: Theme,
}

/// Which side panels are open, kept apart for wide and narrow windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SidePanels {
    /// Left, right; in windows of 1100 points and more.
    pub wide: [bool; 2],
    /// Left, right; in narrower windows.
    pub narrow: [bool; 2],
}

impl SidePanels {
    /// Windows narrower than this (in points) start with their side panels collapsed.
    pub const NARROW: f32 = 1100.0;

    /// Left, right, in a window of this width.
    pub fn open(&mut self, width: f32) -> &mut [bool; 2] {
        if width < Self::NARROW { &mut self.narrow } else { &mut self.wide }
    }
}

impl Default for SidePanels {
    fn default() -> Self {
        Self { wide: [true; 2], narrow: [false; 2] }
    }
}

impl Default for ViewState {
    fn default() -> Self {
        Self {
            tool: Tool::default(),
            negative: false,
            crosshair: DVec3::ZERO,
            show_crosshair: true,
            show_labels: true,
            peek: false,
            overlay: Overlay { fill: 0.4, outline: 1.0 },
            convention: Convention::default(),
            interpolation: Interpolation::default(),
            window: Window::new(40.0, 400.0),
            auto_window: Window::new(40.0, 400.0),
            stats: None,
            histogram: None,
            maximised: None,
            slices: [PaneState::default(); 3],
            orbit: Orbit::default(),
            image_opacity: 0.5,
            selected_prompt: None,
            hover: None,
            show_help: false,
            show_about: false,
            hovered: None,
            side_panels: SidePanels::default(),
            renaming: None,
            theme: Theme::default(),
        }
    }
}
