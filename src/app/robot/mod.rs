//! The robot user: it knows B, clicks as the user would, and is measured after each click.
//!
//! Its clicks are the user's: commands that are steps of the history, answered by the model's thread. It minds only the
//! object that it made: what else is done meanwhile is the user's affair, and another object's voxels are not its. Once
//! somebody else has changed its object, the figures would not be the model's any more, and it stops.
//!
//! - `in_the_way`: what its masks could not get, before it begins.
//! - `looking`: its thread, which measures a mask and finds where to click next.
//! - `file`: its figures, saved.

mod file;
mod in_the_way;
mod looking;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::App;
use super::comparison::Reference;
use super::document_number::DocumentNumber;
use super::files::name_of;
use super::open_document::OpenDocument;
use crate::document::{Command, LabelId, Object, Refused, palette_colour};
use crate::measure::{Robot, RobotClick, RobotFailure, RobotRun, RobotStructure};
use crate::prompt::{Prompt, PromptLog};
use crate::ui::text::{mark, tr, tr_with};
use crate::ui::{ModelStatus, RobotAction, RobotOptions, RobotStatus, RobotWork};
use crate::volume::{NamedRegion, Region};
use crate::work::{Wake, Worker};
use file::RunFile;
use in_the_way::{Made, Survey};
use looking::{Ask, Told};

/// How much nearer to white than the label's the colour of the robot's object is.
const LIGHTER: f32 = 0.4;
/// How long a click waits that would come into something else.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(100);

/// The robot, at work or not.
pub(super) struct RobotUser {
    worker: Worker<Ask, Told>,
    run: Option<Run>,
    /// How many there were.
    runs: u64,
    /// Whose figures are shown.
    of: Option<DocumentNumber>,
    /// What lies in its way is being found out, or is known.
    survey: Option<Survey>,
    /// What it has made in that document, under the numbers that it gave.
    made: BTreeMap<LabelId, Made>,
    wake: Wake,
    file: RunFile,
}

/// Labels on which the robot clicks, one after another.
struct Run {
    number: u64,
    reference: Arc<Reference>,
    options: RobotOptions,
    /// Which of the reference's.
    labels: Vec<usize>,
    /// Which of these it is at.
    at: usize,
    /// The object that it has made for this label, and what its mask is computed from.
    object: Option<(LabelId, PromptLog)>,
    /// The object that was selected before.
    selected: Option<LabelId>,
    /// What the model has said of its last answer.
    score: Option<f32>,
    /// Whenever its thread has not.
    robot: Option<Robot>,
    phase: Phase,
    figures: Arc<RobotRun>,
}

/// What is being waited for.
#[derive(Clone, Copy)]
enum Phase {
    /// Its thread.
    Looking,
    /// That it may click there.
    Waiting(RobotClick, Instant),
    /// The model.
    Asked,
}

/// What a label is called.
fn called(reference: &Reference, label: &NamedRegion) -> String {
    let number = || tr_with("Label {n}", &[("n", &reference.number_in_file(1, label))]);
    label.name.clone().unwrap_or_else(number)
}

/// The name of the robot's object for a label of this name.
fn name_of_mask(label: &str) -> String {
    tr_with("robot: {name}", &[("name", &label)])
}

/// Whether a run goes on.
#[derive(PartialEq, Eq)]
enum Going {
    On,
    Done,
}

impl RobotUser {
    pub fn start(wake: Wake) -> std::io::Result<Self> {
        let (worker, file) = (looking::start(wake.clone())?, RunFile::new(wake.clone()));
        let made = BTreeMap::new();
        Ok(Self { worker, run: None, runs: 0, of: None, survey: None, made, wake, file })
    }

    /// Whether it clicks or is about to, or its figures are being written.
    pub fn is_busy(&self) -> bool {
        let looks = self.survey.as_ref().is_some_and(Survey::is_busy);
        self.run.is_some() || looks || self.file.is_busy()
    }

