use super::arrangement::{Layout, Lightbox, Pane, SidePanels, Splits};
use super::inner_box::inner_box;
use crate::document::LabelId;
use crate::geom::{Convention, DVec3, Grid, Oblique, PanZoom, Plane, SliceFrame};
use crate::prompt::Prompt;
use crate::render::{
    ColourMap, Interpolation, MaskStyle, Orbit, Projection, TransferPreset, default_iso,
};
use crate::ui::kit::text::Language;
use crate::ui::kit::theme::Theme;
use crate::ui::state::export_options::{FilmOptions, PictureOptions, Screen};
use crate::ui::state::view_3d::View3d;
use crate::volume::{Histogram, Stats, Volume, Window};

/// What the left mouse button does in slice views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Click: prompt.
    #[default]
    Point,
    /// Click or drag: move the crosshair.
    Crosshair,
    /// Drag: window level (up/down) and width (left/right). With Shift: as [`Tool::Region`].
    Window,
    /// Drag a rectangle: the window of the values in it.
    Region,
}

/// What belongs to one slice view.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PaneState {
    /// Pan and zoom; `None` fits the picture into the pane.
    pub pan_zoom: Option<PanZoom>,
}

/// What is under the pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Hover {
    /// Voxel index.
    pub voxel: [usize; 3],
    /// RAS millimetres.
    pub world: DVec3,
    /// The scan's value there.
    pub value: f64,
    /// Name of the label there.
    pub label: Option<String>,
}

/// The click that the pointer would make where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intent {
    /// The click.
    pub prompt: Prompt,
    /// The pointer has rested there for a moment.
    pub resting: bool,
}

/// A second image laid over the scan. Only looked at: not part of the document.
#[derive(Clone, Debug)]
pub struct ImageLayer {
    /// Its voxels.
    pub volume: std::sync::Arc<Volume>,
    /// Whether it is drawn.
    pub visible: bool,
    /// 0 to 1.
    pub opacity: f32,
    /// Its own values' scale.
    pub window: Window,
    /// The automatic one.
    pub auto_window: Window,
    /// Its own colours.
    pub colour_map: ColourMap,
    /// Smallest, largest, mean value.
    pub stats: Stats,
    /// Histogram.
    pub histogram: Histogram,
}

impl ImageLayer {
    /// So many lie over a scan at most.
    pub const MOST: usize = 3;

    /// How an image is first laid over a scan.
    pub fn new(volume: std::sync::Arc<Volume>, stats: Stats, histogram: Histogram) -> Self {
        let auto_window = Window::auto(&stats, &histogram);
        Self {
            volume,
            visible: true,
            opacity: 0.5,
            window: auto_window,
            auto_window,
            colour_map: ColourMap::Hot,
            stats,
            histogram,
        }
    }
}

/// After so many objects nobody needs to be told where to click.
pub const PRACTISED: u8 = 3;

