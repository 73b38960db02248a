use super::{Subject, bytes, rows};
use crate::geom::{DAffine3, DMat3, DVec3};
use crate::render::uniforms::{March, light};
use crate::render::{LabelStyle, RaycastParams};
use crate::volume::{LabelMap, Volume, Window};

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
