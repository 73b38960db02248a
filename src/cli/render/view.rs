//! From flags to the window's view state.

use std::sync::Arc;

use super::super::args::{CameraArg, ClipArg, LayoutArg, RenderArgs, View};
use super::super::{Usage, files};
use super::{first_look, middle};
use crate::document::{Command, Document};
use crate::geom::{Grid, Oblique, Plane};
use crate::render::{ClipPlane, ColourMap, Mode3d, Orbit};
use crate::ui::{ImageLayer, Layout, Lightbox, Pane, ViewState};
use crate::volume::{Histogram, Window};

/// Opacity of a second image, if nothing is said.
const OVERLAY: f32 = 0.5;

/// Refuses flags that contradict each other.
pub fn check(args: &RenderArgs) -> Result<(), Usage> {
    let view = args.view.unwrap_or(View::All);
    let film = args.film.turntable.is_some();
    let volume = &args.volume;
    let mode = mode(args);
    let wrong = match view {
        _ if film && args.view.is_some_and(|v| v != View::Volume) => {
            "--turntable turns the 3D view: leave --view out or give --view 3d"
        }
        _ if film && (args.layout.is_some() || args.lightbox.is_some()) => {
            "--turntable films the 3D view alone: leave --layout and --lightbox out"
        }
        View::Volume if args.lightbox.is_some() => {
            "--lightbox is a sheet of slices: give --view axial, coronal or sagittal"
        }
        View::Volume if args.sides.beside.is_some() || args.sides.compare.is_some() => {
            "--beside and --compare show slices twice: give --view axial, coronal or sagittal, or leave it out"
        }
        v if v != View::All && matches!(args.layout, Some(LayoutArg::Quad | LayoutArg::Row)) => {
            "--layout quad and row show all views: leave --view out"
        }
        _ if volume.preset.is_some() && mode != Some(Mode3d::Volume) && mode.is_some() => {
            "--preset is for --3d volume"
        }
        _ if volume.iso.is_some() && mode != Some(Mode3d::Iso) => "--iso is for --3d iso",
        _ => return Ok(()),
    };
    Err(Usage(wrong.to_owned()))
}

/// A value for the iso-surface asks for one.
fn mode(args: &RenderArgs) -> Option<Mode3d> {
    args.volume.mode.or(args.volume.iso.map(|_| Mode3d::Iso))
}

/// Gives the masks the opacity that was asked for in 3D.
pub fn fade(args: &RenderArgs, document: &mut Document) -> anyhow::Result<()> {
    let Some(opacity) = args.slices.opacity else { return Ok(()) };
    let ids: Vec<_> = document.objects().iter().map(|o| o.id).collect();
    for id in ids {
        document.apply(Command::SetOpacity(id, opacity))?;
    }
    Ok(())
}

/// How the document is looked at: what the window would show after opening it, and what was asked for.
pub fn of(args: &RenderArgs, document: &Document) -> anyhow::Result<ViewState> {
    let grid = document.image().grid();
    let mut view = first_look(document);
    view.transient.is_figure = true;
    view.prefs.theme = args.theme;
    view.scan.crosshair = match args.at {
        Some(at) if grid.voxel_at(at).is_none() => {
            let file = args.image.display();
            anyhow::bail!("--at {},{},{} is outside of the scan {file}", at.x, at.y, at.z);
        }
        Some(at) => at,
        None => middle(document.objects().iter().map(|o| &*o.region), grid),
    };
    view.scan.time_point = args.time_point.map_or(0, |n| n - 1);
    places(args, &mut view);
    slices(args, &mut view);
    volume(args, grid, &mut view);
    view.scan.overlays.extend(overlay(args)?);
    Ok(view)
}

