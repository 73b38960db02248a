//! What is shown beside the slices: a second scan, or the labels that the objects are compared with.

use std::path::PathBuf;

use super::App;
use super::files::{Loaded, ReferenceRead, Role, name_of};
use super::gpu::WantedBeside;
use super::offers::told;
use crate::ui::text::tr_with;
use crate::ui::{BesideScan, ComparisonLook, FrameRelation, ImageLayer, ViewState, labels_over};

impl App {
    /// Shows a scan that was read beside the open one, where its header says that it lies; at this time point (from 0), if
    /// one is named.
    pub(super) fn put_beside(&mut self, loaded: Loaded, time_point: Option<usize>) {
        let Loaded { volume, stats, histogram, path, .. } = loaded;
        let Some(scan) = self.document().map(|document| document.image().clone()) else { return };
        let name = volume.name().to_owned();
        self.sessions.shown_beside(path, &volume);
        for warning in volume.warnings() {
            self.toasts.warning(format!("{name}: {}", warning.0));
        }
        let is_ct = self.view.scan.stats.is_some_and(|stats| stats.looks_like_ct());
        let both_ct = is_ct && stats.looks_like_ct();
        let image = ImageLayer::new(volume, stats, histogram);
        let mut beside = BesideScan::new(image, &scan, both_ct);
        let values = [("name", &name as &dyn std::fmt::Display)];
        if beside.elsewhere {
            self.toasts.warning(tr_with(
                "{name} lies elsewhere in space than the scan: nothing of it is seen at the scan's places",
                &values,
            ));
        }
        if beside.frames == FrameRelation::Other {
            self.toasts.warning(tr_with(
                "{name} names another frame of reference than the scan: nothing says that the same millimetres are the same place",
                &values,
            ));
        }
        self.toasts.info(tr_with(
            "{name} is shown beside the scan, placed by its header only: it is not registered",
            &values,
        ));
        if let Some(wanted) = time_point {
            let all = beside.image.volume.time_points();
            beside.follows = false;
            beside.show_time_point(wanted);
            if wanted >= all {
                self.toasts.warning(tr_with(
                    "{name} has no time point {n}: the last one is shown, {all}",
                    &[values[0], ("n", &(wanted + 1)), ("all", &all)],
                ));
            }
        }
        self.view.scan.beside.scan = Some(beside);
        self.view.scan.beside.on = true;
        self.view.scan.lightbox = None;
        self.left_is_a();
    }

    /// Draws a label map on the grid of the second scan over that.
    pub(super) fn put_over_second(&mut self, path: PathBuf, read: &ReferenceRead) {
        let fits = |second: &&mut BesideScan| *second.image.volume.grid() == read.grid;
        let Some(second) = self.view.scan.beside.scan.as_mut().filter(fits) else {
            // Another one is beside now, or none: it is read again for what is there.
            self.files.open(path, Role::Reference(read.reading));
            return;
        };
        let name = name_of(&path);
        self.toasts.info(tr_with(
            "{name} has the voxels of {second} and is drawn over it; it has no numbers here, because the two scans are not registered",
            &[("name", &name), ("second", &second.image.volume.name())],
        ));
        for note in &read.read.notes {
            self.toasts.warning(format!("{name}: {}", told(note)));
        }
        let file = (name_of(&path), read.reading);
        second.labels = Some(labels_over(file, &read.read.labels, read.map.clone()));
        self.view.scan.beside.on = true;
        self.view.scan.lightbox = None;
        self.left_is_a();
        self.sessions.laid_over_second(path, read);
    }

    /// With B at the right it is A that is drawn at the left.
    fn left_is_a(&mut self) {
        if let Some(comparison) = &mut self.view.scan.comparison {
            comparison.look = ComparisonLook::Objects;
        }
    }

    /// Keeps the second scan at the time point that is wanted, and says which labels lie over it.
    fn follow_second(&mut self) {
        let of_scan = self.view.scan.time_point;
        let on = self.view.scan.beside.on;
        if let Some(second) = &mut self.view.scan.beside.scan
            && second.follows
        {
            second.show_time_point(of_scan);
        }
        let Some(second) = self.view.scan.beside.scan.as_ref().filter(|_| on) else {
            self.comparison.nothing_beside();
            return;
        };
        let own = second.labels.clone();
        let grid = second.image.volume.grid().clone();
        let labels = own.or_else(|| self.labels_on_second(&grid));
        self.view.scan.beside.labels = labels;
    }

    /// Says where A's labels are from, and lets go of B's that are not wanted beside.
    pub(super) fn follow_beside(&mut self) {
        let file =
            self.open.as_ref().and_then(|open| open.saved_to.as_ref().or(open.came_from.as_ref()));
        let name = file.and_then(|path| path.file_name());
        let beside = &mut self.view.scan.beside;
        let shown = beside.name_a.as_deref().map(std::ffi::OsStr::new);
        if shown != name {
            beside.name_a = name.map(|name| name.to_string_lossy().into_owned());
        }
        beside.edited_a = self.open.as_ref().is_some_and(|open| open.document.is_modified());
        self.follow_second();
        let beside = &mut self.view.scan.beside;
        if beside.scan.is_none() && !(beside.on && self.view.scan.comparison.is_some()) {
            beside.labels = None;
        }
        if !self.view.has_beside() {
            self.view.scan.beside.on = false;
        }
    }
}

/// What the graphics device is to show beside the slices, if anything.
pub(super) fn wanted(view: &ViewState) -> Option<WantedBeside<'_>> {
    let beside = &view.scan.beside;
    if !beside.on || !view.has_beside() {
        return None;
    }
    let labels = beside.labels.as_ref().map(|labels| (&*labels.drawn, view.labels_shown()));
    Some(match &beside.scan {
        Some(scan) => WantedBeside::Scan(&scan.image.volume, labels),
        None => WantedBeside::Labels(labels),
    })
}
