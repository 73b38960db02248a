//! Opening what hospitals and labs have: files and folders, each time in a process of its own, in turn with reading
//! nothing but their bytes and with other programs' readers.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::model::script_beside_models;
use super::process::{ProcessMeasurement, child, median_ms, median_peak_mb, own_child};
use super::timed;
use crate::cli::args::BenchArgs;
use crate::cli::{Usage, print, print_json};
use crate::io::{self, Source};
use crate::work::{CancelToken, Progress};

/// What the others do, beside the models.
const PEER: &str = "bench/peer_files.py";

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    repeat: usize,
    cores: usize,
    release: bool,
    places: Vec<PlaceTimes>,
}

/// Medians at one file or folder.
#[derive(Debug, Serialize)]
struct PlaceTimes {
    place: PathBuf,
    files: usize,
    mb: f64,
    /// Nothing but the bytes of all its files, one after another, by one thread.
    read: Times,
    /// Finding out which scans there are; of folders only.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Times>,
    /// All of the scan; not of a folder with several.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<Times>,
    /// By their names.
    peers: BTreeMap<String, PeerTimes>,
    /// Why they were not measured.
    no_peer: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Times {
    ms: f64,
    /// Largest memory of the whole process; null where the system does not tell.
    peak_mb: Option<f64>,
}

#[derive(Debug, Serialize)]
struct PeerTimes {
    ms: f64,
    peak_mb: Option<f64>,
    /// Theirs in times of ours.
    ratio: f64,
    /// Whether it read as many voxels, with values of the same sum.
    same: bool,
}

/// Measures all places and prints.
pub fn run(args: &BenchArgs) -> anyhow::Result<()> {
    if args.places.is_empty() {
        let what = "name the files or folders to open: voxpoint bench files FILE|FOLDER…";
        return Err(Usage(what.to_owned()).into());
    }
    let places = args.places.iter().map(|place| measure(place, args)).collect::<Result<_, _>>()?;
    let report = Report {
        repeat: args.repeat,
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        release: !cfg!(debug_assertions),
        places,
    };
    if args.json { print_json(&report) } else { print(&report.text()) }
}

/// What was measured in turns.
#[derive(Default)]
struct Runs {
    read: Vec<ProcessMeasurement>,
    list: Vec<ProcessMeasurement>,
    open: Vec<ProcessMeasurement>,
    peers: Vec<(&'static str, Vec<ProcessMeasurement>)>,
    no_peer: Option<String>,
}

impl Runs {
    fn of(place: &Path, several: bool, args: &BenchArgs) -> anyhow::Result<Self> {
        let readers: &[&'static str] = match (place.is_dir(), several) {
            (true, true) => &[],
            (true, false) => &["SimpleITK", "pydicom", "pydicom2"],
            (false, _) => &["SimpleITK"],
        };
        let mut runs = Self::default();
        match args.peer {
            Some(_) => runs.peers = readers.iter().map(|reader| (*reader, Vec::new())).collect(),
            None => runs.no_peer = Some("not asked for: --peer PYTHON".to_owned()),
        }
        // The first of each brings the files into the system's cache.
        for n in 0..=args.repeat {
            let keep = |runs: &mut Vec<_>, run| {
                if n > 0 {
                    runs.push(run);
                }
            };
            keep(&mut runs.read, own_child("read-once", place)?);
            if place.is_dir() {
                keep(&mut runs.list, own_child("list-once", place)?);
            }
            if !several {
                keep(&mut runs.open, own_child("open-once", place)?);
            }
            for (reader, theirs) in &mut runs.peers {
                match args.peer.as_deref().map(|python| peer(python, reader, place)) {
                    Some(Ok(run)) => keep(theirs, run),
                    Some(Err(why)) => runs.no_peer = Some(format!("{reader}: {why:#}")),
                    None => {}
                }
            }
        }
        Ok(runs)
    }
}

fn measure(place: &Path, args: &BenchArgs) -> anyhow::Result<PlaceTimes> {
    let files = files_in(place)?;
    let bytes: u64 = files.iter().filter_map(|file| Some(fs::metadata(file).ok()?.len())).sum();
    let several = place.is_dir() && !is_one_scan(place)?;
    let runs = Runs::of(place, several, args)?;
    let times = |runs: &[ProcessMeasurement]| {
        let (ms, peak_mb) = (median_ms(runs), median_peak_mb(runs));
        (!runs.is_empty()).then_some(Times { ms, peak_mb })
    };
    let ours = runs.open.first();
    let peers = runs.peers.iter().filter_map(|(name, theirs)| {
        let (first, ms) = (theirs.first()?, median_ms(theirs));
        let same = ours.is_some_and(|ours| same(ours, first));
        let ratio = ms / median_ms(&runs.open);
        let told = PeerTimes { ms, peak_mb: median_peak_mb(theirs), ratio, same };
        Some(((*name).to_owned(), told))
    });
    Ok(PlaceTimes {
        place: place.to_owned(),
        files: files.len(),
        mb: bytes as f64 / 1e6,
        read: times(&runs.read).context("nothing was measured")?,
        list: times(&runs.list),
        open: times(&runs.open),
        peers: peers.collect(),
        no_peer: runs.no_peer.clone(),
    })
}

fn same(ours: &ProcessMeasurement, theirs: &ProcessMeasurement) -> bool {
    let sums = ours.sum.zip(theirs.sum);
    let close = sums.is_some_and(|(a, b)| (a - b).abs() <= 1e-6 * a.abs().max(b.abs()));
    ours.voxels == theirs.voxels && close
}

fn peer(python: &Path, reader: &str, place: &Path) -> anyhow::Result<ProcessMeasurement> {
    let mut command = Command::new(python);
    command.arg(script_beside_models(PEER)?).arg(reader).arg(place);
    child(command)
}

/// A file, or all files in a folder and those in it, in the order of their names.
fn files_in(place: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut places = vec![place.to_owned()];
    while let Some(place) = places.pop() {
        if !place.is_dir() {
            files.push(place);
            continue;
        }
        let entries = fs::read_dir(&place);
        let entries = entries.with_context(|| format!("can't look into {}", place.display()))?;
        places
            .extend(entries.flatten().map(|entry| entry.path()).filter(|path| !path.is_symlink()));
    }
    files.sort();
    Ok(files)
}

/// Whether a folder is opened without a question.
fn is_one_scan(folder: &Path) -> anyhow::Result<bool> {
    let list = io::formats().list(&Source::at(folder), &CancelToken::new(), &Progress::new())?;
    Ok(list.is_none_or(|list| list.is_plain()))
}

/// What a process does that reads nothing but bytes, into memory of its own as an opened scan has.
pub fn read_once(place: Option<&Path>) -> anyhow::Result<()> {
    let place = place.ok_or_else(|| anyhow!("read-once needs --file"))?;
    let (read, ms) = timed(|| -> anyhow::Result<usize> {
        let files = files_in(place)?;
        let length = |file: &File| Ok::<_, std::io::Error>(file.metadata()?.len() as usize);
        let mut all = 0;
        let mut kept = Vec::with_capacity(files.len());
        for path in files {
            let mut file = File::open(&path)?;
            let mut bytes = Vec::with_capacity(length(&file)?);
            all += file.read_to_end(&mut bytes)?;
            kept.push(bytes);
        }
        Ok(std::hint::black_box(kept).len().min(all))
    });
    print_json(&ProcessMeasurement::of(ms, read?))
}

/// What a process does that finds out which scans there are.
pub fn list_once(place: Option<&Path>) -> anyhow::Result<()> {
    let place = place.ok_or_else(|| anyhow!("list-once needs --file"))?;
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let (list, ms) = timed(|| io::formats().list(&Source::at(place), &cancel, &progress));
    let images = list?.map_or(0, |list| list.rows().iter().map(|row| row.images).sum());
    print_json(&ProcessMeasurement::of(ms, images))
}

impl Report {
    fn text(&self) -> String {
        let build = if self.release { "" } else { ", unoptimised build" };
        let first = format!("medians of {} runs, {} cores{build}", self.repeat, self.cores);
        let lines = self.places.iter().flat_map(PlaceTimes::lines);
        std::iter::once(first).chain(lines).collect::<Vec<_>>().join("\n")
    }
}

impl PlaceTimes {
    fn lines(&self) -> Vec<String> {
        let peak =
            |peak: Option<f64>| peak.map_or(String::new(), |mb| format!(", peak {mb:.0} MB"));
        let (files, mb) = (self.files, self.mb);
        let mut lines = vec![format!("{} ({files} files, {mb:.0} MB)", self.place.display())];
        lines.push(format!("  bytes alone  {:.0} ms{}", self.read.ms, peak(self.read.peak_mb)));
        if let Some(list) = self.list {
            lines.push(format!("  scans listed  {:.0} ms{}", list.ms, peak(list.peak_mb)));
        }
        if let Some(open) = self.open {
            let ratio = open.ms / self.read.ms;
            let peak = peak(open.peak_mb);
            lines.push(format!("  opened  {:.0} ms{peak}; {ratio:.2} × the bytes alone", open.ms));
        }
        for (name, times) in &self.peers {
            let odd = if times.same { "" } else { ", and what it read is not the same" };
            let PeerTimes { ms, ratio, .. } = times;
            lines.push(format!(
                "  {name}  {ms:.0} ms{}, {ratio:.2} × ours{odd}",
                peak(times.peak_mb)
            ));
        }
        lines.extend(self.no_peer.iter().map(|why| format!("  others: {why}")));
        lines
    }
}
