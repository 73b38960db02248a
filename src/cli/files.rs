//! What several commands do with files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::args::SeriesArg;
use super::{Usage, say};
use crate::geom::DAffine3;
use crate::io::{self, IoError, LabelsRead, Limits, OpenOptions, SameVoxels, Source};
use crate::volume::{CoveredLabels, LabelMap, NamedRegion, Provenance, Volume};
use crate::work::{CancelToken, Progress};

/// Reads a scan, waiting for it.
pub fn open_scan(path: &Path) -> anyhow::Result<Volume> {
    Ok(io::open_volume(path, &Limits::default(), &CancelToken::new(), &Progress::new())?)
}

/// Reads a scan, of a folder that of the series that is named.
pub fn open_one(path: &Path, series: &SeriesArg) -> anyhow::Result<Volume> {
    let source = match &series.series {
        Some(wanted) => Source::Chosen { place: path.to_owned(), series: wanted.clone() },
        None => Source::at(path),
    };
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let options = series.options();
    Ok(io::formats().open_as(&source, &options, &Limits::default(), &cancel, &progress)?)
}

/// Reads a scan that is measured or worked on without anybody looking: of a place with several, that of the series that
/// is named, and none unless it is. `how`: what to do then.
pub fn open_only(path: &Path, series: Option<&str>, how: &str) -> anyhow::Result<Volume> {
    let (limits, cancel, progress) = (Limits::default(), CancelToken::new(), Progress::new());
    let (formats, options) = (io::formats(), OpenOptions::default());
    if let Some(wanted) = series {
        let source = Source::Chosen { place: path.to_owned(), series: wanted.to_owned() };
        return Ok(formats.open_as(&source, &options, &limits, &cancel, &progress)?);
    }
    let source = Source::at(path);
    match formats.list(&source, &cancel, &progress)? {
        Some(list) if !list.is_plain() => {
            let there = list.named();
            bail!("there are several scans here ({there}); {how}: {}", path.display())
        }
        Some(list) => Ok(list.open_likely(&options, &limits, &cancel, &progress)?),
        None => Ok(formats.open_as(&source, &options, &limits, &cancel, &progress)?),
    }
}

/// Reads a scan as one was read of which this was said: of a folder that series, of that the same voxels.
pub fn open_again(path: &Path, said: &Provenance) -> Result<Volume, IoError> {
    let source = match said.series() {
        Some(series) => Source::Chosen { place: path.to_owned(), series },
        None => Source::at(path),
    };
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let options = OpenOptions::of(said);
    io::formats().open_as(&source, &options, &Limits::default(), &cancel, &progress)
}

/// A scan at one of its time points, counted from 1.
pub fn at_time_point(volume: &Volume, number: usize) -> anyhow::Result<Volume> {
    let time_points = volume.time_points();
    if !(1..=time_points).contains(&number) {
        let has = if time_points == 1 {
            "one time point".to_owned()
        } else {
            format!("time points 1 to {time_points}")
        };
        bail!("there is no time point {number}: {} has {has}", volume.name());
    }
    Ok(volume.with_time_point(number - 1))
}

/// Reads a label map of a scan: that of `time_point`, counted from 1, or the first. What had to be decided to read
/// it goes to stderr, as does why it is the scan's if its file places it elsewhere.
pub fn open_labels(
    path: &Path,
    scan: &Volume,
    time_point: Option<usize>,
) -> anyhow::Result<LabelsRead> {
    match labels_for(path, scan)? {
        Some(read) => Ok(read),
        None => labels_of(&open_scan(path)?, path, scan, time_point),
    }
}

/// The labels in a file that has nothing else (segments, contours) on a scan's grid; `None` of another file. What had to
/// be decided to read it goes to stderr.
pub fn labels_for(path: &Path, scan: &Volume) -> anyhow::Result<Option<LabelsRead>> {
    let (limits, cancel, progress) = (Limits::default(), CancelToken::new(), Progress::new());
    let read = io::labels_for(path, scan, &limits, &cancel, &progress)?;
    for note in read.iter().flat_map(|read| &read.notes) {
        say(&format!("warning: {}: {note}", path.display()));
    }
    Ok(read)
}

/// [`open_labels`] of a volume that was read.
pub fn labels_of(
    volume: &Volume,
    path: &Path,
    scan: &Volume,
    time_point: Option<usize>,
) -> anyhow::Result<LabelsRead> {
    let read = match time_point {
        Some(number) => io::labels_on(&at_time_point(volume, number)?, path, scan)?,
        None => io::labels_on(volume, path, scan)?,
    };
    for note in &read.notes {
        say(&format!("warning: {}: {note}", path.display()));
    }
    Ok(read)
}

