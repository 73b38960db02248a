//! Undo, redo and label edits, against plain statements of what they promise.

mod covered;
pub(crate) mod deeds;
mod edits;
mod extensions;
mod from_file;
mod history_memory;
mod images;
mod late;
mod measurements;
mod objects;
mod opacity;
mod parts;
mod prompt_changes;
mod random;
mod selection;
mod shapes;
mod shared;
mod start_mask;
mod withdrawn;

use std::sync::Arc;

use deeds::{DIMS, boxed, click, document, removal, resolve};

use super::*;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::prompt::{Answer, Extension, Prompt, PromptId, PromptLog, WorkingScale};
use crate::volume::{NamedRegion, Region, Scale, StoredGeometry, Voxels};

fn prompt(x: f64, positive: bool) -> Prompt {
    Prompt::new(DVec3::new(x, 1.0, 1.0), positive)
}

/// Everything a user can see: labels, and what the objects are.
fn seen(document: &Document) -> (Vec<u16>, Vec<Object>) {
    (document.labels().to_vec(), document.objects().to_vec())
}

/// The same without what a model keeps of its answers, which is let go of what is long past.
fn plain(document: &Document) -> (Vec<u16>, Vec<Object>) {
    let (labels, mut objects) = seen(document);
    for object in &mut objects {
        object.answer.forget_state();
    }
    (labels, objects)
}

fn regions_agree(document: &Document) -> bool {
    let mut regions = document.labels.regions();
    document.objects.iter().all(|o| regions.remove(&o.id.0).unwrap_or_default() == *o.region)
        && regions.is_empty()
}

/// What lies under others has the label of another object.
fn covers_agree(document: &Document) -> bool {
    document.objects.iter().all(|o| {
        let tops = document.labels.parts_of(&o.covered).into_keys();
        tops.into_iter().all(|top| top != o.id.0 && document.object(LabelId(top)).is_some())
    })
}

/// What must hold at all times: the label map and the objects say the same, and each object's mask is the model's part
/// and what was added by hand, without what was removed by hand; and what lies under others does.
fn layers_agree(document: &Document) -> bool {
    let row = DIMS[0];
    let layered = |o: &Object| {
        let mut mask = o.model.union(&o.added, row);
        mask.subtract(&o.removed, row);
        mask == *o.region && o.added.intersection(&o.removed, row).is_empty()
    };
    regions_agree(document) && covers_agree(document) && document.objects.iter().all(layered)
}

impl Document {
    fn history_len(&self) -> usize {
        self.history.done_count()
    }
}

#[test]
fn the_first_click_makes_an_object_and_must_be_positive() {
    let mut d = document();
    assert_eq!(click(&mut d, false), Err(Refused::FirstMustBePositive));
    assert!(d.objects().is_empty() && !d.is_modified());
    click(&mut d, true).unwrap();
    assert_eq!(d.objects().len(), 1);
    assert!(d.is_pending(d.objects()[0].id));
    click(&mut d, false).unwrap();
    assert_eq!(d.active().unwrap().log.prompts.len(), 2);
}

#[test]
fn a_click_outside_of_the_scan_is_refused() {
    let mut d = document();
    let outside = Command::AddPrompt { object: None, prompt: prompt(-3.0, true) };
    assert_eq!(d.apply(outside), Err(Refused::OutsideVolume));
}

#[test]
fn a_new_object_never_takes_voxels_and_undo_gives_everything_back() {
    let mut d = document();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0, 0, 0], [3, 3, 3]));
    let first = seen(&d);
    d.apply(Command::NewObject).unwrap();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([1, 1, 1], [5, 5, 4]));
    let [a, b] = d.objects() else { panic!() };
    assert_eq!(a.region.count(), 27);
    assert_eq!(b.region.count(), 4 * 4 * 3 - 8, "the shared 2³ voxels stay with the first");
    assert!(regions_agree(&d));
    assert!(d.undo() && d.undo());
    assert_eq!(seen(&d), first);
    assert!(d.redo() && d.redo());
    assert_eq!(d.objects()[1].region.count(), 40);
}

