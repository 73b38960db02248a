// Ray casting, front to back, orthographic or with perspective: the scan as a translucent body, its brightest
// value or a surface in it, and label maps as smooth, shaded surfaces in the same depth.
// `render::cpu_reference` says the same in Rust.
//
// Branches cost what they hold even where no pixel takes them (software adapters run both sides), so the
// inner loop only looks, and what is expensive waits until a ray has met something.

struct RaycastUniforms {
    // Voxel of (pane pixel x, y, depth in mm, 1) without perspective; depth grows away from the viewer.
    voxel_from_pane: mat4x4<f32>,
    // World direction of a gradient taken along voxel axes (upper left 3 × 3).
    world_from_gradient: mat4x4<f32>,
    scan: Scan,
    // Voxel of the middle of the volume.
    middle: vec3<f32>,
    // How much wider rays are apart for each mm of depth; 0 is orthographic.
    widening: f32,
    // Only background lies outside of these voxels (first, last).
    label_first: vec3<f32>,
    // Depth between samples in mm.
    step: f32,
    label_last: vec3<f32>,
    // Depth of the first sample in mm.
    first_depth: f32,
    // World direction towards the light.
    light: vec3<f32>,
    // Share of highlights.
    shine: f32,
    // World direction half-way between light and viewer.
    half_way: vec3<f32>,
    // The surface's value, as a grey level (below 0 and above 1 too).
    iso: f32,
    // Cut away where dot(xyz, voxel) + w > 0.
    clip_plane: vec4<f32>,
    // Cut away outside of these voxel coordinates.
    clip_low: vec3<f32>,
    iso_opacity: f32,
    clip_high: vec3<f32>,
    // Grey levels from voxel to voxel times this is how much an edge is shaded.
    edge: f32,
    // Pixels of the pane.
    pane: vec2<f32>,
    // Looks at the labels for each step.
    label_looks: u32,
    // 0 looks into every block.
    skip: u32,
    // Masks lie this much nearer in depth (mm) than they do, so that one that follows an edge of the scan is
    // not half covered by it.
    label_lead: f32,
}

// Rows 0 to 15: colour and optical depth for each mm of 4096 grey levels. Rows 16 to 31: how many of the
// levels up to and with this one are not clear.
@group(1) @binding(1) var transfer: texture_2d<f32>;
// Smallest and largest texel of every block and the voxels around it.
@group(1) @binding(2) var scan_blocks: texture_3d<f32>;
// Not 0 where a label is in a block or near it.
@group(1) @binding(3) var label_blocks: texture_3d<u32>;

override MODE: u32 = 0u;
override MASKS: bool = true;
const VOLUME = 0u;
const MIP = 1u;
const ISO = 2u;
const SURFACE = 3u;

const LEVELS: f32 = 4095.0;
const BLOCK: f32 = 8.0;
const AMBIENT: f32 = 0.35;
const OPAQUE_ENOUGH: f32 = 0.03;
// Samples that add less than this are not shaded: nobody would see it.
const WORTH_SHADING: f32 = 0.02;
const BISECTIONS: i32 = 5;
// Steps through the transfer function for a step from black to white, and the most of them.
const FINE: f32 = 24.0;
const FINEST: f32 = 4.0;
// Of the mask's field: the share of the wide kernel. Below 0.71 a single voxel is still something.
const SMOOTH: f32 = 0.7;
const FAINT_OPACITY: f32 = 0.45;
const MIP_OVER_MASK: f32 = 0.6;
const ISO_COLOUR = vec3<f32>(0.93, 0.86, 0.76);

struct Line {
    origin: vec3<f32>,
    direction: vec3<f32>,
}

fn at_depth(line: Line, depth: f32) -> vec3<f32> {
    return line.origin + line.direction * depth;
}

fn dims() -> vec3<f32> {
    return ray.scan.dims;
}

// ---- Light

