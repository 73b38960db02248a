//! Every mode of the 3D view against its CPU reference, from every side, cut open, and what picking finds in it.

use std::sync::Arc;

use crate::support::{awkward_grid, offscreen, scene, show, volume};
use voxpoint::geom::{Axis, DAffine3, DMat3, DVec2, DVec3, Direction, Grid, Orbit};
use voxpoint::render::cpu_reference::raycast_rgba;
use voxpoint::render::{
    Clip, ClipBox, ClipPlane, ColourMap, HitKind, LabelStyle, Mode3d, Offscreen, RaycastParams,
    TransferFunction, TransferPoint, TransferPreset, pick,
};
use voxpoint::volume::{LabelMap, Scale, Volume, VoxelBox, Voxels, Window};

const DIMS: [usize; 3] = [43, 34, 27];

/// Every voxel with its place, x fastest.
fn voxels<T>(dims: [usize; 3], mut value: impl FnMut(DVec3) -> T) -> Vec<T> {
    let [nx, ny, nz] = dims;
    let at = |n: usize| DVec3::new((n % nx) as f64, (n / nx % ny) as f64, (n / nx / ny) as f64);
    (0..nx * ny * nz).map(|n| value(at(n))).collect()
}

/// A lopsided body with a dense rod in it and a hole, in much empty space.
fn body(at: DVec3) -> i16 {
    let ball = (at - DVec3::new(17.0, 18.0, 12.0)).length();
    let rod = (at - DVec3::new(14.0, 0.0, 15.0)).with_y(0.0).length();
    let hole = (at - DVec3::new(22.0, 20.0, 9.0)).length();
    let soft = 300.0 * (11.0 - ball).clamp(-1.0, 1.0);
    let dense = 700.0 * (3.5 - rod).clamp(0.0, 1.0) * f64::from(at.y < 27.0);
    (soft + dense - 600.0 * (4.0 - hole).clamp(0.0, 1.0)) as i16
}

/// Two masks that touch, one that is faint, a hidden one, and a single voxel.
fn masks(dims: [usize; 3]) -> LabelMap {
    let labels = voxels(dims, |at| {
        if (at - DVec3::new(18.0, 17.0, 11.0)).length() < 6.0 {
            1 + u16::from(at.x > 18.0)
        } else if (at - DVec3::new(30.0, 9.0, 17.0)).length() < 4.0 {
            3
        } else if (at - DVec3::new(18.0, 27.0, 17.0)).length() < 4.0 {
            4
        } else {
            u16::from(at == DVec3::new(33.0, 25.0, 8.0))
        }
    });
    LabelMap::from_labels(dims, &labels)
}

fn styles() -> Vec<LabelStyle> {
    let style =
        |value, colour, opacity| LabelStyle { value, colour, visible: true, opacity, faint: false };
    vec![
        style(1, [220, 60, 40], 0.5),
        style(2, [60, 90, 230], 1.0),
        LabelStyle { faint: true, ..style(3, [40, 200, 70], 1.0) },
        LabelStyle { visible: false, ..style(4, [230, 230, 20], 1.0) },
    ]
}

fn params(mode: Mode3d) -> RaycastParams {
    RaycastParams {
        size: [72, 64],
        orbit: Orbit { zoom: 1.2, ..Orbit::default() },
        mode,
        window: Window::new(300.0, 900.0),
        colour_map: ColourMap::Hot,
        transfer: TransferPreset::CtBone.function(Window::new(40.0, 400.0)),
        iso_value: 120.0,
        clip: Clip::default(),
        draft: false,
        image_opacity: 0.5,
    }
}

fn clips(grid: &Grid) -> [Clip; 3] {
    let normal = DVec3::new(0.5, 0.7, -0.3).normalize();
    let plane = ClipPlane { normal, offset_mm: normal.dot(grid.centre()) + 1.3 };
    let bounds = ClipBox { low: [0.0, 0.2, 0.31], high: [0.62, 0.9, 1.0] };
    let plane = Some(plane);
    [Clip::default(), Clip { plane, bounds: None }, Clip { plane: None, bounds: Some(bounds) }]
}

/// Mean absolute difference, 99th percentile and largest, in levels of 255.
fn difference(a: &[u8], b: &[u8]) -> (f64, u8, u8) {
    assert_eq!(a.len(), b.len());
    let mut all: Vec<u8> = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).collect();
    all.sort_unstable();
    let mean = all.iter().map(|&d| f64::from(d)).sum::<f64>() / all.len() as f64;
    (mean, all[all.len() * 99 / 100], all[all.len() - 1])
}

