//! `voxpoint batch`: the masks of a table's rows, in parallel, going on where it was stopped.
//!
//! A job is two threads: one reads the next row's scan while the other has the model at work on this one's. Rows are
//! handed out in the table's order. What is done is in a journal as soon as its label map is in its place, so a kill loses
//! nothing and repeats at most the rows that were at work.

mod models;
mod row;
mod table;
mod told;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, anyhow, bail};

use super::args::{BatchArgs, Space};
use super::journal::{self, Journal};
use super::stamp::ReadStamp;
use super::{causes, jobs, print, say};
use crate::segment::{ModelRef, Segmenter, cubes};
use models::{COMMAND, RunModels};
use row::Inputs;
use table::{Job, JobPrompt};
use told::{KeptRow, Made, RowLine, RowState, Tally};

/// Counted up whenever the same row would be made otherwise.
const BATCH_VERSION: u32 = 1;

/// Works through a table.
pub fn run(args: &BatchArgs) -> anyhow::Result<()> {
    let rows = table::read(&args.table, args)?;
    let all = rows.len();
    let mut number = 0..;
    let is_ours =
        |_: &Job| args.shard.is_none_or(|shard| number.next().is_some_and(|n| shard.has(n)));
    let (rows, elsewhere): (Vec<Job>, Vec<Job>) = rows.into_iter().partition(is_ours);
    if rows.is_empty() && all > 0 {
        say(&format!("note: none of the {all} rows is in this share"));
        return Ok(());
    }
    if rows.is_empty() {
        bail!("there is no row in this table: {}", args.table.display());
    }
    let batch = Batch::prepare(args, rows, &elsewhere)?;
    batch.tell_earlier()?;
    let jobs = args.jobs.min(batch.waiting().max(1));
    jobs::run(jobs, || batch.work())?;
    let tally = batch.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    match tally.failed() {
        0 => Ok(()),
        1 => bail!("one row could not be done; it is named above"),
        n => bail!("{n} rows could not be done; they are named above"),
    }
}

/// A model that a job has open.
type OpenedModel = (ModelRef, Box<dyn Segmenter>);

/// A run.
struct Batch<'a> {
    args: &'a BatchArgs,
    rows: Vec<Job>,
    models: RunModels<'a>,
    /// Where results are kept as they come.
    journal: Journal<KeptRow>,
    /// Those of other shares.
    others: HashMap<String, KeptRow>,
    /// The label maps that any of these wrote.
    ours: HashSet<PathBuf>,
    tally: Mutex<Tally>,
    next: AtomicUsize,
    /// Something concerns all rows.
    stop: AtomicBool,
}

impl<'a> Batch<'a> {
    fn prepare(args: &'a BatchArgs, rows: Vec<Job>, elsewhere: &[Job]) -> anyhow::Result<Self> {
        // What is wrong for all of them is told at once.
        let threads = jobs::threads_of_each(args.jobs, args.model.threads);
        let models = RunModels::of(args, (&rows, elsewhere), threads)?;
        cubes::expect_models(args.jobs);
        let path = args.resume.clone().unwrap_or_else(|| journal_of(args));
        let journal = Journal::open(&path, COMMAND)?;
        let mut others: HashMap<String, KeptRow> = HashMap::new();
        if args.resume.is_none() {
            for other in journals_beside(&args.table).into_iter().filter(|other| *other != path) {
                others.extend(journal::results_in(&other));
            }
        }
        let ours = journal.results().chain(others.values()).map(|kept| kept.out.clone()).collect();
        Ok(Self {
            args,
            ours,
            models,
            journal,
            others,
            tally: Mutex::new(Tally::new(rows.len())),
            rows,
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        })
    }

    /// What an earlier run made of a row, if that is still there, and of the same files.
    fn earlier(&self, job: &Job) -> Option<&Made> {
        let key = self.key(job).ok()?;
        let kept = [self.journal.get(&key), self.others.get(&key)];
        kept.into_iter().flatten().find(|kept| kept.holds()).map(|kept| &kept.made)
    }

    /// Tells of rows that are done: before the others, so that the time left is that of these.
    fn tell_earlier(&self) -> anyhow::Result<()> {
        let mut earlier = 0;
        for job in &self.rows {
            if let Some(made) = self.earlier(job) {
                earlier += 1;
                self.tell(job, RowState::Earlier, Ok(made))?;
            }
        }
        if earlier > 0 {
            say(&format!("note: {earlier} of {} rows are done", self.rows.len()));
        }
        Ok(())
    }

