//! The one table of what can be done and by which key. The key handler, the menus, the tooltips, the
//! list on F1 and the README's table all come from it.

use std::sync::LazyLock;

use egui::{Context, Event, FocusDirection, Key, KeyboardShortcut, ModifierNames, Modifiers};

use super::verb::{CommandContext, Verb};
use crate::document::Document;
use crate::geom::Plane;
use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::delete_is_claimed;
use crate::ui::state::view_3d::SIDES;
use crate::ui::state::{Action, HandState, Pane, Status, ViewState};
use crate::ui::tools;

/// Where an entry stands in the list of shortcuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Group {
    File,
    Edit,
    Tools,
    Views,
    Window,
    Segment,
    Help,
}

impl Group {
    /// All, in the order of the list.
    pub const ALL: [Group; 7] = [
        Group::File,
        Group::Edit,
        Group::Tools,
        Group::Views,
        Group::Window,
        Group::Segment,
        Group::Help,
    ];

    /// Heading in the list.
    pub fn name(self) -> &'static str {
        match self {
            Group::File => "File",
            Group::Edit => "Edit",
            Group::Tools => "Tools",
            Group::Views => "Views",
            Group::Window => "Window and level",
            Group::Segment => "Segment",
            Group::Help => "Help",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut {
    /// What it does.
    pub verb: Verb,
    /// What the menus call it; a menu may say more (`Undo positive click`).
    pub name: &'static str,
    /// Any of these; the first is shown in menus and tooltips.
    pub keys: &'static [KeyboardShortcut],
    /// Its place in the list.
    pub group: Group,
}

const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const fn alt_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT.plus(Modifiers::SHIFT), key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

const fn row(
    group: Group,
    verb: Verb,
    name: &'static str,
    keys: &'static [KeyboardShortcut],
) -> Shortcut {
    Shortcut { verb, name, keys, group }
}

/// Everything that can be done, with its keys. The letter keys are those of the user's layout.
pub fn rows() -> impl Iterator<Item = &'static Shortcut> {
    let tools = TABLE.iter().position(|row| row.group == Group::Tools).unwrap_or(0);
    TABLE[..tools].iter().chain(TOOLS.iter()).chain(&TABLE[tools..])
}

/// Choosing each tool, as its own description says.
static TOOLS: LazyLock<Vec<Shortcut>> = LazyLock::new(|| {
    let infos = tools::ALL.iter().map(|tool| tool.info());
    infos.map(|info| row(Group::Tools, Verb::Tool(info.id), info.name, info.keys)).collect()
});

/// Everything but the tools.
const TABLE: &[Shortcut] = &[
    row(Group::File, Verb::OpenDialog, "Open…", &[ctrl(Key::O)]),
    row(Group::File, Verb::OpenSample, "Open sample scan", &[ctrl_shift(Key::O)]),
    row(Group::File, Verb::OpenOverlay, "Lay an image over the scan…", &[ctrl(Key::L)]),
    row(Group::File, Verb::Save, "Save mask", &[ctrl(Key::S)]),
    row(Group::File, Verb::SaveAs, "Save mask as…", &[ctrl_shift(Key::S)]),
    row(Group::File, Verb::CopyPicture, "Copy picture", &[ctrl_shift(Key::C)]),
    row(Group::File, Verb::SavePicture, "Picture…", &[ctrl(Key::P)]),
    row(Group::File, Verb::RecordFilm, "Film of a turn…", &[ctrl_shift(Key::P)]),
    row(Group::File, Verb::CloseScan, "Close scan", &[ctrl(Key::W)]),
    row(Group::File, Verb::Quit, "Quit", &[ctrl(Key::Q)]),
    row(Group::Edit, Verb::Undo, "Undo", &[ctrl(Key::Z)]),
    row(Group::Edit, Verb::Redo, "Redo", &[ctrl_shift(Key::Z), ctrl(Key::Y)]),
    row(Group::Edit, Verb::History, "History", &[ctrl(Key::H)]),
    row(Group::Edit, Verb::NewObject, "New object", &[key(Key::N)]),
    row(Group::Edit, Verb::NextObject, "Next object", &[key(Key::Tab)]),
    row(Group::Edit, Verb::RenameObject, "Rename object", &[key(Key::F2)]),
    row(Group::Edit, Verb::LockObject, "Lock object", &[key(Key::L)]),
    row(Group::Edit, Verb::DoneObject, "Object is done", &[key(Key::D)]),
    row(
        Group::Edit,
        Verb::DeletePrompt,
        "Delete selected point",
        &[key(Key::Delete), key(Key::Backspace)],
    ),
    row(Group::Edit, Verb::DeleteObject, "Delete object", &[shift(Key::Delete)]),
    row(
        Group::Tools,
        Verb::Positive,
        "Positive point (inside)",
        &[key(Key::Equals), key(Key::Plus)],
    ),
    row(Group::Tools, Verb::Negative, "Negative point (outside)", &[key(Key::Minus)]),
    row(
        Group::Views,
        Verb::Maximise(Pane::Slice(Plane::Axial)),
        "Axial view only",
        &[key(Key::Num1)],
    ),
    row(
        Group::Views,
        Verb::Maximise(Pane::Slice(Plane::Sagittal)),
        "Sagittal view only",
        &[key(Key::Num2)],
    ),
    row(
        Group::Views,
        Verb::Maximise(Pane::Slice(Plane::Coronal)),
        "Coronal view only",
        &[key(Key::Num3)],
    ),
    row(Group::Views, Verb::Maximise(Pane::Volume), "3D view only", &[key(Key::Num4)]),
    row(Group::Views, Verb::AllViews, "All four views", &[key(Key::Num0)]),
    row(Group::Views, Verb::QuadLayout, "Four views", &[]),
    row(Group::Views, Verb::MainLayout, "One large view (again: another)", &[shift(Key::Y)]),
    row(Group::Views, Verb::RowLayout, "Three slices in a row", &[]),
    row(Group::Views, Verb::NextLayout, "Next layout", &[key(Key::Y)]),
    row(Group::Views, Verb::Lightbox, "Sheet of slices", &[key(Key::S)]),
    row(Group::Views, Verb::ResetViews, "Reset views", &[key(Key::R)]),
    row(Group::Views, Verb::Fit, "Fit the picture", &[key(Key::F)]),
    row(Group::Views, Verb::LifeSize, "Life size (1:1 mm)", &[shift(Key::F)]),
    row(Group::Views, Verb::Turn(5), "Turn the planes clockwise by 5°", &[alt(Key::ArrowRight)]),
    row(Group::Views, Verb::Turn(-5), "Turn the planes back by 5°", &[alt(Key::ArrowLeft)]),
    row(
        Group::Views,
        Verb::Turn(1),
        "Turn the planes clockwise by 1°",
        &[alt_shift(Key::ArrowRight)],
    ),
    row(Group::Views, Verb::Turn(-1), "Turn the planes back by 1°", &[alt_shift(Key::ArrowLeft)]),
    row(Group::Views, Verb::Straighten, "Straight planes", &[shift(Key::R)]),
    row(Group::Views, Verb::Slab, "Thick slices", &[key(Key::M)]),
    row(Group::Views, Verb::NextProjection, "Mean, MIP or MinIP", &[shift(Key::M)]),
    row(Group::Views, Verb::Thicken(1), "Thicker slices", &[alt(Key::ArrowUp)]),
    row(Group::Views, Verb::Thicken(-1), "Thinner slices", &[alt(Key::ArrowDown)]),
    row(Group::Views, Verb::Frame(1), "Next frame", &[key(Key::Period)]),
    row(Group::Views, Verb::Frame(-1), "Previous frame", &[key(Key::Comma)]),
    row(Group::Views, Verb::Play, "Play the frames", &[key(Key::K)]),
    row(
        Group::Views,
        Verb::Step(1),
        "Next slice (towards S, A or R)",
        &[key(Key::ArrowUp), key(Key::ArrowRight)],
    ),
    row(
        Group::Views,
        Verb::Step(-1),
        "Previous slice (towards I, P or L)",
        &[key(Key::ArrowDown), key(Key::ArrowLeft)],
    ),
    row(Group::Views, Verb::Step(10), "Ten slices on", &[key(Key::PageUp)]),
    row(Group::Views, Verb::Step(-10), "Ten slices back", &[key(Key::PageDown)]),
    row(Group::Views, Verb::ShowCrosshair, "Show crosshair", &[key(Key::X)]),
    row(Group::Views, Verb::ShowLabels, "Show masks", &[key(Key::V)]),
    row(Group::Views, Verb::Peek, "Hide masks while held", &[key(Key::Space)]),
    row(Group::Views, Verb::MaskLook, "Masks filled, outlined or both", &[shift(Key::V)]),
    row(Group::Views, Verb::Solo, "Selected object alone", &[key(Key::O)]),
    row(
        Group::Views,
        Verb::HideOthers,
        "Hide the other objects (again: show all)",
        &[shift(Key::O)],
    ),
    row(Group::Views, Verb::ShowOverlays, "Show overlays", &[key(Key::H)]),
    row(Group::Views, Verb::Interpolation, "Nearest, linear or cubic", &[key(Key::I)]),
    row(Group::Views, Verb::LinkZoom, "Zoom all slices alike", &[shift(Key::L)]),
    row(Group::Views, Verb::Convention, "Neurological convention", &[]),
    row(Group::Views, Verb::LookFrom(SIDES[0]), "3D from anterior", &[alt(Key::A)]),
    row(Group::Views, Verb::LookFrom(SIDES[1]), "3D from posterior", &[alt(Key::P)]),
    row(Group::Views, Verb::LookFrom(SIDES[2]), "3D from the left", &[alt(Key::L)]),
    row(Group::Views, Verb::LookFrom(SIDES[3]), "3D from the right", &[alt(Key::R)]),
    row(Group::Views, Verb::LookFrom(SIDES[4]), "3D from superior", &[alt(Key::S)]),
    row(Group::Views, Verb::LookFrom(SIDES[5]), "3D from inferior", &[alt(Key::I)]),
    row(Group::Views, Verb::Perspective, "Perspective in 3D", &[alt(Key::O)]),
    row(Group::Views, Verb::ClipPlane, "Clip plane in 3D", &[alt(Key::K)]),
    row(Group::Views, Verb::LeftPanel, "Objects panel", &[key(Key::OpenBracket)]),
    row(Group::Views, Verb::RightPanel, "Display panel", &[key(Key::CloseBracket)]),
    row(Group::Views, Verb::ScaleUp, "Larger", &[ctrl(Key::Plus), ctrl(Key::Equals)]),
    row(Group::Views, Verb::ScaleDown, "Smaller", &[ctrl(Key::Minus)]),
    row(Group::Views, Verb::ScaleReset, "Normal size", &[ctrl(Key::Num0)]),
    row(Group::Views, Verb::Theme, "Light theme", &[]),
    row(Group::Window, Verb::AutoWindow, "Automatic window", &[shift(Key::W)]),
    row(Group::Window, Verb::FullWindow, "Full range", &[shift(Key::Num0)]),
    row(Group::Window, Verb::Preset(0), "Brain", &[shift(Key::Num1)]),
    row(Group::Window, Verb::Preset(1), "Subdural", &[shift(Key::Num2)]),
    row(Group::Window, Verb::Preset(2), "Stroke", &[shift(Key::Num3)]),
    row(Group::Window, Verb::Preset(3), "Bone", &[shift(Key::Num4)]),
    row(Group::Window, Verb::Preset(4), "Lung", &[shift(Key::Num5)]),
    row(Group::Window, Verb::Preset(5), "Mediastinum", &[shift(Key::Num6)]),
    row(Group::Window, Verb::Preset(6), "Abdomen", &[shift(Key::Num7)]),
    row(Group::Window, Verb::Preset(7), "Liver", &[shift(Key::Num8)]),
    row(Group::Window, Verb::Preset(8), "Angio", &[shift(Key::Num9)]),
    row(Group::Segment, Verb::Preview, "Preview under the pointer", &[key(Key::Q)]),
    row(Group::Segment, Verb::PointHere, "Point at the crosshair", &[key(Key::Enter)]),
    row(Group::Segment, Verb::Extend, "Extend beyond the model's cube", &[key(Key::G)]),
    row(Group::Segment, Verb::DemoModel, "Use the demo model", &[]),
    row(Group::Segment, Verb::ChooseModel, "Open another model…", &[]),
    row(Group::Segment, Verb::AboutModel, "About this model…", &[]),
    row(Group::Segment, Verb::DownloadModel, "Download SAM-Med3D-turbo (≈ 400 MB)…", &[]),
    row(Group::Segment, Verb::InstallRuntime, "Get ONNX Runtime", &[]),
    row(Group::Help, Verb::Help, "Shortcuts", &[key(Key::F1)]),
    row(Group::Help, Verb::Menu, "Menus by keyboard", &[key(Key::F10)]),
    row(Group::Help, Verb::Log, "Log", &[key(Key::F12)]),
    row(Group::Help, Verb::About, "About Voxpoint", &[]),
    row(Group::Help, Verb::Cancel, "Cancel", &[key(Key::Escape)]),
];

/// What the mouse does in the views, for the list on F1 and the README: gesture and effect.
pub fn gestures() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_tools = tools::ALL.iter().flat_map(|tool| tool.info().gestures);
    of_tools.chain(GESTURES).copied()
}

