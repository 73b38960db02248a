use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::IoError;
use super::atomic::{Staged, stage_bytes};
use super::label_table;
use super::nifti::{Opened, Plan};
use super::together::SetAside;
use crate::geom::{DAffine3, Grid};
use crate::volume::{LabelMap, LabelName, StoredGeometry};
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
}

/// NIfTI's `NIFTI_INTENT_LABEL`.
const INTENT_LABEL: i16 = 1002;

/// Label maps are mostly runs of one number: more effort makes them slower, hardly smaller.
const LEVEL: Compression = Compression::new(1);

/// How far, in parts of the smallest spacing, what is read back may lie from what was meant: less
/// than this is NIfTI-1's rounding to float32.
const PLACE_TOLERANCE: f64 = 0.01;

/// Voxels to be written, slice by slice, so that no second copy of the volume is needed.
struct Content<'a> {
    plan: Plan<'a>,
    /// Where the voxels must be when the file is read back.
    grid: &'a Grid,
    /// Appends the bytes of slice `z`.
    slice: &'a dyn Fn(usize, &mut Vec<u8>),
}

/// Writes a label map on the scan's grid, and its label table beside it (`<stem>.labels.txt`).
///
/// uint8, or uint16 if a label is above 255; NIfTI-1, or NIfTI-2 if the scan was. The geometry is
/// said as `stored` says it; if that does not describe `grid` (the scan came from another format),
/// as an sform of `grid`. `.nii` is written plain, `.nii.gz` compressed, another ending is an error
/// (adding one here could overwrite a file that nobody was asked about).
///
/// Both files are written under other names, synced, read back and compared before the first is
/// put in its place: until then, failing or cancelling leaves everything as it was. Then they are put in their
/// places such that, wherever that is ended, no label has the name of another (`Order`). Progress is in
/// slices, written and compared.
pub fn save_labels(
    path: &Path,
    labels: &LabelMap,
    grid: &Grid,
    stored: &StoredGeometry,
    table: &[LabelName],
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Saved, IoError> {
    let table_path = label_table_path(path)?;
    if labels.dims() != grid.dims() {
        let what = format!("{:?} labels on a grid of {:?}", labels.dims(), grid.dims());
        return Err(IoError::NoVolume { what, path: path.into() });
    }
    let wide = labels.max() > u16::from(u8::MAX);
    let own = StoredGeometry::of(grid);
    let size = if wide { 2 } else { 1 };
    let content = Content {
        plan: Plan {
            dims: grid.dims(),
            datatype: if wide { 512 } else { 2 },
            size,
            intent: INTENT_LABEL,
            stored: if describes(stored, grid) { stored } else { &own },
        },
        grid,
        slice: &|z, out| {
            for row in labels.rows(z) {
                if wide {
                    out.extend(row.iter().flat_map(|l| l.to_le_bytes()));
                } else {
                    out.extend(row.iter().map(|&l| l as u8));
                }
            }
        },
    };
    let map = stage(path, &content, cancel, progress)?;
    let bytes = std::fs::metadata(map.path()).map_err(|e| IoError::writing(e, path))?.len();
    let staged_table = stage_bytes(&table_path, label_table::write(table).as_bytes())
        .map_err(|e| IoError::writing(e, &table_path))?;
    cancel.check()?;
    let order = Order::of(label_table::at(&table_path).as_deref(), table);
    put_in_place((map, path), (staged_table, &table_path), order, &mut || ())?;
    Ok(Saved { path: path.into(), table: table_path, bytes })
}

/// Where the table of a label map to be saved as `path` is written; an error if the system can't have files of
/// these names, which would else be found out when the map is in its place and the table is not.
pub fn label_table_path(path: &Path) -> Result<PathBuf, IoError> {
    let table = label_table::path_for(path).ok_or_else(|| IoError::Name(path.into()))?;
    for target in [path, &table] {
        match std::fs::symlink_metadata(target) {
            Err(e) if e.kind() == std::io::ErrorKind::InvalidFilename => {
                return Err(IoError::writing(e, target));
            }
            _ => {}
        }
    }
    Ok(table)
}

/// In which order a label map and its table are put in their places. Neither step can be made together with the other,
/// and what lies there in between (for ever, if the program is ended then) must be right: a label may lack its
/// name, but must not have that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// The old table, or none, is right for the new map: it names its labels as the new one does, or not at all.
    MapFirst,
    /// The new table is right for the old map too.
    TableFirst,
    /// A label has another name now: the old table has to go before the new map comes.
    OldTableAside,
}

impl Order {
    fn of(old: Option<&[LabelName]>, new: &[LabelName]) -> Self {
        let old = old.unwrap_or_default();
        let among = |row: &LabelName, rows: &[LabelName]| {
            rows.iter().any(|r| r.value == row.value && r.name == row.name)
        };
        let of_value = |row: &LabelName| new.iter().find(|r| r.value == row.value);
        if old.iter().all(|row| among(row, new)) && !old.is_empty() {
            Self::TableFirst
        } else if old.iter().all(|row| of_value(row).is_none_or(|now| now.name == row.name)) {
            Self::MapFirst
        } else {
            Self::OldTableAside
        }
    }
}

