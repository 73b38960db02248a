//! `voxpoint compare`.

use anyhow::Context as _;
use serde::Serialize;

use super::args::CompareArgs;
use super::{files, print, print_json};
use crate::measure;

/// Two labels side by side; keys are stable.
#[derive(Debug, Serialize)]
struct Comparison {
    dice: f64,
    voxels_a: usize,
    voxels_b: usize,
    volume_ml_a: f64,
    volume_ml_b: f64,
}

/// Prints the Dice coefficient of a label in two label maps on one grid.
pub fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let (label_a, label_b) = (args.label, args.label_b.unwrap_or(args.label));
    let a = files::open_scan(&args.a)?;
    let grid = a.grid();
    let labels_a = crate::io::labels_of(&a, &args.a, grid)?;
    let labels_b = files::open_labels(&args.b, grid).context("can't compare")?;
    let count = |labels: &[crate::volume::NamedRegion], value| {
        labels.iter().filter(|l| l.value == value).map(|l| l.region.count()).sum::<usize>()
    };
    let (voxels_a, voxels_b) = (count(&labels_a, label_a), count(&labels_b, label_b));
    if voxels_a == 0 && voxels_b == 0 {
        anyhow::bail!(
            "neither label {label_a} is in {} nor label {label_b} in {}; name others with --label and --label-b",
            args.a.display(),
            args.b.display()
        );
    }
    let dims = grid.dims();
    let (map_a, map_b) = (files::label_map(dims, &labels_a), files::label_map(dims, &labels_b));
    let ml = |voxels: usize| voxels as f64 * grid.voxel_volume_mm3() / 1000.0;
    let result = Comparison {
        dice: measure::dice(&map_a, label_a, &map_b, label_b),
        voxels_a,
        voxels_b,
        volume_ml_a: ml(voxels_a),
        volume_ml_b: ml(voxels_b),
    };
    if args.json {
        return print_json(&result);
    }
    print(&format!(
        "Dice {:.4}\nA    {} voxels, {:.2} ml\nB    {} voxels, {:.2} ml",
        result.dice, voxels_a, result.volume_ml_a, voxels_b, result.volume_ml_b
    ))
}
