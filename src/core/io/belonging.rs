//! Whether a label map is one of the open scan. Programs place a scan differently where its header leaves or
//! contradicts something, and some store it in another order: a label map that they write for it lies on
//! another grid by its numbers, though its voxels are the scan's. What is explained by one of these known
//! causes is put into the scan's voxels, with a word; all else is refused.

use std::path::Path;

use super::describe::{number, spacing_of};
use super::error::IoError;
use super::nifti::{by_qform, place, spacing, unit_mm};
use crate::geom::{Axis, AxisMap, DAffine3, DMat3, DVec3, Direction, Grid};
use crate::volume::{StoredGeometry, Volume};
use crate::work::memory;

/// How far two grids may lie apart and still be one, in parts of the smallest spacing: too little to
/// move a label to another voxel, more than the rounding of a qform in float32.
pub(super) const GRID_TOLERANCE: f64 = 0.05;

/// Why the voxels of a label map are a scan's though it lies on another grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameVoxels {
    /// The program stored them in another order (nibabel's `as_closest_canonical`, `fslreorient2std`).
    Reordered,
    /// It places the scan by the qform, we by the sform.
    ByQform,
    /// It places a scan without a form at the origin, as ITK does: x to the left, y to the back.
    ByItk,
    /// It takes the directions of the sform but the spacing of `pixdim`, as ITK does.
    ByPixdim,
    /// It does not know the file's unit, as nibabel does not.
    ByNumbers,
}

impl SameVoxels {
    /// What is told.
    pub fn words(self) -> &'static str {
        match self {
            SameVoxels::Reordered => {
                "its voxels are the scan's in another order; they were put into the scan's order"
            }
            SameVoxels::ByQform => {
                "it lies where the scan's qform says, which differs from the sform; opened in the same voxels of the scan"
            }
            SameVoxels::ByItk => {
                "the scan does not say how it lies, and this lies where ITK programs put such a scan; opened in the same voxels of the scan"
            }
            SameVoxels::ByPixdim => {
                "it has the spacing of the scan's pixdim, which differs from the sform; opened in the same voxels of the scan"
            }
            SameVoxels::ByNumbers => {
                "it takes the numbers of the scan's file for millimetres, which has another unit; opened in the same voxels of the scan"
            }
        }
    }
}

/// How the voxels of a label map become a scan's.
struct Match {
    order: AxisMap,
    /// Nothing if the grids are one.
    why: Vec<SameVoxels>,
}

/// The voxels of `labels`, which was read from `path`, on the grid of `scan`, and why they are the scan's if the
/// grids are not one.
///
/// # Errors
/// [`IoError::OtherGrid`] if they are not, or if there are two ways to see it that differ; [`IoError::NoMemory`] if
/// there is none for the voxels in another order.
pub fn placed_on(
    labels: &Volume,
    path: &Path,
    scan: &Volume,
) -> Result<(Volume, Vec<SameVoxels>), IoError> {
    let Match { order, why } = matching(labels.grid(), scan).map_err(|mut what| {
        let says_nothing = |s: &StoredGeometry| s.sform.code <= 0 && s.qform.code <= 0;
        if labels.provenance().geometry.as_ref().is_some_and(says_nothing) {
            what += "; the label map does not say how it lies in space";
        }
        IoError::OtherGrid { what, path: path.to_path_buf() }
    })?;
    if !order.is_identity() {
        let voxels = labels.voxels();
        memory::check((voxels.len() * voxels.data_type().size()) as u64)
            .map_err(|short| IoError::NoMemory { short, path: path.to_path_buf() })?;
    }
    Ok((labels.placed(order, scan.grid().clone(), scan.provenance().clone()), why))
}

fn tolerance(grid: &Grid) -> f64 {
    GRID_TOLERANCE * grid.spacing().min_element()
}

/// Whether [`placed_on`] finds the voxels of a volume to be those of `scan`.
pub fn belongs(volume: &Volume, scan: &Volume) -> bool {
    matching(volume.grid(), scan).is_ok()
}

/// How the voxels of a label map on `labels` become those of `scan`, or why not.
fn matching(labels: &Grid, scan: &Volume) -> Result<Match, String> {
    let grid = scan.grid();
    if labels.matches(grid, tolerance(grid)) {
        return Ok(Match { order: AxisMap::IDENTITY, why: Vec::new() });
    }
    let mut found: Vec<Match> = Vec::new();
    let own = std::iter::once((grid.clone(), None));
    for (place, cause) in own.chain(other_places(scan)) {
        let Some(order) = AxisMap::between(labels, &place, tolerance(&place)) else { continue };
        let why = cause.into_iter().chain((!order.is_identity()).then_some(SameVoxels::Reordered));
        found.push(Match { order, why: why.collect() });
    }
    // One cause is likelier than two.
    let Some(fewest) = found.iter().map(|m| m.why.len()).min() else {
        return Err(difference(labels, grid));
    };
    found.retain(|m| m.why.len() == fewest);
    if found.iter().any(|m| m.order != found[0].order) {
        return Err("it fits the scan in several ways that mirror each other, and which is meant can't be told".into());
    }
    Ok(found.swap_remove(0))
}

