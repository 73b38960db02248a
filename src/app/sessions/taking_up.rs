//! A session that is opened, into the window; and what has to be decided on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::copies::CopyMark;
use super::current::{CopyOf, Current};
use super::keeper::{KeptFrom, Order};
use super::kept_view::KeptView;
use super::opening::{Note, OpeningOutcome, Ready, Why, Wish, go_on};
use crate::app::App;
use crate::app::files::{Loaded, Purpose, name_of, stem_of};
use crate::session::{FileRef, Overlay, Past, ReadOnly, RecordedStep};
use crate::ui::text::{tr, tr_with};
use crate::ui::{
    FileProgress, ImageLayer, OfferAnswer, PastStep, Question, SaveStatus, SessionAnswer,
    SessionQuestion, tr_error,
};
use crate::volume::Volume;

/// So many steps of earlier sittings are listed: the last.
const MOST_STEPS: usize = 1000;

impl App {
    /// Opens a session.
    pub(in crate::app) fn open_session(&mut self, path: PathBuf) {
        let path = std::path::absolute(&path).unwrap_or(path);
        if self.sessions.path() == Some(&*path) {
            let name = name_of(&path);
            self.toasts.info(tr_with("{name} is open already", &[("name", &name)]));
            return;
        }
        // A second click on what is being opened, or asked about.
        let opening = self.sessions.opening.as_ref().is_some_and(|(known, _)| *known == path);
        let asked = self.sessions.asked.as_ref().is_some_and(|(book, _)| book.path == path);
        if opening || asked {
            return;
        }
        self.go_on_opening(path.clone(), Wish::Read { path, take_over: false });
    }

    fn go_on_opening(&mut self, path: PathBuf, wish: Wish) {
        self.drop_question();
        self.open_by(path, move |tools| {
            go_on(wish, tools.formats, tools.here, tools.cancel, tools.progress)
        });
    }

    /// A question that is not answered any more: the session is given back.
    fn drop_question(&mut self) {
        if let Some((book, _)) = self.sessions.asked.take()
            && let Ok(file) = book.file
        {
            self.sessions.keeper.give(Order::Release(file));
        }
        self.status.session_question = None;
    }

    /// Stops opening a session. `false` if none is being opened.
    pub(in crate::app) fn cancel_opening_session(&mut self) -> bool {
        self.status.opening.take_if(|_| self.sessions.opening.is_some());
        self.sessions.opening.take().is_some()
    }

    pub(super) fn follow_opening(&mut self) {
        let Some((path, task)) = &self.sessions.opening else { return };
        let (done, total) = task.progress();
        let name = name_of(path);
        let answer = task.poll();
        if answer.is_none() {
            self.status.opening = Some(FileProgress { name, done, total });
            return;
        }
        let Some(answer) = answer else { return };
        self.sessions.opening = None;
        self.status.opening = None;
        match answer {
            Ok(OpeningOutcome::Ready(ready)) => self.go_on_with(ready),
            Ok(OpeningOutcome::Asks(book, why)) => {
                let source = &book.contents.snapshot.around.source;
                let scan = source.name.clone();
                self.status.session_question = Some(match &why {
                    Why::Held(holder) => SessionQuestion::Held {
                        session: name,
                        holder: holder.to_string(),
                        since_ms: holder.since_ms,
                    },
                    Why::Newer(work) => SessionQuestion::Newer {
                        session: name,
                        written_ms: work.written_ms,
                        objects: work.objects,
                    },
                    Why::Missing => {
                        SessionQuestion::Missing { scan, path: source.file.absolute.clone() }
                    }
                    Why::Unreadable { path, why } => {
                        SessionQuestion::Unreadable { scan, path: path.clone(), why: tr_error(why) }
                    }
                    Why::Unknown { path } => SessionQuestion::Unknown { scan, path: path.clone() },
                    Why::Changed { path, same_grid } => {
                        SessionQuestion::Changed { scan, path: path.clone(), same_grid: *same_grid }
                    }
                });
                self.sessions.asked = Some((book, why));
            }
            Ok(OpeningOutcome::Failed(why)) => self.toasts.error(why),
            Ok(OpeningOutcome::Cancelled) => {}
            Err(_) => self.toasts.error(tr_with(
                "The reader stopped unexpectedly, please report this file: {name}",
                &[("name", &name)],
            )),
        }
    }

