//! Opens a session, off the UI thread: reads it, looks for its scan and makes sure that it is the same, reads that and
//! the images over it, and makes the document. Where the user has to decide something, it comes back with a question
//! and goes on from there.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::copies::{CopyMark, NewerWork, newest_of};
use super::current::StandIn;
use super::kept_view::KeptView;
use super::onto::onto_grid;
use crate::app::files::{Failed, FileContents, Loaded, Role, load, same_file};
use crate::document::Document;
use crate::io::{Limits, PairStamp, Registry};
use crate::session::{
    Contents, Exported, FileRef, Holder, Opened, Overlay, ReadOnly, Sameness, SessionFile,
    SessionSource, Snapshot, holder_of, labels_check_sum, written_ms,
};
use crate::ui::text::mark;
use crate::volume::{Histogram, Provenance, Scale, Stats, StoredGeometry, Volume, Voxels};
use crate::work::{CancelToken, Progress};

/// How long this program is waited for where it still has what it is to open.
pub(super) const OWN_PATIENCE: Duration = Duration::from_secs(12);

/// A session that was read, with its file if it may be written.
pub struct Book {
    pub path: PathBuf,
    pub contents: Contents,
    pub file: Result<Box<SessionFile>, ReadOnly>,
    /// The draft that all of it is in, until it is in the file.
    pub aside: Option<Box<SessionFile>>,
    /// What it is a copy of, and why it does not go back there.
    pub copy: Option<(CopyMark, String)>,
}

/// How it goes on.
pub enum Wish {
    /// With this session. `take_over`: also if somebody on another computer has it.
    Read { path: PathBuf, take_over: bool },
    /// With one that was read, to look for its scan.
    Find(Box<Book>),
    /// With newer work on it than is in it, from this draft.
    Newer(Box<Book>, PathBuf),
    /// With this file as its scan, if it is the same one.
    With(Box<Book>, PathBuf),
    /// With this file as its scan although it is another one. It has the same grid.
    AllTheSame(Box<Book>, PathBuf),
    /// With this scan on another grid: the masks go where they were in the patient.
    ByPlace(Box<Book>, PathBuf),
    /// With this file as its scan, of which it can't be known whether it is the same one.
    Trusted(Box<Book>, PathBuf),
    /// Without a scan.
    MasksAlone(Box<Book>),
}

/// What has to be decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// Somebody on another computer has it.
    Held(Holder),
    /// There is newer work on it than is in it.
    Newer(NewerWork),
    /// The scan is not there.
    Missing,
    /// What lies there can't be read.
    Unreadable { path: PathBuf, why: String },
    /// Whether what lies there is the same file can't be known. Its voxels lie where they did.
    Unknown { path: PathBuf },
    /// What lies there is another file.
    Changed { path: PathBuf, same_grid: bool },
}

/// What came of it.
pub enum OpeningOutcome {
    Ready(Box<Ready>),
    Asks(Box<Book>, Why),
    Failed(String),
    Cancelled,
}

/// What is told when it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    AllTheSame,
    ByPlace,
    MasksAlone,
}

/// A document with all that belongs to it.
pub(in crate::app) struct Ready {
    pub path: PathBuf,
    pub contents: Contents,
    pub file: Result<Box<SessionFile>, ReadOnly>,
    pub aside: Option<Box<SessionFile>>,
    /// What it is a copy of, and why it does not go back there.
    pub(super) copy: Option<(CopyMark, String)>,
    pub document: Document,
    /// What could not be given back as it was.
    pub damage: Vec<String>,
    pub scan: PathBuf,
    pub stats: Stats,
    pub histogram: Histogram,
    pub(super) view: KeptView,
    /// The images over the scan that were found, with their places among the session's.
    pub overlays: Vec<(usize, Box<Loaded>)>,
    /// Those that were not.
    pub lost: Vec<Overlay>,
    pub stands_in: Option<StandIn>,
    /// Where the label map was exported to, as it was then.
    pub export: Option<(PathBuf, PairStamp)>,
    /// What lies there is what the objects are.
    pub is_exported: bool,
    pub note: Option<Note>,
    /// It was made just now: if nothing is done in it, it goes again.
    pub is_new: bool,
}

