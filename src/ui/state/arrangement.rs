//! How views and panels share the window.

use crate::geom::Plane;
use crate::ui::kit::text::mark;

/// One of the four views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pane {
    /// A slice view.
    Slice(Plane),
    /// The 3D view.
    Volume,
}

impl Pane {
    /// Whether it shows slices.
    pub fn is_slice(self) -> bool {
        matches!(self, Self::Slice(_))
    }

    /// All four, as they are read on the screen and in the order of the keys that maximise them.
    pub const ALL: [Pane; 4] = [
        Pane::Slice(Plane::Axial),
        Pane::Slice(Plane::Sagittal),
        Pane::Slice(Plane::Coronal),
        Pane::Volume,
    ];

    /// `Axial`, `Coronal`, `Sagittal`, `3D`.
    pub fn name(self) -> &'static str {
        match self {
            Pane::Slice(plane) => plane.name(),
            Pane::Volume => mark("3D"),
        }
    }
}

/// How the four views share the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Two by two.
    #[default]
    Quad,
    /// One large, three small beside it.
    Main(Pane),
    /// The three slice views in a row.
    Row,
}

/// Where the splitters are, as shares of the area: kept for every layout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Splits {
    /// Of the width in [`Layout::Quad`].
    pub quad_x: f32,
    /// Of the height in [`Layout::Quad`].
    pub quad_y: f32,
    /// Of the width in [`Layout::Main`]: the large view's share.
    pub main: f32,
    /// Of the width in [`Layout::Row`]: where the first and second view end.
    pub row: [f32; 2],
}

impl Default for Splits {
    fn default() -> Self {
        Self { quad_x: 0.5, quad_y: 0.5, main: 0.7, row: [1.0 / 3.0, 2.0 / 3.0] }
    }
}

/// A sheet of slices of one plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lightbox {
    /// Of which plane.
    pub plane: Plane,
    /// Pictures in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
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

    /// They do, too, where the list of cases leaves less than this to them and the views (in points).
    pub const BESIDE_CASES: f32 = 900.0;

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
