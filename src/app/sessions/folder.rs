//! Where work is kept that nobody has given a name yet, and how those files are called.

use std::path::{Path, PathBuf};

use crate::session::{ENDING, is_named_as_session};

/// Where drafts lie: `VOXPOINT_STATE`, or where the system wants a program to keep its state. `None` if it says nothing
/// of that.
pub fn of_the_user() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("VOXPOINT_STATE").filter(|folder| !folder.is_empty()) {
        return std::path::absolute(folder).ok();
    }
    let dirs = directories::ProjectDirs::from("", "", "voxpoint")?;
    Some(dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_owned())
}

/// A name for a new draft of a scan that no file of the folder has: `SCAN-20261129-235900.voxpoint`. `stem`: the scan's
/// name without its ending.
pub fn free_name(folder: &Path, stem: &str, now_ms: i64) -> PathBuf {
    // Names of files have 255 bytes at most; the lock's and the journal's are longer.
    let mut short = String::new();
    for c in stem.chars().filter(|c| !c.is_control() && !"/\\:".contains(*c)) {
        if short.len() + c.len_utf8() > 180 {
            break;
        }
        short.push(c);
    }
    let short = if short.is_empty() { "scan" } else { &short };
    let time = stamp(now_ms);
    let name = |n: u32| match n {
        1 => folder.join(format!("{short}-{time}{ENDING}")),
        n => folder.join(format!("{short}-{time}-{n}{ENDING}")),
    };
    // So many that nobody has them all.
    let free = |path: &PathBuf| path.symlink_metadata().is_err();
    (1..=u32::MAX).map(name).find(free).unwrap_or_else(|| name(1))
}

/// Makes a folder that only the user looks into: what scans are called is nobody else's matter.
///
/// # Errors
/// If it can't be made.
pub fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The drafts in a folder.
pub fn drafts(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| is_named_as_session(path) && path.is_file()).collect()
}

/// Day and second, UTC, of a time in milliseconds since 1970: `20261129-235900`.
fn stamp(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
}

/// Year, month and day of a number of days since 1970-01-01 in the Gregorian calendar. Years are counted from March on,
/// so that the day that is not always there is the last.
pub fn civil(days: i64) -> (i64, i64, i64) {
    // 0000-03-01.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + 400 * era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_are_called_by_scan_and_time_and_no_two_alike() {
        let folder = tempfile::tempdir().unwrap();
        // GNU date -u -d @…
        for (seconds, time) in [
            (0, "19700101-000000"),
            (951_782_399, "20000228-235959"),
            (951_868_800, "20000301-000000"),
            (1_709_251_199, "20240229-235959"),
            (1_795_982_461, "20261129-200101"),
            (4_107_542_400, "21000301-000000"),
        ] {
            let path = free_name(folder.path(), "ct", 1000 * seconds + 999);
            assert_eq!(path, folder.path().join(format!("ct-{time}.voxpoint")));
        }
        let first = free_name(folder.path(), "ct", 0);
        std::fs::write(&first, "").unwrap();
        let second = folder.path().join("ct-19700101-000000-2.voxpoint");
        assert_eq!(free_name(folder.path(), "ct", 0), second);
        assert_eq!(drafts(folder.path()), [first]);
        let long = free_name(folder.path(), &"肝".repeat(200), 0);
        let name = long.file_name().unwrap().len();
        assert!((180..=230).contains(&name), "{name}");
        let odd = free_name(folder.path(), "/\n", 0);
        assert!(odd.ends_with("scan-19700101-000000.voxpoint"), "{}", odd.display());
        assert!(drafts(&folder.path().join("gone")).is_empty());
    }
}
