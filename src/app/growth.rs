//! Objects grown from their seeds: computed on a thread that keeps what it knows, so that after more paint only what
//! changes is looked at. The newest wish wins, and what comes out is shown before it is done, exactly.
//!
//! Seeds are all voxels of the objects that are shown and not locked, whoever made them. What the others have is in the
//! way.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::DocumentNumber;
use super::model::Preview;
use super::open_document::{OpenDocument, told};
use super::proposals::{Order, Phase, Proposal, Proposals, Proposer};
use crate::document::{Change, Depth, Document, EditedObject, LabelId, Object, ObjectEdit, Over};
use crate::mask::grow_cut::{GrowCut, GrowCutOptions};
use crate::mask::{MaskError, WorkLimits};
use crate::ui::text::{tr, tr_with};
use crate::ui::{GROWTH_STEP, GrowthStatus, WantedGrowth};
use crate::volume::Region;
use crate::work::memory::Free;

/// What objects would grow to.
pub(super) type Growth = Proposals<FromSeeds>;

pub(super) struct FromSeeds;

/// What is grown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    time_point: usize,
    /// In the order of the objects.
    seeds: Vec<LabelId>,
    wanted: WantedGrowth,
}

impl Proposer for FromSeeds {
    type Wanted = WantedGrowth;
    type Wish = Wish;
    /// A copy, without history.
    type Job = Document;
    type Memory = Option<Session>;
    /// Objects, and the mL that each would gain.
    type Details = Vec<(LabelId, f64)>;
    type Status = GrowthStatus;

    const THREAD: &'static str = "growth";
    const FIRST_PREVIEW: u64 = 1 << 61;

    fn wish(open: &OpenDocument, wanted: &WantedGrowth) -> Wish {
        let document = &open.document;
        let seeds = |object: &&Object| is_seed(object, wanted.alone);
        Wish {
            time_point: document.image().time_point(),
            seeds: document.objects().iter().filter(seeds).map(|o| o.id).collect(),
            wanted: *wanted,
        }
    }

    fn job(document: &Document, wish: &Wish) -> Result<Document, String> {
        may(document, wish)?;
        Ok(document.snapshot())
    }

    fn propose(
        order: &Order<Self>,
        session: &mut Option<Session>,
    ) -> Option<Result<Proposal<Self::Details>, String>> {
        propose(order, session)
    }

    fn status(phase: Phase<Self::Details>, _document: Option<&Document>) -> GrowthStatus {
        match phase {
            Phase::Idle => GrowthStatus::Idle,
            Phase::Working(progress) => {
                let (done, total) = progress.get();
                GrowthStatus::Working(done, total)
            }
            Phase::Ready(gains) => GrowthStatus::Ready(gains.clone()),
            Phase::Refused(why) => GrowthStatus::Refused(why.to_owned()),
            Phase::Done => GrowthStatus::Done,
        }
    }

    fn step(_wish: &Wish) -> &'static str {
        GROWTH_STEP
    }
}

/// Whether an object grows.
fn is_seed(object: &Object, alone: Option<LabelId>) -> bool {
    let shown = alone.map_or(object.visible, |id| id == object.id);
    shown && !object.locked && !object.region.is_empty()
}

/// Why nothing can grow, if so.
fn may(document: &Document, wish: &Wish) -> Result<(), String> {
    if wish.seeds.len() < 2 {
        return Err(tr(
            "Paint a bit into each of at least two objects that are shown and not locked. One of them can be what is not wanted.",
        ).to_owned());
    }
    if wish.seeds.iter().any(|id| document.is_pending(*id)) {
        return Err(tr("A click of one of these objects is still being computed.").to_owned());
    }
    Ok(())
}

/// What is known of a scan and its seeds, to be gone on from.
pub(super) struct Session {
    document: DocumentNumber,
    time_point: usize,
    margin_mm: f64,
    walls: Region,
    cut: GrowCut,
}

type Gains = Proposal<Vec<(LabelId, f64)>>;

/// `None` if nobody wants to know any more.
fn propose(
    order: &Order<FromSeeds>,
    session: &mut Option<Session>,
) -> Option<Result<Gains, String>> {
    let Order { wish, job: document, cancel, .. } = order;
    let (image, row) = (document.image(), document.image().grid().dims()[0]);
    let (mut seeds, mut walls) = (Vec::new(), Region::default());
    for object in document.objects() {
        if wish.seeds.contains(&object.id) {
            seeds.push((object.id.0, &*object.region));
        } else {
            walls.add(&object.region, row);
        }
    }
    let grown = match grow(order, &seeds, walls, session) {
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
        let Some(grown) = grown.get(&label).filter(|_| wish.wanted.not_wanted != Some(id)) else {
            continue;
        };
        let gained = grown.without(region, row);
        let ml = gained.count() as f64 * image.grid().voxel_volume_mm3() / 1000.0;
        gains.push((id, ml));
        if !gained.is_empty() {
            let (target, change) = (EditedObject::Known(id), Change::Add(Arc::new(gained)));
            let (over, depth) = (Over::Background, Depth::Seen);
            edits.push(ObjectEdit { target, change, over, depth });
        }
    }
    if edits.is_empty() {
        return Some(Err(tr("Nothing would change.").to_owned()));
    }
    let delta = match document.would_edit_all(&edits) {
        Ok((_, delta)) => delta,
        Err(why) => return Some(Err(told(why))),
    };
    let preview = Preview::of_gains(document, &delta, order.number);
    (!cancel.is_cancelled()).then_some(Ok(Proposal { edits, preview, details: gains }))
}

/// What each label becomes, gone on from what is known already.
fn grow(
    order: &Order<FromSeeds>,
    seeds: &[(u16, &Region)],
    walls: Region,
    session: &mut Option<Session>,
) -> Result<BTreeMap<u16, Region>, MaskError> {
    let (image, document) = (order.job.image(), order.document);
    let (time_point, margin_mm) = (order.wish.time_point, order.wish.wanted.margin_mm);
    session.take_if(|s| {
        (s.document, s.time_point, s.margin_mm) != (document, time_point, margin_mm)
            || s.walls != walls
    });
    let session = session.get_or_insert_with(|| {
        let options = GrowCutOptions { margin_mm, ..GrowCutOptions::of(image, seeds) };
        let cut = GrowCut::new(options).with_walls(walls.clone());
        Session { document, time_point, margin_mm, walls, cut }
    });
    session.cut.report_to(order.progress.clone());
    let limits = WorkLimits::new(order.cancel.clone(), Free::now().usable());
    session.cut.grow(image, seeds, &limits)
}

#[cfg(test)]
mod tests;
