//! Label maps that nibabel and SimpleITK made for a scan, opened in the voxels they are of: each row of
//! `data/belonging/cases.json` is a scan with a label map and what becomes of it, made by `data/belonging/make.py`.

use std::path::{Path, PathBuf};

use serde_json::Value;
use voxpoint::geom::DVec3;
use voxpoint::io::{Limits, labels_of, open_volume, placed_on, save_labels};
use voxpoint::volume::{LabelMap, Volume};
use voxpoint::work::{CancelToken, Progress};

/// The voxel of label 1, and that of label 2.
const MARKER: [usize; 3] = [5, 1, 3];
const FAR: [usize; 3] = [0, 4, 0];

fn cases() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/belonging/cases.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The file behind a string of hexadecimal gzip, and its volume.
fn opened(case: &Value, key: &str, folder: &Path) -> (PathBuf, Volume) {
    let digits = case[key].as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let packed: Vec<u8> = digits.chunks_exact(2).map(byte).collect();
    let path = folder.join(format!("{key}.nii.gz"));
    std::fs::write(&path, packed).unwrap();
    let volume = open(&path);
    (path, volume)
}

fn open(path: &Path) -> Volume {
    let limits = Limits { memory: 1 << 20 };
    open_volume(path, &limits, &CancelToken::new(), &Progress::new()).unwrap()
}

/// The sides on which a place lies, as `LPS`.
fn sides(world: DVec3) -> String {
    let letters = [('R', 'L'), ('A', 'P'), ('S', 'I')];
    let side = |(v, (plus, minus)): (f64, (char, char))| if v < 0.0 { minus } else { plus };
    world.to_array().into_iter().zip(letters).map(side).collect()
}

/// `Err` says what is wrong with how the label map of a case is opened.
fn judged(case: &Value, folder: &Path) -> Result<(), String> {
    let (_, scan) = opened(case, "scan", folder);
    let (path, labels) = opened(case, "labels", folder);
    let placed = placed_on(&labels, &path, &scan);
    let refused = case["refused"].as_str();
    let (placed, why) = match (placed, refused) {
        (Err(error), Some(words)) => {
            let text = error.to_string();
            let true_words = text.contains(words) && text.ends_with("labels.nii.gz");
            return if true_words { Ok(()) } else { Err(text) };
        }
        (Ok((_, why)), Some(_)) => return Err(format!("it was opened: {why:?}")),
        (Err(error), None) => return Err(error.to_string()),
        (Ok(placed), None) => placed,
    };
    let why: Vec<String> = why.iter().map(|w| format!("{w:?}")).collect();
    if serde_json::json!(why) != case["why"] {
        return Err(format!("recognised as {why:?} instead of {}", case["why"]));
    }
    let grid = scan.grid();
    if placed.grid() != grid || sides(grid.world_of(MARKER)) != case["side"].as_str().unwrap() {
        return Err(format!("on {:?}, the marker {}", placed.grid(), sides(grid.world_of(MARKER))));
    }
    let mut meant = vec![0u16; grid.count()];
    (meant[grid.index(MARKER)], meant[grid.index(FAR)]) = (1, 2);
    let found: Vec<u16> = (0..meant.len()).map(|n| placed.voxels().raw(n) as u16).collect();
    if found != meant {
        let at = found.iter().position(|&v| v == 1);
        return Err(format!("the marker is at {at:?}"));
    }
    // What is saved of it says what the scan says.
    let to = folder.join("saved.nii.gz");
    let map = LabelMap::from_labels(grid.dims(), &found);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    save_labels(&to, &map, grid, scan.provenance(), &[], &cancel, &progress).unwrap();
    let saved = open(&to);
    if saved.grid() != grid
        || format!("{:?}", saved.provenance()) != format!("{:?}", scan.provenance())
    {
        return Err("saved with another geometry".to_owned());
    }
    labels_of(&saved, &to, grid).map(|_| ()).map_err(|e| e.to_string())
}

#[test]
fn label_maps_of_other_programs_lie_in_the_voxels_they_were_made_of() {
    let cases = cases();
    assert!(cases.len() > 70, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let folder = tempfile::tempdir().unwrap();
        if let Err(why) = judged(case, folder.path()) {
            wrong.push(format!("{}: {why}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
