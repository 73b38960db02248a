//! `FreeSurfer`'s MGH, compressed as MGZ.
//! Layout: <https://surfer.nmr.mgh.harvard.edu/fswiki/FsTutorial/MghFormat>; nibabel reads the same.

mod header;
mod read;
mod write;

use super::format::Format;

/// What the format is called.
const NAME: &str = "MGH";

/// Bytes before the first voxel.
const HEADER: usize = 284;

/// The name under which the numbers after the voxels are carried on.
const PARAMETERS: &str = "MGH scan parameters";

/// MGH, read and written.
pub(super) fn format() -> Format {
    Format { reader: Some(Box::new(read::MghReader)), writer: Some(Box::new(write::MghWriter)) }
}
