//! Where the bytes of a DICOM file are: in a file of their own, or in a ZIP archive, which is unpacked in memory and as
//! far as is needed, never to a path.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::super::error::IoError;
use super::super::stream::read_full;
use super::buffered::Buffered;
use super::opened::{Opened, open, open_dicom, opened};
use super::structure::is_dicom;
use crate::work::CancelToken;

/// An archive with more members is none of scans.
const MOST_MEMBERS: usize = 500_000;
/// Deflate makes nothing smaller than by this (its longest match in two bits); what claims more is no archive.
const MOST_RATIO: u64 = 1040;
/// So many members are looked at to tell whether an archive is of DICOM.
const LOOKED_AT: usize = 64;

/// A DICOM file, wherever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Of the file; of a member the archive's with the member's name, for people.
    pub path: PathBuf,
    /// Where in an archive it is.
    pub member: Option<Member>,
}

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub archive: PathBuf,
    /// Where its packed bytes begin.
    begin: u64,
    packed: u64,
    /// Bytes of it, as the archive claims and as is never exceeded.
    pub length: u64,
    deflated: bool,
    check_sum: u32,
}

impl From<PathBuf> for Origin {
    fn from(path: PathBuf) -> Self {
        Self { path, member: None }
    }
}

impl Origin {
    /// Where a file that was read is: one of an archive is looked for in it by its name.
    pub fn again(
        path: &Path,
        archive: Option<&Path>,
        cancel: &CancelToken,
    ) -> Result<Self, IoError> {
        let Some(archive) = archive else { return Ok(path.to_owned().into()) };
        let found = members(archive, cancel)?.files.into_iter().find(|file| file.path == path);
        let gone = || IoError::reading(io::ErrorKind::NotFound.into(), path);
        found.ok_or_else(gone)
    }

    /// Opens it and looks where what is in it.
    pub fn open(&self) -> Result<Opened, IoError> {
        match &self.member {
            None => open(&self.path),
            Some(member) => {
                let bytes = member.bytes().map_err(|e| IoError::reading(e, &self.path))?;
                opened(Buffered::new(bytes), &self.path)
            }
        }
    }

    /// Opens it if it begins as a DICOM file; `None` if it does not.
    pub fn open_dicom(&self) -> Result<Option<Opened>, IoError> {
        let Some(member) = &self.member else { return open_dicom(&self.path) };
        let reading = |e| IoError::reading(e, &self.path);
        let mut bytes = Buffered::new(member.bytes().map_err(reading)?);
        if !is_dicom(bytes.fill_buf().map_err(reading)?) {
            return Ok(None);
        }
        opened(bytes, &self.path).map(Some)
    }
}

impl Member {
    fn begins_as_dicom(&self) -> bool {
        let mut begin = [0; 256];
        let read = self.bytes().and_then(|mut bytes| read_full(&mut bytes, &mut begin));
        read.is_ok_and(|n| is_dicom(&begin[..n]))
    }

    fn bytes(&self) -> io::Result<Unpacking> {
        let mut file = File::open(&self.archive)?;
        file.seek(SeekFrom::Start(self.begin))?;
        let packed = BufReader::new(file).take(self.packed);
        let packed: Box<dyn Read> = if self.deflated {
            Box::new(flate2::bufread::DeflateDecoder::new(packed))
        } else {
            Box::new(packed)
        };
        let (length, expected) = (self.length, self.check_sum);
        let sum = flate2::Crc::new();
        Ok(Unpacking { packed, bytes: Vec::new(), at: 0, length, sum, expected })
    }
}

/// A member as a stream in which one can go back: what was unpacked is kept, what lies behind is not unpacked yet.
struct Unpacking {
    packed: Box<dyn Read>,
    bytes: Vec<u8>,
    at: u64,
    length: u64,
    sum: flate2::Crc,
    expected: u32,
}

