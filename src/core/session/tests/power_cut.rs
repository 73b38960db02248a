//! The power is cut at any moment of a write: what was not synced may be on the disk or not, each of its sectors for
//! itself. The session is as before the write, or as after it; after a write that has returned, as after it.

use std::collections::BTreeMap;

use super::drive::{Op, Watch};
use super::*;

/// A drive writes so many bytes wholly or not at all.
const SECTOR: u64 = 512;

/// A file as it may be found after a power cut.
#[derive(Clone, Debug, Default)]
struct OnDisk {
    /// What is there for sure; `None`: no file of this name.
    synced: Option<Vec<u8>>,
    /// What was done since.
    waiting: Vec<Op>,
}

/// The disk after the first operations of a recording.
#[derive(Clone, Debug, Default)]
struct Disk(BTreeMap<String, OnDisk>);

impl Disk {
    fn with(files: &[(&str, &Path)]) -> Self {
        let whole = |path: &Path| OnDisk { synced: std::fs::read(path).ok(), ..OnDisk::default() };
        Self(files.iter().map(|(name, path)| ((*name).to_owned(), whole(path))).collect())
    }

    fn take(&mut self, op: &Op) {
        match op {
            Op::Create(name) | Op::Write(name, ..) | Op::Truncate(name, _) => {
                // What SQLite has not made itself was there, with nothing in it.
                let there = (!matches!(op, Op::Create(_))).then(Vec::new);
                let new = || OnDisk { synced: there, ..OnDisk::default() };
                self.0.entry(name.clone()).or_insert_with(new).waiting.push(op.clone());
            }
            Op::Delete(name, folder_synced) => {
                let file = self.0.entry(name.clone()).or_default();
                if *folder_synced {
                    *file = OnDisk::default();
                } else {
                    file.waiting.push(op.clone());
                }
            }
            // A new file's folder is synced with it, as SQLite does.
            Op::Sync(name) => {
                let file = self.0.entry(name.clone()).or_default();
                file.synced = file.after(&mut |_| true);
                file.waiting.clear();
            }
            Op::Done(_) => {}
        }
    }

    /// Writes what is found after a power cut; `kept` says of each operation or sector that was not synced whether it
    /// reached the disk.
    fn cut(&self, folder: &Path, kept: &mut dyn FnMut(&Op) -> bool) {
        for (name, file) in &self.0 {
            if let Some(bytes) = file.after(kept) {
                std::fs::write(folder.join(name), bytes).unwrap();
            }
        }
    }
}

impl OnDisk {
    fn after(&self, kept: &mut dyn FnMut(&Op) -> bool) -> Option<Vec<u8>> {
        let mut content = self.synced.clone();
        for op in &self.waiting {
            match op {
                Op::Create(_) if kept(op) => {
                    content.get_or_insert_default();
                }
                Op::Delete(..) if kept(op) => content = None,
                Op::Truncate(_, size) if kept(op) => {
                    if let Some(content) = &mut content {
                        content.truncate(*size as usize);
                    }
                }
                Op::Write(_, at, bytes) => {
                    let mut from = *at;
                    while from < at + bytes.len() as u64 {
                        let to = ((from / SECTOR + 1) * SECTOR).min(at + bytes.len() as u64);
                        // Of a file whose name has not reached the disk there is nothing.
                        if kept(op)
                            && let Some(content) = &mut content
                        {
                            let len = content.len().max(to as usize);
                            content.resize(len, 0);
                            content[from as usize..to as usize]
                                .copy_from_slice(&bytes[(from - at) as usize..(to - at) as usize]);
                        }
                        from = to;
                    }
                }
                _ => {}
            }
        }
        content
    }
}

/// The state after so many writes: pages of masks come and go, so that the file grows and has holes.
pub(super) fn state(n: u64) -> Snapshot {
    let mut snapshot = super::kill::state(n);
    snapshot.around.picture = n.is_multiple_of(3).then(|| vec![n as u8; 9000 * n as usize].into());
    snapshot
}

