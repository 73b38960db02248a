// Orthographic ray casting, front to back: the scan as a translucent body whose density grows with its
// grey level, label maps as opaque, shaded surfaces in it. `render::twin` says the same in Rust.

struct RaycastUniforms {
    // Voxel of (pane pixel x, y, depth in mm, 1); depth grows away from the viewer.
    voxel_from_pane: mat4x4<f32>,
    // World direction of a gradient taken along voxel axes (upper left 3 × 3).
    world_from_gradient: mat4x4<f32>,
    scan: Scan,
    // Only background lies outside of these voxels (first, last).
    label_first: vec3<f32>,
    // Optical depth of one step through white.
    extinction: f32,
    label_last: vec3<f32>,
    // Millimetres between samples.
    step: f32,
    // World direction towards the light.
    light: vec3<f32>,
    // Depth of the first sample in mm.
    first_depth: f32,
    // Pixels of the pane.
    pane: vec2<f32>,
    steps: u32,
    // Looks at the labels for each step.
    label_looks: u32,
}

@group(0) @binding(0) var<uniform> ray: RaycastUniforms;

const AMBIENT: f32 = 0.35;
const OPAQUE_ENOUGH: f32 = 0.03;
// Samples that add less than this are not shaded: nobody would see it.
const WORTH_SHADING: f32 = 0.02;
const BISECTIONS: i32 = 5;

fn label_at(voxel: vec3<f32>) -> u32 {
    if any(voxel < ray.label_first - 0.5) || any(voxel >= ray.label_last + 0.5) {
        return 0u;
    }
    return textureLoad(label_texture, nearest(voxel), 0).r;
}

fn lit(inwards: vec3<f32>) -> f32 {
    let along = ray.world_from_gradient * vec4<f32>(inwards, 0.0);
    let size = length(along.xyz);
    if size == 0.0 {
        return 1.0;
    }
    return AMBIENT + (1.0 - AMBIENT) * max(-dot(along.xyz, ray.light) / size, 0.0);
}

// Gradient of the label's extent, smoothed over 4 × 4 × 4 voxels.
fn label_gradient(voxel: vec3<f32>, label: u32) -> vec3<f32> {
    let base = vec3<i32>(floor(voxel));
    let first = vec3<i32>(ray.label_first);
    let last = vec3<i32>(ray.label_last);
    var sum = vec3<f32>(0.0);
    for (var n = 0; n < 64; n++) {
        let at = base + vec3<i32>(n & 3, (n >> 2u) & 3, n >> 4u) - 1;
        if all(at >= first) && all(at <= last) && textureLoad(label_texture, at, 0).r == label {
            let away = vec3<f32>(at) - voxel;
            sum += away * exp(-0.8 * dot(away, away));
        }
    }
    return sum;
}

// The label's colour where the ray enters it, in the light.
fn surface(outside: vec3<f32>, inside: vec3<f32>, label: u32) -> vec3<f32> {
    var far = inside;
    var near = outside;
    for (var n = 0; n < BISECTIONS; n++) {
        let middle = (near + far) * 0.5;
        if label_at(middle) == label {
            far = middle;
        } else {
            near = middle;
        }
    }
    return colour_of(label).rgb * lit(label_gradient(far, label));
}

fn texel_at(voxel: vec3<f32>) -> f32 {
    return linear_texel(ray.scan, clamp(voxel, vec3<f32>(0.0), ray.scan.dims - 1.0));
}

// How much of its own brightness the scan keeps: all of it in flat regions, less at edges that face away
// from the light.
fn edge_light(voxel: vec3<f32>) -> f32 {
    let x = vec3<f32>(1.0, 0.0, 0.0);
    let y = vec3<f32>(0.0, 1.0, 0.0);
    let z = vec3<f32>(0.0, 0.0, 1.0);
    let texels = vec3<f32>(
        texel_at(voxel + x) - texel_at(voxel - x),
        texel_at(voxel + y) - texel_at(voxel - y),
        texel_at(voxel + z) - texel_at(voxel - z),
    );
    let gradient = texels * ray.scan.grey_per_texel * 0.5;
    return mix(1.0, lit(gradient), clamp(length(gradient) * 6.0, 0.0, 1.0));
}

