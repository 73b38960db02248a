//! Dijkstra's algorithm, in slabs of the box side by side.

use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};

use super::super::{MaskError, WorkLimits};
use super::graph::{Graph, Node};
use super::queue::{LONGEST_ROUND, Queue};
use crate::work::Progress;

/// Voxels that are settled between two looks at the limits.
const STEPS: usize = 1 << 14;
/// Voxels that are settled together.
const BATCH: usize = 16;
/// Costs that count as alike in the order of the search: about the usual cost of a millimetre, so that few voxels are
/// settled twice.
const WIDTH: u32 = 16;
/// How many voxels all slabs settle, about, before they tell each other. The fewer, the fewer are settled at a cost
/// that a neighbouring slab then lowers; and the more often threads wait for each other.
const ROUND: usize = 1 << 14;
/// A slab has so many planes at least: its edges are its overhead.
const PLANES: usize = 8;
/// And there are so many of them at least where there is room, also for one thread: what is worked on then stays in the
/// processor's cache.
const SLABS: usize = 4;

/// What is known of the voxels of a box, by position.
pub struct Known<'a> {
    pub nodes: &'a mut [Node],
    /// Without meaning where no path leads.
    pub labels: &'a mut [u16],
    /// Where paths are to go on: costs and positions.
    pub unfinished: &'a mut Vec<(u32, u32)>,
}

/// In how many slabs a box is searched: two for each thread, so that who is done early has another.
pub fn usual_slabs(graph: &Graph) -> usize {
    (2 * rayon::current_num_threads()).max(SLABS).min(graph.planes() / PLANES).max(1)
}

/// Goes on from where paths are unfinished until none is. Stopped, they stay so. Whatever the slabs and the order of
/// their work, it ends with the lowest cost of each voxel, and the smallest label of those that reach it at that.
pub fn spread(
    graph: &Graph,
    known: Known,
    slabs: usize,
    limits: &WorkLimits,
    progress: &Progress,
) -> Result<(), MaskError> {
    let Known { nodes, labels, unfinished } = known;
    let total = nodes.len();
    progress.set_total(total as u64);
    let Some(first) = unfinished.iter().map(|&(cost, _)| cost).min() else { return Ok(()) };
    let size = graph.plane() * graph.planes().div_ceil(slabs.max(1));
    let mut slabs: Vec<Slab> = (0..)
        .step_by(size)
        .zip(nodes.chunks_mut(size).zip(labels.chunks_mut(size)))
        .map(|(from, (nodes, labels))| Slab::new(from, nodes, labels, Queue::new(first, WIDTH)))
        .collect();
    for (cost, at) in unfinished.drain(..) {
        let at = at as usize;
        slabs[at / size].queue.push(cost, (at % size) as u32);
    }
    let (mut done, mut width) = (0, LONGEST_ROUND / 8);
    while let Some(first) = slabs.iter().filter_map(Slab::first).min() {
        let end = first + width;
        let ended =
            slabs.par_iter_mut().try_for_each(|slab| slab.settle(graph, first, end, limits));
        if ended.is_err() {
            unfinished.extend(slabs.into_iter().flat_map(Slab::into_unfinished));
            return ended;
        }
        for n in 1..slabs.len() {
            let (below, above) = slabs.split_at_mut(n);
            below[n - 1].exchange(&mut above[0]);
        }
        let before = std::mem::replace(&mut done, slabs.iter().map(|s| s.done).sum());
        progress.set_done(done.min(total) as u64);
        width = match done - before {
            few if few < ROUND => (width * 2).min(LONGEST_ROUND),
            many if many > 4 * ROUND => (width / 2).max(1),
            _ => width,
        };
    }
    Ok(())
}

/// A voxel that is settled, to be gone on from.
#[derive(Clone, Copy, Debug, Default)]
struct Settled {
    /// Counted from the first of the slab, which it may lie outside of, next to it.
    at: usize,
    here: Node,
    label: u16,
    /// Bits of the neighbours that may be reached better from here.
    nearer: u32,
}

/// Some planes of the box.
struct Slab<'a> {
    /// The position of its first voxel. Within, positions are counted from there.
    from: usize,
    nodes: &'a mut [Node],
    labels: &'a mut [u16],
    queue: Queue,
    /// What was settled beside it.
    arrived: Vec<Settled>,
    /// What was settled in its first plane and in its last, since the last exchange.
    edges: [Vec<Settled>; 2],
    /// Voxels that were looked at, and how many they are when the limits are looked at next.
    done: usize,
    next_look: usize,
}

