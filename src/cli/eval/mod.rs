//! `voxpoint eval`: a robot clicks on labelled scans, the masks are measured.
//!
//! The protocol of the SAM-Med3D paper: the first click is a random voxel of the structure, each later
//! one a random voxel of what is wrong (missed or spurious), measured after 1, 3, 5 and 10 clicks. What
//! a user does not have is left away unless asked for: the cube is around the first click. A click outside
//! of that cube is of no use to the model, so later clicks are drawn from what is wrong inside; if nothing
//! is, the last mask stands. Masks are measured on the scan's own grid, against the whole structure.

mod cases;
mod correction;
mod identity;
mod pictures;
mod protocol;
pub(super) mod reach;
mod report;
mod rounding;
mod starting_masks;
mod strokes;

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};

use super::args::{EvalArgs, Labels};
use super::journal::Journal;
use super::stamp::ReadStamp;
use super::{Usage, causes, files, jobs, print, print_json, say};
use crate::io;
use crate::segment::cubes::{self, CubeSegmenter};
use crate::segment::{self, Device};
use crate::volume::{NamedRegion, Volume};
use cases::Case;
use correction::CorrectionOptions;
use protocol::{Options, Structure, StructureResult, TOLERANCE};
use report::{Failure, Report, Summary};

pub(super) use identity::sha256_of_model;

/// Counted up whenever the same clicks would be measured otherwise, or other clicks made.
const PROTOCOL_VERSION: u32 = 2;

/// What to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReportFormat {
    Summary,
    Json,
    Csv,
    Markdown,
}

/// Evaluates a model on labelled scans.
pub fn run(args: &EvalArgs) -> anyhow::Result<()> {
    let format = format(args)?;
    let found = cases::find(&args.inputs)?;
    for note in &found.notes {
        say(&format!("note: {note}"));
    }
    let evaluation = Evaluation::prepare(args, found.cases)?;
    let (structures, failures) = evaluation.all()?;
    match evaluation.old.load(Ordering::Relaxed) {
        0 => {}
        old => say(&format!("note: {old} of {} results are from the journal", structures.len())),
    }
    if structures.is_empty() && failures.is_empty() {
        bail!("no label to measure; see --labels and the label maps");
    }
    let summary = Summary::of(&structures, &evaluation.options);
    let report = Report {
        model: evaluation.model_name(),
        model_sha256: evaluation.model_sha256.clone(),
        device: evaluation.device(),
        ran_on: evaluation.ran_on(),
        options: evaluation.options.clone(),
        tolerance_mm: TOLERANCE,
        structures,
        summary,
        failures,
    };
    show(args, format, &report)?;
    match report.failures.as_slice() {
        [] => Ok(()),
        [one] => bail!("not measured: {}: {}", one.case, one.reason),
        more => {
            bail!("{} cases or structures could not be measured; they are named above", more.len())
        }
    }
}

/// What was asked for, or what the name of the output says.
fn format(args: &EvalArgs) -> anyhow::Result<ReportFormat> {
    if let Some(out) = &args.out {
        files::check_output(out, &[], &[".json", ".csv", ".md", ".txt"])?;
    }
    let name = args.out.as_ref().map(|p| p.to_string_lossy().to_lowercase()).unwrap_or_default();
    let endings = [
        (".json", ReportFormat::Json),
        (".csv", ReportFormat::Csv),
        (".md", ReportFormat::Markdown),
    ];
    let ending = endings.iter().find(|(ending, _)| name.ends_with(ending));
    let Some(asked) = asked(args) else {
        return Ok(ending.map_or(ReportFormat::Summary, |(_, f)| *f));
    };
    match ending {
        Some((ending, format)) if *format != asked => Err(Usage(format!(
            "the format that is asked for is not that of a name ending in {ending}; leave one of the two out"
        ))
        .into()),
        _ => Ok(asked),
    }
}

