//! Reads a file, off the UI thread, and finds out what it is: a scan, or labels of the open one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::names::{is_model_folder, name_of};
use crate::cases::{naming, table};
use crate::geom::{Grid, Orientation};
use crate::io::{
    self, IoError, LabelNote, LabelsRead, Likeness, Limits, OpenOptions, PairStamp, Registry,
    SeriesList, Source,
};
use crate::ui::ReferenceReading;
use crate::volume::{Histogram, LabelMap, Stats, Volume};
use crate::work::{CancelToken, Progress};

/// What a file is opened as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::app) enum Role {
    /// Labels if they look like labels of the open scan, else a scan.
    Any,
    /// Labels of the open scan, or an error.
    Labels,
    /// That, at a time point (from 0), whatever had to be decided to read them: the user was asked.
    Agreed(usize),
    /// As [`Role::Any`], but of an image beside an open scan it is asked what it is to be.
    Dropped,
    /// An image to lay over the open scan.
    Overlay,
    /// A second scan, to be shown beside the open one; at this time point (from 0), if one is named.
    Beside(Option<usize>),
    /// A label map that the objects are compared with.
    Reference(ReferenceReading),
    /// A label map by one of several raters, which are compared with each other.
    Rater(ReferenceReading),
}

/// Which of the scans of a folder, an archive or an index is meant.
#[derive(Clone, Default)]
pub(in crate::app) enum Which {
    /// The only one; if there are several, the user is asked.
    #[default]
    Any,
    /// The one of this series ([`Provenance::series`](crate::volume::Provenance::series)).
    Series(String),
    /// The one whose volume was called this.
    Called(String),
    /// A row of a list that was read already.
    Row(Arc<dyn SeriesList>, usize),
    /// That, read as the user wishes, or has answered.
    As(Box<Which>, OpenOptions),
}

impl Which {
    /// What the user has said about how it is read.
    pub fn options(&self) -> OpenOptions {
        if let Self::As(_, options) = self { options.clone() } else { OpenOptions::default() }
    }

    /// The same one, read in another way.
    pub fn read_as(self, options: OpenOptions) -> Self {
        match self {
            which if options == OpenOptions::default() => which.plain(),
            Self::As(which, _) => Self::As(which, options),
            which => Self::As(Box::new(which), options),
        }
    }

    /// Without what the user has said about how it is read.
    pub fn of_place(&self) -> &Self {
        if let Self::As(which, _) = self { which } else { self }
    }

    fn plain(self) -> Self {
        if let Self::As(which, _) = self { *which } else { self }
    }
}

/// A scan, with what the window wants to know about it (computed off the UI thread).
pub(in crate::app) struct Loaded {
    pub volume: Arc<Volume>,
    pub path: PathBuf,
    pub stats: Stats,
    pub histogram: Histogram,
    /// The file has nothing but labels: its numbers are shown, and the labels belong on them.
    pub only_labels: bool,
}

/// A label map that was read.
pub(in crate::app) struct Labels {
    pub read: LabelsRead,
    /// How many time points its file has, and which was read (from 0).
    pub time_points: usize,
    pub time_point: usize,
    /// Whether it can't be known if that one was meant.
    pub other_time_points: bool,
    /// What the file and its table were when they were read.
    pub stamp: PairStamp,
    /// Whether corrected labels may go back into the file: it is a label map, or was written here.
    pub is_ours: bool,
}

impl Labels {
    /// Of a file without time points.
    fn single(stamp: PairStamp) -> Self {
        let read = LabelsRead::default();
        let (time_points, time_point, other_time_points) = (1, 0, false);
        Self { read, time_points, time_point, other_time_points, stamp, is_ours: true }
    }
}

/// A label map that the objects are compared with.
pub(in crate::app) struct ReferenceRead {
    pub read: LabelsRead,
    /// The same, one label for each voxel of the scan: where they share voxels, the smaller one's.
    pub map: LabelMap,
    /// Where the voxels of that are: the grid of the scan that it was read for.
    pub grid: Grid,
    /// Whether some of them share voxels.
    pub overlaps: bool,
    /// It lay on another grid and was put onto the scan's; so many labels have no voxel there.
    pub resampled: Option<usize>,
    /// Its voxels are those of the second scan beside, and not the scan's.
    pub on_second: bool,
    /// Of several in its place, which it is.
    pub name: String,
    /// The files that it was read from.
    pub files: Vec<PathBuf>,
    /// How it was read.
    pub reading: ReferenceReading,
}

