//! From the model's logits to voxels of the scan: one cube. The *logits* are interpolated at each scan voxel
//! and then thresholded, which is smoother than resampling a binary mask. `blend` joins several cubes.

use rayon::prelude::*;

use super::answer::Logits;
use super::preprocess::CropPlace;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::volume::RegionBuilder;

/// Where a position lies between two low-resolution voxels along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tap {
    pub(super) low: usize,
    pub(super) high: usize,
    /// Share of `high`.
    pub(super) weight: f32,
}

impl Tap {
    /// `align_corners = false`: both lattices share their outer edges, and values clamp at the border.
    pub(super) fn at(crop: f64, crop_side: usize, low_side: usize) -> Self {
        let last = low_side - 1;
        let at = ((crop + 0.5) * low_side as f64 / crop_side as f64 - 0.5).clamp(0.0, last as f64);
        let low = (at.floor() as usize).min(last);
        Self { low, high: (low + 1).min(last), weight: (at - low as f64) as f32 }
    }
}

pub(super) fn lerp(a: f32, b: f32, t: f32) -> f32 {
    // Both products keep their sign, so two values of one sign never blend to the other.
    a * (1.0 - t) + b * t
}

/// Low-resolution logits, trilinear (`align_corners = false`) to `side`³, (x, y, z) order, z fastest.
pub fn upsample(logits: &Logits, side: usize) -> Vec<f32> {
    let low = logits.side;
    if low == 0 || side == 0 || logits.values.len() < low * low * low {
        return vec![0.0; side * side * side];
    }
    let taps: Vec<Tap> = (0..side).map(|i| Tap::at(i as f64, side, low)).collect();
    let mut out = vec![0f32; side * side * side];
    out.par_chunks_mut(side * side).zip(&taps).for_each(|(plane, x)| {
        let blended = blend_planes(&logits.values, low, *x);
        let mut line = vec![0f32; low];
        for (row, y) in plane.chunks_mut(side).zip(&taps) {
            blend_lines(&blended, low, *y, 0, &mut line);
            for (out, z) in row.iter_mut().zip(&taps) {
                *out = lerp(line[z.low], line[z.high], z.weight);
            }
        }
    });
    out
}

/// One plane between two planes of a cube (its slowest axis).
pub(super) fn blend_planes(cube: &[f32], side: usize, tap: Tap) -> Vec<f32> {
    let plane = |i: usize| &cube[i * side * side..(i + 1) * side * side];
    plane(tap.low).iter().zip(plane(tap.high)).map(|(&a, &b)| lerp(a, b, tap.weight)).collect()
}

/// A piece, from index `from` on, of the line between two lines of a plane (its slower axis).
pub(super) fn blend_lines(plane: &[f32], side: usize, tap: Tap, from: usize, line: &mut [f32]) {
    let piece = |low: usize| &plane[low * side + from..][..line.len()];
    let (a, b) = (piece(tap.low), piece(tap.high));
    for ((line, &a), &b) in line.iter_mut().zip(a).zip(b) {
        *line = lerp(a, b, tap.weight);
    }
}

/// The weight along one axis of a cube's vote on a position in it (crop voxels): 1 in the middle, falling
/// linearly to (almost) nothing at the faces, so that where cubes overlap no face shows.
pub(super) fn tent(crop: f64, side: usize) -> f32 {
    let to_edge = (crop + 1.0).min(side as f64 - crop);
    (2.0 * to_edge / (side as f64 + 1.0)) as f32
}

/// One voxel axis of the scan along one axis of a crop.
#[derive(Debug)]
pub(super) struct AlignedAxis {
    /// The crop axis: 0 = x.
    crop: usize,
    /// First voxel in the cube.
    pub(super) first: usize,
    /// For each voxel in the cube, from `first` on.
    pub(super) taps: Vec<Tap>,
    /// Their weights.
    pub(super) weights: Vec<f32>,
    /// [`tent`] of each.
    pub(super) tents: Vec<f32>,
}

impl AlignedAxis {
    /// One past the last voxel in the cube.
    pub(super) fn end(&self) -> usize {
        self.first + self.taps.len()
    }

    /// Where in the tables a voxel is; `None` outside of the cube.
    pub(super) fn position(&self, voxel: usize) -> Option<usize> {
        (self.first..self.end()).contains(&voxel).then(|| voxel - self.first)
    }
}

