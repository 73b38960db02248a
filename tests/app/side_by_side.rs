//! Slices shown twice in the real window: with two label maps, and with a second scan at the same place in the world.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable};
use voxpoint::app::App;
use voxpoint::geom::{DAffine3, DMat3, DVec2, DVec3, Grid, Plane};
use voxpoint::io;
use voxpoint::ui::views::SliceTransform;
use voxpoint::ui::{ComparisonLook, FrameRelation};
use voxpoint::volume::Window;

use crate::brush::{NONE, document, grid, press, scan};
use crate::compare::{compared, files};
use crate::support::{drop_file, voxels, wait, window};

const RIGHT: &str = "Axial view, right side";

/// Where a place of the world is in a side of the axial view.
fn on_side(harness: &Harness<'_, App>, side: &str, world: DVec3) -> Pos2 {
    let rect = harness.get_by_label(side).rect();
    let view = harness.state().view();
    let grid = grid(harness);
    let pane = DVec2::new(f64::from(rect.width()), f64::from(rect.height()));
    let (slice, pan_zoom) = (view.slice(&grid, Plane::Axial), view.pane(Plane::Axial).pan_zoom);
    let side = view.prefs.convention;
    let transform = SliceTransform::new(&grid, Plane::Axial, side, None, pan_zoom, pane, slice);
    let at = transform.pane_from_world(world);
    rect.min + vec2(at.x as f32, at.y as f32)
}

/// The colours of a place at the left and at the right.
fn colours(harness: &mut Harness<'_, App>, world: DVec3) -> [[u8; 3]; 2] {
    let places = ["Axial view", RIGHT].map(|side| on_side(harness, side, world));
    let picture = harness.render().expect("a picture");
    places.map(|at| {
        let p = picture.get_pixel(at.x as u32, at.y as u32);
        [p[0], p[1], p[2]]
    })
}

fn is_coloured([r, g, b]: [u8; 3]) -> bool {
    r.max(g).max(b) - r.min(g).min(b) > 40
}

fn press_at(harness: &mut Harness<'_, App>, pos: Pos2, button: PointerButton, to: Pos2) {
    harness.hover_at(pos);
    harness.step();
    let event = |pos, pressed| egui::Event::PointerButton {
        pos,
        button,
        pressed,
        modifiers: Modifiers::NONE,
    };
    harness.event(event(pos, true));
    harness.step();
    harness.hover_at(to);
    harness.step();
    harness.event(event(to, false));
    harness.run_steps(2);
}

fn crosshair(harness: &Harness<'_, App>) -> DVec3 {
    harness.state().view().scan.crosshair
}

