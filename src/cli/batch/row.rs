//! One row: reading, clicking, writing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::super::args::BatchArgs;
use super::super::eval::reach::reach;
use super::super::files::{self, ms_since};
use super::super::robot_rounds::{self, Answering};
use super::super::stamp::ReadStamp;
use super::super::{overlaps, prompts};
use super::table::{Job, JobPrompt};
use super::told::{Made, MadeLabel, RowMilliseconds};
use crate::document::{LabelId, palette_colour};
use crate::io::{self, ContentKind};
use crate::measure::{Robot, RobotClick, dice_of};
use crate::prompt::Prompt;
use crate::segment::cubes::CanonicalGrid;
use crate::segment::remote::Traffic;
use crate::segment::{Outcome, Request, Segmenter};
use crate::volume::{LabelName, NamedRegion, Region, Volume};
use crate::work::{CancelToken, Progress};

/// What a row works on.
#[derive(Debug)]
pub struct Inputs {
    /// The scan.
    pub volume: Arc<Volume>,
    /// Of a robot: the structures it clicks on.
    pub truth: Vec<NamedRegion>,
    /// All files that were read, as they were then.
    pub read: Vec<ReadStamp>,
    /// Milliseconds that reading took.
    pub ms: f64,
}

/// The scan that was read last.
#[derive(Debug)]
pub struct LastScan {
    image: PathBuf,
    series: Option<String>,
    volume: Arc<Volume>,
}

/// Reads a row's scan, if `last` is not that, and its labels.
pub fn load(job: &Job, last: &mut Option<LastScan>) -> anyhow::Result<Inputs> {
    let start = Instant::now();
    let volume = match last {
        Some(last) if last.image == job.image && last.series == job.series => {
            Arc::clone(&last.volume)
        }
        _ => {
            // Not two in memory if one is enough.
            *last = None;
            let how = "name one in the column “series”";
            let volume = Arc::new(files::open_only(&job.image, job.series.as_deref(), how)?);
            files::warn(&volume);
            let (image, series) = (job.image.clone(), job.series.clone());
            *last = Some(LastScan { image, series, volume: Arc::clone(&volume) });
            volume
        }
    };
    let mut truth = Vec::new();
    if let JobPrompt::Robot { labels, label, .. } = &job.prompt {
        truth = files::open_labels(labels, &volume, None)?.labels;
        truth.retain(|l| label.is_none_or(|wanted| wanted == l.value) && !l.region.is_empty());
        match label {
            Some(label) if truth.is_empty() => {
                bail!("there is no label {label} in {}", labels.display())
            }
            None if truth.is_empty() => bail!("the label map is empty: {}", labels.display()),
            _ => {}
        }
    }
    let mut read = vec![ReadStamp::of(&job.image)?];
    read.extend(
        volume.files().iter().map(|file| ReadStamp::of(file)).collect::<Result<Vec<_>, _>>()?,
    );
    if let JobPrompt::Robot { labels, .. } = &job.prompt {
        let voxels = io::formats().voxels_file(labels);
        let files = std::iter::once(labels).chain(&voxels);
        read.extend(files.map(|file| ReadStamp::of(file)).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(Inputs { volume, truth, read, ms: ms_since(start) })
}

/// Makes a row's masks and writes them. `ours`: an earlier run wrote its label map, so that the table beside it is not
/// somebody else's.
pub fn make(
    job: &Job,
    inputs: &Inputs,
    segmenter: &mut dyn Segmenter,
    (args, ours): (&BatchArgs, bool),
) -> anyhow::Result<Made> {
    let Inputs { volume, truth, .. } = inputs;
    files::refuse_inputs(&job.out, volume)?;
    let start = Instant::now();
    let mut clicking = Clicking { volume, segmenter, args, traffic: None, encoder_decoder: 0.0 };
    let mut masks = match &job.prompt {
        JobPrompt::Points { points, space, label } => {
            let prompts = prompts::points(volume, points, *space)?;
            let outcome = clicking.answer(&prompts, args.extend)?;
            vec![Mask {
                value: *label,
                name: job.name.clone(),
                colour: None,
                prompts,
                outcome,
                truth: None,
            }]
        }
        JobPrompt::Robot { clicks, .. } => {
            let made = truth.iter().map(|truth| clicking.robot(job, truth, *clicks));
            made.collect::<anyhow::Result<_>>()?
        }
    };
    let model = ms_since(start);
    let start = Instant::now();
    save(job, volume, &mut masks, (args.force, ours))?;
    let encoder_decoder = clicking.encoder_decoder;
    let ms = RowMilliseconds { load: inputs.ms, model, encoder_decoder, save: ms_since(start) };
    let voxel_ml = volume.grid().voxel_volume_mm3() / 1000.0;
    Ok(Made {
        labels: masks.iter().map(|mask| mask.told(voxel_ml)).collect(),
        touches: masks.iter().any(|m| m.outcome.answer.touches || m.outcome.answer.cut),
        device: clicking.segmenter.device().name.clone(),
        server: clicking.traffic.map(Into::into),
        ms,
    })
}

/// A mask and how it was made.
struct Mask<'a> {
    value: u16,
    name: Option<String>,
    colour: Option<[u8; 3]>,
    prompts: Vec<Prompt>,
    outcome: Outcome,
    /// Of a robot: what it clicked on.
    truth: Option<&'a Region>,
}

impl Mask<'_> {
    fn told(&self, voxel_ml: f64) -> MadeLabel {
        let voxels = self.outcome.region.count();
        MadeLabel {
            label: self.value,
            name: self.name.clone(),
            voxels,
            volume_ml: voxels as f64 * voxel_ml,
            clicks: self.prompts.len(),
            iou: self.outcome.answer.score,
            dice: self.truth.map(|truth| dice_of(truth, &self.outcome.region)),
        }
    }

    /// The row of the label table.
    fn row(&self) -> LabelName {
        LabelName {
            value: self.value,
            name: self.name.clone().unwrap_or_else(|| format!("Object {}", self.value)),
            colour: self.colour.unwrap_or_else(|| palette_colour(LabelId(self.value))),
            opacity: 1.0,
            visible: true,
        }
    }
}

