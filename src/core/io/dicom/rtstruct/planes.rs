//! On which slices of a scan the contours of a structure lie.

use std::collections::BTreeMap;

use super::tally::{Odd, Tally};
use crate::geom::{DVec3, Grid};

/// How far the points of a contour may lie apart along the axis of slices, in slices.
const FLAT: f64 = 0.5;
/// Contours nearer to one another than this, in slices, lie in one plane: as far apart as rounded numbers are.
const SAME_PLANE: f64 = 0.02;
/// Contours further from a slice than this, in slices, lie beside it.
const BESIDE: f64 = 0.1;

/// The points of a contour, in voxels of its slice.
type Ring = Vec<[f64; 2]>;

/// Contours by slice.
pub(super) type BySlice = BTreeMap<usize, Vec<Ring>>;

/// The axis of a grid across which most contours lie flat. `contours`: points in voxels.
pub(super) fn axis_of<'c>(contours: impl IntoIterator<Item = &'c Vec<DVec3>>) -> usize {
    let mut votes = [0usize; 3];
    for contour in contours {
        let spread = spread(contour);
        // Of small ones that are flat in several ways the scan's own slices are likeliest.
        let flattest = (0..3).rev().min_by(|a, b| spread[*a].total_cmp(&spread[*b])).unwrap_or(2);
        votes[flattest] += 1;
    }
    (0..3).max_by_key(|axis| votes[*axis]).filter(|axis| votes[*axis] > 0).unwrap_or(2)
}

fn spread(contour: &[DVec3]) -> DVec3 {
    let low = contour.iter().copied().reduce(DVec3::min).unwrap_or_default();
    let high = contour.iter().copied().reduce(DVec3::max).unwrap_or_default();
    high - low
}

/// The two axes within a slice across `axis`, that along which memory runs first.
pub(super) fn within(axis: usize) -> [usize; 2] {
    [[1, 2], [0, 2], [0, 1]][axis.min(2)]
}

/// Whether two closed contours have the same points, wherever they begin and whichever way around.
fn is_same_ring(a: &Ring, b: &Ring) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let Some(first) = a.first() else { return true };
    let n = b.len();
    let starts = (0..n).filter(|start| b[*start] == *first);
    let ways = starts.flat_map(|start| [(start, 1), (start, n - 1)]);
    // Of a contour that comes through one place again and again the first few times are enough.
    let mut ways = ways.take(64);
    ways.any(|(start, step)| (0..n).all(|k| a[k] == b[(start + k * step) % n]))
}

/// Sorts the contours of a structure by slice. What does not lie on one is counted; returns also how many millimetres
/// contours lie beside their slice at most.
pub(super) fn by_slice(
    contours: &[Vec<DVec3>],
    axis: usize,
    grid: &Grid,
    name: &str,
    tally: &mut Tally,
) -> (BySlice, f64) {
    let (count, mm) = (grid.dims()[axis], grid.spacing()[axis]);
    let [u, v] = within(axis);
    let mut found: BTreeMap<usize, Vec<(f64, Ring)>> = BTreeMap::new();
    for contour in contours {
        if spread(contour)[axis] > FLAT {
            tally.add(Odd::Across, name);
            continue;
        }
        let at = contour.iter().map(|p| p[axis]).sum::<f64>() / contour.len() as f64;
        if !(at.round() >= 0.0 && at.round() < count as f64) {
            tally.add(Odd::Outside, name);
            continue;
        }
        let points: Ring = contour.iter().map(|p| [p[u], p[v]]).collect();
        let slice = found.entry(at.round() as usize).or_default();
        if slice.iter().any(|(_, other)| is_same_ring(other, &points)) {
            tally.add(Odd::Double, name);
            continue;
        }
        slice.push((at, points));
    }
    let mut beside: f64 = 0.0;
    let mut slices = BySlice::new();
    for (slice, contours) in found {
        let off = |at: f64| (at - slice as f64).abs();
        let nearest = contours.iter().map(|(at, _)| *at).min_by(|a, b| off(*a).total_cmp(&off(*b)));
        let Some(nearest) = nearest else { continue };
        let mut kept = Vec::new();
        for (at, points) in contours {
            if (at - nearest).abs() > SAME_PLANE {
                tally.add(Odd::Between, name);
                continue;
            }
            if off(at) > BESIDE {
                beside = beside.max(off(at) * mm);
                tally.add(Odd::Beside, name);
            }
            kept.push(points);
        }
        slices.insert(slice, kept);
    }
    let used: Vec<usize> = slices.keys().copied().collect();
    if used.len() > 1 && used.windows(2).all(|pair| pair[1] - pair[0] > 1) {
        tally.add(Odd::Sparse, name);
    }
    (slices, beside)
}
