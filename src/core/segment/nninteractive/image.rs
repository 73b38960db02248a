//! A scan as it is sent.

use std::borrow::Cow;
use std::ops::Range;

use bytemuck::cast_slice;

use crate::volume::{DataType, Scale, Volume, Voxels};
use crate::with_voxels;

/// The values of a scan, x fastest.
pub(super) struct Sent<'a> {
    /// numpy's name of their type.
    pub(super) name: &'static str,
    /// Bytes of each.
    pub(super) item: u8,
    pub(super) values: Cow<'a, [u8]>,
}

/// The type in which a scan is sent: that of its file if the file's numbers are the values, and the server's PyTorch
/// computes with it; else float32. What is sent is always the values: the model looks at which are larger, and a scale
/// may turn that around.
fn sent_as(volume: &Volume) -> DataType {
    use DataType::{F32, I8, I16, I32, U8};
    match volume.voxels().data_type() {
        kept @ (U8 | I8 | I16 | I32) if volume.scale() == Scale::NONE => kept,
        _ => F32,
    }
}

/// Bytes of image values that a server gets, once, before the first point in a scan is answered.
pub fn sent_bytes(volume: &Volume) -> u64 {
    (volume.grid().count() as u64).saturating_mul(sent_as(volume).size() as u64)
}

/// The time point that is looked at: the values that the file means, none of its header. What is not a number is 0.
pub(super) fn sent(volume: &Volume) -> Sent<'_> {
    let kind = sent_as(volume);
    let (name, item) = (kind.name(), kind.size() as u8);
    let range = volume.time_point_range();
    let values = if kind == volume.voxels().data_type() && volume.scale() == Scale::NONE {
        as_stored(volume.voxels(), range.clone())
    } else {
        None
    };
    let values = values.unwrap_or_else(|| {
        let scale = volume.scale();
        let value = |raw: f64| {
            let value = scale.apply(raw) as f32;
            if value.is_finite() { value } else { 0.0 }
        };
        let mut values = Vec::with_capacity(range.len() * size_of::<f32>());
        with_voxels!(volume.voxels(), v => {
            v[range].iter().for_each(|&raw| values.extend(value(raw as f64).to_le_bytes()));
        });
        Cow::Owned(values)
    });
    Sent { name, item, values }
}

/// The bytes of stored numbers; `None` if some are no numbers.
fn as_stored(voxels: &Voxels, range: Range<usize>) -> Option<Cow<'_, [u8]>> {
    Some(Cow::Borrowed(match voxels {
        Voxels::U8(v) => &v[range],
        Voxels::I8(v) => cast_slice(&v[range]),
        Voxels::I16(v) => cast_slice(&v[range]),
        Voxels::I32(v) => cast_slice(&v[range]),
        Voxels::F32(v) if v[range.clone()].iter().all(|v| v.is_finite()) => cast_slice(&v[range]),
        _ => return None,
    }))
}
