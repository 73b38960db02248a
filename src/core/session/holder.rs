//! Who has a session, and whether that program may still run.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// Who has a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The name of the computer.
    pub host: String,
    /// The program's number there.
    pub process: u32,
    /// When that program was started, in the system's own count; 0 if it does not say.
    pub process_started: u64,
    /// 16 hexadecimal digits by chance: no other program has them, on whatever computer. Empty if it does not say.
    #[serde(default)]
    pub run: String,
    /// Since when it has it: milliseconds since 1970, UTC.
    pub since_ms: i64,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let process = self.process;
        match self.host.as_str() {
            // Only programs of this computer keep it from saying who they are.
            "" => f.write_str("in another window of Voxpoint"),
            _ if self.is_on_this_computer() => {
                write!(f, "in another window of Voxpoint (process {process})")
            }
            host => write!(f, "on {host}, process {process}"),
        }
    }
}

impl Holder {
    /// This program, now.
    pub fn me() -> Self {
        let process = std::process::id();
        Self {
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            process,
            process_started: started(process).unwrap_or(0),
            run: run().to_owned(),
            since_ms: super::now_ms(),
        }
    }

    /// Whether it is on this computer: another window, or this one.
    pub fn is_on_this_computer(&self) -> bool {
        self.host == gethostname::gethostname().to_string_lossy()
    }

    /// Whether it is this program: then the session must not be opened a second time.
    pub fn is_this_program(&self) -> bool {
        let me = Self::me();
        (&self.host, self.process, self.process_started)
            == (&me.host, me.process, me.process_started)
    }

    /// Somebody who did not say.
    pub fn unknown() -> Self {
        let (host, run) = (String::new(), String::new());
        Self { host, process: 0, process_started: 0, run, since_ms: 0 }
    }

    /// Whether the system can tell of programs of this computer whether they still run.
    pub(super) fn can_be_told_dead() -> bool {
        started(std::process::id()).is_some()
    }

    /// Whether it may still run: it is on another computer, or a process of this one that is still the same.
    pub fn may_live(&self, me: &Self) -> bool {
        if self.host.is_empty() {
            return false;
        }
        self.host != me.host
            || match started(self.process) {
                Some(at) => self.process_started == 0 || at == self.process_started,
                // Where nobody can be asked, it is not known to be dead.
                None => started(me.process).is_none(),
            }
    }
}

/// That of this program.
fn run() -> &'static str {
    static RUN: OnceLock<String> = OnceLock::new();
    // (The standard library seeds its maps with what the system gives at random.)
    RUN.get_or_init(|| format!("{:016x}", RandomState::new().hash_one(std::process::id())))
}

/// When a process of this computer was started, in the system's own count; `None` if there is none, or nobody to ask.
fn started(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything; the time is the 22nd.
    text.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn another_window_is_called_so_and_other_computers_by_their_names() {
        let here = Holder { process: 12, ..Holder::me() };
        let there = Holder { host: "reading-room-3".to_owned(), ..here.clone() };
        for (holder, text) in [
            (here, "in another window of Voxpoint (process 12)"),
            (there, "on reading-room-3, process 12"),
            (Holder::unknown(), "in another window of Voxpoint"),
        ] {
            assert_eq!(holder.to_string(), text);
        }
    }

    /// Where the system has no locks, the file alone tells.
    #[test]
    fn who_may_live_is_told_by_host_number_and_start() {
        let me = Holder::me();
        let parent = std::os::unix::process::parent_id();
        let started = started(parent).unwrap_or(0);
        for (holder, lives) in [
            (me.clone(), true),
            (Holder { process: parent, process_started: started, ..me.clone() }, true),
            (Holder { process: parent, process_started: started + 1, ..me.clone() }, false),
            (Holder { process: u32::MAX - 7, ..me.clone() }, false),
            (Holder { host: "another".into(), process: u32::MAX - 7, ..me.clone() }, true),
            (Holder::unknown(), false),
        ] {
            assert_eq!(holder.may_live(&me), lives, "{holder:?}");
        }
    }
}
