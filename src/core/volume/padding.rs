//! Numbers of a scan that were never measured: what fills the corners around the circle of a CT.

use std::sync::Arc;

use crate::geom::AxisMap;

/// Which stored numbers are padding: voxels as others are, but they say nothing of the scan's values. Of slices that are
/// stored by a scale of their own (PET) each may have other numbers. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Padding {
    /// Of all slices together.
    ranges: Ranges,
    /// If slices differ.
    slices: Option<Arc<Slices>>,
}

/// Ranges with their ends, apart from one another and from the lowest on.
#[derive(Clone, Debug, Default, PartialEq)]
struct Ranges(Arc<[[f64; 2]]>);

#[derive(Debug, PartialEq)]
struct Slices {
    /// Across which axis of the grid they lie.
    axis: usize,
    /// Of each slice, time point after time point.
    ranges: Vec<Ranges>,
}

impl Ranges {
    fn new(ranges: impl IntoIterator<Item = [f64; 2]>) -> Self {
        let in_order = |[a, b]: [f64; 2]| [a.min(b), a.max(b)];
        let mut all: Vec<[f64; 2]> = ranges
            .into_iter()
            .filter(|ends| ends.iter().all(|n| n.is_finite()))
            .map(in_order)
            .collect();
        all.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let mut apart: Vec<[f64; 2]> = Vec::new();
        for range in all {
            match apart.last_mut() {
                Some(last) if range[0] <= last[1] => last[1] = last[1].max(range[1]),
                _ => apart.push(range),
            }
        }
        Self(apart.into())
    }

    fn hold(&self, stored: f64) -> bool {
        // The last range that begins at or below it.
        let after = self.0.partition_point(|range| range[0] <= stored);
        after > 0 && stored <= self.0[after - 1][1]
    }
}

impl Padding {
    /// Of ranges of stored numbers, ends included, in any order. One with an end that is not finite is left out.
    pub fn new(ranges: impl IntoIterator<Item = [f64; 2]>) -> Self {
        Self { ranges: Ranges::new(ranges), slices: None }
    }

    /// Of the ranges of each slice across an axis of the grid (0 to 2), time point after time point.
    pub fn of_slices<R>(axis: usize, slices: impl IntoIterator<Item = R>) -> Self
    where
        R: IntoIterator<Item = [f64; 2]>,
    {
        let ranges = slices.into_iter().map(Ranges::new).collect();
        Self::of(Slices { axis, ranges })
    }

    fn of(slices: Slices) -> Self {
        let all = slices.ranges.iter().flat_map(|ranges| ranges.0.iter().copied());
        let ranges = Ranges::new(all);
        let differ = slices.ranges.iter().any(|of_one| *of_one != ranges);
        Self { ranges, slices: differ.then(|| Arc::new(slices)) }
    }

    /// Whether nothing is padding, as in most scans.
    pub fn is_empty(&self) -> bool {
        self.ranges.0.is_empty()
    }

    /// The ranges of all slices together, ends included, apart from one another and from the lowest on.
    pub fn ranges(&self) -> &[[f64; 2]] {
        &self.ranges.0
    }

    /// If slices differ: across which axis of the grid they lie, and the ranges of each, time point after time point.
    pub fn slices(&self) -> Option<(usize, Vec<Vec<[f64; 2]>>)> {
        let slices = self.slices.as_ref()?;
        Some((slices.axis, slices.ranges.iter().map(|ranges| ranges.0.to_vec()).collect()))
    }

    /// Whether a stored number is padding at a memory position (x fastest, time points one after another) of voxels on
    /// a grid of `dims`.
    pub fn holds(&self, dims: [usize; 3], index: usize, stored: f64) -> bool {
        let Some(slices) = &self.slices else { return self.ranges.hold(stored) };
        let [x, y, z] = dims;
        let slice = match slices.axis {
            0 => index % x + index / (x * y * z) * x,
            1 => index / x % y + index / (x * y * z) * y,
            _ => index / (x * y),
        };
        slices.ranges.get(slice).is_some_and(|ranges| ranges.hold(stored))
    }

    /// That of the voxels in another order: `dims` are those of this one.
    #[must_use]
    pub fn reordered(&self, order: AxisMap, dims: [usize; 3]) -> Self {
        let Some(slices) = &self.slices else { return self.clone() };
        let (axis, flipped) = order.axis(slices.axis);
        let mut ranges = slices.ranges.clone();
        if flipped {
            ranges.chunks_mut(dims[slices.axis]).for_each(<[Ranges]>::reverse);
        }
        Self::of(Slices { axis, ranges })
    }

