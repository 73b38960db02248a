//! Which parts of a pane need which work: labels are looked up only where there may be some, and nothing where the
//! scan is not. Adapters that compute with the CPU do the work of all branches of a shader for every pixel, so
//! this is decided before it runs.

use std::ops::Range;

use crate::geom::{DAffine3, DVec3};
use crate::volume::VoxelBox;

/// Voxels by which a plane may pass a box and still be taken to cut it: shaders calculate in 32 bits.
const SLACK: f64 = 1e-3;

/// A rectangle of a pane in pixels from its top left corner: left, top, right, bottom.
pub(super) type Rect = [f64; 4];

/// Instances of `slice_vertex` that show nothing, the scan without labels, and the scan with labels.
pub(super) const BLANK: Range<u32> = 0..4;
pub(super) const PLAIN: Range<u32> = 4..8;
pub(super) const LABELLED: Range<u32> = 8..9;

/// Left, top, right, bottom as parts of the pane, for each instance.
pub(super) type Regions = [[f32; 4]; LABELLED.end as usize];

/// Divides a pane of `size` pixels that shows a scan of `dims` voxels, all of whose labels lie in a box.
pub(super) fn regions(
    size: [u32; 2],
    voxel_from_pane: &DAffine3,
    dims: [usize; 3],
    labels: Option<VoxelBox>,
) -> Regions {
    let [width, height] = size.map(|n| f64::from(n.max(1)));
    let pane = [0.0, 0.0, width, height];
    let visible = |within, outer| pixels(within, voxel_from_pane, outer);
    let scan = visible(VoxelBox::whole(dims), pane);
    let labelled = labels.map_or([scan[0], scan[1], scan[0], scan[1]], |b| visible(b, scan));
    let rects = around(pane, scan).into_iter().chain(around(scan, labelled)).chain([labelled]);
    let mut regions = Regions::default();
    for (region, [left, top, right, bottom]) in regions.iter_mut().zip(rects) {
        *region = [left / width, top / height, right / width, bottom / height].map(|c| c as f32);
    }
    regions
}

/// The whole pixels that a box can be seen on, within others; without area if there are none.
fn pixels(within: VoxelBox, voxel_from_pane: &DAffine3, outer: Rect) -> Rect {
    let [left, top, right, bottom] = outer;
    match shadow(within, voxel_from_pane) {
        None => [left, top, left, top],
        Some(at) => [
            (at[0] - 1.0).floor().clamp(left, right),
            (at[1] - 1.0).floor().clamp(top, bottom),
            (at[2] + 1.0).ceil().clamp(left, right),
            (at[3] + 1.0).ceil().clamp(top, bottom),
        ],
    }
}

/// What of a rectangle is not in one that lies in it: above, below, left, right.
fn around(outer: Rect, inner: Rect) -> [Rect; 4] {
    [
        [outer[0], outer[1], outer[2], inner[1]],
        [outer[0], inner[3], outer[2], outer[3]],
        [outer[0], inner[1], inner[0], inner[3]],
        [inner[2], inner[1], outer[2], inner[3]],
    ]
}

/// Where in a pane a box of voxels can be seen; `None` where the plane does not cut it. Everywhere if the pane
/// has no area.
pub(super) fn shadow(within: VoxelBox, voxel_from_pane: &DAffine3) -> Option<Rect> {
    let pane_from_voxel = voxel_from_pane.inverse();
    if !pane_from_voxel.is_finite() {
        return Some([f64::MIN, f64::MIN, f64::MAX, f64::MAX]);
    }
    let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
    for corner in 0..8 {
        let side = |a: usize| if corner >> a & 1 == 0 { within.min[a] } else { within.max[a] };
        let voxel = DVec3::new(side(0) as f64, side(1) as f64, side(2) as f64) - 0.5;
        let at = pane_from_voxel.transform_point3(voxel);
        (low, high) = (low.min(at), high.max(at));
    }
    let slack = SLACK * pane_from_voxel.matrix3.row(2).length();
    let cuts = low.z <= slack && high.z >= -slack;
    cuts.then_some([low.x, low.y, high.x, high.y])
}

#[cfg(test)]
mod tests {
    use glam::{DQuat, EulerRot};
    use proptest::prelude::*;

    use super::*;