    /// What its thread has found for the run that goes on.
    fn told(&self) -> Result<Option<Told>, String> {
        let number = self.run.as_ref().map(|run| run.number);
        while let Some(told) = self.worker.poll() {
            match told {
                Ok(told) if Some(told.run) == number => return Ok(Some(told)),
                Ok(_) => {}
                Err(_) => {
                    let why =
                        mark("The robot's thread stopped unexpectedly; start the program again.");
                    return Err(why.to_owned());
                }
            }
        }
        Ok(None)
    }
}

impl Run {
    fn label(&self) -> &NamedRegion {
        &self.reference.labels[self.labels[self.at]]
    }

    fn figures(&mut self) -> &mut RobotRun {
        Arc::make_mut(&mut self.figures)
    }

    /// That of the label it is at.
    fn structure(&mut self) -> Option<&mut RobotStructure> {
        self.figures().structures.last_mut()
    }

    fn made(&self) -> usize {
        self.figures.structures.last().map_or(0, |structure| structure.clicks.len())
    }

    /// What the label that it is at is called.
    fn called(&self) -> String {
        called(&self.reference, self.label())
    }

    /// Begins with the label that it is at.
    fn begin_label(&mut self, open: &OpenDocument) {
        let (label, reference) = (self.labels[self.at], Arc::clone(&self.reference));
        let label = &reference.labels[label];
        let grid = open.document.image().grid();
        let voxels = label.region.count();
        let structure = RobotStructure {
            case: self.figures.case.clone(),
            label: reference.number_in_file(1, label),
            name: label.name.clone(),
            colour: label.colour.unwrap_or_else(|| palette_colour(LabelId(label.value))),
            voxels,
            // To six digits, as in the report of eval.
            volume_ml: (voxels as f64 * grid.voxel_volume_mm3() * 1e3).round() / 1e6,
            free: 1.0,
            after: Vec::new(),
            clicks: Vec::new(),
        };
        self.figures().structures.push(structure);
        // As `voxpoint eval` seeds it: with the same seed the first click is the same.
        let seed = (&*name_of(&open.path), label.value, self.options.seed);
        self.robot = Some(Robot::new(grid, self.options.aim, seed));
        (self.object, self.score) = (None, None);
    }

    /// Gives its thread what there is now.
    fn look(&mut self, open: &OpenDocument, worker: &Worker<Ask, Told>) {
        let own = self.object.as_ref().and_then(|(id, _)| open.document.object(*id));
        let mask: [Arc<Region>; 2] =
            own.map(|o| [Arc::clone(&o.region), Arc::clone(&o.covered)]).unwrap_or_default();
        let Some(robot) = self.robot.take() else { return };
        let ask = Ask {
            run: self.number,
            robot,
            reference: Arc::clone(&self.reference),
            label: self.labels[self.at],
            labels: open.document.labels().clone(),
            own: own.map(|o| o.id),
            mask,
            more: self.made() < self.options.clicks,
        };
        // A dead thread is found when it is listened to.
        let _ = worker.submit(ask);
        self.phase = Phase::Looking;
    }

    /// The command that makes a click.
    fn command(&self, open: &OpenDocument, prompt: Prompt) -> Result<Command, String> {
        if let Some((id, _)) = self.object {
            return Ok(Command::AddPrompt { object: Some(id), prompt });
        }
        let label = self.label();
        let meant = self.reference.labels.iter().map(|label| LabelId(label.value));
        let number = open.document.number_for(LabelId(label.value), meant);
        let number = number.map_err(|why| why.to_string())?;
        let colour = label.colour.unwrap_or_else(|| palette_colour(LabelId(label.value)));
        let lighter = |c: u8| (f32::from(c) + (255.0 - f32::from(c)) * LIGHTER).round() as u8;
        let name = name_of_mask(&self.called());
        Ok(Command::BeginByPrompt { number, name, colour: colour.map(lighter), prompt })
    }

