//! The shaders' CPU counterparts: the same pictures stated in plain Rust, slowly. Slices share nothing with the GPU's
//! way of storing and windowing voxels; the 3D view shares where samples lie along a ray and the light.

mod field;
mod raycast;
mod slice;

pub(super) use raycast::Caster;
pub use raycast::raycast_rgba;
pub use slice::{slice_rgba, slice_with_overlays_rgba};

use super::LabelStyle;
use super::styles::{self, colour_table};
use crate::geom::DVec3;
use crate::volume::{LabelMap, Volume};

/// Black, opaque.
const BLACK: [u8; 4] = [0, 0, 0, 255];

/// A scan with its labels, as both counterparts need it.
pub(super) struct CpuScene<'a> {
    volume: &'a Volume,
    labels: &'a LabelMap,
    colours: Vec<u8>,
    /// Stands in for NaN between voxels: darker than everything by the range of everything.
    nan: f64,
    range: (f64, f64),
}

impl<'a> CpuScene<'a> {
    fn new(volume: &'a Volume, labels: &'a LabelMap, styles: &[LabelStyle]) -> Self {
        let (min, max) = volume.extremes();
        let span = if max > min { max - min } else { 1.0 };
        let nan = if min.is_nan() { f64::NEG_INFINITY } else { min - span };
        Self { volume, labels, colours: colour_table(styles), nan, range: (min, max) }
    }

    fn dims(&self) -> DVec3 {
        DVec3::from_array(self.volume.grid().dims().map(|n| n as f64))
    }

    /// The voxel that contains a voxel coordinate.
    fn voxel(&self, at: DVec3) -> Option<[usize; 3]> {
        let inside = at.cmpge(DVec3::splat(-0.5)).all() && at.cmplt(self.dims() - 0.5).all();
        inside.then(|| (at + 0.5).floor().to_array().map(|c| c as usize))
    }

    /// A voxel's value, clamped into the volume; numbers in place of NaN and the infinite.
    fn finite_value(&self, voxel: [i64; 3]) -> f64 {
        let dims = self.volume.grid().dims();
        let inside = std::array::from_fn(|a| voxel[a].clamp(0, dims[a] as i64 - 1) as usize);
        let value = self.volume.value(inside);
        match value {
            v if v.is_nan() => self.nan,
            v if self.range.0 <= self.range.1 => v.clamp(self.range.0, self.range.1),
            _ => self.nan,
        }
    }

    fn linear(&self, at: DVec3) -> f64 {
        let base = at.floor();
        let part = (at - base).to_array();
        let base = base.to_array().map(|c| c as i64);
        (0..8)
            .map(|corner: i64| {
                let side = [corner & 1, corner >> 1 & 1, corner >> 2 & 1];
                let weight: f64 =
                    (0..3).map(|a| if side[a] == 1 { part[a] } else { 1.0 - part[a] }).product();
                // 0 · -∞ is not a number.
                if weight == 0.0 {
                    return 0.0;
                }
                weight * self.finite_value(std::array::from_fn(|a| base[a] + side[a]))
            })
            .sum()
    }

    /// The label drawn at a voxel coordinate; 0 for none and for hidden ones.
    fn label(&self, at: DVec3) -> u16 {
        let label = self.voxel(at).map_or(0, |v| self.labels.get(v));
        if self.byte(label) == 0 { 0 } else { label }
    }

    /// As [`CpuScene::new`], without a look at all voxels: what is not a number is as good as black.
    pub(super) fn for_a_ray(
        volume: &'a Volume,
        labels: &'a LabelMap,
        styles: &[LabelStyle],
        black: f64,
    ) -> Self {
        let range = (f64::MIN, f64::MAX);
        Self { volume, labels, colours: colour_table(styles), nan: black, range }
    }

    fn is_faint(&self, label: u16) -> bool {
        styles::is_faint(self.byte(label))
    }

    /// How a label is drawn: the fourth byte of its colour.
    fn byte(&self, label: u16) -> u8 {
        self.colours[usize::from(label) * 4 + 3]
    }

    fn colour(&self, label: u16) -> DVec3 {
        let at = usize::from(label) * 4;
        let [r, g, b] = [0, 1, 2].map(|n| f64::from(self.colours[at + n]) / 255.0);
        DVec3::new(r, g, b)
    }
}

fn bytes(colour: DVec3) -> [u8; 4] {
    let [r, g, b] = colour.to_array().map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as u8);
    [r, g, b, 255]
}

fn rows([width, height]: [u32; 2], mut pixel: impl FnMut(u32, u32) -> [u8; 4]) -> Vec<u8> {
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(x, y))
        .collect()
}
