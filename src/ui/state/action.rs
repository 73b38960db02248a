use std::path::PathBuf;

use super::agreement::AgreementAction;
use super::beside::BesideAction;
use super::comparison::{ComparisonAction, ReferenceReading};
use super::export_options::{FilmOptions, PictureOptions};
use super::mesh_options::WantedMeshes;
use super::recent::RecentFile;
use super::robot::RobotAction;
use super::server::ServerAction;
use super::session_status::{LeaveAnswer, SessionAnswer};
use super::work_list::CasesAction;
use crate::document::{Command, GestureId, LabelId};
use crate::geom::Orientation;
use crate::prompt::KeptParts;
use crate::volume::SuvKind;

/// What becomes of a file that came while a scan is open, or about which something was asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OfferAnswer {
    /// It takes the place of the scan.
    Scan,
    /// It is laid over the scan.
    Overlay,
    /// It is shown beside the scan.
    Beside,
    /// Its labels become objects.
    Labels {
        /// Its time point, from 0.
        time_point: usize,
    },
    /// The objects are compared with it.
    Compare(ReferenceReading),
    /// It is kept work, and is gone on with.
    Continue,
    /// Its slices are resampled to even spacing.
    Resample,
    /// Its voxels lie so.
    Place {
        /// Where x, y, z of the file run to.
        orientation: Orientation,
        /// Millimetres between voxels along x, y, z, if that was asked.
        spacing: Option<[f64; 3]>,
    },
    /// These voxels are read of it.
    Part {
        /// Along x, y, z from the first to before the last; `None`: all.
        crop: [Option<[usize; 2]>; 3],
        /// Of these, every so manyth along x, y, z.
        every: [usize; 3],
    },
    /// Nothing.
    Drop,
}

/// What the user wants; the app does it.
#[derive(Clone, Debug)]
pub enum Action {
    /// Ask for a file and open it.
    OpenDialog,
    /// Open the sample scan that ships with the program.
    OpenSample,
    /// Open these files: a scan, or label maps of the present scan.
    Open(Vec<PathBuf>),
    /// Open this again.
    OpenRecent(RecentFile),
    /// Which of several scans is to be opened, by its row; or none.
    ChooseSeries(Option<usize>),
    /// These files were dropped on the window: as [`Action::Open`], but a further image is not opened before the
    /// user has said as what ([`Status::offers`](super::Status)).
    Drop(Vec<PathBuf>),
    /// What to do with the file of an offer.
    Answer(u64, OfferAnswer),
    /// Show the scan, and what lies over it, in these standardised uptake values where that can be; or as their files
    /// have them.
    ShowSuv(Option<SuvKind>),
    /// Ask for an image to lay over the scan.
    OverlayDialog,
    /// Lay this image over the scan.
    OpenOverlay(PathBuf),
    /// Ask where to save the numbers of the objects.
    SaveMeasures,
    /// Ask where to save what was measured with lines.
    SaveDrawnMeasures,
    /// Ask where to save these meshes of objects.
    ExportMeshes(WantedMeshes),
    /// Stop making meshes.
    CancelMeshes,
    /// Ask where to save names and colours of the objects for another program.
    SaveLabelTable,
    /// Do something with the scan that is shown beside the open one.
    Beside(BesideAction),
    /// Do something with the label map that the objects are compared with.
    Comparison(ComparisonAction),
    /// Do something with label maps of several raters.
    Agreement(AgreementAction),
    /// Do something with the robot that knows that label map.
    Robot(RobotAction),
    /// Something that was asked for can't be done, for this reason.
    Refuse(String),
    /// Something is worth knowing that was not asked for, in the language in use.
    Tell(String),
    /// Stop one thing: opening a file if one is being opened, else a click or an extension.
    Cancel,
    /// Stop the click or the extension that is being computed.
    CancelClick,
    /// Stop fetching ONNX Runtime.
    CancelInstall,
    /// Stop the download of a model.
    CancelDownload,
    /// Save the label map where it was saved last, or ask.
    Save,
    /// Ask where to save the label map.
    SaveAs,
    /// Ask for a folder in which each object gets a file of its own.
    SaveEach,
    /// Answer to "replace these files?".
    ReplaceFiles(bool),
    /// Take the last change back.
    Undo,
    /// Do it again.
    Redo,
    /// Take back, for good, what a gesture has done that is not to be.
    TakeBack(GestureId),
    /// Undo or redo until so many changes are done.
    GoTo(usize),
    /// Forget that this file was opened lately.
    ForgetRecent(RecentFile),
    /// Forget all files that were opened lately.
    ClearRecent,
    /// Stop saving the label map.
    CancelSave,
    /// Close the scan (asks first if something would be lost).
    CloseScan,
    /// Do something with the list of cases, or with one of them.
    Cases(CasesAction),
    /// Ask where to keep the session from now on.
    SaveSessionAs,
    /// Asks where the session is to be kept without the scan's voxels, which are in it.
    SaveSessionAlone,
    /// Say what it means to have the scan's voxels in the session.
    AskWithScan,
    /// Answer to that: whether to go on.
    AnswerWithScan(bool),
    /// Stop writing the session into another file.
    CancelSavingSession,
    /// Go on with this draft.
    ContinueDraft(PathBuf),
    /// Discard this draft.
    DiscardDraft(PathBuf),
    /// Answer to what has to be decided before a session is opened.
    AnswerSession(SessionAnswer),
    /// Change the document.
    Do(Command),
    /// Begin a copy of this object.
    Duplicate(LabelId),
    /// Name an object as a list of names does.
    NameFromList {
        /// Which object.
        object: LabelId,
        /// Its new name.
        name: String,
        /// Its new number, if it gets that of the list.
        number: Option<LabelId>,
        /// Its new colour, sRGB, if the list gives one.
        colour: Option<[u8; 3]>,
        /// What the list is called.
        list: String,
    },
    /// Do to the active object's mask what the window of operations is set to.
    ApplyOperation,
    /// Let objects grow from their seeds as the window of that is set to.
    ApplyGrowth,
    /// Fetch ONNX Runtime.
    InstallRuntime,
    /// Put the threshold of an object's mask elsewhere.
    MoveThreshold {
        /// Which object.
        object: LabelId,
        /// In log odds.
        threshold: f32,
        /// A new gesture starts with this; all steps of one are undone together.
        begins: bool,
    },
    /// Keep all parts of the model's mask of an object, or only those with a positive point.
    KeepParts(LabelId, KeptParts),
    /// Ask for another model.
    ChooseModel,
    /// Use this one.
    UseModel(PathBuf),
    /// Do something with a model on a server.
    Server(ServerAction),
    /// Fetch SAM-Med3D-turbo.
    DownloadModel,
    /// Go back to the model that ships with the program.
    UseDemoModel,
    /// Put a picture on the clipboard.
    CopyPicture(PictureOptions),
    /// Ask for a file and save a picture.
    SavePicture(PictureOptions),
    /// Ask for a file and film a turn of the 3D view.
    RecordFilm(FilmOptions),
    /// Stop drawing a picture or a film.
    CancelPicture,
    /// Close the window (asks first if something would be lost).
    Quit,
    /// Answer to what is to become of work that is in no label map.
    Leave(LeaveAnswer),
    /// Answer to "replace what another program has written?", or to "leave out what lies under other objects?".
    Replace(ReplaceAnswer),
}

/// What becomes of a save over a file that another program has written, or that does not keep all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceAnswer {
    /// It is not saved.
    Cancel,
    /// It is saved under another name.
    SaveAs,
    /// The file is replaced, or written without what it can't keep.
    Replace,
}
