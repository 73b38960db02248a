//! One mask from the answers to all clicks in a cube. To every click the model answers with a whole new mask, in which
//! it may change its mind about anything anywhere. What the user has seen is held against that.

use std::borrow::Cow;

use super::answer::{Logits, Patch, SURE};
use super::postprocess::interpolated;
use super::preprocess::{CropPlace, SPACING};
use crate::geom::DVec3;
use crate::prompt::{CORRECTED_MM, MaskRule, Prompt};

/// By how much of its cells a mask may grow for a click inside of it, which found nothing to be wrong: so that it
/// grows by less than half on any grid.
const GROWTH: f64 = 0.4;
/// Millimetres around such a click in which the mask may grow first.
const NEAR: f32 = 15.0;
/// By how much for each millimetre nearer than that, in logits.
const PULL: f32 = 0.4;
/// Millimetres around a negative click in which later answers may take away what others have said, and in as many more
/// less and less.
const REACH: f32 = 30.0;

/// The logits that a cube's mask is made from; `None` if there is no sound answer in it.
///
/// With [`MaskRule::Authors`] those of its last step, and so for a single click. Otherwise the steps are gone through
/// in order, and what comes out of each is held against the next:
///
/// - A positive click takes nothing away: no logit falls, but around earlier negative clicks, where the border is in
///   question ([`near_negative`]).
/// - A positive click inside of the mask (logit above 0) has found nothing to be wrong, so the mask may grow by less
///   than half: near the click and where it was nearest to being mask first.
/// - A negative click is taken as it is answered.
/// - Where a mask was started from, a click changes it near by only, and in what it asks for ([`correct`]).
///
/// None of this depends on the threshold, so a higher one always gives a smaller mask.
pub(super) fn logits(patch: &Patch, rule: MaskRule) -> Option<Cow<'_, Logits>> {
    let last = patch.steps.last()?.logits.as_ref();
    if !is_sound(last) {
        return None;
    }
    let alike = |logits: &Logits| is_sound(logits) && logits.side == last.side;
    let (first, rest) = patch.steps.split_first()?;
    if rule == MaskRule::Authors || rest.is_empty() || !patch.steps.iter().all(|s| alike(&s.logits))
    {
        return Some(Cow::Borrowed(last));
    }
    let mut held = first.logits.as_ref().clone();
    held.values.truncate(held.side.pow(3));
    let mut negative = Vec::new();
    for step in rest {
        let click = in_cube(&patch.place, &step.prompt);
        let answered = &step.logits.values[..held.values.len()];
        if patch.start.is_some() {
            correct(&mut held, answered, click, step.prompt.positive, patch.place.side);
            continue;
        }
        if step.prompt.positive {
            let free = near_negative(&negative, held.side, patch.place.side);
            confirm(&mut held, answered, click, &free, patch.place.side);
        } else {
            negative.push(click);
            held.values.copy_from_slice(answered);
        }
    }
    Some(Cow::Owned(held))
}

fn is_sound(logits: &Logits) -> bool {
    logits.side > 0 && logits.values.len() >= logits.side.pow(3)
}

/// A click in crop voxels, moved into the cube if need be.
pub(super) fn in_cube(place: &CropPlace, prompt: &Prompt) -> DVec3 {
    let last = DVec3::splat(place.side as f64 - 1.0);
    let at = place.world_from_crop.inverse().transform_point3(prompt.world);
    at.clamp(DVec3::ZERO, last)
}

/// For each cell of a cube of logits how far it is free to leave the mask, by the negative clicks (crop voxels): 1 up
/// to
/// [`REACH`] from one of them, and from there falling to 0 in as many millimetres. Empty if there is none.
pub(super) fn near_negative(clicks: &[DVec3], cells: usize, side: usize) -> Vec<f32> {
    let mut nearest = clicks.iter().map(|&click| squares(cells, click, side));
    let Some(mut squares) = nearest.next() else { return Vec::new() };
    for other in nearest {
        squares.iter_mut().zip(other).for_each(|(a, b)| *a = a.min(b));
    }
    squares.iter().map(|s| (2.0 - s.sqrt() / REACH).clamp(0.0, 1.0)).collect()
}

/// Takes the answer to a positive click into what is held; `side` is that of the cube in voxels.
fn confirm(held: &mut Logits, answered: &[f32], click: DVec3, free: &[f32], side: usize) {
    let inside = interpolated(held, side, click).is_some_and(|logit| logit > 0.0);
    let limits = if inside { limits(held, answered, click, side) } else { None };
    for (n, (held, &new)) in held.values.iter_mut().zip(answered).enumerate() {
        if new < *held {
            *held += free.get(n).map_or(0.0, |free| free * (new - *held));
        } else if new > *held {
            let limit = limits.as_ref().and_then(|l| l.get(n)).copied().unwrap_or(f32::INFINITY);
            *held = held.max(new.min(limit));
        }
    }
}

