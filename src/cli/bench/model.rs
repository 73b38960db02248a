//! What the network costs: the start of its sessions, a first click whose cube was not looked at before, one
//! whose cube was prefetched, and further clicks, beside the authors' own code on the same machine and threads.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;
use serde_json::Value;

use super::clicks::Clicks;
use super::{around, median, synthetic, timed};
use crate::cli::Usage;
use crate::cli::args::{BenchArgs, DeviceArg, ModelArgs};
use crate::cli::segment::{model_path, open_model};
use crate::segment::cubes::{CubeSegmenter, Cubes, Logits};
use crate::segment::{Outcome, library};
use crate::work::CancelToken;

/// The script that runs the authors' classes and the plain export of them, in the folder of the shipped models.
const PEER: &str = "bench/peer.py";
/// Points that the decoder gets at a further click, ours and theirs.
const POINTS: usize = 2;

/// Medians, in milliseconds.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// Name of the model.
    model: String,
    /// Where it ran.
    device: String,
    threads: usize,
    /// Opening the model.
    session_ms: f64,
    /// A first click: crop, encoder, decoder, paste; and all of it.
    crop_ms: f64,
    encode_ms: f64,
    first_click_ms: f64,
    /// A first click whose cube had been encoded before.
    prefetched_click_ms: f64,
    /// A further click: decoder, paste; and all of it.
    decode_ms: f64,
    paste_ms: f64,
    further_click_ms: f64,
    /// Voxels of the last mask.
    voxels: usize,
    /// Memory at its peak less that before the model was opened (Linux); null elsewhere.
    peak_mb: Option<f64>,
    /// On CUDA: relative difference of the logits to those of the CPU.
    difference_to_cpu: Option<f64>,
    /// What the authors' code took, as its script prints it; null where it can't run.
    peer: Option<Value>,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_peer: Option<String>,
}

#[derive(Default)]
struct Samples {
    crop: Vec<f64>,
    encode: Vec<f64>,
    first: Vec<f64>,
    prefetched: Vec<f64>,
    decode: Vec<f64>,
    paste: Vec<f64>,
    further: Vec<f64>,
    voxels: usize,
}

/// Opens the model and clicks in a synthetic scan, each time in another cube: half of it before the authors' code
/// runs and half after it, so that what else the machine does falls on both.
pub fn measure(args: &BenchArgs) -> anyhow::Result<Measured> {
    let volume = Arc::new(synthetic::volume(args.size)?);
    let clicks = Clicks::new(volume);
    if 2 * args.repeat > clicks.room() {
        let room = clicks.room() / 2;
        let why = format!(
            "the scan has room for {room} runs with cubes that differ: a larger --size, or a smaller --repeat"
        );
        return Err(Usage(why).into());
    }
    let before = reset_peak();
    let mut segmenter = open_model(&args.model)?;
    let mut samples = Samples::default();
    let device = segmenter.device().clone();
    let ours = |n| once(&clicks, &mut segmenter, n, &mut samples);
    let peer = around(args.repeat, ours, || match &args.peer {
        Some(python) => {
            let model = model_path(args.model.model.as_deref())?;
            peer(python, &model, device.threads.max(1), args.repeat)
        }
        None => Err(anyhow!("not asked for: --peer PYTHON")),
    })?;
    let peak_mb =
        before.zip(memory("VmHWM:")).map(|(before, peak)| (peak - before).max(0.0) / 1000.0);
    let on_gpu = device.threads == 0;
    let on_cpu = ModelArgs { device: DeviceArg::Cpu, ..args.model.clone() };
    let difference_to_cpu = on_gpu
        .then(|| difference(&clicks, &mut segmenter, &mut open_model(&on_cpu)?))
        .transpose()?;
    let (peer, no_peer) = match peer {
        Ok(told) => (Some(told), None),
        Err(why) => (None, Some(format!("{why:#}"))),
    };
    Ok(Measured {
        model: segmenter.model_name().to_owned(),
        device: device.name,
        threads: device.threads,
        session_ms: segmenter.session_ms(),
        crop_ms: median(&samples.crop),
        encode_ms: median(&samples.encode),
        first_click_ms: median(&samples.first),
        prefetched_click_ms: median(&samples.prefetched),
        decode_ms: median(&samples.decode),
        paste_ms: median(&samples.paste),
        further_click_ms: median(&samples.further),
        voxels: samples.voxels,
        peak_mb,
        difference_to_cpu,
        peer,
        no_peer,
    })
}

fn once(
    clicks: &Clicks,
    segmenter: &mut CubeSegmenter,
    n: usize,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let never = CancelToken::new();
    let cold = clicks.first(2 * n);
    let (first, ms) = timed(|| segmenter.run(&cold, &never, &mut |_| ()));
    let first = first?;
    samples.first.push(ms);
    samples.crop.extend(first.timings.crop);
    samples.encode.extend(first.timings.encode);

    let ahead = clicks.first(2 * n + 1);
    segmenter.prefetch(&ahead, &never)?;
    let (told, ms) = timed(|| segmenter.run(&ahead, &never, &mut |_| ()));
    told?;
    samples.prefetched.push(ms);

    let further = clicks.further(&cold, first.answer);
    let (second, ms) = timed(|| segmenter.run(&further, &never, &mut |_| ()));
    let second = second?;
    samples.further.push(ms);
    samples.decode.extend(second.timings.decode);
    samples.paste.push(second.timings.paste);
    samples.voxels = second.region.count();
    Ok(())
}

