//! Changes by hand: what they write, whose work they count as, and that nothing of it is lost.

use super::deeds::paint;
use super::*;

/// Edits an object with a box of voxels; each call is a gesture of its own.
pub(super) fn edit(
    d: &mut Document,
    object: Option<LabelId>,
    change: Change,
) -> Result<(), Refused> {
    let gesture = GestureId(1000 + d.revision());
    paint(d, object, change, Over::Background, gesture)
}

pub(super) fn add(lo: [usize; 3], hi: [usize; 3]) -> Change {
    Change::Add(Arc::new(boxed(lo, hi)))
}

pub(super) fn subtract(lo: [usize; 3], hi: [usize; 3]) -> Change {
    Change::Subtract(Arc::new(boxed(lo, hi)))
}

const FIRST: Option<LabelId> = Some(LabelId(1));

fn count(d: &Document, id: u16) -> usize {
    d.object(LabelId(id)).unwrap().region.count()
}

#[test]
fn corrections_by_hand_survive_every_answer_and_threshold() {
    let mut d = one_object();
    edit(&mut d, None, add([3, 0, 0], [5, 1, 1])).unwrap();
    edit(&mut d, None, subtract([0, 0, 0], [1, 1, 2])).unwrap();
    assert_eq!(count(&d, 1), 8 + 2 - 2);
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [3; 3]));
    assert_eq!(count(&d, 1), 27 + 2 - 2, "a further click");
    threshold(&mut d, 1, false).unwrap();
    assert_eq!(count(&d, 1), 2, "a threshold: one voxel of the model's, which was erased");
    let object = d.object(LabelId(1)).unwrap();
    assert_eq!([&object.model, &object.added, &object.removed].map(|r| r.count()), [1, 2, 2]);
    let removal = removal(&d, LabelId(1), 1);
    d.apply(removal).unwrap();
    resolve(&mut d, boxed([0; 3], [2; 3]));
    assert_eq!(count(&d, 1), 8, "a click less");
    while d.undo() {}
    assert_eq!(d.labels(), &LabelMap::empty(DIMS));
    while d.redo() {}
    assert_eq!(count(&d, 1), 8);
}

#[test]
fn all_clicks_gone_what_was_painted_stays() {
    let mut d = one_object();
    edit(&mut d, None, add([3, 0, 0], [5, 1, 1])).unwrap();
    let removal = removal(&d, LabelId(1), 0);
    d.apply(removal).unwrap();
    resolve(&mut d, Region::default());
    assert_eq!(count(&d, 1), 2);
    assert!(!d.objects()[0].is_from_file());
    // And clicks go on with it.
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [2; 3]));
    assert_eq!((d.objects().len(), count(&d, 1)), (1, 10));
}

#[test]
fn a_stroke_is_one_step_and_begins_an_object() {
    let mut d = document();
    let stroke = GestureId(1);
    let erase = paint(&mut d, None, subtract([0; 3], [2; 3]), Over::Background, stroke);
    assert_eq!(erase, Err(Refused::NoneSelected));
    for x in 0..4 {
        paint(&mut d, None, add([x, 0, 0], [x + 2, 1, 1]), Over::Background, stroke).unwrap();
    }
    assert_eq!((d.history_len(), d.can_undo(), count(&d, 1)), (1, Some("Brush"), 5));
    let after = seen(&d);
    assert!(d.undo());
    assert_eq!(seen(&d), (vec![0; 120], Vec::new()));
    assert!(d.redo());
    assert_eq!(seen(&d), after);
    // After an undo or redo, and with another gesture, it is another step.
    paint(&mut d, None, add([0, 1, 0], [1, 2, 1]), Over::Background, stroke).unwrap();
    paint(&mut d, None, subtract([0; 3], [1; 3]), Over::Background, GestureId(2)).unwrap();
    assert_eq!((d.history_len(), d.can_undo(), count(&d, 1)), (3, Some("Eraser"), 5));
}

