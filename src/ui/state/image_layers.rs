//! Which of the images that lie over one another in slices the window's controls act on.

use super::image_layer::ImageLayer;
use super::view_state::ViewState;
use crate::render::ColourMap;
use crate::volume::{Histogram, Stats, Window};

impl ViewState {
    /// The overlay that window and colour controls act on; `None`: they act on the scan.
    /// (Or the second scan beside it, which is a layer like these.)
    pub fn chosen_overlay(&self) -> Option<&ImageLayer> {
        if let Some(beside) = self.scan.beside.chosen_scan() {
            return Some(&beside.image);
        }
        self.scan.overlays.get(self.scan.layer?)
    }

    /// The overlay that window and colour controls act on.
    pub fn chosen_overlay_mut(&mut self) -> Option<&mut ImageLayer> {
        if let Some(beside) = self.scan.beside.chosen_scan_mut() {
            return Some(&mut beside.image);
        }
        self.scan.overlays.get_mut(self.scan.layer?)
    }

    /// Lets the controls of window and colours act on the scan (`None`) or on an overlay, by its place.
    pub fn choose_layer(&mut self, layer: Option<usize>) {
        (self.scan.layer, self.scan.beside.chosen) = (layer, false);
    }

    /// Whether they act on this one.
    pub fn is_chosen(&self, layer: Option<usize>) -> bool {
        self.scan.layer == layer && self.scan.beside.chosen_scan().is_none()
    }

    /// The window of the chosen layer.
    pub fn layer_window(&self) -> Window {
        self.chosen_overlay().map_or(self.scan.window, |o| o.window)
    }

    /// Gives the chosen layer another window.
    pub fn set_layer_window(&mut self, window: Window) {
        match self.chosen_overlay_mut() {
            Some(overlay) => overlay.window = window,
            None => self.scan.window = window,
        }
    }

    /// The automatic window of the chosen layer.
    pub fn layer_auto_window(&self) -> Window {
        self.chosen_overlay().map_or(self.scan.auto_window, |o| o.auto_window)
    }

    /// From the smallest to the largest value of the chosen layer; `None` if it has but one.
    pub fn layer_full_window(&self) -> Option<Window> {
        let stats = self.layer_stats().filter(|s| s.max > s.min)?;
        Some(Window::new(f64::midpoint(stats.min, stats.max), stats.max - stats.min))
    }

    /// Smallest, largest, mean value of the chosen layer.
    pub fn layer_stats(&self) -> Option<Stats> {
        self.chosen_overlay().map_or(self.scan.stats, |o| Some(o.stats))
    }

    /// Histogram of the chosen layer.
    pub fn layer_histogram(&self) -> Option<&Histogram> {
        self.chosen_overlay().map_or(self.scan.histogram.as_ref(), |o| Some(&o.histogram))
    }

    /// Colours of the chosen layer.
    pub fn layer_colour_map(&mut self) -> &mut ColourMap {
        let Self { scan, .. } = self;
        if let Some(beside) = scan.beside.chosen_scan_mut() {
            return &mut beside.image.colour_map;
        }
        match scan.layer.and_then(|n| scan.overlays.get_mut(n)) {
            Some(overlay) => &mut overlay.colour_map,
            None => &mut scan.colour_map,
        }
    }

    /// Whether the values of the chosen layer look like Hounsfield units.
    pub fn layer_is_ct(&self) -> bool {
        self.layer_stats().is_some_and(|s| s.looks_like_ct())
    }

    /// Moves an overlay one place towards the eye (`up`) or the scan.
    pub fn move_overlay(&mut self, index: usize, up: bool) {
        let other = if up { index.checked_add(1) } else { index.checked_sub(1) };
        let Some(other) =
            other.filter(|o| *o < self.scan.overlays.len() && index < self.scan.overlays.len())
        else {
            return;
        };
        self.scan.overlays.swap(index, other);
        self.scan.layer = match self.scan.layer {
            Some(n) if n == index => Some(other),
            Some(n) if n == other => Some(index),
            same => same,
        };
    }

    /// Takes an overlay away.
    pub fn remove_overlay(&mut self, index: usize) {
        if index < self.scan.overlays.len() {
            self.scan.overlays.remove(index);
            self.scan.layer = match self.scan.layer {
                Some(n) if n == index => None,
                Some(n) if n > index => Some(n - 1),
                same => same,
            };
        }
    }

    /// Hides all overlays, or shows all if none is seen.
    pub fn toggle_overlays(&mut self) {
        let show = !self.scan.overlays.iter().any(|o| o.visible);
        for overlay in &mut self.scan.overlays {
            overlay.visible = show;
        }
    }
}
