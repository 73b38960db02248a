//! The open document and what happens to it: commands, and the images over it.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::App;
use super::bound_history;
use super::consequences::Consequences;
use super::document_number::DocumentNumber;
use super::files::{EachWritten, Loaded, Role, stem_for, stem_of};
use super::series::recent_file;
use crate::document::{Command, Document, LabelId, Object, PromptChange, Refused};
use crate::io::{PairStamp, Registry};
use crate::prompt::{ImageId, Prompt};
use crate::text::sentence;
use crate::ui::commands::tools::{negative_refusal, shapes_refusal};
use crate::ui::commands::{edit, help, segment};
use crate::ui::text::{stopped, tr, tr_any, tr_with};
use crate::ui::{ImageLayer, SaveStatus, Status, Waiting};
use crate::volume::{Histogram, Stats, Volume};

/// A document with what belongs to its being open.
pub(super) struct OpenDocument {
    pub number: DocumentNumber,
    pub document: Document,
    /// The scan's file.
    pub path: PathBuf,
    /// Its masks are open alone: what stands in for the scan has nothing in it that could be looked at.
    pub no_scan: bool,
    /// Where the label map was saved last.
    pub saved_to: Option<PathBuf>,
    /// The label map that was opened with the scan: suggested when it is saved.
    pub came_from: Option<PathBuf>,
    /// The label map that was opened or saved last, as it was then.
    pub on_disk: Option<PairStamp>,
    /// The last time that each object was written into a file of its own.
    pub each_written: Option<EachWritten>,
    /// Formats without overlaps in which the user has agreed to save without what lies under others: without how many
    /// voxels of which objects.
    pub flattened: BTreeMap<&'static str, BTreeMap<LabelId, usize>>,
    /// Commands that wait until no click is pending and no stroke is under way, each with how many changes were done
    /// when it was given.
    pub deferred: Vec<(usize, Command)>,
    /// Objects that were begun by a click: one that is taken back and made again counts once.
    pub begun: HashSet<LabelId>,
    /// The object of which the user was told last that it is locked.
    pub told_locked: Option<LabelId>,
    /// Why the last command was refused that was.
    pub refused: Option<Refused>,
}

impl OpenDocument {
    /// A document that was just opened, with nothing on it that was saved.
    pub(super) fn new(number: DocumentNumber, document: Document, path: PathBuf) -> Self {
        Self {
            number,
            document,
            path,
            no_scan: false,
            saved_to: None,
            came_from: None,
            on_disk: None,
            each_written: None,
            flattened: BTreeMap::new(),
            deferred: Vec::new(),
            begun: HashSet::new(),
            told_locked: None,
            refused: None,
        }
    }

    /// How the names of files about the scan begin.
    pub(super) fn stem(&self, formats: &Registry) -> String {
        stem_for(formats, &self.path, self.document.image().provenance())
    }

    /// The label map that has the masks, as far as one has them as they are: not while there are changes that are not
    /// exported.
    pub(super) fn exported_as_it_is(&self) -> Option<&PathBuf> {
        self.label_map().filter(|_| !self.document.is_modified())
    }

    /// The label map that was saved last, or opened with the scan.
    pub(super) fn label_map(&self) -> Option<&PathBuf> {
        self.saved_to.as_ref().or(self.came_from.as_ref())
    }

    /// Where each object is in a file of its own as it is now, and how many files these are.
    pub(super) fn in_files_of_their_own(&self) -> Option<&EachWritten> {
        let state = self.document.masks_state();
        self.each_written.as_ref().filter(|written| written.state == state)
    }

    /// What waits for a click, for the user to see.
    fn waiting(&self) -> Vec<Waiting> {
        let shown = |(_, command): &(usize, Command)| match command {
            Command::RemoveObject(id) => Some(Waiting::Delete(*id)),
            Command::Extend(id) => Some(Waiting::Extend(*id)),
            _ => None,
        };
        self.deferred.iter().filter_map(shown).collect()
    }
}

