//! What of a volume is above a value.

use super::{DataType, Region, RegionBuilder, Volume};
use crate::with_voxels;

/// Nearer to a whole number than this, a value is one that was rounded.
const WHOLE: f64 = 1e-3;

impl Volume {
    /// The voxels of the time point that is looked at whose value is more than `threshold`. NaN is not.
    pub fn above(&self, threshold: f64) -> Region {
        let (row, scale) = (self.grid().dims()[0], self.scale());
        let mut builder = RegionBuilder::new(row);
        with_voxels!(self.voxels(), v => for (n, &raw) in v[self.time_point_range()].iter().enumerate() {
            if scale.apply(raw as f64) > threshold {
                builder.push(n, 1);
            }
        });
        builder.finish()
    }

    /// Whether some finite value of the time point that is looked at is not a whole number: a probability map's are
    /// between 0 and 1, a label map's are not.
    pub fn has_fractions(&self) -> bool {
        let scale = self.scale();
        let floats = matches!(self.voxels().data_type(), DataType::F32 | DataType::F64);
        if !floats && scale.slope.fract() == 0.0 && scale.inter.fract() == 0.0 {
            return false;
        }
        with_voxels!(self.voxels(), v => v[self.time_point_range()].iter().any(|&raw| {
            let value = scale.apply(raw as f64);
            value.is_finite() && (value - value.round()).abs() > WHOLE
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scale, StoredGeometry, Voxels};
    use super::*;
    use crate::geom::{DAffine3, Grid};

    fn volume(voxels: Voxels, scale: Scale) -> Volume {
        let grid = Grid::new([4, 1, 1], DAffine3::IDENTITY).unwrap();
        let stored = StoredGeometry::of(&grid);
        Volume::new("p", grid, vec![4, 1, 1], voxels, scale, stored, vec![])
    }

    #[test]
    fn probabilities_are_told_from_labels_and_cut() {
        let map = volume(Voxels::F32(vec![0.5, 0.500_1, f32::NAN, 1.0]), Scale::NONE);
        assert!(map.has_fractions());
        let found = map.above(0.5);
        assert_eq!(
            (0..4).map(|n| found.contains(n)).collect::<Vec<_>>(),
            [false, true, false, true]
        );
        let labels = volume(Voxels::F32(vec![0.0, 3.0, f32::NAN, 2.000_1]), Scale::NONE);
        assert!(!labels.has_fractions());
        let percent = Scale { slope: 0.01, inter: 0.0 };
        assert!(volume(Voxels::U8(vec![0, 50, 100, 3]), percent).has_fractions());
        assert!(!volume(Voxels::U8(vec![0, 50, 100, 3]), Scale::NONE).has_fractions());
    }
}
