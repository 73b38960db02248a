//! What the algorithms on masks cost, on an organ of some 100 mL, and beside SimpleITK and SciPy on the same mask.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::Value;

use super::grow_cut::GrowCutScene;
use super::organ::{self, SPACING};
use super::{around, median, timed};
use crate::cli::args::BenchArgs;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::mask::interpolate::interpolate;
use crate::mask::morphology::{Margin, Shell, close, grow, hollow, open, shrink};
use crate::mask::parts::Parts;
use crate::mask::{Connectivity, MaskError, Scope, WorkLimits, distance, holes, smooth};
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// Masks that are smoothed together.
const TOGETHER: usize = 10;
/// Sizes that are asked for, mm; the peer is given the same.
const MARGIN_MM: f64 = 5.0;
const OPEN_MM: f64 = 3.0;
const SIGMA_MM: f64 = 2.0;
/// Runs the others' filters; in the folder of the shipped models.
const PEER: &str = "bench/peer_edit.py";

/// Medians.
#[derive(Debug, Serialize)]
pub struct Edited {
    organ_ml: f64,
    organ_voxels: usize,
    organ_runs: usize,
    rows: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<Value>,
    /// Why nothing was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_peer: Option<String>,
}

/// One operation.
#[derive(Debug, Serialize)]
struct Row {
    /// As the peer calls it, too.
    key: &'static str,
    name: String,
    ms: f64,
    worst_ms: f64,
    /// Of the result.
    voxels: usize,
}

impl Row {
    fn of(key: &'static str, name: String, times: &[f64], voxels: usize) -> Self {
        let worst_ms = times.iter().copied().fold(0.0, f64::max);
        Self { key, name, ms: median(times), worst_ms, voxels }
    }
}

/// Times all operations, half of the runs before the peer's and half after them.
pub fn measure(args: &BenchArgs) -> anyhow::Result<Edited> {
    let grid = Grid::new(args.size, DAffine3::from_scale(DVec3::from_array(SPACING)))?;
    let organ = organ::organ(&grid, 1.0);
    let drawn = drawn(&organ::organ(&grid, 2.0), &grid);
    let shared: Vec<(&'static str, f64, Vec<Region>)> = vec![
        ("together", 1.0, divided(&organ, &grid)),
        // Ten times as large.
        ("together_large", 10f64.cbrt(), divided(&organ::organ(&grid, 10f64.cbrt()), &grid)),
    ];
    let operations = operations(&organ, &drawn, &grid);
    let mut times = vec![Vec::new(); operations.len() + shared.len()];
    let mut counts = vec![0; times.len()];
    let mut grow_cut = GrowCutScene::new(&grid);
    let limits = WorkLimits::none();
    let peer = around(
        args.repeat,
        |_| {
            for (n, (.., operation)) in operations.iter().enumerate() {
                let (result, ms) = timed(|| operation(&limits));
                counts[n] = result?;
                times[n].push(ms);
            }
            for (n, (_, _, masks)) in shared.iter().enumerate() {
                let n = operations.len() + n;
                let (result, ms) = timed(|| {
                    smooth::smooth_together(masks, &grid, SIGMA_MM, Scope::Volume, &limits)
                });
                counts[n] = result?.iter().map(Region::count).sum();
                times[n].push(ms);
            }
            grow_cut.run()
        },
        || args.peer.as_deref().map(|python| peer(python, &organ, &grid, args.repeat)),
    )?;
    let (peer, no_peer) = match peer {
        Some(Ok(told)) => (Some(told), None),
        Some(Err(why)) => (None, Some(format!("{why:#}"))),
        None => (None, Some("not asked for: --peer PYTHON".to_owned())),
    };
    let together = shared.iter().map(|(key, _, masks)| {
        let voxels: usize = masks.iter().map(Region::count).sum();
        let ml = voxels as f64 * grid.voxel_volume_mm3() / 1000.0;
        (*key, format!("{TOGETHER} masks, {ml:.0} mL in all, smoothed together, {SIGMA_MM} mm"))
    });
    let names = operations.iter().map(|(key, name, _)| (*key, name.clone())).chain(together);
    let rows = names
        .zip(times.iter().zip(&counts))
        .map(|((key, name), (times, &voxels))| Row::of(key, name, times, voxels));
    let grown = grow_cut.steps.iter().map(|s| Row::of(s.key, s.name.to_owned(), &s.ms, s.voxels));
    Ok(Edited {
        organ_ml: organ.count() as f64 * grid.voxel_volume_mm3() / 1000.0,
        organ_voxels: organ.count(),
        organ_runs: organ.runs().len(),
        rows: rows.chain(grown).collect(),
        peer,
        no_peer,
    })
}

