//! What is looked at with the scan and does not lie over it: the second scan beside, the labels over that, and the label
//! map that is compared. Where each came from, and how it is found again with a session. What is not found stays in the
//! session, until something else is in its place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::found::{Finder, Seeker, Whereabouts, known_as, tidy};
use super::hashes::Hashes;
use super::kept_view::{KeptComparison, KeptLabels, KeptSecond, KeptView, factor_of};
use crate::app::App;
use crate::app::files::{
    BothScans, Failed, FileContents, Loaded, ReferenceRead, Role, Which, name_of, read_reference,
};
use crate::document::Document;
use crate::geom::Grid;
use crate::io;
use crate::session::{Contents, FileRef, Overlay};
use crate::ui::commands::comparing;
use crate::ui::text::{mark, tr_with};
use crate::ui::{BesideLabels, BesideScan, ImageLayer, ViewState, labels_over};
use crate::volume::{LabelMap, Volume, Window};
use crate::work::{CancelToken, Progress, memory};

/// Of what a session keeps of its view: the places among its overlays of the second scan, of the labels over that, and of the
/// label map that is compared.
pub(crate) fn companion_places(view: &serde_json::Value) -> [Option<usize>; 3] {
    KeptView::read(view).companion_places()
}

/// Where something is from.
#[derive(Clone)]
struct Origin {
    path: PathBuf,
    /// The files that it was read from.
    files: Arc<[PathBuf]>,
    /// Of several in its place, which it is.
    name: String,
}

impl Origin {
    fn of_volume(path: PathBuf, volume: &Volume) -> Self {
        // Titles of two studies in one folder can be alike.
        let name = volume.provenance().series().unwrap_or_else(|| volume.name().to_owned());
        Self { path, files: volume.files().into(), name }
    }

    fn of_labels(path: PathBuf, read: &ReferenceRead) -> Self {
        Self { path, files: read.files.as_slice().into(), name: read.name.clone() }
    }
}

/// What of a session was not found, or is another file now, with how it was shown.
#[derive(Clone, Default)]
pub struct LostCompanions {
    second: Option<(KeptSecond, Overlay, Option<Overlay>)>,
    labels: Option<(KeptLabels, Overlay)>,
    compared: Option<(KeptComparison, Overlay)>,
}

impl LostCompanions {
    /// Where they were.
    fn files(&self) -> Vec<PathBuf> {
        let Self { second, labels, compared } = self;
        let second = second.as_ref().map(|(_, overlay, _)| overlay);
        let labels = labels.as_ref().map(|(_, overlay)| overlay);
        let compared = compared.as_ref().map(|(_, overlay)| overlay);
        let all = [second, labels, compared].into_iter().flatten();
        all.map(|overlay| overlay.file.absolute.clone()).collect()
    }
}

#[cfg(test)]
impl LostCompanions {
    /// What of the second scan, its labels, and what is compared was lost.
    pub fn which(&self) -> [bool; 3] {
        [self.second.is_some(), self.labels.is_some(), self.compared.is_some()]
    }
}

/// Where what is shown beside and compared is from.
#[derive(Default)]
pub struct Companions {
    second: Option<Origin>,
    labels: Option<Origin>,
    compared: Option<Origin>,
    lost: LostCompanions,
}

impl Companions {
    /// Of a session in which nothing of it was found.
    #[cfg(test)]
    pub fn without(lost: LostCompanions) -> Self {
        Self { lost, ..Self::default() }
    }

    /// A second scan is shown.
    pub fn shown_beside(&mut self, path: PathBuf, volume: &Volume) {
        self.second = Some(Origin::of_volume(path, volume));
        (self.lost.second, self.lost.labels) = (None, None);
    }

    /// Labels are drawn over the second scan.
    pub fn laid_over_second(&mut self, path: PathBuf, read: &ReferenceRead) {
        self.labels = Some(Origin::of_labels(path, read));
        self.lost.labels = None;
    }

