//! Segmentations and contours: those of others, right and wrong (`tests/data/dicom/labels/make.py`), and our own, written
//! for scans in several acquisitions and read back.

mod parts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;
use serde::Deserialize;
use serde_json::json;

use super::super::error::IoError;
use super::super::format::{Onto, Reader as _, Source};
use super::super::labels_read::LabelsRead;
use super::super::limits::Limits;
use super::super::note::LabelNote;
use super::super::standard::{formats, labels_for, open_volume, save_labels, save_overlapping};
use super::attributes::Attributes;
use super::opened::{data_set, open};
use super::read::DicomReader;
use crate::geom::{DAffine3, DMat3, DVec3, Grid};
use crate::volume::{CoveredLabels, LabelMap, LabelName, NamedRegion, Provenance, Region, Volume};
use crate::work::{CancelToken, Progress};

/// A file on a scan's grid.
#[derive(Deserialize)]
struct Case {
    file: String,
    dims: [usize; 3],
    /// Rows of voxel to RAS mm.
    affine: [[f64; 4]; 3],
    frame_of_reference: String,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    doubtful: bool,
    /// Part of why it is not read.
    refused: Option<String>,
}

#[derive(Deserialize)]
struct Label {
    value: u16,
    name: String,
    colour: Option<[u8; 3]>,
    /// First voxel and length, x fastest; not split at the ends of rows.
    runs: Vec<[usize; 2]>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dicom/labels")
}

impl Case {
    fn read(&self) -> Result<Option<LabelsRead>, IoError> {
        self.read_for(&[])
    }

    /// For a scan that says more of itself.
    fn read_for(&self, more: &[(&str, &str)]) -> Result<Option<LabelsRead>, IoError> {
        let [x, y, z] = self.affine;
        let column = |n: usize| DVec3::new(x[n], y[n], z[n]);
        let matrix3 = DMat3::from_cols(column(0), column(1), column(2));
        let grid = Grid::new(self.dims, DAffine3 { matrix3, translation: column(3) }).unwrap();
        let frame = ("FrameOfReferenceUID".to_owned(), self.frame_of_reference.clone());
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let identifiers = std::iter::once(frame).chain(more).collect();
        let provenance = Provenance { identifiers, ..Provenance::default() };
        let onto = Onto { grid: &grid, provenance: &provenance };
        let source = Source::File(data().join(&self.file));
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        DicomReader.labels(&source, &onto, &Limits::default(), &cancel, &progress)
    }
}

