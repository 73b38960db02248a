//! Objects that lie under others.

use super::deeds::{between, label, paint};
use super::*;

const BODY: LabelId = LabelId(1);
const ORGAN: LabelId = LabelId(2);
const LESION: LabelId = LabelId(3);

/// A body of 6 × 5 × 4 voxels, an organ in it, a lesion in that.
fn nested() -> Document {
    let mut d = document();
    let labels = vec![
        label(BODY.0, boxed([0; 3], DIMS)),
        label(ORGAN.0, boxed([1, 1, 1], [5, 4, 3])),
        label(LESION.0, boxed([2, 2, 1], [4, 3, 3])),
    ];
    d.apply(Command::Import(labels)).unwrap();
    assert!(layers_agree(&d));
    d
}

/// Voxels of each object, and of what of it lies under others.
fn counts(d: &Document) -> Vec<(u16, usize, usize)> {
    d.objects().iter().map(|o| (o.id.0, o.region.count(), o.covered.count())).collect()
}

/// Does it, and sees that undo and redo lead to the same states again.
fn exactly(d: &mut Document, command: Command) -> Result<(), Refused> {
    let before = seen(d);
    d.apply(command)?;
    assert!(layers_agree(d));
    let after = seen(d);
    assert!(d.undo());
    assert_eq!(seen(d), before);
    assert!(d.redo());
    assert_eq!(seen(d), after);
    Ok(())
}

fn erase(d: &mut Document, object: LabelId, region: Region, gesture: u64) {
    let change = Change::Subtract(Arc::new(region));
    paint(d, Some(object), change, Over::Background, GestureId(gesture)).unwrap();
    assert!(layers_agree(d));
}

#[test]
fn the_smallest_is_on_top_and_the_others_keep_what_lies_under_it() {
    let d = nested();
    assert_eq!(counts(&d), [(1, 120 - 24, 24), (2, 24 - 4, 4), (3, 4, 0)]);
    let body = d.object(BODY).unwrap();
    assert_eq!(*body.whole(DIMS[0]), boxed([0; 3], DIMS));
    assert_eq!(d.over(body), [(ORGAN, 20), (LESION, 4)]);
    assert_eq!((d.volume_ml(body), d.covered_ml(body)), (0.096, 0.024));
    assert!((d.whole_ml(body) - 0.12).abs() < 1e-12);
    assert!(body.is_from_file() && !body.is_empty());
    let covered = d.covered();
    assert_eq!(covered.whole(d.labels())[&2], boxed([1, 1, 1], [5, 4, 3]));
    assert_eq!(covered.iter().map(|(value, _)| value).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn what_the_one_on_top_loses_comes_up_from_below_in_the_same_step() {
    let mut d = nested();
    let before = seen(&d);
    // Of two that lie below the smaller one has it; the other one lies under that then.
    erase(&mut d, LESION, boxed([2, 2, 1], [3, 3, 3]), 1);
    assert_eq!(counts(&d), [(1, 96, 24), (2, 22, 2), (3, 2, 0)]);
    assert_eq!(d.labels().get([2, 2, 1]), 2);
    // Of the same gesture: one step.
    erase(&mut d, ORGAN, boxed([2, 2, 1], [3, 3, 2]), 1);
    assert_eq!(d.labels().get([2, 2, 1]), 1, "then the body's");
    assert_eq!(counts(&d), [(1, 97, 23), (2, 21, 2), (3, 2, 0)]);
    assert_eq!(d.history_len(), 2);
    assert!(d.undo());
    assert_eq!(seen(&d), before);
    exactly(&mut d, Command::RemoveObject(LESION)).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (2, 24, 0)]);
    exactly(&mut d, Command::RemoveObject(BODY)).unwrap();
    assert_eq!(counts(&d), [(2, 24, 0)]);
}

#[test]
fn a_locked_object_gets_what_is_its_own_and_loses_nothing() {
    let mut d = nested();
    d.apply(Command::SetLocked(ORGAN, true)).unwrap();
    erase(&mut d, LESION, boxed([2, 2, 1], [3, 3, 3]), 1);
    assert_eq!(counts(&d)[1], (2, 22, 2));
    // Who paints over all takes a voxel from all that have it, but from the locked one.
    let over = Arc::new(boxed([3, 2, 1], [4, 3, 3]));
    let before = seen(&d);
    d.apply(Command::Select(BODY)).unwrap();
    paint(&mut d, Some(BODY), Change::Add(over), Over::Unlocked, GestureId(2)).unwrap();
    assert!(layers_agree(&d));
    assert_eq!(counts(&d), [(1, 98, 22), (2, 22, 2), (3, 0, 0)]);
    d.undo();
    d.apply(Command::Select(LESION)).unwrap();
    d.apply(Command::SetLocked(ORGAN, false)).unwrap();
    let over = Arc::new(boxed([3, 2, 1], [4, 3, 3]));
    paint(&mut d, None, Change::Subtract(Arc::clone(&over)), Over::Background, GestureId(3))
        .unwrap();
    assert_eq!(counts(&d)[1], (2, 24, 0));
    d.apply(Command::NewObject).unwrap();
    paint(&mut d, None, Change::Add(over), Over::Unlocked, GestureId(4)).unwrap();
    assert!(layers_agree(&d));
    // The new one has them alone: painting decides.
    assert_eq!(counts(&d), [(1, 96, 22), (2, 22, 0), (3, 0, 0), (4, 2, 0)]);
    while d.can_undo() != Some("Unlock object") {
        d.undo();
    }
    assert_eq!(seen(&d).0, before.0);
}