impl<'a> Slab<'a> {
    fn new(from: usize, nodes: &'a mut [Node], labels: &'a mut [u16], queue: Queue) -> Self {
        let (arrived, edges) = (Vec::new(), [const { Vec::new() }; 2]);
        Self { from, nodes, labels, queue, arrived, edges, done: 0, next_look: STEPS }
    }

    /// A bucket that is not above any in which something is to be done.
    fn first(&self) -> Option<u32> {
        let arrived = self.arrived.iter().map(|settled| settled.here.cost).min();
        let arrived = arrived.map(|cost| self.queue.bucket(cost));
        arrived.into_iter().chain(self.queue.first()).min()
    }

    /// Settles what is in the buckets from `first` on, before `end`.
    fn settle(
        &mut self,
        graph: &Graph,
        first: u32,
        end: u32,
        limits: &WorkLimits,
    ) -> Result<(), MaskError> {
        self.queue.begin(first);
        for settled in std::mem::take(&mut self.arrived) {
            let nearer = graph.nearer(self.nodes, settled.at, settled.here);
            self.go_on(graph, Settled { nearer, ..settled });
        }
        let last_plane = self.nodes.len() - graph.plane();
        let mut batch = [0; BATCH];
        let mut settled = [Settled::default(); BATCH];
        loop {
            if self.done >= self.next_look {
                self.next_look = self.done + STEPS;
                limits.check()?;
            }
            let count = self.queue.pop(&mut batch, end);
            if count == 0 {
                return Ok(());
            }
            self.done += count;
            // Most of the time goes into waiting for memory: each of these loops waits for all voxels at once.
            let mut due = 0;
            for &at in &batch[..count] {
                settled[due].at = at as usize;
                // Else a shorter path was found since.
                due += usize::from(self.queue.is_due(self.nodes[at as usize].cost));
            }
            for settled in &mut settled[..due] {
                let at = settled.at;
                (settled.here, settled.label) = (self.nodes[at], self.labels[at]);
                settled.nearer = graph.nearer(self.nodes, at, settled.here);
            }
            for &settled in &settled[..due] {
                if settled.at < graph.plane() {
                    self.edges[0].push(settled);
                }
                if settled.at >= last_plane {
                    self.edges[1].push(settled);
                }
                self.go_on(graph, settled);
            }
        }
    }

    /// Takes paths from a voxel on to its neighbours.
    #[inline]
    fn go_on(&mut self, graph: &Graph, settled: Settled) {
        let Settled { at, here, label, mut nearer } = settled;
        while nearer != 0 {
            let (to, length) = graph.neighbour(at, nearer.trailing_zeros());
            nearer &= nearer - 1;
            let there = &mut self.nodes[to];
            let cost = here.cost + here.step(*there, length);
            let better = cost < there.cost || cost == there.cost && label < self.labels[to];
            if better && there.is_open() {
                (there.cost, self.labels[to]) = (cost, label);
                self.queue.push(cost, to as u32);
            }
        }
    }

    /// Tells the slab above what was settled in the plane below it, and the other way round.
    fn exchange(&mut self, above: &mut Self) {
        let up = self.edges[1].drain(..).map(|settled| (settled, self.from, above.from));
        let moved = |(settled, from, to): (Settled, usize, usize)| Settled {
            at: settled.at.wrapping_add(from).wrapping_sub(to),
            ..settled
        };
        above.arrived.extend(up.map(moved));
        let down = above.edges[0].drain(..).map(|settled| (settled, above.from, self.from));
        self.arrived.extend(down.map(moved));
    }

    /// Costs and positions in the box of where its paths, or those from beside it, are to go on.
    fn into_unfinished(self) -> Vec<(u32, u32)> {
        let Self { from, nodes, queue, arrived, edges, .. } = self;
        let waiting = queue.into_positions().map(|at| (nodes[at as usize].cost, at as usize));
        let told = arrived.iter().chain(edges.iter().flatten()).map(|s| (s.here.cost, s.at));
        waiting.chain(told).map(|(cost, at)| (cost, at.wrapping_add(from) as u32)).collect()
    }
}
