//! The tools of the left mouse button, each from its own description, and what goes with them.

use std::sync::LazyLock;

use egui::Key;

use super::context::CommandContext;
use super::entry::{Entry, Group, Menu, commands, with_scan, without_object, without_scan};
use super::keys::{alt, key, shift};
use crate::document::{Command, Over};
use crate::prompt::{Prompt, PromptLog, ShapeKind, ShapeKinds};
use crate::ui::kit::icons;
use crate::ui::kit::text::{mark, tr_with};
use crate::ui::state::{Action, BrushShape, OutlineLine, Status, ToolAtCrosshair, ToolId};
use crate::ui::tools;

/// Choosing a tool: one command for each, in the order of the toolbar.
pub(super) static CHOOSE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let entry = |info: &'static tools::ToolInfo| Entry {
        id: info.id.0,
        name: info.name,
        keys: info.keys,
        icon: Some(info.icon),
        tool: Some(info.id),
        menu: Some((Menu::Tools, 0)),
        enabled: with_scan,
        refusal: match info.id {
            tools::BOX_PROMPT => |cx| tools::kind_refusal(cx.status, ShapeKind::Box),
            tools::SCRIBBLE_PROMPT => |cx| tools::kind_refusal(cx.status, ShapeKind::Scribble),
            tools::LASSO_PROMPT => |cx| tools::kind_refusal(cx.status, ShapeKind::Lasso),
            _ => |_| None,
        },
        ..Entry::in_group(Group::Tools)
    };
    tools::ALL.iter().map(|tool| entry(tool.info())).collect()
});

/// The command that chooses a tool.
pub fn choose(tool: ToolId) -> Option<&'static Entry> {
    CHOOSE.iter().find(|entry| entry.tool == Some(tool))
}

