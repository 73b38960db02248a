//! What slices can show besides plain grey, drawn by the GPU (or lavapipe) against the CPU reference in Rust: colour
//! maps, tricubic, slabs, outlines, second images, turned planes, other time points.

use std::sync::Arc;

use crate::support::{
    awkward_grid, blocks, offscreen, plane_params, scene, show, styles, volume, wavy,
};
use voxpoint::geom::{Convention, DAffine3, DMat3, DVec2, DVec3, Grid, Oblique, Plane};
use voxpoint::render::cpu_reference::{slice_rgba, slice_with_overlays_rgba};
use voxpoint::render::{
    ColourMap, ImageOverlay, Interpolation, MaskStyle, Offscreen, Projection, Scene, Slab,
    SliceParams,
};
use voxpoint::ui::views::SliceTransform;
use voxpoint::volume::{LabelMap, Scale, Volume, Voxels, Window};

const DIMS: [usize; 3] = [19, 24, 11];
const SIZE: [u32; 2] = [150, 117];
const WINDOW: Window = Window { centre: 0.0, width: 1500.0 };
const INTERPOLATIONS: [Interpolation; 3] =
    [Interpolation::Nearest, Interpolation::Linear, Interpolation::Cubic];

fn shorts(dims: [usize; 3]) -> Voxels {
    Voxels::I16(wavy(dims).iter().map(|w| (w * 1000.0) as i16).collect())
}

/// The memory orders of 48: axes permuted and flipped, with their spacing.
fn order(n: usize, dims: [usize; 3]) -> Grid {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let axes = [DVec3::X, DVec3::Y * 1.5, DVec3::Z * 2.0];
    let world = orders[n / 8];
    let column = |a: usize| axes[world[a]] * if (n % 8) >> a & 1 == 1 { -1.0 } else { 1.0 };
    let m = DMat3::from_cols(column(0), column(1), column(2));
    // The first voxel lies where the world's lowest corner is (0, 0, 0).
    let start: DVec3 = (0..3)
        .filter(|a| (n % 8) >> a & 1 == 1)
        .map(|a| axes[world[a]] * (dims[world[a]] - 1) as f64)
        .sum();
    let own = std::array::from_fn(|a| dims[world[a]]);
    Grid::new(own, DAffine3::from_mat3_translation(m, start)).unwrap()
}

/// Mean and largest difference of the bytes, and the share of bytes that differ by more than two.
fn errors(drawn: &[u8], wanted: &[u8]) -> (f64, u8, f64) {
    assert_eq!(drawn.len(), wanted.len());
    let differences = || drawn.iter().zip(wanted).map(|(a, b)| a.abs_diff(*b));
    let count = drawn.len() as f64;
    let mean = differences().map(f64::from).sum::<f64>() / count;
    (mean, differences().max().unwrap(), differences().filter(|d| *d > 2).count() as f64 / count)
}

/// Panics if the mean error is over `mean` levels of 255 or the largest over `most`. Where a pixel lies on the
/// border of two voxels either is right, so a picture with such borders has `ties`: the share of its bytes that
/// may be anything.
fn assert_within(what: &str, drawn: &[u8], wanted: &[u8], (mean, most, ties): (f64, u8, f64)) {
    let (own_mean, own_most, off) = errors(drawn, wanted);
    assert!(own_mean <= mean, "{what}: mean error {own_mean}, largest {own_most}");
    assert!(own_most <= most || off <= ties, "{what}: {off} differ, by {own_most} at most");
    let colours: std::collections::HashSet<_> = wanted.chunks_exact(4).collect();
    assert!(colours.len() > 3, "{what}: next to nothing is shown, so nothing is compared");
}

