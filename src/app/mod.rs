//! The window's owner: document, files, model and GPU scene meet here and nowhere else.
//!
//! Each frame first drains what the background threads have sent and hands them new work (`step`, never
//! waiting), then draws the UI, then does what the user asked for.

mod files;
mod gpu;
mod library;
mod model;
mod remembered;
mod threshold;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::document::{Command, Document};
use crate::geom::DVec3;
use crate::ui::{self, Action, ModelStatus, SaveStatus, Status, Toasts, ViewState};
use crate::volume::NamedRegion;
use crate::work::Wake;
use files::{Files, Loaded, News, Role};
use gpu::Gpu;
use library::Library;
use model::Model;
use remembered::Remembered;
use threshold::Threshold;

/// Names a document for background answers: a document opened later has another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DocumentNumber(u64);

/// A document with what belongs to its being open.
struct Session {
    number: DocumentNumber,
    document: Document,
    /// The scan's file.
    path: PathBuf,
    /// Where the label map was saved last.
    saved_to: Option<PathBuf>,
    /// The label map that was opened with the scan: suggested when it is saved.
    came_from: Option<PathBuf>,
    /// Commands that wait until no click is pending.
    deferred: Vec<Command>,
}

/// What is to be done once the user agrees to lose unsaved work.
enum AfterDiscard {
    Close,
    Show(Box<Loaded>),
}

/// The program.
pub struct App {
    session: Option<Session>,
    documents: u64,
    view: ViewState,
    status: Status,
    toasts: Toasts,
    files: Files,
    model: Model,
    threshold: Threshold,
    library: Library,
    gpu: Option<Gpu>,
    after_discard: Option<AfterDiscard>,
    /// The user has agreed to lose unsaved work by closing.
    discard_agreed: bool,
    remembered: Remembered,
    closing: bool,
    longest_step: Duration,
    started: Instant,
    /// Frames drawn with a scan in them, up to two.
    frames: u32,
}

