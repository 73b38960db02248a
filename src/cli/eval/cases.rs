//! Which label map belongs to which scan.
//!
//! A name is looked at without its folder and ending, in lower case. A file is a label map if its name
//! ends in one of [`naming::LABEL_WORDS`] after `_`, `-` or `.`, or if it lies in a folder `labels…` beside `images…`.
//! What is left of its name is the scan's name, in this order:
//! 1. exactly (`x.nii.gz` and `x_seg.nii.gz`, `imagesTr/x` and `labelsTr/x`);
//! 2. with a channel number, each channel being a case (`imagesTr/x_0000`);
//! 3. when the scan's name loses a word for the kind of image and the label map's may lose its last word
//!    unless that is a number (`head_t1` and `head_tissue_label`).
//!
//! BIDS names (`sub-…`) are matched by their entities, anywhere in the tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::super::Usage;
use crate::cases::naming;
use crate::io;
use crate::placeholder::Placeholder;

/// A scan and its label map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// What it is called in the results: the scan's name without its ending; with its folder or the label
    /// map's name where that alone would not tell cases apart.
    pub name: String,
    /// The scan.
    pub image: PathBuf,
    /// Its label map.
    pub labels: PathBuf,
}

/// The cases of what was typed, and what was left out, for the user.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of their names.
    pub cases: Vec<Case>,
    /// One line each.
    pub notes: Vec<String>,
}

/// Words for the kind of an image.
const KINDS: [&str; 24] = [
    "adc", "bold", "cbct", "ct", "cta", "dwi", "flair", "img", "image", "mr", "mri", "pd", "pdw",
    "pet", "spect", "swi", "t1", "t1c", "t1ce", "t1gd", "t1w", "t2", "t2w", "us",
];
/// Folders in folders are looked into so deep.
const DEPTH: usize = 8;

/// The cases of `inputs`: a scan and a label map, or folders.
pub fn find(inputs: &[PathBuf]) -> anyhow::Result<Found> {
    if let [image, labels] = inputs
        && !image.is_dir()
        && !labels.is_dir()
    {
        for path in inputs {
            if let Some(what) = Placeholder::at(path) {
                bail!("{what}: {}", path.display());
            }
            if !path.is_file() {
                bail!("there is no such file: {}", path.display());
            }
        }
        let name = stem(image);
        let case = Case { name, image: image.clone(), labels: labels.clone() };
        return Ok(Found { cases: vec![case], notes: Vec::new() });
    }
    if let Some(odd) = inputs.iter().find(|path| !path.is_dir()) {
        if odd.exists() {
            return Err(Usage("give a scan and its label map, or folders".into()).into());
        }
        bail!("there is no such folder: {}", odd.display());
    }
    let mut found = Found::default();
    for folder in inputs {
        in_folder(folder, &mut found);
    }
    if found.cases.is_empty() {
        let first = inputs.first().map(|p| p.display().to_string()).unwrap_or_default();
        let notes = found.notes.first().map(|n| format!(" ({n})")).unwrap_or_default();
        bail!("no scan with a label map was found{notes}; see “voxpoint eval --help”: {first}");
    }
    name_cases(&mut found.cases);
    found.cases.sort();
    Ok(found)
}

/// Makes names differ: with the label map's where a scan has several, else with the folder.
fn name_cases(cases: &mut [Case]) {
    let plain: Vec<String> = cases.iter().map(|c| stem(&c.image)).collect();
    let images: Vec<PathBuf> = cases.iter().map(|c| c.image.clone()).collect();
    for (n, case) in cases.iter_mut().enumerate() {
        let same = |m: usize| m != n && plain[m] == plain[n];
        let twice = (0..plain.len()).any(|m| same(m) && images[m] == images[n]);
        let elsewhere = (0..plain.len()).any(|m| same(m) && images[m] != images[n]);
        let folder = case.image.parent().and_then(Path::file_name);
        let mut name = match folder {
            Some(folder) if elsewhere => format!("{}/{}", folder.to_string_lossy(), plain[n]),
            _ => plain[n].clone(),
        };
        if twice {
            name = format!("{name} ({})", stem(&case.labels));
        }
        case.name = name;
    }
}

/// A file of a folder.
#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    folder: PathBuf,
    /// Lower case, without ending.
    name: String,
}

