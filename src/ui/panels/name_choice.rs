//! While an object is named: the structures of known lists that are called so, to choose from. Choosing one gives the
//! object its number and colour too. One whose whole name is typed is chosen, so that Enter gives what is seen.

use egui::{Align, Area, Button, Frame, Key, Layout, Modifiers, Order, Response, RichText, Ui};

use crate::document::{Document, LabelId, Object};
use crate::names::{self, FoundName, NameList};
use crate::ui::commands::CommandContext;
use crate::ui::kit::text::{is_chinese, tr, tr_with};
use crate::ui::kit::theme::SMALL;
use crate::ui::kit::widgets::quiet;
use crate::ui::state::Action;

/// So many are offered.
const MOST: usize = 8;
const WIDTH: f32 = 320.0;

/// What has been typed, and which of those found is chosen, from 1; 0: what has been typed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Choice {
    text: String,
    chosen: usize,
}

/// The keys that choose are taken before the text field sees them. To be called before it is drawn.
pub(super) fn take_keys(ui: &Ui, object: &Object, text: &str, lists: &[NameList]) {
    let id = choice_id(object.id);
    let mut choice: Choice = ui.data(|d| d.get_temp(id)).unwrap_or_default();
    let found = find(lists, object, text);
    if choice.text != text {
        let exact = found.first().is_some_and(|found| found.exact);
        choice = Choice { text: text.to_owned(), chosen: usize::from(exact) };
    }
    let count = found.len();
    let (down, up) = ui.input_mut(|i| {
        let mut pressed = |key| i.count_and_consume_key(Modifiers::NONE, key);
        (pressed(Key::ArrowDown), pressed(Key::ArrowUp))
    });
    choice.chosen = (choice.chosen + down).saturating_sub(up).min(count);
    ui.data_mut(|d| d.insert_temp(id, choice));
}

/// What became of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// Nothing; the pointer may be on it.
    None {
        /// The pointer is on the list: a click may follow.
        pointed: bool,
    },
    /// The object has a name from the list.
    Named,
}

/// Draws the list below the text field.
pub(super) fn show(
    ui: &mut Ui,
    field: &Response,
    (document, object): (&Document, &Object),
    text: &str,
    cx: &mut CommandContext,
) -> Chosen {
    let lists = cx.status.names.clone();
    let found = find(&lists, object, text);
    if found.is_empty() {
        return Chosen::None { pointed: false };
    }
    let id = choice_id(object.id);
    let choice: Choice = ui.data(|d| d.get_temp(id)).unwrap_or_default();
    let mut named = None;
    let area = Area::new(id.with("list"))
        .order(Order::Foreground)
        .fixed_pos(field.rect.left_bottom() + egui::vec2(0.0, 2.0))
        .constrain(true)
        .show(ui.ctx(), |ui| {
            Frame::popup(ui.style()).show(ui, |ui| {
                ui.set_width(WIDTH);
                for (n, found) in found.iter().enumerate() {
                    if row(ui, document, object, found, choice.chosen == n + 1) {
                        named = Some(*found);
                    }
                }
            });
        });
    let entered = choice.chosen > 0 && ui.input(|i| i.key_pressed(Key::Enter));
    let by_key = entered.then(|| found.get(choice.chosen - 1).copied()).flatten();
    if let Some(FoundName { list, label, .. }) = named.or(by_key) {
        // While a click of it is computed an object keeps its number.
        let may = |n: &LabelId| is_free(document, object, *n) && !document.is_pending(object.id);
        let number = Some(LabelId(label.number)).filter(may);
        cx.out.push(Action::NameFromList {
            object: object.id,
            name: label.name.clone(),
            number,
            colour: label.colour,
            list: list.title.clone(),
        });
        return Chosen::Named;
    }
    Chosen::None { pointed: area.response.contains_pointer() }
}

fn choice_id(object: LabelId) -> egui::Id {
    egui::Id::unique("name choice").with(object.0)
}

/// Nothing is proposed before something has been typed.
fn find<'l>(lists: &'l [NameList], object: &Object, text: &str) -> Vec<FoundName<'l>> {
    if text.trim() == object.name { Vec::new() } else { names::find(lists, text, MOST) }
}

fn is_free(document: &Document, object: &Object, number: LabelId) -> bool {
    number == object.id || document.object(number).is_none()
}

/// `kidney_left  左肾      TotalSegmentator v2 · 3`.
fn row(
    ui: &mut Ui,
    document: &Document,
    object: &Object,
    FoundName { list, label, .. }: &FoundName,
    chosen: bool,
) -> bool {
    let number = LabelId(label.number);
    let number = if is_free(document, object, number) {
        number.0.to_string()
    } else {
        tr_with("{n} is taken", &[("n", &number.0)])
    };
    let name = match label.zh.as_deref().filter(|_| is_chinese()) {
        Some(zh) => format!("{}  {zh}", label.name),
        None => label.name.clone(),
    };
    let said = format!("{name}, {}, {number}", list.title);
    let mut clicked = false;
    ui.horizontal(|ui| {
        let button = Button::selectable(chosen, name.as_str()).truncate();
        clicked = ui
            .add(button)
            .accessible_name(said)
            .on_hover_text(tr("Name, number and colour of the list"))
            .clicked();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let text: RichText = quiet(ui, format!("{} · {number}", list.title)).size(SMALL);
            ui.label(text);
        });
    });
    clicked
}