impl App {
    /// Lays an image over the open scan.
    pub(super) fn lay_over(&mut self, loaded: Loaded) {
        let Loaded { volume, stats, histogram, path, .. } = loaded;
        let Some(grid) = self.document().map(|d| d.image().grid().clone()) else { return };
        let name = volume.name().to_owned();
        if self.view.scan.overlays.len() >= ImageLayer::MOST {
            let most = ImageLayer::MOST;
            self.toasts.error(tr_with(
                "No more than {most} images can lie over a scan; take one away first. Not opened: {name}",
                &[("most", &most), ("name", &name)],
            ));
            return;
        }
        for warning in volume.warnings() {
            self.toasts.warning(format!("{name}: {}", warning.0));
        }
        if !volume.grid().may_meet(&grid) {
            self.toasts.warning(tr_with(
                "{name} lies elsewhere in space than the scan: none of it is seen over it",
                &[("name", &name)],
            ));
        }
        self.sessions.laid_over(&volume, path);
        self.view.scan.overlays.push(ImageLayer::new(volume, stats, histogram));
    }

    /// Makes a scan the open document.
    pub(super) fn show(&mut self, loaded: Loaded) {
        let mut document = Document::new(loaded.volume);
        bound_history(&mut document);
        self.remembered.opened(recent_file(&loaded.path, document.image()));
        let files = document.image().files().to_vec();
        self.put(document, (loaded.stats, loaded.histogram), &loaded.path);
        self.list_recent();
        let stem = stem_of(&self.formats, &loaded.path);
        self.sessions.begin(&loaded.path, &files, stem);
        self.status.past = Arc::default();
        if loaded.only_labels {
            self.files.open(loaded.path, Role::Labels);
        }
    }

    /// Makes a document the open one.
    pub(super) fn put(
        &mut self,
        document: Document,
        (stats, histogram): (Stats, Histogram),
        path: &Path,
    ) {
        self.documents += 1;
        let image = document.image().clone();
        self.toasts.clear();
        for warning in image.warnings() {
            self.toasts.warning(format!("{}: {}", image.name(), warning.0));
        }
        self.view.show_scan(image.grid(), stats, histogram);
        self.view.scan.suv = image.suv_kind().map(|kind| (kind, 1.0));
        self.status.save = SaveStatus::Never;
        self.status.latency = None;
        self.files.take_replace_question(&mut self.status);
        self.drop_draft_offers();
        self.status.waiting.clear();
        let number = DocumentNumber(self.documents);
        self.open = Some(OpenDocument::new(number, document, path.to_owned()));
    }

    /// Carries out a command, now or when the pending clicks are done. `false` if it is refused.
    pub(super) fn run(&mut self, command: Command) -> bool {
        let Some(open) = &mut self.open else { return false };
        if self.view.transient.gesture.edits() && !matches!(command, Command::Edit { .. }) {
            // Nothing comes between the dabs of a stroke, which are one step.
            defer(open, command);
            return true;
        }
        if self.refuses(&command) {
            return false;
        }
        let Some(open) = &mut self.open else { return false };
        let again = command.waits_for_clicks().then(|| command.clone());
        let about = about(&open.document, &command);
        let clicked = clicked_mask(&open.document, &command);
        let consequences = Consequences::of(&open.document, &command);
        open.document.call_new_objects(tr("Object"));
        match open.document.apply(command) {
            Ok(()) => {
                self.toasts.accepted();
                self.draw_consequences(consequences);
                true
            }
            Err(why) => {
                if let (Refused::Busy, Some(command)) = (why, again) {
                    defer(open, command);
                    return true;
                }
                open.refused = Some(why);
                if why == Refused::Locked {
                    open.told_locked = about;
                }
                match clicked.or(about).filter(|_| why == Refused::FromFile) {
                    Some(LabelId(number)) => {
                        let name = segment::REFINE_MASK.name();
                        self.toasts.refused_but(told(why), name, u64::from(number));
                    }
                    None => self.toasts.refused(told(why)),
                }
                false
            }
        }
    }

    /// A mask from a file is to be corrected with points after all: the one of this label.
    pub(super) fn refine(&mut self, label: u64) {
        let id = u16::try_from(label).map(LabelId).ok();
        let from_file = |id: &LabelId| {
            let object = self.document().and_then(|document| document.object(*id));
            object.is_some_and(Object::is_from_file)
        };
        if let Some(id) = id.filter(from_file)
            && self.run(Command::Select(id))
        {
            self.run(Command::StartFromMask(id));
        }
    }

