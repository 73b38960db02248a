//! DICOM segmentations (PS3.3 A.51, C.8.20; label maps: Supplement 243): read to labels, written for a scan.

mod bits;
mod place;
mod read;
mod segments;
mod write;

pub(super) use read::{Segmentation, read};
pub(super) use segments::names;
pub(super) use write::{LabelMapWriter, SegWriter};
