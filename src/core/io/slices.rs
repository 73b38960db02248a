//! Voxels as the bytes of numbers, slice by slice, so that no second copy of the volume is needed.

use std::io::Write;

use super::format::{Content, ContentVoxels, EncodeError};
use super::scan_numbers::{StoredAs, append, stored_as, time_points};
use super::voxels::Endian;
use crate::volume::{DataType, Scale};
use crate::work::{CancelToken, Progress};

/// The numbers that content is written in where a format has all that are usual: label maps as uint8, or uint16 if a
/// label is above 255; values as float32.
pub(super) fn usual_type(content: &Content) -> DataType {
    match content.voxels {
        ContentVoxels::Labels(labels) if labels.max() > u16::from(u8::MAX) => DataType::U16,
        ContentVoxels::Labels(_) => DataType::U8,
        ContentVoxels::Values(_) => DataType::F32,
        ContentVoxels::Scan(volume) => volume.voxels().data_type(),
    }
}

/// How content is written in a format that has these types, and in its header a scale or not.
pub(super) fn stored(content: &Content, types: &[DataType], has_scale: bool) -> StoredAs {
    match content.voxels {
        ContentVoxels::Scan(volume) => stored_as(volume, types, has_scale),
        _ => StoredAs { data_type: usual_type(content), scale: Scale::NONE },
    }
}

/// Slices of all time points.
pub(super) fn slices(content: &Content) -> usize {
    content.grid.dims()[2] * time_points(content.voxels)
}

/// Writes all voxels. Labels become whole numbers of the type, which holds them all; values are float32 whatever it is.
/// Progress counts the slices.
pub(super) fn write_slices(
    content: &Content,
    (stored, endian): (StoredAs, Endian),
    out: &mut dyn Write,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<(), EncodeError> {
    let [nx, ny, _] = content.grid.dims();
    let data_type = stored.data_type;
    let mut buffer = Vec::with_capacity(nx * ny * data_type.size());
    for z in 0..slices(content) {
        cancel.check()?;
        buffer.clear();
        append_slice(content, stored, z, &mut buffer);
        if endian == Endian::Big {
            buffer.chunks_exact_mut(data_type.size()).for_each(<[u8]>::reverse);
        }
        out.write_all(&buffer)?;
        progress.set_done(z as u64 + 1);
    }
    Ok(())
}

/// The bytes of slice `z`, little-endian.
fn append_slice(content: &Content, stored: StoredAs, z: usize, out: &mut Vec<u8>) {
    let [nx, ny, _] = content.grid.dims();
    let (data_type, area) = (stored.data_type, nx * ny);
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
            out.extend(values[z * area..(z + 1) * area].iter().flat_map(|v| v.to_le_bytes()));
        }
        ContentVoxels::Scan(volume) => append(volume, z * area..(z + 1) * area, stored, out),
    }
}
