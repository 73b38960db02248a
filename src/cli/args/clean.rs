//! What may be typed after `voxpoint clean`.

use std::path::PathBuf;

use clap::Args;

use crate::measure::CleaningSteps;

/// What `voxpoint clean --help` ends with.
const STEPS: &str = "\
The steps are those by which the data of SAM-Med3D were made (Wang et al. 2023, section 3.2), in this order; without a \
step's flag all four are taken. Each mask (label) is looked at for itself. A structure is taken for one on both sides if its \
name says no side, its two largest parts lie wholly on different sides of the middle of the volume, and the smaller has at \
least 0.4 of the volume of the larger; the right side keeps its number.

Nothing is written without --out, and no file is ever replaced: cleaned copies go into that folder. A label map of which \
nothing is left is not written.";

/// `voxpoint clean`.
#[derive(Args, Debug)]
#[command(after_long_help = STEPS)]
pub struct CleanArgs {
    /// A label map, or a folder of them.
    #[arg(value_name = "FILE|FOLDER")]
    pub input: PathBuf,
    /// Drop masks under 1 cm³, or thinner than 15 mm along a voxel axis.
    #[arg(long)]
    pub small: bool,
    /// Drop masks if more than this share of the volume is not in them.
    #[arg(long, value_name = "SHARE", num_args = 0..=1, default_missing_value = "0.99", value_parser = super::parse_probability)]
    pub background: Option<f64>,
    /// Keep so many parts of a mask, the largest.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "5", value_parser = clap::value_parser!(u32).range(1..))]
    pub components: Option<u32>,
    /// Split structures that are on both sides of the patient into right and left.
    #[arg(long)]
    pub sides: bool,
    /// Write the cleaned label maps into this folder; else it is only said what would be done.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Write what was done and why as a table (.csv).
    #[arg(long, value_name = "FILE.csv")]
    pub csv: Option<PathBuf>,
    /// Print JSON: `dry_run`, files (file, out, `labels_before`, `labels_after`, deeds (label, name, step, deed)), failures.
    #[arg(long)]
    pub json: bool,
}

impl CleanArgs {
    /// The steps that were asked for, or all.
    pub fn steps(&self) -> CleaningSteps {
        let parts = self.components.map(|n| n as usize);
        let asked = CleaningSteps {
            small: self.small.then_some(CleaningSteps::ALL.small).flatten(),
            background: self.background,
            parts,
            sides: self.sides,
        };
        if asked == CleaningSteps::NONE { CleaningSteps::ALL } else { asked }
    }
}
