//! The outlines of a mask in a slice, half-way between the middles of voxels that are in and those that are out
//! (marching squares at one half): read back, exactly the same middles are inside. Holes are reached by keyholes, which
//! every program understands: a ring and all holes within it are one contour.

use std::collections::{BTreeMap, HashMap};

/// A place in half voxels: along a row, from row to row.
type Half = [i32; 2];

/// A mask within a box, with an empty border of one voxel.
pub(super) struct Mask {
    low: [i32; 2],
    size: [usize; 2],
    inside: Vec<bool>,
}

impl Mask {
    /// An empty mask for voxels from `low` up to and including `high`.
    pub fn new(low: [usize; 2], high: [usize; 2]) -> Self {
        let size = [high[0] + 3 - low[0], high[1] + 3 - low[1]];
        let low = low.map(|n| n as i32 - 1);
        Self { low, size, inside: vec![false; size[0] * size[1]] }
    }

    /// Puts voxels in.
    pub fn set(&mut self, row: usize, run: std::ops::Range<usize>) {
        let y = (row as i32 - self.low[1]) as usize;
        let x = |at: usize| (at as i32 - self.low[0]) as usize;
        self.inside[y * self.size[0]..][x(run.start)..x(run.end)].fill(true);
    }

    fn has(&self, x: usize, y: usize) -> bool {
        self.inside[x + self.size[0] * y]
    }

    /// The lines through the squares between four middles each, what is in to their left: where each leads to.
    fn lines(&self) -> HashMap<Half, Half> {
        let mut next = HashMap::new();
        for y in 0..self.size[1] - 1 {
            for x in 0..self.size[0] - 1 {
                let corners = [
                    self.has(x, y),
                    self.has(x + 1, y),
                    self.has(x + 1, y + 1),
                    self.has(x, y + 1),
                ];
                if corners.iter().all(|c| *c == corners[0]) {
                    continue;
                }
                let at = [2 * (x as i32 + self.low[0]), 2 * (y as i32 + self.low[1])];
                let half = |dx: i32, dy: i32| [at[0] + dx, at[1] + dy];
                let (s, e, n, w) = (half(1, 0), half(2, 1), half(1, 2), half(0, 1));
                let lines: &[(Half, Half)] = match corners {
                    [true, false, false, false] => &[(s, w)],
                    [false, true, false, false] => &[(e, s)],
                    [false, false, true, false] => &[(n, e)],
                    [false, false, false, true] => &[(w, n)],
                    [true, true, false, false] => &[(e, w)],
                    [false, true, true, false] => &[(n, s)],
                    [false, false, true, true] => &[(w, e)],
                    [true, false, false, true] => &[(s, n)],
                    [false, true, true, true] => &[(w, s)],
                    [true, false, true, true] => &[(s, e)],
                    [true, true, false, true] => &[(e, n)],
                    [true, true, true, false] => &[(n, w)],
                    // Voxels that touch at a corner are two.
                    [true, false, true, false] => &[(s, w), (n, e)],
                    [false, true, false, true] => &[(e, s), (w, n)],
                    _ => &[],
                };
                next.extend(lines.iter().copied());
            }
        }
        next
    }

    /// The contours of the mask, in half voxels.
    pub fn outlines(&self) -> Vec<Vec<Half>> {
        let next = self.lines();
        let mut rings: Vec<Vec<Half>> = Vec::new();
        let mut seen: std::collections::HashSet<Half> = std::collections::HashSet::new();
        let mut starts: Vec<Half> = next.keys().copied().collect();
        starts.sort_unstable();
        for start in starts {
            let (mut ring, mut at) = (Vec::new(), start);
            // The smallest place of a ring is met first: the leftmost.
            while seen.insert(at) {
                ring.push(at);
                match next.get(&at) {
                    Some(to) => at = *to,
                    None => break,
                }
            }
            if !ring.is_empty() {
                rings.push(ring);
            }
        }
        let (outer, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| area(ring) > 0);
        let mut doors: BTreeMap<Half, Vec<Vec<Half>>> = BTreeMap::new();
        for hole in holes {
            doors.entry(self.door(hole[0])).or_default().push(hole);
        }
        let contour = |ring: &Vec<Half>| {
            let mut contour = Vec::new();
            with_holes(ring, &doors, &mut contour);
            straightened(&contour)
        };
        outer.iter().map(contour).collect()
    }

    /// Where the way to the left from the leftmost place of a hole, through what is in, meets another ring.
    fn door(&self, from: Half) -> Half {
        let y = (from[1] / 2 - self.low[1]) as usize;
        // The voxel to the left of the hole.
        let mut x = ((from[0] - 1) / 2 - self.low[0]) as usize;
        while x > 0 && self.has(x - 1, y) {
            x -= 1;
        }
        [2 * (x as i32 + self.low[0]) - 1, from[1]]
    }
}

