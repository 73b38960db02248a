//! `voxpoint measure`: the structures of a label map, or of a folder of them.

mod rows;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use rayon::prelude::*;
use serde::Serialize;

use super::args::MeasureArgs;
use super::label_maps::{self, MapReading, has, in_file};
use super::{Usage, causes, files, folders, print, print_json, say};
use crate::cases::naming;
use crate::io::{self, IoError, LabelsRead};
use crate::mask::WorkLimits;
use crate::measure::{
    FirstOrder, MEASURES_CSV_HEAD, MaskShape, MeasuredFile, MeasuredStructure, Uptake,
    measures_csv, values_under,
};
use crate::volume::{NamedRegion, ValueUnit, Volume};
use crate::work::memory;

/// A label map that could not be measured.
#[derive(Debug, Serialize)]
struct MeasureFailure {
    file: String,
    /// One line.
    reason: String,
}

/// A folder; keys are stable.
#[derive(Debug, Serialize)]
struct MeasuredFolder {
    files: Vec<MeasuredFile>,
    failures: Vec<MeasureFailure>,
}

/// Measures what was named.
pub fn run(args: &MeasureArgs) -> anyhow::Result<()> {
    if let Some(csv) = &args.csv {
        let inputs: Vec<&Path> =
            std::iter::once(&args.input).chain(&args.scan).map(AsRef::as_ref).collect();
        files::check_output(csv, &inputs, &[".csv"])?;
    }
    if args.input.is_dir() {
        if args.series.is_some() {
            let text =
                "--series is of one label map; in a folder each belongs to a scan by its name";
            return Err(Usage(text.to_owned()).into());
        }
        return folder(args);
    }
    let found = file(&args.input, args.scan.as_deref(), args)?;
    write_csv(args, std::slice::from_ref(&found))?;
    if args.json { print_json(&found) } else { print(rows::text(&found).trim_end()) }
}

fn write_csv(args: &MeasureArgs, files: &[MeasuredFile]) -> anyhow::Result<()> {
    let Some(path) = &args.csv else { return Ok(()) };
    let mut text = MEASURES_CSV_HEAD.to_owned();
    text.extend(files.iter().map(measures_csv));
    io::write_whole(path, |file| file.write_all(text.as_bytes()))
        .with_context(|| format!("can't write {}", path.display()))
}

/// All label maps of a folder, one after the other: of each only its numbers are kept.
fn folder(args: &MeasureArgs) -> anyhow::Result<()> {
    let maps = folders::named(&args.input)?;
    let scans = args.scan.as_deref().map(folders::named).transpose()?;
    let (mut measured, mut failures) = (Vec::new(), Vec::new());
    for (name, path) in &maps {
        let scan = match &scans {
            None => None,
            Some(scans) => {
                let Some(scan) = scan_of(name, scans) else {
                    say(&format!("warning: no scan of this name, left out: {}", path.display()));
                    continue;
                };
                Some(scan)
            }
        };
        match file(path, scan.map(PathBuf::as_path), args) {
            Ok(found) => {
                say(&format!("{name}: {} structures", found.structures.len()));
                measured.push(found);
            }
            Err(error) if matches!(error.downcast_ref(), Some(IoError::NotLabels { .. })) => {
                say(&format!("note: left out: {}", causes(&error)));
            }
            Err(error) => {
                let reason = causes(&error);
                say(&format!("not measured: {name}: {reason}"));
                failures.push(MeasureFailure { file: path.display().to_string(), reason });
            }
        }
    }
    if measured.is_empty() && failures.is_empty() {
        bail!("there is no label map to measure in {}", args.input.display());
    }
    write_csv(args, &measured)?;
    let failed = failures.len();
    if args.json {
        print_json(&MeasuredFolder { files: measured, failures })?;
    } else {
        let texts: Vec<String> = measured.iter().map(rows::text).collect();
        print(texts.join("\n").trim_end())?;
    }
    match failed {
        0 => Ok(()),
        n => bail!("{n} label maps could not be measured; they are named above"),
    }
}

/// The scan of a label map's name: of the same name, or of that without its word for label maps.
fn scan_of<'s>(
    name: &str,
    scans: &'s std::collections::BTreeMap<String, PathBuf>,
) -> Option<&'s PathBuf> {
    let lower = name.to_lowercase();
    let base = naming::label_base(&lower);
    let of_base = || scans.iter().find(|(scan, _)| Some(scan.to_lowercase().as_str()) == base);
    scans.get(name).or_else(|| of_base().map(|(_, path)| path))
}

