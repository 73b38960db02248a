//! The zip that `torch.save` writes: where each of its entries lies in the file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read as _};
use std::ops::Range;
use std::path::Path;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::{CheckpointError, clip};
use crate::work::CancelToken;

/// More entries than any model has tensors, few enough that a directory of them is read in no time.
const MAX_ENTRIES: usize = 1 << 17;

/// The pickle, and the storages by key.
pub(super) struct Archive {
    /// The name of the folder that everything in the archive lies in.
    pub prefix: String,
    /// Bytes of `data.pkl`, from the beginning of the file.
    pub pickle: Range<usize>,
    /// Bytes of `data/<key>`.
    storages: HashMap<String, Range<usize>>,
}

impl Archive {
    /// Reads the directory. Nothing is unpacked: every entry that matters must be stored as it is.
    /// CRCs are not looked at, as `torch.save` may be told not to compute them.
    pub(super) fn read(bytes: &[u8], path: &Path) -> Result<Self, CheckpointError> {
        let mut zip = match ZipArchive::new(Cursor::new(bytes)) {
            Ok(zip) => zip,
            Err(error) => return Err(refusal(bytes, &error, path)),
        };
        let damaged =
            |message: &str| CheckpointError::Damaged { message: message.into(), path: path.into() };
        if zip.len() > MAX_ENTRIES {
            let what = format!("{} entries", zip.len());
            return Err(CheckpointError::TooLarge { what, path: path.into() });
        }
        if zip.has_duplicate_names() {
            return Err(damaged("two entries of one name"));
        }
        let prefix = prefix(&zip).ok_or_else(|| CheckpointError::NoPickle(path.into()))?;
        let mut entries = HashMap::new();
        for index in 0..zip.len() {
            let Some((name, place)) = entry(&mut zip, index, &prefix, bytes.len(), path)? else {
                continue;
            };
            if name == "byteorder" && bytes.get(place.clone()) == Some(b"big".as_slice()) {
                return Err(CheckpointError::BigEndian(path.into()));
            }
            entries.insert(name, place);
        }
        let pickle = entries.get("data.pkl").cloned();
        let pickle = pickle.ok_or_else(|| CheckpointError::NoPickle(path.into()))?;
        let storages = entries
            .into_iter()
            .filter_map(|(name, place)| Some((name.strip_prefix("data/")?.to_owned(), place)))
            .collect();
        Ok(Self { prefix, pickle, storages })
    }

    /// Where the storage with this key lies.
    pub(super) fn storage(&self, key: &str) -> Option<Range<usize>> {
        self.storages.get(key).cloned()
    }
}

/// The folder of `data.pkl`, the shallowest one if there are several: `torch.save` names it after the
/// file.
fn prefix(zip: &ZipArchive<Cursor<&[u8]>>) -> Option<String> {
    let depth = |name: &&str| name.matches('/').count();
    let mut all: Vec<String> = Vec::new();
    for name in zip.file_names_raw() {
        if let Ok(name) = std::str::from_utf8(name)
            && (name == "data.pkl" || name.ends_with("/data.pkl"))
        {
            all.push(name.to_owned());
        }
    }
    let found = all.iter().map(String::as_str).min_by_key(depth)?;
    Some(found.strip_suffix("data.pkl")?.to_owned())
}

