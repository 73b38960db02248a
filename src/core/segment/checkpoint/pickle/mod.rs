//! What a checkpoint's pickle says about its tensors.
//!
//! A pickle is a program for a stack machine that can call anything. Here it is interpreted, never
//! executed: tensors, tuples, dictionaries, whole numbers and texts mean something, everything else
//! (an optimiser's state, `argparse.Namespace`, numpy's scalars) becomes [`Value::Opaque`].
//!
//! Memory is bounded by the pickle's length: an opcode makes at most one value, a value is a few words,
//! text stays where it is, and what is used twice is shared (values name containers by number). Nothing
//! is recursive, so no nesting, however deep, can exhaust the stack.

mod machine;
mod reader;
mod value;

use std::collections::BTreeMap;

use machine::Machine;
pub(super) use value::Stored;
use value::{Heap, Value};

/// Longer than any pickle beside weights: SAM-Med3D's is 56 kB.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// Bytes of a tensor's or storage's name: SAM-Med3D's longest has 80. A pickle may use one text any number of
/// times, so whatever is done with a name must not cost much.
const MAX_NAME: usize = 1 << 10;

/// Why a pickle can't be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PickleError {
    /// A limit was passed.
    #[error("{0}")]
    TooLarge(String),
    /// It makes no sense.
    #[error("byte {at} of data.pkl: {what}")]
    Damaged { at: usize, what: String },
    /// There are no named tensors in it.
    #[error("no weights")]
    NoState,
}

/// The tensors of the model's state by name: under `model_state_dict`, `state_dict`, or at the top.
/// A `module.` before a name (of `DataParallel`) is taken off. Names over 1 KiB are nobody's and are left out.
pub(super) fn read(pickle: &[u8]) -> Result<BTreeMap<String, Stored<'_>>, PickleError> {
    if pickle.len() > MAX_BYTES {
        return Err(too_large(pickle.len() as u64));
    }
    let (top, heap) = Machine::new(pickle).run()?;
    let state = state_of(top, &heap).ok_or(PickleError::NoState)?;
    Ok(state)
}

/// A pickle of so many bytes.
pub(super) fn too_large(length: u64) -> PickleError {
    PickleError::TooLarge(format!("a pickle of {} MB", length >> 20))
}

fn state_of<'a>(top: Value<'a>, heap: &Heap<'a>) -> Option<BTreeMap<String, Stored<'a>>> {
    let inner = ["model_state_dict", "state_dict"]
        .into_iter()
        .find_map(|key| heap.lookup(top, key).filter(|v| matches!(v, Value::Dict(_))));
    // The last of several counts; only then are names and shapes copied.
    let mut last: BTreeMap<&str, &Stored<'a>> = BTreeMap::new();
    for (name, value) in heap.items(inner.unwrap_or(top))? {
        if let Some(tensor) = heap.tensor(*value) {
            last.insert(name.strip_prefix("module.").unwrap_or(name), tensor);
        }
    }
    let own = |(name, tensor): (&str, &Stored<'a>)| (name.to_owned(), tensor.clone());
    (!last.is_empty()).then(|| last.into_iter().map(own).collect())
}

#[cfg(test)]
mod tests;
