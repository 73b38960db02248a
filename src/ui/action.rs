use std::path::PathBuf;

use super::{PictureWish, TurnWish};
use crate::document::{Command, LabelId};

/// What the user wants; the app does it.
#[derive(Clone, Debug)]
pub enum Action {
    /// Ask for a file and open it.
    OpenDialog,
    /// Ask for an image to lay over the scan.
    OverlayDialog,
    /// Open the sample scan that ships with the program.
    OpenSample,
    /// Open these files: a scan, or label maps of the present scan.
    Open(Vec<PathBuf>),
    /// Stop what is nearest at hand: opening a file, or else a click or an extension.
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
    /// Take the last change back.
    Undo,
    /// Do it again.
    Redo,
    /// Change the document.
    Do(Command),
    /// Fetch ONNX Runtime.
    InstallRuntime,
    /// Put the threshold of an object's logits elsewhere.
    MoveThreshold {
        /// Which object.
        object: LabelId,
        /// In logits.
        threshold: f32,
        /// A new gesture starts with this; all steps of one are undone together.
        begins: bool,
    },
    /// Ask for another model.
    ChooseModel,
    /// Use this one.
    UseModel(PathBuf),
    /// Fetch SAM-Med3D-turbo.
    DownloadModel,
    /// Go back to the model that ships with the program.
    UseDemoModel,
    /// Put a picture on the clipboard.
    CopyPicture(PictureWish),
    /// Ask for a file and save a picture.
    SavePicture(PictureWish),
    /// Ask for a file and film a turn of the 3D view.
    RecordTurn(TurnWish),
    /// Stop drawing a picture or a film.
    CancelPicture,
    /// Close the window (asks first if something would be lost).
    Quit,
    /// Answer to "discard unsaved work?".
    Discard(bool),
}
