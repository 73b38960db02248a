use std::cell::OnceCell;

use egui::{Modifiers, PointerButton, Pos2};

use super::context::ViewContext;
use super::pick::{self, Surface};
use super::place::ViewPlace;
use crate::geom::DVec3;
use crate::ui::kit::paint;

/// A place in the scan under the pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PickedPosition {
    /// What is pointed at, RAS mm: in a slice the place itself, in 3D the surface that is seen.
    pub world: DVec3,
    /// What belongs to it, RAS mm: in a slice the same place, in 3D just behind the surface.
    pub inside: DVec3,
    /// The slice's unit normal; `None` in 3D.
    pub normal: Option<DVec3>,
}

/// The pointer over a view, and where in the scan that is.
#[derive(Clone, Debug)]
pub struct WorldPointer {
    /// The view.
    pub place: ViewPlace,
    /// On the screen.
    pub at: Pos2,
    /// The button that is pressed; `None` if none is.
    pub button: Option<PointerButton>,
    /// The modifier keys that are down.
    pub modifiers: Modifiers,
    /// Whether the press may become a click: it is not one that only closes a menu, or that is on a label's button.
    pub may_click: bool,
    /// Whether it may become a drag: it is on no handle.
    pub may_drag: bool,
    /// How hard a pen is pressed, 0 to 1; `None` with a mouse, and where nothing tells it.
    pub pressure: Option<f32>,
    /// It is no pointer but the keyboard, which means this very place, RAS mm: the crosshair.
    pub keyed: Option<DVec3>,
    /// What is seen there in 3D, once somebody has asked.
    surface: OnceCell<Option<Surface>>,
}

impl WorldPointer {
    /// The pointer at `at`, of which nothing more is known.
    pub fn new(place: ViewPlace, at: Pos2, modifiers: Modifiers) -> Self {
        Self {
            place,
            at,
            button: None,
            modifiers,
            may_click: true,
            may_drag: true,
            pressure: None,
            keyed: None,
            surface: OnceCell::new(),
        }
    }

    /// Whether this button is the one that is pressed.
    pub fn is(&self, button: PointerButton) -> bool {
        self.button == Some(button)
    }

    /// Whether it is in the 3D view.
    pub fn is_3d(&self) -> bool {
        self.place.slice.is_none()
    }

    /// What is seen there in 3D. (Looked for once.)
    pub fn surface(&self, cx: &ViewContext) -> Option<Surface> {
        let look = || pick::surface(&self.place, self.at, cx.document.labels(), cx);
        *self.surface.get_or_init(look)
    }

    /// Where in the scan it is; in 3D `None` where nothing is seen.
    pub fn picked(&self, cx: &ViewContext) -> Option<PickedPosition> {
        let Some(transform) = &self.place.slice else {
            let surface = self.surface(cx)?;
            return Some(PickedPosition {
                world: surface.hit.world,
                inside: surface.inside,
                normal: None,
            });
        };
        let pointed = || transform.world_from_pane(paint::in_pane(self.place.rect, self.at));
        let world = self.keyed.unwrap_or_else(pointed);
        Some(PickedPosition { world, inside: world, normal: Some(transform.frame().normal()) })
    }
}
