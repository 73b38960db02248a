//! The whole program on a model of another kind: no network, no cubes, no runtime. What works here works through the
//! one door to models.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::{click, hover, look_away, place, save_as, voxels, wait, window_on};
use egui::{Event, Key, Modifiers, PointerButton, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable};
use voxpoint::app::App;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid, Plane};
use voxpoint::io;
use voxpoint::prompt::{
    Answer, Capabilities, Extension, Footprint, Prompt, PromptLog, ShapeKinds, WorkingScale,
};
use voxpoint::segment::{
    Adjusted, Device, ModelRef, Models, OpenModel, Opening, Outcome, Readiness, Request,
    SegmentError, Segmenter, Spot, Spots, Stage, Timings, adjustable, kept, kept_parts,
};
use voxpoint::ui::{ModelStatus, PreviewStatus, RuntimeStatus, Waiting};
use voxpoint::volume::{LabelMap, Region, StoredGeometry, Volume};
use voxpoint::work::{CancelToken, Progress};

/// Finds what hangs together with a click and is as bright as a share of it (the threshold); nothing within 20 mm of a
/// negative click.
struct Bright {
    device: Device,
    answers: Arc<AtomicUsize>,
    /// Whether its masks are said to go on.
    touches: bool,
    can: Capabilities,
    /// As long as this is set it does not answer.
    held: Arc<AtomicBool>,
    /// As long as this is set it answers with an error.
    fails: Arc<AtomicBool>,
    /// It finds what is as bright anywhere.
    anywhere: bool,
}

/// The image that an answer is about, and whether it was looked for what is as bright anywhere.
#[derive(Debug)]
struct Seen(Arc<Volume>, bool);

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) && self.1 == other.1
    }
}

fn grown(volume: &Volume, prompts: &[Prompt], threshold: f32, anywhere: bool) -> Region {
    let (grid, share) = (volume.grid(), 1.0 / (1.0 + f64::from(-threshold).exp()));
    let far = |at: DVec3| prompts.iter().all(|p| p.positive || p.world.distance(at) > 20.0);
    let mut mask = vec![false; grid.count()];
    let seeds = || prompts.iter().filter(|p| p.positive).filter_map(|p| grid.voxel_at(p.world));
    if let Some(seed) = seeds().next().filter(|_| anywhere) {
        let [nx, ny, _] = grid.dims();
        let level = share * volume.value(seed);
        let bright = |n: usize| {
            let voxel = [n % nx, n / nx % ny, n / nx / ny];
            volume.value(voxel) >= level && far(grid.world_of(voxel))
        };
        return Region::from_mask(nx, (0..mask.len()).map(bright));
    }
    for seed in seeds() {
        let (level, mut open) = (share * volume.value(seed), vec![seed]);
        while let Some(voxel) = open.pop() {
            let bright = volume.value(voxel) >= level && far(grid.world_of(voxel));
            if !bright || std::mem::replace(&mut mask[grid.index(voxel)], true) {
                continue;
            }
            for (axis, step) in [(0, 1), (0, -1), (1, 1), (1, -1), (2, 1), (2, -1)] {
                let mut next = voxel;
                let along = voxel[axis].checked_add_signed(step);
                next[axis] = along.unwrap_or(usize::MAX);
                open.extend((next[axis] < grid.dims()[axis]).then_some(next));
            }
        }
    }
    Region::from_mask(grid.dims()[0], mask)
}

fn adjusted(answer: &Answer, log: &PromptLog, _: &Grid, _: &Grid) -> Option<Adjusted> {
    let Seen(volume, anywhere) = kept(answer)?;
    let region = grown(volume, &answer.prompts, log.threshold, *anywhere);
    Some(Adjusted { region, touches: false, cut: false })
}

impl Segmenter for Bright {
    fn name(&self) -> &'static str {
        "bright"
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn capabilities(&self) -> Capabilities {
        self.can
    }

    fn spots(&self) -> Spots {
        Arc::new(|image: &Grid, _: WorkingScale, world| {
            let cell = image.voxel_at(world).unwrap_or_default().map(|c| c as i64);
            Spot { cell, reach: u64::MAX }
        })
    }

    fn readiness(&mut self, _: &Request) -> Result<Readiness, SegmentError> {
        Ok(Readiness::Ready)
    }

    fn prepare(&mut self, _: &Request, _: &CancelToken) -> Result<(), SegmentError> {
        Ok(())
    }

