//! Which object is selected.

use super::*;

#[test]
fn an_object_that_comes_back_is_selected_as_it_was() {
    let mut d = document();
    for low in [0, 4] {
        d.apply(Command::NewObject).unwrap();
        click(&mut d, true).unwrap();
        resolve(&mut d, boxed([low, 0, 0], [low + 2, 2, 2]));
    }
    let [first, second] = [d.objects()[0].id, d.objects()[1].id];
    for id in [second, first] {
        d.apply(Command::RemoveObject(id)).unwrap();
    }
    assert!(d.active().is_none());
    // The click after that corrects it, as it would have before.
    for id in [first, second] {
        assert!(d.undo());
        assert_eq!(d.active().map(|o| o.id), Some(id));
    }
    assert!(d.redo());
    assert_eq!(d.active().map(|o| o.id), Some(first), "the one that is left");
    // Nothing changes for one that was not selected.
    d.apply(Command::NewObject).unwrap();
    let third = d.active().unwrap().id;
    d.apply(Command::RemoveObject(first)).unwrap();
    assert!(d.undo());
    assert_eq!(d.active().map(|o| o.id), Some(third));
}
