use std::path::PathBuf;

use super::checkpoint::CheckpointError;
use super::remote::RemoteError;
use crate::placeholder::Placeholder;
use crate::prompt::{PromptLog, ShapeKinds};
use crate::text::bytes;
use crate::work::Cancelled;
use crate::work::memory::{Free, Short};

/// One line for the user: what is wrong, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// Somebody asked for it to stop.
    #[error("cancelled")]
    Cancelled,
    /// No ONNX Runtime could be loaded; what was tried, in order.
    #[error(
        "ONNX Runtime was not found, so segmentation is off (the viewer works): let Voxpoint fetch it (Get ONNX Runtime), or set ORT_DYLIB_PATH to libonnxruntime.so; tried {tried}"
    )]
    NoRuntime {
        /// One entry for each place, with what went wrong there.
        tried: String,
    },
    /// A library was loaded but can't be used; the process keeps it, so no other was tried.
    #[error(
        "ONNX Runtime was loaded but does not start ({message}), so segmentation is off (the viewer works): set ORT_DYLIB_PATH to another libonnxruntime.so and start Voxpoint again: {}", path.display()
    )]
    RuntimeDoesNotStart {
        /// What it says.
        message: String,
        /// The library.
        path: PathBuf,
    },
    /// The runtime could not be fetched.
    #[error("ONNX Runtime could not be installed: {0}")]
    Install(String),
    /// No such model.
    #[error("no model there: a checkpoint (.pth) or a folder with encoder.onnx and decoder.onnx is needed: {}", .0.display())]
    NoModel(PathBuf),
    /// A link to nothing, or a pointer to content that was not fetched.
    #[error("{what}: {}", path.display())]
    Placeholder {
        /// Which.
        what: Placeholder,
        /// Where.
        path: PathBuf,
    },
    /// The model that ships with the program is not where it should be.
    #[error(
        "the demo model was not found: set VOXPOINT_MODELS to the folder that holds demo/encoder.onnx, or choose a model in the Segment menu"
    )]
    NoDemoModel,
    /// A checkpoint that can't be used.
    #[error(transparent)]
    Weights(#[from] CheckpointError),
    /// A server that can't be used, or does not answer as it should.
    #[error(transparent)]
    Remote(RemoteError),
    /// ONNX Runtime refuses the file.
    #[error("not a usable ONNX model ({message}): {}", path.display())]
    BadModel {
        /// What ONNX Runtime says.
        message: String,
        /// The file.
        path: PathBuf,
    },
    /// A readable model with other inputs or outputs than a promptable segmenter has.
    #[error("the model does not fit: expected {expected}, found {found}: {}", path.display())]
    Contract {
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
        /// The file, or the address of a server's model.
        path: PathBuf,
    },
    /// CUDA was asked for and does not work.
    #[error("CUDA cannot be used ({0}): choose the device `auto` or `cpu`")]
    Cuda(String),
    /// There is too little memory to load or to run it.
    #[error("the model {0}, or choose a smaller model")]
    Short(#[from] Short),
    /// ONNX Runtime was refused memory.
    #[error(
        "the model was refused memory{}, {} {} are left; {}, or choose a smaller model",
        asked(*.requested), bytes(.free.bytes), .free.bound, .free.bound.advice()
    )]
    NoMemory {
        /// Bytes that were asked for at once, where it says.
        requested: Option<u64>,
        /// What there was just after.
        free: Free,
    },
    /// The model failed while it ran.
    #[error("the model failed: {0}")]
    Run(String),
    /// A click beside the scan.
    #[error(
        "click {number} at ({:.1}, {:.1}, {:.1}) mm lies outside the volume: click inside it", at[0], at[1], at[2]
    )]
    OutsideVolume {
        /// Which click, from 1.
        number: usize,
        /// Where, RAS mm.
        at: [f64; 3],
    },
    /// A negative click where the object has no mask to take away from.
    #[error(
        "click {number} at ({:.1}, {:.1}, {:.1}) mm is negative, but the model has not looked there, so there is nothing to take away: click inside the dashed squares", at[0], at[1], at[2]
    )]
    OutsideCrop {
        /// Which click, from 1.
        number: usize,
        /// Where, RAS mm.
        at: [f64; 3],
    },
    /// It was asked to follow a mask.
    #[error(
        "this model does not follow masks beyond what it looks at: click where the mask is to go on"
    )]
    NoExtending,
    /// Prompts that are more than points, of kinds that the model does not take.
    #[error(
        "the model takes no such prompts as the object has (boxes: {}, scribbles: {}, lassos: {}): use a model that takes them, or leave them out", .0[0], .0[1], .0[2]
    )]
    ShapesNotTaken([usize; 3]),
    /// A box, scribble or lasso (which prompt, from 1) beside the image.
    #[error(
        "what was drawn as prompt {0} lies outside of the image that the model looks at: remove it, or draw it within"
    )]
    ShapeOutside(usize),
    /// A box (which prompt, from 1) in a slice of the scan, and the image has other ones.
    #[error(
        "prompt {0} is a box in a slice of the scan, but the model looks at an image with other slices: draw a scribble or a lasso instead"
    )]
    BoxBetweenSlices(usize),
    /// The first prompt excludes.
    #[error("the first click of an object must be positive: click inside the structure first")]
    FirstNegative,
    /// Nothing to normalise with.
    #[error(
        "no voxel above 0 in what the model sees around the click, so the image cannot be normalised: click on tissue, or check that the file's intensities are right"
    )]
    NothingPositive,
    /// All voxels that count are alike.
    #[error(
        "all voxels above 0 in what the model sees around the click have the same value ({0}), so there is nothing to segment: is this a label map?"
    )]
    Constant(f64),
}