    /// How many rows are to be done.
    fn waiting(&self) -> usize {
        self.rows.iter().filter(|job| self.earlier(job).is_none()).count()
    }

    /// A job: does rows until there is none.
    fn work(&self) -> anyhow::Result<()> {
        let done = std::thread::scope(|scope| {
            // One row is held ready, no more.
            let (send, ready) = sync_channel(0);
            let read = move || {
                let mut last = None;
                while !self.stop.load(Ordering::Relaxed) {
                    let at = self.next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = self.rows.get(at) else { break };
                    if self.earlier(job).is_some() {
                        continue;
                    }
                    let inputs = guarded(|| {
                        self.models.check(&self.models.of_job(job)?)?;
                        row::load(job, &mut last)
                    });
                    if send.send((job, inputs)).is_err() {
                        break;
                    }
                }
            };
            let reader = std::thread::Builder::new().name("scans".to_owned());
            reader.spawn_scoped(scope, read).context("the system gives no thread to read scans")?;
            let mut model = None;
            ready.into_iter().try_for_each(|(job, inputs)| self.row(job, inputs, &mut model))
        });
        done.inspect_err(|_| self.stop.store(true, Ordering::Relaxed))
    }

    /// One row. What is wrong with it is told; an error is one that concerns all.
    fn row(
        &self,
        job: &Job,
        inputs: anyhow::Result<Inputs>,
        model: &mut Option<OpenedModel>,
    ) -> anyhow::Result<()> {
        let made = inputs.and_then(|inputs| {
            let key = self.key(job)?;
            let wanted = self.models.of_job(job)?;
            // It may have been given up since this row's scan was read.
            self.models.check(&wanted)?;
            let ours = self.ours.contains(&job.out);
            let made = self.opened(&wanted, model).and_then(|segmenter| {
                guarded(|| row::make(job, &inputs, segmenter, (self.args, ours)))
            });
            self.models.note(&wanted, made.as_ref().err());
            if made.as_ref().is_err_and(anyhow::Error::is::<Panicked>) {
                // Nobody knows what state it is in.
                *model = None;
            }
            let made = made?;
            if !inputs.read.iter().all(ReadStamp::holds) {
                bail!("its files were written to meanwhile; the label map may be of neither state");
            }
            Ok((key, KeptRow { out: job.out.clone(), read: inputs.read, made }))
        });
        match made {
            Ok((key, kept)) => {
                self.journal.add(&key, &kept)?;
                self.tell(job, RowState::Done, Ok(&kept.made))
            }
            Err(error) => self.tell(job, RowState::Failed, Err(&causes(&error))),
        }
    }

    /// A model, opened if it is another than the last row's.
    fn opened<'m>(
        &self,
        wanted: &ModelRef,
        model: &'m mut Option<OpenedModel>,
    ) -> anyhow::Result<&'m mut dyn Segmenter> {
        if model.as_ref().is_none_or(|(at, _)| at != wanted) {
            // Not two in memory.
            *model = None;
            *model = Some((wanted.clone(), self.models.open(wanted)?));
        }
        let (_, segmenter) = model.as_mut().context("no model")?;
        Ok(segmenter.as_mut())
    }

    /// All that a row's label map depends on, but for what is in its files ([`KeptRow::holds`]).
    fn key(&self, job: &Job) -> anyhow::Result<String> {
        let folder = self.args.table.parent().unwrap_or(Path::new(""));
        let way = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
        let prompt = match &job.prompt {
            JobPrompt::Points { points, space, label } => {
                let points: Vec<_> = points.iter().map(|p| (p.at.to_array(), p.positive)).collect();
                let space = if *space == Space::World { "world" } else { "voxel" };
                let BatchArgs { extend, .. } = self.args;
                serde_json::json!({"points": points, "space": space, "label": label, "extend": extend})
            }
            JobPrompt::Robot { labels, label, clicks } => serde_json::json!({
                "labels": way(labels),
                "label": label,
                "clicks": clicks,
                "first": self.args.first,
                "seed": self.args.seed,
            }),
        };
        let mut key = serde_json::json!({
            "image": way(&job.image),
            "out": way(&job.out),
            "name": job.name,
            "prompt": prompt,
            "model": self.models.key(&self.models.of_job(job)?)?,
            "rule": self.args.rule,
            "parts": self.args.parts,
            "program": env!("CARGO_PKG_VERSION"),
            "batch": BATCH_VERSION,
        });
        // Rows without one have the keys that they always had.
        if let Some(series) = &job.series {
            key["series"] = series.as_str().into();
        }
        Ok(key.to_string())
    }

    /// A line for programs, and how far it is for people.
    fn tell(&self, job: &Job, state: RowState, made: Result<&Made, &str>) -> anyhow::Result<()> {
        let line = RowLine {
            row: job.line,
            image: job.image.display().to_string(),
            out: job.out.display().to_string(),
            state,
            error: made.err(),
            made: made.ok(),
        };
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.add(state);
        print(&serde_json::to_string(&line)?)?;
        match made {
            _ if state == RowState::Earlier => {}
            Ok(made) => {
                let masks = match &made.labels[..] {
                    [one] => format!("{} mL", crate::volume::readable(one.volume_ml, 3)),
                    several => format!("{} labels", several.len()),
                };
                say(&format!("{} line {}: {masks}", tally.words(), job.line));
            }
            Err(why) => say(&format!("{} line {}: not done: {why}", tally.words(), job.line)),
        }
        Ok(())
    }
}

