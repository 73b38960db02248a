//! Flood fill: what is joined to a place and has values like those there.

use egui::{Color32, CursorIcon, DragValue, Key, Painter, Pos2, Stroke, Ui};

use super::by_hand::{self, Nothing, note, over_choice, refusal, takes_away};
use super::{ClickOrDrag, Gesture, Tool, ToolInfo, ViewContext, ViewPlace, WorldPointer, key};
use crate::document::Document;
use crate::mask::{CutPlane, Scope};
use crate::ui::kit::format::{editable, number};
use crate::ui::kit::text::{mark, tr};
use crate::ui::kit::widgets::choice;
use crate::ui::kit::{icons, paint};
use crate::ui::state::{Action, FloodReach, FloodStatus, ToolId, ViewState, WantedFlood, readout};

pub const INFO: ToolInfo = ToolInfo {
    id: ToolId("flood"),
    name: "Flood fill",
    keys: &[key(Key::T)],
    icon: icons::FLOOD,
    gestures: &[
        ("Click (Flood fill tool)", "Fill what is joined and has like values; right or Alt: take away"),
        ("Drag away from a place (Flood fill tool)", "The further, the larger the tolerance"),
    ],
    hint: "Click: fill like values · Drag: tolerance · Right button or Alt: take away",
    edits: true,
    seldom: true,
};

/// What it is called in the history.
pub const STEP: &str = mark("Flood fill");

pub struct FloodFill;

impl Tool for FloodFill {
    fn info(&self) -> &'static ToolInfo {
        &INFO
    }

    fn press(&self, at: &WorldPointer, cx: &mut ViewContext) -> Option<Box<dyn Gesture>> {
        at.place.slice.as_ref()?;
        let erases = takes_away(at)?;
        if cx.view.transient.flood.is_some() {
            // The one before is still being computed, and nothing that was asked for is dropped.
            return Some(Box::new(Nothing));
        }
        if refusal(erases, cx).is_some() {
            by_hand::tell_refusal(STEP, erases, cx);
            return Some(Box::new(Nothing));
        }
        let Some(wanted) = wanted(at, erases, cx) else {
            cx.out.push(Action::Refuse(tr("The seed is outside of the scan").to_owned()));
            return Some(Box::new(Nothing));
        };
        let click = move |_: &WorldPointer, cx: &mut ViewContext| {
            cx.view.transient.flood = Some(WantedFlood { released: true, ..wanted });
        };
        let widens = Widens { wanted, seed: at.at };
        ClickOrDrag::begin(at, Some(Box::new(click)), Some(Box::new(widens)))
    }

    fn takes_key(&self, key: Key, view: &mut ViewState) -> bool {
        key == Key::Escape && view.transient.flood.take().is_some()
    }

    fn paint(
        &self,
        painter: &Painter,
        place: &ViewPlace,
        at: Option<&WorldPointer>,
        cx: &ViewContext,
    ) {
        if let Some(wanted) = &cx.view.transient.flood {
            draw(painter, place, wanted, cx);
            return;
        }
        let Some(at) = at.filter(|at| !at.is_3d()) else { return };
        let alt = at.modifiers.alt;
        if let Some(why) = refusal(alt, cx) {
            note(painter, place.rect, at.at, &why, paint::WARNING);
        } else if alt {
            paint::pointer_sign(painter, at.at, false);
        }
    }

    fn cursor(&self, at: &WorldPointer, cx: &ViewContext) -> Option<CursorIcon> {
        let shape = match refusal(at.modifiers.alt, cx) {
            _ if cx.view.transient.flood.is_some_and(|flood| flood.released) => {
                CursorIcon::Progress
            }
            Some(_) => CursorIcon::NotAllowed,
            None => CursorIcon::Crosshair,
        };
        (!at.is_3d()).then_some(shape)
    }

    fn options(&self, ui: &mut Ui, document: &Document, view: &mut ViewState) {
        ui.label(tr("Tolerance"));
        let dragged = view.transient.flood.map(|flood| flood.tolerance);
        let mut tolerance = dragged.unwrap_or_else(|| view.flood_tolerance());
        let speed = (view.scan_value_range() * 0.002).max(f64::MIN_POSITIVE);
        // A comma is a point where people write it so; and what is no number changes nothing.
        let parse = |text: &str| {
            let text = text.trim().trim_end_matches("HU").replace(',', ".");
            text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
        };
        let drag = DragValue::new(&mut tolerance).speed(speed).range(0.0..=f64::MAX);
        let drag = drag.custom_parser(parse).custom_formatter(|value, _| editable(value));
        let drag = drag.prefix("± ").suffix(readout::unit(view));
        if ui.add(drag).accessible_name(tr("Tolerance of values")).changed() {
            view.scan.flood_tolerance = Some(tolerance);
        }
        ui.separator();
        let reaches =
            [(tr("This slice"), FloodReach::Slice), (tr("Whole volume"), FloodReach::Volume)];
        choice(ui, &mut view.prefs.flood_reach, &reaches);
        ui.separator();
        over_choice(ui, document, view);
        ui.separator();
    }
}

