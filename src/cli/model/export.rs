//! `voxpoint model export`.

use super::pair::{check_others, write_pair};
use super::triton;
use crate::cli::args::ModelExportArgs;
use crate::cli::{Usage, print};
use crate::segment::library;
use crate::text;

/// Writes a checkpoint as a pair of ONNX files, or a model as a repository for Triton.
pub fn run(args: &ModelExportArgs) -> anyhow::Result<()> {
    if let Some(repository) = &args.triton {
        triton::run(&args.model, repository, args.force)?;
    }
    let Some(out) = &args.out_dir else { return Ok(()) };
    if !library::is_checkpoint(&args.model) {
        let why = "only a checkpoint (.pth) is written as a pair of ONNX files; this is one: see --triton";
        return Err(Usage(why.to_owned()).into());
    }
    if !args.force {
        check_others(out)?;
    }
    let bytes = write_pair(&args.model, out)?;
    let size = text::bytes(bytes);
    print(&format!("wrote encoder.onnx and decoder.onnx ({size}): {}", out.display()))
}
