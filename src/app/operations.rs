//! Operations on whole masks: computed on a thread of their own from a copy of the document, the newest wish wins, and
//! what comes out is shown before it is done, exactly.

mod part_names;

use std::sync::Arc;

pub(super) use self::part_names::copy_name;
use self::part_names::{left_name, part_names};
use super::model::Preview;
use super::open_document::{OpenDocument, told};
use super::proposals::{Order, Phase, Proposal, Proposals, Proposer};
use crate::document::{Change, Depth, Document, EditedObject, LabelId, Object, ObjectEdit, Over};
use crate::geom::{Direction, Grid};
use crate::mask::operation::{Operated, Operation, OperationKind, Subject};
use crate::mask::{CutPlane, MaskError, WorkLimits};
use crate::ui::text::{tr, tr_with};
use crate::ui::{OperationStatus, WantedOperation, operation_name};
use crate::volume::{Delta, Region};
use crate::work::memory::Free;

/// More parts than that don't become objects.
const MOST_PARTS: usize = 100;

/// The operation that the window is set to.
pub(super) type Operations = Proposals<OnMask>;

pub(super) struct OnMask;

/// What is done, and to which object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish {
    object: Option<LabelId>,
    /// Where it matters.
    time_point: Option<usize>,
    operation: Operation,
    over: Over,
    /// The second object, where there are two.
    with: Option<LabelId>,
}

/// What would change.
pub(super) struct Changes {
    /// Voxels that are gained and lost, also where others lie over them, and new objects.
    change: (usize, usize, usize),
    /// How many of those that are gained or lost lie under others: nothing is seen of them.
    under: usize,
    /// Voxels that others lose to it.
    taken: Vec<(String, usize)>,
    /// Where what a plane cuts off lies.
    cut_off: Option<Direction>,
}

impl Proposer for OnMask {
    type Wanted = WantedOperation;
    type Wish = Wish;
    /// A copy, without history, and the object.
    type Job = (Document, Object);
    type Memory = ();
    type Details = Changes;
    type Status = OperationStatus;

    const THREAD: &'static str = "operations";
    const FIRST_PREVIEW: u64 = 1 << 62;

    fn wish(open: &OpenDocument, wanted: &WantedOperation) -> Wish {
        let document = &open.document;
        let looks = wanted.operation.kind == OperationKind::SnapToEdge;
        Wish {
            object: document.active().map(|o| o.id),
            time_point: looks.then(|| document.image().time_point()),
            operation: wanted.operation,
            over: wanted.over,
            with: wanted.with.filter(|_| wanted.operation.kind.takes_other()),
        }
    }

    fn shows(wanted: &WantedOperation) -> bool {
        wanted.preview
    }

    fn job(document: &Document, wish: &Wish) -> Result<Self::Job, String> {
        let target = may(document, wish.operation.kind, wish.with)?.clone();
        Ok((document.snapshot(), target))
    }

    fn propose(order: &Order<Self>, _memory: &mut ()) -> Option<Result<Proposal<Changes>, String>> {
        Some(propose(order))
    }

    fn status(phase: Phase<Changes>, document: Option<&Document>) -> OperationStatus {
        match phase {
            Phase::Idle => OperationStatus::Idle,
            Phase::Working(_) => OperationStatus::Working,
            Phase::Ready(Changes { change: (gained, lost, parts), under, taken, cut_off }) => {
                let mm3 = document.map_or(0.0, |d| d.image().grid().voxel_volume_mm3());
                let ml = |voxels: usize| voxels as f64 * mm3 / 1000.0;
                let taken = taken.iter().map(|(name, n)| (name.clone(), ml(*n))).collect();
                let (gained_ml, lost_ml) = (ml(*gained), ml(*lost));
                let (parts, under_ml, cut_off) = (*parts, ml(*under), *cut_off);
                OperationStatus::Ready { gained_ml, lost_ml, under_ml, parts, taken, cut_off }
            }
            Phase::Refused(why) => OperationStatus::Refused(why.to_owned()),
            Phase::Done => OperationStatus::Done,
        }
    }

    fn step(wish: &Wish) -> &'static str {
        operation_name(wish.operation.kind)
    }
}

