//! The shaders' uniform blocks. Each struct lies as its WGSL CPU reference does; the sizes are asserted here and the
//! shaders are validated against them by wgpu when a pipeline is bound.

mod slice;

pub(super) use slice::{
    LabelKind, MOST_OUTLINE, MOST_OVERLAYS, OverlayUniforms, SliceKind, SliceUniforms, TexelSource,
};

use super::RaycastParams;
use super::encoding::TexelGrey;
use super::march::{self, March, VoxelClip, world_from_pane};
use crate::geom::{DAffine3, DVec3, Grid};
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
    middle: [f32; 3],
    widening: f32,
    label_first: [f32; 3],
    step: f32,
    label_last: [f32; 3],
    first_depth: f32,
    light: [f32; 3],
    shine: f32,
    half_way: [f32; 3],
    iso: f32,
    clip_plane: [f32; 4],
    clip_low: [f32; 3],
    iso_opacity: f32,
    clip_high: [f32; 3],
    edge: f32,
    pane: [f32; 2],
    label_looks: u32,
    skip: u32,
    label_lead: f32,
    padding: [u32; 3],
}

impl RaycastUniforms {
    /// The camera looks at the scan's grid; the texels may be coarser.
    pub(super) fn new(
        params: &RaycastParams,
        [grid, texels]: [&Grid; 2],
        scan: ScanUniforms,
        labelled: Option<VoxelBox>,
        march: &March,
        skip: bool,
    ) -> Self {
        let orbit = &params.orbit;
        let pane = params.size.map(f64::from);
        let voxel_from_pane = texels.voxel_from_world() * world_from_pane(orbit, grid, pane);
        // A box whose last voxel lies before its first holds nothing.
        let (first, last) = labelled
            .map_or(([1.0; 3], [0.0; 3]), |b| (b.min.map(to_f32), b.max.map(|n| to_f32(n) - 1.0)));
        let gradient = DAffine3::from_mat3(texels.voxel_from_world().matrix3.transpose());
        let clip = VoxelClip::new(&params.clip, texels);
        let vec3 = |v: DVec3| v.as_vec3().to_array();
        Self {
            voxel_from_pane: columns(&voxel_from_pane),
            world_from_gradient: columns(&gradient),
            scan,
            middle: vec3(texels.voxel(grid.centre())),
            widening: orbit.widening(grid) as f32,
            label_first: first,
            step: march.step as f32,
            label_last: last,
            first_depth: march.first_depth as f32,
            light: vec3(march::light(orbit)),
            shine: march::shine(params) as f32,
            half_way: vec3(march::half_way(orbit)),
            iso: march::iso_level(params).clamp(-1e30, 1e30) as f32,
            clip_plane: clip.plane.as_vec4().to_array(),
            clip_low: vec3(clip.low),
            iso_opacity: march::iso_opacity(params) as f32,
            clip_high: vec3(clip.high),
            edge: march::EDGE as f32,
            pane: params.size.map(|n| n as f32),
            label_looks: march.label_looks,
            skip: skip.into(),
            label_lead: march.label_lead as f32,
            padding: [0; 3],
        }
    }
}

const _: () = assert!(size_of::<ScanUniforms>() == 32);
const _: () = assert!(size_of::<RaycastUniforms>() == 320);

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
