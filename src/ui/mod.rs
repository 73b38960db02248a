//! The window's contents. Depends on `document`, `mask`, `measure`, `names`, `render`, `geom`, `volume` and `prompt`:
//! it reads the document and says what the user wants as [`Action`]s; it does no I/O and runs no model.
//!
//! The only place that implements egui paint callbacks.
//!
//! ```text
//! kit ← state ← tools ← commands ← { panels, views, windows }
//! ```

pub mod commands;
pub mod kit;
pub mod panels;
pub mod state;
pub mod tools;
pub mod views;
pub mod windows;

pub use commands::operations::{GROWTH_STEP, operation_name};
pub use kit::template::tr_error;
pub use kit::toasts::{Level, Toasts};
pub use kit::{text, theme};
pub use state::{
    Action, BrushOptions, BrushShape, Busy, Download, Drawing, EditIntent, FileProgress,
    FilesThere, FilmFormat, FilmOptions, FloodBy, FloodReach, FloodStatus, GestureState,
    GrowthStatus, Hover, ImageLayer, Intent, LONGEST_SIDE, Latency, Layout, LeftOut, Lightbox,
    LogLine, LostPart, MaskLook, ModelEntry, ModelStatus, Offer, OfferAnswer, OperationStatus,
    OutlineLine, PRACTISED, Pane, PictureOptions, PictureSize, PreviewStatus, Question,
    ReplaceAnswer, RuntimeStatus, SCALES, SaveStatus, Screen, ShownMasks, SidePanels, Splits,
    Status, ToolId, View3d, ViewState, Waiting, WantedCut, WantedFlood, WantedGrowth,
    WantedOperation, WantedWires, WiresStatus, label_styles,
};
pub use state::{AgreementAction, AgreementChoice, AgreementStatus, Consensus};
pub use state::{
    AnswerBytes, ConsentQuestion, FoundServer, KnownServer, LookStatus, NetworkTimes,
    OpeningServer, SentSize, ServerAction, ServerDraft, ServerInUse, ServerStatus, WaitingClicks,
};
pub use state::{Beside, BesideAction, BesideLabels, BesideScan, FrameRelation, labels_over};
pub use state::{
    CaseMark, CaseProgress, CaseStep, CasesAction, CasesPanel, ListProgress, ListedCase,
    WorkListStatus,
};
pub use state::{
    ComparedPair, ComparisonAction, ComparisonColumn, ComparisonJump, ComparisonLook,
    ComparisonRow, ComparisonStatus, ComparisonTable, ComparisonView, ComparisonWork, DrawnLabels,
    ReferenceReading, difference_styles, distance_styles,
};
pub use state::{
    CopyStatus, DraftCard, EarlierWork, LeaveAnswer, MasksInside, PastStep, ScanPlace, ScanWish,
    SessionAnswer, SessionQuestion, SessionState, SessionStatus, SmallPicture, WithScan,
};
pub use state::{
    InTheWay, InTheWayAnswer, RobotAction, RobotOptions, RobotPause, RobotStatus, RobotWork,
};
pub use state::{MeshChoice, MeshObjects, WantedMeshes};
pub use state::{
    ObjectMeasures, RecentFile, RecentSeries, SeriesCard, SeriesQuestion, measured_objects,
};
pub use windows::path_prompt;

use commands::CommandContext;

use crate::document::Document;

/// Draws the whole window and says in `out` what the user wants.
///
/// `gpu`: whether a [`views::SceneSlot`] was put into egui's callback resources.
pub fn show(
    ui: &mut egui::Ui,
    gpu: bool,
    document: Option<&Document>,
    view: &mut ViewState,
    status: &Status,
    out: &mut Vec<Action>,
) {
    views::note_press(ui.ctx());
    commands::handle(ui.ctx(), document, view, status, out);
    show_chrome(ui, document, view, status, out);
    if let Some(document) = document {
        views::show(ui, gpu, document, view, status, out);
    }
}

/// Draws everything but the views, and reports what the user wants in `out`.
///
/// Call once for each frame with the root `Ui`, after [`commands::handle`] and before the views. It takes the edges
/// of the window; without a document also its middle, for the welcome card or the progress of opening a scan.
/// [`theme::apply`] is to be called once before the first frame.
pub fn show_chrome(
    ui: &mut egui::Ui,
    document: Option<&Document>,
    view: &mut ViewState,
    status: &Status,
    out: &mut Vec<Action>,
) {
    ui.ctx().set_theme(egui::ThemePreference::from(view.prefs.theme));
    if (ui.ctx().zoom_factor() - view.prefs.scale).abs() > 1e-3 {
        ui.ctx().set_zoom_factor(view.prefs.scale);
    }
    let width = ui.ctx().content_rect().width();
    let mut cx = CommandContext { document, view, status, out, width };
    panels::show(ui, &mut cx);
    if document.is_none() {
        egui::CentralPanel::no_frame().show(ui, |ui| windows::welcome::show(ui, &mut cx));
    }
    windows::show(ui.ctx(), &mut cx);
}

/// Points that the panel right of the views and the bar below them take.
pub fn beside_views(view: &mut ViewState, document: &Document, ctx: &egui::Context) -> egui::Vec2 {
    let right = panels::right_width(view, ctx.content_rect().width());
    let below = views::time_points_height(document) + view.comparison_height();
    egui::vec2(right, below)
}
