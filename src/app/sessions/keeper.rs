//! The thread that has the session files and writes them. The window hands over what is to be written and goes on; of
//! states of one session that wait only the newest is written.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::copies::CopyMark;
use super::folder;
use super::picture::{Backdrop, png_of};
use crate::app::files::same_file;
use crate::document::Object;
use crate::session::{
    ENDING, Exported, FileRef, Hash, Past, SessionError, SessionFile, Snapshot, labels_check_sum,
    now_ms,
};
use crate::ui::text::mark;
use crate::work::{CancelToken, Wake};

/// Pictures are drawn at most so often, but the first and the last.
const PICTURES: Duration = Duration::from_secs(10);
/// So long is waited for the last write when the program ends.
const PATIENCE: Duration = Duration::from_secs(10);

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

/// What the thread is to do.
pub enum Order {
    Begin(SessionId, Box<KeptFrom>),
    Write(Letter),
    /// The session is kept in this file from now on.
    Move(PathBuf, Letter),
    /// A label map of these objects was written here, with a table beside it if there is one: the next write says so.
    Exported {
        session: SessionId,
        map: PathBuf,
        table: Option<PathBuf>,
        objects: Vec<Object>,
    },
    /// Nothing more will come. `delete`: nor is what was kept wanted any more, if it is a draft. `blank`: nothing was done
    /// in it, whatever it is.
    End {
        session: SessionId,
        delete: bool,
        blank: bool,
    },
    /// Deletes a draft that is not open.
    Delete(PathBuf),
    /// The program ends.
    Finish,
    /// A session that was opened and is not gone on with.
    Release(Box<SessionFile>),
}

/// What came of it.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// It is on the disk.
    Written { session: SessionId, mark: u64, path: PathBuf },
    /// It is not. `aside`: it is in this draft instead.
    Failed {
        session: SessionId,
        mark: u64,
        why: String,
        short: &'static str,
        aside: Option<PathBuf>,
    },
    /// It is kept there from now on.
    Moved { session: SessionId, mark: u64, path: PathBuf },
    /// It stays where it was.
    NotMoved { session: SessionId, why: String },
    /// There is a draft less, or a draft can't be deleted and why.
    Deleted(Result<(), String>),
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

/// The window's end.
pub struct Keeper {
    post: Arc<(Mutex<Post>, Condvar)>,
    told: Receiver<Told>,
}

fn locked(post: &Mutex<Post>) -> MutexGuard<'_, Post> {
    // What is in it is whole at every moment.
    post.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keeper {
    /// `drafts`: the folder for sessions without a name; `None`: they are not kept.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(wake: Wake, drafts: Option<PathBuf>) -> std::io::Result<Self> {
        let post = Arc::new((Mutex::new(Post::default()), Condvar::new()));
        let (tx, told) = channel();
        let theirs = Arc::clone(&post);
        std::thread::Builder::new().name("sessions".to_owned()).spawn(move || {
            let _done = Done(&theirs);
            let mut desk = Desk { drafts, kept: Vec::new(), out: tx, wake };
            loop {
                let order = {
                    let mut post = locked(&theirs.0);
                    loop {
                        match post.orders.pop_front() {
                            Some(order) => break order,
                            None if post.closed => break Order::Finish,
                            None => {
                                post = theirs.1.wait(post).unwrap_or_else(PoisonError::into_inner);
                            }
                        }
                    }
                };
                if matches!(order, Order::Finish) {
                    desk.kept.iter_mut().for_each(Kept::draw_the_last);
                    return;
                }
                desk.carry_out(order);
            }
        })?;
        Ok(Self { post, told })
    }

    /// Hands something over. Never waits.
    pub fn give(&self, order: Order) {
        let mut post = locked(&self.post.0);
        if let Order::Write(new) = &order {
            let waits =
                |old: &Order| matches!(old, Order::Write(old) if old.session == new.session);
            // What stands between is not overtaken.
            let _older = post.orders.pop_back_if(|last| waits(last));
        }
        post.orders.push_back(order);
        self.post.1.notify_all();
    }

    /// The thread has ended: nothing that is handed over will be written.
    pub fn has_stopped(&self) -> bool {
        locked(&self.post.0).done
    }

    /// What has happened, once.
    pub fn poll(&self) -> Option<Told> {
        self.told.try_recv().ok()
    }
}

/// What was handed over is written before the program ends.
impl Drop for Keeper {
    fn drop(&mut self) {
        let mut post = locked(&self.post.0);
        post.closed = true;
        self.post.1.notify_all();
        let _ended = self.post.1.wait_timeout_while(post, PATIENCE, |post| !post.done);
    }
}

struct Done<'a>(&'a (Mutex<Post>, Condvar));

