//! The views under the hand: a real egui, no graphics device. Expected places are worked out here from the
//! drawing (which side is where, how the picture is fitted), not with the code under test.

use std::sync::Arc;

use egui::{
    Event, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Rect, TouchPhase,
    Vec2, pos2, vec2,
};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::document::{Command, Document, LabelId, Resolution};
use voxpoint::geom::{Convention, DAffine3, DMat3, DVec3, Grid, Plane};
use voxpoint::prompt::{Answer, Footprint, Prompt, PromptId};
use voxpoint::ui::{Action, Pane, Status, ViewState, tools, views};
use voxpoint::volume::{Histogram, Region, Run, Scale, StoredGeometry, Volume, Voxels};

mod pointing;
mod points;
mod shapes;

/// Voxels along the world's x, y and z, their size, and the outer edges of the scan: all different.
const COUNT: [usize; 3] = [20, 26, 32];
const SPACING: DVec3 = DVec3::new(1.5, 1.0, 2.0);
const LOW: DVec3 = DVec3::new(-12.0, 5.0, -40.0);

struct Desk {
    document: Document,
    view: ViewState,
    status: Status,
    actions: Vec<Action>,
    /// Whether clicks reach the document, as in the app.
    apply: bool,
}

/// Memory axes: Posterior, Superior, Left. Every voxel's value is its place in memory.
fn document() -> Document {
    let m = DMat3::from_cols(
        DVec3::new(0.0, -SPACING.y, 0.0),
        DVec3::new(0.0, 0.0, SPACING.z),
        DVec3::new(-SPACING.x, 0.0, 0.0),
    );
    let high = LOW + SPACING * DVec3::new(COUNT[0] as f64, COUNT[1] as f64, COUNT[2] as f64);
    let origin = DVec3::new(high.x, high.y, LOW.z) + SPACING * DVec3::new(-0.5, -0.5, 0.5);
    let affine = DAffine3::from_mat3_translation(m, origin);
    let dims = [COUNT[1], COUNT[2], COUNT[0]];
    let grid = Grid::new(dims, affine).unwrap();
    assert_eq!(grid.orientation().letters(), "PSL");
    let voxels = Voxels::I32((0..grid.count() as i32).collect());
    let stored = StoredGeometry::of(&grid);
    let dims = dims.to_vec();
    Document::new(Arc::new(Volume::new("phantom", grid, dims, voxels, Scale::NONE, stored, vec![])))
}

fn high(axis: usize) -> f64 {
    LOW[axis] + SPACING[axis] * COUNT[axis] as f64
}

/// The voxel at a world position, in memory order, without the grid's own transform.
fn voxel_at(world: DVec3) -> [usize; 3] {
    let from = |axis: usize| ((world[axis] - LOW[axis]) / SPACING[axis]).floor() as usize;
    [COUNT[1] - 1 - from(1), from(2), COUNT[0] - 1 - from(0)]
}

fn value_at(voxel: [usize; 3]) -> f64 {
    (voxel[0] + COUNT[1] * (voxel[1] + COUNT[2] * voxel[2])) as f64
}

/// World position at a place of a fitted radiological picture, the place given as fractions of the
/// picture's width and height, and where that is on the screen.
fn place(desk: &Desk, plane: Plane, pane: Rect, across: f64, down: f64) -> (DVec3, Pos2) {
    // World axes to the right and down, each from which edge to which.
    let (right, below) = match plane {
        Plane::Axial => ((0, high(0), LOW.x), (1, high(1), LOW.y)),
        Plane::Coronal => ((0, high(0), LOW.x), (2, high(2), LOW.z)),
        Plane::Sagittal => ((1, high(1), LOW.y), (2, high(2), LOW.z)),
    };
    let mut world = desk.view.scan.crosshair;
    world[right.0] = right.1 + (right.2 - right.1) * across;
    world[below.0] = below.1 + (below.2 - below.1) * down;
    let extent = [(right.1 - right.2).abs(), (below.1 - below.2).abs()];
    let fit = |size: f32, mm: f64| f64::from(size) / mm;
    let scale = fit(pane.width(), extent[0]).min(fit(pane.height(), extent[1])) * 0.96;
    let offset = vec2(
        ((across - 0.5) * extent[0] * scale) as f32,
        ((down - 0.5) * extent[1] * scale) as f32,
    );
    (world, pane.center() + offset)
}

