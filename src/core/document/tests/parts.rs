//! Only parts with a positive click, as a switch of the object.

use super::edits::{add, edit, subtract};
use super::*;
use crate::prompt::KeptParts;

/// The switch, with the mask that another computes.
fn keep(document: &mut Document, parts: KeptParts, region: Region) -> Result<(), Refused> {
    let mask = Some(ModelMask { region: Arc::new(region), touches: true, cut: false });
    document.apply(Command::KeepParts { object: LabelId(1), parts, mask })
}

#[test]
fn the_switch_is_a_step_of_its_own_that_takes_nothing_drawn_by_hand() {
    let mut d = one_object();
    edit(&mut d, None, add([4, 0, 0], [6, 1, 1])).unwrap();
    edit(&mut d, None, subtract([0; 3], [1; 3])).unwrap();
    let before = seen(&d);
    keep(&mut d, KeptParts::Clicked, boxed([0; 3], [1, 2, 2])).unwrap();
    assert!(layers_agree(&d));
    let object = &d.objects()[0];
    assert_eq!((object.region.count(), object.log.parts), (4 + 2 - 1, KeptParts::Clicked));
    assert!(object.answer.touches, "as whoever made the mask says");
    let after = seen(&d);
    keep(&mut d, KeptParts::Clicked, boxed([0; 3], DIMS)).unwrap();
    assert_eq!((seen(&d), d.history_len()), (after.clone(), 4), "it is so already");
    keep(&mut d, KeptParts::All, boxed([0; 3], [2; 3])).unwrap();
    assert_eq!((d.labels().to_vec(), d.can_undo()), (before.0.clone(), Some("All parts")));
    d.undo();
    assert_eq!((seen(&d), d.can_undo()), (after, Some("Only parts with a positive point")));
    d.undo();
    assert_eq!(seen(&d), before);
    while d.redo() {}
    while d.undo() {}
    assert!(d.objects().is_empty());
}

#[test]
fn clicks_thresholds_and_extensions_go_on_with_the_switch() {
    let mut d = one_object();
    keep(&mut d, KeptParts::Clicked, boxed([0; 3], [1; 3])).unwrap();
    click(&mut d, true).unwrap();
    assert_eq!(d.pending().unwrap().1.log.parts, KeptParts::Clicked);
    assert_eq!(keep(&mut d, KeptParts::All, boxed([0; 3], [2; 3])), Err(Refused::Busy));
    resolve(&mut d, boxed([0; 3], [2; 3]));
    threshold(&mut d, 3, false).unwrap();
    d.apply(Command::Extend(LabelId(1))).unwrap();
    resolve(&mut d, boxed([0; 3], [4; 3]));
    assert_eq!(d.objects()[0].log.parts, KeptParts::Clicked);
    // It is of the object, not of its clicks.
    for _ in 0..2 {
        d.apply(removal(&d, LabelId(1), 0)).unwrap();
        resolve(&mut d, boxed([0; 3], [2; 3]));
    }
    let log = PromptLog { parts: KeptParts::Clicked, ..PromptLog::default() };
    assert_eq!(d.objects()[0].log, log);
    click(&mut d, true).unwrap();
    assert_eq!(d.pending().unwrap().1.log.parts, KeptParts::Clicked);
}

#[test]
fn without_an_answer_to_take_it_from_the_model_is_asked() {
    let mut d = one_object();
    let before = seen(&d);
    let ask = |parts| Command::KeepParts { object: LabelId(1), parts, mask: None };
    d.apply(ask(KeptParts::Clicked)).unwrap();
    assert_eq!(d.pending().unwrap().1.log, d.objects()[0].log);
    resolve(&mut d, boxed([0; 3], [1; 3]));
    assert_eq!(d.objects()[0].region.count(), 1);
    d.undo();
    assert_eq!(seen(&d), before);

    // Without clicks there is nothing to ask.
    d.apply(Command::NewObject).unwrap();
    let parts = KeptParts::Clicked;
    d.apply(Command::KeepParts { object: LabelId(2), parts, mask: None }).unwrap();
    assert!(d.pending().is_none() && d.objects()[1].log.parts == parts);
    let mask = Some(ModelMask { region: Arc::default(), touches: false, cut: false });
    let early = Command::KeepParts { object: LabelId(2), parts: KeptParts::All, mask };
    assert_eq!(d.apply(early), Err(Refused::NoAnswer));

    d.apply(Command::SetLocked(LabelId(1), true)).unwrap();
    let locked = seen(&d);
    assert_eq!(keep(&mut d, parts, boxed([0; 3], [1; 3])), Err(Refused::Locked));
    assert_eq!(d.apply(ask(parts)), Err(Refused::Locked));
    assert_eq!(seen(&d), locked);
}

#[test]
fn that_no_click_lies_in_the_mask_is_told() {
    let mut d = one_object();
    let all = |d: &Document| d.objects()[0].keeps_all_parts(d.image().grid());
    assert!(!all(&d));
    // The click is in a far corner.
    keep(&mut d, KeptParts::Clicked, boxed([0; 3], [2; 3])).unwrap();
    assert!(all(&d));
    keep(&mut d, KeptParts::All, boxed([0; 3], DIMS)).unwrap();
    assert!(!all(&d));
    keep(&mut d, KeptParts::Clicked, boxed([0; 3], DIMS)).unwrap();
    assert!(!all(&d));
    // Erasing the place by hand does not make it a click that has missed.
    edit(&mut d, None, subtract([0, 4, 0], [2, 5, 1])).unwrap();
    assert!(!all(&d));
    keep(&mut d, KeptParts::All, boxed([0; 3], [2; 3])).unwrap();
    keep(&mut d, KeptParts::Clicked, Region::default()).unwrap();
    assert!(!all(&d), "nothing is no mask");
}
