//! How rays are marched: what the shader, its CPU reference and picking share.

use super::{Clip, Mode3d, RaycastParams, TransferFunction};
use crate::geom::{Axis, DAffine3, DMat3, DVec3, DVec4, Grid, Orbit};
use crate::volume::Window;

/// Steps through the whole of a scan on adapters that compute with the CPU, and on others.
pub(super) const SLOW_STEPS: u32 = 256;
pub(super) const FAST_STEPS: u32 = 768;

/// World position (RAS mm) of (pane pixel x, y, depth in mm) without perspective.
pub(super) fn world_from_pane(orbit: &Orbit, grid: &Grid, pane: [f64; 2]) -> DAffine3 {
    let axes = orbit.axes();
    let mm = orbit.mm_per_pixel(grid, pane);
    let columns = DMat3::from_cols(axes.x_axis * mm, -axes.y_axis * mm, -axes.z_axis);
    let middle = DVec3::new(pane[0] / 2.0, pane[1] / 2.0, 0.0);
    let shift = axes.x_axis * orbit.shift.x + axes.y_axis * orbit.shift.y;
    DAffine3::from_mat3_translation(columns, grid.centre() - columns * middle - shift)
}

/// World direction towards the light: behind the viewer's left shoulder, moving with the viewer.
pub(super) fn light(orbit: &Orbit) -> DVec3 {
    (orbit.axes() * DVec3::new(-0.35, 0.45, 0.82)).normalize()
}

/// World direction half-way between light and viewer.
pub(super) fn half_way(orbit: &Orbit) -> DVec3 {
    (light(orbit) + orbit.axes().z_axis).normalize()
}

/// How rays are sampled: the same for every pixel, the shader and its CPU reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct March {
    /// Millimetres of depth between samples.
    pub step: f64,
    /// Depth of the first, where the volume's bounding sphere begins.
    pub first_depth: f64,
    /// Looks at the labels for each sample.
    pub label_looks: u32,
    /// Millimetres of depth by which masks lie nearer than they do, so that one that follows an edge of the
    /// scan is not half covered by it.
    pub label_lead: f64,
}

impl March {
    /// Two thirds of a voxel for each step, within what is affordable; twice that for a draft.
    pub(super) fn new(params: &RaycastParams, grid: &Grid, most: u32) -> Self {
        let radius = Orbit::radius(grid);
        let voxel = grid.spacing().min_element();
        let full = (3.0 * radius / voxel).clamp(96.0, f64::from(most));
        let steps = if params.draft { full / 2.0 } else { full }.floor();
        let step = 2.0 * radius / steps;
        // Thin structures must not slip through between two samples.
        let label_looks = (step / (1.1 * voxel)).ceil().clamp(1.0, 4.0) as u32;
        Self { step, first_depth: -radius, label_looks, label_lead: voxel }
    }
}

/// What is drawn of the scan: nothing, when it shall not show.
pub(super) fn mode(params: &RaycastParams) -> Mode3d {
    if params.image_opacity > 0.0 { params.mode } else { Mode3d::Surface }
}

/// Values whose levels are 0 and 1.
pub(super) fn scale(params: &RaycastParams) -> Window {
    match (mode(params), &params.transfer) {
        (Mode3d::Volume, TransferFunction::Points(curve)) => {
            let (low, high) = curve.range();
            Window::new(f64::midpoint(low, high), high - low)
        }
        _ => params.window,
    }
}

/// The iso-surface's value on that scale.
pub(super) fn iso_level(params: &RaycastParams) -> f64 {
    (params.iso_value - params.window.low()) / params.window.width
}

/// Opacity of the iso-surface: solid from the middle of the range on.
pub(super) fn iso_opacity(params: &RaycastParams) -> f64 {
    f64::from((params.image_opacity * 2.0).clamp(0.0, 1.0))
}

/// How strongly edges are shaded: grey levels from voxel to voxel times this.
pub(super) const EDGE: f64 = 6.0;

