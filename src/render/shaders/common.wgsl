// What slices and the 3D view share: the scan, the labels and their colours.
// Colours are gamma-encoded sRGB throughout, as the targets store them.

struct Scan {
    // Voxels along x, y, z.
    dims: vec3<f32>,
    // grey = (texel - black_texel) * grey_per_texel
    black_texel: f32,
    grey_per_texel: f32,
    // Texels on the dark side of this one are not a number.
    nan_edge: f32,
    // Slices along z that are there.
    ready_slices: f32,
    // 0 while nothing was ever labelled.
    has_labels: u32,
}

@group(0) @binding(1) var scan_texture: texture_3d<f32>;
@group(0) @binding(2) var scan_sampler: sampler;
@group(0) @binding(3) var label_texture: texture_3d<u32>;
// Label l at (l mod 256, l / 256); alpha 0 is hidden, below one half is faint.
@group(0) @binding(4) var label_colours: texture_2d<f32>;
// A row of 256 grey levels for each colour map.
@group(0) @binding(5) var colour_maps: texture_2d<f32>;

// Voxel coordinates are continuous, the first voxel's centre at 0; a voxel reaches half a unit around it.
fn in_volume(scan: Scan, voxel: vec3<f32>) -> bool {
    return all(voxel >= vec3<f32>(-0.5)) && all(voxel < scan.dims - 0.5);
}

fn nearest(voxel: vec3<f32>) -> vec3<i32> {
    return vec3<i32>(floor(voxel + 0.5));
}

fn grey_of(scan: Scan, texel: f32) -> f32 {
    return clamp((texel - scan.black_texel) * scan.grey_per_texel, 0.0, 1.0);
}

fn is_nan_texel(scan: Scan, texel: f32) -> bool {
    return (texel - scan.nan_edge) * sign(scan.grey_per_texel) < 0.0;
}

// The colour that a colour map gives a grey level.
fn mapped(colour_map: u32, grey: f32) -> vec3<f32> {
    return textureLoad(colour_maps, vec2<u32>(u32(grey * 255.0 + 0.5), colour_map), 0).rgb;
}

fn colour_of(label: u32) -> vec4<f32> {
    return textureLoad(label_colours, vec2<u32>(label & 255u, label >> 8u), 0);
}
