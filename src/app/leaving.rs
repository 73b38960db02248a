//! Giving up the open document, for another one, for none, or because the window closes: never without asking while
//! there is unsaved work.

use super::App;
use super::files::Loaded;
use super::sessions::{Ending, Ready};
use crate::document::Document;
use crate::ui::LeaveAnswer;
use crate::ui::text::tr_with;

/// What gives up the open document.
pub(super) enum Leave {
    /// The window closes.
    Close,
    /// The scan goes, the window stays.
    CloseScan,
    /// Another scan takes its place.
    Show(Box<Loaded>),
    /// The document of a session does.
    Continue(Box<Ready>),
}

/// How far it is.
#[derive(Default)]
pub(super) enum Leaving {
    /// Nobody wants to leave.
    #[default]
    Staying,
    /// As soon as nothing is being written it is seen whether something would be lost.
    Wanted(Leave),
    /// "Discard unsaved work?" is asked.
    Asking(Leave),
    /// The user wants to save before.
    SavingFirst(Leave),
    /// The user has agreed to lose unsaved work, and has said which.
    Agreed(Leave, Ending),
    /// The user knows that it is in no label map, and where it is kept.
    Kept(Leave),
    /// The window closes; nothing else begins meanwhile.
    Closing,
}

/// What decides how it goes on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Circumstances {
    /// There is unsaved work.
    pub modified: bool,
    /// A label map is being written.
    pub writing: bool,
    /// It is asked where to save, or what may be replaced by it.
    pub asking: bool,
}

impl Leaving {
    /// Somebody wants to leave. What was wanted before is dropped, with what was agreed about it; that the window is to
    /// close is no other wish if it is wanted twice.
    pub fn want(&mut self, leave: Leave) {
        let decided = matches!(
            self,
            Self::SavingFirst(Leave::Close)
                | Self::Agreed(Leave::Close, _)
                | Self::Kept(Leave::Close)
        );
        let again = decided && matches!(leave, Leave::Close);
        if !self.is_closing() && !again {
            *self = Self::Wanted(leave);
        }
    }

    /// The answer is: stay.
    pub fn stay(&mut self) {
        if !self.is_closing() {
            *self = Self::Staying;
        }
    }

    /// The answer is: discard unsaved work.
    pub fn agree(&mut self, ending: Ending) {
        *self = match std::mem::take(self) {
            Self::Asking(leave) => Self::Agreed(leave, ending),
            other => other,
        };
    }

    /// The answer is: it is kept elsewhere.
    pub fn keep(&mut self) {
        *self = match std::mem::take(self) {
            Self::Asking(leave) => Self::Kept(leave),
            other => other,
        };
    }

    /// What becomes of what was kept, as the user has agreed.
    pub fn ending(&self) -> Ending {
        match self {
            Self::Agreed(_, ending) => *ending,
            _ => Ending::Keep,
        }
    }

    /// The answer is: save, then leave. Whether it was the answer to a question.
    pub fn save_first(&mut self) -> bool {
        *self = match std::mem::take(self) {
            Self::Asking(leave) => Self::SavingFirst(leave),
            other => other,
        };
        matches!(self, Self::SavingFirst(_))
    }

    /// The labels were saved. Should there be more unsaved work by now, it is asked about anew.
    pub fn saved(&mut self) {
        *self = match std::mem::take(self) {
            Self::SavingFirst(leave) => Self::Wanted(leave),
            other => other,
        };
    }

    /// The window that was to close is gone, and there is another one, which is to close too.
    pub fn reopened(&mut self) {
        if self.is_closing() {
            *self = Self::Kept(Leave::Close);
        }
    }

    /// Goes on; what is to be done now, once.
    pub fn step(&mut self, now: Circumstances) -> Option<Leave> {
        if now.writing {
            return None;
        }
        match std::mem::take(self) {
            Self::Wanted(leave) | Self::Asking(leave) if now.modified => {
                *self = Self::Asking(leave);
                None
            }
            Self::SavingFirst(leave) if now.modified && now.asking => {
                *self = Self::SavingFirst(leave);
                None
            }
            // It was not saved after all: everything stays as it is.
            Self::SavingFirst(_) if now.modified => None,
            Self::Wanted(leave)
            | Self::Asking(leave)
            | Self::SavingFirst(leave)
            | Self::Kept(leave)
            | Self::Agreed(leave, _) => {
                if matches!(leave, Leave::Close) {
                    *self = Self::Closing;
                }
                Some(leave)
            }
            other => {
                *self = other;
                None
            }
        }
    }

