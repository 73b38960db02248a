//! A history that takes too much memory is kept elsewhere, and comes back.

use std::sync::Mutex;

use super::deeds::paint;
use super::*;

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

#[test]
fn a_history_stays_within_its_bytes_and_all_of_it_can_be_undone() {
    let mut d = document();
    d.apply(Command::NewObject).unwrap();
    let limit = 2000;
    d.keep_history_in(Box::<Shelf>::default(), limit);
    let mut states = vec![seen(&d)];
    for n in 0..400 {
        stroke(&mut d, n);
        states.push(seen(&d));
        assert!(d.history_bytes() <= limit, "after {n}: {}", d.history_bytes());
    }
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
