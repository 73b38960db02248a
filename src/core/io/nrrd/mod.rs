//! NRRD, attached and detached; and segmentations of 3D Slicer, which are NRRD with names.
//! Layout: <https://teem.sourceforge.net/nrrd/format.html>; where it leaves something open, what ITK does.

mod axes;
mod fields;
mod header;
#[cfg(test)]
mod layers_tests;
mod place;
mod read;
mod segments;
mod write;

use super::format::Format;

/// What the format is called.
const NAME: &str = "NRRD";

/// NRRD, read and written.
pub(super) fn format() -> Format {
    Format { reader: Some(Box::new(read::NrrdReader)), writer: Some(Box::new(write::NrrdWriter)) }
}

/// 3D Slicer's segmentations, written; they are read as any NRRD.
pub(super) fn segmentation() -> Format {
    Format { reader: None, writer: Some(Box::new(write::SegmentationWriter)) }
}
