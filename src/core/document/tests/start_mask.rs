//! Objects whose clicks correct a mask that was there.

use super::edits::{add, edit, subtract};
use super::*;

const ONE: LabelId = LabelId(1);

fn start(document: &mut Document) -> Result<(), Refused> {
    document.apply(Command::StartFromMask(ONE))
}

/// The model's mask without its corner, and a voxel that was painted: what clicks are to correct.
fn corrected() -> Document {
    let mut d = one_object();
    edit(&mut d, None, add([4, 0, 0], [6, 1, 1])).unwrap();
    edit(&mut d, None, subtract([0; 3], [1; 3])).unwrap();
    d
}

#[test]
fn what_was_drawn_by_hand_becomes_what_the_clicks_start_from() {
    let mut d = corrected();
    let (before, region) = (seen(&d), Arc::clone(&d.objects()[0].region));
    start(&mut d).unwrap();
    let object = &d.objects()[0];
    assert_eq!((&object.model, &object.region), (&region, &region));
    assert!(!object.is_corrected() && object.log.prompts.is_empty());
    assert_eq!((object.log.start.as_ref(), object.iou()), (Some(&region), None));
    assert!(layers_agree(&d));
    // No label has changed, and it is so already.
    assert_eq!(d.labels().to_vec(), before.0);
    let steps = d.history_len();
    start(&mut d).unwrap();
    assert_eq!(d.history_len(), steps);
    // The first click may be one outside of the structure.
    let after = seen(&d);
    click(&mut d, false).unwrap();
    let log = d.pending().unwrap().1.log.clone();
    assert_eq!((log.start.as_ref(), log.prompts.len()), (Some(&region), 1));
    resolve(&mut d, boxed([1, 0, 0], [2; 3]));
    assert_eq!(*d.objects()[0].region, boxed([1, 0, 0], [2; 3]));
    d.undo();
    assert_eq!(seen(&d), after);
    d.undo();
    assert_eq!(seen(&d), before);
    while d.redo() {}
    assert!(layers_agree(&d));
    while d.undo() {}
    assert!(d.objects().is_empty());
}

#[test]
fn the_last_click_goes_and_the_mask_is_as_it_was() {
    let mut d = corrected();
    let region = Arc::clone(&d.objects()[0].region);
    start(&mut d).unwrap();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([0; 3], [4; 3]));
    // Positive and negative, the only one too.
    let flip = Command::FlipPrompt { object: ONE, prompt: d.objects()[0].log.prompts[0].id };
    d.apply(flip).unwrap();
    resolve(&mut d, boxed([0; 3], [1; 3]));
    d.apply(removal(&d, ONE, 0)).unwrap();
    let (entry, log) = d.pending().map(|(entry, click)| (entry, click.log.clone())).unwrap();
    assert_eq!(log.start.as_ref(), Some(&region));
    let resolution = Arc::new(Resolution::without_prompts(&log));
    d.apply(Command::Resolve { entry, resolution }).unwrap();
    assert_eq!(d.objects()[0].region, region);
    assert_eq!(Resolution::nothing().region, Region::default());
}

#[test]
fn a_mask_from_a_file_takes_clicks_once_it_is_started_from() {
    let mut d = document();
    let (name, colour, opacity, visible) = (None, None, None, true);
    let region = boxed([0; 3], [3; 3]);
    let label = NamedRegion {
        value: 1,
        name,
        colour,
        opacity,
        visible,
        region: region.clone(),
        on_top: None,
    };
    d.apply(Command::Import(vec![label])).unwrap();
    d.apply(Command::Select(ONE)).unwrap();
    let inside = |positive| Command::AddPrompt { object: None, prompt: prompt(1.0, positive) };
    assert_eq!(d.apply(inside(false)), Err(Refused::FromFile));
    start(&mut d).unwrap();
    assert!(!d.objects()[0].is_from_file());
    d.apply(inside(false)).unwrap();
    resolve(&mut d, boxed([0; 3], [1, 3, 3]));
    assert_eq!((d.objects().len(), d.objects()[0].region.count()), (1, 9));
    d.undo();
    d.undo();
    assert!(d.objects()[0].is_from_file());
    assert_eq!(*d.objects()[0].region, region);
}

#[test]
fn refused_and_nothing_changed() {
    let mut d = document();
    assert_eq!(start(&mut d), Err(Refused::Gone));
    d.apply(Command::NewObject).unwrap();
    assert_eq!(start(&mut d), Err(Refused::NoMask));
    let mut d = corrected();
    d.apply(Command::SetLocked(ONE, true)).unwrap();
    let before = seen(&d);
    assert_eq!(start(&mut d), Err(Refused::Locked));
    d.apply(Command::SetLocked(ONE, false)).unwrap();
    click(&mut d, true).unwrap();
    assert_eq!(start(&mut d), Err(Refused::Busy));
    assert!(Command::StartFromMask(ONE).waits_for_clicks());
    d.undo();
    d.undo();
    d.undo();
    assert_eq!(seen(&d).0, before.0);
}