#[test]
fn labels_of_another_study_are_asked_about() {
    let text = std::fs::read_to_string(data().join("expected.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    for name in ["binary_axial.dcm", "contours_axial.dcm"] {
        let case = cases.iter().find(|case| case.file == name).unwrap();
        let file = data().join(name);
        let own = data_set(&mut open(&file).unwrap(), &file).unwrap();
        let study = Attributes(&own).text(tags::STUDY_INSTANCE_UID).unwrap();
        for (of_scan, asked) in [(study.as_str(), false), ("1.2.3", true)] {
            let read = case.read_for(&[("StudyInstanceUID", of_scan)]).unwrap().unwrap();
            let told = read.notes.iter().any(|note| note.to_string().contains("another study"));
            assert_eq!((told, told && read.is_doubtful), (asked, asked), "{name}");
        }
    }
}

#[test]
fn labels_of_others_are_read_as_highdicom_and_skimage_read_them() {
    let text = std::fs::read_to_string(data().join("expected.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() > 50);
    for (n, case) in cases.into_iter().enumerate() {
        let what = format!("{} ({n})", case.file);
        let found = case.read();
        if let Some(part) = &case.refused {
            let why = found.err().map(|e| e.to_string()).unwrap_or_default();
            assert!(why.contains(part), "{what}: {why}");
            assert!(!why.contains('\n'), "{what}: {why}");
            continue;
        }
        let read = found.unwrap_or_else(|e| panic!("{what}: {e}")).unwrap();
        let names: Vec<_> = read.labels.iter().map(|l| (l.value, l.name.as_deref())).collect();
        let meant: Vec<_> = case.labels.iter().map(|l| (l.value, Some(&*l.name))).collect();
        assert_eq!(names, meant, "{what}");
        for (label, meant) in read.labels.iter().zip(&case.labels) {
            let voxels = label.region.runs().iter().flat_map(|run| run.start..run.end());
            let expected = meant.runs.iter().flat_map(|[start, len]| *start..start + len);
            assert!(voxels.eq(expected), "{what}: the voxels of {}", meant.name);
            let off = |(a, b): (u8, u8)| a.abs_diff(b);
            let apart =
                label.colour.zip(meant.colour).map(|(a, b)| a.into_iter().zip(b).map(off).max());
            assert_eq!(label.colour.is_some(), meant.colour.is_some(), "{what}");
            assert!(apart.flatten().is_none_or(|apart| apart <= 1), "{what}: {:?}", label.colour);
        }
        let notes: Vec<String> = read.notes.iter().map(ToString::to_string).collect();
        assert_eq!(notes.len(), case.notes.len(), "{what}: {notes:?}");
        for part in &case.notes {
            assert!(
                notes.iter().any(|note| note.contains(part)),
                "{what}: {notes:?} without {part}"
            );
        }
        assert_eq!(read.is_doubtful, case.doubtful, "{what}");
    }
}

#[test]
fn broken_label_files_are_refused_in_words_and_nothing_panics() {
    let text = std::fs::read_to_string(data().join("expected.json")).unwrap();
    let mut cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    cases.retain(|case| case.refused.is_none());
    cases.dedup_by(|a, b| a.file == b.file);
    let mut random = fastrand::Rng::with_seed(66);
    let folder = tempfile::tempdir().unwrap();
    for mut case in cases {
        let whole = std::fs::read(data().join(&case.file)).unwrap();
        let path = folder.path().join("broken");
        case.file = path.to_string_lossy().into_owned();
        for round in 0..6 {
            let mut bytes = whole.clone();
            if round % 3 == 0 {
                bytes.truncate(random.usize(..bytes.len()));
            } else {
                for _ in 0..random.usize(1..20) {
                    let at = random.usize(..bytes.len());
                    bytes[at] = random.u8(..);
                }
            }
            std::fs::write(&path, bytes).unwrap();
            if let Err(error) = case.read() {
                assert!(!error.to_string().is_empty());
            }
            let _ = open_volume(&path, &Limits::default(), &CancelToken::new(), &Progress::new());
        }
    }
}

/// A segmentation opens by itself, too.
#[test]
fn a_segmentation_alone_is_a_volume_of_its_numbers() {
    let limits = (Limits::default(), CancelToken::new(), Progress::new());
    let open = |name: &str| open_volume(&data().join(name), &limits.0, &limits.1, &limits.2);
    let volume = open("binary_oblique.dcm").unwrap();
    assert_eq!(volume.grid().dims()[..2], [11, 9]);
    let spacing = volume.grid().spacing();
    assert!(spacing.distance(DVec3::new(0.8, 1.3, 2.5)) < 1e-6, "{spacing}");
    let read = super::super::standard::labels_of(
        &volume,
        &data().join("binary_oblique.dcm"),
        volume.grid(),
    );
    let names: Vec<_> = read.unwrap().labels.into_iter().filter_map(|l| l.name).collect();
    assert_eq!(names, ["Liver", "Kidney left", "肿瘤"]);
    let warnings = open("overlap.dcm").unwrap();
    assert!(warnings.warnings()[0].0.contains("share"), "{:?}", warnings.warnings());
    let why = open("contours_axial.dcm").unwrap_err().to_string();
    assert!(why.contains("open the scan first"), "{why}");
}

/// An acquisition: along a row, along a column (LPS), where slices go on.
struct Acquisition {
    name: &'static str,
    row: DVec3,
    column: DVec3,
    step: DVec3,
}

const SIZE: [usize; 3] = [13, 10, 8];

fn acquisitions() -> Vec<Acquisition> {
    let turn = DMat3::from_rotation_z(0.4) * DMat3::from_rotation_x(-0.6);
    let normal = |row: DVec3, column: DVec3| row.cross(column) * 2.5;
    let of = |name, row: DVec3, column: DVec3| Acquisition {
        name,
        row,
        column,
        step: normal(row, column),
    };
    let mut all = vec![
        of("axial", DVec3::X, DVec3::Y),
        of("sagittal", DVec3::Y, DVec3::NEG_Z),
        of("coronal", DVec3::X, DVec3::NEG_Z),
        of("prone, feet first", DVec3::NEG_X, DVec3::NEG_Y),
        of("oblique", turn * DVec3::X, turn * DVec3::Y),
    ];
    // A gantry: slices go on obliquely.
    all.push(Acquisition {
        name: "tilted",
        step: DVec3::new(0.0, 0.7, 2.5),
        ..of("", DVec3::X, DVec3::Y)
    });
    all
}

/// Writes the images of an acquisition; the slices have names that say nothing of their order.
fn series(folder: &Path, Acquisition { row, column, step, .. }: &Acquisition) {
    let list = |v: &[f64]| v.iter().map(ToString::to_string).collect::<Vec<_>>().join("\\");
    for k in 0..SIZE[2] {
        let position = DVec3::new(-31.5, 20.25, 640.125) + k as f64 * *step;
        let text = |tag, vr, text: &str| DataElement::new(tag, vr, PrimitiveValue::from(text));
        let short = |tag, n: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(n));
        let axes = [row.to_array(), column.to_array()].concat();
        let pixels: Vec<u8> =
            (0..SIZE[0] * SIZE[1]).flat_map(|n| (n as u16).to_le_bytes()).collect();
        let image = InMemDicomObject::from_element_iter([
            text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
            text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2"),
            text(tags::SOP_INSTANCE_UID, VR::UI, &format!("1.2.3.9.{k}")),
            text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
            text(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3.9"),
            text(tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.2.3.4"),
            text(tags::PATIENT_NAME, VR::PN, "Müßig^Näme"),
            text(tags::PATIENT_ID, VR::LO, "made up"),
            text(tags::STUDY_DATE, VR::DA, "20200229"),
            text(tags::INSTITUTION_NAME, VR::LO, "of no concern"),
            text(tags::MODALITY, VR::CS, "CT"),
            text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
            text(tags::IMAGE_POSITION_PATIENT, VR::DS, &list(&position.to_array())),
            text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &list(&axes)),
            text(tags::PIXEL_SPACING, VR::DS, "1.3\\0.8"),
            text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
            short(tags::SAMPLES_PER_PIXEL, 1),
            short(tags::ROWS, SIZE[1] as u16),
            short(tags::COLUMNS, SIZE[0] as u16),
            short(tags::BITS_ALLOCATED, 16),
            short(tags::BITS_STORED, 16),
            short(tags::HIGH_BIT, 15),
            short(tags::PIXEL_REPRESENTATION, 0),
            DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::from(pixels)),
        ]);
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax("1.2.840.10008.1.2.1")
            .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.2")
            .media_storage_sop_instance_uid(format!("1.2.3.9.{k}"));
        let path = folder.join(format!("{:03}", (k * 37) % 101));
        image.with_meta(meta).unwrap().write_to_file(path).unwrap();
    }
}

fn scan(folder: &Path) -> Volume {
    open_volume(folder, &Limits::default(), &CancelToken::new(), &Progress::new()).unwrap()
}

fn names(largest: u16) -> Vec<LabelName> {
    let row = |(value, name, colour): (u16, &str, [u8; 3])| LabelName {
        value,
        name: name.into(),
        colour,
        opacity: 1.0,
        visible: true,
    };
    [
        (2, "kidney_left", [200, 30, 40]),
        (3, "肿瘤 \\ “Tümor”", [1, 255, 128]),
        (largest, "liver", [77, 88, 99]),
    ]
    .map(row)
    .into()
}

/// Clumps of labels 2, 3 and the largest; nothing in some slices.
fn labels(random: &mut fastrand::Rng, dims: [usize; 3], largest: u16) -> LabelMap {
    let area = dims[0] * dims[1];
    let mut values = vec![0; area * dims[2]];
    for slice in values.chunks_mut(area) {
        if random.u8(..) < 60 {
            continue;
        }
        let share = random.f64();
        for value in slice {
            if random.f64() < share {
                *value = [2, 2, 3, largest, largest][random.usize(..5)];
            }
        }
    }
    values[area + 5] = 3;
    LabelMap::from_labels(dims, &values)
}

fn save(path: &Path, labels: &LabelMap, scan: &Volume, names: &[LabelName]) -> Result<(), IoError> {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let (grid, said) = (scan.grid(), scan.provenance());
    save_labels(path, labels, grid, said, names, &cancel, &progress).map(|_| ())
}

const NAMES: [&str; 3] = ["m.dcm", "m.labelmap.dcm", "m.rtstruct.dcm"];

fn read_back(path: &Path, scan: &Volume) -> LabelsRead {
    let (limits, cancel, progress) = (Limits::default(), CancelToken::new(), Progress::new());
    labels_for(path, scan, &limits, &cancel, &progress).unwrap().unwrap()
}

#[test]
fn what_is_written_is_read_back_the_same_in_every_acquisition() {
    let mut random = fastrand::Rng::with_seed(2026);
    for acquisition in acquisitions() {
        let folder = tempfile::tempdir().unwrap();
        series(folder.path(), &acquisition);
        let scan = scan(folder.path());
        let out = tempfile::tempdir().unwrap();
        for round in 0..6 {
            let largest = [9, 255, 256, 65535][round % 4];
            let meant = labels(&mut random, scan.grid().dims(), largest);
            for name in NAMES {
                let what = format!("{}, {name}, {round}", acquisition.name);
                let path = out.path().join(name);
                save(&path, &meant, &scan, &names(largest))
                    .unwrap_or_else(|e| panic!("{what}: {e}"));
                // Not the table beside it: the file's own.
                std::fs::remove_file(out.path().join("m.labels.txt")).unwrap();
                assert!(!formats().is_foreign(&path), "{what}");
                let read = read_back(&path, &scan);
                let regions: BTreeMap<_, _> =
                    read.labels.iter().map(|l| (l.value, l.region.clone())).collect();
                assert_eq!(regions, meant.regions(), "{what}");
                // A label that is on some slices only is told of contours.
                let others = |note: &&LabelNote| !note.text.contains("some of their slices");
                assert_eq!(read.notes.iter().find(others), None, "{what}");
                assert!(!read.is_doubtful, "{what}");
                for label in &read.labels {
                    let row =
                        names(largest).into_iter().find(|row| row.value == label.value).unwrap();
                    assert_eq!(label.colour, Some(row.colour), "{what}");
                    assert_eq!(label.name, Some(row.name.replace(" \\ ", "   ")), "{what}");
                }
            }
        }
    }
}

/// Labels of which some share voxels.
fn overlapping(
    random: &mut fastrand::Rng,
    dims: [usize; 3],
    largest: u16,
) -> (LabelMap, CoveredLabels) {
    let mut of = |value: u16| {
        let found = labels(random, dims, largest).regions().remove(&value);
        NamedRegion::unnamed(value, found.unwrap_or_default())
    };
    let all = [of(3), of(2), of(largest)];
    CoveredLabels::of(dims, &all)
}

fn save_overlapping_as(path: &Path, labels: (&LabelMap, &CoveredLabels), scan: &Volume) {
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let (grid, said, names) = (scan.grid(), scan.provenance(), names(9));
    save_overlapping(path, labels, grid, said, &names, &cancel, &progress).unwrap();
}

#[test]
fn labels_that_share_voxels_are_read_back_whole() {
    let mut random = fastrand::Rng::with_seed(77);
    for acquisition in acquisitions() {
        let folder = tempfile::tempdir().unwrap();
        series(folder.path(), &acquisition);
        let scan = scan(folder.path());
        let (map, covered) = overlapping(&mut random, scan.grid().dims(), 9);
        assert!(!covered.is_empty(), "{}", acquisition.name);
        for name in NAMES {
            let what = format!("{}, {name}", acquisition.name);
            let path = folder.path().join(name);
            save_overlapping_as(&path, (&map, &covered), &scan);
            let read = read_back(&path, &scan);
            let found: BTreeMap<_, _> =
                read.labels.iter().map(|l| (l.value, l.region.clone())).collect();
            let keeps = formats().keeps_overlaps(&path);
            assert_eq!(keeps, !name.contains("labelmap"), "{what}");
            let meant = if keeps { covered.whole(&map) } else { map.regions() };
            assert_eq!(found, meant, "{what}");
            let told = |note: &LabelNote| note.text.contains("each keeps all of its own");
            assert_eq!(read.notes.iter().any(told), keeps, "{what}");
            assert!(!read.is_doubtful, "{what}");
            if name == "m.dcm" {
                let data = header(&path);
                let overlap = Attributes(&data).text(tags::SEGMENTS_OVERLAP);
                assert_eq!(overlap.as_deref(), Some("YES"));
            }
            std::fs::remove_file(&path).unwrap();
        }
    }
}

fn header(path: &Path) -> InMemDicomObject {
    data_set(&mut open(path).unwrap(), path).unwrap()
}

/// Which file names the images, and what of the patient goes into it.
#[test]
fn a_written_file_is_of_its_patient_and_names_its_images() {
    let folder = tempfile::tempdir().unwrap();
    series(folder.path(), &acquisitions()[0]);
    let scan = scan(folder.path());
    let meant = labels(&mut fastrand::Rng::with_seed(1), scan.grid().dims(), 9);
    let out = tempfile::tempdir().unwrap();
    for name in NAMES {
        let path = out.path().join(name);
        save(&path, &meant, &scan, &names(9)).unwrap();
        let data = header(&path);
        let said = Attributes(&data);
        let text = |tag| said.text(tag).unwrap_or_default();
        assert_eq!(text(tags::PATIENT_NAME), "Müßig^Näme", "{name}");
        assert_eq!(text(tags::PATIENT_ID), "made up");
        assert_eq!(text(tags::STUDY_DATE), "20200229");
        assert_eq!(text(tags::STUDY_INSTANCE_UID), "1.2.3");
        assert_eq!(text(tags::FRAME_OF_REFERENCE_UID), "1.2.3.4");
        assert_ne!(text(tags::SERIES_INSTANCE_UID), "1.2.3.9");
        assert_eq!(said.0.get(tags::INSTITUTION_NAME), None, "only what the standard wants");
        assert!(said.0.get(tags::PATIENT_BIRTH_DATE).is_some(), "wanted, also if it is empty");
        let images: Vec<String> = images(said, name);
        assert_eq!(images.len(), SIZE[2], "{name}");
        assert!((0..SIZE[2]).all(|k| images.contains(&format!("1.2.3.9.{k}"))), "{name}");
    }
    let data = header(&out.path().join("m.dcm"));
    let segments: Vec<_> = Attributes(&data).items(tags::SEGMENT_SEQUENCE).collect();
    let numbers: Vec<_> = segments.iter().map(|s| s.whole(tags::SEGMENT_NUMBER)).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3)]);
    let code = |n: usize, tag: Tag| segments[n].first(tag).and_then(|c| c.text(tags::CODE_VALUE));
    let kind = tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE;
    assert_eq!(code(0, kind).as_deref(), Some("64033007"), "a kidney");
    assert_eq!(code(2, kind).as_deref(), Some("10200004"), "the liver");
}

