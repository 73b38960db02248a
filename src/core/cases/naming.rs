//! What names say: which files are label maps and not scans, and which are slices of a series.
//!
//! A name is looked at without its folder and ending, in lower case. It is a label map's
//! - if its last word, after `_`, `-` or `.`, is one of [`LABEL_WORDS`] (`x_seg`, `x-mask`, `sub-01_dseg`);
//! - if there is such a word further inside, also with a number, and what stands before it is the name of a scan in the
//!   same folder (`x_seg2`, `x_mask_final` beside `x`);
//! - if it lies in a folder `labels…` beside `images…`, or another pair of `FOLDERS`.

use std::path::Path;

/// What a label map's name ends in.
pub const LABEL_WORDS: [&str; 12] = [
    "seg",
    "segs",
    "dseg",
    "segmentation",
    "label",
    "labels",
    "labelmap",
    "mask",
    "masks",
    "gt",
    "truth",
    "groundtruth",
];

/// Names of folders with scans, and of those with their label maps.
const FOLDERS: [(&str, &str); 4] =
    [("images", "labels"), ("image", "label"), ("imgs", "masks"), ("img", "seg")];

/// Endings of images of which many are one scan, that of their folder.
const SLICES: [&str; 3] = ["dcm", "dicom", "ima"];

/// What stands between words.
const BETWEEN: [char; 3] = ['_', '-', '.'];

/// What is left of a label map's name without the word that says so; `None` if its last word does not.
pub fn label_base(name: &str) -> Option<&str> {
    let cut = |word: &&str| {
        let base = name.strip_suffix(*word)?;
        base.strip_suffix(BETWEEN).filter(|base| !base.is_empty())
    };
    // The longest ending: “groundtruth” ends in “truth”.
    LABEL_WORDS.iter().filter_map(cut).min_by_key(|base| base.len())
}

/// Whether a name is a label map's; `is_scan` says whether there is a scan of a name beside it.
pub fn is_label_map(name: &str, is_scan: impl Fn(&str) -> bool) -> bool {
    if label_base(name).is_some() {
        return true;
    }
    let starts = name.match_indices(BETWEEN).map(|(at, _)| at);
    let mut words = starts.map(|at| (&name[..at], name[at + 1..].split(BETWEEN).next()));
    words.any(|(before, word)| {
        let word = word.unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit());
        LABEL_WORDS.contains(&word) && is_scan(before)
    })
}

/// What the folder beside one of this name is called if that has the scans of the label maps in this one.
pub fn scans_folders(name: &str) -> impl Iterator<Item = String> {
    let name = name.to_lowercase();
    FOLDERS.iter().filter_map(move |(images, labels)| {
        name.strip_prefix(labels).map(|which| format!("{images}{which}"))
    })
}

/// Endings of what is opened, but is a part of something else, or a pack of things, where many files lie.
const NO_CASES: [&str; 4] = ["png", "tif", "tiff", "zip"];

/// Whether a file is never a case of its own, by its ending without the dot: pictures, archives.
pub fn is_no_case(ending: &str) -> bool {
    NO_CASES.contains(&ending.to_lowercase().as_str())
}

/// Whether a file is a part of the scan that its folder is, by its ending without the dot.
pub fn is_slice(ending: &str) -> bool {
    SLICES.contains(&ending.to_lowercase().as_str())
}

/// Whether a file's name says so little that it may be a slice: it has no ending (`IM000001`), or one of digits, as the
/// name of an image by its UID has (`1.2.840.10008.1.2`). The index of such files (DICOMDIR) is none.
pub fn may_be_unnamed_slice(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let is_index = path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("DICOMDIR"));
    !is_index && ending.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_may_be_slices() {
        for (name, may) in [
            ("IM000001", true),
            ("I10", true),
            ("1.2.840.10008.1.2", true),
            ("MR.1.2.3", true),
            ("DICOMDIR", false),
            ("dicomdir", false),
            ("x.txt", false),
            ("1.2.dcm", false),
            ("x.3d", false),
        ] {
            assert_eq!(may_be_unnamed_slice(Path::new(name)), may, "{name}");
        }
    }

    #[test]
    fn label_maps_are_told_by_their_words() {
        let scans = ["x", "ct_thorax", "mask"];
        for (name, is_label) in [
            ("x_seg", true),
            ("x-mask", true),
            ("x.labels", true),
            ("nothing_dseg", true),
            ("sub-01_ses-2_space-t1w_desc-brain_mask", true),
            ("x_groundtruth", true),
            // Only if it belongs to a scan.
            ("x_seg2", true),
            ("ct_thorax_mask_final", true),
            ("ct_thorax_label-liver", true),
            ("ct_thorax_seg.v2", true),
            ("y_seg2", false),
            ("y_mask_final", false),
            // A scan all the same.
            ("mask", false),
            ("seg", false),
            ("_seg", false),
            ("mask_x", false),
            ("x_masked", false),
            ("x_segmented", false),
            ("xmask", false),
            ("label-x", false),
            ("", false),
        ] {
            assert_eq!(is_label_map(name, |scan| scans.contains(&scan)), is_label, "{name}");
        }
    }

    #[test]
    fn folders_of_label_maps_lie_beside_those_of_scans() {
        for (name, scans) in [
            ("labelsTr", Some("imagestr")),
            ("labels", Some("images")),
            ("label", Some("image")),
            ("masks", Some("imgs")),
            ("seg_1", Some("img_1")),
            ("scans", None),
        ] {
            let found = scans_folders(name).next();
            assert_eq!(found.as_deref(), scans, "{name}");
        }
    }
}
