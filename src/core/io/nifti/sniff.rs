//! Whether a file is NIfTI, by its first bytes.

use super::super::voxels::Endian;

/// What the format is called.
pub(super) const NAME: &str = "NIfTI";

/// What the (inflated) beginning of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Nifti1(Endian),
    Nifti2(Endian),
    /// Something like NIfTI that can't be read, in words that follow "this looks like".
    Unreadable(&'static str),
    Other,
}

/// `head` is the beginning of the file, inflated; 544 bytes are enough.
pub(super) fn content(head: &[u8]) -> FileKind {
    if let Some(found) = nifti(head) {
        return found;
    }
    if head.get(4..12) == Some(b"n+2\0\r\n\x1a\n") {
        return FileKind::Unreadable(WRONG_SIZE);
    }
    match size_of_header(head) {
        // ANALYZE says nothing about left and right: reading it would be guessing.
        Some((348, _)) => FileKind::Unreadable(ANALYZE),
        _ => FileKind::Other,
    }
}

const WRONG_SIZE: &str = "a NIfTI-2 file with a damaged header (its size is not 540)";

const ANALYZE: &str = "an ANALYZE 7.5 file or a NIfTI file with a damaged header (no NIfTI mark)";

fn size_of_header(head: &[u8]) -> Option<(i32, Endian)> {
    let first: [u8; 4] = head.get(..4)?.try_into().ok()?;
    for (size, endian) in
        [(i32::from_le_bytes(first), Endian::Little), (i32::from_be_bytes(first), Endian::Big)]
    {
        if size == 348 || size == 540 {
            return Some((size, endian));
        }
    }
    None
}

/// The mark tells, and the number of dimensions gives the byte order, as in nibabel and ITK: the stated size
/// of the header need not be right (0 and 352 are written). Of NIfTI-2, whose mark lies where NIfTI-1 has
/// other fields, it must be.
fn nifti(head: &[u8]) -> Option<FileKind> {
    let size = size_of_header(head);
    if let Some((540, endian)) = size
        && matches!(head.get(4..8)?, b"n+2\0" | b"ni2\0")
    {
        let line_ends = matches!(head.get(8..12)?, b"\r\n\x1a\n" | [0, 0, 0, 0]);
        return Some(if line_ends {
            FileKind::Nifti2(endian)
        } else {
            FileKind::Unreadable(TEXT_MODE)
        });
    }
    if !matches!(head.get(344..348)?, b"n+1\0" | b"ni1\0") {
        return None;
    }
    let by_size = size.map(|(_, order)| order);
    let order = dimension_order(head).or(by_size);
    Some(order.map_or(FileKind::Unreadable(DAMAGED), FileKind::Nifti1))
}

/// The line ends after the mark of NIfTI-2 are there to show it.
const TEXT_MODE: &str = "a NIfTI-2 file whose bytes were changed by a transfer as text (damaged)";

/// What has the mark, but neither a size of the header nor a number of dimensions.
const DAMAGED: &str = "a NIfTI file with a damaged header";

/// The byte order in which a NIfTI-1 header has one to seven dimensions.
fn dimension_order(head: &[u8]) -> Option<Endian> {
    let count: [u8; 2] = head.get(40..42)?.try_into().ok()?;
    let orders =
        [(i16::from_le_bytes(count), Endian::Little), (i16::from_be_bytes(count), Endian::Big)];
    orders.into_iter().find(|(n, _)| (1..=7).contains(n)).map(|(_, order)| order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_and_the_dimensions_tell() {
        assert_eq!(content(b"BZh91AY&SY"), FileKind::Other);
        let mut header = vec![0; 348];
        header[..4].copy_from_slice(&348i32.to_be_bytes());
        assert_eq!(content(&header), FileKind::Unreadable(ANALYZE));
        header[344..].copy_from_slice(b"n+1\0");
        assert_eq!(content(&header), FileKind::Nifti1(Endian::Big));
        for (size, dimensions, endian) in [
            // As nibabel and SimpleITK: the stated size need not be one.
            (348, [3, 0], Some(Endian::Little)),
            (348, [0, 3], Some(Endian::Big)),
            (348, [0, 0], Some(Endian::Big)),
            (0, [3, 0], Some(Endian::Little)),
            (0, [0, 3], Some(Endian::Big)),
            (352, [7, 0], Some(Endian::Little)),
            (540, [0, 1], Some(Endian::Big)),
            (999, [0, 8], None),
            (0, [0, 0], None),
        ] {
            header[..4].copy_from_slice(&i32::to_be_bytes(size));
            header[40..42].copy_from_slice(&dimensions);
            let found = content(&header);
            let meant = endian.map_or(FileKind::Unreadable(DAMAGED), FileKind::Nifti1);
            assert_eq!(found, meant, "{size}, {dimensions:?}");
        }
    }
}
