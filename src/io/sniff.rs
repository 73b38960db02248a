//! What a file is, by its first bytes.

/// Byte order of the numbers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl Endian {
    /// That of this machine.
    pub(super) const NATIVE: Endian =
        if cfg!(target_endian = "little") { Endian::Little } else { Endian::Big };
}

/// What the (inflated) beginning of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Nifti1(Endian),
    Nifti2(Endian),
    /// Something else, in words that follow "this looks like".
    Other(&'static str),
}

/// Beginnings of formats people try to open. NIfTI itself has its mark further in.
const MARKS: &[(usize, &[u8], &str)] = &[
    (128, b"DICM", "a DICOM file"),
    (0, b"NRRD", "an NRRD file"),
    (0, b"ObjectType", "a MetaImage file"),
    (0, b"NDims", "a MetaImage file"),
    (0, b"BZh", "a bzip2-compressed file"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd-compressed file"),
    (0, b"\xfd7zXZ\0", "an xz-compressed file"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"\x89HDF", "an HDF5 or MINC 2 file"),
    (0, b"CDF\x01", "a MINC file"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x1f\x8b", "a file that was compressed twice"),
    (4, b"n+2\0\r\n\x1a\n", "a NIfTI-2 file with a damaged header (its size is not 540)"),
    // FreeSurfer MGH: version 1, big-endian, then dimensions below 65536.
    (0, b"\0\0\0\x01\0\0", "a FreeSurfer MGH or MGZ file"),
];

/// `head` is the beginning of the file, inflated; 544 bytes are enough.
pub(super) fn sniff(head: &[u8]) -> Content {
    if let Some(found) = nifti(head) {
        return found;
    }
    for &(at, mark, name) in MARKS {
        if head.get(at..at + mark.len()) == Some(mark) {
            return Content::Other(name);
        }
    }
    if size_of_header(head) == Some((348, Endian::Little))
        || size_of_header(head) == Some((348, Endian::Big))
    {
        // ANALYZE says nothing about left and right: reading it would be guessing.
        return Content::Other(
            "an ANALYZE 7.5 file or a NIfTI file with a damaged header (no NIfTI mark)",
        );
    }
    if std::str::from_utf8(&head[..head.len().min(256)])
        .map_or_else(|e| e.valid_up_to() > 250, |_| true)
        && !head.iter().take(256).any(|&b| b < 9 || (14..27).contains(&b))
    {
        return Content::Other("a text file");
    }
    Content::Other("data of an unknown kind")
}

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
fn nifti(head: &[u8]) -> Option<Content> {
    let size = size_of_header(head);
    if let Some((540, endian)) = size
        && matches!(head.get(4..8)?, b"n+2\0" | b"ni2\0")
    {
        let line_ends = matches!(head.get(8..12)?, b"\r\n\x1a\n" | [0, 0, 0, 0]);
        return Some(if line_ends { Content::Nifti2(endian) } else { Content::Other(TEXT_MODE) });
    }
    if !matches!(head.get(344..348)?, b"n+1\0" | b"ni1\0") {
        return None;
    }
    let by_size = size.map(|(_, order)| order);
    let order = dimension_order(head).or(by_size);
    Some(order.map_or(Content::Other(DAMAGED), Content::Nifti1))
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
    fn content_has_the_last_word() {
        let mut dicom = vec![0; 200];
        dicom[128..132].copy_from_slice(b"DICM");
        assert_eq!(sniff(&dicom), Content::Other("a DICOM file"));
        assert_eq!(sniff(b"BZh91AY&SY"), Content::Other("a bzip2-compressed file"));
        assert_eq!(sniff("Grüße\n".as_bytes()), Content::Other("a text file"));
        assert_eq!(sniff(&[0x80, 1, 2]), Content::Other("data of an unknown kind"));
        let mut header = vec![0; 348];
        header[..4].copy_from_slice(&348i32.to_be_bytes());
        assert!(matches!(sniff(&header), Content::Other(name) if name.contains("ANALYZE")));
        header[344..].copy_from_slice(b"n+1\0");
        assert_eq!(sniff(&header), Content::Nifti1(Endian::Big));
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
            let found = sniff(&header);
            let meant = endian.map_or(Content::Other(DAMAGED), Content::Nifti1);
            assert_eq!(found, meant, "{size}, {dimensions:?}");
        }
    }
}
