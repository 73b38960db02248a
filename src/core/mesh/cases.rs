//! The pieces of a surface in a cube of eight voxels, for each of the 256 ways in which these are in a mask.
//!
//! Marching cubes, made by a rule rather than by a table: on each side of the cube every row of corners that are in the
//! mask is cut off from the others. Neighbours share a side, and so agree on it: the surface is closed everywhere. Lines on
//! the sides make loops, which are filled with triangles.

/// A filled loop: three edges for each triangle, or a loop around a point in its middle.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Patch {
    /// Triangles between vertices on these edges.
    Triangles(Vec<[u8; 3]>),
    /// A fan around the mean of the vertices on these edges.
    Around(Vec<u8>),
}

/// The corners of each side of the cube, counterclockwise seen from outside. Bit 0 of a corner is x, bit 1 y, bit 2 z.
const SIDES: [[u8; 4]; 6] =
    [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];

/// The edge between two corners that differ in one bit: four times its axis, and its place across.
fn edge(a: u8, b: u8) -> u8 {
    let (low, axis) = (a & b, (a ^ b).trailing_zeros() as u8);
    let across = match axis {
        0 => low >> 1,
        1 => (low & 1) | (low >> 1 & 2),
        _ => low & 3,
    };
    4 * axis + across
}

/// The axis of an edge, and its lower corner.
pub(super) fn edge_place(edge: u8) -> (usize, [usize; 3]) {
    let (axis, across) = (edge / 4, usize::from(edge % 4));
    let (low, high) = (across & 1, across >> 1);
    match axis {
        0 => (0, [0, low, high]),
        1 => (1, [low, 0, high]),
        _ => (2, [low, high, 0]),
    }
}

/// Whether two edges lie on one side of the cube.
fn share_a_side(a: u8, b: u8) -> bool {
    SIDES.iter().any(|side| {
        let on = |wanted: u8| (0..4).any(|n| edge(side[n], side[(n + 1) % 4]) == wanted);
        on(a) && on(b)
    })
}

/// The pieces of each case, seen from outside counterclockwise.
pub(super) fn all_cases() -> Vec<Vec<Patch>> {
    (0..=255).map(pieces).collect()
}

fn pieces(code: u8) -> Vec<Patch> {
    let inside = |corner: u8| code >> corner & 1 == 1;
    // Around each side every row of inner corners begins at one edge and ends at another: a line between them.
    let mut next = [None::<u8>; 12];
    for side in SIDES {
        for n in 0..4 {
            if !inside(side[n]) && inside(side[(n + 1) % 4]) {
                let begin = edge(side[n], side[(n + 1) % 4]);
                let end = (1..4).map(|k| (side[(n + k) % 4], side[(n + k + 1) % 4]));
                let end = end.filter(|&(a, b)| inside(a) && !inside(b)).map(|(a, b)| edge(a, b));
                next[usize::from(begin)] = end.into_iter().next();
            }
        }
    }
    let mut patches = Vec::new();
    for first in 0..12 {
        let mut ring = Vec::new();
        let mut at = first;
        while let Some(to) = next[usize::from(at)].take() {
            ring.push(at);
            at = to;
        }
        if ring.len() >= 3 {
            patches.push(fill(&ring));
        }
    }
    patches
}

/// Triangles in a loop. A line between two edges of one side of the cube may be the neighbour's too, and then four
/// triangles would meet at it: so there is none, and if that can't be, a point is put into the middle.
fn fill(ring: &[u8]) -> Patch {
    let count = ring.len();
    for first in 0..count {
        let at = |n: usize| ring[(first + n) % count];
        if (2..count - 1).all(|n| !share_a_side(at(0), at(n))) {
            return Patch::Triangles((1..count - 1).map(|n| [at(0), at(n), at(n + 1)]).collect());
        }
    }
    Patch::Around(ring.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crossed_edge_is_in_one_loop() {
        for (code, patches) in all_cases().iter().enumerate() {
            let mut found = [0; 12];
            for patch in patches {
                let mut edges: Vec<u8> = match patch {
                    Patch::Triangles(triangles) => triangles.concat(),
                    Patch::Around(ring) => ring.clone(),
                };
                edges.sort_unstable();
                edges.dedup();
                for edge in edges {
                    found[usize::from(edge)] += 1;
                }
            }
            for (edge, count) in found.into_iter().enumerate() {
                let (axis, low) = edge_place(edge as u8);
                let corner = low[0] + 2 * low[1] + 4 * low[2];
                let crossed = (code >> corner ^ code >> (corner + (1 << axis))) & 1;
                assert_eq!(count, crossed, "case {code}, edge {edge}");
            }
        }
    }

    #[test]
    fn edges_are_numbered_by_axis_and_place() {
        for number in 0..12 {
            let (axis, [x, y, z]) = edge_place(number);
            let low = (x + 2 * y + 4 * z) as u8;
            assert_eq!(edge(low, low + (1 << axis)), number);
        }
    }
}
