//! What a file format offers: a [`Reader`], a [`Writer`], or both. The formats there are stand in `standard.rs`.

use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::contents::SeriesList;
use super::error::IoError;
use super::labels_read::LabelsRead;
use super::limits::Limits;
use super::open_options::{OpenOptions, SliceSpacing};
use crate::geom::Grid;
use crate::volume::{CoveredLabels, LabelMap, LabelName, Provenance, Scale, Volume, Voxels};
use crate::work::{CancelToken, Cancelled, Progress};

/// Where a volume comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One file; of a header with its voxels in a second file, either.
    File(PathBuf),
    /// Files that make one volume together, such as one for each slice, in any order.
    Series(Vec<PathBuf>),
    /// A folder that is one volume.
    Folder(PathBuf),
    /// One of several scans of a folder, an archive or an index.
    Chosen {
        /// Where they are.
        place: PathBuf,
        /// Which: [`SeriesRow::key`](super::SeriesRow), or the number of a series.
        series: String,
    },
}

impl Source {
    /// What a user means who names this path: a folder or a file.
    pub fn at(path: &Path) -> Self {
        if path.is_dir() { Self::Folder(path.to_owned()) } else { Self::File(path.to_owned()) }
    }

    /// What it is called by: its path, or that of the first file of a series.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Folder(path) | Self::Chosen { place: path, .. } => path,
            Self::Series(paths) => paths.first().map_or(Path::new(""), PathBuf::as_path),
        }
    }

    /// The path of the file that it is.
    ///
    /// # Errors
    /// If it is a folder or several files.
    pub(super) fn one_file(&self) -> Result<&Path, IoError> {
        let what = match self {
            Self::File(path) => return Ok(path),
            Self::Folder(_) => "a folder",
            Self::Series(_) => "a series of files",
            Self::Chosen { place, series } => {
                let there = "one scan without a series".to_owned();
                let (wanted, path) = (series.clone(), place.clone());
                return Err(IoError::NoSeries { wanted, there, path });
            }
        };
        Err(IoError::NotAFile { what, path: self.path().to_path_buf() })
    }

    /// The last part of its path, for a [`Volume`]'s name.
    pub fn name(&self) -> String {
        let path = self.path();
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// What is told of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatInfo {
    /// What its users call it.
    pub name: &'static str,
    /// How the names of its files end (with the dot, in lower case), the usual ending first: what users are told. None of
    /// formats that are read, but that nobody should be told to write.
    pub endings: &'static [&'static str],
    /// Further endings that are understood.
    pub other_endings: &'static [&'static str],
}

impl FormatInfo {
    /// All endings, those that are told first.
    pub fn all_endings(&self) -> impl Iterator<Item = &'static str> {
        self.endings.iter().chain(self.other_endings).copied()
    }
}

/// The name with its endings, as menus and messages have it: `NIfTI (.nii, .nii.gz)`.
impl std::fmt::Display for FormatInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.endings.join(", "))
    }
}

/// So many bytes of the beginning of a file are looked at to tell its format: a NIfTI-2 header and what follows it.
pub(super) const BEGINNING: usize = 545;

/// What is known of a source before anybody opens it.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    /// The source.
    pub source: &'a Source,
    /// The first bytes of its (first) file, inflated if that is gzip; at most 545. None of a folder.
    pub bytes: &'a [u8],
}

/// Whether a reader is the one for a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniff {
    /// It is another format.
    No,
    /// It is this format.
    Yes,
    /// It is something like this format that can't be read; in words that follow "this looks like".
    Unreadable(&'static str),
}

/// A slice of a volume that is read again.
#[derive(Clone, Debug)]
pub struct Slice<'a> {
    /// Where the whole volume lies.
    pub grid: &'a Grid,
    /// Which slice this is, from 0; further time points follow the last slice of the first.
    pub z: usize,
    /// Has the voxels of the slice at `range`, x fastest.
    pub voxels: &'a Voxels,
    /// See `voxels`.
    pub range: Range<usize>,
    /// From stored numbers to values.
    pub scale: Scale,
}

/// The scan that labels are wanted for.
#[derive(Clone, Copy, Debug)]
pub struct Onto<'a> {
    /// Where its voxels are.
    pub grid: &'a Grid,
    /// What its source said.
    pub provenance: &'a Provenance,
}

