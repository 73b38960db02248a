//! A line to type a path into, for systems that show no file dialog.

use std::path::{Path, PathBuf};

/// What is asked and typed.
#[derive(Clone, Debug)]
pub struct PathPrompt {
    title: &'static str,
    text: String,
    fresh: bool,
    /// A file that exists and would be replaced.
    exists: Option<PathBuf>,
}

impl PathPrompt {
    /// Asks `title`, with a suggestion to edit.
    pub fn new(title: &'static str, text: String) -> Self {
        Self { title, text, fresh: true, exists: None }
    }

    /// Says that a file exists; giving it again replaces it.
    pub fn warn_about(&mut self, path: PathBuf) {
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
    egui::Window::new(prompt.title)
        .collapsible(false)
        .resizable(false)
        .anchor(egui::Align2::CENTER_TOP, egui::vec2(0.0, 120.0))
        .show(ctx, |ui| {
            ui.label("Type the path:");
            let label = ui.label("Path");
            let field = egui::TextEdit::singleline(&mut prompt.text).desired_width(520.0);
            let field = ui.add(field).labelled_by(label.id);
            if std::mem::take(&mut prompt.fresh) {
                field.request_focus();
            }
            let typed = Path::new(prompt.text.trim());
            let replaces = prompt.confirms(typed);
            if replaces {
                let warning = "This file exists and will be replaced.";
                ui.colored_label(ui.visuals().warn_fg_color, warning);
            }
            let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
            ui.horizontal(|ui| {
                if (ui.button(if replaces { "Replace" } else { "OK" }).clicked() || entered)
                    && !prompt.text.trim().is_empty()
                {
                    answer = Some(Some(PathBuf::from(prompt.text.trim())));
                }
                if ui.button("Cancel").clicked() || ui.input(|i| i.key_pressed(egui::Key::Escape)) {
                    answer = Some(None);
                }
            });
        });
    answer
}