impl Drop for Done<'_> {
    fn drop(&mut self) {
        locked(&self.0.0).done = true;
        self.0.1.notify_all();
    }
}

/// The answer that somebody waits for, whatever happens on the way to it.
#[derive(Clone, Copy)]
pub(super) enum Owed {
    Write { session: SessionId, mark: u64 },
    Move(SessionId),
    Other,
}

impl Owed {
    fn by(order: &Order) -> Self {
        match order {
            Order::Write(letter) => Self::Write { session: letter.session, mark: letter.mark },
            Order::Move(_, letter) => Self::Move(letter.session),
            _ => Self::Other,
        }
    }

    /// What the work comes to; if it panics, that it has failed. A session's file is as it was then, and what is known
    /// of it too (an unfinished transaction is taken back): the next letter is tried.
    pub(super) fn or_failed(self, work: impl FnOnce() -> Option<Told>) -> Option<Told> {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        caught.unwrap_or_else(|_| {
            let why =
                mark("the program has a fault, please report it; it is tried again").to_owned();
            let short = mark("a fault of the program");
            match self {
                Self::Write { session, mark } => {
                    Some(Told::Failed { session, mark, why, short, aside: None })
                }
                Self::Move(session) => Some(Told::NotMoved { session, why }),
                Self::Other => Some(Told::Ended),
            }
        })
    }
}

/// The thread's end.
struct Desk {
    drafts: Option<PathBuf>,
    kept: Vec<Kept>,
    out: Sender<Told>,
    wake: Wake,
}

/// A session that is open.
struct Kept {
    session: SessionId,
    beginning: KeptFrom,
    /// A draft in which it is kept while it can't be where the user wants it.
    aside: Option<SessionFile>,
    drawn: Option<Instant>,
    /// The picture is not of what was written last, but would be of this.
    undrawn: Option<Backdrop>,
    /// As it was written last, or was to be.
    last: Option<Box<Snapshot>>,
}

impl Desk {
    fn carry_out(&mut self, order: Order) {
        let owed = Owed::by(&order);
        if let Some(told) = owed.or_failed(|| self.come_to(order)) {
            // The window may be gone.
            let _ = self.out.send(told);
            (self.wake)();
        }
    }

    /// What an order comes to.
    fn come_to(&mut self, order: Order) -> Option<Told> {
        match order {
            Order::Begin(session, beginning) => {
                let (drawn, undrawn, last) = (None, None, None);
                let mut beginning = *beginning;
                let aside = beginning.aside.take().map(|file| *file);
                self.kept.push(Kept { session, beginning, aside, drawn, undrawn, last });
                None
            }
            Order::Write(letter) => self.write(letter),
            Order::Move(to, letter) => self.move_to(&to, letter),
            Order::Exported { session, map, table, objects } => {
                self.note_export(session, &map, table.as_deref(), &objects);
                None
            }
            Order::End { session, delete, blank } => {
                self.end(session, delete, blank);
                Some(Told::Ended)
            }
            Order::Delete(path) => Some(Told::Deleted(delete(&path))),
            Order::Finish => None,
            Order::Release(file) => {
                drop(file);
                Some(Told::Ended)
            }
        }
    }

    fn find(&mut self, session: SessionId) -> Option<(&mut Kept, Option<&Path>)> {
        let kept = self.kept.iter_mut().find(|kept| kept.session == session)?;
        Some((kept, self.drafts.as_deref()))
    }

    fn write(&mut self, letter: Letter) -> Option<Told> {
        let Letter { session, mark, .. } = letter;
        let (kept, drafts) = self.find(session)?;
        let mut snapshot = letter.snapshot;
        kept.complete(&mut snapshot, &letter.scene, letter.last);
        let result = kept.write(&snapshot, drafts);
        kept.last = Some(snapshot);
        Some(match result {
            Ok(path) => Told::Written { session, mark, path },
            Err(why) => {
                tracing::warn!("the session was not written: {why}");
                let aside = kept.aside.as_ref().map(|file| file.path().to_owned());
                let (why, short) = (why.to_string(), why.short());
                Told::Failed { session, mark, why, short, aside }
            }
        })
    }

    fn move_to(&mut self, to: &Path, letter: Letter) -> Option<Told> {
        let Letter { session, mark, .. } = letter;
        let (kept, drafts) = self.find(session)?;
        let mut snapshot = letter.snapshot;
        kept.complete(&mut snapshot, &letter.scene, true);
        let result = kept.move_to(to, &snapshot, drafts);
        kept.last = Some(snapshot);
        Some(match result {
            Ok(path) => Told::Moved { session, mark, path },
            Err(why) => Told::NotMoved { session, why },
        })
    }

