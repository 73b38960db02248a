//! The list of objects.

use std::ops::Range;

use egui::containers::PopupCloseBehavior;
use egui::{
    Align, Button, Color32, CornerRadius, Label, Layout, Popup, Rect, Response, RichText, Role,
    ScrollArea, Sense, Slider, Stroke, StrokeKind, TextEdit, TextWrapMode, Ui, UiBuilder, Vec2,
    WidgetInfo, WidgetText, vec2,
};

use super::object_selection::{is_active, select};
use super::{SWATCHES, name_choice, object_menu, object_search, working_scale};
use crate::document::{Command, Document, LabelId, Object, ObjectState};
use crate::ui::commands::{CommandContext, Entry, edit, operations, segment, tools, views};
use crate::ui::kit::format::millilitres;
use crate::ui::kit::icons;
use crate::ui::kit::text::{tr, tr_any, tr_with};
use crate::ui::kit::theme::SMALL;
use crate::ui::kit::widgets::{coloured_heading, colours, field, icon_button, quiet, row_button};
use crate::ui::state::{Action, PRACTISED, Status, can_extend, is_cut};
use crate::ui::tools::POINT;

const ROW: f32 = 36.0;
/// Between rows.
const GAP: f32 = 1.0;
/// Of longer lists no more than the rows in sight are drawn: instance maps have thousands of objects.
const DRAWN_WHOLE: usize = 100;
/// However little room there is, so many rows are in sight.
const LEAST_ROWS: f32 = 4.0;
/// Objects over another one that are named.
const OVER_NAMED: usize = 5;
/// Side of a swatch in a collapsed panel.
const STRIP: f32 = 28.0;

/// The list, with what stands above its rows. Those scroll by themselves where they would take more than `room` points
/// of height, so that what is below them stays in sight. Returns the height that they take.
pub(super) fn list(ui: &mut Ui, document: &Document, cx: &mut CommandContext, room: f32) -> f32 {
    let alone = cx.view.scan.solo && document.active().is_some();
    // Masks that are missing in the views are to be missed for a reason. In the heading, where no row moves for it.
    let key = views::SOLO.key_text();
    let title = if alone {
        tr_with("Only the selected one ({key})", &[("key", &key)])
    } else {
        tr("Objects").to_owned()
    };
    let colour = if alone { colours(ui).warning } else { colours(ui).quiet };
    coloured_heading(ui, &title, colour, |ui| {
        let text = format!("{} {}", icons::PLUS, edit::NEW_OBJECT.tip());
        let button = Button::new(text).frame_when_inactive(false);
        let tip = tr("The next click starts another structure; this one keeps its voxels");
        if ui.add(button).accessible_name(tr("New object")).on_hover_text(tip).clicked() {
            edit::NEW_OBJECT.run(cx);
        }
    });
    if document.objects().is_empty() {
        let key = tools::choose(POINT).map(Entry::key_text).unwrap_or_default();
        let text =
            tr_with("Click inside a structure with the Point tool ({key}).", &[("key", &key)]);
        ui.label(quiet(ui, text));
    }
    working_scale::notice(ui, document, cx);
    let hint = cx.status.model_entry().and_then(|model| model.hint.as_deref());
    if let Some(hint) = hint.filter(|_| cx.view.prefs.clicked_objects < PRACTISED) {
        let text = quiet(ui, tr_any(hint));
        // Once there are rows they need the room: then it is read when the pointer rests on it.
        if document.objects().is_empty() {
            ui.label(text);
        } else {
            ui.add(Label::new(text).truncate()).on_hover_text(tr_any(hint));
        }
        ui.add_space(4.0);
    }
    let objects = object_search::found(ui, document, cx);
    if objects.is_empty() {
        return 0.0;
    }
    let rows = ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = GAP;
        rows(ui, document, &objects, cx, room.max(LEAST_ROWS * (ROW + GAP)));
    });
    rows.response.rect.height()
}

