//! `voxpoint clean`: label maps cleaned by the four steps of a data set; a dry run unless a folder is named.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;

use super::args::CleanArgs;
use super::folders::{self, name_of};
use super::label_maps::{self, in_file};
use super::overlaps::overlaps;
use super::tables::table;
use super::{causes, files, print, print_json, say};
use crate::document::{LabelId, palette_colour};
use crate::io::{self, ContentKind, IoError, LabelsRead};
use crate::mask::WorkLimits;
use crate::measure::{Cleaned, CleaningDeed, clean_labels};
use crate::text::csv_field as quoted;
use crate::volume::{LabelMap, LabelName, Volume};
use crate::work::{CancelToken, Progress, memory};

/// What was done, or would be; keys are stable.
#[derive(Debug, Serialize)]
struct CleanReport {
    dry_run: bool,
    files: Vec<CleanedFile>,
    failures: Vec<CleanFailure>,
}

#[derive(Debug, Serialize)]
struct CleanFailure {
    file: String,
    /// One line.
    reason: String,
}

#[derive(Debug, Serialize)]
struct CleanedFile {
    file: String,
    /// Where it was written; `None` of a dry run, or if nothing is left of it.
    out: Option<String>,
    labels_before: usize,
    labels_after: usize,
    deeds: Vec<DeedRow>,
}

#[derive(Debug, Serialize)]
struct DeedRow {
    label: u64,
    name: Option<String>,
    /// `small`, `background`, `components` or `sides`.
    step: &'static str,
    /// What and why, in words.
    deed: String,
}

/// Cleans what was named.
pub fn run(args: &CleanArgs) -> anyhow::Result<()> {
    if let Some(csv) = &args.csv {
        files::check_output(csv, &[&args.input], &[".csv"])?;
    }
    let maps = if args.input.is_dir() {
        folders::named(&args.input)?
    } else {
        BTreeMap::from([(name_of(&args.input), args.input.clone())])
    };
    if let Some(out) = &args.out {
        let real = |path: &Path| path.canonicalize().ok();
        let within = real(out).zip(real(&args.input)).is_some_and(|(a, b)| a.starts_with(b));
        if within {
            bail!("the output is within the input; name another folder: {}", out.display());
        }
    }
    let (mut done, mut failures) = (Vec::new(), Vec::new());
    for (name, path) in &maps {
        match file(name, path, args) {
            Ok(cleaned) => done.push(cleaned),
            Err(error)
                if args.input.is_dir()
                    && matches!(error.downcast_ref(), Some(IoError::NotLabels { .. })) =>
            {
                say(&format!("note: left out: {}", causes(&error)));
            }
            Err(error) if args.input.is_dir() => {
                let reason = causes(&error);
                say(&format!("not cleaned: {name}: {reason}"));
                failures.push(CleanFailure { file: path.display().to_string(), reason });
            }
            Err(error) => return Err(error),
        }
    }
    if done.is_empty() && failures.is_empty() {
        bail!("there is no label map to clean in {}", args.input.display());
    }
    let report = CleanReport { dry_run: args.out.is_none(), files: done, failures };
    if let Some(csv) = &args.csv {
        let text = csv_text(&report);
        io::write_whole(csv, |file| file.write_all(text.as_bytes()))
            .with_context(|| format!("can't write {}", csv.display()))?;
    }
    if args.json {
        print_json(&report)?;
    } else {
        print(text(&report).trim_end())?;
    }
    match report.failures.len() {
        0 => Ok(()),
        n => bail!("{n} label maps could not be cleaned; they are named above"),
    }
}

/// Cleans a label map.
fn file(name: &str, path: &Path, args: &CleanArgs) -> anyhow::Result<CleanedFile> {
    let volume = files::open_scan(path)?;
    let read = label_maps::labels(&volume, path, None, None)?;
    let cleaned = clean_labels(&read.labels, volume.grid(), &args.steps(), &WorkLimits::none())?;
    let out = match &args.out {
        Some(folder) if !cleaned.labels.is_empty() => {
            let out = place(folder, name, path);
            save(&out, &cleaned, &volume)?;
            Some(out.display().to_string())
        }
        _ => None,
    };
    let deeds = cleaned.deeds.iter().map(|(value, deed)| row(&read, *value, deed)).collect();
    Ok(CleanedFile {
        file: path.display().to_string(),
        out,
        labels_before: read.labels.len(),
        labels_after: cleaned.labels.len(),
        deeds,
    })
}

