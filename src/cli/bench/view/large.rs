//! Opening a scan of a gigabyte, as the window does: what takes how long until slices are seen, and until the 3D
//! view is ready.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;

use super::{SINGLE, paint, slice};
use crate::cli::args::BenchArgs;
use crate::cli::bench::{median, synthetic, timed};
use crate::cli::files;
use crate::render::{Offscreen, UPLOAD_BUDGET};
use crate::volume::{Histogram, LabelMap};

/// Medians, in milliseconds from the start.
#[derive(Debug, Serialize)]
pub struct LargeScanTimes {
    adapter: String,
    size: [usize; 3],
    voxels_mb: f64,
    plain: FileMeasurement,
    gzip: FileMeasurement,
}

/// One kind of file.
#[derive(Debug, Serialize)]
struct FileMeasurement {
    file_mb: f64,
    /// The voxels are read.
    read_ms: f64,
    /// Range and histogram are known, which the first window comes from.
    looked_at_ms: f64,
    /// The first slice is drawn.
    first_slice_ms: f64,
    /// All of the 3D texture is there, with a slice drawn in every frame.
    in_3d_ms: f64,
    /// The longest of these frames.
    longest_frame_ms: f64,
    /// Voxels for each texel of the 3D view, along each axis.
    coarse: [usize; 3],
    /// The process's largest memory so far (Linux), in sizes of the voxels.
    peak_ratio: Option<f64>,
}

pub fn measure(args: &BenchArgs) -> anyhow::Result<LargeScanTimes> {
    let gpu = Offscreen::new()?;
    let (adapter, _) = super::adapter(&gpu, args.gpu)?;
    let folder = tempfile::tempdir().context("can't make a temporary folder")?;
    let size = args.large;
    let voxels_mb = size.iter().product::<usize>() as f64 * 2.0 / 1e6;
    let measure = |name: &str| -> anyhow::Result<FileMeasurement> {
        let file = folder.path().join(name);
        synthetic::write(&file, size)?;
        let all: Vec<FileMeasurement> =
            (0..args.repeat.min(3)).map(|_| once(&gpu, &file)).collect::<Result<_, _>>()?;
        std::fs::remove_file(&file).with_context(|| format!("can't remove {}", file.display()))?;
        middle(&all, voxels_mb)
    };
    // The plain one first: what gzip leaves behind is not counted for it.
    let plain = measure("scan.nii")?;
    Ok(LargeScanTimes { adapter, size, voxels_mb, plain, gzip: measure("scan.nii.gz")? })
}

fn once(gpu: &Offscreen, file: &Path) -> anyhow::Result<FileMeasurement> {
    // The peak so far is forgotten (Linux).
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let begin = std::time::Instant::now();
    let since = || begin.elapsed().as_secs_f64() * 1000.0;
    let volume = Arc::new(files::open_scan(file)?);
    let read_ms = since();
    let stats = volume.stats();
    let _histogram = Histogram::of(&volume, &stats, 256);
    let looked_at_ms = since();
    let mut scene = gpu.scene();
    // As in the window.
    scene.set_progressive(true);
    scene.set_volume(Arc::clone(&volume))?;
    scene.set_labels(&LabelMap::empty(volume.grid().dims()), None)?;
    let target = gpu.target(super::WINDOW);
    let (mut complete, mut first_slice_ms, mut longest) = (false, None, 0.0f64);
    let mut n = 0;
    while !complete {
        let (drawn, ms) = timed(|| {
            complete = scene.upload(UPLOAD_BUDGET);
            let (plane, _, size) = SINGLE[0];
            scene.prepare_slice(0, &slice(&volume, plane, size, n));
            gpu.frame(&target, |pass| paint(&scene, pass, &SINGLE))
        });
        drawn?;
        if first_slice_ms.is_some() {
            longest = longest.max(ms);
        }
        first_slice_ms.get_or_insert_with(since);
        n += 1;
    }
    Ok(FileMeasurement {
        file_mb: std::fs::metadata(file).map_or(f64::NAN, |m| m.len() as f64 / 1e6),
        read_ms,
        looked_at_ms,
        first_slice_ms: first_slice_ms.unwrap_or(f64::NAN),
        in_3d_ms: since(),
        longest_frame_ms: longest,
        coarse: scene.coarse().unwrap_or([1; 3]),
        peak_ratio: crate::cli::bench::process::peak_kib().map(|kib| kib as f64 * 1024.0 / 1e6),
    })
}

/// The medians of some runs; the peak, in megabytes there, in sizes of the voxels.
fn middle(all: &[FileMeasurement], voxels_mb: f64) -> anyhow::Result<FileMeasurement> {
    let of = |get: fn(&FileMeasurement) -> f64| median(&all.iter().map(get).collect::<Vec<_>>());
    let first = all.first().context("nothing was measured")?;
    let peak: Option<Vec<f64>> = all.iter().map(|once| once.peak_ratio).collect();
    Ok(FileMeasurement {
        file_mb: first.file_mb,
        read_ms: of(|o| o.read_ms),
        looked_at_ms: of(|o| o.looked_at_ms),
        first_slice_ms: of(|o| o.first_slice_ms),
        in_3d_ms: of(|o| o.in_3d_ms),
        longest_frame_ms: of(|o| o.longest_frame_ms),
        coarse: first.coarse,
        peak_ratio: peak.map(|peak| median(&peak) / voxels_mb),
    })
}

impl LargeScanTimes {
    pub fn lines(&self) -> Vec<String> {
        let [x, y, z] = self.size;
        let mut lines = vec![format!(
            "opening {x} × {y} × {z} ({:.0} MB of voxels), drawn on {}",
            self.voxels_mb, self.adapter
        )];
        for (name, once) in [(".nii   ", &self.plain), (".nii.gz", &self.gzip)] {
            let peak =
                once.peak_ratio.map_or(String::new(), |p| format!(", peak {p:.2} × the voxels"));
            let [x, y, z] = once.coarse;
            lines.push(format!(
                "  {name} ({:.0} MB)  read {:.0} ms, first slice {:.0} ms, 3D ({x} × {y} × {z} voxels a texel) \
                 {:.0} ms; longest frame meanwhile {:.0} ms{peak}",
                once.file_mb,
                once.read_ms,
                once.first_slice_ms,
                once.in_3d_ms,
                once.longest_frame_ms
            ));
        }
        lines
    }
}
