//! Padding, MONOCHROME1, multi-frame files, rare syntaxes, SUV and an index as other programs read them
//! (`tests/data/dicom/series/make.py`, `suv/make.py`, `disc.py`).

use super::*;
use crate::io::{OpenOptions, VolumePart, formats};
use crate::volume::{Histogram, SuvKind, Window};

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Hexadecimal.
    files: Vec<String>,
    dims: Vec<usize>,
    values: Vec<f64>,
    affine: Option<[[f64; 4]; 4]>,
    /// Of what is no padding, with how many voxels are.
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    padded: Option<usize>,
    #[serde(default)]
    low_is_bright: bool,
    tolerance: Option<f64>,
}

fn values(volume: &Volume) -> Vec<f64> {
    let all = 0..volume.voxels().len();
    all.map(|n| volume.scale().apply(volume.voxels().raw(n))).collect()
}

/// The largest difference of any number, or of their count.
fn apart(found: &[f64], expected: &[f64]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn assert_affine(volume: &Volume, rows: &[[f64; 4]; 4], what: &str) {
    let affine = volume.grid().world_from_voxel();
    for (r, row) in rows.iter().take(3).enumerate() {
        let columns = [0, 1, 2].map(|c| affine.matrix3.col(c)[r]);
        let found = [columns[0], columns[1], columns[2], affine.translation[r]];
        assert!(apart(&found, row) < 1e-4, "{what}: {found:?}, {row:?}");
    }
}

#[test]
fn small_series_are_read_as_other_programs_read_them() {
    let text = std::fs::read_to_string(data().join("series/cases.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= 30, "{}", cases.len());
    for case in cases {
        let what = &*case.name;
        let dir = tempfile::tempdir().unwrap();
        // Names that say nothing of their order.
        for (n, file) in case.files.iter().enumerate() {
            std::fs::write(dir.path().join(format!("{:02}", n * 7 % 11)), from_hex(file)).unwrap();
        }
        let volume = open(dir.path()).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(volume.file_dims(), case.dims, "{what}");
        let off = apart(&values(&volume), &case.values);
        assert!(off <= case.tolerance.unwrap_or(1e-4), "{what}: off by {off}");
        if let Some(rows) = &case.affine {
            assert_affine(&volume, rows, what);
        }
        assert_eq!(volume.low_is_bright(), case.low_is_bright, "{what}");
        let told = warnings(&volume).contains("MONOCHROME1): it is shown inverted");
        assert_eq!(told, case.low_is_bright, "{what}: {}", warnings(&volume));
        let stats = volume.stats();
        if let (Some(min), Some(max), Some(mean)) = (case.min, case.max, case.mean) {
            let found = [stats.min, stats.max, stats.mean];
            assert!(apart(&found, &[min, max, mean]) < 1e-3, "{what}: {found:?}");
        }
        assert_eq!(Some(stats.padding), case.padded.or(Some(0)), "{what}");
    }
}

#[test]
fn padding_is_in_no_window_and_goes_with_a_part() {
    let text = std::fs::read_to_string(data().join("series/cases.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    let case = cases.iter().find(|case| case.name == "padding").unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (n, file) in case.files.iter().enumerate() {
        std::fs::write(dir.path().join(n.to_string()), from_hex(file)).unwrap();
    }
    let volume = open(dir.path()).unwrap();
    let stats = volume.stats();
    let histogram = Histogram::of(&volume, &stats, 128);
    let left = (volume.voxels().len() - stats.padding) as u64;
    assert_eq!(histogram.counts().iter().sum::<u64>(), left);
    assert!(histogram.edge(0) >= stats.min, "{}", histogram.edge(0));
    let window = Window::auto(&stats, &histogram);
    assert!(window.low() >= -1000.0, "{window:?}");
    let part = VolumePart { every: [2, 1, 1], ..VolumePart::default() };
    let part = part.taken_from(volume.clone()).unwrap();
    assert_eq!(part.padding(), volume.padding());
    assert!(part.stats().min >= stats.min && part.stats().padding > 0);
}

#[derive(Deserialize)]
struct Uptake {
    activity: Vec<f64>,
    bw: Suv,
    lbm: Suv,
    bsa: Suv,
}

#[derive(Deserialize)]
struct Suv {
    factor: f64,
    values: Vec<f64>,
}

/// By the published formulas, written in Python.
#[test]
fn uptake_is_that_of_the_published_formulas() {
    let text = std::fs::read_to_string(data().join("suv/expected.json")).unwrap();
    let expected: Uptake = serde_json::from_str(&text).unwrap();
    let volume = open(&data().join("suv/1.dcm")).unwrap();
    assert_eq!((volume.file_dims(), &*warnings(&volume)), (&[8, 6, 3][..], ""));
    assert!(apart(&values(&volume), &expected.activity) < 1e-2);
    for (kind, suv) in [
        (SuvKind::BodyWeight, expected.bw),
        (SuvKind::LeanBodyMass, expected.lbm),
        (SuvKind::BodySurface, expected.bsa),
    ] {
        let factor = volume.suv_factor(Some(kind)).unwrap();
        assert!((factor / suv.factor - 1.0).abs() < 1e-9, "{kind:?}: {factor}, {}", suv.factor);
        let shown = volume.in_suv(Some(kind)).unwrap();
        assert!(apart(&values(&shown), &suv.values) < 1e-5, "{kind:?}");
    }
}

#[derive(Deserialize)]
struct Disc {
    rows: Vec<DiscRow>,
    /// The one that is opened.
    series: String,
    dims: Vec<usize>,
    affine: [[f64; 4]; 4],
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct DiscRow {
    series: String,
    images: usize,
}

/// The data set of an index has no SOP Class UID.
#[test]
fn the_index_of_a_real_disc_is_read_as_pydicom_reads_it() {
    let text = std::fs::read_to_string(data().join("disc.json")).unwrap();
    let disc: Disc = serde_json::from_str(&text).unwrap();
    let source = Source::at(&data().join("disc/DICOMDIR"));
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let list = formats().list(&source, &cancel, &progress).unwrap().unwrap();
    assert!(list.notes().is_empty(), "{:?}", list.notes());
    let images_of = |uid: &str| {
        // Of a series that is several scans, each has `#` and its number behind the UID.
        let of = list.rows().iter().filter(|row| row.key.split('#').next() == Some(uid));
        of.map(|row| row.images).sum::<usize>()
    };
    for DiscRow { series, images } in &disc.rows {
        assert_eq!(images_of(series), *images, "{series}");
    }
    let row = list.find(&disc.series).unwrap();
    let options = OpenOptions::default();
    let volume = list.open_as(row, &options, &Limits::default(), &cancel, &progress).unwrap();
    assert_eq!(volume.file_dims(), disc.dims);
    assert_affine(&volume, &disc.affine, "the disc");
    assert!(apart(&values(&volume), &disc.values) < 1e-6);
}