/// The open scan, and the one beside it if there is one.
#[derive(Clone, Copy)]
pub(in crate::app) struct BothScans<'a> {
    pub scan: &'a Volume,
    pub second: Option<&'a Volume>,
}

/// What was in a file.
pub(in crate::app) enum FileContents {
    /// With the reason why it is no label map, if it seems to be meant as one.
    Image(Box<Loaded>, Option<String>),
    Labels(Box<Labels>),
    Reference(Box<ReferenceRead>),
    /// It is a folder with a model.
    Model,
    /// It is a folder with scans, or a table of them.
    Cases,
    /// There are several scans, and nobody has said which is meant.
    Several(Arc<dyn SeriesList>),
}

/// Why a file was not opened.
pub(in crate::app) enum Failed {
    Cancelled,
    Because(String),
    /// Something has to be said before it can be.
    Asks(Asked),
}

/// What the user is asked before a scan is read.
pub(in crate::app) struct Asked {
    /// Why, in English.
    pub why: String,
    pub what: AskedWhat,
}

pub(in crate::app) enum AskedWhat {
    /// Whether slices that lie unevenly are resampled.
    Even,
    /// How the voxels lie: where their axes run to, and if it is asked how far apart they are.
    Place { likely: Orientation, spacing: bool },
    /// How a label map is read that the objects are to be compared with.
    Reference(Box<ReferenceDoubts>),
    /// Which of so many voxels are read of a scan that needs so many bytes, and may have only so many.
    Part { dims: [usize; 3], needed: u64, limit: u64 },
}

/// What is not known of a label map that the objects are to be compared with.
pub(in crate::app) struct ReferenceDoubts {
    pub notes: Vec<LabelNote>,
    /// How many there are, if it is not known which is meant.
    pub time_points: Option<usize>,
    /// It has values between whole numbers.
    pub threshold: bool,
    /// How its grid differs from the scan's.
    pub other_grid: Option<String>,
    /// What was said already.
    pub reading: ReferenceReading,
}

impl From<IoError> for Failed {
    fn from(error: IoError) -> Self {
        let why = error.to_string();
        let what = match error {
            IoError::Cancelled => return Failed::Cancelled,
            IoError::Uneven { .. } => AskedWhat::Even,
            IoError::NoOrientation { likely, .. } => AskedWhat::Place { likely, spacing: false },
            IoError::NoSpacing(_) => AskedWhat::Place { likely: io::OF_PICTURES, spacing: true },
            IoError::TooLarge { needed, limit, dims: Some(dims), .. } => {
                AskedWhat::Part { dims, needed, limit }
            }
            _ => return Failed::Because(why),
        };
        Failed::Asks(Asked { why, what })
    }
}

