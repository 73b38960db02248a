//! Numbers about masks. Depends on `volume`, `geom`.

mod distance;
mod surface;

pub use distance::DistanceField;
pub use surface::SurfaceDistances;

use crate::volume::{LabelMap, Region};

/// Sørensen–Dice coefficient of label `a` in one map and label `b` in another of the same dimensions:
/// `2 |A ∩ B| / (|A| + |B|)`; 1 when both are empty.
///
/// # Panics
/// If the maps have different dimensions.
pub fn dice(map_a: &LabelMap, a: u16, map_b: &LabelMap, b: u16) -> f64 {
    assert_eq!(map_a.dims(), map_b.dims());
    let (mut both, mut sum) = (0u64, 0u64);
    for z in 0..map_a.dims()[2] {
        for (&x, &y) in map_a.rows(z).flatten().zip(map_b.rows(z).flatten()) {
            let (in_a, in_b) = (x == a, y == b);
            both += u64::from(in_a && in_b);
            sum += u64::from(in_a) + u64::from(in_b);
        }
    }
    if sum == 0 { 1.0 } else { 2.0 * both as f64 / sum as f64 }
}

/// Sørensen–Dice coefficient of two sets of voxels of one grid; 1 when both are empty.
pub fn dice_of(a: &Region, b: &Region) -> f64 {
    let sum = a.count() + b.count();
    if sum == 0 { 1.0 } else { 2.0 * a.shared(b) as f64 / sum as f64 }
}
