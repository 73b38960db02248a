//! What lasts from a press to the button's release.

use egui::{CursorIcon, Painter};

use super::{ViewContext, WorldPointer};

/// Below this movement in points a press and release is a click.
const CLICK_SLOP: f32 = 6.0;

/// A press that lasts. It is given every movement of the pointer, not only the last one of a frame.
pub trait Gesture: Send {
    /// The pointer is elsewhere.
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext);

    /// The button was let go.
    fn commit(self: Box<Self>, _cx: &mut ViewContext) {}

    /// It is given up: by Esc, or because its view is gone. What changed the document is taken back.
    fn cancel(self: Box<Self>, _cx: &mut ViewContext) {}

    /// Draws over the view in which it began.
    fn paint(&self, _painter: &Painter) {}

    /// The pointer's shape while it lasts; `None` is that of the tool.
    fn cursor(&self) -> Option<CursorIcon> {
        None
    }

    /// Whether it changes the document step by step: keys that would change it, too, wait then.
    fn edits(&self) -> bool {
        false
    }
}

/// What a click does, where the button went down.
pub type ClickAction = Box<dyn FnOnce(&WorldPointer, &mut ViewContext) + Send>;

/// A press that is a click as long as the pointer stays where it is, and a drag once it moves.
pub struct ClickOrDrag {
    press: WorldPointer,
    click: Option<ClickAction>,
    drag: Option<Box<dyn Gesture>>,
    moved: bool,
}

impl ClickOrDrag {
    /// `drag` is given the pointer as soon as it has moved; it starts from where the button went down.
    pub fn begin(
        press: &WorldPointer,
        click: Option<ClickAction>,
        drag: Option<Box<dyn Gesture>>,
    ) -> Option<Box<dyn Gesture>> {
        let click = click.filter(|_| press.may_click);
        let drag = drag.filter(|_| press.may_drag);
        Some(Box::new(Self { press: press.clone(), click, drag, moved: false }))
    }
}

impl Gesture for ClickOrDrag {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        self.moved |= to.at.distance(self.press.at) > CLICK_SLOP;
        if self.moved
            && let Some(drag) = &mut self.drag
        {
            drag.update(to, cx);
        }
    }

    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        match (self.moved, self.click, self.drag) {
            (false, Some(click), _) => click(&self.press, cx),
            (true, _, Some(drag)) => drag.commit(cx),
            _ => {}
        }
    }

    fn cancel(self: Box<Self>, cx: &mut ViewContext) {
        if let Some(drag) = self.drag.filter(|_| self.moved) {
            drag.cancel(cx);
        }
    }

    fn paint(&self, painter: &Painter) {
        if let Some(drag) = self.drag.as_ref().filter(|_| self.moved) {
            drag.paint(painter);
        }
    }

    fn cursor(&self) -> Option<CursorIcon> {
        self.drag.as_ref().filter(|_| self.moved)?.cursor()
    }

    fn edits(&self) -> bool {
        self.moved && self.drag.as_ref().is_some_and(|drag| drag.edits())
    }
}