#[test]
fn what_lies_below_comes_to_the_front_and_what_lay_over_it_lies_below() {
    let mut d = nested();
    exactly(&mut d, Command::BringToFront(ORGAN)).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (2, 24, 0), (3, 0, 4)]);
    assert_eq!(d.can_undo(), Some("Bring to front"));
    let lesion = d.object(LESION).unwrap();
    assert!(lesion.is_from_file() && !lesion.is_empty() && lesion.has_voxels());
    assert_eq!(d.apply(Command::BringToFront(ORGAN)), Err(Refused::NothingCovered));
    exactly(&mut d, Command::BringToFront(LESION)).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (2, 20, 4), (3, 4, 0)]);
    // From under a locked one it does not come.
    d.apply(Command::SetLocked(LESION, true)).unwrap();
    assert_eq!(d.apply(Command::BringToFront(ORGAN)), Err(Refused::UnderLocked));
    exactly(&mut d, Command::BringToFront(BODY)).unwrap();
    assert_eq!(counts(&d), [(1, 116, 4), (2, 0, 24), (3, 4, 0)]);
    d.apply(Command::SetLocked(BODY, true)).unwrap();
    for command in [Command::BringToFront(BODY), Command::GiveUpCovered(BODY)] {
        assert_eq!(d.apply(command), Err(Refused::Locked));
    }
    exactly(&mut d, Command::GiveUpCovered(ORGAN)).unwrap();
    assert_eq!(counts(&d), [(1, 116, 4), (2, 0, 0), (3, 4, 0)]);
    assert_eq!(d.apply(Command::GiveUpCovered(ORGAN)), Err(Refused::NothingCovered));
    while d.undo() {}
    assert!(d.objects().is_empty());
}

#[test]
fn who_gets_what_lay_under_another_has_it_only_once() {
    let mut d = nested();
    let whole = Arc::new(boxed([1, 1, 1], [5, 4, 3]));
    d.apply(Command::Select(ORGAN)).unwrap();
    paint(&mut d, None, Change::Add(whole), Over::Only(LESION), GestureId(1)).unwrap();
    assert!(layers_agree(&d));
    assert_eq!(counts(&d), [(1, 96, 24), (2, 24, 0), (3, 0, 0)], "the body lies below as before");
}

#[test]
fn who_takes_in_another_gets_what_lies_under_others_too() {
    let mut d = nested();
    exactly(&mut d, Command::Merge { into: ORGAN, from: LESION }).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (2, 24, 0)]);
    d.undo();
    exactly(&mut d, Command::Merge { into: LESION, from: ORGAN }).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (3, 24, 0)], "what lay under itself is its own");
    d.undo();
    d.apply(Command::Import(vec![label(9, boxed([0, 0, 0], [1, 1, 1]))])).unwrap();
    assert_eq!(counts(&d)[3], (9, 0, 1), "what is there stays on top");
    exactly(&mut d, Command::Merge { into: LabelId(9), from: ORGAN }).unwrap();
    assert_eq!(counts(&d)[2..], [(9, 20, 1 + 4)]);
}

#[test]
fn numbers_change_and_what_lies_below_stays() {
    let mut d = nested();
    exactly(&mut d, Command::Renumber(LESION, LabelId(40))).unwrap();
    assert_eq!(d.over(d.object(ORGAN).unwrap()), [(LabelId(40), 4)]);
    exactly(&mut d, Command::Renumber(ORGAN, LabelId(41))).unwrap();
    assert_eq!(counts(&d), [(1, 96, 24), (41, 20, 4), (40, 4, 0)]);
}

