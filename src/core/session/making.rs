//! Makes a session file that was not there, whole or not at all.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::database::{beside, connect};
use super::holder::Holder;
use super::lock::{UNFINISHED, unfinished_prefix};
use super::past::Past;
use super::scan_inside::{self, Pieces};
use super::system_lock::Guard;
use super::write::{self, Written};
use super::{SessionError, Snapshot, schema};

/// Makes a session file that was not there: whole, under another name, and only then under its own. `before`: the steps
/// of this sitting that are known to have been done earlier, and the scan's voxels. `guard`: of its folder's drive.
pub(super) fn build(
    path: &Path,
    snapshot: &Snapshot,
    past: &Past,
    before: (&Written, Pieces<'_>),
    guard: Guard,
) -> Result<(Written, Identity), SessionError> {
    let failed = |e| SessionError::io("the session can't be written", path, e);
    set_aside(path).map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut builder = tempfile::Builder::new();
    let prefix = unfinished_prefix(&Holder::me());
    builder.prefix(&prefix).suffix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any file of the user's; the system takes away what the user does not want to give.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(folder).map_err(failed)?.into_temp_path();
    let written = connect(&temporary, OpenFlags::SQLITE_OPEN_READ_WRITE, guard)
        .and_then(|connection| fill(connection, path, snapshot, past, before))
        .map_err(|e| SessionError::database("written", path, e))?;
    // It is the same file under its own name.
    let identity = Identity::of(&temporary).map_err(failed)?;
    temporary.persist_noclobber(path).map_err(|e| match e.error.kind() {
        std::io::ErrorKind::AlreadyExists => SessionError::Exists(path.to_path_buf()),
        _ => failed(e.error),
    })?;
    // So that a power cut does not take its name away. Some network shares can't; the file is there all the same.
    #[cfg(unix)]
    if let Err(e) = std::fs::File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::warn!("the folder of a session can't be synced: {e}: {}", folder.display());
    }
    Ok((written, identity))
}

/// Moves what an earlier session of this name has left beside it out of the way: SQLite would take it for the new
/// one's, and play it back into that.
fn set_aside(path: &Path) -> std::io::Result<()> {
    for ending in ["-journal", "-wal", "-shm"] {
        let left = beside(path, ending);
        if left.symlink_metadata().is_err() {
            continue;
        }
        let mut names = (1u32..).map(|n| beside(&left, &format!(".old-{n}")));
        if let Some(free) = names.find(|name| name.symlink_metadata().is_err()) {
            std::fs::rename(&left, free)?;
        }
    }
    Ok(())
}

fn fill(
    mut connection: Connection,
    path: &Path,
    snapshot: &Snapshot,
    past: &Past,
    (before, pieces): (&Written, Pieces<'_>),
) -> rusqlite::Result<Written> {
    // Nobody needs to take this back; it is synced all the same.
    connection.execute_batch("PRAGMA journal_mode = MEMORY;")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    schema::create(&transaction)?;
    write::write_past(&transaction, past)?;
    let nothing = Written { step_times: before.step_times.clone(), ..Written::nothing() };
    let written = write::write(&transaction, path, &nothing, snapshot)?.unwrap_or(nothing);
    scan_inside::write(&transaction, pieces)?;
    transaction.commit()?;
    connection.close().map_err(|(_, e)| e)?;
    Ok(written)
}

/// Tells a file from another that has its name later: while it is open its number is not given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        let found = std::fs::metadata(path)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Ok(Self(found.dev(), found.ino()))
        }
        #[cfg(not(unix))]
        {
            let _ = found;
            Ok(Self(0, 0))
        }
    }
}
