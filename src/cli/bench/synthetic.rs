//! A scan that compresses and normalises like a CT: a body with organs, bone and noise, in air.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;

use crate::geom::{DAffine3, DVec3, Grid};
use crate::volume::{Scale, StoredGeometry, Volume, Voxels};

/// Millimetres between voxels: a usual thorax CT.
const SPACING: [f64; 3] = [0.8, 0.8, 1.0];

/// Hounsfield units, x fastest. The same numbers every time.
pub fn voxels([nx, ny, nz]: [usize; 3]) -> Vec<i16> {
    let mut values = vec![0; nx * ny * nz];
    values
        .par_chunks_mut(nx * ny)
        .enumerate()
        .for_each(|(z, values)| slice([nx, ny, nz], z, values));
    values
}

/// Slice `z` of a scan.
fn slice([nx, ny, nz]: [usize; 3], z: usize, values: &mut [i16]) {
    let mut noise = 0x2545_f491_4f6c_dd1d_u64 ^ (z as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let unit = |i: usize, n: usize| (i as f32 + 0.5) / n as f32 * 2.0 - 1.0;
    let w = unit(z, nz);
    for (y, row) in values.chunks_exact_mut(nx).enumerate() {
        let v = unit(y, ny);
        for (x, value) in row.iter_mut().enumerate() {
            // xorshift64 (Marsaglia 2003).
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            let spread = (noise & 0x1f) as i16 + (noise >> 8 & 0x1f) as i16 - 31;
            *value = tissue(unit(x, nx), v, w) + spread;
        }
    }
}

/// Mean Hounsfield units at a position from -1 to 1 along each axis.
fn tissue(u: f32, v: f32, w: f32) -> i16 {
    let ellipse = |cu: f32, cv: f32, ru: f32, rv: f32| {
        ((u - cu) / ru).powi(2) + ((v - cv) / rv).powi(2) < 1.0
    };
    if !ellipse(0.0, 0.0, 0.9, 0.7) {
        -1000
    } else if ellipse(0.0, 0.5, 0.12, 0.12) {
        400
    } else if (u / 0.28).powi(2) + (v / 0.28).powi(2) + (w / 0.4).powi(2) < 1.0 {
        180
    } else if ellipse(-0.48, 0.0, 0.28, 0.45) || ellipse(0.48, 0.0, 0.28, 0.45) {
        -850
    } else {
        40
    }
}

/// Where the voxels are: left, posterior, superior, as most CTs.
pub fn grid(dims: [usize; 3]) -> anyhow::Result<Grid> {
    let [x, y, z] = SPACING;
    Ok(Grid::new(dims, DAffine3::from_scale(DVec3::new(-x, -y, z)))?)
}

/// The scan in memory.
pub fn volume(dims: [usize; 3]) -> anyhow::Result<Volume> {
    let grid = grid(dims)?;
    let stored = StoredGeometry::of(&grid);
    let voxels = Voxels::I16(voxels(dims));
    Ok(Volume::new("synthetic", grid, dims.to_vec(), voxels, Scale::NONE, stored, Vec::new()))
}

/// Writes the scan as int16 .nii.gz, or .nii where the name ends so. The header is laid out here and not by the
/// program's own writer, so that the measurement reads what another program could have written (NIfTI-1.1, 348 bytes
/// and 4 of padding).
pub fn write(path: &Path, dims: [usize; 3]) -> anyhow::Result<()> {
    let mut header = [0u8; 352];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348i32.to_le_bytes());
    for (n, value) in [3, dims[0], dims[1], dims[2], 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * n, &(value as i16).to_le_bytes());
    }
    put(70, &4i16.to_le_bytes());
    put(72, &16i16.to_le_bytes());
    let [x, y, z] = SPACING;
    for (n, value) in [1.0, x, y, z].into_iter().enumerate() {
        put(76 + 4 * n, &(value as f32).to_le_bytes());
    }
    put(108, &352f32.to_le_bytes());
    put(112, &1f32.to_le_bytes());
    put(123, &[2]);
    put(254, &1i16.to_le_bytes());
    for (row, value) in [-x, -y, z].into_iter().enumerate() {
        put(280 + 16 * row + 4 * row, &(value as f32).to_le_bytes());
    }
    put(344, b"n+1\0");
    let plain = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("nii"));
    let slices = |mut to: Box<dyn std::io::Write + '_>| -> std::io::Result<()> {
        to.write_all(&header)?;
        // Slice by slice: the scan may be larger than the memory.
        let mut values = vec![0; dims[0] * dims[1]];
        for z in 0..dims[2] {
            slice(dims, z, &mut values);
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            to.write_all(&bytes)?;
        }
        to.flush()
    };
    let save = || -> std::io::Result<()> {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        if plain {
            return slices(Box::new(file));
        }
        let mut gz = GzEncoder::new(&mut file, Compression::new(6));
        slices(Box::new(&mut gz))?;
        gz.finish()?.flush()
    };
    save().with_context(|| format!("can't write the synthetic scan {}", path.display()))
}
