//! Anything a user may do, in any order.

use std::sync::Arc;

use proptest::prelude::*;

use super::edits::paint;
use super::*;
use crate::prompt::KeptParts;

/// What a user may do, at random.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    New,
    Click(bool),
    Answer([usize; 3], [usize; 3]),
    RemovePrompt(usize),
    MovePrompt(usize, [usize; 3]),
    FlipPrompt(usize),
    KeepParts(bool, Option<[usize; 3]>),
    RemoveObject(usize),
    Rename(usize),
    Opacity(usize),
    Select(usize),
    Import([usize; 3]),
    Extend(usize),
    StartFromMask(usize),
    Threshold([usize; 3], bool),
    /// Which object (none, or one of a few), how, where, over what, and whether another gesture begins.
    Edit(Option<usize>, usize, [[usize; 3]; 2], usize, bool),
    Lock(usize, bool),
    State(usize, usize),
    /// Whose, into whose.
    Merge(usize, usize),
    /// Whose, to which number.
    Renumber(usize, u16),
    /// Whose (one more: a new one's), over what, where.
    EditAll([DeedEdit; 2]),
    Fail,
    /// A click that fails at once.
    Vain(bool),
    Undo,
    Redo,
}

pub(crate) fn deed() -> impl Strategy<Value = Deed> {
    let corner = || [0usize..6, 0..5, 0..4];
    prop_oneof![
        1 => Just(Deed::New),
        4 => any::<bool>().prop_map(Deed::Click),
        5 => (corner(), corner()).prop_map(|(a, b)| Deed::Answer(a, b)),
        1 => (0usize..4).prop_map(Deed::RemovePrompt),
        1 => (0usize..4, corner()).prop_map(|(n, to)| Deed::MovePrompt(n, to)),
        1 => (0usize..4).prop_map(Deed::FlipPrompt),
        1 => (any::<bool>(), prop::option::of(corner())).prop_map(|(on, c)| Deed::KeepParts(on, c)),
        1 => (0usize..4).prop_map(Deed::RemoveObject),
        1 => (0usize..4).prop_map(Deed::Rename),
        1 => (0usize..4).prop_map(Deed::Opacity),
        1 => (0usize..4).prop_map(Deed::Select),
        1 => corner().prop_map(Deed::Import),
        2 => (0usize..3).prop_map(Deed::Extend),
        1 => (0usize..4).prop_map(Deed::StartFromMask),
        3 => (corner(), any::<bool>()).prop_map(|(c, b)| Deed::Threshold(c, b)),
        9 => (
            prop::option::of(0usize..4), 0usize..3, [corner(), corner()], 0usize..5, any::<bool>()
        ).prop_map(|(n, how, at, over, begins)| Deed::Edit(n, how, at, over, begins)),
        1 => (0usize..4, any::<bool>()).prop_map(|(n, locked)| Deed::Lock(n, locked)),
        1 => (0usize..4, 0usize..3).prop_map(|(n, state)| Deed::State(n, state)),
        1 => (0usize..4, 0usize..4).prop_map(|(from, into)| Deed::Merge(from, into)),
        1 => (0usize..4, 0u16..6).prop_map(|(n, number)| Deed::Renumber(n, number)),
        2 => [(0usize..4, 0usize..5, [corner(), corner()]), (0usize..4, 0usize..5, [corner(), corner()])]
            .prop_map(Deed::EditAll),
        1 => Just(Deed::Fail),
        3 => any::<bool>().prop_map(Deed::Vain),
        3 => Just(Deed::Undo),
        2 => Just(Deed::Redo),
    ]
}

/// The box between two voxels.
fn between(a: [usize; 3], b: [usize; 3]) -> Region {
    let lo = std::array::from_fn(|i| a[i].min(b[i]));
    boxed(lo, std::array::from_fn(|i| a[i].max(b[i]) + 1))
}

