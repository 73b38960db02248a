//! Headers as odd writers leave them, against what nibabel and SimpleITK read in them: each row of
//! `data/headers/cases.json` is a file and the answer, made by `data/headers/make.py`.

use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::Value;
use voxpoint::io::{Limits, open_volume};
use voxpoint::volume::Volume;
use voxpoint::work::{CancelToken, Progress};

fn cases() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/headers/cases.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The bytes behind a string of hexadecimal gzip.
fn unpacked(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let packed: Vec<u8> = digits.chunks_exact(2).map(byte).collect();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    bytes
}

fn write(path: &Path, bytes: &[u8]) {
    let packed = path.extension().is_some_and(|e| e == "gz");
    let mut out = Vec::new();
    if packed {
        let mut gzip = flate2::write::GzEncoder::new(&mut out, flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap();
    } else {
        out.extend(bytes);
    }
    std::fs::write(path, out).unwrap();
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// What differs from what the readers found, in words.
fn differs(volume: &Volume, expected: &Value) -> Option<String> {
    let grid = volume.grid();
    let (dims, time_points) = (grid.dims().map(|d| d as f64), volume.time_points() as u64);
    if dims.to_vec() != numbers(&expected["dims"])
        || Some(time_points) != expected["frames"].as_u64()
    {
        return Some(format!("{dims:?} voxels, {time_points} time points"));
    }
    let place = grid.world_from_voxel();
    for row in 0..3 {
        let [x, y, z] = place.matrix3.row(row).to_array();
        let found = [x, y, z, place.translation[row]];
        let meant = numbers(&expected["affine"][row]);
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 2e-6 * b.abs().max(1.0);
        if !found.iter().zip(&meant).all(close) {
            return Some(format!("row {row} of the transform is {found:?} instead of {meant:?}"));
        }
    }
    let voxels = volume.voxels();
    let found: Vec<f64> = (0..voxels.len()).map(|n| volume.scale().apply(voxels.raw(n))).collect();
    (found != numbers(&expected["values"])).then(|| format!("values {found:?}"))
}

/// `Err` says what is wrong with how a case is read.
fn judged(case: &Value, folder: &Path) -> Result<(), String> {
    let file = folder.join(case["file"].as_str().unwrap());
    write(&file, &unpacked(&case["content"]));
    if case.get("image").is_some() {
        let image = file.to_str().unwrap().replace(".hdr", ".img");
        write(Path::new(&image), &unpacked(&case["image"]));
    }
    let says = case["says"].as_str().unwrap();
    let limits = Limits { memory: 1 << 20 };
    let read = open_volume(&file, &limits, &CancelToken::new(), &Progress::new());
    match (read, case["by"] == "refused") {
        (Ok(_), true) => Err("it was opened".to_owned()),
        (Err(error), false) => Err(error.to_string()),
        (Err(error), true) => {
            let text = error.to_string();
            if text.contains(says) { Ok(()) } else { Err(format!("no {says:?} in {text:?}")) }
        }
        (Ok(volume), false) => {
            let warnings = volume.warnings();
            let told = if says.is_empty() {
                warnings.is_empty()
            } else {
                warnings.iter().any(|w| w.0.contains(says))
            };
            if !told {
                return Err(format!("no {says:?} in {warnings:?}"));
            }
            differs(&volume, &case["expected"]).map_or(Ok(()), Err)
        }
    }
}

#[test]
fn headers_are_read_as_nibabel_and_simpleitk_read_them() {
    let cases = cases();
    assert!(cases.len() > 400, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let folder = tempfile::tempdir().unwrap();
        if let Err(why) = judged(case, folder.path()) {
            wrong.push(format!("{}: {why}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
