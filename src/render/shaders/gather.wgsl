// Tricubic interpolation, and what a thick slice makes of the texels along its thickness: for scans and second
// images.

// Catmull-Rom weights of the four texels around a place, `part` of the way from the second to the third.
fn cubic_weights(part: f32) -> vec4<f32> {
    let two = part * part;
    let three = two * part;
    return vec4<f32>(
        -0.5 * part + two - 0.5 * three,
        1.0 - 2.5 * two + 1.5 * three,
        0.5 * part + 2.0 * two - 1.5 * three,
        -0.5 * two + 0.5 * three,
    );
}

// Beyond the borders as at them. Weights below zero would make the stand-in for NaN shine: next to NaN it is
// trilinear.
fn cubic_texel(image: texture_3d<f32>, scan: Scan, voxel: vec3<f32>) -> f32 {
    let last = vec3<i32>(vec3<f32>(scan.dims.xy, scan.ready_slices)) - 1;
    let base = floor(voxel);
    let part = voxel - base;
    let wx = cubic_weights(part.x);
    let wy = cubic_weights(part.y);
    let wz = cubic_weights(part.z);
    let corner = vec3<i32>(base) - 1;
    var sum = 0.0;
    var any_nan = false;
    for (var z = 0; z < 4; z++) {
        for (var y = 0; y < 4; y++) {
            var row = vec4<f32>(0.0);
            for (var x = 0; x < 4; x++) {
                let at = clamp(corner + vec3<i32>(x, y, z), vec3<i32>(0), last);
                row[x] = textureLoad(image, at, 0).r;
                any_nan = any_nan || is_nan_texel(scan, row[x]);
            }
            sum += dot(row, wx) * wy[y] * wz[z];
        }
    }
    if any_nan {
        return loaded_linear(image, scan, voxel);
    }
    return sum;
}

// Trilinear interpolation by hand.
fn loaded_linear(image: texture_3d<f32>, scan: Scan, voxel: vec3<f32>) -> f32 {
    let last = vec3<i32>(vec3<f32>(scan.dims.xy, scan.ready_slices)) - 1;
    let base = floor(voxel);
    let part = voxel - base;
    let low = clamp(vec3<i32>(base), vec3<i32>(0), last);
    let high = clamp(vec3<i32>(base) + 1, vec3<i32>(0), last);
    let x00 = mix(loaded(image, low.x, low.y, low.z), loaded(image, high.x, low.y, low.z), part.x);
    let x10 = mix(loaded(image, low.x, high.y, low.z), loaded(image, high.x, high.y, low.z), part.x);
    let x01 = mix(loaded(image, low.x, low.y, high.z), loaded(image, high.x, low.y, high.z), part.x);
    let x11 = mix(loaded(image, low.x, high.y, high.z), loaded(image, high.x, high.y, high.z), part.x);
    return mix(mix(x00, x10, part.y), mix(x01, x11, part.y), part.z);
}

fn loaded(image: texture_3d<f32>, x: i32, y: i32, z: i32) -> f32 {
    return textureLoad(image, vec3<i32>(x, y, z), 0).r;
}

// Texels along the thickness; what is not a number has no part in it.
struct Gathered {
    sum: f32,
    brightest: f32,
    darkest: f32,
    count: f32,
}

// Nothing yet: the ends are beyond all texels.
fn gather_nothing(scan: Scan) -> Gathered {
    let beyond = 3e38 * sign(scan.grey_per_texel);
    return Gathered(0.0, -beyond, beyond, 0.0);
}

fn gather(before: Gathered, scan: Scan, texel: f32) -> Gathered {
    if is_nan_texel(scan, texel) {
        return before;
    }
    // Where the scale falls, large texels are dark.
    let falls = scan.grey_per_texel < 0.0;
    return Gathered(
        before.sum + texel,
        select(max(before.brightest, texel), min(before.brightest, texel), falls),
        select(min(before.darkest, texel), max(before.darkest, texel), falls),
        before.count + 1.0,
    );
}

// What is shown of them; there must be one.
fn gathered_texel(gathered: Gathered) -> f32 {
    if slice.projection == 1u {
        return gathered.brightest;
    }
    if slice.projection == 2u {
        return gathered.darkest;
    }
    return gathered.sum / gathered.count;
}
