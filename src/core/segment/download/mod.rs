//! Fetching a model over HTTPS: resumable, cancellable at any moment, checked before it takes its place.

mod error;
mod exchange;
mod part;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

pub use error::DownloadError;

use super::checkpoint::{Architecture, CheckpointError, Manifest};
use super::digest;
use crate::work::{CancelToken, Progress};
use exchange::{Head, HttpRequest, News};
use part::{Lock, Part};

/// The authors' released model, SAM-Med3D-turbo.
pub const TURBO_URL: &str =
    "https://huggingface.co/blueyo0/SAM-Med3D/resolve/main/sam_med3d_turbo.pth";
/// Its size and SHA-256 since 7 September 2024, as its page states them
/// (<https://huggingface.co/blueyo0/SAM-Med3D/blob/main/sam_med3d_turbo.pth>).
const TURBO_BYTES: u64 = 402_163_626;
const TURBO_SHA256: &str = "899a46d04d3b70f723282ceb489149373558bf0aaba389a346f5ab57da5cdd3c";

/// No model of this kind is larger; a server that sends without end is stopped here.
const MAX_BYTES: u64 = 16 << 30;
/// Left free on the disk.
const SPARE: u64 = 32 << 20;
/// How often a waiting download looks whether it is cancelled.
const LOOK: Duration = Duration::from_millis(25);
/// Connections in all, for a server that always gives a few bytes more.
const MAX_CONNECTIONS: u32 = 200;

/// How long to wait for a server, and how often to try again.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The longest time to connect.
    pub connect: Duration,
    /// The longest silence.
    pub stall: Duration,
    /// Attempts after one that brought nothing.
    pub retries: u32,
    /// Before the first of them; doubles each time.
    pub pause: Duration,
    /// A connection that brings less than so many bytes in so long a time is given up.
    pub least: (u64, Duration),
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(20),
            stall: seconds(30),
            retries: 5,
            pause: seconds(1),
            least: (30 << 10, seconds(30)),
        }
    }
}

/// What to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteFile<'a> {
    /// Where from.
    pub url: &'a str,
    /// SHA-256 that the file must have, in lower-case hexadecimal digits.
    pub sha256: Option<&'a str>,
    /// Its size, if that is known too.
    bytes: Option<u64>,
}

impl<'a> RemoteFile<'a> {
    /// The file at `url`. It must have this SHA-256; if none is given, that which is known of the released file, or of
    /// what was fetched from this address before.
    pub fn new(url: &'a str, sha256: Option<&'a str>) -> Self {
        match sha256 {
            None if url == TURBO_URL => {
                Self { url, sha256: Some(TURBO_SHA256), bytes: Some(TURBO_BYTES) }
            }
            sha256 => Self { url, sha256, bytes: None },
        }
    }
}

/// A model that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// The file.
    pub path: PathBuf,
    /// In hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Whether it was fetched now; else it was there already.
    pub fetched: bool,
}

