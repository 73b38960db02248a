//! Names of files that are written.

use std::path::{Path, PathBuf};

use crate::io::{ContentKind, Registry};
use crate::ui::text::tr;
use crate::ui::{FilmFormat, FilmOptions, PictureOptions};

/// A picture or a film that goes into a file.
#[derive(Clone, Debug)]
pub(super) enum Output {
    Picture(PictureOptions),
    Film(FilmOptions),
}

impl Output {
    /// What its name ends in; nothing for a folder.
    pub fn ending(&self) -> &'static str {
        match self {
            Output::Picture(_) | Output::Film(FilmOptions { format: FilmFormat::Apng, .. }) => {
                ".png"
            }
            Output::Film(FilmOptions { format: FilmFormat::Gif, .. }) => ".gif",
            Output::Film(FilmOptions { format: FilmFormat::Sequence, .. }) => "",
        }
    }

    pub fn title(&self) -> &'static str {
        match self {
            Output::Picture(_) => tr("Save the picture"),
            Output::Film(FilmOptions { format: FilmFormat::Sequence, .. }) => {
                tr("A new folder for the pictures of the turn")
            }
            Output::Film(_) => tr("Save the film"),
        }
    }
}

/// The last part of a path.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A name without any of these endings gets the first.
pub(super) fn with_ending(path: PathBuf, endings: &[&str]) -> PathBuf {
    let name = path.to_string_lossy().to_lowercase();
    if endings.iter().any(|ending| name.ends_with(ending)) {
        return path;
    }
    let mut named = path.into_os_string();
    named.push(endings.first().copied().unwrap_or_default());
    PathBuf::from(named)
}

/// `scan.nii.gz` → `scan_mask.nii.gz`, beside it.
pub(super) fn label_path_for(formats: &Registry, scan: &Path) -> PathBuf {
    scan.with_file_name(format!("{}_mask{}", stem_of(formats, scan), label_ending(formats)))
}

/// How the name of a label map usually ends.
pub(super) fn label_ending(formats: &Registry) -> &'static str {
    formats.written_endings(ContentKind::Labels).first().copied().unwrap_or_default()
}

/// `scan.nii.gz` → `scan`.
pub(super) fn stem_of(formats: &Registry, scan: &Path) -> String {
    formats.stem(scan).map_or_else(|| name_of(scan), |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::formats;

    #[test]
    fn a_name_gets_the_ending_of_its_kind() {
        let named = |name: &str, endings: &[&str]| with_ending(PathBuf::from(name), endings);
        assert_eq!(named("a", &[".nii.gz", ".nii"]), Path::new("a.nii.gz"));
        assert_eq!(named("A.NII", &[".nii.gz", ".nii"]), Path::new("A.NII"));
        assert_eq!(named("a.gif", &[".png"]), Path::new("a.gif.png"));
        assert_eq!(named("folder", &[""]), Path::new("folder"));
    }

    #[test]
    fn the_mask_is_suggested_beside_its_scan() {
        let path = |s: &str| label_path_for(formats(), Path::new(s)).to_string_lossy().into_owned();
        assert_eq!(path("d/scan.v2.nii.gz"), "d/scan.v2_mask.nii.gz");
        assert_eq!(path("d/SCAN.NII"), "d/SCAN_mask.nii.gz");
        assert_eq!(path("d/scan.img"), "d/scan_mask.nii.gz");
        assert_eq!(path("odd"), "odd_mask.nii.gz");
    }
}
