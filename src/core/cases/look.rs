//! Finds the session of each scan, and looks at how far the work on it is.
//!
//! A session is called as its scan, beside it: `x.nii.gz` has `x.voxpoint`; or, if that is about another scan (`x.nii`),
//! `x.nii.gz.voxpoint`. In one folder for all sessions it is called by the scan's way from the list's folder, with two
//! underscores between its parts: `a/x.nii.gz` has `a__x.voxpoint`. One of several scans of a place has its series in the
//! name: `ct-series-3.voxpoint`. Which scan a session is about it says itself.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;

use super::error::CasesError;
use super::folder::stem;
use super::{Listed, WorkCase, WorkStatus, counter};
use crate::io::Registry;
use crate::placeholder::Placeholder;
use crate::session::{ENDING, FileRef, Holder, holder_of, summary};
use crate::work::{CancelToken, Progress};

/// So much of what names a series is in its session's name: a UID has no more than 64.
const MOST_LETTERS: usize = 64;

/// What lies where a session may be.
enum Seen {
    Nothing,
    /// What is known of it, if it is about the scan; it can also be damaged.
    Its(WorkStatus),
    /// The session of this other scan.
    Another(PathBuf),
}

/// A scan and what lies where its session may be.
struct Looked {
    listed: Listed,
    places: Vec<(PathBuf, Seen)>,
}

/// Makes cases of scans. `root`: the list's folder, and the folder of all sessions if there is one.
pub(super) fn cases(
    listed: Vec<Listed>,
    (root, sessions): (&Path, Option<&Path>),
    formats: &Registry,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Vec<WorkCase>, CasesError> {
    let done = counter(progress, listed.len());
    let look = |listed: Listed| {
        cancel.check()?;
        let places = places(&listed, (root, sessions), formats);
        let places = places.into_iter().map(|place| {
            let seen = seen(&listed.scan, &place);
            (place, seen)
        });
        let places = places.collect();
        done();
        Ok(Looked { listed, places })
    };
    let looked: Vec<Looked> =
        listed.into_par_iter().map(look).collect::<Result<_, CasesError>>()?;
    // Sessions that are there belong to their scans, whoever comes first.
    let its = |(place, seen): &(PathBuf, Seen)| matches!(seen, Seen::Its(_)).then(|| place.clone());
    let mut taken: HashSet<PathBuf> =
        looked.iter().filter_map(|looked| looked.places.iter().find_map(its)).collect();
    let mut given = HashSet::new();
    Ok(looked.into_iter().map(|looked| case(looked, &mut taken, &mut given)).collect())
}

/// `taken`: places at which there is a session of a scan; `given`: those that cases have.
fn case(looked: Looked, taken: &mut HashSet<PathBuf>, given: &mut HashSet<PathBuf>) -> WorkCase {
    let Looked { listed: Listed { name, scan, series, session }, places } = looked;
    let first = places.first().map(|(place, _)| place.clone()).unwrap_or_default();
    let mut free = None;
    let mut other = None;
    for (place, seen) in places {
        match seen {
            // Of a damaged one it can't be told whose it is.
            Seen::Its(_) if given.contains(&place) => {}
            Seen::Its(status) => {
                given.insert(place.clone());
                let status = with_scan(status, &scan);
                return WorkCase { name, scan, series, session: place, status };
            }
            Seen::Nothing if free.is_none() && !taken.contains(&place) => free = Some(place),
            Seen::Nothing => {}
            Seen::Another(scan) => other = Some(scan),
        }
    }
    let (session, status) = match (session, other) {
        // Where it was said to be it is, or it is told why not.
        (Some(session), Some(other)) => (session, about_another(&other)),
        (session, _) => {
            let place = session.or(free).unwrap_or_else(|| numbered(&first, taken));
            let holder = holder_of(&place);
            (place, WorkStatus { holder, ..WorkStatus::default() })
        }
    };
    taken.insert(session.clone());
    given.insert(session.clone());
    let status = with_scan(status, &scan);
    WorkCase { name, scan, series, session, status }
}

/// What is known of a case now. If this program has its session open, that is what was known before.
pub(super) fn status(scan: &Path, session: &Path, before: &WorkStatus) -> WorkStatus {
    let status = match seen(scan, session) {
        Seen::Nothing => WorkStatus { holder: holder_of(session), ..WorkStatus::default() },
        Seen::Its(status) if status.holder.as_ref().is_some_and(Holder::is_this_program) => {
            WorkStatus { holder: status.holder, problem: None, ..before.clone() }
        }
        Seen::Its(status) => status,
        Seen::Another(other) => about_another(&other),
    };
    with_scan(status, scan)
}

fn about_another(scan: &Path) -> WorkStatus {
    let problem = format!("its session is about another scan: {}", scan.display());
    WorkStatus { problem: Some(problem), ..WorkStatus::default() }
}

/// Says what is wrong with the scan, too.
fn with_scan(mut status: WorkStatus, scan: &Path) -> WorkStatus {
    let wrong = match Placeholder::at(scan) {
        Some(what) => Some(what.to_string()),
        None if scan.exists() => None,
        None => Some("there is no such scan".to_owned()),
    };
    if let Some(wrong) = wrong {
        let problem = status.problem.take();
        status.problem = Some(problem.map_or(wrong.clone(), |other| format!("{wrong}; {other}")));
    }
    status
}

/// Where the session of a scan may be, best first.
fn places(
    listed: &Listed,
    (root, sessions): (&Path, Option<&Path>),
    formats: &Registry,
) -> Vec<PathBuf> {
    let Listed { scan, series, session, .. } = listed;
    if let Some(session) = session {
        return vec![session.clone()];
    }
    let file = scan.file_name().unwrap_or_default();
    let folder = match sessions {
        Some(folder) => folder,
        None => scan.parent().unwrap_or(Path::new("")),
    };
    let named = |last: &OsStr| {
        let mut name = OsString::new();
        for part in sessions.iter().flat_map(|_| way(root, scan)) {
            name.push(part);
            name.push("__");
        }
        name.push(last);
        if let Some(series) = series {
            name.push(format!("-series-{}", plain(series)));
        }
        name.push(ENDING);
        folder.join(name)
    };
    vec![named(stem(formats, scan)), named(file)]
}

/// What names a series, as a part of a file's name. Names that become the same by that are told apart by a sum of the
/// whole (FNV-1a): no series gets the session of another.
fn plain(series: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || "._-#".contains(c) { c } else { '_' };
    let name: String = series.chars().take(MOST_LETTERS).map(kept).collect();
    if name == series {
        return name;
    }
    let add = |sum: u32, byte: u8| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{name}-{:08x}", series.bytes().fold(0x811c_9dc5, add))
}

/// The folders from the list's to a scan; of one that lies elsewhere, the last.
fn way<'p>(root: &Path, scan: &'p Path) -> Vec<&'p OsStr> {
    let folder = scan.parent().unwrap_or(Path::new(""));
    let normal = |path: &'p Path| -> Vec<&'p OsStr> {
        path.components()
            .filter_map(|part| if let Component::Normal(name) = part { Some(name) } else { None })
            .collect()
    };
    match folder.strip_prefix(root) {
        Ok(way) if way.components().all(|part| matches!(part, Component::Normal(_))) => normal(way),
        _ => normal(folder).pop().into_iter().collect(),
    }
}

