//! Brush and Eraser in the real window. What is painted is compared with the plain statement in millimetres, worked
//! out voxel by voxel.

use std::path::{Path, PathBuf};

use egui::{
    Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, TouchPhase, vec2,
};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::{Command, Document};
use voxpoint::geom::{DAffine3, DMat3, DVec2, DVec3, Grid, Plane};
use voxpoint::io;
use voxpoint::ui::text::Language;
use voxpoint::ui::views::SliceTransform;
use voxpoint::ui::{BrushShape, tools};

use crate::support::{click, opened, place, sample_click, view_name, voxels, wait, window};

pub const NONE: Modifiers = Modifiers::NONE;
pub const CTRL: Modifiers = Modifiers::CTRL.plus(Modifiers::COMMAND);

/// Memory axes run to the Left, Posterior and Superior; voxels of 1 × 1.5 × 2.5 mm; a bright block in the middle.
pub fn scan(folder: &Path) -> PathBuf {
    let dims = [40, 32, 20];
    let m = DMat3::from_diagonal(DVec3::new(-1.0, -1.5, 2.5));
    let affine = DAffine3::from_mat3_translation(m, DVec3::new(25.0, 30.0, -20.0));
    let bright = |n: usize| {
        let [x, y, z] = [n % 40, n / 40 % 32, n / 1280];
        (10..30).contains(&x) && (8..24).contains(&y) && (5..15).contains(&z)
    };
    let values: Vec<f32> = (0..40 * 32 * 20).map(|n| if bright(n) { 500.0 } else { 0.0 }).collect();
    let path = folder.join("block.nii.gz");
    io::save_float32(&path, dims, &values, affine).expect("saved");
    path
}

pub fn with_brush(folder: &Path) -> Harness<'static, App> {
    let mut harness = window(vec![scan(folder)]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    harness.key_press(Key::B);
    harness.run_steps(3);
    assert_eq!(harness.state().view().prefs.tool, tools::BRUSH);
    harness
}

pub fn document<'a>(harness: &'a Harness<'_, App>) -> &'a Document {
    harness.state().document().expect("open")
}

pub fn grid(harness: &Harness<'_, App>) -> Grid {
    document(harness).image().grid().clone()
}

pub fn radius(harness: &Harness<'_, App>) -> f64 {
    harness.state().view().prefs.brush.diameter_mm / 2.0
}

pub fn button(pos: Pos2, button: PointerButton, pressed: bool, modifiers: Modifiers) -> Event {
    Event::PointerButton { pos, button, pressed, modifiers }
}

/// A stroke along these places, all of it in one frame of the window.
pub fn stroke(
    harness: &mut Harness<'_, App>,
    path: &[Pos2],
    with: PointerButton,
    modifiers: Modifiers,
) {
    harness.hover_at(path[0]);
    harness.step();
    let events = &mut harness.input_mut().events;
    events.push(Event::ModifiersChanged(modifiers));
    events.push(button(path[0], with, true, modifiers));
    events.extend(path.iter().map(|at| Event::PointerMoved(*at)));
    let end = path[path.len() - 1];
    events.push(button(end, with, false, modifiers));
    harness.step();
    harness.event(Event::ModifiersChanged(NONE));
    harness.run_steps(2);
}

pub fn press(harness: &mut Harness<'_, App>, key: Key, modifiers: Modifiers) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(2);
}

pub fn undo(harness: &mut Harness<'_, App>) {
    press(harness, Key::Z, CTRL);
}

/// The middle of the volume's block in a slice, moved by so many mm along the world's axes.
pub fn spot(harness: &Harness<'_, App>, by: DVec3) -> DVec3 {
    grid(harness).world_of([20, 16, 10]) + by
}

pub fn look_at(harness: &mut Harness<'_, App>, world: DVec3) {
    harness.state_mut().look_at(world);
    harness.run_steps(2);
}

/// Distance in mm of `p` from the way from `a` to `b`.
pub fn distance(p: DVec3, a: DVec3, b: DVec3) -> f64 {
    let way = b - a;
    let t = if way.length() > 0.0 { (p - a).dot(way) / way.length_squared() } else { 0.0 };
    p.distance(a + way * t.clamp(0.0, 1.0))
}

