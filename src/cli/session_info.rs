//! `voxpoint info` of a session.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::measurements::line;
use super::{files, print, print_json};
use crate::app::companion_places;
use crate::document::{LabelId, Object, ObjectState};
use crate::geom::Grid;
use crate::measure::DrawnMeasure;
use crate::session::{self, Contents, FileRef, Past, Snapshot, labels_check_sum};
use crate::text::bytes;
use crate::volume::readable;

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
    /// Its voxels are in the session.
    scan_inside: bool,
    /// What they take there.
    scan_inside_bytes: Option<u64>,
    overlays: Vec<File>,
    /// The second scan that is shown beside.
    beside: Option<File>,
    /// The labels over that.
    beside_labels: Option<File>,
    /// The label map that the objects are compared with.
    compared: Option<File>,
    /// SHA-256 by name.
    models: std::collections::BTreeMap<String, String>,
    objects: Vec<ObjectInfo>,
    /// Without the values of rectangles: those are the scan's, which is not read for this.
    measurements: Vec<DrawnMeasure>,
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
pub struct ObjectInfo {
    pub number: u16,
    pub name: String,
    pub state: &'static str,
    pub locked: bool,
    pub points: usize,
    /// Also those that lie under other objects.
    pub voxels: usize,
    pub volume_ml: f64,
    /// How many of them do.
    pub voxels_under_others: usize,
    /// Something was drawn or taken away by hand.
    pub corrected: bool,
    pub model: Option<String>,
    /// How long was worked on it, as far as the steps tell.
    pub seconds: i64,
}

impl File {
    fn of(file: &FileRef) -> Self {
        let path = file.absolute.display().to_string();
        Self { path, bytes: file.bytes, sha256: file.sha256.map(|hash| hash.hex()) }
    }
}

impl ObjectInfo {
    pub fn of(object: &Object, grid: &Grid, past: &Past) -> Self {
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
            seconds: seconds_on(past, object.id),
        }
    }
}

impl Info {
    fn of(contents: &Contents, measurements: Vec<DrawnMeasure>) -> Self {
        let Snapshot { around, objects, time_point, .. } = &contents.snapshot;
        let grid = &around.source.grid;
        let exported = around.exported.as_ref().map(|exported| ExportedInfo {
            file: File::of(&exported.file),
            current: exported.labels == labels_check_sum(objects),
        });
        // What is shown beside, and compared, stands behind what lies over the scan.
        let places = companion_places(&around.view);
        let companion = |place: Option<usize>| Some(File::of(&around.overlays.get(place?)?.file));
        let [beside, beside_labels, compared] = places.map(companion);
        let overlays = around.overlays.iter().enumerate();
        let overlays = overlays.filter(|(place, _)| !places.contains(&Some(*place)));
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
            scan_inside: contents.scan.is_some(),
            scan_inside_bytes: contents.scan.as_ref().map(|scan| scan.packed_bytes),
            overlays: overlays.map(|(_, o)| File::of(&o.file)).collect(),
            beside,
            beside_labels,
            compared,
            models: around.models.iter().map(|(name, hash)| (name.clone(), hash.hex())).collect(),
            objects: objects.iter().map(|o| ObjectInfo::of(o, grid, &contents.past)).collect(),
            measurements,
            damage: contents.damage.iter().map(ToString::to_string).collect(),
        }
    }

    fn table(&self) -> String {
        let [nx, ny, nz] = self.scan.dims;
        let mut text = String::new();
        // Writing into a String can't fail.
        let _ = writeln!(text, "scan          {}", self.scan.file.path);
        let _ = writeln!(text, "dimensions    {nx} × {ny} × {nz}, {}", self.scan.orientation);
        if let Some(packed) = self.scan_inside_bytes {
            let _ =
                writeln!(text, "scan inside   its voxels are in the session, {}", bytes(packed));
        }
        for overlay in &self.overlays {
            let _ = writeln!(text, "over it       {}", overlay.path);
        }
        let companions = [
            ("beside it     ", &self.beside),
            ("labels there  ", &self.beside_labels),
            ("compared with ", &self.compared),
        ];
        for (what, file) in companions {
            if let Some(file) = file {
                let _ = writeln!(text, "{what}{}", file.path);
            }
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
            let _ = writeln!(text, "measured      {}", line(measurement));
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
    let contents = session::read(path)?;
    let drawn = contents.snapshot.measurements.iter();
    let info =
        Info::of(&contents, drawn.map(|drawn| DrawnMeasure::of(drawn, None, None)).collect());
    if json { print_json(&info) } else { print(&info.table()) }
}

/// Longer than this nobody thinks about one step: they were away.
const LONGEST_MS: i64 = 120_000;

/// How long was worked on an object: of each step that was done to it, be it undone later, the time since the step
/// before it (or since the sitting began), but at most two minutes.
pub fn seconds_on(past: &Past, object: LabelId) -> i64 {
    let mut ms = 0i64;
    for sitting in &past.sittings {
        let mut steps: Vec<_> = sitting.steps.iter().collect();
        steps.sort_by_key(|dated| (dated.at_ms, dated.step.entry));
        let mut before = sitting.began_ms;
        for dated in steps {
            let took = dated.at_ms.saturating_sub(before).clamp(0, LONGEST_MS);
            if dated.step.object.as_ref().is_some_and(|(id, _)| *id == object) {
                ms = ms.saturating_add(took);
            }
            before = dated.at_ms;
        }
    }
    (ms + 500) / 1000
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
    use crate::session::{DatedStep, RecordedStep, Sitting};

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
    fn time_is_that_of_the_steps_of_an_object() {
        let step = |entry, at_ms, id: Option<u16>, done| DatedStep {
            at_ms,
            step: RecordedStep {
                entry,
                name: "Brush".to_owned(),
                point: None,
                object: id.map(|id| (LabelId(id), "x".to_owned())),
                done,
            },
        };
        let sitting = |began_ms, steps| Sitting {
            began_ms,
            ended_ms: began_ms + 999_000,
            program: String::new(),
            host: String::new(),
            steps,
        };
        let past = Past {
            sittings: vec![
                sitting(
                    1000,
                    vec![
                        step(1, 6000, Some(1), true),
                        // Kept in the order of what was done, not of when.
                        step(3, 30_000, Some(2), true),
                        step(2, 10_000, Some(1), false),
                        step(4, 31_000, None, true),
                        step(5, 931_000, Some(1), true),
                    ],
                ),
                sitting(5_000_000, vec![step(1, 4_999_000, Some(2), true)]),
            ],
        };
        assert_eq!(seconds_on(&past, LabelId(1)), 5 + 4 + 120);
        assert_eq!(seconds_on(&past, LabelId(2)), 20);
        assert_eq!(seconds_on(&past, LabelId(3)), 0);
    }
}
