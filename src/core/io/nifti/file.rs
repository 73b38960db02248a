use std::io::{Chain, Cursor, Read};
use std::path::{Path, PathBuf};

use super::super::error::IoError;
use super::super::format::{BEGINNING, Slice};
use super::super::limits::Limits;
use super::super::pending::{Pending, check_claim, skip};
use super::super::stream::{Stream, read_full};
use super::super::volume_part::VolumePart;
use super::super::voxels::Endian;
use super::header::Header;
use super::place::place;
use super::placement::placement;
use super::raw::{Raw, header_bytes};
use super::sniff::{FileKind, NAME, content};
use crate::geom::Grid;
use crate::volume::{Placement, Provenance, Volume, Warning};
use crate::work::{CancelToken, Progress};

type Bytes = Chain<Cursor<Vec<u8>>, Stream>;

/// A NIfTI file whose header was read and checked, its voxels still to come.
pub(super) struct NiftiFile {
    header: Header,
    /// The file that was named, or the header of a pair whose voxels were.
    path: PathBuf,
    /// The file that holds the voxels.
    data: PathBuf,
    /// From the first byte of that file on.
    stream: Bytes,
    /// Where its voxels begin: [`Header::start`], once it is settled.
    first: u64,
    /// Where its voxels are, if its header does not say it.
    typed: Option<Typed>,
}

/// Where the voxels of a file lie whose header does not say it.
pub(super) struct Typed {
    pub(super) format: &'static str,
    pub(super) grid: Grid,
    pub(super) placement: Placement,
    /// See [`Provenance::identifiers`].
    pub(super) identifiers: Vec<(String, String)>,
    pub(super) warnings: Vec<Warning>,
}

impl NiftiFile {
    /// Reads and checks the header.
    pub(super) fn open(path: &Path, progress: &Progress) -> Result<Self, IoError> {
        let mut stream = Stream::open(path, progress)?;
        let mut head = vec![0; BEGINNING];
        let n = read_full(&mut stream, &mut head).map_err(|e| IoError::reading(e, path))?;
        head.truncate(n);
        let parsed = match content(&head) {
            FileKind::Nifti1(endian) => (Raw::version_1(&head, endian), endian),
            FileKind::Nifti2(endian) => (Raw::version_2(&head, endian), endian),
            FileKind::Unreadable(_) | FileKind::Other => {
                return match header_beside(path) {
                    Some(header) => Self::open(&header, progress),
                    None => Err(IoError::header("it is not that of a NIfTI file", path)),
                };
            }
        };
        let (Some(raw), endian) = parsed else {
            return Err(IoError::header("it ends early", path));
        };
        Self::begin(&raw, endian, (head, stream), path, progress)
    }

    /// Checks what a header says; `head` is what was read of its file, `stream` what follows.
    pub(super) fn begin(
        raw: &Raw,
        endian: Endian,
        (mut head, mut stream): (Vec<u8>, Stream),
        path: &Path,
        progress: &Progress,
    ) -> Result<Self, IoError> {
        let n = head.len();
        let (pair, warning) = is_pair(raw, n, path);
        let mut header = Header::check(raw, pair, endian, path)?;
        header.warnings.extend(warning);
        let mut data = path.to_path_buf();
        if pair {
            data = sibling(path, ".hdr", ".img")
                .ok_or_else(|| IoError::MissingImage(path.to_path_buf()))?;
            stream = Stream::open(&data, progress)?;
            head.clear();
        }
        let first = header.start.least();
        let stream = Cursor::new(head).chain(stream);
        let file = Self { header, path: path.to_path_buf(), data, stream, first, typed: None };
        file.check_claim()?;
        Ok(file)
    }

    /// What the header says of its voxels.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The same file, of which it was typed how it lies.
    pub(super) fn lying(self, typed: Typed) -> Self {
        Self { typed: Some(typed), ..self }
    }

    fn claimed(&self) -> u64 {
        self.header.count() as u64 * self.header.kind.size() as u64
    }

    /// Whether the file can hold what its header claims.
    fn check_claim(&self) -> Result<(), IoError> {
        let needed = self.first.saturating_add(self.claimed());
        let stream = &self.stream.get_ref().1;
        check_claim(needed, stream.most(), stream.file_len(), &self.data)
    }

    /// Finds out where the voxels begin, by the length of what is in the file if need be.
    fn settle(&mut self, cancel: &CancelToken) -> Result<(), IoError> {
        let Some(most) = self.header.start.length_wanted(self.claimed()) else { return Ok(()) };
        let stream = &self.stream.get_ref().1;
        let length = if stream.is_packed() {
            inflated_length(&self.data, most, cancel)?
        } else {
            stream.file_len()
        };
        let (first, warning) = self.header.start.settled(self.claimed(), length);
        self.first = first;
        self.header.warnings.extend(warning);
        self.check_claim()
    }

