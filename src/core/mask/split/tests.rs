use proptest::prelude::*;

use super::super::test_volume::{noise, region};
use super::*;
use crate::geom::{DAffine3, DMat3};

proptest! {
    #[test]
    fn each_voxel_is_on_the_side_of_its_centre(
        dims in prop::array::uniform3(1usize..12),
        angles in prop::array::uniform3(-3.0f64..3.0),
        straight in prop::bool::ANY,
        normal in prop::array::uniform3(-1.0f64..1.0),
        axis in prop::option::of(0usize..3),
        at in prop::array::uniform3(-0.2f64..1.2),
        salt in 0usize..1000,
    ) {
        let turn = DMat3::from_euler(glam::EulerRot::XYZ, angles[0], angles[1], angles[2]);
        let turn = if straight { DMat3::IDENTITY } else { turn };
        let m = turn * DMat3::from_diagonal(DVec3::new(-0.8, 1.5, 3.0));
        let grid = Grid::new(dims, DAffine3::from_mat3_translation(m, DVec3::splat(7.0))).unwrap();
        let share = |a: usize| (at[a] * dims[a] as f64).floor() / 2.0;
        let point = grid.world(DVec3::new(share(0), share(1), share(2)));
        let normal = axis.map_or(DVec3::from_array(normal), |a| m.col(a));
        prop_assume!(normal.length() > 1e-3);
        let whole = region(dims, |v| noise(v[0] + 12 * v[1] + 144 * v[2] + salt * 2000) < 0.7);
        let [front, back] = split(&whole, &grid, &CutPlane { point, normal });
        prop_assert_eq!(front.shared(&back), 0);
        prop_assert_eq!(&front.union(&back, dims[0]), &whole);
        for n in 0..grid.count() {
            let voxel = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
            let above = (grid.world_of(voxel) - point).dot(normal.normalize());
            if above.abs() > 1e-5 {
                prop_assert!(!front.contains(n) || above > 0.0);
                prop_assert!(!back.contains(n) || above < 0.0);
            } else if above.abs() < 1e-7 {
                prop_assert!(!back.contains(n), "in the plane is on the normal's side");
            }
        }
    }

    /// Whatever the order and direction of the axes, the right half is on the patient's right.
    #[test]
    fn right_is_right(order in 0usize..6, flips in prop::array::uniform3(prop::bool::ANY)) {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let column = |a: usize| {
            let axis = [DVec3::X * 0.9, DVec3::Y * 1.2, DVec3::Z * 2.0][orders[order][a]];
            if flips[a] { -axis } else { axis }
        };
        let m = DMat3::from_cols(column(0), column(1), column(2));
        let dims = [10, 8, 6];
        let grid = Grid::new(dims, DAffine3::from_mat3_translation(m, DVec3::splat(-40.0))).unwrap();
        let whole = region(dims, |_| true);
        for given in [None, Some(&whole)] {
            let plane = mid_sagittal(&grid, given);
            prop_assert!(plane.normal.abs_diff_eq(DVec3::X, 1e-12));
            let [right, left] = split(&whole, &grid, &plane);
            prop_assert_eq!(right.count(), left.count());
            let middle = grid.centre().x;
            for (n, side) in (0..grid.count()).map(|n| (n, right.contains(n))) {
                let voxel = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
                prop_assert_eq!(side, grid.world_of(voxel).x > middle);
            }
        }
    }
}

#[test]
fn the_plane_of_a_region_is_where_it_is_symmetric() {
    let dims = [60, 10, 10];
    let grid = Grid::new(dims, DAffine3::from_scale(DVec3::new(-2.0, 1.0, 1.0))).unwrap();
    let at = |given: &Region| (mid_sagittal(&grid, Some(given)).point.x / -2.0 * 2.0).round() / 2.0;
    // Two kidneys, of which the one has a cyst: not the centroid, which is nearer to the larger.
    let pair = region(dims, |v| {
        v[0].abs_diff(15) <= 4
            || v[0].abs_diff(35) <= 4 && v[1] < 6
            || v[0].abs_diff(35) <= 4 && v[2] < 3
    });
    assert_eq!(at(&pair), 25.0);
    // Two ventricles of unlike sizes, one voxel of a vessel between them: alike about 15, within the larger one.
    let ventricles = region(dims, |v| {
        v[0].abs_diff(15) <= 5
            || v[0].abs_diff(27) <= 3 && v[1] < 4
            || v[0].abs_diff(22) <= 1 && v == [v[0], 5, 5]
    });
    assert_eq!(at(&ventricles), 22.0);
    let one = region(dims, |v| v[0].abs_diff(15) <= 4);
    assert_eq!(at(&one), 15.0);
    assert_eq!(at(&region(dims, |v| v[0] == 9 || v[0] == 12)), 10.5);
    assert_eq!(at(&Region::default()), 29.5, "of nothing that of the volume");
    assert_eq!(mid_sagittal(&grid, None).point, grid.centre());
}

#[test]
fn planes_that_are_none_cut_nothing_off() {
    let dims = [4, 4, 4];
    let grid = Grid::new(dims, DAffine3::IDENTITY).unwrap();
    let whole = region(dims, |_| true);
    for (point, normal) in [
        (DVec3::splat(1.5), DVec3::ZERO),
        (DVec3::splat(1.5), DVec3::NAN),
        (DVec3::NAN, DVec3::X),
        (DVec3::splat(1e300), DVec3::X),
    ] {
        let [front, back] = split(&whole, &grid, &CutPlane { point, normal });
        assert_eq!((front, back), (whole.clone(), Region::default()), "{point} {normal}");
    }
    let plane = CutPlane { point: DVec3::splat(1.5), normal: DVec3::X };
    assert_eq!(split(&Region::default(), &grid, &plane), [Region::default(), Region::default()]);
}
