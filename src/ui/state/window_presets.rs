//! Usual windows.

use crate::ui::kit::text::mark;
use crate::volume::Window;

/// A window that has a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowPreset {
    /// `brain`, `lung`, …
    pub name: &'static str,
    /// The value in the middle, in Hounsfield units.
    pub centre: f64,
    /// From black to white, in Hounsfield units.
    pub width: f64,
}

const fn preset(name: &'static str, centre: f64, width: f64) -> WindowPreset {
    WindowPreset { name, centre, width }
}

/// Usual windows of CT, in the order of their keys.
pub const CT_WINDOWS: [WindowPreset; 9] = [
    preset(mark("brain"), 40.0, 80.0),
    preset(mark("subdural"), 75.0, 215.0),
    preset(mark("stroke"), 40.0, 40.0),
    preset(mark("bone"), 400.0, 1800.0),
    preset(mark("lung"), -600.0, 1500.0),
    preset(mark("mediastinum"), 50.0, 350.0),
    preset(mark("abdomen"), 50.0, 400.0),
    preset(mark("liver"), 60.0, 160.0),
    preset(mark("angio"), 300.0, 600.0),
];

impl WindowPreset {
    /// The window itself.
    pub fn window(&self) -> Window {
        Window::new(self.centre, self.width)
    }
}