    /// That of a part of the voxels: `along` are the indices that are taken along an axis, `dims` those of the whole.
    #[must_use]
    pub fn part(&self, dims: [usize; 3], along: impl Fn(usize) -> Vec<usize>) -> Self {
        let Some(slices) = &self.slices else { return self.clone() };
        let taken = along(slices.axis);
        let of_time_point = |all: &[Ranges]| -> Vec<Ranges> {
            taken.iter().map(|&n| all.get(n).cloned().unwrap_or_default()).collect()
        };
        let ranges = slices.ranges.chunks(dims[slices.axis]).flat_map(of_time_point).collect();
        Self::of(Slices { axis: slices.axis, ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DMat3, DVec3, Grid};

    #[test]
    fn ranges_hold_their_ends_and_nothing_beside() {
        let padding =
            Padding::new([[7.0, 7.0], [f64::NAN, 1.0], [-1500.0, -2000.0], [-1600.0, -1400.0]]);
        assert_eq!(padding.ranges(), [[-2000.0, -1400.0], [7.0, 7.0]]);
        for (stored, is_padding) in [
            (-2000.5, false),
            (-2000.0, true),
            (-1400.0, true),
            (-1399.0, false),
            (6.0, false),
            (7.0, true),
            (8.0, false),
            (f64::NAN, false),
        ] {
            assert_eq!(padding.holds([1; 3], 0, stored), is_padding, "{stored}");
        }
        let none = Padding::default();
        assert!(none.is_empty() && !none.holds([1; 3], 0, 0.0));
    }

    /// Slice `n` of time point `t` across an axis has the number `10 t + n`.
    fn numbered(axis: usize, dims: [usize; 3], times: usize) -> Padding {
        let each = (0..times).flat_map(|t| (0..dims[axis]).map(move |n| (10 * t + n) as f64));
        Padding::of_slices(axis, each.map(|number| [[number; 2]]))
    }

    /// The number at each voxel that is padding there.
    fn at_each(padding: &Padding, dims: [usize; 3], times: usize) -> Vec<Vec<usize>> {
        let count = dims.iter().product::<usize>() * times;
        let here = |index| (0..40).filter(|&n| padding.holds(dims, index, n as f64)).collect();
        (0..count).map(here).collect()
    }

    #[test]
    fn slices_across_any_axis_have_their_own() {
        let dims = [2, 3, 4];
        for axis in 0..3 {
            let padding = numbered(axis, dims, 2);
            for (index, found) in at_each(&padding, dims, 2).into_iter().enumerate() {
                let (t, at) = (index / 24, index % 24);
                let voxel = [at % 2, at / 2 % 3, at / 6];
                assert_eq!(found, [10 * t + voxel[axis]], "{axis}, {index}");
            }
            let part = padding.part(dims, |axis| (0..dims[axis]).skip(1).collect());
            let less = dims.map(|n| n - 1);
            for (index, found) in at_each(&part, less, 2).into_iter().enumerate() {
                let (t, at) = (index / 6, index % 6);
                let voxel = [at, at / less[0] % less[1], at / (less[0] * less[1])];
                let voxel = [voxel[0] % less[0], voxel[1], voxel[2]];
                assert_eq!(found, [10 * t + voxel[axis] + 1], "{axis}, {index}");
            }
        }
        let same = Padding::of_slices(2, [[[1.0, 2.0]], [[1.0, 2.0]]]);
        assert_eq!((same.slices(), same), (None, Padding::new([[1.0, 2.0]])));
        let none: [Vec<[f64; 2]>; 2] = [vec![], vec![]];
        assert_eq!(Padding::of_slices(2, none), Padding::default());
    }

    /// As the voxels go, in every order and direction of the axes.
    #[test]
    fn reordered_voxels_keep_theirs() {
        let dims = [2, 3, 4];
        let from = Grid::new(dims, DAffine3::IDENTITY).unwrap();
        for to in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            for signs in 0..8_u8 {
                // Columns of the target's affine: its axis `to[a]` runs along x, y or z, forwards or backwards.
                let (mut matrix, mut size, mut first) = (DMat3::ZERO, [0; 3], DVec3::ZERO);
                for (axis, along) in to.into_iter().enumerate() {
                    let backwards = signs >> axis & 1 == 1;
                    size[along] = dims[axis];
                    matrix.col_mut(along)[axis] = if backwards { -1.0 } else { 1.0 };
                    first[axis] = if backwards { (dims[axis] - 1) as f64 } else { 0.0 };
                }
                let affine = DAffine3 { matrix3: matrix, translation: first };
                let target = Grid::new(size, affine).unwrap();
                let order = AxisMap::between(&from, &target, 1e-9).unwrap();
                for axis in 0..3 {
                    let padding = numbered(axis, dims, 2);
                    let before = at_each(&padding, dims, 2);
                    let moved: Vec<_> =
                        before.chunks(24).flat_map(|t| reordered(order, t, dims)).collect();
                    let found = at_each(&padding.reordered(order, dims), size, 2);
                    assert_eq!(found, moved, "{to:?}, {signs}, {axis}");
                }
            }
        }
    }

    fn reordered(order: AxisMap, values: &[Vec<usize>], dims: [usize; 3]) -> Vec<Vec<usize>> {
        let places: Vec<usize> = (0..values.len()).collect();
        order.reordered(&places, dims).into_iter().map(|n| values[n].clone()).collect()
    }
}
