//! Whether a session is the one of a case: a table may name for a scan, or for one of several scans of a place, the session
//! of another. Told by where the scan lies and by the series that stands in both.

use std::path::{Path, PathBuf};

use super::found::Finder;
use crate::app::files::{Failed, Which};
use crate::cases::is_session_of;
use crate::io::Source;
use crate::session::Contents;

/// The scan that a list of cases names.
pub struct CaseScan {
    /// Where it lies, perhaps with others.
    pub scan: PathBuf,
    /// Which of those it is.
    pub which: Which,
}

/// What a list of cases says, and the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherScan {
    /// The scan of the case, for people.
    pub wanted: String,
    /// The session's.
    pub own: String,
}

impl CaseScan {
    /// What speaks against it that this is its session, if anything. What can't be read says nothing: that is told when
    /// the scan is looked for.
    ///
    /// # Errors
    /// If it was cancelled.
    pub fn other_than(
        &self,
        (session, contents): (&Path, &Contents),
        finder: &Finder<'_>,
    ) -> Result<Option<OtherScan>, Failed> {
        let source = &contents.snapshot.around.source;
        if !is_session_of(&source.file, session, &self.scan) {
            let wanted = self.scan.display().to_string();
            return Ok(Some(OtherScan { wanted, own: source.file.absolute.display().to_string() }));
        }
        let Some(own) = source.provenance().series() else { return Ok(None) };
        let wanted = match self.which.of_place() {
            Which::Series(key) if *key == own => return Ok(None),
            Which::Series(key) => key.clone(),
            Which::Row(list, row) => list.rows()[*row].key.clone(),
            _ => return Ok(None),
        };
        let list = finder.formats.list(&Source::at(&self.scan), finder.cancel, finder.progress);
        finder.cancel.check().map_err(|_| Failed::Cancelled)?;
        let Ok(Some(list)) = list else { return Ok(None) };
        let rows = list.rows();
        let meant = list.find(&wanted).ok().map(|row| &rows[row]);
        if meant.is_some_and(|row| row.key == own) {
            return Ok(None);
        }
        let titled = |key: &str| {
            let row = rows.iter().find(|row| row.key == key);
            row.map_or_else(|| key.to_owned(), |row| format!("{} ({key})", row.title()))
        };
        let wanted = meant.map_or(wanted, |row| titled(&row.key));
        Ok(Some(OtherScan { wanted, own: titled(&own) }))
    }
}
