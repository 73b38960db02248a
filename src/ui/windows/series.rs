//! The table of the scans of a folder, from which one is chosen: patients, studies, series.

use egui::{
    Align2, Color32, Context, FontId, Frame, Id, Key, Margin, Modal, Modifiers, Painter, Rect,
    Response, RichText, Role, ScrollArea, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2,
};

use super::small_picture::texture;
use crate::ui::commands::help;
use crate::ui::kit::format::shorten;
use crate::ui::kit::text::{tr, tr_with};
use crate::ui::kit::widgets::{colours, quiet};
use crate::ui::state::{Action, SeriesCard, SeriesQuestion, Status};

/// Of a row, points.
const ROW: f32 = 56.0;
/// Of a picture.
const PICTURE: f32 = 50.0;
/// Of the table, at most.
const WIDTH: f32 = 860.0;
const HEIGHT: f32 = 520.0;
/// What the window needs around the table.
const AROUND: f32 = 190.0;
/// Where columns begin, as shares of the width behind the picture.
const COLUMNS: [f32; 5] = [0.0, 0.12, 0.5, 0.68, 0.8];

/// Asks, if there is something to ask. Esc opens nothing.
pub(super) fn show(ctx: &Context, status: &Status, out: &mut Vec<Action>) {
    let Some(asked) = &status.series else { return };
    let id = Id::unique(("series chosen", asked.number));
    let mut chosen = ctx.data(|d| d.get_temp::<usize>(id)).unwrap_or(asked.likely);
    let (moved, enter, escape) = keys(ctx);
    let last = asked.rows.len().saturating_sub(1);
    chosen = chosen.saturating_add_signed(moved).min(last);
    let room = ctx.content_rect().size();
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let modal = Modal::new(Id::unique("series")).frame(frame).show(ctx, |ui| {
        ui.set_width((room.x - 48.0).clamp(320.0, WIDTH));
        heading(ui, asked);
        let fresh = ctx.data(|d| d.get_temp::<usize>(id)).is_none();
        let height = (room.y - AROUND).clamp(120.0, HEIGHT);
        let opened = table(ui, asked, &mut chosen, (moved != 0 || fresh, height));
        for note in &asked.notes {
            ui.label(RichText::new(note).color(colours(ui).warning));
        }
        ui.add_space(12.0);
        let mut answer = opened.map(Some);
        ui.horizontal(|ui| {
            let open = match asked {
                _ if asked.over_scan => tr("Lay over the scan"),
                _ if asked.beside_scan => tr("Show beside the scan"),
                _ => tr("Open"),
            };
            if ui.button(RichText::new(open).strong()).clicked() {
                answer = Some(Some(chosen));
            }
            if ui.button(tr("Cancel")).clicked() {
                answer = Some(None);
            }
        });
        answer
    });
    ctx.data_mut(|d| d.insert_temp(id, chosen));
    let mut answer = modal.inner;
    if enter {
        answer = answer.or(Some(Some(chosen)));
    }
    if escape {
        answer = Some(None);
    }
    if let Some(row) = answer {
        ctx.data_mut(|d| d.remove::<usize>(id));
        out.push(Action::ChooseSeries(row));
    }
}

/// How far the arrows go, and whether it is opened or called off by key.
fn keys(ctx: &Context) -> (isize, bool, bool) {
    let focused = ctx.memory(|m| m.focused().is_some());
    ctx.input_mut(|input| {
        let mut steps =
            |key, by: isize| by * input.count_and_consume_key(Modifiers::NONE, key) as isize;
        let moved = steps(Key::ArrowDown, 1)
            + steps(Key::ArrowUp, -1)
            + steps(Key::PageDown, 8)
            + steps(Key::PageUp, -8)
            + steps(Key::End, isize::from(i16::MAX))
            + steps(Key::Home, -isize::from(i16::MAX));
        // A button that has the keyboard is pressed by Enter.
        let enter = !focused && input.consume_key(Modifiers::NONE, Key::Enter);
        (moved, enter, input.consume_key(Modifiers::NONE, Key::Escape))
    })
}

fn heading(ui: &mut Ui, asked: &SeriesQuestion) {
    ui.heading(tr_with("Which scan of {name}?", &[("name", &shorten(&asked.name, 48))]));
    let patients = asked.rows.iter().map(|row| row.patient_number).max().unwrap_or(0);
    if patients > 1 {
        let warning = tr_with("{n} patients are in this folder.", &[("n", &patients)]);
        ui.label(RichText::new(warning).color(colours(ui).warning));
    }
    let line = tr_with(
        "Double click or Enter opens, the arrow keys choose, {key} opens nothing.",
        &[("key", &help::CANCEL.key_text())],
    );
    ui.label(quiet(ui, line));
    ui.add_space(8.0);
}

