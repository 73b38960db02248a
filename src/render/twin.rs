//! The shaders' twins: the same pictures stated in plain Rust, slowly. Slices share nothing with the GPU's
//! way of storing and windowing voxels; the 3D view shares where samples lie along a ray and the light.

use super::styles::{FAINT, colour_table};
use super::uniforms::{March, light};
use super::{Interpolation, LabelStyle, RaycastParams, SliceParams};
use crate::geom::{DAffine3, DMat3, DVec3};
use crate::volume::{LabelMap, Stats, Volume, Window};

/// Black, opaque.
const BLACK: [u8; 4] = [0, 0, 0, 255];

/// A scan with its labels, as both twins need it.
struct Subject<'a> {
    volume: &'a Volume,
    labels: &'a LabelMap,
    colours: Vec<u8>,
    /// Stands in for NaN between voxels: darker than everything by the range of everything.
    nan: f64,
    range: (f64, f64),
}

impl<'a> Subject<'a> {
    fn new(volume: &'a Volume, labels: &'a LabelMap, styles: &[LabelStyle]) -> Self {
        let Stats { min, max, .. } = volume.stats();
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

    fn grey(&self, at: DVec3, window: Window, interpolation: Interpolation) -> f64 {
        let Some(voxel) = self.voxel(at) else { return 0.0 };
        let value = self.volume.value(voxel);
        match interpolation {
            _ if value.is_nan() => 0.0,
            Interpolation::Nearest => window.grey(value.clamp(self.range.0, self.range.1)),
            Interpolation::Linear | Interpolation::Cubic => window.grey(self.linear(at)),
        }
    }

    /// The label drawn at a voxel coordinate; 0 for none and for hidden ones.
    fn label(&self, at: DVec3) -> u16 {
        let label = self.voxel(at).map_or(0, |v| self.labels.get(v));
        if self.colours[usize::from(label) * 4 + 3] == 0 { 0 } else { label }
    }

    fn is_faint(&self, label: u16) -> bool {
        self.colours[usize::from(label) * 4 + 3] == FAINT
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

/// What `slice.wgsl` draws: rows of RGBA, top row first.
pub fn slice_rgba(
    volume: &Volume,
    labels: &LabelMap,
    styles: &[LabelStyle],
    params: &SliceParams,
) -> Vec<u8> {
    let subject = Subject::new(volume, labels, styles);
    let voxel_at = |x: f64, y: f64| params.voxel_from_pane.transform_point3(DVec3::new(x, y, 0.0));
    let pixel = |x: u32, y: u32| {
        let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
        let at = voxel_at(x, y);
        if subject.voxel(at).is_none() {
            return BLACK;
        }
        let grey = DVec3::splat(subject.grey(at, params.window, params.interpolation));
        let label = subject.label(at);
        if label == 0 {
            return bytes(grey);
        }
        let neighbours = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
        let edge =
            neighbours.iter().any(|(dx, dy)| subject.label(voxel_at(x + dx, y + dy)) != label);
        let faint = subject.is_faint(label);
        let fill = params.masks.fill * if faint { 0.5 } else { 1.0 };
        let dash = (x.floor() + y.floor()) as u32 % 8 < 4;
        let opacity = if edge && (dash || !faint) { params.masks.outline } else { fill };
        bytes(grey.lerp(subject.colour(label), f64::from(opacity)))
    };
    rows(params.size, pixel)
}

fn rows([width, height]: [u32; 2], mut pixel: impl FnMut(u32, u32) -> [u8; 4]) -> Vec<u8> {
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(x, y))
        .collect()
}

const AMBIENT: f64 = 0.35;
const OPAQUE_ENOUGH: f64 = 0.03;
const WORTH_SHADING: f64 = 0.02;

/// What `raycast.wgsl` draws when nothing is a draft: rows of RGBA, top row first.
pub fn raycast_rgba(
    volume: &Volume,
    labels: &LabelMap,
    styles: &[LabelStyle],
    params: &RaycastParams,
) -> Vec<u8> {
    let grid = volume.grid();
    let pane_world = params.orbit.world_from_pane(grid, params.size.map(f64::from));
    let caster = Caster {
        subject: Subject::new(volume, labels, styles),
        voxel_from_pane: grid.voxel_from_world() * pane_world,
        world_from_gradient: grid.voxel_from_world().matrix3.transpose(),
        light: light(&params.orbit),
        window: params.window,
        march: March::new(params, grid),
    };
    rows(params.size, |x, y| bytes(caster.ray(x, y)))
}

struct Caster<'a> {
    subject: Subject<'a>,
    voxel_from_pane: DAffine3,
    world_from_gradient: DMat3,
    light: DVec3,
    window: Window,
    march: March,
}

impl Caster<'_> {
    fn ray(&self, x: u32, y: u32) -> DVec3 {
        let pixel = DVec3::new(f64::from(x) + 0.5, f64::from(y) + 0.5, 0.0);
        let March { step, first_depth, steps, label_looks, extinction } = self.march;
        let look = 1.0 / f64::from(label_looks);
        let first = first_depth + start(x, y) * step;
        let whole = (x + y).is_multiple_of(2);
        let (mut colour, mut clear) = (DVec3::ZERO, 1.0);
        for n in 0..steps {
            let depth = first + f64::from(n) * step;
            let at = |back: f64| {
                let depth = depth - back * step;
                self.voxel_from_pane.transform_point3(pixel.with_z(depth))
            };
            if self.subject.voxel(at(0.0)).is_none() {
                continue;
            }
            for s in (0..label_looks).rev() {
                let back = f64::from(s) * look;
                let label = self.subject.label(at(back));
                if label != 0 && (whole || !self.subject.is_faint(label)) {
                    return colour + clear * self.surface(at(back + look), at(back), label);
                }
            }
            let grey = self.grey(at(0.0));
            let opacity = 1.0 - (-grey * grey * f64::from(extinction)).exp();
            let light =
                if clear * opacity > WORTH_SHADING { self.edge_light(at(0.0)) } else { 1.0 };
            colour += clear * opacity * light * (0.25 + 0.75 * grey);
            clear *= 1.0 - opacity;
            if clear < OPAQUE_ENOUGH {
                break;
            }
        }
        colour
    }

