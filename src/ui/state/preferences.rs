use super::arrangement::{Layout, SidePanels, Splits};
use super::brush_options::BrushOptions;
use super::export_options::{FilmOptions, PictureOptions};
use super::flood_options::{FloodBy, FloodReach};
use super::mesh_options::MeshChoice;
use super::operation_options::OperationOptions;
use super::outline_draft::OutlineLine;
use super::robot::RobotOptions;
use super::scissors_options::ScissorsOptions;
use crate::geom::Convention;
use crate::measure::MeasurementKind;
use crate::render::{Interpolation, MaskStyle, Mode3d, Projection};
use crate::ui::kit::text::Language;
use crate::ui::kit::theme::Theme;

/// Names a tool of `ui::tools`: what the left mouse button does in the views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ToolId(pub &'static str);

impl Default for ToolId {
    fn default() -> Self {
        Self("point")
    }
}

/// Hints about where to click are shown until the user has begun so many objects.
pub const PRACTISED: u8 = 3;

/// What the user has chosen for all scans. The program keeps most of it from one run to the next.
// Each switch is one the user has.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug)]
pub struct Preferences {
    /// The left button's tool.
    pub tool: ToolId,
    /// How Brush and Eraser paint.
    pub brush: BrushOptions,
    /// How outlines go from one corner to the next.
    pub outline: OutlineLine,
    /// Which values a flood fill covers.
    pub flood_by: FloodBy,
    /// How far a flood fill goes.
    pub flood_reach: FloodReach,
    /// How scissors cut.
    pub scissors: ScissorsOptions,
    /// What the Measure tool measures.
    pub measure: MeasurementKind,
    /// What is done to whole masks.
    pub operation: OperationOptions,
    /// How far objects may grow beyond the box around all seeds, mm.
    pub growth_margin_mm: f64,
    /// Where the user has put the upper right corner of the windows of operations and of growing, in points.
    pub mask_window: Option<[f32; 2]>,
    /// Whether the crosshair is drawn.
    pub show_crosshair: bool,
    /// Whether labels are drawn.
    pub show_labels: bool,
    /// How labels are laid over the scan.
    pub masks: MaskStyle,
    /// Left-right convention.
    pub convention: Convention,
    /// Slices are all zoomed alike.
    pub link_zoom: bool,
    /// Between voxels.
    pub interpolation: Interpolation,
    /// How the four views share the window.
    pub layout: Layout,
    /// Where the splitters are.
    pub splits: Splits,
    /// From one picture of the sheet to the next, in slices; 0: so many that the sheet spans the scan.
    pub lightbox_step: usize,
    /// Thickness of slices in mm; 0 is the plane alone.
    pub slab_mm: f64,
    /// What thick slices show.
    pub projection: Projection,
    /// How the 3D view draws the scan.
    pub mode_3d: Mode3d,
    /// How many time points follow one another in a second while they are played.
    pub time_points_per_second: f32,
    /// Whether a preview of the mask under the resting pointer is wanted.
    pub show_preview: bool,
    /// Objects that the user has begun by a click, in this run and earlier ones, as far as [`PRACTISED`].
    pub clicked_objects: u8,
    /// The picture that was asked for last.
    pub picture: PictureOptions,
    /// The film of a turn that was asked for last.
    pub film: FilmOptions,
    /// The meshes that were asked for last.
    pub meshes: MeshChoice,
    /// The language of the window.
    pub language: Language,
    /// How the robot user clicks.
    pub robot: RobotOptions,
    /// How large everything is, 1 as the system has it.
    pub scale: f32,
    /// Which side panels are open.
    pub side_panels: SidePanels,
    /// Dark or light.
    pub theme: Theme,
    /// DICOM files that are saved do not say whose images they are of.
    pub without_patient: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            tool: ToolId::default(),
            brush: BrushOptions::default(),
            outline: OutlineLine::default(),
            flood_by: FloodBy::default(),
            flood_reach: FloodReach::default(),
            scissors: ScissorsOptions::default(),
            measure: MeasurementKind::default(),
            operation: OperationOptions::default(),
            growth_margin_mm: 20.0,
            mask_window: None,
            show_crosshair: true,
            show_labels: true,
            masks: MaskStyle { fill: 0.4, outline: 1.0, outline_width: 1.0 },
            convention: Convention::default(),
            link_zoom: true,
            interpolation: Interpolation::default(),
            layout: Layout::default(),
            splits: Splits::default(),
            lightbox_step: 0,
            slab_mm: 0.0,
            projection: Projection::default(),
            mode_3d: Mode3d::default(),
            time_points_per_second: 5.0,
            show_preview: true,
            clicked_objects: 0,
            picture: PictureOptions::default(),
            film: FilmOptions::default(),
            meshes: MeshChoice::default(),
            language: Language::default(),
            robot: RobotOptions::default(),
            scale: 1.0,
            side_panels: SidePanels::default(),
            theme: Theme::default(),
            without_patient: false,
        }
    }
}
