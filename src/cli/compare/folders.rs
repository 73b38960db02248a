//! Two folders of label maps: pairs by name, side by side, resumable. Of each pair only its numbers are kept.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, bail};
use serde::Serialize;

use super::super::args::{CompareArgs, PairArg};
use super::super::journal::Journal;
use super::super::tables::table;
use super::super::{causes, folders, print, print_json, say};
use super::html::ReportPage;
use super::room::MemoryRoom;
use super::summary::{CompareFailure, LabelSummary, Spread, summary};
use crate::measure::ComparedMaps;

/// Counted up whenever the same files would give other numbers.
const COMPARE_VERSION: u32 = 1;

/// A case's numbers.
#[derive(Debug, Serialize)]
struct ComparedCase<'a> {
    case: &'a str,
    #[serde(flatten)]
    found: &'a ComparedMaps,
}

/// All pairs of two folders; keys are stable.
#[derive(Debug, Serialize)]
struct FoldersReport<'a> {
    a: String,
    b: String,
    tolerance_mm: f64,
    paired_by: PairArg,
    cases: Vec<ComparedCase<'a>>,
    failures: &'a [CompareFailure],
    /// Files of one folder that the other has none of the name of.
    unpaired: &'a [String],
    summary: Vec<LabelSummary>,
}

/// Compares the pairs of two folders.
pub fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let (pairs, unpaired) = pairs(&args.a, &args.b)?;
    for note in &unpaired {
        say(&format!("warning: no file of this name in the other folder: {note}"));
    }
    let results = all(args, &pairs)?;
    let mut found: Vec<(String, &ComparedMaps)> = Vec::new();
    let mut failures = Vec::new();
    for (pair, result) in pairs.iter().zip(&results) {
        match result {
            Some(Ok(maps)) => found.push((pair.name.clone(), maps)),
            Some(Err(reason)) => {
                failures.push(CompareFailure { case: pair.name.clone(), reason: reason.clone() });
            }
            None => {}
        }
    }
    let cases: Vec<_> = found.iter().map(|(case, maps)| (case.clone(), &maps.labels[..])).collect();
    let page = ReportPage { failures: &failures, unpaired: &unpaired, ..ReportPage::of(&cases) };
    super::write_tables(args, &page)?;
    let summary = summary(&cases.iter().map(|(_, rows)| *rows));
    if args.json {
        print_json(&FoldersReport {
            a: args.a.display().to_string(),
            b: args.b.display().to_string(),
            tolerance_mm: args.tolerance,
            paired_by: args.by,
            cases: found.iter().map(|(case, found)| ComparedCase { case, found }).collect(),
            failures: &failures,
            unpaired: &unpaired,
            summary,
        })?;
    } else {
        print(text(&summary, found.len()).trim_end())?;
    }
    match failures.as_slice() {
        [] => Ok(()),
        [one] => bail!("not compared: {}: {}", one.case, one.reason),
        more => bail!("{} pairs could not be compared; they are named above", more.len()),
    }
}

fn text(summary: &[LabelSummary], cases: usize) -> String {
    let cell = |spread: &Option<Spread>, digits: usize| {
        spread.as_ref().map_or("-".to_owned(), |s| {
            let sd = s.sd.map_or(String::new(), |sd| format!(" ± {sd:.digits$}"));
            format!("{:.digits$}{sd}", s.mean)
        })
    };
    let rows = summary.iter().map(|s| {
        vec![
            s.label.to_string(),
            s.name.clone().unwrap_or_default().replace('|', "\\|"),
            s.dice.as_ref().map_or(0, |d| d.cases).to_string(),
            cell(&s.dice, 4),
            cell(&s.nsd, 4),
            cell(&s.hd95_mm, 2),
            cell(&s.assd_mm, 3),
            cell(&s.volume_difference_ml, 3),
        ]
    });
    let head = ["label", "name", "cases", "Dice", "NSD", "HD95 mm", "ASSD mm", "A - B ml"];
    format!("{cases} pairs; mean ± SD\n\n{}", table(&head, rows))
}

/// Two files of one name.
#[derive(Debug, PartialEq, Eq)]
struct FilePair {
    name: String,
    a: PathBuf,
    b: PathBuf,
}

/// The pairs of two folders by name, and the files that are alone.
fn pairs(a: &Path, b: &Path) -> anyhow::Result<(Vec<FilePair>, Vec<String>)> {
    let (in_a, mut in_b) = (folders::named(a)?, folders::named(b)?);
    let (mut pairs, mut alone) = (Vec::new(), Vec::new());
    for (name, path) in in_a {
        match in_b.remove(&name) {
            Some(other) => pairs.push(FilePair { name, a: path, b: other }),
            None => alone.push(path.display().to_string()),
        }
    }
    alone.extend(in_b.into_values().map(|path| path.display().to_string()));
    if pairs.is_empty() {
        bail!(
            "no file of one folder has the name of one in the other: {}, {}",
            a.display(),
            b.display()
        );
    }
    Ok((pairs, alone))
}

