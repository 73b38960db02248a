//! How a second label map (B) is compared with the objects (A): what is chosen, what is drawn, what is known.

use std::sync::Arc;

use crate::document::LabelId;
use crate::measure::{ComparedMaps, ComparedNumbers, DifferenceClass, DistanceScale, PairBy};
use crate::render::{ColourMap, LabelStyle};
use crate::ui::kit::text::mark;
use crate::volume::{LabelMap, VoxelBox};

/// Classes of distances: as many steps as the colour bar has.
const DISTANCE_CLASSES: u16 = 20;
/// Drawn where there is nothing that a distance could be measured to.
pub const UNMEASURED: [u8; 3] = [128, 130, 136];

/// What is drawn while two label maps are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ComparisonLook {
    /// The objects, as always: A.
    Objects,
    /// The other label map: B.
    Reference,
    /// Where they differ.
    #[default]
    Differences,
    /// How far A is from B's border.
    Distances,
}

impl ComparisonLook {
    /// All, in the order of the key that goes through them.
    pub const ALL: [Self; 4] = [Self::Differences, Self::Distances, Self::Objects, Self::Reference];

    /// What buttons call it, in English.
    pub fn name(self) -> &'static str {
        match self {
            Self::Objects => mark("A alone"),
            Self::Reference => mark("B alone"),
            Self::Differences => mark("Differences"),
            Self::Distances => mark("Distances"),
        }
    }
}

/// A label of A and one of B that are compared, or one that has no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ComparedPair {
    /// Of the document.
    pub a: Option<LabelId>,
    /// Of the other label map: its number there as it was read.
    pub b: Option<u16>,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ComparisonColumn {
    Dice,
    Jaccard,
    Nsd,
    Hd,
    Hd95,
    Assd,
    VolumeA,
    VolumeB,
    Difference,
    Precision,
    Recall,
    Detected,
    Missed,
    False,
    FScore,
}

impl ComparisonColumn {
    /// All, from left to right.
    pub const ALL: [Self; 15] = [
        Self::Dice,
        Self::Jaccard,
        Self::Nsd,
        Self::Hd,
        Self::Hd95,
        Self::Assd,
        Self::VolumeA,
        Self::VolumeB,
        Self::Difference,
        Self::Precision,
        Self::Recall,
        Self::Detected,
        Self::Missed,
        Self::False,
        Self::FScore,
    ];

    /// The number that stands in it; `None` where it is not defined.
    pub fn value(self, of: &ComparedNumbers) -> Option<f64> {
        match self {
            Self::Dice => Some(of.dice),
            Self::Jaccard => Some(of.jaccard),
            Self::Nsd => Some(of.nsd),
            Self::Hd => of.hd_mm,
            Self::Hd95 => of.hd95_mm,
            Self::Assd => of.assd_mm,
            Self::VolumeA => Some(of.volume_ml_a),
            Self::VolumeB => Some(of.volume_ml_b),
            Self::Difference => Some(of.volume_difference_ml),
            Self::Precision => of.precision,
            Self::Recall => of.recall,
            Self::Detected => Some(of.lesions_detected as f64),
            Self::Missed => Some(of.lesions_missed as f64),
            Self::False => Some(of.lesions_false as f64),
            Self::FScore => Some(of.lesion_f1),
        }
    }

    /// Digits after the point.
    pub fn digits(self) -> usize {
        match self {
            Self::Dice
            | Self::Jaccard
            | Self::Nsd
            | Self::Precision
            | Self::Recall
            | Self::FScore => 3,
            Self::Detected | Self::Missed | Self::False => 0,
            _ => 2,
        }
    }
}

/// How two label maps are compared: what the user has chosen, and what is drawn for it.
#[derive(Clone, Debug)]
pub struct ComparisonView {
    /// The file of B.
    pub name: String,
    /// How it was read.
    pub reading: ReferenceReading,
    /// What is drawn.
    pub look: ComparisonLook,
    /// What was drawn before slices were shown twice, and is again afterwards.
    pub look_before: Option<ComparisonLook>,
    /// By what labels are paired.
    pub by: PairBy,
    /// Of the surface Dice, mm.
    pub tolerance_mm: f64,
    /// Where the colours of distances end, mm.
    pub scale_mm: f64,
    /// The pair that alone is drawn and gone through; `None`: all.
    pub selected: Option<ComparedPair>,
    /// The column that rows are sorted by, and whether its largest come first.
    pub sorted: Option<(ComparisonColumn, bool)>,
    /// What is drawn instead of the objects. Written by the app.
    pub drawn: Option<Arc<DrawnLabels>>,
}