/// The rows below their patients and studies; answers with the one that was opened. `scroll`: to the chosen one.
fn table(
    ui: &mut Ui,
    asked: &SeriesQuestion,
    chosen: &mut usize,
    (scroll, height): (bool, f32),
) -> Option<usize> {
    let mut opened = None;
    let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
    area.auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let mut above = None;
        for (n, card) in asked.rows.iter().enumerate() {
            let group = (card.patient_number, card.study_number);
            if above != Some(group) {
                let same_patient = above.is_some_and(|(patient, _)| patient == group.0);
                study(ui, card, same_patient);
                above = Some(group);
            }
            let response = row(ui, (asked.number, n), card, n == *chosen);
            if scroll && n == *chosen {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                *chosen = n;
            }
            if response.double_clicked() {
                opened = Some(n);
            }
        }
    });
    opened
}

/// The line above the series of a study.
fn study(ui: &mut Ui, card: &SeriesCard, same_patient: bool) {
    ui.add_space(4.0);
    if !same_patient {
        let unnamed = || tr_with("Patient {n}", &[("n", &card.patient_number)]);
        let patient = Some(&card.patient).filter(|p| !p.is_empty());
        let patient = patient.map_or_else(unnamed, |name| shorten(name, 80));
        ui.label(RichText::new(patient).strong());
    }
    let parts = [card.date.as_str(), card.study.as_str()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if !parts.is_empty() {
        ui.label(quiet(ui, shorten(&parts.join(" · "), 100)));
    }
}

fn row(ui: &mut Ui, key: (u64, usize), card: &SeriesCard, chosen: bool) -> Response {
    let size = vec2(ui.available_width(), ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| {
        let text = spoken(card);
        WidgetInfo::selected(Role::ListBoxOption, true, chosen, text)
    });
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let visuals = ui.style().interact_selectable(&response, chosen);
    if chosen || response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, visuals.weak_bg_fill);
    }
    let inner = rect.shrink2(vec2(6.0, 3.0));
    picture(ui, key, card, Rect::from_min_size(inner.min, vec2(PICTURE, PICTURE)));
    let text = Rect::from_min_max(pos2(inner.min.x + PICTURE + 12.0, inner.min.y), inner.max);
    let colour = if card.is_scan { visuals.text_color() } else { colours(ui).quiet };
    let body = TextStyle::Body.resolve(ui.style());
    let images = match card.images {
        1 => tr("1 image").to_owned(),
        n => tr_with("{n} images", &[("n", &n)]),
    };
    let [columns, rows] = card.size;
    let cells = [
        card.title.clone(),
        card.description.clone(),
        images,
        format!("{columns} × {rows}"),
        card.date.clone(),
    ];
    for (n, cell) in cells.iter().enumerate() {
        let end = COLUMNS.get(n + 1).copied().unwrap_or(1.0);
        let column = part_of(text, COLUMNS[n], end);
        let up = if card.remarks.is_empty() { 0.0 } else { 9.0 };
        let at = column.left_center() - vec2(0.0, up);
        write(ui.painter(), column, at, cell, &body, colour);
    }
    if !card.remarks.is_empty() {
        let under = part_of(text, COLUMNS[1], 1.0);
        let at = under.left_center() + vec2(0.0, 11.0);
        let small = TextStyle::Small.resolve(ui.style());
        write(ui.painter(), under, at, &card.remarks, &small, colours(ui).warning);
    }
    response
}

fn part_of(rect: Rect, begin: f32, end: f32) -> Rect {
    let x = |share: f32| rect.left() + share * rect.width();
    Rect::from_min_max(pos2(x(begin), rect.top()), pos2(x(end) - 8.0, rect.bottom()))
}

fn write(
    painter: &Painter,
    column: Rect,
    at: egui::Pos2,
    text: &str,
    font: &FontId,
    colour: Color32,
) {
    let clipped = painter.with_clip_rect(column.intersect(painter.clip_rect()));
    clipped.text(at, Align2::LEFT_CENTER, text, font.clone(), colour);
}

fn picture(ui: &Ui, key: (u64, usize), card: &SeriesCard, place: Rect) {
    let Some(pixels) = &card.picture else {
        ui.painter().rect_filled(place, 2.0, Color32::BLACK);
        return;
    };
    let texture = texture(ui.ctx(), ("series", key.0, key.1), pixels);
    let [width, height] = pixels.size.map(|n| n as f32);
    let scale = PICTURE / width.max(height).max(1.0);
    let rect = Rect::from_center_size(place.center(), vec2(width, height) * scale);
    ui.painter().rect_filled(place, 2.0, Color32::BLACK);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(texture.id(), rect, whole, Color32::WHITE);
}

/// What is read out, and found in tests.
fn spoken(card: &SeriesCard) -> String {
    let images = tr_with("{n} images", &[("n", &card.images)]);
    let parts = [&card.title, &card.description, &images, &card.remarks];
    let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).map(|p| &**p).collect();
    parts.join(", ")
}
