//! Operations on whole masks: computed on a thread of their own from a copy of the document, the newest wish wins, and
//! what comes out is shown before it is done, exactly.

use std::sync::Arc;

use super::DocumentNumber;
use super::model::Preview;
use super::open_document::{OpenDocument, told};
use crate::document::{
    Change, Command, Document, EditedObject, LabelId, Object, ObjectEdit, Over, StateId,
};
use crate::mask::operation::{Operated, Operation, OperationKind, Subject};
use crate::mask::{MaskError, WorkLimits};
use crate::ui::text::{Language, speak, spoken, tr, tr_with};
use crate::ui::{OperationStatus, Toasts, WantedOperation, operation_name};
use crate::volume::Region;
use crate::work::memory::Free;
use crate::work::{CancelToken, Wake, Worker};

/// Numbers of these previews begin here: those of the model's and of the brush's are others.
const FIRST_PREVIEW: u64 = 1 << 62;
/// More parts than that don't become objects.
const MOST_PARTS: usize = 100;

/// What is computed, and of what.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    document: DocumentNumber,
    state: StateId,
    object: Option<LabelId>,
    /// Where it matters.
    time_point: Option<usize>,
    operation: Operation,
    over: Over,
}

impl Key {
    fn of(open: &OpenDocument, wanted: &WantedOperation) -> Self {
        let document = &open.document;
        let looks = wanted.operation.kind == OperationKind::SnapToEdge;
        Self {
            document: open.number,
            state: document.state(),
            object: document.active().map(|o| o.id),
            time_point: looks.then(|| document.image().time_point()),
            operation: wanted.operation,
            over: wanted.over,
        }
    }
}

struct Ask {
    key: Key,
    /// A copy, without history.
    document: Document,
    target: Object,
    number: u64,
    cancel: CancelToken,
    language: Language,
}

/// What would be done.
struct Proposal {
    edits: Vec<ObjectEdit>,
    preview: Option<Preview>,
    /// Voxels that are gained and lost, and new objects.
    change: (usize, usize, usize),
    /// Voxels that others lose to it.
    taken: Vec<(String, usize)>,
}

struct Told {
    key: Key,
    proposal: Result<Box<Proposal>, String>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Working(Key, CancelToken),
    /// Boxed: it holds a preview.
    Done(Box<Told>),
}

impl State {
    fn key(&self) -> Option<Key> {
        match self {
            Self::Idle => None,
            Self::Working(key, _) => Some(*key),
            Self::Done(told) => Some(told.key),
        }
    }
}

/// The operation that the window is set to.
pub(super) struct Operations {
    worker: Worker<Ask, Told>,
    state: State,
    /// It is to be done as soon as it is known what that means.
    apply: Option<Key>,
    /// It was to be done, but what it was to be done to has changed.
    dropped: bool,
    /// What was done last: it is not proposed once more by itself.
    /// And whether the masks are as they were then.
    done: Option<(Key, bool)>,
    /// The thread has panicked.
    dead: bool,
    previews: u64,
}

