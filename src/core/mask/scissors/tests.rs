use super::*;
use crate::geom::{Axis, DAffine3, DMat3, Direction};

const PANE: [f64; 2] = [300.0, 200.0];

fn grid() -> Grid {
    let m = DMat3::from_cols(-DVec3::X * 2.0, DVec3::Z, DVec3::Y * 1.5);
    Grid::new([20, 24, 18], DAffine3::from_mat3_translation(m, DVec3::new(5.0, -8.0, 11.0)))
        .unwrap()
}

fn views() -> Vec<Orbit> {
    let mut views: Vec<Orbit> = Axis::ALL
        .into_iter()
        .flat_map(|axis| [true, false].map(|positive| Direction { axis, positive }))
        .map(Orbit::looking_from)
        .collect();
    views.push(Orbit::default());
    views.push(Orbit { azimuth: 2.1, elevation: -0.7, zoom: 1.9, ..Orbit::default() });
    let mut perspective = views.clone();
    for view in &mut perspective {
        view.perspective = true;
        view.shift = DVec2::new(2.0, -3.0);
    }
    views.extend(perspective);
    views
}

fn ball(grid: &Grid, middle: DVec3, radius: f64) -> Region {
    let brush = crate::mask::brush::Brush { radius_mm: radius, tip: crate::mask::brush::Tip::Ball };
    brush.dab(grid, middle)
}

fn scissors(
    projection: ViewProjection,
    curve: &[DVec2],
    side: CutSide,
    depth: CutDepth,
) -> Scissors<'_> {
    Scissors { projection, curve, rule: FillRule::NonZero, side, depth }
}

#[test]
fn places_are_seen_where_the_camera_sees_them() {
    let grid = grid();
    for orbit in views() {
        let projection = ViewProjection::of_orbit(&orbit, &grid, PANE);
        for corner in grid.corners() {
            let expected = orbit.project(&grid, PANE, corner).truncate();
            let found = projection.project(corner).unwrap();
            assert!(found.abs_diff_eq(expected, 1e-6), "{orbit:?}: {found}, {expected}");
        }
        if orbit.perspective {
            let behind = grid.centre() + orbit.axes().z_axis * 1e4;
            assert_eq!(projection.project(behind), None);
        }
    }
}

#[test]
fn inside_and_outside_of_the_curve_are_all_of_every_mask() {
    let grid = grid();
    let masks = [
        ball(&grid, grid.centre(), 9.0),
        Region::default(),
        ball(&grid, grid.world_of([3, 4, 5]), 4.0),
    ];
    let masks: Vec<&Region> = masks.iter().collect();
    let curve = [(90.0, 60.0), (170.0, 40.0), (160.0, 150.0), (120.0, 90.0)];
    let curve = curve.map(|(x, y)| DVec2::new(x, y));
    let outline = Outline::new(&curve, FillRule::NonZero).unwrap();
    for orbit in views() {
        let projection = ViewProjection::of_orbit(&orbit, &grid, PANE);
        let cut = |side| {
            let scissors = scissors(projection, &curve, side, CutDepth::Through);
            scissors.cut(&grid, &masks, &WorkLimits::none()).unwrap()
        };
        let (inside, outside) = (cut(CutSide::Inside), cut(CutSide::Outside));
        for n in 0..masks.len() {
            assert_eq!(&inside[n].union(&outside[n], 20), masks[n]);
            assert_eq!(inside[n].shared(&outside[n]), 0);
            for run in masks[n].runs() {
                for index in run.start..run.end() {
                    let voxel = [index % 20, index / 20 % 24, index / 20 / 24];
                    let at = orbit.project(&grid, PANE, grid.world_of(voxel)).truncate();
                    let near = outline.contains(at + 1e-6) != outline.contains(at - 1e-6);
                    assert!(near || inside[n].contains(index) == outline.contains(at));
                }
            }
        }
    }
}

