//! The 3D view drawn by the GPU (or lavapipe) against its CPU reference in Rust, and against anatomy.

use crate::support::{awkward_grid, blocks, offscreen, scene, show, styles, volume, wavy};
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid, Orbit};
use voxpoint::render::cpu_reference::raycast_rgba;
use voxpoint::render::{
    Clip, ColourMap, Mode3d, Offscreen, RaycastParams, Scene, TransferFunction,
};
use voxpoint::volume::{LabelMap, Scale, VoxelBox, Voxels, Window};

fn params(orbit: Orbit, image_opacity: f32, window: Window) -> RaycastParams {
    RaycastParams {
        size: [90, 80],
        orbit,
        mode: Mode3d::Volume,
        window,
        colour_map: ColourMap::Grey,
        transfer: TransferFunction::Window,
        iso_value: 0.0,
        clip: Clip::default(),
        draft: false,
        image_opacity,
    }
}

/// Mean absolute difference and 99th percentile, in grey levels.
fn difference(a: &[u8], b: &[u8]) -> (f64, u8) {
    assert_eq!(a.len(), b.len());
    let mut all: Vec<u8> = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).collect();
    all.sort_unstable();
    let mean = all.iter().map(|&d| f64::from(d)).sum::<f64>() / all.len() as f64;
    (mean, all[all.len() * 99 / 100])
}

/// Tolerance: rays that graze a voxel's edge see another label or one sample more, so single pixels may
/// differ; the mean must not by more than half a level, nor 99 % of bytes by more than three.
#[test]
fn the_3d_view_equals_its_cpu_reference() {
    let gpu = offscreen();
    let dims = [19, 24, 11];
    let waves: Vec<i16> = wavy(dims).iter().map(|w| (w * 1000.0) as i16).collect();
    let floats: Vec<f32> = waves.iter().map(|&w| f32::from(w) * 1e6).collect();
    let window = Window::new(300.0, 900.0);
    let big = Window::new(3e8, 9e8);
    let labels = blocks(dims);
    for (grid, voxels, window) in [
        (awkward_grid(dims), Voxels::I16(waves), window),
        (Grid::new(dims, DAffine3::IDENTITY).unwrap(), Voxels::F32(floats), big),
    ] {
        let volume = volume(grid, voxels, Scale::NONE);
        let mut scene = scene(&gpu, &volume, &labels);
        scene.set_styles(&styles());
        for (azimuth, elevation, opacity) in
            [(0.5, 0.3, 0.5), (0.0, 0.0, 0.0), (2.0, -1.2, 0.8), (4.4, 0.7, 1.0)]
        {
            let params = params(
                Orbit { azimuth, elevation, zoom: 1.2, ..Orbit::default() },
                opacity,
                window,
            );
            let drawn = gpu.volume_3d(&mut scene, &params).unwrap();
            let wanted = raycast_rgba(&volume, &labels, &styles(), &params);
            let (mean, percentile) = difference(&drawn, &wanted);
            let what = format!("{azimuth} {elevation} {opacity}: mean {mean}, 99 % {percentile}");
            assert!(mean < 0.5 && percentile <= 3, "{what}");
            let shown = wanted.chunks_exact(4).filter(|p| p[..3] != [0, 0, 0]).count();
            assert!(shown > 90 * 80 / 20, "{what}: next to nothing is shown");
        }
    }
}

/// Middle of the pixels that are more red than grey.
fn red_middle(pixels: &[u8], width: usize) -> Option<[f64; 2]> {
    let (mut sum, mut count) = ([0.0; 2], 0.0);
    for (n, p) in pixels.chunks_exact(4).enumerate() {
        if p[0] > 40 && p[0] > p[1].saturating_mul(2) {
            sum[0] += (n % width) as f64 + 0.5;
            sum[1] += (n / width) as f64 + 0.5;
            count += 1.0;
        }
    }
    (count > 0.0).then(|| sum.map(|s| s / count))
}

fn draw(gpu: &Offscreen, scene: &mut Scene, orbit: &Orbit) -> Vec<u8> {
    let mut params = params(orbit.clone(), 0.1, Window::new(50.0, 100.0));
    params.size = [45, 40];
    gpu.volume_3d(scene, &params).unwrap()
}