    fn work(&self) -> RobotWork {
        let asks = matches!(self.phase, Phase::Asked);
        let click = self.made() + usize::from(!asks);
        RobotWork {
            name: self.called(),
            label: (self.at + 1, self.labels.len()),
            click: (click.min(self.options.clicks), self.options.clicks),
            asks,
        }
    }

    /// The label that it is at is not measured to the end. `reason`: in English, whatever the window's language.
    fn fails(&mut self, reason: String) {
        let label = self.reference.number_in_file(1, self.label());
        let case = self.figures.case.clone();
        self.figures().failures.push(RobotFailure { case, label, reason });
    }
}

impl App {
    /// Does what the robot's window asks for.
    pub(super) fn do_with_robot(&mut self, action: RobotAction, ctx: &egui::Context) {
        match action {
            RobotAction::Start => self.survey_for_robot(),
            RobotAction::Answer(answer) => self.answer_in_the_way(answer),
            RobotAction::Stop => self.stop_robot(mark("Stopped.").to_owned()),
            RobotAction::Copy => {
                if let Some(run) = &self.status.robot.run {
                    ctx.copy_text(run.csv());
                    self.toasts.info(tr("The figures were copied as CSV").to_owned());
                }
            }
            RobotAction::Save => self.ask_save_robot(),
        }
    }

    fn start_robot(&mut self) {
        let (Some(open), Some(reference)) = (&self.open, self.comparison.reference()) else {
            return;
        };
        if self.robot.run.is_some() {
            return;
        }
        let ModelStatus::Ready { name: model, .. } = &self.status.model else {
            // It was when the button was pushed, perhaps.
            self.status.robot.told = Some(mark("No model is ready yet.").to_owned());
            return;
        };
        let options = self.view.prefs.robot;
        let labels = self.labels_for_robot(reference);
        (self.status.robot.told, self.status.robot.in_the_way) = (None, None);
        if labels.is_empty() {
            let why = mark("B has no such label: choose another pair in the table, or all labels.");
            self.status.robot.told = Some(why.to_owned());
            return;
        }
        let figures = RobotRun {
            case: open.stem(&self.formats),
            reference: reference.path.display().to_string(),
            model: model.clone(),
            rules: "window",
            first: options.aim,
            seed: options.seed,
            clicks: (1..=options.clicks).collect(),
            structures: Vec::new(),
            failures: Vec::new(),
        };
        self.robot.runs += 1;
        let mut run = Run {
            number: self.robot.runs,
            reference: Arc::clone(reference),
            options,
            labels,
            at: 0,
            object: None,
            selected: open.document.active().map(|object| object.id),
            score: None,
            robot: None,
            phase: Phase::Looking,
            figures: Arc::new(figures),
        };
        run.begin_label(open);
        run.look(open, &self.robot.worker);
        // Clicks whose masks can't be seen look like none.
        self.view.prefs.show_labels = true;
        self.robot.of = Some(open.number);
        self.status.robot.work = Some(run.work());
        self.robot.run = Some(run);
    }

    /// On which labels of the reference it is to click.
    fn labels_for_robot(&self, reference: &Reference) -> Vec<usize> {
        let all = self.view.prefs.robot.all;
        let chosen = self.view.scan.comparison.as_ref().and_then(|view| view.selected?.b);
        let is_wanted = |label: &NamedRegion| all || chosen == Some(label.value);
        let labels = reference.labels.iter().enumerate();
        labels.filter(|(_, label)| is_wanted(label)).map(|(at, _)| at).collect()
    }

