//! Who has a session: a small file beside it, `NAME.voxpoint.lock`, that says so and is itself locked by the system for
//! as long as the program runs. So the lock of a program that was killed is free at once, and another on the same
//! computer never writes at the same time. Of another computer (a network folder) the system can't be asked: its name
//! in the file counts, until somebody says that it may be taken over.
//!
//! Some drives (network shares above all) know no locks. There the text in the file is all there is ([`Guard::OurLock`]):
//! who writes it looks a moment later whether it is still theirs, again before each write, and once more before what was
//! written counts. Who takes it over waits until the other has seen that (`stillness`).

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SessionError;
use super::holder::Holder;
use super::system_lock::{Guard, Tried, guard_of, try_lock};

/// After so long the file of a lock says who has it, where two may have written it at once: longer than a client of a
/// share answers from its cache (of NFS by default 3 s, nfs(5), `acregmin`).
const SETTLED: Duration = Duration::from_millis(3500);

/// [`SETTLED`], or less where tests say that a drive has no locks.
fn settled() -> Duration {
    if cfg!(test) { Duration::from_millis(200) } else { SETTLED }
}

/// What trying to get a lock came to.
#[derive(Debug)]
pub enum Locked {
    /// It is ours.
    Mine(Lock),
    /// Somebody else has it.
    Held(Holder),
    /// A lock can't be made in this folder, so neither can the session be written.
    Impossible,
    /// What lies in its place is no lock of ours: it is not overwritten.
    Foreign(PathBuf),
}

/// A lock that this program has; dropped, it is free.
#[derive(Debug)]
pub struct Lock {
    /// Keeps the system's lock, where there are such.
    file: File,
    path: PathBuf,
    me: Holder,
    /// Whom it was taken from, if that one may still run.
    before: Option<Holder>,
    /// The one before is a program of this computer that does not run any more.
    left_by_dead: bool,
    /// What its file says counts, because the system does not keep all others from it.
    by_text: bool,
    guard: Guard,
}

impl Lock {
    /// What keeps others from writing the session, apart from this.
    pub(super) fn guard(&self) -> Guard {
        self.guard
    }

    /// Where the lock of a session lies.
    pub fn path_for(session: &Path) -> PathBuf {
        let mut path = session.as_os_str().to_owned();
        path.push(".lock");
        path.into()
    }

    /// Tries to get the lock of a session. `take_over`: also if a program on another computer has it, or one that the
    /// system can't be asked about.
    ///
    /// # Errors
    /// If the folder can't be read, and other trouble that is not a matter of rights.
    pub fn acquire(session: &Path, take_over: bool) -> Result<Locked, SessionError> {
        let path = Self::path_for(session);
        let failed = |e| SessionError::io("the session's lock can't be made", &path, e);
        // Another may take the file away between opening and locking it: then there is a new one to try.
        for _ in 0..100 {
            // Not through a link into another file, and a pipe would be waited for.
            if path.symlink_metadata().is_ok_and(|about| !about.is_file()) {
                return Ok(Locked::Foreign(path));
            }
            let open =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let file = match open {
                Ok(file) => file,
                Err(e) if forbids_writing(&e) => return Ok(Locked::Impossible),
                Err(e) => return Err(failed(e)),
            };
            let by_system = match try_lock(&file, &path) {
                Tried::Locked => true,
                Tried::Taken => {
                    return Ok(Locked::Held(holder(&file).unwrap_or_else(Holder::unknown)));
                }
                // A network share without locks: what the file says has to do.
                Tried::Impossible => false,
            };
            if !is_at(&file, &path) {
                continue;
            }
            if !may_be_ours(&file).map_err(failed)? {
                return Ok(Locked::Foreign(path));
            }
            let me = Holder::me();
            // Of a program here the system would have said so.
            let known_dead = |h: &Holder| by_system && h.host == me.host;
            let said = holder(&file);
            let left_by_dead =
                said.as_ref().is_some_and(|h| h.host == me.host && (by_system || !h.may_live(&me)));
            let before = said.filter(|h| !known_dead(h) && h.may_live(&me));
            if let Some(holder) = before.as_ref().filter(|_| !take_over) {
                return Ok(Locked::Held(holder.clone()));
            }
            match say(&file, &me) {
                Ok(()) => {}
                Err(e) if forbids_writing(&e) => return Ok(Locked::Impossible),
                Err(e) => return Err(failed(e)),
            }
            let guard = guard_of(&file, &path, by_system);
            // What is locked here need not be so for other computers.
            let by_text = !by_system || guard == Guard::OurLock;
            let lock = Self { file, path, me, before, left_by_dead, by_text, guard };
            if by_text {
                // Another may have written at the same moment: the last one has it.
                std::thread::sleep(settled());
                if let Some(holder) = lock.lost_to() {
                    return Ok(Locked::Held(holder));
                }
            }
            return Ok(Locked::Mine(lock));
        }
        Ok(Locked::Held(Holder::unknown()))
    }

