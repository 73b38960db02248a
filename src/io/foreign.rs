//! Whose work a file is that is about to be replaced.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use super::label_table;
use super::nifti::WRITTEN_BY;
use crate::volume::LabelName;

/// Bytes of a NIfTI-2 header, the longer of the two.
const HEADER: u64 = 540;

/// Whether there is a file at `path` that was not written by Voxpoint, as far as its header says. An empty file is
/// nobody's work.
pub fn is_foreign(path: &Path) -> bool {
    if !fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() > 0) {
        return false;
    }
    header(path).is_none_or(|header| !is_ours(&header))
}

fn header(path: &Path) -> Option<Vec<u8>> {
    let mut magic = [0; 2];
    File::open(path).ok()?.read_exact(&mut magic).ok()?;
    let (file, mut header) = (File::open(path).ok()?, Vec::new());
    if magic == [0x1f, 0x8b] {
        MultiGzDecoder::new(file).take(HEADER).read_to_end(&mut header).ok()?;
    } else {
        file.take(HEADER).read_to_end(&mut header).ok()?;
    }
    Some(header)
}

/// By the description, which stands elsewhere in the two versions of NIfTI.
fn is_ours(header: &[u8]) -> bool {
    let at = match header.get(..4) {
        Some([0x5c, 1, 0, 0]) => 148,
        Some([0x1c, 2, 0, 0]) => 240,
        _ => return false,
    };
    header.get(at..).is_some_and(|text| text.starts_with(WRITTEN_BY))
}

/// The label table beside a label map (to be), if it says anything else than these rows: somebody has named labels in
/// it, or it is not a table at all.
pub fn foreign_table(labels: &Path, rows: &[LabelName]) -> Option<PathBuf> {
    let path = label_table::path_for(labels)?;
    let about = fs::metadata(&path).ok().filter(|about| about.is_file() && about.len() > 0);
    about.and_then(|_| (!label_table::says(&path, rows)).then_some(path))
}

/// What a file was when it was read or written here, to tell later whether somebody else has changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStamp {
    bytes: u64,
    modified: Option<SystemTime>,
    sha256: [u8; 32],
}

impl FileStamp {
    /// Of the file at `path` now; `None` if there is none, or it can't be read. Reads all of it.
    pub fn of(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
        loop {
            match file.read(&mut buffer).ok()? {
                0 => break,
                n => hash.update(&buffer[..n]),
            }
        }
        let modified = about.modified().ok();
        Some(Self { bytes: about.len(), modified, sha256: hash.finalize().into() })
    }

    /// Whether the file at `path` has another content by now. One that is gone has none to lose.
    pub fn is_changed(&self, path: &Path) -> bool {
        let Ok(about) = fs::metadata(path) else { return false };
        // The time alone says nothing: copying back and forth changes it too.
        if about.len() == self.bytes
            && self.modified.is_some()
            && about.modified().ok() == self.modified
        {
            return false;
        }
        Self::of(path).is_some_and(|now| now.sha256 != self.sha256)
    }
}

/// A label map and the table beside it as they were when they were read or written here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairStamp {
    path: PathBuf,
    map: Option<FileStamp>,
    table: Option<FileStamp>,
}

impl PairStamp {
    /// Of the label map at `path`. Reads both files.
    pub fn of(path: &Path) -> Self {
        let table = label_table::path_for(path).and_then(|table| FileStamp::of(&table));
        Self { path: path.to_owned(), map: FileStamp::of(path), table }
    }

    /// As [`PairStamp::of`], of a label map that was read: `began` is what the file's time was before that. What was
    /// written meanwhile counts as changed.
    pub fn of_read(path: &Path, began: Option<SystemTime>) -> Self {
        let mut stamp = Self::of(path);
        if stamp.map.as_ref().is_none_or(|map| map.modified != began) {
            stamp.map = None;
        }
        stamp
    }

