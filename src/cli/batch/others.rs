//! What other shares of the table have done, also while this one is at work: shares of another number may have rows of
//! this one.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::args::ShardArg;
use super::super::journal;
use super::told::KeptRow;

/// Journals that began meanwhile are looked for so often: a folder may have very many files.
const LOOK_AFTER: Duration = Duration::from_secs(5);

/// The journals of other shares.
#[derive(Debug)]
pub struct Others {
    table: PathBuf,
    /// That of this run.
    own: PathBuf,
    /// With their length when they were read.
    journals: Vec<(PathBuf, u64)>,
    looked: Instant,
    rows: HashMap<String, KeptRow>,
}

impl Others {
    /// Those beside the table.
    pub fn of(table: &Path, own: &Path) -> Self {
        let mut others = Self {
            table: table.to_owned(),
            own: own.to_owned(),
            journals: Vec::new(),
            looked: Instant::now(),
            rows: HashMap::new(),
        };
        others.look(|_| true);
        others.read();
        // Shares of one number have no row in common: what they go on to do is not read again.
        let kept = others.with_rows_of_ours();
        others.journals.retain(|(path, _)| kept.contains(path));
        others
    }

    /// The journals that may have rows of this share.
    fn with_rows_of_ours(&self) -> Vec<PathBuf> {
        let beside = journals_beside(&self.table);
        let ours = beside.iter().find(|(path, _)| *path == self.own).and_then(|(_, share)| *share);
        let others = beside.into_iter();
        let number = |share: Option<ShardArg>| share.map(|share| share.of);
        let may = others.filter(|(_, share)| share.is_none() || number(*share) != number(ours));
        may.map(|(path, _)| path).collect()
    }

    /// What any of them made of a row.
    pub fn get(&self, key: &str) -> Option<&KeptRow> {
        self.rows.get(key)
    }

    /// All that they made.
    pub fn results(&self) -> impl Iterator<Item = &KeptRow> {
        self.rows.values()
    }

    /// Reads what was added since.
    pub fn refresh(&mut self) {
        if self.looked.elapsed() > LOOK_AFTER {
            let may = self.with_rows_of_ours();
            self.look(|path| may.contains(path));
        }
        self.read();
    }

    /// Looks for journals that were not there.
    fn look(&mut self, wanted: impl Fn(&PathBuf) -> bool) {
        self.looked = Instant::now();
        for (path, _) in journals_beside(&self.table) {
            if wanted(&path)
                && path != self.own
                && !self.journals.iter().any(|(known, _)| *known == path)
            {
                self.journals.push((path, 0));
            }
        }
    }

    /// Reads those that have another length than before.
    fn read(&mut self) {
        for (path, read) in &mut self.journals {
            let length = std::fs::metadata(&*path).map_or(0, |about| about.len());
            if length != *read {
                let found = journal::results_in(path);
                // (Where locks keep others from reading it is looked at again.)
                if !found.is_empty() {
                    *read = length;
                }
                self.rows.extend(found);
            }
        }
    }

    /// Names those that are at work now and have rows of this share, of so many of the table. (Where files have no
    /// locks nobody knows.)
    pub fn at_work_on(&self, ours: Option<ShardArg>, rows: usize) -> Vec<String> {
        let has = |share: Option<ShardArg>, row: usize| share.is_none_or(|share| share.has(row));
        let overlaps = |theirs: Option<ShardArg>| {
            // Shares of one number have no row in common.
            ours.map(|share| share.of) != theirs.map(|share| share.of)
                && (0..rows).any(|row| has(ours, row) && has(theirs, row))
        };
        let at_work = |path: &Path| {
            let file = File::open(path);
            file.is_ok_and(|f| matches!(f.try_lock_shared(), Err(TryLockError::WouldBlock)))
        };
        let beside = journals_beside(&self.table).into_iter();
        let found =
            beside.filter(|(path, share)| *path != self.own && overlaps(*share) && at_work(path));
        let named = |share: Option<ShardArg>| match share {
            Some(ShardArg { number, of }) => format!("share {number}/{of}"),
            None => "a run without shares".to_owned(),
        };
        found.map(|(_, share)| named(share)).collect()
    }
}

