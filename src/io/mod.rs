//! Files to volumes and back. Depends on `volume`, `geom`, `placeholder`, `work`. Readers convert at the door: nothing
//! outside of `io` knows a file format.
//!
//! - Reading: [`open_volume`] tells the format by content, never by name, and checks every claim of a
//!   header against the file's size and [`Limits`] before it allocates.
//! - Label maps: [`placed_on`] recognises those that other programs placed or ordered differently, [`labels_of`]
//!   reads what is in them.
//! - Writing: [`save_labels`], [`save_float32`] write a temporary file in the same folder, sync it,
//!   reopen and compare it, and only then put it in the target's place.
//! - [`write_whole`] and [`Staged`] do the same, without looking at the content, for files of other modules.
//! - [`publish_together`] puts several files in their places so that new and old ones never mix.
//! - [`stage_npy`] writes arrays for NumPy.
//! - Label tables are `ITK-SNAP` label descriptions, `<stem>.labels.txt` beside the label map.

mod atomic;
mod belonging;
mod error;
mod foreign;
mod label_table;
mod labels;
mod limits;
mod nifti;
mod npy;
mod save;
mod sniff;
mod stream;
mod together;

pub use atomic::{Staged, stage_bytes, writable_target, write_whole};
pub use belonging::{SameVoxels, belongs, placed_on};
pub use error::IoError;
pub use foreign::{FileStamp, PairStamp, foreign_table, is_foreign, table_without_map};
pub use labels::{LabelNote, LabelsRead, Likeness, labels_of, labels_on, likeness};
pub use limits::Limits;
pub use nifti::open_volume;
pub use npy::stage_npy;
pub use save::{Saved, label_table_path, save_float32, save_labels, stage_float32};
pub use together::{SetAside, publish_together};