/// Compares the labels with a rule that says how deep (mm) a voxel is inside of what should have label 1.
pub fn check(harness: &Harness<'_, App>, what: &str, depth: impl Fn(DVec3, [usize; 3]) -> f64) {
    let (grid, labels) = (grid(harness), document(harness).labels());
    let [nx, ny, nz] = grid.dims();
    let mut painted = 0;
    for n in 0..nx * ny * nz {
        let voxel = [n % nx, n / nx % ny, n / nx / ny];
        let depth = depth(grid.world_of(voxel), voxel);
        let label = labels.get(voxel);
        // The screen has its places in 32 bits.
        assert!(depth < 0.02 || label == 1, "{what}: {voxel:?} is {depth} mm inside");
        assert!(depth > -0.02 || label == 0, "{what}: {voxel:?} is {} mm outside", -depth);
        painted += usize::from(label == 1);
    }
    assert!(painted > 5, "{what}: {painted} voxels");
}

#[test]
fn a_fast_stroke_in_any_slice_has_no_gaps_and_is_one_step() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let (middle, r) = (spot(&harness, DVec3::ZERO), radius(&harness));
    look_at(&mut harness, middle);
    for shape in [BrushShape::Disc, BrushShape::Ball] {
        if shape == BrushShape::Ball {
            press(&mut harness, Key::B, Modifiers::SHIFT);
        }
        for (plane, axis, along) in [
            (Plane::Axial, 2, DVec3::X),
            (Plane::Coronal, 1, DVec3::Z),
            (Plane::Sagittal, 0, DVec3::Y),
        ] {
            let ends = [middle - along * 8.0, middle + along * 8.0];
            let path = ends.map(|world| place(&harness, plane, world));
            stroke(&mut harness, &path, PointerButton::Primary, NONE);
            let what = format!("{shape:?} {}", plane.name());
            assert_eq!(voxels(harness.state()).len(), 1, "{what} begins an object");
            let slice = grid(&harness).voxel_at(middle).expect("inside");
            check(&harness, &what, |centre, voxel| {
                let near = r - distance(centre, ends[0], ends[1]);
                let in_slice = voxel[axis] == slice[axis];
                if shape == BrushShape::Ball || in_slice { near } else { -1.0 }
            });
            let steps = document(&harness).history_steps();
            assert_eq!((steps.1, steps.0[0].name), (1, "Brush"), "{what}");
            undo(&mut harness);
            assert!(voxels(harness.state()).is_empty(), "{what}: one step, with the object");
        }
    }
}

#[test]
fn slow_movements_paint_what_a_fast_one_does_and_the_preview_shows_it_before() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    let at = place(&harness, Plane::Axial, middle);
    harness.hover_at(at);
    harness.run_steps(3);
    let shown = harness.state().preview_voxels().expect("a preview");
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    assert_eq!(voxels(harness.state()), [shown], "a dab is what was shown");
    // Over what is painted already nothing more would change.
    harness.hover_at(at + vec2(0.1, 0.0));
    harness.run_steps(3);
    undo(&mut harness);
    // A bent path, each place in a frame of its own.
    let path = [vec2(-60.0, 0.0), vec2(0.0, 40.0), vec2(50.0, -30.0)].map(|by| at + by);
    stroke(&mut harness, &path, PointerButton::Primary, NONE);
    let fast = document(&harness).labels().clone();
    undo(&mut harness);
    harness.hover_at(path[0]);
    harness.step();
    harness.event(button(path[0], PointerButton::Primary, true, NONE));
    for ends in path.windows(2) {
        for n in 1..=40 {
            harness.event(Event::PointerMoved(ends[0].lerp(ends[1], n as f32 / 40.0)));
        }
    }
    harness.event(button(path[2], PointerButton::Primary, false, NONE));
    harness.step();
    harness.run_steps(2);
    assert_eq!(document(&harness).labels().to_vec(), fast.to_vec());
    assert_eq!(document(&harness).history_steps().1, 1);
}

