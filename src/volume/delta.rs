use super::region::Bounder;
use super::{Run, VoxelBox};

/// Consecutive voxels of one row that go from one label to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaRun {
    /// Which voxels.
    pub run: Run,
    /// Their label before the change.
    pub before: u16,
    /// Their label after it.
    pub after: u16,
}

/// A change of a label map: enough to do it and to take it back, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    runs: Vec<DeltaRun>,
    bounds: Option<VoxelBox>,
}

/// Makes a [`Delta`] from changes in memory order.
#[derive(Debug)]
pub struct DeltaBuilder {
    runs: Vec<DeltaRun>,
    bounder: Bounder,
}

impl DeltaBuilder {
    /// For a volume of `dims`.
    pub fn new(dims: [usize; 3]) -> Self {
        Self { runs: Vec::new(), bounder: Bounder::new(dims) }
    }

    /// Adds a change of voxels not in the delta yet.
    pub fn push(&mut self, change: DeltaRun) {
        if change.run.len == 0 || change.before == change.after {
            return;
        }
        self.bounder.include(change.run);
        self.runs.push(change);
    }

    /// The delta.
    pub fn finish(self) -> Delta {
        Delta { runs: self.runs, bounds: self.bounder.bounds() }
    }
}

impl Delta {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The changes; no voxel is in two of them.
    pub fn runs(&self) -> &[DeltaRun] {
        &self.runs
    }

    /// The smallest box that holds every changed voxel: what a texture upload has to cover.
    pub fn bounds(&self) -> Option<VoxelBox> {
        self.bounds
    }

    /// The change that takes this one back.
    pub fn reversed(mut self) -> Self {
        for change in &mut self.runs {
            std::mem::swap(&mut change.before, &mut change.after);
        }
        self
    }
}
