//! The authors' checkpoint (`torch.save`), opened where it lies: its pickle is read by a small interpreter that
//! builds tensors and plain containers and never executes anything.

mod architecture;
mod archive;
mod error;
mod pickle;

use std::collections::BTreeMap;
use std::io::{BufReader, Cursor, Read, Seek};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use half::{bf16, f16};

pub use architecture::{Architecture, Attention, IMAGE_SIDE};
pub use error::{CheckpointError, TensorFault};

use super::private_copy::{self, private_copy};
use crate::placeholder::Placeholder;
use crate::work::{CancelToken, Progress};
use archive::Archive;
use pickle::{PickleError, Stored};

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

impl DType {
    /// Bytes of an element.
    pub fn size(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }

    /// PyTorch's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::BF16 => "bfloat16",
        }
    }

    /// By the storage class or element type that the pickle names.
    fn named(name: &str) -> Option<Self> {
        match name {
            "FloatStorage" | "float32" => Some(Self::F32),
            "HalfStorage" | "float16" => Some(Self::F16),
            "BFloat16Storage" | "bfloat16" => Some(Self::BF16),
            _ => None,
        }
    }
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

impl Tensor {
    /// Number of elements.
    pub fn elements(&self) -> u64 {
        self.bytes / self.dtype.size()
    }
}

/// What a checkpoint has: names and places of its tensors, not their values. Of the file only what says that is
/// read.
#[derive(Debug)]
pub struct Manifest {
    path: PathBuf,
    prefix: String,
    tensors: BTreeMap<String, Tensor>,
    /// Tensors that are there but can't be used; an error only for who needs one of them.
    faulty: BTreeMap<String, TensorFault>,
    file_bytes: u64,
}

/// A checkpoint with the values of its tensors, in a copy of the file that nobody else can change.
#[derive(Debug)]
pub struct Checkpoint {
    manifest: Manifest,
    content: Arc<[u8]>,
}

impl Checkpoint {
    /// Reads a whole checkpoint.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        if let Some(what) = Placeholder::at(path) {
            return Err(CheckpointError::Placeholder { what, path: path.to_owned() });
        }
        let content = private_copy(path)
            .map_err(|source| CheckpointError::Io { source, path: path.to_owned() })?;
        let manifest = Manifest::read(Cursor::new(&content[..]), path)?;
        Ok(Self { manifest, content })
    }

    /// All bytes of the file.
    pub(super) fn content(&self) -> &Arc<[u8]> {
        &self.content
    }

    /// As [`Manifest::verify`], of what was read.
    pub fn verify_copy(&self, cancel: &CancelToken) -> Result<(), CheckpointError> {
        archive::verify(Cursor::new(&self.content[..]), &self.path, cancel)
    }

    /// A tensor's bytes, little-endian, in C order.
    pub fn bytes(&self, tensor: &Tensor) -> &[u8] {
        let start = usize::try_from(tensor.offset).ok();
        let end = tensor.offset.checked_add(tensor.bytes).and_then(|n| usize::try_from(n).ok());
        // Our own tensors were checked against the file when it was opened.
        start.zip(end).and_then(|(start, end)| self.content.get(start..end)).unwrap_or_default()
    }

    /// A tensor's values in C order as 32-bit floats, whatever it is stored as.
    ///
    /// # Errors
    /// As [`Manifest::require`].
    pub fn values(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        let tensor = self.require(name)?;
        let bytes = self.bytes(tensor);
        let (pairs, quads) = (bytes.as_chunks::<2>().0, bytes.as_chunks::<4>().0);
        Ok(match tensor.dtype {
            DType::F32 => quads.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            DType::F16 => pairs.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
            DType::BF16 => pairs.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect(),
        })
    }
}

/// What is known of a checkpoint is known of it with its values.
impl Deref for Checkpoint {
    type Target = Manifest;

    fn deref(&self) -> &Manifest {
        &self.manifest
    }
}

