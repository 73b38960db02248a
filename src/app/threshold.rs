//! The threshold of an object's logits, moved by a slider: the logits are laid again on a thread of their
//! own, the newest position of the slider wins, and one drag of it is one step to undo.

use std::sync::Arc;

use super::Session;
use crate::document::{Command, LabelId};
use crate::geom::Grid;
use crate::prompt::{Answer, Patch};
use crate::segment::{lay, touches};
use crate::ui::Status;
use crate::volume::Region;
use crate::work::{Wake, Worker};

/// A position of the slider.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wanted {
    object: LabelId,
    /// In logits.
    threshold: f32,
    gesture: u64,
}

struct Ask {
    wanted: Wanted,
    answer: Answer,
    grid: Grid,
}

struct Laid {
    wanted: Wanted,
    /// What was laid: another answer of the model since then makes it worthless.
    patches: Vec<Arc<Patch>>,
    region: Region,
    touches: bool,
}

pub(super) struct Threshold {
    worker: Worker<Ask, Laid>,
    asked: Option<Wanted>,
    next: Option<Wanted>,
    gesture: u64,
    /// The gesture that the newest change belongs to.
    applied: Option<u64>,
}

impl Threshold {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("threshold", wake, |ask: Ask, tell: &dyn Fn(Laid)| {
            let Ask { wanted, answer, grid } = ask;
            let region = lay(&answer, wanted.threshold, &grid);
            let touches = touches(&answer, wanted.threshold, &grid);
            tell(Laid { wanted, patches: answer.patches, region, touches });
        })?;
        Ok(Self { worker, asked: None, next: None, gesture: 0, applied: None })
    }

    /// The slider was moved; `begins` if this is where a gesture starts.
    pub fn set(&mut self, object: LabelId, threshold: f32, begins: bool, status: &mut Status) {
        self.gesture += u64::from(begins);
        self.next = Some(Wanted { object, threshold, gesture: self.gesture });
        status.threshold = Some((object, threshold));
    }

    /// Whether the mask is not yet where the slider is.
    pub fn is_busy(&self) -> bool {
        self.asked.is_some() || self.next.is_some()
    }

    /// Takes in what has been laid and asks for what is wanted now.
    pub fn step(&mut self, mut session: Option<&mut Session>, status: &mut Status) {
        while let Some(told) = self.worker.poll() {
            self.asked = None;
            // A worker that has died answers nothing: the slider goes back to where the mask is.
            let Ok(laid) = told else { break };
            if let Some(session) = session.as_deref_mut() {
                self.apply(laid, session);
            }
        }
        let waits = session.as_ref().is_some_and(|s| s.document.pending().is_some());
        if self.asked.is_none()
            // While a click is computed there is no mask to lay again; there will be.
            && !waits
            && let Some(wanted) = self.next.take()
            && let Some(session) = session
            && let Some(object) = session.document.object(wanted.object)
        {
            let grid = session.document.image().grid().clone();
            // Of another mask: what was looked for in vain beyond this one may be there.
            let answer = Answer { tried: Vec::new(), ..object.answer.clone() };
            if self.worker.submit(Ask { wanted, answer, grid }).is_ok() {
                self.asked = Some(wanted);
            }
        }
        if !self.is_busy() {
            status.threshold = None;
        }
    }

    fn apply(&mut self, laid: Laid, session: &mut Session) {
        let Laid { wanted, patches, region, touches } = laid;
        let Wanted { object, threshold, gesture } = wanted;
        let same = session.document.object(object).is_some_and(|o| {
            let now = &o.answer.patches;
            now.len() == patches.len() && now.iter().zip(&patches).all(|(a, b)| Arc::ptr_eq(a, b))
        });
        if session.document.pending().is_some() {
            // It will be laid on the mask that the click gives, unless the slider has moved on.
            self.next.get_or_insert(wanted);
            return;
        }
        let continues = self.applied == Some(gesture);
        let region = Arc::new(region);
        let command = Command::SetThreshold { object, threshold, region, touches, continues };
        if same && session.document.apply(command).is_ok() {
            self.applied = Some(gesture);
        }
    }
}
