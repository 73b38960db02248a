//! Prompts that are more than points: they stand in the log beside the clicks, and go, move and come back with them.

use super::*;
use crate::prompt::{PromptShape, ShapeKind};

fn drawn(kind: ShapeKind, places: &[[f64; 2]], positive: bool) -> Command {
    let (anchor, shape) = PromptShape::drawn(kind, (2, 1), places, 0.5, DIMS).unwrap();
    let world = DVec3::from_array(anchor.map(|n| n as f64));
    Command::AddShape { object: None, prompt: Prompt::new(world, positive), shape: Arc::new(shape) }
}

const BOX: [[f64; 2]; 2] = [[1.0, 1.0], [3.0, 4.0]];
const LINE: [[f64; 2]; 3] = [[0.0, 0.0], [2.2, 1.4], [5.0, 0.0]];

fn log(d: &Document) -> &PromptLog {
    &d.objects()[0].log
}

/// The voxels of the prompts that are more than points.
fn voxels(d: &Document) -> Vec<usize> {
    let log = log(d);
    let shapes = log.prompts.iter().filter_map(|p| Some((p, log.shape(p.id)?)));
    let count = |(p, shape): (&Prompt, &Arc<PromptShape>)| {
        let anchor = d.image().grid().voxel_at(p.world).unwrap();
        shape.voxels(anchor, DIMS).runs()[0].start
    };
    shapes.map(count).collect()
}

#[test]
fn shapes_are_prompts_as_clicks_are() {
    let mut d = document();
    d.apply(drawn(ShapeKind::Box, &BOX, true)).unwrap();
    resolve(&mut d, boxed([1, 1, 1], [4, 5, 2]));
    d.apply(drawn(ShapeKind::Scribble, &LINE, false)).unwrap();
    resolve(&mut d, boxed([1, 1, 1], [4, 4, 2]));
    let kinds = |d: &Document| {
        let log = log(d);
        let kind = |p: &Prompt| log.shape(p.id).map(|shape| shape.kind());
        log.prompts.iter().map(kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&d), [Some(ShapeKind::Box), Some(ShapeKind::Scribble)]);
    assert_eq!(d.objects()[0].replayed(), 2);
    let names: Vec<_> = d.history_steps().0.iter().map(|step| step.name).collect();
    assert_eq!(names, ["Box around the structure", "Scribble outside of the structure"]);
    // A point beside them is one.
    d.apply(Command::AddPrompt { object: None, prompt: prompt(1.0, true) }).unwrap();
    assert_eq!(kinds(&d)[2], None);
    assert!(d.undo() && d.undo());
    assert_eq!(kinds(&d), [Some(ShapeKind::Box)]);
    assert!(d.redo());
    assert_eq!(kinds(&d), [Some(ShapeKind::Box), Some(ShapeKind::Scribble)]);
    let taken =
        log(&d).shapes_beside(crate::prompt::ShapeKinds { boxes: true, ..Default::default() });
    assert_eq!(taken, [0, 1, 0]);
}

#[test]
fn a_shape_moves_whole_and_not_out_of_the_scan() {
    let mut d = document();
    d.apply(drawn(ShapeKind::Box, &BOX, true)).unwrap();
    resolve(&mut d, boxed([1, 1, 1], [4, 5, 2]));
    let (object, prompt) = (LabelId(1), log(&d).prompts[0].id);
    let first = voxels(&d)[0];
    let to = log(&d).prompts[0].world + DVec3::new(1.0, -1.0, 1.0);
    d.apply(Command::MovePrompt { object, prompt, to }).unwrap();
    assert_eq!(voxels(&d), [first + 1 - 6 + 30], "another place, the next slice");
    let beside = log(&d).prompts[0].world + DVec3::new(2.0, 0.0, 0.0);
    let moved = d.apply(Command::MovePrompt { object, prompt, to: beside });
    assert_eq!(moved, Err(Refused::ShapeOutside));
    let flip = d.apply(Command::FlipPrompt { object, prompt });
    assert_eq!(flip, Err(Refused::FirstMustBePositive));
    assert!(d.undo());
    assert_eq!(voxels(&d), [first]);
    d.apply(Command::RemovePrompt { object, prompt }).unwrap();
    assert!(log(&d).prompts.is_empty() && d.undo());
    assert_eq!(voxels(&d), [first]);
}

#[test]
fn a_shape_that_is_none_of_the_scan_is_refused() {
    let mut d = document();
    let shape =
        PromptShape::new(ShapeKind::Scribble, 0, vec![[0.0, 0.0], [0.0, 3.0]], 1.0).unwrap();
    let add = |x: f64, z: f64| {
        let prompt = Prompt::positive(DVec3::new(x, 2.0, z));
        Command::AddShape { object: None, prompt, shape: Arc::new(shape.clone()) }
    };
    assert_eq!(d.apply(add(1.0, 1.0)), Err(Refused::ShapeOutside));
    assert_eq!(d.apply(add(9.0, 0.0)), Err(Refused::OutsideVolume));
    assert_eq!(d.apply(drawn(ShapeKind::Box, &BOX, false)), Err(Refused::FirstMustBePositive));
    assert!(d.objects().is_empty());
    d.apply(add(1.0, 0.0)).unwrap();
    // Another object's voxel is no place to begin in.
    resolve(&mut d, boxed([1, 1, 1], [4, 5, 2]));
    d.apply(Command::NewObject).unwrap();
    assert_eq!(d.apply(drawn(ShapeKind::Box, &BOX, true)), Err(Refused::Taken));
}
