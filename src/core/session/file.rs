//! A session file that is open: who may write it, and how it is written so that no moment of a crash or a power cut
//! leaves it damaged.
//!
//! The journal is SQLite's rollback journal: what is overwritten is first written beside it and synced, the file is
//! synced, and the journal is deleted and its folder synced (`synchronous = EXTRA`), which is the moment from which on
//! the new state counts. Between writes there is one file, which can be copied as it is; a write-ahead log would be
//! faster, but it is a second file that belongs to the first, and it does not work on network shares.
//!
//! On a drive that knows no locks SQLite is told to take none ([`Guard::OurLock`]). That is safe for the writer, of whom
//! there is one: a session is written by nobody who has not got its [`Lock`], and who has lost it finds out before
//! what it writes counts, and writes no more; who takes it over waits for that (`stillness`). The journal, its syncs and
//! its playing back after a crash are the same. Readers on other computers read a copy, which is made again if it was
//! written meanwhile (`database`).

mod opening;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::contents::{self, Contents, LastWrite};
use super::database::{absolute, connect, reader};
use super::lock::{Lock, Locked};
use super::making::{Identity, build};
use super::past::Past;
use super::scan_inside::{self, Pieces, ScanPart};
use super::stillness::{TakeOverWatch, still, wait_until_still};
use super::system_lock::Guard;
use super::write::{self, Written};
use super::{SessionError, Snapshot, now_ms, schema, sums};
use crate::work::{CancelToken, Progress};
pub use opening::{Opened, ReadOnly, read};

/// A session file that this program writes; nobody else does meanwhile. For one worker thread.
#[derive(Debug)]
pub struct SessionFile {
    path: PathBuf,
    /// `None` if it could not be connected to (again) yet.
    connection: Option<Connection>,
    /// Which file it is: another of the same name is not it.
    identity: Identity,
    written: Written,
    /// The scan's voxels are in it.
    has_scan: bool,
    /// What it held when it was opened; `None` if it was made by this program.
    opened: Option<Box<Snapshot>>,
    past: Past,
    /// The file says something else of what was done before, until the next write.
    other_past: bool,
    lock: Lock,
}

/// A place at which this program alone can make a session, until it does or gives it up.
#[derive(Debug)]
pub struct Reserved {
    path: PathBuf,
    lock: Lock,
}

impl Reserved {
    /// Takes the place.
    ///
    /// # Errors
    /// If there is a file of this name, somebody else has the place, or nothing can be written there.
    pub fn at(path: &Path) -> Result<Self, SessionError> {
        let path = absolute(path)?;
        let free = |path: &Path| match path.symlink_metadata() {
            Ok(_) => Err(SessionError::Exists(path.to_owned())),
            Err(_) => Ok(()),
        };
        free(&path)?;
        let lock = lock(&path)?;
        // Somebody may have made it, and closed it, between the two looks.
        free(&path)?;
        Ok(Self { path, lock })
    }

    /// Makes the session, whole or not at all.
    ///
    /// # Errors
    /// See [`SessionFile::create`].
    pub fn fill(self, snapshot: &Snapshot, past: &Past) -> Result<SessionFile, SessionError> {
        self.fill_with(snapshot, past, None)
    }

    fn fill_with(
        self,
        snapshot: &Snapshot,
        past: &Past,
        scan: Option<ScanPart<'_>>,
    ) -> Result<SessionFile, SessionError> {
        let Self { path, lock } = self;
        let pieces = Pieces::new(scan);
        let before = (&Written::nothing(), pieces);
        let (written, identity) = build(&path, snapshot, past, before, lock.guard())?;
        // It is there from now on: if it can't be connected to now, the next write tries again.
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, lock.guard()).ok();
        let (opened, past, other_past) = (None, past.clone(), false);
        let has_scan = pieces.is_some();
        Ok(SessionFile {
            path,
            connection,
            identity,
            written,
            has_scan,
            opened,
            past,
            other_past,
            lock,
        })
    }
}

/// What a write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// There was nothing to write.
    Unchanged,
    /// It is on the disk.
    Written,
    /// The file was gone, and was made anew with all that was in it.
    MadeAnew,
}

impl SessionFile {
    /// Makes a new session file with these contents, whole or not at all. `past`: what was done before, if it is a copy
    /// of another session.
    ///
    /// # Errors
    /// If there is a file of this name, or it can't be written.
    pub fn create(path: &Path, snapshot: &Snapshot, past: &Past) -> Result<Self, SessionError> {
        Reserved::at(path)?.fill(snapshot, past)
    }