#[test]
fn erasing_alt_and_the_right_button_take_away_and_neighbours_keep_what_is_locked() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    // Not in the middle of a voxel: there some are just as far from it as the brush is large.
    let beside = |mm: f64| place(&harness, Plane::Axial, middle + DVec3::new(0.3 - mm, 0.2, 0.0));
    let at = beside(0.0);
    // By whole voxels, so that dabs there have as many.
    let right = beside(12.0) - at;
    let dab = |harness: &mut Harness<'_, App>, by, with, modifiers| {
        stroke(harness, &[at + by], with, modifiers);
        voxels(harness.state())
    };
    let (primary, secondary) = (PointerButton::Primary, PointerButton::Secondary);
    let whole = dab(&mut harness, vec2(0.0, 0.0), primary, NONE)[0];
    for (key, with, modifiers) in [
        (Key::B, primary, Modifiers::ALT),
        (Key::B, secondary, NONE),
        (Key::E, primary, NONE),
        (Key::E, secondary, Modifiers::ALT),
    ] {
        press(&mut harness, key, NONE);
        let left = dab(&mut harness, right / 3.0, with, modifiers)[0];
        assert!(left < whole && left > 0, "{key:?} {with:?} {modifiers:?}: {left} of {whole}");
        undo(&mut harness);
        assert_eq!(voxels(harness.state()), [whole]);
    }
    // A second object beside it: over the background only, over unlocked ones, and beside a locked one.
    press(&mut harness, Key::N, NONE);
    press(&mut harness, Key::B, NONE);
    let beside = dab(&mut harness, right / 3.0, primary, NONE);
    assert!(beside[0] == whole && beside[1] < whole, "{beside:?}");
    undo(&mut harness);
    harness.get_by_label("Unlocked objects").click();
    harness.run_steps(2);
    let over = dab(&mut harness, right / 3.0, primary, NONE);
    assert!(over[0] < whole && over[1] == whole, "{over:?}");
    undo(&mut harness);
    let first = document(&harness).objects()[0].id;
    harness.state_mut().carry_out(Command::SetLocked(first, true));
    harness.run_steps(2);
    let locked = dab(&mut harness, right / 3.0, primary, NONE);
    assert_eq!(locked, beside, "it keeps what it has");
    // Nothing is painted on a locked object itself, and the first try says why.
    harness.state_mut().carry_out(Command::Select(first));
    harness.run_steps(2);
    assert_eq!(dab(&mut harness, vec2(-40.0, 30.0), primary, NONE), locked);
    let messages: Vec<_> = harness.state().messages().collect();
    assert!(messages.iter().any(|m| m.contains("locked")), "{messages:?}");
}

#[test]
fn the_next_object_is_painted_on_and_a_hidden_one_loses_nothing_unseen() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    let at = place(&harness, Plane::Axial, middle);
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    let whole = voxels(harness.state())[0];
    let first = document(&harness).objects()[0].id;
    let crosshair = harness.state().view().scan.crosshair;
    press(&mut harness, Key::N, NONE);
    assert_eq!(harness.state().view().prefs.tool, tools::BRUSH, "who paints goes on painting");
    harness.state_mut().carry_out(Command::SetVisible(first, false));
    let beside = at + vec2(20.0, 0.0);
    stroke(&mut harness, &[beside], PointerButton::Primary, NONE);
    assert!(!document(&harness).objects()[0].visible, "nothing was taken from it");
    undo(&mut harness);
    harness.get_by_label("Unlocked objects").click();
    harness.run_steps(2);
    stroke(&mut harness, &[beside], PointerButton::Primary, NONE);
    assert!(voxels(harness.state())[0] < whole && document(&harness).objects()[0].visible);
    assert!(harness.state().messages().any(|m| m.contains("was hidden")));
    press(&mut harness, Key::Tab, NONE);
    assert_eq!(harness.state().view().scan.crosshair, crosshair, "the hand stays where it is");
    // The eraser takes from the selected object only: nothing is to be chosen.
    press(&mut harness, Key::E, NONE);
    assert!(harness.query_by_label("Unlocked objects").is_none());
}

#[test]
fn an_oblique_slice_is_painted_where_it_is_seen() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    harness.hover_at(place(&harness, Plane::Coronal, middle));
    harness.step();
    for _ in 0..5 {
        press(&mut harness, Key::ArrowRight, Modifiers::ALT);
    }
    let view = harness.state().view();
    let frame = view.slice_frame(&grid(&harness), Plane::Axial);
    assert!(frame.is_oblique());
    let (normal, r) = (frame.normal(), radius(&harness));
    let across = normal.cross(DVec3::Y).normalize();
    let ends = [middle - across * 5.0, middle + across * 5.0];
    let path = ends.map(|world| {
        let rect = harness.get_by_label(&view_name(Plane::Axial)).rect();
        let (view, grid) = (harness.state().view(), grid(&harness));
        let size = DVec2::new(f64::from(rect.width()), f64::from(rect.height()));
        let pan_zoom = view.pane(Plane::Axial).pan_zoom;
        let transform = SliceTransform::new(
            &grid,
            Plane::Axial,
            view.prefs.convention,
            view.scan.oblique.as_ref(),
            pan_zoom,
            size,
            view.slice(&grid, Plane::Axial),
        );
        let at = transform.pane_from_world(world);
        assert!(at.z.abs() < 1e-6, "in the slice shown: {at}");
        rect.min + vec2(at.x as f32, at.y as f32)
    });
    stroke(&mut harness, &path, PointerButton::Primary, NONE);
    let steps = grid(&harness).world_from_voxel().matrix3;
    let half = (0..3).map(|a| steps.col(a).dot(normal).abs()).sum::<f64>() / 2.0;
    check(&harness, "oblique", |centre, _| {
        let above = normal.dot(centre - middle);
        let onto = centre - normal * above;
        (half - above.abs()).min(r - distance(onto, ends[0], ends[1]))
    });
}

