//! The formats that ship, one line each, and what is done with them most.

use std::path::Path;
use std::sync::LazyLock;

use super::error::IoError;
use super::format::Source;
use super::labels_read::LabelsRead;
use super::limits::Limits;
use super::registry::Registry;
use super::save::Saved;
use super::{dicom, meta_image, mgh, nifti, nrrd, pictures, zipped};
use crate::geom::{DAffine3, Grid};
use crate::volume::{CoveredLabels, LabelMap, LabelName, Provenance, Volume};
use crate::work::{CancelToken, Progress};

impl Registry {
    /// The formats that ship.
    pub fn standard() -> Self {
        Self::default()
            .with(nifti::format())
            .with(nifti::analyze())
            .with(nrrd::format())
            .with(nrrd::segmentation())
            .with(meta_image::format())
            .with(mgh::format())
            .with(dicom::format())
            .with(dicom::label_map())
            .with(dicom::structure_set())
            .with(pictures::format())
            .with(zipped::format())
    }
}

/// [`Registry::standard`], for whoever has no formats of its own.
pub fn formats() -> &'static Registry {
    static FORMATS: LazyLock<Registry> = LazyLock::new(Registry::standard);
    &FORMATS
}

/// [`Registry::open`] of the file or folder at a path.
///
/// # Errors
/// As that.
pub fn open_volume(
    path: &Path,
    limits: &Limits,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Volume, IoError> {
    formats().open(&Source::at(path), limits, cancel, progress)
}

/// [`Registry::labels_of`].
///
/// # Errors
/// As that.
pub fn labels_of(volume: &Volume, path: &Path, grid: &Grid) -> Result<LabelsRead, IoError> {
    formats().labels_of(volume, path, grid)
}

/// [`Registry::labels_on`].
///
/// # Errors
/// As that.
pub fn labels_on(volume: &Volume, path: &Path, scan: &Volume) -> Result<LabelsRead, IoError> {
    formats().labels_on(volume, path, scan)
}

/// [`Registry::labels_for`] of the file or folder at a path.
///
/// # Errors
/// As that.
pub fn labels_for(
    path: &Path,
    scan: &Volume,
    limits: &Limits,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Option<LabelsRead>, IoError> {
    formats().labels_for(&Source::at(path), scan, limits, cancel, progress)
}

/// [`Registry::save_labels`].
///
/// # Errors
/// As that.
pub fn save_labels(
    path: &Path,
    labels: &LabelMap,
    grid: &Grid,
    provenance: &Provenance,
    table: &[LabelName],
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Saved, IoError> {
    formats().save_labels(path, labels, grid, provenance, table, cancel, progress)
}

/// [`Registry::save_overlapping`].
///
/// # Errors
/// As that.
pub fn save_overlapping(
    path: &Path,
    labels: (&LabelMap, &CoveredLabels),
    grid: &Grid,
    provenance: &Provenance,
    table: &[LabelName],
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Saved, IoError> {
    formats().save_overlapping(path, labels, grid, provenance, table, cancel, progress)
}

/// [`Registry::save_float32`].
///
/// # Errors
/// As that.
pub fn save_float32(
    path: &Path,
    dims: [usize; 3],
    values: &[f32],
    world_from_voxel: DAffine3,
) -> Result<(), IoError> {
    formats().save_float32(path, dims, values, world_from_voxel)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::path::PathBuf;

    use super::super::format::ContentKind;
    use super::super::label_table::path_for;
    use super::*;

    #[test]
    fn own_label_maps_are_told_from_others_in_both_versions_plain_and_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.nii.gz");
        let header = |size: u32, at: usize, text: &[u8]| {
            let mut header = vec![0; 600];
            header[..4].copy_from_slice(&size.to_le_bytes());
            header[at..at + text.len()].copy_from_slice(text);
            header
        };
        let gzip = |bytes: &[u8]| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        };
        let ours = header(348, 148, b"Voxpoint");
        for (name, bytes, foreign) in [
            ("NIfTI-1", ours.clone(), false),
            ("compressed", gzip(&ours), false),
            ("NIfTI-2", header(540, 240, b"Voxpoint"), false),
            ("nothing in it", Vec::new(), false),
            ("ITK's", header(348, 148, b"ITK-SNAP"), true),
            ("nobody's", header(348, 148, b""), true),
            ("big-endian", header(348u32.swap_bytes(), 148, b"Voxpoint"), true),
            ("a text", b"my notes".to_vec(), true),
            ("damaged", gzip(&ours)[..20].to_vec(), true),
        ] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(formats().is_foreign(&path), foreign, "{name}");
        }
        assert!(
            !formats().is_foreign(&folder.path().join("missing"))
                && !formats().is_foreign(folder.path())
        );
    }

    #[test]
    fn the_table_lies_beside_the_label_map() {
        let path = |map: &str| path_for(formats(), Path::new(map));
        assert_eq!(path("/a/Scan.v2.NII.GZ"), Some(PathBuf::from("/a/Scan.v2.labels.txt")));
        assert_eq!(path("/a/mask.img"), Some(PathBuf::from("/a/mask.labels.txt")));
        assert_eq!(path("/a/b.seg.nrrd"), Some(PathBuf::from("/a/b.labels.txt")));
        for none in ["/a/mask.txt", "/a/.nii", "/a/scan.gz", "/a/seg.1"] {
            assert_eq!(path(none), None, "{none}");
        }
    }

    #[test]
    fn the_lists_that_users_see() {
        let formats = formats();
        assert_eq!(
            formats.readable(),
            "NIfTI (.nii, .nii.gz), NRRD (.nrrd, .nhdr), MetaImage (.mha, .mhd), MGH (.mgz, .mgh), DICOM (.dcm)"
        );
        assert_eq!(
            formats.readable_endings(),
            ".nii, .nii.gz, .nrrd, .nhdr, .mha, .mhd, .mgz, .mgh, .dcm"
        );
        assert_eq!(
            formats.written_endings(ContentKind::Labels),
            [
                ".nii.gz",
                ".nii",
                ".nrrd",
                ".seg.nrrd",
                ".mha",
                ".mhd",
                ".mgz",
                ".mgh",
                ".dcm",
                ".seg.dcm",
                ".labelmap.dcm",
                ".rtstruct.dcm"
            ]
        );
        assert_eq!(
            formats.written_endings(ContentKind::Values),
            [".nii.gz", ".nii", ".nrrd", ".mha", ".mhd", ".mgz", ".mgh"]
        );
        for (scan, ending) in [
            ("scan.nii", ".nii.gz"),
            ("SCAN.MHD", ".mha"),
            ("a.nrrd", ".nrrd"),
            ("a.nhdr", ".nrrd"),
            ("a.mgh", ".mgz"),
            ("a.img", ".nii.gz"),
            ("odd", ".nii.gz"),
        ] {
            let path = Path::new(scan);
            assert_eq!(formats.ending_beside(path, ContentKind::Labels), ending, "{scan}");
        }
    }
}
