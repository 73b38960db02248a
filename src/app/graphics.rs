//! A graphics device that fails while the window is open: what the user is told, and another window with the same
//! work in it where the device is gone.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use super::files::{ending_with_overlaps, label_ending, label_names, stem_for};
use super::gpu::Gpu;
use super::{App, DocumentNumber, dress};
use crate::document::Document;
use crate::io::{IoError, Registry};
use crate::render::Fault;
use crate::ui::text::tr;
use crate::work::{CancelToken, Progress, Wake};

/// What the window's owner knows of the window and its device.
pub(super) struct Graphics {
    /// Of the window that is open now: threads that were started for another one wake this.
    ctx: Arc<Mutex<egui::Context>>,
    /// The documents (none: the window without one) whose pictures were said to be incomplete.
    told: Vec<Option<DocumentNumber>>,
    /// The device is gone, in the driver's words.
    lost: Option<String>,
}

impl Graphics {
    pub fn new(ctx: &egui::Context) -> Self {
        Self { ctx: Arc::new(Mutex::new(ctx.clone())), told: Vec::new(), lost: None }
    }

    /// Asks the window that is open then for a frame.
    pub fn wake(&self) -> Wake {
        let ctx = Arc::clone(&self.ctx);
        Arc::new(move || ctx.lock().unwrap_or_else(PoisonError::into_inner).request_repaint())
    }
}

impl App {
    /// Tells what went wrong on the device; has the window closed if nothing can be drawn in it any more.
    pub(super) fn look_after_graphics(&mut self, ctx: &egui::Context) {
        let Some(fault) = self.gpu.as_ref().and_then(Gpu::take_fault) else { return };
        let text = match fault {
            Fault::Lost(why) => {
                self.graphics.lost = Some(why);
                // Not the user's wish: nothing is asked, and the next window has everything.
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
                return;
            }
            Fault::NoMemory => tr(
                "The graphics adapter has no memory left, so pictures may be incomplete. Your work is not touched: save it, then take images away or close other programs.",
            ),
            Fault::Refused(_) => tr(
                "The graphics adapter refused to draw something, so pictures may be incomplete. Your work is not touched: save it, then start the program again. The log says more.",
            ),
        };
        // What follows from it is not said again and again.
        let document = self.open.as_ref().map(|open| open.number);
        if !self.graphics.told.contains(&document) {
            self.graphics.told.push(document);
            self.toasts.error(text.to_owned());
        }
    }

    /// Whether it goes on in another window, because the device of this one is gone.
    pub fn lost_graphics(&self) -> bool {
        self.graphics.lost.is_some()
    }

    /// Goes on in another window.
    pub fn reopened(mut self, cc: &eframe::CreationContext<'_>) -> Self {
        dress(&cc.egui_ctx);
        *self.graphics.ctx.lock().unwrap_or_else(PoisonError::into_inner) = cc.egui_ctx.clone();
        self.gpu = cc.wgpu_render_state.as_ref().map(|state| Gpu::new(state, &cc.egui_ctx));
        self.graphics.told.clear();
        self.leaving.reopened();
        if let Some(why) = self.graphics.lost.take() {
            tracing::warn!("the graphics device was lost: {why}");
            let text = tr(
                "The graphics adapter stopped working, so the window was opened again. Nothing was lost; save your work.",
            );
            self.toasts.error(text.to_owned());
        }
        self
    }
}

impl App {
    /// Saves unsaved work where no window can be opened any more, beside the scan or else where the user may write;
    /// what was done, in words. `None` if there is none.
    pub(super) fn rescue(&self) -> Option<String> {
        let open = self.open.as_ref().filter(|open| open.document.is_modified())?;
        let home = directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
        let beside = open.path.parent().map(Path::to_owned);
        let folders = beside.into_iter().chain(home).chain([std::env::temp_dir()]);
        Some(match rescued(&self.formats, &open.document, &open.path, folders) {
            Ok(path) => format!("unsaved work was saved as {}", path.display()),
            Err(why) => format!("unsaved work is lost: {why}"),
        })
    }
}

