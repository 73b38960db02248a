//! A notch of the wheel counts once.
//!
//! On X11, winit 0.30 makes a turn of the wheel of both the press and the release of the buttons 4 to 7. It leaves
//! out those that the server only adds to smooth scrolling; but where there is no smooth scrolling (VNC servers,
//! XTEST) these buttons are all there is, and each notch would count twice. The raw events of the device, each just
//! ahead of the window's own, tell presses from releases.

use eframe::{EframeWinitApplication, UserEvent};
use winit::application::ApplicationHandler;
use winit::event::{
    DeviceEvent, DeviceId, ElementState, MouseScrollDelta, StartCause, WindowEvent,
};
use winit::event_loop::ActiveEventLoop;
use winit::window::WindowId;

/// The window's event handler, which does not hear of the second half of a notch.
pub(super) struct NotchesOnce<'a> {
    window: EframeWinitApplication<'a>,
    releases: Releases,
}

impl<'a> NotchesOnce<'a> {
    pub fn new(window: EframeWinitApplication<'a>) -> Self {
        Self { window, releases: Releases::default() }
    }
}

impl ApplicationHandler<UserEvent> for NotchesOnce<'_> {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        #[cfg(all(unix, not(target_os = "macos")))]
        {
            use winit::platform::x11::ActiveEventLoopExtX11 as _;
            if event_loop.is_x11() {
                // The wheel turns in a window without the keyboard, too.
                event_loop.listen_device_events(winit::event_loop::DeviceEvents::Always);
            }
        }
        self.window.resumed(event_loop);
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, window: WindowId, event: WindowEvent) {
        if !self.releases.explain(&event) {
            self.window.window_event(event_loop, window, event);
        }
    }

    fn device_event(&mut self, event_loop: &ActiveEventLoop, device: DeviceId, event: DeviceEvent) {
        self.releases.note(&event);
        self.window.device_event(event_loop, device, event);
    }

    fn new_events(&mut self, event_loop: &ActiveEventLoop, cause: StartCause) {
        self.window.new_events(event_loop, cause);
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
        self.window.user_event(event_loop, event);
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        self.window.about_to_wait(event_loop);
    }

    fn suspended(&mut self, event_loop: &ActiveEventLoop) {
        self.window.suspended(event_loop);
    }

    fn exiting(&mut self, event_loop: &ActiveEventLoop) {
        self.window.exiting(event_loop);
    }

    fn memory_warning(&mut self, event_loop: &ActiveEventLoop) {
        self.window.memory_warning(event_loop);
    }
}

/// The wheel's button that was let go last, as the turn that winit makes of it.
#[derive(Default)]
struct Releases(Option<(f32, f32)>);

impl Releases {
    fn note(&mut self, event: &DeviceEvent) {
        self.0 = match event {
            DeviceEvent::Button { button, state: ElementState::Released } => turn(*button),
            // Whatever the device does next is another matter.
            _ => None,
        };
    }

    /// Whether this turn of the wheel is that release.
    fn explain(&mut self, event: &WindowEvent) -> bool {
        match event {
            WindowEvent::MouseWheel { delta: MouseScrollDelta::LineDelta(x, y), .. } => {
                self.0.take() == Some((*x, *y))
            }
            _ => false,
        }
    }
}

/// What winit makes of a button of X11's wheel.
fn turn(button: u32) -> Option<(f32, f32)> {
    match button {
        4 => Some((0.0, 1.0)),
        5 => Some((0.0, -1.0)),
        6 => Some((1.0, 0.0)),
        7 => Some((-1.0, 0.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winit::event::TouchPhase;

    enum Seen {
        Raw(u32, ElementState),
        Moved,
        Wheel(f32, f32),
        Pixels(f64),
    }

    /// How many turns of the wheel the window hears of.
    fn heard(seen: &[Seen]) -> usize {
        let mut releases = Releases::default();
        let wheel = |delta| WindowEvent::MouseWheel {
            device_id: DeviceId::dummy(),
            delta,
            phase: TouchPhase::Moved,
        };
        let mut count = 0;
        for event in seen {
            let event = match *event {
                Seen::Raw(button, state) => {
                    releases.note(&DeviceEvent::Button { button, state });
                    continue;
                }
                Seen::Moved => {
                    releases.note(&DeviceEvent::MouseMotion { delta: (1.0, 0.0) });
                    continue;
                }
                Seen::Wheel(x, y) => wheel(MouseScrollDelta::LineDelta(x, y)),
                Seen::Pixels(y) => wheel(MouseScrollDelta::PixelDelta((0.0, y).into())),
            };
            count += usize::from(!releases.explain(&event));
        }
        count
    }

    #[test]
    fn a_notch_counts_once_on_every_kind_of_wheel() {
        use ElementState::{Pressed, Released};
        use Seen::{Moved, Pixels, Raw, Wheel};
        let up = || [Raw(4, Pressed), Wheel(0.0, 1.0), Raw(4, Released), Wheel(0.0, 1.0)];
        let down = || [Raw(5, Pressed), Wheel(0.0, -1.0), Raw(5, Released), Wheel(0.0, -1.0)];
        let side = || [Raw(6, Pressed), Wheel(1.0, 0.0), Raw(6, Released), Wheel(1.0, 0.0)];
        let cases: Vec<(&str, Vec<Seen>, usize)> = vec![
            ("a button wheel", up().into(), 1),
            ("there and back", up().into_iter().chain(down()).collect(), 2),
            ("ten notches", (0..10).flat_map(|_| up()).collect(), 10),
            ("sideways", side().into(), 1),
            ("smooth notches", vec![Moved, Wheel(0.0, 1.0), Moved, Wheel(0.0, 1.0)], 2),
            ("two in one event", vec![Moved, Wheel(0.0, 2.0)], 1),
            ("parts of a notch", vec![Moved, Wheel(0.0, 0.25), Moved, Wheel(0.0, 0.25)], 2),
            ("a trackpad", vec![Pixels(3.0), Pixels(3.0)], 2),
            ("without raw events", vec![Wheel(0.0, 1.0), Wheel(0.0, 1.0)], 2),
            // Let go over another window; then a smooth wheel turns here.
            ("elsewhere", vec![Raw(4, Pressed), Raw(4, Released), Moved, Wheel(0.0, 1.0)], 1),
            ("another direction", vec![Raw(4, Released), Wheel(0.0, -1.0)], 1),
            ("another button", vec![Raw(1, Released), Wheel(0.0, 1.0)], 1),
        ];
        for (what, events, expected) in cases {
            assert_eq!(heard(&events), expected, "{what}");
        }
    }
}
