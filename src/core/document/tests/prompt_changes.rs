//! Clicks moved, turned and taken out, wherever in the log they are.

use super::edits::{add, edit, subtract};
use super::*;
use crate::prompt::Footprint;

fn at(x: usize, y: usize, z: usize) -> DVec3 {
    DVec3::new(x as f64, y as f64, z as f64)
}

/// Clicks at y = 4, z = 0, one for each sign, at x = 0, 2, 4 …; each answered by a cube of one voxel more.
fn clicked(signs: &[bool]) -> Document {
    let mut d = document();
    for (n, &positive) in signs.iter().enumerate() {
        let prompt = Prompt::new(at(2 * n, 4, 0), positive);
        d.apply(Command::AddPrompt { object: None, prompt }).unwrap();
        resolve(&mut d, boxed([0; 3], [n + 1; 3]));
    }
    d
}

fn id(d: &Document, index: usize) -> PromptId {
    d.objects()[0].log.prompts[index].id
}

fn move_to(d: &mut Document, index: usize, to: DVec3) -> Result<(), Refused> {
    let prompt = d.objects()[0].log.prompts.get(index).map_or(PromptId(99), |p| p.id);
    d.apply(Command::MovePrompt { object: LabelId(1), prompt, to })
}

fn flip(d: &mut Document, index: usize) -> Result<(), Refused> {
    d.apply(Command::FlipPrompt { object: LabelId(1), prompt: id(d, index) })
}

