//! What it costs to keep the work: the UI thread's share, what a stroke writes, and opening it again. Fifty objects, or as
//! many as are asked for, of ten clicks each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::ensure;
use serde::Serialize;

use super::{median, synthetic, timed};
use crate::app::KeptWork;
use crate::document::{
    Change, Command, Document, DocumentParts, EditKind, GestureId, LabelId, Object, Over,
    palette_colour,
};
use crate::geom::{DAffine3, DVec3, Grid};
use crate::mask::brush::{Brush, Tip};
use crate::prompt::{Footprint, ImageId, Prompt, PromptId, WorkingScale};
use crate::session::{
    CaseState, FileRef, Past, SessionFile, SessionSource, Snapshot, Surroundings, now_ms,
};
use crate::volume::{RegionBuilder, Volume};

const CLICKS: u64 = 10;
/// mm.
const BRUSH: f64 = 10.0;
const STROKE: f64 = 60.0;

/// Times are medians.
#[derive(Debug, Serialize)]
pub struct SessionTimes {
    objects: usize,
    /// The UI thread: a snapshot taken and handed over; the slowest; and a frame in which nothing has changed.
    ui_ms: f64,
    ui_worst_ms: f64,
    ui_idle_ms: f64,
    /// The worker: what a stroke costs on the disk, sync and all.
    write_ms: f64,
    /// What it hands to the system; `None` where the system does not count.
    write_bytes: Option<f64>,
    /// The file of all objects, and of one.
    file_bytes: u64,
    object_bytes: u64,
    /// The file read, and the document made.
    read_ms: f64,
    restore_ms: f64,
}

/// Keeps work on a synthetic scan.
pub fn measure(dims: [usize; 3], repeat: usize, objects: usize) -> anyhow::Result<SessionTimes> {
    let volume = Arc::new(synthetic::volume(dims)?);
    let folder = tempfile::tempdir()?;
    let document = annotated(&volume, objects);
    let (ui, idle) = on_the_ui_thread(document, folder.path(), repeat)?;
    let path = folder.path().join("all.voxpoint");
    let mut document = annotated(&volume, objects);
    let mut file = SessionFile::create(&path, &snapshot(&document), &Past::default())?;
    let file_bytes = std::fs::metadata(&path)?.len();
    let (mut write, mut bytes) = (Vec::new(), Vec::new());
    for n in 0..repeat {
        document.apply(stroke(&volume, n as u64))?;
        let snapshot = snapshot(&document);
        let before = bytes_written();
        let (done, ms) = timed(|| file.write(&snapshot));
        done?;
        write.push(ms);
        bytes.extend(bytes_written().zip(before).map(|(after, before)| (after - before) as f64));
    }
    drop(file);
    let (mut read, mut restore) = (Vec::new(), Vec::new());
    for _ in 0..repeat {
        let (opened, ms) = timed(|| SessionFile::open(&path, false));
        read.push(ms);
        let contents = opened?.contents;
        let (restored, ms) =
            timed(|| contents.snapshot.restore(Arc::clone(&volume), BTreeMap::new()));
        restore.push(ms);
        let (restored, damage) = restored?;
        ensure!(damage.is_empty() && restored.objects().len() == objects, "all comes back");
    }
    let one = folder.path().join("one.voxpoint");
    let alone = annotated(&volume, 1);
    drop(SessionFile::create(&one, &snapshot(&alone), &Past::default())?);
    Ok(SessionTimes {
        objects,
        ui_ms: median(&ui),
        ui_worst_ms: ui.iter().copied().fold(0.0, f64::max),
        ui_idle_ms: median(&idle),
        write_ms: median(&write),
        write_bytes: (!bytes.is_empty()).then(|| median(&bytes)),
        file_bytes,
        object_bytes: std::fs::metadata(&one)?.len(),
        read_ms: median(&read),
        restore_ms: median(&restore),
    })
}

/// Milliseconds of handing over after a dab, and of looking when nothing has changed.
fn on_the_ui_thread(
    document: Document,
    folder: &Path,
    repeat: usize,
) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    let volume = Arc::clone(document.image());
    let mut work = KeptWork::new(document, PathBuf::from("/bench/scan.nii.gz"), folder)?;
    let (mut ui, mut idle) = (Vec::new(), Vec::new());
    for n in 0..(20 * repeat) as u64 {
        work.apply(stroke(&volume, n))?;
        let (handed, ms) = timed(|| work.hand_over());
        ensure!(handed, "a stroke is a change");
        ui.push(ms);
        idle.push(timed(|| work.look()).1);
    }
    Ok((ui, idle))
}

fn snapshot(document: &Document) -> Snapshot {
    let absolute = PathBuf::from("/bench/scan.nii.gz");
    let file = FileRef { absolute, relative: None, bytes: 1, sha256: None };
    let around = Surroundings {
        source: SessionSource::of(document.image(), file),
        overlays: Vec::new(),
        models: BTreeMap::new(),
        view: serde_json::Value::Null,
        picture: None,
        case_state: CaseState::Open,
        exported: None,
    };
    Snapshot::of(document, around, now_ms())
}