/// Where a run keeps what is done.
pub fn journal_of(table: &Path, share: Option<ShardArg>) -> PathBuf {
    let share = share.map_or(String::new(), |s| format!(".{}-of-{}", s.number, s.of));
    let mut name = table.to_owned().into_os_string();
    name.push(format!("{share}.journal"));
    PathBuf::from(name)
}

/// The journals of a table and of its shares, however many there were.
fn journals_beside(table: &Path) -> Vec<(PathBuf, Option<ShardArg>)> {
    let Some(own) = table.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let number = |text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<usize>().ok().filter(|&n| digits && n > 0)
    };
    let journal = |entry: std::fs::DirEntry| {
        let name = entry.file_name();
        let rest = name.to_str()?.strip_prefix(own)?.strip_suffix(".journal")?;
        let share = if rest.is_empty() {
            None
        } else {
            let (i, of) = rest.strip_prefix('.')?.split_once("-of-")?;
            Some(ShardArg { number: number(i)?, of: number(of)? })
        };
        // As the table's own way, so that one of them is told from that of this run.
        Some((table.with_file_name(name), share))
    };
    let entries = std::fs::read_dir(crate::io::folder_of(table)).into_iter().flatten();
    let mut found: Vec<_> = entries.flatten().filter_map(journal).collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::journal::Journal;

    #[test]
    fn journals_are_told_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("jobs.csv");
        let journals = ["jobs.csv.1-of-2.journal", "jobs.csv.12-of-20.journal", "jobs.csv.journal"];
        let others = [
            "jobs.csv",
            "jobs.csv.x.journal",
            "jobs.csv.1-of-.journal",
            "jobs.csv.0-of-2.journal",
            "other.csv.journal",
            "jobs.csv.1.journal",
        ];
        for name in journals.iter().chain(&others) {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let shares =
            [Some(ShardArg { number: 1, of: 2 }), Some(ShardArg { number: 12, of: 20 }), None];
        let expected: Vec<_> =
            journals.iter().map(|name| folder.path().join(name)).zip(shares).collect();
        assert_eq!(journals_beside(&table), expected);
        for (path, share) in expected {
            assert_eq!(journal_of(&table, share), path);
        }
    }

    #[test]
    fn what_another_share_does_meanwhile_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("jobs.csv");
        let share = |number, of| Some(ShardArg { number, of });
        let (own, beside) = (journal_of(&table, share(2, 2)), journal_of(&table, share(2, 3)));
        let open = |path: &Path| Journal::<KeptRow>::open(path, "voxpoint batch").unwrap();
        let made = r#"{"out":"m.nii","read":[],"made":{"labels":[],"touches":false,"device":"cpu",
            "ms":{"load":1,"model":2,"save":3}}}"#;
        let kept: KeptRow = serde_json::from_str(made).unwrap();
        let journal = open(&beside);
        let mut others = Others::of(&table, &own);
        assert!(others.get("a").is_none());
        journal.add("a", &kept).unwrap();
        others.refresh();
        assert_eq!(others.get("a"), Some(&kept));
        journal.add("b", &kept).unwrap();
        others.refresh();
        assert_eq!(others.results().count(), 2);

        // Rows 1, 4, 7 of the one, and 1, 3, 5, 7 of the other.
        assert_eq!(others.at_work_on(share(2, 2), 8), ["share 2/3"]);
        assert_eq!(others.at_work_on(None, 2), ["share 2/3"]);
        for (ours, rows) in [(share(2, 2), 1), (share(1, 3), 8), (share(1, 2), 4)] {
            assert!(others.at_work_on(ours, rows).is_empty(), "{ours:?}");
        }
        let all = open(&journal_of(&table, None));
        let named = others.at_work_on(share(2, 2), 8);
        assert_eq!(named, ["share 2/3", "a run without shares"]);
        drop((journal, all));
        assert!(others.at_work_on(share(2, 2), 8).is_empty(), "they have ended");
    }
}
