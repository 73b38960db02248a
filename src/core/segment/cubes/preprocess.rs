//! From a scan to what the model sees: 128³ voxels of 1.5 mm along the scan's own axes, permuted and
//! flipped to the closest RAS, normalised.
//!
//! The whole scan is never resampled. The 1.5 mm grid shares its axes with the scan, so interpolation
//! is separable: one small table for each axis says which two source voxels a crop voxel lies between.
//! The grid is that of torchio 1.2 `Resample` followed by `ToCanonical`, with a guard in the floor.

use rayon::prelude::*;

use crate::geom::{Axis, DAffine3, DMat3, DVec3, Grid};
use crate::prompt::{Footprint, Prompt, Sight, WorkingScale};
use crate::segment::checkpoint::IMAGE_SIDE;
use crate::segment::error::SegmentError;
use crate::volume::Volume;
use crate::with_voxels;

/// Voxels along each side of the crop.
pub const SIDE: usize = IMAGE_SIDE;
/// Distance of crop voxels, mm (of the model's: divided by the working scale).
pub const SPACING: f64 = 1.5;
/// How such models see a scan.
pub const SIGHT: Sight = Sight { voxel_mm: SPACING, window_mm: SPACING * SIDE as f64 };
/// An interpolated value smaller than this share of the largest voxel that it lies between is rounding residue
/// of the interpolation: 0, because the normalisation counts what is > 0. A share, so that the unit of the values
/// does not matter; of the neighbours alone, so that an outlier elsewhere does not matter either. In Hounsfield
/// units, between 0 and 1000, it is the 1e-5 of the reference.
const RESIDUE: f64 = 1e-8;
/// Largest values that are cut as they are. Others are brought to about 1 by a power of two, which costs no
/// precision: `f32` ends at 3e38, and below 1e-38 it has fewer digits.
const PLAIN: std::ops::Range<f64> = 1e-20..1e30;
/// Planes of the output that are transposed together: 16 floats are one cache line.
const TILE: usize = 16;

/// The cube of the image that a model looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct CropPlace {
    /// Index of the cube's first voxel in the canonical grid (1.5 mm at the object's working scale); may be
    /// negative.
    pub start: [i64; 3],
    /// Voxels along each side: 128.
    pub side: usize,
    /// Crop voxel (x, y, z) to RAS millimetres.
    pub world_from_crop: DAffine3,
}

impl CropPlace {
    /// Whether a world position lies in the cube (voxel edges included).
    pub fn contains(&self, world: DVec3) -> bool {
        let v = self.world_from_crop.inverse().transform_point3(world);
        let inside = |c: f64| c >= -0.5 && c < self.side as f64 - 0.5;
        inside(v.x) && inside(v.y) && inside(v.z)
    }

    /// The cube as a box, for everybody.
    pub fn footprint(&self, opener: Prompt) -> Footprint {
        let crop_from_box = DAffine3::from_mat3_translation(
            DMat3::from_diagonal(DVec3::splat(self.side as f64)),
            DVec3::splat(-0.5),
        );
        Footprint { opener, world_from_box: self.world_from_crop * crop_from_box }
    }
}

/// How one axis of the 1.5 mm canonical grid runs through the scan.
#[derive(Clone, Copy, Debug, PartialEq)]
struct CanonicalAxis {
    /// The voxel axis of the scan that runs along this world axis.
    source: usize,
    /// Voxels of the scan along it.
    len: usize,
    /// Voxels of the canonical grid along it.
    size: usize,
    /// Scan voxels for each canonical voxel; negative if the axis is flipped.
    step: f64,
}

impl CanonicalAxis {
    /// Position in the scan (continuous voxel index) of a canonical index. The grids' centres coincide.
    fn source_at(&self, index: f64) -> f64 {
        (self.len as f64 - 1.0) / 2.0 + (index - (self.size as f64 - 1.0) / 2.0) * self.step
    }
}

/// The scan's grid at the model's 1.5 mm, axes permuted and flipped to the closest RAS.
#[derive(Clone, Debug, PartialEq)]
pub struct CanonicalGrid {
    axes: [CanonicalAxis; 3],
    world_from_canonical: DAffine3,
}

