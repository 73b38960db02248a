//! The numbers of a comparison as they are printed, the same in the window and on the command line; keys are stable.

use serde::{Deserialize, Serialize};

use super::comparison::compare_masks_telling;
use super::{LabelPair, MaskComparison, PairBy};
use crate::geom::Grid;
use crate::mask::{MaskError, WorkLimits};
use crate::text::{csv_field, csv_number};
use crate::volume::{NamedRegion, Region};

/// All numbers about two masks, by their keys, which `docs/measures.md` defines.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedNumbers {
    pub dice: f64,
    pub jaccard: f64,
    pub hd_mm: Option<f64>,
    pub hd95_mm: Option<f64>,
    pub assd_mm: Option<f64>,
    pub nsd: f64,
    /// A less B.
    pub volume_difference_ml: f64,
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub asd_a_to_b_mm: Option<f64>,
    pub asd_b_to_a_mm: Option<f64>,
    pub voxels_a: usize,
    pub voxels_b: usize,
    pub volume_ml_a: f64,
    pub volume_ml_b: f64,
    pub lesions_detected: usize,
    pub lesions_missed: usize,
    pub lesions_false: usize,
    pub lesion_f1: f64,
    /// Which is empty: `a`, `b` or `both`.
    pub empty: Option<String>,
}

impl ComparedNumbers {
    /// Of masks whose voxels have so many mm³.
    pub fn of(found: &MaskComparison, voxel_mm3: f64) -> Self {
        let overlap = found.overlap;
        let ml = |voxels: usize| voxels as f64 * voxel_mm3 / 1000.0;
        let empty = match (overlap.a == 0, overlap.b == 0) {
            (true, true) => Some("both"),
            (true, false) => Some("a"),
            (false, true) => Some("b"),
            (false, false) => None,
        };
        Self {
            dice: overlap.dice(),
            jaccard: overlap.jaccard(),
            hd_mm: found.hd,
            hd95_mm: found.hd95,
            assd_mm: found.assd,
            nsd: found.nsd,
            volume_difference_ml: ml(overlap.a) - ml(overlap.b),
            precision: overlap.precision(),
            recall: overlap.recall(),
            asd_a_to_b_mm: found.asd_a_to_b,
            asd_b_to_a_mm: found.asd_b_to_a,
            voxels_a: overlap.a,
            voxels_b: overlap.b,
            volume_ml_a: ml(overlap.a),
            volume_ml_b: ml(overlap.b),
            lesions_detected: found.lesions.detected,
            lesions_missed: found.lesions.missed,
            lesions_false: found.lesions.spurious,
            lesion_f1: found.lesions.f1(),
            empty: empty.map(str::to_owned),
        }
    }
}

/// A label of both maps; what only one has is compared with nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedLabel {
    /// Its number in A, or in B if A has no such label.
    pub label: u64,
    /// Its name in A, or in B if A has none.
    pub name: Option<String>,
    /// All numbers.
    #[serde(flatten)]
    pub numbers: ComparedNumbers,
    /// Its number in B; `None` if B has no such label.
    pub label_b: Option<u64>,
}

/// Means over labels. What is not defined for a label is left out of its mean.
#[allow(missing_docs)]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparedMean {
    /// How many labels.
    pub labels: usize,
    pub dice: Option<f64>,
    pub jaccard: Option<f64>,
    pub hd_mm: Option<f64>,
    pub hd95_mm: Option<f64>,
    pub assd_mm: Option<f64>,
    pub nsd: Option<f64>,
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub lesion_f1: Option<f64>,
}

impl ComparedMean {
    /// Of these labels.
    pub fn of(rows: &[ComparedLabel]) -> Self {
        let over = |of: &dyn Fn(&ComparedNumbers) -> Option<f64>| {
            let values: Vec<f64> = rows.iter().filter_map(|row| of(&row.numbers)).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        Self {
            labels: rows.len(),
            dice: over(&|n| Some(n.dice)),
            jaccard: over(&|n| Some(n.jaccard)),
            hd_mm: over(&|n| n.hd_mm),
            hd95_mm: over(&|n| n.hd95_mm),
            assd_mm: over(&|n| n.assd_mm),
            nsd: over(&|n| Some(n.nsd)),
            precision: over(&|n| n.precision),
            recall: over(&|n| n.recall),
            lesion_f1: over(&|n| Some(n.lesion_f1)),
        }
    }
}

/// Two label maps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedMaps {
    /// In the order of [`pair_labels`](super::pair_labels).
    pub labels: Vec<ComparedLabel>,
    /// All labels as one: their voxels, borders and surfaces.
    pub total: ComparedNumbers,
    /// Over the labels.
    pub mean: ComparedMean,
}

