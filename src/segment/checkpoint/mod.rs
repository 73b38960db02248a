//! The authors' checkpoint (`torch.save`), opened where it lies: memory-mapped, its pickle read by a small
//! interpreter that builds tensors and plain containers and never executes anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Element type of a stored tensor; all are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// IEEE half precision.
    F16,
    /// The upper half of a 32-bit float.
    BF16,
}

/// Where a contiguous (C-order) tensor lies in the checkpoint's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Element type.
    pub dtype: DType,
    /// Dimensions, slowest first.
    pub shape: Vec<usize>,
    /// Bytes from the beginning of the file.
    pub offset: u64,
    /// Length in bytes.
    pub bytes: u64,
}

/// An opened checkpoint: names and places of its tensors.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    tensors: BTreeMap<String, Tensor>,
}

impl Checkpoint {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All tensors of the model's state by name (`image_encoder.…`, `prompt_encoder.…`, `mask_decoder.…`;
    /// a `module.` prefix is taken off).
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }
}