    fn preview(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
    ) -> Result<Option<Outcome>, SegmentError> {
        self.answer(request, cancel, &mut |_| ()).map(Some)
    }

    fn answer(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        while self.held.load(Ordering::Relaxed) {
            cancel.check()?;
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        cancel.check()?;
        if self.fails.load(Ordering::Relaxed) {
            return Err(SegmentError::NoExtending);
        }
        stage(Stage::Decode);
        self.answers.fetch_add(1, Ordering::Relaxed);
        let (volume, log) = (&request.volume, &request.log);
        let region = grown(volume, &log.prompts, log.threshold, self.anywhere);
        let region = kept_parts(region, log.anchors().as_deref(), request.mask_grid());
        // It looks at the whole scan.
        let size = DVec3::from_array(volume.grid().dims().map(|n| n as f64));
        let voxel_from_box =
            DAffine3::from_mat3_translation(DMat3::from_diagonal(size), DVec3::splat(-0.5));
        let world_from_box = volume.grid().world_from_voxel() * voxel_from_box;
        let answer = Answer {
            prompts: log.prompts.clone(),
            touches: self.touches,
            footprint: vec![Footprint { opener: log.prompts[0], world_from_box }],
            adjustable: self.can.adjusts,
            state: Some(adjustable(Seen(volume.clone(), self.anywhere), adjusted)),
            ..Answer::default()
        };
        let extensions = log.extensions.clone();
        Ok(Outcome { answer, extensions, region, timings: Timings::default() })
    }

    /// Finds what is half as bright, too.
    fn extend(
        &mut self,
        request: &Request,
        cancel: &CancelToken,
        _: &Progress,
        stage: &mut dyn FnMut(Stage),
    ) -> Result<Outcome, SegmentError> {
        if !self.can.extends {
            return Err(SegmentError::NoExtending);
        }
        let mut outcome = self.answer(request, cancel, stage)?;
        let (volume, prompts) = (&request.volume, &request.log.prompts);
        let region = grown(volume, prompts, WIDE, self.anywhere);
        let anchors = request.log.anchors();
        outcome.region = kept_parts(region, anchors.as_deref(), request.mask_grid());
        let (seed, clicks) = (prompts[0].world, prompts.len());
        outcome.extensions.push(Extension { centre: seed, seed, clicks });
        Ok(outcome)
    }
}

/// The threshold of an extended mask: 0.3 as log odds.
const WIDE: f32 = -0.85;

/// Opens it, whatever is asked for.
pub struct Only {
    pub answers: Arc<AtomicUsize>,
    pub touches: bool,
    pub can: Capabilities,
    pub held: Arc<AtomicBool>,
    pub fails: Arc<AtomicBool>,
    pub anywhere: bool,
}

impl Default for Only {
    fn default() -> Self {
        let can = Capabilities {
            negative_points: true,
            previews: true,
            extends: false,
            adjusts: true,
            sight: None,
            shapes: ShapeKinds::NONE,
        };
        let (answers, held, fails) = (Arc::default(), Arc::default(), Arc::default());
        Self { answers, touches: false, can, held, fails, anywhere: false }
    }
}

impl Models for Only {
    fn open(
        &mut self,
        _: Option<&ModelRef>,
        _: &CancelToken,
        tell: &dyn Fn(Opening),
    ) -> Result<Option<OpenModel>, SegmentError> {
        tell(Opening::Runtime(Ok(None)));
        tell(Opening::Loading("bright".to_owned()));
        let device = Device { name: "here".to_owned(), threads: 0, reason: "a test".to_owned() };
        let (answers, held) = (self.answers.clone(), self.held.clone());
        let fails = self.fails.clone();
        let Self { touches, can, anywhere, .. } = *self;
        let segmenter = Box::new(Bright { device, answers, touches, can, held, fails, anywhere });
        let model = ModelRef::Path("bright".into());
        Ok(Some(OpenModel { segmenter, id: "bright".to_owned(), model }))
    }
}

/// 2 mm voxels, oblique; two rods along z of 100 with a rim of 40, 30 voxels apart, in 10.
pub fn scan(folder: &Path) -> std::path::PathBuf {
    let dims = [80, 40, 50];
    let turned = DMat3::from_rotation_x(0.2) * DMat3::from_diagonal(DVec3::new(-2.0, -2.0, 2.0));
    let grid =
        Grid::new(dims, DAffine3::from_mat3_translation(turned, DVec3::new(70.0, 30.0, 5.0)))
            .expect("a grid");
    let value = |n: usize| {
        let [x, y] = [n % 80, n / 80 % 40];
        let apart = [25usize, 55].map(|c| x.abs_diff(c).max(y.abs_diff(20)));
        match apart[0].min(apart[1]) {
            0..=3 => 100,
            4..=5 => 40,
            // With noise: it is to look like a scan.
            _ => 10 + (n * 7919 % 7) as u16,
        }
    };
    let labels: Vec<u16> = (0..grid.count()).map(value).collect();
    let path = folder.join("rods.nii.gz");
    let (said, no) = (StoredGeometry::of(&grid).into(), (CancelToken::new(), Progress::new()));
    let labels = LabelMap::from_labels(dims, &labels);
    io::save_labels(&path, &labels, &grid, &said, &[], &no.0, &no.1).expect("temp folder");
    path
}

fn at(harness: &Harness<'_, App>, voxel: [usize; 3]) -> DVec3 {
    harness.state().document().expect("open").image().grid().world_of(voxel)
}

fn key(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(2);
    wait(harness, "what the key does", App::is_idle);
}

#[test]
fn a_model_of_another_kind_drives_the_whole_program() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (path, answers) = (scan(temp.path()), Arc::new(AtomicUsize::new(0)));
    let mut harness =
        window_on(vec![path], None, Box::new(Only { answers: answers.clone(), ..Only::default() }));
    wait(&mut harness, "the scan", |app| app.document().is_some());
    wait(&mut harness, "the model", |app| matches!(app.status().model, ModelStatus::Ready { .. }));
    let status = harness.state().status();
    assert_eq!(status.runtime, RuntimeStatus::NotNeeded);
    assert!(status.capabilities.is_some_and(|c| c.sight.is_none()));
    assert!(harness.query_by_label("Working scale").is_none(), "it has none");

