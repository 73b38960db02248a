//! Grow from seeds: every voxel goes to the label whose scribble it is joined to by the path along which values change
//! least.

mod graph;
mod queue;
mod search;

use std::collections::BTreeMap;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::{MaskError, WorkLimits};
use crate::volume::{Region, RegionBuilder, Run, Volume, VoxelBox};
use crate::work::Progress;

use graph::{FAR, Graph, Node};
use search::Known;

/// Voxels that are forgotten between two looks at the limits.
const STEPS: usize = 1 << 14;

/// How labels compete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrowCutOptions {
    /// How far beyond the box around all seeds labels may grow, mm.
    pub margin_mm: f64,
    /// A change of value that counts as an edge, in units of the values, above 0: costs are counted in 2048ths of it.
    pub contrast: f64,
    /// What a millimetre costs, as a share of what such an edge costs: so that of two paths as even the shorter one
    /// wins.
    pub locality: f64,
}

impl GrowCutOptions {
    /// Usual ones for a volume: a margin of 20 mm, the standard deviation of the finite values about the seeds as
    /// contrast, and a hundredth of it for a millimetre. They belong to one session: what is resumed is resumed with
    /// the same.
    pub fn of(volume: &Volume, seeds: &[(u16, &Region)]) -> Self {
        let (margin_mm, locality) = (20.0, 0.01);
        let Some(bounds) = bounds(seeds, volume, margin_mm) else {
            return Self { margin_mm, contrast: 1.0, locality };
        };
        // Some hundred thousand voxels tell as much as all.
        let count: usize = bounds.size().iter().product();
        let every = (count as f64 / 2e5).cbrt().ceil().max(1.0) as usize;
        let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for z in (bounds.min[2]..bounds.max[2]).step_by(every) {
            for y in (bounds.min[1]..bounds.max[1]).step_by(every) {
                for x in (bounds.min[0]..bounds.max[0]).step_by(every) {
                    let value = volume.value([x, y, z]);
                    if value.is_finite() {
                        (n, sum, squares) = (n + 1.0, sum + value, squares + value * value);
                    }
                }
            }
        }
        let deviation = (squares / n - (sum / n) * (sum / n)).sqrt();
        let contrast = if deviation > 0.0 { deviation } else { 1.0 };
        Self { margin_mm, contrast, locality }
    }
}

/// Labels grown from seeds, to be grown on when seeds are added, taken away or changed.
///
/// Fast GrowCut (Zhu, Kolesov, Gao, Kikinis and Tannenbaum, "An effective interactive medical image segmentation method
/// using fast GrowCut", 2014): cellular automata of GrowCut as shortest paths. A path from voxel to voxel (26
/// neighbours) costs the sum of |change of value| / contrast + locality × mm; a voxel belongs to the label of the
/// nearest seed, of two as near to the smaller label. Seeds keep their label. No path leads through a wall or a voxel
/// whose value is NaN or infinite: they stay without label unless they are seeds. Background is a label like others.
///
/// Resumed, only what changes is looked at: where new seeds are nearer than the old ones were, and what seeds that are
/// gone had reached. The result is exactly that of starting anew with all seeds, because costs are whole numbers:
/// 2048ths of an edge, at least 1 and at most 2²⁰ (512 edges) for a step; none goes on that costs 2³² − 2²⁰. Where seeds that are gone leave a smaller
/// box, it does start anew.
///
/// Memory: 10 bytes for each voxel of the box around the seeds and the margin, and some 16 for each at the front while
/// it grows. It takes as many threads as rayon has; what comes out does not depend on them.
#[derive(Debug)]
pub struct GrowCut {
    options: GrowCutOptions,
    walls: Region,
    progress: Progress,
    /// In how many slabs it searches, if not as usual.
    slabs: Option<usize>,
    dims: [usize; 3],
    state: Option<State>,
}

/// The box and what is known of its voxels.
#[derive(Debug)]
struct State {
    graph: Graph,
    nodes: Vec<Node>,
    /// Of the nodes; without meaning where no path leads.
    labels: Vec<u16>,
    /// By their label; a voxel that was given to several is of the last one.
    seeds: BTreeMap<u16, Region>,
    /// Where paths are to go on: costs and positions. Not empty after a stop.
    unfinished: Vec<(u32, u32)>,
}

impl GrowCut {
    /// Nothing grown yet. Margins and localities below 0 count as 0, a contrast that is not above 0 as 1.
    pub fn new(options: GrowCutOptions) -> Self {
        let not_below_0 = |value: f64| if value > 0.0 { value } else { 0.0 };
        let sound = options.contrast > 0.0 && options.contrast.is_finite();
        let options = GrowCutOptions {
            margin_mm: not_below_0(options.margin_mm),
            contrast: if sound { options.contrast } else { 1.0 },
            locality: not_below_0(options.locality),
        };
        let (walls, progress) = (Region::default(), Progress::new());
        Self { options, walls, progress, slabs: None, dims: [0; 3], state: None }
    }

    /// Searches in so many slabs.
    #[cfg(test)]
    fn in_slabs(self, slabs: usize) -> Self {
        Self { slabs: Some(slabs), ..self }
    }

