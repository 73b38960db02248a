//! The palette of images whose pixels are numbers of colours (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6), also one that is written
//! in segments (C.7.9.2). Of each colour the luminance is kept, as of other files with colours.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::attributes::Attributes;

/// Where each colour is described, its values are, and its segments are.
const COLOURS: [[Tag; 3]; 3] = [
    [
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ],
    [
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ],
    [
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ],
];

/// The luminance of each colour of a palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Palette {
    /// The number of the first.
    first: i64,
    luma: Vec<u16>,
    /// They have 16 bits, else 8.
    pub wide: bool,
}

impl Palette {
    /// That of a file; `None` if it has none.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn of(said: Attributes) -> Result<Option<Self>, String> {
        let signed = said.whole(tags::PIXEL_REPRESENTATION) == Some(1);
        let mut tables = Vec::new();
        for [descriptor, values, segments] in COLOURS {
            let Some(described) = Described::of(said, descriptor, signed) else { return Ok(None) };
            let table = if let Some(bytes) = bytes(said, values) {
                described.table(&bytes)?
            } else if let Some(bytes) = bytes(said, segments) {
                described.expanded(&bytes)?
            } else {
                return Ok(None);
            };
            tables.push((described, table));
        }
        let [(red, r), (green, g), (blue, b)] = &*tables else { return Ok(None) };
        if [green, blue].iter().any(|other| (other.first, other.count) != (red.first, red.count)) {
            return Err("its palette has another number of one colour than of another".into());
        }
        let wide = [r, g, b].iter().any(|table| table.wide);
        let luma = r.values.iter().zip(&g.values).zip(&b.values).map(|((r, g), b)| {
            let [r, g, b] = [r, g, b].map(|n| f64::from(*n));
            (0.299 * r + 0.587 * g + 0.114 * b + 0.5) as u16
        });
        Ok(Some(Self { first: red.first, luma: luma.collect(), wide }))
    }

    /// The luminance of a number; those before the first and behind the last colour have that.
    pub fn luma(&self, number: i64) -> u16 {
        let at = number.saturating_sub(self.first).max(0) as usize;
        self.luma.get(at).or(self.luma.last()).copied().unwrap_or_default()
    }
}

fn bytes(said: Attributes, tag: Tag) -> Option<Vec<u8>> {
    // Words in the order of this machine's bytes, whatever that of the file's is.
    let words = said.0.get(tag)?.to_bytes().ok()?.into_owned();
    (!words.is_empty()).then_some(words)
}

/// What is said of the table of a colour.
struct Described {
    count: usize,
    first: i64,
    wide: bool,
}

/// The values of a colour. `wide`: of 16 bits.
struct Table {
    values: Vec<u16>,
    wide: bool,
}

impl Described {
    fn of(said: Attributes, tag: Tag, signed: bool) -> Option<Self> {
        let &[count, first, bits] = &*said.numbers(tag) else { return None };
        // Both are 16 bits, read with or without a sign by what the file's writer took them for.
        let word = |n: f64| (n as i64).rem_euclid(1 << 16) as u16;
        let count = match word(count) {
            0 => 1 << 16,
            n => n.into(),
        };
        let first = word(first);
        let first = if signed { i64::from(first.cast_signed()) } else { first.into() };
        Some(Self { count, first, wide: bits > 8.0 })
    }

    /// Values one after another: of 8 bits, also in words of 16 each.
    fn table(&self, bytes: &[u8]) -> Result<Table, String> {
        // (One of 8 bits is filled up to an even length.)
        let wide = self.wide || self.count > 1 && bytes.len() >= 2 * self.count;
        let values = entries(bytes, wide);
        if values.len() < self.count {
            return Err(self.short(values.len()));
        }
        Ok(Table { values: values[..self.count].to_vec(), wide })
    }

    fn short(&self, found: usize) -> String {
        format!("its palette claims {} colours and has {found}", self.count)
    }

    fn expanded(&self, bytes: &[u8]) -> Result<Table, String> {
        let entries = entries(bytes, self.wide);
        let mut values = Vec::new();
        let mut at = 0;
        // An odd number of bytes is filled up with one that begins nothing.
        while values.len() < self.count && at + 1 < entries.len() {
            at = self.segment(&entries, at, &mut values, true)?;
        }
        if values.len() < self.count {
            return Err(self.short(values.len()));
        }
        values.truncate(self.count);
        Ok(Table { values, wide: self.wide })
    }

