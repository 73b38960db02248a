//! The numbers of a comparison as a table for people.

use std::collections::BTreeMap;

use super::super::label_maps::in_file;
use super::super::tables::table;
use crate::io::LabelsRead;
use crate::measure::{ComparedMaps, ComparedNumbers};

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
