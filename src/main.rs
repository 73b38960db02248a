//! Arguments to command line or window; nothing else.

fn main() -> std::process::ExitCode {
    voxpoint::cli::main()
}
