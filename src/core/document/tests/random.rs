//! Anything a user may do, in any order.

use proptest::prelude::*;

use super::deeds::*;
use super::*;

/// Locked objects and their voxels, wherever they lie: what lay under another one may come up.
fn locked(d: &Document) -> Vec<(LabelId, Arc<Region>)> {
    let locked = d.objects().iter().filter(|o| o.locked);
    locked.map(|o| (o.id, o.whole(DIMS[0]))).collect()
}

/// All steps, done and undone, and how many are done.
fn steps(d: &Document) -> (Vec<String>, usize) {
    let (steps, done) = d.history_steps();
    (steps.iter().map(|step| format!("{step:?}")).collect(), done)
}

type Seen = fn(&Document) -> (Vec<u16>, Vec<Object>);

/// What there is after each step that can be redone; undone again in the end.
fn redone(d: &mut Document, seen: Seen) -> Vec<(Vec<u16>, Vec<Object>)> {
    let mut states = Vec::new();
    while d.redo() {
        states.push(seen(d));
    }
    for _ in &states {
        assert!(d.undo());
    }
    states
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// After any deeds: the map and the objects say the same, and each object is what its layers say; what is locked
    /// is as it was; undo then redo changes nothing; a click that fails changes nothing, what can be redone included; a
    /// change made while nothing was pending is undone to exactly the
    /// state before it (one step of a gesture, to the state before the gesture); undoing all leads back to the empty
    /// document, and redoing all leads back to where we were.
    #[test]
    fn history_is_exact(deeds in prop::collection::vec(deed(), 1..60), tight in any::<bool>()) {
        let mut d = document();
        if tight {
            // All but the last steps are packed.
            d.keep_history_in(Box::new(InMemory), 0);
        }
        let seen: Seen = if tight { plain } else { seen };
        let pristine = seen(&d);
        let mut gesture = GestureId(0);
        // What was before the newest step.
        let mut before_newest = None;
        for deed in &deeds {
            let (mut before, length, idle) = (seen(&d), d.history_len(), d.pending().is_none());
            let (state, protected) = (d.state(), locked(&d));
            if matches!(deed, Deed::Vain(_)) && idle {
                let (steps, redone) = (steps(&d), redone(&mut d, seen));
                do_deed(&mut d, deed, &mut gesture);
                prop_assert_eq!(&(seen(&d), d.state()), &(before, state), "{:?}", deed);
                prop_assert_eq!(self::steps(&d), steps);
                prop_assert_eq!(self::redone(&mut d, seen), redone);
                before_newest = None;
                continue;
            }
            do_deed(&mut d, deed, &mut gesture);
            prop_assert!(layers_agree(&d), "after {deed:?}");
            let elsewhen =
                matches!(deed, Deed::Undo | Deed::Redo | Deed::Answer(..) | Deed::Fail);
            if elsewhen {
                before_newest = None;
                continue;
            }
            // Its number isn't.
            let renumbers = matches!(deed, Deed::Renumber(..));
            for (id, region) in protected.into_iter().filter(|_| !renumbers) {
                prop_assert_eq!(d.object(id).map(|o| o.whole(DIMS[0])), Some(region), "{:?}", deed);
            }
            if d.history_len() + 1 == length {
                // A gesture has taken back all that it did.
                prop_assert!(before_newest.take().is_none_or(|before| before == seen(&d)));
            } else if d.state() != state {
                if d.history_len() == length {
                    let Some(began) = before_newest.clone() else { continue };
                    before = began;
                }
                before_newest = Some(before.clone());
                if idle {
                    let after = seen(&d);
                    // Where the gesture goes on, it must not end by looking.
                    let mut copy = None;
                    if matches!(deed, Deed::Edit(..) | Deed::Threshold(..) | Deed::Opacity(_)) {
                        copy = d.history.newest_merge();
                    }
                    d.undo();
                    prop_assert_eq!(&seen(&d), &before, "undo of {:?}", deed);
                    d.redo();
                    prop_assert_eq!(&seen(&d), &after, "redo of {:?}", deed);
                    if let Some(key) = copy {
                        d.history.mark_merge(key);
                    }
                }
            }
        }
        let there = seen(&d);
        let mut undone = 0;
        while d.undo() {
            prop_assert!(layers_agree(&d));
            undone += 1;
        }
        prop_assert_eq!(seen(&d), pristine);
        for _ in 0..undone {
            prop_assert!(d.redo());
            prop_assert!(layers_agree(&d));
        }
        prop_assert_eq!(seen(&d), there);
    }
}