/// The format that was asked for by its own flag.
fn asked(args: &EvalArgs) -> Option<ReportFormat> {
    let flags = [
        (args.json, ReportFormat::Json),
        (args.csv, ReportFormat::Csv),
        (args.markdown, ReportFormat::Markdown),
    ];
    flags.into_iter().find_map(|(set, format)| set.then_some(format))
}

fn show(args: &EvalArgs, format: ReportFormat, report: &Report) -> anyhow::Result<()> {
    let text = match format {
        ReportFormat::Summary => report::summary(report),
        ReportFormat::Json => serde_json::to_string_pretty(report)? + "\n",
        ReportFormat::Csv => report::csv(report),
        ReportFormat::Markdown => report::markdown(report),
    };
    let Some(out) = &args.out else {
        return if format == ReportFormat::Json {
            print_json(report)
        } else {
            print(text.trim_end())
        };
    };
    io::write_whole(out, |file| file.write_all(text.as_bytes()))
        .with_context(|| format!("can't write {}", out.display()))?;
    // Whoever asks for a format reads standard output with a program.
    match asked(args) {
        Some(ReportFormat::Json) => print_json(report),
        Some(_) => print(text.trim_end()),
        None => print(report::summary(report).trim_end()),
    }
}

/// A run.
struct Evaluation<'a> {
    args: &'a EvalArgs,
    cases: Vec<Case>,
    options: Options,
    model: PathBuf,
    model_sha256: String,
    journal: Option<Journal<Structure>>,
    /// Threads of each job's model; `None` chooses.
    threads: Option<usize>,
    /// Where the model runs. Results of CUDA (half precision) and of the CPU are not the same.
    ran_on: Device,
    /// The model that told so, until a job takes it.
    first: Mutex<Option<CubeSegmenter>>,
    /// How many results were in the journal already.
    old: AtomicUsize,
}

/// What came of a case.
#[derive(Default)]
struct Results {
    structures: Vec<Structure>,
    failures: Vec<Failure>,
}