/// Saves the masks of a scan in the first of the folders that takes them; where.
fn rescued(
    formats: &Registry,
    document: &Document,
    scan: &Path,
    folders: impl Iterator<Item = PathBuf>,
) -> Result<PathBuf, String> {
    let (image, covered) = (document.image(), document.covered());
    let table = label_names(document, !covered.is_empty());
    let ending =
        if covered.is_empty() { label_ending(formats) } else { ending_with_overlaps(formats) };
    let mut failed = "there is no folder for it".to_owned();
    for folder in folders {
        let path = free_name(&folder, &stem_for(formats, scan, image.provenance()), ending);
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let labels = (document.labels(), &covered);
        let (grid, said) = (image.grid(), image.provenance());
        match formats.save_overlapping(&path, labels, grid, said, &table, &cancel, &progress) {
            // The mask is there then, only its names are not.
            Ok(_) | Err(IoError::Table { .. }) => return Ok(path),
            Err(why) => failed = why.to_string(),
        }
    }
    Err(failed)
}

/// A name for it that no file of the folder has.
fn free_name(folder: &Path, stem: &str, ending: &str) -> PathBuf {
    let name = |n: u32| match n {
        1 => folder.join(format!("{stem}_rescued{ending}")),
        n => folder.join(format!("{stem}_rescued_{n}{ending}")),
    };
    // So many that nobody has them all.
    (1..=u32::MAX).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(1))
}

/// Where a window leaves the program when it closes.
pub type Left = Rc<RefCell<Option<App>>>;

/// The program in a window, which it can outlive.
pub struct AppWindow {
    app: Option<App>,
    left: Left,
}

impl AppWindow {
    /// `left` gets the program when the window is gone.
    pub fn new(app: App, left: Left) -> Self {
        Self { app: Some(app), left }
    }
}

impl Drop for AppWindow {
    fn drop(&mut self) {
        *self.left.borrow_mut() = self.app.take();
    }
}

impl eframe::App for AppWindow {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        if let Some(app) = &mut self.app {
            app.logic(ctx, frame);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        if let Some(app) = &mut self.app {
            app.ui(ui, frame);
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn persist_egui_memory(&self) -> bool {
        self.app.as_ref().is_some_and(eframe::App::persist_egui_memory)
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        if let Some(app) = &mut self.app {
            eframe::App::save(app, storage);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Command;
    use crate::geom::{DAffine3, Grid};
    use crate::io;
    use crate::volume::{NamedRegion, Region, Scale, StoredGeometry, Volume, Voxels};

    fn with_mask() -> Document {
        let grid = Grid::new([6, 5, 4], DAffine3::IDENTITY).unwrap();
        let (stored, voxels) = (StoredGeometry::of(&grid), Voxels::U8(vec![1; grid.count()]));
        let image = Volume::new("scan", grid, vec![6, 5, 4], voxels, Scale::NONE, stored, vec![]);
        let mut document = Document::new(Arc::new(image));
        let region = NamedRegion {
            value: 3,
            name: Some("liver".into()),
            colour: None,
            opacity: None,
            visible: true,
            region: Region::from_mask(6, (0..120).map(|n| (7..12).contains(&n))),
            on_top: None,
        };
        document.apply(Command::Import(vec![region])).unwrap();
        document
    }

    #[test]
    fn work_is_rescued_where_it_can_be_written() {
        let home = tempfile::tempdir().unwrap();
        let (document, scan) = (with_mask(), home.path().join("ct.nii.gz"));
        let at =
            |folders: Vec<PathBuf>| rescued(io::formats(), &document, &scan, folders.into_iter());
        let nowhere = home.path().join("gone");
        let first = at(vec![nowhere.clone(), home.path().to_owned()]).unwrap();
        assert_eq!(first, home.path().join("ct_rescued.nii.gz"));
        assert!(home.path().join("ct_rescued.labels.txt").exists());
        let (cancel, progress) = (CancelToken::new(), Progress::new());
        let saved = io::open_volume(&first, &io::Limits::default(), &cancel, &progress).unwrap();
        let labels = io::labels_of(&saved, &first, saved.grid()).unwrap().labels;
        assert_eq!(
            labels.iter().map(|l| (l.value, l.region.count())).collect::<Vec<_>>(),
            [(3, 5)]
        );
        // Nothing that is there is replaced.
        let second = at(vec![home.path().to_owned()]).unwrap();
        assert_eq!(second, home.path().join("ct_rescued_2.nii.gz"));
        assert!(at(vec![nowhere]).is_err() && at(vec![]).is_err());
    }
}