#[test]
fn two_label_maps_are_seen_side_by_side_and_only_the_left_one_is_edited() {
    let files = files();
    let mut harness = compared(&files);
    let before = harness.get_by_label("Axial view").rect();
    press(&mut harness, Key::Num1, NONE);
    let look_before = harness.state().view().scan.comparison.as_ref().expect("compared").look;
    assert_ne!(look_before, ComparisonLook::Objects);
    press(&mut harness, Key::F9, NONE);
    harness.run_steps(3);
    let look = |harness: &Harness<'_, App>| {
        harness.state().view().scan.comparison.as_ref().expect("compared").look
    };
    assert_eq!(look(&harness), ComparisonLook::Objects, "A is at the left");
    let [left, right] = ["Axial view", RIGHT].map(|side| harness.get_by_label(side).rect());
    assert_eq!(left.size(), right.size(), "one scale");
    assert!(left.max.x < right.min.x + 0.5 && left.width() > before.width() * 0.8);

    // The mass is B's alone, the liver's first columns A's.
    let scan = grid(&harness);
    let of = |voxel| scan.world_of(voxel);
    let (mass, liver, both) = (of([35, 28, 16]), of([8, 10, 8]), of([14, 14, 8]));
    harness.state_mut().look_at(mass + DVec3::new(9.0, 9.0, 0.0));
    harness.run_steps(3);
    assert_eq!(colours(&mut harness, mass).map(is_coloured), [false, true]);
    harness.state_mut().look_at(liver + DVec3::new(9.0, 9.0, 0.0));
    harness.run_steps(3);
    assert_eq!(colours(&mut harness, liver).map(is_coloured), [true, false]);
    assert_eq!(colours(&mut harness, both).map(is_coloured), [true, true]);

    // With a brush in hand the right side moves the crosshair, and tells both labels.
    press(&mut harness, Key::B, NONE);
    let had = voxels(harness.state());
    let steps = document(&harness).history_steps().1;
    let at = on_side(&harness, RIGHT, both);
    press_at(&mut harness, at, PointerButton::Primary, at);
    assert!(crosshair(&harness).distance(both) < 1.0, "{}", crosshair(&harness));
    assert_eq!((voxels(harness.state()), document(&harness).history_steps().1), (had, steps));
    harness.get_by_label_contains("· Liver · B: Liver");
    let why = "B is only looked at";
    assert!(harness.state().messages().any(|m| m.contains(why)));

    // The wheel steps both: one slice of one scan.
    let z =
        |harness: &Harness<'_, App>| grid(harness).voxel_at(crosshair(harness)).expect("inside")[2];
    let slice = z(&harness);
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, 1.0),
        modifiers: Modifiers::NONE,
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
    });
    harness.run_steps(2);
    assert_eq!(z(&harness), slice + 1);

    // Middle drag pans both.
    press_at(&mut harness, at, PointerButton::Middle, at + vec2(30.0, 10.0));
    let shifted = ["Axial view", RIGHT].map(|side| on_side(&harness, side, both));
    let [left, right] = ["Axial view", RIGHT].map(|side| harness.get_by_label(side).rect());
    assert!((shifted[0] - left.min - (shifted[1] - right.min)).length() < 0.5);
    assert!((shifted[1] - at - vec2(30.0, 10.0)).length() < 0.5, "{shifted:?} {at}");

    // Hidden masks are hidden at both sides.
    press(&mut harness, Key::V, NONE);
    assert_eq!(colours(&mut harness, both).map(is_coloured), [false, false]);
    press(&mut harness, Key::V, NONE);

    // Without a comparison there is one side again.
    press(&mut harness, Key::F9, NONE);
    assert!(harness.query_by_label(RIGHT).is_none());
    assert_eq!(look(&harness), look_before, "as it was drawn before");
    press(&mut harness, Key::F9, NONE);
    assert!(harness.query_by_label(RIGHT).is_some());
    harness.get_by_label("End the comparison").click();
    harness.run_steps(3);
    assert!(harness.query_by_label(RIGHT).is_none());
    assert!(!harness.state().view().scan.beside.on);
}

/// Where everything of the second scan lies.
fn second_grid() -> Grid {
    let m = DMat3::from_rotation_z(0.2)
        * DMat3::from_cols(DVec3::Z * -1.5, DVec3::X * 1.2, DVec3::Y * -0.9);
    let middle = m * DVec3::new(15.0, 25.0, 30.0);
    Grid::new([30, 50, 60], DAffine3::from_mat3_translation(m, BALL - middle)).expect("a grid")
}

/// A file on the second scan's grid: of each voxel by its place, RAS mm.
fn on_second(folder: &Path, name: &str, value: impl Fn(DVec3, usize) -> f32) -> PathBuf {
    let grid = second_grid();
    let of = |n: usize| value(grid.world_of([n % 30, n / 30 % 50, n / 1500]), n);
    let values: Vec<f32> = (0..grid.count()).map(of).collect();
    let path = folder.join(name);
    io::save_float32(&path, grid.dims(), &values, grid.world_from_voxel()).expect("saved");
    path
}

/// The ball of the second scan as its label 2.
pub fn second_labels(folder: &Path) -> PathBuf {
    on_second(
        folder,
        "follow-up_label.nii",
        |world, _| {
            if world.distance(BALL) < 7.0 { 2.0 } else { 0.0 }
        },
    )
}

const BALL: DVec3 = DVec3::new(5.0, 6.0, 5.0);

/// A scan whose axes run otherwise, with other spacing, and a bright ball in it.
pub fn second(folder: &Path) -> PathBuf {
    on_second(folder, "follow-up.nii", |world, n| {
        let noise = (n * 7919 % 13) as f32;
        if world.distance(BALL) < 7.0 { 900.0 } else { 100.0 + noise }
    })
}

