use proptest::prelude::*;

use super::*;
use crate::geom::{DAffine3, DMat3};

/// Any order and direction of the axes, turned or not, with voxels of any shape.
fn grids() -> impl Strategy<Value = Grid> {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    (
        prop::array::uniform3(1usize..14),
        prop::array::uniform3(0.3f64..4.0),
        prop::array::uniform3(-3.0f64..3.0),
        0usize..6,
        prop::bool::ANY,
        prop::bool::ANY,
    )
        .prop_map(move |(dims, spacing, angles, order, flip, straight)| {
            let turn = DMat3::from_euler(glam::EulerRot::XYZ, angles[0], angles[1], angles[2]);
            let turn = if straight { DMat3::IDENTITY } else { turn };
            let sign = if flip { -1.0 } else { 1.0 };
            let [x, y, z] = orders[order].map(|a: usize| turn.col(a));
            let m = DMat3::from_cols(x * spacing[0] * sign, y * spacing[1], z * spacing[2]);
            let origin = DVec3::new(-14.0, 33.0, 210.0);
            Grid::new(dims, DAffine3::from_mat3_translation(m, origin)).unwrap()
        })
}

/// Turns of the outline about a place in the plane, and its distance from the outline.
fn winding(points: &[DVec3], normal: DVec3, at: DVec3) -> (i32, f64) {
    let (mut sum, mut nearest) = (0.0, f64::INFINITY);
    for n in 0..points.len() {
        let (a, b) = (points[n] - at, points[(n + 1) % points.len()] - at);
        sum += a.cross(b).dot(normal).atan2(a.dot(b));
        let t = (-a.dot(b - a) / (b - a).length_squared()).clamp(0.0, 1.0);
        nearest = nearest.min(a.lerp(b, if t.is_nan() { 0.0 } else { t }).length());
    }
    ((sum / std::f64::consts::TAU).round() as i32, nearest)
}

proptest! {
    /// In any plane of any grid: the voxels that it cuts whose centres, moved onto it, the outline goes around.
    #[test]
    fn a_polygon_is_the_voxelwise_statement(
        grid in grids(),
        middle in prop::array::uniform3(0.0f64..1.0),
        normal in prop::array::uniform3(-1.0f64..1.0),
        along_an_axis in prop::option::of(0usize..3),
        outline in prop::collection::vec((-15.0f64..15.0, -15.0f64..15.0), 3..12),
        even_odd in prop::bool::ANY,
    ) {
        let dims = grid.dims();
        let share = |a: usize| middle[a] * dims[a] as f64 - 0.5;
        let mut voxel = DVec3::new(share(0), share(1), share(2));
        let mut normal = DVec3::from_array(normal);
        if let Some(axis) = along_an_axis {
            voxel[axis] = voxel[axis].round();
            normal = grid.voxel_from_world().matrix3.row(axis);
        }
        prop_assume!(normal.length() > 1e-3);
        let plane = CutPlane { point: grid.world(voxel), normal };
        let normal = normal.normalize();
        let (right, down) = normal.any_orthonormal_pair();
        let points: Vec<DVec3> =
            outline.iter().map(|(u, v)| plane.point + right * *u + down * *v).collect();
        let rule = if even_odd { FillRule::EvenOdd } else { FillRule::NonZero };
        let found = polygon(&grid, &plane, &points, rule);
        let half = DMat3::from_cols(right, down, normal).transpose() * grid.world_from_voxel().matrix3;
        let half = (half.x_axis.z.abs() + half.y_axis.z.abs() + half.z_axis.z.abs()) / 2.0;
        for n in 0..grid.count() {
            let voxel = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
            let centre = grid.world_of(voxel);
            let above = normal.dot(centre - plane.point);
            let (turns, from_edge) = winding(&points, normal, centre - normal * above);
            // Exactly on an edge, or where the plane touches a corner, rounding decides.
            if from_edge < 1e-5 || (above.abs() - half).abs() < 1e-5 {
                continue;
            }
            let inside = if even_odd { turns % 2 != 0 } else { turns != 0 };
            prop_assert_eq!(found.contains(n), above.abs() < half && inside, "{:?}", voxel);
            if let Some(axis) = along_an_axis {
                prop_assert!(!found.contains(n) || voxel[axis] == (share(axis).round() as usize));
            }
        }
    }

    /// Two outlines along a common border, through voxel centres or not, share no voxel and leave none out.
    #[test]
    fn neighbours_share_no_voxel(corner in (0usize..6, 0usize..6), axis in 0usize..3) {
        let grid = Grid::new([7, 7, 7], DAffine3::from_scale(DVec3::new(1.0, 2.0, 0.5))).unwrap();
        let layer = crate::mask::Layer { axis, at: 3 };
        let place = |u: f64, v: f64| {
            let mut voxel = DVec3::splat(3.0);
            let [a, b] = layer.axes();
            (voxel[a], voxel[b]) = (u, v);
            grid.world(voxel)
        };
        let normal = grid.voxel_from_world().matrix3.row(axis);
        let plane = CutPlane { point: place(0.0, 0.0), normal };
        let (u, v) = (corner.0 as f64, corner.1 as f64);
        let of = |corners: [(f64, f64); 3]| {
            let points = corners.map(|(u, v)| place(u, v));
            polygon(&grid, &plane, &points, FillRule::NonZero)
        };
        let (low, high) = (-0.7, 6.7);
        let corners = [(low, low), (high, low), (high, high), (low, high)];
        let parts: Vec<Region> =
            (0..4).map(|n| of([corners[n], corners[(n + 1) % 4], (u, v)])).collect();
        let mut all = Region::default();
        for part in &parts {
            prop_assert_eq!(all.shared(part), 0);
            all.add(part, 7);
        }
        prop_assert_eq!(all.count(), 49);
    }
}

