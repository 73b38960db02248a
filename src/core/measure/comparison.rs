//! Two label maps, label by label.

use rayon::prelude::*;

use super::{BorderDistances, Lesions, Overlap, SurfaceDistances};
use crate::geom::Grid;
use crate::mask::{MaskError, WorkLimits};
use crate::volume::Region;

/// All numbers about two masks. A is what is judged, B what it is judged by (the reference).
///
/// What is not defined because one or both masks are empty is by the conventions of Metrics Reloaded (Maier-Hein, Reinke
/// et al., Nature Methods 2024, and its library): each number's own docs say which.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskComparison {
    /// Voxels.
    pub overlap: Overlap,
    /// Hausdorff distance, mm ([`BorderDistances::hausdorff`]).
    pub hd: Option<f64>,
    /// 95 % Hausdorff distance, mm ([`BorderDistances::hausdorff_95`]).
    pub hd95: Option<f64>,
    /// Mean surface distance from A to B, mm.
    pub asd_a_to_b: Option<f64>,
    /// Mean surface distance from B to A, mm.
    pub asd_b_to_a: Option<f64>,
    /// Average symmetric surface distance, mm.
    pub assd: Option<f64>,
    /// Normalised surface Dice at the tolerance ([`SurfaceDistances::nsd`]).
    pub nsd: f64,
    /// Connected parts.
    pub lesions: Lesions,
}

/// What there is to say of one pair, from which several are put together.
struct Measured {
    overlap: Overlap,
    borders: BorderDistances,
    surfaces: SurfaceDistances,
    lesions: Lesions,
}

impl Measured {
    fn of(a: &Region, b: &Region, grid: &Grid, limits: &WorkLimits) -> Result<Self, MaskError> {
        limits.check()?;
        let (dims, spacing) = (grid.dims(), grid.spacing().to_array());
        let (borders, surfaces) = rayon::join(
            || BorderDistances::of(a, b, dims, spacing),
            || SurfaceDistances::of(a, b, dims, spacing),
        );
        let lesions = Lesions::of(a, b, grid, limits)?;
        Ok(Self { overlap: Overlap::of(a, b), borders, surfaces, lesions })
    }

    fn numbers(&self, tolerance: f64) -> MaskComparison {
        MaskComparison {
            overlap: self.overlap,
            hd: self.borders.hausdorff(),
            hd95: self.borders.hausdorff_95(),
            asd_a_to_b: self.borders.mean_a_to_b(),
            asd_b_to_a: self.borders.mean_b_to_a(),
            assd: self.borders.mean_symmetric(),
            nsd: self.surfaces.nsd(tolerance),
            lesions: self.lesions,
        }
    }
}

/// The numbers of pairs of masks on one grid, and of all pairs together (voxels, borders and surfaces of all as one; 1
/// where there is no pair). `tolerance`, mm, is that of the surface Dice.
pub fn compare_masks(
    pairs: &[(&Region, &Region)],
    grid: &Grid,
    tolerance: f64,
    limits: &WorkLimits,
) -> Result<(Vec<MaskComparison>, MaskComparison), MaskError> {
    compare_masks_telling(pairs, grid, tolerance, limits, &|| ())
}

/// As [`compare_masks`]; `told` is called whenever a pair is done.
pub(super) fn compare_masks_telling(
    pairs: &[(&Region, &Region)],
    grid: &Grid,
    tolerance: f64,
    limits: &WorkLimits,
    told: &(dyn Fn() + Sync),
) -> Result<(Vec<MaskComparison>, MaskComparison), MaskError> {
    let measured: Vec<Measured> = pairs
        .par_iter()
        .map(|(a, b)| Measured::of(a, b, grid, limits).inspect(|_| told()))
        .collect::<Result<_, _>>()?;
    let rows = measured.iter().map(|m| m.numbers(tolerance)).collect();
    let total = Measured {
        overlap: Overlap::sum(measured.iter().map(|m| m.overlap)),
        borders: BorderDistances::together(measured.iter().map(|m| &m.borders)),
        surfaces: SurfaceDistances::together(measured.iter().map(|m| &m.surfaces)),
        lesions: Lesions::sum(measured.iter().map(|m| m.lesions)),
    };
    Ok((rows, total.numbers(tolerance)))
}

/// The numbers of one pair of masks, as [`compare_masks`] has them; nothing else of it is kept.
pub(super) fn compare_pair(
    (a, b): (&Region, &Region),
    grid: &Grid,
    tolerance: f64,
    limits: &WorkLimits,
) -> Result<MaskComparison, MaskError> {
    Measured::of(a, b, grid, limits).map(|measured| measured.numbers(tolerance))
}

/// Bytes that [`compare_masks`] takes at most, but for the borders and surfaces themselves: those of the largest pairs,
/// as many as there are threads.
pub fn compare_bytes(pairs: &[(&Region, &Region)], dims: [usize; 3], threads: usize) -> u64 {
    let of = |(a, b): &(&Region, &Region)| {
        BorderDistances::bytes(a, b, dims) + SurfaceDistances::bytes(a, b, dims)
    };
    let mut bytes: Vec<u64> = pairs.iter().map(of).collect();
    bytes.sort_unstable_by(|a, b| b.cmp(a));
    bytes.iter().take(threads.max(1)).sum()
}
