//! Answers that come late, while the user goes on: the same as if they had come at once.

use proptest::prelude::*;

use super::deeds::paint;
use super::edits::{add, edit, subtract};
use super::*;

#[test]
fn painting_need_not_wait_for_a_click() {
    let mut d = document();
    click(&mut d, true).unwrap();
    edit(&mut d, None, add([3, 0, 0], [5, 1, 1])).unwrap();
    edit(&mut d, None, subtract([3, 0, 0], [4, 1, 1])).unwrap();
    d.apply(Command::SetLocked(LabelId(1), true)).unwrap();
    resolve(&mut d, boxed([0; 3], [4, 2, 2]));
    let object = &d.objects()[0];
    assert_eq!(object.region.count(), 16 + 1 - 1, "the click's mask, corrected since");
    assert!(object.locked, "and locked after that");
    assert!(layers_agree(&d));
    let whole = seen(&d);
    for (step, voxels) in
        [("Lock object", 16), ("Eraser", 17), ("Brush", 16), ("Positive click", 0)]
    {
        assert_eq!(d.can_undo(), Some(step));
        d.undo();
        assert_eq!(d.objects().first().map_or(0, |o| o.region.count()), voxels, "{step}");
    }
    while d.redo() {}
    assert_eq!(seen(&d), whole);
}

#[test]
fn a_click_withdrawn_takes_nothing_painted_along() {
    let mut d = document();
    click(&mut d, true).unwrap();
    let entry = d.pending().unwrap().0;
    d.apply(Command::Rename(LabelId(1), "liver".into())).unwrap();
    edit(&mut d, None, add([3, 0, 0], [5, 1, 1])).unwrap();
    click(&mut d, false).unwrap();
    d.apply(Command::Withdraw(entry)).unwrap();
    let object = &d.objects()[0];
    assert_eq!((object.name.as_str(), object.region.count()), ("liver", 2));
    assert!(object.log.prompts.is_empty() && d.pending().is_none() && layers_agree(&d));
    let names: Vec<_> = d.history_steps().0.iter().map(|s| s.name.to_owned()).collect();
    assert_eq!(names, ["New object", "Rename object", "Brush"]);
    while d.undo() {}
    assert!(d.objects().is_empty());
    while d.redo() {}
    assert_eq!(d.objects()[0].region.count(), 2);
}

#[test]
fn a_step_about_an_object_that_a_withdrawn_click_began_goes_with_it() {
    let mut d = document();
    click(&mut d, true).unwrap();
    let entry = d.pending().unwrap().0;
    d.apply(Command::Rename(LabelId(1), "liver".into())).unwrap();
    d.apply(Command::NewObject).unwrap();
    d.apply(Command::Withdraw(entry)).unwrap();
    let names: Vec<_> = d.history_steps().0.iter().map(|s| s.name.to_owned()).collect();
    assert_eq!((names, d.objects().len()), (vec!["New object".to_owned()], 1));
}

#[test]
fn a_stroke_that_an_answer_leaves_nothing_of_vanishes_unless_more_was_painted() {
    for more in [false, true] {
        let mut d = document();
        click(&mut d, true).unwrap();
        d.active = None;
        edit(&mut d, None, add([0; 3], [2; 3])).unwrap();
        if more {
            edit(&mut d, None, add([4, 3, 3], [6, 4, 4])).unwrap();
            d.apply(Command::AddPrompt { object: None, prompt: prompt(5.0, true) }).unwrap();
        }
        resolve(&mut d, boxed([0; 3], [3; 3]));
        assert!(layers_agree(&d));
        if more {
            assert_eq!(d.objects()[1].region.count(), 2);
            resolve(&mut d, boxed([5, 0, 0], [6, 1, 1]));
            assert_eq!(d.objects()[1].region.count(), 3);
        } else {
            assert_eq!((d.objects().len(), d.history_len()), (1, 1));
        }
        while d.undo() {}
        assert!(d.objects().is_empty());
    }
}

#[test]
fn what_was_undone_is_done_again_beside_an_answer_that_came_meanwhile() {
    let mut d = document();
    click(&mut d, true).unwrap();
    d.apply(Command::NewObject).unwrap();
    edit(&mut d, None, add([0; 3], [4, 1, 1])).unwrap();
    d.undo();
    resolve(&mut d, boxed([0; 3], [2; 3]));
    d.redo();
    assert_eq!(d.objects()[1].region.count(), 2, "the answer has the others");
    assert!(layers_agree(&d));
}

