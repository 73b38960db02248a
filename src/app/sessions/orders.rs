//! What the window asks of the thread that has the session files, the mailbox for that, and what it hears of it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::copies::CopyMark;
use super::picture::Backdrop;
use crate::document::Object;
use crate::session::{Exported, FileRef, Past, SessionFile, Snapshot};
use crate::ui::ScanWish;
use crate::volume::Volume;
use crate::work::{CancelToken, Progress};

/// Names what is kept of one open document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId(pub u64);

/// A session as it is when its document is opened.
pub struct KeptFrom {
    /// The file that it is kept in; `None`: a draft is made at the first write.
    pub file: Option<Box<SessionFile>>,
    /// The draft that all of it is in, until it is in the file.
    pub aside: Option<Box<SessionFile>>,
    /// What the draft is a copy of.
    pub copy_of: Option<CopyMark>,
    /// It has a name that the user gave it, and is no draft.
    pub named: bool,
    /// What was done before.
    pub past: Past,
    /// The label map that was exported last, and the picture, as they are in the file.
    pub exported: Option<Exported>,
    pub picture: Option<Arc<[u8]>>,
    /// For the name of a draft: the scan's without its ending.
    pub stem: String,
}

/// A state of a document on its way to the disk.
pub struct Letter {
    pub session: SessionId,
    /// Rises with every letter.
    pub mark: u64,
    pub snapshot: Box<Snapshot>,
    pub scene: Backdrop,
    /// Nothing will follow for a while: the picture is to be of this.
    pub last: bool,
}

/// A session on its way into another file.
pub struct Move {
    pub to: PathBuf,
    pub letter: Letter,
    pub wish: ScanWish,
    /// The scan; `None` where something else stands in for it.
    pub scan: Option<Arc<Volume>>,
    pub watch: MoveWatch,
}

/// By which something long is followed, and given up.
#[derive(Clone, Default)]
pub struct MoveWatch {
    pub cancel: CancelToken,
    pub progress: Progress,
}

/// What the thread is to do.
pub enum Order {
    Begin(SessionId, Box<KeptFrom>),
    Write(Letter),
    /// The session is kept in another file from now on.
    Move(Box<Move>),
    /// A label map of these objects was written, with a table beside it if there is one: the next write says so.
    /// `None`: what lies there can't be known any more.
    Exported {
        session: SessionId,
        files: Option<(FileRef, Option<FileRef>)>,
        objects: Vec<Object>,
    },
    /// Nothing more will come. `blank`: nothing was done in it, whatever it is, and it goes.
    End {
        session: SessionId,
        ending: Ending,
        blank: bool,
    },
    /// A draft that is not open is not wanted any more.
    Discard(PathBuf),
    /// The program ends.
    Finish,
    /// A session that was opened and is not gone on with.
    Release(Box<SessionFile>),
}

/// What becomes of what was kept of a document that is closed. Of a session with a name, all of it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It stays.
    Keep,
    /// A draft becomes what it was when it was opened.
    TakeBack,
    /// A draft is not wanted any more.
    Discard,
}

/// What came of it.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// It is on the disk, with the scan's voxels or without, on a drive that knows locks or not.
    Written { session: SessionId, mark: u64, path: PathBuf, has_scan: bool, without_locks: bool },
    /// It is not. `aside`: it is in this draft instead.
    Failed {
        session: SessionId,
        mark: u64,
        why: String,
        short: &'static str,
        aside: Option<PathBuf>,
    },
    /// It is kept there from now on, with the scan's voxels or without.
    Moved { session: SessionId, mark: u64, path: PathBuf, has_scan: bool, without_locks: bool },
    /// It stays where it was.
    NotMoved { session: SessionId, why: String },
    /// What is not wanted any more lies here for a while; or it can't be put there, and why.
    Discarded(Result<PathBuf, String>),
    /// A session is not open any more: its draft can be offered.
    Ended,
}

#[derive(Default)]
struct Post {
    orders: VecDeque<Order>,
    closed: bool,
    /// The thread has ended.
    done: bool,
}

/// Where orders are put, and taken out by the thread.
#[derive(Clone, Default)]
pub struct Postbox(Arc<(Mutex<Post>, Condvar)>);

impl Postbox {
    fn post(&self) -> MutexGuard<'_, Post> {
        // What is in it is whole at every moment.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands something over. Never waits.
    pub fn give(&self, order: Order) {
        let mut post = self.post();
        if let Order::Write(new) = &order {
            let waits =
                |old: &Order| matches!(old, Order::Write(old) if old.session == new.session);
            // What stands between is not overtaken.
            let _older = post.orders.pop_back_if(|last| waits(last));
        }
        post.orders.push_back(order);
        self.0.1.notify_all();
    }

    /// The next order; waits for one.
    pub fn take(&self) -> Order {
        let mut post = self.post();
        loop {
            match post.orders.pop_front() {
                Some(order) => return order,
                None if post.closed => return Order::Finish,
                None => post = self.0.1.wait(post).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// The thread has ended: nothing that is handed over will be done.
    pub fn is_deserted(&self) -> bool {
        self.post().done
    }

    pub fn desert(&self) {
        self.post().done = true;
        self.0.1.notify_all();
    }

    /// Nothing more comes; waits until all was done, but not longer than that.
    pub fn close(&self, patience: Duration) {
        let mut post = self.post();
        post.closed = true;
        self.0.1.notify_all();
        let _ended = self.0.1.wait_timeout_while(post, patience, |post| !post.done);
    }
}