/// Tolerance: single rays that graze an edge may meet it or not, and MIP's colours come in 256 steps. The mean must
/// be below 0.1 levels and 99 % of bytes within 2 levels (3 in MIP); the largest difference below 40 levels, and below
/// 4 in the scan alone (but for MIP).
#[test]
fn every_mode_equals_its_cpu_reference() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let volume = volume(grid.clone(), Voxels::I16(voxels(DIMS, body)), Scale::NONE);
    let nothing = LabelMap::empty(DIMS);
    let mut worst = (0.0f64, 0u8);
    for labels in [masks(DIMS), nothing] {
        let masked = labels.max() > 0;
        let mut scene = scene(&gpu, &volume, &labels);
        scene.set_styles(&styles());
        for mode in Mode3d::ALL {
            if mode == Mode3d::Surface && !masked {
                continue;
            }
            for (n, clip) in clips(&grid).into_iter().enumerate() {
                for perspective in [false, true] {
                    let mut params = params(mode);
                    params.orbit.perspective = perspective;
                    if n % 2 == 1 {
                        params.orbit.shift = DVec2::new(6.0, -4.0);
                    }
                    params.clip = clip;
                    if n == 1 {
                        params.image_opacity = 0.3;
                        params.transfer = TransferFunction::Window;
                    }
                    let drawn = gpu.volume_3d(&mut scene, &params).unwrap();
                    let wanted = raycast_rgba(&volume, &labels, &styles(), &params);
                    let (mean, most, max) = difference(&drawn, &wanted);
                    let what = format!(
                        "{mode:?}, masks {masked}, clip {n}, perspective {perspective}: mean \
                         {mean:.3}, 99 % {most}, max {max}"
                    );
                    println!("{what}");
                    worst = (worst.0.max(mean), worst.1.max(most));
                    // One step of the 256 of this colour map is up to three levels.
                    let step = if mode == Mode3d::Mip { 3 } else { 2 };
                    assert!(mean < 0.1 && most <= step && max < 40, "{what}");
                    assert!(mode == Mode3d::Mip || masked || max < 4, "{what}");
                    let shown = wanted.chunks_exact(4).filter(|p| p[..3] != [0, 0, 0]).count();
                    assert!(shown > 72 * 64 / 50, "{what}: next to nothing is shown");
                }
            }
        }
    }
    println!("worst mean {:.3}, worst 99th percentile {}", worst.0, worst.1);
}

#[test]
fn empty_space_is_skipped_without_a_trace() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let volume = volume(grid.clone(), Voxels::I16(voxels(DIMS, body)), Scale::NONE);
    for labels in [masks(DIMS), LabelMap::empty(DIMS)] {
        let mut scene = scene(&gpu, &volume, &labels);
        scene.set_styles(&styles());
        for mode in Mode3d::ALL {
            for (clip, draft) in clips(&grid).into_iter().zip([false, true, false]) {
                let mut params = RaycastParams { clip, draft, ..params(mode) };
                params.size = [200, 180];
                scene.set_skip_empty(true);
                let skipped = gpu.volume_3d(&mut scene, &params).unwrap();
                scene.set_skip_empty(false);
                let whole = gpu.volume_3d(&mut scene, &params).unwrap();
                assert!(skipped == whole, "{mode:?} {clip:?} {:?}", difference(&skipped, &whole));
            }
        }
    }
}

#[test]
fn an_edit_of_a_box_is_as_good_as_all_of_it_anew() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let volume = volume(grid, Voxels::I16(voxels(DIMS, body)), Scale::NONE);
    let one = |at: DVec3| u16::from((at - DVec3::new(8.0, 9.0, 9.0)).length() < 4.5);
    let two = |at: DVec3| 2 * u16::from((at - DVec3::new(29.0, 21.0, 16.0)).length() < 4.5);
    let before = LabelMap::from_labels(DIMS, &voxels(DIMS, one));
    let both = LabelMap::from_labels(DIMS, &voxels(DIMS, |at| one(at).max(two(at))));
    let mut edited = scene(&gpu, &volume, &before);
    let mut anew = scene(&gpu, &volume, &both);
    let edit = VoxelBox { min: [24, 16, 11], max: [34, 26, 21] };
    edited.set_labels(&both, Some(edit)).unwrap();
    let params = params(Mode3d::Surface);
    let drawn = gpu.volume_3d(&mut edited, &params).unwrap();
    assert!(drawn == gpu.volume_3d(&mut anew, &params).unwrap());
    edited.set_labels(&before, Some(edit)).unwrap();
    assert_ne!(drawn, gpu.volume_3d(&mut edited, &params).unwrap(), "and it goes again");
}