/// Says why a label map is a scan's.
pub fn tell(path: &Path, why: &[SameVoxels]) {
    for reason in why {
        say(&format!("warning: {}: {}", path.display(), reason.words()));
    }
}

/// What a scan's source said of it, for a file that is derived from it.
pub fn provenance(scan: &Volume, anonymous: bool) -> Provenance {
    let said = scan.provenance().clone();
    if anonymous { said.without_patient() } else { said }
}

/// Says what was unusual about a scan's file.
pub fn warn(volume: &Volume) {
    for warning in volume.warnings() {
        say(&format!("warning: {}: {}", volume.name(), warning.0));
    }
}

/// A label map with these labels; where they share voxels that is on top which their file says to be, or the smallest.
pub fn label_map(dims: [usize; 3], labels: &[NamedRegion]) -> LabelMap {
    stacked(dims, labels).0
}

/// As [`label_map`], and what of the labels lies under others.
pub fn stacked(dims: [usize; 3], labels: &[NamedRegion]) -> (LabelMap, CoveredLabels) {
    CoveredLabels::of(dims, labels)
}

/// Refuses an output whose name has none of these endings.
pub fn check_ending(path: &Path, endings: &[&str]) -> anyhow::Result<()> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    if endings.iter().any(|ending| name.ends_with(ending) && name.len() > ending.len()) {
        return Ok(());
    }
    let wanted = endings.join(" or ");
    Err(Usage(format!("the output's name must end in {wanted}: {}", path.display())).into())
}

/// Refuses, before any work is done, an output that can't be written or would replace an input.
pub fn check_output(path: &Path, inputs: &[&Path], endings: &[&str]) -> anyhow::Result<()> {
    check_ending(path, endings)?;
    // Through links: what they lead to is written.
    let target = match io::writable_target(path) {
        Ok(target) => target,
        Err(why) => bail!("{why}; choose another name for the output: {}", path.display()),
    };
    let folder = io::folder_of(&target);
    if !folder.is_dir() {
        bail!("the output's folder does not exist; make it first: {}", folder.display());
    }
    if let Some(voxels) = io::formats().voxels_without_header(path) {
        bail!(
            "the voxels would go into a file that belongs to something else; choose another name: {}",
            voxels.display()
        );
    }
    let real = |p: &Path| p.canonicalize().ok();
    if let Some(same) = inputs.iter().find(|i| real(i).is_some_and(|i| Some(i) == real(path))) {
        bail!("the output would replace an input; choose another name: {}", same.display());
    }
    Ok(())
}

/// Refuses an output one of whose files is one of the scan's, such as its voxels.
pub fn refuse_inputs(out: &Path, scan: &Volume) -> anyhow::Result<()> {
    let voxels = io::formats().voxels_file(out);
    for path in std::iter::once(out).chain(voxels.as_deref()) {
        if scan.files().iter().any(|its| same_place(path, its)) {
            bail!("the output would replace the input; choose another name: {}", path.display());
        }
    }
    Ok(())
}

/// Whether two names, of files that may not be there yet, mean one file: `m.nii` and `./m.nii` do.
pub fn same_place(a: &Path, b: &Path) -> bool {
    a == b || place_of(a) == place_of(b)
}

/// Refuses files of which two are one, on any system: the second would replace the first.
pub fn refuse_the_same<'a>(files: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<()> {
    let mut places = HashSet::new();
    for file in files {
        let mut place = place_of(file);
        if let Some(name) = place.file_name() {
            let name = name.to_string_lossy().to_lowercase();
            place.set_file_name(name);
        }
        if !places.insert(place) {
            bail!("two of the outputs would be this file; choose another name: {}", file.display());
        }
    }
    Ok(())
}

/// Where a file is, or would be, whatever way leads there: through links and `..`, as far as folders are there.
pub fn place_of(path: &Path) -> PathBuf {
    let in_folder = || Some(io::folder_of(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

/// The four rows of a transform, without negative zeros.
pub fn rows(m: &DAffine3) -> [[f64; 4]; 4] {
    let t = m.translation.to_array();
    let row = |r: usize| {
        let row = m.matrix3.row(r);
        [row.x, row.y, row.z, t[r]].map(|v| v + 0.0)
    };
    [row(0), row(1), row(2), [0.0, 0.0, 0.0, 1.0]]
}

/// Milliseconds since `start`.
pub fn ms_since(start: std::time::Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
