struct SliceUniforms {
    // Voxel of (pane pixel x, y, 0, 1).
    voxel_from_pane: mat4x4<f32>,
    scan: Scan,
    // Pixels of the pane.
    pane: vec2<f32>,
    // Opacity of labels inside and at their edge.
    fill: f32,
    outline: f32,
    // 1 trilinear, 0 nearest.
    linear: u32,
}

@group(0) @binding(0) var<uniform> slice: SliceUniforms;

// How much of its fill a faint label keeps.
const FAINT_FILL: f32 = 0.5;

fn voxel_at(pixel: vec2<f32>) -> vec3<f32> {
    return (slice.voxel_from_pane * vec4<f32>(pixel, 0.0, 1.0)).xyz;
}

// The label if it is to be drawn, else 0.
fn label_at(pixel: vec2<f32>) -> u32 {
    return shown(label_value(pixel));
}

@fragment
fn slice_fragment(in: PaneVertex) -> @location(0) vec4<f32> {
    let pixel = in.at * slice.pane;
    let voxel = voxel_at(pixel);
    if !in_volume(slice.scan, voxel) {
        return vec4<f32>(0.0, 0.0, 0.0, 1.0);
    }
    var colour = vec3<f32>(0.0);
    let texel = scan_texel(pixel, voxel);
    if !is_nan_texel(slice.scan, texel) {
        colour = vec3<f32>(grey_of(slice.scan, texel));
    }
    if slice.scan.has_labels != 0u {
        let label = label_at(pixel);
        if label != 0u {
            let edge = label_at(pixel + vec2<f32>(1.0, 0.0)) != label
                || label_at(pixel - vec2<f32>(1.0, 0.0)) != label
                || label_at(pixel + vec2<f32>(0.0, 1.0)) != label
                || label_at(pixel - vec2<f32>(0.0, 1.0)) != label;
            var fill = slice.fill;
            var outline = slice.outline;
            if is_faint(label) {
                fill *= FAINT_FILL;
                let dash = floor(pixel.x) + floor(pixel.y);
                outline = select(fill, outline, dash - 8.0 * floor(dash / 8.0) < 4.0);
            }
            colour = mix(colour, colour_of(label).rgb, select(fill, outline, edge));
        }
    }
    return vec4<f32>(colour, 1.0);
}
