//! Work that is kept: every change of the open document is on the disk within two seconds, in a draft or in the session
//! that the user has named, and can be gone on with after a crash as after a month.
//!
//! - `keeper`: the thread that has the files, `desk` and `kept`: what it does there, `orders`: what it is asked;
//!   `current`: what of the open document has changed.
//! - `beginning`: a case of a list, with a session at its place; `of_case`: whether that is its.
//! - `opening`: from a file to a document, `found`: its scan, `inside`: where that is in the session, `carried`: the file on its way; `taking_up`: the document
//!   into the window; `asking`: the questions on the way.
//! - `drafts`: what can be gone on with; `folder`, `discarded`: where drafts lie; `copies`: which session a draft is a copy
//!   of.
//! - `with_scan`: saved elsewhere, with the scan in it; `unfinished`: what is left where that was broken off.
//! - `companions`: the second scan beside, and what is compared; `kept_view`, `picture`, `hashes`, `onto`: parts of that; `words`: the window's title, and what is told.

mod asking;
mod beginning;
mod carried;
mod companions;
mod copies;
mod cost;
mod current;
mod desk;
mod discarded;
mod drafts;
mod folder;
mod found;
mod hashes;
mod inside;
mod keeper;
mod kept;
mod kept_view;
mod moving;
mod of_case;
mod onto;
mod opening;
mod orders;
mod picture;
mod taking_up;
#[cfg(test)]
mod tests;
mod unfinished;
mod with_scan;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::App;
use super::files::ReferenceRead;
use super::open_document::OpenDocument;
use crate::document::{Object, StateId};
use crate::io::PairStamp;
use crate::session::{CaseState, FileRef, Hash, Past};
use crate::ui::text::tr_with;
use crate::ui::{CaseMark, CopyStatus, EarlierWork, SessionState, SessionStatus, tr_error};
use crate::work::{Task, Wake};
pub(super) use beginning::{CaseNews, CaseTools, open_case};
pub(crate) use companions::{companion_places, show_as_kept};
pub(crate) use cost::KeptWork;
use current::{Current, Trouble};
use drafts::Drafts;
pub(crate) use folder::of_the_user as folder_of_drafts;
use hashes::Hashes;
use keeper::Keeper;
use opening::{Book, Why};
pub(super) use opening::{OpeningOutcome, Ready};
pub(super) use orders::Ending;
use orders::{KeptFrom, Order, SessionId, Told};

/// All that the window has of sessions.
pub(super) struct Sessions {
    wake: Wake,
    /// The folder of drafts; `None`: nothing is kept that has no name.
    folder: Option<PathBuf>,
    keeper: Keeper,
    hashes: Hashes,
    current: Option<Current>,
    /// A session that is being read, with its name.
    opening: Option<(PathBuf, Task<OpeningOutcome>)>,
    /// A session of which something has to be decided.
    asked: Option<(Box<Book>, Why)>,
    drafts: Drafts,
    /// Drafts that were offered for the open document.
    offered: Vec<PathBuf>,
    /// Counts sessions.
    last: u64,
    /// What is being written as a label map: the state, and its objects.
    exporting: Option<(StateId, Vec<Object>)>,
    /// Whether the scan is to go into the session is being asked.
    with_scan: Option<with_scan::Asking>,
    /// It was told that a drive knows no locks.
    told_of_locks: bool,
    /// The window's title as it is.
    title: String,
}

impl Sessions {
    /// # Errors
    /// If the system gives no thread.
    pub fn start(wake: Wake, folder: Option<PathBuf>) -> std::io::Result<Self> {
        Ok(Self {
            keeper: Keeper::start(wake.clone(), folder.clone())?,
            folder,
            hashes: Hashes::new(wake.clone()),
            current: None,
            opening: None,
            asked: None,
            drafts: Drafts::new(),
            offered: Vec::new(),
            last: 0,
            exporting: None,
            with_scan: None,
            told_of_locks: false,
            title: String::new(),
            wake,
        })
    }