#[test]
fn new_object_twice_makes_one() {
    let mut d = document();
    d.apply(Command::NewObject).unwrap();
    d.apply(Command::NewObject).unwrap();
    assert_eq!(d.objects().len(), 1);
}

#[test]
fn clicks_resolve_in_order_and_an_object_is_not_deleted_meanwhile() {
    let mut d = document();
    click(&mut d, true).unwrap();
    let id = d.objects()[0].id;
    let first = d.pending().unwrap().0;
    click(&mut d, true).unwrap();
    assert_eq!(d.pending().unwrap().0, first, "the older click comes first");
    assert_eq!(d.pending().unwrap().1.log.prompts.len(), 1);
    assert_eq!(d.apply(Command::RemoveObject(id)), Err(Refused::Busy));
    resolve(&mut d, boxed([0, 0, 0], [2, 2, 2]));
    assert_eq!(d.object(id).unwrap().region.count(), 8);
    resolve(&mut d, boxed([0, 0, 0], [3, 2, 2]));
    assert_eq!(d.object(id).unwrap().region.count(), 12);
    d.undo();
    assert_eq!(d.object(id).unwrap().region.count(), 8, "exactly the mask of one click");
    assert_eq!(d.object(id).unwrap().replayed(), 1);
}

#[test]
fn undoing_a_pending_click_makes_its_answer_stale() {
    let mut d = document();
    click(&mut d, true).unwrap();
    let entry = d.pending().unwrap().0;
    d.undo();
    let resolution = Resolution { region: boxed([0; 3], DIMS), ..Resolution::nothing() };
    let late = Command::Resolve { entry, resolution: Arc::new(resolution) };
    assert_eq!(d.apply(late), Err(Refused::Stale));
    assert_eq!(d.labels(), &LabelMap::empty(DIMS));
    assert!(d.redo());
    assert_eq!(d.pending().unwrap().0, entry, "redone, it waits for its mask again");
}

#[test]
fn a_withdrawn_click_leaves_no_trace() {
    let mut d = document();
    click(&mut d, true).unwrap();
    let entry = d.pending().unwrap().0;
    d.apply(Command::Withdraw(entry)).unwrap();
    assert!(d.objects().is_empty() && d.pending().is_none() && !d.is_modified());
    assert!(!d.undo() && !d.redo());
}

#[test]
fn withdrawing_takes_the_later_clicks_of_the_object_along_and_no_others() {
    let mut d = document();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [2; 3]));
    let before = seen(&d);
    click(&mut d, true).unwrap();
    let failing = d.pending().unwrap().0;
    d.apply(Command::NewObject).unwrap();
    click(&mut d, true).unwrap();
    d.apply(Command::Select(LabelId(1))).unwrap();
    click(&mut d, false).unwrap();
    d.apply(Command::Withdraw(failing)).unwrap();
    assert_eq!(d.objects()[0].log.prompts, before.1[0].log.prompts);
    assert_eq!(d.pending().unwrap().1.object, LabelId(2), "the other object's click still stands");
    resolve(&mut d, boxed([4, 4, 3], [5, 5, 4]));
    assert!(regions_agree(&d));
    while d.undo() {}
    assert!(d.objects().is_empty());
}

/// Random commands found that the click was lost when what was asked before it was answered.
#[test]
fn a_click_that_begins_an_object_outlives_an_earlier_answer() {
    let mut d = document();
    click(&mut d, true).unwrap();
    let prompt = Prompt::positive(DVec3::new(5.0, 4.0, 3.0));
    let (number, name) = (LabelId(2), "begun".to_owned());
    d.apply(Command::BeginByPrompt { number, name, colour: [9; 3], prompt }).unwrap();
    resolve(&mut d, boxed([0; 3], [1; 3]));
    let begun = |d: &Document| d.object(number).unwrap().clone();
    assert_eq!(begun(&d).log.prompts.len(), 1);
    resolve(&mut d, boxed([4, 3, 2], [6, 5, 4]));
    assert!(!begun(&d).is_unanswered());
    assert_eq!(begun(&d).region.count(), 8);
    while d.undo() {}
    assert!(d.objects().is_empty());
}

