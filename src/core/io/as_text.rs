//! Voxels that are written as text: decimal numbers, or bytes in hexadecimal.

use std::io::{self, BufRead, Read};

use super::error::NoVoxels;
use super::inflate::{Compression, Content};
use crate::volume::DataType;

/// No number is longer.
const MOST_DIGITS: usize = 400;

/// Bytes made at once.
const AT_ONCE: usize = 64 << 10;

/// Bytes that were made and not yet taken.
#[derive(Default)]
struct Made {
    bytes: Vec<u8>,
    taken: usize,
}

impl Made {
    fn take(&mut self, buf: &mut [u8]) -> usize {
        let left = &self.bytes[self.taken..];
        let n = left.len().min(buf.len());
        buf[..n].copy_from_slice(&left[..n]);
        self.taken += n;
        n
    }

    fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    fn begin(&mut self) {
        self.bytes.clear();
        self.taken = 0;
    }
}

/// Decimal numbers between blanks or commas, as the bytes of numbers in this machine's order.
pub(super) struct DecimalNumbers<R> {
    reader: R,
    data_type: DataType,
    made: Made,
}

impl<R: BufRead> DecimalNumbers<R> {
    pub(super) fn new(reader: R, data_type: DataType) -> Self {
        Self { reader, data_type, made: Made::default() }
    }

    fn make(&mut self) -> io::Result<()> {
        self.made.begin();
        let mut word = Vec::new();
        while self.made.bytes.len() < AT_ONCE {
            word.clear();
            next_word(&mut self.reader, &mut word)?;
            if word.is_empty() {
                break;
            }
            push(&word, self.data_type, &mut self.made.bytes)?;
        }
        Ok(())
    }
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | 0)
}

/// What stands before the next blank; nothing at the end.
fn next_word(reader: &mut impl BufRead, word: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let seen = reader.fill_buf()?;
        if seen.is_empty() {
            return Ok(());
        }
        let start = if word.is_empty() {
            seen.iter().position(|&b| !is_between(b)).unwrap_or(seen.len())
        } else {
            0
        };
        let end = seen[start..].iter().position(|&b| is_between(b)).map(|n| start + n);
        word.extend_from_slice(&seen[start..end.unwrap_or(seen.len())]);
        let used = end.unwrap_or(seen.len());
        reader.consume(used);
        if word.len() > MOST_DIGITS {
            return Err(no_number(word));
        }
        if end.is_some() && !word.is_empty() {
            return Ok(());
        }
    }
}

fn no_number(word: &[u8]) -> io::Error {
    let word: String = String::from_utf8_lossy(word).chars().take(24).collect();
    NoVoxels(format!("{word:?} is no number of its type")).into()
}

fn push(word: &[u8], data_type: DataType, out: &mut Vec<u8>) -> io::Result<()> {
    let text = std::str::from_utf8(word).map_err(|_| no_number(word))?;
    macro_rules! whole {
        ($t:ty) => {{
            let number = text.parse::<$t>().ok().or_else(|| {
                // Written as a decimal fraction, but whole and of this type.
                let number = text.parse::<f64>().ok()?;
                let cast = number as $t;
                (cast as f64 == number && number.abs() < 9e15).then_some(cast)
            });
            out.extend(number.ok_or_else(|| no_number(word))?.to_ne_bytes());
        }};
    }
    match data_type {
        DataType::U8 => whole!(u8),
        DataType::I8 => whole!(i8),
        DataType::U16 => whole!(u16),
        DataType::I16 => whole!(i16),
        DataType::U32 => whole!(u32),
        DataType::I32 => whole!(i32),
        DataType::U64 => whole!(u64),
        DataType::I64 => whole!(i64),
        DataType::F32 => {
            out.extend(text.parse::<f32>().map_err(|_| no_number(word))?.to_ne_bytes());
        }
        DataType::F64 => {
            out.extend(text.parse::<f64>().map_err(|_| no_number(word))?.to_ne_bytes());
        }
    }
    Ok(())
}

impl<R: BufRead> Read for DecimalNumbers<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.made.is_empty() {
            self.make()?;
        }
        Ok(self.made.take(buf))
    }
}

impl<R: BufRead + Content> Content for DecimalNumbers<R> {
    fn garbage(&self) -> Option<Compression> {
        self.reader.garbage()
    }
}

/// Bytes as two hexadecimal digits each; blanks mean nothing.
pub(super) struct HexBytes<R> {
    reader: R,
    half: Option<u8>,
    made: Made,
}

impl<R: BufRead> HexBytes<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, half: None, made: Made::default() }
    }
}

impl<R: BufRead> Read for HexBytes<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.made.is_empty() {
            self.made.begin();
            let seen = self.reader.fill_buf()?;
            if seen.is_empty() {
                return Ok(0);
            }
            let used = seen.len();
            for &digit in seen.iter().filter(|b| !b.is_ascii_whitespace()) {
                let value = char::from(digit)
                    .to_digit(16)
                    .ok_or_else(|| NoVoxels("something in it is not hexadecimal".to_owned()))?;
                let value = value as u8;
                match self.half.take() {
                    Some(high) => self.made.bytes.push(high << 4 | value),
                    None => self.half = Some(value),
                }
            }
            self.reader.consume(used);
        }
        Ok(self.made.take(buf))
    }
}

impl<R: BufRead + Content> Content for HexBytes<R> {
    fn garbage(&self) -> Option<Compression> {
        self.reader.garbage()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers_become_bytes_of_their_type() {
        let read = |text: &str, data_type| {
            let small = io::BufReader::with_capacity(3, text.as_bytes());
            let mut bytes = Vec::new();
            DecimalNumbers::new(small, data_type).read_to_end(&mut bytes).map(|_| bytes)
        };
        assert_eq!(read("1 2,\n 255", DataType::U8).unwrap(), [1, 2, 255]);
        let bytes = read(" -1.0\t3e2 ", DataType::I16).unwrap();
        assert_eq!(bytes, [(-1i16).to_ne_bytes(), 300i16.to_ne_bytes()].concat());
        let bytes = read("1.5 -inf", DataType::F32).unwrap();
        assert_eq!(bytes, [1.5f32.to_ne_bytes(), f32::NEG_INFINITY.to_ne_bytes()].concat());
        assert_eq!(read("", DataType::U8).unwrap(), [0u8; 0]);
        let long = "9".repeat(1000);
        for (text, data_type) in [
            ("256", DataType::U8),
            ("1.5", DataType::I32),
            ("nan", DataType::U16),
            ("one", DataType::F64),
            (&long, DataType::F64),
        ] {
            let error = read(text, data_type).unwrap_err().to_string();
            assert!(error.contains("is no number of its type"), "{text}: {error}");
        }
    }

    #[test]
    fn hexadecimal_digits_become_bytes() {
        let read = |text: &str| {
            let small = io::BufReader::with_capacity(3, text.as_bytes());
            let mut bytes = Vec::new();
            HexBytes::new(small).read_to_end(&mut bytes).map(|_| bytes)
        };
        assert_eq!(read("00fF\n 7 a").unwrap(), [0, 255, 0x7a]);
        assert!(read("0g").is_err());
    }
}
