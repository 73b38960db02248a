use std::path::PathBuf;

use crate::placeholder::Placeholder;
use crate::work::Cancelled;

/// Why a checkpoint can't be used, in one line: what is wrong, what to do, where.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Somebody asked for it to stop.
    #[error("cancelled")]
    Cancelled,
    /// The system can't read it.
    #[error("the checkpoint cannot be read ({source}): {}", path.display())]
    Io {
        /// What the system says.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A link to nothing, or a pointer to content that was not fetched.
    #[error("{what}: {}", path.display())]
    Placeholder {
        /// Which.
        what: Placeholder,
        /// The file.
        path: PathBuf,
    },
    /// Something else than `torch.save` wrote it.
    #[error("not a PyTorch checkpoint, {looks}: {}", path.display())]
    NotAZip {
        /// What it seems to be, and what to do.
        looks: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The format before PyTorch 1.6.
    #[error(
        "this checkpoint is in PyTorch's old format (before 1.6): load it with a newer PyTorch and save it again with torch.save: {}", .0.display()
    )]
    Legacy(PathBuf),
    /// It begins as a checkpoint and ends too early.
    #[error("the checkpoint is incomplete (its end is missing): fetch or copy it again: {}", .0.display())]
    Truncated(PathBuf),
    /// The archive contradicts itself.
    #[error("the checkpoint is damaged ({message}): fetch or copy it again: {}", path.display())]
    Damaged {
        /// What is wrong.
        message: String,
        /// The file.
        path: PathBuf,
    },
    /// An entry that can't be used where it lies.
    #[error(
        "“{entry}” in the checkpoint is {how}, but must be stored as it is: save the checkpoint again with torch.save instead of packing it with a zip program: {}", path.display()
    )]
    NotStored {
        /// Its name in the archive.
        entry: String,
        /// Compressed or encrypted.
        how: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// An archive without the pickle.
    #[error("a zip file, but not a PyTorch checkpoint (it has no data.pkl): choose another file: {}", .0.display())]
    NoPickle(PathBuf),
    /// Written on a machine with the other byte order.
    #[error(
        "the checkpoint's numbers are big-endian: save it again on a little-endian machine (any PC or Mac): {}", .0.display()
    )]
    BigEndian(PathBuf),
    /// A pickle that would eat up memory or time.
    #[error(
        "the checkpoint's description of its contents is too large ({what}), as in a file made to exhaust memory; only open checkpoints you trust: {}", path.display()
    )]
    TooLarge {
        /// Which limit it passes.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// No weights by name.
    #[error(
        "no weights in this checkpoint: a dictionary of tensors is needed, by itself or as “model_state_dict” or “state_dict” (torch.save(model.state_dict(), …)): {}", .0.display()
    )]
    NoState(PathBuf),
    /// A tensor that is there and can't be used.
    #[error("the tensor “{name}” {fault}: {}", path.display())]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong and what to do.
        fault: TensorFault,
        /// The file.
        path: PathBuf,
    },
    /// A tensor that SAM-Med3D has and this file has not.
    #[error("not SAM-Med3D: the tensor “{name}” is missing; choose another checkpoint: {}", path.display())]
    Missing {
        /// Its name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// A tensor of another shape than the rest of the model asks for.
    #[error(
        "not SAM-Med3D: the tensor “{name}” should be {expected} and is {}; choose another checkpoint: {}", dimensions(found), path.display()
    )]
    Shape {
        /// Its name.
        name: String,
        /// What fits.
        expected: String,
        /// What is there.
        found: Vec<usize>,
        /// The file.
        path: PathBuf,
    },
    /// Shapes that are consistent, of a network this program can't run.
    #[error("a variant of SAM-Med3D that is not supported ({what}); choose another checkpoint: {}", path.display())]
    Variant {
        /// In what it differs.
        what: String,
        /// The file.
        path: PathBuf,
    },
}

impl From<Cancelled> for CheckpointError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// What is wrong with one tensor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorFault {
    /// Another element type.
    #[error(
        "has numbers of the type {0}, and only float32, float16 and bfloat16 can be used: convert the model with model.float() and save it again"
    )]
    DType(String),
    /// A view with gaps or another order.
    #[error(
        "is not contiguous: save the checkpoint again with every tensor made .contiguous() first"
    )]
    NotContiguous,
    /// Its storage isn't in the archive.
    #[error("has no data in the file (entry “{0}”): fetch or copy the checkpoint again")]
    NoData(String),
    /// It reaches beyond its storage.
    #[error(
        "reaches beyond its data ({wanted} bytes of {there}): fetch or copy the checkpoint again"
    )]
    OutOfRange {
        /// Where the tensor would end, bytes from the beginning of its storage.
        wanted: u128,
        /// Length of the storage.
        there: u64,
    },
    /// Its storage has another length than the pickle says.
    #[error("has {found} bytes of data where {wanted} belong: fetch or copy the checkpoint again")]
    Length {
        /// As stated.
        wanted: u128,
        /// As it is.
        found: u64,
    },
}

/// `768 × 1 × 16`, as shapes are shown.
pub(super) fn dimensions(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a single number".to_owned();
    }
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}
