//! What is shown beside slices: the same scan with other labels out of the same textures, and a second scan in the
//! plane of the first, against the CPU reference.

use std::sync::Arc;

use crate::support::{
    assert_close, awkward_grid, blocks, offscreen, plane_params, scene, styles, volume, wavy,
};
use voxpoint::geom::{DAffine3, DMat3, DVec3, Grid, Plane};
use voxpoint::render::cpu_reference::slice_rgba;
use voxpoint::render::{ColourMap, ImageOverlay, Interpolation, Projection, Slab};
use voxpoint::volume::{LabelMap, Scale, Volume, Voxels, Window};

const DIMS: [usize; 3] = [19, 24, 11];
const SIZE: [u32; 2] = [150, 117];
const WINDOW: Window = Window { centre: 0.0, width: 2000.0 };

fn shorts(dims: [usize; 3], times: f64) -> Voxels {
    Voxels::I16(wavy(dims).iter().map(|w| (w * times) as i16).collect())
}

#[test]
fn a_shared_scan_is_drawn_with_labels_of_its_own_and_follows_the_first_one() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let scan = volume(grid.clone(), shorts(DIMS, 1000.0), Scale::NONE);
    let (a, nothing) = (blocks(DIMS), LabelMap::empty(DIMS));
    let over = volume(grid.clone(), shorts(DIMS, 500.0), Scale::NONE);
    let mut first = scene(&gpu, &scan, &a);
    first.set_styles(&styles());
    let mut beside = first.beside();
    assert!(beside.share(&first), "it had nothing");
    assert!(!beside.share(&first), "nothing has changed");
    let uploaded = beside.uploaded_bytes();
    assert!(beside.upload(1), "the first one has uploaded it");
    let b: Vec<u16> = a.to_vec().iter().rev().map(|&label| u16::from(label == 1) * 7).collect();
    let b = LabelMap::from_labels(DIMS, &b);
    beside.set_labels(&b, None).unwrap();
    beside.set_styles(&styles());
    for plane in Plane::ALL {
        let params = plane_params(&grid, plane, WINDOW, SIZE);
        for (scene, labels) in [(&mut first, &a), (&mut beside, &b)] {
            let drawn = gpu.slice(scene, &params).unwrap();
            let wanted = slice_rgba(&scan, labels, &styles(), &params);
            assert_close(&format!("{plane:?}"), &drawn, &wanted, 2, 0.001);
        }
    }
    let labels_only = beside.uploaded_bytes() - uploaded;
    assert!(labels_only <= DIMS.iter().product::<usize>() as u64 * 2, "{labels_only}");

    // What lies over the first one lies over the other.
    first.set_overlay(0, Some(Arc::clone(&over))).unwrap();
    while !first.upload(1 << 20) {}
    assert!(!beside.share(&first), "the scan is the same");
    let overlay = ImageOverlay {
        slot: 0,
        window: WINDOW,
        colour_map: ColourMap::Hot,
        opacity: 0.5,
        interpolation: Interpolation::Linear,
    };
    let mut params = plane_params(&grid, Plane::Axial, WINDOW, SIZE);
    params.overlays = vec![overlay];
    beside.set_labels(&nothing, None).unwrap();
    first.set_labels(&nothing, None).unwrap();
    assert_eq!(gpu.slice(&mut first, &params).unwrap(), gpu.slice(&mut beside, &params).unwrap());

    // Another scan: while it is not all there, slices come from memory, and are right.
    let other = volume(grid.clone(), shorts(DIMS, -700.0), Scale::NONE);
    first.set_volume(Arc::clone(&other)).unwrap();
    params.overlays = Vec::new();
    let wanted = slice_rgba(&other, &nothing, &[], &params);
    for _ in 0..3 {
        assert!(beside.share(&first) || beside.upload(1));
        let drawn = gpu.slice(&mut beside, &params).unwrap();
        assert_close("another scan", &drawn, &wanted, 2, 0.001);
        while !first.upload(1 << 20) {}
    }
}

/// Values that grow along a direction of the world, on a grid.
fn slope(grid: &Grid) -> Arc<Volume> {
    let [nx, ny, _] = grid.dims();
    let value = |n: usize| {
        let world = grid.world_of([n % nx, n / nx % ny, n / nx / ny]);
        (world - awkward_grid(DIMS).centre()).dot(DVec3::new(20.0, 31.0, -17.0)) as f32
    };
    let values = (0..grid.count()).map(value).collect();
    volume(grid.clone(), Voxels::F32(values), Scale::NONE)
}

/// A grid around the middle of the other, along axes in one of the 48 orders, turned.
fn other_grid(order: usize) -> Grid {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let column = |a: usize| {
        let sign = if (order % 8) >> a & 1 == 1 { -1.0 } else { 1.0 };
        DMat3::IDENTITY.col(orders[order / 8][a]) * sign * [1.1, 2.3, 1.7][a]
    };
    let m = DMat3::from_rotation_z(0.4) * DMat3::from_cols(column(0), column(1), column(2));
    let dims = [40, 22, 28];
    let middle = m * (DVec3::from_array(dims.map(|n| n as f64)) / 2.0);
    let start = awkward_grid(DIMS).centre() - middle;
    Grid::new(dims, DAffine3::from_mat3_translation(m, start)).unwrap()
}

#[test]
fn a_second_scan_is_cut_by_the_first_ones_planes_in_every_order_of_its_axes() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let scan = slope(&grid);
    let nothing = LabelMap::empty(DIMS);
    let mut first = scene(&gpu, &scan, &nothing);
    let mut beside = first.beside();
    for order in (0..48).step_by(5) {
        let second = slope(&other_grid(order));
        beside.set_volume(Arc::clone(&second)).unwrap();
        while !beside.upload(1 << 20) {}
        let leads = second.grid().voxel_from_voxel_of(&grid);
        let none = LabelMap::empty(second.grid().dims());
        for plane in Plane::ALL {
            let mut params = plane_params(&grid, plane, WINDOW, SIZE);
            let step = params.voxel_from_pane.matrix3.z_axis;
            for samples in [1, 3] {
                params.slab =
                    Some(Slab { projection: Projection::Mean, samples, voxel_step: step });
                let through = params.clone().through(leads);
                let drawn = gpu.slice(&mut beside, &through).unwrap();
                let wanted = slice_rgba(&second, &none, &[], &through);
                let what = format!("{order} {plane:?} {samples}");
                assert_close(&what, &drawn, &wanted, 2, 0.001);
                // The same place has the same grey in both, wherever both are.
                let own = gpu.slice(&mut first, &params).unwrap();
                let both = own.chunks_exact(4).zip(drawn.chunks_exact(4));
                let shown = |p: &[u8]| p[0] > 4 && p[0] < 250;
                let seen = both.filter(|(a, b)| shown(a) && shown(b));
                let apart: Vec<u8> = seen.map(|(a, b)| a[0].abs_diff(b[0])).collect();
                let off = apart.iter().filter(|d| **d > 3).count();
                assert!(apart.len() > 1500, "{what}: {} pixels in both", apart.len());
                // (At the ends of a scan a thick slice has fewer samples.)
                assert!(off * 20 < apart.len(), "{what}: {off} of {} differ", apart.len());
            }
        }
    }
}
