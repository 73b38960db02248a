//! The formats that files are opened and saved in. Menus, dialogs, messages and documentation have their lists from
//! here.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::contents::SeriesList;
use super::error::IoError;
use super::format::{
    BEGINNING, Beginning, ContentKind, Format, FormatInfo, Reader, Sniff, Source, Writer,
};
use super::limits::Limits;
use super::open_options::{OpenOptions, SliceSpacing};
use super::stream::{Stream, read_full};
use super::unsupported::looks_like;
use crate::volume::{LabelName, Provenance, Volume};
use crate::work::{CancelToken, Progress};

/// Formats, each asked in turn; [`Registry::standard`] has those that ship.
#[derive(Default)]
pub struct Registry {
    readers: Vec<Box<dyn Reader>>,
    writers: Vec<Box<dyn Writer>>,
}

impl Registry {
    /// One more format, asked after those that are there.
    #[must_use]
    pub fn with(mut self, format: Format) -> Self {
        self.readers.extend(format.reader);
        self.writers.extend(format.writer);
        self
    }

    /// Reads a volume, its format told by content, never by name. Voxels keep their type, x fastest; all time points
    /// are read. World coordinates are RAS millimetres, whatever unit the file uses. Progress is in bytes. The volume
    /// tells from which files it was read ([`Volume::files`]).
    ///
    /// # Errors
    /// See [`IoError`]; nothing is allocated for a claim that the file or `limits` can't hold.
    pub fn open(
        &self,
        source: &Source,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let volume = self.reader_of(source)?.open(source, limits, cancel, progress)?;
        Ok(match source {
            Source::File(path) if volume.files().is_empty() => volume.read_from([path.clone()]),
            Source::Series(files) if volume.files().is_empty() => volume.read_from(files.clone()),
            _ => volume,
        })
    }

    /// Whether there is a reader for what a source is, by the first look at it.
    pub fn can_open(&self, source: &Source) -> bool {
        self.reader_of(source).is_ok()
    }

    /// The format of a source, by the first look at it; `None` if there is no reader for it.
    pub fn format_of(&self, source: &Source) -> Option<FormatInfo> {
        self.reader_of(source).ok().map(super::format::Reader::info)
    }

    /// Whether a file has an image, by its header alone, and not labels, contours or a report; `None` if that can't be read.
    pub fn has_image(&self, file: &Path) -> Option<bool> {
        self.reader_of(&Source::File(file.to_owned())).ok()?.has_image(file)
    }

    /// As [`Registry::open`]; slices that lie unevenly are made even if that is asked for.
    ///
    /// # Errors
    /// As that.
    pub fn open_spaced(
        &self,
        source: &Source,
        spacing: SliceSpacing,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        self.reader_of(source)?.open_spaced(source, spacing, limits, cancel, progress)
    }

    /// As [`Registry::open`], as the user wishes and answers what files do not say.
    ///
    /// # Errors
    /// As that, and [`IoError::NoPart`], [`IoError::SaysPlace`].
    pub fn open_as(
        &self,
        source: &Source,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let reader = self.reader_of(source)?;
        if !options.place.is_empty() && !reader.asks_place() {
            return Err(IoError::SaysPlace(source.path().to_owned()));
        }
        let volume = reader.open_as(source, options, limits, cancel, progress)?;
        Ok(match source {
            Source::File(path) if volume.files().is_empty() => volume.read_from([path.clone()]),
            _ => volume,
        })
    }

    /// The scans of a source among which can be chosen; `None` if it is one scan, which [`Registry::open`] reads.
    /// Progress counts files.
    ///
    /// # Errors
    /// As that.
    pub fn list(
        &self,
        source: &Source,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Option<Arc<dyn SeriesList>>, IoError> {
        self.reader_of(source)?.list(source, cancel, progress)
    }

    /// The reader for a source.
    ///
    /// # Errors
    /// What the source is instead.
    pub(super) fn reader_of(&self, source: &Source) -> Result<&dyn Reader, IoError> {
        let path = source.path();
        let bytes = match source {
            Source::Folder(_) => Vec::new(),
            Source::Chosen { place, .. } if place.is_dir() => Vec::new(),
            Source::File(_) | Source::Series(_) | Source::Chosen { .. } => beginning(path)?,
        };
        let seen = Beginning { source, bytes: &bytes };
        let mut unreadable = None;
        for reader in &self.readers {
            match reader.sniff(&seen) {
                Sniff::Yes => return Ok(reader.as_ref()),
                Sniff::Unreadable(what) => unreadable = unreadable.or(Some(what)),
                Sniff::No => {}
            }
        }
        let path = path.to_path_buf();
        if bytes.is_empty() && path.is_dir() && unreadable.is_none() {
            return Err(IoError::NotAFile { what: "a folder", path });
        }
        let looks_like = unreadable.unwrap_or_else(|| looks_like(&bytes));
        Err(IoError::Unsupported { looks_like, formats: self.readable(), path })
    }

    /// The formats that are read.
    pub fn reads(&self) -> impl Iterator<Item = FormatInfo> {
        self.readers.iter().map(|reader| reader.info())
    }

    /// The formats in which this is written, the usual one first.
    pub fn writes(&self, kind: ContentKind) -> impl Iterator<Item = FormatInfo> {
        self.writers.iter().filter(move |w| w.can(kind)).map(|writer| writer.info())
    }

    /// `NIfTI (.nii, .nii.gz)`: what is read, and is worth to be written for that.
    pub fn readable(&self) -> String {
        let told = self.reads().filter(|info| !info.endings.is_empty());
        told.map(|info| info.to_string()).collect::<Vec<_>>().join(", ")
    }

    /// `.nii, .nii.gz`: how the names of files that are read end.
    pub fn readable_endings(&self) -> String {
        self.reads().flat_map(|info| info.endings).copied().collect::<Vec<_>>().join(", ")
    }

    /// How the names of files end in which this is written, the usual ending first.
    pub fn written_endings(&self, kind: ContentKind) -> Vec<&'static str> {
        self.writes(kind).flat_map(|info| info.all_endings().collect::<Vec<_>>()).collect()
    }

