//! What may be typed after `voxpoint eval` and `voxpoint embed`.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use super::{ModelArgs, PartsArg, Rule, SeriesArg, Space, parse_position};
use crate::geom::DVec3;
use crate::measure::RobotAim;

/// What `voxpoint eval --help` ends with.
const PROTOCOL: &str = "\
How it is done: a robot that knows the labels clicks as in the SAM-Med3D paper, first in the structure, then in \
what is wrong with the mask (inside if missed, outside if spurious). Clicks are always inside of the model's cube, \
192 mm wide; when nothing is wrong there any more, the mask stays. Masks are compared on the scan's own grid \
with the whole structure, also what lies outside of the cube.

Dice: 2 |A ∩ B| / (|A| + |B|). NSD: normalised surface Dice at 2 mm, the share of both surfaces that lies within 2 mm of \
the other, areas by marching cubes, as in Nikolov et al. 2018 (surface-distance). HD95: 95 % Hausdorff \
distance of the same surfaces. T_inf: median time of the machine for so many clicks (crop, encoder, and decoder and mask for \
each), files and measures not counted. Structures under 1 ml, or thinner than 15 mm along an axis of the \
scan, are counted apart, as the paper leaves them out.

With --edit the mask of the last click is corrected by a rule that knows the labels: the largest part of what is missed \
or spurious is painted or erased with a ball as large as fits in, drawn through it in a slice, until --goal. The length of \
a stroke is what the brush's middle goes and a diameter. A person needs more; compare tools by it, not persons.

Random clicks depend on the scan's file name, the label and --seed only. A case that fails is named and the others go \
on; the exit code is then 1.";

/// `voxpoint eval`.
#[derive(Args, Debug)]
#[command(after_long_help = PROTOCOL)]
pub struct EvalArgs {
    /// A scan and its label map, or folders of them. In a folder (and those in it), a label map belongs to
    /// the scan whose name it has, with _seg, _label, _labels, _mask, _gt, _segmentation (also with - or .) or
    /// BIDS' _dseg added; or it has the scan's name and lies in a folder labelsXX beside imagesXX.
    #[arg(value_name = "IMAGE LABELS | DIR", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Which model, and where.
    #[command(flatten)]
    pub model: ModelArgs,
    /// After how many clicks to measure.
    #[arg(
        long,
        value_name = "N,…",
        value_delimiter = ',',
        default_value = "1,3,5,10",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=100)
    )]
    pub clicks: Vec<usize>,
    /// Where the robot clicks first in the structure, and later in what is still wrong.
    #[arg(long, value_enum, default_value_t = First::Random)]
    pub first: First,
    /// What the user draws first. A stroke becomes several points (see below), all of which count as the first click.
    #[arg(long, value_enum, default_value_t = FirstPrompt::Click)]
    pub prompt: FirstPrompt,
    /// Start from a mask that is there and wrong in one way, which the clicks correct.
    #[arg(long, value_enum, value_name = "MASK", conflicts_with = "prompt")]
    pub start_from: Option<StartFrom>,
    /// How several clicks make one mask.
    #[arg(long, value_enum, default_value_t = Rule::Steady)]
    pub rule: Rule,
    /// Which parts of each mask to keep.
    #[arg(long, value_enum, default_value_t = PartsArg::default())]
    pub parts: PartsArg,
    /// Where the model looks.
    #[arg(long, value_enum, default_value_t = CropAt::Click)]
    pub crop: CropAt,
    /// Other random clicks.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Correct the mask of the last click with the brush, too, and say how many strokes it takes.
    #[arg(long, value_enum, value_name = "TOOLS")]
    pub edit: Option<Edit>,
    /// The Dice coefficient at which the brush is put down.
    #[arg(long, value_name = "DICE", default_value_t = 0.95, requires = "edit", value_parser = parse_share)]
    pub goal: f64,
    /// Strokes after which it is put down all the same.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 20,
        requires = "edit",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000)
    )]
    pub strokes: usize,
    /// Only these labels.
    #[arg(long, value_name = "1,5-7", value_parser = parse_labels)]
    pub labels: Option<Labels>,
    /// Print JSON: options, structures, summary, failures.
    #[arg(long, group = "format")]
    pub json: bool,
    /// Print CSV, a line for each structure and number of clicks.
    #[arg(long, group = "format")]
    pub csv: bool,
    /// Print Markdown with a line for each structure, not only the summary.
    #[arg(long, group = "format")]
    pub markdown: bool,
    /// Where to write the results; .json, .csv and .md choose the format. The summary is printed all the same (with
    /// --json, --csv or --markdown: what is in the file), and FILE.journal keeps every result as it comes: the same
    /// command goes on where it was stopped.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Another place for the journal.
    #[arg(long, value_name = "JOURNAL")]
    pub resume: Option<PathBuf>,
    /// Cases worked on at the same time, each with a model of its own in memory. On Windows, jobs after the first that
    /// have one thread each may not flush subnormal numbers to zero: slower where the model's attention is sharp.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub jobs: usize,
    /// A folder for a picture of each case: the labels on the left, the model's masks on the right.
    #[arg(long, value_name = "DIR")]
    pub pictures: Option<PathBuf>,
}

