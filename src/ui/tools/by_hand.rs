//! What tools that edit by hand share: whether they may, what they ask for, and the note at the pointer.

use std::sync::Arc;

use egui::{Align2, Color32, ComboBox, CursorIcon, Painter, PointerButton, Pos2, Rect, Ui, vec2};

use super::{Gesture, ViewContext, WorldPointer};
use crate::document::{Change, Command, Document, EditKind, GestureId, Object, Over};
use crate::ui::kit::format::shorten;
use crate::ui::kit::paint;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::kit::widgets::{choice, strip_group};
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

impl Nothing {
    /// The press was answered, and nothing begins.
    pub fn begin() -> Box<dyn Gesture> {
        Box::new(Self)
    }

    /// Nothing begins, for this reason.
    pub fn because(why: String, cx: &mut ViewContext) -> Box<dyn Gesture> {
        cx.out.push(Action::Refuse(why));
        Self::begin()
    }
}

impl Gesture for Nothing {
    fn update(&mut self, _to: &WorldPointer, _cx: &mut ViewContext) {}

    fn cursor(&self) -> Option<CursorIcon> {
        Some(CursorIcon::NotAllowed)
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
        (change(region, erases), cx.view.paint_over(cx.document), EditKind::Named(name));
    cx.out.push(Action::Do(Command::Edit { object, change, over, kind, gesture }));
}

/// Whether voxels may be given or taken. If not, the user is told why: the document refuses to.
pub fn may(name: &'static str, erases: bool, cx: &mut ViewContext) -> bool {
    let refused = refusal(erases, cx).is_some();
    if refused {
        edit(name, Region::default(), erases, cx);
    }
    !refused
}

/// What is seen at the pointer before a press: why nothing can be done, or that voxels would be taken away.
pub fn sign(painter: &Painter, view: Rect, at: Pos2, erases: bool, why_not: Option<&str>) {
    if let Some(why) = why_not {
        note(painter, view, at, why, paint::WARNING);
    } else if erases {
        paint::pointer_sign(painter, at, false);
    }
}

/// The pointer's shape where something is drawn.
pub fn cursor(refused: bool) -> CursorIcon {
    if refused { CursorIcon::NotAllowed } else { CursorIcon::Crosshair }
}

/// Shows what an edit would change, if a preview is wanted and it may be made.
pub fn preview(region: Region, erases: bool, cx: &mut ViewContext) {
    let wanted = cx.view.prefs.show_preview && cx.view.labels_shown();
    if wanted && !region.is_empty() && refusal(erases, cx).is_none() {
        let (change, over) = (change(region, erases), cx.view.paint_over(cx.document));
        cx.view.transient.edit_intent = Some(EditIntent { change, over });
    }
}

/// From whom voxels may be taken.
pub fn over_choice(ui: &mut Ui, document: &Document, view: &mut ViewState) {
    strip_group(ui, "over", |ui| overs(ui, document, view));
}

fn overs(ui: &mut Ui, document: &Document, view: &mut ViewState) {
    ui.label(tr("Paints over"));
    let mut over = view.paint_over(document);
    let two = [(tr("Background"), Over::Background), (tr("Unlocked objects"), Over::Unlocked)];
    choice(ui, &mut over, &two);
    let name = |object: &Object| shorten(&object.name, 20);
    let inside = match over {
        Over::Only(id) => document.object(id),
        _ => None,
    };
    let text = match inside {
        Some(object) => tr_with("Inside {name}", &[("name", &name(object))]),
        None => tr("Inside…").to_owned(),
    };
    let active = document.active().map(|o| o.id);
    let combo = ComboBox::from_id_salt("paint_inside").selected_text(text).show_ui(ui, |ui| {
        for object in document.objects().iter().filter(|o| Some(o.id) != active) {
            ui.selectable_value(&mut over, Over::Only(object.id), name(object));
        }
    });
    let tip = tr("Only voxels of this object are painted over");
    combo.response.accessible_name(tr("Paint inside an object")).on_hover_text(tip);
    if over != view.paint_over(document) {
        view.set_paint_over(over);
    }
}

/// Voxels for an object, or from it.
pub fn change(region: Region, erases: bool) -> Change {
    let region = Arc::new(region);
    if erases { Change::Subtract(region) } else { Change::Add(region) }
}

/// Why nothing can be painted or erased: the name of the object that is locked, nothing to erase from, or nothing to
/// paint inside of.
pub fn refusal(erases: bool, cx: &ViewContext) -> Option<String> {
    let about = |text, object: &Object| tr_with(text, &[("name", &shorten(&object.name, 30))]);
    let active = cx.document.active();
    let inside = match cx.view.paint_over(cx.document) {
        Over::Only(id) if !erases => cx.document.object(id),
        _ => None,
    };
    if let Some(locked) = active.into_iter().chain(inside).find(|o| o.locked) {
        return Some(about(mark("{name} is locked"), locked));
    }
    if erases && active.is_none() {
        return Some(tr("Select the object to erase from").to_owned());
    }
    let itself = inside.filter(|inside| active.is_some_and(|active| active.id == inside.id));
    itself.map(|o| about(mark("{name} can't be painted inside itself: select another object"), o))
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