/// The rows. The list goes to the object that is selected elsewhere.
fn rows(
    ui: &mut Ui,
    document: &Document,
    objects: &[&Object],
    cx: &mut CommandContext,
    height: f32,
) {
    let mut area = ScrollArea::vertical().id_salt("objects").max_height(height);
    area = area.auto_shrink([false, true]);
    let mut draw = |ui: &mut Ui, range: Range<usize>| {
        for &object in &objects[range.clone()] {
            ui.push_id(object.id.0, |ui| row(ui, document, object, cx));
        }
        range
    };
    if objects.len() <= DRAWN_WHOLE {
        area.show(ui, |ui| draw(ui, 0..objects.len()));
        return;
    }
    let active = document.active().map(|o| o.id);
    let id = ui.scope_id().with("long list");
    let (before, drawn): (Option<LabelId>, Range<usize>) =
        ui.data(|d| d.get_temp(id)).unwrap_or_default();
    let place = objects.iter().position(|o| Some(o.id) == active);
    if let Some(place) = place.filter(|place| active != before && !drawn.contains(place)) {
        area = area.vertical_scroll_offset((place as f32 * (ROW + GAP) - height / 2.0).max(0.0));
    }
    let drawn = area.show_rows(ui, ROW, objects.len(), draw).inner;
    ui.data_mut(|d| d.insert_temp(id, (active, drawn)));
}

/// Swatches in a collapsed panel; a click makes the object active.
pub(super) fn strip(ui: &mut Ui, document: &Document, cx: &mut CommandContext) {
    let tip = edit::NEW_OBJECT.tip();
    if icon_button(ui, icons::PLUS, tr("New object"), &tip, false).clicked() {
        edit::NEW_OBJECT.run(cx);
    }
    for object in document.objects() {
        let (rect, response) = ui.allocate_exact_size(Vec2::splat(STRIP), Sense::click());
        if !ui.is_rect_visible(rect) {
            continue;
        }
        let shown = cx.view.shows(document, object);
        let text = describe(document, object, shown, cx.status);
        let active = is_active(document, object.id);
        response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, active, &text));
        if active {
            ui.painter().rect_filled(rect, CornerRadius::same(4), colours(ui).selected);
        }
        paint_swatch(ui, rect.shrink(7.0), object, shown, false);
        thinking_line(ui, document, object.id, rect, cx.status);
        if response.on_hover_text(text).clicked() {
            select(document, object, cx);
        }
    }
}

/// `5 · 12.3 mL · 17 parts · IoU 0.87`: its number first; and the same without what matters least, for where there is
/// no room: what was cut off is told by the row's tooltip.
fn row_facts(document: &Document, object: &Object, cx: &CommandContext) -> Vec<String> {
    let facts = facts(document, object, cx.status);
    if cx.status.waits(object.id).is_some() {
        return vec![facts];
    }
    let parts = cx.status.parts.get(&object.id).map_or(1, |summary| summary.parts);
    let whole = (!object.covered.is_empty()).then(|| millilitres(document.whole_ml(object)));
    row_texts(object.id.0, &facts, parts, whole.as_deref())
}

/// Of the number of an object, its [`facts`], how many parts it has, and what all of it has if something of it lies under
/// others.
fn row_texts(number: u16, facts: &str, parts: usize, whole: Option<&str>) -> Vec<String> {
    let mut facts = facts.split(" · ");
    let parts = (parts > 1).then(|| format!(" · {}", tr_with("{n} parts", &[("n", &parts)])));
    let parts = parts.as_deref().unwrap_or_default();
    let text = format!("{number} · {}{parts}", facts.next().unwrap_or_default());
    let mut texts = match facts.next() {
        Some(iou) => vec![format!("{text} · {iou}"), text],
        None => vec![text],
    };
    if let Some(whole) = whole {
        // That something of it lies under others its sign says; how many parts it has nothing else does.
        texts.extend([format!("{number} · {whole}{parts}"), format!("{number} · {whole}")]);
    }
    texts
}

/// What is to be known of a mask of several parts.
fn parts_text(object: &Object, cx: &CommandContext) -> Option<String> {
    let summary = cx.status.parts.get(&object.id).filter(|summary| summary.parts > 1)?;
    let small = millilitres(summary.small_mm3 / 1000.0);
    let key = operations::EDIT_MASK.key_text();
    Some(tr_with(
        "{n} parts (voxels hang together by faces, edges or corners), {small} in all but the largest ({key}: keep, remove or split them)",
        &[("n", &summary.parts), ("small", &small), ("key", &key)],
    ))
}

