//! Voxpoint: open a scan, click once inside a structure, get its 3D mask, correct it, save a NIfTI that
//! every other tool opens in the right place.
//!
//! # Map
//! - [`geom`]: voxel grids in world space, orientation, the three planes.
//! - [`prompt`]: clicks and a model's answers to them.
//! - [`volume`]: voxels as read, the label map, window level.
//! - [`io`]: formats, files to volumes and back.
//! - [`segment`]: models behind one trait; ONNX Runtime.
//! - [`mask`]: pure algorithms on regions: what a brush covers, parts, holes, margins, smoothing.
//! - [`measure`]: numbers about masks.
//! - [`mesh`]: masks as closed triangle meshes, and their files.
//! - [`document`]: the scan, its objects, label edits, their history.
//! - [`session`]: the `.voxpoint` file.
//! - [`cases`]: lists of scans, each with its session.
//! - [`work`]: threads, cancelling, progress.
//! - [`placeholder`]: links to nothing and pointers of git-annex and Git LFS, told from files.
//! - [`text`]: bytes and lines for people.
//! - [`render`]: slices and 3D with wgpu.
//! - [`ui`]: the window's contents.
//! - [`figure`]: the window's views as pictures and films, without a window.
//! - [`app`]: owns everything and moves data between the others.
//! - [`cli`]: the command line.
//!
//! `ARCHITECTURE.md`, beside the sources, says which module may use which, by which five doors new things come in, and
//! what holds everywhere; `tests/house` holds of it what a test can hold. `CONTRIBUTING.md` says how to add a command,
//! a tool, a format, a model engine or a text.

// They panic where nobody reads: `cli::output` prints.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

pub mod app;
pub mod cli;
pub mod figure;
pub mod render;
pub mod ui;

pub use voxpoint_core::{
    cases, document, geom, io, mask, measure, mesh, names, placeholder, prompt, segment, session,
    text, volume, with_voxels, work,
};