    /// Nothing lies in its place any more: it was deleted by hand.
    pub fn is_gone(&self) -> bool {
        self.path.symlink_metadata().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound)
    }

    /// Who has it now, if it can't be told that it is still ours.
    pub fn lost_to(&self) -> Option<Holder> {
        let at = is_at(&self.file, &self.path);
        let found = if at && !self.by_text {
            // What the system has locked only this handle may read (Windows).
            holder(&self.file)
        } else {
            // What is open a share may answer from its cache; what is opened anew it asks for (nfs(5), "Close-to-open
            // cache consistency").
            File::open(&self.path).ok().and_then(|file| holder(&file))
        };
        if at && found.as_ref() == Some(&self.me) {
            return None;
        }
        Some(found.unwrap_or_else(Holder::unknown))
    }

    /// Whether a write that was begun before it was ours may still be going on: only where no lock of the system's tells,
    /// and nobody is known to be dead who had it.
    pub(super) fn may_interrupt(&self) -> bool {
        self.guard == Guard::OurLock && !self.left_by_dead
    }

    /// Whether somebody had it who may still run.
    pub(super) fn was_taken_over(&self) -> bool {
        self.before.is_some()
    }

    /// It is not wanted any more before anything was done with it: whoever it was taken from has it again.
    pub(super) fn give_back(self) {
        if let Some(before) = self.before.as_ref().filter(|_| self.lost_to().is_none())
            && let Err(why) = say(&self.file, before)
        {
            tracing::warn!("the lock of {before} can't be given back: {why}");
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only our own: if it was taken over, another's lies there.
        if is_at(&self.file, &self.path) && self.lost_to().is_none() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Who has a session, by what the file of its lock says; whoever wants to have it just then is not in anybody's way.
/// What lies in the lock's place and is none says nothing.
pub fn holder_of(session: &Path) -> Option<Holder> {
    let path = Lock::path_for(session);
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let file = File::open(&path).ok()?;
    let (holder, me) = (holder(&file)?, Holder::me());
    if !holder.may_live(&me) {
        return None;
    }
    // Where nobody can be asked about programs, the system's lock is tried; and for what this program is said to have,
    // which it gave up while the file was out of its reach (a share that was away).
    let unsure = holder.is_this_program() || !Holder::can_be_told_dead();
    let free = || holder.host == me.host && unsure && file.try_lock_shared().is_ok();
    (!free()).then_some(holder)
}

/// Takes away what a program has left that was killed while it made a session: its lock, and the unfinished file beside it.
/// Nothing of anybody who may still be at it.
pub fn clear_unfinished(session: &Path) {
    let path = Lock::path_for(session);
    let left = File::open(&path).ok().and_then(|file| holder(&file));
    if path.symlink_metadata().is_err()
        || left.as_ref().is_some_and(|h| h.host != Holder::me().host)
    {
        return;
    }
    // (Dropped, its file goes.)
    let Ok(Locked::Mine(_lock)) = Lock::acquire(session, false) else { return };
    let Some((folder, left)) = session.parent().zip(left) else { return };
    // (Who does not say which run it was may be another with the same number.)
    if left.run.is_empty() {
        return;
    }
    let unfinished = unfinished_prefix(&left);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&unfinished)
            && name.ends_with(UNFINISHED)
            && let Err(why) = std::fs::remove_file(entry.path())
        {
            tracing::warn!("an unfinished session stays: {why}: {}", entry.path().display());
        }
    }
}

