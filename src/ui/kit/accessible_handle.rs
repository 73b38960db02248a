//! Something to take hold of that is drawn by hand: for the mouse, the keyboard and assistive tools alike.

use std::ops::RangeInclusive;

use egui::accesskit::{Action, ActionData, Orientation};
use egui::{EventFilter, Id, Key, Rect, Response, Sense, Ui, WidgetInfo};

/// A value that can be taken hold of.
pub struct AccessibleHandle<'a> {
    /// What assistive tools and tests call it.
    pub name: &'a str,
    /// What it is now.
    pub value: f64,
    /// From where to where it may go.
    pub range: RangeInclusive<f64>,
    /// How far one press of an arrow key moves it.
    pub step: f64,
    /// The arrow keys that make it less and more.
    pub keys: [Key; 2],
}

impl AccessibleHandle<'_> {
    /// The keys of something that moves sideways.
    pub const SIDEWAYS: [Key; 2] = [Key::ArrowLeft, Key::ArrowRight];
    /// The keys of something whose value grows downwards.
    pub const DOWNWARDS: [Key; 2] = [Key::ArrowUp, Key::ArrowDown];

    /// Makes `rect` answer to the pointer, and says what keyboard or assistive tools ask the value to be.
    pub fn interact(&self, ui: &Ui, rect: Rect, id: Id, sense: Sense) -> (Response, Option<f64>) {
        let response = ui.interact(rect, id, sense);
        let sideways = self.keys == Self::SIDEWAYS;
        if response.has_focus() {
            let filter = EventFilter {
                horizontal_arrows: sideways,
                vertical_arrows: !sideways,
                ..EventFilter::default()
            };
            ui.memory_mut(|m| m.set_focus_lock_filter(id, filter));
        }
        let asked = self.asked(ui, &response);
        let value = asked.unwrap_or(self.value);
        response.widget_info(|| WidgetInfo::slider(true, value, self.name));
        ui.ctx().accesskit_node_builder(id, |node| {
            node.set_min_numeric_value(*self.range.start());
            node.set_max_numeric_value(*self.range.end());
            node.set_numeric_value_step(self.step);
            for action in [Action::SetValue, Action::Increment, Action::Decrement] {
                node.add_action(action);
            }
            let sideways = if sideways { Orientation::Horizontal } else { Orientation::Vertical };
            node.set_orientation(sideways);
        });
        (response, asked)
    }

    fn asked(&self, ui: &Ui, response: &Response) -> Option<f64> {
        let (id, focused) = (response.id, response.has_focus());
        let [less, more] = self.keys;
        let (steps, set) = ui.input(|i| {
            let keys = |key| if focused { i.num_presses(key) as f64 } else { 0.0 };
            let asks = |action| i.num_accesskit_action_requests(id, action) as f64;
            let steps = keys(more) - keys(less) + asks(Action::Increment) - asks(Action::Decrement);
            let set =
                i.accesskit_action_requests(id, Action::SetValue).filter_map(|r| match r.data {
                    Some(ActionData::NumericValue(value)) => Some(value),
                    _ => None,
                });
            (steps, set.last())
        });
        let asked = match set {
            Some(value) => value,
            None if steps != 0.0 => self.value + steps * self.step,
            None => return None,
        };
        let (low, high) = (*self.range.start(), *self.range.end());
        (asked.is_finite() && low <= high).then(|| asked.clamp(low, high))
    }
}
