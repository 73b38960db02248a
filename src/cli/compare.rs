//! `voxpoint compare`.

use anyhow::Context as _;
use serde::Serialize;

use super::args::CompareArgs;
use super::{files, print, print_json};
use crate::volume::{Volume, readable};
use crate::{io, measure};

/// Two labels side by side; keys are stable.
#[derive(Debug, Serialize)]
struct Comparison {
    dice: f64,
    voxels_a: usize,
    voxels_b: usize,
    volume_ml_a: f64,
    volume_ml_b: f64,
}

/// Both label maps in the same voxels. Either may be the one that was placed or ordered by another program.
fn on_one_grid(args: &CompareArgs) -> anyhow::Result<[Volume; 2]> {
    let (a, b) = (files::open_scan(&args.a)?, files::open_scan(&args.b)?);
    match io::placed_on(&b, &args.b, &a) {
        Ok((b, why)) => {
            files::tell(&args.b, &why);
            Ok([a, b])
        }
        Err(error) => {
            let Ok((a, why)) = io::placed_on(&a, &args.a, &b) else {
                return Err(error).context("can't compare");
            };
            files::tell(&args.a, &why);
            Ok([a, b])
        }
    }
}

/// Prints the Dice coefficient of a label in two label maps on one grid.
pub fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let (label_a, label_b) = (args.label, args.label_b.unwrap_or(args.label));
    let [a, b] = on_one_grid(args)?;
    let grid = a.grid();
    let labels_a = io::labels_of(&a, &args.a, grid)?;
    let labels_b = io::labels_of(&b, &args.b, grid).context("can't compare")?;
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
        "Dice {:.4}\nA    {} voxels, {} ml\nB    {} voxels, {} ml",
        result.dice,
        voxels_a,
        readable(result.volume_ml_a, 4),
        voxels_b,
        readable(result.volume_ml_b, 4)
    ))
}
