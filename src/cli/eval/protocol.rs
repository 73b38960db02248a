//! One structure: clicks, masks, measures.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use serde::{Deserialize, Serialize};

use super::super::args::{CropAt, First, FirstPrompt, PartsArg, Rule, StartFrom};
use super::super::robot_rounds::{self, Answering};
use super::correction::{self, Correction, CorrectionOptions};
use super::reach::reach;
use super::rounding::rounded;
use super::{starting_masks, strokes};
use crate::geom::Grid;
use crate::measure::{Robot, RobotClick, SurfaceDistances, dice_of};
use crate::prompt::{Answer, Prompt};
use crate::segment::Request;
use crate::segment::cubes::{CanonicalGrid, CropPlace, CubeSegmenter};
use crate::volume::{NamedRegion, Region, Volume, VoxelBox};
use crate::work::{CancelToken, memory};

/// Surfaces nearer than this are alike, mm.
pub const TOLERANCE: f64 = 2.0;
/// Structures with less than this, ml, are counted apart, as in the SAM-Med3D paper.
const SMALL_ML: f64 = 1.0;
/// And those whose bounding box is thinner than this, mm.
const THIN_MM: f64 = 15.0;

/// What changes the result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Options {
    /// After how many clicks to measure, rising.
    pub clicks: Vec<usize>,
    /// Where the robot clicks.
    pub first: First,
    /// What is drawn first.
    #[serde(skip_serializing_if = "FirstPrompt::is_click")]
    pub prompt: FirstPrompt,
    /// What is wrong with the mask that is started from, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_from: Option<StartFrom>,
    /// Where the model looks.
    pub crop: CropAt,
    /// Of the random clicks.
    pub seed: u64,
    /// How several clicks make one mask.
    pub rule: Rule,
    /// Which parts of each mask are kept.
    pub parts: PartsArg,
    /// How the last mask is corrected with the brush, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<CorrectionOptions>,
}

/// One label of one case, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// The case's name.
    pub case: String,
    /// The label.
    pub label: u16,
    /// Its name, if a label table says one.
    pub name: Option<String>,
    /// Voxels.
    pub voxels: usize,
    /// Volume.
    pub volume_ml: f64,
    /// Size of the bounding box along the scan's axes, mm.
    pub extent_mm: [f64; 3],
    /// Less than 1 ml, or thinner than 15 mm.
    pub small: bool,
    /// The share of its voxels that the model's cube holds: the mask can't have more of it.
    pub in_cube: f64,
    /// The measures, in the order of the options' clicks.
    pub after: Vec<After>,
    /// All clicks.
    pub clicks: Vec<RobotClick>,
    /// Of the positive clicks inside of the mask: how many times as many voxels it had after each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grown: Vec<f64>,
    /// How the last mask was corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
}

/// The mask after some clicks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct After {
    /// How many clicks there may have been.
    pub clicks: usize,
    /// How many there were: fewer if nothing within reach was wrong any more.
    pub made: usize,
    /// Dice coefficient.
    pub dice: f64,
    /// Normalised surface Dice at 2 mm.
    pub nsd: f64,
    /// 95 % Hausdorff distance, mm; `None` without a mask.
    pub hd95_mm: Option<f64>,
    /// What the machine took for these clicks: crop, encoder, and decoder and paste for each. `None` if the
    /// embedding was at hand from another structure.
    pub seconds: Option<f64>,
    /// The model's own estimate of intersection over union.
    pub iou: f64,
}

/// A structure that was worked on, and its last mask.
pub struct StructureResult {
    /// The measures.
    pub structure: Structure,
    /// The mask after the last click.
    pub mask: Region,
}

/// Where in the scan a structure is, and how large.
struct Size {
    voxels: usize,
    ml: f64,
    extent: [f64; 3],
    middle: [usize; 3],
}

impl Size {
    fn of(region: &Region, grid: &Grid) -> Option<Self> {
        let bounds = region.bounds(grid.dims())?;
        let (voxels, spacing) = (region.count(), grid.spacing().to_array());
        Some(Self {
            voxels,
            ml: voxels as f64 * grid.voxel_volume_mm3() / 1000.0,
            extent: std::array::from_fn(|a| bounds.size()[a] as f64 * spacing[a]),
            middle: std::array::from_fn(|a| bounds.min[a].midpoint(bounds.max[a] - 1)),
        })
    }

    fn is_small(&self) -> bool {
        // A hair of slack: 10 voxels of 1.5 mm in float32 are 15 mm.
        self.ml < SMALL_ML - 1e-6 || self.extent.iter().any(|&mm| mm < THIN_MM - 1e-3)
    }
}

