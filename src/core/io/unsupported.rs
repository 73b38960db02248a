//! What a file that no reader knows is, by its first bytes.

/// Beginnings of formats that people try to open: where, which bytes, what it is.
const MARKS: &[(usize, &[u8], &str)] = &[
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
    (0, b"\0\0\0\x01\0\0", "a FreeSurfer MGH file that is cut short or damaged"),
];

/// In words that follow "this looks like". `beginning` is inflated.
pub(super) fn looks_like(beginning: &[u8]) -> &'static str {
    for &(at, mark, name) in MARKS {
        if beginning.get(at..at + mark.len()) == Some(mark) {
            return name;
        }
    }
    let text = &beginning[..beginning.len().min(256)];
    if std::str::from_utf8(text).map_or_else(|e| e.valid_up_to() > 250, |_| true)
        && !text.iter().any(|&b| b < 9 || (14..27).contains(&b))
    {
        return "a text file";
    }
    "data of an unknown kind"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_has_the_last_word() {
        for (beginning, name) in [
            (b"BZh91AY&SY".as_slice(), "a bzip2-compressed file"),
            ("Grüße\n".as_bytes(), "a text file"),
            (&[0x80, 1, 2], "data of an unknown kind"),
        ] {
            assert_eq!(looks_like(beginning), name, "{beginning:?}");
        }
    }
}
