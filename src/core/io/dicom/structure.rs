//! The structure of a DICOM file (PS3.5 7, PS3.10 7): where its data set is, how it is written, and where its pixels
//! are. Every length is checked against what is there, before anybody takes memory for it.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use dicom_core::Tag;
use dicom_core::VR;
use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_dictionary_std::{StandardDataDictionary, tags};

pub(super) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(super) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(super) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub(super) const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Sequences in sequences.
const DEPTH: usize = 32;
const UNDEFINED: u32 = u32::MAX;
const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);

/// How the elements of a data set are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    /// Elements have their type.
    pub explicit: bool,
    pub big_endian: bool,
}

impl Encoding {
    const IMPLICIT: Self = Self { explicit: false, big_endian: false };
    const EXPLICIT: Self = Self { explicit: true, big_endian: false };

    /// The transfer syntax that writes like this, whatever it does to pixels.
    pub fn syntax(self) -> &'static str {
        match self {
            Self { explicit: false, .. } => IMPLICIT,
            Self { big_endian: true, .. } => BIG_ENDIAN,
            Self { .. } => EXPLICIT,
        }
    }
}

/// Where what is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Structure {
    /// UID of the transfer syntax, as the file says or as it is written.
    pub syntax: String,
    pub encoding: Encoding,
    /// Where the data set begins.
    pub begin: u64,
    /// Where it ends, or its pixels begin as an element.
    pub end: u64,
    /// Elements before that of an unknown type and length, and what can't be read without one in it; sorted.
    pub skips: Vec<Range<u64>>,
    /// Those, and all elements before that from which nothing is learnt of images (most of what scanners write); sorted.
    pub details: Vec<Range<u64>>,
    pub pixels: Option<PixelElement>,
}

/// Where the pixels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PixelElement {
    /// Where the value begins.
    pub offset: u64,
    /// Its bytes; `None`: it is in items.
    pub length: Option<u64>,
    /// How its words are as wide as 16 bits even if its numbers are bytes: of big-endian files they are swapped in pairs.
    pub words: bool,
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    /// It ends early, or an element is longer than there is room for it.
    Short,
    /// In words.
    Wrong(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Short } else { Self::Io(error) }
    }
}

/// Whether a file that begins like this may be DICOM.
pub(super) fn is_dicom(beginning: &[u8]) -> bool {
    beginning.get(128..132) == Some(b"DICM")
        || beginning.starts_with(b"DICM")
        || without_preamble(beginning)
}

/// A data set without the preamble: its first element is of group 2 or 8, and short.
fn without_preamble(beginning: &[u8]) -> bool {
    let &[group, 0, element, high, a, b, c, d, ..] = beginning else { return false };
    // The length of the group, the character set, the type of the image.
    if high != 0 || ![0, 1, 5, 8].contains(&element) || ![2, 8].contains(&group) {
        return false;
    }
    is_type([a, b]) || (group == 8 && u32::from_le_bytes([a, b, c, d]) <= 128)
}

fn is_type(two: [u8; 2]) -> bool {
    two.iter().all(u8::is_ascii_uppercase)
}

/// Looks through a file of `length` bytes up to its pixels.
pub(super) fn structure<R: Read + Seek>(reader: &mut R, length: u64) -> Result<Structure, Fault> {
    let mut begin = [0; 132];
    let n = super::super::stream::read_full(reader, &mut begin)?;
    let at = match &begin[..n] {
        b if b.get(128..) == Some(b"DICM") => 132,
        b if b.starts_with(b"DICM") => 4,
        _ => 0,
    };
    let mut walk = Walk::new(reader, at, length);
    walk.seek(at)?;
    let said = walk.meta()?;
    let begin = walk.at;
    let encoding = match said.as_deref() {
        Some(IMPLICIT) => Encoding::IMPLICIT,
        Some(BIG_ENDIAN) => Encoding { explicit: true, big_endian: true },
        Some(DEFLATED) => {
            let (syntax, encoding) = (DEFLATED.to_owned(), Encoding::EXPLICIT);
            let (skips, details) = (Vec::new(), Vec::new());
            let end = length;
            return Ok(Structure { syntax, encoding, begin, end, skips, details, pixels: None });
        }
        _ => Encoding::EXPLICIT,
    };
    let encoding = walk.as_written(encoding)?;
    let syntax = said.unwrap_or_else(|| encoding.syntax().to_owned());
    let (end, pixels) = walk.data_set(encoding)?;
    let (skips, details) = (walk.skips, walk.details);
    Ok(Structure { syntax, encoding, begin, end, skips, details, pixels })
}

/// An element's head.
#[derive(Clone, Copy, Debug)]
struct Head {
    tag: Tag,
    /// Its type, if it says it.
    vr: Option<[u8; 2]>,
    length: u32,
}

impl Head {
    /// Whether nothing is known of its value: what reads types takes its items for something else.
    fn is_unknown(&self) -> bool {
        self.length == UNDEFINED && self.vr == Some(*b"UN")
    }

