//! Label maps: written, reopened, never half written.

use std::path::{Path, PathBuf};

use glam::DQuat;
use proptest::prelude::*;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid};
use voxpoint::io::{
    IoError, Likeness, Limits, Saved, labels_of, likeness, open_volume, save_float32, save_labels,
};
use voxpoint::volume::{LabelMap, LabelName, Scale, StoredGeometry, Volume, Voxels};
use voxpoint::work::{CancelToken, Progress};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nifti").join(name)
}

fn open(path: &Path) -> Volume {
    let limits = Limits { memory: 1 << 30 };
    open_volume(path, &limits, &CancelToken::new(), &Progress::new())
        .unwrap_or_else(|e| panic!("{e}"))
}

fn save(path: &Path, labels: &LabelMap, scan: &Volume) -> Result<Saved, IoError> {
    let table = [LabelName {
        value: 1,
        name: "liver".into(),
        colour: [9, 8, 7],
        opacity: 0.35,
        visible: true,
    }];
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    save_labels(path, labels, scan.grid(), scan.provenance(), &table, &cancel, &progress)
}

/// Labels from 0 to `most`, at most 900 different ones, in an uneven pattern.
fn pattern(dims: [usize; 3], most: u16) -> LabelMap {
    let n: usize = dims.iter().product();
    let different = most.min(900);
    let label =
        |i: usize| most - ((i / 3) as u16).wrapping_mul(31) % different * (most / different);
    let labels: Vec<u16> = (0..n).map(|i| if i % 5 < 3 { 0 } else { label(i) }).collect();
    LabelMap::from_labels(dims, &labels)
}

fn stored_labels(volume: &Volume) -> Vec<u16> {
    match volume.voxels() {
        Voxels::U8(v) => v.iter().map(|&l| u16::from(l)).collect(),
        Voxels::U16(v) => v.clone(),
        other => panic!("labels as {}", other.data_type().name()),
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_label_map_makes_the_same_statements_as_its_scan() {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "ref_int16.nii.gz",
        "nifti2_int16.nii.gz",
        "two_d.nii.gz",
        "four_d.nii.gz",
        "oblique_qform_only.nii.gz",
        "qform_only_qfac_neg.nii.gz",
        "sheared_sform.nii.gz",
        "sform_qform_differ.nii.gz",
        "no_codes.nii.gz",
        "zero_pixdim.nii.gz",
        "nibabel_anatomical.nii",
        "nibabel_example_nifti2.nii.gz",
        "niivue_low_res.nii.gz",
    ] {
        let scan = open(&data(name));
        for (most, ending) in [(1, "nii"), (200, "nii.gz"), (300, "nii"), (65535, "nii.gz")] {
            let labels = pattern(scan.grid().dims(), most);
            let path = dir.path().join(format!("mask.v2.{ending}"));
            let saved = save(&path, &labels, &scan).unwrap_or_else(|e| panic!("{name}: {e}"));
            let back = open(&path);
            assert_eq!(stored_labels(&back), labels.to_vec(), "{name}");
            assert_eq!(matches!(back.voxels(), Voxels::U16(_)), labels.max() > 255, "{name}");
            assert_eq!(back.grid(), scan.grid(), "{name}");
            assert_eq!(back.scale(), Scale::NONE);
            assert_eq!(back.file_dims().len(), scan.file_dims().len().min(3), "{name}");
            // The same words, but for NaN that equals nothing.
            assert_eq!(
                format!("{:?}", back.provenance()),
                format!("{:?}", scan.provenance()),
                "{name}"
            );
            assert_eq!(saved.bytes, path.metadata().unwrap().len());
            assert_eq!(saved.table, dir.path().join("mask.v2.labels.txt"));
            let gzip = std::fs::read(&path).unwrap().starts_with(&[0x1f, 0x8b]);
            assert_eq!(gzip, ending == "nii.gz");

            let found = labels_of(&back, &path, scan.grid()).unwrap().labels;
            let meant = labels.regions();
            assert_eq!(found.len(), meant.len());
            for label in found {
                assert_eq!(label.region, meant[&label.value]);
                assert_eq!(label.name.as_deref(), (label.value == 1).then_some("liver"));
                assert_eq!(label.colour, (label.value == 1).then_some([9, 8, 7]));
                assert_eq!(label.opacity, (label.value == 1).then_some(0.35));
            }
        }
    }
    assert_eq!(names_in(dir.path()), ["mask.v2.labels.txt", "mask.v2.nii", "mask.v2.nii.gz"]);
}

#[test]
fn a_scan_from_another_format_gets_an_sform() {
    let dir = tempfile::tempdir().unwrap();
    let scan = open(&data("ref_int16.nii.gz"));
    let elsewhere = DAffine3::from_translation(DVec3::new(10.0, 20.0, 30.0));
    let grid = Grid::new(scan.grid().dims(), elsewhere).unwrap();
    let (path, labels) = (dir.path().join("a.nii.gz"), pattern(grid.dims(), 3));
    save_labels(
        &path,
        &labels,
        &grid,
        scan.provenance(),
        &[],
        &CancelToken::new(),
        &Progress::new(),
    )
    .unwrap();
    assert_eq!(open(&path).grid(), &grid);
}

#[test]
fn other_names_are_refused_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let scan = open(&data("niivue_low_res.nii.gz"));
    let labels = LabelMap::empty(scan.grid().dims());
    for name in ["mask", "mask.gz", "mask.png", ".nii", "mask.nii.bz2"] {
        let error = save(&dir.path().join(name), &labels, &scan).unwrap_err();
        assert!(matches!(error, IoError::Name { .. }), "{name}: {error}");
    }
    let other = LabelMap::empty([1, 2, 3]);
    let error = save(&dir.path().join("a.nii"), &other, &scan).unwrap_err();
    assert!(matches!(error, IoError::NoVolume { .. }), "{error}");
    assert_eq!(names_in(dir.path()), [""; 0]);
}