/// What a power cut leaves after each operation of some writes: `random` times what was not synced is on the disk at
/// random, and once all of it, and none.
fn cut_everywhere(writes: u64, random: u64) {
    let (folder, path) = in_memory();
    let first = create(&path, &state(1));
    drop(first);
    let mut disk = Disk::with(&[("case.voxpoint", &path)]);
    let watch = Watch::folder(folder.path());
    let mut file = SessionFile::open(&path, false).unwrap().file.unwrap();
    for n in 2..=writes {
        assert_eq!(file.write(&state(n)).unwrap(), WriteOutcome::Written);
        watch.done(n);
    }
    let ops = watch.take();
    drop((file, watch));
    let syncs = ops.iter().filter(|op| matches!(op, Op::Sync(_))).count();
    assert!(syncs as u64 >= 3 * (writes - 1), "nothing was recorded: {syncs} syncs");
    let (mut written, mut cuts, mut as_before, mut as_after, mut played_back) = (1, 0, 0, 0, 0);
    for (step, op) in ops.iter().enumerate() {
        disk.take(op);
        if let Op::Done(n) = op {
            written = *n;
        }
        for round in 0..random + 2 {
            let mut chance = fastrand::Rng::with_seed(1000 * step as u64 + round);
            let (folder, path) = in_memory();
            disk.cut(folder.path(), &mut |_| match round {
                0 => false,
                1 => true,
                _ => chance.bool(),
            });
            let what = format!("operation {step}, round {round}");
            played_back += u64::from(faults::journal(&path).exists());
            let contents = read(&path).unwrap_or_else(|e| panic!("{what}: {e}"));
            assert_eq!(contents.damage, [], "{what}");
            let found = contents.snapshot.around.view["n"].as_u64().unwrap();
            assert!(found == written || found == written + 1, "{what}: {found} after {written}");
            assert_eq!(contents.snapshot, as_read(&state(found), &path), "{what}");
            // As the next writer finds it, who goes on.
            let opened = SessionFile::open(&path, false).unwrap();
            assert_eq!(opened.contents.damage, [], "{what}");
            assert_eq!(opened.contents.snapshot, contents.snapshot, "{what}");
            let mut file = opened.file.unwrap();
            if round == 2 {
                file.write(&state(50)).unwrap();
                assert_eq!(read(&path).unwrap().snapshot.objects, state(50).objects, "{what}");
            }
            cuts += 1;
            as_before += u64::from(found == written);
            as_after += u64::from(found == written + 1);
        }
    }
    println!(
        "{cuts} power cuts after {} operations of {} writes: {as_before} sessions as the last write that had returned \
         left them, {as_after} as the one at work, {played_back} with a journal, 0 damaged",
        ops.len(),
        writes - 1
    );
    // Cuts between two states, and such that left something to be taken back.
    assert!(as_after > 0 && played_back > 0);
}

#[test]
fn a_power_cut_leaves_the_state_before_a_write_or_after_it() {
    cut_everywhere(4, 1);
}

#[test]
#[ignore = "takes minutes; by hand"]
fn many_power_cuts_leave_whole_sessions() {
    cut_everywhere(8, 12);
}

/// A new session has its name only when all of it is on the disk.
#[test]
fn a_new_session_is_synced_before_it_has_its_name() {
    let (folder, path) = in_memory();
    let watch = Watch::folder(folder.path());
    let file = create(&path, &state(5));
    let ops = watch.take();
    drop(file);
    let mut disk = Disk::default();
    for op in &ops {
        disk.take(op);
    }
    let (name, new) = disk.0.iter().find(|(name, _)| name.starts_with(".voxpoint-")).unwrap();
    assert!(new.waiting.is_empty() && ops.iter().any(|op| *op == Op::Sync(name.clone())));
    let (folder, path) = in_memory();
    std::fs::write(&path, new.synced.as_ref().unwrap()).unwrap();
    assert_eq!(read(&path).unwrap().snapshot, as_read(&state(5), &path));
    drop(folder);
}

/// The layer tells a store that does not sync: so the tests above can fail.
#[test]
fn a_store_that_does_not_sync_is_found_out() {
    let (folder, path) = in_memory();
    drop(create(&path, &state(1)));
    let mut disk = Disk::with(&[("case.voxpoint", &path)]);
    let watch = Watch::folder(folder.path());
    let mut file = SessionFile::open(&path, false).unwrap().file.unwrap();
    file.connection().execute_batch("PRAGMA synchronous = OFF").unwrap();
    file.write(&state(2)).unwrap();
    for op in watch.take() {
        disk.take(&op);
    }
    let lost = |kept: bool| {
        let (folder, path) = in_memory();
        disk.cut(folder.path(), &mut |_| kept);
        let found = read(&path).map(|contents| contents.snapshot.around.view["n"].as_u64());
        drop(folder);
        found.ok().flatten() != Some(2)
    };
    assert_eq!((lost(true), lost(false)), (false, true));
}