    /// The answer to what has to be decided before a session is opened.
    pub(in crate::app) fn answer_session(&mut self, answer: SessionAnswer) {
        if answer == SessionAnswer::Find {
            // Asked again if it is called off.
            self.files.paths.ask(Purpose::FindScan);
            return;
        }
        let Some((book, why)) = self.sessions.asked.take() else { return };
        self.status.session_question = None;
        let path = book.path.clone();
        let wish = match (answer, why) {
            (SessionAnswer::MasksAlone, _) => Wish::MasksAlone(book),
            (SessionAnswer::AllTheSame, Why::Changed { path, same_grid: true }) => {
                Wish::AllTheSame(book, path)
            }
            (SessionAnswer::AllTheSame, Why::Unknown { path }) => Wish::Trusted(book, path),
            (SessionAnswer::ByPlace, Why::Changed { path, same_grid: false }) => {
                Wish::ByPlace(book, path)
            }
            (SessionAnswer::TakeNewer, Why::Newer(work)) => Wish::Newer(book, work.draft),
            (SessionAnswer::AsItIs, Why::Newer(_)) | (SessionAnswer::ReadOnly, Why::Held(_)) => {
                Wish::Find(book)
            }
            (SessionAnswer::TakeOver, Why::Held(_)) => {
                Wish::Read { path: path.clone(), take_over: true }
            }
            (_, why) => {
                self.sessions.asked = Some((book, why));
                self.drop_question();
                return;
            }
        };
        self.go_on_opening(path, wish);
    }

    /// The user has said which file a session's scan is.
    pub(in crate::app) fn scan_found(&mut self, scan: PathBuf) {
        let Some((book, _)) = self.sessions.asked.take() else { return };
        self.status.session_question = None;
        let scan = std::path::absolute(&scan).unwrap_or(scan);
        self.go_on_opening(book.path.clone(), Wish::With(book, scan));
    }

