//! Colours and small drawing helpers that the views share. Everything here is drawn over a picture of any
//! brightness, so text and lines carry a dark edge.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Stroke, Vec2, pos2, vec2};

use crate::geom::{Axis, DVec2, Plane};
use crate::render::ColourMap;
use crate::ui::kit::format::digits;

/// Ordinary text in views.
pub const TEXT: Color32 = Color32::from_rgb(0xd8, 0xda, 0xdf);
/// Text that should not ask for attention.
pub const QUIET: Color32 = Color32::from_rgb(0xa4, 0xa9, 0xb2);
/// The accent.
pub const ACCENT: Color32 = Color32::from_rgb(0x4c, 0x9f, 0xfe);
/// Something to know.
pub const WARNING: Color32 = Color32::from_rgb(0xf2, 0xb0, 0x3d);
/// Positive clicks.
pub const POSITIVE: Color32 = Color32::from_rgb(0x3d, 0xd6, 0x8c);
/// Negative clicks.
pub const NEGATIVE: Color32 = Color32::from_rgb(0xff, 0x6b, 0x6b);
const EDGE: Color32 = Color32::from_black_alpha(190);

/// A plane's colour: axial red, coronal green, sagittal yellow, as in 3D Slicer.
pub fn plane_colour(plane: Plane) -> Color32 {
    match plane {
        Plane::Axial => Color32::from_rgb(0xf2, 0x5c, 0x54),
        Plane::Coronal => Color32::from_rgb(0x6c, 0xc6, 0x5c),
        Plane::Sagittal => Color32::from_rgb(0xed, 0xd1, 0x4a),
    }
}

/// The colour of the plane that a world axis passes through.
pub fn axis_colour(axis: Axis) -> Color32 {
    Plane::ALL.into_iter().find(|p| p.through() == axis).map_or(TEXT, plane_colour)
}

/// Text with a dark edge. Answers the place it takes.
pub fn text(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    text: &str,
    size: f32,
    colour: Color32,
) -> Rect {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(size), colour);
    let rect = anchor.anchor_size(at, galley.size());
    // Towards the corners: these cover the sides, too, and software renderers feel every glyph.
    for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
        let shadow = std::sync::Arc::clone(&galley);
        painter.galley_with_override_text_color(rect.min + vec2(x, y), shadow, EDGE);
    }
    painter.galley(rect.min, galley, colour);
    rect
}

/// [`text`] that lies over a picture at all times: with a veil behind it, since beside white an edge alone is a
/// hairline.
pub fn label(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    words: &str,
    size: f32,
    colour: Color32,
) -> Rect {
    let behind = painter.add(egui::Shape::Noop);
    let rect = text(painter, at, anchor, words, size, colour);
    let veil = Color32::from_black_alpha(110);
    painter.set(behind, egui::Shape::rect_filled(rect.expand2(vec2(2.0, 0.0)), 2.0, veil));
    rect
}

/// Width of a text in points.
pub fn text_width(painter: &Painter, text: &str, size: f32) -> f32 {
    painter.layout_no_wrap(text.to_owned(), FontId::proportional(size), TEXT).size().x
}

/// A thin line with a dark edge.
pub fn line(painter: &Painter, points: [Pos2; 2], width: f32, colour: Color32) {
    painter.line_segment(points, Stroke::new(width + 2.0, EDGE.gamma_multiply(0.6)));
    painter.line_segment(points, Stroke::new(width, colour));
}

/// A plus or minus sign of strokes, so that no font needs to have it.
pub fn sign(painter: &Painter, at: Pos2, radius: f32, positive: bool, stroke: Stroke) {
    painter.line_segment([at - vec2(radius, 0.0), at + vec2(radius, 0.0)], stroke);
    if positive {
        painter.line_segment([at - vec2(0.0, radius), at + vec2(0.0, radius)], stroke);
    }
}

/// The sign of the click that the pointer would make, beside the pointer.
pub fn pointer_sign(painter: &Painter, pointer: Pos2, positive: bool) {
    let at = pointer + vec2(13.0, -13.0);
    let edge = Stroke::new(4.5, Color32::from_black_alpha(190));
    sign(painter, at, 4.5, positive, edge);
    sign(painter, at, 4.5, positive, Stroke::new(2.0, sign_colour(positive)));
}

/// The colour of positive or negative clicks.
pub fn sign_colour(positive: bool) -> Color32 {
    if positive { POSITIVE } else { NEGATIVE }
}

/// A number in as few characters as show its size: three significant digits, none after the point from 100 on.
pub fn number(value: f64) -> String {
    digits(value, 3)
}

/// Screen position of a position in a pane.
pub fn on_screen(pane: Rect, at: DVec2) -> Pos2 {
    pane.min + vec2(at.x as f32, at.y as f32)
}

/// Position in a pane of a screen position.
pub fn in_pane(pane: Rect, at: Pos2) -> DVec2 {
    let at: Vec2 = at - pane.min;
    DVec2::new(f64::from(at.x), f64::from(at.y))
}

/// A length of 1, 2 or 5 times a power of ten that is the longest not over `longest`.
pub fn round_length(longest: f64) -> f64 {
    let power = 10f64.powf(longest.max(1e-9).log10().floor());
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|n| n * power)
        .find(|l| *l <= longest * (1.0 + 1e-9))
        .unwrap_or(power)
}