/// The three world axes along the voxel axes, in all 48 ways.
fn all_grids(side: usize) -> Vec<Grid> {
    let axes = [DVec3::X, DVec3::Y, DVec3::Z];
    let mut grids = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for flips in 0..8 {
            let column = |n: usize| axes[order[n]] * if flips >> n & 1 == 1 { -1.0 } else { 1.0 };
            let m = DMat3::from_cols(column(0), column(1), column(2));
            let placed = DAffine3::from_mat3_translation(m, DVec3::new(100.0, -50.0, 7.0));
            grids.push(Grid::new([side; 3], placed).unwrap());
        }
    }
    grids
}

fn looking_from(axis: Axis, positive: bool) -> Orbit {
    Orbit::looking_from(Direction { axis, positive })
}

/// Middle of the pixels that are bright in a channel and not in the other one.
fn middle_of(pixels: &[u8], width: usize, channel: usize) -> Option<[f64; 2]> {
    let (mut sum, mut count) = ([0.0; 2], 0.0);
    for (n, p) in pixels.chunks_exact(4).enumerate() {
        if p[channel] > 60 && p[2 - channel] < p[channel] / 2 {
            sum[0] += (n % width) as f64 + 0.5;
            sum[1] += (n / width) as f64 + 0.5;
            count += 1.0;
        }
    }
    (count > 0.0).then(|| sum.map(|s| s / count))
}

/// A marker near the left anterior superior corner, as a mask and in the scan, from all six sides, however the
/// voxels are stored: both lie at the pixel that anatomy says.
#[test]
fn the_left_anterior_superior_corner_is_where_it_belongs() {
    let gpu = offscreen();
    let offset = DVec3::new(-5.0, 3.0, 7.0);
    let mut scene = gpu.scene();
    let mask = LabelStyle { colour: [240, 0, 0], opacity: 1.0, ..styles()[0] };
    scene.set_styles(&[mask]);
    let (r, a, s) = (DVec3::X, DVec3::Y, DVec3::Z);
    // Seen from, picture right, picture up.
    let sides = [
        (Axis::Y, true, -r, s),
        (Axis::Y, false, r, s),
        (Axis::X, true, a, s),
        (Axis::X, false, -a, s),
        (Axis::Z, true, r, a),
        (Axis::Z, false, -r, a),
    ];
    for (n, grid) in all_grids(20).into_iter().enumerate() {
        let near = |at: DVec3| at.distance(grid.centre() + offset) < 2.5;
        let labels = voxels([20; 3], |at| u16::from(near(grid.world(at))));
        let values = voxels([20; 3], |at| if near(grid.world(at)) { 200u8 } else { 10 });
        let volume = volume(grid.clone(), Voxels::U8(values), Scale::NONE);
        for mode in [Mode3d::Surface, Mode3d::Mip] {
            let masked = mode == Mode3d::Surface;
            let empty = vec![0; 8000];
            let shown = LabelMap::from_labels([20; 3], if masked { &labels } else { &empty });
            show(&mut scene, &volume, &shown);
            for (axis, positive, right, up) in sides {
                let mut params = params(mode);
                params.size = [44, 40];
                params.orbit = looking_from(axis, positive);
                params.window = Window::new(120.0, 100.0);
                params.colour_map = ColourMap::Grey;
                let drawn = gpu.volume_3d(&mut scene, &params).unwrap();
                let drawn: Vec<u8> = if masked {
                    drawn
                } else {
                    // As if it were red.
                    drawn.chunks_exact(4).flat_map(|p| [p[0], 0, 0, 255]).collect()
                };
                let mm = params.orbit.mm_per_pixel(&grid, [44.0, 40.0]);
                let wanted = [22.0 + right.dot(offset) / mm, 20.0 - up.dot(offset) / mm];
                let what = format!("{mode:?} grid {n} {axis:?} {positive}");
                let at = middle_of(&drawn, 44, 0).unwrap_or_else(|| panic!("{what}: no marker"));
                let off = (at[0] - wanted[0]).hypot(at[1] - wanted[1]);
                assert!(off < 0.6, "{what}: at {at:?}, not {wanted:?}");
            }
        }
    }
}