/// What is here already.
#[derive(Clone, Debug, Default)]
pub struct Here {
    /// The folder in which newer work may be.
    pub drafts: Option<PathBuf>,
    /// The session that is open: a file is not opened twice by one program.
    pub open: Option<PathBuf>,
}

impl From<Failed> for OpeningOutcome {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Cancelled => Self::Cancelled,
            Failed::Because(why) => Self::Failed(why),
        }
    }
}

/// Goes on as wished.
pub fn go_on(
    wish: Wish,
    formats: &Registry,
    here: &Here,
    cancel: &CancelToken,
    progress: &Progress,
) -> OpeningOutcome {
    let stop = Stop { formats, here, cancel, progress };
    stop.go_on(wish).unwrap_or_else(|outcome| outcome)
}

struct Stop<'a> {
    formats: &'a Registry,
    here: &'a Here,
    cancel: &'a CancelToken,
    progress: &'a Progress,
}

fn read(path: &Path, take_over: bool) -> Result<Box<Book>, Failed> {
    let opened =
        SessionFile::open(path, take_over).map_err(|why| Failed::Because(why.to_string()))?;
    let (contents, file) = (opened.contents, opened.file.map(Box::new));
    Ok(Box::new(Book { path: path.to_owned(), contents, file, aside: None, copy: None }))
}

/// The work of a draft, to be written into the session that it belongs into, if that may be written and nobody has
/// written it since; else it stays a draft.
fn put_back(draft: Box<Book>, copy: &CopyMark, session: Result<Box<Book>, String>) -> Box<Book> {
    let stays = |draft: Box<Book>, why: String| {
        Box::new(Book { copy: Some((copy.clone(), why)), ..*draft })
    };
    let session = match session {
        Ok(session) => session,
        Err(why) => return stays(draft, why),
    };
    if !copy.is_untouched(&session.contents) {
        return stays(draft, mark("somebody has written it since").to_owned());
    }
    match (session.file, draft.file) {
        (Ok(mut file), Ok(aside)) => {
            file.take_past(&draft.contents.past);
            let (path, contents) = (session.path, draft.contents);
            Box::new(Book { path, contents, file: Ok(file), aside: Some(aside), copy: None })
        }
        (Err(why), file) => stays(Box::new(Book { file, ..*draft }), why.to_string()),
        (Ok(_), Err(why)) => {
            let said = why.to_string();
            stays(Box::new(Book { file: Err(why), ..*draft }), said)
        }
    }
}

/// A file that is looked for.
enum Search {
    Same(PathBuf),
    Unknown(PathBuf),
    /// Other files, best first.
    Others(Vec<PathBuf>),
    /// What is there can't be read, and why.
    Unreadable(PathBuf, String),
    Nowhere,
}

/// How a step goes on; or that this is all, with a question that has the session in it wherever there is one.
type Outcome<T = OpeningOutcome> = Result<T, OpeningOutcome>;

