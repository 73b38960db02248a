//! Numbers over many cases, and what could not be compared.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::measure::{ComparedLabel, ComparedNumbers, percentile};

/// A pair that could not be compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompareFailure {
    pub case: String,
    /// One line.
    pub reason: String,
}

/// One number over all cases; those for which it is not defined are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub cases: usize,
    pub mean: f64,
    /// Of the sample (n - 1); `None` of one case.
    pub sd: Option<f64>,
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` of no values.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        let sd = (n > 1).then(|| (squares / (n as f64 - 1.0)).sqrt());
        Some(Self { cases: n, mean, sd, median: percentile(&values, 50.0)?, min, max })
    }
}

/// A label over all cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelSummary {
    pub label: u64,
    pub name: Option<String>,
    pub dice: Option<Spread>,
    pub nsd: Option<Spread>,
    pub hd95_mm: Option<Spread>,
    pub assd_mm: Option<Spread>,
    pub volume_difference_ml: Option<Spread>,
}

/// Labels over all cases, by their numbers.
pub fn summary<'a>(
    cases: &(impl Iterator<Item = &'a [ComparedLabel]> + Clone),
) -> Vec<LabelSummary> {
    let mut labels: BTreeMap<u64, Option<String>> = BTreeMap::new();
    for row in cases.clone().flatten() {
        let name = labels.entry(row.label).or_default();
        if name.is_none() {
            name.clone_from(&row.name);
        }
    }
    let over = |label: u64, of: &dyn Fn(&ComparedNumbers) -> Option<f64>| {
        let rows = cases.clone().flatten().filter(|row| row.label == label);
        Spread::of(rows.filter_map(|row| of(&row.numbers)).collect())
    };
    labels
        .into_iter()
        .map(|(label, name)| LabelSummary {
            label,
            name,
            dice: over(label, &|n| Some(n.dice)),
            nsd: over(label, &|n| Some(n.nsd)),
            hd95_mm: over(label, &|n| n.hd95_mm),
            assd_mm: over(label, &|n| n.assd_mm),
            volume_difference_ml: over(label, &|n| Some(n.volume_difference_ml)),
        })
        .collect()
}
