//! Windows that are found from a scan's values: the first one, and that of a region.

use super::{Histogram, Stats, Volume, Window};
use crate::geom::DVec3;

/// Samples along an edge of a region at most.
const EDGE: usize = 512;

/// A flat rectangle in a scan, in continuous voxel coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// One corner.
    pub corner: DVec3,
    /// From there along one edge to the next corner.
    pub along: DVec3,
    /// From there along the other edge.
    pub down: DVec3,
}

/// The voxel that holds a continuous voxel coordinate, if one does.
fn nearest(at: DVec3, dims: [usize; 3]) -> Option<[usize; 3]> {
    let voxel = (at + 0.5).floor().to_array();
    let inside = voxel.iter().zip(dims).all(|(v, n)| *v >= 0.0 && *v < n as f64);
    inside.then(|| voxel.map(|v| v as usize))
}

impl Window {
    /// A first window. A CT gets that of what it shows ([`CtContent::window`](super::CtContent::window));
    /// everything else the 1st to 99.5th percentile of what is not background, and from 0 on if there is nothing
    /// below and that is close to it, as in PET.
    pub fn auto(stats: &Stats, histogram: &Histogram) -> Self {
        if stats.max.partial_cmp(&stats.min) != Some(std::cmp::Ordering::Greater) {
            return Self::new(if stats.min.is_finite() { stats.min } else { 0.0 }, 1.0);
        }
        if let Some(content) = stats.ct {
            return content.window();
        }
        let (low, high) = histogram.foreground_percentiles(0.01, 0.995);
        let low = if histogram.bulk().0 >= 0.0 && low < high * 0.25 { 0.0 } else { low };
        if high > low {
            Self::new(f64::midpoint(low, high), high - low)
        } else {
            Self::new(f64::midpoint(stats.min, stats.max), stats.max - stats.min)
        }
    }