#[test]
fn every_colour_map_is_drawn_as_its_table_says() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let volume = volume(grid.clone(), shorts(DIMS), Scale::NONE);
    let labels = LabelMap::empty(DIMS);
    let mut scene = scene(&gpu, &volume, &labels);
    let mut pictures = Vec::new();
    for map in ColourMap::ALL {
        let mut params = plane_params(&grid, Plane::Axial, WINDOW, SIZE);
        params.colour_map = map;
        let drawn = gpu.slice(&mut scene, &params).unwrap();
        let wanted = slice_rgba(&volume, &labels, &[], &params);
        // One grey level more or less, which is up to five levels of a colour.
        assert_within(&format!("{map:?}"), &drawn, &wanted, (0.3, 5, 0.0));
        assert!(!pictures.contains(&drawn), "{map:?} looks like another");
        pictures.push(drawn);
    }
}

fn interpolations(gpu: &Offscreen) {
    let mut shared = gpu.scene();
    for n in (0..48).step_by(5) {
        let grid = order(n, DIMS);
        let volume = volume(grid.clone(), shorts(grid.dims()), Scale::NONE);
        let labels = LabelMap::empty(grid.dims());
        show(&mut shared, &volume, &labels);
        let mut pictures = Vec::new();
        for (plane, interpolation) in
            Plane::ALL.into_iter().flat_map(|p| INTERPOLATIONS.map(|i| (p, i)))
        {
            let mut params = plane_params(&grid, plane, WINDOW, [83, 71]);
            params.interpolation = interpolation;
            let drawn = gpu.slice(&mut shared, &params).unwrap();
            let wanted = slice_rgba(&volume, &labels, &[], &params);
            let what = format!("{n} {plane:?} {interpolation:?}");
            let ties = if interpolation == Interpolation::Nearest { 0.002 } else { 0.0 };
            assert_within(&what, &drawn, &wanted, (0.3, 2, ties));
            assert!(!pictures.contains(&drawn), "{what}: as another");
            pictures.push(drawn);
        }
    }
}

#[test]
fn nearest_linear_and_cubic_equal_their_cpu_reference_over_axis_orders() {
    interpolations(&offscreen());
}

#[test]
fn nearest_linear_and_cubic_equal_their_cpu_reference_without_any_optional_feature() {
    interpolations(&Offscreen::with_features(wgpu::Features::empty()).unwrap());
}

/// Values with holes of NaN and infinite ones.
fn holes(dims: [usize; 3]) -> Voxels {
    let mut values: Vec<f32> = wavy(dims).iter().map(|w| (w * 1000.0) as f32).collect();
    for n in (0..values.len()).step_by(37) {
        values[n] = f32::NAN;
    }
    for n in (5..values.len()).step_by(301) {
        values[n] = if n % 2 == 0 { f32::INFINITY } else { f32::NEG_INFINITY };
    }
    Voxels::F32(values)
}

#[test]
fn slabs_equal_their_cpu_reference_and_leave_out_nan_and_what_is_outside() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let labels = blocks(DIMS);
    let mut shared = gpu.scene();
    for (n, (voxels, scale)) in [
        (shorts(DIMS), Scale::NONE),
        (shorts(DIMS), Scale { slope: -1.0, inter: 0.0 }),
        (holes(DIMS), Scale::NONE),
        (holes(DIMS), Scale { slope: -1.0, inter: 10.0 }),
    ]
    .into_iter()
    .enumerate()
    {
        let volume = volume(grid.clone(), voxels, scale);
        show(&mut shared, &volume, &labels);
        for projection in [Projection::Mean, Projection::Max, Projection::Min] {
            for interpolation in INTERPOLATIONS {
                let mut params = plane_params(&grid, Plane::Coronal, WINDOW, [83, 71]);
                params.interpolation = interpolation;
                let plain = slice_rgba(&volume, &labels, &[], &params);
                // Reaches out of the volume on both sides, and is not along an axis.
                let voxel_step = DVec3::new(0.31, 1.7, -0.2);
                params.slab = Some(Slab { projection, samples: 9, voxel_step });
                let drawn = gpu.slice(&mut shared, &params).unwrap();
                let wanted = slice_rgba(&volume, &labels, &[], &params);
                let what = format!("{n} {projection:?} {interpolation:?}");
                // Ties at the holes decide whether a sample counts.
                let ties =
                    if n < 2 && interpolation != Interpolation::Nearest { 0.001 } else { 0.006 };
                assert_within(&what, &drawn, &wanted, (0.5, 3, ties));
                assert_ne!(plain, wanted, "{what}: as a plane");
            }
        }
    }
}