impl Operations {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("operations", wake, |ask: Ask, tell: &dyn Fn(Told)| {
            let key = ask.key;
            speak(ask.language);
            if !ask.cancel.is_cancelled() {
                tell(Told { key, proposal: propose(&ask).map(Box::new) });
            }
        })?;
        Ok(Self {
            worker,
            state: State::Idle,
            apply: None,
            dropped: false,
            done: None,
            dead: false,
            previews: 0,
        })
    }

    /// Follows what is wanted: computes it anew when the wish or the document has changed, and stops what nobody wants
    /// any more. What the window says of it is written into `status`.
    pub fn follow(
        &mut self,
        open: Option<&OpenDocument>,
        wanted: Option<&WantedOperation>,
        status: &mut OperationStatus,
    ) {
        while let Some(told) = self.worker.poll() {
            let Ok(told) = told else {
                self.dead = true;
                break;
            };
            if self.state.key() == Some(told.key) {
                self.state = State::Done(Box::new(told));
            }
        }
        let key = open.zip(wanted).map(|(open, wanted)| Key::of(open, wanted));
        if self.apply != key && self.apply.take().is_some() {
            self.dropped = key.is_some();
        }
        let shows = wanted.is_some_and(|w| w.preview) || self.apply.is_some();
        if key.is_none() {
            self.done = None;
        }
        // Undone and redone, too: what is there is what was done.
        if let Some((done, is)) = &mut self.done {
            *is = key.as_ref() == Some(done);
        }
        let rests = self.is_done() && self.apply.is_none();
        let key = key.filter(|_| shows && !rests);
        if self.dead {
            self.state = State::Idle;
        } else if self.state.key() != key {
            self.stop();
            if let (Some(key), Some(open)) = (key, open) {
                self.ask(key, &open.document);
            }
        }
        *status = self.status(open.map(|open| &open.document));
    }

    fn stop(&mut self) {
        if let State::Working(_, cancel) = &self.state {
            cancel.cancel();
        }
        self.state = State::Idle;
    }

    fn ask(&mut self, key: Key, document: &Document) {
        let target = match may(document, key.operation.kind) {
            Ok(target) => target.clone(),
            Err(why) => {
                self.state = State::Done(Box::new(Told { key, proposal: Err(why) }));
                return;
            }
        };
        self.previews += 1;
        let cancel = CancelToken::new();
        let ask = Ask {
            key,
            document: document.snapshot(),
            target,
            number: FIRST_PREVIEW + self.previews,
            cancel: cancel.clone(),
            language: spoken(),
        };
        self.dead = self.worker.submit(ask).is_err();
        self.state = if self.dead { State::Idle } else { State::Working(key, cancel) };
    }

    fn status(&self, document: Option<&Document>) -> OperationStatus {
        match &self.state {
            _ if self.dead => OperationStatus::Refused(
                tr("Operations have stopped unexpectedly: save your work and start the program again.")
                    .to_owned(),
            ),
            State::Idle if self.is_done() => OperationStatus::Done,
            State::Idle => OperationStatus::Idle,
            State::Working(..) => OperationStatus::Working,
            State::Done(told) => match &told.proposal {
                Err(why) => OperationStatus::Refused(why.clone()),
                Ok(proposal) => {
                    let (gained, lost, parts) = proposal.change;
                    let mm3 = document.map_or(0.0, |d| d.image().grid().voxel_volume_mm3());
                    let ml = |voxels: usize| voxels as f64 * mm3 / 1000.0;
                    let taken = proposal.taken.iter().map(|(name, n)| (name.clone(), ml(*n)));
                    let taken = taken.collect();
                    OperationStatus::Ready { gained_ml: ml(gained), lost_ml: ml(lost), parts, taken }
                }
            },
        }
    }

    /// The window's wish is to be done.
    pub fn apply(&mut self, open: Option<&OpenDocument>, wanted: Option<&WantedOperation>) {
        self.apply = open.zip(wanted).map(|(open, wanted)| Key::of(open, wanted));
    }

    fn is_done(&self) -> bool {
        self.done.as_ref().is_some_and(|(_, is)| *is)
    }

    /// It is not to be done after all. `false` if it was not to be.
    pub fn give_up(&mut self) -> bool {
        self.apply.take().is_some()
    }

    /// The command to carry out now, if one was asked for and is known; why it can't be is told.
    pub fn take_command(&mut self, toasts: &mut Toasts) -> Option<Command> {
        if std::mem::take(&mut self.dropped) {
            let text = tr("The masks changed meanwhile, so nothing was done: apply it again.");
            toasts.refused(text.to_owned());
        }
        let State::Done(told) = &self.state else { return None };
        self.apply.take_if(|key| *key == told.key)?;
        match &told.proposal {
            Ok(proposal) => Some(Command::EditAll {
                name: operation_name(told.key.operation.kind),
                edits: proposal.edits.clone(),
            }),
            Err(why) => {
                toasts.refused(why.clone());
                None
            }
        }
    }

    /// What was asked for was done.
    pub fn applied(&mut self, open: Option<&OpenDocument>, wanted: Option<&WantedOperation>) {
        self.done = open.zip(wanted).map(|(open, wanted)| (Key::of(open, wanted), true));
    }

    /// What would change, to be drawn over the document as it is; `None` once that is another (during a stroke).
    pub fn preview(&self, open: Option<&OpenDocument>) -> Option<&Preview> {
        let State::Done(told) = &self.state else { return None };
        let open = open.filter(|open| {
            (open.number, open.document.state()) == (told.key.document, told.key.state)
        });
        open.and(told.proposal.as_ref().ok()?.preview.as_ref())
    }
}

/// The object that an operation would be done to, or why there is none.
fn may(document: &Document, kind: OperationKind) -> Result<&Object, String> {
    let Some(object) = document.active() else {
        return Err(tr("No object is selected: select one first.").to_owned());
    };
    if object.locked {
        return Err(tr("This object is locked: unlock it first.").to_owned());
    }
    if document.is_pending(object.id) {
        return Err(tr("A click of this object is still being computed.").to_owned());
    }
    if object.region.is_empty() {
        return Err(tr("This object has no voxels yet.").to_owned());
    }
    let joint = kind == OperationKind::SmoothTogether;
    if joint && together(document, object).iter().any(|o| document.is_pending(o.id)) {
        return Err(tr("A click of another object is still being computed.").to_owned());
    }
    Ok(object)
}

/// The objects that are smoothed together with the target.
fn together<'d>(document: &'d Document, target: &Object) -> Vec<&'d Object> {
    let others = document.objects().iter().filter(|o| o.id != target.id);
    others.filter(|o| !o.locked && !o.region.is_empty()).collect()
}

