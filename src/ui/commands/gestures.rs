//! The table of the README, and what in it is no key.

use super::keys::key_name;
use super::table::all;
use crate::ui::tools;

/// What the mouse does in the views, for the list on F1 and the README: gesture and effect.
pub fn gestures() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_tools = tools::ALL.iter().flat_map(|tool| tool.info().gestures);
    of_tools.chain(GESTURES).copied()
}

/// What it does with every tool; and keys that only count while something is half drawn.
const GESTURES: &[(&str, &str)] = &[
    (
        "Backspace, Esc (Outline and Scissors tools)",
        "Take the last corner back; give the outline up",
    ),
    (
        "Arrow keys (a slice view that has the keyboard)",
        "Move the crosshair by a voxel; with Shift by ten",
    ),
    ("Wheel", "Step slices; with Shift ten at a time"),
    ("Ctrl+wheel", "Zoom at the pointer"),
    ("Alt+wheel", "Thicker or thinner slices"),
    ("Drag a handle of the crosshair", "Turn the two other planes; with Shift by 5°"),
    ("Double click (tools that change no mask), or on a view's name", "The view alone, and back"),
    ("Drag between views", "Give them other sizes; double click: as they were"),
    ("Middle drag", "Pan"),
    ("Drag in the 3D view", "Turn"),
    ("Shift+drag in the 3D view", "Move the clip plane; pan without one"),
    ("Click in the 3D view", "Crosshair to what is seen there"),
];

/// Keys and gestures as Markdown, for the README (which a test compares with this).
pub fn markdown() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("| Key | Does |\n| --- | --- |\n");
    for entry in all().filter(|entry| !entry.keys.is_empty()) {
        let keys: Vec<_> = entry.keys.iter().map(|key| format!("`{}`", key_name(key))).collect();
        let _ = writeln!(text, "| {} | {} |", keys.join(", "), entry.name);
    }
    for (gesture, does) in gestures() {
        let _ = writeln!(text, "| {gesture} | {does} |");
    }
    text
}
