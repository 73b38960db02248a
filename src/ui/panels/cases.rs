//! The list of cases that is worked through: how far each is, who has it, and which one is open.

use std::ops::Range;
use std::path::Path;

use egui::{
    Button, ComboBox, EventFilter, Key, Label, Panel, RichText, ScrollArea, TextEdit, Ui, vec2,
};

use crate::ui::commands::cases::{
    CASE_DONE, CASE_FLAGGED, CASES, NEXT_CASE, NEXT_NOT_STARTED, PREVIOUS_CASE, REFRESH_CASES,
    mark_text,
};
use crate::ui::commands::widgets::{command_button, icon_command};
use crate::ui::commands::{CommandContext, Entry};
use crate::ui::kit::format::shorten;
use crate::ui::kit::icons;
use crate::ui::kit::template::{tr_error, tr_sentence};
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::theme::SMALL;
use crate::ui::kit::widgets::{
    colours, heading, panel_frame, progress, quiet, row_button, section_line,
};
use crate::ui::state::{
    Action, CaseProgress, CasesAction, ListProgress, ListedCase, WorkListStatus,
};

/// Width at first, in points, and how narrow and wide it may be made.
const WIDTH: f32 = 296.0;
const WIDTHS: std::ops::RangeInclusive<f32> = 220.0..=560.0;
const ROW: f32 = 24.0;
/// Between rows.
const GAP: f32 = 1.0;
/// Of longer lists one can look for some.
const SEARCHED: usize = 20;

/// Draws it, if it is open and there is a list, or one is being made.
pub(super) fn show(ui: &mut Ui, cx: &mut CommandContext) {
    let list = cx.status.work_list.clone();
    let listing = cx.status.listing.clone();
    let shown = list.filter(|_| cx.view.windows.cases.open);
    cx.view.transient.cases_width = 0.0;
    if shown.is_none() && listing.is_none() {
        return;
    }
    let panel = Panel::left("cases").frame(panel_frame()).resizable(true);
    let panel = panel.default_size(WIDTH).size_range(WIDTHS).show(ui, |ui| {
        // What is wider is cut off, and does not widen the panel.
        ui.set_width(ui.available_width());
        heading(ui, tr("Cases"), |ui| {
            if shown.is_some() {
                icon_command(ui, icons::CARET_LEFT, &CASES, false, cx);
                icon_command(ui, icons::ROTATE, &REFRESH_CASES, false, cx);
            }
        });
        if let Some(listing) = &listing {
            being_made(ui, listing, cx.out);
        }
        if let Some(list) = &shown {
            about(ui, list);
            ui.add_space(4.0);
            going(ui, cx);
            settings(ui, list, cx);
            section_line(ui);
            let found = found(ui, list, cx);
            rows(ui, list, &found, cx);
        }
    });
    cx.view.transient.cases_width = panel.response.rect.width();
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn being_made(ui: &mut Ui, listing: &ListProgress, out: &mut Vec<Action>) {
    let ListProgress { place, done, total } = listing;
    let text = match total {
        0 => tr_with("Looking for scans: {n} so far", &[("n", done)]),
        _ => tr_with("Looking at sessions: {n} of {total}", &[("n", done), ("total", total)]),
    };
    ui.label(RichText::new(shorten(&name_of(place), 36)).strong());
    ui.label(quiet(ui, text));
    ui.horizontal(|ui| {
        progress(ui, tr("Looking for cases"), (*done, *total), 160.0);
        if ui.button(tr("Cancel")).clicked() {
            out.push(Action::Cases(CasesAction::Cancel));
        }
    });
    ui.add_space(8.0);
}

/// `12 of 40 done, 3 flagged`.
fn progress_text(list: &WorkListStatus) -> String {
    let (done, all) = (list.count(CaseProgress::Done), list.cases.len());
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("done", &done), ("all", &all), ("n", &list.count(CaseProgress::Flagged))];
    match list.count(CaseProgress::Flagged) {
        0 => tr_with("{done} of {all} done", &values),
        _ => tr_with("{done} of {all} done, {n} flagged", &values),
    }
}

