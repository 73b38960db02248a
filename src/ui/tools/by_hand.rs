//! What tools that edit by hand share: whether they may, what they ask for, and the note at the pointer.

use std::sync::Arc;

use egui::{Align2, Color32, Painter, PointerButton, Pos2, Rect, Ui, vec2};

use super::{Gesture, ViewContext, WorldPointer};
use crate::document::{Change, Command, EditKind, GestureId, Over};
use crate::ui::kit::format::shorten;
use crate::ui::kit::paint;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::choice;
use crate::ui::state::{Action, EditIntent, ViewState};
use crate::volume::Region;

/// Whether a press with the left or right button takes voxels away: the right one does, Alt is the other way round.
/// `None` if the press is not for a tool.
pub fn takes_away(press: &WorldPointer) -> Option<bool> {
    let right = match press.button? {
        PointerButton::Primary => false,
        PointerButton::Secondary => true,
        _ => return None,
    };
    (press.may_click && press.may_drag).then_some(right != press.modifiers.alt)
}

/// A press that does nothing.
pub struct Nothing;

impl Gesture for Nothing {
    fn update(&mut self, _to: &WorldPointer, _cx: &mut ViewContext) {}

    fn cursor(&self) -> Option<egui::CursorIcon> {
        Some(egui::CursorIcon::NotAllowed)
    }
}

/// A name for a gesture that changes the document.
pub fn next_gesture(view: &mut ViewState) -> GestureId {
    view.transient.gestures += 1;
    GestureId(view.transient.gestures)
}

/// Gives voxels to the selected object, or to a new one, or takes them from it: one step of this name.
pub fn edit(name: &'static str, region: Region, erases: bool, cx: &mut ViewContext) {
    let gesture = next_gesture(cx.view);
    let object = cx.document.active().map(|o| o.id);
    let (change, over, kind) =
        (change(region, erases), cx.view.prefs.brush.over, EditKind::Named(name));
    cx.out.push(Action::Do(Command::Edit { object, change, over, kind, gesture }));
}

/// Tells why nothing can be changed: the document refuses to.
pub fn tell_refusal(name: &'static str, erases: bool, cx: &mut ViewContext) {
    edit(name, Region::default(), erases, cx);
}

/// Shows what an edit would change, if a preview is wanted and it may be made.
pub fn preview(region: Region, erases: bool, cx: &mut ViewContext) {
    let wanted = cx.view.prefs.show_preview && cx.view.labels_shown();
    if wanted && !region.is_empty() && refusal(erases, cx).is_none() {
        let (change, over) = (change(region, erases), cx.view.prefs.brush.over);
        cx.view.transient.edit_intent = Some(EditIntent { change, over });
    }
}

/// From whom voxels may be taken.
pub fn over_choice(ui: &mut Ui, view: &mut ViewState) {
    ui.label(tr("Paints over"));
    let over = [(tr("Background"), Over::Background), (tr("Unlocked objects"), Over::Unlocked)];
    choice(ui, &mut view.prefs.brush.over, &over);
}

/// Voxels for an object, or from it.
pub fn change(region: Region, erases: bool) -> Change {
    let region = Arc::new(region);
    if erases { Change::Subtract(region) } else { Change::Add(region) }
}

/// Why nothing can be painted or erased: the name of the object that is locked, or nothing to erase from.
pub fn refusal(erases: bool, cx: &ViewContext) -> Option<String> {
    match cx.document.active() {
        Some(object) if object.locked => {
            Some(tr_with("{name} is locked", &[("name", &shorten(&object.name, 30))]))
        }
        None if erases => Some(tr("Select the object to erase from").to_owned()),
        _ => None,
    }
}

/// A line of text at the pointer, in a view; or several.
pub fn note(painter: &Painter, view: Rect, pointer: Pos2, text: &str, colour: Color32) {
    let width = paint::text_width(painter, text, NOTE);
    let height = (NOTE + 4.0) * text.lines().count() as f32;
    let corner = note_place(view, pointer, vec2(width, height));
    paint::text(painter, corner, Align2::LEFT_TOP, text, NOTE, colour);
}

/// Size of a note at the pointer, and how far from it it is, in points.
const NOTE: f32 = 12.0;
const NOTE_AWAY: f32 = 14.0;

/// The upper left corner of a note of this size at the pointer: below it to the right, but within the view.
fn note_place(view: Rect, pointer: Pos2, size: egui::Vec2) -> Pos2 {
    let view = view.shrink(4.0);
    let below = pointer.y + NOTE_AWAY;
    // Not onto what the pointer is on.
    let above = pointer.y - NOTE_AWAY - size.y;
    let y = if below + size.y <= view.max.y { below } else { above.max(view.min.y) };
    let x = (pointer.x + NOTE_AWAY).min(view.max.x - size.x).max(view.min.x);
    egui::pos2(x, y)
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn a_note_at_the_pointer_is_within_the_view() {
        let view = Rect::from_min_max(pos2(100.0, 50.0), pos2(300.0, 250.0));
        let size = vec2(80.0, 16.0);
        for (pointer, corner) in [
            (pos2(150.0, 100.0), pos2(164.0, 114.0)),
            (pos2(290.0, 100.0), pos2(216.0, 114.0)),
            (pos2(290.0, 240.0), pos2(216.0, 210.0)),
            (pos2(101.0, 249.0), pos2(115.0, 219.0)),
        ] {
            assert_eq!(note_place(view, pointer, size), corner, "{pointer}");
        }
        // Of a note that is wider than the view its beginning is seen.
        assert_eq!(note_place(view, pos2(200.0, 100.0), vec2(400.0, 16.0)).x, 104.0);
    }
}
