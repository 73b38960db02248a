//! Voxpoint: open a scan, click once inside a structure, get its 3D mask, correct it, save a NIfTI that
//! every other tool opens in the right place.
//!
//! # Map
//! - [`geom`]: voxel grids in world space, orientation, the three planes.
//! - [`prompt`]: clicks and a model's answers to them.
//! - [`volume`]: voxels as read, the label map, window level.
//! - [`io`]: files to volumes and back.
//! - [`segment`]: crop, model, mask; ONNX Runtime.
//! - [`mask`]: pure algorithms on regions: what a brush covers.
//! - [`measure`]: numbers about masks.
//! - [`document`]: the scan, its objects, their history.
//! - [`work`]: threads, cancelling, progress.
//! - [`placeholder`]: links to nothing and pointers of git-annex and Git LFS, told from files.
//! - [`render`]: slices and 3D with wgpu.
//! - [`ui`]: the window's contents.
//! - [`figure`]: the window's views as pictures and films, without a window.
//! - [`app`]: owns everything and moves data between the others.
//! - [`cli`]: the command line.
//!
//! # Invariants
//! 1. The document changes only through `Document::apply`, `undo` and `redo`.
//! 2. `geom`, `prompt`, `volume`, `mask`, `measure`, `document` do no I/O, start no thread, name no GPU or ML crate.
//! 3. All label writes of an object pass `document::gate`, which never takes another object's voxels and
//!    records a run-length change (for undo) and its bounding box (for the partial upload).
//! 4. The prompts are the truth of a clicked object; its mask is their replay.
//! 5. GPU state is a cache of the document keyed by revision; losing it loses nothing.
//! 6. A background answer that nobody waits for any more is dropped; everything long can be cancelled.
//! 7. The UI thread never decodes a file, runs the model, or waits for a dialog.
//! 8. Voxels keep NIfTI memory order (x fastest). Transforms are named `b_from_a`; world is RAS millimetres.
//! 9. Only `segment::{engine, runtime}` name `ort`; only `io::nifti` names `nifti`.
//!
//! `tests/house/architecture.rs` holds what a test can hold of this.

// They panic where nobody reads: `cli::output` prints.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

pub mod app;
pub mod cli;
pub mod document;
pub mod figure;
pub mod geom;
pub mod io;
pub mod mask;
pub mod measure;
pub mod placeholder;
pub mod prompt;
pub mod render;
pub mod segment;
pub mod ui;
pub mod volume;
pub mod work;
