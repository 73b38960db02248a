//! What a user may do, at random, on a small document. Of what is public only, so that the window's tests, which belong
//! to another package, have it too (as a file of their own).

use std::sync::Arc;

use proptest::prelude::*;

use crate::document::{
    Change, Command, Depth, Document, EditKind, EditedObject, GestureId, LabelId, ModelMask,
    ObjectEdit, ObjectState, Over, Refused, Resolution,
};
use crate::geom::{DAffine3, DVec3, Grid};
use crate::prompt::{
    Answer, Extension, KeptParts, ModelState, Prompt, PromptId, PromptShape, ShapeKind,
};
use crate::volume::{NamedRegion, Region, Scale, StoredGeometry, Volume, Voxels};

pub const DIMS: [usize; 3] = [6, 5, 4];

pub fn document() -> Document {
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let stored = StoredGeometry::of(&grid);
    let voxels = Voxels::U8(vec![1; grid.count()]);
    let image = Volume::new("test", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, Vec::new());
    Document::new(Arc::new(image))
}

/// A click in the far corner, which the masks of these tests leave free.
pub fn click(document: &mut Document, positive: bool) -> Result<(), Refused> {
    let x = f64::from(document.history_steps().1 as u32 % 2) * 0.25;
    let world = DVec3::new(x, 4.0, 0.0);
    document.apply(Command::AddPrompt { object: None, prompt: Prompt::new(world, positive) })
}

/// A box there, or a scribble.
pub fn draw(document: &mut Document, positive: bool) -> Result<(), Refused> {
    let count = document.history_steps().1;
    let kind = if count.is_multiple_of(2) { ShapeKind::Box } else { ShapeKind::Scribble };
    let shape = PromptShape::new(kind, 2, vec![[0.0, 0.0], [1.0, -1.0]], 0.5);
    let prompt = Prompt::new(DVec3::new(f64::from(count as u32 % 4) * 0.1, 4.0, 0.0), positive);
    let shape = Arc::new(shape.unwrap());
    document.apply(Command::AddShape { object: None, prompt, shape })
}

/// Answers the oldest pending click the way a model would.
pub fn resolve(document: &mut Document, region: Region) {
    let (entry, click) = document.pending().map(|(e, c)| (e, c.clone())).unwrap();
    let mut extensions = click.log.extensions.clone();
    if click.extend {
        let centre = DVec3::splat(extensions.len() as f64 + 1.0);
        // In turn at the first click and elsewhere.
        let seeds = [click.log.prompts[0].world, DVec3::splat(2.5)];
        let clicks = click.log.prompts.len();
        extensions.push(Extension { centre, seed: seeds[extensions.len() % 2], clicks });
    }
    let prompts = click.log.prompts.clone();
    let resolution = Resolution {
        answer: Answer {
            score: (!prompts.is_empty()).then_some(0.5),
            adjustable: true,
            state: Some(ModelState::new(prompts.clone())),
            prompts,
            model: Some("test".into()),
            ..Answer::default()
        },
        extensions,
        region: if click.log.prompts.is_empty() {
            Resolution::without_prompts(&click.log).region
        } else {
            region
        },
    };
    document.apply(Command::Resolve { entry, resolution: Arc::new(resolution) }).unwrap();
}

pub fn boxed(lo: [usize; 3], hi: [usize; 3]) -> Region {
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let mut mask = vec![false; grid.count()];
    for z in lo[2]..hi[2] {
        for y in lo[1]..hi[1] {
            for x in lo[0]..hi[0] {
                mask[grid.index([x, y, z])] = true;
            }
        }
    }
    Region::from_mask(DIMS[0], mask)
}

/// The command that takes out a click of an object, counted from 0.
pub fn removal(document: &Document, object: LabelId, index: usize) -> Command {
    let prompts = document.object(object).map_or(&[][..], |o| &o.log.prompts);
    let prompt = prompts.get(index).map_or(PromptId(u64::MAX), |p| p.id);
    Command::RemovePrompt { object, prompt }
}

pub fn paint(
    d: &mut Document,
    object: Option<LabelId>,
    change: Change,
    over: Over,
    gesture: GestureId,
) -> Result<(), Refused> {
    let kind =
        if matches!(change, Change::Subtract(_)) { EditKind::Eraser } else { EditKind::Brush };
    d.apply(Command::Edit { object, change, over, kind, gesture })
}

/// What a user may do, at random.
#[derive(Clone, Debug)]
pub enum Deed {
    New,
    Click(bool),
    /// An object is begun by a click, under this number.
    Begin(u16),
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
    /// Two structures that may share voxels, each the box between two corners.
    ImportSharing([[usize; 3]; 4]),
    /// What of an object lies under others comes to the top.
    Front(usize),
    /// It is the others' alone.
    GiveUp(usize),
    Extend(usize),
    StartFromMask(usize),
    Threshold([usize; 3], bool),
    /// Which object (none, or one of a few), how, where, over what, and whether another gesture begins.
    Edit(Option<usize>, usize, [[usize; 3]; 2], usize, bool),
    Lock(usize, bool),
    State(usize, usize),
    /// Whose, into whose.
    Merge(usize, usize),
    /// Whose copy.
    Duplicate(usize),
    /// Whose, into whose.
    AddCopy(usize, usize),
    /// Whose, to which number.
    Renumber(usize, u16),
    /// Whose (one more: a new one's), over what, how and how deep, where.
    EditAll([DeedEdit; 2]),
    Fail,
    /// A click that fails at once.
    Vain(bool),
    Undo,
    Redo,
}

