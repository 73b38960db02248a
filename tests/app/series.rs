//! The real window: a folder with several series, from which one is chosen.

use std::path::{Path, PathBuf};

use egui::{Key, PointerButton};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::Plane;
use voxpoint::render::ColourMap;
use voxpoint::segment::Installed;
use voxpoint::ui::{Action, RecentFile};
use voxpoint::volume::{SuvKind, Window};

use crate::brush::{NONE, look_at, press, stroke};
use crate::outline::double_click;
use crate::support::{place, wait, window, window_that_keeps};

/// Puts other characters at the end of a UID of an implicit little-endian file.
fn renamed(bytes: &mut [u8], tag: [u8; 4], end: &[u8]) {
    let at = bytes.windows(4).position(|four| four == tag).expect("the element is there");
    let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().expect("four bytes"));
    let mut last = at + 8 + length as usize;
    while bytes[last - 1] == 0 {
        last -= 1;
    }
    bytes[last - end.len()..last].copy_from_slice(end);
}

/// Two series of a PET: the first `first` and the first `second` of its slices.
pub fn two_series(first: usize, second: usize) -> tempfile::TempDir {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/pet");
    let folder = tempfile::tempdir().expect("temp folder");
    for (series, count) in [(b"7", first), (b"8", second)] {
        for n in 0..count {
            let mut bytes = std::fs::read(data.join(format!("{n:06}.dcm"))).expect("a slice");
            let image = format!("{}{n:02}", series[0] as char);
            renamed(&mut bytes, [0x20, 0, 0x0e, 0], series);
            renamed(&mut bytes, [8, 0, 0x18, 0], image.as_bytes());
            std::fs::write(folder.path().join(&image), bytes).expect("written");
        }
    }
    folder
}

pub fn act(harness: &mut Harness<'_, App>, action: Action) {
    let ctx = harness.ctx.clone();
    harness.state_mut().act(action, &ctx);
}

fn asked(paths: Vec<PathBuf>) -> Harness<'static, App> {
    let mut harness = window(paths);
    wait(&mut harness, "the table", |app| app.status().series.is_some());
    wait(&mut harness, "its pictures", |app| {
        let asked = app.status().series.as_ref();
        asked.is_some_and(|asked| asked.rows.iter().all(|row| row.picture.is_some()))
    });
    harness
}

#[test]
fn one_of_several_series_is_chosen_and_found_again() {
    let folder = two_series(12, 8);
    let path = folder.path().to_owned();
    let mut harness = asked(vec![path.clone()]);
    let series = harness.state().status().series.clone().expect("asked");
    assert_eq!(series.rows.iter().map(|row| row.images).collect::<Vec<_>>(), [12, 8]);
    assert_eq!(series.likely, 0);
    assert!(!format!("{series:?}").contains("STS_003"), "no patient in what is written down");
    assert!(harness.query_all_by_label_contains("STS_003").next().is_some(), "but on the screen");
    // The second, by the keyboard.
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    let image = harness.state().document().expect("open").image().clone();
    assert_eq!(image.grid().dims()[2], 8);
    let recent = harness.state().status().recent.first().cloned().expect("opened lately");
    assert_eq!(recent.path, path);
    let key = recent.series.clone().expect("which series").key;
    assert!(key.ends_with('8'), "{key}");
    assert!(!format!("{recent:?}{:?}", image.provenance()).contains("STS_003"));
    // From the list of recent files it comes back without a question.
    act(&mut harness, Action::OpenRecent(recent));
    wait(&mut harness, "it is being read", |app| app.status().opening.is_some());
    wait(&mut harness, "it again", |app| app.status().opening.is_none());
    let document = harness.state().document().expect("open");
    assert!(harness.state().status().series.is_none());
    assert_eq!(document.image().grid().dims()[2], 8);
    // One that is not there any more is a line.
    let series = voxpoint::ui::RecentSeries { key: "1.2.3".into(), title: "PT 3".into() };
    let gone = RecentFile { path, series: Some(series) };
    act(&mut harness, Action::OpenRecent(gone));
    wait(&mut harness, "the message", |app| {
        app.messages().any(|text| text.contains("no one series 1.2.3 here"))
    });
}

#[test]
fn a_double_click_opens_and_esc_opens_nothing() {
    let folder = two_series(6, 5);
    let mut harness = asked(vec![folder.path().to_owned()]);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.state().status().series.is_none() && harness.state().document().is_none());
    act(&mut harness, Action::Open(vec![folder.path().to_owned()]));
    wait(&mut harness, "the table", |app| app.status().series.is_some());
    harness.run_steps(2);
    let at = harness.get_by_label_contains("5 images").rect().center();
    double_click(&mut harness, at);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    assert_eq!(harness.state().document().expect("open").image().grid().dims()[2], 5);
}