/// How the name of a session begins that a program is making, and how it ends, until it has its own. On a share, programs of
/// several computers can have one number: the run tells them apart.
pub(super) fn unfinished_prefix(holder: &Holder) -> String {
    format!(".voxpoint-{}-{}-", holder.process, holder.run)
}
pub(super) const UNFINISHED: &str = ".new";

/// Whether nothing can be written here, neither a lock nor a session. It can be read all the same.
fn forbids_writing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem | StorageFull | QuotaExceeded)
}

/// Who says in a lock's file to have it.
fn holder(file: &File) -> Option<Holder> {
    serde_json::from_slice(&text_of(file).ok()?).ok()
}

fn text_of(mut file: &File) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.rewind()?;
    file.take(4096).read_to_end(&mut text)?;
    Ok(text)
}

/// Whether it says who has a session, or was to say so when the power was cut.
fn may_be_ours(file: &File) -> std::io::Result<bool> {
    let text = text_of(file)?;
    let begins = b"{\"host\":";
    let cut = |e: &serde_json::Error| {
        e.is_eof() && text[..text.len().min(begins.len())] == begins[..text.len().min(begins.len())]
    };
    Ok(text.iter().all(|&byte| byte == 0)
        || serde_json::from_slice::<Holder>(&text).as_ref().map_or_else(cut, |_| true))
}

fn say(mut file: &File, me: &Holder) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(me)?.as_bytes())?;
    file.sync_all()
}

