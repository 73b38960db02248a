//! A session that is open, as the thread that writes it has it: where it is, and what of it is to be drawn.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::copies::CopyMark;
use super::discarded::{self, is_discarded};
use super::folder;
use super::kept_view::EXPORTED;
use super::orders::{Ending, KeptFrom, SessionId};
use super::picture::{Backdrop, png_of};
use crate::app::files::same_file;
use crate::session::{
    ENDING, Exported, FileRef, Sameness, ScanPart, SessionError, SessionFile, SessionSource,
    Snapshot, labels_check_sum, now_ms,
};
use crate::ui::ScanWish;
use crate::ui::text::mark;
use crate::volume::Volume;

/// Drawing pictures takes no more than this share of the time,
const SHARE: u32 = 20;
/// but one is never older than this when something is written.
const PICTURES: Duration = Duration::from_secs(10);

/// A session that is open.
pub struct Kept {
    pub session: SessionId,
    beginning: KeptFrom,
    /// A draft in which it is kept while it can't be where the user wants it.
    aside: Option<SessionFile>,
    /// When the last picture was done, and how long it took.
    drawn: Option<(Instant, Duration)>,
    /// The picture is not of what was written last, but would be of this.
    undrawn: Option<Backdrop>,
    /// As it was written last, or was to be.
    pub last: Option<Box<Snapshot>>,
}

impl Kept {
    pub fn new(session: SessionId, mut beginning: KeptFrom) -> Self {
        let aside = beginning.aside.take().map(|file| *file);
        Self { session, beginning, aside, drawn: None, undrawn: None, last: None }
    }

    /// The draft in which it is while it can't be where the user wants it.
    pub fn aside(&self) -> Option<&Path> {
        self.aside.as_ref().map(SessionFile::path)
    }

    /// Whether the scan's voxels are in it.
    pub fn has_scan(&self) -> bool {
        self.beginning.file.as_ref().is_some_and(|file| file.has_scan())
    }

    /// Whether it is where no locks keep another program from writing it.
    pub fn is_without_locks(&self) -> bool {
        self.beginning.file.as_ref().is_some_and(|file| file.is_without_locks())
    }

    /// What was exported of it last. The file says so at once, whatever ends the program before the next state comes.
    pub fn exported(&mut self, exported: Option<Exported>) {
        self.beginning.exported = exported;
        let Some(last) = &mut self.last else { return };
        let exported = self.beginning.exported.clone();
        let labels = exported.as_ref().map(|exported| exported.labels);
        last.around.exported = exported;
        if let Some(fields) = last.around.view.as_object_mut() {
            let is_current = labels == Some(labels_check_sum(&last.objects));
            fields.insert(EXPORTED.to_owned(), is_current.into());
        }
        if let Some(file) = &mut self.beginning.file
            && let Err(why) = file.write(last)
        {
            tracing::warn!("what was exported was not noted: {why}");
        }
    }

    /// Deletes the file that was made for it, because nothing was done in it.
    ///
    /// # Errors
    /// If it can't be deleted.
    pub fn delete_blank(&mut self) -> Result<(), SessionError> {
        (self.last, self.undrawn) = (None, None);
        self.beginning.file.take().map_or(Ok(()), |file| file.delete())
    }

    /// Nothing more comes; where what is not wanted any more lies, if there is any.
    ///
    /// # Errors
    /// Why it is where, or what, it was.
    pub fn end(mut self, ending: Ending) -> Result<Option<PathBuf>, String> {
        match ending {
            Ending::Keep => self.draw_the_last(),
            Ending::TakeBack => return self.take_back(),
            Ending::Discard => {}
        }
        let Self { beginning, aside, .. } = self;
        let own = beginning.file.filter(|_| !beginning.named).map(|file| *file);
        let mut lies = None;
        for draft in own.into_iter().chain(aside) {
            let path = draft.path().to_owned();
            drop(draft);
            if ending == Ending::Discard && path.exists() {
                let away = discarded::put_away(&path);
                lies = Some(away.map_err(|why| format!("{why}: {}", path.display()))?);
            }
        }
        Ok(lies)
    }