    /// The label map's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of the two that holds something else by now, so that it must not be replaced without a word.
    pub fn changed(&self) -> Option<PathBuf> {
        let other = |stamp: &Option<FileStamp>, path: &Path| match stamp {
            Some(stamp) => stamp.is_changed(path),
            None => fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() > 0),
        };
        let table = label_table::path_for(&self.path);
        if other(&self.map, &self.path) {
            return Some(self.path.clone());
        }
        table.filter(|path| other(&self.table, path))
    }
}

/// The label table that would be replaced with a label map that is not there yet: nobody was asked about it.
pub fn table_without_map(labels: &Path) -> Option<PathBuf> {
    let table = label_table::path_for(labels).filter(|_| !labels.exists())?;
    fs::metadata(&table).is_ok_and(|about| about.is_file() && about.len() > 0).then_some(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn own_label_maps_are_told_from_others_in_both_versions_plain_and_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.nii.gz");
        let header = |size: u32, at: usize, text: &[u8]| {
            let mut header = vec![0; 600];
            header[..4].copy_from_slice(&size.to_le_bytes());
            header[at..at + text.len()].copy_from_slice(text);
            header
        };
        let gzip = |bytes: &[u8]| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        };
        let ours = header(348, 148, b"Voxpoint");
        for (name, bytes, foreign) in [
            ("NIfTI-1", ours.clone(), false),
            ("compressed", gzip(&ours), false),
            ("NIfTI-2", header(540, 240, b"Voxpoint"), false),
            ("nothing in it", Vec::new(), false),
            ("ITK's", header(348, 148, b"ITK-SNAP"), true),
            ("nobody's", header(348, 148, b""), true),
            ("big-endian", header(348u32.swap_bytes(), 148, b"Voxpoint"), true),
            ("a text", b"my notes".to_vec(), true),
            ("damaged", gzip(&ours)[..20].to_vec(), true),
        ] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(is_foreign(&path), foreign, "{name}");
        }
        assert!(!is_foreign(&folder.path().join("missing")) && !is_foreign(folder.path()));
    }

    #[test]
    fn a_file_is_changed_when_its_content_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.nii");
        assert_eq!(FileStamp::of(&path), None);
        fs::write(&path, "mask").unwrap();
        let stamp = FileStamp::of(&path).unwrap();
        assert!(!stamp.is_changed(&path));
        let touch = |text: &str| {
            fs::write(&path, text).unwrap();
            let file = File::options().append(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() + std::time::Duration::from_secs(9)).unwrap();
        };
        touch("mask");
        assert!(!stamp.is_changed(&path), "copied back");
        touch("tusk");
        assert!(stamp.is_changed(&path));
        fs::remove_file(&path).unwrap();
        assert!(!stamp.is_changed(&path), "there is nothing to lose");
    }

    #[test]
    fn both_files_of_a_pair_count() {
        let folder = tempfile::tempdir().unwrap();
        let (map, table) = (folder.path().join("m.nii"), folder.path().join("m.labels.txt"));
        fs::write(&map, "mask").unwrap();
        let alone = PairStamp::of(&map);
        assert_eq!((alone.changed(), alone.path()), (None, map.as_path()));
        fs::write(&table, "names").unwrap();
        assert_eq!(alone.changed().as_ref(), Some(&table), "a table that was not there");
        let both = PairStamp::of(&map);
        assert_eq!(both.changed(), None);
        fs::write(&table, "others").unwrap();
        assert_eq!(both.changed().as_ref(), Some(&table));
        fs::write(&map, "another").unwrap();
        assert_eq!(both.changed().as_ref(), Some(&map));
        let began = fs::metadata(&map).unwrap().modified().ok();
        assert_eq!(PairStamp::of_read(&map, began).changed(), None);
        let read = PairStamp::of_read(&map, Some(SystemTime::UNIX_EPOCH));
        assert_eq!(read.changed().as_ref(), Some(&map), "written while it was read");
        assert_eq!(table_without_map(&map), None);
        fs::remove_file(&map).unwrap();
        assert_eq!(table_without_map(&map).as_ref(), Some(&table));
    }
}