/// Fetches the checkpoint at `source` into `folder`, under the address' last part. What an earlier attempt
/// left is continued if the server still has the same version. Does nothing if a usable file is there.
/// Progress is in bytes. A note with source, licence and SHA-256 is written beside it; a file that is there is compared
/// with it (trust on first use), unless another SHA-256 is known.
///
/// # Errors
/// If the file can't be had, is no checkpoint of SAM-Med3D, or another one than the SHA-256 says.
pub fn download(
    source: RemoteFile<'_>,
    folder: &Path,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Downloaded, DownloadError> {
    download_with(source, folder, Patience::default(), cancel, progress)
}

/// As [`download`], with other times to wait.
pub fn download_with(
    source: RemoteFile<'_>,
    folder: &Path,
    patience: Patience,
    cancel: &CancelToken,
    progress: &Progress,
) -> Result<Downloaded, DownloadError> {
    cancel.check()?;
    let url = source.url;
    let target = folder.join(file_name(url)?);
    let disk = |path: &Path, source| DownloadError::Disk { source, path: path.to_owned() };
    fs::create_dir_all(folder).map_err(|e| disk(folder, e))?;
    if usable(&target).is_ok() {
        return there(source, target, cancel);
    }
    // The file takes its place by a rename, which would take the name away from whatever else it is of.
    if fs::symlink_metadata(&target).is_ok_and(|about| !about.is_file()) {
        let what = "a link, folder or device has this name; remove it, or choose another folder";
        return Err(disk(&target, std::io::Error::other(what)));
    }
    let lock = Lock::take(&target)?;
    // Another run may have finished between the look and the lock.
    if usable(&target).is_ok() {
        return there(source, target, cancel);
    }
    let part = Part::open(&target, url, lock)?;
    let mut job = DownloadJob { source, folder, patience, cancel, progress, part, heard: false };
    if let Err(error) = job.fetch() {
        if job.part.length() == 0 {
            job.part.discard();
        }
        return Err(error);
    }
    match usable(job.part.path()).and_then(|came| came.verify(cancel)) {
        Ok(()) => {}
        Err(CheckpointError::Cancelled) => return Err(DownloadError::Cancelled),
        Err(source) => {
            job.part.discard();
            return Err(DownloadError::Unusable { source: source.into(), url: url.to_owned() });
        }
    }
    let (bytes, sha256) = fingerprint(job.part.path(), cancel)?;
    if let Some(wanted) = source.sha256.filter(|wanted| *wanted != sha256) {
        job.part.discard();
        let what = format!("its SHA-256 is {sha256}, not {wanted}");
        return Err(DownloadError::Another { what, url: url.to_owned() });
    }
    let done = Downloaded { path: target, sha256, bytes, fetched: true };
    // Before the model: once that is there, nobody would write the note any more.
    let place = done.path.with_extension("json");
    // In a folder of the user's choice a file of this name may be the user's.
    let old = fs::read_to_string(&place);
    if old.map_or(true, |text| text.contains("\"sha256\"")) {
        // The model works without the note.
        let _ = fs::write(place, note(url, &done));
    }
    job.part.publish(&done.path)?;
    Ok(done)
}

/// A file that is there already, if it is the one that is wanted.
fn there(
    source: RemoteFile<'_>,
    path: PathBuf,
    cancel: &CancelToken,
) -> Result<Downloaded, DownloadError> {
    let (bytes, sha256) = fingerprint(&path, cancel)?;
    let wanted = source.sha256.map(str::to_owned).or_else(|| noted(source.url, &path));
    match wanted.filter(|wanted| *wanted != sha256) {
        None => Ok(Downloaded { path, sha256, bytes, fetched: false }),
        Some(wanted) => Err(DownloadError::AnotherThere { found: sha256, wanted, path }),
    }
}

/// The SHA-256 that a file had when it was fetched from this address, by the note beside it.
fn noted(url: &str, path: &Path) -> Option<String> {
    let text = fs::read_to_string(path.with_extension("json")).ok()?;
    let note: serde_json::Value = serde_json::from_str(&text).ok()?;
    (note["source"] == url).then(|| note["sha256"].as_str().map(str::to_owned))?
}

/// Bytes of a file and its SHA-256 in hexadecimal.
fn fingerprint(path: &Path, cancel: &CancelToken) -> Result<(u64, String), DownloadError> {
    let failed = |source| DownloadError::Disk { source, path: path.to_owned() };
    let bytes = fs::metadata(path).map_err(failed)?.len();
    Ok((bytes, digest::sha256(path, cancel, &Progress::new()).map_err(failed)??))
}

/// A file, if it is a checkpoint of SAM-Med3D with all its tensors.
fn usable(path: &Path) -> Result<Manifest, CheckpointError> {
    let checkpoint = Manifest::open(path)?;
    Architecture::of(&checkpoint)?;
    Ok(checkpoint)
}

/// What the models' list shows of it later.
fn note(url: &str, done: &Downloaded) -> String {
    let mut note = serde_json::json!({ "source": url, "sha256": done.sha256, "bytes": done.bytes });
    if url == TURBO_URL {
        note["licence"] = "Apache-2.0".into();
    }
    format!("{note:#}\n")
}

/// The name under which the file is saved: the address' last part.
fn file_name(url: &str) -> Result<String, DownloadError> {
    let refuse = |why| Err(DownloadError::Url { why, url: url.to_owned() });
    let Some((scheme, rest)) = url.split_once("://") else {
        return refuse("must begin with https://");
    };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = path.split_once('/').unwrap_or((path, ""));
    let here = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|here| host.strip_prefix(here).is_some_and(|r| r.is_empty() || r.starts_with(':')));
    if !(scheme == "https" || (scheme == "http" && here)) {
        return refuse("must begin with https://, so that nobody on the way can change the file");
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let ends = name.len() > 4 && name.to_ascii_lowercase().ends_with(".pth");
    if !ends || name.starts_with('.') || !name.chars().all(plain) || name.len() > 200 {
        return refuse("must end in the plain name of a .pth file");
    }
    Ok(name.to_owned())
}

/// Whether what is still to come fits on the disk, with some to spare.
fn check_room(needed: u64, free: u64, folder: &Path) -> Result<(), DownloadError> {
    if free >= needed.saturating_add(SPARE) {
        return Ok(());
    }
    Err(DownloadError::Space { needed, free, folder: folder.to_owned() })
}

/// One download, over as many connections as it takes.
struct DownloadJob<'a> {
    source: RemoteFile<'a>,
    folder: &'a Path,
    patience: Patience,
    cancel: &'a CancelToken,
    progress: &'a Progress,
    part: Part,
    /// Whether the server has ever answered.
    heard: bool,
}