    /// Makes a draft what it was when it was opened. What it is now is put away.
    fn take_back(mut self) -> Result<Option<PathBuf>, String> {
        let own = self.beginning.file.as_mut().filter(|_| !self.beginning.named);
        let Some(file) = own.filter(|file| file.can_take_back()) else { return Ok(None) };
        let mut lies = None;
        if let Some(last) = &self.last {
            let copied = discarded::place_for_copy(file.path()).map_err(|why| why.to_string());
            match copied.and_then(|to| file.copy(&to, last).map_err(|why| why.to_string())) {
                Ok(copy) => lies = Some(copy.path().to_owned()),
                Err(why) => tracing::warn!("what is taken back can't be put away: {why}"),
            }
        }
        file.take_back().map_err(|why| why.to_string())?;
        Ok(lies)
    }

    /// Puts in what is known on this thread only.
    pub fn complete(&mut self, snapshot: &mut Snapshot, scene: &Backdrop, last: bool) {
        let due = |(at, took): (Instant, Duration)| at.elapsed() >= (took * SHARE).min(PICTURES);
        if last || self.drawn.is_none_or(due) {
            self.draw(snapshot, scene);
        } else {
            self.undrawn = Some(scene.clone());
        }
        snapshot.around.picture.clone_from(&self.beginning.picture);
        snapshot.around.exported.clone_from(&self.beginning.exported);
        CopyMark::put(&mut snapshot.around.view, self.beginning.copy_of.as_ref());
    }

