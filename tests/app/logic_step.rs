//! How long the UI thread is kept by one step of the app's logic, at full size. A measurement, not a test of
//! time: it prints what it finds.
//!
//! `cargo test --release --test app -- logic_step --ignored --nocapture`

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use egui::{Modifiers, PointerButton, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::cli::bench::synthetic;
use voxpoint::ui::{ModelStatus, PreviewStatus};

type Window = Harness<'static, App>;

fn window(path: &Path) -> Window {
    let mut setup = egui_kittest::wgpu::default_wgpu_setup();
    if let eframe::egui_wgpu::WgpuSetup::CreateNew(new) = &mut setup {
        new.device_descriptor = Arc::new(voxpoint::render::device_descriptor);
    }
    let paths = vec![path.to_owned()];
    Harness::builder()
        .with_size(vec2(1280.0, 800.0))
        .with_pixels_per_point(1.0)
        .wgpu_setup(setup)
        .build_eframe(move |cc| App::new(cc, paths, None).expect("threads").type_paths())
}

/// Steps until `done`, and prints the longest step of the app's logic since the last call.
fn phase(window: &mut Window, name: &str, done: impl Fn(&App) -> bool) {
    let mut steps = 0;
    while steps < 20 || !done(window.state()) {
        window.step();
        steps += 1;
        assert!(steps < 20_000, "waited too long for {name}");
        std::thread::sleep(Duration::from_millis(5));
    }
    let longest = window.state_mut().take_longest_step();
    println!("{name:<28} longest step {:5.1} ms", longest.as_secs_f64() * 1e3);
}

fn click(window: &mut Window, offset: f32) {
    let pos = window.get_by_label("Axial view").rect().center() + vec2(offset, 0.0);
    window.hover_at(pos);
    window.step();
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        window.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
        window.step();
    }
}

#[test]
#[ignore = "a measurement"]
fn longest_steps_at_512_512_300() {
    let folder = tempfile::tempdir().expect("temp folder");
    let path = folder.path().join("scan.nii.gz");
    synthetic::write(&path, [512, 512, 300]).expect("a scan");
    let mut window = window(&path);
    let ready = |app: &App| matches!(app.status().model, ModelStatus::Ready { .. });
    phase(&mut window, "start, open, upload", |app| app.document().is_some() && ready(app));
    for (n, offset) in [0.0, 25.0, -25.0].into_iter().enumerate() {
        click(&mut window, offset);
        phase(&mut window, &format!("click {}", n + 1), App::is_idle);
    }
    let at = window.get_by_label("Axial view").rect().center() + vec2(0.0, 30.0);
    window.hover_at(at);
    let shown = |app: &App| app.status().preview == PreviewStatus::Shown;
    phase(&mut window, "preview at rest", shown);
    for step in 1..8u8 {
        window.hover_at(at + vec2(f32::from(step) * 4.0, 0.0));
        let name = format!("preview on the move {step}");
        phase(&mut window, &name, shown);
    }
    window.hover_at(window.get_by_role_and_label(egui::Role::Slider, "Threshold").rect().center());
    phase(&mut window, "preview goes", |app| !shown(app));
    let slider = window.get_by_role_and_label(egui::Role::Slider, "Threshold");
    slider.set_value_accesskit(0.2);
    phase(&mut window, "threshold", App::is_idle);
    let undo = Modifiers::COMMAND;
    for (name, modifiers) in [("undo", undo), ("redo", undo | Modifiers::SHIFT)] {
        window.key_press_modifiers(modifiers, egui::Key::Z);
        phase(&mut window, name, App::is_idle);
    }
    let voxels = window.state().document().expect("open").objects()[0].region.count();
    println!("mask of {voxels} voxels");
}
