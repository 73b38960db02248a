//! Turned slice planes: that pictures, pointer, letters and scrolling agree whatever the turn, the grid's
//! memory order and the convention.

use proptest::prelude::*;
use voxpoint::geom::{
    Convention, DAffine3, DMat3, DVec2, DVec3, Grid, Oblique, PanZoom, Plane, SliceFrame,
};
use voxpoint::render::Projection;
use voxpoint::ui::ViewState;
use voxpoint::ui::views::SliceTransform;

const DIMS: [usize; 3] = [11, 14, 9];
const SPACING: DVec3 = DVec3::new(1.0, 1.5, 2.5);
const PANE: DVec2 = DVec2::new(301.0, 247.0);
const CONVENTIONS: [Convention; 2] = [Convention::Radiological, Convention::Neurological];

/// The same lattice of world points in memory order `n` of 48: axes permuted and flipped.
fn order(n: usize, tilt: DMat3) -> Grid {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut columns = [DVec3::ZERO; 3];
    let mut origin = DVec3::new(-20.0, 13.0, 400.0);
    let mut dims = [0; 3];
    for (axis, world) in orders[n / 8].into_iter().enumerate() {
        let step = tilt.col(world) * SPACING[world];
        let flipped = (n % 8) >> axis & 1 == 1;
        columns[axis] = if flipped { -step } else { step };
        if flipped {
            origin += step * (DIMS[world] - 1) as f64;
        }
        dims[axis] = DIMS[world];
    }
    let m = DMat3::from_cols(columns[0], columns[1], columns[2]);
    Grid::new(dims, DAffine3::from_mat3_translation(m, origin)).unwrap()
}

fn euler([x, y, z]: [f64; 3]) -> DMat3 {
    DMat3::from_rotation_z(z) * DMat3::from_rotation_y(y) * DMat3::from_rotation_x(x)
}

/// What the letters at the edges must be, from where the edges are in the world.
fn letters_by_world(transform: &SliceTransform) -> [String; 4] {
    let middle = transform.world_from_pane(PANE / 2.0);
    let edges = [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)];
    edges.map(|(x, y)| {
        let way =
            (transform.world_from_pane(PANE / 2.0 + DVec2::new(x, y) * 100.0) - middle).normalize();
        let mut named: Vec<(f64, char)> = Vec::new();
        for (part, letters) in way.to_array().into_iter().zip(["LR", "PA", "IS"]) {
            let letter = letters.chars().nth(usize::from(part > 0.0)).unwrap();
            named.push((part.abs(), letter));
        }
        named.sort_by(|a, b| b.0.total_cmp(&a.0));
        let worth = 20f64.to_radians().sin();
        let seen = named.iter().enumerate().filter(|(n, (part, _))| *n == 0 || *part > worth);
        seen.map(|(_, (_, letter))| letter).collect()
    })
}

fn check(grid: &Grid, transform: &SliceTransform, at: DVec2, pixels_per_point: f64) {
    let world = transform.world_from_pane(at);
    let back = transform.pane_from_world(world);
    assert!(back.truncate().distance(at) < 1e-6 && back.z.abs() < 1e-6, "{at} → {world} → {back}");
    let pixel = (at * pixels_per_point).floor() + 0.5;
    let sampled = transform.voxel_from_pane(pixels_per_point).transform_point3(pixel.extend(0.0));
    let pointed = grid.voxel(transform.world_from_pane(pixel / pixels_per_point));
    assert!(sampled.distance(pointed) < 1e-6, "shader {sampled}, pointer {pointed}");
    assert_eq!(transform.frame().letters(), letters_by_world(transform));
}