/// Puts a finished map and table in their places; `step` is called in between.
fn put_in_place(
    (map, map_path): (Staged, &Path),
    (table, table_path): (Staged, &Path),
    order: Order,
    step: &mut dyn FnMut(),
) -> Result<(), IoError> {
    let no_map = |source| IoError::writing(source, map_path);
    let no_table = |source| IoError::Table { source, path: table_path.to_owned() };
    match order {
        Order::MapFirst => {
            map.commit().map_err(no_map)?;
            step();
            table.commit().map_err(no_table)
        }
        Order::TableFirst => {
            table.commit().map_err(|e| IoError::writing(e, table_path))?;
            step();
            let path = map_path.to_owned();
            map.commit().map_err(|source| IoError::OnlyTable { source, path })
        }
        Order::OldTableAside => {
            let aside = SetAside::take(&[table_path])?;
            step();
            if let Err(error) = map.commit() {
                aside.put_back()?;
                return Err(no_map(error));
            }
            step();
            // It would give labels of the new map the names of others.
            aside.forget();
            table.commit().map_err(no_table)
        }
    }
}

/// Writes float32 values (x fastest) as NIfTI-1 with an sform, `.nii` or `.nii.gz`; atomic.
pub fn save_float32(
    path: &Path,
    dims: [usize; 3],
    values: &[f32],
    world_from_voxel: DAffine3,
) -> Result<(), IoError> {
    let staged = stage_float32(path, dims, values, world_from_voxel)?;
    staged.commit().map_err(|e| IoError::writing(e, path))
}

/// As [`save_float32`], whole and compared but not in its place yet.
pub fn stage_float32(
    path: &Path,
    dims: [usize; 3],
    values: &[f32],
    world_from_voxel: DAffine3,
) -> Result<Staged, IoError> {
    label_table::stem(path).ok_or_else(|| IoError::Name(path.into()))?;
    let no_volume = |what: String| IoError::NoVolume { what, path: path.into() };
    let grid = Grid::new(dims, world_from_voxel).map_err(|e| no_volume(e.to_string()))?;
    if values.len() != grid.count() {
        return Err(no_volume(format!("{} values for {} voxels", values.len(), grid.count())));
    }
    let stored = StoredGeometry::of(&grid);
    let area = dims[0] * dims[1];
    let content = Content {
        plan: Plan { dims, datatype: 16, size: 4, intent: 0, stored: &stored },
        grid: &grid,
        slice: &|z, out| {
            out.extend(values[z * area..(z + 1) * area].iter().flat_map(|v| v.to_le_bytes()));
        },
    };
    stage(path, &content, &CancelToken::new(), &Progress::new())
}

/// Whether a reader of `stored` finds the voxels where `grid` says.
fn describes(stored: &StoredGeometry, grid: &Grid) -> bool {
    super::nifti::place(stored, grid.dims()).is_ok_and(|(g, _)| same_place(&g, grid))
}

fn same_place(found: &Grid, meant: &Grid) -> bool {
    let smallest = meant.spacing().min_element();
    // Far from the origin float32 itself is coarser than that.
    let far = meant.corners().iter().fold(0.0f64, |m, c| m.max(c.abs().max_element()));
    found.matches(meant, (PLACE_TOLERANCE * smallest).max(far * 1e-6))
}

