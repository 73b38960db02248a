use egui::{Pos2, Rect};

use super::place::ViewPlace;
use crate::document::{Document, Object};
use crate::geom::{DVec2, DVec3};
use crate::ui::kit::paint;
use crate::ui::state::{Action, Pane, SliceTransform, Status, ViewState};

/// What views and tools work on during one frame.
pub struct ViewContext<'a> {
    /// For time, modifiers and what egui remembers.
    pub egui: egui::Context,
    /// The open document.
    pub document: &'a Document,
    /// How it is looked at.
    pub view: &'a mut ViewState,
    /// What the program is doing.
    pub status: &'a Status,
    /// Whether there is a graphics device: without one nothing is seen in 3D.
    pub gpu: bool,
    /// What is to be done to the document.
    pub out: &'a mut Vec<Action>,
}

impl ViewContext<'_> {
    /// A view as it lies on the screen now.
    pub fn place(&self, rect: Rect, pane: Pane) -> ViewPlace {
        let slice = match pane {
            Pane::Slice(plane) => Some(self.slice_transform(rect, plane)),
            Pane::Volume => None,
        };
        ViewPlace { pane, rect, pixels_per_point: self.egui.pixels_per_point(), slice }
    }

    /// The mapping of a slice view as it is now.
    pub fn slice_transform(&self, rect: Rect, plane: crate::geom::Plane) -> SliceTransform {
        let grid = self.document.image().grid();
        let size = DVec2::new(f64::from(rect.width()), f64::from(rect.height()));
        let view = &*self.view;
        let (slice, pan_zoom) = (view.slice(grid, plane), view.pane(plane).pan_zoom);
        SliceTransform::new(
            grid,
            plane,
            view.prefs.convention,
            view.scan.oblique.as_ref(),
            pan_zoom,
            size,
            slice,
        )
    }

    /// Where a world position (RAS mm) is on the screen; of one in another slice, straight above or below it.
    pub fn on_screen(&self, place: &ViewPlace, world: DVec3) -> Pos2 {
        let at = if let Some(transform) = &place.slice {
            transform.pane_from_world(world).truncate()
        } else {
            let grid = self.document.image().grid();
            self.view.scan.orbit.project(grid, place.size(), world).truncate()
        };
        paint::on_screen(place.rect, at)
    }

    /// Whether an object's prompts and model window are drawn: with its mask.
    pub fn shows_prompts(&self, object: &Object) -> bool {
        self.view.labels_shown() && self.view.shows(self.document, object)
    }
}
