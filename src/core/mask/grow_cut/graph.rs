//! The voxels of a box as a graph: what is known of each, and what a step from one to a neighbour costs.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::super::bits::for_each_row;
use super::super::{MaskError, WorkLimits};
use super::GrowCutOptions;
use crate::geom::DVec3;
use crate::volume::{Region, Volume, VoxelBox};
use crate::with_voxels;

/// A voxel. (Together in memory: who looks at one of these most often wants the other, too. Its label is kept apart: that
/// is looked at only where a path is found.)
#[derive(Clone, Copy, Debug, Default)]
pub struct Node {
    /// In 2048ths of the contrast; [`WALL`] where no path leads.
    pub value: i32,
    /// Of the path to it, [`FAR`] if there is none.
    pub cost: u32,
}

/// The value of a voxel that no path leads through.
const WALL: i32 = i32::MIN;
/// The cost of a voxel that no path leads to.
pub const FAR: u32 = u32::MAX;
/// Units of cost of a change of value by the contrast.
const UNITS: f64 = 2048.0;
/// What a step costs at most.
pub const MOST: u32 = 1 << 20;
/// Values beyond are as this one, in units: half a million contrasts.
const LARGEST: f64 = (1 << 30) as f64;

impl Node {
    /// Nobody has come there, and nobody can.
    const RIM: Self = Self { value: WALL, cost: FAR };

    /// Whether paths lead through it.
    #[inline]
    pub fn is_open(self) -> bool {
        self.value != WALL
    }

    /// What a step from here to a neighbour costs whose length costs `length`, if both are open.
    #[inline]
    pub fn step(self, to: Self, length: u32) -> u32 {
        to.value.abs_diff(self.value).min(MOST / 2) + length
    }
}

/// A box with a rim of one voxel all around that no path leads through, so that no step needs to ask whether it leaves
/// the box. Positions are those of the box with its rim, x fastest.
#[derive(Debug)]
pub struct Graph {
    bounds: VoxelBox,
    /// With the rim.
    size: [usize; 3],
    rows: [Row; 9],
}

/// Three voxels along x beside another.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    /// Of the first, from the other.
    offset: isize,
    /// What the lengths of the steps there cost, from the lower x on.
    lengths: [u32; 3],
}

impl Graph {
    /// The graph of a box, and its voxels, to none of which a path is known.
    pub fn of(
        volume: &Volume,
        bounds: VoxelBox,
        options: &GrowCutOptions,
        walls: &Region,
        limits: &WorkLimits,
    ) -> Result<(Self, Vec<Node>), MaskError> {
        let size = bounds.size().map(|n| n + 2);
        let count = size[0].checked_mul(size[1]).and_then(|n| n.checked_mul(size[2]));
        // Positions are kept in 32 bits.
        let count = count.filter(|&n| u32::try_from(n).is_ok());
        let mut nodes = limits.buffer(Node::RIM, count)?;
        let m = volume.grid().world_from_voxel().matrix3;
        let length = |by: [i32; 3]| {
            let mm = (m * DVec3::from_array(by.map(f64::from))).length();
            (options.locality * mm * UNITS).round().clamp(1.0, f64::from(MOST / 2)) as u32
        };
        let mut rows = [Row::default(); 9];
        for (n, row) in (0..).zip(&mut rows) {
            let (y, z) = (n % 3 - 1, n / 3 - 1);
            let offset = size[0] as isize * (y as isize + size[1] as isize * z as isize) - 1;
            *row = Row { offset, lengths: [-1, 0, 1].map(|x| length([x, y, z])) };
        }
        let graph = Self { bounds, size, rows };
        graph.read(volume, UNITS / options.contrast, &mut nodes);
        let dims = volume.grid().dims();
        graph.for_each(&walls.inside(&bounds, dims), dims, |at| nodes[at].value = WALL);
        Ok((graph, nodes))
    }