    /// How the name of a file usually ends that is written beside the one at `path`: as one of the same format, if that
    /// is written, else as one of the first that is.
    pub fn ending_beside(&self, path: &Path, kind: ContentKind) -> &'static str {
        let name = path.file_name().unwrap_or_default();
        let own = self.reads().filter_map(|info| {
            let mut endings = info.all_endings();
            endings.any(|ending| without_ending(name, ending).is_some()).then_some(info.name)
        });
        let own: Vec<&str> = own.collect();
        let same = self.writes(kind).find(|info| own.contains(&info.name));
        let any = same.or_else(|| self.writes(kind).next());
        any.and_then(|info| info.endings.first().copied()).unwrap_or_default()
    }

    /// How the name of a file of a format usually ends; `None` if it is not written.
    pub fn ending_of(&self, format: &str, kind: ContentKind) -> Option<&'static str> {
        let mut own = self.writes(kind).filter(|info| info.name == format);
        own.next().and_then(|info| info.endings.first().copied())
    }

    /// Whether a file of this name says of which images its labels are, so that only labels of such can be saved there.
    pub fn names_images(&self, path: &Path) -> bool {
        let writer = self.writer_of(path, ContentKind::Labels);
        writer.is_ok_and(|(writer, _)| writer.names_images())
    }

    /// Whether the patient was taken out of the file at `path`, or that can't be known, and the file that is written
    /// for a scan as `out`, in its place or from it, would say who it is. Reads both headers.
    pub fn would_name_patient(&self, path: &Path, out: &Path, of_scan: &Provenance) -> bool {
        let writer = self.writer_of(out, ContentKind::Labels);
        writer.is_ok_and(|(writer, _)| writer.would_name_patient(path, of_scan))
    }

    /// Whether a file of this name has each label whole where several share voxels; one of another name has only what is
    /// on top.
    pub fn keeps_overlaps(&self, path: &Path) -> bool {
        let writer = self.writer_of(path, ContentKind::Labels);
        writer.is_ok_and(|(writer, _)| writer.keeps_overlaps())
    }

    /// How the names of files end that have each label whole where several share voxels, the usual one of each format.
    pub fn endings_with_overlaps(&self) -> Vec<&'static str> {
        let able = self.writers.iter().filter(|w| w.can(ContentKind::Labels) && w.keeps_overlaps());
        able.filter_map(|writer| writer.info().endings.first().copied()).collect()
    }

    /// What the format is called that a file of this name is written in, if it is written.
    pub fn written_format(&self, path: &Path) -> Option<&'static str> {
        let writer = self.writer_of(path, ContentKind::Labels);
        writer.ok().map(|(writer, _)| writer.info().name)
    }

    /// The names and colours that a file has for labels.
    pub fn label_names(&self, source: &Source) -> Vec<LabelName> {
        self.reader_of(source).map(|reader| reader.label_names(source, 0)).unwrap_or_default()
    }

    /// Whether a file's name ends as those of a format that is read usually do. (Of a header and its voxels in two
    /// files, neither does.)
    pub fn is_named_usually(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        let mut endings = self.reads().flat_map(|info| info.endings);
        endings.any(|ending| without_ending(name, ending).is_some())
    }

    /// Whether a file's name ends as those of any format that is read, also as one of two files that are read together.
    pub fn is_named_as_readable(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        let mut endings = self.reads().flat_map(|info| info.all_endings().collect::<Vec<_>>());
        endings.any(|ending| without_ending(name, ending).is_some())
    }

    /// A file's name without the ending of its format, in either case of letters; `None` if it has none, or nothing
    /// before it.
    pub fn stem<'p>(&self, path: &'p Path) -> Option<&'p OsStr> {
        let name = path.file_name()?;
        let infos = self.reads().chain(self.writers.iter().map(|writer| writer.info()));
        let stems = infos.flat_map(|info| info.all_endings().collect::<Vec<_>>());
        // The longest ending that it has.
        stems.filter_map(|ending| without_ending(name, ending)).min_by_key(|stem| stem.len())
    }

    /// Who writes a file of this name, and which ending that has.
    ///
    /// # Errors
    /// [`IoError::Name`] if nobody does.
    pub(super) fn writer_of(
        &self,
        path: &Path,
        kind: ContentKind,
    ) -> Result<(&dyn Writer, &'static str), IoError> {
        let name = path.file_name().unwrap_or_default();
        let able = self.writers.iter().filter(|writer| writer.can(kind));
        let found = able.flat_map(|writer| {
            let endings: Vec<_> = writer.info().all_endings().collect();
            endings.into_iter().map(move |ending| (writer.as_ref(), ending))
        });
        found
            .filter(|(_, ending)| without_ending(name, ending).is_some())
            .max_by_key(|(_, ending)| ending.len())
            .ok_or_else(|| {
                let endings = self.written_endings(kind).join(", ");
                IoError::Name { endings, path: path.to_path_buf() }
            })
    }

    /// Whether there is a file at `path` that was not written by Voxpoint, as far as its beginning says. An empty file
    /// is nobody's work.
    pub fn is_foreign(&self, path: &Path) -> bool {
        if !std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() > 0) {
            return false;
        }
        let ours = |bytes: Vec<u8>| self.writers.iter().any(|writer| writer.wrote(&bytes));
        !beginning(path).is_ok_and(ours)
    }

    /// The formats as the table of the README.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| Format | Opens | Saves |\n| --- | --- | --- |\n");
        let mut names: Vec<&str> = self.reads().map(|info| info.name).collect();
        names.extend(self.writers.iter().map(|writer| writer.info().name));
        let quoted = |endings: Vec<&str>| {
            endings.iter().map(|e| format!("`{e}`")).collect::<Vec<_>>().join(", ")
        };
        let mut told: Vec<&str> = Vec::new();
        for name in names {
            if told.contains(&name) {
                continue;
            }
            told.push(name);
            let opens = self
                .reads()
                .filter(|i| i.name == name)
                .flat_map(|i| i.all_endings().collect::<Vec<_>>());
            let saves = self.writers.iter().map(|w| w.info()).filter(|i| i.name == name);
            let saves = saves.flat_map(|i| i.all_endings().collect::<Vec<_>>());
            let (opens, saves) = (quoted(opens.collect()), quoted(saves.collect()));
            // Writing to a string does not fail.
            let _ = writeln!(text, "| {name} | {opens} | {saves} |");
        }
        text
    }
}