pub fn with_second(folder: &Path) -> Harness<'static, App> {
    let scan = scan(folder);
    let second = second(folder);
    let mut harness = window(vec![scan]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    harness.state_mut().show_beside(second, None);
    wait(&mut harness, "the second scan", |app| app.view().scan.beside.scan.is_some());
    assert!(harness.state().messages().any(|m| m.contains("it is not registered")));
    press(&mut harness, Key::Num1, NONE);
    harness.run_steps(10);
    harness
}

#[test]
fn a_second_scan_is_shown_at_the_same_place_of_the_world() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = with_second(folder.path());
    let view = &mut harness.state_mut().view_mut().scan;
    view.beside.scan.as_mut().expect("there").image.window = Window::new(500.0, 1000.0);
    // Its lines are out of the way.
    harness.state_mut().look_at(BALL + DVec3::new(14.0, 13.0, 0.0));
    harness.run_steps(5);
    let grey = |harness: &mut Harness<'_, App>, world| colours(harness, world)[1];
    let inside = grey(&mut harness, BALL + DVec3::new(2.0, 3.0, 0.0));
    let outside = grey(&mut harness, BALL + DVec3::new(9.0, 3.0, 0.0));
    assert!(inside[0] > outside[0] + 100, "{inside:?} {outside:?}");
    // Its edges are where they are in millimetres, to either side and up and down.
    for away in [DVec3::X, DVec3::Y, -DVec3::X, -DVec3::Y] {
        let [within, beyond] = [5.0, 9.0].map(|mm| grey(&mut harness, BALL + away * mm)[0]);
        assert!(within > beyond + 60, "{away}: {within} {beyond}");
    }
    let said = harness.get_by_label(RIGHT).accesskit_node().value().expect("a value");
    assert!(said.contains("B: follow-up.nii"), "{said}");
    assert!(said.contains("placed by its header only, not registered"), "{said}");
    let app = harness.state();
    let beside = app.view().scan.beside.scan.as_ref().expect("there");
    assert_eq!((beside.frames, beside.elsewhere), (FrameRelation::NotSaid, false));
    assert!(!beside.linked, "only Hounsfield units have one window");

    // What lies there, in both.
    let at = on_side(&harness, RIGHT, BALL);
    harness.hover_at(at);
    harness.run_steps(2);
    harness.get_by_label_contains("· B: 900");
    press_at(&mut harness, at, PointerButton::Primary, at);
    assert!(voxels(harness.state()).is_empty(), "no click for the model");
    assert!(crosshair(&harness).distance(BALL) < 1.5, "{}", crosshair(&harness));

    // Each has its own window.
    let windows = |harness: &Harness<'_, App>| {
        let scan = &harness.state().view().scan;
        (scan.window, scan.beside.scan.as_ref().expect("there").image.window)
    };
    let first = windows(&harness);
    press_at(&mut harness, at, PointerButton::Secondary, at + vec2(60.0, 0.0));
    let second = windows(&harness);
    assert!(second.0 == first.0 && second.1.width > first.1.width, "{first:?} {second:?}");
    press(&mut harness, Key::C, NONE);
    let left = on_side(&harness, "Axial view", BALL);
    press_at(&mut harness, left, PointerButton::Secondary, left + vec2(60.0, 0.0));
    let third = windows(&harness);
    assert!(third.1 == second.1 && third.0.width > second.0.width, "{second:?} {third:?}");

    harness.get_by_label("Take the second scan away").click();
    harness.run_steps(3);
    assert!(harness.query_by_label(RIGHT).is_none());
}

