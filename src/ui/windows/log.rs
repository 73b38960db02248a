//! The log: what the program said lately, for who looks for a fault or reports one.

use std::fmt::Write as _;

use egui::{Context, Label, RichText, ScrollArea, TextEdit, Ui, Window};

use crate::text::one_line;
use crate::ui::commands::CommandContext;
use crate::ui::kit::icons;
use crate::ui::kit::text::tr;
use crate::ui::kit::toasts::Level;
use crate::ui::kit::widgets::{colours, quiet};
use crate::ui::state::LogLine;

/// Draws the window, if it is open.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    if !cx.view.windows.log {
        return;
    }
    let (lines, filter) = (&cx.status.log, &mut cx.view.windows.log_filter);
    let room = ctx.content_rect();
    Window::new(format!("{} {}", icons::LOG, tr("Log")))
        .id(egui::Id::unique("log"))
        .open(&mut cx.view.windows.log)
        .collapsible(false)
        .default_size([(room.width() - 160.0).clamp(320.0, 640.0), 320.0])
        .default_pos(room.left_top() + egui::vec2(60.0, 80.0))
        .show(ctx, |ui| {
            let shown: Vec<&LogLine> = lines.iter().filter(|l| matches(l, filter)).collect();
            ui.horizontal(|ui| {
                let label = ui.label(quiet(ui, tr("Filter")));
                let field = TextEdit::singleline(filter).desired_width(200.0);
                ui.add(field).labelled_by(label.id);
                if ui.button(format!("{} {}", icons::COPY, tr("Copy all"))).clicked() {
                    ctx.copy_text(as_text(&shown));
                }
            });
            ui.separator();
            if shown.is_empty() {
                ui.label(quiet(ui, tr("Nothing to show")));
            }
            ScrollArea::both().auto_shrink([false, false]).stick_to_bottom(true).show(ui, |ui| {
                for line in shown {
                    show_line(ui, line);
                }
            });
        });
}

fn show_line(ui: &mut Ui, line: &LogLine) {
    let c = colours(ui);
    let colour = match line.level {
        Level::Error => c.error,
        Level::Warning => c.warning,
        Level::Info => c.text,
        Level::Debug => c.quiet,
    };
    let text = RichText::new(line_text(line)).monospace().size(11.5).color(colour);
    ui.add(Label::new(text).selectable(true).extend());
}

/// In the line itself or in its level.
fn matches(line: &LogLine, filter: &str) -> bool {
    let filter = filter.trim().to_lowercase();
    filter.is_empty() || line_text(line).to_lowercase().contains(&filter)
}

/// `  12.3 s  warning  text`; English, as those write and read who mend faults.
fn line_text(line: &LogLine) -> String {
    let level = match line.level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    format!("{:>8.1} s  {level:<7}  {}", line.at, one_line(&line.text))
}

fn as_text(lines: &[&LogLine]) -> String {
    let mut text = String::new();
    for line in lines {
        // Writing into a String can't fail.
        let _ = writeln!(text, "{}", line_text(line));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_text_and_level() {
        let line = LogLine { at: 3.12, level: Level::Warning, text: "Two\nlines".to_owned() };
        assert_eq!(line_text(&line), "     3.1 s  warning  Two lines");
        assert!(matches(&line, " two ") && matches(&line, "WARN") && matches(&line, ""));
        assert!(!matches(&line, "error"));
        assert_eq!(as_text(&[&line, &line]).lines().count(), 2);
    }
}