    /// Which kinds of instances cover a pixel.
    fn kinds(regions: &Regions, size: [u32; 2], pixel: [u32; 2]) -> [usize; 3] {
        let at = [0, 1].map(|a| (f64::from(pixel[a]) + 0.5) / f64::from(size[a]));
        let covers = |n: u32| {
            let [left, top, right, bottom] = regions[n as usize].map(f64::from);
            at[0] > left && at[0] < right && at[1] > top && at[1] < bottom
        };
        [BLANK, PLAIN, LABELLED].map(|kind| kind.filter(|&n| covers(n)).count())
    }

    proptest! {
        /// Each pixel is drawn once, with all that is seen there.
        #[test]
        fn every_pixel_is_drawn_once_with_what_is_there(
            size in [1u32..60, 1u32..60],
            dims in [1usize..30, 1usize..30, 1usize..30],
            corners in [[0.0..1.0f64, 0.0..1.0f64], [0.0..1.0f64, 0.0..1.0f64], [0.0..1.0f64, 0.0..1.0f64]],
            angles in [-3.0..3.0f64, -3.0..3.0f64, -3.0..3.0f64],
            straight in any::<bool>(),
            zoom in 0.1..3.0f64,
            corner in [-20.0..40.0f64, -20.0..40.0f64, -20.0..40.0f64],
        ) {
            let within = {
                let side = |a: usize, n: usize| (corners[a][n] * dims[a] as f64) as usize;
                let min = std::array::from_fn(|a| side(a, 0).min(side(a, 1)));
                let max = std::array::from_fn(|a| (side(a, 0).max(side(a, 1)) + 1).min(dims[a]));
                VoxelBox { min, max }
            };
            let turn = if straight {
                DQuat::IDENTITY
            } else {
                DQuat::from_euler(EulerRot::XYZ, angles[0], angles[1], angles[2])
            };
            let voxel_from_pane = DAffine3::from_scale_rotation_translation(
                DVec3::new(zoom, zoom, 1.0),
                turn,
                DVec3::from_array(corner),
            );
            let regions = regions(size, &voxel_from_pane, dims, Some(within));
            for y in 0..size[1] {
                for x in 0..size[0] {
                    let kinds = kinds(&regions, size, [x, y]);
                    prop_assert_eq!(kinds.iter().sum::<usize>(), 1);
                    let centre = DVec3::new(f64::from(x) + 0.5, f64::from(y) + 0.5, 0.0);
                    let voxel = (voxel_from_pane.transform_point3(centre) + 0.5).floor();
                    let inside = |b: VoxelBox| (0..3).all(|a| {
                        voxel[a] >= b.min[a] as f64 && voxel[a] < b.max[a] as f64
                    });
                    if inside(VoxelBox::whole(dims)) {
                        prop_assert_eq!(kinds[0], 0);
                    }
                    if inside(within) {
                        prop_assert_eq!(kinds[2], 1);
                    }
                }
            }
        }
    }

    #[test]
    fn what_the_plane_passes_needs_no_work() {
        let voxel_from_pane = DAffine3::from_translation(DVec3::new(0.0, 0.0, 7.0));
        let area = |kind: Range<u32>, regions: &Regions| -> f32 {
            let of = |n: u32| {
                let [left, top, right, bottom] = regions[n as usize];
                (right - left) * (bottom - top)
            };
            kind.map(of).sum()
        };
        let labels = |z| Some(VoxelBox { min: [4, 4, z], max: [6, 6, z + 1] });
        let cut = regions([40, 20], &voxel_from_pane, [20, 10, 9], labels(7));
        // Labels from pixel 3.5 to 5.5, the scan from -0.5 to 19.5 and 9.5; whole pixels, and one more.
        let close = |a: f32, b: f32| (a - b).abs() < 1e-6;
        assert!(close(area(LABELLED, &cut), 5.0 * 5.0 / 800.0), "{cut:?}");
        assert!(close(area(BLANK, &cut), 1.0 - 21.0 * 11.0 / 800.0), "{cut:?}");
        let passed = regions([40, 20], &voxel_from_pane, [20, 10, 9], labels(3));
        assert!(close(area(LABELLED, &passed), 0.0), "{passed:?}");
        let beside = regions([40, 20], &voxel_from_pane, [20, 10, 7], labels(3));
        assert!(close(area(BLANK, &beside), 1.0), "{beside:?}");
    }
}
