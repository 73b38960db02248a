//! Where the frames of a segmentation lie: in any order, some missing, several at one place.

use super::super::instance::Frame;
use crate::geom::Grid;
use crate::io::lps;

/// How much the steps between slices may differ: a share of the step.
const EVEN: f64 = 0.02;
/// Frames nearer together lie at one place: a share of the smaller spacing within a frame.
const SAME_PLACE: f64 = 1e-3;
/// How far a frame may lie beside the line through the others: a share of a pixel.
const BESIDE: f64 = 0.5;
/// More slices are not believed.
const MOST_SLICES: f64 = 100_000.0;

/// The grid of a segmentation.
#[derive(Debug)]
pub(super) struct Placed {
    pub grid: Grid,
    /// Which slice of it each frame is.
    pub slices: Vec<usize>,
}

/// Puts frames of `columns` × `rows` pixels in a grid. `step`: millimetres between slices as the file says.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn place(
    frames: &[Frame],
    [columns, rows]: [usize; 2],
    step: Option<f64>,
) -> Result<Placed, String> {
    let missing = |n: usize, what: &str| Err(format!("frame {} does not say {what}", n + 1));
    for (n, frame) in frames.iter().enumerate() {
        match frame {
            Frame { position: None, .. } => return missing(n, "where it lies"),
            Frame { axes: None, .. } => return missing(n, "how it is turned"),
            Frame { spacing: None, .. } => return missing(n, "how large its pixels are"),
            _ => {}
        }
    }
    let said = |frame: &Frame| frame.position.zip(frame.axes).zip(frame.spacing);
    let all: Vec<_> = frames.iter().filter_map(said).collect();
    let &[((first, axes), spacing), ..] = &*all else { return Err("it has no frames".into()) };
    for (n, ((_, other), mm)) in all.iter().enumerate() {
        let turned = axes.iter().zip(other).any(|(a, b)| a.distance(*b) > 2e-3);
        if turned || spacing.iter().zip(mm).any(|(a, b)| (a - b).abs() > 1e-3 * a) {
            let n = n + 1;
            return Err(format!("frame {n} is turned otherwise or of another size than the first"));
        }
    }
    let normal = axes[0].cross(axes[1]).normalize_or_zero();
    let along: Vec<f64> = all.iter().map(|((p, _), _)| (*p - first).dot(normal)).collect();
    let pixel = spacing[0].min(spacing[1]);
    let heights = heights(&along, SAME_PLACE * pixel);
    let thickness = frames[0].thickness;
    let unit = unit(&heights, step, thickness).ok_or_else(|| {
        "its frames lie at uneven distances, and it does not say how far its slices are apart"
            .to_owned()
    })?;
    let low = heights[0];
    let slot = |height: f64| ((height - low) / unit).round();
    let count = slot(heights[heights.len() - 1]) + 1.0;
    if count > MOST_SLICES {
        return Err(format!("its frames would be {count} slices"));
    }
    let slices: Vec<usize> = along.iter().map(|height| slot(*height) as usize).collect();
    let at = |slice: usize| slices.iter().position(|s| *s == slice).map(|n| all[n].0.0);
    let last = count as usize - 1;
    let origin = at(0).unwrap_or(first);
    let step = match at(last) {
        Some(end) if last > 0 => (end - origin) / last as f64,
        _ => unit * normal,
    };
    let off = |(slice, n): (&usize, usize)| (origin + *slice as f64 * step).distance(all[n].0.0);
    if slices.iter().zip(0..).map(off).fold(0.0, f64::max) > BESIDE * pixel.min(unit) {
        return Err("its frames lie beside one another".into());
    }
    let [x, y] = axes;
    let affine = lps::affine([spacing[0] * x, spacing[1] * y, step], origin, lps::FLIP);
    let grid = Grid::new([columns, rows, last + 1], affine).map_err(|e| e.to_string())?;
    Ok(Placed { grid, slices })
}

/// Different heights, rising.
fn heights(along: &[f64], same: f64) -> Vec<f64> {
    let mut sorted = along.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup_by(|b, a| *b - *a <= same);
    sorted
}

