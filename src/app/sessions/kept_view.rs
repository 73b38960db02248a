//! How a scan is looked at, as a session keeps it. What can't be read, or makes no sense, is as at first.

mod companions;

use serde::{Deserialize, Serialize};

pub(super) use companions::{KeptComparison, KeptLabels, KeptSecond};

use crate::document::{Document, LabelId};
use crate::geom::{DMat3, DVec2, DVec3, Oblique, PanZoom, Plane};
use crate::mask::range::ValueRange;
use crate::render::{
    Clip, ClipBox, ClipPlane, ColourMap, Orbit, TransferFunction, TransferPoint, TransferPreset,
};
use crate::ui::state::{Lightbox, PaneState, ScanView, View3d};
use crate::ui::{ImageLayer, Pane, ViewState, tools};
use crate::volume::{SuvKind, Volume, Window};

/// Beside what is kept of the view, in a session: whether the label map that was exported is what the masks are.
pub const EXPORTED: &str = "mask_exported";

/// By names that other versions may lack or not know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KeptView {
    /// RAS mm.
    crosshair: Option<[f64; 3]>,
    /// Centre and width, as all values here in the unit of the scan's file.
    window: Option<[f64; 2]>,
    /// The scan is shown in these values.
    suv: Option<String>,
    colours: String,
    hide_image: bool,
    solo: bool,
    /// The overlay that the window's controls act on, from 0.
    layer: Option<usize>,
    maximised: Option<String>,
    sheet: Option<Sheet>,
    /// Axial, coronal, sagittal: the middle, mm, and points for each mm.
    slices: [Option<[f64; 3]>; 3],
    /// The rotation's columns and the pivot.
    oblique: Option<[f64; 12]>,
    camera: Option<Camera>,
    volume: Option<Volume3d>,
    /// The images that lie over the scan, lowest first; those of the session's overlays that come after them are not
    /// shown, but were clicked in.
    layers: Vec<Layer>,
    /// The values that painting was confined to last, and whether it is.
    paint_range: Option<([f64; 2], bool)>,
    flood_tolerance: Option<f64>,
    /// In voxels.
    scribble_radius: Option<f64>,
    /// The second object of operations, and the one that stands for what is not wanted.
    operand: Option<u16>,
    not_wanted: Option<u16>,
    paint_inside: Option<u16>,
    /// The left button's.
    tool: Option<String>,
    /// What is shown beside the slices.
    pub(super) second: Option<KeptSecond>,
    /// What the objects are compared with.
    pub(super) compared: Option<KeptComparison>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Camera {
    azimuth: f64,
    elevation: f64,
    zoom: f64,
    perspective: bool,
    shift: [f64; 2],
}

/// The 3D view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Volume3d {
    preset: Option<String>,
    /// Values, colours and opacities of a curve of one's own; without any it follows the window.
    curve: Option<Vec<(f64, [u8; 3], f32)>>,
    window: Option<[f64; 2]>,
    iso: f64,
    image_opacity: f32,
    /// Normal and distance, mm.
    clip_plane: Option<[f64; 4]>,
    clip_box: Option<[[f64; 3]; 2]>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Layer {
    hidden: bool,
    opacity: f32,
    colours: String,
    /// It is shown in these values.
    suv: Option<String>,
}

/// A sheet of slices.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Sheet {
    plane: String,
    columns: usize,
    rows: usize,
}

fn numbers(window: Window) -> [f64; 2] {
    [window.centre, window.width]
}

impl Camera {
    fn of(orbit: &Orbit) -> Self {
        let Orbit { azimuth, elevation, zoom, perspective, shift } = *orbit;
        Self { azimuth, elevation, zoom, perspective, shift: shift.to_array() }
    }

    /// Looks from there.
    fn apply(&self, orbit: &mut Orbit) {
        let Self { azimuth, elevation, zoom, perspective, shift } = *self;
        if finite(&[azimuth, elevation, zoom, shift[0], shift[1]]) && zoom > 0.0 {
            let shift = DVec2::from_array(shift);
            *orbit = Orbit { azimuth, elevation, zoom, perspective, shift };
        }
    }
}

impl Sheet {
    fn of(sheet: Lightbox) -> Self {
        let Lightbox { plane, columns, rows } = sheet;
        Self { plane: plane.name().to_owned(), columns, rows }
    }