fn propose(ask: &Ask) -> Result<Proposal, String> {
    let Ask { key, document, target, number, cancel, .. } = ask;
    let grid = document.image().grid();
    let inside = target.log.prompts.iter().filter(|p| p.positive);
    let clicked: Vec<usize> =
        inside.filter_map(|p| grid.voxel_at(p.world)).map(|v| grid.index(v)).collect();
    let is_joint = key.operation.kind == OperationKind::SmoothTogether;
    let others = if is_joint { together(document, target) } else { Vec::new() };
    let regions: Vec<Region> = others.iter().map(|o| (*o.region).clone()).collect();
    let subject = Subject {
        volume: document.image(),
        mask: &target.region,
        others: &regions,
        clicked: &clicked,
    };
    let limits = WorkLimits::new(cancel.clone(), Free::now().usable());
    let operated = key.operation.run(&subject, &limits).map_err(refusal)?;
    if operated.mask.is_empty() && operated.parts.is_empty() {
        return Err(nothing_left(key.operation.kind));
    }
    if operated.parts.len() > MOST_PARTS {
        return Err(tr_with(
            "{n} parts are too many to become objects: remove the small ones first.",
            &[("n", &(operated.parts.len() + 1))],
        ));
    }
    let edits = edits_of(operated, target, &others, (key.operation.kind, key.over), grid.dims()[0]);
    let delta = document.would_edit_all(&edits).map_err(told)?;
    if delta.is_empty() {
        return Err(nothing_changes(key.operation.kind));
    }
    let count = |of: &dyn Fn(u16, u16) -> bool| -> usize {
        let runs = delta.runs().iter().filter(|run| of(run.before, run.after));
        runs.map(|run| run.run.len as usize).sum()
    };
    let own = target.id.0;
    let new = edits.iter().filter(|e| matches!(e.target, EditedObject::New(_))).count();
    let change = (count(&|_, after| after == own), count(&|before, _| before == own), new);
    let preview = Preview::of_delta(document, target, &delta, *number);
    let mut taken = Vec::new();
    for object in document.objects().iter().filter(|o| o.id != target.id && !is_joint) {
        let voxels = count(&|before, after| before == object.id.0 && after == own);
        if voxels > 0 {
            taken.push((object.name.clone(), voxels));
        }
    }
    taken.sort_by_key(|(_, voxels)| std::cmp::Reverse(*voxels));
    Ok(Proposal { edits, preview, change, taken })
}

/// All losses before all gains: what one object gives up another may take.
fn edits_of(
    operated: Operated,
    target: &Object,
    others: &[&Object],
    (kind, over): (OperationKind, Over),
    row: usize,
) -> Vec<ObjectEdit> {
    let joint = !operated.others.is_empty();
    // Neighbours that are smoothed together exchange voxels.
    let over = if joint { Over::Unlocked } else { over };
    let masks = std::iter::once((target, &operated.mask))
        .chain(others.iter().copied().zip(&operated.others));
    let [mut losses, mut gains] = [Vec::new(), Vec::new()];
    let parts = !operated.parts.is_empty();
    for (object, wanted) in masks.filter(|_| !parts) {
        let [loss, gain] = ObjectEdit::to_become(object.id, (&object.region, wanted), over, row);
        losses.push(loss);
        gains.push(gain);
    }
    losses.append(&mut gains);
    let name = |n: usize| match kind {
        OperationKind::SplitLeftRight => format!("{} left", target.name),
        _ => format!("{} {}", target.name, n + 2),
    };
    losses.extend(operated.parts.into_iter().enumerate().map(|(n, part)| ObjectEdit {
        target: EditedObject::New(name(n)),
        change: Change::Add(Arc::new(part)),
        over: Over::Only(target.id),
    }));
    losses
}

fn nothing_changes(kind: OperationKind) -> String {
    match kind {
        OperationKind::CutByPlane => {
            tr("The plane does not go through the mask: move the crosshair into it.").to_owned()
        }
        _ => tr("Nothing would change.").to_owned(),
    }
}

fn nothing_left(kind: OperationKind) -> String {
    match kind {
        OperationKind::KeepClicked => {
            tr("No part has a positive click in it: nothing would be left.").to_owned()
        }
        _ => tr("Nothing would be left of the mask: choose a smaller size, or delete the object.")
            .to_owned(),
    }
}

fn refusal(why: MaskError) -> String {
    match why {
        MaskError::Cancelled => tr("Cancelled.").to_owned(),
        MaskError::NotASize(_) => tr("Give a size from 0 up.").to_owned(),
        MaskError::Memory { needed, .. } => tr_with(
            "This needs {mb} MB of memory: choose a smaller size or a smaller object.",
            &[("mb", &needed.div_ceil(1_000_000))],
        ),
    }
}

#[cfg(test)]
mod tests;
