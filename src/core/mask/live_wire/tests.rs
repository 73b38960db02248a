use proptest::prelude::*;

use super::super::test_volume::{noise, volume};
use super::*;
use crate::geom::{Convention, DAffine3, DMat3, DVec3, Grid, Oblique, Plane, SliceFrame};
use crate::mask::Layer;
use crate::volume::{Scale, StoredGeometry, Volume, Voxels};

/// A disc of 100 on 0, with noise.
fn disc(size: [usize; 2], spacing: [f64; 2], radius: f64, spread: f32) -> Picture {
    let values = (0..size[0] * size[1]).map(|n| {
        let (u, v) = ((n % size[0]) as f64, (n / size[0]) as f64);
        let middle = |a: usize| (size[a] as f64 - 1.0) / 2.0;
        let away = ((u - middle(0)) * spacing[0]).hypot((v - middle(1)) * spacing[1]);
        100.0 * f32::from(u8::from(away <= radius)) + spread * (noise(n) - 0.5)
    });
    Picture::new(size, spacing, values.collect())
}

#[test]
fn a_wire_follows_the_border_of_a_disc() {
    for spacing in [[1.0, 1.0], [0.7, 1.4]] {
        let size = [(60.0 / spacing[0]) as usize, (60.0 / spacing[1]) as usize];
        let picture = disc(size, spacing, 20.0, 20.0);
        let costs = EdgeCosts::of(&picture);
        let middle = size.map(|n| (n as f64 - 1.0) / 2.0);
        let on_border = |degrees: f64| -> [usize; 2] {
            let (v, u) = degrees.to_radians().sin_cos();
            [
                (middle[0] + 20.0 * u / spacing[0]).round() as usize,
                (middle[1] + 20.0 * v / spacing[1]).round() as usize,
            ]
        };
        let wires = costs.wires(on_border(0.0), usize::MAX, &WorkLimits::none()).unwrap().unwrap();
        let path = wires.path(on_border(110.0)).unwrap();
        assert_eq!((path[0], path[path.len() - 1]), (on_border(0.0), on_border(110.0)));
        for pair in path.windows(2) {
            assert!(pair[0][0].abs_diff(pair[1][0]).max(pair[0][1].abs_diff(pair[1][1])) == 1);
        }
        for [u, v] in path {
            let away =
                ((u as f64 - middle[0]) * spacing[0]).hypot((v as f64 - middle[1]) * spacing[1]);
            assert!((away - 20.0).abs() <= 2.0 * spacing[1], "{spacing:?}: {away} mm");
        }
    }
}

proptest! {
    /// A wire's cost is what its steps cost, and no step to a neighbour makes it cheaper.
    #[test]
    fn wires_cost_what_their_steps_do_and_none_is_cheaper(
        size in prop::array::uniform2(1usize..20),
        spacing in prop::array::uniform2(0.3f64..3.0),
        anchor in prop::array::uniform2(0.0f64..1.0),
        reach in 0usize..25,
        salt in 0usize..1000,
    ) {
        let values = (0..size[0] * size[1]).map(|n| noise(n + salt * 400) * 50.0);
        let costs = EdgeCosts::of(&Picture::new(size, spacing, values.collect()));
        let anchor: [usize; 2] = std::array::from_fn(|a| (anchor[a] * size[a] as f64) as usize);
        let wires = costs.wires(anchor, reach, &WorkLimits::none()).unwrap().unwrap();
        prop_assert_eq!(wires.path(anchor), Some(vec![anchor]));
        let step = |a: [usize; 2], b: [usize; 2]| {
            let length = (a[0].abs_diff(b[0]) as f64 * spacing[0]).hypot(a[1].abs_diff(b[1]) as f64 * spacing[1]);
            (costs.cost(a) + costs.cost(b)) * (length as f32 / 2.0)
        };
        for v in 0..size[1] {
            for u in 0..size[0] {
                let far = u.abs_diff(anchor[0]).max(v.abs_diff(anchor[1]));
                let Some(path) = wires.path([u, v]) else {
                    prop_assert!(far > reach);
                    prop_assert_eq!(wires.cost([u, v]), None);
                    continue;
                };
                prop_assert!(far <= reach);
                prop_assert_eq!((path[0], path[path.len() - 1]), (anchor, [u, v]));
                let sum: f32 = path.windows(2).map(|w| step(w[0], w[1])).sum();
                let cost = wires.cost([u, v]).unwrap();
                prop_assert!((sum - cost).abs() <= 1e-4 * cost.max(1.0));
                for by in STEPS_TO {
                    let to = [u.wrapping_add_signed(by[0]), v.wrapping_add_signed(by[1])];
                    if to[0] < size[0] && to[1] < size[1]
                        && let Some(there) = wires.cost(to)
                    {
                        prop_assert!(there <= (cost + step([u, v], to)) * (1.0 + 1e-5));
                    }
                }
            }
        }
    }
}

