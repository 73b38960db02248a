//! Meshes as files.

mod gltf;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};

use super::TriangleMesh;
use crate::geom::DVec3;

/// A mesh of a structure.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedMesh {
    /// Of the structure.
    pub name: String,
    /// sRGB.
    pub colour: [u8; 3],
    /// RAS mm.
    pub mesh: TriangleMesh,
}

/// What a mesh is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeshFormat {
    /// Binary STL: triangles, one structure.
    Stl,
    /// Wavefront OBJ: all structures with names, colours at the vertices.
    Obj,
    /// Binary PLY with colours at the vertices, one structure.
    Ply,
    /// Binary glTF 2.0: all structures with names and colours.
    Glb,
}

impl MeshFormat {
    /// How names of files end, the one that holds most first.
    pub const ENDINGS: [&str; 4] = [".glb", ".obj", ".stl", ".ply"];

    /// By the end of a file's name, in either case of letters.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let all =
            [(".stl", Self::Stl), (".obj", Self::Obj), (".ply", Self::Ply), (".glb", Self::Glb)];
        all.into_iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, format)| format)
    }

    /// Whether a file can have several structures, each with its name.
    pub fn has_names(self) -> bool {
        matches!(self, Self::Obj | Self::Glb)
    }
}

/// Which way the axes of a file's coordinates go. It is written in the file, as 3D Slicer does and reads (`SPACE=RAS`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeshSpace {
    /// To the patient's Right, Anterior, Superior.
    #[default]
    Ras,
    /// To the patient's Left, Posterior, Superior: DICOM's and ITK's.
    Lps,
}

impl MeshSpace {
    /// In three letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ras => "RAS",
            Self::Lps => "LPS",
        }
    }

    /// A place in these coordinates. (From RAS to LPS is a turn, so that triangles keep their outer side.)
    fn place(self, ras: DVec3) -> [f32; 3] {
        let place = match self {
            Self::Ras => ras,
            Self::Lps => DVec3::new(-ras.x, -ras.y, ras.z),
        };
        // Without negative zeros.
        place.to_array().map(|v| v as f32 + 0.0)
    }
}

/// The files for structures, of which each has a number and a name: `out` for all, or for a format that has one
/// structure in a file `out_3_liver.stl` for each, in their order.
pub fn mesh_files(out: &Path, format: MeshFormat, structures: &[(u64, &str)]) -> Vec<PathBuf> {
    if format.has_names() || structures.len() == 1 {
        return vec![out.to_owned()];
    }
    let stem = out.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = out.extension().unwrap_or_default().to_string_lossy().into_owned();
    let of = |(number, name): &(u64, &str)| {
        // What every file system takes, and no longer than that.
        let name = name.to_lowercase();
        let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let name: String = words.collect::<Vec<_>>().join("_").chars().take(60).collect();
        let name = if name.is_empty() { name } else { format!("_{name}") };
        out.with_file_name(format!("{stem}_{number}{name}.{ending}"))
    };
    structures.iter().map(of).collect()
}

/// The bytes of a file with these meshes, in millimetres. Of several in a format without names all triangles.
pub fn encode_meshes(meshes: &[NamedMesh], format: MeshFormat, space: MeshSpace) -> Vec<u8> {
    match format {
        MeshFormat::Stl => text::stl(meshes, space),
        MeshFormat::Obj => text::obj(meshes, space),
        MeshFormat::Ply => text::ply(meshes, space),
        MeshFormat::Glb => gltf::glb(meshes, space),
    }
}