    /// No path leads through these voxels.
    #[must_use]
    pub fn with_walls(self, walls: Region) -> Self {
        Self { walls, ..self }
    }

    /// From now on how far it is stands here: voxels that were looked at, of those of the box.
    pub fn report_to(&mut self, progress: Progress) {
        self.progress = progress;
    }

    /// Grows from all of `seeds` (label, voxels; a voxel in several is a seed of the last), resuming from what is known
    /// of this volume (and time point) from the last time. Returns the voxels of each label, seeds included.
    ///
    /// # Errors
    /// When it is stopped, or there is too little memory. After a stop the next time goes on, if seeds were only added
    /// since; else it is a new start.
    pub fn grow(
        &mut self,
        volume: &Volume,
        seeds: &[(u16, &Region)],
        limits: &WorkLimits,
    ) -> Result<BTreeMap<u16, Region>, MaskError> {
        let dims = volume.grid().dims();
        let before = self.state.take().filter(|_| self.dims == dims);
        self.dims = dims;
        let Some(bounds) = bounds(seeds, volume, self.options.margin_mm) else {
            return Ok(BTreeMap::new());
        };
        let seeds = apart(seeds, dims[0]);
        let goes_on = |state: &State| {
            // Paths outside of the box may lead back into it, and what hangs on what is known of paths that are whole
            // only.
            bounds.union(state.graph.bounds()) == bounds
                && (state.unfinished.is_empty() || state.gone(&seeds, dims[0]).is_empty())
        };
        let mut state = match before.filter(goes_on) {
            Some(state) if *state.graph.bounds() == bounds => state,
            before => self.wider(volume, bounds, before, limits)?,
        };
        state.plant(seeds, self.dims, limits)?;
        let State { graph, nodes, labels, unfinished, .. } = &mut state;
        let slabs = self.slabs.unwrap_or_else(|| search::usual_slabs(graph));
        let known = Known { nodes, labels, unfinished };
        let ended = search::spread(graph, known, slabs, limits, &self.progress);
        let regions = ended.map(|()| state.regions(dims));
        self.state = Some(state);
        regions
    }

    /// The voxel box that was grown in.
    pub fn bounds(&self) -> Option<VoxelBox> {
        self.state.as_ref().map(|s| *s.graph.bounds())
    }

    /// What is known in a larger box.
    fn wider(
        &self,
        volume: &Volume,
        bounds: VoxelBox,
        before: Option<State>,
        limits: &WorkLimits,
    ) -> Result<State, MaskError> {
        let (graph, mut nodes) = Graph::of(volume, bounds, &self.options, &self.walls, limits)?;
        let mut labels = limits.buffer(0, Some(nodes.len()))?;
        let (mut seeds, mut unfinished) = (BTreeMap::new(), Vec::new());
        if let Some(old) = before {
            let VoxelBox { min, max } = *old.graph.bounds();
            let nx = max[0] - min[0];
            // Paths now go on over those of the old box's faces that are not the new one's, too.
            let (low, high) = (|a| bounds.min[a] < min[a], |a| bounds.max[a] > max[a]);
            for z in min[2]..max[2] {
                for y in min[1]..max[1] {
                    let from = old.graph.position(min[0], y, z);
                    let to = graph.position(min[0], y, z);
                    nodes[to..to + nx].copy_from_slice(&old.nodes[from..from + nx]);
                    labels[to..to + nx].copy_from_slice(&old.labels[from..from + nx]);
                    let at = [min[0], y, z];
                    let face = |a| at[a] == min[a] && low(a) || at[a] + 1 == max[a] && high(a);
                    let row = face(1) || face(2);
                    for x in 0..nx {
                        if !(row || x == 0 && low(0) || x == nx - 1 && high(0)) {
                            continue;
                        }
                        let cost = nodes[to + x].cost;
                        if cost < FAR {
                            unfinished.push((cost, (to + x) as u32));
                        }
                    }
                }
            }
            unfinished.extend(old.unfinished.iter().map(|&(cost, at)| {
                let [x, y, z] = old.graph.voxel(at as usize);
                (cost, graph.position(x, y, z) as u32)
            }));
            seeds = old.seeds;
        }
        Ok(State { graph, nodes, labels, seeds, unfinished })
    }
}

impl State {
    /// What is a seed no more, or of another label.
    fn gone(&self, seeds: &BTreeMap<u16, Region>, row: usize) -> Vec<Region> {
        let none = Region::default();
        let left = |(label, region): (&u16, &Region)| {
            region.without(seeds.get(label).unwrap_or(&none), row)
        };
        self.seeds.iter().map(left).filter(|left| !left.is_empty()).collect()
    }