/// The object that an operation would be done to, `with` another one if it takes two, or why there is none.
fn may(document: &Document, kind: OperationKind, with: Option<LabelId>) -> Result<&Object, String> {
    let Some(object) = document.active() else {
        return Err(tr("No object is selected: select one first.").to_owned());
    };
    if object.locked {
        return Err(tr("This object is locked: unlock it first.").to_owned());
    }
    if document.is_pending(object.id) {
        return Err(tr("A click of this object is still being computed.").to_owned());
    }
    if !object.has_voxels() {
        return Err(tr("This object has no voxels yet.").to_owned());
    }
    let joint = kind == OperationKind::SmoothTogether;
    if joint && object.region.is_empty() {
        return Err(tr("All of this object lies under others, and only what is seen can be smoothed together: bring it to the front first.").to_owned());
    }
    let others = match () {
        () if joint => together(document, object),
        () if kind.takes_other() => vec![operand(document, object, with)?],
        () => Vec::new(),
    };
    if others.iter().any(|o| document.is_pending(o.id)) {
        return Err(tr("A click of another object is still being computed.").to_owned());
    }
    Ok(object)
}

/// The second object of an operation on two, or why there is none.
fn operand<'d>(
    document: &'d Document,
    target: &Object,
    with: Option<LabelId>,
) -> Result<&'d Object, String> {
    let other = with.filter(|id| *id != target.id).and_then(|id| document.object(id));
    let Some(other) = other else {
        return Err(tr("Choose the other object.").to_owned());
    };
    if !other.has_voxels() {
        return Err(tr("The other object has no voxels yet.").to_owned());
    }
    Ok(other)
}

/// The objects that are smoothed together with the target.
fn together<'d>(document: &'d Document, target: &Object) -> Vec<&'d Object> {
    let others = document.objects().iter().filter(|o| o.id != target.id);
    others.filter(|o| !o.locked && !o.region.is_empty()).collect()
}

fn propose(order: &Order<OnMask>) -> Result<Proposal<Changes>, String> {
    let Order { wish, job: (document, target), number, cancel, .. } = order;
    let (operation, grid) = (&wish.operation, document.image().grid());
    let inside = target.log.prompts.iter().filter(|p| p.positive);
    let clicked: Vec<usize> =
        inside.filter_map(|p| grid.voxel_at(p.world)).map(|v| grid.index(v)).collect();
    let (is_joint, row) = (operation.kind == OperationKind::SmoothTogether, grid.dims()[0]);
    let others = if is_joint { together(document, target) } else { Vec::new() };
    let regions: Vec<Region> = others.iter().map(|o| (*o.region).clone()).collect();
    let operand = wish.with.and_then(|id| document.object(id)).map(|o| o.whole(row));
    // Together only what is seen can be smoothed: masks that share voxels have no border in common.
    let mask = if is_joint { Arc::clone(&target.region) } else { target.whole(row) };
    let subject = Subject {
        volume: document.image(),
        mask: &mask,
        others: &regions,
        operand: operand.as_deref(),
        clicked: &clicked,
    };
    let limits = WorkLimits::new(cancel.clone(), Free::now().usable());
    let operated = operation.run(&subject, &limits).map_err(refusal)?;
    if operated.mask.is_empty() && operated.parts.is_empty() {
        return Err(nothing_left(operation.kind));
    }
    if operated.parts.len() > MOST_PARTS {
        return Err(tr_with(
            "{n} parts are too many to become objects: remove the small ones first.",
            &[("n", &(operated.parts.len() + 1))],
        ));
    }
    let edits = edits_of(operated, (document, target, &mask), &others, wish, row);
    let (after, delta) = document.would_edit_all(&edits).map_err(told)?;
    let new = edits.iter().filter(|e| matches!(e.target, EditedObject::New(_))).count();
    // What objects that are smoothed together exchange is no surprise.
    let mut details = changes(document, target, &after, new, !is_joint);
    if delta.is_empty() && details.under == 0 {
        return Err(nothing_changes(operation.kind));
    }
    let cut = operation.cut.filter(|_| operation.kind == OperationKind::CutByPlane);
    details.cut_off = cut.and_then(|cut| side_of_lost(&cut.plane, target.id, &delta, grid));
    // (Of what lies under others there is nothing to see.)
    let drawn = (!delta.is_empty()).then(|| Preview::of_delta(document, target, &delta, *number));
    let preview = drawn.flatten();
    Ok(Proposal { edits, preview, details })
}

