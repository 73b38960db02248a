//! Addresses of servers that were used before, and what was agreed for them, in a small file of their own. Each change
//! is on the disk at once, and made to what the file holds by then: what was taken back stays taken back, also if the
//! program is killed, or another window of it knows an older state.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ui::text::tr_with;
use crate::ui::{KnownServer, ServerDraft, Toasts};
use crate::work::{Wake, Worker};

/// Addresses that are kept.
const MOST: usize = 6;
/// A file that is larger is none of ours.
const MOST_BYTES: u64 = 1 << 20;
/// How long the last change is waited for when the window goes.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is to be changed.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Nothing: what other windows have changed is wanted.
    Look,
    /// A server was used.
    Use(ServerDraft),
    /// It was agreed, for later runs too, that image values go there; or it is not any more.
    Agree(ServerDraft, bool),
    /// What the pointer rests on goes there, too, or does not.
    LookAhead(ServerDraft, bool),
    /// The server, and what was agreed.
    Forget(ServerDraft),
}

impl Change {
    /// Changes a list, newest first.
    fn apply(&self, list: &mut Vec<KnownServer>) {
        match self {
            Self::Look => {}
            Self::Use(draft) => {
                let known = list.iter().position(|known| known.draft.is_of(draft));
                let known = known.map(|n| list.remove(n)).unwrap_or_default();
                list.insert(0, KnownServer { draft: draft.clone(), ..known });
            }
            Self::Agree(draft, agreed) => {
                if let Some(known) = entry(list, draft, *agreed) {
                    known.agreed = *agreed;
                }
            }
            Self::LookAhead(draft, on) => {
                if let Some(known) = entry(list, draft, *on) {
                    known.look_ahead = *on;
                }
            }
            Self::Forget(draft) => list.retain(|known| !known.draft.is_of(draft)),
        }
        list.truncate(MOST);
    }
}

/// The entry of a server, made if it is wanted.
fn entry<'a>(
    list: &'a mut Vec<KnownServer>,
    draft: &ServerDraft,
    wanted: bool,
) -> Option<&'a mut KnownServer> {
    let known = list.iter().position(|known| known.draft.is_of(draft));
    if known.is_none() && wanted {
        list.insert(0, KnownServer { draft: draft.clone(), ..KnownServer::default() });
    }
    list.get_mut(known.unwrap_or(0)).filter(|known| known.draft.is_of(draft))
}

/// The list in a file; empty if there is none.
fn read(path: &Path) -> io::Result<Vec<KnownServer>> {
    let mut text = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MOST_BYTES).read_to_end(&mut text)?,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(why),
    };
    serde_json::from_slice(&text).map_err(io::Error::from)
}

/// Whether it stands in the file that image values may be sent to a server. If the file can't be read it does not.
pub(super) fn is_agreed(path: &Path, draft: &ServerDraft) -> bool {
    let list = read(path).unwrap_or_default();
    list.iter().any(|known| known.draft.is_of(draft) && known.agreed)
}

/// Changes the file, and says what is in it then.
fn change(path: &Path, change: &Change) -> io::Result<Vec<KnownServer>> {
    if matches!(change, Change::Look) {
        return read(path);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // No other window changes it meanwhile. A drive that has no locks has seldom two windows.
    let lock = File::options().create(true).append(true).open(path.with_extension("lock"))?;
    if let Err(why) = lock.lock() {
        tracing::debug!("no lock for {}: {why}", path.display());
    }
    // What can't be understood is nobody's agreement.
    let mut list = read(path).or_else(|why| match why.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
        _ => Err(why),
    })?;
    change.apply(&mut list);
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec_pretty(&list)?)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(list)
}

struct Order {
    path: PathBuf,
    change: Change,
}

struct Told {
    change: Change,
    result: io::Result<Vec<KnownServer>>,
}

/// The servers that this window knows, and the thread that writes them down.
pub(super) struct KnownServers {
    /// `None`: nothing is kept.
    path: Option<PathBuf>,
    list: Vec<KnownServer>,
    writer: Worker<Order, Told>,
    /// Changes that are not on the disk yet.
    waiting: usize,
}

impl KnownServers {
    /// Those of the file, which is read at once: this is before there is a window.
    pub fn start(wake: Wake, path: Option<PathBuf>) -> io::Result<Self> {
        let writer = Worker::start("servers", wake, |order: Order, tell: &dyn Fn(Told)| {
            let Order { path, change: wanted } = order;
            let result = change(&path, &wanted);
            tell(Told { change: wanted, result });
        })?;
        let mut servers = Self { path: None, list: Vec::new(), writer, waiting: 0 };
        servers.keep_in(path);
        Ok(servers)
    }

    /// Keeps them in another file.
    pub fn keep_in(&mut self, path: Option<PathBuf>) {
        self.list = path.as_deref().map_or(Ok(Vec::new()), read).unwrap_or_else(|why| {
            tracing::warn!("which servers were used before could not be read: {why}");
            Vec::new()
        });
        self.path = path;
    }

    /// Where they are kept.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// All, newest first.
    pub fn list(&self) -> &[KnownServer] {
        &self.list
    }

    /// Changes them here, and in the file as soon as may be.
    pub fn change(&mut self, change: Change, toasts: &mut Toasts) {
        change.apply(&mut self.list);
        let Some(path) = self.path.clone() else { return };
        let wanted = change.clone();
        if self.writer.submit(Order { path, change }).is_ok() {
            self.waiting += 1;
        } else {
            tell_failure(&wanted, &io::ErrorKind::BrokenPipe.into(), toasts);
        }
    }