/// The instances that a file refers to.
fn images(said: Attributes, name: &str) -> Vec<String> {
    let uids = |item: Attributes, tag: Tag| -> Vec<String> {
        item.items(tag).filter_map(|i| i.text(tags::REFERENCED_SOP_INSTANCE_UID)).collect()
    };
    if name.contains("rtstruct") {
        let frame = said.first(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE).unwrap();
        let study = frame.first(tags::RT_REFERENCED_STUDY_SEQUENCE).unwrap();
        let series = study.first(tags::RT_REFERENCED_SERIES_SEQUENCE).unwrap();
        assert_eq!(series.text(tags::SERIES_INSTANCE_UID).as_deref(), Some("1.2.3.9"));
        return uids(series, tags::CONTOUR_IMAGE_SEQUENCE);
    }
    let series = said.first(tags::REFERENCED_SERIES_SEQUENCE).unwrap();
    assert_eq!(series.text(tags::SERIES_INSTANCE_UID).as_deref(), Some("1.2.3.9"));
    uids(series, tags::REFERENCED_INSTANCE_SEQUENCE)
}

#[test]
fn what_can_not_be_written_is_refused_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    series(folder.path(), &acquisitions()[0]);
    let scan = scan(folder.path());
    let meant = labels(&mut fastrand::Rng::with_seed(1), scan.grid().dims(), 9);
    let voxels = scan.voxels().clone();
    let plain = Volume::new(
        "plain",
        scan.grid().clone(),
        scan.grid().dims().to_vec(),
        voxels,
        scan.scale(),
        Provenance::default(),
        Vec::new(),
    );
    let out = tempfile::tempdir().unwrap();
    let refused = |labels: &LabelMap, scan: &Volume, part: &str| {
        for name in NAMES {
            let why = save(&out.path().join(name), labels, scan, &names(9)).unwrap_err();
            assert!(why.to_string().contains(part), "{name}: {why}");
            assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0, "{name}");
        }
    };
    refused(&meant, &plain, "not opened from DICOM");
    refused(&LabelMap::empty(scan.grid().dims()), &scan, "needs one");
    // The first image has been exchanged, then all are gone.
    let path = &scan.provenance().images.as_ref().unwrap().files[0].path;
    std::fs::copy(&scan.provenance().images.as_ref().unwrap().files[1].path, path).unwrap();
    refused(&meant, &scan, "another image lies where");
    std::fs::remove_dir_all(folder.path()).unwrap();
    refused(&meant, &scan, "there is no such file");
    std::fs::create_dir(folder.path()).unwrap();
}

