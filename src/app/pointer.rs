//! Clicks and keys while frames take long.

use egui::{Context, Event, RawInput};

/// Keys and buttons of the pointer in the order in which they were pressed. All keys of a frame are handled before what
/// the pointer did in it, so that a click and then a key, both in one long frame, would be a click with the tool or the
/// object that the key chose: a frame gets no more than what comes before such a change, and the next one the rest.
#[derive(Debug, Default)]
pub(super) struct InOrder {
    waiting: Vec<Event>,
}

impl InOrder {
    /// Leaves in `input` what this frame is to handle. Before each frame.
    pub fn take_turns(&mut self, ctx: &Context, input: &mut RawInput) {
        let mut events = std::mem::take(&mut self.waiting);
        events.append(&mut input.events);
        let is_button = |event: &Event| matches!(event, Event::PointerButton { .. });
        let is_key = |event: &Event| matches!(event, Event::Key { pressed: true, .. });
        let mut button_before = false;
        let next = events.iter().position(|event| {
            button_before |= is_button(event);
            button_before && is_key(event)
        });
        self.waiting = events.split_off(next.unwrap_or(events.len()));
        if !self.waiting.is_empty() {
            ctx.request_repaint();
        }
        input.events = events;
    }
}

/// How long a click may take, seconds: egui's own value.
const CLICK: f64 = 0.8;

/// A click counts however long a frame takes: if pressing and letting go are seen in two frames one after another, what
/// lies between them is that frame, not the user's finger. Before each frame.
pub(super) fn forgive_slow_frames(ctx: &Context, input: &RawInput) {
    let lets_go = |event: &Event| matches!(event, Event::PointerButton { pressed: false, .. });
    let pressed_just_now = ctx.input(|i| i.pointer.any_pressed());
    let at_once = pressed_just_now && input.events.iter().any(lets_go);
    let longest = if at_once { f64::INFINITY } else { CLICK };
    ctx.options_mut(|o| o.input_options.max_click_duration = longest);
}

#[cfg(test)]
mod tests {
    use egui::Key::{B, P, Tab};
    use egui::{Modifiers, PointerButton, Pos2, Rect, vec2};

    use super::*;

    #[test]
    fn a_key_waits_for_the_click_before_it_and_nothing_is_lost() {
        let ctx = Context::default();
        let key = |key| Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let button = |pressed| Event::PointerButton {
            pos: Pos2::ZERO,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let all = vec![
            key(P),
            button(true),
            button(false),
            key(Tab),
            key(B),
            button(true),
            button(false),
            Event::Copy,
        ];
        let mut order = InOrder::default();
        let mut frames = Vec::new();
        let mut new = all.clone();
        while !new.is_empty() || !order.waiting.is_empty() {
            let mut input = RawInput { events: std::mem::take(&mut new), ..RawInput::default() };
            order.take_turns(&ctx, &mut input);
            frames.push(input.events);
        }
        assert_eq!(frames.concat(), all);
        assert_eq!(frames.iter().map(Vec::len).collect::<Vec<_>>(), [3, 5]);
    }

    #[test]
    fn a_click_counts_however_long_the_frame_takes_and_a_long_press_is_none() {
        let press = |pressed| Event::PointerButton {
            pos: Pos2::new(50.0, 50.0),
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        // When the frames begin, with what happens in them, and whether that is a click.
        for (frames, clicks) in [
            (&[(1.0, Some(true)), (1.1, Some(false))][..], 1),
            (&[(1.0, Some(true)), (4.0, Some(false))], 1),
            (&[(1.0, Some(true)), (1.5, None), (4.0, Some(false))], 0),
            (&[(1.0, Some(true)), (4.0, Some(false)), (5.0, Some(true)), (9.0, Some(false))], 2),
        ] {
            let ctx = Context::default();
            let mut found = 0;
            let start = [(0.0, Some(Event::PointerMoved(Pos2::new(50.0, 50.0))))];
            let frames = frames.iter().map(|(at, down)| (*at, down.map(press)));
            for (time, event) in start.into_iter().chain(frames) {
                let input = RawInput {
                    time: Some(time),
                    screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(100.0, 100.0))),
                    events: event.into_iter().collect(),
                    ..RawInput::default()
                };
                forgive_slow_frames(&ctx, &input);
                let mut output = ctx.run_ui(input, |ui| {
                    let area = ui.max_rect();
                    let sense = egui::Sense::click();
                    found +=
                        i32::from(ui.interact(area, ui.scope_id().with("all"), sense).clicked());
                });
                output.textures_delta.clear();
            }
            assert_eq!(found, clicks, "{clicks} clicks");
        }
    }
}