    /// Whether, as an element of the data set itself, it may say what an image is, where it lies or whose it is.
    fn tells_of_images(&self) -> bool {
        match self.tag.0 {
            // That it is an index.
            0x0004 => self.tag.1 == 0x1200,
            0x0008 | 0x0010 | 0x0018 | 0x0020 | 0x0028 => !self.is_sequence(),
            // Siemens' b value.
            0x0019 => [0x0010, 0x100c].contains(&self.tag.1),
            // Nuclear medicine, doses, functional groups, pixels.
            0x0054 | 0x3004 | 0x5200 | 0x7fe0 => true,
            _ => false,
        }
    }

    /// Whether its value is made of items: it says so, or is known for it.
    fn is_sequence(&self) -> bool {
        match self.vr {
            Some(vr) => &vr == b"SQ",
            None => StandardDataDictionary
                .by_tag(self.tag)
                .is_some_and(|entry| entry.vr().relaxed() == VR::SQ),
        }
    }
}

struct Walk<'a, R> {
    reader: &'a mut R,
    at: u64,
    /// No byte after this one is there.
    end: u64,
    /// See [`Structure`].
    skips: Vec<Range<u64>>,
    details: Vec<Range<u64>>,
    /// Items and sequences around that say how long they are, from which nothing can be left out.
    fixed: usize,
    /// Something would have to be left out of one of those.
    torn: bool,
}

impl<'a, R: Read + Seek> Walk<'a, R> {
    fn new(reader: &'a mut R, at: u64, end: u64) -> Self {
        let (skips, details) = (Vec::new(), Vec::new());
        Self { reader, at, end, skips, details, fixed: 0, torn: false }
    }

    fn seek(&mut self, at: u64) -> Result<(), Fault> {
        if at > self.end {
            return Err(Fault::Short);
        }
        // Within the buffer for most.
        self.reader.seek(SeekFrom::Start(at))?;
        self.at = at;
        Ok(())
    }

