//! What comparing two label maps and making a mesh cost, at 512 × 512 × 300 with 0.7 × 0.7 × 1 mm voxels:
//! `cargo bench --bench measure`. The same masks by `MedPy`, surface-distance and SimpleITK:
//! `benches/measure_peers.py`. The limits in the names are goals on 2 cores, not assertions.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::mask::WorkLimits;
use voxpoint::measure::{MaskShape, compare_masks};
use voxpoint::mesh::{MeshOptions, surface_mesh};
use voxpoint::volume::{Region, RegionBuilder};

const DIMS: [usize; 3] = [512, 512, 300];
const SPACING: [f64; 3] = [0.7, 0.7, 1.0];
/// Of a ball of 100 mL, mm.
const RADIUS: f64 = 28.8;

/// A wavy ball around a place, mm (`benches/measure_peers.py` has the same).
fn organ(middle: [f64; 3], radius: f64) -> Region {
    let mut builder = RegionBuilder::new(DIMS[0]);
    let span = |a: usize| {
        let at = |mm: f64| (mm / SPACING[a]).clamp(0.0, DIMS[a] as f64) as usize;
        at(middle[a] - 1.2 * radius)..at(middle[a] + 1.2 * radius)
    };
    for z in span(2) {
        for y in span(1) {
            for x in span(0) {
                let at = [x, y, z];
                let [dx, dy, dz]: [f64; 3] =
                    std::array::from_fn(|a| at[a] as f64 * SPACING[a] - middle[a]);
                let wave = 1.0 + 0.1 * (dx / 6.0).sin() * (dy / 8.0).cos();
                if dx * dx + dy * dy + dz * dz < (radius * wave).powi(2) {
                    builder.push(x + DIMS[0] * (y + DIMS[1] * z), 1);
                }
            }
        }
    }
    builder.finish()
}

/// The organs of one map; the other's are `shift` mm away and a little larger.
fn organs(shift: f64, radius: f64) -> Vec<Region> {
    let place = |n: usize| {
        let (column, row) = ((n % 5) as f64, (n / 5) as f64);
        [45.0 + 66.0 * column + shift, 90.0 + 170.0 * row, 150.0 - shift]
    };
    (0..10).map(|n| organ(place(n), radius)).collect()
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .measurement_time(Duration::from_secs(8))
        .configure_from_args();
    let Ok(grid) = Grid::new(DIMS, DAffine3::from_scale(DVec3::from_array(SPACING))) else {
        unreachable!("a sound grid")
    };
    let (a, b) = (organs(0.0, RADIUS), organs(2.0, 1.03 * RADIUS));
    let pairs: Vec<(&Region, &Region)> = a.iter().zip(&b).collect();
    let limits = WorkLimits::none();
    criterion.bench_function("all numbers of two maps with 10 labels (goal 1.5 s)", |bench| {
        bench.iter(|| black_box(compare_masks(&pairs, &grid, 2.0, &limits)));
    });
    criterion.bench_function("shape of 100 mL", |bench| {
        bench.iter(|| black_box(MaskShape::of(&a[0], &grid, &limits)));
    });
    let options = MeshOptions::of(&grid);
    criterion.bench_function("mesh of 100 mL (goal 200 ms)", |bench| {
        bench.iter(|| black_box(surface_mesh(&a[0], &grid, &options, &limits)));
    });
    criterion.final_summary();
}