    // A rod: 7 × 7 voxels through 50 slices; with its rim 11 × 11.
    let (rod, wide) = (7 * 7 * 50, 11 * 11 * 50);
    let [first, second, rim] = [[25, 20, 25], [55, 20, 25], [25, 20, 10]].map(|v| at(&harness, v));
    hover(&mut harness, Plane::Axial, first);
    wait(&mut harness, "the preview", |app| {
        app.status().preview == PreviewStatus::Shown && app.preview_voxels() == Some(rod)
    });
    assert!(voxels(harness.state()).is_empty(), "a preview is no mask");
    click(&mut harness, Plane::Axial, first, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(voxels(harness.state()), [rod]);
    click(&mut harness, Plane::Coronal, second, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(voxels(harness.state()), [2 * rod]);
    click(&mut harness, Plane::Axial, rim, PointerButton::Secondary);
    wait(&mut harness, "the mask", App::is_idle);
    let less = voxels(harness.state())[0];
    assert!(less < 2 * rod - 500 && less > rod, "{less}: a piece of the first rod is gone");
    let object = harness.state().document().expect("open").objects()[0].clone();
    assert_eq!((object.replayed(), object.answer.model.as_deref()), (3, Some("bright")));
    assert!(harness.query_by_label("Extend").is_none());

    // The threshold asks no model, but the mask that it gives is the model's.
    look_away(&mut harness);
    let asked = answers.load(Ordering::Relaxed);
    for _ in 0..2 {
        key(&mut harness, Modifiers::COMMAND, Key::Z);
    }
    assert_eq!(voxels(harness.state()), [rod]);
    harness.get_by_role_and_label(Role::Slider, "Threshold").focus();
    harness.run_steps(2);
    // From 0.50 down to 0.20 of 100: the rim of 40 belongs to it.
    for _ in 0..30 {
        harness.key_press(Key::ArrowLeft);
        harness.run_steps(2);
    }
    wait(&mut harness, "the threshold", App::is_idle);
    assert_eq!(voxels(harness.state()), [wide]);
    assert_eq!(answers.load(Ordering::Relaxed), asked);
    let threshold = harness.state().document().expect("open").objects()[0].log.threshold;
    assert!((f64::from(threshold) - (0.2f64 / 0.8).ln()).abs() < 0.1, "{threshold}");

    let out = temp.path().join("labels.nii.gz");
    save_as(&mut harness, &out);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let saved = io::open_volume(&out, &io::Limits::default(), &cancel, &progress).expect("saved");
    let [nx, ny, nz] = saved.grid().dims();
    let labelled = |n: &usize| saved.value([n % nx, n / nx % ny, n / nx / ny]) != 0.0;
    assert_eq!((0..nx * ny * nz).filter(labelled).count(), wide);
}

fn window_of(folder: &Path, model: Only) -> Harness<'static, App> {
    let mut harness = window_on(vec![scan(folder)], None, Box::new(model));
    wait(&mut harness, "the scan", |app| app.document().is_some());
    wait(&mut harness, "the model", |app| matches!(app.status().model, ModelStatus::Ready { .. }));
    harness
}

/// A positive click on the first rod, and its mask.
fn clicked(harness: &mut Harness<'_, App>) {
    let first = at(harness, [25, 20, 25]);
    click(harness, Plane::Axial, first, PointerButton::Primary);
    wait(harness, "the mask", App::is_idle);
}

fn told(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.state().messages().any(|m| m.contains(text))
}

/// It says so instead of leaving a click that is never answered.
#[test]
fn what_a_model_can_not_do_is_refused_in_words() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = window_of(temp.path(), Only { touches: true, ..Only::default() });
    clicked(&mut harness);
    let before = voxels(harness.state());
    harness.key_press(Key::G);
    harness.run_steps(2);
    assert!(harness.state().document().expect("open").pending().is_none(), "it is not even asked");
    assert_eq!(voxels(harness.state()), before);
    assert!(told(&harness, "does not follow masks"));
    assert!(harness.query_by_label("Extend").is_none());
}

