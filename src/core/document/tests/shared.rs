//! Objects that come to share voxels: copies, and operations on whole objects.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::deeds::{between, label, paint};
use super::*;

const ROW: usize = DIMS[0];
const BODY: LabelId = LabelId(1);
const ORGAN: LabelId = LabelId(2);
const LESION: LabelId = LabelId(3);
const COPY: LabelId = LabelId(4);

/// A body of 6 × 5 × 4 voxels, an organ in it, a lesion in that.
fn nested() -> Document {
    let mut d = document();
    let labels = vec![
        label(BODY.0, boxed([0; 3], DIMS)),
        label(ORGAN.0, boxed([1, 1, 1], [5, 4, 3])),
        label(LESION.0, boxed([2, 2, 1], [4, 3, 3])),
    ];
    d.apply(Command::Import(labels)).unwrap();
    d
}

/// Voxels of each object, and what of it lies under others.
fn counts(d: &Document) -> Vec<(u16, usize, usize)> {
    d.objects().iter().map(|o| (o.id.0, o.region.count(), o.covered.count())).collect()
}

/// Does it as one step, and sees that undo and redo lead to the same states again.
fn exactly(d: &mut Document, command: Command) -> Result<(), Refused> {
    let (before, steps) = (seen(d), d.history_len());
    d.apply(command)?;
    assert!(layers_agree(d));
    let after = seen(d);
    if d.history_len() > steps {
        assert_eq!(d.history_len(), steps + 1);
        assert!(d.undo());
        assert_eq!(seen(d), before);
        assert!(d.redo());
    }
    assert_eq!(seen(d), after);
    Ok(())
}

fn duplicate(object: LabelId) -> Command {
    Command::Duplicate { object, name: "copy".into() }
}

#[test]
fn a_copy_has_all_voxels_and_lies_directly_on_top() {
    let mut d = nested();
    let before = seen(&d);
    exactly(&mut d, duplicate(ORGAN)).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (2, 0, 24), (3, 4, 0), (4, 20, 4)]);
    let copy = d.object(COPY).unwrap();
    assert_eq!((&*copy.name, copy.colour), ("copy", palette_colour(COPY)));
    assert_eq!(copy.whole(ROW), d.object(ORGAN).unwrap().whole(ROW));
    assert!(!copy.is_from_file() && !copy.locked && copy.log.prompts.is_empty());
    assert_eq!((d.active().map(|o| o.id), d.can_undo()), (Some(COPY), Some("Duplicate object")));
    // What the copy loses the original has still.
    let part = Change::Subtract(Arc::new(boxed([1, 1, 1], [5, 2, 2])));
    paint(&mut d, None, part, Over::Background, GestureId(1)).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (2, 4, 20), (3, 4, 0), (4, 16, 4)]);
    exactly(&mut d, Command::RemoveObject(COPY)).unwrap();
    assert_eq!(seen(&d).0, before.0);
    assert_eq!(counts(&d), [(1, 96, 24), (2, 20, 4), (3, 4, 0)]);
    while d.undo() {}
    assert!(d.objects().is_empty());
}

#[test]
fn a_copy_of_what_is_locked_lies_below_it() {
    let mut d = nested();
    d.apply(Command::SetState(ORGAN, ObjectState::Done)).unwrap();
    let organ = d.object(ORGAN).unwrap().clone();
    exactly(&mut d, duplicate(ORGAN)).unwrap();
    assert_eq!(d.object(ORGAN), Some(&organ), "as it was finished");
    assert_eq!(counts(&d)[3], (4, 0, 24));
    // So does the copy's copy: what is seen there is not the copy's.
    exactly(&mut d, duplicate(COPY)).unwrap();
    assert_eq!(counts(&d)[3..], [(4, 0, 24), (5, 0, 24)]);
}

#[test]
fn a_copy_of_clicks_is_drawn_by_hand() {
    let mut d = document();
    click(&mut d, true).unwrap();
    assert_eq!(d.apply(duplicate(BODY)), Err(Refused::NoMask));
    resolve(&mut d, boxed([0; 3], [2; 3]));
    click(&mut d, true).unwrap();
    assert_eq!(d.apply(duplicate(BODY)), Err(Refused::Busy));
    resolve(&mut d, boxed([0; 3], [3; 3]));
    exactly(&mut d, duplicate(BODY)).unwrap();
    let [original, copy] = d.objects() else { panic!("two") };
    assert_eq!((original.log.prompts.len(), copy.log.prompts.len()), (2, 0));
    assert_eq!((original.covered.count(), copy.region.count()), (27, 27));
    assert_eq!((&copy.added, &copy.region), (&copy.region, &original.covered));
    // The next answer can't take what the copy has; undone, all is the original's again.
    while d.can_undo() != Some("Positive click") {
        d.undo();
    }
    assert_eq!(counts(&d), [(1, 27, 0)]);
    assert_eq!(d.apply(duplicate(LabelId(9))), Err(Refused::Gone));
}

