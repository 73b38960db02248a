use super::super::error::IoError;
use super::super::format::{Beginning, FormatInfo, Reader, Slice, Sniff, Source};
use super::super::limits::Limits;
use super::super::open_options::OpenOptions;
use super::NAME;
use super::header::{is_mgh, open};
use crate::volume::Volume;
use crate::work::{CancelToken, Progress};

/// Reads MGH and MGZ.
pub(super) struct MghReader;

impl Reader for MghReader {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".mgz", ".mgh"], other_endings: &[".mgh.gz"] }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        if is_mgh(seen.bytes) { Sniff::Yes } else { Sniff::No }
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
        open(source.one_file()?, progress)?.part(&source.name(), &options.part, *limits, cancel)
    }

    fn for_each_slice(
        &self,
        source: &Source,
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        open(source.one_file()?, &Progress::new())?.for_each_slice(cancel, each)
    }
}