/// The numbers of a pair, or why there are none in one line; `None` if it was not looked at.
type PairResult = Option<Result<ComparedMaps, String>>;

/// Where results are kept as they come, if they are.
fn journal(args: &CompareArgs) -> anyhow::Result<Option<Journal<ComparedMaps>>> {
    let beside = |out: &PathBuf| {
        let mut name = out.clone().into_os_string();
        name.push(".journal");
        PathBuf::from(name)
    };
    let place =
        args.resume.clone().or_else(|| args.csv.as_ref().or(args.html.as_ref()).map(beside));
    place.map(|path| Journal::open(&path, "voxpoint compare")).transpose()
}

/// Works through all pairs, some at a time.
fn all(args: &CompareArgs, pairs: &[FilePair]) -> anyhow::Result<Vec<PairResult>> {
    let journal = journal(args)?;
    let results: Vec<Mutex<PairResult>> = pairs.iter().map(|_| Mutex::default()).collect();
    let (next, stop, old) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicUsize::new(0));
    let room = MemoryRoom::default();
    let work = || -> anyhow::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(pair), Some(result)) = (pairs.get(at), results.get(at)) else { break };
            // A file that can't even be looked at is this pair's failure, which reading it tells.
            let key = key(pair, args).ok();
            let known = |journal: &Journal<ComparedMaps>| journal.get(key.as_deref()?).cloned();
            let kept = journal.as_ref().and_then(known);
            let is_new = kept.is_none();
            let found = match kept {
                Some(kept) => {
                    old.fetch_add(1, Ordering::Relaxed);
                    Ok(kept)
                }
                None => compared(pair, args, &room),
            };
            if let (Some(journal), Some(key), Ok(maps)) = (&journal, &key, &found)
                && is_new
            {
                // A journal that can't be written concerns all.
                journal.add(key, maps).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            }
            // What is told is kept.
            tell(at, pairs.len(), &pair.name, &found);
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        }
        Ok(())
    };
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or_else(cores).min(pairs.len());
    std::thread::scope(|scope| {
        let start =
            |_| std::thread::Builder::new().name("job".to_owned()).spawn_scoped(scope, work);
        let others: Vec<_> = (1..jobs).map_while(|n| start(n).ok()).collect();
        let mine = work();
        others.into_iter().fold(mine, |all, job| {
            all.and(job.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a job ended by itself"))))
        })
    })?;
    match old.load(Ordering::Relaxed) {
        0 => {}
        old => say(&format!("note: {old} of {} results are from the journal", pairs.len())),
    }
    Ok(results
        .into_iter()
        .map(|r| r.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect())
}

/// A pair's numbers. A panic is the pair's failure.
fn compared(
    pair: &FilePair,
    args: &CompareArgs,
    room: &MemoryRoom,
) -> Result<ComparedMaps, String> {
    let work = || super::compare_files(&pair.a, &pair.b, args, room);
    let done = catch_unwind(AssertUnwindSafe(work));
    let done = done.unwrap_or_else(|_| Err(anyhow::anyhow!("the program is at fault")));
    done.map_err(|error| causes(&error))
}

fn tell(at: usize, of: usize, name: &str, found: &Result<ComparedMaps, String>) {
    match found {
        Ok(maps) => {
            let dice = maps.mean.dice.map_or("-".to_owned(), |d| format!("{d:.4}"));
            say(&format!(
                "[{}/{of}] {name}: {} labels, mean Dice {dice}",
                at + 1,
                maps.labels.len()
            ));
        }
        Err(reason) => say(&format!("not compared: {name}: {reason}")),
    }
}

/// All that a pair's numbers depend on.
fn key(pair: &FilePair, args: &CompareArgs) -> anyhow::Result<String> {
    let stamp = |path: &Path| -> anyhow::Result<(u64, u128)> {
        let about =
            std::fs::metadata(path).with_context(|| format!("can't read {}", path.display()))?;
        let time = about.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        Ok((about.len(), time.map_or(0, |t| t.as_millis())))
    };
    Ok(serde_json::json!({
        "case": pair.name,
        "files": [stamp(&pair.a)?, stamp(&pair.b)?],
        "tolerance": args.tolerance,
        "by": args.by,
        "time_point": args.time_point,
        "threshold": args.threshold,
        "resample": args.resample,
        "program": env!("CARGO_PKG_VERSION"),
        "version": COMPARE_VERSION,
    })
    .to_string())
}
