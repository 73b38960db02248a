//! Where the windows lie that one draws and looks at slices beside: over the 3D view at first, and from then on where
//! the user has put one of them.

use egui::{Align2, Context, Pos2, Rect, Window, pos2, vec2};

use crate::ui::state::ViewState;

/// Away from the upper right corner of the 3D view: below its own buttons.
const INSIDE: egui::Vec2 = vec2(-8.0, 36.0);
/// Away from that of the window, where there is no 3D view: beside the panel at the right.
const BESIDE_PANEL: egui::Vec2 = vec2(-270.0, 80.0);

/// The window where it belongs, by its upper right corner, which stays while what is below grows.
pub(super) fn beside_slices<'w>(window: Window<'w>, ctx: &Context, view: &ViewState) -> Window<'w> {
    let corner = corner(view.prefs.mask_window, view.transient.view_3d, ctx.content_rect());
    window.pivot(Align2::RIGHT_TOP).default_pos(corner)
}

/// Where the upper right corner is at first: where it was put, if that is still within the window; else over the 3D
/// view, if there is one.
fn corner(kept: Option<[f32; 2]>, view_3d: Option<Rect>, room: Rect) -> Pos2 {
    let put = kept.map(|[x, y]| pos2(x, y)).filter(|at| room.expand(1.0).contains(*at));
    let over_3d = || view_3d.map(|rect| rect.right_top() + INSIDE);
    put.or_else(over_3d).unwrap_or_else(|| room.right_top() + BESIDE_PANEL)
}

/// Points of the line at the bottom of the window.
const STATUS: f32 = 30.0;
/// A window that is kept off the table of a comparison has so many points of height at least.
const LEAST: f32 = 280.0;

/// What windows may cover: not the line at the bottom, nor the table of a comparison where there is room above it.
pub(super) fn above_the_bars(ctx: &Context, view: &ViewState) -> Rect {
    let room = ctx.content_rect();
    let table = Some(view.comparison_height());
    let table = table.filter(|table| room.height() - STATUS - table >= LEAST).unwrap_or(0.0);
    Rect::from_min_max(room.min, room.max - vec2(0.0, STATUS + table))
}

/// Remembers where the user drags the window, which is `shown` there.
pub(super) fn keep(shown: Option<Rect>, ctx: &Context, view: &mut ViewState) {
    let Some(at) = shown.map(|rect| rect.right_top()) else {
        view.transient.mask_window_was = None;
        return;
    };
    let moved = view.transient.mask_window_was.replace(at).is_some_and(|before| before != at);
    if moved && ctx.input(|input| input.pointer.any_down()) {
        view.prefs.mask_window = Some([at.x, at.y]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_opens_where_it_was_put_or_over_the_3d_view() {
        let room = Rect::from_min_max(pos2(0.0, 0.0), pos2(1440.0, 900.0));
        let view_3d = Rect::from_min_max(pos2(700.0, 460.0), pos2(1170.0, 870.0));
        for (kept, view_3d, expected) in [
            (None, Some(view_3d), pos2(1162.0, 496.0)),
            (None, None, pos2(1170.0, 80.0)),
            (Some([500.0, 120.0]), Some(view_3d), pos2(500.0, 120.0)),
            // The window was larger then.
            (Some([2500.0, 120.0]), Some(view_3d), pos2(1162.0, 496.0)),
            (Some([f32::NAN, 120.0]), None, pos2(1170.0, 80.0)),
        ] {
            assert_eq!(corner(kept, view_3d, room), expected, "{kept:?}");
        }
    }
}