// How bright a surface is (x) and its highlight (y); the side that the ray sees is lit.
fn lit(inwards: vec3<f32>, direction: vec3<f32>) -> vec2<f32> {
    let along = (ray.world_from_gradient * vec4<f32>(inwards, 0.0)).xyz;
    let size = length(along);
    if size == 0.0 {
        return vec2<f32>(1.0, 0.0);
    }
    let outwards = along * (select(1.0, -1.0, dot(inwards, direction) > 0.0) / size);
    let highlight = pow(max(dot(outwards, ray.half_way), 0.0), 40.0);
    return vec2<f32>(AMBIENT + (1.0 - AMBIENT) * max(dot(outwards, ray.light), 0.0), highlight);
}

// ---- Labels

fn raw_label(at: vec3<i32>) -> u32 {
    let last = vec3<i32>(ray.label_last);
    let inside = all(at >= vec3<i32>(ray.label_first)) && all(at <= last);
    return select(0u, textureLoad(label_texture, clamp(at, vec3<i32>(0), last), 0).r, inside);
}

fn corner(n: u32) -> vec3<i32> {
    return vec3<i32>(vec3<u32>(n & 1u, (n >> 1u) & 1u, n >> 2u));
}

// Weights of four voxels in a row: between two (trilinear), and of the wide kernel (cubic B-spline).
fn sharp_weights(f: f32) -> vec4<f32> {
    return vec4<f32>(0.0, 1.0 - f, f, 0.0);
}

fn wide_weights(f: f32) -> vec4<f32> {
    let g = 1.0 - f;
    return vec4<f32>(
        g * g * g,
        4.0 + f * f * (3.0 * f - 6.0),
        4.0 + g * g * (3.0 * g - 6.0),
        f * f * f,
    ) / 6.0;
}

// The label that has the largest part of the surroundings, if it is to be drawn, else 0. Of the two that
// are nearest; so surfaces are smooth, and masks that touch leave nothing between them.
fn label_here(voxel: vec3<f32>) -> u32 {
    let block = clamp(vec3<i32>((voxel + 0.5) / BLOCK), vec3<i32>(0), block_last());
    if textureLoad(label_blocks, block, 0).r == 0u {
        return 0u;
    }
    let base = vec3<i32>(floor(voxel));
    let part = voxel - floor(voxel);
    let near = vec3<u32>(part + 0.5);
    let first = raw_label(base + vec3<i32>(near));
    var second = first;
    var best = -1.0;
    for (var n = 0u; n < 8u; n++) {
        let side = corner(n);
        let label = raw_label(base + side);
        let w = mix(1.0 - part, part, vec3<f32>(side));
        let weight = w.x * w.y * w.z;
        if label != first && weight > best {
            second = label;
            best = weight;
        }
    }
    let sx = sharp_weights(part.x);
    let sy = sharp_weights(part.y);
    let sz = sharp_weights(part.z);
    let wx = wide_weights(part.x);
    let wy = wide_weights(part.y);
    let wz = wide_weights(part.z);
    var ahead = 0.0;
    let taps = select(0u, 64u, first != second);
    for (var n = 0u; n < taps; n++) {
        let i = vec3<u32>(n & 3u, (n >> 2u) & 3u, n >> 4u);
        let label = raw_label(base + vec3<i32>(i) - 1);
        let weight = mix(sx[i.x] * sy[i.y] * sz[i.z], wx[i.x] * wy[i.y] * wz[i.z], SMOOTH);
        ahead += weight * (select(0.0, 1.0, label == first) - select(0.0, 1.0, label == second));
    }
    let winner = select(second, first, ahead >= 0.0);
    return select(winner, 0u, winner == 0u || mask_opacity(winner) <= 0.0);
}

// Gradient of the label's extent, smoothed over 8 × 8 × 8 voxels: what is drawn by hand or by a model in coarse
// steps looks like a body and not like stairs.
fn label_gradient(voxel: vec3<f32>, label: u32) -> vec3<f32> {
    let base = vec3<i32>(floor(voxel));
    var sum = vec3<f32>(0.0);
    for (var n = 0u; n < 512u; n++) {
        let at = base + vec3<i32>(vec3<u32>(n & 7u, (n >> 3u) & 7u, n >> 6u)) - 3;
        let away = vec3<f32>(at) - voxel;
        let weight = exp(-0.25 * dot(away, away));
        sum += select(0.0, weight, raw_label(at) == label) * away;
    }
    return sum;
}

