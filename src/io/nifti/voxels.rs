//! Voxels from a stream straight into memory of their own type: each byte is written once.

use std::io::Read;
use std::path::Path;

use bytemuck::Pod;

use super::super::error::IoError;
use super::super::stream::read_full;
use super::header::{Header, VoxelKind};
use super::sniff::Endian;
use crate::volume::{DataType, Scale, Voxels};
use crate::work::CancelToken;
use crate::work::memory::Free;

/// Bytes between two looks at the cancel token; a multiple of every voxel size, 3 included.
const CHUNK: usize = 3 << 19;

/// The reader of a file's voxels and what it needs to say when something is wrong.
pub(super) struct Input<'a, R> {
    pub(super) reader: &'a mut R,
    pub(super) path: &'a Path,
    pub(super) cancel: &'a CancelToken,
    /// Bytes of voxels read so far.
    pub(super) done: u64,
    /// Bytes of voxels the header claims.
    pub(super) claimed: u64,
}

impl<R: Read> Input<'_, R> {
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

/// The next `n` voxels of a file with a checked header.
pub(super) fn read<R: Read>(
    input: &mut Input<'_, R>,
    header: &Header,
    n: usize,
) -> Result<Voxels, IoError> {
    let swap = header.endian != Endian::NATIVE;
    Ok(match header.kind {
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
            let scale = header.scale;
            Voxels::F32(converted(input, n, 8, |b| magnitude(part(b, 0), part(b, 4), scale))?)
        }
        VoxelKind::Complex { double: true } => {
            let part = |b: &[u8], at| f64::from_bits(number(b, at, 8, swap));
            let scale = header.scale;
            Voxels::F32(converted(input, n, 16, |b| magnitude(part(b, 0), part(b, 8), scale))?)
        }
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
    input: &mut Input<'_, impl Read>,
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
    input: &mut Input<'_, impl Read>,
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
