//! What the user may ask of meshes of objects.

use crate::document::LabelId;
use crate::geom::Grid;
use crate::ui::kit::text::mark;

/// Which objects become meshes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeshObjects {
    /// All that have voxels.
    #[default]
    All,
    /// Those that are seen in the views.
    Shown,
    /// The one that is selected.
    Selected,
}

impl MeshObjects {
    /// All, in the order of menus.
    pub const ALL: [Self; 3] = [Self::All, Self::Shown, Self::Selected];

    /// What menus call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => mark("All objects"),
            Self::Shown => mark("Objects that are shown"),
            Self::Selected => mark("The selected object"),
        }
    }
}

/// How meshes are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeshChoice {
    /// How names of their files end, which says the format: one of [`MeshChoice::FORMATS`].
    pub ending: &'static str,
    /// Of which objects.
    pub objects: MeshObjects,
    /// Axes to the Left, Posterior, Superior instead of Right, Anterior, Superior.
    pub lps: bool,
    /// How far a mesh may be from the surface between voxels, mm; `None`: what suits the scan.
    pub error_mm: Option<f64>,
    /// Steps between voxels are smoothed.
    pub smooth: bool,
    /// Triangles are joined where the surface is even.
    pub decimate: bool,
}

impl Default for MeshChoice {
    fn default() -> Self {
        Self {
            ending: Self::FORMATS[0].0,
            objects: MeshObjects::default(),
            lps: false,
            error_mm: None,
            smooth: true,
            decimate: true,
        }
    }
}

impl MeshChoice {
    /// How names of files end, and what menus call the format, the one that holds most first.
    pub const FORMATS: [(&str, &str); 4] = [
        (".glb", mark("glTF: all objects in one file")),
        (".obj", mark("OBJ: all objects in one file")),
        (".stl", mark("STL: a file for each object")),
        (".ply", mark("PLY: a file for each object")),
    ];

    /// How far a mesh of this scan may be from the surface between voxels, mm: else half the largest voxel side, as the
    /// command line has it.
    pub fn error_of(&self, grid: &Grid) -> f64 {
        self.error_mm.unwrap_or_else(|| grid.spacing().max_element() / 2.0)
    }
}

/// Meshes that were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedMeshes {
    /// How the name of a file ends that is proposed; the one that is typed decides.
    pub ending: &'static str,
    /// Of these objects.
    pub objects: Vec<LabelId>,
    /// Axes to the Left, Posterior, Superior instead of Right, Anterior, Superior.
    pub lps: bool,
    /// How far a mesh may be from the surface between voxels, mm.
    pub error_mm: f64,
    /// Steps between voxels are smoothed.
    pub smooth: bool,
    /// Triangles are joined where the surface is even.
    pub decimate: bool,
}
