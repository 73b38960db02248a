//! A written image that is not in its place yet: one file, or a header and its voxels in two.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::atomic::{Staged, folder_of, stage_bytes, writable_target};
use super::error::IoError;
use super::format::{Content, ContentKind, EncodeError, PairWriter};
use super::on_disk;
use super::registry::{Registry, renamed};
use super::slices::slices;
use super::together::publish_together;
use super::verify::{Written, verify};
use crate::work::{CancelToken, Progress};

/// Whole, compared, and on the disk.
pub(super) struct StagedImage {
    /// The file that is named by the user.
    first: Staged,
    /// Its voxels, if they are in a second file.
    voxels: Option<(Staged, PathBuf)>,
}

impl From<Staged> for StagedImage {
    fn from(first: Staged) -> Self {
        Self { first, voxels: None }
    }
}

impl StagedImage {
    /// Bytes of it.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        let length = |staged: &Staged| Ok::<_, io::Error>(std::fs::metadata(staged.path())?.len());
        let voxels = self.voxels.as_ref().map_or(Ok(0), |(voxels, _)| length(voxels))?;
        Ok(length(&self.first)? + voxels)
    }

    /// The only file.
    ///
    /// # Errors
    /// If there are two.
    pub(super) fn only(self, path: &Path) -> Result<Staged, IoError> {
        if self.voxels.is_none() {
            return Ok(self.first);
        }
        let what = "a header and its voxels can't be one file".to_owned();
        Err(IoError::NoVolume { what, path: path.into() })
    }

    /// Puts it in its place. Of two files the voxels come first, after the old header is out of the way: there is never
    /// a header beside voxels of another.
    ///
    /// # Errors
    /// If the system refuses; what was there is there then, or the error says what is.
    pub(super) fn commit(self, path: &Path) -> Result<(), IoError> {
        match self.voxels {
            None => self.first.commit().map_err(|e| IoError::writing(e, path)),
            Some(voxels) => publish_together(vec![voxels, (self.first, path.to_owned())]),
        }
    }
}

impl Registry {
    /// Where the voxels go of an image that is saved as `path`, if not into that file itself.
    pub fn voxels_file(&self, path: &Path) -> Option<PathBuf> {
        let kinds = [ContentKind::Labels, ContentKind::Scan];
        let (writer, ending) = kinds.into_iter().find_map(|k| self.writer_of(path, k).ok())?;
        Some(renamed(path, self.stem(path)?, writer.pair(ending)?.voxels_ending()))
    }

    /// The file with voxels that would be replaced with a header that is not there: it belongs to something else.
    pub fn voxels_without_header(&self, path: &Path) -> Option<PathBuf> {
        let voxels = self.voxels_file(path).filter(|_| !path.exists());
        voxels.filter(|file| std::fs::metadata(file).is_ok_and(|about| about.len() > 0))
    }

    /// Writes, syncs and compares an image that is not in its place yet: the one way from a writer to a file.
    pub(super) fn stage(
        &self,
        path: &Path,
        content: &Content,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<StagedImage, IoError> {
        let (writer, ending) = self.writer_of(path, content.kind())?;
        progress.set_total(2 * slices(content) as u64);
        progress.set_done(0);
        if let Some(pair) = writer.pair(ending) {
            let format = writer.info().name;
            return self.stage_pair((pair, format), path, content, cancel, progress);
        }
        let staged = streamed(path, |out| writer.encode(content, ending, out, cancel, progress))?;
        let (format, written) = (writer.info().name, Written::Whole(staged.path()));
        verify(self, written, format, content, path, cancel, progress)?;
        Ok(staged.into())
    }

    fn stage_pair(
        &self,
        (pair, format): (&dyn PairWriter, &str),
        path: &Path,
        content: &Content,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<StagedImage, IoError> {
        let target = writable_target(path).map_err(|e| IoError::writing(e, path))?;
        let place = |path: &Path| folder_of(path).canonicalize().ok();
        if place(&target) != place(path) {
            let why = "its name is a link into another folder, and it is two files";
            return Err(IoError::writing(io::Error::new(io::ErrorKind::InvalidInput, why), path));
        }
        let name = || IoError::Name { endings: String::new(), path: path.into() };
        let stem = self.stem(path).ok_or_else(name)?;
        let voxels_path = renamed(path, stem, pair.voxels_ending());
        let voxels_name = voxels_path.file_name().and_then(|n| n.to_str()).ok_or_else(|| {
            let why = "of two files, one names the other: this name has letters that are none";
            IoError::writing(io::Error::new(io::ErrorKind::InvalidInput, why), path)
        })?;
        let voxels = streamed(&voxels_path, |out| pair.voxels(content, out, cancel, progress))?;
        let header = pair.header(content, voxels_name).map_err(|e| encoding(e, path))?;
        let first = stage_bytes(path, &header).map_err(|e| IoError::writing(e, path))?;
        let written = Written::Pair(pair, first.path(), (voxels.path(), voxels_name));
        verify(self, written, format, content, path, cancel, progress)?;
        Ok(StagedImage { first, voxels: Some((voxels, voxels_path)) })
    }
}

/// A file as somebody writes it, on the disk.
fn streamed(
    path: &Path,
    write: impl FnOnce(&mut dyn io::Write) -> Result<(), EncodeError>,
) -> Result<Staged, IoError> {
    let writing = |e| IoError::writing(e, path);
    let mut staged = Staged::create(path).map_err(writing)?;
    let mut out = BufWriter::with_capacity(256 << 10, staged.file());
    write(&mut out).map_err(|e| encoding(e, path))?;
    out.flush().map_err(writing)?;
    drop(out);
    on_disk::sync(staged.file()).map_err(writing)?;
    Ok(staged)
}

fn encoding(error: EncodeError, path: &Path) -> IoError {
    match error {
        EncodeError::Cancelled => IoError::Cancelled,
        EncodeError::Output(e) => IoError::writing(e, path),
        EncodeError::Impossible(what) => IoError::CanNotHold { what, path: path.into() },
        EncodeError::NoImages(what) => IoError::NoImages { what, path: path.into() },
    }
}