    /// Makes the document of a session the open one.
    pub(in crate::app) fn take_up(&mut self, ready: Ready) {
        let Ready { path, contents, file, mut document, damage, scan, view, .. } = ready;
        let (aside, copy) = (ready.aside, ready.copy);
        super::super::bound_history(&mut document);
        let loaded = (ready.stats, ready.histogram);
        self.put(document, loaded, &scan);
        let name = name_of(&path);
        let overlays = &contents.snapshot.around.overlays;
        let files = self.lay_over_again(overlays, ready.overlays, &view);
        let lost = if ready.stands_in.is_some() { overlays.clone() } else { ready.lost };
        if ready.stands_in.is_none() {
            self.tell_lost(&lost);
        }
        let Some(open) = &mut self.open else { return };
        view.apply(&mut self.view, &open.document);
        if let Some((export, stamp)) = ready.export {
            if ready.is_exported {
                self.status.save = SaveStatus::Saved(export.clone());
            }
            (open.saved_to, open.on_disk) = (Some(export), Some(stamp));
        }
        let in_folder = path.parent() == self.sessions.folder.as_deref();
        let named = file.is_ok() && !in_folder;
        let why = file.as_ref().err().cloned();
        self.tell_what_came(&name, &path, &damage, ready.note, why.as_ref());
        self.tell_where_it_goes(&name, aside.is_some(), copy.as_ref().filter(|_| file.is_ok()));
        self.sessions.offered.clear();
        match ready.note {
            None => self.sessions.hashes.know(&scan, &contents.snapshot.around.source.file),
            Some(_) => self.sessions.hashes.opened(&scan),
        }
        let id = self.sessions.next();
        let mut current = Current::new(id, scan.clone());
        (current.stands_in, current.lost) = (ready.stands_in, lost);
        current.models = contents.snapshot.around.models.clone();
        current.case_state = contents.snapshot.around.case_state;
        current.is_new = ready.is_new;
        current.named = named;
        if file.is_ok() {
            (current.path, current.begun) = (Some(path.clone()), true);
            current.copy_of =
                copy.as_ref().map(|(mark, why)| CopyOf { name: mark.name(), why: tr_error(why) });
        } else {
            let name = copy.as_ref().map_or(name, |(mark, _)| mark.name());
            current.copy_of = Some(CopyOf { name, why: why_a_copy(ready.note, why.as_ref()) });
            // What is whole of a damaged one is kept at once.
            current.begun = !damage.is_empty() || ready.note == Some(Note::ByPlace);
        }
        // What is in a draft yet goes into the file at once.
        let is_as_read = file.is_ok() && aside.is_none();
        let draft = aside.as_ref().map(|file| file.path().to_owned());
        self.status.past = Arc::new(past_steps(&contents.past));
        let around = contents.snapshot.around;
        let exported = around.exported.filter(|_| ready.note != Some(Note::ByPlace));
        let beginning = KeptFrom {
            file: file.ok(),
            aside,
            copy_of: copy.map(|(mark, _)| mark),
            named,
            past: contents.past,
            exported,
            picture: around.picture,
            stem: stem_of(&self.formats, Path::new(&around.source.name)),
        };
        self.sessions.keeper.give(Order::Begin(id, Box::new(beginning)));
        if let Some(open) = &self.open {
            for (volume, path, file) in files {
                self.sessions.hashes.know(&path, &file);
                current.laid_over(&volume, path);
            }
            current.see(open, &self.view, &self.status, &mut self.sessions.hashes);
            if is_as_read {
                current.is_as_read();
            }
        }
        self.sessions.current = Some(current);
        // A list would push everything else out.
        if named && !self.is_in_list(&path) {
            self.remembered.opened(&path);
            self.list_recent();
        }
        for path in [path].into_iter().chain(draft) {
            self.sessions.drafts.forget(&path);
            self.sessions.offered.push(path);
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
    fn lay_over_again(
        &mut self,
        kept: &[Overlay],
        found: Vec<(usize, Box<Loaded>)>,
        view: &KeptView,
    ) -> Vec<(Arc<Volume>, PathBuf, FileRef)> {
        let (mut layers, mut files) = (Vec::new(), Vec::new());
        for (place, image) in found {
            let overlay = &kept[place];
            files.push((Arc::clone(&image.volume), image.path.clone(), overlay.file.clone()));
            // The others were only clicked in.
            if place < view.layers_shown() && layers.len() < ImageLayer::MOST {
                let mut layer = ImageLayer::new(image.volume, image.stats, image.histogram);
                layer.window = overlay.window.unwrap_or(layer.window);
                view.dress(place, &mut layer);
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

    fn tell_what_came(
        &mut self,
        name: &str,
        path: &Path,
        damage: &[String],
        note: Option<Note>,
        why: Option<&ReadOnly>,
    ) {
        for damage in damage {
            self.toasts.error(format!("{name}: {}", tr_error(damage)));
        }
        if !damage.is_empty() {
            self.toasts.error(tr_with(
                "Not all of this session could be given back. It stays as it is; what is whole goes on as a draft of its own: {path}",
                &[("path", &path.display())],
            ));
        } else if let Some(why) = why.filter(|_| note != Some(Note::ByPlace)) {
            self.toasts.warning(tr_with(
                "{name} is open to be read only: {why}. What you change goes into a copy, as a draft.",
                &[("name", &name), ("why", &tr_error(why))],
            ));
        }
        match note {
            Some(Note::MasksAlone) => self.toasts.warning(
                tr("The masks are open without their scan: nothing is seen below them, and clicks have nothing to look at. They are saved where the scan lies.").to_owned(),
            ),
            Some(Note::AllTheSame) => self.toasts.warning(
                tr("The masks lie on a file that is not the one they were made on. Look whether they fit.").to_owned(),
            ),
            Some(Note::ByPlace) => self.toasts.warning(
                tr("The masks were put onto this scan by their place in the patient, each voxel by its nearest neighbour, without their clicks. Look whether they fit. The session stays as it was.").to_owned(),
            ),
            None => {}
        }
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
        if document.document.can_undo().is_some() || !document.document.objects().is_empty() {
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
    pub(in crate::app) fn delete_draft(&mut self, path: PathBuf) {
        self.sessions.drafts.forget(&path);
        let cards = self.sessions.drafts.known.iter().map(|draft| draft.card.clone());
        self.status.drafts = Arc::new(cards.collect());
        self.sessions.keeper.give(Order::Delete(path));
    }
}

/// Why a session is not written itself.
fn why_a_copy(note: Option<Note>, why: Option<&ReadOnly>) -> String {
    match (note, why) {
        (Some(Note::ByPlace), _) => tr("the masks were moved onto another scan").to_owned(),
        (_, Some(why)) => tr_error(why),
        (_, None) => String::new(),
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
