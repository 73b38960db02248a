//! Opens a session, off the UI thread: reads it, looks for its scan and makes sure that it is the same, reads that and
//! the images over it, and makes the document. Where the user has to decide something, it comes back with a question
//! and goes on from there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::carried::Carried;
use super::companions::FoundCompanions;
use super::copies::{CopyMark, NewerWork, newest_of};
use super::current::StandIn;
use super::discarded;
use super::found::{Finder, OwnFile, ScanFit, Seeker, Whereabouts, empty, place_of, series_of};
use super::inside::scan_inside;
use super::kept_view::KeptView;
use super::of_case::{CaseScan, OtherScan};
use super::onto::onto_grid;
use super::orders::Postbox;
use crate::app::files::{Asked, Failed, Loaded, Role, Which, same_file};
use crate::document::Document;
use crate::io::{Limits, PairStamp, Registry};
use crate::session::{
    Contents, Damage, Exported, FileRef, Holder, Opened, Overlay, ReadOnly, Sameness, SessionFile,
    Snapshot, TakeOverWatch, holder_of, labels_check_sum,
};
use crate::ui::text::mark;
use crate::volume::{Histogram, Stats, Volume};
use crate::work::{CancelToken, Progress};

/// How long this program is waited for where it still has what it is to open.
pub(super) const OWN_PATIENCE: Duration = Duration::from_secs(12);

/// A session that was read, with its file if it may be written.
pub struct Book {
    pub path: PathBuf,
    pub contents: Contents,
    pub file: Result<Carried, NotItself>,
    /// The draft that all of it is in, until it is in the file.
    pub aside: Option<Carried>,
    /// What it is a copy of, and why it does not go back there.
    pub copy: Option<(CopyMark, String)>,
}

impl Book {
    /// It is other work from now on, in a draft of its own: the masks lie on another scan.
    fn leave_its_scan(&mut self) {
        let mark = match self.copy.take() {
            Some((mark, _)) => mark.on_purpose(),
            None => CopyMark::new(&self.path, self.contents.last_write(), false),
        };
        self.copy = Some((mark, String::new()));
        (self.file, self.aside) = (Err(NotItself::OtherScan), None);
    }
}

/// Why what is done goes into another file than the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotItself {
    /// It can only be read.
    ReadOnly(ReadOnly),
    /// It is about another scan than the one that is open.
    OtherScan,
}

impl std::fmt::Display for NotItself {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ReadOnly(why) => why.fmt(f),
            Self::OtherScan => f.write_str(mark("its work was done on another scan")),
        }
    }
}

/// How it goes on.
pub enum Wish {
    /// With this session. `take_over`: also if somebody on another computer has it.
    Read { path: PathBuf, take_over: bool },
    /// With the session that a list of cases names for a scan: asked about, if it is another scan's.
    OfCase { path: PathBuf, case: CaseScan },
    /// With one that was read, although the list names another scan.
    AllTheSameWork(Box<Book>),
    /// With one that was read, to look for its scan.
    Find(Box<Book>),
    /// With newer work on it than is in it, from this draft.
    Newer(Box<Book>, PathBuf),
    /// With this file as its scan, if it is the same one.
    With(Box<Book>, PathBuf),
    /// With this file as its scan although it is another one, as work of its own. It has the same grid.
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
    /// A list of cases says that it is the session of another scan.
    OfAnother(OtherScan),
    /// The scan is not there.
    Missing,
    /// What lies there can't be read.
    Unreadable { path: PathBuf, why: String },
    /// Whether what lies there is the same file can't be known. Its voxels lie where they did.
    Unknown { path: PathBuf },
    /// What lies there is another file.
    Changed { path: PathBuf, fit: ScanFit },
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
    /// The scan comes from the session.
    FromSession(OwnFile),
}

/// An image over the scan that was found.
pub struct FoundOverlay {
    /// Its place among the session's.
    pub place: usize,
    pub image: Box<Loaded>,
    /// What is known of its file.
    pub known: FileRef,
}

