use std::io::BufReader;

use super::super::error::IoError;
use super::super::format::{Beginning, FormatInfo, Reader, Slice, Sniff, Source};
use super::super::limits::Limits;
use super::super::open_options::OpenOptions;
use super::super::stream::Stream;
use super::NAME;
use super::fields::Fields;
use super::header::open;
use super::segments::names;
use crate::volume::{LabelName, Volume};
use crate::work::{CancelToken, Progress};

/// Reads NRRD.
pub(super) struct NrrdReader;

impl Reader for NrrdReader {
    fn info(&self) -> FormatInfo {
        FormatInfo { name: NAME, endings: &[".nrrd", ".nhdr"], other_endings: &[".seg.nrrd"] }
    }

    fn sniff(&self, seen: &Beginning) -> Sniff {
        match seen.bytes {
            [b'N', b'R', b'R', b'D', b'0', b'0', b'0', b'1'..=b'5', b'\n' | b'\r', ..] => {
                Sniff::Yes
            }
            [b'N', b'R', b'R', b'D', b'0', ..] => {
                Sniff::Unreadable("an NRRD file of a version that is not known")
            }
            _ => Sniff::No,
        }
    }

    fn open(
        &self,
        source: &Source,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Volume, IoError> {
        cancel.check()?;
        open(source.one_file()?, progress)?.volume(&source.name(), *limits, cancel)
    }

    fn label_names(&self, source: &Source, time_point: usize) -> Vec<LabelName> {
        let keys = source.one_file().and_then(|path| {
            let mut stream = BufReader::new(Stream::open(path, &Progress::new())?);
            Ok(Fields::read(&mut stream, path)?.segments)
        });
        names(&keys.unwrap_or_default(), time_point)
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