pub fn deed() -> impl Strategy<Value = Deed> {
    let corner = || [0usize..6, 0..5, 0..4];
    prop_oneof![
        1 => Just(Deed::New),
        4 => any::<bool>().prop_map(Deed::Click),
        1 => (0u16..6).prop_map(Deed::Begin),
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
        2 => [corner(), corner(), corner(), corner()].prop_map(Deed::ImportSharing),
        1 => (0usize..4).prop_map(Deed::Front),
        1 => (0usize..4).prop_map(Deed::GiveUp),
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
        1 => (0usize..4).prop_map(Deed::Duplicate),
        1 => (0usize..4, 0usize..4).prop_map(|(from, into)| Deed::AddCopy(from, into)),
        3 => [deed_edit(), deed_edit()].prop_map(Deed::EditAll),
        1 => Just(Deed::Fail),
        3 => any::<bool>().prop_map(Deed::Vain),
        3 => Just(Deed::Undo),
        2 => Just(Deed::Redo),
    ]
}

/// The box between two voxels.
pub fn between(a: [usize; 3], b: [usize; 3]) -> Region {
    let lo = std::array::from_fn(|i| a[i].min(b[i]));
    boxed(lo, std::array::from_fn(|i| a[i].max(b[i]) + 1))
}

/// A structure of a file.
pub fn label(value: u16, region: Region) -> NamedRegion {
    NamedRegion {
        value,
        name: None,
        colour: None,
        opacity: None,
        visible: true,
        region,
        on_top: None,
    }
}

pub type DeedEdit = (usize, usize, (usize, usize), [[usize; 3]; 2]);

fn deed_edit() -> impl Strategy<Value = DeedEdit> {
    let corner = || [0usize..6, 0..5, 0..4];
    (0usize..4, 0usize..6, (0usize..3, 0usize..3), [corner(), corner()])
}

pub fn edit_all(d: &mut Document, edits: &[DeedEdit]) -> Result<(), Refused> {
    let pick = |n: usize| d.objects().get(n).map(|o| o.id);
    let edit = |&(n, over, (how, deep), [a, b]): &DeedEdit| {
        let target = pick(n).map_or(EditedObject::New(Some("new".into())), EditedObject::Known);
        let region = Arc::new(between(a, b));
        let change = [Change::Add, Change::Subtract, Change::Replace][how](region);
        let other = |n| Over::Only(pick(n).unwrap_or(LabelId(1)));
        let over = [Over::Background, Over::Unlocked, other(0), other(1), other(2), other(3)][over];
        let depth = [Depth::Seen, Depth::Whole, Depth::Shared][deep];
        ObjectEdit { target, change, over, depth }
    };
    let edits = edits.iter().map(edit).collect();
    d.apply(Command::EditAll { name: "Some", edits })
}

pub fn prompt_of(d: &Document, object: LabelId, index: usize) -> PromptId {
    let prompts = d.object(object).map_or(&[][..], |o| &o.log.prompts);
    prompts.get(index).map_or(PromptId(u64::MAX), |p| p.id)
}

/// What is done to the clicks of the active object, or to what is made of them.
pub fn change_clicks(d: &mut Document, deed: &Deed) -> Result<(), Refused> {
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

fn begin(number: u16) -> Command {
    Command::BeginByPrompt {
        number: LabelId(number),
        name: "begun".to_owned(),
        colour: [9; 3],
        prompt: Prompt::positive(DVec3::new(5.0, 4.0, 3.0)),
    }
}

pub fn do_deed(d: &mut Document, deed: &Deed, gesture: &mut GestureId) {
    let pick = |d: &Document, n: usize| d.objects().get(n).map(|o| o.id);
    let _refusals_are_fine = match deed {
        Deed::New => d.apply(Command::NewObject),
        Deed::Click(positive) if d.history_steps().1 % 3 == 2 => draw(d, *positive),
        Deed::Click(positive) => click(d, *positive),
        Deed::Begin(number) => d.apply(begin(*number)),
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
        Deed::Import(corner) => d.apply(Command::Import(vec![label(5, boxed(*corner, DIMS))])),
        Deed::ImportSharing([a, b, c, e]) => {
            let labels = vec![label(3, between(*a, *b)), label(4, between(*c, *e))];
            d.apply(Command::Import(labels))
        }
        Deed::Front(n) => pick(d, *n).map_or(Ok(()), |id| d.apply(Command::BringToFront(id))),
        Deed::GiveUp(n) => pick(d, *n).map_or(Ok(()), |id| d.apply(Command::GiveUpCovered(id))),
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
        Deed::Duplicate(n) => pick(d, *n).map_or(Ok(()), |object| {
            d.apply(Command::Duplicate { object, name: format!("copy {n}") })
        }),
        Deed::AddCopy(from, into) => match (pick(d, *from), pick(d, *into)) {
            (Some(from), Some(into)) => d.apply(Command::AddCopy { into, from }),
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