/// Where two lines of a corner's text start: one below the other.
pub fn below(above: Rect) -> Pos2 {
    pos2(above.min.x, above.max.y)
}

/// Lines in the gaps right of and below rectangles that fill an area; they reach into the rectangles, which are to
/// be painted after them. Not the area as a whole, since software renderers take long for every pixel of egui's.
pub fn gaps(ui: &egui::Ui, area: Rect, rects: impl Iterator<Item = Rect>) {
    let colour = ui.visuals().widgets.noninteractive.bg_stroke.color;
    for rect in rects {
        let out = rect.expand2(egui::vec2(2.0, 2.0)).max;
        for line in [
            Rect::from_min_max(pos2(rect.max.x, rect.min.y), out),
            Rect::from_min_max(pos2(rect.min.x, rect.max.y), out),
        ] {
            ui.painter().rect_filled(line.intersect(area), 0.0, colour);
        }
    }
}

/// The colours from black to white of a colour map, as a bar that ends at a bottom right corner. Answers its top.
pub fn colour_bar(painter: &Painter, corner: Pos2, room: f32, map: ColourMap) -> f32 {
    let size = vec2(room.clamp(8.0, 96.0), 5.0);
    let rect = Rect::from_min_size(corner - size, size);
    painter.rect_filled(rect.expand(1.0), 0.0, EDGE);
    painter.add(colour_mesh(rect, map));
    rect.top()
}

/// The colours of a colour map from left to right.
pub fn colour_mesh(rect: Rect, map: ColourMap) -> egui::Mesh {
    const PIECES: usize = 32;
    let mut mesh = egui::Mesh::default();
    for n in 0..=PIECES {
        let share = n as f32 / PIECES as f32;
        let [r, g, b] = map.colour(f64::from(share));
        let x = rect.left() + share * rect.width();
        for y in [rect.top(), rect.bottom()] {
            mesh.colored_vertex(pos2(x, y), Color32::from_rgb(r, g, b));
        }
        if n > 0 {
            let at = 2 * n as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    mesh
}

/// A rectangle in physical pixels, rounded as egui rounds: left, top, width, height.
pub fn pixels(rect: Rect, pixels_per_point: f32) -> [f32; 4] {
    let min = (rect.min * pixels_per_point).round();
    let max = (rect.max * pixels_per_point).round();
    [min.x, min.y, (max.x - min.x).max(1.0), (max.y - min.y).max(1.0)]
}

/// Width and height of a pane in physical pixels, at least 1.
pub fn pixel_size(rect: Rect, pixels_per_point: f32) -> [u32; 2] {
    let [_, _, width, height] = pixels(rect, pixels_per_point);
    [width as u32, height as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness, green to red, blue to yellow, as Björn Ottosson's `OKLab` has them.
    fn oklab(rgb: [u8; 3]) -> [f64; 3] {
        let linear = rgb.map(|c| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        let mix = |row: [f64; 3], of: [f64; 3]| row.iter().zip(of).map(|(a, b)| a * b).sum::<f64>();
        let cones = [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ]
        .map(|row| mix(row, linear).cbrt());
        [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ]
        .map(|row| mix(row, cones))
    }

    #[test]
    fn no_objects_colour_is_grey_or_looks_like_a_positive_point() {
        use crate::document::{LabelId, palette_colour};
        // Known values, from numpy.
        for (rgb, expected) in [
            ([61, 214, 140], [0.779_430_4, -0.152_646_7, 0.063_895_8]),
            ([187, 187, 187], [0.792_074_3, 0.0, 0.0]),
        ] {
            for (found, expected) in oklab(rgb).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{rgb:?}: {found} {expected}");
            }
        }
        let [r, g, b, _] = POSITIVE.to_array();
        let [_, point_a, point_b] = oklab([r, g, b]);
        for id in 1..=27 {
            let rgb = palette_colour(LabelId(id));
            let [_, a, b] = oklab(rgb);
            assert!(a.hypot(b) > 0.04, "label {id} is grey: {rgb:?}");
            // The bluish green of Okabe and Ito is 0.042 away, and was taken for a point.
            let away = (a - point_a).hypot(b - point_b);
            assert!(away > 0.12, "label {id} looks like a point: {rgb:?}, {away}");
        }
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (400.0, "400"),
            (-1024.0, "−1024"),
            (12.3456, "12.3"),
            (0.25, "0.25"),
            (1.5, "1.5"),
            (123.456, "123"),
            (0.0, "0"),
            (-0.5, "−0.5"),
            (1234.56, "1235"),
            (0.000_123_456, "0.000123"),
            (2.5e-9, "2.5e−9"),
            (-1e300, "−1e300"),
            (12_345_678.5, "1.23e7"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn a_pane_that_sticks_out_of_the_window_keeps_its_size() {
        let rect = Rect::from_min_max(pos2(-20.0, 10.0), pos2(100.0, 70.0));
        assert_eq!(pixels(rect, 1.5), [-30.0, 15.0, 180.0, 90.0]);
        assert_eq!(pixel_size(rect, 1.5), [180, 90]);
    }

    #[test]
    fn scale_bars_are_round_and_fit() {
        for (longest, expected) in
            [(99.0, 50.0), (50.0, 50.0), (49.0, 20.0), (12.0, 10.0), (0.7, 0.5)]
        {
            assert!((round_length(longest) - expected).abs() < 1e-12, "{longest}");
        }
    }
}
