//! Many objects in the side panel: the list scrolls by itself, and what stands above and below it stays in sight.

use egui::{Event, Modifiers, MouseWheelSource, MouseWheelUnit, TouchPhase, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use voxpoint::document::{Command, LabelId, ObjectState};
use voxpoint::ui::text::{Language, speak};
use voxpoint::volume::{NamedRegion, Region};

use super::desktop::{Desktop, picture, shows, taken};

/// The two objects with clicks, and others up to `last`, a voxel each but the last, which has none.
fn many(last: u16) -> Desktop {
    let mut desktop = Desktop::open();
    let document = desktop.document.as_mut().expect("open");
    let count = document.image().grid().count();
    let object = |n: u16| {
        let at = 20_000 + usize::from(n);
        let region = Region::from_mask(60, (0..count).map(|i| i == at));
        let name = Some(format!("node {n}"));
        NamedRegion {
            value: n,
            name,
            colour: None,
            opacity: None,
            visible: true,
            region,
            on_top: None,
        }
    };
    document.apply(Command::Import((3..last).map(object).collect())).expect("imported");
    document.apply(Command::NewObject).expect("a new one");
    document.apply(Command::Rename(LabelId(last), format!("node {last}"))).expect("renamed");
    document.apply(Command::Select(LabelId(1))).expect("selected");
    desktop
}

fn in_sight(harness: &Harness<'_, Desktop>, label: &str) -> bool {
    let window = harness.ctx.content_rect();
    let mut found = harness.query_all_by_label_contains(label);
    found.any(|node| node.rect().bottom() < window.bottom() - 26.0 && node.rect().top() > 60.0)
}

/// Rows whose middle is seen: above what follows the list.
fn rows_in_sight(harness: &Harness<'_, Desktop>) -> Vec<u16> {
    let below = harness.get_by_label("Prompts").rect().top();
    let above = harness.get_by_label("Find objects").rect().bottom();
    let row = |n: u16| {
        let label = format!("node {n},");
        let row = harness.query_by_label_contains(&label).map(|row| row.rect());
        row.map(|row| row.center().y)
    };
    (3..=400).filter(|n| row(*n).is_some_and(|y| (above..below).contains(&y))).collect()
}

#[test]
fn search_and_prompts_stay_in_sight_beside_many_objects() {
    for last in [40, 400] {
        for size in [[1440.0, 900.0], [1024.0, 700.0]] {
            let mut desktop = many(last);
            *desktop.view.prefs.side_panels.open(size[0]) = [true; 2];
            let mut harness = desktop.window(size);
            harness.run_steps(6);
            picture(&mut harness, &format!("long-list-{last}-{}", size[0]));
            let what = format!("{last} {size:?}");
            for label in ["Find objects", "Prompts", "Prompt 1, positive", "Reset threshold"] {
                assert!(in_sight(&harness, label), "{what}: {label}");
            }
            let first = rows_in_sight(&harness);
            assert!(first.first() == Some(&3) && !first.contains(&last), "{what}: {first:?}");
            // Where the pointer is, the list scrolls, and nothing else.
            let search = harness.get_by_label("Find objects").rect();
            harness.hover_at(search.center() + vec2(0.0, 80.0));
            harness.step();
            let wheel = Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: vec2(0.0, -200.0),
                phase: TouchPhase::Move,
                modifiers: Modifiers::NONE,
                source: MouseWheelSource::Unknown,
            };
            harness.event(wheel);
            harness.run_steps(20);
            assert_eq!(harness.get_by_label("Find objects").rect(), search, "{what}");
            let scrolled = rows_in_sight(&harness);
            assert!(!scrolled.contains(&3) && scrolled.len() > 2, "{what}: {scrolled:?}");
            // What is selected elsewhere is gone to.
            let document = harness.state_mut().document.as_mut().expect("open");
            document.apply(Command::Select(LabelId(last - 1))).expect("selected");
            harness.run_steps(30);
            assert!(rows_in_sight(&harness).contains(&(last - 1)), "{what}");
            assert!(in_sight(&harness, "Prompts"), "{what}");
        }
    }
}

#[test]
fn an_object_without_a_click_or_a_voxel_is_not_started() {
    let mut harness = many(5).wide();
    harness.run_steps(3);
    harness.get_by_label("node 5, not started");
    assert!(!shows(&harness, "node 4, not started"));
    let document = harness.state_mut().document.as_mut().expect("open");
    document.apply(Command::SetState(LabelId(5), ObjectState::Flagged)).expect("flagged");
    harness.run_steps(2);
    harness.get_by_label("node 5, 0 mL, flagged");
    let document = harness.state_mut().document.as_mut().expect("open");
    document.apply(Command::SetState(LabelId(5), ObjectState::Open)).expect("open");
    harness.state_mut().view.prefs.language = Language::Chinese;
    speak(Language::Chinese);
    harness.run_steps(2);
    harness.get_by_label("node 5, 未开始");
    speak(Language::English);
    taken(&mut harness);
}
