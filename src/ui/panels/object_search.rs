//! Which of many objects the list shows: those that one looks for.

use egui::{EventFilter, TextEdit, Ui};

use crate::document::{Document, Object, ObjectState};
use crate::ui::commands::CommandContext;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::quiet;

/// Of longer lists one can look for some.
const SEARCHED: usize = 20;

/// The objects that are looked for, and where many are there, a field to say which.
pub(super) fn found<'d>(
    ui: &mut Ui,
    document: &'d Document,
    cx: &mut CommandContext,
) -> Vec<&'d Object> {
    let objects = document.objects();
    if objects.len() <= SEARCHED {
        return objects.iter().collect();
    }
    let searched = &mut cx.view.transient.searched_objects;
    let field = TextEdit::singleline(searched).hint_text(tr("Name, number, done, flagged …"));
    let response = ui.add(field.desired_width(f32::INFINITY)).accessible_name(tr("Find objects"));
    // Else Esc takes the keyboard away before the field hears of it.
    let filter = EventFilter { escape: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|m| m.set_focus_lock_filter(response.id, filter));
    if response.has_focus() && ui.input(|i| i.key_pressed(egui::Key::Escape)) {
        searched.clear();
        response.surrender_focus();
    }
    ui.add_space(4.0);
    let words = searched.trim().to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let is_found = |object: &&Object| words.iter().all(|word| matches(object, word));
    let found: Vec<&Object> = objects.iter().filter(is_found).collect();
    if found.is_empty() {
        ui.label(quiet(ui, tr("No object is called that.")));
    }
    found
}

/// Whether a word in lower case names an object: a part of its name, its number, or its state.
fn matches(object: &Object, word: &str) -> bool {
    let state = match object.state {
        ObjectState::Open if object.is_empty() => ["not started", tr("not started")],
        ObjectState::Open => return named(object, word),
        ObjectState::Flagged => ["flagged", tr("flagged")],
        ObjectState::Done => ["done", tr("done")],
    };
    state.iter().any(|state| state.starts_with(word)) || named(object, word)
}

fn named(object: &Object, word: &str) -> bool {
    object.id.0.to_string() == word || object.name.to_lowercase().contains(word)
}
