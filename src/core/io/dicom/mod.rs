//! DICOM images (PS3.3, PS3.5, PS3.10): CT, MR, PET, NM, enhanced multi-frame, secondary capture; from a file, a series,
//! a folder, an archive or an index. Labels of them: segmentations and the contours of RT Structure Sets, read and
//! written. Decoded by `dicom-object` (headers), `jpeg2k` with `openjp2`, `pure_jpegls` and `oxiarc-jpeg`.
//!
//! Slices lie where Image Position (Patient) says, projected on the normal; never by slice thickness or number. What is
//! missing is shown empty and named, what is uneven is refused, or resampled when asked: slices are never closed up.
//! Nothing that names or describes a patient is kept in a volume; lists have it for the screen (`heading`).

mod assemble;
mod attributes;
mod blend;
mod buffered;
mod class;
mod codec;
mod directory;
mod frames;
mod heading;
mod instance;
mod label_files;
#[cfg(test)]
mod label_tests;
mod list;
mod opened;
mod origin;
mod out;
mod own_block;
mod padding;
mod palette;
mod parse;
mod picture;
mod pixels;
mod read;
mod rtstruct;
mod scan;
mod seg;
mod stack;
mod structure;
mod suv;
#[cfg(test)]
mod tests;

use super::format::Format;

/// What the format is called.
const NAME: &str = "DICOM";

/// DICOM, read; and segmentations of it, written.
pub(super) fn format() -> Format {
    Format { reader: Some(Box::new(read::DicomReader)), writer: Some(Box::new(seg::SegWriter)) }
}

/// Segmentations of one number for each voxel, written; they are read as any DICOM.
pub(super) fn label_map() -> Format {
    Format { reader: None, writer: Some(Box::new(seg::LabelMapWriter)) }
}

/// RT Structure Sets, written; they are read as any DICOM.
pub(super) fn structure_set() -> Format {
    Format { reader: None, writer: Some(Box::new(rtstruct::StructureSetWriter)) }
}
