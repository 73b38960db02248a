//! A layer below SQLite that watches what it does to the files of a folder: it records writes, syncs and deletions, and
//! it lets them fail. The only place with `unsafe`: SQLite asks for C functions.
//!
//! SQLite calls a file through a table of functions (`sqlite3_io_methods`) and a drive through another (`sqlite3_vfs`,
//! <https://sqlite.org/vfs.html>). Here, each file begins with a [`WatchedFile`], behind which lies the system's own;
//! each function does what it is asked by that one, and writes down what it was if the file's folder is watched.

#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

use rusqlite::ffi;

use super::super::system_lock::without_locks;

/// What was done to the files of a folder, by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Create(String),
    Write(String, u64, Vec<u8>),
    Truncate(String, u64),
    Sync(String),
    /// Whether the folder was synced, too: then it can't come back.
    Delete(String, bool),
    /// Said by a test: so many writes are done.
    Done(u64),
}

/// What fails from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Whatever makes a file longer, after so many such writes: the disk is full.
    Full { after: u64 },
    /// All writes and truncations after so many of them.
    Writes { after: u64 },
    /// All syncs after so many of them.
    Syncs { after: u64 },
    /// There are no locks: SQLite takes that for a lock of another, as it does ENOLCK.
    Locks,
}

#[derive(Debug, Default)]
struct Watched {
    ops: Vec<Op>,
    fault: Option<Fault>,
    /// What was counted for the fault.
    counted: u64,
}

static WATCHED: Mutex<BTreeMap<PathBuf, Watched>> = Mutex::new(BTreeMap::new());

fn with<T>(folder: &Path, act: impl FnOnce(&mut Watched) -> T) -> Option<T> {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.get_mut(folder).map(act)
}

/// Watches the sessions in a folder that are opened from now on, until it is dropped.
#[derive(Debug)]
pub(super) struct Watch(PathBuf);

