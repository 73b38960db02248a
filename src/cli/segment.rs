//! `voxpoint segment`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;

use super::args::{ModelArgs, SegmentArgs};
use super::files::{self, ms_since};
use super::sending::while_sending;
use super::server::{self, ServerTraffic};
use super::{Usage, print, print_json, prompts, say};
use crate::document::PALETTE;
use crate::io::{self, ContentKind};
use crate::prompt::{FineScan, Prompt, Sight, WorkingScale};
use crate::segment::cubes::{self, CubeSegmenter, Cubes, Step};
use crate::segment::{self, ModelRef, Outcome, Request, Segmenter, Stage};
use crate::text::bytes;
use crate::volume::{LabelMap, LabelName, NamedRegion, Region, Volume, readable};
use crate::work::{CancelToken, Progress};

/// The structure's value in the label map.
const LABEL: u16 = 1;

/// What was done; keys are stable.
#[derive(Debug, Serialize)]
struct Report {
    /// Which was looked at, from 1.
    #[serde(rename = "frame")]
    time_point: usize,
    /// What the model looked at.
    image: String,
    /// How many times larger than it is the model saw the scan.
    working_scale: f64,
    device: String,
    device_reason: String,
    /// What went over the network; null if the model is here.
    server: Option<ServerTraffic>,
    ms: Milliseconds,
    /// The model's own estimate after each click, cube by cube.
    iou: Vec<f32>,
    /// Rows of the transform from the first cube's voxels to RAS mm; null if the model looks at no cubes.
    crop_affine: Option<[[f64; 4]; 4]>,
    /// The same of all cubes that the model looked at.
    patches: Vec<[[f64; 4]; 4]>,
    /// Whether the mask touches the edge of the cubes: it probably goes on.
    touches: bool,
    voxels: usize,
    volume_ml: f64,
}

#[derive(Debug, Serialize)]
struct Milliseconds {
    load: f64,
    session: f64,
    crop: f64,
    encode: f64,
    decode: Vec<f64>,
    paste: f64,
    save: f64,
}

/// Replays clicks and writes their mask. All files are finished under other names before the first is put
/// in its place, so whatever fails before that leaves everything as it was; see [`save`] for the rest.
pub fn run(args: &SegmentArgs) -> anyhow::Result<()> {
    check(args)?;
    let served = server::agreed(args.model.model.as_deref(), &args.send)?;
    let start = Instant::now();
    let volume = Arc::new(files::at_time_point(
        &files::open_one(&args.image, &args.series)?,
        args.time_point,
    )?);
    let load = ms_since(start);
    files::refuse_inputs(&args.out, &volume)?;
    let (prompts, shapes) =
        prompts::prompts(&volume, &args.prompts.0, args.space, args.scribble_radius)?;
    let model = match served {
        Some(served) => served,
        None => ModelRef::Path(model_path(args.model.model.as_deref())?),
    };
    let mut request = Request::new(seen_by_model(args, &volume, &prompts)?, prompts);
    server::check_scan(&model, &request.volume)?;
    let mut segmenter = segment::open(&model, args.model.device.into(), args.model.threads)?;
    request.mask_grid = args.model_image.is_some().then(|| volume.grid().clone());
    request.log.threshold = logit(args.threshold);
    request.log.scale = args.working_scale;
    let sight = segmenter.capabilities().sight;
    advise(&request.volume, args.working_scale, sight);
    request.log.rule = args.rule.into();
    request.log.parts = args.parts.into();
    request.log.start = starting_mask(args, &volume)?;
    request.log.shapes = shapes;
    let cancel = CancelToken::new();
    let mut told = false;
    let mut stage = |stage| {
        if stage == Stage::Queue && !std::mem::replace(&mut told, true) {
            say("all places of the server are taken; waiting for one (Ctrl+C ends that)");
        }
    };
    let outcome = while_sending(&model, || {
        if args.extend {
            segmenter.extend(&request, &cancel, &Progress::new(), &mut stage)
        } else {
            segmenter.answer(&request, &cancel, &mut stage)
        }
    })?;
    if outcome.answer.footprint.is_empty() && request.log.start.is_some() {
        say("warning: the clicks change nothing: where they are there is nothing of the mask");
    } else if outcome.answer.footprint.is_empty() {
        bail!("the model gave no answer; try another model with --model");
    }
    // What only such a model has to tell: its logits, and where its cubes are.
    let cubes = Cubes::of(&outcome.answer);
    let start = Instant::now();
    save(args, &volume, &outcome, cubes.as_ref())?;
    let looked_at = args.model_image.as_deref().unwrap_or(&args.image);
    let report = report(
        &*segmenter,
        (looked_at, &volume),
        &outcome,
        cubes.as_ref(),
        (load, ms_since(start)),
    );
    files::warn(&volume);
    warn(args, &report, sight, outcome.extensions.is_empty());
    if args.json { print_json(&report) } else { print(&table(args, &report)) }
}

