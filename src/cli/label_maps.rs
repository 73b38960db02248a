//! Label maps to compare or to measure, on one grid.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::{files, say};
use crate::geom::Grid;
use crate::io::{self, IoError, LabelsRead};
use crate::volume::{LabelMap, NamedRegion, Region, Volume};
use crate::work::memory;

/// How label maps are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct MapReading {
    /// Which time point of a map with several, counted from 1; else the first.
    pub time_point: Option<usize>,
    /// Above what a probability map is label 1.
    pub threshold: Option<f64>,
    /// Whether a map may be put onto another grid.
    pub resample: bool,
}

/// Two label maps on one grid.
pub struct MapPair {
    /// That of both.
    pub grid: Grid,
    /// What is judged, and what it is judged by.
    pub maps: [LabelsRead; 2],
}

/// Reads two label maps. Either may be the one that was placed or ordered by another program; with `--resample` B may lie
/// anywhere.
pub fn read_pair(a: &Path, b: &Path, how: MapReading) -> anyhow::Result<MapPair> {
    let (first, second) = (files::open_scan(a)?, files::open_scan(b)?);
    let (placed, resampled) = on_one_grid([&first, &second], [a, b], how.resample)?;
    let [first, second] = placed;
    // A map without time points is compared with the chosen one of the other.
    let time_point_of = |one: &Volume, other: &Volume| {
        how.time_point.filter(|_| one.time_points() > 1 || other.time_points() == 1)
    };
    let in_a = labels(&first, a, time_point_of(&first, &second), how.threshold)?;
    let in_b = labels(&second, b, time_point_of(&second, &first), how.threshold)
        .context("can't compare")?;
    let in_b = if resampled { onto(in_b, &second, &first, b)? } else { in_b };
    Ok(MapPair { grid: first.grid().clone(), maps: [in_a, in_b] })
}

/// Reads a label map for the grid of `first`, another map or a scan.
pub fn read_onto(first: &Volume, path: &Path, how: MapReading) -> anyhow::Result<LabelsRead> {
    let volume = files::open_scan(path)?;
    let (placed, resampled) = match io::placed_on(&volume, path, first) {
        Ok((placed, why)) => {
            files::tell(path, &why);
            (placed, false)
        }
        Err(error) => may_resample(error, how.resample).map(|()| (volume, true))?,
    };
    let time_point = how.time_point.filter(|_| placed.time_points() > 1);
    let read = labels(&placed, path, time_point, how.threshold)?;
    if resampled { onto(read, &placed, first, path) } else { Ok(read) }
}

/// Both in the same voxels, or the second as it is, to be resampled.
fn on_one_grid(
    [a, b]: [&Volume; 2],
    [path_a, path_b]: [&Path; 2],
    resample: bool,
) -> anyhow::Result<([Volume; 2], bool)> {
    let error = match io::placed_on(b, path_b, a) {
        Ok((b, why)) => {
            files::tell(path_b, &why);
            return Ok(([a.clone(), b], false));
        }
        Err(error) => error,
    };
    if let Ok((a, why)) = io::placed_on(a, path_a, b) {
        files::tell(path_a, &why);
        return Ok(([a, b.clone()], false));
    }
    may_resample(error, resample).context("can't compare")?;
    Ok(([a.clone(), b.clone()], true))
}

fn may_resample(error: IoError, resample: bool) -> anyhow::Result<()> {
    match error {
        IoError::OtherGrid { .. } if resample => Ok(()),
        IoError::OtherGrid { what, path } => Err(anyhow!(
            "the two lie on different grids ({what}); --resample puts this one onto the other's: {}",
            path.display()
        )),
        other => Err(other.into()),
    }
}

