//! One mask from the cubes of one object: where they overlap, their logits are blended.

use rayon::prelude::*;

use super::postprocess::{ABOVE, BELOW, Layer, Tap, interpolated, lerp, tent};
use super::preprocess::{SIDE, SPACING};
use crate::geom::{DAffine3, DVec3, Grid};
use crate::prompt::{Answer, CropPlace, Logits};
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// The voxels of `grid` whose centre lies in a cube of the answer and where the logit is above `threshold`.
///
/// The logit is the trilinear interpolation of each cube's last answer; where cubes overlap, their mean with
/// weights that fall from 1 in a cube's middle to almost 0 at its faces (along each axis, multiplied). Two rules keep
/// what the user has seen and accepted: no cube says more than 4 for or against a voxel, so none outvotes
/// the others by shouting; and a cube that the mask was only followed into has no say inside of those that the user
/// clicked in, but for 20 mm at their faces, in which it fades in.
/// Fast where the voxel axes run along the cubes' axes, which is so for the grid that the cubes were cut
/// from; any other grid is worked through voxel by voxel.
pub fn lay(answer: &Answer, threshold: f32, grid: &Grid) -> Region {
    lay_cubes(&cubes(answer), threshold, grid)
}

/// [`lay`] of one cube, with 0 as the threshold.
pub fn paste(logits: &Logits, place: &CropPlace, grid: &Grid) -> Region {
    let cube = Cube { place, logits, clicked: true };
    if cube.is_sound() { lay_cubes(&[cube], 0.0, grid) } else { Region::default() }
}

/// How far from the threshold a logit counts where cubes overlap: 4 is a probability of 98 % for a threshold of a half.
const LOUDEST: f32 = 4.0;
/// The model's millimetres inside the faces of a clicked cube in which other cubes may complete it.
const RIM: f64 = 20.0;
/// [`RIM`] in the measure of [`tent`].
const RIM_TENT: f32 = (2.0 * RIM / SPACING / (SIDE as f64 + 1.0)) as f32;

/// A cube and what the model said last in it.
#[derive(Clone, Copy, Debug)]
struct Cube<'a> {
    place: &'a CropPlace,
    logits: &'a Logits,
    /// A click opened it, not the mask that went on into it.
    clicked: bool,
}

/// What a cube says of a position.
struct Say {
    clicked: bool,
    /// How far its logit is above the threshold, times its weight.
    above: f32,
    /// What is left of the say of cubes that were not clicked.
    leaves: f32,
}

/// What is left of the say of other cubes at a place inside a clicked one, from its least [`tent`] along the axes.
fn leaves(tent: f32) -> f32 {
    (1.0 - tent / RIM_TENT).max(0.0)
}

/// Whether what all cubes that contain a position say of it puts it into the mask.
fn decide(says: impl Iterator<Item = Say> + Clone) -> bool {
    let left: f32 = says.clone().map(|s| s.leaves).product();
    says.map(|s| if s.clicked { s.above } else { s.above * left }).sum::<f32>() > 0.0
}

impl Cube<'_> {
    fn is_sound(&self) -> bool {
        let side = self.logits.side;
        side > 0 && self.logits.values.len() >= side * side * side
    }

    /// Its say at a position in crop voxels; `None` outside of it.
    fn say(&self, threshold: f32, crop: DVec3) -> Option<Say> {
        let side = self.place.side;
        let above = interpolated(self.logits, side, crop)? - threshold;
        let tents = crop.to_array().map(|c| tent(c, side));
        let least = tents.into_iter().fold(1.0, f32::min);
        Some(Say {
            clicked: self.clicked,
            above: above.clamp(-LOUDEST, LOUDEST) * tents.into_iter().product::<f32>(),
            leaves: if self.clicked { leaves(least) } else { 1.0 },
        })
    }
}

/// The answered cubes, in an order that does not depend on how the answer came about: sums of floats do
/// depend on their order.
fn cubes(answer: &Answer) -> Vec<Cube<'_>> {
    let answered = answer.patches.iter().enumerate().filter_map(|(n, p)| {
        // A click opens a cube only where there is none yet; what an extension starts from lies in one.
        let clicked = !answer.patches[..n].iter().any(|b| b.place.contains(p.opener.world));
        Some(Cube { place: &p.place, logits: &p.steps.last()?.logits, clicked })
    });
    let mut cubes: Vec<_> = answered.filter(Cube::is_sound).collect();
    cubes.sort_by_key(|c| c.place.start);
    cubes
}

