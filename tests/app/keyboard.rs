//! The real window: keyboard, languages, scale, history, log, recent files, saving before leaving.

use std::path::{Path, PathBuf};

use crate::support::{drop_file, sample, type_path, wait, window};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use voxpoint::app::App;
use voxpoint::ui::text::Language;
use voxpoint::ui::theme::Theme;

fn opened() -> Harness<'static, App> {
    let mut harness = window(vec![sample()]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    harness
}

fn labels() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample/ct_thorax_cta_label.nii.gz")
}

/// With something in the history: labels, and a change of a name.
fn changed() -> Harness<'static, App> {
    let mut harness = opened();
    drop_file(&mut harness, labels());
    harness.step();
    wait(&mut harness, "the labels", |app| {
        app.document().is_some_and(|d| !d.objects().is_empty()) && app.is_idle()
    });
    harness.key_press(Key::N);
    harness.run_steps(2);
    assert!(harness.state().document().expect("open").is_modified());
    harness
}

fn ctrl(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press_modifiers(Modifiers::COMMAND, key);
    harness.run_steps(3);
}

#[test]
fn the_history_is_a_list_to_go_to() {
    let mut harness = changed();
    ctrl(&mut harness, Key::H);
    harness.get_by_label_contains("1 Open label map");
    let objects = |h: &Harness<'_, App>| h.state().document().expect("open").objects().len();
    let all = objects(&harness);
    harness.get_by_label("0 As opened").click();
    harness.run_steps(3);
    assert_eq!(objects(&harness), 0);
    harness.get_by_label_contains("2 New object · Object ").click();
    harness.run_steps(3);
    assert_eq!(objects(&harness), all, "and forth again");
    harness.get_by_label_contains("1 Open label map").click();
    harness.run_steps(3);
    assert_eq!(objects(&harness), all - 1);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(harness.query_by_label("0 As opened").is_none(), "Esc closes it");
}

#[test]
fn the_log_has_what_was_said() {
    let mut harness = changed();
    harness.key_press(Key::F12);
    harness.run_steps(3);
    harness.get_by_label_contains("info     ct_thorax_cta_label.nii.gz");
    let field = harness.get_by_role_and_label(Role::TextInput, "Filter");
    field.focus();
    field.type_text("no such thing");
    harness.run_steps(3);
    harness.get_by_label("Nothing to show");
    assert!(harness.query_by_label_contains("info     ct_thorax").is_none());
}

#[test]
fn save_first_saves_and_then_leaves() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = changed();
    ctrl(&mut harness, Key::W);
    harness.get_by_label("Save mask, then go on").click();
    harness.run_steps(3);
    // Called off: everything stays.
    harness.get_by_label("Cancel").click();
    harness.run_steps(4);
    let app = harness.state();
    assert!(app.document().is_some() && !app.status().ask_discard);
    ctrl(&mut harness, Key::W);
    harness.get_by_label("Save mask, then go on").click();
    harness.run_steps(3);
    let path = temp.path().join("mask.nii.gz");
    let field = harness.get_by_label("Path");
    field.focus();
    harness.run_steps(2);
    ctrl(&mut harness, Key::A);
    type_path(&mut harness, &path);
    harness.get_by_label("OK").click();
    harness.run_steps(2);
    wait(&mut harness, "the welcome page", |app| app.document().is_none());
    assert!(path.is_file());
    harness.get_by_label_contains("or drop files here");
    // And a scan can be opened again.
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    wait(&mut harness, "the sample", |app| app.document().is_some());
    assert!(harness.state().document().expect("open").objects().is_empty());
}

#[test]
fn recent_files_are_in_the_menu_and_can_be_forgotten() {
    let mut harness = opened();
    let name = "ct_thorax_cta.nii.gz";
    assert_eq!(harness.state().status().recent.len(), 1);
    ctrl(&mut harness, Key::W);
    harness.get_by_label_contains("Take ct_thorax_cta").click();
    harness.run_steps(3);
    assert!(harness.state().status().recent.is_empty() && harness.query_by_label(name).is_none());
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    wait(&mut harness, "the sample", |app| app.document().is_some() && app.is_idle());
    harness.get_by_label("File").click();
    harness.run_steps(3);
    harness.get_by_label("Open recent").hover();
    harness.run_steps(20);
    harness.get_by_label("Clear this list").click();
    harness.run_steps(3);
    assert!(harness.state().status().recent.is_empty());
}

