//! `voxpoint compare`: two label maps, two folders of them, or the masks of several raters.

mod agreement;
mod folders;
mod html;
mod room;
mod rows;
mod summary;

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::args::CompareArgs;
use super::folders::name_of;
use super::label_maps::{MapReading, has, read_pair, region_of};
use super::{Usage, files, print, print_json, say};
use crate::geom::Grid;
use crate::io::{self, LabelsRead};
use crate::mask::WorkLimits;
use crate::measure::{
    COMPARISON_CSV_HEAD, CompareReport, ComparedMaps, ComparedNumbers, PairBy, compare_bytes,
    compared_numbers, comparison_csv_rows, pair_labels, paired_masks,
};
use crate::volume::{NamedRegion, Region, readable};
use room::MemoryRoom;

/// A label of one number in both maps; keys are stable.
#[derive(Debug, Serialize)]
struct OneLabel {
    both_empty: bool,
    tolerance_mm: f64,
    #[serde(flatten)]
    numbers: ComparedNumbers,
}

/// Compares what was named.
pub fn run(args: &CompareArgs) -> anyhow::Result<()> {
    check(args)?;
    if args.a.is_dir() || args.b.is_dir() {
        return folders::run(args);
    }
    if !args.more.is_empty() || args.staple.is_some() || args.majority.is_some() {
        return agreement::run(args);
    }
    if args.label.is_some() || args.label_b.is_some() {
        return one_label(args);
    }
    let found = compare_files(&args.a, &args.b, args, &MemoryRoom::default())?;
    let case = [(name_of(&args.a), &found.labels[..])];
    write_tables(args, &html::ReportPage::of(&case))?;
    if args.json {
        let report = CompareReport {
            a: args.a.display().to_string(),
            b: args.b.display().to_string(),
            tolerance_mm: args.tolerance,
            paired_by: args.by.into(),
            found: &found,
        };
        return print_json(&report);
    }
    print(rows::text(&found, args.tolerance).trim_end())
}

impl CompareArgs {
    /// How its label maps are read.
    fn reading(&self) -> MapReading {
        let Self { time_point, threshold, resample, .. } = *self;
        MapReading { time_point, threshold, resample }
    }
}

/// Everything that can be refused before a file is read.
fn check(args: &CompareArgs) -> anyhow::Result<()> {
    let inputs: Vec<&Path> =
        [&args.a, &args.b].into_iter().chain(&args.more).map(AsRef::as_ref).collect();
    let of_labels = io::formats().written_endings(io::ContentKind::Labels);
    for (out, endings) in [
        (&args.csv, &[".csv"][..]),
        (&args.html, &[".html", ".htm"]),
        (&args.staple, &of_labels),
        (&args.majority, &of_labels),
    ] {
        if let Some(out) = out {
            files::check_output(out, &inputs, endings)?;
        }
    }
    let folders = args.a.is_dir() || args.b.is_dir();
    let usage = |text: &str| Err(Usage(text.to_owned()).into());
    let raters = !args.more.is_empty() || args.staple.is_some() || args.majority.is_some();
    match () {
        () if folders
            && !(args.a.is_dir() && args.b.is_dir())
            && (args.a.exists() && args.b.exists()) =>
        {
            usage("give two label maps, or two folders")
        }
        () if folders && raters => {
            usage("several raters are compared file by file, not as folders")
        }
        () if folders && (args.label.is_some() || args.label_b.is_some()) => {
            usage("of folders all labels are compared; leave --label out")
        }
        () if !folders && (args.resume.is_some() || args.jobs.is_some()) => {
            usage("--resume and --jobs are for folders")
        }
        () if raters && args.label_b.is_some() => {
            usage("--label-b is for two label maps; of several raters a label has one number")
        }
        () if !raters
            && (args.label.is_some() || args.label_b.is_some())
            && (args.csv.is_some() || args.html.is_some()) =>
        {
            usage("--csv and --html are of all labels; leave --label out")
        }
        () => Ok(()),
    }
}

/// Compares all labels of two files. `room`: what pairs that are compared at the same time have of the memory.
fn compare_files(
    a: &Path,
    b: &Path,
    args: &CompareArgs,
    room: &MemoryRoom,
) -> anyhow::Result<ComparedMaps> {
    let pair = read_pair(a, b, args.reading())?;
    let [in_a, in_b] = &pair.maps;
    for (read, path) in [(in_a, a), (in_b, b)] {
        if read.labels.is_empty() {
            say(&format!("warning: the label map is empty: {}", path.display()));
        }
    }
    compared(&pair.grid, [in_a, in_b], args.by.into(), args, room)
}

