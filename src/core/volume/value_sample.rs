//! Some of a volume's values in order, evenly spread: what percentiles are taken from.

use std::ops::Range;

use super::Volume;
use crate::with_voxels;

/// Voxels that are looked at.
const MOST: usize = 1 << 18;

/// From how many voxels one is looked at, so that of `count` no more than `most` are.
///
/// An odd step does not keep hitting the same columns of a power-of-two grid.
pub(super) fn every(count: usize, most: usize) -> usize {
    count.div_ceil(most).max(1) | 1
}

/// At most a quarter of a million finite values of voxels at these memory positions, evenly spread, in ascending
/// order. `measured`: without padding.
pub(super) fn sorted_sample(volume: &Volume, range: Range<usize>, measured: bool) -> Vec<f64> {
    let (scale, step) = (volume.scale(), every(range.len(), MOST));
    let mut values: Vec<f64> = Vec::with_capacity(range.len() / step + 1);
    with_voxels!(volume.voxels(), v => {
        let raws = range.step_by(step).map(|n| (n, v[n] as f64));
        if measured {
            let raws = raws.filter(|&(n, raw)| !volume.is_padding(n, raw));
            values.extend(raws.map(|(_, raw)| scale.apply(raw)));
        } else {
            values.extend(raws.map(|(_, raw)| scale.apply(raw)));
        }
    });
    values.retain(|v| v.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    values
}
