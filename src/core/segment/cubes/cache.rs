//! Embeddings at hand, so that going back and forth between places costs only the decoder.

use std::sync::{Arc, Weak};

use crate::prompt::WorkingScale;
use crate::volume::Volume;
use crate::work::memory::Free;

/// How many embeddings are kept at most, and how much memory they may take together. The demo model's take
/// 23 MB each, SAM-Med3D's 0.8 MB.
const MOST: usize = 64;
const MOST_BYTES: usize = 256 << 20;
/// Part of the memory that is free without them that they may take.
const SHARE: u64 = 8;

/// What all embeddings may take where so many bytes are usable beside those that are held.
fn allowed(usable: u64, held: usize) -> usize {
    let share = (usable.saturating_add(held as u64) / SHARE).min(MOST_BYTES as u64);
    share as usize
}

/// A cube of a scan: how large the model sees the scan, and where in its canonical grid the cube starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CubeKey {
    pub(super) scale: WorkingScale,
    pub(super) start: [i64; 3],
}

/// An embedding and what it is of. The weak reference makes sure that an address used again by
/// another volume is not taken for the old one.
struct Kept<E> {
    volume: Weak<Volume>,
    cube: CubeKey,
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

    fn position(&self, volume: &Arc<Volume>, cube: CubeKey) -> Option<usize> {
        self.kept.iter().position(|k| k.cube == cube && k.is_of(volume))
    }

    /// Whether a crop's embedding is at hand.
    pub(super) fn has(&self, volume: &Arc<Volume>, cube: CubeKey) -> bool {
        self.position(volume, cube).is_some()
    }

    /// The starts of all crops of a volume, seen so large, that are at hand.
    pub(super) fn starts(&self, volume: &Arc<Volume>, scale: WorkingScale) -> Vec<[i64; 3]> {
        let at_hand = self.kept.iter().filter(|k| k.is_of(volume) && k.cube.scale == scale);
        at_hand.map(|k| k.cube.start).collect()
    }

    /// A crop's embedding, which thereby is the one used last.
    pub(super) fn get(&mut self, volume: &Arc<Volume>, cube: CubeKey) -> Option<&E> {
        let kept = self.kept.remove(self.position(volume, cube)?);
        self.kept.push(kept);
        self.kept.last().map(|k| &k.embedding)
    }

    /// Bytes of all embeddings at hand.
    pub(super) fn bytes(&self) -> usize {
        self.kept.iter().fold(0, |sum, k| sum.saturating_add(k.bytes))
    }

    /// Lets go of the embeddings of volumes that nobody has any more.
    pub(super) fn tidy(&mut self) {
        self.kept.retain(|k| k.volume.strong_count() > 0);
    }

    /// Keeps an embedding of so many bytes, and lets go of others if need be: together they take no more than a
    /// share of the memory that is free. The new one always stays.
    pub(super) fn put(&mut self, volume: &Arc<Volume>, cube: CubeKey, embedding: E, bytes: usize) {
        self.tidy();
        let most = allowed(Free::now().usable(), self.bytes());
        self.put_below(volume, cube, embedding, bytes, most);
    }

    fn put_below(
        &mut self,
        volume: &Arc<Volume>,
        cube: CubeKey,
        embedding: E,
        bytes: usize,
        most: usize,
    ) {
        if let Some(old) = self.position(volume, cube) {
            self.kept.remove(old);
        }
        let volume = Arc::downgrade(volume);
        self.kept.push(Kept { volume, cube, bytes, embedding });
        let (mut count, mut sum) = (0, 0usize);
        let fits = |k: &Kept<E>| {
            count += 1;
            sum = sum.saturating_add(k.bytes);
            count <= MOST && sum <= most
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

    fn at(start: [i64; 3]) -> CubeKey {
        CubeKey { scale: WorkingScale::ONE, start }
    }

    #[test]
    fn cubes_of_another_scale_are_others() {
        let a = volume();
        let ten = CubeKey { scale: WorkingScale::new(10.0).unwrap(), start: [0; 3] };
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
            cache.put_below(&a, at([n; 3]), n, 300, 900);
        }
        assert_eq!(cache.starts(&a, WorkingScale::ONE), [[1; 3], [2; 3], [3; 3]]);
        assert_eq!(cache.bytes(), 900);
        cache.put_below(&a, at([4; 3]), 4, 901, 900);
        assert_eq!(cache.starts(&a, WorkingScale::ONE), [[4; 3]]);
        cache.put_below(&a, at([5; 3]), 5, 1, 900);
        assert_eq!(cache.starts(&a, WorkingScale::ONE), [[5; 3]]);
        // Less is free than was.
        for n in 6..9 {
            cache.put_below(&a, at([n; 3]), n, 300, 900);
        }
        cache.put_below(&a, at([9; 3]), 9, 300, 600);
        assert_eq!(cache.starts(&a, WorkingScale::ONE), [[8; 3], [9; 3]]);
    }

    #[test]
    fn embeddings_take_a_share_of_what_is_free_without_them() {
        let mb = 1 << 20;
        let table = [
            (0, 0, 0),
            (800 * mb, 0, 100 * mb),
            // What they hold themselves is not free, but could be.
            (600 * mb, 200 * mb, 100 * mb),
            (64 << 30, 0, MOST_BYTES as u64),
            (u64::MAX, usize::MAX as u64, MOST_BYTES as u64),
        ];
        for (usable, held, expected) in table {
            assert_eq!(allowed(usable, held as usize) as u64, expected, "{usable} {held}");
        }
    }

    #[test]
    fn what_was_of_a_closed_volume_goes() {
        let (a, b) = (volume(), volume());
        let mut cache = Cache::new();
        cache.put_below(&a, at([0; 3]), 0, 10, 900);
        cache.put_below(&b, at([0; 3]), 1, 20, 900);
        drop(a);
        cache.tidy();
        assert_eq!((cache.bytes(), cache.starts(&b, WorkingScale::ONE)), (20, vec![[0; 3]]));
    }
}