/// What the user keeps is what is named: the right half, the upper part, what is behind a plane.
#[test]
fn what_is_cut_away_is_the_side_that_is_named() {
    let gpu = offscreen();
    let mut scene = gpu.scene();
    for (n, grid) in all_grids(16).into_iter().enumerate().step_by(5) {
        let volume = volume(grid.clone(), Voxels::U8(vec![200; 4096]), Scale::NONE);
        show(&mut scene, &volume, &LabelMap::empty([16; 3]));
        let whole = ClipBox { low: [0.0; 3], high: [1.0; 3] };
        let right = ClipBox { low: [0.5, 0.0, 0.0], ..whole };
        let upper = ClipBox { low: [0.0, 0.0, 0.75], ..whole };
        let plane = ClipPlane { normal: DVec3::Z, offset_mm: grid.centre().z - 4.0 };
        // Share of rows from the top, and of columns from the left, in which something is.
        let cases = [
            (Clip { plane: None, bounds: Some(right) }, [0.0, 0.5], [0.0, 1.0]),
            (Clip { plane: None, bounds: Some(upper) }, [0.0, 1.0], [0.0, 0.25]),
            (Clip { plane: Some(plane), bounds: None }, [0.0, 1.0], [0.75, 1.0]),
        ];
        for (clip, columns, rows) in cases {
            let mut params = params(Mode3d::Mip);
            (params.size, params.clip) = ([64, 64], clip);
            params.orbit = looking_from(Axis::Y, true);
            (params.window, params.colour_map) = (Window::new(100.0, 100.0), ColourMap::Grey);
            let drawn = gpu.volume_3d(&mut scene, &params).unwrap();
            let mm = params.orbit.mm_per_pixel(&grid, [64.0, 64.0]);
            let first = 32.0 - 8.0 / mm;
            let at = |share: f64| first + share * 16.0 / mm;
            for (i, p) in drawn.chunks_exact(4).enumerate() {
                let (x, y) = ((i % 64) as f64 + 0.5, (i / 64) as f64 + 0.5);
                let within = |v: f64, [low, high]: [f64; 2], room: f64| {
                    v > at(low) + room && v < at(high) - room
                };
                let what = format!("grid {n} {clip:?} pixel {x} {y}");
                if within(x, columns, 1.0) && within(y, rows, 1.0) {
                    assert!(p[0] > 200, "{what} is missing");
                } else if !(within(x, columns, -1.0) && within(y, rows, -1.0)) {
                    assert_eq!(p[0], 0, "{what} should be cut away");
                }
            }
        }
    }
}

/// A mask cut open shows its own colour all over the cut, and not its inside.
#[test]
fn a_mask_cut_open_is_filled() {
    let gpu = offscreen();
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let volume = volume(grid.clone(), Voxels::I16(voxels(DIMS, |_| -1000)), Scale::NONE);
    let ball = voxels(DIMS, |at| 2 * u16::from(at.distance(grid.centre()) < 9.0));
    let mut scene = scene(&gpu, &volume, &LabelMap::from_labels(DIMS, &ball));
    scene.set_styles(&styles());
    let mut params = params(Mode3d::Surface);
    params.orbit = looking_from(Axis::Y, true);
    let plane = ClipPlane { normal: DVec3::Y, offset_mm: grid.centre().y };
    params.clip = Clip { plane: Some(plane), bounds: None };
    let drawn = gpu.volume_3d(&mut scene, &params).unwrap();
    let mm = params.orbit.mm_per_pixel(&grid, [72.0, 64.0]);
    let middle = &drawn[(32 * 72 + 36) * 4..][..3];
    assert!(middle[2] > 150 && middle[0] < 120, "{middle:?}");
    for (n, p) in drawn.chunks_exact(4).enumerate() {
        let (x, y) = ((n % 72) as f64 + 0.5 - 36.0, (n / 72) as f64 + 0.5 - 32.0);
        if x.hypot(y) * mm < 8.0 {
            assert_eq!(&p[..3], middle, "flat, and lit the same all over");
        }
    }
}