/// Says what of the mask may not be what was wanted. `ends`: it was followed to no further cube.
fn warn(args: &SegmentArgs, report: &Report, sight: Option<Sight>, ends: bool) {
    if report.voxels == 0 {
        say("warning: the mask is empty; click nearer to the middle of the structure");
    }
    if report.touches && !args.extend {
        let mm = sight.map(|s| format!(" ({} mm)", s.window_at(args.working_scale)));
        let mm = mm.unwrap_or_default();
        say(&format!(
            "warning: the mask touches the edge of what the model looks at{mm}; --extend follows it"
        ));
    }
    if args.extend && report.touches {
        say(
            "warning: the mask still touches the edge of what the model looked at; a --point beyond it goes on there",
        );
    } else if args.extend && ends {
        say(
            "warning: not extended: the mask ends inside the cube, or the model finds nothing beyond it",
        );
    }
}

/// What can be refused before anything is read.
fn check(args: &SegmentArgs) -> anyhow::Result<()> {
    if args.start_from.is_none() && args.prompts.0.first().is_some_and(|p| !p.positive) {
        let why =
            "the first --point, --box, --scribble or --lasso must be inside the structure (+)";
        return Err(Usage(why.to_owned()).into());
    }
    server::check(args)?;
    let mut inputs = vec![args.image.as_path()];
    inputs.extend(args.model_image.as_deref());
    inputs.extend(args.start_from.as_deref());
    let formats = io::formats();
    files::check_output(&args.out, &inputs, &formats.written_endings(ContentKind::Labels))?;
    formats.label_table_path(&args.out)?;
    if let Some(logits) = &args.logits {
        files::check_output(logits, &inputs, &formats.written_endings(ContentKind::Values))?;
        if files::same_place(logits, &args.out) {
            return Err(Usage("--out and --logits are the same file".to_owned()).into());
        }
    }
    if args.force { Ok(()) } else { check_others(args) }
}

/// Refuses to replace what somebody else has made.
fn check_others(args: &SegmentArgs) -> anyhow::Result<()> {
    let mut outputs = std::iter::once(&args.out).chain(&args.logits);
    if let Some(path) = outputs.find(|path| io::formats().is_foreign(path)) {
        bail!(
            "a file that Voxpoint did not write would be replaced; choose another name, or --force: {}",
            path.display()
        );
    }
    if let Some(path) = io::formats().foreign_table(&args.out, &[name()]) {
        bail!(
            "a label table with other names than “segment” writes would be replaced; choose another name for \
             the mask, or --force: {}",
            path.display()
        );
    }
    Ok(())
}

/// Says of a scan that is much finer than the model before it is asked.
fn advise(volume: &Volume, scale: WorkingScale, sight: Option<Sight>) {
    let grid = volume.grid();
    let Some(sight) = sight.filter(|_| scale == WorkingScale::ONE) else { return };
    let mm = sight.voxel_mm;
    if let Some(FineScan { times, proposed }) = FineScan::of(grid.dims(), grid.spacing(), sight) {
        say(&format!(
            "warning: this scan is {times:.0} times finer than the model's {mm} mm; if its structures are small \
             too, let the model see it larger: --working-scale {proposed}, for example"
        ));
    }
}