fn lay_cubes(cubes: &[Cube<'_>], threshold: f32, grid: &Grid) -> Region {
    let layer = |c: &Cube<'_>| Some((Layer::of(c.logits, c.place, threshold, grid)?, c.clicked));
    let planes = match cubes.iter().map(layer).collect::<Option<Vec<_>>>() {
        Some(layers) => aligned_planes(layers, grid),
        None => any_planes(cubes, threshold, grid),
    };
    Region::joined(&planes)
}

/// Each layer with whether its cube was clicked.
fn aligned_planes(mut layers: Vec<(Layer, bool)>, grid: &Grid) -> Vec<Region> {
    layers.retain(|(l, _)| l.axes.iter().all(|a| !a.taps.is_empty()));
    let first = layers.iter().map(|(l, _)| l.axes[2].first).min().unwrap_or(0);
    let end = layers.iter().map(|(l, _)| l.axes[2].end()).max().unwrap_or(0);
    let plane = |z: usize| {
        let mut builder = RegionBuilder::new(grid.dims()[0]);
        let slabs = layers.iter().filter_map(|(l, c)| Some((l, *c, l.axes[2].position(z)?)));
        match slabs.collect::<Vec<_>>().as_slice() {
            [] => {}
            [(layer, _, k)] => layer.push_plane(*k, grid, &mut builder),
            several => {
                let mut slabs: Vec<_> =
                    several.iter().map(|&(l, c, k)| Slab::of(l, c, k)).collect();
                push_blended(&mut slabs, z, grid, &mut builder);
            }
        }
        builder.finish()
    };
    (first..end).into_par_iter().map(plane).collect()
}

/// Beside [`ABOVE`] and [`BELOW`]: that cube has to be asked.
const MIXED: u8 = 4;

/// A plane of scan voxels in one of the cubes that it runs through, and a row of it.
struct Slab<'a> {
    layer: &'a Layer,
    /// A click opened the cube.
    clicked: bool,
    /// Where the plane is in the z table.
    k: usize,
    /// The logits of the plane.
    plane: Vec<f32>,
    /// Where the row lies between two lines of the plane; `None` if the cube does not reach it.
    y: Option<Tap>,
    /// [`tent`] along y, times that along z.
    weight: f32,
    /// The lesser of the two.
    least: f32,
    /// What is known of the cells of the row.
    cells: Vec<u8>,
    /// What the cube says of each voxel of the row without interpolation, from the cube's first on.
    known: Vec<u8>,
    /// Whether that is [`BELOW`] for all.
    all_below: bool,
    /// Logits along the row; only up to date where somebody asked for them.
    line: Vec<f32>,
}

impl<'a> Slab<'a> {
    fn of(layer: &'a Layer, clicked: bool, k: usize) -> Self {
        Self {
            layer,
            clicked,
            k,
            plane: layer.plane(k),
            y: None,
            weight: 0.0,
            least: 0.0,
            cells: Vec::new(),
            known: vec![0; layer.axes[0].taps.len()],
            all_below: true,
            line: Vec::new(),
        }
    }

    /// Goes on to row `y` of the scan.
    fn enter(&mut self, y: usize) {
        let [_, y_axis, z_axis] = &self.layer.axes;
        let position = y_axis.position(y);
        let tap = position.map(|j| y_axis.taps[j]);
        let before = std::mem::replace(&mut self.y, tap);
        let (Some(j), Some(tap)) = (position, tap) else { return };
        let tents = [y_axis.tents[j], z_axis.tents[self.k]];
        (self.weight, self.least) = (tents[0] * tents[1], tents[0].min(tents[1]));
        // Rows between the same two lines are alike.
        if before.is_none_or(|b| b.low != tap.low) {
            self.layer.cells(tap, z_axis.taps[self.k], &mut self.cells);
            self.all_below = self.cells.iter().all(|&kind| kind == BELOW);
            for span in &self.layer.spans {
                let kind = self.cells[span.low];
                self.known[span.from..span.to].fill(if kind == 0 { MIXED } else { kind });
            }
        }
    }

