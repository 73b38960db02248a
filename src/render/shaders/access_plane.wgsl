// What a slice shows at a pixel of its pane, from the pane's own two textures (`render::plane`).

@group(1) @binding(0) var plane_values: texture_2d<f32>;
// With a margin around the pane.
@group(1) @binding(1) var plane_labels: texture_2d<u32>;

const PLANE_MARGIN: f32 = 16.0;

fn plane_place(at: vec2<f32>, size: vec2<u32>) -> vec2<i32> {
    return clamp(vec2<i32>(floor(at)), vec2<i32>(0), vec2<i32>(size) - 1);
}

// The scan's texel: interpolated, and gathered along the thickness.
fn scan_texel(pixel: vec2<f32>, voxel: vec3<f32>) -> f32 {
    return textureLoad(plane_values, plane_place(pixel, textureDimensions(plane_values)), 0).r;
}

// The label, whether it is drawn or not; only background lies outside of the scan.
fn label_value(pixel: vec2<f32>) -> u32 {
    let at = plane_place(pixel + PLANE_MARGIN, textureDimensions(plane_labels));
    return textureLoad(plane_labels, at, 0).r;
}
