//! What may be typed after `voxpoint mesh`.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use crate::mesh::MeshSpace;

/// What `voxpoint mesh --help` ends with.
const FILES: &str = "\
The ending decides the format: .glb (glTF 2.0) and .obj have all structures with their names and colours in one file; .stl \
and .ply have one structure, so of several each gets a file of its own, NAME_3_liver.stl. Numbers are millimetres in the \
space that is chosen, which stands in the file as 3D Slicer writes and reads it (SPACE=RAS). A .glb has a node above its \
structures that turns them to glTF's metres with y upwards.

Meshes are closed. The surface between voxels is smoothed by half of --error, thinned out by a quarter, and moved by at most \
the last quarter until it holds as much as the voxels.";

/// `voxpoint mesh`.
// Each is a flag of its own.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
#[command(after_long_help = FILES)]
pub struct MeshArgs {
    /// A label map.
    pub input: PathBuf,
    /// Where to write it (.glb, .obj, .stl, .ply).
    #[arg(long, value_name = "FILE.glb")]
    pub out: PathBuf,
    /// Only this label: its value in the file. Give it again for more.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub label: Vec<u64>,
    /// Which way the axes go: to the patient's Right, Anterior, Superior, or Left, Posterior, Superior.
    #[arg(long, value_enum, default_value_t = MeshSpaceArg::Ras)]
    pub space: MeshSpaceArg,
    /// How far the mesh may be from the surface between voxels, mm; 0: not at all. Else half the largest voxel side.
    #[arg(long, value_name = "MM", value_parser = parse_error)]
    pub error: Option<f64>,
    /// Leave the steps between voxels.
    #[arg(long)]
    pub no_smoothing: bool,
    /// Leave all triangles.
    #[arg(long)]
    pub no_decimation: bool,
    /// Which time point of a label map with several, counted from 1; else the first.
    #[arg(long, visible_alias = "frame", value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub time_point: Option<usize>,
    /// Take a file with values between whole numbers for a probability map of label 1: what is above P.
    #[arg(long, value_name = "P", value_parser = super::number)]
    pub threshold: Option<f64>,
    /// Replace files that are there already.
    #[arg(long)]
    pub force: bool,
    /// Print JSON: space, `error_mm`, meshes (label, name, file, vertices, triangles, `area_mm2`, `volume_ml`,
    /// `voxels_volume_ml`).
    #[arg(long)]
    pub json: bool,
}

/// `--space` of `voxpoint mesh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MeshSpaceArg {
    /// Right, Anterior, Superior.
    Ras,
    /// Left, Posterior, Superior.
    Lps,
}

impl From<MeshSpaceArg> for MeshSpace {
    fn from(space: MeshSpaceArg) -> Self {
        match space {
            MeshSpaceArg::Ras => Self::Ras,
            MeshSpaceArg::Lps => Self::Lps,
        }
    }
}

fn parse_error(text: &str) -> Result<f64, String> {
    match super::number(text)? {
        mm if mm >= 0.0 => Ok(mm),
        mm => Err(format!("{mm} is not 0 or more")),
    }
}
