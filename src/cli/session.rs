//! `voxpoint export-session`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use serde::Serialize;

use super::args::ExportSessionArgs;
use super::measurements;
use super::overlaps::{LabelOverlap, overlaps};
use super::per_label::{self, PerLabel, refuse_to_replace};
use super::session_pictures::{self, ObjectPictures};
use super::session_table::{is_foreign, table};
use super::{Usage, files, print, print_json, say};
use crate::document::Object;
use crate::geom::AxisMap;
use crate::io::{self, ContentKind, TableKind};
use crate::session::{self, Contents, Snapshot};
use crate::volume::{CoveredLabels, LabelMap, LabelName, Provenance, Region, Volume};
use crate::work::{CancelToken, Progress, memory};

/// What was written; keys are stable.
#[derive(Debug, Serialize)]
struct Report {
    out: Option<String>,
    objects: usize,
    voxels: usize,
    /// All that was written, but for what lies beside them.
    files: Vec<String>,
    /// Objects of which something lies under others.
    overlaps: Vec<LabelOverlap>,
    damage: Vec<String>,
}

/// Writes what is asked for of a session: its label map, a file for each object, a table, pictures.
pub fn export(args: &ExportSessionArgs) -> anyhow::Result<()> {
    check(args)?;
    let contents = session::read(&args.session)?;
    keep_images(args, &contents.snapshot)?;
    for damage in &contents.damage {
        say(&format!("warning: {}: {damage}", args.session.display()));
    }
    if !contents.damage.is_empty() && !args.partly {
        bail!("the session is damaged; --partly exports what is whole: {}", args.session.display());
    }
    let objects = &contents.snapshot.objects;
    let names: Vec<LabelName> = objects.iter().map(label_name).collect();
    let source = &contents.snapshot.around.source;
    let row = source.grid.dims()[0];
    let whole: Vec<Region> = objects.iter().map(|o| o.region.union(&o.covered, row)).collect();
    let said = source.provenance();
    let each = each_label(args, &contents.snapshot, &said, names.iter().zip(&whole).collect())?;
    let places = each.as_ref().map(PerLabel::places).transpose()?.unwrap_or_default();
    let pictures = args.pictures.as_deref();
    let pictures =
        pictures.map(|folder| ObjectPictures::of(args, &contents, folder)).transpose()?;
    let measured = measured(args, &contents)?;
    all_apart(args, &places, pictures.as_ref())?;
    // From here on it is written.
    let (mut files, mut found) = (Vec::new(), Vec::new());
    if let Some(out) = &args.out {
        found = write_map(args, out, &contents.snapshot, &names)?;
        files.push(out.clone());
        files.extend(write_tables(args, out, &names)?);
    }
    if let Some(each) = &each {
        each.write(&places)?;
        files.extend(places);
    }
    if let Some(csv) = &args.csv {
        write_table(csv, &table(&contents))?;
        files.push(csv.clone());
    }
    if let Some((path, text)) = &measured {
        write_table(path, text)?;
        files.push(path.clone());
    }
    if let Some(pictures) = &pictures {
        files.extend(session_pictures::write(pictures)?);
    }
    let report = Report {
        out: args.out.as_ref().map(|out| out.display().to_string()),
        objects: objects.len(),
        voxels: objects.iter().map(|o| o.region.count() + o.covered.count()).sum(),
        files: files.iter().map(|file| file.display().to_string()).collect(),
        overlaps: found,
        damage: contents.damage.iter().map(ToString::to_string).collect(),
    };
    if args.json {
        return print_json(&report);
    }
    let Report { objects, voxels, .. } = &report;
    match &report.out {
        Some(out) => print(&format!("{out}: {objects} objects, {voxels} voxels")),
        None => print(&report.files.join("\n")),
    }
}

fn write_table(path: &Path, text: &str) -> anyhow::Result<()> {
    io::write_whole(path, |file| file.write_all(text.as_bytes()))
        .map_err(|e| anyhow::anyhow!("can't write the table: {e}: {}", path.display()))
}

/// What was measured with lines: the file that is asked for, and its text.
fn measured(
    args: &ExportSessionArgs,
    contents: &Contents,
) -> anyhow::Result<Option<(PathBuf, String)>> {
    let Some(path) = &args.measurements else { return Ok(None) };
    let found = measurements::measured(&args.session, contents, args.reference.as_deref())?;
    Ok(Some((path.clone(), measurements::text(&found, path)?)))
}

