//! Undo, redo and the label gate, against plain statements of what they promise.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::prompt::{Answer, CropPlace, Logits, Prompt, Step};
use crate::volume::{NamedRegion, Region, Scale, StoredGeometry, Voxels};

const DIMS: [usize; 3] = [6, 5, 4];

fn document() -> Document {
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let stored = StoredGeometry::of(&grid);
    let voxels = Voxels::U8(vec![1; grid.count()]);
    let image = Volume::new("test", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, Vec::new());
    Document::new(Arc::new(image))
}

fn prompt(x: f64, positive: bool) -> Prompt {
    Prompt { world: DVec3::new(x, 1.0, 1.0), positive }
}

/// A click in the far corner, which the masks of these tests leave free.
fn click(document: &mut Document, positive: bool) -> Result<(), Refused> {
    let x = f64::from(document.history_len() as u32 % 2) * 0.25;
    let world = DVec3::new(x, 4.0, 0.0);
    document.apply(Command::AddPrompt { object: None, prompt: Prompt { world, positive } })
}

/// Answers the oldest pending click the way the model would: one step for each prompt.
fn resolve(document: &mut Document, region: Region) {
    let (entry, click) = document.pending().map(|(e, c)| (e, c.clone())).unwrap();
    let step = |p: &Prompt| {
        let logits = Arc::new(Logits { side: 1, values: vec![p.world.x as f32] });
        Arc::new(Step { prompt: *p, logits, iou: 0.5 })
    };
    let place = CropPlace { start: [0; 3], side: 8, world_from_crop: DAffine3::IDENTITY };
    let steps = click.log.prompts.iter().map(step).collect();
    let resolution = Resolution {
        answer: Answer { model: Some("test".into()), ..Answer::of_one_patch(place, steps) },
        extensions: Vec::new(),
        region: if click.log.prompts.is_empty() { Region::default() } else { region },
    };
    document.apply(Command::Resolve { entry, resolution: Arc::new(resolution) }).unwrap();
}

fn boxed(lo: [usize; 3], hi: [usize; 3]) -> Region {
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let mut mask = vec![false; grid.count()];
    for z in lo[2]..hi[2] {
        for y in lo[1]..hi[1] {
            for x in lo[0]..hi[0] {
                mask[grid.index([x, y, z])] = true;
            }
        }
    }
    Region::from_mask(DIMS[0], mask)
}

/// Everything a user can see: labels, and what the objects are.
fn seen(document: &Document) -> (Vec<u16>, Vec<Object>) {
    (document.labels().to_vec(), document.objects().to_vec())
}

fn regions_agree(document: &Document) -> bool {
    let mut regions = document.labels.regions();
    document.objects.iter().all(|o| regions.remove(&o.id.0).unwrap_or_default() == *o.region)
        && regions.is_empty()
}

