//! What `voxpoint compare` of two folders takes: many pairs by one job and by several, a run that goes on, and memory, each
//! in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde::Serialize;

use super::process::{StartedProcess, resident_mb};
use super::{cores, synthetic};
use crate::cli::args::BenchArgs;
use crate::cli::say;
use crate::geom::DVec3;
use crate::io;
use crate::volume::{LabelMap, Provenance};
use crate::work::{CancelToken, Progress};

/// Voxels of the small maps, how many of them there are in each folder, and labels in each.
const SMALL: [usize; 3] = [160, 128, 96];
const MAPS: usize = 4;
const LABELS: [usize; 3] = [5, 2, 1];
/// The pair from which on memory is to stay as it is.
const SETTLED: usize = 10;

/// Many pairs.
#[derive(Debug, Serialize)]
pub struct CompareTimes {
    pairs: usize,
    /// Labels of each map.
    labels: usize,
    one_job: PairsRun,
    /// As many as there are cores.
    jobs: usize,
    all_jobs: PairsRun,
    /// The same once more, from the journal.
    resumed: PairsRun,
}

/// One run over all pairs.
#[derive(Debug, Serialize)]
struct PairsRun {
    seconds: f64,
    /// Resident memory after ten pairs and after the last; null where the system does not tell.
    settled_mb: Option<f64>,
    last_mb: Option<f64>,
    /// Results that were in the journal.
    from_journal: usize,
}

/// Writes two folders of label maps into a temporary one, and has them compared.
pub fn measure(args: &BenchArgs) -> anyhow::Result<CompareTimes> {
    let folder = tempfile::tempdir().context("can't make a temporary folder")?;
    let folders = ["a", "b"].map(|name| folder.path().join(name));
    for (n, place) in folders.iter().enumerate() {
        write_maps(place, n, args.pairs)?;
    }
    let [x, y, z] = SMALL;
    say(&format!("note: {} pairs of maps of {x} × {y} × {z} voxels", args.pairs));
    let run = |jobs: usize, csv: &str| follow(command(&folders, &folder.path().join(csv), jobs)?);
    let jobs = cores();
    let one_job = run(1, "one.csv")?;
    let all_jobs = run(jobs, "all.csv")?;
    let resumed = run(jobs, "all.csv")?;
    let same = |name: &str| std::fs::read(folder.path().join(name));
    if same("one.csv")? != same("all.csv")? {
        bail!("several jobs found other numbers than one; report this");
    }
    let labels = LABELS.iter().product();
    Ok(CompareTimes { pairs: args.pairs, labels, one_job, jobs, all_jobs, resumed })
}

/// `voxpoint compare` of the two folders.
fn command([a, b]: &[PathBuf; 2], csv: &Path, jobs: usize) -> anyhow::Result<Command> {
    let program = std::env::current_exe().context("can't find the program's own file")?;
    let mut command = Command::new(program);
    command.arg("compare").args([a, b]).arg("--csv").arg(csv);
    command.args(["--jobs", &jobs.to_string()]);
    Ok(command)
}

/// Some maps, and as many names of them as there are pairs. `which`: of the first or the second folder, whose balls lie
/// elsewhere and are larger.
fn write_maps(folder: &Path, which: usize, pairs: usize) -> anyhow::Result<()> {
    std::fs::create_dir(folder).context("can't make a folder")?;
    let grid = synthetic::grid(SMALL)?;
    let at = |n: usize| folder.join(format!("case{n:05}.nii.gz"));
    let save = |n: usize| {
        let map = LabelMap::from_labels(SMALL, &balls(n, which));
        let (said, cancel, progress) = (Provenance::default(), CancelToken::new(), Progress::new());
        io::save_labels(&at(n), &map, &grid, &said, &[], &cancel, &progress)
    };
    for n in 0..pairs.min(MAPS) {
        save(n).context("can't write a label map")?;
    }
    for n in MAPS..pairs {
        std::fs::copy(at(n % MAPS), at(n)).context("can't copy a label map")?;
    }
    Ok(())
}

