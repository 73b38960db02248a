//! What a scan took is given back when another one is opened: in our own hands, on the graphics device, and (measured,
//! not asserted) in the process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use crate::support::{type_path, wait};
use eframe::egui_wgpu::RenderState;
use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::io::save_float32;
use voxpoint::volume::Volume;

/// A ball in a scan of so many voxels.
fn write(path: &Path, dims: [usize; 3]) {
    let middle = DVec3::from_array(dims.map(|n| n as f64 / 2.0));
    let grid = Grid::new(dims, DAffine3::from_scale(DVec3::splat(1.5))).unwrap();
    let value = |n: usize| {
        let at = [n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]];
        let away = DVec3::from_array(at.map(|v| v as f64)).distance(middle);
        let noise = (n.wrapping_mul(2_654_435_761) >> 7 & 31) as f32;
        if away < dims[0] as f64 / 2.5 { 40.0 + noise } else { -900.0 + noise }
    };
    let values: Vec<f32> = (0..grid.count()).map(value).collect();
    save_float32(path, dims, &values, grid.world_from_voxel()).unwrap();
}

fn scans(folder: &Path, sizes: [[usize; 3]; 3]) -> [PathBuf; 3] {
    std::array::from_fn(|n| {
        let path = folder.join(format!("scan{n}.nii"));
        write(&path, sizes[n]);
        path
    })
}

/// The window, and what it draws with.
fn window(first: PathBuf) -> (Harness<'static, App>, RenderState) {
    let mut setup = egui_kittest::wgpu::default_wgpu_setup();
    if let eframe::egui_wgpu::WgpuSetup::CreateNew(new) = &mut setup {
        new.device_descriptor = Arc::new(voxpoint::render::device_descriptor);
    }
    let seen = Arc::new(Mutex::new(None));
    let show = Arc::clone(&seen);
    let harness = Harness::builder()
        .with_size(vec2(700.0, 500.0))
        .with_pixels_per_point(1.0)
        .wgpu_setup(setup)
        .build_eframe(move |cc| {
            show.lock().unwrap().clone_from(&cc.wgpu_render_state);
            App::new(cc, vec![first], None).expect("threads").type_paths()
        });
    let state = seen.lock().unwrap().take().expect("a graphics device");
    (harness, state)
}

fn name(app: &App) -> String {
    app.document().map_or(String::new(), |d| d.image().name().to_owned())
}

/// Ctrl+O, the path, OK; then pictures of all views, until all of the scan is on the device.
fn open(harness: &mut Harness<'_, App>, path: &Path) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::O);
    type_path(harness, path);
    harness.get_by_label("OK").click();
    harness.run_steps(2);
    let wanted = path.file_name().unwrap().to_string_lossy().into_owned();
    wait(harness, "the scan", |app| name(app) == wanted && app.is_idle());
    look(harness);
}

fn look(harness: &mut Harness<'_, App>) {
    for _ in 0..6 {
        harness.run_steps(4);
        // On a machine that is busy a picture may take longer than is waited for.
        let _ = harness.render();
    }
}

/// What of ours lives on the device.
fn held(state: &RenderState) -> Vec<(&'static str, usize)> {
    // What was dropped goes when the device has done its work.
    state.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let report = state.instance.generate_report().expect("wgpu-core");
    let hub = report.hub_report();
    let kinds = [
        ("textures", &hub.textures),
        ("texture views", &hub.texture_views),
        ("buffers", &hub.buffers),
        ("bind groups", &hub.bind_groups),
        ("pipelines", &hub.render_pipelines),
        ("samplers", &hub.samplers),
    ];
    kinds.map(|(kind, report)| (kind, report.num_kept_from_user)).to_vec()
}

#[test]
fn another_scan_takes_the_place_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let paths = scans(folder.path(), [[40, 36, 30], [33, 41, 24], [48, 20, 37]]);
    let (mut harness, state) = window(paths[0].clone());
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    look(&mut harness);
    let mut before: Vec<Weak<Volume>> = Vec::new();
    let mut counts = Vec::new();
    for round in 0..4 {
        for path in paths.iter().rev() {
            before.push(Arc::downgrade(harness.state().document().unwrap().image()));
            open(&mut harness, path);
            let alive = before.iter().filter(|volume| volume.strong_count() > 0).count();
            assert_eq!(alive, 0, "round {round}: a scan that was closed is still held");
        }
        counts.push(held(&state));
    }
    // The first round has made what every scan needs (pipelines, the font's letters).
    // Something that is about to go may be counted once, but not with every one of six scans.
    for (before, after) in counts[1].iter().zip(&counts[3]) {
        assert!(after.1 < before.1 + 3, "{}: {counts:?}", before.0);
    }
}

#[test]
fn a_graphics_device_that_is_lost_costs_another_window_and_no_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.nii");
    write(&path, [40, 36, 30]);
    let (mut harness, state) = window(path);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    harness.key_press(Key::N);
    harness.run_steps(3);
    assert!(harness.state().document().unwrap().is_modified());
    state.device.destroy();
    let _ = state.device.poll(wgpu::PollType::Poll);
    harness.run_steps(3);
    assert!(harness.state().lost_graphics(), "nobody noticed");
    let app = harness.into_state();
    let mut again = Harness::builder()
        .with_size(vec2(700.0, 500.0))
        .wgpu()
        .build_eframe(move |cc| app.reopened(cc));
    again.run_steps(3);
    let app = again.state();
    assert!(!app.lost_graphics());
    let document = app.document().expect("the scan is still open");
    assert!(document.is_modified() && document.objects().len() == 1, "work was lost");
    assert!(app.messages().any(|m| m.contains("the window was opened again")));
    // Threads wake the window that is open now, and the scan goes to the new device.
    wait(&mut again, "rest", App::is_idle);
    again.render().expect("a picture");
}

/// Megabytes that are in memory: all, and those that are no file's.
#[cfg(target_os = "linux")]
fn resident() -> [f64; 2] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    ["VmRSS:", "RssAnon:"].map(|name| {
        let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() * 1024.0 / 1e6
    })
}

/// `cargo nextest run --release --run-ignored only --no-capture --test app memory::`: the curve of benches/README.md.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "measures; takes minutes"]
fn memory_by_the_number_of_scans_opened() {
    let times = std::env::var("VOXPOINT_OPENINGS").ok().and_then(|n| n.parse().ok()).unwrap_or(96);
    let folder = tempfile::tempdir().unwrap();
    let paths = scans(folder.path(), [[160, 160, 60], [128, 128, 96], [192, 192, 40]]);
    let (mut harness, state) = window(paths[0].clone());
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    look(&mut harness);
    for n in 0..=times {
        if n % 12 == 0 {
            let [all, own] = resident();
            println!(
                "{n:4} openings: {all:.0} MB, {own:.0} MB of it no file's; {:?}",
                held(&state)
            );
        }
        open(&mut harness, &paths[(n + 1) % 3]);
    }
}
