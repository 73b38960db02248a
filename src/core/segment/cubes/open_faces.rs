//! Where a mask goes on beyond the cubes that the model has looked at, and where to go on from.

use std::cell::OnceCell;

use super::answer::Cubes;
use super::blend::{Field, lay, offset};
use super::patches::holds;
use super::preprocess::{CanonicalGrid, CropPlace, SIDE};
use crate::geom::{DVec3, Grid};
use crate::segment::kept_parts::kept_parts;
use crate::volume::{Envelope, Region};

/// A face of a cube that the mask touches: beyond it there is more of the scan, but no other cube.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Contact {
    /// Where the cube starts (canonical voxel).
    pub(super) start: [i64; 3],
    pub(super) axis: usize,
    /// The face at the axis' upper end.
    pub(super) up: bool,
    /// The mask's cells at the face, as indices of the cube's logits.
    pub(super) cells: Vec<[usize; 3]>,
}

impl Contact {
    /// Where the cube beyond the face starts; half of it overlaps.
    pub(super) fn neighbour(&self) -> [i64; 3] {
        beside(self.start, self.axis, self.up)
    }
}

/// A neighbour that starts within so many voxels of a cube, along every axis, is that cube: an eighth of it.
const NEAR: u64 = 16;

/// Where a mask ends at faces of its cubes inside of the scan, and not because the model has seen its border.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// Somewhere nobody has looked beyond.
    pub touches: bool,
    /// Somewhere looking beyond is of no use.
    pub cut: bool,
}

/// How the mask of an answer ends at its cubes.
pub fn edges(answer: &Cubes, threshold: f32, grid: &Grid) -> Edges {
    // Beyond the cubes that mask goes on as it was.
    if answer.start.is_some() {
        return Edges::default();
    }
    let around = Around::of(answer, threshold, grid);
    let mut edges = Edges::default();
    for face in around.faces() {
        let found =
            if is_new(answer, face.neighbour()) { &mut edges.touches } else { &mut edges.cut };
        *found = *found || around.cells(face).next().is_some();
        edges.cut = edges.cut || around.is_cut(face);
    }
    edges
}

/// Whether a cube that starts there is none of the answer's and none of those tried in vain.
fn is_new(answer: &Cubes, start: [i64; 3]) -> bool {
    let mut starts = answer.patches.iter().map(|p| &p.place.start).chain(&answer.tried);
    !starts.any(|s| s.iter().zip(start).all(|(s, n)| s.abs_diff(n) <= NEAR))
}

/// The contacts with what nobody has looked at, the largest first; for each neighbour one.
pub(super) fn open(answer: &Cubes, threshold: f32, grid: &Grid) -> Vec<Contact> {
    let mut open = contacts(answer, threshold, grid);
    open.retain(|contact| is_new(answer, contact.neighbour()));
    let mut seen: Vec<[i64; 3]> = Vec::new();
    open.retain(|contact| {
        let new = contact.neighbour();
        let near = |s: &[i64; 3]| s.iter().zip(new).all(|(s, n)| s.abs_diff(n) <= NEAR);
        let first = !seen.iter().any(near);
        seen.extend(first.then_some(new));
        first
    });
    open
}

/// All contacts, the largest first.
fn contacts(answer: &Cubes, threshold: f32, grid: &Grid) -> Vec<Contact> {
    let around = Around::of(answer, threshold, grid);
    let contact = |face: Face<'_>| {
        let (start, cells) = (face.place.start, around.cells(face).collect());
        Contact { start, axis: face.axis, up: face.up, cells }
    };
    let mut contacts: Vec<_> = around.faces().map(contact).collect();
    contacts.retain(|c| !c.cells.is_empty());
    // Stable: those of one size stay in the order of cubes and faces.
    contacts.sort_by_key(|c| std::cmp::Reverse(c.cells.len()));
    contacts
}

