//! Where A and B differ: looked for on a thread of its own when somebody wants to go there, and kept until something
//! changes.

use std::cmp::Reverse;
use std::sync::Arc;

use super::reference::{ObjectsSeen, Reference, objects_as_labels};
use crate::document::{Dirty, Document};
use crate::mask::{MaskError, WorkLimits};
use crate::measure::{
    DifferencePart, PairBy, WorstSlice, difference_parts, differing_voxels, worst_slice,
};
use crate::ui::kit::format::millilitres;
use crate::ui::text::{tr, tr_with};
use crate::ui::{ComparedPair, ComparisonJump, ComparisonView};
use crate::work::memory::Free;
use crate::work::{CancelToken, Wake, Worker};

/// Which differences.
#[derive(Clone, PartialEq)]
struct Of {
    reference: u64,
    by: PairBy,
    selected: Option<ComparedPair>,
    objects: ObjectsSeen,
}

impl Of {
    fn now(document: &Document, reference: &Reference, view: &ComparisonView) -> Self {
        Self {
            reference: reference.number,
            by: view.by,
            selected: view.selected,
            objects: ObjectsSeen::of(document),
        }
    }
}

struct Ask {
    number: u64,
    of: Of,
    revision: u64,
    document: Document,
    reference: Arc<Reference>,
    cancel: CancelToken,
}

struct Told {
    number: u64,
    known: Known,
}

/// What is known.
struct Known {
    of: Of,
    revision: u64,
    /// The largest first; `None` if there is no memory to look for them.
    parts: Option<Vec<DifferencePart>>,
    worst: Option<WorstSlice>,
}

/// Parts are gone through in this order, which holds when some of them are mended meanwhile.
type Order = (Reverse<usize>, usize);

fn order(part: &DifferencePart) -> Order {
    (Reverse(part.voxels), part.first)
}

/// Where to go, if anywhere, and what to say of it.
pub(super) type Found = (Option<[usize; 3]>, String);

pub(super) struct Places {
    worker: Worker<Ask, Told>,
    asked: u64,
    working: Option<(u64, Of, u64, CancelToken)>,
    known: Option<Known>,
    wanted: Option<ComparisonJump>,
    /// The part that was gone to last.
    at: Option<Order>,
    /// Of what the last place was told.
    told: Option<(Of, u64)>,
}

impl Places {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker =
            Worker::start("places of differences", wake, |ask: Ask, tell: &dyn Fn(Told)| {
                let (number, cancel) = (ask.number, ask.cancel.clone());
                let known = look(ask);
                if !cancel.is_cancelled() {
                    tell(Told { number, known });
                }
            })?;
        Ok(Self {
            worker,
            asked: 0,
            working: None,
            known: None,
            wanted: None,
            at: None,
            told: None,
        })
    }

    pub fn is_busy(&self) -> bool {
        self.wanted.is_some()
    }

    /// Goes there as soon as it is known where that is.
    pub fn want(&mut self, jump: ComparisonJump) {
        self.wanted = Some(jump);
    }

    pub fn stop(&mut self) {
        if let Some((.., cancel)) = self.working.take() {
            cancel.cancel();
        }
        (self.known, self.wanted, self.at, self.told) = (None, None, None, None);
    }

    /// Whether what was told of the last place holds no more: something was edited, or is compared otherwise.
    pub fn is_outdated(
        &mut self,
        document: &Document,
        reference: &Reference,
        view: &ComparisonView,
    ) -> bool {
        let outdated = |(of, revision): &mut (Of, u64)| {
            *of != Of::now(document, reference, view)
                || document.dirty_since(*revision) != Dirty::Clean
        };
        self.told.take_if(outdated).is_some()
    }

    /// Where to go now, if that was wanted and is known.
    pub fn follow(
        &mut self,
        document: &Document,
        reference: &Arc<Reference>,
        view: &ComparisonView,
    ) -> Option<Found> {
        while let Some(told) = self.worker.poll() {
            let Ok(told) = told else {
                self.stop();
                break;
            };
            if self.working.take_if(|(asked, ..)| *asked == told.number).is_some() {
                self.known = Some(told.known);
            }
        }
        let jump = self.wanted?;
        let of = Of::now(document, reference, view);
        let is_now = |other: &Of, revision: u64| {
            *other == of && document.dirty_since(revision) == Dirty::Clean
        };
        if !self.known.as_ref().is_some_and(|known| is_now(&known.of, known.revision)) {
            let looks = |(_, of, revision, _): &(u64, Of, u64, CancelToken)| is_now(of, *revision);
            if !self.working.as_ref().is_some_and(looks) {
                self.ask(document, reference, of);
            }
            return None;
        }
        self.wanted = None;
        self.told = Some((of, document.revision()));
        Some(self.go(jump, document))
    }

    fn ask(&mut self, document: &Document, reference: &Arc<Reference>, of: Of) {
        if let Some((.., cancel)) = self.working.take() {
            cancel.cancel();
        }
        if self.known.as_ref().is_some_and(|known| known.of != of) {
            self.at = None;
        }
        self.asked += 1;
        let (cancel, revision) = (CancelToken::new(), document.revision());
        let ask = Ask {
            number: self.asked,
            of: of.clone(),
            revision,
            document: document.snapshot(),
            reference: Arc::clone(reference),
            cancel: cancel.clone(),
        };
        if self.worker.submit(ask).is_ok() {
            self.working = Some((self.asked, of, revision, cancel));
        } else {
            self.wanted = None;
        }
    }

    fn go(&mut self, jump: ComparisonJump, document: &Document) -> Found {
        let nothing = || (None, tr("A and B do not differ.").to_owned());
        let Some(known) = &self.known else { return nothing() };
        let ml = document.image().grid().voxel_volume_mm3() / 1000.0;
        let size = |voxels: usize| millilitres(voxels as f64 * ml);
        let Some(parts) = &known.parts else {
            return (None, tr("There is no memory to look for differences.").to_owned());
        };
        if jump == ComparisonJump::WorstSlice {
            let Some(worst) = known.worst else { return nothing() };
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("slice", &worst.slice), ("n", &worst.voxels), ("ml", &size(worst.voxels))];
            let text = tr_with("Slice {slice}: {n} voxels differ ({ml})", &values);
            return (Some(worst.at), text);
        }
        let Some(n) = step(parts, self.at, jump == ComparisonJump::Next) else { return nothing() };
        let part = &parts[n];
        self.at = Some(order(part));
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("n", &(n + 1)), ("all", &parts.len()), ("ml", &size(part.voxels))];
        (Some(part.at), tr_with("Difference {n} of {all}: {ml}", &values))
    }
}

