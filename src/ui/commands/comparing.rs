//! A second label map beside the objects: what is drawn of the two, going to where they differ, their numbers.

use egui::Key;

use super::context::CommandContext;
use super::entry::{Group, Menu, commands, with_scan, without_scan};
use super::keys::{alt, ctrl_alt, ctrl_shift, key, shift};
use crate::ui::kit::icons;
use crate::ui::kit::text::mark;
use crate::ui::state::{
    Action, AgreementAction, BesideAction, ComparisonAction, ComparisonJump, ComparisonLook,
    ModelStatus,
};

commands! {
    Group::Compare;

    /// Asks for a file.
    COMPARE_WITH {
        name: "Compare with a label map…",
        keys: [ctrl_alt(Key::C)],
        run: |cx| send(cx, ComparisonAction::Ask),
        menu: Some((Menu::File, 0)),
        enabled: with_scan,
        words: mark("Dice Hausdorff distance agreement reference ground truth difference second reader"),
        asks_for_text: |_| true,
    }

    /// Asks for files, if there are none yet.
    AGREEMENT {
        name: "Agreement of several label maps…",
        keys: [],
        run: |cx| {
            let opens = !cx.view.windows.agreement;
            cx.view.windows.agreement = opens;
            if opens && cx.status.agreement.raters.is_empty() {
                cx.send(Action::Agreement(AgreementAction::Ask));
            }
        },
        menu: Some((Menu::File, 0)),
        enabled: with_scan,
        words: mark("STAPLE majority vote several raters readers observers consensus Dice"),
        asks_for_text: |status| status.agreement.raters.is_empty(),
    }

    /// Asks for a file.
    OPEN_BESIDE {
        name: "Show a second scan beside…",
        keys: [ctrl_shift(Key::L)],
        run: |cx| cx.send(Action::Beside(BesideAction::Ask)),
        menu: Some((Menu::File, 0)),
        enabled: with_scan,
        words: mark("follow-up prior previous examination two scans split"),
        asks_for_text: |_| true,
    }

    /// Each slice twice: a second scan, or B's labels, at the right.
    SIDE_BY_SIDE {
        name: "Side by side",
        keys: [key(Key::F9)],
        run: |cx| cx.view.toggle_side_by_side(),
        menu: Some((Menu::Compare, 0)),
        enabled: |cx| cx.document.is_some() && cx.view.has_beside(),
        why_not: |cx| without_scan(cx).unwrap_or(mark("Show a second scan beside, or compare with a label map first.")),
        on: Some(|cx| cx.view.scan.beside.on),
        words: mark("follow-up prior two scans split synchronised linked"),
    }

    /// What is drawn, one after another.
    NEXT_LOOK {
        name: "Differences, distances, A or B",
        keys: [shift(Key::C)],
        run: |cx| {
            if let Some(comparison) = &mut cx.view.scan.comparison {
                comparison.next_look();
            }
        },
        menu: Some((Menu::Compare, 0)),
        enabled: compares,
        why_not: nothing_to_compare,
    }

    /// How far the objects are from the borders of the other label map.
    DISTANCES {
        name: "Distances as colours",
        keys: [alt(Key::C)],
        run: |cx| {
            if let Some(comparison) = &mut cx.view.scan.comparison {
                comparison.look = match comparison.look {
                    ComparisonLook::Distances => ComparisonLook::Differences,
                    _ => ComparisonLook::Distances,
                };
            }
        },
        menu: Some((Menu::Compare, 0)),
        enabled: compares,
        why_not: nothing_to_compare,
        on: Some(|cx| {
            let look = cx.view.scan.comparison.as_ref().map(|comparison| comparison.look);
            look == Some(ComparisonLook::Distances)
        }),
    }

    /// The largest first, of the pair that is chosen or of all.
    NEXT_DIFFERENCE {
        name: "Next difference",
        keys: [key(Key::F8)],
        run: |cx| send(cx, ComparisonAction::Go(ComparisonJump::Next)),
        icon: Some(icons::DOWN),
        menu: Some((Menu::Compare, 10)),
        enabled: compares,
        why_not: nothing_to_compare,
        repeats: true,
    }

    /// The one before.
    PREVIOUS_DIFFERENCE {
        name: "Previous difference",
        keys: [shift(Key::F8)],
        run: |cx| send(cx, ComparisonAction::Go(ComparisonJump::Previous)),
        icon: Some(icons::UP),
        menu: Some((Menu::Compare, 10)),
        enabled: compares,
        why_not: nothing_to_compare,
        repeats: true,
    }

    /// Of the axial ones.
    WORST_SLICE {
        name: "Slice that differs most",
        keys: [key(Key::F7)],
        run: |cx| send(cx, ComparisonAction::Go(ComparisonJump::WorstSlice)),
        icon: Some(icons::SEARCH),
        menu: Some((Menu::Compare, 10)),
        enabled: compares,
        why_not: nothing_to_compare,
        words: mark("worst"),
    }

    /// It knows B, clicks as a user would, and is measured.
    ROBOT_USER {
        name: "Robot user…",
        keys: [],
        run: |cx| cx.view.windows.robot = !cx.view.windows.robot,
        icon: Some(icons::POINT),
        menu: Some((Menu::Compare, 19)),
        enabled: |cx| cx.view.windows.robot || compares(cx) && has_model(cx),
        why_not: |cx| {
            if compares(cx) { mark("No model is ready yet.") } else { nothing_to_compare(cx) }
        },
        words: mark("simulated clicks evaluate model Dice curve 1 3 5 10"),
    }

    /// As CSV.
    COPY_COMPARISON {
        name: "Copy the comparison as CSV",
        keys: [],
        run: |cx| send(cx, ComparisonAction::Copy),
        icon: Some(icons::COPY),
        menu: Some((Menu::Compare, 20)),
        enabled: has_numbers,
        why_not: no_numbers,
    }

    /// As CSV or JSON.
    SAVE_COMPARISON {
        name: "Save the comparison…",
        keys: [],
        run: |cx| send(cx, ComparisonAction::Save),
        icon: Some(icons::EXPORT),
        menu: Some((Menu::Compare, 20)),
        enabled: has_numbers,
        why_not: no_numbers,
        words: mark("CSV JSON table export"),
        asks_for_text: |_| true,
    }

    /// The objects are drawn as always.
    END_COMPARISON {
        name: "End the comparison",
        keys: [],
        run: |cx| send(cx, ComparisonAction::End),
        icon: Some(icons::CLOSE),
        menu: Some((Menu::Compare, 30)),
        enabled: compares,
        why_not: nothing_to_compare,
    }
}

fn send(cx: &mut CommandContext, action: ComparisonAction) {
    cx.send(Action::Comparison(action));
}

fn compares(cx: &CommandContext) -> bool {
    cx.document.is_some() && cx.view.scan.comparison.is_some()
}

fn has_model(cx: &CommandContext) -> bool {
    matches!(cx.status.model, ModelStatus::Ready { .. })
}

fn nothing_to_compare(cx: &CommandContext) -> &'static str {
    without_scan(cx).unwrap_or(mark("Compare with a label map first."))
}

/// Those of masks that have changed since are not given away.
fn has_numbers(cx: &CommandContext) -> bool {
    compares(cx) && cx.status.comparison.table.is_some() && !cx.status.comparison.stale
}

fn no_numbers(cx: &CommandContext) -> &'static str {
    if compares(cx) { mark("The numbers are not computed yet.") } else { nothing_to_compare(cx) }
}