/// Twice the area of a ring, positive if it runs around what is to its left.
fn area(ring: &[Half]) -> i64 {
    let ends = ring.iter().cycle().skip(1);
    let cross = |(a, b): (&Half, &Half)| {
        i64::from(a[0]) * i64::from(b[1]) - i64::from(a[1]) * i64::from(b[0])
    };
    ring.iter().zip(ends).map(cross).sum()
}

/// A ring, and from each of its places the holes whose doors are there, one after another; from these, theirs.
fn with_holes(ring: &[Half], doors: &BTreeMap<Half, Vec<Vec<Half>>>, out: &mut Vec<Half>) {
    // A stack of rings that are being walked around, in place of a recursion as deep as there are holes.
    let mut walks: Vec<(&[Half], usize, usize)> = vec![(ring, 0, 0)];
    while let Some((ring, at, hole)) = walks.pop() {
        let Some(&place) = ring.get(at) else {
            // A hole ends where it begins.
            if !walks.is_empty() {
                out.push(ring[0]);
            }
            continue;
        };
        // Again after each hole: back through the door.
        out.push(place);
        match doors.get(&place).and_then(|holes| holes.get(hole)) {
            Some(next) => {
                walks.push((ring, at, hole + 1));
                walks.push((next, 0, 0));
            }
            None => walks.push((ring, at + 1, 0)),
        }
    }
}

/// Without places on a straight line between their neighbours.
fn straightened(contour: &[Half]) -> Vec<Half> {
    let count = contour.len();
    let step = |a: Half, b: Half| [b[0] - a[0], b[1] - a[1]];
    let is_corner = |n: &usize| {
        let before = step(contour[(n + count - 1) % count], contour[*n]);
        let after = step(contour[*n], contour[(n + 1) % count]);
        let cross = before[0] * after[1] - before[1] * after[0];
        let along = before[0] * after[0] + before[1] * after[1];
        cross != 0 || along < 0
    };
    (0..count).filter(is_corner).map(|n| contour[n]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fill::fill;
    use super::*;

    fn outlines(rows: &[&str]) -> Vec<Vec<Half>> {
        let mut mask = Mask::new([0, 0], [rows[0].len() - 1, rows.len() - 1]);
        for (y, row) in rows.iter().enumerate() {
            for (x, _) in row.chars().enumerate().filter(|(_, c)| *c == '#') {
                mask.set(y, x..x + 1);
            }
        }
        mask.outlines()
    }

    fn filled(
        outlines: &[Vec<Half>],
        size: [usize; 2],
        noise: &mut dyn FnMut() -> f64,
    ) -> Vec<bool> {
        let mut moved: HashMap<Half, [f64; 2]> = HashMap::new();
        let contours: Vec<Vec<[f64; 2]>> = outlines
            .iter()
            .map(|ring| {
                ring.iter()
                    .map(|p| {
                        *moved.entry(*p).or_insert_with(|| p.map(|c| f64::from(c) / 2.0 + noise()))
                    })
                    .collect()
            })
            .collect();
        let mut mask = vec![false; size[0] * size[1]];
        for (row, run) in fill(&contours, size) {
            mask[row * size[0]..][run].fill(true);
        }
        mask
    }

    #[test]
    fn a_voxel_is_a_diamond_and_a_hole_has_a_way_to_it() {
        assert_eq!(outlines(&["#"]), [vec![[-1, 0], [0, -1], [1, 0], [0, 1]]]);
        let ring = outlines(&["###", "#.#", "###"]);
        assert_eq!(ring.len(), 1);
        assert_eq!(outlines(&["#.", ".#"]).len(), 2);
        assert_eq!(outlines(&["####"])[0].len(), 6);
    }

    /// Any mask read back from its outlines is the same, also if these were rounded.
    #[test]
    fn what_is_read_back_is_the_mask() {
        let mut random = fastrand::Rng::with_seed(1999);
        for round in 0..3000 {
            let size = [random.usize(1..14), random.usize(1..14)];
            let share = [0.1, 0.5, 0.8, 0.95][round % 4];
            let meant: Vec<bool> = (0..size[0] * size[1]).map(|_| random.f64() < share).collect();
            let mut mask = Mask::new([0, 0], [size[0] - 1, size[1] - 1]);
            for (n, _) in meant.iter().enumerate().filter(|(_, inside)| **inside) {
                mask.set(n / size[0], n % size[0]..n % size[0] + 1);
            }
            let outlines = mask.outlines();
            assert_eq!(filled(&outlines, size, &mut || 0.0), meant);
            let mut noise = || (random.f64() - 0.5) * 1e-5;
            assert_eq!(filled(&outlines, size, &mut noise), meant, "rounded");
            assert!(outlines.iter().all(|ring| ring.len() >= 4));
        }
    }
}