impl App {
    /// Opens `paths` (a scan, then label maps of it) as soon as the window is there. `model`: another one
    /// than the one that ships.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub fn new(
        cc: &eframe::CreationContext<'_>,
        paths: Vec<PathBuf>,
        model: Option<PathBuf>,
    ) -> std::io::Result<Self> {
        ui::theme::apply(&cc.egui_ctx);
        let ctx = cc.egui_ctx.clone();
        let wake: Wake = Arc::new(move || ctx.request_repaint());
        let remembered = Remembered::load(cc.storage);
        let mut view = ViewState::default();
        remembered.apply(&mut view);
        let status = Status {
            sample: files::sample_scan(),
            recent: remembered.recent(),
            ..Status::default()
        };
        let mut app = Self {
            session: None,
            documents: 0,
            view,
            status,
            toasts: Toasts::default(),
            files: Files::new(wake.clone()),
            model: Model::start(wake.clone(), model)?,
            threshold: Threshold::start(wake.clone())?,
            library: Library::new(wake),
            gpu: cc.wgpu_render_state.as_ref().map(Gpu::new),
            after_discard: None,
            discard_agreed: false,
            remembered,
            closing: false,
            longest_step: Duration::ZERO,
            started: Instant::now(),
            frames: 0,
        };
        for (n, path) in paths.into_iter().enumerate() {
            app.files.open(path, if n == 0 { Role::Any } else { Role::Labels });
        }
        Ok(app)
    }

    /// Asks for paths in the window instead of through the system's file dialogs.
    pub fn type_paths(mut self) -> Self {
        self.files.type_paths();
        self
    }

    /// The open document.
    pub fn document(&self) -> Option<&Document> {
        self.session.as_ref().map(|s| &s.document)
    }

    /// How the user looks at it.
    pub fn view(&self) -> &ViewState {
        &self.view
    }

    /// What the program is doing.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The messages on screen, newest last.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.toasts.texts()
    }

    /// Takes in what the background has sent and gives it new work. Never waits.
    pub fn step(&mut self, ctx: &egui::Context) {
        let _span = tracing::debug_span!("step").entered();
        let began = Instant::now();
        let hold = self.after_discard.is_some();
        let open = self.session.as_ref().map(|s| (s.number, s.document.image().grid()));
        for news in self.files.poll(open, hold, &mut self.status) {
            self.take(news);
        }
        self.model.poll(self.session.as_mut(), &mut self.status, &mut self.toasts);
        self.run_deferred();
        if let Some(path) = self.library.step(&mut self.status, &mut self.toasts) {
            self.model.choose(Some(path), &mut self.status);
        }
        self.threshold.step(self.session.as_mut(), &mut self.status);
        let intent = self.view.intent.as_ref();
        self.model.pump(self.session.as_mut(), intent, &mut self.status, &mut self.toasts);
        if let (Some(gpu), Some(session)) = (&mut self.gpu, &self.session) {
            let (shown, preview) = (self.view.labels_shown(), self.model.preview());
            match gpu.sync(session.number, &session.document, shown, preview) {
                Ok(true) => {}
                Ok(false) => ctx.request_repaint(),
                Err(why) => self.toasts.error(why),
            }
        }
        if ctx.input(|i| i.viewport().close_requested()) && !self.closing {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.after_discard = Some(AfterDiscard::Close);
            self.discard_agreed = false;
        }
        self.close_when_done(ctx);
        self.longest_step = self.longest_step.max(began.elapsed());
    }

    /// Closes the window once nothing is being written and nothing would be lost that the user has not
    /// agreed to lose.
    fn close_when_done(&mut self, ctx: &egui::Context) {
        if !matches!(self.after_discard, Some(AfterDiscard::Close)) || self.files.is_saving() {
            return;
        }
        if self.document().is_some_and(Document::is_modified) && !self.discard_agreed {
            self.status.ask_discard = true;
        } else {
            self.closing = true;
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Image(loaded) => {
                if self.document().is_some_and(Document::is_modified) {
                    self.after_discard = Some(AfterDiscard::Show(loaded));
                    self.status.ask_discard = true;
                } else {
                    self.show(*loaded);
                }
            }
            News::Labels(path, labels) => self.import(path, labels),
            News::Saved { saved, document, state } => {
                let name = saved.path.display().to_string();
                if let Some(session) = self.session.as_mut().filter(|s| s.number == document) {
                    session.document.mark_saved(state);
                    session.saved_to = Some(saved.path.clone());
                    self.status.save = SaveStatus::Saved(saved.path);
                }
                self.toasts.info(format!("Saved and verified: {name}"));
            }
            News::SaveTo(document, path) => {
                if self.session.as_ref().is_some_and(|s| s.number == document) {
                    self.save(path);
                } else {
                    let name = path.display();
                    self.toasts.error(format!(
                        "Not saved, because another scan was opened meanwhile: {name}"
                    ));
                }
            }
            News::Model(path) => self.model.choose(Some(path), &mut self.status),
            News::Failed(why) => self.toasts.error(why),
        }
    }

    fn import(&mut self, path: PathBuf, labels: Vec<NamedRegion>) {
        let count = labels.len();
        let first = self.document().is_some_and(|d| d.objects().is_empty() && !d.is_modified());
        if !self.run(Command::Import(labels)) {
            return;
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let plural = if count == 1 { "" } else { "s" };
        self.toasts.info(format!("{name}: {count} label{plural} opened"));
        if let Some(session) = self.session.as_mut().filter(|_| first) {
            // What is shown is what is on disk, and goes back there when it has been corrected.
            session.document.mark_saved(session.document.state());
            session.came_from = Some(path);
        }
    }

    /// Makes a scan the open document.
    fn show(&mut self, loaded: Loaded) {
        self.documents += 1;
        let document = Document::new(loaded.volume);
        let image = document.image().clone();
        for warning in image.warnings() {
            self.toasts.warning(format!("{}: {}", image.name(), warning.0));
        }
        self.view.show_scan(image.grid(), loaded.stats, loaded.histogram);
        self.status.save = SaveStatus::Never;
        self.status.latency = None;
        self.remembered.opened(&loaded.path);
        self.status.recent = self.remembered.recent();
        self.session = Some(Session {
            number: DocumentNumber(self.documents),
            document,
            path: loaded.path,
            saved_to: None,
            came_from: None,
            deferred: Vec::new(),
        });
    }

    /// Carries out a command, now or when the pending clicks are done. `false` if it is refused.
    fn run(&mut self, command: Command) -> bool {
        let Some(session) = &mut self.session else { return false };
        if command.waits_for_clicks() && session.document.pending().is_some() {
            defer(&mut session.deferred, command);
            return true;
        }
        let fresh = matches!(command, Command::NewObject);
        let clicked = matches!(command, Command::AddPrompt { .. });
        let deleted = match &command {
            Command::RemoveObject(id) => session.document.object(*id).map(|o| o.name.clone()),
            _ => None,
        };
        match session.document.apply(command) {
            Ok(()) => {
                self.view.negative &= !fresh;
                // A click whose mask can't be seen looks like no click.
                self.view.show_labels |= clicked;
                if let Some(name) = deleted {
                    self.toasts.info(format!("{name} deleted (Ctrl+Z brings it back)"));
                }
                true
            }
            Err(why) => {
                self.toasts.error(format!("{}.", capitalised(&why.to_string())));
                false
            }
        }
    }

    fn run_deferred(&mut self) {
        let idle = |s: &Session| s.document.pending().is_none() && !s.deferred.is_empty();
        if self.session.as_ref().is_some_and(idle) {
            let commands = self.session.as_mut().map(|s| std::mem::take(&mut s.deferred));
            for command in commands.unwrap_or_default() {
                self.run(command);
            }
        }
    }

    /// Takes back what was asked for last, be it done or still waiting.
    fn undo(&mut self) {
        if let Some(session) = &mut self.session
            && session.deferred.pop().is_none()
        {
            session.document.undo();
        }
    }

    /// Stops what is nearest at hand: a file that is being opened, else a click, else the newest message. What is
    /// fetched from the net goes on: it may have come a long way, and has a button of its own.
    fn cancel(&mut self) {
        if self.files.is_opening() {
            self.files.cancel();
        } else if !self.model.cancel(self.session.as_mut()) {
            self.toasts.close_newest();
        }
    }

    fn told<T>(&mut self, result: Result<T, String>) {
        if let Err(why) = result {
            self.toasts.error(why);
        }
    }

    fn perform(&mut self, action: Action, ctx: &egui::Context) {
        match action {
            Action::OverlayDialog => {}
            Action::OpenDialog => {
                let asked = self.files.ask_open();
                self.told(asked);
            }
            Action::OpenSample => {
                if let Some(path) = self.status.sample.clone() {
                    self.files.open(path, Role::Any);
                }
            }
            Action::Open(paths) => {
                let (models, files) = paths.into_iter().partition(|p| files::is_model(p));
                let models: Vec<PathBuf> = models;
                if let Some(model) = models.into_iter().next_back() {
                    self.model.choose(Some(model), &mut self.status);
                }
                self.files.open_all(files);
            }
            Action::Cancel => self.cancel(),
            Action::CancelClick => {
                self.model.cancel(self.session.as_mut());
            }
            Action::CancelInstall => self.model.cancel_install(),
            Action::CancelDownload => self.library.cancel(),
            Action::Save => self.save_again(),
            Action::SaveAs => self.ask_save(),
            Action::Undo => self.undo(),
            Action::Redo => {
                if let Some(session) = &mut self.session {
                    session.document.redo();
                }
            }
            Action::Do(command) => {
                self.run(command);
            }
            Action::InstallRuntime => self.model.install(&mut self.status, &mut self.toasts),
            Action::ChooseModel => {
                let asked = self.files.ask_model();
                self.told(asked);
            }
            Action::MoveThreshold { object, threshold, begins } => {
                if let Some(session) = &self.session {
                    let wanted = (object, threshold);
                    self.threshold.set(session.number, wanted, begins, &mut self.status);
                }
            }
            Action::UseModel(path) => self.model.choose(Some(path), &mut self.status),
            Action::DownloadModel => self.library.download(&mut self.status, &mut self.toasts),
            Action::UseDemoModel => self.model.choose(None, &mut self.status),
            Action::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            Action::Discard(agreed) => self.discard(agreed),
        }
    }

    fn discard(&mut self, agreed: bool) {
        self.status.ask_discard = false;
        match self.after_discard.take() {
            // A save that is still running is waited for (`close_when_done`): it was asked for.
            Some(AfterDiscard::Close) if agreed => {
                self.after_discard = Some(AfterDiscard::Close);
                self.discard_agreed = true;
            }
            Some(AfterDiscard::Show(loaded)) if agreed => self.show(*loaded),
            _ => {}
        }
    }

    fn save_again(&mut self) {
        match self.session.as_ref().and_then(|s| s.saved_to.clone()) {
            Some(path) => self.save(path),
            None => self.ask_save(),
        }
    }

    fn ask_save(&mut self) {
        let Some(session) = &self.session else { return };
        let known = session.saved_to.clone().or_else(|| session.came_from.clone());
        let suggestion = known.unwrap_or_else(|| files::label_path_for(&session.path));
        let asked = self.files.ask_save(session.number, suggestion);
        self.told(asked);
    }

    fn save(&mut self, path: PathBuf) {
        let Some(session) = &self.session else { return };
        if same_file(&path, &session.path) {
            self.toasts.error(format!(
                "That is the scan itself; choose another name for the label map: {}",
                path.display()
            ));
            return;
        }
        if session.document.pending().is_some() {
            self.toasts.warning("Saved without the click that is still being computed".to_owned());
        }
        match self.files.save(path, session.number, &session.document) {
            Ok(()) => self.status.save = SaveStatus::Saving,
            Err(why) => self.toasts.error(why),
        }
    }

    fn draw(&mut self, ui: &mut egui::Ui) {
        self.count_frames(ui.ctx());
        let mut actions = Vec::new();
        self.status.asks_path = self.files.path_prompt().is_some();
        let document = self.session.as_ref().map(|s| &s.document);
        let intent = self.view.intent;
        ui::show(ui, self.gpu.is_some(), document, &mut self.view, &self.status, &mut actions);
        if let Some(prompt) = self.files.path_prompt()
            && let Some(answer) = ui::path_prompt::show(ui.ctx(), prompt)
        {
            self.files.answer_path_prompt(answer);
        }
        self.toasts.show(ui.ctx());
        let ctx = ui.ctx().clone();
        let acted = !actions.is_empty();
        for action in actions {
            self.perform(action, &ctx);
        }
        if acted || self.view.intent != intent {
            // What was asked for starts in the next frame's step; don't wait for the mouse to move.
            ctx.request_repaint();
        }
    }

    /// Logs when the first picture of a scan is on the screen: when the frame after it begins.
    fn count_frames(&mut self, ctx: &egui::Context) {
        if self.session.is_none() || self.frames == 2 {
            return;
        }
        self.frames += 1;
        if self.frames == 2 {
            let ms = self.started.elapsed().as_millis();
            tracing::info!("first frame with a scan shown {ms} ms after the window was made");
        } else {
            ctx.request_repaint();
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.step(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    /// Cursors in text fields and open menus are not worth keeping.
    fn persist_egui_memory(&self) -> bool {
        false
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.remembered.save(&self.view, storage);
    }
}

/// Opens the window on `paths`, with another `model` than the one that ships if one is named, and stays
/// until it is closed.
///
/// # Errors
/// If there is no display, or no graphics that wgpu can use.
pub fn run(paths: Vec<PathBuf>, model: Option<PathBuf>) -> anyhow::Result<()> {
    use anyhow::anyhow;
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Voxpoint")
            .with_app_id("voxpoint")
            .with_inner_size([1440.0, 900.0])
            .with_min_inner_size([800.0, 560.0])
            .with_drag_and_drop(true),
        wgpu_options: gpu::wgpu_options(),
        ..Default::default()
    };
    eframe::run_native(
        "Voxpoint",
        options,
        Box::new(move |cc| {
            let app = App::new(cc, paths, model)?;
            let typed = std::env::var_os("VOXPOINT_TYPE_PATHS").is_some();
            Ok(Box::new(if typed { app.type_paths() } else { app }))
        }),
    )
    .map_err(|error| match error {
        eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => anyhow!(
            "no display to open a window on ({error}); use `voxpoint segment`, `render` or `info` without one"
        ),
        other => anyhow!(
            "the window could not be opened ({other}); install a Vulkan driver \
             (Debian, Ubuntu: mesa-vulkan-drivers)"
        ),
    })
}

/// Keeps a command for later. A key that is pressed twice extends an object once.
fn defer(deferred: &mut Vec<Command>, command: Command) {
    let extended = |c: &Command| if let Command::Extend(id) = c { Some(*id) } else { None };
    let wanted = extended(&command);
    if wanted.is_none() || !deferred.iter().any(|c| extended(c) == wanted) {
        deferred.push(command);
    }
}

/// Whether both names lead to one file.
fn same_file(a: &std::path::Path, b: &std::path::Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |c| c.to_uppercase().chain(letters).collect())
}

/// What tests and benches need besides the window itself.
#[doc(hidden)]
impl App {
    /// Moves the crosshair to a world position (RAS mm).
    pub fn look_at(&mut self, world: DVec3) {
        self.view.crosshair = world;
    }

    /// What is drawn of a click that the pointer would make: voxels that it would add.
    pub fn preview_voxels(&self) -> Option<usize> {
        let preview = self.model.preview()?;
        let gained = preview.styles[0].value;
        Some(preview.labels.regions().get(&gained).map_or(0, crate::volume::Region::count))
    }

    /// Whether no click waits, nothing is loaded and nothing is saved.
    pub fn is_idle(&self) -> bool {
        let pending = self.document().is_some_and(|d| d.pending().is_some());
        let loading = matches!(self.status.model, ModelStatus::Loading(_));
        let laying = self.threshold.is_busy();
        !pending && !loading && !laying && !self.files.is_opening() && !self.files.is_saving()
    }

    /// The longest [`App::step`] since the last call.
    pub fn take_longest_step(&mut self) -> Duration {
        std::mem::take(&mut self.longest_step)
    }

    /// Uses the model in this folder.
    pub fn use_model(&mut self, folder: PathBuf) {
        self.model.choose(Some(folder), &mut self.status);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::LabelId;

    #[test]
    fn each_object_is_extended_once() {
        let mut deferred = Vec::new();
        let extend = |n| Command::Extend(LabelId(n));
        for command in [extend(1), extend(2), extend(1), Command::RemoveObject(LabelId(3))] {
            defer(&mut deferred, command);
        }
        defer(&mut deferred, Command::RemoveObject(LabelId(3)));
        let extended = |n| {
            let is = |c: &&Command| matches!(c, Command::Extend(id) if *id == LabelId(n));
            deferred.iter().filter(is).count()
        };
        assert_eq!((extended(1), extended(2), deferred.len()), (1, 1, 4));
    }
}
