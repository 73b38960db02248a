//! NIfTI-1 and NIfTI-2: single files and header/image pairs, plain or gzip, both byte orders.
//! Layout: <https://nifti.nimh.nih.gov/nifti-1> and `nifti2.h`.

mod analyze;
mod encode;
mod file;
mod header;
mod offset;
mod place;
mod placement;
mod raw;
mod read;
mod sniff;
mod write;

use super::format::Format;
pub(super) use analyze::format as analyze;
pub(super) use place::{by_qform, place, spacing, unit_mm};

/// NIfTI, read and written.
pub(super) fn format() -> Format {
    Format { reader: Some(Box::new(read::NiftiReader)), writer: Some(Box::new(write::NiftiWriter)) }
}
