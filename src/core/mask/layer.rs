//! One layer of voxels across an axis of the grid.

use crate::volume::{Region, RegionBuilder, Volume};
use crate::with_voxels;

/// The voxels whose index along `axis` (0 to 2) is `at`. Within it `u` and `v` are the indices along the other two
/// axes, in the order of memory: u is x, or y where the layer lies across x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The axis across.
    pub axis: usize,
    /// Index along it.
    pub at: usize,
}

impl Layer {
    /// The axes of u and v.
    pub fn axes(self) -> [usize; 2] {
        match self.axis {
            0 => [1, 2],
            1 => [0, 2],
            _ => [0, 1],
        }
    }

    /// The voxel at (u, v).
    pub fn voxel(self, [u, v]: [usize; 2]) -> [usize; 3] {
        match self.axis {
            0 => [self.at, u, v],
            1 => [u, self.at, v],
            _ => [u, v, self.at],
        }
    }

    /// (u, v) of a voxel.
    pub fn place(self, voxel: [usize; 3]) -> [usize; 2] {
        self.axes().map(|a| voxel[a])
    }

    /// Voxels along u and v.
    pub fn size(self, dims: [usize; 3]) -> [usize; 2] {
        self.axes().map(|a| dims[a])
    }

    /// The voxels within `u` and `v` for which `inside` holds.
    pub(super) fn region(
        self,
        dims: [usize; 3],
        [us, vs]: [std::ops::Range<usize>; 2],
        inside: impl Fn(usize, usize) -> bool,
    ) -> Region {
        let mut builder = RegionBuilder::new(dims[0]);
        for v in vs {
            for u in us.clone() {
                if inside(u, v) {
                    let [x, y, z] = self.voxel([u, v]);
                    builder.push(x + dims[0] * (y + dims[1] * z), 1);
                }
            }
        }
        builder.finish()
    }

    /// The values of the time point that is looked at, u fastest.
    pub(super) fn values(self, volume: &Volume) -> Vec<f32> {
        let dims = volume.grid().dims();
        let [nu, nv] = self.size(dims);
        let (shown, scale) = (volume.time_point_range(), volume.scale());
        let [first, right, down] = [[0, 0], [1, 0], [0, 1]].map(|at| {
            let [x, y, z] = self.voxel(at);
            x + dims[0] * (y + dims[1] * z)
        });
        let (right, down) = (right - first, down - first);
        let mut values = Vec::with_capacity(nu * nv);
        with_voxels!(volume.voxels(), all => {
            let all = &all[shown];
            for v in 0..nv {
                let row = (0..nu).map(|u| all[first + u * right + v * down]);
                values.extend(row.map(|raw| scale.apply(raw as f64) as f32));
            }
        });
        values
    }
}