/// Whether a file that was opened is the one that lies at a path now.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        match (file.metadata(), std::fs::metadata(path)) {
            (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn lock(session: &Path) -> Locked {
        Lock::acquire(session, false).unwrap()
    }

    /// A lock's file as somebody else has left it.
    fn left(session: &Path, holder: &Holder) {
        std::fs::write(Lock::path_for(session), serde_json::to_string(holder).unwrap()).unwrap();
    }

    #[test]
    fn the_second_is_told_who_has_it_and_gets_it_when_that_one_ends() {
        let folder = tempfile::tempdir().unwrap();
        let session = folder.path().join("s.voxpoint");
        let Locked::Mine(first) = lock(&session) else { panic!("free") };
        let Locked::Held(holder) = lock(&session) else { panic!("held") };
        assert_eq!(holder.process, std::process::id());
        assert!(!holder.host.is_empty() && holder.since_ms > 0, "{holder}");
        drop(first);
        assert!(!Lock::path_for(&session).exists(), "nothing lies about");
        assert!(matches!(lock(&session), Locked::Mine(_)));
    }

    #[test]
    fn locks_of_the_dead_are_taken_over_and_those_of_other_computers_only_if_told() {
        let folder = tempfile::tempdir().unwrap();
        let session = folder.path().join("s.voxpoint");
        let me = Holder::me();
        let dead = Holder { process: u32::MAX - 7, ..me.clone() };
        let reused = Holder { process: 1, process_started: 12_345_678_901, ..me.clone() };
        let elsewhere = Holder { host: format!("not-{}", me.host), ..me.clone() };
        // Who, and whether it is free by itself.
        for (holder, free) in [(dead, true), (reused, true), (elsewhere, false)] {
            left(&session, &holder);
            match lock(&session) {
                Locked::Mine(_) => assert!(free, "{holder}"),
                Locked::Held(by) => assert!(!free && by == holder, "{holder}"),
                other => panic!("{holder}: {other:?}"),
            }
            left(&session, &holder);
            let taken = Lock::acquire(&session, true).unwrap();
            assert!(matches!(taken, Locked::Mine(_)), "{holder}");
        }
        // As a power cut leaves them.
        for cut in ["", "\0\0\0", "{", "{\"host\":\"a", &serde_json::to_string(&me).unwrap()[..40]]
        {
            std::fs::write(Lock::path_for(&session), cut).unwrap();
            assert!(matches!(lock(&session), Locked::Mine(_)), "{cut}");
        }
    }

    /// Who is said to have it, and whether a list says so.
    #[test]
    fn who_has_a_session_is_told_without_taking_it() {
        let folder = tempfile::tempdir().unwrap();
        let session = folder.path().join("s.voxpoint");
        assert_eq!(holder_of(&session), None);
        let mine = lock(&session);
        let told = holder_of(&session).unwrap();
        assert!(told.is_this_program() && matches!(lock(&session), Locked::Held(_)));
        drop(mine);
        assert_eq!(holder_of(&session), None);
        let me = Holder::me();
        let dead = Holder { process: u32::MAX - 7, ..me.clone() };
        let elsewhere = Holder { host: format!("not-{}", me.host), ..me.clone() };
        let parent = Holder { process: std::os::unix::process::parent_id(), ..me.clone() };
        let parent = Holder { process_started: 0, ..parent };
        for (holder, told) in [(dead, false), (elsewhere, true), (parent, true)] {
            left(&session, &holder);
            assert_eq!(holder_of(&session).as_ref(), Some(&holder).filter(|_| told), "{holder}");
            assert!(!holder.is_this_program());
        }
        for odd in ["", "not JSON", "{}"] {
            std::fs::write(Lock::path_for(&session), odd).unwrap();
            assert_eq!(holder_of(&session), None, "{odd}");
        }
    }

    #[test]
    fn what_a_program_that_was_killed_has_left_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let session = folder.path().join("s.voxpoint");
        let me = Holder::me();
        let of_run = |run: &str| Holder { process: u32::MAX - 7, run: run.into(), ..me.clone() };
        let (dead, same_number) = (of_run("00000000000000aa"), of_run("00000000000000ab"));
        let elsewhere = Holder { host: format!("not-{}", me.host), ..of_run("00000000000000ac") };
        let of =
            |holder: &Holder| folder.path().join(format!("{}ab12.new", unfinished_prefix(holder)));
        // What another computer's program of the dead one's number is just writing, too.
        let others = [of(&me), of(&same_number), folder.path().join(".voxpoint-1-ab.new.txt")];
        for other in &others {
            std::fs::write(other, "").unwrap();
        }
        for (holder, goes) in [(dead, true), (elsewhere, false)] {
            left(&session, &holder);
            std::fs::write(of(&holder), "").unwrap();
            clear_unfinished(&session);
            assert_eq!(Lock::path_for(&session).exists(), !goes, "{holder}");
            assert_eq!(of(&holder).exists(), !goes, "{holder}");
            assert!(others.iter().all(|other| other.exists()));
        }
        // One that is held, one that was cut short, none.
        std::fs::remove_file(Lock::path_for(&session)).unwrap();
        let mine = lock(&session);
        clear_unfinished(&session);
        assert!(Lock::path_for(&session).exists());
        drop(mine);
        std::fs::write(Lock::path_for(&session), "{").unwrap();
        clear_unfinished(&session);
        assert!(!Lock::path_for(&session).exists());
        clear_unfinished(&session);
        assert!(!Lock::path_for(&session).exists());
    }

    #[test]
    fn what_is_no_lock_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let session = folder.path().join("s.voxpoint");
        for odd in ["not JSON", "[1]", "{\"host\": 5}", "{\"hosts\"", "{}", " "] {
            std::fs::write(Lock::path_for(&session), odd).unwrap();
            for take_over in [false, true] {
                let found = Lock::acquire(&session, take_over).unwrap();
                assert!(matches!(found, Locked::Foreign(_)), "{odd}: {found:?}");
            }
            assert_eq!(std::fs::read_to_string(Lock::path_for(&session)).unwrap(), odd);
        }
        // A link leads to somebody's file, or to where one would be made.
        std::fs::remove_file(Lock::path_for(&session)).unwrap();
        let other = folder.path().join("other");
        std::os::unix::fs::symlink(&other, Lock::path_for(&session)).unwrap();
        for there in [false, true] {
            if there {
                std::fs::write(&other, "").unwrap();
            }
            assert!(matches!(lock(&session), Locked::Foreign(_)));
            assert_eq!(other.exists(), there);
        }
    }
}