    /// From the 2nd to the 98th percentile of the voxels that a rectangle in a slice (straight or oblique) covers at a
    /// time point, without padding unless there is nothing else. `None` if there is no finite value under it. At most
    /// 512 by 512 places are looked at.
    pub fn of_region(volume: &Volume, time_point: usize, region: &Rectangle) -> Option<Self> {
        let grid = volume.grid();
        let steps = |edge: DVec3| (edge.abs().max_element().ceil() as usize).clamp(1, EDGE);
        let (columns, rows) = (steps(region.along), steps(region.down));
        // In the middle of every piece, so that whole voxels' rectangles take each voxel once.
        let share = |n: usize, of: usize| (n as f64 + 0.5) / of as f64;
        let mut values = Vec::with_capacity(columns * rows);
        let mut padding = Vec::new();
        for row in 0..rows {
            for column in 0..columns {
                let at = region.corner
                    + region.along * share(column, columns)
                    + region.down * share(row, rows);
                let Some(voxel) = nearest(at, grid.dims()) else { continue };
                let is_padding = volume.is_padding_in(time_point, voxel);
                let into = if is_padding { &mut padding } else { &mut values };
                into.extend(Some(volume.value_in(time_point, voxel)).filter(|v| v.is_finite()));
            }
        }
        if values.is_empty() {
            values = padding;
        }
        let last = values.len().checked_sub(1)?;
        let mut percentile = |share: f64| {
            let at = (last as f64 * share).round() as usize;
            *values.select_nth_unstable_by(at, f64::total_cmp).1
        };
        let (low, high) = (percentile(0.02), percentile(0.98));
        // A region of one value gets a window that shows it as grey.
        let width = if high > low { high - low } else { 1.0 };
        Some(Self::new(f64::midpoint(low, high), width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, Grid};
    use crate::volume::{Scale, StoredGeometry, Voxels};

    /// Values are 100 z + 10 y + x, and 1000 more in the second time point; the scale doubles them.
    fn counted() -> Volume {
        let grid = Grid::new([10, 8, 6], DAffine3::IDENTITY).unwrap();
        let value =
            |n: usize| (n % 480 / 80 * 100 + n % 80 / 10 * 10 + n % 10 + n / 480 * 1000) as i16;
        let voxels = Voxels::I16((0..960).map(value).collect());
        let scale = Scale { slope: 2.0, inter: 0.0 };
        let stored = StoredGeometry::of(&grid);
        Volume::new("counted", grid, vec![10, 8, 6, 2], voxels, scale, stored, vec![])
    }

    fn rectangle(corner: [f64; 3], along: [f64; 3], down: [f64; 3]) -> Rectangle {
        let [corner, along, down] = [corner, along, down].map(DVec3::from_array);
        Rectangle { corner, along, down }
    }

    #[test]
    fn a_region_is_windowed_by_its_own_voxels() {
        let volume = counted();
        // Voxels 2 to 5 along x, 3 to 4 along y, slice 2: 232 to 235 and 242 to 245, doubled.
        let region = rectangle([1.5, 2.5, 2.0], [4.0, 0.0, 0.0], [0.0, 2.0, 0.0]);
        let window = Window::of_region(&volume, 0, &region).unwrap();
        assert_eq!((window.low(), window.high()), (464.0, 490.0));
        let second = Window::of_region(&volume, 1, &region).unwrap();
        assert_eq!((second.low(), second.high()), (2464.0, 2490.0));
        // Dragged the other way round it is the same.
        let back = rectangle([5.5, 4.5, 2.0], [-4.0, 0.0, 0.0], [0.0, -2.0, 0.0]);
        assert_eq!(Window::of_region(&volume, 0, &back), Some(window));
        // What sticks out of the scan does not count, and nothing at all is no window.
        let out = rectangle([1.5, 6.5, 2.0], [4.0, 0.0, 0.0], [0.0, 9.0, 0.0]);
        let out = Window::of_region(&volume, 0, &out).unwrap();
        assert_eq!((out.low(), out.high()), (544.0, 550.0));
        let nothing = rectangle([30.0; 3], [4.0, 0.0, 0.0], [0.0, 9.0, 0.0]);
        assert_eq!(Window::of_region(&volume, 0, &nothing), None);
        // A rectangle of no area is the voxel there.
        let point = rectangle([3.0, 3.0, 3.0], [0.0; 3], [0.0; 3]);
        assert_eq!(Window::of_region(&volume, 0, &point), Some(Window::new(666.0, 1.0)));
    }

    #[test]
    fn two_of_a_hundred_values_at_either_end_do_not_count() {
        let grid = Grid::new([20, 20, 1], DAffine3::IDENTITY).unwrap();
        let value = |n: usize| match n {
            0..4 => f32::NAN,
            4..8 => -9e6,
            8..12 => 9e6,
            n => (n % 2) as f32 * 50.0 + 100.0,
        };
        let voxels = Voxels::F32((0..400).map(value).collect());
        let stored = StoredGeometry::of(&grid);
        let volume = Volume::new("odd", grid, vec![20, 20], voxels, Scale::NONE, stored, vec![]);
        let all = rectangle([-0.5, -0.5, 0.0], [20.0, 0.0, 0.0], [0.0, 20.0, 0.0]);
        let window = Window::of_region(&volume, 0, &all).unwrap();
        assert_eq!((window.low(), window.high()), (100.0, 150.0));
    }

    #[test]
    fn pet_starts_at_zero_and_what_has_no_values_near_it_does_not() {
        let auto = |values: Vec<f32>| {
            let grid = Grid::new([values.len(), 1, 1], DAffine3::IDENTITY).unwrap();
            let stored = StoredGeometry::of(&grid);
            let dims = grid.dims().to_vec();
            let voxels = Voxels::F32(values);
            let volume = Volume::new("auto", grid, dims, voxels, Scale::NONE, stored, vec![]);
            let stats = volume.stats();
            Window::auto(&stats, &Histogram::of(&volume, &stats, 256))
        };
        // Much of nothing, a body of 0.3 to 2, and one hot spot.
        let mut pet = vec![0.0; 4000];
        pet.extend((0..2000).map(|n| 0.3 + n as f32 * 0.001));
        pet.push(30.0);
        let window = auto(pet);
        assert_eq!(window.low(), 0.0);
        assert!(window.high() > 1.0 && window.high() < 5.0, "{window:?}");
        let window = auto((0..1000).map(|n| 500.0 + n as f32).collect());
        assert!((window.low() - 510.0).abs() < 10.0, "{window:?}");
        let window = auto((0..1000).map(|n| n as f32 - 300.0).collect());
        assert!((window.low() + 290.0).abs() < 10.0, "below 0 is not PET: {window:?}");
    }

    #[test]
    fn a_window_of_tiny_values_keeps_its_width() {
        let window = Window::new(2e-9, 4e-9);
        assert_eq!(window.width, 4e-9);
        for (value, grey) in [(0.0, 0.0), (1e-9, 0.25), (3e-9, 0.75), (5e-9, 1.0)] {
            assert!((window.grey(value) - grey).abs() < 1e-12, "{value}");
        }
        for odd in [0.0, -3.0, f64::MIN_POSITIVE / 2.0] {
            let window = Window::new(5.0, odd);
            assert!(window.width > 0.0, "{odd}");
            assert!([4.0, 5.0, 6.0].iter().all(|&v| !window.grey(v).is_nan()), "{odd}");
        }
    }
}
