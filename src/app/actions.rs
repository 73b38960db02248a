//! What the user asks for, done.

use std::path::PathBuf;

use super::App;
use super::files::{self, Output, Purpose, Role, Which};
use super::leaving::Leave;
use crate::document::{Command, GestureId, LabelId, Object};
use crate::prompt::KeptParts;
use crate::session;
use crate::ui::text::stopped;
use crate::ui::{Action, BesideAction, OfferAnswer, RecentFile};

impl App {
    /// Stops what is nearest at hand: a file that is being opened, else a click, else the newest message. What is
    /// fetched from the net goes on: it may have come a long way, and has a button of its own.
    pub(super) fn cancel(&mut self) {
        if self.cancel_opening_session() {
        } else if self.choice.is_some() {
            self.choose_series(None);
        } else if self.files.is_opening() {
            self.files.cancel();
        } else if self.pictures.is_busy() {
            self.pictures.cancel();
        } else if self.meshes.is_busy() {
            self.meshes.cancel();
        } else if !self.model.cancel(self.open.as_mut()) {
            match self.status.offers.last().map(|o| o.number) {
                Some(number) => self.answer(number, OfferAnswer::Drop),
                None => self.toasts.close_newest(),
            }
        }
    }

    pub(super) fn told<T>(&mut self, result: Result<T, String>) {
        if let Err(why) = result {
            self.toasts.error(why);
        }
    }

    /// Opens files: models are used, others read. (Models in folders are found when those are read.)
    fn open(&mut self, paths: Vec<PathBuf>, role: Role) {
        let (sessions, paths): (Vec<_>, Vec<_>) =
            paths.into_iter().partition(|p| session::is_named_as_session(p));
        if let Some(session) = sessions.into_iter().next() {
            self.open_session(session);
        }
        // A list that was opened before is one, even if its folder could be opened as a scan.
        if let [place] = &*paths
            && role == Role::Any
            && self.remembered.list(place).is_some()
        {
            let place = place.clone();
            self.open_list(&place);
            return;
        }
        let (models, files) = paths.into_iter().partition(|p| files::is_named_like_a_model(p));
        let models: Vec<PathBuf> = models;
        if let Some(model) = models.into_iter().next_back() {
            self.model.choose(Some(model.into()), &mut self.status);
        }
        self.files.open_all(files, role);
    }

    /// From the model's last answer if that can be done, else by asking the model again.
    fn keep_parts(&mut self, object: LabelId, parts: KeptParts) {
        let Some(open) = &self.open else { return };
        let adjusts = |o: &Object| o.replayed() > 0 && o.answer.adjustable && !o.locked;
        if open.document.object(object).is_some_and(adjusts) {
            self.threshold.keep(open.number, object, parts);
        } else {
            self.run(Command::KeepParts { object, parts, mask: None });
        }
    }

    fn move_threshold(&mut self, wanted: (LabelId, f32), begins: bool) {
        if let Some(open) = &self.open {
            self.threshold.set(open.number, wanted, begins, &mut self.status);
        }
    }

    fn open_sample(&mut self) {
        if let Some(path) = self.status.sample.clone() {
            self.files.open(path, Role::Any);
        }
    }

    fn open_recent(&mut self, file: RecentFile) {
        match file.series {
            None => self.open(vec![file.path], Role::Any),
            Some(series) => self.files.open_one(file.path, Role::Any, Which::Series(series.key)),
        }
    }

    fn take_back(&mut self, gesture: GestureId) {
        if let Some(open) = &mut self.open {
            open.document.cancel_gesture(gesture);
        }
    }

    /// To where so many steps of the history are done.
    fn go_to(&mut self, done: usize) {
        if let Some(open) = &mut self.open {
            open.deferred.clear();
            open.document.go_to(done);
        }
        self.tell_history_fault();
    }

    /// One of the files opened lately, or all of them.
    fn forget_recent(&mut self, file: Option<&RecentFile>) {
        self.remembered.forget(file);
        if file.is_some() {
            self.list_recent();
        } else {
            self.status.recent.clear();
        }
    }

