use super::{CpuScene, bytes, rows};
use crate::geom::{DMat3, DVec3, Grid, Orbit, Ray};
use crate::render::march::{self, March, Medium, SLOW_STEPS, VoxelClip};
use crate::render::styles::surface_opacity;
use crate::render::{LabelStyle, Mode3d, RaycastParams};
use crate::volume::{LabelMap, Volume, Window};

const AMBIENT: f64 = 0.35;
const OPAQUE_ENOUGH: f64 = 0.03;
const WORTH_SHADING: f64 = 0.02;
const BISECTIONS: usize = 5;
const MIP_OVER_MASK: f64 = 0.6;
const ISO_COLOUR: DVec3 = DVec3::new(0.93, 0.86, 0.76);

/// What `raycast.wgsl` draws when nothing is a draft: rows of RGBA, top row first.
pub fn raycast_rgba(
    volume: &Volume,
    labels: &LabelMap,
    styles: &[LabelStyle],
    params: &RaycastParams,
) -> Vec<u8> {
    let caster = Caster::new(CpuScene::new(volume, labels, styles), params);
    rows(params.size, |x, y| {
        let pixel = [f64::from(x) + 0.5, f64::from(y) + 0.5];
        bytes(caster.trace(pixel, start(x, y)).colour)
    })
}

/// Casts the rays of one picture.
pub(in crate::render) struct Caster<'a> {
    scene: CpuScene<'a>,
    grid: &'a Grid,
    orbit: &'a Orbit,
    pane: [f64; 2],
    mode: Mode3d,
    window: Window,
    colour_map: crate::render::ColourMap,
    medium: Medium<'a>,
    march: March,
    clip: VoxelClip,
    world_from_gradient: DMat3,
    light: DVec3,
    half_way: DVec3,
    shine: f64,
    iso: f64,
    iso_opacity: f64,
}

/// What a ray met.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::render) struct Trace {
    pub colour: DVec3,
    /// Depth and label of the first mask that can be seen.
    pub mask: Option<(f64, u16)>,
    /// Depth at which the scan is seen, if it is.
    pub scan: Option<f64>,
}

/// A ray on its way.
struct Going {
    trace: Trace,
    clear: f64,
    inside: u16,
    brightest: f64,
    in_front: f64,
    /// What the scan alone lets through, and the place that adds most.
    through_scan: f64,
    most: (f64, f64),
}

/// A ray in voxel coordinates.
struct Line {
    ray: Ray,
    origin: DVec3,
    direction: DVec3,
}

impl Line {
    fn at(&self, depth: f64) -> DVec3 {
        self.origin + self.direction * depth
    }
}

impl<'a> Caster<'a> {
    pub(in crate::render) fn new(scene: CpuScene<'a>, params: &'a RaycastParams) -> Self {
        let grid = scene.volume.grid();
        Self {
            scene,
            grid,
            orbit: &params.orbit,
            pane: params.size.map(f64::from),
            mode: march::mode(params),
            window: march::scale(params),
            colour_map: params.colour_map,
            medium: Medium::new(params, grid),
            march: March::new(params, grid, SLOW_STEPS),
            clip: VoxelClip::new(&params.clip, grid),
            world_from_gradient: grid.voxel_from_world().matrix3.transpose(),
            light: march::light(&params.orbit),
            half_way: march::half_way(&params.orbit),
            shine: march::shine(params),
            iso: march::iso_level(params),
            iso_opacity: march::iso_opacity(params),
        }
    }

    /// World position (RAS mm) of a pixel at a depth (mm).
    pub(in crate::render) fn world(&self, pixel: [f64; 2], depth: f64) -> DVec3 {
        self.orbit.ray(self.grid, self.pane, pixel).at(depth)
    }

    /// Follows the ray of a pane pixel; `start` (0 to 1) is where in the first step it begins.
    pub(in crate::render) fn trace(&self, pixel: [f64; 2], start: f64) -> Trace {
        let ray = self.orbit.ray(self.grid, self.pane, pixel);
        let line = Line {
            ray,
            origin: self.grid.voxel(ray.origin),
            direction: self.grid.voxel_from_world().matrix3 * ray.along,
        };
        let mut going = Going {
            trace: Trace::default(),
            clear: 1.0,
            inside: 0,
            brightest: 0.0,
            in_front: 0.0,
            through_scan: 1.0,
            most: (0.0, 0.0),
        };
        let (enter, leave, cut) = self.reach(&line);
        if enter < leave {
            self.cut_face(&mut going, &line, enter, cut);
            self.follow(&mut going, &line, [enter, leave], start);
        }
        if self.mode == Mode3d::Mip {
            let colour = |level: f64| {
                DVec3::from_array(self.colour_map.colour(level).map(|c| f64::from(c) / 255.0))
            };
            going.trace.colour += going.clear * colour(going.brightest);
            if going.trace.mask.is_some() {
                let over = MIP_OVER_MASK * going.in_front * going.in_front;
                going.trace.colour = going.trace.colour.lerp(colour(going.in_front), over);
            }
        }
        if going.trace.scan.is_none() && 1.0 - going.through_scan > 0.05 {
            going.trace.scan = Some(going.most.1);
        }
        going.trace
    }

