//! How many parts each object has, counted on a thread of its own whenever masks have changed: of all of its voxels, so
//! that an organ which a vessel crosses is one part, whichever of the two lies on top.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::DocumentNumber;
use super::open_document::OpenDocument;
use crate::document::{LabelId, Object};
use crate::geom::Grid;
use crate::mask::parts::{Parts, PartsSummary};
use crate::mask::{Connectivity, WorkLimits};
use crate::volume::Region;
use crate::work::memory::Free;
use crate::work::{CancelToken, Wake, Worker};

/// All masks that have changed, to be counted.
struct Ask {
    document: DocumentNumber,
    masks: Vec<(LabelId, [Arc<Region>; 2])>,
    grid: Grid,
}

/// What of an object is seen, and what of it lies under others. Weak: who changes a mask is not to copy it for the sake
/// of this.
type Of = [Weak<Region>; 2];

/// A mask, and what was counted; `None` if there is no memory to count it.
type Counted = (LabelId, Of, Option<PartsSummary>);

fn layers(object: &Object) -> [&Arc<Region>; 2] {
    [&object.region, &object.covered]
}

struct Told {
    document: DocumentNumber,
    counted: Vec<Counted>,
}

/// What is known of the masks of the open document.
pub(super) struct PartCounts {
    worker: Worker<Ask, Told>,
    /// Of which document, and of which revision everything that is known was looked up.
    of: Option<(DocumentNumber, u64)>,
    known: HashMap<LabelId, (Of, Option<PartsSummary>)>,
    busy: bool,
}

impl PartCounts {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("parts", wake, |ask: Ask, tell: &dyn Fn(Told)| {
            let Ask { document, masks, grid } = ask;
            let count = |(id, layers): (LabelId, [Arc<Region>; 2])| {
                let limits = WorkLimits::new(CancelToken::new(), Free::now().usable());
                let whole = whole(&layers, grid.dims()[0]);
                let parts = Parts::of(&whole, &grid, Connectivity::Corners, &limits);
                let summary = parts.ok().map(|parts| parts.summary());
                (id, layers.each_ref().map(Arc::downgrade), summary)
            };
            let counted = masks.into_iter().map(count).collect();
            tell(Told { document, counted });
        })?;
        Ok(Self { worker, of: None, known: HashMap::new(), busy: false })
    }

    /// Has the masks counted that have changed, all together; whatever changes meanwhile is counted once after that.
    /// Costs nothing while nothing changes.
    pub fn follow(
        &mut self,
        open: Option<&OpenDocument>,
        shown: &mut HashMap<LabelId, PartsSummary>,
    ) {
        let now = open.map(|open| (open.number, open.document.revision()));
        let other = self.of.map(|of| of.0) != now.map(|now| now.0);
        if other {
            self.known.clear();
        }
        let mut news = other || self.of != now;
        while let Some(told) = self.worker.poll() {
            let Ok(Told { document, counted }) = told else { return };
            self.busy = false;
            if now.is_some_and(|now| now.0 == document) {
                let entry = |(id, of, summary)| (id, (of, summary));
                self.known.extend(counted.into_iter().map(entry));
                news = true;
            }
        }
        self.of = now;
        if !news {
            return;
        }
        shown.clear();
        let Some(open) = open else { return };
        let mut changed = Vec::new();
        let mut known = HashMap::new();
        for object in open.document.objects() {
            let current = |(of, _): &(Of, Option<PartsSummary>)| {
                let mut both = of.iter().zip(layers(object));
                both.all(|(old, now)| std::ptr::eq(old.as_ptr(), Arc::as_ptr(now)))
            };
            match self.known.remove(&object.id).filter(current) {
                Some(entry) => {
                    shown.extend(entry.1.map(|summary| (object.id, summary)));
                    known.insert(object.id, entry);
                }
                None => changed.push((object.id, layers(object).map(Arc::clone))),
            }
        }
        self.known = known;
        if !self.busy && !changed.is_empty() {
            let grid = open.document.image().grid().clone();
            let ask = Ask { document: open.number, masks: changed, grid };
            self.busy = self.worker.submit(ask).is_ok();
        }
    }
}

/// All voxels of an object whose rows have `row` voxels.
fn whole([seen, covered]: &[Arc<Region>; 2], row: usize) -> Arc<Region> {
    if covered.is_empty() { Arc::clone(seen) } else { Arc::new(seen.union(covered, row)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Change, Command, Document, EditKind, GestureId, Over};
    use crate::geom::DAffine3;
    use crate::volume::{NamedRegion, Scale, StoredGeometry, Volume, Voxels};

    fn open() -> OpenDocument {
        let grid = Grid::new([5, 1, 1], DAffine3::IDENTITY).unwrap();
        let (voxels, stored) = (Voxels::U8(vec![0; 5]), StoredGeometry::of(&grid));
        let volume = Volume::new("v", grid, vec![5, 1, 1], voxels, Scale::NONE, stored, vec![]);
        let document = Document::new(Arc::new(volume));
        OpenDocument::new(DocumentNumber(1), document, "scan".into())
    }

    /// Follows until so many objects are counted.
    fn counted(
        counts: &mut PartCounts,
        open: &OpenDocument,
        objects: usize,
    ) -> HashMap<LabelId, PartsSummary> {
        let mut shown = HashMap::new();
        for _ in 0..2000 {
            counts.follow(Some(open), &mut shown);
            if shown.len() == objects {
                return shown;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        panic!("never counted");
    }

    #[test]
    fn parts_are_counted_whenever_a_mask_changes() {
        let mut open = open();
        let mut counts = PartCounts::start(Arc::new(|| ())).unwrap();
        let mut shown = HashMap::new();
        for (mask, parts) in [
            ([true, false, false, false, false], 1),
            ([true, false, true, false, true], 3),
            ([true, true, true, false, true], 2),
        ] {
            let change = Change::Add(Arc::new(Region::from_mask(5, mask)));
            let (over, kind) = (Over::Background, EditKind::Brush);
            let gesture = GestureId(open.document.revision());
            let edit = Command::Edit { object: None, change, over, kind, gesture };
            open.document.apply(edit).unwrap();
            counts.follow(Some(&open), &mut shown);
            assert!(shown.is_empty(), "nothing is said of a mask that is not counted yet");
            let summary = counted(&mut counts, &open, 1)[&LabelId(1)];
            assert_eq!(
                (summary.parts, summary.mm3),
                (parts, mask.iter().filter(|m| **m).count() as f64)
            );
        }
        counts.follow(None, &mut shown);
        assert!(shown.is_empty());
    }

    #[test]
    fn what_lies_under_another_object_belongs_to_a_part() {
        let mut open = open();
        let label = |value, mask: [bool; 5]| NamedRegion {
            value,
            name: None,
            colour: None,
            opacity: None,
            visible: true,
            region: Region::from_mask(5, mask),
            on_top: None,
        };
        let (organ, vessel) = ([true; 5], [false, false, true, false, false]);
        open.document.apply(Command::Import(vec![label(1, organ), label(2, vessel)])).unwrap();
        let mut counts = PartCounts::start(Arc::new(|| ())).unwrap();
        let found = counted(&mut counts, &open, 2);
        assert_eq!((found[&LabelId(1)].parts, found[&LabelId(1)].mm3), (1, 5.0));
        // What lies below goes: two parts are left.
        open.document.apply(Command::GiveUpCovered(LabelId(1))).unwrap();
        let found = counted(&mut counts, &open, 2);
        assert_eq!((found[&LabelId(1)].parts, found[&LabelId(1)].mm3), (2, 4.0));
    }
}