/// What it is for the target, and if asked so, for others, that the document becomes `after`; both with what lies under
/// others.
fn changes(
    document: &Document,
    target: &Object,
    after: &Document,
    new: usize,
    tells_taken: bool,
) -> Changes {
    let row = document.image().grid().dims()[0];
    let lost = |before: &Object| {
        let Some(after) = after.object(before.id) else { return 0 };
        let same = |a: &Arc<Region>, b: &Arc<Region>| Arc::ptr_eq(a, b);
        if same(&before.region, &after.region) && same(&before.covered, &after.covered) {
            return 0;
        }
        before.whole(row).without(&after.whole(row), row).count()
    };
    let (mut gained, mut under) = (0, 0);
    if let Some(now) = after.object(target.id) {
        let (old, whole) = (target.whole(row), now.whole(row));
        gained = whole.without(&old, row).count();
        under =
            now.covered.without(&old, row).count() + target.covered.without(&whole, row).count();
    }
    let mut taken = Vec::new();
    for object in document.objects().iter().filter(|o| o.id != target.id && tells_taken) {
        let voxels = lost(object);
        if voxels > 0 {
            taken.push((object.name.clone(), voxels));
        }
    }
    taken.sort_by_key(|(_, voxels)| std::cmp::Reverse(*voxels));
    Changes { change: (gained, lost(target), new), under, taken, cut_off: None }
}

/// On which side of a plane what an object loses lies, by the patient's sides that the plane's normal points to.
fn side_of_lost(plane: &CutPlane, own: LabelId, delta: &Delta, grid: &Grid) -> Option<Direction> {
    let lost = delta.runs().iter().find(|run| run.before == own.0)?;
    let [nx, ny, _] = grid.dims();
    let at = lost.run.start;
    let world = grid.world_of([at % nx, at / nx % ny, at / nx / ny]);
    let beyond = (world - plane.point).dot(plane.normal) > 0.0;
    Some(Direction::nearest(if beyond { plane.normal } else { -plane.normal }))
}

/// All losses before all gains: what one object gives up another may take. `mask`: what the operation was done to.
fn edits_of(
    operated: Operated,
    (document, target, mask): (&Document, &Object, &Region),
    others: &[&Object],
    wish: &Wish,
    row: usize,
) -> Vec<ObjectEdit> {
    let (kind, joint) = (wish.operation.kind, !operated.others.is_empty());
    let how = match wish.with {
        // Neighbours that are smoothed together exchange voxels.
        _ if joint => (Over::Unlocked, Depth::Seen),
        // Of two objects the other one stays as it is.
        Some(other) if kind.takes_other() => (Over::Only(other), Depth::Shared),
        _ => (wish.over, Depth::Whole),
    };
    let masks = std::iter::once((target.id, mask, &operated.mask))
        .chain(others.iter().zip(&operated.others).map(|(o, wanted)| (o.id, &*o.region, wanted)));
    let [mut losses, mut gains] = [Vec::new(), Vec::new()];
    let parts = !operated.parts.is_empty();
    for (object, owned, wanted) in masks.filter(|_| !parts) {
        let [loss, gain] = ObjectEdit::to_become(object, (owned, wanted), how, row);
        losses.push(loss);
        gains.push(gain);
    }
    losses.append(&mut gains);
    let names = match kind {
        OperationKind::SplitLeftRight => vec![Some(left_name(document, target))],
        _ => part_names(document, target, operated.parts.len()),
    };
    losses.extend(operated.parts.into_iter().zip(names).map(|(part, name)| ObjectEdit {
        target: EditedObject::New(name),
        change: Change::Add(Arc::new(part)),
        over: Over::Only(target.id),
        depth: Depth::Whole,
    }));
    losses
}

fn nothing_changes(kind: OperationKind) -> String {
    match kind {
        OperationKind::CutByPlane => {
            tr("The plane does not go through the mask, or nothing lies on that side of it: move the crosshair.").to_owned()
        }
        _ => tr("Nothing would change.").to_owned(),
    }
}

fn nothing_left(kind: OperationKind) -> String {
    match kind {
        OperationKind::KeepClicked => {
            tr("No part has a positive click in it: nothing would be left.").to_owned()
        }
        OperationKind::Intersection => {
            tr("The two objects share no voxel: nothing would be left.").to_owned()
        }
        OperationKind::Difference | OperationKind::ExclusiveOr => {
            tr("The other object has all voxels of this one: nothing would be left.").to_owned()
        }
        _ => tr("Nothing would be left of the mask: choose a smaller size, or delete the object.")
            .to_owned(),
    }
}

fn refusal(why: MaskError) -> String {
    match why {
        MaskError::Cancelled => tr("Cancelled.").to_owned(),
        MaskError::NotASize(_) => tr("Give a size from 0 up.").to_owned(),
        MaskError::Memory { needed, .. } => tr_with(
            "This needs {mb} MB of memory: choose a smaller size or a smaller object.",
            &[("mb", &needed.div_ceil(1_000_000))],
        ),
    }
}

#[cfg(test)]
mod tests;
