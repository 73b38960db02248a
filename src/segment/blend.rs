//! One mask from the cubes of one object: where they overlap, their logits are blended.

use rayon::prelude::*;

use super::postprocess::{AlignedAxis, Layer, Signs, Tap, interpolated, lerp, tent};
use crate::geom::{DAffine3, DVec3, Grid};
use crate::prompt::{Answer, CropPlace, Logits};
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// The voxels of `grid` whose centre lies in a cube of the answer and where the logit is above `threshold`.
///
/// The logit is the trilinear interpolation of each cube's last answer; where cubes overlap, their mean with
/// weights that fall from 1 in a cube's middle to almost 0 at its faces (along each axis, multiplied).
/// Fast where the voxel axes run along the cubes' axes, which is so for the grid that the cubes were cut
/// from; any other grid is worked through voxel by voxel.
pub fn lay(answer: &Answer, threshold: f32, grid: &Grid) -> Region {
    lay_cubes(&cubes(answer), threshold, grid)
}

/// [`lay`] of one cube, with 0 as the threshold.
pub fn paste(logits: &Logits, place: &CropPlace, grid: &Grid) -> Region {
    let cube = Cube { place, logits };
    if cube.is_sound() { lay_cubes(&[cube], 0.0, grid) } else { Region::default() }
}

/// A cube and what the model said last in it.
#[derive(Clone, Copy, Debug)]
struct Cube<'a> {
    place: &'a CropPlace,
    logits: &'a Logits,
}

impl Cube<'_> {
    fn is_sound(&self) -> bool {
        let side = self.logits.side;
        side > 0 && self.logits.values.len() >= side * side * side
    }

    /// Its say at a position in crop voxels: how far the logit is above the threshold, times its weight.
    fn say(&self, threshold: f32, crop: DVec3) -> Option<f32> {
        let side = self.place.side;
        let above = interpolated(self.logits, side, crop)? - threshold;
        Some(above * crop.to_array().iter().map(|&c| tent(c, side)).product::<f32>())
    }
}

/// The answered cubes, in an order that does not depend on how the answer came about: sums of floats do
/// depend on their order.
fn cubes(answer: &Answer) -> Vec<Cube<'_>> {
    let answered = answer
        .patches
        .iter()
        .filter_map(|p| Some(Cube { place: &p.place, logits: &p.steps.last()?.logits }));
    let mut cubes: Vec<_> = answered.filter(Cube::is_sound).collect();
    cubes.sort_by_key(|c| c.place.start);
    cubes
}

fn lay_cubes(cubes: &[Cube<'_>], threshold: f32, grid: &Grid) -> Region {
    let layer = |c: &Cube<'_>| Layer::of(c.logits, c.place, threshold, grid);
    let planes = match cubes.iter().map(layer).collect::<Option<Vec<_>>>() {
        Some(layers) => aligned_planes(&layers, grid),
        None => any_planes(cubes, threshold, grid),
    };
    Region::joined(&planes)
}

fn aligned_planes(layers: &[Layer], grid: &Grid) -> Vec<Region> {
    let reached = layers.iter().map(|l| &l.axes[2]).filter(|z| !z.taps.is_empty());
    let first = reached.clone().map(|z| z.first).min().unwrap_or(0);
    let end = reached.map(AlignedAxis::end).max().unwrap_or(0);
    let plane = |z: usize| {
        let mut builder = RegionBuilder::new(grid.dims()[0]);
        let slabs = layers.iter().filter_map(|l| Some((l, l.axes[2].position(z)?)));
        match slabs.collect::<Vec<_>>().as_slice() {
            [] => {}
            [(layer, k)] => layer.push_plane(*k, grid, &mut builder),
            several => push_blended(several, z, grid, &mut builder),
        }
        builder.finish()
    };
    (first..end).into_par_iter().map(plane).collect()
}

/// What a voxel's cubes say without interpolation.
const ABOVE: u8 = 1;
const BELOW: u8 = 2;
const MIXED: u8 = 4;

/// A row of scan voxels in one of the cubes that it runs through.
struct Row<'a> {
    layer: &'a Layer,
    plane: &'a [f32],
    y: Tap,
    /// [`tent`] along y, times that along z.
    weight: f32,
    cells: Signs,
}

impl Row<'_> {
    /// Adds what is known of each voxel to `known`, which starts at the scan's first voxel of the row.
    fn mark(&self, known: &mut [u8]) {
        let x = &self.layer.axes[0];
        let known = &mut known[x.first..x.end()];
        if self.layer.all_below(self.cells) {
            known.iter_mut().for_each(|k| *k |= BELOW);
            return;
        }
        for span in &self.layer.spans {
            let has = |cells: u128| cells >> span.low & 1 == 1;
            let kind = match (has(self.cells.above), has(self.cells.below)) {
                (true, _) => ABOVE,
                (_, true) => BELOW,
                _ => MIXED,
            };
            known[span.from..span.to].iter_mut().for_each(|k| *k |= kind);
        }
    }
}

/// The voxels of plane `z` that several cubes (each with the position of the plane in its z table) reach.
fn push_blended(slabs: &[(&Layer, usize)], z: usize, grid: &Grid, builder: &mut RegionBuilder) {
    let planes: Vec<_> = slabs.iter().map(|(layer, k)| layer.plane(*k)).collect();
    let mut known = vec![0u8; grid.dims()[0]];
    for y in 0..grid.dims()[1] {
        let rows = slabs.iter().zip(&planes).filter_map(|(&(layer, k), plane)| {
            let [_, y_axis, z_axis] = &layer.axes;
            let j = y_axis.position(y)?;
            let (y, weight) = (y_axis.taps[j], y_axis.tents[j] * z_axis.tents[k]);
            Some(Row { layer, plane, y, weight, cells: layer.cells(y, z_axis.taps[k]) })
        });
        let rows: Vec<Row<'_>> = rows.collect();
        if rows.iter().all(|r| r.layer.all_below(r.cells)) {
            continue;
        }
        known.fill(0);
        rows.iter().for_each(|row| row.mark(&mut known));
        push_row(&rows, &known, grid.index([0, y, z]), builder);
    }
}

