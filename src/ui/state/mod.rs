//! What the user looks at and how ([`ViewState`]), what the program is doing ([`Status`]), and what the user wants of
//! it ([`Action`]). Draws nothing.

mod action;
mod agreement;
mod arrangement;
mod beside;
mod brush_options;
mod comparison;
mod export_options;
mod flood_options;
mod flood_tolerance;
mod image_layer;
mod image_layers;
mod inner_box;
mod measuring;
mod mesh_options;
mod objects_in_view;
mod open_windows;
mod operation_options;
mod outline_draft;
mod painting;
mod preferences;
pub mod readout;
mod recent;
mod robot;
mod scan_view;
mod scissors_options;
mod series_question;
mod server;
mod session_status;
mod shape_draft;
mod side_by_side;
mod slice_transform;
mod status;
pub mod status_text;
mod transient;
pub mod view_3d;
mod view_3d_actions;
mod view_actions;
mod view_state;
mod window_presets;
mod work_list;

pub use action::{Action, OfferAnswer, ReplaceAnswer};
pub use agreement::{AgreementAction, AgreementChoice, AgreementStatus, Consensus};
pub use arrangement::{Layout, Lightbox, Pane, SidePanels, Splits};
pub use beside::{Beside, BesideAction, BesideLabels, BesideScan, FrameRelation, labels_over};
pub use brush_options::{BrushOptions, BrushShape};
pub use comparison::{
    ComparedPair, ComparisonAction, ComparisonColumn, ComparisonJump, ComparisonLook,
    ComparisonRow, ComparisonStatus, ComparisonTable, ComparisonView, ComparisonWork,
    DISTANCE_COLOURS, DrawnLabels, ReferenceReading, UNMEASURED, difference_colour,
    difference_name, difference_styles, distance_styles,
};
pub use export_options::{
    FilmFormat, FilmOptions, LONGEST_SIDE, PictureOptions, PictureSize, Screen,
};
pub use flood_options::{FloodBy, FloodReach, WantedFlood};
pub use image_layer::ImageLayer;
pub use measuring::{
    MeasureDraft, Measuring, ObjectMeasures, measure_lines, measured_objects, millimetres,
};
pub use mesh_options::{MeshChoice, MeshObjects, WantedMeshes};
pub use objects_in_view::{ShownMasks, can_extend, goes_on, is_cut, label_styles};
pub use open_windows::{Palette, Windows};
pub use operation_options::{OperationOptions, OperationScope};
pub use outline_draft::{OutlineDraft, OutlineLine, OutlineStep, WantedWires};
pub use preferences::{PRACTISED, Preferences, ToolId};
pub use recent::{RecentFile, RecentSeries};
pub use robot::{
    InTheWay, InTheWayAnswer, RobotAction, RobotOptions, RobotPause, RobotStatus, RobotWork,
};
pub use scan_view::{PaneState, ScanView};
pub use scissors_options::{CutObjects, ScissorsDraft, ScissorsOptions, WantedCut};
pub use series_question::{SeriesCard, SeriesQuestion};
pub use server::{
    AnswerBytes, ConsentQuestion, FoundServer, KnownServer, LookStatus, OpeningServer, SentSize,
    ServerAction, ServerDraft, ServerInUse, ServerStatus, WaitingClicks,
};
pub use session_status::{
    CopyStatus, DraftCard, EarlierWork, LeaveAnswer, MasksInside, PastStep, ScanPlace, ScanWish,
    SessionAnswer, SessionQuestion, SessionState, SessionStatus, SmallPicture, WithScan,
};
pub use shape_draft::ShapeDraft;
pub use slice_transform::SliceTransform;
pub use status::{
    Busy, Download, Drawing, FileProgress, FilesThere, FloodStatus, GrowthStatus, Latency, LeftOut,
    LogLine, LostPart, ModelEntry, ModelStatus, NetworkTimes, Offer, OperationStatus,
    PreviewStatus, Question, RuntimeStatus, SaveStatus, Status, Waiting, WiresStatus,
};
pub use transient::{
    BrushPlace, DraggedPrompt, EditIntent, GestureState, Hover, Intent, PointerSince,
    ToolAtCrosshair, Transient, WantedGrowth, WantedOperation,
};
pub use view_3d::View3d;
pub use view_actions::{MaskLook, SCALES, THICKEST, projection_name};
pub use view_state::ViewState;
pub use window_presets::{CT_WINDOWS, WindowPreset};
pub use work_list::{
    CaseMark, CaseProgress, CaseStep, CasesAction, CasesPanel, ListProgress, ListedCase,
    WorkListStatus,
};
