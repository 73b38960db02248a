//! The two axial diameters of a lesion, as RECIST 1.1 has them measured (Eisenhauer et al., European Journal of Cancer
//! 2009): the longest in an axial slice, and the longest at right angles to it in the same slice.

use crate::geom::{Axis, DVec2, DVec3, Grid};
use crate::mask::parts::Parts;
use crate::mask::{Connectivity, MaskError, WorkLimits};
use crate::volume::{Region, VoxelBox};

/// The diameters, and where they lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AxialDiameters {
    /// Longest distance between two points of the outline, mm.
    pub long: f64,
    /// Longest distance between two points of the outline on a line at right angles to that, mm.
    pub short: f64,
    /// Number of the slice along its voxel axis, from 0.
    pub slice: usize,
    /// That axis, 0 to 2: the one nearest to the patient's Superior.
    pub axis: usize,
    /// Ends of the long one, RAS mm.
    pub long_ends: [DVec3; 2],
    /// Ends of the short one, RAS mm.
    pub short_ends: [DVec3; 2],
}

/// The edges of a square of four pixels that its pieces of outline join, by the corners that are inside: bit 0 at (0, 0),
/// bit 1 at (1, 0), bit 2 at (1, 1), bit 3 at (0, 1). Pixels that touch by a corner hang together.
const PIECES: [&[[usize; 2]]; 16] = [
    &[],
    &[[3, 0]],
    &[[0, 1]],
    &[[3, 1]],
    &[[1, 2]],
    &[[0, 1], [2, 3]],
    &[[0, 2]],
    &[[2, 3]],
    &[[2, 3]],
    &[[0, 2]],
    &[[0, 3], [1, 2]],
    &[[1, 2]],
    &[[1, 3]],
    &[[0, 1]],
    &[[0, 3]],
    &[],
];

/// The middles of the edges of a square.
const MIDDLES: [DVec2; 4] =
    [DVec2::new(0.5, 0.0), DVec2::new(1.0, 0.5), DVec2::new(0.5, 1.0), DVec2::new(0.0, 0.5)];

/// Of a mask, each part of it in a slice for itself (parts hang together by corners); `None` if it is empty. The outline
/// goes halfway between the centres of voxels, as the mesh of the longest diameter in space does. Slices are those of the
/// voxel axis nearest to the patient's Superior.
pub fn axial_diameters(
    mask: &Region,
    grid: &Grid,
    limits: &WorkLimits,
) -> Result<Option<AxialDiameters>, MaskError> {
    let dims = grid.dims();
    let Some(bounds) = mask.bounds(dims) else { return Ok(None) };
    let (axis, _) = grid.orientation().voxel_axis(Axis::Z);
    let (u, v) = if axis == 0 { (1, 2) } else { (0, if axis == 1 { 2 } else { 1 }) };
    let scale = DVec2::new(grid.spacing()[u], grid.spacing()[v]);
    let mut best: Option<Candidate> = None;
    for slice in bounds.min[axis]..bounds.max[axis] {
        let mut here = VoxelBox { min: bounds.min, max: bounds.max };
        (here.min[axis], here.max[axis]) = (slice, slice + 1);
        let within = mask.inside(&here, dims);
        for part in Parts::of(&within, grid, Connectivity::Corners, limits)?.split() {
            let outline = outline(&part, dims, (u, v), scale);
            let (long, ends) = longest(&outline);
            if best.as_ref().is_none_or(|(found, ..)| long > *found) {
                best = Some((long, slice, outline, ends));
            }
        }
    }
    let Some((long, slice, outline, ends)) = best else { return Ok(None) };
    let (short, short_ends) = across(&outline, ends);
    let world = |at: DVec2| {
        let mut voxel = [0.0; 3];
        (voxel[u], voxel[v], voxel[axis]) = (at.x / scale.x, at.y / scale.y, slice as f64);
        grid.world(DVec3::from_array(voxel))
    };
    let (long_ends, short_ends) = (ends.map(world), short_ends.map(world));
    Ok(Some(AxialDiameters { long, short, slice, axis, long_ends, short_ends }))
}

/// A longest diameter, the slice that it is in, that part's outline, and the diameter's ends.
type Candidate = (f64, usize, Vec<[DVec2; 2]>, [DVec2; 2]);

/// The outline of a part within a slice, in pieces; mm from the first voxel of the volume.
fn outline(
    part: &Region,
    dims: [usize; 3],
    (u, v): (usize, usize),
    scale: DVec2,
) -> Vec<[DVec2; 2]> {
    let Some(bounds) = part.bounds(dims) else { return Vec::new() };
    let size = [bounds.max[u] - bounds.min[u] + 1, bounds.max[v] - bounds.min[v] + 1];
    let mut codes = vec![0u8; size[0] * size[1]];
    for run in part.runs() {
        for index in run.start..run.end() {
            let voxel = [index % dims[0], index / dims[0] % dims[1], index / dims[0] / dims[1]];
            let (x, y) = (voxel[u] - bounds.min[u], voxel[v] - bounds.min[v]);
            // It is each of the four corners of the squares around.
            for (dx, dy, bit) in [(1, 1, 1), (0, 1, 2), (0, 0, 4), (1, 0, 8)] {
                codes[x + dx + size[0] * (y + dy)] |= bit;
            }
        }
    }
    let first = DVec2::new(bounds.min[u] as f64 - 1.0, bounds.min[v] as f64 - 1.0);
    let mut pieces = Vec::new();
    for (n, &code) in codes.iter().enumerate() {
        let corner = first + DVec2::new((n % size[0]) as f64, (n / size[0]) as f64);
        let at = |edge: usize| (corner + MIDDLES[edge]) * scale;
        pieces.extend(PIECES[usize::from(code)].iter().map(|edges| edges.map(at)));
    }
    pieces
}

