//! Asking for a path: in the system's file dialog or, where none comes, in a line to type it into.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dialogs::{self, DialogQuestion, DialogReply, Dialogs};
use super::names::{Output, table_name, with_ending};
use crate::app::document_number::DocumentNumber;
use crate::io::{ContentKind, FormatInfo, Registry};
use crate::mesh::MeshFormat;
use crate::session;
use crate::ui::path_prompt::{DialogWait, PathPrompt, WaitAnswer};
use crate::ui::text::tr;
use crate::ui::{ScanWish, WantedMeshes};
use crate::work::{Task, Wake};

/// Why a path is asked for.
#[derive(Clone, Debug)]
pub(in crate::app) enum Purpose {
    Open,
    Overlay,
    /// Which scan is shown beside the open one.
    Beside,
    /// Which label map the objects are compared with.
    Reference,
    /// Which label maps are those of several raters.
    Raters,
    Save(DocumentNumber, PathBuf),
    Draw(DocumentNumber, Output, PathBuf),
    /// Where the numbers of a comparison go.
    Comparison(DocumentNumber, PathBuf),
    /// Where the numbers of several raters go.
    Agreement(DocumentNumber, PathBuf),
    /// Where the figures of a robot's clicks go.
    Robot(DocumentNumber, PathBuf),
    /// Where the numbers of the objects go.
    Measures(DocumentNumber, PathBuf),
    /// Where the drawn measurements go.
    Drawn(DocumentNumber, PathBuf),
    /// Where meshes of which objects go.
    Meshes(DocumentNumber, WantedMeshes, PathBuf),
    /// Where names and colours of the objects go for another program; whether the label map that was exported has others.
    LabelTable(DocumentNumber, PathBuf, bool),
    Model,
    /// Where the session is kept from now on, and whether the scan's voxels are in it.
    Session(DocumentNumber, PathBuf, ScanWish),
    /// Where the scan of a session is: its file, or the folder that it is.
    FindScan {
        folder: bool,
    },
    /// In which folder each object gets a file of its own.
    EachObject(DocumentNumber),
    /// Which folder has the cases that are to be worked through.
    Cases,
    /// Where the sessions of all cases are.
    SessionsFolder,
}

impl Purpose {
    /// Whether a file is written to the path that is asked for.
    fn writes(&self) -> bool {
        matches!(
            self,
            Purpose::Save(..)
                | Purpose::Draw(..)
                | Purpose::Comparison(..)
                | Purpose::Agreement(..)
                | Purpose::Robot(..)
                | Purpose::Measures(..)
                | Purpose::Drawn(..)
                | Purpose::Meshes(..)
                | Purpose::LabelTable(..)
                | Purpose::Session(..)
        )
    }

    /// A name without the ending of its kind gets it: that is what was meant.
    pub(in crate::app) fn named(&self, formats: &Registry, path: PathBuf) -> PathBuf {
        match self {
            Purpose::Save(..) => with_ending(path, &formats.written_endings(ContentKind::Labels)),
            Purpose::Draw(_, output, _) => with_ending(path, &[output.ending()]),
            Purpose::Comparison(..)
            | Purpose::Agreement(..)
            | Purpose::Robot(..)
            | Purpose::Measures(..)
            | Purpose::Drawn(..) => with_ending(path, &[".csv", ".json"]),
            Purpose::Meshes(_, wanted, _) => {
                let chosen = [wanted.ending].into_iter().chain(MeshFormat::ENDINGS);
                with_ending(path, &chosen.collect::<Vec<_>>())
            }
            Purpose::LabelTable(..) => table_name(path),
            Purpose::Session(..) => with_ending(path, &[session::ENDING]),
            _ => path,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Purpose::Open => tr("Open a scan, a label map or a session"),
            Purpose::Session(.., ScanWish::With) => {
                tr("Save the session with the scan in it: every change is written into it")
            }
            Purpose::Session(.., ScanWish::Without) => {
                tr("Save the session without the scan: every change is written into it")
            }
            Purpose::Session(..) => tr("Save the session: every change is written into it"),
            Purpose::FindScan { folder: false } => tr("Where is the scan of this session?"),
            Purpose::FindScan { folder: true } => {
                tr("In which folder are the slices of this session's scan?")
            }
            Purpose::EachObject(_) => tr("The folder in which each object gets a file of its own"),
            Purpose::Cases => tr("Open a folder of cases"),
            Purpose::SessionsFolder => tr("The folder in which the sessions of all cases are"),
            Purpose::Overlay => tr("Lay another image over the scan"),
            Purpose::Beside => tr("Show a second scan beside the open one"),
            Purpose::Reference => tr("Compare the objects with this label map"),
            Purpose::Comparison(..) => tr("Save the numbers of the comparison (.csv or .json)"),
            Purpose::Raters => tr("Label maps of this scan by several raters"),
            Purpose::Agreement(..) => tr("Save how the raters agree (.csv or .json)"),
            Purpose::Robot(..) => tr("Save the figures of the robot user (.csv or .json)"),
            Purpose::Measures(..) => tr("Save the numbers of the objects (.csv or .json)"),
            Purpose::Drawn(..) => tr("Save the drawn measurements (.csv or .json)"),
            Purpose::Meshes(..) => tr("Save meshes of the objects (.glb, .obj, .stl or .ply)"),
            Purpose::LabelTable(..) => tr(
                "Save names and colours for 3D Slicer (.ctbl), FreeSurfer (_LUT.txt) or BIDS (.tsv)",
            ),
            Purpose::Save(..) => tr("Save the label map"),
            Purpose::Draw(_, output, _) => output.title(),
            Purpose::Model => tr("Open a checkpoint (.pth), or encoder.onnx beside decoder.onnx"),
        }
    }