impl Manifest {
    /// Opens a checkpoint and reads what tensors it has.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let file = private_copy::open(path)
            .map_err(|source| CheckpointError::Io { source, path: path.to_owned() })?;
        Self::read(BufReader::new(file), path)
    }

    fn read(mut file: impl Read + Seek, path: &Path) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io { source, path: path.to_owned() };
        let archive = Archive::read(&mut file, path)?;
        let length = archive.pickle.end - archive.pickle.start;
        if length > pickle::MAX_BYTES as u64 {
            return Err(refusal(pickle::too_large(length), path));
        }
        let bytes = archive::piece(&mut file, archive.pickle.start, length).map_err(io)?;
        let state = pickle::read(&bytes).map_err(|error| refusal(error, path))?;
        let (mut tensors, mut faulty) = (BTreeMap::new(), BTreeMap::new());
        for (name, stored) in state {
            match self::place(&stored, &archive) {
                Ok(tensor) => drop(tensors.insert(name, tensor)),
                Err(fault) => drop(faulty.insert(name, fault)),
            }
        }
        let prefix = clip(archive.prefix.trim_end_matches('/'));
        let file_bytes = file.seek(std::io::SeekFrom::End(0)).map_err(io)?;
        Ok(Self { path: path.to_owned(), prefix, tensors, faulty, file_bytes })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's name when it was saved, without its ending, as `torch.save` notes it.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// All tensors of the model's state by name (`image_encoder.…`, `prompt_encoder.…`, `mask_decoder.…`;
    /// a `module.` prefix is taken off).
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }

    /// The tensor with this name, if it is there and can be used.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// The tensor with this name.
    ///
    /// # Errors
    /// If there is none, or one that can't be used: which, and why.
    pub fn require(&self, name: &str) -> Result<&Tensor, CheckpointError> {
        if let Some(tensor) = self.tensors.get(name) {
            return Ok(tensor);
        }
        let (fault, name, path) = (self.faulty.get(name), clip(name), self.path.clone());
        Err(match fault {
            Some(fault) => CheckpointError::Tensor { fault: fault.clone(), name, path },
            None => CheckpointError::Missing { name, path },
        })
    }

    /// Numbers in all usable tensors.
    pub fn parameters(&self) -> u64 {
        self.tensors.values().map(Tensor::elements).sum()
    }

    /// Bytes of the file.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Reads all of the file and compares every entry with the checksum that was saved with it (CRC-32), where
    /// there is one: `torch.save` may be told not to compute them.
    pub fn verify(&self, cancel: &CancelToken) -> Result<(), CheckpointError> {
        let file = private_copy::open(&self.path)
            .map_err(|source| CheckpointError::Io { source, path: self.path.clone() })?;
        archive::verify(BufReader::with_capacity(1 << 18, file), &self.path, cancel)
    }

    /// SHA-256 of the file, in hexadecimal. Progress is in bytes.
    pub fn sha256(
        &self,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<String, CheckpointError> {
        let hash = super::digest::sha256(&self.path, cancel, progress);
        Ok(hash.map_err(|source| CheckpointError::Io { source, path: self.path.clone() })??)
    }
}

fn refusal(error: PickleError, path: &Path) -> CheckpointError {
    let path = path.to_owned();
    match error {
        PickleError::TooLarge(what) => CheckpointError::TooLarge { what, path },
        PickleError::NoState => CheckpointError::NoState(path),
        damaged @ PickleError::Damaged { .. } => {
            CheckpointError::Damaged { message: damaged.to_string(), path }
        }
    }
}

/// Where a tensor lies in the file, if it can be used as it lies there.
fn place(stored: &Stored, archive: &Archive) -> Result<Tensor, TensorFault> {
    let dtype =
        DType::named(stored.dtype).ok_or_else(|| TensorFault::DType(type_name(stored.dtype)))?;
    let storage = archive.storage(stored.key);
    let storage =
        storage.ok_or_else(|| TensorFault::NoData(format!("data/{}", clip(stored.key))))?;
    let there = storage.end - storage.start;
    let size = u128::from(dtype.size());
    // An untyped storage counts bytes.
    let whole = u128::from(stored.count);
    if ![whole, whole * size].contains(&u128::from(there)) {
        return Err(TensorFault::Length { wanted: whole * size, found: there });
    }
    let mut elements = 1_u128;
    for (length, stride) in stored.shape.iter().zip(&stored.stride).rev() {
        // Along a dimension of one element the step means nothing.
        if *length != 1 && u128::from(*stride) != elements {
            return Err(TensorFault::NotContiguous);
        }
        elements = elements.saturating_mul(u128::from(*length));
    }
    let begin = u128::from(stored.offset) * size;
    let wanted = elements.saturating_mul(size).saturating_add(begin);
    let beyond = TensorFault::OutOfRange { wanted, there };
    if wanted > u128::from(there) {
        return Err(beyond);
    }
    let shape: Result<Vec<usize>, _> = stored.shape.iter().map(|n| usize::try_from(*n)).collect();
    Ok(Tensor {
        dtype,
        shape: shape.map_err(|_| beyond)?,
        offset: storage.start + begin as u64,
        bytes: (elements * size) as u64,
    })
}

/// PyTorch's name of an element type, from that of its storage class.
fn type_name(class: &str) -> String {
    let known = match class {
        "DoubleStorage" => "float64",
        "LongStorage" => "int64",
        "IntStorage" => "int32",
        "ShortStorage" => "int16",
        "CharStorage" => "int8",
        "ByteStorage" => "uint8",
        "BoolStorage" => "bool",
        "ComplexFloatStorage" => "complex64",
        "ComplexDoubleStorage" => "complex128",
        other => other,
    };
    clip(known)
}

/// The beginning of a text that comes from the file, fit for a line of a message: no control characters, no
/// line or direction of its own, no endless line. What it costs doesn't depend on the text's length.
fn clip(text: &str) -> String {
    const LONGEST: usize = 100;
    let hidden = |c: &char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut clipped: String = text.chars().take(LONGEST).filter(|c| !hidden(c)).collect();
    if text.chars().nth(LONGEST).is_some() {
        clipped.push('…');
    }
    clipped
}
