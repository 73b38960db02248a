//! One file for each label: a mask of ones, called as the label is.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::error::IoError;
use super::format::{Content, ContentKind, ContentVoxels};
use super::registry::Registry;
use super::together::publish_together;
use crate::geom::Grid;
use crate::volume::{CoveredLabels, LabelMap, LabelName, Provenance, Region};
use crate::work::{CancelToken, Progress};

/// A label that gets a file of its own.
#[derive(Clone, Debug)]
pub struct LabelFile<'a> {
    /// Where it goes.
    pub path: &'a Path,
    /// Its name and colour, for formats that keep them. In the file its number is 1.
    pub label: &'a LabelName,
    /// All its voxels, also those that it shares with others.
    pub region: &'a Region,
}

/// So many letters of a name go into that of a file: systems take 255 bytes, and a letter has up to four.
const LETTERS: usize = 48;

/// Names that Windows keeps for devices, whatever comes after a dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A name as every file system takes it: letters and digits of any script, and underscores. Empty if nothing is left.
fn as_file_name(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words.collect::<Vec<_>>().join("_").chars().take(LETTERS).collect();
    let lower = name.to_lowercase();
    let numbered = ["com", "lpt"].iter().any(|device| {
        lower.strip_prefix(device).is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
    });
    if numbered || DEVICES.contains(&&*lower) { format!("{name}_") } else { name }
}