fn mask_opacity(label: u32) -> f32 {
    let alpha = colour_of(label).a * 255.0;
    // 1 to 127 is faint, 128 to 255 a mask.
    return select((alpha - 128.0) / 127.0, FAINT_OPACITY * (alpha - 1.0) / 126.0, alpha < 127.5);
}

fn mask_colour(label: u32, inwards: vec3<f32>, direction: vec3<f32>) -> vec3<f32> {
    let light = lit(inwards, direction);
    return colour_of(label).rgb * light.x + 0.22 * light.y;
}

// The colour of a mask whose surface lies between two depths, of which the second is in it.
fn surface(line: Line, outside: f32, within: f32, label: u32) -> vec3<f32> {
    var near = outside;
    var far = within;
    for (var n = 0; n < BISECTIONS; n++) {
        let middle = (near + far) * 0.5;
        if label_here(at_depth(line, middle)) == label {
            far = middle;
        } else {
            near = middle;
        }
    }
    return mask_colour(label, label_gradient(at_depth(line, far), label), line.direction);
}

// ---- The scan

fn texel_at(voxel: vec3<f32>) -> f32 {
    return linear_texel(ray.scan, clamp(voxel, vec3<f32>(0.0), dims() - 1.0));
}

// The grey level, below 0 and above 1 too.
fn level_at(voxel: vec3<f32>) -> f32 {
    return (texel_at(voxel) - ray.scan.black_texel) * ray.scan.grey_per_texel;
}

// As the mode needs it.
fn sample_at(voxel: vec3<f32>) -> f32 {
    let level = level_at(voxel);
    if MODE == ISO {
        return level;
    }
    return clamp(level, 0.0, 1.0);
}

// Grey levels from voxel to voxel.
fn gradient(voxel: vec3<f32>) -> vec3<f32> {
    let x = vec3<f32>(1.0, 0.0, 0.0);
    let y = vec3<f32>(0.0, 1.0, 0.0);
    let z = vec3<f32>(0.0, 0.0, 1.0);
    return vec3<f32>(
        texel_at(voxel + x) - texel_at(voxel - x),
        texel_at(voxel + y) - texel_at(voxel - y),
        texel_at(voxel + z) - texel_at(voxel - z),
    ) * (ray.scan.grey_per_texel * 0.5);
}

fn transfer_of(level: f32) -> vec4<f32> {
    let index = u32(clamp(level, 0.0, 1.0) * LEVELS + 0.5);
    return textureLoad(transfer, vec2<u32>(index & 255u, index >> 8u), 0);
}

fn not_clear_up_to(index: i32) -> f32 {
    if index < 0 {
        return 0.0;
    }
    let at = u32(min(index, i32(LEVELS)));
    return textureLoad(transfer, vec2<u32>(at & 255u, 16u + (at >> 8u)), 0).r;
}

struct Segment {
    // Times opacity.
    colour: vec3<f32>,
    opacity: f32,
    // Where in it most of the light comes from, 0 to 1.
    place: f32,
}

// What a piece of a ray adds whose grey level goes straight from `from` to `to`.
fn segment(a: f32, b: f32, mm: f32) -> Segment {
    let parts = clamp(ceil(abs(b - a) * FINE), 1.0, FINEST);
    var sum = vec3<f32>(0.0);
    var clear = 1.0;
    var place = 0.0;
    for (var n = 0.5; n < parts; n += 1.0) {
        let at = n / parts;
        let here = transfer_of(mix(a, b, at));
        let adds = clear * (1.0 - exp(-here.a * mm / parts));
        sum += adds * here.rgb;
        place += adds * at;
        clear -= adds;
    }
    let opacity = 1.0 - clear;
    return Segment(sum, opacity, select(0.5, place / opacity, opacity > 1e-6));
}

// A piece in the light: flat regions keep their brightness, edges are shaded.
fn shaded(piece: Segment, voxel: vec3<f32>, direction: vec3<f32>) -> vec3<f32> {
    let slope = gradient(voxel);
    let light = lit(slope, direction);
    let edge = clamp(length(slope) * ray.edge, 0.0, 1.0);
    return piece.colour * mix(1.0, light.x, edge) + piece.opacity * ray.shine * light.y * edge;
}

