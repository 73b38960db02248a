// Lays the 3D picture over the pane.
@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var picture_sampler: sampler;

@fragment
fn composite_fragment(in: PaneVertex) -> @location(0) vec4<f32> {
    return vec4<f32>(textureSampleLevel(picture, picture_sampler, in.at, 0.0).rgb, 1.0);
}