/// One bright voxel in the middle of dark ones, seen from above.
#[test]
fn the_brightest_of_a_slab_shows_a_voxel_three_slices_away_and_labels_do_not_come_along() {
    let gpu = offscreen();
    let dims = [9, 9, 9];
    let grid = Grid::new(dims, DAffine3::IDENTITY).unwrap();
    let (mut values, mut labels) = (vec![100i16; 729], vec![0u16; 729]);
    let at = grid.index([4, 4, 7]);
    (values[at], labels[at]) = (1100, 3);
    let volume = volume(grid.clone(), Voxels::I16(values), Scale::NONE);
    let mut scene = scene(&gpu, &volume, &LabelMap::from_labels(dims, &labels));
    let transform = |slice| {
        let pane = DVec2::splat(90.0);
        SliceTransform::new(&grid, Plane::Axial, Convention::Radiological, None, None, pane, slice)
    };
    let params = |mm: f64, projection| SliceParams {
        voxel_from_pane: transform(4).voxel_from_pane(1.0),
        slab: transform(4).slab(mm, projection),
        interpolation: Interpolation::Nearest,
        ..plane_params(&grid, Plane::Axial, Window::new(600.0, 1000.0), [90, 90])
    };
    let mut middle = |mm, projection| {
        let drawn = gpu.slice(&mut scene, &params(mm, projection)).unwrap();
        let at = (45 * 90 + 45) * 4;
        [drawn[at], drawn[at + 1], drawn[at + 2]]
    };
    assert_eq!(middle(0.0, Projection::Max), [0; 3]);
    assert_eq!(middle(5.0, Projection::Max), [0; 3], "two slices to each side");
    assert_eq!(middle(6.0, Projection::Max), [255; 3], "three");
    assert_eq!(middle(6.0, Projection::Min), [0; 3]);
    // A seventh of the window.
    assert_eq!(middle(6.0, Projection::Mean), [36; 3]);
    // Ends at the volume's top: eight slices are left of eleven.
    assert_eq!(middle(10.0, Projection::Mean), [28; 3]);
}

#[test]
fn outlines_of_any_width_equal_their_cpu_reference() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let volume = volume(grid.clone(), shorts(DIMS), Scale::NONE);
    let labels = blocks(DIMS);
    let mut scene = scene(&gpu, &volume, &labels);
    scene.set_styles(&styles());
    for (fill, outline) in [(0.4, 1.0), (0.0, 0.8), (0.6, 0.0), (0.0, 0.0)] {
        let mut pictures = Vec::new();
        for outline_width in [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 8.0] {
            let mut params = plane_params(&grid, Plane::Axial, WINDOW, SIZE);
            params.masks = MaskStyle { fill, outline, outline_width };
            let drawn = gpu.slice(&mut scene, &params).unwrap();
            let wanted = slice_rgba(&volume, &labels, &styles(), &params);
            let what = format!("fill {fill}, outline {outline}, {outline_width} pixels");
            assert_within(&what, &drawn, &wanted, (0.4, 2, 0.003));
            // A part of a pixel makes none wider.
            params.masks.outline_width += 0.4;
            if outline_width > 0.0 {
                assert!(gpu.slice(&mut scene, &params).unwrap() == drawn, "{what}");
            }
            // With an outline no stronger than the fill, its width makes no difference.
            let same = outline <= fill;
            assert_eq!(pictures.contains(&drawn), same && outline_width > 0.0, "{what}");
            pictures.push(drawn);
        }
    }
}

