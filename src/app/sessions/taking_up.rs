//! A session that is opened, into the window; and the drafts that can be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::carried::Carried;
use super::companions::Companions;
use super::copies::CopyMark;
use super::current::{CopyOf, Current};
use super::kept_view::{KeptView, factor_of};
use super::opening::{FoundOverlay, NotItself, Note, Ready};
use super::orders::{KeptFrom, Order};
use super::words;
use crate::app::App;
use crate::app::files::{Loaded, name_of, stem_of};
use crate::app::model::AskedOf;
use crate::app::uptake::{show_layer_in, show_scan_in};
use crate::session::{FileRef, Overlay, Past, ReadOnly, RecordedStep};
use crate::ui::text::{tr, tr_with};
use crate::ui::{EarlierWork, ImageLayer, OfferAnswer, PastStep, Question, SaveStatus, tr_error};
use crate::volume::{Volume, Window};

/// So many steps of earlier sittings are listed: the last.
const MOST_STEPS: usize = 1000;

impl App {
    /// Makes the document of a session the open one.
    pub(in crate::app) fn take_up(&mut self, mut ready: Ready) {
        let Some(mut document) = ready.document.take() else { return };
        super::super::bound_history(&mut document);
        let files = document.image().files().to_vec();
        self.put(document, (ready.stats, ready.histogram.clone()), &ready.scan);
        let overlays = self.lay_over_again(&mut ready);
        if let Some(open) = &mut self.open {
            // (A click that is not answered keeps it in the file's values.)
            if let Some(kind) = ready.view.suv()
                && let Err(why) = show_scan_in(open, &mut self.view.scan, Some(kind))
            {
                tracing::info!("the scan is shown in its file's values: {why}");
            }
            ready.view.apply(&mut self.view, &open.document);
            open.no_scan = ready.stands_in.is_some();
            let asked_of = AskedOf::read(&ready.contents.snapshot.around.view);
            self.model.hold(open, asked_of);
            let asked_of = self.model.asked_of(open);
            self.status.server.asked_of = asked_of.map(|of| of.text().to_owned());
            if let Some((export, stamp)) = ready.export.take() {
                if ready.is_exported {
                    self.status.save = SaveStatus::Saved(export.clone());
                }
                (open.saved_to, open.on_disk) = (Some(export), Some(stamp));
            }
        }
        let found = std::mem::take(&mut ready.companions);
        let told = found.lost.clone();
        let kept = &ready.contents.snapshot.around.overlays;
        let companions = self.take_up_companions(found, (&ready.view, kept));
        self.tell_what_came(&ready);
        if ready.stands_in.is_none() {
            self.tell_lost_companions(&told);
        }
        self.tell_who_answered();
        self.sessions.offered.clear();
        let hashes = &mut self.sessions.hashes;
        match &ready.known {
            Some(known) => hashes.know(&ready.scan, &files, known),
            None if has_file(&ready) => hashes.opened(&ready.scan, &files),
            None => {}
        }
        self.status.past = Arc::new(past_steps(&ready.contents.past));
        self.keep(ready, overlays, companions);
    }

    /// Keeps what is done to the document from now on: in its file if that may be, else in a draft.
    fn keep(
        &mut self,
        ready: Ready,
        overlays: Vec<(Arc<Volume>, PathBuf, FileRef)>,
        companions: Companions,
    ) {
        let in_folder = ready.path.parent() == self.sessions.folder.as_deref();
        let mut current = self.current_of(&ready, in_folder);
        current.companions = companions;
        let (named, path) = (current.named, ready.path.clone());
        // What is in a draft yet goes into the file at once.
        let is_as_read = ready.file.is_ok() && ready.aside.is_none();
        let draft = ready.aside.as_ref().and_then(|file| file.path().map(Path::to_owned));
        let beginning = self.beginning(ready, named);
        self.sessions.keeper.give(Order::Begin(current.id, Box::new(beginning)));
        if let Some(open) = &self.open {
            for (volume, path, file) in overlays {
                self.sessions.hashes.know(&path, volume.files(), &file);
                current.laid_over(&volume, path);
            }
            current.see(open, &self.view, &self.status, &mut self.sessions.hashes);
            current.is_opened(open.document.state());
            if is_as_read {
                current.is_as_read();
            }
        }
        self.sessions.current = Some(current);
        // A list would push everything else out.
        if named && !self.is_in_list(&path) {
            self.remembered.opened(path.clone().into());
            self.list_recent();
        }
        for path in [path].into_iter().chain(draft) {
            self.sessions.drafts.forget(&path);
            self.sessions.offered.push(path);
        }
    }