/// What the robot takes to find the deepest voxel: a flag and a distance for each one within reach.
const ROBOT_BYTES: u64 = 5;

/// Clicks on a structure and measures the masks. `names` are the case's and the scan's file's.
pub fn run(
    segmenter: &mut CubeSegmenter,
    volume: &Arc<Volume>,
    truth: &NamedRegion,
    names: (&str, &str),
    options: &Options,
) -> anyhow::Result<StructureResult> {
    let (case, image) = names;
    let grid = volume.grid();
    let size = Size::of(&truth.region, grid).context("it has no voxel")?;
    let seed = (image, truth.value, options.seed);
    let mut robot = Robot::new(grid, options.first.into(), seed);
    let canonical = CanonicalGrid::of(grid);
    let around = |voxel: [usize; 3]| canonical.crop_around(grid.world_of(voxel));
    let middle = (options.crop == CropAt::Truth).then(|| around(size.middle));
    if let Some(place) = &middle {
        robot.stay_in(reach(place, grid));
    }
    let none = "no voxel of it lies in the cube around its middle; use --crop click";
    let start = options.start_from.map(|wrong| starting_masks::of(&truth.region, grid, wrong));
    let start = start.transpose()?.map(Arc::new);
    let first = match &start {
        Some(mask) => robot.next(&truth.region, mask).context("no voxel of the mask is wrong")?,
        None => robot.first(&truth.region).context(none)?,
    };
    let place = middle.unwrap_or_else(|| around(first.voxel));
    let within = reach(&place, grid);
    check_memory_of_robot(&within)?;
    robot.stay_in(within);
    let in_cube = truth.region.inside(&within, grid.dims()).count() as f64 / size.voxels as f64;
    let mut trial = Trial::new(volume, place, options);
    let mut after = Vec::new();
    if let Some(mask) = start {
        trial.mask = mask.as_ref().clone();
        trial.start = Some(mask);
        after.push(trial.measured(&truth.region, 0)?);
    }
    let stroke = match options.start_from {
        Some(_) => vec![first],
        None => strokes::points(&truth.region, grid, first.voxel, options.prompt, &within)
            .map_err(|error| anyhow!("a stroke: {error}"))?,
    };
    trial.click_all(segmenter, &mut robot, stroke, (&truth.region, &mut after))?;
    trial.told(case, truth, (&size, in_cube, after))
}

/// Refuses a place in which there is no memory for looking for the next click.
fn check_memory_of_robot(within: &VoxelBox) -> anyhow::Result<()> {
    let voxels: u64 = within.size().iter().map(|&n| n as u64).product();
    memory::check(ROBOT_BYTES * voxels)
        .map_err(|short| anyhow!("finding where to click next {short}"))
}

/// Clicks on one structure and what came of them.
struct Trial<'a> {
    volume: &'a Arc<Volume>,
    place: CropPlace,
    clicks: Vec<RobotClick>,
    prompts: Vec<Prompt>,
    answer: Answer,
    /// What is started from.
    start: Option<Arc<Region>>,
    mask: Region,
    options: &'a Options,
    grown: Vec<f64>,
    /// Of all clicks so far.
    seconds: Option<f64>,
}

impl<'a> Trial<'a> {
    fn new(volume: &'a Arc<Volume>, place: CropPlace, options: &'a Options) -> Self {
        let (clicks, prompts, answer) = (Vec::new(), Vec::new(), Answer::default());
        let (mask, grown, seconds) = (Region::default(), Vec::new(), Some(0.0));
        let start = None;
        Self { volume, place, clicks, prompts, answer, start, mask, options, grown, seconds }
    }

    /// Clicks as often as is asked for: the points of the first stroke as one gesture, then where the robot says.
    /// `measured`: the truth, and where the figures after each number of clicks go.
    fn click_all(
        &mut self,
        segmenter: &mut CubeSegmenter,
        robot: &mut Robot,
        stroke: Vec<RobotClick>,
        measured: (&Region, &mut Vec<After>),
    ) -> anyhow::Result<()> {
        let (truth, after) = measured;
        let clicks = &self.options.clicks;
        let most = clicks.last().copied().unwrap_or(0);
        let mut stroke = stroke.into_iter();
        let made = match stroke.next() {
            Some(first) => {
                let mut rounds = Rounds { trial: self, segmenter, stroke, truth, after };
                robot_rounds::click_all(robot, truth, (first, most), &mut rounds)?
            }
            None => 0,
        };
        // Nothing was wrong any more: the last mask stands.
        for &number in clicks.iter().filter(|number| **number > made) {
            after.push(self.measured(truth, number)?);
        }
        Ok(())
    }