/// The highest logits for which a mask does not grow by more than [`GROWTH`]; `None` if it does not do so anyway.
fn limits(held: &Logits, answered: &[f32], click: DVec3, side: usize) -> Option<Vec<f32>> {
    let pairs = || held.values.iter().zip(answered);
    let mask = pairs().filter(|(held, _)| **held > 0.0).count();
    let room = (mask as f64 * GROWTH) as usize;
    let joins = |held: f32, new: f32| held <= 0.0 && new > 0.0;
    if pairs().filter(|&(&held, &new)| joins(held, new)).count() <= room {
        return None;
    }
    let pull = |square: f32| PULL * (NEAR - square.sqrt()).max(0.0);
    let squares = squares(held.side, click, side);
    let mut limits: Vec<f32> =
        held.values.iter().zip(squares).map(|(held, s)| held + pull(s)).collect();
    let mut candidates: Vec<f32> = pairs()
        .zip(&limits)
        .filter(|&((&held, &new), _)| joins(held, new))
        .map(|(_, &limit)| limit)
        .collect();
    // The first that finds no room: it and all below end up at 0 or less.
    let (_, &mut most, _) = candidates.select_nth_unstable_by(room, |a, b| b.total_cmp(a));
    for limit in &mut limits {
        *limit -= most;
    }
    Some(limits)
}

/// The squared distance of each cell of a cube of logits to a place (crop voxels), in mm².
fn squares(cells: usize, place: DVec3, side: usize) -> Vec<f32> {
    let scale = side as f64 / cells as f64;
    let along: [Vec<f32>; 3] = std::array::from_fn(|a| {
        let apart = |i: usize| ((i as f64 + 0.5) * scale - 0.5 - place[a]) * SPACING;
        (0..cells).map(|i| apart(i).powi(2) as f32).collect()
    });
    let [x, y, z] = &along;
    let mut squares = Vec::with_capacity(cells.pow(3));
    for x in x {
        for y in y {
            squares.extend(z.iter().map(|z| x + y + z));
        }
    }
    squares
}

/// How far from a click, in cells, what it corrects may begin.
const AWAY: f64 = 2.0;

