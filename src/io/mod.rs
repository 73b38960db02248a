//! Files to volumes and back. Depends on `volume`, `geom`, `work`. Readers convert at the door: nothing
//! outside of `io` knows a file format.

use std::path::{Path, PathBuf};

use crate::geom::{DAffine3, Grid};
use crate::volume::{LabelMap, LabelName, NamedRegion, StoredGeometry, Volume};
use crate::work::{CancelToken, Progress};

/// What may be read at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of voxels a file may claim.
    pub memory: u64,
}

impl Default for Limits {
    /// What this machine can hold (most of the memory that is free now).
    fn default() -> Self {
        todo!()
    }
}

/// One line for the user: what is wrong, in which file, what to do.
#[derive(Debug, thiserror::Error)]
pub enum IoError {
    #[error("stub")]
    Stub,
}

/// Reads a scan: NIfTI (.nii, .nii.gz), told by its content, not its name.
pub fn open_volume(
    _path: &Path,
    _limits: &Limits,
    _cancel: &CancelToken,
    _progress: &Progress,
) -> Result<Volume, IoError> {
    todo!()
}

/// Whether `volume` is more likely a label map of a scan on `grid` than another scan.
pub fn looks_like_labels(_volume: &Volume, _grid: &Grid) -> bool {
    todo!()
}

/// The labels of a volume read from `path`, with the names of a label table beside it; an error if it
/// lies on another grid or its values are no labels.
pub fn labels_of(
    _volume: &Volume,
    _path: &Path,
    _grid: &Grid,
) -> Result<Vec<NamedRegion>, IoError> {
    todo!()
}

/// What was written.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The label map.
    pub path: PathBuf,
    /// The label table beside it.
    pub table: PathBuf,
    /// Bytes of the label map file.
    pub bytes: u64,
}

/// Writes a label map on the scan's grid, and its label table beside it; atomic.
pub fn save_labels(
    _path: &Path,
    _labels: &LabelMap,
    _grid: &Grid,
    _stored: &StoredGeometry,
    _table: &[LabelName],
    _cancel: &CancelToken,
    _progress: &Progress,
) -> Result<Saved, IoError> {
    todo!()
}

/// Writes float32 values (x fastest) as NIfTI; atomic.
pub fn save_float32(
    _path: &Path,
    _dims: [usize; 3],
    _values: &[f32],
    _world_from_voxel: DAffine3,
) -> Result<(), IoError> {
    todo!()
}
