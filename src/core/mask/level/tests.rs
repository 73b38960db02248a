use proptest::prelude::*;

use super::super::brush::{Brush, Tip};
use super::super::flood::flood_alike;
use super::super::test_volume::{noise, region, volume};
use super::*;
use crate::geom::DVec3;
use crate::work::CancelToken;

#[test]
fn odd_seeds_axes_and_planes_enclose_nothing() {
    let mut values: Vec<f32> = vec![5.0; 24];
    values[0] = f32::NAN;
    let volume = volume([4, 3, 2], [1.0; 3], values);
    let none = WorkLimits::none();
    for (seed, axis) in [([0, 0, 0], 0), ([4, 0, 0], 1), ([1, 1, 1], 3)] {
        let traced = trace_level(&volume, seed, axis, LevelSide::AtLeast, &none);
        assert_eq!(traced, Ok(Region::default()));
    }
    let point = volume.grid().world_of([1, 1, 1]);
    for (seed, point, normal) in [
        ([0, 0, 0], volume.grid().world_of([0, 0, 0]), DVec3::new(1.0, 1.0, 2.0)),
        ([4, 0, 0], point, DVec3::Z),
        ([1, 1, 1], point, DVec3::ZERO),
        ([1, 1, 1], DVec3::NAN, DVec3::Z),
        ([1, 1, 1], point, DVec3::NAN),
        // The seed is not in the plane.
        ([1, 1, 0], point, DVec3::Z),
    ] {
        let plane = CutPlane { point, normal };
        let traced = trace_level_in_plane(&volume, seed, plane, LevelSide::AtLeast, &none);
        assert_eq!(traced, Ok(Region::default()), "{seed:?} {point} {normal}");
    }
}

#[test]
fn a_traced_level_is_a_ring_with_what_is_inside() {
    let dims = [9, 8, 7];
    for axis in 0..3 {
        let layer = Layer { axis, at: 3 };
        let ring = |v: [usize; 3]| {
            let [a, b] = layer.place(v);
            a.abs_diff(4).max(b.abs_diff(3)) == 2
        };
        let all = region(dims, |_| true);
        let values = (0..all.count()).map(|n| [n % 9, n / 9 % 8, n / 72]);
        let values: Vec<f32> = values.map(|v| if ring(v) { 7.0 } else { 3.0 }).collect();
        let volume = volume(dims, [1.0; 3], values);
        let mut seed = [0; 3];
        let [a, b] = layer.axes();
        (seed[axis], seed[a], seed[b]) = (3, 6, 3);
        let traced =
            trace_level(&volume, seed, axis, LevelSide::AtLeast, &WorkLimits::none()).unwrap();
        let expected = region(dims, |v| {
            let [a, b] = layer.place(v);
            v[axis] == 3 && a.abs_diff(4).max(b.abs_diff(3)) <= 2
        });
        assert_eq!(traced, expected, "axis {axis}");
    }
}

/// Of noise, in a plane along the axes: what is joined across corners and faces is told as in a layer of pixels.
#[test]
fn in_a_straight_plane_both_ways_give_the_same() {
    let dims = [17, 15, 13];
    let count = 17 * 15 * 13;
    for salt in 0..60 {
        let values: Vec<f32> = (0..count).map(|n| noise(n + salt * count)).collect();
        let volume = volume(dims, [0.7, 1.5, 2.5], values);
        let seed = [salt % 17, salt * 7 % 15, salt * 5 % 13];
        for axis in 0..3 {
            let normal = DVec3::AXES[axis] * if salt % 2 == 0 { 1.0 } else { -3.0 };
            let plane = CutPlane { point: volume.grid().world_of(seed), normal };
            for side in [LevelSide::AtLeast, LevelSide::AtMost] {
                let limits = WorkLimits::none();
                let layer = trace_level(&volume, seed, axis, side, &limits);
                let found = trace_level_in_plane(&volume, seed, plane, side, &limits);
                assert_eq!(found, layer, "{salt} {axis} {side:?}");
            }
        }
    }
}

/// A shell of this size in mm about the middle of a volume, bright on dark; a plane through it.
struct Shell {
    volume: Volume,
    inner: f64,
    outer: f64,
    plane: CutPlane,
}

impl Shell {
    fn new(spacing: [f64; 3], normal: DVec3, off: f64, gap: bool) -> Self {
        let dims = [50, 46, 40];
        let empty = super::super::test_volume::volume(dims, spacing, vec![0.0; 50 * 46 * 40]);
        let middle = empty.grid().centre();
        let (inner, outer) = (6.0, 9.5);
        let value = |n: usize| {
            let from = empty.grid().world_of([n % 50, n / 50 % 46, n / 2300]) - middle;
            let open = gap && from.y.abs() < 3.5 && from.x > 0.0;
            if (inner..=outer).contains(&from.length()) && !open { 7.0 } else { 3.0 }
        };
        let values = (0..50 * 46 * 40).map(value).collect();
        let volume = super::super::test_volume::volume(dims, spacing, values);
        let plane = CutPlane { point: middle + normal.normalize() * off, normal };
        Self { volume, inner, outer, plane }
    }

