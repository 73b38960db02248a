//! Labels that may share voxels, from their own grid onto that of a scan.

use std::collections::BTreeMap;
use std::path::Path;

use super::belonging::how_far;
use super::error::IoError;
use super::format::Onto;
use super::labels_read::LabelsRead;
use super::note::{LabelNote, note};
use super::onto_grid::onto_grid;
use super::overlaps::told_overlaps;
use crate::geom::Grid;
use crate::volume::{CoveredLabels, LabelMap, NamedRegion, Region};
use crate::work::{CancelToken, memory};

/// Labels as a file has them.
pub(super) struct OwnLabels {
    /// Where they lie.
    pub(super) grid: Grid,
    /// They may share voxels.
    pub(super) labels: Vec<NamedRegion>,
    /// What had to be decided to read them.
    pub(super) notes: Vec<LabelNote>,
}

/// Puts labels on a scan's grid, each whole.
///
/// # Errors
/// If none of their voxels lie in the scan, if there is no memory for it, or if somebody asked for it to stop.
pub(super) fn labels_onto(
    own: OwnLabels,
    onto: &Onto,
    path: &Path,
    cancel: &CancelToken,
) -> Result<LabelsRead, IoError> {
    let OwnLabels { grid, labels, mut notes } = own;
    let bytes = LabelMap::bytes_of(grid.dims(), labels.iter().map(|label| &label.region));
    memory::check(bytes).map_err(|short| IoError::NoMemory { short, path: path.to_owned() })?;
    let mut placed = Placed::default();
    let (map, covered) = CoveredLabels::of(grid.dims(), &labels);
    if covered.is_empty() {
        placed.add(&map, (&grid, onto.grid), cancel)?;
    } else {
        for layer in covered.layers(&map) {
            let layer = layer.iter().map(|(value, region)| (*value, region));
            let layer = LabelMap::from_regions(grid.dims(), layer);
            placed.add(&layer, (&grid, onto.grid), cancel)?;
        }
    }
    let Placed { mut regions, is_moved, outside, apart } = placed;
    if regions.is_empty() && !labels.is_empty() {
        let what = format!("none of its voxels lie in the scan; {}", how_far(&grid, onto.grid));
        return Err(IoError::OtherGrid { what, path: path.to_owned() });
    }
    if is_moved {
        let values = [("how", how_far(&grid, onto.grid))];
        notes.push(note(
            "it lies on another grid than the scan ({how}); each voxel of the scan gets what lies at its middle, so borders and volumes change a little",
            &values,
        ));
    }
    if outside > 0 {
        let values = [("n", outside.to_string())];
        notes.push(note("{n} of its voxels lie outside of the scan and are left out", &values));
    }
    let mut tops = if labels.iter().any(|label| label.on_top.is_some()) {
        onto_grid(&map, &grid, onto.grid, cancel)?.regions
    } else {
        BTreeMap::new()
    };
    let mut labels = kept(labels, |value| regions.remove(&value), &mut notes);
    for label in labels.iter_mut().filter(|label| label.on_top.is_some()) {
        label.on_top = Some(tops.remove(&label.value).unwrap_or_default());
    }
    if !covered.is_empty() {
        notes.extend(told_overlaps(onto.grid, &labels));
    }
    let is_doubtful = is_moved || outside > 0;
    Ok(LabelsRead { labels, notes, is_doubtful, apart, ..LabelsRead::default() })
}

/// What was put on a grid.
#[derive(Default)]
struct Placed {
    regions: BTreeMap<u16, Region>,
    /// Its voxels are not those of the grid.
    is_moved: bool,
    outside: usize,
    /// See [`LabelsRead`].
    apart: f64,
}

impl Placed {
    fn add(
        &mut self,
        map: &LabelMap,
        (own, grid): (&Grid, &Grid),
        cancel: &CancelToken,
    ) -> Result<(), IoError> {
        let found = onto_grid(map, own, grid, cancel)?;
        self.regions.extend(found.regions);
        self.is_moved |= !found.is_exact;
        self.outside += found.outside;
        self.apart = self.apart.max(found.apart);
        Ok(())
    }
}

/// Labels with what is left of them; one of which nothing is left is told.
fn kept(
    labels: Vec<NamedRegion>,
    mut region: impl FnMut(u16) -> Option<Region>,
    notes: &mut Vec<LabelNote>,
) -> Vec<NamedRegion> {
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for label in labels {
        match region(label.value) {
            Some(region) if !region.is_empty() => kept.push(NamedRegion { region, ..label }),
            _ => gone.push(label.name.unwrap_or_else(|| label.value.to_string())),
        }
    }
    if !gone.is_empty() {
        let values = [("list", gone.join(", "))];
        notes.push(note("nothing is left of: {list}", &values));
    }
    kept
}
