//! What `voxpoint batch` costs beside its model: many small rows, done by the program itself in a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::process::{StartedProcess, resident_mb};
use super::{median, synthetic};
use crate::cli::args::BenchArgs;
use crate::cli::files::ms_since;
use crate::cli::{say, segment};

/// Voxels of the small scans.
pub const SMALL: [usize; 3] = [64, 64, 64];
/// How many of them there are.
const SCANS: usize = 8;
/// The row from which on memory is to stay as it is.
const SETTLED: usize = 100;

/// Many small rows.
#[derive(Debug, Serialize)]
pub struct BatchTimes {
    rows: usize,
    /// From the start of the program to its first row, without the model's time for that.
    start_ms: f64,
    /// Seconds from the first row to the last.
    seconds: f64,
    /// Seconds of them that the model took, with cutting what it looks at, resampling that, and making masks.
    model_seconds: f64,
    /// What was needed beside it, %; null if it took no time.
    overhead_percent: Option<f64>,
    /// Seconds of them that the encoder and the decoder took alone.
    encoder_decoder_seconds: f64,
    /// What was needed beside these, %: all that is this program's; null if they took no time.
    encoder_decoder_overhead_percent: Option<f64>,
    /// Medians of a row.
    model_ms: f64,
    encoder_decoder_ms: f64,
    load_ms: f64,
    save_ms: f64,
    /// Resident memory after 100 rows and after the last; null where the system does not tell.
    settled_mb: Option<f64>,
    last_mb: Option<f64>,
}

/// What is looked at of a row's line.
#[derive(Deserialize)]
struct Line {
    state: String,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    ms: Option<LineMilliseconds>,
}

#[derive(Clone, Copy, Deserialize)]
struct LineMilliseconds {
    load: f64,
    model: f64,
    encoder_decoder: f64,
    save: f64,
}

/// Writes scans and a table into a temporary folder, and has them done.
pub fn measure(args: &BenchArgs) -> anyhow::Result<BatchTimes> {
    let folder = tempfile::tempdir().context("can't make a temporary folder")?;
    for n in 0..SCANS {
        synthetic::write(&folder.path().join(format!("scan{n}.nii.gz")), SMALL)?;
    }
    let table = folder.path().join("jobs.csv");
    write_table(&table, args.rows).context("can't write a table")?;
    let program = std::env::current_exe().context("can't find the program's own file")?;
    let mut command = Command::new(program);
    command.arg("batch").arg(&table).args(["--space", "voxel", "--device", "cpu"]);
    let model = segment::model_path(args.model.model.as_deref())?;
    command.arg("--model").arg(std::path::absolute(model)?);
    if let Some(threads) = args.model.threads {
        command.args(["--threads", &threads.to_string()]);
    }
    say(&format!("note: {} rows of a scan of 64 × 64 × 64 voxels", args.rows));
    follow(command, &folder.path().join("said.txt"))
}

/// Each row clicks elsewhere.
fn write_table(path: &Path, rows: usize) -> std::io::Result<()> {
    let mut table = std::io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(table, "image,points,out")?;
    for n in 0..rows {
        let at = [n, n / 7, n / 3].map(|k| 20 + k % 24);
        let points = format!("{},{},{}", at[0], at[1], at[2]);
        writeln!(table, "scan{}.nii.gz,\"{points}\",masks/{n}.nii.gz", n % SCANS)?;
    }
    table.flush()
}

/// Starts it and reads what it tells; what it says to people goes into the file `said`.
fn follow(mut command: Command, said: &Path) -> anyhow::Result<BatchTimes> {
    let start = Instant::now();
    let file = std::fs::File::create(said).context("can't keep what batch says")?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
    let mut child = StartedProcess(command.spawn().context("can't start the program")?);
    let output = child.0.stdout.take().context("the program says nothing")?;
    let (mut rows, mut first, mut memory) = (Vec::new(), 0.0, [None; 2]);
    for line in BufReader::new(output).lines() {
        let line: Line = serde_json::from_str(&line?).context("a line of batch can't be read")?;
        let Some(ms) = line.ms.filter(|_| line.state == "done") else {
            bail!("a row was not done: {}", line.error.unwrap_or(line.state));
        };
        rows.push((ms_since(start), ms));
        if rows.len() == 1 {
            first = ms_since(start) - ms.model;
        }
        // (It is gone a moment after its last line.)
        memory[1] = resident_mb(child.0.id()).or(memory[1]);
        if rows.len() <= SETTLED {
            memory[0] = memory[1];
        }
    }
    if !child.0.wait()?.success() {
        bail!("voxpoint batch failed{}", last_line(said));
    }
    let (Some((begin, _)), Some((end, _))) = (rows.first(), rows.last()) else {
        bail!("no row was done");
    };
    let seconds = (end - begin) / 1e3;
    let sum = |of: fn(&LineMilliseconds) -> f64| {
        rows[1..].iter().map(|(_, ms)| of(ms)).sum::<f64>() / 1e3
    };
    let (model_seconds, encoder_decoder_seconds) =
        (sum(|ms| ms.model), sum(|ms| ms.encoder_decoder));
    let over = |part: f64| (part > 0.0).then(|| 100.0 * (seconds - part) / part);
    let middle = |of: fn(&LineMilliseconds) -> f64| {
        median(&rows.iter().map(|(_, ms)| of(ms)).collect::<Vec<_>>())
    };
    Ok(BatchTimes {
        rows: rows.len(),
        start_ms: first,
        seconds,
        model_seconds,
        overhead_percent: over(model_seconds),
        encoder_decoder_seconds,
        encoder_decoder_overhead_percent: over(encoder_decoder_seconds),
        model_ms: middle(|ms| ms.model),
        encoder_decoder_ms: middle(|ms| ms.encoder_decoder),
        load_ms: middle(|ms| ms.load),
        save_ms: middle(|ms| ms.save),
        settled_mb: memory[0],
        last_mb: memory[1],
    })
}