/// Linux gives a file's name 255 bytes; the table's is longer than the label map's by three.
#[cfg(target_os = "linux")]
#[test]
fn both_files_are_written_or_neither_however_long_the_name() {
    let scan = open(&data("niivue_low_res.nii.gz"));
    let labels = LabelMap::empty(scan.grid().dims());
    for ending in [".nii", ".nii.gz"] {
        for bytes in 236..=257 {
            let dir = tempfile::tempdir().unwrap();
            let stem =
                "ß".repeat((bytes - ending.len()) / 2) + &"x".repeat((bytes - ending.len()) % 2);
            let path = dir.path().join(format!("{stem}{ending}"));
            let written = save(&path, &labels, &scan);
            if stem.len() + ".labels.txt".len() <= 255 {
                assert!(written.is_ok() && names_in(dir.path()).len() == 2, "{bytes}");
            } else {
                let error = written.unwrap_err().to_string();
                assert!(error.contains("nothing was changed; choose a shorter name"), "{error}");
                assert_eq!(names_in(dir.path()), [""; 0], "{bytes}");
            }
        }
    }
}

#[test]
fn cancelling_and_a_table_that_cannot_be_written_leave_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let scan = open(&data("niivue_low_res.nii.gz"));
    let path = dir.path().join("mask.nii.gz");
    std::fs::write(&path, "old").unwrap();
    let labels = pattern(scan.grid().dims(), 2);
    let cancel = CancelToken::new();
    cancel.cancel();
    let progress = Progress::new();
    let error =
        save_labels(&path, &labels, scan.grid(), scan.provenance(), &[], &cancel, &progress)
            .unwrap_err();
    assert!(matches!(error, IoError::Cancelled));
    assert_eq!(names_in(dir.path()), ["mask.nii.gz"]);

    std::fs::create_dir(dir.path().join("mask.labels.txt")).unwrap();
    let error = save(&path, &labels, &scan).unwrap_err();
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(names_in(dir.path()), ["mask.labels.txt", "mask.nii.gz"]);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let scan = open(&data("niivue_low_res.nii.gz"));
    let labels = pattern(scan.grid().dims(), 2);
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("no/such/folder/mask.nii");
    let error = save(&missing, &labels, &scan).unwrap_err().to_string();
    assert!(error.contains("nothing was changed; choose a folder that exists"), "{error}");
    assert!(error.ends_with(&missing.display().to_string()), "{error}");
    // Nobody, root included, can make files there.
    if cfg!(target_os = "linux") {
        let error = save(Path::new("/proc/mask.nii"), &labels, &scan).unwrap_err();
        assert!(matches!(error, IoError::Write { .. }), "{error}");
    }
}

