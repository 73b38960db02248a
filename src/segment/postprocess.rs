//! From the model's logits to voxels of the scan. The *logits* are interpolated at each scan voxel and
//! then thresholded, which is smoother than resampling a binary mask.

use rayon::prelude::*;

use crate::geom::{DAffine3, DVec3, Grid};
use crate::prompt::{Answer, CropPlace, Logits};
use crate::volume::{Region, RegionBuilder};

/// Where a position lies between two low-resolution voxels along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tap {
    low: usize,
    high: usize,
    /// Share of `high`.
    weight: f32,
}

impl Tap {
    /// `align_corners = false`: both lattices share their outer edges, and values clamp at the border.
    fn at(crop: f64, crop_side: usize, low_side: usize) -> Self {
        let last = low_side - 1;
        let at = ((crop + 0.5) * low_side as f64 / crop_side as f64 - 0.5).clamp(0.0, last as f64);
        let low = (at.floor() as usize).min(last);
        Self { low, high: (low + 1).min(last), weight: (at - low as f64) as f32 }
    }
}

fn lerp(a: f32, b: f32, t: f32) -> f32 {
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
            blend_lines(&blended, low, *y, &mut line);
            for (out, z) in row.iter_mut().zip(&taps) {
                *out = lerp(line[z.low], line[z.high], z.weight);
            }
        }
    });
    out
}

/// One plane between two planes of a cube (its slowest axis).
fn blend_planes(cube: &[f32], side: usize, tap: Tap) -> Vec<f32> {
    let plane = |i: usize| &cube[i * side * side..(i + 1) * side * side];
    plane(tap.low).iter().zip(plane(tap.high)).map(|(&a, &b)| lerp(a, b, tap.weight)).collect()
}

/// One line between two lines of a plane (its slower axis).
fn blend_lines(plane: &[f32], side: usize, tap: Tap, line: &mut [f32]) {
    let (a, b) = (&plane[tap.low * side..][..side], &plane[tap.high * side..][..side]);
    for ((line, &a), &b) in line.iter_mut().zip(a).zip(b) {
        *line = lerp(a, b, tap.weight);
    }
}

/// The voxels of `grid` where an answer's logits, those of overlapping cubes blended, are above `threshold`.
pub fn lay(answer: &Answer, threshold: f32, grid: &Grid) -> Region {
    let _ = threshold;
    match answer.patches.first().and_then(|p| Some((p, p.steps.last()?))) {
        Some((patch, step)) => paste(&step.logits, &patch.place, grid),
        None => Region::default(),
    }
}

/// The voxels of `grid` whose centre lies in the crop cube and where the interpolated logit is > 0.
///
/// Fast where the voxel axes run along the crop's axes, which is so for the grid the crop was cut from;
/// any other grid is worked through voxel by voxel.
pub fn paste(logits: &Logits, place: &CropPlace, grid: &Grid) -> Region {
    let low = logits.side;
    if low == 0 || logits.values.len() < low * low * low {
        return Region::default();
    }
    let crop_from_voxel = place.world_from_crop.inverse() * grid.world_from_voxel();
    match aligned(&crop_from_voxel, grid, place.side, low) {
        Some(axes) => paste_aligned(logits, grid, &axes),
        None => paste_any(logits, place.side, grid, &crop_from_voxel),
    }
}

/// One voxel axis of the scan along one axis of the crop.
struct AlignedAxis {
    /// The crop axis: 0 = x.
    crop: usize,
    /// First voxel in the cube.
    first: usize,
    /// For each voxel in the cube, from `first` on.
    taps: Vec<Tap>,
}

/// The tables of [`paste_aligned`], for scan x, y, z; `None` if the axes do not run along the crop's.
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
        axes.push(AlignedAxis {
            crop,
            first: inside.first().map_or(0, |&(v, _)| v),
            taps: inside.iter().map(|&(_, c)| Tap::at(c, side, low)).collect(),
        });
    }
    axes.try_into().ok()
}

/// Consecutive voxels of a row between the same two low-resolution voxels.
struct Span {
    tap: Tap,
    /// Positions in the row's table.
    from: usize,
    to: usize,
}

fn spans(taps: &[Tap]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (i, &tap) in taps.iter().enumerate() {
        match spans.last_mut() {
            Some(last) if last.tap.low == tap.low => last.to = i + 1,
            _ => spans.push(Span { tap, from: i, to: i + 1 }),
        }
    }
    spans
}

fn paste_aligned(logits: &Logits, grid: &Grid, axes: &[AlignedAxis; 3]) -> Region {
    let [x, y, z] = axes;
    let dims = grid.dims();
    let cube = in_source_order(logits, [x.crop, y.crop, z.crop]);
    let spans = spans(&x.taps);
    let pieces: Vec<Region> = (0..z.taps.len())
        .into_par_iter()
        .map(|k| {
            let plane = blend_planes(&cube, logits.side, z.taps[k]);
            let mut builder = RegionBuilder::new(dims[0]);
            let mut row = Row { line: vec![0.0; logits.side], taps: &x.taps, spans: &spans };
            let signs: Vec<Signs> = plane.chunks(logits.side).map(Signs::of).collect();
            for (j, &tap) in y.taps.iter().enumerate() {
                let base = grid.index([0, y.first + j, z.first + k]) + x.first;
                match (signs[tap.low], signs[tap.high]) {
                    (Signs::NonePositive, Signs::NonePositive) => {}
                    (Signs::AllPositive, Signs::AllPositive) => builder.push(base, x.taps.len()),
                    _ => {
                        blend_lines(&plane, logits.side, tap, &mut row.line);
                        row.push(base, &mut builder);
                    }
                }
            }
            builder.finish()
        })
        .collect();
    let mut whole = RegionBuilder::new(dims[0]);
    for run in pieces.iter().flat_map(Region::runs) {
        whole.push(run.start, run.len as usize);
    }
    whole.finish()
}

