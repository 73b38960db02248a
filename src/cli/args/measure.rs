//! What may be typed after `voxpoint measure`.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use crate::volume::SuvKind;

/// What `voxpoint measure --help` ends with.
const DEFINITIONS: &str = "\
Names and definitions are those of IBSI and PyRadiomics (docs/measures.md says which is which): surface area, mesh volume and \
sphericity of the marching-cubes mesh between voxel centres; axes by the variances of voxel centres; the longest diameter \
between vertices of the mesh. The axial diameters are those of RECIST: the longest in an axial slice, and the longest at \
right angles to it. Places are millimetres to the patient's Right, Anterior and Superior.

A folder: all label maps in it and in folders in it; with --scan FOLDER each belongs to the scan whose name it has, with \
or without _seg, _mask or the like added. Files that are no label maps are left out and named. A map that can't be measured \
is named and the others go on; the exit code is then 1.";

/// `voxpoint measure`.
#[derive(Args, Debug)]
#[command(after_long_help = DEFINITIONS)]
pub struct MeasureArgs {
    /// A label map, or a folder of them.
    #[arg(value_name = "FILE|FOLDER")]
    pub input: PathBuf,
    /// The scan on whose voxels the label map lies, or the folder of the scans: also measures the values.
    #[arg(long, value_name = "SCAN|FOLDER")]
    pub scan: Option<PathBuf>,
    /// Which series of a scan that is a folder, a ZIP archive or a DICOMDIR: its UID, its number, or what `voxpoint info FOLDER`
    /// calls it. Without it a place with several scans is refused.
    #[arg(long, value_name = "UID|N", requires = "scan")]
    pub series: Option<String>,
    /// Only this label: its value in the file.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub label: Option<u64>,
    /// Measure uptake (highest and peak SUV, MTV, TLG): a PET whose file says what is needed is put into SUV by body weight, lean
    /// body mass or body surface; “stored” takes its values for SUV. One whose file is in SUV already needs no option.
    #[arg(long, value_enum, value_name = "bw|lbm|bsa|stored", requires = "scan")]
    pub suv: Option<MeasureSuv>,
    /// Which time point of a label map with several, counted from 1; else the first.
    #[arg(long, visible_alias = "frame", value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub time_point: Option<usize>,
    /// Which time point of a scan with several, counted from 1; else the first.
    #[arg(long, value_name = "N", requires = "scan", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub scan_time_point: Option<usize>,
    /// Take files with values between whole numbers for probability maps of label 1: what is above P.
    #[arg(long, value_name = "P", value_parser = super::number)]
    pub threshold: Option<f64>,
    /// Put the label map onto the scan's grid where it is another: the nearest voxel's label.
    #[arg(long, requires = "scan")]
    pub resample: bool,
    /// Write a table (.csv).
    #[arg(long, value_name = "FILE.csv")]
    pub csv: Option<PathBuf>,
    /// Print JSON: file, scan, unit, structures (label, name, voxels, `volume_ml`, `surface_area_mm2`, sphericity, elongation,
    /// flatness, `max_diameter_mm`, `axial_long_mm`, `axial_short_mm`, `centroid_mm`, `bounding_box`, `oriented_box`, …, values,
    /// uptake); of a folder files, failures.
    #[arg(long)]
    pub json: bool,
}

/// `--suv` of `voxpoint measure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MeasureSuv {
    /// By body weight.
    Bw,
    /// By lean body mass (Janmahasatian).
    Lbm,
    /// By body surface (Du Bois).
    Bsa,
    /// Its values are SUV.
    Stored,
}

impl MeasureSuv {
    /// Into which SUV the scan is to be put; `None` if it is there already.
    pub fn kind(self) -> Option<SuvKind> {
        match self {
            Self::Bw => Some(SuvKind::BodyWeight),
            Self::Lbm => Some(SuvKind::LeanBodyMass),
            Self::Bsa => Some(SuvKind::BodySurface),
            Self::Stored => None,
        }
    }
}