    fn note_export(
        &mut self,
        session: SessionId,
        map: &Path,
        table: Option<&Path>,
        objects: &[Object],
    ) {
        let exported = file_ref(map).map(|file| Exported {
            file,
            names: table.and_then(file_ref),
            labels: labels_check_sum(objects),
        });
        if let Some((kept, _)) = self.find(session) {
            kept.beginning.exported = exported;
        }
    }

    fn end(&mut self, session: SessionId, delete: bool, blank: bool) {
        let Some(at) = self.kept.iter().position(|kept| kept.session == session) else { return };
        let mut kept = self.kept.remove(at);
        if !delete && !blank {
            kept.draw_the_last();
        }
        let Kept { mut beginning, aside, .. } = kept;
        if let Some(file) = beginning.file.take_if(|_| blank)
            && let Err(why) = file.delete()
        {
            tracing::warn!("a session in which nothing was done stays: {why}");
        }
        let drafts = beginning.file.filter(|_| !beginning.named).map(|file| *file);
        for draft in drafts.into_iter().chain(aside) {
            let path = draft.path().to_owned();
            drop(draft);
            if delete && let Err(why) = std::fs::remove_file(&path) {
                tracing::warn!("a draft can't be deleted: {why}: {}", path.display());
            }
        }
    }
}

impl Kept {
    /// Puts in what is known on this thread only.
    fn complete(&mut self, snapshot: &mut Snapshot, scene: &Backdrop, last: bool) {
        if last || self.drawn.is_none_or(|at| at.elapsed() >= PICTURES) {
            self.draw(snapshot, scene);
        } else {
            self.undrawn = Some(scene.clone());
        }
        snapshot.around.picture.clone_from(&self.beginning.picture);
        snapshot.around.exported.clone_from(&self.beginning.exported);
        CopyMark::put(&mut snapshot.around.view, self.beginning.copy_of.as_ref());
    }

    fn draw(&mut self, snapshot: &Snapshot, scene: &Backdrop) {
        self.undrawn = None;
        // Work is not lost for a picture.
        let png =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| png_of(snapshot, scene)));
        if let Ok(Some(png)) = png {
            self.drawn = Some(Instant::now());
            self.beginning.picture = Some(png.into());
        }
    }

    /// Nothing follows: the picture is to be of what there is in the end.
    fn draw_the_last(&mut self) {
        let Some((mut snapshot, scene)) = self.last.take().zip(self.undrawn.take()) else {
            return;
        };
        self.draw(&snapshot, &scene);
        snapshot.around.picture.clone_from(&self.beginning.picture);
        if let Some(file) = &mut self.beginning.file
            && let Err(why) = file.write(&snapshot)
        {
            tracing::warn!("the picture was not written: {why}");
        }
    }

    /// Writes it; where it is then.
    fn write(
        &mut self,
        snapshot: &Snapshot,
        drafts: Option<&Path>,
    ) -> Result<PathBuf, SessionError> {
        let Some(file) = &mut self.beginning.file else {
            let file = self.new_draft(snapshot, drafts)?;
            let path = file.path().to_owned();
            self.beginning.file = Some(Box::new(file));
            return Ok(path);
        };
        match file.write(snapshot) {
            Ok(_) => {
                let path = file.path().to_owned();
                if let Some(aside) = self.aside.take() {
                    let path = aside.path().to_owned();
                    drop(aside);
                    // It is where it belongs now.
                    let _ = std::fs::remove_file(path);
                }
                Ok(path)
            }
            Err(why) if self.beginning.named => {
                if let Err(why) = self.write_aside(snapshot, drafts) {
                    tracing::warn!("nor was it written as a draft: {why}");
                }
                Err(why)
            }
            // What lies there now is somebody else's: it goes on beside it.
            Err(
                SessionError::Replaced(_)
                | SessionError::WrittenElsewhere(_)
                | SessionError::Held { .. },
            ) => {
                let file = self.new_draft(snapshot, drafts)?;
                let path = file.path().to_owned();
                self.beginning.file = Some(Box::new(file));
                Ok(path)
            }
            Err(why) => Err(why),
        }
    }

    fn write_aside(
        &mut self,
        snapshot: &Snapshot,
        drafts: Option<&Path>,
    ) -> Result<(), SessionError> {
        let mut copy = snapshot.clone();
        let mark = self.beginning.file.as_ref();
        let mark = mark.map(|file| CopyMark::new(file.path(), file.last_write(), true));
        CopyMark::put(&mut copy.around.view, mark.as_ref());
        if let Some(aside) = &mut self.aside {
            aside.write(&copy)?;
        } else if drafts.is_some() {
            self.aside = Some(self.new_draft(&copy, drafts)?);
        }
        Ok(())
    }

    fn new_draft(
        &self,
        snapshot: &Snapshot,
        drafts: Option<&Path>,
    ) -> Result<SessionFile, SessionError> {
        let folder = drafts.unwrap_or(Path::new(""));
        folder::make(folder).map_err(|source| SessionError::Io {
            doing: "the folder for drafts can't be made",
            source,
            path: folder.to_owned(),
        })?;
        let path = folder::free_name(folder, &self.beginning.stem, now_ms());
        self.copy_to(&path, snapshot)
    }

    fn copy_to(&self, path: &Path, snapshot: &Snapshot) -> Result<SessionFile, SessionError> {
        match &self.beginning.file {
            Some(file) => file.copy(path, snapshot),
            None => SessionFile::create(path, snapshot, &self.beginning.past),
        }
    }

    /// Makes another file the session's; where it is then.
    fn move_to(
        &mut self,
        to: &Path,
        snapshot: &Snapshot,
        drafts: Option<&Path>,
    ) -> Result<PathBuf, String> {
        let said = |why: SessionError| why.to_string();
        let its_own = self.beginning.file.as_ref().is_some_and(|file| same_file(file.path(), to));
        if its_own && self.beginning.named {
            return self.write(snapshot, drafts).map_err(said);
        }
        if drafts.is_some_and(|folder| is_in(to, folder)) {
            let text = mark(
                "drafts are kept in this folder, and deleted when they are discarded: choose another folder: {path}",
            );
            return Err(text.replace("{path}", &to.display().to_string()));
        }
        let before = set_aside(to)?;
        let mut named = snapshot.clone();
        CopyMark::put(&mut named.around.view, None);
        let file = match self.copy_to(to, &named) {
            Ok(file) => file,
            Err(why) => {
                if let Some(before) = before
                    && let Err(why) = std::fs::rename(&before, to)
                {
                    tracing::warn!(
                        "the old session stays where it is: {why}: {}",
                        before.display()
                    );
                }
                return Err(why.to_string());
            }
        };
        // The user was asked, and the new one is on the disk.
        if let Some(before) = before {
            let _ = std::fs::remove_file(before);
        }
        let path = file.path().to_owned();
        let old = self.beginning.file.replace(Box::new(file));
        let drafts = old.filter(|_| !self.beginning.named).map(|file| *file);
        (self.beginning.named, self.beginning.copy_of) = (true, None);
        for draft in drafts.into_iter().chain(self.aside.take()) {
            let path = draft.path().to_owned();
            drop(draft);
            let _ = std::fs::remove_file(path);
        }
        Ok(path)
    }
}

