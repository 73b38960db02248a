//! The numbers of a scan as a format can hold them: as they are wherever that is possible.

use super::format::ContentVoxels;
use crate::volume::{DataType, Scale, Volume, Voxels};
use crate::with_voxels;

/// How a scan's numbers are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StoredAs {
    pub data_type: DataType,
    /// What the header says of them; of a format that can't say it, nothing.
    pub scale: Scale,
}

/// The types of whole numbers, from which the first is taken that holds them all.
const WHOLE: [DataType; 8] = [
    DataType::U8,
    DataType::I8,
    DataType::I16,
    DataType::U16,
    DataType::I32,
    DataType::U32,
    DataType::I64,
    DataType::U64,
];

/// How `volume` is written in a format that has these types, and a scale in its header or not.
pub(super) fn stored_as(volume: &Volume, types: &[DataType], has_scale: bool) -> StoredAs {
    let (own, scale) = (volume.voxels().data_type(), volume.scale());
    let as_it_is = has_scale || scale == Scale::NONE;
    let left = if as_it_is { scale } else { Scale::NONE };
    if as_it_is && types.contains(&own) {
        return StoredAs { data_type: own, scale: left };
    }
    let is_whole = !matches!(own, DataType::F32 | DataType::F64)
        && (as_it_is || (scale.slope.fract() == 0.0 && scale.inter.fract() == 0.0));
    let (least, most) = volume.extremes();
    let raw = |value: f64| if as_it_is { (value - scale.inter) / scale.slope } else { value };
    let (a, b) = (raw(least), raw(most));
    let fits = |t: &DataType| types.contains(t) && holds(*t, a.min(b), a.max(b));
    let whole = WHOLE.into_iter().find(fits).filter(|_| is_whole);
    // Of 16 bits a float32 loses nothing that counts; of more it may.
    let exact = own.size() <= 2 || own == DataType::F32 || !types.contains(&DataType::F64);
    let float = if exact { DataType::F32 } else { DataType::F64 };
    StoredAs { data_type: whole.unwrap_or(float), scale: left }
}

/// Whether a type of whole numbers has all from `least` to `most`.
fn holds(data_type: DataType, least: f64, most: f64) -> bool {
    let bits = 8 * data_type.size() as i32;
    let range = match data_type {
        DataType::U8 | DataType::U16 | DataType::U32 | DataType::U64 => 0.0..=2f64.powi(bits) - 1.0,
        _ => -2f64.powi(bits - 1)..=2f64.powi(bits - 1) - 1.0,
    };
    range.contains(&least) && range.contains(&most)
}

/// The bytes of voxels of a scan, little-endian.
pub(super) fn append(
    volume: &Volume,
    range: std::ops::Range<usize>,
    stored: StoredAs,
    out: &mut Vec<u8>,
) {
    let voxels = volume.voxels();
    let same_scale = stored.scale == volume.scale();
    if stored.data_type == voxels.data_type() && same_scale {
        with_voxels!(voxels, all => {
            out.extend(all[range].iter().flat_map(|v| v.to_le_bytes()));
        });
        return;
    }
    let scale = if same_scale { Scale::NONE } else { volume.scale() };
    with_voxels!(voxels, all => {
        for &raw in &all[range] {
            push(scale.apply(raw as f64), stored.data_type, out);
        }
    });
}

fn push(value: f64, data_type: DataType, out: &mut Vec<u8>) {
    let whole = value.round();
    match data_type {
        DataType::U8 => out.push(whole as u8),
        DataType::I8 => out.extend((whole as i8).to_le_bytes()),
        DataType::U16 => out.extend((whole as u16).to_le_bytes()),
        DataType::I16 => out.extend((whole as i16).to_le_bytes()),
        DataType::U32 => out.extend((whole as u32).to_le_bytes()),
        DataType::I32 => out.extend((whole as i32).to_le_bytes()),
        DataType::U64 => out.extend((whole as u64).to_le_bytes()),
        DataType::I64 => out.extend((whole as i64).to_le_bytes()),
        DataType::F32 => out.extend((value as f32).to_le_bytes()),
        DataType::F64 => out.extend(value.to_le_bytes()),
    }
}

