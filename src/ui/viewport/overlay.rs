//! Words and lines over a slice picture: name, place, letters, crosshair, scale, window.

use egui::{Align2, Painter, Pos2, Rangef, Rect, Stroke, pos2, vec2};

use super::{SliceLens, paint};
use crate::geom::{Convention, DVec2, DVec3, Plane};
use crate::ui::panels::format;
use crate::volume::Window;

/// Distance of texts from the pane's edges.
const MARGIN: f32 = 8.0;
/// Kept free along the right edge for the slice slider.
pub const SLIDER_LANE: f32 = 18.0;
/// Half of the gap in the crosshair's middle, so that it does not hide what it points at.
const CROSSHAIR_GAP: f32 = 10.0;

/// `S 41.0 mm · 102/164`: place of the slice along the axis through it (at the crosshair), and its number.
pub fn slice_text(lens: &SliceLens, crosshair: DVec3) -> String {
    let frame = lens.frame();
    let mut view = frame.view(crosshair);
    view.z = lens.slice() as f64;
    let place = format::side(frame.world(view), frame.plane().through());
    format!("{place} mm · {}/{}", lens.slice() + 1, frame.slices())
}

/// `W 400 L 40`.
pub fn window_text(window: &Window) -> [String; 2] {
    [format!("W {}", paint::number(window.width)), format!("L {}", paint::number(window.centre))]
}

/// Name, slice and convention in the top left corner.
pub fn corner(
    painter: &Painter,
    pane: Rect,
    lens: &SliceLens,
    convention: Convention,
    place: &str,
) {
    let plane = lens.frame().plane();
    let name = plane.name().to_uppercase();
    let at = pane.min + vec2(MARGIN, 5.0);
    let name = paint::text(painter, at, Align2::LEFT_TOP, &name, 13.0, paint::plane_colour(plane));
    let place =
        paint::text(painter, paint::below(name), Align2::LEFT_TOP, place, 12.0, paint::TEXT);
    let side = match convention {
        _ if plane == Plane::Sagittal => "",
        Convention::Radiological => "RADIOLOGICAL",
        Convention::Neurological => "NEUROLOGICAL",
    };
    // Pictures follow the voxels, so an oblique scan's letters are the nearest ones only.
    let tilt = lens.frame().tilt_degrees();
    let note = match (side, tilt >= 3.0) {
        (side, false) => side.to_owned(),
        ("", true) => format!("OBLIQUE {tilt:.0}°"),
        (side, true) => format!("{side} · OBLIQUE {tilt:.0}°"),
    };
    paint::text(painter, paint::below(place), Align2::LEFT_TOP, &note, 10.0, paint::QUIET);
}

/// Orientation letters at the four edges.
pub fn letters(painter: &Painter, pane: Rect, letters: &[String; 4]) {
    let centre = pane.center();
    let places = [
        (pos2(pane.min.x + MARGIN, centre.y), Align2::LEFT_CENTER),
        (pos2(pane.max.x - SLIDER_LANE - 4.0, centre.y), Align2::RIGHT_CENTER),
        (pos2(centre.x, pane.min.y + 3.0), Align2::CENTER_TOP),
        (pos2(centre.x, pane.max.y - 3.0), Align2::CENTER_BOTTOM),
    ];
    for (letter, (at, anchor)) in letters.iter().zip(places) {
        paint::text(painter, at, anchor, letter, 20.0, paint::TEXT);
    }
}

/// The colours of a plane's crosshair: of the upright and of the level line, each that of the plane it
/// stands for.
pub fn crosshair_planes(plane: Plane) -> [Plane; 2] {
    match plane {
        Plane::Axial => [Plane::Sagittal, Plane::Coronal],
        Plane::Coronal => [Plane::Sagittal, Plane::Axial],
        Plane::Sagittal => [Plane::Coronal, Plane::Axial],
    }
}