#[test]
fn flat_odd_and_tiny_pictures_have_costs_and_wires() {
    for (size, values) in [
        ([1, 1], vec![5.0]),
        ([3, 1], vec![1.0, f32::NAN, 2.0]),
        ([2, 2], vec![7.0; 4]),
        ([2, 3], vec![f32::INFINITY; 6]),
        ([2, 2], vec![f32::MAX, f32::MIN, f32::MAX, 0.0]),
    ] {
        let costs = EdgeCosts::of(&Picture::new(size, [1.0, 2.0], values));
        for v in 0..size[1] {
            for u in 0..size[0] {
                assert!((0.139..=1.001).contains(&costs.cost([u, v])), "{size:?}");
            }
        }
        let wires = costs.wires([0, 0], 9, &WorkLimits::none()).unwrap().unwrap();
        let end = size.map(|n| n - 1);
        assert_eq!(wires.path(end).unwrap().len(), end[0].max(end[1]) + 1);
        assert!(costs.wires([size[0], 0], 9, &WorkLimits::none()).unwrap().is_none());
        assert_eq!(wires.path([0, 9]), None);
    }
}

#[test]
fn a_layer_of_a_volume_is_a_picture_along_every_axis() {
    let dims = [4, 5, 6];
    let volume = volume(dims, [1.0, 2.0, 3.0], (0..120).map(|n| n as f32).collect());
    for (axis, spacing) in [(0, [2.0, 3.0]), (1, [1.0, 3.0]), (2, [1.0, 2.0])] {
        let layer = Layer { axis, at: 2 };
        let picture = Picture::of(&volume, layer).unwrap();
        assert_eq!(picture.spacing(), spacing);
        assert_eq!(picture.size(), layer.size(dims));
        for v in 0..picture.size()[1] {
            for u in 0..picture.size()[0] {
                let expected = volume.value(layer.voxel([u, v])) as f32;
                assert_eq!(picture.value(u as isize, v as isize), expected);
                assert_eq!(layer.place(layer.voxel([u, v])), [u, v]);
            }
        }
    }
    assert_eq!(Picture::of(&volume, Layer { axis: 3, at: 0 }), None);
    assert_eq!(Picture::of(&volume, Layer { axis: 0, at: 4 }), None);
}

/// Axes run to Superior, to the Left and to Posterior; the value is a linear function of the place, in steps of 0.5.
fn ramp() -> (Volume, impl Fn(DVec3) -> f64) {
    let m = DMat3::from_cols(DVec3::Z * 2.0, -DVec3::X, -DVec3::Y * 1.5);
    let grid =
        Grid::new([7, 12, 9], DAffine3::from_mat3_translation(m, DVec3::new(3.0, 8.0, -5.0)));
    let grid = grid.unwrap();
    let value = |at: DVec3| at.dot(DVec3::new(3.0, -2.0, 1.5)) + 7.0;
    let of = |n: usize| (2.0 * value(grid.world_of([n % 7, n / 7 % 12, n / 84]))) as i16;
    let (voxels, stored) = (Voxels::I16((0..756).map(of).collect()), StoredGeometry::of(&grid));
    let scale = Scale { slope: 0.5, inter: 0.0 };
    (Volume::new("v", grid, vec![7, 12, 9], voxels, scale, stored, vec![]), value)
}

#[test]
fn the_places_of_a_slice_are_its_voxels() {
    let (volume, _) = ramp();
    let grid = volume.grid();
    for convention in [Convention::Radiological, Convention::Neurological] {
        for plane in Plane::ALL {
            let slices = SliceFrame::new(grid, plane, convention);
            let frame = PictureFrame::of_slice(grid, &slices, 4);
            let picture = Picture::in_frame(&volume, &frame, &WorkLimits::none()).unwrap();
            let [width, height] = frame.size();
            assert_eq!(width * height * slices.slices(), grid.count());
            for (u, v) in (0..height).flat_map(|v| (0..width).map(move |u| (u, v))) {
                let world = frame.world([u, v]);
                assert!((slices.view(world).z - 4.0).abs() < 1e-9, "{plane:?}");
                let voxel = grid.voxel_at(world).unwrap();
                assert!(grid.world_of(voxel).abs_diff_eq(world, 1e-9), "{plane:?}");
                assert_eq!(f64::from(picture.value(u as isize, v as isize)), volume.value(voxel));
                assert_eq!(frame.nearest(world + slices.normal() * 9.0), [u, v]);
                assert!(frame.contains(world));
            }
            let [first, last] = [frame.world([0, 0]), frame.world([width - 1, height - 1])];
            assert_eq!(frame.nearest(first + (first - last) * 9.0), [0, 0]);
            assert_eq!(frame.nearest(last + (last - first) * 9.0), [width - 1, height - 1]);
            assert!(!frame.contains(last + (last - first)));
            assert_eq!(frame.nearest(DVec3::NAN), [0, 0]);
        }
    }
}