    /// Goes on with the clicks. Waits for nothing.
    pub(super) fn follow_robot(&mut self, ctx: &egui::Context) {
        self.tell_run_file();
        self.follow_survey();
        let open = self.open.as_ref().map(|open| open.number);
        if self.robot.of.is_some() && self.robot.of != open {
            // Its scan is not open any more.
            (self.robot.of, self.robot.run) = (None, None);
            self.robot.made.clear();
            self.status.robot = RobotStatus::default();
        }
        let told = self.robot.told();
        let Some(mut run) = self.robot.run.take() else { return };
        let going = told.and_then(|told| self.go_on(&mut run, told, ctx));
        self.status.robot.run = Some(Arc::clone(&run.figures));
        match going {
            Ok(Going::On) => {
                self.status.robot.work = Some(run.work());
                self.robot.run = Some(run);
            }
            Ok(Going::Done) => {
                self.status.robot.work = None;
                self.select_users_object(&run);
                let n = run.labels.len();
                let text = tr_with("The robot user is done: {n} labels", &[("n", &n)]);
                self.toasts.info(text);
            }
            Err(why) => {
                self.robot.run = Some(run);
                self.stop_robot(why);
            }
        }
    }

    /// The next click is the user's, and goes on with what he had in hand, if the robot's object is selected still.
    fn select_users_object(&mut self, run: &Run) {
        let number = self.comparison.reference().map(|reference| reference.number);
        let Some((open, id)) = self.open.as_mut().zip(run.selected) else { return };
        let active = open.document.active().map(|object| object.id);
        let robots = run.object.as_ref().map(|(id, _)| *id);
        if number == Some(run.reference.number) && active == robots {
            let _gone_is_fine = open.document.apply(Command::Select(id));
        }
    }

    /// Why the last command was refused that was, since the last look.
    fn take_refusal(&mut self) -> Option<Refused> {
        self.open.as_mut()?.refused.take()
    }

    /// Ends the run that goes on, for this reason (in English, for the figures; it is shown as a translation). What is
    /// measured stays.
    fn stop_robot(&mut self, why: String) {
        let Some(mut run) = self.robot.run.take() else { return };
        run.fails(why.clone());
        self.select_users_object(&run);
        if !self.view.windows.robot {
            self.toasts.info(why.clone());
        }
        self.status.robot =
            RobotStatus { run: Some(run.figures), told: Some(why), ..RobotStatus::default() };
    }

    /// What comes next of a run.
    ///
    /// # Errors
    /// If it can't go on; in English.
    fn go_on(
        &mut self,
        run: &mut Run,
        told: Option<Told>,
        ctx: &egui::Context,
    ) -> Result<Going, String> {
        self.is_undisturbed(run)?;
        match run.phase {
            Phase::Looking => match told {
                Some(told) => {
                    ctx.request_repaint();
                    self.after_looking(run, told)
                }
                None => Ok(Going::On),
            },
            Phase::Waiting(click, until) => {
                let left = until.saturating_duration_since(Instant::now());
                let busy = self.view.transient.gesture.edits()
                    || self.status.asks()
                    || self.time_point_loading;
                match (left.is_zero(), busy) {
                    (true, false) => self.click_of_robot(run, click)?,
                    (true, true) => ctx.request_repaint_after(PATIENCE),
                    (false, _) => ctx.request_repaint_after(left),
                }
                Ok(Going::On)
            }
            Phase::Asked => {
                let Some((open, (id, _))) = self.open.as_ref().zip(run.object.as_ref()) else {
                    return Ok(Going::On);
                };
                if !open.document.is_pending(*id) {
                    run.score = open.document.object(*id).and_then(Object::iou);
                    run.look(open, &self.robot.worker);
                }
                Ok(Going::On)
            }
        }
    }

    /// Whether all is as the robot has left it.
    fn is_undisturbed(&mut self, run: &Run) -> Result<(), String> {
        let number = self.comparison.reference().map(|reference| reference.number);
        let other_model = match &self.status.model {
            ModelStatus::Ready { name, .. } => *name != run.figures.model,
            _ => false,
        };
        let why = if number != Some(run.reference.number) {
            mark("Stopped, because the objects are not compared with the same label map any more.")
        } else if other_model {
            mark("Stopped, because another model is in use.")
        } else if !self.view.windows.robot {
            mark("The robot user was stopped, because its window was closed.")
        } else {
            let object = run.object.as_ref().map(|(id, log)| {
                let open = self.open.as_ref();
                (open.and_then(|open| open.document.object(*id)), log)
            });
            match object {
                None => return Ok(()),
                Some((Some(object), log)) if object.log == *log => {
                    if object.is_corrected() {
                        mark("Stopped, because the mask of its object was changed by hand.")
                    } else if object.locked {
                        mark("Stopped, because its object was locked.")
                    } else {
                        return Ok(());
                    }
                }
                // Taken back by the user, or because it could not be answered.
                Some(_) => {
                    if let Some(why) = self.model.take_failure() {
                        return Err(why);
                    }
                    mark(
                        "Stopped, because its object was deleted, or a click of it undone or changed.",
                    )
                }
            }
        };
        Err(why.to_owned())
    }

