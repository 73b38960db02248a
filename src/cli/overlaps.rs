//! What is told of labels that share voxels when they are written.

use std::path::Path;

use serde::Serialize;

use super::say;
use crate::geom::Grid;
use crate::io;
use crate::volume::{CoveredLabels, LabelName, readable};

/// A label of which something lies under others; keys are stable.
#[derive(Debug, Serialize)]
pub struct LabelOverlap {
    label: u16,
    name: String,
    /// How much of it does.
    voxels: usize,
    volume_ml: f64,
    /// Whether the file has it: else it is only the other label's there.
    kept: bool,
}

/// What of labels lies under others, and whether a file at `out` has it. What it does not have is told: one warning.
pub fn overlaps(
    out: &Path,
    covered: &CoveredLabels,
    names: &[LabelName],
    grid: &Grid,
) -> Vec<LabelOverlap> {
    let formats = io::formats();
    let kept = formats.keeps_overlaps(out);
    let found = covered.iter().map(|(label, region)| {
        let name = names.iter().find(|row| row.value == label).map(|row| row.name.clone());
        let voxels = region.count();
        LabelOverlap {
            label,
            name: name.unwrap_or_else(|| label.to_string()),
            voxels,
            volume_ml: voxels as f64 * grid.voxel_volume_mm3() / 1000.0,
            kept,
        }
    });
    let found: Vec<LabelOverlap> = found.collect();
    if !kept && !found.is_empty() {
        let list: Vec<String> = found
            .iter()
            .map(|o| format!("{} ml of {}", readable(o.volume_ml, 3), o.name))
            .collect();
        say(&format!(
            "warning: {}: this format has one label for each voxel; what lies under others is left out: {}; {} keep all",
            out.display(),
            list.join(", "),
            formats.endings_with_overlaps().join(", ")
        ));
    }
    found
}
