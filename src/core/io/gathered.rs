//! The voxels of a part of a scan, taken from its slices as they come.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::error::IoError;
use super::format::Slice;
use super::limits::Limits;
use super::volume_part::{Bounds, VolumePart};
use crate::geom::Grid;
use crate::volume::{
    OtherPlace, Provenance, Scale, SourceImages, Volume, Voxels, Warning, WithinImages,
};

/// Voxels so far.
pub(super) struct Gathered {
    bounds: Bounds,
    voxels: Option<Voxels>,
    scale: Scale,
    /// How many there will be.
    count: usize,
}

impl Gathered {
    /// Of a scan with so many time points.
    pub(super) fn new(bounds: Bounds, time_points: usize) -> Self {
        let count = bounds.dims.iter().product::<usize>() * time_points;
        Self { bounds, voxels: None, scale: Scale::NONE, count }
    }

    /// Takes what is wanted of the next slice; slices come in order, of all time points.
    pub(super) fn take(&mut self, slice: &Slice, path: &Path) -> Result<(), IoError> {
        if !self.bounds.has_slice(slice.z % self.bounds.whole[2]) {
            return Ok(());
        }
        if self.voxels.is_none() {
            let (size, limits) = (slice.voxels.data_type().size() as u64, Limits::default());
            let needed = self.count as u64 * size;
            if needed > limits.memory {
                return Err(IoError::too_large(needed, limits.memory, path));
            }
        }
        let voxels = self.voxels.get_or_insert_with(|| none_of(slice.voxels, self.count));
        self.scale = slice.scale;
        if append(voxels, slice.voxels, &slice.range, &self.bounds) {
            return Ok(());
        }
        Err(IoError::header("its slices are of several types", path))
    }

    /// All of them; `None` if slices are missing.
    pub(super) fn finish(self) -> Option<(Voxels, Scale)> {
        let (count, scale) = (self.count, self.scale);
        self.voxels.filter(|voxels| voxels.len() == count).map(|voxels| (voxels, scale))
    }
}

macro_rules! each_type {
    ($($kind:ident),*) => {
        /// No voxels of the same type, with room for so many.
        fn none_of(like: &Voxels, room: usize) -> Voxels {
            match like {
                $(Voxels::$kind(_) => Voxels::$kind(Vec::with_capacity(room)),)*
            }
        }

        /// Whether they were of one type.
        fn append(out: &mut Voxels, from: &Voxels, range: &Range<usize>, bounds: &Bounds) -> bool {
            match (out, from) {
                $((Voxels::$kind(out), Voxels::$kind(from)) => rows(out, &from[range.clone()], bounds),)*
                _ => return false,
            }
            true
        }
    };
}
each_type!(U8, I8, U16, I16, U32, I32, U64, I64, F32, F64);

fn rows<T: Copy>(out: &mut Vec<T>, slice: &[T], bounds: &Bounds) {
    let nx = bounds.whole[0];
    for y in bounds.along(1) {
        let row = &slice[y * nx..(y + 1) * nx];
        out.extend(bounds.along(0).map(|x| row[x]));
    }
}

/// What a scan's source says, said of a part of it: a label map of the part must not state the place of the whole.
pub(super) fn said_of_part(said: &Provenance, bounds: &Bounds, part: &VolumePart) -> Provenance {
    let mut said = said.clone();
    said.geometry = None;
    // A box of images still lies on their pixels; of what is coarser a voxel is none of them.
    let is_box = part.every == [1; 3];
    let images = said.images.filter(|_| is_box);
    said.images = images.map(|images| Arc::new(within_images(&images, bounds)));
    said.identifiers.extend(part.identifiers());
    let moved = |other: OtherPlace| OtherPlace {
        world_from_voxel: other.world_from_voxel * bounds.whole_from_part(),
        ..other
    };
    said.placement.others = said.placement.others.into_iter().map(moved).collect();
    said
}

