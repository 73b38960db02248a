//! What can be done by a menu entry, a button or a key.

use crate::document::{Command, Document, LabelId, Object};
use crate::geom::Direction;
use crate::prompt::{Prompt, PromptId};
use crate::render::Interpolation;
use crate::ui::state::{
    Action, CT_WINDOWS, HandState, Layout, ModelStatus, Pane, PictureOptions, RuntimeStatus,
    SCALES, SaveStatus, Status, ToolId, ViewState, WindowPreset, can_extend,
};
use crate::ui::tools;

/// Something the user can do by a menu entry, a button or a key: all three come here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // `shortcuts::rows` has a sentence for each.
pub enum Verb {
    OpenDialog,
    OpenSample,
    OpenOverlay,
    Save,
    SaveAs,
    CloseScan,
    Quit,
    Undo,
    Redo,
    History,
    NewObject,
    NextObject,
    RenameObject,
    Solo,
    HideOthers,
    LockObject,
    DoneObject,
    DeletePrompt,
    DeleteObject,
    /// Chooses a tool.
    Tool(ToolId),
    Positive,
    Negative,
    /// Moves the crosshair by so many slices of the view under the pointer (or the axial one).
    Step(i32),
    Maximise(Pane),
    AllViews,
    ResetViews,
    QuadLayout,
    MainLayout,
    RowLayout,
    NextLayout,
    Lightbox,
    Fit,
    LifeSize,
    /// Turns the planes so many degrees clockwise, as seen in the view under the pointer (or the axial one).
    Turn(i32),
    Straighten,
    Slab,
    NextProjection,
    /// Makes slices thicker by so many steps.
    Thicken(i32),
    MaskLook,
    ShowOverlays,
    /// Goes so many frames on.
    Frame(i32),
    Play,
    ShowCrosshair,
    ShowLabels,
    Peek,
    AutoWindow,
    FullWindow,
    /// One of [`CT_WINDOWS`].
    Preset(usize),
    Convention,
    LinkZoom,
    Interpolation,
    LeftPanel,
    RightPanel,
    Theme,
    ScaleUp,
    ScaleDown,
    ScaleReset,
    Menu,
    /// A point at the crosshair, of the chosen sign.
    PointHere,
    Preview,
    Extend,
    DemoModel,
    ChooseModel,
    AboutModel,
    DownloadModel,
    InstallRuntime,
    /// Turns the 3D camera to a side of the patient.
    LookFrom(Direction),
    Perspective,
    ClipPlane,
    CopyPicture,
    SavePicture,
    RecordFilm,
    Cancel,
    Help,
    Log,
    About,
}

/// Everything a verb works on.
pub struct CommandContext<'a> {
    /// The open document.
    pub document: Option<&'a Document>,
    /// How it is looked at; verbs about looking change it.
    pub view: &'a mut ViewState,
    /// What the app is doing.
    pub status: &'a Status,
    /// What the app is to do.
    pub out: &'a mut Vec<Action>,
    /// Width of the window in points.
    pub width: f32,
}

impl CommandContext<'_> {
    fn active(&self) -> Option<&Object> {
        self.document?.active()
    }

    /// The selected prompt, if it still exists.
    pub fn selected_prompt(&self) -> Option<(LabelId, PromptId)> {
        let (id, prompt) = self.view.transient.selected_prompt?;
        self.document?.object(id)?.log.position(prompt).map(|_| (id, prompt))
    }

    /// Whether a mask is being followed beyond its cubes.
    pub fn extends(&self) -> bool {
        self.document.and_then(Document::pending).is_some_and(|(_, click)| click.extend)
    }

    fn active_prompts(&self) -> usize {
        self.active().map_or(0, |o| o.log.prompts.len())
    }

    fn send(&mut self, action: Action) {
        self.out.push(action);
    }
}

