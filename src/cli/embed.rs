//! `voxpoint embed`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::args::{EmbedArgs, Space};
use super::eval::sha256_of_model;
use super::segment::{model_path, open_model};
use super::{files, print, print_json};
use crate::io;
use crate::work::CancelToken;

/// What was written; keys are stable.
#[derive(Debug, Serialize)]
struct Report {
    model: String,
    model_sha256: String,
    device: String,
    files: Vec<Written>,
    /// Index of the cube's first voxel in the scan's 1.5 mm grid.
    crop_start: [i64; 3],
    /// Rows of the transform from crop voxels to RAS mm.
    crop_affine: [[f64; 4]; 4],
    point_world: [f64; 3],
}

/// One output of the encoder.
#[derive(Debug, Serialize)]
struct Written {
    /// The model's name for it.
    name: String,
    shape: Vec<usize>,
    path: PathBuf,
}

/// Encodes the cube around a point and writes every output of the encoder that the decoder gets: one as
/// `FILE.npy`, several as `FILE_<name>.npy`.
pub fn run(args: &EmbedArgs) -> anyhow::Result<()> {
    files::check_output(&args.out, &[&args.image], &[".npy"])?;
    let volume = Arc::new(files::open_one(&args.image, &args.series)?);
    let world = match args.space {
        Space::World => args.point,
        Space::Voxel => volume.grid().world(args.point),
    };
    let model = model_path(args.model.model.as_deref())?;
    let mut segmenter = open_model(&args.model)?;
    let (place, features) = segmenter.embedding(&volume, world, &CancelToken::new())?;
    let alone = features.len() == 1;
    // All files are whole before the first takes its place, and files of two runs never stand side by side.
    let (mut written, mut finished) = (Vec::new(), Vec::new());
    for output in features {
        let path = if alone { args.out.clone() } else { named(&args.out, &output.name) };
        finished.push((io::stage_npy(&path, &output.shape, &output.values)?, path.clone()));
        written.push(Written { name: output.name, shape: output.shape, path });
    }
    io::publish_together(finished)?;
    let report = Report {
        model: segmenter.model_name().to_owned(),
        model_sha256: sha256_of_model(&model)?,
        device: segmenter.device().name.clone(),
        files: written,
        crop_start: place.start,
        crop_affine: files::rows(&place.world_from_crop),
        point_world: world.to_array(),
    };
    if args.json {
        return print_json(&report);
    }
    let line = |w: &Written| {
        let shape: Vec<String> = w.shape.iter().map(usize::to_string).collect();
        format!("{}  {}  {}", w.path.display(), w.name, shape.join(" × "))
    };
    print(&report.files.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// `out` with a name before its ending. Names are the model's: only what is safe in a file's name stays.
fn named(out: &Path, name: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    let stem = out.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    out.with_file_name(format!("{stem}_{name}.npy"))
}
