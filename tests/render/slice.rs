//! Slices drawn by the GPU (or lavapipe) against their CPU reference in Rust.

use crate::support::{
    assert_close, awkward_grid, blocks, offscreen, plane_params, scene, show, styles, volume, wavy,
};
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid, Plane};
use voxpoint::render::cpu_reference::slice_rgba;
use voxpoint::render::{Interpolation, Offscreen, Scene};
use voxpoint::volume::{LabelMap, Scale, VoxelBox, Voxels, Window};

const DIMS: [usize; 3] = [19, 24, 11];
const SIZE: [u32; 2] = [150, 117];

fn millimetres(dims: [usize; 3]) -> Grid {
    Grid::new(dims, DAffine3::IDENTITY).unwrap()
}

/// A device and a scene for several volumes.
struct Shared {
    gpu: Offscreen,
    scene: Scene,
}

impl Shared {
    fn new(gpu: Offscreen) -> Self {
        let scene = gpu.scene();
        Self { gpu, scene }
    }
}

/// Draws the three planes with both interpolations and compares with the CPU reference. Returns how many grey
/// levels the CPU reference's poorest picture has, the black around the scan aside.
fn check(
    shared: &mut Shared,
    what: &str,
    grid: &Grid,
    voxels: Voxels,
    scale: Scale,
    window: Window,
) -> usize {
    let mut fewest = usize::MAX;
    let Shared { gpu, scene } = shared;
    let volume = volume(grid.clone(), voxels, scale);
    let labels = blocks(grid.dims());
    show(scene, &volume, &labels);
    scene.set_styles(&styles());
    for plane in Plane::ALL {
        for interpolation in [Interpolation::Linear, Interpolation::Nearest] {
            let mut params = plane_params(grid, plane, window, SIZE);
            params.interpolation = interpolation;
            let drawn = gpu.slice(scene, &params).unwrap();
            let wanted = slice_rgba(&volume, &labels, &styles(), &params);
            let what = format!("{what}, {plane:?}, {interpolation:?}");
            assert_close(&what, &drawn, &wanted, 2, 0.001);
            let mut seen = [false; 256];
            for p in wanted.chunks_exact(4).filter(|p| p[0] > 0 && p[0] == p[1] && p[1] == p[2]) {
                seen[usize::from(p[0])] = true;
            }
            fewest = fewest.min(seen.iter().filter(|&&s| s).count());
        }
    }
    fewest
}

/// Every data type over a range of its own, in a wide and a narrow window.
fn every_type(gpu: Offscreen) {
    let mut shared = Shared::new(gpu);
    let grid = awkward_grid(DIMS);
    let waves = wavy(DIMS);
    macro_rules! with {
        ($kind:ident, $type:ty, $middle:expr, $half:expr, $scale:expr) => {{
            let (middle, half, scale): (f64, f64, Scale) = ($middle, $half, $scale);
            let voxels =
                Voxels::$kind(waves.iter().map(|w| (middle + w * half) as $type).collect());
            let window = Window::new(scale.apply(middle), (half * 1.5 * scale.slope).abs());
            let what = stringify!($kind);
            let levels = check(&mut shared, what, &grid, voxels.clone(), scale, window);
            assert!(levels >= 2, "{what}, {half:e} around {middle:e}: no contrast");
            let narrow = Window::new(window.centre + window.width * 0.1, window.width / 40.0);
            let what = concat!(stringify!($kind), ", narrow");
            let levels = check(&mut shared, what, &grid, voxels, scale, narrow);
            assert!(levels >= 2, "{what}, {half:e} around {middle:e}: no contrast");
        }};
    }
    let half_and_ten = Scale { slope: 0.5, inter: -1010.0 };
    with!(U8, u8, 127.0, 127.0, Scale::NONE);
    with!(I8, i8, 0.0, 127.0, Scale { slope: -2.0, inter: 3.0 });
    with!(U16, u16, 45000.0, 20000.0, Scale::NONE);
    with!(I16, i16, -200.0, 32000.0, half_and_ten);
    with!(U32, u32, 4e9, 2e8, Scale::NONE);
    with!(I32, i32, -1e6, 900.0, half_and_ten);
    with!(U64, u64, 1e15, 1e12, Scale::NONE);
    with!(I64, i64, -5.0, 1e4, Scale::NONE);
    with!(F32, f32, 0.0, 3e-30, Scale::NONE);
    with!(I16, i16, 0.0, 3000.0, Scale { slope: 1e-12, inter: 0.0 });
    with!(F32, f32, 0.0, 2e38, Scale { slope: -0.001, inter: 0.0 });
    with!(F64, f64, 1e5, 3e-3, Scale::NONE);
    with!(F64, f64, 0.0, 1e300, Scale::NONE);
}