impl Verb {
    /// Whether it would do something now.
    pub fn enabled(self, cx: &CommandContext) -> bool {
        let document = cx.document;
        match self {
            Verb::Undo => document.is_some_and(|d| d.can_undo().is_some()),
            Verb::Redo => document.is_some_and(|d| d.can_redo().is_some()),
            Verb::InstallRuntime => matches!(cx.status.runtime, RuntimeStatus::Missing(_)),
            Verb::OpenSample => cx.status.sample.is_some(),
            Verb::NextObject => document.is_some_and(|d| !d.objects().is_empty()),
            Verb::RenameObject
            | Verb::LockObject
            | Verb::DoneObject
            | Verb::DeleteObject
            | Verb::Solo
            | Verb::HideOthers => cx.active().is_some(),
            Verb::DeletePrompt => cx.selected_prompt().is_some(),
            Verb::Extend => cx.active().is_some_and(can_extend) && !cx.extends(),
            Verb::ShowOverlays => !cx.view.scan.overlays.is_empty(),
            Verb::Straighten => document.is_some() && cx.view.scan.oblique.is_some(),
            Verb::Frame(_) | Verb::Play => document.is_some_and(|d| d.image().frames() > 1),
            Verb::AboutModel => matches!(cx.status.model, ModelStatus::Ready { .. }),
            Verb::DownloadModel => cx.status.download.is_none(),
            Verb::PointHere => document.is_some() && cx.view.prefs.tool == tools::POINT,
            // The first click must lie inside the structure.
            Verb::Negative => document.is_some() && cx.active_prompts() > 0,
            Verb::CloseScan
            | Verb::History
            | Verb::Save
            | Verb::SaveAs
            | Verb::NewObject
            | Verb::Tool(_)
            | Verb::OpenOverlay
            | Verb::QuadLayout
            | Verb::MainLayout
            | Verb::RowLayout
            | Verb::NextLayout
            | Verb::Lightbox
            | Verb::Fit
            | Verb::LifeSize
            | Verb::Turn(_)
            | Verb::Slab
            | Verb::NextProjection
            | Verb::Thicken(_)
            | Verb::MaskLook
            | Verb::FullWindow
            | Verb::Preset(_)
            | Verb::Positive
            | Verb::Step(_)
            | Verb::Maximise(_)
            | Verb::AllViews
            | Verb::ResetViews
            | Verb::ShowCrosshair
            | Verb::ShowLabels
            | Verb::Peek
            | Verb::LookFrom(_)
            | Verb::Perspective
            | Verb::ClipPlane
            | Verb::CopyPicture
            | Verb::SavePicture
            | Verb::RecordFilm
            | Verb::Preview
            | Verb::AutoWindow
            | Verb::Convention
            | Verb::LinkZoom
            | Verb::Interpolation
            | Verb::LeftPanel
            | Verb::RightPanel => document.is_some(),
            _ => true,
        }
    }

    /// Whether it goes on being done while its key is held down.
    pub fn repeats(self) -> bool {
        matches!(
            self,
            Verb::Step(_)
                | Verb::Undo
                | Verb::Redo
                | Verb::Turn(_)
                | Verb::Thicken(_)
                | Verb::Frame(_)
        )
    }

    /// Whether it may be done while something is being drawn.
    pub(super) fn goes_with_drawing(self) -> bool {
        matches!(self, Verb::Cancel)
    }

    /// Whether it asks for a path: keys that follow it are no shortcuts.
    pub(super) fn asks_for_path(self, status: &Status) -> bool {
        match self {
            Verb::OpenDialog | Verb::OpenOverlay | Verb::SaveAs | Verb::ChooseModel => true,
            Verb::Save => !matches!(status.save, SaveStatus::Saved(_)),
            _ => false,
        }
    }

    /// Does it, if it is enabled.
    pub fn run(self, cx: &mut CommandContext) {
        if !self.enabled(cx) {
            return;
        }
        match self {
            Verb::OpenDialog => cx.send(Action::OpenDialog),
            Verb::OpenOverlay => cx.send(Action::OverlayDialog),
            Verb::OpenSample => cx.send(Action::OpenSample),
            Verb::Save => cx.send(Action::Save),
            Verb::SaveAs => cx.send(Action::SaveAs),
            Verb::CloseScan => cx.send(Action::CloseScan),
            Verb::Quit => cx.send(Action::Quit),
            Verb::Undo => cx.send(Action::Undo),
            Verb::Redo => cx.send(Action::Redo),
            Verb::DemoModel => cx.send(Action::UseDemoModel),
            Verb::ChooseModel => cx.send(Action::ChooseModel),
            Verb::DownloadModel => cx.send(Action::DownloadModel),
            Verb::Extend => {
                if let Some(id) = cx.active().map(|o| o.id) {
                    cx.send(Action::Do(Command::Extend(id)));
                }
            }
            Verb::PointHere => {
                let prompt = Prompt::new(cx.view.scan.crosshair, !cx.view.transient.negative);
                cx.view.transient.selected_prompt = None;
                cx.send(Action::Do(Command::AddPrompt { object: None, prompt }));
            }
            Verb::InstallRuntime => cx.send(Action::InstallRuntime),
            Verb::NewObject
            | Verb::NextObject
            | Verb::RenameObject
            | Verb::Solo
            | Verb::LockObject
            | Verb::DoneObject
            | Verb::HideOthers => self.run_object(cx),
            Verb::DeletePrompt | Verb::DeleteObject => self.run_delete(cx),
            Verb::Cancel => cancel(cx),
            Verb::CopyPicture => {
                // The view under the pointer, or all.
                let options =
                    PictureOptions { view: cx.view.transient.hovered, ..cx.view.prefs.picture };
                cx.send(Action::CopyPicture(options));
            }
            Verb::Step(_) | Verb::Turn(_) | Verb::LifeSize | Verb::LinkZoom | Verb::Frame(_) => {
                self.run_in_scan(cx);
            }
            Verb::QuadLayout
            | Verb::MainLayout
            | Verb::RowLayout
            | Verb::NextLayout
            | Verb::Lightbox
            | Verb::Maximise(_)
            | Verb::AllViews => self.lay_out(cx.view),
            Verb::Preset(_) | Verb::FullWindow | Verb::AutoWindow => self.window(cx.view),
            _ => self.look(cx),
        }
    }