/// `12.3 mL · IoU 0.87`; without the second, which is of the model's answer, once something was done by hand. What
/// waits for a click comes before all that.
fn facts(document: &Document, object: &Object, status: &Status) -> String {
    if let Some(waiting) = status.waits(object.id) {
        return tr(waiting.told().1).to_owned();
    }
    if is_not_started(object) {
        return tr("not started").to_owned();
    }
    let volume = volume(document, object);
    let iou = object.iou().filter(|_| !object.is_corrected());
    iou.map_or(volume.clone(), |iou| format!("{volume} · IoU {iou:.2}"))
}

/// `12.3 mL`, and how much of it lies under others.
fn volume(document: &Document, object: &Object) -> String {
    let volume = millilitres(document.whole_ml(object));
    if object.covered.is_empty() {
        return volume;
    }
    let under = millilitres(document.covered_ml(object));
    tr_with("{volume}, {under} of it under others", &[("volume", &volume), ("under", &under)])
}

/// What lies over an object, and what can be done about it.
fn order_text(document: &Document, object: &Object) -> String {
    let names = document.over(object).into_iter().take(OVER_NAMED);
    let names = names.filter_map(|(id, _)| Some(document.object(id)?.name.clone()));
    let (volume, list) = (volume(document, object), names.collect::<Vec<_>>().join(", "));
    let key = edit::BRING_TO_FRONT.key_text();
    tr_with(
        "{volume}: {list} ({key} brings this one to the front)",
        &[("volume", &volume), ("list", &list), ("key", &key)],
    )
}

/// Nothing was clicked or drawn, and nobody says that this is as it should be.
fn is_not_started(object: &Object) -> bool {
    object.state == ObjectState::Open && object.is_empty()
}

/// What a row says to tests and screen readers: `Object 1, 12.3 mL, done, locked`.
fn describe(document: &Document, object: &Object, shown: bool, status: &Status) -> String {
    let hidden = if shown { "" } else { tr(", hidden") };
    let state = match object.state {
        ObjectState::Open => "",
        ObjectState::Flagged => tr(", flagged"),
        ObjectState::Done => tr(", done"),
    };
    let locked = if object.locked { tr(", locked") } else { "" };
    let facts = facts(document, object, status);
    format!("{}, {facts}{hidden}{state}{locked}", object.name)
}

/// Takes what the trash button of the active row takes.
const TRASH: Vec2 = Vec2::splat(20.0);

fn row(ui: &mut Ui, document: &Document, object: &Object, cx: &mut CommandContext) {
    let active = is_active(document, object.id);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let shown = cx.view.shows(document, object);
    let text = describe(document, object, shown, cx.status);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, active, &text));
    let fill = match (active, response.hovered()) {
        (true, _) => colours(ui).selected,
        (false, true) => colours(ui).field,
        (false, false) => Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, CornerRadius::same(4), fill);

    let inner = rect.shrink2(vec2(4.0, 2.0));
    let builder = UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        swatch(ui, object, shown, cx);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            row_right(ui, document, object, cx, active);
        });
    });
    thinking_line(ui, document, object.id, rect, cx.status);
    let shown = ui.scope_id().with("was active");
    let was_active = ui.data_mut(|d| std::mem::replace(d.get_temp_mut_or_default(shown), active));
    if active && !was_active {
        response.scroll_to_me(None);
    }

    if response.double_clicked() {
        cx.view.transient.renaming = Some((object.id, object.name.clone()));
    } else if response.clicked() {
        select(document, object, cx);
    }
    // It holds fields too: only what is chosen closes it.
    Popup::context_menu(&response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| object_menu::context_menu(ui, document, object, cx));
    let not_started = || tr("No click and no voxel yet: click or draw in it.").to_owned();
    let response = match is_not_started(object).then(not_started).or(parts_text(object, cx)) {
        Some(text) => response.on_hover_text(text),
        None => response,
    };
    // Looked for only while it is shown: it looks at all voxels below others.
    let response = if object.covered.is_empty() {
        response
    } else {
        response.on_hover_ui(|ui| {
            ui.label(order_text(document, object));
        })
    };
    let (goes_on, cut) = (can_extend(object, cx.status), is_cut(object, cx.status));
    if object.iou().is_some() || goes_on || cut {
        let key = segment::EXTEND.key_text();
        let extend =
            tr_with("The mask reaches the model's cube: {key} extends it", &[("key", &key)]);
        let extend = match (goes_on, cut) {
            (true, _) => format!("\n{extend}"),
            (_, true) => format!("\n{}", tr(super::prompts::CUT)),
            _ => String::new(),
        };
        let of = if object.is_corrected() { tr(super::prompts::IOU_CORRECTED) } else { "" };
        let tip = format!("IoU: {} {of}{extend}", tr(super::prompts::IOU_TIP));
        response.on_hover_text(tip);
    }
}

