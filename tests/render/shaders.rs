//! Every shader is valid WGSL, without a GPU.

use naga::valid::{Capabilities, ValidationFlags, Validator};

#[test]
fn every_shader_is_valid() {
    let sources = voxpoint::render::shader_sources();
    assert_eq!(sources.len(), 12);
    for (name, source) in sources {
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
        // Slices have a vertex for their regions, and a fragment for those without the scan.
        let entries = if name.starts_with("slice") { 3 } else { 2 };
        assert_eq!(module.entry_points.len(), entries, "{name}");
        assert_uniform_sizes(name, &module);
    }
}

/// The sizes that `src/render/uniforms.rs` asserts of its structs.
fn assert_uniform_sizes(name: &str, module: &naga::Module) {
    let mut layouter = naga::proc::Layouter::default();
    layouter.update(module.to_ctx()).unwrap();
    for (handle, ty) in module.types.iter() {
        let expected = match ty.name.as_deref() {
            Some("Scan") => 32,
            Some("SliceUniforms") => 624,
            Some("Overlay") => 112,
            Some("RaycastUniforms") => 320,
            _ => continue,
        };
        assert_eq!(layouter[handle].size, expected, "{name}: {:?}", ty.name);
    }
}
