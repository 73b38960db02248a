//! What Voxpoint is without its window: voxels in their place, files, masks, models, the document and its session.
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
//! - [`names`]: lists of names for structures.
//! - [`session`]: the `.voxpoint` file.
//! - [`cases`]: lists of scans, each with its session.
//! - [`work`]: threads, cancelling, progress.
//! - [`placeholder`]: links to nothing and pointers of git-annex and Git LFS, told from files.
//! - [`text`]: bytes and lines for people.
//!
//! The package `voxpoint` adds the window and the command line, under whose name everything here is found as well.
//! `ARCHITECTURE.md`, at the top of the sources, says which module may use which.

// They panic where nobody reads: `cli::output` prints.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

pub mod cases;
pub mod document;
pub mod geom;
pub mod io;
pub mod mask;
pub mod measure;
pub mod mesh;
pub mod names;
pub mod placeholder;
pub mod prompt;
pub mod segment;
pub mod session;
pub mod text;
pub mod volume;
pub mod work;
