//! Voxels from a stream straight into memory of their own type: each byte is written once.

use std::io::Read;
use std::path::Path;

use bytemuck::Pod;

use super::error::IoError;
use super::stream::read_full;
use crate::volume::{Conversion, DataType, Scale, Voxels};
use crate::work::CancelToken;
use crate::work::memory::Free;

/// Bytes between two looks at the cancel token; a multiple of every voxel size, 3 included.
const CHUNK: usize = 3 << 19;

/// Byte order of the numbers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl Endian {
    /// That of this machine.
    pub(super) const NATIVE: Endian =
        if cfg!(target_endian = "little") { Endian::Little } else { Endian::Big };
}

/// How voxels are stored, and what they become in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VoxelKind {
    /// Kept as they are.
    Scalar(DataType),
    /// Red, green, blue (and alpha, ignored) become luminance, uint8.
    Colour { channels: usize },
    /// Two floats become their magnitude, float32.
    Complex { double: bool },
}

impl VoxelKind {
    /// Bytes of a voxel in the file.
    pub(super) fn size(self) -> usize {
        match self {
            VoxelKind::Scalar(t) => t.size(),
            VoxelKind::Colour { channels } => channels,
            VoxelKind::Complex { double: false } => 8,
            VoxelKind::Complex { double: true } => 16,
        }
    }

    /// What becomes one number in memory.
    pub(super) fn conversion(self) -> Option<Conversion> {
        match self {
            VoxelKind::Scalar(_) => None,
            VoxelKind::Colour { .. } => Some(Conversion::Colours),
            VoxelKind::Complex { .. } => Some(Conversion::Complex),
        }
    }

    /// Bytes of a voxel in memory.
    pub(super) fn size_in_memory(self) -> usize {
        match self {
            VoxelKind::Scalar(t) => t.size(),
            VoxelKind::Colour { .. } => 1,
            VoxelKind::Complex { .. } => 4,
        }
    }
}

/// The reader of a file's voxels and what it needs to say when something is wrong.
pub(super) struct Input<'a, R: ?Sized> {
    pub(super) reader: &'a mut R,
    pub(super) path: &'a Path,
    pub(super) cancel: &'a CancelToken,
    /// Bytes of voxels read so far.
    pub(super) done: u64,
    /// Bytes of voxels the header claims.
    pub(super) claimed: u64,
}

impl<R: Read + ?Sized> Input<'_, R> {
    fn fill(&mut self, chunk: &mut [u8]) -> Result<(), IoError> {
        self.cancel.check()?;
        let n = read_full(self.reader, chunk).map_err(|e| IoError::reading(e, self.path))?;
        self.done += n as u64;
        if n < chunk.len() {
            let what = format!("{} of {} bytes of voxels are there", self.done, self.claimed);
            return Err(IoError::Truncated { what, path: self.path.to_path_buf() });
        }
        Ok(())
    }
}

/// The next `n` voxels. `scale` is that of the components of complex numbers.
pub(super) fn read<R: Read + ?Sized>(
    input: &mut Input<'_, R>,
    (kind, endian, scale): (VoxelKind, Endian, Scale),
    n: usize,
) -> Result<Voxels, IoError> {
    let swap = endian != Endian::NATIVE;
    Ok(match kind {
        VoxelKind::Scalar(DataType::U8) => Voxels::U8(scalars(input, n, swap)?),
        VoxelKind::Scalar(DataType::I8) => Voxels::I8(scalars(input, n, swap)?),
        VoxelKind::Scalar(DataType::U16) => Voxels::U16(scalars(input, n, swap)?),
        VoxelKind::Scalar(DataType::I16) => Voxels::I16(scalars(input, n, swap)?),
        VoxelKind::Scalar(DataType::U32) => Voxels::U32(scalars(input, n, swap)?),
        VoxelKind::Scalar(DataType::I32) => Voxels::I32(scalars(input, n, swap)?),
        VoxelKind::Scalar(DataType::U64) => Voxels::U64(scalars(input, n, swap)?),
        VoxelKind::Scalar(DataType::I64) => Voxels::I64(scalars(input, n, swap)?),
        VoxelKind::Scalar(DataType::F32) => Voxels::F32(scalars(input, n, swap)?),
        VoxelKind::Scalar(DataType::F64) => Voxels::F64(scalars(input, n, swap)?),
        VoxelKind::Colour { channels } => Voxels::U8(converted(input, n, channels, luminance)?),
        VoxelKind::Complex { double: false } => {
            let part = |b: &[u8], at| f64::from(f32::from_bits(number(b, at, 4, swap) as u32));
            Voxels::F32(converted(input, n, 8, |b| magnitude(part(b, 0), part(b, 4), scale))?)
        }
        VoxelKind::Complex { double: true } => {
            let part = |b: &[u8], at| f64::from_bits(number(b, at, 8, swap));
            Voxels::F32(converted(input, n, 16, |b| magnitude(part(b, 0), part(b, 8), scale))?)
        }
    })
}