/// That a model which takes these shapes takes all prompts of a log.
///
/// # Errors
/// If it does not: how many are others.
pub(super) fn check_shapes(log: &PromptLog, taken: ShapeKinds) -> Result<(), SegmentError> {
    match log.shapes_beside(taken) {
        [0, 0, 0] => Ok(()),
        others => Err(SegmentError::ShapesNotTaken(others)),
    }
}

impl From<Cancelled> for SegmentError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<RemoteError> for SegmentError {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Cancelled => Self::Cancelled,
            other => Self::Remote(other),
        }
    }
}

impl SegmentError {
    /// What ONNX Runtime's words mean if they are about memory.
    pub(super) fn of_memory(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        // In turn: its arenas, C++, the system. What a graphics card has not is another matter.
        let words = ["failed to allocate memory", "bad allocation", "bad_alloc", "out of memory"];
        if text.contains("cuda") || !words.iter().any(|word| text.contains(word)) {
            return None;
        }
        let size = text.split_once("requested buffer of size ").map(|(_, size)| size);
        let digits = size.map(|s| s.chars().take_while(char::is_ascii_digit).collect::<String>());
        Some(Self::NoMemory { requested: digits.and_then(|d| d.parse().ok()), free: Free::now() })
    }
}

fn asked(requested: Option<u64>) -> String {
    requested.map_or(String::new(), |n| format!(" ({} at once)", bytes(n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_memory_is_told_from_other_failures() {
        // As ONNX Runtime 1.20 says it; what matters comes after its first 200 characters.
        let arena = "Non-zero status code returned while running Conv node. Name:'/enc/conv' Status Message: \
            /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* \
            onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to \
            allocate memory for requested buffer of size 1073741824";
        let table = [
            (arena, Some(Some(1_073_741_824))),
            ("std::bad_alloc", Some(None)),
            ("Exception during initialization: bad allocation", Some(None)),
            ("CUDA failure 2: out of memory ; GPU=0", None),
            ("Load model from a.onnx failed: Protobuf parsing failed.", None),
            ("", None),
        ];
        for (text, expected) in table {
            let found = SegmentError::of_memory(text);
            let requested = match &found {
                Some(SegmentError::NoMemory { requested, .. }) => Some(*requested),
                _ => None,
            };
            assert_eq!(requested, expected, "{text}");
        }
        let said = SegmentError::of_memory(arena).map(|e| e.to_string()).unwrap_or_default();
        assert!(said.starts_with("the model was refused memory (1.1 GB at once), "), "{said}");
    }
}
