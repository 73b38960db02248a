use std::collections::BTreeMap;

use super::note::LabelNote;
use crate::volume::NamedRegion;

/// A label map as it was read, and what had to be decided to read it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelsRead {
    /// Its labels, by rising numbers.
    pub labels: Vec<NamedRegion>,
    /// What the user should know.
    pub notes: Vec<LabelNote>,
    /// Numbers in the file that are over 65535, and those that they got instead.
    pub renumbered: BTreeMap<u64, u16>,
    /// Whether something was decided that may be meant otherwise: worth asking about.
    pub is_doubtful: bool,
    /// How far the file's own voxels or contours lie from where those of labels that are drawn on the scan do, in
    /// voxels of the scan, at most; infinite on a grid of other axes.
    pub apart: f64,
}

impl LabelsRead {
    /// The number in [`LabelsRead::labels`] of what has this number in the file, if that can be one.
    pub fn value_of(&self, in_file: u64) -> Option<u16> {
        u16::try_from(in_file).ok().or_else(|| self.renumbered.get(&in_file).copied())
    }
}
