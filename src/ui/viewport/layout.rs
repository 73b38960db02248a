use egui::emath::GuiRounding;
use egui::{Rect, pos2};

use crate::geom::Plane;
use crate::ui::Pane;

/// Points between neighbouring panes.
const GAP: f32 = 1.0;

/// Where the panes lie in `area`: axial top left, sagittal top right, coronal bottom left, 3D bottom
/// right, or one alone. On whole physical pixels, so that pictures and what is drawn over them agree.
pub fn panes(area: Rect, pixels_per_point: f32, maximised: Option<Pane>) -> Vec<(Pane, Rect)> {
    let snap = |rect: Rect| rect.round_to_pixels(pixels_per_point);
    if let Some(pane) = maximised {
        return vec![(pane, snap(area))];
    }
    let gap = (GAP * pixels_per_point).round().max(1.0) / pixels_per_point;
    let column = |right: bool| split(area.min.x, area.max.x, gap, right);
    let row = |bottom: bool| split(area.min.y, area.max.y, gap, bottom);
    let place = |right, bottom| {
        let ((x0, x1), (y0, y1)) = (column(right), row(bottom));
        snap(Rect::from_min_max(pos2(x0, y0), pos2(x1, y1)))
    };
    vec![
        (Pane::Slice(Plane::Axial), place(false, false)),
        (Pane::Slice(Plane::Sagittal), place(true, false)),
        (Pane::Slice(Plane::Coronal), place(false, true)),
        (Pane::Volume, place(true, true)),
    ]
}

fn split(from: f32, to: f32, gap: f32, second: bool) -> (f32, f32) {
    let half = ((to - from - gap) / 2.0).max(0.0);
    if second { (from + half + gap, to) } else { (from, from + half) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_panes_fill_the_area_on_whole_pixels_without_overlap() {
        for scale in [1.0f32, 1.25, 2.0] {
            let area = Rect::from_min_max(pos2(40.0, 24.0), pos2(841.0, 555.0));
            let panes = panes(area, scale, None);
            for (n, (_, rect)) in panes.iter().enumerate() {
                for (_, other) in &panes[n + 1..] {
                    let both = rect.intersect(*other);
                    assert!(both.width() <= 0.0 || both.height() <= 0.0, "{rect} {other}");
                }
                for edge in [rect.min.x, rect.min.y, rect.max.x, rect.max.y] {
                    let pixels = edge * scale;
                    assert!((pixels - pixels.round()).abs() < 1e-3, "{edge} at {scale}");
                }
            }
            let (axial, volume) = (panes[0].1, panes[3].1);
            assert!(
                (axial.min - area.min).length() < 1.0 && (volume.max - area.max).length() < 1.0
            );
            let gap = volume.min - axial.max;
            assert!(gap.x > 0.2 && gap.x < 2.1 && gap.y > 0.2 && gap.y < 2.1, "{gap:?}");
        }
    }

    #[test]
    fn a_maximised_pane_is_alone() {
        let area = Rect::from_min_max(pos2(0.0, 0.0), pos2(640.0, 480.0));
        assert_eq!(panes(area, 1.0, Some(Pane::Volume)), [(Pane::Volume, area)]);
    }
}
