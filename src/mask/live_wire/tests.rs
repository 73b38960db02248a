use proptest::prelude::*;

use super::super::test_volume::{noise, volume};
use super::*;
use crate::mask::Layer;

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
