//! Images in their order: by where they lie along their normal, never by their numbers.

use glam::DVec3;

use super::super::lps;
use super::instance::{Frame, Moment};
use crate::geom::Grid;
use crate::volume::{Warning, readable};

/// How much the steps from slice to slice may differ from one another: a share of the step.
const EVEN: f64 = 0.02;
/// Places that are nearer together are one: millimetres.
const SAME_PLACE_MM: f64 = 1e-3;
/// How far a slice may lie beside the line through the others: a share of a pixel.
const BESIDE: f64 = 0.5;
/// Slices that may be missing at one place.
const MOST_MISSING: f64 = 10_000.0;
/// A tilt that is worth a word: degrees.
const TILT: f64 = 0.05;

/// An image that is to be placed.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    /// LPS mm.
    pub position: DVec3,
    pub moment: Moment,
}

/// Images that are the slices of a volume.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stack {
    /// Which of the planes each slice is, time point after time point; none where one is missing.
    pub slices: Vec<Option<usize>>,
    pub time_points: usize,
    /// Millimetres in LPS from slice to slice.
    pub step: DVec3,
    /// Of the first slice: LPS mm.
    pub origin: DVec3,
    /// Where slices are made of those that there are: of which two each is.
    pub blends: Option<Vec<Blend>>,
    pub warnings: Vec<Warning>,
}

/// Why images are not the slices of a volume, in words that follow "these images make no volume".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoStack {
    /// They lie on one line, but not evenly.
    Uneven(String),
    /// They can't be made one.
    No(String),
}

/// A slice between two others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Blend {
    /// The one before it, which is not the last.
    pub before: usize,
    /// The share of the next.
    pub share: f64,
}

/// Puts images of one orientation in order. `normal`: the cross product of row and column direction, along which slices
/// are counted. `pixel`: the smaller spacing within an image. `thickness`: what a single slice stands for.
pub(super) fn stack(
    planes: &[Plane],
    normal: DVec3,
    pixel: f64,
    thickness: Option<f64>,
) -> Result<Stack, NoStack> {
    let (places, first, time_points) = in_places(planes, normal, pixel)?;
    let mut warnings = Vec::new();
    let places_of = slots(&first, normal, &mut warnings)?;
    let (origin, step) = line(&first, &places_of, normal, thickness, &mut warnings);
    beside(&first, &places_of, origin, step, pixel)?;
    tilted(step, normal, &mut warnings);
    let count = places_of.last().map_or(0, |last| last + 1);
    let slices = filled(planes, &places, &places_of, (count, time_points));
    Ok(Stack { slices, time_points, step, origin, blends: None, warnings })
}

/// As [`stack`], of slices that do not lie evenly: what is between is to be made of them, linearly, as far apart as most
/// of them are.
pub(super) fn stack_evenly(planes: &[Plane], normal: DVec3, pixel: f64) -> Result<Stack, NoStack> {
    let (places, first, time_points) = in_places(planes, normal, pixel)?;
    let along: Vec<f64> = first.iter().map(|place| place.dot(normal)).collect();
    let mut steps: Vec<f64> = along.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_by(f64::total_cmp);
    let Some(&unit) = steps.get(steps.len().saturating_sub(1) / 2) else {
        return Err(NoStack::No("there is only one of them".into()));
    };
    let (begin, end) = (along[0], along[along.len() - 1]);
    let count = ((end - begin) / unit).round() + 1.0;
    if count > MOST_EVEN * first.len() as f64 {
        return Err(NoStack::No("more of them are missing than there are".into()));
    }
    let count = (count as usize).max(2);
    let whole = first[first.len() - 1] - first[0];
    let at = |along: f64| first[0] + (along - begin) / (end - begin) * whole;
    let apart = first.iter().zip(&along).map(|(place, along)| at(*along).distance(*place));
    shifted(apart.fold(0.0, f64::max), BESIDE * pixel.min(unit))?;
    let step = whole / (count - 1) as f64;
    let mm = (end - begin) / (count - 1) as f64;
    let blend = |n: usize| {
        let here = begin + n as f64 * mm;
        let before = along.partition_point(|place| *place <= here).clamp(1, along.len() - 1) - 1;
        let share = (here - along[before]) / (along[before + 1] - along[before]);
        Blend { before, share: share.clamp(0.0, 1.0) }
    };
    let number = |mm: f64| readable(mm, 4);
    let mut warnings = vec![Warning(format!(
        "slices lie {} to {} mm apart; they were resampled to every {} mm, linearly, as asked",
        number(steps[0]),
        number(steps[steps.len() - 1]),
        number(mm)
    ))];
    tilted(step, normal, &mut warnings);
    let places_of: Vec<usize> = (0..places.len()).collect();
    let slices = filled(planes, &places, &places_of, (places.len(), time_points));
    let blends = Some((0..count).map(blend).collect());
    Ok(Stack { slices, time_points, step, origin: first[0], blends, warnings })
}

