//! The Flood fill tool in the real window, on a bright block of 20 × 16 × 10 voxels.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use voxpoint::app::App;
use voxpoint::document::Command;
use voxpoint::geom::{DVec3, Plane};
use voxpoint::ui::tools;

use crate::brush::{NONE, button, document, grid, press, stroke, undo};
use crate::drawing::{PRIMARY, SECONDARY, Turned, with_tool};
use crate::support::{place, view_name, voxels, wait};

fn with_flood(folder: &std::path::Path) -> (Harness<'static, App>, DVec3) {
    with_tool(folder, (NONE, Key::T), tools::FLOOD)
}

/// A click, or a drag from the first place, and all that comes of it.
fn fill(harness: &mut Harness<'_, App>, path: &[Pos2], with: PointerButton, modifiers: Modifiers) {
    stroke(harness, path, with, modifiers);
    wait(harness, "the fill", |app| app.view().transient.flood.is_none_or(|flood| flood.hovers));
}

/// Off the crosshair, whose handles are not for tools.
fn beside(harness: &Harness<'_, App>, plane: Plane, middle: DVec3) -> Pos2 {
    place(harness, plane, middle + DVec3::new(3.0, 3.0, 3.0))
}

#[test]
fn a_click_fills_the_block_in_the_slice_or_in_the_volume_as_one_step() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_flood(temp.path());
    for (reach, expected) in
        [("This slice", [20 * 16, 20 * 10, 16 * 10]), ("Whole volume", [20 * 16 * 10; 3])]
    {
        harness.get_by_label(reach).click();
        harness.run_steps(2);
        for (plane, expected) in
            [Plane::Axial, Plane::Coronal, Plane::Sagittal].into_iter().zip(expected)
        {
            let at = beside(&harness, plane, middle);
            fill(&mut harness, &[at], PRIMARY, NONE);
            let what = format!("{reach} {}", plane.name());
            assert_eq!(voxels(harness.state()), [expected], "{what}");
            let (image, labels) = (document(&harness).image(), document(&harness).labels());
            for region in labels.regions().values() {
                for n in region.runs().iter().flat_map(|run| run.start..run.end()) {
                    assert_eq!(image.value([n % 40, n / 40 % 32, n / 1280]), 500.0, "{what}");
                }
            }
            let steps = document(&harness).history_steps();
            assert_eq!((steps.1, steps.0[0].name), (1, "Flood fill"), "{what}");
            undo(&mut harness);
            assert!(voxels(harness.state()).is_empty(), "{what}: one step, with the object");
        }
    }
}

#[test]
fn dragging_widens_the_tolerance_and_shows_what_letting_go_does() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_flood(temp.path());
    let at = beside(&harness, Plane::Axial, middle);
    harness.hover_at(at);
    harness.step();
    harness.event(button(at, PRIMARY, true, NONE));
    let shown_at = |harness: &mut Harness<'_, App>, points: f32| {
        harness.event(Event::PointerMoved(at + vec2(points, 0.0)));
        harness.run_steps(2);
        wait(harness, "the preview", |app| app.status().flood == voxpoint::ui::FloodStatus::Known);
        let flood = harness.state().view().transient.flood.expect("a flood");
        (flood.tolerance, harness.state().preview_voxels())
    };
    let (narrow, shown) = shown_at(&mut harness, 20.0);
    assert!(narrow > 0.0 && narrow < 500.0 && shown == Some(20 * 16), "{narrow} {shown:?}");
    // Even the background differs by less.
    let (wide, shown) = shown_at(&mut harness, 300.0);
    assert!(wide >= 500.0 && shown == Some(40 * 32), "{wide} {shown:?}");
    let (tolerance, shown) = shown_at(&mut harness, 40.0);
    assert!(tolerance > narrow && tolerance < 500.0 && shown == Some(20 * 16));
    assert!(voxels(harness.state()).is_empty(), "nothing is done yet");
    harness.event(button(at + vec2(40.0, 0.0), PRIMARY, false, NONE));
    harness.run_steps(2);
    wait(&mut harness, "the fill", |app| app.view().transient.flood.is_none());
    assert_eq!(voxels(harness.state()), [20 * 16]);
    assert_eq!(harness.state().view().scan.flood_tolerance, Some(tolerance), "for the next click");
    undo(&mut harness);
    // Given up, nothing is done and the tolerance stays.
    harness.hover_at(at);
    harness.step();
    harness.event(button(at, PRIMARY, true, NONE));
    harness.event(Event::PointerMoved(at + vec2(300.0, 0.0)));
    harness.run_steps(2);
    press(&mut harness, Key::Escape, NONE);
    harness.event(button(at + vec2(300.0, 0.0), PRIMARY, false, NONE));
    harness.run_steps(3);
    assert!(voxels(harness.state()).is_empty() && harness.state().preview_voxels().is_none());
    assert!(harness.state().view().transient.flood.is_none());
    assert_eq!(harness.state().view().scan.flood_tolerance, Some(tolerance));
}