    fn draw(&mut self, snapshot: &Snapshot, scene: &Backdrop) {
        self.undrawn = None;
        let began = Instant::now();
        // Work is not lost for a picture.
        let png =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| png_of(snapshot, scene)));
        if let Ok(Some(png)) = png {
            self.drawn = Some((Instant::now(), began.elapsed()));
            self.beginning.picture = Some(png.into());
        }
    }

    /// Nothing follows: the picture is to be of what there is in the end.
    pub fn draw_the_last(&mut self) {
        let Some((mut snapshot, scene)) = self.last.take().zip(self.undrawn.take()) else {
            return;
        };
        self.draw(&snapshot, &scene);
        snapshot.around.picture.clone_from(&self.beginning.picture);
        if let Some(file) = &mut self.beginning.file
            && let Err(why) = file.write(&snapshot)
        {
            tracing::warn!("the picture was not written: {why}");
        }
    }

    /// Writes it; where it is then.
    pub fn write(
        &mut self,
        snapshot: &Snapshot,
        drafts: Option<&Path>,
    ) -> Result<PathBuf, SessionError> {
        let Some(file) = &mut self.beginning.file else {
            let file = self.new_draft(snapshot, drafts)?;
            let path = file.path().to_owned();
            self.beginning.file = Some(Box::new(file));
            return Ok(path);
        };
        match file.write(snapshot) {
            Ok(_) => {
                let path = file.path().to_owned();
                if let Some(aside) = self.aside.take() {
                    let path = aside.path().to_owned();
                    drop(aside);
                    // It is where it belongs now.
                    let _ = std::fs::remove_file(path);
                }
                Ok(path)
            }
            Err(why) if self.beginning.named => {
                if let Err(why) = self.write_aside(snapshot, drafts) {
                    tracing::warn!("nor was it written as a draft: {why}");
                }
                Err(why)
            }
            // What lies there now is somebody else's, or not whole any more: it goes on beside it.
            Err(
                SessionError::Replaced(_)
                | SessionError::WrittenElsewhere(_)
                | SessionError::Lost { .. }
                | SessionError::Held { .. },
            ) => {
                let file = self.new_draft(snapshot, drafts)?;
                let path = file.path().to_owned();
                self.beginning.file = Some(Box::new(file));
                Ok(path)
            }
            Err(why) => Err(why),
        }
    }

    fn write_aside(
        &mut self,
        snapshot: &Snapshot,
        drafts: Option<&Path>,
    ) -> Result<(), SessionError> {
        let mut copy = snapshot.clone();
        let mark = self.beginning.file.as_ref();
        let mark = mark.map(|file| CopyMark::new(file.path(), file.last_write(), true));
        CopyMark::put(&mut copy.around.view, mark.as_ref());
        if let Some(aside) = &mut self.aside {
            aside.write(&copy)?;
        } else if drafts.is_some() {
            self.aside = Some(self.new_draft(&copy, drafts)?);
        }
        Ok(())
    }

    fn new_draft(
        &self,
        snapshot: &Snapshot,
        drafts: Option<&Path>,
    ) -> Result<SessionFile, SessionError> {
        let folder = drafts.unwrap_or(Path::new(""));
        folder::make(folder).map_err(|source| SessionError::Io {
            doing: "the folder for drafts can't be made",
            source,
            path: folder.to_owned(),
        })?;
        let path = folder::free_name(folder, &self.beginning.stem, now_ms());
        // A scan that is in the session only is found there.
        self.copy_to(&path, snapshot, None)
    }

    fn copy_to(
        &self,
        path: &Path,
        snapshot: &Snapshot,
        scan: Option<ScanPart<'_>>,
    ) -> Result<SessionFile, SessionError> {
        let past = &self.beginning.past;
        match (&self.beginning.file, scan) {
            (Some(file), Some(scan)) => file.copy_with_scan(path, snapshot, scan),
            (Some(file), None) => file.copy(path, snapshot),
            (None, Some(scan)) => SessionFile::create_with_scan(path, snapshot, past, scan),
            (None, None) => SessionFile::create(path, snapshot, past),
        }
    }

    /// Makes a file in the place of another, `before`, which lies elsewhere now. `scan`: it goes into it in any case.
    fn copy_over(
        &self,
        before: Option<&Replaced>,
        to: &Path,
        snapshot: &Snapshot,
        (part, scan): (ScanPart<'_>, Option<ScanPart<'_>>),
    ) -> Result<SessionFile, SessionError> {
        let theirs = before.filter(|_| scan.is_none());
        let theirs = theirs.map_or(Theirs::Nothing, |it| it.scan_of(&snapshot.around.source, part));
        match (theirs, before) {
            (Theirs::AsOpened, _) => self.copy_to(to, snapshot, Some(part)),
            (Theirs::Pieces, Some(before)) => {
                let mut file = self.copy_to(to, snapshot, None)?;
                match file.put_scan_of(&before.path, part) {
                    Ok(()) => Ok(file),
                    Err(why) => {
                        // Its place is wanted for the old one.
                        file.delete()?;
                        Err(why)
                    }
                }
            }
            _ => self.copy_to(to, snapshot, scan),
        }
    }

    /// Makes another file the session's, or puts the scan into it or takes it out; where it is then. If nothing is wished
    /// of the scan's voxels they are in it if they were in the one before, or are in the one that it replaces, where they
    /// may be the only ones.
    pub fn move_to(
        &mut self,
        to: &Path,
        snapshot: &Snapshot,
        drafts: Option<&Path>,
        (part, wish): (ScanPart<'_>, ScanWish),
    ) -> Result<PathBuf, String> {
        let said = |why: SessionError| why.to_string();
        let without = wish == ScanWish::Without;
        if without {
            lies_outside(&snapshot.around.source.file, part)?;
        }
        let in_it = wish == ScanWish::With || (self.has_scan() && !without);
        let scan = in_it.then_some(part);
        let its_own = self.beginning.file.as_ref().is_some_and(|file| same_file(file.path(), to));
        if its_own && self.beginning.named {
            let path = self.write(snapshot, drafts).map_err(said)?;
            match (scan, &mut self.beginning.file) {
                (Some(scan), Some(file)) => file.put_scan(scan).map_err(said)?,
                (None, Some(file)) => file.take_scan_out().map_err(said)?,
                (_, None) => {}
            }
            return Ok(path);
        }
        may_have_name(to, drafts)?;
        let before = set_aside(to)?;
        let mut named = snapshot.clone();
        CopyMark::put(&mut named.around.view, None);
        let theirs = before.as_ref().filter(|_| !without);
        let file = match self.copy_over(theirs, to, &named, (part, scan)) {
            Ok(file) => file,
            Err(why) => {
                if let Some(before) = before {
                    before.put_back(to);
                }
                return Err(why.to_string());
            }
        };
        // The user was asked, and the new one is on the disk.
        if let Some(before) = before {
            let _ = std::fs::remove_file(before.path);
        }
        let path = file.path().to_owned();
        self.goes_on_in(file);
        Ok(path)
    }

    /// It has this file by its name from now on; the drafts in which it was are not needed any more.
    fn goes_on_in(&mut self, file: SessionFile) {
        let old = self.beginning.file.replace(Box::new(file));
        let drafts = old.filter(|_| !self.beginning.named).map(|file| *file);
        (self.beginning.named, self.beginning.copy_of) = (true, None);
        for draft in drafts.into_iter().chain(self.aside.take()) {
            let path = draft.path().to_owned();
            drop(draft);
            let _ = std::fs::remove_file(path);
        }
    }
}

