//! What a window is set to, computed on a thread of its own from a copy of the document, shown before it is done, and
//! done as one step once that is asked for. The newest wish wins, and what comes out is done to no other masks than
//! those that it was computed from.

use super::DocumentNumber;
use super::model::Preview;
use super::open_document::OpenDocument;
use crate::document::{Command, Document, ObjectEdit, StateId};
use crate::ui::Toasts;
use crate::ui::text::{Language, speak, spoken, tr};
use crate::work::{CancelToken, Progress, Wake, Worker};

/// What one window proposes.
pub(super) trait Proposer: Sized + 'static {
    /// What the window is set to.
    type Wanted;
    /// What is computed; where it is another one, so is what comes out. (The document and its state are looked at too.)
    type Wish: Clone + PartialEq + Send + 'static;
    /// Whose masks it is computed from.
    type Job: Send + 'static;
    /// What the thread keeps from one answer to the next, until nobody wants anything any more.
    type Memory: Default + Send + 'static;
    /// What the window says of it.
    type Details: Send + 'static;
    /// What the window shows.
    type Status;

    /// The thread's name.
    const THREAD: &'static str;
    /// Numbers of its previews begin here: no two windows have the same ones.
    const FIRST_PREVIEW: u64;

    /// What the window's wish means for an open document.
    fn wish(open: &OpenDocument, wanted: &Self::Wanted) -> Self::Wish;
    /// Whether it is computed before it is asked for.
    fn shows(_wanted: &Self::Wanted) -> bool {
        true
    }
    /// What is given to the thread, or why nothing can be done.
    fn job(document: &Document, wish: &Self::Wish) -> Result<Self::Job, String>;
    /// On the thread: what would be done, or why nothing can be; `None` if nobody wants to know any more.
    fn propose(
        order: &Order<Self>,
        memory: &mut Self::Memory,
    ) -> Option<Result<Proposal<Self::Details>, String>>;
    /// What the window shows.
    fn status(phase: Phase<Self::Details>, document: Option<&Document>) -> Self::Status;
    /// What the step is called in the history.
    fn step(wish: &Self::Wish) -> &'static str;
}

/// What is computed, and of what.
struct Key<P: Proposer> {
    document: DocumentNumber,
    state: StateId,
    wish: P::Wish,
}

impl<P: Proposer> Key<P> {
    fn of(open: &OpenDocument, wanted: &P::Wanted) -> Self {
        let (document, state) = (open.number, open.document.state());
        Self { document, state, wish: P::wish(open, wanted) }
    }
}

// (A derive would want the same of `P`.)
impl<P: Proposer> Clone for Key<P> {
    fn clone(&self) -> Self {
        Self { document: self.document, state: self.state, wish: self.wish.clone() }
    }
}

impl<P: Proposer> PartialEq for Key<P> {
    fn eq(&self, other: &Self) -> bool {
        (self.document, self.state) == (other.document, other.state) && self.wish == other.wish
    }
}

/// What the thread is to compute.
pub(super) struct Order<P: Proposer> {
    key: Key<P>,
    /// What the document is called.
    pub document: DocumentNumber,
    /// What is wanted.
    pub wish: P::Wish,
    /// Of what.
    pub job: P::Job,
    /// For the preview.
    pub number: u64,
    /// Nobody wants to know any more.
    pub cancel: CancelToken,
    /// How far it is.
    pub progress: Progress,
    language: Language,
}

enum Ask<P: Proposer> {
    Compute(Box<Order<P>>),
    /// Nobody will go on from what is known.
    Forget,
}

/// What would be done.
pub(super) struct Proposal<D> {
    /// As one step.
    pub edits: Vec<ObjectEdit>,
    /// What it looks like.
    pub preview: Option<Preview>,
    /// What the window says of it.
    pub details: D,
}

struct Told<P: Proposer> {
    key: Key<P>,
    proposal: Result<Proposal<P::Details>, String>,
}

enum State<P: Proposer> {
    Idle,
    Working(Key<P>, CancelToken, Progress),
    /// Boxed: it holds a preview.
    Done(Box<Told<P>>),
}

impl<P: Proposer> State<P> {
    fn key(&self) -> Option<&Key<P>> {
        match self {
            Self::Idle => None,
            Self::Working(key, ..) => Some(key),
            Self::Done(told) => Some(&told.key),
        }
    }
}

