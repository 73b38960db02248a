//! Masks of a session on the grid of another scan: each voxel gets what lay at the same place in the patient.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::document::Object;
use crate::geom::{DVec3, Grid};
use crate::session::Snapshot;
use crate::volume::{LabelMap, Region, RegionBuilder};
use crate::work::{CancelToken, Cancelled};

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
                    let label = label_at(&labels, old.dims(), old_from_new.transform_point3(at));
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
    for object in &mut snapshot.objects {
        let region = builders.remove(&object.id.0).map(RegionBuilder::finish);
        place(object, region.unwrap_or_default());
    }
    snapshot.around.source.grid = grid.clone();
    snapshot.around.source.geometry = None;
    (snapshot.time_point, snapshot.model_image) = (0, crate::prompt::ImageId::Scan);
    snapshot.around.overlays.clear();
    Ok(())
}

/// Voxels one after another: their label, the first, how many.
type LabelRun = (u16, usize, usize);

/// The label at a voxel coordinate; 0 outside.
fn label_at(labels: &LabelMap, dims: [usize; 3], at: DVec3) -> u16 {
    let nearest = (at + 0.5).floor();
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
