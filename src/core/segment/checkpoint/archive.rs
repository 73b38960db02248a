//! The zip that `torch.save` writes: where each of its entries lies in the file.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom};
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
    pub pickle: Range<u64>,
    /// Bytes of `data/<key>`.
    storages: HashMap<String, Range<u64>>,
}

impl Archive {
    /// Reads the directory. Nothing is unpacked: every entry that matters must be stored as it is.
    /// CRCs are not looked at, as `torch.save` may be told not to compute them.
    pub(super) fn read(mut file: impl Read + Seek, path: &Path) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io { source, path: path.into() };
        let length = file.seek(SeekFrom::End(0)).map_err(io)?;
        let mut zip = match ZipArchive::new(&mut file) {
            Ok(zip) => zip,
            Err(error) => return Err(refusal(&mut file, length, &error, path).unwrap_or_else(io)),
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
            if let Some((name, place)) = entry(&mut zip, index, &prefix, length, path)? {
                entries.insert(name, place);
            }
        }
        if let Some(place) = entries.get("byteorder")
            && piece(&mut file, place.start, (place.end - place.start).min(4)).map_err(io)?
                == b"big"
        {
            return Err(CheckpointError::BigEndian(path.into()));
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
    pub(super) fn storage(&self, key: &str) -> Option<Range<u64>> {
        self.storages.get(key).cloned()
    }
}

/// So many bytes of a file that has them.
pub(super) fn piece(file: &mut (impl Read + Seek), start: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The folder of `data.pkl`, the shallowest one if there are several: `torch.save` names it after the
/// file.
fn prefix<R: Read + Seek>(zip: &ZipArchive<R>) -> Option<String> {
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
pub(super) fn verify(
    mut file: impl Read + Seek,
    path: &Path,
    cancel: &CancelToken,
) -> Result<(), CheckpointError> {
    let io = |source| CheckpointError::Io { source, path: path.into() };
    let damaged = |message: String| CheckpointError::Damaged { message, path: path.into() };
    let length = file.seek(SeekFrom::End(0)).map_err(io)?;
    let mut zip = ZipArchive::new(file).map_err(|e| damaged(clip(&e.to_string())))?;
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
fn entry<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    index: usize,
    prefix: &str,
    length: u64,
    path: &Path,
) -> Result<Option<(String, Range<u64>)>, CheckpointError> {
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
    let start = file.data_start();
    let bytes = Some(file.size()).filter(|_| file.size() == file.compressed_size());
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
fn refusal(
    file: &mut (impl Read + Seek),
    length: u64,
    error: &ZipError,
    path: &Path,
) -> io::Result<CheckpointError> {
    // `torch.save` of before 1.6 begins with a pickle of this number (LONG1, ten bytes), whatever the
    // protocol: 0x1950a86a20f9469cfc6c.
    const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    let head = &piece(file, 0, 64)?[..];
    let begins = |with: &[u8]| head.trim_ascii_start().starts_with(with);
    let owned = path.to_path_buf();
    if head.starts_with(b"PK\x03\x04") {
        // The record that ends every zip is at most a comment away from the end.
        let most = (1 << 16) + 22;
        let tail = piece(file, length.saturating_sub(most), most)?;
        if tail.windows(22).any(|record| record.starts_with(b"PK\x05\x06")) {
            let message = clip(&error.to_string());
            return Ok(CheckpointError::Damaged { message, path: owned });
        }
        return Ok(CheckpointError::Truncated(owned));
    }
    if head.windows(MAGIC.len()).any(|w| w == MAGIC) {
        return Ok(CheckpointError::Legacy(owned));
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
    Ok(CheckpointError::NotAZip { looks, path: owned })
}
