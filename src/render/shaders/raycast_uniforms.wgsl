@group(1) @binding(0) var<uniform> ray: RaycastUniforms;

fn take_uniforms(nought: u32) {}
