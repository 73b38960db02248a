use proptest::prelude::*;

use super::super::test_volume::{noise, volume};
use super::*;
use crate::work::CancelToken;

/// Voxel by voxel: grows by neighbours until nothing changes.
fn plain(
    dims: [usize; 3],
    seed: [usize; 3],
    connectivity: Connectivity,
    inside: impl Fn([usize; 3]) -> bool,
) -> Region {
    let at = |v: [usize; 3]| v[0] + dims[0] * (v[1] + dims[1] * v[2]);
    let mut covered = vec![false; dims.iter().product()];
    let mut open = Vec::new();
    if (0..3).all(|a| seed[a] < dims[a]) && inside(seed) {
        covered[at(seed)] = true;
        open.push(seed);
    }
    while let Some(v) = open.pop() {
        for n in 0..27 {
            let by = [n % 3, n / 3 % 3, n / 9];
            let steps = by.iter().filter(|&&b| b != 1).count();
            if steps == 0 || (connectivity == Connectivity::Faces && steps > 1) {
                continue;
            }
            let to: [usize; 3] = std::array::from_fn(|a| (v[a] + by[a]).wrapping_sub(1));
            if (0..3).all(|a| to[a] < dims[a]) && inside(to) && !covered[at(to)] {
                covered[at(to)] = true;
                open.push(to);
            }
        }
    }
    Region::from_mask(dims[0], covered)
}

proptest! {
    #[test]
    fn a_flood_is_what_neighbours_reach(
        dims in [1usize..80, 1usize..7, 1usize..6],
        seed in prop::array::uniform3(0.0f64..1.1),
        share in 0.2f32..0.9,
        salt in 0usize..1000,
        corners in prop::bool::ANY,
        slice in prop::option::of(0usize..3),
        within in prop::option::of(prop::array::uniform3((0.0f64..1.0, 0.0f64..1.0))),
        special in 0usize..20,
    ) {
        let count: usize = dims.iter().product();
        let mut values: Vec<f32> = (0..count).map(|n| noise(n + salt * 1000)).collect();
        values[special % count] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][special % 3];
        let volume = volume(dims, [1.0; 3], values.clone());
        let seed: [usize; 3] = std::array::from_fn(|a| (seed[a] * dims[a] as f64) as usize);
        let connectivity = if corners { Connectivity::Corners } else { Connectivity::Faces };
        let bounds = within.map(|w| VoxelBox {
            min: std::array::from_fn(|a| (w[a].0 * dims[a] as f64) as usize),
            max: std::array::from_fn(|a| (w[a].1 * dims[a] as f64) as usize + 1),
        });
        let scope = slice.map_or(Scope::Volume, |axis| Scope::Slice { axis, index: seed[axis] });
        let range = ValueRange { low: 0.0, high: f64::from(share) };
        let options = FloodOptions { connectivity, scope, plane: None, within: bounds, limit: usize::MAX };
        let found = flood(&volume, seed, range, &options, &WorkLimits::none()).unwrap();
        let expected = plain(dims, seed, connectivity, |v| {
            let value = f64::from(values[v[0] + dims[0] * (v[1] + dims[1] * v[2])]);
            (0.0..=f64::from(share)).contains(&value)
                && slice.is_none_or(|axis| v[axis] == seed[axis])
                && bounds.is_none_or(|b| (0..3).all(|a| v[a] >= b.min[a] && v[a] < b.max[a]))
        });
        prop_assert_eq!(&found, &Flood { region: expected.clone(), stopped: false });
        // A limit leaves a part of it that has the seed.
        let options = FloodOptions { limit: expected.count() / 2, ..options };
        let part = flood(&volume, seed, range, &options, &WorkLimits::none()).unwrap();
        prop_assert_eq!(part.stopped, !expected.is_empty());
        prop_assert_eq!(part.region.shared(&expected), part.region.count());
        prop_assert_eq!(part.region.is_empty(), expected.is_empty());
    }

    /// A larger tolerance covers no less.
    #[test]
    fn a_larger_tolerance_covers_no_less(salt in 0usize..1000, a in 0.0f64..1.0, b in 0.0f64..1.0) {
        let dims = [20, 6, 5];
        let volume = volume(dims, [1.0; 3], (0..600).map(|n| noise(n + salt * 600)).collect());
        let options = FloodOptions::default();
        let covered = |tolerance: f64| {
            flood_alike(&volume, [9, 3, 2], tolerance, &options, &WorkLimits::none()).unwrap().region
        };
        let (less, more) = (covered(a.min(b)), covered(a.max(b)));
        prop_assert_eq!(less.shared(&more), less.count());
        prop_assert!(covered(0.0).count() >= 1);
    }
}

