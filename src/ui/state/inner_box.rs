//! Where the crosshair may be.

use crate::geom::{DVec3, Grid};

/// The inside of a volume, just short of the outer voxels' far edges, which belong to no voxel.
pub(super) struct InnerBox<'a> {
    grid: &'a Grid,
    low: DVec3,
    high: DVec3,
}

pub(super) fn inner_box(grid: &Grid) -> InnerBox<'_> {
    let last = DVec3::from_array(grid.dims().map(|n| n as f64 - 1.0));
    InnerBox { grid, low: DVec3::splat(-0.499), high: last + 0.499 }
}

impl InnerBox<'_> {
    /// The place inside whose voxel coordinates are nearest.
    pub(super) fn nearest(&self, world: DVec3) -> DVec3 {
        self.grid.world(self.grid.voxel(world).clamp(self.low, self.high))
    }

    pub(super) fn contains(&self, world: DVec3) -> bool {
        let voxel = self.grid.voxel(world);
        voxel.cmpge(self.low - 1e-9).all() && voxel.cmple(self.high + 1e-9).all()
    }

    /// How many times `way` leads from a place inside to the border.
    pub(super) fn reach(&self, from: DVec3, way: DVec3) -> f64 {
        let voxel = self.grid.voxel(from).clamp(self.low, self.high);
        let way = self.grid.voxel_from_world().matrix3 * way;
        (0..3)
            .map(|a| match way[a] {
                w if w > 0.0 => (self.high[a] - voxel[a]) / w,
                w if w < 0.0 => (self.low[a] - voxel[a]) / w,
                _ => f64::INFINITY,
            })
            .fold(f64::INFINITY, f64::min)
    }

    /// The place so many millimetres along a unit vector, as near to straight on as the volume allows: past its
    /// border it goes on towards the corner that lies furthest that way.
    pub(super) fn along(&self, from: DVec3, vector: DVec3, mm: f64) -> DVec3 {
        let from = self.nearest(from);
        let vector = if mm < 0.0 { -vector } else { vector };
        let straight = self.reach(from, vector).min(mm.abs());
        let border = self.nearest(from + vector * straight);
        let left = mm.abs() - straight;
        let corner = self.corner_towards(vector);
        let ahead = (corner - border).dot(vector);
        if left <= 1e-9 || ahead <= 1e-9 {
            return border;
        }
        self.nearest(border + (corner - border) * (left / ahead).min(1.0))
    }

    fn corner_towards(&self, vector: DVec3) -> DVec3 {
        // How far along the vector each voxel axis leads.
        let along = self.grid.world_from_voxel().matrix3.transpose() * vector;
        let side = |a: usize| if along[a] > 0.0 { self.high[a] } else { self.low[a] };
        self.grid.world(DVec3::new(side(0), side(1), side(2)))
    }
}
