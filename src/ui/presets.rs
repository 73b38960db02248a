//! Usual windows.

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
    preset("brain", 40.0, 80.0),
    preset("subdural", 75.0, 215.0),
    preset("stroke", 40.0, 40.0),
    preset("bone", 400.0, 1800.0),
    preset("lung", -600.0, 1500.0),
    preset("mediastinum", 50.0, 350.0),
    preset("abdomen", 50.0, 400.0),
    preset("liver", 60.0, 160.0),
    preset("angio", 300.0, 600.0),
];

impl WindowPreset {
    /// The window itself.
    pub fn window(&self) -> Window {
        Window::new(self.centre, self.width)
    }
}
