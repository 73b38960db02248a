//! What the program is doing, for the window to show.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::agreement::AgreementStatus;
use super::comparison::{ComparisonStatus, ReferenceReading};
use super::measuring::ObjectMeasures;
use super::outline_draft::WantedWires;
use super::recent::RecentFile;
use super::robot::RobotStatus;
use super::series_question::SeriesQuestion;
use super::server::ServerStatus;
use super::session_status::{
    DraftCard, EarlierWork, PastStep, SessionQuestion, SessionStatus, WithScan,
};
use super::work_list::{ListProgress, WorkListStatus};
use crate::document::LabelId;
use crate::geom::{Direction, Orientation};
use crate::mask::live_wire::SliceWires;
use crate::mask::parts::PartsSummary;
use crate::names::NameList;
use crate::prompt::{Capabilities, PromptId};
use crate::ui::kit::text::mark;
use crate::ui::kit::toasts::Level;

/// What the app is doing and has at hand, for the UI to show. Written by the app only.
// Each is a question of its own.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// How the names of files end that can be opened: `.nii, .nii.gz`.
    pub formats: String,
    /// A file being opened or saved.
    pub opening: Option<FileProgress>,
    /// The point that was answered last, if it changed nothing of its object's mask.
    pub idle_point: Option<(LabelId, PromptId)>,
    /// The numbers of each mask, as far as they were measured.
    pub measures: HashMap<LabelId, ObjectMeasures>,
    /// How many parts each mask has, as far as they were counted.
    pub parts: HashMap<LabelId, PartsSummary>,
    /// Lists of names for objects: those that ship, and the user's own.
    pub names: Arc<Vec<NameList>>,
    /// What the window of operations is set to.
    pub operation: OperationStatus,
    /// What objects would grow to from their seeds.
    pub growth: GrowthStatus,
    /// What is known of the label map that the objects are compared with.
    pub comparison: ComparisonStatus,
    /// What is known of label maps of several raters.
    pub agreement: AgreementStatus,
    /// What a robot does that knows that label map.
    pub robot: RobotStatus,
    /// The flood that is being set up.
    pub flood: FloodStatus,
    /// The wires of the outline that is being drawn.
    pub wires: WiresStatus,
    /// ONNX Runtime.
    pub runtime: RuntimeStatus,
    /// The model.
    pub model: ModelStatus,
    /// What the model in use can do; `None` before there is one.
    pub capabilities: Option<Capabilities>,
    /// Where the model in use lies, if it is on this machine.
    pub model_path: Option<PathBuf>,
    /// Models on servers.
    pub server: ServerStatus,
    /// The models at hand, for the menu.
    pub models: Vec<ModelEntry>,
    /// A model being downloaded.
    pub download: Option<Download>,
    /// What the model is doing now.
    pub busy: Option<Busy>,
    /// What waits for the click that is being computed, in the order in which it was asked for.
    pub waiting: Vec<Waiting>,
    /// What a click under the pointer would give.
    pub preview: PreviewStatus,
    /// A threshold that was asked for and is not applied yet, in log odds.
    pub threshold: Option<(LabelId, f32)>,
    /// How long the stages of the last click took.
    pub latency: Option<Latency>,
    /// The label map on disk.
    pub save: SaveStatus,
    /// Another time point of the scan was chosen and is not wholly on the screen yet.
    pub time_point_loading: bool,
    /// A picture or a film being drawn.
    pub drawing: Option<Drawing>,
    /// Where the sample scan lies, if it does.
    pub sample: Option<PathBuf>,
    /// Files opened lately, newest first, for the welcome card.
    pub recent: Vec<RecentFile>,
    /// Files that were read and of which the user has to say whether they are a scan, an overlay or labels.
    pub offers: Vec<Offer>,
    /// Meshes being made: their file's name, with objects.
    pub exporting: Option<FileProgress>,
    /// The label map being written: its file's name, with bytes.
    pub saving: Option<FileProgress>,
    /// What happened lately, oldest first; kept up to date while the log is open.
    pub log: Arc<Vec<LogLine>>,
    /// A file dialog is waited for, or a path is being typed.
    pub asks_path: bool,
    /// What is to become of unsaved work is to be asked.
    pub ask_discard: bool,
    /// The label map that an earlier state of the open document was exported to.
    pub older_mask: Option<PathBuf>,
    /// The work on the open scan is in a draft that stays.
    pub can_keep: bool,
    /// What was done in that draft before it was opened.
    pub earlier: Option<EarlierWork>,
    /// How the work on the open scan is kept; `None` without a scan.
    pub session: Option<SessionStatus>,
    /// Drafts that can be gone on with, those that matter most first.
    pub drafts: Arc<Vec<DraftCard>>,
    /// What was done to the open scan in earlier sittings, oldest first.
    pub past: Arc<Vec<PastStep>>,
    /// The list of cases that is worked through.
    pub work_list: Option<Arc<WorkListStatus>>,
    /// A list of cases that is being made.
    pub listing: Option<ListProgress>,
    /// Whether the scan is to go into the session is to be asked.
    pub ask_with_scan: Option<WithScan>,
    /// A session being written into another file: its name, with how far that is.
    pub saving_session: Option<FileProgress>,
    /// What has to be decided before a session is opened.
    pub session_question: Option<SessionQuestion>,
    /// Which of several scans is to be opened is to be asked.
    pub series: Option<SeriesQuestion>,
    /// A file that another program has written and that saving would replace: it is to be asked whether it may.
    pub ask_replace: Option<PathBuf>,
    /// A file that can't hold what of objects lies under others: it is to be asked whether that is left out.
    pub ask_flatten: Option<LeftOut>,
    /// The folder in which each object is in a file of its own as it is now, and how many files these are.
    pub saved_each: Option<(PathBuf, usize)>,
    /// Files for objects that are there already: it is to be asked whether they are replaced.
    pub ask_files: Option<FilesThere>,
}