    fn shown(&self) -> Option<Lightbox> {
        let Self { plane, columns, rows } = self;
        let plane = Plane::ALL.into_iter().find(|known| known.name() == plane)?;
        (*columns > 0 && *rows > 0).then_some(Lightbox { plane, columns: *columns, rows: *rows })
    }
}

impl Layer {
    fn of(layer: &ImageLayer) -> Self {
        // Its window stands with its file; the rest is of its voxels.
        let ImageLayer { volume, visible, opacity, window: _, colour_map, .. } = layer;
        Self {
            hidden: !visible,
            opacity: *opacity,
            colours: format!("{colour_map:?}"),
            suv: volume.suv_kind().map(|kind| format!("{kind:?}")),
        }
    }
}

impl Volume3d {
    /// `factor`: by what values of the file were multiplied.
    fn of(view: &View3d, factor: f64) -> Self {
        let View3d { preset, transfer, window, iso_value, clip, image_opacity } = view;
        let Clip { plane: plane_of, bounds } = clip;
        let plane = |p: &ClipPlane| [p.normal.x, p.normal.y, p.normal.z, p.offset_mm];
        let point = |p: &TransferPoint| (p.value / factor, p.colour, p.opacity);
        let curve = match transfer {
            TransferFunction::Window => Vec::new(),
            TransferFunction::Points(curve) => curve.points().iter().map(point).collect(),
        };
        Self {
            preset: preset.map(|preset| format!("{preset:?}")),
            curve: preset.is_none().then_some(curve),
            window: Some(numbers(*window).map(|value| value / factor)),
            iso: iso_value / factor,
            image_opacity: *image_opacity,
            clip_plane: plane_of.as_ref().map(plane),
            clip_box: bounds.map(|b| [b.low, b.high]),
        }
    }

    /// The curve of one's own.
    fn curve(&self, factor: f64) -> Option<TransferFunction> {
        let curve = self.curve.as_ref()?;
        if curve.is_empty() {
            return Some(TransferFunction::Window);
        }
        let point = |(value, colour, opacity): &(f64, [u8; 3], f32)| TransferPoint {
            value: value * factor,
            colour: *colour,
            opacity: *opacity,
        };
        TransferFunction::points(curve.iter().map(point).collect())
    }

    /// Looks so at the scan in 3D. `factor`: by what values of the file are multiplied.
    fn apply(&self, view: &mut View3d, factor: f64) {
        view.window = window(self.window, factor).unwrap_or(view.window);
        let named =
            |preset: &TransferPreset| self.preset.as_deref() == Some(&*format!("{preset:?}"));
        if let Some(preset) = TransferPreset::ALL.into_iter().find(named) {
            (view.preset, view.transfer) = (Some(preset), preset.function(view.window));
        } else if let Some(curve) = self.curve(factor) {
            (view.preset, view.transfer) = (None, curve);
        }
        if self.iso.is_finite() {
            view.iso_value = self.iso * factor;
        }
        if (0.0..=1.0).contains(&self.image_opacity) {
            view.image_opacity = self.image_opacity;
        }
        let plane = self.clip_plane.filter(|p| finite(p)).and_then(|[x, y, z, offset_mm]| {
            let normal = DVec3::new(x, y, z).try_normalize()?;
            Some(ClipPlane { normal, offset_mm })
        });
        let inside = |[low, high]: &[[f64; 3]; 2]| {
            (0..3).all(|n| 0.0 <= low[n] && low[n] < high[n] && high[n] <= 1.0)
        };
        let bounds = self.clip_box.filter(inside);
        view.clip = Clip { plane, bounds: bounds.map(|[low, high]| ClipBox { low, high }) };
    }
}

/// `factor`: by what values of the file are multiplied.
fn window(numbers: Option<[f64; 2]>, factor: f64) -> Option<Window> {
    let [centre, width] = numbers.filter(|n| finite(n) && n[1] > 0.0)?;
    Some(Window::new(centre, width).in_unit(|value| value * factor))
}

/// By what the values of an image's file were multiplied, if it is shown in others.
pub(super) fn factor_of(image: &Volume) -> f64 {
    image.suv_kind().and_then(|kind| image.suv()?.of(kind)).unwrap_or(1.0)
}