/// Whether every stored entry's bytes have the CRC-32 that the directory states; 0 states none. Compressed
/// ones are none of the checkpoint's.
pub(super) fn verify(path: &Path, cancel: &CancelToken) -> Result<(), CheckpointError> {
    let io = |source| CheckpointError::Io { source, path: path.into() };
    let damaged = |message: String| CheckpointError::Damaged { message, path: path.into() };
    // Through a buffer, not the map, so that 400 MB don't count as this program's memory.
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut zip = ZipArchive::new(BufReader::with_capacity(1 << 18, file))
        .map_err(|e| damaged(clip(&e.to_string())))?;
    let (mut buffer, mut left) = (vec![0; 1 << 18], length);
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|e| damaged(clip(&e.to_string())))?;
        let stored = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
        if !stored || entry.crc32() == 0 {
            continue;
        }
        // Many entries in one place would be read for ever.
        left = left.checked_sub(entry.size()).ok_or_else(|| damaged("entries overlap".into()))?;
        drop(entry);
        let mut entry = zip.by_index(index).map_err(|e| damaged(clip(&e.to_string())))?;
        let name = clip(&String::from_utf8_lossy(entry.name_raw()));
        loop {
            cancel.check()?;
            // At an entry's end the zip crate compares.
            match entry.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(damaged(format!("the checksum of “{name}” is wrong")));
                }
                Err(error) => return Err(io(error)),
            }
        }
    }
    Ok(())
}

/// Name (without the prefix) and place of an entry; `None` for one that the checkpoint doesn't use.
fn entry(
    zip: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    prefix: &str,
    length: usize,
    path: &Path,
) -> Result<Option<(String, Range<usize>)>, CheckpointError> {
    let damaged = |message: String| CheckpointError::Damaged { message, path: path.into() };
    let file = zip.by_index_raw(index).map_err(|e| damaged(clip(&e.to_string())))?;
    let Some(name) = std::str::from_utf8(file.name_raw()).ok().and_then(|n| n.strip_prefix(prefix))
    else {
        return Ok(None);
    };
    if !(name == "data.pkl" || name == "byteorder" || name.starts_with("data/")) {
        return Ok(None);
    }
    let how = if file.encrypted() {
        Some("encrypted")
    } else if file.compression() != CompressionMethod::Stored {
        Some("compressed")
    } else {
        None
    };
    if let Some(how) = how {
        let entry = clip(&format!("{prefix}{name}"));
        return Err(CheckpointError::NotStored { entry, how, path: path.into() });
    }
    let start = file.data_start().and_then(|n| usize::try_from(n).ok());
    let bytes = usize::try_from(file.size()).ok().filter(|_| file.size() == file.compressed_size());
    let end = start.zip(bytes).and_then(|(start, bytes)| start.checked_add(bytes));
    match (start, end) {
        (Some(start), Some(end)) if end <= length => Ok(Some((name.to_owned(), start..end))),
        _ => {
            let entry = clip(&format!("{prefix}{name}"));
            Err(damaged(format!("the entry “{entry}” has no place in the file")))
        }
    }
}

/// Why this is no archive, as precisely as its first bytes tell.
fn refusal(bytes: &[u8], error: &ZipError, path: &Path) -> CheckpointError {
    // `torch.save` of before 1.6 begins with a pickle of this number (LONG1, ten bytes), whatever the
    // protocol: 0x1950a86a20f9469cfc6c.
    const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    let head = &bytes[..bytes.len().min(64)];
    let begins = |with: &[u8]| head.trim_ascii_start().starts_with(with);
    let path = path.to_path_buf();
    if head.starts_with(b"PK\x03\x04") {
        // The record that ends every zip is at most a comment away from the end.
        let tail = &bytes[bytes.len().saturating_sub((1 << 16) + 22)..];
        if tail.windows(22).any(|record| record.starts_with(b"PK\x05\x06")) {
            return CheckpointError::Damaged { message: clip(&error.to_string()), path };
        }
        return CheckpointError::Truncated(path);
    }
    if head.windows(MAGIC.len()).any(|w| w == MAGIC) {
        return CheckpointError::Legacy(path);
    }
    let looks = if head.is_empty() {
        "the file is empty: fetch or copy it again"
    } else if begins(b"<") {
        "it is a web page: a download that failed; fetch the file again"
    } else if begins(b"version https://git-lfs") {
        "it is a Git LFS pointer: fetch the file itself with “git lfs pull”"
    } else if head.get(8..10) == Some(b"{\"") {
        "it looks like safetensors: load it in PyTorch and save it with torch.save"
    } else {
        "it is not a zip file: choose a .pth that torch.save wrote"
    };
    CheckpointError::NotAZip { looks, path }
}
