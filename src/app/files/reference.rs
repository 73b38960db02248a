//! Reads a label map that the objects are to be compared with, off the UI thread, and finds out what has to be asked.

use std::path::Path;

use super::reading::{
    Asked, AskedWhat, Failed, FileContents, ReferenceDoubts, ReferenceRead, Which, volume,
};
use crate::geom::Grid;
use crate::io::{self, IoError, LabelsRead, Limits, Registry, Source};
use crate::ui::ReferenceReading;
use crate::volume::{CoveredLabels, LabelMap, NamedRegion, Volume};
use crate::work::{CancelToken, Progress, memory};

/// Reads a label map for the grid of the open scan, as the user has said it is meant.
pub(super) fn read_reference(
    formats: &Registry,
    path: &Path,
    (reading, which): (ReferenceReading, &Which),
    scan: &Volume,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<FileContents, Failed> {
    let (source, limits) = (Source::at(path), Limits::default());
    if let Some(read) = formats.labels_for(&source, scan, &limits, cancel, progress)? {
        return whole(read, None, (path, reading), scan.grid());
    }
    let volume = match volume(formats, path, which, cancel, progress)? {
        Ok(volume) => volume,
        Err(several) => return Ok(FileContents::Several(several)),
    };
    let time_points = volume.time_points();
    let same = time_points == scan.time_points();
    let time_point = reading.time_point.unwrap_or(if same { scan.time_point() } else { 0 });
    let volume = volume.with_time_point(time_point.min(time_points - 1));
    cancel.check().map_err(|_| Failed::Cancelled)?;
    let other_grid = match io::placed_on(&volume, path, scan) {
        Ok(_) => None,
        Err(IoError::OtherGrid { what, .. }) => Some(what),
        Err(error) => return Err(error.into()),
    };
    let doubts = ReferenceDoubts {
        notes: Vec::new(),
        time_points: (time_points > 1 && !same && reading.time_point.is_none())
            .then_some(time_points),
        threshold: reading.threshold.is_none() && volume.has_fractions(),
        other_grid: other_grid.clone().filter(|_| !reading.resample),
        reading,
    };
    if doubts.time_points.is_some() || doubts.threshold || doubts.other_grid.is_some() {
        return Err(asked(doubts));
    }
    cancel.check().map_err(|_| Failed::Cancelled)?;
    if other_grid.is_none() {
        let read = match reading.threshold {
            Some(threshold) => above(&io::placed_on(&volume, path, scan)?.0, threshold),
            None => formats.labels_on(&volume, path, scan)?,
        };
        return whole(read, None, (path, reading), scan.grid());
    }
    let read = match reading.threshold {
        Some(threshold) => above(&volume, threshold),
        None => formats.labels_of(&volume, path, volume.grid())?,
    };
    let (read, lost) = onto(read, volume.grid(), scan.grid(), path)?;
    whole(read, Some(lost), (path, reading), scan.grid())
}

fn asked(doubts: ReferenceDoubts) -> Failed {
    Failed::Asks(Asked { why: String::new(), what: AskedWhat::Reference(Box::new(doubts)) })
}

/// What of a probability map is above a threshold, as label 1.
fn above(volume: &Volume, threshold: f64) -> LabelsRead {
    let label = NamedRegion {
        value: 1,
        name: None,
        colour: None,
        opacity: None,
        visible: true,
        region: volume.above(threshold),
        on_top: None,
    };
    let labels = if label.region.is_empty() { Vec::new() } else { vec![label] };
    LabelsRead { labels, ..LabelsRead::default() }
}

fn map_of(read: &LabelsRead, dims: [usize; 3]) -> LabelMap {
    LabelMap::from_regions(dims, read.labels.iter().map(|label| (label.value, &label.region)))
}

/// Labels on the grid `from` put onto that of the scan by the nearest voxel; how many have none there.
fn onto(
    mut read: LabelsRead,
    from: &Grid,
    to: &Grid,
    path: &Path,
) -> Result<(LabelsRead, usize), Failed> {
    let bytes = LabelMap::bytes_of(from.dims(), read.labels.iter().map(|label| &label.region));
    room(bytes + LabelMap::resampling_bytes(to), path)?;
    let before = read.labels.len();
    let mut regions = map_of(&read, from.dims()).nearest_on(from, to).regions();
    for label in &mut read.labels {
        label.region = regions.remove(&label.value).unwrap_or_default();
    }
    read.labels.retain(|label| !label.region.is_empty());
    let lost = before - read.labels.len();
    Ok((read, lost))
}

fn room(bytes: u64, path: &Path) -> Result<(), IoError> {
    memory::check(bytes).map_err(|short| IoError::NoMemory { short, path: path.to_owned() })
}

/// What was read, unless something was decided that has to be asked about.
fn whole(
    read: LabelsRead,
    resampled: Option<usize>,
    (path, reading): (&Path, ReferenceReading),
    grid: &Grid,
) -> Result<FileContents, Failed> {
    if read.is_doubtful && !reading.agreed {
        let (time_points, threshold, other_grid) = (None, false, None);
        let notes = read.notes;
        let doubts = ReferenceDoubts { notes, time_points, threshold, other_grid, reading };
        return Err(asked(doubts));
    }
    let dims = grid.dims();
    room(LabelMap::bytes_of(dims, read.labels.iter().map(|label| &label.region)), path)?;
    let (map, covered) = CoveredLabels::of(dims, &read.labels);
    let overlaps = !covered.is_empty();
    Ok(FileContents::Reference(Box::new(ReferenceRead { read, map, overlaps, resampled })))
}
