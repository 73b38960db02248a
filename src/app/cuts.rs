//! What scissors cut: computed on a thread of their own once a curve is drawn, and made as one step.

use std::sync::Arc;

use super::DocumentNumber;
use super::open_document::OpenDocument;
use crate::document::{Change, Command, Depth, EditedObject, LabelId, ObjectEdit, Over, StateId};
use crate::mask::scissors::{Scissors, shown_part};
use crate::mask::{FillRule, MaskError, WorkLimits};
use crate::ui::text::{Language, speak, spoken, tr, tr_with};
use crate::ui::{WantedCut, tools};
use crate::volume::{Region, Volume};
use crate::work::memory::Free;
use crate::work::{CancelToken, Wake, Worker};

/// What is computed, and of what.
#[derive(Clone)]
struct Key {
    document: DocumentNumber,
    revision: u64,
    wanted: Arc<WantedCut>,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        (self.document, self.revision) == (other.document, other.revision)
            && Arc::ptr_eq(&self.wanted, &other.wanted)
    }
}

/// An object that is cut, also where it lies under others.
struct Cloth {
    id: LabelId,
    name: String,
    whole: Arc<Region>,
}

struct Ask {
    key: Key,
    volume: Arc<Volume>,
    cloths: Vec<Cloth>,
    cancel: CancelToken,
    language: Language,
}

struct Told {
    key: Key,
    edits: Result<Vec<ObjectEdit>, String>,
}

/// The cut that is wanted.
pub(super) struct Cuts {
    worker: Worker<Ask, Told>,
    working: Option<(Key, CancelToken)>,
    /// The cut, and the state of the document that it was drawn on.
    drawn_on: Option<(Arc<WantedCut>, StateId)>,
}

impl Cuts {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("scissors", wake, |ask: Ask, tell: &dyn Fn(Told)| {
            speak(ask.language);
            if !ask.cancel.is_cancelled()
                && let Some(edits) = cut(&ask)
            {
                tell(Told { key: ask.key, edits });
            }
        })?;
        Ok(Self { worker, working: None, drawn_on: None })
    }

    /// Computes the cut that is wanted, and stops one that nobody wants any more. If the masks change meanwhile, it is not
    /// made.
    /// Once it is known, `wanted` is taken, and what to do is returned, or why not. While `waits`, it stays.
    pub fn follow(
        &mut self,
        open: Option<&OpenDocument>,
        wanted: &mut Option<Arc<WantedCut>>,
        waits: bool,
    ) -> Option<Result<Command, String>> {
        let mut known = None;
        while let Some(told) = self.worker.poll() {
            let Ok(Told { key, edits }) = told else {
                self.stop();
                break;
            };
            if self.working.as_ref().is_some_and(|(of, _)| *of == key) {
                known = Some(edits);
            }
        }
        let Some((open, cut)) = open.zip(wanted.clone()) else {
            *wanted = None;
            self.stop();
            return None;
        };
        let state = open.document.state();
        match &self.drawn_on {
            Some((of, on)) if Arc::ptr_eq(of, &cut) => {
                if *on != state {
                    // It was drawn around other masks, and their numbers may be those of other objects now.
                    *wanted = None;
                    self.stop();
                    return Some(Err(tr(
                        "The masks changed meanwhile, so nothing was cut: draw it again.",
                    )
                    .to_owned()));
                }
            }
            _ => self.drawn_on = Some((Arc::clone(&cut), state)),
        }
        let (document, revision) = (open.number, open.document.revision());
        let key = Key { document, revision, wanted: cut };
        if self.working.as_ref().is_none_or(|(of, _)| *of != key) {
            self.stop();
            if !waits && !self.ask(key, open) {
                *wanted = None;
                return Some(Err(tr("The cut could not be computed.").to_owned()));
            }
            return None;
        }
        let edits = known?;
        self.working = None;
        if waits {
            // Something is being drawn: it is computed again after that.
            return None;
        }
        *wanted = None;
        Some(edits.map(|edits| Command::EditAll { name: tools::SCISSORS_STEP, edits }))
    }

    fn stop(&mut self) {
        if let Some((_, cancel)) = self.working.take() {
            cancel.cancel();
        }
    }

    /// `false` if there is nobody to ask.
    fn ask(&mut self, key: Key, open: &OpenDocument) -> bool {
        let row = open.document.labels().dims()[0];
        let cloth = |id: &LabelId| {
            let object = open.document.object(*id).filter(|o| !o.locked)?;
            Some(Cloth { id: *id, name: object.name.clone(), whole: object.whole(row) })
        };
        let cloths = key.wanted.objects.iter().filter_map(cloth).collect();
        let (volume, cancel) = (Arc::clone(open.document.image()), CancelToken::new());
        let language = spoken();
        let ask = Ask { key: key.clone(), volume, cloths, cancel: cancel.clone(), language };
        let asked = self.worker.submit(ask).is_ok();
        self.working = asked.then_some((key, cancel));
        asked
    }
}

/// `None` if nobody wants to know any more.
fn cut(ask: &Ask) -> Option<Result<Vec<ObjectEdit>, String>> {
    let wanted = &*ask.key.wanted;
    let grid = ask.volume.grid();
    let shown = |cloth: &Cloth| shown_part(&cloth.whole, grid, &wanted.kept, wanted.slice.as_ref());
    let shown: Vec<Region> = ask.cloths.iter().map(shown).collect();
    let scissors = Scissors {
        projection: wanted.projection,
        curve: &wanted.curve,
        rule: FillRule::NonZero,
        side: wanted.side,
        depth: wanted.depth,
    };
    let limits = WorkLimits::new(ask.cancel.clone(), Free::now().usable());
    let regions: Vec<&Region> = shown.iter().collect();
    let cut = match scissors.cut(grid, &regions, &limits) {
        Ok(cut) => cut,
        Err(MaskError::Cancelled) => return None,
        Err(_) => return Some(Err(tr("Not enough memory for this cut.").to_owned())),
    };
    let all = |n: &usize| !cut[*n].is_empty() && cut[*n] == *ask.cloths[*n].whole;
    if let Some(n) = (0..cut.len()).find(all) {
        return Some(Err(tr_with(
            "Nothing would be left of {name}: delete the object instead.",
            &[("name", &ask.cloths[n].name)],
        )));
    }
    let edit = |(cloth, cut): (&Cloth, Region)| ObjectEdit {
        target: EditedObject::Known(cloth.id),
        change: Change::Subtract(Arc::new(cut)),
        over: Over::Background,
        depth: Depth::Whole,
    };
    let cut = ask.cloths.iter().zip(cut).filter(|(_, cut)| !cut.is_empty());
    let edits: Vec<ObjectEdit> = cut.map(edit).collect();
    if edits.is_empty() {
        return Some(Err(tr("There is nothing to cut there.").to_owned()));
    }
    Some(Ok(edits))
}

#[cfg(test)]
mod tests;
