//! What can't be compared, or shown beside, as it is: a question or one line, and what is there stays.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::{DAffine3, DVec3};
use voxpoint::io;

use crate::brush::{grid, scan};
use crate::side_by_side::{second, second_labels};
use crate::support::{wait, window};

/// What comes of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// A question with this in it.
    Asks(&'static str),
    /// It is shown, and this is told.
    Shown(&'static str),
    /// It is not, and this is told.
    Told(&'static str),
}

use Outcome::{Asks, Shown, Told};

struct Odd {
    folder: tempfile::TempDir,
    scan: PathBuf,
    dims: [usize; 3],
    place: DAffine3,
}

impl Odd {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temp folder");
        let scan = scan(folder.path());
        let (cancel, progress) =
            (voxpoint::work::CancelToken::new(), voxpoint::work::Progress::new());
        let volume = io::open_volume(&scan, &io::Limits::default(), &cancel, &progress);
        let grid = volume.expect("the scan").grid().clone();
        Self { folder, scan, dims: grid.dims(), place: grid.world_from_voxel() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, value: impl Fn(usize) -> f32) -> PathBuf {
        let path = self.path(name);
        let values: Vec<f32> = (0..self.dims.iter().product()).map(value).collect();
        io::save_float32(&path, self.dims, &values, self.place).expect("saved");
        path
    }

    /// Everything odd: as B, and as the second scan.
    fn files(&self) -> Vec<(PathBuf, Outcome, Outcome)> {
        let good = self.write("good.nii", |n| (n % 97 / 90) as f32);
        let bytes = std::fs::read(&good).expect("written");
        let raw = |name: &str, bytes: &[u8]| {
            std::fs::write(self.path(name), bytes).expect("temp folder");
            self.path(name)
        };
        let mut frames = bytes.clone();
        frames[40..42].copy_from_slice(&4u16.to_le_bytes());
        frames[48..50].copy_from_slice(&3u16.to_le_bytes());
        frames.extend(bytes[352..].iter().chain(&bytes[352..]));
        let coarse = self.path("coarse.nii");
        let place = DAffine3::from_scale(DVec3::splat(4.0));
        io::save_float32(&coarse, [9, 8, 7], &[1.0; 504], place).expect("saved");
        let folder = self.path("folder");
        std::fs::create_dir(&folder).expect("temp folder");
        std::fs::write(folder.join("notes.txt"), "no scan").expect("temp folder");
        let beside = "is shown beside the scan";
        vec![
            (self.path("missing.nii"), Told("missing.nii"), Told("missing.nii")),
            (folder, Told("folder"), Told("folder")),
            (raw("nothing.nii", &[]), Told("nothing.nii"), Told("nothing.nii")),
            (raw("cut.nii", &bytes[..bytes.len() / 2]), Told("cut.nii"), Told("cut.nii")),
            (raw("text.nii", b"this is no scan\n"), Told("text.nii"), Told("text.nii")),
            (coarse, Asks("9 × 8 × 7 voxels instead of"), Shown(beside)),
            (raw("frames.nii", &frames), Asks("of 3"), Shown(beside)),
            (
                self.write("probability.nii", |n| (n % 11) as f32 / 10.0),
                Asks("probability map"),
                Shown(beside),
            ),
            (
                self.write("nan.nii", |n| if n % 5 == 0 { f32::NAN } else { 1.0 }),
                Shown("are not a number"),
                Shown(beside),
            ),
            (self.write("empty.nii", |_| 0.0), Shown("has no label"), Shown(beside)),
            (
                self.write("other_labels.nii", |n| [0.0, 700.0, 65_535.0][n % 3]),
                Shown("compared with its 2 labels"),
                Shown(beside),
            ),
        ]
    }
}

/// What is told, once something is told or asked.
fn came_of(harness: &mut Harness<'_, App>) -> String {
    wait(harness, "an answer", |app| {
        app.is_idle() && (!app.status().offers.is_empty() || app.messages().next().is_some())
    });
    harness.state().messages().collect::<Vec<_>>().join("\n")
}

fn check(harness: &mut Harness<'_, App>, path: &Path, expected: Outcome, shown: bool) {
    let told = came_of(harness);
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let asks = !harness.state().status().offers.is_empty();
    let what = format!("{name}: {expected:?}, {told}");
    match expected {
        Asks(word) => {
            assert!(asks, "{what}");
            assert!(harness.query_all_by_label_contains(word).next().is_some(), "{what}");
            harness.get_by_role_and_label(Role::Button, "Don't open").click();
            harness.run_steps(3);
        }
        Shown(word) | Told(word) => assert!(!asks && told.contains(word), "{what}"),
    }
    assert_eq!(shown, matches!(expected, Shown(_)), "{what}");
    assert!(harness.state().document().is_some());
}

#[test]
fn an_odd_b_is_asked_about_or_told_in_one_line() {
    let odd = Odd::new();
    for (path, as_b, _) in odd.files() {
        let mut harness = window(vec![odd.scan.clone()]);
        wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
        harness.state_mut().compare_with(path.clone());
        harness.step();
        came_of(&mut harness);
        let shown = harness.state().view().scan.comparison.is_some();
        check(&mut harness, &path, as_b, shown);
    }
}

#[test]
fn an_odd_second_scan_is_told_in_one_line() {
    let odd = Odd::new();
    for (path, _, as_second) in odd.files() {
        let mut harness = window(vec![odd.scan.clone()]);
        wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
        harness.state_mut().show_beside(path.clone(), None);
        harness.step();
        came_of(&mut harness);
        let shown = harness.state().view().scan.beside.scan.is_some();
        check(&mut harness, &path, as_second, shown);
    }
}

/// Over a second scan, too: what has neither's voxels is asked about, and what went away meanwhile is read again.
#[test]
fn an_odd_b_beside_a_second_scan_takes_nothing_away() {
    let odd = Odd::new();
    let mut harness = window(vec![odd.scan.clone()]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    harness.state_mut().show_beside(second(odd.folder.path()), None);
    let labels = second_labels(odd.folder.path());
    harness.state_mut().compare_with(labels.clone());
    wait(&mut harness, "the labels", |app| app.view().scan.beside.labels.is_some());
    for (path, as_b, _) in odd.files() {
        if let Asks(_) | Told(_) = as_b {
            harness.state_mut().compare_with(path);
            wait(&mut harness, "an answer", App::is_idle);
            while harness.query_by_role_and_label(Role::Button, "Don't open").is_some() {
                harness.get_by_role_and_label(Role::Button, "Don't open").click();
                harness.run_steps(3);
            }
            let scan = &harness.state().view().scan;
            assert!(scan.comparison.is_none());
            assert!(scan.beside.scan.as_ref().is_some_and(|second| second.labels.is_some()));
        }
    }
    // Without the second scan its labels lie on another grid.
    harness.get_by_label("Take the second scan away").click();
    harness.run_steps(2);
    harness.state_mut().compare_with(labels);
    wait(&mut harness, "a question", |app| !app.status().offers.is_empty());
    let [x, y, z] = grid(&harness).dims();
    harness.get_by_label_contains(&format!("30 × 50 × 60 voxels instead of {x} × {y} × {z}"));
}