    /// A change that is on the disk now.
    pub fn poll(&mut self, toasts: &mut Toasts) -> Option<Change> {
        while let Some(Ok(Told { change, result })) = self.writer.poll() {
            self.waiting = self.waiting.saturating_sub(1);
            match result {
                Ok(list) => {
                    if self.waiting == 0 {
                        self.list = list;
                    }
                    return Some(change);
                }
                Err(why) => tell_failure(&change, &why, toasts),
            }
        }
        None
    }
}

impl Drop for KnownServers {
    /// What was taken back is on the disk when the program ends.
    fn drop(&mut self) {
        if !self.writer.finish(PATIENCE) {
            tracing::warn!("what was agreed for servers is still being written at the end");
        }
    }
}

fn tell_failure(change: &Change, why: &io::Error, toasts: &mut Toasts) {
    match change {
        Change::Agree(draft, false) | Change::Forget(draft) => toasts.error(tr_with(
            "It could not be written down that nothing may be sent to {address} any more, so later runs of the program may send there: {why}",
            &[("address", &draft.address), ("why", why)],
        )),
        Change::Look => tracing::warn!("servers could not be read: {why}"),
        Change::Use(draft) | Change::Agree(draft, true) | Change::LookAhead(draft, _) => {
            toasts.error(tr_with(
                "{address} could not be remembered for later: {why}",
                &[("address", &draft.address), ("why", why)],
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn draft(n: usize) -> ServerDraft {
        ServerDraft { address: format!("https://gpu{n}.example"), ..ServerDraft::default() }
    }

    fn window(path: &Path) -> KnownServers {
        KnownServers::start(Arc::new(|| ()), Some(path.to_owned())).unwrap()
    }

    #[test]
    fn what_was_agreed_is_of_one_address_and_its_trust() {
        let folder = tempfile::tempdir().unwrap();
        // Also the folder is made.
        let (path, mut toasts) = (folder.path().join("new/servers.json"), Toasts::default());
        let mut kept = window(&path);
        for n in 0..MOST + 2 {
            kept.change(Change::Use(draft(n)), &mut toasts);
        }
        kept.change(Change::Agree(draft(5), true), &mut toasts);
        let pinned = ServerDraft { pin: "ab".repeat(32), ..draft(4) };
        kept.change(Change::Agree(pinned.clone(), true), &mut toasts);
        kept.change(Change::LookAhead(draft(5), true), &mut toasts);
        drop(kept);
        let mut kept = window(&path);
        assert_eq!(kept.list().len(), MOST);
        assert!(is_agreed(&path, &draft(5)) && is_agreed(&path, &pinned));
        assert!(!is_agreed(&path, &draft(4)), "another certificate");
        let ahead = |kept: &KnownServers| kept.list().iter().filter(|k| k.look_ahead).count();
        assert_eq!(ahead(&kept), 1);
        kept.change(Change::Use(draft(5)), &mut toasts);
        drop(kept);
        let mut kept = window(&path);
        assert!(is_agreed(&path, &draft(5)) && ahead(&kept) == 1, "it was only used again");
        let packs = ServerDraft { pack: true, ..draft(5) };
        kept.change(Change::Use(packs.clone()), &mut toasts);
        drop(kept);
        let mut kept = window(&path);
        assert_eq!(kept.list()[0].draft, packs);
        assert!(is_agreed(&path, &draft(5)), "the same server, packed or not");
        kept.change(Change::Agree(draft(5), false), &mut toasts);
        kept.change(Change::Forget(pinned.clone()), &mut toasts);
        drop(kept);
        assert!(!is_agreed(&path, &draft(5)) && !is_agreed(&path, &pinned));
        assert_eq!(toasts.texts().count(), 0);
    }

    /// A window that knows an older state, or a file that is broken, gives nobody's agreement back.
    #[test]
    fn what_was_taken_back_stays_so_whatever_another_window_does() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut toasts) = (folder.path().join("servers.json"), Toasts::default());
        let mut first = window(&path);
        first.change(Change::Agree(draft(1), true), &mut toasts);
        drop(first);
        let (mut first, mut second) = (window(&path), window(&path));
        first.change(Change::Agree(draft(1), false), &mut toasts);
        drop(first);
        assert!(second.list()[0].agreed, "it knows no better");
        second.change(Change::Use(draft(2)), &mut toasts);
        second.change(Change::Use(draft(1)), &mut toasts);
        second.change(Change::LookAhead(draft(1), true), &mut toasts);
        drop(second);
        assert!(!is_agreed(&path, &draft(1)));

        for broken in ["", "{", r#"[{"agreed":1}]"#] {
            fs::write(&path, broken).unwrap();
            assert!(!is_agreed(&path, &draft(1)), "{broken}");
            let mut kept = window(&path);
            assert!(kept.list().is_empty());
            kept.change(Change::Agree(draft(1), true), &mut toasts);
            drop(kept);
            assert!(is_agreed(&path, &draft(1)), "{broken}");
        }
        assert_eq!(toasts.texts().count(), 0);
    }

    #[test]
    fn what_could_not_be_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (file, mut toasts) = (folder.path().join("file"), Toasts::default());
        fs::write(&file, "").unwrap();
        let mut kept = window(&file.join("servers.json"));
        kept.change(Change::Agree(draft(1), false), &mut toasts);
        for _ in 0..500 {
            assert!(kept.poll(&mut toasts).is_none());
            if toasts.texts().count() > 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(toasts.texts().any(|text| text.contains("https://gpu1.example any more")));
    }
}
