//! A label map on its way out, one at a time, on a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::names::{name_of, same_file};
use super::news::News;
use crate::app::document_number::DocumentNumber;
use crate::document::{Document, Object, StateId};
use crate::io::{IoError, PairStamp, Registry, Saved};
use crate::ui::text::{tr, tr_with};
use crate::ui::{FileProgress, LostPart, SaveStatus, Status};
use crate::volume::LabelName;
use crate::work::{Task, Wake};

/// What may be replaced when a label map is saved.
pub(in crate::app) enum Replace {
    /// A pair that is still as it was then, and otherwise what was asked about by the dialog.
    Known(Option<PairStamp>),
    /// Whatever is there: the user was asked.
    All,
}

impl Replace {
    /// The file that another program has written, if one would be replaced without a word. `ours`: what was written
    /// here; `rows`: what the table will say.
    fn theirs(
        &self,
        formats: &Registry,
        path: &Path,
        (ours, rows): (&[PairStamp], &[LabelName]),
    ) -> Option<PathBuf> {
        let Self::Known(stamp) = self else { return None };
        // Label maps of several formats share the table beside them. One that says the same loses nothing.
        let is_ours = |table: &PathBuf| {
            ours.iter().chain(stamp).any(|stamp| stamp.wrote_table(table))
                || !rows.is_empty()
                    && formats.label_table_path(path).is_ok_and(|own| own == *table)
                    && formats.foreign_table(path, rows).is_none()
        };
        match stamp {
            Some(stamp) if stamp.path() == path => stamp.changed().filter(|file| !is_ours(file)),
            // About a label map that is there the dialog has asked.
            _ => {
                let table = formats.table_without_map(path).filter(|file| !is_ours(file));
                table.or_else(|| formats.voxels_without_header(path))
            }
        }
    }
}

enum NotSaved {
    Io(IoError),
    /// One of the two files is there now, and this is what lies there.
    Partly(IoError, Box<PairStamp>),
    Theirs(PathBuf),
    /// It would replace the scan.
    Scan,
}

impl NotSaved {
    /// Of an error while the label map and its table were written.
    fn because(why: IoError, formats: &Registry, path: &Path) -> Self {
        match why {
            // What is on the disk is our own work: the next try is not to ask about it.
            IoError::Table { .. } | IoError::OnlyTable { .. } => {
                Self::Partly(why, Box::new(PairStamp::of(formats, path)))
            }
            why => Self::Io(why),
        }
    }
}

/// A label map that is being written.
pub(super) struct Writing {
    name: String,
    document: DocumentNumber,
    state: StateId,
    path: PathBuf,
    task: Task<Result<(Saved, PairStamp), NotSaved>>,
}

/// How a label map is saved.
pub(in crate::app) struct SaveHow {
    pub replace: Replace,
    /// If it becomes a DICOM file, that does not say whose images it is of.
    pub without_patient: bool,
    /// What was written here before.
    pub ours: Vec<PairStamp>,
}

/// Not saved yet: something would be lost by it, and it is asked whether it may be.
pub(in crate::app) struct ReplaceQuestion {
    pub document: DocumentNumber,
    /// Where the labels were to go.
    pub path: PathBuf,
    pub loses: Loses,
}

/// What would be lost by saving.
pub(in crate::app) enum Loses {
    /// Another program's file: this one, or the table beside it.
    Theirs(PathBuf),
    /// What of objects lies under others, which the file can't keep. With it goes what the save may replace.
    Covered { lost: Vec<LostPart>, keeping: Vec<&'static str>, replace: Replace },
}

pub(super) enum Saving {
    Idle,
    Writing(Box<Writing>),
    Asking(Box<ReplaceQuestion>),
}

impl Saving {
    pub(super) fn is_writing(&self) -> bool {
        matches!(self, Self::Writing(_))
    }

    /// The question that is open.
    pub(super) fn question(&self) -> Option<&ReplaceQuestion> {
        if let Self::Asking(question) = self { Some(question) } else { None }
    }

    /// Asks before anything is written. (While something is, a save is refused anyway.)
    pub(super) fn ask(&mut self, question: ReplaceQuestion) {
        if !self.is_writing() {
            *self = Self::Asking(Box::new(question));
        }
    }

