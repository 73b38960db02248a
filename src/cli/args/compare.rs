//! What may be typed after `voxpoint compare`.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use crate::measure::PairBy;

/// What `voxpoint compare --help` ends with.
const CONVENTIONS: &str = "\
A is what is judged, B what it is judged by. Dice, Jaccard, precision |A ∩ B| / |A|, recall |A ∩ B| / |B|, difference of \
volumes A - B. HD, HD95, mean surface distances (A to B, B to A, ASSD): between voxels of the borders, as MedPy has them. \
NSD: normalised surface Dice, the share of both surfaces within the tolerance of the other, as in Nikolov et al. 2018 \
(surface-distance). Lesions are parts that hang together by faces of voxels; one of B is detected if A has a voxel of it. \
“total” is of all labels as one; means leave out what is not defined.

A label that is in neither map gives Dice, Jaccard, NSD and F1 1 and distances 0; one that is in one of them Dice, Jaccard \
and NSD 0 and no distance; recall is not defined if B is empty, precision not if both are: as Metrics Reloaded has it \
(Maier-Hein, Reinke et al. 2024). The exit code is 0 then. In a label map, NaN, infinity and one negative value (-1) are \
background, values within 0.1 of a whole number are that number; each is told.

Folders: files are paired by their names without endings, also in folders in them. Every pair's result is kept as it \
comes, in FILE.journal beside --csv or --html: the same command goes on where it was stopped. A pair that fails is named \
and the others go on; the exit code is then 1.";

/// `voxpoint compare`.
#[derive(Args, Debug)]
#[command(after_long_help = CONVENTIONS)]
pub struct CompareArgs {
    /// A label map, or a folder of them: what is judged.
    pub a: PathBuf,
    /// Another on the same grid, or a folder of them: the reference.
    pub b: PathBuf,
    /// Label maps of further raters: all are compared with each other.
    #[arg(value_name = "MORE")]
    pub more: Vec<PathBuf>,
    /// The label to compare: its value in the file. Without it all are.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub label: Option<u64>,
    /// Its value in B, where it is another.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub label_b: Option<u64>,
    /// By what labels of A and B are paired.
    #[arg(long, value_enum, value_name = "number|name|overlap", default_value_t = PairArg::Number)]
    pub by: PairArg,
    /// Tolerance of the surface Dice, mm.
    #[arg(long, value_name = "MM", value_parser = parse_tolerance, default_value_t = 2.0)]
    pub tolerance: f64,
    /// Which time point of a label map with several, counted from 1; else the first.
    #[arg(long, visible_alias = "frame", value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub time_point: Option<usize>,
    /// Take files with values between whole numbers for probability maps of label 1: what is above P.
    #[arg(long, value_name = "P", value_parser = super::number)]
    pub threshold: Option<f64>,
    /// Put B (and MORE) onto the grid of A where it is another: the nearest voxel's label.
    #[arg(long)]
    pub resample: bool,
    /// Write the labels' numbers as a table (.csv); of several raters those of everybody with everybody.
    #[arg(long, value_name = "FILE.csv")]
    pub csv: Option<PathBuf>,
    /// Write a report for a browser (.html): one file, with a sortable table, Bland-Altman and box plots; of several raters
    /// with those of everybody with everybody, and what they make together.
    #[arg(long, value_name = "FILE.html")]
    pub html: Option<PathBuf>,
    /// Another place for the journal of a comparison of folders.
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// How many pairs of two folders are compared at a time; else as many as there are cores.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    pub jobs: Option<usize>,
    /// Write what the raters' masks are by STAPLE, each label for itself.
    #[arg(long, value_name = "MASK.nii.gz")]
    pub staple: Option<PathBuf>,
    /// Write what more than half of the raters have.
    #[arg(long, value_name = "MASK.nii.gz")]
    pub majority: Option<PathBuf>,
    /// Replace files that are there already (--staple, --majority).
    #[arg(long)]
    pub force: bool,
    /// Print JSON: labels (label, name, dice, jaccard, `hd_mm`, `hd95_mm`, `assd_mm`, nsd, `volume_difference_ml`, precision,
    /// recall, …), total, mean; of a label that is named dice, `both_empty`, `voxels_a`, `voxels_b`, `volume_ml_a`,
    /// `volume_ml_b` and those; of folders cases, failures, unpaired, summary; of several raters raters, agreement, staple.
    #[arg(long)]
    pub json: bool,
}

/// `--by`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PairArg {
    /// The same number.
    Number,
    /// The same name in both label tables.
    Name,
    /// Those that share most of their voxels.
    Overlap,
}

impl From<PairArg> for PairBy {
    fn from(by: PairArg) -> Self {
        match by {
            PairArg::Number => Self::Number,
            PairArg::Name => Self::Name,
            PairArg::Overlap => Self::Overlap,
        }
    }
}

fn parse_tolerance(text: &str) -> Result<f64, String> {
    match super::number(text)? {
        mm if mm >= 0.0 => Ok(mm),
        mm => Err(format!("{mm} is not 0 or more")),
    }
}
