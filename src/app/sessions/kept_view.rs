//! How a scan is looked at, as a session keeps it. What can't be read, or makes no sense, is as at first.

use serde::{Deserialize, Serialize};

use crate::document::{Document, LabelId};
use crate::geom::{DMat3, DVec2, DVec3, Oblique, PanZoom};
use crate::render::{Clip, ClipBox, ClipPlane, ColourMap, TransferPreset};
use crate::ui::state::View3d;
use crate::ui::{ImageLayer, Pane, ViewState, tools};
use crate::volume::Window;

/// Beside what is kept of the view, in a session: whether the label map that was exported is what the masks are.
pub const EXPORTED: &str = "mask_exported";

/// By names that other versions may lack or not know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KeptView {
    /// RAS mm.
    crosshair: Option<[f64; 3]>,
    /// Centre and width.
    window: Option<[f64; 2]>,
    colours: String,
    hide_image: bool,
    solo: bool,
    /// The overlay that the window's controls act on, from 0.
    layer: Option<usize>,
    maximised: Option<String>,
    /// Axial, coronal, sagittal: the middle, mm, and points for each mm.
    slices: [Option<[f64; 3]>; 3],
    /// The rotation's columns and the pivot.
    oblique: Option<[f64; 12]>,
    camera: Option<Camera>,
    volume: Option<Volume3d>,
    /// The images that lie over the scan, lowest first; those of the session's overlays that come after them are not
    /// shown, but were clicked in.
    layers: Vec<Layer>,
    paint_inside: Option<u16>,
    /// The left button's.
    tool: Option<String>,
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
}

fn numbers(window: Window) -> [f64; 2] {
    [window.centre, window.width]
}

impl Volume3d {
    /// Looks so at the scan in 3D.
    fn apply(&self, view: &mut View3d) {
        view.window = window(self.window).unwrap_or(view.window);
        let named =
            |preset: &TransferPreset| self.preset.as_deref() == Some(&*format!("{preset:?}"));
        if let Some(preset) = TransferPreset::ALL.into_iter().find(named) {
            (view.preset, view.transfer) = (Some(preset), preset.function(view.window));
        }
        if self.iso.is_finite() {
            view.iso_value = self.iso;
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

fn window(numbers: Option<[f64; 2]>) -> Option<Window> {
    let [centre, width] = numbers.filter(|n| finite(n) && n[1] > 0.0)?;
    Some(Window::new(centre, width))
}

fn finite(numbers: &[f64]) -> bool {
    numbers.iter().all(|n| n.is_finite())
}

fn colours(name: &str) -> Option<ColourMap> {
    ColourMap::ALL.into_iter().find(|map| format!("{map:?}") == name)
}

impl KeptView {
    pub fn of(view: &ViewState) -> Self {
        let scan = &view.scan;
        let slice =
            |pan_zoom: &PanZoom| [pan_zoom.centre.x, pan_zoom.centre.y, pan_zoom.points_per_mm];
        let oblique = |o: &Oblique| {
            let mut numbers = [0.0; 12];
            numbers[..9].copy_from_slice(&o.rotation.to_cols_array());
            numbers[9..].copy_from_slice(&o.pivot.to_array());
            numbers
        };
        let layer = |layer: &ImageLayer| Layer {
            hidden: !layer.visible,
            opacity: layer.opacity,
            colours: format!("{:?}", layer.colour_map),
        };
        let orbit = &scan.orbit;
        let volume = &scan.view_3d;
        let plane = |p: &ClipPlane| [p.normal.x, p.normal.y, p.normal.z, p.offset_mm];
        // In the unit of the scan's file, in which it will be opened again.
        let factor = scan.suv.map_or(1.0, |(_, factor)| factor);
        let in_file = |window: Window| numbers(window).map(|value| value / factor);
        Self {
            crosshair: Some(scan.crosshair.to_array()),
            window: Some(in_file(scan.window)),
            colours: format!("{:?}", scan.colour_map),
            hide_image: !scan.show_image,
            solo: scan.solo,
            layer: scan.layer,
            maximised: scan.maximised.map(|pane| pane.name().to_owned()),
            slices: scan.slices.map(|pane| pane.pan_zoom.as_ref().map(slice)),
            oblique: scan.oblique.as_ref().map(oblique),
            camera: Some(Camera {
                azimuth: orbit.azimuth,
                elevation: orbit.elevation,
                zoom: orbit.zoom,
                perspective: orbit.perspective,
                shift: orbit.shift.to_array(),
            }),
            volume: Some(Volume3d {
                preset: volume.preset.map(|preset| format!("{preset:?}")),
                window: Some(in_file(volume.window)),
                iso: volume.iso_value / factor,
                image_opacity: volume.image_opacity,
                clip_plane: volume.clip.plane.as_ref().map(plane),
                clip_box: volume.clip.bounds.map(|b| [b.low, b.high]),
            }),
            layers: scan.overlays.iter().map(layer).collect(),
            paint_inside: scan.paint_inside.map(|id| id.0),
            tool: Some(view.prefs.tool.0.to_owned()),
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

    /// Looks so at a document that was just opened.
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
        scan.window = window(self.window).unwrap_or(scan.window);
        scan.colour_map = colours(&self.colours).unwrap_or(scan.colour_map);
        (scan.show_image, scan.solo) = (!self.hide_image, self.solo);
        scan.layer = self.layer.filter(|n| *n < scan.overlays.len());
        let named = |pane: &Pane| self.maximised.as_deref() == Some(pane.name());
        scan.maximised = Pane::ALL.into_iter().find(named);
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
        if let Some(camera) = self.camera.as_ref().filter(|c| {
            finite(&[c.azimuth, c.elevation, c.zoom, c.shift[0], c.shift[1]]) && c.zoom > 0.0
        }) {
            let orbit = &mut scan.orbit;
            (orbit.azimuth, orbit.elevation) = (camera.azimuth, camera.elevation);
            (orbit.zoom, orbit.perspective) = (camera.zoom, camera.perspective);
            orbit.shift = DVec2::from_array(camera.shift);
        }
        if let Some(volume) = &self.volume {
            volume.apply(&mut scan.view_3d);
        }
        let kept = self.paint_inside.map(LabelId);
        scan.paint_inside = kept.filter(|id| document.object(*id).is_some());
        scan.time_point = document.image().time_point();
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
            assert_eq!(window(numbers).is_some(), known, "{numbers:?}");
        }
        assert_eq!((colours("Viridis"), colours("Mauve")), (Some(ColourMap::Viridis), None));
    }
}
