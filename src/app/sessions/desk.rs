//! The thread's end: carries out orders, one after another.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::SystemTime;

use super::discarded;
use super::kept::Kept;
use super::orders::{Ending, KeptFrom, Letter, Move, MoveWatch, Order, SessionId, Told};
use super::unfinished::{self, Unfinished};
use crate::document::Object;
use crate::session::{Exported, FileRef, ReadOnly, ScanPart, SessionFile, labels_check_sum};
use crate::ui::text::mark;
use crate::work::Wake;

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
            Order::Move(order) => Self::Move(order.letter.session),
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

pub struct Desk {
    drafts: Option<PathBuf>,
    kept: Vec<Kept>,
    out: Sender<Told>,
    wake: Wake,
}

impl Desk {
    pub fn new(drafts: Option<PathBuf>, out: Sender<Told>, wake: Wake) -> Self {
        if let Some(drafts) = &drafts {
            discarded::clear(drafts, SystemTime::now());
            unfinished::clear(drafts);
        }
        Self { drafts, kept: Vec::new(), out, wake }
    }

    /// The program ends.
    pub fn finish(mut self) {
        self.kept.iter_mut().for_each(Kept::draw_the_last);
    }

    pub fn carry_out(&mut self, order: Order) {
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
                self.begin(session, *beginning);
                None
            }
            Order::Write(letter) => self.write(letter),
            Order::Move(order) => self.move_to(*order),
            Order::Exported { session, files, objects } => {
                self.note_export(session, files, &objects);
                None
            }
            Order::End { session, ending, blank } => Some(self.end(session, ending, blank)),
            Order::Discard(path) => Some(Told::Discarded(discard(&path))),
            Order::Finish => None,
            Order::Release(file) => {
                drop(file);
                Some(Told::Ended)
            }
        }
    }

    fn begin(&mut self, session: SessionId, beginning: KeptFrom) {
        self.kept.push(Kept::new(session, beginning));
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
            Ok(path) => {
                let (has_scan, without_locks) = (kept.has_scan(), kept.is_without_locks());
                Told::Written { session, mark, path, has_scan, without_locks }
            }
            Err(why) => {
                tracing::warn!("the session was not written: {why}");
                let aside = kept.aside().map(Path::to_owned);
                let (why, short) = (why.to_string(), why.short());
                Told::Failed { session, mark, why, short, aside }
            }
        })
    }

    fn move_to(&mut self, order: Move) -> Option<Told> {
        let Move { to, letter, wish, scan, watch } = order;
        let Letter { session, mark, .. } = letter;
        let (kept, drafts) = self.find(session)?;
        let mut snapshot = letter.snapshot;
        kept.complete(&mut snapshot, &letter.scene, true);
        let MoveWatch { cancel, progress } = &watch;
        let part = ScanPart { volume: scan.as_deref(), cancel, progress };
        let note = Unfinished::at(&to, drafts);
        let result = kept.move_to(&to, &snapshot, drafts, (part, wish));
        drop(note);
        kept.last = Some(snapshot);
        let (has_scan, without_locks) = (kept.has_scan(), kept.is_without_locks());
        Some(match result {
            Ok(path) => Told::Moved { session, mark, path, has_scan, without_locks },
            Err(why) => Told::NotMoved { session, why },
        })
    }

    fn note_export(
        &mut self,
        session: SessionId,
        files: Option<(FileRef, Option<FileRef>)>,
        objects: &[Object],
    ) {
        if let Some((kept, _)) = self.find(session) {
            kept.exported(files.map(|(file, names)| Exported {
                file,
                names,
                labels: labels_check_sum(objects),
            }));
        }
    }

    fn end(&mut self, session: SessionId, ending: Ending, blank: bool) -> Told {
        let Some(at) = self.kept.iter().position(|kept| kept.session == session) else {
            return Told::Ended;
        };
        let mut kept = self.kept.remove(at);
        if blank && let Err(why) = kept.delete_blank() {
            tracing::warn!("a session in which nothing was done stays: {why}");
        }
        match kept.end(ending) {
            Ok(None) => Told::Ended,
            Ok(Some(path)) => Told::Discarded(Ok(path)),
            Err(why) => Told::Discarded(Err(why)),
        }
    }
}

/// Puts a draft away, unless somebody has it.
fn discard(path: &Path) -> Result<PathBuf, String> {
    let at = path.display();
    if let Ok(opened) = SessionFile::open(path, false)
        && let Err(why @ ReadOnly::Held(_)) = &opened.file
    {
        return Err(format!("{why}: {at}"));
    }
    discarded::put_away(path).map_err(|why| format!("{why}: {at}"))
}