#[test]
fn a_failed_click_takes_what_was_undone_with_it() {
    let mut d = document();
    click(&mut d, true).unwrap();
    click(&mut d, true).unwrap();
    d.undo();
    d.undo();
    d.redo();
    let entry = d.pending().unwrap().0;
    d.apply(Command::Withdraw(entry)).unwrap();
    assert!(!d.redo(), "the second click had no object any more");
    assert!(d.pending().is_none());
}

#[test]
fn a_voxel_that_another_object_has_is_no_place_to_start() {
    let mut d = document();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [3; 3]));
    d.apply(Command::NewObject).unwrap();
    let taken = |positive| Command::AddPrompt { object: None, prompt: prompt(1.0, positive) };
    assert_eq!(d.apply(taken(true)), Err(Refused::Taken));
    d.apply(Command::Select(LabelId(1))).unwrap();
    d.apply(taken(true)).unwrap();
    d.apply(taken(false)).unwrap();
}

#[test]
fn a_click_shows_what_it_changes() {
    let mut d = document();
    click(&mut d, true).unwrap();
    d.apply(Command::SetVisible(LabelId(1), false)).unwrap();
    click(&mut d, true).unwrap();
    assert!(d.objects()[0].visible);
}

#[test]
fn a_mask_that_arrives_while_a_later_change_is_undone_is_unsaved_work() {
    let mut d = document();
    click(&mut d, true).unwrap();
    d.apply(Command::Rename(LabelId(1), "liver".into())).unwrap();
    d.mark_saved(d.state());
    d.undo();
    resolve(&mut d, boxed([0; 3], [1; 3]));
    d.redo();
    assert!(d.is_modified());
}

#[test]
fn saved_is_a_place_in_history_not_a_flag() {
    let mut d = document();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [1; 3]));
    d.mark_saved(d.state());
    assert!(!d.is_modified());
    click(&mut d, true).unwrap();
    assert!(d.is_modified());
    d.undo();
    assert!(!d.is_modified());
    d.undo();
    assert!(d.is_modified());
}

#[test]
fn a_mask_that_arrives_after_a_save_is_unsaved_work() {
    let mut d = document();
    click(&mut d, true).unwrap();
    d.mark_saved(d.state());
    resolve(&mut d, boxed([0; 3], [1; 3]));
    assert!(d.is_modified());
}

#[test]
fn imported_labels_keep_their_values_where_they_can() {
    let mut d = document();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [2; 3]));
    let named = |value, region| NamedRegion {
        value,
        name: None,
        colour: None,
        opacity: None,
        visible: true,
        region,
        on_top: None,
    };
    let labels = vec![
        named(1, boxed([0, 0, 0], [3, 1, 1])),
        named(2, boxed([0, 3, 0], [1, 4, 1])),
        named(900, boxed([0, 4, 0], [1, 5, 1])),
    ];
    d.apply(Command::Import(labels)).unwrap();
    let found: Vec<_> = d.objects().iter().map(|o| (o.id.0, o.region.count())).collect();
    assert_eq!(found, [(1, 8), (3, 1), (2, 1), (900, 1)]);
    assert!(regions_agree(&d));
}

#[test]
fn what_changed_is_remembered_as_a_box() {
    let mut d = document();
    click(&mut d, true).unwrap();
    let before = d.revision();
    assert_eq!(d.dirty_since(before), Dirty::Clean);
    resolve(&mut d, boxed([1, 2, 1], [4, 4, 2]));
    let expected = VoxelBox { min: [1, 2, 1], max: [4, 4, 2] };
    assert_eq!(d.dirty_since(before), Dirty::Within(expected));
    let after = d.revision();
    d.undo();
    assert_eq!(d.dirty_since(after), Dirty::Within(expected));
    assert_eq!(d.dirty_since(d.revision()), Dirty::Clean);
}