fn desk() -> Desk {
    let document = document();
    let stats = document.image().stats();
    let histogram = Histogram::of(document.image(), &stats, 64);
    let view = ViewState::for_scan(document.image().grid(), stats, histogram);
    Desk { document, view, status: Status::default(), actions: Vec::new(), apply: false }
}

fn harness_of(desk: Desk, size: Vec2) -> Harness<'static, Desk> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(1.0)
        .with_step_dt(0.01)
        .with_max_steps(16)
        .build_ui_state(
            |ui, desk: &mut Desk| {
                let mut out = Vec::new();
                let Desk { document, view, status, .. } = desk;
                views::show(ui, false, document, view, status, &mut out);
                if desk.apply {
                    for action in &out {
                        if let Action::Do(command) = action {
                            let _ = desk.document.apply(command.clone());
                        }
                    }
                }
                desk.actions.append(&mut out);
            },
            desk,
        );
    harness.run();
    harness
}

fn harness() -> Harness<'static, Desk> {
    harness_of(desk(), vec2(820.0, 640.0))
}

fn pane(harness: &Harness<'_, Desk>, plane: Plane) -> Rect {
    harness.get_by_label(&format!("{} view", plane.name())).rect()
}

fn at(harness: &Harness<'_, Desk>, plane: Plane, across: f64, down: f64) -> (DVec3, Pos2) {
    place(harness.state(), plane, pane(harness, plane), across, down)
}

fn click(harness: &mut Harness<'_, Desk>, pos: Pos2, button: PointerButton, modifiers: Modifiers) {
    harness.event(Event::PointerMoved(pos));
    harness.event(Event::ModifiersChanged(modifiers));
    for pressed in [true, false] {
        harness.event(Event::PointerButton { pos, button, pressed, modifiers });
    }
    harness.event(Event::ModifiersChanged(Modifiers::NONE));
    harness.run();
}

fn wheel(harness: &mut Harness<'_, Desk>, lines: f32, modifiers: Modifiers) {
    harness.event(Event::ModifiersChanged(modifiers));
    harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, lines),
        phase: TouchPhase::Move,
        modifiers,
        source: MouseWheelSource::Unknown,
    });
    harness.run_steps(40);
    harness.event(Event::ModifiersChanged(Modifiers::NONE));
    harness.run_steps(3);
}

fn drag(harness: &mut Harness<'_, Desk>, from: Pos2, by: Vec2, button: PointerButton) {
    let modifiers = Modifiers::NONE;
    harness.event(Event::PointerMoved(from));
    harness.event(Event::PointerButton { pos: from, button, pressed: true, modifiers });
    for n in 1..=5 {
        harness.event(Event::PointerMoved(from + by * (n as f32 / 5.0)));
    }
    harness.event(Event::PointerButton { pos: from + by, button, pressed: false, modifiers });
    harness.run();
}

fn prompts(harness: &Harness<'_, Desk>) -> Vec<Prompt> {
    let prompt = |action: &Action| match action {
        Action::Do(Command::AddPrompt { object: None, prompt }) => *prompt,
        other => panic!("an action nobody asked for: {other:?}"),
    };
    harness.state().actions.iter().map(prompt).collect()
}

#[test]
fn a_click_in_any_view_is_one_positive_prompt_in_the_voxel_under_the_pixel() {
    for plane in Plane::ALL {
        for (across, down) in [(0.13, 0.82), (0.71, 0.34), (0.52, 0.05)] {
            let mut harness = harness();
            let (world, pos) = at(&harness, plane, across, down);
            click(&mut harness, pos, PointerButton::Primary, Modifiers::NONE);
            let prompts = prompts(&harness);
            assert_eq!(prompts.len(), 1);
            assert!(prompts[0].positive);
            let grid = harness.state().document.image().grid();
            let voxel = grid.voxel_at(prompts[0].world);
            assert_eq!(voxel, Some(voxel_at(world)), "{} {across} {down}", plane.name());
            assert!(prompts[0].world.distance(world) < 1e-3, "{} {world}", prompts[0].world);
            assert_eq!(
                harness.state().view.scan.crosshair,
                prompts[0].world,
                "the crosshair follows"
            );
        }
    }
}

#[test]
fn the_neurological_picture_is_mirrored_and_clicks_with_it() {
    let mut harness = harness();
    harness.state_mut().view.prefs.convention = Convention::Neurological;
    harness.run();
    let (_, pos) = at(&harness, Plane::Coronal, 0.2, 0.4);
    let (world, _) = at(&harness, Plane::Coronal, 0.8, 0.4);
    click(&mut harness, pos, PointerButton::Primary, Modifiers::NONE);
    assert!(prompts(&harness)[0].world.distance(world) < 1e-3);
}

