//! Tools by keyboard: a press and a release of the button at the crosshair, in the view that has the keyboard.

use egui::{Modifiers, PointerButton, Rect, Response};

use super::Context;
use crate::geom::Plane;
use crate::ui::commands::views::ALL_VIEWS;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::state::{Action, Pane, PointerSince, ToolAtCrosshair};
use crate::ui::tools::{self, Tool, ToolKeyboard, ViewPlace, WorldPointer};

/// Does what a click of the tool would do at the crosshair, or says why it can't.
pub fn use_tool(wanted: ToolAtCrosshair, views: &[(Pane, Response)], cx: &mut Context) {
    let tool = tools::of(cx.view.prefs.tool);
    if let ToolKeyboard::Otherwise(how) = tool.keyboard() {
        cx.out.push(Action::Refuse(tr(how).to_owned()));
        return;
    }
    let shown: Vec<(Pane, Rect)> = views.iter().map(|(pane, r)| (*pane, r.rect)).collect();
    let Some((pane, rect)) = view_for(tool, &shown, cx) else {
        let key = ALL_VIEWS.key_text();
        let why = tr_with(
            "No slice is shown that the tool could be used in: {key} shows all views",
            &[("key", &key)],
        );
        cx.out.push(Action::Refuse(why));
        return;
    };
    let place = show_crosshair(cx.place(rect, pane), cx);
    let crosshair = cx.view.scan.crosshair;
    let at = cx.on_screen(&place, crosshair);
    let modifiers = if wanted.other_way { Modifiers::ALT } else { Modifiers::NONE };
    let mut press = WorldPointer::new(place, at, modifiers);
    (press.button, press.keyed) = (Some(PointerButton::Primary), Some(crosshair));
    if let Some(gesture) = tool.press(&press, cx) {
        gesture.commit(cx);
    }
}

/// Shows what [`use_tool`] would do in the slice view that has the keyboard: the brush, and what it would paint.
pub fn hover(views: &[(Pane, Response)], cx: &mut Context) {
    let tool = tools::of(cx.view.prefs.tool);
    if matches!(tool.keyboard(), ToolKeyboard::Otherwise(_)) {
        return;
    }
    let focused = views.iter().find(|(pane, r)| pane.is_slice() && r.has_focus());
    let Some((pane, response)) = focused else { return };
    let place = cx.place(response.rect, *pane);
    let crosshair = cx.view.scan.crosshair;
    let at = cx.on_screen(&place, crosshair);
    let modifiers = response.ctx.input(|i| i.modifiers);
    let mut pointer = WorldPointer::new(place, at, modifiers);
    pointer.keyed = Some(crosshair);
    // What would be done is wanted to be seen, wherever the pointer lies.
    cx.view.transient.pointer = PointerSince::Moved;
    tool.hover(&pointer, cx);
}

/// The view that is meant: the one in which something is half drawn, that has the keyboard, under the pointer, or axial;
/// any that there is.
fn view_for(tool: &dyn Tool, shown: &[(Pane, Rect)], cx: &Context) -> Option<(Pane, Rect)> {
    let in_3d = tool.keyboard() == ToolKeyboard::InAllViews;
    let keyboard = cx.view.transient.keyboard_view.map(|(_, pane)| pane);
    let axial = Some(Pane::Slice(Plane::Axial));
    let meant = [tool.draws_in(cx.view), keyboard, cx.view.transient.hovered, axial];
    let any = shown.iter().map(|(pane, _)| Some(*pane));
    let mut usable = meant.into_iter().chain(any).flatten();
    let rect = |pane: Pane| shown.iter().find(|(p, _)| *p == pane && (in_3d || p.is_slice()));
    usable.find_map(rect).copied()
}

/// A slice view in which the crosshair can be seen: what is done there is to be seen, too.
fn show_crosshair(place: ViewPlace, cx: &mut Context) -> ViewPlace {
    let at = cx.on_screen(&place, cx.view.scan.crosshair);
    let (Pane::Slice(plane), Some(transform)) = (place.pane, &place.slice) else { return place };
    if place.rect.contains(at) {
        return place;
    }
    let mut pan_zoom = transform.pan_zoom();
    pan_zoom.centre = transform.frame().view(cx.view.scan.crosshair).truncate();
    cx.view.pane_mut(plane).pan_zoom = Some(pan_zoom);
    cx.place(place.rect, place.pane)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_says_how_it_is_used_by_keyboard() {
        for tool in tools::ALL {
            let name = tool.info().name;
            if let ToolKeyboard::Otherwise(how) = tool.keyboard() {
                assert!(!how.is_empty() && !tool.info().edits, "{name} changes masks");
            }
        }
    }
}
