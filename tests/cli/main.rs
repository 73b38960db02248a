//! The command line as its users meet it: arguments, exit codes, one-line errors, JSON, files.

mod arguments;
mod asked;
mod bad_input;
mod batch;
mod batch_served;
mod belonging;
mod commands;
mod compare;
mod convert;
mod eval;
mod films;
mod interactive;
mod label_files;
mod labels;
mod lists;
mod measure;
mod memory;
mod mesh;
mod model;
mod others;
#[cfg(target_os = "linux")]
mod output;
mod patients;
mod pictures;
#[cfg(target_os = "linux")]
mod planted;
mod render_flags;
mod render_sides;
mod served;
mod sessions;
mod support;
#[cfg(target_os = "linux")]
mod threads;
mod tls;
