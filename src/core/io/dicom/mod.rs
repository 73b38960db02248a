//! DICOM images (PS3.3, PS3.5, PS3.10): CT, MR, PET, NM, enhanced multi-frame, secondary capture; from a file, a series
//! or a folder. Decoded by `dicom-object` (headers), `jpeg2k` with `openjp2`, `pure_jpegls` and `oxiarc-jpeg`.
//!
//! Slices lie where Image Position (Patient) says, projected on the normal; never by slice thickness or number. What is
//! missing is shown empty and named, what is uneven is refused: slices are never closed up. Nothing that names or
//! describes a patient is kept.

mod attributes;
mod codec;
mod frames;
mod instance;
mod parse;
mod pixels;
mod read;
mod scan;
mod stack;
mod structure;
#[cfg(test)]
mod tests;

use super::format::Format;

/// DICOM, read.
pub(super) fn format() -> Format {
    Format { reader: Some(Box::new(read::DicomReader)), writer: None }
}