    /// What the window is to know of how a document is kept.
    fn current_of(&mut self, ready: &Ready, in_folder: bool) -> Current {
        let around = &ready.contents.snapshot.around;
        let mut current = Current::new(self.sessions.next(), ready.scan.clone());
        current.stands_in.clone_from(&ready.stands_in);
        current.lost.clone_from(&ready.lost);
        current.models = around.models.clone();
        current.case_state = around.case_state;
        current.is_new = ready.is_new;
        current.has_scan = ready.file.is_ok() && ready.contents.scan.is_some();
        let from_session = matches!(ready.note, Some(Note::FromSession(_)));
        current.own_source = from_session.then(|| around.source.clone());
        let copy = ready.copy.as_ref();
        match &ready.file {
            Ok(_) => {
                current.named = !in_folder;
                (current.path, current.begun) = (Some(ready.path.clone()), true);
                current.copy_of = copy.map(|(mark, why)| CopyOf {
                    name: mark.name(),
                    why: tr_error(why),
                    advice: String::new(),
                });
                let sittings = &ready.contents.past.sittings;
                let first = sittings.first().filter(|_| in_folder);
                current.earlier =
                    first.map(|s| EarlierWork { sittings: sittings.len(), since_ms: s.began_ms });
            }
            Err(why) => {
                let name = copy.map_or_else(|| name_of(&ready.path), |(mark, _)| mark.name());
                let (why, advice) = (tr_error(why), advice(why).to_owned());
                current.copy_of = Some(CopyOf { name, why, advice });
                // What is whole of a damaged one, and masks that were put elsewhere, are kept at once.
                current.begun = !ready.damage.is_empty() || ready.note == Some(Note::ByPlace);
            }
        }
        current
    }

    /// What the thread that has the files is to know of it.
    fn beginning(&self, ready: Ready, named: bool) -> KeptFrom {
        // On another scan it looks otherwise, and has another name.
        let other = matches!(ready.file, Err(NotItself::OtherScan));
        let around = ready.contents.snapshot.around;
        let name = if other { &ready.scan } else { Path::new(&around.source.name) };
        KeptFrom {
            stem: stem_of(&self.formats, name),
            file: ready.file.ok().and_then(Carried::arrive),
            aside: ready.aside.and_then(Carried::arrive),
            copy_of: ready.copy.map(|(mark, _)| mark),
            named,
            past: ready.contents.past,
            exported: around.exported.filter(|_| !other),
            picture: around.picture.filter(|_| !other),
        }
    }

    /// Of work that was in a draft because its session could not be written.
    fn tell_where_it_goes(&mut self, name: &str, back: bool, copy: Option<&(CopyMark, String)>) {
        if back {
            self.toasts.info(tr_with(
                "This is the newer work on {name}: it is written into it now",
                &[("name", &name)],
            ));
        } else if let Some((mark, why)) = copy.filter(|(mark, _)| mark.belongs_back) {
            self.toasts.warning(tr_with(
                "This is newer work on {name}, and stays a draft: {why}. “Save session as…” keeps it under a name.",
                &[("name", &mark.name()), ("why", &tr_error(why))],
            ));
        }
    }

    /// Lays the images of a session over its scan; where each came from.
    fn lay_over_again(&mut self, ready: &mut Ready) -> Vec<(Arc<Volume>, PathBuf, FileRef)> {
        let kept = &ready.contents.snapshot.around.overlays;
        let view: &KeptView = &ready.view;
        let (mut layers, mut files) = (Vec::new(), Vec::new());
        for FoundOverlay { place, image, known } in std::mem::take(&mut ready.overlays) {
            files.push((Arc::clone(&image.volume), image.path.clone(), known.clone()));
            // The others were only clicked in.
            if place < view.layers_shown() && layers.len() < ImageLayer::MOST {
                let (as_read, path) = (Arc::clone(&image.volume), image.path.clone());
                let layer = dressed(*image, &kept[place], place, view);
                if !Arc::ptr_eq(&as_read, &layer.volume) {
                    // What was clicked in is the same file in the file's values.
                    files.push((Arc::clone(&layer.volume), path, known));
                }
                layers.push(layer);
            }
        }
        self.view.scan.overlays = layers;
        files
    }