/// Locked objects and their voxels.
fn locked(d: &Document) -> Vec<(LabelId, Arc<Region>)> {
    let locked = d.objects().iter().filter(|o| o.locked);
    locked.map(|o| (o.id, Arc::clone(&o.region))).collect()
}

pub(crate) type DeedEdit = (usize, usize, [[usize; 3]; 2]);

fn edit_all(d: &mut Document, edits: &[DeedEdit]) -> Result<(), Refused> {
    let pick = |n: usize| d.objects().get(n).map(|o| o.id);
    let edit = |&(n, over, [a, b]): &DeedEdit| {
        let target = pick(n).map_or(EditedObject::New(Some("new".into())), EditedObject::Known);
        let region = Arc::new(between(a, b));
        let change = [Change::Add, Change::Subtract, Change::Replace][over % 3](region);
        let other = pick(over).unwrap_or(LabelId(1));
        let over = if over < 2 { Over::Unlocked } else { Over::Only(other) };
        ObjectEdit { target, change, over }
    };
    let edits = edits.iter().map(edit).collect();
    d.apply(Command::EditAll { name: "Some", edits })
}

fn prompt_of(d: &Document, object: LabelId, index: usize) -> PromptId {
    let prompts = d.object(object).map_or(&[][..], |o| &o.log.prompts);
    prompts.get(index).map_or(PromptId(u64::MAX), |p| p.id)
}

/// What is done to the clicks of the active object, or to what is made of them.
fn change_clicks(d: &mut Document, deed: &Deed) -> Result<(), Refused> {
    let Some(object) = d.active().map(|o| o.id) else { return Ok(()) };
    let command = match deed {
        Deed::RemovePrompt(index) => removal(d, object, *index),
        Deed::MovePrompt(index, to) => {
            let to = DVec3::from_array(to.map(|c| c as f64));
            Command::MovePrompt { object, prompt: prompt_of(d, object, *index), to }
        }
        Deed::FlipPrompt(index) => {
            Command::FlipPrompt { object, prompt: prompt_of(d, object, *index) }
        }
        Deed::KeepParts(on, corner) => {
            let region = corner.map(|c| Arc::new(boxed([0; 3], c.map(|c| c + 1))));
            let mask = region.map(|region| ModelMask { region, touches: *on, cut: !*on });
            let parts = if *on { KeptParts::Clicked } else { KeptParts::All };
            Command::KeepParts { object, parts, mask }
        }
        _ => return Ok(()),
    };
    d.apply(command)
}