#[test]
fn in_3d_ctrl_and_drag_paint_on_what_is_seen_and_a_drag_alone_turns() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    harness.key_press_modifiers(Modifiers::ALT, Key::A);
    harness.run_steps(3);
    let centre = harness.get_by_label("3D view").rect().center();
    let path = [centre - vec2(30.0, 0.0), centre + vec2(30.0, 0.0)];
    stroke(&mut harness, &path, PointerButton::Primary, CTRL);
    let (grid, r) = (grid(&harness), radius(&harness));
    let labels = document(&harness).labels();
    // Seen from anterior: the block's front is its first row (the axis runs to Posterior), at 30 - 8 × 1.5 mm.
    let front = 30.0 - 8.0 * 1.5 + 0.75;
    let mut seen = (f64::MAX, f64::MIN);
    let mut columns = std::collections::BTreeSet::new();
    for (&label, region) in &labels.regions() {
        assert_eq!(label, 1);
        for run in region.runs() {
            for n in run.start..run.end() {
                let [nx, ny, _] = grid.dims();
                let voxel = [n % nx, n / nx % ny, n / nx / ny];
                let world = grid.world_of(voxel);
                seen = (seen.0.min(world.y), seen.1.max(world.y));
                columns.insert(voxel[0]);
            }
        }
    }
    assert!(
        seen.0 > front - r - 1.6 && seen.1 < front + r + 1.6,
        "a ball about the surface: {seen:?}"
    );
    let (first, last) = (columns.first().expect("painted"), columns.last().expect("painted"));
    assert_eq!(last - first + 1, columns.len(), "no gaps");
    assert!(columns.len() as f64 > 2.0 * r, "{columns:?}");
    assert_eq!(document(&harness).history_steps().1, 1);
    let azimuth = harness.state().view().scan.orbit.azimuth;
    stroke(&mut harness, &path, PointerButton::Primary, NONE);
    assert_eq!(document(&harness).history_steps().1, 1, "nothing more is painted");
    assert!(harness.state().view().scan.orbit.azimuth != azimuth, "it turns");
}

#[test]
fn the_size_follows_keys_and_wheel_and_esc_takes_a_stroke_back() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    let size = |harness: &Harness<'_, App>| harness.state().view().prefs.brush.diameter_mm;
    let before = size(&harness);
    press(&mut harness, Key::CloseCurlyBracket, Modifiers::SHIFT);
    assert!(size(&harness) > before);
    press(&mut harness, Key::OpenCurlyBracket, Modifiers::SHIFT);
    assert_eq!(size(&harness), before);
    let middle = spot(&harness, DVec3::ZERO);
    look_at(&mut harness, middle);
    let at = place(&harness, Plane::Axial, middle);
    harness.hover_at(at);
    harness.step();
    let modifiers = CTRL | Modifiers::SHIFT;
    harness.event(Event::ModifiersChanged(modifiers));
    harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, 1.0),
        phase: TouchPhase::Move,
        modifiers,
        source: MouseWheelSource::Unknown,
    });
    harness.run_steps(40);
    harness.event(Event::ModifiersChanged(NONE));
    harness.run_steps(3);
    assert!(size(&harness) > before, "the wheel");
    let view = harness.state().view();
    assert_eq!(view.pane(Plane::Axial).pan_zoom, None, "and no zoom");
    assert_eq!(grid(&harness).voxel_at(view.scan.crosshair), Some([20, 16, 10]), "and no slice");

    harness.event(button(at, PointerButton::Primary, true, NONE));
    harness.event(Event::PointerMoved(at + vec2(30.0, 0.0)));
    harness.step();
    assert_eq!(voxels(harness.state()).len(), 1);
    // Other keys wait: a step taken back in the middle of a stroke would be half a stroke.
    press(&mut harness, Key::Z, CTRL);
    assert_eq!(voxels(harness.state()).len(), 1);
    press(&mut harness, Key::Escape, NONE);
    assert!(voxels(harness.state()).is_empty(), "all of it");
    harness.event(Event::PointerMoved(at + vec2(60.0, 0.0)));
    harness.event(button(at + vec2(60.0, 0.0), PointerButton::Primary, false, NONE));
    harness.step();
    harness.run_steps(2);
    assert!(voxels(harness.state()).is_empty(), "nothing is painted after it");
    assert!(document(&harness).can_redo().is_none() && document(&harness).can_undo().is_none());
}

