//! Whether replacing a file would lose what somebody else has written.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::label_table;
use super::registry::Registry;
use crate::volume::LabelName;

impl Registry {
    /// The label table beside a label map (to be), if it says anything else than these rows: somebody has named labels
    /// in it, or it is not a table at all.
    pub fn foreign_table(&self, labels: &Path, rows: &[LabelName]) -> Option<PathBuf> {
        let path = label_table::path_for(self, labels).filter(|path| has_content(path))?;
        (!label_table::says(&path, rows)).then_some(path)
    }

    /// The label table that would be replaced with a label map that is not there yet: nobody was asked about it.
    pub fn table_without_map(&self, labels: &Path) -> Option<PathBuf> {
        let table = label_table::path_for(self, labels).filter(|_| !labels.exists());
        table.filter(|path| has_content(path))
    }
}

fn has_content(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() > 0)
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
    table_path: Option<PathBuf>,
    map: Option<FileStamp>,
    table: Option<FileStamp>,
    /// Of a header its voxels, in the other file.
    voxels: Option<Box<(PathBuf, Option<FileStamp>)>>,
}

impl PairStamp {
    /// Of the label map at `path`. Reads both files.
    pub fn of(formats: &Registry, path: &Path) -> Self {
        let table_path = label_table::path_for(formats, path);
        let table = table_path.as_deref().and_then(FileStamp::of);
        let voxels = formats.voxels_file(path).map(|path| {
            let stamp = FileStamp::of(&path);
            Box::new((path, stamp))
        });
        Self { path: path.to_owned(), table_path, map: FileStamp::of(path), table, voxels }
    }

    /// As [`PairStamp::of`], of a label map that was read: `began` is what the file's time was before that. What was
    /// written meanwhile counts as changed.
    pub fn of_read(formats: &Registry, path: &Path, began: Option<SystemTime>) -> Self {
        let mut stamp = Self::of(formats, path);
        if stamp.map.as_ref().is_none_or(|map| map.modified != began) {
            stamp.map = None;
        }
        stamp
    }

    /// Of a label map and its table as they were written in an earlier run: the bytes of each, and their SHA-256.
    pub fn written(
        formats: &Registry,
        path: &Path,
        map: (u64, [u8; 32]),
        table: Option<(u64, [u8; 32])>,
    ) -> Self {
        let stamp = |(bytes, sha256)| FileStamp { bytes, modified: None, sha256 };
        let table_path = label_table::path_for(formats, path);
        let (map, table) = (Some(stamp(map)), table.map(stamp));
        // What the voxels were is not kept.
        Self { path: path.to_owned(), table_path, map, table, voxels: None }
    }

    /// The bytes of the label map and of its table, and their SHA-256; `None` of one that was not there or could not be
    /// read.
    pub fn sums(&self) -> [Option<(u64, [u8; 32])>; 2] {
        [&self.map, &self.table].map(|stamp| stamp.as_ref().map(|s| (s.bytes, s.sha256)))
    }

    /// Whether a table is the one that was written with the label map, as it was then.
    pub fn wrote_table(&self, table: &Path) -> bool {
        let own = self.table.as_ref().filter(|_| self.table_path() == Some(table));
        own.is_some_and(|stamp| !stamp.is_changed(table))
    }

    /// The label map's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The label table's, if its format has one.
    pub fn table_path(&self) -> Option<&Path> {
        self.table_path.as_deref()
    }

    /// The file of the two that holds something else by now, so that it must not be replaced without a word.
    pub fn changed(&self) -> Option<PathBuf> {
        let other = |stamp: &Option<FileStamp>, path: &Path| match stamp {
            Some(stamp) => stamp.is_changed(path),
            None => has_content(path),
        };
        if other(&self.map, &self.path) {
            return Some(self.path.clone());
        }
        if let Some((path, stamp)) = self.voxels.as_deref()
            && other(stamp, path)
        {
            return Some(path.clone());
        }
        self.table_path.clone().filter(|path| other(&self.table, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::formats;

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
        let alone = PairStamp::of(formats(), &map);
        assert_eq!((alone.changed(), alone.path()), (None, map.as_path()));
        fs::write(&table, "names").unwrap();
        assert_eq!(alone.changed().as_ref(), Some(&table), "a table that was not there");
        let both = PairStamp::of(formats(), &map);
        assert_eq!(both.changed(), None);
        fs::write(&table, "others").unwrap();
        assert_eq!(both.changed().as_ref(), Some(&table));
        fs::write(&map, "another").unwrap();
        assert_eq!(both.changed().as_ref(), Some(&map));
        let [of_map, of_table] = PairStamp::of(formats(), &map).sums();
        let hash = |text: &str| -> [u8; 32] { Sha256::digest(text).into() };
        assert_eq!((of_map, of_table), (Some((7, hash("another"))), Some((6, hash("others")))));
        let began = fs::metadata(&map).unwrap().modified().ok();
        assert_eq!(PairStamp::of_read(formats(), &map, began).changed(), None);
        let read = PairStamp::of_read(formats(), &map, Some(SystemTime::UNIX_EPOCH));
        assert_eq!(read.changed().as_ref(), Some(&map), "written while it was read");
        assert_eq!(formats().table_without_map(&map), None);
        fs::remove_file(&map).unwrap();
        assert_eq!(formats().table_without_map(&map).as_ref(), Some(&table));
        // A table that a map of another format has beside it, too.
        let now = PairStamp::of(formats(), &map);
        assert!(now.wrote_table(&table) && !now.wrote_table(&map) && !both.wrote_table(&table));
        let other = PairStamp::of(formats(), &folder.path().join("m.seg.nrrd"));
        assert!(other.wrote_table(&table));
        fs::remove_file(&table).unwrap();
        assert!(!alone.wrote_table(&table), "none was written");
    }
}
