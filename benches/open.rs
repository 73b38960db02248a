//! Opening a 512 × 512 × 300 int16 `.nii.gz` beside nibabel and NumPy, and the peak memory of it:
//! `cargo bench --bench open` is `voxpoint bench open` in a program of its own. The goals on 2 cores: at
//! most 0.60 of Python's time, and a peak below 1.30 of the voxels.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    // Each measurement starts this program anew with `bench open-once …`; all else is from cargo.
    if arguments.get(1).is_none_or(|first| first != "bench") {
        arguments.truncate(1);
        arguments.extend(["bench", "open", "--repeat", "7"].map(OsString::from));
    }
    voxpoint::cli::run(arguments)
}
