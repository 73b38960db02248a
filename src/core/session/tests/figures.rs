//! How large sessions are, and how much a change writes.

use std::time::Instant;

use super::*;

const DIMS: [usize; 3] = [512, 512, 300];

/// An ellipsoid with a rough surface, as masks have.
fn organ(centre: [f64; 3], radii: [f64; 3], seed: u64) -> Arc<Region> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut builder = RegionBuilder::new(DIMS[0]);
    for z in 0..DIMS[2] {
        for y in 0..DIMS[1] {
            let [dy, dz] = [(y as f64 - centre[1]) / radii[1], (z as f64 - centre[2]) / radii[2]];
            let left = 1.0 - dy * dy - dz * dz;
            if left > 0.0 {
                let half = radii[0] * left.sqrt();
                let from = (centre[0] - half + random.f64() * 3.0).max(0.0);
                let to = (centre[0] + half + random.f64() * 3.0).min(511.0);
                builder.push(
                    from as usize + DIMS[0] * (y + DIMS[1] * z),
                    (to - from).max(1.0) as usize,
                );
            }
        }
    }
    Arc::new(builder.finish())
}

/// So many objects of ten clicks each, on a clinical scan.
fn clicked(objects: usize, radii: [f64; 3]) -> Snapshot {
    let mut snapshot = full_snapshot();
    let grid = Grid::new(DIMS, DAffine3::from_scale(DVec3::new(0.8, 0.8, 1.0))).unwrap();
    snapshot.around.source.grid = grid.clone();
    snapshot.around.source.file_dims = DIMS.to_vec();
    snapshot.time_point = 0;
    let object = |n: usize| {
        let mut object = full_object(&grid, n as u16 + 1, 0);
        let at = [100.0 + 40.0 * (n % 8) as f64, 100.0 + 40.0 * (n / 8 % 8) as f64, 150.0];
        let at = if objects == 1 { [250.0, 250.0, 150.0] } else { at };
        object.model = organ(at, radii, n as u64);
        (object.added, object.removed) = (Arc::default(), Arc::default());
        object.region = Arc::clone(&object.model);
        let click = |k: u64| Prompt {
            id: PromptId(k + 1 + 10 * n as u64),
            ..Prompt::new(DVec3::new(k as f64 * 1.37, 3.1, 4.7 * k as f64), k % 3 != 1)
        };
        object.log.prompts = (0..10).map(click).collect();
        object.log.image = ImageId::Scan;
        object.answer.prompts = object.log.prompts.clone();
        object.answer.footprint = vec![object.answer.footprint[0]; 4];
        object
    };
    snapshot.objects = (0..objects).map(object).collect();
    snapshot
}

/// A stroke on it: a ball of 10 voxels, drawn over 100.
fn stroke(snapshot: &mut Snapshot) {
    let object = &mut snapshot.objects[0];
    let mut added = Region::default();
    for n in 0..50 {
        added.add(&organ([300.0 + 2.0 * f64::from(n), 250.0, 150.0], [10.0; 3], 7), DIMS[0]);
    }
    let region = object.region.union(&added, DIMS[0]);
    added.subtract(&object.model, DIMS[0]);
    (object.added, object.region) = (Arc::new(added), Arc::new(region));
}

/// Bytes that this thread has written to files.
#[cfg(target_os = "linux")]
pub(super) fn bytes_written() -> u64 {
    let said = std::fs::read_to_string("/proc/thread-self/io").unwrap();
    said.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn an_object_of_ten_clicks_is_small_and_a_stroke_writes_little() {
    let (_folder, path) = temporary();
    // A liver: 2.5 litres.
    let mut snapshot = clicked(1, [115.0, 95.0, 80.0]);
    let mut file = create(&path, &snapshot);
    let size = std::fs::metadata(&path).unwrap().len();
    stroke(&mut snapshot);
    let before = bytes_written();
    file.write(&snapshot).unwrap();
    let written = bytes_written() - before;
    assert_eq!(read(&path).unwrap().snapshot.objects, snapshot.objects);
    let runs = snapshot.objects[0].region.runs().len();
    println!(
        "{size} bytes for an object of ten clicks ({runs} runs), {written} written for a stroke"
    );
    assert!(size <= 200_000, "{size} bytes for an object of ten clicks");
    assert!(written <= 1_000_000, "{written} bytes written for a stroke");
}

#[test]
#[ignore = "prints times; by hand"]
fn times_of_fifty_objects() {
    let (_folder, path) = temporary();
    let snapshot = clicked(50, [19.0, 19.0, 60.0]);
    let voxels = Voxels::U8(vec![1; DIMS.iter().product()]);
    let grid = snapshot.around.source.grid.clone();
    let stored = StoredGeometry::of(&grid);
    let volume = Volume::new("v", grid, DIMS.to_vec(), voxels, Scale::NONE, stored, vec![]);
    let timed = |what: &str, start: Instant| {
        println!("{what}: {:.1} ms", start.elapsed().as_secs_f64() * 1000.0);
    };
    let start = Instant::now();
    let mut file = create(&path, &snapshot);
    timed("first write", start);
    println!("{} bytes", std::fs::metadata(&path).unwrap().len());
    let start = Instant::now();
    let contents = read(&path).unwrap();
    timed("reading", start);
    let start = Instant::now();
    let (document, damage) = contents.snapshot.restore(Arc::new(volume), BTreeMap::new()).unwrap();
    timed("restoring", start);
    assert_eq!((document.objects().len(), damage), (50, vec![]));
    let start = Instant::now();
    let mut taken = Snapshot::of(&document, snapshot.around.clone(), 0);
    timed("taking a snapshot", start);
    stroke(&mut taken);
    let start = Instant::now();
    file.write(&taken).unwrap();
    timed("writing a stroke", start);
}
