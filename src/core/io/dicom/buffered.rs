//! A file whose last bytes read are kept, so that going forth and back within them asks the system for nothing.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

/// What is read at once: the header of most images.
const SIZE: usize = 16 << 10;

/// See the file. The pixels, which are longer than its buffer, are read past it.
pub(super) struct Buffered<R> {
    inner: R,
    /// Where `inner` stands.
    inner_at: u64,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    begin: u64,
    at: u64,
}

impl<R: Read + Seek> Buffered<R> {
    /// Of a reader that stands at its first byte.
    pub fn new(inner: R) -> Self {
        Self { inner, inner_at: 0, buffer: Vec::new(), begin: 0, at: 0 }
    }

    /// Where in the buffer the next byte is; `None` if it is not there.
    fn place(&self) -> Option<usize> {
        let place = usize::try_from(self.at.checked_sub(self.begin)?).ok()?;
        (place < self.buffer.len()).then_some(place)
    }

    fn follow(&mut self) -> io::Result<()> {
        if self.inner_at != self.at {
            self.inner_at = self.inner.seek(SeekFrom::Start(self.at))?;
        }
        Ok(())
    }
}

impl<R: Read + Seek> Read for Buffered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.place().is_none() && out.len() >= SIZE {
            self.follow()?;
            let n = self.inner.read(out)?;
            self.inner_at += n as u64;
            self.at += n as u64;
            return Ok(n);
        }
        let there = self.fill_buf()?;
        let n = there.len().min(out.len());
        out[..n].copy_from_slice(&there[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read + Seek> BufRead for Buffered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.place().is_none() {
            self.follow()?;
            self.begin = self.at;
            self.buffer.resize(SIZE, 0);
            let read = self.inner.read(&mut self.buffer);
            self.buffer.truncate(*read.as_ref().unwrap_or(&0));
            self.inner_at += read? as u64;
        }
        Ok(&self.buffer[self.place().unwrap_or(self.buffer.len())..])
    }

    fn consume(&mut self, n: usize) {
        self.at += n as u64;
    }
}

impl<R: Read + Seek> Seek for Buffered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => {
                self.at.checked_add_signed(by).ok_or(io::ErrorKind::InvalidInput)?
            }
            SeekFrom::End(_) => {
                self.inner_at = self.inner.seek(to)?;
                self.inner_at
            }
        };
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Read(usize),
        To(u64),
        By(i64),
        Back(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0usize..40_000).prop_map(Step::Read),
            (0usize..20).prop_map(Step::Read),
            (0u64..70_000).prop_map(Step::To),
            (-20_000i64..20_000).prop_map(Step::By),
            (-70_000i64..=0).prop_map(Step::Back),
        ]
    }

    proptest! {
        #[test]
        fn it_reads_what_the_file_has_wherever_one_goes(steps in prop::collection::vec(step(), 1..60)) {
            let bytes: Vec<u8> = (0..60_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
            let (mut ours, mut plain) = (Buffered::new(Cursor::new(&bytes)), Cursor::new(&bytes));
            for step in steps {
                let to = match step {
                    Step::Read(n) => {
                        let (mut a, mut b) = (Vec::new(), Vec::new());
                        ours.by_ref().take(n as u64).read_to_end(&mut a).unwrap();
                        plain.by_ref().take(n as u64).read_to_end(&mut b).unwrap();
                        prop_assert_eq!(a, b);
                        continue;
                    }
                    Step::To(at) => SeekFrom::Start(at),
                    Step::By(by) => SeekFrom::Current(by),
                    Step::Back(by) => SeekFrom::End(by),
                };
                let (a, b) = (ours.seek(to), plain.seek(to));
                prop_assert_eq!(a.is_ok(), b.is_ok());
                prop_assert_eq!(a.ok(), b.ok());
            }
        }
    }
}