    /// Makes these the seeds: what the ones that are gone had reached is forgotten, and where it is to be found again
    /// and where there are new ones, paths begin.
    fn plant(
        &mut self,
        seeds: BTreeMap<u16, Region>,
        dims: [usize; 3],
        limits: &WorkLimits,
    ) -> Result<(), MaskError> {
        let mut gone = Vec::new();
        for region in self.gone(&seeds, dims[0]) {
            self.graph.for_each(&region, dims, |at| gone.push(at as u32));
        }
        self.forget(gone, limits)?;
        let none = Region::default();
        for (&label, region) in &seeds {
            let new = region.without(self.seeds.get(&label).unwrap_or(&none), dims[0]);
            let (nodes, labels) = (&mut self.nodes, &mut self.labels);
            let starts = &mut self.unfinished;
            self.graph.for_each(&new, dims, |at| {
                (nodes[at].cost, labels[at]) = (0, label);
                starts.push((0, at as u32));
            });
        }
        self.seeds = seeds;
        Ok(())
    }

    /// Forgets voxels and all whose path may lead through them. Those beside that stay are where paths begin again.
    fn forget(&mut self, mut open: Vec<u32>, limits: &WorkLimits) -> Result<(), MaskError> {
        if open.is_empty() {
            return Ok(());
        }
        // What they had is needed to know what came from them, and forgotten only afterwards.
        let mut forgotten = limits.buffer(false, Some(self.nodes.len()))?;
        for &at in &open {
            forgotten[at as usize] = true;
        }
        let mut done = 0;
        while let Some(&at) = open.get(done) {
            let at = at as usize;
            done += 1;
            if done.is_multiple_of(STEPS) {
                limits.check()?;
            }
            let (cost, label) = (self.nodes[at].cost, self.labels[at]);
            self.graph.for_each_neighbour(&self.nodes, at, |to, step| {
                let reached = self.nodes[to].cost == cost.saturating_add(step);
                let from_here = reached && self.labels[to] == label;
                // (A seed's cost is 0, no path's is.)
                if from_here && !forgotten[to] {
                    forgotten[to] = true;
                    open.push(to as u32);
                }
            });
        }
        for &at in &open {
            self.nodes[at as usize].cost = FAR;
        }
        for &at in &open {
            self.graph.for_each_neighbour(&self.nodes, at as usize, |to, _| {
                let cost = self.nodes[to].cost;
                if cost < FAR {
                    self.unfinished.push((cost, to as u32));
                }
            });
        }
        Ok(())
    }

    fn regions(&self, dims: [usize; 3]) -> BTreeMap<u16, Region> {
        let VoxelBox { min, max } = *self.graph.bounds();
        // Planes apart from each other, each by itself.
        let planes: Vec<Vec<(u16, Run)>> =
            (min[2]..max[2]).into_par_iter().map(|z| self.plane_runs(z, dims)).collect();
        let mut builders: BTreeMap<u16, RegionBuilder> = BTreeMap::new();
        for (label, run) in planes.into_iter().flatten() {
            let new = || RegionBuilder::new(dims[0]);
            builders.entry(label).or_insert_with(new).push(run.start, run.len as usize);
        }
        builders.into_iter().map(|(label, b)| (label, b.finish())).collect()
    }

    /// What each label has of a plane across z, in the order of the voxels of the volume.
    fn plane_runs(&self, z: usize, dims: [usize; 3]) -> Vec<(u16, Run)> {
        let VoxelBox { min, max } = *self.graph.bounds();
        let nx = max[0] - min[0];
        let mut runs = Vec::new();
        for y in min[1]..max[1] {
            let start = min[0] + dims[0] * (y + dims[1] * z);
            let row = self.graph.position(min[0], y, z);
            let (nodes, labels) = (&self.nodes[row..row + nx], &self.labels[row..row + nx]);
            let of = |x: usize| (nodes[x].cost < FAR).then_some(labels[x]);
            let mut x = 0;
            while x < nx {
                let from = x;
                x = (from + 1..nx).find(|&x| of(x) != of(from)).unwrap_or(nx);
                if let Some(label) = of(from) {
                    runs.push((label, Run { start: start + from, len: (x - from) as u32 }));
                }
            }
        }
        runs
    }
}

/// Seeds by their label; a voxel that several have is of the last one.
fn apart(seeds: &[(u16, &Region)], row: usize) -> BTreeMap<u16, Region> {
    let mut apart: BTreeMap<u16, Region> = BTreeMap::new();
    for (label, region) in seeds {
        for other in apart.values_mut() {
            other.subtract(region, row);
        }
        apart.entry(*label).or_default().add(region, row);
    }
    apart
}

/// The box around all seeds and the margin, in the volume.
fn bounds(seeds: &[(u16, &Region)], volume: &Volume, margin_mm: f64) -> Option<VoxelBox> {
    let dims = volume.grid().dims();
    let boxes = seeds.iter().filter_map(|(_, region)| region.bounds(dims));
    let bounds = boxes.reduce(|a, b| a.union(&b))?;
    let spacing = volume.grid().spacing().to_array();
    let reach = spacing.map(|s| (margin_mm / s).ceil().clamp(0.0, 1e9) as usize);
    Some(VoxelBox {
        min: std::array::from_fn(|a| bounds.min[a].saturating_sub(reach[a])),
        max: std::array::from_fn(|a| (bounds.max[a] + reach[a]).min(dims[a])),
    })
}

#[cfg(test)]
mod tests;