impl ComparedMaps {
    /// Of pairs of labels of two maps, with the numbers of each pair and those of all as one; `number` says what number
    /// a label of A (0) or B (1) has in its file.
    pub fn of(
        [a, b]: [&[NamedRegion]; 2],
        pairs: &[LabelPair],
        number: impl Fn(usize, &NamedRegion) -> u64,
        (found, total): (Vec<ComparedNumbers>, ComparedNumbers),
    ) -> Self {
        let labels = pairs.iter().zip(found).map(|(&(of_a, of_b), numbers)| {
            let (of_a, of_b) = (of_a.map(|n| &a[n]), of_b.map(|n| &b[n]));
            let label_b = of_b.map(|l| number(1, l));
            ComparedLabel {
                label: of_a.map(|l| number(0, l)).or(label_b).unwrap_or_default(),
                name: of_a.and_then(|l| l.name.clone()).or(of_b.and_then(|l| l.name.clone())),
                numbers,
                label_b,
            }
        });
        let labels: Vec<ComparedLabel> = labels.collect();
        let mean = ComparedMean::of(&labels);
        Self { labels, total, mean }
    }
}

/// The masks of pairs of labels; `nothing` is that of a label that has no other.
pub fn paired_masks<'m>(
    [a, b]: [&'m [NamedRegion]; 2],
    pairs: &[LabelPair],
    nothing: &'m Region,
) -> Vec<(&'m Region, &'m Region)> {
    let mask = |of: &'m [NamedRegion], n: Option<usize>| n.map_or(nothing, |n| &of[n].region);
    pairs.iter().map(|&(of_a, of_b)| (mask(a, of_a), mask(b, of_b))).collect()
}

/// As [`compare_masks`](super::compare_masks), as numbers that are printed. `told` is called whenever a pair is done.
pub fn compared_numbers(
    pairs: &[(&Region, &Region)],
    grid: &Grid,
    tolerance_mm: f64,
    limits: &WorkLimits,
    told: &(dyn Fn() + Sync),
) -> Result<(Vec<ComparedNumbers>, ComparedNumbers), MaskError> {
    let (found, total) = compare_masks_telling(pairs, grid, tolerance_mm, limits, told)?;
    let mm3 = grid.voxel_volume_mm3();
    let rows = found.iter().map(|row| ComparedNumbers::of(row, mm3)).collect();
    Ok((rows, ComparedNumbers::of(&total, mm3)))
}

/// Two label maps that were compared: which, and how.
#[derive(Debug, Serialize)]
pub struct CompareReport<'a> {
    /// The file that is judged.
    pub a: String,
    /// The file that it is judged by.
    pub b: String,
    /// Of the surface Dice, mm.
    pub tolerance_mm: f64,
    /// How labels were paired.
    pub paired_by: PairBy,
    /// The numbers.
    #[serde(flatten)]
    pub found: &'a ComparedMaps,
}

/// The first line of [`comparison_csv_rows`].
pub const COMPARISON_CSV_HEAD: &str = "case,label,label_b,name,dice,jaccard,hd_mm,hd95_mm,assd_mm,nsd,volume_difference_ml,\
precision,recall,asd_a_to_b_mm,asd_b_to_a_mm,voxels_a,voxels_b,volume_ml_a,volume_ml_b,lesions_detected,lesions_missed,\
lesions_false,lesion_f1,empty\n";

/// One line for each label (RFC 4180, `\n` between lines). What is not defined is left empty.
pub fn comparison_csv_rows(case: &str, labels: &[ComparedLabel]) -> String {
    let line = |row: &ComparedLabel| {
        let n = &row.numbers;
        let fields = [
            csv_field(case),
            row.label.to_string(),
            row.label_b.map_or(String::new(), |b| b.to_string()),
            csv_field(row.name.as_deref().unwrap_or_default()),
            n.dice.to_string(),
            n.jaccard.to_string(),
            csv_number(n.hd_mm),
            csv_number(n.hd95_mm),
            csv_number(n.assd_mm),
            n.nsd.to_string(),
            n.volume_difference_ml.to_string(),
            csv_number(n.precision),
            csv_number(n.recall),
            csv_number(n.asd_a_to_b_mm),
            csv_number(n.asd_b_to_a_mm),
            n.voxels_a.to_string(),
            n.voxels_b.to_string(),
            n.volume_ml_a.to_string(),
            n.volume_ml_b.to_string(),
            n.lesions_detected.to_string(),
            n.lesions_missed.to_string(),
            n.lesions_false.to_string(),
            n.lesion_f1.to_string(),
            n.empty.clone().unwrap_or_default(),
        ];
        fields.join(",") + "\n"
    };
    labels.iter().map(line).collect()
}
