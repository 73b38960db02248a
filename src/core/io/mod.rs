//! Files to volumes and back. Depends on `volume`, `geom`, `placeholder`, `work`. Readers convert at the door: nothing
//! outside of `io` knows a file format.
//!
//! - Formats: a [`Reader`] and a [`Writer`] in a folder of their own, and one line in [`Registry::standard`].
//! - Reading: [`Registry::open`] tells the format of a [`Source`] by content, never by name; readers check every claim
//!   of a header against the file's size and [`Limits`] before they allocate.
//! - Label maps: [`placed_on`] recognises those that other programs placed or ordered differently,
//!   [`Registry::labels_of`] reads what is in them.
//! - Writing: [`Registry::save_labels`], [`Registry::save_float32`] let a writer write a temporary file in the same
//!   folder, sync it, read it back with the format's reader and compare it, and only then put it in the target's
//!   place. No writer can skip that.
//! - [`write_whole`] and [`Staged`] do the same, without looking at the content, for files of other modules.
//! - [`publish_together`] puts several files in their places so that new and old ones never mix.
//! - [`stage_npy`] writes arrays for NumPy: they have no place in space and are no volumes.
//! - [`SpillFile`] keeps what does not fit in memory, until the program ends.
//! - Label tables are `ITK-SNAP` label descriptions, `<stem>.labels.txt` beside the label map, whatever its format.

mod as_text;
#[cfg(test)]
mod asked_tests;
mod atomic;
mod belonging;
mod contents;
mod data_files;
mod describe;
mod dicom;
mod each_label;
mod error;
mod foreign;
mod format;
mod gathered;
mod inflate;
mod label_table;
mod labels;
mod labels_onto;
mod labels_read;
mod limits;
mod lps;
mod meta_image;
mod mgh;
mod natural;
mod nifti;
mod note;
mod npy;
mod nrrd;
mod on_disk;
mod onto_grid;
mod open_options;
mod overlaps;
mod pair;
mod pending;
mod pictures;
#[cfg(all(test, target_os = "linux"))]
mod power_cut_tests;
mod registry;
mod same_place;
mod save;
mod scan_numbers;
mod slices;
mod spill;
mod staged_image;
mod standard;
mod stream;
mod text_header;
mod together;
mod unsupported;
mod verify;
mod volume_part;
mod voxels;
mod zipped;

pub use atomic::{Staged, folder_of, stage_bytes, writable_target, write_whole};
pub use belonging::{SameVoxels, belongs, placed_on};
pub use contents::{GreyPicture, Personal, SeriesList, SeriesRemark, SeriesRow};
pub use each_label::LabelFile;
pub use error::IoError;
pub use foreign::{FileStamp, PairStamp};
pub use format::{
    Beginning, Content, ContentKind, ContentVoxels, EncodeError, Format, FormatInfo, Onto,
    PairWriter, Reader, Slice, Sniff, Source, Writer,
};
pub use label_table::{TableKind, decode as decode_text};
pub use labels::{Likeness, likeness};
pub use labels_read::LabelsRead;
pub use limits::Limits;
pub use natural::natural_order;
pub use note::LabelNote;
pub use npy::stage_npy;
pub use open_options::{OpenOptions, SliceSpacing, TypedPlace};
pub use pictures::OF_PICTURES;
pub use registry::Registry;
pub use save::Saved;
pub use spill::{SpillFile, Spilled};
pub use standard::{
    formats, labels_for, labels_of, labels_on, open_volume, save_float32, save_labels,
    save_overlapping,
};
pub use together::{SetAside, publish_together};
pub use volume_part::VolumePart;
