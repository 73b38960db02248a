//! The voxels of a box as a graph: what a step from one to a neighbour costs.

use super::super::bits::for_each_row;
use super::super::{MaskError, WorkLimits};
use super::GrowCutOptions;
use crate::geom::DVec3;
use crate::volume::{Region, Volume, VoxelBox};
use crate::with_voxels;

/// A box with a rim of one voxel all around that no path leads through, so that no step needs to ask whether it leaves
/// the box. Positions are those of the box with its rim, x fastest.
#[derive(Debug)]
pub struct Graph {
    bounds: VoxelBox,
    /// With the rim.
    size: [usize; 3],
    /// In 2048ths of the contrast; `WALL` where no path leads.
    values: Vec<i32>,
    /// To the 26 neighbours: in positions, and what the length costs.
    steps: [(isize, u32); 26],
}

const WALL: i32 = i32::MIN;
/// Units of cost of a change of value by the contrast.
const UNITS: f64 = 2048.0;
/// What a step costs at most.
pub const MOST: u32 = 1 << 20;
/// Values beyond are as this one, in units: half a million contrasts.
const LARGEST: f64 = (1 << 30) as f64;

impl Graph {
    pub fn of(
        volume: &Volume,
        bounds: VoxelBox,
        options: &GrowCutOptions,
        limits: &WorkLimits,
    ) -> Result<Self, MaskError> {
        let size = bounds.size().map(|n| n + 2);
        let count = size[0].checked_mul(size[1]).and_then(|n| n.checked_mul(size[2]));
        // Positions are kept in 32 bits.
        let count = count.filter(|&n| u32::try_from(n).is_ok());
        let values = limits.buffer(WALL, count)?;
        let m = volume.grid().world_from_voxel().matrix3;
        let mut steps = [(0, 0); 26];
        let around = (0..27).map(|n| [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1]);
        for (step, by) in steps.iter_mut().zip(around.filter(|&by| by != [0, 0, 0])) {
            let mm = (m * DVec3::from_array(by.map(|n: i32| f64::from(n)))).length();
            let [x, y, z] = by.map(|n| n as isize);
            let offset = x + size[0] as isize * (y + size[1] as isize * z);
            let cost = (options.locality * mm * UNITS).round().clamp(1.0, f64::from(MOST / 2));
            *step = (offset, cost as u32);
        }
        let mut graph = Self { bounds, size, values, steps };
        graph.read(volume, UNITS / options.contrast);
        Ok(graph)
    }

    /// `units`: for a value of 1.
    fn read(&mut self, volume: &Volume, units: f64) {
        let [nx, ny, _] = volume.grid().dims();
        let (shown, scale) = (volume.time_point_range(), volume.scale());
        let VoxelBox { min, max } = self.bounds;
        with_voxels!(volume.voxels(), all => {
            let all = &all[shown];
            for z in min[2]..max[2] {
                for y in min[1]..max[1] {
                    let row = nx * (y + ny * z);
                    let to = self.position(min[0], y, z);
                    let values = &mut self.values[to..to + max[0] - min[0]];
                    for (value, &raw) in values.iter_mut().zip(&all[row + min[0]..row + max[0]]) {
                        let read = scale.apply(raw as f64);
                        if read.is_finite() {
                            *value = (read * units).clamp(-LARGEST, LARGEST).round() as i32;
                        }
                    }
                }
            }
        });
    }

    pub fn bounds(&self) -> &VoxelBox {
        &self.bounds
    }

    /// Positions.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// Of a voxel in the box.
    pub fn position(&self, x: usize, y: usize, z: usize) -> usize {
        let min = self.bounds.min;
        x + 1 - min[0] + self.size[0] * (y + 1 - min[1] + self.size[1] * (z + 1 - min[2]))
    }

    /// Every voxel of a region that lies in the box.
    pub fn for_each(&self, region: &Region, dims: [usize; 3], mut found: impl FnMut(usize)) {
        for_each_row(region, dims, |x, len, y, z| {
            let from = self.position(x, y, z);
            (from..from + len).for_each(&mut found);
        });
    }

    /// To the neighbours of a voxel in the box: in positions, and what the length costs.
    pub fn steps(&self) -> &[(isize, u32); 26] {
        &self.steps
    }

    /// What a step costs whose length costs `length`; `None` if no path leads there.
    #[inline]
    pub fn step(&self, from: usize, to: usize, length: u32) -> Option<u32> {
        let (here, there) = (self.values[from], self.values[to]);
        let open = here != WALL && there != WALL;
        open.then(|| there.abs_diff(here).min(MOST / 2) + length)
    }

    /// The neighbours of a voxel in the box that a path may lead to, with what the step there costs.
    pub fn for_each_neighbour(&self, at: usize, mut found: impl FnMut(usize, u32)) {
        for &(offset, length) in &self.steps {
            let to = at.wrapping_add_signed(offset);
            if let Some(step) = self.step(at, to, length) {
                found(to, step);
            }
        }
    }
}
