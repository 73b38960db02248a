// Second images over the scan, each at its place in the world, in the order in which they are bound.

@group(2) @binding(0) var overlay_0: texture_3d<f32>;
@group(2) @binding(1) var overlay_1: texture_3d<f32>;
@group(2) @binding(2) var overlay_2: texture_3d<f32>;

// A second image is clear where it is black, and fades in over this part of its window: without an edge where
// its values leave the window.
const FADE_IN: f32 = 0.125;

// Of the first, second and third: 0 no image, 1 nearest, 2 trilinear, 3 tricubic.
override OVERLAY_0: u32 = 0u;
override OVERLAY_1: u32 = 0u;
override OVERLAY_2: u32 = 0u;

fn with_overlays(under: vec3<f32>, voxel: vec3<f32>) -> vec3<f32> {
    var colour = under;
    if OVERLAY_0 != 0u {
        colour = with_overlay(colour, overlay_0, slice.overlays[0], OVERLAY_0, voxel);
    }
    if OVERLAY_1 != 0u {
        colour = with_overlay(colour, overlay_1, slice.overlays[1], OVERLAY_1, voxel);
    }
    if OVERLAY_2 != 0u {
        colour = with_overlay(colour, overlay_2, slice.overlays[2], OVERLAY_2, voxel);
    }
    return colour;
}

fn with_overlay(
    under: vec3<f32>,
    image: texture_3d<f32>,
    overlay: Overlay,
    kind: u32,
    voxel: vec3<f32>,
) -> vec3<f32> {
    var samples = 1.0;
    if THICK {
        samples = slice.slab_samples;
    }
    var gathered = gather_nothing(overlay.scan);
    for (var n = 0.0; n < samples; n += 1.0) {
        var at = voxel;
        if THICK {
            at += slice.slab_step * (n - 0.5 * (samples - 1.0));
        }
        let there = (overlay.voxel_from_scan * vec4<f32>(at, 1.0)).xyz;
        if in_volume(overlay.scan, there) && floor(there.z + 0.5) < overlay.scan.ready_slices {
            gathered = gather(gathered, overlay.scan, overlay_texel(image, overlay, kind, there));
        }
    }
    if gathered.count == 0.0 {
        return under;
    }
    let grey = grey_of(overlay.scan, gathered_texel(gathered));
    let opacity = overlay.opacity * min(grey / FADE_IN, 1.0);
    return mix(under, mapped(overlay.colour_map, grey), opacity);
}

fn overlay_texel(
    image: texture_3d<f32>,
    overlay: Overlay,
    kind: u32,
    voxel: vec3<f32>,
) -> f32 {
    let texel = textureLoad(image, nearest(voxel), 0).r;
    if kind == 1u || is_nan_texel(overlay.scan, texel) {
        return texel;
    }
    if kind == 3u {
        return cubic_texel(image, overlay.scan, voxel);
    }
    return loaded_linear(image, overlay.scan, voxel);
}
