// One slice: the scan through its window and colour map, second images, labels. `access_*.wgsl` says where
// texels and labels come from, `overlay_*.wgsl` whether there are second images. `render::cpu_reference` says the same
// in Rust.

struct Overlay {
    // Voxel of the second image at a voxel of the scan.
    voxel_from_scan: mat4x4<f32>,
    scan: Scan,
    opacity: f32,
    // Row of the colour maps.
    colour_map: u32,
    pad_0: u32,
    pad_1: u32,
}

struct SliceUniforms {
    // Voxel of (pane pixel x, y, 0, 1).
    voxel_from_pane: mat4x4<f32>,
    scan: Scan,
    // Pixels of the pane.
    pane: vec2<f32>,
    // Opacity of labels inside and at their edge.
    fill: f32,
    outline: f32,
    // From one sample of a thick slice to the next, in voxels.
    slab_step: vec3<f32>,
    slab_samples: f32,
    // 0 mean, 1 the brightest, 2 the darkest.
    projection: u32,
    // Whole pixels.
    outline_width: f32,
    // Row of the colour maps.
    colour_map: u32,
    pad: u32,
    overlays: array<Overlay, 3>,
    // Left, top, right, bottom as parts of the pane: four without the scan, four around the labels, theirs
    // (`render::regions`).
    regions: array<vec4<f32>, 9>,
}

@group(0) @binding(0) var<uniform> slice: SliceUniforms;

// What a pipeline is made for: work that a slice does not need is not in it, since adapters that compute with
// the CPU do the work of all branches for all pixels.
// 0 nearest, 1 trilinear, 2 tricubic.
override INTERPOLATION: u32 = 1u;
// The slice has thickness.
override THICK: bool = false;
// The scan's colour map is not plain grey.
override COLOURED: bool = false;
// 0 draws no labels, 1 no outlines, 2 thin ones, 3 and 4 wider ones.
override LABELS: u32 = 2u;
// There may be texels that stand for what is not a number.
override HAS_NAN: bool = true;

// How much of its fill a faint label keeps.
const FAINT_FILL: f32 = 0.5;
// The sines of 22.5° and 67.5°.
const SINE_22: f32 = 0.38268343;
const SINE_67: f32 = 0.9238795;

// One region of the pane for each instance, two triangles.
@vertex
fn slice_vertex(
    @builtin(vertex_index) vertex: u32,
    @builtin(instance_index) region: u32,
) -> PaneVertex {
    // 0 1 2, 3 2 1 of: top left, top right, bottom left, bottom right.
    let corner = select(vertex, 6u - vertex, vertex > 2u);
    let bounds = slice.regions[region];
    let at = select(bounds.xy, bounds.zw, vec2<bool>((corner & 1u) != 0u, corner > 1u));
    return pane_place(at);
}

fn voxel_at(pixel: vec2<f32>) -> vec3<f32> {
    return (slice.voxel_from_pane * vec4<f32>(pixel, 0.0, 1.0)).xyz;
}

// Whether a label other than this one lies `x` right and `y` down of a pixel, or where a quarter turn or three
// bring that.
fn meets_other(pixel: vec2<f32>, x: f32, y: f32, label: u32) -> bool {
    return label_value(pixel + vec2<f32>(x, y)) != label
        || label_value(pixel - vec2<f32>(x, y)) != label
        || label_value(pixel + vec2<f32>(-y, x)) != label
        || label_value(pixel - vec2<f32>(-y, x)) != label;
}

// Whether a pixel of a label lies in its outline: no further from another label than the outline is wide.
// Looks in 4, 8 or 16 directions, and nearer by for gaps that these would jump over: whole pixels away, so that
// an outline is as wide everywhere, and the same from a pane's own pixels. A loop, because even an
// adapter that does the work of all branches leaves it once no pixel of a group needs more.
fn in_outline(pixel: vec2<f32>, label: u32) -> bool {
    if LABELS == 2u {
        return label != 0u && meets_other(pixel, slice.outline_width, 0.0, label);
    }
    // Right and down, times the width, and pixels to the right.
    var looks = array<vec3<f32>, 6>(
        vec3<f32>(1.0, 0.0, 0.0),
        vec3<f32>(sqrt(0.5), sqrt(0.5), 0.0),
        vec3<f32>(0.0, 0.0, 1.0),
        vec3<f32>(SINE_67, SINE_22, 0.0),
        vec3<f32>(SINE_22, SINE_67, 0.0),
        vec3<f32>(0.5, 0.0, 0.0),
    );
    var count = 1;
    if LABELS == 3u {
        count = 3;
    }
    if LABELS == 4u {
        count = 6;
    }
    var edge = false;
    for (var n = 0; n < count && label != 0u && !edge; n++) {
        let away = looks[n].xy * slice.outline_width + vec2<f32>(looks[n].z, 0.0);
        let at = floor(away + 0.5);
        edge = meets_other(pixel, at.x, at.y, label);
    }
    return edge;
}

@fragment
fn slice_fragment(in: PaneVertex) -> @location(0) vec4<f32> {
    // The pixel's centre, exactly: what rasterisers interpolate is a little beside it, and a voxel's border may
    // lie between.
    let pixel = floor(in.at * slice.pane) + 0.5;
    let voxel = voxel_at(pixel);
    if !in_volume(slice.scan, voxel) {
        return vec4<f32>(0.0, 0.0, 0.0, 1.0);
    }
    var colour = vec3<f32>(0.0);
    if floor(voxel.z + 0.5) < slice.scan.ready_slices {
        let texel = scan_texel(pixel, voxel);
        if !is_nan_texel(slice.scan, texel) {
            let grey = grey_of(slice.scan, texel);
            if COLOURED {
                colour = mapped(slice.colour_map, grey);
            } else {
                colour = vec3<f32>(grey);
            }
        }
    }
    colour = with_overlays(colour, voxel);
    if LABELS != 0u {
        colour = with_label(colour, pixel, label_value(pixel));
    }
    return vec4<f32>(colour, 1.0);
}

// Whether a label is only what a mask would be.
fn is_faint(style: vec4<f32>) -> bool {
    return style.a < 0.4999;
}

fn with_label(under: vec3<f32>, pixel: vec2<f32>, label: u32) -> vec3<f32> {
    let style = colour_of(label);
    var fill = slice.fill;
    var outline = slice.outline;
    if is_faint(style) {
        fill *= FAINT_FILL;
        let dash = floor(pixel.x) + floor(pixel.y);
        outline = select(fill, outline, dash - 8.0 * floor(dash / 8.0) < 4.0);
    }
    // An outline fainter than the fill would be a gap around it.
    outline = max(outline, fill);
    var opacity = fill;
    // A hidden label is a border of others, and has none.
    let drawn = label != 0u && style.a != 0.0;
    if LABELS > 1u {
        opacity = select(fill, outline, in_outline(pixel, select(0u, label, drawn)));
    }
    return mix(under, style.rgb, select(0.0, opacity, drawn));
}