#[test]
fn right_click_alt_click_and_the_negative_switch_are_negative() {
    let mut harness = harness();
    let spots = [(0.3, 0.3), (0.5, 0.5), (0.7, 0.7), (0.2, 0.8)];
    let spots = spots.map(|(x, y)| at(&harness, Plane::Axial, x, y).1);
    click(&mut harness, spots[0], PointerButton::Secondary, Modifiers::NONE);
    click(&mut harness, spots[1], PointerButton::Primary, Modifiers::ALT);
    harness.state_mut().view.transient.negative = true;
    click(&mut harness, spots[2], PointerButton::Primary, Modifiers::NONE);
    harness.state_mut().view.transient.negative = false;
    click(&mut harness, spots[3], PointerButton::Primary, Modifiers::NONE);
    let signs: Vec<_> = prompts(&harness).iter().map(|p| p.positive).collect();
    assert_eq!(signs, [false, false, false, true]);
}

#[test]
fn a_double_click_is_one_prompt_and_a_click_on_a_dot_selects_it() {
    let mut harness = harness();
    harness.state_mut().apply = true;
    let (_, pos) = at(&harness, Plane::Sagittal, 0.4, 0.6);
    click(&mut harness, pos, PointerButton::Primary, Modifiers::NONE);
    click(&mut harness, pos, PointerButton::Primary, Modifiers::NONE);
    assert_eq!(prompts(&harness).len(), 1);
    assert_eq!(harness.state().view.transient.selected_prompt, None);
    harness.run_steps(60);
    click(&mut harness, pos + vec2(4.0, -4.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(prompts(&harness).len(), 1, "the dot was meant");
    let id = harness.state().document.active().unwrap().id;
    assert_eq!(harness.state().view.transient.selected_prompt, Some((id, PromptId(1))));
    harness.run_steps(60);
    click(&mut harness, pos + vec2(30.0, 0.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(prompts(&harness).len(), 2);
    assert_eq!(harness.state().view.transient.selected_prompt, None);
}

#[test]
fn a_click_outside_of_the_picture_is_passed_on_and_moves_nothing() {
    let mut harness = harness();
    let before = harness.state().view.scan.crosshair;
    let pos = pane(&harness, Plane::Axial).left_center() + vec2(12.0, 60.0);
    click(&mut harness, pos, PointerButton::Primary, Modifiers::NONE);
    let prompts = prompts(&harness);
    assert_eq!(prompts.len(), 1);
    assert_eq!(harness.state().document.image().grid().voxel_at(prompts[0].world), None);
    assert_eq!(harness.state().view.scan.crosshair, before);
    assert_eq!(harness.state().view.transient.hover, None);
}

#[test]
fn a_slow_press_without_movement_is_a_click_too() {
    let mut harness = harness();
    let (world, pos) = at(&harness, Plane::Axial, 0.6, 0.3);
    let button = PointerButton::Primary;
    let modifiers = Modifiers::NONE;
    harness.event(Event::PointerMoved(pos));
    harness.event(Event::PointerButton { pos, button, pressed: true, modifiers });
    harness.run_steps(120);
    let pos = pos + vec2(2.0, 0.0);
    harness.event(Event::PointerMoved(pos));
    harness.event(Event::PointerButton { pos, button, pressed: false, modifiers });
    harness.run();
    let prompts = prompts(&harness);
    assert_eq!(prompts.len(), 1);
    assert!(prompts[0].world.distance(world) < 1e-3, "where the finger went down");
}

#[test]
fn the_wheel_steps_one_slice_and_ten_with_shift() {
    let mut harness = harness();
    let voxel = |h: &Harness<'_, Desk>| {
        let desk = h.state();
        desk.document.image().grid().voxel_at(desk.view.scan.crosshair).unwrap()
    };
    let start = voxel(&harness);
    for (plane, axis, up) in
        [(Plane::Axial, 1, 1), (Plane::Coronal, 0, -1), (Plane::Sagittal, 2, -1)]
    {
        let here = voxel(&harness);
        harness.hover_at(pane(&harness, plane).center());
        wheel(&mut harness, 1.0, Modifiers::NONE);
        let mut expected = here;
        expected[axis] = here[axis].wrapping_add_signed(up);
        assert_eq!(voxel(&harness), expected, "{}: up is S, A or R", plane.name());
        wheel(&mut harness, -1.0, Modifiers::NONE);
    }
    assert_eq!(voxel(&harness), start);
    harness.hover_at(pane(&harness, Plane::Axial).center());
    wheel(&mut harness, 1.0, Modifiers::SHIFT);
    assert_eq!(voxel(&harness)[1], start[1] + 10);
    for _ in 0..3 {
        wheel(&mut harness, 1.0, Modifiers::SHIFT);
    }
    assert_eq!(voxel(&harness)[1], COUNT[2] - 1, "the last slice is the end");
    let canvas = harness.get_by_label("Axial view").value().unwrap();
    assert_eq!(canvas, "S 23.0 mm · 31 (0–31)");
    assert!(prompts(&harness).is_empty());
}

#[test]
fn ctrl_wheel_zooms_at_the_pointer() {
    let mut harness = harness();
    let (world, pos) = at(&harness, Plane::Coronal, 0.3, 0.2);
    harness.hover_at(pos);
    wheel(&mut harness, 3.0, Modifiers::CTRL | Modifiers::COMMAND);
    let zoom = harness.state().view.pane(Plane::Coronal).pan_zoom.unwrap();
    assert!(zoom.points_per_mm > 1.2 * 0.96 * 300.0 / 64.0, "{zoom:?}");
    let hover = harness.state().view.transient.hover.clone().unwrap();
    assert!(hover.world.distance(world) < 1e-3, "what is under the pointer stays there");
    assert_eq!(
        voxel_at(harness.state().view.scan.crosshair),
        voxel_at(world_centre()),
        "no slice stepped"
    );
}

fn world_centre() -> DVec3 {
    desk().view.scan.crosshair
}

#[test]
fn dragging_pans_by_exactly_the_drag_and_does_not_prompt() {
    for (tool, button) in [
        (tools::POINT, PointerButton::Primary),
        (tools::POINT, PointerButton::Middle),
        (tools::CROSSHAIR, PointerButton::Middle),
        (tools::WINDOW, PointerButton::Middle),
    ] {
        let mut harness = harness();
        harness.state_mut().view.prefs.tool = tool;
        let (world, pos) = at(&harness, Plane::Axial, 0.5, 0.5);
        let window = harness.state().view.scan.window;
        drag(&mut harness, pos, vec2(40.0, -25.0), button);
        let hover = harness.state().view.transient.hover.clone().unwrap();
        assert!(hover.world.distance(world) < 1e-3, "{tool:?} {button:?}: the picture came along");
        assert!(prompts(&harness).is_empty());
        assert_eq!(harness.state().view.scan.window, window);
        assert_eq!(harness.state().view.scan.crosshair, world_centre());
    }
}

#[test]
fn the_window_tool_and_right_drags_change_width_and_centre() {
    for (tool, button, changes) in [
        (tools::WINDOW, PointerButton::Primary, true),
        (tools::WINDOW, PointerButton::Secondary, true),
        (tools::CROSSHAIR, PointerButton::Secondary, true),
        (tools::POINT, PointerButton::Secondary, false),
    ] {
        let mut harness = harness();
        harness.state_mut().view.prefs.tool = tool;
        let before = harness.state().view.scan.window;
        let (_, pos) = at(&harness, Plane::Axial, 0.5, 0.5);
        drag(&mut harness, pos, vec2(60.0, 0.0), button);
        let wide = harness.state().view.scan.window;
        drag(&mut harness, pos, vec2(0.0, -30.0), button);
        let bright = harness.state().view.scan.window;
        assert!(prompts(&harness).is_empty());
        if !changes {
            assert_eq!(bright, before);
            continue;
        }
        // A tenth and a twentieth of the range of values (which holds 99 % of 0 … 16639).
        let range = 0.99 * 16_640.0;
        let off = |a: f64, b: f64| (a - b).abs() / range;
        assert!(off(wide.width - before.width, range / 10.0) < 0.005, "{wide:?}");
        assert_eq!(wide.centre, before.centre);
        assert!(off(wide.centre - bright.centre, range / 20.0) < 0.005, "{bright:?}");
        assert_eq!(bright.width, wide.width);
    }
}

#[test]
fn the_crosshair_tool_moves_the_crosshair_and_stays_in_the_scan() {
    let mut harness = harness();
    harness.state_mut().view.prefs.tool = tools::CROSSHAIR;
    let (world, pos) = at(&harness, Plane::Sagittal, 0.3, 0.7);
    click(&mut harness, pos, PointerButton::Primary, Modifiers::NONE);
    assert!(harness.state().view.scan.crosshair.distance(world) < 1e-3);
    let (_, from) = at(&harness, Plane::Axial, 0.5, 0.5);
    drag(&mut harness, from, vec2(-190.0, 0.0), PointerButton::Primary);
    let grid = harness.state().document.image().grid().clone();
    let voxel = grid.voxel_at(harness.state().view.scan.crosshair).unwrap();
    assert_eq!(voxel[2], COUNT[0] - 1 - (COUNT[0] - 1), "the rightmost column: Left grows");
    assert!(prompts(&harness).is_empty());
}

/// A document whose first object has the 4 × 1 × 1 voxels from [8, 10, 5] on, and clicks and a crop.
fn with_object(desk: &mut Desk, clicks: &[[usize; 3]]) {
    let grid = desk.document.image().grid().clone();
    for &voxel in clicks {
        let prompt = Prompt::positive(grid.world_of(voxel));
        desk.document.apply(Command::AddPrompt { object: None, prompt }).unwrap();
        let (entry, pending) = desk.document.pending().map(|(e, p)| (e, p.clone())).unwrap();
        let mut region = voxpoint::volume::RegionBuilder::new(COUNT[1]);
        let run = Run { start: grid.index([8, 10, 5]), len: 4 };
        region.push(run.start, run.len as usize);
        let region: Region = region.finish();
        // What the model looked at: 17 mm around the middle of the scan.
        let translation = grid.centre() - DVec3::splat(8.5);
        let matrix3 = DMat3::from_diagonal(DVec3::splat(17.0));
        let world_from_box = DAffine3 { matrix3, translation };
        let prompts = pending.log.prompts.clone();
        let footprint = vec![Footprint { opener: prompts[0], world_from_box }];
        let score = Some(0.9);
        let answer = Answer { prompts, footprint, score, adjustable: true, ..Answer::default() };
        let resolution = Arc::new(Resolution { answer, extensions: Vec::new(), region });
        desk.document.apply(Command::Resolve { entry, resolution }).unwrap();
    }
    let id = desk.document.active().unwrap().id;
    desk.document.apply(Command::Rename(id, "Läsion".into())).unwrap();
}

#[test]
fn hovering_reads_voxel_world_value_and_label() {
    let mut desk = desk();
    with_object(&mut desk, &[[9, 10, 5]]);
    let grid = desk.document.image().grid().clone();
    desk.view.scan.crosshair = grid.world_of([9, 10, 5]);
    let mut harness = harness_of(desk, vec2(820.0, 640.0));
    for plane in Plane::ALL {
        for (across, down) in [(0.31, 0.77), (0.93, 0.12)] {
            let (world, pos) = at(&harness, plane, across, down);
            harness.hover_at(pos);
            harness.run();
            let hover = harness.state().view.transient.hover.clone().unwrap();
            assert_eq!(hover.voxel, voxel_at(world));
            assert_eq!(hover.value, value_at(hover.voxel));
            assert!(hover.world.distance(world) < 1e-3);
            assert_eq!(hover.label, None);
            assert_eq!(harness.state().view.transient.hovered, Some(Pane::Slice(plane)));
        }
    }
    // Voxel [9, 10, 5] is 9.5 rows from the front edge and 5.5 columns from the right.
    let (_, pos) = at(&harness, Plane::Axial, 5.5 / 20.0, 9.5 / 26.0);
    harness.hover_at(pos);
    harness.run();
    let hover = harness.state().view.transient.hover.clone().unwrap();
    assert_eq!((hover.voxel, hover.label.as_deref()), ([9, 10, 5], Some("Läsion")));
    harness.remove_cursor();
    harness.run();
    assert_eq!(harness.state().view.transient.hover, None);
    assert_eq!(harness.state().view.transient.hovered, None);
}

#[test]
fn a_view_can_fill_the_window_and_come_back() {
    let mut harness = harness();
    let small = pane(&harness, Plane::Coronal);
    harness.get_by_label("Maximise Coronal view").click();
    harness.run();
    let large = pane(&harness, Plane::Coronal);
    assert!(large.width() > 1.9 * small.width() && large.height() > 1.9 * small.height());
    assert!(harness.query_by_label("Axial view").is_none());
    harness.get_by_label("Show all views").click();
    harness.run();
    assert_eq!(pane(&harness, Plane::Coronal), small);
    assert!(prompts(&harness).is_empty());
}

#[test]
fn the_slice_slider_is_a_slider() {
    let mut harness = harness();
    harness.get_by_label("Sagittal slice").set_value_accesskit(4.0);
    harness.run();
    let grid = harness.state().document.image().grid();
    assert_eq!(grid.voxel_at(harness.state().view.scan.crosshair).unwrap()[2], 4);
    // Its top is Superior, whatever the memory order says.
    let rail = harness.get_by_label("Axial slice").rect();
    drag(&mut harness, rail.center(), vec2(0.0, -rail.height()), PointerButton::Primary);
    assert!(harness.state().view.scan.crosshair.z > high(2) - SPACING.z);
    assert!(prompts(&harness).is_empty());
    assert_eq!(harness.state().view.pane(Plane::Axial).pan_zoom, None);
}

#[test]
fn dragging_in_3d_turns_and_the_wheel_zooms() {
    let mut harness = harness();
    let centre = harness.get_by_label("3D view").rect().center();
    let before = harness.state().view.scan.orbit.clone();
    drag(&mut harness, centre, vec2(50.0, 0.0), PointerButton::Primary);
    let turned = harness.state().view.scan.orbit.clone();
    assert_ne!(turned.azimuth, before.azimuth);
    wheel(&mut harness, 2.0, Modifiers::NONE);
    assert!(harness.state().view.scan.orbit.zoom > before.zoom);
    assert!(prompts(&harness).is_empty());
    assert_eq!(harness.state().view.transient.hovered, Some(Pane::Volume));
}

/// Texts on the screen with their places, once each (edges are drawn as shifted copies).
fn texts(harness: &Harness<'_, Desk>) -> Vec<(String, Rect)> {
    let mut found: Vec<(String, Rect)> = Vec::new();
    for clipped in &harness.output().shapes {
        if let egui::Shape::Text(text) = &clipped.shape {
            let rect = Rect::from_min_size(text.pos, text.galley.size());
            let same = |(t, r): &(String, Rect)| {
                *t == text.galley.text() && r.min.distance(rect.min) < 3.0
            };
            if !found.iter().any(same) {
                found.push((text.galley.text().to_owned(), rect));
            }
        }
    }
    found
}

#[test]
fn nothing_overlaps_in_panes_of_300_by_250() {
    let mut desk = desk();
    with_object(&mut desk, &[[9, 10, 5]]);
    desk.view.scan.window = voxpoint::volume::Window::new(-1234.5, 12_345.0);
    let mut harness = harness_of(desk, vec2(617.0, 517.0));
    let small = pane(&harness, Plane::Axial);
    assert!(small.width() <= 301.0 && small.height() <= 251.0, "{small}");
    harness.hover_at(small.center());
    harness.run();
    let texts = texts(&harness);
    for letter in ["R", "L", "A", "P", "S", "I"] {
        assert!(texts.iter().any(|(t, _)| t == letter), "{letter} in {texts:?}");
    }
    for word in ["AXIAL", "CORONAL", "SAGITTAL", "3D", "RADIOLOGICAL", "L −1234"] {
        assert!(texts.iter().any(|(t, _)| t.contains(word)), "{word} in {texts:?}");
    }
    let buttons = ["Axial", "Coronal", "Sagittal", "3D"].map(|n| {
        (format!("button {n}"), harness.get_by_label(&format!("Maximise {n} view")).rect())
    });
    let all: Vec<_> = texts.into_iter().chain(buttons).collect();
    for (n, (text, rect)) in all.iter().enumerate() {
        for (other, place) in &all[n + 1..] {
            let both = rect.intersect(*place);
            assert!(both.width() <= 1.0 || both.height() <= 2.5, "{text} and {other}: {both}");
        }
    }
}

#[test]
fn looking_at_everything_at_once_in_any_size_does_not_panic() {
    let mut desk = desk();
    with_object(&mut desk, &[[9, 10, 5], [12, 13, 7]]);
    desk.status.busy = Some(voxpoint::ui::Busy::Decoding);
    let mut harness = harness_of(desk, vec2(820.0, 640.0));
    for size in [vec2(820.0, 640.0), vec2(90.0, 60.0), vec2(20.0, 20.0), vec2(1900.0, 200.0)] {
        harness.set_size(size);
        harness.hover_at(pos2(15.0, 15.0));
        harness.run_steps(4);
    }
}
