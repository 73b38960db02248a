//! One of several raters.

use std::path::PathBuf;

use crate::io::LabelsRead;
use crate::volume::NamedRegion;

/// A rater's label map, on the scan's grid.
pub(super) struct Rater {
    /// Never the same for two.
    pub number: u64,
    pub path: PathBuf,
    pub read: LabelsRead,
}

impl Rater {
    /// The number that a label has in its file.
    pub fn in_file(&self, label: &NamedRegion) -> u64 {
        let renumbered = self.read.renumbered.iter().find(|(_, here)| **here == label.value);
        renumbered.map_or(u64::from(label.value), |(in_file, _)| *in_file)
    }
}
