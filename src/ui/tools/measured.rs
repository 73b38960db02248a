//! What was measured, in a slice view: its lines, the numbers beside them, and what of it is under the pointer.

use egui::{Align2, Color32, Painter, Pos2, Rect, vec2};

use super::{ViewContext, ViewPlace};
use crate::document::Document;
use crate::geom::DVec3;
use crate::measure::{Measurement, MeasurementId, MeasurementShape, RectangleValues};
use crate::ui::kit::paint;
use crate::ui::state::{SliceTransform, measure_lines, readout};

/// How close the pointer must be to an end, and to a line, to mean it, in points.
const GRAB: f32 = 8.0;
const GRAB_LINE: f32 = 5.0;
/// Size of the numbers, of a line's end, and how far numbers are from it.
const TEXT: f32 = 13.0;
const END: f32 = 3.5;
const AWAY: f32 = 8.0;
/// At the right edge, where the slice slider is.
const LANE: f32 = 18.0;
/// How far from the slice shown places may be to lie in it, in slices.
const IN_SLICE: f64 = 0.5 + 1e-6;

/// What of a measure is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grip {
    /// One of its places.
    Place(usize),
    /// All of it.
    Whole,
}

/// Whether all these places lie in the slice that is shown.
pub fn lie_in_slice(transform: &SliceTransform, places: &[DVec3]) -> bool {
    places.iter().all(|place| transform.pane_from_world(*place).z.abs() <= IN_SLICE)
}

/// What was measured in the slice that is shown, with one that is being dragged where it is now.
pub fn in_slice(transform: &SliceTransform, cx: &ViewContext) -> Vec<Measurement> {
    let dragged = cx.view.transient.measuring.dragged;
    let now = |measurement: &Measurement| {
        let shape = match dragged {
            Some((id, shape)) if id == measurement.id => shape,
            _ => measurement.shape,
        };
        Measurement { shape, ..measurement.clone() }
    };
    let all = cx.document.measurements().iter().map(now);
    all.filter(|m| lie_in_slice(transform, m.shape.places())).collect()
}

/// The measure under a place on the screen, and what of it; the newest one of several.
pub fn under(place: &ViewPlace, at: Pos2, cx: &ViewContext) -> Option<(Measurement, Grip)> {
    let transform = place.slice.as_ref()?;
    let shown = in_slice(transform, cx);
    let ends = |m: &Measurement| on_screen(place, &m.shape, cx);
    let near = |m: &Measurement| ends(m).iter().position(|end| end.distance(at) <= GRAB);
    let end = shown.iter().rev().find_map(|m| Some((m.clone(), Grip::Place(near(m)?))));
    let on_line = |m: &&Measurement| {
        lines(&m.shape, &ends(m)).iter().any(|line| distance_to(*line, at) <= GRAB_LINE)
    };
    end.or_else(|| shown.iter().rev().find(on_line).map(|m| (m.clone(), Grip::Whole)))
}

fn on_screen(place: &ViewPlace, shape: &MeasurementShape, cx: &ViewContext) -> Vec<Pos2> {
    shape.places().iter().map(|world| cx.on_screen(place, *world)).collect()
}

/// The lines between the places of a shape.
fn lines(shape: &MeasurementShape, ends: &[Pos2]) -> Vec<[Pos2; 2]> {
    let mut lines: Vec<[Pos2; 2]> = ends.windows(2).map(|pair| [pair[0], pair[1]]).collect();
    if let (MeasurementShape::Rectangle(_), [first, .., last]) = (shape, ends) {
        lines.push([*last, *first]);
    }
    lines
}

fn distance_to([a, b]: [Pos2; 2], at: Pos2) -> f32 {
    let way = b - a;
    let share = if way.length_sq() > 0.0 { (at - a).dot(way) / way.length_sq() } else { 0.0 };
    at.distance(a + way * share.clamp(0.0, 1.0))
}

/// Draws what was measured in the slice; `ends`: with what it can be taken by.
pub fn draw(painter: &Painter, place: &ViewPlace, ends: bool, cx: &ViewContext) {
    let Some(transform) = &place.slice else { return };
    let mut taken = Taken::of(place);
    for measurement in in_slice(transform, cx) {
        let selected = cx.view.transient.measuring.selected == Some(measurement.id);
        let colour = if selected { paint::WARNING } else { MEASURE };
        draw_shape(painter, place, &measurement.shape, (colour, ends), cx);
        let values = rectangle_values(&measurement, cx.document, &cx.egui);
        let mut text = measure_lines(&measurement.shape, values.as_ref(), readout::unit(cx.view));
        if !measurement.name.is_empty() {
            text.insert(0, measurement.name.clone());
        }
        let ends = on_screen(place, &measurement.shape, cx);
        label(painter, place, &ends, (&text, colour), &mut taken);
    }
}

/// Where in a view texts stand already.
pub struct Taken(Vec<Rect>);

impl Taken {
    /// Those of the view itself: window and level in its corner.
    pub fn of(place: &ViewPlace) -> Self {
        let corner = place.rect.max;
        Self(vec![Rect::from_min_max(corner - vec2(150.0, 24.0), corner)])
    }

    /// A free place for a text, as near to the wanted one as below or above it there is one; that of the last resort is
    /// the wanted one.
    fn find(&mut self, wanted: Rect, within: Rect) -> Rect {
        let free = |rect: &Rect| {
            within.contains_rect(*rect) && self.0.iter().all(|taken| !taken.intersects(*rect))
        };
        let steps = (0..12u8).flat_map(|n| [1.0, -1.0].map(|way| way * f32::from(n) * 8.0));
        let mut places = steps.map(|by| wanted.translate(vec2(0.0, by)));
        let found = places.find(free).unwrap_or(wanted);
        self.0.push(found);
        found
    }
}