    /// The objects are compared with a label map.
    pub fn compared_with(&mut self, path: PathBuf, read: &ReferenceRead) {
        self.compared = Some(Origin::of_labels(path, read));
        self.lost.compared = None;
    }

    /// Puts the files of what is shown behind the session's other overlays.
    pub fn put(
        &self,
        kept: &mut KeptView,
        overlays: &mut Vec<Overlay>,
        view: &ViewState,
        hashes: &mut Hashes,
    ) {
        let mut place = |overlay: Overlay| {
            overlays.push(overlay);
            Some(overlays.len() - 1)
        };
        let mut file = |origin: &Option<Origin>, window: Option<Window>| {
            let Origin { path, files, name } = origin.as_ref()?;
            let (file, name) = (hashes.of(path, files), name.clone());
            Some(Overlay { file, name, number: None, window })
        };
        let LostCompanions { second: lost_second, labels, compared: lost_compared } = &self.lost;
        if let (Some(second), Some(shown)) = (&mut kept.second, &view.scan.beside.scan) {
            let Window { centre, width } = shown.image.window;
            let factor = factor_of(&shown.image.volume);
            let window = Window::new(centre / factor, width / factor);
            second.file = file(&self.second, Some(window)).and_then(&mut place);
            if let Some(labels) = &mut second.labels {
                labels.file = file(&self.labels, None).and_then(&mut place);
            } else if let Some((lost, overlay)) = labels {
                let mut labels = lost.clone();
                labels.file = place(overlay.clone());
                second.labels = Some(labels);
            }
        } else if let Some((lost, overlay, over)) = lost_second {
            let mut second = lost.clone();
            second.file = place(overlay.clone());
            if let (Some(labels), Some(over)) = (&mut second.labels, over) {
                labels.file = place(over.clone());
            }
            kept.second = Some(second);
        }
        if let Some(compared) = &mut kept.compared {
            compared.b.file = file(&self.compared, None).and_then(&mut place);
        } else if let Some((lost, overlay)) = lost_compared {
            let mut compared = lost.clone();
            compared.b.file = place(overlay.clone());
            kept.compared = Some(compared);
        }
    }
}

/// A label map of a session that was found.
pub struct FoundLabels {
    path: PathBuf,
    read: Box<ReferenceRead>,
    known: FileRef,
}

/// What of a session was found, and what was not.
#[derive(Default)]
pub struct FoundCompanions {
    second: Option<(Box<Loaded>, FileRef)>,
    labels: Option<FoundLabels>,
    compared: Option<FoundLabels>,
    pub lost: LostCompanions,
}

impl FoundCompanions {
    /// Looks for what a session has beside its `scan`, and compares; `nothing`: it is not looked for.
    ///
    /// # Errors
    /// If it was cancelled.
    pub fn find(
        finder: &Finder<'_>,
        seeker: Seeker<'_>,
        (kept, nothing): (&KeptView, bool),
        scan: &Volume,
    ) -> Result<Self, Failed> {
        let at = |place: Option<usize>| seeker.snapshot.around.overlays.get(place?);
        let [second, labels, compared] = kept.companion_places().map(at);
        let mut found = Self::default();
        let (mut second_scan, kept_second) = (None, kept.second.clone());
        if let Some((overlay, kept)) = second.zip(kept_second.clone()) {
            let wanted = (Role::Overlay, &Which::Called(overlay.name.clone()));
            let there = if nothing {
                Whereabouts::Nowhere
            } else {
                finder.find(&overlay.file, seeker, wanted)?
            };
            if let Whereabouts::Same(loaded, known) = there {
                second_scan = Some(Arc::clone(&loaded.volume));
                found.second = Some((loaded, known));
            } else {
                found.lost.second = Some((kept, overlay.clone(), labels.cloned()));
            }
        }
        // Each for its own scan alone: which it belongs to was found out when it was opened.
        let find = |overlay: &Overlay, kept: &KeptLabels, scan: &Volume| {
            let scans = BothScans { scan, second: None };
            if nothing { Ok(None) } else { finder.find_labels(overlay, seeker, kept, scans) }
        };
        let kept_labels = kept_second.and_then(|second| second.labels);
        if let Some(((overlay, kept), second)) = labels.zip(kept_labels).zip(second_scan.as_deref())
        {
            found.labels = find(overlay, &kept, second)?;
            if found.labels.is_none() {
                found.lost.labels = Some((kept, overlay.clone()));
            }
        }
        if let Some((overlay, kept)) = compared.zip(kept.compared.as_ref()) {
            found.compared = find(overlay, &kept.b, scan)?;
            if found.compared.is_none() {
                found.lost.compared = Some((kept.clone(), overlay.clone()));
            }
        }
        Ok(found)
    }

