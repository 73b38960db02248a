//! Numbers about masks. Depends on `volume`, `geom`.

mod distance;
mod surface;

pub use distance::DistanceField;
pub use surface::SurfaceDistances;

use crate::volume::Region;

/// Sørensen–Dice coefficient of two sets of voxels of one grid, `2 |A ∩ B| / (|A| + |B|)`; 1 when both are empty, as
/// Metrics Reloaded has it (Maier-Hein, Reinke et al., Nature Methods 2024).
pub fn dice_of(a: &Region, b: &Region) -> f64 {
    let sum = a.count() + b.count();
    if sum == 0 { 1.0 } else { 2.0 * a.shared(b) as f64 / sum as f64 }
}