/// The logit of a probability.
fn logit(probability: f64) -> f32 {
    (probability / (1.0 - probability)).ln() as f32
}

/// The mask that the clicks correct.
fn starting_mask(args: &SegmentArgs, scan: &Volume) -> anyhow::Result<Option<Arc<Region>>> {
    let Some(path) = &args.start_from else { return Ok(None) };
    let labels = files::open_labels(path, scan, None)?.labels;
    let known = || labels.iter().map(|l| l.value.to_string()).collect::<Vec<_>>().join(", ");
    let region = match (args.start_label, labels.as_slice()) {
        (_, []) => bail!("the label map to start from is empty: {}", path.display()),
        (None, [one]) => &one.region,
        (None, _) => bail!(
            "the label map to start from has several labels ({}): choose one with --start-label; {}",
            known(),
            path.display()
        ),
        (Some(value), _) => match labels.iter().find(|l| l.value == value) {
            Some(label) => &label.region,
            None => bail!("there is no label {value}, only {}: {}", known(), path.display()),
        },
    };
    Ok(Some(Arc::new(region.clone())))
}

/// The image that the model looks at: the scan, or another one that all points lie in too.
fn seen_by_model(
    args: &SegmentArgs,
    scan: &Arc<Volume>,
    prompts: &[Prompt],
) -> anyhow::Result<Arc<Volume>> {
    let Some(path) = &args.model_image else { return Ok(Arc::clone(scan)) };
    let image = files::open_scan(path)?;
    for warning in image.warnings() {
        say(&format!("warning: {}: {}", image.name(), warning.0));
    }
    for (n, prompt) in prompts.iter().enumerate() {
        if image.grid().voxel_at(prompt.world).is_none() {
            let [x, y, z] = prompt.world.to_array();
            bail!(
                "point {} (R {x:.1}, A {y:.1}, S {z:.1} mm) is outside of the image that the model is to look at, {}",
                n + 1,
                image.name()
            );
        }
    }
    Ok(Arc::new(image))
}

/// Opens the model of cubes that was asked for, with ONNX Runtime: for commands that are about such a model itself.
pub(super) fn open_model(args: &ModelArgs) -> anyhow::Result<CubeSegmenter> {
    let model = model_path(args.model.as_deref())?;
    segment::runtime::load()?;
    Ok(CubeSegmenter::open(&model, args.device.into(), args.threads)?)
}

/// The model that was named, else the demo model.
pub(super) fn model_path(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(address) = server::address(named) {
        bail!(
            "this command needs a model on this machine, only “segment” and “batch” ask servers: {address}"
        );
    }
    named.map(Path::to_owned).or_else(segment::library::demo_model).ok_or_else(|| {
        anyhow!(
            "the demo model was not found beside the program; name a model with --model, \
             or the folder of models in VOXPOINT_MODELS"
        )
    })
}

