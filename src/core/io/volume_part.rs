//! A part of a scan: a box of its voxels, or every so manyth of them, for scans that are too large for the memory.

use crate::geom::{DAffine3, DMat3, DVec3, Grid};
use crate::volume::Provenance;

/// Which voxels of a scan are read. Those that are not are left out; none are averaged, so that values stay values and
/// labels stay labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumePart {
    /// The first voxel and the one behind the last along x, y, z of the file, from 0; `None`: all.
    pub crop: [Option<[usize; 2]>; 3],
    /// Of these, every so manyth along x, y, z; at least 1.
    pub every: [usize; 3],
}

impl Default for VolumePart {
    fn default() -> Self {
        Self { crop: [None; 3], every: [1; 3] }
    }
}

impl VolumePart {
    /// Whether nothing is left out.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// `0:100,:,20:`, as NumPy counts: from the first to before the last, along x, y, z.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse_crop(text: &str) -> Result<[Option<[usize; 2]>; 3], String> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let parts: [&str; 3] = parts.try_into().map_err(|_| {
            "three ranges are wanted, for x, y, z: 0:100,:,20:80 (: is all)".to_owned()
        })?;
        let mut crop = [None; 3];
        for (range, part) in crop.iter_mut().zip(parts) {
            let (from, to) = part.split_once(':').ok_or_else(|| format!("{part} is no range"))?;
            let number = |text: &str, empty: usize| match text.trim() {
                "" => Ok(empty),
                text => text.parse().map_err(|_| format!("{text} is no number of a voxel")),
            };
            let (from, to) = (number(from, 0)?, number(to, usize::MAX)?);
            if to <= from {
                return Err(format!("{part} has no voxels"));
            }
            *range = Some([from, to]).filter(|_| (from, to) != (0, usize::MAX));
        }
        Ok(crop)
    }

    /// `2`, or `2,2,1`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse_every(text: &str) -> Result<[usize; 3], String> {
        let wanted = || "a number from 1 is wanted, or three, for x, y, z: 2 or 2,2,1".to_owned();
        let numbers: Result<Vec<usize>, _> = text.split(',').map(|n| n.trim().parse()).collect();
        let numbers = numbers.map_err(|_| wanted())?;
        match numbers[..] {
            [n] if n > 0 => Ok([n; 3]),
            [x, y, z] if x.min(y).min(z) > 0 => Ok([x, y, z]),
            _ => Err(wanted()),
        }
    }

    fn crop_text(&self) -> String {
        let range = |range: &Option<[usize; 2]>| match range {
            None => ":".to_owned(),
            Some([from, usize::MAX]) => format!("{from}:"),
            Some([from, to]) => format!("{from}:{to}"),
        };
        self.crop.iter().map(range).collect::<Vec<_>>().join(",")
    }

    fn every_text(&self) -> String {
        self.every.map(|n| n.to_string()).join(",")
    }

    /// By which it is known again ([`Provenance::identifiers`]).
    pub(super) fn identifiers(&self) -> Vec<(String, String)> {
        let mut said = Vec::new();
        if self.crop != [None; 3] {
            said.push((CROP.to_owned(), self.crop_text()));
        }
        if self.every != [1; 3] {
            said.push((EVERY.to_owned(), self.every_text()));
        }
        said
    }

    /// The part that a scan is, by its identifiers.
    pub(super) fn of(said: &Provenance) -> Self {
        let value = |wanted: &str| {
            said.identifiers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
        };
        let crop = value(CROP).and_then(|text| Self::parse_crop(text).ok());
        let every = value(EVERY).and_then(|text| Self::parse_every(text).ok());
        Self { crop: crop.unwrap_or_default(), every: every.unwrap_or([1; 3]) }
    }

    /// Which voxels these are of a scan of `dims`.
    ///
    /// # Errors
    /// If there are none.
    pub(super) fn bounds(&self, dims: [usize; 3]) -> Result<Bounds, String> {
        let (mut from, mut sizes) = ([0; 3], [0; 3]);
        for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
            let [first, end] = self.crop[axis].unwrap_or([0, usize::MAX]);
            let end = end.min(dims[axis]);
            if first >= end {
                let last = dims[axis] - 1;
                return Err(format!("along {name} it has voxels 0 to {last}, not from {first} on"));
            }
            from[axis] = first;
            sizes[axis] = (end - first).div_ceil(self.every[axis].max(1));
        }
        Ok(Bounds { from, dims: sizes, every: self.every.map(|n| n.max(1)), whole: dims })
    }
}

/// Names of the identifiers.
const CROP: &str = "Crop";
const EVERY: &str = "Every";

/// Voxels of a part, in a scan of certain dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub from: [usize; 3],
    /// How many are taken along x, y, z.
    pub dims: [usize; 3],
    pub every: [usize; 3],
    /// Dimensions of the scan.
    pub whole: [usize; 3],
}