/// A red marker right, anterior and superior of the middle, in a cube stored in all 48 ways.
#[test]
fn the_patients_right_is_on_the_right_side_however_voxels_are_stored() {
    let gpu = offscreen();
    let axes = [DVec3::X, DVec3::Y, DVec3::Z];
    let facing = |azimuth, elevation| Orbit { azimuth, elevation, ..Orbit::default() };
    let half = std::f64::consts::PI;
    let mut scene = gpu.scene();
    scene.set_styles(&styles()[..1]);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for flips in 0..8 {
            let column = |n: usize| axes[order[n]] * if flips >> n & 1 == 1 { -1.0 } else { 1.0 };
            let m = DMat3::from_cols(column(0), column(1), column(2));
            let placed = DAffine3::from_mat3_translation(m, DVec3::new(100.0, -50.0, 7.0));
            let grid = Grid::new([20, 20, 20], placed).unwrap();
            let marker = grid.centre() + DVec3::new(5.0, 3.0, 7.0);
            let mut labels = vec![0u16; 8000];
            for (n, label) in labels.iter_mut().enumerate() {
                let at = grid.world_of([n % 20, n / 20 % 20, n / 400]);
                *label = u16::from(at.distance(marker) < 2.5);
            }
            let volume = volume(grid.clone(), Voxels::U8(vec![100; 8000]), Scale::NONE);
            show(&mut scene, &volume, &LabelMap::from_labels([20; 3], &labels));
            // (view, the marker is left of the middle, above it)
            for (orbit, left, above) in [
                (facing(0.0, 0.0), true, true),
                (facing(half, 0.0), false, true),
                (facing(half / 2.0, 0.0), false, true),
                (facing(0.0, half / 2.0), true, false),
                (facing(0.0, -half / 2.0), true, true),
            ] {
                let drawn = draw(&gpu, &mut scene, &orbit);
                let what = format!("{order:?} {flips:03b} {orbit:?}");
                let middle = red_middle(&drawn, 45).unwrap_or_else(|| panic!("{what}: no marker"));
                assert_eq!(
                    (middle[0] < 22.5, middle[1] < 20.0),
                    (left, above),
                    "{what} {middle:?}"
                );
                let wanted = orbit.project(&grid, [45.0, 40.0], marker);
                let off = (middle[0] - wanted.x).hypot(middle[1] - wanted.y);
                assert!(off < 1.0, "{what}: drawn at {middle:?}, projected to {wanted}");
            }
        }
    }
}

#[test]
fn the_picture_follows_labels_styles_and_camera() {
    let gpu = offscreen();
    let dims = [19, 24, 11];
    let grid = awkward_grid(dims);
    let volume = volume(grid, Voxels::U8(vec![10; 19 * 24 * 11]), Scale::NONE);
    let mut scene = scene(&gpu, &volume, &LabelMap::empty(dims));
    let window = Window::new(500.0, 10.0);
    let mut params = params(Orbit::default(), 0.5, window);
    let nothing = gpu.volume_3d(&mut scene, &params).unwrap();
    assert!(nothing.chunks_exact(4).all(|p| p == [0, 0, 0, 255]), "below the window is clear");

    let labels = blocks(dims);
    let within = VoxelBox { min: [0; 3], max: dims };
    scene.set_labels(&labels, Some(within)).unwrap();
    let labelled = gpu.volume_3d(&mut scene, &params).unwrap();
    assert_ne!(labelled, nothing);
    scene.set_styles(&styles());
    let styled = gpu.volume_3d(&mut scene, &params).unwrap();
    assert_ne!(styled, labelled);
    assert_eq!(styled, gpu.volume_3d(&mut scene, &params).unwrap(), "nothing changed");
    params.orbit.drag(30.0, 0.0);
    let turned = gpu.volume_3d(&mut scene, &params).unwrap();
    assert_ne!(turned, styled);
    // A draft shows the same thing, coarser.
    params.draft = true;
    let draft = gpu.volume_3d(&mut scene, &params).unwrap();
    assert_ne!(draft, turned);
    let (mean, _) = difference(&draft, &turned);
    assert!(mean < 12.0, "{mean}");
}
