//! The window's owner: document, files, model and GPU scene meet here and nowhere else.
//!
//! Each frame first drains what the background threads have sent and hands them new work (`step`, never
//! waiting), then draws the UI, then does what the user asked for.

mod actions;
mod agreement;
mod beside;
mod comparison;
mod consequences;
mod copying;
mod cuts;
mod document_number;
mod edit_preview;
mod files;
mod floods;
mod gpu;
mod graphics;
mod growth;
mod history_file;
mod known_servers;
mod label_tables;
mod leaving;
mod library;
mod live_wires;
mod log;
mod measures;
mod measures_file;
mod meshes;
mod model;
mod name_lists;
mod offers;
mod on_gpu;
mod open_document;
mod operations;
mod parts;
mod pictures;
mod pointer;
mod probe;
mod proposals;
mod remembered;
mod robot;
mod saving;
mod series;
mod servers;
mod sessions;
mod start;
mod table_file;
mod threshold;
mod uptake;
mod wheel;
mod work_list;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::document::Document;
use crate::io::Registry;
use crate::segment::{Installed, ModelRef, Models};
use crate::session;
use crate::ui::text::{tr, tr_with};
use crate::ui::{
    self, ImageLayer, RecentFile, ReferenceReading, SaveStatus, Status, Toasts, ViewState,
};
use crate::work::Task;
use agreement::Agreement;
use comparison::Comparison;
use cuts::Cuts;
use document_number::DocumentNumber;
use edit_preview::EditPreview;
pub use files::{Dialog, DialogQuestion, DialogReply, Dialogs};
use files::{EachObject, Files, News, OpenScans, Role};
use floods::Floods;
use gpu::Gpu;
use graphics::Graphics;
pub use graphics::{AppWindow, Left};
use growth::Growth;
pub(crate) use history_file::bound_history;
use leaving::{Leave, Leaving};
use library::Library;
use live_wires::LiveWires;
pub use log::{LibraryErrors, LogLayer};
use measures::Measures;
use meshes::{MeshExport, MeshOrder};
use model::Model;
use name_lists::NameLists;
use offers::Offered;
use open_document::OpenDocument;
use operations::Operations;
use parts::PartCounts;
use pictures::Pictures;
use pointer::InOrder;
use remembered::Remembered;
use robot::RobotUser;
use series::SeriesChoice;
use servers::Servers;
use sessions::Sessions;
pub(crate) use sessions::{KeptWork, companion_places, show_as_kept};
pub use start::run;
use table_file::TableFile;
use threshold::Threshold;
use work_list::WorkList;