/// A model at work on a scan.
struct Clicking<'a> {
    volume: &'a Arc<Volume>,
    segmenter: &'a mut dyn Segmenter,
    args: &'a BatchArgs,
    /// What went over the network so far.
    traffic: Option<Traffic>,
    /// Milliseconds of the encoder and the decoder so far.
    encoder_decoder: f64,
}

impl Clicking<'_> {
    fn request(&self, prompts: &[Prompt]) -> Request {
        let mut request = Request::new(Arc::clone(self.volume), prompts.to_vec());
        request.log.rule = self.args.rule.into();
        request.log.parts = self.args.parts.into();
        request
    }

    fn answer(&mut self, prompts: &[Prompt], extend: bool) -> anyhow::Result<Outcome> {
        let (request, cancel) = (self.request(prompts), CancelToken::new());
        let outcome = if extend {
            self.segmenter.extend(&request, &cancel, &Progress::new(), &mut |_| ())?
        } else {
            self.segmenter.answer(&request, &cancel, &mut |_| ())?
        };
        self.count(&outcome);
        if outcome.answer.footprint.is_empty() {
            bail!("the model gave no answer; try another model with --model");
        }
        Ok(outcome)
    }

    fn count(&mut self, outcome: &Outcome) {
        let timings = &outcome.timings;
        self.encoder_decoder += timings.encode.unwrap_or(0.0) + timings.decode.iter().sum::<f64>();
        if let Some(more) = timings.traffic {
            *self.traffic.get_or_insert_default() += more;
        }
    }

    /// Clicks as `voxpoint eval` does: first in the structure, then in what is wrong within reach of the model.
    fn robot<'t>(
        &mut self,
        job: &Job,
        truth: &'t NamedRegion,
        clicks: usize,
    ) -> anyhow::Result<Mask<'t>> {
        let grid = self.volume.grid();
        let image = job.image.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        let seed = (&*image, truth.value, self.args.seed);
        let mut robot = Robot::new(grid, self.args.first.into(), seed);
        let which = || format!("label {}", truth.value);
        let first = robot.first(&truth.region).with_context(which)?;
        let at = grid.world_of(first.voxel);
        robot.stay_in(reach(&CanonicalGrid::of(grid).crop_around(at), grid));
        let mut rounds = Rounds { clicking: self, prompts: Vec::new(), last: None };
        robot_rounds::click_all(&mut robot, &truth.region, (first, clicks), &mut rounds)?;
        let Rounds { prompts, last, .. } = rounds;
        let outcome = last.context("the model was not asked")?;
        let (value, name, colour) = (truth.value, truth.name.clone(), truth.colour);
        Ok(Mask { value, name, colour, prompts, outcome, truth: Some(&truth.region) })
    }
}