    /// Whether it is known before the document is asked that a command can't be carried out; the user is told why.
    fn refuses(&mut self, command: &Command) -> bool {
        let Some(open) = &self.open else { return true };
        if open.no_scan && asks_the_model(&open.document, command) {
            let why = tr(
                "There is no scan to click in: the masks are open alone. Open the session again once its scan is there.",
            );
            self.toasts.refused(why.to_owned());
        } else if renumbers(command) && !open.deferred.is_empty() {
            // What waits knows objects by their numbers.
            self.toasts.refused(told(Refused::Busy));
        } else if self.time_point_loading
            && matches!(
                command,
                Command::AddPrompt { .. }
                    | Command::AddShape { .. }
                    | Command::BeginByPrompt { .. }
            )
        {
            // The picture may still be that of another time point.
            let why = tr("This time point is still being loaded; click again");
            self.toasts.warning(why.to_owned());
        } else if let Some(why) = not_of_this_model(&open.document, command, &self.status) {
            self.toasts.refused(stopped(&why));
        } else {
            return false;
        }
        true
    }

    /// "It is locked" is no matter any more once it is not.
    fn forget_told_lock(&mut self) {
        let Some(open) = &mut self.open else { return };
        let locked = |id: &LabelId| open.document.object(*id).is_some_and(|o| o.locked);
        if open.told_locked.take_if(|id| !locked(id)).is_some() {
            self.toasts.take_away(&told(Refused::Locked));
        }
    }

    /// An image that was taken away is not looked at by the model any more either; objects with clicks in it keep it.
    pub(super) fn follow_overlays(&mut self) {
        let Some(open) = &mut self.open else { return };
        let document = &mut open.document;
        let used = document.model_image();
        let shown = |image: &Arc<Volume>| {
            self.view.scan.overlays.iter().any(|layer| Arc::ptr_eq(&layer.volume, image))
        };
        if used != ImageId::Scan && !document.image_by_id(used).is_some_and(shown) {
            let _never_refused = document.apply(Command::UseImage(None));
        }
    }

    /// Makes the document's time point the one that the user wants to see.
    pub(super) fn follow_time_point(&mut self) {
        let Some(open) = &mut self.open else {
            self.time_point_loading = false;
            return;
        };
        let image = open.document.image();
        self.view.scan.time_point = self.view.scan.time_point.min(image.time_points() - 1);
        if image.time_point() != self.view.scan.time_point {
            let _never_refused =
                open.document.apply(Command::ShowTimePoint(self.view.scan.time_point));
            self.time_point_loading = self.gpu.is_some();
        }
    }

    /// Does again what was taken back, unless something waits that knows objects by their numbers.
    pub(super) fn redo(&mut self) {
        let Some(open) = &mut self.open else { return };
        if open.deferred.is_empty() {
            open.document.redo();
            self.tell_history_fault();
        } else {
            self.toasts.refused(told(Refused::Busy));
        }
    }

    /// What is chosen of objects goes with them when they get other numbers, and ends with them.
    pub(super) fn follow_numbers(&mut self) {
        let Some(open) = &mut self.open else { return };
        let renumbered = open.document.take_renumbered();
        if self.view.follow_numbers(&open.document, &renumbered) {
            self.toasts.warning(tr(
                "The object that painting was confined to is gone: brush and eraser paint as before",
            ).to_owned());
        }
    }

    /// Computes, shows and does the flood fill that is wanted, but not into a stroke.
    pub(super) fn follow_flood(&mut self) {
        let waits = self.view.transient.gesture.edits();
        let wanted = &mut self.view.transient.flood;
        match self.floods.follow(self.open.as_ref(), wanted, waits, &mut self.status.flood) {
            Some(Ok(command)) => {
                self.run(command);
            }
            Some(Err(why)) => self.toasts.refused(why),
            None => {}
        }
    }

    /// Computes and makes the cut that is wanted, but not into a stroke.
    pub(super) fn follow_cut(&mut self) {
        let waits = self.view.transient.gesture.edits();
        match self.cuts.follow(self.open.as_ref(), &mut self.view.transient.cut, waits) {
            Some(Ok(command)) => {
                self.run(command);
            }
            Some(Err(why)) => self.toasts.refused(why),
            None => {}
        }
    }

    /// Computes, shows and does what the window of operations is set to, but not into a stroke.
    pub(super) fn follow_operation(&mut self) {
        if self.view.transient.gesture.edits() {
            return;
        }
        let wanted = self.view.transient.operation.as_ref();
        self.operations.follow(self.open.as_ref(), wanted, &mut self.status.operation);
        if let Some(command) = self.operations.take_command(&mut self.toasts)
            && self.run(command)
        {
            let wanted = self.view.transient.operation.as_ref();
            self.operations.applied(self.open.as_ref(), wanted);
        }
    }