impl CanonicalGrid {
    /// The canonical grid of a scan's grid, as large as it is.
    pub fn of(grid: &Grid) -> Self {
        Self::scaled(grid, WorkingScale::ONE)
    }

    /// The canonical grid of a scan's grid that the model sees `scale` times larger: its voxels are `1.5 / scale` mm
    /// apart, and where they are in the world is the truth.
    ///
    /// Along each axis `floor(n · spacing · scale / 1.5 + 1e-3)` voxels (at least 1; exactly 1 if the scan has
    /// one), centred on the scan.
    pub fn scaled(grid: &Grid, scale: WorkingScale) -> Self {
        let (orientation, dims) = (grid.orientation(), grid.dims());
        let spacing = grid.spacing() * scale.get();
        let matrix = grid.world_from_voxel().matrix3;
        let mut columns = [DVec3::ZERO; 3];
        let axes = Axis::ALL.map(|axis| {
            let (source, same) = orientation.voxel_axis(axis);
            let sign = if same { 1.0 } else { -1.0 };
            let step = sign * SPACING / spacing[source];
            columns[axis.index()] = matrix.col(source) * step;
            let len = dims[source];
            let size = (len as f64 * spacing[source] / SPACING + 1e-3).floor().max(1.0) as usize;
            CanonicalAxis { source, len, size: if len == 1 { 1 } else { size }, step }
        });
        let matrix3 = DMat3::from_cols(columns[0], columns[1], columns[2]);
        let middle = DVec3::from_array(axes.map(|a| (a.size as f64 - 1.0) / 2.0));
        let translation = grid.centre() - matrix3 * middle;
        Self { axes, world_from_canonical: DAffine3 { matrix3, translation } }
    }

    /// Voxels towards Right, Anterior and Superior.
    pub fn dims(&self) -> [usize; 3] {
        self.axes.map(|a| a.size)
    }

    /// Canonical voxel to RAS millimetres.
    pub fn world_from_canonical(&self) -> DAffine3 {
        self.world_from_canonical
    }

    /// The canonical voxel nearest to a world position; ties go to the even index, as in NumPy.
    pub fn nearest(&self, world: DVec3) -> [i64; 3] {
        let v = self.world_from_canonical.inverse().transform_point3(world);
        v.to_array().map(|c| c.round_ties_even() as i64)
    }

    /// The crop around a click: 64 voxels before the click's voxel, 63 after it.
    pub fn crop_around(&self, click: DVec3) -> CropPlace {
        self.crop_at(self.nearest(click).map(|c| c - (SIDE / 2) as i64))
    }

    /// Where (RAS mm) the click is around which the crop that starts there lies.
    pub fn middle_of(&self, start: [i64; 3]) -> DVec3 {
        let voxel = DVec3::from_array(start.map(|s| s as f64)) + (SIDE / 2) as f64;
        self.world_from_canonical.transform_point3(voxel)
    }

    /// The crop whose first voxel is at `start`, which may be negative.
    pub fn crop_at(&self, start: [i64; 3]) -> CropPlace {
        let offset = DVec3::from_array(start.map(|s| s as f64));
        let mut world_from_crop = self.world_from_canonical;
        world_from_crop.translation += world_from_crop.matrix3 * offset;
        CropPlace { start, side: SIDE, world_from_crop }
    }
}

/// What the model gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Crop {
    /// 128³ normalised values in (x, y, z) order, z fastest; x towards Right, y Anterior, z Superior.
    pub values: Vec<f32>,
    /// Mean of the crop's voxels > 0, before the normalisation.
    pub mean: f64,
    /// Their unbiased standard deviation.
    pub std: f64,
}

/// Where a crop voxel lies between two scan voxels along one axis.
#[derive(Clone, Copy, Debug, Default)]
struct Tap {
    low: usize,
    high: usize,
    /// Share of `high`.
    weight: f64,
}

