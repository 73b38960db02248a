//! The `.voxpoint` file: all work on a scan, and its voxels if that was asked for, such that nothing is ever lost. The
//! only place with SQLite.
//!
//! - [`Snapshot`]: a document and what belongs to it as plain values; taking one is cheap, and it becomes a document
//!   again.
//! - [`SessionFile`]: the file, for one worker thread: `create`, `open`, `write`. A write brings what has changed, in
//!   one transaction: a crash or a power cut leaves the state before it or after it.
//! - [`Reserved`]: a place for a session, before there is one.
//! - [`read()`]: only looks. What is damaged is told ([`Damage`]) and what is whole is given back.
//! - [`summary()`], [`card()`]: what a list of sessions shows of each.
//! - [`ScanPart`], [`ScanInside`], [`read_scan()`]: the scan's voxels, in a session that goes where the scan is not.
//! - [`Holder`], [`holder_of`]: who has a session, if it is open elsewhere; [`TakeOverWatch`]: until that one has stopped.
//! - [`CaseState`], [`Exported`]: how far the work on the scan is, and what of it was exported.
//! - [`FileRef`], [`struct@Hash`]: where a session's scan is, and whether it is still the same.
//!
//! `docs/session-format.md` says what stands where, for readers in other languages.

mod by_place;
mod case;
mod contents;
mod database;
mod error;
mod file;
mod fingerprint;
mod hash;
mod holder;
mod lock;
mod making;
mod measurement_rows;
mod past;
mod region_code;
mod rows;
mod scan_inside;
mod schema;
mod snapshot;
mod source_rows;
mod stillness;
mod summary;
mod sums;
mod system_lock;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;

pub use case::{CaseState, Exported, labels_check_sum};
pub use contents::{Contents, LastWrite};
pub use error::{Damage, SessionError};
pub use file::{Opened, ReadOnly, Reserved, SessionFile, WriteOutcome, read};
pub use fingerprint::{FileRef, Sameness, written_ms};
pub use hash::{Hash, bytes_of};
pub use holder::Holder;
pub use lock::{clear_unfinished, holder_of};
pub use past::{DatedStep, Past, Sitting};
pub use scan_inside::{ScanInside, ScanPart, estimated_bytes, read_scan};
pub use snapshot::{OtherGrid, Overlay, RecordedStep, SessionSource, Snapshot, Surroundings};
pub use stillness::TakeOverWatch;
pub use summary::{SessionCard, SessionSummary, card, summary};

/// What the names of session files end in.
pub const ENDING: &str = ".voxpoint";

/// Whether a path names a session by its ending.
pub fn is_named_as_session(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    name.is_some_and(|name| name.ends_with(ENDING) && name.len() > ENDING.len())
}

/// Milliseconds since 1970, UTC.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