pub(crate) fn do_deed(d: &mut Document, deed: &Deed, gesture: &mut GestureId) {
    let pick = |d: &Document, n: usize| d.objects().get(n).map(|o| o.id);
    let _refusals_are_fine = match deed {
        Deed::New => d.apply(Command::NewObject),
        Deed::Click(positive) => click(d, *positive),
        Deed::Answer(a, b) => {
            if d.pending().is_some() {
                resolve(d, between(*a, *b));
            }
            Ok(())
        }
        Deed::RemovePrompt(..)
        | Deed::MovePrompt(..)
        | Deed::FlipPrompt(_)
        | Deed::KeepParts(..) => change_clicks(d, deed),
        Deed::RemoveObject(n) => {
            pick(d, *n).map_or(Ok(()), |id| d.apply(Command::RemoveObject(id)))
        }
        Deed::Rename(n) => {
            pick(d, *n).map_or(Ok(()), |id| d.apply(Command::Rename(id, format!("name {n}"))))
        }
        Deed::Opacity(n) => {
            let opacity = 0.1 + *n as f32 / 8.0;
            pick(d, *n).map_or(Ok(()), |id| d.apply(Command::SetOpacity(id, opacity)))
        }
        Deed::StartFromMask(n) => {
            pick(d, *n).map_or(Ok(()), |id| d.apply(Command::StartFromMask(id)))
        }
        Deed::Select(n) => pick(d, *n).map_or(Ok(()), |id| d.apply(Command::Select(id))),
        Deed::Import(corner) => {
            let region = boxed(*corner, DIMS);
            let label = NamedRegion {
                value: 5,
                name: None,
                colour: None,
                opacity: None,
                visible: true,
                region,
            };
            d.apply(Command::Import(vec![label]))
        }
        Deed::Extend(n) => pick(d, *n).map_or(Ok(()), |id| d.apply(Command::Extend(id))),
        Deed::Threshold(corner, continues) => match d.active().map(|o| o.id) {
            Some(object) => d.apply(Command::SetThreshold {
                object,
                threshold: corner[0] as f32,
                region: Arc::new(boxed([0; 3], corner.map(|c| c + 1))),
                touches: corner[1] % 2 == 0,
                cut: corner[1] % 3 == 0,
                continues: *continues,
            }),
            None => Ok(()),
        },
        Deed::Edit(n, how, [a, b], over, begins) => {
            gesture.0 += u64::from(*begins);
            let region = Arc::new(between(*a, *b));
            let change = [Change::Add, Change::Subtract, Change::Replace][*how](region);
            let other = pick(d, *over).unwrap_or(LabelId(1));
            let overs = [Over::Background, Over::Unlocked, Over::Unlocked];
            let over = overs.get(*over).copied().unwrap_or(Over::Only(other));
            paint(d, n.and_then(|n| pick(d, n)), change, over, *gesture)
        }
        Deed::Merge(from, into) => match (pick(d, *from), pick(d, *into)) {
            (Some(from), Some(into)) => d.apply(Command::Merge { into, from }),
            _ => Ok(()),
        },
        Deed::Renumber(n, number) => {
            pick(d, *n).map_or(Ok(()), |id| d.apply(Command::Renumber(id, LabelId(*number))))
        }
        Deed::EditAll(edits) => edit_all(d, edits),
        Deed::Lock(n, locked) => {
            pick(d, *n).map_or(Ok(()), |id| d.apply(Command::SetLocked(id, *locked)))
        }
        Deed::State(n, state) => {
            let state = [ObjectState::Open, ObjectState::Flagged, ObjectState::Done][*state];
            pick(d, *n).map_or(Ok(()), |id| d.apply(Command::SetState(id, state)))
        }
        Deed::Fail => match d.pending().map(|(entry, _)| entry) {
            Some(entry) => d.apply(Command::Withdraw(entry)),
            None => Ok(()),
        },
        Deed::Vain(positive) => match (d.pending().is_none(), click(d, *positive)) {
            (true, Ok(())) => {
                let entry = d.pending().map(|(entry, _)| entry).unwrap();
                d.apply(Command::Withdraw(entry))
            }
            (_, done) => done,
        },
        Deed::Undo => {
            d.undo();
            Ok(())
        }
        Deed::Redo => {
            d.redo();
            Ok(())
        }
    };
}

/// All steps, done and undone, and how many are done.
fn steps(d: &Document) -> (Vec<String>, usize) {
    let (steps, done) = d.history_steps();
    (steps.iter().map(|step| format!("{step:?}")).collect(), done)
}

/// What there is after each step that can be redone; undone again in the end.
fn redone(d: &mut Document) -> Vec<(Vec<u16>, Vec<Object>)> {
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
        let pristine = seen(&d);
        let mut gesture = GestureId(0);
        // What was before the newest step.
        let mut before_newest = None;
        for deed in &deeds {
            let (mut before, length, idle) = (seen(&d), d.history_len(), d.pending().is_none());
            let (state, protected) = (d.state(), locked(&d));
            if matches!(deed, Deed::Vain(_)) && idle {
                let (steps, redone) = (steps(&d), redone(&mut d));
                do_deed(&mut d, deed, &mut gesture);
                prop_assert_eq!(&(seen(&d), d.state()), &(before, state), "{:?}", deed);
                prop_assert_eq!(self::steps(&d), steps);
                prop_assert_eq!(self::redone(&mut d), redone);
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
                prop_assert_eq!(d.object(id).map(|o| &o.region), Some(&region), "{:?}", deed);
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
