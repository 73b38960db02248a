//! What may lie where a file is expected while its content is elsewhere: a link to nothing, or the small
//! stand-in that git-annex (`DataLad`) or Git LFS leaves until the content is fetched. Says what it is, so that
//! nobody looks for a damaged file. Depends on nothing.
//!
//! Forms: <https://git-annex.branchable.com/internals/pointer_file>,
//! <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.

use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Something in the place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// A symbolic link whose target is not there.
    DanglingLink(PathBuf),
    /// A link or pointer of git-annex.
    Annex,
    /// A pointer of Git LFS.
    Lfs,
}

/// Both kinds of pointers are shorter: Git LFS's by its specification, git-annex's by the length of its keys.
const MOST_BYTES: u64 = 4096;

impl Placeholder {
    /// What stands at `path`, if it is one of these. Looks at the beginning of small files only.
    pub fn at(path: &Path) -> Option<Self> {
        let link = fs::symlink_metadata(path).ok()?.is_symlink();
        let Ok(there) = fs::metadata(path) else {
            let to = fs::read_link(path).ok().filter(|_| link)?;
            return Some(if in_annex(&to.to_string_lossy()) {
                Self::Annex
            } else {
                Self::DanglingLink(to)
            });
        };
        if !there.is_file() || there.len() > MOST_BYTES {
            return None;
        }
        let mut head = Vec::new();
        fs::File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut head).ok()?;
        Self::of(&head)
    }

    /// What a file that begins so is a pointer of.
    pub fn of(head: &[u8]) -> Option<Self> {
        let lfs =
            ["version https://git-lfs.github.com/spec/", "version https://hawser.github.com/"];
        if lfs.iter().any(|mark| head.starts_with(mark.as_bytes())) {
            return Some(Self::Lfs);
        }
        // A link that a system without links has as a text file looks like the second.
        let line = head.split(|&b| b == b'\n').next().filter(|l| l.len() < MOST_BYTES as usize)?;
        let line = std::str::from_utf8(line).ok()?;
        (line.starts_with("/annex/objects/") || line.starts_with('.') && in_annex(line))
            .then_some(Self::Annex)
    }
}

fn in_annex(target: &str) -> bool {
    target.replace('\\', "/").contains(".git/annex/objects/")
}

/// What it is and what to do, as the beginning of a message that ends with the file's name.
impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DanglingLink(to) => write!(
                f,
                "this is a link to a file that is not there ({}); put that file in its place, or mend the link",
                to.display()
            ),
            Self::Annex => f.write_str(
                "this is a git-annex link or pointer, and the file's content is not on this machine; run “git annex get” or “datalad get” on it",
            ),
            Self::Lfs => f.write_str(
                "this is a Git LFS pointer, not the file itself; run “git lfs pull” in its folder",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_told_by_their_beginning() {
        let key = "MD5E-s2097152--b5ee6e9a2a64b1d9b2ba5e5e7ff1c5ab.nii.gz";
        for (content, expected) in [
            (
                "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
                Some(Placeholder::Lfs),
            ),
            (
                "version https://hawser.github.com/spec/v1\noid sha256:4d7a\nsize 1\n",
                Some(Placeholder::Lfs),
            ),
            (&format!("/annex/objects/{key}\n"), Some(Placeholder::Annex)),
            (&format!("../../.git/annex/objects/Xk/0V/{key}/{key}"), Some(Placeholder::Annex)),
            (&format!("..\\.git\\annex\\objects\\Xk\\0V\\{key}\\{key}"), Some(Placeholder::Annex)),
            ("1 255 0 0 1 1 1 \"/annex/objects/\"\n", None),
            ("version 2\n", None),
            ("", None),
            ("\u{1f}\u{8b}", None),
        ] {
            assert_eq!(Placeholder::of(content.as_bytes()), expected, "{content}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_to_nothing_are_told_from_files_and_from_nothing() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        symlink("gone.nii", at("a.nii")).unwrap();
        symlink("a.nii", at("b.nii")).unwrap();
        symlink("../.git/annex/objects/k/k", at("c.nii")).unwrap();
        symlink("loop.nii", at("loop.nii")).unwrap();
        fs::write(at("file.nii"), "x").unwrap();
        symlink("file.nii", at("good.nii")).unwrap();
        let dangling = |to: &str| Some(Placeholder::DanglingLink(to.into()));
        for (name, expected) in [
            ("a.nii", dangling("gone.nii")),
            ("b.nii", dangling("a.nii")),
            ("c.nii", Some(Placeholder::Annex)),
            ("loop.nii", dangling("loop.nii")),
            ("file.nii", None),
            ("good.nii", None),
            ("missing.nii", None),
        ] {
            assert_eq!(Placeholder::at(&at(name)), expected, "{name}");
        }
        assert_eq!(Placeholder::at(dir.path()), None);
    }
}
