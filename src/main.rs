//! Arguments to command line or window; nothing else.

fn main() -> std::process::ExitCode {
    voxpoint::cli::run(std::env::args_os())
}
