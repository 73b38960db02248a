//! Sides and millimetres from end to end: a phantom that nibabel wrote in all 48 axis orders and flips
//! (and obliquely) is opened, clicked in each view, masked, saved and reopened; the mask must lie where
//! nibabel says the marker is. Every expected number is nibabel's (`tests/data/geometry/make.py`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nifti::{NiftiObject, ReaderOptions};
use voxpoint::document::{Command, Document, Resolution};
use voxpoint::geom::{Convention, DAffine3, DMat3, DVec2, DVec3, Plane};
use voxpoint::io::{self, Limits};
use voxpoint::prompt::{Answer, Prompt};
use voxpoint::segment::cubes::{CanonicalGrid, CropPlace, Logits, paste};
use voxpoint::ui::views::SliceTransform;
use voxpoint::volume::{LabelName, Volume};
use voxpoint::work::{CancelToken, Progress};

#[derive(serde::Deserialize)]
struct Case {
    dims: [usize; 3],
    orientation: String,
    affine: [[f64; 4]; 4],
    marker_voxel: [usize; 3],
    marker_world: [f64; 3],
}

impl Case {
    /// nibabel's affine.
    fn world_from_voxel(&self) -> DAffine3 {
        let column = |c: usize| DVec3::new(self.affine[0][c], self.affine[1][c], self.affine[2][c]);
        DAffine3::from_mat3_translation(
            DMat3::from_cols(column(0), column(1), column(2)),
            column(3),
        )
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/geometry")
}

fn cases() -> BTreeMap<String, Case> {
    let text = std::fs::read_to_string(folder().join("nibabel.json")).expect("test data");
    let cases: BTreeMap<String, Case> = serde_json::from_str(&text).expect("test data");
    assert_eq!(cases.keys().filter(|n| n.starts_with("straight")).count(), 48);
    cases
}

fn open(path: &Path) -> Volume {
    io::open_volume(path, &Limits::default(), &CancelToken::new(), &Progress::new())
        .unwrap_or_else(|e| panic!("{e}"))
}

/// The logits a perfect model would give for a ball of 6 mm around `centre`.
fn ball(place: &CropPlace, centre: DVec3) -> Logits {
    let side = place.side;
    let mut values = Vec::with_capacity(side * side * side);
    for x in 0..side {
        for y in 0..side {
            for z in 0..side {
                let voxel = DVec3::new(x as f64, y as f64, z as f64);
                let world = place.world_from_crop.transform_point3(voxel);
                values.push((6.0 - world.distance(centre)) as f32);
            }
        }
    }
    Logits { side, values }
}

/// Where on the screen a marker that lies right, posterior and superior of the middle must be.
fn expected_side(plane: Plane, convention: Convention) -> [Option<bool>; 2] {
    let right_on_the_left = convention == Convention::Radiological;
    match plane {
        // [is left of the middle, is above the middle]
        Plane::Axial => [Some(right_on_the_left), Some(false)],
        Plane::Coronal => [Some(right_on_the_left), Some(true)],
        // Anterior is on the left, so posterior is on the right.
        Plane::Sagittal => [Some(false), Some(true)],
    }
}

/// Opens the case, clicks the marker in `plane`, and returns the document with the resulting mask.
fn click_marker(
    volume: &Arc<Volume>,
    case: &Case,
    plane: Plane,
    convention: Convention,
) -> Document {
    let grid = volume.grid();
    let marker = DVec3::from_array(case.marker_world);
    let pane = DVec2::new(400.0, 320.0);
    let transform = |slice| SliceTransform::new(grid, plane, convention, None, None, pane, slice);
    let transform = transform(transform(0).pane_from_world(marker).z.round() as usize);
    let at = transform.pane_from_world(marker);
    let middle = transform.pane_from_world(grid.centre());
    let side = [Some(at.x < middle.x), Some(at.y < middle.y)];
    assert_eq!(side, expected_side(plane, convention), "{} {plane:?}", case.orientation);

    // The pixel under the pointer, no better.
    let pixel = DVec2::new(at.x.floor() + 0.5, at.y.floor() + 0.5);
    let world = transform.world_from_pane(pixel);
    assert_eq!(grid.voxel_at(world), Some(case.marker_voxel), "{} {plane:?}", case.orientation);

    let mut document = Document::new(volume.clone());
    let prompt = Prompt::positive(world);
    document.apply(Command::AddPrompt { object: None, prompt }).expect("inside");
    let place = CanonicalGrid::of(grid).crop_around(world);
    assert!(place.contains(marker));
    let logits = ball(&place, marker);
    let region = paste(&logits, &place, grid);
    let (entry, click) = document.pending().expect("a click");
    let prompts = click.log.prompts.clone();
    let footprint = vec![place.footprint(prompts[0])];
    let answer = Answer { prompts, footprint, ..Answer::default() };
    let resolution = Resolution { answer, extensions: Vec::new(), region };
    document.apply(Command::Resolve { entry, resolution: Arc::new(resolution) }).expect("pending");
    document
}

/// World positions of the labelled voxels, by nibabel's affine, in thousandths of a millimetre.
fn labelled_places(case: &Case, labels: &[u16]) -> Vec<[i64; 3]> {
    let [nx, ny, _] = case.dims;
    let mut places: Vec<[i64; 3]> = labels
        .iter()
        .enumerate()
        .filter(|(_, l)| **l != 0)
        .map(|(n, _)| {
            let voxel = DVec3::new((n % nx) as f64, (n / nx % ny) as f64, (n / nx / ny) as f64);
            let world = case.world_from_voxel().transform_point3(voxel);
            world.to_array().map(|c| (c * 1000.0).round() as i64)
        })
        .collect();
    places.sort_unstable();
    places
}

fn saved_labels(document: &Document, folder: &Path) -> PathBuf {
    let path = folder.join("mask.nii.gz");
    let table: Vec<LabelName> = document
        .objects()
        .iter()
        .map(|o| LabelName {
            value: o.id.0,
            name: o.name.clone(),
            colour: o.colour,
            opacity: o.opacity,
            visible: true,
        })
        .collect();
    let image = document.image();
    let (labels, said) = (document.labels(), image.provenance());
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    io::save_labels(&path, labels, image.grid(), said, &table, &cancel, &progress)
        .unwrap_or_else(|e| panic!("{e}"));
    path
}

#[test]
fn every_axis_order_lies_where_nibabel_says() {
    for (name, case) in cases() {
        let volume = open(&folder().join(format!("{name}.nii.gz")));
        assert_eq!(volume.grid().dims(), case.dims, "{name}");
        assert_eq!(volume.grid().orientation().letters(), case.orientation, "{name}");
        let difference = volume.grid().world_from_voxel().matrix3 - case.world_from_voxel().matrix3;
        assert!(difference.to_cols_array().iter().all(|d| d.abs() < 1e-5), "{name}");
        assert_eq!(volume.value(case.marker_voxel), 500.0, "{name}");
    }
}

#[test]
fn a_click_in_any_view_ends_up_on_the_marker_in_the_saved_file() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut straight: Option<Vec<[i64; 3]>> = None;
    for (name, case) in cases() {
        let volume = Arc::new(open(&folder().join(format!("{name}.nii.gz"))));
        for (n, plane) in Plane::ALL.into_iter().enumerate() {
            let convention =
                if n % 2 == 0 { Convention::Radiological } else { Convention::Neurological };
            let document = click_marker(&volume, &case, plane, convention);
            let path = saved_labels(&document, temp.path());
            // Reopened by somebody else's reader, placed by somebody else's affine.
            let object = ReaderOptions::new().read_file(&path).expect("the nifti crate opens it");
            let raw: Vec<u8> =
                object.into_volume().into_nifti_typed_data::<u8>().expect("uint8 labels");
            let labels: Vec<u16> = raw.into_iter().map(u16::from).collect();
            let marker = DVec3::from_array(case.marker_world);
            let places = labelled_places(&case, &labels);
            assert!(places.len() > 60, "{name} {plane:?}: {} voxels", places.len());
            let mean = places
                .iter()
                .map(|p| DVec3::from_array(p.map(|c| c as f64 / 1000.0)))
                .sum::<DVec3>()
                / places.len() as f64;
            assert!(mean.distance(marker) < 0.2, "{name} {plane:?}: {mean} is not {marker}");

            let again = open(&path);
            assert!(again.grid().matches(volume.grid(), 1e-4), "{name}: saved on another grid");
            if name.starts_with("straight") {
                // The same anatomy, so the same places, whatever the order of the axes.
                let first = straight.get_or_insert_with(|| places.clone());
                let strangers = places.iter().filter(|p| first.binary_search(p).is_err()).count();
                assert!(
                    strangers == 0 && first.len() == places.len(),
                    "{name}: {strangers} elsewhere"
                );
            }
        }
    }
}
