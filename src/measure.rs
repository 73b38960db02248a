//! Numbers about masks. Depends on `volume`.

use crate::volume::LabelMap;

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