#[test]
fn the_first_surface_is_what_lies_before_the_first_gap() {
    let grid = Grid::new([9, 30, 9], DAffine3::from_scale(DVec3::new(1.0, 0.5, 2.0))).unwrap();
    // Three slabs across y: the last two, of two masks, touch.
    let slab = |ys: std::ops::Range<usize>| {
        Region::from_mask(9, (0..grid.count()).map(|n| ys.contains(&(n / 9 % 30))))
    };
    let (front, middle, back) = (slab(20..25), slab(8..12), slab(5..8));
    let both = front.union(&back, 9);
    let everything = [(-1e4, -1e4), (1e4, -1e4), (1e4, 1e4), (-1e4, 1e4)];
    let everything = everything.map(|(x, y)| DVec2::new(x, y));
    for perspective in [false, true] {
        let cut = |positive: bool, masks: &[&Region]| {
            let direction = Direction { axis: Axis::Y, positive };
            let orbit = Orbit { perspective, ..Orbit::looking_from(direction) };
            let projection = ViewProjection::of_orbit(&orbit, &grid, PANE);
            scissors(projection, &everything, CutSide::Inside, CutDepth::FirstSurface)
                .cut(&grid, masks, &WorkLimits::none())
                .unwrap()
        };
        // From the front (anterior, large y) the first slab hides the others; from behind the two that touch are one.
        assert_eq!(cut(true, &[&both, &middle]), [front.clone(), Region::default()]);
        assert_eq!(cut(false, &[&both, &middle]), [back.clone(), middle.clone()]);
        assert_eq!(cut(true, &[&middle]), std::slice::from_ref(&middle));
    }
}

/// Against following each line of sight in small steps.
#[test]
fn the_first_surface_from_any_side_is_that_of_lines_of_sight() {
    let m = DMat3::from_cols(-DVec3::X, DVec3::Z * 0.5, DVec3::Y * 0.75);
    let dims = [40, 48, 36];
    let grid = Grid::new(dims, DAffine3::from_mat3_translation(m, DVec3::splat(9.0))).unwrap();
    let near = ball(&grid, grid.centre() + DVec3::new(4.0, 6.0, 3.0), 5.0);
    let far = ball(&grid, grid.centre() - DVec3::new(6.0, 6.0, 4.0), 5.0);
    let both = near.union(&far, 40);
    let everything = [(-1e5, -1e5), (1e5, -1e5), (1e5, 1e5), (-1e5, 1e5)];
    let everything = everything.map(|(x, y)| DVec2::new(x, y));
    for orbit in views() {
        let projection = ViewProjection::of_orbit(&orbit, &grid, PANE);
        let cut = scissors(projection, &everything, CutSide::Inside, CutDepth::FirstSurface)
            .cut(&grid, &[&both], &WorkLimits::none())
            .unwrap();
        let mut wrong = 0;
        for run in both.runs() {
            for index in run.start..run.end() {
                let place = grid.world_of([index % 40, index / 40 % 48, index / 40 / 48]);
                let seen = orbit.project(&grid, PANE, place);
                let along = orbit.ray(&grid, PANE, [seen.x, seen.y]).along;
                let layer = 1.0 / (grid.voxel_from_world().matrix3 * along).abs().max_element();
                let (mut empty, mut hidden) = (0.0, false);
                for n in 1..300 {
                    let depth = seen.z - f64::from(n) * 0.2;
                    let at = orbit.world_from_pane(&grid, PANE, DVec3::new(seen.x, seen.y, depth));
                    let set = grid.voxel_at(at).is_some_and(|v| both.contains(grid.index(v)));
                    hidden |= set && empty > 1.5 * layer;
                    empty = if set { 0.0 } else { empty + 0.2 };
                }
                wrong += usize::from(hidden == cut[0].contains(index));
            }
        }
        // Lines that graze a voxel's corner are the difference.
        assert!(wrong * 25 <= both.count(), "{orbit:?}: {wrong} of {}", both.count());
    }
}