/// A robot's clicks on one structure and the last answer to them.
struct Rounds<'c, 'a> {
    clicking: &'c mut Clicking<'a>,
    prompts: Vec<Prompt>,
    last: Option<Outcome>,
}

impl Answering for Rounds<'_, '_> {
    fn click(&mut self, click: RobotClick, _: usize) -> anyhow::Result<&Region> {
        let at = self.clicking.volume.grid().world_of(click.voxel);
        self.prompts.push(Prompt::new(at, click.positive));
        let mut request = self.clicking.request(&self.prompts);
        if let Some(last) = self.last.take() {
            request.earlier = last.answer;
        }
        let cancel = CancelToken::new();
        let outcome = self.clicking.segmenter.answer(&request, &cancel, &mut |_| ())?;
        self.clicking.count(&outcome);
        Ok(&self.last.insert(outcome).region)
    }
}

/// Writes the masks as one label map, where masks share voxels the smaller on top. What a format can't keep of them is
/// taken from the masks: what is told of them is what the file has.
fn save(
    job: &Job,
    volume: &Volume,
    masks: &mut [Mask<'_>],
    (force, ours): (bool, bool),
) -> anyhow::Result<()> {
    let folder = io::folder_of(&job.out);
    std::fs::create_dir_all(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))?;
    let formats = io::formats();
    let labels = match &job.prompt {
        JobPrompt::Robot { labels, .. } => Some(labels.as_path()),
        JobPrompt::Points { .. } => None,
    };
    let inputs: Vec<&Path> = std::iter::once(&*job.image).chain(labels).collect();
    files::check_output(&job.out, &inputs, &formats.written_endings(ContentKind::Labels))?;
    let names: Vec<LabelName> = masks.iter().map(Mask::row).collect();
    if !force {
        let foreign = formats.is_foreign(&job.out).then(|| job.out.clone());
        let table = || formats.foreign_table(&job.out, &names).filter(|_| !ours);
        if let Some(path) = foreign.or_else(table) {
            bail!(
                "a file that Voxpoint did not write would be replaced; choose another “out”, or --force: {}",
                path.display()
            );
        }
    }
    let grid = volume.grid();
    let label = |mask: &Mask| NamedRegion::unnamed(mask.value, mask.outcome.region.clone());
    let labels: Vec<NamedRegion> = masks.iter().map(label).collect();
    let (map, covered) = files::stacked(grid.dims(), &labels);
    overlaps::overlaps(&job.out, &covered, &names, grid);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let labels = (&map, &covered);
    io::save_overlapping(&job.out, labels, grid, volume.provenance(), &names, &cancel, &progress)?;
    if !formats.keeps_overlaps(&job.out) {
        for (label, lost) in covered.iter() {
            for mask in masks.iter_mut().filter(|mask| mask.value == label) {
                mask.outcome.region.subtract(lost, grid.dims()[0]);
            }
        }
    }
    Ok(())
}