    /// Whether "discard unsaved work?" is to be asked.
    pub fn asks(&self) -> bool {
        matches!(self, Self::Asking(_))
    }

    /// Whether the window closes.
    pub fn is_closing(&self) -> bool {
        matches!(self, Self::Closing)
    }

    /// Whether the document of a session is to take the place of the open one.
    pub fn continues(&self) -> bool {
        match self {
            Self::Staying | Self::Closing => false,
            Self::Wanted(leave)
            | Self::Asking(leave)
            | Self::SavingFirst(leave)
            | Self::Agreed(leave, _)
            | Self::Kept(leave) => matches!(leave, Leave::Continue(_)),
        }
    }

    /// Whether the document may be gone soon, so that nothing is to be begun for it.
    pub fn is_under_way(&self) -> bool {
        !matches!(self, Self::Staying)
    }
}

impl App {
    /// Makes a scan the open document, once nothing is lost by it or the user agrees to that.
    pub(super) fn replace(&mut self, loaded: Box<Loaded>) {
        self.take_the_place(Leave::Show(loaded));
    }

    /// Makes the document of a session the open one, likewise.
    pub(super) fn go_on_with(&mut self, ready: Box<Ready>) {
        self.take_the_place(Leave::Continue(ready));
    }

    /// Gives up the open document, if there is one, for another.
    fn take_the_place(&mut self, leave: Leave) {
        if self.open.is_some() {
            self.leaving.want(leave);
        } else {
            self.do_leave(leave);
        }
    }

    /// The answer to what is to become of unsaved work.
    pub(super) fn answer_leave(&mut self, answer: LeaveAnswer) {
        match answer {
            LeaveAnswer::Stay => self.leaving.stay(),
            LeaveAnswer::Discard => {
                let earlier = self.sessions.earlier().is_some();
                self.leaving.agree(if earlier { Ending::TakeBack } else { Ending::Discard });
            }
            LeaveAnswer::DiscardDraft => self.leaving.agree(Ending::Discard),
            LeaveAnswer::Keep => self.leaving.keep(),
            LeaveAnswer::SaveSession => {
                if self.leaving.save_first() {
                    self.ask_save_session();
                }
            }
            LeaveAnswer::Save => {
                if self.leaving.save_first() {
                    self.save_again();
                }
            }
        }
        self.status.ask_discard = self.leaving.asks();
    }