#[test]
fn curves_that_enclose_nothing_and_stops_cut_nothing() {
    let grid = grid();
    let mask = ball(&grid, grid.centre(), 9.0);
    let projection = ViewProjection::of_orbit(&Orbit::default(), &grid, PANE);
    for curve in [vec![], vec![DVec2::ZERO; 2], vec![DVec2::NAN; 4], vec![DVec2::ZERO; 5]] {
        for side in [CutSide::Inside, CutSide::Outside] {
            for depth in [CutDepth::Through, CutDepth::FirstSurface] {
                let scissors = scissors(projection, &curve, side, depth);
                let cut = scissors.cut(&grid, &[&mask], &WorkLimits::none());
                assert_eq!(cut, Ok(vec![Region::default()]));
            }
        }
    }
    let stopped = WorkLimits::none();
    stopped.cancel.cancel();
    let curve = [DVec2::ZERO, DVec2::X * 300.0, DVec2::Y * 300.0];
    let scissors = scissors(projection, &curve, CutSide::Inside, CutDepth::Through);
    assert_eq!(scissors.cut(&grid, &[&mask], &stopped), Err(MaskError::Cancelled));
    let little = WorkLimits::new(crate::work::CancelToken::new(), 8);
    let front = Scissors { depth: CutDepth::FirstSurface, ..scissors };
    assert!(matches!(front.cut(&grid, &[&mask], &little), Err(MaskError::Memory { .. })));
}

#[test]
fn a_slice_is_seen_as_its_picture_lies() {
    use crate::geom::{Convention, Oblique, Plane, SliceFrame};
    let grid = grid();
    let turn = Oblique::straight(grid.centre()).turned_about(DVec3::Z, 20.0, grid.centre());
    for (plane, turn) in Plane::ALL.into_iter().flat_map(|p| [(p, None), (p, Some(&turn))]) {
        let frame = SliceFrame::of(&grid, plane, Convention::Radiological, turn);
        let picture = |world: DVec3| frame.view(world).truncate() * 3.0 + DVec2::new(7.0, -2.0);
        let projection = ViewProjection::of_slice(picture, frame.normal());
        for corner in grid.corners() {
            let found = projection.project(corner).unwrap();
            assert!(found.abs_diff_eq(picture(corner), 1e-9), "{plane:?}");
        }
    }
}

#[test]
fn what_is_not_shown_is_no_part() {
    let grid = grid();
    let mask = ball(&grid, grid.centre(), 9.0);
    let every = |inside: &dyn Fn(DVec3, [usize; 3]) -> bool| {
        let of = |n: usize| {
            let voxel = [n % 20, n / 20 % 24, n / 480];
            mask.contains(n) && inside(grid.world_of(voxel), voxel)
        };
        Region::from_mask(20, (0..grid.count()).map(of))
    };
    let plane = |point: DVec3, normal: DVec3| CutPlane { point, normal };
    let (middle, slant) = (grid.centre() + 0.1, DVec3::new(1.0, 2.0, -1.0));
    assert_eq!(shown_part(&mask, &grid, &[], None), mask);
    let kept = [plane(middle, slant), plane(middle - DVec3::Y * 3.0, DVec3::Y)];
    let both = every(&|at, _| (at - middle).dot(slant) >= 0.0 && at.y >= middle.y - 3.0);
    assert!(!both.is_empty() && both.count() < mask.count() / 2);
    assert_eq!(shown_part(&mask, &grid, &kept, None), both);
    // Voxel axis 1 runs along z, in steps of 1 mm.
    let slice = plane(grid.world_of([3, 12, 2]), DVec3::Z);
    assert_eq!(shown_part(&mask, &grid, &[], Some(&slice)), every(&|_, [_, y, _]| y == 12));
    let half = every(&|at, [_, y, _]| y == 12 && at.y >= middle.y - 3.0);
    assert_eq!(shown_part(&mask, &grid, &kept[1..], Some(&slice)), half);
    let across = plane(middle, slant);
    let thick = [2.0, 1.0, 1.5];
    let reach =
        (slant.abs().x * thick[0] + slant.abs().z * thick[1] + slant.abs().y * thick[2]) / 2.0;
    let cut = every(&|at, _| (at - middle).dot(slant).abs() <= reach);
    assert_eq!(shown_part(&mask, &grid, &[], Some(&across)), cut);
    for slice in [plane(middle, DVec3::ZERO), plane(DVec3::NAN, DVec3::Z)] {
        assert!(shown_part(&mask, &grid, &[], Some(&slice)).is_empty());
    }
}
