//! What a comparison looks like: the colours of its classes and of distances as pixels, in slices and in 3D.

use egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use voxpoint::app::App;
use voxpoint::geom::{Axis, DVec3, Direction, Plane};
use voxpoint::render::Mode3d;
use voxpoint::ui::ComparisonLook;

use crate::brush::{NONE, grid, press};
use crate::compare::{compared, computed, files};
use crate::support::place;

/// Of Okabe and Ito: only A, only B, both, both under other labels.
const CLASSES: [[u8; 3]; 4] = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [204, 121, 167]];
/// Of both label maps' structures, as their tables say.
const RED: [u8; 3] = [200, 30, 40];
/// A voxel of each class; what stands beside it has it too.
const PLACES: [[usize; 3]; 4] = [[9, 14, 8], [18, 14, 8], [14, 14, 8], [28, 13, 7]];

/// A colour without its grey: what a mask leaves of it, over whatever scan and in whatever light.
fn chroma(colour: [f64; 3]) -> DVec3 {
    let colour = DVec3::from_array(colour);
    colour - colour.element_sum() / 3.0
}

/// How alike two colours are, 1 at most; 0 of one that is next to grey.
fn likeness(pixel: [f64; 3], colour: [u8; 3]) -> f64 {
    let (pixel, colour) = (chroma(pixel), chroma(colour.map(f64::from)));
    if pixel.length() < 12.0 { 0.0 } else { pixel.dot(colour) / (pixel.length() * colour.length()) }
}

/// Which of these colours a pixel has, if any.
fn which(pixel: [f64; 3], colours: &[[u8; 3]]) -> Option<usize> {
    let alike = colours.iter().map(|colour| likeness(pixel, *colour));
    let best = alike.enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (best.1 > 0.95).then_some(best.0)
}

/// The mean of nine pixels at a place of the world in a slice view that shows it.
fn pixel(harness: &mut Harness<'_, App>, plane: Plane, world: DVec3) -> [f64; 3] {
    harness.state_mut().look_at(world);
    harness.run_steps(3);
    let at = place(harness, plane, world);
    let picture = harness.render().expect("a picture");
    let mut sum = [0.0; 3];
    for (x, y) in [-1.0, 0.0, 1.0].into_iter().flat_map(|x| [-1.0, 0.0, 1.0].map(|y| (x, y))) {
        let pixel = picture.get_pixel((at.x + x) as u32, (at.y + y) as u32);
        for (sum, value) in sum.iter_mut().zip(pixel.0) {
            *sum += f64::from(value) / 9.0;
        }
    }
    sum
}

fn shows(harness: &mut Harness<'_, App>, look: ComparisonLook) {
    let view = &mut harness.state_mut().view_mut().scan;
    view.comparison.as_mut().expect("compared").look = look;
    harness.run_steps(2);
    computed(harness);
    harness.run_steps(3);
}

