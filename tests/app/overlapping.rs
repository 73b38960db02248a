//! The real window: structures of a file that share voxels.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::app::App;
use voxpoint::document::{Command, LabelId};
use voxpoint::geom::DVec3;
use voxpoint::io;
use voxpoint::mask::WorkLimits;
use voxpoint::measure::DifferenceClass;
use voxpoint::mesh::{MeshOptions, surface_mesh};
use voxpoint::text::unbroken;
use voxpoint::ui::OperationStatus;
use voxpoint::volume::{
    CoveredLabels, LabelMap, LabelName, NamedRegion, Region, RegionBuilder, Volume,
};
use voxpoint::work::{CancelToken, Progress};

use crate::compare::computed;
use crate::support::{drop_file, save_as, voxels, wait, window};

/// The voxels from one to before another.
fn boxed(dims: [usize; 3], lo: [usize; 3], hi: [usize; 3]) -> Region {
    let mut builder = RegionBuilder::new(dims[0]);
    for z in lo[2]..hi[2] {
        for y in lo[1]..hi[1] {
            builder.push(lo[0] + dims[0] * (y + dims[1] * z), hi[0] - lo[0]);
        }
    }
    builder.finish()
}

/// A liver of 140 voxels and a lesion of 12 in it.
fn structures(scan: &Volume) -> [(u16, Region); 2] {
    let dims = scan.grid().dims();
    [(1, boxed(dims, [5, 9, 3], [12, 14, 7])), (2, boxed(dims, [6, 10, 4], [9, 12, 6]))]
}

fn save(scan: &Volume, path: &Path) {
    let row = |value, name: &str| LabelName {
        value,
        name: name.to_owned(),
        colour: [200, 30, 40],
        opacity: 1.0,
        visible: true,
    };
    let names = [row(1, "Liver"), row(2, "Lesion")];
    let whole = structures(scan).map(|(value, region)| NamedRegion::unnamed(value, region));
    let (map, covered) = CoveredLabels::of(scan.grid().dims(), &whole);
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let (grid, said) = (scan.grid(), scan.provenance());
    io::save_overlapping(path, (&map, &covered), grid, said, &names, &cancel, &progress)
        .expect("saved");
}

fn covered(app: &App) -> Vec<usize> {
    app.document().expect("open").objects().iter().map(|o| o.covered.count()).collect()
}

