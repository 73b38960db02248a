//! The 3D view under the hand: a click goes to what is seen there. On whatever adapter wgpu finds.

use std::sync::Arc;

use eframe::egui_wgpu::WgpuSetup;
use egui::{Event, Modifiers, PointerButton, Pos2, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use voxpoint::document::{Command, Document};
use voxpoint::geom::{Axis, DAffine3, DMat3, DVec3, Direction, Grid, Orbit};
use voxpoint::render::{self, Clip, ClipPlane, Mode3d, Scene};
use voxpoint::ui::views::{self, SceneSlot};
use voxpoint::ui::{Action, Pane, ShownMasks, Status, ViewState, label_styles, tools};
use voxpoint::volume::{
    Histogram, NamedRegion, Region, Scale, StoredGeometry, Volume, Voxels, Window,
};

const SIZE: [f32; 2] = [480.0, 480.0];
const DIMS: [usize; 3] = [40; 3];

struct App {
    document: Document,
    view: ViewState,
    out: Vec<Action>,
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let status = Status::default();
        views::show(ui, true, &self.document, &mut self.view, &status, &mut self.out);
    }
}

fn cube(v: [usize; 3], from: [usize; 3], side: usize) -> bool {
    (0..3).all(|a| (from[a]..from[a] + side).contains(&v[a]))
}

fn voxels() -> impl Iterator<Item = [usize; 3]> {
    (0..DIMS[2]).flat_map(|z| (0..DIMS[1]).flat_map(move |y| (0..DIMS[0]).map(move |x| [x, y, z])))
}

/// 40³ voxels of 1 mm, LPS: a solid cube of 1000 at the patient's right, front, top; a mask of 8³ at the left,
/// front, below.
fn app() -> App {
    let m = DMat3::from_diagonal(DVec3::new(-1.0, -1.0, 1.0));
    let grid = Grid::new(DIMS, DAffine3::from_mat3_translation(m, DVec3::new(20.0, 20.0, -20.0)));
    let grid = grid.unwrap();
    let values = voxels().map(|v| if cube(v, [4, 6, 26], 8) { 1000i16 } else { 0 }).collect();
    let stored = StoredGeometry::of(&grid);
    let scan =
        Volume::new("cubes", grid, DIMS.to_vec(), Voxels::I16(values), Scale::NONE, stored, vec![]);
    let mut document = Document::new(Arc::new(scan));
    let region = Region::from_mask(DIMS[0], voxels().map(|v| cube(v, [26, 8, 8], 8)));
    let label = NamedRegion {
        value: 1,
        name: Some("mask".into()),
        colour: None,
        opacity: None,
        visible: true,
        region,
        on_top: None,
    };
    document.apply(Command::Import(vec![label])).unwrap();
    let stats = document.image().stats();
    let histogram = Histogram::of(document.image(), &stats, 64);
    let mut view = ViewState::for_scan(document.image().grid(), stats, histogram);
    view.scan.window = Window::new(500.0, 1000.0);
    view.scan.maximised = Some(Pane::Volume);
    view.prefs.mode_3d = Mode3d::Iso;
    view.scan.view_3d.iso_value = 500.0;
    view.scan.view_3d.image_opacity = 1.0;
    view.scan.orbit = Orbit::looking_from(Direction { axis: Axis::Y, positive: true });
    App { document, view, out: Vec::new() }
}

fn harness() -> Harness<'static, App> {
    let WgpuSetup::CreateNew(mut setup) = egui_kittest::wgpu::default_wgpu_setup() else {
        panic!("kittest makes its own device");
    };
    setup.device_descriptor = Arc::new(render::device_descriptor);
    let mut harness = Harness::builder()
        .with_size(vec2(SIZE[0], SIZE[1]))
        .with_pixels_per_point(1.0)
        .wgpu_setup(WgpuSetup::CreateNew(setup))
        .build_eframe(move |cc| {
            let app = app();
            let state = cc.wgpu_render_state.as_ref().expect("a graphics device");
            let mut scene = Scene::new(&state.device, &state.queue, state.target_format);
            scene.set_volume(app.document.image().clone()).unwrap();
            while !scene.upload(usize::MAX) {}
            scene.set_labels(app.document.labels(), None).unwrap();
            scene.set_styles(&label_styles(&app.document, ShownMasks::Visible));
            state.renderer.write().callback_resources.insert(SceneSlot(Some(scene)));
            app
        });
    harness.run_steps(3);
    harness
}

/// The screen position of a voxel's middle.
fn place(harness: &Harness<'_, App>, voxel: [f64; 3]) -> Pos2 {
    let rect: Rect = harness.get_by_label("3D view").rect();
    let app = harness.state();
    let grid = app.document.image().grid();
    let world = grid.world(DVec3::from_array(voxel));
    let at = app.view.scan.orbit.project(grid, [rect.width().into(), rect.height().into()], world);
    rect.min + vec2(at.x as f32, at.y as f32)
}

fn click(harness: &mut Harness<'_, App>, at: Pos2, button: PointerButton, modifiers: Modifiers) {
    harness.hover_at(at);
    harness.step();
    for pressed in [true, false] {
        harness.event_modifiers(
            Event::PointerButton { pos: at, button, pressed, modifiers },
            modifiers,
        );
        harness.step();
    }
    harness.step();
}