/// A [`Tap`] for each crop index along one axis, `None` outside of the volume.
fn taps(axis: &CanonicalAxis, start: i64) -> Vec<Option<Tap>> {
    let last = axis.len - 1;
    (0..SIDE as i64)
        .map(|i| {
            let index = start.checked_add(i)?;
            if index < 0 || index >= axis.size as i64 {
                return None;
            }
            let at = axis.source_at(index as f64);
            // Half a voxel around the outermost centres belongs to the scan; further out is padding.
            if !(at >= -0.5 && at < axis.len as f64 - 0.5) {
                return None;
            }
            let at = at.clamp(0.0, last as f64);
            let low = (at.floor() as usize).min(last);
            Some(Tap { low, high: (low + 1).min(last), weight: at - low as f64 })
        })
        .collect()
}

/// Sum of values > 0 and how many there are.
#[derive(Clone, Copy, Default)]
struct Sum {
    sum: f64,
    count: usize,
}

/// Cuts and normalises the crop at `start` (index in the scan's [`CanonicalGrid`], may be negative or
/// beyond it: padding is 0). Trilinear. Of a scan with several time points, the one that is looked at
/// ([`Volume::time_point`]) is used; NaN and infinite voxels count as 0. The same values in another unit give the same
/// crop.
///
/// # Errors
/// If no voxel of the crop is > 0, or all that are have the same value.
pub fn crop(volume: &Volume, start: [i64; 3]) -> Result<Crop, SegmentError> {
    crop_of(volume, &CanonicalGrid::of(volume.grid()), start)
}

/// [`crop`] of another canonical grid of the scan's.
pub(super) fn crop_of(
    volume: &Volume,
    grid: &CanonicalGrid,
    start: [i64; 3],
) -> Result<Crop, SegmentError> {
    let mut by_source = [None, None, None];
    for (axis, start) in grid.axes.iter().zip(start) {
        by_source[axis.source] = Some(taps(axis, start));
    }
    let taps = by_source.map(Option::unwrap_or_default);
    let (mut gathered, largest) = gather_volume(volume, &taps, 1.0);
    let mut factor = 1.0;
    if largest > 0.0 && !PLAIN.contains(&largest) {
        // An exponent of a double ends there.
        factor = (-largest.log2().floor()).clamp(-1022.0, 1022.0).exp2();
        gathered = gather_volume(volume, &taps, factor).0;
    }
    let (mean, std) = statistics(&gathered).map_err(|why| match why {
        SegmentError::Constant(mean) => SegmentError::Constant(mean / factor),
        other => other,
    })?;
    let values = normalised(&gathered, grid, mean, std);
    Ok(Crop { values, mean: mean / factor, std: std / factor })
}

/// [`gather`] of the time point that is looked at, times `factor`, in the scan's axis order, its x fastest, so that
/// rows are read as they lie in memory.
fn gather_volume(volume: &Volume, taps: &[Vec<Option<Tap>>; 3], factor: f64) -> (Vec<f32>, f64) {
    let (grid, scale) = (volume.grid(), volume.scale());
    with_voxels!(volume.voxels(), v => gather(&v[volume.time_point_range()], grid.dims(), taps, |raw| {
        // Scaled as f64: in f32, differences of neighbours would leave residue above `RESIDUE`.
        let value = scale.apply(raw as f64) * factor;
        if value.is_finite() { value } else { 0.0 }
    }))
}