/// The labels of a volume; of a probability map what is above the threshold.
pub fn labels(
    volume: &Volume,
    path: &Path,
    time_point: Option<usize>,
    threshold: Option<f64>,
) -> anyhow::Result<LabelsRead> {
    let chosen = match time_point {
        Some(number) => files::at_time_point(volume, number)?,
        None => volume.clone(),
    };
    // Structures that share voxels are whole in such a file, not in the volume that it makes. They are no
    // probabilities, and layers are no time points unless one is named.
    if (time_point.is_none() || volume.time_points() == 1)
        && let Some(read) = files::labels_for(path, volume)?
    {
        return Ok(read);
    }
    if let Some(threshold) = threshold
        && chosen.has_fractions()
    {
        let region = chosen.above(threshold);
        say(&format!(
            "warning: {}: a probability map; label 1 is what is above {threshold}: {} voxels",
            path.display(),
            region.count()
        ));
        let label = NamedRegion {
            value: 1,
            name: None,
            colour: None,
            opacity: None,
            visible: true,
            region,
            on_top: None,
        };
        let labels = if label.region.is_empty() { Vec::new() } else { vec![label] };
        return Ok(LabelsRead { labels, ..LabelsRead::default() });
    }
    let read = files::labels_of(&chosen, path, &chosen, None);
    let may_be_probabilities = threshold.is_none() && chosen.has_fractions();
    read.map_err(|error| match error.downcast_ref::<IoError>() {
        Some(IoError::NotLabels { .. }) if may_be_probabilities => {
            error.context("if it is a probability map, give a --threshold, for example 0.5")
        }
        _ => error,
    })
}

/// Labels on the grid of `from` put onto that of `to`.
fn onto(
    mut read: LabelsRead,
    from: &Volume,
    to: &Volume,
    path: &Path,
) -> anyhow::Result<LabelsRead> {
    let dims = from.grid().dims();
    let bytes = LabelMap::bytes_of(dims, read.labels.iter().map(|l| &l.region))
        + LabelMap::resampling_bytes(to.grid());
    memory::check(bytes).map_err(|short| anyhow!("resampling {short}: {}", path.display()))?;
    let before = read.labels.len();
    // Layer by layer, so that what shares voxels stays whole.
    let (map, covered) = files::stacked(dims, &read.labels);
    let mut regions = BTreeMap::new();
    for layer in covered.layers(&map) {
        let layer =
            LabelMap::from_regions(dims, layer.iter().map(|(value, region)| (*value, region)));
        regions.extend(layer.nearest_on(from.grid(), to.grid()).regions());
    }
    let mut tops = map.nearest_on(from.grid(), to.grid()).regions();
    for label in &mut read.labels {
        label.region = regions.remove(&label.value).unwrap_or_default();
        let top = tops.remove(&label.value).unwrap_or_default();
        label.on_top = label.on_top.take().map(|_| top);
    }
    read.labels.retain(|label| !label.region.is_empty());
    let lost = before - read.labels.len();
    let lost =
        if lost > 0 { format!("; {lost} labels have no voxel there") } else { String::new() };
    say(&format!(
        "warning: {}: it lies on another grid and was resampled (nearest voxel){lost}",
        path.display()
    ));
    Ok(read)
}

/// The voxels of what has this number in its file.
pub fn region_of(read: &LabelsRead, in_file: u64) -> Region {
    let value = read.value_of(in_file);
    let found = read.labels.iter().find(|l| Some(l.value) == value);
    found.map(|l| l.region.clone()).unwrap_or_default()
}

/// The number that a label has in its file.
pub fn in_file(read: &LabelsRead, value: u16) -> u64 {
    let other = read.renumbered.iter().find(|(_, new)| **new == value);
    other.map_or(u64::from(value), |(old, _)| *old)
}

/// Which labels a map has, for somebody who asked for another.
pub fn has(read: &LabelsRead) -> String {
    const SHOWN: usize = 10;
    let shown = read.labels.iter().take(SHOWN).map(|l| in_file(read, l.value).to_string());
    let shown: Vec<String> = shown.collect();
    match read.labels.len() {
        0 => "none".to_owned(),
        n if n > SHOWN => format!("{}, … ({n} labels)", shown.join(", ")),
        _ => shown.join(", "),
    }
}