/// A part of the work panicked.
#[derive(Debug, thiserror::Error)]
#[error("the program is at fault: {0}")]
struct Panicked(String);

/// Does a row's work; if it panics, that is the row's failure.
fn guarded<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|why| {
        let text = why.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| why.downcast_ref::<&str>().copied());
        Err(anyhow!(Panicked(text.unwrap_or("no reason given").to_owned())))
    })
}

/// Where a run keeps what is done.
fn journal_of(args: &BatchArgs) -> PathBuf {
    let share = args.shard.map_or(String::new(), |s| format!(".{}-of-{}", s.number, s.of));
    let mut name = args.table.clone().into_os_string();
    name.push(format!("{share}.journal"));
    PathBuf::from(name)
}

/// The journals of a table and of its shares, however many there were.
fn journals_beside(table: &Path) -> Vec<PathBuf> {
    let Some(own) = table.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let is_journal = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let rest = name.strip_prefix(own).and_then(|rest| rest.strip_suffix(".journal"));
        rest.is_some_and(|rest| {
            let share = rest.strip_prefix('.').and_then(|rest| rest.split_once("-of-"));
            let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            rest.is_empty() || share.is_some_and(|(i, n)| number(i) && number(n))
        })
    };
    let entries = std::fs::read_dir(crate::io::folder_of(table)).into_iter().flatten();
    // As the table's own way, so that one of them is told from that of this run.
    let beside = |entry: std::fs::DirEntry| table.with_file_name(entry.file_name());
    let mut found: Vec<PathBuf> = entries.flatten().map(beside).filter(is_journal).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::args::{Cli, CliCommand};
    use super::*;

    /// What is typed for a table, and nothing more.
    pub(super) fn args(table: &Path) -> BatchArgs {
        args_with(table, &[])
    }

    pub(super) fn args_with(table: &Path, more: &[&str]) -> BatchArgs {
        let mut typed = vec!["voxpoint".as_ref(), "batch".as_ref(), table.as_os_str()];
        typed.extend(more.iter().map(std::ffi::OsStr::new));
        match Cli::try_parse_from(typed).map(|cli| cli.command) {
            Ok(Some(CliCommand::Batch(args))) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn journals_are_told_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("jobs.csv");
        let journals = ["jobs.csv.1-of-2.journal", "jobs.csv.12-of-20.journal", "jobs.csv.journal"];
        let others = [
            "jobs.csv",
            "jobs.csv.x.journal",
            "jobs.csv.1-of-.journal",
            "other.csv.journal",
            "jobs.csv.1.journal",
        ];
        for name in journals.iter().chain(&others) {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = journals_beside(&table);
        assert_eq!(found, journals.map(|name| folder.path().join(name)));
        assert_eq!(journal_of(&args(&table)), found[2]);
        assert_eq!(journal_of(&args_with(&table, &["--shard", "12/20"])), found[1]);
    }

    #[test]
    fn a_panic_is_one_rows_failure() {
        let made: anyhow::Result<()> = guarded(|| panic!("{} voxels", 3));
        let error = made.unwrap_err();
        assert!(error.is::<Panicked>());
        assert_eq!(error.to_string(), "the program is at fault: 3 voxels");
        assert_eq!(guarded(|| Ok(3)).unwrap(), 3);
    }
}
