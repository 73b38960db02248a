use std::collections::BTreeMap;
use std::path::Path;

use super::{IoError, label_table};
use crate::geom::Grid;
use crate::volume::{NamedRegion, Region, RegionBuilder, Scale, Volume};
use crate::with_voxels;

/// How far two grids may lie apart and still be one, in parts of the smallest spacing: too little to
/// move a label to another voxel, more than the rounding of a qform in float32.
const GRID_TOLERANCE: f64 = 0.05;

/// Values come from float32 slopes: 10 × 0.1 is a little off 1.
const WHOLE_TOLERANCE: f64 = 1e-4;

/// More labels than any atlas has: these are values of a scan.
const MOST_LABELS: usize = 1000;

/// So many runs of equal labels are taken for a label map in any case, whatever its size.
const FEW_RUNS: usize = 1 << 16;

/// The label a stored number stands for; `None` if it is no label.
fn label(raw: f64, scale: Scale) -> Option<u16> {
    let value = scale.apply(raw);
    let whole = value.round();
    let fits = (value - whole).abs() <= WHOLE_TOLERANCE && (0.0..=65535.0).contains(&whole);
    fits.then_some(whole as u16)
}

/// Whether `volume` is more likely a label map of a scan on `grid` than another scan: it has the
/// grid's dimensions, and [`could_be_labels`].
pub fn looks_like_labels(volume: &Volume, grid: &Grid) -> bool {
    volume.grid().dims() == grid.dims() && could_be_labels(volume)
}

/// Whether all values are labels, and most neighbours within what is not background are equal, which is
/// not so in a scan. A volume of zeros is an empty label map.
pub fn could_be_labels(volume: &Volume) -> bool {
    let grid = volume.grid();
    let (row, scale) = (grid.dims()[0], volume.scale());
    let (mut pairs, mut equal) = (0u64, 0u64);
    with_voxels!(volume.voxels(), v => for line in v[volume.frame_range()].chunks_exact(row) {
        let mut before = 0;
        for same in line.chunk_by(|a, b| a == b) {
            let Some(label) = label(same[0] as f64, scale) else { return false };
            if label != 0 {
                equal += same.len() as u64 - 1;
                pairs += same.len() as u64 - 1 + u64::from(before != 0);
            }
            before = label;
        }
    });
    equal * 4 >= pairs * 3
}

/// The labels of a volume read from `path` (of its first frame), with the names of a label table
/// beside it; an error if it lies on another grid or its values are no labels.
///
/// Whole numbers alone make no label map: more than 1000 different ones, or (past 65,536) more runs of
/// equal labels along x than a quarter of the voxels, are a scan's grey values, and refused.
pub fn labels_of(volume: &Volume, path: &Path, grid: &Grid) -> Result<Vec<NamedRegion>, IoError> {
    check_grid(volume.grid(), path, grid)?;
    let mut names: BTreeMap<_, _> =
        label_table::beside(path).into_iter().map(|name| (name.value, name)).collect();
    let named = |(value, region)| {
        let row = names.remove(&value);
        let (colour, opacity) = row.as_ref().map(|n| (n.colour, n.opacity)).unzip();
        NamedRegion { value, name: row.map(|n| n.name), colour, opacity, region }
    };
    Ok(regions(volume, path)?.into_iter().map(named).collect())
}

fn check_grid(found: &Grid, path: &Path, grid: &Grid) -> Result<(), IoError> {
    let other = |what| IoError::OtherGrid { what, path: path.to_path_buf() };
    if found.dims() != grid.dims() {
        let [a, b, c] = found.dims();
        let [x, y, z] = grid.dims();
        return Err(other(format!("{a} × {b} × {c} voxels instead of {x} × {y} × {z}")));
    }
    if !found.matches(grid, GRID_TOLERANCE * grid.spacing().min_element()) {
        let apart = found.corners().into_iter().zip(grid.corners()).map(|(a, b)| a.distance(b));
        let apart = apart.fold(0.0, f64::max);
        return Err(other(format!("its corners lie up to {apart:.2} mm from the scan's")));
    }
    Ok(())
}

fn regions(volume: &Volume, path: &Path) -> Result<BTreeMap<u16, Region>, IoError> {
    let dims = volume.grid().dims();
    let (row, count, scale) = (dims[0], volume.grid().count(), volume.scale());
    let mut builders: BTreeMap<u16, RegionBuilder> = BTreeMap::new();
    let most_runs = (count / 4).max(FEW_RUNS);
    let mut runs = 0;
    let refused = |what| Err(IoError::NotLabels { what, path: path.to_path_buf() });
    with_voxels!(volume.voxels(), v => for (y, line) in v[volume.frame_range()].chunks_exact(row).enumerate() {
        let mut at = y * row;
        for same in line.chunk_by(|a, b| a == b) {
            let Some(label) = label(same[0] as f64, scale) else {
                let voxel = (at % row, y % dims[1], y / dims[1]);
                return refused(format!("voxel {voxel:?} is {}", scale.apply(same[0] as f64)));
            };
            if label != 0 {
                let builder = builders.entry(label).or_insert_with(|| RegionBuilder::new(row));
                builder.push(at, same.len());
                runs += 1;
            }
            at += same.len();
        }
        if builders.len() > MOST_LABELS {
            return refused(format!("it has more than {MOST_LABELS} different values"));
        }
        if runs > most_runs {
            return refused("its values change from voxel to voxel, as a scan's do".to_owned());
        }
    });
    Ok(builders.into_iter().map(|(label, b)| (label, b.finish())).collect())
}