#[test]
fn a_stroke_survives_the_click_that_is_being_computed_and_a_later_one() {
    let mut harness = opened();
    let target = sample_click();
    click(&mut harness, Plane::Axial, target, PointerButton::Primary);
    assert!(document(&harness).pending().is_some(), "the click is being computed");
    press(&mut harness, Key::B, NONE);
    let grid = grid(&harness);
    // Far from what was clicked, so that no answer would have these voxels; and from the crosshair's handles.
    let far = grid.world_of(grid.voxel_clamped(target)) + DVec3::new(40.0, -30.0, 0.0);
    let at = place(&harness, Plane::Axial, far);
    stroke(&mut harness, &[at, at + vec2(12.0, 0.0)], PointerButton::Primary, NONE);
    let voxel = grid.voxel_at(far).expect("in the scan");
    let painted = |harness: &Harness<'_, App>| document(harness).labels().get(voxel) != 0;
    assert!(painted(&harness));
    wait(&mut harness, "the answer", |app| app.document().is_some_and(|d| d.pending().is_none()));
    assert!(painted(&harness), "the answer has come");
    let first = voxels(harness.state())[0];
    press(&mut harness, Key::P, NONE);
    let beside = target + DVec3::new(4.0, 0.0, 0.0);
    click(&mut harness, Plane::Axial, beside, PointerButton::Primary);
    wait(&mut harness, "the second answer", |app| {
        app.document().is_some_and(|d| d.pending().is_none())
    });
    assert!(painted(&harness), "and another one");
    assert_eq!(document(&harness).objects().len(), 1);
    let told = |harness: &Harness<'_, App>| {
        harness.state().messages().any(|m| m.contains("by hand, which clicks do not change"))
    };
    assert!(!told(&harness));
    click(&mut harness, Plane::Axial, far, PointerButton::Secondary);
    assert!(told(&harness), "the eraser would");
    assert!(first > 0);
}

#[test]
fn a_deletion_that_waits_for_a_click_does_not_come_into_a_stroke() {
    let mut harness = opened();
    let (target, grid) = (sample_click(), grid(&harness));
    let centre = grid.world_of(grid.voxel_clamped(target));
    let at = |harness: &Harness<'_, App>, by: DVec3| place(harness, Plane::Axial, centre + by);
    press(&mut harness, Key::B, NONE);
    let neighbour = at(&harness, DVec3::new(40.0, -30.0, 0.0));
    stroke(&mut harness, &[neighbour, neighbour + vec2(12.0, 0.0)], PointerButton::Primary, NONE);
    let painted = voxels(harness.state())[0];
    assert!(painted > 0);
    // Another object's click is being computed, and it is to be deleted.
    press(&mut harness, Key::N, NONE);
    press(&mut harness, Key::P, NONE);
    click(&mut harness, Plane::Axial, target, PointerButton::Primary);
    press(&mut harness, Key::Delete, Modifiers::SHIFT);
    assert_eq!(document(&harness).objects().len(), 2, "the deletion waits");
    let told = "deleted when the click is computed";
    assert!(harness.query_all_by_label_contains(told).next().is_some());
    press(&mut harness, Key::B, NONE);
    let from = at(&harness, DVec3::new(-40.0, -30.0, 0.0));
    harness.event(Event::PointerMoved(from));
    harness.event(button(from, PointerButton::Primary, true, NONE));
    harness.run_steps(2);
    wait(&mut harness, "the answer", |app| app.document().is_some_and(|d| d.pending().is_none()));
    harness.event(Event::PointerMoved(from + vec2(12.0, 0.0)));
    harness.run_steps(3);
    assert_eq!(document(&harness).objects().len(), 2, "a stroke is under way");
    harness.event(button(from + vec2(12.0, 0.0), PointerButton::Primary, false, NONE));
    harness.run_steps(3);
    assert_eq!(document(&harness).objects().len(), 1, "and now it is not");
    assert_eq!(voxels(harness.state()), [painted], "the neighbour is as it was");
    undo(&mut harness);
    undo(&mut harness);
    assert_eq!(document(&harness).objects().len(), 2, "the deletion, then the whole stroke");
}

#[test]
fn the_brush_speaks_chinese() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_brush(temp.path());
    harness.get_by_label("Brush size");
    harness.state_mut().view_mut().prefs.language = Language::Chinese;
    harness.run_steps(3);
    for text in ["圆盘", "球", "画笔大小", "未锁定的对象"] {
        harness.get_by_label(text);
    }
}