/// `--first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum First {
    /// Any voxel of it, all alike (the SAM-Med3D paper's way).
    Random,
    /// Its innermost voxel, as people tend to.
    #[value(alias = "center")]
    Centre,
    /// Any voxel of it, and later, while there are any, those that the mask has right: clicks that find nothing to be
    /// wrong. Says how often such a click made the mask grow by more than half.
    Inside,
}

impl From<First> for RobotAim {
    fn from(first: First) -> Self {
        match first {
            First::Random => Self::Random,
            First::Centre => Self::Centre,
            First::Inside => Self::Inside,
        }
    }
}

/// `--edit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Edit {
    /// Brush and eraser: a ball as large as fits in the largest part of what is wrong, drawn through it in a slice.
    Brush,
    /// The same, and after each stroke the mask is grown from seeds (what is deep inside, what is far outside, all
    /// strokes), if that is better.
    Seeds,
}

/// `--prompt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstPrompt {
    /// A click.
    #[default]
    Click,
    /// A line through the structure in a slice: three positive points along it.
    Scribble,
    /// A box around what is in a slice: a positive point in its middle, negative ones 5 mm outside of its sides.
    Box,
    /// The outline in a slice: positive points at its two deepest places, negative ones 5 mm outside of its ends.
    Lasso,
}

impl FirstPrompt {
    /// Whether nothing is drawn. (By reference, as serde asks.)
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub fn is_click(&self) -> bool {
        *self == Self::Click
    }
}

/// `--start-from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StartFrom {
    /// The structure without its outer 3 mm, or less where that leaves less than a quarter of it.
    Eroded,
    /// The structure and 3 mm around it.
    Dilated,
    /// The structure moved by 5 mm along the scan's first axis.
    Shifted,
}

/// `--crop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CropAt {
    /// Around the first click: what a user has.
    Click,
    /// Around the middle of the structure, which only the labels tell (as the SAM-Med3D script does).
    Truth,
}

/// `--labels`: ranges, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels(pub Vec<(u16, u16)>);

impl Labels {
    /// Whether a label is asked for.
    pub fn contains(&self, label: u16) -> bool {
        self.0.iter().any(|&(from, to)| (from..=to).contains(&label))
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("“{text}” is not a number from 0 to 1"))
}

fn parse_labels(text: &str) -> Result<Labels, String> {
    let number = |text: &str| match text.trim().parse::<u16>() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(format!("“{text}” is not a label from 1 to 65535")),
    };
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        match (number(from)?, number(to)?) {
            (from, to) if from <= to => Ok((from, to)),
            _ => Err(format!("{part} runs backwards")),
        }
    };
    text.split(',').map(range).collect::<Result<_, _>>().map(Labels)
}

/// `voxpoint embed`.
#[derive(Args, Debug)]
pub struct EmbedArgs {
    /// The scan.
    pub image: PathBuf,
    /// Which scan of a folder.
    #[command(flatten)]
    pub series: SeriesArg,
    /// The middle of the cube that the model looks at.
    #[arg(long, value_name = "X,Y,Z", value_parser = parse_position, allow_hyphen_values = true)]
    pub point: DVec3,
    /// What the coordinates are: millimetres to the patient's Right, Anterior, Superior, or voxel indices.
    #[arg(long, value_enum, default_value_t = Space::World)]
    pub space: Space,
    /// Which model, and where.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Where to write the embedding, float32. A model with several outputs gets a file for each,
    /// `FILE_<output>.npy`.
    #[arg(long, value_name = "FILE.npy")]
    pub out: PathBuf,
    /// Print JSON: model, `model_sha256`, files (name, shape, path), `crop_start`, `crop_affine`, `point_world`,
    /// device.
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_numbers_and_ranges() {
        let labels = parse_labels("1, 5-7,9").unwrap();
        let found: Vec<u16> = (0..20).filter(|&l| labels.contains(l)).collect();
        assert_eq!(found, [1, 5, 6, 7, 9]);
        for bad in ["", "0", "7-5", "a", "1,,2", "-3", "1-", "65536"] {
            assert!(parse_labels(bad).is_err(), "{bad}");
        }
    }
}
