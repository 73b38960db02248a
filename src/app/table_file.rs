//! A table of numbers on its way into a file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::files::same_file;
use crate::io::{self, IoError};
use crate::ui::text::{tr, tr_with};
use crate::ui::tr_error;
use crate::work::{Task, Wake};

/// Whether the name says that it is to be JSON.
pub(super) fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// Why nothing was written.
enum NotWritten {
    Because(std::io::Error),
    /// In a sentence that has all.
    Said(IoError),
    /// It would replace the scan or a label map.
    Image,
}

/// The file that is being written.
pub(super) struct TableFile {
    wake: Wake,
    writing: Option<(PathBuf, Task<Result<(), NotWritten>>)>,
}

impl TableFile {
    pub fn new(wake: Wake) -> Self {
        Self { wake, writing: None }
    }

    pub fn is_busy(&self) -> bool {
        self.writing.is_some()
    }

    /// Writes a file, which is to replace none of these `images`; what to say if that can't be begun.
    pub fn write(
        &mut self,
        path: PathBuf,
        text: String,
        images: Vec<PathBuf>,
    ) -> Result<(), String> {
        self.begin(path, images, move |file| {
            let write = |out: &mut std::fs::File| out.write_all(text.as_bytes());
            io::write_whole(file, write).map_err(NotWritten::Because)
        })
    }

    /// As [`TableFile::write`], of a file (and what belongs to it) that `write` makes.
    pub fn write_by(
        &mut self,
        path: PathBuf,
        images: Vec<PathBuf>,
        write: impl FnOnce() -> Result<(), IoError> + Send + 'static,
    ) -> Result<(), String> {
        self.begin(path, images, |_| write().map_err(NotWritten::Said))
    }

    fn begin(
        &mut self,
        path: PathBuf,
        images: Vec<PathBuf>,
        write: impl FnOnce(&Path) -> Result<(), NotWritten> + Send + 'static,
    ) -> Result<(), String> {
        if self.writing.is_some() {
            return Err(tr("Wait until the table before is saved").to_owned());
        }
        let file = path.clone();
        let task = Task::start("table", self.wake.clone(), move |_, _| {
            if images.iter().any(|image| same_file(&file, image)) {
                return Err(NotWritten::Image);
            }
            write(&file)
        });
        let task = task.map_err(|why| format!("{}: {why}", path.display()))?;
        self.writing = Some((path, task));
        Ok(())
    }

    /// That a file is there, or why not, in words.
    pub fn poll(&mut self) -> Option<Result<String, String>> {
        let answer = self.writing.as_ref()?.1.poll()?;
        let (path, _) = self.writing.take()?;
        let name = path.display();
        Some(match answer {
            Ok(Ok(())) => Ok(format!("{}: {name}", tr("Saved"))),
            Ok(Err(NotWritten::Image)) => {
                let text = tr("That is an image or a label map; choose another name");
                Err(format!("{text}: {name}"))
            }
            Ok(Err(NotWritten::Said(why))) => Err(tr_error(&why.to_string())),
            Ok(Err(NotWritten::Because(why))) => {
                let values = [("name", &name as &dyn std::fmt::Display), ("why", &why)];
                Err(tr_with("{name} can't be written: {why}", &values))
            }
            Err(_) => Err(format!("{}: {name}", tr("The table could not be saved"))),
        })
    }
}
