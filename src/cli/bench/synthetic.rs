//! A scan that compresses and normalises like a CT: a body with organs, bone and noise, in air.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::geom::{DAffine3, DVec3, Grid};
use crate::volume::{Scale, StoredGeometry, Volume, Voxels};

/// Millimetres between voxels: a usual thorax CT.
const SPACING: [f64; 3] = [0.8, 0.8, 1.0];

/// Hounsfield units, x fastest. The same numbers every time.
pub fn voxels([nx, ny, nz]: [usize; 3]) -> Vec<i16> {
    let mut values = Vec::with_capacity(nx * ny * nz);
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    let unit = |i: usize, n: usize| (i as f32 + 0.5) / n as f32 * 2.0 - 1.0;
    for z in 0..nz {
        for y in 0..ny {
            for x in 0..nx {
                let (u, v, w) = (unit(x, nx), unit(y, ny), unit(z, nz));
                // xorshift64 (Marsaglia 2003).
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                let spread = (noise & 0x1f) as i16 + (noise >> 8 & 0x1f) as i16 - 31;
                values.push(tissue(u, v, w) + spread);
            }
        }
    }
    values
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

/// Writes the scan as int16 .nii.gz. The header is laid out here and not by the program's own writer, so
/// that the measurement reads what another program could have written (NIfTI-1.1, 348 bytes and 4 of padding).
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
    let save = || -> std::io::Result<()> {
        let file = std::io::BufWriter::new(std::fs::File::create(path)?);
        let mut gz = GzEncoder::new(file, Compression::new(6));
        gz.write_all(&header)?;
        for line in voxels(dims).chunks(1 << 16) {
            let bytes: Vec<u8> = line.iter().flat_map(|v| v.to_le_bytes()).collect();
            gz.write_all(&bytes)?;
        }
        gz.finish()?.flush()
    };
    save().with_context(|| format!("can't write the synthetic scan {}", path.display()))
}
