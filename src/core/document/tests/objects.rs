//! Whole objects: several edits as one step, merging, numbers, names from a list.

use super::edits::{add, edit};
use super::*;

const ROW: usize = DIMS[0];
const HOW: (Over, Depth) = (Over::Background, Depth::Whole);

fn id(n: u16) -> LabelId {
    LabelId(n)
}

/// Objects 1 and 2: boxes at the low x and the high x, painted.
fn two_objects() -> Document {
    let mut d = document();
    edit(&mut d, None, add([0; 3], [2; 3])).unwrap();
    d.apply(Command::NewObject).unwrap();
    edit(&mut d, None, add([3, 0, 0], [5, 2, 2])).unwrap();
    d
}

fn counts(d: &Document) -> Vec<(u16, usize)> {
    d.objects().iter().map(|o| (o.id.0, o.region.count())).collect()
}

/// Undoes and redoes the newest step and sees that both are exact.
fn is_exact(d: &mut Document, before: &(Vec<u16>, Vec<Object>)) {
    let after = seen(d);
    assert!(layers_agree(d));
    assert!(d.undo() && layers_agree(d));
    assert_eq!(&seen(d), before);
    assert!(d.redo() && layers_agree(d));
    assert_eq!(seen(d), after);
}

#[test]
fn an_object_is_split_in_one_step() {
    let mut d = two_objects();
    let before = seen(&d);
    let part = Change::Add(Arc::new(boxed([1, 0, 0], [2; 3])));
    let (over, depth) = (Over::Only(id(1)), Depth::Seen);
    let give = |target| ObjectEdit { target, change: part.clone(), over, depth };
    let edits = vec![give(EditedObject::New(Some("part".into()))), give(EditedObject::New(None))];
    d.apply(Command::EditAll { name: "Split", edits }).unwrap();
    assert_eq!((counts(&d), d.can_undo()), (vec![(1, 4), (2, 8), (3, 4)], Some("Split")));
    assert_eq!((&*d.object(id(3)).unwrap().name, d.active().map(|o| o.id)), ("part", Some(id(2))));
    is_exact(&mut d, &before);
}

#[test]
fn all_edits_or_none() {
    let mut d = two_objects();
    d.apply(Command::SetLocked(id(2), true)).unwrap();
    let before = seen(&d);
    let grown = Arc::new(boxed([0; 3], DIMS));
    let edit = |target, over| {
        let (change, depth) = (Change::Add(Arc::clone(&grown)), Depth::Seen);
        ObjectEdit { target, change, over, depth }
    };
    let known = |n| EditedObject::Known(id(n));
    for (last, why) in [
        (edit(known(2), Over::Background), Refused::Locked),
        (edit(known(1), Over::Only(id(2))), Refused::Locked),
        (edit(known(9), Over::Background), Refused::Gone),
        (edit(known(1), Over::Only(id(9))), Refused::Gone),
    ] {
        let edits = vec![edit(known(1), Over::Background), last];
        assert_eq!(d.apply(Command::EditAll { name: "Grow", edits }), Err(why));
        assert_eq!(seen(&d), before);
    }
    let steps = d.history_len();
    let nothing = edit(known(1), Over::Only(id(1)));
    d.apply(Command::EditAll { name: "Grow", edits: vec![nothing] }).unwrap();
    assert_eq!(d.history_len(), steps, "nothing changed, so there is no step");
    d.apply(Command::EditAll { name: "Grow", edits: vec![edit(known(1), Over::Unlocked)] })
        .unwrap();
    assert_eq!(counts(&d), [(1, 120 - 8), (2, 8)]);
    is_exact(&mut d, &before);
    // While a click of the object is computed its mask isn't known.
    d.apply(Command::Select(id(1))).unwrap();
    click(&mut d, true).unwrap();
    let edits = vec![edit(known(1), Over::Unlocked)];
    assert_eq!(d.apply(Command::EditAll { name: "Grow", edits }), Err(Refused::Busy));
}

#[test]
fn what_an_operation_leaves_alone_stays_open_to_clicks() {
    let mut d = one_object();
    let owned = Arc::clone(&d.objects()[0].region);
    let wanted = owned.without(&boxed([0; 3], [1; 3]), ROW).union(&boxed([4; 3], [5, 5, 4]), ROW);
    let edits = ObjectEdit::to_become(id(1), (&owned, &wanted), HOW, ROW);
    d.apply(Command::EditAll { name: "Smooth", edits: edits.to_vec() }).unwrap();
    let object = &d.objects()[0];
    assert_eq!(*object.region, wanted);
    assert_eq!((object.added.count(), object.removed.count()), (0, 1), "4..5 is outside of z");
    // A later answer without most of it.
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [1, 1, 2]));
    assert_eq!(d.objects()[0].region.count(), 1);
}

