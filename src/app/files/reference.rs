//! Reads a label map that the objects are to be compared with, off the UI thread, and finds out what has to be asked.

use std::path::{Path, PathBuf};

use super::names::name_of;
use super::reading::{
    Asked, AskedWhat, BothScans, Failed, FileContents, ReferenceDoubts, ReferenceRead, Which,
    volume,
};
use crate::geom::Grid;
use crate::io::{self, IoError, LabelsRead, Limits, Registry, Source};
use crate::ui::ReferenceReading;
use crate::volume::{CoveredLabels, LabelMap, NamedRegion, Volume};
use crate::work::{CancelToken, Progress, memory};

/// Reads a label map for the grid of the open scan, or for that of the one beside if it lies there and not on the scan's,
/// as the user has said it is meant.
pub(in crate::app) fn read_reference(
    formats: &Registry,
    path: &Path,
    (reading, which): (ReferenceReading, &Which),
    scans: BothScans<'_>,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<FileContents, Failed> {
    let file = ReferenceFile { formats, path, reading };
    if let Some((read, on_second)) = file.labels_alone(scans, cancel, progress)? {
        return file.whole(read, None, Origin::of_file(path), (scans, on_second));
    }
    let volume = match volume(formats, path, which, cancel, progress)? {
        Ok(volume) => volume,
        Err(several) => return Ok(FileContents::Several(several)),
    };
    cancel.check().map_err(|_| Failed::Cancelled)?;
    file.of_volume(&volume, scans, cancel)
}

/// What is read, and as what.
struct ReferenceFile<'a> {
    formats: &'a Registry,
    path: &'a Path,
    reading: ReferenceReading,
}

/// Where labels are from.
struct Origin {
    name: String,
    files: Vec<PathBuf>,
}

impl Origin {
    fn of_file(path: &Path) -> Self {
        let mut files = vec![path.to_owned()];
        if path.is_dir() {
            let inside = std::fs::read_dir(path).into_iter().flatten().flatten();
            files = inside.map(|entry| entry.path()).filter(|file| file.is_file()).collect();
            files.sort();
        }
        Self { name: name_of(path), files }
    }

    fn of_volume(volume: &Volume) -> Self {
        // Titles of two studies in one folder can be alike.
        let name = volume.provenance().series().unwrap_or_else(|| volume.name().to_owned());
        Self { name, files: volume.files().to_vec() }
    }
}

impl ReferenceFile<'_> {
    /// The labels of a format that has nothing else (segments, contours): on the scan's grid, or on that of the second one
    /// if only there nothing has to be decided; and whether it is that one.
    fn labels_alone(
        &self,
        BothScans { scan, second }: BothScans<'_>,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Option<(LabelsRead, bool)>, Failed> {
        let (source, limits) = (Source::at(self.path), Limits::default());
        let on = |volume| self.formats.labels_for(&source, volume, &limits, cancel, progress);
        let first = on(scan);
        // What was agreed to be of the scan is.
        let agreed = self.reading.agreed && first.is_ok();
        if let Some(second) = second.filter(|_| !agreed)
            && first.as_ref().map_or(true, |read| read.as_ref().is_some_and(|r| r.is_doubtful))
            && let Ok(Some(read)) = on(second)
            && !read.is_doubtful
        {
            return Ok(Some((read, true)));
        }
        Ok(first?.map(|read| (read, false)))
    }

    fn of_volume(
        mut self,
        volume: &Volume,
        scans: BothScans<'_>,
        cancel: &CancelToken,
    ) -> Result<FileContents, Failed> {
        let (path, reading) = (self.path, self.reading);
        let is_on = |scan: &Volume| match io::placed_on(volume, path, scan) {
            Ok(_) => Ok(None),
            Err(IoError::OtherGrid { what, .. }) => Ok(Some(what)),
            Err(error) => Err(error),
        };
        let mut other_grid = is_on(scans.scan)?;
        let mut on_second = false;
        if let Some(second) = scans.second.filter(|_| other_grid.is_some() && !reading.resample)
            && is_on(second)?.is_none()
        {
            (other_grid, on_second) = (None, true);
        }
        let scan = scans.second.filter(|_| on_second).unwrap_or(scans.scan);
        let time_points = volume.time_points();
        let same = time_points == scan.time_points();
        let time_point = reading.time_point.unwrap_or(if same { scan.time_point() } else { 0 });
        let volume = volume.with_time_point(time_point.min(time_points - 1));
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
        self.reading.time_point = (time_points > 1).then_some(volume.time_point());
        let origin = Origin::of_volume(&volume);
        if other_grid.is_none() {
            let read = match reading.threshold {
                Some(threshold) => above(&io::placed_on(&volume, path, scan)?.0, threshold),
                None => self.formats.labels_on(&volume, path, scan)?,
            };
            return self.whole(read, None, origin, (scans, on_second));
        }
        let read = match reading.threshold {
            Some(threshold) => above(&volume, threshold),
            None => self.formats.labels_of(&volume, path, volume.grid())?,
        };
        let (read, lost) = onto(read, volume.grid(), scan.grid(), path)?;
        self.whole(read, Some(lost), origin, (scans, false))
    }

    /// What was read, unless something was decided that has to be asked about.
    fn whole(
        &self,
        read: LabelsRead,
        resampled: Option<usize>,
        Origin { name, files }: Origin,
        (scans, on_second): (BothScans<'_>, bool),
    ) -> Result<FileContents, Failed> {
        let (path, reading) = (self.path, self.reading);
        if read.is_doubtful && !reading.agreed {
            let (time_points, threshold, other_grid) = (None, false, None);
            let notes = read.notes;
            let doubts = ReferenceDoubts { notes, time_points, threshold, other_grid, reading };
            return Err(asked(doubts));
        }
        let scan = scans.second.filter(|_| on_second).unwrap_or(scans.scan);
        let grid = scan.grid().clone();
        let dims = grid.dims();
        room(LabelMap::bytes_of(dims, read.labels.iter().map(|label| &label.region)), path)?;
        let (map, covered) = CoveredLabels::of(dims, &read.labels);
        let overlaps = !covered.is_empty();
        let found =
            ReferenceRead { read, map, grid, overlaps, resampled, on_second, name, files, reading };
        Ok(FileContents::Reference(Box::new(found)))
    }
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