/// Eye, volume and name, from the right end on.
fn row_right(
    ui: &mut Ui,
    document: &Document,
    object: &Object,
    cx: &mut CommandContext,
    active: bool,
) {
    let name = &object.name;
    // The place stays free in other rows, so that the eye is never where a trash can just was.
    if active {
        let what = format!("{} {name}", tr("Delete"));
        let tip = edit::DELETE_OBJECT.tip_for(&what);
        if row_button(ui, icons::TRASH, &what, &tip).clicked() {
            edit::DELETE_OBJECT.run(cx);
        }
    } else {
        ui.allocate_exact_size(TRASH, Sense::hover());
    }
    let icon = if object.visible { icons::EYE } else { icons::EYE_OFF };
    let what = format!("{} {name}", if object.visible { tr("Hide") } else { tr("Show") });
    if row_button(ui, icon, &what, &what).clicked() {
        cx.view.scan.solo = false;
        cx.out.push(Action::Do(Command::SetVisible(object.id, !object.visible)));
    }
    lock(ui, object, cx, active);
    if cx.view.transient.renaming.as_ref().is_some_and(|(id, _)| *id == object.id) {
        rename(ui, document, object, cx);
        return;
    }
    name_and_facts(ui, document, object, cx);
}

/// What is left of the row: its name, below it what is known of its mask, and between them and the buttons its signs.
fn name_and_facts(ui: &mut Ui, document: &Document, object: &Object, cx: &mut CommandContext) {
    let name = &object.name;
    let shown = cx.view.shows(document, object);
    let plain = shown && !object.locked;
    let colour = if plain { colours(ui).text } else { colours(ui).quiet };
    let name = RichText::new(name).color(colour);
    let waits = cx.status.waits(object.id).is_some();
    let facts_colour = if waits { colours(ui).warning } else { colours(ui).quiet };
    let facts = row_facts(document, object, cx);
    let facts = facts.iter().map(|text| RichText::new(text).size(SMALL).color(facts_colour));
    signs(ui, object, cx);
    let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    paint_text(ui, name, rect.left_center(), Align::Max, rect.width());
    let fits = |text: &RichText| {
        let text = WidgetText::from(text.clone());
        let extend = Some(TextWrapMode::Extend);
        let galley = text.into_galley(ui, extend, f32::INFINITY, egui::TextStyle::Body);
        galley.size().x <= rect.width()
    };
    if let Some(facts) = facts.clone().find(fits).or_else(|| facts.clone().next_back()) {
        paint_text(ui, facts, rect.left_center() + vec2(0.0, 1.0), Align::Min, rect.width());
    }
}

/// That its mask goes on outside of what the model saw, that something of it lies under others, and how far the work on
/// it is.
fn signs(ui: &mut Ui, object: &Object, cx: &CommandContext) {
    if can_extend(object, cx.status) || is_cut(object, cx.status) {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 20.0), Sense::hover());
        let warning = RichText::new(icons::WARNING).color(colours(ui).warning);
        paint_text(ui, warning, rect.left_center(), Align::Center, 16.0);
    }
    if !object.covered.is_empty() {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 20.0), Sense::hover());
        let below = RichText::new(icons::OBJECTS).color(colours(ui).quiet);
        paint_text(ui, below, rect.left_center(), Align::Center, 16.0);
    }
    let mark = match object.state {
        ObjectState::Open => None,
        ObjectState::Flagged => Some((icons::FLAG, colours(ui).warning)),
        ObjectState::Done => Some((icons::CHECK, colours(ui).accent)),
    };
    if let Some((icon, colour)) = mark {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 20.0), Sense::hover());
        let icon = RichText::new(icon).color(colour);
        paint_text(ui, icon, rect.left_center(), Align::Center, 16.0);
    }
}

