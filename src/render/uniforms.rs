//! The shaders' uniform blocks. Each struct lies as its WGSL twin does; the sizes are asserted here and the
//! shaders are validated against them by wgpu when a pipeline is bound.

mod slice;

pub(super) use slice::{MOST_OUTLINE, MOST_OVERLAYS, OverlayUniforms, SliceKind, SliceUniforms};

use super::RaycastParams;
use super::encoding::TexelGrey;
use crate::geom::{DAffine3, DVec3, Grid, Orbit};
use crate::volume::VoxelBox;

/// `Scan` in `common.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct ScanUniforms {
    dims: [f32; 3],
    black_texel: f32,
    grey_per_texel: f32,
    nan_edge: f32,
    ready_slices: f32,
    has_labels: u32,
}

impl ScanUniforms {
    /// No slice is shown while `grey` is not known.
    pub(super) fn new(
        dims: [usize; 3],
        grey: Option<TexelGrey>,
        ready_slices: usize,
        has_labels: bool,
    ) -> Self {
        let blank = TexelGrey { black_texel: 0.0, grey_per_texel: 0.0, nan_edge: f32::MIN };
        let TexelGrey { black_texel, grey_per_texel, nan_edge } = grey.unwrap_or(blank);
        Self {
            dims: dims.map(|n| n as f32),
            black_texel,
            grey_per_texel,
            nan_edge,
            ready_slices: ready_slices as f32,
            has_labels: has_labels.into(),
        }
    }
}

/// `RaycastUniforms` in `raycast.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct RaycastUniforms {
    voxel_from_pane: [[f32; 4]; 4],
    world_from_gradient: [[f32; 4]; 4],
    scan: ScanUniforms,
    label_first: [f32; 3],
    extinction: f32,
    label_last: [f32; 3],
    step: f32,
    light: [f32; 3],
    first_depth: f32,
    pane: [f32; 2],
    steps: u32,
    label_looks: u32,
}

impl RaycastUniforms {
    /// The camera looks at the scan's grid; the texels may be coarser.
    pub(super) fn new(
        params: &RaycastParams,
        [grid, texels]: [&Grid; 2],
        scan: ScanUniforms,
        labelled: Option<VoxelBox>,
        march: &March,
    ) -> Self {
        let pane = params.size.map(f64::from);
        let voxel_from_pane = texels.voxel_from_world() * params.orbit.world_from_pane(grid, pane);
        // A box whose last voxel lies before its first holds nothing.
        let (first, last) = labelled
            .map_or(([1.0; 3], [0.0; 3]), |b| (b.min.map(to_f32), b.max.map(|n| to_f32(n) - 1.0)));
        let gradient = DAffine3::from_mat3(texels.voxel_from_world().matrix3.transpose());
        Self {
            voxel_from_pane: columns(&voxel_from_pane),
            world_from_gradient: columns(&gradient),
            scan,
            label_first: first,
            extinction: march.extinction,
            label_last: last,
            step: march.step as f32,
            light: light(&params.orbit).as_vec3().to_array(),
            first_depth: march.first_depth as f32,
            pane: params.size.map(|n| n as f32),
            steps: march.steps,
            label_looks: march.label_looks,
        }
    }
}

const _: () = assert!(size_of::<ScanUniforms>() == 32);
const _: () = assert!(size_of::<RaycastUniforms>() == 224);

fn to_f32(n: usize) -> f32 {
    n as f32
}

pub(super) fn columns(affine: &DAffine3) -> [[f32; 4]; 4] {
    let m = affine.matrix3;
    let column = |v: DVec3, w: f32| [v.x as f32, v.y as f32, v.z as f32, w];
    [
        column(m.x_axis, 0.0),
        column(m.y_axis, 0.0),
        column(m.z_axis, 0.0),
        column(affine.translation, 1.0),
    ]
}

/// World direction towards the light: behind the viewer's left shoulder, moving with the viewer.
pub(super) fn light(orbit: &Orbit) -> DVec3 {
    (orbit.axes() * DVec3::new(-0.35, 0.45, 0.82)).normalize()
}

/// How rays are sampled: the same for every pixel, the shader and its twin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct March {
    /// Millimetres between samples.
    pub step: f64,
    /// Depth of the first, where the volume's bounding sphere begins.
    pub first_depth: f64,
    /// How many there are.
    pub steps: u32,
    /// Looks at the labels for each sample.
    pub label_looks: u32,
    /// Optical depth of one step through white; 0 hides the scan.
    pub extinction: f32,
}

impl March {
    /// About a voxel for each step, within what is affordable; half of that for a draft.
    pub(super) fn new(params: &RaycastParams, grid: &Grid) -> Self {
        let radius = Orbit::radius(grid);
        let wanted = 2.0 * radius / grid.spacing().min_element();
        let full = wanted.clamp(96.0, 256.0) as u32;
        let steps = if params.draft { full / 2 } else { full };
        let step = 2.0 * radius / f64::from(steps);
        // At 0.5 a quarter of the way through white lets a third of the light pass; at 1 one step stops it.
        let opacity = f64::from(params.image_opacity.clamp(0.0, 1.0));
        let extinction = 4.0 * (opacity / (1.02 - opacity)).powf(1.5) / f64::from(steps);
        Self {
            step,
            first_depth: -radius,
            steps,
            // Thin structures must not slip through between two samples.
            label_looks: if step > 1.1 * grid.spacing().min_element() { 2 } else { 1 },
            extinction: extinction as f32,
        }
    }
}
