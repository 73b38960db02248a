//! A small picture of a series: its middle slice.

use super::super::contents::GreyPicture;
use super::instance::{Instance, Photometric};
use super::pixels::{Place, Target, Wanted, read};
use crate::volume::Voxels;
use crate::work::{CancelToken, Progress};

/// Files of many images are read as a whole for one of them, up to this size.
const MOST_BYTES: u64 = 256 << 20;
/// Shares of the pixels that may be black and white.
const BLACK: f64 = 0.02;
const WHITE: f64 = 0.98;

/// The image in the middle of `places` along their normal, no side longer than `side`; `None` if it can't be had.
pub(super) fn picture(
    places: &[Place],
    instances: &[Instance],
    side: usize,
    cancel: &CancelToken,
) -> Option<GreyPicture> {
    let place = middle(places, instances)?;
    let instance = &instances[place.instance];
    if instance.length > MOST_BYTES {
        return None;
    }
    let shape = &instance.shape;
    let wanted = Wanted { target: Target::of(shape, true), scaled: false, within: None };
    // Alone: nothing is kept of the others.
    let alone = std::slice::from_ref(instance);
    let place = Place { instance: 0, frame: place.frame };
    let voxels = read(alone, &[Some(place)], wanted, cancel, &Progress::new()).ok()?;
    // Square pixels; each of the picture is one of the image.
    let spacing = instance.frames[place.frame].spacing.unwrap_or([1.0; 2]);
    let mm = [shape.columns as f64 * spacing[0], shape.rows as f64 * spacing[1]];
    let longest = mm[0].max(mm[1]);
    let size = mm.map(|mm| ((side as f64 * mm / longest).round() as usize).clamp(1, side));
    let from = |n: usize, of: usize, count: usize| ((2 * n + 1) * count / (2 * of)).min(count - 1);
    let sampled = (0..size[1]).flat_map(|y| {
        let row = from(y, size[1], shape.rows) * shape.columns;
        (0..size[0]).map(move |x| row + from(x, size[0], shape.columns))
    });
    let values: Vec<f64> = sampled.map(|at| raw(&voxels, at)).collect();
    let inverted = shape.photometric == (Photometric::Monochrome { inverted: true });
    // What was never measured is as dark as the darkest that was.
    let is_padding =
        |value: f64| instance.padding.is_some_and(|[low, high]| (low..=high).contains(&value));
    let measured = values.iter().copied().filter(|value| !is_padding(*value));
    let values = match measured.reduce(if inverted { f64::max } else { f64::min }) {
        Some(darkest) => values.iter().map(|v| if is_padding(*v) { darkest } else { *v }).collect(),
        None => values,
    };
    let mut pixels = grey(&values);
    if inverted {
        for grey in &mut pixels {
            *grey = 255 - *grey;
        }
    }
    Some(GreyPicture { size, pixels })
}

fn raw(voxels: &Voxels, at: usize) -> f64 {
    let value = voxels.raw(at);
    if value.is_finite() { value } else { 0.0 }
}

/// Values as greys, the few darkest black and the few brightest white.
fn grey(values: &[f64]) -> Vec<u8> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let (low, high) = (at(BLACK), at(WHITE));
    let width = (high - low).max(f64::MIN_POSITIVE);
    values.iter().map(|v| ((v - low) / width * 255.0).round().clamp(0.0, 255.0) as u8).collect()
}

/// The image that lies in the middle.
fn middle(places: &[Place], instances: &[Instance]) -> Option<Place> {
    let frame = |place: &Place| &instances[place.instance].frames[place.frame];
    let axes = frame(places.first()?).axes;
    let normal = axes.map(|[x, y]| x.cross(y)).unwrap_or_default();
    let along = |place: &Place| frame(place).position.map_or(0.0, |at| at.dot(normal));
    let mut order: Vec<&Place> = places.iter().collect();
    order.sort_by(|a, b| along(a).total_cmp(&along(b)));
    order.get(order.len() / 2).copied().copied()
}
