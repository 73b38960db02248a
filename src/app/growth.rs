//! Objects grown from their seeds: computed on a thread that keeps what it knows, so that after more paint only what
//! changes is looked at. The newest wish wins, and what comes out is shown before it is done, exactly.
//!
//! Seeds are all voxels of the objects that are shown and not locked, whoever made them. What the others have is in the
//! way.

use std::sync::Arc;

use super::DocumentNumber;
use super::model::Preview;
use super::open_document::{OpenDocument, told};
use crate::document::{
    Change, Command, Document, EditedObject, LabelId, Object, ObjectEdit, Over, StateId,
};
use crate::mask::grow_cut::{GrowCut, GrowCutOptions};
use crate::mask::{MaskError, WorkLimits};
use crate::ui::text::{Language, speak, spoken, tr, tr_with};
use crate::ui::{GROWTH_STEP, GrowthStatus, Toasts, WantedGrowth};
use crate::volume::Region;
use crate::work::memory::Free;
use crate::work::{CancelToken, Progress, Wake, Worker};

/// Numbers of these previews begin here: the others' are elsewhere.
const FIRST_PREVIEW: u64 = 1 << 61;

/// What is computed, and of what.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    document: DocumentNumber,
    state: StateId,
    time_point: usize,
    /// In the order of the objects.
    seeds: Vec<LabelId>,
    wanted: WantedGrowth,
}

impl Key {
    fn of(open: &OpenDocument, wanted: &WantedGrowth) -> Self {
        let document = &open.document;
        let seeds = |object: &&Object| is_seed(object, wanted.alone);
        Self {
            document: open.number,
            state: document.state(),
            time_point: document.image().time_point(),
            seeds: document.objects().iter().filter(seeds).map(|o| o.id).collect(),
            wanted: *wanted,
        }
    }
}

/// Whether an object grows.
fn is_seed(object: &Object, alone: Option<LabelId>) -> bool {
    let shown = alone.map_or(object.visible, |id| id == object.id);
    shown && !object.locked && !object.region.is_empty()
}

enum Ask {
    Grow(Box<Job>),
    /// Nobody will go on from what is known.
    Forget,
}

struct Job {
    key: Key,
    /// A copy, without history.
    document: Document,
    number: u64,
    cancel: CancelToken,
    progress: Progress,
    language: Language,
}

/// What would be done.
struct Proposal {
    edits: Vec<ObjectEdit>,
    preview: Option<Preview>,
    /// Objects, and the mL that each would gain.
    gains: Vec<(LabelId, f64)>,
}

struct Told {
    key: Key,
    proposal: Result<Box<Proposal>, String>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Working(Key, CancelToken, Progress),
    /// Boxed: it holds a preview.
    Done(Box<Told>),
}

impl State {
    fn key(&self) -> Option<&Key> {
        match self {
            Self::Idle => None,
            Self::Working(key, ..) => Some(key),
            Self::Done(told) => Some(&told.key),
        }
    }
}

/// What objects would grow to.
pub(super) struct Growth {
    worker: Worker<Ask, Told>,
    state: State,
    /// The thread has something to forget.
    knows: bool,
    /// It is to be done as soon as it is known what that means.
    apply: Option<Key>,
    /// It was to be done, but what it was to be done to has changed.
    dropped: bool,
    /// What was done last: what is grown already is not proposed to grow once more.
    /// And whether the masks are as they were then.
    done: Option<(Key, bool)>,
    /// The thread has panicked.
    dead: bool,
    previews: u64,
}

impl Growth {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let mut session = None;
        let worker = Worker::start("growth", wake, move |ask, tell: &dyn Fn(Told)| match ask {
            Ask::Grow(job) => {
                speak(job.language);
                if !job.cancel.is_cancelled()
                    && let Some(proposal) = propose(&job, &mut session)
                {
                    tell(Told { key: job.key, proposal: proposal.map(Box::new) });
                }
            }
            Ask::Forget => session = None,
        })?;
        Ok(Self {
            worker,
            state: State::Idle,
            knows: false,
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
        wanted: Option<&WantedGrowth>,
        status: &mut GrowthStatus,
    ) {
        while let Some(told) = self.worker.poll() {
            let Ok(told) = told else {
                self.dead = true;
                break;
            };
            if self.state.key() == Some(&told.key) {
                self.state = State::Done(Box::new(told));
            }
        }
        let key = open.zip(wanted).map(|(open, wanted)| Key::of(open, wanted));
        if self.apply != key && self.apply.take().is_some() {
            self.dropped = key.is_some();
        }
        if key.is_none() {
            self.done = None;
        }
        // Undone and redone, too: what is there is what was done.
        if let Some((done, is)) = &mut self.done {
            *is = key.as_ref() == Some(done);
        }
        let forgets = key.is_none() && self.knows;
        let key = key.filter(|_| !self.is_done());
        if self.dead {
            self.state = State::Idle;
        } else if self.state.key() != key.as_ref() {
            self.stop();
            if let (Some(key), Some(open)) = (key, open) {
                self.ask(key, &open.document);
            }
        }
        if forgets {
            self.knows = false;
            self.dead |= self.worker.submit(Ask::Forget).is_err();
        }
        *status = self.status();
    }

    fn stop(&mut self) {
        if let State::Working(_, cancel, _) = &self.state {
            cancel.cancel();
        }
        self.state = State::Idle;
    }

    fn ask(&mut self, key: Key, document: &Document) {
        if let Err(why) = may(document, &key) {
            self.state = State::Done(Box::new(Told { key, proposal: Err(why) }));
            return;
        }
        self.previews += 1;
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let job = Job {
            key: key.clone(),
            document: document.snapshot(),
            number: FIRST_PREVIEW + self.previews,
            cancel: cancel.clone(),
            progress: progress.clone(),
            language: spoken(),
        };
        self.knows = true;
        self.dead = self.worker.submit(Ask::Grow(Box::new(job))).is_err();
        self.state = if self.dead { State::Idle } else { State::Working(key, cancel, progress) };
    }

    fn status(&self) -> GrowthStatus {
        match &self.state {
            _ if self.dead => GrowthStatus::Refused(
                tr("Operations have stopped unexpectedly: save your work and start the program again.")
                    .to_owned(),
            ),
            State::Idle if self.is_done() => GrowthStatus::Done,
            State::Idle => GrowthStatus::Idle,
            State::Working(.., progress) => {
                let (done, total) = progress.get();
                GrowthStatus::Working(done, total)
            }
            State::Done(told) => match &told.proposal {
                Err(why) => GrowthStatus::Refused(why.clone()),
                Ok(proposal) => GrowthStatus::Ready(proposal.gains.clone()),
            },
        }
    }

    /// The window's wish is to be done.
    pub fn apply(&mut self, open: Option<&OpenDocument>, wanted: Option<&WantedGrowth>) {
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
            Ok(proposal) => {
                Some(Command::EditAll { name: GROWTH_STEP, edits: proposal.edits.clone() })
            }
            Err(why) => {
                toasts.refused(why.clone());
                None
            }
        }
    }

