//! What the window shows while a file dialog is waited for, and a line to type a path into where none comes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ui::kit::text::tr;
use crate::ui::kit::widgets::quiet;

/// A file dialog that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialogWait {
    /// What it asks.
    pub title: &'static str,
    /// Whether it is on the screen, as far as that can be known.
    pub appeared: bool,
}

/// What a user does who does not want to wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitAnswer {
    /// Type the path.
    TypePath,
    /// Nothing is wanted.
    Cancel,
}

/// Says that a dialog is waited for. Nothing else in the window answers meanwhile.
pub fn show_wait(ctx: &egui::Context, wait: DialogWait) -> Option<WaitAnswer> {
    let mut answer = None;
    let modal = egui::Modal::new(egui::Id::unique("dialog wait")).show(ctx, |ui| {
        ui.set_width(320.0);
        ui.heading(wait.title);
        ui.label(if wait.appeared {
            tr("Choose in the file dialog of your system. If you see none, type the path.")
        } else {
            tr("Opening the file dialog…")
        });
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if ui.button(tr("Type the path")).clicked() {
                answer = Some(WaitAnswer::TypePath);
            }
            if ui.button(tr("Cancel")).clicked() {
                answer = Some(WaitAnswer::Cancel);
            }
        });
    });
    // A click beside it, meant for a dialog that hides it, must not end the question.
    let escaped = ctx.input(|i| i.key_pressed(egui::Key::Escape));
    if escaped && modal.is_top_modal {
        answer = Some(WaitAnswer::Cancel);
    }
    // A dialog that does not come is given up after a while.
    ctx.request_repaint_after(Duration::from_millis(100));
    answer
}

/// What is asked and typed.
#[derive(Clone, Debug)]
pub struct PathPrompt {
    title: &'static str,
    text: String,
    fresh: bool,
    /// A file that exists and would be replaced.
    exists: Option<PathBuf>,
    /// Why the path is to be typed: a dialog was asked for, and none came.
    no_dialog: bool,
    /// It is a folder that is asked for.
    folder: bool,
    /// What is to be known before it is answered.
    note: Option<&'static str>,
}

impl PathPrompt {
    /// Asks `title`, with a suggestion to edit.
    pub fn new(title: &'static str, text: String) -> Self {
        Self { title, text, fresh: true, exists: None, no_dialog: false, folder: false, note: None }
    }

    /// Says something that is to be known before it is answered.
    pub fn with_note(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }

    /// Says that it is a folder that is asked for, or that may be.
    pub fn of_a_folder(mut self) -> Self {
        self.folder = true;
        self
    }

    /// Says that no file dialog has come up.
    pub fn instead_of_dialog(mut self) -> Self {
        self.no_dialog = true;
        self
    }

    /// Says that a file exists; giving it again replaces it.
    pub fn warn_about(&mut self, path: PathBuf) {
        self.text = path.display().to_string();
        self.exists = Some(path);
        self.fresh = true;
    }

    /// Whether the user was warned about this file.
    pub fn confirms(&self, path: &Path) -> bool {
        self.exists.as_deref() == Some(path)
    }
}

/// `Some(Some(path))` when answered, `Some(None)` when called off, `None` while open.
pub fn show(ctx: &egui::Context, prompt: &mut PathPrompt) -> Option<Option<PathBuf>> {
    let mut answer = None;
    let width = (ctx.content_rect().width() - 80.0).clamp(240.0, 620.0);
    let modal = egui::Modal::new(egui::Id::unique("path prompt")).show(ctx, |ui| {
        ui.set_width(width);
        ui.heading(prompt.title);
        if prompt.no_dialog {
            ui.label(quiet(ui, tr("No file dialog of the system came up.")));
        }
        if let Some(note) = prompt.note {
            ui.colored_label(ui.visuals().warn_fg_color, note);
        }
        let label = ui.label(tr("Path"));
        let hint = if prompt.folder {
            tr("Type the path of a folder")
        } else {
            tr("Type the path of a file")
        };
        let mut output = egui::TextEdit::singleline(&mut prompt.text)
            .desired_width(f32::INFINITY)
            .hint_text(hint)
            .show(ui);
        let field = output.response.response.labelled_by(label.id);
        if std::mem::take(&mut prompt.fresh) {
            field.request_focus();
            // At the end, where a suggestion is most likely to be changed.
            let end = egui::text::CCursor::new(prompt.text.chars().count());
            output.state.cursor.set_char_range(Some(egui::text::CCursorRange::one(end)));
            output.state.store(ui.ctx(), field.id);
        }
        let typed = Path::new(prompt.text.trim());
        let replaces = prompt.confirms(typed);
        if replaces {
            let warning = tr("This file exists and will be replaced.");
            ui.colored_label(ui.visuals().warn_fg_color, warning);
        }
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let ok = ui.button(if replaces { tr("Replace") } else { tr("OK") }).clicked();
            if (ok || entered) && !prompt.text.trim().is_empty() {
                answer = Some(Some(typed.to_owned()));
            }
            if ui.button(tr("Cancel")).clicked() {
                answer = Some(None);
            }
        });
    });
    if modal.should_close() || ctx.input(|i| i.key_pressed(egui::Key::Escape)) {
        answer = answer.or(Some(None));
    }
    answer
}
