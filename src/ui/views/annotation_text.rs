//! Words and lines over a slice picture: name, place, letters, crosshair, scale, window.

use egui::{Align2, Color32, Painter, Pos2, Rangef, Rect, Sense, Ui, Vec2, pos2, vec2};

use super::{SliceTransform, paint};
use crate::geom::{Convention, DVec3, Plane};
use crate::render::ColourMap;
use crate::ui::kit::format;
use crate::ui::kit::text::tr;
use crate::ui::state::ViewState;
use crate::volume::Window;

/// Distance of texts from the pane's edges.
const MARGIN: f32 = 8.0;
/// Between a bar of colours and the text above it.
const GAP: f32 = 4.0;
/// What the letter in the middle of an edge takes to each side, with what is left free beside it.
const LETTER: f32 = 14.0;
/// Views narrower than this have no room for four lines in their corner.
const ROOMY: f32 = 260.0;
/// Views narrower than this have smaller letters.
const NARROW: f32 = 200.0;
/// Kept free along the right edge for the slice slider.
pub const SLIDER_LANE: f32 = 18.0;

/// `S 41.0 mm · 101 (0–163)`: place of the slice along the axis through it (at the crosshair), and its number. A
/// turned plane has no number: it would be another one than that of the scan's own slices.
pub fn slice_text(transform: &SliceTransform, crosshair: DVec3) -> String {
    let frame = transform.frame();
    let mut view = frame.view(crosshair);
    let slice = transform.slice() as f64;
    // A turned plane passes through the crosshair itself; other slices (of a sheet) have places of their own.
    if !frame.is_oblique() || (view.z - slice).abs() > 0.5 {
        view.z = slice;
    }
    let place = format::side(frame.world(view), frame.plane().through());
    if frame.is_oblique() {
        // True of one line of the plane only.
        return format!("{place} mm {}", tr("at the crosshair"));
    }
    format!("{place} mm · {}", slice_number(transform))
}

/// `101 (0–163)`: the voxel index of the slice, as the line at the bottom, files and other programs count it,
/// and the first and last there is.
pub fn slice_number(transform: &SliceTransform) -> String {
    format!("{} (0–{})", transform.slice(), transform.frame().slices().saturating_sub(1))
}

/// `W 400 L 40`.
pub fn window_text(window: &Window) -> [String; 2] {
    [format!("W {}", paint::number(window.width)), format!("L {}", paint::number(window.centre))]
}

/// Name, slice, convention, and what is unusual about the picture, in the top left corner. `cross`: where the crosshair's
/// lines meet, which are kept apart from the words. Answers where these are, if something was left away for want of room.
pub fn corner(
    painter: &Painter,
    pane: Rect,
    transform: &SliceTransform,
    place: &str,
    view: &ViewState,
    cross: Option<Pos2>,
) -> Option<Rect> {
    let plane = transform.frame().plane();
    let at = pane.min + vec2(MARGIN, 5.0);
    let colour = paint::plane_colour(plane);
    let (name, place, elided) = beside_the_letter(painter, pane, plane, place);
    let lines = 1 + place.lines().count();
    let wide = |text: &str, size| paint::text_width(painter, text, size);
    let width = place.lines().map(|line| wide(line, 12.0)).fold(wide(&name, 13.0), f32::max);
    let block = Rect::from_min_size(at, vec2(width, 15.0 * lines as f32));
    let crossed = |at: Pos2| block.x_range().contains(at.x) || block.y_range().contains(at.y);
    if cross.is_some_and(crossed) {
        let behind = Color32::from_black_alpha(170);
        painter.rect_filled(block.expand2(vec2(3.0, 1.0)), 3.0, behind);
    }
    let text = |at, text: &str, size, colour| {
        paint::label(painter, at, Align2::LEFT_TOP, text, size, colour)
    };
    let name = text(at, &name, 13.0, colour);
    let last = text(paint::below(name), &place, 12.0, paint::TEXT);
    notes(painter, paint::below(last), transform, view);
    elided.then_some(block)
}