/// Labels, x fastest: a lattice of balls that do not touch.
fn balls(map: usize, which: usize) -> Vec<u16> {
    let cell = DVec3::from_array(std::array::from_fn(|n| SMALL[n] as f64 / LABELS[n] as f64));
    let radius = 0.35 * cell.min_element() * (0.8 + 0.05 * map as f64 + 0.08 * which as f64);
    let moved = DVec3::splat(which as f64 * 0.04 * cell.min_element());
    let [nx, ny, nz] = SMALL;
    let voxel = |n: usize| {
        let place = DVec3::new((n % nx) as f64, (n / nx % ny) as f64, (n / nx / ny) as f64);
        let at = (place / cell).floor();
        let away = place - (at + 0.5) * cell - moved;
        let number = at.x as usize + LABELS[0] * (at.y as usize + LABELS[1] * at.z as usize);
        if away.length() <= radius { number as u16 + 1 } else { 0 }
    };
    (0..nx * ny * nz).map(voxel).collect()
}

/// Starts it and reads what it tells of each pair.
fn follow(mut command: Command) -> anyhow::Result<PairsRun> {
    let start = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = StartedProcess(command.spawn().context("can't start the program")?);
    let said = child.0.stderr.take().context("the program says nothing")?;
    let (mut told, mut memory, mut from_journal) = (0, [None; 2], 0);
    let mut last = String::new();
    for line in BufReader::new(said).lines() {
        let line = line.context("what compare says can't be read")?;
        if let Some(note) = line.strip_prefix("note: ").filter(|n| n.contains("from the journal")) {
            from_journal = note.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or_default();
        }
        if line.starts_with('[') {
            told += 1;
            // (It is gone a moment after its last line.)
            memory[1] = resident_mb(child.0.id()).or(memory[1]);
            if told <= SETTLED {
                memory[0] = memory[1];
            }
        }
        last = line;
    }
    if !child.0.wait()?.success() {
        bail!("voxpoint compare failed: {last}");
    }
    let seconds = start.elapsed().as_secs_f64();
    let [settled_mb, last_mb] = memory;
    Ok(PairsRun { seconds, settled_mb, last_mb, from_journal })
}

impl CompareTimes {
    pub fn lines(&self) -> Vec<String> {
        let CompareTimes { pairs, labels, jobs, one_job, all_jobs, resumed } = self;
        let times = one_job.seconds / all_jobs.seconds;
        let mut lines = vec![
            format!(
                "compare: {pairs} pairs of {labels} labels in {:.1} s by one job, {:.1} s by {jobs}: {times:.1} times as fast",
                one_job.seconds, all_jobs.seconds
            ),
            format!(
                "compare: once more {:.2} s, {} results from the journal",
                resumed.seconds, resumed.from_journal
            ),
        ];
        let after = (*pairs).min(SETTLED);
        for (run, by) in [(one_job, "one job".to_owned()), (all_jobs, format!("{jobs} jobs"))] {
            if let (Some(settled), Some(last)) = (run.settled_mb, run.last_mb) {
                lines.push(format!(
                    "compare: by {by} {settled:.0} MB after {after} pairs, {last:.0} MB after all"
                ));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_have_their_labels_and_those_of_both_folders_differ() {
        let [a, b] = [0, 1].map(|which| balls(1, which));
        let labels = |map: &[u16]| map.iter().copied().collect::<std::collections::BTreeSet<_>>();
        let all = (0..=LABELS.iter().product::<usize>() as u16).collect();
        assert_eq!((labels(&a), labels(&b)), (all, labels(&a)));
        let overlap = a.iter().zip(&b).filter(|(a, b)| a == b && **a > 0).count();
        let [in_a, in_b] = [&a, &b].map(|map| map.iter().filter(|v| **v > 0).count());
        assert!(overlap > in_a / 2 && overlap < in_a && in_a < in_b);
    }
}