    /// Voxels of the scan's row, of those `from` to `to`, that the cube reaches.
    fn reach(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        let x = &self.layer.axes[0];
        x.first.max(from)..x.end().min(to).max(x.first.max(from))
    }

    /// Takes from `left`, which is of voxels `from` on, what the cube leaves of the say of others.
    fn veil(&self, left: &mut [f32], from: usize) {
        let x = &self.layer.axes[0];
        for voxel in self.reach(from, from + left.len()) {
            left[voxel - from] *= leaves(self.least.min(x.tents[voxel - x.first]));
        }
    }

    /// Adds the cube's say to `sums`, which are those of voxels `from` on; `left` of it where others were clicked.
    fn add(&self, sums: &mut [f32], left: &[f32], from: usize) {
        let x = &self.layer.axes[0];
        for voxel in self.reach(from, from + sums.len()) {
            let (tap, tent) = (x.taps[voxel - x.first], x.tents[voxel - x.first]);
            let above = lerp(self.line[tap.low], self.line[tap.high], tap.weight);
            let weight = tent * self.weight * if self.clicked { 1.0 } else { left[voxel - from] };
            sums[voxel - from] += above.clamp(-LOUDEST, LOUDEST) * weight;
        }
    }
}

/// The voxels of plane `z` that several cubes reach.
fn push_blended(slabs: &mut [Slab<'_>], z: usize, grid: &Grid, builder: &mut RegionBuilder) {
    let mut known = vec![0; grid.dims()[0]];
    for y in 0..grid.dims()[1] {
        for slab in slabs.iter_mut() {
            slab.enter(y);
        }
        let reaching = || slabs.iter().filter(|s| s.y.is_some());
        if reaching().all(|s| s.all_below) {
            continue;
        }
        known.fill(0);
        for slab in reaching() {
            let known = &mut known[slab.layer.axes[0].first..];
            known.iter_mut().zip(&slab.known).for_each(|(k, s)| *k |= s);
        }
        if known.iter().fold(0, |most, &k| most.max(k)) > BELOW {
            for slab in slabs.iter_mut() {
                if let Some(y) = slab.y {
                    slab.line = slab.layer.line(&slab.plane, y);
                }
            }
        }
        push_row(slabs, &known, grid.index([0, y, z]), builder);
    }
}

/// The voxels of a row in the mask; `base` is the memory position of its first.
fn push_row(slabs: &[Slab<'_>], known: &[u8], base: usize, builder: &mut RegionBuilder) {
    let (mut from, mut sums, mut left) = (0, Vec::new(), Vec::new());
    for alike in known.chunk_by(|a, b| a == b) {
        match alike[0] {
            0 | BELOW => {}
            ABOVE => builder.push(base + from, alike.len()),
            _ => {
                sums.clear();
                sums.resize(alike.len(), 0.0);
                left.clear();
                left.resize(alike.len(), 1.0);
                let reaching = || slabs.iter().filter(|s| s.y.is_some());
                reaching().filter(|s| s.clicked).for_each(|s| s.veil(&mut left, from));
                reaching().for_each(|s| s.add(&mut sums, &left, from));
                push_positive(&sums, base + from, builder);
            }
        }
        from += alike.len();
    }
}

/// `base` is the memory position of the first.
fn push_positive(sums: &[f32], base: usize, builder: &mut RegionBuilder) {
    let mut from = base;
    for alike in sums.chunk_by(|a, b| (*a > 0.0) == (*b > 0.0)) {
        if alike[0] > 0.0 {
            builder.push(from, alike.len());
        }
        from += alike.len();
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
        decide(says.filter_map(|(c, map)| c.say(threshold, map.transform_point3(at))))
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
        decide(self.cubes.iter().filter_map(say))
    }
}

/// Canonical voxel of a cube's first voxel.
pub(super) fn offset(place: &CropPlace) -> DVec3 {
    DVec3::from_array(place.start.map(|s| s as f64))
}