    /// As [`SessionFile::create`], with the scan's voxels in it.
    ///
    /// # Errors
    /// As that, and if it was cancelled.
    pub fn create_with_scan(
        path: &Path,
        snapshot: &Snapshot,
        past: &Past,
        scan: ScanPart<'_>,
    ) -> Result<Self, SessionError> {
        Reserved::at(path)?.fill_with(snapshot, past, Some(scan))
    }

    /// Whether the scan's voxels are in it.
    pub fn has_scan(&self) -> bool {
        self.has_scan
    }

    /// Puts the scan's voxels into it, if they are not there yet. If that fails or is cancelled it stays as it is.
    ///
    /// # Errors
    /// As [`SessionFile::write`], and if it was cancelled.
    pub fn put_scan(&mut self, scan: ScanPart<'_>) -> Result<(), SessionError> {
        if self.has_scan {
            return Ok(());
        }
        self.must_be_there()?;
        self.change(|transaction, _, written| {
            scan_inside::write(transaction, Pieces::new(Some(scan)))?;
            Ok(Some(written.clone()))
        })?;
        self.has_scan = scan.volume.is_some();
        Ok(())
    }

    /// Takes the scan's voxels out of it, and gives their room back. If that fails it stays as it is.
    ///
    /// # Errors
    /// As [`SessionFile::write`], and if it is gone.
    pub fn take_scan_out(&mut self) -> Result<(), SessionError> {
        if !self.has_scan {
            return Ok(());
        }
        self.must_be_there()?;
        self.change(|transaction, _, written| {
            scan_inside::take_out(transaction)?;
            Ok(Some(written.clone()))
        })?;
        self.has_scan = false;
        self.may_connect()?;
        // What was there is overwritten in any case.
        if let Some(Err(why)) = self.connection.as_ref().map(|file| file.execute_batch("VACUUM")) {
            tracing::warn!("a session stays as large as it was with its scan: {why}");
        }
        Ok(())
    }

    /// Puts the scan's voxels that are in another session into it, as they are there, if there are none in it yet. If
    /// that fails or is cancelled it stays as it is. Whether they are of its scan the caller has made sure of.
    ///
    /// # Errors
    /// As [`SessionFile::put_scan`], and if the other can't be read.
    pub fn put_scan_of(&mut self, other: &Path, part: ScanPart<'_>) -> Result<(), SessionError> {
        if self.has_scan {
            return Ok(());
        }
        let reader = reader(other)?;
        self.change(|transaction, _, written| {
            scan_inside::write(transaction, Pieces::Of(&reader.connection, Some(part)))?;
            Ok(Some(written.clone()))
        })?;
        self.has_scan = true;
        Ok(())
    }