/// Why a connection ended before the file did.
enum Broken {
    /// Try again, as long as every attempt brings something.
    Retry(String),
    /// Try again a few times, whatever the attempts bring: they don't lead to the end.
    Limited(String),
    /// Give up.
    Fatal(DownloadError),
}

impl From<DownloadError> for Broken {
    fn from(error: DownloadError) -> Self {
        Self::Fatal(error)
    }
}

/// How much comes.
struct Pace {
    least: (u64, Duration),
    since: Instant,
    bytes: u64,
}

impl Pace {
    fn new(least: (u64, Duration)) -> Self {
        Self { least, since: Instant::now(), bytes: 0 }
    }

    /// Whether enough came, or the time to say so is not over.
    fn check(&mut self, came: usize) -> Result<(), Broken> {
        self.bytes += came as u64;
        let (least, time) = self.least;
        if self.since.elapsed() < time {
            return Ok(());
        }
        if self.bytes < least {
            let (bytes, seconds) = (self.bytes, time.as_secs_f32());
            return Err(Broken::Limited(format!("too slow: {bytes} bytes in {seconds} s")));
        }
        *self = Self::new(self.least);
        Ok(())
    }
}

impl DownloadJob<'_> {
    fn fetch(&mut self) -> Result<(), DownloadError> {
        if self.part.is_whole() {
            // An earlier run was ended between the last byte and the check.
            return Ok(());
        }
        let (mut tries, mut limited, mut pause, mut connections) =
            (0, 0u32, self.patience.pause, 0);
        loop {
            let before = self.part.length();
            let why = match self.connect_once() {
                Ok(()) => return Ok(()),
                Err(Broken::Fatal(error)) => return Err(error),
                Err(Broken::Retry(why)) => why,
                Err(Broken::Limited(why)) => {
                    limited += 1;
                    why
                }
            };
            if self.part.length() > before {
                (tries, pause) = (0, self.patience.pause);
            }
            connections += 1;
            // Without any answer there is most likely no network: that is not waited for long.
            let retries = if self.heard { u32::MAX } else { 2 }.min(self.patience.retries);
            let tried = tries.max(limited.saturating_sub(1));
            if tried >= retries || connections >= MAX_CONNECTIONS {
                let (done, url) = (self.part.length(), self.source.url.to_owned());
                return Err(DownloadError::Network { why, tries: tried, done, url });
            }
            tries += 1;
            self.wait(pause)?;
            pause *= 2;
        }
    }

    /// One connection: `Ok` once the whole file is there.
    fn connect_once(&mut self) -> Result<(), Broken> {
        self.cancel.check().map_err(DownloadError::from)?;
        let url = self.source.url;
        let have = self.part.length();
        let resume = self.part.validator().filter(|_| have > 0).map(|v| (have, v.to_owned()));
        let Patience { connect, stall, .. } = self.patience;
        let asked = resume.is_some();
        let ask = HttpRequest { url: url.to_owned(), resume, stall, connect };
        let news = exchange::start(ask)
            .map_err(|source| DownloadError::Disk { source, path: self.folder.to_owned() })?;
        // Connecting and the answer's first line take their own times; both are limited there.
        let mut deadline = Instant::now() + connect + connect + stall;
        let mut pace = None;
        loop {
            self.cancel.check().map_err(DownloadError::from)?;
            match news.recv_timeout(LOOK) {
                Ok(News::Head(head)) => {
                    self.begin(&head, asked)?;
                    pace = Some(Pace::new(self.patience.least));
                }
                Ok(News::Data(bytes)) => {
                    self.take(&bytes)?;
                    if let Some(pace) = &mut pace {
                        pace.check(bytes.len())?;
                    }
                }
                Ok(News::End) => return self.ended(),
                Ok(News::Failed(why)) => return Err(Broken::Retry(why)),
                Ok(News::Hopeless(why)) => {
                    return Err(DownloadError::Connect { why, url: url.to_owned() }.into());
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {
                    if let Some(pace) = &mut pace {
                        pace.check(0)?;
                    }
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Broken::Retry("the server fell silent".to_owned()));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Broken::Retry("the connection broke".to_owned()));
                }
            }
            deadline = Instant::now() + stall;
        }
    }

    /// Looks at an answer's head: whether it is the file, its rest, or something else.
    fn begin(&mut self, head: &Head, asked: bool) -> Result<(), Broken> {
        self.heard = true;
        let url = || self.source.url.to_owned();
        match head.status {
            200 if head.page => return Err(DownloadError::WebPage { url: url() }.into()),
            200 => self.part.begin(self.source.url, head.validator.clone(), head.length)?,
            206 if asked && self.continues(head) => {
                if let Some((_, Some(whole))) = head.range {
                    self.part.learn_total(whole)?;
                }
            }
            // A part that nobody asked for or of another version, or nothing to send (416): the server
            // has another file than ours.
            206 | 416 if asked => {
                let same = head.validator.as_deref() == self.part.validator();
                let why = match head.range {
                    Some((first, _))
                        if head.status == 206 && same && first != self.part.length() =>
                    {
                        "the server sent another part of the file than it was asked for"
                    }
                    _ => "the file on the server has changed",
                };
                self.part.begin(self.source.url, None, None)?;
                return Err(Broken::Limited(why.to_owned()));
            }
            408 | 425 | 429 | 500..=599 => {
                return Err(Broken::Retry(format!("the server answered {}", head.status)));
            }
            status => return Err(DownloadError::Status { status, url: url() }.into()),
        }
        let (have, total) = (self.part.length(), self.part.total());
        if total.is_some_and(|total| total > MAX_BYTES) {
            return Err(self.too_large(total.unwrap_or_default()));
        }
        if let (Some(total), Some(wanted)) = (total, self.source.bytes)
            && total != wanted
        {
            let what = format!("it has {total} bytes, not {wanted}");
            return Err(DownloadError::Another { what, url: url() }.into());
        }
        self.progress.set_total(total.unwrap_or_default());
        self.progress.set_done(have);
        // Where the system can't say, the disk itself will.
        let free = fs4::available_space(self.folder).unwrap_or(u64::MAX);
        Ok(check_room(total.map_or(0, |total| total.saturating_sub(have)), free, self.folder)?)
    }

    /// Whether a part is the rest of what is there.
    fn continues(&self, head: &Head) -> bool {
        let same_version =
            head.validator.as_deref().is_none_or(|v| Some(v) == self.part.validator());
        let Some((first, whole)) = head.range else { return false };
        let have = self.part.length();
        // The first answer may have come without a length.
        let same_size =
            whole.is_none_or(|whole| self.part.total().map_or(whole >= have, |t| t == whole));
        same_version && same_size && first == have
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        // A page that says it is a file, as some login portals do.
        if self.part.length() == 0 && bytes.trim_ascii_start().starts_with(b"<") {
            return Err(DownloadError::WebPage { url: self.source.url.to_owned() }.into());
        }
        let after = self.part.length() + bytes.len() as u64;
        if after > MAX_BYTES {
            return Err(self.too_large(after));
        }
        if self.part.total().is_some_and(|total| after > total) {
            self.part.begin(self.source.url, None, None)?;
            return Err(Broken::Limited("more came than the server had announced".to_owned()));
        }
        self.part.append(bytes)?;
        self.progress.set_done(after);
        Ok(())
    }

    /// The answer is over; is the file?
    fn ended(&self) -> Result<(), Broken> {
        match self.part.total() {
            Some(total) if self.part.length() < total => {
                Err(Broken::Retry("the connection ended too early".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn too_large(&self, bytes: u64) -> Broken {
        DownloadError::TooLarge { bytes, url: self.source.url.to_owned() }.into()
    }

    fn wait(&self, pause: Duration) -> Result<(), DownloadError> {
        let end = Instant::now() + pause;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.cancel.check()?;
            std::thread::sleep(left.min(LOOK));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_noticed_before_anything_comes() {
        assert!(check_room(400_000_000, 500_000_000, Path::new("f")).is_ok());
        let error = check_room(400_000_000, 410_000_000, Path::new("f")).unwrap_err().to_string();
        assert!(
            error.contains("400 MB are needed (and some to spare) and 410 MB are free"),
            "{error}"
        );
        assert!(check_room(u64::MAX, u64::MAX - 1, Path::new("f")).is_err());
    }

    #[test]
    fn names_come_from_addresses_and_can_not_leave_the_folder() {
        let name = |url: &str| file_name(url).map_err(|e| e.to_string());
        assert_eq!(name(TURBO_URL).unwrap(), "sam_med3d_turbo.pth");
        assert_eq!(name("https://h/a/B.PTH?download=true#x").unwrap(), "B.PTH");
        assert_eq!(name("http://localhost:8080/m.pth").unwrap(), "m.pth");
        for url in [
            "m.pth",
            "ftp://h/m.pth",
            "http://example.org/m.pth",
            "http://localhost.example.org/m.pth",
            "https://h/..",
            "https://h/.pth",
            "https://h/..%2fm.pth",
            "https://h/a\\m.pth",
            "https://h/m.zip",
            "https://m.pth",
            "https://h/?m.pth",
        ] {
            let error = name(url).expect_err(url);
            assert!(error.starts_with("the address must") && error.ends_with(url), "{error}");
        }
    }
}
