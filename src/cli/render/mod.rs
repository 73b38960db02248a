//! `voxpoint render`: the window's views as a picture, without a display.

mod headless_egui;
mod scene;

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use image::RgbaImage;

use super::args::RenderArgs;
use super::files;
use crate::document::{Command, Document};
use crate::geom::{DVec3, Grid};
use crate::render::Offscreen;
use crate::ui::viewport::{self, SceneSlot};
use crate::ui::{Status, ViewState};
use crate::volume::{Histogram, NamedRegion, Region, Volume, VoxelBox, Window};

/// Draws a scan, and a label map on it, and writes a PNG.
pub fn run(args: &RenderArgs) -> anyhow::Result<()> {
    let inputs: Vec<&Path> =
        std::iter::once(args.image.as_path()).chain(args.labels.as_deref()).collect();
    files::check_output(&args.out, &inputs, &[".png"])?;
    let volume = Arc::new(files::open_scan(&args.image)?);
    let mut document = Document::new(Arc::clone(&volume));
    if let Some(path) = &args.labels {
        let labels = files::open_labels(path, volume.grid())?;
        document.apply(Command::Import(labels))?;
    }
    let view = view_state(args, &document)?;
    let picture = draw(&document, view, args.size, args.plain)?;
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).context("can't encode the picture")?;
    let folder = files::workspace(&args.out)?;
    let file = folder.path().join("picture.png");
    std::fs::write(&file, png.into_inner())
        .with_context(|| format!("can't write {}", args.out.display()))?;
    files::publish(&file, &args.out)
}

/// The window's views of a scan with these labels, without letters; the slices cross at `at`.
pub(super) fn picture(
    volume: &Arc<Volume>,
    labels: Vec<NamedRegion>,
    at: DVec3,
    size: [u32; 2],
) -> anyhow::Result<RgbaImage> {
    let mut document = Document::new(Arc::clone(volume));
    document.apply(Command::Import(labels))?;
    let stats = volume.stats();
    let auto_window = Window::auto(&stats, &Histogram::of(volume, &stats, 256));
    let view = ViewState {
        crosshair: at,
        window: auto_window,
        auto_window,
        is_figure: true,
        stats: Some(stats),
        ..ViewState::default()
    };
    draw(&document, view, size, true)
}

/// The window's views, drawn by the window's own code.
fn draw(
    document: &Document,
    mut view: ViewState,
    size: [u32; 2],
    plain: bool,
) -> anyhow::Result<RgbaImage> {
    let gpu = Offscreen::new()?;
    let scene = scene::load(&gpu, document)?;
    let resources = |renderer: &mut egui_wgpu::Renderer| {
        renderer.callback_resources.insert(SceneSlot(Some(scene)));
    };
    let status = Status::default();
    headless_egui::draw(&gpu, size, resources, |ui| {
        if plain {
            viewport::show_pictures(ui, document, &mut view);
        } else {
            // Nobody clicks here, so nothing is asked for.
            viewport::show(ui, true, document, &mut view, &status, &mut Vec::new());
        }
    })
}

/// How the document is looked at: what the window would show after opening it, and what was asked for.
fn view_state(args: &RenderArgs, document: &Document) -> anyhow::Result<ViewState> {
    let volume = document.image();
    let stats = volume.stats();
    let auto_window = Window::auto(&stats, &Histogram::of(volume, &stats, 256));
    let crosshair = match args.at {
        Some(at) if volume.grid().voxel_at(at).is_none() => {
            anyhow::bail!(
                "--at {},{},{} is outside of the scan {}",
                at.x,
                at.y,
                at.z,
                args.image.display()
            );
        }
        Some(at) => at,
        None => {
            let labels = document.objects().iter().map(|o| &*o.region);
            middle(labels, volume.grid())
        }
    };
    Ok(ViewState {
        crosshair,
        window: args.window.unwrap_or(auto_window),
        auto_window,
        maximised: args.view.pane(),
        is_figure: true,
        stats: Some(stats),
        ..ViewState::default()
    })
}

/// The middle of all labels, or of the scan.
fn middle<'r>(labels: impl Iterator<Item = &'r Region>, grid: &Grid) -> DVec3 {
    let dims = grid.dims();
    let boxes = labels.filter_map(|region| region.bounds(dims));
    match boxes.reduce(|a: VoxelBox, b| a.union(&b)) {
        Some(b) => grid.world_of(std::array::from_fn(|a| b.min[a].midpoint(b.max[a]))),
        None => grid.world_of(dims.map(|n| n / 2)),
    }
}

/// The middle of all labels, or of the scan.
pub(super) fn middle_of(labels: &[NamedRegion], grid: &Grid) -> DVec3 {
    middle(labels.iter().map(|l| &l.region), grid)
}
