//! A history that takes too much memory is kept elsewhere, and comes back.

use std::sync::Mutex;

use super::deeds::paint;
use super::*;
use crate::prompt::ModelState;
use crate::volume::MemoryTally;

/// Keeps all bytes outside of memory, and gives them as long as it is well.
#[derive(Debug, Default)]
struct Shelf(Arc<Mutex<Option<String>>>);

#[derive(Debug)]
struct OnShelf(Vec<u8>, Arc<Mutex<Option<String>>>);

impl HistoryStore for Shelf {
    fn keep(&mut self, bytes: Vec<u8>) -> Arc<dyn KeptBytes> {
        Arc::new(OnShelf(bytes, Arc::clone(&self.0)))
    }
}

impl KeptBytes for OnShelf {
    fn read(&self) -> Result<Vec<u8>, String> {
        self.1.lock().unwrap().clone().map_or_else(|| Ok(self.0.clone()), Err)
    }

    fn in_memory(&self) -> usize {
        0
    }
}

/// A stroke as a step of its own: one voxel, in turn given and taken.
fn stroke(d: &mut Document, n: u64) {
    let voxel = [n as usize % 6, n as usize / 6 % 5, 1];
    let region = Arc::new(boxed(voxel, voxel.map(|v| v + 1)));
    let change = if n % 60 < 30 { Change::Add(region) } else { Change::Subtract(region) };
    paint(d, Some(LabelId(1)), change, Over::Background, GestureId(n + 1)).unwrap();
}

/// What a document shows: its label map and its objects.
type Shown = (Vec<u16>, Vec<Object>);

/// So many strokes with a history of so many bytes, and the most that it took.
fn strokes(count: u64, limit: usize) -> (Document, Vec<Shown>, usize) {
    let mut d = document();
    d.apply(Command::NewObject).unwrap();
    d.keep_history_in(Box::<Shelf>::default(), limit);
    let mut most = 0;
    let mut states = vec![seen(&d)];
    for n in 0..count {
        stroke(&mut d, n);
        states.push(seen(&d));
        most = most.max(d.history_bytes());
    }
    (d, states, most)
}

#[test]
fn a_history_stays_within_its_bytes_and_all_of_it_can_be_undone() {
    // What the list of steps takes by itself, with all that can be put away out of memory.
    let (_, _, least) = strokes(400, 0);
    let limit = least + 2000;
    let (_, _, whole) = strokes(400, usize::MAX);
    assert!(whole > limit + 4000, "{whole} {limit}");
    let (mut d, states, most) = strokes(400, limit);
    assert!(most <= limit, "{most}");
    assert_eq!(d.history_len(), 401, "none is forgotten");
    for state in states.iter().rev() {
        assert_eq!(&seen(&d), state);
        assert!(d.undo());
        assert!(d.history_bytes() <= limit, "{}", d.history_bytes());
    }
    assert!(d.redo());
    for state in &states[1..] {
        assert!(d.redo());
        assert_eq!(&seen(&d), state);
    }
}

/// What a model keeps of an answer: a block for each click, shared by the answers that follow.
#[derive(Debug, PartialEq)]
struct Blocks(Vec<Arc<Vec<u8>>>);

const BLOCK: usize = 100_000;

impl Blocks {
    fn tally(&self, tally: &mut MemoryTally) {
        for block in &self.0 {
            if tally.is_new(block) {
                tally.add(block.len());
            }
        }
    }
}

/// Answers the click that is pending with one more block than the answer before it had.
fn answer_with_blocks(d: &mut Document, region: Region) {
    let (entry, click) = d.pending().map(|(e, c)| (e, c.clone())).unwrap();
    let kept = d.object(click.object).and_then(|o| o.answer.state.clone());
    let mut blocks = kept.and_then(|s| Some(s.get::<Blocks>()?.0.clone())).unwrap_or_default();
    blocks.push(Arc::new(vec![7; BLOCK]));
    let state = Some(ModelState::with_tally(Blocks(blocks), Blocks::tally));
    let prompts = click.log.prompts;
    let answer = Answer { prompts, adjustable: true, state, ..Answer::default() };
    let resolution = Arc::new(Resolution { answer, extensions: Vec::new(), region });
    d.apply(Command::Resolve { entry, resolution }).unwrap();
}

/// Objects of so many clicks each, deleted again; after each step what is seen, without what the model keeps.
fn clicked(objects: u16, clicks: usize, limit: usize) -> (Document, Vec<Shown>, usize) {
    let mut d = document();
    d.keep_history_in(Box::<Shelf>::default(), limit);
    let (mut states, mut most) = (vec![plain(&d)], 0);
    let mut note = |d: &Document| {
        states.push(plain(d));
        most = most.max(d.history_bytes());
    };
    for n in 0..objects {
        for step in 0..clicks {
            click(&mut d, true).unwrap();
            answer_with_blocks(&mut d, boxed([0; 3], [1 + step % 5, 3, 1 + usize::from(n) % 3]));
            note(&d);
        }
        let id = d.active().unwrap().id;
        d.apply(Command::RemoveObject(id)).unwrap();
        note(&d);
    }
    (d, states, most)
}