/// So many slices are made of each at most, on average.
const MOST_EVEN: f64 = 10.0;

/// Images by their places along the normal, where the first of each lies, and how many are at each.
type Places = (Vec<Vec<usize>>, Vec<DVec3>, usize);

fn in_places(planes: &[Plane], normal: DVec3, pixel: f64) -> Result<Places, NoStack> {
    let along = |n: &usize| planes[*n].position.dot(normal);
    let mut order: Vec<usize> = (0..planes.len()).collect();
    order.sort_by(|a, b| {
        along(a).total_cmp(&along(b)).then_with(|| planes[*a].moment.order(&planes[*b].moment))
    });
    let places = places(&order, along);
    let time_points = places.first().map_or(0, Vec::len);
    if let Some(odd) = places.iter().find(|place| place.len() != time_points) {
        let (some, others) = (odd.len(), time_points);
        return Err(NoStack::No(format!(
            "at one place there are {others} of them and at another {some}, and nothing says which belong together"
        )));
    }
    let aside = |n: &usize, first: usize| planes[*n].position.distance(planes[first].position);
    if places.iter().any(|place| place.iter().any(|n| aside(n, place[0]) > BESIDE * pixel)) {
        return Err(NoStack::No("some lie beside one another in one plane".into()));
    }
    let first = places.iter().map(|place| planes[place[0]].position).collect();
    Ok((places, first, time_points))
}

/// Which plane is where, of `count` slices for each time point.
fn filled(
    planes: &[Plane],
    places: &[Vec<usize>],
    places_of: &[usize],
    (count, time_points): (usize, usize),
) -> Vec<Option<usize>> {
    let mut slices = vec![None; count * time_points];
    for (place, slot) in places.iter().zip(places_of) {
        // Of one place in the order of their moments.
        let mut there = place.clone();
        there.sort_by(|a, b| planes[*a].moment.order(&planes[*b].moment));
        for (time_point, plane) in there.into_iter().enumerate() {
            slices[time_point * count + slot] = Some(plane);
        }
    }
    slices
}

/// Images of the same place together, in order.
fn places(order: &[usize], along: impl Fn(&usize) -> f64) -> Vec<Vec<usize>> {
    let mut places: Vec<Vec<usize>> = Vec::new();
    for &n in order {
        match places.last_mut() {
            Some(place) if along(&n) - along(&place[0]) < SAME_PLACE_MM => place.push(n),
            _ => places.push(vec![n]),
        }
    }
    places
}

