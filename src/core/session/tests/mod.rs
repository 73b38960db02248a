//! What a session promises: identical, whole, and never damaged.

mod damage;
#[cfg(unix)]
mod drive;
#[cfg(unix)]
mod failing;
mod faults;
mod figures;
#[cfg(unix)]
mod flipped;
mod kill;
mod lost;
#[cfg(unix)]
mod no_locks;
mod others;
#[cfg(unix)]
mod power_cut;
#[cfg(unix)]
mod rights;
mod round_trip;
mod scan;
mod taking_back;
#[cfg(unix)]
mod taking_over;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::document::{Document, LabelId, Object, ObjectState, SharedObjects};
use crate::geom::{DAffine3, DVec3, Grid};
use crate::measure::{Measurement, MeasurementId, MeasurementShape};
use crate::prompt::{
    Extension, Footprint, ImageId, Prompt, PromptId, PromptShape, ShapeKind, WorkingScale,
};
use crate::volume::{Region, RegionBuilder, Scale, StoredGeometry, Volume, Voxels, Window};

fn temporary() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.voxpoint");
    (folder, path)
}

/// As [`temporary`], in memory where the system has folders there: for tests that sync thousands of times.
#[cfg(unix)]
fn in_memory() -> (tempfile::TempDir, PathBuf) {
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else { return temporary() };
    let path = folder.path().join("case.voxpoint");
    (folder, path)
}

fn surroundings(volume: &Volume) -> Surroundings {
    let file = |name: &str| FileRef {
        absolute: Path::new("/scans").join(name),
        relative: None,
        bytes: 123,
        sha256: Some(Hash([7; 32])),
    };
    Surroundings {
        source: SessionSource::of(volume, file("ct.nii.gz")),
        overlays: vec![Overlay {
            file: FileRef { sha256: None, ..file("pet.nii") },
            name: "pet.nii".to_owned(),
            number: Some(0),
            window: Some(Window::new(2.5, 5.0)),
        }],
        models: BTreeMap::from([("test".to_owned(), Hash([9; 32]))]),
        view: serde_json::json!({"zoom": 1.5}),
        picture: Some(Arc::from(&b"\x89PNG\r\n\x1a\n and so on"[..])),
        case_state: CaseState::Flagged,
        exported: Some(Exported {
            file: file("ct-labels.nii.gz"),
            names: Some(FileRef { sha256: None, ..file("ct-labels.labels.txt") }),
            labels: 0xfedc_ba98,
        }),
    }
}

/// A scan of 40 × 30 × 20 voxels, oblique, with all that a NIfTI says.
fn scan() -> Volume {
    let turn = DAffine3::from_axis_angle(DVec3::new(1.0, 2.0, 3.0).normalize(), 0.4)
        * DAffine3::from_scale(DVec3::new(-0.7, 0.9, 2.1));
    let grid = Grid::new([40, 30, 20], turn).unwrap();
    let stored = StoredGeometry { xyzt_units: 10, ..StoredGeometry::of(&grid) };
    let voxels = Voxels::U8(vec![1; 2 * grid.count()]);
    let dims = vec![40, 30, 20, 2];
    Volume::new("ct.nii.gz", grid, dims, voxels, Scale::NONE, stored, Vec::new())
}

/// The box from one voxel to before another.
fn boxed(dims: [usize; 3], lo: [usize; 3], hi: [usize; 3]) -> Arc<Region> {
    let mut builder = RegionBuilder::new(dims[0]);
    for z in lo[2]..hi[2] {
        for y in lo[1]..hi[1] {
            builder.push(lo[0] + dims[0] * (y + dims[1] * z), hi[0] - lo[0]);
        }
    }
    Arc::new(builder.finish())
}