/// A place that is free, after all others are taken.
fn numbered(first: &Path, taken: &HashSet<PathBuf>) -> PathBuf {
    let name = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = name.strip_suffix(ENDING).unwrap_or(&name);
    let mut places = (2u32..).map(|n| first.with_file_name(format!("{name}-{n}{ENDING}")));
    let free = |place: &PathBuf| !taken.contains(place) && place.symlink_metadata().is_err();
    places.find(free).unwrap_or_else(|| first.to_path_buf())
}

fn seen(scan: &Path, session: &Path) -> Seen {
    if session.symlink_metadata().is_err() {
        return Seen::Nothing;
    }
    let holder = holder_of(session);
    if holder.as_ref().is_some_and(Holder::is_this_program) {
        return Seen::Its(WorkStatus { holder, ..WorkStatus::default() });
    }
    let found = summary(session);
    match &found {
        Ok(found) if !is_session_of(&found.scan, session, scan) => {
            Seen::Another(found.scan.absolute.clone())
        }
        _ => Seen::Its(WorkStatus { holder, ..WorkStatus::of(found) }),
    }
}

/// Whether a session is about a scan: by where it says that it is, or, if nothing is there any more, by its name.
pub fn is_session_of(file: &FileRef, session: &Path, scan: &Path) -> bool {
    let wanted = scan.canonicalize().ok();
    let mut gone = true;
    for place in file.candidates(session) {
        if place == scan {
            return true;
        }
        if let Ok(place) = place.canonicalize() {
            if Some(place) == wanted {
                return true;
            }
            gone = false;
        }
    }
    gone && file.absolute.file_name() == scan.file_name()
}
