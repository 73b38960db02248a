//! What a click costs besides the network, at 512 × 512 × 300 int16 with 0.7 × 0.7 × 1 mm voxels:
//! `cargo bench --bench click`. The limits in the names are goals on 2 cores, not assertions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::prompt::{Logits, Prompt};
use voxpoint::segment::{CanonicalGrid, DeviceChoice, Request, Segmenter, crop, paste, runtime};
use voxpoint::volume::{Scale, StoredGeometry, Volume, Voxels};
use voxpoint::work::CancelToken;

fn volume() -> Arc<Volume> {
    let dims = [512, 512, 300];
    let world_from_voxel = DAffine3::from_scale(DVec3::new(-0.7, -0.7, 1.0));
    let Ok(grid) = Grid::new(dims, world_from_voxel) else { unreachable!("a sound grid") };
    // Air around a body with a gradient and noise, as in a CT.
    let voxels = (0..grid.count()).map(|i| {
        let (x, y) = ((i % 512) as f64 - 256.0, (i / 512 % 512) as f64 - 256.0);
        let noise = (i.wrapping_mul(2_654_435_761) >> 16) % 60;
        if x.hypot(y) < 220.0 { (x * 0.5) as i16 + 20 + noise as i16 } else { -1000 }
    });
    let voxels = Voxels::I16(voxels.collect());
    let stored = StoredGeometry::of(&grid);
    Arc::new(Volume::new("bench", grid, dims.to_vec(), voxels, Scale::NONE, stored, vec![]))
}

/// A ball of the given share of the cube with a wavy surface; 1.2 fills the cube but for its corners.
fn ball(side: usize, share: f32) -> Logits {
    let half = side as f32 / 2.0;
    let values = (0..side.pow(3)).map(|n| {
        let p = [n / side / side, n / side % side, n % side].map(|v| v as f32 - half);
        let radius = (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt();
        share * half - radius + (p[0] * 0.9).sin() + (p[1] * 1.1).cos()
    });
    Logits { side, values: values.collect() }
}

fn kernels(c: &mut Criterion) {
    let volume = volume();
    let place = CanonicalGrid::of(volume.grid()).crop_around(volume.grid().centre());
    c.bench_function("crop + z-norm (goal 40 ms)", |b| b.iter(|| crop(&volume, place.start)));
    for (side, share) in [(32, 0.4), (64, 0.4), (64, 1.2)] {
        let logits = ball(side, share);
        let name = format!("paste {side}³, {share} of the cube (goal 10 ms)");
        c.bench_function(&name, |b| b.iter(|| paste(&logits, &place, volume.grid())));
    }
}

/// A whole second click less the time in the decoder.
fn second_click(c: &mut Criterion) {
    let Some(model) = runtime::demo_model() else {
        eprintln!("no demo model: the second click is left out");
        return;
    };
    let mut segmenter = match Segmenter::open(&model, DeviceChoice::Cpu, None) {
        Ok(segmenter) => segmenter,
        Err(error) => {
            eprintln!("the second click is left out: {error}");
            return;
        }
    };
    let volume = volume();
    let world = volume.grid().centre();
    let prompts = vec![
        Prompt { world, positive: true },
        Prompt { world: world + DVec3::splat(12.0), positive: true },
    ];
    let mut request = Request { volume, prompts: prompts[..1].to_vec(), steps: vec![], crop: None };
    let cancel = CancelToken::new();
    let mut run = |request: &Request| {
        segmenter.run(request, &cancel, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"))
    };
    let first = run(&request);
    request = Request { prompts, steps: first.steps, crop: first.crop, ..request };
    let mut decoder = Duration::ZERO;
    c.bench_function("second click without the network (goal 15 ms)", |b| {
        b.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    let begin = Instant::now();
                    let outcome = run(&request);
                    let network: f64 = outcome.timings.decode.iter().sum();
                    decoder = Duration::from_secs_f64(network / 1e3);
                    begin.elapsed().saturating_sub(decoder)
                })
                .sum()
        });
    });
    println!("decoder, last run: {decoder:?} ({} threads)", segmenter.device().threads);
}

criterion_group! {
    name = click;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = kernels, second_click
}
criterion_main!(click);