impl Registry {
    /// How the names of files end in which a label can be alone: one file each, of whatever scan.
    pub fn endings_for_each(&self) -> Vec<&'static str> {
        let mut endings = self.written_endings(ContentKind::Labels);
        endings.retain(|ending| {
            let path = PathBuf::from(format!("label{ending}"));
            !self.names_images(&path) && self.voxels_file(&path).is_none()
        });
        endings
    }

    /// That of the format of a scan, if labels of it can be alone in such files; else of the usual one.
    pub fn ending_for_each(&self, scan: &Path, said: &Provenance) -> &'static str {
        let able = self.endings_for_each();
        let own = self.ending_of(said.format, ContentKind::Labels);
        let own = own.unwrap_or_else(|| self.ending_beside(scan, ContentKind::Labels));
        let usual = able.first().copied().unwrap_or_default();
        if able.contains(&own) { own } else { usual }
    }

    /// A file in a folder for each of some labels, by their numbers and names. No two are the same for any file system:
    /// where names are, or none is left of one, the number is with it.
    pub fn files_for_each(
        &self,
        folder: &Path,
        ending: &str,
        labels: &[(u16, &str)],
    ) -> Vec<PathBuf> {
        let named: Vec<String> = labels.iter().map(|(_, name)| as_file_name(name)).collect();
        let mut counts: HashMap<String, usize> = HashMap::new();
        for name in &named {
            *counts.entry(name.to_lowercase()).or_default() += 1;
        }
        let same = |name: &str| counts.get(&name.to_lowercase()).is_some_and(|count| *count > 1);
        let mut taken = HashSet::new();
        let mut file = |(value, name): (u16, &String)| {
            let mut stem = match &**name {
                "" => format!("label_{value}"),
                name if same(name) => format!("{name}_{value}"),
                name => name.to_owned(),
            };
            // "a" of number 1 twice over, beside "a_1".
            while !taken.insert(stem.to_lowercase()) {
                stem = format!("{stem}_{value}");
            }
            folder.join(format!("{stem}{ending}"))
        };
        labels.iter().zip(&named).map(|((value, _), name)| file((*value, name))).collect()
    }

    /// Writes labels on the scan's grid, each into a file of its own. Each is read back and compared before the first is
    /// put in its place: until then, failing or cancelling leaves everything as it was. What was there is replaced.
    /// Progress is in files.
    ///
    /// # Errors
    /// See [`IoError`].
    pub fn save_each(
        &self,
        files: &[LabelFile<'_>],
        grid: &Grid,
        provenance: &Provenance,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<(), IoError> {
        progress.set_total(files.len() as u64);
        let mut staged = Vec::new();
        for (done, LabelFile { path, label, region }) in files.iter().enumerate() {
            progress.set_done(done as u64);
            cancel.check()?;
            let map = LabelMap::from_regions(grid.dims(), [(1, *region)]);
            let names = [LabelName { value: 1, ..(*label).clone() }];
            let content = Content {
                voxels: ContentVoxels::Labels(&map),
                grid,
                provenance,
                names: &names,
                covered: &CoveredLabels::NONE,
            };
            let image = self.stage(path, &content, cancel, &Progress::new())?;
            staged.push((image.only(path)?, (*path).to_owned()));
        }
        cancel.check()?;
        publish_together(staged)?;
        progress.set_done(files.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, DVec3};
    use crate::io::formats;

    #[test]
    fn names_are_those_of_files_on_any_system() {
        for (name, file) in [
            ("Liver", "Liver"),
            ("Leber – 肝 3", "Leber_肝_3"),
            ("rib, left \"7\"", "rib_left_7"),
            ("../../etc/passwd", "etc_passwd"),
            ("a\u{0}b\n", "a_b"),
            ("con", "con_"),
            ("LPT1", "LPT1_"),
            ("lpt10", "lpt10"),
            ("console", "console"),
            ("...", ""),
            ("", ""),
        ] {
            assert_eq!(as_file_name(name), file, "{name:?}");
        }
        assert!(as_file_name(&"肝".repeat(300)).len() < 200);
        let folder = Path::new("d");
        let labels =
            [(1, "a"), (2, "A!"), (3, ""), (4, "b"), (5, "a_1"), (6, "con"), (7, "label 3")];
        let files = formats().files_for_each(folder, ".nii.gz", &labels);
        let names: Vec<String> =
            files.iter().map(|f| f.file_name().unwrap().to_string_lossy().into_owned()).collect();
        let expected = ["a_1", "A_2", "label_3", "b", "a_1_5", "con_", "label_3_7"];
        assert_eq!(names, expected.map(|name| format!("{name}.nii.gz")));
    }

    /// As many as a parcellation has, and more: to look for each name among all would take minutes.
    #[test]
    fn each_of_many_labels_has_its_own_name() {
        let labels: Vec<(u16, String)> =
            (1..=60_000).map(|n| (n, format!("Vessel {}", n / 2))).collect();
        let named: Vec<(u16, &str)> = labels.iter().map(|(n, name)| (*n, &**name)).collect();
        let files = formats().files_for_each(Path::new("d"), ".nii.gz", &named);
        assert_eq!(files[1], Path::new("d/Vessel_1_2.nii.gz"));
        assert_eq!(files[59_999], Path::new("d/Vessel_30000.nii.gz"));
        assert_eq!(files.iter().collect::<HashSet<_>>().len(), files.len());
    }

    #[test]
    fn a_label_can_be_alone_in_one_file_of_any_scan() {
        let endings = formats().endings_for_each();
        for (ending, able) in [
            (".nii.gz", true),
            (".nrrd", true),
            (".seg.nrrd", true),
            (".mha", true),
            (".mgz", true),
            (".mhd", false),
            (".dcm", false),
        ] {
            assert_eq!(endings.contains(&ending), able, "{ending}");
        }
        let of = |format, scan: &str| {
            let said = Provenance { format, ..Provenance::default() };
            formats().ending_for_each(Path::new(scan), &said)
        };
        assert_eq!((of("NRRD", "a"), of("", "a.mha")), (".nrrd", ".mha"));
        assert_eq!((of("DICOM", "folder"), of("", "odd")), (".nii.gz", ".nii.gz"));
    }

    /// What is written, read back by the way that any file is read; shared voxels are in both.
    #[test]
    fn each_label_is_whole_in_its_own_file() {
        let folder = tempfile::tempdir().unwrap();
        let turned = DAffine3::from_axis_angle(DVec3::new(1.0, 2.0, 3.0).normalize(), 0.4);
        let place = turned * DAffine3::from_scale(DVec3::new(-0.7, 0.9, 2.1));
        let grid = Grid::new([6, 5, 4], place).unwrap();
        let regions = [0..60, 40..100].map(|range: std::ops::Range<usize>| {
            Region::from_mask(6, (0..120).map(|n| range.contains(&n)))
        });
        let row = |value, name: &str| LabelName {
            value,
            name: name.to_owned(),
            colour: [10, 20, 30],
            opacity: 1.0,
            visible: true,
        };
        let rows = [row(7, "organ"), row(300, "lesion")];
        let names: Vec<(u16, &str)> = rows.iter().map(|row| (row.value, &*row.name)).collect();
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let said = Provenance::default();
        for ending in formats().endings_for_each() {
            let files = formats().files_for_each(folder.path(), ending, &names);
            let of = |(n, path)| LabelFile { path, label: &rows[n], region: &regions[n] };
            let wanted: Vec<LabelFile<'_>> =
                files.iter().map(PathBuf::as_path).enumerate().map(of).collect();
            formats().save_each(&wanted, &grid, &said, &cancel, &progress).unwrap();
            assert_eq!(progress.get(), (2, 2));
            for (path, region) in files.iter().zip(&regions) {
                let limits = crate::io::Limits::default();
                let volume = crate::io::open_volume(path, &limits, &cancel, &progress).unwrap();
                assert!(volume.grid().matches(&grid, 1e-3), "{ending}");
                let found: Vec<bool> = (0..120).map(|n| volume.voxels().raw(n) == 1.0).collect();
                assert_eq!(Region::from_mask(6, found), *region, "{ending}");
            }
            // Given up, what is there stays, and nothing is left behind.
            let before = std::fs::read(&files[0]).unwrap();
            let count = std::fs::read_dir(folder.path()).unwrap().count();
            let stopped = CancelToken::new();
            stopped.cancel();
            let swapped =
                [LabelFile { region: &regions[1], ..wanted[0].clone() }, wanted[1].clone()];
            let result = formats().save_each(&swapped, &grid, &said, &stopped, &progress);
            assert!(matches!(result, Err(IoError::Cancelled)), "{ending}");
            assert_eq!(std::fs::read(&files[0]).unwrap(), before, "{ending}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), count, "{ending}");
        }
    }
}
