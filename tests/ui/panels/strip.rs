//! The strip with the tool's settings: nothing of it is cut, in either language and however wide the window is.

use egui::{Rect, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _, by};
use voxpoint::mask::level::LevelSide;
use voxpoint::mask::range::ValueRange;
use voxpoint::ui::text::{Language, speak};
use voxpoint::ui::{FloodBy, OutlineLine, ToolId, ViewState, tools};

use super::desktop::{Desktop, picture, shows};

type Setting = (&'static str, ToolId, fn(&mut ViewState));

/// Every tool as it is at first, then with more settings.
fn settings() -> Vec<Setting> {
    let mut all: Vec<Setting> = tools::ALL
        .iter()
        .map(|tool| -> Setting { (tool.info().name, tool.info().id, |_| ()) })
        .collect();
    let range: fn(&mut ViewState) =
        |view| view.set_paint_range(ValueRange { low: -1024.5, high: 3071.25 });
    all.push(("Brush, range", tools::BRUSH, range));
    all.push(("Eraser, range", tools::ERASER, range));
    all.push(("Level", tools::FLOOD, |v| v.prefs.flood_by = FloodBy::Level(LevelSide::AtLeast)));
    all.push(("Live wire", tools::OUTLINE, |v| v.prefs.outline = OutlineLine::LiveWire));
    all
}

/// Texts and controls of the strip, from left to right.
fn pieces(harness: &Harness<'_, Desktop>) -> Vec<(String, Rect)> {
    let layers = harness.get_by_label(voxpoint::ui::text::tr("Layers")).rect().top();
    // It is between the bar and the panels.
    let inside = |rect: Rect| rect.top() > 28.0 && rect.bottom() < layers;
    let mut pieces = Vec::new();
    for node in harness.query_all(by()) {
        let node = node.accesskit_node();
        // (The window itself has none.)
        let Some(at) = node.bounding_box() else { continue };
        let at = [at.x0, at.y0, at.x1, at.y1].map(|v| v as f32);
        let rect = Rect::from_min_max(pos2(at[0], at[1]), pos2(at[2], at[3]));
        if node.children().next().is_none() && inside(rect) && rect.area() > 0.0 {
            pieces.push((format!("{:?} {:?}", node.role(), node.label()), rect));
        }
    }
    pieces
}

#[test]
fn nothing_of_a_tools_strip_is_cut() {
    for language in [Language::English, Language::Chinese] {
        speak(language);
        for width in [1024.0, 1280.0, 1440.0] {
            let mut desktop = Desktop::open();
            desktop.view.prefs.language = language;
            *desktop.view.prefs.side_panels.open(width) = [true; 2];
            let mut harness = desktop.window([width, 900.0]);
            for (name, tool, set) in settings() {
                let view = &mut harness.state_mut().view;
                view.prefs.tool = tool;
                set(view);
                harness.run_steps(4);
                let what = format!("{name} {language:?} {width}");
                picture(&mut harness, &format!("strip {what}"));
                let pieces = pieces(&harness);
                assert!(!pieces.is_empty(), "{what}");
                for (n, (text, rect)) in pieces.iter().enumerate() {
                    assert!(rect.right() <= width - 7.0, "{what}: {text} at {rect}");
                    for (other, there) in &pieces[..n] {
                        let over = rect.shrink(0.5).intersect(there.shrink(0.5));
                        assert!(!over.is_positive(), "{what}: {text} over {other}");
                    }
                }
                let rows = pieces.iter().map(|(_, rect)| rect.center().y);
                let (top, bottom) = rows.fold((f32::MAX, 0.0), |(a, b), y| (y.min(a), y.max(b)));
                assert!(bottom - top < 30.0, "{what}: more than two rows");
                assert!(width < 1400.0 || bottom - top < 8.0, "{what}: more than one row");
            }
        }
    }
    speak(Language::English);
}

/// A narrow window keeps no empty row below settings that need one only.
#[test]
fn a_narrow_strip_has_as_many_rows_as_it_needs() {
    let mut desktop = Desktop::open();
    *desktop.view.prefs.side_panels.open(1024.0) = [true; 2];
    let mut harness = desktop.window([1024.0, 700.0]);
    let mut top = |tool| {
        harness.state_mut().view.prefs.tool = tool;
        harness.run_steps(4);
        harness.get_by_label("Layers").rect().top()
    };
    let (point, brush) = (top(tools::POINT), top(tools::BRUSH));
    assert!((20.0..45.0).contains(&(brush - point)), "{point} {brush}");
    assert!((top(tools::POINT) - point).abs() < 0.5);
}

#[test]
fn the_hint_is_that_of_what_is_set() {
    let mut desktop = Desktop::open();
    desktop.view.prefs.tool = tools::FLOOD;
    let mut harness = desktop.wide();
    assert!(shows(&harness, "Click: fill like values"));
    harness.get_by_label("Level, dark").click();
    harness.run_steps(3);
    assert!(shows(&harness, "Move: see what the level encloses"));
    assert!(!shows(&harness, "fill like values") && !shows(&harness, "Drag: tolerance"));
    harness.state_mut().view.prefs.tool = tools::OUTLINE;
    harness.run_steps(3);
    assert!(shows(&harness, "Drag or click corners"));
    harness.get_by_label("Live wire").click();
    harness.run_steps(3);
    assert!(shows(&harness, "Click along an edge"));
}
