//! Drag a rectangle: the chosen layer gets the window of the values in it.

use egui::{Color32, CursorIcon, Key, Painter, PointerButton, Pos2, Rect, Stroke, StrokeKind};

use super::{ClickOrDrag, Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, key};
use crate::ui::kit::{icons, paint};
use crate::ui::state::ToolId;
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

    fn press(&self, at: &WorldPointer, _cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        if at.is_3d() || !at.is(PointerButton::Primary) {
            return None;
        }
        begin(at)
    }

    fn cursor(&self, at: &WorldPointer, _cx: &ViewContext) -> Option<CursorIcon> {
        (!at.is_3d()).then_some(CursorIcon::Crosshair)
    }
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
        let Some(transform) = &self.place.slice else { return };
        let rect = self.rect();
        let overlay = cx.view.chosen_overlay();
        let volume = overlay.map_or(cx.document.image(), |o| &o.volume);
        let voxel = |at: Pos2| {
            let at = paint::in_pane(self.place.rect, at);
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

    fn paint(&self, painter: &Painter) {
        for (width, colour) in [(3.0, Color32::from_black_alpha(160)), (1.0, paint::TEXT)] {
            let stroke = Stroke::new(width, colour);
            painter.rect_stroke(self.rect(), 0.0, stroke, StrokeKind::Middle);
        }
    }
}