#[test]
fn an_oblique_slice_has_the_values_of_its_places() {
    let (volume, value) = ramp();
    let grid = volume.grid();
    let turn = Oblique::straight(grid.centre())
        .turned_about(DVec3::Y, 25.0, grid.centre())
        .turned_about(DVec3::X, -10.0, grid.centre());
    for plane in Plane::ALL {
        let slices = SliceFrame::of(grid, plane, Convention::Radiological, Some(&turn));
        assert!(slices.is_oblique());
        let slice = slices.view(grid.centre()).z.round() as usize;
        let frame = PictureFrame::of_slice(grid, &slices, slice);
        let picture = Picture::in_frame(&volume, &frame, &WorkLimits::none()).unwrap();
        assert!(picture.spacing().iter().all(|mm| (mm - 1.0).abs() < 1e-9), "the closest voxels");
        let mut inside = 0;
        let [width, height] = frame.size();
        for (u, v) in (0..height).flat_map(|v| (0..width).map(move |u| (u, v))) {
            let world = frame.world([u, v]);
            assert!((slices.view(world).z - slice as f64).abs() < 1e-9);
            assert_eq!(frame.nearest(world), [u, v]);
            let voxel = grid.voxel(world);
            let last = DVec3::from_array(grid.dims().map(|n| n as f64 - 1.0));
            if voxel.cmpge(DVec3::ZERO).all() && voxel.cmple(last).all() {
                let found = f64::from(picture.value(u as isize, v as isize));
                assert!((found - value(world)).abs() < 1e-4, "{plane:?}: {found}");
                inside += 1;
            }
        }
        assert!(inside > 30, "{inside}");
    }
    let stopped = WorkLimits::none();
    stopped.cancel.cancel();
    let slices = SliceFrame::of(grid, Plane::Axial, Convention::Radiological, Some(&turn));
    let frame = PictureFrame::of_slice(grid, &slices, 3);
    assert_eq!(Picture::in_frame(&volume, &frame, &stopped), Err(MaskError::Cancelled));
    let little = WorkLimits::new(crate::work::CancelToken::new(), 100);
    let refused = Picture::in_frame(&volume, &frame, &little);
    assert!(matches!(refused, Err(MaskError::Memory { .. })));
    // Of a scan with very fine slices the picture is no larger than it need be.
    let fine = DAffine3::from_scale(DVec3::new(0.1, 40.0, 40.0));
    let grid = Grid::new([5000, 9, 9], fine).unwrap();
    let turn = Oblique::straight(grid.centre()).turned_about(DVec3::X, 20.0, grid.centre());
    let slices = SliceFrame::of(&grid, Plane::Axial, Convention::Radiological, Some(&turn));
    assert!(PictureFrame::of_slice(&grid, &slices, 9).size().iter().all(|&n| n <= 2048));
}

#[test]
fn edges_beyond_the_window_are_none() {
    let values = vec![-900.0, 10.0, 60.0, f32::NAN, 900.0, f32::INFINITY];
    let picture = Picture::new([6, 1], [1.0, 1.0], values).clamped((0.0, 100.0));
    let found: Vec<f32> = (0..6).map(|u| picture.value(u, 0)).collect();
    assert_eq!(found[..3], [0.0, 10.0, 60.0]);
    assert!(found[3].is_nan() && found[4..] == [100.0, 100.0]);
}

#[test]
fn a_wire_in_a_slice_ends_where_it_was_asked_to() {
    let size = [20, 16];
    let (volume, at) = (volume([20, 16, 2], [1.0; 3], vec![0.0; 640]), DVec3::new(2.2, 3.3, 1.0));
    let slices = SliceFrame::new(volume.grid(), Plane::Axial, Convention::Radiological);
    let frame = PictureFrame::of_slice(volume.grid(), &slices, 1);
    let costs = EdgeCosts::new(size, [1.0; 2], vec![0.5; 320]);
    let limits = WorkLimits::none();
    let wires = SliceWires::of(&frame, &costs, frame.nearest(at), &limits).unwrap().unwrap();
    // In the picture, beside the anchor, at it, and beyond the picture.
    for (to, length) in [
        (DVec3::new(9.4, 3.1, 1.0), 7),
        (DVec3::new(3.4, 2.6, 1.0), 1),
        (at, 1),
        (DVec3::new(2.0, -6.0, 1.0), 4),
    ] {
        let path = wires.path(to);
        assert_eq!((path.last(), path.len()), (Some(&to), length), "{to}");
        for pair in path.windows(2).take(length.saturating_sub(2)) {
            assert!(pair[0].distance(pair[1]) <= 2f64.sqrt() + 1e-9, "{to}: {path:?}");
        }
    }
    assert!(SliceWires::of(&frame, &costs, [20, 0], &limits).unwrap().is_none());
}