/// What both have stays the work of the model, which further clicks may change.
#[test]
fn a_copy_that_brings_nothing_pins_nothing() {
    let mut d = document();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([1; 3], [4; 3]));
    let clicked = d.active().unwrap().id;
    d.apply(Command::SetState(clicked, ObjectState::Done)).unwrap();
    d.apply(duplicate(clicked)).unwrap();
    let copy = d.active().unwrap().id;
    d.apply(Command::SetState(clicked, ObjectState::Open)).unwrap();
    let steps = d.history_len();
    let refused = d.apply(Command::AddCopy { into: clicked, from: copy });
    assert_eq!((refused, d.history_len()), (Err(Refused::HasAll), steps));
    assert!(d.object(clicked).unwrap().added.is_empty());
}

#[test]
fn a_copy_is_of_what_there_is_after_a_late_answer() {
    let mut d = document();
    let add = |to| Change::Add(Arc::new(between([0; 3], to)));
    paint(&mut d, None, add([3, 0, 0]), Over::Background, GestureId(1)).unwrap();
    d.apply(Command::NewObject).unwrap();
    click(&mut d, true).unwrap();
    resolve(&mut d, between([4, 0, 0], [5, 0, 0]));
    // Smaller than it was: what it gives up the other one is painted into meanwhile.
    click(&mut d, true).unwrap();
    paint(&mut d, Some(BODY), add([5, 1, 0]), Over::Background, GestureId(2)).unwrap();
    d.apply(duplicate(BODY)).unwrap();
    assert_eq!(counts(&d), [(1, 0, 10), (2, 2, 0), (3, 10, 0)]);
    resolve(&mut d, between([5, 0, 0], [5, 0, 0]));
    assert!(layers_agree(&d));
    assert_eq!(counts(&d), [(1, 0, 11), (2, 1, 0), (3, 11, 0)]);
    while d.undo() {
        assert!(layers_agree(&d));
    }
    while d.redo() {
        assert!(layers_agree(&d));
    }
}

#[test]
fn a_copy_gets_no_number_that_another_is_to_have() {
    let mut d = nested();
    d.expect_objects(vec![ExpectedObject { number: COPY, name: "kidney".into(), colour: None }]);
    d.apply(duplicate(ORGAN)).unwrap();
    assert_eq!(d.active().map(|o| o.id), Some(LabelId(5)));
    assert_eq!(d.next_object().unwrap().id, COPY);
}

#[test]
fn what_an_object_gets_of_another_that_one_keeps() {
    let mut d = nested();
    let add = |into, from| Command::AddCopy { into, from };
    for (into, from, why) in [
        (BODY, ORGAN, Refused::HasAll),
        (BODY, BODY, Refused::SameObject),
        (BODY, COPY, Refused::Gone),
        (COPY, BODY, Refused::Gone),
    ] {
        assert_eq!(d.apply(add(into, from)), Err(why));
    }
    exactly(&mut d, add(LESION, ORGAN)).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (2, 0, 24), (3, 24, 0)]);
    assert_eq!(d.can_undo(), Some("Add a copy of another object"));
    d.undo();
    // Below what is locked; and what is locked gets nothing.
    d.apply(Command::SetLocked(ORGAN, true)).unwrap();
    assert_eq!(d.apply(add(ORGAN, BODY)), Err(Refused::Locked));
    exactly(&mut d, add(LESION, ORGAN)).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (2, 20, 4), (3, 4, 20)]);
    // Nothing of one that has nothing.
    d.apply(Command::NewObject).unwrap();
    assert_eq!(d.apply(add(LESION, COPY)), Err(Refused::NoMask));
}

#[test]
fn a_whole_object_loses_voxels_that_lie_under_others() {
    let mut d = nested();
    let edit = |change, over, depth| Command::EditAll {
        name: "Some",
        edits: vec![ObjectEdit { target: EditedObject::Known(ORGAN), change, over, depth }],
    };
    let low = Arc::new(boxed([0; 3], [3, 5, 4]));
    let (over, subtract) = (Over::Background, Change::Subtract(Arc::clone(&low)));
    exactly(&mut d, edit(subtract.clone(), over, Depth::Seen)).unwrap();
    assert_eq!(counts(&d), [(1, 106, 14), (2, 10, 4), (3, 4, 0)]);
    d.undo();
    exactly(&mut d, edit(subtract, over, Depth::Whole)).unwrap();
    assert_eq!(counts(&d), [(1, 106, 14), (2, 10, 2), (3, 4, 0)]);
    // Taken by hand: no answer of a model brings it back.
    assert_eq!(d.object(ORGAN).unwrap().removed.count(), 12);
    d.undo();
    exactly(&mut d, edit(Change::Replace(low), over, Depth::Whole)).unwrap();
    assert_eq!(counts(&d), [(1, 106, 14), (2, 10, 2), (3, 4, 0)]);
}

