//! A session is taken over on a drive that knows no locks: whoever had it may just be writing it. What lies in its journal
//! is played back by whoever connects next, and so a write that is still going on would be taken apart under its writer.
//!
//! The one who takes it over says so first ([`Lock`]), and connects only when there is no journal (of one that may be alive
//! [`STILL`] later: it may not have made it yet), or when neither that nor the file has changed for so long. The other asks before what it has written counts, and takes it back if it was taken
//! over: so it either ends while it is waited for, or is not heard of any more. What remains is a program that stops for
//! longer than that just while its write is put into the file (a computer that sleeps), and then goes on.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::SessionError;
use super::database::Moment;
use super::lock::Lock;
use crate::work::{CancelToken, Progress};

/// So long nothing changes of a write that was broken off.
pub(super) const STILL: Duration = Duration::from_secs(10);
/// So long is waited for one that goes on and on.
const PATIENCE: Duration = Duration::from_mins(10);
const OFTEN: Duration = Duration::from_millis(100);

/// [`STILL`], or less where tests say that a drive has no locks.
pub(super) fn still() -> Duration {
    if cfg!(test) { Duration::from_millis(600) } else { STILL }
}

/// By which waiting for another program is followed, and given up.
#[derive(Clone, Copy)]
pub struct TakeOverWatch<'a> {
    /// To give it up.
    pub cancel: &'a CancelToken,
    /// How long nothing has changed, of how long that has to be: milliseconds.
    pub progress: &'a Progress,
}

/// A session as its drive shows it.
#[derive(PartialEq, Eq)]
struct Seen {
    moment: Moment,
    /// A large write reaches the file page by page.
    written: Option<SystemTime>,
}

impl Seen {
    fn of(session: &Path) -> Result<Self, SessionError> {
        let failed = |e| SessionError::io("the session can't be opened", session, e);
        let moment = Moment::of(session).map_err(failed)?;
        let written = std::fs::metadata(session).and_then(|about| about.modified()).ok();
        Ok(Self { moment, written })
    }
}

/// Waits until nobody is writing a session that is locked by its text alone.
///
/// # Errors
/// If it was cancelled, somebody else has taken it meanwhile, it can't be read, or it is written on and on.
pub(super) fn wait_until_still(
    session: &Path,
    lock: &Lock,
    watch: TakeOverWatch<'_>,
) -> Result<(), SessionError> {
    let (begun, still) = (Instant::now(), still());
    let until = begun + PATIENCE;
    let mut seen = Seen::of(session)?;
    let mut since = begun;
    // Whoever had it may have begun a write that has made no journal yet.
    let least = if lock.was_taken_over() { still } else { Duration::ZERO };
    while seen.moment.has_journal() || begun.elapsed() < least {
        watch.cancel.check().map_err(|_| SessionError::Stopped(session.to_owned()))?;
        if let Some(holder) = lock.lost_to() {
            return Err(SessionError::Held { holder, path: session.to_owned() });
        }
        if since.elapsed() >= still {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(SessionError::Busy { doing: "read", path: session.to_owned() });
        }
        watch.progress.set_total(still.as_millis() as u64);
        watch.progress.set_done(since.elapsed().as_millis() as u64);
        std::thread::sleep(OFTEN);
        let now = Seen::of(session)?;
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
    }
    Ok(())
}