fn prompts(harness: &mut Harness<'_, App>) -> Vec<(Option<[usize; 3]>, bool)> {
    let grid = harness.state().document.image().grid().clone();
    let out = std::mem::take(&mut harness.state_mut().out);
    out.into_iter()
        .filter_map(|action| match action {
            Action::Do(Command::AddPrompt { prompt, .. }) => {
                Some((grid.voxel_at(prompt.world), prompt.positive))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_click_moves_the_crosshair_to_what_is_seen() {
    let mut harness = harness();
    harness.state_mut().view.prefs.tool = tools::CROSSHAIR;
    let grid = harness.state().document.image().grid().clone();
    for (voxel, front, what) in
        [([8.0, 10.0, 30.0], 6.0, "scan"), ([30.0, 12.0, 12.0], 8.0, "mask")]
    {
        let at = place(&harness, voxel);
        click(&mut harness, at, PointerButton::Primary, Modifiers::NONE);
        let hit = grid.voxel(harness.state().view.scan.crosshair);
        assert!((hit.x - voxel[0]).abs() < 0.7 && (hit.z - voxel[2]).abs() < 0.7, "{what} {hit}");
        // The front face lies half a voxel before the first voxel's middle.
        assert!((hit.y - (front - 0.5)).abs() < 0.8, "{what}: {hit}");
    }
    let before = harness.state().view.scan.crosshair;
    let nothing = place(&harness, [36.0, 10.0, 36.0]);
    click(&mut harness, nothing, PointerButton::Primary, Modifiers::NONE);
    assert_eq!(
        harness.state().view.scan.crosshair,
        before,
        "where nothing is seen, nothing happens"
    );
    assert!(harness.state().out.is_empty());
}

#[test]
fn with_the_point_tool_ctrl_click_places_a_point_in_the_voxel_behind_the_surface() {
    let mut harness = harness();
    harness.state_mut().view.prefs.tool = tools::POINT;
    let mask = place(&harness, [30.0, 12.0, 12.0]);
    let ctrl = Modifiers::CTRL | Modifiers::COMMAND;
    // The hand that turns the picture places no point by accident.
    for button in [PointerButton::Primary, PointerButton::Secondary] {
        click(&mut harness, mask, button, Modifiers::NONE);
        assert!(prompts(&mut harness).is_empty(), "{button:?}");
    }
    let grid = harness.state().document.image().grid().clone();
    let seen = grid.voxel(harness.state().view.scan.crosshair);
    assert!((seen.x - 30.0).abs() < 0.7 && (seen.y - 7.5).abs() < 0.8, "the front face: {seen}");
    click(&mut harness, mask, PointerButton::Primary, ctrl);
    let placed = prompts(&mut harness);
    assert_eq!(placed.len(), 1);
    let (Some(voxel), true) = placed[0] else { panic!("{placed:?}") };
    assert!(cube(voxel, [26, 8, 8], 8) && voxel[1] == 8, "in the mask's first layer: {voxel:?}");

    let scan = place(&harness, [8.0, 10.0, 30.0]);
    click(&mut harness, scan, PointerButton::Secondary, ctrl);
    let placed = prompts(&mut harness);
    let (Some(voxel), false) = placed[0] else { panic!("{placed:?}") };
    assert!(cube(voxel, [4, 6, 26], 8), "in the bright cube: {voxel:?}");
    click(&mut harness, scan, PointerButton::Primary, ctrl | Modifiers::ALT);
    assert!(!prompts(&mut harness)[0].1, "Alt makes it negative");
}

#[test]
fn a_drag_turns_and_is_no_click_and_shift_moves_the_clip_plane() {
    let mut harness = harness();
    let centre = harness.get_by_label("3D view").rect().center();
    let drag = |harness: &mut Harness<'_, App>, by: egui::Vec2, modifiers: Modifiers| {
        harness.hover_at(centre);
        harness.step();
        let press = |pressed, pos| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers,
        };
        harness.event_modifiers(press(true, centre), modifiers);
        harness.step();
        for part in [0.5, 1.0] {
            harness.event_modifiers(Event::PointerMoved(centre + by * part), modifiers);
            harness.step();
        }
        harness.event_modifiers(press(false, centre + by), modifiers);
        harness.step();
    };
    let before = harness.state().view.scan.orbit.clone();
    drag(&mut harness, vec2(40.0, 0.0), Modifiers::NONE);
    assert!(harness.state().view.scan.orbit.azimuth != before.azimuth);
    assert!(harness.state().out.is_empty());
    let turned = harness.state().view.scan.orbit.clone();
    let plane = ClipPlane { normal: DVec3::Z, offset_mm: 0.0 };
    harness.state_mut().view.scan.view_3d.clip = Clip { plane: Some(plane), bounds: None };
    drag(&mut harness, vec2(0.0, -50.0), Modifiers::SHIFT);
    assert_eq!(harness.state().view.scan.orbit, turned, "the camera stays");
    let grid = harness.state().document.image().grid().clone();
    let mm = turned.mm_per_pixel(&grid, [SIZE[0].into(), SIZE[1].into()]);
    let offset = harness.state().view.scan.view_3d.clip.plane.unwrap().offset_mm;
    assert!((offset - 50.0 * mm).abs() < 1.0, "it follows the hand upwards: {offset}");
}

#[test]
fn the_cubes_letters_look_from_their_side() {
    let mut harness = harness();
    harness.state_mut().view.scan.orbit = Orbit::default();
    harness.run_steps(2);
    harness.get_by_label("Look from left").click();
    harness.run_steps(2);
    let expected = Orbit::looking_from(Direction { axis: Axis::X, positive: false });
    assert_eq!(harness.state().view.scan.orbit.azimuth, expected.azimuth);
    assert!(harness.query_by_label("Look from right").is_none(), "it is behind the cube");
    assert!(harness.query_by_label("Look from superior").is_some());
}