/// The last that it said, behind a colon.
fn last_line(said: &Path) -> String {
    let said = std::fs::read(said).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.map_or(String::new(), |line| format!(": {line}"))
}

impl BatchTimes {
    pub fn lines(&self) -> Vec<String> {
        let more = |over: Option<f64>| over.map_or(String::new(), |o| format!(": {o:.1} % more"));
        let mut lines = vec![
            format!(
                "batch: {} rows in {:.1} s; {:.0} ms before the first",
                self.rows, self.seconds, self.start_ms
            ),
            format!(
                "batch: of that the model, with cutting and masks, {:.1} s{}; encoder and decoder alone {:.1} s{}",
                self.model_seconds,
                more(self.overhead_percent),
                self.encoder_decoder_seconds,
                more(self.encoder_decoder_overhead_percent)
            ),
            format!(
                "batch: a row's model {:.1} ms (encoder and decoder {:.1}), reading (meanwhile) {:.1} ms, writing {:.1} ms",
                self.model_ms, self.encoder_decoder_ms, self.load_ms, self.save_ms
            ),
        ];
        if let (Some(settled), Some(last)) = (self.settled_mb, self.last_mb) {
            let after = self.rows.min(SETTLED);
            lines
                .push(format!("batch: {settled:.0} MB after {after} rows, {last:.0} MB after all"));
        }
        lines
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_beside_the_networks_is_told_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        let row = r#"echo '{"state":"done","ms":{"load":1,"model":30,"encoder_decoder":20,"save":2}}'; sleep 0.05;"#;
        command.args(["-c", &row.repeat(3)]);
        let times = follow(command, &folder.path().join("said.txt")).unwrap();
        assert_eq!((times.rows, times.model_ms, times.encoder_decoder_ms), (3, 30.0, 20.0));
        assert!((times.model_seconds - 0.06).abs() < 1e-9, "{times:?}");
        assert!((times.encoder_decoder_seconds - 0.04).abs() < 1e-9, "{times:?}");
        assert!(times.encoder_decoder_overhead_percent > times.overhead_percent, "{times:?}");
        let said = times.lines().join("\n");
        assert!(said.contains("encoder and decoder alone 0.0 s"), "{said}");
    }

    #[test]
    fn beside_no_time_there_is_no_percentage() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        let row =
            r#"echo '{"state":"done","ms":{"load":1,"model":0,"encoder_decoder":0,"save":2}}';"#;
        command.args(["-c", &row.repeat(3)]);
        let times = follow(command, &folder.path().join("said.txt")).unwrap();
        assert_eq!((times.overhead_percent, times.encoder_decoder_overhead_percent), (None, None));
        let said = times.lines().join("\n");
        assert!(!said.contains("inf") && !said.contains("% more"), "{said}");
    }

    #[test]
    fn a_batch_that_fails_says_why_and_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said.txt");
        let run = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            follow(command, &said).map(drop).unwrap_err().to_string()
        };
        let why = run("echo note >&2; echo 'no such model' >&2; exit 3");
        assert_eq!(why, "voxpoint batch failed: no such model");
        assert_eq!(run("exit 3"), "voxpoint batch failed");
        // It would go on for long; `exec`, so that it is one process.
        let start = Instant::now();
        let why = run("echo $$ >&2; echo 'no JSON'; exec sleep 60");
        assert_eq!(why, "a line of batch can't be read");
        assert!(start.elapsed().as_secs() < 30);
        let pid = std::fs::read_to_string(&said).unwrap();
        assert!(!pid.trim().is_empty());
        #[cfg(target_os = "linux")]
        assert!(!Path::new("/proc").join(pid.trim()).exists(), "{pid}");
        let why = run(r#"echo '{"state": "failed", "error": "no such file"}'; exec sleep 60"#);
        assert_eq!(why, "a row was not done: no such file");
        assert!(start.elapsed().as_secs() < 30);
    }
}