    fn run_object(self, cx: &mut CommandContext) {
        match self {
            Verb::NewObject => {
                cx.view.transient.negative = false;
                cx.view.prefs.tool = tools::POINT;
                cx.view.transient.selected_prompt = None;
                cx.send(Action::Do(Command::NewObject));
            }
            Verb::NextObject => {
                let Some(document) = cx.document else { return };
                let objects = document.objects();
                let active = document.active().map(|o| o.id);
                let at = objects.iter().position(|o| Some(o.id) == active);
                let next = at.map_or(0, |at| (at + 1) % objects.len());
                cx.view.transient.selected_prompt = None;
                cx.view.go_to_object(document, &objects[next]);
                cx.send(Action::Do(Command::Select(objects[next].id)));
            }
            Verb::Solo => {
                cx.view.scan.solo = !cx.view.scan.solo;
                // Alone, and to be seen.
                cx.view.prefs.show_labels |= cx.view.scan.solo;
            }
            Verb::HideOthers => hide_others(cx),
            Verb::LockObject | Verb::DoneObject => {
                let Some(object) = cx.active() else { return };
                let command = match self {
                    Verb::LockObject => Command::SetLocked(object.id, !object.locked),
                    _ => Command::SetDone(object.id, !object.done),
                };
                cx.send(Action::Do(command));
            }
            _ => cx.view.transient.renaming = cx.active().map(|o| (o.id, o.name.clone())),
        }
    }

    fn run_delete(self, cx: &mut CommandContext) {
        if self == Verb::DeletePrompt {
            if let Some((object, prompt)) = cx.selected_prompt() {
                cx.view.transient.selected_prompt = None;
                cx.send(Action::Do(Command::RemovePrompt { object, prompt }));
            }
        } else if let Some(id) = cx.active().map(|o| o.id) {
            cx.view.transient.selected_prompt = None;
            cx.send(Action::Do(Command::RemoveObject(id)));
        }
    }

    /// What needs to know how the scan lies.
    fn run_in_scan(self, cx: &mut CommandContext) {
        let Some(document) = cx.document else { return };
        let (grid, view) = (document.image().grid(), &mut *cx.view);
        let plane = view.plane_in_hand();
        match self {
            // Along the view's slices, to the middle of a slice, within the scan.
            Verb::Step(slices) => view.step(grid, plane, i64::from(slices)),
            Verb::Turn(degrees) => view.turn(grid, plane, f64::from(degrees)),
            Verb::LifeSize => view.life_size(grid),
            Verb::LinkZoom => view.toggle_link_zoom(grid),
            Verb::Frame(steps) => {
                view.transient.playing = false;
                view.step_frame(document.image().frames(), i64::from(steps));
            }
            _ => {}
        }
    }

    /// Which views are seen.
    fn lay_out(self, view: &mut ViewState) {
        match self {
            Verb::QuadLayout => view.set_layout(Layout::Quad),
            Verb::MainLayout => view.large_view(),
            Verb::RowLayout => view.set_layout(Layout::Row),
            Verb::NextLayout => view.next_layout(),
            Verb::Lightbox => view.toggle_lightbox(),
            Verb::Maximise(pane) => {
                // Of a sheet's views none can be seen: the first press shows one.
                if view.scan.lightbox.take().is_some() {
                    view.scan.maximised = None;
                }
                view.toggle_maximised(pane);
            }
            _ => (view.scan.maximised, view.scan.lightbox) = (None, None),
        }
    }

    /// The window of the chosen layer.
    fn window(self, view: &mut ViewState) {
        let window = match self {
            Verb::Preset(n) => CT_WINDOWS.get(n).map(WindowPreset::window),
            Verb::FullWindow => view.layer_full_window(),
            _ => Some(view.layer_auto_window()),
        };
        if let Some(window) = window {
            view.set_layer_window(window);
        }
    }