/// # Errors
/// If a session that has a name is not to lie there.
fn may_have_name(to: &Path, drafts: Option<&Path>) -> Result<(), String> {
    let is_for_drafts = |folder: &Path| is_in(to, folder) || is_discarded(to, folder);
    if !drafts.is_some_and(is_for_drafts) {
        return Ok(());
    }
    let text = mark(
        "drafts are kept in this folder, and deleted when they are discarded: choose another folder: {path}",
    );
    Err(text.replace("{path}", &to.display().to_string()))
}

/// Whether the scan's files still are those that were read: else a session may have the last of its voxels.
///
/// # Errors
/// If they are not, or if that can't be told.
fn lies_outside(file: &FileRef, part: ScanPart<'_>) -> Result<(), String> {
    let path = &file.absolute;
    let files = part.volume.map(Volume::files).unwrap_or_default();
    let gone = |file: &PathBuf| file.metadata().is_err_and(|e| e.kind() == ErrorKind::NotFound);
    let text = if gone(path) || files.iter().any(gone) {
        mark(
            "the scan's file is not there any more, and its voxels are nowhere but in the session: {path}",
        )
    } else {
        let same = match files {
            [] => Some(Sameness::Unknown),
            files => file.is_same(path, files, part.cancel).map_err(|why| why.to_string())?,
        };
        match same {
            Some(Sameness::Same) => return Ok(()),
            Some(Sameness::Other) => mark(
                "the scan's file was changed since it was opened, and what was opened is nowhere but in the session: {path}",
            ),
            Some(Sameness::SameByPlace | Sameness::Unknown) => mark(
                "whether the scan's file still is the one that was opened is not known yet, and the session may have the only copy; try again in a moment: {path}",
            ),
            None => return Err(SessionError::Stopped(path.clone()).to_string()),
        }
    };
    Err(text.replace("{path}", &path.display().to_string()))
}

/// A session that another takes the place of.
struct Replaced {
    /// Where it lies meanwhile.
    path: PathBuf,
    /// What it is about, if the scan's voxels are in it.
    scan: Option<SessionSource>,
}

/// What of the scan in a session goes into the one that replaces it.
enum Theirs {
    /// There is none, or it is another scan's.
    Nothing,
    /// As it is there.
    Pieces,
    /// Its file may have changed since: what is open goes in.
    AsOpened,
}

impl Replaced {
    /// What was to take its place did not come.
    fn put_back(&self, to: &Path) {
        if let Err(why) = std::fs::rename(&self.path, to) {
            tracing::warn!("the old session stays where it is: {why}: {}", self.path.display());
        }
    }

    /// As it belongs to what is in its place now.
    fn scan_of(&self, source: &SessionSource, part: ScanPart<'_>) -> Theirs {
        let about = |it: &&SessionSource| {
            it.grid == source.grid
                && it.file_dims == source.file_dims
                && it.identifiers == source.identifiers
        };
        let Some(own) = self.scan.as_ref().filter(about) else { return Theirs::Nothing };
        let [old, new] = [own, source].map(|it| it.file.sha256);
        match part.volume {
            _ if old.is_some() && old == new => Theirs::Pieces,
            Some(_) => Theirs::AsOpened,
            None if old == new && own.file.bytes == source.file.bytes => Theirs::Pieces,
            None => Theirs::Nothing,
        }
    }
}

