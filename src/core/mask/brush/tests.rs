use proptest::prelude::*;

use super::*;
use crate::geom::{Convention, DAffine3, DMat3, Oblique, Plane, SliceFrame};

/// Any order and direction of the axes, turned, with voxels of any shape.
fn grids() -> impl Strategy<Value = Grid> {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    (
        prop::array::uniform3(1usize..14),
        prop::array::uniform3(0.3f64..4.0),
        prop::array::uniform3(-3.0f64..3.0),
        0usize..6,
        prop::array::uniform3(prop::bool::ANY),
        prop::bool::ANY,
    )
        .prop_map(move |(dims, spacing, angles, order, flips, straight)| {
            let turn = DMat3::from_euler(glam::EulerRot::XYZ, angles[0], angles[1], angles[2]);
            let turn = if straight { DMat3::IDENTITY } else { turn };
            let column = |axis: usize| {
                let sign = if flips[axis] { -1.0 } else { 1.0 };
                turn.col(orders[order][axis]) * spacing[axis] * sign
            };
            let m = DMat3::from_cols(column(0), column(1), column(2));
            let origin = DVec3::new(-14.0, 33.0, 210.0);
            Grid::new(dims, DAffine3::from_mat3_translation(m, origin)).unwrap()
        })
}

/// A place in the volume or a little outside, as a share of the volume.
fn place() -> impl Strategy<Value = DVec3> {
    prop::array::uniform3(-0.3f64..1.3).prop_map(DVec3::from_array)
}

fn at(grid: &Grid, share: DVec3) -> DVec3 {
    let dims = DVec3::from_array(grid.dims().map(|n| n as f64));
    grid.world(dims * share - 0.5)
}

fn all_voxels(grid: &Grid) -> impl Iterator<Item = [usize; 3]> {
    let [nx, ny, nz] = grid.dims();
    (0..nx * ny * nz).map(move |n| [n % nx, n / nx % ny, n / nx / ny])
}

/// Distance in mm from `p` to the way from `a` to `b`.
fn distance(p: DVec3, a: DVec3, b: DVec3) -> f64 {
    let way = b - a;
    let t = if way.length_squared() > 0.0 { (p - a).dot(way) / way.length_squared() } else { 0.0 };
    p.distance(a + way * t.clamp(0.0, 1.0))
}

/// How far inside (positive) the brush a voxel is: the plain statement, in mm.
fn depth(grid: &Grid, brush: &Brush, a: DVec3, b: DVec3, voxel: [usize; 3]) -> f64 {
    let centre = grid.world_of(voxel);
    match brush.tip {
        Tip::Ball => brush.radius_mm - distance(centre, a, b),
        Tip::Disc { normal } => {
            let n = normal.normalize();
            let onto = |p: DVec3| p - n * n.dot(p - a);
            // The plane cuts the voxel: its corners lie on both sides.
            let corners = (0..8).map(|c| {
                let side = |axis: usize| if c >> axis & 1 == 0 { -0.5 } else { 0.5 };
                let middle = DVec3::from_array(voxel.map(|v| v as f64));
                n.dot(grid.world(middle + DVec3::new(side(0), side(1), side(2))) - a)
            });
            let (low, high) =
                corners.fold((f64::MAX, f64::MIN), |(low, high), d| (low.min(d), high.max(d)));
            let cut = (-low).min(high);
            cut.min(brush.radius_mm - distance(onto(centre), a, onto(b)))
        }
    }
}

/// The end of a way as a brush sees it: of a disc in the plane of its beginning.
fn on_plane(brush: &Brush, a: DVec3, b: DVec3) -> DVec3 {
    match brush.tip {
        Tip::Ball => b,
        Tip::Disc { normal } => b - normal.normalize() * normal.normalize().dot(b - a),
    }
}