    /// Another folder for drafts; before any document is open.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn keep_drafts_in(&mut self, folder: Option<PathBuf>) -> std::io::Result<()> {
        self.keeper = Keeper::start(self.wake.clone(), folder.clone())?;
        self.folder = folder;
        self.drafts = Drafts::new();
        Ok(())
    }

    /// Whether a session is being read.
    pub fn is_opening(&self) -> bool {
        self.opening.is_some()
    }

    /// Whether another document may come any moment: what waits to be opened belongs to that.
    pub fn is_under_way(&self) -> bool {
        self.opening.is_some() || self.asked.is_some()
    }

    /// Whether all that was handed over is on the disk, or could not be written.
    pub fn is_settled(&self) -> bool {
        self.current.as_ref().is_none_or(|c| c.is_settled() || c.is_stuck())
    }

    /// The open document's file, once there is one.
    pub fn path(&self) -> Option<&Path> {
        self.current.as_ref()?.path.as_deref()
    }

    /// The open document is kept under a name, and all of it is on the disk.
    pub fn is_kept_by_name(&self) -> bool {
        self.current.as_ref().is_some_and(|c| c.named && c.is_written())
    }

    /// All of the open document, as it is now, is on the disk.
    pub fn kept(&self, open: &OpenDocument) -> bool {
        self.current.as_ref().is_some_and(|c| c.is_written() && c.is_up_to_date(open))
    }

    /// The last write failed: what was done since is in no session of this name.
    pub fn has_failed(&self) -> bool {
        self.current.as_ref().is_some_and(|c| c.trouble.is_some() || c.is_stuck())
    }

    /// If the open document is given up now, its draft stays, with all of it.
    pub fn can_be_gone_on_with(&self) -> bool {
        self.current.as_ref().is_some_and(|c| match &c.trouble {
            _ if c.is_stuck() => false,
            Some(trouble) => trouble.aside.is_some(),
            None => c.path.is_some(),
        })
    }

    /// Says how far the work on the open scan is. `false` if what is open is only a copy of the work.
    pub fn mark(&mut self, mark: CaseMark) -> bool {
        let Some(current) = self.current.as_mut().filter(|c| c.copy_of.is_none()) else {
            return false;
        };
        current.case_state = match mark {
            CaseMark::Open => CaseState::Open,
            CaseMark::Flagged => CaseState::Flagged,
            CaseMark::Done => CaseState::Done,
        };
        current.begun = true;
        true
    }

    /// It is known by now what is being opened.
    pub fn opening_is(&mut self, path: &Path) {
        if let Some((known, _)) = &mut self.opening
            && known != path
        {
            path.clone_into(known);
        }
    }

    /// Nothing was done since the open document was opened that would be lost if it were given up.
    pub fn is_unchanged(&self, open: &OpenDocument) -> bool {
        self.current.as_ref().is_some_and(|c| c.is_unchanged(open))
    }

    /// What was done in the open draft before it was opened.
    pub fn earlier(&self) -> Option<EarlierWork> {
        self.current.as_ref()?.earlier
    }

    fn next(&mut self) -> SessionId {
        self.last += 1;
        SessionId(self.last)
    }

    /// A scan was opened, from these files: what is done to it is kept from the first change on.
    pub fn begin(&mut self, scan: &Path, files: &[PathBuf], stem: String) {
        self.hashes.opened(scan, files);
        let id = self.next();
        let beginning = KeptFrom {
            file: None,
            aside: None,
            copy_of: None,
            named: false,
            past: Past::default(),
            exported: None,
            picture: None,
            stem,
        };
        self.keeper.give(Order::Begin(id, Box::new(beginning)));
        self.current = Some(Current::new(id, scan.to_owned()));
        self.offered.clear();
    }

    /// The open document goes.
    pub fn end(&mut self, ending: Ending) {
        self.exporting = None;
        if let Some(current) = self.current.take() {
            let blank = current.is_for_nothing();
            self.keeper.give(Order::End { session: current.id, ending, blank });
        }
    }

    /// An image was laid over the scan.
    pub fn laid_over(&mut self, volume: &Arc<crate::volume::Volume>, path: PathBuf) {
        self.hashes.opened(&path, volume.files());
        if let Some(current) = &mut self.current {
            current.laid_over(volume, path);
        }
    }

    /// A second scan is shown beside.
    pub fn shown_beside(&mut self, path: PathBuf, volume: &crate::volume::Volume) {
        self.hashes.opened(&path, volume.files());
        if let Some(current) = &mut self.current {
            current.companions.shown_beside(path, volume);
        }
    }

    /// A label map is drawn over the second scan.
    pub fn laid_over_second(&mut self, path: PathBuf, read: &ReferenceRead) {
        self.hashes.opened(&path, &read.files);
        if let Some(current) = &mut self.current {
            current.companions.laid_over_second(path, read);
        }
    }

    /// The objects are compared with a label map.
    pub fn compared_with(&mut self, path: PathBuf, read: &ReferenceRead) {
        self.hashes.opened(&path, &read.files);
        if let Some(current) = &mut self.current {
            current.companions.compared_with(path, read);
        }
    }

    /// An image over the scan is shown in another unit.
    pub fn shown_as(&mut self, old: &Arc<crate::volume::Volume>, new: &Arc<crate::volume::Volume>) {
        if let Some(current) = &mut self.current {
            current.shown_as(old, new);
        }
    }

    /// A label map of this state is being written.
    pub fn exporting(&mut self, open: &OpenDocument) {
        let mut objects = open.document.objects().to_vec();
        // What a model goes on from is large, and is not exported.
        for object in &mut objects {
            object.answer.state = None;
        }
        self.exporting = Some((open.document.masks_state(), objects));
    }

    /// It is on the disk.
    pub fn exported(&mut self, state: StateId, stamp: &PairStamp) {
        let Some((_, objects)) = self.exporting.take_if(|(known, _)| *known == state) else {
            return;
        };
        let Some(current) = &mut self.current else { return };
        current.write_again();
        // Its bytes were read when it was verified.
        let file = |path: &Path, (bytes, hash): (u64, [u8; 32])| FileRef {
            absolute: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            relative: None,
            bytes,
            sha256: Some(Hash(hash)),
        };
        let [map, table] = stamp.sums();
        let names = stamp.table_path().zip(table).map(|(path, sum)| file(path, sum));
        let files = map.map(|sum| (file(stamp.path(), sum), names));
        self.keeper.give(Order::Exported { session: current.id, files, objects });
    }
}

