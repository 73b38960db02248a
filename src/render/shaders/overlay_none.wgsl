fn with_overlays(colour: vec3<f32>, voxel: vec3<f32>) -> vec3<f32> {
    return colour;
}
