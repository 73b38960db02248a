// Where the scan is not, or where there is none.

@fragment
fn blank_fragment(in: PaneVertex) -> @location(0) vec4<f32> {
    return vec4<f32>(0.0, 0.0, 0.0, 1.0);
}
