//! A click on the 3D picture: to what is seen there.

use egui::{PointerButton, Pos2, Response, Ui};

use super::super::{Context, input, paint};
use super::params;
use crate::document::{Command, LabelId};
use crate::geom::DVec3;
use crate::prompt::Prompt;
use crate::render::{Hit, HitKind, pick};
use crate::ui::state::{Action, Hover, Tool, label_styles};

/// How many half voxels behind a mask's surface one of its voxels is looked for.
const DEEP: u32 = 4;

/// Reads clicks, and what is under the pointer.
pub fn handle(ui: &Ui, response: &Response, cx: &mut Context) {
    for button in [PointerButton::Primary, PointerButton::Secondary] {
        if input::clicked(response, button)
            // The second click of a double click would say nothing new.
            && !ui.input(|i| i.pointer.button_double_clicked(button))
            && let Some(at) = response.interact_pointer_pos()
        {
            click(ui, response, button, at, cx);
        }
    }
    let pointer = ui.input(|i| i.pointer.latest_pos().filter(|_| !i.pointer.any_down()));
    if response.contains_pointer()
        && let Some(at) = pointer
        && let Some((hit, inside)) = hit(ui, response, at, cx)
    {
        cx.view.transient.hover = hover(&hit, inside, cx);
    }
}

fn click(ui: &Ui, response: &Response, button: PointerButton, at: Pos2, cx: &mut Context) {
    let Some((hit, inside)) = hit(ui, response, at, cx) else { return };
    let grid = cx.document.image().grid();
    let positive = match (point(ui, cx), button) {
        (Some(positive), PointerButton::Primary) => positive,
        (Some(_), PointerButton::Secondary) => false,
        (None, PointerButton::Primary) => {
            cx.view.move_crosshair(grid, hit.world);
            return;
        }
        _ => return,
    };
    cx.view.transient.selected_prompt = None;
    cx.view.move_crosshair(grid, inside);
    let prompt = Prompt::new(inside, positive);
    cx.out.push(Action::Do(Command::AddPrompt { object: None, prompt }));
}

/// The sign of the point that a click would place. Only with Ctrl: the hand that turns the picture clicks by accident,
/// and what a point is placed on is not seen there as it is in a slice.
pub fn point(ui: &Ui, cx: &Context) -> Option<bool> {
    let (command, alt) = ui.input(|i| (i.modifiers.command, i.modifiers.alt));
    (cx.view.prefs.tool == Tool::Point && command).then_some(!(cx.view.transient.negative || alt))
}

/// What is seen at a place, and the place a little further in, in the voxel behind the surface.
fn hit(ui: &Ui, response: &Response, at: Pos2, cx: &Context) -> Option<(Hit, DVec3)> {
    if !cx.gpu {
        // Nothing is seen.
        return None;
    }
    let scale = f64::from(ui.pixels_per_point());
    let params = params(response.rect, ui.pixels_per_point(), cx);
    let pixel = (paint::in_pane(response.rect, at) * scale).to_array();
    let image = cx.document.image();
    let styles = label_styles(cx.document, cx.view.shown_masks());
    let hit = pick(image, cx.document.labels(), &styles, &params, pixel)?;
    let pane = params.size.map(f64::from);
    let along = params.orbit.ray(image.grid(), pane, pixel).along;
    Some((hit, behind(cx, &hit, along)))
}

/// Half a voxel behind a surface; behind a mask's as far as its first voxel.
fn behind(cx: &Context, hit: &Hit, along: DVec3) -> DVec3 {
    let grid = cx.document.image().grid();
    let voxels = grid.voxel(hit.world + along) - grid.voxel(hit.world);
    let half = along * (0.5 / voxels.length().max(1e-9));
    let deeper = |n: u32| hit.world + half * f64::from(n);
    let voxel = |world: &DVec3| grid.voxel_at(*world);
    if let HitKind::Mask(label) = hit.kind {
        let in_mask =
            |world: &DVec3| voxel(world).is_some_and(|v| cx.document.labels().get(v) == label);
        if let Some(world) = (1..=DEEP).map(deeper).find(in_mask) {
            return world;
        }
    }
    Some(deeper(1)).filter(|world| voxel(world).is_some()).unwrap_or(hit.world)
}

fn hover(hit: &Hit, inside: DVec3, cx: &Context) -> Option<Hover> {
    let image = cx.document.image();
    let voxel = image.grid().voxel_at(inside)?;
    let label = match hit.kind {
        HitKind::Mask(label) => cx.document.object(LabelId(label)).map(|o| o.name.clone()),
        HitKind::Scan => None,
    };
    Some(Hover { voxel, world: inside, value: image.value(voxel), label })
}