    /// The second scan with its labels, as they were shown beside this one; where it is from.
    pub fn dressed(
        &mut self,
        (kept, overlays): (&KeptView, &[Overlay]),
        scan: &Volume,
    ) -> Option<(BesideScan, PathBuf, FileRef)> {
        let (loaded, known) = self.second.take()?;
        let Loaded { volume, path, stats, histogram, .. } = *loaded;
        let mut beside = BesideScan::new(ImageLayer::new(volume, stats, histogram), scan, false);
        if let Some(kept) = &kept.second {
            kept.dress(kept.file.and_then(|place| overlays.get(place)?.window), &mut beside);
        }
        let over = |found: &FoundLabels| {
            let file = (name_of(&found.path), found.read.reading);
            labels_over(file, &found.read.read.labels, found.read.map.clone())
        };
        beside.labels = self.labels.as_ref().map(over);
        Some((beside, path, known))
    }

    /// What is compared on the scan's grid, as it is drawn on another one; none if there is no memory for that.
    fn compared_on(&self, scan: &Grid, other: &Grid) -> Option<BesideLabels> {
        let FoundLabels { path, read, .. } = self.compared.as_ref()?;
        let map = if scan == other {
            read.map.clone()
        } else {
            memory::check(LabelMap::resampling_bytes(other)).ok()?;
            read.map.nearest_on(scan, other)
        };
        Some(labels_over((name_of(path), read.reading), &read.read.labels, map))
    }

    /// The file that the objects are compared with, and how it was read.
    #[cfg(test)]
    pub fn compared_with(&self) -> Option<(&Path, crate::ui::ReferenceReading)> {
        self.compared.as_ref().map(|found| (&*found.path, found.read.reading))
    }
}

impl Finder<'_> {
    /// Where a label map that a session names is now, if it is there as it was.
    fn find_labels(
        &self,
        overlay: &Overlay,
        seeker: Seeker<'_>,
        kept: &KeptLabels,
        scans: BothScans<'_>,
    ) -> Result<Option<FoundLabels>, Failed> {
        let Self { formats, cancel, progress } = self;
        let which = Which::Called(overlay.name.clone());
        for path in overlay.file.candidates(seeker.session) {
            if !path.exists() {
                continue;
            }
            let path = tidy(path, &overlay.file);
            let how = (kept.reading(), &which);
            let read = match read_reference(formats, &path, how, scans, cancel, progress) {
                Ok(FileContents::Reference(read)) => read,
                Err(Failed::Cancelled) => return Err(Failed::Cancelled),
                _ => continue,
            };
            let same = match overlay.file.is_same(&path, &read.files, cancel) {
                Ok(same) => same.ok_or(Failed::Cancelled)?,
                Err(_) => continue,
            };
            if let Some(known) = known_as(&overlay.file, (&path, &read.files), seeker, same) {
                return Ok(Some(FoundLabels { path, read, known }));
            }
        }
        Ok(None)
    }
}

