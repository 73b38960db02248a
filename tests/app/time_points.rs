//! Scans with several time points in the real window: what is seen is what is segmented.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::support::{click, opened_with, sample, sample_click, view_name, voxels, wait};
use egui::PointerButton;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::geom::Plane;

/// The sample scan, and after it the same moved by so many voxels along x.
fn moving_scan(folder: &Path, by: usize) -> PathBuf {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(sample()).expect("the sample");
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).expect("the sample");
    let dim = |n: usize| u16::from_le_bytes([bytes[40 + 2 * n], bytes[41 + 2 * n]]);
    let row = usize::from(dim(1)) * 2;
    assert_eq!((dim(0), bytes[70]), (3, 4), "three dimensions of int16");
    let offset = f32::from_le_bytes(bytes[108..112].try_into().expect("four")) as usize;
    let second: Vec<u8> = bytes[offset..]
        .chunks_exact(row)
        .flat_map(|line| [&line[row - by * 2..], &line[..row - by * 2]].concat())
        .collect();
    bytes[40..42].copy_from_slice(&4u16.to_le_bytes());
    bytes[48..50].copy_from_slice(&2u16.to_le_bytes());
    let path = folder.join("moving.nii");
    let mut out = std::fs::File::create(&path).expect("temp folder");
    out.write_all(&bytes).and_then(|()| out.write_all(&second)).expect("temp folder");
    path
}

#[test]
fn a_click_is_computed_at_the_time_point_that_is_seen() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = opened_with(moving_scan(temp.path(), 6), None);
    let target = sample_click();
    click(&mut harness, Plane::Axial, target, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let here = harness.state().document().expect("open").objects()[0].region.clone();
    assert!(here.count() > 100);

    // At the other time point everything lies six voxels further along x.
    harness.state_mut().show_time_point(1);
    harness.run_steps(3);
    let document = harness.state().document().expect("open");
    assert_eq!(document.image().time_point(), 1);
    let step = document.image().grid().world_from_voxel().matrix3.col(0) * 6.0;
    click(&mut harness, Plane::Axial, target + step * 1.5, PointerButton::Secondary);
    assert!(
        harness.state().messages().any(|m| m.contains("made at time point 1")),
        "another time point's object takes no clicks here"
    );
    assert_eq!(harness.state().document().expect("open").objects()[0].log.prompts.len(), 1);
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::Delete);
    harness.run_steps(2);
    assert!(voxels(harness.state()).is_empty());
    click(&mut harness, Plane::Axial, target + step, PointerButton::Primary);
    wait(&mut harness, "the mask", App::is_idle);
    let document = harness.state().document().expect("open");
    let object = &document.objects()[0];
    assert_eq!(object.log.time_point, 1);
    let moved = object.region.runs().iter().map(|r| (r.start - 6, r.len));
    let same = here.runs().iter().map(|r| (r.start, r.len));
    // Not to the voxel: the crop's corners lie elsewhere in the rows that wrapped around.
    let set = |runs: &mut dyn Iterator<Item = (usize, u32)>| {
        runs.flat_map(|(start, len)| start..start + len as usize)
            .collect::<std::collections::BTreeSet<usize>>()
    };
    let (moved, same) = (set(&mut moved.into_iter()), set(&mut same.into_iter()));
    let dice = 2.0 * moved.intersection(&same).count() as f64 / (moved.len() + same.len()) as f64;
    assert!(dice > 0.9, "the same structure, where it is at this time point: Dice {dice:.3}");
}

#[test]
fn the_picture_and_the_value_are_those_of_the_time_point() {
    let temp = tempfile::tempdir().expect("temp folder");
    let mut harness = opened_with(moving_scan(temp.path(), 40), None);
    let at = sample_click();
    harness.state_mut().look_at(at);
    wait(&mut harness, "the picture", App::is_idle);
    harness.run_steps(20);
    let rect = harness.get_by_label(&view_name(Plane::Axial)).rect();
    let middle = |harness: &mut egui_kittest::Harness<'_, App>| {
        let picture = harness.render().expect("a picture");
        let crop = |n: f32| n as u32;
        image::imageops::crop_imm(
            &picture,
            crop(rect.left()) + 40,
            crop(rect.top()) + 60,
            crop(rect.width()) - 80,
            crop(rect.height()) - 120,
        )
        .to_image()
    };
    let value = |app: &App| {
        let image = app.document().expect("open").image();
        image.value(image.grid().voxel_at(at).expect("inside"))
    };
    let first = (middle(&mut harness), value(harness.state()));
    harness.state_mut().show_time_point(1);
    harness.run_steps(20);
    let second = (middle(&mut harness), value(harness.state()));
    assert!(first.0 != second.0, "another picture");
    assert!((first.1 - second.1).abs() > 1e-9, "another value");
    let grid = harness.state().document().expect("open").image().grid().clone();
    let voxel = grid.voxel_at(at - grid.world_from_voxel().matrix3.col(0) * 40.0);
    if let Some(voxel) = voxel {
        let image = harness.state().document().expect("open").image_at(0);
        assert!((image.value(voxel) - second.1).abs() < 1e-9, "what was moved");
    }
    harness.state_mut().show_time_point(0);
    harness.run_steps(20);
    assert!(first.0 == middle(&mut harness), "and back");
}