#[test]
fn a_gesture_may_go_from_one_object_to_one_that_it_begins() {
    let mut d = document();
    let region = boxed([0; 3], [3; 3]);
    let label = NamedRegion {
        value: 5,
        name: None,
        colour: None,
        opacity: None,
        visible: true,
        region,
        on_top: None,
    };
    d.apply(Command::Import(vec![label])).unwrap();
    let before = seen(&d);
    let file = Some(d.objects()[0].id);
    let stroke = GestureId(1);
    paint(&mut d, file, subtract([0; 3], [2; 3]), Over::Background, stroke).unwrap();
    d.active = None;
    paint(&mut d, None, add([0; 3], [1; 3]), Over::Background, stroke).unwrap();
    assert!(layers_agree(&d));
    assert_eq!(d.objects().iter().map(|o| o.region.count()).collect::<Vec<_>>(), [27 - 8, 1]);
    let after = seen(&d);
    assert!(d.undo() && layers_agree(&d));
    assert_eq!(seen(&d), before);
    assert!(d.redo() && layers_agree(&d));
    assert_eq!(seen(&d), after);
    // Nor is the whole gesture nothing when its second object has nothing any more.
    let stroke = GestureId(2);
    paint(&mut d, file, subtract([2; 3], [3; 3]), Over::Background, stroke).unwrap();
    let new = d.objects()[1].id;
    paint(&mut d, Some(new), subtract([0; 3], [1; 3]), Over::Background, stroke).unwrap();
    assert_eq!((d.objects().len(), d.objects()[0].region.count()), (2, 27 - 8 - 1));
}

#[test]
fn a_gesture_that_changes_nothing_vanishes() {
    let mut d = document();
    edit(&mut d, None, add([0; 3], [2; 3])).unwrap();
    d.apply(Command::SetLocked(LabelId(1), true)).unwrap();
    let state = d.state();
    d.apply(Command::NewObject).unwrap();
    d.undo();
    d.apply(Command::Select(LabelId(1))).unwrap();
    // What a locked object has can't be painted over, and begins no object.
    let mut other = d.snapshot();
    other.active = None;
    let over = Over::Unlocked;
    paint(&mut other, None, add([0; 3], [2; 3]), over, GestureId(7)).unwrap();
    assert_eq!((other.objects().len(), other.history_len()), (1, 0));
    // A stroke that takes back what it did, the object included.
    paint(&mut other, None, add([4; 3], [5, 5, 4]), over, GestureId(8)).unwrap();
    assert_eq!(other.objects().len(), 1, "an empty box");
    paint(&mut other, None, add([3, 3, 3], [5, 5, 4]), over, GestureId(8)).unwrap();
    assert_eq!((other.objects().len(), other.history_len()), (2, 1));
    paint(&mut other, None, subtract([0; 3], DIMS), over, GestureId(8)).unwrap();
    assert_eq!((other.objects().len(), other.history_len()), (1, 0));
    assert_eq!(d.state(), state);
}

#[test]
fn over_says_whose_voxels_are_taken_and_they_count_as_removed_by_hand() {
    for (over, locked, expected) in [
        (Over::Background, false, [8, 19, 0]),
        (Over::Unlocked, false, [0, 27, 8]),
        (Over::Unlocked, true, [8, 19, 0]),
        (Over::Only(LabelId(1)), false, [0, 8, 8]),
        (Over::Only(LabelId(1)), true, [8, 0, 0]),
        (Over::Only(LabelId(2)), false, [8, 0, 0]),
    ] {
        let mut d = one_object();
        d.apply(Command::SetLocked(LabelId(1), locked)).unwrap();
        d.apply(Command::NewObject).unwrap();
        let would = d.would_edit(None, &add([0; 3], [3; 3]), over).unwrap();
        let before = d.labels().clone();
        paint(&mut d, None, add([0; 3], [3; 3]), over, GestureId(5)).unwrap();
        let found = [count(&d, 1), count(&d, 2), d.objects()[0].removed.count()];
        assert_eq!(found, expected, "{over:?}, locked: {locked}");
        assert!(layers_agree(&d));
        // The preview is what the edit wrote.
        let mut after = before;
        after.apply(&would);
        assert_eq!(&after, d.labels());
    }
    let mut d = one_object();
    let gone = paint(&mut d, None, add([0; 3], [3; 3]), Over::Only(LabelId(9)), GestureId(1));
    assert_eq!(gone, Err(Refused::Gone));
}