    /// The thread has measured the mask, and says where to click.
    fn after_looking(&mut self, run: &mut Run, told: Told) -> Result<Going, String> {
        let Told { robot, dice, free, next, .. } = told;
        run.robot = Some(robot);
        let (score, last) = (run.score, run.options.clicks);
        let is_asked = run.object.is_some();
        let Some(structure) = run.structure() else { return Ok(Going::Done) };
        structure.free = free;
        if is_asked {
            structure.measured(dice, score);
        }
        let next = next.map_err(|short| {
            let mb = short.needed.div_ceil(1_000_000);
            let why = mark(
                "Finding the deepest voxel needs {mb} MB of memory: let the robot click at random.",
            );
            why.replace("{mb}", &mb.to_string())
        })?;
        if let Some(click) = next {
            // These two may be changed on the way.
            let RobotOptions { watch, pause, .. } = self.view.prefs.robot;
            run.phase = Phase::Waiting(click, Instant::now() + pause.duration());
            if let Some(open) = self.open.as_ref().filter(|_| watch) {
                let grid = open.document.image().grid();
                self.view.go_to_place(grid, grid.world_of(click.voxel));
            }
            return Ok(Going::On);
        }
        structure.stays(last);
        if !is_asked {
            run.fails(mark("other objects have all of its voxels").to_owned());
        }
        self.next_label(run)
    }

    /// The label that the robot is at is done.
    fn next_label(&mut self, run: &mut Run) -> Result<Going, String> {
        let Some(open) = &mut self.open else { return Ok(Going::Done) };
        if let Some((id, _)) = run.object.take_if(|_| run.options.take_out) {
            open.document.apply(Command::RemoveObject(id)).map_err(|why| why.to_string())?;
        }
        run.at += 1;
        if run.at == run.labels.len() {
            return Ok(Going::Done);
        }
        run.begin_label(open);
        run.look(open, &self.robot.worker);
        Ok(Going::On)
    }

    /// Clicks, in the user's way.
    fn click_of_robot(&mut self, run: &mut Run, click: RobotClick) -> Result<(), String> {
        if !click.positive && self.status.model_lacks(|can| can.negative_points) {
            let why = mark(
                "The model in use takes no negative points: the robot stops where it needs one.",
            );
            return Err(why.to_owned());
        }
        let Some(open) = &self.open else { return Ok(()) };
        let world = open.document.image().grid().world_of(click.voxel);
        let command = run.command(open, Prompt::new(world, click.positive))?;
        let id = match &command {
            Command::BeginByPrompt { number, .. } => Some(*number),
            _ => run.object.as_ref().map(|(id, _)| *id),
        };
        let _of_others = (self.model.take_failure(), self.take_refusal());
        if !self.run(command) {
            let why = self.take_refusal().map(|why| why.to_string());
            return Err(why.unwrap_or_else(|| mark("Stopped.").to_owned()));
        }
        let object = self.document().zip(id).and_then(|(document, id)| document.object(id));
        run.object = object.map(|object| (object.id, object.log.clone()));
        let made = object.map(|object| (object.id, Made::of(object)));
        self.robot.made.extend(made);
        if let Some(structure) = run.structure() {
            structure.clicks.push(click);
        }
        run.phase = Phase::Asked;
        Ok(())
    }
}