/// Moves the threshold of the first object; the mask is a cube of that side.
fn threshold(document: &mut Document, side: usize, continues: bool) -> Result<(), Refused> {
    document.apply(Command::SetThreshold {
        object: LabelId(1),
        threshold: -(side as f32),
        region: Arc::new(boxed([0; 3], [side; 3])),
        touches: side == 3,
        cut: side == 1,
        continues,
    })
}

/// A document with one object, whose mask is a cube of 2³ voxels.
fn one_object() -> Document {
    let mut d = document();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [2; 3]));
    d
}

#[test]
fn a_gesture_of_the_threshold_is_one_step() {
    let mut d = one_object();
    let before = seen(&d);
    for (side, continues) in [(3, false), (1, true), (4, true)] {
        threshold(&mut d, side, continues).unwrap();
        assert!(regions_agree(&d));
        let object = &d.objects()[0];
        assert_eq!((object.region.count(), object.log.threshold), (side.pow(3), -(side as f32)));
    }
    let after = seen(&d);
    assert_eq!((d.history_len(), d.can_undo()), (2, Some("Move threshold")));
    assert!(d.undo());
    assert_eq!(seen(&d), before);
    assert!(d.redo());
    assert_eq!(seen(&d), after);

    // The next gesture is another step, and so is what comes after an undo, a redo or another command.
    threshold(&mut d, 2, false).unwrap();
    assert_eq!(d.history_len(), 3);
    d.undo();
    threshold(&mut d, 3, true).unwrap();
    assert_eq!(d.history_len(), 3);
    d.undo();
    assert_eq!(seen(&d), after);
    d.redo();
    threshold(&mut d, 1, true).unwrap();
    d.apply(Command::Rename(LabelId(1), "liver".into())).unwrap();
    threshold(&mut d, 2, true).unwrap();
    assert_eq!(d.history_len(), 6);
    while d.undo() {}
    assert!(d.objects().is_empty());
}

#[test]
fn a_threshold_never_takes_voxels_and_needs_an_answer() {
    let mut d = one_object();
    d.apply(Command::NewObject).unwrap();
    assert_eq!(
        d.apply(Command::SetThreshold {
            object: LabelId(2),
            threshold: 1.0,
            region: Arc::new(boxed([0; 3], DIMS)),
            touches: false,
            cut: false,
            continues: false,
        }),
        Err(Refused::NoAnswer)
    );
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([2, 0, 0], [4, 2, 2]));
    let second = d.objects()[1].region.clone();
    threshold(&mut d, 4, false).unwrap();
    assert_eq!((d.objects()[0].region.count(), &d.objects()[1].region), (64 - 8, &second));
    threshold(&mut d, 1, true).unwrap();
    assert!(regions_agree(&d) && d.objects()[1].region == second);
    assert_eq!(d.apply(Command::Extend(LabelId(9))), Err(Refused::Gone));
    let label = NamedRegion {
        value: 7,
        name: None,
        colour: None,
        opacity: None,
        visible: true,
        region: boxed([5, 4, 3], DIMS),
        on_top: None,
    };
    d.apply(Command::Import(vec![label])).unwrap();
    assert_eq!(d.apply(Command::Extend(LabelId(7))), Err(Refused::FromFile));
}

