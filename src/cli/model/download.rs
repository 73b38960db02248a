//! `voxpoint model download`.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use super::megabytes;
use crate::cli::args::ModelDownloadArgs;
use crate::cli::{print, print_json};
use crate::segment::download::{DownloadError, download};
use crate::segment::library;
use crate::work::{Died, Task};

/// What came; keys are stable.
#[derive(Serialize)]
struct Report {
    path: String,
    sha256: String,
    bytes: u64,
    fetched: bool,
}

/// Fetches a model and says where it is.
pub fn run(args: &ModelDownloadArgs) -> anyhow::Result<()> {
    let folder = args.dir.clone().or_else(library::models_folder).ok_or(DownloadError::NoFolder)?;
    let url = args.url.clone();
    let task = Task::start("fetch model", std::sync::Arc::new(|| ()), move |cancel, progress| {
        download(&url, &folder, cancel, progress)
    })
    .context("can't start a thread for the download")?;
    let done = wait(&task)?;
    let path = done.path.display().to_string();
    if args.json {
        let (sha256, bytes, fetched) = (done.sha256, done.bytes, done.fetched);
        return print_json(&Report { path, sha256, bytes, fetched });
    }
    let what = if done.fetched { "fetched" } else { "is there already" };
    print(&format!("{what} ({}): {path}\nSHA-256 {}", megabytes(done.bytes), done.sha256))
}

/// Waits for the answer, showing on a terminal how far it is.
fn wait<T: Send + 'static>(task: &Task<Result<T, DownloadError>>) -> anyhow::Result<T> {
    let show = std::io::stderr().is_terminal();
    let answer = loop {
        if let Some(answer) = task.poll() {
            break answer;
        }
        let (done, total) = task.progress();
        if show && total > 0 {
            let percent = done * 100 / total;
            eprint!("\rfetching: {} of {} ({percent} %) ", megabytes(done), megabytes(total));
            // Nothing is lost when the terminal can't be written to.
            let _ = std::io::stderr().flush();
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    if show {
        eprint!("\r{:60}\r", "");
    }
    Ok(answer.map_err(|Died| anyhow::anyhow!("the download stopped unexpectedly"))??)
}