    /// The title where a path is typed, which may lead to a folder too.
    fn typed_title(&self) -> &'static str {
        match self {
            Purpose::Model => tr("Checkpoint (.pth), or folder with encoder.onnx and decoder.onnx"),
            Purpose::Cases => tr("Open a folder of cases, or a table of them (.csv)"),
            other => other.title(),
        }
    }

    /// Whether it is a folder that is asked for.
    fn asks_folder(&self) -> bool {
        matches!(
            self,
            Purpose::Cases
                | Purpose::SessionsFolder
                | Purpose::EachObject(_)
                | Purpose::FindScan { folder: true }
        )
    }

    fn suggestion(&self) -> Option<&PathBuf> {
        match self {
            Purpose::Save(_, path)
            | Purpose::Draw(_, _, path)
            | Purpose::Comparison(_, path)
            | Purpose::Agreement(_, path)
            | Purpose::Robot(_, path)
            | Purpose::Measures(_, path)
            | Purpose::Drawn(_, path)
            | Purpose::Meshes(_, _, path)
            | Purpose::LabelTable(_, path, _)
            | Purpose::Session(_, path, _) => Some(path),
            _ => None,
        }
    }

    fn question(&self, formats: &Registry) -> DialogQuestion {
        let kinds = match self {
            Purpose::Open
            | Purpose::Overlay
            | Purpose::Beside
            | Purpose::Reference
            | Purpose::Raters
            | Purpose::FindScan { folder: false } => {
                let mut kinds: Vec<_> = formats.reads().map(kind).collect();
                if matches!(self, Purpose::Open) {
                    kinds.push((tr("Sessions").to_owned(), vec!["voxpoint"]));
                    kinds.push((tr("Tables of cases").to_owned(), vec!["csv", "tsv"]));
                }
                kinds.push((tr("All files").to_owned(), vec!["*"]));
                kinds
            }
            Purpose::Save(..) => formats.writes(ContentKind::Labels).map(kind).collect(),
            Purpose::Comparison(..)
            | Purpose::Agreement(..)
            | Purpose::Robot(..)
            | Purpose::Measures(..)
            | Purpose::Drawn(..) => {
                vec![("CSV".to_owned(), vec!["csv"]), ("JSON".to_owned(), vec!["json"])]
            }
            Purpose::Meshes(_, wanted, _) => {
                let mut kinds = [("glTF", "glb"), ("OBJ", "obj"), ("STL", "stl"), ("PLY", "ply")];
                // The first one is chosen in the dialog.
                kinds.sort_by_key(|(_, ending)| !wanted.ending.ends_with(ending));
                kinds.map(|(name, ending)| (name.to_owned(), vec![ending])).to_vec()
            }
            Purpose::LabelTable(..) => {
                let kinds = [("3D Slicer", "ctbl"), ("FreeSurfer", "txt"), ("BIDS", "tsv")];
                kinds.map(|(program, ending)| (program.to_owned(), vec![ending])).into()
            }
            Purpose::Session(..) => vec![(tr("Sessions").to_owned(), vec!["voxpoint"])],
            Purpose::Draw(_, output, _) => {
                let ending = output.ending().strip_prefix('.');
                ending.map(|ending| (ending.to_uppercase(), vec![ending])).into_iter().collect()
            }
            Purpose::Model => {
                vec![(tr("Models (.pth, .onnx)").to_owned(), vec!["pth", "pt", "onnx"])]
            }
            Purpose::Cases
            | Purpose::SessionsFolder
            | Purpose::EachObject(_)
            | Purpose::FindScan { folder: true } => Vec::new(),
        };
        let folder = self.asks_folder();
        let suggestion = self.suggestion().cloned();
        let several = matches!(self, Purpose::Raters);
        DialogQuestion { title: self.title().to_owned(), kinds, suggestion, folder, several }
    }
}