/// Measures a label map.
fn file(path: &Path, scan: Option<&Path>, args: &MeasureArgs) -> anyhow::Result<MeasuredFile> {
    let scan_volume = scan.map(|scan| open_scan(scan, args)).transpose()?;
    let how = MapReading {
        time_point: args.time_point,
        threshold: args.threshold,
        resample: args.resample,
    };
    let (read, grid) = if let Some(scan) = &scan_volume {
        (label_maps::read_onto(scan, path, how)?, scan.grid().clone())
    } else {
        let volume = files::open_scan(path)?;
        let read = label_maps::labels(&volume, path, args.time_point, args.threshold)?;
        (read, volume.grid().clone())
    };
    let labels = wanted(&read, path, args)?;
    let bytes: u64 = {
        let dims = grid.dims();
        let mut each: Vec<u64> =
            labels.iter().map(|label| MaskShape::bytes(&label.region, dims)).collect();
        each.sort_unstable_by(|a, b| b.cmp(a));
        each.iter().take(rayon::current_num_threads()).sum()
    };
    memory::check(bytes).map_err(|short| anyhow!("measuring {short}: {}", path.display()))?;
    let structures: Vec<Option<MeasuredStructure>> = labels
        .par_iter()
        .map(|label| structure(&read, label, &grid, scan_volume.as_ref(), args))
        .collect::<anyhow::Result<_>>()?;
    let unit = scan_volume.as_ref().and_then(|scan| unit(scan, args)).map(ValueUnit::name);
    Ok(MeasuredFile {
        file: path.display().to_string(),
        scan: scan.map(|scan| scan.display().to_string()),
        unit,
        structures: structures.into_iter().flatten().collect(),
    })
}

fn wanted<'r>(
    read: &'r LabelsRead,
    path: &Path,
    args: &MeasureArgs,
) -> anyhow::Result<Vec<&'r NamedRegion>> {
    if read.labels.is_empty() {
        say(&format!("warning: the label map is empty: {}", path.display()));
    }
    let Some(label) = args.label else { return Ok(read.labels.iter().collect()) };
    let value = read.value_of(label);
    let found: Vec<&NamedRegion> = read.labels.iter().filter(|l| Some(l.value) == value).collect();
    if found.is_empty() && !args.input.is_dir() {
        bail!("label {label} is not in {}, which has {}", path.display(), has(read));
    }
    Ok(found)
}

/// Opens a scan at the time point and in the unit that are wanted.
fn open_scan(path: &Path, args: &MeasureArgs) -> anyhow::Result<Volume> {
    let how = "name one with --series";
    let mut volume = files::open_only(path, args.series.as_deref(), how)?;
    if let Some(number) = args.scan_time_point {
        volume = files::at_time_point(&volume, number)?;
    }
    let Some(kind) = args.suv.and_then(super::MeasureSuv::kind) else { return Ok(volume) };
    volume.in_suv(Some(kind)).ok_or_else(|| {
        anyhow!(
            "this scan does not say what is needed for SUV (dose, weight, times); if its values are SUV, give --suv stored: {}",
            path.display()
        )
    })
}

fn unit(scan: &Volume, args: &MeasureArgs) -> Option<ValueUnit> {
    if args.suv.is_some() && scan.suv_kind().is_none() {
        return Some(ValueUnit::StoredSuv);
    }
    ValueUnit::of(scan.suv_kind(), Some(&scan.stats()))
}

fn structure(
    read: &LabelsRead,
    label: &NamedRegion,
    grid: &crate::geom::Grid,
    scan: Option<&Volume>,
    args: &MeasureArgs,
) -> anyhow::Result<Option<MeasuredStructure>> {
    let Some(shape) = MaskShape::of(&label.region, grid, &WorkLimits::none())? else {
        return Ok(None);
    };
    let (number, name) = (in_file(read, label.value), label.name.clone());
    let mut found = MeasuredStructure::of(number, name, &shape, grid);
    if let Some(scan) = scan {
        found.values = FirstOrder::of(values_under(&label.region, scan)).map(Into::into);
        if args.suv.is_some() || scan.suv_kind().is_some() {
            found.uptake = Uptake::of(&label.region, scan).map(Into::into);
        }
    }
    Ok(Some(found))
}