    /// Changes of how the document is looked at.
    fn look(self, cx: &mut CommandContext) {
        let width = cx.width;
        let view = &mut *cx.view;
        match self {
            Verb::Tool(tool) => view.prefs.tool = tool,
            Verb::Positive | Verb::Negative => {
                view.transient.negative = self == Verb::Negative;
                view.prefs.tool = tools::POINT;
            }
            Verb::ResetViews => view.reset(),
            Verb::ShowCrosshair => view.prefs.show_crosshair = !view.prefs.show_crosshair,
            Verb::ShowLabels => view.prefs.show_labels = !view.prefs.show_labels,
            Verb::Preview => view.prefs.show_preview = !view.prefs.show_preview,
            Verb::Fit => view.fit(),
            Verb::Straighten => view.straighten(),
            Verb::Slab => view.toggle_slab(),
            Verb::NextProjection => view.next_projection(),
            Verb::Thicken(steps) => view.thicken(i64::from(steps)),
            Verb::MaskLook => view.next_mask_look(),
            Verb::ShowOverlays => view.toggle_overlays(),
            Verb::Play => view.transient.playing = !view.transient.playing,
            Verb::Convention => view.mirror(),
            Verb::Interpolation => {
                view.prefs.interpolation = match view.prefs.interpolation {
                    Interpolation::Linear => Interpolation::Cubic,
                    Interpolation::Cubic => Interpolation::Nearest,
                    Interpolation::Nearest => Interpolation::Linear,
                }
            }
            Verb::LeftPanel | Verb::RightPanel => {
                let open =
                    &mut view.prefs.side_panels.open(width)[usize::from(self == Verb::RightPanel)];
                *open = !*open;
            }
            Verb::LookFrom(side) => view.look_from(side),
            Verb::Perspective => view.scan.orbit.perspective = !view.scan.orbit.perspective,
            Verb::ClipPlane => view.toggle_clip_plane(),
            Verb::SavePicture => {
                view.prefs.picture.view = view.transient.hovered.or(view.prefs.picture.view);
                view.windows.picture = !view.windows.picture;
            }
            Verb::RecordFilm => view.windows.film = !view.windows.film,
            Verb::ScaleUp | Verb::ScaleDown | Verb::ScaleReset => {
                view.prefs.scale = self.scaled(view.prefs.scale);
            }
            Verb::Menu => view.transient.focus_menu = true,
            Verb::History => view.windows.history = !view.windows.history,
            Verb::Log => view.windows.log = !view.windows.log,
            Verb::Theme => view.prefs.theme = view.prefs.theme.other(),
            Verb::Help => view.windows.help = !view.windows.help,
            Verb::About => view.windows.about = !view.windows.about,
            Verb::AboutModel => view.windows.about_model = !view.windows.about_model,
            _ => {}
        }
    }
}

impl Verb {
    /// The next larger or smaller scale.
    fn scaled(self, scale: f32) -> f32 {
        let [smallest, .., largest] = SCALES;
        match self {
            Verb::ScaleUp => SCALES.into_iter().find(|s| *s > scale + 0.01).unwrap_or(largest),
            Verb::ScaleDown => {
                SCALES.into_iter().rev().find(|s| *s < scale - 0.01).unwrap_or(smallest)
            }
            _ => 1.0,
        }
    }
}

/// Hides all objects but the active one; shows all again if that has been done.
fn hide_others(cx: &mut CommandContext) {
    let Some((document, active)) = cx.document.zip(cx.active().map(|o| o.id)) else { return };
    let others = || document.objects().iter().filter(|o| o.id != active);
    let show = others().all(|o| !o.visible);
    let changed = others().filter(|o| o.visible != show).map(|o| (o.id, show));
    let hidden = document.active().filter(|o| !o.visible).map(|o| (o.id, true));
    for (id, visible) in changed.chain(hidden) {
        cx.out.push(Action::Do(Command::SetVisible(id, visible)));
    }
    cx.view.scan.solo = false;
}

/// Ends one thing for each press: what the pointer is doing, editing a name, a window, opening a file or a click, the selection.
fn cancel(cx: &mut CommandContext) {
    let view = &mut *cx.view;
    if view.transient.hand != HandState::Free {
        view.transient.hand = HandState::GivesUp;
        return;
    }
    let waits = cx.document.is_some_and(|d| d.pending().is_some());
    let working = cx.status.opening.is_some() || cx.status.drawing.is_some() || waits;
    if view.transient.renaming.take().is_some() {
        return;
    }
    if view.windows.close_all() {
        return;
    }
    if working || view.transient.selected_prompt.take().is_none() {
        cx.send(Action::Cancel);
    }
}