#[test]
fn an_object_takes_no_clicks_while_it_is_extended_but_others_do() {
    let mut d = one_object();
    let before = seen(&d);
    d.apply(Command::Extend(LabelId(1))).unwrap();
    let (entry, pending) = d.pending().unwrap();
    assert!(pending.extend && pending.log == d.objects()[0].log && d.is_pending(LabelId(1)));
    assert_eq!(click(&mut d, true), Err(Refused::Extending));
    assert_eq!(click(&mut d, false), Err(Refused::Extending));
    let remove = removal(&d, LabelId(1), 0);
    assert_eq!(d.apply(remove), Err(Refused::Extending));
    assert_eq!(threshold(&mut d, 3, false), Err(Refused::Busy));
    assert_eq!(d.apply(Command::Extend(LabelId(1))), Err(Refused::Busy));

    d.apply(Command::NewObject).unwrap();
    click(&mut d, true).unwrap();
    assert_eq!(d.pending().unwrap().0, entry, "the older one comes first");
    resolve(&mut d, boxed([0; 3], [3; 3]));
    resolve(&mut d, boxed([3, 3, 3], [5, 5, 4]));
    let after = seen(&d);
    let object = &after.1[0];
    assert_eq!((object.log.extensions.len(), object.region.count()), (1, 27));
    assert_eq!(object.log.prompts, before.1[0].log.prompts);
    d.apply(Command::Select(LabelId(1))).unwrap();
    click(&mut d, true).unwrap();
    assert_eq!(d.pending().unwrap().1.log.extensions, object.log.extensions, "clicks keep them");
    while d.can_undo() != Some("Extend") {
        d.undo();
    }
    d.undo();
    assert_eq!(seen(&d), before);
    while d.redo() {}
    assert_eq!(d.objects()[0].log.extensions, object.log.extensions);
    assert_eq!(d.objects()[0].region, object.region);
}

#[test]
fn an_extension_given_up_leaves_no_trace() {
    let mut d = one_object();
    let before = seen(&d);
    d.apply(Command::Extend(LabelId(1))).unwrap();
    let entry = d.pending().unwrap().0;
    d.apply(Command::Withdraw(entry)).unwrap();
    assert_eq!((seen(&d), d.history_len()), (before.clone(), 1));
    click(&mut d, true).unwrap();
    d.undo();

    // Undone while it is computed: nobody waits for the answer, until it is redone.
    d.apply(Command::Extend(LabelId(1))).unwrap();
    let entry = d.pending().unwrap().0;
    d.undo();
    assert!(d.pending().is_none() && seen(&d) == before);
    let resolution = Arc::new(Resolution::nothing());
    assert_eq!(d.apply(Command::Resolve { entry, resolution }), Err(Refused::Stale));
    d.redo();
    assert_eq!(d.pending().unwrap().0, entry);
    assert_eq!(click(&mut d, true), Err(Refused::Extending));
}

#[test]
fn what_was_added_for_the_sake_of_a_click_goes_with_it() {
    let mut d = one_object();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [2; 3]));
    for side in [3, 4] {
        d.apply(Command::Extend(LabelId(1))).unwrap();
        resolve(&mut d, boxed([0; 3], [side; 3]));
    }
    threshold(&mut d, 2, false).unwrap();
    let whole = seen(&d);
    let remove = |d: &Document, index| removal(d, LabelId(1), index);
    d.apply(remove(&d, 1)).unwrap();
    assert_eq!(d.objects()[0].log.extensions.len(), 2);
    resolve(&mut d, boxed([0; 3], [2; 3]));
    d.apply(remove(&d, 0)).unwrap();
    assert_eq!(d.objects()[0].log, PromptLog::default(), "it starts anew");
    resolve(&mut d, Region::default());
    assert!(d.objects()[0].is_empty());
    d.undo();
    d.undo();
    assert_eq!(seen(&d), whole);
    // One of the extensions started from the first click.
    d.apply(remove(&d, 0)).unwrap();
    let log = &d.objects()[0].log;
    assert_eq!((log.extensions.len(), log.threshold), (1, -2.0));
}

