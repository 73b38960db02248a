use egui::{Context, Event, FocusDirection, InputState, Key, KeyboardShortcut, Modifiers};

use super::context::CommandContext;
use super::entry::Entry;
use super::table::all;
use crate::document::Document;
use crate::ui::kit::widgets::delete_is_claimed;
use crate::ui::state::{Action, GestureState, Status, ViewState};
use crate::ui::tools;

/// Takes this frame's key presses and does what they stand for. Call first in a frame, before any widget.
///
/// Does nothing while a text field has the focus, a path is asked for or a question is open, and leaves Tab, Space,
/// Enter and the arrows to a widget that has the keyboard focus (Shift+Tab goes there, Esc comes back).
pub fn handle(
    ctx: &Context,
    document: Option<&Document>,
    view: &mut ViewState,
    status: &Status,
    out: &mut Vec<Action>,
) {
    let is_typing = ctx.text_edit_focused() || view.windows.palette.is_some();
    if is_typing || status.asks() || status.asks_path {
        view.transient.peek = false;
        return;
    }
    let has_keyboard = ctx.memory(egui::Memory::focused);
    let focused = has_keyboard.is_some();
    let in_view = view.transient.keyboard_view.is_some_and(|(id, _)| has_keyboard == Some(id));
    view.transient.peek =
        (!focused || in_view) && document.is_some() && ctx.input(|i| i.key_down(Key::Space));
    let selected = view.transient.selected_prompt;
    let keys = Keys {
        focused,
        in_view,
        menu_open: egui::Popup::is_any_open(ctx),
        deletes_elsewhere: delete_is_claimed(ctx),
        gesture: view.transient.gesture,
        half_drawn: (in_view || !focused) && tools::of(view.prefs.tool).draws_in(view).is_some(),
        points: document.zip(selected).is_some_and(|(document, (id, prompt))| {
            document.object(id).is_some_and(|o| o.log.position(prompt).is_some())
        }),
    };
    let (pressed, took_navigation) = ctx.input_mut(|input| keys.take(input, view, status));
    if took_navigation {
        // egui has seen the key before us and would move the focus to a widget.
        ctx.memory_mut(|m| m.move_focus(FocusDirection::None));
    }
    let width = ctx.content_rect().width();
    let mut cx = CommandContext { document, view, status, out, width };
    for entry in pressed {
        entry.run(&mut cx);
    }
}

/// Whose keys are.
// Each is a question of its own.
#[allow(clippy::struct_excessive_bools)]
struct Keys {
    /// A widget has the keyboard.
    focused: bool,
    /// It is one of the views: of keys it wants the arrows only, and Tab goes on from it.
    in_view: bool,
    menu_open: bool,
    /// A widget wants Delete for itself.
    deletes_elsewhere: bool,
    /// What the pointer does.
    gesture: GestureState,
    /// Something is half drawn, and a view (or nothing) has the keyboard.
    half_drawn: bool,
    /// A point is selected.
    points: bool,
}

impl Keys {
    /// Whether a key is egui's.
    fn left_to_egui(&self, key: Key, modifiers: Modifiers) -> bool {
        // Esc takes back what the pointer is doing, whatever has the keyboard, and what is half drawn in a view.
        if key == Key::Escape && (self.gesture != GestureState::Idle || self.half_drawn) {
            return false;
        }
        // With Ctrl it stands for a command.
        let enters = key == Key::Enter && !modifiers.command;
        let arrow = is_navigation(key) && key != Key::Tab;
        if self.in_view && !self.menu_open && (arrow || enters || key == Key::Space) {
            return arrow && !modifiers.alt;
        }
        let navigation = is_navigation(key) || enters || matches!(key, Key::Space | Key::Escape);
        let deletes = matches!(key, Key::Delete | Key::Backspace);
        // It steps through points only from one to the next; else it goes to buttons and fields.
        let back = key == Key::Tab && modifiers.shift && !self.points;
        back || navigation && (self.focused || self.menu_open) || deletes && self.deletes_elsewhere
    }

