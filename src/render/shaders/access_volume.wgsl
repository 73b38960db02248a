// What a slice shows at a pixel of its pane, from the 3D textures.

// The scan's texel at one place.
fn texel_at(voxel: vec3<f32>) -> f32 {
    if INTERPOLATION == 0u || HAS_NAN {
        let texel = textureLoad(scan_texture, nearest(voxel), 0).r;
        if INTERPOLATION == 0u || is_nan_texel(slice.scan, texel) {
            return texel;
        }
    }
    // Slices that are not there yet have no part in it.
    if INTERPOLATION == 2u {
        return cubic_texel(scan_texture, slice.scan, voxel);
    }
    let ready = vec3<f32>(voxel.xy, min(voxel.z, slice.scan.ready_slices - 1.0));
    return linear_texel(slice.scan, ready);
}

// The scan's texel: interpolated, and gathered along the thickness.
fn scan_texel(pixel: vec2<f32>, voxel: vec3<f32>) -> f32 {
    if !THICK {
        return texel_at(voxel);
    }
    var gathered = gather_nothing(slice.scan);
    for (var n = 0.0; n < slice.slab_samples; n += 1.0) {
        let at = voxel + slice.slab_step * (n - 0.5 * (slice.slab_samples - 1.0));
        if in_volume(slice.scan, at) && floor(at.z + 0.5) < slice.scan.ready_slices {
            gathered = gather(gathered, slice.scan, texel_at(at));
        }
    }
    if gathered.count == 0.0 {
        return texel_at(voxel);
    }
    return gathered_texel(gathered);
}

// The label, whether it is drawn or not; only background lies outside of the scan.
fn label_value(pixel: vec2<f32>) -> u32 {
    let voxel = voxel_at(pixel);
    if !in_volume(slice.scan, voxel) {
        return 0u;
    }
    return textureLoad(label_texture, nearest(voxel), 0).r;
}