/// The disk is "full" for a child process that may write 4 kB in a file: `ulimit -f` with its signal
/// ignored makes `write` fail in the middle, as a full disk does; only that it says it is the file's size.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_file_whole() {
    const CHILD: &str = "VOXPOINT_TEST_SAVE_INTO";
    if let Some(folder) = std::env::var_os(CHILD) {
        let scan = open(&data("ref_int16.nii.gz"));
        let labels = pattern(scan.grid().dims(), 200);
        for name in ["mask.nii", "mask.nii.gz"] {
            let path = Path::new(&folder).join(name);
            let error = save(&path, &labels, &scan).unwrap_err().to_string();
            assert!(
                error.contains("nothing was changed; no file may become that large"),
                "{error}"
            );
            assert!(error.ends_with(name), "{error}");
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in ["mask.nii", "mask.nii.gz"] {
        std::fs::write(dir.path().join(name), "old").unwrap();
    }
    let child = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "save::a_full_disk_leaves_the_old_file_whole", "--nocapture"])
        .env(CHILD, dir.path())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"), "the child tried it");
    assert_eq!(names_in(dir.path()), ["mask.nii", "mask.nii.gz"]);
    for name in ["mask.nii", "mask.nii.gz"] {
        assert_eq!(std::fs::read(dir.path().join(name)).unwrap(), b"old");
    }
}

fn volume(grid: &Grid, voxels: Voxels, scale: Scale) -> Volume {
    let dims = grid.dims().to_vec();
    Volume::new("v", grid.clone(), dims, voxels, scale, StoredGeometry::of(grid), vec![])
}

#[test]
fn whole_numbers_of_a_scan_are_no_labels() {
    let dims = [64, 64, 40];
    let (grid, path) = (Grid::new(dims, DAffine3::IDENTITY).unwrap(), Path::new("mr.nii"));
    let count = grid.count();
    let read = |values: Vec<u16>| {
        labels_of(&volume(&grid, Voxels::U16(values), Scale::NONE), path, &grid)
            .map(|read| read.labels.len())
            .map_err(|e| e.to_string())
    };
    // An atlas of a thousand cubes, and one more value: instance maps have as many as they like.
    let atlas = |n: usize| (n / 16 % 4 + 4 * (n / 256)) as u16 % 1001;
    assert_eq!(read((0..count).map(atlas).collect()), Ok(1000));
    let one_more = read((0..count).map(|n| if n == count - 1 { 2000 } else { atlas(n) }).collect());
    assert_eq!(one_more, Ok(1001));
    // Few values, but noise: another one at nearly every voxel.
    let noise = |n: usize| (n.wrapping_mul(2_654_435_761) >> 13) as u16 % 200;
    let error = read((0..count).map(noise).collect()).unwrap_err();
    assert!(error.contains("voxel to voxel") && !error.contains('\n'), "{error}");
    // In a volume this small anything may be a label map.
    let tiny = Grid::new([8, 8, 8], DAffine3::IDENTITY).unwrap();
    let voxels = Voxels::U16((0..512).map(noise).collect());
    let tiny = labels_of(&volume(&tiny, voxels, Scale::NONE), path, &tiny).unwrap();
    assert!(tiny.labels.len() > 100);
}

