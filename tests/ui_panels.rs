//! The window around the views: what its buttons and keys ask for, and what it says.
//!
//! `VOXPOINT_PICTURES=folder cargo nextest run --test ui_panels` also writes pictures to look at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Event, Key, Modifiers, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::document::{Command, Document, LabelId, Resolution};
use voxpoint::geom::{Convention, DAffine3, DMat3, DVec3, Grid, Plane};
use voxpoint::prompt::{Logits, Prompt, Step};
use voxpoint::render::Interpolation;
use voxpoint::ui::{
    Action, Hover, Latency, ModelStatus, Opening, Pane, RuntimeStatus, SaveStatus, Status, Tool,
    ViewState, panels, shortcuts, theme,
};
use voxpoint::volume::{
    Histogram, Region, Scale, Stats, StoredGeometry, Volume, Voxels, Warning, Window,
};

/// A window without views.
struct Desktop {
    document: Option<Document>,
    view: ViewState,
    status: Status,
    out: Vec<Action>,
}

const DIMS: [usize; 3] = [60, 50, 40];

/// 60 × 50 × 40 voxels of 2 × 2 × 2.5 mm (10 mm³ each), LPS, with values like CT.
fn volume() -> Volume {
    let m = DMat3::from_diagonal(DVec3::new(-2.0, -2.0, 2.5));
    let grid = Grid::new(DIMS, DAffine3::from_mat3_translation(m, DVec3::new(60.0, 50.0, -840.0)));
    let grid = grid.unwrap();
    let value = |n: usize| match n % 7 {
        0 => -1024,
        1 | 2 => (n % 150) as i16 - 900,
        6 => (n % 3000) as i16,
        _ => (n % 120) as i16 - 30,
    };
    let voxels = Voxels::I16((0..grid.count()).map(value).collect());
    let stored = StoredGeometry::of(&grid);
    let warnings = vec![Warning("qform and sform disagree by 0.4 mm; sform is used".to_owned())];
    let name = "ct_thorax.nii.gz";
    Volume::new(name, grid, DIMS.to_vec(), voxels, Scale::NONE, stored, warnings)
}

fn click(document: &mut Document, world: DVec3, positive: bool) {
    let prompt = Prompt { world, positive };
    document.apply(Command::AddPrompt { object: None, prompt }).unwrap();
}

/// Answers the pending click with the first `voxels` voxels of the rows from `row` on.
fn resolve(document: &mut Document, row: usize, voxels: usize) {
    let (entry, click) = document.pending().map(|(e, c)| (e, c.clone())).unwrap();
    let logits = Arc::new(Logits { side: 1, values: vec![1.0] });
    let step =
        |prompt: &Prompt| Arc::new(Step { prompt: *prompt, logits: logits.clone(), iou: 0.87 });
    let start = row * DIMS[0];
    let count: usize = DIMS.iter().product();
    let region = Region::from_mask(DIMS[0], (0..count).map(|n| n >= start && n < start + voxels));
    let resolution = Resolution {
        steps: click.prompts.iter().map(step).collect(),
        crop: None,
        model: "demo".to_owned(),
        region,
    };
    document.apply(Command::Resolve { entry, resolution: Arc::new(resolution) }).unwrap();
}

impl Desktop {
    fn empty() -> Self {
        let status = Status {
            runtime: RuntimeStatus::Ready("1.31.1, from the data folder".to_owned()),
            model: ModelStatus::Ready {
                name: "demo".to_owned(),
                device: "CPU·2".to_owned(),
                reason: "no CUDA device found".to_owned(),
            },
            sample: Some(PathBuf::from("assets/sample.nii.gz")),
            ..Status::default()
        };
        Self { document: None, view: ViewState::default(), status, out: Vec::new() }
    }