/// The lock, open or closed. Its key is that of the active object.
fn lock(ui: &mut Ui, object: &Object, cx: &mut CommandContext, active: bool) {
    let icon = if object.locked { icons::LOCK } else { icons::LOCK_OPEN };
    let what = if object.locked { tr("Unlock") } else { tr("Lock") };
    let what = format!("{what} {}", object.name);
    let tip = if active { edit::LOCK_OBJECT.tip_for(&what) } else { what.clone() };
    let colour = if object.locked { colours(ui).text } else { colours(ui).quiet };
    let clicked = ui.scope(|ui| {
        ui.visuals_mut().override_text_color = Some(colour);
        row_button(ui, icon, &what, &tip).clicked()
    });
    if clicked.inner {
        cx.out.push(Action::Do(Command::SetLocked(object.id, !object.locked)));
    }
}

/// Text that is seen only: the row says it to screen readers. Above (max), around or below (min) `at`.
fn paint_text(ui: &Ui, text: RichText, at: egui::Pos2, align: Align, width: f32) {
    let wrap = Some(TextWrapMode::Truncate);
    let galley = WidgetText::from(text).into_galley(ui, wrap, width, egui::TextStyle::Body);
    let share = match align {
        Align::Min => 0.0,
        Align::Center => 0.5,
        Align::Max => 1.0,
    };
    let top = at.y - share * galley.size().y;
    ui.painter().galley(egui::pos2(at.x, top), galley, colours(ui).text);
}

fn rename(ui: &mut Ui, document: &Document, object: &Object, cx: &mut CommandContext) {
    let Some((_, text)) = cx.view.transient.renaming.as_mut() else { return };
    name_choice::take_keys(ui, object, text, &cx.status.names);
    let mut edit = TextEdit::singleline(text).desired_width(ui.available_width() - 8.0).show(ui);
    let response = edit.response.response.accessible_name(tr("Object name"));
    let name = text.trim().to_owned();
    // When it was drawn last, and whether it had the keyboard then: one that was not drawn just before has been opened
    // anew, however the last one ended.
    let memory = response.id.with("renaming");
    let (pass, has_focus) = (ui.ctx().cumulative_pass_nr(), response.has_focus());
    let before = ui.data_mut(|d| {
        let before = d.get_temp::<(u64, bool)>(memory);
        d.insert_temp(memory, (pass, has_focus));
        before
    });
    let Some((_, had_focus)) = before.filter(|(last, _)| last + 1 >= pass) else {
        response.request_focus();
        // All of it is selected: what is typed takes its place.
        let [start, end] = [0, text.chars().count()].map(egui::text::CCursor::new);
        edit.state.cursor.set_char_range(Some(egui::text::CCursorRange::two(start, end)));
        edit.state.store(ui.ctx(), response.id);
        return;
    };
    let escaped = ui.input(|i| i.key_pressed(egui::Key::Escape));
    let chosen = name_choice::show(ui, &response, (document, object), &name, cx);
    if chosen == (name_choice::Chosen::None { pointed: true }) && !escaped {
        // A click on the list takes the keyboard away from the text, but does not end it.
        return;
    }
    if chosen == name_choice::Chosen::Named {
        cx.view.transient.renaming = None;
        return;
    }
    // The keyboard may come a frame later than it is asked for.
    if escaped || response.lost_focus() || (had_focus && !has_focus) {
        cx.view.transient.renaming = None;
        if !escaped && !name.is_empty() && name != object.name {
            cx.out.push(Action::Do(Command::Rename(object.id, name)));
        }
    }
}