/// How far inside of a brush whose radius changes on its way a voxel is: inside of the one on the way in which it is
/// deepest. That is found by narrowing down, as the depth on the way rises and then falls.
fn tapered_depth(
    grid: &Grid,
    brush: &Brush,
    to_radius: f64,
    [a, b]: [DVec3; 2],
    voxel: [usize; 3],
) -> f64 {
    let b = on_plane(brush, a, b);
    let at = |t: f64| {
        let radius_mm = brush.radius_mm + (to_radius - brush.radius_mm) * t;
        // (In the plane of the beginning all along: rounding would tilt it.)
        let here = a.lerp(b, t);
        match brush.tip {
            Tip::Ball => radius_mm - grid.world_of(voxel).distance(here),
            Tip::Disc { normal } => {
                let n = normal.normalize();
                let centre = grid.world_of(voxel);
                radius_mm - (centre - n * n.dot(centre - a)).distance(here)
            }
        }
    };
    let (mut low, mut high) = (0.0f64, 1.0f64);
    for _ in 0..200 {
        let (one, other) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if at(one) < at(other) { low = one } else { high = other }
    }
    let deepest = at(low).max(at(0.0)).max(at(1.0));
    // That the plane of a disc cuts the voxel.
    let wide = Brush { radius_mm: f64::MAX, ..*brush };
    deepest.min(depth(grid, &wide, a, b, voxel))
}

/// Whether the way passes through a voxel that is larger (or, if negative, smaller) by `hair` on each side.
fn passes(grid: &Grid, a: DVec3, b: DVec3, voxel: [usize; 3], hair: f64) -> bool {
    let (from, to) = (grid.voxel(a), grid.voxel(b));
    let (mut first, mut last) = (0.0f64, 1.0f64);
    for axis in 0..3 {
        let (low, high) = (voxel[axis] as f64 - 0.5 - hair, voxel[axis] as f64 + 0.5 + hair);
        let (start, step) = (from[axis], to[axis] - from[axis]);
        if step.abs() < 1e-12 {
            if start < low || start > high {
                return false;
            }
            continue;
        }
        let (t, u) = ((low - start) / step, (high - start) / step);
        (first, last) = (first.max(t.min(u)), last.min(t.max(u)));
    }
    first <= last
}

fn check(grid: &Grid, brush: &Brush, a: DVec3, b: DVec3) {
    let region = brush.sweep(grid, a, b);
    let b = match brush.tip {
        Tip::Ball => b,
        Tip::Disc { normal } => b - normal.normalize() * normal.normalize().dot(b - a),
    };
    for voxel in all_voxels(grid) {
        let depth = depth(grid, brush, a, b, voxel);
        let covered = region.contains(grid.index(voxel));
        // Exactly on the edge rounding decides; what is in and out is clear a hair away from it.
        if depth > 1e-5 || passes(grid, a, b, voxel, -1e-5) {
            assert!(covered, "{voxel:?} is {depth} mm inside of {brush:?}, and missing");
        } else if depth < -1e-5 && !passes(grid, a, b, voxel, 1e-5) {
            assert!(!covered, "{voxel:?} is {} mm outside of {brush:?}, and covered", -depth);
        }
    }
}