/// Which slice of an even stack each place is, from 0.
fn slots(
    first: &[DVec3],
    normal: DVec3,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<usize>, NoStack> {
    let along: Vec<f64> = first.iter().map(|place| place.dot(normal)).collect();
    let steps: Vec<f64> = along.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    // What most steps are: of some that are gaps, the smaller.
    let Some(&unit) = sorted.get(sorted.len().saturating_sub(1) / 2) else {
        return Ok(vec![0; first.len()]);
    };
    let uneven = || {
        let number = |mm: f64| readable(mm, 4);
        NoStack::Uneven(format!(
            "they lie {} to {} mm apart, which is not even",
            number(sorted[0]),
            number(sorted[sorted.len() - 1])
        ))
    };
    let (mut slot, mut slots, mut missing) = (0, vec![0], Vec::new());
    for (n, step) in steps.iter().enumerate() {
        let times = (step / unit).round().max(1.0);
        if !times.is_finite() || times > MOST_MISSING {
            return Err(NoStack::No("more of them are missing than there are".into()));
        }
        if (step - times * unit).abs() > EVEN * unit * times.sqrt() {
            return Err(uneven());
        }
        if times > 1.0 {
            missing.push((n + 1, times as usize - 1));
        }
        slot += times as usize;
        slots.push(slot);
    }
    if missing.iter().map(|(_, n)| n).sum::<usize>() > first.len() {
        return Err(NoStack::No("more of them are missing than there are".into()));
    }
    if !missing.is_empty() {
        let named = |(after, n): &(usize, usize)| {
            if *n == 1 {
                format!("one after slice {after}")
            } else {
                format!("{n} after slice {after}")
            }
        };
        let named: Vec<String> = missing.iter().map(named).collect();
        warnings.push(Warning(format!(
            "slices are missing and shown empty: {}; what is measured there is wrong",
            named.join(", ")
        )));
    }
    Ok(slots)
}

/// The first slice and the step from each to the next.
fn line(
    first: &[DVec3],
    slots: &[usize],
    normal: DVec3,
    thickness: Option<f64>,
    warnings: &mut Vec<Warning>,
) -> (DVec3, DVec3) {
    match (first, slots.last()) {
        ([begin, .., end], Some(&last)) if last > 0 => (*begin, (*end - *begin) / last as f64),
        _ => {
            let mm = thickness.unwrap_or_else(|| {
                warnings.push(Warning(
                    "the file does not say how thick its only slice is; 1 mm is used".into(),
                ));
                1.0
            });
            (first.first().copied().unwrap_or_default(), mm * normal)
        }
    }
}

/// Slices that do not lie on the line: they were taken at different places, as after a movement of the table.
fn beside(
    first: &[DVec3],
    slots: &[usize],
    origin: DVec3,
    step: DVec3,
    pixel: f64,
) -> Result<(), NoStack> {
    let apart = |(place, slot): (&DVec3, &usize)| (origin + *slot as f64 * step).distance(*place);
    let most = first.iter().zip(slots).map(apart).fold(0.0, f64::max);
    shifted(most, BESIDE * pixel.min(step.length()))
}

fn shifted(most: f64, allowed: f64) -> Result<(), NoStack> {
    if most > allowed {
        return Err(NoStack::No(format!(
            "they are shifted against one another by up to {} mm",
            readable(most, 4)
        )));
    }
    Ok(())
}

fn tilted(step: DVec3, normal: DVec3, warnings: &mut Vec<Warning>) {
    let angle = step.angle_between(normal).to_degrees();
    if angle > TILT {
        warnings.push(Warning(format!(
            "the slices are tilted by {}° (as with a tilted gantry) and kept as they are",
            readable(angle, 3)
        )));
    }
}

/// The grid of a stack of images of `columns` × `rows` pixels.
pub(super) fn grid(
    stack: &Stack,
    [columns, rows]: [usize; 2],
    [x, y]: [DVec3; 2],
    [column_mm, row_mm]: [f64; 2],
) -> Option<Grid> {
    let affine = lps::affine([column_mm * x, row_mm * y, stack.step], stack.origin, lps::FLIP);
    let there = stack.slices.len() / stack.time_points.max(1);
    let count = stack.blends.as_ref().map_or(there, Vec::len);
    Grid::new([columns, rows, count], affine).ok()
}

/// What must be the same for images of one volume.
pub(super) fn belong_together(a: &Frame, b: &Frame) -> bool {
    let near = |a: Option<[f64; 2]>, b: Option<[f64; 2]>| match (a, b) {
        (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-3 * a),
        (a, b) => a == b,
    };
    let parallel = match (a.axes, b.axes) {
        (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| a.distance(b) < 2e-3),
        (a, b) => a.is_none() && b.is_none(),
    };
    parallel
        && near(a.spacing, b.spacing)
        && a.kind == b.kind
        && a.position.is_some() == b.position.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXIAL: DVec3 = DVec3::Z;

    fn plane(position: DVec3) -> Plane {
        Plane { position, moment: Moment::default() }
    }

    fn at(heights: &[f64]) -> Vec<Plane> {
        heights.iter().map(|z| plane(DVec3::new(-100.0, -80.0, *z))).collect()
    }

    /// Slices by number of the plane, from which step, or a part of the reason why not.
    type Expected<'a> = Result<(&'a [Option<usize>], DVec3), &'a str>;

    #[test]
    // A table.
    #[allow(clippy::too_many_lines)]
    fn slices_lie_where_their_positions_say() {
        let z = |mm| DVec3::new(0.0, 0.0, mm);
        let all = |n: &[usize]| n.iter().map(|n| Some(*n)).collect::<Vec<_>>();
        let tilted: Vec<Plane> = (0..4)
            .map(|k| plane(DVec3::new(0.0, 0.5 * f64::from(k), 2.0 * f64::from(k))))
            .collect();
        let mut moved = at(&[0.0, 1.0, 2.0, 3.0]);
        moved[2].position.x += 4.0;
        let mut tiles = at(&[0.0, 0.0]);
        tiles[1].position.x += 30.0;
        let (rising, falling) = (all(&[0, 1, 2]), all(&[2, 1, 0]));
        let mixed = all(&[1, 2, 0, 3]);
        let four = all(&[0, 1, 2, 3]);
        let gap = [Some(0), Some(1), None, None, Some(2)];
        let one = all(&[0]);
        let cases: Vec<(&str, Vec<Plane>, Expected)> = vec![
            ("rising", at(&[-5.0, -2.0, 1.0]), Ok((&rising, z(3.0)))),
            ("falling: counted along the normal", at(&[4.0, 2.0, 0.0]), Ok((&falling, z(2.0)))),
            ("in no order", at(&[3.0, 1.0, 2.0, 4.0]), Ok((&mixed, z(1.0)))),
            ("rounded to a thousandth", at(&[0.0, 0.7, 1.399, 2.1]), Ok((&four, z(0.7)))),
            ("two missing", at(&[0.0, 1.0, 4.0]), Ok((&gap, z(1.0)))),
            ("3 mm, then 5 mm", at(&[0.0, 3.0, 6.0, 11.0]), Err("3 to 5 mm apart")),
            ("one", at(&[7.0]), Ok((&one, z(2.5)))),
            ("gantry", tilted, Ok((&four, DVec3::new(0.0, 0.5, 2.0)))),
            ("the table moved", moved, Err("shifted against one another by up to 4 mm")),
            ("side by side", tiles, Err("beside one another")),
            ("two at one place", at(&[0.0, 1.0, 1.0, 2.0]), Err("nothing says which")),
            ("hardly any", at(&[0.0, 1.0, 100.0]), Err("missing than there are")),
        ];
        for (what, planes, expected) in cases {
            let found = stack(&planes, AXIAL, 0.8, Some(2.5));
            match (found, expected) {
                (Ok(found), Ok((slices, step))) => {
                    assert_eq!(found.slices, slices, "{what}");
                    assert!(found.step.distance(step) < 1e-3, "{what}: {:?}", found.step);
                    let lowest = planes.iter().map(|p| p.position.z).fold(f64::INFINITY, f64::min);
                    assert_eq!(found.origin.z, lowest, "{what}");
                    assert_eq!(found.time_points, 1, "{what}");
                }
                (Err(NoStack::Uneven(why) | NoStack::No(why)), Err(part)) => {
                    assert!(why.contains(part), "{what}: {why}");
                }
                (found, _) => panic!("{what}: {found:?}"),
            }
        }
    }

    #[test]
    fn uneven_slices_are_made_even_when_asked() {
        let uneven = at(&[0.0, 1.0, 2.0, 3.5, 5.0]);
        assert!(matches!(stack(&uneven, AXIAL, 0.8, None), Err(NoStack::Uneven(_))));
        let found = stack_evenly(&uneven, AXIAL, 0.8).unwrap();
        assert_eq!((found.slices.len(), found.step), (5, DVec3::Z));
        let blends = found.blends.unwrap();
        let expected = [(0, 0.0), (1, 0.0), (2, 0.0), (2, 2.0 / 3.0), (3, 1.0 / 3.0), (3, 1.0)];
        assert_eq!(blends.len(), expected.len());
        for (found, (before, share)) in blends.iter().zip(expected) {
            assert_eq!(found.before, before, "{found:?}");
            assert!((found.share - share).abs() < 1e-9, "{found:?}");
        }
        assert!(found.warnings[0].0.contains("1 to 1.5 mm apart; they were resampled to every 1"));
        // What is no line, or has too few slices, is refused all the same.
        let mut moved = at(&[0.0, 1.0, 2.0, 3.5]);
        moved[2].position.x += 4.0;
        assert!(matches!(stack_evenly(&moved, AXIAL, 0.8), Err(NoStack::No(_))));
        assert!(matches!(
            stack_evenly(&at(&[0.0, 1.0, 2.0, 900.0]), AXIAL, 0.8),
            Err(NoStack::No(_))
        ));
        assert!(matches!(stack_evenly(&at(&[0.0]), AXIAL, 0.8), Err(NoStack::No(_))));
    }

    #[test]
    fn images_of_one_place_are_time_points_in_the_order_of_their_moments() {
        let with = |z: f64, moment: Moment| Plane { position: DVec3::new(0.0, 0.0, z), moment };
        let b = |b_value| Moment { b_value: Some(b_value), ..Moment::default() };
        let echo = |echo_ms| Moment { echo_ms: Some(echo_ms), ..Moment::default() };
        let number = |n| Moment { instance: Some(n), ..Moment::default() };
        let time = |text: &str| Moment { time: Some(text.into()), ..Moment::default() };
        for (what, late, early) in [
            ("b values", b(1000.0), b(0.0)),
            ("none is the first", b(50.0), Moment::default()),
            ("echoes", echo(80.0), echo(12.0)),
            ("times", time("101500.25"), time("091500.5")),
            ("numbers, 10 after 9", number(10), number(9)),
        ] {
            let planes = [
                with(0.0, late.clone()),
                with(1.0, late.clone()),
                with(1.0, early.clone()),
                with(0.0, early.clone()),
            ];
            let found = stack(&planes, AXIAL, 1.0, None).unwrap();
            assert_eq!(found.time_points, 2, "{what}");
            assert_eq!(found.slices, [Some(3), Some(2), Some(0), Some(1)], "{what}");
        }
    }

    /// By hand: a sagittal scan, rows to the back, columns to the feet, slices to the left.
    #[test]
    fn the_grid_is_ras() {
        let planes: Vec<Plane> =
            (0..3).map(|k| plane(DVec3::new(-30.0 + 4.0 * f64::from(k), -90.0, 60.0))).collect();
        let axes = [DVec3::Y, DVec3::NEG_Z];
        let normal = axes[0].cross(axes[1]);
        assert_eq!(normal, DVec3::NEG_X);
        let found = stack(&planes, normal, 0.5, None).unwrap();
        let grid = grid(&found, [10, 20], axes, [0.5, 0.75]).unwrap();
        assert_eq!(grid.dims(), [10, 20, 3]);
        // The leftmost slice (x 22 in LPS) is the last along the normal's opposite: the first is at x -22.
        let first = grid.world_of([0, 0, 0]);
        assert!(first.distance(DVec3::new(22.0, 90.0, 60.0)) < 1e-9, "{first}");
        let last = grid.world_of([9, 19, 2]);
        assert!(last.distance(DVec3::new(30.0, 85.5, 45.75)) < 1e-9, "{last}");
    }
}