/// How the user looks at the document. Not part of it, and not in its history.
// Each switch is one the user has.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug)]
pub struct ViewState {
    /// The left button's tool.
    pub tool: Tool,
    /// Whether a left click of the point tool is negative; back to positive for every new object.
    pub negative: bool,
    /// Where the three slice views cross, RAS mm.
    pub crosshair: DVec3,
    /// Whether the crosshair is drawn.
    pub show_crosshair: bool,
    /// Whether labels are drawn.
    pub show_labels: bool,
    /// Labels are hidden while this is held.
    pub peek: bool,
    /// The active object is shown alone.
    pub solo: bool,
    /// How labels are laid over the scan.
    pub masks: MaskStyle,
    /// Second images, from the lowest on.
    pub overlays: Vec<ImageLayer>,
    /// The overlay that window and colour controls act on; `None`: the scan.
    pub layer: Option<usize>,
    /// Whether the scan itself is drawn in slices (the layer list's eye).
    pub show_image: bool,
    /// Left-right convention.
    pub convention: Convention,
    /// Slices are all zoomed alike.
    pub link_zoom: bool,
    /// Between voxels.
    pub interpolation: Interpolation,
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
    /// How the four views share the window.
    pub layout: Layout,
    /// Where the splitters are.
    pub splits: Splits,
    /// The view that fills the window, if one does.
    pub maximised: Option<Pane>,
    /// A sheet of many slices of one plane instead of the views.
    pub lightbox: Option<Lightbox>,
    /// From one picture of the sheet to the next, in slices; 0: so many that the sheet spans the scan.
    pub lightbox_step: usize,
    /// A turn of all three slice planes; `None` follows the scan's axes.
    pub oblique: Option<Oblique>,
    /// Thickness of slices in mm; 0 is the plane alone.
    pub slab_mm: f64,
    /// What thick slices show.
    pub projection: Projection,
    /// The frame (time point) shown, from 0.
    pub frame: usize,
    /// Frames follow one another by themselves.
    pub playing: bool,
    /// How many of them in a second.
    pub frames_per_second: f32,
    /// Axial, coronal, sagittal.
    pub slices: [PaneState; 3],
    /// The 3D camera.
    pub orbit: Orbit,
    /// What the 3D view shows besides the masks.
    pub in_3d: View3d,
    /// The prompt that Delete removes.
    pub selected_prompt: Option<(LabelId, usize)>,
    /// What is under the pointer.
    pub hover: Option<Hover>,
    /// The click that the pointer would make, if a preview of it is wanted. Written by the views.
    pub intent: Option<Intent>,
    /// Whether a preview of the mask under the resting pointer is wanted.
    pub show_preview: bool,
    /// Objects that the user has begun by a click, in this run and earlier ones, as far as [`PRACTISED`].
    pub clicked_objects: u8,
    /// Drawn once, as a picture: without what only makes sense with a pointer.
    pub is_figure: bool,
    /// The list of shortcuts is open.
    pub show_help: bool,
    /// What the program is, is open.
    pub show_about: bool,
    /// What the model in use is, is open.
    pub show_model: bool,
    /// The picture that was asked for last.
    pub picture: PictureOptions,
    /// The film of a turn that was asked for last.
    pub turn: FilmOptions,
    /// The choice of a picture is open.
    pub show_picture: bool,
    /// The choice of a film is open.
    pub show_turn: bool,
    /// What the views take of the screen. Written by the views.
    pub screen: Screen,
    /// The point of the transfer function that is being edited.
    pub transfer_point: Option<usize>,
    /// The list of changes is open.
    pub show_history: bool,
    /// The log is open.
    pub show_log: bool,
    /// What the log is filtered by.
    pub log_filter: String,
    /// The keyboard is to go to the menus.
    pub focus_menu: bool,
    /// The language of the window.
    pub language: Language,
    /// How large everything is, 1 as the system has it.
    pub scale: f32,
    /// The view under the pointer, whose slices the arrow keys step. Written by the views.
    pub hovered: Option<Pane>,
    /// Which side panels are open.
    pub side_panels: SidePanels,
    /// The object whose name is being edited, and the name so far.
    pub renaming: Option<(LabelId, String)>,
    /// Dark or light.
    pub theme: Theme,
}

impl Default for ViewState {
    fn default() -> Self {
        Self {
            tool: Tool::default(),
            negative: false,
            crosshair: DVec3::ZERO,
            show_crosshair: true,
            show_labels: true,
            peek: false,
            solo: false,
            masks: MaskStyle { fill: 0.4, outline: 1.0, outline_width: 1.0 },
            overlays: Vec::new(),
            layer: None,
            show_image: true,
            convention: Convention::default(),
            link_zoom: true,
            interpolation: Interpolation::default(),
            window: Window::new(40.0, 400.0),
            colour_map: ColourMap::default(),
            auto_window: Window::new(40.0, 400.0),
            stats: None,
            histogram: None,
            layout: Layout::default(),
            splits: Splits::default(),
            maximised: None,
            lightbox: None,
            lightbox_step: 0,
            oblique: None,
            slab_mm: 0.0,
            projection: Projection::default(),
            frame: 0,
            playing: false,
            frames_per_second: 5.0,
            slices: [PaneState::default(); 3],
            orbit: Orbit::default(),
            in_3d: View3d::default(),
            selected_prompt: None,
            hover: None,
            intent: None,
            show_preview: true,
            clicked_objects: 0,
            is_figure: false,
            show_help: false,
            show_about: false,
            show_model: false,
            picture: PictureOptions::default(),
            turn: FilmOptions::default(),
            show_picture: false,
            show_turn: false,
            screen: Screen::default(),
            transfer_point: None,
            show_history: false,
            show_log: false,
            log_filter: String::new(),
            focus_menu: false,
            language: Language::default(),
            scale: 1.0,
            hovered: None,
            side_panels: SidePanels::default(),
            renaming: None,
            theme: Theme::default(),
        }
    }
}

impl ViewState {
    /// A first look at a scan: crosshair in the middle, automatic window, everything in view.
    pub fn for_scan(grid: &Grid, stats: Stats, histogram: Histogram) -> Self {
        let mut view = Self::default();
        view.show_scan(grid, stats, histogram);
        view
    }