/// Pixels of a square mask's row from its edge on that are drawn as outline.
#[test]
fn an_outline_is_as_wide_as_it_says_inwards_and_closes_thin_gaps() {
    let gpu = offscreen();
    let dims = [10, 10, 1];
    let grid = Grid::new(dims, DAffine3::IDENTITY).unwrap();
    let mut labels = vec![0u16; 100];
    for (n, label) in labels.iter_mut().enumerate() {
        // A gap of one voxel within.
        let inside = (2..8).contains(&(n % 10)) && (2..8).contains(&(n / 10)) && n % 10 != 6;
        *label = inside.into();
    }
    let volume = volume(grid.clone(), Voxels::U8(vec![0; 100]), Scale::NONE);
    let mut scene = scene(&gpu, &volume, &LabelMap::from_labels(dims, &labels));
    // Ten pixels a voxel, so the mask begins at pixel 20 and the gap is from 60 to 70.
    let wide = |scale: f64, outline_width: f32, gpu: &Offscreen, scene: &mut _| -> Vec<bool> {
        let voxel_from_pane = DAffine3::from_mat3_translation(
            DMat3::from_diagonal(DVec3::new(1.0 / scale, 1.0 / scale, 1.0)),
            DVec3::new(-0.5, -0.5, 0.0),
        );
        let size = [(10.0 * scale) as u32; 2];
        let params = SliceParams {
            voxel_from_pane,
            masks: MaskStyle { fill: 0.0, outline: 1.0, outline_width },
            ..plane_params(&grid, Plane::Axial, Window::new(0.5, 1.0), size)
        };
        let drawn = gpu.slice(scene, &params).unwrap();
        let row = (4.5 * scale) as usize * size[0] as usize * 4;
        drawn[row..row + size[0] as usize * 4].chunks_exact(4).map(|p| p[..3] != [0; 3]).collect()
    };
    for width in 1..=8usize {
        let row = wide(10.0, width as f32, &gpu, &mut scene);
        let drawn: Vec<usize> = (0..100).filter(|n| row[*n]).collect();
        let expected: Vec<usize> = (20..20 + width)
            .chain(60 - width..60)
            .chain(70..(70 + width).min(80))
            .chain((80 - width).max(70)..80)
            .collect();
        let mut expected = expected;
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(drawn, expected, "{width}");
    }
    // At one pixel a voxel the gap is a pixel wide: a look eight pixels away jumps over it, one nearby does not.
    let row = wide(1.0, 8.0, &gpu, &mut scene);
    assert!(row[5] && row[7] && !row[6], "{row:?}");
}

/// A turned grid of other spacing that holds only a part of the scan.
fn second_image() -> Arc<Volume> {
    let grid = awkward_grid(DIMS);
    let turn = DMat3::from_rotation_y(0.5) * DMat3::from_rotation_z(-0.4);
    let dims = [9, 8, 12];
    let m = turn * DMat3::from_diagonal(DVec3::new(2.0, -1.7, 1.4));
    let middle = m * DVec3::new(4.0, 3.5, 5.5);
    let affine = DAffine3::from_mat3_translation(m, grid.centre() - middle);
    let values = wavy(dims).iter().map(|w| (w * 4.0 + 3.0) as f32).collect();
    volume(Grid::new(dims, affine).unwrap(), Voxels::F32(values), Scale::NONE)
}

fn overlay(slot: usize, colour_map: ColourMap, interpolation: Interpolation) -> ImageOverlay {
    let window = Window::new(4.0, 5.0);
    ImageOverlay { slot, window, colour_map, opacity: 0.7, interpolation }
}

