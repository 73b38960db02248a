use std::path::{Path, PathBuf};

use super::super::error::IoError;
use super::super::format::{Beginning, FormatInfo, Reader, Slice, Sniff, Source};
use super::super::limits::Limits;
use super::super::open_options::OpenOptions;
use super::super::registry::beginning;
use super::NAME;
use super::header::{field, open};
use crate::volume::Volume;
use crate::work::{CancelToken, Progress};

/// Reads `MetaImage`.
pub(super) struct MetaImageReader;

impl Reader for MetaImageReader {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".mha", ".mhd"], other_endings: &[".raw", ".zraw"] }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        let Source::File(path) = seen.source else { return Sniff::No };
        let found = judged(seen.bytes);
        if found == Sniff::No && header_beside(path).is_some() {
            return Sniff::Yes;
        }
        found
    }

    fn open_as(
        &self,
        source: &Source,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        cancel.check()?;
        let path = header_of(source.one_file()?);
        open(&path, progress)?.part(&source.name(), &options.part, *limits, cancel)
    }

    fn for_each_slice(
        &self,
        source: &Source,
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        open(&header_of(source.one_file()?), &Progress::new())?.for_each_slice(cancel, each)
    }
}

/// By its first lines: one of them is the number of axes, or says what it is.
fn judged(beginning: &[u8]) -> Sniff {
    let text = String::from_utf8_lossy(beginning);
    let mut objects = None;
    for (i, line) in text.lines().enumerate() {
        let Some((name, value)) = field(line) else { break };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_[] -".contains(c)) {
            break;
        }
        match (name.as_str(), value.to_lowercase().as_str()) {
            ("objecttype", "image") => return Sniff::Yes,
            ("objecttype", _) if i < 2 => objects = Some(()),
            ("ndims", n) if n.parse::<u8>().is_ok() && objects.is_none() => return Sniff::Yes,
            _ => {}
        }
    }
    match objects {
        Some(()) => Sniff::Unreadable("a file of MetaIO that holds no image"),
        None => Sniff::No,
    }
}

/// The header of voxels that were chosen instead of it.
fn header_beside(voxels: &Path) -> Option<PathBuf> {
    let ending = voxels.extension()?.to_ascii_lowercase();
    if ending != "raw" && ending != "zraw" {
        return None;
    }
    let headers = ["mhd", "MHD"].map(|ending| voxels.with_extension(ending));
    let is_header =
        |path: &PathBuf| beginning(path).is_ok_and(|bytes| judged(&bytes) == Sniff::Yes);
    headers.into_iter().find(is_header)
}

fn header_of(path: &Path) -> PathBuf {
    header_beside(path).unwrap_or_else(|| path.to_path_buf())
}
