//! What is saved as NRRD, `MetaImage` and MGH is read back the same: every axis order, oblique, small and large labels,
//! numbers. Reference readers do the same with the files that `write_for_reference_readers` leaves
//! (`tests/data/formats/read_back.py`).

use std::path::Path;

use serde_json::json;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid};
use voxpoint::io::{Limits, formats, labels_of, open_volume, save_float32, save_labels};
use voxpoint::volume::{LabelMap, LabelName, Provenance};
use voxpoint::work::{CancelToken, Progress};

const DIMS: [usize; 3] = [5, 4, 3];

/// Every order and direction of the axes, each turned a little and none of the same spacing.
fn grids() -> impl Iterator<Item = Grid> {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    orders.into_iter().flat_map(|order| (0..8).map(move |signs| (order, signs))).enumerate().map(
        |(n, (order, signs))| {
            let turn = if n % 2 == 0 {
                DMat3::from_rotation_x(0.2) * DMat3::from_rotation_z(-0.3)
            } else {
                DMat3::IDENTITY
            };
            let column = |a: usize| {
                let sign = if signs >> a & 1 == 1 { -1.0 } else { 1.0 };
                turn * DVec3::AXES[order[a]] * sign * [0.7, 1.2, 3.0][a]
            };
            let matrix3 = DMat3::from_cols(column(0), column(1), column(2));
            let translation = DVec3::new(-91.25, 33.5 + n as f64, 1204.125);
            Grid::new(DIMS, DAffine3 { matrix3, translation }).unwrap()
        },
    )
}

fn labels(largest: u16) -> LabelMap {
    let values: Vec<u16> = (0..60).map(|i| [0, 0, 1, 7, largest][i * 7 / 3 % 5]).collect();
    LabelMap::from_labels(DIMS, &values)
}

fn values() -> Vec<f32> {
    (0..60).map(|i| i as f32 * 1.37 - 20.0).collect()
}

fn names(largest: u16) -> Vec<LabelName> {
    [(1, "liver", [200, 30, 40]), (largest, "left kidney \\ “Niere”", [1, 255, 128])]
        .map(|(value, name, colour)| LabelName {
            value,
            name: name.into(),
            colour,
            opacity: 1.0,
            visible: true,
        })
        .into()
}

fn save(path: &Path, grid: &Grid, largest: u16) {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let said = Provenance::default();
    save_labels(path, &labels(largest), grid, &said, &names(largest), &cancel, &progress)
        .unwrap_or_else(|e| panic!("{e}"));
}

fn near(found: &Grid, meant: &Grid, what: &str) {
    assert_eq!(found.dims(), meant.dims(), "{what}");
    let far = found.corners().into_iter().zip(meant.corners()).map(|(a, b)| a.distance(b));
    let far = far.fold(0.0, f64::max);
    // MGH has float32, of numbers of some thousand.
    assert!(far < 1e-3, "{what}: {far} mm");
}

const LABELS: &[&str] = &["m.nrrd", "m.seg.nrrd", "m.mha", "m.mgz", "m.mgh"];
const NUMBERS: &[&str] = &["v.nrrd", "v.mha", "v.mgz", "v.mgh"];

#[test]
fn labels_and_numbers_come_back_in_every_order_of_axes() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| {
        open_volume(path, &Limits::default(), &CancelToken::new(), &Progress::new()).unwrap()
    };
    for (n, grid) in grids().enumerate() {
        let largest = [9, 255, 256, 65535][n / 2 % 4];
        for name in LABELS {
            let (path, what) = (folder.path().join(name), format!("{name}, {n}"));
            save(&path, &grid, largest);
            let back = open(&path);
            near(back.grid(), &grid, &what);
            assert_eq!(back.warnings(), [], "{what}");
            let meant = labels(largest).to_vec();
            let found: Vec<u16> = (0..60).map(|i| back.voxels().raw(i) as u16).collect();
            assert_eq!(found, meant, "{what}");
            let read = labels_of(&back, &path, back.grid()).unwrap();
            assert_eq!(read.labels.last().unwrap().name.as_deref(), Some("left kidney \\ “Niere”"));
            assert!(!formats().is_foreign(&path), "{what}");
        }
        for name in NUMBERS {
            let (path, what) = (folder.path().join(name), format!("{name}, {n}"));
            save_float32(&path, DIMS, &values(), grid.world_from_voxel()).unwrap();
            let back = open(&path);
            near(back.grid(), &grid, &what);
            let found: Vec<f32> = (0..60).map(|i| back.voxels().raw(i) as f32).collect();
            assert_eq!(found, values(), "{what}");
        }
    }
}