/// How many pixels of the 3D view have each of these colours.
fn in_3d(harness: &mut Harness<'_, App>, colours: &[[u8; 3]]) -> Vec<usize> {
    // A full picture takes several frames.
    for _ in 0..40 {
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let rect = harness.get_by_label("3D view").rect();
    let picture = harness.render().expect("a picture");
    let mut counts = vec![0; colours.len()];
    for (x, y, pixel) in picture.enumerate_pixels() {
        if rect.shrink(4.0).contains(egui::pos2(x as f32, y as f32)) {
            let [r, g, b, _] = pixel.0.map(f64::from);
            if let Some(n) = which([r, g, b], colours) {
                counts[n] += 1;
            }
        }
    }
    counts
}

/// The window with two label maps, without lines over the masks.
fn bare() -> (crate::compare::Files, Harness<'static, App>) {
    let files = files();
    let mut harness = compared(&files);
    let prefs = &mut harness.state_mut().view_mut().prefs;
    prefs.show_crosshair = false;
    prefs.mode_3d = Mode3d::Surface;
    harness.run_steps(3);
    (files, harness)
}

#[test]
fn each_class_of_differences_has_its_colour_in_every_slice() {
    let (_files, mut harness) = bare();
    let scan = grid(&harness);
    for plane in Plane::ALL {
        for (n, voxel) in PLACES.into_iter().enumerate() {
            let found = pixel(&mut harness, plane, scan.world_of(voxel));
            assert_eq!(which(found, &CLASSES), Some(n), "{plane:?}, {voxel:?}: {found:?}");
        }
        let found = pixel(&mut harness, plane, scan.world_of([5, 25, 8]));
        assert_eq!(which(found, &CLASSES), None, "{plane:?}: nobody has that: {found:?}");
    }
    // A alone has no voxel of B's, and the other way round.
    for (look, has) in [
        (ComparisonLook::Objects, [true, false, true, true]),
        (ComparisonLook::Reference, [false, true, true, true]),
    ] {
        shows(&mut harness, look);
        for (voxel, has) in PLACES.into_iter().zip(has) {
            let found = pixel(&mut harness, Plane::Axial, scan.world_of(voxel));
            let red = which(found, &[RED]).is_some();
            assert_eq!(red, has, "{look:?}, {voxel:?}: {found:?}");
        }
    }
    // Hidden, nothing of it is seen.
    shows(&mut harness, ComparisonLook::Differences);
    press(&mut harness, Key::V, NONE);
    let found = pixel(&mut harness, Plane::Axial, scan.world_of(PLACES[0]));
    assert_eq!(which(found, &CLASSES), None, "{found:?}");
}

#[test]
fn distances_have_the_colours_of_their_bar_in_slices() {
    let (_files, mut harness) = bare();
    shows(&mut harness, ComparisonLook::Distances);
    let scan = grid(&harness);
    // (At B's border, and as far within as it goes: far apart on the bar.)
    for voxel in [[10, 14, 8], [14, 14, 8], [8, 14, 8]] {
        let comparison = harness.state().view().scan.comparison.clone().expect("compared");
        let drawn = comparison.drawn.expect("drawn");
        let value = drawn.labels.get(voxel);
        let style = drawn.styles.iter().find(|style| style.value == value).expect("a class");
        let found = pixel(&mut harness, Plane::Axial, scan.world_of(voxel));
        let alike = likeness(found, style.colour);
        assert!(alike > 0.95, "{voxel:?}, class {value}: {found:?}, {:?}", style.colour);
    }
}

/// As many of them as the masks bring: of those that are there without them (the cube in the corner) nothing is counted.
fn of_masks(harness: &mut Harness<'_, App>, colours: &[[u8; 3]]) -> Vec<usize> {
    let shown = in_3d(harness, colours);
    press(harness, Key::V, NONE);
    let hidden = in_3d(harness, colours);
    press(harness, Key::V, NONE);
    shown.iter().zip(&hidden).map(|(shown, hidden)| shown.saturating_sub(*hidden)).collect()
}

fn look_from(harness: &mut Harness<'_, App>, axis: Axis, positive: bool) {
    harness.state_mut().view_mut().look_from(Direction { axis, positive });
    harness.run_steps(2);
}

#[test]
fn differences_and_distances_are_seen_in_3d() {
    let (_files, mut harness) = bare();
    press(&mut harness, Key::Num4, NONE);
    // From the patient's right, where A's first columns are, from the left, where B's last are, and from the front.
    let mut most = [0; 4];
    for (axis, positive) in [(Axis::X, true), (Axis::X, false), (Axis::Y, true)] {
        look_from(&mut harness, axis, positive);
        for (most, count) in most.iter_mut().zip(of_masks(&mut harness, &CLASSES)) {
            *most = count.max(*most);
        }
    }
    assert!(most.iter().all(|&count| count > 40), "{most:?}");
    shows(&mut harness, ComparisonLook::Objects);
    let counts = of_masks(&mut harness, &[&[RED], &CLASSES[..]].concat());
    let others: usize = counts[1..].iter().sum();
    assert!(counts[0] > 200 && others < counts[0] / 20, "{counts:?}");
    // Of distances those that A has where it is seen: at B's border, and two millimetres from it.
    shows(&mut harness, ComparisonLook::Distances);
    let comparison = harness.state().view().scan.comparison.clone().expect("compared");
    let drawn = comparison.drawn.expect("drawn");
    let colour = |voxel| {
        let value = drawn.labels.get(voxel);
        drawn.styles.iter().find(|style| style.value == value).expect("a class").colour
    };
    let counts = of_masks(&mut harness, &[colour([10, 14, 8]), colour([8, 14, 8])]);
    assert!(counts.iter().all(|&count| count > 40), "{counts:?}");
}
