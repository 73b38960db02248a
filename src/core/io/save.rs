//! Saving: whatever writes a format, what it wrote is read back and compared before it becomes a file.

use std::path::{Path, PathBuf};

use super::atomic::{Staged, stage_bytes};
use super::error::IoError;
use super::format::{Content, ContentKind, ContentVoxels};
use super::label_table::{self, TableKind};
use super::pair::{Order, put_in_place};
use super::registry::{Registry, renamed};
use super::staged_image::StagedImage;
use super::together::publish_together;
use crate::geom::{DAffine3, Grid};
use crate::volume::{CoveredLabels, LabelMap, LabelName, Provenance, Volume};
use crate::work::{CancelToken, Progress};

/// What was written.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The label map.
    pub path: PathBuf,
    /// The label table beside it.
    pub table: PathBuf,
    /// Bytes of the label map file.
    pub bytes: u64,
    /// The patient had been taken out of the file that was replaced, and was left out again.
    pub stays_without_patient: bool,
}

/// What is written into a file that belongs to a table, with what others have put there.
fn beside_table(path: &Path, table: &[LabelName], kind: TableKind) -> Result<String, IoError> {
    let before = match std::fs::read(path) {
        Ok(bytes) => Some(String::from_utf8(bytes).unwrap_or_default()),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => None,
        Err(why) => return Err(IoError::writing(why, path)),
    };
    kind.sidecar(table, before.as_deref()).ok_or_else(|| {
        let what = "a file that is none of BIDS is in the way";
        IoError::writing(std::io::Error::new(std::io::ErrorKind::AlreadyExists, what), path)
    })
}

