//! `voxpoint convert`, and what names a scan among others.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::geom::Orientation;
use crate::io::{
    ContentKind, OpenOptions, SliceSpacing, TableKind, TypedPlace, VolumePart, formats,
};
use crate::volume::SuvKind;

/// Which of the scans of a folder, an archive or a DICOMDIR.
#[derive(Args, Clone, Debug, Default)]
pub struct SeriesArg {
    /// Which series of a folder, a ZIP archive or a DICOMDIR: its UID, its number, or what `voxpoint info FOLDER` calls
    /// it. Else the likely one.
    #[arg(long, value_name = "UID|N")]
    pub series: Option<String>,
    /// Resample DICOM slices that lie unevenly, linearly; else they are refused.
    #[arg(long)]
    pub even: bool,
    /// Where the axes x, y, z of a file run to that does not say it (ANALYZE 7.5; PNG and TIFF slices): LAS is to the
    /// left, to the front, up.
    #[arg(long, value_name = "LAS|RAS|…", value_parser = TypedPlace::parse_orientation)]
    pub orientation: Option<Orientation>,
    /// Millimetres between voxels along x, y, z, of files that do not say it (PNG and TIFF slices).
    #[arg(long, value_name = "X,Y,Z", value_parser = parse_spacing)]
    pub spacing: Option<Lengths>,
    /// Open only these voxels of a scan, as NumPy counts: from the first to before the last, from 0; : is all.
    #[arg(long, value_name = "X0:X1,Y0:Y1,Z0:Z1", value_parser = parse_crop)]
    pub crop: Option<Ranges>,
    /// Open only every Nth voxel, as it is: coarser, for scans too large for the memory. What is smaller may be missing.
    #[arg(long, value_name = "N|X,Y,Z", value_parser = parse_every)]
    pub every: Option<Counts>,
}

/// Millimetres along x, y, z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lengths(pub [f64; 3]);

/// Voxels along x, y, z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranges(pub [Option<[usize; 2]>; 3]);

/// Numbers along x, y, z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts(pub [usize; 3]);

fn parse_spacing(text: &str) -> Result<Lengths, String> {
    TypedPlace::parse_spacing(text).map(Lengths)
}

fn parse_crop(text: &str) -> Result<Ranges, String> {
    VolumePart::parse_crop(text).map(Ranges)
}

fn parse_every(text: &str) -> Result<Counts, String> {
    VolumePart::parse_every(text).map(Counts)
}

impl SeriesArg {
    /// How the scan is to be read.
    pub fn options(&self) -> OpenOptions {
        let slices = if self.even { SliceSpacing::Even } else { SliceSpacing::AsItIs };
        let spacing = self.spacing.map(|Lengths(mm)| mm);
        let place = TypedPlace { orientation: self.orientation, spacing };
        let crop = self.crop.map_or([None; 3], |Ranges(crop)| crop);
        let every = self.every.map_or([1; 3], |Counts(every)| every);
        OpenOptions { slices, place, part: VolumePart { crop, every } }
    }
}

/// `--suv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SuvArg {
    /// By body weight.
    Bw,
    /// By lean body mass (Janmahasatian).
    Lbm,
    /// By body surface (Du Bois).
    Bsa,
}

impl From<SuvArg> for SuvKind {
    fn from(suv: SuvArg) -> Self {
        match suv {
            SuvArg::Bw => Self::BodyWeight,
            SuvArg::Lbm => Self::LeanBodyMass,
            SuvArg::Bsa => Self::BodySurface,
        }
    }
}

/// `--as`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConvertAs {
    /// A label map, with the names and colours of its labels.
    Labels,
    /// A scan, with all its time points.
    Image,
    /// A DICOM segmentation (.dcm, .labelmap.dcm) of the images that --reference names.
    Seg,
    /// DICOM contours (.rtstruct.dcm) on the images that --reference names.
    Rtstruct,
}

/// `--tables`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableArg {
    /// 3D Slicer's colour table.
    Slicer,
    /// `FreeSurfer`'s lookup table.
    Freesurfer,
    /// That of a segmentation in BIDS.
    Bids,
}

impl From<TableArg> for TableKind {
    fn from(table: TableArg) -> Self {
        match table {
            TableArg::Slicer => Self::Slicer,
            TableArg::Freesurfer => Self::FreeSurfer,
            TableArg::Bids => Self::Bids,
        }
    }
}

fn out_help() -> String {
    let endings = formats().written_endings(ContentKind::Scan).join(", ");
    format!(
        "Where to write it; the ending decides the format ({endings}; of labels also .seg.nrrd, and .dcm, .labelmap.dcm, .rtstruct.dcm with --reference)"
    )
}

/// `voxpoint convert`.
#[derive(Args, Debug)]
pub struct ConvertArgs {
    /// Anything that Voxpoint opens; of DICOM also a folder, a ZIP archive or a DICOMDIR.
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where to write it.
    #[arg(value_name = "OUT", help = out_help(), required_unless_present = "per_label")]
    pub out: Option<PathBuf>,
    /// Write each label into a file of its own in this folder, called as the label is: 1 where it is. Instead of OUT.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["out", "tables", "suv", "anonymise"])]
    pub per_label: Option<PathBuf>,
    /// How the names of those files end (.nii.gz, .nrrd, .mha, …); else as that of IN, or of --reference.
    #[arg(long, value_name = "ENDING", requires = "per_label")]
    pub ending: Option<String>,
    /// Which scan; of --reference if there is one.
    #[command(flatten)]
    pub series: SeriesArg,
    /// The scan that labels are of: they are put on its grid. DICOM labels name its images, so for them it is DICOM.
    #[arg(long, value_name = "FOLDER|FILE")]
    pub reference: Option<PathBuf>,
    /// What it is; else labels if its values are such, or if there is a --reference.
    #[arg(long = "as", value_enum, value_name = "labels|image|seg|rtstruct")]
    pub what: Option<ConvertAs>,
    /// Write a PET in standardised uptake values.
    #[arg(long, value_enum, value_name = "bw|lbm|bsa", conflicts_with = "reference")]
    pub suv: Option<SuvArg>,
    /// Which time point of a label map with several, counted from 1; else the first.
    #[arg(long, value_name = "N", value_parser = super::parse_time_point)]
    pub time_point: Option<usize>,
    /// Write the names and colours of labels for other programs, too: 3D Slicer (.ctbl), `FreeSurfer` (`_LUT.txt`), BIDS
    /// (.tsv). ITK-SNAP's table is written in any case.
    #[arg(long, value_enum, value_name = "PROGRAM", value_delimiter = ',')]
    pub tables: Vec<TableArg>,
    /// Leave out of a DICOM file who the patient is, and all dates (basic profile of PS3.15); UIDs stay.
    #[arg(long)]
    pub anonymise: bool,
    /// Replace what is there.
    #[arg(long)]
    pub force: bool,
    /// Print JSON: out, files (of --per-label), as, labels (how many), dims, frames (time points), dtype, unit (of SUV), overlaps (label, name,
    /// voxels, `volume_ml` of what lies under other labels; kept: the file has it), warnings.
    #[arg(long)]
    pub json: bool,
}
