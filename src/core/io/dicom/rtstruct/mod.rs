//! RT Structure Sets (PS3.3 A.19, C.8.8.5, C.8.8.6): contours on the slices of a scan, to labels and back.

mod fill;
mod outline;
mod planes;
mod read;
mod tally;
mod write;

pub(super) use read::{names, read};
pub(super) use write::StructureSetWriter;