    /// Adds the values of the segment that begins at `at`; where the next does. `again`: it may name others to be
    /// repeated.
    fn segment(
        &self,
        entries: &[u16],
        at: usize,
        values: &mut Vec<u16>,
        again: bool,
    ) -> Result<usize, String> {
        let cut = || "a segment of its palette is cut short".to_owned();
        let entry = |at: usize| entries.get(at).copied().ok_or_else(cut);
        let (kind, length) = (entry(at)?, usize::from(entry(at + 1)?));
        match kind {
            0 => {
                let own = entries.get(at + 2..at + 2 + length).ok_or_else(cut)?;
                values.extend_from_slice(own);
                Ok(at + 2 + length)
            }
            1 => {
                let last =
                    values.last().ok_or("its palette begins with a line to its first colour")?;
                let (from, to) = (f64::from(*last), f64::from(entry(at + 2)?));
                let step = |n: usize| from + (to - from) * n as f64 / length as f64;
                values.extend((1..=length).map(|n| step(n).round() as u16));
                Ok(at + 3)
            }
            2 if again => {
                let words = if self.wide { 2 } else { 4 };
                let bits = if self.wide { 16 } else { 8 };
                let mut offset = 0;
                for n in 0..words {
                    offset |= usize::from(entry(at + 2 + n)?) << (bits * n);
                }
                // Counted in bytes.
                let mut next = if self.wide { offset / 2 } else { offset };
                for _ in 0..length {
                    if values.len() >= self.count {
                        break;
                    }
                    next = self.segment(entries, next, values, false)?;
                }
                Ok(at + 2 + words)
            }
            _ => Err(format!("its palette has a segment of kind {kind}")),
        }
    }
}

fn entries(bytes: &[u8], wide: bool) -> Vec<u16> {
    if wide {
        return bytes.as_chunks().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
    }
    bytes.iter().map(|b| u16::from(*b)).collect()
}

#[cfg(test)]
mod tests {
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_object::InMemDicomObject;

    use super::*;

    /// A palette all of whose colours are grey.
    fn grey(descriptor: [u16; 3], signed: bool, segmented: bool, data: &[u8]) -> InMemDicomObject {
        let mut all = InMemDicomObject::new_empty();
        let sign = PrimitiveValue::from(u16::from(signed));
        all.put(DataElement::new(tags::PIXEL_REPRESENTATION, VR::US, sign));
        for [described, values, segments] in COLOURS {
            let numbers = PrimitiveValue::U16(descriptor.into_iter().collect());
            all.put(DataElement::new(described, VR::US, numbers));
            let tag = if segmented { segments } else { values };
            all.put(DataElement::new(tag, VR::OW, PrimitiveValue::from(data.to_vec())));
        }
        all
    }

    #[test]
    fn colours_are_found_by_their_numbers() {
        let words: Vec<u8> = [7u16, 300, 65535].iter().flat_map(|n| n.to_le_bytes()).collect();
        for (what, descriptor, signed, data, expected) in [
            ("bytes", [3, 0, 8], false, &[7, 8, 9, 0][..], [7, 7, 8, 9, 9]),
            ("from two on", [3, 2, 8], false, &[7, 8, 9, 0], [7, 7, 7, 7, 9]),
            ("from below zero on", [3, 0xfffe, 8], true, &[7, 8, 9, 0], [8, 9, 9, 9, 9]),
            ("words", [3, 0, 16], false, &words, [7, 7, 300, 65535, 65535]),
            ("bytes in words", [3, 0, 8], false, &[7, 0, 8, 0, 9, 0], [7, 7, 8, 9, 9]),
        ] {
            let data = grey(descriptor, signed, false, data);
            let palette = Palette::of(Attributes(&data)).unwrap().unwrap();
            assert_eq!([-1, 0, 1, 2, 70_000].map(|n| palette.luma(n)), expected, "{what}");
        }
        let short = grey([4, 0, 16], false, false, &words);
        let why = Palette::of(Attributes(&short)).unwrap_err();
        assert_eq!(why, "its palette claims 4 colours and has 3");
        assert_eq!(Palette::of(Attributes(&InMemDicomObject::new_empty())), Ok(None));
    }

    #[test]
    fn segments_are_put_together() {
        // Three values, a line of four to 20, both again, then one.
        let bytes = [0, 3, 5, 6, 8, 1, 4, 20, 2, 2, 0, 0, 0, 0, 0, 1, 9, 0];
        let meant = [5, 6, 8, 11, 14, 17, 20, 5, 6, 8, 11, 14, 17, 20, 9];
        let words: Vec<u8> = [0u16, 3, 5, 6, 8, 1, 4, 20, 2, 2, 0, 0, 0, 1, 9]
            .iter()
            .flat_map(|n| n.to_le_bytes())
            .collect();
        for (bits, data) in [(8, &bytes[..]), (16, &words)] {
            let data = grey([15, 0, bits], false, true, data);
            let palette = Palette::of(Attributes(&data)).unwrap().unwrap();
            assert_eq!(palette.luma, meant, "{bits}");
        }
        for (what, data, part) in [
            ("cut short", &[0, 5, 1, 2][..], "cut short"),
            ("too few", &[0, 2, 1, 2], "claims 15 colours and has 2"),
            ("a line first", &[1, 5, 1, 2], "begins with a line"),
            ("again and again", &[0, 1, 1, 2, 1, 3, 0, 0, 0, 0], "kind 2"),
            ("behind the end", &[0, 1, 1, 2, 1, 99, 0, 0, 0, 0], "cut short"),
            ("no kind", &[0, 1, 1, 9, 1, 3], "kind 9"),
        ] {
            let data = grey([15, 0, 8], false, true, data);
            let why = Palette::of(Attributes(&data)).unwrap_err();
            assert!(why.contains(part), "{what}: {why}");
        }
    }
}