/// The logits are finished before the mask is written, and put in their place after it; old ones are put aside before,
/// so that they never stand beside a new mask. Should the last step fail, the mask stays, and the error says what is
/// missing.
fn save(
    args: &SegmentArgs,
    volume: &Volume,
    outcome: &Outcome,
    cubes: Option<&Cubes>,
) -> anyhow::Result<()> {
    let waiting = match &args.logits {
        Some(path) => {
            let first = cubes.and_then(|c| c.patches.first());
            let answered = first.and_then(|p| Some((&p.place, p.steps.last()?)));
            let (crop, Step { logits, .. }) = answered
                .map(|(crop, step)| (crop, step.as_ref()))
                .context("this model has no logits to write; leave --logits out")?;
            let values = x_fastest(&cubes::upsample(logits, crop.side), crop.side);
            let (side, place) = ([crop.side; 3], crop.world_from_crop);
            Some(io::formats().stage_float32(path, side, &values, place)?)
        }
        None => None,
    };
    let grid = volume.grid();
    let region = NamedRegion {
        value: LABEL,
        name: None,
        colour: None,
        opacity: None,
        visible: true,
        region: outcome.region.clone(),
        on_top: None,
    };
    let labels: LabelMap = files::label_map(grid.dims(), &[region]);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let logits: Vec<&Path> = args.logits.iter().map(PathBuf::as_path).collect();
    let aside = io::SetAside::take(&logits)?;
    let (said, names) = (volume.provenance(), [name()]);
    let saved = io::save_labels(&args.out, &labels, grid, said, &names, &cancel, &progress);
    match &saved {
        // The mask is the new one.
        Ok(_) | Err(io::IoError::Table { .. }) => aside.forget(),
        Err(_) => aside.put_back()?,
    }
    saved?;
    if let Some(logits) = waiting {
        logits.commit().context("the mask was saved but not its logits")?;
    }
    Ok(())
}

/// The row of the label table.
fn name() -> LabelName {
    LabelName {
        value: LABEL,
        name: "Object 1".to_owned(),
        colour: PALETTE[0],
        opacity: 1.0,
        visible: true,
    }
}

/// From the model's order (z fastest) to NIfTI's (x fastest), for a cube.
fn x_fastest(z_fastest: &[f32], side: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(z_fastest.len());
    for z in 0..side {
        for y in 0..side {
            values.extend((0..side).map(|x| z_fastest[(x * side + y) * side + z]));
        }
    }
    values
}

fn report(
    segmenter: &dyn Segmenter,
    (looked_at, volume): (&Path, &Volume),
    outcome: &Outcome,
    cubes: Option<&Cubes>,
    (load, save): (f64, f64),
) -> Report {
    let device = segmenter.device();
    let timings = &outcome.timings;
    let voxels = outcome.region.count();
    let patches: Vec<_> = cubes
        .iter()
        .flat_map(|c| &c.patches)
        .map(|p| files::rows(&p.place.world_from_crop))
        .collect();
    let steps = cubes.iter().flat_map(|c| &c.patches).flat_map(|p| &p.steps);
    Report {
        time_point: volume.time_point() + 1,
        image: looked_at.display().to_string(),
        working_scale: cubes.map_or(1.0, |c| c.scale.get()),
        device: device.name.clone(),
        device_reason: device.reason.clone(),
        server: timings.traffic.map(Into::into),
        ms: Milliseconds {
            load,
            session: segmenter.start_ms(),
            crop: timings.crop.unwrap_or(0.0),
            encode: timings.encode.unwrap_or(0.0),
            decode: timings.decode.clone(),
            paste: timings.paste,
            save,
        },
        iou: steps.map(|s| s.iou).collect(),
        crop_affine: patches.first().copied(),
        patches,
        touches: outcome.answer.touches || outcome.answer.cut,
        voxels,
        volume_ml: voxels as f64 * volume.grid().voxel_volume_mm3() / 1000.0,
    }
}