    /// Two objects: 12.3 mL with three prompts, and 0.42 mL with one.
    fn open() -> Self {
        let mut document = Document::new(Arc::new(volume()));
        let p = |x: f64| DVec3::new(x, 0.0, -800.0);
        click(&mut document, p(1.0), true);
        resolve(&mut document, 0, 1000);
        click(&mut document, p(11.0), false);
        resolve(&mut document, 0, 1100);
        click(&mut document, p(-21.0), true);
        resolve(&mut document, 0, 1230);
        document.apply(Command::NewObject).unwrap();
        click(&mut document, DVec3::new(5.0, 5.0, -790.0), true);
        resolve(&mut document, 100, 42);
        document.apply(Command::Select(LabelId(1))).unwrap();

        let mut desktop = Self::empty();
        let image = document.image().clone();
        let stats = image.stats();
        let histogram = Histogram::of(&image, &stats, 512);
        let view = &mut desktop.view;
        view.auto_window = Window::auto(&stats, &histogram);
        view.window = view.auto_window;
        view.crosshair = image.grid().centre();
        (view.stats, view.histogram) = (Some(stats), Some(histogram));
        desktop.status.latency = Some(Latency { encode: Some(640.0), decode: 38.2, paste: 4.1 });
        desktop.document = Some(document);
        desktop
    }

    fn window(self, size: [f32; 2]) -> Harness<'static, Self> {
        let builder = Harness::builder().with_size(vec2(size[0], size[1]));
        let builder = builder.with_context_setup(theme::apply).with_step_dt(0.05);
        let mut harness = builder.build_ui_state(
            |ui, desktop: &mut Self| {
                let Desktop { document, view, status, out } = desktop;
                shortcuts::handle(ui.ctx(), document.as_ref(), view, status, out);
                panels::show_chrome(ui, document.as_ref(), view, status, out);
            },
            self,
        );
        harness.step();
        harness
    }

    fn wide(self) -> Harness<'static, Self> {
        self.window([1440.0, 900.0])
    }
}

/// Writes a picture, if a folder for them is named.
fn picture(harness: &mut Harness<Desktop>, name: &str) {
    if let Ok(folder) = std::env::var("VOXPOINT_PICTURES") {
        let image = harness.render().unwrap();
        image.save(PathBuf::from(folder).join(name).with_extension("png")).unwrap();
    }
}

/// The actions since the last call.
fn taken(harness: &mut Harness<Desktop>) -> Vec<String> {
    harness.state_mut().out.drain(..).map(|action| format!("{action:?}")).collect()
}

fn press(harness: &mut Harness<Desktop>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.step();
    harness.step();
}