/// A place inside the mask (canonical voxel) for the model to start from in the cube beyond a contact: of the part
/// of the mask that touches the face, what lies deepest inside, in both cubes and in the scan.
pub(super) fn seed(
    answer: &Cubes,
    threshold: f32,
    grid: &Grid,
    contact: &Contact,
) -> Option<[i64; 3]> {
    let around = Around::of(answer, threshold, grid);
    let (place, side) = around.field.places().find(|(place, _)| place.start == contact.start)?;
    let voxel = |cell: [usize; 3]| middle(place, side, cell);
    let mask: Vec<bool> = cells(side).map(|cell| around.has(place, side, cell)).collect();
    let part = connected(&mask, side, &contact.cells);
    let depths = depths(&mask, side);
    let beyond = contact.neighbour();
    let shared = cells(side).enumerate().filter(|&(n, cell)| part[n] && holds(beyond, voxel(cell)));
    // The deepest; of several the one nearest to the middle of the new cube, of these the first.
    let half = (SIDE / 2) as i64;
    let off_centre = |cell: [usize; 3]| -> u64 {
        voxel(cell).iter().zip(beyond).map(|(&v, b)| v.abs_diff(b + half).pow(2)).sum()
    };
    let best = shared.min_by_key(|&(n, cell)| (std::cmp::Reverse(depths[n]), off_centre(cell)));
    best.map(|(_, cell)| voxel(cell))
}

/// The place (canonical voxel) at a face where the mask that touches it is widest, as far as the face shows it; of
/// several the first.
pub(super) fn widest(answer: &Cubes, contact: &Contact) -> Option<[i64; 3]> {
    let patch = answer.patches.iter().find(|p| p.place.start == contact.start)?;
    let side = patch.steps.last()?.logits.side;
    let (u, v) = ((contact.axis + 1) % 3, (contact.axis + 2) % 3);
    // With a margin: a mask that goes on over the face's edge is not widest there.
    let wide = side + 2;
    let flat = |cell: &[usize; 3]| (cell[u] + 1) * wide + cell[v] + 1;
    let mut mask = vec![false; wide * wide];
    contact.cells.iter().for_each(|cell| mask[flat(cell)] = true);
    let depths = depths(&mask, wide);
    let best = contact.cells.iter().min_by_key(|cell| std::cmp::Reverse(depths[flat(cell)]))?;
    Some(middle(&patch.place, side, *best))
}

/// Beyond how many cells of a contact the mask goes on.
pub(super) fn goes_on(answer: &Cubes, threshold: f32, contact: &Contact) -> usize {
    let field = Field::of(answer, threshold);
    let Some((place, side)) = field.places().find(|(p, _)| p.start == contact.start) else {
        return 0;
    };
    let face = Face { place, side, axis: contact.axis, up: contact.up };
    contact.cells.iter().filter(|&&cell| field.is_inside(face.outside(cell))).count()
}

/// Whether the cube that starts at `start` brings anything: its own mask has a part in the scan that is in no
/// other cube.
pub(super) fn adds(answer: &Cubes, threshold: f32, grid: &Grid, start: [i64; 3]) -> bool {
    let around = Around::of(answer, threshold, grid);
    let Some((place, side)) = around.field.places().find(|(p, _)| p.start == start) else {
        return false;
    };
    cells(side).any(|cell| {
        !around.is_covered(middle(place, side, cell), start) && around.has(place, side, cell)
    })
}

/// All cells of a cube in the order of its logits.
fn cells(side: usize) -> impl Iterator<Item = [usize; 3]> {
    (0..side.pow(3)).map(move |n| [n / side / side, n / side % side, n % side])
}

/// The canonical voxel in the middle of a cell (the one above it where the middle lies between two).
fn middle(place: &CropPlace, side: usize, cell: [usize; 3]) -> [i64; 3] {
    std::array::from_fn(|a| {
        place.start[a].saturating_add(((2 * cell[a] + 1) * place.side / (2 * side)) as i64)
    })
}

/// The middle itself: there a cube's logit is not interpolated.
fn centre(place: &CropPlace, side: usize, cell: [usize; 3]) -> DVec3 {
    let scale = place.side as f64 / side as f64;
    offset(place) + DVec3::from_array(cell.map(|c| (c as f64 + 0.5) * scale - 0.5))
}

#[derive(Clone, Copy)]
struct Face<'a> {
    place: &'a CropPlace,
    side: usize,
    axis: usize,
    up: bool,
}

