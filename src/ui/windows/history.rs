//! The list of changes: click one to go back to it or forth.

use egui::{Button, Context, RichText, ScrollArea, Window};

use crate::document::HistoryStep;
use crate::ui::commands::CommandContext;
use crate::ui::kit::icons;
use crate::ui::kit::text::{tr, tr_any};
use crate::ui::kit::widgets::quiet;
use crate::ui::state::{Action, PastStep};

/// Draws the window, if it is open and there is a document.
pub(super) fn show(ctx: &Context, cx: &mut CommandContext) {
    let Some(document) = cx.document.filter(|_| cx.view.windows.history) else { return };
    let (steps, done) = document.history_steps();
    let past = std::sync::Arc::clone(&cx.status.past);
    let out = &mut *cx.out;
    let room = ctx.content_rect();
    // Where it was looked at last: a list that opens, or has changed, shows the newest of what is done.
    let seen = egui::Id::unique("history seen");
    let pass = ctx.cumulative_pass_nr();
    let now = (pass, done, steps.len());
    let before = ctx.data_mut(|d| d.get_temp::<(u64, usize, usize)>(seen));
    ctx.data_mut(|d| d.insert_temp(seen, now));
    let moves = before.is_none_or(|(p, d, all)| p + 1 < pass || (d, all) != (done, steps.len()));
    Window::new(format!("{} {}", icons::HISTORY, tr("History")))
        .id(egui::Id::unique("history"))
        .open(&mut cx.view.windows.history)
        .collapsible(false)
        .default_width(260.0)
        .default_pos(room.left_top() + egui::vec2(260.0, 60.0))
        .show(ctx, |ui| {
            ui.set_min_width(220.0);
            let height = (room.height() - 220.0).max(80.0);
            ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
                for step in &*past {
                    let text = past_text(step);
                    let label = ui
                        .label(quiet(ui, &text))
                        .on_hover_text(tr("Done in an earlier sitting: it can't be undone"));
                    label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &text));
                }
                for n in 0..=steps.len() {
                    let step = n.checked_sub(1).map(|n| &steps[n]);
                    let name = step.map_or_else(|| tr("As opened").to_owned(), text_of);
                    let text = if n == 0 { name.clone() } else { format!("{n}  {name}") };
                    // What was undone is there, but fainter.
                    let rich = if n > done { quiet(ui, text) } else { RichText::new(text) };
                    let button = Button::selectable(n == done, rich)
                        .min_size([200.0, 22.0].into())
                        .truncate();
                    let response = ui.add(button).accessible_name(format!("{n} {name}"));
                    if n == done && (moves || response.has_focus()) {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() && n != done {
                        out.push(Action::GoTo(n));
                    }
                }
            });
        });
}

fn past_text(step: &PastStep) -> String {
    text_of(&HistoryStep { name: &step.name, point: step.point, object: step.object.clone() })
}

/// `Positive click 3 · liver`.
fn text_of(step: &HistoryStep) -> String {
    let mut text = tr_any(step.name).to_owned();
    if let Some(point) = step.point {
        text = format!("{text} {point}");
    }
    match &step.object {
        Some(object) => format!("{text} · {object}"),
        None => text,
    }
}