/// The program.
// Each is a question of its own about what goes on.
#[allow(clippy::struct_excessive_bools)]
pub struct App {
    open: Option<OpenDocument>,
    documents: u64,
    view: ViewState,
    status: Status,
    toasts: Toasts,
    files: Files,
    /// In which files are opened and saved.
    formats: Arc<Registry>,
    model: Model,
    servers: Servers,
    threshold: Threshold,
    edit_preview: EditPreview,
    floods: Floods,
    cuts: Cuts,
    live_wires: LiveWires,
    operations: Operations,
    growth: Growth,
    part_counts: PartCounts,
    measures: Measures,
    measures_file: TableFile,
    meshes: MeshExport,
    comparison: Comparison,
    agreement: Agreement,
    robot: RobotUser,
    name_lists: NameLists,
    library: Library,
    pictures: Pictures,
    gpu: Option<Gpu>,
    graphics: Graphics,
    leaving: Leaving,
    /// Files of which it is asked what they are to be, by the numbers of their offers.
    offers: Vec<(u64, Offered)>,
    offered: u64,
    /// Several scans of which one is to be chosen, and how many such questions there were.
    choice: Option<SeriesChoice>,
    asked_series: u64,
    /// Another time point of the scan was chosen and is not on the screen yet.
    time_point_loading: bool,
    /// Lines of the log that were taken over.
    log_seen: u64,
    remembered: Remembered,
    sessions: Sessions,
    work_list: WorkList,
    /// Keys and clicks of long frames.
    in_order: InOrder,
    /// It is being looked which of the files opened lately are still there.
    recent: Option<Task<Vec<RecentFile>>>,
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
        model: Option<ModelRef>,
    ) -> std::io::Result<Self> {
        Self::with_models(cc, paths, model, Box::new(Installed))
    }

    /// As [`App::new`], with models from elsewhere than where the program has its own.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub fn with_models(
        cc: &eframe::CreationContext<'_>,
        paths: Vec<PathBuf>,
        model: Option<ModelRef>,
        models: Box<dyn Models>,
    ) -> std::io::Result<Self> {
        dress(&cc.egui_ctx);
        let graphics = Graphics::new(&cc.egui_ctx);
        let wake = graphics.wake();
        let remembered = Remembered::load(cc.storage);
        let mut view = ViewState::default();
        remembered.apply(&mut view.prefs);
        let formats = Arc::new(Registry::standard());
        let mut status = Status {
            formats: formats.readable_endings(),
            sample: files::sample_scan(),
            ..Status::default()
        };
        let sessions = Sessions::start(wake.clone(), sessions::folder_of_drafts())?;
        let name_lists = NameLists::start(wake.clone(), &mut status)?;
        // Beside what eframe keeps for us, if it does.
        let kept = cc.storage.and_then(|_| eframe::storage_dir("voxpoint"));
        let mut servers =
            Servers::start(wake.clone(), kept.map(|folder| folder.join("servers.json")))?;
        let model = servers.complete(model);
        let mut app = Self {
            open: None,
            documents: 0,
            view,
            status,
            toasts: Toasts::default(),
            files: Files::new(wake.clone(), formats.clone()),
            formats,
            model: Model::start(wake.clone(), model, models)?,
            servers,
            threshold: Threshold::start(wake.clone())?,
            edit_preview: EditPreview::default(),
            floods: Floods::start(wake.clone())?,
            cuts: Cuts::start(wake.clone())?,
            live_wires: LiveWires::start(wake.clone())?,
            operations: Operations::start(wake.clone())?,
            growth: Growth::start(wake.clone())?,
            part_counts: PartCounts::start(wake.clone())?,
            measures: Measures::start(wake.clone())?,
            measures_file: TableFile::new(wake.clone()),
            meshes: MeshExport::new(wake.clone()),
            comparison: Comparison::start(&wake)?,
            agreement: Agreement::new(wake.clone()),
            robot: RobotUser::start(wake.clone())?,
            name_lists,
            library: Library::new(wake.clone()),
            pictures: Pictures::new(wake.clone()),
            gpu: cc.wgpu_render_state.as_ref().map(|state| Gpu::new(state, &cc.egui_ctx)),
            graphics,
            leaving: Leaving::default(),
            offers: Vec::new(),
            offered: 0,
            choice: None,
            asked_series: 0,
            time_point_loading: false,
            log_seen: 0,
            remembered,
            sessions,
            work_list: WorkList::new(wake),
            recent: None,
            in_order: InOrder::default(),
            longest_step: Duration::ZERO,
            started: Instant::now(),
            frames: 0,
        };
        app.list_recent();
        app.list_servers();
        for (n, path) in paths.into_iter().enumerate() {
            if session::is_named_as_session(&path) {
                app.open_session(path);
                continue;
            }
            app.files.open(path, if n == 0 { Role::Any } else { Role::Labels });
        }
        Ok(app)
    }

    /// Lays images over the scan, once it is open.
    pub fn add_overlays(&mut self, paths: Vec<PathBuf>) {
        self.files.open_all(paths, Role::Overlay);
    }

    /// Shows a second scan beside the first, once that is open; at this of its time points (from 0), if one is named.
    pub fn show_beside(&mut self, path: PathBuf, time_point: Option<usize>) {
        self.files.open(path, Role::Beside(time_point));
    }

    /// Compares the label maps of the scan with this one, once they are open.
    pub fn compare_with(&mut self, path: PathBuf) {
        self.files.open(path, Role::Reference(ReferenceReading::default()));
    }

    /// Asks for paths in the window instead of through the system's file dialogs.
    pub fn type_paths(mut self) -> Self {
        self.files.paths.ask_by(None);
        self
    }

    /// Asks for paths through other file dialogs than the system's.
    pub fn ask_by(mut self, dialogs: Dialogs) -> Self {
        self.files.paths.ask_by(Some(dialogs));
        self
    }

    /// Opens and saves other formats than those that ship.
    pub fn with_formats(mut self, formats: Registry) -> Self {
        self.formats = Arc::new(formats);
        self.status.formats = self.formats.readable_endings();
        self.files.use_formats(self.formats.clone());
        self
    }

    /// The open document.
    pub fn document(&self) -> Option<&Document> {
        self.open.as_ref().map(|s| &s.document)
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
        ui::text::speak(self.view.prefs.language);
        let began = Instant::now();
        // Images that wait for an answer are whole scans in memory.
        let hold = self.leaving.is_under_way()
            || self.sessions.is_under_way()
            || self.choice.is_some()
            || self.offers.len() >= ImageLayer::MOST;
        let second = self.view.scan.beside.scan.as_ref().map(|second| &second.image.volume);
        let open = self.open.as_ref().map(|open| OpenScans {
            document: open.number,
            scan: open.document.image(),
            second,
        });
        for news in self.files.poll(open, hold, &mut self.status) {
            self.take(news);
        }
        self.model.poll(self.open.as_mut(), &mut self.status, &mut self.toasts);
        self.run_deferred();
        self.look_for_recent();
        self.follow_series();
        if let Some(path) = self.library.step(&mut self.status, &mut self.toasts) {
            self.model.choose(Some(path.into()), &mut self.status);
        }
        self.follow_servers();
        self.name_lists.step(&mut self.status, &mut self.toasts);
        self.follow_time_point();
        self.follow_overlays();
        self.follow_numbers();
        // Nothing comes between the dabs of a stroke.
        if !self.view.transient.gesture.edits() {
            self.threshold.step(self.open.as_mut(), &mut self.status);
        }
        self.pictures.poll(ctx, &mut self.status, &mut self.toasts);
        let looks = !self.time_point_loading && self.model.may_look(self.status.server.look_ahead);
        let intent = self.view.transient.intent.as_ref().filter(|_| looks);
        self.model.pump(self.open.as_mut(), intent, &mut self.status, &mut self.toasts);
        let intent = self.view.transient.edit_intent.as_ref();
        self.edit_preview.follow(self.open.as_ref(), intent);
        self.follow_flood();
        self.follow_cut();
        let wires = self.view.transient.wires.as_ref();
        self.live_wires.follow(self.open.as_ref(), wires, &mut self.status.wires);
        self.follow_operation();
        self.follow_growth();
        self.part_counts.follow(self.open.as_ref(), &mut self.status.parts);
        let wanted = self.view.windows.measures;
        self.measures.follow(self.open.as_ref(), wanted, &mut self.status.measures);
        self.tell_measures_file();
        self.follow_meshes(ctx);
        self.follow_comparison(ctx);
        self.follow_agreement(ctx);
        self.follow_robot(ctx);
        self.follow_beside();
        self.show_on_gpu(ctx);
        self.follow_sessions(ctx);
        self.follow_work_list(ctx);
        self.look_after_graphics(ctx);
        self.status.time_point_loading = self.time_point_loading;
        // A window whose device is lost closes without a word: the next one has everything.
        let closes = self.leaving.is_closing() || self.lost_graphics();
        if ctx.input(|i| i.viewport().close_requested()) && !closes {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.leaving.want(Leave::Close);
        }
        self.leave_when_saved(ctx);
        self.keep_log();
        self.longest_step = self.longest_step.max(began.elapsed());
    }

    /// What was painted to stand for what is not wanted is an object like others, and in the file.
    fn tell_unwanted(&mut self) {
        let document = self.open.as_ref().map(|open| &open.document);
        let id = self.view.scan.growth_not_wanted;
        let object = document.zip(id).and_then(|(document, id)| document.object(id));
        if let Some(object) = object.filter(|o| !o.region.is_empty()) {
            self.toasts.warning(tr_with(
                "{name}, which stands for what is not wanted, was saved too: delete it and save again if you need it no more",
                &[("name", &object.name)],
            ));
        }
    }

    /// Writes down what the user was told, and takes over the log while it is looked at.
    fn keep_log(&mut self) {
        for (level, text) in self.toasts.take_fresh() {
            log::push(level, text);
        }
        if self.view.windows.log
            && let Some(lines) = log::newer(&mut self.log_seen)
        {
            self.status.log = Arc::new(lines);
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Image(loaded) => self.replace(loaded),
            News::Offered(loaded, why) => self.offer_image(loaded, why),
            News::Overlay(loaded) => self.lay_over(*loaded),
            News::Beside(loaded, time_point) => self.put_beside(*loaded, time_point),
            News::Several(path, role, list) => self.ask_series(path, role, list),
            News::Asks(path, role, which, asked) => self.ask_how((path, role, which), asked),
            News::Labels(path, labels) => self.import(path, *labels),
            News::Reference(path, read) => self.begin_comparison(path, *read),
            News::Rater(path, read) => self.add_rater(path, *read),
            News::SaveAgreementTo(document, path) => self.save_agreement(document, path),
            News::SaveComparisonTo(document, path) => self.save_comparison(document, path),
            News::SaveRobotTo(document, path) => self.save_robot_run(document, path),
            News::SaveMeasuresTo(document, path) => self.save_measures(document, path),
            News::SaveDrawnTo(document, path) => self.save_drawn(document, path),
            News::ExportMeshesTo(document, wanted, path) => {
                self.export_meshes(MeshOrder { document, wanted, path }, false);
            }
            News::SaveLabelTableTo(document, path) => self.save_label_table(document, path),
            News::Doubted(path, labels) => self.offer_labels(path, &labels),
            News::Saved { saved, stamp, document, state } => {
                let name = saved.path.display().to_string();
                if saved.stays_without_patient {
                    let text =
                        tr("The patient had been taken out of this file, and is left out again");
                    self.toasts.info(text.to_owned());
                }
                self.sessions.exported(state, &stamp);
                if let Some(open) = self.open.as_mut().filter(|s| s.number == document) {
                    open.document.mark_saved(state);
                    open.saved_to = Some(saved.path.clone());
                    open.on_disk = Some(stamp);
                    self.status.save = SaveStatus::Saved(saved.path);
                    self.leaving.saved();
                }
                self.toasts.info(tr_with("Saved and verified: {name}", &[("name", &name)]));
                self.tell_unwanted();
            }
            News::SavedPartly { why, stamp, document } => {
                if let Some(open) = self.open.as_mut().filter(|s| s.number == document) {
                    open.saved_to = Some(stamp.path().to_owned());
                    open.on_disk = Some(stamp);
                }
                self.toasts.error(why);
            }
            News::SavedEach { document, written } => self.saved_each(document, written),
            News::SaveEachTo(document, folder) => {
                self.save_each(EachObject { document, folder }, false);
            }
            News::SaveTo(document, path) => {
                if self.open.as_ref().is_some_and(|s| s.number == document) {
                    self.save(path);
                } else {
                    let name = path.display();
                    self.toasts.error(tr_with(
                        "Not saved, because another scan was opened meanwhile: {name}",
                        &[("name", &name)],
                    ));
                }
            }
            News::SaveSessionTo(document, path, wish) => {
                if self.open.as_ref().is_some_and(|s| s.number == document) {
                    self.save_session(path, wish);
                }
            }
            News::Session(path) => self.open_session(path),
            News::ScanFound(path) => self.scan_found(path),
            News::Cases(path) => self.open_list(&path),
            News::SessionsFolder(path) => self.keep_sessions_in(Some(path)),
            News::DrawTo(document, output, path) => self.draw_to(document, &output, path),
            News::Model(path) => self.use_model_named(path),
            News::Failed(why) => self.toasts.error(why),
        }
    }

    /// Lists the files opened lately; those that are gone leave the list when that is known, because a network drive
    /// may take its time to say so.
    fn list_recent(&mut self) {
        let all = self.remembered.recent();
        self.status.recent.clone_from(&all);
        let there = move |_: &_, _: &_| {
            all.into_iter().filter(|file: &RecentFile| file.path.exists()).collect()
        };
        self.recent = Task::start("recent files", self.graphics.wake(), there).ok();
    }

    fn look_for_recent(&mut self) {
        let Some(answer) = self.recent.as_ref().and_then(Task::poll) else { return };
        self.recent = None;
        self.status.recent = answer.unwrap_or_else(|_| self.remembered.recent());
    }

    fn draw(&mut self, ui: &mut egui::Ui) {
        self.count_frames(ui.ctx());
        ui::text::speak(self.view.prefs.language);
        let mut actions = Vec::new();
        self.status.asks_path = self.files.paths.is_asking();
        let document = self.open.as_ref().map(|s| &s.document);
        let (intent, time_point) = (self.view.transient.intent, self.view.scan.time_point);
        let edits = self.view.transient.edit_intent.clone();
        let (flood, wires) = (self.view.transient.flood, self.view.transient.wires);
        let cuts = self.view.transient.cut.is_some();
        ui::show(ui, self.gpu.is_some(), document, &mut self.view, &self.status, &mut actions);
        if let Some(wait) = self.files.paths.waits()
            && let Some(answer) = ui::path_prompt::show_wait(ui.ctx(), wait)
        {
            self.files.paths.answer_wait(answer);
        }
        if let Some(prompt) = self.files.paths.prompt()
            && let Some(answer) = ui::path_prompt::show(ui.ctx(), prompt)
        {
            self.files.answer_path_prompt(answer);
        }
        let document = self.open.as_ref().map(|s| &s.document);
        let away =
            document.map_or(egui::Vec2::ZERO, |d| ui::beside_views(&mut self.view, d, ui.ctx()));
        let room = match document {
            Some(_) => self.view.transient.screen.area.into(),
            None => ui.ctx().content_rect().size(),
        };
        if let Some(number) = self.toasts.show(ui.ctx(), away, room) {
            self.refine(number);
        }
        let ctx = ui.ctx().clone();
        let acted = !actions.is_empty();
        for action in actions {
            self.perform(action, &ctx);
        }
        let now = &self.view.transient;
        if acted
            || now.intent != intent
            || now.edit_intent != edits
            || now.flood != flood
            || now.wires != wires
            || now.cut.is_some() != cuts
            || self.view.scan.time_point != time_point
        {
            // What was asked for starts in the next frame's step; don't wait for the mouse to move.
            ctx.request_repaint();
        }
    }

    /// Logs when the first picture of a scan is on the screen: when the frame after it begins.
    fn count_frames(&mut self, ctx: &egui::Context) {
        if self.open.is_none() || self.frames == 2 {
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

/// How the program looks, and what egui is not to do by itself.
fn dress(ctx: &egui::Context) {
    ui::theme::apply(ctx);
    // The scale has keys of its own (`commands::appearance::LARGER`), which are in the list of keys.
    ctx.options_mut(|o| o.zoom_with_keyboard = false);
}

impl eframe::App for App {
    fn raw_input_hook(&mut self, ctx: &egui::Context, input: &mut egui::RawInput) {
        self.in_order.take_turns(ctx, input);
        pointer::forgive_slow_frames(ctx, input);
    }

    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.step(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    /// What panels have behind them.
    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    /// Cursors in text fields and open menus are not worth keeping.
    fn persist_egui_memory(&self) -> bool {
        false
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.remembered.save(&self.view.prefs, storage);
    }
}