/// A share of a value by which a float32, or a slope that is one, may be off.
const FLOAT32: f64 = 1e-6;

/// Whether voxels that were read again are those of the scan at the same range: the same numbers where the type is the
/// same, else the same values.
pub(super) fn are_same(
    found: (&Voxels, std::ops::Range<usize>, Scale),
    volume: &Volume,
    range: std::ops::Range<usize>,
) -> bool {
    let (voxels, found_range, scale) = found;
    let meant = volume.scale();
    let near = |a: f64, b: f64| (a - b).abs() <= FLOAT32 * a.abs().max(b.abs());
    if voxels.data_type() == volume.voxels().data_type()
        && near(scale.slope, meant.slope)
        && near(scale.inter, meant.inter)
    {
        return range.clone().zip(found_range).all(|(a, b)| {
            let (a, b) = (volume.voxels().raw(a), voxels.raw(b));
            a == b || (a.is_nan() && b.is_nan())
        });
    }
    range.zip(found_range).all(|(a, b)| {
        let raw = volume.voxels().raw(a);
        let (a, b) = (meant.apply(raw), scale.apply(voxels.raw(b)));
        let size = (raw * meant.slope).abs() + meant.inter.abs();
        a == b || (a - b).abs() <= FLOAT32 * size || (a.is_nan() && b.is_nan())
    })
}

/// Time points that are written.
pub(super) fn time_points(voxels: ContentVoxels) -> usize {
    match voxels {
        ContentVoxels::Scan(volume) => volume.time_points(),
        ContentVoxels::Labels(_) | ContentVoxels::Values(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, Grid};
    use crate::volume::StoredGeometry;

    fn volume(voxels: Voxels, slope: f64, inter: f64) -> Volume {
        let grid = Grid::new([voxels.len(), 1, 1], DAffine3::IDENTITY).unwrap();
        let said = StoredGeometry::of(&grid);
        let dims = vec![voxels.len(), 1, 1];
        Volume::new("v", grid, dims, voxels, Scale { slope, inter }, said, vec![])
    }

    #[test]
    fn numbers_are_kept_or_become_the_narrowest_that_hold_them() {
        use DataType::{F32, F64, I16, I32, U8, U16};
        let mgh: &[DataType] = &[U8, I16, I32, F32];
        let all: &[DataType] = &[U8, DataType::I8, U16, I16, DataType::U32, I32, F32, F64];
        let none = Scale::NONE;
        for (what, volume, types, has_scale, expected) in [
            ("as it is", volume(Voxels::I16(vec![-5, 7]), 2.5, 1.0), all, true, (I16, true)),
            ("whole", volume(Voxels::I16(vec![0, 3000]), 1.0, -1024.0), all, false, (I16, false)),
            ("negative", volume(Voxels::U16(vec![0, 9]), 1.0, -1024.0), all, false, (I16, false)),
            ("a share", volume(Voxels::U16(vec![0, 9]), 0.5, 0.0), all, false, (F32, false)),
            ("too large", volume(Voxels::U16(vec![0, 65535]), 1.0, 0.0), mgh, false, (I32, false)),
            ("small", volume(Voxels::U16(vec![0, 255]), 1.0, 0.0), mgh, false, (U8, false)),
            ("doubles", volume(Voxels::F64(vec![0.1, 2.0]), 1.0, 0.0), all, false, (F64, false)),
            ("no doubles", volume(Voxels::F64(vec![0.1, 2.0]), 1.0, 0.0), mgh, false, (F32, false)),
        ] {
            let found = stored_as(&volume, types, has_scale);
            let scale = if expected.1 { volume.scale() } else { none };
            assert_eq!((found.data_type, found.scale), (expected.0, scale), "{what}");
            let mut bytes = Vec::new();
            append(&volume, 0..volume.voxels().len(), found, &mut bytes);
            assert_eq!(bytes.len(), volume.voxels().len() * found.data_type.size(), "{what}");
        }
    }
}