/// What it does with every tool.
const GESTURES: &[(&str, &str)] = &[
    ("Wheel", "Step slices; with Shift ten at a time"),
    ("Ctrl+wheel", "Zoom at the pointer"),
    ("Alt+wheel", "Thicker or thinner slices"),
    ("Drag a handle of the crosshair", "Turn the two other planes; with Shift by 5°"),
    (
        "Double click (Crosshair, Window and Region tools), or on a view's name",
        "The view alone, and back",
    ),
    ("Drag between views", "Give them other sizes; double click: as they were"),
    ("Middle drag", "Pan"),
    ("Drag in the 3D view", "Turn"),
    ("Shift+drag in the 3D view", "Move the clip plane; pan without one"),
    ("Click in the 3D view", "Crosshair to what is seen there"),
];

/// The row of a verb.
pub fn of(verb: Verb) -> Option<&'static Shortcut> {
    rows().find(|row| row.verb == verb)
}

/// What menus call a verb, in the language in use.
pub fn name(verb: Verb) -> &'static str {
    of(verb).map_or("", |row| tr(row.name))
}

/// The first key of a verb as text, e.g. `Ctrl+Shift+Z`; empty if it has none.
pub fn key_text(verb: Verb) -> String {
    of(verb).and_then(|row| row.keys.first()).map(key_name).unwrap_or_default()
}

