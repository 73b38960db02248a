//! Prompts that are more than a point: a rectangle, a line or a loop that was drawn in a slice, and the voxels that
//! each of them means.

use crate::geom::{DAffine3, DVec3, Grid};
use crate::mask::brush::{Brush, Tip};
use crate::mask::polygon::polygon;
use crate::mask::{CutPlane, FillRule};
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// What was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShapeKind {
    /// A rectangle along the slice's two axes.
    Box,
    /// A line of some width.
    Scribble,
    /// A closed outline: what lies within.
    Lasso,
}

impl ShapeKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Box, Self::Scribble, Self::Lasso];

    /// Its word in files and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::Scribble => "scribble",
            Self::Lasso => "lasso",
        }
    }

    /// See [`ShapeKind::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Which kinds of shapes a model takes, besides points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShapeKinds {
    /// Rectangles in a slice.
    pub boxes: bool,
    /// Lines in a slice.
    pub scribbles: bool,
    /// Loops in a slice.
    pub lassos: bool,
}

impl ShapeKinds {
    /// None: points only.
    pub const NONE: Self = Self { boxes: false, scribbles: false, lassos: false };
    /// Every kind.
    pub const ALL: Self = Self { boxes: true, scribbles: true, lassos: true };

    /// Whether this kind is among them.
    pub fn has(self, kind: ShapeKind) -> bool {
        match kind {
            ShapeKind::Box => self.boxes,
            ShapeKind::Scribble => self.scribbles,
            ShapeKind::Lasso => self.lassos,
        }
    }
}

/// Why something that was drawn is no prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A rectangle as thin as a voxel is a line, which models take for something else.
    #[error("a box needs two voxels along each side")]
    ThinBox,
    /// Nothing was drawn.
    #[error("nothing was drawn")]
    Nothing,
    /// Fewer than three corners, or a loop between the voxels.
    #[error("no voxel lies within the lasso")]
    EmptyLasso,
    /// Beside the scan.
    #[error("it lies partly outside of the scan")]
    Outside,
    /// More than [`PromptShape::MOST`], numbers that are none, or a width that makes no sense.
    #[error("its numbers make no sense")]
    Odd,
}

/// A shape in one slice of the grid of an object's mask: of the voxels with the same index along one of its axes. Where
/// it lies follows from the voxel that its prompt is in, so one that is moved is the same shape.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptShape {
    kind: ShapeKind,
    axis: usize,
    places: Vec<[f64; 2]>,
    radius: f64,
}

impl PromptShape {
    /// The most places that a shape may have.
    pub const MOST: usize = 20_000;
    /// The widest line: voxels from its middle to its edge.
    pub const WIDEST: f64 = 1000.0;
    /// Further from the prompt's voxel no place is one of a scan.
    const FAR: f64 = 1e6;

    /// A shape as it is kept. `axis` (0 to 2): across which it lies in a slice. `places`: in voxels from the middle of
    /// the prompt's voxel, along the two other axes in their order. Of a box two opposite corners, which are whole
    /// voxels and belong to it; of a scribble what it goes through; of a lasso its corners. `radius`: of a scribble,
    /// voxels from its middle to its edge; else 0.
    ///
    /// # Errors
    /// If that is no such shape.
    pub fn new(
        kind: ShapeKind,
        axis: usize,
        places: Vec<[f64; 2]>,
        radius: f64,
    ) -> Result<Self, ShapeError> {
        let near = |c: &f64| c.abs() <= Self::FAR;
        let all_near = places.iter().flatten().all(near);
        let known_radius = (0.0..=Self::WIDEST).contains(&radius);
        if axis > 2 || places.len() > Self::MOST || !all_near || !known_radius {
            return Err(ShapeError::Odd);
        }
        match (kind, &places[..]) {
            (ShapeKind::Box, [a, b]) => {
                if a.iter().chain(b).any(|c| c.fract() != 0.0) {
                    return Err(ShapeError::Odd);
                }
                if (0..2).any(|n| a[n] == b[n]) {
                    return Err(ShapeError::ThinBox);
                }
            }
            (ShapeKind::Box, _) => return Err(ShapeError::Odd),
            (_, []) => return Err(ShapeError::Nothing),
            (ShapeKind::Lasso, few) if few.len() < 3 => return Err(ShapeError::EmptyLasso),
            _ => {}
        }
        let radius = if kind == ShapeKind::Scribble { radius } else { 0.0 };
        Ok(Self { kind, axis, places, radius })
    }