/// The label map; which objects lie under others.
fn write_map(
    args: &ExportSessionArgs,
    out: &Path,
    snapshot: &Snapshot,
    names: &[LabelName],
) -> anyhow::Result<Vec<LabelOverlap>> {
    let formats = io::formats();
    let Snapshot { around, objects, .. } = snapshot;
    let labels = labels(snapshot)?;
    let covered: CoveredLabels = objects.iter().map(|o| (o.id.0, Arc::clone(&o.covered))).collect();
    if let Some(table) = formats.foreign_table(out, names).filter(|_| !args.force) {
        bail!(
            "a label table with other names than the session's would be replaced; choose another name for the \
             mask, or --force: {}",
            table.display()
        );
    }
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    if formats.names_images(out) {
        let (labels, covered, scan) = on_images(args, snapshot, (&labels, &covered))?;
        let (grid, said) = (scan.grid(), files::provenance(&scan, args.anonymise));
        let labels = (&labels, &covered);
        io::save_overlapping(out, labels, grid, &said, names, &cancel, &progress)?;
    } else {
        let (grid, said) = (&around.source.grid, around.source.provenance());
        let labels = (&labels, &covered);
        io::save_overlapping(out, labels, grid, &said, names, &cancel, &progress)?;
    }
    Ok(overlaps(out, &covered, names, &around.source.grid))
}

/// The tables for other programs; which files there are now.
fn write_tables(
    args: &ExportSessionArgs,
    out: &Path,
    names: &[LabelName],
) -> anyhow::Result<Vec<PathBuf>> {
    let formats = io::formats();
    let mut files = Vec::new();
    for kind in kinds(args) {
        formats.save_table(out, names, kind)?;
        files.extend(formats.table_paths(out, kind)?);
    }
    Ok(files)
}

/// The programs for which tables are written.
fn kinds(args: &ExportSessionArgs) -> impl Iterator<Item = TableKind> {
    args.tables.iter().map(|table| TableKind::from(*table))
}

/// A file for each object that has voxels, if that is asked for.
fn each_label<'a>(
    args: &'a ExportSessionArgs,
    snapshot: &'a Snapshot,
    said: &'a Provenance,
    labels: Vec<(&'a LabelName, &'a Region)>,
) -> anyhow::Result<Option<PerLabel<'a>>> {
    let Some(folder) = &args.per_label else { return Ok(None) };
    let source = &snapshot.around.source;
    // Its format decides how the files are called, if nothing is said.
    let named = source.file.absolute.as_path();
    Ok(Some(PerLabel {
        folder,
        ending: per_label::ending(args.ending.as_deref(), named, said)?,
        labels,
        grid: &source.grid,
        said,
        inputs: images(args, snapshot).into_iter().chain([args.session.clone()]).collect(),
        force: args.force,
    }))
}

/// Refuses outputs of which one would replace another.
fn all_apart(
    args: &ExportSessionArgs,
    each: &[PathBuf],
    pictures: Option<&ObjectPictures>,
) -> anyhow::Result<()> {
    let formats = io::formats();
    let beside = |out: &PathBuf| [formats.label_table_path(out).ok(), formats.voxels_file(out)];
    let mut beside: Vec<PathBuf> = args.out.iter().flat_map(beside).flatten().collect();
    if let Some(out) = &args.out {
        for kind in kinds(args) {
            beside.extend(formats.table_paths(out, kind)?);
        }
    }
    let tables = args.csv.iter().chain(&args.measurements);
    let named = args.out.iter().chain(tables).chain(&beside).chain(each);
    let pictures = pictures.iter().flat_map(|pictures| pictures.places());
    files::refuse_the_same(named.map(PathBuf::as_path).chain(pictures))
}