impl Document {
    fn history_len(&self) -> usize {
        self.history.len()
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
fn clicks_resolve_in_order_and_label_commands_wait_for_them() {
    let mut d = document();
    click(&mut d, true).unwrap();
    let id = d.objects()[0].id;
    let first = d.pending().unwrap().0;
    click(&mut d, true).unwrap();
    assert_eq!(d.pending().unwrap().0, first, "the older click comes first");
    assert_eq!(d.pending().unwrap().1.log.prompts.len(), 1);
    assert_eq!(d.apply(Command::RemoveObject(id)), Err(Refused::Busy));
    assert_eq!(d.apply(Command::Import(Vec::new())), Err(Refused::Busy));
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
fn a_click_never_replaces_a_mask_that_came_from_a_file() {
    let mut d = document();
    let region = boxed([0; 3], [3; 3]);
    let label = NamedRegion { value: 4, name: None, colour: None, region: region.clone() };
    d.apply(Command::Import(vec![label])).unwrap();
    d.apply(Command::Select(LabelId(4))).unwrap();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([2; 3], [4; 3]));
    assert_eq!(*d.object(LabelId(4)).unwrap().region, region);
    assert_eq!(d.objects().len(), 2);
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
    let named = |value, region| NamedRegion { value, name: None, colour: None, region };
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

/// What a user may do, at random.
#[derive(Clone, Debug)]
enum Deed {
    New,
    Click(bool),
    Answer([usize; 3], [usize; 3]),
    RemovePrompt(usize),
    RemoveObject(usize),
    Rename(usize),
    Select(usize),
    Import([usize; 3]),
    Fail,
    Undo,
    Redo,
}

fn deed() -> impl Strategy<Value = Deed> {
    let corner = || [0usize..6, 0..5, 0..4];
    prop_oneof![
        1 => Just(Deed::New),
        4 => any::<bool>().prop_map(Deed::Click),
        5 => (corner(), corner()).prop_map(|(a, b)| Deed::Answer(a, b)),
        1 => (0usize..4).prop_map(Deed::RemovePrompt),
        1 => (0usize..4).prop_map(Deed::RemoveObject),
        1 => (0usize..4).prop_map(Deed::Rename),
        1 => (0usize..4).prop_map(Deed::Select),
        1 => corner().prop_map(Deed::Import),
        1 => Just(Deed::Fail),
        3 => Just(Deed::Undo),
        2 => Just(Deed::Redo),
    ]
}

fn do_deed(d: &mut Document, deed: &Deed) {
    let pick = |d: &Document, n: usize| d.objects().get(n).map(|o| o.id);
    let _refusals_are_fine = match deed {
        Deed::New => d.apply(Command::NewObject),
        Deed::Click(positive) => click(d, *positive),
        Deed::Answer(a, b) => {
            if d.pending().is_some() {
                let lo = std::array::from_fn(|i| a[i].min(b[i]));
                let hi = std::array::from_fn(|i| a[i].max(b[i]) + 1);
                resolve(d, boxed(lo, hi));
            }
            Ok(())
        }
        Deed::RemovePrompt(index) => match d.active().map(|o| o.id) {
            Some(object) => d.apply(Command::RemovePrompt { object, index: *index }),
            None => Ok(()),
        },
        Deed::RemoveObject(n) => {
            pick(d, *n).map_or(Ok(()), |id| d.apply(Command::RemoveObject(id)))
        }
        Deed::Rename(n) => {
            pick(d, *n).map_or(Ok(()), |id| d.apply(Command::Rename(id, format!("name {n}"))))
        }
        Deed::Select(n) => pick(d, *n).map_or(Ok(()), |id| d.apply(Command::Select(id))),
        Deed::Import(corner) => {
            let region = boxed(*corner, DIMS);
            let label = NamedRegion { value: 5, name: None, colour: None, region };
            d.apply(Command::Import(vec![label]))
        }
        Deed::Fail => match d.pending().map(|(entry, _)| entry) {
            Some(entry) => d.apply(Command::Withdraw(entry)),
            None => Ok(()),
        },
        Deed::Undo => {
            d.undo();
            Ok(())
        }
        Deed::Redo => {
            d.redo();
            Ok(())
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// After any deeds: the map and the objects say the same; undo then redo changes nothing; a change
    /// made while nothing was pending is undone to exactly the state before it; undoing all leads back
    /// to the empty document, and redoing all leads back to where we were.
    #[test]
    fn history_is_exact(deeds in prop::collection::vec(deed(), 1..60)) {
        let mut d = document();
        let pristine = seen(&d);
        for deed in &deeds {
            let (before, length, idle) = (seen(&d), d.history_len(), d.pending().is_none());
            do_deed(&mut d, deed);
            prop_assert!(regions_agree(&d), "after {deed:?}");
            if d.history_len() == length + 1 && idle && !matches!(deed, Deed::Undo | Deed::Redo) {
                let after = seen(&d);
                d.undo();
                prop_assert_eq!(&seen(&d), &before, "undo of {:?}", deed);
                d.redo();
                prop_assert_eq!(&seen(&d), &after, "redo of {:?}", deed);
            }
        }
        let there = seen(&d);
        let mut undone = 0;
        while d.undo() {
            prop_assert!(regions_agree(&d));
            undone += 1;
        }
        prop_assert_eq!(seen(&d), pristine);
        for _ in 0..undone {
            prop_assert!(d.redo());
        }
        prop_assert_eq!(seen(&d), there);
    }
}