    /// What is in it, read again.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn contents(&self) -> Result<Contents, SessionError> {
        // One of an older version becomes the present one with its first write.
        let is_present = |connection: &&Connection| {
            schema::version(connection).is_ok_and(|version| version == schema::VERSION)
        };
        match self.connection.as_ref().filter(|_| self.may_connect().is_ok()).filter(is_present) {
            Some(connection) => contents::read(connection, &self.path),
            None => read(&self.path),
        }
    }

    /// Deletes it, while nobody else can have it; not another file that has taken its place.
    ///
    /// # Errors
    /// If it can't be deleted.
    pub fn delete(self) -> Result<(), SessionError> {
        let Self { path, connection, identity, lock, .. } = self;
        drop(connection);
        let failed = |e| SessionError::io("the session can't be deleted", &path, e);
        let is_ours = lock.lost_to().is_none() && Identity::of(&path).is_ok_and(|i| i == identity);
        if is_ours { std::fs::remove_file(&path).map_err(failed) } else { Ok(()) }
    }

    /// Fails if another has taken it over where SQLite takes no locks: even to look into it would play back what that one
    /// is writing.
    fn may_connect(&self) -> Result<(), SessionError> {
        let lost = self.is_without_locks().then(|| self.lock.lost_to()).flatten();
        lost.map_or(Ok(()), |holder| Err(SessionError::Held { holder, path: self.path.clone() }))
    }

    /// Whether its drive knows no locks: that nobody else writes it is then said by the file beside it alone.
    pub fn is_without_locks(&self) -> bool {
        self.lock.guard() == Guard::OurLock
    }

    /// Where it is, from the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was done in it, but for this sitting.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// The last write of it by this program, or before it was opened.
    pub fn last_write(&self) -> LastWrite {
        let at_ms = self.written.snapshot.as_ref().map_or(0, |snapshot| snapshot.taken_ms);
        LastWrite { count: self.written.writes, at_ms }
    }

    /// What was done before was more than the file says: it went on in a copy of it, which is what is written next.
    /// Only before the first write.
    pub fn take_past(&mut self, past: &Past) {
        if self.written.sitting.is_none() && self.past != *past {
            (self.past, self.other_past) = (past.clone(), true);
        }
    }

    /// Writes what has changed since the last time. It is on the disk when this returns; if it fails, what was written
    /// last is, and the next write brings all that is missing. If the file has been deleted it is made anew.
    ///
    /// # Errors
    /// If it can't be written, somebody else has taken it over, or somebody else has written it.
    pub fn write(&mut self, snapshot: &Snapshot) -> Result<WriteOutcome, SessionError> {
        if !self.is_there()? {
            return self.make_anew(snapshot);
        }
        let past = self.other_past.then(|| self.past.clone());
        let changed = self.change(|transaction, path, written| {
            if let Some(past) = &past {
                write::replace_past(transaction, past)?;
            }
            write::write(transaction, path, written, snapshot)
        })?;
        Ok(if changed { WriteOutcome::Written } else { WriteOutcome::Unchanged })
    }

    /// Whether it was opened as it is not any more.
    pub fn can_take_back(&self) -> bool {
        self.opened.is_some() && self.written.sitting.is_some()
    }

    /// Makes it what it was when it was opened, as far as it tells: what was written since is gone, with the record of
    /// that. `false` if there is nothing to be taken back: see [`SessionFile::can_take_back`].
    ///
    /// # Errors
    /// As [`SessionFile::write`], and if it is gone; it is what it was before then.
    pub fn take_back(&mut self) -> Result<bool, SessionError> {
        let Some(opened) = self.opened.clone().filter(|_| self.can_take_back()) else {
            return Ok(false);
        };
        self.must_be_there()?;
        let past = self.past.clone();
        self.change(|transaction, path, written| {
            let next = write::write(transaction, path, written, &opened)?;
            let next = next.unwrap_or_else(|| written.clone());
            // With it goes the sitting that the write has noted.
            write::replace_past(transaction, &past)?;
            Ok(Some(Written { sitting: None, step_times: BTreeMap::new(), ..next }))
        })
    }

    /// Fails if its file was deleted.
    fn must_be_there(&self) -> Result<(), SessionError> {
        let gone = || std::io::ErrorKind::NotFound.into();
        let there = self.is_there()?;
        there
            .then_some(())
            .ok_or_else(|| SessionError::io("the session can't be written", &self.path, gone()))
    }

    /// Whether its file is there: `false` if it was deleted.
    fn is_there(&self) -> Result<bool, SessionError> {
        match Identity::of(&self.path) {
            Ok(found) if found == self.identity => Ok(true),
            Ok(_) => Err(SessionError::Replaced(self.path.clone())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(SessionError::io("the session can't be written", &self.path, e)),
        }
    }

    /// Writes something in one transaction; whether there was something. `change` is told what is in the file, and tells
    /// what is in it then.
    fn change(
        &mut self,
        change: impl FnOnce(&Connection, &Path, &Written) -> rusqlite::Result<Option<Written>>,
    ) -> Result<bool, SessionError> {
        if self.lock.is_gone() {
            // Deleted by hand. Somebody else may have had it meanwhile, which the count of writes tells.
            let taken = lock(&self.path)?;
            if taken.may_interrupt() {
                let (cancel, progress) = (CancelToken::new(), Progress::new());
                let watch = TakeOverWatch { cancel: &cancel, progress: &progress };
                wait_until_still(&self.path, &taken, watch)?;
            }
            self.lock = taken;
        }
        self.may_connect()?;
        let began_ms = now_ms();
        let Self { path, connection: slot, written, lock, other_past, .. } = self;
        let failed = |e| SessionError::database("written", path, e);
        let connection = if let Some(connection) = slot {
            connection
        } else {
            let access = OpenFlags::SQLITE_OPEN_READ_WRITE;
            slot.insert(connect(path, access, lock.guard()).map_err(failed)?)
        };
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        // From here on nobody else writes, so what is true now stays true.
        if let Some(holder) = lock.lost_to() {
            return Err(SessionError::Held { holder, path: path.clone() });
        }
        if write::count(&transaction).map_err(failed)? != written.writes {
            return Err(SessionError::WrittenElsewhere(path.clone()));
        }
        schema::upgrade(&transaction, schema::MIGRATIONS).map_err(failed)?;
        // The sums are made anew of what is there: nobody would ever know.
        if let Some(part) = sums::lost(&transaction).map_err(failed)? {
            return Err(SessionError::Lost { what: part.words(), path: path.clone() });
        }
        let lost = || (lock.guard() == Guard::OurLock).then(|| lock.lost_to()).flatten();
        let done = change(&transaction, path, written).map_err(failed).and_then(|next| {
            // Only what the system has locked is still ours for certain.
            if let Some(holder) = lost() {
                return Err(SessionError::Held { holder, path: path.clone() });
            }
            if next.is_some() {
                transaction.execute_batch("COMMIT").map_err(failed)?;
            }
            Ok(next)
        });
        let in_time = (0..still().as_millis() as i64).contains(&(now_ms() - began_ms));
        if done.is_err() && !in_time && lost().is_some() {
            // Who waits for it may have gone on already: what this journal says must not be put back into the file, and
            // that one's journal not be deleted by its name.
            std::mem::forget(transaction);
            std::mem::forget(slot.take());
        } else {
            drop(transaction);
        }
        let Some(next) = done? else { return Ok(false) };
        (*written, *other_past) = (next, false);
        Ok(true)
    }

    /// Makes another file of it, with what was done before and in this sitting, whole or not at all. This one stays as
    /// it is. The scan's voxels are not in the other one.
    ///
    /// # Errors
    /// If there is a file of this name, or it can't be written.
    pub fn copy(&self, path: &Path, snapshot: &Snapshot) -> Result<Self, SessionError> {
        self.copy_with(path, snapshot, None)
    }

    /// As [`SessionFile::copy`], with the scan's voxels in it: those that are in this one, else those of `scan`.
    ///
    /// # Errors
    /// As that, and if it was cancelled.
    pub fn copy_with_scan(
        &self,
        path: &Path,
        snapshot: &Snapshot,
        scan: ScanPart<'_>,
    ) -> Result<Self, SessionError> {
        self.copy_with(path, snapshot, Some(scan))
    }

    fn copy_with(
        &self,
        path: &Path,
        snapshot: &Snapshot,
        scan: Option<ScanPart<'_>>,
    ) -> Result<Self, SessionError> {
        let path = absolute(path)?;
        if path.symlink_metadata().is_ok() {
            return Err(SessionError::Exists(path));
        }
        if scan.is_some() && self.has_scan {
            self.may_connect()?;
        }
        let lock = lock(&path)?;
        let pieces = match (scan, &self.connection) {
            (None, _) => Pieces::None,
            (part, Some(connection)) if self.has_scan => Pieces::Of(connection, part),
            (part, _) => Pieces::new(part),
        };
        let before = (&self.written, pieces);
        let guard = lock.guard();
        let (written, identity) = build(&path, snapshot, &self.past, before, guard)?;
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, guard).ok();
        let (opened, past, other_past) = (self.opened.clone(), self.past.clone(), false);
        let has_scan = pieces.is_some();
        Ok(Self { path, connection, identity, written, has_scan, opened, past, other_past, lock })
    }

    /// The file was deleted: its contents are still known.
    fn make_anew(&mut self, snapshot: &Snapshot) -> Result<WriteOutcome, SessionError> {
        // The lock's file may have gone with it.
        if self.lock.is_gone() {
            self.lock = lock(&self.path)?;
        } else if let Some(holder) = self.lock.lost_to() {
            return Err(SessionError::Held { holder, path: self.path.clone() });
        }
        // What has lost its name can still be read, where the system is like that.
        let pieces = match &self.connection {
            Some(connection) if self.has_scan => Pieces::Of(connection, None),
            _ => Pieces::None,
        };
        let guard = self.lock.guard();
        let make = |pieces: Pieces<'_>| {
            build(&self.path, snapshot, &self.past, (&self.written, pieces), guard)
        };
        let (made, has_scan) = match (pieces, make(pieces)) {
            (Pieces::Of(..), Err(why)) => {
                tracing::warn!("the scan in a session that was deleted is lost: {why}");
                (make(Pieces::None)?, false)
            }
            (_, made) => (made?, pieces.is_some()),
        };
        let (written, identity) = made;
        self.has_scan = has_scan;
        // Whatever fails from here on, this is the file that is written.
        (self.written, self.identity, self.other_past) = (written, identity, false);
        self.connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE, guard).ok();
        Ok(WriteOutcome::MadeAnew)
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        self.connection.as_ref().unwrap()
    }
}

/// The lock of a session that is to be made or written.
fn lock(path: &Path) -> Result<Lock, SessionError> {
    match Lock::acquire(path, false)? {
        Locked::Mine(lock) => Ok(lock),
        Locked::Held(holder) => Err(SessionError::Held { holder, path: path.into() }),
        Locked::Impossible => Err(SessionError::ReadOnly(path.into())),
        Locked::Foreign(at) => Err(SessionError::ForeignLock(at)),
    }
}