impl Registry {
    /// Writes a label map on the scan's grid, and its label table beside it (`<stem>.labels.txt`). The ending of the
    /// name decides the format; one that no format has is an error (adding one here could overwrite a file that
    /// nobody was asked about). `provenance` is that of the scan.
    ///
    /// Both files are written under other names, synced, read back and compared before the first is put in its
    /// place: until then, failing or cancelling leaves everything as it was. Then they are put in their places such
    /// that, wherever that is ended, no label has the name of another. Progress is in slices, written and compared.
    ///
    /// # Errors
    /// See [`IoError`].
    // The volume in its parts, and what every long work is given.
    #[allow(clippy::too_many_arguments)]
    pub fn save_labels(
        &self,
        path: &Path,
        labels: &LabelMap,
        grid: &Grid,
        provenance: &Provenance,
        table: &[LabelName],
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Saved, IoError> {
        let labels = (labels, &CoveredLabels::NONE);
        self.save_overlapping(path, labels, grid, provenance, table, cancel, progress)
    }

    /// As [`Registry::save_labels`], also what of the labels lies under others: where the format keeps it
    /// ([`Registry::keeps_overlaps`]), each label is whole in the file; else what is on top is all that it gets.
    ///
    /// # Errors
    /// As that.
    // As that.
    #[allow(clippy::too_many_arguments)]
    pub fn save_overlapping(
        &self,
        path: &Path,
        (labels, covered): (&LabelMap, &CoveredLabels),
        grid: &Grid,
        provenance: &Provenance,
        table: &[LabelName],
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Saved, IoError> {
        let table_path = self.label_table_path(path)?;
        if labels.dims() != grid.dims() {
            let what = format!("{:?} labels on a grid of {:?}", labels.dims(), grid.dims());
            return Err(IoError::NoVolume { what, path: path.into() });
        }
        let stays_without_patient = self.would_name_patient(path, path, provenance);
        let without = stays_without_patient.then(|| provenance.clone().without_patient());
        let provenance = without.as_ref().unwrap_or(provenance);
        let voxels = ContentVoxels::Labels(labels);
        let keeps = self.keeps_overlaps(path);
        let covered = if keeps { covered } else { &CoveredLabels::NONE };
        let content = Content { voxels, grid, provenance, names: table, covered };
        let map = self.stage(path, &content, cancel, progress)?;
        let bytes = map.bytes().map_err(|e| IoError::writing(e, path))?;
        let staged_table = stage_bytes(&table_path, label_table::write(table).as_bytes())
            .map_err(|e| IoError::writing(e, &table_path))?;
        cancel.check()?;
        let order = Order::of(label_table::at(&table_path).as_deref(), table);
        put_in_place((map, path), (staged_table, &table_path), order, &mut || ())?;
        Ok(Saved { path: path.into(), table: table_path, bytes, stays_without_patient })
    }

    /// Where the table of a label map to be saved as `path` is written.
    ///
    /// # Errors
    /// If no format is written under such a name, or the system can't have files of these names, which would else be
    /// found out when the map is in its place and the table is not.
    pub fn label_table_path(&self, path: &Path) -> Result<PathBuf, IoError> {
        let (_, ending) = self.writer_of(path, ContentKind::Labels)?;
        let table = label_table::path_for(self, path)
            .ok_or_else(|| IoError::Name { endings: ending.to_owned(), path: path.into() })?;
        let voxels = self.voxels_file(path);
        for target in [path, &table].into_iter().chain(voxels.as_deref()) {
            match std::fs::symlink_metadata(target) {
                Err(e) if e.kind() == std::io::ErrorKind::InvalidFilename => {
                    return Err(IoError::writing(e, target));
                }
                _ => {}
            }
        }
        Ok(table)
    }

    /// Writes a label table for another program beside a label map, and what belongs to it ([`Registry::table_paths`]);
    /// where it is. All or nothing.
    ///
    /// # Errors
    /// See [`IoError`].
    pub fn save_table(
        &self,
        labels: &Path,
        table: &[LabelName],
        kind: TableKind,
    ) -> Result<PathBuf, IoError> {
        let path = self.table_path(labels, kind)?;
        let stage = |path: &Path, text: &str| {
            stage_bytes(path, text.as_bytes()).map_err(|e| IoError::writing(e, path))
        };
        let mut files = vec![(stage(&path, &kind.write(table))?, path.clone())];
        for other in self.table_paths(labels, kind)?.into_iter().skip(1) {
            let text = beside_table(&other, table, kind)?;
            files.push((stage(&other, &text)?, other));
        }
        publish_together(files)?;
        Ok(path)
    }

    /// Whether a table for another program can be written beside a label map: what belongs to it is not written over a
    /// file that is something else.
    ///
    /// # Errors
    /// [`IoError::Write`] names that file.
    pub fn check_table(&self, labels: &Path, kind: TableKind) -> Result<(), IoError> {
        let mut others = self.table_paths(labels, kind)?.into_iter().skip(1);
        others.try_for_each(|other| beside_table(&other, &[], kind).map(drop))
    }

    /// All files that are written with a table for another program beside a label map, the table first.
    ///
    /// # Errors
    /// If no format is written under such a name.
    pub fn table_paths(&self, labels: &Path, kind: TableKind) -> Result<Vec<PathBuf>, IoError> {
        let table = self.table_path(labels, kind)?;
        let stem = self.stem(labels).unwrap_or_default();
        let beside = kind.sidecar_ending().map(|ending| renamed(labels, stem, ending));
        Ok(std::iter::once(table).chain(beside).collect())
    }

    /// Where a table for another program is written beside a label map.
    ///
    /// # Errors
    /// If no format is written under such a name.
    pub fn table_path(&self, labels: &Path, kind: TableKind) -> Result<PathBuf, IoError> {
        let (_, ending) = self.writer_of(labels, ContentKind::Labels)?;
        let name = || IoError::Name { endings: ending.to_owned(), path: labels.into() };
        Ok(renamed(labels, self.stem(labels).ok_or_else(name)?, kind.ending()))
    }

    /// Writes float32 values (x fastest); whole or not at all.
    ///
    /// # Errors
    /// See [`IoError`].
    pub fn save_float32(
        &self,
        path: &Path,
        dims: [usize; 3],
        values: &[f32],
        world_from_voxel: DAffine3,
    ) -> Result<(), IoError> {
        self.stage_values(path, dims, values, world_from_voxel)?.commit(path)
    }

    /// As [`Registry::save_float32`], whole and compared but not in its place yet; of a format of one file.
    ///
    /// # Errors
    /// See [`IoError`].
    pub fn stage_float32(
        &self,
        path: &Path,
        dims: [usize; 3],
        values: &[f32],
        world_from_voxel: DAffine3,
    ) -> Result<Staged, IoError> {
        self.stage_values(path, dims, values, world_from_voxel)?.only(path)
    }

    fn stage_values(
        &self,
        path: &Path,
        dims: [usize; 3],
        values: &[f32],
        world_from_voxel: DAffine3,
    ) -> Result<StagedImage, IoError> {
        let no_volume = |what: String| IoError::NoVolume { what, path: path.into() };
        let grid = Grid::new(dims, world_from_voxel).map_err(|e| no_volume(e.to_string()))?;
        if values.len() != grid.count() {
            return Err(no_volume(format!("{} values for {} voxels", values.len(), grid.count())));
        }
        let content = Content {
            voxels: ContentVoxels::Values(values),
            grid: &grid,
            provenance: &Provenance::default(),
            names: &[],
            covered: &CoveredLabels::NONE,
        };
        self.stage(path, &content, &CancelToken::new(), &Progress::new())
    }

    /// Writes a scan with all its time points, its numbers as they are wherever the format can hold them, else the
    /// values that they stand for; whole or not at all. Progress is in slices, written and compared.
    ///
    /// # Errors
    /// See [`IoError`].
    pub fn save_scan(
        &self,
        path: &Path,
        volume: &Volume,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), IoError> {
        let content = Content {
            voxels: ContentVoxels::Scan(volume),
            grid: volume.grid(),
            provenance: volume.provenance(),
            names: &[],
            covered: &CoveredLabels::NONE,
        };
        self.stage(path, &content, cancel, progress)?.commit(path)
    }
}
