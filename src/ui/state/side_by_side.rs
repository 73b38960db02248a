//! Showing slices twice: whether, with which window, and what is at a place of the right side.

use super::beside::{BesideLabels, BesideScan};
use super::comparison::ComparisonLook;
use super::view_state::ViewState;
use crate::geom::DVec3;
use crate::render::ColourMap;
use crate::volume::Window;

impl ViewState {
    /// Whether there is something that can be shown beside the slices.
    pub fn has_beside(&self) -> bool {
        self.scan.beside.scan.is_some() || self.scan.comparison.is_some()
    }

    /// Whether slices are shown twice now: not in sheets of slices, nor in pictures and films.
    pub fn is_side_by_side(&self) -> bool {
        let beside = &self.scan.beside;
        let hidden = self.scan.lightbox.is_some() || self.transient.is_figure;
        beside.on && self.has_beside() && !hidden
    }

    /// Whether it is B's labels that are wanted beside the slices.
    pub fn wants_labels_beside(&self) -> bool {
        let beside = &self.scan.beside;
        beside.on && beside.scan.is_none() && self.scan.comparison.is_some()
    }

    /// Shows slices twice, or once again. What is compared is then A at the left, B at the right; afterwards it is drawn
    /// as before.
    pub fn toggle_side_by_side(&mut self) {
        self.scan.beside.on = !self.scan.beside.on && self.has_beside();
        let twice = self.wants_labels_beside();
        if let Some(comparison) = &mut self.scan.comparison {
            if twice {
                comparison.look_before = Some(comparison.look);
                comparison.look = ComparisonLook::Objects;
            } else if let Some(before) = comparison.look_before.take()
                && comparison.look == ComparisonLook::Objects
            {
                comparison.look = before;
            }
        }
        if self.scan.beside.on {
            self.scan.lightbox = None;
        }
    }

    /// The second scan is shown no more.
    pub fn take_scan_beside_away(&mut self) {
        let beside = &mut self.scan.beside;
        (beside.scan, beside.chosen, beside.on) = (None, false, false);
    }

    /// Window and colours of the second scan, as it is drawn.
    pub fn look_of_beside(&self, beside: &BesideScan) -> (Window, ColourMap) {
        if beside.linked {
            (self.scan.window, self.scan.colour_map)
        } else {
            (beside.image.window, beside.image.colour_map)
        }
    }

    /// Whether one window can stand for both scans: both have Hounsfield units.
    pub fn can_link_windows(&self) -> bool {
        let second = self.scan.beside.scan.as_ref().map(|beside| beside.image.stats);
        let both = self.scan.stats.zip(second);
        both.is_some_and(|(a, b)| a.looks_like_ct() && b.looks_like_ct())
    }

    /// The scan has the windows of both from now on, or each its own.
    pub fn link_windows(&mut self, linked: bool) {
        let linked = linked && self.can_link_windows();
        let (window, colour_map) = (self.scan.window, self.scan.colour_map);
        if let Some(beside) = &mut self.scan.beside.scan {
            if !linked && beside.linked {
                // It stays as it was seen.
                (beside.image.window, beside.image.colour_map) = (window, colour_map);
            }
            beside.linked = linked;
        }
    }

    /// The controls of window and colours act on the side in which one works, if it has its own.
    pub fn choose_side(&mut self, right: bool) {
        let own = self.scan.beside.scan.as_ref().is_some_and(|beside| !beside.linked);
        self.scan.beside.chosen = right && own;
    }

    /// The label of B at a voxel of the scan, by its name.
    pub fn label_beside(&self, voxel: [usize; 3]) -> Option<String> {
        let BesideLabels { drawn, names } = self.scan.beside.labels.as_ref()?;
        let label = drawn.labels.get(voxel);
        (label != 0).then(|| names.get(&label).cloned().unwrap_or_else(|| label.to_string()))
    }

    /// The value of the second scan at a place, RAS mm: of the voxel that contains it.
    pub fn value_beside(&self, world: DVec3) -> Option<f64> {
        let volume = &self.scan.beside.scan.as_ref()?.image.volume;
        Some(volume.value(volume.grid().voxel_at(world)?))
    }
}