fn shows(harness: &Harness<Desktop>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

/// Every text and button lies in the window, and none over another (but buttons may lie in rows).
fn nothing_is_cut_or_overlaps(harness: &Harness<Desktop>) {
    let window = harness.ctx.content_rect();
    let status_bar = f64::from(window.bottom()) - 40.0;
    // What is scrolled out of sight in a side panel has a place, too: behind the status bar.
    let panels = harness.state().view.side_panels.wide[0] && window.width() > 1100.0
        || harness.state().view.side_panels.narrow[0] && window.width() < 1100.0;
    let mut seen: Vec<(egui::accesskit::Rect, String)> = Vec::new();
    for node in harness.query_all(egui_kittest::kittest::by()) {
        let node = node.accesskit_node();
        let Some(rect) = node.bounding_box() else { continue };
        let text = format!("{:?} {:?} {:?}", node.role(), node.label(), node.value());
        let inside = rect.x0 >= 0.0 && rect.x1 <= f64::from(window.right()) + 0.5;
        assert!(inside, "{text} at {rect:?} leaves the window");
        let kind =
            matches!(node.role(), Role::Label | Role::Button | Role::Slider | Role::ComboBox);
        let visible = rect.y1 < status_bar || !panels;
        if !kind || !visible || node.children().next().is_some() {
            continue;
        }
        for (other, name) in &seen {
            let apart = rect.intersect(*other).area() < 1.0;
            assert!(apart, "{text} at {rect:?} lies over {name} at {other:?}");
        }
        seen.push((rect, text));
    }
    assert!(seen.len() > 15, "the window was looked at");
}

#[test]
fn every_state_fits_both_sizes_and_themes() {
    for (theme, name) in [(theme::Theme::Dark, "dark"), (theme::Theme::Light, "light")] {
        for size in [[1024.0, 700.0], [1440.0, 900.0]] {
            let width = size[0];
            let mut desktop = Desktop::open();
            desktop.view.theme = theme;
            let mut harness = desktop.window(size);
            harness.run_steps(2);
            picture(&mut harness, &format!("open-{name}-{width}"));
            nothing_is_cut_or_overlaps(&harness);
            let view = &mut harness.state_mut().view;
            *view.side_panels.open(width) = [true; 2];
            view.show_help = true;
            harness.run_steps(4);
            picture(&mut harness, &format!("help-{name}-{width}"));

            let mut desktop = Desktop::empty();
            desktop.view.theme = theme;
            desktop.status.runtime = RuntimeStatus::Missing(
                "Not beside the program, not in the data folder, no Python has it.".to_owned(),
            );
            desktop.status.model = ModelStatus::None;
            desktop.status.recent = vec!["a/ct_thorax.nii.gz".into(), "a/mr_t1_brain.nii".into()];
            let mut harness = desktop.window(size);
            harness.run_steps(3);
            picture(&mut harness, &format!("welcome-{name}-{width}"));
            nothing_is_cut_or_overlaps(&harness);
        }
    }
}

#[test]
fn every_menu_entry_shows_its_key_and_does_its_thing() {
    let mut harness = Desktop::open().wide();
    for (menu, entry, action) in [
        ("File", "Open…", "OpenDialog"),
        ("File", "Open sample scan", "OpenSample"),
        ("File", "Save mask", "Save"),
        ("File", "Save mask as…", "SaveAs"),
        ("File", "Quit", "Quit"),
        ("Edit", "Undo positive click", "Undo"),
        ("Edit", "New object", "Do(NewObject)"),
        ("Edit", "Delete object", "Do(RemoveObject(LabelId(1)))"),
        ("Segment", "Use the demo model", "UseDemoModel"),
        ("Segment", "Choose model folder…", "ChooseModel"),
    ] {
        harness.get_by_role_and_label(Role::Button, menu).click();
        harness.run_steps(3);
        picture(&mut harness, &format!("menu-{menu}"));
        // "New object" is also a button of the objects panel.
        harness.query_all_by_label(entry).next().unwrap().click();
        harness.run_steps(3);
        assert_eq!(taken(&mut harness), [action], "{menu} > {entry}");
    }
    assert!(harness.query_by_label("Undo positive click").is_none(), "the menu is closed again");
    harness.get_by_role_and_label(Role::Button, "Edit").click();
    harness.run_steps(3);
    let entry = harness.get_by_label("Undo positive click");
    assert_eq!(entry.accesskit_node().data().keyboard_shortcut(), Some("Ctrl+Z"));
}

#[test]
fn looking_is_changed_by_menus_and_buttons_at_once() {
    let mut harness = Desktop::open().wide();
    for entry in
        ["Neurological convention", "Smooth between voxels", "Light theme", "Axial view only"]
    {
        harness.get_by_role_and_label(Role::Button, "View").click();
        harness.run_steps(3);
        harness.get_by_label(entry).click();
        harness.run_steps(3);
    }
    picture(&mut harness, "light-by-menu");
    let view = &harness.state().view;
    assert_eq!(view.convention, Convention::Neurological);
    assert_eq!(view.interpolation, Interpolation::Nearest);
    assert_eq!(view.theme, theme::Theme::Light);
    assert_eq!(view.maximised, Some(Pane::Slice(Plane::Axial)));
    assert!(taken(&mut harness).is_empty(), "looking is not the app's business");

    harness.get_by_label("Crosshair").click();
    harness.step();
    assert_eq!(harness.state().view.tool, Tool::Crosshair);
    assert!(!shows(&harness, "Negative point"), "the sign belongs to the point tool");
    harness.get_by_label("Point").click();
    harness.run_steps(2);
    harness.get_by_label("Negative point (outside)").click();
    harness.run_steps(2);
    assert!(harness.state().view.negative);
    harness.get_by_label("New object").click();
    harness.step();
    assert!(!harness.state().view.negative, "a new object starts inside the structure");
    assert_eq!(taken(&mut harness), ["Do(NewObject)"]);
}

#[test]
fn keys_do_what_the_table_says() {
    let ctrl = Modifiers::CTRL | Modifiers::COMMAND;
    let mut harness = Desktop::open().wide();
    harness.state_mut().view.selected_prompt = Some((LabelId(1), 2));
    for (modifiers, key, action) in [
        (ctrl, Key::Z, "Undo"),
        (ctrl | Modifiers::SHIFT, Key::Z, "Redo"),
        (ctrl, Key::Y, "Redo"),
        (ctrl, Key::O, "OpenDialog"),
        (ctrl, Key::S, "Save"),
        (ctrl | Modifiers::SHIFT, Key::S, "SaveAs"),
        (Modifiers::NONE, Key::Delete, "Do(RemovePrompt { object: LabelId(1), index: 2 })"),
        (Modifiers::SHIFT, Key::Delete, "Do(RemoveObject(LabelId(1)))"),
        (Modifiers::NONE, Key::N, "Do(NewObject)"),
        (Modifiers::NONE, Key::Tab, "Do(Select(LabelId(2)))"),
        (Modifiers::NONE, Key::Escape, "Cancel"),
    ] {
        if key == Key::Y {
            harness.state_mut().document.as_mut().unwrap().undo();
        }
        press(&mut harness, modifiers, key);
        let expected: &[&str] = if key == Key::Z && modifiers.shift { &[] } else { &[action] };
        assert_eq!(taken(&mut harness), expected, "{modifiers:?} {key:?}");
    }
    let focused = harness.ctx.memory(egui::Memory::focused);
    assert_eq!(focused, None, "Tab did not also move the focus");

    press(&mut harness, Modifiers::NONE, Key::W);
    assert_eq!(harness.state().view.tool, Tool::Window);
    press(&mut harness, Modifiers::NONE, Key::Minus);
    assert!(harness.state().view.negative && harness.state().view.tool == Tool::Point);
    press(&mut harness, Modifiers::NONE, Key::Equals);
    assert!(!harness.state().view.negative);
    press(&mut harness, Modifiers::NONE, Key::Num4);
    assert_eq!(harness.state().view.maximised, Some(Pane::Volume));
    press(&mut harness, Modifiers::NONE, Key::Num0);
    assert_eq!(harness.state().view.maximised, None);
    press(&mut harness, Modifiers::NONE, Key::V);
    assert!(!harness.state().view.show_labels);
    harness.key_down(Key::Space);
    harness.step();
    assert!(harness.state().view.peek);
    harness.key_up(Key::Space);
    harness.run_steps(2);
    assert!(!harness.state().view.peek);
    press(&mut harness, Modifiers::NONE, Key::F1);
    assert!(shows(&harness, "Delete selected point") && shows(&harness, "Middle drag"));
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!harness.state().view.show_help);
    assert!(taken(&mut harness).is_empty(), "Esc closed the list and nothing else");
}