/// A document with all that belongs to it.
pub(in crate::app) struct Ready {
    pub path: PathBuf,
    pub contents: Contents,
    pub file: Result<Carried, NotItself>,
    pub aside: Option<Carried>,
    /// What it is a copy of, and why it does not go back there.
    pub(super) copy: Option<(CopyMark, String)>,
    /// `None` once it is in the window.
    pub document: Option<Document>,
    /// What could not be given back as it was.
    pub damage: Vec<String>,
    pub scan: PathBuf,
    /// What is known of its file.
    pub known: Option<FileRef>,
    pub stats: Stats,
    pub histogram: Histogram,
    pub(super) view: KeptView,
    /// The images over the scan that were found.
    pub overlays: Vec<FoundOverlay>,
    /// Those that were not.
    pub lost: Vec<Overlay>,
    /// What is shown beside the scan, and compared.
    pub(super) companions: FoundCompanions,
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
#[derive(Clone, Default)]
pub struct Here {
    /// The folder in which newer work may be.
    pub drafts: Option<PathBuf>,
    /// The session that is open: a file is not opened twice by one program.
    pub open: Option<PathBuf>,
    /// Where a file goes that is not gone on with.
    pub postbox: Option<Postbox>,
}

impl From<Failed> for OpeningOutcome {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Cancelled => Self::Cancelled,
            Failed::Because(why) | Failed::Asks(Asked { why, .. }) => Self::Failed(why),
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
    let stop = Stop { finder: Finder { formats, cancel, progress }, here, cancel };
    stop.go_on(wish).unwrap_or_else(|outcome| outcome)
}

struct Stop<'a> {
    finder: Finder<'a>,
    here: &'a Here,
    cancel: &'a CancelToken,
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

/// What the work on a session that is only read is a copy of, and why.
fn as_copy(
    path: &Path,
    contents: &Contents,
    file: &Result<Carried, NotItself>,
) -> Option<(CopyMark, String)> {
    let Err(NotItself::ReadOnly(why)) = file else { return None };
    let belongs_back = matches!(why, ReadOnly::NoRights | ReadOnly::ForeignLock(_));
    let mark = CopyMark::new(path, contents.last_write(), belongs_back);
    Some((mark, why.to_string()))
}

/// How a step goes on; or that this is all, with a question that has the session in it wherever there is one.
type Outcome<T = OpeningOutcome> = Result<T, OpeningOutcome>;

impl Stop<'_> {
    fn go_on(&self, wish: Wish) -> Outcome {
        match wish {
            Wish::Read { path, take_over } => self.begin(path, take_over, None),
            Wish::OfCase { path, case } => self.begin(path, false, Some(&case)),
            Wish::AllTheSameWork(book) => self.had(book),
            Wish::Find(book) => self.find(book),
            Wish::Newer(book, draft) => {
                let draft = self.read(&draft)?;
                let mark = CopyMark::read(&draft.contents.snapshot.around.view);
                self.find(match mark {
                    Some(mark) => put_back(draft, &mark, Ok(book)),
                    None => draft,
                })
            }
            Wish::With(book, path) => {
                let file = &book.contents.snapshot.around.source.file;
                let which = series_of(&book.contents.snapshot);
                let wanted = (Role::Overlay, &which);
                let found = self.finder.look_at(file, &path, seeker(&book), wanted)?;
                self.found(book, found)
            }
            Wish::Trusted(book, path) => {
                let (book, loaded) = self.scan_of(book, &path)?;
                self.on_its_grid(book, loaded, None)
            }
            Wish::AllTheSame(book, path) => {
                let (mut book, loaded) = self.scan_of(book, &path)?;
                book.leave_its_scan();
                self.ready(book, loaded, None, Some(Note::AllTheSame))
            }
            Wish::ByPlace(book, path) => {
                let (mut book, loaded) = self.scan_of(book, &path)?;
                let snapshot = &mut book.contents.snapshot;
                onto_grid(snapshot, loaded.volume.grid(), self.cancel)
                    .map_err(|_| OpeningOutcome::Cancelled)?;
                book.leave_its_scan();
                self.ready(book, loaded, None, Some(Note::ByPlace))
            }
            Wish::MasksAlone(book) => self.masks_alone(book),
        }
    }

    /// The session at a place; asked about, if it is not the one of a case.
    fn begin(&self, path: PathBuf, take_over: bool, case: Option<&CaseScan>) -> Outcome {
        let path = self.had_again(path)?;
        let opened = self.open(&path, take_over)?;
        let book = self.book(path, opened);
        let other = case
            .map(|case| case.other_than((&book.path, &book.contents), &self.finder))
            .transpose()?
            .flatten();
        match other {
            Some(other) => Ok(OpeningOutcome::Asks(book, Why::OfAnother(other))),
            None => self.had(book),
        }
    }

    /// A session that was read; asked about, if somebody on another computer has it.
    fn had(&self, book: Box<Book>) -> Outcome {
        match &book.file {
            Err(NotItself::ReadOnly(ReadOnly::Held(holder))) if !holder.is_on_this_computer() => {
                let why = Why::Held(holder.clone());
                Ok(OpeningOutcome::Asks(book, why))
            }
            _ => self.newest(book),
        }
    }