fn about(ui: &mut Ui, list: &WorkListStatus) {
    let name = RichText::new(name_of(&list.place)).strong();
    ui.add(Label::new(name).truncate()).on_hover_text(list.place.display().to_string());
    ui.horizontal(|ui| {
        let text = progress_text(list);
        ui.label(quiet(ui, &text));
        if !list.notes.is_empty() {
            let notes: Vec<String> = list.notes.iter().map(|note| tr_sentence(note)).collect();
            let label = ui.label(RichText::new(icons::WARNING).color(colours(ui).warning));
            let said = notes.join("; ");
            label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &said));
            label.on_hover_text(notes.join("\n"));
        }
    });
    let (done, all) = (list.count(CaseProgress::Done) as u64, list.cases.len() as u64);
    let width = ui.available_width();
    progress(ui, tr("Cases done"), (done, all), width);
}

/// From case to case, and how far the open one is.
fn going(ui: &mut Ui, cx: &mut CommandContext) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let steps: [(&str, &Entry); 3] = [
            (icons::UP, &PREVIOUS_CASE),
            (icons::DOWN, &NEXT_CASE),
            (icons::FORWARD, &NEXT_NOT_STARTED),
        ];
        for (icon, entry) in steps {
            icon_command(ui, icon, entry, false, cx);
        }
        ui.separator();
        command_button(ui, &CASE_DONE, cx);
        command_button(ui, &CASE_FLAGGED, cx);
    });
}

/// Where sessions go, and what new objects are called.
fn settings(ui: &mut Ui, list: &WorkListStatus, cx: &mut CommandContext) {
    ui.collapsing(tr("Sessions and names"), |ui| {
        let sessions = match &list.sessions {
            Some(folder) => tr_with("Sessions are in {folder}", &[("folder", &name_of(folder))]),
            None => tr("Sessions are beside the scans").to_owned(),
        };
        let label = ui.add(Label::new(quiet(ui, sessions)).truncate());
        if let Some(folder) = &list.sessions {
            label.on_hover_text(folder.display().to_string());
        }
        ui.horizontal_wrapped(|ui| {
            if ui.button(tr("One folder for sessions…")).clicked() {
                cx.out.push(Action::Cases(CasesAction::AskSessions));
            }
            if list.sessions.is_some() && ui.button(tr("Beside the scans")).clicked() {
                cx.out.push(Action::Cases(CasesAction::SessionsBeside));
            }
        });
        ui.label(quiet(ui, tr("New objects are called, one after another, by")));
        names(ui, list, cx);
    });
}

fn names(ui: &mut Ui, list: &WorkListStatus, cx: &mut CommandContext) {
    let none = tr("their numbers");
    let chosen = list.names.as_deref().unwrap_or(none);
    let own = list.own_names.iter().cloned();
    let known = cx.status.names.iter().map(|names| names.title.clone());
    let titles: Vec<String> = own.chain(known).collect();
    let mut wanted = list.names.clone();
    let width = ui.available_width() - 16.0;
    let combo = ComboBox::from_id_salt("names of new objects").selected_text(chosen).width(width);
    let response = combo.show_ui(ui, |ui| {
        ui.selectable_value(&mut wanted, None, none);
        for title in titles {
            ui.selectable_value(&mut wanted, Some(title.clone()), title);
        }
    });
    response.response.accessible_name(tr("Names of new objects"));
    if wanted != list.names {
        cx.out.push(Action::Cases(CasesAction::Names(wanted)));
    }
}

