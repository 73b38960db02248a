//! The session of the open document: what of it has changed, and when that is handed over to be written.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::companions::Companions;
use super::hashes::Hashes;
use super::kept_view::{EXPORTED, KeptView, factor_of};
use super::moving::Moving;
use super::orders::{Letter, SessionId};
use super::picture::Backdrop;
use crate::app::model::ASKED_OF;
use crate::app::open_document::OpenDocument;
use crate::document::StateId;
use crate::session::{CaseState, FileRef, Overlay, SessionSource, Snapshot, Surroundings, now_ms};
use crate::ui::{EarlierWork, ModelStatus, ScanPlace, Status, ViewState};
use crate::volume::Volume;

/// From one state that is handed over to the next.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a view has to stay as it is to be worth writing.
const SETTLED: Duration = Duration::from_secs(1);
/// After a write that failed the next one is tried.
const AGAIN: Duration = Duration::from_secs(5);

/// A write that takes longer will not be waited for.
const STUCK: Duration = Duration::from_secs(15);

/// Why the work is kept in a draft although it came from a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOf {
    /// The session's name.
    pub name: String,
    /// Why it is not written itself, in the language in use.
    pub why: String,
    /// What can be done about that, in the language in use.
    pub advice: String,
}

/// What is kept of the open document.
// Each is a question of its own about where its work is.
#[allow(clippy::struct_excessive_bools)]
pub struct Current {
    pub id: SessionId,
    /// The scan's file.
    scan: PathBuf,
    /// The scan as the session knows it, where another image stands in for it.
    pub stands_in: Option<StandIn>,
    /// Where the images over the scan came from.
    overlay_files: Vec<(Weak<Volume>, PathBuf)>,
    /// Images of the session that were not found; their objects keep their numbers.
    pub lost: Vec<Overlay>,
    /// Where what is shown beside the scan, and compared, came from.
    pub companions: Companions,
    pub models: std::collections::BTreeMap<String, crate::session::Hash>,
    pub case_state: CaseState,
    pub copy_of: Option<CopyOf>,
    /// Where it is, once it is on the disk.
    pub path: Option<PathBuf>,
    /// The user has given it a name.
    pub named: bool,
    /// Something was done that is worth keeping.
    pub begun: bool,
    /// The document as it was when it was opened.
    opened: StateId,
    /// What was done in a draft before it was opened.
    pub earlier: Option<EarlierWork>,
    /// Why the last write failed.
    pub trouble: Option<Trouble>,
    /// It is about to be written elsewhere.
    pub moving: Option<Moving>,
    /// The scan's voxels are in its file.
    pub has_scan: bool,
    /// The scan as the session knows it, where it came from the session and not from its file.
    pub own_source: Option<SessionSource>,
    /// The file was made when the scan was opened, and not because something was done.
    pub is_new: bool,
    /// There is nothing in it.
    is_blank: bool,
    /// Of what was seen last, and what was handed over last.
    seen: Seen,
    handed: Option<Seen>,
    /// Since when the view is as it is.
    still_since: Instant,
    taken: Option<Instant>,
    /// Since when nothing was heard although something is being written.
    pub(super) waits_since: Option<Instant>,
    /// The thread that writes is gone.
    pub writer_stopped: bool,
    mark: u64,
    told: u64,
}

/// What of a session is about its scan, while an empty image stands in for that.
#[derive(Clone)]
pub struct StandIn {
    pub source: SessionSource,
    pub time_point: usize,
    pub model_image: crate::prompt::ImageId,
}

/// A write that failed.
pub struct Trouble {
    /// Why, in words.
    pub why: String,
    /// Why, in a few words.
    pub short: &'static str,
    /// The draft in which it is instead.
    pub aside: Option<PathBuf>,
}

/// All that a change may be of. Models' names come with the document's revision.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seen {
    revision: u64,
    around: Option<Around>,
    view: KeptView,
}

/// What is written as it is found.
#[derive(Clone, Debug, PartialEq)]
struct Around {
    source: SessionSource,
    overlays: Vec<Overlay>,
    models: std::collections::BTreeMap<String, crate::session::Hash>,
    case_state: CaseState,
    /// Of which model the clicks were asked that wait.
    asked_of: Option<String>,
}

