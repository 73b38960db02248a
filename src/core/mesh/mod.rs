//! Masks as closed triangle meshes, and the files that they are written to. Depends on `volume`, `geom`, `mask`, `work`.
//!
//! [`surface_mesh`] goes from a mask to a mesh: marching cubes between voxel centres, smoothed and thinned out no further
//! than an error that is said in millimetres. Places are RAS millimetres; files may have LPS.

mod cases;
mod extract;
mod files;
mod simplify;
mod smooth;

#[cfg(test)]
mod tests;

pub use files::{MeshFormat, MeshSpace, NamedMesh, encode_meshes, mesh_files};

use crate::geom::{DVec3, Grid};
use crate::mask::{MaskError, WorkLimits};
use crate::volume::Region;

/// Triangles in the world that share vertices. Those made here are closed, each edge having two triangles, and seen from
/// outside their corners come counterclockwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TriangleMesh {
    /// RAS mm.
    pub vertices: Vec<DVec3>,
    /// Positions among the vertices.
    pub triangles: Vec<[u32; 3]>,
}

impl TriangleMesh {
    /// The corners of a triangle.
    pub fn corners(&self, triangle: [u32; 3]) -> [DVec3; 3] {
        triangle.map(|n| self.vertices[n as usize])
    }

    /// mm².
    pub fn area(&self) -> f64 {
        let area = |&triangle: &[u32; 3]| {
            let [a, b, c] = self.corners(triangle);
            (b - a).cross(c - a).length() / 2.0
        };
        self.triangles.iter().map(area).sum()
    }

    /// What is inside, mm³.
    pub fn volume(&self) -> f64 {
        // From a vertex, so that no digits are lost far from the origin.
        let origin = self.vertices.first().copied().unwrap_or_default();
        let part = |&triangle: &[u32; 3]| {
            let [a, b, c] = self.corners(triangle).map(|p| p - origin);
            a.cross(b).dot(c) / 6.0
        };
        self.triangles.iter().map(part).sum()
    }

    /// The direction outwards at each vertex, of length 1: the mean of its triangles' normals by their areas.
    pub fn normals(&self) -> Vec<DVec3> {
        let mut normals = vec![DVec3::ZERO; self.vertices.len()];
        for &triangle in &self.triangles {
            let [a, b, c] = self.corners(triangle);
            let normal = (b - a).cross(c - a);
            for n in triangle {
                normals[n as usize] += normal;
            }
        }
        normals.into_iter().map(|n| n.normalize_or(DVec3::Z)).collect()
    }
}

/// How a mesh is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeshOptions {
    /// No place of the surface between voxels is further than this from the mesh, mm; 0 leaves the surface as it is.
    pub error: f64,
    /// Whether steps between voxels and slices are smoothed.
    pub smooth: bool,
    /// Whether triangles are joined where the surface is even.
    pub decimate: bool,
}

impl MeshOptions {
    /// Half the largest voxel side: a step between two slices is smoothed away.
    pub fn of(grid: &Grid) -> Self {
        Self { error: grid.spacing().max_element() / 2.0, smooth: true, decimate: true }
    }
}

/// Rounds of smoothing.
const ROUNDS: usize = 12;
/// By which share a mesh's volume may differ from that of its voxels, if the surface between voxels does not differ more.
const MOST_OFF: f64 = 0.01;
/// How often it is tried, each time with half the error.
const TRIES: usize = 5;

/// The mesh around a mask: through the middle between voxels that are in it and voxels that are not (what lies outside of
/// the volume is not), then smoothed (half of the error), thinned out (a quarter) and made as large as the voxels together
/// (at most the last quarter). What is so small that this would change its volume by more than 1 % is changed less, at last
/// not at all. Empty if the mask is.
pub fn surface_mesh(
    mask: &Region,
    grid: &Grid,
    options: &MeshOptions,
    limits: &WorkLimits,
) -> Result<TriangleMesh, MaskError> {
    let exact = extract::between_voxels(mask, grid, limits)?;
    let wanted = mask.count() as f64 * grid.voxel_volume_mm3();
    let off = |mesh: &TriangleMesh| (mesh.volume() / wanted - 1.0).abs();
    let most = off(&exact).max(MOST_OFF);
    let mut error = if exact.triangles.is_empty() { 0.0 } else { options.error.max(0.0) };
    for _ in 0..TRIES {
        if error == 0.0 {
            break;
        }
        let mut mesh = exact.clone();
        if options.smooth {
            smooth::smooth(&mut mesh, ROUNDS, error / 2.0, limits)?;
        }
        if options.decimate {
            simplify::simplify(&mut mesh, error / 4.0, limits)?;
        }
        keep_volume(&mut mesh, wanted, error / 4.0);
        if off(&mesh) <= most {
            return Ok(mesh);
        }
        error /= 2.0;
    }
    Ok(exact)
}

/// Moves the surface outwards or inwards, everywhere as far, until the mesh holds as much as wanted, mm³, but by no more
/// than `most` mm.
fn keep_volume(mesh: &mut TriangleMesh, wanted: f64, most: f64) {
    let mut moved = 0.0;
    // Twice, as the area changes while the surface moves.
    for _ in 0..2 {
        let area = mesh.area();
        if area <= 0.0 {
            return;
        }
        let by = ((wanted - mesh.volume()) / area).clamp(-most - moved, most - moved);
        moved += by;
        let normals = mesh.normals();
        for (vertex, normal) in mesh.vertices.iter_mut().zip(normals) {
            *vertex += normal * by;
        }
    }
}
