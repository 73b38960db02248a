use std::collections::HashMap;

use crate::document::Over;
use crate::geom::{Direction, Plane};
use crate::mask::morphology::Shell;
use crate::mask::operation::{Operation, OperationKind, PlaneCut};
use crate::mask::split::CutOff;
use crate::mask::{CutPlane, Scope};

/// In which slice an operation is done, or in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperationScope {
    /// In the whole mask.
    #[default]
    Volume,
    /// In the slice through the crosshair that is perpendicular to this voxel axis.
    Slice(usize),
}

/// What is set in the window of operations.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationOptions {
    /// What is chosen.
    pub kind: OperationKind,
    /// The size of each that was changed, as [`OperationKind::size`] says.
    pub sizes: HashMap<OperationKind, f64>,
    /// Towards one side of the patient only.
    pub side: Option<Direction>,
    /// Where a shell lies.
    pub shell: Shell,
    /// In one slice or everywhere.
    pub scope: OperationScope,
    /// The view whose plane cuts.
    pub cut_plane: Plane,
    /// What is cut off goes; else it becomes an object.
    pub cut_removes: bool,
    /// From whom voxels may be taken.
    pub over: Over,
    /// What would change is shown before it is done.
    pub preview: bool,
}

impl Default for OperationOptions {
    fn default() -> Self {
        Self {
            kind: OperationKind::FillHoles,
            sizes: HashMap::new(),
            side: None,
            shell: Shell::Inside,
            scope: OperationScope::Volume,
            cut_plane: Plane::Axial,
            cut_removes: false,
            over: Over::Background,
            preview: true,
        }
    }
}

impl OperationOptions {
    /// Chooses another operation. Where it is done, and whether it takes from others, is as at first: nobody is to do it
    /// elsewhere, or to others, because the last one was.
    pub fn choose(&mut self, kind: OperationKind) {
        if self.kind != kind {
            let usual = Self::default();
            (self.kind, self.over, self.scope, self.side) = (kind, usual.over, usual.scope, None);
            self.cut_removes = usual.cut_removes;
        }
    }

    /// The size that is set for what is chosen; 0 if it has none.
    pub fn size(&self) -> f64 {
        let usual = self.kind.size().map_or(0.0, |(_, usual)| usual);
        // (A NaN becomes 0, too.)
        self.sizes.get(&self.kind).copied().unwrap_or(usual).max(0.0)
    }

    /// Sets it.
    pub fn set_size(&mut self, size: f64) {
        self.sizes.insert(self.kind, size);
    }

    /// Chooses the view whose plane cuts; the side that is cut off is one of the other's.
    pub fn choose_cut_plane(&mut self, plane: Plane) {
        if self.cut_plane != plane {
            (self.cut_plane, self.side) = (plane, None);
        }
    }

    /// The operation, with the crosshair in this voxel, where this is the plane of the slice that [`Self::cut_plane`]'s
    /// view shows, and half its thickness in mm.
    pub fn operation(&self, voxel: [usize; 3], (plane, half_mm): (CutPlane, f64)) -> Operation {
        let scope = match self.scope {
            OperationScope::Slice(axis) if axis < 3 && self.kind.takes_slice() => {
                Scope::Slice { axis, index: voxel[axis] }
            }
            _ => Scope::Volume,
        };
        let side = self.side.filter(|_| self.kind.takes_side());
        let off = self.side.map_or(CutOff::Smaller, CutOff::Towards);
        let cut = PlaneCut { plane, half_mm, off, removes: self.cut_removes };
        let cut = Some(cut).filter(|_| self.kind == OperationKind::CutByPlane);
        Operation { kind: self.kind, size: self.size(), side, shell: self.shell, scope, cut }
    }
}
