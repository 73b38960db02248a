//! What Brush and Eraser share: strokes, the preview of a dab, and the ring that shows how large it is.

use std::sync::Arc;

use egui::{Color32, CursorIcon, Id, Painter, PointerButton, Pos2, Rect, Stroke as Line, Ui};

use super::by_hand::{self, change, note, refusal};
use super::no_effect::Effect;
use super::rest::rests;
use super::{Gesture, PickedPosition, ViewContext, ViewPlace, WorldPointer, pick};
use crate::document::{Change, Command, EditKind, GestureId, LabelId};
use crate::geom::DVec3;
use crate::mask::brush::{Brush, Tip};
use crate::ui::kit::paint;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::{choice, colours, strip_group};
use crate::ui::state::{
    Action, BrushOptions, BrushPlace, BrushShape, EditIntent, SliceTransform, ViewState,
};
use crate::volume::{LabelMap, Region};

/// In 3D a stroke looks for what is seen at most so many times between two places of the pointer.
const MOST_PICKS: usize = 200;
/// Places of the 3D picture that are no further apart are neighbours, in points.
const SIDE_BY_SIDE: f32 = 1.0;

/// What a press with the left or right button begins: the right one does the other thing.
pub fn begin(
    press: &WorldPointer,
    tool_erases: bool,
    cx: &mut ViewContext,
) -> Option<Box<dyn Gesture>> {
    let erases = match press.button? {
        PointerButton::Primary => tool_erases,
        PointerButton::Secondary => !tool_erases,
        _ => return None,
    };
    if !press.may_click || !press.may_drag || !paints(press) {
        return None;
    }
    press.picked(cx)?;
    cx.view.transient.gestures += 1;
    let mut stroke = Stroke {
        erases,
        id: GestureId(cx.view.transient.gestures),
        object: None,
        last: None,
        ended: None,
        seen: cx.document.labels().clone(),
        refused: refusal(erases != press.modifiers.alt, cx).is_some(),
        told: false,
        effect: Effect::default(),
    };
    stroke.update(press, cx);
    Some(Box::new(stroke))
}

/// Whether a press there paints. In 3D only with Ctrl, as points are placed there: else it turns the picture.
fn paints(at: &WorldPointer) -> bool {
    !at.is_3d() || at.modifiers.command
}

/// A brush that is drawn along.
struct Stroke {
    erases: bool,
    id: GestureId,
    /// The object that it changes, from the first dab on: whatever is selected meanwhile, it stays that one.
    object: Option<LabelId>,
    /// Where it was, in a view that lay so.
    last: Option<(ViewPlace, Nib)>,
    /// In 3D, where it was last on something that is seen; RAS mm.
    ended: Option<DVec3>,
    /// The labels when it began: in 3D it goes along what was seen then, and not up on what it has just painted.
    seen: LabelMap,
    /// Nothing can be painted.
    refused: bool,
    /// And the user was told why.
    told: bool,
    /// Whether it has changed anything.
    effect: Effect,
}

/// Where a brush is drawn along in a view, and how hard it is pressed.
#[derive(Clone, Copy)]
struct Nib {
    /// On the screen.
    at: Pos2,
    /// In the scan, if it is there.
    picked: Option<PickedPosition>,
    /// Of the brush, as hard as it is pressed; mm.
    radius: f64,
}

impl Nib {
    /// How large the brush is at a place on the straight way to another place.
    fn radius_towards(&self, to: &Self, at: Pos2) -> f64 {
        let way = to.at - self.at;
        let share =
            if way.length_sq() > 0.0 { (at - self.at).dot(way) / way.length_sq() } else { 1.0 };
        self.radius + (to.radius - self.radius) * f64::from(share.clamp(0.0, 1.0))
    }
}

