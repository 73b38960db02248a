//! What the history takes: a thousand strokes, undone and redone one by one, and an operation on a large organ.

use std::sync::Arc;

use anyhow::ensure;
use serde::Serialize;

use super::organ::organ;
use super::{median, synthetic, timed};
use crate::app::bound_history;
use crate::document::{Change, Command, Document, EditKind, GestureId, Over};
use crate::geom::DVec3;
use crate::mask::brush::{Brush, Tip};
use crate::mask::morphology::{Margin, grow};
use crate::mask::{Scope, WorkLimits};

const STROKES: u64 = 1000;
/// Of each stroke: the ball's radius and the way of its middle, mm.
const RADIUS_MM: f64 = 10.0;
const LONG_MM: f64 = 60.0;
/// The organ grows by this, mm.
const MARGIN_MM: f64 = 5.0;

/// Times are of one step.
#[derive(Debug, Serialize)]
pub struct HistoryTimes {
    strokes: usize,
    /// Voxels that one stroke changes, at the median.
    voxels: f64,
    /// The most that the label changes of the history took of memory, bytes.
    peak_bytes: usize,
    undo_ms: f64,
    worst_undo_ms: f64,
    redo_ms: f64,
    worst_redo_ms: f64,
    /// Growing an organ of so many mL by 5 mm, undone and redone.
    organ_ml: f64,
    organ_undo_ms: f64,
    organ_redo_ms: f64,
}

/// Strokes through a synthetic scan.
pub fn measure(dims: [usize; 3], repeat: usize) -> anyhow::Result<HistoryTimes> {
    let volume = Arc::new(synthetic::volume(dims)?);
    let mut document = Document::new(Arc::clone(&volume));
    bound_history(&mut document);
    document.apply(Command::NewObject)?;
    let grid = volume.grid().clone();
    let (mut peak, mut voxels) = (0, Vec::new());
    let brush = Brush { radius_mm: RADIUS_MM, tip: Tip::Ball };
    for n in 0..STROKES {
        // Places all over the scan, in no order: the fractional parts of multiples of irrational numbers.
        let share = |step: f64| (n as f64 * step).fract() - 0.5;
        let extent = DVec3::from_array(dims.map(|n| n as f64)) * grid.spacing();
        let places = DVec3::new(share(0.754_877_666), share(0.569_840_291), share(0.362_4)) * 0.8;
        let from = grid.centre() + places * extent;
        let to = from
            + DVec3::new(share(0.618_034), share(0.324_718), 0.0).normalize_or(DVec3::X) * LONG_MM;
        let region = brush.sweep(&grid, from, to);
        voxels.push(region.count() as f64);
        replace(&mut document, Change::Add(Arc::new(region)), n)?;
        peak = peak.max(document.history_bytes());
    }
    // But that of the new object; a stroke where others have been may change nothing, and is none.
    let steps = document.history_steps().1 - 1;
    let [undo, redo] = back_and_forth(&mut document, steps, &mut peak)?;
    let organ = organ(&grid, 10f64.cbrt());
    let margin = Margin::even(MARGIN_MM);
    let grown = grow(&organ, &grid, &margin, Scope::Volume, &WorkLimits::none())?;
    let organ_ml = organ.count() as f64 * grid.voxel_volume_mm3() / 1000.0;
    replace(&mut document, Change::Replace(Arc::new(organ)), STROKES)?;
    replace(&mut document, Change::Replace(Arc::new(grown)), STROKES + 1)?;
    let (mut organ_undo, mut organ_redo) = (Vec::new(), Vec::new());
    for _ in 0..repeat {
        let [undo, redo] = back_and_forth(&mut document, 1, &mut peak)?;
        organ_undo.extend(undo);
        organ_redo.extend(redo);
    }
    let worst = |times: &[f64]| times.iter().copied().fold(0.0, f64::max);
    Ok(HistoryTimes {
        strokes: steps,
        voxels: median(&voxels),
        peak_bytes: peak,
        undo_ms: median(&undo),
        worst_undo_ms: worst(&undo),
        redo_ms: median(&redo),
        worst_redo_ms: worst(&redo),
        organ_ml,
        organ_undo_ms: median(&organ_undo),
        organ_redo_ms: median(&organ_redo),
    })
}

fn replace(document: &mut Document, change: Change, gesture: u64) -> anyhow::Result<()> {
    let (over, kind, gesture) = (Over::Background, EditKind::Brush, GestureId(gesture + 1));
    document.apply(Command::Edit { object: None, change, over, kind, gesture })?;
    Ok(())
}

/// Milliseconds of undoing so many steps, each, and of redoing them.
fn back_and_forth(
    document: &mut Document,
    steps: usize,
    peak: &mut usize,
) -> anyhow::Result<[Vec<f64>; 2]> {
    let mut step = |back: bool| -> anyhow::Result<f64> {
        let (done, ms) = timed(|| if back { document.undo() } else { document.redo() });
        ensure!(done, "{}", document.take_fault().unwrap_or_default());
        *peak = (*peak).max(document.history_bytes());
        Ok(ms)
    };
    let undo = (0..steps).map(|_| step(true)).collect::<anyhow::Result<_>>()?;
    let redo = (0..steps).map(|_| step(false)).collect::<anyhow::Result<_>>()?;
    Ok([undo, redo])
}

impl HistoryTimes {
    pub fn lines(&self) -> Vec<String> {
        vec![
            format!(
                "history of {} strokes ({:.0} voxels each): at most {:.1} MB of memory",
                self.strokes,
                self.voxels,
                self.peak_bytes as f64 / 1e6
            ),
            format!(
                "  a stroke undone {:.2} ms (worst {:.1}), redone {:.2} ms (worst {:.1})",
                self.undo_ms, self.worst_undo_ms, self.redo_ms, self.worst_redo_ms
            ),
            format!(
                "  an organ of {:.0} mL that was grown by {MARGIN_MM} mm: undone {:.1} ms, redone {:.1} ms",
                self.organ_ml, self.organ_undo_ms, self.organ_redo_ms
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_strokes_are_undone_and_redone() {
        let found = measure([64, 48, 40], 1).unwrap();
        assert!(found.strokes > 10, "{found:?}");
        assert!(found.peak_bytes > 0 && found.voxels > 0.0 && found.organ_ml > 0.0, "{found:?}");
    }
}
