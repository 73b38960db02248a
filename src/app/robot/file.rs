//! The figures of a robot's clicks as CSV and JSON.

use std::io::Write as _;
use std::path::PathBuf;

use crate::app::App;
use crate::app::document_number::DocumentNumber;
use crate::app::files::{Purpose, same_file, stem_of};
use crate::io;
use crate::ui::text::{tr, tr_with};
use crate::work::{Task, Wake};

/// Why nothing was written.
enum Unwritten {
    Because(std::io::Error),
    /// It would replace the scan or B.
    Image,
}

/// The file that is being written.
pub(super) struct RunFile {
    wake: Wake,
    writing: Option<(PathBuf, Task<Result<(), Unwritten>>)>,
}

impl RunFile {
    pub fn new(wake: Wake) -> Self {
        Self { wake, writing: None }
    }

    pub fn is_busy(&self) -> bool {
        self.writing.is_some()
    }
}

impl App {
    /// Asks where the figures go.
    pub(super) fn ask_save_robot(&mut self) {
        let Some(open) = self.open.as_ref().filter(|_| self.status.robot.run.is_some()) else {
            return;
        };
        let stem = stem_of(&self.formats, &open.path);
        let suggestion = open.path.with_file_name(format!("{stem}_robot.csv"));
        self.files.paths.ask(Purpose::Robot(open.number, suggestion));
    }

    /// Writes the figures, as JSON if the name says so.
    pub(in crate::app) fn save_robot_run(&mut self, document: DocumentNumber, path: PathBuf) {
        let open = self.open.as_ref().filter(|open| open.number == document);
        let as_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let text = self.status.robot.run.as_ref().and_then(|run| {
            let json = || serde_json::to_string_pretty(&run.report()).ok();
            if as_json { json() } else { Some(run.csv()) }
        });
        let (Some(open), Some(text)) = (open, text) else {
            self.toasts.error(tr_with(
                "Not saved, because another scan was opened meanwhile: {name}",
                &[("name", &path.display())],
            ));
            return;
        };
        if self.robot.file.is_busy() {
            self.toasts.refused(tr("Wait until the table before is saved").to_owned());
            return;
        }
        let reference = self.comparison.reference().map(|reference| reference.path.clone());
        let images: Vec<PathBuf> = reference.into_iter().chain([open.path.clone()]).collect();
        let file = path.clone();
        let task = Task::start("robot file", self.robot.file.wake.clone(), move |_, _| {
            if images.iter().any(|image| same_file(&file, image)) {
                return Err(Unwritten::Image);
            }
            let write = |out: &mut std::fs::File| out.write_all(text.as_bytes());
            io::write_whole(&file, write).map_err(Unwritten::Because)
        });
        match task {
            Ok(task) => self.robot.file.writing = Some((path, task)),
            Err(why) => self.toasts.error(format!("{}: {why}", path.display())),
        }
    }

    /// Says that the file is there, or why not.
    pub(super) fn tell_run_file(&mut self) {
        let writing = &mut self.robot.file.writing;
        let Some(answer) = writing.as_ref().and_then(|(_, task)| task.poll()) else { return };
        let Some((path, _)) = writing.take() else { return };
        let name = path.display();
        match answer {
            Ok(Ok(())) => self.toasts.info(format!("{}: {name}", tr("Saved"))),
            Ok(Err(Unwritten::Image)) => {
                let text = tr("That is an image or a label map; choose another name");
                self.toasts.error(format!("{text}: {name}"));
            }
            Ok(Err(Unwritten::Because(why))) => {
                let values = [("name", &name as &dyn std::fmt::Display), ("why", &why)];
                self.toasts.error(tr_with("{name} can't be written: {why}", &values));
            }
            Err(_) => {
                let text = tr("The figures could not be saved");
                self.toasts.error(format!("{text}: {name}"));
            }
        }
    }
}
