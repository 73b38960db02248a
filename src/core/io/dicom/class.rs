//! SOP classes of files with labels (PS3.4 B.5).

/// Binary and fractional segmentations.
pub(super) const SEGMENTATION: &str = "1.2.840.10008.5.1.4.1.1.66.4";
/// Segmentations that are one number for each pixel.
pub(super) const LABEL_MAP: &str = "1.2.840.10008.5.1.4.1.1.66.7";
/// Contours of regions of interest.
pub(super) const STRUCTURE_SET: &str = "1.2.840.10008.5.1.4.1.1.481.3";

/// Whether a SOP class is one of segmentations.
pub(super) fn is_segmentation(class: &str) -> bool {
    class == SEGMENTATION || class == LABEL_MAP
}