/// The cases that are looked for, by their places in the list.
fn found(ui: &mut Ui, list: &WorkListStatus, cx: &mut CommandContext) -> Vec<usize> {
    let panel = &mut cx.view.windows.cases;
    if list.cases.len() <= SEARCHED {
        return (0..list.cases.len()).collect();
    }
    let field = TextEdit::singleline(&mut panel.searched).hint_text(tr("Name of a case …"));
    let response = ui.add(field.desired_width(f32::INFINITY)).accessible_name(tr("Find cases"));
    // Else Esc takes the keyboard away before the field hears of it.
    let filter = EventFilter { escape: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|m| m.set_focus_lock_filter(response.id, filter));
    if response.has_focus() && ui.input(|i| i.key_pressed(Key::Escape)) {
        panel.searched.clear();
        response.surrender_focus();
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let all = format!("{} {}", tr("All"), list.cases.len());
        ui.selectable_value(&mut panel.only, None, RichText::new(all).size(SMALL));
        for progress in CaseProgress::ALL {
            let text = format!("{} {}", state_text(progress), list.count(progress));
            let text = RichText::new(text).size(SMALL);
            ui.selectable_value(&mut panel.only, Some(progress), text);
        }
    });
    ui.add_space(4.0);
    let words = panel.searched.trim().to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let only = panel.only;
    let is_found = |case: &ListedCase| {
        let name = if words.is_empty() { String::new() } else { case.name.to_lowercase() };
        only.is_none_or(|only| case.progress == only) && words.iter().all(|w| name.contains(w))
    };
    let found: Vec<usize> = (0..list.cases.len()).filter(|at| is_found(&list.cases[*at])).collect();
    if found.is_empty() {
        ui.label(quiet(ui, tr("No case is like that.")));
    }
    if response.lost_focus()
        && ui.input(|i| i.key_pressed(Key::Enter))
        && let [first, ..] = found[..]
    {
        cx.out.push(Action::Cases(CasesAction::Open(first)));
    }
    found
}

/// The rows in sight. The list goes to the case that is opened.
fn rows(ui: &mut Ui, list: &WorkListStatus, found: &[usize], cx: &mut CommandContext) {
    ui.spacing_mut().item_spacing.y = GAP;
    let id = ui.scope_id().with("case in sight");
    let (before, drawn): (Option<usize>, Range<usize>) =
        ui.data(|d| d.get_temp(id)).unwrap_or_default();
    let height = ui.available_height();
    let mut area = ScrollArea::vertical().id_salt("list of cases").auto_shrink([false, false]);
    let place = found.iter().position(|at| Some(*at) == list.current);
    if let Some(place) = place.filter(|place| list.current != before && !drawn.contains(place)) {
        area = area.vertical_scroll_offset((place as f32 * (ROW + GAP) - height / 2.0).max(0.0));
    }
    let drawn = area.show_rows(ui, ROW, found.len(), |ui, range| {
        for &at in &found[range.clone()] {
            ui.push_id(at, |ui| row(ui, list, at, cx));
        }
        range
    });
    ui.data_mut(|d| d.insert_temp(id, (list.current, drawn.inner)));
}

fn row(ui: &mut Ui, list: &WorkListStatus, at: usize, cx: &mut CommandContext) {
    let case = &list.cases[at];
    let is_current = list.current == Some(at);
    let c = colours(ui);
    let colour = match case.progress {
        _ if case.problem.is_some() => c.warning,
        CaseProgress::Flagged => c.warning,
        CaseProgress::Done => c.quiet,
        _ if case.held_by.is_some() => c.quiet,
        _ => c.text,
    };
    let icon = match (case.progress, &case.problem) {
        (_, Some(_)) => icons::WARNING,
        (CaseProgress::Done, _) => icons::CHECK,
        (CaseProgress::Flagged, _) => icons::FLAG,
        (CaseProgress::InProgress, _) => icons::WINDOW,
        // As wide as an icon.
        (CaseProgress::NotStarted, _) => "\u{2003}",
    };
    let text = RichText::new(format!("{icon} {}", case.name)).color(colour);
    let facts = RichText::new(row_facts(case)).size(SMALL).color(c.quiet);
    let button = Button::selectable(is_current, text)
        .right_text(facts)
        .truncate()
        .min_size(vec2(ui.available_width(), ROW));
    let said = told(case);
    let response = ui.add(button).accessible_name(&said);
    let response = response.on_hover_ui(|ui| {
        ui.label(&said);
        ui.label(quiet(ui, case.scan.display().to_string()));
    });
    if response.clicked() {
        cx.out.push(Action::Cases(CasesAction::Open(at)));
    }
}