/// The scan with the structures of a segmentation on it.
fn opened(folder: &Path) -> (Harness<'static, App>, Arc<Volume>) {
    let scan = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/pet");
    let mut harness = window(vec![scan]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    let scan = harness.state().document().expect("open").image().clone();
    let path = folder.join("a.dcm");
    save(&scan, &path);
    drop_file(&mut harness, path);
    wait(&mut harness, "the labels", |app| app.is_idle() && voxels(app).len() == 2);
    (harness, scan)
}

#[test]
fn structures_that_share_voxels_are_opened_whole_without_a_question() {
    let folder = tempfile::tempdir().expect("temp folder");
    let (mut harness, scan) = opened(folder.path());
    assert!(harness.state().status().offers.is_empty());
    assert_eq!((voxels(harness.state()), covered(harness.state())), (vec![128, 12], vec![12, 0]));
    assert!(harness.state().messages().any(|m| m.contains("Lesion / Liver: ")));
    // It stays to be read.
    harness.get_by_label_contains("of it under others").click();
    harness.run_steps(3);
    key(&mut harness, Modifiers::ALT, Key::F);
    assert_eq!((voxels(harness.state()), covered(harness.state())), (vec![140, 0], vec![0, 12]));
    key(&mut harness, Modifiers::ALT, Key::F);
    assert_eq!(harness.state().document().expect("open").can_undo(), Some("Bring to front"));
    key(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!((voxels(harness.state()), covered(harness.state())), (vec![128, 12], vec![12, 0]));
    // What is saved has both whole.
    for name in ["b.seg.nrrd", "c.dcm", "d.rtstruct.dcm"] {
        let path = folder.path().join(name);
        save_as(&mut harness, &path);
        assert!(harness.state().status().ask_flatten.is_none(), "{name}");
        let (limits, cancel, progress) =
            (io::Limits::default(), CancelToken::new(), Progress::new());
        let read = io::labels_for(&path, &scan, &limits, &cancel, &progress);
        let read = read.expect("read").expect("labels").labels;
        let found: Vec<_> = read.into_iter().map(|label| (label.value, label.region)).collect();
        assert_eq!(found, structures(&scan), "{name}");
    }
}

/// The mesh of what lies under another object is that of all its voxels, without a hole where the other lies.
#[test]
fn meshes_of_covered_objects_are_whole() {
    let folder = tempfile::tempdir().expect("temp folder");
    let (mut harness, scan) = opened(folder.path());
    assert_eq!(covered(harness.state()), [12, 0]);
    let options = MeshOptions { error: 0.0, smooth: true, decimate: true };
    harness.state_mut().view_mut().prefs.meshes.error_mm = Some(0.0);
    let path = folder.path().join("both.ply");
    crate::meshes::open(&mut harness);
    crate::meshes::save(&mut harness, &path);
    let liver = folder.path().join("both_1_liver.ply");
    wait(&mut harness, "the files", |app| app.is_idle() && liver.exists());
    let bytes = std::fs::read(&liver).expect("the file");
    let end = bytes.windows(11).position(|w| w == b"end_header\n").expect("a header");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let vertices = |region: &Region| {
        let mesh = surface_mesh(region, scan.grid(), &options, &WorkLimits::none());
        mesh.expect("there is room").vertices.len()
    };
    let [(_, whole), (_, lesion)] = structures(&scan);
    let mut seen = whole.clone();
    seen.subtract(&lesion, scan.grid().dims()[0]);
    // The hole would have a surface: that of the lesion.
    assert_eq!(vertices(&seen), vertices(&whole) + vertices(&lesion));
    assert!(head.contains(&format!("element vertex {}\n", vertices(&whole))), "{head}");
    // The box from 5, 9, 3 to 11, 13, 6, half a voxel further on each side.
    let begin = end + 11;
    let number = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"));
    let places = (0..vertices(&whole)).map(|n| {
        let at = begin + 15 * n;
        scan.grid().voxel(DVec3::new(
            number(at).into(),
            number(at + 4).into(),
            number(at + 8).into(),
        ))
    });
    let (low, high) = places.fold((DVec3::MAX, DVec3::MIN), |(a, b), p| (a.min(p), b.max(p)));
    assert!(low.distance(DVec3::new(4.5, 8.5, 2.5)) < 1e-3, "{low}");
    assert!(high.distance(DVec3::new(11.5, 13.5, 6.5)) < 1e-3, "{high}");
}

#[test]
fn what_a_format_can_not_keep_is_asked_about_once() {
    let folder = tempfile::tempdir().expect("temp folder");
    let (mut harness, scan) = opened(folder.path());
    let at = |name: &str| folder.path().join(name);
    let heading = "Leave out what lies under other objects?";
    save_as(&mut harness, &at("m.nii.gz"));
    harness.get_by_label(heading);
    harness.get_by_label("Liver: 1.17 mL");
    harness.get_by_label_contains(".seg.nrrd, .dcm, .rtstruct.dcm");
    harness.get_by_label("Cancel").click();
    harness.run_steps(3);
    wait(&mut harness, "no question", |app| app.status().ask_flatten.is_none());
    assert!(!at("m.nii.gz").exists() && harness.query_by_label(heading).is_none());
    save_as(&mut harness, &at("m.nii.gz"));
    harness.get_by_label("Save without it").click();
    harness.run_steps(2);
    wait(&mut harness, "the file", |app| app.is_idle() && at("m.nii.gz").exists());
    let read = |name: &str| {
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let found = io::open_volume(&at(name), &io::Limits::default(), &cancel, &progress);
        let found = found.expect("read");
        (0..scan.grid().count()).map(|n| found.voxels().raw(n) as u16).collect::<Vec<_>>()
    };
    let map = harness.state().document().expect("open").labels().to_vec();
    assert_eq!(read("m.nii.gz"), map);
    // Of this format it is not asked again, of another one it is.
    save_as(&mut harness, &at("n.nii.gz"));
    wait(&mut harness, "the file", |app| app.is_idle() && at("n.nii.gz").exists());
    save_as(&mut harness, &at("n.mha"));
    harness.get_by_label(heading);
    harness.key_press(Key::Escape);
    wait(&mut harness, "no question", |app| app.status().ask_flatten.is_none());
    assert!(!at("n.mha").exists());
    // Nor was it agreed that another structure is left out.
    let document = harness.state().document().expect("open");
    let below = document.objects().iter().find(|o| !o.covered.is_empty()).expect("the liver").id;
    harness.state_mut().carry_out(Command::BringToFront(below));
    harness.run_steps(2);
    save_as(&mut harness, &at("o.nii.gz"));
    harness.get_by_label(heading);
    // Nothing of it would be in the file.
    let text = "Lesion lies wholly under Liver: it would be left out entirely (1.17 mL)";
    harness.get_by_label(&unbroken(text));
    harness.key_press(Key::Escape);
    wait(&mut harness, "no question", |app| app.status().ask_flatten.is_none());
    assert!(!at("o.nii.gz").exists());
    assert_eq!(read("n.nii.gz"), LabelMap::from_labels(scan.grid().dims(), &map).to_vec());
}

fn key(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(3);
}

/// Chooses an operation as the palette does.
fn choose(harness: &mut Harness<'_, App>, words: &str) {
    key(harness, Modifiers::COMMAND.plus(Modifiers::CTRL).plus(Modifiers::SHIFT), Key::P);
    harness.get_by_role(Role::TextInput).type_text(words);
    harness.run_steps(3);
    key(harness, Modifiers::NONE, Key::Enter);
}

#[test]
fn a_copy_lies_over_its_object_and_is_saved_with_it() {
    let folder = tempfile::tempdir().expect("temp folder");
    let (mut harness, scan) = opened(folder.path());
    harness.get_by_label_contains("of it under others").click();
    harness.run_steps(3);
    key(&mut harness, Modifiers::ALT, Key::D);
    let state = |harness: &Harness<'_, App>| (voxels(harness.state()), covered(harness.state()));
    assert_eq!(state(&harness), (vec![0, 12, 128], vec![140, 0, 12]));
    let said = "Liver copy lies over Liver, which keeps all of its voxels.";
    assert!(harness.state().messages().any(|m| m.contains(said)));
    let path = folder.path().join("b.seg.nrrd");
    save_as(&mut harness, &path);
    assert!(harness.state().status().ask_flatten.is_none());
    let (limits, cancel, progress) = (io::Limits::default(), CancelToken::new(), Progress::new());
    let read = io::labels_for(&path, &scan, &limits, &cancel, &progress);
    let read = read.expect("read").expect("labels").labels;
    let [(_, liver), (_, lesion)] = structures(&scan);
    let found: Vec<_> = read.into_iter().map(|label| (label.value, label.region)).collect();
    assert_eq!(found, [(1, liver.clone()), (2, lesion), (3, liver)]);
    // Opened again, the same lies over the same, although it is not the smaller.
    for name in ["b.seg.nrrd", "c.dcm", "d.rtstruct.dcm"] {
        let path = folder.path().join(name);
        if !path.exists() {
            save_as(&mut harness, &path);
        }
        let scan = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom/pet");
        let mut again = window(vec![scan, path]);
        wait(&mut again, "the labels", |app| {
            app.is_idle() && app.document().is_some_and(|d| d.objects().len() == 3)
        });
        let [before, after] = [&harness, &again]
            .map(|harness| harness.state().document().expect("open").labels().to_vec());
        assert_eq!(before, after, "{name}");
        assert!(again.state().messages().any(|m| m.contains("in the order that the file says")));
    }
    key(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(state(&harness), (vec![128, 12], vec![12, 0]));
    // From the menu of an object: a copy of it, and a copy of another one in it.
    harness.get_by_label("Lesion, 1.17 mL").click_secondary();
    harness.run_steps(3);
    harness.get_by_label("Duplicate object").click();
    harness.run_steps(3);
    assert_eq!(state(&harness), (vec![128, 0, 12], vec![12, 12, 0]));
    key(&mut harness, Modifiers::COMMAND, Key::Z);
    harness.get_by_label("Lesion, 1.17 mL").click_secondary();
    harness.run_steps(3);
    harness.get_by_label("Add a copy of").click();
    harness.run_steps(3);
    harness.get_by_label("Liver").click();
    harness.run_steps(3);
    assert_eq!(state(&harness), (vec![0, 140], vec![140, 0]));
    let document = harness.state().document().expect("open");
    assert_eq!(document.can_undo(), Some("Add a copy of another object"));
    key(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(state(&harness), (vec![128, 12], vec![12, 0]));
}

#[test]
fn what_two_objects_share_is_shown_then_kept_then_undone() {
    let folder = tempfile::tempdir().expect("temp folder");
    let (mut harness, _) = opened(folder.path());
    harness.get_by_label_contains("of it under others").click();
    harness.run_steps(3);
    choose(&mut harness, "intersect");
    let ready = |app: &App| matches!(app.status().operation, OperationStatus::Ready { .. });
    wait(&mut harness, "what would change", ready);
    let ml = |app: &App| match app.status().operation {
        OperationStatus::Ready { gained_ml, lost_ml, under_ml, .. } => {
            [gained_ml, lost_ml, under_ml]
        }
        _ => [f64::NAN; 3],
    };
    let [gained, lost, under] = ml(harness.state());
    let voxel = harness.state().document().expect("open").image().grid().voxel_volume_mm3();
    assert!((lost - 128.0 * voxel / 1000.0).abs() < 1e-9 && [gained, under] == [0.0; 2]);
    // The only other object is the other one.
    assert!(harness.query_by_label_contains("Only voxels that the other object has").is_some());
    assert_eq!(voxels(harness.state()), [128, 12], "only shown");
    harness.get_by_label_contains("Apply").click();
    harness.run_steps(3);
    wait(&mut harness, "that it is done", |app| voxels(app) == [0, 12]);
    assert_eq!(covered(harness.state()), [12, 0], "the liver's lie below the lesion");
    key(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!((voxels(harness.state()), covered(harness.state())), (vec![128, 12], vec![12, 0]));
    // The union: of what is new of the lesion the liver keeps all.
    harness.get_by_label("Lesion, 1.17 mL").click();
    harness.run_steps(3);
    choose(&mut harness, "unite");
    wait(&mut harness, "what would change", |app| (ml(app)[0] - lost).abs() < 1e-9);
    harness.get_by_label_contains("Apply").click();
    harness.run_steps(3);
    wait(&mut harness, "that it is done", |app| voxels(app) == [0, 140]);
    assert_eq!(covered(harness.state()), [140, 0]);
}

/// How many voxels of each class of differences are drawn.
fn classes(harness: &Harness<'_, App>) -> BTreeMap<u16, usize> {
    let comparison = harness.state().view().scan.comparison.as_ref().expect("compared");
    let drawn = comparison.drawn.as_ref().expect("drawn");
    let mut counts = BTreeMap::new();
    for label in drawn.labels.to_vec().into_iter().filter(|label| *label != 0) {
        *counts.entry(label).or_default() += 1;
    }
    counts
}

#[test]
fn structures_that_share_voxels_are_compared_whole_whatever_is_on_top() {
    let folder = tempfile::tempdir().expect("temp folder");
    let (mut harness, scan) = opened(folder.path());
    let b = folder.path().join("b.dcm");
    save(&scan, &b);
    harness.state_mut().compare_with(b);
    computed(&mut harness);
    let [same, other] =
        [DifferenceClass::Same, DifferenceClass::OtherLabel].map(DifferenceClass::label);
    assert_eq!(classes(&harness), BTreeMap::from([(same, 140)]));
    let dice = |harness: &Harness<'_, App>| {
        let table = harness.state().status().comparison.table.clone().expect("numbers");
        table.found.labels.iter().map(|label| label.numbers.dice).collect::<Vec<_>>()
    };
    assert_eq!(dice(&harness), [1.0, 1.0]);

    // The liver is in front now, and all of the lesion below it: both have what B has.
    harness.state_mut().carry_out(Command::BringToFront(LabelId(1)));
    computed(&mut harness);
    assert_eq!(
        (classes(&harness), dice(&harness)),
        (BTreeMap::from([(same, 140)]), vec![1.0, 1.0])
    );
    let go = |harness: &mut Harness<'_, App>| {
        harness.key_press(Key::F8);
        harness.run_steps(2);
        wait(harness, "the place", App::is_idle);
        harness.state().status().comparison.place.clone()
    };
    assert_eq!(go(&mut harness).as_deref(), Some("A and B do not differ."));

    // Without a lesion in A, a voxel of liver and lesion is not a voxel of liver.
    harness.state_mut().carry_out(Command::RemoveObject(LabelId(2)));
    computed(&mut harness);
    assert_eq!(harness.state().status().comparison.place, None, "that was before");
    assert_eq!(classes(&harness), BTreeMap::from([(same, 128), (other, 12)]));
    let told = go(&mut harness).expect("told");
    assert!(told.starts_with("Difference 1 of 1"), "{told}");
}

/// DICOM files name the images that they are of: of a scan that has none they can't be written, and are not offered.
#[test]
fn only_formats_that_can_be_written_are_said_to_keep_all() {
    let folder = tempfile::tempdir().expect("temp folder");
    let mut harness = window(vec![crate::brush::scan(folder.path())]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    let scan = harness.state().document().expect("open").image().clone();
    let path = folder.path().join("a.seg.nrrd");
    save(&scan, &path);
    drop_file(&mut harness, path);
    wait(&mut harness, "the labels", |app| app.is_idle() && voxels(app).len() == 2);
    save_as(&mut harness, &folder.path().join("m.nii.gz"));
    let asked = harness.state().status().ask_flatten.clone().expect("it is asked");
    assert_eq!(asked.keeping, [".seg.nrrd"]);
    harness.key_press(Key::Escape);
    wait(&mut harness, "no question", |app| app.status().ask_flatten.is_none());
    // A table that label maps of two formats share is nobody else's.
    save_as(&mut harness, &folder.path().join("m.seg.nrrd"));
    save_as(&mut harness, &folder.path().join("m.nii.gz"));
    harness.get_by_label("Save without it").click();
    harness.run_steps(2);
    wait(&mut harness, "the file", |app| app.is_idle() && folder.path().join("m.nii.gz").exists());
    assert!(harness.state().status().ask_replace.is_none());
    // Once more lies under others than was agreed, another name is one that keeps it.
    harness.state_mut().carry_out(Command::BringToFront(LabelId(1)));
    harness.run_steps(2);
    key(&mut harness, Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::S);
    let suggested = harness.get_by_label("Path").accesskit_node().value().unwrap_or_default();
    assert!(suggested.ends_with("m.seg.nrrd"), "{suggested}");
}
