//! Masks of a session on the grid of another scan: each voxel gets what lay at the same place in the patient.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::document::Object;
use crate::geom::{DVec3, Grid};
use crate::session::Snapshot;
use crate::volume::{LabelMap, Region, RegionBuilder};
use crate::work::{CancelToken, Cancelled};

/// Places halfway between two voxels belong to the later one, whatever a rounding of their coordinates says; voxels.
const HALFWAY: f64 = 1e-6;

/// How many voxels the masks of a session have, and how many of those lie inside a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsideScan {
    pub voxels: u64,
    pub of: u64,
}

/// How much of the masks lies inside another grid, by the place of each voxel's middle: within half a voxel around the
/// other's middles.
///
/// # Errors
/// If it was cancelled.
pub fn inside(
    snapshot: &Snapshot,
    grid: &Grid,
    cancel: &CancelToken,
) -> Result<InsideScan, Cancelled> {
    let old = &snapshot.around.source.grid;
    let [nx, ny, _] = old.dims();
    let new_from_old = grid.voxel_from_world() * old.world_from_voxel();
    let step = new_from_old.matrix3.x_axis;
    let dims = grid.dims().map(|n| n as f64);
    let mut found = InsideScan { voxels: 0, of: 0 };
    for object in &snapshot.objects {
        cancel.check()?;
        for run in object.region.runs() {
            let [x, y, z] = [run.start % nx, run.start / nx % ny, run.start / nx / ny];
            let from = new_from_old.transform_point3(DVec3::new(x as f64, y as f64, z as f64));
            let from = from + HALFWAY;
            // Along the run each coordinate rises or falls: a box is met in one piece of it.
            let (mut first, mut last) = (0.0f64, f64::from(run.len) - 1.0);
            for axis in 0..3 {
                let ends = [-0.5 - from[axis], dims[axis] - 0.5 - from[axis]];
                match step[axis] {
                    0.0 if ends[0] <= 0.0 && 0.0 < ends[1] => {}
                    0.0 => last = -1.0,
                    // The lower end is inside, the upper one is not.
                    slope if slope > 0.0 => {
                        first = first.max((ends[0] / slope).ceil());
                        last = last.min((ends[1] / slope).ceil() - 1.0);
                    }
                    slope => {
                        first = first.max((ends[1] / slope).floor() + 1.0);
                        last = last.min((ends[0] / slope).floor());
                    }
                }
            }
            found.of += u64::from(run.len);
            found.voxels += (last - first + 1.0).max(0.0) as u64;
        }
    }
    Ok(found)
}

/// Puts all masks on another grid by place, nearest neighbour. Their clicks stay behind: they were made in another image.
///
/// # Errors
/// If it was cancelled; the snapshot is of no use then.
pub fn onto_grid(
    snapshot: &mut Snapshot,
    grid: &Grid,
    cancel: &CancelToken,
) -> Result<(), Cancelled> {
    let old = snapshot.around.source.grid.clone();
    let regions = snapshot.objects.iter().map(|o| (o.id.0, &*o.region));
    let labels = LabelMap::from_regions(old.dims(), regions);
    let mut found = regions_on(&labels, &old, grid, cancel)?;
    for object in &mut snapshot.objects {
        place(object, found.remove(&object.id.0).unwrap_or_default());
        if !object.covered.is_empty() {
            // It goes where the labels over it go: the same voxels are asked.
            let covered = LabelMap::from_regions(old.dims(), [(object.id.0, &*object.covered)]);
            let covered = regions_on(&covered, &old, grid, cancel)?.remove(&object.id.0);
            object.covered = Arc::new(covered.unwrap_or_default());
        }
    }
    snapshot.around.source.grid = grid.clone();
    snapshot.around.source.geometry = None;
    (snapshot.time_point, snapshot.model_image) = (0, crate::prompt::ImageId::Scan);
    snapshot.around.overlays.clear();
    Ok(())
}

/// The voxels of each label of a map on `old` that lie on `grid`, by place.
fn regions_on(
    labels: &LabelMap,
    old: &Grid,
    grid: &Grid,
    cancel: &CancelToken,
) -> Result<HashMap<u16, Region>, Cancelled> {
    let [nx, ny, nz] = grid.dims();
    let old_from_new = old.voxel_from_world() * grid.world_from_voxel();
    let slices: Result<Vec<Vec<LabelRun>>, Cancelled> = (0..nz)
        .into_par_iter()
        .map(|z| {
            cancel.check()?;
            let mut runs: Vec<LabelRun> = Vec::new();
            for y in 0..ny {
                let row = nx * (y + ny * z);
                for x in 0..nx {
                    let at = DVec3::new(x as f64, y as f64, z as f64);
                    let label = label_at(labels, old.dims(), old_from_new.transform_point3(at));
                    match runs.last_mut() {
                        Some((l, start, len))
                            if x > 0 && *l == label && *start + *len == row + x =>
                        {
                            *len += 1;
                        }
                        _ if label != 0 => runs.push((label, row + x, 1)),
                        _ => {}
                    }
                }
            }
            Ok(runs)
        })
        .collect();
    let slices = slices?;
    let mut builders: HashMap<u16, RegionBuilder> = HashMap::new();
    for &(label, start, len) in slices.iter().flatten() {
        builders.entry(label).or_insert_with(|| RegionBuilder::new(nx)).push(start, len);
    }
    Ok(builders.into_iter().map(|(label, builder)| (label, builder.finish())).collect())
}