/// The flood that begins where the pointer is; `None` outside of the scan.
fn wanted(at: &WorldPointer, erases: bool, cx: &mut ViewContext) -> Option<WantedFlood> {
    let transform = at.place.slice.as_ref()?;
    let image = cx.document.image();
    let world = at.picked(cx)?.world;
    let seed = image.grid().voxel_at(world)?;
    let frame = transform.frame();
    let (mut scope, mut plane) = (Scope::Volume, None);
    if cx.view.prefs.flood_reach == FloodReach::Slice {
        if frame.is_oblique() {
            plane = Some(CutPlane { point: world, normal: frame.normal() });
        } else {
            let axis = frame.through_axis();
            scope = Scope::Slice { axis, index: seed[axis] };
        }
    }
    let view = &*cx.view;
    Some(WantedFlood {
        seed,
        time_point: image.time_point(),
        tolerance: view.flood_tolerance(),
        scope,
        plane,
        erases,
        object: cx.document.active().map(|o| o.id),
        over: view.paint_over(cx.document),
        shown: view.prefs.show_preview && view.labels_shown(),
        gesture: by_hand::next_gesture(cx.view),
        released: false,
    })
}

/// The tolerance follows the pointer away from the seed.
struct Widens {
    wanted: WantedFlood,
    /// On the screen.
    seed: Pos2,
}

impl Gesture for Widens {
    fn update(&mut self, to: &WorldPointer, cx: &mut ViewContext) {
        self.wanted.tolerance = cx.view.dragged_tolerance(f64::from(to.at.distance(self.seed)));
        cx.view.transient.flood = Some(self.wanted);
    }

    fn commit(self: Box<Self>, cx: &mut ViewContext) {
        cx.view.scan.flood_tolerance = Some(self.wanted.tolerance);
        cx.view.transient.flood = Some(WantedFlood { released: true, ..self.wanted });
    }

    fn cancel(self: Box<Self>, cx: &mut ViewContext) {
        cx.view.transient.flood = None;
    }
}

/// The seed, where the slice that it is in is shown; and beside the pointer the value there and the tolerance, or why
/// nothing can be done.
fn draw(painter: &Painter, place: &ViewPlace, wanted: &WantedFlood, cx: &ViewContext) {
    let Some(transform) = &place.slice else { return };
    let pointer = cx.egui.input(|i| i.pointer.latest_pos()).filter(|at| place.rect.contains(*at));
    let seed = transform.pane_from_world(cx.document.image().grid().world_of(wanted.seed));
    if seed.z.abs() <= 0.5 {
        let at = paint::on_screen(place.rect, seed.truncate());
        let colour = if wanted.erases { paint::NEGATIVE } else { paint::TEXT };
        painter.circle_stroke(at, 4.0, Stroke::new(3.0, Color32::from_black_alpha(150)));
        painter.circle_stroke(at, 4.0, Stroke::new(1.5, colour));
    }
    let Some(pointer) = pointer else { return };
    let unit = readout::unit(cx.view);
    let value = cx.document.image().value(wanted.seed);
    let text = format!("{} ± {}{unit}", number(value), number(wanted.tolerance));
    match &cx.status.flood {
        FloodStatus::Known => note(painter, place.rect, pointer, &text, paint::TEXT),
        FloodStatus::Working => {
            note(painter, place.rect, pointer, &format!("{text} …"), paint::TEXT);
        }
        FloodStatus::Refused(why) => {
            note(painter, place.rect, pointer, &format!("{text}\n{why}"), paint::WARNING);
        }
    }
}
