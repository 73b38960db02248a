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

/// Writes them; where each is.
pub fn write(wanted: &PerLabel) -> anyhow::Result<Vec<PathBuf>> {
    let PerLabel { folder, ending, labels, grid, said, inputs, force } = wanted;
    let labels: Vec<_> = labels.iter().filter(|(_, region)| !region.is_empty()).collect();
    if labels.is_empty() {
        bail!("there is no label with voxels; nothing was written: {}", folder.display());
    }
    make(folder)?;
    let names: Vec<(u16, &str)> = labels.iter().map(|(row, _)| (row.value, &*row.name)).collect();
    let places = io::formats().files_for_each(folder, ending, &names);
    for place in &places {
        if inputs.iter().any(|input| files::same_place(input, place)) {
            bail!("the output would replace an input; choose another folder: {}", place.display());
        }
    }
    refuse_to_replace(&places, *force)?;
    let each = places.iter().zip(&labels);
    let each: Vec<LabelFile<'_>> =
        each.map(|(path, (label, region))| LabelFile { path, label, region }).collect();
    io::formats().save_each(&each, grid, said, &CancelToken::new(), &Progress::new())?;
    Ok(places)
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
        bail!("this is there already; choose another folder, or --force: {}", there.display());
    }
    Ok(())
}
