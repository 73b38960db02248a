// A triangle that covers the viewport.

@vertex
fn pane_vertex(@builtin(vertex_index) index: u32) -> PaneVertex {
    return pane_place(vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u)));
}