/// Name and place as there is room for them beside the letter in the middle of the top edge, and whether something of them
/// was left away: in one line, in two, or with the number behind the name and without the range of numbers.
fn beside_the_letter(
    painter: &Painter,
    pane: Rect,
    plane: Plane,
    place: &str,
) -> (String, String, bool) {
    let room = pane.width() / 2.0 - MARGIN - LETTER;
    let name = tr(plane.name()).to_uppercase();
    let fits =
        |text: &str, size| text.lines().all(|line| paint::text_width(painter, line, size) <= room);
    if fits(place, 12.0) {
        return (name, place.to_owned(), false);
    }
    let Some((mm, number)) = place.split_once(" · ") else {
        return (name, place.replacen(" mm ", " mm\n", 1), false);
    };
    let broken = format!("{mm}\n{number}");
    if pane.width() >= ROOMY && fits(&broken, 12.0) {
        return (name, broken, false);
    }
    let (number, more) = number.split_once('\n').unwrap_or((number, ""));
    let number = number.split(' ').next().unwrap_or_default();
    let named = format!("{name} {number}");
    let named = if fits(&named, 13.0) { named } else { format!("{} {number}", short_name(plane)) };
    let place = if more.is_empty() { mm.to_owned() } else { format!("{mm}\n{more}") };
    (named, place, true)
}

/// A plane's name where there is little room.
fn short_name(plane: Plane) -> &'static str {
    match plane {
        Plane::Axial => tr("AX"),
        Plane::Coronal => tr("COR"),
        Plane::Sagittal => tr("SAG"),
    }
}

/// What was shortened there, in full when the pointer rests on it.
pub fn hover_text(ui: &Ui, at: Rect, text: &str) {
    let id = ui.scope_id().with(("shortened", at.min.x.to_bits(), at.min.y.to_bits()));
    ui.interact(at, id, Sense::hover()).on_hover_text(text);
}

/// Convention, slant and thickness, one below the other from `at` on.
pub fn notes(painter: &Painter, at: Pos2, transform: &SliceTransform, view: &ViewState) {
    let mut at = at;
    let side = match view.prefs.convention {
        _ if transform.frame().plane() == Plane::Sagittal => None,
        Convention::Radiological => Some(tr("RADIOLOGICAL").to_owned()),
        Convention::Neurological => Some(tr("NEUROLOGICAL").to_owned()),
    };
    // A scan that was taken at a slant has letters that are the nearest ones only.
    let tilt = transform.frame().tilt_degrees();
    let slant = tilt >= if transform.frame().is_oblique() { 0.5 } else { 3.0 };
    let slant = slant.then(|| format!("{} {tilt:.0}°", tr("OBLIQUE")));
    let usual: Vec<_> = side.into_iter().chain(slant).collect();
    if !usual.is_empty() {
        let text = usual.join(" · ");
        let rect = paint::label(painter, at, Align2::LEFT_TOP, &text, 10.0, paint::QUIET);
        at = paint::below(rect);
    }
    if let Some(slab) = view.slab_text() {
        paint::label(painter, at, Align2::LEFT_TOP, &slab, 12.0, paint::ACCENT);
    }
}

