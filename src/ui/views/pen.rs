//! How hard a pen is pressed. The window system tells it with each touch, and the pointer's own event for the same
//! movement follows.

use egui::{Event, TouchDeviceId, TouchId, TouchPhase};

/// What a screen that measures no pressure says of a finger all the time: on Windows and in W3C's Pointer Events.
const NOT_MEASURED: f32 = 0.5;

/// The pen or the finger that is the pointer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pen(Option<Touch>);

#[derive(Clone, Copy, Debug)]
struct Touch {
    who: (TouchDeviceId, TouchId),
    /// The last that made sense.
    force: Option<f32>,
    /// It was once another than [`NOT_MEASURED`].
    measured: bool,
    /// It is gone; the button's release still belongs to it.
    lifted: bool,
}

impl Pen {
    /// Call with each event before anything is made of it.
    pub fn before(&mut self, event: &Event) {
        match *event {
            Event::Touch { device_id, id, phase, force, .. } => {
                self.touch((device_id, id), phase, force);
            }
            // The mouse's own.
            Event::PointerButton { pressed: true, .. } => self.end(),
            _ => {}
        }
    }

    /// Call with each event after it was dealt with.
    pub fn after(&mut self, event: &Event) {
        match event {
            Event::PointerButton { pressed: false, .. } => self.end(),
            Event::PointerGone => self.0 = None,
            _ => {}
        }
    }

    /// 0 to 1; `None` with a mouse, and where it is not measured.
    pub fn pressure(&self) -> Option<f32> {
        self.0.filter(|touch| touch.measured).and_then(|touch| touch.force)
    }

    fn touch(&mut self, who: (TouchDeviceId, TouchId), phase: TouchPhase, force: Option<f32>) {
        self.0.take_if(|touch| phase == TouchPhase::Start && touch.lifted);
        if phase == TouchPhase::Start && self.0.is_none() {
            self.0 = Some(Touch { who, force: None, measured: false, lifted: false });
        }
        // Further fingers are no pointer.
        let Some(touch) = self.0.as_mut().filter(|touch| touch.who == who) else { return };
        match phase {
            TouchPhase::Start | TouchPhase::Move => {
                let force = force.filter(|force| force.is_finite() && *force > 0.0);
                touch.measured |= force.is_some_and(|force| force != NOT_MEASURED);
                touch.force = force.map(|force| force.min(1.0)).or(touch.force);
            }
            TouchPhase::End | TouchPhase::Cancel => touch.lifted = true,
        }
    }

    fn end(&mut self) {
        self.0.take_if(|touch| touch.lifted);
    }
}

#[cfg(test)]
mod tests {
    use egui::{Modifiers, PointerButton, Pos2};

    use super::*;

    fn touch(id: u64, phase: TouchPhase, force: Option<f32>) -> Event {
        let (device_id, id) = (TouchDeviceId(1), TouchId::from(id));
        Event::Touch { device_id, id, phase, pos: Pos2::ZERO, force }
    }

    fn button(pressed: bool) -> Event {
        let (pos, button, modifiers) = (Pos2::ZERO, PointerButton::Primary, Modifiers::NONE);
        Event::PointerButton { pos, button, pressed, modifiers }
    }

    /// The pressure that each event is dealt with.
    fn pressures(events: &[Event]) -> Vec<Option<f32>> {
        let mut pen = Pen::default();
        let mut all = Vec::new();
        for event in events {
            pen.before(event);
            all.push(pen.pressure());
            pen.after(event);
        }
        all
    }

    #[test]
    fn a_pens_pressure_is_there_from_the_touch_to_the_release() {
        use TouchPhase::{Cancel, End, Move, Start};
        let at = Event::PointerMoved(Pos2::ZERO);
        let found = pressures(&[
            touch(7, Start, Some(0.25)),
            button(true),
            touch(7, Move, Some(0.75)),
            at.clone(),
            // What makes no sense changes nothing; more than all is all.
            touch(7, Move, Some(0.0)),
            touch(7, Move, Some(f32::NAN)),
            touch(7, Move, None),
            touch(8, Start, Some(0.1)),
            touch(7, Move, Some(3.0)),
            touch(7, End, None),
            button(false),
            at.clone(),
            button(true),
        ]);
        let some = |f: f32| Some(f);
        let expected = [
            some(0.25),
            some(0.25),
            some(0.75),
            some(0.75),
            some(0.75),
            some(0.75),
            some(0.75),
            some(0.75),
            some(1.0),
            some(1.0),
            some(1.0),
            None,
            None,
        ];
        assert_eq!(found, expected);
        // A touch that was cancelled without a release leaves nothing to the mouse.
        let found = pressures(&[touch(7, Start, Some(0.2)), touch(7, Cancel, None), button(true)]);
        assert_eq!(found, [some(0.2), some(0.2), None]);
        let found =
            pressures(&[touch(7, Start, Some(0.2)), touch(7, End, None), touch(9, Start, None)]);
        assert_eq!(found[2], None, "another touch");
    }

    #[test]
    fn a_finger_whose_pressure_is_not_measured_has_none() {
        use TouchPhase::{Move, Start};
        for force in [None, Some(0.5), Some(0.0)] {
            let found = pressures(&[touch(1, Start, force), button(true), touch(1, Move, force)]);
            assert_eq!(found, [None; 3], "{force:?}");
        }
        let found = pressures(&[touch(1, Start, Some(0.4)), touch(1, Move, Some(0.5))]);
        assert_eq!(found, [Some(0.4), Some(0.5)], "a pen that comes by it");
    }
}
