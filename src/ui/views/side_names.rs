//! What the two sides of a slice view are, in their corners; that a second scan lies where its header says; and where
//! on the one side the pointer is that lies on the other.

use egui::{Align2, Color32, Painter, Rect, Response, Stroke, Ui, pos2};

use super::annotation_text::hover_text;
use super::{Context, paint};
use crate::geom::Plane;
use crate::ui::kit::format::shorten;
use crate::ui::kit::text::{mark, tr, tr_with};
use crate::ui::state::{BesideScan, ComparisonLook, FrameRelation, Pane};

/// Kept free below for the scale bar and its length, at the right for window and level.
const BELOW: f32 = 32.0;
const RIGHT: f32 = 90.0;
const LINE: f32 = 15.0;
const SIZE: f32 = 11.0;
/// Characters of a name that are shown at most and at least.
const LONGEST: usize = 28;
const SHORTEST: usize = 6;

/// A line, and how it is said where there is less room.
type Said = (&'static str, &'static str);

const BY_HEADER: Said = (mark("placed by its header only, not registered"), mark("not registered"));
const OTHER_FRAME: Said = (mark("other frame of reference"), mark("other frame"));
const ELSEWHERE: Said = (mark("lies elsewhere in space"), mark("elsewhere"));

/// Names the left side.
pub fn draw_left(ui: &Ui, painter: &Painter, rect: Rect, cx: &Context) {
    let beside = &cx.view.scan.beside;
    let comparison = cx.view.scan.comparison.as_ref().filter(|_| beside.scan.is_none());
    // Of what is drawn instead of the objects the colours tell.
    if comparison.is_some_and(|comparison| comparison.look != ComparisonLook::Objects) {
        return;
    }
    let objects = || tr("Objects").to_lowercase();
    let name = match (&beside.scan, &beside.name_a) {
        (Some(_), _) => cx.view.shown_name(cx.document.image()).to_owned(),
        (None, name) => name.clone().unwrap_or_else(objects),
    };
    // What is in the file is not what is shown.
    let edited = beside.scan.is_none() && beside.name_a.is_some() && beside.edited_a;
    let text = |name: &str| {
        if edited { tr_with("A, edited: {name}", &[("name", &name)]) } else { named("A", name) }
    };
    let all = vec![fitting(painter, rect, &name, text)];
    lines(ui, painter, rect, (&all, &text(&name)), cx);
}

/// A name as far as there is room for it from edge to edge.
fn fitting(painter: &Painter, rect: Rect, name: &str, text: impl Fn(&str) -> String) -> String {
    let room = rect.width() - 16.0;
    let fits = |text: &String| paint::text_width(painter, text, SIZE) <= room;
    let shorter = (SHORTEST..=LONGEST).rev().map(|n| text(&shorten(name, n)));
    shorter.into_iter().find(fits).unwrap_or_else(|| text(&shorten(name, SHORTEST)))
}

/// Names the right side, and says how far its place is to be trusted.
pub fn draw_right(ui: &Ui, painter: &Painter, rect: Rect, cx: &Context) {
    let room = rect.width() - RIGHT;
    let said_so = |(long, short): Said| {
        let long = tr(long);
        if paint::text_width(painter, long, SIZE) <= room { long } else { tr(short) }.to_owned()
    };
    let said = cx.view.scan.beside.scan.as_ref().map(said_of_place).unwrap_or_default();
    let name = fitting(painter, rect, name_right(cx), |name| named("B", name));
    let labels = labels_right(cx).map(|file| fitting(painter, rect, file, with_labels));
    let said = said.into_iter().map(said_so);
    let all: Vec<String> = std::iter::once(name).chain(labels).chain(said).collect();
    let whole = right(cx).join("\n");
    lines(ui, painter, rect, (&all, &whole), cx);
}

/// The same in words, for assistive tools.
pub fn right(cx: &Context) -> Vec<String> {
    let said = cx.view.scan.beside.scan.as_ref().map(said_of_place).unwrap_or_default();
    let said = said.into_iter().map(|(long, _)| tr(long).to_owned());
    let labels = labels_right(cx).map(with_labels);
    std::iter::once(named("B", name_right(cx))).chain(labels).chain(said).collect()
}

/// The file of the labels that lie over a second scan.
fn labels_right<'a>(cx: &'a Context) -> Option<&'a str> {
    let beside = &cx.view.scan.beside;
    beside.labels.as_ref().filter(|_| beside.scan.is_some()).map(|labels| &*labels.file)
}

fn with_labels(file: &str) -> String {
    tr_with("labels: {name}", &[("name", &file)])
}

fn name_right<'a>(cx: &'a Context) -> &'a str {
    let second = cx.view.scan.beside.scan.as_ref();
    let second = second.map(|beside| cx.view.shown_name(&beside.image.volume));
    let compared = || cx.view.scan.comparison.as_ref().map_or("", |comparison| &comparison.name);
    second.unwrap_or_else(compared)
}

fn named(side: &str, name: &str) -> String {
    format!("{side}: {name}")
}

/// What is always so, and what speaks against it.
fn said_of_place(beside: &BesideScan) -> Vec<Said> {
    let other = (beside.frames == FrameRelation::Other).then_some(OTHER_FRAME);
    let elsewhere = beside.elsewhere.then_some(ELSEWHERE);
    std::iter::once(BY_HEADER).chain(other).chain(elsewhere).collect()
}

/// Marks the place of the pointer, while it is over the other side.
pub fn mark_pointer(painter: &Painter, response: &Response, plane: Plane, cx: &Context) {
    let pane = Pane::Slice(plane);
    let over_other = cx.view.transient.hovered == Some(pane) && !response.contains_pointer();
    let Some(hover) = cx.view.transient.hover.as_ref().filter(|_| over_other) else { return };
    let at = cx.on_screen(&cx.place(response.rect, pane), hover.world);
    painter.circle_stroke(at, 4.0, Stroke::new(3.5, Color32::from_black_alpha(150)));
    painter.circle_stroke(at, 4.0, Stroke::new(1.5, paint::ACCENT));
}

/// One below the other, the last one right above the scale bar. What is `whole` is told when the pointer rests there, if
/// something of it was left away.
fn lines(ui: &Ui, painter: &Painter, rect: Rect, (lines, whole): (&[String], &str), cx: &Context) {
    let mut at = pos2(rect.min.x + 8.0, rect.max.y - BELOW);
    let mut block = Rect::NOTHING;
    for (n, line) in lines.iter().enumerate().rev() {
        let colour = if n == 0 { paint::ACCENT } else { paint::TEXT };
        block |= paint::text(painter, at, Align2::LEFT_BOTTOM, line, SIZE, colour);
        at.y -= LINE;
    }
    if lines.join("\n") != whole && !cx.view.transient.is_figure {
        hover_text(ui, block, whole);
    }
}