    fn skip(&mut self, bytes: u64, end: u64) -> Result<(), Fault> {
        match self.at.checked_add(bytes) {
            Some(at) if at <= end => self.seek(at),
            _ => Err(Fault::Short),
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn head(&mut self, encoding: Encoding) -> Result<Head, Fault> {
        let short = |b: [u8; 2]| {
            if encoding.big_endian { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) }
        };
        let long = |b: [u8; 4]| {
            if encoding.big_endian { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }
        };
        let tag = Tag(short(self.bytes()?), short(self.bytes()?));
        if tag.0 == 0xfffe || !encoding.explicit {
            return Ok(Head { tag, vr: None, length: long(self.bytes()?) });
        }
        let vr: [u8; 2] = self.bytes()?;
        let length = match &vr {
            b"AE" | b"AS" | b"AT" | b"CS" | b"DA" | b"DS" | b"DT" | b"FD" | b"FL" | b"IS"
            | b"LO" | b"LT" | b"PN" | b"SH" | b"SL" | b"SS" | b"ST" | b"TM" | b"UI" | b"UL"
            | b"US" => short(self.bytes()?).into(),
            // Also of types that are not known, as those are read (PS3.5 7.1.2).
            _ => {
                self.bytes::<2>()?;
                long(self.bytes()?)
            }
        };
        Ok(Head { tag, vr: Some(vr), length })
    }

    /// Reads the file's meta information; the transfer syntax that it says.
    fn meta(&mut self) -> Result<Option<String>, Fault> {
        let mut syntax = None;
        while self.at + 8 <= self.end {
            let begin = self.at;
            let head = self.head(Encoding::EXPLICIT)?;
            if head.tag.0 != 2 {
                self.seek(begin)?;
                break;
            }
            if head.tag == tags::TRANSFER_SYNTAX_UID && head.length <= 128 {
                let mut text = vec![0; head.length as usize];
                self.reader.read_exact(&mut text)?;
                self.at += u64::from(head.length);
                let text = String::from_utf8_lossy(&text);
                let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
                syntax = (!text.is_empty()).then(|| text.to_owned());
            } else {
                self.skip(head.length.into(), self.end)?;
            }
        }
        Ok(syntax)
    }

    /// How the data set is really written: some programs say one thing and do another.
    fn as_written(&mut self, said: Encoding) -> Result<Encoding, Fault> {
        if self.at + 8 > self.end {
            return Err(Fault::Short);
        }
        let begin = self.at;
        let [g, h, _, _, a, b, _, _] = self.bytes::<8>()?;
        self.seek(begin)?;
        // The group of the first element is small.
        let big_endian = g == 0 && h != 0;
        Ok(match is_type([a, b]) {
            true if said.explicit && said.big_endian == big_endian => said,
            true => Encoding { explicit: true, big_endian },
            false => Encoding::IMPLICIT,
        })
    }

    /// Where the data set ends or its pixels begin, and those.
    fn data_set(&mut self, encoding: Encoding) -> Result<(u64, Option<PixelElement>), Fault> {
        while self.at + 8 <= self.end {
            let begin = self.at;
            let head = self.head(encoding)?;
            if head.tag == tags::PIXEL_DATA {
                let length = (head.length != UNDEFINED).then_some(u64::from(head.length));
                let words = head.vr.is_none_or(|vr| &vr == b"OW");
                let pixels = PixelElement { offset: self.at, length, words };
                return Ok((begin, Some(pixels)));
            }
            let skipped = self.skips.len();
            self.value(head, encoding, self.end, 0)?;
            if head.is_unknown() || std::mem::take(&mut self.torn) {
                self.skips.truncate(skipped);
                self.skips.push(begin..self.at);
            }
            if head.tells_of_images() {
                self.details.extend_from_slice(&self.skips[skipped..]);
                continue;
            }
            match self.details.last_mut() {
                Some(last) if last.end == begin => last.end = self.at,
                _ => self.details.push(begin..self.at),
            }
        }
        // Less than an element may follow, which says nothing.
        Ok((self.at, None))
    }

    /// Passes over a value that must end before `end`.
    fn value(
        &mut self,
        head: Head,
        encoding: Encoding,
        end: u64,
        depth: usize,
    ) -> Result<(), Fault> {
        if head.length == UNDEFINED {
            let unknown = head.is_unknown();
            if head.vr.is_some() && !head.is_sequence() && !unknown {
                return Err(Fault::Wrong(format!("element {} has no length", head.tag)));
            }
            // What is of an unknown type is written without types (PS3.5 6.2.2, note 4).
            let within = if unknown { Encoding::IMPLICIT } else { encoding };
            return self.items(within, end, None, depth + 1);
        }
        let length = u64::from(head.length);
        let value_end = self.at.checked_add(length).filter(|at| *at <= end).ok_or(Fault::Short)?;
        if head.is_sequence() {
            self.fixed += 1;
            let passed = self.items(encoding, value_end, Some(value_end), depth + 1);
            self.fixed -= 1;
            passed
        } else {
            self.seek(value_end)
        }
    }

    /// Passes over items, up to `fixed` or to where they are said to end.
    fn items(
        &mut self,
        encoding: Encoding,
        end: u64,
        fixed: Option<u64>,
        depth: usize,
    ) -> Result<(), Fault> {
        if depth > DEPTH {
            return Err(Fault::Wrong("sequences lie in one another without end".into()));
        }
        while fixed.is_none_or(|end| self.at < end) {
            if self.at + 8 > end {
                return Err(Fault::Short);
            }
            let head = self.head(encoding)?;
            match head.tag {
                SEQUENCE_END if fixed.is_none() => return Ok(()),
                ITEM if head.length == UNDEFINED => self.elements(encoding, end, None, depth)?,
                ITEM => {
                    let item_end = self.at + u64::from(head.length);
                    if item_end > end {
                        return Err(Fault::Short);
                    }
                    self.fixed += 1;
                    let passed = self.elements(encoding, item_end, Some(item_end), depth);
                    self.fixed -= 1;
                    passed?;
                }
                _ => return Err(Fault::Wrong("a sequence has something that is no item".into())),
            }
        }
        Ok(())
    }

    /// Passes over the elements of an item.
    fn elements(
        &mut self,
        encoding: Encoding,
        end: u64,
        fixed: Option<u64>,
        depth: usize,
    ) -> Result<(), Fault> {
        while fixed.is_none_or(|end| self.at < end) {
            if self.at + 8 > end {
                return Err(Fault::Short);
            }
            let begin = self.at;
            let head = self.head(encoding)?;
            if head.tag == ITEM_END && fixed.is_none() {
                return Ok(());
            }
            if head.tag == tags::PIXEL_DATA && head.length == UNDEFINED {
                // A small picture, compressed.
                self.fragments(end, &mut |_, _| ())?;
                continue;
            }
            self.value(head, encoding, end, depth)?;
            if head.is_unknown() && self.fixed == 0 {
                self.skips.push(begin..self.at);
            } else if head.is_unknown() {
                self.torn = true;
            }
        }
        Ok(())
    }

    /// Passes over compressed pixels; where each item is and its bytes.
    fn fragments(&mut self, end: u64, each: &mut impl FnMut(u64, u32)) -> Result<(), Fault> {
        loop {
            // Some programs leave the end away.
            if self.at + 8 > end {
                return if self.at == end { Ok(()) } else { Err(Fault::Short) };
            }
            let head = self.head(Encoding::EXPLICIT)?;
            match head.tag {
                SEQUENCE_END => return Ok(()),
                ITEM if head.length != UNDEFINED => {
                    let begin = self.at;
                    // The last may be cut short: what there is of it is still something.
                    let there = u64::from(head.length).min(end - begin);
                    each(begin, there as u32);
                    self.seek(begin + there)?;
                }
                _ => return Err(Fault::Wrong("pixels have something that is no item".into())),
            }
        }
    }
}

/// Where the items of compressed pixels that begin at `offset` lie in a file of `length` bytes: the table of offsets is
/// the first.
pub(super) fn items<R: Read + Seek>(
    reader: &mut R,
    offset: u64,
    length: u64,
) -> Result<Vec<(u64, u32)>, Fault> {
    let mut walk = Walk::new(reader, offset, length);
    walk.seek(offset)?;
    let mut items = Vec::new();
    walk.fragments(length, &mut |at, bytes| items.push((at, bytes)))?;
    Ok(items)
}