#[test]
fn arrows_step_slices_of_the_hovered_view_and_stay_inside() {
    let mut harness = Desktop::open().wide();
    let start = harness.state().view.crosshair;
    press(&mut harness, Modifiers::NONE, Key::ArrowUp);
    let moved = harness.state().view.crosshair - start;
    // From between two slices to the middle of a slice, towards superior.
    assert!(moved.z > 0.0 && moved.z <= 3.75 && moved.x == 0.0, "{moved}");
    let centred = harness.state().view.crosshair;
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    let moved = harness.state().view.crosshair - centred;
    assert!((moved - DVec3::new(0.0, 0.0, -2.5)).length() < 1e-9, "{moved}");

    harness.state_mut().view.hovered = Some(Pane::Slice(Plane::Sagittal));
    let before = harness.state().view.crosshair;
    press(&mut harness, Modifiers::NONE, Key::PageUp);
    let moved = harness.state().view.crosshair - before;
    assert!(
        (18.0..=21.0).contains(&moved.x) && moved.y == 0.0,
        "ten 2 mm slices to the right: {moved}"
    );
    for _ in 0..10 {
        press(&mut harness, Modifiers::NONE, Key::PageUp);
    }
    assert_eq!(harness.state().view.crosshair.x, 60.0, "the last slice");
}

#[test]
fn keys_are_text_while_a_name_is_edited() {
    let mut harness = Desktop::open().wide();
    press(&mut harness, Modifiers::NONE, Key::F2);
    harness.run_steps(2);
    picture(&mut harness, "rename");
    let field = harness.get_by_label("Object name");
    assert!(field.is_focused());
    press(&mut harness, Modifiers::NONE, Key::N);
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert!(taken(&mut harness).is_empty());
    press(&mut harness, Modifiers::CTRL | Modifiers::COMMAND, Key::A);
    harness.event(Event::Text("liver".to_owned()));
    harness.step();
    press(&mut harness, Modifiers::NONE, Key::Enter);
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), [r#"Do(Rename(LabelId(1), "liver"))"#]);
    assert_eq!(harness.state().view.renaming, None);

    press(&mut harness, Modifiers::NONE, Key::F2);
    harness.run_steps(2);
    harness.event(Event::Text("other".to_owned()));
    harness.step();
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.run_steps(2);
    assert!(taken(&mut harness).is_empty(), "Esc leaves the name as it was");
    assert_eq!(harness.state().view.renaming, None);
}

