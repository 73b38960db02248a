//! What the colours of a comparison stand for, in the corner of each view.

use egui::{Align2, Color32, Painter, Pos2, Rect, pos2, vec2};

use super::paint;
use crate::measure::DifferenceClass;
use crate::ui::kit::format::shorten;
use crate::ui::kit::text::tr;
use crate::ui::state::{
    ComparisonLook, ComparisonView, DISTANCE_COLOURS, UNMEASURED, ViewState, difference_colour,
    difference_name,
};

/// Kept free below for the scale bar and its length, and at the right for the longest text.
const BELOW: f32 = 32.0;
const RIGHT: f32 = 136.0;
const LINE: f32 = 15.0;
const SWATCH: f32 = 9.0;
/// What the letter in the middle of the left edge takes of the width, and below the middle of the height.
const LETTER: [f32; 2] = [30.0, 16.0];
/// Views that are lower or narrower have none.
const LEAST: [f32; 2] = [150.0, 150.0];

/// Draws it in the lower left corner of slices, in low ones beside the letter of the side that is there.
pub fn in_slices(painter: &Painter, pane: Rect, view: &ViewState) {
    let bottom = pane.max.y - BELOW;
    let highest = bottom - DifferenceClass::ALL.len() as f32 * LINE;
    let meets_letter = highest < pane.center().y + LETTER[1];
    let left = if meets_letter { LETTER[0] } else { 8.0 };
    show(painter, pane, pos2(pane.min.x + left, bottom), view);
}

/// Draws it in the lower right corner of the 3D view: the other one has the cube.
pub fn in_3d(painter: &Painter, pane: Rect, view: &ViewState) {
    show(painter, pane, pos2(pane.max.x - RIGHT, pane.max.y - 8.0), view);
}

fn show(painter: &Painter, pane: Rect, at: Pos2, view: &ViewState) {
    let Some(comparison) = view.scan.comparison.as_ref().filter(|_| view.labels_shown()) else {
        return;
    };
    // What is not computed yet is not explained: the objects are still drawn.
    if comparison.drawn.is_none() || pane.width() < LEAST[0] || pane.height() < LEAST[1] {
        return;
    }
    match comparison.look {
        ComparisonLook::Objects => {}
        ComparisonLook::Reference => {
            let text = format!("B: {}", shorten(&comparison.name, 22));
            paint::text(painter, at, Align2::LEFT_BOTTOM, &text, 11.0, paint::ACCENT);
        }
        ComparisonLook::Differences => differences(painter, at, comparison),
        ComparisonLook::Distances => distances(painter, at, comparison),
    }
}

fn entry(painter: &Painter, at: Pos2, [r, g, b]: [u8; 3], text: &str) {
    let middle = at - vec2(-SWATCH / 2.0, LINE / 2.0);
    let rect = Rect::from_center_size(middle, vec2(SWATCH, SWATCH));
    painter.rect_filled(rect.expand(1.0), 1.0, Color32::from_black_alpha(190));
    painter.rect_filled(rect, 1.0, Color32::from_rgb(r, g, b));
    let at = pos2(at.x + SWATCH + 5.0, middle.y);
    paint::text(painter, at, Align2::LEFT_CENTER, text, 11.0, paint::TEXT);
}

fn differences(painter: &Painter, mut at: Pos2, comparison: &ComparisonView) {
    // Of one pair nobody else's labels are looked at.
    let other = comparison.selected.is_none();
    let shown = |class: &DifferenceClass| other || *class != DifferenceClass::OtherLabel;
    for class in DifferenceClass::ALL.into_iter().filter(shown).rev() {
        entry(painter, at, difference_colour(class), tr(difference_name(class)));
        at.y -= LINE;
    }
}

/// A bar with numbers, mm.
fn distances(painter: &Painter, at: Pos2, comparison: &ComparisonView) {
    entry(painter, at, UNMEASURED, tr("no border in B"));
    let size = vec2(110.0, 7.0);
    let bar = Rect::from_min_size(at - vec2(0.0, LINE + size.y + 14.0), size);
    painter.rect_filled(bar.expand(1.0), 0.0, Color32::from_black_alpha(190));
    painter.add(paint::colour_mesh(bar, DISTANCE_COLOURS));
    let mm = comparison.scale_mm;
    let below = bar.max.y + 2.0;
    for (share, anchor, text) in [
        (0.0, Align2::LEFT_TOP, "0".to_owned()),
        (0.5, Align2::CENTER_TOP, paint::number(mm / 2.0)),
        (1.0, Align2::RIGHT_TOP, format!("≥ {} mm", paint::number(mm))),
    ] {
        let x = bar.min.x + bar.width() * share;
        paint::text(painter, pos2(x, below), anchor, &text, 10.0, paint::TEXT);
    }
    let above = pos2(bar.min.x, bar.min.y - 2.0);
    let text = tr("from A to B's border");
    paint::text(painter, above, Align2::LEFT_BOTTOM, text, 11.0, paint::TEXT);
}