#[test]
fn merging_gives_all_voxels_and_deletes_the_other() {
    let mut d = two_objects();
    let before = seen(&d);
    for (into, from, why) in
        [(1, 1, Refused::SameObject), (1, 9, Refused::Gone), (9, 1, Refused::Gone)]
    {
        assert_eq!(d.apply(Command::Merge { into: id(into), from: id(from) }), Err(why));
    }
    for locked in [1, 2] {
        d.apply(Command::SetLocked(id(locked), true)).unwrap();
        let merge = Command::Merge { into: id(1), from: id(2) };
        assert_eq!(d.apply(merge), Err(Refused::Locked));
        d.undo();
    }
    d.apply(Command::Merge { into: id(1), from: id(2) }).unwrap();
    assert_eq!((counts(&d), d.active().map(|o| o.id)), (vec![(1, 16)], Some(id(1))));
    is_exact(&mut d, &before);
}

#[test]
fn a_merge_is_of_what_there_is_after_a_late_answer() {
    let mut d = one_object();
    // A negative click of the first is computed; what it will give up the second would have.
    click(&mut d, false).unwrap();
    d.active = None;
    edit(&mut d, None, add([0; 3], [3; 3])).unwrap();
    let painted = d.objects()[1].region.count();
    d.active = None;
    edit(&mut d, None, add([4, 4, 3], [5, 5, 4])).unwrap();
    let [second, third] = [d.objects()[1].id, d.objects()[2].id];
    d.apply(Command::Merge { into: third, from: second }).unwrap();
    resolve(&mut d, boxed([0; 3], [1; 3]));
    assert!(layers_agree(&d), "no voxel without an object");
    assert_eq!(counts(&d), [(1, 1), (third.0, 27 - 1 + 1)]);
    assert!(painted < 26);
    while d.undo() {
        assert!(layers_agree(&d));
    }
    while d.redo() {
        assert!(layers_agree(&d));
    }
}

#[test]
fn numbers_are_given_and_taken_back() {
    let mut d = two_objects();
    let before = seen(&d);
    for (number, why) in [(0, Refused::NoNumber), (1, Refused::NumberTaken)] {
        assert_eq!(d.apply(Command::Renumber(id(2), id(number))), Err(why));
    }
    assert_eq!(d.apply(Command::Renumber(id(7), id(8))), Err(Refused::Gone));
    let steps = d.history_len();
    d.apply(Command::Renumber(id(2), id(2))).unwrap();
    assert_eq!(d.history_len(), steps);
    let revision = d.revision();
    d.apply(Command::Renumber(id(2), id(u16::MAX))).unwrap();
    assert_eq!(
        (counts(&d), d.active().map(|o| o.id.0)),
        (vec![(1, 8), (u16::MAX, 8)], Some(u16::MAX))
    );
    assert!(matches!(d.dirty_since(revision), Dirty::Within(_)));
    let named = d.history_steps().0.iter().map(|s| s.object.clone()).collect::<Vec<_>>();
    assert_eq!(
        named.iter().flatten().collect::<Vec<_>>(),
        ["Object 1", "Object 2", "Object 2", "Object 2"]
    );
    is_exact(&mut d, &before);
    // The steps before it are undone by the numbers that they know.
    edit(&mut d, None, add([3, 3, 3], [5, 5, 4])).unwrap();
    while d.undo() {
        assert!(layers_agree(&d));
    }
    while d.redo() {
        assert!(layers_agree(&d));
    }
    assert_eq!(counts(&d), [(1, 8), (u16::MAX, 12)]);
}

#[test]
fn a_name_from_a_list_brings_its_number_and_colour() {
    let mut d = two_objects();
    let before = seen(&d);
    let named = |number| Command::NameFromPreset {
        object: id(2),
        name: "liver".into(),
        number,
        colour: Some([1, 2, 3]),
    };
    assert_eq!(d.apply(named(Some(id(1)))), Err(Refused::NumberTaken));
    d.apply(named(Some(id(5)))).unwrap();
    let object = d.object(id(5)).unwrap();
    assert_eq!((&*object.name, object.colour, object.region.count()), ("liver", [1, 2, 3], 8));
    is_exact(&mut d, &before);
}

#[test]
fn a_late_answer_finds_its_object_under_its_new_number() {
    let mut d = two_objects();
    d.apply(Command::Select(id(1))).unwrap();
    click(&mut d, true).unwrap();
    assert_eq!(d.apply(Command::Renumber(id(1), id(7))), Err(Refused::Busy));
    // Another one's number may change meanwhile.
    d.apply(Command::Renumber(id(2), id(9))).unwrap();
    edit(&mut d, Some(id(9)), add([4, 4, 3], [5, 5, 4])).unwrap();
    resolve(&mut d, boxed([0; 3], [3; 3]));
    assert!(layers_agree(&d));
    assert_eq!(d.object(id(9)).map(|o| o.region.count()), Some(9));
    while d.undo() {
        assert!(layers_agree(&d));
    }
}

