use super::{BLACK, Subject, bytes, rows};
use crate::geom::DVec3;
use crate::render::{LabelStyle, SliceParams};
use crate::volume::{LabelMap, Volume};

/// What `slice.wgsl` draws: rows of RGBA, top row first.
pub fn slice_rgba(
    volume: &Volume,
    labels: &LabelMap,
    styles: &[LabelStyle],
    params: &SliceParams,
) -> Vec<u8> {
    let subject = Subject::new(volume, labels, styles);
    let voxel_at = |x: f64, y: f64| params.voxel_from_pane.transform_point3(DVec3::new(x, y, 0.0));
    let pixel = |x: u32, y: u32| {
        let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
        let at = voxel_at(x, y);
        if subject.voxel(at).is_none() {
            return BLACK;
        }
        let grey = DVec3::splat(subject.grey(at, params.window, params.interpolation));
        let label = subject.label(at);
        if label == 0 {
            return bytes(grey);
        }
        let neighbours = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
        let edge =
            neighbours.iter().any(|(dx, dy)| subject.label(voxel_at(x + dx, y + dy)) != label);
        let faint = subject.is_faint(label);
        let fill = params.masks.fill * if faint { 0.5 } else { 1.0 };
        let dash = (x.floor() + y.floor()) as u32 % 8 < 4;
        let opacity = if edge && (dash || !faint) { params.masks.outline } else { fill };
        bytes(grey.lerp(subject.colour(label), f64::from(opacity)))
    };
    rows(params.size, pixel)
}
