//! The numbers of each object, measured on a thread of its own while their window is open.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::DocumentNumber;
use super::open_document::OpenDocument;
use crate::document::{LabelId, Object};
use crate::mask::{MaskError, WorkLimits};
use crate::measure::{FirstOrder, MaskShape, MeasuredStructure, Uptake, values_under};
use crate::ui::ObjectMeasures;
use crate::volume::{Region, Volume};
use crate::work::memory::Free;
use crate::work::{CancelToken, Wake, Worker};

/// A mask that is to be measured, and the scan under it.
struct Ask {
    document: DocumentNumber,
    object: LabelId,
    name: String,
    /// What is seen of it, and what lies under others.
    layers: [Arc<Region>; 2],
    scan: Arc<Volume>,
    cancel: CancelToken,
}

struct Told {
    document: DocumentNumber,
    object: LabelId,
    known: Known,
}

/// What is known, and of what. Weak: who changes a mask is not to copy it for the sake of this.
struct Known {
    layers: [Weak<Region>; 2],
    scan: Weak<Volume>,
    found: ObjectMeasures,
}

/// Whether an object still has these.
fn has(object: &Object, layers: &[Weak<Region>; 2]) -> bool {
    let now = [&object.region, &object.covered];
    now.iter().zip(layers).all(|(now, then)| std::ptr::eq(then.as_ptr(), Arc::as_ptr(now)))
}

impl Known {
    fn is_of(&self, object: &Object, scan: &Arc<Volume>) -> bool {
        has(object, &self.layers) && std::ptr::eq(self.scan.as_ptr(), Arc::as_ptr(scan))
    }
}

/// What is known of the masks of the open document.
pub(super) struct Measures {
    worker: Worker<Ask, Told>,
    document: Option<DocumentNumber>,
    known: HashMap<LabelId, Known>,
    /// The mask that is being measured.
    busy: Option<(LabelId, [Weak<Region>; 2], CancelToken)>,
}

impl Measures {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let worker = Worker::start("measures", wake, |ask: Ask, tell: &dyn Fn(Told)| {
            let found = measure(&ask);
            let Ask { document, object, layers, scan, .. } = ask;
            let (layers, scan) = (layers.each_ref().map(Arc::downgrade), Arc::downgrade(&scan));
            tell(Told { document, object, known: Known { layers, scan, found } });
        })?;
        Ok(Self { worker, document: None, known: HashMap::new(), busy: None })
    }

    /// Has masks measured that have changed since, one after another, as long as it is `wanted`.
    pub fn follow(
        &mut self,
        open: Option<&OpenDocument>,
        wanted: bool,
        shown: &mut HashMap<LabelId, ObjectMeasures>,
    ) {
        shown.clear();
        let number = open.map(|open| open.number);
        if self.document != number {
            self.document = number;
            self.known.clear();
        }
        while let Some(told) = self.worker.poll() {
            let Ok(Told { document, object, known }) = told else { return };
            self.busy = None;
            if number == Some(document) && !matches!(known.found, ObjectMeasures::Cancelled) {
                self.known.insert(object, known);
            }
        }
        let Some(open) = open.filter(|_| wanted) else {
            if let Some((.., cancel)) = &self.busy {
                cancel.cancel();
            }
            return;
        };
        let scan = open.document.image();
        let mut next = None;
        for object in open.document.objects().iter().filter(|o| o.has_voxels()) {
            match self.known.get(&object.id).filter(|known| known.is_of(object, scan)) {
                Some(known) => {
                    shown.insert(object.id, known.found.clone());
                }
                None => next = next.or(Some(object)),
            }
        }
        self.stop_if_changed(open);
        if let Some(object) = next.filter(|_| self.busy.is_none()) {
            self.ask(open, object);
        }
    }

    /// What is measured and not there any more is not waited for.
    fn stop_if_changed(&self, open: &OpenDocument) {
        let Some((id, layers, cancel)) = &self.busy else { return };
        if !open.document.object(*id).is_some_and(|object| has(object, layers)) {
            cancel.cancel();
        }
    }

    fn ask(&mut self, open: &OpenDocument, object: &Object) {
        let cancel = CancelToken::new();
        let layers = [&object.region, &object.covered].map(Arc::clone);
        let seen = layers.each_ref().map(Arc::downgrade);
        let ask = Ask {
            document: open.number,
            object: object.id,
            name: object.name.clone(),
            layers,
            scan: Arc::clone(open.document.image()),
            cancel: cancel.clone(),
        };
        if self.worker.submit(ask).is_ok() {
            self.busy = Some((object.id, seen, cancel));
        }
    }
}