#[test]
fn a_dropped_scan_may_be_shown_beside_and_one_elsewhere_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = scan(folder.path());
    let mut harness = window(vec![path]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    press(&mut harness, Key::F9, NONE);
    assert!(!harness.state().view().scan.beside.on, "there is nothing to show");
    let far = folder.path().join("far.nii");
    let affine = DAffine3::from_translation(DVec3::splat(4000.0));
    let values: Vec<f32> = (0..1000).map(|n| n as f32).collect();
    io::save_float32(&far, [10; 3], &values, affine).expect("saved");
    drop_file(&mut harness, far);
    wait(&mut harness, "the card", |app| !app.status().offers.is_empty());
    harness.get_by_label("Show beside the scan").click();
    harness.run_steps(3);
    let app = harness.state();
    assert!(app.view().scan.beside.on && app.view().scan.overlays.is_empty());
    assert!(app.messages().any(|m| m.contains("lies elsewhere in space")));
    let said = harness.get_by_label(RIGHT).accesskit_node().value().expect("a value");
    assert!(said.contains("lies elsewhere in space"), "{said}");
    harness.get_by_label_contains("B: outside of the scan");
    // The sheet of slices has one side, and so has the next scan.
    press(&mut harness, Key::S, NONE);
    assert!(harness.query_by_label(RIGHT).is_none());
    press(&mut harness, Key::S, NONE);
    press(&mut harness, Key::O, Modifiers::COMMAND | Modifiers::CTRL | Modifiers::SHIFT);
    wait(&mut harness, "the sample", |app| app.view().scan.beside.scan.is_none());
    assert!(!harness.state().view().scan.beside.on);
}

fn says(harness: &Harness<'_, App>, word: &str) {
    let messages: Vec<_> = harness.state().messages().collect();
    assert!(messages.iter().any(|m| m.contains(word)), "{messages:?}");
}

fn right_says(harness: &Harness<'_, App>) -> String {
    harness.get_by_label(RIGHT).accesskit_node().value().expect("a value")
}

#[test]
fn the_masks_of_a_follow_up_are_drawn_over_it_at_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = with_second(folder.path());
    harness.state_mut().look_at(BALL + DVec3::new(14.0, 13.0, 0.0));
    harness.run_steps(5);
    let labels = second_labels(folder.path());
    harness.state_mut().compare_with(labels);
    wait(&mut harness, "the labels", |app| app.view().scan.beside.labels.is_some());
    says(&harness, "has the voxels of follow-up.nii and is drawn over it");
    assert!(harness.state().view().scan.comparison.is_none(), "no numbers of two times");
    assert!(right_says(&harness).contains("labels: follow-up_label.nii"));
    harness.run_steps(3);
    // Its edges are where the ball's are, and only at the right.
    for away in [DVec3::X, DVec3::Y, -DVec3::X, -DVec3::Y] {
        let [within, beyond] =
            [5.0, 9.0].map(|mm| colours(&mut harness, BALL + away * mm).map(is_coloured));
        assert_eq!((within, beyond), ([false, true], [false, false]), "{away}");
    }
    let at = on_side(&harness, RIGHT, BALL);
    harness.hover_at(at);
    harness.run_steps(2);
    harness.get_by_label_contains("· B: 900 · Label 2");
    press(&mut harness, Key::V, NONE);
    let place = BALL + DVec3::new(3.0, 2.0, 0.0);
    assert_eq!(colours(&mut harness, place).map(is_coloured), [false, false]);
    press(&mut harness, Key::V, NONE);

    // Shown once, and twice again: they are still there.
    press(&mut harness, Key::F9, NONE);
    press(&mut harness, Key::F9, NONE);
    harness.run_steps(3);
    assert_eq!(colours(&mut harness, place).map(is_coloured), [false, true]);
    harness.get_by_label("Take the labels of the second scan away").click();
    harness.run_steps(3);
    assert_eq!(colours(&mut harness, place).map(is_coloured), [false, false]);
    assert!(!right_says(&harness).contains("labels"));
}

#[test]
fn what_is_compared_is_seen_over_a_second_scan_at_the_same_place_of_the_world() {
    let files = files();
    let mut harness = compared(&files);
    let folder = tempfile::tempdir().expect("a folder");
    harness.state_mut().show_beside(second(folder.path()), None);
    wait(&mut harness, "B over it", |app| app.view().scan.beside.labels.is_some());
    let look = harness.state().view().scan.comparison.as_ref().expect("compared").look;
    assert_eq!(look, ComparisonLook::Objects, "A is at the left");
    press(&mut harness, Key::Num1, NONE);
    let scan = grid(&harness);
    let of = |voxel| scan.world_of(voxel);
    let inside = |world| second_grid().voxel_at(world).is_some();
    // A alone, B alone, both, none; and that all of it is within the second scan.
    for (voxel, seen) in [
        ([9, 14, 8], [true, false]),
        ([19, 14, 8], [false, true]),
        ([14, 14, 8], [true, true]),
        ([21, 14, 8], [false, false]),
    ] {
        let place = of(voxel);
        assert!(inside(place), "{voxel:?}");
        harness.state_mut().look_at(place + DVec3::new(6.0, 6.0, 0.0));
        harness.run_steps(3);
        assert_eq!(colours(&mut harness, place).map(is_coloured), seen, "{voxel:?}");
    }
    // The comparison ends, and with it what is drawn.
    harness.get_by_label("End the comparison").click();
    harness.run_steps(3);
    assert!(harness.state().view().scan.beside.labels.is_none());
    assert_eq!(colours(&mut harness, of([19, 14, 8])).map(is_coloured), [false, false]);
}

