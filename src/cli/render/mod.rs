//! `voxpoint render`: the window's views as a picture, without a display.

mod headless_egui;
mod scene;
mod views;

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::args::RenderArgs;
use super::files;
use crate::document::{Command, Document};
use crate::geom::DVec3;
use crate::render::Offscreen;
use crate::ui::ViewState;
use crate::volume::{Histogram, Volume, VoxelBox, Window};

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
    let gpu = Offscreen::new()?;
    let picture = if args.plain {
        scene::plain(&gpu, &document, &view, args.size)?
    } else {
        views::annotated(&gpu, &document, view, args.size)?
    };
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).context("can't encode the picture")?;
    let folder = files::workspace(&args.out)?;
    let file = folder.path().join("picture.png");
    std::fs::write(&file, png.into_inner())
        .with_context(|| format!("can't write {}", args.out.display()))?;
    files::publish(&file, &args.out)
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
        None => middle(document, volume),
    };
    Ok(ViewState {
        crosshair,
        window: args.window.unwrap_or(auto_window),
        auto_window,
        maximised: args.view.pane(),
        stats: Some(stats),
        ..ViewState::default()
    })
}

/// The middle of all labels, or of the scan.
fn middle(document: &Document, volume: &Volume) -> DVec3 {
    let dims = volume.grid().dims();
    let boxes = document.objects().iter().filter_map(|o| o.region.bounds(dims));
    match boxes.reduce(|a: VoxelBox, b| a.union(&b)) {
        Some(b) => volume.grid().world_of(std::array::from_fn(|a| b.min[a].midpoint(b.max[a]))),
        None => volume.grid().world_of(dims.map(|n| n / 2)),
    }
}
