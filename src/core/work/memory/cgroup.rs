//! Control groups: what the memory limits of this process's group, and of all groups above it, leave.

use std::path::Path;

/// The two kinds of hierarchies, and the names of their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    /// Files that hold limits.
    fn limits(self) -> &'static [&'static str] {
        match self {
            Version::One => &["memory.limit_in_bytes"],
            // Above `high` a group is slowed down until it stands still.
            Version::Two => &["memory.max", "memory.high"],
        }
    }

    /// What the group, and those in it, use.
    fn used(self) -> &'static str {
        match self {
            Version::One => "memory.usage_in_bytes",
            Version::Two => "memory.current",
        }
    }

    /// Of that, what is only a copy of files, and goes when memory is wanted.
    fn cached(self) -> [&'static str; 2] {
        match self {
            Version::One => ["total_inactive_file", "total_active_file"],
            Version::Two => ["inactive_file", "active_file"],
        }
    }
}

/// A mounted hierarchy that controls memory.
struct Mount {
    version: Version,
    /// The group that is seen at `at`: another than `/` inside of a container.
    root: String,
    at: String,
}

/// Bytes that the tightest group leaves; `None` without any limit.
pub(super) fn left(root: &Path) -> Option<u64> {
    let read = |file: &str| std::fs::read_to_string(root.join("proc/self").join(file)).ok();
    let (groups, mounts) = (read("cgroup")?, read("mountinfo")?);
    let mounts: Vec<Mount> = mounts.lines().filter_map(mount).collect();
    let left = groups.lines().filter_map(membership).filter_map(|(version, group)| {
        let mounted = mounts.iter().filter(|m| m.version == version);
        mounted.filter_map(|m| left_below(root, m, group)).min()
    });
    left.min()
}

/// A line of `/proc/self/cgroup` (`4:memory:/job`, `0::/job`), if it is of a hierarchy that may control memory.
fn membership(line: &str) -> Option<(Version, &str)> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, group) = (parts.next()?, parts.next()?);
    match controllers {
        "" => Some((Version::Two, group)),
        some if some.split(',').any(|c| c == "memory") => Some((Version::One, group)),
        _ => None,
    }
}

/// A line of `/proc/self/mountinfo`, if it is of a hierarchy that may control memory (`proc_pid_mountinfo(5)`).
fn mount(line: &str) -> Option<Mount> {
    let (place, kind) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let (root, at) = (unescaped(place.next()?), unescaped(place.next()?));
    let mut kind = kind.split(' ');
    let version = match (kind.next()?, kind.nth(1)?) {
        ("cgroup2", _) => Version::Two,
        ("cgroup", options) if options.split(',').any(|o| o == "memory") => Version::One,
        _ => return None,
    };
    Some(Mount { version, root, at })
}

/// A path in which blanks and backslashes are octal numbers.
fn unescaped(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
}

/// What a group and those above it leave, up to the one that is mounted.
fn left_below(root: &Path, mount: &Mount, group: &str) -> Option<u64> {
    let top = root.join(mount.at.trim_start_matches('/'));
    // Of a group outside of what is mounted, only the mounted one can be seen.
    let inside = group.strip_prefix(mount.root.trim_end_matches('/'));
    let inside = inside.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or("");
    let inside: Vec<&str> = inside.split('/').filter(|part| !part.is_empty()).collect();
    if inside.contains(&"..") {
        return left_in(&top, mount.version);
    }
    let group =
        |depth: usize| inside[..depth].iter().fold(top.clone(), |path, part| path.join(part));
    (0..=inside.len()).filter_map(|depth| left_in(&group(depth), mount.version)).min()
}

/// What one group leaves; `None` if it has no limit.
fn left_in(folder: &Path, version: Version) -> Option<u64> {
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
    let number = |file: &&str| read(file)?.trim().parse::<u64>().ok();
    let limit = version.limits().iter().filter_map(number).min()?;
    let used = number(&version.used())?;
    let stat = read("memory.stat").unwrap_or_default();
    let cached = |name: &str| {
        let value = stat.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|v| v.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let [inactive, active] = version.cached().map(cached);
    let kept = used.saturating_sub(inactive.saturating_add(active));
    Some(limit.saturating_sub(kept))
}
