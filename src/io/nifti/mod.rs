//! NIfTI-1 and NIfTI-2: single files and header/image pairs, plain or gzip, both byte orders.
//! Layout: <https://nifti.nimh.nih.gov/nifti-1> and `nifti2.h`.

mod encode;
mod header;
mod offset;
mod open;
mod place;
mod raw;
mod told;
mod voxels;

pub(super) use encode::{Plan, WRITTEN_BY};
pub(super) use open::Opened;
pub use open::open_volume;
pub(super) use place::{by_qform, place, spacing, unit_mm};
pub(super) use told::{number, spacing_of};