/// Files that would be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesThere {
    /// Their folder.
    pub folder: PathBuf,
    /// What they are called.
    pub names: Vec<String>,
}

/// What a file would not have of the objects.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// The file.
    pub path: PathBuf,
    /// What of which objects lies under others.
    pub objects: Vec<LostPart>,
    /// How the names of files end that have all, and can be written of this scan.
    pub keeping: Vec<&'static str>,
}

/// What of an object lies under others.
#[derive(Clone, Debug, PartialEq)]
pub struct LostPart {
    /// The object's name.
    pub name: String,
    /// How much, millilitres.
    pub ml: f64,
    /// The names of the objects over it, if nothing of it is on top anywhere.
    pub wholly_under: Option<String>,
}

/// Something asked for that is done once no click is being computed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The object is to be deleted.
    Delete(LabelId),
    /// The object's mask is to be followed beyond what the model has looked at.
    Extend(LabelId),
}

impl Waiting {
    /// The object, and what is to happen to it, in English.
    pub fn told(&self) -> (LabelId, &'static str) {
        match self {
            Self::Delete(id) => (*id, mark("deleted when the click is computed")),
            Self::Extend(id) => (*id, mark("extended when the click is computed")),
        }
    }
}

impl Status {
    /// Whether the model in use is known not to have an ability. Of one that is still being loaded nothing is known.
    pub fn model_lacks(&self, ability: fn(&Capabilities) -> bool) -> bool {
        let ready = matches!(self.model, ModelStatus::Ready { .. });
        ready && self.capabilities.as_ref().is_some_and(|can| !ability(can))
    }

    /// What of this object waits for a click.
    pub fn waits(&self, object: LabelId) -> Option<Waiting> {
        let of = |waiting: &Waiting| waiting.told().0 == object;
        // That it is to be deleted is what matters.
        let mine = self.waiting.iter().copied().filter(of);
        mine.min_by_key(|waiting| matches!(waiting, Waiting::Extend(_)))
    }

