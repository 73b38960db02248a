//! Clicks while frames take long.

use egui::{Context, Event, RawInput};

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
    use egui::{Modifiers, PointerButton, Pos2, Rect, vec2};

    use super::*;

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
