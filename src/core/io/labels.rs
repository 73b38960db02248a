//! Label maps as they come: whose values are labels, and whose are not.

mod values;

use std::collections::BTreeMap;
use std::path::Path;

use values::{Tally, Value, each_run, renumber};

use super::belonging::{GRID_TOLERANCE, how_far, placed_on};
use super::error::IoError;
use super::format::{Onto, Source};
use super::label_table::{self, TableRow};
use super::labels_read::LabelsRead;
use super::limits::Limits;
use super::note::{LabelNote, note};
use super::registry::Registry;
use crate::geom::Grid;
use crate::volume::{
    Conversion, DeltaRun, LabelMap, LabelName, NamedRegion, Region, RegionBuilder, Run, Volume,
};
use crate::work::{CancelToken, Progress, memory};

/// More labels than a label map can hold.
const MOST_LABELS: usize = 65_535;

/// More labels than most atlases have: from here on neighbours are looked at too.
const MANY_LABELS: usize = 1000;

/// So many runs of equal labels are taken for a label map in any case, whatever its size.
const FEW_RUNS: usize = 1 << 16;

/// After so many pairs of neighbours it can be told whether they are mostly equal.
const MANY_PAIRS: u64 = 1 << 20;

/// After so many runs of equal labels it is asked again whether there is memory for more.
const ASK_EVERY: usize = 1 << 20;

/// What a volume is most likely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// A label map.
    Labels,
    /// Patches of equal values as in a label map, but they can't be read as one, and why.
    Patches(String),
    /// A scan.
    Scan,
}

/// What `volume` is by its values. A label map's are labels, and most neighbours within what is not
/// background are equal, which is not so in a scan. A volume of zeros is an empty label map. Of several
/// time points each must be one.
pub fn likeness(volume: &Volume) -> Likeness {
    if let Some(why) = converted(volume) {
        return Likeness::Patches(why);
    }
    let mut why = None;
    for time_point in 0..volume.time_points() {
        match likeness_of_time_point(&volume.with_time_point(time_point)) {
            Likeness::Labels => {}
            Likeness::Patches(what) => why = why.or(Some(what)),
            Likeness::Scan => return Likeness::Scan,
        }
    }
    why.map_or(Likeness::Labels, Likeness::Patches)
}

fn likeness_of_time_point(volume: &Volume) -> Likeness {
    let row = volume.grid().dims()[0];
    let (mut tally, mut why) = (Tally::default(), None);
    let mut neighbours = Neighbours::default();
    let seen = each_run(volume, |at, len, value| {
        if why.is_none() {
            why = tally.take(value, len, || "a voxel".to_owned()).err();
        }
        neighbours.add(at % row == 0, len, value);
        if neighbours.pairs > MANY_PAIRS && !neighbours.are_equal(1, 2) { Err(()) } else { Ok(()) }
    });
    if seen.is_err() || !neighbours.are_equal(3, 4) {
        return Likeness::Scan;
    }
    match why {
        Some(why) => Likeness::Patches(why),
        None if tally.is_nothing() => Likeness::Scan,
        None => Likeness::Labels,
    }
}

/// Whether neighbours along x are equal where they are not both background.
#[derive(Default)]
struct Neighbours {
    pairs: u64,
    equal: u64,
    before: bool,
}

impl Neighbours {
    fn add(&mut self, begins_row: bool, len: usize, value: Value) {
        // Tiny values that would be rounded to background are a scan's, unless they are all alike.
        let is_label = match value {
            Value::Background { off } => off > 0.0,
            Value::NotANumber | Value::Negative(_) => false,
            Value::Label { .. } | Value::NotWhole(_) | Value::TooLarge(_) => true,
        };
        if is_label {
            self.equal += len as u64 - 1;
            self.pairs += len as u64 - 1 + u64::from(self.before && !begins_row);
        }
        self.before = is_label;
    }

    /// Whether at least `share` of `of` pairs are.
    fn are_equal(&self, share: u64, of: u64) -> bool {
        self.equal * of >= self.pairs * share
    }
}

/// Why a volume whose voxels were colours or complex numbers is no label map.
fn converted(volume: &Volume) -> Option<String> {
    Some(match volume.conversion()? {
        Conversion::Colours => {
            "its voxels are colours (RGB); export the labels as whole numbers".into()
        }
        Conversion::Complex => {
            "its voxels are complex numbers; export the labels as whole numbers".into()
        }
    })
}

