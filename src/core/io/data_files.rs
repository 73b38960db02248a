//! Voxels after a header or in files of their own, as NRRD and `MetaImage` name them.
//!
//! A header may come from anybody. A relative name is followed wherever it leads, as ITK does, up from the header's
//! folder too; of a name that begins at the root of a disk or of a network, which is another machine's mostly, only
//! the last part is looked for, beside the header. What is no regular file is never opened.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::as_text::{DecimalNumbers, HexBytes};
use super::error::IoError;
use super::inflate::{Compression, Content, Inflated};
use super::pending::check_claim;
use super::stream::{Stream, length};
use super::text_header::shown;
use crate::volume::{DataType, Warning};
use crate::work::Progress;

/// More files than that are no volume.
const MOST_FILES: usize = 1 << 16;

/// How voxels stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Raw,
    Packed(Compression),
    Decimal(DataType),
    Hex,
}

/// What lies before the voxels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteSkip {
    /// So many bytes, of the unpacked content.
    Bytes(u64),
    /// All that is not voxels: they end with the file.
    ToTheEnd,
}

/// Where in a file its voxels stand, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coding {
    pub(super) encoding: Encoding,
    /// Lines to be passed over first.
    pub(super) lines: u64,
    pub(super) skip: ByteSkip,
}

impl Coding {
    /// Whether `room` bytes on the disk can hold so many bytes of voxels.
    fn check(
        &self,
        voxels: u64,
        room: u64,
        packed: Option<u64>,
        path: &Path,
    ) -> Result<(), IoError> {
        let skipped = match self.skip {
            ByteSkip::Bytes(bytes) => bytes,
            ByteSkip::ToTheEnd => 0,
        };
        let most = packed.unwrap_or(room);
        let (needed, most) = match self.encoding {
            Encoding::Raw => (voxels.saturating_add(skipped).saturating_add(self.lines), most),
            Encoding::Packed(packed) => (voxels.saturating_add(skipped), packed.most(most)),
            Encoding::Decimal(of) => ((voxels / of.size() as u64).saturating_mul(2) - 1, most),
            Encoding::Hex => (voxels.saturating_mul(2), most),
        };
        check_claim(needed, most, room, path)
    }

    /// From the first voxel on. `before`: bytes from the reader's place to where the voxels begin if they end with the
    /// file.
    fn decoded<R: BufRead + Content + 'static>(
        &self,
        mut reader: R,
        before: u64,
    ) -> io::Result<Box<dyn Content>> {
        for _ in 0..self.lines {
            pass_line(&mut reader)?;
        }
        let mut content: Box<dyn Content> = match self.encoding {
            Encoding::Raw => Box::new(reader),
            Encoding::Packed(mut packed) => {
                // Some write gzip where zlib is usual, and zlib's own library reads both.
                if packed == Compression::Zlib && reader.fill_buf()?.first() == Some(&0x1f) {
                    packed = Compression::Gzip;
                }
                Box::new(Inflated::new(reader, Some(packed)))
            }
            Encoding::Decimal(of) => Box::new(DecimalNumbers::new(reader, of)),
            Encoding::Hex => Box::new(HexBytes::new(reader)),
        };
        let skip = match self.skip {
            ByteSkip::Bytes(bytes) => bytes,
            ByteSkip::ToTheEnd => before,
        };
        if io::copy(&mut (&mut content).take(skip), &mut io::sink())? < skip {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(content)
    }
}

