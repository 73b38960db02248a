// Trilinear interpolation by the sampler.
fn linear_texel(scan: Scan, voxel: vec3<f32>) -> f32 {
    return textureSampleLevel(scan_texture, scan_sampler, (voxel + 0.5) / scan.dims, 0.0).r;
}
