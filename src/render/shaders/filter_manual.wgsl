// Trilinear interpolation by hand, for formats that the device's samplers do not interpolate.
fn linear_texel(scan: Scan, voxel: vec3<f32>) -> f32 {
    let last = vec3<i32>(scan.dims) - 1;
    let base = floor(voxel);
    let part = voxel - base;
    let low = clamp(vec3<i32>(base), vec3<i32>(0), last);
    let high = clamp(vec3<i32>(base) + 1, vec3<i32>(0), last);
    let x00 = mix(scan_at(low.x, low.y, low.z), scan_at(high.x, low.y, low.z), part.x);
    let x10 = mix(scan_at(low.x, high.y, low.z), scan_at(high.x, high.y, low.z), part.x);
    let x01 = mix(scan_at(low.x, low.y, high.z), scan_at(high.x, low.y, high.z), part.x);
    let x11 = mix(scan_at(low.x, high.y, high.z), scan_at(high.x, high.y, high.z), part.x);
    return mix(mix(x00, x10, part.y), mix(x01, x11, part.y), part.z);
}

fn scan_at(x: i32, y: i32, z: i32) -> f32 {
    return textureLoad(scan_texture, vec3<i32>(x, y, z), 0).r;
}