/// Writes, syncs and compares a file that is not in its place yet.
fn stage(
    path: &Path,
    content: &Content,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Staged, IoError> {
    let slices = content.plan.dims[2];
    progress.set_total(2 * slices as u64);
    progress.set_done(0);
    let mut staged = Staged::create(path).map_err(|e| IoError::writing(e, path))?;
    let gzip = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let writing = |e| IoError::writing(e, path);
    let file = BufWriter::with_capacity(256 << 10, staged.file());
    if gzip {
        let mut encoder = GzEncoder::new(file, LEVEL);
        write_to(&mut encoder, content, path, cancel, progress)?;
        encoder.finish().and_then(|mut file| file.flush()).map_err(writing)?;
    } else {
        let mut file = file;
        write_to(&mut file, content, path, cancel, progress)?;
        file.flush().map_err(writing)?;
    }
    staged.file().sync_all().map_err(writing)?;
    compare(staged.path(), content, path, cancel, progress)?;
    Ok(staged)
}

fn write_to(
    out: &mut impl Write,
    content: &Content,
    path: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), IoError> {
    let writing = |e| IoError::writing(e, path);
    out.write_all(&content.plan.encode()).map_err(writing)?;
    let mut buffer = Vec::new();
    for z in 0..content.plan.dims[2] {
        cancel.check()?;
        buffer.clear();
        (content.slice)(z, &mut buffer);
        out.write_all(&buffer).map_err(writing)?;
        progress.set_done(z as u64 + 1);
    }
    Ok(())
}

/// Reads a written file as any file is read, and compares place and every voxel with what was meant.
fn compare(
    written: &Path,
    content: &Content,
    path: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), IoError> {
    let differs = |what: String| IoError::Verify { what, path: path.into() };
    let reread = |e: IoError| match e {
        IoError::Cancelled => IoError::Cancelled,
        other => differs(other.to_string()),
    };
    let opened = Opened::open(written, &Progress::new()).map_err(reread)?;
    let (grid, _) = opened.grid().map_err(reread)?;
    if !same_place(&grid, content.grid) || opened.voxel_size() != content.plan.size {
        return Err(differs("its header".into()));
    }
    let [nx, ny, nz] = content.plan.dims;
    let (mut z, mut meant) = (0, Vec::new());
    opened
        .for_each_piece(nx * ny * content.plan.size, cancel, |found| {
            meant.clear();
            if z < nz {
                (content.slice)(z, &mut meant);
            }
            if found != meant {
                return Err(differs(format!("slice {z}")));
            }
            z += 1;
            progress.set_done((nz + z) as u64);
            Ok(())
        })
        .map_err(|e| if matches!(e, IoError::Verify { .. }) { e } else { reread(e) })?;
    if z == nz { Ok(()) } else { Err(differs(format!("{z} of {nz} slices are there"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &[(u16, &str)]) -> Vec<LabelName> {
        let row = |&(value, name): &(u16, &str)| LabelName {
            value,
            name: name.to_owned(),
            colour: [value as u8, 2, 3],
            opacity: 1.0,
            visible: true,
        };
        names.iter().map(row).collect()
    }

    /// The map is a text with the label that it has; a name is right if it is the one that the table saved
    /// with that map has for the label.
    #[test]
    fn whatever_ends_a_save_no_label_has_the_name_of_another() {
        let liver = (1, "Liver");
        let spleen = (2, "Spleen");
        let other = (2, "Left kidney");
        for (old, new, order) in [
            (&[][..], &[liver][..], Order::MapFirst),
            (&[liver], &[liver], Order::TableFirst),
            (&[liver], &[liver, spleen], Order::TableFirst),
            (&[liver, spleen], &[liver], Order::MapFirst),
            (&[spleen], &[liver], Order::MapFirst),
            (&[liver, spleen], &[liver, other], Order::OldTableAside),
            (&[spleen], &[other, liver], Order::OldTableAside),
            (&[liver], &[], Order::MapFirst),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (map, table) = (folder.path().join("m.nii"), folder.path().join("m.labels.txt"));
            let (old_rows, new_rows) = (rows(old), rows(new));
            std::fs::write(&map, "old").unwrap();
            if !old.is_empty() {
                std::fs::write(&table, label_table::write(&old_rows)).unwrap();
            }
            let found = Order::of(label_table::at(&table).as_deref(), &new_rows);
            assert_eq!(found, order, "{old:?} to {new:?}");
            let staged = |path: &Path, text: &str| stage_bytes(path, text.as_bytes()).unwrap();
            let (staged_map, staged_table) =
                (staged(&map, "new"), staged(&table, &label_table::write(&new_rows)));
            let mut looked = 0;
            let mut look = || {
                looked += 1;
                let is_new = std::fs::read(&map).unwrap() == b"new";
                let right = if is_new { new } else { old };
                for row in label_table::at(&table).unwrap_or_default() {
                    let names = right.iter().filter(|(value, _)| *value == row.value);
                    for (value, name) in names {
                        assert_eq!(row.name, *name, "label {value}: {old:?} to {new:?}");
                    }
                }
            };
            put_in_place((staged_map, &map), (staged_table, &table), found, &mut look).unwrap();
            look();
            assert!(looked >= 2);
            assert_eq!(label_table::at(&table), Some(new_rows));
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left");
        }
    }

    /// The place of one of the two can't be taken: what the error says is so.
    #[test]
    fn a_save_that_fails_between_the_two_says_what_is_there() {
        let (old, new) = (rows(&[(1, "Liver")]), rows(&[(1, "Liver"), (2, "Spleen")]));
        let renamed = rows(&[(1, "Left kidney")]);
        for (order, rows, says, table_is) in [
            (
                Order::TableFirst,
                &new,
                "the names in the label table were saved but not the label map",
                &new,
            ),
            (Order::OldTableAside, &renamed, "nothing was changed", &old),
            (Order::MapFirst, &new, "nothing was changed", &old),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (map, table) = (folder.path().join("m.nii"), folder.path().join("m.labels.txt"));
            std::fs::write(&table, label_table::write(&old)).unwrap();
            let staged_map = stage_bytes(&map, b"new").unwrap();
            let text = label_table::write(rows);
            let staged_table = stage_bytes(&table, text.as_bytes()).unwrap();
            // In the way of the map's rename.
            std::fs::create_dir_all(map.join("full")).unwrap();
            let error = put_in_place((staged_map, &map), (staged_table, &table), order, &mut || ());
            let error = error.unwrap_err().to_string();
            assert!(error.contains(says), "{order:?}: {error}");
            assert_eq!(label_table::at(&table).as_ref(), Some(table_is), "{order:?}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "{order:?}");
        }
    }
}