fn paint_swatch(ui: &Ui, rect: Rect, object: &Object, shown: bool, ring: bool) {
    let [r, g, b] = object.colour;
    let radius = CornerRadius::same(3);
    let fill = Color32::from_rgb(r, g, b);
    let fill = if shown { fill } else { fill.gamma_multiply(0.35) };
    ui.painter().rect_filled(rect, radius, fill);
    if ring {
        let stroke = Stroke::new(1.0, colours(ui).text);
        ui.painter().rect_stroke(rect, radius, stroke, StrokeKind::Outside);
    }
}

/// The colour, which opens a choice of colours.
fn swatch(ui: &mut Ui, object: &Object, shown: bool, cx: &mut CommandContext) {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(20.0), Sense::click());
    let name = tr_with("Colour of {name}", &[("name", &object.name)]);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    paint_swatch(ui, rect.shrink(2.0), object, shown, response.hovered());
    let response = response.on_hover_text(&name);
    Popup::menu(&response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .accessible_name(name.as_str())
        .show(|ui| colour_choice(ui, object, &response, cx));
}

fn colour_choice(ui: &mut Ui, object: &Object, owner: &Response, cx: &mut CommandContext) {
    let send = |colour: [u8; 3], cx: &mut CommandContext| {
        if colour != object.colour {
            cx.out.push(Action::Do(Command::Recolour(object.id, colour)));
        }
    };
    ui.set_width(212.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (n, &colour) in SWATCHES.iter().enumerate() {
            let (rect, response) = ui.allocate_exact_size(Vec2::splat(20.0), Sense::click());
            let name = format!("{} {}", tr("Colour"), n + 1);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            let [r, g, b] = colour;
            ui.painter().rect_filled(rect, CornerRadius::same(3), Color32::from_rgb(r, g, b));
            if response.clicked() {
                send(colour, cx);
                ui.close();
            }
        }
    });
    object_menu::opacity(ui, object, cx);
    // A slider changes all the time while dragged: the document hears of it when the button is let go.
    let draft = owner.id.with("draft");
    let mut colour = ui.data(|d| d.get_temp(draft)).unwrap_or(object.colour);
    let before = colour;
    for (channel, name) in colour.iter_mut().zip([tr("Red"), tr("Green"), tr("Blue")]) {
        field(ui, name, |ui| ui.add(Slider::new(channel, 0..=255)).accessible_name(name));
    }
    if colour != before {
        ui.data_mut(|d| d.insert_temp(draft, colour));
    }
    let editing = ui.input(|i| i.pointer.any_down()) || ui.ctx().text_edit_focused();
    if !editing && ui.data_mut(|d| d.remove_temp::<[u8; 3]>(draft)).is_some() {
        send(colour, cx);
    }
}

/// A thin line that moves under the row while the object's mask is being computed.
fn thinking_line(ui: &Ui, document: &Document, id: LabelId, row: Rect, status: &Status) {
    // Nothing goes on while a click waits for somebody's word.
    let waits = status.server.waits.is_some() || status.server.consent.is_some();
    if !document.is_pending(id) || waits {
        return;
    }
    let length = row.width() * 0.3;
    let at = (ui.input(|i| i.time) as f32 * 0.8).fract() * (row.width() + length) - length;
    let left = (row.left() + at).max(row.left());
    let right = (row.left() + at + length).min(row.right());
    let y = row.bottom() - 1.0;
    ui.painter().hline(left..=right, y, Stroke::new(2.0, colours(ui).accent));
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(33));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_its_parts_also_where_something_lies_under_others() {
        let under = "12.3 mL, 1.0 mL of it under others";
        for (facts, parts, whole, expected) in [
            ("12.3 mL", 1, None, &["5 · 12.3 mL"][..]),
            (
                "12.3 mL · IoU 0.87",
                4,
                None,
                &["5 · 12.3 mL · 4 parts · IoU 0.87", "5 · 12.3 mL · 4 parts"],
            ),
            (
                under,
                4,
                Some("12.3 mL"),
                &[
                    "5 · 12.3 mL, 1.0 mL of it under others · 4 parts",
                    "5 · 12.3 mL · 4 parts",
                    "5 · 12.3 mL",
                ],
            ),
        ] {
            assert_eq!(row_texts(5, facts, parts, whole), expected, "{facts}");
        }
    }
}
