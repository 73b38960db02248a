//! How much memory may be allocated now. Asked before anything of a scan's size is allocated: Linux gives
//! memory that it does not have, and then ends the program without a word.

mod cgroup;

use std::fmt;
use std::path::Path;

use crate::text::bytes;

/// Where the system can't be asked, what a small machine of today can hold.
const UNKNOWN: u64 = 4 << 30;
/// Left for all that is not asked about: threads, fonts, the window.
const RESERVE: u64 = 64 << 20;
/// So little is not asked about.
const SMALL: u64 = 1 << 20;

/// What limits the memory of this process most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The memory of the machine that nobody uses.
    Machine,
    /// What the kernel may promise (`vm.overcommit_memory` = 2).
    Commit,
    /// A control group: a container's limit, a service's, a batch job's.
    Group,
    /// `RLIMIT_AS`, `ulimit -v`.
    AddressSpace,
    /// `RLIMIT_DATA`, `ulimit -d`.
    Data,
    /// The system does not say; a guess.
    Unknown,
}

impl Bound {
    /// What a user can do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Bound::Machine | Bound::Unknown => "close other programs",
            Bound::Commit => "close other programs or add swap space",
            Bound::Group | Bound::AddressSpace | Bound::Data => "raise that limit",
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Machine => "of the machine's free memory",
            Bound::Commit => "of what the system may still promise (vm.overcommit_memory)",
            Bound::Group => "of this container's or job's memory limit (cgroup)",
            Bound::AddressSpace => "of the limit on address space (ulimit -v)",
            Bound::Data => "of the limit on data (ulimit -d)",
            Bound::Unknown => "of what a small machine has",
        })
    }
}

/// Memory that may still be allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// Bytes.
    pub bytes: u64,
    /// What allows no more.
    pub bound: Bound,
}

impl Free {
    /// The least of what the machine, the control groups and the limits of this process leave.
    pub fn now() -> Self {
        Self::below(Path::new("/"))
    }

    /// As [`Free::now`], of the system whose `/proc` and `/sys` are in a folder.
    pub fn below(root: &Path) -> Self {
        let least = every_bound(root).into_iter().min_by_key(|free| free.bytes);
        least.unwrap_or(Self { bytes: UNKNOWN, bound: Bound::Unknown })
    }

    /// What one thing may take of it: something is left for everything else.
    pub fn usable(self) -> u64 {
        (self.bytes / 5 * 4).min(self.bytes.saturating_sub(RESERVE))
    }
}

/// What each bound that there is leaves.
fn every_bound(root: &Path) -> Vec<Free> {
    let read = |file: &str| std::fs::read_to_string(root.join("proc").join(file)).ok();
    let (limits, status) = (read("self/limits"), read("self/status"));
    let rlimit = |name: &str, used: &str| {
        let limit = soft_limit(limits.as_deref()?, name)?;
        Some(limit.saturating_sub(kilobytes(status.as_deref()?, used)?))
    };
    let meminfo = read("meminfo").unwrap_or_default();
    let strict = read("sys/vm/overcommit_memory").is_some_and(|mode| mode.trim() == "2");
    let commit = || {
        let limit = kilobytes(&meminfo, "CommitLimit:").filter(|_| strict)?;
        Some(limit.saturating_sub(kilobytes(&meminfo, "Committed_AS:")?))
    };
    let known = [
        (kilobytes(&meminfo, "MemAvailable:"), Bound::Machine),
        (commit(), Bound::Commit),
        (cgroup::left(root), Bound::Group),
        (rlimit("Max address space", "VmSize:"), Bound::AddressSpace),
        (rlimit("Max data size", "VmData:"), Bound::Data),
    ];
    known.into_iter().filter_map(|(bytes, bound)| Some(Free { bytes: bytes?, bound })).collect()
}

/// There is not enough memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Bytes that were asked for.
    pub needed: u64,
    /// What there is.
    pub free: Free,
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (needed, free) = (bytes(self.needed), bytes(self.free.bytes));
        let bound = self.free.bound;
        write!(f, "needs {needed} of memory, {free} {bound} are left; {}", bound.advice())
    }
}

impl std::error::Error for Short {}

/// Whether so many bytes may be allocated now.
///
/// # Errors
/// If that is more than is usable.
pub fn check(needed: u64) -> Result<(), Short> {
    if needed <= SMALL {
        return Ok(());
    }
    let free = Free::now();
    if needed > free.usable() { Err(Short { needed, free }) } else { Ok(()) }
}

/// As [`check`], for libraries that map much more than they use (code, stacks, arenas): `mapped` bytes of address
/// space, of which `used` are filled.
///
/// # Errors
/// If either is more than there is.
pub fn check_library(used: u64, mapped: u64) -> Result<(), Short> {
    let needed = |free: &Free| if free.bound == Bound::AddressSpace { mapped } else { used };
    let short = |free: &Free| needed(free) > free.bytes;
    match every_bound(Path::new("/")).into_iter().find(short) {
        Some(free) => Err(Short { needed: needed(&free), free }),
        None => Ok(()),
    }
}

/// The bytes of a line `Name:   123 kB` of `/proc/meminfo` or `/proc/self/status`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The soft limit of a line of `/proc/self/limits`; `None` if there is none.
fn soft_limit(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests;