/// A format as a dialog offers it: its name, and what the last parts of its endings are.
fn kind(info: FormatInfo) -> (String, Vec<&'static str>) {
    let mut last: Vec<_> = info.all_endings().filter_map(|e| e.rsplit('.').next()).collect();
    let mut seen = std::collections::HashSet::new();
    last.retain(|ending| seen.insert(*ending));
    (info.to_string(), last)
}

/// A dialog that is waited for.
struct Awaited {
    purpose: Purpose,
    since: Instant,
    task: Task<DialogReply>,
}

/// After so long without a dialog, the path is typed. A desktop's answer takes some milliseconds; one that has to
/// start its portal first, about a second.
const PATIENCE: Duration = Duration::from_secs(2);

pub(in crate::app) struct Paths {
    wake: Wake,
    formats: Arc<Registry>,
    /// `None`: paths are typed.
    dialogs: Option<Dialogs>,
    awaited: Option<Awaited>,
    /// A dialog that did not come in time. While nothing is heard of it, no other one is asked for.
    given_up: Option<Task<DialogReply>>,
    prompt: Option<(Purpose, PathPrompt)>,
    looking: Option<Looking>,
}

/// It is being looked whether a file is there already that would be replaced: a network drive may take its time.
struct Looking {
    purpose: Purpose,
    path: PathBuf,
    /// The line into which it was typed.
    prompt: Option<PathPrompt>,
    task: Task<bool>,
}

impl Paths {
    pub fn new(wake: Wake, formats: Arc<Registry>) -> Self {
        let dialogs = Some(dialogs::of_the_system());
        let (awaited, given_up, prompt, looking) = (None, None, None, None);
        Self { wake, formats, dialogs, awaited, given_up, prompt, looking }
    }

    pub fn use_formats(&mut self, formats: Arc<Registry>) {
        self.formats = formats;
    }

    /// From now on, asks by these dialogs; without any, in the window.
    pub fn ask_by(&mut self, dialogs: Option<Dialogs>) {
        self.dialogs = dialogs;
    }

    /// Whether a path is being asked for.
    pub fn is_asking(&self) -> bool {
        self.awaited.is_some() || self.prompt.is_some() || self.is_looking()
    }

    /// Whether it is being looked if a file that was named is there already.
    pub fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    /// Asks for a path. A question that is still open is dropped: nobody sees two.
    pub fn ask(&mut self, purpose: Purpose) {
        (self.awaited, self.prompt, self.looking) = (None, None, None);
        self.given_up.take_if(|task| task.poll().is_some());
        let Some(dialogs) = &self.dialogs else {
            self.prompt_for(purpose, false);
            return;
        };
        if self.given_up.is_some() {
            self.prompt_for(purpose, true);
            return;
        }
        let dialog = dialogs(&purpose.question(&self.formats));
        let wake = self.wake.clone();
        let task = Task::start("dialog", self.wake.clone(), move |cancel, progress| {
            dialog(&|| {
                progress.set_done(1);
                wake();
                !cancel.is_cancelled()
            })
        });
        match task {
            Ok(task) => self.awaited = Some(Awaited { purpose, since: Instant::now(), task }),
            Err(_) => self.prompt_for(purpose, true),
        }
        (self.wake)();
    }

    /// What was chosen, once: one path, or several where these are asked for.
    pub fn poll(&mut self) -> Option<(Purpose, Vec<PathBuf>)> {
        if let Some(there) = self.looking.as_ref().and_then(|looking| looking.task.poll()) {
            let Looking { purpose, path, prompt, .. } = self.looking.take()?;
            // Where nobody could look, it is asked once more than needed.
            if !there.unwrap_or(true) {
                return Some((purpose, vec![path]));
            }
            if self.prompt.is_none() {
                let mut prompt = prompt.unwrap_or_else(|| line_for(&purpose));
                prompt.warn_about(path);
                self.prompt = Some((purpose, prompt));
                (self.wake)();
            }
        }
        let awaited = self.awaited.as_ref()?;
        let Some(reply) = awaited.task.poll() else {
            if awaited.since.elapsed() > PATIENCE && !appeared(&awaited.task) {
                let Awaited { purpose, task, .. } = self.awaited.take()?;
                // Should it come after all, it is too late.
                task.cancel();
                self.given_up = Some(task);
                if self.prompt.is_none() {
                    self.prompt_for(purpose, true);
                }
            }
            return None;
        };
        let Awaited { purpose, .. } = self.awaited.take()?;
        match reply {
            Ok(DialogReply::Path(path)) => {
                // Also when a path was being typed meanwhile: there is one answer.
                self.prompt = None;
                let named = purpose.named(&self.formats, path.clone());
                if purpose.writes() && named != path {
                    // The dialog asked about the name without its ending.
                    return self.look(purpose, named, None).map(|(p, path)| (p, vec![path]));
                }
                Some((purpose, vec![path]))
            }
            Ok(DialogReply::Paths(paths)) => {
                self.prompt = None;
                Some((purpose, paths))
            }
            Ok(DialogReply::CalledOff) => None,
            Ok(DialogReply::NoDialog) | Err(_) => {
                if self.prompt.is_none() {
                    self.prompt_for(purpose, true);
                }
                None
            }
        }
    }

