//! Slices between others, linearly.

use super::stack::Blend;
use crate::volume::Voxels;

/// Slices of `area` voxels made of `count` for each time point.
pub(super) fn blended_slices(
    voxels: &Voxels,
    area: usize,
    count: usize,
    blends: &[Blend],
) -> Voxels {
    // Whole numbers are rounded.
    let whole = |value: f64| value.round();
    match voxels {
        Voxels::U8(v) => Voxels::U8(each(v, area, count, blends, |v| whole(v) as u8)),
        Voxels::I8(v) => Voxels::I8(each(v, area, count, blends, |v| whole(v) as i8)),
        Voxels::U16(v) => Voxels::U16(each(v, area, count, blends, |v| whole(v) as u16)),
        Voxels::I16(v) => Voxels::I16(each(v, area, count, blends, |v| whole(v) as i16)),
        Voxels::U32(v) => Voxels::U32(each(v, area, count, blends, |v| whole(v) as u32)),
        Voxels::I32(v) => Voxels::I32(each(v, area, count, blends, |v| whole(v) as i32)),
        Voxels::F32(v) => Voxels::F32(each(v, area, count, blends, |v| v as f32)),
        Voxels::F64(v) => Voxels::F64(each(v, area, count, blends, |v| v)),
        // DICOM has none of these.
        Voxels::U64(v) => Voxels::U64(each_whole(v, area, count, blends)),
        Voxels::I64(v) => Voxels::I64(each_whole(v, area, count, blends)),
    }
}

/// Between two values, at a share of the way from the first to the second; those themselves at the ends.
pub(super) fn between(a: f64, b: f64, share: f64) -> f64 {
    if share <= 0.0 {
        a
    } else if share >= 1.0 {
        b
    } else {
        a + share * (b - a)
    }
}

fn each<T: Copy + Into<f64>>(
    voxels: &[T],
    area: usize,
    count: usize,
    blends: &[Blend],
    made: impl Fn(f64) -> T,
) -> Vec<T> {
    let mut out = Vec::with_capacity(voxels.len() / count.max(1) * blends.len());
    for time_point in voxels.chunks_exact(area * count) {
        for blend in blends {
            let slice = |n: usize| &time_point[n * area..(n + 1) * area];
            let pairs = slice(blend.before).iter().zip(slice(blend.before + 1));
            out.extend(pairs.map(|(&a, &b)| {
                let (a, b): (f64, f64) = (a.into(), b.into());
                made(between(a, b, blend.share))
            }));
        }
    }
    out
}

/// The nearer one.
fn each_whole<T: Copy>(voxels: &[T], area: usize, count: usize, blends: &[Blend]) -> Vec<T> {
    let nearest = |blend: &Blend| blend.before + usize::from(blend.share >= 0.5);
    let time_points = voxels.chunks_exact(area * count);
    let of = |time_point: &[T]| -> Vec<T> {
        let slice = |n: usize| time_point[n * area..(n + 1) * area].to_vec();
        blends.iter().flat_map(|blend| slice(nearest(blend))).collect()
    };
    time_points.flat_map(of).collect()
}
