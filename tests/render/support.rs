//! Phantoms and comparing for the render tests.
#![allow(dead_code)]

use std::sync::Arc;

use voxpoint::geom::{Convention, DAffine3, DMat3, DVec3, Grid, PanZoom, Plane, SliceFrame};
use voxpoint::render::{
    ColourMap, Interpolation, LabelStyle, MaskStyle, Offscreen, Scene, SliceParams,
};
use voxpoint::volume::{LabelMap, Scale, StoredGeometry, Volume, Voxels, Window};

/// One device for each test process; a machine without any adapter fails with the reason.
pub fn offscreen() -> Offscreen {
    Offscreen::new().unwrap_or_else(|e| panic!("{e}"))
}

pub fn volume(grid: Grid, voxels: Voxels, scale: Scale) -> Arc<Volume> {
    let stored = StoredGeometry::of(&grid);
    let dims = grid.dims().to_vec();
    Arc::new(Volume::new("phantom", grid, dims, voxels, scale, stored, Vec::new()))
}

/// A scene with everything uploaded.
pub fn scene(gpu: &Offscreen, volume: &Arc<Volume>, labels: &LabelMap) -> Scene {
    let mut scene = gpu.scene();
    show(&mut scene, volume, labels);
    scene
}

/// Uploads everything into a scene: making one compiles shaders, so tests of many volumes share it.
pub fn show(scene: &mut Scene, volume: &Arc<Volume>, labels: &LabelMap) {
    scene.set_volume(volume.clone()).unwrap();
    scene.set_labels(labels, None).unwrap();
    while !scene.upload(1 << 20) {}
}

/// Smooth and asymmetric values between about -1 and 1, in memory order.
pub fn wavy([nx, ny, nz]: [usize; 3]) -> Vec<f64> {
    let mut values = Vec::with_capacity(nx * ny * nz);
    for z in 0..nz {
        for y in 0..ny {
            for x in 0..nx {
                let (x, y, z) = (x as f64, y as f64, z as f64);
                values
                    .push((x * 0.61).sin() * (y * 0.43 + 0.3).cos() * 0.7 + (z * 0.8).sin() * 0.3);
            }
        }
    }
    values
}

/// Three labels that touch, one of them hidden by [`styles`].
pub fn blocks(dims: [usize; 3]) -> LabelMap {
    let [nx, ny, nz] = dims;
    let mut labels = vec![0u16; nx * ny * nz];
    for z in 0..nz {
        for y in 0..ny {
            for x in 0..nx {
                let inside = |c: usize, n: usize, a: f64, b: f64| {
                    let t = (c as f64 + 0.5) / n as f64;
                    t > a && t < b
                };
                labels[x + nx * (y + ny * z)] = if inside(x, nx, 0.2, 0.5)
                    && inside(y, ny, 0.3, 0.7)
                    && inside(z, nz, 0.2, 0.9)
                {
                    1
                } else if inside(x, nx, 0.45, 0.8) && inside(y, ny, 0.1, 0.5) {
                    7
                } else if inside(y, ny, 0.8, 1.0) {
                    9
                } else {
                    0
                };
            }
        }
    }
    LabelMap::from_labels(dims, &labels)
}

pub fn styles() -> Vec<LabelStyle> {
    vec![
        LabelStyle { value: 1, colour: [220, 40, 40], visible: true, faint: false, opacity: 1.0 },
        LabelStyle { value: 7, colour: [90, 120, 240], visible: true, faint: true, opacity: 1.0 },
        LabelStyle { value: 9, colour: [10, 200, 30], visible: false, faint: false, opacity: 1.0 },
    ]
}

/// Left-handed, anisotropic, oblique, with permuted axes.
pub fn awkward_grid(dims: [usize; 3]) -> Grid {
    let turn = DMat3::from_rotation_z(0.3) * DMat3::from_rotation_x(-0.2);
    let m = turn * DMat3::from_cols(DVec3::Z * 2.5, -DVec3::X * 0.9, DVec3::Y * 1.2);
    Grid::new(dims, DAffine3::from_mat3_translation(m, DVec3::new(30.0, -12.0, 900.0))).unwrap()
}

/// A plane of a grid as the views show it, slightly off the slice's middle.
pub fn plane_params(grid: &Grid, plane: Plane, window: Window, size: [u32; 2]) -> SliceParams {
    let frame = SliceFrame::new(grid, plane, Convention::Radiological);
    let pane = voxpoint::geom::DVec2::new(f64::from(size[0]), f64::from(size[1]));
    let fit = PanZoom::fit(frame.extent(), pane);
    let slice = (frame.slices() / 2) as f64 + 0.2;
    // Off the pixel lattice: on it a whole row of pixels would lie on the border of two voxels, where
    // either is right.
    let corner = fit.view_from_screen(-pane / 2.0 + voxpoint::geom::DVec2::new(0.37, 0.23));
    let view_from_pane = DAffine3::from_mat3_translation(
        DMat3::from_diagonal(DVec3::new(1.0 / fit.points_per_mm, 1.0 / fit.points_per_mm, 1.0)),
        corner.extend(slice),
    );
    SliceParams {
        size,
        voxel_from_pane: frame.voxel_from_view() * view_from_pane,
        window,
        interpolation: Interpolation::Linear,
        colour_map: ColourMap::Grey,
        slab: None,
        overlays: Vec::new(),
        masks: MaskStyle { fill: 0.4, outline: 1.0, outline_width: 1.0 },
    }
}

/// Panics unless all but `outliers` (a share) of the bytes differ by at most `levels`.
pub fn assert_close(what: &str, drawn: &[u8], wanted: &[u8], levels: u8, outliers: f64) {
    assert_eq!(drawn.len(), wanted.len(), "{what}");
    let off = drawn.iter().zip(wanted).filter(|(a, b)| a.abs_diff(**b) > levels).count();
    let most = drawn.iter().zip(wanted).map(|(a, b)| a.abs_diff(*b)).max();
    let share = off as f64 / drawn.len() as f64;
    assert!(
        share <= outliers,
        "{what}: {share} of the bytes differ by more than {levels}, most {most:?}"
    );
    let shown = wanted.chunks_exact(4).any(|p| p[..3] != [0, 0, 0]);
    assert!(shown, "{what}: nothing is shown, so nothing is compared");
}
