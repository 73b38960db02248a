//! Scans that the graphics device can't hold, or not yet: slices come from the CPU's copy and are what they would
//! be from the 3D textures; the 3D view is coarser but shows the same.

use std::sync::Arc;

use crate::support::{
    assert_close, awkward_grid, blocks, offscreen, plane_params, scene, show, styles, volume, wavy,
};
use proptest::prelude::*;
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid, Orbit, Plane};
use voxpoint::render::cpu_reference::slice_rgba;
use voxpoint::render::{
    Clip, ColourMap, Interpolation, Mode3d, Offscreen, Projection, RaycastParams, Scene, Slab,
    SliceParams, TransferFunction,
};
use voxpoint::volume::{LabelMap, Scale, Volume, VoxelBox, Voxels, Window};

const DIMS: [usize; 3] = [19, 24, 11];
const SIZE: [u32; 2] = [150, 117];

/// A scene whose textures may take so little that no scan of these tests fits.
fn tiny(gpu: &Offscreen) -> Scene {
    Scene::with_budget(gpu.device(), gpu.queue(), Offscreen::FORMAT, 2000)
}

fn millimetres(dims: [usize; 3]) -> Grid {
    Grid::new(dims, DAffine3::IDENTITY).unwrap()
}

/// Mean and largest difference of the bytes.
fn error(a: &[u8], b: &[u8]) -> (f64, u8) {
    assert_eq!(a.len(), b.len());
    let off = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = off.clone().map(u64::from).sum();
    (sum as f64 / a.len() as f64, off.max().unwrap_or(0))
}

/// Voxels of one of several types, and the window to see them in.
fn voxels(kind: usize) -> (Voxels, Scale, Window) {
    let waves = wavy(DIMS);
    let of = |middle: f64, half: f64| waves.iter().map(move |w| middle + w * half);
    let (voxels, middle, half, slope) = match kind {
        0 => (Voxels::U8(of(127.0, 127.0).map(|v| v as u8).collect()), 127.0, 127.0, 1.0),
        1 => (Voxels::I16(of(-200.0, 9000.0).map(|v| v as i16).collect()), -200.0, 9000.0, 0.5),
        2 => (Voxels::I32(of(-1e6, 900.0).map(|v| v as i32).collect()), -1e6, 900.0, 1.0),
        3 => (Voxels::F32(of(0.0, 3e-3).map(|v| v as f32).collect()), 0.0, 3e-3, -2.0),
        _ => (Voxels::F64(of(1e5, 7.0).collect()), 1e5, 7.0, 1.0),
    };
    let scale = Scale { slope, inter: 4.0 };
    (voxels, scale, Window::new(scale.apply(middle), half * slope.abs() * 1.6))
}

