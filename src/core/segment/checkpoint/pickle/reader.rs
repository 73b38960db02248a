use super::PickleError;

/// The pickle's bytes, read forwards; asking for more than there is is an error.
pub(super) struct ByteReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> ByteReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// What is wrong here.
    pub(super) fn damaged(&self, what: impl Into<String>) -> PickleError {
        PickleError::Damaged { at: self.at, what: what.into() }
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], PickleError> {
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken = taken.ok_or_else(|| self.damaged("it ends too early"))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned little-endian number of `width` ≤ 8 bytes.
    pub(super) fn number(&mut self, width: u64) -> Result<u64, PickleError> {
        Ok(self.take(width)?.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    /// Bytes with their length, of `width` bytes, before them.
    pub(super) fn counted(&mut self, width: u64) -> Result<&'a [u8], PickleError> {
        let count = self.number(width)?;
        self.take(count)
    }

    /// Up to the next line feed, which is skipped.
    pub(super) fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|b| *b == b'\n');
        let end = end.ok_or_else(|| self.damaged("it ends within a name"))?;
        self.at += end + 1;
        Ok(&rest[..end])
    }
}
