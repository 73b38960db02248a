//! How long slices take to draw, for comparing one build with another: `cargo nextest run --release
//! --run-ignored only --test render speed:: --no-capture`.

use crate::support::{offscreen, plane_params, scene, volume, wavy};
use voxpoint::geom::{DAffine3, DVec3, Grid, Plane};
use voxpoint::render::{
    ColourMap, ImageOverlay, Interpolation, Offscreen, Projection, Scene, Slab, SliceParams,
};
use voxpoint::volume::{LabelMap, Scale, Voxels, Window};

const DIMS: [usize; 3] = [256, 256, 200];
const SIZE: [u32; 2] = [1600, 1000];
const ROUNDS: u32 = 16;

/// Milliseconds of all cores that this process has taken so far: unlike the time on the wall, what else
/// the machine does hardly changes it.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |n: usize| fields[n].parse::<f64>().unwrap();
    // User and system time, in hundredths of a second.
    (ticks(11) + ticks(12)) * 10.0
}

/// Milliseconds of all cores that the three planes take together, the mean of several.
fn milliseconds(gpu: &Offscreen, scene: &mut Scene, change: impl Fn(&mut SliceParams)) -> f64 {
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let target = gpu.target(SIZE);
    let view = target.create_view(&wgpu::TextureViewDescriptor::default());
    let mut started = 0.0;
    for round in 0..=ROUNDS {
        // The first compiles.
        if round == 1 {
            started = processor_time();
        }
        let mut encoder =
            gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for (pane, plane) in Plane::ALL.into_iter().enumerate() {
            let mut params = plane_params(&grid, plane, Window::new(0.0, 1500.0), SIZE);
            change(&mut params);
            scene.prepare_slice(pane, &params);
        }
        for pane in 0..3 {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: None,
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations::default(),
                })],
                depth_stencil_attachment: None,
                timestamp_writes: None,
                occlusion_query_set: None,
                multiview_mask: None,
            });
            scene.paint_slice(&mut pass, pane);
        }
        gpu.queue().submit([encoder.finish()]);
        gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
    }
    (processor_time() - started) / f64::from(ROUNDS)
}

/// Half of it in three large labels.
fn halves() -> LabelMap {
    let [nx, ny, nz] = DIMS;
    let mut labels = Vec::with_capacity(nx * ny * nz);
    for z in 0..nz {
        for y in 0..ny {
            for x in 0..nx {
                labels.push(if (x / 64 + y / 64 + z / 50) % 2 == 0 {
                    1 + (z / 100) as u16
                } else {
                    0
                });
            }
        }
    }
    LabelMap::from_labels(DIMS, &labels)
}

#[test]
#[ignore = "measures"]
fn three_slices() {
    let gpu = offscreen();
    let grid = Grid::new(DIMS, DAffine3::IDENTITY).unwrap();
    let voxels = Voxels::I16(wavy(DIMS).iter().map(|w| (w * 1000.0) as i16).collect());
    let volume = volume(grid, voxels, Scale::NONE);
    let mut scene = scene(&gpu, &volume, &LabelMap::empty(DIMS));
    let tell = |what: &str, ms: f64| println!("{what:40} {ms:7.1} ms");
    tell("linear", milliseconds(&gpu, &mut scene, |_| {}));
    tell("nearest", milliseconds(&gpu, &mut scene, |p| p.interpolation = Interpolation::Nearest));
    tell("cubic", milliseconds(&gpu, &mut scene, |p| p.interpolation = Interpolation::Cubic));
    tell("linear, viridis", milliseconds(&gpu, &mut scene, |p| p.colour_map = ColourMap::Viridis));
    let slab =
        |samples| Slab { projection: Projection::Max, samples, voxel_step: DVec3::splat(0.5) };
    tell("linear, 11 samples", milliseconds(&gpu, &mut scene, |p| p.slab = Some(slab(11))));
    scene.set_labels(&halves(), None).unwrap();
    for wide in [1.0, 2.0, 3.0, 8.0] {
        let change = |p: &mut SliceParams| p.masks.outline_width = wide;
        tell(&format!("linear, labels, outline {wide}"), milliseconds(&gpu, &mut scene, change));
    }
    scene.set_labels(&LabelMap::empty(DIMS), None).unwrap();
    scene.set_overlay(0, Some(volume)).unwrap();
    while !scene.upload(usize::MAX) {}
    let overlay = ImageOverlay {
        slot: 0,
        window: Window::new(0.0, 1500.0),
        colour_map: ColourMap::Pet,
        opacity: 0.5,
        interpolation: Interpolation::Linear,
    };
    tell("linear, one overlay", milliseconds(&gpu, &mut scene, |p| p.overlays = vec![overlay]));
}