impl Current {
    pub fn new(id: SessionId, scan: PathBuf) -> Self {
        Self {
            id,
            scan,
            stands_in: None,
            overlay_files: Vec::new(),
            lost: Vec::new(),
            companions: Companions::default(),
            models: std::collections::BTreeMap::new(),
            case_state: CaseState::default(),
            copy_of: None,
            path: None,
            named: false,
            begun: false,
            opened: StateId::default(),
            earlier: None,
            trouble: None,
            moving: None,
            has_scan: false,
            own_source: None,
            is_new: false,
            is_blank: true,
            seen: Seen::default(),
            handed: None,
            still_since: Instant::now(),
            taken: None,
            waits_since: None,
            writer_stopped: false,
            mark: 0,
            told: 0,
        }
    }

    /// An image was laid over the scan.
    pub fn laid_over(&mut self, volume: &Arc<Volume>, path: PathBuf) {
        self.overlay_files.retain(|(known, _)| known.strong_count() > 0);
        self.overlay_files.push((Arc::downgrade(volume), path));
    }

    /// An image over the scan is shown in another unit: it is of the same file.
    pub fn shown_as(&mut self, old: &Arc<Volume>, new: &Arc<Volume>) {
        let same =
            |(known, _): &&(Weak<Volume>, PathBuf)| std::ptr::eq(known.as_ptr(), &raw const **old);
        if let Some((_, path)) = self.overlay_files.iter().find(same) {
            let path = path.clone();
            self.laid_over(new, path);
        }
    }

    /// All that was handed over so far is on the disk, or could not be written.
    pub fn is_settled(&self) -> bool {
        self.told == self.mark && self.moving.is_none()
    }

    /// The disk, or the network share, has not answered for so long that nobody should have to wait for it.
    pub fn is_stuck(&self) -> bool {
        self.writer_stopped || self.silent_for().is_some()
    }

    /// How long nothing was heard of what was handed over, if that is too long. What is handed over meanwhile does not
    /// make it shorter.
    pub fn silent_for(&self) -> Option<Duration> {
        let silence = self.waits_since.filter(|_| !self.is_settled())?.elapsed();
        (silence > STUCK).then_some(silence)
    }

    /// All is on the disk.
    pub fn is_written(&self) -> bool {
        self.is_settled() && self.trouble.is_none() && self.path.is_some()
    }

    /// Nothing has changed since it was handed over last, but how it is looked at.
    pub fn is_up_to_date(&self, open: &OpenDocument) -> bool {
        self.handed.as_ref().is_some_and(|handed| {
            handed.revision == open.document.revision() && handed.around == self.seen.around
        })
    }

    /// It was made for nothing: what is left behind is as it was found.
    pub fn is_for_nothing(&self) -> bool {
        self.is_new && self.is_blank
    }

    /// What is there is written once more, and at once, because the thread that does it knows more than the last time.
    pub fn write_again(&mut self) {
        (self.handed, self.taken) = (None, None);
    }

    /// It stays where it was: what went with the move is to be written there.
    pub fn heard_of_move(&mut self) {
        self.told = self.mark;
        self.waits_since = None;
        self.handed = None;
    }

    pub fn heard(&mut self, mark: u64, path: Option<PathBuf>, trouble: Option<Trouble>) {
        self.told = self.told.max(mark);
        self.waits_since = (self.told < self.mark).then(Instant::now);
        if let Some(path) = path {
            self.path = Some(path);
        }
        self.trouble = trouble;
    }

