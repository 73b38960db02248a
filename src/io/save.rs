use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::IoError;
use super::atomic::{Staged, stage_bytes};
use super::label_table;
use super::nifti::{Opened, Plan};
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
/// put in its place: until then, failing or cancelling leaves everything as it was. Progress is in
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
    let table_path = label_table::path_for(path).ok_or_else(|| IoError::Name(path.into()))?;
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
    map.commit().map_err(|e| IoError::writing(e, path))?;
    staged_table.commit().map_err(|source| IoError::Table { source, path: table_path.clone() })?;
    Ok(Saved { path: path.into(), table: table_path, bytes })
}

/// Writes float32 values (x fastest) as NIfTI-1 with an sform, `.nii` or `.nii.gz`; atomic.
pub fn save_float32(
    path: &Path,
    dims: [usize; 3],
    values: &[f32],
    world_from_voxel: DAffine3,
) -> Result<(), IoError> {
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
    let staged = stage(path, &content, &CancelToken::new(), &Progress::new())?;
    staged.commit().map_err(|e| IoError::writing(e, path))
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
