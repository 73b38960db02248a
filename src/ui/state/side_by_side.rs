//! Showing slices twice: whether, with which window, and what is at a place of the right side.

use super::beside::{Beside, BesideLabels, BesideScan};
use super::comparison::{ComparisonLook, ComparisonView};
use super::view_state::ViewState;
use crate::geom::DVec3;
use crate::render::ColourMap;
use crate::ui::kit::text::tr_with;
use crate::volume::Window;

impl ViewState {
    /// Whether there is something that can be shown beside the slices.
    pub fn has_beside(&self) -> bool {
        self.scan.beside.scan.is_some() || self.scan.comparison.is_some()
    }

    /// Whether slices are shown twice now: not in sheets of slices.
    pub fn is_side_by_side(&self) -> bool {
        self.scan.beside.on && self.has_beside() && self.scan.lightbox.is_none()
    }

    /// Whether it is B's labels on the scan itself that are wanted beside the slices.
    pub fn wants_labels_beside(&self) -> bool {
        let beside = &self.scan.beside;
        beside.on && beside.scan.is_none() && self.scan.comparison.is_some()
    }

    /// Shows slices twice, or once again. What is compared is then A at the left, B at the right; afterwards it is drawn
    /// as before.
    pub fn toggle_side_by_side(&mut self) {
        self.scan.beside.on = !self.scan.beside.on && self.has_beside();
        let twice = self.scan.beside.on;
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

    /// Shows slices twice for a picture, with these labels at the right.
    pub fn show_labels_beside(&mut self, labels: BesideLabels) {
        if self.scan.beside.scan.is_none() {
            let look = ComparisonLook::Objects;
            let view = ComparisonView::with(labels.file.clone());
            self.scan.comparison = Some(ComparisonView { look, ..view });
        }
        self.scan.beside.labels = Some(labels);
        self.scan.beside.on = true;
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

    /// The label at the right side at a place (RAS mm) that lies in this voxel of the scan, by its name.
    pub fn label_beside(&self, world: DVec3, voxel: [usize; 3]) -> Option<String> {
        let Beside { scan, labels, .. } = &self.scan.beside;
        let BesideLabels { drawn, names, .. } = labels.as_ref()?;
        let voxel = match scan {
            Some(second) => second.image.volume.grid().voxel_at(world)?,
            None => voxel,
        };
        let label = drawn.labels.get(voxel);
        (label != 0).then(|| {
            names.get(&label).cloned().unwrap_or_else(|| tr_with("Label {n}", &[("n", &label)]))
        })
    }

    /// The value of the second scan at a place, RAS mm: of the voxel that contains it.
    pub fn value_beside(&self, world: DVec3) -> Option<f64> {
        let volume = &self.scan.beside.scan.as_ref()?.image.volume;
        Some(volume.value(volume.grid().voxel_at(world)?))
    }
}
