//! STL, OBJ and PLY.

use std::fmt::Write as _;

use super::{MeshSpace, NamedMesh};

/// What a header says of where the numbers come from and what they are; 3D Slicer reads the space.
fn origin(space: MeshSpace) -> String {
    format!("Voxpoint {}; SPACE={}; mm", env!("CARGO_PKG_VERSION"), space.name())
}

/// Binary STL: a header of 80 bytes, the number of triangles, and of each its normal, corners and two bytes.
pub(super) fn stl(meshes: &[NamedMesh], space: MeshSpace) -> Vec<u8> {
    let count: usize = meshes.iter().map(|m| m.mesh.triangles.len()).sum();
    let mut out = Vec::with_capacity(84 + 50 * count);
    out.extend(origin(space).bytes().chain(std::iter::repeat(b' ')).take(80));
    out.extend((count as u32).to_le_bytes());
    for mesh in meshes.iter().map(|m| &m.mesh) {
        for &triangle in &mesh.triangles {
            let [a, b, c] = mesh.corners(triangle);
            let normal = (b - a).cross(c - a).normalize_or_zero();
            for place in [normal, a, b, c] {
                out.extend(space.place(place).iter().flat_map(|v| v.to_le_bytes()));
            }
            out.extend([0, 0]);
        }
    }
    out
}

/// A name without what would end its line.
fn line(name: &str) -> String {
    name.split(|c: char| c.is_whitespace() || c.is_control()).collect::<Vec<_>>().join("_")
}

/// Wavefront OBJ: an object for each structure, colours (0 to 1) behind the coordinates of vertices.
pub(super) fn obj(meshes: &[NamedMesh], space: MeshSpace) -> Vec<u8> {
    let mut out = format!("# {}\n", origin(space));
    let mut first = 1;
    for NamedMesh { name, colour, mesh } in meshes {
        let _ = writeln!(out, "o {}", line(name));
        let [r, g, b] = colour.map(|c| f64::from(c) / 255.0);
        for &vertex in &mesh.vertices {
            let [x, y, z] = space.place(vertex);
            let _ = writeln!(out, "v {x} {y} {z} {r:.4} {g:.4} {b:.4}");
        }
        for triangle in &mesh.triangles {
            let [a, b, c] = triangle.map(|n| n as usize + first);
            let _ = writeln!(out, "f {a} {b} {c}");
        }
        first += mesh.vertices.len();
    }
    out.into_bytes()
}

/// Binary PLY, little-endian, colours at the vertices.
pub(super) fn ply(meshes: &[NamedMesh], space: MeshSpace) -> Vec<u8> {
    let vertices: usize = meshes.iter().map(|m| m.mesh.vertices.len()).sum();
    let triangles: usize = meshes.iter().map(|m| m.mesh.triangles.len()).sum();
    let names: Vec<String> = meshes.iter().map(|m| line(&m.name)).collect();
    let mut out = format!(
        "ply\nformat binary_little_endian 1.0\ncomment {}\ncomment {}\nelement vertex {vertices}\n\
         property float x\nproperty float y\nproperty float z\nproperty uchar red\nproperty uchar green\n\
         property uchar blue\nelement face {triangles}\nproperty list uchar int vertex_indices\nend_header\n",
        origin(space),
        names.join(" ")
    )
    .into_bytes();
    for NamedMesh { colour, mesh, .. } in meshes {
        for &vertex in &mesh.vertices {
            out.extend(space.place(vertex).iter().flat_map(|v| v.to_le_bytes()));
            out.extend(colour);
        }
    }
    let mut first = 0;
    for mesh in meshes.iter().map(|m| &m.mesh) {
        for triangle in &mesh.triangles {
            out.push(3);
            out.extend(triangle.iter().flat_map(|n| (n + first).to_le_bytes()));
        }
        first += mesh.vertices.len() as u32;
    }
    out
}
