//! `voxpoint info` of a session, and `voxpoint export-session`.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use serde::Serialize;

use super::args::{ExportSessionArgs, SeriesArg};
use super::measurements::MeasurementInfo;
use super::overlaps::{LabelOverlap, overlaps};
use super::{files, print, print_json, say};
use crate::document::{Object, ObjectState};
use crate::geom::{AxisMap, Grid};
use crate::io::{self, ContentKind};
use crate::session::{self, Contents, FileRef, Snapshot, labels_check_sum};
use crate::text::csv_field as quoted;
use crate::volume::{CoveredLabels, LabelMap, LabelName, Region, Volume, readable};
use crate::work::{CancelToken, Progress, memory};

/// What a session holds; keys are stable.
#[derive(Debug, Serialize)]
struct Info {
    /// The version of the program that wrote it last.
    program: String,
    /// Milliseconds since 1970, UTC.
    created_ms: i64,
    written_ms: i64,
    /// How long annotating took, all sittings together.
    minutes: f64,
    /// Changes that were made and not undone.
    steps: usize,
    /// How far the work on the scan is: open, flagged, done.
    state: &'static str,
    /// The label map that was written last.
    exported: Option<ExportedInfo>,
    scan: Scan,
    overlays: Vec<File>,
    /// SHA-256 by name.
    models: std::collections::BTreeMap<String, String>,
    objects: Vec<ObjectInfo>,
    measurements: Vec<MeasurementInfo>,
    /// What could not be read, or is not what was written.
    damage: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Scan {
    #[serde(flatten)]
    file: File,
    dims: [usize; 3],
    /// Millimetres.
    spacing: [f64; 3],
    orientation: String,
    /// Rows of the transform to RAS mm.
    world_from_voxel: [[f64; 4]; 4],
    /// Which is looked at, from 1.
    time_point: usize,
}

#[derive(Debug, Serialize)]
struct File {
    path: String,
    bytes: u64,
    sha256: Option<String>,
}

#[derive(Debug, Serialize)]
struct ExportedInfo {
    #[serde(flatten)]
    file: File,
    /// It has all that was done to the masks, their names and colours since.
    current: bool,
}

#[derive(Debug, Serialize)]
struct ObjectInfo {
    number: u16,
    name: String,
    state: &'static str,
    locked: bool,
    points: usize,
    /// Also those that lie under other objects.
    voxels: usize,
    volume_ml: f64,
    /// How many of them do.
    voxels_under_others: usize,
    /// Something was drawn or taken away by hand.
    corrected: bool,
    model: Option<String>,
}

impl File {
    fn of(file: &FileRef) -> Self {
        let path = file.absolute.display().to_string();
        Self { path, bytes: file.bytes, sha256: file.sha256.map(|hash| hash.hex()) }
    }
}

impl ObjectInfo {
    fn of(object: &Object, grid: &Grid) -> Self {
        let voxels_under_others = object.covered.count();
        let voxels = object.region.count() + voxels_under_others;
        Self {
            number: object.id.0,
            name: object.name.clone(),
            state: match object.state {
                ObjectState::Open => "open",
                ObjectState::Flagged => "flagged",
                ObjectState::Done => "done",
            },
            locked: object.locked,
            points: object.log.prompts.len(),
            voxels,
            voxels_under_others,
            volume_ml: voxels as f64 * grid.voxel_volume_mm3() / 1000.0,
            corrected: object.is_corrected(),
            model: object.answer.model.clone(),
        }
    }
}

impl Info {
    fn of(contents: &Contents) -> Self {
        let Snapshot { around, objects, measurements, time_point, .. } = &contents.snapshot;
        let grid = &around.source.grid;
        let exported = around.exported.as_ref().map(|exported| ExportedInfo {
            file: File::of(&exported.file),
            current: exported.labels == labels_check_sum(objects),
        });
        let steps = contents.past.sittings.iter().flat_map(|s| &s.steps);
        Self {
            program: contents.program.clone(),
            created_ms: contents.created_ms,
            written_ms: contents.written_ms,
            minutes: contents.past.duration_ms() as f64 / 60_000.0,
            steps: steps.filter(|s| s.step.done).count(),
            state: around.case_state.word(),
            exported,
            scan: Scan {
                file: File::of(&around.source.file),
                dims: grid.dims(),
                spacing: grid.spacing().to_array(),
                orientation: grid.orientation().letters(),
                world_from_voxel: files::rows(&grid.world_from_voxel()),
                time_point: time_point + 1,
            },
            overlays: around.overlays.iter().map(|o| File::of(&o.file)).collect(),
            models: around.models.iter().map(|(name, hash)| (name.clone(), hash.hex())).collect(),
            objects: objects.iter().map(|o| ObjectInfo::of(o, grid)).collect(),
            measurements: measurements.iter().map(MeasurementInfo::of).collect(),
            damage: contents.damage.iter().map(ToString::to_string).collect(),
        }
    }

