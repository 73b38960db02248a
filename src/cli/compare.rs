//! `voxpoint compare`.

use anyhow::Context as _;
use serde::Serialize;

use super::args::CompareArgs;
use super::{files, print, print_json, say};
use crate::io::{self, LabelsRead};
use crate::measure;
use crate::volume::{Region, Volume, readable};

/// Two labels side by side; keys are stable.
#[derive(Debug, Serialize)]
struct Comparison {
    /// 1 if both are empty, which is a convention: 0 / 0 is no number.
    dice: f64,
    both_empty: bool,
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
    // A map without time points is compared with the chosen one of the other.
    let time_point_of = |one: &Volume, other: &Volume| {
        args.time_point.filter(|_| one.time_points() > 1 || other.time_points() == 1)
    };
    let labels_a = files::labels_of(&a, &args.a, &a, time_point_of(&a, &b))?;
    let labels_b =
        files::labels_of(&b, &args.b, &a, time_point_of(&b, &a)).context("can't compare")?;
    let (region_a, region_b) = (region(&labels_a, label_a), region(&labels_b, label_b));
    let (voxels_a, voxels_b) = (region_a.count(), region_b.count());
    let ml = |voxels: usize| voxels as f64 * grid.voxel_volume_mm3() / 1000.0;
    let result = Comparison {
        dice: measure::dice_of(&region_a, &region_b),
        both_empty: voxels_a == 0 && voxels_b == 0,
        voxels_a,
        voxels_b,
        volume_ml_a: ml(voxels_a),
        volume_ml_b: ml(voxels_b),
    };
    for (voxels, label, read, path) in
        [(voxels_a, label_a, &labels_a, &args.a), (voxels_b, label_b, &labels_b, &args.b)]
    {
        if voxels == 0 {
            say(&format!(
                "warning: label {label} is not in {}, which has {}",
                path.display(),
                has(read)
            ));
        }
    }
    if result.both_empty {
        say("warning: both are empty: Dice is not defined and set to 1, as Metrics Reloaded does");
    }
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

fn region(read: &LabelsRead, in_file: u64) -> Region {
    let value = read.value_of(in_file);
    let found = read.labels.iter().find(|l| Some(l.value) == value);
    found.map(|l| l.region.clone()).unwrap_or_default()
}

/// Which labels a map has, for somebody who asked for another.
fn has(read: &LabelsRead) -> String {
    const SHOWN: usize = 10;
    let in_file = |value: u16| {
        let other = read.renumbered.iter().find(|(_, new)| **new == value);
        other.map_or(u64::from(value), |(old, _)| *old).to_string()
    };
    let shown: Vec<String> = read.labels.iter().take(SHOWN).map(|l| in_file(l.value)).collect();
    match read.labels.len() {
        0 => "none".to_owned(),
        n if n > SHOWN => format!("{}, … ({n} labels)", shown.join(", ")),
        _ => shown.join(", "),
    }
}