/// The first bytes of a file, unpacked.
pub(super) fn beginning(path: &Path) -> Result<Vec<u8>, IoError> {
    let mut stream = Stream::open(path, &Progress::new())?;
    let mut bytes = vec![0; BEGINNING];
    let n = read_full(&mut stream, &mut bytes).map_err(|e| IoError::reading(e, path))?;
    bytes.truncate(n);
    Ok(bytes)
}

/// A name without an ending (`.nii.gz`), in either case of letters; `None` if it has another, or nothing before it.
fn without_ending<'n>(name: &'n OsStr, ending: &str) -> Option<&'n OsStr> {
    let mut rest = Path::new(name);
    for part in ending.rsplit('.').filter(|part| !part.is_empty()) {
        rest.extension().filter(|found| found.eq_ignore_ascii_case(part))?;
        rest = Path::new(rest.file_stem()?);
    }
    Some(rest.as_os_str())
}

/// The file beside `path` whose name is its stem with another ending.
pub(super) fn renamed(path: &Path, stem: &OsStr, ending: &str) -> PathBuf {
    let mut name = stem.to_os_string();
    name.push(ending);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_those_of_a_format_in_either_case() {
        for (name, ending, stem) in [
            ("scan.nii.gz", ".nii.gz", Some("scan")),
            ("Scan.v2.NII.GZ", ".nii.gz", Some("Scan.v2")),
            ("scan.nii", ".nii.gz", None),
            ("scan.nii.gz", ".nii", None),
            (".nii", ".nii", None),
            (".nii.gz", ".nii.gz", None),
            ("scan.gz", ".nii.gz", None),
            ("scan", ".nii", None),
            ("肝.nii", ".nii", Some("肝")),
        ] {
            let found = without_ending(OsStr::new(name), ending);
            assert_eq!(found, stem.map(OsStr::new), "{name}, {ending}");
        }
    }
}