#[test]
fn no_turn_is_the_straight_picture_and_a_breath_of_one_does_not_jump() {
    for n in 0..48 {
        for tilt in [DMat3::IDENTITY, euler([0.3, -0.2, 0.25])] {
            let grid = order(n, tilt);
            let pivot = grid.world_of([5, 6, 4]);
            for (plane, convention) in
                Plane::ALL.into_iter().flat_map(|p| CONVENTIONS.map(|c| (p, c)))
            {
                let straight = SliceFrame::new(&grid, plane, convention);
                let none = Oblique::straight(pivot);
                let same = SliceFrame::of(&grid, plane, convention, Some(&none));
                assert_eq!(straight, same);
                let turned = SliceFrame::oblique(&grid, plane, convention, &none);
                let step = straight.slice_distance() / turned.slice_distance();
                for corner in grid.corners() {
                    let (a, b) = (straight.view(corner), turned.view(corner));
                    assert!((a - b).truncate().length() < 1e-9, "{n} {plane:?}: {a} {b}");
                }
                // As many steps of the smallest spacing as fit, in the sense of Superior, Anterior, Right.
                let up = grid.world_of([6, 7, 5]) - pivot;
                let (a, b) = (
                    straight.view(pivot + up).z - straight.view(pivot).z,
                    turned.view(pivot + up).z - turned.view(pivot).z,
                );
                let sign = if straight.slice_grows_positive() { 1.0 } else { -1.0 };
                assert!((a * sign * step - b).abs() < 1e-9, "{n} {plane:?}: {a} {b} {step}");
                assert_eq!(straight.letters(), turned.letters());
            }
        }
    }
}

#[test]
fn a_scan_tilted_under_20_degrees_has_one_letter_at_an_edge_and_a_steeper_one_two() {
    let letters = |degrees: f64| {
        let grid = order(0, DMat3::from_rotation_z(degrees.to_radians()));
        SliceFrame::new(&grid, Plane::Axial, Convention::Radiological).letters()
    };
    assert_eq!(letters(0.0), ["R", "L", "A", "P"]);
    assert_eq!(letters(19.9), ["R", "L", "A", "P"]);
    // A left turn seen from above: what was Right goes towards Anterior.
    assert_eq!(letters(20.1), ["RA", "LP", "AL", "PR"]);
    assert_eq!(letters(44.0), ["RA", "LP", "AL", "PR"]);
}

#[test]
fn a_turn_leaves_the_picture_it_was_made_in_and_its_lines_follow_the_hand() {
    for (n, plane) in (0..48).flat_map(|n| Plane::ALL.map(|p| (n, p))) {
        let grid = order(n, euler([0.1, 0.05, -0.1]));
        for convention in CONVENTIONS {
            let mut view = ViewState::default();
            view.prefs.convention = convention;
            view.scan.crosshair = grid.world_of([6, 5, 4]);
            view.pane_mut(plane).pan_zoom =
                Some(PanZoom { centre: DVec2::new(4.0, 7.0), points_per_mm: 3.0 });
            let transform = |view: &ViewState, plane| {
                let (slice, pan_zoom) = (view.slice(&grid, plane), view.pane(plane).pan_zoom);
                let oblique = view.scan.oblique.as_ref();
                SliceTransform::new(&grid, plane, convention, oblique, pan_zoom, PANE, slice)
            };
            let before = transform(&view, plane);
            let others = Plane::ALL.into_iter().filter(|p| *p != plane);
            for _ in 0..7 {
                view.turn(&grid, plane, 5.0);
            }
            let after = transform(&view, plane);
            for at in [DVec2::ZERO, PANE, DVec2::new(20.0, 220.0)] {
                let (a, b) = (before.world_from_pane(at), after.world_from_pane(at));
                assert!(a.distance(b) < 1e-6, "{n} {plane:?}: the picture moved: {a} {b}");
            }
            for other in others {
                let line = |transform: &SliceTransform, other: &SliceFrame| {
                    transform.frame().line_of(other)
                };
                let old = line(&before, &SliceFrame::new(&grid, other, convention)).unwrap();
                let new = line(&after, transform(&view, other).frame()).unwrap();
                // Clockwise on the screen, whose y runs down; a line has no ends.
                let turned = old.perp_dot(new).atan2(old.dot(new)).to_degrees().rem_euclid(180.0);
                assert!((turned - 35.0).abs() < 1e-6, "{n} {plane:?} {other:?}: {turned}");
                // In the two other views the lines stay upright and level.
                let lines = transform(&view, other).frame().line_of(after.frame()).unwrap();
                assert!(lines.x.abs().min(lines.y.abs()) < 1e-6, "{n} {plane:?}: {lines}");
            }
            view.turn(&grid, plane, -35.0);
            assert_eq!(view.scan.oblique, None, "turned back, it is straight again");
        }
    }
}

