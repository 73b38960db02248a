use egui::Rect;

use crate::ui::state::{Pane, SliceTransform};

/// A view as it lies on the screen at some moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewPlace {
    /// Which view.
    pub pane: Pane,
    /// Where it is, in points.
    pub rect: Rect,
    /// Physical pixels for each point.
    pub pixels_per_point: f32,
    /// How its picture lies; `None` for the 3D view, where the camera tells it.
    pub slice: Option<SliceTransform>,
}

impl ViewPlace {
    /// Width and height in points.
    pub fn size(&self) -> [f64; 2] {
        [f64::from(self.rect.width()), f64::from(self.rect.height())]
    }
}
