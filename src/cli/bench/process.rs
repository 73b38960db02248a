//! What is measured in a process of its own, so that its peak memory can be told.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::median;

/// What one process measured.
#[derive(Debug, Deserialize, Serialize)]
pub struct ProcessMeasurement {
    pub ms: f64,
    pub peak_kib: Option<u64>,
    /// Of a place with several scans that was listed, its images.
    pub voxels: usize,
    /// Of all voxels' values: who reads the same gets the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
}

impl ProcessMeasurement {
    /// Tells how much memory the process has had so far.
    pub fn of(ms: f64, voxels: usize) -> Self {
        Self { ms, peak_kib: peak_kib(), voxels, sum: None }
    }
}

/// A process that ends with whoever started it.
pub struct StartedProcess(pub Child);

impl Drop for StartedProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a process that measures.
pub fn child(mut command: Command) -> anyhow::Result<ProcessMeasurement> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't start {}", command.get_program().display()))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("a measuring process failed: {}", why.lines().last().unwrap_or_default());
    }
    serde_json::from_slice(&output.stdout).context("a measuring process gave no answer")
}

/// Runs the program itself: `what` is one of the hidden measurements of a single file.
pub fn own_child(what: &str, file: &Path) -> anyhow::Result<ProcessMeasurement> {
    let program = std::env::current_exe().context("can't find the program's own file")?;
    let mut command = Command::new(program);
    command.args(["bench", what, "--file"]).arg(file);
    child(command)
}

/// The process's largest resident memory so far (Linux).
pub fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The resident memory of a process, MB (Linux).
pub fn resident_mb(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Seconds that all cores together have worked for this process (Linux; the system counts hundredths).
pub fn cpu_seconds() -> Option<f64> {
    let said = std::fs::read_to_string("/proc/self/stat").ok()?;
    // After the name, which may have anything in it: state is the first, user and system time are the 12th and 13th.
    let fields: Vec<&str> = said.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// The median of their milliseconds.
pub fn median_ms(runs: &[ProcessMeasurement]) -> f64 {
    median(&runs.iter().map(|run| run.ms).collect::<Vec<_>>())
}

/// The median of their peak memory, MB; `None` where the system does not tell, or there are none.
pub fn median_peak_mb(runs: &[ProcessMeasurement]) -> Option<f64> {
    let kib: Option<Vec<f64>> = runs.iter().map(|run| run.peak_kib.map(|kib| kib as f64)).collect();
    kib.filter(|kib| !kib.is_empty()).map(|kib| median(&kib) * 1024.0 / 1e6)
}