/// Numbers that lie in the file in another order than in memory: along each axis of the file, the fastest first, how
/// many there are and how far apart they lie in memory. The components of colours come first there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) sizes: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// As [`read`], of numbers in another order. Complex numbers are not taken apart.
pub(super) fn read_layout<R: Read + ?Sized>(
    input: &mut Input<'_, R>,
    (kind, endian, _): (VoxelKind, Endian, Scale),
    layout: &Layout,
    n: usize,
) -> Result<Voxels, IoError> {
    let swap = endian != Endian::NATIVE;
    Ok(match kind {
        VoxelKind::Scalar(DataType::U8) => Voxels::U8(permuted(input, layout, swap)?),
        VoxelKind::Scalar(DataType::I8) => Voxels::I8(permuted(input, layout, swap)?),
        VoxelKind::Scalar(DataType::U16) => Voxels::U16(permuted(input, layout, swap)?),
        VoxelKind::Scalar(DataType::I16) => Voxels::I16(permuted(input, layout, swap)?),
        VoxelKind::Scalar(DataType::U32) => Voxels::U32(permuted(input, layout, swap)?),
        VoxelKind::Scalar(DataType::I32) => Voxels::I32(permuted(input, layout, swap)?),
        VoxelKind::Scalar(DataType::U64) => Voxels::U64(permuted(input, layout, swap)?),
        VoxelKind::Scalar(DataType::I64) => Voxels::I64(permuted(input, layout, swap)?),
        VoxelKind::Scalar(DataType::F32) => Voxels::F32(permuted(input, layout, swap)?),
        VoxelKind::Scalar(DataType::F64) => Voxels::F64(permuted(input, layout, swap)?),
        VoxelKind::Colour { channels } => {
            let colours = permuted::<u8>(input, layout, swap)?;
            Voxels::U8(colours.chunks_exact(channels).map(luminance).collect())
        }
        VoxelKind::Complex { .. } => return read(input, (kind, endian, Scale::NONE), n),
    })
}

/// Zeroed memory, or an error where the system has none. Untouched pages cost nothing until they are read into.
fn zeroed<T: Pod>(n: usize, path: &Path) -> Result<Vec<T>, IoError> {
    bytemuck::allocation::try_zeroed_vec(n).map_err(|()| {
        let needed = (n as u64).saturating_mul(size_of::<T>() as u64);
        IoError::too_large(needed, Free::now().usable().min(needed.saturating_sub(1)), path)
    })
}

fn scalars<T: Pod>(
    input: &mut Input<'_, impl Read + ?Sized>,
    n: usize,
    swap: bool,
) -> Result<Vec<T>, IoError> {
    let mut voxels = zeroed::<T>(n, input.path)?;
    for chunk in bytemuck::cast_slice_mut::<T, u8>(&mut voxels).chunks_mut(CHUNK) {
        input.fill(chunk)?;
        if swap && size_of::<T>() > 1 {
            for voxel in chunk.chunks_exact_mut(size_of::<T>()) {
                voxel.reverse();
            }
        }
    }
    Ok(voxels)
}