// ---- Empty space

fn block_last() -> vec3<i32> {
    return (vec3<i32>(dims()) - 1) / i32(BLOCK);
}

// Whether the scan shows nothing in a block.
fn scan_empty(block: vec3<i32>, brightest: f32) -> bool {
    let texels = textureLoad(scan_blocks, block, 0).rg;
    let ends = (texels - ray.scan.black_texel) * ray.scan.grey_per_texel;
    let low = min(ends.x, ends.y);
    let high = max(ends.x, ends.y);
    if MODE == MIP {
        return clamp(high, 0.0, 1.0) <= brightest;
    }
    if MODE == ISO {
        let room = 1e-5 * (abs(low) + abs(high) + 1.0);
        return high + room < ray.iso || low - room >= ray.iso;
    }
    // A level more at both ends: the sampler rounds.
    let darkest = i32(clamp(low, 0.0, 1.0) * LEVELS) - 2;
    let lightest = i32(clamp(high, 0.0, 1.0) * LEVELS) + 2;
    return not_clear_up_to(lightest) == not_clear_up_to(darkest);
}

// Where in its first step a pixel's ray starts: differs from pixel to pixel, so that no rings appear.
fn start(pixel: vec2<u32>) -> f32 {
    var h = pixel.x * 374761393u + pixel.y * 668265263u;
    h = (h ^ (h >> 13u)) * 1274126177u;
    h = h ^ (h >> 16u);
    return f32(h & 0xffffu) / 65536.0;
}

// Depths at which a line enters and leaves a box of voxel coordinates; the other way round if it misses.
fn crossing(origin: vec3<f32>, divisor: vec3<f32>, low: vec3<f32>, high: vec3<f32>) -> vec2<f32> {
    let a = (low - origin) / divisor;
    let b = (high - origin) / divisor;
    let near = min(a, b);
    let far = max(a, b);
    return vec2<f32>(max(max(near.x, near.y), near.z), min(min(far.x, far.y), far.z));
}

struct Reach {
    enter: f32,
    leave: f32,
    // Into what is left, where the ray enters through a cut; else 0.
    cut: vec3<f32>,
}

fn reach(line: Line, divisor: vec3<f32>) -> Reach {
    var low = vec3<f32>(-0.5);
    var high = dims() - 0.5;
    if MODE == SURFACE {
        low = ray.label_first - 0.5;
        high = ray.label_last + 0.5;
    }
    let all_of_it = crossing(line.origin, divisor, low, high);
    var out = Reach(all_of_it.x, all_of_it.y, vec3<f32>(0.0));
    if any(low >= high) {
        out.leave = out.enter - 1.0;
    }
    let kept = crossing(line.origin, divisor, ray.clip_low, ray.clip_high);
    if kept.x > out.enter {
        out.enter = kept.x;
        // Of the faces, the one that is entered last.
        let near = min((ray.clip_low - line.origin) / divisor, (ray.clip_high - line.origin) / divisor);
        out.cut = select(vec3<f32>(0.0), sign(divisor), near == vec3<f32>(kept.x));
    }
    out.leave = min(out.leave, kept.y);
    let beyond = dot(ray.clip_plane.xyz, line.origin) + ray.clip_plane.w;
    let rate = dot(ray.clip_plane.xyz, line.direction);
    let meets = -beyond / select(rate, 1e-12, abs(rate) < 1e-12);
    if abs(rate) < 1e-12 {
        out.leave = select(out.leave, out.enter - 1.0, beyond > 0.0);
    } else if rate > 0.0 {
        out.leave = min(out.leave, meets);
    } else if meets > out.enter {
        out.enter = meets;
        out.cut = -ray.clip_plane.xyz;
    }
    return out;
}

struct RayVertex {
    @builtin(position) position: vec4<f32>,
    // 0 to 1 from the pane's top left corner.
    @location(0) at: vec2<f32>,
    // 0, which no compiler can know.
    @location(1) @interpolate(flat) nought: u32,
}

