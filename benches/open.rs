//! Opening a 512 × 512 × 300 int16 `.nii.gz`: time against Python's nibabel + NumPy in the same run,
//! and peak memory of a process that does nothing else.

use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use criterion::Criterion;
use voxpoint::io::{Limits, open_volume};
use voxpoint::volume::Volume;
use voxpoint::work::{CancelToken, Progress};

const DIMS: [usize; 3] = [512, 512, 300];
const REPEATS: usize = 7;
/// Set for the child whose memory is measured.
const CHILD: &str = "VOXPOINT_BENCH_OPEN";

const PYTHON: &str = "
import sys, time
import nibabel, numpy
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    numpy.asanyarray(nibabel.load(sys.argv[1]).dataobj)
    times.append(time.perf_counter() - start)
print(*times)
";

fn main() {
    if let Some(path) = std::env::var_os(CHILD) {
        let before = peak_memory();
        let volume = open(Path::new(&path));
        let bytes = volume.voxels().len() * volume.voxels().data_type().size();
        println!("{} {} {bytes}", before.unwrap_or(0), peak_memory().unwrap_or(0));
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("noise.nii.gz");
    make(&path).expect("room for the test file");
    let size = path.metadata().map_or(0, |m| m.len());
    println!(
        "file: {:.1} MB gzip, {:.1} MB of voxels",
        size as f64 / 1e6,
        raw_bytes() as f64 / 1e6
    );

    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    criterion.bench_function("open 512x512x300 int16 nii.gz", |b| b.iter(|| open(&path)));
    criterion.final_summary();

    compare_time(&path);
    compare_memory(&path);
}

fn raw_bytes() -> usize {
    DIMS.iter().product::<usize>() * 2
}

fn open(path: &Path) -> Volume {
    open_volume(path, &Limits::default(), &CancelToken::new(), &Progress::new())
        .expect("the file made for it")
}

/// A round body with organs in air, and the noise of a scanner on it: such files halve in gzip.
fn make(path: &Path) -> std::io::Result<()> {
    let mut header = vec![0u8; 352];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348i32.to_le_bytes());
    put(40, &3i16.to_le_bytes());
    for (i, d) in DIMS.iter().enumerate() {
        put(42 + 2 * i, &(*d as i16).to_le_bytes());
        put(80 + 4 * i, &1f32.to_le_bytes());
        put(280 + 20 * i, &1f32.to_le_bytes());
    }
    put(70, &4i16.to_le_bytes());
    put(72, &16i16.to_le_bytes());
    put(108, &352f32.to_le_bytes());
    put(254, &1i16.to_le_bytes());
    put(344, b"n+1\0");

    let file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    gz.write_all(&header)?;
    let mut state = 1u64;
    let mut slice = Vec::with_capacity(DIMS[0] * DIMS[1] * 2);
    for z in 0..DIMS[2] {
        slice.clear();
        for y in 0..DIMS[1] {
            for x in 0..DIMS[0] {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // The sum of two dice is noise enough.
                let noise = ((state >> 40) % 24 + (state >> 50) % 24) as i16 - 24;
                let r = (x as f64 - 256.0).hypot((y as f64 - 256.0) * 1.3);
                let organ = ((x / 60 + y / 50 + z / 40) % 5) as i16 * 40 - 60;
                let value = if r < 230.0 { organ + noise } else { -1000 + noise / 4 };
                slice.extend(value.to_le_bytes());
            }
        }
        gz.write_all(&slice)?;
    }
    gz.finish()?.flush()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn compare_time(path: &Path) {
    let ours = median(
        (0..REPEATS)
            .map(|_| {
                let start = Instant::now();
                black_box(open(path));
                start.elapsed().as_secs_f64()
            })
            .collect(),
    );
    let python =
        Command::new("python3").args(["-c", PYTHON]).arg(path).arg(REPEATS.to_string()).output();
    let times: Vec<f64> = match &python {
        Ok(out) if out.status.success() => String::from_utf8_lossy(&out.stdout)
            .split_whitespace()
            .filter_map(|t| t.parse().ok())
            .collect(),
        _ => Vec::new(),
    };
    if times.is_empty() {
        println!("voxpoint {ours:.3} s; nibabel can't be run here, so there is nothing to compare");
        return;
    }
    let theirs = median(times);
    println!(
        "median of {REPEATS}: voxpoint {ours:.3} s, nibabel + NumPy {theirs:.3} s, ratio {:.2} (at most 0.60)",
        ours / theirs
    );
}

fn compare_memory(path: &Path) {
    let Ok(exe) = std::env::current_exe() else { return };
    let Ok(child) = Command::new(exe).env(CHILD, path).output() else { return };
    let text = String::from_utf8_lossy(&child.stdout).into_owned();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    match numbers[..] {
        [before, peak, voxels] if peak > 0.0 => println!(
            "peak memory {:.1} MB ({:.1} MB before opening), {:.2} of the voxels' bytes (below 1.30)",
            peak / 1e6,
            before / 1e6,
            peak / voxels
        ),
        _ => println!("peak memory can't be measured on this system"),
    }
}

/// The most memory this process ever had, in bytes; Linux only.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