proptest! {
    #[test]
    fn a_ball_and_its_way_are_the_voxelwise_statement_in_mm(
        grid in grids(), a in place(), b in place(), radius in 0.0f64..12.0,
    ) {
        let brush = Brush { radius_mm: radius, tip: Tip::Ball };
        let (a, b) = (at(&grid, a), at(&grid, b));
        check(&grid, &brush, a, a);
        check(&grid, &brush, a, b);
    }

    #[test]
    fn a_disc_and_its_way_are_the_voxelwise_statement_in_mm(
        grid in grids(), a in place(), b in place(), radius in 0.0f64..12.0,
        normal in prop::array::uniform3(-1.0f64..1.0),
    ) {
        let normal = DVec3::from_array(normal);
        prop_assume!(normal.length() > 1e-3);
        let brush = Brush { radius_mm: radius, tip: Tip::Disc { normal } };
        let (a, b) = (at(&grid, a), at(&grid, b));
        check(&grid, &brush, a, a);
        check(&grid, &brush, a, b);
    }

    /// Pressed more and more (or less): of every grid the voxels that some brush on the way covers.
    #[test]
    fn a_tapered_way_is_the_voxelwise_statement_in_mm(
        grid in grids(), a in place(), b in place(), radii in prop::array::uniform2(0.0f64..12.0),
        normal in prop::option::of(prop::array::uniform3(-1.0f64..1.0)), near in 0.0f64..1.0,
    ) {
        let normal = normal.map(DVec3::from_array);
        prop_assume!(normal.is_none_or(|n| n.length() > 1e-3));
        let tip = normal.map_or(Tip::Ball, |normal| Tip::Disc { normal });
        let brush = Brush { radius_mm: radii[0], tip };
        let a = at(&grid, a);
        // Also so near that one end has the other within it.
        let b = a.lerp(at(&grid, b), near);
        let tapered = brush.taper(&grid, a, b, radii[1]);
        for voxel in all_voxels(&grid) {
            let depth = tapered_depth(&grid, &brush, radii[1], [a, b], voxel);
            let covered = tapered.contains(grid.index(voxel));
            let onto = on_plane(&brush, a, b);
            if depth > 1e-5 || passes(&grid, a, onto, voxel, -1e-5) {
                prop_assert!(covered, "{voxel:?} is {depth} mm inside, and missing");
            } else if depth < -1e-5 && !passes(&grid, a, onto, voxel, 1e-5) {
                prop_assert!(!covered, "{voxel:?} is {} mm outside, and covered", -depth);
            }
        }
    }

    /// It has all that both ends cover, and nothing that the larger brush would not.
    #[test]
    fn a_tapered_way_has_both_ends_and_is_no_wider_than_the_larger(
        grid in grids(), a in place(), b in place(), radii in prop::array::uniform2(0.0f64..12.0),
        disc in prop::bool::ANY,
    ) {
        let normal = DVec3::new(0.3, -0.5, 0.8).normalize();
        let tip = if disc { Tip::Disc { normal } } else { Tip::Ball };
        let of = |radius_mm| Brush { radius_mm, tip };
        let a = at(&grid, a);
        let b = on_plane(&of(0.0), a, at(&grid, b));
        let tapered = of(radii[0]).taper(&grid, a, b, radii[1]);
        let within = |less: &Region, more: &Region| less.shared(more) == less.count();
        for (end, radius) in [(a, radii[0]), (b, radii[1])] {
            let dab = of(radius).dab(&grid, end);
            prop_assert!(within(&dab, &tapered), "{radius} mm at {end}");
        }
        let wide = of(radii[0].max(radii[1])).sweep(&grid, a, b);
        prop_assert!(within(&tapered, &wide));
        let narrow = of(radii[0].min(radii[1])).sweep(&grid, a, b);
        prop_assert!(within(&narrow, &tapered));
        // The other way round it is the same.
        let back = of(radii[1]).taper(&grid, b, a, radii[0]);
        let differ: Vec<usize> = [&back.without(&tapered, grid.dims()[0]), &tapered.without(&back, grid.dims()[0])]
            .iter().flat_map(|r| r.runs().iter().map(|run| run.start)).collect();
        let on_edge = |n: usize| {
            let [nx, ny, _] = grid.dims();
            let voxel = [n % nx, n / nx % ny, n / nx / ny];
            tapered_depth(&grid, &of(radii[0]), radii[1], [a, b], voxel).abs() < 1e-5
                || passes(&grid, a, b, voxel, 1e-5) && !passes(&grid, a, b, voxel, -1e-5)
        };
        prop_assert!(differ.into_iter().all(on_edge));
    }

    /// In the pictures of the window: a slice along the axes is one layer of voxels.
    #[test]
    fn a_disc_in_a_straight_slice_is_in_that_slice_and_round_in_mm(
        grid in grids(), a in place(), radius in 0.0f64..12.0, plane in 0usize..3,
    ) {
        let frame = SliceFrame::new(&grid, Plane::ALL[plane], Convention::Radiological);
        let mut view = frame.view(at(&grid, a));
        view.z = view.z.round();
        let middle = frame.world(view);
        let brush = Brush { radius_mm: radius, tip: Tip::Disc { normal: frame.normal() } };
        let region = brush.dab(&grid, middle);
        let axis = frame.through_axis();
        for voxel in all_voxels(&grid) {
            let centre = frame.view(grid.world_of(voxel)).truncate();
            let from_middle = centre.distance(view.truncate());
            let covered = region.contains(grid.index(voxel));
            let in_slice = voxel[axis] as f64 == view.z;
            prop_assert!(in_slice || !covered, "{voxel:?} is not in slice {}", view.z);
            if in_slice && from_middle < radius - 1e-5 {
                prop_assert!(covered, "{voxel:?}");
            }
        }
    }

    /// What an oblique picture shows within the circle is painted: no holes.
    #[test]
    fn a_disc_in_an_oblique_slice_covers_every_voxel_seen_in_it(
        grid in grids(), a in place(), radius in 0.5f64..12.0, plane in 0usize..3,
        turn in (prop::array::uniform3(-1.0f64..1.0), 1.0f64..89.0),
        pixels in prop::collection::vec((0.0f64..1.0, 0.0f64..std::f64::consts::TAU), 30),
    ) {
        let axis = DVec3::from_array(turn.0);
        prop_assume!(axis.length() > 1e-3);
        let turn = Oblique::straight(grid.centre()).turned_about(axis, turn.1, grid.centre());
        let frame = SliceFrame::of(&grid, Plane::ALL[plane], Convention::Radiological, Some(&turn));
        prop_assume!(frame.is_oblique());
        let mut view = frame.view(at(&grid, a));
        view.z = view.z.round();
        let brush = Brush { radius_mm: radius, tip: Tip::Disc { normal: frame.normal() } };
        let region = brush.dab(&grid, frame.world(view));
        for (share, angle) in pixels {
            let (y, x) = angle.sin_cos();
            let pixel = view + DVec3::new(x, y, 0.0) * (share * radius);
            let Some(voxel) = grid.voxel_at(frame.world(pixel)) else { continue };
            let centre = frame.view(grid.world_of(voxel)).truncate();
            if centre.distance(view.truncate()) < radius - 1e-5 {
                prop_assert!(region.contains(grid.index(voxel)), "{voxel:?} at {pixel}");
            }
        }
    }

    /// No gaps at any speed: a stroke is what fine dabs along its whole way cover, and no more.
    #[test]
    fn a_path_of_sweeps_is_the_union_of_fine_dabs(
        grid in grids(), path in prop::collection::vec(place(), 2..5), radius in 0.0f64..8.0,
        disc in prop::bool::ANY,
    ) {
        const PIECES: usize = 400;
        let normal = DVec3::new(0.3, -0.5, 0.8).normalize();
        let mut path: Vec<DVec3> = path.into_iter().map(|p| at(&grid, p)).collect();
        let tip = if disc { Tip::Disc { normal } } else { Tip::Ball };
        if disc {
            let first = path[0];
            for place in &mut path {
                *place -= normal * normal.dot(*place - first);
            }
        }
        let brush = Brush { radius_mm: radius, tip };
        let nothing = vec![false; grid.count()];
        let (mut swept, mut dabs, mut wider) = (nothing.clone(), nothing.clone(), nothing);
        for ends in path.windows(2) {
            let mark = |into: &mut Vec<bool>, region: &Region| {
                for run in region.runs() {
                    into[run.start..run.end()].fill(true);
                }
            };
            mark(&mut swept, &brush.sweep(&grid, ends[0], ends[1]));
            let gap = ends[0].distance(ends[1]) / PIECES as f64;
            let wide = Brush { radius_mm: radius + gap, ..brush };
            for n in 0..=PIECES {
                let middle = ends[0].lerp(ends[1], n as f64 / PIECES as f64);
                mark(&mut dabs, &brush.dab(&grid, middle));
                mark(&mut wider, &wide.dab(&grid, middle));
            }
        }
        let passed = |voxel| {
            path.windows(2).any(|ends| passes(&grid, ends[0], ends[1], voxel, 1e-5))
        };
        for (n, voxel) in all_voxels(&grid).enumerate() {
            prop_assert!(!dabs[n] || swept[n] || edge(&grid, &brush, &path, voxel), "gap {voxel:?}");
            prop_assert!(!swept[n] || wider[n] || passed(voxel), "too much {voxel:?}");
        }
    }
}