    fn tell_lost(&mut self, lost: &[Overlay]) {
        for overlay in lost {
            self.toasts.warning(tr_with(
                "An image over the scan was not found, or is another one now; objects that were clicked in it keep their masks: {path}",
                &[("path", &overlay.file.absolute.display())],
            ));
        }
    }

    /// Its masks are a server's, and further points will not be asked there.
    fn tell_who_answered(&mut self) {
        let waits = self.status.server.asked_of.is_some();
        let open = self.open.as_ref().filter(|open| !waits && !open.no_scan);
        if let Some(host) = open.and_then(|open| self.model.answered_elsewhere(open)) {
            self.toasts.info(tr_with(
                "Masks of this session were computed on {host}; new points are answered by the model in use now. “Server…” in the menu Segment uses that server again.",
                &[("host", &host)],
            ));
        }
    }

    fn tell_what_came(&mut self, ready: &Ready) {
        let name = name_of(&ready.path);
        if ready.stands_in.is_none() {
            self.tell_lost(&ready.lost);
        }
        for damage in &ready.damage {
            self.toasts.error(format!("{name}: {}", tr_error(damage)));
        }
        if !ready.damage.is_empty() {
            self.toasts.error(tr_with(
                "Not all of this session could be given back. It stays as it is; what is whole goes on as a draft of its own: {path}",
                &[("path", &ready.path.display())],
            ));
        } else if let Err(why @ NotItself::ReadOnly(_)) = &ready.file {
            self.toasts.warning(tr_with(
                "{name} is open to be read only: {why}. What you change goes into a copy, as a draft.",
                &[("name", &name), ("why", &tr_error(why))],
            ));
        }
        match ready.note {
            Some(Note::MasksAlone) => self.toasts.warning(
                tr("The masks are open without their scan: nothing is seen below them, and clicks have nothing to look at. They are saved where the scan lies.").to_owned(),
            ),
            Some(Note::AllTheSame) => self.toasts.warning(
                tr("The masks lie on a file that is not the one they were made on. Look whether they fit. What you change goes into a new draft; the session stays as it was.").to_owned(),
            ),
            Some(Note::ByPlace) => self.toasts.warning(
                tr("The masks were put onto this scan by their place in the patient, each voxel by its nearest neighbour, without their clicks. Look whether they fit. The session stays as it was.").to_owned(),
            ),
            Some(Note::FromSession(file)) => {
                let scan = ready.contents.snapshot.around.source.file.absolute.display();
                self.toasts.info(tr_with(words::from_session(file), &[("path", &scan)]));
            }
            None => {}
        }
        let copy = ready.copy.as_ref().filter(|_| ready.file.is_ok());
        self.tell_where_it_goes(&name, ready.aside.is_some(), copy);
    }

    /// Lists drafts, and offers those of the open scan.
    pub(super) fn follow_drafts(&mut self, ctx: &egui::Context) {
        let sessions = &mut self.sessions;
        if self.open.is_none()
            && let Some(wait) = sessions.drafts.watch(&sessions.wake.clone())
        {
            ctx.request_repaint_after(wait);
        }
        let open = sessions.current.as_ref().and_then(|c| c.path.clone());
        let changed = sessions.drafts.step(
            &sessions.wake.clone(),
            sessions.folder.as_deref(),
            open.as_deref(),
        );
        if changed {
            let cards = sessions.drafts.known.iter().map(|draft| draft.card.clone());
            self.status.drafts = Arc::new(cards.collect());
        }
        let Some(document) = &self.open else { return };
        // Only as long as nothing was done: then it is another piece of work.
        let document_now = &document.document;
        let begun = !document_now.objects().is_empty() || !document_now.measurements().is_empty();
        if begun || document_now.can_undo().is_some() {
            return;
        }
        let scan = std::path::absolute(&document.path).unwrap_or_else(|_| document.path.clone());
        let about = |d: &&super::drafts::Draft| d.scan == scan && d.card.held_by.is_none();
        let newest = sessions.drafts.known.iter().filter(about).max_by_key(|d| d.card.written_ms);
        let Some(draft) = newest.filter(|d| !sessions.offered.contains(&d.card.path)) else {
            return;
        };
        let card = draft.card.clone();
        let ours = sessions.drafts.known.iter().filter(about).map(|d| d.card.path.clone());
        sessions.offered.extend(ours.collect::<Vec<_>>());
        self.offer_draft(card);
    }

