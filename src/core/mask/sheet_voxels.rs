//! The voxels that a plane cuts within a box, row by row, and which of them are neighbours in the plane's picture.

use super::lines::{CutPlane, Lattice, Sheet, near};
use super::{MaskError, WorkLimits};
use crate::geom::{DVec3, Grid};
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// Voxels that are looked at between two looks at the limits.
const VOXELS: usize = 1 << 16;

/// A voxel, which may lie beyond the grid.
type Place = [i64; 3];

/// The part of a row that the plane cuts.
#[derive(Clone, Copy, Default)]
struct Part {
    /// First x, and one past the last.
    from: i64,
    to: i64,
    /// Where its voxels are among all.
    at: usize,
}

/// The voxels of a box, and of a frame of one voxel around it, that a plane cuts. The frame may lie beyond the grid: the
/// plane goes on there.
pub(super) struct SheetVoxels {
    lattice: Lattice,
    sheet: Sheet,
    /// A place in the plane, RAS mm.
    point: DVec3,
    /// Of the frame: first voxel, and one past the last.
    min: Place,
    max: Place,
    /// Row by row, y fastest.
    rows: Vec<Part>,
    count: usize,
}

impl SheetVoxels {
    /// `None` of a plane that is none.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn around(
        grid: &Grid,
        plane: CutPlane,
        bounds: VoxelBox,
        limits: &WorkLimits,
    ) -> Result<Option<Self>, MaskError> {
        let lattice = Lattice::of(grid);
        let Some(sheet) = Sheet::of(&lattice, plane.normal).filter(|_| near(plane.point)) else {
            return Ok(None);
        };
        let [min, max] = [bounds.min.map(|n| n as i64 - 1), bounds.max.map(|n| n as i64 + 1)];
        let lines = ((max[1] - min[1]) * (max[2] - min[2])) as usize;
        limits.allow(Some(lines), size_of::<Part>())?;
        let (mut rows, mut count) = (Vec::with_capacity(lines), 0usize);
        for z in min[2]..max[2] {
            for y in min[1]..max[1] {
                let start = lattice.row(y as f64, z as f64) - plane.point;
                let cut = sheet.cut(start, lattice.steps[0]);
                // (Of a row in the plane the interval has no end.)
                let ends = cut.map(|(low, high)| {
                    let low = low.ceil().max(min[0] as f64) as i64;
                    (low, (high.floor() + 1.0).min(max[0] as f64) as i64)
                });
                let part = ends.filter(|(from, to)| from < to);
                let part = part.map(|(from, to)| Part { from, to, at: count }).unwrap_or_default();
                count += (part.to - part.from) as usize;
                rows.push(part);
            }
        }
        Ok(Some(Self { lattice, sheet, point: plane.point, min, max, rows, count }))
    }

    /// Fills the holes of a region of these voxels: what is joined to none of those beyond the box.
    pub fn without_holes(
        &self,
        region: &Region,
        dims: [usize; 3],
        limits: &WorkLimits,
    ) -> Result<Region, MaskError> {
        limits.allow(Some(self.count), size_of::<bool>() + size_of::<Place>())?;
        // The region is as good as seen: nothing goes through it.
        let mut seen = vec![false; self.count];
        for run in region.runs() {
            let (line, first) = (run.start / dims[0], (run.start % dims[0]) as i64);
            let [y, z] = [line % dims[1], line / dims[1]].map(|n| n as i64);
            for x in first..first + i64::from(run.len) {
                self.find([x, y, z]).into_iter().for_each(|at| seen[at] = true);
            }
        }
        let mut open = self.frame();
        open.iter().filter_map(|place| self.find(*place)).for_each(|at| seen[at] = true);
        let mut done = 0usize;
        while let Some(place) = open.pop() {
            done += 1;
            if done.is_multiple_of(VOXELS) {
                limits.check()?;
            }
            for by in STEPS {
                let to = std::array::from_fn(|a| place[a] + by[a]);
                if let Some(at) = self.find(to).filter(|at| !seen[*at])
                    && self.joins(place, by)
                {
                    seen[at] = true;
                    open.push(to);
                }
            }
        }
        let mut holes = RegionBuilder::new(dims[0]);
        for (n, part) in self.rows.iter().enumerate() {
            let lines = (self.max[1] - self.min[1]) as usize;
            let [y, z] = [self.min[1] + (n % lines) as i64, self.min[2] + (n / lines) as i64];
            for x in part.from..part.to {
                if !seen[part.at + (x - part.from) as usize] {
                    // (All of the frame was seen, so it is in the grid.)
                    holes.push(x as usize + dims[0] * (y as usize + dims[1] * z as usize), 1);
                }
            }
        }
        Ok(region.union(&holes.finish(), dims[0]))
    }

    /// Where among all these a voxel is, if it is one of them.
    fn find(&self, [x, y, z]: Place) -> Option<usize> {
        let within = |at: i64, a: usize| (self.min[a]..self.max[a]).contains(&at);
        if !(within(y, 1) && within(z, 2)) {
            return None;
        }
        let row = (y - self.min[1]) + (self.max[1] - self.min[1]) * (z - self.min[2]);
        let part = self.rows[row as usize];
        (part.from..part.to).contains(&x).then(|| part.at + (x - part.from) as usize)
    }

    /// The voxels beyond the box.
    fn frame(&self) -> Vec<Place> {
        let mut found = Vec::new();
        for (n, part) in self.rows.iter().enumerate() {
            let lines = (self.max[1] - self.min[1]) as usize;
            let [y, z] = [self.min[1] + (n % lines) as i64, self.min[2] + (n / lines) as i64];
            let edge = |at: i64, a: usize| at == self.min[a] || at == self.max[a] - 1;
            let beyond = edge(y, 1) || edge(z, 2);
            let places = (part.from..part.to).filter(|x| beyond || edge(*x, 0));
            found.extend(places.map(|x| [x, y, z]));
        }
        found
    }

    /// Whether the tiles of two voxels of these, a step apart, have a side or a corner in common: of those that have no
    /// face in common, whether the plane goes through the edge or the corner that they have.
    fn joins(&self, place: Place, by: [i64; 3]) -> bool {
        let steps = self.lattice.steps;
        if by.iter().filter(|b| **b != 0).count() == 1 {
            return true;
        }
        let middle: [f64; 3] = std::array::from_fn(|a| place[a] as f64 + by[a] as f64 / 2.0);
        let at = self.lattice.row(middle[1], middle[2]) + steps[0] * middle[0] - self.point;
        // Half of what is common to them, across the plane.
        let along = (0..3).filter(|a| by[*a] == 0).map(|a| steps[a].dot(self.sheet.normal).abs());
        let half = along.sum::<f64>() / 2.0 + 1e-9 * self.sheet.half;
        at.dot(self.sheet.normal).abs() <= half
    }
}

/// To all neighbours.
const STEPS: [[i64; 3]; 26] = {
    let mut steps = [[0; 3]; 26];
    let mut n = 0;
    let mut at = 0;
    while n < 27 {
        if n != 13 {
            steps[at] = [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1];
            at += 1;
        }
        n += 1;
    }
    steps
};