#[test]
fn odd_outlines_and_planes_are_nothing_or_everything_and_never_a_panic() {
    let grid = Grid::new([5, 6, 7], DAffine3::IDENTITY).unwrap();
    let plane = CutPlane { point: DVec3::splat(2.0), normal: DVec3::Z };
    let square = |r: f64| {
        [(-r, -r), (r, -r), (r, r), (-r, r)].map(|(x, y)| DVec3::new(2.0 + x, 2.0 + y, 2.0))
    };
    let count = |plane: &CutPlane, points: &[DVec3]| {
        polygon(&grid, plane, points, FillRule::NonZero).count()
    };
    assert_eq!(count(&plane, &square(1.5)), 9);
    assert_eq!(count(&plane, &square(0.1)), 1);
    assert_eq!(count(&plane, &square(1e6)), 30, "the whole slice");
    assert_eq!(count(&plane, &square(1e9)), 0, "beyond all scans");
    assert_eq!(count(&plane, &square(f64::NAN)), 0);
    assert_eq!(count(&plane, &square(0.0)), 0);
    assert_eq!(count(&plane, &square(1.5)[..2]), 0);
    assert_eq!(count(&plane, &[]), 0);
    assert_eq!(count(&CutPlane { normal: DVec3::ZERO, ..plane }, &square(1.5)), 0);
    assert_eq!(count(&CutPlane { normal: DVec3::NAN, ..plane }, &square(1.5)), 0);
    assert_eq!(count(&CutPlane { point: DVec3::Z * 9.0, ..plane }, &square(1.5)), 0, "beside it");
    // Between two layers, one of them; points off the plane are moved onto it.
    assert_eq!(count(&CutPlane { point: DVec3::Z * 2.5, ..plane }, &square(1.5)), 9);
    // A loop that runs around twice, and one that crosses itself.
    let twice = [square(1.5), square(1.5)].concat();
    assert_eq!(count(&plane, &twice), 9);
    assert_eq!(polygon(&grid, &plane, &twice, FillRule::EvenOdd).count(), 0);
}

/// The cost is that of the outline's own rows.
#[test]
fn many_points_in_a_large_volume_cost_their_own_rows() {
    let grid = Grid::new([4096; 3], DAffine3::from_scale(DVec3::splat(0.5))).unwrap();
    for normal in [DVec3::X, DVec3::Y, DVec3::Z] {
        let plane = CutPlane { point: grid.centre(), normal };
        let (right, down) = normal.any_orthonormal_pair();
        let points: Vec<DVec3> = (0..2000)
            .map(|n| f64::from(n) / 2000.0 * std::f64::consts::TAU)
            .map(|a| plane.point + (right * a.cos() + down * a.sin()) * 20.0)
            .collect();
        let begin = std::time::Instant::now();
        let region = polygon(&grid, &plane, &points, FillRule::NonZero);
        assert!(begin.elapsed() < std::time::Duration::from_millis(500));
        let expected = std::f64::consts::PI * 40.0 * 40.0;
        assert!((region.count() as f64 / expected - 1.0).abs() < 0.01, "{normal}");
    }
}
