//! Extensions of masks beyond the model's cubes, in a document.

use super::*;

#[test]
fn an_extension_goes_when_the_last_click_at_its_seed_goes() {
    let mut d = one_object();
    let first = d.objects()[0].log.prompts[0];
    for positive in [true, false] {
        let prompt = Prompt { positive, ..first };
        d.apply(Command::AddPrompt { object: None, prompt }).unwrap();
        resolve(&mut d, boxed([0; 3], [2; 3]));
    }
    d.apply(Command::Extend(LabelId(1))).unwrap();
    resolve(&mut d, boxed([0; 3], [3; 3]));
    assert_eq!(d.objects()[0].log.extensions[0].seed, first.world);
    for (index, left) in [(2, 1), (1, 1), (0, 0)] {
        d.apply(removal(&d, LabelId(1), index)).unwrap();
        assert_eq!(d.objects()[0].log.extensions.len(), left, "without click {index}");
    }
}

#[test]
fn an_extension_keeps_its_place_among_the_clicks() {
    let mut d = one_object();
    for _ in 0..2 {
        click(&mut d, false).unwrap();
        resolve(&mut d, boxed([0; 3], [2; 3]));
    }
    d.apply(Command::Extend(LabelId(1))).unwrap();
    resolve(&mut d, boxed([0; 3], [3; 3]));
    // At a seed that is no click, so that it outlives them.
    d.apply(Command::Extend(LabelId(1))).unwrap();
    resolve(&mut d, boxed([0; 3], [4; 3]));
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [4; 3]));
    let clicks = |d: &Document| d.objects()[0].log.extensions.last().map(|e| e.clicks);
    assert_eq!(clicks(&d), Some(3));
    for (index, left) in [(3, 3), (1, 2), (1, 1)] {
        d.apply(removal(&d, LabelId(1), index)).unwrap();
        resolve(&mut d, boxed([0; 3], [4; 3]));
        assert_eq!(clicks(&d), Some(left), "without click {index}");
    }
    while d.undo() {}
    while d.redo() {}
    assert_eq!(clicks(&d), Some(1));
}

#[test]
fn an_extension_in_vain_is_remembered_but_no_step_to_undo() {
    let mut d = one_object();
    threshold(&mut d, 3, false).unwrap();
    let (before, state) = (seen(&d), d.state());
    let extend = |d: &mut Document, changes: bool| {
        d.apply(Command::Extend(LabelId(1))).unwrap();
        let (entry, object) = (d.pending().unwrap().0, d.objects()[0].clone());
        let answer = Answer { touches: false, tried: vec![DVec3::X], ..object.answer };
        let region = if changes { boxed([0; 3], [4; 3]) } else { (*object.region).clone() };
        let resolution = Resolution { answer, extensions: object.log.extensions, region };
        d.apply(Command::Resolve { entry, resolution: Arc::new(resolution) }).unwrap();
    };
    extend(&mut d, false);
    assert_eq!((d.history_len(), d.can_undo(), d.state()), (2, Some("Move threshold"), state));
    let answer = &d.objects()[0].answer;
    assert_eq!((answer.tried.len(), answer.touches, d.pending()), (1, false, None));
    let mut tried = before.1.clone();
    tried[0].answer.tried = vec![DVec3::X];
    tried[0].answer.touches = false;
    assert_eq!((&d.labels().to_vec(), d.objects()), (&before.0, &tried[..]), "nothing else");
    d.undo();
    d.redo();
    assert_eq!(d.objects()[0].answer.tried.len(), 1);
    // Of another mask.
    threshold(&mut d, 2, false).unwrap();
    assert!(d.objects()[0].answer.tried.is_empty());
    extend(&mut d, true);
    assert_eq!(d.can_undo(), Some("Extend"));
}