#[test]
fn second_images_on_other_grids_equal_their_cpu_reference() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let scan = volume(grid.clone(), shorts(DIMS), Scale::NONE);
    let labels = blocks(DIMS);
    let mut scene = scene(&gpu, &scan, &labels);
    let over = second_image();
    let holed = volume(grid.clone(), holes(DIMS), Scale { slope: -0.003, inter: 2.0 });
    let images = [&*over, &*holed, &*over];
    for (slot, image) in [&over, &holed, &over].into_iter().enumerate() {
        scene.set_overlay(slot, Some(Arc::clone(image))).unwrap();
    }
    while !scene.upload(1 << 10) {}
    let slab =
        Slab { projection: Projection::Max, samples: 5, voxel_step: DVec3::new(0.1, 0.2, 0.9) };
    let mut pictures = Vec::new();
    for interpolation in INTERPOLATIONS {
        let pet = overlay(0, ColourMap::Pet, interpolation);
        let hot = overlay(1, ColourMap::Hot, Interpolation::Nearest);
        let again =
            ImageOverlay { opacity: 0.4, ..overlay(2, ColourMap::Rainbow, Interpolation::Linear) };
        for overlays in
            [vec![pet], vec![hot], vec![pet, hot], vec![hot, pet], vec![again, hot, pet]]
        {
            for slab in [None, Some(slab)] {
                let plane = Plane::ALL[overlays.len() % 3];
                let mut params = plane_params(&grid, plane, WINDOW, [61, 50]);
                (params.overlays, params.slab) = (overlays.clone(), slab);
                let drawn = gpu.slice(&mut scene, &params).unwrap();
                let wanted = slice_with_overlays_rgba(&scan, &images, &labels, &[], &params);
                let what = format!("{overlays:?} {slab:?} {plane:?}");
                // A level more or less of a steep map, and ties at voxel borders and holes.
                assert_within(&what, &drawn, &wanted, (0.8, 5, 0.02));
                let slots: Vec<_> = overlays.iter().map(|o| o.slot).collect();
                pictures.push((slots, slab, plane, drawn));
            }
        }
    }
    let of = |slots: &[usize]| &pictures.iter().find(|p| p.0 == slots).unwrap().3;
    assert_ne!(of(&[0, 1]), of(&[1, 0]), "the order matters");
}

#[test]
fn outside_of_a_second_image_and_below_its_window_the_scan_is_untouched() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let scan = volume(grid.clone(), shorts(DIMS), Scale::NONE);
    let mut scene = scene(&gpu, &scan, &LabelMap::empty(DIMS));
    let plain = plane_params(&grid, Plane::Axial, WINDOW, SIZE);
    let alone = gpu.slice(&mut scene, &plain).unwrap();
    let pet = overlay(0, ColourMap::Inverted, Interpolation::Linear);
    let with = |overlay: ImageOverlay| SliceParams { overlays: vec![overlay], ..plain.clone() };
    assert_eq!(gpu.slice(&mut scene, &with(pet)).unwrap(), alone, "no image in the slot");
    let over = second_image();
    scene.set_overlay(0, Some(Arc::clone(&over))).unwrap();
    assert_eq!(gpu.slice(&mut scene, &with(pet)).unwrap(), alone, "nothing is uploaded");
    assert!(scene.upload(usize::MAX) || scene.upload(usize::MAX));
    let drawn = gpu.slice(&mut scene, &with(pet)).unwrap();
    let (mut outside, mut inside) = (0, 0);
    for (n, (a, b)) in drawn.chunks_exact(4).zip(alone.chunks_exact(4)).enumerate() {
        let (x, y) = (n % SIZE[0] as usize, n / SIZE[0] as usize);
        let at =
            plain.voxel_from_pane.transform_point3(DVec3::new(x as f64 + 0.5, y as f64 + 0.5, 0.0));
        if over.grid().voxel_at(grid.world(at)).is_none() {
            assert_eq!(a, b, "{x} {y}");
            outside += 1;
        } else {
            inside += usize::from(a != b);
        }
    }
    assert!(outside > 1000 && inside > 1000, "{outside} {inside}");
    let high = ImageOverlay { window: Window::new(1e4, 10.0), ..pet };
    assert_eq!(
        gpu.slice(&mut scene, &with(high)).unwrap(),
        alone,
        "all of it is black, and so clear"
    );
    assert_eq!(gpu.slice(&mut scene, &with(ImageOverlay { slot: 9, ..pet })).unwrap(), alone);
    scene.set_overlay(7, Some(over)).unwrap();
    scene.set_overlay(0, None).unwrap();
    assert_eq!(gpu.slice(&mut scene, &with(pet)).unwrap(), alone, "taken out");
}

