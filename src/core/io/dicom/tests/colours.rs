//! Colours in JPEG-LS and by palettes, and pixels of one bit, as pydicom reads them (`tests/data/dicom/colours/make.py`).

use super::*;
use crate::volume::Conversion;

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Hexadecimal.
    file: String,
    #[serde(default)]
    dims: Vec<usize>,
    /// Of colours their luma.
    #[serde(default)]
    values: Vec<f64>,
    /// Part of the reason why it is not opened.
    refused: Option<String>,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        from_hex(&self.file)
    }
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(data().join("colours/cases.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn colours_and_bits_are_read_as_pydicom_reads_them() {
    let all = cases();
    assert!(all.len() > 70);
    let folder = tempfile::tempdir().unwrap();
    for (n, case) in all.into_iter().enumerate() {
        let what = &case.name;
        let path = folder.path().join(n.to_string());
        std::fs::write(&path, case.bytes()).unwrap();
        let found = open(&path);
        if let Some(part) = &case.refused {
            let why = found.err().map(|e| e.to_string()).unwrap_or_default();
            assert!(why.contains(part) && !why.contains('\n'), "{what}: {why}");
            continue;
        }
        let volume = found.unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(volume.file_dims(), case.dims, "{what}");
        let values: Vec<f64> = (0..volume.voxels().len())
            .map(|n| volume.scale().apply(volume.voxels().raw(n)))
            .collect();
        assert_eq!(values, case.values, "{what}");
        let colours = !what.starts_with("bits");
        assert_eq!(volume.conversion() == Some(Conversion::Colours), colours, "{what}");
    }
}

#[test]
fn broken_colours_are_refused_in_words_and_nothing_panics() {
    let mut random = fastrand::Rng::with_seed(32);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken");
    for case in cases() {
        let whole = case.bytes();
        for round in 0..12 {
            let mut bytes = whole.clone();
            if round % 4 == 0 {
                bytes.truncate(random.usize(..bytes.len()));
            } else {
                // Of small files most is the header; what is coded stands at the end.
                let from = if round % 4 == 1 { 0 } else { bytes.len() / 2 };
                for _ in 0..random.usize(1..12) {
                    let at = random.usize(from..bytes.len());
                    bytes[at] = random.u8(..);
                }
            }
            std::fs::write(&path, bytes).unwrap();
            if let Err(error) = open(&path) {
                let why = error.to_string();
                assert!(
                    !why.is_empty() && !why.contains("the decoder failed"),
                    "{}: {why}",
                    case.name
                );
            }
        }
    }
}
