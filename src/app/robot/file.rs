//! The figures of a robot's clicks as CSV and JSON.

use std::path::PathBuf;

use crate::app::App;
use crate::app::document_number::DocumentNumber;
use crate::app::files::Purpose;
/// The file that is being written.
pub(super) use crate::app::table_file::TableFile as RunFile;
use crate::app::table_file::is_json;
use crate::ui::text::tr_with;

impl App {
    /// Asks where the figures go.
    pub(super) fn ask_save_robot(&mut self) {
        let Some(open) = self.open.as_ref().filter(|_| self.status.robot.run.is_some()) else {
            return;
        };
        let stem = open.stem(&self.formats);
        let suggestion = open.path.with_file_name(format!("{stem}_robot.csv"));
        self.files.paths.ask(Purpose::Robot(open.number, suggestion));
    }

    /// Writes the figures, as JSON if the name says so.
    pub(in crate::app) fn save_robot_run(&mut self, document: DocumentNumber, path: PathBuf) {
        let open = self.open.as_ref().filter(|open| open.number == document);
        let text = self.status.robot.run.as_ref().and_then(|run| {
            let json = || serde_json::to_string_pretty(&run.report()).ok();
            if is_json(&path) { json() } else { Some(run.csv()) }
        });
        let (Some(open), Some(text)) = (open, text) else {
            self.toasts.error(tr_with(
                "Not saved, because another scan was opened meanwhile: {name}",
                &[("name", &path.display())],
            ));
            return;
        };
        let reference = self.comparison.reference().map(|reference| reference.path.clone());
        let images: Vec<PathBuf> = reference.into_iter().chain([open.path.clone()]).collect();
        if let Err(why) = self.robot.file.write(path, text, images) {
            self.toasts.refused(why);
        }
    }

    /// Says that the file is there, or why not.
    pub(super) fn tell_run_file(&mut self) {
        match self.robot.file.poll() {
            Some(Ok(text)) => self.toasts.info(text),
            Some(Err(why)) => self.toasts.error(why),
            None => {}
        }
    }
}