    /// Whether a question is open that has to be answered before anything else.
    pub fn asks(&self) -> bool {
        self.ask_discard
            || self.ask_replace.is_some()
            || self.ask_flatten.is_some()
            || self.ask_files.is_some()
            || self.session_question.is_some()
            || self.ask_with_scan.is_some()
            || self.series.is_some()
            || self.server.consent.is_some()
    }

    /// The model in use, if it is among those listed.
    pub fn model_entry(&self) -> Option<&ModelEntry> {
        let path = self.model_path.as_deref()?;
        self.models.iter().find(|m| m.path == path)
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Seconds since the program started.
    pub at: f64,
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub text: String,
}

/// A file that came while a scan is open, and of which it is asked what it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Names it in the answer.
    pub number: u64,
    /// The file's name.
    pub name: String,
    /// What is asked.
    pub question: Question,
}

/// What is asked of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Whether an image is another scan, or to be laid over the open one.
    Image {
        /// Why it is no label map, if it may have been meant as one.
        why: Option<String>,
    },
    /// Whether slices that lie unevenly are to be resampled.
    Uneven {
        /// How they lie.
        why: String,
    },
    /// How the voxels of a file lie that does not say it.
    Place {
        /// Why it is asked.
        why: String,
        /// Where x, y, z may run to, of which nothing is certain.
        likely: Orientation,
        /// Whether it is asked how far apart they are, too.
        spacing: bool,
    },
    /// Which voxels are read of a scan that is too large for the memory.
    Part {
        /// What it needs, and what there is.
        why: String,
        /// Voxels along x, y, z.
        dims: [usize; 3],
        /// Bytes that all need.
        needed: u64,
        /// Bytes that may be taken.
        limit: u64,
    },
    /// Whether work on the open scan that was kept is to be gone on with.
    Draft(Box<DraftCard>),
    /// Whether a label map is to be opened.
    Labels {
        /// What had to be decided to read it.
        notes: Vec<String>,
        /// How many time points it has.
        time_points: usize,
        /// Which is proposed, from 0.
        time_point: usize,
    },
    /// How a label map is read that the objects are to be compared with.
    Reference {
        /// What had to be decided to read it.
        notes: Vec<String>,
        /// How many time points it has, if it is to be said which one is meant.
        time_points: Option<usize>,
        /// Whether it has values between whole numbers, as probability maps do.
        threshold: bool,
        /// How its grid differs from the scan's, if it does.
        other_grid: Option<String>,
        /// What was said already, and what is proposed.
        reading: ReferenceReading,
    },
}

/// A file being opened or saved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileProgress {
    /// Its name.
    pub name: String,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all; 0 while unknown.
    pub total: u64,
}

/// A picture or a film being drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// What it is: `Picture`, `Film`.
    pub what: &'static str,
    /// Pictures done.
    pub done: u64,
    /// Pictures in all; 0 while unknown.
    pub total: u64,
}

/// What is known of a flood that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FloodStatus {
    /// There is none, or it is known.
    #[default]
    Known,
    /// It is being computed.
    Working,
    /// It can't be done, for this reason, in the language in use.
    Refused(String),
}

/// What is known of wires that are wanted.
#[derive(Clone, Debug, Default)]
pub enum WiresStatus {
    /// Nothing.
    #[default]
    Unknown,
    /// These are they.
    Known(WantedWires, Arc<SliceWires>),
    /// They can't be had, for this reason, in the language in use.
    Refused(WantedWires, String),
}

/// What is known of the operation that the window of operations is set to.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum OperationStatus {
    /// Nobody has asked.
    #[default]
    Idle,
    /// It is being computed.
    Working,
    /// What it would change.
    Ready {
        /// What the object would gain.
        gained_ml: f64,
        /// What it would lose, be it to other objects.
        lost_ml: f64,
        /// How much of both lies under other objects, where nothing of it is seen.
        under_ml: f64,
        /// How many objects would begin.
        parts: usize,
        /// What it would take from other objects: their names and mL, the largest first.
        taken: Vec<(String, f64)>,
        /// On which side of a plane that cuts the part is that is cut off.
        cut_off: Option<Direction>,
    },
    /// It was done just now; it is not computed again before something is changed, or it is asked for.
    Done,
    /// It can't be done, and why.
    Refused(String),
}