/// The tables for scan x, y, z; `None` if the scan's axes do not run along the crop's.
fn aligned(m: &DAffine3, grid: &Grid, side: usize, low: usize) -> Option<[AlignedAxis; 3]> {
    let dims = grid.dims();
    let mut seen = [false; 3];
    let mut axes = Vec::with_capacity(3);
    for (source, &len) in dims.iter().enumerate() {
        let column = m.matrix3.col(source).to_array();
        let crop = (0..3).max_by(|&a, &b| column[a].abs().total_cmp(&column[b].abs()))?;
        // What strays to the side over the whole scan must not matter: 1e-6 crop voxels.
        let stray = (0..3).filter(|&a| a != crop).map(|a| column[a].abs()).sum::<f64>();
        if stray * len as f64 > 1e-6 || std::mem::replace(&mut seen[crop], true) {
            return None;
        }
        let (offset, step) = (m.translation[crop], column[crop]);
        // The voxels whose crop coordinate is in [-0.5, side - 0.5).
        let inside: Vec<(usize, f64)> = (0..len)
            .map(|v| (v, offset + v as f64 * step))
            .filter(|&(_, c)| c >= -0.5 && c < side as f64 - 0.5)
            .collect();
        let taps: Vec<Tap> = inside.iter().map(|&(_, c)| Tap::at(c, side, low)).collect();
        axes.push(AlignedAxis {
            crop,
            first: inside.first().map_or(0, |&(v, _)| v),
            weights: taps.iter().map(|t| t.weight).collect(),
            taps,
            tents: inside.iter().map(|&(_, c)| tent(c, side)).collect(),
        });
    }
    axes.try_into().ok()
}

/// Consecutive voxels of a row in the same cell, that is between the same two low-resolution voxels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The two.
    pub(super) low: usize,
    pub(super) high: usize,
    /// Positions in the row's table.
    pub(super) from: usize,
    pub(super) to: usize,
}

fn spans(taps: &[Tap]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (i, tap) in taps.iter().enumerate() {
        match spans.last_mut() {
            Some(last) if last.low == tap.low => last.to = i + 1,
            _ => spans.push(Span { low: tap.low, high: tap.high, from: i, to: i + 1 }),
        }
    }
    spans
}

/// What is known of a logit, or of all corners of a cell: above the threshold, or not. A NaN is neither.
pub(super) const ABOVE: u8 = 1;
pub(super) const BELOW: u8 = 2;

/// A cube of logits laid along the scan's axes, and what is known of it without interpolating.
#[derive(Debug)]
pub(super) struct Layer {
    side: usize,
    /// Logits less the threshold, as [scan z][scan y][scan x].
    values: Vec<f32>,
    /// [`ABOVE`] or [`BELOW`] for each of `values`.
    signs: Vec<u8>,
    /// Scan x, y, z.
    pub(super) axes: [AlignedAxis; 3],
    /// The cells along x.
    pub(super) spans: Vec<Span>,
}

/// Cells of one kind, one after the other along x: all above the threshold, or to be interpolated.
struct Piece {
    above: bool,
    /// Which spans.
    from: usize,
    to: usize,
}

impl Layer {
    /// `None` if the scan's axes do not run along the crop's: then every voxel has to be asked by itself.
    pub(super) fn of(
        logits: &Logits,
        place: &CropPlace,
        threshold: f32,
        grid: &Grid,
    ) -> Option<Self> {
        let side = logits.side;
        let crop_from_voxel = place.world_from_crop.inverse() * grid.world_from_voxel();
        let axes = aligned(&crop_from_voxel, grid, place.side, side)?;
        let [x, y, z] = axes.each_ref().map(|a| side.pow(2 - a.crop as u32));
        let mut values = vec![0f32; side * side * side];
        values.par_chunks_mut(side * side).enumerate().for_each(|(k, plane)| {
            for (j, line) in plane.chunks_mut(side).enumerate() {
                let from = logits.values[k * z + j * y..].iter().step_by(x);
                for (to, from) in line.iter_mut().zip(from) {
                    // Of two numbers the difference has the sign that their comparison has, also in f32.
                    *to = from - threshold;
                }
            }
        });
        let sign = |&v: &f32| u8::from(v > 0.0) * ABOVE + u8::from(v <= 0.0) * BELOW;
        let signs = values.iter().map(sign).collect();
        let spans = spans(&axes[0].taps);
        Some(Self { side, values, signs, axes, spans })
    }

    /// The plane at position `k` of the z table.
    pub(super) fn plane(&self, k: usize) -> Vec<f32> {
        blend_planes(&self.values, self.side, self.axes[2].taps[k])
    }