impl Stop<'_> {
    fn go_on(&self, wish: Wish) -> Outcome {
        match wish {
            Wish::Read { path, take_over } => {
                let opened = self.open(&path, take_over)?;
                let file = opened.file.map(Box::new);
                let contents = opened.contents;
                let book = Box::new(Book { path, contents, file, aside: None, copy: None });
                let here = Holder::me().host;
                match &book.file {
                    Err(ReadOnly::Held(holder)) if holder.host != here => {
                        let why = Why::Held(holder.clone());
                        Ok(OpeningOutcome::Asks(book, why))
                    }
                    _ => self.newest(book),
                }
            }
            Wish::Find(book) => self.find(book),
            Wish::Newer(book, draft) => {
                let draft = read(&draft, false)?;
                let mark = CopyMark::read(&draft.contents.snapshot.around.view);
                self.find(match mark {
                    Some(mark) => put_back(draft, &mark, Ok(book)),
                    None => draft,
                })
            }
            Wish::With(book, path) => {
                let Contents { snapshot, created_ms, .. } = &book.contents;
                match self.is_same(&snapshot.around.source.file, &path, *created_ms) {
                    Ok(Sameness::Same) => self.with(book, &path),
                    Ok(Sameness::Unknown) => self.doubtful(book, path),
                    Ok(Sameness::Other) => self.other(book, vec![path]),
                    Err(Failed::Because(why)) => {
                        Ok(OpeningOutcome::Asks(book, Why::Unreadable { path, why }))
                    }
                    Err(cancelled) => Err(cancelled.into()),
                }
            }
            Wish::Trusted(book, path) => self.with(book, &path),
            Wish::AllTheSame(book, path) => {
                let (book, loaded) = self.scan_of(book, &path)?;
                self.ready(book, loaded, None, Some(Note::AllTheSame))
            }
            Wish::ByPlace(book, path) => {
                let (mut book, loaded) = self.scan_of(book, &path)?;
                let snapshot = &mut book.contents.snapshot;
                onto_grid(snapshot, loaded.volume.grid(), self.cancel)
                    .map_err(|_| OpeningOutcome::Cancelled)?;
                // It is other work from now on.
                let name = ReadOnly::Damaged;
                if book.copy.is_none() {
                    let mark = CopyMark::new(&book.path, book.contents.last_write(), false);
                    book.copy = Some((mark, String::new()));
                }
                (book.file, book.aside) = (Err(name), None);
                self.ready(book, loaded, None, Some(Note::ByPlace))
            }
            Wish::MasksAlone(book) => {
                let Snapshot { around, time_point, model_image, .. } = &book.contents.snapshot;
                let stands_in = StandIn {
                    source: around.source.clone(),
                    time_point: *time_point,
                    model_image: *model_image,
                };
                let loaded = empty(&around.source, Limits::default().memory)?;
                self.ready(book, loaded, Some(stands_in), Some(Note::MasksAlone))
            }
        }
    }

    /// Looks for newer work on it than is in it; and what was kept in a draft goes back to where it belongs.
    fn newest(&self, book: Box<Book>) -> Outcome {
        let Some(drafts) = &self.here.drafts else { return self.find(book) };
        if book.path.parent() != Some(&**drafts) {
            return match newest_of(drafts, &book.path, &book.contents, self.cancel) {
                Some(work) => Ok(OpeningOutcome::Asks(book, Why::Newer(work))),
                None => self.find(book),
            };
        }
        let Some(copy) = CopyMark::read(&book.contents.snapshot.around.view) else {
            return self.find(book);
        };
        let session = copy.path();
        let session = if !copy.belongs_back {
            Err(mark("it is a copy, which was made of it on purpose").to_owned())
        } else if self.here.open.as_ref().is_some_and(|open| same_file(open, &session)) {
            Err(mark("it is open in this window").to_owned())
        } else {
            read(&session, false).map_err(|failed| match failed {
                Failed::Because(why) => why,
                Failed::Cancelled => String::new(),
            })
        };
        self.find(put_back(book, &copy, session))
    }

    /// Opens a session, once this program itself has nothing to do with it any more: the last write of what was closed
    /// just now, or another click that was given up, may still have it. It is never opened a second time.
    fn open(&self, path: &Path, take_over: bool) -> Result<Opened, Failed> {
        let until = Instant::now() + OWN_PATIENCE;
        let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        loop {
            if !holder_of(&place).is_some_and(|holder| holder.is_this_program()) {
                let opened = SessionFile::open(path, take_over)
                    .map_err(|why| Failed::Because(why.to_string()))?;
                match &opened.file {
                    Err(ReadOnly::Held(holder)) if holder.is_this_program() => {}
                    _ => return Ok(opened),
                }
            }
            self.cancel.check().map_err(|_| Failed::Cancelled)?;
            if Instant::now() > until {
                let text = mark(
                    "this session is still being written by this window: close it, or try again in a moment: {path}",
                );
                return Err(Failed::Because(text.replace("{path}", &path.display().to_string())));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn find(&self, book: Box<Book>) -> Outcome {
        let Contents { snapshot, created_ms, .. } = &book.contents;
        match self.search(&snapshot.around.source.file, &book.path, *created_ms)? {
            Search::Same(path) => self.with(book, &path),
            Search::Unknown(path) => self.doubtful(book, path),
            Search::Others(paths) => self.other(book, paths),
            Search::Unreadable(path, why) => {
                Ok(OpeningOutcome::Asks(book, Why::Unreadable { path, why }))
            }
            Search::Nowhere => Ok(OpeningOutcome::Asks(book, Why::Missing)),
        }
    }

    /// Where a file that a session names is now. `then`: when the session was first written, milliseconds since 1970.
    fn search(&self, file: &FileRef, session: &Path, then: i64) -> Result<Search, Failed> {
        let (mut unknown, mut others, mut unreadable) = (None, Vec::new(), None);
        for path in file.candidates(session) {
            if !path.exists() {
                continue;
            }
            let same = self.is_same(file, &path, then);
            let path = tidy(path, file);
            match same {
                Ok(Sameness::Same) => return Ok(Search::Same(path)),
                Ok(Sameness::Unknown) => unknown = unknown.or(Some(path)),
                Ok(Sameness::Other) => others.push(path),
                // The next place may have it.
                Err(Failed::Because(why)) => unreadable = unreadable.or(Some((path, why))),
                Err(Failed::Cancelled) => return Err(Failed::Cancelled),
            }
        }
        Ok(match (unknown, unreadable) {
            (Some(path), _) => Search::Unknown(path),
            (None, _) if !others.is_empty() => Search::Others(others),
            (None, Some((path, why))) => Search::Unreadable(path, why),
            (None, None) => Search::Nowhere,
        })
    }

    /// Without a hash a file is the same if it lies where it was, and nobody has written it since the session was first
    /// written (`then`).
    fn is_same(&self, file: &FileRef, path: &Path, then: i64) -> Result<Sameness, Failed> {
        match file.is_same(path, self.cancel) {
            Ok(Some(Sameness::Unknown))
                if same_file(path, &file.absolute)
                    && written_ms(path).is_some_and(|at| at <= then) =>
            {
                Ok(Sameness::Same)
            }
            Ok(Some(same)) => Ok(same),
            Ok(None) => Err(Failed::Cancelled),
            Err(why) => Err(Failed::Because(why.to_string())),
        }
    }

    /// Of files that are others than the scan, the first that can be read.
    fn other(&self, book: Box<Book>, paths: Vec<PathBuf>) -> Outcome {
        let mut failed = None;
        for path in paths {
            match self.scan(&path) {
                Ok(loaded) => return Ok(Self::changed(book, &loaded, path)),
                Err(Failed::Because(why)) => failed = failed.or(Some((path, why))),
                Err(cancelled) => return Err(cancelled.into()),
            }
        }
        let (path, why) = failed.unwrap_or_default();
        Ok(OpeningOutcome::Asks(book, Why::Unreadable { path, why }))
    }

    fn doubtful(&self, book: Box<Book>, path: PathBuf) -> Outcome {
        let (book, loaded) = self.scan_of(book, &path)?;
        if is_on_its_grid(&book, &loaded) {
            return Ok(OpeningOutcome::Asks(book, Why::Unknown { path }));
        }
        Ok(Self::changed(book, &loaded, path))
    }

    /// Reads the scan of a session; if it can't be read, that is a question.
    fn scan_of(&self, book: Box<Book>, path: &Path) -> Outcome<(Box<Book>, Loaded)> {
        match self.scan(path) {
            Ok(loaded) => Ok((book, loaded)),
            Err(Failed::Because(why)) => {
                let path = path.to_owned();
                Err(OpeningOutcome::Asks(book, Why::Unreadable { path, why }))
            }
            Err(cancelled) => Err(cancelled.into()),
        }
    }

    fn changed(book: Box<Book>, loaded: &Loaded, path: PathBuf) -> OpeningOutcome {
        let same_grid = is_on_its_grid(&book, loaded);
        OpeningOutcome::Asks(book, Why::Changed { path, same_grid })
    }

    fn with(&self, book: Box<Book>, path: &Path) -> Outcome {
        let (book, loaded) = self.scan_of(book, path)?;
        if !is_on_its_grid(&book, &loaded) {
            return Ok(Self::changed(book, &loaded, path.to_owned()));
        }
        self.ready(book, loaded, None, None)
    }

    fn scan(&self, path: &Path) -> Result<Loaded, Failed> {
        self.image(path, Role::Any)
    }

    fn image(&self, path: &Path, role: Role) -> Result<Loaded, Failed> {
        match load(self.formats, path, role, None, self.cancel, self.progress)? {
            FileContents::Image(loaded, _) => Ok(*loaded),
            _ => Err(Failed::Because(format!("this is no scan: {}", path.display()))),
        }
    }

    fn ready(
        &self,
        book: Box<Book>,
        loaded: Loaded,
        stands_in: Option<StandIn>,
        note: Option<Note>,
    ) -> Outcome {
        let Book { path, contents, mut file, mut aside, mut copy } = *book;
        let around = &contents.snapshot.around;
        let (mut overlays, mut lost) = (Vec::new(), Vec::new());
        for (place, overlay) in around.overlays.iter().enumerate() {
            match self.overlay(overlay, &path, contents.created_ms, stands_in.is_some()) {
                Ok(Some(image)) => overlays.push((place, Box::new(image))),
                Err(Failed::Cancelled) => return Err(OpeningOutcome::Cancelled),
                Ok(None) | Err(Failed::Because(_)) => lost.push(overlay.clone()),
            }
        }
        let numbered: BTreeMap<u32, Arc<Volume>> = overlays
            .iter()
            .filter_map(|(place, image)| {
                Some((around.overlays[*place].number?, Arc::clone(&image.volume)))
            })
            .collect();
        let restored = contents.snapshot.restore(Arc::clone(&loaded.volume), numbered);
        let (mut document, changed) = restored.map_err(|why| Failed::Because(why.to_string()))?;
        let damage: Vec<String> =
            contents.damage.iter().chain(&changed).map(ToString::to_string).collect();
        if !damage.is_empty() && file.is_ok() {
            // What it holds is not what is shown: it stays as it is.
            (file, aside) = (Err(ReadOnly::Damaged), None);
        }
        if let (Err(why), None) = (&file, &copy) {
            let belongs_back = matches!(why, ReadOnly::NoRights | ReadOnly::ForeignLock(_));
            let mark = CopyMark::new(&path, contents.last_write(), belongs_back);
            copy = Some((mark, why.to_string()));
        }
        let exported = around.exported.as_ref().filter(|_| note != Some(Note::ByPlace));
        let is_exported = exported.is_some_and(|e| {
            e.labels == labels_check_sum(document.objects()) && self.is_there(e, &path)
        });
        let export = exported.map(|e| self.export(e, &path));
        if !is_exported && document.objects().iter().any(|o| !o.region.is_empty()) {
            document.mark_never_saved();
        }
        let view = KeptView::read(&around.view);
        let Loaded { stats, histogram, path: scan, .. } = loaded;
        Ok(OpeningOutcome::Ready(Box::new(Ready {
            path,
            contents,
            file,
            aside,
            copy,
            document,
            damage,
            scan,
            stats,
            histogram,
            view,
            overlays,
            lost,
            stands_in,
            export,
            is_exported,
            note,
            is_new: false,
        })))
    }

    fn overlay(
        &self,
        overlay: &Overlay,
        session: &Path,
        then: i64,
        masks_alone: bool,
    ) -> Result<Option<Loaded>, Failed> {
        if masks_alone {
            return Ok(None);
        }
        match self.search(&overlay.file, session, then)? {
            Search::Same(path) => self.image(&path, Role::Overlay).map(Some),
            _ => Ok(None),
        }
    }

    /// Whether the label map and its table lie where they were written, as they were.
    fn is_there(&self, exported: &Exported, session: &Path) -> bool {
        let same = |file: &FileRef, path: &Path| {
            matches!(file.is_same(path, self.cancel), Ok(Some(Sameness::Same)))
        };
        let map = place_of(&exported.file, session);
        let table = exported.names.as_ref().map(|names| (names, place_of(names, session)));
        same(&exported.file, &map) && table.is_none_or(|(names, path)| same(names, &path))
    }

    fn export(&self, exported: &Exported, session: &Path) -> (PathBuf, PairStamp) {
        let path = place_of(&exported.file, session);
        let sum = |file: &FileRef| (file.bytes, file.sha256.map_or([0; 32], |hash| hash.0));
        let table = exported.names.as_ref().map(sum);
        let stamp = PairStamp::written(self.formats, &path, sum(&exported.file), table);
        (path, stamp)
    }
}

/// Whether a scan's voxels lie where those of the session's did.
fn is_on_its_grid(book: &Book, loaded: &Loaded) -> bool {
    let expected = &book.contents.snapshot.around.source.grid;
    loaded.volume.grid().matches(expected, 1e-3 * expected.spacing().min_element())
}

/// Where a file is, or was.
fn place_of(file: &FileRef, session: &Path) -> PathBuf {
    let there = file.candidates(session).into_iter().find(|path| path.exists());
    there.map_or_else(|| file.absolute.clone(), |path| tidy(path, file))
}

/// A path without a way back up in it, as people would write it.
fn tidy(path: PathBuf, file: &FileRef) -> PathBuf {
    if !path.components().any(|part| part == Component::ParentDir) {
        return path;
    }
    if same_file(&path, &file.absolute) {
        return file.absolute.clone();
    }
    path.canonicalize().unwrap_or(path)
}

/// An image without anything to see, on a session's grid: what is saved of its masks lies where the scan was.
///
/// # Errors
/// If it takes more memory than `most` bytes: a session may say what it likes.
pub(super) fn empty(source: &SessionSource, most: u64) -> Result<Loaded, Failed> {
    let grid = source.grid.clone();
    let count = grid.count();
    let mut values: Vec<u8> = Vec::new();
    if count as u64 > most || values.try_reserve_exact(count).is_err() {
        let text = mark(
            "the masks need an empty image of {needed} MB below them, and {free} MB may be taken: close other programs",
        );
        let (needed, free) = ((count as u64).div_ceil(1 << 20), most >> 20);
        let text = text.replace("{needed}", &needed.to_string());
        return Err(Failed::Because(text.replace("{free}", &free.to_string())));
    }
    values.resize(count, 0);
    let voxels = Voxels::U8(values);
    let geometry = source.geometry.clone().or_else(|| Some(StoredGeometry::of(&grid)));
    let said = Provenance { format: "", geometry, identifiers: source.identifiers.clone() };
    let dims = grid.dims().to_vec();
    let volume =
        Volume::new(source.name.clone(), grid, dims, voxels, Scale::NONE, said, Vec::new());
    let stats = volume.stats();
    let histogram = Histogram::of(&volume, &stats, 2);
    Ok(Loaded { volume: Arc::new(volume), path: source.file.absolute.clone(), stats, histogram })
}