/// Whether a voxel is so near to the edge of the brush that rounding decides.
fn edge(grid: &Grid, brush: &Brush, path: &[DVec3], voxel: [usize; 3]) -> bool {
    path.windows(2).any(|ends| depth(grid, brush, ends[0], ends[1], voxel).abs() < 1e-5)
}

fn millimetres(dims: [usize; 3], spacing: [f64; 3]) -> Grid {
    Grid::new(dims, DAffine3::from_scale(DVec3::from_array(spacing))).unwrap()
}

/// Counts worked out by hand: sums of squares.
#[test]
fn voxels_exactly_on_the_edge_are_covered_on_every_side() {
    let grid = millimetres([21, 21, 21], [1.0, 1.0, 1.0]);
    let middle = DVec3::splat(10.0);
    let disc = Tip::Disc { normal: DVec3::Z };
    let cases = [
        // x² + y² (+ z²) ≤ r²
        (Tip::Ball, 0.0, 1),
        (Tip::Ball, 1.0, 7),
        (Tip::Ball, 2.0, 33),
        (Tip::Ball, 3.0, 123),
        (disc, 0.0, 1),
        (disc, 1.0, 5),
        (disc, 2.0, 13),
        (disc, 3.0, 29),
        (disc, 5.0, 81),
    ];
    for (tip, radius_mm, expected) in cases {
        let region = Brush { radius_mm, tip }.dab(&grid, middle);
        assert_eq!(region.count(), expected, "{tip:?} {radius_mm}");
    }
}

