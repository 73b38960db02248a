//! What a power cut leaves of a save: simulated after each of its steps. Content that was not synced is lost, and a name
//! that was not synced may have come to the disk or not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::on_disk::watched::{DiskStep, steps_of};
use super::{save_labels, stage_bytes, write_whole};
use crate::geom::{DAffine3, Grid};
use crate::volume::{LabelMap, LabelName, Provenance};
use crate::work::{CancelToken, Progress};

/// What is in the files of a folder.
type Files = BTreeMap<PathBuf, Vec<u8>>;

#[derive(Clone)]
enum Content {
    Old(Vec<u8>),
    /// Of the file of this number, as far as it was synced.
    Of(u64),
}

fn change(names: &mut BTreeMap<PathBuf, Content>, step: &DiskStep) {
    match step {
        DiskStep::Named { path, file } => {
            names.insert(path.clone(), Content::Of(*file));
        }
        DiskStep::Moved { from, to } => {
            if let Some(content) = names.remove(from) {
                names.insert(to.clone(), content);
            }
        }
        DiskStep::Synced { .. } | DiskStep::NamesSynced(_) => {}
    }
}

/// What can be found after a power cut, with how many steps were done before it.
fn after_power_cuts(steps: &[DiskStep], old: &Files) -> Vec<(usize, Files)> {
    let mut found = Vec::new();
    let mut names: BTreeMap<PathBuf, Content> =
        old.iter().map(|(path, bytes)| (path.clone(), Content::Old(bytes.clone()))).collect();
    let (mut synced, mut waiting) = (BTreeMap::new(), Vec::<&DiskStep>::new());
    for done in 0..=steps.len() {
        for kept in 0..1u32 << waiting.len() {
            let mut names = names.clone();
            let kept = waiting.iter().enumerate().filter(|(n, _)| kept & (1 << n) != 0);
            kept.for_each(|(_, step)| change(&mut names, step));
            let content = |content| match content {
                Content::Old(bytes) => bytes,
                Content::Of(file) => synced.get(&file).cloned().unwrap_or_default(),
            };
            found.push((done, names.into_iter().map(|(path, c)| (path, content(c))).collect()));
        }
        let Some(step) = steps.get(done) else { break };
        match step {
            DiskStep::Synced { file, content } => drop(synced.insert(*file, content.clone())),
            DiskStep::Named { .. } | DiskStep::Moved { .. } => waiting.push(step),
            DiskStep::NamesSynced(_) => waiting.drain(..).for_each(|step| change(&mut names, step)),
        }
    }
    found
}

/// All files of a folder that are not hidden.
fn files_in(folder: &Path) -> Files {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let seen = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with('.');
    paths.filter(seen).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    (folder, path)
}

/// A label map in which the first so many voxels have a label, with these names beside it.
fn save(path: &Path, voxels: usize, names: &[(u16, &str)]) {
    let grid = Grid::new([4, 3, 2], DAffine3::IDENTITY).unwrap();
    let labels: Vec<u16> = (0..24).map(|n| u16::from(n < voxels) + u16::from(n == 0)).collect();
    let labels = LabelMap::from_labels([4, 3, 2], &labels);
    let row = |&(value, name): &(u16, &str)| LabelName {
        value,
        name: name.to_owned(),
        colour: [value as u8, 2, 3],
        opacity: 1.0,
        visible: true,
    };
    let table: Vec<LabelName> = names.iter().map(row).collect();
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    save_labels(path, &labels, &grid, &Provenance::default(), &table, &cancel, &progress).unwrap();
}

/// Old and new of each file; `None` where it is not there, or what is found is neither.
fn told<'f>(found: &'f Files, old: &Files, new: &Files) -> Result<Vec<Option<bool>>, &'f PathBuf> {
    let strange = |path: &&PathBuf| {
        let is = |files: &Files| files.get(*path).is_some_and(|bytes| *bytes == found[*path]);
        new.contains_key(*path) && !is(old) && !is(new)
    };
    if let Some(path) = found.keys().find(strange) {
        return Err(path);
    }
    let is_new = |path: &PathBuf| Some(*found.get(path)? == new[path]);
    Ok(new.keys().map(is_new).collect())
}

