//! What a click costs besides the network, at 512 × 512 × 300 with 0.7 × 0.7 × 1 mm voxels:
//! `cargo bench --bench click`. First the pasting of masks of several shapes, then `voxpoint bench click`
//! with a real model. The limits in the names are goals on 2 cores, not assertions.

use std::process::ExitCode;
use std::time::Duration;

use criterion::Criterion;
use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::segment::cubes::{CanonicalGrid, Logits, paste};

const DIMS: [usize; 3] = [512, 512, 300];

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

fn pasting(c: &mut Criterion) {
    let world_from_voxel = DAffine3::from_scale(DVec3::new(-0.7, -0.7, 1.0));
    let Ok(grid) = Grid::new(DIMS, world_from_voxel) else { unreachable!("a sound grid") };
    let place = CanonicalGrid::of(&grid).crop_around(grid.centre());
    for (side, share) in [(32, 0.4), (64, 0.4), (64, 1.2)] {
        let logits = ball(side, share);
        let name = format!("paste {side}³, {share} of the cube (goal 10 ms)");
        c.bench_function(&name, |b| b.iter(|| paste(&logits, &place, &grid)));
    }
}

fn main() -> ExitCode {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    pasting(&mut criterion);
    criterion.final_summary();
    println!("goals: preprocessing 40 ms, a second click without the network 15 ms");
    voxpoint::cli::run(["voxpoint", "bench", "click", "--repeat", "7"].map(Into::into))
}