/// Reads a file beside the open scan, if there is one, and finds out what it is.
pub(in crate::app) fn load(
    formats: &Registry,
    path: &Path,
    (role, which): (Role, &Which),
    scan: Option<&Volume>,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<FileContents, Failed> {
    if matches!(role, Role::Any | Role::Dropped) && is_model_folder(path) {
        return Ok(FileContents::Model);
    }
    if matches!(role, Role::Any | Role::Dropped) && is_list_of_cases(formats, path) {
        return Ok(FileContents::Cases);
    }
    let began = std::fs::metadata(path).and_then(|about| about.modified()).ok();
    let (source, limits) = (Source::at(path), Limits::default());
    // What is to be an image is not taken for labels.
    let is_image = matches!(role, Role::Overlay | Role::Beside(_));
    if let Some(scan) = scan.filter(|_| !is_image)
        && let Some(read) = formats.labels_for(&source, scan, &limits, cancel, progress)?
    {
        let stamp = PairStamp::of_read(formats, path, began);
        let is_ours = !formats.is_foreign(path);
        return Ok(FileContents::Labels(Box::new(Labels {
            read,
            is_ours,
            ..Labels::single(stamp)
        })));
    }
    let volume = match volume(formats, path, which, cancel, progress)? {
        Ok(volume) => volume,
        Err(several) => return Ok(FileContents::Several(several)),
    };
    let mut why = None;
    if let Some(scan) = scan.filter(|_| !is_image) {
        let asked = matches!(role, Role::Labels | Role::Agreed(_));
        let fits = volume.grid().dims() == scan.grid().dims() || io::belongs(&volume, scan);
        let named = is_named_like_labels(path);
        // Labels of another scan are an error: opening them as a scan would take this one off the screen without
        // a word.
        let likeness = (fits || named).then(|| io::likeness(&volume));
        if asked || likeness == Some(Likeness::Labels) {
            return Ok(FileContents::Labels(labels(formats, &volume, (path, began), role, scan)?));
        }
        why = match likeness {
            Some(Likeness::Patches(why)) => Some(why),
            _ if named => formats.labels_on(&volume, path, scan).err().map(|e| e.to_string()),
            _ => None,
        };
        cancel.check().map_err(|_| Failed::Cancelled)?;
    }
    let stats = volume.stats();
    cancel.check().map_err(|_| Failed::Cancelled)?;
    let histogram = Histogram::of(&volume, &stats, 256);
    cancel.check().map_err(|_| Failed::Cancelled)?;
    let only_labels = matches!(role, Role::Any | Role::Dropped)
        && scan.is_none()
        && formats.labels_for(&source, &volume, &limits, cancel, &Progress::new())?.is_some();
    let (volume, path) = (Arc::new(volume), path.to_owned());
    let loaded = Loaded { volume, path, stats, histogram, only_labels };
    Ok(FileContents::Image(Box::new(loaded), why))
}

/// The volume that is meant, or the list to choose it from.
pub(super) fn volume(
    formats: &Registry,
    path: &Path,
    which: &Which,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Result<Volume, Arc<dyn SeriesList>>, IoError> {
    let limits = Limits::default();
    let options = which.options();
    let which = which.of_place();
    if let Which::Row(list, row) = which {
        return list.open_as(*row, &options, &limits, cancel, progress).map(Ok);
    }
    let source = Source::at(path);
    let Some(list) = formats.list(&source, cancel, progress)? else {
        return formats.open_as(&source, &options, &limits, cancel, progress).map(Ok);
    };
    let row = match which {
        Which::Series(series) => Some(list.find(series)?),
        Which::Called(name) if !list.is_plain() => Some(list.find(name)?),
        _ => None,
    };
    match row {
        Some(row) => list.open_as(row, &options, &limits, cancel, progress).map(Ok),
        None if list.is_plain() => list.open_likely(&options, &limits, cancel, progress).map(Ok),
        None => Ok(Err(list)),
    }
}

/// The labels of a volume at the time point that was agreed on, else at the scan's if both have as many, else at
/// the first. `began` is what the file's time was before it was read.
fn labels(
    formats: &Registry,
    volume: &Volume,
    (path, began): (&Path, Option<SystemTime>),
    role: Role,
    scan: &Volume,
) -> Result<Box<Labels>, IoError> {
    let time_points = volume.time_points();
    let same = time_points == scan.time_points();
    let time_point = match role {
        Role::Agreed(time_point) => time_point,
        _ if same => scan.time_point(),
        _ => 0,
    };
    let volume = volume.with_time_point(time_point);
    let read = formats.labels_on(&volume, path, scan)?;
    let (time_point, other_time_points) = (volume.time_point(), !same && time_points > 1);
    let stamp = PairStamp::of_read(formats, path, began);
    let is_ours = true;
    Ok(Box::new(Labels { read, time_points, time_point, other_time_points, stamp, is_ours }))
}

/// Whether it is a table of scans by its name, or a folder that is no scan itself, or has scans beside the slices of one.
fn is_list_of_cases(formats: &Registry, path: &Path) -> bool {
    if !path.is_dir() {
        return table::is_named_as_table(path);
    }
    let is_scan = |file: &Path| {
        let ending = file.extension().unwrap_or_default().to_string_lossy();
        let is_part = naming::is_slice(&ending) || naming::is_no_case(&ending);
        !is_part && formats.is_named_usually(file)
    };
    let entries = || std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path());
    !formats.can_open(&Source::at(path)) || entries().any(|file| is_scan(&file))
}

/// Whether a file's name says that it is a label map.
pub(in crate::app) fn is_named_like_labels(path: &Path) -> bool {
    let name = name_of(path).to_lowercase();
    ["label", "mask", "seg", "rtst"].iter().any(|word| name.contains(word))
}