/// What is known of a line of logits without looking at each.
#[derive(Clone, Copy, PartialEq)]
enum Signs {
    AllPositive,
    NonePositive,
    Mixed,
}

impl Signs {
    fn of(line: &[f32]) -> Self {
        if line.iter().all(|&v| v > 0.0) {
            Signs::AllPositive
        } else if line.iter().all(|&v| v <= 0.0) {
            Signs::NonePositive
        } else {
            // NaN too: its voxels are then asked one by one, and are not positive.
            Signs::Mixed
        }
    }
}

/// One row of scan voxels, and the logits along it.
struct Row<'a> {
    line: Vec<f32>,
    taps: &'a [Tap],
    spans: &'a [Span],
}

impl Row<'_> {
    /// Pushes the row's positive voxels; `base` is the memory position of the first.
    fn push(&self, base: usize, builder: &mut RegionBuilder) {
        let mut open: Option<usize> = None;
        for span in self.spans {
            let (a, b) = (self.line[span.tap.low], self.line[span.tap.high]);
            if a > 0.0 && b > 0.0 {
                open.get_or_insert(span.from);
            } else if a <= 0.0 && b <= 0.0 {
                close(&mut open, span.from, base, builder);
            } else {
                for i in span.from..span.to {
                    if lerp(a, b, self.taps[i].weight) > 0.0 {
                        open.get_or_insert(i);
                    } else {
                        close(&mut open, i, base, builder);
                    }
                }
            }
        }
        close(&mut open, self.taps.len(), base, builder);
    }
}

fn close(open: &mut Option<usize>, end: usize, base: usize, builder: &mut RegionBuilder) {
    if let Some(from) = open.take() {
        builder.push(base + from, end - from);
    }
}

/// The cube as [scan z][scan y][scan x]; `axes` are the crop axes of scan x, y, z.
fn in_source_order(logits: &Logits, axes: [usize; 3]) -> Vec<f32> {
    let side = logits.side;
    let stride = axes.map(|a| side.pow(2 - a as u32));
    let mut out = Vec::with_capacity(side * side * side);
    for k in 0..side {
        for j in 0..side {
            let base = k * stride[2] + j * stride[1];
            out.extend((0..side).map(|i| logits.values[base + i * stride[0]]));
        }
    }
    out
}

/// Voxel by voxel, within the box of the cube.
fn paste_any(logits: &Logits, side: usize, grid: &Grid, crop_from_voxel: &DAffine3) -> Region {
    let dims = grid.dims();
    let voxel_from_crop = crop_from_voxel.inverse();
    let edge = |n: usize| if n == 0 { -0.5 } else { side as f64 - 0.5 };
    let corners: [DVec3; 8] = std::array::from_fn(|n| {
        voxel_from_crop.transform_point3(DVec3::new(edge(n & 1), edge(n & 2), edge(n & 4)))
    });
    let low = corners.iter().fold(DVec3::INFINITY, |m, c| m.min(*c)).to_array();
    let high = corners.iter().fold(DVec3::NEG_INFINITY, |m, c| m.max(*c)).to_array();
    let range = |a: usize| {
        let from = (low[a].floor() - 1.0).clamp(0.0, dims[a] as f64) as usize;
        from..(high[a].ceil() + 2.0).clamp(from as f64, dims[a] as f64) as usize
    };
    let pieces: Vec<Region> = range(2)
        .into_par_iter()
        .map(|z| {
            let mut builder = RegionBuilder::new(dims[0]);
            for y in range(1) {
                for x in range(0) {
                    let at = DVec3::new(x as f64, y as f64, z as f64);
                    if positive(logits, side, crop_from_voxel.transform_point3(at)) {
                        builder.push(grid.index([x, y, z]), 1);
                    }
                }
            }
            builder.finish()
        })
        .collect();
    let mut whole = RegionBuilder::new(dims[0]);
    for run in pieces.iter().flat_map(Region::runs) {
        whole.push(run.start, run.len as usize);
    }
    whole.finish()
}

/// Whether a crop position is in the cube and its interpolated logit > 0.
fn positive(logits: &Logits, side: usize, crop: DVec3) -> bool {
    let low = logits.side;
    if !crop.to_array().iter().all(|&c| c >= -0.5 && c < side as f64 - 0.5) {
        return false;
    }
    let [x, y, z] = crop.to_array().map(|c| Tap::at(c, side, low));
    let line = |x: usize, y: usize| {
        let line = &logits.values[(x * low + y) * low..][..low];
        lerp(line[z.low], line[z.high], z.weight)
    };
    let plane = |x: usize| lerp(line(x, y.low), line(x, y.high), y.weight);
    lerp(plane(x.low), plane(x.high), x.weight) > 0.0
}