impl App {
    /// Shows the second scan of a session again, and compares with its label map. Where they are from.
    pub(super) fn take_up_companions(
        &mut self,
        mut found: FoundCompanions,
        (kept, overlays): (&KeptView, &[Overlay]),
    ) -> Companions {
        let lost = std::mem::take(&mut found.lost);
        let mut companions = Companions { lost, ..Companions::default() };
        let Some(scan) = self.document().map(|document| Arc::clone(document.image())) else {
            return companions;
        };
        let hashes = &mut self.sessions.hashes;
        if let Some((beside, path, known)) = found.dressed((kept, overlays), &scan) {
            let volume = &beside.image.volume;
            hashes.know(&path, volume.files(), &known);
            companions.second = Some(Origin::of_volume(path, volume));
            self.view.scan.beside.scan = Some(beside);
        }
        if let Some(FoundLabels { path, read, known }) = found.labels {
            hashes.know(&path, &read.files, &known);
            companions.labels = Some(Origin::of_labels(path, &read));
        }
        if let Some(FoundLabels { path, read, known }) = found.compared {
            hashes.know(&path, &read.files, &known);
            companions.compared = Some(Origin::of_labels(path.clone(), &read));
            self.compare_to(path, *read);
        }
        if let Some(open) = &self.open {
            let document: &Document = &open.document;
            kept.apply_to_companions(&mut self.view, document);
        }
        companions
    }

    /// What of a session is not beside its scan any more, and how it comes back.
    pub(super) fn tell_lost_companions(&mut self, lost: &LostCompanions) {
        let LostCompanions { second, labels, compared } = lost;
        let beside = &comparing::OPEN_BESIDE;
        let compare = &comparing::COMPARE_WITH;
        let second = second.as_ref().map(|(_, overlay, _)| (overlay, beside));
        let labels = labels.as_ref().map(|(_, overlay)| (overlay, compare));
        let compared = compared.as_ref().map(|(_, overlay)| (overlay, compare));
        let texts = [
            (
                second,
                mark(
                    "The second scan was not found, or is another file now: {path}. “{command}” ({key}) shows the one that you choose.",
                ),
            ),
            (
                labels,
                mark(
                    "The labels of the second scan were not found, or are another file now: {path}. “{command}” ({key}) shows those that you choose.",
                ),
            ),
            (
                compared,
                mark(
                    "The label map that was compared was not found, or is another file now: {path}. “{command}” ({key}) compares with the one that you choose.",
                ),
            ),
        ];
        for (what, text) in texts {
            let Some((overlay, command)) = what else { continue };
            let path = overlay.file.absolute.display();
            let (name, key) = (command.name(), command.key_text());
            self.toasts
                .warning(tr_with(text, &[("path", &path), ("command", &name), ("key", &key)]));
        }
    }
}

/// Shows beside the slices of a picture what the window of a session had there: the second scan with its labels, or the
/// label map that is compared. The files of it that are not there any more, or are others now.
pub(crate) fn show_as_kept(
    view: &mut ViewState,
    (session, contents): (&Path, &Contents),
    document: &Document,
) -> Vec<PathBuf> {
    let kept = KeptView::read(&contents.snapshot.around.view);
    if !kept.is_twice() {
        return Vec::new();
    }
    let (cancel, progress) = (CancelToken::new(), Progress::new());
    let finder = Finder { formats: io::formats(), cancel: &cancel, progress: &progress };
    let Contents { snapshot, created_ms, .. } = contents;
    let seeker = Seeker { session, created_ms: *created_ms, snapshot };
    let scan = document.image();
    // Nobody cancels.
    let Ok(mut found) = FoundCompanions::find(&finder, seeker, (&kept, false), scan) else {
        return Vec::new();
    };
    let lost = found.lost.files();
    if let Some((beside, ..)) = found.dressed((&kept, &snapshot.around.overlays), scan) {
        let own = beside.labels.clone();
        let grid = beside.image.volume.grid().clone();
        view.scan.beside.scan = Some(beside);
        view.scan.beside.on = true;
        if let Some(labels) = own.or_else(|| found.compared_on(scan.grid(), &grid)) {
            view.show_labels_beside(labels);
        }
    } else if kept.second.is_none()
        && let Some(labels) = found.compared_on(scan.grid(), scan.grid())
    {
        view.show_labels_beside(labels);
    }
    lost
}
