//! From a mask to the mesh between its voxels and all others.

use super::TriangleMesh;
use super::cases::{Patch, all_cases, edge_place};
use crate::geom::{DVec3, Grid};
use crate::mask::{MaskError, WorkLimits};
use crate::volume::{Region, Run, VoxelBox};

/// The closed mesh halfway between voxel centres of the mask and of what is not in it. Holds memory for two slices of the
/// mask's box.
pub(super) fn between_voxels(
    mask: &Region,
    grid: &Grid,
    limits: &WorkLimits,
) -> Result<TriangleMesh, MaskError> {
    let mut mesh = TriangleMesh::default();
    let Some(bounds) = mask.bounds(grid.dims()) else { return Ok(mesh) };
    let cases = all_cases();
    // With one voxel of nothing around.
    let size = bounds.size().map(|n| n + 2);
    let mut slices = Slices { bounds, dims: grid.dims(), runs: mask.runs(), next: 0 };
    let mut layer = Layer::new(size);
    let mut below = vec![false; size[0] * size[1]];
    for z in 0..size[2] - 1 {
        limits.check()?;
        let above = slices.at(z + 1, size);
        layer.cells([&below, &above], z, &cases, &mut mesh);
        below = above;
        layer.step();
    }
    let first = DVec3::from_array(bounds.min.map(|v| v as f64 - 1.0));
    for vertex in &mut mesh.vertices {
        *vertex = grid.world(first + *vertex);
    }
    if grid.world_from_voxel().matrix3.determinant() < 0.0 {
        for triangle in &mut mesh.triangles {
            triangle.swap(1, 2);
        }
    }
    Ok(mesh)
}

/// The mask slice by slice.
struct Slices<'r> {
    bounds: VoxelBox,
    dims: [usize; 3],
    runs: &'r [Run],
    /// The first run that no slice has had yet.
    next: usize,
}

impl Slices<'_> {
    /// Slice `z` of the box with one voxel around it, as flags; each is to be asked for once, in order.
    fn at(&mut self, z: usize, size: [usize; 3]) -> Vec<bool> {
        let mut flags = vec![false; size[0] * size[1]];
        let [nx, ny, _] = self.dims;
        let slice = self.bounds.min[2] + z - 1;
        let end = (slice + 1) * nx * ny;
        while let Some(run) = self.runs.get(self.next).filter(|run| run.start < end) {
            let (x, y) = (run.start % nx, run.start / nx % ny);
            let at = x - self.bounds.min[0] + 1 + size[0] * (y - self.bounds.min[1] + 1);
            flags[at..at + run.len as usize].fill(true);
            self.next += 1;
        }
        flags
    }
}

/// The vertices on edges of the cells between two slices, to be found again by the cells that share them.
struct Layer {
    size: [usize; 3],
    /// Of edges along x and y in the lower and the upper slice, and of those along z between.
    along: [[Vec<u32>; 2]; 2],
    between: Vec<u32>,
}

/// No vertex yet.
const NONE: u32 = u32::MAX;

impl Layer {
    fn new(size: [usize; 3]) -> Self {
        let edges = || vec![NONE; size[0] * size[1]];
        let along = [[edges(), edges()], [edges(), edges()]];
        Self { size, along, between: edges() }
    }

    /// What was above is below now.
    fn step(&mut self) {
        for slices in &mut self.along {
            slices.swap(0, 1);
            slices[1].fill(NONE);
        }
        self.between.fill(NONE);
    }

    /// Adds the surface in all cells between two slices, in voxels from the first of the box.
    fn cells(
        &mut self,
        [below, above]: [&[bool]; 2],
        z: usize,
        cases: &[Vec<Patch>],
        mesh: &mut TriangleMesh,
    ) {
        let [nx, ny, _] = self.size;
        for y in 0..ny - 1 {
            let row = nx * y;
            for x in 0..nx - 1 {
                let at = row + x;
                let four = |slice: &[bool]| {
                    u8::from(slice[at])
                        | u8::from(slice[at + 1]) << 1
                        | u8::from(slice[at + nx]) << 2
                        | u8::from(slice[at + nx + 1]) << 3
                };
                let code = four(below) | four(above) << 4;
                if code != 0 && code != 255 {
                    self.cell([x, y, z], &cases[usize::from(code)], mesh);
                }
            }
        }
    }

    fn cell(&mut self, cell: [usize; 3], patches: &[Patch], mesh: &mut TriangleMesh) {
        for patch in patches {
            match patch {
                Patch::Triangles(triangles) => {
                    for triangle in triangles {
                        let corners = triangle.map(|edge| self.vertex(cell, edge, mesh));
                        mesh.triangles.push(corners);
                    }
                }
                Patch::Around(ring) => {
                    let ring: Vec<u32> =
                        ring.iter().map(|&edge| self.vertex(cell, edge, mesh)).collect();
                    let sum: DVec3 = ring.iter().map(|&n| mesh.vertices[n as usize]).sum();
                    let middle = mesh.vertices.len() as u32;
                    mesh.vertices.push(sum / ring.len() as f64);
                    for (n, &corner) in ring.iter().enumerate() {
                        mesh.triangles.push([middle, corner, ring[(n + 1) % ring.len()]]);
                    }
                }
            }
        }
    }

    /// The vertex on an edge of a cell.
    fn vertex(&mut self, cell: [usize; 3], edge: u8, mesh: &mut TriangleMesh) -> u32 {
        let (axis, low) = edge_place(edge);
        let at = (cell[0] + low[0]) + self.size[0] * (cell[1] + low[1]);
        let known = match axis {
            2 => &mut self.between[at],
            axis => &mut self.along[axis][low[2]][at],
        };
        if *known == NONE {
            *known = mesh.vertices.len() as u32;
            let mut place: [f64; 3] = std::array::from_fn(|a| (cell[a] + low[a]) as f64);
            place[axis] += 0.5;
            mesh.vertices.push(DVec3::from_array(place));
        }
        *known
    }
}