impl ComparisonView {
    /// With a label map of this name.
    pub fn with(name: String) -> Self {
        Self {
            name,
            reading: ReferenceReading::default(),
            look: ComparisonLook::default(),
            look_before: None,
            by: PairBy::default(),
            tolerance_mm: 2.0,
            scale_mm: 10.0,
            selected: None,
            sorted: None,
            drawn: None,
        }
    }

    /// How distances become colours.
    pub fn scale(&self) -> DistanceScale {
        DistanceScale::up_to(self.scale_mm, DISTANCE_CLASSES)
    }

    /// What is drawn next.
    pub fn next_look(&mut self) {
        let at = ComparisonLook::ALL.iter().position(|look| *look == self.look).unwrap_or(0);
        self.look = ComparisonLook::ALL[(at + 1) % ComparisonLook::ALL.len()];
    }
}

/// Labels that are drawn instead of the document's.
#[derive(Debug)]
pub struct DrawnLabels {
    /// Never the same for two of them that differ in a voxel.
    pub number: u64,
    /// The one that they were made of, and where they differ from it, if anywhere.
    pub made_of: Option<(u64, Option<VoxelBox>)>,
    /// One for each voxel of the scan.
    pub labels: LabelMap,
    /// How they are drawn while masks are shown.
    pub styles: Vec<LabelStyle>,
}

impl DrawnLabels {
    /// How they are drawn, or that they are not.
    pub fn styles(&self, shown: bool) -> Vec<LabelStyle> {
        let style = |style: &LabelStyle| LabelStyle { visible: style.visible && shown, ..*style };
        self.styles.iter().map(style).collect()
    }
}

/// The colour of a class of differences: four of Okabe and Ito's (2008), which differ for the colour-blind, too.
pub fn difference_colour(class: DifferenceClass) -> [u8; 3] {
    match class {
        DifferenceClass::OnlyA => [230, 159, 0],
        DifferenceClass::OnlyB => [86, 180, 233],
        DifferenceClass::Same => [0, 158, 115],
        DifferenceClass::OtherLabel => [204, 121, 167],
    }
}

/// What a class of differences is called, in English.
pub fn difference_name(class: DifferenceClass) -> &'static str {
    match class {
        DifferenceClass::OnlyA => mark("only A"),
        DifferenceClass::OnlyB => mark("only B"),
        DifferenceClass::Same => mark("both"),
        DifferenceClass::OtherLabel => mark("both, other labels"),
    }
}

/// How the map of differences is drawn: what both have lets what differs be seen through it in 3D.
pub fn difference_styles() -> Vec<LabelStyle> {
    let style = |class: DifferenceClass| LabelStyle {
        value: class.label(),
        colour: difference_colour(class),
        visible: true,
        opacity: if class == DifferenceClass::Same { 0.6 } else { 1.0 },
        faint: false,
    };
    DifferenceClass::ALL.map(style).to_vec()
}

/// The colours of distances.
pub const DISTANCE_COLOURS: ColourMap = ColourMap::Viridis;

/// How the map of distances is drawn.
pub fn distance_styles(scale: DistanceScale) -> Vec<LabelStyle> {
    let style =
        |(value, colour)| LabelStyle { value, colour, visible: true, opacity: 1.0, faint: false };
    let last = f64::from(scale.classes.saturating_sub(1).max(1));
    let colour = |n: u16| (n + 1, DISTANCE_COLOURS.colour(f64::from(n) / last));
    let nothing = (scale.nothing(), UNMEASURED);
    (0..scale.classes).map(colour).chain([nothing]).map(style).collect()
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonRow {
    /// What is compared.
    pub pair: ComparedPair,
    /// Names in A and in B; of a label without one its number.
    pub names: [Option<String>; 2],
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonTable {
    /// How labels were paired.
    pub by: PairBy,
    /// Of the surface Dice, mm.
    pub tolerance_mm: f64,
    /// In the order of the labels found.
    pub rows: Vec<ComparisonRow>,
    /// The numbers: those of the command line.
    pub found: ComparedMaps,
}

impl ComparisonTable {
    /// The rows as they are listed.
    pub fn order(&self, sorted: Option<(ComparisonColumn, bool)>) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        let Some((column, falling)) = sorted else { return order };
        let value = |row: usize| column.value(&self.found.labels[row].numbers);
        // What is not defined stands last, either way.
        order.sort_by(|&x, &y| match (value(x), value(y)) {
            (Some(x), Some(y)) if falling => y.total_cmp(&x),
            (Some(x), Some(y)) => x.total_cmp(&y),
            (x, y) => y.is_some().cmp(&x.is_some()),
        });
        order
    }
}

/// How far the numbers are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ComparisonWork {
    /// They are those of the masks as they are, or soon will be computed.
    #[default]
    Idle,
    /// They are being computed: pairs done, pairs in all.
    Working(u64, u64),
    /// The user has stopped that.
    Stopped,
    /// They can't be had, for this reason, in the language in use.
    Refused(String),
}