fn table(args: &SegmentArgs, report: &Report) -> String {
    let ms = &report.ms;
    let list =
        |values: &[f64]| values.iter().map(|v| format!("{v:.0}")).collect::<Vec<_>>().join(" + ");
    let iou = report.iou.iter().map(|v| format!("{v:.2}")).collect::<Vec<_>>().join(", ");
    let reason = if report.device_reason.is_empty() {
        String::new()
    } else {
        format!(" ({})", report.device_reason)
    };
    let server = report.server.as_ref().map(|s| {
        format!(
            "server   {} requests, {} sent, {} received; network {:.0} ms, queue and model {:.0} ms\n",
            s.requests,
            bytes(s.sent),
            bytes(s.received),
            s.network_ms,
            s.server_ms
        )
    });
    let server = server.unwrap_or_default();
    let seen = match report.time_point {
        1 => String::new(),
        n => format!("time     point {n}\n"),
    };
    let seen = match report.working_scale {
        1.0 => seen,
        n => format!("{seen}scale    {n} (the model saw the scan so many times larger)\n"),
    };
    // Of what looks at no cubes there is nothing to say.
    let cubes = if report.patches.is_empty() {
        String::new()
    } else {
        let touches = if report.touches { "; the mask touches their edge" } else { "" };
        format!(
            "IoU      {iou} (the model's own estimate after each click)\ncubes    {}{touches}\n",
            report.patches.len()
        )
    };
    format!(
        "mask     {}\n{seen}volume   {} ml, {} voxels\n{cubes}\
         device   {}{reason}\n{server}\
         ms       load {:.0}, session {:.0}, crop {:.0}, encode {:.0}, decode {}, paste {:.0}, save {:.0}",
        args.out.display(),
        readable(report.volume_ml, 4),
        report.voxels,
        report.device,
        ms.load,
        ms.session,
        ms.crop,
        ms.encode,
        list(&ms.decode),
        ms.paste,
        ms.save,
    )
}

#[cfg(test)]
mod tests {
    use super::super::args::{PartsArg, Rule, SendArgs, SeriesArg, Space, TypedPrompts};
    use super::*;

    #[test]
    fn logits_are_turned_from_z_fastest_to_x_fastest() {
        // The value tells the position: x + 10 y + 100 z.
        let side = 3;
        let mut model = Vec::new();
        for x in 0..side {
            for y in 0..side {
                model.extend((0..side).map(|z| (x + 10 * y + 100 * z) as f32));
            }
        }
        let file = x_fastest(&model, side);
        assert_eq!(file[..4], [0.0, 1.0, 2.0, 10.0]);
        assert_eq!(file[side * side], 100.0);
        assert_eq!(file[26], 222.0);
    }

    #[test]
    fn one_half_is_a_logit_of_exactly_0() {
        assert_eq!((logit(0.5), logit(0.75), logit(0.25)), (0.0, 3f32.ln(), -(3f32.ln())));
        assert!(logit(1e-300).is_finite() && logit(1.0 - f64::EPSILON / 2.0).is_finite());
    }

    #[test]
    fn one_file_by_two_names_is_refused_as_wrong_usage() {
        let folder = tempfile::tempdir().unwrap();
        let sub = folder.path().join("sub");
        std::fs::create_dir(&sub).unwrap();
        let refused = |logits: &std::path::Path, out: &std::path::Path| {
            let args = SegmentArgs {
                image: folder.path().join("scan.nii"),
                series: SeriesArg::default(),
                model_image: None,
                start_from: None,
                start_label: None,
                prompts: TypedPrompts::default(),
                scribble_radius: 1.0,
                space: Space::World,
                time_point: 1,
                threshold: 0.5,
                working_scale: WorkingScale::ONE,
                rule: Rule::Steady,
                parts: PartsArg::All,
                extend: false,
                out: out.to_owned(),
                logits: Some(logits.to_owned()),
                model: ModelArgs {
                    model: None,
                    device: super::super::DeviceArg::Cpu,
                    threads: None,
                },
                send: SendArgs::default(),
                force: false,
                json: false,
            };
            check(&args).is_err_and(|e| e.is::<Usage>())
        };
        let plain = folder.path().join("m.nii");
        let round = sub.join("../m.nii");
        assert!(refused(&plain, &plain) && refused(&round, &plain) && refused(&plain, &round));
        assert!(
            !refused(&sub.join("m.nii"), &plain) && !refused(&folder.path().join("l.nii"), &plain)
        );
        #[cfg(unix)]
        {
            std::fs::write(&plain, "old").unwrap();
            let link = folder.path().join("link.nii");
            std::os::unix::fs::symlink(&plain, &link).unwrap();
            assert!(refused(&link, &plain));
        }
    }
}
