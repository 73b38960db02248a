//! What a dab of the brush costs: in the document, on its way to the graphics device, and until it is seen in three
//! slices and in 3D. The window gives every place of the pointer to the brush, however many come in a frame, so what it
//! keeps up with is the first two; frames are drawn beside that as fast as the device can.

use std::sync::Arc;

use anyhow::ensure;
use serde::Serialize;

use super::{median, synthetic, timed, view};
use crate::document::{Change, Command, Dirty, Document, EditKind, GestureId, Over};
use crate::geom::DVec3;
use crate::mask::brush::{Brush, Tip};
use crate::render::{Offscreen, Scene};
use crate::volume::Volume;

/// In mm.
const RADIUS: f64 = 20.0;
/// Dabs of one stroke, and how far they are apart in mm.
const DABS: usize = 60;
const APART: f64 = 3.0;

/// Medians of the dabs of some strokes.
#[derive(Debug, Serialize)]
pub struct Brushed {
    adapter: String,
    radius_mm: f64,
    /// Voxels of a dab.
    voxels: usize,
    /// The brush's voxels, and their way through the document.
    edit_ms: f64,
    /// The changed box, handed to the graphics device.
    upload_ms: f64,
    /// Dabs in a second with both.
    dabs_per_s: f64,
    /// The slowest dab.
    worst_ms: f64,
    /// Bytes uploaded for a dab that changes something, and those of the box of the voxels that it changes. (Beside
    /// the box go a few that say which blocks of voxels have labels.)
    bytes: f64,
    box_bytes: f64,
    /// Until a dab is seen in three slices and a draft of the 3D view.
    frame_ms: f64,
    /// Of strokes: dabs given to the brush, and dabs that are in the mask.
    given: usize,
    painted: usize,
}

#[derive(Default)]
struct Samples {
    edit: Vec<f64>,
    upload: Vec<f64>,
    frame: Vec<f64>,
    bytes: Vec<f64>,
    boxes: Vec<f64>,
}

/// Strokes through the middle of a synthetic scan.
pub fn measure(dims: [usize; 3], repeat: usize) -> anyhow::Result<Brushed> {
    let gpu = Offscreen::new()?;
    let volume = Arc::new(synthetic::volume(dims)?);
    let mut document = Document::new(Arc::clone(&volume));
    let mut scene = gpu.scene();
    view::load(&gpu, &mut scene, &volume, document.labels())?;
    // The first labels make the texture.
    let mut ignored = Samples::default();
    let brush = Brush { radius_mm: RADIUS, tip: Tip::Ball };
    stroke(&gpu, &mut scene, &mut document, &brush, (0, 1), &mut ignored)?;
    document.undo();
    let mut samples = Samples::default();
    let (mut given, mut painted) = (0, 0);
    for n in 0..repeat {
        painted += stroke(&gpu, &mut scene, &mut document, &brush, (1 + n, DABS), &mut samples)?;
        given += DABS;
        ensure!(document.undo(), "a stroke is a step");
        show(&mut scene, &document, 0)?;
    }
    let both: Vec<f64> = samples.edit.iter().zip(&samples.upload).map(|(a, b)| a + b).collect();
    Ok(Brushed {
        adapter: gpu.device().adapter_info().name,
        radius_mm: RADIUS,
        voxels: brush.dab(volume.grid(), volume.grid().centre()).count(),
        edit_ms: median(&samples.edit),
        upload_ms: median(&samples.upload),
        dabs_per_s: 1000.0 / median(&both),
        worst_ms: both.iter().copied().fold(0.0, f64::max),
        bytes: median(&samples.bytes),
        box_bytes: median(&samples.boxes),
        frame_ms: median(&samples.frame),
        given,
        painted,
    })
}

/// Where the `n`-th dab of a stroke is: across the scan, there and back.
fn place(volume: &Volume, n: usize) -> DVec3 {
    let grid = volume.grid();
    let width = (grid.dims()[0] as f64 * grid.spacing().x - 2.0 * RADIUS).max(APART);
    let along = (n as f64 * APART) % (2.0 * width);
    let along = if along > width { 2.0 * width - along } else { along };
    grid.centre() + DVec3::new(along - width / 2.0, 0.0, 0.0)
}

/// One gesture of so many dabs; how many of its places are in the mask then.
fn stroke(
    gpu: &Offscreen,
    scene: &mut Scene,
    document: &mut Document,
    brush: &Brush,
    (gesture, dabs): (usize, usize),
    samples: &mut Samples,
) -> anyhow::Result<usize> {
    let volume = Arc::clone(document.image());
    let grid = volume.grid();
    for n in 0..dabs {
        let revision = document.revision();
        let (from, to) = (place(&volume, n.saturating_sub(1)), place(&volume, n));
        let (done, edit) = timed(|| {
            let change = Change::Add(Arc::new(brush.sweep(grid, from, to)));
            let (over, kind) = (Over::Background, EditKind::Brush);
            let gesture = GestureId(gesture as u64);
            document.apply(Command::Edit { object: None, change, over, kind, gesture })
        });
        done?;
        let uploaded = scene.uploaded_bytes();
        let (shown, upload) = timed(|| show(scene, document, revision));
        let shown = shown?;
        // In a small scan most dabs lie where others were.
        if shown > 0 {
            samples.boxes.push(shown as f64);
            samples.bytes.push((scene.uploaded_bytes() - uploaded) as f64);
        }
        let (drawn, frame) = timed(|| view::draw_all(gpu, scene, &volume));
        drawn?;
        samples.edit.push(edit);
        samples.upload.push(upload);
        samples.frame.push(frame);
    }
    let inside = |n: &usize| {
        grid.voxel_at(place(&volume, *n)).is_some_and(|v| document.labels().get(v) != 0)
    };
    Ok((0..dabs).filter(inside).count())
}

/// Brings the label texture up to date, as the window does; the voxels of the box that was changed.
fn show(scene: &mut Scene, document: &Document, revision: u64) -> anyhow::Result<usize> {
    match document.dirty_since(revision) {
        Dirty::Clean => Ok(0),
        Dirty::Within(bounds) => {
            scene.set_labels(document.labels(), Some(bounds))?;
            Ok(bounds.size().iter().product())
        }
        Dirty::Everything => {
            scene.set_labels(document.labels(), None)?;
            Ok(document.image().grid().count())
        }
    }
}

impl Brushed {
    pub fn lines(&self) -> Vec<String> {
        vec![
            format!(
                "brush        {:.0} dabs/s of {:.0} mm radius ({} voxels): document {:.2}, upload {:.2} ms, worst {:.1} ms",
                self.dabs_per_s,
                self.radius_mm,
                self.voxels,
                self.edit_ms,
                self.upload_ms,
                self.worst_ms
            ),
            format!(
                "  {:.0} bytes uploaded for a dab whose box has {:.0}; {} of {} dabs are in the mask",
                self.bytes, self.box_bytes, self.painted, self.given
            ),
            format!(
                "  seen in three slices and 3D (draft) after {:.1} ms on {}",
                self.frame_ms, self.adapter
            ),
        ]
    }
}