    /// Where the voxels are.
    fn grid(&self) -> Result<(Grid, Vec<Warning>), IoError> {
        place(&self.header.stored, self.header.dims())
            .map_err(|e| IoError::header(e.to_string(), &self.data))
    }

    /// A part of the scan, named `name`.
    pub(super) fn part(
        self,
        name: &str,
        part: &VolumePart,
        limits: Limits,
        cancel: &CancelToken,
    ) -> Result<Volume, IoError> {
        self.at_the_voxels(cancel)?.part(name, part, limits, cancel)
    }

    /// See [`Pending::for_each_slice`].
    pub(super) fn for_each_slice(
        self,
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        self.at_the_voxels(cancel)?.for_each_slice(cancel, each)
    }

    /// Goes to the first voxel.
    fn at_the_voxels(mut self, cancel: &CancelToken) -> Result<Pending<Bytes>, IoError> {
        let typed = if let Some(typed) = self.typed.take() {
            typed
        } else {
            let (grid, warnings) = self.grid()?;
            let placement = placement(&self.header.stored, &grid);
            Typed { format: NAME, grid, placement, identifiers: Vec::new(), warnings }
        };
        let Typed { format, grid, placement, identifiers, warnings: placing } = typed;
        self.settle(cancel)?;
        skip(&mut self.stream, self.first, &self.data, cancel)?;
        let Header { file_dims, kind, scale, stored, mut warnings, endian, .. } = self.header;
        warnings.extend(placing);
        // Its texts (`descrip`, `db_name`, `aux_file`) may name a patient: none of them is kept.
        let geometry = Some(stored).filter(|_| format == NAME);
        let provenance =
            Provenance { format, geometry, placement, identifiers, ..Provenance::default() };
        let (content, data) = (self.stream, self.data);
        let files = std::iter::once(self.path).chain([data.clone()]);
        let files: std::collections::BTreeSet<PathBuf> = files.collect();
        let (layout, tail) = (None, None);
        Ok(Pending {
            grid,
            file_dims,
            kind,
            endian,
            scale,
            layout,
            provenance,
            warnings,
            content,
            data,
            files: files.into_iter().collect(),
            tail,
        })
    }
}

/// Bytes of the content of a compressed file, counted up to `most`.
fn inflated_length(path: &Path, most: u64, cancel: &CancelToken) -> Result<u64, IoError> {
    let mut stream = Stream::open(path, &Progress::new())?;
    let (mut length, mut scratch) = (0, vec![0; 64 << 10]);
    while length < most {
        cancel.check()?;
        let n = read_full(&mut stream, &mut scratch).map_err(|e| IoError::reading(e, path))?;
        if n == 0 {
            break;
        }
        length += n as u64;
    }
    Ok(length)
}

/// Whether the voxels are in a second file. The mark says it; where that can't be, the names say it, as in
/// nibabel and ITK. `begun`: bytes read from the beginning of the file, at most [`BEGINNING`].
fn is_pair(raw: &Raw, begun: usize, path: &Path) -> (bool, Option<Warning>) {
    let names_header = stem_of(path, ".hdr").is_some();
    let goes_on = begun > header_bytes(raw.version) + 4;
    if raw.pair && !names_header && goes_on {
        let text =
            "the header says that the voxels are in a second file; those of this file are used";
        return (false, Some(Warning(text.into())));
    }
    if !raw.pair && names_header && !goes_on && sibling(path, ".hdr", ".img").is_some() {
        let text =
            "the header says that the voxels are in its own file; those of the .img file are used";
        return (true, Some(Warning(text.into())));
    }
    (raw.pair, None)
}

/// The header of a pair, beside the file of its voxels.
pub(super) fn header_beside(voxels: &Path) -> Option<PathBuf> {
    sibling(voxels, ".img", ".hdr")
}

/// The other half of a pair that is there: `scan.hdr` for `scan.img`, compressed or not.
pub(super) fn sibling(path: &Path, from: &str, to: &str) -> Option<PathBuf> {
    let stem = stem_of(path, from)?;
    let upper = to.to_ascii_uppercase();
    [to.to_owned(), format!("{to}.gz"), upper.clone(), format!("{upper}.GZ")]
        .iter()
        .map(|suffix| path.with_file_name(format!("{stem}{suffix}")))
        .find(|p| p.is_file())
}

/// A file's name without `ending`, compressed or not, in either case of letters.
pub(super) fn stem_of<'p>(path: &'p Path, ending: &str) -> Option<&'p str> {
    let name = path.file_name()?.to_str()?;
    let lower = name.to_ascii_lowercase();
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
    // An ASCII ending: its length is the same in both cases.
    Some(&name[..plain.strip_suffix(ending)?.len()])
}
