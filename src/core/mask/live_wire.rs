//! Live wire: outlines that snap to edges between the places that a hand gives.

mod picture;
mod slice;

use super::radix_heap::RadixHeap;
use super::{MaskError, WorkLimits};

pub use picture::{Picture, PictureFrame};
pub use slice::SliceWires;

/// Places that are settled between two looks at the limits.
const STEPS: usize = 1 << 14;
/// Shares of the features in a place's cost: gradient magnitude and zero crossing of the Laplacian, weighted alike as
/// by Mortensen and Barrett (0.43 each); the rest is paid everywhere, so that of two ways as good the shorter one wins.
const GRADIENT: f32 = 0.43;
const CROSSING: f32 = 0.43;
const EVERYWHERE: f32 = 0.14;

/// What it costs to pass each place of a picture, from 0.14 on a strong edge to 1 where there is none.
///
/// Mortensen and Barrett, "Intelligent scissors for image composition" (1995), with the gradient magnitude `f_G` and
/// the zero crossing `f_Z`; instead of the direction `f_D`, a wire's cost is its length in mm times the mean of the
/// costs at both ends of each step (as Falcão et al., "User-steered image segmentation paradigms", 1998, sum over
/// oriented edges).
#[derive(Clone, Debug)]
pub struct EdgeCosts {
    size: [usize; 2],
    spacing: [f64; 2],
    costs: Vec<f32>,
}

impl EdgeCosts {
    /// Gradients (per mm) are central differences, relative to the 99th percentile of their magnitudes, so that one
    /// bright wire or implant does not make all other edges faint. A place is on a zero crossing of the Laplacian if it
    /// is the nearer to 0 of two neighbours with different signs. At values that aren't finite there is no edge.
    pub fn of(picture: &Picture) -> Self {
        let [width, height] = picture.size();
        let spacing = picture.spacing();
        let (mut gradient, mut laplacian) = (Vec::new(), Vec::new());
        for v in 0..height as isize {
            for u in 0..width as isize {
                let (g, l) = derivatives(picture, u, v);
                gradient.push(g);
                laplacian.push(l);
            }
        }
        let strong = percentile_99(&gradient);
        let mut costs = vec![0.0; width * height];
        for v in 0..height {
            for u in 0..width {
                let at = u + width * v;
                let share = if strong > 0.0 { (gradient[at] / strong).min(1.0) } else { 0.0 };
                let crossing = share > 0.0 && is_crossing(&laplacian, [width, height], u, v);
                costs[at] = EVERYWHERE
                    + GRADIENT * (1.0 - share)
                    + CROSSING * f32::from(u8::from(!crossing));
            }
        }
        Self { size: [width, height], spacing, costs }
    }

    /// Costs of one's own, above 0, u fastest; `spacing` in mm.
    ///
    /// # Panics
    /// If there are not as many costs as places, or one is not above 0.
    pub fn new(size: [usize; 2], spacing: [f64; 2], costs: Vec<f32>) -> Self {
        assert_eq!(costs.len(), size[0] * size[1], "costs do not fill the picture");
        assert!(costs.iter().all(|&c| c > 0.0), "a cost that is not above 0");
        Self { size, spacing, costs }
    }

    /// That of a place.
    pub fn cost(&self, [u, v]: [usize; 2]) -> f32 {
        self.costs[u + self.size[0] * v]
    }

    /// The best wires from `anchor` to every place no further than `reach` from it along u and along v (Dijkstra's
    /// algorithm; a reach beyond the picture is all of it). `None` if the anchor is not in the picture.
    pub fn wires(
        &self,
        anchor: [usize; 2],
        reach: usize,
        limits: &WorkLimits,
    ) -> Result<Option<Wires>, MaskError> {
        if (0..2).any(|a| anchor[a] >= self.size[a]) {
            return Ok(None);
        }
        let low = anchor.map(|c| c.saturating_sub(reach));
        let size: [usize; 2] = std::array::from_fn(|a| {
            anchor[a].saturating_add(reach).saturating_add(1).min(self.size[a]) - low[a]
        });
        let count = size[0].checked_mul(size[1]);
        let mut wires = Wires {
            low,
            size,
            anchor,
            towards: limits.buffer(START, count)?,
            sums: limits.buffer(f32::INFINITY, count)?,
        };
        wires.spread(self, limits)?;
        Ok(Some(wires))
    }
}

/// No step leads to the anchor.
const START: u8 = u8::MAX;
/// The 8 neighbours.
const STEPS_TO: [[isize; 2]; 8] =
    [[-1, -1], [0, -1], [1, -1], [-1, 0], [1, 0], [-1, 1], [0, 1], [1, 1]];

/// The best wires from one place to all others near it.
#[derive(Clone, Debug)]
pub struct Wires {
    low: [usize; 2],
    size: [usize; 2],
    anchor: [usize; 2],
    /// Which step (of `STEPS_TO`) leads to each place on its wire.
    towards: Vec<u8>,
    sums: Vec<f32>,
}

