//! What a dab of a 20 mm brush costs at 512 × 512 × 300 with 0.7 × 0.7 × 1 mm voxels, on an object of 100 000 runs:
//! `cargo bench --bench edit`. In the same run, what writing the same voxels into a plain array of labels costs.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use voxpoint::document::{Change, Command, Document, EditKind, GestureId, LabelId, Over};
use voxpoint::geom::{DAffine3, DVec3, Grid};
use voxpoint::volume::{NamedRegion, Region, RegionBuilder, Scale, StoredGeometry, Volume, Voxels};

const DIMS: [usize; 3] = [512, 512, 300];
const SPACING: [f64; 3] = [0.7, 0.7, 1.0];

/// The voxels within so many millimetres of a voxel, as runs.
fn ball(middle: [usize; 3], radius: f64) -> Region {
    let mut builder = RegionBuilder::new(DIMS[0]);
    let reach: [usize; 3] = std::array::from_fn(|a| (radius / SPACING[a]).ceil() as usize);
    let span =
        |a: usize| middle[a].saturating_sub(reach[a])..(middle[a] + reach[a] + 1).min(DIMS[a]);
    for z in span(2) {
        for y in span(1) {
            for x in span(0) {
                let away = [x, y, z];
                let mm = |a: usize| (away[a] as f64 - middle[a] as f64) * SPACING[a];
                if (0..3).map(|a| mm(a) * mm(a)).sum::<f64>() <= radius * radius {
                    builder.push(x + DIMS[0] * (y + DIMS[1] * z), 1);
                }
            }
        }
    }
    builder.finish()
}

/// 100 000 runs of three voxels, all over the scan.
fn scattered() -> Region {
    let mut builder = RegionBuilder::new(DIMS[0]);
    for n in 0..100_000 {
        builder.push(n * 768 + n % 100, 3);
    }
    builder.finish()
}

fn document() -> Document {
    let grid = Grid::new(DIMS, DAffine3::from_scale(DVec3::from_array(SPACING)));
    let Ok(grid) = grid else { unreachable!("a sound grid") };
    let (stored, voxels) = (StoredGeometry::of(&grid), Voxels::U8(vec![0; grid.count()]));
    let image = Volume::new("v", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, Vec::new());
    let mut document = Document::new(Arc::new(image));
    let label = NamedRegion {
        value: 1,
        name: None,
        colour: None,
        opacity: None,
        visible: true,
        on_top: None,
        region: scattered(),
    };
    document.apply(Command::Import(vec![label])).expect("an empty document");
    document
}

/// Places along a stroke, one voxel apart, there and back again and again.
fn along() -> impl Iterator<Item = [usize; 3]> {
    (100..400).chain((100..400).rev()).cycle().map(|x| [x, 256, 150])
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let dabs: Vec<Arc<Region>> = (100..400).map(|x| Arc::new(ball([x, 256, 150], 20.0))).collect();
    println!("a dab has {} voxels in {} runs", dabs[0].count(), dabs[0].runs().len());

    let mut document = document();
    let (mut gesture, mut places) = (0, along());
    criterion.bench_function("a dab through Command::Edit (goal: below 8 ms)", |b| {
        b.iter(|| {
            let [x, ..] = places.next().unwrap_or_default();
            // A stroke of 300 dabs each way; back it erases.
            gesture += u64::from(x == 100 || x == 399);
            let dab = Arc::clone(&dabs[x - 100]);
            let change = if gesture % 2 == 1 { Change::Add(dab) } else { Change::Subtract(dab) };
            let command = Command::Edit {
                object: Some(LabelId(1)),
                change,
                over: Over::Unlocked,
                kind: EditKind::Brush,
                gesture: GestureId(gesture),
            };
            document.apply(command).expect("an unlocked object");
        });
    });

    let mut labels = vec![0u16; DIMS.iter().product()];
    let mut places = along();
    let mut label = 1;
    criterion.bench_function("the same voxels into a Vec<u16>", |b| {
        b.iter(|| {
            let [x, ..] = places.next().unwrap_or_default();
            if x == 100 || x == 399 {
                label = 1 - label;
            }
            for run in dabs[x - 100].runs() {
                labels[run.start..run.end()].fill(label);
            }
            black_box(&mut labels);
        });
    });
    criterion.final_summary();
}