    pub(super) fn perform(&mut self, action: Action, ctx: &egui::Context) {
        match action {
            Action::OpenDialog => self.files.paths.ask(Purpose::Open),
            Action::OpenSample => self.open_sample(),
            Action::Open(paths) => self.open(paths, Role::Any),
            Action::OpenRecent(file) => self.open_recent(file),
            Action::ChooseSeries(row) => self.choose_series(row),
            Action::Drop(paths) => self.open(paths, self.role_of_dropped()),
            Action::Answer(number, answer) => self.answer(number, answer),
            Action::ShowSuv(kind) => self.show_suv(kind),
            Action::OverlayDialog => self.files.paths.ask(Purpose::Overlay),
            Action::OpenOverlay(path) => self.files.open(path, Role::Overlay),
            Action::SaveMeasures => self.ask_save_measures(),
            Action::SaveDrawnMeasures => self.ask_save_drawn(),
            Action::ExportMeshes(wanted) => self.ask_meshes(wanted),
            Action::CancelMeshes => self.meshes.cancel(),
            Action::SaveLabelTable => self.ask_save_label_table(),
            Action::Beside(BesideAction::Ask) => self.files.paths.ask(Purpose::Beside),
            Action::Beside(BesideAction::TakeAway) => self.view.take_scan_beside_away(),
            Action::Beside(BesideAction::TakeLabelsAway) => {
                if let Some(second) = &mut self.view.scan.beside.scan {
                    second.labels = None;
                }
            }
            Action::Comparison(action) => self.compare(action, ctx),
            Action::Agreement(action) => self.do_with_raters(action, ctx),
            Action::Robot(action) => self.do_with_robot(action, ctx),
            Action::Refuse(why) => self.toasts.refused(stopped(&why)),
            Action::Tell(text) => self.toasts.info(text),
            Action::Cancel => self.cancel(),
            Action::CancelClick => {
                self.model.cancel(self.open.as_mut());
            }
            Action::CancelInstall => self.model.cancel_install(),
            Action::CancelDownload => self.library.cancel(),
            Action::Save => self.save_again(),
            Action::SaveAs => self.ask_save(),
            Action::SaveEach => self.ask_save_each(),
            Action::ReplaceFiles(replaces) => self.answer_files(replaces),
            Action::Undo => self.undo(),
            Action::Redo => self.redo(),
            Action::TakeBack(gesture) => self.take_back(gesture),
            Action::Do(command) => {
                self.run(command);
            }
            Action::Duplicate(object) => self.duplicate(object),
            Action::NameFromList { object, name, number, colour, list } => {
                self.name_from_list((object, number), name, colour, &list);
            }
            Action::ApplyOperation => {
                self.operations.apply(self.open.as_ref(), self.view.transient.operation.as_ref());
            }
            Action::ApplyGrowth => {
                self.growth.apply(self.open.as_ref(), self.view.transient.growth.as_ref());
            }
            Action::InstallRuntime => self.model.install(&mut self.status, &mut self.toasts),
            Action::ChooseModel => self.files.paths.ask(Purpose::Model),
            Action::MoveThreshold { object, threshold, begins } => {
                self.move_threshold((object, threshold), begins);
            }
            Action::KeepParts(object, parts) => self.keep_parts(object, parts),
            Action::UseModel(path) => self.use_model_named(path),
            Action::Server(action) => self.do_with_server(action),
            Action::DownloadModel => self.library.download(&mut self.status, &mut self.toasts),
            Action::UseDemoModel => self.model.choose(None, &mut self.status),
            Action::CopyPicture(options) => self.copy_picture(&options),
            Action::SavePicture(options) => self.ask_output(Output::Picture(options)),
            Action::RecordFilm(options) => self.ask_output(Output::Film(options)),
            Action::CancelPicture => self.pictures.cancel(),
            Action::GoTo(done) => self.go_to(done),
            Action::ForgetRecent(file) => self.forget_recent(Some(&file)),
            Action::ClearRecent => self.forget_recent(None),
            Action::CancelSave => self.files.cancel_save(),
            Action::Cases(action) => self.do_cases(action),
            Action::CloseScan => self.leaving.want(Leave::CloseScan),
            Action::SaveSessionAs => self.ask_save_session(),
            Action::SaveSessionAlone => self.ask_save_session_alone(),
            Action::AskWithScan => self.ask_with_scan(),
            Action::AnswerWithScan(goes_on) => self.answer_with_scan(goes_on),
            Action::CancelSavingSession => self.cancel_saving_session(),
            Action::ContinueDraft(path) => self.continue_draft(path),
            Action::DiscardDraft(path) => self.discard_draft(path),
            Action::AnswerSession(answer) => self.answer_session(answer),
            Action::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            Action::Leave(answer) => self.answer_leave(answer),
            Action::Replace(answer) => self.answer_replace(answer),
        }
    }
}
