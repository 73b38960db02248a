//! Which parts of a model's mask are kept: all of them, or only those with a positive click. Pure; every segmenter's masks
//! go through it.

use crate::geom::{DVec3, Grid};
use crate::mask::parts::Parts;
use crate::mask::{Connectivity, WorkLimits};
use crate::volume::Region;

/// What is left of a mask on `grid` when only the parts are kept that hold one of `anchors` (RAS mm); `None` keeps all
/// ([`PromptLog::anchors`](crate::prompt::PromptLog::anchors)). Voxels that touch by a face, an edge or a corner are of
/// one part.
///
/// If no anchor lies in the mask, all of it is kept: that is a mask that the click has missed, not one of the wrong
/// parts.
pub fn kept_parts(region: Region, anchors: Option<&[DVec3]>, grid: &Grid) -> Region {
    let Some(anchors) = anchors else { return region };
    let voxel = |world: &DVec3| grid.voxel_at(*world).map(|voxel| grid.index(voxel));
    let mut held: Vec<usize> = anchors.iter().filter_map(voxel).collect();
    held.retain(|&voxel| region.contains(voxel));
    if held.is_empty() {
        return region;
    }
    // What has no limits does not fail.
    let Ok(parts) = Parts::of(&region, grid, Connectivity::Corners, &WorkLimits::none()) else {
        return region;
    };
    let kept = (parts.list().len() > 1).then(|| parts.containing(&held));
    kept.unwrap_or(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::DAffine3;

    /// One row of three parts on an oblique grid (x towards Left, 2 mm): `##.##.#`.
    #[test]
    fn parts_without_a_click_go_unless_no_click_lies_in_any() {
        let matrix = DAffine3::from_scale(DVec3::new(-2.0, 2.0, 3.0));
        let grid = Grid::new([7, 1, 1], matrix).unwrap();
        let mask = [true, true, false, true, true, false, true];
        let whole = || Region::from_mask(7, mask);
        let of = |anchors: Option<&[DVec3]>| {
            let kept = kept_parts(whole(), anchors, &grid);
            (0..7).filter(|&n| kept.contains(n)).collect::<Vec<_>>()
        };
        let at = |voxel: usize| grid.world_of([voxel, 0, 0]);
        let all = vec![0, 1, 3, 4, 6];
        assert_eq!(of(None), all);
        for (anchors, expected) in [
            (vec![], all.clone()),
            (vec![at(1)], vec![0, 1]),
            (vec![at(4), at(3)], vec![3, 4]),
            (vec![at(0), at(6)], vec![0, 1, 6]),
            // Beside the mask, and outside of the scan.
            (vec![at(2)], all.clone()),
            (vec![at(2), DVec3::splat(500.0), at(6)], vec![6]),
            (vec![DVec3::splat(500.0)], all.clone()),
            (vec![DVec3::splat(f64::NAN)], all),
        ] {
            assert_eq!(of(Some(&anchors)), expected, "{anchors:?}");
        }
        assert!(kept_parts(Region::default(), Some(&[at(1)]), &grid).is_empty());
    }

    #[test]
    fn parts_that_touch_by_a_corner_are_one() {
        let grid = Grid::new([3, 3, 2], DAffine3::IDENTITY).unwrap();
        let mask = |n: usize| [0, 4 + 9, 2].contains(&n);
        let region = Region::from_mask(3, (0..18).map(mask));
        let kept = kept_parts(region, Some(&[DVec3::ZERO]), &grid);
        assert_eq!((0..18).filter(|&n| kept.contains(n)).collect::<Vec<_>>(), [0, 2, 13]);
    }
}