impl App {
    /// Keeps drafts in another folder than the user's; without one, work without a name is not kept.
    pub fn keep_drafts_in(mut self, folder: Option<PathBuf>) -> Self {
        if let Err(why) = self.sessions.keep_drafts_in(folder) {
            self.toasts.error(why.to_string());
        }
        self
    }

    /// Hands over what has changed of the open document, takes in what was written, and goes on with what is opened.
    pub(super) fn follow_sessions(&mut self, ctx: &egui::Context) {
        self.sessions.hashes.poll();
        while let Some(told) = self.sessions.keeper.poll() {
            self.hear(told);
        }
        self.watch_the_writer(ctx);
        self.follow_opening();
        let at_once = self.leaving.is_under_way();
        if let Some(wait) = self.hand_over(at_once) {
            ctx.request_repaint_after(wait);
        }
        self.follow_drafts(ctx);
        self.follow_with_scan(ctx);
        self.show_session(ctx);
    }

    /// Nobody tells that nothing is told.
    fn watch_the_writer(&mut self, ctx: &egui::Context) {
        let Sessions { current: Some(current), keeper, .. } = &mut self.sessions else { return };
        current.writer_stopped = keeper.has_stopped();
        if !current.is_settled() {
            ctx.request_repaint_after(std::time::Duration::from_secs(1));
        }
    }

    /// Whether work that has no name is kept nowhere.
    pub(super) fn keeps_nothing(&self) -> bool {
        let named = self.sessions.current.as_ref().is_some_and(|current| current.named);
        self.sessions.folder.is_none() && !named
    }

    /// Hands over what is due; when to look again.
    pub(super) fn hand_over(&mut self, at_once: bool) -> Option<std::time::Duration> {
        let Sessions { current, hashes, keeper, folder, .. } = &mut self.sessions;
        let (Some(open), Some(current)) = (&self.open, current) else { return None };
        if folder.is_none() && !current.named {
            return None;
        }
        let (letter, wait) = current.follow(open, &self.view, &self.status, hashes, at_once);
        if let Some(letter) = letter {
            keeper.give(Order::Write(letter));
        }
        wait
    }