    /// What was asked for was done.
    pub fn applied(&mut self, open: Option<&OpenDocument>, wanted: Option<&WantedGrowth>) {
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

/// Why nothing can grow, if so.
fn may(document: &Document, key: &Key) -> Result<(), String> {
    if key.seeds.len() < 2 {
        return Err(tr(
            "Paint a bit into each of at least two objects that are shown and not locked. One of them can be what is not wanted.",
        ).to_owned());
    }
    if key.seeds.iter().any(|id| document.is_pending(*id)) {
        return Err(tr("A click of one of these objects is still being computed.").to_owned());
    }
    Ok(())
}

/// What is known of a scan and its seeds, to be gone on from.
struct Session {
    document: DocumentNumber,
    time_point: usize,
    margin_mm: f64,
    walls: Region,
    cut: GrowCut,
}

/// `None` if nobody wants to know any more.
fn propose(job: &Job, session: &mut Option<Session>) -> Option<Result<Proposal, String>> {
    let Job { key, document, number, cancel, progress, .. } = job;
    let (image, row) = (document.image(), document.image().grid().dims()[0]);
    let (mut seeds, mut walls) = (Vec::new(), Region::default());
    for object in document.objects() {
        if key.seeds.contains(&object.id) {
            seeds.push((object.id.0, &*object.region));
        } else {
            walls.add(&object.region, row);
        }
    }
    let margin_mm = key.wanted.margin_mm;
    session.take_if(|s| {
        (s.document, s.time_point, s.margin_mm) != (key.document, key.time_point, margin_mm)
            || s.walls != walls
    });
    let session = session.get_or_insert_with(|| {
        let options = GrowCutOptions { margin_mm, ..GrowCutOptions::of(image, &seeds) };
        let cut = GrowCut::new(options).with_walls(walls.clone());
        let (document, time_point) = (key.document, key.time_point);
        Session { document, time_point, margin_mm, walls, cut }
    });
    session.cut.report_to(progress.clone());
    let limits = WorkLimits::new(cancel.clone(), Free::now().usable());
    let grown = match session.cut.grow(image, &seeds, &limits) {
        Ok(grown) => grown,
        Err(MaskError::Cancelled) => return None,
        Err(MaskError::Memory { needed, .. }) => {
            return Some(Err(tr_with(
                "This needs {mb} MB of memory: choose a smaller margin.",
                &[("mb", &needed.div_ceil(1_000_000))],
            )));
        }
        Err(MaskError::NotASize(_)) => return Some(Err(tr("Give a size from 0 up.").to_owned())),
    };
    let mut edits = Vec::new();
    let mut gains = Vec::new();
    for &(label, region) in &seeds {
        let id = LabelId(label);
        let Some(grown) = grown.get(&label).filter(|_| key.wanted.not_wanted != Some(id)) else {
            continue;
        };
        let gained = grown.without(region, row);
        let ml = gained.count() as f64 * image.grid().voxel_volume_mm3() / 1000.0;
        gains.push((id, ml));
        if !gained.is_empty() {
            let (target, change) = (EditedObject::Known(id), Change::Add(Arc::new(gained)));
            edits.push(ObjectEdit { target, change, over: Over::Background });
        }
    }
    if edits.is_empty() {
        return Some(Err(tr("Nothing would change.").to_owned()));
    }
    let delta = match document.would_edit_all(&edits) {
        Ok(delta) => delta,
        Err(why) => return Some(Err(told(why))),
    };
    let preview = Preview::of_gains(document, &delta, *number);
    (!cancel.is_cancelled()).then_some(Ok(Proposal { edits, preview, gains }))
}

#[cfg(test)]
mod tests;