    /// Looks whether a file is there; where no thread is to be had, at once.
    fn look(
        &mut self,
        purpose: Purpose,
        path: PathBuf,
        prompt: Option<PathPrompt>,
    ) -> Option<(Purpose, PathBuf)> {
        let file = path.clone();
        let task = Task::start("is it there", self.wake.clone(), move |_, _| file.exists());
        match task {
            Ok(task) => self.looking = Some(Looking { purpose, path, prompt, task }),
            Err(_) if !path.exists() => return Some((purpose, path)),
            Err(_) => {
                let mut prompt = prompt.unwrap_or_else(|| line_for(&purpose));
                prompt.warn_about(path);
                self.prompt = Some((purpose, prompt));
            }
        }
        None
    }

    /// A line to type the path into. `instead`: of a dialog, which did not come.
    fn prompt_for(&mut self, purpose: Purpose, instead: bool) {
        let mut prompt = line_for(&purpose);
        if instead {
            prompt = prompt.instead_of_dialog();
        }
        self.prompt = Some((purpose, prompt));
        (self.wake)();
    }

    /// The line into which a path is typed now.
    pub fn prompt(&mut self) -> Option<&mut PathPrompt> {
        self.prompt.as_mut().map(|(_, prompt)| prompt)
    }

    /// Takes the answer to a path prompt. An existing file is replaced only when it is given twice.
    pub fn answer_prompt(&mut self, answer: Option<PathBuf>) -> Option<(Purpose, PathBuf)> {
        let (purpose, prompt) = self.prompt.take()?;
        // A dialog that comes now comes too late.
        self.awaited = None;
        (self.wake)();
        let mut path = answer?;
        if purpose.writes() {
            path = purpose.named(&self.formats, path);
            if !prompt.confirms(&path) {
                return self.look(purpose, path, Some(prompt));
            }
        }
        Some((purpose, path))
    }

    /// The dialog that is waited for, if no path is typed meanwhile.
    pub fn waits(&self) -> Option<DialogWait> {
        let awaited = self.awaited.as_ref().filter(|_| self.prompt.is_none())?;
        Some(DialogWait { title: awaited.purpose.title(), appeared: appeared(&awaited.task) })
    }

    /// What the user does who waits for a dialog.
    pub fn answer_wait(&mut self, answer: WaitAnswer) {
        match answer {
            WaitAnswer::Cancel => self.awaited = None,
            WaitAnswer::TypePath => {
                // The dialog may still be answered: the first answer counts.
                if let Some(purpose) = self.awaited.as_ref().map(|a| a.purpose.clone()) {
                    self.prompt_for(purpose, false);
                }
            }
        }
        (self.wake)();
    }
}

/// A line to type the path into.
fn line_for(purpose: &Purpose) -> PathPrompt {
    let text = purpose.suggestion().map(|path| path.display().to_string()).unwrap_or_default();
    let mut prompt = PathPrompt::new(purpose.typed_title(), text);
    if matches!(purpose, Purpose::LabelTable(.., true)) {
        prompt = prompt.with_note(tr(
            "The masks have changes that are not exported: the exported mask may not have the numbers of this table yet.",
        ));
    }
    if purpose.asks_folder() { prompt.of_a_folder() } else { prompt }
}

fn appeared(task: &Task<DialogReply>) -> bool {
    task.progress().0 > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::formats;

    #[test]
    fn the_scan_of_a_session_may_be_a_file_or_a_folder() {
        for folder in [false, true] {
            let question = Purpose::FindScan { folder }.question(formats());
            assert_eq!((question.folder, question.suggestion), (folder, None));
            assert_eq!(question.kinds.is_empty(), folder, "folders have no kinds");
        }
        assert!(!Purpose::Open.question(formats()).folder);
    }
}
