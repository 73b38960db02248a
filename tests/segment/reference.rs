//! Reads the reference cases of `tests/data/reference`. A reader of its own, because it must not depend
//! on what is tested elsewhere: little-endian NIfTI-1 of two types, gzip, sform, no scaling.

#![allow(dead_code)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid};
use voxpoint::prompt::Prompt;
use voxpoint::volume::{Scale, StoredGeometry, Volume, Voxels};

pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

pub fn folder() -> PathBuf {
    data().join("reference")
}

/// A volume of these voxels, values as stored.
pub fn volume_of(grid: Grid, voxels: Voxels) -> Arc<Volume> {
    let (stored, dims) = (StoredGeometry::of(&grid), grid.dims().to_vec());
    Arc::new(Volume::new("test", grid, dims, voxels, Scale::NONE, stored, vec![]))
}

pub fn read_nifti(path: &Path) -> Arc<Volume> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let int = |at: usize| i16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let float = |at: usize| f64::from(f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    assert!(int(254) > 0, "no sform");
    let dims: [usize; 3] = std::array::from_fn(|a| int(42 + 2 * a) as usize);
    let row = |r: usize| -> [f64; 4] { std::array::from_fn(|c| float(280 + 16 * r + 4 * c)) };
    let voxels = &bytes[float(108) as usize..];
    let voxels = match int(70) {
        2 => Voxels::U8(voxels.to_vec()),
        4 => {
            Voxels::I16(voxels.as_chunks::<2>().0.iter().map(|&b| i16::from_le_bytes(b)).collect())
        }
        other => panic!("type {other}"),
    };
    volume_of(Grid::new(dims, affine([row(0), row(1), row(2)])).unwrap(), voxels)
}

pub fn affine(rows: [[f64; 4]; 3]) -> DAffine3 {
    let column = |c: usize| DVec3::new(rows[0][c], rows[1][c], rows[2][c]);
    DAffine3 { matrix3: DMat3::from_cols(column(0), column(1), column(2)), translation: column(3) }
}

/// float32 values of a NumPy file, C order.
pub fn read_npy(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let text = String::from_utf8_lossy(&bytes[..header]);
    assert!(text.contains("'<f4'") && text.contains("'fortran_order': False"), "{text}");
    bytes[header..].as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

#[derive(serde::Deserialize)]
pub struct Click {
    #[serde(rename = "click_world")]
    pub world: [f64; 3],
    pub label: u8,
    pub point: [f64; 3],
    /// As the model predicts it.
    pub iou: f64,
}

#[derive(serde::Deserialize)]
pub struct Case {
    pub image: String,
    pub grid_shape: [usize; 3],
    pub crop_start: [i64; 3],
    pub crop_affine: [[f64; 4]; 4],
    pub mean: f64,
    pub std: f64,
    pub steps: Vec<Click>,
}

impl Case {
    pub fn read(name: &str) -> Self {
        Self::read_from(&folder().join(name))
    }

    pub fn read_from(place: &Path) -> Self {
        serde_json::from_slice(&std::fs::read(place.join("reference.json")).unwrap()).unwrap()
    }

    pub fn volume(&self) -> Arc<Volume> {
        read_nifti(&folder().join(&self.image))
    }

    pub fn crop_affine(&self) -> DAffine3 {
        let [a, b, c, _] = self.crop_affine;
        affine([a, b, c])
    }

    pub fn prompts(&self) -> Vec<Prompt> {
        let prompt = |c: &Click| Prompt::new(DVec3::from_array(c.world), c.label == 1);
        self.steps.iter().map(prompt).collect()
    }
}