impl Gesture for Stroke {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        if self.refused && self.told {
            return;
        }
        let options = &cx.view.prefs.brush;
        let radius = options.diameter_mm / 2.0 * options.share(to.pressure);
        let nib = Nib { at: to.at, picked: None, radius };
        // Of a view that was scrolled, zoomed or turned meanwhile nothing leads from there to here.
        let from = self.last.take().filter(|(place, _)| *place == to.place).map(|(_, nib)| nib);
        let (region, picked) = match &to.place.slice {
            Some(transform) => in_slice(transform, from, (to, nib), cx),
            None => self.on_surface(from, &to.place, nib, cx),
        };
        if let Some(picked) = picked {
            show_place(&picked, to, cx);
            self.ended = to.is_3d().then_some(picked.inside).or(self.ended);
        }
        self.last = Some((to.place.clone(), Nib { picked, ..nib }));
        let covered = !region.is_empty();
        let region =
            if self.refused { region } else { cx.view.in_paint_range(cx.document.image(), region) };
        self.effect.note(covered, &region, self.erases != to.modifiers.alt, cx);
        if !region.is_empty() {
            self.told = self.refused;
            self.send(region, to.modifiers.alt, cx);
        }
    }

    /// After a stroke in 3D the slices go to where it ended: what it has done in depth is seen only there.
    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        if let Some(world) = self.ended.filter(|_| !self.refused) {
            cx.view.move_crosshair(cx.document.image().grid(), world);
        }
        let erases = self.erases != cx.egui.input(|i| i.modifiers.alt);
        if let Some(why) = self.effect.nothing_done(erases, cx).filter(|_| !self.refused) {
            cx.out.push(Action::Refuse(why));
        }
    }

    fn cancel(self: Box<Self>, cx: &mut ViewContext) {
        cx.out.push(Action::TakeBack(self.id));
    }

    fn cursor(&self) -> Option<CursorIcon> {
        Some(by_hand::cursor(self.refused))
    }

    fn edits(&self) -> bool {
        true
    }
}

impl Stroke {
    /// Asks for an edit; all those of a frame that do the same are one.
    fn send(&mut self, region: Region, alt: bool, cx: &mut ViewContext) {
        // (None is selected where the first dab begins an object.)
        self.object = self.object.or_else(|| cx.document.active().map(|o| o.id));
        let erases = self.erases != alt;
        let row = cx.document.image().grid().dims()[0];
        if let Some(Action::Do(Command::Edit { change, gesture, .. })) = cx.out.last_mut()
            && *gesture == self.id
            && let (Change::Add(before), false) | (Change::Subtract(before), true) =
                (change, erases)
        {
            Arc::make_mut(before).add(&region, row);
            return;
        }
        let kind = if self.erases { EditKind::Eraser } else { EditKind::Brush };
        let (change, over) = (change(region, erases), cx.view.paint_over(cx.document));
        let gesture = self.id;
        cx.out.push(Action::Do(Command::Edit { object: self.object, change, over, kind, gesture }));
    }

    /// What a ball covers on its way over what was seen in 3D when the stroke began, and where it is now. It is laid
    /// at each place that is seen, and drawn from one to the next where the surface goes on between them.
    fn on_surface(
        &self,
        from: Option<Nib>,
        place: &ViewPlace,
        to: Nib,
        cx: &ViewContext,
    ) -> (Region, Option<PickedPosition>) {
        let grid = cx.document.image().grid();
        let row = grid.dims()[0];
        let from = from.unwrap_or(to);
        let Some([start, end]) = within(place.rect, from.at, to.at) else {
            return (Region::default(), None);
        };
        // Close enough that each ball reaches well into the next.
        let mm = cx.view.scan.orbit.mm_per_pixel(grid, place.size());
        let step = (from.radius.min(to.radius) / 2.0 / mm).max(1.0);
        let pieces = (f64::from(start.distance(end)) / step).ceil();
        let pieces = (pieces as usize).clamp(1, MOST_PICKS);
        let mut region = Region::default();
        let mut last = Nib { at: start, radius: from.radius_towards(&to, start), ..from };
        // A first place is a dab by itself.
        let first = usize::from(last.picked.is_some());
        for n in first..=pieces {
            let at = start.lerp(end, n as f32 / pieces as f32);
            let radius = from.radius_towards(&to, at);
            let nib = Nib { at, picked: self.seen_at(at, place, cx), radius };
            if let Some(picked) = nib.picked
                && !self.join(last, nib, place, cx, &mut region)
            {
                region.add(&ball(radius).dab(grid, picked.world), row);
            }
            last = nib;
            if start == end {
                break;
            }
        }
        (region, last.picked)
    }

    /// Draws the ball from one place to the next, unless the surface breaks off between them: where two places side by
    /// side on the screen are further apart in depth than the ball is large. There the stroke goes on behind (or
    /// before), and not through the air or the inside. `false` if the ball has not been laid at `to`.
    fn join(
        &self,
        from: Nib,
        to: Nib,
        place: &ViewPlace,
        cx: &ViewContext,
        region: &mut Region,
    ) -> bool {
        let Some((before, picked)) = from.picked.zip(to.picked) else { return false };
        let grid = cx.document.image().grid();
        let row = grid.dims()[0];
        let towards = cx.view.scan.orbit.axes().z_axis;
        let depth = towards.dot(before.world - picked.world).abs();
        if depth <= 2.0 * from.radius.max(to.radius) {
            let way = ball(from.radius).taper(grid, before.world, picked.world, to.radius);
            region.add(&way, row);
            return true;
        }
        if from.at.distance(to.at) <= SIDE_BY_SIDE {
            return false;
        }
        // It may be steep.
        let at = from.at.lerp(to.at, 0.5);
        let radius = f64::midpoint(from.radius, to.radius);
        let middle = Nib { at, picked: self.seen_at(at, place, cx), radius };
        let Some(seen) = middle.picked else { return false };
        region.add(&ball(radius).dab(grid, seen.world), row);
        self.join(from, middle, place, cx, region);
        self.join(middle, to, place, cx, region)
    }