    /// The question, which is answered by that, or has become idle.
    pub(super) fn take_question(&mut self) -> Option<ReplaceQuestion> {
        match std::mem::replace(self, Self::Idle) {
            Self::Asking(question) => Some(*question),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Stops: what was there before stays.
    pub(super) fn cancel(&self) {
        if let Self::Writing(writing) = self {
            writing.task.cancel();
        }
    }

    /// Starts writing the labels of the document whose scan is the file at `scan`.
    pub(super) fn start(
        &mut self,
        wake: Wake,
        formats: &Arc<Registry>,
        (path, scan): (PathBuf, &Path),
        number: DocumentNumber,
        document: &Document,
        SaveHow { replace, without_patient, ours }: SaveHow,
    ) -> Result<(), String> {
        if self.is_writing() {
            return Err(tr("A label map is being saved already; try again in a moment").to_owned());
        }
        let name = name_of(&path);
        let labels = document.labels().clone();
        let grid = document.image().grid().clone();
        let said = document.image().provenance().clone();
        let said = if without_patient { said.without_patient() } else { said };
        let formats = formats.clone();
        // What a format can't keep was asked about.
        let covered = document.covered();
        let keeps = formats.keeps_overlaps(&path);
        let table = label_names(document, keeps);
        let (to, scan) = (path.clone(), scan.to_owned());
        let its_files = document.image().files().to_vec();
        let task = Task::start("save", wake, move |cancel, progress| {
            let voxels = formats.voxels_file(&path);
            let is_scans = |file: &PathBuf| its_files.iter().any(|its| same_file(file, its));
            if same_file(&path, &scan) || voxels.as_ref().is_some_and(is_scans) {
                return Err(NotSaved::Scan);
            }
            if let Some(theirs) = replace.theirs(&formats, &path, (&ours, &table)) {
                return Err(NotSaved::Theirs(theirs));
            }
            let labels = (&labels, &covered);
            let saved =
                formats.save_overlapping(&path, labels, &grid, &said, &table, cancel, progress);
            let saved = saved.map_err(|why| NotSaved::because(why, &formats, &path))?;
            let stamp = PairStamp::of(&formats, &path);
            Ok((saved, stamp))
        })
        .map_err(|why| format!("{}: {why}", tr("no thread to save a file")))?;
        let state = document.masks_state();
        *self = Self::Writing(Box::new(Writing { name, document: number, state, path: to, task }));
        Ok(())
    }

    /// What came of it. `open`: the document that is open now, the only one about which something can be asked.
    pub(super) fn poll(
        &mut self,
        open: Option<DocumentNumber>,
        status: &mut Status,
    ) -> Option<News> {
        let Self::Writing(writing) = self else { return None };
        let (done, total) = writing.task.progress();
        status.saving = Some(FileProgress { name: writing.name.clone(), done, total });
        let answer = writing.task.poll()?;
        let (document, state) = (writing.document, writing.state);
        let path = std::mem::take(&mut writing.path);
        *self = Self::Idle;
        (status.save, status.saving) = (SaveStatus::Never, None);
        Some(match answer {
            Ok(Ok((saved, stamp))) => News::Saved { saved, stamp, document, state },
            Ok(Err(NotSaved::Theirs(theirs))) => {
                if open == Some(document) {
                    let loses = Loses::Theirs(theirs);
                    let question = ReplaceQuestion { document, path, loses };
                    *self = Self::Asking(Box::new(question));
                }
                return None;
            }
            Ok(Err(NotSaved::Io(IoError::Cancelled))) => {
                News::Failed(tr("Saving was stopped; nothing was written").to_owned())
            }
            Ok(Err(NotSaved::Scan)) => News::Failed(tr_with(
                "That is the scan itself; choose another name for the label map: {path}",
                &[("path", &path.display())],
            )),
            Ok(Err(NotSaved::Partly(why, stamp))) => {
                News::SavedPartly { why: why.to_string(), stamp: *stamp, document }
            }
            Ok(Err(NotSaved::Io(why))) => News::Failed(why.to_string()),
            Err(_) => {
                News::Failed(tr("The writer stopped unexpectedly; nothing was saved").to_owned())
            }
        })
    }
}

/// What stands in the label table beside a saved label map, which `keeps` what of objects lies under others or does not.
pub(in crate::app) fn label_names(document: &Document, keeps: bool) -> Vec<LabelName> {
    let is_there = |o: &&Object| if keeps { o.has_voxels() } else { !o.region.is_empty() };
    let there = document.objects().iter().filter(is_there);
    let row = |o: &Object| LabelName {
        value: o.id.0,
        name: o.name.clone(),
        colour: o.colour,
        opacity: o.opacity,
        visible: o.visible,
    };
    there.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::formats;
    use crate::work::{CancelToken, Progress};

    fn full() -> std::io::Error {
        std::io::Error::from(std::io::ErrorKind::StorageFull)
    }

    #[test]
    fn half_a_save_is_nobody_elses_work() {
        let folder = tempfile::tempdir().unwrap();
        let (map, table) = (folder.path().join("m.nii"), folder.path().join("m.labels.txt"));
        let write = |text: &str, path: &Path| std::fs::write(path, text).unwrap();
        let table_failed = || IoError::Table { source: full(), path: table.clone() };
        let map_failed = || IoError::OnlyTable { source: full(), path: map.clone() };
        for (why, written) in [(table_failed(), &map), (map_failed(), &table)] {
            write("old map", &map);
            write("old table", &table);
            let before = PairStamp::of(formats(), &map);
            // What the save has written before it failed.
            write("newer than that", written);
            let asks = |stamp| Replace::Known(Some(stamp)).theirs(formats(), &map, (&[], &[]));
            assert_eq!(asks(before).as_ref(), Some(written), "as it was known before");
            let NotSaved::Partly(_, stamp) = NotSaved::because(why, formats(), &map) else {
                panic!("one of the two is there");
            };
            assert_eq!(asks(*stamp.clone()), None);
            write("somebody else's", &table);
            assert_eq!(asks(*stamp).as_ref(), Some(&table));
        }
    }

    /// What lies beside a label map that is not there yet, what was written here before, and whether it is asked about.
    #[test]
    fn a_table_of_our_own_is_nobody_elses() {
        let row = |name: &str| LabelName {
            value: 1,
            name: name.to_owned(),
            colour: [1, 2, 3],
            opacity: 1.0,
            visible: true,
        };
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (map, table) = (at("m.nii.gz"), at("m.labels.txt"));
        let (grid, labels) = {
            let grid = crate::geom::Grid::new([2, 2, 2], crate::geom::DAffine3::IDENTITY).unwrap();
            (grid, crate::volume::LabelMap::from_labels([2, 2, 2], &[1, 0, 0, 0, 0, 0, 0, 0]))
        };
        let said = crate::volume::Provenance::default();
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let save = |path: &Path, name: &str| {
            let rows = [row(name)];
            formats().save_labels(path, &labels, &grid, &said, &rows, &cancel, &progress).unwrap();
            PairStamp::of(formats(), path)
        };
        let stamp = save(&map, "Liver");
        let asks = |path: &Path, known: Option<&PairStamp>, ours: &[PairStamp], name: &str| {
            let rows = [row(name)];
            Replace::Known(known.cloned()).theirs(formats(), path, (ours, &rows))
        };
        let other = at("m.seg.nrrd");
        assert_eq!(asks(&other, None, &[], "Liver"), None, "it says the same");
        assert_eq!(asks(&other, None, &[], "Spleen").as_ref(), Some(&table));
        assert_eq!(asks(&other, Some(&stamp), &[], "Spleen"), None, "opened or saved last");
        let ours = [stamp];
        assert_eq!(asks(&other, None, &ours, "Spleen"), None, "saved before");
        // Saved in the other format, the first one's table has changed: by us.
        let second = save(&other, "Spleen");
        assert_eq!(asks(&map, Some(&ours[0]), &[], "Kidney").as_ref(), Some(&table));
        assert_eq!(asks(&map, Some(&ours[0]), &[second], "Kidney"), None);
        std::fs::write(&table, "somebody else's").unwrap();
        assert_eq!(asks(&map, Some(&ours[0]), &ours, "Kidney").as_ref(), Some(&table));
    }

    #[test]
    fn a_save_that_changed_nothing_says_nothing_of_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.nii");
        let why = IoError::Write { source: full(), path: path.clone() };
        assert!(matches!(NotSaved::because(why, formats(), &path), NotSaved::Io(_)));
    }
}