impl Watch {
    pub fn folder(folder: &Path) -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(register);
        let folder = folder.to_path_buf();
        WATCHED.lock().unwrap().insert(folder.clone(), Watched::default());
        Self(folder)
    }

    /// What was done since the last time, oldest first.
    pub fn take(&self) -> Vec<Op> {
        with(&self.0, |watched| std::mem::take(&mut watched.ops)).unwrap()
    }

    pub fn done(&self, writes: u64) {
        with(&self.0, |watched| watched.ops.push(Op::Done(writes)));
    }

    /// Lets something fail from now on, or nothing any more.
    pub fn fail(&self, fault: Option<Fault>) {
        without_locks::say(&self.0, fault == Some(Fault::Locks));
        with(&self.0, |watched| (watched.fault, watched.counted) = (fault, 0));
    }

    /// Whether something has failed since the fault was set.
    pub fn has_failed(&self) -> bool {
        with(&self.0, |watched| match watched.fault {
            Some(Fault::Full { after } | Fault::Writes { after } | Fault::Syncs { after }) => {
                watched.counted > after
            }
            Some(Fault::Locks) => watched.counted > 0,
            None => false,
        })
        .unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        without_locks::say(&self.0, false);
        WATCHED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

impl Watched {
    /// Whether this one fails; `counts`: what is done is of the kind that may.
    fn fails(&mut self, counts: impl Fn(Fault) -> Option<u64>) -> bool {
        let Some(after) = self.fault.and_then(counts) else { return false };
        self.counted += 1;
        self.counted > after
    }
}

/// What SQLite has of an open file: this, and behind it the system's own.
#[repr(C)]
struct WatchedFile {
    base: ffi::sqlite3_file,
    /// A box; null for a file without a name.
    path: *mut PathBuf,
}

/// The system's drive. Set before the first file is opened by this one.
static SYSTEM: Mutex<usize> = Mutex::new(0);

fn system() -> *mut ffi::sqlite3_vfs {
    *SYSTEM.lock().unwrap() as *mut ffi::sqlite3_vfs
}

/// Makes this the layer below all databases that are opened from now on. Those of folders that are not watched notice
/// nothing.
fn register() {
    // SAFETY: the system's drive is there for as long as the program runs, and so is the copy of it, which is leaked.
    unsafe {
        let system = ffi::sqlite3_vfs_find(std::ptr::null());
        *SYSTEM.lock().unwrap() = system as usize;
        let mut layer = *system;
        layer.szOsFile += size_of::<WatchedFile>() as c_int;
        layer.pNext = std::ptr::null_mut();
        layer.zName = c"watched".as_ptr();
        layer.xOpen = Some(open);
        layer.xDelete = Some(delete);
        let layer = Box::leak(Box::new(layer));
        assert_eq!(ffi::sqlite3_vfs_register(layer, 1), ffi::SQLITE_OK);
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // No shared memory and no mapping, which sessions do not use.
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// The system's file behind ours.
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn behind(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite gave `szOsFile` bytes, which are ours and then the system's.
    unsafe { file.cast::<WatchedFile>().add(1).cast() }
}

/// Calls a function of the system's file with the same arguments.
macro_rules! pass {
    ($method:ident, $file:expr $(, $argument:expr)*) => {{
        let file = behind($file);
        (*(*file).pMethods).$method.unwrap()(file $(, $argument)*)
    }};
}

/// Folder and name of an open file; `None` if it has none.
///
/// # Safety
/// As [`behind`].
unsafe fn named<'f>(file: *mut ffi::sqlite3_file) -> Option<(&'f Path, String)> {
    // SAFETY: the box lives until the file is closed.
    let path = unsafe { (*file.cast::<WatchedFile>()).path.as_ref()? };
    Some((path.parent()?, path.file_name()?.to_string_lossy().into_owned()))
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes for `file`, and a name that lives as long as the file is open, or none.
    unsafe {
        let ours = file.cast::<WatchedFile>();
        (*ours).base.pMethods = std::ptr::null();
        (*ours).path = std::ptr::null_mut();
        let path = (!name.is_null()).then(|| path_of(name));
        let was_there = path.as_ref().is_some_and(|path| path.exists());
        let result = (*system()).xOpen.unwrap()(system(), name, behind(file), flags, out);
        if (*behind(file)).pMethods.is_null() {
            return result;
        }
        (*ours).base.pMethods = &raw const METHODS;
        if let Some(path) = path {
            (*ours).path = Box::into_raw(Box::new(path));
            if let Some((folder, name)) = named(file).filter(|_| !was_there) {
                with(folder, |watched| watched.ops.push(Op::Create(name)));
            }
        }
        result
    }
}

unsafe fn path_of(name: *const c_char) -> PathBuf {
    // SAFETY: SQLite's names end with 0.
    OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()).into()
}

unsafe extern "C" fn delete(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite gives a name.
    unsafe {
        let result = (*system()).xDelete.unwrap()(system(), name, sync_folder);
        let path = path_of(name);
        if let (Some(folder), Some(name), ffi::SQLITE_OK) =
            (path.parent(), path.file_name(), result)
        {
            let name = name.to_string_lossy().into_owned();
            with(folder, |watched| watched.ops.push(Op::Delete(name, sync_folder != 0)));
        }
        result
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the file was opened by `open`, and is closed once.
    unsafe {
        let result = pass!(xClose, file);
        let path = (*file.cast::<WatchedFile>()).path;
        if !path.is_null() {
            drop(Box::from_raw(path));
        }
        result
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the file was opened by `open`; SQLite gives `count` bytes.
    unsafe {
        let mut size = 0;
        let longer =
            pass!(xFileSize, file, &raw mut size) != ffi::SQLITE_OK || at + i64::from(count) > size;
        let name = named(file);
        let fault = name.as_ref().and_then(|(folder, _)| {
            with(folder, |watched| {
                let fails = watched.fails(|fault| match fault {
                    Fault::Full { after } => longer.then_some(after),
                    Fault::Writes { after } => Some(after),
                    Fault::Syncs { .. } | Fault::Locks => None,
                });
                watched.fault.filter(|_| fails)
            })
            .flatten()
        });
        match fault {
            Some(Fault::Full { .. }) => return ffi::SQLITE_FULL,
            Some(_) => return ffi::SQLITE_IOERR_WRITE,
            None => {}
        }
        let result = pass!(xWrite, file, bytes, count, at);
        if let Some((folder, name)) = name {
            let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), count as usize);
            with(folder, |w| w.ops.push(Op::Write(name, at as u64, bytes.to_vec())));
        }
        result
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: the file was opened by `open`.
    unsafe {
        if let Some((folder, name)) = named(file) {
            let fails = with(folder, |watched| {
                let fails = watched.fails(|fault| match fault {
                    Fault::Writes { after } => Some(after),
                    Fault::Full { .. } | Fault::Syncs { .. } | Fault::Locks => None,
                });
                if !fails {
                    watched.ops.push(Op::Truncate(name, size as u64));
                }
                fails
            });
            if fails == Some(true) {
                return ffi::SQLITE_IOERR_TRUNCATE;
            }
        }
        pass!(xTruncate, file, size)
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: the file was opened by `open`.
    unsafe {
        if let Some((folder, name)) = named(file) {
            let fails = with(folder, |watched| {
                let fails = watched.fails(|fault| match fault {
                    Fault::Syncs { after } => Some(after),
                    Fault::Full { .. } | Fault::Writes { .. } | Fault::Locks => None,
                });
                if !fails {
                    watched.ops.push(Op::Sync(name));
                }
                fails
            });
            if fails == Some(true) {
                return ffi::SQLITE_IOERR_FSYNC;
            }
        }
        pass!(xSync, file, flags)
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: the file was opened by `open`.
    unsafe {
        let fails = named(file).and_then(|(folder, _)| {
            with(folder, |watched| watched.fails(|fault| (fault == Fault::Locks).then_some(0)))
        });
        if fails == Some(true) { ffi::SQLITE_BUSY } else { pass!(xLock, file, level) }
    }
}

/// Functions that do no more than the system's.
macro_rules! as_the_system {
    ($($name:ident $method:ident ($($argument:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> c_int {
            // SAFETY: the file was opened by `open`, and what SQLite gives is passed on as it is.
            unsafe { pass!($method, file $(, $argument)*) }
        }
    )*};
}

as_the_system! {
    read xRead (to: *mut c_void, count: c_int, at: ffi::sqlite3_int64);
    file_size xFileSize (size: *mut ffi::sqlite3_int64);
    unlock xUnlock (level: c_int);
    check_reserved_lock xCheckReservedLock (out: *mut c_int);
    file_control xFileControl (op: c_int, argument: *mut c_void);
    sector_size xSectorSize ();
    device_characteristics xDeviceCharacteristics ();
}