/// The middle, mm, and points for each mm.
fn slice_numbers(pan_zoom: &PanZoom) -> [f64; 3] {
    [pan_zoom.centre.x, pan_zoom.centre.y, pan_zoom.points_per_mm]
}

/// The rotation's columns and the pivot.
fn oblique_numbers(oblique: &Oblique) -> [f64; 12] {
    let mut numbers = [0.0; 12];
    numbers[..9].copy_from_slice(&oblique.rotation.to_cols_array());
    numbers[9..].copy_from_slice(&oblique.pivot.to_array());
    numbers
}

fn finite(numbers: &[f64]) -> bool {
    numbers.iter().all(|n| n.is_finite())
}

fn suv(name: Option<&String>) -> Option<SuvKind> {
    SuvKind::ALL.into_iter().find(|kind| name.is_some_and(|name| *name == format!("{kind:?}")))
}

fn colours(name: &str) -> Option<ColourMap> {
    ColourMap::ALL.into_iter().find(|map| format!("{map:?}") == name)
}

impl KeptView {
    /// Whatever is new in the view has to be named here, kept or not (`_`).
    pub fn of(view: &ViewState) -> Self {
        // Of preferences (the user's, for all scans) the tool; not what one does at the moment.
        let ViewState { prefs, scan, transient: _, windows: _ } = view;
        let ScanView {
            crosshair,
            solo,
            overlays,
            layer,
            show_image,
            window,
            colour_map,
            // Of the voxels.
            auto_window: _,
            stats: _,
            histogram: _,
            suv,
            maximised,
            lightbox,
            oblique,
            flood_tolerance,
            paint_inside,
            paint_range,
            in_range_only,
            scribble_radius,
            growth_not_wanted,
            operand,
            comparison,
            beside,
            // The document's.
            time_point: _,
            slices,
            orbit,
            view_3d,
        } = scan;
        // In the unit of the scan's file, in which it will be opened again.
        let factor = suv.map_or(1.0, |(_, factor)| factor);
        Self {
            crosshair: Some(crosshair.to_array()),
            window: Some(numbers(*window).map(|value| value / factor)),
            suv: suv.map(|(kind, _)| format!("{kind:?}")),
            colours: format!("{colour_map:?}"),
            hide_image: !show_image,
            solo: *solo,
            layer: *layer,
            maximised: maximised.map(|pane| pane.name().to_owned()),
            sheet: lightbox.map(Sheet::of),
            slices: slices.map(|PaneState { pan_zoom }| pan_zoom.as_ref().map(slice_numbers)),
            oblique: oblique.as_ref().map(oblique_numbers),
            camera: Some(Camera::of(orbit)),
            volume: Some(Volume3d::of(view_3d, factor)),
            layers: overlays.iter().map(Layer::of).collect(),
            paint_range: paint_range
                .map(|r| ([r.low, r.high].map(|value| value / factor), *in_range_only)),
            flood_tolerance: flood_tolerance.map(|value| value / factor),
            scribble_radius: Some(*scribble_radius),
            operand: operand.map(|id| id.0),
            not_wanted: growth_not_wanted.map(|id| id.0),
            paint_inside: paint_inside.map(|id| id.0),
            tool: Some(prefs.tool.0.to_owned()),
            second: KeptSecond::of(beside),
            compared: comparison.as_ref().map(|view| KeptComparison::of(view, beside)),
        }
    }

    /// From a session.
    pub fn read(view: &serde_json::Value) -> Self {
        Self::deserialize(view).unwrap_or_default()
    }

    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// How many of the session's overlays, from the lowest, lie over the scan; the others were only clicked in.
    pub fn layers_shown(&self) -> usize {
        self.layers.len()
    }

    /// Dresses an image that lay over the scan at this place, counted from 0.
    pub fn dress(&self, place: usize, layer: &mut ImageLayer) {
        let Some(kept) = self.layers.get(place) else { return };
        layer.visible = !kept.hidden;
        if (0.0..=1.0).contains(&kept.opacity) {
            layer.opacity = kept.opacity;
        }
        layer.colour_map = colours(&kept.colours).unwrap_or(layer.colour_map);
    }

    /// The values in which the scan was shown, if not as its file has them.
    pub fn suv(&self) -> Option<SuvKind> {
        suv(self.suv.as_ref())
    }