    /// A shape that was drawn on a grid of `dims`, in slice `slice` along `axis`, and the voxel that its prompt is in:
    /// the middle of a box, where a scribble begins, a voxel of a lasso near its middle. `places` as of
    /// [`PromptShape::new`], but in voxels of the grid (0 is the middle of the first); corners of a box are those of
    /// the voxels that they lie in.
    ///
    /// # Errors
    /// If it is no shape, or does not lie in the grid.
    pub fn drawn(
        kind: ShapeKind,
        (axis, slice): (usize, usize),
        places: &[[f64; 2]],
        radius: f64,
        dims: [usize; 3],
    ) -> Result<([usize; 3], Self), ShapeError> {
        if axis > 2 || slice >= dims[axis] {
            return Err(ShapeError::Outside);
        }
        let [u, v] = others(axis);
        let inside = |at: &[f64; 2]| in_row(at[0], dims[u]) && in_row(at[1], dims[v]);
        if !places.iter().all(inside) {
            return Err(ShapeError::Outside);
        }
        let whole = |at: [f64; 2]| [nearest(at[0], dims[u]), nearest(at[1], dims[v])];
        let voxel = |[a, b]: [usize; 2]| {
            let mut voxel = [0; 3];
            (voxel[axis], voxel[u], voxel[v]) = (slice, a, b);
            voxel
        };
        let (anchor, places) = match (kind, places) {
            (ShapeKind::Box, &[a, b]) => {
                let [a, b] = [whole(a), whole(b)];
                let middle = [0, 1].map(|n| usize::midpoint(a[n], b[n]));
                (middle, [a, b].map(|corner| corner.map(|c| c as f64)).to_vec())
            }
            (ShapeKind::Lasso, corners) => {
                let shape = Self::new(kind, axis, corners.to_vec(), 0.0)?;
                let region = shape.voxels(voxel([0, 0]), dims);
                let middle = middle_of(&region, dims).ok_or(ShapeError::EmptyLasso)?;
                ([middle[u], middle[v]], corners.to_vec())
            }
            (_, line) => (whole(*line.first().ok_or(ShapeError::Nothing)?), line.to_vec()),
        };
        let from_anchor = |at: [f64; 2]| [at[0] - anchor[0] as f64, at[1] - anchor[1] as f64];
        let places = places.into_iter().map(from_anchor).collect();
        Ok((voxel(anchor), Self::new(kind, axis, places, radius)?))
    }

    /// What it is.
    pub fn kind(&self) -> ShapeKind {
        self.kind
    }

    /// Across which axis of the grid it lies in a slice.
    pub fn axis(&self) -> usize {
        self.axis
    }

    /// As [`PromptShape::new`] takes them.
    pub fn places(&self) -> &[[f64; 2]] {
        &self.places
    }

    /// Of a scribble: voxels from its middle to its edge.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// Whether it lies in a grid of `dims` with its prompt in this voxel.
    pub fn fits(&self, anchor: [usize; 3], dims: [usize; 3]) -> bool {
        let [u, v] = others(self.axis);
        let inside = |at: &[f64; 2]| {
            in_row(at[0] + anchor[u] as f64, dims[u]) && in_row(at[1] + anchor[v] as f64, dims[v])
        };
        (0..3).all(|a| anchor[a] < dims[a]) && self.places.iter().all(inside)
    }

    /// The voxels of a grid of `dims` that it means, its prompt in voxel `anchor`: all of a box; of a scribble those
    /// that the line goes through, and those whose centre is no further from it than its radius, both in its slice; of
    /// a lasso those whose centre is within, also where it crosses itself. Nothing beside the grid.
    pub fn voxels(&self, anchor: [usize; 3], dims: [usize; 3]) -> Region {
        let row = dims[0];
        // Its voxels are as long as wide, whatever they are in millimetres.
        let Ok(grid) = Grid::new(dims, DAffine3::IDENTITY) else { return Region::default() };
        let places = self.in_space(anchor);
        let normal = DVec3::AXES[self.axis];
        match self.kind {
            ShapeKind::Box => self.cuboid(anchor, dims).map_or_else(Region::default, |bounds| {
                let mut region = RegionBuilder::new(row);
                let VoxelBox { min, max } = bounds;
                for z in min[2]..max[2] {
                    for y in min[1]..max[1] {
                        region.push(min[0] + row * (y + dims[1] * z), max[0] - min[0]);
                    }
                }
                region.finish()
            }),
            ShapeKind::Scribble => {
                let brush = Brush { radius_mm: self.radius, tip: Tip::Disc { normal } };
                let ends = places.iter().zip(places.iter().skip(1).chain(places.last()));
                let mut parts: Vec<Region> =
                    ends.map(|(&from, &to)| brush.sweep(&grid, from, to)).collect();
                // Two by two, as so many are one after the other.
                while parts.len() > 1 {
                    let pairs = parts.chunks(2).map(|pair| match pair {
                        [a, b] => a.union(b, row),
                        rest => rest[0].clone(),
                    });
                    parts = pairs.collect();
                }
                parts.pop().unwrap_or_default()
            }
            ShapeKind::Lasso => {
                let plane = CutPlane { point: places[0], normal };
                polygon(&grid, &plane, &places, FillRule::NonZero)
            }
        }
    }