/// A tooltip: name and key.
pub fn tip(verb: Verb) -> String {
    match key_text(verb) {
        key if key.is_empty() => name(verb).to_owned(),
        key => format!("{} ({key})", name(verb)),
    }
}

/// A key as text.
pub fn key_name(shortcut: &KeyboardShortcut) -> String {
    let mac = cfg!(target_os = "macos");
    let symbol = match shortcut.logical_key {
        Key::ArrowUp => "Up",
        Key::ArrowDown => "Down",
        Key::ArrowLeft => "Left",
        Key::ArrowRight => "Right",
        Key::Escape => "Esc",
        Key::PageUp => "Page Up",
        Key::PageDown => "Page Down",
        key @ (Key::Minus
        | Key::Plus
        | Key::Equals
        | Key::OpenBracket
        | Key::CloseBracket
        | Key::Comma
        | Key::Period) => key.symbol_or_name(),
        key => key.name(),
    };
    let modifiers = ModifierNames::NAMES.format(&shortcut.modifiers, mac);
    if modifiers.is_empty() { symbol.to_owned() } else { format!("{modifiers}+{symbol}") }
}

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
    if ctx.text_edit_focused() || status.asks() || status.asks_path {
        view.transient.peek = false;
        return;
    }
    let focused = ctx.memory(|m| m.focused().is_some());
    let menu_open = egui::Popup::is_any_open(ctx);
    let edits_curve = delete_is_claimed(ctx);
    view.transient.peek = !focused && document.is_some() && ctx.input(|i| i.key_down(Key::Space));
    let left_to_egui = |key: Key| {
        let navigation = matches!(
            key,
            Key::Tab
                | Key::Space
                | Key::Enter
                | Key::ArrowUp
                | Key::ArrowDown
                | Key::ArrowLeft
                | Key::ArrowRight
        );
        let deletes = matches!(key, Key::Delete | Key::Backspace);
        // Esc takes back what the pointer is doing, whatever has the keyboard.
        if key == Key::Escape && view.transient.hand != HandState::Free {
            return false;
        }
        (navigation || key == Key::Escape) && (focused || menu_open) || deletes && edits_curve
    };

    let draws = view.transient.hand == HandState::Holds { edits: true };
    let mut pressed = Vec::new();
    let mut took_navigation = false;
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, physical_key, pressed: true, repeat, modifiers } = event else {
                return true;
            };
            if left_to_egui(*key) {
                return true;
            }
            if pressed.last().is_some_and(|verb: &Verb| verb.asks_for_path(status)) {
                // Typed for the dialog that this opens, which is not there yet.
                return false;
            }
            let Some(verb) = find(*key, *physical_key, *modifiers) else { return true };
            took_navigation |= matches!(
                key,
                Key::Tab | Key::ArrowUp | Key::ArrowDown | Key::ArrowLeft | Key::ArrowRight
            );
            // What is being drawn is one change, and nothing comes in between.
            let waits = draws && !verb.goes_with_drawing();
            if !waits && (!*repeat || verb.repeats()) {
                pressed.push(verb);
            }
            false
        });
    });
    if took_navigation {
        // egui has seen the key before us and would move the focus to a widget.
        ctx.memory_mut(|m| m.move_focus(FocusDirection::None));
    }
    let width = ctx.content_rect().width();
    let mut cx = CommandContext { document, view, status, out, width };
    for verb in pressed {
        verb.run(&mut cx);
    }
}

