//! `voxpoint render`: the window's views as a picture or a film, without a display.

mod sides;
mod view;

use std::path::Path;
use std::sync::Arc;

use image::RgbaImage;

use super::args::RenderArgs;
use super::{Usage, files};
use crate::document::{Command, Document};
use crate::figure::{Figure, FigureRenderer, Film, film_format, save_film, save_png};
use crate::geom::{DVec3, Grid};
use crate::io::LabelsRead;
use crate::ui::{FilmFormat, FilmOptions, ViewState};
use crate::volume::{Histogram, NamedRegion, Region, Volume, VoxelBox};
use crate::work::{CancelToken, Progress};

/// Pixels of a picture, if nothing is said.
const SIZE: [u32; 2] = [1024, 1024];

/// Draws a scan, and a label map on it, and writes a picture or a film.
pub fn run(args: &RenderArgs) -> anyhow::Result<()> {
    view::check(args)?;
    let format = check_output(args)?;
    let volume = files::open_one(&args.image, &args.series)?;
    let volume = Arc::new(match args.time_point {
        Some(number) => files::at_time_point(&volume, number)?,
        None => volume,
    });
    let mut document = Document::new(Arc::clone(&volume));
    if let Some(path) = &args.labels {
        let labels = open_labels(path, &volume, args.labels_time_point)?;
        document.apply(Command::Import(labels.labels))?;
    }
    view::fade(args, &mut document)?;
    let mut view = view::of(args, &document)?;
    sides::put(args, &document, &mut view)?;
    // When nothing can be refused any more: an error is one line.
    files::warn(&volume);
    let usual = if format.is_some() { FilmOptions::default().size } else { SIZE };
    let size = args.size.unwrap_or(usual);
    let mut renderer = FigureRenderer::new(document, &view, &CancelToken::new())?;
    let figure = Figure { view, size, pixels_per_point: 1.0, annotated: !args.plain };
    let Some(format) = format else {
        return Ok(save_png(&args.out, &renderer.draw(&figure)?)?);
    };
    let usual = FilmOptions::default();
    let film = Film {
        format,
        frames: args.film.turntable.unwrap_or(usual.frames),
        seconds: args.film.seconds.unwrap_or(usual.seconds),
    };
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    Ok(save_film(&args.out, &film, &mut renderer, &figure, &cancel, &progress)?)
}

/// A label map at `time_point`, else at the scan's if it has as many, else at its first.
fn open_labels(
    path: &Path,
    scan: &Volume,
    time_point: Option<usize>,
) -> anyhow::Result<LabelsRead> {
    if let Some(read) = files::labels_for(path, scan)? {
        return Ok(read);
    }
    let labels = files::open_scan(path)?;
    let same = (labels.time_points() == scan.time_points()).then_some(scan.time_point() + 1);
    let time_point = time_point.or(same);
    files::labels_of(&labels, path, scan, time_point)
}

/// The kind of film that is wanted, if one is; refuses what can't be written before any work is done.
fn check_output(args: &RenderArgs) -> anyhow::Result<Option<FilmFormat>> {
    let inputs: Vec<&Path> = std::iter::once(args.image.as_path())
        .chain(args.labels.as_deref())
        .chain(args.second.overlay.as_deref())
        .chain(args.sides.beside.as_deref())
        .chain(args.sides.compare.as_deref())
        .collect();
    if args.film.turntable.is_none() {
        files::check_output(&args.out, &inputs, &[".png"])?;
        return Ok(None);
    }
    let Some(format) = film_format(&args.out) else {
        let name = args.out.display();
        let why = format!("a film's name must end in .png, .gif, or / for a folder: {name}");
        return Err(Usage(why).into());
    };
    if format != FilmFormat::Sequence {
        files::check_output(&args.out, &inputs, &[".png", ".apng", ".gif"])?;
    }
    Ok(Some(format))
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
    let mut view = first_look(&document);
    view.scan.crosshair = at;
    view.transient.is_figure = true;
    let mut renderer = FigureRenderer::new(document, &view, &CancelToken::new())?;
    Ok(renderer.draw(&Figure { view, size, pixels_per_point: 1.0, annotated: false })?)
}

/// What the window would show after opening the scan.
pub(super) fn first_look(document: &Document) -> ViewState {
    let volume = document.image();
    let stats = volume.stats();
    let histogram = Histogram::of(volume, &stats, 256);
    // The same picture whatever language the system speaks.
    let language = crate::ui::text::Language::English;
    let mut view = ViewState::for_scan(volume.grid(), stats, histogram);
    view.prefs.language = language;
    view
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
