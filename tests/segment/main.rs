//! Crop, model, mask: against the reference implementation's numbers; models and runtimes fetched and told apart.

mod blend;
mod checkpoint;
mod download;
mod extend;
mod lattice;
mod model;
mod paste;
mod preprocess;
mod reference;
mod rewritten;
mod runtime;
mod sam_med3d;
mod steady;