#[test]
fn an_overlay_is_chosen_from_the_same_table() {
    let folder = two_series(6, 5);
    let mut harness = asked(vec![folder.path().to_owned()]);
    harness.key_press(Key::Enter);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    act(&mut harness, Action::OpenOverlay(folder.path().to_owned()));
    wait(&mut harness, "the table", |app| app.status().series.is_some());
    harness.run_steps(2);
    assert!(harness.query_by_label("Lay over the scan").is_some());
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    wait(&mut harness, "the overlay", |app| app.view().scan.overlays.len() == 1);
    assert_eq!(harness.state().view().scan.overlays[0].volume.grid().dims()[2], 5);
}

/// The files of a case of `tests/data/dicom/series/make.py`.
fn series_case(name: &str) -> tempfile::TempDir {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/series/cases.json");
    let text = std::fs::read_to_string(data).expect("the cases");
    let cases: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut cases = cases.as_array().expect("a list").iter();
    let case = cases.find(|case| case["name"] == name).expect("the case");
    let folder = tempfile::tempdir().expect("temp folder");
    for (n, file) in case["files"].as_array().expect("files").iter().enumerate() {
        let digits: Vec<u32> =
            file.as_str().expect("text").chars().filter_map(|c| c.to_digit(16)).collect();
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| (16 * pair[0] + pair[1]) as u8).collect();
        std::fs::write(folder.path().join(n.to_string()), bytes).expect("written");
    }
    folder
}

#[test]
fn padding_is_left_out_and_low_that_is_bright_is_inverted() {
    for (name, colours) in
        [("padding", ColourMap::Grey), ("padding that is bright", ColourMap::Inverted)]
    {
        let folder = series_case(name);
        let mut harness = window(vec![folder.path().to_owned()]);
        wait(&mut harness, "the scan", |app| app.document().is_some());
        let scan = &harness.state().view().scan;
        let stats = scan.stats.expect("a scan");
        assert!(
            stats.padding > 0 && stats.min > -1000.0 && stats.max < 3500.0,
            "{name}: {stats:?}"
        );
        assert_eq!(scan.colour_map, colours, "{name}");
        assert!(scan.window.low() > -1000.0 && scan.window.high() < 3500.0, "{name}");
    }
}

/// By the published formulas (`tests/data/dicom/suv/make.py`).
#[test]
fn a_pet_in_becquerels_is_shown_as_suv_by_its_dose() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/suv");
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("the table");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let values = |of: &str| -> Vec<f64> {
        let of = if of == "activity" { &expected[of] } else { &expected[of]["values"] };
        of.as_array().expect("numbers").iter().filter_map(serde_json::Value::as_f64).collect()
    };
    let most = |of: &str| values(of).into_iter().fold(0.0, f64::max);
    let mut harness = window(vec![folder.join("0.dcm")]);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    let near = |harness: &Harness<'_, App>, of: &str| {
        let found = harness.state().view().scan.stats.expect("a scan").max;
        assert!((found / most(of) - 1.0).abs() < 1e-6, "{of}: {found}, {}", most(of));
    };
    near(&harness, "activity");
    for (kind, of) in
        [(SuvKind::BodyWeight, "bw"), (SuvKind::LeanBodyMass, "lbm"), (SuvKind::BodySurface, "bsa")]
    {
        act(&mut harness, Action::ShowSuv(Some(kind)));
        harness.run_steps(3);
        near(&harness, of);
        let image = harness.state().document().expect("open").image().clone();
        let found = image.value([3, 2, 1]);
        let meant = values(of)[48 + 2 * 8 + 3];
        assert!((found - meant).abs() < 1e-5 * meant.max(1.0), "{of}: {found}, {meant}");
    }
    act(&mut harness, Action::ShowSuv(None));
    harness.run_steps(3);
    near(&harness, "activity");
}