/// Reads a format. Told by content, never by name: [`Reader::sniff`].
pub trait Reader: Send + Sync {
    /// Its name and the endings of files that it reads.
    fn info(&self) -> FormatInfo;

    /// Whether it is the reader for what begins like this.
    fn sniff(&self, beginning: &Beginning) -> Sniff;

    /// Reads a volume into the program's terms, as the user wishes: x fastest, RAS millimetres, the [`Provenance`] that
    /// writers need. Who can't read a part without the rest reads all ([`VolumePart::taken_from`](super::VolumePart)).
    ///
    /// # Errors
    /// See [`IoError`]. Every claim of a header is checked against the files' sizes and `limits` before memory is
    /// taken for it.
    fn open_as(
        &self,
        source: &Source,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError>;

    /// As [`Reader::open_as`], without wishes.
    ///
    /// # Errors
    /// As that.
    fn open(
        &self,
        source: &Source,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        self.open_as(source, &OpenOptions::default(), limits, cancel, progress)
    }

    /// As [`Reader::open`]; a format whose slices may lie unevenly makes them even if that is asked for.
    ///
    /// # Errors
    /// As that.
    fn open_spaced(
        &self,
        source: &Source,
        slices: SliceSpacing,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let options = OpenOptions { slices, ..OpenOptions::default() };
        self.open_as(source, &options, limits, cancel, progress)
    }

    /// Whether a file has an image, by its header alone; `None` if that can't be read.
    fn has_image(&self, _file: &Path) -> Option<bool> {
        Some(true)
    }

    /// Whether its files don't say how their voxels lie, so that it has to be typed.
    fn asks_place(&self) -> bool {
        false
    }

    /// The scans among which can be chosen, all headers read; `None` where the source is one scan. Progress counts
    /// files.
    ///
    /// # Errors
    /// As [`Reader::open`], if there is no scan at all.
    fn list(
        &self,
        _source: &Source,
        _cancel: &CancelToken,
        _progress: &Progress,
    ) -> Result<Option<Arc<dyn SeriesList>>, IoError> {
        Ok(None)
    }

    /// The names and colours that a label map itself has for the labels of a time point (3D Slicer has those of a layer),
    /// for where no table lies beside it. Names are a help: what can't be read has none.
    fn label_names(&self, _source: &Source, _time_point: usize) -> Vec<LabelName> {
        Vec::new()
    }

    /// The labels in a source that has nothing but labels of a scan (segments, contours), on that scan's grid; `None` of
    /// any other, which is read as a volume.
    ///
    /// # Errors
    /// As [`Reader::open`].
    fn labels(
        &self,
        _source: &Source,
        _onto: &Onto<'_>,
        _limits: &Limits,
        _cancel: &CancelToken,
        _progress: &Progress,
    ) -> Result<Option<LabelsRead>, IoError> {
        Ok(None)
    }

    /// Whether of labels that lie over each other by turns its files keep no more than an order of whole labels
    /// ([`CoveredLabels::order`]); else which one is on top is kept voxel by voxel.
    fn keeps_order_only(&self) -> bool {
        false
    }

    /// Reads a volume again, slice by slice: what was written is verified by this. The volume is in memory as a whole
    /// unless a reader does better.
    ///
    /// # Errors
    /// As [`Reader::open`], and what `each` says.
    fn for_each_slice(
        &self,
        source: &Source,
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        let volume = self.open(source, &Limits::default(), cancel, &Progress::new())?;
        let [nx, ny, nz] = volume.grid().dims();
        for z in 0..nz * volume.time_points() {
            cancel.check()?;
            let range = z * nx * ny..(z + 1) * nx * ny;
            let (grid, voxels, scale) = (volume.grid(), volume.voxels(), volume.scale());
            each(Slice { grid, z, voxels, range, scale })?;
        }
        Ok(())
    }
}

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// A label map.
    Labels,
    /// One float32 for each voxel.
    Values,
    /// A scan with all its time points, in numbers of any type.
    Scan,
}

