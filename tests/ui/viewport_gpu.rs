//! The views with pictures: what a pixel shows is the voxel that the pointer reads there. On whatever
//! adapter wgpu finds, a software one first.

use std::sync::Arc;

use eframe::egui_wgpu::WgpuSetup;
use egui::{Pos2, Rect, UiBuilder, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::document::Document;
use voxpoint::geom::{Convention, DAffine3, DMat3, DVec2, DVec3, Grid, PanZoom, Plane};
use voxpoint::render::{self, Interpolation, Scene};
use voxpoint::ui::views::{self, SceneSlot, SliceTransform};
use voxpoint::ui::{Pane, Status, ViewState, tools};
use voxpoint::volume::{Histogram, Scale, StoredGeometry, Volume, Voxels, Window};

const SIZE: [f32; 2] = [640.0, 520.0];

struct App {
    document: Document,
    view: ViewState,
    /// Where the views are put: may reach out of the window.
    area: Rect,
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let status = Status::default();
        ui.scope_builder(UiBuilder::new().max_rect(self.area), |ui| {
            views::show(ui, true, &self.document, &mut self.view, &status, &mut Vec::new());
        });
    }
}

/// An oblique scan in an unusual memory order whose neighbouring voxels differ much.
fn scan() -> Arc<Volume> {
    let turn = DMat3::from_euler(glam::EulerRot::XYZ, 0.2, -0.15, 0.1);
    let order = DMat3::from_cols(DVec3::Z * 2.0, DVec3::X * -1.0, DVec3::Y * -1.5);
    let affine = DAffine3::from_mat3_translation(turn * order, DVec3::new(10.0, -20.0, 30.0));
    let dims = [23, 31, 27];
    let grid = Grid::new(dims, affine).unwrap();
    let hash = |n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8;
    let voxels = Voxels::U8((0..grid.count() as u32).map(hash).collect());
    let stored = StoredGeometry::of(&grid);
    Arc::new(Volume::new("noise", grid, dims.to_vec(), voxels, Scale::NONE, stored, vec![]))
}

fn app(area: Rect) -> App {
    let document = Document::new(scan());
    let stats = document.image().stats();
    let histogram = Histogram::of(document.image(), &stats, 64);
    let mut view = ViewState::for_scan(document.image().grid(), stats, histogram);
    view.scan.window = Window::new(127.5, 255.0);
    view.prefs.interpolation = Interpolation::Nearest;
    view.prefs.show_crosshair = false;
    view.prefs.tool = tools::CROSSHAIR;
    App { document, view, area }
}

fn harness(app: App, pixels_per_point: f32) -> Harness<'static, App> {
    let WgpuSetup::CreateNew(mut setup) = egui_kittest::wgpu::default_wgpu_setup() else {
        panic!("kittest makes its own device");
    };
    setup.device_descriptor = Arc::new(render::device_descriptor);
    let mut harness = Harness::builder()
        .with_size(vec2(SIZE[0], SIZE[1]))
        .with_pixels_per_point(pixels_per_point)
        .wgpu_setup(WgpuSetup::CreateNew(setup))
        .build_eframe(move |cc| {
            let state = cc.wgpu_render_state.as_ref().expect("a graphics device");
            let mut scene = Scene::new(&state.device, &state.queue, state.target_format);
            scene.set_volume(app.document.image().clone()).unwrap();
            while !scene.upload(usize::MAX) {}
            state.renderer.write().callback_resources.insert(SceneSlot(Some(scene)));
            app
        });
    harness.run_steps(3);
    harness
}

/// Compares every pixel of a view's picture (but the rims, where words are) with the voxel that the transform
/// reads there. Answers how many were compared.
fn compare(harness: &mut Harness<'_, App>, plane: Plane, pixels_per_point: f32) -> usize {
    let picture = harness.render().unwrap();
    let pane = harness.get_by_label(&format!("{} view", plane.name())).rect();
    let app = harness.state();
    let image = app.document.image();
    let grid = image.grid();
    let size = DVec2::new(f64::from(pane.width()), f64::from(pane.height()));
    let slice = app.view.slice(grid, plane);
    let pan_zoom = app.view.pane(plane).pan_zoom;
    let transform =
        SliceTransform::new(grid, plane, app.view.prefs.convention, None, pan_zoom, size, slice);
    let inner = pane.shrink2(vec2(46.0, 58.0));
    let mut compared = 0;
    for y in 0..picture.height() {
        for x in 0..picture.width() {
            let at: Pos2 = pos2(x as f32 + 0.5, y as f32 + 0.5) / pixels_per_point;
            if !inner.contains(at) {
                continue;
            }
            let at = at - pane.min;
            let world = transform.world_from_pane(DVec2::new(f64::from(at.x), f64::from(at.y)));
            let voxel = grid.voxel(world);
            // On the border between two voxels single precision may choose either.
            let rest = (voxel + 0.5).fract();
            let near_border = |c: f64| !(0.01..=0.99).contains(&c);
            let through = transform.frame().through_axis();
            if (0..3).any(|a| a != through && near_border(rest[a])) {
                continue;
            }
            let expected = grid.voxel_at(world).map_or(0.0, |v| image.value(v));
            let shown = f64::from(picture.get_pixel(x, y).0[0]);
            assert!(
                (shown - expected).abs() <= 1.5,
                "{} pixel {x}, {y}: {shown} for the voxel {voxel} with {expected}",
                plane.name()
            );
            compared += 1;
        }
    }
    compared
}

fn whole() -> Rect {
    Rect::from_min_size(Pos2::ZERO, SIZE.into())
}

#[test]
fn every_pixel_shows_the_voxel_that_the_pointer_reads() {
    for (pixels_per_point, convention) in
        [(1.0, Convention::Radiological), (1.5, Convention::Neurological)]
    {
        let mut app = app(whole());
        app.view.prefs.convention = convention;
        let mut harness = harness(app, pixels_per_point);
        for plane in Plane::ALL {
            let compared = compare(&mut harness, plane, pixels_per_point);
            assert!(compared > 20_000, "{compared} pixels of {}", plane.name());
        }
        let pan_zoom = PanZoom { centre: DVec2::new(11.3, 17.9), points_per_mm: 21.7 };
        harness.state_mut().view.pane_mut(Plane::Coronal).pan_zoom = Some(pan_zoom);
        harness.state_mut().view.scan.maximised = Some(Pane::Slice(Plane::Coronal));
        harness.run_steps(3);
        assert!(compare(&mut harness, Plane::Coronal, pixels_per_point) > 100_000);
    }
}

#[test]
fn a_pane_that_is_partly_out_of_the_window_is_cut_off_and_not_squeezed() {
    let area = Rect::from_min_max(pos2(-70.0, -45.0), pos2(SIZE[0] + 90.0, SIZE[1] + 30.0));
    let mut harness = harness(app(area), 1.0);
    for plane in Plane::ALL {
        assert!(compare(&mut harness, plane, 1.0) > 10_000, "{}", plane.name());
    }
}
