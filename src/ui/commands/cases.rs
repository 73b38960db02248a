//! The list of cases: opening one, going from case to case, saying how far one is.

use egui::Key;

use super::context::CommandContext;
use super::entry::{Group, Menu, commands, without_scan};
use super::keys::{ctrl, ctrl_alt, ctrl_shift, key};
use crate::ui::kit::icons;
use crate::ui::kit::text::{mark, tr};
use crate::ui::state::{Action, CaseMark, CaseStep, CasesAction};

commands! {
    Group::Cases;

    /// Asks for a folder with scans.
    OPEN_CASES {
        name: "Open a folder of cases…",
        keys: [ctrl_alt(Key::O)],
        run: |cx| cx.send(Action::Cases(CasesAction::Ask)),
        menu: Some((Menu::File, 0)),
        words: mark("work list worklist cohort BIDS CSV next patient"),
        asks_for_text: |_| true,
    }

    /// The panel with them.
    CASES {
        name: "List of cases",
        keys: [key(Key::F4)],
        run: |cx| cx.view.windows.cases.open = !cx.view.windows.cases.open,
        menu: Some((Menu::Cases, 0)),
        enabled: with_list,
        why_not: without_list,
        on: Some(|cx| cx.view.windows.cases.open),
        words: mark("work list worklist"),
    }

    /// Without those that somebody has.
    NEXT_CASE {
        name: "Next case",
        keys: [ctrl(Key::PageDown)],
        run: |cx| go(cx, CaseStep::Next),
        menu: Some((Menu::Cases, 10)),
        enabled: with_list,
        why_not: without_list,
    }

    /// Without those that somebody has.
    PREVIOUS_CASE {
        name: "Previous case",
        keys: [ctrl(Key::PageUp)],
        run: |cx| go(cx, CaseStep::Previous),
        menu: Some((Menu::Cases, 10)),
        enabled: with_list,
        why_not: without_list,
    }

    /// After the last from the first on.
    NEXT_NOT_STARTED {
        name: "Next case not started",
        keys: [ctrl_shift(Key::PageDown)],
        run: |cx| go(cx, CaseStep::NextNotStarted),
        menu: Some((Menu::Cases, 10)),
        enabled: with_list,
        why_not: without_list,
    }

    /// Or not yet.
    CASE_DONE {
        name: "Case is done",
        keys: [ctrl(Key::D)],
        run: |cx| toggle(cx, CaseMark::Done),
        icon: Some(icons::CHECK),
        menu: Some((Menu::Cases, 20)),
        enabled: can_mark,
        why_not: why_no_mark,
        on: Some(|cx| is_marked(cx, CaseMark::Done)),
        words: mark("finished complete"),
    }

    /// Or not any more.
    CASE_FLAGGED {
        name: "Case is flagged",
        keys: [ctrl_shift(Key::D)],
        run: |cx| toggle(cx, CaseMark::Flagged),
        icon: Some(icons::FLAG),
        menu: Some((Menu::Cases, 20)),
        enabled: can_mark,
        why_not: why_no_mark,
        on: Some(|cx| is_marked(cx, CaseMark::Flagged)),
        words: mark("review question look again"),
    }

    /// The two things that are done most often.
    DONE_AND_NEXT {
        name: "Case is done, and on to the next",
        keys: [ctrl(Key::Enter)],
        run: |cx| {
            cx.send(Action::Cases(CasesAction::Mark(CaseMark::Done)));
            go(cx, CaseStep::Next);
        },
        menu: Some((Menu::Cases, 20)),
        enabled: |cx| with_list(cx) && can_mark(cx),
        why_not: |cx| if with_list(cx) { why_no_mark(cx) } else { without_list(cx) },
    }

    /// Which others may have changed.
    REFRESH_CASES {
        name: "Look at all cases again",
        keys: [key(Key::F5)],
        run: |cx| cx.send(Action::Cases(CasesAction::Refresh)),
        menu: Some((Menu::Cases, 30)),
        enabled: with_list,
        why_not: without_list,
        words: mark("refresh reload update"),
    }

    /// What is open stays open.
    CLOSE_CASES {
        name: "Close the list of cases",
        keys: [],
        run: |cx| cx.send(Action::Cases(CasesAction::Close)),
        menu: Some((Menu::Cases, 30)),
        enabled: with_list,
        why_not: without_list,
    }
}

fn go(cx: &mut CommandContext, step: CaseStep) {
    cx.send(Action::Cases(CasesAction::Go(step)));
}

fn with_list(cx: &CommandContext) -> bool {
    cx.status.work_list.is_some()
}

fn without_list(_: &CommandContext) -> &'static str {
    mark("Open a folder of cases first.")
}

/// A copy is other work than the case's.
fn can_mark(cx: &CommandContext) -> bool {
    let session = cx.status.session.as_ref().filter(|_| cx.document.is_some());
    session.is_some_and(|session| session.copy_of.is_none())
}

fn why_no_mark(cx: &CommandContext) -> &'static str {
    without_scan(cx).unwrap_or(mark("This session is open to be read only."))
}

fn is_marked(cx: &CommandContext, mark: CaseMark) -> bool {
    cx.status.session.as_ref().is_some_and(|session| session.case == mark)
}

fn toggle(cx: &mut CommandContext, mark: CaseMark) {
    let next = if is_marked(cx, mark) { CaseMark::Open } else { mark };
    cx.send(Action::Cases(CasesAction::Mark(next)));
}

/// What an annotator says of a case, in the language in use; nothing while it is worked on.
pub fn mark_text(mark: CaseMark) -> Option<&'static str> {
    match mark {
        CaseMark::Open => None,
        CaseMark::Flagged => Some(tr("case flagged")),
        CaseMark::Done => Some(tr("case done")),
    }
}