    /// The voxels of a box; `None` if it is another kind, or nothing of it lies in the grid.
    pub fn cuboid(&self, anchor: [usize; 3], dims: [usize; 3]) -> Option<VoxelBox> {
        let (ShapeKind::Box, &[a, b]) = (self.kind, &self.places[..]) else { return None };
        let (mut min, mut max) = (anchor, anchor.map(|n| n + 1));
        for (n, axis) in others(self.axis).into_iter().enumerate() {
            let at = anchor[axis] as f64;
            let (low, high) = (a[n].min(b[n]) + at, a[n].max(b[n]) + at + 1.0);
            (min[axis], max[axis]) = (low.max(0.0) as usize, high.max(0.0) as usize);
            max[axis] = max[axis].min(dims[axis]);
        }
        (0..3).all(|a| min[a] < max[a]).then_some(VoxelBox { min, max })
    }

    /// What is drawn of it, in RAS mm on the grid of the mask: the line of a scribble, the outline of the others, whose
    /// last place is joined to the first. A box goes around its voxels.
    pub fn line(&self, grid: &Grid, anchor: [usize; 3]) -> Vec<DVec3> {
        let places = match (self.kind, &self.places[..]) {
            (ShapeKind::Box, &[a, b]) => {
                let low = [0, 1].map(|n| a[n].min(b[n]) - 0.5);
                let high = [0, 1].map(|n| a[n].max(b[n]) + 0.5);
                let around = [low, [high[0], low[1]], high, [low[0], high[1]]];
                around.map(|at| self.placed(anchor, at)).to_vec()
            }
            _ => self.in_space(anchor),
        };
        places.into_iter().map(|at| grid.world(at)).collect()
    }

    /// Its places in voxels of the grid.
    fn in_space(&self, anchor: [usize; 3]) -> Vec<DVec3> {
        self.places.iter().map(|&at| self.placed(anchor, at)).collect()
    }

    fn placed(&self, anchor: [usize; 3], at: [f64; 2]) -> DVec3 {
        let mut placed = anchor.map(|n| n as f64);
        for (n, axis) in others(self.axis).into_iter().enumerate() {
            placed[axis] += at[n];
        }
        DVec3::from_array(placed)
    }
}

/// The two other axes, in their order.
pub fn others(axis: usize) -> [usize; 2] {
    match axis {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, 1],
    }
}

/// Whether a place lies in one of so many voxels.
fn in_row(at: f64, count: usize) -> bool {
    (-0.5..=count as f64 - 0.5).contains(&at)
}

/// The voxel of a place that lies in one of so many.
fn nearest(at: f64, count: usize) -> usize {
    (at.round().max(0.0) as usize).min(count.saturating_sub(1))
}

/// The voxel that is nearest to the middle of all of them; `None` of nothing.
fn middle_of(region: &Region, [nx, ny, _]: [usize; 3]) -> Option<[usize; 3]> {
    let place = |n: usize| [n % nx, n / nx % ny, n / nx / ny];
    let mut sum = DVec3::ZERO;
    for run in region.runs() {
        let [x, y, z] = place(run.start).map(|c| c as f64);
        let len = f64::from(run.len);
        sum += DVec3::new(x + (len - 1.0) / 2.0, y, z) * len;
    }
    let middle = sum / region.count() as f64;
    let candidates = region.runs().iter().map(|run| {
        let [x, y, z] = place(run.start);
        let last = x + run.len as usize - 1;
        [(middle.x.round().max(0.0) as usize).clamp(x, last), y, z]
    });
    let away = |at: &[usize; 3]| DVec3::from_array(at.map(|c| c as f64)).distance_squared(middle);
    candidates.min_by(|a, b| away(a).total_cmp(&away(b)))
}

#[cfg(test)]
mod tests;