/// What can be refused before anything is read.
fn check(args: &ExportSessionArgs) -> anyhow::Result<()> {
    let formats = io::formats();
    let inputs = [args.session.as_path()];
    if let Some(out) = &args.out {
        files::check_output(out, &inputs, &formats.written_endings(ContentKind::Labels))?;
        formats.label_table_path(out)?;
        if !args.force && formats.is_foreign(out) {
            bail!(
                "a file that Voxpoint did not write would be replaced; choose another name, or --force: {}",
                out.display()
            );
        }
        for kind in kinds(args) {
            refuse_to_replace(&formats.table_paths(out, kind)?, args.force)?;
            // Not even by force: it would be lost, and is no table.
            formats.check_table(out, kind)?;
        }
    }
    if args.ending.is_some() && args.per_label.is_none() {
        return Err(Usage("--ending is for --per-label".to_owned()).into());
    }
    if let Some(path) = &args.measurements {
        files::check_output(path, &inputs, &measurements::ENDINGS)?;
        if !args.force && measurements::is_foreign(path) {
            bail!(
                "a table that Voxpoint did not write would be replaced; choose another name, or --force: {}",
                path.display()
            );
        }
    }
    if let Some(csv) = &args.csv {
        files::check_output(csv, &inputs, &[".csv"])?;
        if !args.force && is_foreign(csv) {
            bail!(
                "a table that Voxpoint did not write would be replaced; choose another name, or --force: {}",
                csv.display()
            );
        }
    }
    Ok(())
}

/// The images that a file of labels is to name, and the labels, and what of them lies under others, in the order of their
/// voxels.
fn on_images(
    args: &ExportSessionArgs,
    snapshot: &Snapshot,
    (labels, covered): (&LabelMap, &CoveredLabels),
) -> anyhow::Result<(LabelMap, CoveredLabels, Volume)> {
    let source = &snapshot.around.source;
    let there = || source.file.candidates(&args.session).into_iter().find(|path| path.exists());
    let Some(path) = args.reference.clone().or_else(there) else {
        bail!(
            "the scan of the session, whose images the file names, is not there; say where with --reference: {}",
            source.file.absolute.display()
        );
    };
    // Of a folder with several series the session's own, whichever is the likely one.
    let said = source.provenance();
    let scan = files::open_again(&path, &said)?;
    let tolerance = 0.05 * scan.grid().spacing().min_element();
    let Some(order) = AxisMap::between(&source.grid, scan.grid(), tolerance) else {
        bail!(
            "these are not the images of the session's scan; name others with --reference: {}",
            path.display()
        );
    };
    if order.is_identity() {
        return Ok((labels.clone(), covered.clone(), scan));
    }
    let reordered = |labels: &LabelMap| {
        let reordered = order.reordered(&labels.to_vec(), labels.dims());
        LabelMap::from_labels(scan.grid().dims(), &reordered)
    };
    let moved = |(value, region): (u16, &Region)| {
        let alone = LabelMap::from_regions(labels.dims(), [(value, region)]);
        (value, Arc::new(reordered(&alone).regions().remove(&value).unwrap_or_default()))
    };
    let covered = covered.iter().map(moved).collect();
    Ok((reordered(labels), covered, scan))
}

/// Refuses outputs that would replace the scan of a session or an image over it.
fn keep_images(args: &ExportSessionArgs, snapshot: &Snapshot) -> anyhow::Result<()> {
    let images = images(args, snapshot);
    for out in args.out.iter().chain(&args.csv).chain(&args.measurements) {
        if let Some(image) = images.iter().find(|image| files::same_place(image, out)) {
            bail!(
                "the output would replace an image of the session; choose another name: {}",
                image.display()
            );
        }
    }
    Ok(())
}

/// Where the scan of a session, and the images over it, may be.
fn images(args: &ExportSessionArgs, snapshot: &Snapshot) -> Vec<PathBuf> {
    let around = &snapshot.around;
    let files = around.overlays.iter().map(|o| &o.file).chain([&around.source.file]);
    files.flat_map(|file| file.candidates(&args.session)).collect()
}

/// The label map of a session.
fn labels(snapshot: &Snapshot) -> anyhow::Result<LabelMap> {
    let (objects, dims) = (&snapshot.objects, snapshot.around.source.grid.dims());
    let bytes = LabelMap::bytes_of(dims, objects.iter().map(|o| &*o.region));
    memory::check(bytes).map_err(|short| anyhow::anyhow!("the label map {short}"))?;
    let labels = LabelMap::from_regions(dims, objects.iter().map(|o| (o.id.0, &*o.region)));
    for object in objects {
        let own = |run| labels.run(run).iter().all(|&label| label == object.id.0);
        if !object.region.runs().iter().all(|run| own(*run)) {
            bail!("objects of this session share voxels: open it in the window, which says which");
        }
    }
    Ok(labels)
}

fn label_name(object: &Object) -> LabelName {
    LabelName {
        value: object.id.0,
        name: object.name.clone(),
        colour: object.colour,
        opacity: object.opacity,
        visible: object.visible,
    }
}