    /// For each cell of the rows between these lines [`ABOVE`] or [`BELOW`] if all its corners are, else 0.
    pub(super) fn cells(&self, y: Tap, z: Tap, cells: &mut Vec<u8>) {
        let line = |y: usize, z: usize| &self.signs[(z * self.side + y) * self.side..][..self.side];
        cells.clear();
        cells.extend_from_slice(line(y.low, z.low));
        for other in [line(y.high, z.low), line(y.low, z.high), line(y.high, z.high)] {
            cells.iter_mut().zip(other).for_each(|(cell, sign)| *cell &= sign);
        }
        // The last cell has one corner along x.
        for i in 1..self.side {
            cells[i - 1] &= cells[i];
        }
    }

    /// Logits along the row between two lines of a plane.
    pub(super) fn line(&self, plane: &[f32], y: Tap) -> Vec<f32> {
        let mut line = vec![0.0; self.side];
        blend_lines(plane, self.side, y, 0, &mut line);
        line
    }

    fn pieces(&self, cells: &[u8], pieces: &mut Vec<Piece>) {
        pieces.clear();
        for (n, span) in self.spans.iter().enumerate() {
            let kind = cells[span.low];
            if kind == BELOW {
                continue;
            }
            match pieces.last_mut() {
                Some(last) if last.above == (kind == ABOVE) && last.to == n => last.to = n + 1,
                _ => pieces.push(Piece { above: kind == ABOVE, from: n, to: n + 1 }),
            }
        }
    }

    /// The voxels above the threshold of the plane at position `k` of the z table.
    pub(super) fn push_plane(&self, k: usize, grid: &Grid, builder: &mut RegionBuilder) {
        let [x, y, z] = &self.axes;
        let (plane, z_tap) = (self.plane(k), z.taps[k]);
        let mut line = vec![0.0; self.side];
        let (mut cells, mut pieces, mut of) = (Vec::new(), Vec::new(), None);
        for (j, &tap) in y.taps.iter().enumerate() {
            if of != Some(tap.low) {
                self.cells(tap, z_tap, &mut cells);
                self.pieces(&cells, &mut pieces);
                of = Some(tap.low);
            }
            let base = grid.index([0, y.first + j, z.first + k]) + x.first;
            for piece in &pieces {
                let spans = &self.spans[piece.from..piece.to];
                let (Some(first), Some(last)) = (spans.first(), spans.last()) else { continue };
                if piece.above {
                    builder.push(base + first.from, last.to - first.from);
                } else {
                    // A flipped axis runs through the cells backwards.
                    let (from, to) = (first.low.min(last.low), first.high.max(last.high));
                    blend_lines(&plane, self.side, tap, from, &mut line[from..=to]);
                    self.push_mixed(spans, &line, base, builder);
                }
            }
        }
    }

    /// The voxels above the threshold of some cells of a row; `base` is the memory position of its first.
    fn push_mixed(&self, spans: &[Span], line: &[f32], base: usize, builder: &mut RegionBuilder) {
        let weights = &self.axes[0].weights;
        let mut open: Option<usize> = None;
        let mut close = |open: &mut Option<usize>, end: usize| {
            if let Some(from) = open.take() {
                builder.push(base + from, end - from);
            }
        };
        for span in spans {
            let (a, b) = (line[span.low], line[span.high]);
            if a > 0.0 && b > 0.0 {
                open.get_or_insert(span.from);
            } else if a <= 0.0 && b <= 0.0 {
                close(&mut open, span.from);
            } else {
                for (i, &weight) in (span.from..).zip(&weights[span.from..span.to]) {
                    if lerp(a, b, weight) > 0.0 {
                        open.get_or_insert(i);
                    } else {
                        close(&mut open, i);
                    }
                }
            }
        }
        close(&mut open, spans.last().map_or(0, |s| s.to));
    }
}

/// The interpolated logit at a position in crop voxels; `None` outside of the cube.
pub(super) fn interpolated(logits: &Logits, side: usize, crop: DVec3) -> Option<f32> {
    let low = logits.side;
    if !crop.to_array().iter().all(|&c| c >= -0.5 && c < side as f64 - 0.5) {
        return None;
    }
    let [x, y, z] = crop.to_array().map(|c| Tap::at(c, side, low));
    let line = |x: usize, y: usize| {
        let line = &logits.values[(x * low + y) * low..][..low];
        lerp(line[z.low], line[z.high], z.weight)
    };
    let plane = |x: usize| lerp(line(x, y.low), line(x, y.high), y.weight);
    Some(lerp(plane(x.low), plane(x.high), x.weight))
}