    fn offer_draft(&mut self, card: crate::ui::DraftCard) {
        let path = card.path.clone();
        let name = card.scan.clone();
        let question = Question::Draft(Box::new(card));
        self.offer(name, question, crate::app::offers::Offered::Draft(path));
    }

    /// The user wants to go on with a draft.
    pub(in crate::app) fn continue_draft(&mut self, path: PathBuf) {
        // Another question about it is answered by that.
        let same = |offered: &crate::app::offers::Offered| matches!(offered, crate::app::offers::Offered::Draft(p) if *p == path);
        let number = self.offers.iter().find(|(_, o)| same(o)).map(|(n, _)| *n);
        if let Some(number) = number {
            self.answer(number, OfferAnswer::Drop);
        }
        self.open_session(path);
    }

    /// A draft is not wanted any more.
    pub(in crate::app) fn discard_draft(&mut self, path: PathBuf) {
        self.sessions.drafts.forget(&path);
        let cards = self.sessions.drafts.known.iter().map(|draft| draft.card.clone());
        self.status.drafts = Arc::new(cards.collect());
        self.sessions.keeper.give(Order::Discard(path));
    }
}

/// An image as it lay over the scan at this place, counted from 0.
pub(super) fn dressed(
    image: Loaded,
    overlay: &Overlay,
    place: usize,
    view: &KeptView,
) -> ImageLayer {
    let mut layer = ImageLayer::new(image.volume, image.stats, image.histogram);
    if let Some(kind) = view.suv_of_layer(place) {
        let _as_read = show_layer_in(&mut layer, Some(kind));
    }
    let factor = factor_of(&layer.volume);
    let shown = |window: Window| window.in_unit(|value| value * factor);
    layer.window = overlay.window.map_or(layer.window, shown);
    view.dress(place, &mut layer);
    layer
}

/// Whether the scan that is shown was read from its file.
fn has_file(ready: &Ready) -> bool {
    ready.stands_in.is_none() && !matches!(ready.note, Some(Note::FromSession(_)))
}

/// What can be done about a session that is not written itself.
fn advice(why: &NotItself) -> &'static str {
    match why {
        NotItself::ReadOnly(ReadOnly::Held(_)) => {
            tr("To work on it itself, close it there, then open it here again.")
        }
        NotItself::ReadOnly(ReadOnly::NoRights) => tr(
            "To work on it itself, see that you may write it and its folder, then open it again.",
        ),
        NotItself::ReadOnly(ReadOnly::ForeignLock(_)) => {
            tr("To work on it itself, move that file away, then open it again.")
        }
        NotItself::ReadOnly(ReadOnly::Damaged) => "",
        NotItself::OtherScan => tr("To work on it itself, open it again with its own scan."),
    }
}

/// What was done in earlier sittings and not undone, oldest first.
fn past_steps(past: &Past) -> Vec<PastStep> {
    let steps = past.sittings.iter().flat_map(|sitting| &sitting.steps);
    let steps = steps.map(|dated| &dated.step).filter(|step| step.done);
    let shown = |step: &RecordedStep| PastStep {
        name: step.name.clone(),
        point: step.point,
        object: step.object.as_ref().map(|(_, name)| name.clone()),
    };
    let mut steps: Vec<PastStep> = steps.map(shown).collect();
    let left_out = steps.len().saturating_sub(MOST_STEPS);
    steps.drain(..left_out);
    steps
}
