//! `voxpoint convert`: reads anything, writes by the ending of the output's name.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::args::{ConvertArgs, ConvertAs};
use super::overlaps::{LabelOverlap, overlaps};
use super::per_label::{self, PerLabel};
use super::{Usage, files, print, print_json, say};
use crate::document::{LabelId, palette_colour};
use crate::io::{self, ContentKind, IoError, LabelsRead, Likeness, TableKind};
use crate::volume::{DataType, LabelName, NamedRegion, SuvKind, Volume, Warning};
use crate::work::{CancelToken, Progress};

/// What was written; keys are stable.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// The file, or the folder.
    out: String,
    /// Of labels that have a file each.
    files: Option<Vec<String>>,
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
    /// Labels of which something lies under others.
    overlaps: Vec<LabelOverlap>,
    warnings: &'a [Warning],
}

/// Converts a file or a folder.
pub fn run(args: &ConvertArgs) -> anyhow::Result<()> {
    let Some(out) = &args.out else { return each_label(args) };
    check(args, out)?;
    let place = args.reference.as_ref().unwrap_or(&args.input);
    let volume = files::open_one(place, &args.series).map_err(with_hint)?;
    files::refuse_inputs(out, &volume)?;
    let volume = match args.suv {
        Some(suv) => in_suv(&volume, suv.into())?,
        None => volume,
    };
    // Segments that share voxels are no volume of numbers.
    let own = match (&args.reference, args.time_point) {
        (None, None) if args.what != Some(ConvertAs::Image) => {
            files::labels_for(&args.input, &volume)?
        }
        _ => None,
    };
    let is_own = own.is_some();
    let as_labels = match args.what {
        Some(what) => what != ConvertAs::Image,
        // Of several time points one would be lost unasked.
        None if args.time_point.is_some() || is_of_labels(out) => true,
        None if args.reference.is_some() || is_own => true,
        None => volume.time_points() == 1 && io::likeness(&volume) == Likeness::Labels,
    };
    let labels = if as_labels {
        Some(labels(args, out, &volume, own)?)
    } else {
        files::warn(&volume);
        io::formats().save_scan(out, &volume, &CancelToken::new(), &Progress::new())?;
        None
    };
    let (labels, overlaps) = labels.unzip();
    let report = Report {
        out: out.display().to_string(),
        files: None,
        what: if labels.is_some() { "labels" } else { "image" },
        labels,
        dims: volume.grid().dims(),
        time_points: if labels.is_some() { 1 } else { volume.time_points() },
        dtype: volume.voxels().data_type().name(),
        unit: volume.suv_kind().map(SuvKind::unit),
        overlaps: overlaps.unwrap_or_default(),
        warnings: if is_own { &[] } else { volume.warnings() },
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

/// Says how an input that has no grid of its own is converted.
fn with_hint(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(IoError::NeedsScan { .. }) => anyhow!("{error}; name it with --reference"),
        _ => error,
    }
}

/// What can be refused before anything is read.
fn check(args: &ConvertArgs, out: &Path) -> anyhow::Result<()> {
    let formats = io::formats();
    if let Some(text) = contradiction(args, out) {
        return Err(Usage(text.to_owned()).into());
    }
    let of_labels = is_of_labels(out) || args.what.is_some_and(|w| w != ConvertAs::Image);
    let kind = if of_labels { ContentKind::Labels } else { ContentKind::Scan };
    let inputs: Vec<&Path> =
        std::iter::once(&args.input).chain(&args.reference).map(PathBuf::as_path).collect();
    files::check_output(out, &inputs, &formats.written_endings(kind))?;
    if args.force {
        return Ok(());
    }
    // Labels have a table beside them.
    let table = formats.label_table_path(out).ok();
    let table = table.filter(|_| of_labels);
    let voxels = formats.voxels_file(out);
    for path in [Some(out), table.as_deref(), voxels.as_deref()].into_iter().flatten() {
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

/// What of the arguments can't be together.
fn contradiction(args: &ConvertArgs, out: &Path) -> Option<&'static str> {
    let names_images = io::formats().names_images(out);
    let is_contours = has_ending(out, ".rtstruct.dcm");
    match args.what {
        Some(ConvertAs::Image) if args.reference.is_some() => {
            Some("--reference is for labels; an image lies where its own file says")
        }
        Some(ConvertAs::Image) if names_images => Some("images are not written as DICOM"),
        Some(ConvertAs::Image) if is_of_labels(out) => {
            Some("a .seg.nrrd is a segmentation; use .nrrd for an image, or --as labels")
        }
        Some(ConvertAs::Rtstruct) if !is_contours => {
            Some("the name of a structure set must end in .rtstruct.dcm")
        }
        Some(ConvertAs::Seg) if !names_images || is_contours => {
            Some("the name of a DICOM segmentation must end in .dcm or .labelmap.dcm")
        }
        _ if names_images && args.reference.is_none() => Some(
            "images are not written as DICOM, and DICOM labels name the images that they are of: say which with --reference",
        ),
        _ => None,
    }
}

/// Whether a name is that of labels and of nothing else.
fn is_of_labels(path: &Path) -> bool {
    has_ending(path, ".seg.nrrd") || io::formats().names_images(path)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.to_string_lossy().to_lowercase().ends_with(ending)
}

/// Reads labels on the grid of a volume, their own or their scan's. `own`: those of a file that has nothing else, on its
/// own grid.
fn read(
    args: &ConvertArgs,
    volume: &Volume,
    own: Option<LabelsRead>,
) -> anyhow::Result<LabelsRead> {
    match (own, &args.reference) {
        (Some(own), _) => Ok(own),
        (None, Some(_)) => files::open_labels(&args.input, volume, args.time_point),
        (None, None) => files::labels_of(volume, &args.input, volume, args.time_point),
    }
}

/// Writes each label into a file of its own.
fn each_label(args: &ConvertArgs) -> anyhow::Result<()> {
    let folder = args.per_label.as_deref().unwrap_or(Path::new(""));
    if args.what.is_some_and(|what| what != ConvertAs::Labels) {
        return Err(Usage("--per-label is for labels: leave --as out".to_owned()).into());
    }
    let place = args.reference.as_ref().unwrap_or(&args.input);
    let volume = files::open_one(place, &args.series).map_err(with_hint)?;
    let ending = per_label::ending(args.ending.as_deref(), place, volume.provenance())?;
    // Segments that share voxels are no volume of numbers.
    let own = match (&args.reference, args.time_point) {
        (None, None) => files::labels_for(&args.input, &volume)?,
        _ => None,
    };
    let read = read(args, &volume, own)?;
    let names: Vec<LabelName> = read.labels.iter().map(named).collect();
    let inputs = volume.files().iter().cloned().chain([args.input.clone()]);
    let each = PerLabel {
        folder,
        ending,
        labels: names.iter().zip(read.labels.iter().map(|label| &label.region)).collect(),
        grid: volume.grid(),
        said: volume.provenance(),
        inputs: inputs.collect(),
        force: args.force,
    };
    let files = each.places()?;
    each.write(&files)?;
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    if !args.json {
        return print(&files.join("\n"));
    }
    print_json(&Report {
        out: folder.display().to_string(),
        labels: Some(files.len()),
        files: Some(files),
        what: "labels",
        dims: volume.grid().dims(),
        time_points: 1,
        // Of ones.
        dtype: DataType::U8.name(),
        unit: None,
        overlaps: Vec::new(),
        warnings: volume.warnings(),
    })
}

/// Writes labels on the grid of a volume, their own or their scan's; how many there are, and which lie under others.
/// `own`: those of a file that has nothing else, on its own grid.
fn labels(
    args: &ConvertArgs,
    out: &Path,
    volume: &Volume,
    own: Option<LabelsRead>,
) -> anyhow::Result<(usize, Vec<LabelOverlap>)> {
    let formats = io::formats();
    let kinds = args.tables.iter().map(|table| TableKind::from(*table));
    if !args.force {
        refuse_to_replace(&formats.label_table_path(out)?)?;
        for kind in kinds.clone() {
            for path in formats.table_paths(out, kind)? {
                refuse_to_replace(&path)?;
            }
        }
    }
    // Not even by force: it would be lost, and is no table.
    for kind in kinds.clone() {
        formats.check_table(out, kind)?;
    }
    let read = read(args, volume, own)?;
    let dims = volume.grid().dims();
    let names: Vec<LabelName> = read.labels.iter().map(named).collect();
    let (map, covered) = files::stacked(dims, &read.labels);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    // What was without its patient stays so.
    let given = files::provenance(volume, args.anonymise);
    let stays = formats.would_name_patient(&args.input, out, &given);
    let said = if stays {
        say(&format!(
            "warning: {}: the patient was taken out of these labels, and is left out again",
            args.input.display()
        ));
        given.without_patient()
    } else {
        given
    };
    let labels = (&map, &covered);
    io::save_overlapping(out, labels, volume.grid(), &said, &names, &cancel, &progress)?;
    let overlaps = overlaps(out, &covered, &names, volume.grid());
    for kind in kinds {
        formats.save_table(out, &names, kind)?;
    }
    Ok((names.len(), overlaps))
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
