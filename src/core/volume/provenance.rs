use std::path::PathBuf;
use std::sync::Arc;

use super::{Placement, StoredGeometry};

/// What the source of a volume said about it beyond what is needed to show it: carried from whoever reads a file to
/// whoever writes one for it, so that a label map says the same as its scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// The name of the source's format, as the registry of `io` has it; empty if there was no file.
    pub format: &'static str,
    /// The statements about the place of the voxels, if the format makes such as NIfTI's.
    pub geometry: Option<StoredGeometry>,
    /// Which of its statements decided where the voxels are.
    pub placement: Placement,
    /// Names and values by which the scan can be found again, but no person: the UIDs of a series, a checksum. A
    /// reader puts nothing here that may name or describe a patient.
    pub identifiers: Vec<(String, String)>,
    /// `CT`, `PT`, as the source says; empty where it says nothing of it.
    pub modality: String,
    /// By which it is told from other scans in its place, and no person: `PT 4`. Empty where it is the only one.
    pub among: String,
    /// The DICOM images that are its slices, for what is written for them: only `io` looks into this.
    pub images: Option<Arc<SourceImages>>,
}

/// The images that a volume was made of, by which files that are derived from it name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceImages {
    /// The files.
    pub files: Vec<SourceFile>,
    /// Which file each slice is from and which of its images it is, from 0; time point after time point. `None` of a
    /// slice that is missing.
    pub slices: Vec<Option<(usize, usize)>>,
    /// Which part of each image it is; `None`: all.
    pub within: Option<WithinImages>,
    /// Files that are derived from them are not to say whose they are.
    pub without_patient: bool,
}

/// A box of the pixels of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithinImages {
    /// Columns and rows of the images.
    pub size: [usize; 2],
    /// Column and row of its first pixel.
    pub first: [usize; 2],
}

/// A file with images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it was read; of a file in an archive that of the archive with its name, for people.
    pub path: PathBuf,
    /// The archive that it is in.
    pub archive: Option<PathBuf>,
    /// Its SOP Class UID.
    pub class: String,
    /// Its SOP Instance UID.
    pub instance: String,
    /// It has several images.
    pub is_multi_frame: bool,
}

impl Provenance {
    /// For files that are not to say whose images theirs are. (Other formats than DICOM never say it.)
    #[must_use]
    pub fn without_patient(mut self) -> Self {
        if let Some(images) = &mut self.images {
            Arc::make_mut(images).without_patient = true;
        }
        self
    }

    /// The identifier that is the UID of a DICOM series.
    pub const SERIES: &'static str = "SeriesInstanceUID";
    /// The identifier that tells parts of one series apart, from 1.
    pub const PART: &'static str = "SeriesPart";

    /// The identifier that says that the slices are not those of the source, but were made of them.
    pub const RESAMPLED: &'static str = "Resampled";

    /// The identifier that is the name of an image in an archive with several.
    pub const MEMBER: &'static str = "ArchiveMember";

    /// Whether the slices were made of those of the source.
    pub fn is_resampled(&self) -> bool {
        self.identifiers.iter().any(|(name, _)| name == Self::RESAMPLED)
    }

    /// What it adds to the names of files about the scan, so that those of several scans of a place are not called the same:
    /// `_PT4`, nothing of an only one.
    pub fn name_part(&self) -> String {
        let kept = self.among.chars().filter_map(|c| match c {
            '#' => Some('-'),
            c if c.is_alphanumeric() || "-_.".contains(c) => Some(c),
            _ => None,
        });
        let part: String = kept.collect();
        if part.is_empty() { part } else { format!("_{part}") }
    }

    /// By which the scan is found among others of its folder: the UID of its series, with `#` and the number of its part
    /// where that is not the first; of an image in an archive its name there.
    pub fn series(&self) -> Option<String> {
        let said = |name| self.identifiers.iter().find(|(n, _)| n == name).map(|(_, value)| value);
        let Some(uid) = said(Self::SERIES) else { return said(Self::MEMBER).cloned() };
        match said(Self::PART).filter(|part| *part != "1") {
            Some(part) => Some(format!("{uid}#{part}")),
            None => Some(uid.clone()),
        }
    }
}

impl From<StoredGeometry> for Provenance {
    fn from(geometry: StoredGeometry) -> Self {
        Self { geometry: Some(geometry), ..Self::default() }
    }
}