/// A key, a name, and what makes so many voxels.
type Operation<'a> =
    (&'static str, String, Box<dyn Fn(&WorkLimits) -> Result<usize, MaskError> + 'a>);

fn operations<'a>(organ: &'a Region, drawn: &'a Region, grid: &'a Grid) -> Vec<Operation<'a>> {
    fn counted<'a>(
        key: &'static str,
        name: &str,
        make: impl Fn(&WorkLimits) -> Result<Region, MaskError> + 'a,
    ) -> Operation<'a> {
        (key, name.to_owned(), Box::new(move |limits| Ok(make(limits)?.count())))
    }
    let (scope, margin) = (Scope::Volume, Margin::even(MARGIN_MM));
    let bounds = surroundings(organ, grid);
    vec![
        counted("islands", "islands: parts, the largest kept", move |limits| {
            Ok(Parts::of(organ, grid, Connectivity::Corners, limits)?.largest())
        }),
        counted("holes", "holes filled", move |limits| holes::fill(organ, grid, scope, limits)),
        counted("grow", "grown by 5 mm", move |limits| grow(organ, grid, &margin, scope, limits)),
        counted("shrink", "shrunk by 5 mm", move |limits| {
            shrink(organ, grid, &margin, scope, limits)
        }),
        counted("open", "opened by 3 mm", move |limits| open(organ, grid, OPEN_MM, scope, limits)),
        counted("close", "closed by 3 mm", move |limits| {
            close(organ, grid, OPEN_MM, scope, limits)
        }),
        counted("hollow", "a shell of 3 mm", move |limits| {
            hollow(organ, grid, OPEN_MM, Shell::Inside, scope, limits)
        }),
        counted("median", "median, 3 mm", move |limits| {
            smooth::median(organ, grid, OPEN_MM, scope, limits)
        }),
        counted("gaussian", "Gaussian, sigma 2 mm, volume kept", move |limits| {
            smooth::gaussian(organ, grid, SIGMA_MM, scope, limits)
        }),
        counted("interpolate", "10 slices drawn over 100, those between filled", move |limits| {
            let found = interpolate(drawn, grid, Some(2), limits)?;
            Ok(found.map(|found| found.region).unwrap_or_default())
        }),
        (
            "distance",
            "signed distance, its box and 8 mm around it".to_owned(),
            Box::new(move |limits| {
                Ok(distance::signed_distance(organ, grid, &bounds, limits)?.mm.len())
            }),
        ),
    ]
}

/// The organ's box and around it what the peer's has.
fn surroundings(organ: &Region, grid: &Grid) -> VoxelBox {
    let VoxelBox { min, max } = organ.bounds(grid.dims()).unwrap_or(VoxelBox::whole(grid.dims()));
    let room = SPACING.map(|step| (MARGIN_MM.max(4.0 * SIGMA_MM) / step).ceil() as usize + 1);
    VoxelBox {
        min: std::array::from_fn(|a| min[a].saturating_sub(room[a])),
        max: std::array::from_fn(|a| (max[a] + room[a]).min(grid.dims()[a])),
    }
}

/// Ten slices of a body, evenly over the hundred in its middle: what is drawn before the others are filled.
fn drawn(body: &Region, grid: &Grid) -> Region {
    let [nx, ny, nz] = grid.dims();
    let first = (nz / 2).saturating_sub(50);
    let mut slices = RegionBuilder::new(nx);
    for run in body.runs() {
        let z = run.start / (nx * ny);
        if z >= first && z < first + 100 && (z - first).is_multiple_of(11) {
            slices.push(run.start, run.len as usize);
        }
    }
    slices.finish()
}

