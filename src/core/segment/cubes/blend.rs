//! One mask from the cubes of one object: where they overlap, their logits are blended.

use std::borrow::Cow;

use rayon::prelude::*;

use super::answer::{Cubes, Logits, Patch};
use super::postprocess::{ABOVE, BELOW, Layer, Tap, interpolated, lerp, tent};
use super::preprocess::{CropPlace, SIDE, SPACING};
use super::steady;
use crate::geom::{DAffine3, DVec3, Grid};
use crate::volume::{Region, RegionBuilder, VoxelBox};

/// The voxels of `grid` whose centre lies in a cube of the answer and where the logit is above `threshold`.
///
/// The logit is the trilinear interpolation of what stands in each cube. By [`crate::prompt::MaskRule::Steady`] that is
/// not simply its last answer: a positive click takes nothing away but around negative ones, and one inside of the mask
/// lets it grow by less than half. Where cubes overlap, the sum of their logits decides, with weights that fall from 1
/// in a cube's middle to almost 0 at its faces (along each axis, multiplied). Three rules keep what the user has seen
/// and accepted: each cube's vote for or against a voxel is limited to 4, so that no single one decides alone; a cube
/// that the mask was only followed into has no vote inside of those that the user had clicked in before, but for 20 mm
/// at their faces, in which it fades in; and what the cubes opened before have put into the mask, a later cube takes
/// away only around the negative clicks in it. Fast where the voxel axes run along the cubes' axes, which is so for the
/// grid that the cubes were cut from; any other grid is worked through voxel by voxel.
pub fn lay(answer: &Cubes, threshold: f32, grid: &Grid) -> Region {
    lay_cubes(&cubes(answer, threshold), threshold, grid)
}

/// The mask of an answer: that of [`lay`], unless a mask was started from (on this grid). Then it is that mask, and
/// [`lay`] changes only voxels around cells of the logits that have changed sides: next to a cell that has come into the
/// mask it adds voxels, next to one that has left it takes voxels away. The cells are too coarse to say more.
pub fn mask_of(answer: &Cubes, threshold: f32, grid: &Grid) -> Region {
    let laid = lay(answer, threshold, grid);
    let Some(start) = &answer.start else { return laid };
    let row = grid.dims()[0];
    let near = |now: bool| lay_cubes(&changed(answer, threshold, now), 0.0, grid);
    let mut mask = start.union(&laid.intersection(&near(true), row), row);
    mask.subtract(&near(false).without(&laid, row), row);
    mask
}

/// The answered cubes, 1 in the cells that are in the mask `now` and were not at the start, or the other way round.
fn changed(answer: &Cubes, threshold: f32, now: bool) -> Vec<Cube<'_>> {
    let mut cubes = Vec::new();
    for patch in &answer.patches {
        let Some(logits) = steady::logits(patch, answer.rule) else { continue };
        let before = patch.start.as_ref().filter(|start| start.side == logits.side);
        let before = |n: usize| before.map(|start| start.values[n]);
        // What no click has changed stays, whatever the threshold.
        let changed = |(n, &logit): (usize, &f32)| {
            let was = before(n).is_some_and(|before| before > 0.0);
            before(n) != Some(logit) && (logit > threshold) == now && was != now
        };
        let values = logits.values.iter().enumerate();
        let values = values.map(|cell| f32::from(u8::from(changed(cell)))).collect();
        let logits = Cow::Owned(Logits { side: logits.side, values });
        cubes.push(Cube { place: &patch.place, logits, firm: None, clicked: true });
    }
    cubes
}

/// [`lay`] of one cube, with 0 as the threshold.
pub fn paste(logits: &Logits, place: &CropPlace, grid: &Grid) -> Region {
    let cube = Cube { place, logits: Cow::Borrowed(logits), firm: None, clicked: true };
    let is_sound = logits.side > 0 && logits.values.len() >= logits.side.pow(3);
    if is_sound { lay_cubes(&[cube], 0.0, grid) } else { Region::default() }
}

/// How far from the threshold a logit counts where cubes overlap: 4 is a probability of 98 % for a threshold of a half.
const MAX_VOTE: f32 = 4.0;
/// The model's millimetres inside the faces of a clicked cube in which other cubes may complete it.
const RIM: f64 = 20.0;
/// [`RIM`] in the measure of [`tent`].
const RIM_TENT: f32 = (2.0 * RIM / SPACING / (SIDE as f64 + 1.0)) as f32;

/// A cube and what stands in it.
#[derive(Clone, Debug)]
struct Cube<'a> {
    place: &'a CropPlace,
    logits: Cow<'a, Logits>,
    /// How far the logits are above the threshold, with those below 0 only around the cube's negative clicks: what it
    /// votes with on voxels that are in the mask by the cubes before it. `None` for the first.
    firm: Option<Logits>,
    /// A click opened it, not the mask that went on into it.
    clicked: bool,
}