/// What is there, what is to be there, and what a new object is then.
#[test]
fn new_objects_are_those_that_are_to_be_there() {
    let expected = |number: u16, name: &str, colour| ExpectedObject {
        number: LabelId(number),
        name: name.to_owned(),
        colour,
    };
    let mut document = document();
    document.expect_objects(vec![
        expected(5, "liver", Some([1, 2, 3])),
        expected(1, "spleen", None),
        expected(9, "left kidney", None),
    ]);
    let paint = |document: &mut Document, x: usize| {
        document.apply(Command::NewObject).unwrap();
        edit(document, None, add([x, 0, 0], [x + 1, 1, 1])).unwrap();
        let made = document.active().unwrap();
        (made.id.0, made.name.clone(), made.colour)
    };
    assert_eq!(paint(&mut document, 0), (5, "liver".to_owned(), [1, 2, 3]));
    let spleen = paint(&mut document, 1);
    assert_eq!(spleen, (1, "spleen".to_owned(), palette_colour(LabelId(1))));
    // Called as one that is to be there, with another number: it is there.
    document.apply(Command::Rename(LabelId(1), "left kidney".to_owned())).unwrap();
    // No number that means something else.
    assert_eq!(paint(&mut document, 2).1, "Object 2");
    document.apply(Command::RemoveObject(LabelId(5))).unwrap();
    assert_eq!(document.next_object().unwrap().name, "liver");
    assert!(document.undo());
    assert_eq!(document.next_object().unwrap().name, "Object 3");
    document.expect_objects(Vec::new());
    assert_eq!(document.next_object().unwrap().id, LabelId(3));
    // In the language of who draws; those that are there keep their names.
    document.call_new_objects("对象");
    assert_eq!(document.next_object().unwrap().name, "对象 3");
    assert_eq!(document.snapshot().next_object().unwrap().name, "对象 3");
    assert_eq!(document.object(LabelId(2)).unwrap().name, "Object 2");
}

fn begin(number: u16, x: f64, positive: bool) -> Command {
    let (name, colour) = ("robot: liver".to_owned(), [1, 2, 3]);
    Command::BeginByPrompt { number: id(number), name, colour, prompt: prompt(x, positive) }
}

#[test]
fn an_object_is_begun_by_a_click_under_its_own_name_and_number_in_one_step() {
    let mut d = two_objects();
    d.apply(Command::NewObject).unwrap();
    let before = seen(&d);
    for (command, why) in [
        (begin(0, 5.0, true), Refused::NoNumber),
        (begin(2, 5.0, true), Refused::NumberTaken),
        (begin(9, 5.0, false), Refused::FirstMustBePositive),
        (begin(9, 1.0, true), Refused::Taken),
        (begin(9, -3.0, true), Refused::OutsideVolume),
    ] {
        assert_eq!(d.apply(command), Err(why));
        assert_eq!(seen(&d), before);
    }
    d.apply(begin(9, 5.0, true)).unwrap();
    let object = d.active().unwrap();
    let [point] = object.log.prompts[..] else { panic!("one click") };
    assert_eq!((object.id, &*object.name, object.colour), (id(9), "robot: liver", [1, 2, 3]));
    assert!(point.id != PromptId::NEW && d.is_pending(id(9)));
    assert_eq!(d.objects().len(), 4, "the empty object stays what it is");
    let step = d.history_steps().0.last().cloned().unwrap();
    assert_eq!((step.name, step.point), ("Positive click", Some(1)));
    resolve(&mut d, boxed([2, 0, 0], [6, 4, 4]));
    assert_eq!(counts(&d)[3].0, 9);
    is_exact(&mut d, &before);
    // Another click goes on with it, and one that fails leaves nothing.
    d.apply(begin(10, 2.0, true)).unwrap_err();
    d.undo();
    d.apply(begin(10, 5.0, true)).unwrap();
    let (entry, _) = d.pending().unwrap();
    d.apply(Command::Withdraw(entry)).unwrap();
    assert_eq!(seen(&d), before);
}

#[test]
fn a_number_that_is_wanted_is_had_unless_it_means_something_else() {
    let mut d = two_objects();
    let number = |d: &Document, wanted: u16, meant: &[u16]| {
        d.number_for(id(wanted), meant.iter().copied().map(id)).unwrap().0
    };
    assert_eq!(number(&d, 7, &[7, 12]), 7, "it is its own");
    assert_eq!(number(&d, 2, &[2, 12]), 13, "past all that mean something");
    assert_eq!(number(&d, 0, &[]), 3);
    let name = "spleen".to_owned();
    d.expect_objects(vec![ExpectedObject { number: id(20), name, colour: None }]);
    assert_eq!(number(&d, 20, &[]), 21);
    assert_eq!(number(&d, 2, &[u16::MAX]), 3, "none is past it");
}