#[test]
fn objects_are_listed_with_their_volume() {
    let mut harness = Desktop::open().wide();
    assert!(harness.query_by_label("Object 1, 12.3 mL").is_some());
    harness.get_by_label("Object 2, 0.42 mL").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(Select(LabelId(2)))"]);
    harness.get_by_label("Hide Object 2").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(SetVisible(LabelId(2), false))"]);
    harness.get_by_label("Delete Object 1").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(RemoveObject(LabelId(1)))"]);
    harness.get_by_label("Colour of Object 1").click();
    harness.run_steps(3);
    picture(&mut harness, "colour");
    harness.get_by_label("Colour 3").click();
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), ["Do(Recolour(LabelId(1), [0, 158, 115]))"]);
}

#[test]
fn a_row_is_renamed_by_double_click_and_has_a_menu() {
    let mut harness = Desktop::open().wide();
    let row = harness.get_by_label("Object 2, 0.42 mL").rect().left_center() + vec2(60.0, 0.0);
    for _ in 0..2 {
        harness.drag_at(row);
        harness.drop_at(row);
    }
    harness.step();
    let renaming = harness.state().view.renaming.clone();
    assert_eq!(renaming, Some((LabelId(2), "Object 2".to_owned())));
    harness.state_mut().view.renaming = None;
    harness.run_steps(2);
    taken(&mut harness);

    harness.get_by_label("Object 2, 0.42 mL").click_secondary();
    harness.run_steps(3);
    picture(&mut harness, "context-menu");
    harness.get_by_label("Delete").click();
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), ["Do(RemoveObject(LabelId(2)))"]);
}

#[test]
fn prompts_select_their_place_and_say_the_models_estimate() {
    let mut harness = Desktop::open().wide();
    assert!(shows(&harness, "Predicted IoU 0.87"));
    harness.get_by_label("Prompt 2, negative").click();
    harness.run_steps(2);
    assert_eq!(harness.state().view.selected_prompt, Some((LabelId(1), 1)));
    assert_eq!(harness.state().view.crosshair, DVec3::new(11.0, 0.0, -800.0));
    picture(&mut harness, "prompt");
    harness.get_by_label("Delete selected point").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(RemovePrompt { object: LabelId(1), index: 1 })"]);
    assert_eq!(harness.state().view.selected_prompt, None);
}

#[test]
fn a_row_that_thinks_moves_and_says_what_it_waits_for() {
    let mut desktop = Desktop::open();
    click(desktop.document.as_mut().unwrap(), DVec3::new(3.0, 3.0, -800.0), true);
    let mut harness = desktop.wide();
    harness.run_steps(3);
    picture(&mut harness, "thinking");
    assert!(shows(&harness, "Computing the mask…"));
    harness.state_mut().status.runtime = RuntimeStatus::Missing("not found".to_owned());
    harness.run_steps(2);
    assert!(shows(&harness, "Waits for ONNX Runtime"));
}

#[test]
fn the_display_panel_sets_the_window() {
    let mut harness = Desktop::open().wide();
    assert!(shows(&harness, "60 × 50 × 40") && shows(&harness, "2 × 2 × 2.5 mm"));
    assert!(shows(&harness, "LPS") && shows(&harness, "int16"));
    assert!(shows(&harness, "qform and sform disagree"));
    harness.get_by_label("Window preset").click();
    harness.run_steps(3);
    picture(&mut harness, "presets");
    harness.get_by_label_contains("lung").click();
    harness.run_steps(2);
    assert_eq!(harness.state().view.window, Window::new(-600.0, 1500.0));
    press(&mut harness, Modifiers::SHIFT, Key::W);
    assert_eq!(harness.state().view.window, Window::new(40.0, 400.0));
    harness.get_by_role_and_label(Role::Slider, "Mask fill").set_value_accesskit(0.25);
    harness.run_steps(2);
    assert_eq!(harness.state().view.overlay.fill, 0.25);
    harness.get_by_label("Nearest").click();
    harness.get_by_label("Neurological").click();
    harness.run_steps(2);
    assert_eq!(harness.state().view.interpolation, Interpolation::Nearest);
    assert_eq!(harness.state().view.convention, Convention::Neurological);
    let at = harness.get_by_label_contains("Histogram, window").rect().center();
    harness.drag_at(at);
    harness.step();
    harness.hover_at(at + vec2(30.0, 0.0));
    harness.step();
    harness.drop_at(at + vec2(30.0, 0.0));
    harness.run_steps(2);
    assert!(harness.state().view.window.centre > 200.0, "dragged to brighter values");
}