    /// Computes, shows and does what objects are to grow to, but not into a stroke.
    pub(super) fn follow_growth(&mut self) {
        if self.view.transient.gesture.edits() {
            return;
        }
        let wanted = self.view.transient.growth.as_ref();
        self.growth.follow(self.open.as_ref(), wanted, &mut self.status.growth);
        if let Some(command) = self.growth.take_command(&mut self.toasts)
            && self.run(command)
        {
            let wanted = self.view.transient.growth.as_ref();
            self.growth.applied(self.open.as_ref(), wanted);
        }
    }

    pub(super) fn run_deferred(&mut self) {
        self.forget_told_lock();
        self.run_what_waits();
        self.status.waiting = self.open.as_ref().map(OpenDocument::waiting).unwrap_or_default();
    }

    fn run_what_waits(&mut self) {
        let Some(open) = &mut self.open else { return };
        // A label that is given again is another object's.
        open.deferred.retain(|(_, command)| match command {
            Command::RemoveObject(id) | Command::Extend(id) => open.document.object(*id).is_some(),
            _ => true,
        });
        if open.document.pending().is_some() || self.view.transient.gesture.edits() {
            return;
        }
        for (_, command) in std::mem::take(&mut open.deferred) {
            self.run(command);
        }
    }

    /// Takes back what was asked for last, be it done or still waiting.
    pub(super) fn undo(&mut self) {
        if self.give_up_what_is_computed() {
            return;
        }
        let Some(open) = &mut self.open else { return };
        let done = open.document.history_steps().1;
        if open.deferred.pop_if(|(after, _)| *after == done).is_none() {
            open.document.undo();
            self.tell_history_fault();
        }
    }

    /// What was asked for and is still being computed is not done. `false` if there is nothing of that kind.
    fn give_up_what_is_computed(&mut self) -> bool {
        let transient = &mut self.view.transient;
        transient.cut.take().is_some()
            || transient.flood.take_if(|flood| flood.released).is_some()
            || self.growth.give_up()
            || self.operations.give_up()
            || self.threshold.give_up_parts()
    }

    /// Says why a step could not be undone or redone.
    pub(super) fn tell_history_fault(&mut self) {
        if let Some(why) = self.open.as_mut().and_then(|open| open.document.take_fault()) {
            self.toasts.error(tr_with(
                "A step can't be undone or redone and stays as it is: the file that the history is kept in can't be read ({why}). Save your masks.",
                &[("why", &why)],
            ));
        }
    }

    /// Back to the welcome page.
    pub(super) fn close_scan(&mut self) {
        self.open = None;
        self.status.past = Arc::default();
        self.view.close_scan();
        self.status.save = SaveStatus::Never;
        self.status.latency = None;
        self.files.take_replace_question(&mut self.status);
        self.offers.clear();
        self.status.offers.clear();
        if let Some(gpu) = &mut self.gpu {
            gpu.clear();
        }
    }
}

/// Whether an object gets another number by it.
fn renumbers(command: &Command) -> bool {
    matches!(command, Command::Renumber(..) | Command::NameFromPreset { number: Some(_), .. })
}

/// Why the model in use can't answer a click, if that is known before it is asked.
fn not_of_this_model(document: &Document, command: &Command, status: &Status) -> Option<String> {
    // What the document refuses by itself it says better.
    let log = match *command {
        Command::AddPrompt { object, prompt } => document.target(object, prompt).ok()?.1,
        Command::AddShape { object, prompt, ref shape } => {
            let mut log = document.target(object, prompt).ok()?.1;
            log.shapes.insert(prompt.id, Arc::clone(shape));
            log
        }
        Command::MovePrompt { object, prompt, to } => {
            document.log_with(object, prompt, PromptChange::MoveTo(to)).ok()?.1
        }
        Command::FlipPrompt { object, prompt } => {
            document.log_with(object, prompt, PromptChange::Flip).ok()?.1
        }
        _ => return None,
    };
    // The one that it is about.
    let is_meant = |p: &Prompt| match *command {
        Command::MovePrompt { prompt, .. } | Command::FlipPrompt { prompt, .. } => p.id == prompt,
        _ => log.prompts.last().is_some_and(|last| last.id == p.id),
    };
    if let Some(why) = shapes_refusal(status, &log) {
        return Some(why);
    }
    let why = negative_refusal(status)?;
    let mut negative = log.prompts.iter().filter(|p| !p.positive).peekable();
    negative.peek()?;
    if negative.any(is_meant) {
        return Some(why);
    }
    Some(tr(
        "This object has negative points, which the model in use does not take: remove them, or use another model",
    ).to_owned())
}