fn in_folder(root: &Path, found: &mut Found) {
    let mut tree = Tree::default();
    tree.walk(root, DEPTH, &entries);
    found.notes.append(&mut tree.notes);
    let slices = tree.slices;
    let (labels, images): (Vec<File>, Vec<File>) =
        tree.files.into_iter().partition(|f| label_base(f).is_some());
    let mut paired = BTreeSet::new();
    for label in &labels {
        let mine = scans_of(label, &images);
        if mine.is_empty() {
            found.notes.push(format!("no scan for the label map {}", label.path.display()));
        }
        for image in mine {
            paired.insert(image.path.clone());
            let (image, labels) = (image.path.clone(), label.path.clone());
            found.cases.push(Case { name: String::new(), image, labels });
        }
    }
    let alone = images.iter().filter(|f| !paired.contains(&f.path)).count();
    if alone > 0 {
        let note = format!("{alone} files without a label map were left out");
        found.notes.push(format!("{note}: {}", root.display()));
    }
    if slices > 0 {
        let note =
            format!("{slices} slices (DICOM) were left out: convert each series to one file");
        found.notes.push(format!("{note}: {}", root.display()));
    }
}

/// What lies in a folder, and in those in it.
#[derive(Debug, Default)]
struct Tree {
    files: Vec<File>,
    /// How many files are slices of series.
    slices: usize,
    /// One line for each folder that can't be read: the others can.
    notes: Vec<String>,
}

/// Paths of a folder's entries, or why there are none.
type Entries<'a> = &'a dyn Fn(&Path) -> std::io::Result<Vec<PathBuf>>;

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

impl Tree {
    fn walk(&mut self, folder: &Path, depth: usize, entries: Entries<'_>) {
        let mut paths = match entries(folder) {
            Ok(paths) => paths,
            Err(e) => {
                let note = format!("can't read the folder ({e}), left out: {}", folder.display());
                self.notes.push(note);
                return;
            }
        };
        paths.sort();
        for path in paths {
            let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            if path.is_dir() {
                // A link to a folder above would lead round in circles.
                if depth > 0 && !path.is_symlink() {
                    self.walk(&path, depth - 1, entries);
                }
            } else if naming::is_slice(&path.extension().unwrap_or_default().to_string_lossy()) {
                self.slices += 1;
            } else if io::formats().is_named_usually(&path) {
                let name = stem(&path).to_lowercase();
                self.files.push(File { folder: folder.to_owned(), name, path });
            }
        }
    }
}

fn lower(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().to_lowercase()
}

/// A file's name without folder and ending.
fn stem(path: &Path) -> String {
    let stem = io::formats().stem(path).or(path.file_name());
    stem.unwrap_or_default().to_string_lossy().into_owned()
}

/// The scan's name that a label map's name tells; `None` if it is no label map.
fn label_base(file: &File) -> Option<String> {
    let by_name = naming::label_base(&file.name).map(str::to_owned);
    by_name.or_else(|| scans_folder(&file.folder).map(|_| file.name.clone()))
}

/// The folder `imagesXX` beside a folder `labelsXX`.
fn scans_folder(folder: &Path) -> Option<PathBuf> {
    naming::scans_folders(&folder.file_name()?.to_string_lossy()).find_map(|wanted| {
        let beside = std::fs::read_dir(folder.parent()?).ok()?.flatten();
        beside
            .map(|e| e.path())
            .find(|p| p.is_dir() && p.file_name().is_some_and(|n| lower(n) == wanted))
    })
}

/// The scans that a label map belongs to.
fn scans_of<'f>(label: &File, images: &'f [File]) -> Vec<&'f File> {
    let Some(base) = label_base(label) else { return Vec::new() };
    if base.starts_with("sub-") {
        return bids_scans(&base, label, images);
    }
    let folders = [Some(label.folder.clone()), scans_folder(&label.folder)];
    let near: Vec<&File> =
        images.iter().filter(|i| folders.iter().flatten().any(|f| *f == i.folder)).collect();
    let of = |fits: &dyn Fn(&str) -> bool| -> Vec<&'f File> {
        near.iter().copied().filter(|i| fits(&i.name)).collect()
    };
    let exact = of(&|name| name == base);
    if !exact.is_empty() {
        return exact;
    }
    let channels = of(&|name| {
        let number = name.strip_prefix(&base).and_then(|rest| rest.strip_prefix('_'));
        number.is_some_and(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()))
    });
    if !channels.is_empty() {
        return channels;
    }
    let shorter = without_last(&base, |word| !word.bytes().all(|b| b.is_ascii_digit()));
    of(&|name| {
        let kind = without_last(name, |word| KINDS.contains(&word));
        let may_be = |n: &str| n == base || Some(n) == shorter;
        kind.is_some_and(may_be) || Some(name) == shorter
    })
}