/// A cube's vote on whether a position is in the mask.
struct Vote {
    clicked: bool,
    weight: f32,
    /// How far its logit is above the threshold.
    above: f32,
    /// The same if the voxel is in the mask already.
    firm: f32,
    /// The share that later cubes which were not clicked keep of their votes.
    rest: f32,
}

/// The share that other cubes keep of their votes inside a clicked one, from its least [`tent`] along the axes.
fn rest(tent: f32) -> f32 {
    (1.0 - tent / RIM_TENT).max(0.0)
}

/// The sum with one more cube's vote.
fn summed(sum: f32, above: f32, firm: f32, weight: f32) -> f32 {
    sum + weight * if sum > 0.0 { firm } else { above }.clamp(-MAX_VOTE, MAX_VOTE)
}

/// Whether the votes of all cubes that contain a position, in the order of the cubes, put it into the mask.
fn decide(votes: impl Iterator<Item = Vote>) -> bool {
    let (mut sum, mut left) = (0.0, 1.0);
    for vote in votes {
        let weight = if vote.clicked { vote.weight } else { vote.weight * left };
        sum = summed(sum, vote.above, vote.firm, weight);
        left *= vote.rest;
    }
    sum > 0.0
}

impl Cube<'_> {
    /// Its vote on a position in crop voxels; `None` outside of it.
    fn vote(&self, threshold: f32, crop: DVec3) -> Option<Vote> {
        let side = self.place.side;
        let above = interpolated(&self.logits, side, crop)? - threshold;
        let firm = self.firm.as_ref().map_or(Some(above), |f| interpolated(f, side, crop))?;
        let tents = crop.to_array().map(|c| tent(c, side));
        let least = tents.into_iter().fold(1.0, f32::min);
        let rest = if self.clicked { rest(least) } else { 1.0 };
        let weight = tents.into_iter().product();
        Some(Vote { clicked: self.clicked, weight, above, firm, rest })
    }
}

/// The answered cubes, in the order in which they were opened.
fn cubes(answer: &Cubes, threshold: f32) -> Vec<Cube<'_>> {
    let mut cubes = Vec::new();
    for (n, patch) in answer.patches.iter().enumerate() {
        let Some(logits) = steady::logits(patch, answer.rule) else { continue };
        // A click opens a cube only where there is none yet; what an extension starts from lies in one.
        let clicked = !answer.patches[..n].iter().any(|b| b.place.contains(patch.opener.world));
        let firm = (!cubes.is_empty()).then(|| firm(&logits, patch, threshold));
        cubes.push(Cube { place: &patch.place, logits, firm, clicked });
    }
    cubes
}

/// [`Cube::firm`].
fn firm(logits: &Logits, patch: &Patch, threshold: f32) -> Logits {
    let negative = patch.steps.iter().map(|s| s.prompt).filter(|p| !p.positive);
    let clicks: Vec<DVec3> = negative.map(|p| steady::in_cube(&patch.place, &p)).collect();
    let side = logits.side;
    let free = steady::near_negative(&clicks, side, patch.place.side);
    let value = |(n, logit): (usize, &f32)| {
        let above = logit - threshold;
        // Of a NaN nothing is firm.
        if above > 0.0 {
            above
        } else if above <= 0.0 {
            above * free.get(n).copied().unwrap_or_default()
        } else {
            0.0
        }
    };
    let values = logits.values[..side.pow(3)].iter().enumerate().map(value).collect();
    Logits { side, values }
}

fn lay_cubes(cubes: &[Cube<'_>], threshold: f32, grid: &Grid) -> Region {
    let planes =
        match cubes.iter().map(|c| Sheet::of(c, threshold, grid)).collect::<Option<Vec<_>>>() {
            Some(sheets) => aligned_planes(sheets, grid),
            None => any_planes(cubes, threshold, grid),
        };
    Region::joined(&planes)
}

/// A cube laid along the scan's axes.
struct Sheet {
    layer: Layer,
    /// [`Cube::firm`] laid likewise.
    firm: Option<Layer>,
    clicked: bool,
}

impl Sheet {
    /// `None` if the scan's axes do not run along the cube's.
    fn of(cube: &Cube<'_>, threshold: f32, grid: &Grid) -> Option<Self> {
        let layer = Layer::of(&cube.logits, cube.place, threshold, grid)?;
        let firm = match &cube.firm {
            Some(firm) => Some(Layer::of(firm, cube.place, 0.0, grid)?),
            None => None,
        };
        Some(Self { layer, firm, clicked: cube.clicked })
    }
}

fn aligned_planes(mut sheets: Vec<Sheet>, grid: &Grid) -> Vec<Region> {
    sheets.retain(|s| s.layer.axes.iter().all(|a| !a.taps.is_empty()));
    let first = sheets.iter().map(|s| s.layer.axes[2].first).min().unwrap_or(0);
    let end = sheets.iter().map(|s| s.layer.axes[2].end()).max().unwrap_or(0);
    let plane = |z: usize| {
        let mut builder = RegionBuilder::new(grid.dims()[0]);
        let slabs = sheets.iter().filter_map(|s| Some((s, s.layer.axes[2].position(z)?)));
        match slabs.collect::<Vec<_>>().as_slice() {
            [] => {}
            [(sheet, k)] => sheet.layer.push_plane(*k, grid, &mut builder),
            several => {
                let mut slabs: Vec<_> = several.iter().map(|&(s, k)| Slab::of(s, k)).collect();
                push_blended(&mut slabs, z, grid, &mut builder);
            }
        }
        builder.finish()
    };
    (first..end).into_par_iter().map(plane).collect()
}

/// Beside [`ABOVE`] and [`BELOW`]: that cube has to be interpolated.
const MIXED: u8 = 4;

/// The logits of a plane of scan voxels in a cube, and those of a row of it.
struct Lines<'a> {
    layer: &'a Layer,
    plane: Vec<f32>,
    /// Only up to date where somebody asked for them.
    line: Vec<f32>,
}