impl<'a> Evaluation<'a> {
    /// Everything that can be refused before the first case.
    fn prepare(args: &'a EvalArgs, cases: Vec<Case>) -> anyhow::Result<Self> {
        let mut clicks = args.clicks.clone();
        clicks.sort_unstable();
        clicks.dedup();
        if args.start_from.is_some() {
            // The mask that is started from.
            clicks.insert(0, 0);
        }
        let EvalArgs { first, prompt, crop, seed, rule, parts, start_from, .. } = *args;
        let correction = args.edit.map(|edit| CorrectionOptions {
            edit,
            goal: args.goal,
            most_strokes: args.strokes,
        });
        let options =
            Options { clicks, first, prompt, start_from, crop, seed, rule, parts, correction };
        let model = super::segment::model_path(args.model.model.as_deref())?;
        segment::runtime::load()?;
        cubes::expect_models(args.jobs);
        let model_sha256 = sha256_of_model(&model)?;
        let threads = jobs::threads_of_each(args.jobs, args.model.threads);
        if let Some(folder) = &args.pictures {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("can't make the folder {}", folder.display()))?;
        }
        let beside = |out: &PathBuf| {
            let mut name = out.clone().into_os_string();
            name.push(".journal");
            PathBuf::from(name)
        };
        let journal = args.resume.clone().or_else(|| args.out.as_ref().map(beside));
        let journal = journal.map(|path| Journal::open(&path, "voxpoint eval")).transpose()?;
        let first = CubeSegmenter::open(&model, args.model.device.into(), threads)?;
        Ok(Self {
            args,
            cases,
            options,
            model,
            model_sha256,
            journal,
            threads,
            ran_on: first.device().clone(),
            first: Mutex::new(Some(first)),
            old: AtomicUsize::new(0),
        })
    }

    fn model_name(&self) -> String {
        let full = self.model.canonicalize().unwrap_or_else(|_| self.model.clone());
        full.file_name().map_or_else(|| "model".into(), |n| n.to_string_lossy().into_owned())
    }

    fn device(&self) -> String {
        format!("{:?}", self.args.model.device).to_lowercase()
    }

    fn ran_on(&self) -> String {
        match self.ran_on.threads {
            0 => self.ran_on.name.clone(),
            threads => format!("{}, {threads} threads", self.ran_on.name),
        }
    }

    /// Works through all cases, `--jobs` at a time; results in the order of cases.
    fn all(&self) -> anyhow::Result<(Vec<Structure>, Vec<Failure>)> {
        let results: Vec<Mutex<Results>> = self.cases.iter().map(|_| Mutex::default()).collect();
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || -> anyhow::Result<()> {
            let mut model = None;
            while !stop.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(case), Some(result)) = (self.cases.get(at), results.get(at)) else {
                    break;
                };
                let mut mine = Results::default();
                let done = caught(case, &mut model, &mut mine, |model, results| {
                    self.case(case, at, model, results)
                });
                // A model that does not open and a journal that can't be written concern all cases.
                done.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                *result.lock().unwrap_or_else(PoisonError::into_inner) = mine;
            }
            Ok(())
        };
        jobs::run(self.args.jobs, work)?;
        let (mut structures, mut failures) = (Vec::new(), Vec::new());
        for result in results {
            let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
            structures.extend(result.structures);
            failures.extend(result.failures);
        }
        Ok((structures, failures))
    }

    /// One case. What is wrong with it is in the results; an error is one that concerns all.
    fn case(
        &self,
        case: &Case,
        at: usize,
        model: &mut Option<CubeSegmenter>,
        results: &mut Results,
    ) -> anyhow::Result<()> {
        let opened = open(case, self.args.labels.as_ref()).and_then(|(volume, labels)| {
            let stamps = [ReadStamp::of(&case.image)?, ReadStamp::of(&case.labels)?];
            Ok((volume, labels, stamps))
        });
        let (volume, labels, stamps) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                fail(case, None, &error, results);
                return Ok(());
            }
        };
        let keys: Vec<String> = labels.iter().map(|l| self.key(case, l.value, &stamps)).collect();
        let old = |key: &String| self.journal.as_ref().and_then(|j| j.get(key)).cloned();
        // A picture needs all masks, and the journal has none.
        let picture =
            self.args.pictures.as_deref().map(|folder| pictures::path(folder, &case.name));
        let redo = picture.as_ref().is_some_and(|path| !path.is_file());
        let mut masks = Vec::new();
        for (label, key) in labels.iter().zip(&keys) {
            if let Some(mut structure) = old(key).filter(|_| !redo) {
                structure.case.clone_from(&case.name);
                self.old.fetch_add(1, Ordering::Relaxed);
                results.structures.push(structure);
                continue;
            }
            let segmenter = match model {
                Some(model) => model,
                None => model.insert(self.open_model()?),
            };
            let image = case.image.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
            match protocol::run(segmenter, &volume, label, (&case.name, &image), &self.options) {
                Ok(StructureResult { structure, mask }) => {
                    self.say(at, &structure);
                    if let Some(journal) = &self.journal {
                        journal.add(key, &structure)?;
                    }
                    results.structures.push(structure);
                    masks.push(NamedRegion { region: mask, ..label.clone() });
                }
                Err(error) => fail(case, Some(label.value), &error, results),
            }
        }
        if let Some(path) = picture.filter(|_| redo && !masks.is_empty())
            && let Err(error) = pictures::draw(&path, &volume, &labels, &masks)
        {
            fail(case, None, &error.context("no picture"), results);
        }
        Ok(())
    }

    /// A model for a job. Should it run elsewhere than the first (as when CUDA's memory is full), results would be of
    /// two kinds.
    fn open_model(&self) -> anyhow::Result<CubeSegmenter> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let model = match first {
            Some(model) => model,
            None => CubeSegmenter::open(&self.model, self.args.model.device.into(), self.threads)?,
        };
        if model.device().name != self.ran_on.name {
            let (here, there) = (&model.device().name, &self.ran_on.name);
            let why = &model.device().reason;
            bail!(
                "one job's model runs on {here}, the first on {there} ({why}); choose with --device, or fewer --jobs"
            );
        }
        Ok(model)
    }

    /// All that a structure's result depends on.
    fn key(&self, case: &Case, label: u16, stamps: &[ReadStamp; 2]) -> String {
        let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
        serde_json::json!({
            "image": name(&case.image),
            "labels": name(&case.labels),
            "label": label,
            "files": stamps.each_ref().map(ReadStamp::numbers),
            "model": self.model_sha256,
            "device": self.ran_on.name,
            "options": self.options,
            "program": env!("CARGO_PKG_VERSION"),
            "protocol": PROTOCOL_VERSION,
        })
        .to_string()
    }

    fn say(&self, at: usize, structure: &Structure) {
        let percent = |v: f64| format!("{:.1}", 100.0 * v);
        let dice: Vec<String> = structure.after.iter().map(|a| percent(a.dice)).collect();
        let seconds = structure.after.last().and_then(|a| a.seconds);
        let strokes = structure.correction.as_ref().map(|c| {
            let dice = c.dice.last().copied().unwrap_or_default();
            format!(", {} with {} strokes", percent(dice), c.mm.len())
        });
        say(&format!(
            "[{}/{}] {} label {}{}: Dice {} %{}{}",
            at + 1,
            self.cases.len(),
            structure.case,
            structure.label,
            structure.name.as_ref().map(|n| format!(" {n}")).unwrap_or_default(),
            dice.join(" "),
            strokes.unwrap_or_default(),
            seconds.map(|s| format!(", {s:.2} s")).unwrap_or_default()
        ));
    }
}

