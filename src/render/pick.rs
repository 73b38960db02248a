use super::cpu_reference::{Caster, CpuScene};
use super::{LabelStyle, RaycastParams};
use crate::geom::DVec3;
use crate::volume::{LabelMap, Volume};

/// What lies under a pixel of the 3D view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Where, RAS mm.
    pub world: DVec3,
    /// Of what.
    pub kind: HitKind,
}

/// What a ray of the 3D view meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HitKind {
    /// The surface of a label.
    Mask(u16),
    /// The scan.
    Scan,
}

/// What the user sees at a pixel of the pane (from the top left, y down; pixel centres at + 0.5): the nearest
/// mask's surface, or else where the scan becomes opaque ([`super::Mode3d::Mip`]: the brightest place). `None`
/// where there is nothing to be seen. Takes well under a millisecond: a single ray on the CPU.
pub fn pick(
    volume: &Volume,
    labels: &LabelMap,
    styles: &[LabelStyle],
    params: &RaycastParams,
    pane_pixel: [f64; 2],
) -> Option<Hit> {
    // The full picture is what the user means, also while a draft is shown.
    let params = RaycastParams { draft: false, ..params.clone() };
    let black = params.window.low() - params.window.width;
    let scene = CpuScene::for_a_ray(volume, labels, styles, black);
    let caster = Caster::new(scene, &params);
    let trace = caster.trace(pane_pixel, 0.5);
    let (depth, kind) = match (trace.mask, trace.scan) {
        (Some((depth, label)), _) => (depth, HitKind::Mask(label)),
        (None, Some(depth)) => (depth, HitKind::Scan),
        (None, None) => return None,
    };
    Some(Hit { world: caster.world(pane_pixel, depth), kind })
}