impl<'a> Lines<'a> {
    fn of(layer: &'a Layer, k: usize) -> Self {
        Self { layer, plane: layer.plane(k), line: Vec::new() }
    }

    fn enter(&mut self, y: Tap) {
        self.line = self.layer.line(&self.plane, y);
    }

    fn at(&self, x: Tap) -> f32 {
        lerp(self.line[x.low], self.line[x.high], x.weight)
    }
}

/// A plane of scan voxels in one of the cubes that it runs through, and a row of it.
struct Slab<'a> {
    layer: &'a Layer,
    /// A click opened the cube.
    clicked: bool,
    /// Where the plane is in the z table.
    k: usize,
    logits: Lines<'a>,
    firm: Option<Lines<'a>>,
    /// Where the row lies between two lines of the plane; `None` if the cube does not reach it.
    y: Option<Tap>,
    /// [`tent`] along y, times that along z.
    weight: f32,
    /// The lesser of the two.
    least: f32,
    /// What is known of the cells of the row.
    cells: Vec<u8>,
    /// What is known of each voxel of the row without interpolation, from the cube's first on.
    known: Vec<u8>,
    /// Whether that is [`BELOW`] for all.
    all_below: bool,
}

impl<'a> Slab<'a> {
    fn of(sheet: &'a Sheet, k: usize) -> Self {
        let layer = &sheet.layer;
        Self {
            layer,
            clicked: sheet.clicked,
            k,
            logits: Lines::of(layer, k),
            firm: sheet.firm.as_ref().map(|f| Lines::of(f, k)),
            y: None,
            weight: 0.0,
            least: 0.0,
            cells: Vec::new(),
            known: vec![0; layer.axes[0].taps.len()],
            all_below: true,
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

    /// Interpolates the row's logits.
    fn interpolate(&mut self) {
        if let Some(y) = self.y {
            self.logits.enter(y);
            self.firm.iter_mut().for_each(|firm| firm.enter(y));
        }
    }

    /// Adds the cube's votes to `sums`, which are those of voxels `from` on, and multiplies `left` by the share that
    /// later cubes which were not clicked keep of theirs.
    fn add(&self, sums: &mut [f32], left: &mut [f32], from: usize) {
        let x = &self.layer.axes[0];
        let reach = x.first.max(from)..x.end().min(from + sums.len());
        for voxel in reach {
            let (tap, tent) = (x.taps[voxel - x.first], x.tents[voxel - x.first]);
            let (sum, left) = (&mut sums[voxel - from], &mut left[voxel - from]);
            let above = self.logits.at(tap);
            let firm = self.firm.as_ref().map_or(above, |firm| firm.at(tap));
            let weight = tent * self.weight * if self.clicked { 1.0 } else { *left };
            *sum = summed(*sum, above, firm, weight);
            if self.clicked {
                *left *= rest(self.least.min(tent));
            }
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
            slabs.iter_mut().for_each(Slab::interpolate);
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
                let reaching = slabs.iter().filter(|s| s.y.is_some());
                reaching.for_each(|s| s.add(&mut sums, &mut left, from));
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
        let voters = cubes.iter().zip(&maps);
        decide(voters.filter_map(|(c, map)| c.vote(threshold, map.transform_point3(at))))
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
    pub(super) fn of(answer: &'a Cubes, threshold: f32) -> Self {
        Self { cubes: cubes(answer, threshold), threshold }
    }

    /// The places of the cubes, and the side of the logits in each.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'a CropPlace, usize)> {
        self.cubes.iter().map(|c| (c.place, c.logits.side))
    }

    /// Whether a position (continuous canonical voxel) is in the mask.
    pub(super) fn is_inside(&self, at: DVec3) -> bool {
        let vote = |c: &Cube<'_>| c.vote(self.threshold, at - offset(c.place));
        decide(self.cubes.iter().filter_map(vote))
    }
}

/// Canonical voxel of a cube's first voxel.
pub(super) fn offset(place: &CropPlace) -> DVec3 {
    DVec3::from_array(place.start.map(|s| s as f64))
}