fn pass_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let seen = reader.fill_buf()?;
        if seen.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let end = seen.iter().position(|&b| b == b'\n');
        let used = end.map_or(seen.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// The voxels (so many bytes of them) that follow a header in its own file. `header`: bytes of that.
pub(super) fn attached(
    stream: BufReader<Stream>,
    header: u64,
    coding: Coding,
    voxels: u64,
    path: &Path,
) -> Result<Box<dyn Content>, IoError> {
    let (len, packed) = (stream.get_ref().file_len(), stream.get_ref().is_packed());
    let room = len.saturating_sub(header);
    let most = packed.then(|| stream.get_ref().most());
    coding.check(voxels, room, most, path)?;
    if packed && coding.skip == ByteSkip::ToTheEnd {
        let what = "its voxels end with the file, which is compressed as a whole";
        return Err(IoError::header(what, path));
    }
    coding.decoded(stream, room.saturating_sub(voxels)).map_err(|e| IoError::reading(e, path))
}

/// The voxels (so many bytes of them, of numbers of `size`, as many in each file) in other files than their header.
pub(super) fn detached(
    files: Vec<PathBuf>,
    coding: Coding,
    (voxels, size): (u64, usize),
    progress: &Progress,
    header: &Path,
) -> Result<Box<dyn Content>, IoError> {
    let each = voxels / files.len().max(1) as u64;
    let whole = each * files.len() as u64 == voxels && each.is_multiple_of(size as u64);
    if files.is_empty() || !whole || each == 0 {
        let what = format!("{voxels} bytes of voxels in {} files", files.len());
        return Err(IoError::header(what, header));
    }
    let mut total = 0u64;
    for path in &files {
        let len = length(path)?;
        coding.check(each, len, None, path)?;
        total = total.saturating_add(len);
    }
    progress.set_done(0);
    progress.set_total(total);
    let mut parts = Parts {
        files: files.into_iter(),
        coding,
        each,
        left: 0,
        open: None,
        read: 0,
        progress: progress.clone(),
    };
    let first = parts.next_file()?;
    if parts.files.len() == 0 {
        // What follows the voxels of one file is looked at.
        return first.ok_or_else(|| IoError::header("it names no file", header));
    }
    (parts.open, parts.left) = (first, each);
    Ok(Box::new(parts))
}

/// Files one after another, as many bytes of voxels from each.
struct Parts {
    files: std::vec::IntoIter<PathBuf>,
    coding: Coding,
    each: u64,
    /// Bytes that are still to come from the open file.
    left: u64,
    open: Option<Box<dyn Content>>,
    /// Bytes of the files before it.
    read: u64,
    progress: Progress,
}

impl Parts {
    fn next_file(&mut self) -> Result<Option<Box<dyn Content>>, IoError> {
        let Some(path) = self.files.next() else { return Ok(None) };
        let stream = Stream::open_plain(&path, &self.progress, self.read)?;
        let len = stream.file_len();
        self.read += len;
        let before = len.saturating_sub(self.each);
        let content = self.coding.decoded(BufReader::new(stream), before);
        content.map(Some).map_err(|e| IoError::reading(e, &path))
    }
}

impl Read for Parts {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            if let Some(mut whole) = self.open.take() {
                // The checksum stands behind the last byte.
                let _more = whole.read(&mut [0])?;
            }
            self.open = self.next_file().map_err(io::Error::other)?;
            self.left = self.each;
        }
        let Some(open) = &mut self.open else { return Ok(0) };
        let most = usize::try_from(self.left).map_or(buf.len(), |left| left.min(buf.len()));
        let n = open.read(&mut buf[..most])?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= n as u64;
        Ok(n)
    }
}

impl Content for Parts {}

/// Where a file lies that a header names, and what to say of it.
pub(super) fn find(header: &Path, name: &str) -> Result<(PathBuf, Option<Warning>), IoError> {
    let missing = || IoError::MissingVoxels { name: name.to_owned(), path: header.to_path_buf() };
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    if last.is_empty() || name.contains('\0') {
        return Err(missing());
    }
    if !is_rooted(name) {
        // Windows' separators are understood everywhere.
        for name in [name.to_owned(), name.replace('\\', "/")] {
            let path = header.with_file_name("").join(&name);
            if path.exists() {
                return Ok((path, None));
            }
        }
        return Err(missing());
    }
    let beside = header.with_file_name(last);
    if !beside.exists() {
        return Err(missing());
    }
    let text = format!(
        "the header names a file on another machine or disk for the voxels; {} beside it is used",
        shown(last)
    );
    Ok((beside, Some(Warning(text))))
}

/// Whether a name begins at the root of a disk or of a network, of any system.
fn is_rooted(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic();
    name.starts_with(['/', '\\']) || drive || Path::new(name).is_absolute() || name.contains("://")
}

