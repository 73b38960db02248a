//! `voxpoint model`.

mod download;
mod export;
mod info;
mod interactive;
mod pair;
mod served;
mod triton;

use super::args::ModelCommand;

/// Says what a model is, fetches one, or writes one for other programs.
pub fn run(command: &ModelCommand) -> anyhow::Result<()> {
    match command {
        ModelCommand::Info(args) => info::run(args),
        ModelCommand::Download(args) => download::run(args),
        ModelCommand::Export(args) => export::run(args),
    }
}