#[test]
fn a_power_cut_leaves_a_label_map_whole_and_never_with_others_names() {
    let (liver, spleen) = ((1, "liver"), (2, "spleen"));
    for (name, before, after) in [
        ("a.nii.gz", &[liver, spleen][..], &[liver, spleen, (3, "kidney")][..]),
        ("a.nii", &[liver, spleen], &[liver]),
        ("a.nii.gz", &[liver, spleen], &[(1, "spleen"), (2, "liver")]),
        ("a.nrrd", &[liver], &[(1, "spleen")]),
        ("a.mhd", &[liver], &[liver, spleen]),
    ] {
        let (_folder, at) = folder();
        let path = at.join(name);
        let is_pair = path.extension().is_some_and(|ending| ending == "mhd");
        save(&path, 5, before);
        let old = files_in(&at);
        let steps = steps_of(|| save(&path, 17, after));
        let new = files_in(&at);
        assert_eq!(old.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>(), "{name}");
        let synced = steps.iter().filter(|step| matches!(step, DiskStep::Synced { .. })).count();
        assert!(synced >= new.len(), "{name}: {synced} syncs of {} files", new.len());
        let files: Vec<&PathBuf> = new.keys().collect();
        let map = files.iter().position(|file| **file == path).unwrap();
        for (done, found) in after_power_cuts(&steps, &old) {
            let what = format!("{name}, {done} of {} steps", steps.len());
            let state = told(&found, &old, &new)
                .unwrap_or_else(|file| panic!("{what}: {} is neither", file.display()));
            if done == steps.len() {
                assert!(state.iter().all(|is_new| *is_new == Some(true)), "{what}: {state:?}");
            }
            // A header and its voxels, or names that mean others now, are never of two saves.
            let others_names =
                before.iter().any(|row| after.iter().any(|a| a.0 == row.0 && a != row));
            if is_pair || others_names {
                let of_map = state[map];
                let mixed = |n: usize| {
                    let is_voxels = files[n].extension().is_some_and(|e| e == "raw" || e == "zraw");
                    let counts = others_names || is_voxels;
                    // A header may be the same in both saves: then it fits either.
                    let differs = |n: usize| old[files[n]] != new[files[n]];
                    counts
                        && differs(n)
                        && differs(map)
                        && state[n].zip(of_map).is_some_and(|(a, b)| a != b)
                };
                assert!(!(0..files.len()).any(mixed), "{what}: {state:?} of {files:?}");
            }
            if !is_pair {
                assert!(state[map].is_some(), "{what}: there is always one");
            }
        }
    }
}

#[test]
fn a_power_cut_leaves_any_file_as_it_was_or_as_it_is_to_be() {
    type Write = fn(&Path) -> std::io::Result<()>;
    let ways: [Write; 2] = [
        |path| stage_bytes(path, b"new")?.commit(),
        |path| write_whole(path, |file| std::io::Write::write_all(file, b"new")),
    ];
    for (write, old) in ways.into_iter().flat_map(|way| [(way, Some("old")), (way, None)]) {
        let (_folder, at) = folder();
        let path = at.join("table.csv");
        if let Some(old) = old {
            std::fs::write(&path, old).unwrap();
        }
        let before = files_in(&at);
        let steps = steps_of(|| write(&path).unwrap());
        let new = files_in(&at);
        for (done, found) in after_power_cuts(&steps, &before) {
            assert!(found == before || found == new, "{done}: {found:?}");
            assert!(found == new || done < steps.len(), "it is on the disk when it has returned");
        }
        // What does not sync would be found out.
        for forgotten in [true, false] {
            let is = |step: &&DiskStep| matches!(step, DiskStep::Synced { .. }) == forgotten;
            let kept = |step: &&DiskStep| !is(step) || matches!(step, DiskStep::Named { .. });
            let steps: Vec<DiskStep> = steps.iter().filter(kept).cloned().collect();
            let worlds = after_power_cuts(&steps, &before);
            let lost = |(done, found): &(usize, Files)| {
                *found != new && (*found != before || *done == steps.len())
            };
            assert!(worlds.iter().any(lost), "{steps:?}");
        }
    }
}
