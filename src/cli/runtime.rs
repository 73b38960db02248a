//! `voxpoint runtime`.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::Context as _;

use super::args::RuntimeCommand;
use super::print;
use crate::segment::runtime;
use crate::work::{Died, Task};

/// Fetches ONNX Runtime, or says which one is used.
pub fn run(command: RuntimeCommand) -> anyhow::Result<()> {
    match command {
        RuntimeCommand::Status => status(),
        RuntimeCommand::Install => install(),
    }
}

fn status() -> anyhow::Result<()> {
    let found = runtime::load()?;
    let path = found.path.display();
    print(&format!("ONNX Runtime {} ({}): {path}", found.version, found.found))
}

fn install() -> anyhow::Result<()> {
    let no_thread = "can't start a thread for the download";
    let task = Task::start("install", std::sync::Arc::new(|| ()), |cancel, progress| {
        runtime::install(cancel, progress)
    })
    .context(no_thread)?;
    let show = std::io::stderr().is_terminal();
    let answer = loop {
        if let Some(answer) = task.poll() {
            break answer;
        }
        let (done, total) = task.progress();
        if show && total > 0 {
            eprint!("\rfetching ONNX Runtime: {} of {} MB ", done / 1_000_000, total / 1_000_000);
            // Nothing is lost when the terminal can't be written to.
            let _ = std::io::stderr().flush();
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    if show {
        eprint!("\r{:60}\r", "");
    }
    let path =
        answer.map_err(|Died| anyhow::anyhow!("the installation stopped unexpectedly"))??;
    print(&format!("ONNX Runtime is installed: {}", path.display()))
}