/// A plane turned and moved by random amounts.
fn turned(grid: &Grid, plane: usize, window: Window, [a, b, c]: [f64; 3]) -> SliceParams {
    let mut params = plane_params(grid, Plane::ALL[plane], window, SIZE);
    let turn = DAffine3::from_mat3(DMat3::from_rotation_y(a) * DMat3::from_rotation_x(b));
    let centre = DVec3::from_array(DIMS.map(|n| n as f64 / 2.0)) + c;
    let there = DAffine3::from_translation(centre);
    params.voxel_from_pane = there * turn * there.inverse() * params.voxel_from_pane;
    params
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever the plane, the type and the way between voxels: at most two grey levels apart, but for one byte
    /// in 500, where a pixel lies on the border of two voxels and either is right; 0.1 levels in the mean.
    #[test]
    fn slices_from_memory_are_those_of_the_texture(
        kind in 0usize..5,
        plane in 0usize..3,
        at in [-0.9f64..0.9, -0.9f64..0.9, -3.0f64..3.0],
        straight in any::<bool>(),
        interpolation in 0usize..3,
        slab in proptest::option::of((0usize..3, 2u32..9)),
    ) {
        let gpu = offscreen();
        let grid = awkward_grid(DIMS);
        let (voxels, scale, window) = voxels(kind);
        let volume = volume(grid.clone(), voxels, scale);
        let labels = blocks(DIMS);
        let at = if straight { [0.0, 0.0, 0.0] } else { at };
        let mut params = turned(&grid, plane, window, at);
        params.interpolation =
            [Interpolation::Linear, Interpolation::Nearest, Interpolation::Cubic][interpolation];
        params.masks.outline_width = 3.0;
        params.slab = slab.map(|(projection, samples)| Slab {
            projection: [Projection::Mean, Projection::Max, Projection::Min][projection],
            samples,
            // From 0.2 beside a voxel's centre none of its multiples and halves leads to the border of two,
            // where either is right.
            voxel_step: params.voxel_from_pane.matrix3.z_axis.normalize() * 0.64,
        });
        let mut whole = scene(&gpu, &volume, &labels);
        let mut coarse = tiny(&gpu);
        show(&mut coarse, &volume, &labels);
        prop_assert!(whole.coarse().is_none() && coarse.coarse().is_some());
        whole.set_styles(&styles());
        coarse.set_styles(&styles());
        let wanted = gpu.slice(&mut whole, &params).unwrap();
        let drawn = gpu.slice(&mut coarse, &params).unwrap();
        let (mean, most) = error(&drawn, &wanted);
        let off = drawn.iter().zip(&wanted).filter(|(a, b)| a.abs_diff(**b) > 2).count();
        prop_assert!(
            off * 500 <= drawn.len() && mean <= 0.1,
            "mean {mean}, most {most}, {off} of {} bytes", drawn.len()
        );
    }
}

/// And they are what the CPU reference says, for every type.
#[test]
fn slices_from_memory_equal_their_cpu_reference() {
    let gpu = offscreen();
    let mut scene = tiny(&gpu);
    let grid = awkward_grid(DIMS);
    let labels = blocks(DIMS);
    for kind in 0..5 {
        let (voxels, scale, window) = voxels(kind);
        let volume = volume(grid.clone(), voxels, scale);
        show(&mut scene, &volume, &labels);
        scene.set_styles(&styles());
        for interpolation in [Interpolation::Linear, Interpolation::Nearest] {
            let mut params = turned(&grid, kind % 3, window, [0.3, -0.2, 1.0]);
            params.interpolation = interpolation;
            let drawn = gpu.slice(&mut scene, &params).unwrap();
            let wanted = slice_rgba(&volume, &labels, &styles(), &params);
            assert_close(&format!("{kind} {interpolation:?}"), &drawn, &wanted, 2, 0.002);
        }
    }
}

/// The whole picture before anything is uploaded, whatever the type, and the same afterwards.
#[test]
fn slices_are_there_before_the_texture() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let labels = blocks(DIMS);
    for kind in 0..5 {
        let (voxels, scale, window) = voxels(kind);
        let volume = volume(grid.clone(), voxels, scale);
        let mut scene = gpu.scene();
        scene.set_volume(volume.clone()).unwrap();
        scene.set_labels(&labels, None).unwrap();
        let params = turned(&grid, kind % 3, window, [0.1, 0.2, 0.0]);
        let before = gpu.slice(&mut scene, &params).unwrap();
        let mut pieces = 0;
        while !scene.upload(2000) {
            pieces += 1;
            let during = gpu.slice(&mut scene, &params).unwrap();
            assert_close(&format!("{kind}, piece {pieces}"), &during, &before, 2, 0.002);
        }
        assert!(pieces > 3);
        let after = gpu.slice(&mut scene, &params).unwrap();
        assert_close(&format!("{kind}, after"), &after, &before, 2, 0.002);
    }
}