/// Which views, and where.
fn places(args: &RenderArgs, view: &mut ViewState) {
    let film = args.film.turntable.is_some();
    let asked = args.view.and_then(View::pane).or(film.then_some(Pane::Volume));
    let plane = match asked {
        Some(Pane::Slice(plane)) => plane,
        _ => Plane::Axial,
    };
    view.scan.maximised = asked;
    view.scan.lightbox = args.lightbox.map(|[columns, rows]| Lightbox { plane, columns, rows });
    if let Some(layout) = args.layout {
        view.scan.maximised = None;
        view.prefs.layout = match layout {
            LayoutArg::Quad => Layout::Quad,
            LayoutArg::Main => Layout::Main(asked.unwrap_or(Pane::Slice(plane))),
            LayoutArg::Row => Layout::Row,
        };
    }
    if view.scan.lightbox.is_some() {
        view.scan.maximised = None;
    }
}

fn slices(args: &RenderArgs, view: &mut ViewState) {
    let flags = &args.slices;
    if let Some(window) = flags.window {
        (view.scan.window, view.scan.view_3d.window) = (window, window);
    }
    view.scan.colour_map = flags.colormap.unwrap_or(view.scan.colour_map);
    view.prefs.interpolation = flags.interpolation.unwrap_or(view.prefs.interpolation);
    view.prefs.convention = flags.convention.unwrap_or(view.prefs.convention);
    view.prefs.slab_mm = flags.slab.unwrap_or(view.prefs.slab_mm);
    view.prefs.projection = flags.projection.unwrap_or(view.prefs.projection);
    for (axis, degrees) in &flags.oblique {
        let pivot = view.scan.crosshair;
        let planes = view.scan.oblique.unwrap_or(Oblique::straight(pivot));
        view.scan.oblique = Some(planes.turned_about(*axis, *degrees, pivot));
    }
    let masks = &mut view.prefs.masks;
    masks.fill = flags.fill.unwrap_or(masks.fill);
    match flags.outline {
        Some(width) if width > 0.0 => masks.outline_width = width,
        Some(_) => masks.outline = 0.0,
        None => {}
    }
    let opacity = flags.opacity.unwrap_or(1.0);
    masks.fill *= opacity;
    masks.outline *= opacity;
}

fn volume(args: &RenderArgs, grid: &Grid, view: &mut ViewState) {
    let flags = &args.volume;
    let shown = &mut view.scan.view_3d;
    view.prefs.mode_3d = mode(args).unwrap_or(view.prefs.mode_3d);
    if let Some(preset) = flags.preset {
        shown.preset = Some(preset);
        shown.transfer = preset.function(view.scan.auto_window);
    }
    shown.iso_value = flags.iso.unwrap_or(shown.iso_value);
    shown.image_opacity = flags.scan_opacity.unwrap_or(shown.image_opacity);
    let orbit = &mut view.scan.orbit;
    match flags.camera {
        Some(CameraArg::From(side)) => *orbit = Orbit::looking_from(side),
        Some(CameraArg::Angles(azimuth, elevation)) => {
            (orbit.azimuth, orbit.elevation) = (azimuth, elevation);
        }
        None => {}
    }
    orbit.perspective = flags.perspective;
    shown.clip.bounds = flags.clip_box;
    shown.clip.plane = flags.clip.map(|clip| match clip {
        ClipArg::Towards(side, offset_mm) => ClipPlane { normal: side.unit(), offset_mm },
        ClipArg::Camera(mm) => {
            let normal = orbit.axes().z_axis;
            ClipPlane { normal, offset_mm: normal.dot(grid.centre()) + mm }
        }
    });
}

fn overlay(args: &RenderArgs) -> anyhow::Result<Option<ImageLayer>> {
    let flags = &args.second;
    let Some(path) = &flags.overlay else { return Ok(None) };
    let volume = Arc::new(files::open_scan(path)?);
    files::warn(&volume);
    let stats = volume.stats();
    let histogram = Histogram::of(&volume, &stats, 256);
    let auto_window = Window::auto(&stats, &histogram);
    Ok(Some(ImageLayer {
        volume,
        visible: true,
        opacity: flags.overlay_opacity.unwrap_or(OVERLAY),
        window: flags.overlay_window.unwrap_or(auto_window),
        auto_window,
        colour_map: flags.overlay_colormap.unwrap_or(ColourMap::Hot),
        stats,
        histogram,
    }))
}
