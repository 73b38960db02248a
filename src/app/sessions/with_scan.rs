//! A session under another name, with the scan's voxels in it or without: how large it would be, and how far it is.

use std::path::PathBuf;

use super::moving::Moving;
use super::orders::{Move, MoveWatch, Order};
use super::{Sessions, words};
use crate::app::App;
use crate::app::document_number::DocumentNumber;
use crate::app::files::Purpose;
use crate::session::{ENDING, estimated_bytes};
use crate::ui::text::tr;
use crate::ui::{ScanWish, WithScan};
use crate::work::Task;

/// Whether the scan is to go into the session is being asked.
pub(super) struct Asking {
    document: DocumentNumber,
    /// How large it would be is being found out.
    task: Option<Task<Option<u64>>>,
}

impl App {
    /// Asks where the session is to be kept.
    pub(in crate::app) fn ask_save_session(&mut self) {
        self.ask_session_place(ScanWish::AsItIs);
    }

    /// As that; the scan's voxels, which are in it, go out of it.
    pub(in crate::app) fn ask_save_session_alone(&mut self) {
        self.ask_session_place(ScanWish::Without);
    }

    fn ask_session_place(&mut self, wish: ScanWish) {
        let Some(open) = &self.open else { return };
        let beside = || {
            let stem = open.stem(&self.formats);
            open.path.with_file_name(format!("{stem}{ENDING}"))
        };
        let named = self.sessions.current.as_ref().filter(|c| c.named && c.trouble.is_none());
        let suggestion = named.and_then(|c| c.path.clone()).unwrap_or_else(beside);
        self.files.paths.ask(Purpose::Session(open.number, suggestion, wish));
    }

    /// Says what it means to have the scan in the session, and how large that would be.
    pub(in crate::app) fn ask_with_scan(&mut self) {
        let Some(open) = &self.open else { return };
        let image = open.document.image();
        let voxels = image.voxels();
        self.status.ask_with_scan = Some(WithScan {
            name: image.name().to_owned(),
            bytes: (voxels.len() * voxels.data_type().size()) as u64,
            estimated: None,
            is_dicom: image.provenance().images.is_some(),
            overlays: self.view.scan.overlays.len(),
        });
        let volume = image.clone();
        let task = Task::start("estimate", self.sessions.wake.clone(), move |cancel, _| {
            estimated_bytes(&volume, cancel)
        });
        self.sessions.with_scan = Some(Asking { document: open.number, task: task.ok() });
    }

    /// The answer to that.
    pub(in crate::app) fn answer_with_scan(&mut self, goes_on: bool) {
        self.status.ask_with_scan = None;
        let asked = self.sessions.with_scan.take();
        let open = self.open.as_ref().map(|open| open.number);
        if goes_on && asked.is_some_and(|asked| Some(asked.document) == open) {
            self.ask_session_place(ScanWish::With);
        }
    }

    /// The session is kept there from now on.
    pub(in crate::app) fn save_session(&mut self, path: PathBuf, wish: ScanWish) {
        let Sessions { current, hashes, keeper, .. } = &mut self.sessions;
        let (Some(open), Some(current)) = (&self.open, current) else { return };
        if current.moving.is_some() {
            self.toasts.error(
                tr("The session is being saved elsewhere already; try again in a moment")
                    .to_owned(),
            );
            return;
        }
        current.see(open, &self.view, &self.status, hashes);
        let letter = current.letter(open, &self.view, true);
        // A scan that has no file here goes wherever its session goes.
        let wish = if current.own_source.is_some() { ScanWish::With } else { wish };
        let scan = (!open.no_scan).then(|| open.document.image().clone());
        let watch = MoveWatch::default();
        current.moving = Some(Moving::new(&path, watch.clone()));
        keeper.give(Order::Move(Box::new(Move { to: path, letter, wish, scan, watch })));
    }

    /// Stops that: the session stays where it was.
    pub(in crate::app) fn cancel_saving_session(&mut self) {
        let current = self.sessions.current.as_ref();
        if let Some(moving) = current.and_then(|current| current.moving.as_ref()) {
            moving.cancel();
        }
    }

    /// How large it would be, and how far it is.
    pub(super) fn follow_with_scan(&mut self, ctx: &egui::Context) {
        let open = self.open.as_ref().map(|open| open.number);
        self.sessions.with_scan.take_if(|asked| Some(asked.document) != open);
        match &mut self.sessions.with_scan {
            None => self.status.ask_with_scan = None,
            Some(Asking { task, .. }) => {
                let answer = task.as_ref().and_then(Task::poll);
                if let (Some(answer), Some(asked)) = (answer, &mut self.status.ask_with_scan) {
                    asked.estimated = answer.ok().flatten();
                    *task = None;
                }
            }
        }
        let current = self.sessions.current.as_mut();
        self.status.saving_session = current.and_then(|current| {
            let moving = current.moving.as_mut()?;
            // Somebody is at it, however long it takes.
            if moving.goes_on() {
                current.waits_since = Some(std::time::Instant::now());
            }
            moving.progress()
        });
        if self.status.saving_session.is_some() {
            ctx.request_repaint_after(words::OFTEN);
        }
    }
}
