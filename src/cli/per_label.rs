//! `--per-label`: one file for each label, into a folder.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::{Usage, files};
use crate::geom::Grid;
use crate::io::{self, LabelFile};
use crate::volume::{LabelName, Provenance, Region};
use crate::work::{CancelToken, Progress};

/// What is written: each label's row, with all its voxels.
pub struct PerLabel<'a> {
    pub folder: &'a Path,
    /// How the names end.
    pub ending: &'a str,
    pub labels: Vec<(&'a LabelName, &'a Region)>,
    pub grid: &'a Grid,
    pub said: &'a Provenance,
    /// No file is replaced that is one of these.
    pub inputs: Vec<PathBuf>,
    /// What is there is replaced.
    pub force: bool,
}

/// Refuses an ending that no such file has; `None` is that of the scan's format, else the usual one.
pub fn ending(
    wanted: Option<&str>,
    scan: &Path,
    said: &Provenance,
) -> anyhow::Result<&'static str> {
    let able = io::formats().endings_for_each();
    let Some(wanted) = wanted else { return Ok(io::formats().ending_for_each(scan, said)) };
    let wanted = format!(".{}", wanted.trim_start_matches('.').to_lowercase());
    if let Some(ending) = able.iter().find(|ending| **ending == wanted) {
        return Ok(ending);
    }
    let able = able.join(", ");
    Err(Usage(format!("a label can be alone in files that end in {able}; not {wanted}")).into())
}

impl PerLabel<'_> {
    /// Where each of them goes that has voxels.
    ///
    /// # Errors
    /// If there is none, or a file would be replaced that must not be. Nothing is made.
    pub fn places(&self) -> anyhow::Result<Vec<PathBuf>> {
        let Self { folder, ending, inputs, force, .. } = self;
        let names: Vec<(u16, &str)> =
            self.with_voxels().map(|(row, _)| (row.value, &*row.name)).collect();
        if names.is_empty() {
            bail!("there is no label with voxels; nothing was written: {}", folder.display());
        }
        let places = io::formats().files_for_each(folder, ending, &names);
        for place in &places {
            if inputs.iter().any(|input| files::same_place(input, place)) {
                bail!(
                    "the output would replace an input; choose another folder: {}",
                    place.display()
                );
            }
        }
        refuse_to_replace(&places, *force)?;
        Ok(places)
    }

    fn with_voxels(&self) -> impl Iterator<Item = (&LabelName, &Region)> {
        self.labels.iter().copied().filter(|(_, region)| !region.is_empty())
    }

    /// Writes them to their [`PerLabel::places`].
    pub fn write(&self, places: &[PathBuf]) -> anyhow::Result<()> {
        make(self.folder)?;
        let each = places.iter().zip(self.with_voxels());
        let each: Vec<LabelFile<'_>> =
            each.map(|(path, (label, region))| LabelFile { path, label, region }).collect();
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        Ok(io::formats().save_each(&each, self.grid, self.said, &cancel, &progress)?)
    }
}

/// Makes a folder, if it is not there.
pub fn make(folder: &Path) -> anyhow::Result<()> {
    if let Err(why) = std::fs::create_dir_all(folder) {
        bail!("the folder can't be made: {why}: {}", folder.display());
    }
    Ok(())
}

/// Unless that was asked for.
pub fn refuse_to_replace(files: &[PathBuf], force: bool) -> anyhow::Result<()> {
    let there = files.iter().find(|file| !force && file.symlink_metadata().is_ok());
    if let Some(there) = there {
        bail!("this is there already; choose another place, or --force: {}", there.display());
    }
    Ok(())
}