#[test]
fn what_a_model_keeps_of_its_answers_is_counted_once_and_let_go_when_it_is_too_much() {
    let (d, _, whole) = clicked(20, 5, usize::MAX);
    // One for each click, though each is in up to five answers; and some kilobytes for the steps themselves.
    let blocks = 100 * BLOCK;
    assert!((blocks..blocks + 300_000).contains(&whole), "{whole}");
    assert_eq!(d.history_bytes(), whole);
    // Of an object that is there they are not the history's.
    let mut one = document();
    click(&mut one, true).unwrap();
    answer_with_blocks(&mut one, boxed([0; 3], [2; 3]));
    assert!(one.history_bytes() < 5000, "{}", one.history_bytes());
    one.undo();
    assert!(one.history_bytes() > BLOCK);

    let limit = 2_000_000;
    let (mut d, states, most) = clicked(20, 5, limit);
    assert!(most <= limit && d.history_len() == 120, "{most}");
    let mut adjustable = Vec::new();
    for state in states.iter().rev() {
        assert_eq!(&plain(&d), state);
        adjustable.extend(d.active().map(|o| (o.answer.adjustable, o.answer.state.is_some())));
        assert!(d.history_bytes() <= limit, "{}", d.history_bytes());
        d.undo();
    }
    // What is undone first still has all; what is long past says that it has not.
    assert!(adjustable[..5].iter().all(|known| *known == (true, true)));
    assert!(adjustable[40..].iter().all(|known| *known == (false, false)));
    for state in &states[1..] {
        assert!(d.redo());
        assert_eq!(&plain(&d), state);
    }
}

/// Masks of every other voxel along x, of which points start, one after another: 2 MB each.
fn started(times: usize, limit: usize) -> (Document, Vec<Shown>, usize) {
    let dims = [64; 3];
    let grid = Grid::new(dims, DAffine3::IDENTITY).unwrap();
    let (voxels, stored) = (Voxels::U8(vec![1; grid.count()]), StoredGeometry::of(&grid));
    let image = Volume::new("v", grid, dims.to_vec(), voxels, Scale::NONE, stored, Vec::new());
    let mut d = Document::new(Arc::new(image));
    d.keep_history_in(Box::<Shelf>::default(), limit);
    let every_other = Region::from_mask(64, (0..64 * 64 * 64).map(|n| n % 2 == 0));
    paint(&mut d, None, Change::Add(Arc::new(every_other)), Over::Background, GestureId(1))
        .unwrap();
    let (mut states, mut most) = (vec![seen(&d)], 0);
    for n in 0..times {
        let voxel = Region::from_mask(64, (0..64 * 64 * 64).map(|at| at == 2 * n + 1));
        let (change, gesture) = (Change::Add(Arc::new(voxel)), GestureId(n as u64 + 2));
        paint(&mut d, Some(LabelId(1)), change, Over::Background, gesture).unwrap();
        states.push(seen(&d));
        d.apply(Command::StartFromMask(LabelId(1))).unwrap();
        states.push(seen(&d));
        most = most.max(d.history_bytes());
    }
    (d, states, most)
}

#[test]
fn masks_that_points_start_from_are_counted_and_put_away_and_come_back() {
    let mask = 131_072 * 16;
    let (_, _, whole) = started(20, usize::MAX);
    // All but the last, which the object has; and the strokes of both layers.
    assert!(whole > 19 * mask, "{whole}");
    let limit = 8 * mask;
    let (mut d, states, most) = started(20, limit);
    assert!(most <= limit, "{most}");
    for state in states.iter().rev() {
        assert!(seen(&d) == *state, "{}", d.history_len());
        assert!(d.undo() && d.history_bytes() <= limit, "{}", d.history_bytes());
    }
    while d.redo() {}
    assert!(seen(&d) == states[40]);
    // What can't be read is told, and nothing is changed.
    let shelf = Shelf::default();
    let health = Arc::clone(&shelf.0);
    d.keep_history_in(Box::new(shelf), 0);
    d.apply(Command::SetLocked(LabelId(1), true)).unwrap();
    *health.lock().unwrap() = Some("no such disk".into());
    while d.undo() {}
    let there = (d.labels().to_vec(), d.history_len());
    assert_eq!(d.take_fault().as_deref(), Some("no such disk"));
    assert!(!d.undo() && (d.labels().to_vec(), d.history_len()) == there);
    *health.lock().unwrap() = None;
    assert!(d.undo());
}

#[test]
fn a_step_that_can_not_be_read_is_told_and_stays() {
    let mut d = document();
    d.apply(Command::NewObject).unwrap();
    let shelf = Shelf::default();
    let health = Arc::clone(&shelf.0);
    d.keep_history_in(Box::new(shelf), 0);
    for n in 0..12 {
        stroke(&mut d, n);
    }
    *health.lock().unwrap() = Some("no such disk".into());
    // The last ones are at hand.
    let mut undone = 0;
    while d.undo() {
        undone += 1;
    }
    assert!(undone >= 8, "{undone}");
    let there = (seen(&d), d.state(), d.history_len());
    assert_eq!(d.take_fault().as_deref(), Some("no such disk"));
    assert_eq!(d.take_fault(), None, "told once");
    assert!(!d.undo());
    assert_eq!((seen(&d), d.state(), d.history_len()), there);
    *health.lock().unwrap() = None;
    assert!(d.undo());
    // The same of what was undone.
    while d.undo() {}
    *health.lock().unwrap() = Some("no such disk".into());
    while d.redo() {}
    assert!(d.take_fault().is_some());
    let there = seen(&d);
    assert!(!d.redo());
    assert_eq!(seen(&d), there);
    *health.lock().unwrap() = None;
    while d.redo() {}
    assert_eq!(d.history_len(), 13);
    assert!(d.can_redo().is_none());
}