impl Wires {
    fn spread(&mut self, costs: &EdgeCosts, limits: &WorkLimits) -> Result<(), MaskError> {
        let [width, height] = self.size.map(|n| n as isize);
        let lengths = STEPS_TO.map(|[u, v]| {
            (u as f64 * costs.spacing[0]).hypot(v as f64 * costs.spacing[1]) as f32 / 2.0
        });
        let place = |at: usize| [at % self.size[0] + self.low[0], at / self.size[0] + self.low[1]];
        let mut heap = RadixHeap::new();
        let start = self.anchor[0] - self.low[0] + self.size[0] * (self.anchor[1] - self.low[1]);
        self.sums[start] = 0.0;
        heap.push(0, start as u32);
        let mut done = 0usize;
        while let Some((key, at)) = heap.pop() {
            done += 1;
            if done.is_multiple_of(STEPS) {
                limits.check()?;
            }
            let at = at as usize;
            let sum = self.sums[at];
            if sum.to_bits() != key {
                continue;
            }
            let here = costs.cost(place(at));
            let (u, v) = ((at % self.size[0]) as isize, (at / self.size[0]) as isize);
            for (n, (by, length)) in STEPS_TO.iter().zip(lengths).enumerate() {
                let (to_u, to_v) = (u + by[0], v + by[1]);
                if to_u < 0 || to_v < 0 || to_u >= width || to_v >= height {
                    continue;
                }
                let to = (to_u + width * to_v) as usize;
                let new = sum + (here + costs.cost(place(to))) * length;
                if new < self.sums[to] {
                    self.sums[to] = new;
                    self.towards[to] = n as u8;
                    heap.push(new.to_bits(), to as u32);
                }
            }
        }
        Ok(())
    }

    fn index(&self, to: [usize; 2]) -> Option<usize> {
        let [u, v] =
            std::array::from_fn(|a| to[a].checked_sub(self.low[a]).filter(|&c| c < self.size[a]));
        Some(u? + self.size[0] * v?)
    }

    /// What the wire to a place costs; `None` out of reach.
    pub fn cost(&self, to: [usize; 2]) -> Option<f32> {
        self.index(to).map(|at| self.sums[at])
    }

    /// The wire from the anchor to a place, both included, step by step; `None` out of reach. Costs as much as its
    /// length.
    pub fn path(&self, to: [usize; 2]) -> Option<Vec<[usize; 2]>> {
        let mut at = self.index(to)?;
        let mut path = vec![to];
        while let Some(by) = STEPS_TO.get(usize::from(self.towards[at])) {
            at = at.wrapping_add_signed(-(by[0] + self.size[0] as isize * by[1]));
            path.push([at % self.size[0] + self.low[0], at / self.size[0] + self.low[1]]);
        }
        path.reverse();
        Some(path)
    }
}

/// Magnitude of the gradient (per mm) and Laplacian (per mm²) at a place; 0 where they aren't finite.
fn derivatives(picture: &Picture, u: isize, v: isize) -> (f32, f32) {
    let [du, dv] = picture.spacing().map(|s| s as f32);
    let middle = picture.value(u, v);
    let along = |before: f32, after: f32, step: f32| {
        ((after - before) / (2.0 * step), (after - 2.0 * middle + before) / (step * step))
    };
    let (gu, lu) = along(picture.value(u - 1, v), picture.value(u + 1, v), du);
    let (gv, lv) = along(picture.value(u, v - 1), picture.value(u, v + 1), dv);
    let (gradient, laplacian) = (gu.hypot(gv), lu + lv);
    if gradient.is_finite() && laplacian.is_finite() { (gradient, laplacian) } else { (0.0, 0.0) }
}

fn is_crossing(laplacian: &[f32], [width, height]: [usize; 2], u: usize, v: usize) -> bool {
    let here = laplacian[u + width * v];
    let beside = [
        (u > 0).then(|| u - 1 + width * v),
        (u + 1 < width).then(|| u + 1 + width * v),
        (v > 0).then(|| u + width * (v - 1)),
        (v + 1 < height).then(|| u + width * (v + 1)),
    ];
    here == 0.0
        || beside.into_iter().flatten().any(|at| {
            let there = laplacian[at];
            here * there < 0.0 && here.abs() <= there.abs()
        })
}

fn percentile_99(values: &[f32]) -> f32 {
    let mut values = values.to_vec();
    let at = values.len() * 99 / 100;
    if values.is_empty() {
        return 0.0;
    }
    let (_, value, above) = values.select_nth_unstable_by(at, f32::total_cmp);
    // Of a picture with few edges more than 99 of 100 gradients are 0.
    if *value > 0.0 { *value } else { above.iter().copied().fold(0.0, f32::max) }
}

#[cfg(test)]
mod tests;