/// A tricubic thick slice from memory takes longer than a frame has: what is drawn first is that of every few
/// pixels, and after a while the whole, pixel for pixel. What is drawn at once, is drawn whole.
#[test]
fn a_slice_that_takes_long_is_coarse_at_first() {
    let gpu = offscreen();
    let grid = millimetres(DIMS);
    let (voxels, scale, window) = voxels(1);
    let volume = volume(grid.clone(), voxels, scale);
    let size = [640, 500];
    let simple = plane_params(&grid, Plane::Coronal, window, size);
    let step = DVec3::new(0.0, 0.5, 0.0);
    let slab = Slab { projection: Projection::Mean, samples: 9, voxel_step: step };
    let thick =
        SliceParams { interpolation: Interpolation::Cubic, slab: Some(slab), ..simple.clone() };
    let mut scene = tiny(&gpu);
    show(&mut scene, &volume, &blocks(DIMS));
    let wanted = gpu.slice(&mut scene, &thick).unwrap();

    scene.set_progressive(true);
    assert!(!scene.prepare_slice(0, &simple));
    assert!(scene.prepare_slice(0, &thick), "not all of it at once");
    // On a machine with many cores it is whole already.
    let (mean, _) = error(&gpu.slice(&mut scene, &thick).unwrap(), &wanted);
    assert!(mean < 12.0, "mean {mean}");
    let started = std::time::Instant::now();
    while scene.prepare_slice(0, &thick) {
        assert!(started.elapsed().as_secs() < 60, "it never comes");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(gpu.slice(&mut scene, &thick).unwrap() == wanted);

    // Another slice while one is being made: that one never shows.
    let moved = DAffine3::from_translation(DVec3::new(0.0, 3.0, 0.0)) * thick.voxel_from_pane;
    let other = SliceParams { voxel_from_pane: moved, ..thick.clone() };
    scene.prepare_slice(0, &other);
    let simple_now = gpu.slice(&mut scene, &simple).unwrap();
    assert!(!scene.prepare_slice(0, &simple));
    assert!(gpu.slice(&mut scene, &simple).unwrap() == simple_now);
    scene.set_progressive(false);
    assert!(gpu.slice(&mut scene, &simple).unwrap() == simple_now);
}

/// Slices that were being made when their panes went out of sight do not keep others from becoming whole.
#[test]
fn panes_out_of_sight_do_not_hold_up_others() {
    let gpu = offscreen();
    let grid = millimetres(DIMS);
    let (voxels, scale, window) = voxels(1);
    let volume = volume(grid.clone(), voxels, scale);
    let mut scene = tiny(&gpu);
    show(&mut scene, &volume, &LabelMap::empty(DIMS));
    scene.set_progressive(true);
    let simple = plane_params(&grid, Plane::Axial, window, [400, 300]);
    let cubic = SliceParams { interpolation: Interpolation::Cubic, ..simple };
    for pane in [4, 5, 6, 4, 5, 6] {
        scene.prepare_slice(pane, &cubic);
    }
    let started = std::time::Instant::now();
    while scene.prepare_slice(0, &cubic) {
        assert!(started.elapsed().as_secs() < 60, "it stays coarse");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Images over the scan have the room that it leaves, and are coarser where that is too little; with more room
/// again they are whole.
#[test]
fn overlays_share_the_room() {
    let gpu = offscreen();
    let short = |dims: [usize; 3]| {
        let count = dims.iter().product::<usize>();
        volume(millimetres(dims), Voxels::I16(vec![7; count]), Scale::NONE)
    };
    let scan = short(DIMS);
    let mut scene = Scene::with_budget(gpu.device(), gpu.queue(), Offscreen::FORMAT, 3 << 19);
    show(&mut scene, &scan, &LabelMap::empty(DIMS));
    let large = short([128, 128, 40]);
    scene.set_overlay(0, Some(large.clone())).unwrap();
    assert_eq!(scene.overlay_coarse(0), None, "1.3 of 1.5 MB");
    scene.set_overlay(1, Some(large.clone())).unwrap();
    assert!(scene.overlay_coarse(1).is_some());
    scene.set_overlay(0, None).unwrap();
    scene.set_overlay(1, None).unwrap();
    scene.set_overlay(1, Some(large)).unwrap();
    assert_eq!((scene.overlay_coarse(0), scene.overlay_coarse(1)), (None, None));
    while !scene.upload(usize::MAX) {}
}

/// Labels in one corner are drawn there and nowhere else, in straight and in turned planes, after edits, and with
/// nothing else left undrawn.
#[test]
fn labels_in_a_corner_equal_their_cpu_reference() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let (voxels, scale, window) = voxels(1);
    let volume = volume(grid.clone(), voxels, scale);
    let mut scene = scene(&gpu, &volume, &LabelMap::empty(DIMS));
    let (first, within) = with_box(DIMS, [12, 17, 6], [5, 4, 4]);
    let (second, also) = with_box(DIMS, [1, 2, 3], [3, 3, 3]);
    for (labels, changed) in [(&first, within), (&second, also.union(&within))] {
        scene.set_labels(labels, Some(changed)).unwrap();
        for plane in 0..3 {
            for at in [[0.0, 0.0, 0.0], [0.4, -0.3, 2.0], [-0.7, 0.2, -3.0]] {
                let params = turned(&grid, plane, window, at);
                let drawn = gpu.slice(&mut scene, &params).unwrap();
                let wanted = slice_rgba(&volume, labels, &[], &params);
                assert_close(&format!("{plane} {at:?}"), &drawn, &wanted, 2, 0.002);
            }
        }
    }
}

/// A window is another reading of the same pixels; nothing is uploaded for it.
#[test]
fn another_window_uploads_nothing() {
    let gpu = offscreen();
    let grid = millimetres(DIMS);
    let (voxels, scale, window) = voxels(1);
    let volume = volume(grid.clone(), voxels, scale);
    let mut scene = tiny(&gpu);
    show(&mut scene, &volume, &blocks(DIMS));
    let mut params = plane_params(&grid, Plane::Axial, window, SIZE);
    let first = gpu.slice(&mut scene, &params).unwrap();
    let bytes = scene.uploaded_bytes();
    params.window = Window::new(window.centre, window.width / 3.0);
    params.masks.fill = 0.9;
    let second = gpu.slice(&mut scene, &params).unwrap();
    assert_ne!(first, second);
    assert_eq!(scene.uploaded_bytes(), bytes);
    assert_eq!(gpu.slice(&mut scene, &params).unwrap(), second);
    assert_close("window", &second, &slice_rgba(&volume, &blocks(DIMS), &[], &params), 2, 0.002);
}

/// A labelled box is drawn after one step, and only its pixels are uploaded.
#[test]
fn an_edit_in_a_coarse_scan_is_seen_at_once() {
    let gpu = offscreen();
    let grid = millimetres(DIMS);
    let (voxels, scale, window) = voxels(1);
    let volume = volume(grid.clone(), voxels, scale);
    let mut scene = tiny(&gpu);
    show(&mut scene, &volume, &LabelMap::empty(DIMS));
    let params = plane_params(&grid, Plane::Axial, window, SIZE);
    gpu.slice(&mut scene, &params).unwrap();
    let before = scene.uploaded_bytes();
    let (labels, changed) = with_box(DIMS, [5, 6, 3], [4, 4, 4]);
    scene.set_labels(&labels, Some(changed)).unwrap();
    let drawn = gpu.slice(&mut scene, &params).unwrap();
    assert_close("edit", &drawn, &slice_rgba(&volume, &labels, &[], &params), 2, 0.002);
    let bytes = scene.uploaded_bytes() - before;
    // 24 × 24 pixels of two bytes and a pixel around them; a few texels.
    assert!(bytes < 2500, "{bytes} bytes");
    // Elsewhere: nothing but texels.
    let before = scene.uploaded_bytes();
    let (labels, changed) = with_box(DIMS, [5, 6, 8], [2, 2, 2]);
    let gone = VoxelBox { min: [5, 6, 3], max: [9, 10, 7] };
    scene.set_labels(&labels, Some(changed.union(&gone))).unwrap();
    let drawn = gpu.slice(&mut scene, &params).unwrap();
    assert_close("gone", &drawn, &slice_rgba(&volume, &labels, &[], &params), 2, 0.002);
    assert!(scene.uploaded_bytes() - before < 2500);
}

/// A map with one labelled box.
fn with_box(dims: [usize; 3], min: [usize; 3], size: [usize; 3]) -> (LabelMap, VoxelBox) {
    let changed = VoxelBox { min, max: std::array::from_fn(|a| min[a] + size[a]) };
    let mut labels = vec![0u16; dims.iter().product()];
    for z in min[2]..changed.max[2] {
        for y in min[1]..changed.max[1] {
            let start = dims[0] * (y + dims[1] * z);
            labels[start + min[0]..start + changed.max[0]].fill(3);
        }
    }
    (LabelMap::from_labels(dims, &labels), changed)
}

/// The promise of the issue: no more is uploaded than the box, and the next picture has it.
#[test]
fn an_edit_of_64_cubed_uploads_no_more_than_its_box() {
    let gpu = offscreen();
    let dims = [160, 150, 140];
    let grid = millimetres(dims);
    let count = dims.iter().product();
    let volume = volume(grid.clone(), Voxels::I16(vec![50; count]), Scale::NONE);
    let mut scene = scene(&gpu, &volume, &LabelMap::empty(dims));
    let params = plane_params(&grid, Plane::Coronal, Window::new(50.0, 100.0), [200, 200]);
    let old = gpu.slice(&mut scene, &params).unwrap();
    let (labels, changed) = with_box(dims, [40, 50, 30], [64; 3]);
    let before = scene.uploaded_bytes();
    scene.set_labels(&labels, Some(changed)).unwrap();
    let drawn = gpu.slice(&mut scene, &params).unwrap();
    // A byte for each voxel of the box, and one for each block of 8³ in it or beside it.
    let bytes = scene.uploaded_bytes() - before;
    assert!((64 * 64 * 64..=64 * 64 * 64 + 11 * 11 * 11).contains(&bytes), "{bytes} bytes");
    assert_ne!(drawn, old);
    assert_close("edit", &drawn, &slice_rgba(&volume, &labels, &[], &params), 2, 0.002);
}

#[test]
fn a_scan_longer_than_textures_may_be_is_shown_whole() {
    let gpu = offscreen();
    let limit = gpu.device().limits().max_texture_dimension_3d as usize;
    let dims = [limit + 7, 3, 2];
    let grid = millimetres(dims);
    let values = (0..dims.iter().product::<usize>()).map(|n| (n % dims[0] % 251) as u8).collect();
    let volume = volume(grid.clone(), Voxels::U8(values), Scale::NONE);
    let mut labels = vec![0u16; dims.iter().product()];
    labels[limit + 6] = 9;
    let labels = LabelMap::from_labels(dims, &labels);
    let mut scene = scene(&gpu, &volume, &labels);
    assert_eq!(scene.coarse(), Some([2, 1, 1]));
    // The far end, where the labelled voxel is.
    let mut params = plane_params(&grid, Plane::Axial, Window::new(125.0, 250.0), [80, 60]);
    params.voxel_from_pane = DAffine3::from_mat3_translation(
        DMat3::from_diagonal(DVec3::new(0.11, 0.05, 1.0)),
        DVec3::new(limit as f64, -0.2, 0.0),
    );
    let drawn = gpu.slice(&mut scene, &params).unwrap();
    let wanted = slice_rgba(&volume, &labels, &[], &params);
    assert_close("the far end", &drawn, &wanted, 2, 0.002);
    assert!(wanted.chunks_exact(4).any(|p| p[0] != p[1]), "the label is seen");
}

fn raycast(volume: &Arc<Volume>, orbit: Orbit) -> RaycastParams {
    let stats = volume.stats();
    RaycastParams {
        size: [90, 80],
        orbit,
        mode: Mode3d::Volume,
        window: Window::new(f64::midpoint(stats.min, stats.max), stats.max - stats.min),
        colour_map: ColourMap::Grey,
        transfer: TransferFunction::Window,
        iso_value: 0.0,
        clip: Clip::default(),
        draft: false,
        image_opacity: 0.5,
    }
}

/// A scan and a mask that lie to one side only: twice as coarse they are seen in the same places. Mean error
/// below 6 grey levels.
#[test]
fn in_3d_a_coarse_scan_looks_the_same_from_every_side() {
    let gpu = offscreen();
    let dims = [48, 40, 36];
    let m = DMat3::from_cols(-DVec3::Y, DVec3::Z * 1.2, DVec3::X * 0.9);
    let grid = Grid::new(dims, DAffine3::from_mat3(m)).unwrap();
    let inside = |n: usize| {
        let (x, y, z) = (n % dims[0], n / dims[0] % dims[1], n / dims[0] / dims[1]);
        x < 20 && y > 22 && z < 15
    };
    let count: usize = dims.iter().product();
    let values = (0..count).map(|n| if inside(n) { 900 } else { 0 }).collect();
    let volume = volume(grid, Voxels::I16(values), Scale::NONE);
    let (labels, _) = with_box(dims, [30, 6, 20], [1, 1, 12]);
    let mut whole = scene(&gpu, &volume, &labels);
    let mut coarse = Scene::with_budget(gpu.device(), gpu.queue(), Offscreen::FORMAT, 40_000);
    show(&mut coarse, &volume, &labels);
    assert_eq!(coarse.coarse(), Some([2, 2, 2]));
    for (n, orbit) in [(0.3, 0.2), (1.8, -0.4), (3.3, 0.9), (4.9, 0.0)].into_iter().enumerate() {
        let orbit = Orbit { azimuth: orbit.0, elevation: orbit.1, ..Orbit::default() };
        let params = raycast(&volume, orbit);
        let wanted = gpu.volume_3d(&mut whole, &params).unwrap();
        let drawn = gpu.volume_3d(&mut coarse, &params).unwrap();
        let (mean, _) = error(&drawn, &wanted);
        assert!(mean < 6.0, "view {n}: {mean}");
        let coloured = |p: &[u8]| p.chunks_exact(4).filter(|p| p[0] != p[1]).count();
        assert!(coloured(&wanted) > 0 && coloured(&drawn) >= coloured(&wanted), "view {n}");
        let bright = wanted.chunks_exact(4).filter(|p| p[0] > 40).count();
        assert!(bright > 150, "view {n} shows {bright} pixels of it");
    }
}

/// Room for nothing at all is an error in words, and all is black.
#[test]
fn no_room_at_all_is_said() {
    let gpu = offscreen();
    let mut scene = Scene::with_budget(gpu.device(), gpu.queue(), Offscreen::FORMAT, 2);
    let grid = millimetres([4, 4, 4]);
    let volume = volume(grid.clone(), Voxels::U8(vec![1; 64]), Scale::NONE);
    let error = scene.set_volume(volume).unwrap_err().to_string();
    assert!(error.contains("memory") && !error.contains('\n'), "{error}");
    assert!(scene.upload(1), "nothing to upload");
    let params = plane_params(&grid, Plane::Axial, Window::new(0.0, 1.0), [8, 8]);
    let drawn = gpu.slice(&mut scene, &params).unwrap();
    assert!(drawn.chunks_exact(4).all(|p| p == [0, 0, 0, 255]));
}
