//! Steps that turn out never to have been (a click that fails, an extension in vain, a stroke given up) take nothing
//! along: what was undone before them can still be redone.

use super::deeds::paint;
use super::edits::add;
use super::*;

/// What [`seen`] gives.
type Seen = (Vec<u16>, Vec<Object>);

/// An object with a mask, and a rename of it that was undone; as it is then, and as it was with the rename, which is
/// what was saved.
fn undone() -> (Document, Seen, Seen) {
    let mut d = one_object();
    d.apply(Command::Rename(LabelId(1), "liver".into())).unwrap();
    let renamed = seen(&d);
    d.mark_saved(d.state());
    d.undo();
    let before = seen(&d);
    (d, before, renamed)
}

fn fail(d: &mut Document) {
    let entry = d.pending().unwrap().0;
    d.apply(Command::Withdraw(entry)).unwrap();
}

/// All is as it was, and the rename can be redone: to the state that was saved.
fn nothing_was(mut d: Document, before: &Seen, renamed: &Seen) {
    assert_eq!(&seen(&d), before);
    assert_eq!((d.can_redo(), d.is_modified()), (Some("Rename object"), true));
    assert!(d.redo());
    assert_eq!(&seen(&d), renamed);
    assert!(!d.is_modified() && !d.redo());
}

#[test]
fn a_click_that_fails() {
    let (mut d, before, renamed) = undone();
    click(&mut d, true).unwrap();
    assert_eq!(d.can_redo(), None);
    fail(&mut d);
    nothing_was(d, &before, &renamed);
}

#[test]
fn a_click_that_fails_with_those_after_it() {
    let (mut d, before, renamed) = undone();
    for positive in [true, false, true] {
        click(&mut d, positive).unwrap();
    }
    fail(&mut d);
    nothing_was(d, &before, &renamed);
}

#[test]
fn clicks_of_two_objects_that_fail_one_after_another() {
    let (mut d, before, renamed) = undone();
    click(&mut d, true).unwrap();
    d.active = None;
    d.apply(Command::AddPrompt { object: None, prompt: prompt(5.0, true) }).unwrap();
    fail(&mut d);
    assert_eq!((d.can_redo(), d.pending().map(|(_, c)| c.object)), (None, Some(LabelId(2))));
    fail(&mut d);
    d.active = Some(LabelId(1));
    nothing_was(d, &before, &renamed);
}

#[test]
fn a_click_that_was_undone_and_redone_before_it_failed() {
    let (mut d, before, renamed) = undone();
    click(&mut d, true).unwrap();
    d.undo();
    d.redo();
    fail(&mut d);
    nothing_was(d, &before, &renamed);
}

#[test]
fn an_extension_that_fails() {
    let (mut d, before, renamed) = undone();
    d.apply(Command::Extend(LabelId(1))).unwrap();
    fail(&mut d);
    nothing_was(d, &before, &renamed);
}

#[test]
fn a_stroke_given_up_or_that_takes_back_what_it_did() {
    for given_up in [true, false] {
        let (mut d, before, renamed) = undone();
        let (stroke, object) = (GestureId(7), Some(LabelId(1)));
        paint(&mut d, object, add([4, 0, 0], [6, 1, 1]), Over::Background, stroke).unwrap();
        paint(&mut d, object, add([4, 1, 0], [6, 2, 1]), Over::Background, stroke).unwrap();
        if given_up {
            d.cancel_gesture(stroke);
        } else {
            let all = Change::Subtract(Arc::new(boxed([4, 0, 0], [6, 2, 1])));
            paint(&mut d, object, all, Over::Background, stroke).unwrap();
            let (labels, objects) = seen(&d);
            assert_eq!(
                (&labels, objects[0].region.count()),
                (&before.0, before.1[0].region.count())
            );
        }
        nothing_was(d, &before, &renamed);
    }
}

#[test]
fn a_step_that_was_done_since_and_stays_ends_it() {
    let (mut d, before, _) = undone();
    click(&mut d, true).unwrap();
    d.apply(Command::Recolour(LabelId(1), [1, 2, 3])).unwrap();
    fail(&mut d);
    assert_eq!((d.can_undo(), d.can_redo()), (Some("Change colour"), None));
    d.undo();
    assert_eq!(seen(&d), before);
    assert_eq!(d.can_redo(), Some("Change colour"));
}

#[test]
fn what_was_undone_after_a_click_fails_with_it() {
    let (mut d, before, renamed) = undone();
    click(&mut d, true).unwrap();
    d.apply(Command::Recolour(LabelId(1), [1, 2, 3])).unwrap();
    d.undo();
    fail(&mut d);
    nothing_was(d, &before, &renamed);
}

#[test]
fn an_answer_before_a_click_that_fails_makes_other_states_of_what_was_undone() {
    let mut d = one_object();
    d.active = None;
    d.apply(Command::AddPrompt { object: None, prompt: prompt(5.0, true) }).unwrap();
    d.apply(Command::Rename(LabelId(1), "liver".into())).unwrap();
    d.mark_saved(d.state());
    d.undo();
    click(&mut d, false).unwrap();
    resolve(&mut d, boxed([4, 0, 0], [6, 1, 1]));
    fail(&mut d);
    assert!(d.redo());
    assert_eq!(d.objects()[0].name, "liver");
    assert!(d.is_modified(), "the other object's mask is new");
}