/// So many objects of ten clicks each, as a model leaves them: ellipsoids with rough surfaces that do not touch.
fn annotated(volume: &Arc<Volume>, objects: usize) -> Document {
    let grid = volume.grid();
    let across = (objects as f64).sqrt().ceil() as usize;
    let objects = (0..objects).map(|n| object(grid, n, across)).collect();
    let parts = DocumentParts {
        image: Arc::clone(volume),
        overlays: BTreeMap::new(),
        model_image: ImageId::Scan,
        objects,
        active: Some(LabelId(1)),
        working_scale: WorkingScale::ONE,
        prompts_given: 0,
        measurements: Vec::new(),
    };
    Document::restore(parts).0
}

fn object(grid: &Grid, n: usize, across: usize) -> Object {
    let [nx, ny, nz] = grid.dims();
    let cell = [nx as f64 / across as f64, ny as f64 / across as f64];
    let centre = [(n % across) as f64 + 0.5, (n / across) as f64 + 0.5].into_iter();
    let centre: Vec<f64> = centre.zip(cell).map(|(place, size)| place * size).collect();
    // A lone one is as large as a liver: 2.5 litres of a thorax.
    let radii = if across == 1 {
        [0.23 * nx as f64, 0.19 * ny as f64, 0.27 * nz as f64]
    } else {
        [0.4 * cell[0], 0.4 * cell[1], 0.2 * nz as f64]
    };
    let mut random = fastrand::Rng::with_seed(n as u64);
    let mut builder = RegionBuilder::new(nx);
    // No further than it reaches.
    let middle = nz as f64 / 2.0;
    let reach = |centre: f64, radius: f64, n: usize| {
        let (low, high) = ((centre - radius).floor().max(0.0), (centre + radius).ceil());
        low as usize..(high as usize).min(n)
    };
    for z in reach(middle, radii[2], nz) {
        for y in reach(centre[1], radii[1], ny) {
            let v = (y as f64 + 0.5 - centre[1]) / radii[1];
            let w = (z as f64 + 0.5 - middle) / radii[2];
            let left = 1.0 - v * v - w * w;
            if left > 0.0 {
                let half = radii[0] * left.sqrt();
                let from = (centre[0] - half + random.f64() * 0.05 * radii[0]).max(0.0) as usize;
                let to = ((centre[0] + half).min(nx as f64) as usize).max(from + 1).min(nx);
                builder.push(from + nx * (y + ny * z), to - from);
            }
        }
    }
    let label = LabelId(n as u16 + 1);
    let mut object = Object::new(label, format!("organ {}", n + 1), palette_colour(label));
    object.model = Arc::new(builder.finish());
    object.region = Arc::clone(&object.model);
    let world = grid.world(DVec3::new(centre[0], centre[1], nz as f64 / 2.0));
    let click = |k: u64| Prompt {
        id: PromptId(n as u64 * CLICKS + k + 1),
        world: world + DVec3::new(1.37 * k as f64, 0.1, 0.7 * k as f64),
        positive: k % 3 != 1,
    };
    object.log.prompts = (0..CLICKS).map(click).collect();
    object.answer.prompts = object.log.prompts.clone();
    object.answer.model = Some("bench".to_owned());
    let footprint = Footprint {
        opener: object.log.prompts[0],
        world_from_box: DAffine3::from_scale(DVec3::splat(192.0)),
    };
    object.answer.footprint = vec![footprint; 4];
    object
}

/// A stroke with the brush, each elsewhere, over what is not taken yet.
fn stroke(volume: &Volume, n: u64) -> Command {
    let grid = volume.grid();
    let brush = Brush { radius_mm: BRUSH, tip: Tip::Ball };
    let extent = DVec3::from_array(grid.dims().map(|n| n as f64)) * grid.spacing();
    let share = |step: f64| (n as f64 * step).fract() - 0.5;
    let places = DVec3::new(share(0.754_877_666), share(0.569_840_291), share(0.362_4)) * 0.8;
    let from = grid.centre() + places * extent;
    let region = brush.sweep(grid, from, from + DVec3::X * STROKE);
    Command::Edit {
        object: Some(LabelId(1)),
        change: Change::Add(Arc::new(region)),
        over: Over::Unlocked,
        kind: EditKind::Brush,
        gesture: GestureId(n + 1),
    }
}

/// Bytes that this thread has handed to the system to be written.
fn bytes_written() -> Option<u64> {
    let said = std::fs::read_to_string("/proc/thread-self/io").ok()?;
    said.lines().find_map(|line| line.strip_prefix("wchar: "))?.parse().ok()
}

impl SessionTimes {
    pub fn lines(&self) -> Vec<String> {
        let written = self.write_bytes.map_or_else(String::new, |n| format!(", {n:.0} bytes"));
        vec![
            format!(
                "session      {} objects of {CLICKS} clicks: UI thread {:.3} ms to hand a change over (worst {:.2}), {:.3} ms a frame without one",
                self.objects, self.ui_ms, self.ui_worst_ms, self.ui_idle_ms
            ),
            format!("  a stroke is on the disk in {:.1} ms{written}", self.write_ms),
            format!(
                "  {} bytes, of one large object {}; read in {:.0} ms, restored in {:.0} ms",
                self.file_bytes, self.object_bytes, self.read_ms, self.restore_ms
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_objects_are_kept_and_come_back() {
        let found = measure([64, 48, 40], 1, 50).unwrap();
        assert!(found.file_bytes > found.object_bytes && found.object_bytes > 0, "{found:?}");
        assert!(found.ui_ms > 0.0 && found.read_ms > 0.0, "{found:?}");
    }
}