#[test]
fn labels_are_whole_numbers_on_the_same_grid() {
    let path = Path::new("/x/mask.nii");
    let grid = Grid::new([4, 2, 2], DAffine3::from_scale(DVec3::new(0.5, 0.5, 2.0))).unwrap();
    let floats = |v: f32| Voxels::F32((0..16).map(|i| if i < 3 { v } else { 0.0 }).collect());
    let tenth = Scale { slope: f64::from(0.1f32), inter: 0.0 };
    let found = labels_of(&volume(&grid, floats(30.0), tenth), path, &grid).unwrap().labels;
    assert_eq!((found.len(), found[0].value, found[0].region.count()), (1, 3, 3));
    for bad in [0.5, 1.11, f32::MAX] {
        let error = labels_of(&volume(&grid, floats(bad), Scale::NONE), path, &grid).unwrap_err();
        assert!(matches!(error, IoError::NotLabels { .. }), "{bad}: {error}");
    }
    let moved = |mm: f64| {
        let m = DAffine3::from_translation(DVec3::new(mm, 0.0, 0.0)) * grid.world_from_voxel();
        volume(&Grid::new(grid.dims(), m).unwrap(), floats(1.0), Scale::NONE)
    };
    labels_of(&moved(0.01), path, &grid).unwrap();
    let error = labels_of(&moved(0.5), path, &grid).unwrap_err().to_string();
    assert!(error.contains("up to 0.50 mm from the scan's"), "{error}");
    let other = Grid::new([4, 4, 1], DAffine3::IDENTITY).unwrap();
    let error = labels_of(&volume(&other, floats(1.0), Scale::NONE), path, &grid).unwrap_err();
    assert!(error.to_string().contains("4 × 4 × 1 voxels instead of 4 × 2 × 2"), "{error}");
}

#[test]
fn scans_do_not_look_like_labels() {
    for scan in
        ["ref_int16.nii.gz", "uint16.nii.gz", "int64.nii.gz", "rgb24.nii.gz", "niivue_ras.hdr"]
    {
        let scan = open(&data(scan));
        assert_ne!(likeness(&scan), Likeness::Labels, "{}", scan.name());
    }
    let grid = open(&data("ref_int16.nii.gz")).grid().clone();
    let [nx, ny, nz] = grid.dims();
    let blocks: Vec<u16> = (0..nx * ny * nz).map(|i| ((i % nx) / 9 * 100) as u16).collect();
    let labels = volume(&grid, Voxels::U16(blocks), Scale::NONE);
    assert_eq!(likeness(&labels), Likeness::Labels);
}

prop_compose! {
    /// Any rotation, mirrored or not, sheared a little, anywhere.
    fn any_grid()(
        dims in prop::array::uniform3(1usize..8),
        spacing in prop::array::uniform3(0.05f64..8.0),
        axis in prop::array::uniform3(-1.0f64..1.0),
        angle in 0.0f64..6.3,
        mirror: bool,
        shear in -0.3f64..0.3,
        offset in prop::array::uniform3(-900.0f64..900.0),
    ) -> Grid {
        let axis = DVec3::from_array(axis).normalize_or(DVec3::Z);
        let flip = if mirror { -1.0 } else { 1.0 };
        let mut scale = DMat3::from_diagonal(DVec3::from_array(spacing) * DVec3::new(1.0, flip, 1.0));
        scale.y_axis.x = shear * spacing[1];
        let matrix3 = DMat3::from_quat(DQuat::from_axis_angle(axis, angle)) * scale;
        let translation = DVec3::from_array(offset);
        Grid::new(dims, DAffine3 { matrix3, translation }).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_saved_is_what_is_opened(
        grid in any_grid(), version in 1u8..=2, most in 1u16..600, gz: bool, seed: u32,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let name = if gz { "a.nii.gz" } else { "a.nii" };
        let stored = StoredGeometry { version, ..StoredGeometry::of(&grid) };
        let (path, said) = (dir.path().join(name), stored.into());
        let labels = pattern(grid.dims(), most);
        save_labels(&path, &labels, &grid, &said, &[], &CancelToken::new(), &Progress::new()).unwrap();
        let back = open(&path);
        prop_assert_eq!(stored_labels(&back), labels.to_vec());
        prop_assert_eq!(back.provenance().geometry.as_ref().unwrap().version, version);
        // float32 keeps seven digits of 900 mm.
        prop_assert!(back.grid().matches(&grid, 2e-4), "{:?}", back.grid());
        prop_assert!(version == 1 || back.grid().matches(&grid, 1e-12));

        let values: Vec<f32> = (0..grid.count() as u32).map(|i| f32::from_bits(seed ^ (i * 77))).collect();
        save_float32(&path, grid.dims(), &values, grid.world_from_voxel()).unwrap();
        let back = open(&path);
        let Voxels::F32(found) = back.voxels() else { panic!("not float32") };
        prop_assert!(found.iter().zip(&values).all(|(a, b)| a.to_bits() == b.to_bits()));
        prop_assert!(back.grid().matches(&grid, 2e-4));
    }
}
