//! What files are called, and what their names say.

use std::path::{Path, PathBuf};

use crate::io::{ContentKind, Registry};
use crate::ui::text::tr;
use crate::ui::{FilmFormat, FilmOptions, PictureOptions};
use crate::volume::Provenance;

/// How the names of label tables for other programs end, the first where none is said.
pub(in crate::app) const TABLE_ENDINGS: [&str; 3] = [".ctbl", "_LUT.txt", ".tsv"];

/// A picture or a film that goes into a file.
#[derive(Clone, Debug)]
pub(in crate::app) enum Output {
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
pub(in crate::app) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A name without any of these endings gets the first.
pub(in crate::app) fn with_ending(path: PathBuf, endings: &[&str]) -> PathBuf {
    let name = path.to_string_lossy().to_lowercase();
    if endings.iter().any(|ending| name.ends_with(&ending.to_lowercase())) {
        return path;
    }
    let mut named = path.into_os_string();
    named.push(endings.first().copied().unwrap_or_default());
    PathBuf::from(named)
}

/// The name of a label table for another program, with its ending as that program spells it: so a look for what is there
/// already sees the file that will be written. A plain `.txt` is for `FreeSurfer`.
pub(in crate::app) fn table_name(path: PathBuf) -> PathBuf {
    let name = name_of(&path);
    let spelt = TABLE_ENDINGS.iter().map(|ending| (*ending, *ending)).chain([(".txt", "_LUT.txt")]);
    let stem_before = |ending: &str| {
        let at = name.len().checked_sub(ending.len()).filter(|at| *at > 0)?;
        name.get(at..)?.eq_ignore_ascii_case(ending).then(|| name[..at].to_owned())
    };
    let found = spelt.into_iter().find_map(|(typed, spelt)| Some(stem_before(typed)? + spelt));
    match found {
        Some(name) => path.with_file_name(name),
        None => with_ending(path, &TABLE_ENDINGS),
    }
}

/// `scan.nii.gz` → `scan_mask.nii.gz`, beside it; of the format of the scan, if that is written. A folder has no ending
/// that would say its format, and the names of DICOM files often have none: `said` does. A format that names the images
/// of its labels is not for a scan that has none. Of one of several series of a folder it has which: `study_PT4_mask.dcm`.
pub(in crate::app) fn label_path_for(
    formats: &Registry,
    scan: &Path,
    said: &Provenance,
) -> PathBuf {
    let own = formats.ending_of(said.format, ContentKind::Labels);
    let ending = own.unwrap_or_else(|| formats.ending_beside(scan, ContentKind::Labels));
    let named = formats.names_images(Path::new(&format!("m{ending}")));
    let ending = if named && said.images.is_none() { label_ending(formats) } else { ending };
    scan.with_file_name(format!("{}_mask{ending}", stem_for(formats, scan, said)))
}

/// How the name of a label map usually ends.
pub(in crate::app) fn label_ending(formats: &Registry) -> &'static str {
    formats.written_endings(ContentKind::Labels).first().copied().unwrap_or_default()
}

/// How the name of a label map ends that has each label whole where several share voxels, whatever scan it is of.
pub(in crate::app) fn ending_with_overlaps(formats: &Registry) -> &'static str {
    let of_any_scan = |ending: &&str| !formats.names_images(Path::new(&format!("labels{ending}")));
    let found = formats.endings_with_overlaps().into_iter().find(of_any_scan);
    found.unwrap_or_else(|| label_ending(formats))
}

/// `scan.nii.gz` → `scan`.
pub(in crate::app) fn stem_of(formats: &Registry, scan: &Path) -> String {
    formats.stem(scan).map_or_else(|| name_of(scan), |stem| stem.to_string_lossy().into_owned())
}

/// That of what is about a scan: with its series where several lie in one place. `study` → `study_PT4`.
pub(in crate::app) fn stem_for(formats: &Registry, scan: &Path, said: &Provenance) -> String {
    stem_of(formats, scan) + &said.name_part()
}

/// Whether both names lead to one file. Asks the disk: not for the UI thread.
pub(in crate::app) fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// Whether a path is that of a model and not of a scan, by its name: a checkpoint or a network.
pub(in crate::app) fn is_named_like_a_model(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    matches!(ending.as_str(), "pth" | "pt" | "onnx")
}

