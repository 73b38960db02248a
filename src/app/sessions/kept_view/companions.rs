//! What is kept of the second scan beside, of the labels over it, and of a comparison. Where their files are stands in the
//! session's overlays, behind those that lie over the scan: `file` is the place there.

use serde::{Deserialize, Serialize};

use super::{KeptView, colours, factor_of, finite, suv};
use crate::app::uptake::show_layer_in;
use crate::document::{Document, LabelId};
use crate::measure::PairBy;
use crate::ui::{
    Beside, BesideScan, ComparedPair, ComparisonColumn, ComparisonLook, ComparisonView,
    ReferenceReading, ViewState,
};
use crate::volume::Window;

/// The second scan. Its window stands with its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
// Each is a question of its own about how it is shown.
#[allow(clippy::struct_excessive_bools)]
pub(in crate::app::sessions) struct KeptSecond {
    pub file: Option<usize>,
    /// It is shown, and not only open.
    shown: bool,
    colours: String,
    suv: Option<String>,
    /// It has the window of the scan.
    linked: bool,
    /// The window's controls act on it.
    chosen: bool,
    /// It shows the time point with the number of the scan's.
    follows: bool,
    /// From 0.
    time_point: usize,
    pub labels: Option<KeptLabels>,
}

/// A label map, and how it is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::app::sessions) struct KeptLabels {
    pub file: Option<usize>,
    time_point: Option<usize>,
    threshold: Option<f64>,
    resample: bool,
}

/// A comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::app::sessions) struct KeptComparison {
    pub b: KeptLabels,
    look: String,
    by: String,
    tolerance_mm: f64,
    scale_mm: f64,
    /// Labels of A and of B.
    selected: Option<(Option<u16>, Option<u16>)>,
    /// The column, and whether its largest come first.
    sorted: Option<(String, bool)>,
    /// Slices are shown twice, with B at the right.
    twice: bool,
}

/// One of several, by its name here.
fn named<T: Copy + std::fmt::Debug>(all: &[T], name: &str) -> Option<T> {
    all.iter().copied().find(|one| format!("{one:?}") == name)
}

const PAIRINGS: [PairBy; 3] = [PairBy::Number, PairBy::Name, PairBy::Overlap];

impl KeptLabels {
    fn of(reading: &ReferenceReading) -> Self {
        // What had to be decided was: it is not asked again.
        let ReferenceReading { time_point, threshold, resample, agreed: _ } = *reading;
        Self { file: None, time_point, threshold, resample }
    }

    /// How it was read.
    pub fn reading(&self) -> ReferenceReading {
        let Self { file: _, time_point, threshold, resample } = *self;
        let threshold = threshold.filter(|threshold| threshold.is_finite());
        ReferenceReading { time_point, threshold, resample, agreed: true }
    }
}

impl KeptSecond {
    pub fn of(beside: &Beside) -> Option<Self> {
        // The rest the app writes from other things.
        let Beside { on, scan, chosen, labels: _, name_a: _, edited_a: _ } = beside;
        // Of the headers.
        let BesideScan { image, linked, frames: _, elsewhere: _, follows, labels } =
            scan.as_ref()?;
        Some(Self {
            file: None,
            shown: *on,
            colours: format!("{:?}", image.colour_map),
            suv: image.volume.suv_kind().map(|kind| format!("{kind:?}")),
            linked: *linked,
            chosen: *chosen,
            follows: *follows,
            time_point: image.volume.time_point(),
            labels: labels.as_ref().map(|labels| KeptLabels::of(&labels.reading)),
        })
    }

    /// Dresses the scan as it was shown, with this window in the unit of its file.
    pub fn dress(&self, window: Option<Window>, second: &mut BesideScan) {
        let image = &mut second.image;
        if let Some(kind) = suv(self.suv.as_ref()) {
            let _as_read = show_layer_in(image, Some(kind));
        }
        let factor = factor_of(&image.volume);
        if let Some(Window { centre, width }) = window {
            image.window = Window::new(centre * factor, width * factor);
        }
        image.colour_map = colours(&self.colours).unwrap_or(image.colour_map);
        (second.linked, second.follows) = (self.linked, self.follows);
        second.show_time_point(self.time_point);
    }
}

impl KeptComparison {
    pub fn of(view: &ComparisonView, beside: &Beside) -> Self {
        let ComparisonView {
            name: _,
            reading,
            look,
            by,
            tolerance_mm,
            scale_mm,
            selected,
            sorted,
            // Of this visit alone.
            look_before: _,
            // Made of the two.
            drawn: _,
        } = view;
        Self {
            b: KeptLabels::of(reading),
            look: format!("{look:?}"),
            by: format!("{by:?}"),
            tolerance_mm: *tolerance_mm,
            scale_mm: *scale_mm,
            selected: selected.map(|pair| (pair.a.map(|id| id.0), pair.b)),
            sorted: sorted.map(|(column, falling)| (format!("{column:?}"), falling)),
            twice: beside.on && beside.scan.is_none(),
        }
    }

    fn apply(&self, view: &mut ComparisonView, document: &Document) {
        view.look = named(&ComparisonLook::ALL, &self.look).unwrap_or(view.look);
        view.by = named(&PAIRINGS, &self.by).unwrap_or(view.by);
        let mm = |value: f64, least: f64, before: f64| {
            if finite(&[value]) && value >= least { value } else { before }
        };
        view.tolerance_mm = mm(self.tolerance_mm, 0.0, view.tolerance_mm);
        view.scale_mm = mm(self.scale_mm, 0.5, view.scale_mm);
        let pair = |&(a, b): &(Option<u16>, Option<u16>)| ComparedPair { a: a.map(LabelId), b };
        let there = |pair: &ComparedPair| pair.a.is_none_or(|id| document.object(id).is_some());
        view.selected = self.selected.as_ref().map(pair).filter(there);
        let column = |(name, falling): &(String, bool)| {
            Some((named(&ComparisonColumn::ALL, name)?, *falling))
        };
        view.sorted = self.sorted.as_ref().and_then(column);
    }
}

impl KeptView {
    /// The places among the session's overlays of what does not lie over the scan: the second scan, the labels over that,
    /// the label map that is compared.
    pub fn companion_places(&self) -> [Option<usize>; 3] {
        let second = self.second.as_ref();
        let labels = second.and_then(|second| second.labels.as_ref());
        let compared = self.compared.as_ref();
        [
            second.and_then(|second| second.file),
            labels.and_then(|labels| labels.file),
            compared.and_then(|compared| compared.b.file),
        ]
    }

    /// Whether slices were shown twice.
    pub fn is_twice(&self) -> bool {
        let second = self.second.as_ref().map(|second| second.shown);
        second.or_else(|| self.compared.as_ref().map(|compared| compared.twice)).unwrap_or(false)
    }

    /// Looks so at the second scan and at the comparison that are there again.
    pub fn apply_to_companions(&self, view: &mut ViewState, document: &Document) {
        let scan = &mut view.scan;
        if let (Some(comparison), Some(kept)) = (&mut scan.comparison, &self.compared) {
            kept.apply(comparison, document);
            scan.beside.on = kept.twice;
        }
        if let (Some(_), Some(kept)) = (&scan.beside.scan, &self.second) {
            (scan.beside.on, scan.beside.chosen) = (kept.shown, kept.chosen && !kept.linked);
        }
    }
}
