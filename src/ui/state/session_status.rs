//! What the window shows of sessions: how the open one is kept, drafts that can be gone on with, and questions.

use std::path::PathBuf;
use std::sync::Arc;

use super::work_list::CaseMark;

/// How the work on the open scan is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionStatus {
    /// The session's name; `None`: it is a draft.
    pub name: Option<String>,
    /// What it is a copy of, if it is one, or will be with the first change.
    pub copy_of: Option<CopyStatus>,
    /// Whether it is on the disk.
    pub state: SessionState,
    /// How far the work on the scan is, as its annotator says.
    pub case: CaseMark,
    /// Where its scan is.
    pub scan: ScanPlace,
}

/// Where the scan of the open session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanPlace {
    /// In its file.
    File,
    /// There, and its voxels are in the session too.
    Both,
    /// Its voxels come from the session: its file was not found, or is another one.
    Session,
    /// It was not found; the masks are open alone.
    Nowhere,
}

/// Whether the scan's voxels are to be in a session that is saved elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanWish {
    /// If they are in it now.
    AsItIs,
    /// In any case.
    With,
    /// In no case: its file is there.
    Without,
}

/// Whether the scan's voxels are to go into the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithScan {
    /// The scan's name.
    pub name: String,
    /// What its voxels take in memory.
    pub bytes: u64,
    /// About what they will take in the session, once that is known.
    pub estimated: Option<u64>,
    /// Files of labels may name its images.
    pub is_dicom: bool,
    /// How many images lie over it.
    pub overlays: usize,
}

/// Of what the work on the open scan is a copy, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyStatus {
    /// The name of the session.
    pub name: String,
    /// Why that is not written, in the language in use.
    pub why: String,
    /// What can be done about it, in the language in use; empty if there is nothing.
    pub advice: String,
}

/// What was done in the open draft before it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierWork {
    /// In so many sittings.
    pub sittings: usize,
    /// When the first began: milliseconds since 1970, UTC.
    pub since_ms: i64,
}

/// Whether a session is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Nothing was done yet that is worth keeping.
    Untouched,
    /// It is about to be written for the first time.
    Saving,
    /// All but what was done in the last two seconds.
    Saved,
    /// It can't be written.
    Failed {
        /// Why, in a whole sentence: what, where, what to do.
        why: String,
        /// Why, in a few words.
        short: &'static str,
        /// The draft in which it is instead.
        aside: Option<PathBuf>,
    },
    /// Nothing is heard of what is to be written; what to do, in the language in use.
    Stuck(String),
}

/// Work that was kept and can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftCard {
    /// Where it is.
    pub path: PathBuf,
    /// The name of the scan.
    pub scan: String,
    /// When it was written last: milliseconds since 1970, UTC.
    pub written_ms: i64,
    /// How long annotating took, milliseconds.
    pub duration_ms: i64,
    /// How many objects there are.
    pub objects: usize,
    /// The masks are in a label map as they are.
    pub exported: bool,
    /// The program that has it, by its number, and the computer that that runs on if it is another: it can't be opened
    /// meanwhile.
    pub held_by: Option<(u32, Option<String>)>,
    /// The name of the session that it is a copy of, and whether it is so only because that could not be written.
    pub copy_of: Option<(String, bool)>,
    /// Not all of it can be read.
    pub damaged: bool,
    /// What it looks like.
    pub picture: Option<Arc<SmallPicture>>,
}

/// A picture, sRGB, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallPicture {
    /// Width and height.
    pub size: [usize; 2],
    /// Three bytes for each pixel.
    pub rgb: Vec<u8>,
}

/// A step of an earlier sitting: it can't be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastStep {
    /// What was done, in English.
    pub name: String,
    /// Which of the object's clicks it was done to, from 1.
    pub point: Option<usize>,
    /// What the object was called.
    pub object: Option<String>,
}

/// How much of a session's masks lies inside a scan that lies elsewhere than its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MasksInside {
    /// Inside, mL.
    pub ml: f64,
    /// In all, mL.
    pub of_ml: f64,
    /// Each voxel does.
    pub all: bool,
}

/// What has to be decided before a session is opened.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionQuestion {
    /// Somebody on another computer has it: who, and since when in milliseconds since 1970, UTC.
    Held {
        /// The session's name.
        session: String,
        /// The computer and the program there.
        holder: String,
        /// Milliseconds since 1970, UTC.
        since_ms: i64,
    },
    /// There is newer work on it in a draft, because it could not be written then.
    Newer {
        /// The session's name.
        session: String,
        /// When that was written: milliseconds since 1970, UTC.
        written_ms: i64,
        /// How many objects there are in it.
        objects: usize,
    },
    /// A list of cases names it for another scan than its own.
    OfAnother {
        /// The session's name.
        session: String,
        /// The scan that the list names.
        wanted: String,
        /// The scan that the session is about.
        own: String,
    },
    /// Its scan is not where it was.
    Missing {
        /// The scan's name.
        scan: String,
        /// Where it was.
        path: PathBuf,
    },
    /// What lies where its scan was, or was chosen, can't be read.
    Unreadable {
        /// The scan's name.
        scan: String,
        /// Which file.
        path: PathBuf,
        /// Why, in the language in use.
        why: String,
    },
    /// It can't be known whether the file is the scan.
    Unknown {
        /// The scan's name.
        scan: String,
        /// Which file.
        path: PathBuf,
    },
    /// Another file lies where its scan was, or was chosen.
    Changed {
        /// The scan's name.
        scan: String,
        /// Which file.
        path: PathBuf,
        /// How much of the masks lies in it; `None`: its voxels lie where those of the scan did.
        inside: Option<MasksInside>,
    },
}

/// What the user says to a [`SessionQuestion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionAnswer {
    /// It is not opened.
    Cancel,
    /// Look for the scan's file.
    Find,
    /// Look for the folder that is the scan.
    FindFolder,
    /// Open it without the scan.
    MasksAlone,
    /// The file is taken although it is another one: for work of its own, if that is known.
    AllTheSame,
    /// The masks go onto this scan by their place in the patient.
    ByPlace,
    /// It is opened to be read; changes go into a copy.
    ReadOnly,
    /// It is taken from whoever has it.
    TakeOver,
    /// The newer work is gone on with.
    TakeNewer,
    /// The session is opened as it is; the newer work stays a draft.
    AsItIs,
}

/// The answers before work is given up that is in no label map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveAnswer {
    /// Nothing is given up.
    Stay,
    /// The mask is saved first.
    Save,
    /// The session is saved elsewhere first.
    SaveSession,
    /// It stays as a draft, to be gone on with later.
    Keep,
    /// What was done since it was opened is not wanted any more.
    Discard,
    /// Nor is what was done in its draft before.
    DiscardDraft,
}