/// The organ in so many neighbours: each voxel to the nearest of some places in it.
fn divided(organ: &Region, grid: &Grid) -> Vec<Region> {
    let [nx, ny, _] = grid.dims();
    let count = organ.count();
    let voxel = |index: usize| grid.world_of([index % nx, index / nx % ny, index / nx / ny]);
    let places: Vec<DVec3> = (0..TOGETHER)
        .filter_map(|n| organ.nth((count * (2 * n + 1)) / (2 * TOGETHER)).map(voxel))
        .collect();
    let mut builders: Vec<_> = places.iter().map(|_| RegionBuilder::new(nx)).collect();
    for run in organ.runs() {
        for index in run.start..run.end() {
            let away = |n: &usize| (places[*n] - voxel(index)).length_squared();
            let nearest = (0..places.len()).min_by(|a, b| away(a).total_cmp(&away(b)));
            if let Some(nearest) = nearest {
                builders[nearest].push(index, 1);
            }
        }
    }
    builders.into_iter().map(RegionBuilder::finish).collect()
}

/// What the others take, as one JSON object.
fn peer(python: &Path, organ: &Region, grid: &Grid, repeat: usize) -> anyhow::Result<Value> {
    let script = super::model::script_beside_models(PEER)?;
    let mut voxels = vec![0u8; grid.count()];
    for run in organ.runs() {
        voxels[run.start..run.end()].fill(1);
    }
    let folder = tempfile::tempdir().context("no place for the mask")?;
    let mask = folder.path().join("mask.raw");
    std::fs::write(&mask, voxels).with_context(|| format!("can't write {}", mask.display()))?;
    let joined = |values: [String; 3]| values.join(",");
    let output = Command::new(python)
        .arg(&script)
        .arg("--mask")
        .arg(&mask)
        .args(["--size", &joined(grid.dims().map(|n| n.to_string()))])
        .args(["--spacing", &joined(SPACING.map(|n| n.to_string()))])
        .args(["--margin", &MARGIN_MM.to_string(), "--open", &OPEN_MM.to_string()])
        .args(["--sigma", &SIGMA_MM.to_string(), "--repeat", &repeat.to_string()])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't start {}", python.display()))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("it failed ({}): {}", why.lines().last().unwrap_or_default(), script.display());
    }
    serde_json::from_slice(&output.stdout).context("it gave no answer")
}

impl Edited {
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "edits of a mask of {:.0} mL ({} voxels, {} runs)",
            self.organ_ml, self.organ_voxels, self.organ_runs
        )];
        lines.extend(self.rows.iter().map(|row| self.line(row)));
        if let Some(why) = &self.no_peer {
            lines.push(format!("  no comparison: {why}"));
        }
        lines
    }

    /// Ours, and how many times that the others take.
    fn line(&self, row: &Row) -> String {
        let mut line = format!("  {:<58} {:7.1} ms, worst {:.1}", row.name, row.ms, row.worst_ms);
        let others = self.peer.as_ref().and_then(Value::as_object);
        for (peer, times) in others.into_iter().flatten() {
            if let Some(ms) = times.get(row.key).and_then(Value::as_f64) {
                let text = format!("; {peer} {ms:.1} ms, {:.1} × ours", ms / row.ms);
                line.push_str(&text);
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::super::organ::CRUMBS;
    use super::*;

    #[test]
    fn the_organ_has_the_size_that_it_is_said_to_have() {
        let grid = Grid::new([160, 128, 96], DAffine3::from_scale(DVec3::from_array(SPACING)));
        let grid = grid.unwrap();
        let organ = organ::organ(&grid, 1.0);
        let ml = organ.count() as f64 * grid.voxel_volume_mm3() / 1000.0;
        assert!((90.0..110.0).contains(&ml), "{ml}");
        let limits = WorkLimits::none();
        let parts = Parts::of(&organ, &grid, Connectivity::Corners, &limits).unwrap();
        assert_eq!(parts.list().len(), 1 + CRUMBS);
        let filled = holes::fill(&organ, &grid, Scope::Volume, &limits).unwrap();
        assert!(filled.count() > organ.count() + CRUMBS);
        let parts = divided(&organ, &grid);
        assert_eq!(parts.len(), TOGETHER);
        assert_eq!(parts.iter().map(Region::count).sum::<usize>(), organ.count());
    }
}