#[test]
fn a_model_without_negative_points_is_not_asked_about_one() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut model = Only::default();
    model.can.negative_points = false;
    let answers = model.answers.clone();
    let mut harness = window_of(temp.path(), model);
    clicked(&mut harness);
    look_away(&mut harness);
    let (before, asked) = (voxels(harness.state()), answers.load(Ordering::Relaxed));
    let rim = at(&harness, [25, 20, 10]);
    click(&mut harness, Plane::Axial, rim, PointerButton::Secondary);
    assert!(told(&harness, "takes no negative points"), "at once");
    assert!(harness.state().document().expect("open").pending().is_none());
    look_away(&mut harness);
    harness.run_steps(5);
    assert_eq!(voxels(harness.state()), before);
    assert_eq!(harness.state().document().expect("open").objects()[0].log.prompts.len(), 1);
    // (Previews of positive clicks may have been asked for on the way.)
    let steps = harness.state().document().expect("open").history_steps().1;
    assert!(steps == 1 && answers.load(Ordering::Relaxed) - asked < 10);
    // The key chooses nothing, and a positive click is answered as before.
    harness.key_press(Key::Minus);
    harness.run_steps(2);
    assert!(!harness.state().view().transient.negative);
    let second = at(&harness, [55, 20, 25]);
    click(&mut harness, Plane::Axial, second, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    assert_eq!(voxels(harness.state()), [2 * before[0]]);
}

#[test]
fn a_model_without_threshold_has_a_slider_that_says_so() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut model = Only::default();
    model.can.adjusts = false;
    let mut harness = window_of(temp.path(), model);
    clicked(&mut harness);
    look_away(&mut harness);
    let slider = harness.get_by_role_and_label(Role::Slider, "Threshold");
    assert!(slider.accesskit_node().is_disabled());
}