/// What is done, and what it is called.
type Change = (&'static str, fn(&mut Document) -> Result<(), Refused>);

#[test]
fn a_click_is_changed_in_its_place_in_one_step_and_strokes_by_hand_stay() {
    let mut d = clicked(&[true, false, true]);
    edit(&mut d, None, add([5, 0, 3], [6, 1, 4])).unwrap();
    edit(&mut d, None, subtract([0; 3], [1; 3])).unwrap();
    let before = seen(&d);
    let changes: [Change; 3] = [
        ("Move click", |d| move_to(d, 1, at(3, 3, 3))),
        ("Flip click", |d| flip(d, 1)),
        ("Remove click", |d| d.apply(removal(d, LabelId(1), 1))),
    ];
    for (name, change) in changes {
        let ids: Vec<_> = d.objects()[0].log.prompts.iter().map(|p| p.id).collect();
        change(&mut d).unwrap();
        let object = &d.objects()[0];
        assert_eq!(object.replayed(), 1, "{name}: computed from there on");
        assert_eq!(object.region, before.1[0].region, "{name}: the mask stays until then");
        let log = d.pending().unwrap().1.log.clone();
        assert_eq!(log, object.log);
        match name {
            "Move click" => assert_eq!(log.prompts[1].world, at(3, 3, 3)),
            "Flip click" => assert!(log.prompts[1].positive),
            _ => assert_eq!(log.prompts.len(), 2),
        }
        if log.prompts.len() == 3 {
            assert_eq!(log.prompts.iter().map(|p| p.id).collect::<Vec<_>>(), ids);
        }
        resolve(&mut d, boxed([0; 3], [2; 3]));
        let object = &d.objects()[0];
        assert_eq!(object.region.count(), 8 + 1 - 1, "{name}");
        assert!(layers_agree(&d));
        let step = d.history_steps().0.last().map(|s| (s.name, s.point));
        assert_eq!(step, Some((name, Some(2))));
        d.undo();
        assert_eq!(seen(&d), before, "{name}");
        d.redo();
        assert_eq!(d.objects()[0].region.count(), 8, "{name}");
        d.undo();
    }
    while d.undo() {}
    assert!(d.objects().is_empty());
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_changed() {
    let mut d = clicked(&[true, false, true]);
    d.apply(Command::NewObject).unwrap();
    edit(&mut d, Some(LabelId(2)), add([5, 0, 0], [6, 1, 1])).unwrap();
    d.apply(Command::Select(LabelId(1))).unwrap();
    let (before, state) = (seen(&d), d.state());
    for (index, to, why) in [
        (0, DVec3::new(-0.6, 4.0, 0.0), Refused::OutsideVolume),
        (0, DVec3::new(0.0, 4.0, 3.6), Refused::OutsideVolume),
        (1, DVec3::splat(f64::NAN), Refused::OutsideVolume),
        // The voxel of another click, of either sign.
        (0, DVec3::new(2.3, 3.8, 0.2), Refused::OnAnotherClick),
        (1, at(4, 4, 0), Refused::OnAnotherClick),
        // A positive one in another object, but a negative one may lie there.
        (2, at(5, 0, 0), Refused::Taken),
        (7, at(1, 1, 1), Refused::Gone),
    ] {
        assert_eq!(move_to(&mut d, index, to), Err(why), "{index} {to}");
        if let Some(prompt) = before.1[0].log.prompts.get(index) {
            let told = d.log_with(LabelId(1), prompt.id, PromptChange::MoveTo(to));
            assert_eq!(told.unwrap_err(), why, "and it is known before");
        }
    }
    assert_eq!(flip(&mut d, 0), Err(Refused::FirstMustBePositive));
    // Where it is already.
    move_to(&mut d, 1, at(2, 4, 0)).unwrap();
    assert_eq!((seen(&d), d.state()), (before, state));
    move_to(&mut d, 1, at(5, 0, 0)).unwrap();
    resolve(&mut d, boxed([0; 3], [1; 3]));
    assert_eq!(flip(&mut d, 1), Err(Refused::Taken), "it would be positive there");

    d.apply(Command::SetLocked(LabelId(1), true)).unwrap();
    let locked = seen(&d);
    assert_eq!(move_to(&mut d, 1, at(1, 1, 1)), Err(Refused::Locked));
    assert_eq!(flip(&mut d, 2), Err(Refused::Locked));
    assert_eq!(seen(&d), locked);
    d.apply(Command::SetLocked(LabelId(1), false)).unwrap();
    d.apply(Command::Extend(LabelId(1))).unwrap();
    assert_eq!(move_to(&mut d, 1, at(1, 1, 1)), Err(Refused::Extending));
}

#[test]
fn clicks_are_changed_while_others_are_computed() {
    let mut d = clicked(&[true, true]);
    let before = seen(&d);
    let prompt = Prompt::positive(at(4, 4, 0));
    d.apply(Command::AddPrompt { object: None, prompt }).unwrap();
    move_to(&mut d, 0, at(1, 2, 3)).unwrap();
    flip(&mut d, 1).unwrap();
    let asked = |d: &Document| d.pending().unwrap().1.log.prompts.clone();
    assert_eq!(asked(&d)[0].world, at(0, 4, 0), "each answer is to the clicks as they were then");
    resolve(&mut d, boxed([0; 3], [3; 3]));
    assert_eq!((asked(&d)[0].world, asked(&d)[1].positive), (at(1, 2, 3), true));
    resolve(&mut d, boxed([0; 3], [2; 3]));
    assert!(!asked(&d)[1].positive);
    resolve(&mut d, boxed([0; 3], [1; 3]));
    assert_eq!((d.objects()[0].region.count(), d.objects()[0].replayed()), (1, 3));
    for voxels in [8, 27, 8] {
        d.undo();
        assert_eq!(d.objects()[0].region.count(), voxels);
    }
    assert_eq!(seen(&d), before);

    // A model that fails leaves everything as it was.
    move_to(&mut d, 1, at(3, 3, 3)).unwrap();
    let entry = d.pending().unwrap().0;
    d.apply(Command::Withdraw(entry)).unwrap();
    assert_eq!(seen(&d), before);
}

#[test]
fn a_cube_that_was_added_for_a_click_follows_it_while_it_holds_it() {
    // An extension whose seed is the first click, in a box of 3 mm around it.
    for (to, left) in [(at(1, 3, 1), Some(at(1, 3, 1))), (at(4, 4, 0), None)] {
        let mut d = clicked(&[true]);
        let prompt = d.objects()[0].log.prompts[0];
        d.apply(Command::Extend(LabelId(1))).unwrap();
        let entry = d.pending().unwrap().0;
        let centre = at(0, 4, 0);
        let scale = glam::DMat3::from_diagonal(DVec3::splat(3.0));
        let corner = centre - DVec3::splat(1.5);
        let world_from_box = glam::DAffine3 { matrix3: scale, translation: corner };
        let answer = Answer {
            prompts: vec![prompt],
            footprint: vec![Footprint { opener: prompt, world_from_box }],
            ..Answer::default()
        };
        let extensions = vec![Extension { centre, seed: prompt.world, clicks: 1 }];
        let resolution = Resolution { answer, extensions, region: boxed([0; 3], [2; 3]) };
        d.apply(Command::Resolve { entry, resolution: Arc::new(resolution) }).unwrap();
        move_to(&mut d, 0, to).unwrap();
        let seeds: Vec<_> = d.objects()[0].log.extensions.iter().map(|e| e.seed).collect();
        assert_eq!(seeds, left.into_iter().collect::<Vec<_>>());
    }
}
