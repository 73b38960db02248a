//! Text files from any editor: which encoding, and which lines.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The text of a file from any editor, and the encoding's name if it had to be guessed from the letters.
pub fn decode(bytes: &[u8]) -> (String, Option<&'static str>) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return (text(encoding, &bytes[mark..]), None);
    }
    if let Some(encoding) = utf_16(bytes) {
        return (text(encoding, bytes), None);
    }
    if let Ok(utf_8) = std::str::from_utf8(bytes) {
        return (utf_8.to_owned(), None);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    (text(encoding, bytes), Some(encoding.name()))
}

fn text(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// UTF-16 without a mark: a table is mostly digits and spaces, of which every other byte is 0.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let zeros = |first: usize| bytes.iter().skip(first).step_by(2).filter(|&&b| b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), bytes.len() / 2);
    match () {
        () if odd * 2 > half && even * 8 < half => Some(UTF_16LE),
        () if even * 2 > half && odd * 8 < half => Some(UTF_16BE),
        () => None,
    }
}

/// The lines with their numbers from 1, whichever way they end: LF, CR LF, or CR alone.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = Some(text);
    let mut number = 0;
    std::iter::from_fn(move || {
        let text = rest?;
        number += 1;
        let (line, after) = match text.find(['\r', '\n']) {
            None => (text, None),
            Some(end) => {
                let after = &text[end..];
                (&text[..end], Some(after.strip_prefix("\r\n").unwrap_or(&after[1..])))
            }
        };
        rest = after;
        Some((number, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways_and_are_counted() {
        let found: Vec<_> = lines("a\r\nb\rc\n\nd").collect();
        assert_eq!(found, [(1, "a"), (2, "b"), (3, "c"), (4, ""), (5, "d")]);
        assert_eq!(lines("").collect::<Vec<_>>(), [(1, "")]);
    }

    /// The bytes are Python's: `"…".encode(name)`.
    #[test]
    fn encodings_are_told_by_marks_zeros_and_letters() {
        let row = "1 9 8 7 1 1 1 \"Größe\"\n";
        let wide = |little: bool| -> Vec<u8> {
            let order = if little { u16::to_le_bytes } else { u16::to_be_bytes };
            row.encode_utf16().flat_map(order).collect()
        };
        let latin_1: Vec<u8> = row.chars().map(|c| c as u8).collect();
        let marked = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        for (bytes, guessed) in [
            (row.as_bytes().to_vec(), None),
            (marked(b"\xef\xbb\xbf", row.as_bytes()), None),
            (marked(b"\xff\xfe", &wide(true)), None),
            (marked(b"\xfe\xff", &wide(false)), None),
            (wide(true), None),
            (wide(false), None),
            (latin_1, Some("windows-1252")),
        ] {
            assert_eq!(decode(&bytes), (row.to_owned(), guessed), "{bytes:x?}");
        }
        // 肝脏 and 左肾 in GBK, among rows as they come.
        let gbk = b"1 9 8 7 1 1 1 \"\xb8\xce\xd4\xe0\"\n2 9 8 7 1 1 1 \"\xd7\xf3\xc9\xf6\"\n";
        let (text, guessed) = decode(gbk);
        assert!(text.contains("肝脏") && text.contains("左肾"), "{text}");
        assert_eq!(guessed, Some("GBK"));
    }
}