    /// One more click: the mask, and the time it took.
    fn click(&mut self, segmenter: &mut CubeSegmenter, click: RobotClick) -> anyhow::Result<()> {
        let world = self.volume.grid().world_of(click.voxel);
        self.clicks.push(click);
        self.prompts.push(Prompt::new(world, click.positive));
        if let [opener] = self.prompts[..] {
            // It is looked again where the last answer looked: this is what puts the first cube there.
            self.answer.footprint = vec![self.place.footprint(opener)];
        }
        let mut request = Request {
            earlier: std::mem::take(&mut self.answer),
            ..Request::new(Arc::clone(self.volume), self.prompts.clone())
        };
        request.log.rule = self.options.rule.into();
        request.log.parts = self.options.parts.into();
        request.log.start.clone_from(&self.start);
        let outcome = segmenter.run(&request, &CancelToken::new(), &mut |_| ())?;
        let t = &outcome.timings;
        let encoded = t.crop.zip(t.encode).map(|(crop, encode)| crop + encode);
        let first = if self.clicks.len() == 1 { encoded } else { Some(0.0) };
        let ms = first.map(|first| first + t.decode.iter().sum::<f64>() + t.paste);
        self.seconds = self.seconds.zip(ms).map(|(before, ms)| before + ms / 1e3);
        if click.positive && self.mask.contains(self.volume.grid().index(click.voxel)) {
            let times = outcome.region.count() as f64 / self.mask.count() as f64;
            self.grown.push(rounded(times, 6));
        }
        (self.answer, self.mask) = (outcome.answer, outcome.region);
        Ok(())
    }

    /// What came of it; the last mask is corrected first, if that is asked for.
    fn told(
        self,
        case: &str,
        truth: &NamedRegion,
        (size, in_cube, after): (&Size, f64, Vec<After>),
    ) -> anyhow::Result<StructureResult> {
        let correction = self.options.correction.as_ref();
        let correction = correction
            .map(|options| correction::correct(self.volume, &truth.region, &self.mask, options))
            .transpose()?;
        let structure = Structure {
            case: case.to_owned(),
            label: truth.value,
            name: truth.name.clone(),
            voxels: size.voxels,
            volume_ml: rounded(size.ml, 6),
            extent_mm: size.extent.map(|mm| rounded(mm, 6)),
            small: size.is_small(),
            in_cube: rounded(in_cube, 9),
            after,
            clicks: self.clicks,
            grown: self.grown,
            correction,
        };
        Ok(StructureResult { structure, mask: self.mask })
    }

    fn measured(&self, truth: &Region, clicks: usize) -> anyhow::Result<After> {
        let grid = self.volume.grid();
        let bytes = SurfaceDistances::bytes(truth, &self.mask, grid.dims());
        memory::check(bytes).map_err(|short| anyhow!("measuring a mask {short}"))?;
        let spacing = grid.spacing().to_array();
        let surfaces = SurfaceDistances::of(truth, &self.mask, grid.dims(), spacing);
        let iou = self.answer.score.map_or(0.0, f64::from);
        Ok(After {
            clicks,
            made: self.clicks.len(),
            dice: rounded(dice_of(truth, &self.mask), 9),
            nsd: rounded(surfaces.nsd(TOLERANCE), 9),
            hd95_mm: surfaces.hausdorff(95.0).map(|mm| rounded(mm, 6)),
            seconds: self.seconds.map(|s| rounded(s, 6)),
            iou: rounded(iou, 6),
        })
    }
}

/// The rounds of a robot: of the first all points of the stroke.
struct Rounds<'t, 'a> {
    trial: &'t mut Trial<'a>,
    segmenter: &'t mut CubeSegmenter,
    stroke: std::vec::IntoIter<RobotClick>,
    truth: &'t Region,
    after: &'t mut Vec<After>,
}

impl Answering for Rounds<'_, '_> {
    fn click(&mut self, click: RobotClick, number: usize) -> anyhow::Result<&Region> {
        for click in std::iter::once(click).chain(self.stroke.by_ref()) {
            self.trial.click(self.segmenter, click)?;
        }
        if self.trial.options.clicks.contains(&number) {
            self.after.push(self.trial.measured(self.truth, number)?);
        }
        Ok(&self.trial.mask)
    }
}