/// The voxels of what is written, x fastest.
#[derive(Clone, Copy, Debug)]
pub enum ContentVoxels<'a> {
    /// A label map.
    Labels(&'a LabelMap),
    /// One number for each voxel.
    Values(&'a [f32]),
    /// All time points of a scan, whose grid is that of the content.
    Scan(&'a Volume),
}

/// A volume that is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// Its voxels, as many as `grid` has.
    pub voxels: ContentVoxels<'a>,
    /// Where they must be when the file is read.
    pub grid: &'a Grid,
    /// What the source of the scan said, to be said again.
    pub provenance: &'a Provenance,
    /// Names and colours of labels, for formats that have a place for them; the label table beside the file has them
    /// in any case.
    pub names: &'a [LabelName],
    /// What of labels lies under others; nothing for writers that can't keep it ([`Writer::keeps_overlaps`]).
    pub covered: &'a CoveredLabels,
}

impl Content<'_> {
    /// What it is.
    pub fn kind(&self) -> ContentKind {
        match self.voxels {
            ContentVoxels::Labels(_) => ContentKind::Labels,
            ContentVoxels::Values(_) => ContentKind::Values,
            ContentVoxels::Scan(_) => ContentKind::Scan,
        }
    }
}

/// Why a writer stopped.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Somebody asked for it.
    #[error("cancelled")]
    Cancelled,
    /// Its output can't be written to.
    #[error(transparent)]
    Output(#[from] io::Error),
    /// The format can't hold this, and why.
    #[error("{0}")]
    Impossible(String),
    /// It names the images that labels are of, and they are not known or not there, and why.
    #[error("{0}")]
    NoImages(String),
}

impl From<Cancelled> for EncodeError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// Writes a format as a stream of bytes. Where the bytes go is not the writer's affair: they become a file only when
/// they were read back by the same format's reader and are what was meant (`Registry::save_labels`).
pub trait Writer: Send + Sync {
    /// Its name and the endings of files that it writes.
    fn info(&self) -> FormatInfo;

    /// Whether the format can hold this.
    fn can(&self, kind: ContentKind) -> bool;

    /// Whether a file says of which images its labels are: [`Provenance::images`] has to have them.
    fn names_images(&self) -> bool {
        false
    }

    /// Whether a file has each label whole where several share voxels: it writes [`Content::covered`], too. Others write
    /// what is on top.
    fn keeps_overlaps(&self) -> bool {
        false
    }

    /// Whether a file that begins like this (inflated, at most 545 bytes) was written by this writer, so that it may
    /// be replaced without a word.
    fn wrote(&self, beginning: &[u8]) -> bool;

    /// Whether the patient was taken out of the file at `path`, or that can't be known, and one that is written for a
    /// scan in its place would say who it is.
    fn would_name_patient(&self, _path: &Path, _of_scan: &Provenance) -> bool {
        false
    }

    /// Writes all of a file to `out`. `ending` is the one of [`FormatInfo::all_endings`] that its name has; progress
    /// counts the slices that were written.
    ///
    /// # Errors
    /// See [`EncodeError`].
    fn encode(
        &self,
        content: &Content,
        ending: &str,
        out: &mut dyn Write,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), EncodeError>;

    /// Who writes files of this ending in two, if their voxels are not in the file itself.
    fn pair(&self, _ending: &str) -> Option<&dyn PairWriter> {
        None
    }
}

/// Writes a header and its voxels into two files beside each other.
pub trait PairWriter: Send + Sync {
    /// How the name of the file with the voxels ends, behind the stem of the header's.
    fn voxels_ending(&self) -> &'static str;

    /// The header, which names the file with the voxels.
    ///
    /// # Errors
    /// [`EncodeError::Impossible`].
    fn header(&self, content: &Content, voxels_name: &str) -> Result<Vec<u8>, EncodeError>;

    /// Writes all voxels; progress counts the slices.
    ///
    /// # Errors
    /// See [`EncodeError`].
    fn voxels(
        &self,
        content: &Content,
        out: &mut dyn Write,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), EncodeError>;

    /// Reads a header and its voxels again as the format's reader does, though they are not in their places yet;
    /// `voxels_name` is what the header must call them.
    ///
    /// # Errors
    /// As [`Reader::for_each_slice`].
    fn for_each_slice(
        &self,
        header: &Path,
        voxels: (&Path, &str),
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError>;
}

/// A format: whoever reads it, whoever writes it.
#[derive(Default)]
pub struct Format {
    /// Reads it.
    pub reader: Option<Box<dyn Reader>>,
    /// Writes it. A format that is written must be read too: what is written is read back.
    pub writer: Option<Box<dyn Writer>>,
}
