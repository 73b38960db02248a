use std::path::PathBuf;

use crate::document::Command;

/// What the user wants; the app does it.
#[derive(Clone, Debug)]
pub enum Action {
    /// Ask for a file and open it.
    OpenDialog,
    /// Open the sample scan that ships with the program.
    OpenSample,
    /// Open these files: a scan, or label maps of the present scan.
    Open(Vec<PathBuf>),
    /// Stop opening, saving or fetching.
    Cancel,
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
    /// Ask for a folder with another model.
    ChooseModel,
    /// Go back to the model that ships with the program.
    UseDemoModel,
    /// Close the window (asks first if something would be lost).
    Quit,
    /// Answer to "discard unsaved work?".
    Discard(bool),
}
