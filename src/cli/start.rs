//! Before anything else: what the system would do to this process, or with it, that nobody wants.

/// Prepares the process. Call it once, first of all: it may start the program again.
pub fn prepare_process() {
    keep_out_of_the_working_folder();
    report_files_that_grow_too_large();
}

/// A limit on the size of files (`ulimit -f`) sends a signal that ends the process. Once somebody handles that, the
/// write fails instead, and is reported as any other.
#[cfg(unix)]
fn report_files_that_grow_too_large() {
    use signal_hook::consts::SIGXFSZ;
    // Where it can't be had, the signal does what it did.
    let _ = signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default());
}

/// Elsewhere there is no such signal.
#[cfg(not(unix))]
fn report_files_that_grow_too_large() {}

/// Lists of folders in which the system looks for programs and libraries.
#[cfg(unix)]
const LISTS: [&str; 2] = ["PATH", "LD_LIBRARY_PATH"];

/// Where `PATH` or `LD_LIBRARY_PATH` name the working folder (an empty entry does, as in
/// `LD_LIBRARY_PATH=/usr/local/cuda/lib64:$LD_LIBRARY_PATH`), starts this program again, in the same process, with
/// lists that don't: people start it in folders with scans of others, and the graphics driver, a dialog or Python
/// would run what lies there. Returns where there is nothing to leave out.
///
/// The system reads `LD_LIBRARY_PATH` once, when a program starts: setting it later would not help.
#[cfg(unix)]
fn keep_out_of_the_working_folder() {
    use std::os::unix::process::CommandExt as _;

    use crate::work::program::without_working_folder;

    let changed: Vec<_> = LISTS
        .into_iter()
        .filter_map(|name| Some((name, without_working_folder(&std::env::var_os(name)?)?)))
        .collect();
    if changed.is_empty() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut command = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    for (name, list) in changed {
        if list.is_empty() {
            command.env_remove(name);
        } else {
            command.env(name, list);
        }
    }
    // Comes back only if it failed.
    let why = command.args(arguments).exec();
    let lists = LISTS.join(" or ");
    super::say(&format!(
        "warning: {lists} has an empty or relative entry, so programs and libraries of the working folder may be \
         used ({why})"
    ));
}

/// Elsewhere programs and libraries are not looked for in the working folder.
#[cfg(not(unix))]
fn keep_out_of_the_working_folder() {}
