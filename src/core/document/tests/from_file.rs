//! Masks that came from a file.

use super::super::*;
use super::{boxed, click, document, prompt, resolve};
use crate::volume::NamedRegion;

/// What is said of a mask from a file must be so: it can't be refined, whichever object is selected.
#[test]
fn clicks_on_a_mask_from_a_file_are_refused_with_the_true_reason() {
    let mut d = document();
    let named = |value, region| {
        let (name, colour, opacity, visible) = (None, None, None, true);
        NamedRegion { value, name, colour, opacity, visible, region, on_top: None }
    };
    let click_at = |d: &mut Document, x, positive| {
        d.apply(Command::AddPrompt { object: None, prompt: prompt(x, positive) })
    };
    click_at(&mut d, 4.0, true).unwrap();
    resolve(&mut d, boxed([4, 1, 1], [5, 2, 2]));
    d.apply(Command::Import(vec![named(4, boxed([0; 3], [3; 3]))])).unwrap();
    let before = d.labels().clone();
    for (selected, x, positive, expected) in [
        (4, 1.0, true, Refused::FromFile),
        (4, 1.0, false, Refused::FromFile),
        (4, 3.0, false, Refused::FromFile),
        (1, 1.0, true, Refused::FromFile),
    ] {
        d.apply(Command::Select(LabelId(selected))).unwrap();
        let refused = click_at(&mut d, x, positive).unwrap_err();
        assert_eq!(refused, expected, "object {selected}, x {x}, positive {positive}");
        assert_eq!(d.labels(), &before);
    }
    assert_eq!(d.apply(Command::Extend(LabelId(4))), Err(Refused::FromFile));
    // What the message proposes works.
    d.apply(Command::Select(LabelId(4))).unwrap();
    click_at(&mut d, 3.0, true).unwrap();
    resolve(&mut d, boxed([3, 1, 1], [4, 2, 2]));
    assert_eq!(d.objects().len(), 3);
    d.apply(Command::RemoveObject(LabelId(4))).unwrap();
    d.apply(Command::NewObject).unwrap();
    click_at(&mut d, 1.0, true).unwrap();
}

#[test]
fn a_click_never_replaces_a_mask_that_came_from_a_file() {
    let mut d = document();
    let region = boxed([0; 3], [3; 3]);
    let label = NamedRegion {
        value: 4,
        name: None,
        colour: None,
        opacity: None,
        visible: true,
        region: region.clone(),
        on_top: None,
    };
    d.apply(Command::Import(vec![label])).unwrap();
    d.apply(Command::Select(LabelId(4))).unwrap();
    click(&mut d, true).unwrap();
    resolve(&mut d, boxed([2; 3], [4; 3]));
    assert_eq!(*d.object(LabelId(4)).unwrap().region, region);
    assert_eq!(d.objects().len(), 2);
}
