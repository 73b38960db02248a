//! Drag a rectangle: the chosen layer gets the window of the values in it.

use egui::{Color32, CursorIcon, Key, Painter, PointerButton, Pos2, Rect, Stroke, StrokeKind};

use super::by_hand::Nothing;
use super::{ClickOrDrag, Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, key};
use crate::geom::DVec3;
use crate::ui::kit::{icons, paint};
use crate::ui::state::{Pane, ToolId, ViewState};
use crate::volume::{Rectangle, Window};

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("region"),
    name: "Window of a region",
    keys: &[key(Key::A)],
    icon: icons::REGION,
    gestures: &[(
        "Drag (Region tool); Shift+drag (Window tool)",
        "Window of the values in a rectangle",
    )],
    hint: "Drag a rectangle: the window of the values in it",
    edits: false,
    seldom: true,
};

pub struct RegionWindow;

impl Tool for RegionWindow {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        if at.is_3d() || !at.is(PointerButton::Primary) {
            return None;
        }
        match at.keyed {
            Some(corner) => Some(self::corner(&at.place, corner, cx)),
            None => begin(at),
        }
    }

    /// A corner that was set by keyboard is given up with the tool.
    fn each_frame(&self, in_use: bool, cx: &mut ViewContext) {
        cx.view.transient.region_corner.take_if(|_| !in_use || cx.view.scan.lightbox.is_some());
    }

    fn takes_key(&self, key: Key, view: &mut ViewState) -> bool {
        key == Key::Escape && view.transient.region_corner.take().is_some()
    }

    fn draws_in(&self, view: &ViewState) -> Option<Pane> {
        view.transient.region_corner.map(|(plane, _)| Pane::Slice(plane))
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        _: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
        let corner = cx.view.transient.region_corner;
        if let Some((_, corner)) = corner.filter(|(plane, _)| place.pane == Pane::Slice(*plane)) {
            outline(painter, between(place, corner, cx.view.scan.crosshair, cx));
        }
    }

    fn cursor(&self, at: &WorldPointer, _cx: &ViewContext) -> Option<CursorIcon> {
        (!at.is_3d()).then_some(CursorIcon::Crosshair)
    }
}

/// One of two corners at the crosshair: the second one makes the window.
fn corner(place: &ViewPlace, at: DVec3, cx: &mut ViewContext) -> Box<dyn Gesture> {
    if let Pane::Slice(plane) = place.pane {
        let first = cx.view.transient.region_corner.take().filter(|(other, _)| *other == plane);
        match first {
            Some((_, first)) => set_window(place, between(place, first, at, cx), cx),
            None => cx.view.transient.region_corner = Some((plane, at)),
        }
    }
    Nothing::begin()
}

/// The rectangle on the screen between two places, RAS mm.
fn between(place: &ViewPlace, one: DVec3, other: DVec3, cx: &ViewContext) -> Rect {
    Rect::from_two_pos(cx.on_screen(place, one), cx.on_screen(place, other))
}

/// A rectangle from where a button went down.
pub fn begin(press: &WorldPointer) -> Option<Box<dyn Gesture>> {
    let (place, corner) = (press.place.clone(), press.at);
    ClickOrDrag::begin(press, None, Some(Box::new(Drag { place, corner, to: corner })))
}

struct Drag {
    place: ViewPlace,
    corner: Pos2,
    to: Pos2,
}

impl Drag {
    fn rect(&self) -> Rect {
        Rect::from_two_pos(self.corner, self.to).intersect(self.place.rect)
    }
}

impl Gesture for Drag {
    fn update(&mut self, to: &WorldPointer, _cx: &mut ViewContext) {
        (self.place, self.to) = (to.place.clone(), to.at);
    }

    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        set_window(&self.place, self.rect(), cx);
    }

    fn paint(&self, painter: &Painter) {
        outline(painter, self.rect());
    }
}

/// The chosen layer gets the window of the values in a rectangle of a view.
fn set_window(place: &ViewPlace, rect: Rect, cx: &mut ViewContext) {
    let Some(transform) = &place.slice else { return };
    let overlay = cx.view.chosen_overlay();
    let volume = overlay.map_or(cx.document.image(), |o| &o.volume);
    let voxel = |at: Pos2| {
        let at = paint::in_pane(place.rect, at);
        volume.grid().voxel(transform.world_from_pane(at))
    };
    let corner = voxel(rect.min);
    let region = Rectangle {
        corner,
        along: voxel(rect.right_top()) - corner,
        down: voxel(rect.left_bottom()) - corner,
    };
    let time_point = if overlay.is_some() { 0 } else { cx.view.scan.time_point };
    if let Some(window) = Window::of_region(volume, time_point, &region) {
        cx.view.set_layer_window(window);
    }
}

fn outline(painter: &Painter, rect: Rect) {
    for (width, colour) in [(3.0, Color32::from_black_alpha(160)), (1.0, paint::TEXT)] {
        painter.rect_stroke(rect, 0.0, Stroke::new(width, colour), StrokeKind::Middle);
    }
}
