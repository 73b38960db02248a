// Mesa's software renderer (lavapipe 22.3) compiles a shader anew for every draw if its branches and loops depend on
// uniforms, and keeps all that it ever compiled: 1 to 2 MB a picture. Not if it can't know where the uniforms are.
@group(1) @binding(0) var<uniform> rays: array<RaycastUniforms, 2>;
var<private> ray: RaycastUniforms;

fn take_uniforms(nought: u32) {
    ray = rays[nought];
}