    /// The masks on an empty scan in the place of their own.
    fn masks_alone(&self, book: Box<Book>) -> Outcome {
        let Snapshot { around, time_point, model_image, .. } = &book.contents.snapshot;
        let stands_in = StandIn {
            source: around.source.clone(),
            time_point: *time_point,
            model_image: *model_image,
        };
        let loaded = empty(&around.source, Limits::default().memory)?;
        let mut ready = self.ready(book, loaded, None, Some(Note::MasksAlone))?;
        if let OpeningOutcome::Ready(ready) = &mut ready {
            ready.stands_in = Some(stands_in);
        }
        Ok(ready)
    }

    fn book(&self, path: PathBuf, opened: Opened) -> Box<Book> {
        let carried = |file| Carried::new(file, self.here.postbox.as_ref());
        let (contents, file) = (opened.contents, opened.file);
        let file = file.map(carried).map_err(NotItself::ReadOnly);
        Box::new(Book { path, contents, file, aside: None, copy: None })
    }

    fn read(&self, path: &Path) -> Result<Box<Book>, Failed> {
        let opened =
            SessionFile::open(path, false).map_err(|why| Failed::Because(why.to_string()))?;
        Ok(self.book(path.to_owned(), opened))
    }

    /// A draft that was discarded is wanted again: it is one of the drafts from now on.
    fn had_again(&self, path: PathBuf) -> Result<PathBuf, Failed> {
        let Some(drafts) = self.here.drafts.as_deref() else { return Ok(path) };
        if !discarded::is_discarded(&path, drafts) || holder_of(&path).is_some() {
            return Ok(path);
        }
        discarded::take_back(&path, drafts).map_err(|why| {
            let text =
                mark("this draft can't be taken back from the discarded ones: {why}: {path}");
            let text = text.replace("{why}", &why.to_string());
            Failed::Because(text.replace("{path}", &path.display().to_string()))
        })
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
            self.read(&session).map_err(|failed| match failed {
                Failed::Because(why) | Failed::Asks(Asked { why, .. }) => why,
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
                let watch = TakeOverWatch { cancel: self.cancel, progress: self.finder.progress };
                let opened = SessionFile::open_watched(path, take_over, watch);
                self.cancel.check().map_err(|_| Failed::Cancelled)?;
                let opened = opened.map_err(|why| Failed::Because(why.to_string()))?;
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
        let file = &book.contents.snapshot.around.source.file;
        let which = series_of(&book.contents.snapshot);
        let found = self.finder.find(file, seeker(&book), (Role::Overlay, &which))?;
        if matches!(found, Whereabouts::Same(..)) {
            return self.found(book, found);
        }
        let mark = CopyMark::read(&book.contents.snapshot.around.view);
        match scan_inside((&book.path, &book.contents), mark.as_ref(), &self.finder)? {
            None => self.found(book, found),
            Some(Ok(loaded)) => {
                let note = Note::FromSession(OwnFile::of(&found));
                self.ready(book, loaded, None, Some(note))
            }
            Some(Err(why)) => self.without_its_own(book, found, why),
        }
    }

    /// The scan in the session is not whole: it is told, and its file is asked for.
    fn without_its_own(&self, mut book: Box<Book>, found: Whereabouts, why: String) -> Outcome {
        book.contents.damage.push(Damage(why.clone()));
        if matches!(found, Whereabouts::Nowhere) {
            let path = book.path.clone();
            return Ok(OpeningOutcome::Asks(book, Why::Unreadable { path, why }));
        }
        self.found(book, found)
    }

    /// Goes on with what lies where the scan was, or was chosen.
    fn found(&self, book: Box<Book>, found: Whereabouts) -> Outcome {
        let why = match found {
            Whereabouts::Same(loaded, known) => {
                return self.on_its_grid(book, *loaded, Some(known));
            }
            Whereabouts::Unknown(path, ScanFit::Same) => Why::Unknown { path },
            Whereabouts::Unknown(path, fit) | Whereabouts::Other(path, fit) => {
                Why::Changed { path, fit }
            }
            Whereabouts::Unreadable(path, why) => Why::Unreadable { path, why },
            Whereabouts::Nowhere => Why::Missing,
        };
        Ok(OpeningOutcome::Asks(book, why))
    }

    /// Reads the scan of a session; if it can't be read, that is a question.
    fn scan_of(&self, book: Box<Book>, path: &Path) -> Outcome<(Box<Book>, Loaded)> {
        let which = series_of(&book.contents.snapshot);
        match self.finder.read(path, (Role::Overlay, &which)) {
            Ok(loaded) => Ok((book, loaded)),
            Err(Failed::Because(why) | Failed::Asks(Asked { why, .. })) => {
                let path = path.to_owned();
                Err(OpeningOutcome::Asks(book, Why::Unreadable { path, why }))
            }
            Err(cancelled) => Err(cancelled.into()),
        }
    }

    fn on_its_grid(&self, book: Box<Book>, loaded: Loaded, known: Option<FileRef>) -> Outcome {
        match ScanFit::of(&book.contents.snapshot, &loaded.volume, self.cancel)? {
            ScanFit::Same => self.ready(book, loaded, known, None),
            fit @ ScanFit::Elsewhere(_) => {
                Ok(OpeningOutcome::Asks(book, Why::Changed { path: loaded.path, fit }))
            }
        }
    }

    fn ready(
        &self,
        book: Box<Book>,
        loaded: Loaded,
        known: Option<FileRef>,
        note: Option<Note>,
    ) -> Outcome {
        let view = KeptView::read(&book.contents.snapshot.around.view);
        let (overlays, lost) = self.overlays(&book, &view, note)?;
        let how = (&view, note == Some(Note::MasksAlone));
        let companions = FoundCompanions::find(&self.finder, seeker(&book), how, &loaded.volume)?;
        let Book { path, contents, mut file, mut aside, copy } = *book;
        let around = &contents.snapshot.around;
        let numbered: BTreeMap<u32, Arc<Volume>> = overlays
            .iter()
            .filter_map(|o| Some((around.overlays[o.place].number?, Arc::clone(&o.image.volume))))
            .collect();
        let restored = contents.snapshot.restore(Arc::clone(&loaded.volume), numbered);
        let (mut document, changed) = restored.map_err(|why| Failed::Because(why.to_string()))?;
        let damage: Vec<String> =
            contents.damage.iter().chain(&changed).map(ToString::to_string).collect();
        if !damage.is_empty() && file.is_ok() {
            // What it holds is not what is shown: it stays as it is.
            (file, aside) = (Err(NotItself::ReadOnly(ReadOnly::Damaged)), None);
        }
        let copy = copy.or_else(|| as_copy(&path, &contents, &file));
        // What was exported is of the masks on their own scan.
        let own = !matches!(file, Err(NotItself::OtherScan));
        let exported = around.exported.as_ref().filter(|_| own);
        let is_exported = exported.is_some_and(|e| {
            e.labels == labels_check_sum(document.objects()) && self.is_there(e, &path)
        });
        let export = exported.map(|e| self.export(e, &path));
        if !is_exported && document.objects().iter().any(|o| !o.region.is_empty()) {
            document.mark_never_saved();
        }
        let Loaded { stats, histogram, path: scan, .. } = loaded;
        Ok(OpeningOutcome::Ready(Box::new(Ready {
            path,
            contents,
            file,
            aside,
            copy,
            document: Some(document),
            damage,
            scan,
            known,
            stats,
            histogram,
            view,
            overlays,
            lost,
            companions,
            stands_in: None,
            export,
            is_exported,
            note,
            is_new: false,
        })))
    }

    /// The images over the scan: those that are found, and those that are not.
    fn overlays(
        &self,
        book: &Book,
        view: &KeptView,
        note: Option<Note>,
    ) -> Outcome<(Vec<FoundOverlay>, Vec<Overlay>)> {
        let (mut found, mut lost) = (Vec::new(), Vec::new());
        let companions = view.companion_places();
        for (place, overlay) in book.contents.snapshot.around.overlays.iter().enumerate() {
            if companions.contains(&Some(place)) {
                continue;
            }
            if note == Some(Note::MasksAlone) {
                lost.push(overlay.clone());
                continue;
            }
            let wanted = (Role::Overlay, &Which::Called(overlay.name.clone()));
            match self.finder.find(&overlay.file, seeker(book), wanted)? {
                Whereabouts::Same(image, known) => found.push(FoundOverlay { place, image, known }),
                _ => lost.push(overlay.clone()),
            }
        }
        Ok((found, lost))
    }

    /// Whether the label map and its table lie where they were written, as they were.
    fn is_there(&self, exported: &Exported, session: &Path) -> bool {
        let same = |file: &FileRef, path: &Path| {
            let files = [path.to_owned()];
            matches!(file.is_same(path, &files, self.cancel), Ok(Some(Sameness::Same)))
        };
        let map = place_of(&exported.file, session);
        let table = exported.names.as_ref().map(|names| (names, place_of(names, session)));
        same(&exported.file, &map) && table.is_none_or(|(names, path)| same(names, &path))
    }

    fn export(&self, exported: &Exported, session: &Path) -> (PathBuf, PairStamp) {
        let path = place_of(&exported.file, session);
        let sum = |file: &FileRef| (file.bytes, file.sha256.map_or([0; 32], |hash| hash.0));
        let table = exported.names.as_ref().map(sum);
        let stamp = PairStamp::written(self.finder.formats, &path, sum(&exported.file), table);
        (path, stamp)
    }
}

fn seeker(book: &Book) -> Seeker<'_> {
    let Book { path, contents, .. } = book;
    Seeker { session: path, created_ms: contents.created_ms, snapshot: &contents.snapshot }
}
