//! NIfTI headers as we write them: little-endian, single file, no extensions.

use crate::volume::{Scale, StoredGeometry};

/// The description (`descrip`) in every header: tells our files from others'.
const WRITTEN_BY: &[u8] = b"Voxpoint";

/// Whether a header is one of ours, by the description, which stands elsewhere in the two versions of NIfTI.
pub(super) fn is_ours(header: &[u8]) -> bool {
    let at = match header.get(..4) {
        Some([0x5c, 1, 0, 0]) => 148,
        Some([0x1c, 2, 0, 0]) => 240,
        _ => return false,
    };
    header.get(at..).is_some_and(|text| text.starts_with(WRITTEN_BY))
}

/// What a header to be written says.
pub(super) struct Plan<'a> {
    pub(super) dims: [usize; 3],
    pub(super) time_points: usize,
    /// NIfTI `datatype` code.
    pub(super) datatype: i16,
    /// Bytes of a voxel.
    pub(super) size: usize,
    /// From stored numbers to values.
    pub(super) scale: Scale,
    /// NIfTI `intent_code`.
    pub(super) intent: i16,
    pub(super) stored: &'a StoredGeometry,
}

struct Out(Vec<u8>);

impl Out {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }
    fn f32s(&mut self, at: usize, values: &[f64]) {
        for (i, &v) in values.iter().enumerate() {
            self.put(at + 4 * i, &(v as f32).to_le_bytes());
        }
    }
    fn f64s(&mut self, at: usize, values: &[f64]) {
        for (i, &v) in values.iter().enumerate() {
            self.put(at + 8 * i, &v.to_le_bytes());
        }
    }
}

impl Plan<'_> {
    /// All bytes before the first voxel. NIfTI-2 where the source was, or where NIfTI-1's 16-bit
    /// dimensions are too small.
    pub(super) fn encode(&self) -> Vec<u8> {
        let fits = self.dims.iter().chain([&self.time_points]).all(|&d| i16::try_from(d).is_ok());
        if self.stored.version == 2 || !fits { self.encode_2() } else { self.encode_1() }
    }

    /// `dim[0..8]`: an image that was two-dimensional stays so.
    fn dim(&self) -> [i64; 8] {
        let needed = self.dims.iter().rposition(|&d| d > 1).map_or(1, |last| last + 1);
        let n = self.stored.space_dims.clamp(1, 3).max(needed);
        let mut dim = [1; 8];
        dim[0] = n as i64;
        for (to, &d) in dim[1..].iter_mut().zip(&self.dims) {
            *to = d as i64;
        }
        if self.time_points > 1 {
            (dim[0], dim[4]) = (4, self.time_points as i64);
        }
        dim
    }

    fn encode_1(&self) -> Vec<u8> {
        let s = self.stored;
        let mut out = Out(vec![0; 352]);
        out.put(0, &348i32.to_le_bytes());
        out.put(38, b"r");
        for (i, d) in self.dim().into_iter().enumerate() {
            out.put(40 + 2 * i, &(d as i16).to_le_bytes());
        }
        out.put(68, &self.intent.to_le_bytes());
        out.put(70, &self.datatype.to_le_bytes());
        out.put(72, &(8 * self.size as i16).to_le_bytes());
        out.f32s(76, &s.pixdim);
        out.f32s(108, &[352.0, self.scale.slope, self.scale.inter]);
        out.put(123, &[s.xyzt_units as u8]);
        out.put(148, WRITTEN_BY);
        out.put(252, &(s.qform.code as i16).to_le_bytes());
        out.put(254, &(s.sform.code as i16).to_le_bytes());
        out.f32s(256, &s.qform.quatern);
        out.f32s(268, &s.qform.offset);
        out.f32s(280, s.sform.rows.as_flattened());
        out.put(344, b"n+1\0");
        out.0
    }

    fn encode_2(&self) -> Vec<u8> {
        let s = self.stored;
        let mut out = Out(vec![0; 544]);
        out.put(0, &540i32.to_le_bytes());
        out.put(4, b"n+2\0\r\n\x1a\n");
        out.put(12, &self.datatype.to_le_bytes());
        out.put(14, &(8 * self.size as i16).to_le_bytes());
        for (i, d) in self.dim().into_iter().enumerate() {
            out.put(16 + 8 * i, &d.to_le_bytes());
        }
        out.f64s(104, &s.pixdim);
        out.put(168, &544i64.to_le_bytes());
        out.f64s(176, &[self.scale.slope, self.scale.inter]);
        out.put(240, WRITTEN_BY);
        out.put(344, &s.qform.code.to_le_bytes());
        out.put(348, &s.sform.code.to_le_bytes());
        out.f64s(352, &s.qform.quatern);
        out.f64s(376, &s.qform.offset);
        out.f64s(400, s.sform.rows.as_flattened());
        out.put(500, &s.xyzt_units.to_le_bytes());
        out.put(504, &i32::from(self.intent).to_le_bytes());
        out.0
    }
}