/// What is as bright as can be in front of a mask is a veil over it in MIP, and no wall.
#[test]
fn mip_shows_masks_behind_what_is_white() {
    let gpu = offscreen();
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let wall = |at: DVec3| if at.y > 26.0 { 3000 } else { -1000 };
    let volume = volume(grid.clone(), Voxels::I16(voxels(DIMS, wall)), Scale::NONE);
    let centre = grid.centre() - DVec3::Y * 6.0;
    let ball = voxels(DIMS, |at| 2 * u16::from(at.distance(centre) < 6.0));
    let labels = LabelMap::from_labels(DIMS, &ball);
    let mut scene = scene(&gpu, &volume, &labels);
    scene.set_styles(&styles());
    let mut params = RaycastParams { colour_map: ColourMap::Grey, ..params(Mode3d::Mip) };
    params.orbit = looking_from(Axis::Y, true);
    for skip in [true, false] {
        scene.set_skip_empty(skip);
        let drawn = gpu.volume_3d(&mut scene, &params).unwrap();
        let pixel = |x: usize, y: usize| &drawn[(y * 72 + x) * 4..][..3];
        let (middle, beside) = (pixel(36, 32), pixel(36, 20));
        assert_eq!(beside, [255, 255, 255], "the wall beside the mask");
        assert!(middle[2] > middle[0] + 30, "skipping {skip}: blue shines through: {middle:?}");
        let wanted = raycast_rgba(&volume, &labels, &styles(), &params);
        let (mean, most, _) = difference(&drawn, &wanted);
        assert!(mean < 0.1 && most <= 3, "skipping {skip}: mean {mean:.3}, 99 % {most}");
    }
}

/// Several frames make the same picture as one.
#[test]
fn a_picture_in_several_frames_is_the_same() {
    let gpu = offscreen();
    let grid = awkward_grid(DIMS);
    let volume = volume(grid, Voxels::I16(voxels(DIMS, body)), Scale::NONE);
    let labels = masks(DIMS);
    let mut scene = scene(&gpu, &volume, &labels);
    let params = RaycastParams { size: [420, 400], ..params(Mode3d::Volume) };
    let wanted = gpu.volume_3d(&mut scene, &params).unwrap();
    let mut scene = crate::support::scene(&gpu, &volume, &labels);
    scene.set_progressive(true);
    let mut frames = 0;
    loop {
        let mut encoder =
            gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let more = scene.prepare_3d(&mut encoder, &params);
        gpu.queue().submit([encoder.finish()]);
        frames += 1;
        if !more {
            break;
        }
        assert!(frames < 100, "it never ends");
    }
    if gpu.device().adapter_info().device_type == wgpu::DeviceType::Cpu {
        assert!(frames > 2, "a draft, and more than one piece");
    }
    assert!(gpu.volume_3d(&mut scene, &params).unwrap() == wanted);
}

/// Grids with flipped, permuted and slanted axes.
fn odd_grids() -> Vec<Grid> {
    let mut grids: Vec<Grid> = all_grids(30).into_iter().step_by(7).collect();
    grids.push(awkward_grid([30; 3]));
    grids
}

fn picked(
    volume: &Arc<Volume>,
    labels: &LabelMap,
    params: &RaycastParams,
    world: DVec3,
) -> Option<voxpoint::render::Hit> {
    let at = params.orbit.project(volume.grid(), params.size.map(f64::from), world);
    pick(volume, labels, &styles(), params, [at.x, at.y])
}

