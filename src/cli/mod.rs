//! The command line: thin over the library. Depends on everything.
//!
//! Exit code 0 is success, 1 a failure (a bad file, no display, …), 2 wrong usage. An error is one line
//! on stderr: what is wrong, where, what to do. What a program would read goes to stdout with `--json`.

mod args;
mod batch;
pub mod bench;
mod clean;
mod compare;
mod convert;
mod embed;
mod environment;
mod eval;
mod fetching;
mod files;
mod folders;
mod info;
mod jobs;
mod journal;
mod label_maps;
mod list;
mod measure;
mod measurements;
mod mesh;
mod model;
mod options;
mod output;
mod overlaps;
mod per_label;
mod prompts;
mod render;
mod robot_rounds;
mod runtime;
mod segment;
mod sending;
mod series;
mod server;
mod session;
mod session_info;
mod session_pictures;
mod session_scan;
mod session_table;
mod stamp;
mod start;
mod tables;
mod threads;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::placeholder::Placeholder;
use crate::segment::ModelRef;
use crate::text::one_line;
use output::{print, print_json, say};

pub use args::{
    BatchArgs, BenchArgs, BenchWhat, CameraArg, CleanArgs, Cli, CliCommand, ClipArg, CompareArgs,
    ConvertArgs, ConvertAs, CropAt, DeviceArg, EmbedArgs, EvalArgs, ExportSessionArgs, First,
    InfoArgs, Labels, LayoutArg, ListArgs, MeasureArgs, MeasureSuv, MeshArgs, ModelArgs,
    ModelCommand, ModelDownloadArgs, ModelExportArgs, ModelInfoArgs, RenderArgs, RuntimeCommand,
    SegmentArgs, SeriesArg, Space, SuvArg, TableArg, TypedPoint, TypedPrompt, TypedPrompts, View,
};

/// Threads of a window besides those of the graphics driver: the model, files, the desktop's services.
const WINDOW_THREADS: usize = 15;
/// What any command takes, with its threads.
const LEAST_BYTES: u64 = 16 << 20;

/// A mistake in what was typed: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Does what the program's own arguments ask for. May start the program anew, in another environment.
pub fn main() -> ExitCode {
    start::prepare_process();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    parsed(&arguments, Some(&arguments))
}

/// Does what the arguments (the program's name first) ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    parsed(&arguments.into_iter().collect::<Vec<_>>(), None)
}

/// `own`: the arguments with which the program may start itself anew.
fn parsed(arguments: &[OsString], own: Option<&[OsString]>) -> ExitCode {
    start_logging();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match carry_out(cli, own) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {}", causes(&error)));
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

fn carry_out(cli: Cli, own: Option<&[OsString]>) -> anyhow::Result<()> {
    // With less, nothing can be said any more.
    crate::work::memory::check_library(LEAST_BYTES, LEAST_BYTES)
        .map_err(|short| anyhow::anyhow!("the program {short}"))?;
    let draws = match &cli.command {
        Some(CliCommand::Render(_) | CliCommand::Bench(_)) => true,
        Some(CliCommand::Eval(args)) => args.pictures.is_some(),
        Some(CliCommand::ExportSession(args)) => args.pictures.is_some(),
        _ => false,
    };
    if draws {
        environment::settle(own, false);
    }
    threads::start()?;
    match cli.command {
        None => open_window(cli, own),
        Some(CliCommand::Info(args)) => info::run(&args),
        Some(CliCommand::Convert(args)) => convert::run(&args),
        Some(CliCommand::ExportSession(args)) => session::export(&args),
        Some(CliCommand::List(args)) => list::run(&args),
        Some(CliCommand::Segment(args)) => segment::run(&args),
        Some(CliCommand::Render(args)) => render::run(&args),
        Some(CliCommand::Compare(args)) => compare::run(&args),
        Some(CliCommand::Clean(args)) => clean::run(&args),
        Some(CliCommand::Mesh(args)) => mesh::run(&args),
        Some(CliCommand::Measure(args)) => measure::run(&args),
        Some(CliCommand::Model(command)) => model::run(&command),
        Some(CliCommand::Batch(args)) => batch::run(&args),
        Some(CliCommand::Eval(args)) => eval::run(&args),
        Some(CliCommand::Embed(args)) => embed::run(&args),
        Some(CliCommand::Runtime(command)) => runtime::run(command),
        Some(CliCommand::Bench(args)) => bench::run(&args),
    }
}

/// Quiet unless `RUST_LOG` asks for more; always on stderr.
fn start_logging() {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    use tracing_subscriber::{EnvFilter, Layer as _};
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    // Of what can't be written to stderr it would complain there, and panic.
    let to_stderr =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    // A second start in one process (tests) finds the first one in place: nothing to do.
    let _ = tracing_subscriber::registry()
        .with(crate::app::LogLayer.with_filter(EnvFilter::new("warn,voxpoint=info")))
        .with(to_stderr.with_filter(filter))
        .try_init();
    crate::app::LibraryErrors::start();
}

fn open_window(cli: Cli, own: Option<&[OsString]>) -> anyhow::Result<()> {
    let Cli { mut files, overlay, beside, beside_time_point, mask, compare, model, server, .. } =
        cli;
    files.extend(mask);
    let model = server::for_the_window(model, &server)?;
    let local = model.as_ref().and_then(ModelRef::path);
    let others = [&beside, &compare, &server.server_ca, &server.key_file].into_iter().flatten();
    let named = files.iter().chain(&overlay).chain(others).map(PathBuf::as_path).chain(local);
    for file in named {
        if let Some(what) = Placeholder::at(file) {
            anyhow::bail!("{what}: {}", file.display());
        }
        if !file.exists() {
            anyhow::bail!(
                "there is no such file or command; check the name, or see “voxpoint --help”: {}",
                file.display()
            );
        }
    }
    let only_x11 = environment::find_display(own)?;
    let needed = std::thread::available_parallelism().map_or(1, usize::from) + WINDOW_THREADS;
    let given = crate::work::threads_available(needed);
    if given < needed {
        anyhow::bail!(
            "the window needs {needed} threads and the system gives {given} more; raise the limit on processes (ulimit -u)"
        );
    }
    let beside = beside.map(|path| (path, beside_time_point.map(|number| number - 1)));
    crate::app::run(files, overlay, beside, compare, model, only_x11)
}

/// Prints help, the version, or what is wrong with the arguments, in one line.
fn refuse(error: &clap::Error) -> ExitCode {
    use ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand as MissingAll, DisplayVersion,
    };
    if matches!(error.kind(), DisplayHelp | DisplayVersion | MissingAll) {
        // A closed pipe is the reader's business.
        let _ = error.print();
        return ExitCode::from(if error.kind() == MissingAll { 2 } else { 0 });
    }
    let text = error.render().to_string();
    let message: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    say(&format!("{} (see --help)", message.join(" ")));
    ExitCode::from(2)
}

/// The chain of causes in one line; a cause that its effect already tells is not told twice.
fn causes(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !line.contains(&text) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&text);
        }
    }
    if let Some(option) = error.chain().find_map(options::of) {
        line += " (";
        line += &option;
        line.push(')');
    }
    one_line(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_and_says_nothing_twice() {
        let error =
            anyhow::anyhow!("disk\nfull").context("can't save").context("can't save: x.nii");
        assert_eq!(causes(&error), "can't save: x.nii: disk full");
    }
}