/// What is known of a comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComparisonStatus {
    /// The numbers that were computed last.
    pub table: Option<Arc<ComparisonTable>>,
    /// Whether they are those of other masks, or of other choices, than now.
    pub stale: bool,
    /// How far new ones are.
    pub work: ComparisonWork,
    /// The colours are being computed.
    pub drawing: bool,
    /// There is no memory for the colours.
    pub no_colours: bool,
    /// The difference that was gone to last, in the language in use.
    pub place: Option<String>,
}

/// Where the crosshair is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonJump {
    /// To the next smaller difference.
    Next,
    /// To the next larger one.
    Previous,
    /// To the axial slice that differs most.
    WorstSlice,
}

/// What the user wants of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonAction {
    /// Ask for the other label map.
    Ask,
    /// Draw and go through this pair alone, or all again.
    Select(Option<ComparedPair>),
    /// Go to a difference.
    Go(ComparisonJump),
    /// Compute the numbers now.
    Compute,
    /// Stop computing them.
    Stop,
    /// Put the table on the clipboard, as CSV.
    Copy,
    /// Ask where to save it.
    Save,
    /// End the comparison.
    End,
}

/// What the user has said about a label map that the objects are to be compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReferenceReading {
    /// Its time point, from 0.
    pub time_point: Option<usize>,
    /// It is a probability map: what is above that is its label 1.
    pub threshold: Option<f64>,
    /// It may be put onto the grid of the scan where it lies on another.
    pub resample: bool,
    /// What had to be decided to read it is right.
    pub agreed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{ComparedLabel, ComparedMean, MaskComparison, Overlap};

    fn numbers(dice: usize, hd: Option<f64>) -> ComparedNumbers {
        let overlap = Overlap { a: 100, b: 100, shared: dice };
        let lesions = crate::measure::Lesions::default();
        let (hd95, asd_a_to_b, asd_b_to_a, assd, nsd) = (hd, hd, hd, hd, 0.5);
        let found =
            MaskComparison { overlap, hd, hd95, asd_a_to_b, asd_b_to_a, assd, nsd, lesions };
        ComparedNumbers::of(&found, 1.0)
    }

    #[test]
    fn rows_are_sorted_and_what_is_not_defined_stands_last() {
        let rows = [(50, Some(3.0)), (90, None), (70, Some(1.0))];
        let label = |(dice, hd)| ComparedLabel {
            label: 1,
            name: None,
            numbers: numbers(dice, hd),
            label_b: None,
        };
        let labels: Vec<_> = rows.into_iter().map(label).collect();
        let pair = ComparedPair { a: None, b: None };
        let row = ComparisonRow { pair, names: [None, None] };
        let table = ComparisonTable {
            by: PairBy::Number,
            tolerance_mm: 2.0,
            rows: vec![row; 3],
            found: ComparedMaps { labels, total: numbers(0, None), mean: ComparedMean::default() },
        };
        let order = |column, falling| table.order(Some((column, falling)));
        assert_eq!(table.order(None), [0, 1, 2]);
        assert_eq!(order(ComparisonColumn::Dice, false), [0, 2, 1]);
        assert_eq!(order(ComparisonColumn::Dice, true), [1, 2, 0]);
        assert_eq!(order(ComparisonColumn::Hd, false), [2, 0, 1]);
        assert_eq!(order(ComparisonColumn::Hd, true), [0, 2, 1]);
    }

    #[test]
    fn distances_have_colours_from_one_end_of_the_map_to_the_other() {
        let mut view = ComparisonView::with(String::new());
        view.scale_mm = 5.0;
        let styles = distance_styles(view.scale());
        assert_eq!(styles.len(), 21);
        assert_eq!(styles[0].colour, DISTANCE_COLOURS.colour(0.0));
        assert_eq!(styles[19].colour, DISTANCE_COLOURS.colour(1.0));
        assert_eq!((styles[20].value, styles[20].colour), (21, UNMEASURED));
        assert!(styles.iter().zip(1..).all(|(style, value)| style.value == value));
    }

    #[test]
    fn a_key_goes_through_all_looks() {
        let mut view = ComparisonView::with(String::new());
        let seen: Vec<_> = (0..4)
            .map(|_| {
                view.next_look();
                view.look
            })
            .collect();
        assert!(ComparisonLook::ALL.iter().all(|look| seen.contains(look)));
        assert_eq!(view.look, ComparisonLook::Differences);
    }
}
