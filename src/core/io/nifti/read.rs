use super::super::error::IoError;
use super::super::format::{Beginning, FormatInfo, Reader, Slice, Sniff, Source};
use super::super::limits::Limits;
use super::super::open_options::OpenOptions;
use super::super::registry::beginning;
use super::file::{NiftiFile, header_beside};
use super::sniff::{FileKind, NAME, content};
use crate::volume::Volume;
use crate::work::{CancelToken, Progress};

/// Reads NIfTI.
pub(super) struct NiftiReader;

impl Reader for NiftiReader {
    fn info(&self) -> FormatInfo {
        FormatInfo {
            name: NAME,
            endings: &[".nii", ".nii.gz"],
            other_endings: &[".nii.bz2", ".nii.zst", ".hdr", ".hdr.gz", ".img", ".img.gz"],
        }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        let Source::File(path) = seen.source else { return Sniff::No };
        let found = judged(seen.bytes);
        if found == Sniff::Yes {
            return found;
        }
        // The voxels of a pair were chosen instead of their header.
        match header_beside(path).map(|header| beginning(&header)) {
            None => found,
            Some(Ok(bytes)) => judged(&bytes),
            // What is wrong with it is said when it is opened.
            Some(Err(_)) => Sniff::Yes,
        }
    }

    fn open_as(
        &self,
        source: &Source,
        options: &OpenOptions,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        let file = NiftiFile::open(source.one_file()?, progress)?;
        file.part(&source.name(), &options.part, *limits, cancel)
    }

    fn for_each_slice(
        &self,
        source: &Source,
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        NiftiFile::open(source.one_file()?, &Progress::new())?.for_each_slice(cancel, each)
    }
}

fn judged(beginning: &[u8]) -> Sniff {
    match content(beginning) {
        FileKind::Nifti1(_) | FileKind::Nifti2(_) => Sniff::Yes,
        FileKind::Unreadable(what) => Sniff::Unreadable(what),
        FileKind::Other => Sniff::No,
    }
}