/// The layer list's eye: with a window beyond all values nothing of the scan shows.
#[test]
fn a_scan_can_be_left_out() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let unseen = Window::new(f64::MAX, 1.0);
    for (voxels, slope) in
        [(shorts(DIMS), 0.5), (shorts(DIMS), -2.0), (holes(DIMS), 1.0), (holes(DIMS), -1.0)]
    {
        let volume = volume(grid.clone(), voxels, Scale { slope, inter: 7.0 });
        let mut scene = scene(&gpu, &volume, &LabelMap::empty(DIMS));
        let params = plane_params(&grid, Plane::Sagittal, unseen, SIZE);
        let drawn = gpu.slice(&mut scene, &params).unwrap();
        assert!(drawn.chunks_exact(4).all(|p| p == [0, 0, 0, 255]), "{slope}");
    }
}

#[test]
fn turned_planes_equal_their_cpu_reference_over_axis_orders() {
    let gpu = offscreen();
    let mut shared = gpu.scene();
    for n in 0..48 {
        let grid = order(n, DIMS);
        let volume = volume(grid.clone(), shorts(grid.dims()), Scale::NONE);
        let labels = blocks(grid.dims());
        show(&mut shared, &volume, &labels);
        let pivot = grid.centre();
        let turn = Oblique::turned(None, &grid, Plane::Coronal, 25.0, pivot);
        let turn = Oblique::turned(Some(&turn), &grid, Plane::Axial, -40.0 - n as f64, pivot);
        for (plane, convention) in Plane::ALL.into_iter().zip([
            Convention::Radiological,
            Convention::Neurological,
            Convention::Radiological,
        ]) {
            let pane = DVec2::new(61.0, 50.0);
            let transform = |slice| {
                SliceTransform::new(&grid, plane, convention, Some(&turn), None, pane, slice)
            };
            let transform = transform(transform(0).frame().view(pivot).z.round() as usize);
            let params = SliceParams {
                voxel_from_pane: transform.voxel_from_pane(1.0),
                interpolation: INTERPOLATIONS[n % 3],
                slab: transform.slab((n % 2) as f64 * 6.0, Projection::Mean),
                ..plane_params(&grid, plane, WINDOW, [61, 50])
            };
            let drawn = gpu.slice(&mut shared, &params).unwrap();
            let wanted = slice_rgba(&volume, &labels, &[], &params);
            assert_within(&format!("{n} {plane:?}"), &drawn, &wanted, (0.5, 2, 0.01));
        }
    }
}