/// Voxels one after another: their label, the first, how many.
type LabelRun = (u16, usize, usize);

/// The label at a voxel coordinate; 0 outside.
fn label_at(labels: &LabelMap, dims: [usize; 3], at: DVec3) -> u16 {
    let nearest = (at + 0.5 + HALFWAY).floor();
    let inside = |n: usize| nearest[n] >= 0.0 && nearest[n] < dims[n] as f64;
    if !(0..3).all(inside) {
        return 0;
    }
    labels.get(std::array::from_fn(|n| nearest[n] as usize))
}

/// Makes a mask what an object is, as if it had been drawn by hand.
fn place(object: &mut Object, region: Region) {
    let region = Arc::new(region);
    let mut drawn = object.clone().as_drawn();
    drawn.log.time_point = 0;
    drawn.log.image = crate::prompt::ImageId::Scan;
    (drawn.model, drawn.removed) = (Arc::default(), Arc::default());
    (drawn.added, drawn.region) = (Arc::clone(&region), region);
    *object = drawn;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::{Document, LabelId};
    use crate::geom::DAffine3;
    use crate::session::{CaseState, FileRef, SessionSource, Surroundings};
    use crate::volume::{Scale, StoredGeometry, Volume, Voxels};

    const DIMS: [usize; 3] = [6, 5, 4];

    fn snapshot(region: Region) -> Snapshot {
        let grid = Grid::new(DIMS, DAffine3::from_scale(DVec3::new(0.7, 0.8, 2.0))).unwrap();
        let voxels = Voxels::U8(vec![0; grid.count()]);
        let stored = StoredGeometry::of(&grid);
        let volume = Volume::new("ct", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, vec![]);
        let file = FileRef { absolute: "/ct".into(), relative: None, bytes: 1, sha256: None };
        let around = Surroundings {
            source: SessionSource::of(&volume, file),
            overlays: Vec::new(),
            models: std::collections::BTreeMap::new(),
            view: serde_json::Value::Null,
            picture: None,
            case_state: CaseState::Open,
            exported: None,
        };
        let mut snapshot = Snapshot::of(&Document::new(Arc::new(volume)), around, 0);
        let mut object = Object::new(LabelId(1), "one".to_owned(), [0; 3]);
        place(&mut object, region);
        snapshot.objects = vec![object].into();
        snapshot
    }

    proptest! {
        /// Against each voxel, one by one, on grids that are moved, turned, mirrored and coarser.
        #[test]
        fn what_lies_inside_is_counted_by_place(
            mask in prop::collection::vec(any::<bool>(), 120),
            (axis, angle) in ([-1.0f64..1.0, -1.0..1.0, 0.1..1.0], -3.0f64..3.0),
            scale in [0.4f64..3.0, -3.0..-0.4, 0.4..3.0],
            moved in [-5.0f64..5.0, -5.0..9.0, -5.0..5.0],
            dims in [1usize..7, 1..7, 1..7],
        ) {
            let region = Region::from_mask(DIMS[0], mask.iter().copied());
            let snapshot = snapshot(region.clone());
            let turned = DAffine3::from_axis_angle(DVec3::from_array(axis).normalize(), angle);
            let world_from_voxel = DAffine3::from_translation(DVec3::from_array(moved))
                * turned
                * DAffine3::from_scale(DVec3::from_array(scale));
            let grid = Grid::new(dims, world_from_voxel).unwrap();
            let old = &snapshot.around.source.grid;
            let is_inside = |index: usize| {
                let voxel = [index % 6, index / 6 % 5, index / 30];
                let at = grid.voxel(old.world_of(voxel)) + 0.5;
                (0..3).all(|n| at[n] >= 0.0 && at[n] < dims[n] as f64)
            };
            let expected = (0..120).filter(|&n| mask[n] && is_inside(n)).count();
            let found = inside(&snapshot, &grid, &CancelToken::new()).unwrap();
            prop_assert_eq!(found, InsideScan { voxels: expected as u64, of: region.count() as u64 });
        }
    }

    #[test]
    fn straight_grids_are_counted_to_the_voxel() {
        let region = Region::from_mask(DIMS[0], [true; 120]);
        let snapshot = snapshot(region);
        let own = snapshot.around.source.grid.world_from_voxel();
        for (by, dims, expected) in [
            ([0.0, 0.0, 0.0], DIMS, 120),
            ([0.0, 0.0, 0.0], [3, 5, 4], 60),
            ([2.0, 0.0, 0.0], DIMS, 80),
            ([-2.0, 1.0, 1.0], DIMS, 4 * 4 * 3),
            ([6.0, 0.0, 0.0], DIMS, 0),
            ([-6.0, 0.0, 0.0], DIMS, 0),
            ([0.5, 0.0, 0.0], DIMS, 120),
            ([-0.5, 0.0, 0.0], DIMS, 100),
            ([0.0, 0.0, 99.0], DIMS, 0),
        ] {
            let moved = own * DAffine3::from_translation(DVec3::from_array(by));
            let grid = Grid::new(dims, moved).unwrap();
            let found = inside(&snapshot, &grid, &CancelToken::new()).unwrap();
            assert_eq!(found, InsideScan { voxels: expected, of: 120 }, "{by:?} {dims:?}");
        }
    }
}