/// Where other programs put the scan: by another form, by ITK's rules, without its unit.
fn other_places(scan: &Volume) -> Vec<(Grid, Option<SameVoxels>)> {
    // A scan from another format makes no such statements.
    let Some(stored) = &scan.provenance().geometry else { return Vec::new() };
    let dims = scan.grid().dims();
    if !place(stored, dims).is_ok_and(|(grid, _)| grid == *scan.grid()) {
        return Vec::new();
    }
    let mut places = forms(stored, dims);
    if unit_mm(stored) != 1.0 {
        let numbers = StoredGeometry { xyzt_units: 2, ..stored.clone() };
        places.extend(place(&numbers, dims).ok().map(|(grid, _)| (grid, SameVoxels::ByNumbers)));
        places.extend(forms(&numbers, dims));
    }
    places.into_iter().map(|(grid, cause)| (grid, Some(cause))).collect()
}

fn forms(stored: &StoredGeometry, dims: [usize; 3]) -> Vec<(Grid, SameVoxels)> {
    let sizes: [f64; 3] = std::array::from_fn(|a| spacing(stored, a));
    let sizes = DVec3::from_array(sizes);
    let mut places = Vec::new();
    if stored.sform.code > 0 {
        if stored.qform.code > 0 {
            places.extend(by_qform(stored, dims).map(|grid| (grid, SameVoxels::ByQform)));
        }
        let by_pixdim = place(stored, dims).ok().and_then(|(grid, _)| {
            let m = grid.world_from_voxel();
            let unit = m.matrix3 * DMat3::from_diagonal(grid.spacing().recip());
            let matrix3 = unit * DMat3::from_diagonal(sizes);
            Grid::new(dims, DAffine3 { matrix3, ..m }).ok()
        });
        places.extend(by_pixdim.map(|grid| (grid, SameVoxels::ByPixdim)));
    } else if stored.qform.code == 0 {
        let flips = DVec3::new(-1.0, -1.0, 1.0);
        let at_origin = Grid::new(dims, DAffine3::from_scale(flips * sizes));
        places.extend(at_origin.ok().map(|grid| (grid, SameVoxels::ByItk)));
    }
    places
}

/// How many voxels a grid has instead of the scan's, or how far it lies from it.
pub(super) fn how_far(labels: &Grid, scan: &Grid) -> String {
    if labels.dims() != scan.dims() {
        let [a, b, c] = labels.dims();
        let [x, y, z] = scan.dims();
        return format!("{a} × {b} × {c} voxels instead of {x} × {y} × {z}");
    }
    let apart = labels.corners().into_iter().zip(scan.corners()).map(|(a, b)| a.distance(b));
    let apart = apart.fold(0.0, f64::max);
    format!("its corners lie up to {apart:.2} mm from the scan's")
}

/// How a label map's grid differs from the scan's, in words.
fn difference(labels: &Grid, scan: &Grid) -> String {
    let mut parts = vec![how_far(labels, scan)];
    if labels.dims() != scan.dims() {
        return parts.remove(0);
    }
    let (found, meant) = (labels.spacing(), scan.spacing());
    if !found.abs_diff_eq(meant, 1e-3 * meant.min_element()) {
        let [found, meant] = [found, meant].map(|s| spacing_of(s.to_array()));
        parts.push(format!("its voxels lie {found} mm apart instead of {meant} mm"));
    }
    let (found, meant) = (labels.orientation(), scan.orientation());
    let angle = turned(labels, scan).to_degrees();
    if found != meant {
        parts.push(format!("its axes are {} instead of {}", found.letters(), meant.letters()));
    } else if angle > 0.05 {
        parts.push(format!("it is turned by {}°", number((angle * 10.0).round() / 10.0)));
    }
    let moved = labels.centre() - scan.centre();
    let steps = Axis::ALL.into_iter().filter_map(|axis| {
        let hundredths = (moved[axis.index()] * 100.0).round() / 100.0;
        let side = Direction { axis, positive: hundredths > 0.0 }.letter();
        (hundredths != 0.0).then(|| format!("{side} {:.2}", hundredths.abs()))
    });
    let steps: Vec<_> = steps.collect();
    if !steps.is_empty() {
        parts.push(format!("its middle lies {} mm from the scan's", steps.join(" ")));
    }
    parts.join("; ")
}

/// The largest angle between an axis of the one and the same axis of the other, in radians.
fn turned(a: &Grid, b: &Grid) -> f64 {
    let [a, b] = [a, b].map(|grid| grid.world_from_voxel().matrix3);
    (0..3).map(|axis| a.col(axis).angle_between(b.col(axis))).fold(0.0, f64::max)
}