/// A name without its last word, if there is more than that and the word may go.
fn without_last(name: &str, may_go: impl Fn(&str) -> bool) -> Option<&str> {
    let (rest, word) = name.rsplit_once(['_', '-', '.'])?;
    (!rest.is_empty() && may_go(word)).then_some(rest)
}

/// Entities that a label map has and its scan has not.
const DERIVED: [&str; 9] =
    ["space", "desc", "label", "res", "den", "atlas", "seg", "hemi", "rater"];

fn entities(words: &str) -> BTreeSet<&str> {
    let derived = |word: &str| word.split_once('-').is_some_and(|(key, _)| DERIVED.contains(&key));
    words.split('_').filter(|word| word.contains('-') && !derived(word)).collect()
}

/// BIDS: the same entities; of several scans that of the label map's `space-`, else the T1w.
fn bids_scans<'f>(base: &str, label: &File, images: &'f [File]) -> Vec<&'f File> {
    let wanted = entities(base);
    let same = |i: &&File| i.name.starts_with("sub-") && entities(&i.name) == wanted;
    let mut scans: Vec<&File> = images.iter().filter(same).collect();
    if scans.iter().any(|i| i.folder == label.folder) {
        scans.retain(|i| i.folder == label.folder);
    }
    if scans.len() > 1 {
        let space = base.split('_').find_map(|word| word.strip_prefix("space-"));
        let kind = space.unwrap_or("t1w");
        let of_kind: Vec<&File> =
            scans.iter().copied().filter(|i| i.name.rsplit('_').next() == Some(kind)).collect();
        if !of_kind.is_empty() {
            return of_kind;
        }
    }
    scans
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs found in a folder with these files, as “scan < label map”.
    fn pairs(names: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let Ok(found) = find(&[folder.path().to_owned()]) else { return Vec::new() };
        let short = |p: &Path| {
            p.strip_prefix(folder.path()).unwrap().to_string_lossy().replace(".nii.gz", "")
        };
        found.cases.iter().map(|c| format!("{} < {}", short(&c.image), short(&c.labels))).collect()
    }

    #[test]
    fn conventions_that_people_use() {
        for (files, expected) in [
            (&["a.nii.gz", "a_seg.nii.gz"][..], &["a < a_seg"][..]),
            (&["a.nii.gz", "a-labels.nii.gz"], &["a < a-labels"]),
            (&["a.nii.gz", "A.labels.nii.gz"], &["a < A.labels"]),
            (&["a.nii", "a_label.nii.gz"], &["a.nii < a_label"]),
            (
                &["imagesTr/x_01.nii.gz", "labelsTr/x_01.nii.gz", "imagesTs/x_02.nii.gz"],
                &["imagesTr/x_01 < labelsTr/x_01"],
            ),
            (
                &["imagesTr/x_01_0000.nii.gz", "imagesTr/x_01_0001.nii.gz", "labelsTr/x_01.nii.gz"],
                &["imagesTr/x_01_0000 < labelsTr/x_01", "imagesTr/x_01_0001 < labelsTr/x_01"],
            ),
            (
                &["B_1_flair.nii.gz", "B_1_t1.nii.gz", "B_1_seg.nii.gz", "B_2_seg.nii.gz"],
                &["B_1_flair < B_1_seg", "B_1_t1 < B_1_seg"],
            ),
            (
                &[
                    "sub-1/anat/sub-1_T1w.nii.gz",
                    "sub-1/anat/sub-1_T2w.nii.gz",
                    "derivatives/s/sub-1/anat/sub-1_space-T2w_dseg.nii.gz",
                    "derivatives/s/sub-1/anat/sub-1_desc-x_dseg.nii.gz",
                    "derivatives/s/sub-2/anat/sub-2_dseg.nii.gz",
                ],
                &[
                    "sub-1/anat/sub-1_T1w < derivatives/s/sub-1/anat/sub-1_desc-x_dseg",
                    "sub-1/anat/sub-1_T2w < derivatives/s/sub-1/anat/sub-1_space-T2w_dseg",
                ],
            ),
            // Another patient's, or no label map at all.
            (&["case_1.nii.gz", "case_2_seg.nii.gz"], &[]),
            (&["a_1.nii.gz", "a_2.nii.gz"], &[]),
            (&["seg.nii.gz", "a.nii.gz", ".a_seg.nii.gz"], &[]),
        ] {
            assert_eq!(pairs(files), expected, "{files:?}");
        }
    }

    /// The names of the development data.
    #[test]
    fn several_words_and_several_label_maps() {
        let files = [
            "colin27_aal_label.nii.gz",
            "colin27_t1.nii.gz",
            "ct_lumbar_crop.nii.gz",
            "ct_lumbar_crop_subregion_label.nii.gz",
            "ct_lumbar_crop_vertebra_label.nii.gz",
            "ct_sts_003.nii.gz",
            "ct_sts_003_label.nii.gz",
            "mr_brain_ms_patient26_flair.nii.gz",
            "mr_brain_ms_patient26_label.nii.gz",
            "mr_hippocampus_001.nii.gz",
            "mr_hippocampus_001_label.nii.gz",
            "mr_hippocampus_003.nii.gz",
            "mr_hippocampus_003_label.nii.gz",
            "mr_spine_cervical_t1.nii.gz",
            "mr_spine_cervical_t1_label.nii.gz",
            "mr_spine_cervical_t2.nii.gz",
            "mr_spine_cervical_t2_label.nii.gz",
            "mr_t1_sts_003.nii.gz",
            "mr_t1_sts_003_label.nii.gz",
        ];
        let expected = [
            "colin27_t1 < colin27_aal_label",
            "ct_lumbar_crop < ct_lumbar_crop_subregion_label",
            "ct_lumbar_crop < ct_lumbar_crop_vertebra_label",
            "ct_sts_003 < ct_sts_003_label",
            "mr_brain_ms_patient26_flair < mr_brain_ms_patient26_label",
            "mr_hippocampus_001 < mr_hippocampus_001_label",
            "mr_hippocampus_003 < mr_hippocampus_003_label",
            "mr_spine_cervical_t1 < mr_spine_cervical_t1_label",
            "mr_spine_cervical_t2 < mr_spine_cervical_t2_label",
            "mr_t1_sts_003 < mr_t1_sts_003_label",
        ];
        assert_eq!(pairs(&files), expected);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_a_note() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a/x.nii", "b/x.nii", "c/x.nii"] {
            let path = root.path().join(name);
            std::fs::create_dir(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let locked = |folder: &Path| {
            if folder.ends_with("b") {
                Err(std::io::Error::from(std::io::ErrorKind::PermissionDenied))
            } else {
                entries(folder)
            }
        };
        let mut tree = Tree::default();
        tree.walk(root.path(), DEPTH, &locked);
        let files: Vec<_> = tree.files.iter().map(|f| f.folder.file_name().unwrap()).collect();
        assert_eq!(files, ["a", "c"]);
        let place = root.path().join("b").display().to_string();
        assert!(tree.notes.len() == 1 && tree.notes[0].ends_with(&place), "{:?}", tree.notes);
        // A folder that is gone by the time it is looked at.
        let gone = root.path().join("gone");
        assert!(find(&[root.path().to_owned()]).is_err_and(|e| e.to_string().contains("no scan")));
        tree.walk(&gone, DEPTH, &entries);
        assert_eq!(tree.notes.len(), 2);
    }

    #[test]
    fn names_tell_cases_apart() {
        let case = |image: &str, labels: &str| Case {
            name: String::new(),
            image: image.into(),
            labels: labels.into(),
        };
        let mut cases = [
            case("p/1/ct.nii", "p/1/ct_seg.nii"),
            case("p/2/ct.nii", "p/2/ct_seg.nii"),
            case("p/2/mr.nii", "p/2/mr_a_seg.nii"),
            case("p/2/mr.nii", "p/2/mr_b_seg.nii"),
            case("p/x.nii", "p/x_seg.nii"),
        ];
        name_cases(&mut cases);
        let names = cases.map(|c| c.name);
        assert_eq!(names, ["1/ct", "2/ct", "mr (mr_a_seg)", "mr (mr_b_seg)", "x"]);
    }
}