    /// Depths between which there is something, and the inward side of the cut that the ray enters through.
    fn reach(&self, line: &Line) -> (f64, f64, DVec3) {
        let last = self.scene.dims() - 0.5;
        let (mut enter, mut leave) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut cut = DVec3::ZERO;
        let mut sides = Vec::new();
        // Planes (out, w, whether it is a cut): beyond them, where out · voxel + w > 0, nothing is left.
        for (axis, unit) in [DVec3::X, DVec3::Y, DVec3::Z].into_iter().enumerate() {
            sides.push((-unit, -0.5, false));
            sides.push((unit, -last[axis], false));
            sides.push((-unit, self.clip.low[axis], true));
            sides.push((unit, -self.clip.high[axis], true));
        }
        sides.push((self.clip.plane.truncate(), self.clip.plane.w, true));
        for (out, w, is_cut) in sides {
            let (beyond, rate) = (out.dot(line.origin) + w, out.dot(line.direction));
            if rate.abs() < 1e-12 {
                if beyond > 0.0 {
                    return (1.0, 0.0, cut);
                }
            } else if rate > 0.0 {
                leave = leave.min(-beyond / rate);
            } else if -beyond / rate > enter {
                enter = -beyond / rate;
                cut = if is_cut { -out } else { DVec3::ZERO };
            }
        }
        (enter, leave, cut)
    }

    /// What is cut open shows a filled face.
    fn cut_face(&self, going: &mut Going, line: &Line, enter: f64, cut: DVec3) {
        if cut == DVec3::ZERO {
            return;
        }
        let at = line.at(enter);
        going.inside = self.scene.smooth_label(at);
        if going.inside != 0 {
            self.add_mask(going, line, enter, going.inside, cut);
        }
        let level = self.level(at);
        if self.mode == Mode3d::Iso && level >= self.iso {
            let grey = DVec3::splat(level.clamp(0.0, 1.0));
            let (light, _) = self.lit(cut, line);
            Self::add_surface(going, enter, grey * light, self.iso_opacity);
        }
    }

    fn follow(&self, going: &mut Going, line: &Line, [enter, leave]: [f64; 2], start: f64) {
        let March { step, first_depth, label_looks, label_lead } = self.march;
        let first = first_depth + start * step;
        // The first piece has no length: it is there for the labels where the ray enters.
        let mut n = ((enter - first) / step).ceil() - 1.0;
        let mut a = enter;
        let mut level_a = self.sample(line.at(a));
        while a < leave && going.clear >= OPAQUE_ENOUGH {
            let b = (first + n * step).clamp(a, leave);
            let level_b = self.sample(line.at(b));
            let (mut h, mut label) = (b, going.inside);
            let mut before = if a == enter { a } else { a + label_lead };
            for s in 1..=label_looks {
                h = a + (b - a) * f64::from(s) / f64::from(label_looks);
                if h + label_lead >= leave {
                    continue;
                }
                label = self.scene.smooth_label(line.at(h + label_lead));
                if label != going.inside {
                    break;
                }
                before = h + label_lead;
            }
            let level_h =
                if h < b { level_a + (level_b - level_a) * (h - a) / (b - a) } else { level_b };
            self.scan(going, line, [a, h], [level_a, level_h]);
            if label == going.inside {
                (a, level_a, n) = (b, level_b, n + 1.0);
            } else {
                if label != 0 && going.clear >= OPAQUE_ENOUGH {
                    let depth = self.surface(line, before, h + label_lead, label);
                    let slope = self.scene.label_gradient(line.at(depth), label);
                    self.add_mask(going, line, depth, label, slope);
                }
                (going.inside, a, level_a) = (label, h, level_h);
            }
        }
    }

