//! Drafts that are not wanted any more: they lie in a folder of their own, come back when they are opened from there, and
//! are gone for good after a month.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::folder;
use crate::app::files::{name_of, same_file};
use crate::session::{self, ENDING};

/// So long they can be had again.
pub const DAYS: u64 = 30;

/// Where the drafts of a folder lie when they are not wanted any more.
pub fn folder_of(drafts: &Path) -> PathBuf {
    drafts.join("discarded")
}

/// Whether a session lies there.
pub fn is_discarded(path: &Path, drafts: &Path) -> bool {
    path.parent().is_some_and(|folder| same_file(folder, &folder_of(drafts)))
}

/// Puts a draft that nobody has away; where to.
///
/// # Errors
/// If it can't be moved: it is where it was.
pub fn put_away(draft: &Path) -> std::io::Result<PathBuf> {
    let folder = folder_of(draft.parent().unwrap_or(Path::new("")));
    folder::make(&folder)?;
    let to = free_in(&folder, draft);
    move_with_journal(draft, &to)?;
    say_when(&to, SystemTime::now());
    Ok(to)
}

/// A name among what was put away for a copy of a draft.
///
/// # Errors
/// If the folder can't be made.
pub fn place_for_copy(draft: &Path) -> std::io::Result<PathBuf> {
    let folder = folder_of(draft.parent().unwrap_or(Path::new("")));
    folder::make(&folder)?;
    Ok(free_in(&folder, draft))
}

/// Makes what was put away a draft again; where it is.
///
/// # Errors
/// If it can't be moved: it is where it was.
pub fn take_back(path: &Path, drafts: &Path) -> std::io::Result<PathBuf> {
    let to = free_in(drafts, path);
    move_with_journal(path, &to)?;
    Ok(to)
}

/// Deletes what was put away too long ago, unless somebody has it.
pub fn clear(drafts: &Path, now: SystemTime) {
    let longest = Duration::from_hours(24 * DAYS);
    for path in folder::drafts(&folder_of(drafts)) {
        let put = std::fs::metadata(&path).and_then(|about| about.modified());
        let age = put.ok().and_then(|put| now.duration_since(put).ok());
        if age.is_some_and(|age| age > longest)
            && session::holder_of(&path).is_none()
            && let Err(why) = std::fs::remove_file(&path)
        {
            tracing::warn!("a discarded draft can't be deleted: {why}: {}", path.display());
        }
    }
}

/// The file's time says since when it lies there.
fn say_when(path: &Path, now: SystemTime) {
    let file = std::fs::File::options().append(true).open(path);
    if let Err(why) = file.and_then(|file| file.set_modified(now)) {
        tracing::warn!("when a draft was discarded can't be noted: {why}: {}", path.display());
    }
}

fn move_with_journal(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::rename(from, to)?;
    let journal = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push("-journal");
        PathBuf::from(name)
    };
    // What a program that was killed has left: without it the draft may not be whole.
    match std::fs::rename(journal(from), journal(to)) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            std::fs::rename(to, from)?;
            Err(why)
        }
        _ => Ok(()),
    }
}

/// The same name in another folder, or one with a number if there is a file of it.
fn free_in(folder: &Path, path: &Path) -> PathBuf {
    let name = name_of(path);
    let stem = name.strip_suffix(ENDING).unwrap_or(&name);
    let numbered = |n: u32| match n {
        1 => folder.join(&name),
        n => folder.join(format!("{stem}-{n}{ENDING}")),
    };
    let free = |path: &PathBuf| path.symlink_metadata().is_err();
    (1..=u32::MAX).map(numbered).find(free).unwrap_or_else(|| numbered(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_away_can_be_had_again_for_a_month() {
        let folder = tempfile::tempdir().unwrap();
        let drafts = folder.path();
        let draft = drafts.join("ct-1.voxpoint");
        let mut away = Vec::new();
        for contents in ["first", "second"] {
            std::fs::write(&draft, contents).unwrap();
            std::fs::write(drafts.join("ct-1.voxpoint-journal"), contents).unwrap();
            away.push(put_away(&draft).unwrap());
            assert!(!draft.exists() && folder::drafts(drafts).is_empty());
        }
        let expected =
            ["ct-1.voxpoint", "ct-1-2.voxpoint"].map(|name| folder_of(drafts).join(name));
        assert_eq!(away, expected);
        assert!(away.iter().all(|path| is_discarded(path, drafts)));
        assert!(!is_discarded(&draft, drafts));
        let now = SystemTime::now();
        let days = |n: u64| Duration::from_hours(24 * n);
        clear(drafts, now + days(29));
        assert!(away.iter().all(|path| path.exists()));
        let back = take_back(&away[1], drafts).unwrap();
        assert_eq!(back, drafts.join("ct-1-2.voxpoint"));
        assert_eq!(std::fs::read(drafts.join("ct-1-2.voxpoint-journal")).unwrap(), b"second");
        clear(drafts, now + days(31));
        assert!(!away[0].exists() && back.exists());
        // A clock that was set back deletes nothing.
        std::fs::write(&draft, "third").unwrap();
        let third = put_away(&draft).unwrap();
        clear(drafts, now - days(100));
        assert!(third.exists());
    }
}