// A triangle that covers the viewport.
@vertex
fn raycast_vertex(@builtin(vertex_index) index: u32) -> RayVertex {
    let place = pane_place(vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u)));
    return RayVertex(place.position, place.at, index >> 16u);
}

@fragment
fn raycast_fragment(in: RayVertex) -> @location(0) vec4<f32> {
    // `ray` are the uniforms.
    take_uniforms(in.nought);
    let origin = (ray.voxel_from_pane * vec4<f32>(in.at * ray.pane, 0.0, 1.0)).xyz;
    let slant = (origin - ray.middle) * ray.widening;
    let line = Line(origin, ray.voxel_from_pane[2].xyz + slant);
    let divisor = select(line.direction, vec3<f32>(1e-9), abs(line.direction) < vec3<f32>(1e-9));
    let seen = reach(line, divisor);
    let first = ray.first_depth + start(vec2<u32>(in.position.xy)) * ray.step;
    let looks = f32(ray.label_looks);
    let lead = select(0.0, ray.label_lead, MASKS);
    let labels_at = crossing(origin, divisor, ray.label_first - 0.5, ray.label_last + 0.5);

    var colour = vec3<f32>(0.0);
    var clear = 1.0;
    // The label that the ray is in.
    var inside = 0u;
    var brightest = 0.0;
    var in_front = 0.0;
    var any_mask = false;
    // Where the last, opaque mask begins, and how much of it is seen: it is shaded when all rays are done, so
    // that neighbouring rays do this work together.
    var last_surface = vec2<f32>(0.0);
    var last_opacity = 0.0;

    // The piece of the ray at hand: depths a to b, levels at its ends; b is where sample n is.
    var a = seen.enter;
    var level_a = 0.0;
    var n = ceil((seen.enter - first) / ray.step) - 1.0;
    // The block at hand ends here.
    var exit = -3e38;
    var empty = false;
    var going = seen.enter < seen.leave;

    // What is cut open shows a filled face.
    if going && any(seen.cut != vec3<f32>(0.0)) {
        let voxel = at_depth(line, a);
        if MASKS {
            inside = label_here(voxel);
            if inside != 0u {
                let opacity = mask_opacity(inside);
                colour = opacity * mask_colour(inside, seen.cut, line.direction);
                clear = 1.0 - opacity;
                any_mask = true;
            }
        }
        if MODE == ISO {
            let level = level_at(voxel);
            if level >= ray.iso {
                let light = lit(seen.cut, line.direction).x;
                colour += clear * ray.iso_opacity * light * vec3<f32>(clamp(level, 0.0, 1.0));
                clear *= 1.0 - ray.iso_opacity;
            }
        }
        going = clear >= OPAQUE_ENOUGH;
    }

    loop {
        var met = false;
        var b = a;
        var level_b = level_a;
        loop {
            if !going || a >= seen.leave {
                break;
            }
            if a >= exit {
                let at = at_depth(line, a) + 0.5;
                let block = clamp(vec3<i32>(floor(at / BLOCK)), vec3<i32>(0), block_last());
                let low = vec3<f32>(block) * BLOCK - 0.5;
                exit = crossing(origin, divisor, low, low + BLOCK).y;
                empty = ray.skip != 0u;
                if MODE != SURFACE {
                    empty = empty && scan_empty(block, brightest);
                }
                if MASKS {
                    empty = empty && textureLoad(label_blocks, block, 0).r == 0u;
                }
            }
            if empty {
                // The last sample in the block.
                let last = floor((exit - lead - first) / ray.step);
                if last > n {
                    n = last;
                    a = min(first + n * ray.step, seen.leave);
                    if a >= seen.leave {
                        break;
                    }
                }
            }
            b = clamp(first + n * ray.step, a, seen.leave);
            let voxel = at_depth(line, b);
            if MODE != SURFACE {
                level_b = sample_at(voxel);
            }
            if MASKS {
                var near = inside != 0u;
                if a + lead <= labels_at.y && b + lead >= labels_at.x {
                    for (var s = 1.0; s <= looks; s += 1.0) {
                        let ahead = mix(a, b, s / looks) + lead;
                        let place = at_depth(line, ahead) + 0.5;
                        let block = clamp(vec3<i32>(place / BLOCK), vec3<i32>(0), block_last());
                        near = near || textureLoad(label_blocks, block, 0).r != 0u;
                    }
                }
                if near {
                    met = true;
                    break;
                }
            }
            // A piece of no length begins after a jump: only its level counts.
            if b > a {
                if MODE == VOLUME {
                    let piece = segment(level_a, level_b, b - a);
                    if clear * piece.opacity > WORTH_SHADING {
                        met = true;
                        break;
                    }
                    colour += clear * piece.colour;
                    clear *= 1.0 - piece.opacity;
                    going = clear >= OPAQUE_ENOUGH;
                }
                if MODE == ISO && (level_a < ray.iso) != (level_b < ray.iso) {
                    met = true;
                    break;
                }
            }
            if MODE == MIP {
                brightest = max(brightest, level_b);
                going = MASKS || brightest < 1.0;
            }
            a = b;
            level_a = level_b;
            n += 1.0;
        }
        if !met {
            break;
        }

        // The first look in the piece at another label, and the one before it.
        var h = b;
        var label = inside;
        var before = select(a + lead, a, a == seen.enter);
        var ahead = before;
        if MASKS {
            for (var s = 1.0; s <= looks && label == inside; s += 1.0) {
                h = mix(a, b, s / looks);
                ahead = h + lead;
                label = select(inside, label_here(at_depth(line, ahead)), ahead < seen.leave);
                before = select(before, ahead, label == inside);
            }
        }
        let level_h = select(level_b, mix(level_a, level_b, (h - a) / (b - a)), h < b);
        // The scan up to there.
        if MODE == VOLUME && h > a {
            let piece = segment(level_a, level_h, h - a);
            if clear * piece.opacity > WORTH_SHADING {
                let voxel = at_depth(line, mix(a, h, piece.place));
                colour += clear * shaded(piece, voxel, line.direction);
            } else {
                colour += clear * piece.colour;
            }
            clear *= 1.0 - piece.opacity;
        }
        if MODE == MIP {
            brightest = max(brightest, level_h);
        }
        if MODE == ISO && h > a && (level_a < ray.iso) != (level_h < ray.iso) {
            var near = a;
            var far = h;
            for (var i = 0; i < BISECTIONS; i++) {
                let middle = (near + far) * 0.5;
                if (level_at(at_depth(line, middle)) < ray.iso) == (level_a < ray.iso) {
                    near = middle;
                } else {
                    far = middle;
                }
            }
            let slope = gradient(at_depth(line, (near + far) * 0.5));
            let light = lit(slope, line.direction);
            colour += clear * ray.iso_opacity * (ISO_COLOUR * light.x + 0.18 * light.y);
            clear *= 1.0 - ray.iso_opacity;
        }
        // The mask's surface.
        if MASKS && label != inside {
            inside = label;
            if label != 0u && clear >= OPAQUE_ENOUGH {
                in_front = select(brightest, in_front, any_mask);
                any_mask = true;
                let opacity = mask_opacity(label);
                if clear * (1.0 - opacity) < OPAQUE_ENOUGH {
                    last_surface = vec2<f32>(before, ahead);
                    last_opacity = clear * opacity;
                    clear = 0.0;
                    break;
                }
                colour += clear * opacity * surface(line, before, ahead, label);
                clear *= 1.0 - opacity;
            }
            a = h;
            level_a = level_h;
        } else {
            a = b;
            level_a = level_b;
            n += 1.0;
        }
        going = clear >= OPAQUE_ENOUGH;
    }

    if MASKS && last_opacity > 0.0 {
        colour += last_opacity * surface(line, last_surface.x, last_surface.y, inside);
    }
    if MODE == MIP {
        colour += clear * transfer_of(brightest).rgb;
        // What is bright in front of a mask is drawn over it, what is dark lets it through.
        if any_mask {
            colour = mix(colour, transfer_of(in_front).rgb, MIP_OVER_MASK * in_front * in_front);
        }
    }
    return vec4<f32>(colour, 1.0);
}