#[test]
fn the_menus_can_be_reached_by_keyboard() {
    let mut harness = opened();
    let press = |harness: &mut Harness<'_, App>, key| {
        harness.key_press(key);
        harness.run_steps(3);
    };
    press(&mut harness, Key::F10);
    assert!(harness.get_by_label("File").is_focused());
    press(&mut harness, Key::ArrowRight);
    assert!(harness.get_by_label("Edit").is_focused());
    press(&mut harness, Key::ArrowRight);
    press(&mut harness, Key::Enter);
    let entry = harness.get_by_label("Neurological convention");
    entry.focus();
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().view().prefs.convention, voxpoint::geom::Convention::Neurological);
}

#[test]
fn the_arrow_keys_stay_in_the_menu_that_f10_leads_to() {
    let mut harness = opened();
    let press = |harness: &mut Harness<'_, App>, key| {
        harness.key_press(key);
        harness.run_steps(6);
    };
    let focused = |harness: &Harness<'_, App>, label: &str| {
        harness.get_all_by_label(label).any(|node| node.is_focused())
    };
    let before = harness.state().view().scan.crosshair;
    press(&mut harness, Key::F10);
    press(&mut harness, Key::ArrowDown);
    assert!(focused(&harness, "Open…"), "Down opens the menu at its first entry");
    press(&mut harness, Key::ArrowDown);
    assert!(focused(&harness, "Open sample scan"));
    for _ in 0..2 {
        press(&mut harness, Key::ArrowUp);
    }
    assert!(focused(&harness, "Quit"), "round and round");
    // Back to the bar, and on to the next menu, which is open then.
    press(&mut harness, Key::ArrowLeft);
    assert!(focused(&harness, "File"));
    press(&mut harness, Key::ArrowRight);
    assert!(focused(&harness, "Edit"));
    press(&mut harness, Key::ArrowDown);
    assert!(focused(&harness, "History"), "the first entry that does something");
    press(&mut harness, Key::Escape);
    assert!(harness.query_by_label("History").is_none());
    assert_eq!(harness.state().view().scan.crosshair, before, "no slice was stepped meanwhile");
}

#[test]
fn messages_lie_below_the_windows_that_are_read() {
    let mut harness = opened();
    harness.key_press(Key::F1);
    harness.run_steps(4);
    // Comes later than the window.
    drop_file(&mut harness, PathBuf::from("/nowhere/scan.nii.gz"));
    harness.step();
    wait(&mut harness, "the error", |app| app.messages().next().is_some());
    harness.run_steps(4);
    let order: Vec<egui::LayerId> = harness.ctx.memory(|m| m.layer_ids().collect());
    let at = |name: &str| {
        let id = egui::Id::unique(name);
        order.iter().position(|layer| layer.id == id).expect("it is there")
    };
    assert!(at("toasts") < at("shortcuts"), "the help stays on top");
}

#[test]
fn everything_grows_with_the_scale() {
    let mut harness = opened();
    let height = |h: &Harness<'_, App>| h.ctx.pixels_per_point();
    let before = height(&harness);
    ctrl(&mut harness, Key::Plus);
    assert!((harness.state().view().prefs.scale - 1.1).abs() < 1e-6);
    assert!(height(&harness) > before * 1.09);
    // The point's sign keeps its key.
    assert!(!harness.state().view().transient.negative);
    ctrl(&mut harness, Key::Minus);
    ctrl(&mut harness, Key::Minus);
    assert!((harness.state().view().prefs.scale - 0.9).abs() < 1e-6);
    ctrl(&mut harness, Key::Num0);
    assert!((height(&harness) - before).abs() < 1e-6);
}

/// Whether a node takes part in what a user does, and so needs a name.
fn is_interactive(role: Role) -> bool {
    matches!(
        role,
        Role::Button
            | Role::CheckBox
            | Role::ComboBox
            | Role::Slider
            | Role::SpinButton
            | Role::TextInput
            | Role::RadioButton
            | Role::ColorWell
            | Role::Link
            | Role::MenuItem
            | Role::Canvas
            | Role::Tab
    )
}

fn all_names(harness: &Harness<'_, App>) -> Vec<(Role, Option<String>, Option<String>)> {
    harness
        .root()
        .children_recursive()
        .map(|node| {
            let node = node.accesskit_node();
            (node.role(), node.label(), node.value())
        })
        .collect()
}