/// A ball of radius 8 voxels is hit where the ray of its middle's pixel enters it, to within a voxel.
#[test]
fn picking_finds_what_is_seen() {
    for grid in odd_grids() {
        let voxel = grid.spacing().max_element();
        let middle = DVec3::new(13.0, 16.0, 15.0);
        let from_edge = |at: DVec3| 8.0 - at.distance(middle);
        let ball = voxels([30; 3], |at| (100.0 * from_edge(at)) as i16);
        let scan = volume(grid.clone(), Voxels::I16(ball), Scale::NONE);
        let mask = voxels([30; 3], |at| u16::from(from_edge(at) > 0.0));
        let mask = LabelMap::from_labels([30; 3], &mask);
        let hidden = voxels([30; 3], |at| 4 * u16::from(from_edge(at) > 0.0));
        let hidden = LabelMap::from_labels([30; 3], &hidden);
        let nothing = LabelMap::empty([30; 3]);
        let centre = grid.world(middle);
        let curve = [(-50.0, 0.0), (0.0, 0.0), (1.0, 1.0), (50.0, 1.0)];
        let curve =
            curve.map(|(value, opacity)| TransferPoint { value, colour: [200; 3], opacity });
        for perspective in [false, true] {
            for mode in Mode3d::ALL {
                let mut params = params(mode);
                params.orbit.perspective = perspective;
                (params.iso_value, params.transfer) =
                    (0.0, TransferFunction::points(curve.to_vec()).unwrap());
                params.window = Window::new(400.0, 900.0);
                let what = format!("{mode:?} {perspective} {grid:?}");
                let at = params.orbit.project(&grid, [72.0, 64.0], centre);
                let along = params.orbit.ray(&grid, [72.0, 64.0], [at.x, at.y]).along.normalize();
                // Where the way from the middle back to the viewer leaves the ball.
                let back = grid.voxel_from_world().matrix3 * -along;
                let entry = centre - along * (8.0 / back.length());
                let hit = picked(&scan, &mask, &params, centre).unwrap_or_else(|| panic!("{what}"));
                assert_eq!(hit.kind, HitKind::Mask(1), "{what}");
                assert!(hit.world.distance(entry) < voxel, "{what}: {} {entry}", hit.world);
                for labels in [&nothing, &hidden] {
                    let hit = picked(&scan, labels, &params, centre);
                    if mode == Mode3d::Surface {
                        assert_eq!(hit, None, "{what}");
                        continue;
                    }
                    let hit = hit.unwrap_or_else(|| panic!("{what}: nothing"));
                    let wanted = if mode == Mode3d::Mip { centre } else { entry };
                    assert_eq!(hit.kind, HitKind::Scan, "{what}");
                    assert!(hit.world.distance(wanted) < voxel, "{what}: {} {wanted}", hit.world);
                }
                // Half of it cut away: the cut is what is seen.
                let normal = params.orbit.axes().z_axis;
                let plane = ClipPlane { normal, offset_mm: normal.dot(centre) };
                params.clip.plane = Some(plane);
                let hit = picked(&scan, &mask, &params, centre).unwrap_or_else(|| panic!("{what}"));
                assert!(hit.world.distance(centre) < voxel * 0.1, "{what}: {}", hit.world);
                let beside = centre + params.orbit.axes().x_axis * 40.0;
                assert_eq!(picked(&scan, &mask, &params, beside), None, "{what}: beside it");
            }
        }
    }
}

#[test]
fn picking_takes_no_time() {
    let dims = [256, 256, 200];
    let grid = Grid::new(dims, DAffine3::from_scale(DVec3::new(-0.7, -0.7, 1.0))).unwrap();
    let values = vec![-1000i16; dims.iter().product()];
    let scan = volume(grid, Voxels::I16(values), Scale::NONE);
    let labels = LabelMap::empty(dims);
    let params = RaycastParams { size: [800, 800], ..params(Mode3d::Volume) };
    let begin = std::time::Instant::now();
    for n in 0..10 {
        let pixel = [300.0 + f64::from(n) * 10.0, 400.0];
        assert_eq!(pick(&scan, &labels, &styles(), &params, pixel), None);
    }
    // Under 5 ms where nothing else runs; here something does.
    println!("{:?} a ray", begin.elapsed() / 10);
    assert!(begin.elapsed().as_millis() < 1000, "{:?} a ray", begin.elapsed() / 10);
}

#[test]
fn presets_draw_what_they_are_named_after() {
    let gpu: Offscreen = offscreen();
    let grid = awkward_grid(DIMS);
    // Everything from air to metal.
    let ramp = |at: DVec3| (at.x * 50.0 + at.y - 1000.0) as i16;
    let volume = volume(grid, Voxels::I16(voxels(DIMS, ramp)), Scale::NONE);
    let mut scene = scene(&gpu, &volume, &LabelMap::empty(DIMS));
    let mut seen = Vec::new();
    for preset in TransferPreset::ALL {
        let transfer = preset.function(Window::new(200.0, 900.0));
        let picture =
            gpu.volume_3d(&mut scene, &RaycastParams { transfer, ..params(Mode3d::Volume) });
        let picture = picture.unwrap();
        assert!(picture.chunks_exact(4).any(|p| p[0] > 30), "{preset:?} shows something");
        assert!(!seen.contains(&picture), "{preset:?}");
        seen.push(picture);
    }
}