/// Moves a session that is to be replaced out of the way. Nothing else is replaced, and nothing that somebody works on.
fn set_aside(path: &Path) -> Result<Option<Replaced>, String> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let opened = SessionFile::open(path, false).map_err(|why| why.to_string())?;
    let held = opened.file.map_err(|why| format!("{why}: {}", path.display()))?;
    drop(held);
    let scan = opened.contents.scan.is_some().then_some(opened.contents.snapshot.around.source);
    let aside = free_name_beside(path)
        .ok_or_else(|| format!("no name is free beside the old session: {}", path.display()))?;
    let moved = std::fs::rename(path, &aside);
    moved.map_err(|why| format!("the old session can't be replaced: {why}: {}", path.display()))?;
    Ok(Some(Replaced { path: aside, scan }))
}

/// A name that no file has: `case (replaced).voxpoint`. It is shown and opened like any session: should the program end
/// before the new one is there, that is where the old one is.
fn free_name_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    let stem = name.strip_suffix(ENDING).unwrap_or(&name);
    let mut names = (1..1000).map(|n| match n {
        1 => path.with_file_name(format!("{stem} (replaced){ENDING}")),
        n => path.with_file_name(format!("{stem} (replaced {n}){ENDING}")),
    });
    names.find(|name| name.symlink_metadata().is_err())
}

/// Whether a file lies, or would lie, in a folder.
fn is_in(path: &Path, folder: &Path) -> bool {
    path.parent().is_some_and(|parent| same_file(parent, folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{DAffine3, Grid};
    use crate::session::Hash;
    use crate::volume::{Scale, StoredGeometry, Voxels};
    use crate::work::{CancelToken, Progress};

    /// The last copy of a scan of several files is not thrown away because their folder is still there.
    #[test]
    fn a_scan_of_many_files_lies_outside_as_long_as_each_of_them_does() {
        type Deed = fn(&Path);
        let rows: [(&str, Deed, &str); 6] = [
            ("as they were", |_| (), ""),
            ("one more", |at| std::fs::write(at.join("3"), "more").unwrap(), ""),
            ("other contents", |at| std::fs::write(at.join("2"), "dx").unwrap(), "was changed"),
            ("shorter", |at| std::fs::write(at.join("2"), "").unwrap(), "was changed"),
            ("one less", |at| std::fs::remove_file(at.join("2")).unwrap(), "not there any more"),
            (
                "emptied",
                |at| ["1", "2"].iter().for_each(|n| std::fs::remove_file(at.join(n)).unwrap()),
                "not there any more",
            ),
        ];
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        for (what, deed, word) in rows {
            let folder = tempfile::tempdir().unwrap();
            let files = ["1", "2"].map(|name| folder.path().join(name));
            files
                .iter()
                .zip(["abc", "de"])
                .for_each(|(at, text)| std::fs::write(at, text).unwrap());
            let (sha256, bytes) = Hash::of_files(&files, &cancel).unwrap().unwrap();
            let absolute = folder.path().to_owned();
            let file = FileRef { absolute, relative: None, bytes, sha256: Some(sha256) };
            let grid = Grid::new([2, 2, 2], DAffine3::IDENTITY).unwrap();
            let (voxels, said) = (Voxels::U8(vec![0; 8]), StoredGeometry::of(&grid));
            let (dims, scale) = (grid.dims().to_vec(), Scale::NONE);
            let volume = Volume::new("scan", grid, dims, voxels, scale, said, Vec::new());
            let volume = volume.read_from(files);
            let part = ScanPart { volume: Some(&volume), cancel: &cancel, progress: &progress };
            deed(folder.path());
            let why = lies_outside(&file, part).err().unwrap_or_default();
            assert!(why.contains(word) && why.is_empty() == word.is_empty(), "{what}: {why}");
            if word.is_empty() {
                let unknown = FileRef { sha256: None, ..file.clone() };
                let why = lies_outside(&unknown, part).unwrap_err();
                assert!(why.contains("not known yet"), "{what}: {why}");
                let alone = ScanPart { volume: None, ..part };
                assert!(lies_outside(&file, alone).is_err(), "{what}: no scan is open");
            }
        }
    }
}