/// Its file is in g/mL: its numbers stay, and have their unit.
#[test]
fn a_pet_that_is_suv_is_shown_so_from_the_start() {
    let folder = two_series(6, 5);
    let mut harness = asked(vec![folder.path().to_owned()]);
    harness.key_press(Key::Enter);
    wait(&mut harness, "the scan", |app| app.document().is_some());
    let hottest = |app: &App| app.view().scan.stats.expect("a scan").max;
    let before = (hottest(harness.state()), harness.state().view().scan.window);
    let image = harness.state().document().expect("open").image().clone();
    for kind in [None, Some(SuvKind::LeanBodyMass), Some(SuvKind::BodyWeight)] {
        assert_eq!(image.suv_kind(), Some(SuvKind::BodyWeight));
        assert!(harness.query_all_by_label_contains(" SUVbw").next().is_some());
        // There is nothing to choose.
        act(&mut harness, Action::ShowSuv(kind));
        harness.run_steps(3);
        let now = harness.state().document().expect("open").image();
        assert_eq!(now.suv_kind(), Some(SuvKind::BodyWeight), "{kind:?}");
        assert_eq!((hottest(harness.state()), harness.state().view().scan.window), before);
    }
    // Windows of CT are not for it.
    press(&mut harness, Key::Num1, egui::Modifiers::SHIFT);
    assert_eq!(harness.state().view().scan.window, before.1);
    // On the screen it has series and day; what is kept and saved has no day.
    let shown = image.name_on_screen().to_owned();
    let day = shown.split(' ').find(|word| word.len() == 10 && word.contains('-'));
    let day = day.unwrap_or_else(|| panic!("a day in {shown}")).to_owned();
    assert!(shown.starts_with("PT ") && !image.name().contains(&day), "{shown}");
    assert!(harness.query_all_by_label_contains(&shown).next().is_some(), "{shown}");
    assert!(!format!("{image:?}").contains(&day));
    assert!(image.provenance().name_part().starts_with("_PT"), "{:?}", image.provenance().among);
}

/// Work on a PET that was shown in SUV is gone on with in SUV, with the same window; so is an image over it.
#[test]
fn a_pet_in_suv_is_opened_so_again() {
    let folder = two_series(6, 5);
    let drafts = tempfile::tempdir().expect("temp folder");
    let window = |path: &Path| {
        let drafts = Some(drafts.path().to_owned());
        window_that_keeps(vec![path.to_owned()], None, Box::new(Installed), drafts)
    };
    let mut harness = window(folder.path());
    wait(&mut harness, "the table", |app| app.status().series.is_some());
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    // Of another place, of which it is the only one.
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/pet");
    act(&mut harness, Action::OpenOverlay(other));
    wait(&mut harness, "the overlay", |app| app.view().scan.overlays.len() == 1);
    act(&mut harness, Action::ShowSuv(Some(SuvKind::BodyWeight)));
    harness.run_steps(3);
    let scan = &mut harness.state_mut().view_mut().scan;
    (scan.window, scan.overlays[0].window) = (Window::new(2.5, 5.0), Window::new(3.0, 6.0));
    // Something is done, so that it is kept.
    press(&mut harness, Key::B, NONE);
    press(&mut harness, Key::N, NONE);
    let grid = harness.state().document().expect("open").image().grid().clone();
    let middle = grid.world_of(grid.dims().map(|n| n / 2));
    look_at(&mut harness, middle);
    let at = place(&harness, Plane::Axial, middle);
    stroke(&mut harness, &[at], PointerButton::Primary, NONE);
    wait(&mut harness, "the session on the disk", |app| app.kept_in().is_some());
    let draft = harness.state().kept_in().expect("waited for").to_owned();
    drop(harness);
    let kept = std::fs::read(&draft).expect("the draft");
    let mut harness = window(&draft);
    wait(&mut harness, "the work", |app| app.document().is_some() && app.is_idle());
    let app = harness.state();
    let document = app.document().expect("open");
    assert_eq!(document.objects().len(), 1);
    assert_eq!(document.image().suv_kind(), Some(SuvKind::BodyWeight));
    // What it is called on the screen is not in it.
    let shown = document.image().name_on_screen().to_owned();
    let day = shown.split(' ').find(|word| word.len() == 10 && word.contains('-')).expect("a day");
    assert!(!kept.windows(day.len()).any(|part| part == day.as_bytes()), "{shown}");
    let scan = &app.view().scan;
    assert_eq!(scan.suv.map(|(kind, _)| kind), Some(SuvKind::BodyWeight));
    let near = |window: Window, centre: f64, width: f64| {
        let Window { centre: c, width: w } = window;
        assert!((c - centre).abs() < 1e-9 && (w - width).abs() < 1e-9, "{window:?}");
    };
    near(scan.window, 2.5, 5.0);
    assert_eq!(scan.overlays[0].volume.suv_kind(), Some(SuvKind::BodyWeight));
    near(scan.overlays[0].window, 3.0, 6.0);
    assert!(harness.query_all_by_label_contains(" SUV").next().is_some());
}
