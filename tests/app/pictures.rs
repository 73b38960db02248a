//! Pictures and films from the real window: what is copied or saved is what the window shows, and what
//! `voxpoint render` draws.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::support::{type_path, wait, window};
use egui::{Key, Modifiers, OutputCommand, Rect};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use image::{Rgba, RgbaImage};
use voxpoint::app::App;
use voxpoint::geom::{Axis, DVec3, Direction};
use voxpoint::render::Mode3d;
use voxpoint::ui::{FilmOptions, PictureOptions, PictureSize};

fn opened() -> Harness<'static, App> {
    let mut harness = window(vec![crate::support::sample()]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    settle(&mut harness);
    harness
}

/// Until everything is uploaded and the 3D view has its full picture.
fn settle(harness: &mut Harness<'_, App>) {
    for _ in 0..12 {
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn view(harness: &Harness<'_, App>, name: &str) -> Rect {
    harness.get_by_label(name).rect()
}

fn shown(harness: &mut Harness<'_, App>, rect: Rect) -> RgbaImage {
    let picture = harness.render().expect("a picture");
    let [x, y, w, h] =
        [rect.min.x, rect.min.y, rect.width(), rect.height()].map(|n| n.round() as u32);
    image::imageops::crop_imm(&picture, x, y, w, h).to_image()
}

/// `voxpoint render` of the sample.
fn rendered(more: &[&str]) -> RgbaImage {
    rendered_of(crate::support::sample(), more)
}

/// `voxpoint render` of a scan.
fn rendered_of(scan: PathBuf, more: &[&str]) -> RgbaImage {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("p.png");
    let mut arguments: Vec<OsString> = vec!["voxpoint".into(), "render".into(), scan.into()];
    arguments.extend(["--out".into(), out.clone().into_os_string()]);
    arguments.extend(more.iter().map(OsString::from));
    assert_eq!(voxpoint::cli::run(arguments), ExitCode::SUCCESS);
    image::open(&out).unwrap().to_rgba8()
}

/// How many pixels differ by more than a rounding, outside of the corner where the window has a button.
fn different(a: &RgbaImage, b: &RgbaImage) -> usize {
    assert_eq!(a.dimensions(), b.dimensions());
    let button = |x: u32, y: u32| y < 28 && x + 28 > a.width();
    let far = |a: &Rgba<u8>, b: &Rgba<u8>| (0..3).any(|n| a[n].abs_diff(b[n]) > 1);
    a.enumerate_pixels().filter(|(x, y, p)| !button(*x, *y) && far(p, b.get_pixel(*x, *y))).count()
}

/// Draws the window until a view shows this picture; says how many pixels differ in the end. A full picture
/// of the 3D view takes several frames.
fn still_different(harness: &mut Harness<'_, App>, rect: Rect, headless: &RgbaImage) -> usize {
    let mut left = usize::MAX;
    for _ in 0..150 {
        harness.step();
        let window = shown(harness, rect);
        left = different(&window, headless);
        if left == 0 {
            break;
        }
    }
    left
}

fn numbers(at: DVec3) -> String {
    format!("{},{},{}", at.x, at.y, at.z)
}

#[test]
fn the_headless_picture_is_the_windows_picture() {
    let mut harness = opened();
    // Text of a busy window (a ring at the pointer) is none of the picture's.
    harness.state_mut().view_mut().prefs.show_preview = false;
    for (key, name, flag) in [
        (Key::Num1, "Axial view", "axial"),
        (Key::Num2, "Sagittal view", "sagittal"),
        (Key::Num3, "Coronal view", "coronal"),
        (Key::Num4, "3D view", "3d"),
    ] {
        harness.key_press(key);
        settle(&mut harness);
        let rect = view(&harness, name);
        let window = shown(&mut harness, rect);
        let size = format!("{}x{}", window.width(), window.height());
        let at = numbers(harness.state().view().scan.crosshair);
        let headless = rendered(&["--view", flag, "--size", &size, "--at", &at]);
        let lit = window.pixels().filter(|p| p[0] > 40).count();
        assert!(lit > 10_000, "{name}: {lit} pixels are lit");
        assert_eq!(still_different(&mut harness, rect, &headless), 0, "{name}");
    }
}

#[test]
fn what_is_set_in_the_window_has_its_flags() {
    let mut harness = opened();
    let side = Direction { axis: Axis::X, positive: false };
    let view_state = harness.state_mut().view_mut();
    view_state.look_from(side);
    view_state.scan.orbit.perspective = true;
    view_state.prefs.mode_3d = Mode3d::Iso;
    view_state.scan.view_3d.iso_value = 180.0;
    harness.key_press(Key::Num4);
    settle(&mut harness);
    let rect = view(&harness, "3D view");
    let window = shown(&mut harness, rect);
    let size = format!("{}x{}", window.width(), window.height());
    let at = numbers(harness.state().view().scan.crosshair);
    let flags = [
        "--view",
        "3d",
        "--size",
        &size,
        "--at",
        &at,
        "--camera",
        "L",
        "--perspective",
        "--iso",
        "180",
    ];
    assert_eq!(still_different(&mut harness, rect, &rendered(&flags)), 0);
}

fn copied(harness: &mut Harness<'_, App>) -> egui::ColorImage {
    for _ in 0..1500 {
        harness.step();
        let commands = &harness.output().platform_output.commands;
        if let Some(OutputCommand::CopyImage(image)) =
            commands.iter().find(|c| matches!(c, OutputCommand::CopyImage(_)))
        {
            return image.clone();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("nothing was copied");
}

#[test]
fn a_key_copies_the_view_under_the_pointer_without_waiting() {
    let mut harness = opened();
    let rect = view(&harness, "Coronal view");
    let still = shown(&mut harness, rect);
    harness.hover_at(rect.center());
    harness.step();
    let _ = harness.state_mut().take_longest_step();
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
    let image = copied(&mut harness);
    assert_eq!(image.size, [still.width() as usize, still.height() as usize]);
    let pixels = image.pixels.iter().flat_map(egui::Color32::to_array).collect();
    let copy = RgbaImage::from_raw(still.width(), still.height(), pixels).unwrap();
    assert_eq!(different(&still, &copy), 0);
    let longest = harness.state_mut().take_longest_step();
    assert!(longest.as_millis() < 500, "the window waited: {longest:?}");
}

#[test]
fn both_sides_are_in_what_is_copied_and_in_the_headless_picture() {
    let folder = tempfile::tempdir().unwrap();
    let scan = crate::brush::scan(folder.path());
    let second = crate::side_by_side::second(folder.path());
    let labels = crate::side_by_side::second_labels(folder.path());
    let mut harness = window(vec![scan.clone()]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    harness.state_mut().view_mut().prefs.show_preview = false;
    harness.state_mut().show_beside(second.clone(), None);
    harness.state_mut().compare_with(labels.clone());
    wait(&mut harness, "the labels", |app| app.view().scan.beside.labels.is_some());
    harness.key_press(Key::Num1);
    settle(&mut harness);
    let sides = ["Axial view", "Axial view, right side"].map(|name| view(&harness, name));
    let both = sides[0].union(sides[1]);
    let size = format!("{}x{}", both.width().round(), both.height().round());
    let at = numbers(harness.state().view().scan.crosshair);
    let [beside, compare] = [&second, &labels].map(|path| path.to_str().unwrap());
    let flags = ["--view", "axial", "--size", &size, "--at", &at];
    let more = [&flags[..], &["--beside", beside, "--compare", compare]].concat();
    let headless = rendered_of(scan, &more);
    for rect in sides {
        let inside = rect.translate(-both.min.to_vec2());
        let [x, y, w, h] =
            [inside.min.x, inside.min.y, inside.width(), inside.height()].map(|n| n.round() as u32);
        let part = image::imageops::crop_imm(&headless, x, y, w, h).to_image();
        assert!(part.pixels().filter(|p| p[0] > 40).count() > 10_000, "{rect} is empty");
        assert_eq!(still_different(&mut harness, rect, &part), 0, "{rect}");
    }
    harness.hover_at(sides[0].center());
    harness.step();
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
    let image = copied(&mut harness);
    assert_eq!(image.size, [headless.width() as usize, headless.height() as usize]);
    let pixels = image.pixels.iter().flat_map(egui::Color32::to_array).collect();
    let copy = RgbaImage::from_raw(headless.width(), headless.height(), pixels).unwrap();
    assert_eq!(different(&headless, &copy), 0);
}

/// Waits for the message that a file was saved.
fn saved(harness: &mut Harness<'_, App>, path: &Path) {
    wait(harness, "the file", |app| app.messages().any(|m| m.contains("Saved")) && app.is_idle());
    assert!(path.is_file(), "{}", path.display());
}

#[test]
fn a_picture_is_saved_at_the_size_and_with_the_annotations_that_were_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened();
    let at = numbers(harness.state().view().scan.crosshair);
    let area = harness.state().view().transient.screen.area;
    harness.state_mut().view_mut().prefs.picture =
        PictureOptions { view: None, size: PictureSize::Screen(1), annotated: false };
    harness.key_press_modifiers(Modifiers::COMMAND, Key::P);
    harness.run_steps(3);
    harness.get_by_label_contains("Save as PNG").click();
    harness.run_steps(3);
    let path = folder.path().join("views.png");
    harness.get_by_label("Path").focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.step();
    type_path(&mut harness, &path);
    harness.get_by_label("OK").click();
    saved(&mut harness, &path);
    let picture = image::open(&path).unwrap().to_rgba8();
    let size = format!("{}x{}", area[0], area[1]);
    assert_eq!(format!("{}x{}", picture.width(), picture.height()), size);
    let headless = rendered(&["--size", &size, "--at", &at, "--plain"]);
    assert_eq!(different(&picture, &headless), 0);
    assert!(harness.query_by_label_contains("Save as PNG").is_none(), "the window has closed");
}

#[test]
fn a_turn_is_filmed_and_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened();
    let view = harness.state_mut().view_mut();
    view.prefs.film =
        FilmOptions { size: [96, 64], frames: 3, seconds: 1.0, ..FilmOptions::default() };
    for (name, cancel) in [("turn.png", false), ("long.png", true)] {
        if cancel {
            harness.state_mut().view_mut().prefs.film.frames = 360;
        }
        harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
        harness.run_steps(3);
        harness.get_by_label_contains("Record…").click();
        harness.run_steps(3);
        let path = folder.path().join(name);
        harness.get_by_label("Path").focus();
        harness.run_steps(2);
        harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        harness.step();
        type_path(&mut harness, &path);
        harness.get_by_label("OK").click();
        if cancel {
            wait(&mut harness, "the first pictures", |app| {
                app.status().drawing.as_ref().is_some_and(|d| d.done > 0)
            });
            harness.get_by_label("Cancel drawing").click();
            wait(&mut harness, "the end", |app| app.status().drawing.is_none() && app.is_idle());
            assert!(!path.exists(), "half a film is none");
        } else {
            saved(&mut harness, &path);
            let file = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
            let decoder = image::codecs::png::PngDecoder::new(file).unwrap();
            assert!(decoder.is_apng().unwrap());
        }
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
