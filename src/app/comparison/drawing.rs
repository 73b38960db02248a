//! What is drawn of a comparison instead of the objects: a label map whose labels are classes of differences or of
//! distances. Made on a thread of its own; after an edit only the box of that is looked at.

use std::sync::Arc;

use super::reference::{ObjectsSeen, Reference, objects_as_labels};
use crate::document::{Dirty, Document};
use crate::mask::{MaskError, WorkLimits};
use crate::measure::{
    BorderDistances, DistanceScale, PairBy, PairedLabels, difference_delta, distance_map,
    paired_masks,
};
use crate::ui::{
    ComparedPair, ComparisonLook, ComparisonStatus, ComparisonTable, ComparisonView, DrawnLabels,
    difference_styles, distance_styles,
};
use crate::volume::{LabelMap, Region, VoxelBox};
use crate::work::memory::Free;
use crate::work::{CancelToken, Wake, Worker};

/// What is drawn, but for what was edited since.
#[derive(Clone, PartialEq)]
struct Of {
    reference: u64,
    look: ComparisonLook,
    by: PairBy,
    selected: Option<ComparedPair>,
    /// Of distances.
    scale: Option<DistanceScale>,
    /// What labels are paired by, beside their voxels.
    objects: ObjectsSeen,
}

impl Of {
    fn now(document: &Document, reference: &Reference, view: &ComparisonView) -> Self {
        let distances = view.look == ComparisonLook::Distances;
        Self {
            reference: reference.number,
            look: view.look,
            by: view.by,
            selected: view.selected,
            scale: distances.then(|| view.scale()),
            objects: ObjectsSeen::of(document),
        }
    }
}

/// What is to be made.
enum Job {
    /// All of it.
    Anew,
    /// A map of differences, from the one that was made last, within a box.
    Within { last: Arc<DrawnLabels>, pairs: Vec<ComparedPair>, bounds: VoxelBox },
}

struct Ask {
    number: u64,
    of: Of,
    revision: u64,
    document: Document,
    reference: Arc<Reference>,
    job: Job,
    cancel: CancelToken,
}

struct Made {
    number: u64,
    of: Of,
    revision: u64,
    pairs: Vec<ComparedPair>,
    /// `None`: there is no memory for it.
    drawn: Option<DrawnLabels>,
}

/// What was made last.
struct Last {
    of: Of,
    revision: u64,
    pairs: Vec<ComparedPair>,
    drawn: Option<Arc<DrawnLabels>>,
}

pub(super) struct Drawing {
    worker: Worker<Ask, Made>,
    asked: u64,
    working: Option<(u64, Of, CancelToken)>,
    last: Option<Last>,
    /// What was drawn in the frame before.
    drew: ComparisonLook,
    /// B as it is, and of which state that is.
    itself: Option<(StateOfB, Arc<DrawnLabels>)>,
}

/// B, the document's revision, the pair that is looked at, and which table says who is whose pair.
pub(super) type StateOfB = (u64, u64, Option<ComparedPair>, *const ComparisonTable);

