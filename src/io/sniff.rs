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

/// The header's stated size and its magic must agree.
fn nifti(head: &[u8]) -> Option<Content> {
    let (size, endian) = size_of_header(head)?;
    if size == 540 {
        let magic = head.get(4..8)?;
        return matches!(magic, b"n+2\0" | b"ni2\0").then_some(Content::Nifti2(endian));
    }
    let magic = head.get(344..348)?;
    matches!(magic, b"n+1\0" | b"ni1\0").then_some(Content::Nifti1(endian))
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
    }
}
