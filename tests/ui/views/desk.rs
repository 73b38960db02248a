//! A window with views and panels over a phantom, and hands to use it with.

use std::sync::Arc;

use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Rect};
use egui::{TouchPhase, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use voxpoint::document::{Command, Document};
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid, Plane};
use voxpoint::ui::{self, Action, ImageLayer, Status, ViewState};
use voxpoint::volume::{
    Histogram, NamedRegion, Region, Scale, StoredGeometry, Volume, Voxels, Window,
};

pub struct Desk {
    pub document: Document,
    pub view: ViewState,
    pub status: Status,
    pub actions: Vec<Action>,
}

pub type Hands = Harness<'static, Desk>;

const DIMS: [usize; 3] = [40, 30, 24];

/// Memory axes Left, Posterior, Superior; the value is `x + 100 z`, less 1000, and 5000 more in each later time point.
pub fn volume(name: &str, time_points: usize) -> Volume {
    let m = DMat3::from_diagonal(DVec3::new(-2.0, -2.0, 2.5));
    let place = DAffine3::from_mat3_translation(m, DVec3::new(40.0, 30.0, -30.0));
    let grid = Grid::new(DIMS, place).unwrap();
    let value = |n: usize| {
        let (x, z, time_point) = (n % DIMS[0], n / (DIMS[0] * DIMS[1]) % DIMS[2], n / grid.count());
        (x + 100 * z + 5000 * time_point) as i16 - 1000
    };
    let voxels = Voxels::I16((0..grid.count() * time_points).map(value).collect());
    let mut dims = DIMS.to_vec();
    dims.push(time_points);
    let stored = StoredGeometry::of(&grid);
    Volume::new(name, grid, dims, voxels, Scale::NONE, stored, vec![])
}

pub fn desk(time_points: usize) -> Desk {
    let image = Arc::new(volume("scan.nii", time_points));
    let stats = image.stats();
    let histogram = Histogram::of(&image, &stats, 64);
    let mut view = ViewState::for_scan(image.grid(), stats, histogram);
    view.scan.crosshair = image.grid().world_of([20, 15, 12]);
    let document = Document::new(image);
    Desk { document, view, status: Status::default(), actions: Vec::new() }
}

/// A mask of all voxels of the lower half.
pub fn with_mask(desk: &mut Desk) {
    let count: usize = DIMS.iter().product();
    let region = Region::from_mask(DIMS[0], (0..count).map(|n| n < count / 2));
    let label = NamedRegion {
        value: 1,
        name: Some("liver".into()),
        colour: None,
        opacity: None,
        visible: true,
        region,
        on_top: None,
    };
    desk.document.apply(Command::Import(vec![label])).unwrap();
}

pub fn overlay(name: &str) -> ImageLayer {
    let volume = Arc::new(volume(name, 1));
    let stats = volume.stats();
    let histogram = Histogram::of(&volume, &stats, 64);
    ImageLayer {
        volume,
        visible: true,
        opacity: 0.5,
        window: Window::new(100.0, 50.0),
        auto_window: Window::new(200.0, 300.0),
        colour_map: voxpoint::render::ColourMap::Hot,
        stats,
        histogram,
    }
}

/// The whole window, panels and all; as in the app, what is asked of the document is done.
pub fn window_of(desk: Desk, size: Vec2) -> Hands {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(1.0)
        .with_step_dt(0.01)
        .with_max_steps(24)
        .with_context_setup(ui::theme::apply)
        .build_ui_state(
            |ui, desk: &mut Desk| {
                let mut out = Vec::new();
                let Desk { document, view, status, .. } = desk;
                ui::show(ui, false, Some(document), view, status, &mut out);
                for action in &out {
                    if let Action::Do(command) = action {
                        let _ = desk.document.apply(command.clone());
                    }
                }
                desk.actions.append(&mut out);
            },
            desk,
        );
    harness.run_steps(4);
    harness
}

pub fn window() -> Hands {
    window_of(desk(1), vec2(1440.0, 900.0))
}

pub fn pane(hands: &Hands, plane: Plane) -> Rect {
    hands.get_by_label(&format!("{} view", plane.name())).rect()
}

pub fn press(hands: &mut Hands, modifiers: Modifiers, key: Key) {
    hands.key_press_modifiers(modifiers, key);
    hands.run_steps(3);
}

pub fn button(hands: &mut Hands, pos: Pos2, button: PointerButton, pressed: bool, m: Modifiers) {
    hands.event(Event::PointerButton { pos, button, pressed, modifiers: m });
}

pub fn click(hands: &mut Hands, pos: Pos2) {
    hands.event(Event::PointerMoved(pos));
    hands.step();
    for pressed in [true, false] {
        button(hands, pos, PointerButton::Primary, pressed, Modifiers::NONE);
    }
    hands.run_steps(2);
}

pub fn double_click(hands: &mut Hands, pos: Pos2) {
    click(hands, pos);
    click(hands, pos);
    hands.run_steps(3);
}

pub fn drag_with(hands: &mut Hands, from: Pos2, by: Vec2, modifiers: Modifiers) {
    hands.event(Event::PointerMoved(from));
    hands.run_steps(2);
    hands.event(Event::ModifiersChanged(modifiers));
    button(hands, from, PointerButton::Primary, true, modifiers);
    hands.step();
    for n in 1..=5 {
        hands.event(Event::PointerMoved(from + by * (n as f32 / 5.0)));
        hands.step();
    }
    button(hands, from + by, PointerButton::Primary, false, modifiers);
    hands.event(Event::ModifiersChanged(Modifiers::NONE));
    hands.run_steps(3);
}

pub fn drag(hands: &mut Hands, from: Pos2, by: Vec2) {
    drag_with(hands, from, by, Modifiers::NONE);
}

pub fn wheel(hands: &mut Hands, lines: f32, modifiers: Modifiers) {
    hands.event(Event::ModifiersChanged(modifiers));
    hands.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, lines),
        phase: TouchPhase::Move,
        modifiers,
        source: MouseWheelSource::Unknown,
    });
    hands.run_steps(4);
    hands.event(Event::ModifiersChanged(Modifiers::NONE));
    hands.run_steps(2);
}

/// Texts that are painted.
pub fn texts(hands: &Hands) -> Vec<String> {
    let text = |clipped: &egui::epaint::ClippedShape| match &clipped.shape {
        egui::Shape::Text(text) => Some(text.galley.text().to_owned()),
        _ => None,
    };
    hands.output().shapes.iter().filter_map(text).collect()
}