    /// What is to be handed over now, if anything is; and when to look again. `at_once`: without a pause, and with the
    /// view as it is at this moment.
    pub fn follow(
        &mut self,
        open: &OpenDocument,
        view: &ViewState,
        status: &Status,
        hashes: &mut Hashes,
        at_once: bool,
    ) -> (Option<Letter>, Option<Duration>) {
        let now = self.look(open, view, status, hashes);
        if now.view != self.seen.view {
            self.still_since = Instant::now();
        }
        self.seen = now;
        let nothing = open.document.objects().is_empty() && open.document.measurements().is_empty();
        self.is_blank = self.case_state == CaseState::Open && nothing;
        let changed = open.document.is_modified() || !open.document.measurements().is_empty();
        self.begun |= changed && open.document.can_undo().is_some();
        if !self.begun || self.moving.is_some() {
            return (None, None);
        }
        let handed = self.handed.as_ref();
        let work = handed
            .is_none_or(|h| (h.revision, &h.around) != (self.seen.revision, &self.seen.around));
        let looks = handed.is_none_or(|h| h.view != self.seen.view);
        let again = self.trouble.is_some() && self.is_settled() && !at_once;
        if !(work || looks || again) {
            return (None, None);
        }
        let rests = SETTLED.saturating_sub(self.still_since.elapsed());
        let pause = self.taken.map_or(Duration::ZERO, |at| PAUSE.saturating_sub(at.elapsed()));
        let retry = self.taken.map_or(Duration::ZERO, |at| AGAIN.saturating_sub(at.elapsed()));
        let wait = match (work, looks) {
            _ if at_once => Duration::ZERO,
            (true, _) => pause,
            (false, true) => pause.max(rests),
            (false, false) => retry,
        };
        if !wait.is_zero() {
            return (None, Some(wait));
        }
        (Some(self.letter(open, view, at_once)), None)
    }

    /// The state of now.
    pub fn letter(&mut self, open: &OpenDocument, view: &ViewState, last: bool) -> Letter {
        self.taken = Some(Instant::now());
        self.waits_since.get_or_insert_with(Instant::now);
        self.mark += 1;
        self.begun = true;
        self.handed = Some(self.seen.clone());
        Letter {
            session: self.id,
            mark: self.mark,
            snapshot: Box::new(self.snapshot(open)),
            scene: Backdrop {
                volume: Arc::clone(open.document.image()),
                window: view.scan.window,
                convention: view.prefs.convention,
            },
            last,
        }
    }

    fn snapshot(&self, open: &OpenDocument) -> Snapshot {
        let around = self.seen.around.clone();
        let around = around.unwrap_or_else(|| Around {
            source: self.source(
                open,
                FileRef { absolute: self.scan.clone(), relative: None, bytes: 0, sha256: None },
            ),
            overlays: Vec::new(),
            models: self.models.clone(),
            case_state: self.case_state,
            asked_of: None,
        });
        let mut view = self.seen.view.to_json();
        if let Some(fields) = view.as_object_mut() {
            let exported = !open.document.is_modified();
            fields.insert(EXPORTED.to_owned(), serde_json::Value::Bool(exported));
            if let Some(of) = around.asked_of {
                fields.insert(ASKED_OF.to_owned(), of.into());
            }
        }
        let around = Surroundings {
            source: around.source,
            overlays: around.overlays,
            models: around.models,
            view,
            picture: None,
            case_state: around.case_state,
            exported: None,
        };
        let mut snapshot = Snapshot::of(&open.document, around, now_ms());
        if let Some(stands_in) = &self.stands_in {
            snapshot.time_point = stands_in.time_point;
            snapshot.model_image = stands_in.model_image;
        }
        snapshot
    }

    /// Where the scan is, as far as the session goes.
    pub fn scan_place(&self) -> ScanPlace {
        match (&self.stands_in, &self.own_source) {
            (Some(_), _) => ScanPlace::Nowhere,
            (None, Some(_)) => ScanPlace::Session,
            (None, None) if self.has_scan => ScanPlace::Both,
            (None, None) => ScanPlace::File,
        }
    }

    fn source(&self, open: &OpenDocument, file: FileRef) -> SessionSource {
        match (&self.stands_in, &self.own_source) {
            (Some(stands_in), _) => stands_in.source.clone(),
            (None, Some(own)) => own.clone(),
            (None, None) => SessionSource::of(open.document.image(), file),
        }
    }