#[test]
fn a_part_takes_with_it_what_lies_under_others() {
    let mut d = nested();
    let part = |over| Command::EditAll {
        name: "Split",
        edits: vec![ObjectEdit {
            target: EditedObject::New(None),
            change: Change::Add(Arc::new(boxed([0; 3], [3, 5, 4]))),
            over: Over::Only(over),
            depth: Depth::Whole,
        }],
    };
    exactly(&mut d, part(ORGAN)).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (2, 10, 2), (3, 4, 0), (4, 10, 2)]);
    d.undo();
    // Of one of which nothing is seen there, too.
    exactly(&mut d, Command::BringToFront(BODY)).unwrap();
    exactly(&mut d, part(LESION)).unwrap();
    assert_eq!(counts(&d)[2..], [(3, 0, 2), (4, 0, 2)]);
}

/// All voxels of each object.
fn wholes(d: &Document) -> BTreeMap<LabelId, Region> {
    d.objects().iter().map(|o| (o.id, (*o.whole(ROW)).clone())).collect()
}

/// What two masks make together, voxel by voxel.
type Rule = fn(bool, bool) -> bool;
const RULES: [Rule; 4] = [|a, b| a || b, |a, b| a && b, |a, b| a && !b, |a, b| a != b];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Structures that share voxels in any way, any of them locked: what is done to one whole object does that and no
    /// more, no other one loses a voxel, and of what is locked as much is seen as before.
    #[test]
    fn no_other_object_loses_a_voxel(
        masks in prop::collection::vec(prop::collection::vec(prop::bool::weighted(0.4), 120), 4),
        locked in prop::collection::vec(any::<bool>(), 3),
        (front, rule) in (1u16..4, 0usize..4),
    ) {
        let region = |mask: &[bool]| Region::from_mask(ROW, mask.iter().copied());
        let labels = (1..).zip(&masks[..3]).map(|(value, mask)| label(value, region(mask)));
        let [a, b] = [LabelId(1), LabelId(2)];
        let mut d = document();
        d.apply(Command::Import(labels.collect())).unwrap();
        d.apply(Command::BringToFront(LabelId(front))).ok();
        for (n, locked) in locked.iter().enumerate() {
            d.apply(Command::SetLocked(LabelId(n as u16 + 1), *locked && n > 0)).unwrap();
        }
        let (before, labels) = (wholes(&d), d.labels().clone());
        let steps = d.history_len();
        let mut check = |command: Command, changed: &[(LabelId, Region)]| {
            match exactly(&mut d, command) {
                Ok(()) | Err(Refused::HasAll) => {}
                Err(why) => prop_assert!(false, "{}", why),
            }
            let mut expected = before.clone();
            expected.extend(changed.iter().cloned());
            prop_assert_eq!(wholes(&d), expected);
            for object in d.objects().iter().filter(|o| o.locked) {
                let there = labels.parts_of(&object.region);
                prop_assert!(there.keys().all(|&label| [1, object.id.0].contains(&label)));
                let kept = labels.regions().remove(&object.id.0).unwrap_or_default();
                prop_assert!(kept.without(&object.region, ROW).is_empty());
            }
            while d.history_len() > steps {
                d.undo();
            }
            Ok(())
        };
        // Only what lies under another one that changes comes up.
        let edits = |edits: &[ObjectEdit]| Command::EditAll { name: "Some", edits: edits.to_vec() };
        let whole = |id: LabelId| &before[&id];
        let made = (0..120).map(|n| RULES[rule](whole(a).contains(n), whole(b).contains(n)));
        let made = Region::from_mask(ROW, made);
        let how = (Over::Only(b), Depth::Shared);
        let both = ObjectEdit::to_become(a, (whole(a), &made), how, ROW);
        check(edits(&both), &[(a, made)])?;
        check(Command::AddCopy { into: a, from: b }, &[(a, whole(a).union(whole(b), ROW))])?;
        check(duplicate(b), &[(COPY, whole(b).clone())]).or_else(|why| {
            // A copy of nothing is refused.
            if whole(b).is_empty() { Ok(()) } else { Err(why) }
        })?;
        // An operation: any mask in the place of the whole one, of what nobody else has.
        let wanted = region(&masks[3]);
        let how = (Over::Background, Depth::Whole);
        let free = labels.parts_of(&wanted).remove(&0).unwrap_or_default();
        let becomes = wanted.intersection(whole(a), ROW).union(&free, ROW);
        let all = ObjectEdit::to_become(a, (whole(a), &wanted), how, ROW);
        check(edits(&all), &[(a, becomes)])?;
        // A part that becomes an object.
        let part = wanted.intersection(whole(a), ROW);
        let (target, change) = (EditedObject::New(None), Change::Add(Arc::new(part.clone())));
        let new = ObjectEdit { target, change, over: Over::Only(a), depth: Depth::Whole };
        let mut changed = vec![(a, whole(a).without(&part, ROW))];
        changed.extend((!part.is_empty()).then_some((COPY, part)));
        check(edits(&[new]), &changed)?;
    }
}
