//! The real window, driven through its accessibility tree, and the user's verbs.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use egui::{Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DVec2, DVec3, Plane};
use voxpoint::segment::{Installed, ModelRef, Models};
use voxpoint::ui::views::SliceTransform;
use voxpoint::ui::{ModelStatus, RuntimeStatus};

pub fn sample() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample");
    let text = std::fs::read_to_string(folder.join("sample.json")).expect("assets/sample");
    let json: serde_json::Value = serde_json::from_str(&text).expect("assets/sample");
    folder.join(json["image"].as_str().expect("image"))
}

/// Where the README clicks.
pub fn sample_click() -> DVec3 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample");
    let text = std::fs::read_to_string(folder.join("sample.json")).expect("assets/sample");
    let json: serde_json::Value = serde_json::from_str(&text).expect("assets/sample");
    let click = json["clicks"][0].as_str().expect("a click");
    let numbers: Vec<f64> = click.split(',').take(3).map(|c| c.parse().expect("mm")).collect();
    DVec3::new(numbers[0], numbers[1], numbers[2])
}

pub fn window(paths: Vec<PathBuf>) -> Harness<'static, App> {
    window_with(paths, None)
}

pub fn window_with(paths: Vec<PathBuf>, model: Option<PathBuf>) -> Harness<'static, App> {
    window_on(paths, model.map(ModelRef::Path), Box::new(Installed))
}

/// The window with models from elsewhere. Nothing is kept that is not saved.
pub fn window_on(
    paths: Vec<PathBuf>,
    model: Option<ModelRef>,
    models: Box<dyn Models>,
) -> Harness<'static, App> {
    window_that_keeps(paths, model, models, None)
}

/// The window with a folder for drafts.
pub fn window_that_keeps(
    paths: Vec<PathBuf>,
    model: Option<ModelRef>,
    models: Box<dyn Models>,
    drafts: Option<PathBuf>,
) -> Harness<'static, App> {
    window_made(paths, model, models, |app| app.keep_drafts_in(drafts))
}

/// The window with what it keeps where the test wants it.
pub fn window_made(
    paths: Vec<PathBuf>,
    model: Option<ModelRef>,
    models: Box<dyn Models>,
    make: impl FnOnce(App) -> App,
) -> Harness<'static, App> {
    let mut setup = egui_kittest::wgpu::default_wgpu_setup();
    if let eframe::egui_wgpu::WgpuSetup::CreateNew(new) = &mut setup {
        new.device_descriptor = Arc::new(voxpoint::render::device_descriptor);
    }
    Harness::builder()
        .with_size(vec2(1280.0, 800.0))
        .with_pixels_per_point(1.0)
        .wgpu_setup(setup)
        .build_eframe(move |cc| {
            let app = App::with_models(cc, paths, model, models).expect("threads").type_paths();
            make(app)
        })
}

/// Steps frames until `done`, for at most a minute.
pub fn wait(harness: &mut Harness<'_, App>, what: &str, done: impl Fn(&App) -> bool) {
    for _ in 0..3000 {
        harness.step();
        if done(harness.state()) {
            harness.run_steps(3);
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let messages: Vec<_> = harness.state().messages().collect();
    panic!("waited a minute for {what}; messages: {messages:?}");
}

pub fn opened() -> Harness<'static, App> {
    opened_with(sample(), None)
}

pub fn opened_with(scan: PathBuf, model: Option<PathBuf>) -> Harness<'static, App> {
    let mut harness = window_with(vec![scan], model);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    wait(&mut harness, "the model", |app| {
        if let RuntimeStatus::Missing(why) = &app.status().runtime {
            panic!("no ONNX Runtime, run scripts/test: {why}");
        }
        matches!(app.status().model, ModelStatus::Ready { .. })
    });
    harness
}

pub fn view_name(plane: Plane) -> String {
    format!("{} view", plane.name())
}

/// The screen position of a world point in a slice view whose slice shows it.
pub fn place(harness: &Harness<'_, App>, plane: Plane, world: DVec3) -> Pos2 {
    let rect = harness.get_by_label(&view_name(plane)).rect();
    let view = harness.state().view();
    let grid = harness.state().document().expect("open").image().grid();
    let pane = DVec2::new(f64::from(rect.width()), f64::from(rect.height()));
    let slice = view.slice(grid, plane);
    let transform = SliceTransform::new(
        grid,
        plane,
        view.prefs.convention,
        None,
        view.pane(plane).pan_zoom,
        pane,
        slice,
    );
    let at = transform.pane_from_world(world);
    rect.min + vec2(at.x as f32, at.y as f32)
}

pub fn click(harness: &mut Harness<'_, App>, plane: Plane, world: DVec3, button: PointerButton) {
    harness.state_mut().look_at(world);
    harness.run_steps(2);
    let at = place(harness, plane, world);
    harness.hover_at(at);
    harness.step();
    for pressed in [true, false] {
        harness.event(egui::Event::PointerButton {
            pos: at,
            button,
            pressed,
            modifiers: Modifiers::NONE,
        });
        harness.step();
    }
}

/// A file as the window system hands it over.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}

pub fn drop_file(harness: &mut Harness<'_, App>, path: PathBuf) {
    harness.input_mut().dropped_files.push(Arc::new(Dropped(path)));
}

pub fn type_path(harness: &mut Harness<'_, App>, path: &Path) {
    harness.run_steps(3);
    let field = harness.get_by_label("Path");
    field.focus();
    field.type_text(&path.to_string_lossy());
    harness.run_steps(2);
}

/// Ctrl+Shift+S, the path, OK.
pub fn save_as(harness: &mut Harness<'_, App>, path: &Path) {
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, egui::Key::S);
    harness.run_steps(3);
    let field = harness.get_by_label("Path");
    field.focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, egui::Key::A);
    harness.step();
    type_path(harness, path);
    harness.get_by_label("OK").click();
    harness.run_steps(2);
    wait(harness, "the file", App::is_idle);
}

/// How many pixels of a view have the first object's orange over the scan's grey.
pub fn orange(harness: &mut Harness<'_, App>, plane: Plane) -> usize {
    let rect = harness.get_by_label(&view_name(plane)).rect();
    let picture = harness.render().expect("a picture");
    let inside = |x: u32, y: u32| rect.contains(Pos2::new(x as f32, y as f32));
    let tinted = |p: &image::Rgba<u8>| {
        p[0] > 100 && p[0] > p[2].saturating_add(50) && p[1] > p[2] && p[0] > p[1]
    };
    picture.enumerate_pixels().filter(|(x, y, p)| inside(*x, *y) && tinted(p)).count()
}

pub fn voxels(app: &App) -> Vec<usize> {
    app.document().expect("open").objects().iter().map(|o| o.region.count()).collect()
}

/// Moves the pointer over a place in a slice view, without a click.
pub fn hover(harness: &mut Harness<'_, App>, plane: Plane, world: DVec3) {
    harness.state_mut().look_at(world);
    harness.run_steps(2);
    let at = place(harness, plane, world);
    harness.hover_at(at);
    harness.step();
}

/// The pointer leaves the views.
pub fn look_away(harness: &mut Harness<'_, App>) {
    harness.hover_at(Pos2::new(640.0, 12.0));
    harness.run_steps(3);
}