fn converted<T: Pod>(
    input: &mut Input<'_, impl Read + ?Sized>,
    n: usize,
    size: usize,
    convert: impl Fn(&[u8]) -> T,
) -> Result<Vec<T>, IoError> {
    let mut voxels = zeroed::<T>(n, input.path)?;
    let at_once = CHUNK / size;
    let mut buffer = vec![0; at_once.min(n) * size];
    for out in voxels.chunks_mut(at_once) {
        let bytes = &mut buffer[..out.len() * size];
        input.fill(bytes)?;
        for (voxel, stored) in out.iter_mut().zip(bytes.chunks_exact(size)) {
            *voxel = convert(stored);
        }
    }
    Ok(voxels)
}

/// Row by row of the file, a number of them at once.
fn permuted<T: Pod>(
    input: &mut Input<'_, impl Read + ?Sized>,
    layout: &Layout,
    swap: bool,
) -> Result<Vec<T>, IoError> {
    let (row, step) = (layout.sizes[0], layout.strides[0]);
    let count: usize = layout.sizes.iter().product();
    let mut voxels = zeroed::<T>(count, input.path)?;
    let at_once = (CHUNK / size_of::<T>() / row).max(1) * row;
    let mut buffer = zeroed::<T>(at_once.min(count), input.path)?;
    // Of the row's first number: along the other axes, and in memory.
    let (mut place, mut first) = (vec![0; layout.sizes.len() - 1], 0);
    for begun in (0..count).step_by(at_once) {
        let part = &mut buffer[..at_once.min(count - begun)];
        let bytes = bytemuck::cast_slice_mut::<T, u8>(part);
        for chunk in bytes.chunks_mut(CHUNK) {
            input.fill(chunk)?;
            if swap && size_of::<T>() > 1 {
                chunk.chunks_exact_mut(size_of::<T>()).for_each(<[u8]>::reverse);
            }
        }
        for numbers in part.chunks_exact(row) {
            for (i, &number) in numbers.iter().enumerate() {
                voxels[first + i * step] = number;
            }
            let axes = layout.sizes.iter().zip(&layout.strides).skip(1);
            for (at, (&size, &stride)) in place.iter_mut().zip(axes) {
                *at += 1;
                first += stride;
                if *at < size {
                    break;
                }
                *at = 0;
                first -= size * stride;
            }
        }
    }
    Ok(voxels)
}

/// Luma of ITU-R BT.601 in 16-bit fixed point.
fn luminance(rgb: &[u8]) -> u8 {
    let weighted = [19595u32, 38470, 7471].iter().zip(rgb).map(|(w, &c)| w * u32::from(c));
    ((weighted.sum::<u32>() + 0x8000) >> 16) as u8
}

/// The scale acts on the complex number, so it has to come before the magnitude.
fn magnitude(re: f64, im: f64, scale: Scale) -> f32 {
    (re * scale.slope + scale.inter).hypot(im * scale.slope) as f32
}

/// An unsigned number of `size` bytes.
fn number(bytes: &[u8], at: usize, size: usize, swap: bool) -> u64 {
    let bytes = &bytes[at..at + size];
    let little = (Endian::NATIVE == Endian::Little) != swap;
    let push = |n: u64, &b: &u8| n << 8 | u64::from(b);
    if little { bytes.iter().rev().fold(0, push) } else { bytes.iter().fold(0, push) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_complex_numbers_become_one_number() {
        assert_eq!(
            [luminance(&[255; 3]), luminance(&[255, 0, 0]), luminance(&[0, 0, 0, 9])],
            [255, 76, 0]
        );
        assert_eq!(magnitude(3.0, 4.0, Scale::NONE), 5.0);
        assert_eq!(magnitude(1.0, 2.0, Scale { slope: 2.0, inter: 1.0 }), 5.0);
        let little = Endian::NATIVE == Endian::Little;
        assert_eq!(number(&[9, 1, 2], 1, 2, !little), 0x0201);
        assert_eq!(number(&[9, 1, 2], 1, 2, little), 0x0102);
    }
}