fn row(read: &LabelsRead, value: u16, deed: &CleaningDeed) -> DeedRow {
    let name = read.labels.iter().find(|l| l.value == value).and_then(|l| l.name.clone());
    let (step, deed) = words(deed);
    DeedRow { label: in_file(read, value), name, step, deed }
}

fn words(deed: &CleaningDeed) -> (&'static str, String) {
    match deed {
        CleaningDeed::TooSmall(ml) => ("small", format!("dropped: {ml:.3} ml")),
        CleaningDeed::TooThin(mm) => ("small", format!("dropped: {mm:.1} mm thin")),
        CleaningDeed::MostlyBackground(share) => {
            ("background", format!("dropped: {:.2} % of the volume is not in it", 100.0 * share))
        }
        CleaningDeed::PartsDropped(count, ml) => {
            ("components", format!("{count} small parts taken away: {ml:.3} ml"))
        }
        CleaningDeed::Split { left, right_ml, left_ml } => (
            "sides",
            format!("split: right {right_ml:.3} ml, left {left_ml:.3} ml (now label {left})"),
        ),
        CleaningDeed::NoNumber => {
            ("sides", "not split: no label number is left below 65536".to_owned())
        }
    }
}

/// Where the cleaned copy goes: its name in the folder, in its format if that is written.
fn place(folder: &Path, name: &str, path: &Path) -> PathBuf {
    let file = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let endings = io::formats().written_endings(ContentKind::Labels);
    // A DICOM file of labels names images, which a copy elsewhere does not have at hand.
    let ending =
        endings.iter().filter(|ending| file.ends_with(**ending) && !ending.contains(".dcm"));
    let ending = ending.max_by_key(|e| e.len());
    folder.join(format!("{name}{}", ending.unwrap_or(&".nii.gz")))
}

fn save(out: &Path, cleaned: &Cleaned, volume: &Volume) -> anyhow::Result<()> {
    let folder = io::folder_of(out);
    std::fs::create_dir_all(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))?;
    if out.symlink_metadata().is_ok() {
        bail!("this is there already; name another folder: {}", out.display());
    }
    let dims = volume.grid().dims();
    memory::check(LabelMap::bytes_of(dims, cleaned.labels.iter().map(|l| &l.region)))
        .map_err(|short| anyhow!("the label map {short}"))?;
    let (map, covered) = files::stacked(dims, &cleaned.labels);
    let table: Vec<LabelName> = cleaned
        .labels
        .iter()
        .map(|label| LabelName {
            value: label.value,
            name: label.name.clone().unwrap_or_else(|| format!("Label {}", label.value)),
            colour: label.colour.unwrap_or_else(|| palette_colour(LabelId(label.value))),
            opacity: label.opacity.unwrap_or(1.0),
            visible: label.visible,
        })
        .collect();
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let (labels, grid) = ((&map, &covered), volume.grid());
    io::save_overlapping(out, labels, grid, volume.provenance(), &table, &cancel, &progress)?;
    overlaps(out, &covered, &table, grid);
    Ok(())
}

fn text(report: &CleanReport) -> String {
    let rows = report.files.iter().flat_map(|file| {
        file.deeds.iter().map(|deed| {
            vec![
                file.file.replace('|', "\\|"),
                deed.label.to_string(),
                deed.name.clone().unwrap_or_default().replace('|', "\\|"),
                deed.step.to_owned(),
                deed.deed.clone(),
            ]
        })
    });
    let (before, after) = report
        .files
        .iter()
        .fold((0, 0), |(b, a), file| (b + file.labels_before, a + file.labels_after));
    let files = report.files.len();
    let how = if report.dry_run { "; nothing was written: --out FOLDER does" } else { "" };
    let table = table(&["file", "label", "name", "step", "what"], rows);
    format!("{files} label maps, {before} labels before, {after} after{how}\n\n{table}")
}

/// One line for each deed (RFC 4180, `\n` between lines).
fn csv_text(report: &CleanReport) -> String {
    let mut out = "file,out,label,name,step,deed\n".to_owned();
    for file in &report.files {
        for deed in &file.deeds {
            let fields = [
                quoted(&file.file),
                quoted(file.out.as_deref().unwrap_or_default()),
                deed.label.to_string(),
                quoted(deed.name.as_deref().unwrap_or_default()),
                deed.step.to_owned(),
                quoted(&deed.deed),
            ];
            out += &(fields.join(",") + "\n");
        }
    }
    out
}