/// Interpolates the crop's voxels, [scan z][scan y][scan x]; with the largest magnitude of the voxels that they
/// lie between.
fn gather<T: Copy + Sync>(
    voxels: &[T],
    dims: [usize; 3],
    taps: &[Vec<Option<Tap>>; 3],
    value: impl Fn(T) -> f64 + Sync,
) -> (Vec<f32>, f64) {
    // Crop indices inside the volume are consecutive on every axis.
    let first = taps[0].iter().position(Option::is_some).unwrap_or(SIDE);
    let row_taps: Vec<Tap> = taps[0].iter().copied().flatten().collect();
    let mut out = vec![0f32; SIDE * SIDE * SIDE];
    if row_taps.is_empty() {
        return (out, 0.0);
    }
    let (near, far) = row_taps
        .iter()
        .fold((usize::MAX, 0), |(near, far), tap| (near.min(tap.low), far.max(tap.high)));
    let planes = out.par_chunks_mut(SIDE * SIDE).zip(&taps[2]).map(|(plane, z)| {
        let Some(z) = z else { return 0.0 };
        // Between the four rows around a crop row, and the largest magnitude of the four.
        let mut blend = vec![(0f64, 0f64); far + 1 - near];
        let mut largest = 0f64;
        for (row, y) in plane.chunks_mut(SIDE).zip(&taps[1]) {
            let Some(y) = y else { continue };
            let at = |y: usize, z: usize| {
                let base = dims[0] * (y + dims[1] * z);
                &voxels[base + near..=base + far]
            };
            let lerp = |a: f64, b: f64, t: f64| a + (b - a) * t;
            let (a, b) = (at(y.low, z.low), at(y.high, z.low));
            let (c, d) = (at(y.low, z.high), at(y.high, z.high));
            for (i, blend) in blend.iter_mut().enumerate() {
                let [a, b, c, d] = [a[i], b[i], c[i], d[i]].map(&value);
                let (low, high) = (lerp(a, b, y.weight), lerp(c, d, y.weight));
                let size = a.abs().max(b.abs()).max(c.abs().max(d.abs()));
                *blend = (lerp(low, high, z.weight), size);
            }
            for (out, tap) in row[first..].iter_mut().zip(&row_taps) {
                let ((a, a_size), (b, b_size)) = (blend[tap.low - near], blend[tap.high - near]);
                let (v, size) = (lerp(a, b, tap.weight), a_size.max(b_size));
                largest = largest.max(size);
                *out = if v.abs() < size * RESIDUE { 0.0 } else { v as f32 };
            }
        }
        largest
    });
    let largest = planes.reduce(|| 0.0, f64::max);
    (out, largest)
}

/// Mean and unbiased standard deviation of the values > 0. Summed plane by plane in a fixed order, so
/// that the result does not depend on the number of threads.
fn statistics(values: &[f32]) -> Result<(f64, f64), SegmentError> {
    let total = |term: &(dyn Fn(f64) -> f64 + Sync)| {
        let planes: Vec<Sum> = values
            .par_chunks(SIDE * SIDE)
            .map(|plane| {
                plane.iter().filter(|&&v| v > 0.0).fold(Sum::default(), |s, &v| Sum {
                    sum: s.sum + term(f64::from(v)),
                    count: s.count + 1,
                })
            })
            .collect();
        planes
            .iter()
            .fold(Sum::default(), |a, b| Sum { sum: a.sum + b.sum, count: a.count + b.count })
    };
    let Sum { sum, count } = total(&|v| v);
    if count == 0 {
        return Err(SegmentError::NothingPositive);
    }
    let mean = sum / count as f64;
    let squares = total(&|v| (v - mean) * (v - mean)).sum;
    let std = if count > 1 { (squares / (count - 1) as f64).sqrt() } else { 0.0 };
    // Less than the rounding of the values themselves is no spread.
    if std <= mean * f64::from(f32::EPSILON) || !std.is_finite() {
        return Err(SegmentError::Constant(mean));
    }
    Ok((mean, std))
}

/// From the scan's axis order to (x, y, z) with z fastest, normalised.
fn normalised(gathered: &[f32], grid: &CanonicalGrid, mean: f64, std: f64) -> Vec<f32> {
    let stride = grid.axes.map(|a| SIDE.pow(a.source as u32));
    let (mean, std) = (mean as f32, std as f32);
    let mut out = vec![0f32; SIDE * SIDE * SIDE];
    out.par_chunks_mut(TILE * SIDE * SIDE).enumerate().for_each(|(chunk, planes)| {
        let mut tile = [[0f32; SIDE]; TILE];
        for y in 0..SIDE {
            let base = chunk * TILE * stride[0] + y * stride[1];
            for z in 0..SIDE {
                for (x, row) in tile.iter_mut().enumerate() {
                    row[z] = gathered[base + x * stride[0] + z * stride[2]];
                }
            }
            for (x, row) in tile.iter().enumerate() {
                let to = &mut planes[(x * SIDE + y) * SIDE..][..SIDE];
                for (to, &v) in to.iter_mut().zip(row) {
                    *to = (v - mean) / std;
                }
            }
        }
    });
    out
}
