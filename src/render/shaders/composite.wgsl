// Lays the 3D picture over the pane.
@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var picture_sampler: sampler;

struct PaneVertex {
    @builtin(position) position: vec4<f32>,
    @location(0) at: vec2<f32>,
}

@vertex
fn pane_vertex(@builtin(vertex_index) index: u32) -> PaneVertex {
    let at = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u));
    var out: PaneVertex;
    out.position = vec4<f32>(at.x * 2.0 - 1.0, 1.0 - at.y * 2.0, 0.0, 1.0);
    out.at = at;
    return out;
}

@fragment
fn composite_fragment(in: PaneVertex) -> @location(0) vec4<f32> {
    return vec4<f32>(textureSampleLevel(picture, picture_sampler, in.at, 0.0).rgb, 1.0);
}