impl Registry {
    /// [`Registry::labels_of`] a file on the grid of the scan that it belongs to, also where another program has placed
    /// it elsewhere or ordered its voxels differently ([`placed_on`]); why it is the scan's then stands first among the
    /// notes.
    ///
    /// # Errors
    /// As those two.
    pub fn labels_on(
        &self,
        volume: &Volume,
        path: &Path,
        scan: &Volume,
    ) -> Result<LabelsRead, IoError> {
        let (placed, why) = placed_on(volume, path, scan)?;
        let mut read = self.labels_of(&placed, path, scan.grid())?;
        let why = why.iter().map(|reason| note(reason.words(), &[]));
        read.notes.splice(0..0, why);
        Ok(read)
    }

    /// The labels in a source of a format that has nothing but labels of scans (segments, contours), on the grid of
    /// `scan`, with the names of a label table beside it; `None` of another format, whose volumes
    /// [`Registry::labels_on`] is asked about.
    ///
    /// # Errors
    /// See [`IoError`].
    pub fn labels_for(
        &self,
        source: &Source,
        scan: &Volume,
        limits: &Limits,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Option<LabelsRead>, IoError> {
        let onto = Onto { grid: scan.grid(), provenance: scan.provenance() };
        let reader = self.reader_of(source)?;
        let Some(mut read) = reader.labels(source, &onto, limits, cancel, progress)? else {
            return Ok(None);
        };
        let table = label_table::beside(self, source.path());
        for row in table.rows {
            let Ok(row) = LabelName::try_from(row) else { continue };
            let Some(label) = read.labels.iter_mut().find(|l| l.value == row.value) else {
                continue;
            };
            label.name = Some(row.name).filter(|name| !name.is_empty()).or(label.name.take());
            (label.colour, label.opacity) = (Some(row.colour), Some(row.opacity));
            label.visible = row.visible;
        }
        read.notes.extend(table.notes);
        read.notes.extend(hidden(&read.labels));
        Ok(Some(read))
    }

    /// The labels of a volume read from `path` (of the time point that is looked at), with the names of a label table
    /// beside it; an error if it lies on another grid or its values are no labels.
    ///
    /// Whole numbers alone make no label map: more than 1000 different ones that change from voxel to voxel, or
    /// (past 65,536) more runs of equal labels along x than a quarter of the voxels, are a scan's grey values, and
    /// refused. What is nearly whole is rounded; NaN, infinity and one negative number (`-1` is a common one)
    /// are taken for background; labels over 65535 get other numbers, their own stand in their names. Every such
    /// decision is among the notes.
    pub fn labels_of(
        &self,
        volume: &Volume,
        path: &Path,
        grid: &Grid,
    ) -> Result<LabelsRead, IoError> {
        check_grid(volume.grid(), path, grid)?;
        let (regions, tally) = regions(volume, path)?;
        room_for(&regions, grid.dims(), path)?;
        let renumbered = renumber(regions.keys().copied());
        let mut table = label_table::beside(self, path);
        if table.rows.is_empty() {
            let source = Source::File(path.to_owned());
            let reader = self.reader_of(&source);
            let names = reader.map(|r| r.label_names(&source, volume.time_point()));
            table.rows = names.unwrap_or_default().into_iter().map(TableRow::from).collect();
        }
        let mut notes = tally.notes();
        notes.extend(time_point(volume));
        notes.extend(renumbering(&renumbered));
        notes.append(&mut table.notes);
        let mut names: BTreeMap<u64, TableRow> =
            table.rows.into_iter().map(|row| (row.value, row)).collect();
        let mut labels: Vec<NamedRegion> = regions
            .into_iter()
            .map(|(in_file, region)| {
                let row = names.remove(&in_file);
                let other = renumbered.get(&in_file).copied();
                let (colour, opacity) = row.as_ref().map(|r| (r.colour, r.opacity)).unzip();
                let visible = row.as_ref().is_none_or(|r| r.visible);
                let name = row.map(|r| r.name).filter(|name| !name.is_empty());
                let name = match (name, other) {
                    (name, None) => name,
                    (None, Some(_)) => Some(format!("label {in_file}")),
                    (Some(name), Some(_)) => Some(format!("{name} (label {in_file})")),
                };
                let value = other.unwrap_or(in_file as u16);
                NamedRegion { value, name, colour, opacity, visible, region, on_top: None }
            })
            .collect();
        labels.sort_by_key(|label| label.value);
        notes.extend(hidden(&labels));
        let is_doubtful = tally.is_doubtful();
        Ok(LabelsRead { labels, notes, renumbered, is_doubtful, apart: 0.0 })
    }
}

/// How many labels are not shown.
fn hidden(labels: &[NamedRegion]) -> Option<LabelNote> {
    let hidden = labels.iter().filter(|l| !l.visible).count();
    let values = [("n", hidden.to_string()), ("of", labels.len().to_string())];
    (hidden > 0).then(|| note("{n} of {of} labels are hidden, as the label table says", &values))
}

/// Which of several time points was read.
fn time_point(volume: &Volume) -> Option<LabelNote> {
    let of = volume.time_points();
    let values = [("n", (volume.time_point() + 1).to_string()), ("of", of.to_string())];
    (of > 1)
        .then(|| note("the label map has {of} time points; the one read is number {n}", &values))
}

/// Some of the labels that got other numbers, for the user.
fn renumbering(renumbered: &BTreeMap<u64, u16>) -> Option<LabelNote> {
    let shown = renumbered.iter().take(3).map(|(old, new)| format!("{old} → {new}"));
    let mut list = shown.collect::<Vec<_>>().join(", ");
    if renumbered.len() > 3 {
        list.push_str(", …");
    }
    let values = [("n", renumbered.len().to_string()), ("list", list)];
    (!renumbered.is_empty()).then(|| {
        note(
            "{n} labels over 65535 got other numbers ({list}); their own stand in their names",
            &values,
        )
    })
}

/// Whether there is memory for the label map and the history that these regions become.
fn room_for(regions: &BTreeMap<u64, Region>, dims: [usize; 3], path: &Path) -> Result<(), IoError> {
    let runs: usize = regions.values().map(|region| region.runs().len()).sum();
    let changes = size_of::<DeltaRun>() * runs;
    let map = LabelMap::bytes_of(dims, regions.values());
    // A list that grows has up to twice its length, and is copied once.
    checked(map + 3 * changes as u64, path)
}

fn checked(bytes: u64, path: &Path) -> Result<(), IoError> {
    memory::check(bytes).map_err(|short| IoError::NoMemory { short, path: path.to_path_buf() })
}

fn check_grid(found: &Grid, path: &Path, grid: &Grid) -> Result<(), IoError> {
    if found.matches(grid, GRID_TOLERANCE * grid.spacing().min_element()) {
        return Ok(());
    }
    Err(IoError::OtherGrid { what: how_far(found, grid), path: path.to_path_buf() })
}

/// The voxels of each label of a volume by its number in the file; nothing of a volume whose values are no labels.
pub(super) fn regions_of(volume: &Volume, path: &Path) -> Option<BTreeMap<u64, Region>> {
    regions(volume, path).ok().map(|(regions, _)| regions)
}

const AS_A_SCAN: &str = "its values change from voxel to voxel, as a scan's do";

/// The voxels of each label by its number in the file.
fn regions(volume: &Volume, path: &Path) -> Result<(BTreeMap<u64, Region>, Tally), IoError> {
    let not_labels = |what| IoError::NotLabels { what, path: path.to_path_buf() };
    if let Some(why) = converted(volume) {
        return Err(not_labels(why));
    }
    let (row, count) = (volume.grid().dims()[0], volume.grid().count());
    let mut builders: BTreeMap<u64, RegionBuilder> = BTreeMap::new();
    let mut tally = Tally::default();
    let mut neighbours = Neighbours::default();
    let most_runs = (count / 4).max(FEW_RUNS);
    let mut runs = 0;
    each_run(volume, |at, len, value| {
        neighbours.add(at % row == 0, len, value);
        let dims = volume.grid().dims();
        let which =
            || format!("voxel ({}, {}, {})", at % row, at / row % dims[1], at / row / dims[1]);
        let Some(label) = tally.take(value, len, which).map_err(not_labels)? else {
            return Ok(());
        };
        builders.entry(label).or_insert_with(|| RegionBuilder::new(row)).push(at, len);
        runs += 1;
        if runs % ASK_EVERY == 0 {
            checked(3 * (runs * size_of::<Run>()) as u64, path)?;
        }
        if builders.len() > MOST_LABELS {
            return Err(not_labels(format!("it has more than {MOST_LABELS} different values")));
        }
        if runs > most_runs { Err(not_labels(AS_A_SCAN.to_owned())) } else { Ok(()) }
    })?;
    if builders.len() > MANY_LABELS && !neighbours.are_equal(1, 2) {
        return Err(not_labels(AS_A_SCAN.to_owned()));
    }
    if tally.is_nothing() {
        let why = "its values are all near 0 or no numbers, as a scan's may be";
        return Err(not_labels(why.to_owned()));
    }
    Ok((builders.into_iter().map(|(label, b)| (label, b.finish())).collect(), tally))
}
