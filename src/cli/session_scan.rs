//! The scan of a session.

use std::path::Path;

use anyhow::Context as _;

use super::{files, say};
use crate::session::{self, Contents, Sameness};
use crate::volume::Volume;
use crate::work::{CancelToken, Progress};

/// The scan: what `reference` names, else its file if that is unchanged, else what is in the session. `None` if it is not
/// to be had.
///
/// # Errors
/// If what `reference` names, or what is in the session, can't be read.
pub fn scan_of(
    session: &Path,
    contents: &Contents,
    reference: Option<&Path>,
) -> anyhow::Result<Option<Volume>> {
    let source = &contents.snapshot.around.source;
    let said = source.provenance();
    let open = |path: &Path| files::open_again(path, &said);
    if let Some(reference) = reference {
        let volume = open(reference)?;
        let same = source.file.is_same(reference, volume.files(), &CancelToken::new())?;
        if let Some(Sameness::Other) = same {
            // (It may be the DICOM images that a converted scan is of.)
            say(&format!(
                "warning: this is not the file that the session was made of, and what is measured or drawn is from it: {}",
                reference.display()
            ));
        }
        return Ok(Some(volume));
    }
    for path in source.file.candidates(session) {
        if !path.exists() {
            continue;
        }
        let volume = match open(&path) {
            Ok(volume) => volume,
            Err(why) => {
                say(&format!("warning: the scan can't be read: {why}"));
                continue;
            }
        };
        let same = source.file.is_same(&path, volume.files(), &CancelToken::new());
        match same {
            Ok(Some(Sameness::Same | Sameness::SameByPlace)) => return Ok(Some(volume)),
            Ok(Some(Sameness::Unknown)) if contents.scan.is_none() => {
                say(&format!(
                    "warning: whether this is still the scan of the session is not known: {}",
                    path.display()
                ));
                return Ok(Some(volume));
            }
            _ => {}
        }
    }
    let Some(about) = &contents.scan else { return Ok(None) };
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let read = session::read_scan(session, (source, about), "", &cancel, &progress)?;
    read.context("reading the scan was stopped").map(Some)
}