impl Face<'_> {
    fn neighbour(&self) -> [i64; 3] {
        beside(self.place.start, self.axis, self.up)
    }

    /// The cells at the face, row by row.
    fn cells(&self) -> impl Iterator<Item = [usize; 3]> + use<> {
        let Face { side, axis, up, .. } = *self;
        (0..side * side).map(move |n| {
            let mut cell = [n / side; 3];
            cell[(axis + 2) % 3] = n % side;
            cell[axis] = if up { side - 1 } else { 0 };
            cell
        })
    }

    /// The middle of the cell that would come next to a cell at the face.
    fn outside(&self, cell: [usize; 3]) -> DVec3 {
        let mut outside = centre(self.place, self.side, cell);
        let step = self.place.side as f64 / self.side as f64;
        outside[self.axis] += if self.up { step } else { -step };
        outside
    }

    /// The canonical voxel just beyond the face, next to a cell at it.
    fn beyond(&self, cell: [usize; 3]) -> [i64; 3] {
        let mut beyond = middle(self.place, self.side, cell);
        let step = if self.up { self.place.side as i64 } else { -1 };
        beyond[self.axis] = self.place.start[self.axis].saturating_add(step);
        beyond
    }
}

/// Where the cube half a cube further starts.
fn beside(mut start: [i64; 3], axis: usize, up: bool) -> [i64; 3] {
    let half = (SIDE / 2) as i64;
    start[axis] = start[axis].saturating_add(if up { half } else { -half });
    start
}

/// A mask and the scan that it lies in.
struct Around<'a> {
    answer: &'a Cubes,
    threshold: f32,
    field: Field<'a>,
    canonical: CanonicalGrid,
    /// The parts of the mask that are kept, on the canonical grid; only looked for where it matters.
    kept: OnceCell<(Option<Grid>, Region)>,
}

impl<'a> Around<'a> {
    fn of(answer: &'a Cubes, threshold: f32, grid: &Grid) -> Self {
        let canonical = CanonicalGrid::scaled(grid, answer.scale);
        let (field, kept) = (Field::of(answer, threshold), OnceCell::new());
        Self { answer, threshold, field, canonical, kept }
    }

    /// Whether a canonical voxel in the mask is in a part that is kept.
    fn is_kept(&self, voxel: [i64; 3]) -> bool {
        if self.answer.anchors.is_none() {
            return true;
        }
        let (grid, kept) = self.kept.get_or_init(|| {
            let grid = Grid::new(self.canonical.dims(), self.canonical.world_from_canonical()).ok();
            let parts = |grid: &Grid| {
                let mask = lay(self.answer, self.threshold, grid);
                kept_parts(mask, self.answer.anchors.as_deref(), grid)
            };
            let kept = grid.as_ref().map(parts).unwrap_or_default();
            (grid, kept)
        });
        // The middle of a cell lies between this voxel and the ones before it.
        let near = |grid: &Grid| {
            (0..8).any(|n| {
                let voxel = std::array::from_fn(|a| (voxel[a] - (n >> a & 1)) as usize);
                let inside = voxel.iter().zip(grid.dims()).all(|(&v, n)| v < n);
                inside && kept.contains(grid.index(voxel))
            })
        };
        grid.as_ref().is_none_or(near)
    }

    /// Whether a canonical voxel is in the scan.
    fn holds(&self, voxel: [i64; 3]) -> bool {
        voxel.iter().zip(self.canonical.dims()).all(|(&v, n)| (0..n as i64).contains(&v))
    }

    /// Whether a canonical voxel is in a cube other than the one that starts at `except`.
    fn is_covered(&self, voxel: [i64; 3], except: [i64; 3]) -> bool {
        let mut starts = self.field.places().map(|(place, _)| place.start);
        starts.any(|start| start != except && holds(start, voxel))
    }

    /// Whether a cell is in the scan and in a part of the mask that is kept.
    fn has(&self, place: &CropPlace, side: usize, cell: [usize; 3]) -> bool {
        let voxel = middle(place, side, cell);
        self.holds(voxel) && self.field.is_inside(centre(place, side, cell)) && self.is_kept(voxel)
    }