    /// What was seen at a place of the 3D picture when the stroke began.
    fn seen_at(&self, at: Pos2, place: &ViewPlace, cx: &ViewContext) -> Option<PickedPosition> {
        let surface = pick::surface(place, at, &self.seen, cx)?;
        Some(PickedPosition { world: surface.hit.world, inside: surface.inside, normal: None })
    }
}

/// What the brush covers in a slice on the way of the pointer, as far as it is in the view, and where it is now.
fn in_slice(
    transform: &SliceTransform,
    from: Option<Nib>,
    (to, nib): (&WorldPointer, Nib),
    cx: &ViewContext,
) -> (Region, Option<PickedPosition>) {
    let rect = to.place.rect;
    let from = from.unwrap_or(nib);
    let Some(ends) = within(rect, from.at, to.at) else {
        return (Region::default(), None);
    };
    let [a, b] = ends.map(|at| transform.world_from_pane(paint::in_pane(rect, at)));
    let [a, b] = to.keyed.map_or([a, b], |world| [world; 2]);
    let [radius_mm, to_radius] = ends.map(|at| from.radius_towards(&nib, at));
    let brush = brush(&cx.view.prefs.brush, Some(transform.frame().normal()));
    let brush = Brush { radius_mm, ..brush };
    let region = brush.taper(cx.document.image().grid(), a, b, to_radius);
    (region, to.picked(cx).filter(|_| rect.contains(to.at)))
}

/// The part of a line that is in a view; `None` if nothing is.
fn within(rect: Rect, from: Pos2, to: Pos2) -> Option<[Pos2; 2]> {
    let (mut first, mut last) = (0.0f32, 1.0f32);
    for (start, end, low, high) in
        [(from.x, to.x, rect.min.x, rect.max.x), (from.y, to.y, rect.min.y, rect.max.y)]
    {
        let step = end - start;
        if step == 0.0 {
            if start < low || start > high {
                return None;
            }
            continue;
        }
        let (a, b) = ((low - start) / step, (high - start) / step);
        (first, last) = (first.max(a.min(b)), last.min(a.max(b)));
    }
    (first <= last).then(|| [from.lerp(to, first), from.lerp(to, last)])
}

/// The brush in a slice with this normal, or in 3D, where it is a ball.
pub fn brush(options: &BrushOptions, normal: Option<DVec3>) -> Brush {
    let radius_mm = options.diameter_mm / 2.0;
    match (options.shape, normal) {
        (BrushShape::Disc, Some(normal)) => Brush { radius_mm, tip: Tip::Disc { normal } },
        _ => ball(radius_mm),
    }
}

fn ball(radius_mm: f64) -> Brush {
    Brush { radius_mm, tip: Tip::Ball }
}

/// Notes where the brush is, for the rings in all views.
fn show_place(picked: &PickedPosition, at: &WorldPointer, cx: &mut ViewContext) {
    let slice = at.place.slice.as_ref().map_or(0, SliceTransform::slice);
    let resting = rests(&cx.egui, Id::unique("brush rests"), at.at, slice);
    let disc = cx.view.prefs.brush.shape == BrushShape::Disc;
    let share = cx.view.prefs.brush.share(at.pressure);
    let normal = picked.normal.filter(|_| disc);
    cx.view.transient.brush = Some(BrushPlace { world: picked.world, normal, share, resting });
}

/// The pointer rests or moves over a view: where the brush is, and what a press would do.
pub fn hover(at: &WorldPointer, tool_erases: bool, cx: &mut ViewContext) {
    let Some(picked) = at.picked(cx) else { return };
    show_place(&picked, at, cx);
    let erases = tool_erases != at.modifiers.alt;
    let wanted = cx.view.prefs.show_preview && cx.view.labels_shown() && paints(at);
    if !wanted || refusal(erases, cx).is_some() {
        return;
    }
    let options = &cx.view.prefs.brush;
    let image = cx.document.image();
    let region = brush(options, picked.normal).dab(image.grid(), picked.world);
    let region = cx.view.in_paint_range(image, region);
    if !region.is_empty() {
        let over = cx.view.paint_over(cx.document);
        cx.view.transient.edit_intent = Some(EditIntent { change: change(region, erases), over });
    }
}