/// Whether a command has the model look at the scan.
fn asks_the_model(document: &Document, command: &Command) -> bool {
    match command {
        Command::AddPrompt { .. }
        | Command::AddShape { .. }
        | Command::BeginByPrompt { .. }
        | Command::RemovePrompt { .. }
        | Command::MovePrompt { .. }
        | Command::FlipPrompt { .. }
        | Command::Extend(_) => true,
        Command::KeepParts { object, mask: None, .. } => {
            document.object(*object).is_some_and(|o| !o.log.prompts.is_empty())
        }
        _ => false,
    }
}

/// Keeps a command for later. A key that is pressed twice extends or deletes an object once.
fn defer(open: &mut OpenDocument, command: Command) {
    let same = |other: &Command| match (&command, other) {
        (Command::Extend(a), Command::Extend(b))
        | (Command::StartFromMask(a), Command::StartFromMask(b))
        | (Command::RemoveObject(a), Command::RemoveObject(b)) => a == b,
        _ => false,
    };
    if !open.deferred.iter().any(|(_, other)| same(other)) {
        let done = open.document.history_steps().1;
        open.deferred.push((done, command));
    }
}

/// Why a command was refused, in the language in use.
fn refusal(why: Refused) -> String {
    match why {
        Refused::OtherTimePoint { time_point } => tr_with(
            "the clicks of this object were made at time point {time_point}: go back to that time point, or start a new object ({key})",
            &[("time_point", &time_point), ("key", &edit::NEW_OBJECT.key_text())],
        ),
        Refused::Extending => tr_with(
            "this object is being extended: wait, or stop it with {key}",
            &[("key", &help::CANCEL.key_text())],
        ),
        Refused::Locked => {
            let why = why.to_string();
            edit::LOCK_OBJECT.tip_for(tr_any(&why))
        }
        why => tr_any(&why.to_string()).to_owned(),
    }
}

/// What the user is told when a command was refused.
pub(super) fn told(why: Refused) -> String {
    stopped(&sentence(&refusal(why)))
}

/// The mask from a file that a click is on.
fn clicked_mask(document: &Document, command: &Command) -> Option<LabelId> {
    let (Command::AddPrompt { prompt, .. } | Command::AddShape { prompt, .. }) = command else {
        return None;
    };
    let voxel = document.image().grid().voxel_at(prompt.world)?;
    let owner = document.object(LabelId(document.labels().get(voxel)))?;
    owner.is_from_file().then_some(owner.id)
}

/// The object that a command would change.
fn about(document: &Document, command: &Command) -> Option<LabelId> {
    match command {
        Command::AddPrompt { object, .. }
        | Command::AddShape { object, .. }
        | Command::Edit { object, .. } => object.or_else(|| document.active().map(|o| o.id)),
        Command::RemovePrompt { object, .. }
        | Command::MovePrompt { object, .. }
        | Command::FlipPrompt { object, .. }
        | Command::SetThreshold { object, .. }
        | Command::KeepParts { object, .. } => Some(*object),
        Command::StartFromMask(id)
        | Command::Extend(id)
        | Command::BringToFront(id)
        | Command::AddCopy { into: id, .. }
        | Command::GiveUpCovered(id)
        | Command::RemoveObject(id) => Some(*id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, Grid};
    use crate::volume::{Scale, StoredGeometry, Voxels};

    fn open() -> OpenDocument {
        let grid = Grid::new([2; 3], DAffine3::IDENTITY).unwrap();
        let (voxels, stored) = (Voxels::U8(vec![0; 8]), StoredGeometry::of(&grid));
        let volume = Volume::new("v", grid, vec![2; 3], voxels, Scale::NONE, stored, vec![]);
        OpenDocument::new(DocumentNumber(1), Document::new(Arc::new(volume)), "scan".into())
    }

    #[test]
    fn each_object_is_extended_and_deleted_once() {
        let mut open = open();
        let extend = |n| Command::Extend(LabelId(n));
        let delete = |n| Command::RemoveObject(LabelId(n));
        for command in [extend(1), extend(2), extend(1), delete(3), delete(1), delete(3)] {
            defer(&mut open, command);
        }
        let kept: Vec<String> = open.deferred.iter().map(|(_, c)| format!("{c:?}")).collect();
        let wanted = [extend(1), extend(2), delete(3), delete(1)].map(|c| format!("{c:?}"));
        assert_eq!(kept, wanted);
    }
}