/// Compares all labels of two maps on one grid.
fn compared(
    grid: &Grid,
    [in_a, in_b]: [&LabelsRead; 2],
    by: PairBy,
    args: &CompareArgs,
    room: &MemoryRoom,
) -> anyhow::Result<ComparedMaps> {
    let numbers = [rows::numbers_in_file(in_a), rows::numbers_in_file(in_b)];
    let number = |map: usize, label: &NamedRegion| {
        numbers[map].get(&label.value).copied().unwrap_or(u64::from(label.value))
    };
    let pairs = pair_labels(&in_a.labels, &in_b.labels, grid.dims(), by, number);
    let nothing = Region::default();
    let labels = [&in_a.labels[..], &in_b.labels];
    let found = numbers_of(&paired_masks(labels, &pairs, &nothing), grid, args, room)?;
    Ok(ComparedMaps::of(labels, &pairs, number, found))
}

/// The numbers of pairs of masks, and of all together.
fn numbers_of(
    pairs: &[(&Region, &Region)],
    grid: &Grid,
    args: &CompareArgs,
    room: &MemoryRoom,
) -> anyhow::Result<(Vec<ComparedNumbers>, ComparedNumbers)> {
    let bytes = compare_bytes(pairs, grid.dims(), rayon::current_num_threads());
    let _taken = room.take(bytes).map_err(|short| anyhow!("measuring distances {short}"))?;
    Ok(compared_numbers(pairs, grid, args.tolerance, &WorkLimits::none(), &|| ())?)
}

/// One label of A and one of B.
fn one_label(args: &CompareArgs) -> anyhow::Result<()> {
    let label_a = args.label.unwrap_or(1);
    let label_b = args.label_b.unwrap_or(label_a);
    let pair = read_pair(&args.a, &args.b, args.reading())?;
    let [in_a, in_b] = &pair.maps;
    let (region_a, region_b) = (region_of(in_a, label_a), region_of(in_b, label_b));
    let masks = [(&region_a, &region_b)];
    let (_, numbers) = numbers_of(&masks, &pair.grid, args, &MemoryRoom::default())?;
    for (voxels, label, read, path) in
        [(numbers.voxels_a, label_a, in_a, &args.a), (numbers.voxels_b, label_b, in_b, &args.b)]
    {
        if voxels == 0 {
            let (path, has) = (path.display(), has(read));
            say(&format!("warning: label {label} is not in {path}, which has {has}"));
        }
    }
    let both_empty = numbers.voxels_a == 0 && numbers.voxels_b == 0;
    if both_empty {
        say("warning: both are empty: Dice is not defined and set to 1, as Metrics Reloaded does");
    }
    if args.json {
        let tolerance_mm = args.tolerance;
        return print_json(&OneLabel { both_empty, tolerance_mm, numbers });
    }
    let n = &numbers;
    let mm = |value: Option<f64>| value.map_or("not defined".into(), |v| format!("{v:.2} mm"));
    print(&format!(
        "Dice {:.4}\nNSD  {:.4} (within {} mm)\nHD   {}, HD95 {}, ASSD {}\nA    {} voxels, {} ml\nB    {} voxels, {} ml",
        n.dice,
        n.nsd,
        args.tolerance,
        mm(n.hd_mm),
        mm(n.hd95_mm),
        mm(n.assd_mm),
        n.voxels_a,
        readable(n.volume_ml_a, 4),
        n.voxels_b,
        readable(n.volume_ml_b, 4)
    ))
}

/// Writes --csv and --html.
fn write_tables(args: &CompareArgs, of: &html::ReportPage<'_>) -> anyhow::Result<()> {
    let write = |path: &Path, text: &str| {
        io::write_whole(path, |file| file.write_all(text.as_bytes()))
            .with_context(|| format!("can't write {}", path.display()))
    };
    if let Some(path) = &args.csv {
        let mut text = COMPARISON_CSV_HEAD.to_owned();
        text.extend(of.cases.iter().map(|(case, rows)| comparison_csv_rows(case, rows)));
        write(path, &text)?;
    }
    if let Some(path) = &args.html {
        write(path, &html::page(args, of)?)?;
    }
    Ok(())
}