/// ‖a − b‖ / ‖b‖ of the logits after one click, `b` being the CPU's.
fn difference(
    clicks: &Clicks,
    gpu: &mut CubeSegmenter,
    cpu: &mut CubeSegmenter,
) -> anyhow::Result<f64> {
    let request = clicks.first(0);
    let logits = |model: &mut CubeSegmenter| -> anyhow::Result<Arc<Logits>> {
        let outcome: Outcome = model.run(&request, &CancelToken::new(), &mut |_| ())?;
        let cubes = Cubes::of(&outcome.answer).unwrap_or_default();
        let step = cubes.patches.first().and_then(|p| p.steps.last().cloned());
        step.map(|s| s.logits.clone()).context("the model gave no answer")
    };
    let (a, b) = (logits(gpu)?, logits(cpu)?);
    let square = |v: f64| v * v;
    let off: f64 =
        a.values.iter().zip(&b.values).map(|(&a, &b)| square(f64::from(a) - f64::from(b))).sum();
    let all: f64 = b.values.iter().map(|&b| square(f64::from(b))).sum();
    Ok((off / all).sqrt())
}

/// A script in the folder of the shipped models.
pub fn script_beside_models(name: &str) -> anyhow::Result<PathBuf> {
    script(library::demo_model().as_deref().and_then(Path::parent), name)
}

fn script(models: Option<&Path>, name: &str) -> anyhow::Result<PathBuf> {
    let Some(models) = models else {
        bail!(
            "{name} was not found, nor the folder of models that it is in; name it in VOXPOINT_MODELS"
        );
    };
    let script = models.join(name);
    if !script.is_file() {
        bail!(
            "the script that runs others' code is not there; name the source's folder of models in \
             VOXPOINT_MODELS: {}",
            script.display()
        );
    }
    Ok(script)
}

/// What the authors' code takes, as one JSON object.
fn peer(python: &Path, model: &Path, threads: usize, repeat: usize) -> anyhow::Result<Value> {
    if model.extension().is_none_or(|e| !e.eq_ignore_ascii_case("pth")) {
        bail!("the authors' code runs checkpoints (.pth) only: --model FILE.pth");
    }
    let script = script_beside_models(PEER)?;
    let output = Command::new(python)
        .arg(&script)
        .arg("--checkpoint")
        .arg(model)
        .args(["--threads", &threads.to_string(), "--repeat", &repeat.to_string()])
        .args(["--clicks", &POINTS.to_string()])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't start {}", python.display()))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        let last = why.lines().last().unwrap_or_default();
        bail!(
            "the authors' code failed ({last}); see the README.md beside it for what it needs: {}",
            script.display()
        );
    }
    serde_json::from_slice(&output.stdout).context("the authors' code gave no answer")
}

/// Kilobytes of this process that a line of the system's report tells (Linux).
fn memory(line: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let found = status.lines().find_map(|l| l.strip_prefix(line))?;
    found.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib * 1.024)
}

/// Memory as of now, from which the peak is counted; forgets the peak so far.
fn reset_peak() -> Option<f64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    memory("VmRSS:")
}

impl Measured {
    pub fn lines(&self) -> Vec<String> {
        let on = match self.threads {
            0 => self.device.clone(),
            n => format!("{}, {n} thread{}", self.device, if n == 1 { "" } else { "s" }),
        };
        let mut lines = vec![
            format!("model {} on {on}, ready after {:.0} ms", self.model, self.session_ms),
            format!(
                "  first click       {:.0} ms: crop {:.0}, encoder {:.0}",
                self.first_click_ms, self.crop_ms, self.encode_ms
            ),
            format!("  prefetched click  {:.1} ms", self.prefetched_click_ms),
            format!(
                "  further click     {:.1} ms: decoder {:.1}, paste {:.1}; mask of {} voxels",
                self.further_click_ms, self.decode_ms, self.paste_ms, self.voxels
            ),
        ];
        if let Some(peak) = self.peak_mb {
            lines.push(format!("  peak memory       {peak:.0} MB besides the scan"));
        }
        if let Some(off) = self.difference_to_cpu {
            lines.push(format!("  differs from the CPU by {off:.1e} (relative, logits)"));
        }
        match (&self.peer, &self.no_peer) {
            (Some(peer), _) => lines.extend(self.beside(peer)),
            (None, Some(why)) => lines.push(format!("  no comparison: {why}")),
            (None, None) => {}
        }
        lines
    }

    /// Our time in times of each of theirs.
    fn beside(&self, peer: &Value) -> Vec<String> {
        let rows = [
            ("PyTorch, encoder", "pytorch_encode_ms", self.encode_ms),
            ("plain ONNX export, encoder", "naive_onnx_encode_ms", self.encode_ms),
            ("PyTorch, decoder", "pytorch_decode_ms", self.decode_ms),
            ("plain ONNX export, decoder", "naive_onnx_decode_ms", self.decode_ms),
            ("its matrix products alone, encoder", "matmul_bound_ms", self.encode_ms),
        ];
        let line = |(name, key, ours): (&str, &str, f64)| {
            let theirs = peer.get(key)?.as_f64()?;
            Some(format!("  {name}  {theirs:.0} ms, {:.2} × ours", theirs / ours))
        };
        rows.into_iter().filter_map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_script_is_said_in_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let said = |models: Option<&Path>| script(models, PEER).unwrap_err().to_string();
        assert!(said(None).contains("VOXPOINT_MODELS"), "{}", said(None));
        let place = folder.path().join(PEER).display().to_string();
        assert!(said(Some(folder.path())).ends_with(&place), "{}", said(Some(folder.path())));
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        assert!(script(Some(&shipped), PEER).is_ok());
    }
}