/// Takes of an answer what the click asks for: the part that is missing (positive) or too much (negative) by the answer
/// and that the click lies in, or at, within [`CORRECTED_MM`] of it; or else the cell that the click lies in. Cells are of one part if they touch, be it by a
/// corner. `side` is that of the cube in voxels.
fn correct(held: &mut Logits, answered: &[f32], click: DVec3, positive: bool, side: usize) {
    let n = held.side;
    let scale = side as f64 / n as f64;
    let reach = CORRECTED_MM / SPACING / scale;
    let cell = |at: usize| [at / n / n, at / n % n, at % n];
    let away = |at: usize| {
        let middle = DVec3::from_array(cell(at).map(|c| (c as f64 + 0.5) * scale - 0.5));
        (middle - click).length() / scale
    };
    let differs = |at: usize| {
        let (held, new) = (held.values[at] > 0.0, answered[at] > 0.0);
        held != positive && new == positive && away(at) <= reach
    };
    let all = held.values.len();
    let seed = (0..all).filter(|&at| differs(at)).map(|at| (away(at), at));
    let seed = seed.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(far, _)| *far <= AWAY);
    let Some((_, seed)) = seed else {
        // The model does not follow: what was pointed at changes all the same.
        let nearest = (0..all).min_by(|&a, &b| away(a).total_cmp(&away(b)));
        if let Some(at) = nearest.filter(|&at| (held.values[at] > 0.0) != positive) {
            held.values[at] = if positive { SURE } else { -SURE };
        }
        return;
    };
    // 0: not looked at; 1: beside the part; 2: of it.
    let mut part = vec![0u8; all];
    part[seed] = 2;
    let mut open = vec![seed];
    while let Some(at) = open.pop() {
        let [x, y, z] = cell(at);
        let near = |c: usize| c.saturating_sub(1)..(c + 2).min(n);
        for x in near(x) {
            for y in near(y) {
                for z in near(z) {
                    let to = (x * n + y) * n + z;
                    if part[to] == 0 {
                        part[to] = if differs(to) { 2 } else { 1 };
                        if part[to] == 2 {
                            open.push(to);
                        }
                    }
                }
            }
        }
    }
    // Those beside it keep their side; they come nearer to the border so that it is not a cell's face.
    for ((held, &new), part) in held.values.iter_mut().zip(answered).zip(part) {
        let towards = if positive { new > *held } else { new < *held };
        let stays = (new > 0.0) == (*held > 0.0);
        if towards && (part == 2 || (part == 1 && stays)) {
            *held = new;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: usize = 16;

    /// Every logit another, rising along the first axis.
    fn ramp(from: f32) -> Logits {
        Logits { side: LOW, values: (0..LOW.pow(3)).map(|n| n as f32 / 256.0 - from).collect() }
    }

    fn count(logits: &Logits) -> usize {
        logits.values.iter().filter(|v| **v > 0.0).count()
    }

    #[test]
    fn a_mask_grows_by_two_fifths_at_most_for_a_click_inside() {
        // 1023 of the 4096 logits are above 12.
        let (mut held, all) = (ramp(12.0), vec![9.0; LOW.pow(3)]);
        let before = held.clone();
        assert_eq!(count(&held), 1023);
        confirm(&mut held, &all, DVec3::new(120.0, 64.0, 64.0), &[], 128);
        assert_eq!(count(&held), 1023 + 409);
        assert!(held.values.iter().zip(&before.values).all(|(new, old)| new >= old));
        // Without a pull those come first that were nearest to being mask.
        assert!(held.values[LOW.pow(3) - 1023 - 409..].iter().all(|&v| v > 0.0));
        // Outside of the mask the click says that it was too small.
        let mut held = before.clone();
        confirm(&mut held, &all, DVec3::new(20.0, 64.0, 64.0), &[], 128);
        assert_eq!(count(&held), LOW.pow(3));
    }

    #[test]
    fn the_mask_grows_near_the_click_first() {
        let (mut held, far) = (ramp(8.0), DVec3::new(70.0, 4.0, 4.0));
        let before = held.clone();
        confirm(&mut held, &ramp(0.0).values, far, &[], 128);
        let cell = |x: usize, y: usize, z: usize| (x * LOW + y) * LOW + z;
        // Two cells below the border: beside the click, and far from it.
        assert!(before.values[cell(7, 0, 0)] < 0.0 && held.values[cell(7, 0, 0)] > 0.0);
        assert!(held.values[cell(3, 15, 15)] < 0.0);
        assert!(count(&held) <= count(&before) * 7 / 5);
    }

    #[test]
    fn a_logit_falls_for_a_positive_click_only_around_negative_ones() {
        let click = DVec3::new(63.5, 63.5, 63.5);
        let free = near_negative(&[click], LOW, 128);
        let mut held = ramp(-1.0);
        let before = held.clone();
        confirm(&mut held, &vec![-9.0; LOW.pow(3)], DVec3::ZERO, &free, 128);
        let cell = |x: usize, y: usize, z: usize| (x * LOW + y) * LOW + z;
        // Middles of cells are 12 mm apart: 6 × √3 mm from the click, 66 mm, and in between 42 mm along an axis.
        assert_eq!(held.values[cell(7, 7, 7)], -9.0);
        assert_eq!(held.values[cell(7, 7, 13)], before.values[cell(7, 7, 13)]);
        let share = 2.0 - (42f32.powi(2) + 2.0 * 6f32.powi(2)).sqrt() / 30.0;
        let old = before.values[cell(7, 7, 11)];
        assert!((held.values[cell(7, 7, 11)] - (old + share * (-9.0 - old))).abs() < 1e-4);
        assert!(near_negative(&[], LOW, 128).is_empty());
    }

    /// A row of cells along x through the middle of a cube of 16; `+` in the mask.
    fn row(text: &str) -> Logits {
        let mut values = vec![-2.0; LOW.pow(3)];
        for (x, sign) in text.bytes().enumerate() {
            values[(x * LOW + 8) * LOW + 8] = if sign == b'+' { 2.0 } else { -2.0 };
        }
        Logits { side: LOW, values }
    }

    #[test]
    fn a_click_corrects_what_it_points_at_and_nothing_else() {
        // Cells are of 12 mm: those within 15 mm of a click are its own and the next ones.
        for (held, answered, at, positive, expected) in [
            // What is missing at the click, and not what is missing elsewhere.
            ("-----++++-------", "++++-++++++-++--", 9, true, "-----++++++-----"),
            // A positive click takes nothing away, a negative one adds nothing.
            ("-----++++-------", "---------+------", 9, true, "-----+++++------"),
            ("-----++++-------", "+++++++--+++++++", 8, false, "-----++---------"),
            // Far from the click it stays, though it is of the same part.
            ("-----++++-------", "-----+++++++++++", 10, true, "-----+++++++----"),
            ("--++++++++++----", "----------------", 6, false, "--+++---++++----"),
            // The click lies beside what is wrong: within two cells.
            ("-----++++-------", "-----+++++------", 10, true, "-----+++++------"),
            // The model does not follow: the cell that was pointed at changes, unless it is right.
            ("-----++++-------", "-----++++-------", 12, true, "-----++++---+---"),
            ("-----++++-------", "-----++++-------", 6, false, "-----+-++-------"),
            ("-----++++-------", "-----++++-------", 6, true, "-----++++-------"),
            ("-----++++-------", "-----++++-----++", 11, true, "-----++++--+----"),
        ] {
            let (mut found, answered) = (row(held), row(answered));
            let click = DVec3::new(f64::from(at) * 8.0 + 3.5, 8.0 * 8.0 + 3.5, 8.0 * 8.0 + 3.5);
            correct(&mut found, &answered.values, click, positive, 128);
            let text: String = (0..LOW)
                .map(|x| if found.values[(x * LOW + 8) * LOW + 8] > 0.0 { '+' } else { '-' })
                .collect();
            assert_eq!(text, expected, "{held} at {at}");
        }
    }
}