/// What stands at the right end of a row: objects done, or that somebody has it.
fn row_facts(case: &ListedCase) -> String {
    let objects = match case.objects {
        0 => String::new(),
        n => format!("{}/{n}", case.objects_done),
    };
    match case.held_by {
        Some(_) => format!("{objects} {}", icons::LOCK),
        None => objects,
    }
}

/// `not started`.
fn state_text(progress: CaseProgress) -> &'static str {
    match progress {
        CaseProgress::NotStarted => tr("not started"),
        CaseProgress::InProgress => tr("in progress"),
        CaseProgress::Flagged => tr("flagged"),
        CaseProgress::Done => tr("done"),
    }
}

/// `knee 2, in progress, 1 of 3 objects done, 12 minutes of work, open on ward-7, process 12`.
fn told(case: &ListedCase) -> String {
    let mut text = format!("{}, {}", case.name, state_text(case.progress));
    let mut add = |more: String| text = format!("{text}, {more}");
    if case.objects > 0 {
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("done", &case.objects_done), ("n", &case.objects)];
        add(tr_with("{done} of {n} objects done", &values));
    }
    match (case.duration_ms + 30_000) / 60_000 {
        0 => {}
        1 => add(tr("1 minute of work").to_owned()),
        n => add(tr_with("{n} minutes of work", &[("n", &n)])),
    }
    if let Some(holder) = &case.held_by {
        add(tr_with("open {where}", &[("where", &tr_error(holder))]));
    }
    if let Some(problem) = &case.problem {
        add(tr_error(problem));
    }
    text
}

/// In the bar at the bottom: which case is open, and how many are done.
pub(super) fn in_the_bar(ui: &mut Ui, cx: &mut CommandContext) {
    let Some(list) = &cx.status.work_list else { return };
    let mut text = match list.current {
        Some(current) => {
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("n", &(current + 1)), ("all", &list.cases.len())];
            tr_with("case {n} of {all}", &values)
        }
        // The panel says it.
        None if cx.view.windows.cases.open => String::new(),
        None => progress_text(list),
    };
    let mark = cx.status.session.as_ref().and_then(|session| mark_text(session.case));
    if let Some(mark) = mark.filter(|_| list.current.is_some()) {
        text = format!("{text} · {mark}");
    }
    let tip = format!("{}\n{}", progress_text(list), CASES.tip());
    if row_button(ui, icons::OBJECTS, CASES.name(), &tip).clicked() {
        CASES.run(cx);
    }
    if !text.is_empty() {
        ui.label(quiet(ui, text));
        ui.label(quiet(ui, "·"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_told_in_one_line() {
        let case = ListedCase {
            name: "knee 2".to_owned(),
            progress: CaseProgress::InProgress,
            objects: 3,
            objects_done: 1,
            duration_ms: 12 * 60_000,
            held_by: Some("on ward-7, process 12".to_owned()),
            ..ListedCase::default()
        };
        assert_eq!(
            told(&case),
            "knee 2, in progress, 1 of 3 objects done, 12 minutes of work, open on ward-7, process 12"
        );
        let fresh = ListedCase { name: "a".to_owned(), ..ListedCase::default() };
        assert_eq!((told(&fresh), row_facts(&fresh)), ("a, not started".to_owned(), String::new()));
        let mut list = WorkListStatus { cases: vec![case, fresh], ..WorkListStatus::default() };
        list.count_all();
        assert_eq!((list.counts, progress_text(&list)), ([1, 1, 0, 0], "0 of 2 done".to_owned()));
        list.cases[0].progress = CaseProgress::Flagged;
        list.count_all();
        assert_eq!(progress_text(&list), "0 of 2 done, 1 flagged");
    }
}
