use std::time::Duration;

use egui::{Id, Pos2};

/// Seconds after which a pointer that stays where it is rests.
const REST: f64 = 0.15;
/// How far a resting pointer may stray, in points.
const STRAY: f32 = 4.0;

/// Where the pointer came to rest, and when.
#[derive(Clone, Copy, PartialEq)]
struct Rest {
    at: Pos2,
    slice: usize,
    since: f64,
}

/// Whether the pointer has stayed at `at` over a slice for a moment; asks for a frame for when it will have. `id` names
/// who wants to know.
pub fn rests(egui: &egui::Context, id: Id, at: Pos2, slice: usize) -> bool {
    let now = egui.input(|i| i.time);
    let here = Rest { at, slice, since: now };
    let rest = egui.data_mut(|d| {
        let rest = d.get_temp_mut_or_insert_with(id, || here);
        // A clock that was set back starts anew, too.
        if rest.at.distance(at) > STRAY || rest.slice != slice || rest.since > now {
            *rest = here;
        }
        *rest
    });
    let left = REST - (now - rest.since);
    if left > 0.0 {
        egui.request_repaint_after(Duration::from_secs_f64(left + 0.005));
    }
    left <= 0.0
}