    /// Takes the keys that stand for something out of the events. Returns the commands, and whether egui has seen one
    /// of the keys as its own.
    fn take(
        &self,
        input: &mut InputState,
        view: &mut ViewState,
        status: &Status,
    ) -> (Vec<&'static Entry>, bool) {
        let draws = self.gesture == GestureState::Active { edits: true };
        let mut pressed: Vec<&'static Entry> = Vec::new();
        let mut took_navigation = false;
        input.events.retain(|event| {
            let Event::Key { key, physical_key, pressed: true, repeat, modifiers } = event else {
                return true;
            };
            if self.left_to_egui(*key, *modifiers) {
                return true;
            }
            if pressed.last().is_some_and(|entry| (entry.asks_for_text)(status)) {
                // Typed for what this opens, which is not there yet.
                return false;
            }
            if self.gesture == GestureState::Idle
                && modifiers.is_none()
                && tools::of(view.prefs.tool).takes_key(*key, view)
            {
                return false;
            }
            let Some(entry) = find(*key, *physical_key, *modifiers) else { return true };
            took_navigation |= is_navigation(*key);
            // What is being drawn is one change, and nothing comes in between.
            let waits = draws && !entry.while_drawing;
            if !waits && (!*repeat || entry.repeats) {
                pressed.push(entry);
            }
            false
        });
        (pressed, took_navigation)
    }
}

/// Whether egui moves the keyboard focus by this key.
fn is_navigation(key: Key) -> bool {
    matches!(key, Key::Tab | Key::ArrowUp | Key::ArrowDown | Key::ArrowLeft | Key::ArrowRight)
}

/// The command of a key press. Digits also count by their place on the keyboard, because some layouts
/// (French) have them on Shift; so does Shift for a sign that needs it.
fn find(key: Key, physical: Option<Key>, modifiers: Modifiers) -> Option<&'static Entry> {
    let digit = |k: Key| (Key::Num0..=Key::Num9).contains(&k);
    let matches = |wanted: &KeyboardShortcut| {
        let by_place = digit(wanted.logical_key) && physical == Some(wanted.logical_key);
        let modifiers = match wanted.logical_key {
            Key::Plus
            | Key::Equals
            | Key::Minus
            | Key::OpenBracket
            | Key::CloseBracket
            | Key::OpenCurlyBracket
            | Key::CloseCurlyBracket
            | Key::Comma
            | Key::Period => Modifiers { shift: false, ..modifiers },
            _ => modifiers,
        };
        (key == wanted.logical_key || by_place) && modifiers.matches_exact(wanted.modifiers)
    };
    all().find(|entry| entry.keys.iter().any(matches))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::commands::keys::key_name;

    #[test]
    fn no_key_stands_for_two_things_and_no_command_is_there_twice() {
        for (n, entry) in all().enumerate() {
            assert!(!entry.name.is_empty() && !entry.id.is_empty(), "{entry:?}");
            for other in all().skip(n + 1) {
                assert_ne!(entry.id, other.id);
                assert_ne!(
                    (entry.group, entry.name),
                    (other.group, other.name),
                    "one name for two things"
                );
                for key in entry.keys {
                    let (name, other_name) = (entry.name, other.name);
                    assert!(
                        !other.keys.contains(key),
                        "{} is {name} and {other_name}",
                        key_name(key)
                    );
                }
            }
        }
    }

    #[test]
    fn a_key_finds_its_own_command_and_not_that_of_other_modifiers() {
        for entry in all() {
            for key in entry.keys {
                // As winit reports it: Ctrl is also "command" except on a Mac.
                let mut modifiers = key.modifiers;
                modifiers.ctrl = modifiers.command;
                let found = find(key.logical_key, None, modifiers).map(|e| e.id);
                assert_eq!(found, Some(entry.id), "{}", entry.name);
            }
        }
        let id = |key, physical, modifiers| find(key, physical, modifiers).map(|e| e.id);
        assert_eq!(id(Key::F3, None, Modifiers::NONE), None);
        assert_eq!(id(Key::Z, None, Modifiers::ALT), None);
        assert_eq!(id(Key::N, None, Modifiers::CTRL | Modifiers::COMMAND), None);
        // The key labelled 3 without Shift on a French keyboard.
        let third = id(Key::Num3, None, Modifiers::NONE);
        assert!(third.is_some());
        assert_eq!(id(Key::Quote, Some(Key::Num3), Modifiers::NONE), third);
    }
}
