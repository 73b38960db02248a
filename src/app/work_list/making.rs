//! Makes the list of a folder or a table, and remembers how it was set up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::shown::{names_beside, status_of};
use super::{OpenList, WorkList};
use crate::app::App;
use crate::app::name_lists::read_list;
use crate::app::remembered::KeptList;
use crate::cases::{self, CaseList, CasesError};
use crate::names::NameList;
use crate::ui::text::{tr, tr_with};
use crate::ui::{ListProgress, tr_error};
use crate::work::Task;

/// A list that is being made.
pub(super) struct Making {
    kept: KeptList,
    task: Task<Result<Made, CasesError>>,
}

/// A list that was made.
struct Made {
    list: CaseList,
    /// The names that lie with it; or why they can't be used.
    own_names: Result<Option<NameList>, (PathBuf, String)>,
    took: Duration,
}

impl App {
    /// Makes the list of a folder or a table, set up as it was when it was opened last.
    pub(in crate::app) fn open_list(&mut self, place: &Path) {
        let place = std::path::absolute(place).unwrap_or_else(|_| place.to_owned());
        let kept = self.remembered.list(&place).cloned();
        self.make_list(kept.unwrap_or_else(|| KeptList { place, ..KeptList::default() }));
    }

    /// All sessions of the list are in this folder; `None`: beside their scans, or where the table says.
    pub(in crate::app) fn keep_sessions_in(&mut self, folder: Option<PathBuf>) {
        if let Some(kept) = self.set_up() {
            self.make_list(KeptList { sessions: folder, ..kept });
        }
    }

    /// New objects of all cases are called by this list of names.
    pub(super) fn call_new_objects_by(&mut self, names: Option<String>) {
        let Some(kept) = self.set_up() else { return };
        self.remembered
            .keep_list(KeptList { names: Some(names.clone().unwrap_or_default()), ..kept });
        if let Some(status) = &mut self.status.work_list {
            Arc::make_mut(status).names = names;
        }
    }

    /// How the list that is open is set up.
    fn set_up(&self) -> Option<KeptList> {
        let list = &self.work_list.open.as_ref()?.list;
        let known = self.remembered.list(&list.place).cloned();
        let fresh =
            || KeptList { place: list.place.clone(), sessions: list.sessions.clone(), names: None };
        Some(known.unwrap_or_else(fresh))
    }

    fn make_list(&mut self, kept: KeptList) {
        let WorkList { wake, making, .. } = &mut self.work_list;
        let formats = Arc::clone(&self.formats);
        let (place, sessions) = (kept.place.clone(), kept.sessions.clone());
        let began = Instant::now();
        let task = Task::start("list of cases", Arc::clone(wake), move |cancel, progress| {
            let list = cases::find(&place, sessions.as_deref(), &formats, cancel, progress)?;
            let names = names_beside(&place);
            let there = names.is_file();
            let own_names = there.then(|| read_list(&names)).transpose();
            let own_names = own_names.map_err(|why| (names, why));
            Ok(Made { list, own_names, took: began.elapsed() })
        });
        match task {
            Ok(task) => *making = Some(Making { kept, task }),
            Err(why) => {
                self.toasts.error(format!("{}: {why}", tr("no thread to open a file")));
            }
        }
    }

    pub(super) fn cancel_making(&mut self) {
        self.work_list.making = None;
        self.status.listing = None;
    }

    pub(super) fn follow_making(&mut self) {
        let Some(making) = &self.work_list.making else { return };
        let (done, total) = making.task.progress();
        let Some(answer) = making.task.poll() else {
            let place = making.kept.place.clone();
            self.status.listing = Some(ListProgress { place, done, total });
            return;
        };
        self.status.listing = None;
        let Some(Making { kept, .. }) = self.work_list.making.take() else { return };
        match answer {
            Ok(Ok(made)) => self.take_list(made, kept),
            Ok(Err(CasesError::Cancelled)) => {}
            Ok(Err(why)) => self.toasts.error(tr_error(&why)),
            Err(_) => self.toasts.error(tr_with(
                "The reader stopped unexpectedly, please report this file: {name}",
                &[("name", &kept.place.display())],
            )),
        }
    }

    fn take_list(&mut self, made: Made, kept: KeptList) {
        let Made { list, own_names, took } = made;
        let own_names = own_names.unwrap_or_else(|(path, why)| {
            self.toasts.warning(tr_with(
                "A list of names could not be used: {path}: {why}",
                &[("path", &path.display()), ("why", &why)],
            ));
            None
        });
        let own_title = own_names.as_ref().map(|names| names.title.clone());
        // What lies with the cases is meant for all who work on them.
        let names = match &kept.names {
            Some(chosen) => Some(chosen.clone()).filter(|title| !title.is_empty()),
            None => own_title.clone(),
        };
        self.status.work_list = Some(Arc::new(status_of(&list, names, own_title)));
        self.work_list.open = Some(OpenList::new(list, own_names, took));
        // It was about places in another list.
        self.work_list.walk = None;
        self.view.windows.cases = crate::ui::CasesPanel { open: true, ..Default::default() };
        self.remembered.opened(kept.place.clone().into());
        self.remembered.keep_list(kept);
        self.list_recent();
    }
}