impl Unpacking {
    /// Unpacks so far at least.
    fn reach(&mut self, end: u64) -> io::Result<()> {
        let end = end.min(self.length) as usize;
        let begin = self.bytes.len();
        if end <= begin {
            return Ok(());
        }
        // The archive's claims were checked, and a short one gives an error here: nothing is taken for them at once.
        let more = (end - begin).max(16 << 10).min(self.length as usize - begin);
        let n = self.packed.by_ref().take(more as u64).read_to_end(&mut self.bytes)?;
        self.sum.update(&self.bytes[begin..begin + n]);
        if n < more {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if self.bytes.len() as u64 == self.length && self.sum.sum() != self.expected {
            let what = "its check sum is wrong";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(())
    }
}

impl Read for Unpacking {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reach(self.at.saturating_add(out.len() as u64))?;
        let there = self.bytes.get(self.at as usize..).unwrap_or_default();
        let n = there.len().min(out.len());
        out[..n].copy_from_slice(&there[..n]);
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Unpacking {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// The files of an archive.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub files: Vec<Origin>,
    /// How many can't be read because they are encrypted.
    pub encrypted: usize,
    /// How many are packed by what is not read here, or claim what can't be.
    pub unreadable: usize,
}

/// Whether a file begins as a ZIP archive.
pub(super) fn is_archive(beginning: &[u8]) -> bool {
    beginning.starts_with(b"PK\x03\x04")
}

/// What is in an archive, by its directory: nothing is unpacked.
pub(super) fn members(archive: &Path, cancel: &CancelToken) -> Result<Members, IoError> {
    let fault = |what: String| IoError::Archive { what, path: archive.to_owned() };
    let told = |error: ZipError| match error {
        ZipError::Io(error) => IoError::reading(error, archive),
        other => fault(other.to_string()),
    };
    let file = File::open(archive).map_err(|e| IoError::reading(e, archive))?;
    let size = file.metadata().map_err(|e| IoError::reading(e, archive))?.len();
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(told)?;
    if zip.len() > MOST_MEMBERS {
        return Err(fault("it has more than 500 000 files".into()));
    }
    let mut found = Members::default();
    for n in 0..zip.len() {
        cancel.check()?;
        let Ok(entry) = zip.by_index_raw(n) else {
            found.unreadable += 1;
            continue;
        };
        if !entry.is_file() {
            continue;
        }
        if entry.encrypted() {
            found.encrypted += 1;
            continue;
        }
        let (packed, length) = (entry.compressed_size(), entry.size());
        let deflated = match entry.compression() {
            CompressionMethod::Stored if packed == length => Some(false),
            CompressionMethod::Deflated if length / MOST_RATIO <= packed => Some(true),
            _ => None,
        };
        let begin =
            entry.data_start().filter(|at| at.checked_add(packed).is_some_and(|e| e <= size));
        let (Some(deflated), Some(begin)) = (deflated, begin) else {
            found.unreadable += 1;
            continue;
        };
        // Only for people: nothing is ever written to a place of this name.
        let name = entry.name().map_or_else(|_| n.to_string(), std::borrow::Cow::into_owned);
        let name = name.replace(char::is_control, "?");
        let check_sum = entry.crc32();
        let archive = archive.to_owned();
        let path = PathBuf::from(format!("{}: {name}", archive.display()));
        let member = Some(Member { archive, begin, packed, length, deflated, check_sum });
        found.files.push(Origin { path, member });
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Whether one of the first files of an archive is DICOM; `None` if all are encrypted.
pub(super) fn is_archive_of_dicom(archive: &Path) -> Option<bool> {
    let Ok(found) = members(archive, &CancelToken::new()) else { return Some(false) };
    if found.files.is_empty() && found.encrypted > 0 {
        return None;
    }
    if found.files.is_empty() && found.unreadable > 0 {
        // What it claims can't be, which is told when it is opened.
        return Some(true);
    }
    let mut members = found.files.iter().filter_map(|file| file.member.as_ref()).take(LOOKED_AT);
    Some(members.any(Member::begins_as_dicom))
}
