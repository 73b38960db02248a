//! A volume whose header was read and checked, its voxels still to come: what readers of all formats do from there on.

use std::path::{Path, PathBuf};

use super::error::IoError;
use super::format::Slice;
use super::gathered::{Gathered, part_grid, said_of_part, told};
use super::inflate::Content;
use super::limits::Limits;
use super::stream::read_full;
use super::volume_part::VolumePart;
use super::voxels::{Endian, Input, Layout, VoxelKind, read, read_layout};
use crate::geom::Grid;
use crate::text::bytes;
use crate::volume::{Provenance, Scale, Volume, Warning};
use crate::work::CancelToken;

/// Bytes after the voxels that are read for the sake of the checksum behind them.
const MOST_TAIL: u64 = 64 << 20;

/// From the first bytes after the voxels, at most [`TAIL_SEEN`], to one of [`Provenance::identifiers`].
pub(super) type Tail = fn(&[u8]) -> Option<(String, String)>;

/// See [`Tail`].
const TAIL_SEEN: usize = 64;

/// A checked header, and its voxels as they come.
pub(super) struct Pending<C> {
    pub(super) grid: Grid,
    /// 2 to 7 of them; those past the third are time points.
    pub(super) file_dims: Vec<usize>,
    pub(super) kind: VoxelKind,
    pub(super) endian: Endian,
    pub(super) scale: Scale,
    /// The order of the numbers in the file, where it is not that of memory.
    pub(super) layout: Option<Layout>,
    pub(super) provenance: Provenance,
    pub(super) warnings: Vec<Warning>,
    /// From the first voxel on.
    pub(super) content: C,
    /// The file that holds the voxels, or the first of them.
    pub(super) data: PathBuf,
    /// All files: that of the header, and those of the voxels if they are others.
    pub(super) files: Vec<PathBuf>,
    /// What of the first bytes that follow the voxels is kept, where something belongs there.
    pub(super) tail: Option<Tail>,
}

impl<C: Content> Pending<C> {
    /// Voxels of all time points.
    fn count(&self) -> usize {
        self.file_dims.iter().product()
    }

    /// Bytes of all voxels as the file has them.
    fn claimed(&self) -> u64 {
        self.count() as u64 * self.kind.size() as u64
    }

    /// What was converted was scaled on the way, or has no scale.
    fn scale_of_values(&self) -> Scale {
        if matches!(self.kind, VoxelKind::Scalar(_)) { self.scale } else { Scale::NONE }
    }

    /// The scan, named `name`.
    pub(super) fn volume(
        mut self,
        name: &str,
        limits: Limits,
        cancel: &CancelToken,
    ) -> Result<Volume, IoError> {
        let mut needed = bytes_in_memory(self.kind, &self.file_dims);
        if self.layout.is_some() && !matches!(self.kind, VoxelKind::Scalar(_)) {
            needed = needed.saturating_add(self.claimed());
        }
        let dims = self.grid.dims();
        check_limits(needed, limits, &self.data).map_err(|e| e.of_dims(dims))?;
        let (claimed, n) = (self.claimed(), self.count());
        let how = (self.kind, self.endian, self.scale);
        let mut input =
            Input { reader: &mut self.content, path: &self.data, cancel, done: 0, claimed };
        let voxels = match &self.layout {
            None => read(&mut input, how, n)?,
            Some(layout) => read_layout(&mut input, how, layout, n)?,
        };
        let tail = self.finish(cancel)?;
        let scale = self.scale_of_values();
        let mut warnings = self.warnings;
        warnings.extend(tail.map(Warning));
        let (dims, said) = (self.file_dims, self.provenance);
        let volume = Volume::new(name, self.grid, dims, voxels, scale, said, warnings);
        Ok(volume.converted_from(self.kind.conversion()).read_from(self.files))
    }

    /// A part of the scan, named `name`: the slices are read one after another, and what is not wanted is not kept.
    pub(super) fn part(
        mut self,
        name: &str,
        part: &VolumePart,
        limits: Limits,
        cancel: &CancelToken,
    ) -> Result<Volume, IoError> {
        if part.is_whole() {
            return self.volume(name, limits, cancel);
        }
        let path = self.data.clone();
        let bounds = part.bounds(self.grid.dims());
        let bounds = bounds.map_err(|what| IoError::NoPart { what, path: path.clone() })?;
        let grid = part_grid(&bounds, &self.grid, &path)?;
        let time_points = self.file_dims.iter().skip(3).product();
        let kept = [bounds.dims.iter().product(), time_points];
        let slice = self.grid.dims()[0] * self.grid.dims()[1];
        let mut needed = bytes_in_memory(self.kind, &kept)
            .saturating_add((slice * self.kind.size_in_memory()) as u64);
        if self.layout.is_some() {
            // What lies in another order is read before it is sorted.
            needed = needed.saturating_add(bytes_in_memory(self.kind, &self.file_dims));
        }
        check_limits(needed, limits, &path).map_err(|e| e.of_dims(self.grid.dims()))?;
        let mut gathered = Gathered::new(bounds, time_points);
        self.slices(cancel, &mut |slice| gathered.take(&slice, &path))?;
        let tail = self.finish(cancel)?;
        let missing = || IoError::NoPart { what: "slices are missing".into(), path: path.clone() };
        let (voxels, scale) = gathered.finish().ok_or_else(missing)?;
        let mut warnings = self.warnings;
        warnings.extend(tail.map(Warning));
        warnings.extend(told(&bounds));
        let mut dims = grid.dims().to_vec();
        dims.extend(self.file_dims.iter().skip(3));
        let said = said_of_part(&self.provenance, &bounds, part);
        let volume = Volume::new(name, grid, dims, voxels, scale, said, warnings);
        Ok(volume.converted_from(self.kind.conversion()).read_from(self.files))
    }

