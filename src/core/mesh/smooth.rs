//! Smoothing without shrinking.

use super::TriangleMesh;
use crate::geom::DVec3;
use crate::mask::{MaskError, WorkLimits};

/// How far vertices go towards the mean of their neighbours, and back (the pass band ends at 1/λ + 1/μ = 0.1).
const FORTH_AND_BACK: [f64; 2] = [0.5, -0.526_315_789_473_684_2];

/// Moves vertices towards the means of their neighbours and back again (Taubin, "A signal processing approach to fair
/// surface design", SIGGRAPH 1995), `rounds` times, none further than `most` mm from where it was.
pub(super) fn smooth(
    mesh: &mut TriangleMesh,
    rounds: usize,
    most: f64,
    limits: &WorkLimits,
) -> Result<(), MaskError> {
    let before = mesh.vertices.clone();
    let count = mesh.vertices.len();
    let mut neighbours = vec![0u32; count];
    for &n in mesh.triangles.iter().flatten() {
        // On a closed mesh there are as many neighbours as triangles.
        neighbours[n as usize] += 1;
    }
    let mut sums = vec![DVec3::ZERO; count];
    for _ in 0..rounds {
        limits.check()?;
        for share in FORTH_AND_BACK {
            sums.fill(DVec3::ZERO);
            for &[a, b, c] in &mesh.triangles {
                // Each edge has two triangles, which go along it in opposite directions: once to each end.
                for (from, to) in [(a, b), (b, c), (c, a)] {
                    sums[to as usize] += mesh.vertices[from as usize];
                }
            }
            let moving = mesh.vertices.iter_mut().zip(&sums).zip(&neighbours).zip(&before);
            for (((vertex, sum), &count), &home) in moving {
                if count > 0 {
                    let mean = *sum / f64::from(count);
                    let wanted = *vertex + (mean - *vertex) * share;
                    *vertex = home + (wanted - home).clamp_length_max(most);
                }
            }
        }
    }
    Ok(())
}