/// Whether it is a folder with the two networks of a model. Asks the disk: not for the UI thread.
pub(in crate::app) fn is_model_folder(path: &Path) -> bool {
    path.join("encoder.onnx").is_file()
}

/// The sample scan: beside the program, or in the source tree.
pub(in crate::app) fn sample_scan() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|exe| {
        let folder = exe.parent()?;
        [folder.join("assets/sample"), folder.join("../share/voxpoint/sample")]
            .into_iter()
            .find(|f| f.is_dir())
    });
    let folder =
        beside.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample"));
    let text = std::fs::read_to_string(folder.join("sample.json")).ok()?;
    let sample: serde_json::Value = serde_json::from_str(&text).ok()?;
    let image = folder.join(sample.get("image")?.as_str()?);
    image.is_file().then_some(image)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
    fn a_label_table_is_called_as_its_program_wants_it() {
        for (typed, name) in [
            ("a/m", "a/m.ctbl"),
            ("a/m.CTBL", "a/m.ctbl"),
            ("a/m_LUT.txt", "a/m_LUT.txt"),
            ("a/m_lut.TXT", "a/m_LUT.txt"),
            ("a/m.txt", "a/m_LUT.txt"),
            ("a/m.TSV", "a/m.tsv"),
            ("a/肝.tsv", "a/肝.tsv"),
            ("a/.tsv", "a/.tsv"),
        ] {
            assert_eq!(table_name(PathBuf::from(typed)), Path::new(name), "{typed}");
        }
    }

    #[test]
    fn the_mask_is_suggested_beside_its_scan() {
        let of = |s: &str, format: &'static str| {
            let images = (format == "DICOM").then(Arc::default);
            let said = Provenance { format, images, ..Provenance::default() };
            label_path_for(formats(), Path::new(s), &said).to_string_lossy().into_owned()
        };
        let part = Provenance { format: "DICOM", ..Provenance::default() };
        for scan in ["d/CT", "d/IM1.dcm"] {
            let path = label_path_for(formats(), Path::new(scan), &part);
            assert!(path.to_string_lossy().ends_with("_mask.nii.gz"), "{}", path.display());
        }
        for (among, name) in [
            ("PT 4", "d/study_PT4_mask.dcm"),
            ("CT 3 #2", "d/study_CT3-2_mask.dcm"),
            ("../C/T\\ 5", "d/study_..CT5_mask.dcm"),
            ("", "d/study_mask.dcm"),
        ] {
            let (among, images) = (among.to_owned(), Some(Arc::default()));
            let said = Provenance { format: "DICOM", among, images, ..Provenance::default() };
            let path = label_path_for(formats(), Path::new("d/study"), &said);
            assert_eq!(path, Path::new(name));
        }
        let path = |s: &str| of(s, "");
        assert_eq!(of("d/CT", "DICOM"), "d/CT_mask.dcm");
        assert_eq!(of("d/IM0001", "DICOM"), "d/IM0001_mask.dcm");
        assert_eq!(of("d/scan.mhd", "MetaImage"), "d/scan_mask.mha");
        assert_eq!(path("d/scan.v2.nii.gz"), "d/scan.v2_mask.nii.gz");
        assert_eq!(path("d/SCAN.NII"), "d/SCAN_mask.nii.gz");
        assert_eq!(path("d/scan.img"), "d/scan_mask.nii.gz");
        assert_eq!(path("d/scan.mhd"), "d/scan_mask.mha");
        assert_eq!(path("d/scan.nrrd"), "d/scan_mask.nrrd");
        assert_eq!(path("d/T1.mgz"), "d/T1_mask.mgz");
        assert_eq!(path("odd"), "odd_mask.nii.gz");
    }

    #[test]
    fn models_are_told_from_scans() {
        let temp = tempfile::tempdir().unwrap();
        let pair = temp.path().join("pair");
        std::fs::create_dir(&pair).unwrap();
        std::fs::write(pair.join("encoder.onnx"), "").unwrap();
        let is_model = |path: &Path| is_named_like_a_model(path) || is_model_folder(path);
        for model in [Path::new("a/Turbo.PTH"), Path::new("m/encoder.onnx"), &pair] {
            assert!(is_model(model), "{}", model.display());
        }
        for scan in [Path::new("ct.nii.gz"), Path::new("pth"), temp.path()] {
            assert!(!is_model(scan), "{}", scan.display());
        }
    }
}