    fn faces(&self) -> impl Iterator<Item = Face<'a>> {
        self.field.places().flat_map(|(place, side)| {
            (0..6).map(move |n| Face { place, side, axis: n / 2, up: n % 2 == 1 })
        })
    }

    /// The mask's cells at a face beyond which it can go on.
    fn cells(&self, face: Face<'a>) -> impl Iterator<Item = [usize; 3]> {
        face.cells().filter(move |&cell| {
            let beyond = face.beyond(cell);
            self.holds(beyond)
                && !self.is_covered(beyond, face.place.start)
                && self.has(face.place, face.side, cell)
        })
    }

    /// Whether the mask ends flat at a face though another cube covers what is beyond: a cell at the face and the four
    /// around it are in the mask, and the five beyond them are not. A border that only crosses the face leaves no such
    /// cross.
    fn is_cut(&self, face: Face<'a>) -> bool {
        let Face { place, side, .. } = face;
        let ends = |cell: [usize; 3]| {
            self.has(place, side, cell) && !self.field.is_inside(face.outside(cell))
        };
        let ends: Vec<bool> = face
            .cells()
            .map(|cell| {
                let beyond = face.beyond(cell);
                self.holds(beyond) && self.is_covered(beyond, place.start) && ends(cell)
            })
            .collect();
        let inner = 1..side.saturating_sub(1);
        inner.clone().any(|i| {
            let row = i * side;
            inner
                .clone()
                .map(|j| row + j)
                .any(|n| [n, n - 1, n + 1, n - side, n + side].into_iter().all(|n| ends[n]))
        })
    }
}

/// The cells of the mask that hang together, over faces, with one of `from`.
fn connected(mask: &[bool], side: usize, from: &[[usize; 3]]) -> Vec<bool> {
    let index = |[x, y, z]: [usize; 3]| (x * side + y) * side + z;
    let mut part = vec![false; mask.len()];
    let mut open: Vec<[usize; 3]> = from.to_vec();
    while let Some(cell) = open.pop() {
        let n = index(cell);
        if !mask[n] || std::mem::replace(&mut part[n], true) {
            continue;
        }
        for axis in 0..3 {
            let mut push = |c: usize| {
                let mut next = cell;
                next[axis] = c;
                open.push(next);
            };
            if cell[axis] > 0 {
                push(cell[axis] - 1);
            }
            if cell[axis] + 1 < side {
                push(cell[axis] + 1);
            }
        }
    }
    part
}