    /// A voxel that the plane cuts, so far from the middle, mm.
    fn voxel(&self, away: f64) -> [usize; 3] {
        let normal = self.plane.normal.normalize();
        let off = normal.dot(self.plane.point - self.volume.grid().centre());
        let across = normal.any_orthonormal_vector();
        let at = self.plane.point - across * (away * away - off * off).sqrt();
        self.volume.grid().voxel_at(at).unwrap()
    }

    /// One of the shell.
    fn seed(&self) -> [usize; 3] {
        self.voxel(f64::midpoint(self.inner, self.outer))
    }

    fn traced(&self, side: LevelSide, seed: [usize; 3]) -> Region {
        let limits = WorkLimits::none();
        trace_level_in_plane(&self.volume, seed, self.plane, side, &limits).unwrap()
    }

    /// The voxels that the plane cuts whose centre is no further from the middle than this.
    fn ball(&self, radius: f64) -> Region {
        let grid = self.volume.grid();
        let disc = Brush { radius_mm: 1e3, tip: Tip::Disc { normal: self.plane.normal } };
        let sheet = disc.dab(grid, self.plane.point);
        let ball = region(grid.dims(), |v| grid.world_of(v).distance(grid.centre()) <= radius);
        sheet.intersection(&ball, grid.dims()[0])
    }
}

proptest! {
    /// In a plane however turned: all that the plane shows within the shell. (At its faces a voxel may have no
    /// neighbour in it, or none out of it.)
    #[test]
    fn in_a_turned_plane_a_shell_is_traced_with_what_is_inside(
        normal in prop::array::uniform3(-1.0f64..1.0), off in -3.0f64..3.0,
        spacing in prop::array::uniform3(0.7f64..1.4),
    ) {
        let normal = DVec3::from_array(normal);
        prop_assume!(normal.length() > 1e-2);
        let shell = Shell::new(spacing, normal, off, false);
        let within = |less: &Region, more: &Region| less.shared(more) == less.count();
        let [surely, within_it, at_most] =
            [-1.5, 0.0, 1.5].map(|more| shell.ball(shell.outer + more));
        let seed = shell.seed();
        let found = shell.traced(LevelSide::AtLeast, seed);
        prop_assert!(within(&surely, &found) && within(&found, &at_most));
        // It is a ring, and the hole in it was filled; of the ring nothing is missing.
        let limits = WorkLimits::none();
        let options = FloodOptions { plane: Some(shell.plane), ..FloodOptions::default() };
        let ring = flood_alike(&shell.volume, seed, 0.0, &options, &limits).unwrap().region;
        prop_assert!(within(&ring, &found) && ring.count() < found.count());
        // Dark is what is about it, and the whole ring a hole in that.
        let found = shell.traced(LevelSide::AtMost, shell.voxel(12.0));
        prop_assert!(within(&within_it, &found) && within(&found, &shell.ball(1e3)));
    }
}

#[test]
fn a_ring_with_a_gap_encloses_nothing_more() {
    for normal in [DVec3::new(0.1, 0.05, 1.0), DVec3::new(-0.4, 0.2, 1.0), DVec3::Z] {
        // (Not between two layers of voxels.)
        let shell = Shell::new([1.0, 0.9, 0.8], normal, 0.3, true);
        let found = shell.traced(LevelSide::AtLeast, shell.seed());
        let dims = shell.volume.grid().dims();
        let bright = region(dims, |v| shell.volume.value(v) > 5.0);
        assert_eq!(found.without(&bright, dims[0]), Region::default(), "{normal}");
        assert!(found.count() > 100, "{normal}");
    }
}

/// The scan's edge closes nothing, in a turned plane neither.
#[test]
fn what_is_open_at_the_edge_of_the_scan_is_no_hole() {
    let dims = [20, 18, 16];
    let normal = DVec3::new(0.3, 0.0, 1.0);
    // A wall around a dark part at x = 0, with the scan's edge as its fourth side.
    let wall = |[x, y, _]: [usize; 3]| {
        x <= 8 && (4..=12).contains(&y) && !(x < 7 && (6..=10).contains(&y))
    };
    let values = (0..20 * 18 * 16).map(|n| [n % 20, n / 20 % 18, n / 360]);
    let values: Vec<f32> = values.map(|v| if wall(v) { 9.0 } else { 1.0 }).collect();
    let volume = volume(dims, [1.0; 3], values);
    let seed = [8, 8, 8];
    let plane = CutPlane { point: volume.grid().world_of(seed), normal };
    let found = trace_level_in_plane(&volume, seed, plane, LevelSide::AtLeast, &WorkLimits::none());
    let found = found.unwrap();
    let bright = region(dims, wall);
    assert!(found.count() > 40 && found.without(&bright, 20).is_empty());
}

#[test]
fn a_level_can_be_stopped_and_takes_no_more_memory_than_it_may() {
    let shell = Shell::new([0.7; 3], DVec3::new(0.2, 0.3, 1.0), 0.0, false);
    let little = WorkLimits::new(CancelToken::new(), 1000);
    let seed = shell.seed();
    let found = trace_level_in_plane(&shell.volume, seed, shell.plane, LevelSide::AtLeast, &little);
    assert!(matches!(found, Err(MaskError::Memory { .. })), "{found:?}");
}