/// The files that a header names, and what to say of them, once.
pub(super) fn find_all(
    header: &Path,
    names: &[String],
) -> Result<(Vec<PathBuf>, Option<Warning>), IoError> {
    if names.len() > MOST_FILES {
        return Err(IoError::header(format!("{} files of voxels", names.len()), header));
    }
    let (mut files, mut said) = (Vec::new(), None);
    for name in names {
        let (path, warning) = find(header, name)?;
        files.push(path);
        said = said.or(warning);
    }
    Ok((files, said))
}

/// The names that `slice_%03d.raw`, with its numbers from first to last in steps, stands for; why none, in words.
pub(super) fn names_of(pattern: &str, numbers: &[i64]) -> Result<Vec<String>, String> {
    let damaged = || format!("the pattern of file names {}", shown(pattern));
    let &[first, last, step] = numbers else { return Err(damaged()) };
    let (before, rest) = pattern.split_once('%').ok_or_else(damaged)?;
    let letter = rest.find(['d', 'i', 'u']).ok_or_else(damaged)?;
    let (digits, after) = (&rest[..letter], &rest[letter + 1..]);
    let zeros = digits.starts_with('0');
    let width: usize = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| damaged())? };
    if step == 0
        || (last < first && step > 0)
        || (last > first && step < 0)
        || width > 64
        || after.contains('%')
    {
        return Err(damaged());
    }
    let count = last.abs_diff(first) / step.unsigned_abs() + 1;
    if count > MOST_FILES as u64 {
        return Err(format!("{count} files of voxels"));
    }
    let name = |i: u64| {
        let number = first.wrapping_add((i as i64).wrapping_mul(step));
        if zeros {
            format!("{before}{number:0width$}{after}")
        } else {
            format!("{before}{number:width$}{after}")
        }
    };
    Ok((0..count).map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_printfs() {
        let names = |pattern: &str, numbers: &[i64]| names_of(pattern, numbers).ok();
        let owned = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(names("a%03d.raw", &[1, 3, 1]), owned(&["a001.raw", "a002.raw", "a003.raw"]));
        assert_eq!(names("a%d", &[9, 4, -2]), owned(&["a9", "a7", "a5"]));
        assert_eq!(names("d/%2d.x", &[8, 10, 2]), owned(&["d/ 8.x", "d/10.x"]));
        assert_eq!(names("%d", &[5, 5, 1]), owned(&["5"]));
        for (pattern, numbers) in [
            ("a.raw", [1, 3, 1]),
            ("a%s", [1, 3, 1]),
            ("a%d", [1, 3, 0]),
            ("a%d", [3, 1, 1]),
            ("a%d", [0, i64::MAX / 2, 1]),
            ("a%d%d", [1, 2, 1]),
            ("a%99999999999d", [1, 2, 1]),
        ] {
            assert!(names_of(pattern, &numbers).is_err(), "{pattern}");
        }
        assert!(names_of("a%d", &[1, 2]).is_err());
    }

    #[test]
    fn names_are_looked_for_beside_the_header() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("scan/raw")).unwrap();
        for name in ["scan/a.raw", "scan/raw/b.raw", "c.raw"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let header = at("scan/h.nhdr");
        for (name, found, warned) in [
            ("a.raw", Some("scan/a.raw"), false),
            ("./raw/b.raw", Some("scan/./raw/b.raw"), false),
            ("raw\\b.raw", Some("scan/raw/b.raw"), false),
            ("../c.raw", Some("scan/../c.raw"), false),
            ("/data/a.raw", Some("scan/a.raw"), true),
            ("C:\\data\\a.raw", Some("scan/a.raw"), true),
            ("\\\\server\\share\\a.raw", Some("scan/a.raw"), true),
            ("/etc/passwd", None, false),
            ("d.raw", None, false),
            ("", None, false),
            ("..", Some("scan/.."), false),
        ] {
            let result = find(&header, name);
            let path = result.as_ref().ok().map(|(path, _)| path.clone());
            assert_eq!(path, found.map(at), "{name}");
            assert_eq!(result.is_ok_and(|(_, said)| said.is_some()), warned, "{name}");
        }
    }
}
