use super::arrangement::{Lightbox, Pane};
use super::beside::Beside;
use super::comparison::ComparisonView;
use super::image_layer::ImageLayer;
use super::view_3d::View3d;
use crate::document::LabelId;
use crate::geom::{DVec3, Grid, Oblique, PanZoom};
use crate::mask::range::ValueRange;
use crate::render::{ColourMap, Orbit, TransferPreset, default_iso};
use crate::volume::{Histogram, Stats, SuvKind, Window};

/// What belongs to one slice view.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PaneState {
    /// Pan and zoom; `None` fits the picture into the pane.
    pub pan_zoom: Option<PanZoom>,
}

/// How one scan is looked at. Built anew for each scan.
#[derive(Clone, Debug)]
pub struct ScanView {
    /// Where the three slice views cross, RAS mm.
    pub crosshair: DVec3,
    /// The active object is shown alone.
    pub solo: bool,
    /// Second images, from the lowest on.
    pub overlays: Vec<ImageLayer>,
    /// The overlay that window and colour controls act on; `None`: the scan.
    pub layer: Option<usize>,
    /// Whether the scan itself is drawn in slices (the layer list's eye).
    pub show_image: bool,
    /// Scale from values to the colour map.
    pub window: Window,
    /// Colours of the scan in slices and MIP.
    pub colour_map: ColourMap,
    /// The automatic window of this scan, to go back to.
    pub auto_window: Window,
    /// Smallest, largest, mean value of the scan.
    pub stats: Option<Stats>,
    /// Histogram of the scan.
    pub histogram: Option<Histogram>,
    /// In which SUV the scan is shown, and by what the values of its source were multiplied for that.
    pub suv: Option<(SuvKind, f64)>,
    /// The view that fills the window, if one does.
    pub maximised: Option<Pane>,
    /// A sheet of many slices of one plane instead of the views.
    pub lightbox: Option<Lightbox>,
    /// A turn of all three slice planes; `None` follows the scan's axes.
    pub oblique: Option<Oblique>,
    /// The tolerance of the last flood fill; `None` before there was one.
    pub flood_tolerance: Option<f64>,
    /// The object whose voxels alone painting takes, if there is one.
    pub paint_inside: Option<LabelId>,
    /// The values that brush and eraser were confined to last.
    pub paint_range: Option<ValueRange>,
    /// They are confined to them.
    pub in_range_only: bool,
    /// Of scribbles that are drawn as prompts: voxels from the middle of the line to its edge, 0 to
    /// [`Self::WIDEST_SCRIBBLE`].
    pub scribble_radius: f64,
    /// The object that stands for what is not wanted where objects grow from seeds.
    pub growth_not_wanted: Option<LabelId>,
    /// The second object of operations on two.
    pub operand: Option<LabelId>,
    /// Another label map is compared with the objects: how.
    pub comparison: Option<ComparisonView>,
    /// What is shown beside each slice.
    pub beside: Beside,
    /// The time point shown, from 0.
    pub time_point: usize,
    /// Axial, coronal, sagittal.
    pub slices: [PaneState; 3],
    /// The 3D camera.
    pub orbit: Orbit,
    /// What the 3D view shows besides the masks.
    pub view_3d: View3d,
}

/// Without a scan.
impl Default for ScanView {
    fn default() -> Self {
        Self {
            crosshair: DVec3::ZERO,
            solo: false,
            overlays: Vec::new(),
            layer: None,
            show_image: true,
            window: Window::new(40.0, 400.0),
            colour_map: ColourMap::default(),
            auto_window: Window::new(40.0, 400.0),
            stats: None,
            histogram: None,
            suv: None,
            maximised: None,
            lightbox: None,
            oblique: None,
            flood_tolerance: None,
            paint_inside: None,
            paint_range: None,
            in_range_only: false,
            scribble_radius: 1.0,
            growth_not_wanted: None,
            operand: None,
            comparison: None,
            beside: Beside::default(),
            time_point: 0,
            slices: [PaneState::default(); 3],
            orbit: Orbit::default(),
            view_3d: View3d::default(),
        }
    }
}

impl ScanView {
    /// The widest scribble that can be drawn, as [`Self::scribble_radius`].
    pub const WIDEST_SCRIBBLE: f64 = 20.0;

    /// Makes scribbles wider, or narrower, by so many voxels to each side.
    pub fn step_scribble(&mut self, voxels: i64) {
        let radius = self.scribble_radius + voxels as f64;
        self.scribble_radius = radius.clamp(0.0, Self::WIDEST_SCRIBBLE);
    }

    /// A first look at a scan: crosshair in the middle, automatic window, everything in view.
    pub fn new(grid: &Grid, stats: Stats, histogram: Histogram) -> Self {
        let auto_window = Window::auto(&stats, &histogram);
        Self {
            // The centre of a voxel, so that the first slices are not a tie between two.
            crosshair: grid.world_of(grid.voxel_clamped(grid.centre())),
            window: auto_window,
            auto_window,
            colour_map: ColourMap::first(stats.low_is_bright),
            view_3d: View3d {
                iso_value: default_iso(&stats, auto_window),
                ..View3d::new(TransferPreset::first(&stats), auto_window)
            },
            stats: Some(stats),
            histogram: Some(histogram),
            ..Self::default()
        }
    }

    /// The scan is shown in another unit from now on: its values are `factor` times what they were. Where one looks stays;
    /// what is made of values is as at first.
    pub fn show_as(&mut self, grid: &Grid, factor: f64, suv: Option<(SuvKind, f64)>) {
        let Some((stats, histogram)) = self.stats.zip(self.histogram.as_ref()) else { return };
        let fresh = Self::new(grid, stats.scaled(factor), histogram.scaled(factor));
        (self.window, self.auto_window) = (fresh.window, fresh.auto_window);
        (self.stats, self.histogram, self.suv) = (fresh.stats, fresh.histogram, suv);
        self.view_3d = fresh.view_3d;
        (self.flood_tolerance, self.paint_range, self.in_range_only) = (None, None, false);
    }
}
