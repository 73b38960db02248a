// What a slice shows at a pixel of its pane, from the 3D textures.

// The scan's texel, interpolated.
fn scan_texel(pixel: vec2<f32>, voxel: vec3<f32>) -> f32 {
    let texel = textureLoad(scan_texture, nearest(voxel), 0).r;
    if slice.linear == 0u || is_nan_texel(slice.scan, texel) {
        return texel;
    }
    return linear_texel(slice.scan, voxel);
}

// The label, whether it is drawn or not; only background lies outside of the scan.
fn label_value(pixel: vec2<f32>) -> u32 {
    let voxel = voxel_at(pixel);
    if !in_volume(slice.scan, voxel) {
        return 0u;
    }
    return textureLoad(label_texture, nearest(voxel), 0).r;
}
