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
    /// Brush.
    BRUSH = "\u{e6f0}", "paint-brush";
    /// Eraser.
    ERASER = "\u{e21e}", "eraser";
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
    /// Locked.
    LOCK = "\u{e2fa}", "lock";
    /// Not locked.
    LOCK_OPEN = "\u{e306}", "lock-open";
    /// Delete.
    TRASH = "\u{e4a6}", "trash";
    /// Measure.
    RULER = "\u{e6b8}", "ruler";
    /// A switch that is off.
    SWITCH_OFF = "\u{e45e}", "square";
    /// A switch that is on.
    SWITCH_ON = "\u{e186}", "check-square";
    /// Close, cancel.
    CLOSE = "\u{e4f6}", "x";
    /// Something to know about a file.
    WARNING = "\u{e4e0}", "warning";
    /// Well.
    CHECK = "\u{e182}", "check";
    /// What can be done to a whole mask.
    EDIT_MASK = "\u{e6b6}", "magic-wand";
    /// Polygon and freehand tool.
    POLYGON = "\u{e6d0}", "polygon";
    /// Lasso.
    LASSO = "\u{edc6}", "lasso";
    /// A box as a prompt.
    BOX_PROMPT = "\u{e69c}", "selection-plus";
    /// A scribble as a prompt.
    SCRIBBLE_PROMPT = "\u{e662}", "scribble-loop";
    /// Flood fill tool.
    FLOOD = "\u{e392}", "paint-bucket";
    /// Scissors.
    SCISSORS = "\u{eae0}", "scissors";
    /// A range of values.
    RANGE = "\u{e566}", "drop-half";
    /// A mark to come back to.
    FLAG = "\u{e244}", "flag";
    /// Makes one of two.
    MERGE = "\u{ed3e}", "arrows-merge";
    /// Looks for something.
    SEARCH = "\u{e30c}", "magnifying-glass";
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
    /// Move a layer up.
    UP = "\u{e08e}", "arrow-up";
    /// Move a layer down.
    DOWN = "\u{e03e}", "arrow-down";
    /// A picture of a view.
    CAMERA = "\u{e10e}", "camera";
    /// Copy.
    COPY = "\u{e1ca}", "copy";
    /// Play time points.
    PLAY = "\u{e3d0}", "play";
    /// Pause.
    PAUSE = "\u{e39e}", "pause";
    /// Views two by two.
    QUAD = "\u{e464}", "squares-four";
    /// One large view, three small.
    MAIN = "\u{e6d6}", "layout";
    /// Three views in a row.
    ROW = "\u{e546}", "columns";
    /// A sheet of slices.
    LIGHTBOX = "\u{ec8c}", "grid-nine";
    /// History.
    HISTORY = "\u{e1a0}", "clock-counter-clockwise";
    /// Log.
    LOG = "\u{eae8}", "terminal-window";
    /// Settings.
    SETTINGS = "\u{e270}", "gear";
    /// Cut away in 3D.
    CLIP = "\u{e636}", "knife";
    /// A box to keep in 3D.
    CLIP_BOX = "\u{e1d4}", "crop";
    /// Window of a dragged region.
    REGION = "\u{e69a}", "selection";
    /// Perspective.
    PERSPECTIVE = "\u{ebe6}", "perspective";
    /// Recording.
    RECORD = "\u{e3ee}", "record";
    /// Stop.
    STOP = "\u{e46c}", "stop";
    /// A film of the turning volume.
    FILM = "\u{e792}", "film-strip";
    /// Colours.
    PALETTE = "\u{e6c8}", "palette";
    /// Turn the planes.
    ROTATE = "\u{e094}", "arrows-clockwise";
    /// Fit a picture into its view.
    FIT = "\u{e626}", "frame-corners";
    /// Language.
    LANGUAGE = "\u{e4a2}", "translate";
    /// Write to a file.
    EXPORT = "\u{eaf0}", "export";
    /// The time point before.
    BACK = "\u{e5a4}", "skip-back";
    /// The next time point.
    FORWARD = "\u{e5a6}", "skip-forward";
    /// Something to know.
    INFO = "\u{e2ce}", "info";
    /// More.
    MORE = "\u{e1fe}", "dots-three";
}

/// Adds the icon font to egui's, before its emoji fonts, some of whose private characters are the same.
pub(super) fn install(fonts: &mut FontDefinitions) {
    let data = FontData::from_static(include_bytes!("../../../assets/fonts/phosphor-subset.ttf"));
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