    /// Those in which the image was shown that lay over the scan at this place, counted from 0.
    pub fn suv_of_layer(&self, place: usize) -> Option<SuvKind> {
        suv(self.layers.get(place)?.suv.as_ref())
    }

    /// Looks so at a document that was just opened. It is shown in the same values already, if they can be known.
    pub fn apply(&self, view: &mut ViewState, document: &Document) {
        let grid = document.image().grid();
        if let Some(place) = self.crosshair.filter(|c| finite(c)) {
            view.move_crosshair(grid, DVec3::from_array(place));
        }
        let tools = tools::ALL.iter().map(|tool| tool.info().id);
        if let Some(tool) = tools.into_iter().find(|id| self.tool.as_deref() == Some(id.0)) {
            view.prefs.tool = tool;
        }
        let scan = &mut view.scan;
        let factor = scan.suv.map_or(1.0, |(_, factor)| factor);
        scan.window = window(self.window, factor).unwrap_or(scan.window);
        scan.colour_map = colours(&self.colours).unwrap_or(scan.colour_map);
        (scan.show_image, scan.solo) = (!self.hide_image, self.solo);
        scan.layer = self.layer.filter(|n| *n < scan.overlays.len());
        let named = |pane: &Pane| self.maximised.as_deref() == Some(pane.name());
        scan.maximised = Pane::ALL.into_iter().find(named);
        scan.lightbox = self.sheet.as_ref().and_then(Sheet::shown);
        for (pane, kept) in scan.slices.iter_mut().zip(self.slices) {
            pane.pan_zoom = kept
                .filter(|k| finite(k) && k[2] > 0.0)
                .map(|[x, y, zoom]| PanZoom { centre: DVec2::new(x, y), points_per_mm: zoom });
        }
        scan.oblique = self.oblique.filter(|o| finite(o)).and_then(|numbers| {
            let rotation = DMat3::from_cols_slice(&numbers[..9]);
            let turns = (rotation * rotation.transpose()).abs_diff_eq(DMat3::IDENTITY, 1e-6)
                && rotation.determinant() > 0.0;
            turns.then(|| Oblique { rotation, pivot: DVec3::from_slice(&numbers[9..]) })
        });
        if let Some(camera) = &self.camera {
            camera.apply(&mut scan.orbit);
        }
        if let Some(volume) = &self.volume {
            volume.apply(&mut scan.view_3d, factor);
        }
        self.apply_to_painting(scan, document, factor);
        scan.time_point = document.image().time_point();
    }

    /// What painting and operations are confined to. `factor`: by what values of the file are multiplied.
    fn apply_to_painting(&self, scan: &mut ScanView, document: &Document, factor: f64) {
        let there = |id: Option<u16>| id.map(LabelId).filter(|id| document.object(*id).is_some());
        scan.paint_inside = there(self.paint_inside);
        scan.operand = there(self.operand);
        scan.growth_not_wanted = there(self.not_wanted);
        let range = self.paint_range.filter(|(r, _)| finite(r) && r[0] <= r[1]);
        scan.paint_range =
            range.map(|([low, high], _)| ValueRange { low: low * factor, high: high * factor });
        scan.in_range_only = range.is_some_and(|(_, only)| only);
        let tolerance = self.flood_tolerance.filter(|t| t.is_finite() && *t >= 0.0);
        scan.flood_tolerance = tolerance.map(|tolerance| tolerance * factor);
        let radius = self.scribble_radius.filter(|r| (0.0..=ScanView::WIDEST_SCRIBBLE).contains(r));
        scan.scribble_radius = radius.unwrap_or(scan.scribble_radius);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_as_at_first() {
        for text in ["null", "7", r#"{"crosshair":"here"}"#, "[]"] {
            let json = serde_json::from_str(text).unwrap();
            assert_eq!(KeptView::read(&json), KeptView::default(), "{text}");
        }
        for (numbers, known) in [
            (Some([40.0, 400.0]), true),
            (Some([40.0, 0.0]), false),
            (Some([40.0, -3.0]), false),
            (Some([f64::NAN, 1.0]), false),
            (None, false),
        ] {
            assert_eq!(window(numbers, 1.0).is_some(), known, "{numbers:?}");
        }
        assert_eq!((colours("Viridis"), colours("Mauve")), (Some(ColourMap::Viridis), None));
    }
}
