//! Opacity of objects, which a slider changes.

use super::*;

#[test]
fn a_drag_of_the_opacity_is_one_step_to_undo() {
    let mut d = document();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [2; 3]));
    let id = d.active().unwrap().id;
    d.apply(Command::Rename(id, "liver".to_owned())).unwrap();
    let (length, before) = (d.history_len(), seen(&d));
    for opacity in [0.9, 0.7, 0.4] {
        d.apply(Command::SetOpacity(id, opacity)).unwrap();
    }
    assert_eq!(d.objects()[0].opacity, 0.4);
    assert_eq!(d.history_len(), length + 1);
    assert_eq!(d.can_undo(), Some("Change opacity"));
    let after = seen(&d);
    assert!(d.undo());
    assert_eq!(seen(&d), before);
    assert!(d.redo());
    assert_eq!(seen(&d), after);
    // What comes after another change, or after an undo, is a step of its own.
    d.apply(Command::SetOpacity(id, 0.3)).unwrap();
    d.apply(Command::Rename(id, "spleen".to_owned())).unwrap();
    d.apply(Command::SetOpacity(id, 0.2)).unwrap();
    assert_eq!(d.history_len(), length + 4);
    d.undo();
    assert_eq!(d.objects()[0].opacity, 0.3);
}

#[test]
fn opacity_is_a_share_and_of_an_object_that_is_there() {
    let mut d = document();
    d.apply(Command::NewObject).unwrap();
    let id = d.active().unwrap().id;
    for (asked, got) in [(7.0, 1.0), (-1.0, 0.0), (f32::NAN, 1.0), (0.5, 0.5)] {
        d.apply(Command::SetOpacity(id, asked)).unwrap();
        assert_eq!(d.objects()[0].opacity, got);
    }
    assert_eq!(d.apply(Command::SetOpacity(LabelId(9), 0.5)), Err(Refused::Gone));
    let state = d.state();
    d.apply(Command::SetOpacity(id, 0.6)).unwrap();
    assert_ne!(d.state(), state, "other contents have another name");
}

#[test]
fn a_label_map_brings_its_opacities() {
    let mut d = document();
    let named = |value, opacity, at: [usize; 3]| NamedRegion {
        value,
        name: None,
        colour: None,
        opacity,
        visible: true,
        region: boxed(at, [1; 3]),
        on_top: None,
    };
    let labels = vec![named(4, Some(0.3), [0; 3]), named(5, None, [2, 2, 2])];
    d.apply(Command::Import(labels)).unwrap();
    assert_eq!(d.objects().iter().map(|o| o.opacity).collect::<Vec<_>>(), [0.3, 1.0]);
}