impl Drawing {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("differences", wake, |ask: Ask, tell: &dyn Fn(Made)| {
            if let Some(made) = make(ask) {
                tell(made);
            }
        })?;
        Ok(Self {
            worker,
            asked: 0,
            working: None,
            last: None,
            drew: ComparisonLook::default(),
            itself: None,
        })
    }

    pub fn is_busy(&self) -> bool {
        self.working.is_some()
    }

    pub fn stop(&mut self) {
        self.stop_working();
        self.itself = None;
    }

    /// What differs is not drawn.
    fn stop_working(&mut self) {
        if let Some((_, _, cancel)) = self.working.take() {
            cancel.cancel();
        }
        self.last = None;
    }

    /// B as it is. The same as long as nothing of it is drawn otherwise.
    pub fn itself(
        &mut self,
        document: &Document,
        reference: &Reference,
        view: &ComparisonView,
        status: &ComparisonStatus,
    ) -> Arc<DrawnLabels> {
        let table = status.table.as_ref().map_or(std::ptr::null(), Arc::as_ptr);
        let state = (reference.number, document.revision(), view.selected, table);
        if let Some((of, drawn)) = &self.itself
            && *of == state
        {
            return Arc::clone(drawn);
        }
        let drawn = Arc::new(reference_itself(document, reference, view, status));
        self.itself = Some((state, Arc::clone(&drawn)));
        drawn
    }

    /// Keeps what is drawn up with what is compared. While `waits`, something is being done, and what is to be made of
    /// all voxels waits too.
    pub fn follow(
        &mut self,
        document: &Document,
        reference: &Arc<Reference>,
        view: &mut ComparisonView,
        waits: bool,
        status: &mut ComparisonStatus,
    ) {
        while let Some(made) = self.worker.poll() {
            // A worker that has died makes nothing more: the objects are drawn.
            let Ok(made) = made else {
                self.stop();
                break;
            };
            self.take(made);
        }
        if matches!(view.look, ComparisonLook::Objects | ComparisonLook::Reference) {
            self.stop_working();
            view.drawn = (view.look == ComparisonLook::Reference)
                .then(|| self.itself(document, reference, view, status));
            self.drew = view.look;
            status.drawing = false;
            return;
        }
        let now = Of::now(document, reference, view);
        let other = self.working.as_ref().is_some_and(|(_, of, _)| *of != now);
        if other && let Some((_, _, cancel)) = self.working.take() {
            cancel.cancel();
        }
        // Which voxels overlap most may have changed; that is known when the numbers are.
        let pairs = status.table.as_ref().filter(|table| !status.stale && table.by == view.by);
        let paired_otherwise = |last: &Last| {
            let pairs = pairs.map(|table| table.rows.iter().map(|row| row.pair));
            let other = pairs.is_some_and(|pairs| !pairs.eq(last.pairs.iter().copied()));
            other && last.drawn.is_some()
        };
        self.last.take_if(|last| last.of != now || paired_otherwise(last));
        // What was drawn stays until there is something else of its kind.
        if std::mem::replace(&mut self.drew, view.look) != view.look {
            view.drawn = None;
        }
        if self.working.is_none() {
            self.go_on(document, reference, now, waits);
        }
        if let Some(last) = &self.last {
            view.drawn.clone_from(&last.drawn);
        }
        status.drawing = self.last.is_none();
        status.no_colours = self.last.as_ref().is_some_and(|last| last.drawn.is_none());
    }

    fn go_on(&mut self, document: &Document, reference: &Arc<Reference>, now: Of, waits: bool) {
        let revision = document.revision();
        let job = match &mut self.last {
            None => Job::Anew,
            Some(last) if last.revision == revision => return,
            Some(last) => match (document.dirty_since(last.revision), &last.drawn) {
                (Dirty::Clean, _) => {
                    last.revision = revision;
                    return;
                }
                (Dirty::Within(bounds), Some(drawn))
                    if now.look == ComparisonLook::Differences
                        && reference.can_be_mended(document, now.selected) =>
                {
                    let (last, pairs) = (Arc::clone(drawn), last.pairs.clone());
                    Job::Within { last, pairs, bounds }
                }
                // Of these all is made anew.
                _ if waits => return,
                _ => Job::Anew,
            },
        };
        self.asked += 1;
        let cancel = CancelToken::new();
        let ask = Ask {
            number: self.asked,
            of: now.clone(),
            revision,
            document: document.snapshot(),
            reference: Arc::clone(reference),
            job,
            cancel: cancel.clone(),
        };
        if self.worker.submit(ask).is_ok() {
            self.working = Some((self.asked, now, cancel));
        }
    }

    fn take(&mut self, made: Made) {
        let Made { number, of, revision, pairs, drawn } = made;
        if self.working.take_if(|(asked, ..)| *asked == number).is_some() {
            self.last = Some(Last { of, revision, pairs, drawn: drawn.map(Arc::new) });
        }
    }
}