    /// A first look at another scan by the same user: what belongs to the scan starts anew, what belongs
    /// to the user (tool, convention, overlay, interpolation) stays.
    pub fn show_scan(&mut self, grid: &Grid, stats: Stats, histogram: Histogram) {
        // The centre of a voxel, so that the first slices are not a tie between two.
        self.crosshair = grid.world_of(grid.voxel_clamped(grid.centre()));
        self.auto_window = Window::auto(&stats, &histogram);
        self.window = self.auto_window;
        self.stats = Some(stats);
        self.histogram = Some(histogram);
        (self.negative, self.solo) = (false, false);
        self.maximised = None;
        self.lightbox = None;
        self.overlays.clear();
        self.layer = None;
        self.show_image = true;
        self.colour_map = ColourMap::default();
        (self.frame, self.playing) = (0, false);
        let iso_value = default_iso(&stats, self.auto_window);
        let preset = TransferPreset::first(&stats);
        self.in_3d = View3d {
            mode: self.in_3d.mode,
            preset: Some(preset),
            transfer: preset.function(self.auto_window),
            window: self.auto_window,
            iso_value,
            ..View3d::default()
        };
        self.transfer_point = None;
        self.selected_prompt = None;
        self.hover = None;
        self.intent = None;
        self.hovered = None;
        self.reset();
    }

    /// No scan any more: what belonged to it goes.
    pub fn close_scan(&mut self) {
        self.solo = false;
        (self.stats, self.histogram) = (None, None);
        self.maximised = None;
        self.lightbox = None;
        self.overlays.clear();
        (self.frame, self.playing) = (0, false);
        (self.selected_prompt, self.hover, self.intent, self.hovered) = (None, None, None, None);
        self.renaming = None;
        self.show_history = false;
    }

    /// Fits all views again. Crosshair and window stay.
    pub fn reset(&mut self) {
        self.slices = [PaneState::default(); 3];
        self.orbit = Orbit::default();
        self.oblique = None;
    }

    /// Pan and zoom of a slice view.
    pub fn pane(&self, plane: Plane) -> &PaneState {
        &self.slices[plane as usize]
    }

    /// Pan and zoom of a slice view.
    pub fn pane_mut(&mut self, plane: Plane) -> &mut PaneState {
        &mut self.slices[plane as usize]
    }

    /// How the pictures of a slice view lie: along the scan's axes, or turned.
    pub fn frame(&self, grid: &Grid, plane: Plane) -> SliceFrame {
        SliceFrame::of(grid, plane, self.convention, self.oblique.as_ref())
    }

    /// The slice that a view shows: the one that is nearest to the crosshair.
    pub fn slice(&self, grid: &Grid, plane: Plane) -> usize {
        let frame = self.frame(grid, plane);
        if frame.is_oblique() {
            let slice = frame.view(self.crosshair).z.round();
            return slice.clamp(0.0, (frame.slices() - 1) as f64) as usize;
        }
        grid.voxel_clamped(self.crosshair)[frame.through_axis()]
    }

    /// Shows a slice (clamped to those there are) by moving the crosshair along the axis through the plane.
    pub fn set_slice(&mut self, grid: &Grid, plane: Plane, slice: usize) {
        let frame = self.frame(grid, plane);
        if frame.is_oblique() {
            let slice = slice.min(frame.slices() - 1);
            let steps = slice as f64 - frame.view(self.crosshair).z;
            let along = frame.normal();
            let inside = inner_box(grid);
            self.crosshair = inside.along(self.crosshair, along, steps * frame.slice_distance());
            return;
        }
        let axis = frame.through_axis();
        let mut voxel = grid.voxel(self.crosshair);
        voxel[axis] = slice.min(grid.dims()[axis] - 1) as f64;
        self.crosshair = grid.world(voxel);
    }

    /// Steps by so many slices towards Superior, Anterior or Right (negative: the other way).
    pub fn step(&mut self, grid: &Grid, plane: Plane, steps: i64) {
        let grows_positive = self.frame(grid, plane).slice_grows_positive();
        let steps = if grows_positive { steps } else { steps.saturating_neg() };
        let slice = (self.slice(grid, plane) as i64).saturating_add(steps).max(0);
        self.set_slice(grid, plane, slice as usize);
    }

    /// Moves the crosshair to the nearest place in the volume; in oblique views to where the way there leaves
    /// it, which is in the slices shown.
    pub fn move_crosshair(&mut self, grid: &Grid, world: DVec3) {
        let inside = inner_box(grid);
        self.crosshair = match self.oblique {
            Some(_) if inside.contains(self.crosshair) => {
                let way = world - self.crosshair;
                self.crosshair + way * inside.reach(self.crosshair, way).min(1.0)
            }
            _ => inside.nearest(world),
        };
    }

