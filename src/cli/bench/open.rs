//! Opening a .nii.gz, each time in a process of its own so that its peak memory can be told, in turn with
//! Python's nibabel and numpy where they are installed.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;

use super::process::{ProcessMeasurement, child, median_ms, median_peak_mb, own_child};
use super::{synthetic, timed};
use crate::cli::{files, print_json};
use crate::volume::{Volume, Voxels};
use crate::work::program;

/// What nibabel does with the same file: all voxels in their stored type.
const PYTHON: &str = r#"
import time, json
import nibabel, numpy
start = time.perf_counter()
image = nibabel.load(sys.argv[1])
voxels = numpy.asanyarray(image.dataobj)
ms = (time.perf_counter() - start) * 1000
lines = open("/proc/self/status").read().splitlines()
peak = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
print(json.dumps({"ms": ms, "peak_kib": peak[0] if peak else None, "voxels": int(voxels.size)}))
"#;

/// Medians of opening the file.
#[derive(Debug, Serialize)]
pub struct OpenTimes {
    file_mb: f64,
    voxels_mb: f64,
    ms: f64,
    /// Largest memory of the whole process; null where the system does not tell.
    peak_mb: Option<f64>,
    /// The same, in sizes of the voxels.
    peak_ratio: Option<f64>,
    /// null where Python, nibabel or numpy is not installed.
    python_ms: Option<f64>,
    python_peak_mb: Option<f64>,
    /// Our time in times of Python's.
    ratio: Option<f64>,
}

/// Writes a synthetic scan into a temporary folder and opens it again and again.
pub fn measure(dims: [usize; 3], repeat: usize) -> anyhow::Result<OpenTimes> {
    let folder = tempfile::tempdir().context("can't make a temporary folder")?;
    let file = folder.path().join("scan.nii.gz");
    synthetic::write(&file, dims)?;
    let ours = || own_child("open-once", &file);
    let python = || {
        let python = program::on_path("python3").context("no python3")?;
        let mut command = program::isolated_python(&python, PYTHON);
        command.arg(&file);
        child(command)
    };
    // The first of each reads the file into the system's cache and tells whether nibabel is there.
    let expected: usize = dims.iter().product();
    if ours()?.voxels != expected {
        bail!("the synthetic scan was not read whole: {}", file.display());
    }
    let has_python = python().is_ok();
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for _ in 0..repeat {
        own.push(ours()?);
        if has_python {
            other.push(python()?);
        }
    }
    let voxels_mb = expected as f64 * 2.0 / 1e6;
    let peak_mb = median_peak_mb(&own);
    let python_ms = has_python.then(|| median_ms(&other));
    Ok(OpenTimes {
        file_mb: std::fs::metadata(&file).map_or(f64::NAN, |m| m.len() as f64 / 1e6),
        voxels_mb,
        ms: median_ms(&own),
        peak_mb,
        peak_ratio: peak_mb.map(|p| p / voxels_mb),
        python_ms,
        python_peak_mb: median_peak_mb(&other),
        ratio: python_ms.map(|p| median_ms(&own) / p),
    })
}

/// What the measuring process does: opens `file` once and tells time and peak memory.
pub fn once(file: Option<&Path>) -> anyhow::Result<()> {
    let file = file.ok_or_else(|| anyhow!("open-once needs --file"))?;
    let (volume, ms) = timed(|| files::open_scan(file));
    let volume = volume?;
    let measured = ProcessMeasurement::of(ms, volume.voxels().len());
    print_json(&ProcessMeasurement { sum: Some(sum_of(&volume)), ..measured })
}

/// Of all values, as they are stored and scaled.
fn sum_of(volume: &Volume) -> f64 {
    fn stored(voxels: &Voxels) -> f64 {
        crate::with_voxels!(voxels, v => v.iter().map(|&v| v as f64).sum())
    }
    let (voxels, scale) = (volume.voxels(), volume.scale());
    stored(voxels) * scale.slope + scale.inter * voxels.len() as f64
}

impl OpenTimes {
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "open .nii.gz ({:.0} MB, {:.0} MB of voxels)  {:.0} ms",
            self.file_mb, self.voxels_mb, self.ms
        )];
        if let (Some(peak), Some(ratio)) = (self.peak_mb, self.peak_ratio) {
            lines.push(format!("  peak memory  {peak:.0} MB, {ratio:.2} × the voxels"));
        }
        match (self.python_ms, self.ratio) {
            (Some(ms), Some(ratio)) => {
                let peak =
                    self.python_peak_mb.map_or(String::new(), |p| format!(", peak {p:.0} MB"));
                lines
                    .push(format!("  nibabel + numpy  {ms:.0} ms{peak}; ours is {ratio:.2} of it"));
            }
            _ => lines.push("  nibabel + numpy are not installed: no comparison".to_owned()),
        }
        lines
    }
}