fn measure(ask: &Ask) -> ObjectMeasures {
    let Ask { object, name, layers: [seen, covered], scan, cancel, .. } = ask;
    let grid = scan.grid();
    // All of it, as everywhere.
    let region = &seen.union(covered, grid.dims()[0]);
    let (needed, limit) = (MaskShape::bytes(region, grid.dims()), Free::now().usable());
    if needed > limit {
        return ObjectMeasures::Failed(MaskError::Memory { needed, limit }.to_string());
    }
    let limits = WorkLimits::new(cancel.clone(), limit);
    let shape = match MaskShape::of(region, grid, &limits) {
        Ok(Some(shape)) => shape,
        // (Empty masks are not asked about.)
        Ok(None) | Err(MaskError::Cancelled) => return ObjectMeasures::Cancelled,
        Err(why) => return ObjectMeasures::Failed(why.to_string()),
    };
    let mut found = MeasuredStructure::of(u64::from(object.0), Some(name.clone()), &shape, grid);
    if cancel.check().is_err() {
        return ObjectMeasures::Cancelled;
    }
    found.values = FirstOrder::of(values_under(region, scan)).map(Into::into);
    if scan.suv_kind().is_some() {
        found.uptake = Uptake::of(region, scan).map(Into::into);
    }
    ObjectMeasures::Known(Arc::new(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Change, Command, Document, EditKind, GestureId, Over};
    use crate::geom::{DAffine3, DVec3, Grid};
    use crate::volume::{Scale, StoredGeometry, Voxels};

    fn paint(open: &mut OpenDocument, voxels: usize) {
        let change = Change::Add(Arc::new(Region::from_mask(10, (0..1000).map(|n| n < voxels))));
        let (over, kind) = (Over::Background, EditKind::Brush);
        let gesture = GestureId(open.document.revision());
        let object = open.document.active().map(|o| o.id);
        open.document.apply(Command::Edit { object, change, over, kind, gesture }).unwrap();
    }

    #[test]
    fn objects_are_measured_while_it_is_wanted_and_again_when_they_change() {
        let grid = Grid::new([10, 10, 10], DAffine3::from_scale(DVec3::splat(2.0))).unwrap();
        let voxels = Voxels::U8((0..1000).map(|n| (n % 7) as u8).collect());
        let stored = StoredGeometry::of(&grid);
        let dims = grid.dims().to_vec();
        let volume = Volume::new("v", grid, dims, voxels, Scale::NONE, stored, vec![]);
        let document = Document::new(Arc::new(volume));
        let mut open = OpenDocument::new(DocumentNumber(1), document, "scan".into());
        let mut measures = Measures::start(Arc::new(|| ())).unwrap();
        let mut shown = HashMap::new();
        for voxels in [30, 300] {
            paint(&mut open, voxels);
            measures.follow(Some(&open), false, &mut shown);
            assert!(shown.is_empty() && measures.busy.is_none(), "not wanted");
            for _ in 0..2000 {
                measures.follow(Some(&open), true, &mut shown);
                if !shown.is_empty() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            let ObjectMeasures::Known(found) = &shown[&LabelId(1)] else { panic!("measured") };
            let expected: f64 = (0..voxels).map(|n| (n % 7) as f64).sum::<f64>() / voxels as f64;
            let mean = found.values.as_ref().unwrap().mean;
            assert_eq!((found.voxels, found.volume_ml), (voxels, voxels as f64 * 8e-3));
            assert!((mean - expected).abs() < 1e-12, "{mean} {expected}");
            assert!(found.uptake.is_none());
        }
        measures.follow(None, true, &mut shown);
        assert!(shown.is_empty());
    }
}
