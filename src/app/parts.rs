//! How many parts each mask has, counted on a thread of its own whenever masks have changed.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::DocumentNumber;
use super::open_document::OpenDocument;
use crate::document::LabelId;
use crate::geom::Grid;
use crate::mask::parts::{Parts, PartsSummary};
use crate::mask::{Connectivity, WorkLimits};
use crate::volume::Region;
use crate::work::memory::Free;
use crate::work::{CancelToken, Wake, Worker};

/// All masks that have changed, to be counted.
struct Ask {
    document: DocumentNumber,
    masks: Vec<(LabelId, Arc<Region>)>,
    grid: Grid,
}

/// A mask, and what was counted; `None` if there is no memory to count it.
type Counted = (LabelId, Weak<Region>, Option<PartsSummary>);

struct Told {
    document: DocumentNumber,
    counted: Vec<Counted>,
}

/// What is known of the masks of the open document.
pub(super) struct PartCounts {
    worker: Worker<Ask, Told>,
    /// Of which document, and of which revision everything that is known was looked up.
    of: Option<(DocumentNumber, u64)>,
    /// Weak: who changes a mask is not to copy it for the sake of this.
    known: HashMap<LabelId, (Weak<Region>, Option<PartsSummary>)>,
    busy: bool,
}

impl PartCounts {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("parts", wake, |ask: Ask, tell: &dyn Fn(Told)| {
            let Ask { document, masks, grid } = ask;
            let count = |(id, region): (LabelId, Arc<Region>)| {
                let limits = WorkLimits::new(CancelToken::new(), Free::now().usable());
                let parts = Parts::of(&region, &grid, Connectivity::Corners, &limits);
                (id, Arc::downgrade(&region), parts.ok().map(|parts| parts.summary()))
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
                let entry = |(id, region, summary)| (id, (region, summary));
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
            let current = |(region, _): &(Weak<Region>, Option<PartsSummary>)| {
                std::ptr::eq(region.as_ptr(), Arc::as_ptr(&object.region))
            };
            match self.known.remove(&object.id).filter(current) {
                Some(entry) => {
                    shown.extend(entry.1.map(|summary| (object.id, summary)));
                    known.insert(object.id, entry);
                }
                None => changed.push((object.id, Arc::clone(&object.region))),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Change, Command, Document, EditKind, GestureId, Over};
    use crate::geom::DAffine3;
    use crate::volume::{Scale, StoredGeometry, Volume, Voxels};

    #[test]
    fn parts_are_counted_whenever_a_mask_changes() {
        let grid = Grid::new([5, 1, 1], DAffine3::IDENTITY).unwrap();
        let (voxels, stored) = (Voxels::U8(vec![0; 5]), StoredGeometry::of(&grid));
        let volume = Volume::new("v", grid, vec![5, 1, 1], voxels, Scale::NONE, stored, vec![]);
        let document = Document::new(Arc::new(volume));
        let mut open = OpenDocument::new(DocumentNumber(1), document, "scan".into());
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
            for _ in 0..2000 {
                counts.follow(Some(&open), &mut shown);
                if !shown.is_empty() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            let summary = shown[&LabelId(1)];
            assert_eq!(
                (summary.parts, summary.mm3),
                (parts, mask.iter().filter(|m| **m).count() as f64)
            );
        }
        counts.follow(None, &mut shown);
        assert!(shown.is_empty());
    }
}
