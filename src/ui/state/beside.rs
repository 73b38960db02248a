//! What is shown beside each slice: a second scan, or the same one with the label map that it is compared with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::comparison::{DrawnLabels, ReferenceReading};
use super::image_layer::ImageLayer;
use crate::document::{LabelId, palette_colour};
use crate::render::{ColourMap, LabelStyle};
use crate::volume::{LabelMap, NamedRegion, Volume};

/// What the headers of two scans say about how they lie to each other. None of it is a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameRelation {
    /// Both name the same frame of reference (DICOM): they were taken without moving the patient in between.
    Same,
    /// They name different ones: nothing says where the one lies in the other.
    Other,
    /// At least one of them names none.
    NotSaid,
}

impl FrameRelation {
    /// By the UIDs that both files name, if they do.
    pub fn of(a: &Volume, b: &Volume) -> Self {
        let frame = |volume: &Volume| {
            let said = &volume.provenance().identifiers;
            said.iter().find(|(name, _)| name == "FrameOfReferenceUID").map(|(_, uid)| uid.clone())
        };
        match (frame(a), frame(b)) {
            (Some(a), Some(b)) if a == b => Self::Same,
            (Some(_), Some(_)) => Self::Other,
            _ => Self::NotSaid,
        }
    }
}

/// A second scan that is shown beside the open one. Only looked at: not part of the document.
#[derive(Clone, Debug)]
pub struct BesideScan {
    /// Its voxels, and its own window and colours.
    pub image: ImageLayer,
    /// It is drawn with the window and the colours of the scan instead.
    pub linked: bool,
    /// What is said about frames of reference.
    pub frames: FrameRelation,
    /// The boxes around both have nothing in common.
    pub elsewhere: bool,
    /// Of several time points it shows the one that has the number of the scan's.
    pub follows: bool,
    /// A label map on its own grid, which is drawn over it.
    pub labels: Option<BesideLabels>,
}

impl BesideScan {
    /// How a scan is first shown beside another one: where both have Hounsfield units (`both_ct`), with one window; where
    /// both have as many time points, at the same one.
    pub fn new(image: ImageLayer, scan: &Volume, both_ct: bool) -> Self {
        let image = ImageLayer { colour_map: ColourMap::first(image.stats.low_is_bright), ..image };
        let frames = FrameRelation::of(scan, &image.volume);
        let elsewhere = !scan.grid().may_meet(image.volume.grid());
        let time_points = image.volume.time_points();
        let follows = time_points > 1 && time_points == scan.time_points();
        Self { image, linked: both_ct, frames, elsewhere, follows, labels: None }
    }

    /// Shows another of its time points (from 0), or the last one if it has fewer.
    pub fn show_time_point(&mut self, time_point: usize) {
        let wanted = time_point.min(self.image.volume.time_points() - 1);
        if wanted != self.image.volume.time_point() {
            self.image.volume = Arc::new(self.image.volume.with_time_point(wanted));
        }
    }
}

/// B's labels as they are drawn at the right side, on the grid of what is shown there.
#[derive(Clone, Debug)]
pub struct BesideLabels {
    /// Their file.
    pub file: String,
    /// How it was read.
    pub reading: ReferenceReading,
    /// What is drawn.
    pub drawn: Arc<DrawnLabels>,
    /// The names of its labels; those without one are called by their numbers.
    pub names: Arc<BTreeMap<u16, String>>,
}

/// A label map, from this file, as it is drawn over a second scan that has its voxels: in its own colours.
pub fn labels_over(
    (file, reading): (String, ReferenceReading),
    labels: &[NamedRegion],
    map: LabelMap,
) -> BesideLabels {
    let style = |label: &NamedRegion| LabelStyle {
        value: label.value,
        colour: label.colour.unwrap_or_else(|| palette_colour(LabelId(label.value))),
        visible: true,
        opacity: label.opacity.unwrap_or(1.0),
        faint: false,
    };
    let named = |label: &NamedRegion| Some((label.value, label.name.clone()?));
    BesideLabels {
        file,
        reading,
        drawn: Arc::new(DrawnLabels {
            number: OVER_SECOND.fetch_add(1, Ordering::Relaxed),
            made_of: None,
            labels: map,
            styles: labels.iter().map(style).collect(),
        }),
        names: Arc::new(labels.iter().filter_map(named).collect()),
    }
}

/// Numbers of maps that no comparison draws.
static OVER_SECOND: AtomicU64 = AtomicU64::new(3 << 61);

/// What is shown beside each slice.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Slices are shown twice.
    pub on: bool,
    /// A second scan. Without one it is the scan itself, with B's labels.
    pub scan: Option<BesideScan>,
    /// The window's controls act on the second scan.
    pub chosen: bool,
    /// The labels that are drawn at the right side, while they are wanted. Written by the app.
    pub labels: Option<BesideLabels>,
    /// The file of A's labels, if they are from one. Written by the app.
    pub name_a: Option<String>,
    /// Whether A's labels have changed since they were in that file. Written by the app.
    pub edited_a: bool,
}

impl Beside {
    /// The second scan, if the controls of window and colours act on it: not while it has those of the other one.
    pub fn chosen_scan(&self) -> Option<&BesideScan> {
        self.scan.as_ref().filter(|scan| self.on && self.chosen && !scan.linked)
    }

    /// The same, to be changed.
    pub fn chosen_scan_mut(&mut self) -> Option<&mut BesideScan> {
        let chosen = self.on && self.chosen;
        self.scan.as_mut().filter(|scan| chosen && !scan.linked)
    }
}

/// What the user wants of what is shown beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BesideAction {
    /// Ask for a second scan.
    Ask,
    /// Show the second scan no more.
    TakeAway,
    /// Show the labels of the second scan no more.
    TakeLabelsAway,
}