    fn table(&self) -> String {
        let [nx, ny, nz] = self.scan.dims;
        let mut text = String::new();
        // Writing into a String can't fail.
        let _ = writeln!(text, "scan          {}", self.scan.file.path);
        let _ = writeln!(text, "dimensions    {nx} × {ny} × {nz}, {}", self.scan.orientation);
        for overlay in &self.overlays {
            let _ = writeln!(text, "over it       {}", overlay.path);
        }
        let written = utc(self.written_ms);
        let _ = writeln!(text, "written       {written} UTC, by Voxpoint {}", self.program);
        let _ = writeln!(text, "work          {:.0} minutes, {} steps", self.minutes, self.steps);
        let _ = writeln!(text, "state         {}", self.state);
        if let Some(ExportedInfo { file, current }) = &self.exported {
            let still = if *current { "" } else { ", changed since" };
            let _ = writeln!(text, "exported to   {}{still}", file.path);
        }
        for object in &self.objects {
            let ObjectInfo { number, name, state, points, voxels, .. } = object;
            let ml = readable(object.volume_ml, 4);
            let under = match object.voxels_under_others {
                0 => String::new(),
                n => format!(" ({n} of them under others)"),
            };
            let _ = writeln!(
                text,
                "object {number:<6} {name}: {ml} ml, {voxels} voxels{under}, {points} points, {state}"
            );
        }
        for measurement in &self.measurements {
            let _ = writeln!(text, "measured      {}", measurement.line());
        }
        for damage in &self.damage {
            let _ = writeln!(text, "damaged       {damage}");
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// Says what a session holds.
pub fn info(path: &Path, json: bool) -> anyhow::Result<()> {
    let info = Info::of(&session::read(path)?);
    if json { print_json(&info) } else { print(&info.table()) }
}

/// What was written; keys are stable.
#[derive(Debug, Serialize)]
struct Report {
    out: String,
    objects: usize,
    voxels: usize,
    /// Objects of which something lies under others.
    overlaps: Vec<LabelOverlap>,
    damage: Vec<String>,
}

/// Writes the label map of a session, and a table of its objects if asked for.
pub fn export(args: &ExportSessionArgs) -> anyhow::Result<()> {
    let formats = io::formats();
    check(args)?;
    let contents = session::read(&args.session)?;
    keep_images(args, &contents.snapshot)?;
    for damage in &contents.damage {
        say(&format!("warning: {}: {damage}", args.session.display()));
    }
    if !contents.damage.is_empty() && !args.partly {
        bail!("the session is damaged; --partly exports what is whole: {}", args.session.display());
    }
    let Snapshot { around, objects, .. } = &contents.snapshot;
    let labels = labels(&contents.snapshot)?;
    let covered: CoveredLabels = objects.iter().map(|o| (o.id.0, Arc::clone(&o.covered))).collect();
    let names: Vec<LabelName> = objects.iter().map(label_name).collect();
    if let Some(table) = formats.foreign_table(&args.out, &names).filter(|_| !args.force) {
        bail!(
            "a label table with other names than the session's would be replaced; choose another name for the \
             mask, or --force: {}",
            table.display()
        );
    }
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    if formats.names_images(&args.out) {
        let (labels, covered, scan) = on_images(args, &contents.snapshot, (&labels, &covered))?;
        let (grid, said) = (scan.grid(), files::provenance(&scan, args.anonymise));
        let labels = (&labels, &covered);
        io::save_overlapping(&args.out, labels, grid, &said, &names, &cancel, &progress)?;
    } else {
        let (grid, said) = (&around.source.grid, around.source.provenance());
        let labels = (&labels, &covered);
        io::save_overlapping(&args.out, labels, grid, &said, &names, &cancel, &progress)?;
    }
    let overlaps = overlaps(&args.out, &covered, &names, &around.source.grid);
    if let Some(csv) = &args.csv {
        let table = table(&contents.snapshot);
        io::write_whole(csv, |file| file.write_all(table.as_bytes()))
            .map_err(|e| anyhow::anyhow!("can't write the table: {e}: {}", csv.display()))?;
    }
    let report = Report {
        out: args.out.display().to_string(),
        objects: objects.len(),
        voxels: objects.iter().map(|o| o.region.count() + o.covered.count()).sum(),
        overlaps,
        damage: contents.damage.iter().map(ToString::to_string).collect(),
    };
    if args.json {
        return print_json(&report);
    }
    print(&format!("{}: {} objects, {} voxels", report.out, report.objects, report.voxels))
}

/// What can be refused before anything is read.
fn check(args: &ExportSessionArgs) -> anyhow::Result<()> {
    let formats = io::formats();
    let inputs = [args.session.as_path()];
    files::check_output(&args.out, &inputs, &formats.written_endings(ContentKind::Labels))?;
    formats.label_table_path(&args.out)?;
    if let Some(csv) = &args.csv {
        files::check_output(csv, &inputs, &[".csv"])?;
    }
    if !args.force && formats.is_foreign(&args.out) {
        bail!(
            "a file that Voxpoint did not write would be replaced; choose another name, or --force: {}",
            args.out.display()
        );
    }
    if let Some(csv) = args.csv.as_deref().filter(|csv| !args.force && is_foreign_table(csv)) {
        bail!(
            "a table that Voxpoint did not write would be replaced; choose another name, or --force: {}",
            csv.display()
        );
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
    let series =
        SeriesArg { series: said.series(), even: said.is_resampled(), ..SeriesArg::default() };
    let scan = files::open_one(&path, &series)?;
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
    let around = &snapshot.around;
    let files = around.overlays.iter().map(|o| &o.file).chain([&around.source.file]);
    let images: Vec<_> = files.flat_map(|file| file.candidates(&args.session)).collect();
    for out in std::iter::once(&args.out).chain(&args.csv) {
        if let Some(image) = images.iter().find(|image| files::same_place(image, out)) {
            bail!(
                "the output would replace an image of the session; choose another name: {}",
                image.display()
            );
        }
    }
    Ok(())
}

/// Whether there is something in a file that [`table`] did not write.
fn is_foreign_table(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return path.exists() };
    let mut beginning = Vec::new();
    let read = file.take(TABLE_HEADER.len() as u64).read_to_end(&mut beginning);
    read.is_err() || !(beginning.is_empty() || beginning == TABLE_HEADER.as_bytes())
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

const TABLE_HEADER: &str = "number,name,state,voxels,volume_ml,points,corrected,model\n";

/// One row for each object.
fn table(snapshot: &Snapshot) -> String {
    let grid = &snapshot.around.source.grid;
    let mut text = String::from(TABLE_HEADER);
    for object in &snapshot.objects {
        let info = ObjectInfo::of(object, grid);
        let (name, model) = (quoted(&info.name), quoted(&info.model.unwrap_or_default()));
        let ObjectInfo { number, state, voxels, volume_ml, points, corrected, .. } = info;
        let _ = writeln!(
            text,
            "{number},{name},{state},{voxels},{volume_ml},{points},{corrected},{model}"
        );
    }
    text
}

/// Day and minute of a time in milliseconds since 1970, UTC, in the Gregorian calendar.
fn utc(ms: i64) -> String {
    let minutes = ms.div_euclid(60_000);
    let (days, minute) = (minutes.div_euclid(24 * 60), minutes.rem_euclid(24 * 60));
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut left) = (1970, days);
    // Years of 400 have the same days; what is a time at all is not far from now.
    year += 400 * left.div_euclid(146_097);
    left = left.rem_euclid(146_097);
    while left >= 365 + i64::from(leap(year)) {
        left -= 365 + i64::from(leap(year));
        year += 1;
    }
    let february = 28 + i64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02} {:02}:{:02}", left + 1, minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_days_and_minutes() {
        // GNU date -u -d @…
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_782_400, "2000-02-29 00:00"),
            (1_709_251_199, "2024-02-29 23:59"),
            (1_795_982_400, "2026-11-29 20:00"),
            (-1, "1969-12-31 23:59"),
            (4_107_542_400, "2100-03-01 00:00"),
        ] {
            assert_eq!(utc(1000 * seconds), text);
        }
    }

    #[test]
    fn fields_with_commas_and_quotes_are_quoted() {
        for (text, field) in [("a", "a"), ("a, b", "\"a, b\""), ("\"", "\"\"\"\""), ("", "")] {
            assert_eq!(quoted(text), field);
        }
    }
}