#[test]
fn a_locked_object_is_left_alone_by_everything() {
    let mut d = one_object();
    d.apply(Command::SetLocked(LabelId(1), true)).unwrap();
    assert_eq!(d.can_undo(), Some("Lock object"));
    let before = seen(&d);
    let id = LabelId(1);
    let prompt = prompt(1.0, true);
    let commands = [
        Command::AddPrompt { object: None, prompt },
        removal(&d, id, 0),
        Command::Extend(id),
        Command::RemoveObject(id),
    ];
    for command in commands {
        assert_eq!(d.apply(command.clone()), Err(Refused::Locked), "{command:?}");
    }
    assert_eq!(threshold(&mut d, 3, false), Err(Refused::Locked));
    for change in [add([0; 3], [3; 3]), subtract([0; 3], [1; 3]), Change::Replace(Arc::default())] {
        assert_eq!(edit(&mut d, FIRST, change), Err(Refused::Locked));
    }
    assert_eq!(d.edit_target(None), Err(Refused::Locked));
    assert_eq!(seen(&d), before);
    // Names and colours are no voxels.
    d.apply(Command::Rename(id, "liver".into())).unwrap();
    d.apply(Command::SetLocked(id, false)).unwrap();
    edit(&mut d, FIRST, add([0; 3], [3; 3])).unwrap();
    assert_eq!(count(&d, 1), 27);
}

#[test]
fn a_done_object_is_locked_until_either_is_taken_back() {
    use ObjectState::{Done, Flagged, Open};
    let mut d = one_object();
    let id = LabelId(1);
    let state = |d: &Document| (d.objects()[0].locked, d.objects()[0].state);
    for (command, expected, step) in [
        (Command::SetState(id, Done), (true, Done), "Mark as done"),
        (Command::SetLocked(id, false), (false, Open), "Unlock object"),
        (Command::SetState(id, Done), (true, Done), "Mark as done"),
        (Command::SetState(id, Open), (false, Open), "Mark as not done"),
        (Command::SetState(id, Flagged), (false, Flagged), "Flag object"),
        (Command::SetLocked(id, true), (true, Flagged), "Lock object"),
        (Command::SetState(id, Open), (true, Open), "Take the flag away"),
        (Command::SetState(id, Flagged), (true, Flagged), "Flag object"),
        (Command::SetState(id, Done), (true, Done), "Mark as done"),
        (Command::SetState(id, Flagged), (false, Flagged), "Flag object"),
        (Command::SetState(id, Done), (true, Done), "Mark as done"),
        (Command::SetState(id, Open), (false, Open), "Mark as not done"),
    ] {
        d.apply(command).unwrap();
        assert_eq!((state(&d), d.can_undo()), (expected, Some(step)));
    }
    let length = d.history_len();
    d.apply(Command::SetState(id, Open)).unwrap();
    d.apply(Command::SetLocked(id, false)).unwrap();
    assert_eq!(d.history_len(), length, "nothing changes");
    d.undo();
    assert_eq!(state(&d), (true, Done));
    assert_eq!(d.apply(Command::SetLocked(LabelId(9), true)), Err(Refused::Gone));
}

#[test]
fn a_mask_from_a_file_is_painted_on_like_any_other() {
    let mut d = document();
    let (name, colour, opacity, visible) = (None, None, None, true);
    let region = boxed([0; 3], [2; 3]);
    let label = NamedRegion { value: 4, name, colour, opacity, visible, region, on_top: None };
    d.apply(Command::Import(vec![label])).unwrap();
    edit(&mut d, Some(LabelId(4)), subtract([0; 3], [1, 2, 2])).unwrap();
    edit(&mut d, Some(LabelId(4)), add([4, 4, 3], [5, 5, 4])).unwrap();
    let object = d.object(LabelId(4)).unwrap();
    assert_eq!((object.region.count(), object.is_from_file()), (5, true));
    assert!(object.model.is_empty() && layers_agree(&d));
}

#[test]
fn equal_layers_take_memory_once_and_steps_only_for_what_they_change() {
    let d = one_object();
    let object = &d.objects()[0];
    assert!(Arc::ptr_eq(&object.model, &object.region));
    let mut d = document();
    edit(&mut d, None, add([0; 3], [2; 3])).unwrap();
    assert!(Arc::ptr_eq(&d.objects()[0].added, &d.objects()[0].region));
}

#[test]
fn a_drawn_mask_takes_memory_once_whatever_was_erased_of_it() {
    let mut d = document();
    edit(&mut d, None, add([0; 3], [4; 3])).unwrap();
    let once = |d: &Document| Arc::ptr_eq(&d.objects()[0].region, &d.objects()[0].added);
    assert!(once(&d));
    let part = Change::Subtract(Arc::new(boxed([1; 3], [3; 3])));
    paint(&mut d, None, part, Over::Background, GestureId(900)).unwrap();
    assert!(once(&d) && !d.objects()[0].removed.is_empty() && layers_agree(&d));
    assert!(d.undo() && once(&d) && layers_agree(&d));
    assert!(d.redo() && once(&d) && layers_agree(&d));
}
