//! Logits to lay on grids of all kinds, and their plain interpolation.

#![allow(dead_code)]

use glam::{DQuat, EulerRot};
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid};
use voxpoint::segment::cubes::{Logits, SIDE};

/// Pseudo-random logits: blobs of both signs and some noise.
pub fn logits(side: usize, seed: u64) -> Logits {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let balls: Vec<[f32; 4]> = (0..4)
        .map(|_| [random(), random(), random(), 0.1 + 0.3 * random()])
        .map(|[x, y, z, r]| [x * side as f32, y * side as f32, z * side as f32, r * side as f32])
        .collect();
    let values = (0..side * side * side).map(|n| {
        let p = [n / side / side, n / side % side, n % side].map(|v| v as f32);
        let depth = balls.iter().map(|b| {
            b[3] - ((p[0] - b[0]).powi(2) + (p[1] - b[1]).powi(2) + (p[2] - b[2]).powi(2)).sqrt()
        });
        depth.fold(f32::NEG_INFINITY, f32::max) + random() - 0.5
    });
    Logits { side, values: values.collect() }
}

/// The logit at a crop position, in f64; `None` outside of the cube.
pub fn plainly(logits: &Logits, crop: DVec3) -> Option<f64> {
    let (side, low) = (SIDE as f64, logits.side);
    if crop.min_element() < -0.5 || crop.max_element() >= side - 0.5 {
        return None;
    }
    let at =
        crop.to_array().map(|c| ((c + 0.5) * low as f64 / side - 0.5).clamp(0.0, low as f64 - 1.0));
    let mut sum = 0.0;
    for corner in 0..8usize {
        let (mut weight, mut index) = (1.0, 0);
        for (axis, at) in at.iter().enumerate() {
            let (floor, share) = (at.floor(), at.fract());
            let high = corner >> axis & 1 == 1;
            weight *= if high { share } else { 1.0 - share };
            index = index * low + (floor as usize + usize::from(high)).min(low - 1);
        }
        sum += weight * f64::from(logits.values[index]);
    }
    Some(sum)
}

pub fn grid(dims: [usize; 3], matrix3: DMat3, centre: DVec3) -> Grid {
    let middle = DVec3::from_array(dims.map(|n| (n as f64 - 1.0) / 2.0));
    Grid::new(dims, DAffine3 { matrix3, translation: centre - matrix3 * middle }).unwrap()
}

pub fn rotation() -> DMat3 {
    DMat3::from_quat(DQuat::from_euler(EulerRot::XYZ, 0.4, -0.3, 1.0))
}