/// For `read_back.py`: scans, files of their labels and, in `expected.json`, what is in them.
#[test]
#[ignore = "writes files for readers of others into the folder VOXPOINT_WRITTEN"]
fn write_dicom_for_reference_readers() {
    let root = std::env::var_os("VOXPOINT_WRITTEN").expect("VOXPOINT_WRITTEN is a folder");
    let root = Path::new(&root);
    let mut expected = serde_json::Map::new();
    let mut random = fastrand::Rng::with_seed(77);
    for (n, acquisition) in acquisitions().iter().enumerate() {
        let folder = root.join(format!("scan_{n}"));
        std::fs::create_dir_all(&folder).unwrap();
        series(&folder, acquisition);
        let scan = scan(&folder);
        let m = scan.grid().world_from_voxel();
        let affine: Vec<[f64; 4]> =
            (0..3).map(|r| [m.x_axis[r], m.y_axis[r], m.z_axis[r], m.translation[r]]).collect();
        let largest = [9, 255, 256, 65535][n % 4];
        let meant = labels(&mut random, scan.grid().dims(), largest);
        let boxed = parts::part(&folder, [Some([2, 9]), Some([3, 8]), Some([1, 6])], [1; 3]);
        let in_box = labels(&mut random, boxed.grid().dims(), largest);
        let whole = parts::on_whole(&in_box, [2, 3, 1]);
        let all = [("", &scan, &meant, &meant), ("box_", &boxed, &in_box, &whole)];
        for (name, (kind, scan, labels, meant)) in NAMES.iter().flat_map(|n| all.map(|a| (n, a))) {
            let name = format!("{n}_{kind}{name}");
            save(&root.join(&name), labels, scan, &names(largest)).unwrap();
            let named: Vec<_> = names(largest)
                .into_iter()
                .map(|l| json!({ "value": l.value, "name": l.name, "colour": l.colour }))
                .collect();
            let row = json!({
                "scan": format!("scan_{n}"), "affine": affine, "dims": SIZE,
                "values": meant.to_vec(), "labels": named,
            });
            expected.insert(name, row);
        }
        let (map, covered) = overlapping(&mut random, scan.grid().dims(), 9);
        let whole = covered.whole(&map).into_iter().map(|(value, region)| {
            let runs: Vec<_> = region.runs().iter().map(|run| [run.start, run.end()]).collect();
            (value.to_string(), json!(runs))
        });
        let whole: serde_json::Map<_, _> = whole.collect();
        for name in ["o.dcm", "o.rtstruct.dcm"] {
            let name = format!("{n}_{name}");
            save_overlapping_as(&root.join(&name), (&map, &covered), &scan);
            let row = json!({
                "scan": format!("scan_{n}"), "affine": affine, "dims": scan.grid().dims(),
                "values": map.to_vec(), "whole": whole, "labels": [],
            });
            expected.insert(name, row);
        }
    }
    std::fs::write(root.join("dicom.json"), serde_json::to_string(&expected).unwrap()).unwrap();
}
