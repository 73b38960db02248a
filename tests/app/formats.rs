//! A format that does not ship, in the real window: opened, saved and kept from harm like any.

#[path = "../io/tiny.rs"]
mod tiny;

use std::sync::Arc;

use egui::vec2;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use tiny::{Fault, MAGIC, with_tiny, write_tiny};
use voxpoint::app::App;

use crate::support::{drop_file, save_as, voxels, wait};

fn window(fault: Fault) -> Harness<'static, App> {
    let mut setup = egui_kittest::wgpu::default_wgpu_setup();
    if let eframe::egui_wgpu::WgpuSetup::CreateNew(new) = &mut setup {
        new.device_descriptor = Arc::new(voxpoint::render::device_descriptor);
    }
    Harness::builder().with_size(vec2(1280.0, 800.0)).wgpu_setup(setup).build_eframe(move |cc| {
        let app = App::new(cc, Vec::new(), None).expect("threads");
        app.with_formats(with_tiny(fault)).type_paths()
    })
}

#[test]
fn a_format_from_outside_is_opened_and_saved_like_any() {
    let folder = tempfile::tempdir().expect("temp folder");
    let at = |name: &str| folder.path().join(name);
    let dims = [20, 6, 5];
    let count: usize = dims.iter().product();
    let scan: Vec<u16> = (0..count).map(|n| (n * 7919 % 997) as u16).collect();
    let mask: Vec<u16> = (0..count).map(|n| u16::from(n % 20 < 9) * 3).collect();
    write_tiny(&at("scan.tiny"), dims, &scan);
    write_tiny(&at("mask.tiny"), dims, &mask);
    for (fault, saved) in [(Fault::None, true), (Fault::MirrorsLeftAndRight, false)] {
        let mut harness = window(fault);
        harness.step();
        assert!(harness.state().status().formats.ends_with(".mgz, .mgh, .dcm, .tiny"));
        drop_file(&mut harness, at("scan.tiny"));
        wait(&mut harness, "the scan", |app| app.document().is_some() && app.is_idle());
        drop_file(&mut harness, at("mask.tiny"));
        wait(&mut harness, "the label map", |app| app.is_idle() && voxels(app).len() == 1);
        assert_eq!(voxels(harness.state()), [9 * 30]);
        let to = at(if saved { "new.tiny" } else { "kept.tiny" });
        std::fs::write(at("kept.tiny"), "old").expect("temp folder");
        save_as(&mut harness, &to);
        if !saved {
            // It is there already: it is asked about.
            harness.get_by_label("Replace").click();
            harness.run_steps(2);
        }
        let word = if saved { "Saved and verified" } else { "differs from what was meant" };
        wait(&mut harness, "the message", |app| app.messages().any(|m| m.contains(word)));
        let written = std::fs::read(&to).expect("there");
        assert_eq!(written.starts_with(MAGIC), saved, "{fault:?}");
        assert_eq!(std::fs::read(at("kept.tiny")).expect("there"), b"old");
        // The name without an ending gets that of the usual format.
        save_as(&mut harness, &at("plain"));
        wait(&mut harness, "the second save", App::is_idle);
        assert!(at("plain.nii.gz").is_file());
        for name in ["plain.nii.gz", "plain.labels.txt"] {
            std::fs::remove_file(at(name)).expect("there");
        }
    }
}