/// An object with something in each of its parts; its voxels are those with z from `z` to before `z` + 4.
fn full_object(grid: &Grid, id: u16, z: usize) -> Object {
    let dims = grid.dims();
    let mut object = Object::new(LabelId(id), format!("Leber – 肝 {id}"), [id as u8, 20, 30]);
    let click = |n: u64, positive| Prompt {
        id: PromptId(n),
        world: grid.world_of([5, 5, z]) + 0.1,
        positive,
    };
    object.model = boxed(dims, [2, 2, z], [20, 20, z + 4]);
    object.added = boxed(dims, [20, 2, z], [25, 9, z + 2]);
    object.removed = boxed(dims, [2, 2, z], [4, 4, z + 4]);
    let mut region = object.model.union(&object.added, dims[0]);
    region.subtract(&object.removed, dims[0]);
    object.region = Arc::new(region);
    object.log.prompts =
        vec![click(10 * u64::from(id), true), click(10 * u64::from(id) + 1, false)];
    if id > 100 {
        object.log.start = Some(boxed(dims, [3, 3, z], [19, 18, z + 3]));
    }
    object.log.extensions =
        vec![Extension { centre: DVec3::splat(1.5), seed: DVec3::new(0.1, 0.2, 0.3), clicks: 1 }];
    (object.log.threshold, object.log.scale) = (-0.3, WorkingScale::new(2.5).unwrap());
    object.log.image = if id.is_multiple_of(2) { ImageId::Overlay(0) } else { ImageId::Scan };
    // In turn a box, a scribble and a lasso.
    let kind = ShapeKind::ALL[usize::from(id % 3)];
    let places = [vec![[-1.0, 3.0], [2.0, -2.0]], vec![[1.0 / 3.0, 0.2], [-2.5, 1e-3], [0.0, 4.0]]];
    let places = places[usize::from(kind != ShapeKind::Box)].clone();
    let shape = PromptShape::new(kind, usize::from(id % 2) * 2, places, 1.5).unwrap();
    object.log.shapes.insert(object.log.prompts[1].id, Arc::new(shape));
    object.answer.prompts = object.log.prompts.clone();
    object.answer.extensions = object.log.extensions.clone();
    object.answer.model = Some("test".to_owned());
    object.answer.score = Some(0.8125);
    object.answer.footprint = vec![Footprint {
        opener: object.log.prompts[0],
        world_from_box: DAffine3::from_scale(DVec3::splat(192.0)),
    }];
    object.answer.tried = vec![DVec3::new(-1.0, 1e-9, 1e9)];
    (object.answer.touches, object.opacity) = (true, 0.25);
    (object.visible, object.locked, object.state) = (false, true, ObjectState::Done);
    object
}

/// A session with three objects in which nothing is left at its default.
fn full_snapshot() -> Snapshot {
    let volume = scan();
    let document = Document::new(Arc::new(volume.with_time_point(1)));
    let grid = volume.grid();
    let mut snapshot = Snapshot::of(&document, surroundings(&volume), 1_700_000_000_000);
    snapshot.objects =
        [(3, 0), (2, 5), (700, 10)].into_iter().map(|(id, z)| full_object(grid, id, z)).collect();
    // The last lies under the first, too.
    snapshot.objects[2].covered = boxed(grid.dims(), [6, 6, 1], [19, 12, 3]);
    snapshot.active = Some(LabelId(2));
    snapshot.working_scale = WorkingScale::new(3.0).unwrap();
    snapshot.prompts_given = 7001;
    let at = |n: f64| DVec3::new(n, -0.5 * n, 1e-3);
    let length = MeasurementShape::Length([at(1.0), at(7.5)]);
    let angle = MeasurementShape::Angle([at(1.0), at(2.0), at(0.0)]);
    let rectangle = MeasurementShape::rectangle(at(3.0), at(4.0), [DVec3::X, DVec3::Y]);
    snapshot.measurements = [(4, "", length), (2, "Cobb’s angle", angle), (9, "ROI", rectangle)]
        .map(|(n, name, shape)| Measurement { id: MeasurementId(n), name: name.to_owned(), shape })
        .into();
    snapshot
}

/// What reading gives of what was written: the history is in the past, and the way from the session is known.
fn as_read(snapshot: &Snapshot, session: &Path) -> Snapshot {
    let mut read = Snapshot { steps: Vec::new(), ..snapshot.clone() };
    read.around.source.file = read.around.source.file.seen_from(session);
    let Surroundings { overlays, exported, .. } = &mut read.around;
    let exported = exported.iter_mut().flat_map(|e| [&mut e.file].into_iter().chain(&mut e.names));
    for file in overlays.iter_mut().map(|overlay| &mut overlay.file).chain(exported) {
        *file = file.seen_from(session);
    }
    read
}

fn create(path: &Path, snapshot: &Snapshot) -> SessionFile {
    SessionFile::create(path, snapshot, &Past::default()).unwrap()
}
