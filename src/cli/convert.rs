//! `voxpoint convert`: reads anything, writes by the ending of the output's name.

use std::path::Path;

use anyhow::bail;
use serde::Serialize;

use super::args::{ConvertArgs, ConvertAs};
use super::{Usage, files, print, print_json};
use crate::document::{LabelId, palette_colour};
use crate::io::{self, ContentKind, Likeness, TableKind};
use crate::volume::{LabelName, NamedRegion, SuvKind, Volume, Warning};
use crate::work::{CancelToken, Progress};

/// What was written; keys are stable.
#[derive(Debug, Serialize)]
struct Report<'a> {
    out: String,
    #[serde(rename = "as")]
    what: &'static str,
    /// How many.
    labels: Option<usize>,
    dims: [usize; 3],
    #[serde(rename = "frames")]
    time_points: usize,
    dtype: &'static str,
    /// In which SUV.
    unit: Option<&'static str>,
    warnings: &'a [Warning],
}

/// Converts a file or a folder.
pub fn run(args: &ConvertArgs) -> anyhow::Result<()> {
    check(args)?;
    let volume = files::open_one(&args.input, &args.series)?;
    let volume = match args.suv {
        Some(suv) => in_suv(&volume, suv.into())?,
        None => volume,
    };
    let only_labels = is_segmentation(&args.out);
    let as_labels = match args.what {
        Some(ConvertAs::Image) if only_labels => {
            let text = "a .seg.nrrd is a segmentation; use .nrrd for an image, or --as labels";
            return Err(Usage(text.to_owned()).into());
        }
        Some(what) => what == ConvertAs::Labels,
        // Of several time points one would be lost unasked.
        None if args.time_point.is_some() || only_labels => true,
        None => volume.time_points() == 1 && io::likeness(&volume) == Likeness::Labels,
    };
    let labels = if as_labels {
        Some(labels(args, &volume)?)
    } else {
        files::warn(&volume);
        io::formats().save_scan(&args.out, &volume, &CancelToken::new(), &Progress::new())?;
        None
    };
    let report = Report {
        out: args.out.display().to_string(),
        what: if labels.is_some() { "labels" } else { "image" },
        labels,
        dims: volume.grid().dims(),
        time_points: if labels.is_some() { 1 } else { volume.time_points() },
        dtype: volume.voxels().data_type().name(),
        unit: volume.suv_kind().map(SuvKind::unit),
        warnings: volume.warnings(),
    };
    if args.json {
        return print_json(&report);
    }
    let [x, y, z] = report.dims;
    let what = match report.labels {
        Some(1) => "1 label".to_owned(),
        Some(n) => format!("{n} labels"),
        None if report.time_points > 1 => format!("an image of {} time points", report.time_points),
        None => "an image".to_owned(),
    };
    print(&format!("{}: {what}, {x} × {y} × {z}", report.out))
}

/// A PET in SUV.
fn in_suv(volume: &Volume, kind: SuvKind) -> anyhow::Result<Volume> {
    let Some(converted) = volume.in_suv(Some(kind)) else {
        files::warn(volume);
        bail!("{} can't be had of this scan: {}", kind.unit(), volume.name());
    };
    Ok(converted)
}

/// What can be refused before anything is read.
fn check(args: &ConvertArgs) -> anyhow::Result<()> {
    let formats = io::formats();
    let kind = if is_segmentation(&args.out) { ContentKind::Labels } else { ContentKind::Scan };
    let endings = match args.what {
        Some(ConvertAs::Labels) => formats.written_endings(ContentKind::Labels),
        _ => formats.written_endings(kind),
    };
    files::check_output(&args.out, &[&args.input], &endings)?;
    if args.force {
        return Ok(());
    }
    // Labels have a table beside them.
    let table = formats.label_table_path(&args.out).ok();
    let table = table.filter(|_| args.what == Some(ConvertAs::Labels));
    for path in std::iter::once(&args.out).chain(&table) {
        refuse_to_replace(path)?;
    }
    Ok(())
}

fn refuse_to_replace(path: &Path) -> anyhow::Result<()> {
    if path.symlink_metadata().is_ok() {
        bail!("this is there already; choose another name, or --force: {}", path.display());
    }
    Ok(())
}

/// Whether a name is that of a segmentation and of nothing else.
fn is_segmentation(path: &Path) -> bool {
    path.to_string_lossy().to_lowercase().ends_with(".seg.nrrd")
}

/// Writes the labels of a volume; how many there are.
fn labels(args: &ConvertArgs, volume: &Volume) -> anyhow::Result<usize> {
    let out = &args.out;
    let formats = io::formats();
    let kinds = args.tables.iter().map(|table| TableKind::from(*table));
    if !args.force {
        refuse_to_replace(&formats.label_table_path(out)?)?;
        for kind in kinds.clone() {
            refuse_to_replace(&formats.table_path(out, kind)?)?;
        }
    }
    let read = files::labels_of(volume, &args.input, volume, args.time_point)?;
    let dims = volume.grid().dims();
    let names: Vec<LabelName> = read.labels.iter().map(named).collect();
    let map = files::label_map(dims, &read.labels);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let said = volume.provenance();
    io::save_labels(out, &map, volume.grid(), said, &names, &cancel, &progress)?;
    for kind in kinds {
        formats.save_table(out, &names, kind)?;
    }
    Ok(names.len())
}

/// A label's row in a table; one without a name is called by its number.
fn named(label: &NamedRegion) -> LabelName {
    LabelName {
        value: label.value,
        name: label.name.clone().unwrap_or_else(|| format!("Label {}", label.value)),
        colour: label.colour.unwrap_or_else(|| palette_colour(LabelId(label.value))),
        opacity: label.opacity.unwrap_or(1.0),
        visible: label.visible,
    }
}