/// The verb of a key press. Digits also count by their place on the keyboard, because some layouts
/// (French) have them on Shift; so does Shift for a sign that needs it.
fn find(key: Key, physical: Option<Key>, modifiers: Modifiers) -> Option<Verb> {
    let digit = |k: Key| (Key::Num0..=Key::Num9).contains(&k);
    let matches = |wanted: &KeyboardShortcut| {
        let by_place = digit(wanted.logical_key) && physical == Some(wanted.logical_key);
        let modifiers = match wanted.logical_key {
            Key::Plus
            | Key::Equals
            | Key::Minus
            | Key::OpenBracket
            | Key::CloseBracket
            | Key::Comma
            | Key::Period => Modifiers { shift: false, ..modifiers },
            _ => modifiers,
        };
        (key == wanted.logical_key || by_place) && modifiers.matches_exact(wanted.modifiers)
    };
    rows().find(|row| row.keys.iter().any(matches)).map(|row| row.verb)
}

/// The table as Markdown, for the README (which a test compares with this).
pub fn markdown() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("| Key | Does |\n| --- | --- |\n");
    for row in rows().filter(|row| !row.keys.is_empty()) {
        let keys: Vec<_> = row.keys.iter().map(|key| format!("`{}`", key_name(key))).collect();
        let _ = writeln!(text, "| {} | {} |", keys.join(", "), row.name);
    }
    for (gesture, does) in gestures() {
        let _ = writeln!(text, "| {gesture} | {does} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_for_two_things_and_no_verb_has_two_rows() {
        for (n, row) in rows().enumerate() {
            for other in rows().skip(n + 1) {
                assert_ne!(row.verb, other.verb, "{} and {}", row.name, other.name);
                for key in row.keys {
                    assert!(
                        !other.keys.contains(key),
                        "{} is {} and {}",
                        key_name(key),
                        row.name,
                        other.name
                    );
                }
            }
        }
    }

    #[test]
    fn a_key_finds_its_own_row_and_not_that_of_other_modifiers() {
        for row in rows() {
            for key in row.keys {
                // As winit reports it: Ctrl is also "command" except on a Mac.
                let mut modifiers = key.modifiers;
                modifiers.ctrl = modifiers.command;
                assert_eq!(find(key.logical_key, None, modifiers), Some(row.verb), "{}", row.name);
            }
        }
        assert_eq!(find(Key::Z, None, Modifiers::NONE), None);
        assert_eq!(find(Key::N, None, Modifiers::CTRL | Modifiers::COMMAND), None);
        // The key labelled 3 without Shift on a French keyboard.
        let third = find(Key::Num3, None, Modifiers::NONE);
        assert_eq!(find(Key::Quote, Some(Key::Num3), Modifiers::NONE), third);
    }
}