/// The images of a box of a scan.
fn within_images(images: &SourceImages, bounds: &Bounds) -> SourceImages {
    let [width, height, depth] = bounds.whole;
    let [x, y, _] = bounds.from;
    let whole = WithinImages { size: [width, height], first: [0; 2] };
    let WithinImages { size, first: [left, top] } = images.within.unwrap_or(whole);
    let slices = images.slices.iter().enumerate();
    let slices = slices.filter(|(n, _)| bounds.has_slice(n % depth)).map(|(_, slice)| *slice);
    SourceImages {
        slices: slices.collect(),
        within: Some(WithinImages { size, first: [left + x, top + y] }),
        ..images.clone()
    }
}

/// What is told of a scan of which only a part was read.
pub(super) fn told(bounds: &Bounds) -> Vec<Warning> {
    let mut said = Vec::new();
    let [x, y, z] = [0, 1, 2].map(|a| {
        let end = bounds.from[a] + (bounds.dims[a] - 1) * bounds.every[a];
        format!("{} to {end}", bounds.from[a])
    });
    let [a, b, c] = bounds.every;
    if bounds.every != [1; 3] {
        said.push(Warning(format!(
            "opened coarser: one voxel of every {a} × {b} × {c} is there as it is, none were averaged; what is smaller may be missing"
        )));
    }
    let is_cropped =
        (0..3).any(|a| bounds.from[a] > 0 || bounds.dims[a] * bounds.every[a] < bounds.whole[a]);
    if is_cropped {
        said.push(Warning(format!("only a part of the scan is open: voxels x {x}, y {y}, z {z}")));
    }
    said
}

/// Where a part lies.
pub(super) fn part_grid(bounds: &Bounds, whole: &Grid, path: &Path) -> Result<Grid, IoError> {
    bounds.grid(whole).map_err(|what| IoError::NoPart { what, path: path.into() })
}

impl VolumePart {
    /// These voxels of a scan that is in memory; the scan itself if that is all.
    ///
    /// # Errors
    /// [`IoError::NoPart`], or if there is no memory for them.
    pub fn taken_from(&self, scan: Volume) -> Result<Volume, IoError> {
        if self.is_whole() {
            return Ok(scan);
        }
        part_of(&scan, self)
    }
}

/// The part of a scan that is in memory.
pub(super) fn part_of(scan: &Volume, part: &VolumePart) -> Result<Volume, IoError> {
    let path = scan.files().first().cloned().unwrap_or_else(|| scan.name().into());
    let no_part = |what| IoError::NoPart { what, path: path.clone() };
    let bounds = part.bounds(scan.grid().dims()).map_err(no_part)?;
    cut(scan, &bounds, part)
}

/// The voxels in `bounds` of a scan that is in memory.
pub(super) fn cut(scan: &Volume, bounds: &Bounds, part: &VolumePart) -> Result<Volume, IoError> {
    let path = scan.files().first().cloned().unwrap_or_else(|| scan.name().into());
    let grid = part_grid(bounds, scan.grid(), &path)?;
    let [nx, ny, nz] = scan.grid().dims();
    let mut gathered = Gathered::new(*bounds, scan.time_points());
    for z in 0..nz * scan.time_points() {
        let (voxels, scale) = (scan.voxels(), scan.scale());
        let range = z * nx * ny..(z + 1) * nx * ny;
        gathered.take(&Slice { grid: scan.grid(), z, voxels, range, scale }, &path)?;
    }
    let missing = || IoError::NoPart { what: "slices are missing".into(), path: path.clone() };
    let (voxels, scale) = gathered.finish().ok_or_else(missing)?;
    let mut dims = grid.dims().to_vec();
    dims.extend(scan.file_dims().iter().skip(3));
    let said = said_of_part(scan.provenance(), bounds, part);
    let mut warnings = scan.warnings().to_vec();
    warnings.extend(told(bounds));
    let volume = Volume::new(scan.name(), grid, dims, voxels, scale, said, warnings);
    let volume = volume.converted_from(scan.conversion()).with_suv(scan.suv());
    let padding = scan.padding().part(bounds.whole, |axis| bounds.along(axis).collect());
    let volume = volume.with_padding(padding).with_low_bright(scan.low_is_bright());
    Ok(volume.read_from(scan.files().to_vec()))
}