    /// The scan's file, as far as it is known. Where there is none, what the session says of it stays as it is.
    fn file(&self, open: &OpenDocument, hashes: &mut Hashes) -> FileRef {
        let known = self.stands_in.as_ref().map(|stands_in| &stands_in.source);
        let known = known.or(self.own_source.as_ref());
        let files = open.document.image().files();
        known.map_or_else(|| hashes.of(&self.scan, files), |source| source.file.clone())
    }

    /// Takes in how everything is now, without handing it over.
    pub fn see(
        &mut self,
        open: &OpenDocument,
        view: &ViewState,
        status: &Status,
        hashes: &mut Hashes,
    ) {
        self.seen = self.look(open, view, status, hashes);
    }

    /// This is the document as it was opened.
    pub fn is_opened(&mut self, state: StateId) {
        self.opened = state;
    }

    /// Nothing would be lost if the document were given up: it is as it was when it was opened, and if that was not a
    /// file's own, it is in one.
    pub fn is_unchanged(&self, open: &OpenDocument) -> bool {
        let stays = !self.begun || self.path.is_some();
        stays && self.trouble.is_none() && open.document.state() == self.opened
    }

    /// What is there now is what the file holds.
    pub fn is_as_read(&mut self) {
        self.handed = Some(self.seen.clone());
    }

    fn look(
        &mut self,
        open: &OpenDocument,
        view: &ViewState,
        status: &Status,
        hashes: &mut Hashes,
    ) -> Seen {
        let file = self.file(open, hashes);
        if let (ModelStatus::Ready { name, .. }, Some(path)) = (&status.model, &status.model_path) {
            // A pair of networks lies in a folder; the larger of the two tells it from others.
            let path =
                if path.extension().is_some() { path.clone() } else { path.join("encoder.onnx") };
            let asked = open.document.objects().iter();
            if asked.clone().any(|o| o.answer.model.as_ref() == Some(name))
                && let Some(hash) = hashes.of(&path, &[]).sha256
            {
                self.models.insert(name.clone(), hash);
            }
        }
        let mut overlays = self.overlays(open, view, hashes);
        let mut kept = KeptView::of(view);
        self.companions.put(&mut kept, &mut overlays, view, hashes);
        let around = Around {
            source: self.source(open, file),
            overlays,
            models: self.models.clone(),
            case_state: self.case_state,
            asked_of: status.server.asked_of.clone(),
        };
        let revision = open.document.revision();
        Seen { revision, around: Some(around), view: kept }
    }

    /// The images that are looked at, lowest first; then those that were clicked in and are not looked at any more.
    fn overlays(&self, open: &OpenDocument, view: &ViewState, hashes: &mut Hashes) -> Vec<Overlay> {
        let number_of = |volume: &Arc<Volume>| {
            let same = |o: Option<&Arc<Volume>>| o.is_some_and(|o| Arc::ptr_eq(o, volume));
            open.document.numbered_images().find(|(_, o)| same(*o)).map(|(number, _)| number)
        };
        // In the unit of its file, as all that is kept.
        let window = |layer: &crate::ui::ImageLayer| {
            let factor = factor_of(&layer.volume);
            layer.window.in_unit(|value| value / factor)
        };
        let shown = view.scan.overlays.iter().map(|layer| (&layer.volume, Some(window(layer))));
        let hidden = open.document.numbered_images().filter_map(|(_, volume)| {
            let volume = volume?;
            let shown = |layer: &crate::ui::ImageLayer| Arc::ptr_eq(&layer.volume, volume);
            (!view.scan.overlays.iter().any(shown)).then_some((volume, None))
        });
        let mut found = Vec::new();
        for (volume, window) in shown.chain(hidden) {
            let of = |(known, _): &&(Weak<Volume>, PathBuf)| {
                std::ptr::eq(known.as_ptr(), Arc::as_ptr(volume))
            };
            let Some((_, path)) = self.overlay_files.iter().find(of) else { continue };
            found.push(Overlay {
                file: hashes.of(path, volume.files()),
                name: volume.name().to_owned(),
                number: number_of(volume),
                window,
            });
        }
        found.extend(self.lost.iter().cloned());
        found
    }
}
