//! Icons: characters of the Phosphor font (MIT, see `assets/fonts`), cut down to those used here.
//!
//! `scripts/subset-icons` reads the code points below and makes `assets/fonts/phosphor-subset.ttf`
//! from the npm package `@phosphor-icons/web`; run it after adding an icon.

use egui::{FontData, FontDefinitions, FontFamily};

/// The font's name in egui.
const FONT: &str = "phosphor";

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident = $char:literal, $phosphor:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $char;)*

        /// Every icon with its name in Phosphor: for the tests and for `scripts/subset-icons`.
        pub const ALL: &[(&str, &str)] = &[$(($phosphor, $char)),*];
    };
}

icons! {
    /// Open a file.
    OPEN = "\u{e256}", "folder-open";
    /// Save.
    SAVE = "\u{e248}", "floppy-disk";
    /// Undo.
    UNDO = "\u{e08a}", "arrow-u-up-left";
    /// Redo.
    REDO = "\u{e08c}", "arrow-u-up-right";
    /// Crosshair tool.
    CROSSHAIR = "\u{e1d6}", "crosshair";
    /// Window and level tool.
    WINDOW = "\u{e18c}", "circle-half";
    /// Point tool.
    POINT = "\u{e7c8}", "cursor-click";
    /// Positive point; new object.
    PLUS = "\u{e3d4}", "plus";
    /// Negative point.
    MINUS = "\u{e32a}", "minus";
    /// Positive point, as a state.
    POSITIVE = "\u{e3d6}", "plus-circle";
    /// Negative point, as a state.
    NEGATIVE = "\u{e32c}", "minus-circle";
    /// Shown.
    EYE = "\u{e220}", "eye";
    /// Hidden.
    EYE_OFF = "\u{e224}", "eye-slash";
    /// Delete.
    TRASH = "\u{e4a6}", "trash";
    /// Close, cancel.
    CLOSE = "\u{e4f6}", "x";
    /// Something to know about a file.
    WARNING = "\u{e4e0}", "warning";
    /// Well.
    CHECK = "\u{e182}", "check";
    /// Fetch.
    DOWNLOAD = "\u{e20c}", "download-simple";
    /// Objects panel.
    OBJECTS = "\u{e466}", "stack";
    /// Display panel.
    DISPLAY = "\u{e434}", "sliders-horizontal";
    /// A menu opens here.
    CARET_DOWN = "\u{e136}", "caret-down";
    /// Collapse to the left, or open from the right edge.
    CARET_LEFT = "\u{e138}", "caret-left";
    /// Collapse to the right, or open from the left edge.
    CARET_RIGHT = "\u{e13a}", "caret-right";
    /// Scan.
    IMAGE = "\u{e2ca}", "image";
    /// Where the model runs.
    CHIP = "\u{e610}", "cpu";
    /// Model.
    MODEL = "\u{e1da}", "cube";
    /// Reset the views.
    RESET = "\u{e038}", "arrow-counter-clockwise";
}

/// Adds the icon font to egui's, before its emoji fonts, some of whose private characters are the same.
pub(super) fn install(fonts: &mut FontDefinitions) {
    let data = FontData::from_static(include_bytes!("../../assets/fonts/phosphor-subset.ttf"));
    fonts.font_data.insert(FONT.to_owned(), data.into());
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        let list = fonts.families.entry(family).or_default();
        list.insert(list.len().min(1), FONT.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An icon that the subset lacks would be drawn as a box.
    #[test]
    fn every_icon_is_in_the_font_and_drawn_from_it() {
        let ctx = egui::Context::default();
        super::super::theme::apply(&ctx);
        let mut missing = Vec::new();
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            ui.fonts_mut(|fonts| {
                let characters = fonts.characters(&FontFamily::Proportional);
                for (name, text) in ALL {
                    let first = text.chars().next().and_then(|c| characters.get(&c));
                    if first.and_then(|fonts| fonts.first()).map(String::as_str) != Some(FONT) {
                        missing.push(*name);
                    }
                }
            });
        });
        output.textures_delta.clear();
        assert!(missing.is_empty(), "run scripts/subset-icons: no glyph for {missing:?}");
    }
}
