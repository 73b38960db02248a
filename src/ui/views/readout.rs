//! What is under the pointer, for the line at the bottom.

use egui::{Pos2, Rect};

use super::{Context, SliceTransform, paint};
use crate::document::LabelId;
use crate::render::HitKind;
use crate::ui::state::Hover;
use crate::ui::tools::WorldPointer;

/// What is at a place of a pane.
pub fn in_slice(transform: &SliceTransform, pane: Rect, at: Pos2, cx: &Context) -> Option<Hover> {
    let world = transform.world_from_pane(paint::in_pane(pane, at));
    let image = cx.document.image();
    let voxel = image.grid().voxel_at(world)?;
    let label = LabelId(cx.document.labels().get(voxel));
    Some(Hover {
        voxel,
        world,
        value: image.value_in(cx.view.scan.time_point, voxel),
        label: cx.document.object(label).map(|o| o.name.clone()),
    })
}

/// What is seen at a place of the 3D picture, if something is.
pub fn in_3d(at: &WorldPointer, cx: &Context) -> Option<Hover> {
    let surface = at.surface(cx)?;
    let image = cx.document.image();
    let voxel = image.grid().voxel_at(surface.inside)?;
    let label = match surface.hit.kind {
        HitKind::Mask(label) => cx.document.object(LabelId(label)).map(|o| o.name.clone()),
        HitKind::Scan => None,
    };
    Some(Hover { voxel, world: surface.inside, value: image.value(voxel), label })
}
