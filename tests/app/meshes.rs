//! Meshes of the objects, exported from the real window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use voxpoint::app::App;
use voxpoint::document::{Change, Command, EditKind, GestureId, LabelId, Over};
use voxpoint::mask::WorkLimits;
use voxpoint::mesh::{MeshFormat, MeshOptions, MeshSpace, NamedMesh, encode_meshes, surface_mesh};
use voxpoint::volume::Region;

use crate::brush::{document, press, scan};
use crate::support::{type_path, wait, window};

const NONE: Modifiers = Modifiers::NONE;

/// A box of voxels of the scan.
fn cuboid(from: [usize; 3], to: [usize; 3]) -> Arc<Region> {
    let inside = |n: usize| {
        let voxel = [n % 40, n / 40 % 32, n / 1280];
        (0..3).all(|axis| (from[axis]..to[axis]).contains(&voxel[axis]))
    };
    Arc::new(Region::from_mask(40, (0..40 * 32 * 20).map(inside)))
}

/// The window with two objects, of which the second is selected.
fn with_objects(folder: &Path) -> Harness<'static, App> {
    let mut harness = window(vec![scan(folder)]);
    wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
    for (n, region) in
        [cuboid([5, 5, 4], [15, 15, 12]), cuboid([20, 10, 4], [32, 22, 14])].into_iter().enumerate()
    {
        if n > 0 {
            harness.state_mut().carry_out(Command::NewObject);
        }
        let object = document(&harness).active().map(|object| object.id);
        harness.state_mut().carry_out(Command::Edit {
            object,
            change: Change::Add(region),
            over: Over::Background,
            kind: EditKind::Brush,
            gesture: GestureId(900 + n as u64),
        });
        harness.run_steps(2);
    }
    harness
}

/// Opens the window of meshes from the menu.
pub(crate) fn open(harness: &mut Harness<'_, App>) {
    harness.get_by_label("File").click();
    harness.run_steps(3);
    harness.get_by_label("Export meshes…").click();
    harness.run_steps(3);
}

/// Presses the button, and says where to.
pub(crate) fn save(harness: &mut Harness<'_, App>, path: &Path) {
    harness.get_by_label_contains("Save meshes…").click_accesskit();
    harness.run_steps(6);
    harness.get_by_label("Path").focus();
    harness.run_steps(2);
    press(harness, Key::A, Modifiers::COMMAND);
    type_path(harness, path);
    harness.get_by_label("OK").click();
    harness.run_steps(3);
}

/// What is in a folder.
fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("the test's folder");
    let name = |file: std::fs::DirEntry| file.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = files.map(|file| name(file.expect("readable"))).collect();
    names.sort();
    names
}

/// What the program's own meshes of objects are, as a file.
fn expected(
    harness: &Harness<'_, App>,
    of: &[LabelId],
    options: &MeshOptions,
    (format, space): (MeshFormat, MeshSpace),
) -> Vec<u8> {
    let document = document(harness);
    let grid = document.image().grid();
    let meshes: Vec<NamedMesh> = of
        .iter()
        .map(|id| {
            let object = document.object(*id).expect("it is there");
            let mesh = surface_mesh(&object.region, grid, options, &WorkLimits::none());
            let mesh = mesh.expect("there is room");
            NamedMesh { name: object.name.clone(), colour: object.colour, mesh }
        })
        .collect();
    encode_meshes(&meshes, format, space)
}

#[test]
fn objects_are_exported_as_meshes_in_one_file_or_one_each() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_objects(temp.path());
    let folder = temp.path().join("out");
    std::fs::create_dir(&folder).expect("the test's folder");
    let at = |name: &str| -> PathBuf { folder.join(name) };
    let both = [LabelId(1), LabelId(2)];
    let grid = document(&harness).image().grid().clone();
    let usual = MeshOptions::of(&grid);
    open(&mut harness);
    save(&mut harness, &at("organs"));
    wait(&mut harness, "the file", |app| app.is_idle() && at("organs.glb").exists());
    assert!(harness.query_by_label_contains("Save meshes…").is_none(), "the window has closed");
    let all = expected(&harness, &both, &usual, (MeshFormat::Glb, MeshSpace::Ras));
    assert_eq!(std::fs::read(at("organs.glb")).expect("the file"), all);
    // The selected one, with other axes and no error.
    open(&mut harness);
    harness.get_by_label("Objects that become meshes").click();
    harness.run_steps(3);
    harness.get_by_label("The selected object").click();
    harness.run_steps(3);
    harness.get_by_label("Axes of meshes").click();
    harness.run_steps(3);
    harness.get_by_label("LPS: left, posterior, superior").click();
    harness.run_steps(3);
    harness.get_by_label("Smooth the steps between voxels").click();
    harness.run_steps(3);
    harness.state_mut().view_mut().prefs.meshes.error_mm = Some(0.25);
    save(&mut harness, &at("one.stl"));
    wait(&mut harness, "the file", |app| app.is_idle() && at("one.stl").exists());
    let options = MeshOptions { error: 0.25, smooth: false, decimate: true };
    let one = expected(&harness, &both[1..], &options, (MeshFormat::Stl, MeshSpace::Lps));
    assert_eq!(std::fs::read(at("one.stl")).expect("the file"), one);
    // Of several each gets a file of its own; those that are there are asked about.
    harness.state_mut().view_mut().prefs.meshes = voxpoint::ui::MeshChoice::default();
    for again in [false, true] {
        open(&mut harness);
        save(&mut harness, &at("each.stl"));
        if again {
            wait(&mut harness, "the question", |app| app.status().ask_files.is_some());
            harness.get_by_label("Replace files that are there already?");
            std::fs::remove_file(at("each_1_object_1.stl")).expect("the test's file");
            harness.get_by_label("Replace").click();
            harness.run_steps(3);
        }
        wait(&mut harness, "the files", |app| app.is_idle() && at("each_1_object_1.stl").exists());
        let all = ["each_1_object_1.stl", "each_2_object_2.stl", "one.stl", "organs.glb"];
        assert_eq!(names(&folder), all);
    }
    assert!(harness.state().status().exporting.is_none());
}

#[test]
fn nothing_to_export_and_the_scan_itself_are_refused() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = with_objects(temp.path());
    // An object without voxels is none that can be exported.
    harness.state_mut().carry_out(Command::NewObject);
    open(&mut harness);
    harness.state_mut().view_mut().prefs.meshes.objects = voxpoint::ui::MeshObjects::Selected;
    harness.run_steps(3);
    harness.get_by_label("None of these objects has voxels.");
    assert!(harness.get_by_label_contains("Save meshes…").accesskit_node().is_disabled());
    press(&mut harness, Key::Escape, NONE);
    assert!(!harness.state().view().windows.meshes);
    #[cfg(unix)]
    {
        let link = temp.path().join("scan.obj");
        std::os::unix::fs::symlink(temp.path().join("block.nii.gz"), &link).expect("a link");
        let before = std::fs::read(&link).expect("the scan");
        harness.state_mut().view_mut().prefs.meshes.objects = voxpoint::ui::MeshObjects::All;
        open(&mut harness);
        save(&mut harness, &link);
        wait(&mut harness, "the look", App::is_idle);
        harness.get_by_label("Replace").click();
        harness.run_steps(3);
        wait(&mut harness, "the refusal", |app| {
            app.messages().any(|text| text.contains("That is an image or a label map"))
        });
        assert_eq!(std::fs::read(&link).expect("the scan"), before);
    }
}