/// The part after the one that was gone to last, or before it, round and round.
fn step(parts: &[DifferencePart], at: Option<Order>, forward: bool) -> Option<usize> {
    let last = parts.len().checked_sub(1)?;
    let Some(at) = at else { return Some(if forward { 0 } else { last }) };
    if forward {
        Some(parts.iter().position(|part| order(part) > at).unwrap_or(0))
    } else {
        Some(parts.iter().rposition(|part| order(part) < at).unwrap_or(last))
    }
}

fn look(ask: Ask) -> Known {
    let limits = WorkLimits::new(ask.cancel.clone(), Free::now().usable());
    let found = differences(&ask, &limits).ok();
    let (parts, worst) = found.map_or((None, None), |(parts, worst)| (Some(parts), worst));
    Known { of: ask.of, revision: ask.revision, parts, worst }
}

fn differences(
    ask: &Ask,
    limits: &WorkLimits,
) -> Result<(Vec<DifferencePart>, Option<WorstSlice>), MaskError> {
    let objects = objects_as_labels(&ask.document);
    let in_lists = ask.reference.pairs(&objects, ask.of.by);
    let pairs = ask.reference.compared_pairs(&objects, &in_lists);
    let selected = ask.of.selected;
    let ([a, b], paired) =
        ask.reference.compared(&ask.document, &objects, (&in_lists, &pairs), selected, limits)?;
    let differing = differing_voxels([&a, &b], &paired, limits)?;
    let grid = ask.document.image().grid();
    let parts = difference_parts(&differing, grid, limits)?;
    Ok((parts, worst_slice(&differing, grid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_gone_through_although_some_are_mended_meanwhile() {
        let part = |voxels, first| DifferencePart { voxels, first, at: [first, 0, 0] };
        let parts = [part(9, 5), part(4, 1), part(4, 7), part(1, 3)];
        let next = |parts: &[DifferencePart], at: Option<usize>, forward| {
            step(parts, at.map(|n| order(&part(parts[n].voxels, parts[n].first))), forward)
        };
        assert_eq!(next(&parts, None, true), Some(0));
        assert_eq!(next(&parts, None, false), Some(3));
        assert_eq!(next(&parts, Some(1), true), Some(2));
        assert_eq!(next(&parts, Some(3), true), Some(0), "round and round");
        assert_eq!(next(&parts, Some(0), false), Some(3));
        assert_eq!(step(&[], None, true), None);
        // The one that was gone to is mended: the next one is not left out.
        let mended = [parts[0], parts[2], parts[3]];
        assert_eq!(step(&mended, Some(order(&parts[1])), true), Some(1));
        assert_eq!(step(&mended, Some(order(&parts[1])), false), Some(0));
    }
}