/// Some time points of the same voxels, each brighter by 100.
fn moving(folder: &Path, name: &str, count: u16) -> PathBuf {
    let single = on_second(folder, "single.nii", |_, n| (n % 7) as f32);
    let mut bytes = std::fs::read(single).expect("written");
    let offset = f32::from_le_bytes(bytes[108..112].try_into().expect("four")) as usize;
    let values: Vec<f32> = bytes[offset..]
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().expect("four")))
        .collect();
    bytes.truncate(offset);
    bytes[40..42].copy_from_slice(&4u16.to_le_bytes());
    bytes[48..50].copy_from_slice(&count.to_le_bytes());
    for n in 0..count {
        let brighter = values.iter().map(|value| value + 100.0 * f32::from(n));
        bytes.extend(brighter.flat_map(f32::to_le_bytes));
    }
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("temp folder");
    path
}

#[test]
fn a_second_scan_shows_its_own_time_point_or_that_with_the_scans_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let [first, more] =
        [("first.nii", 3), ("more.nii", 4)].map(|(name, count)| moving(folder.path(), name, count));
    let mut harness = window(vec![first.clone()]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    let shown = |harness: &Harness<'_, App>| {
        let second = harness.state().view().scan.beside.scan.as_ref().expect("there");
        let at = harness.state().view().value_beside(BALL).expect("inside");
        (second.image.volume.time_point(), second.follows, (at / 100.0) as usize)
    };
    // As many: together. Another number: its first, until it is said otherwise.
    harness.state_mut().show_beside(first, None);
    wait(&mut harness, "the second scan", |app| app.view().scan.beside.scan.is_some());
    harness.state_mut().show_time_point(2);
    harness.run_steps(3);
    assert_eq!(shown(&harness), (2, true, 2));
    assert!(right_says(&harness).contains("time point 3/3"), "{}", right_says(&harness));
    harness.get_by_label("Take the second scan away").click();
    harness.run_steps(3);
    harness.state_mut().show_beside(more.clone(), None);
    wait(&mut harness, "the second scan", |app| app.view().scan.beside.scan.is_some());
    assert_eq!(shown(&harness), (0, false, 0));
    harness.get_by_label("Time point of the scan, by its number").click();
    harness.run_steps(3);
    assert_eq!(shown(&harness), (2, true, 2));
    // Masks stay where they are while it plays.
    let labels = second_labels(folder.path());
    harness.state_mut().compare_with(labels);
    wait(&mut harness, "the labels", |app| app.view().scan.beside.labels.is_some());
    harness.state_mut().show_time_point(1);
    press(&mut harness, Key::Num1, NONE);
    harness.state_mut().look_at(BALL + DVec3::new(14.0, 13.0, 0.0));
    harness.run_steps(8);
    assert_eq!(shown(&harness), (1, true, 1));
    assert!(is_coloured(colours(&mut harness, BALL)[1]));
    // Named: that one, or the last if there are fewer.
    for (wanted, there) in [(3, 3), (9, 3)] {
        harness.state_mut().show_beside(more.clone(), Some(wanted));
        wait(&mut harness, "it", |app| {
            app.is_idle() && app.view().scan.beside.scan.as_ref().is_some_and(|s| !s.follows)
        });
        assert_eq!(shown(&harness), (there, false, there), "{wanted}");
        harness.state_mut().show_time_point(0);
        harness.run_steps(2);
        assert_eq!(shown(&harness).0, there, "{wanted}");
        harness.get_by_label("Take the second scan away").click();
        harness.run_steps(2);
    }
    says(&harness, "more.nii has no time point 10: the last one is shown, 4");
}
