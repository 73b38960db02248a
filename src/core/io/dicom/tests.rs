mod broken;
mod colours;
mod padding;
mod parts;
mod places;
mod series;
mod stored;

use std::path::{Path, PathBuf};

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;
use serde::Deserialize;

use super::super::error::IoError;
use super::super::format::{Reader as _, Source};
use super::super::limits::Limits;
use super::read::DicomReader;
use crate::geom::DVec3;
use crate::volume::Volume;
use crate::work::{CancelToken, Progress};

fn open(path: &Path) -> Result<Volume, IoError> {
    DicomReader.open(&Source::at(path), &Limits::default(), &CancelToken::new(), &Progress::new())
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dicom")
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap() as u8;
    let pairs = text.as_bytes().as_chunks::<2>().0.iter();
    pairs.map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn warnings(volume: &Volume) -> String {
    volume.warnings().iter().map(|w| w.0.as_str()).collect::<Vec<_>>().join("; ")
}

/// What another program reads in a file or folder: `tests/data/dicom/make_expected.py`.
#[derive(Deserialize)]
struct Expected {
    /// Relative to the folder of the data.
    path: String,
    dims: Option<Vec<usize>>,
    /// Rows of voxel to RAS mm, where the file has a place.
    affine: Option<[[f64; 4]; 4]>,
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    /// A voxel and its value.
    voxel: Option<([usize; 3], f64)>,
    /// Part of the reason why it is not opened.
    refused: Option<String>,
    /// How far values may be off: lossy compression.
    tolerance: Option<f64>,
}

#[test]
fn real_files_are_read_as_pydicom_and_simpleitk_read_them() {
    let text = std::fs::read_to_string(data().join("expected.json")).unwrap();
    let table: Vec<Expected> = serde_json::from_str(&text).unwrap();
    assert!(table.len() > 20);
    for row in table {
        let what = row.path.as_str();
        // Each alone: others of the folder may be of its series.
        let folder = tempfile::tempdir().unwrap();
        let mut path = data().join(what);
        if path.is_file() {
            let alone = folder.path().join("image");
            std::fs::copy(&path, &alone).unwrap();
            path = alone;
        }
        let found = open(&path);
        if let Some(part) = row.refused {
            let why = found.err().map(|e| e.to_string()).unwrap_or_default();
            assert!(why.contains(&part), "{what}: {why}");
            continue;
        }
        let volume = found.unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(Some(volume.file_dims().to_vec()), row.dims, "{what}");
        let tolerance = row.tolerance.unwrap_or(1e-4);
        let values: Vec<f64> = (0..volume.voxels().len())
            .map(|n| volume.scale().apply(volume.voxels().raw(n)))
            .collect();
        let near = |found: f64, expected: Option<f64>, of: &str| {
            let expected = expected.unwrap();
            let off = (found - expected).abs();
            assert!(
                off <= tolerance * expected.abs().max(1.0),
                "{what}, {of}: {found}, {expected}"
            );
        };
        near(values.iter().copied().fold(f64::INFINITY, f64::min), row.min, "smallest");
        near(values.iter().copied().fold(f64::NEG_INFINITY, f64::max), row.max, "largest");
        near(values.iter().sum::<f64>() / values.len() as f64, row.mean, "mean");
        if let Some((voxel, value)) = row.voxel {
            near(volume.value(voxel), Some(value), "a voxel");
        }
        if let Some(rows) = row.affine {
            let affine = volume.grid().world_from_voxel();
            for (r, row) in rows.iter().take(3).enumerate() {
                for (c, expected) in row.iter().enumerate() {
                    let found =
                        if c == 3 { affine.translation[r] } else { affine.matrix3.col(c)[r] };
                    assert!(
                        (found - expected).abs() < 1e-4,
                        "{what}: {r}, {c}: {found}, {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn broken_files_are_refused_in_words_and_nothing_panics() {
    let mut random = fastrand::Rng::with_seed(18);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken");
    let names = [
        "CT_small.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "JPGExtended.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_implicit.dcm",
        "rtstruct.dcm",
    ];
    for name in names {
        let whole = std::fs::read(data().join("pydicom").join(name)).unwrap();
        for round in 0..60 {
            let mut bytes = whole.clone();
            if round % 3 == 0 {
                bytes.truncate(random.usize(..bytes.len()));
            } else {
                // Most of what can break is at the beginning.
                let until = if round % 3 == 1 { bytes.len() } else { bytes.len().min(2000) };
                for _ in 0..random.usize(1..20) {
                    bytes[random.usize(..until)] = random.u8(..);
                }
            }
            std::fs::write(&path, bytes).unwrap();
            if let Err(error) = open(&path) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

/// An image of 4 × 3 pixels, of which the first is `first` and each other one more.
fn image(series: &str, uid: usize, position: [f64; 3], first: i16) -> InMemDicomObject {
    let text = |tag, vr, text: &str| DataElement::new(tag, vr, PrimitiveValue::from(text));
    let short = |tag, n: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(n));
    let pixels: Vec<u8> = (0..12).flat_map(|n| (first + n).to_le_bytes()).collect();
    let [x, y, z] = position;
    InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2"),
        text(tags::SOP_INSTANCE_UID, VR::UI, &format!("1.2.3.{series}.{uid}")),
        text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
        text(tags::SERIES_INSTANCE_UID, VR::UI, &format!("1.2.3.{series}")),
        text(tags::SERIES_NUMBER, VR::IS, series),
        text(tags::MODALITY, VR::CS, "CT"),
        text(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
        // Against the positions: they are not asked.
        text(tags::INSTANCE_NUMBER, VR::IS, &(1000 - uid).to_string()),
        text(tags::SLICE_THICKNESS, VR::DS, "99"),
        text(tags::IMAGE_POSITION_PATIENT, VR::DS, &format!("{x}\\{y}\\{z}")),
        text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0"),
        text(tags::PIXEL_SPACING, VR::DS, "0.75\\0.5"),
        text(tags::RESCALE_INTERCEPT, VR::DS, "-1000"),
        text(tags::RESCALE_SLOPE, VR::DS, "1"),
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        short(tags::SAMPLES_PER_PIXEL, 1),
        short(tags::ROWS, 3),
        short(tags::COLUMNS, 4),
        short(tags::BITS_ALLOCATED, 16),
        short(tags::BITS_STORED, 16),
        short(tags::HIGH_BIT, 15),
        short(tags::PIXEL_REPRESENTATION, 1),
        DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::from(pixels)),
    ])
}

fn with(mut image: InMemDicomObject, tag: Tag, vr: VR, text: &str) -> InMemDicomObject {
    image.put(DataElement::new(tag, vr, PrimitiveValue::from(text)));
    image
}

/// Writes images under names that say nothing of their order.
fn folder(images: Vec<InMemDicomObject>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (n, image) in images.into_iter().enumerate() {
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax("1.2.840.10008.1.2.1")
            .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.2")
            .media_storage_sop_instance_uid(format!("1.2.3.{n}"));
        let path = folder.path().join(format!("{:03}", (n * 37) % 101));
        image.with_meta(meta).unwrap().write_to_file(path).unwrap();
    }
    folder
}

fn series(heights: &[f64]) -> Vec<InMemDicomObject> {
    let each = |(n, z): (usize, &f64)| image("5", n, [-10.0, -20.0, *z], 100 * n as i16);
    heights.iter().enumerate().map(each).collect()
}

#[test]
fn a_folder_becomes_a_volume_by_the_places_of_its_images() {
    let dir = folder(series(&[4.0, 0.0, 2.0]));
    let volume = open(dir.path()).unwrap();
    assert_eq!(volume.grid().dims(), [4, 3, 3]);
    let first = volume.grid().world_of([0; 3]);
    assert!(first.distance(DVec3::new(10.0, 20.0, 0.0)) < 1e-9, "{first}");
    // 0.5 mm between columns, 0.75 between rows, 2 between slices; x and y to the right and the front.
    let last = volume.grid().world_of([3, 2, 2]);
    assert!(last.distance(DVec3::new(8.5, 18.5, 4.0)) < 1e-9, "{last}");
    assert_eq!([0, 1, 2].map(|z| volume.value([0, 0, z])), [-900.0, -800.0, -1000.0]);
    assert_eq!(volume.value([3, 2, 1]), -789.0);
    assert_eq!(warnings(&volume), "");
    let said = &volume.provenance().identifiers;
    assert!(said.contains(&("SeriesInstanceUID".into(), "1.2.3.5".into())), "{said:?}");
}

/// Many scans lie in a folder of the same name. What tells them apart is on the screen, and what has a day nowhere else.
#[test]
fn a_scan_is_called_by_series_and_day_on_the_screen_only() {
    let dated = |image| with(image, tags::SERIES_DATE, VR::DA, "20190512");
    let called = |image, text: &str| with(image, tags::SERIES_DESCRIPTION, VR::LO, text);
    let both = |images: &[InMemDicomObject]| -> Vec<InMemDicomObject> {
        images
            .iter()
            .cloned()
            .chain((0..2).map(|n| image("6", n, [0.0, 0.0, n as f64], 0)))
            .collect()
    };
    let plain = series(&[0.0, 1.0, 2.0]);
    let days: Vec<_> = plain.iter().cloned().map(dated).collect();
    let no_number = |image: &InMemDicomObject| {
        let mut image = called(image.clone(), "Thorax with contrast, soft tissue");
        image.remove_element(tags::SERIES_NUMBER);
        image
    };
    let numberless: Vec<_> = days.iter().map(no_number).collect();
    for (images, shown, part) in [
        (plain.clone(), "CT 5", ""),
        (days.clone(), "CT 5 2019-05-12", ""),
        (numberless, "CT Thorax with contrast 2019-05-12", ""),
        (both(&days), "CT 5 2019-05-12", "_CT5"),
    ] {
        let dir = folder(images);
        let volume = open(dir.path()).unwrap();
        let place = dir.path().file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(volume.name_on_screen(), format!("{shown} · {place}"));
        let title = if part.is_empty() { String::new() } else { " (CT 5)".to_owned() };
        assert_eq!(volume.name(), format!("{place}{title}"));
        assert_eq!(volume.provenance().name_part(), part);
        assert!(!format!("{volume:?}").contains("2019-05"));
        assert_eq!(volume.clone().called("x").name_on_screen(), "x");
    }
}

/// What is in a folder, how many voxels it becomes (or part of why it does not), and part of what is told.
type Row<'a> = (&'a str, Vec<InMemDicomObject>, Result<&'a [usize], &'a str>, &'a str);

#[test]
// A table.
#[allow(clippy::too_many_lines)]
fn folders_as_hospitals_have_them() {
    let gap = series(&[0.0, 1.0, 3.0, 4.0]);
    let uneven = series(&[0.0, 1.0, 2.0, 3.6]);
    let mut doubles = series(&[0.0, 1.0]);
    doubles.extend(series(&[0.0, 1.0]));
    let mut two = series(&[0.0, 1.0, 2.0]);
    two.extend((0..2).map(|n| image("6", n, [0.0, 0.0, n as f64], 0)));
    let mut localizer = series(&[0.0, 1.0]);
    localizer.extend((0..5).map(|n| {
        let image = image("7", n, [0.0, 0.0, n as f64], 0);
        with(image, tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\LOCALIZER")
    }));
    let mut big = image("1", 0, [0.0; 3], 0);
    big.put(DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(6u16)));
    big.put(DataElement::new(tags::COLUMNS, VR::US, PrimitiveValue::from(8u16)));
    big.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::from(vec![7u8; 96])));
    let mut larger = vec![big];
    larger.extend(series(&[0.0, 1.0]));
    let scales: Vec<_> = series(&[0.0, 1.0])
        .into_iter()
        .enumerate()
        .map(|(n, image)| with(image, tags::RESCALE_SLOPE, VR::DS, &format!("{}", n + 1)))
        .collect();
    let times: Vec<_> = (0..4)
        .map(|n| {
            let image = image("5", n, [0.0, 0.0, (n / 2) as f64], 10 * n as i16);
            with(image, tags::TEMPORAL_POSITION_IDENTIFIER, VR::IS, &format!("{}", 2 - n % 2))
        })
        .collect();
    let tilted = (0..3).map(|n| image("5", n, [0.0, 0.3 * n as f64, n as f64], 0)).collect();
    let places: Vec<_> = series(&[0.0, 1.0])
        .into_iter()
        .map(|mut image| {
            image.remove_element(tags::IMAGE_POSITION_PATIENT);
            image
        })
        .collect();
    let extra: Vec<_> = series(&[0.0, 1.0, 1.0, 2.0]);
    let short = series(&[0.0])
        .into_iter()
        .map(|mut image| {
            image.put(DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(30_000u16)));
            image
        })
        .collect();
    let frames = series(&[0.0, 1.0, 2.0]).into_iter().enumerate();
    let frames =
        frames.map(|(n, i)| with(i, tags::FRAME_OF_REFERENCE_UID, VR::UI, ["1.7", "1.8"][n / 2]));
    let mut projection = image("5", 0, [0.0; 3], 0);
    projection.remove_element(tags::PIXEL_SPACING);
    let projection = with(projection, tags::IMAGER_PIXEL_SPACING, VR::DS, "0.2\\0.1");
    let rows: Vec<Row> = vec![
        ("one missing", gap, Ok(&[4, 3, 5]), "missing and shown empty: one after slice 2"),
        ("uneven", uneven, Err("1 to 1.6 mm apart"), ""),
        ("copies", doubles, Ok(&[4, 3, 2]), "2 images are there twice"),
        ("two series", two, Ok(&[4, 3, 3]), "series 6, CT, 2 images"),
        ("a localizer with more images", localizer, Ok(&[4, 3, 2]), "series 7, CT, 5 images"),
        ("each its own scale", scales, Ok(&[4, 3, 2]), ""),
        ("two times", times, Ok(&[4, 3, 2, 2]), ""),
        ("tilted gantry", tilted, Ok(&[4, 3, 3]), "tilted by 16.7°"),
        ("a larger localizer first", larger, Ok(&[4, 3, 2]), "series 1, CT, 1 images"),
        ("no places", places, Err("do not say where they lie"), ""),
        ("one place twice", extra, Err("nothing says which belong together"), ""),
        ("two frames", frames.collect(), Ok(&[4, 3, 3]), "its images lie in 2 frames of reference"),
        ("on a detector", vec![projection], Ok(&[4, 3, 1]), "lengths come out too long"),
        ("larger than its file", short, Err("its header claims"), ""),
    ];
    for (what, images, expected, told) in rows {
        let dir = folder(images);
        std::fs::write(dir.path().join("readme.dcm"), "Slices of the pelvis.\n").unwrap();
        match (open(dir.path()), expected) {
            (Ok(volume), Ok(dims)) => {
                assert_eq!(volume.file_dims(), dims, "{what}");
                assert!(warnings(&volume).contains(told), "{what}: {}", warnings(&volume));
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{what}: {error}"),
            (found, _) => panic!("{what}: {:?}", found.map(|v| v.file_dims().to_vec())),
        }
    }
}

#[test]
fn times_scales_and_gaps_have_their_values() {
    let times = (0..4).map(|n| {
        let image = image("5", n, [0.0, 0.0, (n / 2) as f64], 10 * n as i16);
        with(image, tags::TEMPORAL_POSITION_IDENTIFIER, VR::IS, &format!("{}", 2 - n % 2))
    });
    let dir = folder(times.collect());
    let volume = open(dir.path()).unwrap();
    // The one with the smaller number first.
    let first = |t, z| volume.value_in(t, [0, 0, z]) + 1000.0;
    assert_eq!([first(0, 0), first(0, 1), first(1, 0), first(1, 1)], [10.0, 30.0, 0.0, 20.0]);

    let scales = series(&[0.0, 1.0]).into_iter().enumerate();
    let scales = scales.map(|(n, i)| with(i, tags::RESCALE_SLOPE, VR::DS, &format!("{}", n + 1)));
    let dir = folder(scales.collect());
    let volume = open(dir.path()).unwrap();
    assert_eq!([volume.value([1, 0, 0]), volume.value([1, 0, 1])], [-999.0, -798.0]);

    let dir = folder(series(&[0.0, 1.0, 3.0]));
    let volume = open(dir.path()).unwrap();
    assert_eq!(volume.value([2, 2, 2]), -1000.0, "the smallest there is");
    assert_eq!(volume.value([0, 0, 3]), -800.0);
}

/// Any file of a series opens it, and not the other in its folder.
#[test]
fn one_file_stands_for_its_series() {
    let mut images = series(&[0.0, 1.0, 2.0]);
    images.extend((0..2).map(|n| image("6", n, [0.0, 0.0, n as f64], 7)));
    let dir = folder(images);
    let (mut five, mut six) = (0, 0);
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let volume = open(&entry.unwrap().path()).unwrap();
        match volume.grid().dims() {
            [4, 3, 3] => five += 1,
            [4, 3, 2] => six += 1,
            other => panic!("{other:?}"),
        }
        assert_eq!(warnings(&volume), "");
        // And it tells which files are of it, whatever else lies there.
        let files: std::collections::BTreeSet<&PathBuf> = volume.files().iter().collect();
        assert_eq!(files.len(), volume.grid().dims()[2]);
        assert!(files.iter().all(|path| path.parent() == Some(dir.path()) && path.is_file()));
    }
    assert_eq!((five, six), (3, 2));
}