/// What is known of what objects would grow to from their seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum GrowthStatus {
    /// Nobody has asked.
    #[default]
    Idle,
    /// It is being computed: voxels done, voxels in all; 0 while unknown.
    Working(u64, u64),
    /// What each would gain: label and mL, in the order of the objects.
    Ready(Vec<(LabelId, f64)>),
    /// It was done just now.
    Done,
    /// It can't be done, and why, in the language in use.
    Refused(String),
}

/// The state of what the model runs on: ONNX Runtime.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RuntimeStatus {
    /// Being looked for.
    #[default]
    Searching,
    /// The model needs none.
    NotNeeded,
    /// Found: version and, in brackets, where it comes from, e.g. `1.31.1 (Python package)`. The UI writes
    /// "ONNX Runtime" before it.
    Ready(String),
    /// Not found, and why; segmentation is off, viewing is not.
    Missing(String),
    /// Being fetched: bytes done, in all.
    Installing(u64, u64),
}

/// The model's state.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ModelStatus {
    /// Not asked for yet (no runtime).
    #[default]
    None,
    /// Being loaded.
    Loading(String),
    /// Ready.
    Ready {
        /// Its name.
        name: String,
        /// `CUDA` or `CPU·2`.
        device: String,
        /// Why there: shown as a tooltip.
        reason: String,
    },
    /// Could not be loaded, and why.
    Failed(String),
    /// There is none, because the user has stopped opening it; what can be done.
    Stopped(String),
}

/// What the model is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// Waiting until a server has a place for us.
    Queueing,
    /// Preparing what is kept for further clicks near by.
    Encoding,
    /// Answering the click.
    Decoding,
    /// Laying the mask on the scan's voxels.
    Pasting,
    /// Following a mask beyond what was looked at: places done, places known so far.
    Extending(u64, u64),
}

/// What a click under the pointer would give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreviewStatus {
    /// Nobody asks, or it is not known.
    #[default]
    Off,
    /// What lies around the pointer is being prepared.
    Encoding,
    /// It is drawn.
    Shown,
}

/// A model that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelEntry {
    /// What the menu calls it.
    pub name: String,
    /// What it is opened by.
    pub path: PathBuf,
    /// What it is, in a few words: `ships with Voxpoint`, `checkpoint` or `ONNX pair`.
    pub kind: &'static str,
    /// Under which licence, if that is known.
    pub licence: Option<String>,
    /// What its authors write about it.
    pub card: Option<String>,
    /// That in one line. The UI writes it in its language if its catalogue has it.
    pub line: Option<String>,
    /// How to click with it, for those who are new to it, likewise.
    pub hint: Option<String>,
    /// More lines for the window about it: name and value.
    pub facts: Vec<(&'static str, String)>,
}

/// A model being downloaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Download {
    /// Its name.
    pub name: String,
    /// Bytes done.
    pub done: u64,
    /// Bytes in all; 0 while unknown.
    pub total: u64,
}

/// Milliseconds of the last click's stages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latency {
    /// What is kept for further clicks near by; `None` if it was at hand.
    pub encode: Option<f64>,
    /// What each click costs.
    pub decode: f64,
    /// The answer to voxels.
    pub paste: f64,
    /// What of these a server took; `None` if the model is here.
    pub network: Option<NetworkTimes>,
}

/// Milliseconds and bytes of what the last click asked a server.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NetworkTimes {
    /// Sending and receiving.
    pub network: f64,
    /// The server: its queue and its model.
    pub server: f64,
    /// Bytes there.
    pub sent: u64,
    /// Bytes back.
    pub received: u64,
}

/// The label map on disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SaveStatus {
    /// Never saved.
    #[default]
    Never,
    /// Being written.
    Saving,
    /// Written here, reopened and found identical.
    Saved(PathBuf),
}
