// A place in a pane.

struct PaneVertex {
    @builtin(position) position: vec4<f32>,
    // 0 to 1 from the pane's top left corner.
    @location(0) at: vec2<f32>,
}

fn pane_place(at: vec2<f32>) -> PaneVertex {
    return PaneVertex(vec4<f32>(at.x * 2.0 - 1.0, 1.0 - at.y * 2.0, 0.0, 1.0), at);
}