    /// Goes on with what gives up the document, once nothing is being written and nothing would be lost that the
    /// user has not agreed to lose.
    pub(super) fn leave_when_saved(&mut self, ctx: &egui::Context) {
        let ending = self.leaving.ending();
        let discards = ending != Ending::Keep;
        if self.leaving.is_under_way() && !self.leaving.is_closing() && !discards {
            self.hand_over(true);
        }
        // Measures are in no label map: without a session they would be gone.
        let measured = |d: &Document| !d.measurements().is_empty() && d.can_undo().is_some();
        // Each in a file of its own they are in files all the same.
        let in_files = self.open.as_ref().is_some_and(|o| o.in_files_of_their_own().is_some());
        let masks = |d: &Document| d.is_modified() && !in_files;
        let lost = |d: &Document| masks(d) || self.keeps_nothing() && measured(d);
        let unexported = self.document().is_some_and(lost);
        // From case to case nobody is asked: a draft stays, and it is told.
        let by_list = self.leaving.continues() && self.is_between_cases();
        let sessions = &self.sessions;
        let as_draft = by_list && unexported && !sessions.is_kept_by_name();
        let as_draft = as_draft && sessions.can_be_gone_on_with();
        let failed = sessions.has_failed();
        let unchanged = self.open.as_ref().is_some_and(|open| sessions.is_unchanged(open));
        let stays = sessions.is_kept_by_name() || unchanged;
        let leave = self.leaving.step(Circumstances {
            modified: unexported && !stays && !as_draft || failed,
            writing: self.files.is_saving()
                || self.meshes.is_busy()
                || !discards && !sessions.is_settled(),
            asking: self.files.is_asking() || self.meshes.is_asking(),
        });
        if self.leaving.is_under_way() && !self.sessions.is_settled() {
            // Also if nothing is ever heard of the write.
            ctx.request_repaint_after(std::time::Duration::from_secs(1));
        }
        self.status.ask_discard = self.leaving.asks();
        self.status.can_keep = sessions.can_be_gone_on_with();
        self.status.earlier = sessions.earlier();
        let older = self.open.as_ref().filter(|open| open.document.is_modified());
        self.status.older_mask = older.and_then(|open| open.saved_to.clone());
        match leave {
            Some(Leave::Close) => {
                self.sessions.end(ending);
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
            Some(leave) => {
                self.sessions.end(ending);
                let left = self.document().map(|d| d.image().name().to_owned());
                self.do_leave(leave);
                if let Some(name) = left.filter(|_| as_draft) {
                    self.toasts.info(tr_with(
                        "The work on {name} is kept as a draft: opening its scan offers it",
                        &[("name", &name)],
                    ));
                }
            }
            None => {}
        }
    }

    fn do_leave(&mut self, leave: Leave) {
        match leave {
            Leave::Close => {}
            Leave::CloseScan => self.close_scan(),
            Leave::Show(loaded) => self.show(*loaded),
            Leave::Continue(ready) => self.take_up(*ready),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens, one after another.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Want(&'static str),
        Stay,
        Agree,
        Keep,
        SaveFirst,
        Saved,
        Reopened,
        /// A step with unsaved work, and nothing going on.
        Modified,
        /// A step with nothing to lose.
        Clean,
        /// A step with unsaved work, which is being written.
        Writing,
        /// A step with unsaved work, and a question where to save it.
        AskingWhere,
    }

    fn leave(name: &str) -> Leave {
        match name {
            "close" => Leave::Close,
            "close scan" => Leave::CloseScan,
            _ => Leave::Show(Box::new(scan())),
        }
    }

    fn scan() -> Loaded {
        use crate::geom::{DAffine3, Grid};
        use crate::volume::{Histogram, Scale, StoredGeometry, Volume, Voxels};
        let grid = Grid::new([1; 3], DAffine3::IDENTITY).unwrap();
        let stored = StoredGeometry::of(&grid);
        let voxels = Voxels::U8(vec![1]);
        let volume = Volume::new("next", grid, vec![1; 3], voxels, Scale::NONE, stored, vec![]);
        let stats = volume.stats();
        let histogram = Histogram::of(&volume, &stats, 2);
        Loaded { volume: volume.into(), path: "next".into(), stats, histogram, only_labels: false }
    }

    fn name(leave: &Leave) -> &'static str {
        match leave {
            Leave::Close => "close",
            Leave::CloseScan => "close scan",
            Leave::Show(_) => "show",
            Leave::Continue(_) => "continue",
        }
    }

    fn state(leaving: &Leaving) -> String {
        match leaving {
            Leaving::Staying => "staying".into(),
            Leaving::Wanted(leave) => format!("wants to {}", name(leave)),
            Leaving::Asking(leave) => format!("asks to {}", name(leave)),
            Leaving::SavingFirst(leave) => format!("saves to {}", name(leave)),
            Leaving::Agreed(leave, _) => format!("agreed to {}", name(leave)),
            Leaving::Kept(leave) => format!("keeps to {}", name(leave)),
            Leaving::Closing => "closing".into(),
        }
    }

    #[test]
    // A table.
    #[allow(clippy::too_many_lines)]
    fn from_the_wish_to_the_deed() {
        use Event::*;
        for (what, events, done, ends) in [
            ("nothing happens", &[Modified, Clean, Writing][..], &[][..], "staying"),
            ("nothing to lose", &[Want("close scan"), Clean], &["close scan"], "staying"),
            ("it asks", &[Want("close"), Modified, Modified], &[], "asks to close"),
            ("it waits for a save", &[Want("show"), Writing, Writing], &[], "wants to show"),
            ("that save was all", &[Want("show"), Writing, Clean], &["show"], "staying"),
            ("that save failed", &[Want("show"), Writing, Modified], &[], "asks to show"),
            ("stay", &[Want("close"), Modified, Stay, Modified], &[], "staying"),
            ("discard", &[Want("show"), Modified, Agree, Modified], &["show"], "staying"),
            (
                "discard, but a save is still being written",
                &[Want("show"), Modified, Agree, Writing],
                &[],
                "agreed to show",
            ),
            (
                "saved meanwhile by its key",
                &[Want("close scan"), Modified, Writing, Saved, Clean],
                &["close scan"],
                "staying",
            ),
            (
                "saves first",
                &[Want("close"), Modified, SaveFirst, Writing, Saved, Clean],
                &["close"],
                "closing",
            ),
            (
                "saves first, where to?",
                &[Want("close"), Modified, SaveFirst, AskingWhere, AskingWhere],
                &[],
                "saves to close",
            ),
            (
                "saves first, and the dialog is called off",
                &[Want("close"), Modified, SaveFirst, AskingWhere, Modified],
                &[],
                "staying",
            ),
            (
                "saves first, and the save fails",
                &[Want("close"), Modified, SaveFirst, Writing, Modified, Modified],
                &[],
                "staying",
            ),
            (
                "saves first, and there is more work by then",
                &[Want("close"), Modified, SaveFirst, Writing, Saved, Modified],
                &[],
                "asks to close",
            ),
            (
                "another scan arrives while it asks",
                &[Want("close scan"), Modified, Want("show"), Modified],
                &[],
                "asks to show",
            ),
            (
                "another scan arrives after it was agreed to close: that was no word about the scan",
                &[Want("close scan"), Modified, Agree, Want("show"), Modified],
                &[],
                "asks to show",
            ),
            (
                "it is to close once more after it was agreed to discard: that holds",
                &[Want("close"), Modified, Agree, Want("close"), Modified],
                &["close"],
                "closing",
            ),
            (
                "another scan arrives while it saves",
                &[Want("close scan"), Modified, SaveFirst, Want("show"), Writing, Saved, Clean],
                &["show"],
                "staying",
            ),
            (
                "the window is closed while it asks about another scan",
                &[Want("show"), Modified, Want("close"), Modified],
                &[],
                "asks to close",
            ),
            (
                "nothing begins while the window closes",
                &[Want("close"), Clean, Want("show"), Stay, Modified],
                &["close"],
                "closing",
            ),
            (
                "the window that closes is lost: the next one closes too, without another word",
                &[Want("close"), Modified, Agree, Modified, Reopened, Modified],
                &["close", "close"],
                "closing",
            ),
            (
                "the window is lost while it asks: the next one asks",
                &[Want("close"), Modified, Reopened, Modified],
                &[],
                "asks to close",
            ),
            ("kept as a draft", &[Want("show"), Modified, Keep, Modified], &["show"], "staying"),
            (
                "kept as a draft, once that is written",
                &[Want("close"), Modified, Keep, Writing, Writing, Modified],
                &["close"],
                "closing",
            ),
            (
                "another scan arrives after it was kept: it is asked about anew",
                &[Want("close scan"), Modified, Keep, Want("show"), Modified],
                &[],
                "asks to show",
            ),
            (
                "answers to no question",
                &[Agree, Keep, SaveFirst, Saved, Stay, Modified],
                &[],
                "staying",
            ),
            ("agreed before it was asked", &[Want("show"), Agree, Modified], &[], "asks to show"),
        ] {
            let mut leaving = Leaving::default();
            let mut deeds = Vec::new();
            let [modified, writing, asking] = [true; 3];
            for event in events {
                let step = match *event {
                    Want(what) => {
                        leaving.want(leave(what));
                        continue;
                    }
                    Stay => {
                        leaving.stay();
                        continue;
                    }
                    Agree => {
                        leaving.agree(Ending::Discard);
                        continue;
                    }
                    Keep => {
                        leaving.keep();
                        continue;
                    }
                    SaveFirst => {
                        leaving.save_first();
                        continue;
                    }
                    Saved => {
                        leaving.saved();
                        continue;
                    }
                    Reopened => {
                        leaving.reopened();
                        continue;
                    }
                    Clean => Circumstances::default(),
                    Modified => Circumstances { modified, ..Circumstances::default() },
                    Writing => Circumstances { modified, writing, ..Circumstances::default() },
                    AskingWhere => Circumstances { modified, asking, ..Circumstances::default() },
                };
                deeds.extend(leaving.step(step).as_ref().map(name));
            }
            assert_eq!((deeds, state(&leaving).as_str()), (done.to_vec(), ends), "{what}");
        }
    }
}
