//! Work that was kept and can be gone on with, on the welcome page.

use egui::{Id, Image, RichText, Ui, vec2};

use super::small_picture;
use crate::ui::kit::format::shorten;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet};
use crate::ui::state::{Action, DraftCard, Status};

/// So many are shown at first.
const FIRST: usize = 5;
/// The picture's longest side, points: sharp on displays with two pixels for each (a session's picture has 256).
const PICTURE: f32 = 112.0;

/// A card for each draft.
pub(super) fn show(ui: &mut Ui, status: &Status, width: f32, out: &mut Vec<Action>) {
    let all_id = Id::unique("all drafts");
    let all = ui.data(|d| d.get_temp::<bool>(all_id)).unwrap_or(false);
    ui.label(quiet(ui, tr("Go on where you were")).small());
    let shown = if all { status.drafts.len() } else { FIRST };
    for draft in status.drafts.iter().take(shown) {
        ui.push_id(&draft.path, |ui| card(ui, draft, width, out));
        ui.add_space(4.0);
    }
    let more = status.drafts.len().saturating_sub(shown);
    if more > 0 && ui.button(tr_with("All… ({n} more)", &[("n", &more)])).clicked() {
        ui.data_mut(|d| d.insert_temp(all_id, true));
    }
}

fn card(ui: &mut Ui, draft: &DraftCard, width: f32, out: &mut Vec<Action>) {
    let asks = Id::unique(("discard draft", &draft.path));
    ui.horizontal(|ui| {
        picture(ui, draft);
        ui.vertical(|ui| {
            ui.set_width(width - PICTURE - 24.0);
            ui.label(RichText::new(shorten(&draft.scan, 44)).strong());
            words(ui, draft);
            if let Some((process, host)) = &draft.held_by {
                let text = match host {
                    None => tr_with(
                        "in use by another window of Voxpoint (process {n})",
                        &[("n", process)],
                    ),
                    Some(host) => tr_with(
                        "in use on another computer (process {n} on {host})",
                        &[("n", process), ("host", host)],
                    ),
                };
                ui.label(quiet(ui, text));
                return;
            }
            let asked = ui.data(|d| d.get_temp::<bool>(asks)).unwrap_or(false);
            ui.horizontal(|ui| {
                let of = |what: &str| format!("{what}: {}", draft.scan);
                if asked {
                    ui.label(tr("Discard it? For 30 days you can have it back."));
                    let discard = RichText::new(tr("Discard")).color(colours(ui).error);
                    if ui.button(discard).accessible_name(of(tr("Discard draft"))).clicked() {
                        out.push(Action::DiscardDraft(draft.path.clone()));
                    }
                    if ui.button(tr("Cancel")).clicked() {
                        ui.data_mut(|d| d.remove::<bool>(asks));
                    }
                    return;
                }
                if ui.button(tr("Continue")).accessible_name(of(tr("Continue"))).clicked() {
                    out.push(Action::ContinueDraft(draft.path.clone()));
                }
                if ui.button(tr("Discard…")).accessible_name(of(tr("Discard…"))).clicked() {
                    ui.data_mut(|d| d.insert_temp(asks, true));
                }
            });
        });
    });
}

/// Its picture, and what there is to say of it.
pub(super) fn about(ui: &mut Ui, draft: &DraftCard) {
    ui.horizontal(|ui| {
        picture(ui, draft);
        ui.vertical(|ui| words(ui, draft));
    });
}

fn words(ui: &mut Ui, draft: &DraftCard) {
    let objects = objects_of(draft.objects);
    let mut text = format!("{} · {objects}", age(draft.written_ms, now_ms()));
    let minutes = (draft.duration_ms + 30_000) / 60_000;
    let worked = match minutes {
        0 => tr("less than a minute of work").to_owned(),
        1 => tr("1 minute of work").to_owned(),
        n => tr_with("{n} minutes of work", &[("n", &n)]),
    };
    text = format!("{text} · {worked}");
    ui.label(quiet(ui, text));
    if let Some((session, newer)) = &draft.copy_of {
        let name = [("name", &shorten(session, 36) as &dyn std::fmt::Display)];
        ui.label(if *newer {
            RichText::new(tr_with("newer work on session {name}", &name)).color(colours(ui).warning)
        } else {
            quiet(ui, tr_with("copy of session {name}", &name))
        });
    }
    if draft.exported {
        ui.label(quiet(ui, tr("mask exported")));
    }
    if draft.damaged {
        let text = RichText::new(tr("not all of it can be read")).color(colours(ui).warning);
        ui.label(text);
    }
}

/// How many objects there are.
pub(super) fn objects_of(objects: usize) -> String {
    match objects {
        1 => tr("1 object").to_owned(),
        n => tr_with("{n} objects", &[("n", &n)]),
    }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// How long ago a time in milliseconds since 1970 was.
pub(super) fn age_of(then_ms: i64) -> String {
    age(then_ms, now_ms())
}

/// How long ago something was, by times in milliseconds.
fn age(then: i64, now: i64) -> String {
    let minutes = (now - then).max(0) / 60_000;
    let (hours, days) = (minutes / 60, minutes / 60 / 24);
    match (minutes, hours, days) {
        (0, ..) => tr("just now").to_owned(),
        (1, ..) => tr("1 minute ago").to_owned(),
        (n, 0, _) => tr_with("{n} minutes ago", &[("n", &n)]),
        (_, 1, _) => tr("1 hour ago").to_owned(),
        (_, n, 0) => tr_with("{n} hours ago", &[("n", &n)]),
        (.., 1) => tr("yesterday").to_owned(),
        (.., n) => tr_with("{n} days ago", &[("n", &n)]),
    }
}

fn picture(ui: &mut Ui, draft: &DraftCard) {
    let size = vec2(PICTURE, PICTURE);
    let Some(pixels) = &draft.picture else {
        ui.allocate_exact_size(size, egui::Sense::hover());
        return;
    };
    let texture = small_picture::texture(ui.ctx(), &draft.path, pixels);
    let alt = tr_with("Picture of {name}", &[("name", &draft.scan)]);
    ui.allocate_ui(size, |ui| {
        ui.set_min_size(size);
        ui.add(Image::new(&texture).max_size(size).alt_text(alt));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_said_in_the_largest_unit() {
        for (minutes, text) in [
            (-5, "just now"),
            (0, "just now"),
            (1, "1 minute ago"),
            (59, "59 minutes ago"),
            (60, "1 hour ago"),
            (119, "1 hour ago"),
            (120, "2 hours ago"),
            (24 * 60 - 1, "23 hours ago"),
            (24 * 60, "yesterday"),
            (48 * 60, "2 days ago"),
            (400 * 24 * 60, "400 days ago"),
        ] {
            assert_eq!(age(0, minutes * 60_000), text, "{minutes}");
        }
    }
}
