//! What is seen at a place of the 3D picture.

use egui::Pos2;

use super::context::ViewContext;
use super::place::ViewPlace;
use crate::geom::DVec3;
use crate::render::{Hit, HitKind, RaycastParams, pick};
use crate::ui::kit::paint;
use crate::ui::state::label_styles;
use crate::volume::LabelMap;

/// How many half voxels behind a mask's surface one of its voxels is looked for.
const DEEP: u32 = 4;

/// What is seen, and what is behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surface {
    /// What is seen, and where.
    pub hit: Hit,
    /// The place a little further in, in the voxel behind the surface; RAS mm.
    pub inside: DVec3,
}

/// What the 3D picture shows at a place of the screen, with these labels in it; `None` where nothing is seen.
pub fn surface(
    place: &ViewPlace,
    at: Pos2,
    labels: &LabelMap,
    cx: &ViewContext,
) -> Option<Surface> {
    if !cx.gpu {
        // Nothing is seen.
        return None;
    }
    let params = raycast_params(place, cx);
    let scale = f64::from(place.pixels_per_point);
    let pixel = (paint::in_pane(place.rect, at) * scale).to_array();
    let image = cx.document.image();
    let styles = label_styles(cx.document, cx.view.shown_masks());
    let hit = pick(image, labels, &styles, &params, pixel)?;
    let along = params.orbit.ray(image.grid(), params.size.map(f64::from), pixel).along;
    let inside = behind(&hit, along, labels, cx);
    Some(Surface { hit, inside })
}

/// Half a voxel behind a surface; behind a mask's as far as its first voxel.
fn behind(hit: &Hit, along: DVec3, labels: &LabelMap, cx: &ViewContext) -> DVec3 {
    let grid = cx.document.image().grid();
    let voxels = grid.voxel(hit.world + along) - grid.voxel(hit.world);
    let half = along * (0.5 / voxels.length().max(1e-9));
    let deeper = |n: u32| hit.world + half * f64::from(n);
    let voxel = |world: &DVec3| grid.voxel_at(*world);
    if let HitKind::Mask(label) = hit.kind {
        let in_mask = |world: &DVec3| voxel(world).is_some_and(|v| labels.get(v) == label);
        if let Some(world) = (1..=DEEP).map(deeper).find(in_mask) {
            return world;
        }
    }
    Some(deeper(1)).filter(|world| voxel(world).is_some()).unwrap_or(hit.world)
}

/// What the 3D view shows in this place, at full quality.
pub fn raycast_params(place: &ViewPlace, cx: &ViewContext) -> RaycastParams {
    let shown = &cx.view.scan.view_3d;
    RaycastParams {
        size: paint::pixel_size(place.rect, place.pixels_per_point),
        orbit: cx.view.scan.orbit.clone(),
        mode: cx.view.prefs.mode_3d,
        window: shown.window,
        colour_map: cx.view.scan.colour_map,
        transfer: shown.transfer.clone(),
        iso_value: shown.iso_value,
        clip: shown.clip,
        draft: false,
        image_opacity: shown.image_opacity,
    }
}
