use super::StoredGeometry;

/// What the source of a volume said about it beyond what is needed to show it: carried from whoever reads a file to
/// whoever writes one for it, so that a label map says the same as its scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// The name of the source's format, as the registry of `io` has it; empty if there was no file.
    pub format: &'static str,
    /// The statements about the place of the voxels, if the format makes such as NIfTI's.
    pub geometry: Option<StoredGeometry>,
    /// Names and values by which the scan can be found again, but no person: the UIDs of a series, a checksum. A
    /// reader puts nothing here that may name or describe a patient.
    pub identifiers: Vec<(String, String)>,
}

impl From<StoredGeometry> for Provenance {
    fn from(geometry: StoredGeometry) -> Self {
        Self { geometry: Some(geometry), ..Self::default() }
    }
}
