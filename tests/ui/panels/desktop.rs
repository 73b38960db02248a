//! A window without views, and looking at it.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Key, Modifiers, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::document::{Command, Document, LabelId, Resolution};
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid};
use voxpoint::prompt::{Answer, Capabilities, Footprint, Prompt, ShapeKinds, Sight};
use voxpoint::text::unbroken;
use voxpoint::ui::{
    Action, Latency, ModelEntry, ModelStatus, RuntimeStatus, Status, ViewState, commands, theme,
};
use voxpoint::volume::{Histogram, Region, Scale, StoredGeometry, Volume, Voxels, Warning, Window};

/// A window without views.
pub struct Desktop {
    pub document: Option<Document>,
    pub view: ViewState,
    pub status: Status,
    pub out: Vec<Action>,
}

const DIMS: [usize; 3] = [60, 50, 40];

/// 60 × 50 × 40 voxels of 2 × 2 × 2.5 mm (10 mm³ each), LPS, with values like CT.
pub fn volume() -> Volume {
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

pub fn click(document: &mut Document, world: DVec3, positive: bool) {
    let prompt = Prompt::new(world, positive);
    document.apply(Command::AddPrompt { object: None, prompt }).unwrap();
}

/// Answers the pending click with the first `voxels` voxels of the rows from `row` on.
pub fn resolve(document: &mut Document, row: usize, voxels: usize) {
    resolve_with(document, row, voxels, false);
}

/// As a model whose answers have no threshold.
pub fn resolve_rigid(document: &mut Document, row: usize, voxels: usize) {
    answer_with(document, row, voxels, Answer::default());
}

/// The same; `touches`: with a mask that reaches the model's cube.
pub fn resolve_with(document: &mut Document, row: usize, voxels: usize, touches: bool) {
    answer_with(document, row, voxels, Answer { touches, adjustable: true, ..Answer::default() });
}

fn answer_with(document: &mut Document, row: usize, voxels: usize, answer: Answer) {
    let (entry, click) = document.pending().map(|(e, c)| (e, c.clone())).unwrap();
    let start = row * DIMS[0];
    let count: usize = DIMS.iter().product();
    let region = Region::from_mask(DIMS[0], (0..count).map(|n| n >= start && n < start + voxels));
    let prompts = click.log.prompts.clone();
    let world_from_box = DAffine3::from_scale(DVec3::splat(8.0));
    let answer = Answer {
        footprint: prompts
            .iter()
            .take(1)
            .map(|&opener| Footprint { opener, world_from_box })
            .collect(),
        prompts,
        model: Some("demo".to_owned()),
        score: Some(0.87),
        ..answer
    };
    let resolution = Resolution { answer, extensions: Vec::new(), region };
    document.apply(Command::Resolve { entry, resolution: Arc::new(resolution) }).unwrap();
}

fn model(name: &str, path: &str, kind: &'static str, licence: &str) -> ModelEntry {
    ModelEntry {
        name: name.to_owned(),
        path: PathBuf::from(path),
        kind,
        licence: Some(licence.to_owned()),
        card: Some(format!("# {name}\n\n{}", "What its authors write about it. ".repeat(80))),
        line: (name == "Demo model").then(|| "What this one is for, in a line.".to_owned()),
        hint: Some("How to click with it, for those who have not done so.".to_owned()),
        facts: vec![("SHA-256", "0123456789abcdef".repeat(4))],
    }
}

impl Desktop {
    pub fn empty() -> Self {
        let status = Status {
            runtime: RuntimeStatus::Ready("1.31.1 (Python package)".to_owned()),
            model: ModelStatus::Ready {
                name: "demo".to_owned(),
                device: "CPU·2".to_owned(),
                reason: "no CUDA device found".to_owned(),
            },
            capabilities: Some(Capabilities {
                negative_points: true,
                previews: true,
                extends: true,
                adjusts: true,
                sight: Some(Sight { voxel_mm: 1.5, window_mm: 192.0 }),
                shapes: ShapeKinds::NONE,
            }),
            sample: Some(PathBuf::from("assets/sample.nii.gz")),
            model_path: Some(PathBuf::from("models/demo")),
            models: vec![
                model("Demo model", "models/demo", "ships with Voxpoint", "Apache-2.0 OR MIT"),
                model("turbo", "models/turbo.pth", "checkpoint", "Apache-2.0"),
            ],
            ..Status::default()
        };
        Self { document: None, view: ViewState::default(), status, out: Vec::new() }
    }

    /// Two objects: 12.3 mL with three prompts, and 0.42 mL with one.
    pub fn open() -> Self {
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
        view.scan.auto_window = Window::auto(&stats, &histogram);
        view.scan.window = view.scan.auto_window;
        view.scan.crosshair = image.grid().centre();
        (view.scan.stats, view.scan.histogram) = (Some(stats), Some(histogram));
        desktop.status.latency =
            Some(Latency { encode: Some(640.0), decode: 38.2, paste: 4.1, network: None });
        desktop.document = Some(document);
        desktop
    }

    pub fn window(self, size: [f32; 2]) -> Harness<'static, Self> {
        let builder = Harness::builder().with_size(vec2(size[0], size[1]));
        let builder = builder.with_context_setup(theme::apply).with_step_dt(0.05);
        let mut harness = builder.build_ui_state(
            |ui, desktop: &mut Self| {
                let Desktop { document, view, status, out } = desktop;
                commands::handle(ui.ctx(), document.as_ref(), view, status, out);
                voxpoint::ui::show_chrome(ui, document.as_ref(), view, status, out);
            },
            self,
        );
        harness.step();
        harness
    }

    pub fn wide(self) -> Harness<'static, Self> {
        self.window([1440.0, 900.0])
    }
}

/// Writes a picture, if a folder for them is named.
pub fn picture(harness: &mut Harness<Desktop>, name: &str) {
    if let Ok(folder) = std::env::var("VOXPOINT_PICTURES") {
        let image = harness.render().unwrap();
        image.save(PathBuf::from(folder).join(name).with_extension("png")).unwrap();
    }
}

/// The actions since the last call.
pub fn taken(harness: &mut Harness<Desktop>) -> Vec<String> {
    harness.state_mut().out.drain(..).map(|action| format!("{action:?}")).collect()
}

pub fn press(harness: &mut Harness<Desktop>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.step();
    harness.step();
}

pub fn shows(harness: &Harness<Desktop>, text: &str) -> bool {
    let found = |text: &str| harness.query_all_by_label_contains(text).next().is_some();
    found(text) || found(&unbroken(text))
}

/// Every text and button lies in the window, and none over another (but buttons may lie in rows).
pub fn nothing_is_cut_or_overlaps(harness: &Harness<Desktop>) {
    let window = harness.ctx.content_rect();
    let status_bar = f64::from(window.bottom()) - 40.0;
    // What is scrolled out of sight in a side panel has a place, too: behind the status bar.
    let panels = harness.state().view.prefs.side_panels.wide[0] && window.width() > 1100.0
        || harness.state().view.prefs.side_panels.narrow[0] && window.width() < 1100.0;
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