#[test]
fn the_right_button_and_alt_take_away_and_what_is_locked_stays() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_flood(temp.path());
    let at = beside(&harness, Plane::Axial, middle);
    fill(&mut harness, &[at], SECONDARY, NONE);
    assert!(harness.state().messages().any(|m| m.contains("No object is selected")));
    harness.get_by_label("Whole volume").click();
    harness.run_steps(2);
    fill(&mut harness, &[at], PRIMARY, NONE);
    assert_eq!(voxels(harness.state()), [3200]);
    harness.get_by_label("This slice").click();
    harness.run_steps(2);
    for (with, modifiers) in [(SECONDARY, NONE), (PRIMARY, Modifiers::ALT)] {
        fill(&mut harness, &[at], with, modifiers);
        assert_eq!(voxels(harness.state()), [3200 - 320], "{with:?} {modifiers:?}");
        undo(&mut harness);
    }
    // All of it is there already.
    fill(&mut harness, &[at], PRIMARY, NONE);
    assert!(harness.state().messages().any(|m| m.contains("Nothing would change")));
    let first = document(&harness).objects()[0].id;
    harness.state_mut().carry_out(Command::SetLocked(first, true));
    harness.run_steps(2);
    fill(&mut harness, &[at], SECONDARY, NONE);
    assert!(harness.state().messages().any(|m| m.contains("locked")));
    assert_eq!(voxels(harness.state()), [3200]);
    // Beside the scan.
    press(&mut harness, Key::N, NONE);
    assert_eq!(harness.state().view().prefs.tool, tools::FLOOD, "who fills goes on filling");
    let rect = harness.get_by_label(&view_name(Plane::Axial)).rect();
    fill(&mut harness, &[rect.min + vec2(6.0, 60.0)], PRIMARY, NONE);
    assert!(harness.state().messages().any(|m| m.contains("outside of the scan")));
    assert_eq!(voxels(harness.state()), [3200, 0]);
}

#[test]
fn in_an_oblique_slice_the_voxels_that_it_shows_are_filled() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, _) = with_flood(temp.path());
    let turned = Turned::new(&mut harness);
    let (middle, normal) = (turned.middle, turned.normal);
    // The crosshair is in the middle of the picture, near enough: beside it, within the block.
    fill(&mut harness, &[turned.rect.center() + vec2(23.0, 21.0)], PRIMARY, NONE);
    let grid = grid(&harness);
    let half = turned.half_voxel(&grid);
    let labels = document(&harness).labels();
    let mut filled = 0;
    for n in 0..40 * 32 * 20 {
        let voxel = [n % 40, n / 40 % 32, n / 1280];
        let away = normal.dot(grid.world_of(voxel) - middle).abs();
        let bright = document(&harness).image().value(voxel) == 500.0;
        let label = labels.get(voxel);
        assert!(!bright || away > half - 1e-6 || label == 1, "{voxel:?} is {away} mm away");
        assert!(bright && away < half + 1e-6 || label == 0, "{voxel:?} is {away} mm away");
        filled += usize::from(label == 1);
    }
    assert!(filled > 300, "{filled}");
}

#[test]
fn what_a_level_encloses_is_shown_where_the_pointer_is_and_filled_by_a_click() {
    let temp = tempfile::tempdir().expect("temp folder");
    let (mut harness, middle) = with_flood(temp.path());
    harness.get_by_label("Level, bright").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Whole volume").is_none(), "a level is one of a slice");
    for (plane, expected) in
        [(Plane::Axial, 20 * 16), (Plane::Coronal, 20 * 10), (Plane::Sagittal, 16 * 10)]
    {
        let at = beside(&harness, plane, middle);
        harness.hover_at(at);
        harness.run_steps(3);
        wait(&mut harness, "the preview", |app| app.preview_voxels() == Some(expected));
        assert!(voxels(harness.state()).is_empty() && harness.state().is_idle());
        fill(&mut harness, &[at], PRIMARY, NONE);
        assert_eq!(voxels(harness.state()), [expected], "{}", plane.name());
        undo(&mut harness);
    }
    // The background encloses the block, if it may be darker.
    harness.get_by_label("Level, dark").click();
    harness.run_steps(2);
    let outside = place(&harness, Plane::Axial, middle + DVec3::new(13.0, 3.0, 0.0));
    harness.hover_at(outside);
    harness.run_steps(3);
    wait(&mut harness, "the preview", |app| app.preview_voxels() == Some(40 * 32));
    // Not any more where the pointer has left, and with the right button taken away.
    harness.hover_at(Pos2::new(640.0, 12.0));
    harness.run_steps(3);
    assert_eq!(harness.state().preview_voxels(), None);
    fill(&mut harness, &[outside], PRIMARY, NONE);
    harness.get_by_label("Level, bright").click();
    harness.run_steps(2);
    let at = beside(&harness, Plane::Axial, middle);
    fill(&mut harness, &[at], SECONDARY, NONE);
    assert_eq!(voxels(harness.state()), [40 * 32 - 20 * 16]);
    assert_eq!(document(&harness).history_steps().1, 2);
    // In a turned plane the voxels that it shows.
    undo(&mut harness);
    undo(&mut harness);
    let turned = Turned::new(&mut harness);
    harness.hover_at(turned.rect.center() + vec2(23.0, 21.0));
    harness.run_steps(3);
    wait(&mut harness, "the preview", |app| app.preview_voxels().is_some());
    let shown = harness.state().preview_voxels();
    fill(&mut harness, &[turned.rect.center() + vec2(23.0, 21.0)], PRIMARY, NONE);
    assert_eq!(Some(voxels(harness.state())[0]), shown);
    assert!(shown > Some(20 * 16), "{shown:?}");
}