fn fail(case: &Case, label: Option<u16>, error: &anyhow::Error, results: &mut Results) {
    let reason = causes(error);
    let which = label.map(|l| format!(", label {l}")).unwrap_or_default();
    say(&format!("not measured: {}{which}: {reason}", case.name));
    results.failures.push(Failure { case: case.name.clone(), label, reason });
}

/// Does a case's work. If it panics, that is the case's failure: what was measured before stays, and as nobody
/// knows what state the model is in, the next case gets another.
fn caught<M>(
    case: &Case,
    model: &mut Option<M>,
    results: &mut Results,
    work: impl FnOnce(&mut Option<M>, &mut Results) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let done = catch_unwind(AssertUnwindSafe(|| work(model, results)));
    done.unwrap_or_else(|why| {
        *model = None;
        let text = why.downcast_ref::<String>().map(String::as_str);
        let text =
            text.or_else(|| why.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        fail(case, None, &anyhow::anyhow!("the program is at fault: {text}"), results);
        Ok(())
    })
}

/// The scan and the labels that were asked for.
fn open(case: &Case, wanted: Option<&Labels>) -> anyhow::Result<(Arc<Volume>, Vec<NamedRegion>)> {
    let how = "write the one that is meant to a file (voxpoint convert --series)";
    let volume = files::open_only(&case.image, None, how)?;
    let mut labels = files::open_labels(&case.labels, &volume, None)?.labels;
    if labels.is_empty() {
        bail!("the label map is empty: {}", case.labels.display());
    }
    labels.retain(|l| wanted.is_none_or(|w| w.contains(l.value)));
    Ok((Arc::new(volume), labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_the_failure_of_its_case() {
        let case = Case { name: "a".into(), image: "a.nii".into(), labels: "a_seg.nii".into() };
        let mut results = Results::default();
        let mut model = Some("in some state");
        let done = caught(&case, &mut model, &mut results, |model, results| {
            fail(&case, Some(1), &anyhow::anyhow!("empty"), results);
            assert!(model.is_none(), "{} structures", 3);
            Ok(())
        });
        assert!(done.is_ok() && model.is_none());
        let failed: Vec<_> =
            results.failures.iter().map(|f| (f.label, f.reason.as_str())).collect();
        assert_eq!(failed, [(Some(1), "empty"), (None, "the program is at fault: 3 structures")]);
        // An error that concerns all cases is passed on.
        let mut model = Some(());
        let all = caught(&case, &mut model, &mut results, |_, _| bail!("no space"));
        assert!(all.is_err() && model.is_some() && results.failures.len() == 2);
    }
}