/// Millimetres from slice to slice: as the file says if the frames lie so, else their thickness if they lie further apart
/// by multiples of it (slices without labels are often left out), else the smallest step if all are multiples of it; of
/// one slice its thickness.
fn unit(heights: &[f64], said: Option<f64>, thickness: Option<f64>) -> Option<f64> {
    let fits = |unit: &f64| {
        heights.windows(2).all(|pair| {
            let times = (pair[1] - pair[0]) / unit;
            let whole = times.round();
            whole >= 1.0 && (times - whole).abs() <= EVEN * whole.sqrt()
        })
    };
    let said = said.filter(|mm| *mm > 0.0);
    if heights.len() == 1 {
        return said.or(thickness).or(Some(1.0));
    }
    let smallest = heights.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let thin = thickness.filter(|mm| *mm > 0.0 && *mm < 0.75 * smallest);
    said.into_iter().chain(thin).chain([smallest]).find(fits)
}

#[cfg(test)]
mod tests {
    use super::super::super::instance::Moment;
    use super::*;
    use crate::geom::DVec3;
    use crate::volume::Scale;

    fn frame(position: DVec3) -> Frame {
        Frame {
            number: 0,
            position: Some(position),
            axes: Some([DVec3::X, DVec3::Y]),
            on_detector: false,
            spacing: Some([0.5, 0.75]),
            thickness: Some(4.0),
            scale: Scale::NONE,
            kind: String::new(),
            moment: Moment::default(),
        }
    }

    /// Slices, and from the first to the next; or part of why not.
    type Expected<'a> = Result<(&'a [usize], DVec3), &'a str>;

    #[test]
    // A table.
    #[allow(clippy::too_many_lines)]
    fn frames_come_to_their_slices() {
        let at = |heights: &[f64]| -> Vec<Frame> {
            heights.iter().map(|z| frame(DVec3::new(3.0, 4.0, *z))).collect()
        };
        let sheared = [0.0, 2.0, 6.0].map(|z| frame(DVec3::new(0.2 * z, 0.0, z))).to_vec();
        let mut lost = at(&[0.0, 1.0]);
        lost[1].position = None;
        let mut turned = at(&[0.0, 1.0]);
        turned[1].axes = Some([DVec3::Y, DVec3::X]);
        let mut aside = at(&[0.0, 1.0, 2.0]);
        aside[1].position = Some(DVec3::new(9.0, 4.0, 1.0));
        let mut sizeless = at(&[0.0]);
        sizeless[0].spacing = None;
        let z = |mm| DVec3::new(0.0, 0.0, mm);
        let rows: Vec<(&str, Vec<Frame>, Option<f64>, Expected)> = vec![
            ("in order", at(&[0.0, 2.0, 4.0]), None, Ok((&[0, 1, 2], z(2.0)))),
            (
                "in none, two at one place",
                at(&[4.0, 0.0, 4.0]),
                Some(2.0),
                Ok((&[2, 0, 2], z(2.0))),
            ),
            ("some missing", at(&[6.0, 0.0, 2.0]), None, Ok((&[3, 0, 1], z(2.0)))),
            ("finer than their steps", at(&[0.0, 4.0]), Some(2.0), Ok((&[0, 2], z(2.0)))),
            ("another step said", at(&[0.0, 2.0, 4.0]), Some(3.0), Ok((&[0, 1, 2], z(2.0)))),
            ("one", at(&[7.0]), Some(2.5), Ok((&[0], z(2.5)))),
            ("one, its thickness", at(&[7.0]), None, Ok((&[0], z(4.0)))),
            ("sheared", sheared, None, Ok((&[0, 1, 3], DVec3::new(0.4, 0.0, 2.0)))),
            ("uneven", at(&[0.0, 2.0, 5.0]), None, Err("uneven distances")),
            ("no place", lost, None, Err("frame 2 does not say where")),
            ("no size", sizeless, None, Err("frame 1 does not say how large")),
            ("turned", turned, None, Err("frame 2 is turned")),
            ("beside", aside, None, Err("beside one another")),
        ];
        for (what, frames, step, expected) in rows {
            match (place(&frames, [5, 6], step), expected) {
                (Ok(found), Ok((slices, step))) => {
                    assert_eq!(found.slices, slices, "{what}");
                    let along = found.grid.world_from_voxel().matrix3.z_axis * lps::FLIP;
                    assert!(along.distance(step) < 1e-9, "{what}: {along}");
                }
                (Err(why), Err(part)) => assert!(why.contains(part), "{what}: {why}"),
                (found, _) => panic!("{what}: {found:?}"),
            }
        }
    }
}
