//! What is shown beside the slices: a second scan, or the labels that the objects are compared with.

use super::App;
use super::files::Loaded;
use super::gpu::WantedBeside;
use crate::ui::text::tr_with;
use crate::ui::{BesideScan, FrameRelation, ImageLayer, ViewState};

impl App {
    /// Shows a scan that was read beside the open one, where its header says that it lies.
    pub(super) fn put_beside(&mut self, loaded: Loaded) {
        let Loaded { volume, stats, histogram, .. } = loaded;
        let Some(scan) = self.document().map(|document| document.image().clone()) else { return };
        let name = volume.name().to_owned();
        for warning in volume.warnings() {
            self.toasts.warning(format!("{name}: {}", warning.0));
        }
        let is_ct = self.view.scan.stats.is_some_and(|stats| stats.looks_like_ct());
        let both_ct = is_ct && stats.looks_like_ct();
        let image = ImageLayer::new(volume, stats, histogram);
        let beside = BesideScan::new(image, &scan, both_ct);
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
        self.view.scan.beside.scan = Some(beside);
        self.view.scan.beside.on = true;
        self.view.scan.lightbox = None;
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
        if !self.view.wants_labels_beside() {
            self.view.scan.beside.labels = None;
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
    if let Some(scan) = &beside.scan {
        return Some(WantedBeside::Scan(&scan.image.volume));
    }
    let labels = beside.labels.as_ref().map(|labels| &*labels.drawn);
    Some(WantedBeside::Labels(labels, view.labels_shown()))
}