/// Share of highlights in the scan: none where grey levels shall be read.
pub(super) fn shine(params: &RaycastParams) -> f64 {
    if matches!(params.transfer, TransferFunction::Points(_)) { 0.25 } else { 0.0 }
}

/// Colour (sRGB) and optical depth for each millimetre of levels from 0 to 1.
pub(super) struct Medium<'a> {
    params: &'a RaycastParams,
    scale: Window,
    /// Optical depth for each mm of the window's white.
    white: f64,
    /// Voxels for each mm, and how much of their opacity is wanted.
    density: f64,
}

impl<'a> Medium<'a> {
    pub(super) fn new(params: &'a RaycastParams, grid: &Grid) -> Self {
        // At 0.5 a quarter of the way through white lets a third of the light pass; at 1 one step stops it.
        let wanted = f64::from(params.image_opacity.clamp(0.0, 1.0));
        let dense = |o: f64| (o / (1.02 - o)).powf(1.5);
        Self {
            params,
            scale: scale(params),
            white: 2.0 * dense(wanted) / Orbit::radius(grid),
            density: dense(wanted) / dense(0.5) / grid.voxel_volume_mm3().cbrt(),
        }
    }

    /// Of a level.
    pub(super) fn at(&self, level: f64) -> (DVec3, f64) {
        let value = self.scale.low() + level * self.scale.width;
        let (colour, opacity) = self.params.transfer.sample(value, self.params.window);
        let opacity = f64::from(opacity);
        let depth = match self.params.transfer {
            TransferFunction::Window => opacity * self.white,
            TransferFunction::Points(_) => -(1.0 - opacity.min(0.999)).ln() * self.density,
        };
        (DVec3::from_array(colour.map(f64::from)), depth)
    }
}

impl Clip {
    /// What is kept, as half spaces of the world: of each a place on its border (RAS mm) and the direction inwards. A
    /// place is seen if it is in all of them, border included.
    pub fn half_spaces(&self, grid: &Grid) -> Vec<[DVec3; 2]> {
        let cut = VoxelClip::new(&Self { plane: None, bounds: self.bounds }, grid);
        let plane = self.plane.iter().map(|p| [p.normal * p.offset_mm, -p.normal]);
        // Coordinate along a voxel axis, as a function of the world.
        let rows = grid.voxel_from_world().matrix3.transpose();
        let at = |axis: usize, voxel: f64| grid.world(DVec3::AXES[axis] * voxel);
        let sides = (0..3).flat_map(|a| {
            let low = (cut.low[a] > FAR_LOW).then(|| [at(a, cut.low[a]), rows.col(a)]);
            let high = (cut.high[a] < -FAR_LOW).then(|| [at(a, cut.high[a]), -rows.col(a)]);
            [low, high].into_iter().flatten()
        });
        plane.chain(sides).collect()
    }
}

/// Voxel coordinates below that are far outside of any scan.
const FAR_LOW: f64 = -1e6;

/// What is cut away, in voxel coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct VoxelClip {
    /// Cut away where dot(xyz, voxel) + w > 0.
    pub plane: DVec4,
    /// Cut away below and above.
    pub low: DVec3,
    pub high: DVec3,
}