#[test]
fn deleting_another_object_and_opening_a_label_map_need_not_wait() {
    let mut d = one_object();
    d.apply(Command::NewObject).unwrap();
    click(&mut d, true).unwrap();
    let (name, colour, opacity, visible) = (None, None, None, true);
    let region = boxed([0, 0, 0], [6, 1, 1]);
    let label = NamedRegion { value: 9, name, colour, opacity, visible, region, on_top: None };
    d.apply(Command::RemoveObject(LabelId(1))).unwrap();
    d.apply(Command::Import(vec![label])).unwrap();
    resolve(&mut d, boxed([0; 3], [3, 2, 2]));
    let found: Vec<_> = d.objects().iter().map(|o| (o.id.0, o.region.count())).collect();
    // The click came before the deletion: what the deleted object had is not the click's.
    assert_eq!(found, [(2, 4), (9, 5)]);
    assert!(layers_agree(&d));
    while d.undo() {}
    while d.redo() {}
    let again: Vec<_> = d.objects().iter().map(|o| (o.id.0, o.region.count())).collect();
    assert_eq!(again, found);
}

/// What is done in both documents.
#[derive(Clone, Debug)]
enum Deed {
    Click(u16, [usize; 3], [usize; 3]),
    Edit(u16, Change, Over, bool),
    Lock(u16, bool),
    /// The oldest click that still waits in the slow document is answered.
    Answer,
}

fn corners() -> impl Strategy<Value = ([usize; 3], [usize; 3])> {
    // The row of the clicks stays free.
    let corner = || [0usize..6, 0..4, 0..4];
    (corner(), corner()).prop_map(|(a, b)| {
        let low = std::array::from_fn(|i| a[i].min(b[i]));
        (low, std::array::from_fn(|i| a[i].max(b[i]) + 1))
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    let change = (corners(), any::<bool>())
        .prop_map(|((lo, hi), adds)| if adds { add(lo, hi) } else { subtract(lo, hi) });
    let over = prop_oneof![
        2 => Just(Over::Background),
        2 => Just(Over::Unlocked),
        1 => (1u16..4).prop_map(|n| Over::Only(LabelId(n))),
    ];
    prop_oneof![
        3 => (1u16..4, corners()).prop_map(|(n, (lo, hi))| Deed::Click(n, lo, hi)),
        6 => (1u16..4, change, over, any::<bool>()).prop_map(|(n, c, o, g)| Deed::Edit(n, c, o, g)),
        1 => (1u16..4, any::<bool>()).prop_map(|(n, locked)| Deed::Lock(n, locked)),
        2 => Just(Deed::Answer),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// One document whose clicks are answered at once, and one whose clicks are answered late: in the end, and after
    /// each step that is undone from there, they are the same.
    #[test]
    fn late_answers_are_answers(deeds in prop::collection::vec(deed(), 1..40)) {
        let [mut quick, mut slow] = [document(), document()];
        for d in [&mut quick, &mut slow] {
            for x in 1..4 {
                d.apply(Command::NewObject).unwrap();
                // Else the next new object would be this one.
                edit(d, None, add([x, 4, 3], [x + 1, 5, 4])).unwrap();
            }
        }
        let (mut gesture, mut last) = (GestureId(0), None);
        let mut waiting = std::collections::VecDeque::new();
        for deed in deeds {
            match deed {
                Deed::Click(n, lo, hi) => {
                    let object = Some(LabelId(n));
                    let prompt = Prompt::positive(DVec3::new(3.0, 4.0, 0.0));
                    let command = Command::AddPrompt { object, prompt };
                    let done = slow.apply(command.clone());
                    prop_assert_eq!(quick.apply(command), done);
                    if done.is_ok() {
                        resolve(&mut quick, boxed(lo, hi));
                        waiting.push_back(boxed(lo, hi));
                    }
                }
                Deed::Edit(n, change, over, begins) => {
                    // A stroke is of one object and one tool.
                    let tool = Some((n, matches!(change, Change::Add(_))));
                    let other = std::mem::replace(&mut last, tool) != tool;
                    gesture.0 += u64::from(begins || other);
                    let object = Some(LabelId(n));
                    // What has no effect when it is painted is not painted.
                    let state = slow.state();
                    let done = paint(&mut slow, object, change.clone(), over, gesture);
                    if done.is_err() || slow.state() != state {
                        prop_assert_eq!(paint(&mut quick, object, change, over, gesture), done);
                    }
                }
                Deed::Lock(n, locked) => {
                    for d in [&mut quick, &mut slow] {
                        d.apply(Command::SetLocked(LabelId(n), locked)).unwrap();
                    }
                }
                Deed::Answer => {
                    if let Some(region) = waiting.pop_front() {
                        resolve(&mut slow, region);
                    }
                }
            }
            prop_assert!(layers_agree(&quick) && layers_agree(&slow));
        }
        for region in waiting {
            resolve(&mut slow, region);
            prop_assert!(layers_agree(&slow));
        }
        loop {
            prop_assert_eq!(seen(&quick), seen(&slow));
            prop_assert_eq!(quick.history_steps(), slow.history_steps());
            let more = quick.undo();
            prop_assert_eq!(slow.undo(), more);
            if !more {
                break;
            }
        }
        while quick.redo() {
            prop_assert!(slow.redo());
        }
        prop_assert_eq!(seen(&quick), seen(&slow));
    }
}