#[test]
fn the_status_bar_says_where_how_long_and_whether_saved() {
    let mut harness = Desktop::open().wide();
    assert!(shows(&harness, "Crosshair: voxel 30 25 20 · R 1.0 A 1.0 I 791.3 mm · −1024 HU"));
    assert!(shows(&harness, "encode 640 · decode 38 · paste 4 ms"));
    assert!(shows(&harness, "CPU·2 (no CUDA device found)") && shows(&harness, "unsaved changes"));
    let desktop = harness.state_mut();
    desktop.view.hover = Some(Hover {
        voxel: [5, 10, 2],
        world: DVec3::new(50.0, -12.54, 3.0),
        value: 47.0,
        label: Some("liver".to_owned()),
    });
    desktop.status.latency = Some(Latency { encode: None, decode: 36.0, paste: 3.0 });
    desktop.status.save = SaveStatus::Saved(PathBuf::from("out/mask.nii.gz"));
    harness.run_steps(2);
    assert!(shows(&harness, "voxel 5 10 2 · R 50.0 P 12.5 S 3.0 mm · 47 HU · liver"));
    assert!(shows(&harness, "unsaved changes"), "the file is older than the mask");
    let document = harness.state_mut().document.as_mut().unwrap();
    let state = document.state();
    document.mark_saved(state);
    harness.run_steps(2);
    assert!(shows(&harness, "saved ✓ mask.nii.gz") && !shows(&harness, "encode"));
    // A scan whose values are not like CT has no unit.
    harness.state_mut().view.stats =
        Some(Stats { min: 0.0, max: 900.0, mean: 80.0, not_finite: 0 });
    harness.run_steps(2);
    assert!(!shows(&harness, "47 HU"));
}

#[test]
fn narrow_windows_fold_their_side_panels_until_asked() {
    let mut harness = Desktop::open().window([1024.0, 700.0]);
    harness.run_steps(2);
    assert!(!shows(&harness, "Predicted IoU") && !shows(&harness, "Orientation"));
    harness.get_by_label("Object 2, 0.42 mL").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Do(Select(LabelId(2)))"], "the strip still selects");
    harness.get_by_label("Objects panel").click();
    harness.run_steps(3);
    assert!(shows(&harness, "Predicted IoU") && !shows(&harness, "Orientation"));
    press(&mut harness, Modifiers::NONE, Key::CloseBracket);
    harness.run_steps(2);
    assert!(shows(&harness, "Orientation"));
    harness.set_size(vec2(1440.0, 900.0));
    harness.run_steps(3);
    assert!(shows(&harness, "Predicted IoU") && shows(&harness, "Orientation"));
    harness.get_by_label("Objects panel").click();
    harness.run_steps(3);
    assert!(!shows(&harness, "Predicted IoU"));
}

#[test]
fn what_is_missing_has_a_button_that_mends_it() {
    let mut desktop = Desktop::empty();
    desktop.status.runtime = RuntimeStatus::Missing("No Python has it.".to_owned());
    desktop.status.model = ModelStatus::None;
    let mut harness = desktop.wide();
    harness.run_steps(2);
    for (n, button) in [(0, "Get ONNX Runtime"), (1, "Get ONNX Runtime")] {
        harness.query_all_by_label_contains(button).nth(n).unwrap().click();
        harness.run_steps(2);
        assert_eq!(taken(&mut harness), ["InstallRuntime"], "button {n}");
    }
    harness.state_mut().status.runtime = RuntimeStatus::Installing(8_300_000, 23_000_000);
    harness.run_steps(2);
    picture(&mut harness, "installing");
    assert!(shows(&harness, "8.3 MB of 23.0 MB"));
    harness.get_by_label("Cancel").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Cancel"]);
    harness.get_by_label("Open sample scan").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["OpenSample"]);
    press(&mut harness, Modifiers::NONE, Key::N);
    assert!(taken(&mut harness).is_empty(), "nothing to segment yet");
}