    /// Hands out the voxels slice by slice. What follows them and does not belong there is an error.
    pub(super) fn for_each_slice(
        mut self,
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        self.slices(cancel, each)?;
        match self.finish(cancel)? {
            None => Ok(()),
            Some(what) => Err(IoError::Damaged { what, path: self.data }),
        }
    }

    /// The voxels, and nothing of what follows them.
    fn slices(
        &mut self,
        cancel: &CancelToken,
        each: &mut dyn FnMut(Slice<'_>) -> Result<(), IoError>,
    ) -> Result<(), IoError> {
        let claimed = self.claimed();
        let [nx, ny, _] = self.grid.dims();
        let (area, slices) = (nx * ny, self.count() / (nx * ny));
        let how = (self.kind, self.endian, self.scale);
        let scale = self.scale_of_values();
        let mut input =
            Input { reader: &mut self.content, path: &self.data, cancel, done: 0, claimed };
        let grid = &self.grid;
        if let Some(layout) = &self.layout {
            let voxels = &read_layout(&mut input, how, layout, area * slices)?;
            for z in 0..slices {
                each(Slice { grid, z, voxels, range: z * area..(z + 1) * area, scale })?;
            }
        } else {
            for z in 0..slices {
                let voxels = &read(&mut input, how, area)?;
                each(Slice { grid, z, voxels, range: 0..voxels.len(), scale })?;
            }
        }
        Ok(())
    }

    /// Reads to the end, so that the checksum is checked; what was found there.
    fn finish(&mut self, cancel: &CancelToken) -> Result<Option<String>, IoError> {
        let mut extra = 0u64;
        let mut seen = Vec::new();
        let mut scratch = vec![0; 64 << 10];
        loop {
            cancel.check()?;
            let n = read_full(&mut self.content, &mut scratch)
                .map_err(|e| IoError::reading(e, &self.data))?;
            if extra == 0 {
                seen.extend_from_slice(&scratch[..n.min(TAIL_SEEN)]);
            }
            extra += n as u64;
            // What can inflate to a thousand times its size is not followed to its end.
            if n == 0 || extra > MOST_TAIL {
                break;
            }
        }
        if let Some(tail) = self.tail {
            self.provenance.identifiers.extend(tail(&seen));
        } else if extra > 0 {
            let more = if extra > MOST_TAIL { "more than " } else { "" };
            return Ok(Some(format!(
                "{more}{} follow the voxels and were passed over",
                bytes(extra)
            )));
        }
        Ok(self.content.garbage().map(|packed| {
            let packed = packed.name();
            format!(
                "something that is not {packed} follows the compressed data and was passed over"
            )
        }))
    }
}

/// Bytes of voxels in memory; as many as there can be if that is more.
pub(super) fn bytes_in_memory(kind: VoxelKind, file_dims: &[usize]) -> u64 {
    file_dims.iter().fold(kind.size_in_memory() as u64, |n, &d| n.saturating_mul(d as u64))
}

/// Whether so many bytes of voxels may be taken.
pub(super) fn check_limits(needed: u64, limits: Limits, path: &Path) -> Result<(), IoError> {
    if needed > limits.memory {
        return Err(IoError::too_large(needed, limits.memory, path));
    }
    Ok(())
}

/// Whether a file of `file_len` bytes, which can give `most`, can hold what its header claims.
pub(super) fn check_claim(
    needed: u64,
    most: u64,
    file_len: u64,
    path: &Path,
) -> Result<(), IoError> {
    if needed <= most {
        return Ok(());
    }
    let what = format!("its header claims {}, the file has {}", bytes(needed), bytes(file_len));
    Err(IoError::Truncated { what, path: path.to_path_buf() })
}

/// Passes over what lies before the first voxel.
pub(super) fn skip(
    content: &mut (impl Content + ?Sized),
    bytes: u64,
    path: &Path,
    cancel: &CancelToken,
) -> Result<(), IoError> {
    let mut left = bytes;
    let mut scratch = vec![0; 64 << 10];
    while left > 0 {
        cancel.check()?;
        let want = left.min(scratch.len() as u64) as usize;
        let n = read_full(content, &mut scratch[..want]).map_err(|e| IoError::reading(e, path))?;
        if n < want {
            let what = "it ends before the first voxel".into();
            return Err(IoError::Truncated { what, path: path.to_path_buf() });
        }
        left -= n as u64;
    }
    Ok(())
}