/// A scan whose left, anterior, superior corner alone is bright: where in the picture it is, in pixels, whatever
/// the memory order.
#[test]
fn the_left_anterior_superior_corner_is_where_it_must_be_in_every_axis_order_and_convention() {
    let gpu = offscreen();
    let mut shared = gpu.scene();
    let pane = [60u32, 60];
    for n in 0..48 {
        // 8 × 12 × 10 mm. World (0, 0, 0) is the centre of the lowest voxel, so left is low x.
        let grid = order(n, [8, 8, 5]);
        let corner = grid.voxel_clamped(DVec3::new(-1e3, 1e3, 1e3));
        let mut values = vec![0u8; grid.count()];
        values[grid.index(corner)] = 255;
        let volume = volume(grid.clone(), Voxels::U8(values), Scale::NONE);
        show(&mut shared, &volume, &LabelMap::empty(grid.dims()));
        for (plane, convention) in Plane::ALL
            .into_iter()
            .flat_map(|p| [Convention::Radiological, Convention::Neurological].map(|c| (p, c)))
        {
            let size = DVec2::new(f64::from(pane[0]), f64::from(pane[1]));
            let transform =
                |slice| SliceTransform::new(&grid, plane, convention, None, None, size, slice);
            let slice = transform(0).pane_from_world(grid.world_of(corner)).z.round() as usize;
            let params = SliceParams {
                voxel_from_pane: transform(slice).voxel_from_pane(1.0),
                interpolation: Interpolation::Nearest,
                ..plane_params(&grid, plane, Window::new(0.5, 1.0), pane)
            };
            let drawn = gpu.slice(&mut shared, &params).unwrap();
            let bright: Vec<(usize, usize)> =
                (0..3600).filter(|p| drawn[p * 4] == 255).map(|p| (p % 60, p / 60)).collect();
            let (x0, x1) = (
                bright.iter().map(|p| p.0).min().unwrap(),
                bright.iter().map(|p| p.0).max().unwrap(),
            );
            let (y0, y1) = (
                bright.iter().map(|p| p.1).min().unwrap(),
                bright.iter().map(|p| p.1).max().unwrap(),
            );
            // The picture fills 96 % of the pane along its longer side: 57.6 pixels from 1.2 on.
            let left = convention == Convention::Neurological;
            let expected = match plane {
                // 8 × 12 mm at 4.8 pixels/mm: 38.4 wide, from 10.8 to 49.2. A voxel is 4.8 × 7.2.
                Plane::Axial if left => ([11, 15], [1, 7]),
                Plane::Axial => ([44, 48], [1, 7]),
                // 8 × 10 mm at 5.76: 46.08 wide, from 6.96 to 53.04. A voxel is 5.76 × 11.52.
                Plane::Coronal if left => ([7, 12], [1, 12]),
                Plane::Coronal => ([47, 52], [1, 12]),
                // 12 × 10 mm at 4.8: 48 high, from 6 on; anterior is left. A voxel is 7.2 × 9.6.
                Plane::Sagittal => ([1, 7], [6, 15]),
            };
            let what = format!("{n} {plane:?} {convention:?}");
            assert_eq!(([x0, x1], [y0, y1]), expected, "{what}");
            assert_eq!(bright.len(), (x1 - x0 + 1) * (y1 - y0 + 1), "{what}: one rectangle");
        }
    }
}

/// Also its masks, which are not sent again, and in the middle of the upload of the time point before.
#[test]
fn another_time_point_is_seen_at_once_with_the_masks_that_are_there() {
    let gpu = offscreen();
    let grid = Grid::new([30, 30, 40], DAffine3::IDENTITY).unwrap();
    let labels = blocks(grid.dims());
    let time_point = |value: f32| {
        let mut values = vec![value; grid.count()];
        // Ranges differ from time point to time point, and so would encodings made for each.
        values[0] = value * 3.0;
        volume(grid.clone(), Voxels::F32(values), Scale::NONE)
    };
    let first = time_point(100.0);
    let mut scene = scene(&gpu, &first, &labels);
    let params = plane_params(&grid, Plane::Coronal, Window::new(500.0, 1000.0), [80, 80]);
    let check = |scene: &mut Scene, shown: &Volume, when: &str| {
        let reference = slice_rgba(shown, &labels, &[], &params);
        let drawn = gpu.slice(scene, &params).unwrap();
        let (mean, most, share) = errors(&drawn, &reference);
        // (One pixel in two hundred may lie on the border of two labels.)
        assert!(mean < 0.5 && (most <= 2 || share < 0.005), "{when}: {mean} {most} {share}");
    };
    check(&mut scene, &first, "the first");
    let part = 30 * 30 * 40;
    let second = time_point(900.0);
    assert!(scene.set_time_point(&second, &labels));
    check(&mut scene, &second, "the second, before its upload");
    assert!(!scene.upload(part));
    check(&mut scene, &second, "the second, in the middle of it");
    let third = time_point(500.0);
    assert!(scene.set_time_point(&third, &labels));
    check(&mut scene, &third, "the third, in the middle of the second's");
    while !scene.upload(part) {}
    check(&mut scene, &third, "the third");
    // Another scan is not another time point.
    let other = Grid::new([30, 30, 40], DAffine3::from_scale(DVec3::splat(2.0))).unwrap();
    assert!(!scene.set_time_point(
        &volume(other, Voxels::F32(vec![0.0; grid.count()]), Scale::NONE),
        &labels
    ));
    let bytes = volume(grid.clone(), Voxels::U8(vec![0; grid.count()]), Scale::NONE);
    assert!(!scene.set_time_point(&bytes, &labels));
    check(&mut scene, &third, "still the third");
}