#[test]
fn slices_equal_their_cpu_reference_for_every_data_type() {
    every_type(offscreen());
}

#[test]
fn slices_equal_their_cpu_reference_without_any_optional_feature() {
    let gpu = Offscreen::with_features(wgpu::Features::empty()).unwrap();
    every_type(gpu);
}

#[test]
fn slices_equal_their_cpu_reference_for_every_order_and_flip_of_the_axes() {
    let gpu = offscreen();
    let waves = wavy(DIMS).iter().map(|w| (w * 1000.0) as i16).collect::<Vec<_>>();
    let window = Window::new(0.0, 1200.0);
    let axes = [DVec3::X, DVec3::Y * 1.5, DVec3::Z * 2.0];
    let mut scene = gpu.scene();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for flips in 0..8 {
            let column = |n: usize| axes[order[n]] * if flips >> n & 1 == 1 { -1.0 } else { 1.0 };
            let m = DMat3::from_cols(column(0), column(1), column(2));
            let grid = Grid::new(DIMS, DAffine3::from_mat3(m)).unwrap();
            let volume = volume(grid.clone(), Voxels::I16(waves.clone()), Scale::NONE);
            let labels = blocks(DIMS);
            show(&mut scene, &volume, &labels);
            for plane in Plane::ALL {
                let params = plane_params(&grid, plane, window, [61, 50]);
                let drawn = gpu.slice(&mut scene, &params).unwrap();
                let wanted = slice_rgba(&volume, &labels, &[], &params);
                // Ties at voxel borders weigh more in a picture this small.
                assert_close(
                    &format!("{order:?} {flips:03b} {plane:?}"),
                    &drawn,
                    &wanted,
                    2,
                    0.002,
                );
            }
        }
    }
}

/// A cut that follows no axis at all.
#[test]
fn an_oblique_cut_equals_its_cpu_reference() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let voxels = Voxels::F32(wavy(DIMS).iter().map(|&w| w as f32).collect());
    let volume = volume(grid.clone(), voxels, Scale::NONE);
    let labels = blocks(DIMS);
    let mut scene = scene(&gpu, &volume, &labels);
    let mut params = plane_params(&grid, Plane::Axial, Window::new(0.0, 1.6), SIZE);
    let turn = DAffine3::from_mat3(DMat3::from_rotation_y(0.4) * DMat3::from_rotation_x(0.7));
    let centre = DVec3::from_array(DIMS.map(|n| n as f64 / 2.0));
    let there = DAffine3::from_translation(centre);
    params.voxel_from_pane = there * turn * there.inverse() * params.voxel_from_pane;
    let drawn = gpu.slice(&mut scene, &params).unwrap();
    assert_close("oblique", &drawn, &slice_rgba(&volume, &labels, &[], &params), 2, 0.002);
}

#[test]
fn nan_is_black_and_infinity_is_an_end_of_the_range() {
    let gpu = offscreen();
    for slope in [1.0, -1.0] {
        let grid = millimetres([8, 8, 3]);
        let mut values: Vec<f32> = (0..192).map(|n| 100.0 + (n % 64) as f32).collect();
        for at in [64 + 9, 64 + 10, 64 + 45] {
            values[at] = f32::NAN;
        }
        values[64 + 27] = f32::INFINITY;
        values[64 + 30] = f32::NEG_INFINITY;
        let scale = Scale { slope, inter: 0.0 };
        let volume = volume(grid.clone(), Voxels::F32(values), scale);
        let labels = LabelMap::empty(grid.dims());
        let mut scene = scene(&gpu, &volume, &labels);
        let mut params =
            plane_params(&grid, Plane::Axial, Window::new(slope * 130.0, 80.0), [160, 160]);
        for interpolation in [Interpolation::Linear, Interpolation::Nearest] {
            params.interpolation = interpolation;
            let drawn = gpu.slice(&mut scene, &params).unwrap();
            let wanted = slice_rgba(&volume, &labels, &[], &params);
            assert_close(&format!("NaN, {interpolation:?}"), &drawn, &wanted, 2, 0.001);
        }
        let pixel_from_voxel = params.voxel_from_pane.inverse();
        let at = pixel_from_voxel.transform_point3(DVec3::new(1.0, 1.0, 1.0));
        let drawn = gpu.slice(&mut scene, &params).unwrap();
        let first = (at.y as usize * 160 + at.x as usize) * 4;
        assert_eq!(drawn[first..first + 4], [0, 0, 0, 255], "voxel 9 is NaN");
    }
    // Nothing but NaN is all black, and no harm is done.
    let grid = millimetres([4, 4, 2]);
    let volume = volume(grid.clone(), Voxels::F64(vec![f64::NAN; 32]), Scale::NONE);
    let mut scene = scene(&gpu, &volume, &LabelMap::empty(grid.dims()));
    let params = plane_params(&grid, Plane::Axial, Window::new(0.0, 1.0), [9, 9]);
    let drawn = gpu.slice(&mut scene, &params).unwrap();
    assert!(drawn.chunks_exact(4).all(|p| p == [0, 0, 0, 255]));
}

