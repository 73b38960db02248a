//! `voxpoint batch`: the masks of a table's rows, in parallel, going on where it was stopped.
//!
//! A job is two threads: one reads the next row's scan while the other has the model at work on this one's. Rows are
//! handed out in the table's order. What is done is in a journal as soon as its label map is in its place, so a kill loses
//! nothing and repeats at most the rows that were at work.

mod models;
mod others;
mod row;
mod table;
mod told;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, anyhow, bail};

use super::args::{BatchArgs, Space};
use super::journal::Journal;
use super::stamp::ReadStamp;
use super::{causes, jobs, print, say};
use crate::segment::{ModelRef, Segmenter, cubes};
use models::{COMMAND, RunModels};
use others::{Others, journal_of};
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
    let mut batch = Batch::prepare(args, rows, &elsewhere)?;
    batch.tell_earlier()?;
    batch.tell_others(all);
    let waiting = batch.rows.len() - batch.told.len();
    let jobs = args.jobs.min(waiting.max(1));
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
    /// Those of other shares; `None`: they are not looked at.
    others: Option<Mutex<Others>>,
    /// Lines of rows that were done before this run began.
    told: HashSet<u64>,
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
        let path = args.resume.clone().unwrap_or_else(|| journal_of(&args.table, args.shard));
        let journal = Journal::open(&path, COMMAND)?;
        let others = args.resume.is_none().then(|| Others::of(&args.table, &path));
        let theirs = others.iter().flat_map(Others::results);
        let ours = journal.results().chain(theirs).map(|kept: &KeptRow| kept.out.clone()).collect();
        Ok(Self {
            args,
            ours,
            models,
            journal,
            others: others.map(Mutex::new),
            told: HashSet::new(),
            tally: Mutex::new(Tally::new(rows.len())),
            rows,
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        })
    }

    /// What an earlier run or another share made of a row, if that is still there, and of the same files.
    fn earlier(&self, job: &Job) -> Option<Made> {
        let key = self.key(job).ok()?;
        if let Some(kept) = self.journal.get(&key).filter(|kept| kept.holds()) {
            return Some(kept.made.clone());
        }
        let others = self.others.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        others.get(&key).filter(|kept| kept.holds()).map(|kept| kept.made.clone())
    }

    /// Tells of rows that are done: before the others, so that the time left is that of these.
    fn tell_earlier(&mut self) -> anyhow::Result<()> {
        let mut told = HashSet::new();
        for job in &self.rows {
            if let Some(made) = self.earlier(job) {
                told.insert(job.line);
                self.tell(job, RowState::Earlier, Ok(&made))?;
            }
        }
        if !told.is_empty() {
            say(&format!("note: {} of {} rows are done", told.len(), self.rows.len()));
        }
        self.told = told;
        Ok(())
    }

    /// Says which other shares are at work on rows of this one, of so many of the table.
    fn tell_others(&self, all: usize) {
        let Some(others) = &self.others else { return };
        let others = others.lock().unwrap_or_else(PoisonError::into_inner);
        for named in others.at_work_on(self.args.shard, all) {
            say(&format!(
                "note: {named} of this table is at work, too, and has rows of this share: a row that both begin at the \
                 same time is done twice"
            ));
        }
    }

    /// What another share has made of a row since this run began.
    fn made_meanwhile(&self, job: &Job) -> Option<Made> {
        let others = self.others.as_ref()?;
        others.lock().unwrap_or_else(PoisonError::into_inner).refresh();
        self.earlier(job)
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
                    if self.told.contains(&job.line) {
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
        if let Some(made) = self.made_meanwhile(job) {
            return self.tell(job, RowState::Earlier, Ok(&made));
        }
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
    fn a_panic_is_one_rows_failure() {
        let made: anyhow::Result<()> = guarded(|| panic!("{} voxels", 3));
        let error = made.unwrap_err();
        assert!(error.is::<Panicked>());
        assert_eq!(error.to_string(), "the program is at fault: 3 voxels");
        assert_eq!(guarded(|| Ok(3)).unwrap(), 3);
    }
}
