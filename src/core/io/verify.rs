//! Reads a written file as any file is read, and compares it with what was meant.

use std::path::Path;

use super::error::IoError;
use super::format::{Content, ContentVoxels, Onto, PairWriter, Slice, Source};
use super::limits::Limits;
use super::registry::Registry;
use super::same_place::same_place;
use super::scan_numbers::are_same;
use super::slices::slices;
use crate::volume::{CoveredLabels, LabelMap, NamedRegion, Scale, Voxels};
use crate::with_voxels;
use crate::work::{CancelToken, Progress};

/// How far what is read back may lie from what was meant, in voxels: numbers are written as text.
const SAME_VOXEL: f64 = 1e-3;

/// A file that is not in its place yet.
#[derive(Clone, Copy)]
pub(super) enum Written<'a> {
    /// With all that there is.
    Whole(&'a Path),
    /// A header, and its voxels with the name by which it calls them.
    Pair(&'a dyn PairWriter, &'a Path, (&'a Path, &'a str)),
}

impl<'a> Written<'a> {
    fn path(self) -> &'a Path {
        match self {
            Self::Whole(path) | Self::Pair(_, path, _) => path,
        }
    }
}

/// Whether the file at `written`, which is to become the one at `path`, is read as `format` and has the place and
/// every voxel of `content`. Progress counts the slices, after those that were written.
///
/// # Errors
/// [`IoError::Verify`], [`IoError::Cancelled`].
pub(super) fn verify(
    formats: &Registry,
    written: Written,
    format: &str,
    content: &Content,
    path: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), IoError> {
    let differs = |what: String| IoError::Verify { what, path: path.into() };
    let reread = |error: IoError| match error {
        IoError::Cancelled | IoError::Verify { .. } => error,
        other => differs(other.to_string()),
    };
    let source = Source::File(written.path().to_owned());
    let reader = formats.reader_of(&source).map_err(reread)?;
    let found = reader.info().name;
    if found != format {
        return Err(differs(format!("it is read as {found}, not as {format}")));
    }
    let depth = slices(content);
    if let ContentVoxels::Labels(labels) = content.voxels {
        let onto = Onto { grid: content.grid, provenance: content.provenance };
        let (limits, silent) = (Limits::default(), Progress::new());
        if let Some(read) =
            reader.labels(&source, &onto, &limits, cancel, &silent).map_err(reread)?
        {
            let apart = read.apart;
            let same =
                same_stack(&read.labels, (labels, content.covered), reader.keeps_order_only());
            progress.set_done(2 * depth as u64);
            return match (same, apart <= SAME_VOXEL) {
                (true, true) => Ok(()),
                (true, false) => Err(differs("its place".into())),
                (false, _) => Err(differs("its labels".into())),
            };
        }
    }
    let mut next = 0;
    let compare = &mut |slice: Slice<'_>| {
        if !same_place(slice.grid, content.grid) {
            return Err(differs("its header".into()));
        }
        if slice.z != next || next >= depth || !same_values(&slice, content) {
            return Err(differs(format!("slice {}", slice.z)));
        }
        next += 1;
        progress.set_done((depth + next) as u64);
        Ok(())
    };
    match written {
        Written::Whole(_) => reader.for_each_slice(&source, cancel, compare),
        Written::Pair(pair, header, voxels) => pair.for_each_slice(header, voxels, cancel, compare),
    }
    .map_err(reread)?;
    if next == depth { Ok(()) } else { Err(differs(format!("{next} of {depth} slices are there"))) }
}

/// Whether labels have the voxels that were meant, and the same ones are on top. `order_only`: of what lies over each other
/// by turns, in the order of most voxels, which is all that the format has a place for.
fn same_stack(
    found: &[NamedRegion],
    (map, covered): (&LabelMap, &CoveredLabels),
    order_only: bool,
) -> bool {
    if covered.is_empty() {
        let found = found.iter().map(|label| (label.value, &label.region));
        return LabelMap::from_regions(map.dims(), found) == *map;
    }
    let meant = covered.whole(map);
    let regions = found.iter().map(|label| (label.value, &label.region));
    let same = regions.eq(meant.iter().map(|(value, region)| (*value, region)));
    if !same {
        return false;
    }
    let on_top = CoveredLabels::of(map.dims(), found).0;
    on_top == *map || (order_only && on_top == covered.as_ordered(map))
}

/// Whether a slice has the values that were meant. Its dimensions are the content's.
fn same_values(slice: &Slice, content: &Content) -> bool {
    let [nx, ny, _] = content.grid.dims();
    if slice.range.len() != nx * ny || slice.range.end > slice.voxels.len() {
        return false;
    }
    match content.voxels {
        ContentVoxels::Labels(labels) => same_labels(slice, nx, labels),
        ContentVoxels::Values(values) => {
            let meant = values.get(slice.z * nx * ny..(slice.z + 1) * nx * ny);
            meant.is_some_and(|meant| same_numbers(slice, meant))
        }
        ContentVoxels::Scan(volume) => {
            let found = (slice.voxels, slice.range.clone(), slice.scale);
            are_same(found, volume, slice.z * nx * ny..(slice.z + 1) * nx * ny)
        }
    }
}

fn same_labels(slice: &Slice, nx: usize, labels: &LabelMap) -> bool {
    let (range, scale) = (slice.range.clone(), slice.scale);
    let rows = labels.rows(slice.z);
    with_voxels!(slice.voxels, all => all[range].chunks_exact(nx).zip(rows).all(|(found, meant)| {
        found.iter().zip(meant).all(|(&f, &m)| scale.apply(f as f64) == f64::from(m))
    }))
}

fn same_numbers(slice: &Slice, meant: &[f32]) -> bool {
    let (range, scale) = (slice.range.clone(), slice.scale);
    if let (Voxels::F32(all), true) = (slice.voxels, scale == Scale::NONE) {
        // NaN with what is in it, too.
        return all[range].iter().zip(meant).all(|(f, m)| f.to_bits() == m.to_bits());
    }
    let same = |f: f64, m: f32| f == f64::from(m) || (f.is_nan() && m.is_nan());
    with_voxels!(slice.voxels, all => {
        all[range].iter().zip(meant).all(|(&f, &m)| same(scale.apply(f as f64), m))
    })
}
