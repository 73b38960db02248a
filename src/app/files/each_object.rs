//! One file for each object, into a folder, on a thread of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::names::{name_of, same_file};
use super::news::{EachWritten, News};
use super::saving::label_names;
use crate::app::document_number::DocumentNumber;
use crate::document::{Document, Object, StateId};
use crate::io::{IoError, LabelFile, Registry};
use crate::ui::text::{tr, tr_with};
use crate::ui::{FileProgress, FilesThere, Status};
use crate::volume::{LabelName, Provenance, Region};
use crate::work::{CancelToken, Progress, Task, Wake};

/// What is to be written.
struct Objects {
    labels: Vec<LabelName>,
    /// In their order: all of each, also what lies under others.
    regions: Vec<(Arc<Region>, Arc<Region>)>,
    grid: crate::geom::Grid,
    said: Provenance,
    ending: &'static str,
    /// The files of the scan.
    scan: Vec<PathBuf>,
}

impl Objects {
    fn of(document: &Document, formats: &Registry, path: &Path) -> Self {
        let image = document.image();
        let there = |o: &&Object| o.has_voxels();
        let region = |o: &Object| (Arc::clone(&o.region), Arc::clone(&o.covered));
        Self {
            labels: label_names(document, true),
            regions: document.objects().iter().filter(there).map(region).collect(),
            grid: image.grid().clone(),
            said: image.provenance().clone(),
            ending: formats.ending_for_each(path, image.provenance()),
            scan: image.files().iter().cloned().chain([path.to_owned()]).collect(),
        }
    }

    fn write(
        &self,
        formats: &Registry,
        folder: &Path,
        replaces: bool,
        (cancel, progress): (&CancelToken, &Progress),
    ) -> Result<usize, NotWritten> {
        let names: Vec<(u16, &str)> = self.labels.iter().map(|l| (l.value, &*l.name)).collect();
        let files = formats.files_for_each(folder, self.ending, &names);
        let is_scans = |file: &&PathBuf| self.scan.iter().any(|its| same_file(file, its));
        if let Some(scan) = files.iter().find(is_scans) {
            return Err(NotWritten::Scan(scan.clone()));
        }
        let there = |file: &&PathBuf| file.symlink_metadata().is_ok();
        let there: Vec<String> = files.iter().filter(there).map(|file| name_of(file)).collect();
        if !there.is_empty() && !replaces {
            return Err(NotWritten::There(there));
        }
        let failed = |source| IoError::Write { source, path: folder.to_owned() };
        std::fs::create_dir_all(folder).map_err(failed).map_err(NotWritten::Io)?;
        let row = self.grid.dims()[0];
        let whole: Vec<Region> =
            self.regions.iter().map(|(seen, under)| seen.union(under, row)).collect();
        let each = files.iter().zip(&self.labels).zip(&whole);
        let each = each.map(|((path, label), region)| LabelFile { path, label, region });
        let each: Vec<LabelFile<'_>> = each.collect();
        formats
            .save_each(&each, &self.grid, &self.said, cancel, progress)
            .map_err(NotWritten::Io)?;
        Ok(files.len())
    }
}

enum NotWritten {
    Io(IoError),
    /// These are there already.
    There(Vec<String>),
    /// It would replace the scan.
    Scan(PathBuf),
}

/// A folder, and the document whose objects go there.
#[derive(Clone)]
pub(in crate::app) struct EachObject {
    pub document: DocumentNumber,
    pub folder: PathBuf,
}

/// Writes the files: how many there are in the end.
type Writing = Task<Result<usize, NotWritten>>;

/// Files for objects that are being written, or asked about.
#[derive(Default)]
pub(super) struct EachSaving {
    writing: Option<(EachObject, StateId, Writing)>,
    asking: Option<(EachObject, FilesThere)>,
}