/// Opens each menu in turn; what is seen of the window with it.
fn with_each_menu(
    harness: &mut Harness<'_, App>,
    menus: &[&str],
    look: &mut dyn FnMut(&Harness<'_, App>),
) {
    look(harness);
    for menu in menus {
        harness.get_by_label(menu).click();
        harness.run_steps(3);
        look(harness);
        harness.key_press(Key::Escape);
        harness.run_steps(3);
    }
    for key in [Key::F1, Key::F12] {
        harness.key_press(key);
        harness.run_steps(3);
        look(harness);
        harness.key_press(Key::Escape);
        harness.run_steps(3);
    }
    ctrl(harness, Key::H);
    look(harness);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
}

#[test]
fn everything_that_can_be_used_has_a_name() {
    let mut harness = changed();
    let mut nameless = Vec::new();
    let menus = ["File", "Edit", "View", "Segment", "Tools", "Help"];
    with_each_menu(&mut harness, &menus, &mut |h| {
        for (role, label, value) in all_names(h) {
            let named = label.as_deref().is_some_and(|l| l.chars().any(|c| c.is_ascii_graphic()));
            if is_interactive(role) && !named {
                nameless.push((role, label, value));
            }
        }
    });
    assert!(nameless.is_empty(), "{nameless:#?}");
}

#[test]
fn in_chinese_nothing_is_left_in_english() {
    let mut harness = changed();
    harness.state_mut().view_mut().prefs.language = Language::Chinese;
    harness.run_steps(3);
    let mut left = std::collections::BTreeSet::new();
    let menus = ["文件", "编辑", "视图", "分割", "工具", "帮助"];
    with_each_menu(&mut harness, &menus, &mut |h| {
        for (_, label, value) in all_names(h) {
            left.extend([label, value].into_iter().flatten().filter(|t| is_english(t)));
        }
    });
    assert!(left.is_empty(), "{left:#?}");
}

/// Not Chinese, and more than names, keys, units and numbers.
fn is_english(text: &str) -> bool {
    let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    if text.chars().any(chinese) {
        return false;
    }
    let known = [
        "Ctrl",
        "Shift",
        "Alt",
        "Esc",
        "Tab",
        "Space",
        "Delete",
        "Backspace",
        "Page",
        "Up",
        "Down",
        "Left",
        "Right",
        "Enter",
        "mm",
        "px",
        "mL",
        "HU",
        "kB",
        "MB",
        "GB",
        "CPU",
        "CUDA",
        "ONNX",
        "Runtime",
        "SAM",
        "Med3D",
        "turbo",
        "demo",
        "English",
        "PET",
        "info",
        "warning",
        "error",
        "int16",
        "Python",
        "package",
        "Voxpoint",
        "voxpoint",
        "nii",
        "gz",
        "ct",
        "thorax",
        "cta",
        "Object",
        "Language",
        "LPS",
        "RAS",
        "LAS",
        "RPS",
    ];
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| {
        w.len() > 1 && w.chars().any(|c| c.is_ascii_alphabetic()) && !w.starts_with('F')
    });
    // Names of files and of objects are the user's.
    // egui names the edges of its windows itself.
    let egui = text.starts_with("Resize window") || text == "Close window";
    let names = egui || text.contains(".nii") || text.contains("aorta") || text.contains('/');
    !names && words.into_iter().any(|w| !known.contains(&w))
}

/// Both languages and themes, small and large, at twice the pixels; kept where `VOXPOINT_PICTURES` says.
#[test]
fn both_languages_fit_every_size() {
    let mut setup = egui_kittest::wgpu::default_wgpu_setup();
    if let eframe::egui_wgpu::WgpuSetup::CreateNew(new) = &mut setup {
        new.device_descriptor = std::sync::Arc::new(voxpoint::render::device_descriptor);
    }
    for (size, pixels) in [([1024.0, 700.0], 1.0), ([1440.0, 900.0], 2.0)] {
        let mut harness = Harness::builder()
            .with_size(size)
            .with_pixels_per_point(pixels)
            .wgpu_setup(setup.clone())
            .build_eframe(|cc| App::new(cc, vec![sample()], None).expect("threads").type_paths());
        wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
        harness.run_steps(10);
        for language in [Language::English, Language::Chinese] {
            for theme in [Theme::Dark, Theme::Light] {
                let view = harness.state_mut().view_mut();
                (view.prefs.language, view.prefs.theme) = (language, theme);
                harness.run_steps(4);
                let picture = harness.render().expect("a picture");
                assert_eq!(picture.width(), (size[0] * pixels) as u32);
                let window = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
                for node in harness.root().children_recursive() {
                    if is_interactive(node.accesskit_node().role())
                        && node.accesskit_node().bounding_box().is_some()
                    {
                        let rect = node.rect();
                        assert!(
                            window.expand(1.0).contains_rect(rect) || rect.top() > 300.0,
                            "{node:?}"
                        );
                    }
                }
                if let Some(folder) = std::env::var_os("VOXPOINT_PICTURES") {
                    let name = format!("{language:?}_{theme:?}_{}_{pixels}.png", size[0]);
                    picture.save(Path::new(&folder).join(name)).expect("writable");
                }
            }
        }
    }
}