#[test]
fn an_edge_that_shows_right_never_comes_to_show_left() {
    let grid = order(0, DMat3::IDENTITY);
    let pivot = grid.centre();
    for axis in Plane::ALL {
        for degrees in (-180..=180).step_by(5) {
            let turn = Oblique::turned(None, &grid, axis, f64::from(degrees), pivot);
            let frame = SliceFrame::of(&grid, Plane::Axial, Convention::Radiological, Some(&turn));
            let [left, right, top, bottom] = frame.letters();
            assert!(!left.contains('L') && !right.contains('R'), "{axis:?} {degrees}");
            assert!(!top.contains('P') && !bottom.contains('A'), "{axis:?} {degrees}");
        }
    }
}

#[test]
fn many_small_turns_stay_a_rotation() {
    let grid = order(5, euler([0.4, 0.3, 0.2]));
    let pivot = grid.centre();
    let mut turn = Oblique::turned(None, &grid, Plane::Axial, 0.3, pivot);
    for n in 0..5000 {
        turn = Oblique::turned(Some(&turn), &grid, Plane::ALL[n % 3], 0.7, pivot);
    }
    let identity = turn.rotation * turn.rotation.transpose();
    assert!(identity.abs_diff_eq(DMat3::IDENTITY, 1e-12));
    assert!((turn.rotation.determinant() - 1.0).abs() < 1e-12);
    let quarter = Oblique::turned(None, &grid, Plane::Coronal, -90.0, pivot);
    assert!((quarter.angle() - 90.0).abs() < 1e-9 && !quarter.is_straight());
}

#[test]
fn thick_slices_have_a_sample_for_each_slice_and_their_middle_in_the_one_shown() {
    let grid = order(0, DMat3::IDENTITY);
    let transform = |oblique: Option<&Oblique>| {
        SliceTransform::new(&grid, Plane::Axial, CONVENTIONS[0], oblique, None, PANE, 4)
    };
    let straight = transform(None);
    assert_eq!(straight.slab(0.0, Projection::Max), None);
    assert_eq!(straight.slab(4.9, Projection::Max), None, "only this slice is within");
    let slab = straight.slab(5.0, Projection::Max).unwrap();
    assert_eq!((slab.samples, slab.voxel_step), (3, DVec3::Z));
    let slab = straight.slab(14.9, Projection::Min).unwrap();
    assert_eq!((slab.samples, slab.projection), (5, Projection::Min));
    // Oblique ones step by the smallest spacing: 1 mm.
    let turn = Oblique::turned(None, &grid, Plane::Sagittal, 30.0, grid.centre());
    let slab = transform(Some(&turn)).slab(6.0, Projection::Mean).unwrap();
    assert_eq!(slab.samples, 7);
    let step = grid.world_from_voxel().matrix3 * slab.voxel_step;
    assert!((step.length() - 1.0).abs() < 1e-9);
    assert!(step.normalize().abs_diff_eq(transform(Some(&turn)).frame().normal(), 1e-9));
    for absurd in [1e9, f64::INFINITY] {
        assert_eq!(straight.slab(absurd, Projection::Mean).unwrap().samples, 511);
    }
    assert_eq!(straight.slab(f64::NAN, Projection::Mean), None);
    assert_eq!(straight.slab(-3.0, Projection::Mean), None);
}