    fn grey(&self, at: DVec3) -> f64 {
        self.window.grey(self.subject.linear(at))
    }

    fn edge_light(&self, at: DVec3) -> f64 {
        let last = self.subject.dims() - 1.0;
        let value = |at: DVec3| self.subject.linear(at.clamp(DVec3::ZERO, last));
        let gradient = DVec3::from_array(
            [DVec3::X, DVec3::Y, DVec3::Z]
                .map(|axis| (value(at + axis) - value(at - axis)) / (2.0 * self.window.width)),
        );
        let edge = (gradient.length() * 6.0).min(1.0);
        1.0 + (self.lit(gradient) - 1.0) * edge
    }

    fn lit(&self, inwards: DVec3) -> f64 {
        let along = self.world_from_gradient * inwards;
        if along.length() == 0.0 {
            return 1.0;
        }
        AMBIENT + (1.0 - AMBIENT) * (-along.normalize().dot(self.light)).max(0.0)
    }

    fn surface(&self, outside: DVec3, inside: DVec3, label: u16) -> DVec3 {
        let (mut near, mut far) = (outside, inside);
        for _ in 0..5 {
            let middle = (near + far) / 2.0;
            if self.subject.label(middle) == label {
                far = middle;
            } else {
                near = middle;
            }
        }
        let mut gradient = DVec3::ZERO;
        let base = far.floor();
        for n in 0..64 {
            let offset = DVec3::from_array([n & 3, n >> 2 & 3, n >> 4].map(|c| f64::from(c) - 1.0));
            let at = base + offset;
            if self.subject.label(at) == label {
                let away = at - far;
                gradient += away * (-0.8 * away.length_squared()).exp();
            }
        }
        self.subject.colour(label) * self.lit(gradient)
    }
}

/// Where in its first step a pixel's ray starts.
fn start(x: u32, y: u32) -> f64 {
    let mut h = x.wrapping_mul(374_761_393).wrapping_add(y.wrapping_mul(668_265_263));
    h = (h ^ (h >> 13)).wrapping_mul(1_274_126_177);
    h ^= h >> 16;
    f64::from(h & 0xffff) / 65536.0
}