/// Yellow, which neither clicks nor warnings have.
pub const MEASURE: Color32 = Color32::from_rgb(0xff, 0xe6, 0x6d);

/// The lines of a shape, and its ends if they are wanted.
pub fn draw_shape(
    painter: &Painter,
    place: &ViewPlace,
    shape: &MeasurementShape,
    (colour, ends): (Color32, bool),
    cx: &ViewContext,
) {
    let places = on_screen(place, shape, cx);
    for line in lines(shape, &places) {
        paint::line(painter, line, 1.5, colour);
    }
    for end in places {
        if ends {
            painter.circle(end, END, colour, egui::Stroke::new(1.0, Color32::BLACK));
        } else {
            painter.circle_filled(end, 2.0, colour);
        }
    }
}

/// The numbers of a shape beside its right end, or the left one where there is no room.
pub fn label(
    painter: &Painter,
    place: &ViewPlace,
    ends: &[Pos2],
    (text, colour): (&[String], Color32),
    taken: &mut Taken,
) {
    let by_x = |a: &&Pos2, b: &&Pos2| a.x.total_cmp(&b.x);
    let (Some(right), Some(left)) = (ends.iter().max_by(by_x), ends.iter().min_by(by_x)) else {
        return;
    };
    let widths = text.iter().map(|line| paint::text_width(painter, line, TEXT));
    let width = widths.fold(0.0, f32::max);
    let within = Rect::from_min_max(place.rect.min, place.rect.max - vec2(LANE, 0.0));
    let fits_right = right.x + AWAY + width < within.max.x - AWAY;
    let fits_left = left.x - AWAY - width > place.rect.min.x + AWAY;
    let corner = if fits_right || !fits_left {
        // Within the view in any case.
        let x = (right.x + AWAY).min(within.max.x - AWAY - width).max(within.min.x + AWAY);
        Pos2::new(x, right.y)
    } else {
        Pos2::new(left.x - AWAY - width, left.y)
    };
    let height = TEXT + 3.0;
    let size = vec2(width, height * text.len() as f32);
    let wanted = Rect::from_min_size(corner - vec2(0.0, size.y / 2.0), size);
    let rect = taken.find(wanted, within);
    for (n, line) in text.iter().enumerate() {
        let at = rect.min + vec2(0.0, height * n as f32);
        paint::text(painter, at, Align2::LEFT_TOP, line, TEXT, colour);
    }
}

/// What was computed of a rectangle, and what of.
#[derive(Clone)]
struct KnownValues {
    shape: MeasurementShape,
    /// The scan as it lay in memory, which it stays while the number is known.
    scan: std::sync::Weak<crate::volume::Volume>,
    values: Option<RectangleValues>,
}

/// The values in a rectangle, computed anew only where it or the scan is another one.
pub fn rectangle_values(
    measurement: &Measurement,
    document: &Document,
    egui: &egui::Context,
) -> Option<RectangleValues> {
    // (One that is dragged is known beside what it is in the document.)
    let is_kept =
        document.measurement(measurement.id).is_some_and(|m| m.shape == measurement.shape);
    let MeasurementId(number) = measurement.id;
    let id = egui::Id::unique("rectangle values").with((number, is_kept));
    let scan = document.image();
    let known: Option<KnownValues> = egui.data(|data| data.get_temp(id));
    let same = |known: &KnownValues| {
        known.shape == measurement.shape
            && std::ptr::eq(known.scan.as_ptr(), std::sync::Arc::as_ptr(scan))
    };
    if let Some(known) = known.filter(same) {
        return known.values;
    }
    let values = measurement.shape.values(scan);
    let known =
        KnownValues { shape: measurement.shape, scan: std::sync::Arc::downgrade(scan), values };
    egui.data_mut(|data| data.insert_temp(id, known));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn texts_of_measures_lie_over_no_other() {
        let view = Rect::from_min_max(pos2(0.0, 0.0), pos2(300.0, 200.0));
        let mut taken = Taken(Vec::new());
        let wanted = Rect::from_min_size(pos2(100.0, 90.0), vec2(60.0, 16.0));
        let placed: Vec<Rect> = (0..5).map(|_| taken.find(wanted, view)).collect();
        assert_eq!(placed[0], wanted);
        for (n, rect) in placed.iter().enumerate() {
            assert!(view.contains_rect(*rect));
            assert!(placed[n + 1..].iter().all(|other| !other.intersects(*rect)), "{placed:?}");
        }
        // Where there is no room they stand where they belong all the same.
        let low = Rect::from_min_max(pos2(0.0, 0.0), pos2(300.0, 10.0));
        assert_eq!(taken.find(wanted, low), wanted);
    }

    #[test]
    fn a_line_is_under_the_pointer_between_its_ends_only() {
        let line = [pos2(10.0, 10.0), pos2(110.0, 10.0)];
        for (at, distance) in [
            (pos2(60.0, 13.0), 3.0),
            (pos2(10.0, 10.0), 0.0),
            (pos2(0.0, 10.0), 10.0),
            (pos2(113.0, 14.0), 5.0),
        ] {
            assert!((distance_to(line, at) - distance).abs() < 1e-4, "{at}");
        }
        assert_eq!(distance_to([pos2(1.0, 1.0); 2], pos2(4.0, 5.0)), 5.0);
    }
}