/// Orientation letters at the four edges.
pub fn letters(painter: &Painter, pane: Rect, letters: &[String; 4]) {
    let centre = pane.center();
    let places = [
        (pos2(pane.min.x + MARGIN, centre.y), Align2::LEFT_CENTER),
        (pos2(pane.max.x - SLIDER_LANE - 4.0, centre.y), Align2::RIGHT_CENTER),
        (pos2(centre.x, pane.min.y + 3.0), Align2::CENTER_TOP),
        (pos2(centre.x, pane.max.y - 5.0), Align2::CENTER_BOTTOM),
    ];
    let size = if pane.width() < NARROW { 15.0 } else { 20.0 };
    for (letter, (at, anchor)) in letters.iter().zip(places) {
        paint::label(painter, at, anchor, letter, size, paint::TEXT);
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

/// Where a crosshair's line in this direction may run: as far as the edges, or only as far as the letter
/// there. (A line through an I is an I no more, and a new crosshair is in the middle.)
/// `wide`: how many letters stand at the left and right edges of turned pictures, at most.
pub fn clear_of_letters(pane: Rect, at: Pos2, direction: Vec2, wide: usize) -> Rect {
    let more = 14.0 * wide.saturating_sub(1) as f32;
    let (mut x, mut y) = (pane.x_range(), pane.y_range());
    if direction.x.abs() < 0.1 && (at.x - pane.center().x).abs() < 14.0 {
        y = Rangef::new(y.min + 27.0, y.max - 27.0);
    }
    if direction.y.abs() < 0.1 && (at.y - pane.center().y).abs() < 14.0 {
        x = Rangef::new(x.min + 27.0 + more, x.max - SLIDER_LANE - 23.0 - more);
    }
    Rect::from_x_y_ranges(x, y)
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
    paint::label(painter, at, Align2::LEFT_BOTTOM, &label, 11.0, paint::TEXT);
}

/// Window and level of the scan in the bottom right corner, in two lines where there is not room for one; above
/// them, as far as half of the pane goes, each image that lies over it: name, the values at the ends of its window,
/// its colours between them.
pub fn windows(painter: &Painter, pane: Rect, view: &ViewState) {
    let right = pos2(pane.max.x - SLIDER_LANE - 4.0, pane.max.y - 6.0);
    // As far as the letter at the middle of the bottom edge.
    let room = right.x - pane.center().x - 16.0;
    let mut at = right;
    if view.scan.show_image {
        if view.scan.colour_map != ColourMap::Grey {
            at.y = paint::colour_bar(painter, at, room, view.scan.colour_map) - GAP;
        }
        at.y = window(painter, at, room, &view.scan.window);
    }
    for layer in view.scan.overlays.iter().filter(|layer| layer.visible) {
        // Half of the pane is the picture's.
        if at.y - 30.0 < pane.center().y {
            return;
        }
        at.y = paint::colour_bar(painter, at - vec2(0.0, 4.0), room, layer.colour_map) - GAP;
        let ends = [layer.window.low(), layer.window.high()].map(paint::number);
        let ends = format!("{} … {}", ends[0], ends[1]);
        let name = format::shorten(view.shown_name(&layer.volume), 20);
        let both = format!("{name} {ends}");
        let text = if paint::text_width(painter, &both, 11.0) <= room { both } else { ends };
        at.y = paint::label(painter, at, Align2::RIGHT_BOTTOM, &text, 11.0, paint::TEXT).min.y;
    }
}

/// Window and level of what is shown beside the scan, in the bottom right corner, with its colours.
pub fn window_beside(painter: &Painter, pane: Rect, of: &Window, colour_map: ColourMap) {
    let mut at = pos2(pane.max.x - SLIDER_LANE - 4.0, pane.max.y - 6.0);
    let room = at.x - pane.center().x - 16.0;
    if colour_map != ColourMap::Grey {
        at.y = paint::colour_bar(painter, at, room, colour_map) - GAP;
    }
    window(painter, at, room, of);
}

/// Answers where it begins.
fn window(painter: &Painter, right: Pos2, room: f32, window: &Window) -> f32 {
    let [width, level] = window_text(window);
    let text = |at: Pos2, text: &str| {
        paint::label(painter, at, Align2::RIGHT_BOTTOM, text, 12.0, paint::TEXT).min.y
    };
    let both = format!("{width} {level}");
    if paint::text_width(painter, &both, 12.0) <= room {
        return text(right, &both);
    }
    let below = text(right, &level);
    text(pos2(right.x, below), &width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3, DVec2, Grid};

    #[test]
    fn the_slice_text_tells_world_millimetres_and_counts_as_voxels_do() {
        let m = DMat3::from_diagonal(DVec3::new(-1.0, -1.0, 2.5));
        let affine = DAffine3::from_mat3_translation(m, DVec3::new(10.0, 20.0, -30.0));
        let grid = Grid::new([20, 30, 40], affine).unwrap();
        let text = |plane, slice| {
            let pane = DVec2::splat(300.0);
            let radiological = Convention::Radiological;
            let transform =
                SliceTransform::new(&grid, plane, radiological, None, None, pane, slice);
            slice_text(&transform, grid.centre())
        };
        assert_eq!(text(Plane::Axial, 39), "S 67.5 mm · 39 (0–39)");
        assert_eq!(text(Plane::Axial, 0), "I 30.0 mm · 0 (0–39)");
        assert_eq!(text(Plane::Axial, 12), "S 0.0 mm · 12 (0–39)");
        assert_eq!(text(Plane::Coronal, 29), "P 9.0 mm · 29 (0–29)");
        assert_eq!(text(Plane::Sagittal, 3), "R 7.0 mm · 3 (0–19)");
    }
}
