//! Label maps cleaned as the data of SAM-Med3D were (Wang et al., "SAM-Med3D: towards general-purpose segmentation models
//! for volumetric medical images", 2023, section 3.2): small masks and masks of almost nothing are dropped, the largest
//! parts are kept, what is on both sides of the patient is split.

use crate::geom::{Axis, DVec3, Grid};
use crate::mask::parts::Parts;
use crate::mask::split::mid_sagittal;
use crate::mask::{Connectivity, MaskError, WorkLimits};
use crate::volume::{NamedRegion, Region};

/// Which steps are taken, in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CleaningSteps {
    /// Drop masks that are smaller than this, mL, or whose box is thinner than this along a voxel axis, mm.
    pub small: Option<(f64, f64)>,
    /// Drop masks if a greater share of the volume than this is not in them.
    pub background: Option<f64>,
    /// Keep so many parts, the largest (parts that touch by a corner are one).
    pub parts: Option<usize>,
    /// Split structures that are on both sides of the patient.
    pub sides: bool,
}

impl CleaningSteps {
    /// The paper's: 1 cm³ and 15 mm, 99 %, five parts, sides.
    pub const ALL: Self =
        Self { small: Some((1.0, 15.0)), background: Some(0.99), parts: Some(5), sides: true };
    /// Nothing.
    pub const NONE: Self = Self { small: None, background: None, parts: None, sides: false };
}

/// What a step did to a label.
#[derive(Clone, Debug, PartialEq)]
pub enum CleaningDeed {
    /// Dropped: it has so little volume, mL.
    TooSmall(f64),
    /// Dropped: its box is so thin, mm.
    TooThin(f64),
    /// Dropped: so large a share of the volume is not in it.
    MostlyBackground(f64),
    /// So many parts were taken away, with so much volume, mL.
    PartsDropped(usize, f64),
    /// The patient's left side became a label of this number; the right side keeps the old one. Volumes of right and left,
    /// mL.
    Split {
        /// The new number.
        left: u16,
        /// mL.
        right_ml: f64,
        /// mL.
        left_ml: f64,
    },
    /// It is on both sides, but there is no number left for one of them.
    NoNumber,
}

/// What became of a label map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cleaned {
    /// What is left, by rising numbers.
    pub labels: Vec<NamedRegion>,
    /// The numbers of labels and what was done to them, in the order in which it was.
    pub deeds: Vec<(u16, CleaningDeed)>,
}

/// A part of this share of the largest may be the other side of it.
const ALIKE: f64 = 0.4;

/// Cleans the labels of a map on a grid.
///
/// A structure is taken for one on both sides if its name does not say a side, its two largest parts are apart, lie wholly
/// on different sides of the volume's middle between the patient's right and left, and the smaller has at least 0.4 of the
/// volume of the larger. Each further part goes to the side that its middle is on.
pub fn clean_labels(
    labels: &[NamedRegion],
    grid: &Grid,
    steps: &CleaningSteps,
    limits: &WorkLimits,
) -> Result<Cleaned, MaskError> {
    let mut cleaned = Cleaned::default();
    let mut next = labels.iter().map(|l| l.value).max().unwrap_or(0);
    for label in labels {
        limits.check()?;
        if let Some(deed) = dropped(&label.region, grid, steps) {
            cleaned.deeds.push((label.value, deed));
            continue;
        }
        let mut label = label.clone();
        if let Some(most) = steps.parts
            && let Some(deed) = keep_parts(&mut label.region, grid, most, limits)?
        {
            cleaned.deeds.push((label.value, deed));
        }
        let sides = if steps.sides && !says_side(label.name.as_deref()) {
            sides(&label.region, grid, limits)?
        } else {
            None
        };
        if let Some([right, left]) = sides {
            let Some(number) = next.checked_add(1) else {
                cleaned.deeds.push((label.value, CleaningDeed::NoNumber));
                cleaned.labels.push(label);
                continue;
            };
            next = number;
            let (right_ml, left_ml) = (ml(&right, grid), ml(&left, grid));
            let deed = CleaningDeed::Split { left: number, right_ml, left_ml };
            cleaned.deeds.push((label.value, deed));
            let name = |side: &str| label.name.as_ref().map(|name| format!("{name} {side}"));
            cleaned.labels.push(NamedRegion {
                name: name("left"),
                region: left,
                value: number,
                ..label.clone()
            });
            label = NamedRegion { name: name("right"), region: right, ..label };
        }
        cleaned.labels.push(label);
    }
    cleaned.labels.sort_by_key(|label| label.value);
    Ok(cleaned)
}