#[test]
fn opening_shows_its_bytes_and_can_be_cancelled() {
    let opening = Opening { name: "ct.nii.gz".to_owned(), done: 12_300_000, total: 157_300_000 };
    for mut desktop in [Desktop::empty(), Desktop::open()] {
        desktop.status.opening = Some(opening.clone());
        let name = if desktop.document.is_some() { "opening-another" } else { "opening" };
        let mut harness = desktop.window([1024.0, 700.0]);
        harness.run_steps(2);
        picture(&mut harness, name);
        assert!(shows(&harness, "Opening ct.nii.gz: 12.3 MB of 157.3 MB"));
        harness.get_by_label("Cancel").click();
        harness.step();
        press(&mut harness, Modifiers::NONE, Key::Escape);
        assert_eq!(taken(&mut harness), ["Cancel", "Cancel"], "by button and by key");
    }
}

#[test]
fn unsaved_work_is_asked_about_and_kept_by_default() {
    let mut desktop = Desktop::open();
    desktop.status.ask_discard = true;
    let mut harness = desktop.window([1024.0, 700.0]);
    harness.run_steps(3);
    picture(&mut harness, "discard");
    press(&mut harness, Modifiers::NONE, Key::N);
    assert!(taken(&mut harness).is_empty(), "no key reaches the document behind the question");
    harness.get_by_label("Discard").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Discard(true)"]);
    harness.get_by_label("Keep working").click();
    harness.step();
    assert_eq!(taken(&mut harness), ["Discard(false)"]);
    harness.key_press(Key::Escape);
    harness.step();
    assert_eq!(taken(&mut harness), ["Discard(false)"]);
}

#[test]
fn long_names_are_cut_and_nothing_leaves_the_window() {
    let mut desktop = Desktop::open();
    let document = desktop.document.as_mut().unwrap();
    let name = "left upper lobe of the lung with the whole of the tumour and its margin";
    document.apply(Command::Rename(LabelId(1), name.to_owned())).unwrap();
    let state = document.state();
    document.mark_saved(state);
    desktop.status.model = ModelStatus::Ready {
        name: "sam_med3d_turbo_finetuned_on_everything_v12".to_owned(),
        device: "CUDA·NVIDIA H100 80GB HBM3".to_owned(),
        reason: "the CUDA provider loaded".to_owned(),
    };
    desktop.status.save =
        SaveStatus::Saved(PathBuf::from("out/a_very_long_name_of_a_patient_and_study_mask.nii.gz"));
    desktop.view.hover = Some(Hover {
        voxel: [511, 511, 299],
        world: DVec3::new(-250.0, 250.0, -1804.0),
        value: -1024.0,
        label: Some(name.to_owned()),
    });
    *desktop.view.side_panels.open(1024.0) = [true; 2];
    let mut harness = desktop.window([1024.0, 700.0]);
    harness.run_steps(3);
    picture(&mut harness, "long-names");
    nothing_is_cut_or_overlaps(&harness);
    *harness.state_mut().view.side_panels.open(1024.0) = [false; 2];
    harness.run_steps(3);
    nothing_is_cut_or_overlaps(&harness);
}

/// A file let go over the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("not needed".to_owned())
    }
}

#[test]
fn files_over_the_window_are_announced_and_opened() {
    let mut harness = Desktop::empty().window([1024.0, 700.0]);
    harness.input_mut().hovered_files = vec![egui::HoveredFile::default()];
    harness.step();
    picture(&mut harness, "drop");
    assert!(taken(&mut harness).is_empty());
    let input = harness.input_mut();
    input.hovered_files.clear();
    input.dropped_files = vec![Arc::new(Dropped("scans/ct.nii.gz".into()))];
    harness.step();
    assert_eq!(taken(&mut harness), [r#"Open(["scans/ct.nii.gz"])"#]);
}

#[test]
fn about_says_what_it_is_and_is_not() {
    let mut harness = Desktop::empty().wide();
    harness.get_by_role_and_label(Role::Button, "Help").click();
    harness.run_steps(3);
    harness.get_by_label("About Voxpoint").click();
    harness.run_steps(4);
    picture(&mut harness, "about");
    assert!(shows(&harness, "Licence: Apache-2.0 OR MIT"));
    assert!(harness.query_all_by_label_contains("Not a medical device").count() >= 2);
}