/// The pointer's shape.
pub fn cursor(at: &WorldPointer, tool_erases: bool, cx: &ViewContext) -> Option<CursorIcon> {
    if !paints(at) {
        return None;
    }
    Some(by_hand::cursor(refusal(tool_erases != at.modifiers.alt, cx).is_some()))
}

/// The ring where the brush crosses a view's slice: a circle for a ball that reaches it, a line for a disc that
/// stands across it. In 3D the outline of the ball.
pub fn paint(
    painter: &Painter,
    place: &ViewPlace,
    at: Option<&WorldPointer>,
    tool_erases: bool,
    cx: &ViewContext,
) {
    let alt = cx.egui.input(|i| i.modifiers.alt);
    let why_not = refusal(tool_erases != alt, cx);
    let colour = match (&why_not, tool_erases != alt) {
        (Some(_), _) => paint::WARNING,
        (None, true) => paint::NEGATIVE,
        (None, false) => paint::TEXT,
    };
    if let Some(brush) = cx.view.transient.brush {
        let radius = cx.view.prefs.brush.diameter_mm / 2.0 * brush.share;
        match outline(place, &brush, radius, cx) {
            Some(Outline::Circle(centre, radius)) => {
                painter.circle_stroke(
                    centre,
                    radius,
                    Line::new(3.0, Color32::from_black_alpha(150)),
                );
                painter.circle_stroke(centre, radius, Line::new(1.2, colour));
            }
            Some(Outline::Line(ends)) => paint::line(painter, ends, 1.2, colour),
            None => {}
        }
    }
    if let (Some(why), Some(at)) = (why_not, at.filter(|at| paints(at))) {
        note(painter, place.rect, at.at, &why, paint::WARNING);
    }
}

/// What is seen of a brush in a view.
#[derive(Debug, PartialEq)]
enum Outline {
    /// Centre, and radius in points.
    Circle(Pos2, f32),
    Line([Pos2; 2]),
}

fn outline(
    place: &ViewPlace,
    brush: &BrushPlace,
    radius: f64,
    cx: &ViewContext,
) -> Option<Outline> {
    let Some(transform) = &place.slice else {
        let across = cx.view.scan.orbit.axes().x_axis * radius;
        let centre = cx.on_screen(place, brush.world);
        let edge = cx.on_screen(place, brush.world + across);
        return Some(Outline::Circle(centre, centre.distance(edge)));
    };
    let on_screen =
        |world| paint::on_screen(place.rect, transform.pane_from_world(world).truncate());
    match cut(transform, brush, radius)? {
        Cut::Circle(centre, radius) => {
            let points = radius * transform.pan_zoom().points_per_mm;
            Some(Outline::Circle(on_screen(centre), points as f32))
        }
        Cut::Line(ends) => Some(Outline::Line(ends.map(on_screen))),
    }
}

/// Where a brush crosses a slice, in RAS mm.
#[derive(Debug, PartialEq)]
enum Cut {
    Circle(DVec3, f64),
    Line([DVec3; 2]),
}

/// `None` where the brush does not reach the slice.
fn cut(transform: &SliceTransform, brush: &BrushPlace, radius: f64) -> Option<Cut> {
    let frame = transform.frame();
    let normal = frame.normal();
    // How far past the slice shown the brush's middle is.
    let past = (frame.view(brush.world).z - transform.slice() as f64) * frame.slice_distance();
    let chord = |away: f64| (away.abs() <= radius).then(|| (radius * radius - away * away).sqrt());
    let Some(disc) = brush.normal else {
        return Some(Cut::Circle(brush.world - normal * past, chord(past)?));
    };
    let Some(along) =
        disc.cross(normal).try_normalize().filter(|_| disc.dot(normal).abs() < 1.0 - 1e-9)
    else {
        // It lies in slices like this one.
        let shown = past.abs() <= frame.slice_distance() / 2.0;
        return shown.then_some(Cut::Circle(brush.world - normal * past, radius));
    };
    // In the disc and across the line in which it cuts the slice.
    let across = disc.cross(along);
    let away = -past / across.dot(normal);
    let (half, middle) = (chord(away)?, brush.world + across * away);
    Some(Cut::Line([middle - along * half, middle + along * half]))
}