fn ml(region: &Region, grid: &Grid) -> f64 {
    region.count() as f64 * grid.voxel_volume_mm3() / 1000.0
}

fn dropped(region: &Region, grid: &Grid, steps: &CleaningSteps) -> Option<CleaningDeed> {
    if let Some((least_ml, least_mm)) = steps.small {
        let volume = ml(region, grid);
        // A voxel's volume is a product of rounded numbers: what is as large as asked for stays.
        if volume < least_ml * (1.0 - 1e-9) {
            return Some(CleaningDeed::TooSmall(volume));
        }
        let size = region.bounds(grid.dims())?.size();
        let sides = (0..3).map(|a| size[a] as f64 * grid.spacing()[a]);
        let thinnest = sides.fold(f64::INFINITY, f64::min);
        if thinnest < least_mm * (1.0 - 1e-9) {
            return Some(CleaningDeed::TooThin(thinnest));
        }
    }
    let share = 1.0 - region.count() as f64 / grid.count() as f64;
    steps.background.filter(|&most| share > most).map(|_| CleaningDeed::MostlyBackground(share))
}

fn keep_parts(
    region: &mut Region,
    grid: &Grid,
    most: usize,
    limits: &WorkLimits,
) -> Result<Option<CleaningDeed>, MaskError> {
    let parts = Parts::of(region, grid, Connectivity::Corners, limits)?;
    let count = parts.list().len();
    if count <= most {
        return Ok(None);
    }
    let kept = parts.keep(|n, _| n < most);
    let lost = ml(region, grid) - ml(&kept, grid);
    *region = kept;
    Ok(Some(CleaningDeed::PartsDropped(count - most, lost)))
}

/// Whether a name says on which side a structure is.
fn says_side(name: Option<&str>) -> bool {
    let name = name.unwrap_or_default().to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        matches!(word, "left" | "right" | "l" | "r" | "lt" | "rt" | "sinister" | "dexter")
    })
}