#[test]
fn a_brush_is_round_in_millimetres_and_not_in_voxels() {
    let grid = millimetres([41, 41, 9], [0.5, 1.0, 5.0]);
    let middle = DVec3::new(10.0, 20.0, 20.0);
    let ball = Brush { radius_mm: 5.0, tip: Tip::Ball }.dab(&grid, middle);
    let bounds = ball.bounds(grid.dims()).unwrap();
    // ± 5 mm: ten voxels, five, one.
    assert_eq!((bounds.min, bounds.max), ([10, 15, 3], [31, 26, 6]));
    let disc = Brush { radius_mm: 5.0, tip: Tip::Disc { normal: DVec3::Y } };
    let bounds = disc.dab(&grid, middle).bounds(grid.dims()).unwrap();
    assert_eq!((bounds.min, bounds.max), ([10, 20, 3], [31, 21, 6]));
}

#[test]
fn odd_sizes_and_places_are_nothing_or_everything_and_never_a_panic() {
    let grid = millimetres([5, 6, 7], [1.0, 2.0, 3.0]);
    let inside = grid.centre();
    let everything = grid.count();
    let cases = [
        (0.0, inside, 1),
        (1e-300, inside, 1),
        (-1.0, inside, 0),
        (f64::NAN, inside, 0),
        (f64::NEG_INFINITY, inside, 0),
        (f64::INFINITY, inside, everything),
        (1e300, inside, everything),
        (1e4, inside, everything),
        (2.0, DVec3::new(1e4, 0.0, 0.0), 0),
        (2.0, DVec3::new(0.0, -9e6, 0.0), 0),
        (2.0, DVec3::splat(1e300), 0),
        (2.0, DVec3::NAN, 0),
        (2.0, DVec3::new(0.0, f64::INFINITY, 0.0), 0),
    ];
    for tip in [Tip::Ball, Tip::Disc { normal: DVec3::Z }] {
        for (radius_mm, place, expected) in cases {
            let count = Brush { radius_mm, tip }.dab(&grid, place).count();
            let all = expected == everything;
            // A disc that covers everything covers its slice.
            let expected = if all && tip != Tip::Ball { 30 } else { expected };
            assert_eq!(count, expected, "{tip:?} {radius_mm} {place}");
        }
    }
    for normal in [DVec3::ZERO, DVec3::NAN] {
        let brush = Brush { radius_mm: 2.0, tip: Tip::Disc { normal } };
        assert!(brush.dab(&grid, inside).is_empty());
    }
    for to_radius in [-1.0, f64::NAN] {
        let brush = Brush { radius_mm: 2.0, tip: Tip::Ball };
        assert!(brush.taper(&grid, inside, inside, to_radius).is_empty(), "{to_radius}");
        assert_eq!(brush.taper(&grid, inside, inside, f64::INFINITY).count(), everything);
    }
    // From far away into the volume: what lies on the way, and nothing else.
    let far = Brush { radius_mm: 0.5, tip: Tip::Ball }.sweep(
        &grid,
        DVec3::new(-9e6, 4.0, 6.0),
        DVec3::new(2.0, 4.0, 6.0),
    );
    assert_eq!(far.runs().iter().map(|r| (r.start, r.len)).collect::<Vec<_>>(), [(70, 3)]);
}

/// A stroke's cost is that of its own box.
#[test]
fn a_dab_in_a_large_volume_looks_at_its_own_rows_only() {
    let grid = millimetres([4096, 4096, 4096], [0.5, 0.5, 0.5]);
    let brush = Brush { radius_mm: 10.0, tip: Tip::Ball };
    let begin = std::time::Instant::now();
    let region = brush.dab(&grid, grid.centre());
    assert!(begin.elapsed() < std::time::Duration::from_millis(500));
    let expected = 4.0 / 3.0 * std::f64::consts::PI * 20f64.powi(3);
    assert!((region.count() as f64 / expected - 1.0).abs() < 0.01);
}
