//! The scan of a session from the session itself, where its file is not what it was.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::copies::CopyMark;
use super::found::Finder;
use crate::app::files::{Failed, Loaded};
use crate::session::{self, Contents, SessionSource};
use crate::volume::Histogram;

/// The scan that is in a session, or in the one that this is a copy of; `None`: it is in neither. The inner error says
/// why it can't be had.
///
/// # Errors
/// If it was cancelled.
pub fn scan_inside(
    (path, contents): (&Path, &Contents),
    copy_of: Option<&CopyMark>,
    finder: &Finder<'_>,
) -> Result<Option<Result<Loaded, String>>, Failed> {
    let other = if contents.scan.is_none() { original(contents, copy_of) } else { None };
    let (place, holds) = other.as_ref().map_or((path, contents), |(path, it)| (&**path, it));
    let Some(about) = &holds.scan else { return Ok(None) };
    let source = &holds.snapshot.around.source;
    let mut formats = finder.formats.reads().map(|info| info.name);
    let format = formats.find(|name| *name == source.format).unwrap_or_default();
    let (cancel, progress) = (finder.cancel, finder.progress);
    let volume = match session::read_scan(place, (source, about), format, cancel, progress) {
        Ok(Some(volume)) => volume,
        Ok(None) => return Err(Failed::Cancelled),
        Err(why) => return Ok(Some(Err(why.to_string()))),
    };
    let stats = volume.stats();
    cancel.check().map_err(|_| Failed::Cancelled)?;
    let histogram = Histogram::of(&volume, &stats, 256);
    cancel.check().map_err(|_| Failed::Cancelled)?;
    let path = place_beside(source, place);
    Ok(Some(Ok(Loaded { volume: Arc::new(volume), path, stats, histogram, only_labels: false })))
}

/// The session that another is a copy of, if it is about the same scan. What this program itself has open is not looked
/// into: to close it would give up the locks on it.
fn original(contents: &Contents, copy_of: Option<&CopyMark>) -> Option<(PathBuf, Contents)> {
    let path = copy_of?.path();
    if session::holder_of(&path).is_some_and(|holder| holder.is_this_program()) {
        return None;
    }
    let found = session::read(&path).ok()?;
    let [own, other] = [contents, &found].map(|it| &it.snapshot.around.source);
    let same = own.grid == other.grid
        && own.identifiers == other.identifiers
        && own.file.sha256 == other.file.sha256;
    same.then_some((path, found))
}

/// Where the scan's file would be: where it was, if that is a place on this machine, else beside the session.
fn place_beside(source: &SessionSource, session: &Path) -> PathBuf {
    let absolute = &source.file.absolute;
    match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(name)) if !folder.is_dir() => session.with_file_name(name),
        _ => absolute.clone(),
    }
}