#[test]
fn life_size_is_what_the_ruler_says() {
    let pan = PanZoom::one_to_one(DVec2::new(3.0, 4.0), 96.0);
    let inch =
        pan.screen_from_view(DVec2::new(28.4, 4.0)) - pan.screen_from_view(DVec2::new(3.0, 4.0));
    assert!((inch.x - 96.0).abs() < 1e-9);
}

proptest! {
    #[test]
    fn any_turn_keeps_picture_pointer_letters_and_slices_together(
        n in 0usize..48,
        tilt in prop::array::uniform3(-3.0f64..3.0),
        turn in prop::array::uniform3(-3.0f64..3.0),
        pivot in prop::array::uniform3(0.0f64..8.0),
        centre in prop::array::uniform2(-50.0f64..50.0),
        points_per_mm in 0.05f64..200.0,
        at in (0.0f64..301.0, 0.0f64..247.0),
        pixels_per_point in 0.5f64..3.0,
        scroll in prop::collection::vec((0usize..3, 0usize..60), 6),
    ) {
        let grid = order(n, euler(tilt));
        let pivot = grid.world(DVec3::from_array(pivot));
        let oblique = Oblique { rotation: euler(turn), pivot };
        for (plane, convention) in Plane::ALL.into_iter().flat_map(|p| CONVENTIONS.map(|c| (p, c))) {
            let frame = SliceFrame::of(&grid, plane, convention, Some(&oblique));
            let slice = frame.view(pivot).z;
            prop_assert!((slice - slice.round()).abs() < 1e-6, "the pivot is in no slice: {slice}");
            prop_assert!(slice > -0.5 && slice < frame.slices() as f64 - 0.5);
            for corner in grid.corners() {
                let view = frame.view(corner);
                let inside = view.truncate().cmpge(DVec2::splat(-1e-6)).all()
                    && view.truncate().cmple(frame.extent() + 1e-6).all()
                    && view.z > -1.0 && view.z < frame.slices() as f64;
                prop_assert!(inside, "{view} is not in {} × {}", frame.extent(), frame.slices());
            }
            let pan_zoom = Some(PanZoom { centre: DVec2::from_array(centre), points_per_mm });
            for pan_zoom in [None, pan_zoom] {
                let transform = SliceTransform::new(
                    &grid, plane, convention, Some(&oblique), pan_zoom, PANE, slice.round() as usize,
                );
                check(&grid, &transform, DVec2::new(at.0, at.1), pixels_per_point);
            }
        }
        // Scrolling shows what it says, comes back, and never leaves the volume.
        let mut view = ViewState::default();
        (view.scan.oblique, view.scan.crosshair) = (Some(oblique), pivot);
        for (plane, slice) in scroll {
            let plane = Plane::ALL[plane];
            let count = view.slice_frame(&grid, plane).slices();
            view.set_slice(&grid, plane, slice);
            prop_assert_eq!(view.slice(&grid, plane), slice.min(count - 1));
            prop_assert!(grid.voxel_at(view.scan.crosshair).is_some(), "{}", view.scan.crosshair);
            let before = view.slice(&grid, plane);
            view.step(&grid, plane, 1);
            prop_assert_eq!(view.slice(&grid, plane), (before + 1).min(count - 1));
        }
        // A crosshair that is dragged out of the volume stays in the slice it is dragged in.
        let plane = Plane::ALL[n % 3];
        let slice = view.slice(&grid, plane);
        let transform = SliceTransform::new(
            &grid, plane, CONVENTIONS[0], view.scan.oblique.as_ref(), None, PANE, slice,
        );
        view.move_crosshair(&grid, transform.world_from_pane(DVec2::new(at.0, at.1)));
        prop_assert_eq!(view.slice(&grid, plane), slice);
        prop_assert!(grid.voxel_at(view.scan.crosshair).is_some(), "{}", view.scan.crosshair);
    }
}
