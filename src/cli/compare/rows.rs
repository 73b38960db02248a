//! The numbers of a comparison as they are printed; keys are stable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::label_maps::in_file;
use super::super::tables::{number, quoted, table};
use crate::io::LabelsRead;
use crate::measure::MaskComparison;

/// All numbers about two masks.
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
    pub name: Option<String>,
    #[serde(flatten)]
    pub numbers: ComparedNumbers,
    /// Its number in B; `None` if B has no such label.
    pub label_b: Option<u64>,
}

/// Means over labels. What is not defined for a label is left out of its mean.
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
    pub labels: Vec<ComparedLabel>,
    /// All labels as one: their voxels, borders and surfaces.
    pub total: ComparedNumbers,
    pub mean: ComparedMean,
}

/// Two label maps that were compared: which, and how.
#[derive(Debug, Serialize)]
pub struct CompareReport<'a> {
    pub a: String,
    pub b: String,
    pub tolerance_mm: f64,
    pub paired_by: super::super::args::PairArg,
    #[serde(flatten)]
    pub found: &'a ComparedMaps,
}

/// The numbers of a label's file by its value here.
pub fn numbers_in_file(read: &LabelsRead) -> BTreeMap<u16, u64> {
    read.labels.iter().map(|l| (l.value, in_file(read, l.value))).collect()
}

fn digits(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_owned(), |v| format!("{v:.digits$}"))
}

/// A table for people.
pub fn text(found: &ComparedMaps, tolerance: f64) -> String {
    let nsd = format!("NSD {tolerance} mm");
    let head = [
        "label",
        "name",
        "Dice",
        "Jaccard",
        &nsd,
        "HD mm",
        "HD95 mm",
        "ASSD mm",
        "A ml",
        "B ml",
        "A - B ml",
        "precision",
        "recall",
        "lesions F1",
    ];
    let cells = |label: String, name: String, n: &ComparedNumbers| {
        vec![
            label,
            name.replace('|', "\\|"),
            digits(Some(n.dice), 4),
            digits(Some(n.jaccard), 4),
            digits(Some(n.nsd), 4),
            digits(n.hd_mm, 2),
            digits(n.hd95_mm, 2),
            digits(n.assd_mm, 3),
            digits(Some(n.volume_ml_a), 3),
            digits(Some(n.volume_ml_b), 3),
            digits(Some(n.volume_difference_ml), 3),
            digits(n.precision, 4),
            digits(n.recall, 4),
            digits(Some(n.lesion_f1), 3),
        ]
    };
    let rows = found.labels.iter().map(|row| {
        let other = row.label_b.filter(|&b| b != row.label);
        let label = other.map_or(row.label.to_string(), |b| format!("{} / {b}", row.label));
        cells(label, row.name.clone().unwrap_or_default(), &row.numbers)
    });
    let total = std::iter::once(cells("all".to_owned(), String::new(), &found.total));
    let m = &found.mean;
    let mean = std::iter::once(vec![
        "mean".to_owned(),
        String::new(),
        digits(m.dice, 4),
        digits(m.jaccard, 4),
        digits(m.nsd, 4),
        digits(m.hd_mm, 2),
        digits(m.hd95_mm, 2),
        digits(m.assd_mm, 3),
        String::new(),
        String::new(),
        String::new(),
        digits(m.precision, 4),
        digits(m.recall, 4),
        digits(m.lesion_f1, 3),
    ]);
    table(&head, rows.chain(total).chain(mean))
}

/// The first line of [`csv_rows`].
pub const CSV_HEAD: &str = "case,label,label_b,name,dice,jaccard,hd_mm,hd95_mm,assd_mm,nsd,volume_difference_ml,\
precision,recall,asd_a_to_b_mm,asd_b_to_a_mm,voxels_a,voxels_b,volume_ml_a,volume_ml_b,lesions_detected,lesions_missed,\
lesions_false,lesion_f1,empty\n";

/// One line for each label (RFC 4180, `\n` between lines). What is not defined is left empty.
pub fn csv_rows(case: &str, found: &ComparedMaps) -> String {
    let line = |row: &ComparedLabel| {
        let n = &row.numbers;
        let fields = [
            quoted(case),
            row.label.to_string(),
            row.label_b.map_or(String::new(), |b| b.to_string()),
            quoted(row.name.as_deref().unwrap_or_default()),
            n.dice.to_string(),
            n.jaccard.to_string(),
            number(n.hd_mm),
            number(n.hd95_mm),
            number(n.assd_mm),
            n.nsd.to_string(),
            n.volume_difference_ml.to_string(),
            number(n.precision),
            number(n.recall),
            number(n.asd_a_to_b_mm),
            number(n.asd_b_to_a_mm),
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
    found.labels.iter().map(line).collect()
}
