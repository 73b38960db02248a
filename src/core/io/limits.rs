use crate::work::memory::Free;

/// What may be read at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of voxels a file may claim.
    pub memory: u64,
}

impl Default for Limits {
    /// What may be taken now of the free memory, whatever limits it ([`Free::usable`]).
    fn default() -> Self {
        Self { memory: Free::now().usable() }
    }
}