/// Moves a session that is to be replaced out of the way; where to. Nothing else is replaced, and nothing that somebody
/// works on.
fn set_aside(path: &Path) -> Result<Option<PathBuf>, String> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let opened = SessionFile::open(path, false).map_err(|why| why.to_string())?;
    let held = opened.file.map_err(|why| format!("{why}: {}", path.display()))?;
    drop(held);
    let aside = free_name_beside(path)
        .ok_or_else(|| format!("no name is free beside the old session: {}", path.display()))?;
    let moved = std::fs::rename(path, &aside);
    moved.map_err(|why| format!("the old session can't be replaced: {why}: {}", path.display()))?;
    Ok(Some(aside))
}

/// A name that no file has: `case (replaced).voxpoint`. It is shown and opened like any session: should the program end
/// before the new one is there, that is where the old one is.
fn free_name_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    let stem = name.strip_suffix(ENDING).unwrap_or(&name);
    let mut names = (1..1000).map(|n| match n {
        1 => path.with_file_name(format!("{stem} (replaced){ENDING}")),
        n => path.with_file_name(format!("{stem} (replaced {n}){ENDING}")),
    });
    names.find(|name| name.symlink_metadata().is_err())
}

/// Whether a file lies, or would lie, in a folder.
fn is_in(path: &Path, folder: &Path) -> bool {
    path.parent().is_some_and(|parent| same_file(parent, folder))
}

/// Deletes a draft, unless somebody has it.
fn delete(path: &Path) -> Result<(), String> {
    let at = path.display();
    if let Ok(opened) = SessionFile::open(path, false)
        && let Err(why @ crate::session::ReadOnly::Held(_)) = &opened.file
    {
        return Err(format!("{why}: {at}"));
    }
    match std::fs::remove_file(path) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(format!("{why}: {at}")),
        _ => Ok(()),
    }
}

/// A file as it is now; `None` if it can't be read.
pub fn file_ref(path: &Path) -> Option<FileRef> {
    let absolute = std::path::absolute(path).ok()?;
    let (sha256, bytes) = Hash::of_file(&absolute, &CancelToken::new()).ok()??;
    Some(FileRef { absolute, relative: None, bytes, sha256: Some(sha256) })
}