commands! {
    Group::Tools;

    /// Clicks of the Point tool are positive.
    POSITIVE {
        name: "Positive point (inside)",
        keys: [key(Key::Equals), key(Key::Plus)],
        run: |cx| choose_sign(cx, false),
        icon: Some(icons::POSITIVE),
        menu: Some((Menu::Segment, 0)),
        enabled: with_scan,
        on: Some(|cx| point_is_chosen(cx) && !cx.view.transient.negative),
    }

    /// Clicks of the Point tool are negative. The first click must lie inside the structure.
    NEGATIVE {
        name: "Negative point (outside)",
        keys: [key(Key::Minus)],
        run: |cx| choose_sign(cx, true),
        icon: Some(icons::NEGATIVE),
        menu: Some((Menu::Segment, 0)),
        enabled: |cx| cx.active().is_some_and(|o| !o.log.prompts.is_empty()),
        why_not: |cx| {
            without_object(cx).unwrap_or(mark("The first click of an object is positive."))
        },
        refusal: |cx| negative_refusal(cx.status),
        on: Some(|cx| point_is_chosen(cx) && cx.view.transient.negative),
    }

    /// As a click there: a point, a dab, a corner, a fill.
    USE_TOOL {
        name: "Use the tool at the crosshair",
        keys: [key(Key::Enter)],
        run: |cx| use_tool(cx, false),
        menu: Some((Menu::Tools, 5)),
        enabled: can_use_tool,
        why_not: |cx| without_scan(cx).unwrap_or(ON_A_SHEET),
        words: mark("point click keyboard paint corner fill"),
    }

    /// As a click with Alt, or the right button.
    USE_TOOL_OTHER_WAY {
        name: "At the crosshair: take away (or a negative point)",
        keys: [alt(Key::Enter)],
        run: |cx| use_tool(cx, true),
        menu: Some((Menu::Tools, 5)),
        enabled: can_use_tool,
        why_not: |cx| without_scan(cx).unwrap_or(ON_A_SHEET),
    }

    /// Of the Outline tool, which it chooses.
    LIVE_WIRE {
        name: "Outline: live wire on or off",
        keys: [shift(Key::U)],
        run: |cx| {
            let line = &mut cx.view.prefs.outline;
            *line = match *line {
                OutlineLine::Straight => OutlineLine::LiveWire,
                OutlineLine::LiveWire => OutlineLine::Straight,
            };
            cx.view.prefs.tool = tools::OUTLINE;
        },
        menu: Some((Menu::Tools, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.outline == OutlineLine::LiveWire),
    }

    /// Of Brush and Eraser, or of scribbles while these are drawn.
    LARGER_BRUSH {
        name: "Larger brush",
        keys: [key(Key::CloseCurlyBracket)],
        run: |cx| step_size(cx, 1),
        menu: Some((Menu::Tools, 10)),
        enabled: with_scan,
        repeats: true,
        while_drawing: true,
    }

    /// Of Brush and Eraser, or of scribbles while these are drawn.
    SMALLER_BRUSH {
        name: "Smaller brush",
        keys: [key(Key::OpenCurlyBracket)],
        run: |cx| step_size(cx, -1),
        menu: Some((Menu::Tools, 10)),
        enabled: with_scan,
        repeats: true,
        while_drawing: true,
    }

    /// In slices; in 3D it is a ball.
    BRUSH_SHAPE {
        name: "Brush: ball or disc",
        keys: [shift(Key::B)],
        run: |cx| cx.view.prefs.brush.toggle_shape(),
        menu: Some((Menu::Tools, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.brush.shape == BrushShape::Ball),
    }

    /// Not over the background alone.
    BRUSH_OVER_UNLOCKED {
        name: "Brush over unlocked objects",
        keys: [alt(Key::B)],
        run: |cx| {
            let over = if over_unlocked(cx) { Over::Background } else { Over::Unlocked };
            cx.view.set_paint_over(over);
        },
        menu: Some((Menu::Tools, 10)),
        enabled: with_scan,
        on: Some(over_unlocked),
    }

    /// Of Brush and Eraser.
    PAINT_IN_RANGE {
        name: "Brush: values of a range only",
        keys: [shift(Key::J)],
        run: |cx| {
            if cx.view.scan.paint_range.is_none() {
                take_range(cx);
            } else {
                cx.view.scan.in_range_only = !cx.view.scan.in_range_only;
            }
        },
        menu: Some((Menu::Tools, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.scan.in_range_only),
    }

    /// Where the system tells how hard it is pressed.
    PEN_PRESSURE {
        name: "Brush: size by pen pressure",
        keys: [],
        run: |cx| cx.view.prefs.brush.pen_pressure = !cx.view.prefs.brush.pen_pressure,
        menu: Some((Menu::Tools, 10)),
        enabled: with_scan,
        on: Some(|cx| cx.view.prefs.brush.pen_pressure),
    }

    /// Where the pointer is, or at the crosshair.
    TAKE_PAINT_RANGE {
        name: "Brush: the values under it only",
        keys: [key(Key::J)],
        run: take_range,
        icon: Some(icons::RANGE),
        menu: Some((Menu::Tools, 10)),
        enabled: with_scan,
    }
}

const ON_A_SHEET: &str = mark("Tools are for the views, not for the sheet of slices.");

/// On a sheet of slices the views are not there that tools work in; a point needs none.
fn can_use_tool(cx: &CommandContext) -> bool {
    cx.document.is_some() && (cx.view.scan.lightbox.is_none() || point_is_chosen(cx))
}

/// A point goes where the crosshair is, whatever views there are; other tools are used in one.
fn use_tool(cx: &mut CommandContext, other_way: bool) {
    if point_is_chosen(cx) {
        let positive = cx.view.transient.negative == other_way;
        let prompt = Prompt::new(cx.view.scan.crosshair, positive);
        cx.view.transient.selected_prompt = None;
        cx.send(Action::Do(Command::AddPrompt { object: None, prompt }));
    } else {
        cx.view.transient.tool_use = Some(ToolAtCrosshair { other_way });
    }
}

fn over_unlocked(cx: &CommandContext) -> bool {
    cx.document.is_some_and(|document| cx.view.paint_over(document) == Over::Unlocked)
}

/// Of what the chosen tool draws with.
fn step_size(cx: &mut CommandContext, steps: i64) {
    if cx.view.prefs.tool == tools::SCRIBBLE_PROMPT {
        cx.view.scan.step_scribble(steps);
    } else {
        cx.view.prefs.brush.step(steps);
    }
}

fn take_range(cx: &mut CommandContext) {
    let Some(document) = cx.document else { return };
    if let Err(why) = tools::take_range(document, cx.view) {
        cx.send(Action::Refuse(why));
    }
}

/// Whether clicks make prompts.
pub fn point_is_chosen(cx: &CommandContext) -> bool {
    cx.view.prefs.tool == tools::POINT
}

/// Whether voxels are changed by hand.
pub fn draws(cx: &CommandContext) -> bool {
    [tools::BRUSH, tools::ERASER, tools::OUTLINE, tools::FLOOD].contains(&cx.view.prefs.tool)
}

/// Why the model in use takes no negative points, if so.
pub fn negative_refusal(status: &Status) -> Option<String> {
    let lacks = status.model_lacks(|can| can.negative_points);
    let key = || choose(tools::ERASER).map(Entry::key_text).unwrap_or_default();
    let text =
        mark("The model in use takes no negative points: correct the mask with the eraser ({key})");
    lacks.then(|| tr_with(text, &[("key", &key())]))
}

/// Why the model in use takes not all prompts of a log, if it is for what was drawn.
pub fn shapes_refusal(status: &Status, log: &PromptLog) -> Option<String> {
    let taken = ShapeKinds {
        boxes: !status.model_lacks(|can| can.shapes.boxes),
        scribbles: !status.model_lacks(|can| can.shapes.scribbles),
        lassos: !status.model_lacks(|can| can.shapes.lassos),
    };
    let others = log.shapes_beside(taken);
    let [boxes, scribbles, lassos] = others;
    let text = mark(
        "The model in use takes no such prompts as this object has then (boxes: {boxes}, scribbles: {scribbles}, lassos: {lassos}): use another model, or start a new object",
    );
    let counts: [(&str, &dyn std::fmt::Display); 3] =
        [("boxes", &boxes), ("scribbles", &scribbles), ("lassos", &lassos)];
    (others != [0; 3]).then(|| tr_with(text, &counts))
}

/// From now on clicks make prompts, of this sign.
pub(super) fn choose_sign(cx: &mut CommandContext, negative: bool) {
    cx.view.transient.negative = negative;
    cx.view.prefs.tool = tools::POINT;
}
