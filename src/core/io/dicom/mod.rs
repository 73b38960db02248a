//! DICOM images (PS3.3, PS3.5, PS3.10): CT, MR, PET, NM, enhanced multi-frame, secondary capture; from a file, a series,
//! a folder, an archive or an index. Decoded by `dicom-object` (headers), `jpeg2k` with `openjp2`, `pure_jpegls` and
//! `oxiarc-jpeg`.
//!
//! Slices lie where Image Position (Patient) says, projected on the normal; never by slice thickness or number. What is
//! missing is shown empty and named, what is uneven is refused, or resampled when asked: slices are never closed up.
//! Nothing that names or describes a patient is kept in a volume; lists have it for the screen (`heading`).

mod assemble;
mod attributes;
mod blend;
mod codec;
mod directory;
mod frames;
mod heading;
mod instance;
mod list;
mod opened;
mod origin;
mod parse;
mod picture;
mod pixels;
mod read;
mod scan;
mod stack;
mod structure;
mod suv;
#[cfg(test)]
mod tests;

use super::format::Format;

/// What the format is called.
const NAME: &str = "DICOM";

/// DICOM, read.
pub(super) fn format() -> Format {
    Format { reader: Some(Box::new(read::DicomReader)), writer: None }
}