/// The voxels above the threshold of a row; `base` is the memory position of its first.
fn push_row(rows: &[Row<'_>], known: &[u8], base: usize, builder: &mut RegionBuilder) {
    let lines: Vec<_> = rows.iter().map(|r| r.layer.line(r.plane, r.y)).collect();
    let sum = |x: usize| {
        let says = rows.iter().zip(&lines).filter_map(|(row, line)| {
            let axis = &row.layer.axes[0];
            let i = axis.position(x)?;
            let tap = axis.taps[i];
            let above = lerp(line[tap.low], line[tap.high], tap.weight);
            Some(above * (axis.tents[i] * row.weight))
        });
        says.sum::<f32>()
    };
    let mut open = None;
    for (x, &kind) in known.iter().enumerate() {
        let inside = match kind {
            ABOVE => true,
            0 | BELOW => false,
            _ => sum(x) > 0.0,
        };
        if inside {
            open.get_or_insert(x);
        } else if let Some(from) = open.take() {
            builder.push(base + from, x - from);
        }
    }
    if let Some(from) = open {
        builder.push(base + from, known.len() - from);
    }
}

/// Voxel by voxel, within the box around all cubes.
fn any_planes(cubes: &[Cube<'_>], threshold: f32, grid: &Grid) -> Vec<Region> {
    let crop_from_voxel =
        |c: &Cube<'_>| c.place.world_from_crop.inverse() * grid.world_from_voxel();
    let maps: Vec<DAffine3> = cubes.iter().map(crop_from_voxel).collect();
    let boxes = cubes.iter().zip(&maps).map(|(c, map)| voxel_box(map, c.place.side, grid.dims()));
    let Some(VoxelBox { min, max }) = boxes.reduce(|a, b| a.union(&b)) else { return Vec::new() };
    let inside = |voxel: [usize; 3]| {
        let at = DVec3::from_array(voxel.map(|v| v as f64));
        let says = cubes.iter().zip(&maps);
        says.filter_map(|(c, map)| c.say(threshold, map.transform_point3(at))).sum::<f32>() > 0.0
    };
    let plane = |z: usize| {
        let mut builder = RegionBuilder::new(grid.dims()[0]);
        for y in min[1]..max[1] {
            for x in min[0]..max[0] {
                if inside([x, y, z]) {
                    builder.push(grid.index([x, y, z]), 1);
                }
            }
        }
        builder.finish()
    };
    (min[2]..max[2]).into_par_iter().map(plane).collect()
}

/// The voxels that a cube reaches, and some around them.
fn voxel_box(crop_from_voxel: &DAffine3, side: usize, dims: [usize; 3]) -> VoxelBox {
    let voxel_from_crop = crop_from_voxel.inverse();
    let edge = |n: usize| if n == 0 { -0.5 } else { side as f64 - 0.5 };
    let corners: [DVec3; 8] = std::array::from_fn(|n| {
        voxel_from_crop.transform_point3(DVec3::new(edge(n & 1), edge(n & 2), edge(n & 4)))
    });
    let low = corners.iter().fold(DVec3::INFINITY, |m, c| m.min(*c)).to_array();
    let high = corners.iter().fold(DVec3::NEG_INFINITY, |m, c| m.max(*c)).to_array();
    let clamped = |c: f64, a: usize| c.clamp(0.0, dims[a] as f64) as usize;
    VoxelBox {
        min: std::array::from_fn(|a| clamped(low[a].floor() - 1.0, a)),
        max: std::array::from_fn(|a| clamped(high[a].ceil() + 2.0, a)),
    }
}

/// The blended logits of an answer anywhere in the 1.5 mm canonical grid, asked one by one.
#[derive(Debug)]
pub(super) struct Field<'a> {
    cubes: Vec<Cube<'a>>,
    threshold: f32,
}

impl<'a> Field<'a> {
    pub(super) fn of(answer: &'a Answer, threshold: f32) -> Self {
        Self { cubes: cubes(answer), threshold }
    }

    /// The places of the cubes, and the side of the logits in each.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'a CropPlace, usize)> {
        self.cubes.iter().map(|c| (c.place, c.logits.side))
    }

    /// Whether a position (continuous canonical voxel) is in the mask.
    pub(super) fn is_inside(&self, at: DVec3) -> bool {
        let say = |c: &Cube<'_>| c.say(self.threshold, at - offset(c.place));
        self.cubes.iter().filter_map(say).sum::<f32>() > 0.0
    }

    /// Whether a position is in a cube other than the one that starts at `except`.
    pub(super) fn is_covered(&self, at: DVec3, except: [i64; 3]) -> bool {
        self.cubes.iter().filter(|c| c.place.start != except).any(|c| {
            let crop = at - offset(c.place);
            crop.min_element() >= -0.5 && crop.max_element() < c.place.side as f64 - 0.5
        })
    }
}

/// Canonical voxel of a cube's first voxel.
pub(super) fn offset(place: &CropPlace) -> DVec3 {
    DVec3::from_array(place.start.map(|s| s as f64))
}
