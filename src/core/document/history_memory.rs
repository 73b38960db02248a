//! How much memory the history takes. Of what is long past label changes and masks are packed and given to a store that
//! keeps them elsewhere, and what a model keeps of its answers is let go: a replay of the clicks makes it anew.

use std::sync::Arc;

use super::history::{AwayMask, Entry, History, Op};
use super::history_store::{HistoryStore, KeptBytes};
use super::object::Object;
use super::packed::{NotPacked, pack_region, unpack_region};
use crate::volume::{MemoryTally, Region};

/// What the history may take by itself. (A stroke takes some 50 kB, an operation on a large organ some 5 MB, an answer of
/// the demo model 1 MB.)
pub(super) const HISTORY_BYTES: usize = 256 << 20;
/// So many steps on both sides of the present stay as they are, whatever they take: they are undone at once.
const AT_HAND: usize = 8;

/// Masks that were given to a store: what several steps share is given once. (They live as long as this, so that no
/// other one gets their place in memory.)
type Given = Vec<(Arc<Region>, Arc<dyn KeptBytes>)>;

impl Entry {
    /// What it takes of memory, but for what was tallied before.
    fn tally(&self, tally: &mut MemoryTally) {
        self.tally_alone(tally);
        self.aside.iter().for_each(|entry| entry.tally(tally));
    }

    /// The same without what was undone when it was done.
    fn tally_alone(&self, tally: &mut MemoryTally) {
        tally.add(size_of::<Self>() + size_of_val(&self.ops[..]) + self.name.len());
        self.ops.iter().for_each(|op| op.tally(tally));
        tally.add(self.away.iter().map(|mask| mask.kept.in_memory()).sum());
        self.pending.iter().for_each(|click| click.log.tally(tally));
    }

    /// Packs its label writes, but not those that may have to be made anew, and its masks, and lets go of what can be
    /// computed again. Returns what of it is still in memory, bytes.
    fn put_away(&mut self, store: &mut dyn HistoryStore, given: &mut Given) -> usize {
        for (at, op) in self.ops.iter_mut().enumerate() {
            if let Op::Write(write) = op {
                write.put_away(store);
            }
            op.forget_state();
            for (nth, mask) in op.masks().into_iter().enumerate().filter(|(_, m)| !m.is_empty()) {
                let mask = std::mem::take(mask);
                let known = given.iter().find(|(other, _)| Arc::ptr_eq(other, &mask));
                let kept = known.map(|(_, kept)| Arc::clone(kept));
                let kept = kept.unwrap_or_else(|| {
                    let kept = store.keep(pack_region(&mask));
                    given.push((mask, Arc::clone(&kept)));
                    kept
                });
                self.away.push(AwayMask { place: (at, nth), kept });
            }
        }
        let mut left = MemoryTally::default();
        self.tally(&mut left);
        left.bytes()
    }

    /// Gets back what was packed.
    ///
    /// # Errors
    /// It can't be read; the entry is as it was.
    pub fn get_back(&mut self, dims: [usize; 3]) -> Result<(), String> {
        let wrong = |NotPacked| "what is read is not what was written".to_owned();
        while let Some(AwayMask { place: (at, nth), kept }) = self.away.last() {
            let mask = unpack_region(&kept.read()?, dims).map_err(wrong)?;
            let place = self.ops.get_mut(*at).and_then(|op| op.masks().into_iter().nth(*nth));
            if let Some(place) = place {
                *place = Arc::new(mask);
            }
            self.away.pop();
        }
        self.ops.iter_mut().try_for_each(|op| match op {
            Op::Write(write) => write.get_back(dims),
            _ => Ok(()),
        })
    }
}

impl Op {
    fn tally(&self, tally: &mut MemoryTally) {
        match self {
            Self::Write(write) => write.tally(tally),
            Self::Log(_, log) => log.tally(tally),
            Self::Answer(_, answer) => answer.tally(tally),
            Self::Object { absent: Some(object), .. } => object.tally(tally),
            Self::Name(_, name) => tally.add(name.len()),
            Self::Measurements(all) => {
                tally.add(size_of_val(all.as_slice()));
                tally.add(all.iter().map(|measurement| measurement.name.len()).sum());
            }
            Self::Object { absent: None, .. }
            | Self::Colour(..)
            | Self::Opacity(..)
            | Self::Locks(..)
            | Self::Renumber(..)
            | Self::Active(_) => {}
        }
    }

    /// The masks that it holds, but for those of label writes; always as many and in the same order.
    fn masks(&mut self) -> Vec<&mut Arc<Region>> {
        match self {
            Self::Log(_, log) => log.start.iter_mut().collect(),
            Self::Object { absent: Some(object), .. } => {
                let Object { model, added, removed, region, covered, log, .. } = &mut **object;
                let layers = [model, added, removed, region, covered];
                layers.into_iter().chain(&mut log.start).collect()
            }
            _ => Vec::new(),
        }
    }

    fn forget_state(&mut self) {
        match self {
            Self::Answer(_, answer) => answer.forget_state(),
            Self::Object { absent: Some(object), .. } => object.answer.forget_state(),
            _ => {}
        }
    }
}

impl History {
    /// What would be free again without it, bytes: all that it holds and that none of the objects has.
    pub fn bytes(&self, objects: &[Object]) -> usize {
        let mut tally = MemoryTally::default();
        for object in objects {
            object.tally(&mut tally);
        }
        let of_objects = tally.bytes();
        self.entries().for_each(|entry| entry.tally(&mut tally));
        tally.bytes() - of_objects
    }

    /// Packs what is furthest from the present until no more than 15/16 of `limit` bytes are taken, if more than all of
    /// them are: a little at a time, because somebody waits for the step that is over it. Steps from the oldest click on that waits for its answer stay: they may be done anew.
    pub fn relieve(&mut self, limit: usize, objects: &[Object], store: &mut dyn HistoryStore) {
        let mut taken = self.bytes(objects);
        if taken <= limit {
            return;
        }
        let (done, undone) = self.both();
        let settled = done.iter().position(|e| e.pending.is_some()).unwrap_or(done.len());
        let oldest = settled.min(done.len().saturating_sub(AT_HAND));
        let last = undone.len().saturating_sub(AT_HAND);
        let (far, near) = done.split_at_mut(oldest);
        let (far_undone, near_undone) = undone.split_at_mut(last);
        let mut tally = MemoryTally::default();
        for object in objects {
            object.tally(&mut tally);
        }
        near.iter().chain(&*near_undone).for_each(|entry| entry.tally_alone(&mut tally));
        // What was undone before the newest steps goes first: it is gone with the next one, if none of them fails.
        let aside = near.iter_mut().flat_map(|entry| &mut entry.aside);
        let mut far: Vec<&mut Entry> = aside.chain(far).chain(far_undone).collect();
        // What each takes that nothing nearer to the present has: so much is free without it.
        let mut own = vec![0; far.len()];
        for (entry, own) in far.iter().zip(&mut own).rev() {
            let before = tally.bytes();
            entry.tally(&mut tally);
            *own = tally.bytes() - before;
        }
        let mut given = Given::new();
        for (entry, own) in far.iter_mut().zip(own) {
            if taken <= limit / 16 * 15 {
                return;
            }
            let left = entry.put_away(store, &mut given);
            taken = (taken + left).saturating_sub(own);
        }
    }
}