impl VoxelClip {
    pub(super) fn new(clip: &Clip, grid: &Grid) -> Self {
        let plane = clip.plane.map_or(DVec4::new(0.0, 0.0, 0.0, -1.0), |plane| {
            let m = grid.world_from_voxel();
            let normal = m.matrix3.transpose() * plane.normal;
            normal.extend(plane.normal.dot(m.translation) - plane.offset_mm)
        });
        // Far outside, where nothing is cut: no face of the scan counts as a cut.
        let (mut low, mut high) = (DVec3::splat(FAR_LOW), DVec3::splat(-FAR_LOW));
        let dims = grid.dims();
        for axis in clip.bounds.iter().flat_map(|_| Axis::ALL) {
            let Some(bounds) = clip.bounds else { break };
            let (voxel_axis, positive) = grid.orientation().voxel_axis(axis);
            let share = |share: f64| share * dims[voxel_axis] as f64 - 0.5;
            let (from, to) = (bounds.low[axis.index()], bounds.high[axis.index()]);
            let (from, to) = if positive { (from, to) } else { (1.0 - to, 1.0 - from) };
            if from > 0.0 {
                low[voxel_axis] = share(from);
            }
            if to < 1.0 {
                high[voxel_axis] = share(to);
            }
        }
        Self { plane, low, high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{ClipBox, ClipPlane};

    #[test]
    fn a_clip_box_is_anatomical_however_voxels_are_stored() {
        // x to Posterior, y to Superior, z to Right.
        let m = DMat3::from_cols(-DVec3::Y * 2.0, DVec3::Z, DVec3::X * 3.0);
        let at = DVec3::new(5.0, -80.0, 11.0);
        let grid = Grid::new([10, 20, 40], DAffine3::from_mat3_translation(m, at)).unwrap();
        let bounds = Some(ClipBox { low: [0.25, 0.1, 0.0], high: [1.0, 0.7, 0.5] });
        let clip = VoxelClip::new(&Clip { plane: None, bounds }, &grid);
        // Right from a quarter on, anterior between a tenth and seven tenths, the lower half.
        assert!(clip.low.abs_diff_eq(DVec3::new(2.5, -1e6, 9.5), 1e-9), "{clip:?}");
        assert!(clip.high.abs_diff_eq(DVec3::new(8.5, 9.5, 1e6), 1e-9), "{clip:?}");

        let plane = ClipPlane { normal: DVec3::new(0.0, 0.6, 0.8), offset_mm: -40.0 };
        let clip = VoxelClip::new(&Clip { plane: Some(plane), bounds: None }, &grid);
        for voxel in [DVec3::ZERO, DVec3::new(3.0, 17.0, 20.0), DVec3::new(9.0, 1.0, 5.0)] {
            let beyond = plane.normal.dot(grid.world(voxel)) - plane.offset_mm;
            assert!((clip.plane.truncate().dot(voxel) + clip.plane.w - beyond).abs() < 1e-9);
        }
    }

    #[test]
    fn half_spaces_keep_what_the_picture_does() {
        let m = DMat3::from_cols(-DVec3::Y * 2.0, DVec3::new(0.2, 0.0, 1.0), DVec3::X * 3.0);
        let at = DVec3::new(5.0, -80.0, 11.0);
        let grid = Grid::new([10, 20, 40], DAffine3::from_mat3_translation(m, at)).unwrap();
        let bounds = Some(ClipBox { low: [0.25, 0.1, 0.0], high: [1.0, 0.7, 0.5] });
        let normal = DVec3::new(0.6, 0.0, 0.8);
        let plane = Some(ClipPlane { normal, offset_mm: normal.dot(grid.centre()) });
        for (clip, sides) in [
            (Clip::default(), 0),
            (Clip { plane, bounds: None }, 1),
            (Clip { plane: None, bounds }, 4),
            (Clip { plane, bounds }, 5),
        ] {
            let cut = VoxelClip::new(&clip, &grid);
            let kept = clip.half_spaces(&grid);
            assert_eq!(kept.len(), sides, "{clip:?}");
            let mut seen = 0;
            for n in 0..grid.count() {
                let voxel = [n % 10, n / 10 % 20, n / 200].map(|v| v as f64 + 0.1);
                let voxel = DVec3::from_array(voxel);
                let expected = cut.plane.truncate().dot(voxel) + cut.plane.w <= 0.0
                    && voxel.cmpge(cut.low).all()
                    && voxel.cmple(cut.high).all();
                let world = grid.world(voxel);
                let inside = kept.iter().all(|[at, inwards]| (world - at).dot(*inwards) >= 0.0);
                assert_eq!(inside, expected, "{voxel}");
                seen += usize::from(inside);
            }
            assert!(seen > 100, "{seen}");
        }
    }
}