/// For `read_back.py`: files and, in `expected.json`, what is in them.
#[test]
#[ignore = "writes files for readers of others into the folder VOXPOINT_WRITTEN"]
fn write_for_reference_readers() {
    let folder = std::env::var_os("VOXPOINT_WRITTEN").expect("VOXPOINT_WRITTEN is a folder");
    let folder = Path::new(&folder);
    let mut expected = serde_json::Map::new();
    for (n, grid) in grids().enumerate() {
        let m = grid.world_from_voxel();
        let affine: Vec<[f64; 4]> =
            (0..3).map(|r| [m.x_axis[r], m.y_axis[r], m.z_axis[r], m.translation[r]]).collect();
        let largest = [9, 255, 256, 65535][n / 2 % 4];
        for name in LABELS.iter().chain(&["m.nii.gz", "m.nii"]) {
            let name = format!("{n}_{name}");
            save(&folder.join(&name), &grid, largest);
            let said: Vec<_> = names(largest)
                .into_iter()
                .map(|l| json!({ "value": l.value, "name": l.name, "colour": l.colour }))
                .collect();
            let values = labels(largest).to_vec();
            expected.insert(name, json!({ "affine": affine, "values": values, "labels": said }));
        }
        for name in NUMBERS.iter().chain(&["v.nii.gz"]) {
            let name = format!("{n}_{name}");
            save_float32(&folder.join(&name), DIMS, &values(), m).unwrap();
            expected.insert(name, json!({ "affine": affine, "values": values() }));
        }
    }
    let text = serde_json::to_string(&expected).unwrap();
    std::fs::write(folder.join("expected.json"), text).unwrap();
}

/// As of a segmentation that 3D Slicer has saved.
#[test]
fn a_segmentation_has_its_names_without_a_table_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.seg.nrrd");
    save(&path, &grids().next().unwrap(), 9);
    std::fs::remove_file(folder.path().join("m.labels.txt")).unwrap();
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let back = open_volume(&path, &Limits::default(), &cancel, &progress).unwrap();
    let read = labels_of(&back, &path, back.grid()).unwrap();
    let found: Vec<_> = read.labels.into_iter().map(|l| (l.value, l.name, l.colour)).collect();
    let [liver, kidney]: [LabelName; 2] = names(9).try_into().unwrap();
    let said = |l: LabelName| (l.value, Some(l.name), Some(l.colour));
    // A label without a row gets a name and a colour of its own in the file.
    assert_eq!((found[0].clone(), found[2].clone()), (said(liver), said(kidney)));
    assert_eq!(found[1].1.as_deref(), Some("Label 7"));
    assert_eq!(found.len(), 3);
}

#[test]
fn what_followed_the_voxels_of_an_mgh_scan_follows_those_of_its_labels() {
    let folder = tempfile::tempdir().unwrap();
    let cases = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats/cases.json"),
    );
    let cases: serde_json::Value = serde_json::from_str(&cases.unwrap()).unwrap();
    let case = cases.as_array().unwrap().iter().find(|c| c["name"] == "parameters and tags");
    let hex = case.unwrap()["files"]["a.mgh"].as_str().unwrap();
    let bytes: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
        .collect();
    let path = folder.path().join("scan.mgh");
    std::fs::write(&path, &bytes).unwrap();
    let cancel = CancelToken::new();
    let scan = open_volume(&path, &Limits::default(), &cancel, &Progress::new()).unwrap();
    let mask = folder.path().join("mask.mgh");
    let labels = LabelMap::from_labels([4, 3, 2], &[1; 24]);
    let (grid, said) = (scan.grid(), scan.provenance());
    save_labels(&mask, &labels, grid, said, &[], &cancel, &Progress::new()).unwrap();
    let written = std::fs::read(&mask).unwrap();
    // The numbers, but not the command line with a user's name.
    assert_eq!(written.len(), 284 + 24 + 20);
    assert_eq!(written[284 + 24..], bytes[284 + 48..][..20]);
}
