//! How many parts each mask has, counted on a thread of its own whenever a mask has changed.

use std::collections::HashMap;
use std::sync::Arc;

use super::DocumentNumber;
use super::open_document::OpenDocument;
use crate::document::LabelId;
use crate::geom::Grid;
use crate::mask::parts::{Parts, PartsSummary};
use crate::mask::{Connectivity, WorkLimits};
use crate::volume::Region;
use crate::work::{CancelToken, Wake, Worker};

struct Ask {
    document: DocumentNumber,
    object: LabelId,
    region: Arc<Region>,
    grid: Grid,
}

struct Told {
    document: DocumentNumber,
    object: LabelId,
    region: Arc<Region>,
    /// `None` if there is no memory to count them.
    summary: Option<PartsSummary>,
}

/// What is known of the masks of the open document.
pub(super) struct PartCounts {
    worker: Worker<Ask, Told>,
    of: Option<DocumentNumber>,
    known: HashMap<LabelId, (Arc<Region>, Option<PartsSummary>)>,
    busy: bool,
}

impl PartCounts {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("parts", wake, |ask: Ask, tell: &dyn Fn(Told)| {
            let Ask { document, object, region, grid } = ask;
            let limits = WorkLimits::new(CancelToken::new(), u64::MAX);
            let parts = Parts::of(&region, &grid, Connectivity::Corners, &limits);
            let summary = parts.ok().map(|parts| parts.summary());
            tell(Told { document, object, region, summary });
        })?;
        Ok(Self { worker, of: None, known: HashMap::new(), busy: false })
    }

    /// Has the next mask counted that has changed. One at a time: whatever changes meanwhile is counted once.
    pub fn follow(
        &mut self,
        open: Option<&OpenDocument>,
        shown: &mut HashMap<LabelId, PartsSummary>,
    ) {
        while let Some(told) = self.worker.poll() {
            self.busy = false;
            let Ok(told) = told else { return };
            if self.of == Some(told.document) {
                self.known.insert(told.object, (told.region, told.summary));
            }
        }
        let document = open.map(|open| open.number);
        if self.of != document {
            self.of = document;
            self.known.clear();
            shown.clear();
        }
        let Some(open) = open else { return };
        let objects = open.document.objects();
        self.known.retain(|id, _| open.document.object(*id).is_some());
        let current = |id: LabelId, region: &Arc<Region>| {
            self.known.get(&id).filter(|(known, _)| Arc::ptr_eq(known, region))
        };
        let summaries = objects.iter().filter_map(|o| Some((o.id, current(o.id, &o.region)?.1?)));
        shown.clear();
        shown.extend(summaries);
        if self.busy {
            return;
        }
        let next = objects.iter().find(|o| current(o.id, &o.region).is_none());
        if let Some(object) = next {
            let grid = open.document.image().grid().clone();
            let (object, region) = (object.id, Arc::clone(&object.region));
            self.busy =
                self.worker.submit(Ask { document: open.number, object, region, grid }).is_ok();
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
