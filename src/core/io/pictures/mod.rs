//! Slices as PNG or TIFF pictures: a folder of them in the order in which people count, or one TIFF of several pages.
//! Decoded by `png` and `tiff`. How far apart pixels and slices are is asked; which side is left nobody says.

mod folder;
mod page;
mod read;

use super::format::Format;
pub use read::OF_PICTURES;

/// What the format is called.
const NAME: &str = "PNG and TIFF slices";

/// Pictures, read.
pub(super) fn format() -> Format {
    Format { reader: Some(Box::new(read::PictureReader)), writer: None }
}
