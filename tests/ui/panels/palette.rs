//! The palette: every command by its words, with the keyboard alone.

use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::document::Command;
use voxpoint::render::Interpolation;
use voxpoint::ui::text::Language;
use voxpoint::ui::theme::Theme;

use super::desktop::{Desktop, nothing_is_cut_or_overlaps, picture, press, shows, taken};

const KEY: (Modifiers, Key) = (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::P);

fn open(harness: &mut Harness<Desktop>) {
    press(harness, Modifiers { ctrl: true, ..KEY.0 }, KEY.1);
    assert!(harness.state().view.windows.palette.is_some());
}

fn type_text(harness: &mut Harness<Desktop>, text: &str) {
    harness.event(Event::Text(text.to_owned()));
    harness.run_steps(2);
}

/// Which command is chosen, as assistive tools are told.
fn chosen(harness: &Harness<Desktop>) -> Option<String> {
    let all = harness.query_all(egui_kittest::kittest::by());
    let nodes = all.filter(|node| node.accesskit_node().toggled().is_some());
    let on = nodes.filter(|n| n.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True));
    on.filter_map(|node| node.accesskit_node().label()).next_back()
}

#[test]
fn a_command_is_found_by_its_words_in_any_order_and_done() {
    // What is typed; what is asked of the program then.
    for (text, action) in [
        ("undo", "Undo"),
        ("AS save", "SaveAs"),
        ("scan sample", "OpenSample"),
        ("positive UNDO", "Undo"),
        ("撤销", "Undo"),
    ] {
        let mut harness = Desktop::open().wide();
        open(&mut harness);
        type_text(&mut harness, text);
        press(&mut harness, Modifiers::NONE, Key::Enter);
        assert_eq!(taken(&mut harness), [action], "{text}");
        assert!(harness.state().view.windows.palette.is_none(), "{text}: it closes");
    }
}

#[test]
fn arrows_choose_and_what_can_not_be_done_is_not() {
    let mut harness = Desktop::open().wide();
    open(&mut harness);
    type_text(&mut harness, "slices th");
    picture(&mut harness, "palette");
    // Thick slices, Thicker slices, Thinner slices; then round to the first.
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.extend(chosen(&harness));
        press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    }
    let (first, rest) = seen.split_first().expect("something is chosen");
    assert!(rest.len() == 3 && rest.iter().any(|name| name != first), "{seen:?}");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.state().view.windows.palette.is_none());
    assert!(taken(&mut harness).is_empty(), "Esc does nothing but close it");

    // Nothing has been undone: dim, and Enter leaves it open.
    open(&mut harness);
    type_text(&mut harness, "redo");
    assert!(harness.query_by_label("Nothing was undone.").is_some(), "it says why");
    // Here and in the toolbar.
    assert_eq!(harness.query_all_by_label("Redo").count(), 2);
    assert!(harness.query_all_by_label("Redo").all(|n| n.accesskit_node().is_disabled()));
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(taken(&mut harness).is_empty());
    assert!(harness.state().view.windows.palette.is_some());
}

/// What one looks for may be called otherwise.
#[test]
fn settings_are_found_by_the_words_that_one_looks_for() {
    for (text, expected) in [
        ("language", "Language: English"),
        ("chinese", "Language: 简体中文 (Chinese)"),
        ("english", "Language: English"),
        ("语言", "Language: English"),
        ("theme", "Light theme"),
        ("dark", "Light theme"),
        ("text size", "Larger"),
        ("font", "Larger"),
    ] {
        let mut harness = Desktop::open().wide();
        open(&mut harness);
        type_text(&mut harness, text);
        assert_eq!(chosen(&harness).as_deref(), Some(expected), "{text}");
    }
    let mut harness = Desktop::open().wide();
    open(&mut harness);
    type_text(&mut harness, "中文");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(harness.state().view.prefs.language, Language::Chinese);
    voxpoint::ui::text::speak(Language::English);
}

/// What is missing, of each kind.
#[test]
fn what_can_not_be_done_says_what_is_missing() {
    for (with_scan, text, why) in [
        (false, "refine the mask", "Open a scan first."),
        (false, "undo", "Open a scan first."),
        (true, "next time point", "This scan has one time point."),
        (true, "straight planes", "The planes are not turned."),
        (true, "delete selected point", "Select a point first."),
    ] {
        let desktop = if with_scan { Desktop::open() } else { Desktop::empty() };
        let mut harness = desktop.wide();
        open(&mut harness);
        type_text(&mut harness, text);
        assert!(harness.query_by_label(why).is_some(), "{text}: {why}");
    }
    let mut desktop = Desktop::open();
    if let Some(document) = &mut desktop.document {
        document.apply(Command::NewObject).unwrap();
    }
    let mut harness = desktop.wide();
    open(&mut harness);
    type_text(&mut harness, "refine the mask");
    assert!(harness.query_by_label("This object has no voxels yet.").is_some());
}

#[test]
fn letters_typed_into_it_are_no_shortcuts() {
    let mut harness = Desktop::open().wide();
    open(&mut harness);
    for key in [Key::I, Key::N, Key::Delete] {
        press(&mut harness, Modifiers::NONE, key);
    }
    assert!(taken(&mut harness).is_empty());
    assert_eq!(harness.state().view.prefs.interpolation, Interpolation::default());
    // And it says so when it finds nothing.
    type_text(&mut harness, "zzzz");
    assert!(shows(&harness, "No command has these words."));
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.state().view.windows.palette.is_some());
}

#[test]
fn it_works_without_a_scan_by_the_pointer_and_in_a_small_window_of_large_letters() {
    let mut harness = Desktop::empty().window([512.0, 350.0]);
    open(&mut harness);
    type_text(&mut harness, "theme");
    picture(&mut harness, "palette-small");
    let window = harness.ctx.content_rect();
    let entry = harness.get_by_label("Light theme");
    assert!(window.contains_rect(entry.rect()), "{:?}", entry.rect());
    entry.click();
    harness.run_steps(3);
    assert_eq!(harness.state().view.prefs.theme, Theme::Light);
    assert!(harness.state().view.windows.palette.is_none());
}

#[test]
fn it_speaks_chinese_and_still_knows_english() {
    let mut desktop = Desktop::open();
    desktop.view.prefs.language = Language::Chinese;
    voxpoint::ui::text::speak(Language::Chinese);
    let mut harness = desktop.wide();
    open(&mut harness);
    picture(&mut harness, "palette-chinese");
    type_text(&mut harness, "save as");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    voxpoint::ui::text::speak(Language::English);
    assert_eq!(taken(&mut harness), ["SaveAs"]);
}

#[test]
fn the_list_is_long_again_after_a_short_one() {
    let mut harness = Desktop::open().wide();
    let seen = |harness: &Harness<Desktop>| {
        let last = harness.get_by_label("Picture…").rect();
        last.bottom() < 440.0 && harness.ctx.content_rect().contains_rect(last)
    };
    open(&mut harness);
    assert!(seen(&harness), "the seventh row, without scrolling");
    type_text(&mut harness, "undo");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    open(&mut harness);
    harness.run_steps(3);
    assert!(seen(&harness));
}

#[test]
fn nothing_of_the_window_is_cut_while_it_is_closed_again() {
    let mut harness = Desktop::open().wide();
    open(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.run_steps(3);
    nothing_is_cut_or_overlaps(&harness);
}