#[test]
fn an_answer_that_comes_late_finds_what_was_opened_meanwhile() {
    let mut d = document();
    click(&mut d, true).unwrap();
    let labels = vec![label(2, boxed([0; 3], [4, 4, 1])), label(3, boxed([1, 1, 0], [3, 3, 1]))];
    d.apply(Command::Import(labels)).unwrap();
    assert_eq!(counts(&d), [(1, 0, 0), (2, 12, 4), (3, 4, 0)]);
    resolve(&mut d, boxed([0; 3], [2, 2, 1]));
    assert!(layers_agree(&d));
    // Its voxels were the click's first; both structures keep them below it.
    assert_eq!(counts(&d), [(1, 4, 0), (2, 9, 7), (3, 3, 1)]);
    // Its next answer is smaller: the smallest below comes up.
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [1, 1, 1]));
    assert!(layers_agree(&d));
    assert_eq!(counts(&d), [(1, 1, 0), (2, 11, 5), (3, 4, 0)]);
    while d.undo() {
        assert!(layers_agree(&d));
    }
    assert!(d.objects().is_empty());
    while d.redo() {
        assert!(layers_agree(&d));
    }
    assert_eq!(counts(&d), [(1, 1, 0), (2, 11, 5), (3, 4, 0)]);
}

#[test]
fn a_preview_shows_what_comes_up() {
    let mut d = document();
    click(&mut d, true).unwrap();
    resolve(&mut d, between([0; 3], [3, 0, 0]));
    d.apply(Command::Import(vec![label(7, between([2, 0, 0], [5, 0, 0]))])).unwrap();
    let under = Underneath::of(d.objects());
    let smaller = between([0; 3], [1, 0, 0]);
    let preview = answer_delta(d.labels(), &under, &d.objects()[0], smaller.clone());
    let mut shown = d.labels().clone();
    shown.apply(&preview);
    assert_eq!(shown.get([2, 0, 0]), 7);
    click(&mut d, true).unwrap();
    resolve(&mut d, smaller);
    assert_eq!(&shown, d.labels());
}

/// What a file says to be on top is, whatever the sizes; of what it says nothing the smallest is.
#[test]
fn what_a_file_says_to_be_on_top_is() {
    let (body, organ, lesion) =
        (boxed([0; 3], DIMS), boxed([1, 1, 1], [5, 4, 3]), boxed([2, 2, 1], [4, 3, 3]));
    let row = DIMS[0];
    let on_top = |value: u16, region: &Region, top: Option<Region>| NamedRegion {
        on_top: top,
        ..label(value, region.clone())
    };
    for (labels, expected) in [
        // The organ lies over its lesion.
        (
            [
                on_top(1, &body, Some(body.without(&organ, row))),
                on_top(2, &organ, Some(organ.clone())),
                on_top(3, &lesion, Some(Region::default())),
            ],
            [(1, 96, 24), (2, 24, 0), (3, 0, 4)],
        ),
        // Of the body nothing but a corner is known, and nothing of the others.
        (
            [
                on_top(1, &body, Some(boxed([2, 2, 1], [3, 3, 2]))),
                on_top(2, &organ, None),
                on_top(3, &lesion, None),
            ],
            [(1, 97, 23), (2, 20, 4), (3, 3, 1)],
        ),
        // More than it has is not believed.
        (
            [
                on_top(1, &body, Some(Region::default())),
                on_top(2, &organ, Some(body.clone())),
                on_top(3, &lesion, Some(body.clone())),
            ],
            [(1, 96, 24), (2, 20, 4), (3, 4, 0)],
        ),
    ] {
        let mut d = document();
        d.apply(Command::Import(labels.to_vec())).unwrap();
        assert!(layers_agree(&d));
        assert_eq!(counts(&d), expected);
        let whole = d.covered().whole(d.labels());
        assert_eq!(whole, [(1, body.clone()), (2, organ.clone()), (3, lesion.clone())].into());
    }
}

/// Each gets what the one over it loses before it goes itself; all of it is one step.
#[test]
fn several_objects_are_deleted_as_one_step() {
    for (ids, left) in [
        (vec![LESION, ORGAN], vec![(1, 120, 0)]),
        (vec![ORGAN, LESION], vec![(1, 120, 0)]),
        (vec![BODY, LESION], vec![(2, 24, 0)]),
        (vec![BODY, ORGAN, LESION], vec![]),
    ] {
        let mut d = nested();
        d.apply(Command::Select(LESION)).unwrap();
        let steps = d.history_steps().1;
        exactly(&mut d, Command::RemoveObjects(ids.clone())).unwrap();
        assert_eq!(counts(&d), left, "{ids:?}");
        assert_eq!(d.history_steps().1, steps + 1);
        assert!(d.active().is_none_or(|o| !ids.contains(&o.id)));
        assert!(d.undo());
        assert_eq!(d.active().map(|o| o.id), Some(LESION));
    }
    // All or none.
    let mut d = nested();
    d.apply(Command::SetLocked(ORGAN, true)).unwrap();
    let before = seen(&d);
    assert!(d.apply(Command::RemoveObjects(vec![LESION, ORGAN])).is_err());
    assert!(d.apply(Command::RemoveObjects(vec![LESION, LabelId(99)])).is_err());
    assert_eq!(seen(&d), before);
}
