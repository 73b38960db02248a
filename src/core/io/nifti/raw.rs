//! The fields of both versions' headers as the file has them, not yet believed.

use super::super::voxels::Endian;
use crate::volume::{QForm, SForm};

/// What both versions say, as wide as the wider of them.
pub(super) struct Raw {
    pub(super) version: u8,
    /// `sizeof_hdr`.
    pub(super) size: i32,
    /// Whether the mark says that the voxels are in a second file.
    pub(super) pair: bool,
    pub(super) dim: [i64; 8],
    pub(super) datatype: i32,
    pub(super) bitpix: i32,
    pub(super) vox_offset: f64,
    pub(super) slope: f64,
    pub(super) inter: f64,
    pub(super) pixdim: [f64; 8],
    pub(super) xyzt_units: i32,
    pub(super) qform: QForm,
    pub(super) sform: SForm,
}

/// Bytes of a header of this version, without the four that say whether extensions follow.
pub(super) fn header_bytes(version: u8) -> usize {
    if version == 1 { 348 } else { 540 }
}

impl Raw {
    /// A NIfTI-1 header from the first 348 bytes of a file (offsets as in `nifti1.h`); `None` if there
    /// are fewer.
    pub(super) fn version_1(head: &[u8], endian: Endian) -> Option<Self> {
        let head = head.get(..header_bytes(1))?;
        let f = Fields { head, endian };
        Some(Self {
            version: 1,
            size: f.i32(0),
            pair: head[344..].starts_with(b"ni"),
            dim: std::array::from_fn(|i| i64::from(f.i16(40 + 2 * i))),
            datatype: i32::from(f.i16(70)),
            bitpix: i32::from(f.i16(72)),
            vox_offset: f.f32(108),
            slope: f.f32(112),
            inter: f.f32(116),
            pixdim: std::array::from_fn(|i| f.f32(76 + 4 * i)),
            xyzt_units: i32::from(head[123]),
            qform: QForm {
                code: i32::from(f.i16(252)),
                quatern: std::array::from_fn(|i| f.f32(256 + 4 * i)),
                offset: std::array::from_fn(|i| f.f32(268 + 4 * i)),
            },
            sform: SForm {
                code: i32::from(f.i16(254)),
                rows: std::array::from_fn(|r| std::array::from_fn(|c| f.f32(280 + 16 * r + 4 * c))),
            },
        })
    }

    /// A NIfTI-2 header from the first 540 bytes of a file (offsets as in `nifti2.h`); `None` if there
    /// are fewer.
    pub(super) fn version_2(head: &[u8], endian: Endian) -> Option<Self> {
        let head = head.get(..header_bytes(2))?;
        let f = Fields { head, endian };
        Some(Self {
            version: 2,
            size: f.i32(0),
            pair: head[4..].starts_with(b"ni"),
            dim: std::array::from_fn(|i| f.i64(16 + 8 * i)),
            datatype: i32::from(f.i16(12)),
            bitpix: i32::from(f.i16(14)),
            // Stated as an integer here; exact in f64 up to 9 PB.
            vox_offset: f.i64(168) as f64,
            slope: f.f64(176),
            inter: f.f64(184),
            pixdim: std::array::from_fn(|i| f.f64(104 + 8 * i)),
            xyzt_units: f.i32(500),
            qform: QForm {
                code: f.i32(344),
                quatern: std::array::from_fn(|i| f.f64(352 + 8 * i)),
                offset: std::array::from_fn(|i| f.f64(376 + 8 * i)),
            },
            sform: SForm {
                code: f.i32(348),
                rows: std::array::from_fn(|r| std::array::from_fn(|c| f.f64(400 + 32 * r + 8 * c))),
            },
        })
    }
}

/// Numbers at byte positions; the caller has checked the length.
struct Fields<'a> {
    head: &'a [u8],
    endian: Endian,
}

impl Fields<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes: [u8; N] = std::array::from_fn(|i| self.head[at + i]);
        if self.endian == Endian::Big {
            bytes.reverse();
        }
        bytes
    }
    fn i16(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.bytes(at))
    }
    fn i32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.bytes(at))
    }
    fn i64(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.bytes(at))
    }
    fn f32(&self, at: usize) -> f64 {
        f64::from(f32::from_le_bytes(self.bytes(at)))
    }
    fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.bytes(at))
    }
}
