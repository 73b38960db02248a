//! `voxpoint runtime`.

use super::args::RuntimeCommand;
use super::fetching::fetch;
use super::print;
use crate::segment::runtime;

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
    let path = fetch("ONNX Runtime", runtime::install)?;
    print(&format!("ONNX Runtime is installed: {}", path.display()))
}