/// For each cell of a square or a cube the squared distance, in cells, to the nearest one outside of the mask. What
/// lies beyond is not known and does not count; a mask without an outside is as deep everywhere.
pub(super) fn depths(mask: &[bool], side: usize) -> Vec<u32> {
    let mut depths: Vec<f64> =
        mask.iter().map(|&inside| if inside { f64::INFINITY } else { 0.0 }).collect();
    let (mut envelope, mut line) = (Envelope::default(), vec![0.0; side]);
    for stride in [1, side, side * side].into_iter().filter(|&s| s < mask.len()) {
        for first in (0..depths.len()).filter(|n| n / stride % side == 0) {
            for (i, value) in line.iter_mut().enumerate() {
                *value = depths[first + i * stride];
            }
            envelope.lower(&mut line, 1.0);
            for (i, &value) in line.iter().enumerate() {
                depths[first + i * stride] = value;
            }
        }
    }
    let far = f64::from(3 * (side * side) as u32);
    depths.into_iter().map(|depth| depth.min(far) as u32).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::answer::{Logits, Patch, Step};
    use super::*;
    use crate::geom::DAffine3;
    use crate::prompt::Prompt;

    const LOW: usize = 8;

    /// 1.5 mm voxels along RAS: canonical voxel = scan voxel.
    fn grid(dims: [usize; 3]) -> Grid {
        Grid::new(dims, DAffine3::from_scale(DVec3::splat(1.5))).unwrap()
    }

    /// A cube whose mask is where `inside` (canonical voxels) says, at cells of 16 voxels.
    fn patch(grid: &Grid, start: [i64; 3], inside: impl Fn([i64; 3]) -> bool) -> Arc<Patch> {
        let place = CanonicalGrid::of(grid).crop_at(start);
        let value = |cell| if inside(middle(&place, LOW, cell)) { 1.0 } else { -1.0 };
        let logits = Arc::new(Logits { side: LOW, values: cells(LOW).map(value).collect() });
        let opener = Prompt::positive(DVec3::ZERO);
        let steps = vec![Arc::new(Step { prompt: opener, logits, iou: 0.5 })];
        Arc::new(Patch { place, opener, start: None, steps })
    }

    fn answer(patches: Vec<Arc<Patch>>) -> Cubes {
        Cubes { patches, ..Cubes::default() }
    }

    fn touches(answer: &Cubes, threshold: f32, grid: &Grid) -> bool {
        edges(answer, threshold, grid).touches
    }

    fn is_cut(answer: &Cubes, grid: &Grid) -> bool {
        edges(answer, 0.0, grid).cut
    }

    /// A bar along x through the middle of a scan.
    fn bar([x, y, z]: [i64; 3]) -> bool {
        (0..500).contains(&x) && (70..135).contains(&y) && (80..115).contains(&z)
    }

    #[test]
    fn a_mask_is_followed_where_there_is_more_scan_and_no_other_cube() {
        let grid = grid([500, 200, 200]);
        let one = answer(vec![patch(&grid, [100, 36, 36], bar)]);
        let found = contacts(&one, 0.0, &grid);
        let faces: Vec<_> = found.iter().map(|c| (c.axis, c.up, c.neighbour())).collect();
        assert_eq!(faces, [(0, false, [36, 36, 36]), (0, true, [164, 36, 36])]);
        assert_eq!(found[0].cells.len(), 4 * 2, "65 by 35 voxels in cells of 16");
        assert!(touches(&one, 0.0, &grid) && !touches(&one, 2.0, &grid));

        // The cube beyond covers that face, and ends at the scan's end itself.
        let two = answer(vec![patch(&grid, [308, 36, 36], bar), patch(&grid, [372, 36, 36], bar)]);
        let found = contacts(&two, 0.0, &grid);
        assert_eq!(found.iter().map(Contact::neighbour).collect::<Vec<_>>(), [[244, 36, 36]]);
        assert!(!touches(&answer(vec![patch(&grid, [100, 36, 36], |_| false)]), 0.0, &grid));
        assert!(!touches(&Cubes::default(), 0.0, &grid));
    }

    #[test]
    fn where_more_was_looked_for_in_vain_is_no_reason_to_look_again() {
        let grid = grid([500, 200, 200]);
        let mut one = answer(vec![patch(&grid, [100, 36, 36], bar)]);
        let neighbours =
            |a: &Cubes| -> Vec<_> { open(a, 0.0, &grid).iter().map(Contact::neighbour).collect() };
        assert_eq!(neighbours(&one), [[36, 36, 36], [164, 36, 36]]);
        one.tried = vec![[36, 36, 36]];
        assert_eq!(neighbours(&one), [[164, 36, 36]]);
        assert!(touches(&one, 0.0, &grid));
        // A cube near by is the same one.
        one.tried.push([164 + 16, 36 - 16, 36]);
        assert!(neighbours(&one).is_empty() && !touches(&one, 0.0, &grid));
        // But the mask is still cut off there.
        assert!(is_cut(&one, &grid));
        one.tried[1][0] += 1;
        assert!(neighbours(&one).len() == 1 && touches(&one, 0.0, &grid));
        one.tried.clear();
        assert!(!is_cut(&one, &grid));
    }

    /// Another cube covers the face but knows nothing of the bar, or lets it end where it ends.
    #[test]
    fn a_mask_cut_off_flat_where_another_cube_goes_on_is_told() {
        let grid = grid([500, 200, 200]);
        // Five cells by five: a cross of them has room.
        let thick = |[_, y, z]: [i64; 3]| (60..140).contains(&y) && (60..140).contains(&z);
        let pair = |second: &dyn Fn([i64; 3]) -> bool| {
            answer(vec![patch(&grid, [-60, 36, 36], thick), patch(&grid, [4, 36, 36], second)])
        };
        let (off, on) = (pair(&|v| v[0] < 20), pair(&|v| thick(v) && v[0] < 110));
        // The first cube ends at 68.
        assert!(!touches(&off, 0.0, &grid) && is_cut(&off, &grid));
        assert!(!touches(&on, 0.0, &grid) && !is_cut(&on, &grid));
        // A border that runs through the face at an angle is no cut.
        let slanted = |[x, y, z]: [i64; 3]| x + y < 160 && (60..150).contains(&z) && y > 50;
        let slant =
            answer(vec![patch(&grid, [-60, 36, 36], slanted), patch(&grid, [4, 36, 36], slanted)]);
        assert!(!is_cut(&slant, &grid));
    }

    #[test]
    fn the_widest_place_of_a_contact_is_in_the_middle_of_its_thickest_part() {
        let grid = grid([500; 3]);
        let mask = |[_, y, z]: [i64; 3]| {
            (116..196).contains(&y) && (116..196).contains(&z) || (100..116).contains(&y)
        };
        let one = answer(vec![patch(&grid, [100; 3], mask)]);
        let up = contacts(&one, 0.0, &grid).into_iter().find(|c| c.axis == 0 && c.up).unwrap();
        let [x, y, z] = widest(&one, &up).unwrap();
        assert_eq!(x, 100 + 120);
        assert!((140..172).contains(&y) && (140..172).contains(&z), "{y} {z}");
    }

    #[test]
    fn the_largest_contact_comes_first() {
        let grid = grid([500; 3]);
        let flat = |[x, y, z]: [i64; 3]| x > 150 && (100..150).contains(&y) || z < 200;
        let found = contacts(&answer(vec![patch(&grid, [100; 3], flat)]), 0.0, &grid);
        let sizes: Vec<usize> = found.iter().map(|c| c.cells.len()).collect();
        assert!(sizes.windows(2).all(|w| w[0] >= w[1]) && sizes[0] == LOW * LOW, "{sizes:?}");
        assert_eq!((found[0].axis, found[0].up), (2, false));
    }

    /// Two bars touch the face, a thick one and a thin one; another is thicker but does not touch it.
    #[test]
    fn a_seed_lies_deep_in_the_part_that_touches() {
        let grid = grid([500; 3]);
        let boxed = |v: [i64; 3], low: [i64; 3], high: [i64; 3]| {
            (0..3).all(|a| v[a] >= low[a] && v[a] < high[a])
        };
        let mask = |v| {
            boxed(v, [100, 116, 116], [500, 164, 164])
                || boxed(v, [100, 180, 180], [500, 196, 196])
                || boxed(v, [100, 100, 180], [212, 172, 228])
        };
        let one = answer(vec![patch(&grid, [100; 3], mask)]);
        let up = contacts(&one, 0.0, &grid).into_iter().find(|c| c.axis == 0 && c.up).unwrap();
        let seed = seed(&one, 0.0, &grid, &up).unwrap();
        assert!(seed[0] >= 164 && seed[0] < 228, "in both cubes: {seed:?}");
        assert_eq!([seed[1], seed[2]], [140, 140], "in the middle of the thick bar");
    }

    #[test]
    fn a_cube_adds_what_is_in_no_other() {
        let grid = grid([500, 200, 200]);
        let pair = |second: fn([i64; 3]) -> bool| {
            answer(vec![patch(&grid, [100, 36, 36], bar), patch(&grid, [164, 36, 36], second)])
        };
        assert!(adds(&pair(bar), 0.0, &grid, [164, 36, 36]));
        assert!(!adds(&pair(|v| v[0] < 220), 0.0, &grid, [164, 36, 36]), "nothing beyond");
        assert!(!adds(&pair(|v| v[2] < 0), 0.0, &grid, [164, 36, 36]), "nothing in the scan");
        assert!(!adds(&pair(bar), 0.0, &grid, [0; 3]), "no such cube");
    }

    proptest! {
        #[test]
        fn depths_are_the_squared_distances_to_the_nearest_outside(
            side in 1usize..7,
            mask in prop::collection::vec(prop::bool::weighted(0.9), 216),
        ) {
            let mask = &mask[..side.pow(3)];
            let outside: Vec<_> = cells(side).zip(mask).filter(|(_, m)| !**m).map(|(c, _)| c).collect();
            let apart = |a: [usize; 3], b: &[usize; 3]| {
                (0..3).map(|i| a[i].abs_diff(b[i]).pow(2) as u32).sum::<u32>()
            };
            let found = depths(mask, side);
            for (n, cell) in cells(side).enumerate() {
                let nearest = outside.iter().map(|o| apart(cell, o)).min();
                prop_assert_eq!(found[n], nearest.unwrap_or(3 * (side * side) as u32));
            }
        }
    }
}