    /// Turns the two other planes about the crosshair, clockwise as one sees it in the view of `plane`,
    /// whose own picture stays. What is turned back to where it was is straight again.
    pub fn turn(&mut self, grid: &Grid, plane: Plane, degrees_clockwise: f64) {
        let axis = self.frame(grid, plane).clockwise_axis();
        let before = self.oblique.unwrap_or(Oblique::straight(self.crosshair));
        let after = before.turned_about(axis, degrees_clockwise, self.crosshair);
        let places =
            |view: &Self| Plane::ALL.map(|p| view.frame(grid, p).view(view.crosshair).truncate());
        let old = places(self);
        self.oblique = (!after.is_straight()).then_some(after);
        // Pictures have other corners now: what the crosshair is on stays where it is in its pane.
        for (plane, (old, new)) in Plane::ALL.into_iter().zip(old.into_iter().zip(places(self))) {
            if let Some(pan_zoom) = &mut self.pane_mut(plane).pan_zoom {
                pan_zoom.centre += new - old;
            }
        }
    }

    /// Fills the window with one view, or shows all again if it does already.
    pub fn toggle_maximised(&mut self, pane: Pane) {
        self.maximised = if self.maximised == Some(pane) { None } else { Some(pane) };
    }

    /// The spread of the chosen layer's values that matter, as a measure for window drags: between the 0.5th
    /// and 99.5th percentile of what is not background.
    pub fn value_range(&self) -> f64 {
        let (low, high) =
            self.layer_histogram().map_or((0.0, 0.0), |h| h.foreground_percentiles(0.005, 0.995));
        let range = high - low;
        if range.is_finite() && range > 0.0 { range } else { self.layer_auto_window().width }
    }

    /// Whether labels are drawn now.
    pub fn labels_shown(&self) -> bool {
        self.show_labels && !self.peek
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3};
    use crate::volume::{Scale, StoredGeometry, Volume, Voxels};

    fn lps() -> Grid {
        let m = DMat3::from_diagonal(DVec3::new(-2.0, -1.0, 3.0));
        Grid::new([8, 6, 5], DAffine3::from_mat3_translation(m, DVec3::new(9.0, 4.0, -7.0)))
            .unwrap()
    }

    fn view(grid: &Grid) -> ViewState {
        let voxels = Voxels::I16((0..grid.count() as i16).collect());
        let stored = StoredGeometry::of(grid);
        let dims = grid.dims().to_vec();
        let scan = Volume::new("ramp", grid.clone(), dims, voxels, Scale::NONE, stored, vec![]);
        let stats = scan.stats();
        ViewState::for_scan(grid, stats, Histogram::of(&scan, &stats, 64))
    }

    #[test]
    fn a_scan_is_first_seen_from_its_middle_with_its_own_window() {
        let grid = lps();
        let view = view(&grid);
        assert_eq!(grid.voxel_at(view.crosshair), Some([4, 3, 2]));
        assert_eq!(Plane::ALL.map(|p| view.slice(&grid, p)), [2, 3, 4]);
        assert_eq!(view.window, view.auto_window);
        assert!(view.window.low() >= 0.0 && view.window.high() <= 240.0, "{:?}", view.window);
        assert!(view.value_range() > 200.0);
    }

    #[test]
    fn stepping_goes_towards_superior_anterior_right_and_stops_at_the_ends() {
        let grid = lps();
        let mut view = view(&grid);
        view.step(&grid, Plane::Axial, 1);
        view.step(&grid, Plane::Coronal, 1);
        view.step(&grid, Plane::Sagittal, 2);
        // Here z grows towards Superior, but y towards Posterior and x towards Left.
        assert_eq!(grid.voxel_at(view.crosshair), Some([2, 2, 3]));
        view.step(&grid, Plane::Axial, 1000);
        view.step(&grid, Plane::Sagittal, i64::MAX);
        assert_eq!(grid.voxel_at(view.crosshair), Some([0, 2, 4]));
    }

    #[test]
    fn the_crosshair_stays_in_the_volume() {
        let grid = lps();
        let mut view = view(&grid);
        view.move_crosshair(&grid, DVec3::new(1e6, -1e6, 0.0));
        assert_eq!(grid.voxel_at(view.crosshair).map(|v| [v[0], v[1]]), Some([0, 5]));
        let inside = grid.world(DVec3::new(1.3, 2.4, 3.1));
        view.move_crosshair(&grid, inside);
        assert!(view.crosshair.distance(inside) < 1e-9);
    }
}
