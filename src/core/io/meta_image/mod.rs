//! `MetaImage`, its voxels in the same file or in others.
//! Layout: <https://itk.org/Wiki/ITK/MetaIO/Documentation>; where it leaves something open, what ITK does.

mod header;
mod place;
mod read;
mod write;

use super::format::Format;

/// What the format is called.
const NAME: &str = "MetaImage";

/// `MetaImage`, read and written.
pub(super) fn format() -> Format {
    Format {
        reader: Some(Box::new(read::MetaImageReader)),
        writer: Some(Box::new(write::MetaImageWriter)),
    }
}