/// The lines in which the two other slices cut this one.
pub fn crosshair(painter: &Painter, pane: Rect, plane: Plane, at: DVec2) {
    let at = paint::on_screen(pane, at);
    let [upright, level] =
        crosshair_planes(plane).map(|p| paint::plane_colour(p).gamma_multiply(0.75));
    let ppp = painter.pixels_per_point();
    // Lines of one physical pixel lie on pixel centres.
    let x = ((at.x * ppp).floor() + 0.5) / ppp;
    let y = ((at.y * ppp).floor() + 0.5) / ppp;
    let width = ppp.round().max(1.0) / ppp;
    let (x_ends, y_ends) = clear_of_letters(pane, at);
    let lines = [
        (pos2(x, y_ends.min), pos2(x, at.y - CROSSHAIR_GAP), upright),
        (pos2(x, at.y + CROSSHAIR_GAP), pos2(x, y_ends.max), upright),
        (pos2(x_ends.min, y), pos2(at.x - CROSSHAIR_GAP, y), level),
        (pos2(at.x + CROSSHAIR_GAP, y), pos2(x_ends.max, y), level),
    ];
    for (from, to, colour) in lines {
        // A crosshair out of sight leaves lines that would run backwards.
        if from.x <= to.x && from.y <= to.y {
            painter.line_segment([from, to], Stroke::new(width, colour));
        }
    }
}

/// From where to where a crosshair's level and upright lines run: as far as the edges, or only as far as
/// the letter there. (A line through an I is an I no more, and a new crosshair is in the middle.)
fn clear_of_letters(pane: Rect, at: Pos2) -> (Rangef, Rangef) {
    let (mut x, mut y) = (pane.x_range(), pane.y_range());
    if (at.x - pane.center().x).abs() < 14.0 {
        y = Rangef::new(y.min + 27.0, y.max - 27.0);
    }
    if (at.y - pane.center().y).abs() < 14.0 {
        x = Rangef::new(x.min + 27.0, x.max - SLIDER_LANE - 23.0);
    }
    (x, y)
}

/// A scale bar of a round length in the bottom left corner.
pub fn scale_bar(painter: &Painter, pane: Rect, points_per_mm: f64) {
    let longest = f64::from((pane.width() * 0.28).min(160.0));
    let mm = paint::round_length(longest / points_per_mm);
    let length = (mm * points_per_mm) as f32;
    let left = pos2(pane.min.x + MARGIN, pane.max.y - 9.0);
    let right = left + vec2(length, 0.0);
    paint::line(painter, [left, right], 1.5, paint::TEXT);
    for end in [left, right] {
        paint::line(painter, [end - vec2(0.0, 3.0), end + vec2(0.0, 3.0)], 1.5, paint::TEXT);
    }
    let label = format!("{} mm", paint::number(mm));
    let at = left - vec2(0.0, 4.0);
    paint::text(painter, at, Align2::LEFT_BOTTOM, &label, 11.0, paint::TEXT);
}

/// Window and level in the bottom right corner, in two lines where there is not room for one.
pub fn window(painter: &Painter, pane: Rect, window: &Window) {
    let [width, level] = window_text(window);
    let right = pos2(pane.max.x - SLIDER_LANE - 4.0, pane.max.y - 6.0);
    let text = |at: Pos2, text: &str| {
        paint::text(painter, at, Align2::RIGHT_BOTTOM, text, 12.0, paint::TEXT)
    };
    let both = format!("{width} {level}");
    // As far as the letter at the middle of the bottom edge.
    let room = right.x - pane.center().x - 16.0;
    if paint::text_width(painter, &both, 12.0) <= room {
        text(right, &both);
    } else {
        let below = text(right, &level);
        text(pos2(right.x, below.min.y), &width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3, Grid};

    #[test]
    fn the_slice_text_tells_world_millimetres_and_counts_from_one() {
        let m = DMat3::from_diagonal(DVec3::new(-1.0, -1.0, 2.5));
        let affine = DAffine3::from_mat3_translation(m, DVec3::new(10.0, 20.0, -30.0));
        let grid = Grid::new([20, 30, 40], affine).unwrap();
        let text = |plane, slice| {
            let pane = DVec2::splat(300.0);
            let radiological = Convention::Radiological;
            let lens = SliceLens::new(&grid, plane, radiological, None, None, pane, slice);
            slice_text(&lens, grid.centre())
        };
        assert_eq!(text(Plane::Axial, 39), "S 67.5 mm · 40/40");
        assert_eq!(text(Plane::Axial, 0), "I 30.0 mm · 1/40");
        assert_eq!(text(Plane::Axial, 12), "S 0.0 mm · 13/40");
        assert_eq!(text(Plane::Coronal, 29), "P 9.0 mm · 30/30");
        assert_eq!(text(Plane::Sagittal, 3), "R 7.0 mm · 4/20");
    }
}
