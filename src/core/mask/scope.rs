use super::MaskError;
use crate::volume::{Region, VoxelBox};

/// Where an operation works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In three dimensions, everywhere.
    Volume,
    /// In two dimensions, in one slice; what lies in others stays as it is. Of a slice that is not there, nothing.
    Slice {
        /// The voxel axis that the slice is perpendicular to, 0 to 2.
        axis: usize,
        /// Which one along this axis.
        index: usize,
    },
}

impl Scope {
    /// Does `work` on what of the region it is for, and puts the rest beside the result. `dims` is the volume's; what
    /// `work` makes must stay in the slice.
    pub(super) fn apply(
        self,
        region: &Region,
        dims: [usize; 3],
        work: impl FnOnce(&Region) -> Result<Region, MaskError>,
    ) -> Result<Region, MaskError> {
        let Self::Slice { .. } = self else { return work(region) };
        let Some(within) = self.within(region, dims) else { return Ok(region.clone()) };
        let mut rest = region.without(&within, dims[0]);
        rest.add(&work(&within)?, dims[0]);
        Ok(rest)
    }

    /// What of a region it is for; `None` if the slice is not there.
    pub(super) fn within(self, region: &Region, dims: [usize; 3]) -> Option<Region> {
        let Self::Slice { axis, index } = self else { return Some(region.clone()) };
        if axis > 2 || index >= dims[axis] {
            return None;
        }
        let mut bounds = VoxelBox::whole(dims);
        (bounds.min[axis], bounds.max[axis]) = (index, index + 1);
        Some(region.inside(&bounds, dims))
    }

    /// Sizes along the voxel axes: none across a slice.
    pub(super) fn flat(self, mut sizes: [f64; 3]) -> [f64; 3] {
        if let Self::Slice { axis, .. } = self
            && axis < 3
        {
            sizes[axis] = 0.0;
        }
        sizes
    }
}