/// The right and the left side of what is on both.
fn sides(
    region: &Region,
    grid: &Grid,
    limits: &WorkLimits,
) -> Result<Option<[Region; 2]>, MaskError> {
    let parts = Parts::of(region, grid, Connectivity::Corners, limits)?;
    let [first, second, ..] = parts.list() else { return Ok(None) };
    if (second.voxels as f64) < ALIKE * first.voxels as f64 {
        return Ok(None);
    }
    let plane = mid_sagittal(grid, None);
    // Of the middles of the first and last voxels of a box across the sides: both on one side, or not.
    let (axis, _) = grid.orientation().voxel_axis(Axis::X);
    let side = |n: usize| {
        let bounds = parts.list()[n].bounds;
        let at = |voxel: usize| {
            let middle = |a: usize| (bounds.min[a] + bounds.max[a] - 1) as f64 / 2.0;
            let mut place: [f64; 3] = std::array::from_fn(middle);
            place[axis] = voxel as f64;
            (grid.world(DVec3::from_array(place)) - plane.point).dot(plane.normal)
        };
        let ends = [at(bounds.min[axis]), at(bounds.max[axis] - 1)];
        (ends[0] + ends[1], ends[0] * ends[1] > 0.0)
    };
    let ((one, one_whole), (other, other_whole)) = (side(0), side(1));
    if !one_whole || !other_whole || one * other >= 0.0 {
        return Ok(None);
    }
    let right = parts.keep(|n, _| side(n).0 >= 0.0);
    let left = parts.keep(|n, _| side(n).0 < 0.0);
    Ok(Some([right, left]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3};

    /// 40 × 20 × 20 voxels of 5 mm; x goes to the patient's Left.
    fn grid() -> Grid {
        let steps = DMat3::from_diagonal(DVec3::new(-5.0, 5.0, 5.0));
        Grid::new([40, 20, 20], DAffine3::from_mat3(steps)).unwrap()
    }

    /// Boxes of voxels: from, and how many along each axis.
    fn label(value: u16, name: &str, boxes: &[([usize; 3], [usize; 3])]) -> NamedRegion {
        let inside = |n: usize| {
            let v = [n % 40, n / 40 % 20, n / 800];
            boxes
                .iter()
                .any(|(from, size)| (0..3).all(|a| (from[a]..from[a] + size[a]).contains(&v[a])))
        };
        NamedRegion {
            value,
            name: Some(name.to_owned()),
            colour: None,
            opacity: None,
            visible: true,
            region: Region::from_mask(40, (0..16_000).map(inside)),
            on_top: None,
        }
    }

    fn clean(labels: &[NamedRegion], steps: CleaningSteps) -> Cleaned {
        clean_labels(labels, &grid(), &steps, &WorkLimits::none()).unwrap()
    }

    #[test]
    fn small_thin_and_sparse_masks_are_dropped() {
        let labels = [
            label(1, "seven voxels", &[([0, 0, 0], [7, 1, 1])]),
            label(2, "two layers", &[([0, 4, 0], [10, 10, 2])]),
            label(3, "stays", &[([0, 4, 5], [10, 10, 3])]),
        ];
        let small = CleaningSteps { small: CleaningSteps::ALL.small, ..CleaningSteps::NONE };
        let found = clean(&labels, small);
        let deeds = [(1, CleaningDeed::TooSmall(0.875)), (2, CleaningDeed::TooThin(10.0))];
        assert_eq!(found.deeds, deeds);
        assert_eq!(found.labels, labels[2..]);
        let sparse = CleaningSteps { background: Some(0.985), ..CleaningSteps::NONE };
        let values: Vec<u16> = clean(&labels, sparse).labels.iter().map(|l| l.value).collect();
        assert_eq!(values, [3], "300 of 16,000 voxels are 1.9 %, 200 are 1.25 %");
        assert_eq!(clean(&labels, CleaningSteps::NONE).labels, labels);
    }

    #[test]
    fn the_largest_parts_are_kept() {
        let boxes: Vec<_> = (0..7).map(|n| ([5 * n, 0, 0], [2, 2, n + 1])).collect();
        let steps = CleaningSteps { parts: Some(5), ..CleaningSteps::NONE };
        let found = clean(&[label(4, "islands", &boxes)], steps);
        assert_eq!(found.deeds, [(4, CleaningDeed::PartsDropped(2, 12.0 * 0.125))]);
        assert_eq!(found.labels[0].region, label(4, "", &boxes[2..]).region);
    }

    #[test]
    fn what_is_on_both_sides_is_split_and_nothing_else() {
        let (right, left, speck) =
            (([4, 4, 4], [5, 5, 5]), ([30, 4, 4], [5, 5, 4]), ([36, 15, 15], [1, 1, 1]));
        let labels = [
            label(2, "Kidneys", &[right, left, speck]),
            label(3, "kidney left", &[right, left]),
            label(5, "over the middle", &[([2, 12, 4], [3, 3, 3]), ([15, 12, 4], [9, 3, 3])]),
            label(6, "unlike", &[([2, 0, 10], [5, 3, 3]), ([30, 0, 10], [1, 1, 3])]),
        ];
        let steps = CleaningSteps { sides: true, ..CleaningSteps::NONE };
        let found = clean(&labels, steps);
        let split = CleaningDeed::Split { left: 7, right_ml: 15.625, left_ml: 12.625 };
        assert_eq!(found.deeds, [(2, split)]);
        let names: Vec<_> =
            found.labels.iter().map(|l| (l.value, l.name.as_deref().unwrap_or(""))).collect();
        let expected = [
            (2, "Kidneys right"),
            (3, "kidney left"),
            (5, "over the middle"),
            (6, "unlike"),
            (7, "Kidneys left"),
        ];
        assert_eq!(names, expected);
        // x goes to the left: the lower numbers are the right side.
        assert_eq!(found.labels[0].region, label(2, "", &[right]).region);
        assert_eq!(found.labels[4].region, label(7, "", &[left, speck]).region);
    }
}