/// The brush's settings.
pub fn options(ui: &mut Ui, view: &mut ViewState) {
    let brush = &mut view.prefs.brush;
    let shapes = [(tr("Disc"), BrushShape::Disc), (tr("Ball"), BrushShape::Ball)];
    strip_group(ui, "shape", |ui| choice(ui, &mut brush.shape, &shapes));
    strip_group(ui, "size", |ui| {
        ui.label(tr("Size"));
        ui.spacing_mut().slider_width = 120.0;
        // The part below the handle in the accent: the theme's selection colour is too pale for a rail.
        ui.visuals_mut().selection.bg_fill = colours(ui).accent;
        let sizes = BrushOptions::SMALLEST..=BrushOptions::LARGEST;
        // A comma is a point where people write it so.
        let parse =
            |text: &str| text.trim().trim_end_matches("mm").replace(',', ".").trim().parse().ok();
        let slider = egui::Slider::new(&mut brush.diameter_mm, sizes).logarithmic(true);
        let slider = slider.custom_parser(parse);
        ui.add(slider.max_decimals(1).suffix(" mm")).accessible_name(tr("Brush size"));
    });
    let tip = tr(
        "Pressed lightly, a pen paints with less than the size, down to 30 %, where the system tells its pressure",
    );
    strip_group(ui, "pen", |ui| {
        ui.checkbox(&mut brush.pen_pressure, tr("Pen pressure")).on_hover_text(tip);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{Convention, DAffine3, DVec2, Grid, Plane};
    use egui::pos2;

    #[test]
    fn a_stroke_ends_at_the_edge_of_its_view() {
        let rect = Rect::from_min_max(pos2(10.0, 20.0), pos2(110.0, 120.0));
        let inside = pos2(60.0, 70.0);
        let cases = [
            (inside, pos2(80.0, 70.0), Some([inside, pos2(80.0, 70.0)])),
            (inside, pos2(160.0, 70.0), Some([inside, pos2(110.0, 70.0)])),
            (pos2(60.0, -30.0), inside, Some([pos2(60.0, 20.0), inside])),
            (pos2(-40.0, 70.0), pos2(160.0, 70.0), Some([pos2(10.0, 70.0), pos2(110.0, 70.0)])),
            (pos2(0.0, 0.0), pos2(120.0, 0.0), None),
            (pos2(0.0, 50.0), pos2(0.0, 50.0), None),
            (inside, inside, Some([inside, inside])),
        ];
        for (from, to, expected) in cases {
            let found = within(rect, from, to);
            let near = match (found, expected) {
                (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| a.distance(b) < 1e-3),
                (a, b) => a.is_none() && b.is_none(),
            };
            assert!(near, "{from} {to}: {found:?}, not {expected:?}");
        }
    }

    #[test]
    fn a_ring_is_where_the_brush_crosses_the_slice() {
        let grid =
            Grid::new([40, 40, 20], DAffine3::from_scale(DVec3::new(1.0, 1.0, 2.0))).unwrap();
        let size = DVec2::splat(400.0);
        let of = |plane, slice| {
            let radiological = Convention::Radiological;
            SliceTransform::new(&grid, plane, radiological, None, None, size, slice)
        };
        let world = DVec3::new(20.0, 20.0, 20.0);
        let ball = BrushPlace { world, normal: None, share: 1.0, resting: true };
        let disc = BrushPlace { normal: Some(DVec3::Z), ..ball };
        // Slices of 2 mm: slice 10 is at 20 mm.
        let circle = |z: f64, r: f64| Some(Cut::Circle(DVec3::new(20.0, 20.0, z), r));
        assert_eq!(cut(&of(Plane::Axial, 10), &ball, 5.0), circle(20.0, 5.0));
        assert_eq!(cut(&of(Plane::Axial, 12), &ball, 5.0), circle(24.0, 3.0));
        assert_eq!(cut(&of(Plane::Axial, 13), &ball, 5.0), None);
        assert_eq!(cut(&of(Plane::Axial, 10), &disc, 5.0), circle(20.0, 5.0));
        assert_eq!(cut(&of(Plane::Axial, 11), &disc, 5.0), None);
        // Across: a line as long as the chord.
        for (slice, half) in [(20, 5.0), (23, 4.0), (17, 4.0), (26, 0.0)] {
            let found = cut(&of(Plane::Coronal, slice), &disc, 5.0);
            let Some(Cut::Line(ends)) = found else {
                assert_eq!((slice, found), (26, None));
                continue;
            };
            assert!((ends[0].distance(ends[1]) - 2.0 * half).abs() < 1e-9, "{slice}: {ends:?}");
            let middle = ends[0].midpoint(ends[1]);
            assert!(middle.abs_diff_eq(DVec3::new(20.0, slice as f64, 20.0), 1e-9), "{middle}");
        }
    }
}
