//! NumPy's `.npy` files, version 1.0 (numpy.lib.format). They hold arrays of any shape without a place, which are no
//! volumes: nothing opens them, and they are no entry of the registry.

use std::path::Path;

use super::atomic::{Staged, stage_checked};
use super::error::IoError;

/// The header's length, with all before it, is a multiple of this.
const ALIGN: usize = 64;

/// A file of float32 values in C order (the last axis fastest), whole and read back but not in its place yet.
///
/// # Panics
/// If `values` does not fill `shape`.
pub fn stage_npy(path: &Path, shape: &[usize], values: &[f32]) -> Result<Staged, IoError> {
    assert_eq!(values.len(), shape.iter().product::<usize>(), "values do not fill the shape");
    let whole = stage_checked(path, |out| {
        out.write_all(&header(shape))?;
        values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
    });
    whole.map_err(|error| IoError::writing(error, path))
}

/// As NumPy writes it, byte for byte.
fn header(shape: &[usize]) -> Vec<u8> {
    let sizes = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let comma = if shape.len() == 1 { "," } else { "" };
    let mut text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}{comma}), }}");
    // Magic, version and length take 10 bytes, the end of the line one.
    let length = (10 + text.len() + 1).next_multiple_of(ALIGN);
    text.extend(std::iter::repeat_n(' ', length - 10 - text.len() - 1));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend_from_slice(&(text.len() as u16).to_le_bytes());
    header.extend_from_slice(text.as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(shape: &[usize], values: &[f32]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        stage_npy(&path, shape, values).unwrap().commit().unwrap();
        std::fs::read(&path).unwrap()
    }

    #[test]
    fn files_are_those_of_numpy() {
        let values: Vec<f32> = (0..60).map(|n| n as f32 / 7.0 - 3.0).collect();
        let numpy = include_bytes!("../../../tests/data/npy/numpy_1x3x4x5.npy");
        assert!(saved(&[1, 3, 4, 5], &values) == numpy);
        let numpy = include_bytes!("../../../tests/data/npy/numpy_3.npy");
        assert!(saved(&[3], &[1.5, -0.0, f32::INFINITY]) == numpy);
    }

    #[test]
    fn the_values_begin_at_a_multiple_of_64() {
        for axes in 1..12 {
            let header = header(&vec![123_456; axes]);
            assert_eq!((header.len() % ALIGN, header.last()), (0, Some(&b'\n')));
            let length = u16::from_le_bytes([header[8], header[9]]);
            assert_eq!(usize::from(length) + 10, header.len());
        }
    }
}