/// The extension was asked for while a click was computed; when that is answered a stroke is under way, and nothing
/// comes into a stroke.
#[test]
fn an_extension_that_waits_for_a_click_does_not_come_into_a_stroke() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut model = Only { touches: true, ..Only::default() };
    model.can.extends = true;
    let held = model.held.clone();
    let mut harness = window_of(temp.path(), model);
    clicked(&mut harness);
    let rod = voxels(harness.state())[0];
    let document = |harness: &Harness<'_, App>| {
        let document = harness.state().document().expect("open");
        (document.pending().is_some(), document.history_steps().1)
    };
    held.store(true, Ordering::Relaxed);
    // Not on the dot of the first click.
    let again = at(&harness, [28, 23, 25]);
    click(&mut harness, Plane::Axial, again, PointerButton::Primary);
    harness.key_press(Key::G);
    harness.run_steps(2);
    let id = harness.state().document().expect("open").objects()[0].id;
    assert_eq!(harness.state().status().waiting, [Waiting::Extend(id)]);
    let told = "extended when the click is computed";
    assert!(harness.query_all_by_label_contains(told).next().is_some());

    harness.key_press(Key::B);
    harness.run_steps(2);
    // Far from both rods.
    let from = place(&harness, Plane::Axial, at(&harness, [40, 34, 25]));
    let press = |pressed, pos| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    harness.event(Event::PointerMoved(from));
    harness.event(press(true, from));
    harness.run_steps(2);
    held.store(false, Ordering::Relaxed);
    wait(&mut harness, "the answer", |app| app.document().is_some_and(|d| d.pending().is_none()));
    let to = from + vec2(12.0, 0.0);
    harness.event(Event::PointerMoved(to));
    harness.run_steps(5);
    assert_eq!(document(&harness), (false, 3), "two clicks and a stroke; the extension waits");
    assert_eq!(harness.state().status().waiting, [Waiting::Extend(id)]);
    harness.event(press(false, to));
    harness.run_steps(2);
    wait(&mut harness, "the extension", |app| app.is_idle() && app.status().waiting.is_empty());
    assert_eq!(document(&harness), (false, 4));
    let painted = harness.state().document().expect("open").objects()[0].added.count();
    assert!(painted > 0);
    assert_eq!(voxels(harness.state()), [11 * 11 * 50 + painted]);
    for (step, left) in [("the extension", rod + painted), ("the stroke", rod)] {
        key(&mut harness, Modifiers::COMMAND, Key::Z);
        assert_eq!(voxels(harness.state()), [left], "{step} is taken back");
    }
}

/// The switch takes what is near no point, keeps to that through all that comes, and gives it back.
#[test]
fn only_parts_with_a_point_are_kept_through_clicks_thresholds_and_undo() {
    // A model whose answers can be adjusted, and one that has to be asked again.
    for adjusts in [true, false] {
        let temp = tempfile::tempdir().expect("temp folder");
        let mut model = Only { anywhere: true, ..Only::default() };
        model.can.adjusts = adjusts;
        let (answers, rod) = (model.answers.clone(), 7 * 7 * 50);
        let mut harness = window_of(temp.path(), model);
        clicked(&mut harness);
        look_away(&mut harness);
        let parts = |harness: &mut Harness<'_, App>| {
            wait(harness, "the parts", |app| app.is_idle() && !app.status().parts.is_empty());
            let (_, summary) = harness.state().status().parts.iter().next().expect("one object");
            (voxels(harness.state())[0], summary.parts)
        };
        let (both, two) = parts(&mut harness);
        let asked = answers.load(Ordering::Relaxed);
        let name = "Only parts with a positive point";
        let switch = |harness: &mut Harness<'_, App>| {
            harness.get_by_role_and_label(Role::CheckBox, name).click();
            harness.run_steps(3);
            wait(harness, "the switch", App::is_idle);
        };
        switch(&mut harness);
        let (one, alone) = parts(&mut harness);
        assert_eq!((both, two, one, alone), (2 * rod, 2, rod, 1));
        assert_eq!(answers.load(Ordering::Relaxed) - asked, usize::from(!adjusts));
        if adjusts {
            // The rim belongs to the mask, of both parts, and still only one is kept.
            harness.get_by_role_and_label(Role::Slider, "Threshold").focus();
            harness.run_steps(2);
            for _ in 0..30 {
                harness.key_press(Key::ArrowLeft);
                harness.run_steps(2);
            }
            wait(&mut harness, "the threshold", App::is_idle);
            assert_eq!(parts(&mut harness), (11 * 11 * 50, 1));
            harness.get_by_label("Reset threshold").click();
            harness.run_steps(3);
            wait(&mut harness, "the threshold", App::is_idle);
            assert_eq!(parts(&mut harness), (one, 1));
        }
        // A point on the other rod keeps that one, too.
        let second = at(&harness, [55, 20, 25]);
        click(&mut harness, Plane::Axial, second, PointerButton::Primary);
        wait(&mut harness, "the mask", App::is_idle);
        assert_eq!(parts(&mut harness), (2 * rod, 2));
        look_away(&mut harness);
        switch(&mut harness);
        assert_eq!(voxels(harness.state()), [2 * rod]);
        key(&mut harness, Modifiers::COMMAND, Key::Z);
        key(&mut harness, Modifiers::COMMAND, Key::Z);
        assert_eq!(voxels(harness.state()), [one]);
        // Locked, it is no switch.
        key(&mut harness, Modifiers::NONE, Key::L);
        let node = harness.get_by_role_and_label(Role::CheckBox, name);
        assert!(node.accesskit_node().is_disabled());
    }
}