/// B as it is. Its number is that of no map that is made here.
fn reference_itself(
    document: &Document,
    reference: &Reference,
    view: &ComparisonView,
    status: &ComparisonStatus,
) -> DrawnLabels {
    let rows = status.table.iter().flat_map(|table| &table.rows);
    let pairs: Vec<ComparedPair> = rows.map(|row| row.pair).collect();
    DrawnLabels {
        number: (1 << 63) + reference.number,
        made_of: None,
        labels: reference.map.clone(),
        styles: reference.styles(document, &pairs, view.selected),
    }
}

/// `None` if nobody wants it any more.
fn make(ask: Ask) -> Option<Made> {
    let limits = WorkLimits::new(ask.cancel.clone(), Free::now().usable());
    let found = match &ask.job {
        Job::Within { last, pairs, bounds } => within(&ask, (last, pairs, *bounds), &limits),
        Job::Anew => anew(&ask, &limits),
    };
    let (pairs, drawn) = match found {
        Ok((pairs, drawn)) => (pairs, Some(drawn)),
        Err(MaskError::Cancelled) => return None,
        Err(_) => (Vec::new(), None),
    };
    let Ask { number, of, revision, .. } = ask;
    Some(Made { number, of, revision, pairs, drawn })
}

type Found = Result<(Vec<ComparedPair>, DrawnLabels), MaskError>;

/// The labels of the pairs that are looked at.
fn looked_at(pairs: &[ComparedPair], of: &Of) -> PairedLabels {
    let shown = pairs.iter().filter(|pair| of.selected.is_none_or(|one| one == **pair));
    PairedLabels::new(shown.map(|pair| (pair.a.map(|id| id.0), pair.b)))
}

fn within(
    ask: &Ask,
    (last, pairs, bounds): (&DrawnLabels, &[ComparedPair], VoxelBox),
    limits: &WorkLimits,
) -> Found {
    let (a, b) = (ask.document.labels(), &ask.reference.map);
    let paired = looked_at(pairs, &ask.of);
    let delta = difference_delta(&last.labels, [a, b], &paired, bounds, limits)?;
    let mut labels = last.labels.clone();
    labels.apply(&delta);
    let made_of = Some((last.number, delta.bounds()));
    let styles = last.styles.clone();
    Ok((pairs.to_vec(), DrawnLabels { number: ask.number, made_of, labels, styles }))
}

fn anew(ask: &Ask, limits: &WorkLimits) -> Found {
    let Ask { document, reference, of, number, .. } = ask;
    let (objects, dims) = (objects_as_labels(document), document.labels().dims());
    let in_lists = reference.pairs(&objects, of.by);
    let pairs = reference.compared_pairs(&objects, &in_lists);
    limits.check()?;
    let (labels, styles) = match of.scale {
        None => {
            let ([a, b], paired) =
                reference.compared(document, &objects, (&in_lists, &pairs), of.selected, limits)?;
            let all = VoxelBox::whole(dims);
            let mut labels = LabelMap::empty(dims);
            let delta = difference_delta(&labels, [&a, &b], &paired, all, limits)?;
            labels.apply(&delta);
            (labels, difference_styles())
        }
        Some(scale) => {
            let nothing = Region::default();
            let masks = paired_masks([&objects, &reference.labels], &in_lists, &nothing);
            let shown = masks.into_iter().zip(&pairs);
            let shown = shown.filter(|(_, pair)| of.selected.is_none_or(|one| one == **pair));
            let masks: Vec<(&Region, &Region)> =
                shown.map(|(masks, _)| masks).filter(|(a, _)| !a.is_empty()).collect();
            let mut bytes: Vec<u64> =
                masks.iter().map(|(a, b)| BorderDistances::bytes(a, b, dims)).collect();
            bytes.sort_unstable_by(|a, b| b.cmp(a));
            let needed: u64 = bytes.iter().take(rayon::current_num_threads()).sum();
            if needed > limits.bytes {
                return Err(MaskError::Memory { needed, limit: limits.bytes });
            }
            let labels = distance_map(&masks, document.image().grid(), scale, limits)?;
            (labels, distance_styles(scale))
        }
    };
    Ok((pairs, DrawnLabels { number: *number, made_of: None, labels, styles }))
}