/// Five time points.
fn moving() -> Document {
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let stored = StoredGeometry::of(&grid);
    let voxels = Voxels::U8((0..5).flat_map(|t| vec![t; grid.count()]).collect());
    let dims = [&DIMS[..], &[5]].concat();
    Document::new(Arc::new(Volume::new("4d", grid, dims, voxels, Scale::NONE, stored, Vec::new())))
}

#[test]
fn an_object_keeps_to_the_time_point_of_its_clicks() {
    let mut d = moving();
    d.apply(Command::ShowTimePoint(3)).unwrap();
    let shown = d.image().clone();
    assert_eq!((shown.time_point(), shown.value([0, 0, 0])), (3, 3.0));
    d.apply(Command::AddPrompt { object: None, prompt: prompt(1.0, true) }).unwrap();
    assert_eq!(d.pending().unwrap().1.log.time_point, 3);
    resolve(&mut d, boxed([0; 3], [2; 3]));
    let (id, labels) = (d.objects()[0].id, d.labels().clone());

    d.apply(Command::ShowTimePoint(99)).unwrap();
    assert_eq!(d.image().time_point(), 4, "the last");
    assert_eq!(d.labels(), &labels, "the label map is that of all time points");
    let elsewhere = Err(Refused::OtherTimePoint { time_point: 4 });
    let negative = Command::AddPrompt { object: None, prompt: prompt(4.0, false) };
    assert_eq!(d.apply(negative.clone()), elsewhere);
    assert_eq!(d.apply(Command::Extend(id)), elsewhere);
    assert_eq!(d.apply(removal(&d, id, 0)), elsewhere);
    assert_eq!(d.target(None, prompt(4.0, true)).map(|_| ()), elsewhere);
    // Another object has a time point of its own.
    d.apply(Command::NewObject).unwrap();
    click(&mut d, true).unwrap();
    assert_eq!(d.pending().unwrap().1.log.time_point, 4);
    assert_eq!(d.objects()[0].log.time_point, 3);
    assert_eq!(d.image_at(d.objects()[0].log.time_point).value([0, 0, 0]), 3.0);

    d.apply(Command::ShowTimePoint(3)).unwrap();
    assert!(Arc::ptr_eq(d.image(), &shown), "caches know it again");
    d.apply(Command::Select(id)).unwrap();
    d.apply(negative).unwrap();
}

#[test]
fn an_object_that_lost_its_clicks_may_start_anew_at_another_time_point() {
    let mut d = moving();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [2; 3]));
    let id = d.objects()[0].id;
    d.apply(removal(&d, id, 0)).unwrap();
    resolve(&mut d, Region::default());
    d.apply(Command::ShowTimePoint(2)).unwrap();
    click(&mut d, true).unwrap();
    assert_eq!((d.objects().len(), d.objects()[0].log.time_point), (1, 2));
}

#[test]
fn a_working_scale_is_that_of_an_objects_first_click() {
    let scale = |n: f64| WorkingScale::new(n).unwrap();
    let mut document = document();
    document.apply(Command::SetWorkingScale(scale(10.0))).unwrap();
    assert!(document.can_undo().is_none() && !document.is_modified(), "a matter of looking");
    click(&mut document, true).unwrap();
    resolve(&mut document, boxed([0; 3], [2; 3]));
    document.apply(Command::SetWorkingScale(WorkingScale::ONE)).unwrap();
    // Further clicks of the object stay at its scale; undo and redo bring it back.
    click(&mut document, true).unwrap();
    let pending = document.pending().unwrap().1;
    assert_eq!((pending.log.scale, pending.log.prompts.len()), (scale(10.0), 2));
    resolve(&mut document, boxed([0; 3], [2; 3]));
    assert!(document.undo() && document.undo() && document.redo() && document.redo());
    assert_eq!(document.objects()[0].log.scale, scale(10.0));
    // A new object is seen as the scan is set by then.
    document.apply(Command::NewObject).unwrap();
    let log = document.target(None, prompt(3.0, true)).unwrap().1;
    assert_eq!(log.scale, WorkingScale::ONE);
}