// Where in its first step a pixel's ray starts: differs from pixel to pixel, so that no rings appear.
fn start(pixel: vec2<u32>) -> f32 {
    var h = pixel.x * 374761393u + pixel.y * 668265263u;
    h = (h ^ (h >> 13u)) * 1274126177u;
    h = h ^ (h >> 16u);
    return f32(h & 0xffffu) / 65536.0;
}

// Depths at which a ray enters and leaves the voxels from first to last; the other way round if it misses.
fn crossing(origin: vec3<f32>, divisor: vec3<f32>, first: vec3<f32>, last: vec3<f32>) -> vec2<f32> {
    if any(last < first) {
        return vec2<f32>(1.0, 0.0);
    }
    let a = (first - 0.5 - origin) / divisor;
    let b = (last + 0.5 - origin) / divisor;
    let low = min(a, b);
    let high = max(a, b);
    return vec2<f32>(max(max(low.x, low.y), low.z), min(min(high.x, high.y), high.z));
}

@fragment
fn raycast_fragment(in: PaneVertex) -> @location(0) vec4<f32> {
    let origin = (ray.voxel_from_pane * vec4<f32>(in.at * ray.pane, 0.0, 1.0)).xyz;
    let direction = ray.voxel_from_pane[2].xyz;
    let flat = abs(direction) < vec3<f32>(1e-9);
    let divisor = select(direction, vec3<f32>(1e-9), flat);
    let labelled = crossing(origin, divisor, ray.label_first, ray.label_last);
    var seen = crossing(origin, divisor, vec3<f32>(0.0), ray.scan.dims - 1.0);
    if ray.extinction <= 0.0 {
        seen = labelled;
    }

    var colour = vec3<f32>(0.0);
    var clear = 1.0;
    var before = 0u;
    var hit = 0u;
    var hit_voxel = vec3<f32>(0.0);
    // Faint labels have every other pixel only.
    let place = vec2<u32>(in.position.xy);
    let whole = ((place.x + place.y) & 1u) == 0u;
    let first = ray.first_depth + start(vec2<u32>(in.position.xy)) * ray.step;
    let looks = f32(ray.label_looks);
    let look = direction * (ray.step / looks);
    let skipped = max(ceil((seen.x - first) / ray.step), 0.0);
    for (var n = skipped; n < f32(ray.steps); n += 1.0) {
        let depth = first + n * ray.step;
        if depth >= seen.y {
            break;
        }
        let voxel = origin + direction * depth;
        // One step more than the labels' box: its far side may lie between two samples.
        if depth >= labelled.x && depth < labelled.y + ray.step {
            for (var s = looks - 1.0; s >= 0.0; s -= 1.0) {
                hit_voxel = voxel - look * s;
                let label = label_at(hit_voxel);
                if label != before {
                    before = label;
                    let seen_here = whole || !is_faint(label);
                    if label != 0u && colour_of(label).a != 0.0 && seen_here {
                        hit = label;
                        break;
                    }
                }
            }
            if hit != 0u {
                break;
            }
        }
        if ray.extinction > 0.0 {
            let grey = grey_of(ray.scan, linear_texel(ray.scan, voxel));
            if grey > 0.0 {
                let opacity = 1.0 - exp(-grey * grey * ray.extinction);
                var bright = 0.25 + 0.75 * grey;
                if clear * opacity > WORTH_SHADING {
                    bright *= edge_light(voxel);
                }
                colour += clear * opacity * bright;
                clear *= 1.0 - opacity;
                if clear < OPAQUE_ENOUGH {
                    break;
                }
            }
        }
    }
    // After the loop, so that neighbouring rays do this work together.
    if hit != 0u {
        colour += clear * surface(hit_voxel - look, hit_voxel, hit);
    }
    return vec4<f32>(colour, 1.0);
}
