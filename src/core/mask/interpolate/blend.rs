//! From one shape to another by their signed distances.

use super::super::{MaskError, WorkLimits};
use super::shapes::{Pair, Shape, pairs};
use crate::volume::Envelope;

/// Columns that are worked on together.
const TILE: usize = 8;

/// Two shapes as signed distances.
pub struct Blend {
    fields: [Signed; 2],
    /// From the first to the second, voxels.
    shift: [f64; 2],
    /// Where there may be something: first and one past the last.
    low: [isize; 2],
    high: [isize; 2],
}

impl Blend {
    /// What goes on as what from one slice to another. Voxels are `spacing` mm apart.
    pub fn all(
        a: &Shape,
        b: &Shape,
        spacing: [f64; 2],
        limits: &WorkLimits,
    ) -> Result<Vec<Self>, MaskError> {
        pairs(a, b, spacing).iter().map(|pair| Self::of(pair, spacing, limits)).collect()
    }

    fn of(pair: &Pair, spacing: [f64; 2], limits: &WorkLimits) -> Result<Self, MaskError> {
        let shift = pair.shift.unwrap_or([0.0; 2]);
        // A voxel for what is outside, and room to look beyond it when the shapes are moved.
        let margin = shift.map(|s| s.abs().ceil() as usize + 1);
        let [a, b] = &pair.shapes;
        let count = (a.size[0] + 2 * margin[0]).checked_mul(a.size[1] + 2 * margin[1]);
        limits.allow(count, 4 * size_of::<f64>())?;
        let low = a.corner;
        let high = [0, 1].map(|n| a.corner[n] + a.size[n] as isize);
        let fields = [Signed::of(a, margin, spacing), Signed::of(b, margin, spacing)];
        Ok(Self { fields, shift, low, high })
    }

    /// What is inside at a share of the way.
    pub fn at(&self, t: f64) -> Shape {
        let [a, b] = &self.fields;
        let size = [0, 1].map(|n| (self.high[n] - self.low[n]) as usize);
        let mut shape = Shape::empty(self.low, size);
        let (mut first, mut second) = (vec![0.0; size[0]], vec![0.0; size[0]]);
        for (n, row) in shape.inside.chunks_mut(size[0]).enumerate() {
            let v = self.low[1] + n as isize;
            a.row([self.low[0], v], self.shift.map(|s| s * -t), &mut first);
            b.row([self.low[0], v], self.shift.map(|s| s * (1.0 - t)), &mut second);
            for ((inside, a), b) in row.iter_mut().zip(&first).zip(&second) {
                *inside = (1.0 - t) * a + t * b >= 0.0;
            }
        }
        shape
    }
}

/// For every voxel of a rectangle inside a shape how far the nearest outside is, mm, and for those outside how far the
/// nearest inside is, negative (from centre to centre).
struct Signed {
    corner: [isize; 2],
    size: [usize; 2],
    /// u fastest.
    distance: Vec<f64>,
}

impl Signed {
    /// So many voxels beyond a shape's rectangle, at least 1.
    fn of(shape: &Shape, margin: [usize; 2], spacing: [f64; 2]) -> Self {
        let size = [0, 1].map(|a| shape.size[a] + 2 * margin[a]);
        let corner = [0, 1].map(|a| shape.corner[a] - margin[a] as isize);
        let mut inside = vec![false; size[0] * size[1]];
        for (v, row) in shape.inside.chunks(shape.size[0]).enumerate() {
            inside[margin[0] + size[0] * (v + margin[1])..][..row.len()].copy_from_slice(row);
        }
        let to_outside = squares(&inside, size, spacing, false);
        let mut distance = squares(&inside, size, spacing, true);
        for ((d, outside), &inside) in distance.iter_mut().zip(to_outside).zip(&inside) {
            *d = if inside { outside.sqrt() } else { -d.sqrt() };
        }
        Self { corner, size, distance }
    }

    /// The distances of a row of voxels from `start` on, each `by` beside its place: between voxels linear. All must
    /// lie in the rectangle.
    fn row(&self, start: [isize; 2], by: [f64; 2], out: &mut [f64]) {
        let [(u, share_u), (v, share_v)] = [0, 1].map(|a| {
            let whole = by[a].floor();
            ((start[a] - self.corner[a] + whole as isize) as usize, by[a] - whole)
        });
        let of = |v: usize| &self.distance[u + self.size[0] * v..];
        let here = of(v);
        if share_u == 0.0 && share_v == 0.0 {
            out.copy_from_slice(&here[..out.len()]);
            return;
        }
        let below = of(v + 1);
        let here = here.windows(2).zip(below.windows(2));
        for (out, (here, below)) in out.iter_mut().zip(here) {
            let along = |pair: &[f64]| pair[0] + (pair[1] - pair[0]) * share_u;
            *out = along(here) + (along(below) - along(here)) * share_v;
        }
    }
}

/// Squared distance to the nearest voxel that is `wanted`, mm².
fn squares(inside: &[bool], [nu, nv]: [usize; 2], spacing: [f64; 2], wanted: bool) -> Vec<f64> {
    let mut field: Vec<f64> =
        inside.iter().map(|&i| if i == wanted { 0.0 } else { f64::INFINITY }).collect();
    let mut envelope = Envelope::default();
    for row in field.chunks_mut(nu) {
        envelope.lower(row, spacing[0]);
    }
    // Some columns at a time: a row of them is one cache line.
    let mut columns = vec![0.0; TILE * nv];
    for first in (0..nu).step_by(TILE) {
        let wide = TILE.min(nu - first);
        for (v, row) in field.chunks(nu).enumerate() {
            for (c, &value) in row[first..first + wide].iter().enumerate() {
                columns[c * nv + v] = value;
            }
        }
        for column in columns.chunks_mut(nv).take(wide) {
            envelope.lower(column, spacing[1]);
        }
        for (v, row) in field.chunks_mut(nu).enumerate() {
            for (c, value) in row[first..first + wide].iter_mut().enumerate() {
                *value = columns[c * nv + v];
            }
        }
    }
    field
}
