//! Embeddings at hand, so that going back and forth between places costs only the decoder.

use std::sync::{Arc, Weak};

use crate::prompt::WorkingScale;
use crate::volume::Volume;

/// How many embeddings are kept at most, and how much memory they may take together. The demo model's take
/// 23 MB each, SAM-Med3D's 0.8 MB.
const MOST: usize = 64;
const MOST_BYTES: usize = 512 << 20;

/// A cube of a scan: how large the model sees the scan, and where in its canonical grid the cube starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cube {
    pub(super) scale: WorkingScale,
    pub(super) start: [i64; 3],
}

/// An embedding and what it is of. The weak reference makes sure that an address used again by
/// another volume is not taken for the old one.
struct Kept<E> {
    volume: Weak<Volume>,
    cube: Cube,
    bytes: usize,
    embedding: E,
}

impl<E> Kept<E> {
    fn is_of(&self, volume: &Arc<Volume>) -> bool {
        std::ptr::eq(self.volume.as_ptr(), Arc::as_ptr(volume))
    }
}

/// Embeddings by volume and cube. Those that were used last
/// stay; those of volumes that nobody has any more go.
pub(super) struct Cache<E> {
    /// Used last comes last.
    kept: Vec<Kept<E>>,
}

impl<E> Cache<E> {
    pub(super) fn new() -> Self {
        Self { kept: Vec::new() }
    }

    fn position(&self, volume: &Arc<Volume>, cube: Cube) -> Option<usize> {
        self.kept.iter().position(|k| k.cube == cube && k.is_of(volume))
    }

    /// Whether a crop's embedding is at hand.
    pub(super) fn has(&self, volume: &Arc<Volume>, cube: Cube) -> bool {
        self.position(volume, cube).is_some()
    }

    /// The starts of all crops of a volume, seen so large, that are at hand.
    pub(super) fn starts(&self, volume: &Arc<Volume>, scale: WorkingScale) -> Vec<[i64; 3]> {
        let at_hand = self.kept.iter().filter(|k| k.is_of(volume) && k.cube.scale == scale);
        at_hand.map(|k| k.cube.start).collect()
    }

    /// A crop's embedding, which thereby is the one used last.
    pub(super) fn get(&mut self, volume: &Arc<Volume>, cube: Cube) -> Option<&E> {
        let kept = self.kept.remove(self.position(volume, cube)?);
        self.kept.push(kept);
        self.kept.last().map(|k| &k.embedding)
    }

    /// Keeps an embedding of so many bytes, and lets go of others if need be. The new one always stays.
    pub(super) fn put(&mut self, volume: &Arc<Volume>, cube: Cube, embedding: E, bytes: usize) {
        self.kept.retain(|k| k.volume.strong_count() > 0);
        if let Some(old) = self.position(volume, cube) {
            self.kept.remove(old);
        }
        let volume = Arc::downgrade(volume);
        self.kept.push(Kept { volume, cube, bytes, embedding });
        let (mut count, mut sum) = (0, 0usize);
        let fits = |k: &Kept<E>| {
            count += 1;
            sum = sum.saturating_add(k.bytes);
            count <= MOST && sum <= MOST_BYTES
        };
        let stay = self.kept.iter().rev().map(fits).take_while(|&fits| fits).count().max(1);
        self.kept.drain(..self.kept.len() - stay);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, Grid};
    use crate::volume::{Scale, StoredGeometry, Voxels};

    fn volume() -> Arc<Volume> {
        let grid = Grid::new([1; 3], DAffine3::IDENTITY).unwrap();
        let stored = StoredGeometry::of(&grid);
        Arc::new(Volume::new(
            "v",
            grid,
            vec![1; 3],
            Voxels::U8(vec![0]),
            Scale::NONE,
            stored,
            vec![],
        ))
    }

    fn at(start: [i64; 3]) -> Cube {
        Cube { scale: WorkingScale::ONE, start }
    }

    #[test]
    fn cubes_of_another_scale_are_others() {
        let a = volume();
        let ten = Cube { scale: WorkingScale::new(10.0).unwrap(), start: [0; 3] };
        let mut cache = Cache::new();
        cache.put(&a, at([0; 3]), 1, 1);
        assert!(!cache.has(&a, ten) && cache.starts(&a, ten.scale).is_empty());
        cache.put(&a, ten, 2, 1);
        assert_eq!(cache.get(&a, at([0; 3])), Some(&1));
        assert_eq!(cache.get(&a, ten), Some(&2));
    }

    #[test]
    fn those_used_last_stay() {
        let (a, b) = (volume(), volume());
        let mut cache = Cache::new();
        for n in 0..MOST as i64 {
            cache.put(&a, at([n; 3]), n, 1);
        }
        assert_eq!(cache.get(&a, at([0; 3])), Some(&0));
        assert!(!cache.has(&b, at([0; 3])), "another volume's crop");
        cache.put(&b, at([0; 3]), 100, 1);
        assert!(
            cache.has(&a, at([0; 3])) && !cache.has(&a, at([1; 3])) && cache.has(&a, at([2; 3]))
        );
        assert_eq!(cache.starts(&b, WorkingScale::ONE), [[0; 3]]);
        cache.put(&b, at([0; 3]), 101, 1);
        assert_eq!((cache.kept.len(), cache.get(&b, at([0; 3]))), (MOST, Some(&101)));
        drop(a);
        cache.put(&b, at([1; 3]), 102, 1);
        assert_eq!(cache.kept.len(), 2, "nobody has the other volume any more");
    }

    #[test]
    fn memory_is_bounded_but_the_newest_always_stays() {
        let a = volume();
        let mut cache = Cache::new();
        for n in 0..4 {
            cache.put(&a, at([n; 3]), n, MOST_BYTES / 3);
        }
        assert_eq!(cache.starts(&a, WorkingScale::ONE), [[1; 3], [2; 3], [3; 3]]);
        cache.put(&a, at([4; 3]), 4, MOST_BYTES + 1);
        assert_eq!(cache.starts(&a, WorkingScale::ONE), [[4; 3]]);
        cache.put(&a, at([5; 3]), 5, 1);
        assert_eq!(cache.starts(&a, WorkingScale::ONE), [[5; 3]]);
    }
}