#[test]
fn one_slice_and_one_voxel_are_drawn() {
    let mut shared = Shared::new(offscreen());
    for dims in [[20, 16, 1], [1, 20, 16], [1, 1, 1]] {
        let count = dims.iter().product::<usize>();
        let voxels = Voxels::U16((0..count).map(|n| 60000 + (n % 50) as u16).collect());
        let window = Window::new(60010.0, 100.0);
        check(&mut shared, &format!("{dims:?}"), &millimetres(dims), voxels, Scale::NONE, window);
    }
}

#[test]
fn uploading_a_box_equals_uploading_everything() {
    let gpu = offscreen();
    let grid = millimetres(DIMS);
    let volume = volume(grid.clone(), Voxels::U8(vec![90; DIMS.iter().product()]), Scale::NONE);
    let params = plane_params(&grid, Plane::Coronal, Window::new(100.0, 200.0), SIZE);
    // Labels past 255 need the wider texture: from the start, and after the narrow one is there.
    for largest in [9u16, 255, 256, 65535] {
        let before = blocks(DIMS);
        let changed = VoxelBox { min: [3, 10, 2], max: [12, 15, 7] };
        let mut after = before.to_vec();
        for z in changed.min[2]..changed.max[2] {
            for y in changed.min[1]..changed.max[1] {
                for x in changed.min[0]..changed.max[0] {
                    after[x + DIMS[0] * (y + DIMS[1] * z)] = if x % 3 == 0 { 0 } else { largest };
                }
            }
        }
        let after = LabelMap::from_labels(DIMS, &after);
        let mut partly = scene(&gpu, &volume, &before);
        let old = gpu.slice(&mut partly, &params).unwrap();
        partly.set_labels(&after, Some(changed)).unwrap();
        let mut fully = scene(&gpu, &volume, &after);
        let drawn = gpu.slice(&mut partly, &params).unwrap();
        assert_eq!(drawn, gpu.slice(&mut fully, &params).unwrap(), "label {largest}");
        assert_ne!(drawn, old);
        assert_close("boxes", &drawn, &slice_rgba(&volume, &after, &[], &params), 2, 0.001);
        // And back to nothing: slices that become blank are cleared.
        partly.set_labels(&LabelMap::empty(DIMS), None).unwrap();
        let drawn = gpu.slice(&mut partly, &params).unwrap();
        assert!(drawn.chunks_exact(4).all(|p| p[0] == p[1] && p[1] == p[2]));
    }
}

#[test]
fn panes_are_independent() {
    let gpu = offscreen();
    let grid = millimetres([40, 40, 40]);
    let volume = volume(grid.clone(), Voxels::I16(vec![500; 64_000]), Scale::NONE);
    let mut scene = gpu.scene();
    scene.set_volume(volume).unwrap();
    while !scene.upload(usize::MAX) {}
    let window = Window::new(0.0, 10.0);
    let bright = plane_params(&grid, Plane::Axial, window, [50, 50]);
    let dark = plane_params(&grid, Plane::Axial, Window::new(1e6, 1.0), [50, 50]);
    scene.prepare_slice(1, &bright);
    let drawn = gpu.slice(&mut scene, &dark).unwrap();
    let white = drawn.chunks_exact(4).filter(|p| p[0] == 255).count();
    assert_eq!(white, 0, "pane 0 keeps its own window");
}