impl EachSaving {
    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    pub(super) fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// Stops: what was there before stays.
    pub(super) fn cancel(&self) {
        if let Some((.., task)) = &self.writing {
            task.cancel();
        }
    }

    /// What is asked about; it is not any more.
    pub(super) fn take_question(&mut self) -> Option<EachObject> {
        self.asking.take().map(|(wanted, _)| wanted)
    }

    /// Starts writing. `scan`: where the scan is, or would be.
    pub(super) fn start(
        &mut self,
        wake: Wake,
        formats: &Arc<Registry>,
        wanted: EachObject,
        (document, scan): (&Document, &Path),
        replaces: bool,
    ) -> Result<(), String> {
        let objects = Objects::of(document, formats, scan);
        if objects.labels.is_empty() {
            return Err(tr("No object has voxels: there is nothing to save").to_owned());
        }
        let (formats, folder) = (Arc::clone(formats), wanted.folder.clone());
        let task = Task::start("save each", wake, move |cancel, progress| {
            objects.write(&formats, &folder, replaces, (cancel, progress))
        });
        let task = task.map_err(|why| format!("{}: {why}", tr("no thread to save a file")))?;
        self.writing = Some((wanted, document.masks_state(), task));
        Ok(())
    }

    /// What came of it. `open`: the document that is open now.
    pub(super) fn poll(
        &mut self,
        open: Option<DocumentNumber>,
        status: &mut Status,
    ) -> Option<News> {
        self.asking.take_if(|(asked, _)| Some(asked.document) != open);
        // Another question of this kind may have been answered: then this one is the next.
        status.ask_files = self.asking.as_ref().map(|(_, there)| there.clone());
        let (wanted, _, task) = self.writing.as_ref()?;
        let (done, total) = task.progress();
        let name = name_of(&wanted.folder);
        status.saving = Some(FileProgress { name, done, total });
        let answer = task.poll()?;
        let (wanted, state, _) = self.writing.take()?;
        status.saving = None;
        let folder = wanted.folder.display();
        let why = match answer {
            Ok(Ok(count)) => {
                let EachObject { document, folder } = wanted;
                return Some(News::SavedEach {
                    document,
                    written: EachWritten { state, folder, count },
                });
            }
            Ok(Err(NotWritten::There(names))) => {
                let there = FilesThere { folder: wanted.folder.clone(), names };
                status.ask_files = Some(there.clone());
                self.asking = Some((wanted, there));
                return None;
            }
            Ok(Err(NotWritten::Io(IoError::Cancelled))) => {
                tr("Saving was stopped; nothing was written").to_owned()
            }
            Ok(Err(NotWritten::Io(why))) => why.to_string(),
            Ok(Err(NotWritten::Scan(path))) => tr_with(
                "An object is called as the scan is, whose file would be replaced; choose another folder: {path}",
                &[("path", &path.display())],
            ),
            Err(_) => tr_with(
                "The writer stopped unexpectedly; nothing was saved in {folder}",
                &[("folder", &folder)],
            ),
        };
        Some(News::Failed(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meshes are asked about in the same place.
    #[test]
    fn a_question_stays_until_it_is_answered() {
        let document = DocumentNumber(1);
        let folder = PathBuf::from("labels");
        let there = FilesThere { folder: folder.clone(), names: vec!["liver.nii.gz".to_owned()] };
        let mut each = EachSaving {
            writing: None,
            asking: Some((EachObject { document, folder }, there.clone())),
        };
        let mut status = Status { ask_files: Some(there.clone()), ..Status::default() };
        for _ in 0..2 {
            // What was asked about meshes is answered.
            status.ask_files = None;
            assert!(each.poll(Some(document), &mut status).is_none());
            assert_eq!(status.ask_files.as_ref(), Some(&there));
        }
        assert!(each.take_question().is_some_and(|wanted| wanted.document == document));
        assert!(each.poll(Some(document), &mut status).is_none() && status.ask_files.is_none());
    }
}