    fn hear(&mut self, told: Told) {
        let Sessions { current, drafts, .. } = &mut self.sessions;
        match told {
            Told::Written { session, mark, path, has_scan, without_locks } => {
                self.tell_of_locks(&path, without_locks);
                let current = &mut self.sessions.current;
                if let Some(current) = mine(current, session) {
                    let is_lost = std::mem::replace(&mut current.has_scan, has_scan) && !has_scan;
                    if is_lost {
                        self.toasts.error(words::scan_lost(&path, current.own_source.is_some()));
                    }
                    current.heard(mark, Some(path), None);
                }
            }
            Told::Failed { session, mark, why, short, aside } => {
                if let Some(current) = mine(current, session) {
                    current.heard(mark, None, Some(Trouble { why, short, aside }));
                }
            }
            Told::Moved { session, mark, path, has_scan, without_locks } => {
                self.tell_of_locks(&path, without_locks);
                self.hear_of_move((session, mark), path, has_scan);
            }
            Told::NotMoved { session, why } => {
                if let Some(current) = mine(current, session) {
                    current.moving = None;
                    current.heard_of_move();
                }
                let why = tr_error(&why);
                self.toasts.error(tr_with("The session was not saved: {why}", &[("why", &why)]));
            }
            Told::Ended => drafts.look_again(),
            Told::Discarded(discarded) => {
                drafts.look_again();
                match discarded {
                    Ok(path) => self.toasts.info(words::discarded(&path)),
                    Err(why) => self.toasts.error(tr_with(
                        "Nothing was discarded: {why}",
                        &[("why", &tr_error(&why))],
                    )),
                }
            }
        }
    }

    /// A session is kept in this file from now on.
    fn hear_of_move(&mut self, (session, mark): (SessionId, u64), path: PathBuf, has_scan: bool) {
        let name = path.display().to_string();
        let mut had_scan = false;
        if let Some(current) = mine(&mut self.sessions.current, session) {
            (current.named, current.moving, current.copy_of) = (true, None, None);
            had_scan = std::mem::replace(&mut current.has_scan, has_scan);
            self.remembered.opened(path.clone().into());
            current.heard(mark, Some(path), None);
        }
        let scan = self.open.as_ref().filter(|_| had_scan && !has_scan);
        self.toasts.info(match scan {
            Some(open) => tr_with(
                "Session saved without the scan's voxels: whoever opens it needs the scan's file ({scan}). From now on every change is written into it: {name}",
                &[("scan", &open.document.image().name()), ("name", &name)],
            ),
            None => tr_with(
                "Session saved; from now on every change is written into it: {name}",
                &[("name", &name)],
            ),
        });
    }

    /// Says once that sessions lie on a drive without locks.
    fn tell_of_locks(&mut self, session: &Path, without_locks: bool) {
        if without_locks && !std::mem::replace(&mut self.sessions.told_of_locks, true) {
            self.toasts.warning(words::no_locks(session));
        }
    }

    fn show_session(&mut self, ctx: &egui::Context) {
        let status = self.open.as_ref().and(self.sessions.current.as_ref()).map(|current| {
            let name = |path: &PathBuf| super::files::name_of(path);
            SessionStatus {
                name: current.path.as_ref().filter(|_| current.named).map(name),
                copy_of: current.copy_of.as_ref().map(|c| CopyStatus {
                    name: c.name.clone(),
                    why: c.why.clone(),
                    advice: c.advice.clone(),
                }),
                case: shown_mark(current.case_state),
                scan: current.scan_place(),
                state: match (&current.trouble, &current.path) {
                    _ if current.is_stuck() => {
                        SessionState::Stuck(words::stuck(current.silent_for()))
                    }
                    (Some(Trouble { why, short, aside }), _) => {
                        let (why, aside) = (why.clone(), aside.clone());
                        SessionState::Failed { why, short, aside }
                    }
                    (None, Some(_)) => SessionState::Saved,
                    (None, None) if current.begun && self.sessions.folder.is_some() => {
                        SessionState::Saving
                    }
                    (None, None) => SessionState::Untouched,
                },
            }
        });
        self.status.session = status;
        let each = self.open.as_ref().and_then(OpenDocument::in_files_of_their_own);
        self.status.saved_each = each.map(|written| (written.folder.clone(), written.count));
        let in_files = each.is_some();
        let title = words::title(self.document(), self.status.session.as_ref(), in_files);
        if title != self.sessions.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.sessions.title = title;
        }
    }
}

/// What the annotator says of a case, for the window.
fn shown_mark(state: CaseState) -> CaseMark {
    match state {
        CaseState::Open => CaseMark::Open,
        CaseState::Flagged => CaseMark::Flagged,
        CaseState::Done => CaseMark::Done,
    }
}

/// What is kept of the open document, if it is this.
fn mine(current: &mut Option<Current>, session: SessionId) -> Option<&mut Current> {
    current.as_mut().filter(|c| c.id == session)
}

/// What was done last is written whatever ends the program. After a panic the document may be halfway through a change:
/// then what was handed over before it counts.
impl Drop for App {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.hand_over(true);
        }
    }
}