    /// `units`: for a value of 1.
    fn read(&self, volume: &Volume, units: f64, nodes: &mut [Node]) {
        let [nx, ny, _] = volume.grid().dims();
        let (shown, scale) = (volume.time_point_range(), volume.scale());
        let VoxelBox { min, max } = self.bounds;
        with_voxels!(volume.voxels(), all => {
            let all = &all[shown];
            // The first plane is the rim.
            let planes = nodes.par_chunks_mut(self.plane()).skip(1).zip(min[2]..max[2]);
            planes.for_each(|(plane, z)| {
                for y in min[1]..max[1] {
                    let row = nx * (y + ny * z);
                    let to = self.position(min[0], y, min[2]) - self.plane();
                    let nodes = &mut plane[to..to + max[0] - min[0]];
                    for (node, &raw) in nodes.iter_mut().zip(&all[row + min[0]..row + max[0]]) {
                        let read = scale.apply(raw as f64);
                        if read.is_finite() {
                            node.value = (read * units).clamp(-LARGEST, LARGEST).round() as i32;
                        }
                    }
                }
            });
        });
    }

    pub fn bounds(&self) -> &VoxelBox {
        &self.bounds
    }

    /// Of a voxel in the box.
    pub fn position(&self, x: usize, y: usize, z: usize) -> usize {
        let min = self.bounds.min;
        x + 1 - min[0] + self.size[0] * (y + 1 - min[1] + self.size[1] * (z + 1 - min[2]))
    }

    /// The voxel at a position in the box.
    pub fn voxel(&self, position: usize) -> [usize; 3] {
        let [nx, ny, _] = self.size;
        let at = [position % nx, position / nx % ny, position / nx / ny];
        std::array::from_fn(|a| at[a] + self.bounds.min[a] - 1)
    }

    /// Every voxel of a region that lies in the box.
    pub fn for_each(&self, region: &Region, dims: [usize; 3], mut found: impl FnMut(usize)) {
        for_each_row(region, dims, |x, len, y, z| {
            let from = self.position(x, y, z);
            (from..from + len).for_each(&mut found);
        });
    }

    /// Positions of a plane across z.
    pub fn plane(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Planes across z, with the rim.
    pub fn planes(&self) -> usize {
        self.size[2]
    }

    /// Which neighbours of a voxel that costs and has what `here` says would be reached from it at no higher cost than
    /// they have: a bit for each. Some of them may be walls. `nodes` are some whole planes of the box, and positions are
    /// counted from the first of them; the voxel may lie in the plane before or after, and neighbours in other planes
    /// are left out.
    #[inline]
    pub fn nearer(&self, nodes: &[Node], at: usize, here: Node) -> u32 {
        // No path costs more than can be counted.
        if !here.is_open() || here.cost >= FAR - MOST {
            return 0;
        }
        // All are looked at without a branch: which are nearer is anybody's guess, and a processor guesses slowly.
        let mut nearer = 0;
        for (n, row) in self.rows.iter().enumerate() {
            let first = at.wrapping_add_signed(row.offset);
            let Some(there) = nodes.get(first..).and_then(|rest| rest.first_chunk::<3>()) else {
                continue;
            };
            for (x, (node, length)) in there.iter().zip(row.lengths).enumerate() {
                // (The voxel itself is never nearer: its length costs something, too.)
                let cost = here.cost + here.step(*node, length);
                nearer |= u32::from(cost <= node.cost) << (3 * n + x);
            }
        }
        nearer
    }

    /// The position of the neighbour of a bit, and what the length of the step there costs.
    #[inline]
    pub fn neighbour(&self, at: usize, bit: u32) -> (usize, u32) {
        let (row, x) = (&self.rows[bit as usize / 3], bit as usize % 3);
        (at.wrapping_add_signed(row.offset) + x, row.lengths[x])
    }

    /// The neighbours of a voxel in the box that a path may lead to, with what the step there costs.
    pub fn for_each_neighbour(&self, nodes: &[Node], at: usize, mut found: impl FnMut(usize, u32)) {
        let here = nodes[at];
        if !here.is_open() {
            return;
        }
        for row in &self.rows {
            let first = at.wrapping_add_signed(row.offset);
            for (to, length) in (first..).zip(row.lengths) {
                if to != at && nodes[to].is_open() {
                    found(to, here.step(nodes[to], length));
                }
            }
        }
    }
}