#[test]
fn odd_seeds_and_ranges_cover_nothing_or_everything() {
    let dims = [4, 3, 2];
    let mut values: Vec<f32> = vec![5.0; 24];
    values[0] = f32::NAN;
    let volume = volume(dims, [1.0; 3], values);
    let count = |seed, low, high| {
        let range = ValueRange { low, high };
        flood(&volume, seed, range, &FloodOptions::default(), &WorkLimits::none())
            .unwrap()
            .region
            .count()
    };
    assert_eq!(count([1, 1, 1], 5.0, 5.0), 23);
    assert_eq!(count([1, 1, 1], f64::NEG_INFINITY, f64::INFINITY), 23);
    for (seed, low, high) in [
        ([0, 0, 0], f64::NEG_INFINITY, f64::INFINITY),
        ([4, 0, 0], 0.0, 9.0),
        ([0, 3, 0], 0.0, 9.0),
        ([0, 0, usize::MAX], 0.0, 9.0),
        ([1, 1, 1], 6.0, 4.0),
        ([1, 1, 1], f64::NAN, 9.0),
        ([1, 1, 1], 6.0, 9.0),
    ] {
        assert_eq!(count(seed, low, high), 0, "{seed:?} {low} {high}");
    }
    let alike = |seed, tolerance| {
        let options = FloodOptions::default();
        flood_alike(&volume, seed, tolerance, &options, &WorkLimits::none()).unwrap().region.count()
    };
    assert_eq!((alike([1, 1, 1], 0.0), alike([1, 1, 1], f64::INFINITY)), (23, 23));
    assert_eq!(alike([1, 1, 1], -1.0) + alike([1, 1, 1], f64::NAN), 0);
    assert_eq!(alike([0, 0, 0], 1.0) + alike([9, 0, 0], 1.0), 0);
    let scope = Scope::Slice { axis: 2, index: 7 };
    let options = FloodOptions { scope, ..FloodOptions::default() };
    let found = flood(&volume, [1, 1, 1], ValueRange::ALL, &options, &WorkLimits::none());
    assert_eq!(found, Ok(Flood::default()));
}

#[test]
fn it_can_be_stopped_and_takes_no_more_memory_than_it_may() {
    let dims = [200, 200, 200];
    let checkers: Vec<f32> = (0..8_000_000).map(|n| (n % 3 % 2) as f32).collect();
    let volume = volume(dims, [1.0; 3], checkers);
    let limits = WorkLimits::none();
    limits.cancel.cancel();
    let corners = FloodOptions { connectivity: Connectivity::Corners, ..FloodOptions::default() };
    let range = ValueRange { low: 0.0, high: 0.5 };
    assert_eq!(flood(&volume, [0, 0, 0], range, &corners, &limits), Err(MaskError::Cancelled));
    let little = WorkLimits::new(CancelToken::new(), 1000);
    let found = flood(&volume, [0, 0, 0], range, &corners, &little);
    assert!(matches!(found, Err(MaskError::Memory { .. })));
}

#[test]
fn in_an_oblique_plane_a_flood_stays_among_the_voxels_that_a_disc_of_the_brush_has() {
    use super::super::brush::{Brush, Tip};
    use crate::geom::DVec3;

    let dims = [23, 17, 11];
    let even = volume(dims, [1.0, 1.5, 2.5], vec![1.0; 23 * 17 * 11]);
    let seed = [11, 8, 5];
    let point = even.grid().world_of(seed);
    for normal in [DVec3::Z, DVec3::new(0.2, 0.0, 1.0), DVec3::new(1.0, -0.7, 0.4), DVec3::ONE] {
        let plane = Some(CutPlane { point, normal });
        let options = FloodOptions { plane, ..FloodOptions::default() };
        let found = flood_alike(&even, seed, 0.0, &options, &WorkLimits::none()).unwrap();
        let disc = Brush { radius_mm: 1000.0, tip: Tip::Disc { normal } };
        assert_eq!(found.region, disc.dab(even.grid(), point), "{normal}");
    }
    for (point, normal) in [(point, DVec3::ZERO), (DVec3::NAN, DVec3::Z)] {
        let options =
            FloodOptions { plane: Some(CutPlane { point, normal }), ..Default::default() };
        let found = flood_alike(&even, seed, 0.0, &options, &WorkLimits::none()).unwrap();
        assert_eq!(found, Flood::default());
    }
}