/// How far a proposal is.
pub(super) enum Phase<'a, D> {
    /// Nobody has asked.
    Idle,
    /// It is being computed.
    Working(&'a Progress),
    /// It is known.
    Ready(&'a D),
    /// It can't be made, and why.
    Refused(&'a str),
    /// It was done.
    Done,
}

/// What a window is set to, and what comes of it.
pub(super) struct Proposals<P: Proposer> {
    worker: Worker<Ask<P>, Told<P>>,
    state: State<P>,
    /// The thread has something to forget.
    knows: bool,
    /// It is to be done as soon as it is known what that means.
    apply: Option<Key<P>>,
    /// It was to be done, but what it was to be done to has changed.
    dropped: bool,
    /// What was done last, which is not proposed once more by itself; and whether the window is set to it and the masks
    /// are as it left them.
    done: Option<(Key<P>, bool)>,
    /// The thread has panicked.
    dead: bool,
    previews: u64,
}

impl<P: Proposer> Proposals<P> {
    /// # Errors
    /// If the system gives no thread.
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let mut memory = P::Memory::default();
        let worker =
            Worker::start(P::THREAD, wake, move |ask, tell: &dyn Fn(Told<P>)| match ask {
                Ask::Compute(order) => {
                    speak(order.language);
                    if !order.cancel.is_cancelled()
                        && let Some(proposal) = P::propose(&order, &mut memory)
                        // What was stopped says so, and by now the same may be wanted again.
                        && !order.cancel.is_cancelled()
                    {
                        tell(Told { key: order.key, proposal });
                    }
                }
                Ask::Forget => memory = P::Memory::default(),
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
        wanted: Option<&P::Wanted>,
        status: &mut P::Status,
    ) {
        self.take_answers();
        let key = open.zip(wanted).map(|(open, wanted)| Key::of(open, wanted));
        if self.apply != key && self.apply.take().is_some() {
            self.dropped = key.is_some();
        }
        if key.is_none() {
            self.forget();
        }
        // Undone and redone, too: what is there is what was done.
        if let Some((done, is)) = &mut self.done {
            *is = key.as_ref() == Some(done);
        }
        let shows = wanted.is_some_and(P::shows) && !self.is_done();
        let key = key.filter(|_| shows || self.apply.is_some());
        if self.dead {
            self.state = State::Idle;
        } else if self.state.key() != key.as_ref() {
            self.stop();
            if let (Some(key), Some(open)) = (key, open) {
                self.ask(key, &open.document);
            }
        }
        *status = P::status(self.phase(), open.map(|open| &open.document));
    }

    fn take_answers(&mut self) {
        while let Some(told) = self.worker.poll() {
            let Ok(told) = told else {
                self.dead = true;
                break;
            };
            if self.state.key() == Some(&told.key) {
                self.state = State::Done(Box::new(told));
            }
        }
    }

    /// Nothing is wanted any more.
    fn forget(&mut self) {
        self.done = None;
        if std::mem::take(&mut self.knows) {
            self.dead |= self.worker.submit(Ask::Forget).is_err();
        }
    }

    fn stop(&mut self) {
        if let State::Working(_, cancel, _) = &self.state {
            cancel.cancel();
        }
        self.state = State::Idle;
    }

    fn ask(&mut self, key: Key<P>, document: &Document) {
        let job = match P::job(document, &key.wish) {
            Ok(job) => job,
            Err(why) => {
                self.state = State::Done(Box::new(Told { key, proposal: Err(why) }));
                return;
            }
        };
        self.previews += 1;
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let order = Order {
            key: key.clone(),
            document: key.document,
            wish: key.wish.clone(),
            job,
            number: P::FIRST_PREVIEW + self.previews,
            cancel: cancel.clone(),
            progress: progress.clone(),
            language: spoken(),
        };
        self.knows = true;
        self.dead = self.worker.submit(Ask::Compute(Box::new(order))).is_err();
        self.state = if self.dead { State::Idle } else { State::Working(key, cancel, progress) };
    }

    fn phase(&self) -> Phase<'_, P::Details> {
        match &self.state {
            _ if self.dead => Phase::Refused(tr(
                "Operations have stopped unexpectedly: save your work and start the program again.",
            )),
            State::Idle if self.is_done() => Phase::Done,
            State::Idle => Phase::Idle,
            State::Working(.., progress) => Phase::Working(progress),
            State::Done(told) => match &told.proposal {
                Err(why) => Phase::Refused(why),
                Ok(proposal) => Phase::Ready(&proposal.details),
            },
        }
    }

    /// The window's wish is to be done.
    pub fn apply(&mut self, open: Option<&OpenDocument>, wanted: Option<&P::Wanted>) {
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
                let (name, edits) = (P::step(&told.key.wish), proposal.edits.clone());
                Some(Command::EditAll { name, edits })
            }
            Err(why) => {
                toasts.refused(why.clone());
                None
            }
        }
    }

    /// What was asked for was done.
    pub fn applied(&mut self, open: Option<&OpenDocument>, wanted: Option<&P::Wanted>) {
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