/// The longest distance between two points of an outline.
fn longest(outline: &[[DVec2; 2]]) -> (f64, [DVec2; 2]) {
    let mut points: Vec<DVec2> = outline.iter().map(|piece| piece[0]).collect();
    points.extend(outline.iter().map(|piece| piece[1]));
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    let corners = hull(&points);
    let mut best = (0.0, [DVec2::ZERO; 2]);
    for (n, &a) in corners.iter().enumerate() {
        for &b in &corners[n + 1..] {
            if a.distance(b) > best.0 {
                best = (a.distance(b), [a, b]);
            }
        }
    }
    best
}

/// The corners of the convex hull of sorted points (Andrew's monotone chain).
fn hull(points: &[DVec2]) -> Vec<DVec2> {
    let chain = |points: &mut dyn Iterator<Item = DVec2>| {
        let mut chain: Vec<DVec2> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && (b - a).perp_dot(point - a) <= 0.0
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain
    };
    let mut corners = chain(&mut points.iter().copied());
    corners.extend(chain(&mut points.iter().rev().copied()));
    corners
}

/// The longest way across an outline at right angles to the line between `ends`, from where it is first crossed to where
/// it is last. Its length changes evenly between the outline's points, so the longest goes through one of these.
fn across(outline: &[[DVec2; 2]], ends: [DVec2; 2]) -> (f64, [DVec2; 2]) {
    let along = (ends[1] - ends[0]).normalize_or(DVec2::X);
    let side = along.perp();
    let mut best = (0.0, [ends[0]; 2]);
    for piece in outline {
        let t = piece[0].dot(along);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for [p, q] in outline {
            let (a, b) = (p.dot(along), q.dot(along));
            if a.min(b) <= t && t <= a.max(b) {
                let share = if a == b { 0.0 } else { (t - a) / (b - a) };
                let crossing = p.lerp(*q, share).dot(side);
                (low, high) = (low.min(crossing), high.max(crossing));
                if a == b {
                    let other = q.dot(side);
                    (low, high) = (low.min(other), high.max(other));
                }
            }
        }
        if high - low > best.0 {
            best = (high - low, [along * t + side * low, along * t + side * high]);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::DAffine3;

    /// Two axes of an ellipse, oblique in its slice and largest in one of them.
    #[test]
    fn an_ellipse_has_its_two_axes() {
        let dims = [80, 70, 5];
        let spacing = DVec3::new(0.5, 0.6, 3.0);
        let grid = Grid::new(dims, DAffine3::from_scale(spacing)).unwrap();
        let (along, turn) = (DVec2::from_angle(0.5), [0.6, 0.8, 1.0, 0.9, 0.2]);
        let mask = (0..grid.count()).map(|n| {
            let [x, y, z] = [n % 80, n / 80 % 70, n / 80 / 70];
            let at = DVec2::new(x as f64 * 0.5 - 20.0, y as f64 * 0.6 - 21.0);
            let (a, b) = (at.dot(along) / 15.0, at.perp_dot(along) / 7.0);
            a * a + b * b <= turn[z] * turn[z]
        });
        let mask = Region::from_mask(80, mask);
        let found = axial_diameters(&mask, &grid, &WorkLimits::none()).unwrap().unwrap();
        assert!((found.long - 30.0).abs() < 0.7, "{found:?}");
        assert!((found.short - 14.0).abs() < 0.7, "{found:?}");
        assert_eq!((found.slice, found.axis), (2, 2));
        let line = found.long_ends[1] - found.long_ends[0];
        assert!((line.length() - found.long).abs() < 1e-9);
        let other = found.short_ends[1] - found.short_ends[0];
        assert!((other.length() - found.short).abs() < 1e-9 && line.dot(other).abs() < 1e-9);
    }

    #[test]
    fn parts_are_measured_for_themselves_and_one_voxel_has_its_size() {
        let grid = Grid::new([9, 3, 1], DAffine3::IDENTITY).unwrap();
        let limits = WorkLimits::none();
        let of = |voxels: &[usize]| {
            let mask = Region::from_mask(9, (0..27).map(|n| voxels.contains(&n)));
            axial_diameters(&mask, &grid, &limits).unwrap()
        };
        assert_eq!(of(&[]), None);
        let one = of(&[13]).unwrap();
        assert_eq!((one.long, one.short), (1.0, 1.0));
        // Three in a row, and one far away.
        let found = of(&[9, 10, 11, 17]).unwrap();
        assert_eq!((found.long, found.short), (3.0, 1.0));
        assert_eq!(found.long_ends.map(|p| p.x), [-0.5, 2.5]);
    }
}