impl Bounds {
    /// The indices that are taken along an axis.
    pub fn along(&self, axis: usize) -> impl Iterator<Item = usize> + use<> {
        let (from, every) = (self.from[axis], self.every[axis]);
        (0..self.dims[axis]).map(move |n| from + n * every)
    }

    /// Whether a slice is taken.
    pub fn has_slice(&self, z: usize) -> bool {
        let Some(at) = z.checked_sub(self.from[2]) else { return false };
        at.is_multiple_of(self.every[2]) && at / self.every[2] < self.dims[2]
    }

    /// What is left to be taken where only the slices of the part are there.
    pub fn within_slices(&self) -> Self {
        let ([x, y, _], [nx, ny, nz], [ex, ey, _]) = (self.from, self.dims, self.every);
        Self {
            from: [x, y, 0],
            dims: [nx, ny, nz],
            every: [ex, ey, 1],
            whole: [self.whole[0], self.whole[1], nz],
        }
    }

    /// Copies what is taken of a slice.
    pub fn take<T: Copy>(&self, slice: &[T], out: &mut [T]) {
        for (y, row) in self.along(1).zip(out.chunks_mut(self.dims[0])) {
            let from = &slice[y * self.whole[0]..(y + 1) * self.whole[0]];
            self.along(0).zip(row).for_each(|(x, voxel)| *voxel = from[x]);
        }
    }

    /// From indices in the part to those in the scan.
    pub fn whole_from_part(&self) -> DAffine3 {
        DAffine3 {
            matrix3: DMat3::from_diagonal(DVec3::from_array(self.every.map(|n| n as f64))),
            translation: DVec3::from_array(self.from.map(|n| n as f64)),
        }
    }

    /// Where they lie.
    ///
    /// # Errors
    /// If their matrix can't be one.
    pub fn grid(&self, whole: &Grid) -> Result<Grid, String> {
        let affine = whole.world_from_voxel() * self.whole_from_part();
        Grid::new(self.dims, affine).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_read_as_numpys() {
        for (text, crop) in [
            ("0:100,:,20:", Ok([Some([0, 100]), None, Some([20, usize::MAX])])),
            (":,:,:", Ok([None; 3])),
            (" :5 , 3:4, 0:", Ok([Some([0, 5]), Some([3, 4]), None])),
            ("0:1,0:1", Err(())),
            ("5:5,:,:", Err(())),
            ("5:2,:,:", Err(())),
            ("a:2,:,:", Err(())),
            ("-1:2,:,:", Err(())),
            ("7,:,:", Err(())),
        ] {
            assert_eq!(VolumePart::parse_crop(text).map_err(drop), crop, "{text}");
        }
        for (text, every) in
            [("2", Ok([2; 3])), ("2,3,1", Ok([2, 3, 1])), ("0", Err(())), ("2,2", Err(()))]
        {
            assert_eq!(VolumePart::parse_every(text).map_err(drop), every, "{text}");
        }
    }

    prop_compose! {
        fn any_part()(
            crop: [Option<(u8, u8)>; 3],
            every in [1usize..5, 1usize..5, 1usize..5],
        ) -> VolumePart {
            let range = |(a, n): (u8, u8)| [a as usize % 12, a as usize % 12 + 1 + n as usize % 9];
            VolumePart { crop: crop.map(|c| c.map(range)), every }
        }
    }

    proptest! {
        #[test]
        fn a_part_is_known_again_by_what_it_says(part in any_part()) {
            let said = Provenance { identifiers: part.identifiers(), ..Provenance::default() };
            prop_assert_eq!(VolumePart::of(&said), part);
        }

        #[test]
        fn every_voxel_of_a_part_lies_where_it_lay(
            part in any_part(),
            dims in [1usize..12, 1usize..12, 1usize..12],
            numbers in prop::array::uniform12(-9.0f64..9.0),
        ) {
            let m = DMat3::from_cols_slice(&numbers[..9]);
            prop_assume!(m.determinant().abs() > 1.0);
            let affine = DAffine3 { matrix3: m, translation: DVec3::from_slice(&numbers[9..]) };
            let whole = Grid::new(dims, affine).unwrap();
            let Ok(bounds) = part.bounds(dims) else { return Ok(()) };
            let grid = bounds.grid(&whole).unwrap();
            let axes: [Vec<usize>; 3] = std::array::from_fn(|a| bounds.along(a).collect());
            for a in 0..3 {
                prop_assert!(axes[a].len() == grid.dims()[a] && axes[a].iter().all(|n| *n < dims[a]));
            }
            for (k, &z) in axes[2].iter().enumerate() {
                prop_assert!(bounds.has_slice(z));
                for (j, &y) in axes[1].iter().enumerate() {
                    for (i, &x) in axes[0].iter().enumerate() {
                        let there = whole.world_of([x, y, z]);
                        prop_assert!(grid.world_of([i, j, k]).distance(there) < 1e-9);
                    }
                }
            }
            let taken = (0..dims[2]).filter(|z| bounds.has_slice(*z)).count();
            prop_assert_eq!(taken, grid.dims()[2]);
        }
    }
}
