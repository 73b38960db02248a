//! Voxels as the bytes of numbers, slice by slice, so that no second copy of the volume is needed.

use std::io::Write;

use super::format::{Content, ContentVoxels, EncodeError};
use super::voxels::Endian;
use crate::volume::DataType;
use crate::work::{CancelToken, Progress};

/// The numbers that content is written in where a format has all that are usual: label maps as uint8, or uint16 if a
/// label is above 255; values as float32.
pub(super) fn usual_type(content: &Content) -> DataType {
    match content.voxels {
        ContentVoxels::Labels(labels) if labels.max() > u16::from(u8::MAX) => DataType::U16,
        ContentVoxels::Labels(_) => DataType::U8,
        ContentVoxels::Values(_) => DataType::F32,
    }
}

/// Writes all voxels. Labels become whole numbers of `data_type`, which holds them all; values are float32 whatever it
/// is. Progress counts the slices.
pub(super) fn write_slices(
    content: &Content,
    (data_type, endian): (DataType, Endian),
    out: &mut dyn Write,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), EncodeError> {
    let [nx, ny, nz] = content.grid.dims();
    let mut buffer = Vec::with_capacity(nx * ny * data_type.size());
    for z in 0..nz {
        cancel.check()?;
        buffer.clear();
        append_slice(content, data_type, z, &mut buffer);
        if endian == Endian::Big {
            buffer.chunks_exact_mut(data_type.size()).for_each(<[u8]>::reverse);
        }
        out.write_all(&buffer)?;
        progress.set_done(z as u64 + 1);
    }
    Ok(())
}

/// The bytes of slice `z`, little-endian.
fn append_slice(content: &Content, data_type: DataType, z: usize, out: &mut Vec<u8>) {
    match content.voxels {
        ContentVoxels::Labels(labels) => {
            for row in labels.rows(z) {
                match data_type.size() {
                    1 => out.extend(row.iter().map(|&l| l as u8)),
                    2 => out.extend(row.iter().flat_map(|l| l.to_le_bytes())),
                    _ => out.extend(row.iter().flat_map(|&l| u32::from(l).to_le_bytes())),
                }
            }
        }
        ContentVoxels::Values(values) => {
            let [nx, ny, _] = content.grid.dims();
            let area = nx * ny;
            out.extend(values[z * area..(z + 1) * area].iter().flat_map(|v| v.to_le_bytes()));
        }
    }
}
