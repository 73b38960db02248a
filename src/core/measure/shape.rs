//! Size and shape of a mask.

use crate::geom::{DVec3, Grid};
use crate::mask::{MaskError, WorkLimits};
use crate::volume::{Region, VoxelBox};

use super::axes::{OrientedBox, PrincipalAxes, box_along, world_bounds};
use super::{AxialDiameters, Diameters, MeshNumbers, axial_diameters};

/// Size and shape, by the definitions of IBSI and `PyRadiomics`. Voxel axes count as perpendicular to each other.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskShape {
    /// How many voxels.
    pub voxels: usize,
    /// Their volume, mm³ (`PyRadiomics`: `VoxelVolume`, IBSI YEKZ).
    pub voxel_volume: f64,
    /// Area, volume and roundness of the mesh around it.
    pub mesh: MeshNumbers,
    /// Its middle and principal axes.
    pub axes: PrincipalAxes,
    /// Its longest distances.
    pub diameters: Diameters,
    /// Its diameters in an axial slice.
    pub axial: AxialDiameters,
    /// The box of its voxels.
    pub bounds: VoxelBox,
    /// The corners of that box with the smallest and the largest coordinates, RAS mm.
    pub world_bounds: [DVec3; 2],
    /// The box along its principal axes that holds its voxels with their corners.
    pub oriented_box: OrientedBox,
}

impl MaskShape {
    /// Of a mask; `None` if it is empty.
    pub fn of(mask: &Region, grid: &Grid, limits: &WorkLimits) -> Result<Option<Self>, MaskError> {
        let (dims, spacing) = (grid.dims(), grid.spacing().to_array());
        let (Some(bounds), Some(axes)) = (mask.bounds(dims), PrincipalAxes::of(mask, grid)) else {
            return Ok(None);
        };
        limits.check()?;
        let (Some(oriented_box), Some(axial)) =
            (box_along(mask, grid, axes.directions), axial_diameters(mask, grid, limits)?)
        else {
            return Ok(None);
        };
        let voxels = mask.count();
        Ok(Some(Self {
            voxels,
            voxel_volume: voxels as f64 * grid.voxel_volume_mm3(),
            mesh: MeshNumbers::of(mask, dims, spacing, &bounds),
            axes,
            diameters: Diameters::of(mask, dims, spacing, bounds),
            axial,
            bounds,
            world_bounds: world_bounds(&bounds, grid),
            oriented_box,
        }))
    }

    /// Bytes that [`MaskShape::of`] takes at most, but for what is on the surface.
    pub fn bytes(mask: &Region, dims: [usize; 3]) -> u64 {
        let voxels =
            |bounds: VoxelBox| bounds.size().iter().map(|&n| n as u64 + 2).product::<u64>();
        mask.bounds(dims).map_or(0, voxels) * 2 + (mask.count() * size_of::<usize>()) as u64
    }
}