    /// Where between two depths, of which the second is in it, a mask begins.
    fn surface(&self, line: &Line, outside: f64, within: f64, label: u16) -> f64 {
        let (mut near, mut far) = (outside, within);
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(near, far);
            if self.scene.smooth_label(line.at(middle)) == label {
                far = middle;
            } else {
                near = middle;
            }
        }
        far
    }

    /// What the scan adds between two depths.
    fn scan(&self, going: &mut Going, line: &Line, [a, h]: [f64; 2], [from, to]: [f64; 2]) {
        match self.mode {
            Mode3d::Surface => {}
            Mode3d::Mip => {
                if to > going.brightest {
                    going.brightest = to;
                    if to > 0.02 {
                        going.trace.scan = Some(h);
                    }
                }
            }
            Mode3d::Iso => {
                if h > a && (from < self.iso) != (to < self.iso) {
                    let (mut near, mut far) = (a, h);
                    for _ in 0..BISECTIONS {
                        let middle = f64::midpoint(near, far);
                        if (self.level(line.at(middle)) < self.iso) == (from < self.iso) {
                            near = middle;
                        } else {
                            far = middle;
                        }
                    }
                    let depth = f64::midpoint(near, far);
                    let (light, highlight) = self.lit(self.gradient(line.at(depth)), line);
                    let colour = ISO_COLOUR * light + 0.18 * highlight;
                    Self::add_surface(going, depth, colour, self.iso_opacity);
                }
            }
            Mode3d::Volume => self.translucent(going, line, [a, h], [from, to]),
        }
    }

    fn translucent(&self, going: &mut Going, line: &Line, [a, h]: [f64; 2], ends: [f64; 2]) {
        let [from, to] = ends;
        let parts = ((to - from).abs() * 24.0).ceil().clamp(1.0, 4.0);
        let (mut sum, mut clear, mut place) = (DVec3::ZERO, 1.0, 0.0);
        for n in 0..parts as usize {
            let at = (n as f64 + 0.5) / parts;
            let (colour, depth) = self.medium.at(from + (to - from) * at);
            let adds = clear * (1.0 - (-depth * (h - a) / parts).exp());
            sum += colour * adds;
            place += at * adds;
            clear -= adds;
        }
        let opacity = 1.0 - clear;
        let place = a + (h - a) * if opacity > 1e-6 { place / opacity } else { 0.5 };
        if going.clear * opacity > WORTH_SHADING {
            let slope = self.gradient(line.at(place));
            let edge = (slope.length() * march::EDGE).min(1.0);
            let (light, highlight) = self.lit(slope, line);
            sum = sum * (1.0 + (light - 1.0) * edge)
                + DVec3::splat(opacity * self.shine * highlight * edge);
        }
        going.trace.colour += sum * going.clear;
        if going.through_scan * opacity > going.most.0 {
            going.most = (going.through_scan * opacity, place);
        }
        going.clear *= 1.0 - opacity;
        going.through_scan *= 1.0 - opacity;
        if going.through_scan < 0.5 && going.trace.scan.is_none() {
            going.trace.scan = Some(place);
        }
    }

    fn add_surface(going: &mut Going, depth: f64, colour: DVec3, opacity: f64) {
        going.trace.colour += going.clear * opacity * colour;
        going.clear *= 1.0 - opacity;
        if opacity > 0.0 && going.trace.scan.is_none() {
            going.trace.scan = Some(depth);
        }
    }

    fn add_mask(&self, going: &mut Going, line: &Line, depth: f64, label: u16, inwards: DVec3) {
        let opacity = surface_opacity(self.scene.byte(label));
        let (light, highlight) = self.lit(inwards, line);
        let colour = self.scene.colour(label) * light + 0.22 * highlight;
        going.trace.colour += going.clear * opacity * colour;
        if going.trace.mask.is_none() {
            going.in_front = going.brightest;
            going.trace.mask = Some((depth, label));
        }
        going.clear *= 1.0 - opacity;
    }

    /// The grey level, below 0 and above 1 too.
    fn level(&self, at: DVec3) -> f64 {
        let last = self.scene.dims() - 1.0;
        let value = self.scene.linear(at.clamp(DVec3::ZERO, last));
        (value - self.window.low()) / self.window.width
    }

    fn sample(&self, at: DVec3) -> f64 {
        match self.mode {
            Mode3d::Iso => self.level(at),
            Mode3d::Surface => 0.0,
            Mode3d::Volume | Mode3d::Mip => self.level(at).clamp(0.0, 1.0),
        }
    }

    fn gradient(&self, at: DVec3) -> DVec3 {
        DVec3::from_array(
            [DVec3::X, DVec3::Y, DVec3::Z]
                .map(|axis| (self.level(at + axis) - self.level(at - axis)) / 2.0),
        )
    }

    /// How bright a surface is, and its highlight; the side that the viewer sees is lit.
    fn lit(&self, inwards: DVec3, line: &Line) -> (f64, f64) {
        let along = self.world_from_gradient * inwards;
        if along.length() == 0.0 {
            return (1.0, 0.0);
        }
        let towards_viewer = along.dot(line.ray.along) > 0.0;
        let outwards = along.normalize() * if towards_viewer { -1.0 } else { 1.0 };
        let highlight = outwards.dot(self.half_way).max(0.0).powi(40);
        (AMBIENT + (1.0 - AMBIENT) * outwards.dot(self.light).max(0.0), highlight)
    }
}

/// Where in its first step a pixel's ray starts.
fn start(x: u32, y: u32) -> f64 {
    let mut h = x.wrapping_mul(374_761_393).wrapping_add(y.wrapping_mul(668_265_263));
    h = (h ^ (h >> 13)).wrapping_mul(1_274_126_177);
    h ^= h >> 16;
    f64::from(h & 0xffff) / 65536.0
}
