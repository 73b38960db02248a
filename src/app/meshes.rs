//! Objects as triangle meshes: made and written on a thread of their own, all files or none.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rayon::prelude::*;

use super::App;
use super::document_number::DocumentNumber;
use super::files::{Purpose, name_of, same_file};
use super::open_document::OpenDocument;
use crate::document::{LabelId, Object};
use crate::geom::Grid;
use crate::io::{self, IoError, Staged};
use crate::mask::{MaskError, WorkLimits};
use crate::mesh::{
    MeshFormat, MeshOptions, MeshSpace, NamedMesh, encode_meshes, mesh_files, surface_mesh,
};
use crate::ui::text::{tr, tr_with};
use crate::ui::{FileProgress, FilesThere, WantedMeshes};
use crate::volume::Region;
use crate::work::memory::Free;
use crate::work::{CancelToken, Progress, Task, Wake};

/// How often the window looks how far it is.
const LOOK: Duration = Duration::from_millis(100);

/// An object that becomes a mesh, as it was when it was asked for.
struct Structure {
    label: LabelId,
    name: String,
    colour: [u8; 3],
    /// What is seen of it, and what lies under others.
    layers: [Arc<Region>; 2],
}

impl Structure {
    fn of(object: &Object) -> Self {
        Self {
            label: object.id,
            name: object.name.clone(),
            colour: object.colour,
            layers: [&object.region, &object.covered].map(Arc::clone),
        }
    }
}

/// What a thread is given.
struct Job {
    structures: Vec<Structure>,
    grid: Grid,
    options: MeshOptions,
    space: MeshSpace,
    path: PathBuf,
    /// The scan and label maps, which are not to be replaced.
    images: Vec<PathBuf>,
    /// Whether files that are there already are.
    replaces: bool,
}

/// Why nothing was written.
enum NotWritten {
    Mask(MaskError),
    Io(IoError),
    /// These are there already.
    There(Vec<String>),
    /// It would replace the scan or a label map.
    Image(PathBuf),
    /// The name says no format.
    Name,
}

impl From<MaskError> for NotWritten {
    fn from(why: MaskError) -> Self {
        Self::Mask(why)
    }
}

impl Job {
    /// Writes the meshes; into how many files.
    fn run(&self, cancel: &CancelToken, progress: &Progress) -> Result<usize, NotWritten> {
        let format = MeshFormat::of_name(&name_of(&self.path)).ok_or(NotWritten::Name)?;
        let names: Vec<(u64, &str)> =
            self.structures.iter().map(|s| (u64::from(s.label.0), &*s.name)).collect();
        let files = mesh_files(&self.path, format, &names);
        self.look_at(&files)?;
        let meshes = self.meshes(cancel, progress)?;
        let groups: Vec<&[NamedMesh]> =
            if files.len() == 1 { vec![&meshes] } else { meshes.chunks(1).collect() };
        let mut staged: Vec<(Staged, PathBuf)> = Vec::new();
        for (group, file) in groups.into_iter().zip(&files) {
            cancel.check().map_err(|_| NotWritten::Io(IoError::Cancelled))?;
            let bytes = encode_meshes(group, format, self.space);
            let failed = |source| IoError::Write { source, path: file.clone() };
            let written = io::stage_bytes(file, &bytes).map_err(failed).map_err(NotWritten::Io)?;
            staged.push((written, file.clone()));
        }
        cancel.check().map_err(|_| NotWritten::Io(IoError::Cancelled))?;
        // Somebody may have put files there meanwhile.
        self.look_at(&files)?;
        io::publish_together(staged).map_err(NotWritten::Io)?;
        Ok(files.len())
    }

    /// Whether these files may be written.
    fn look_at(&self, files: &[PathBuf]) -> Result<(), NotWritten> {
        let is_image = |file: &&PathBuf| self.images.iter().any(|image| same_file(file, image));
        if let Some(image) = files.iter().find(is_image) {
            return Err(NotWritten::Image(image.clone()));
        }
        // About the file that was named the dialog has asked.
        let there = |file: &&PathBuf| **file != self.path && file.symlink_metadata().is_ok();
        let there: Vec<String> = files.iter().filter(there).map(|file| name_of(file)).collect();
        if there.is_empty() || self.replaces { Ok(()) } else { Err(NotWritten::There(there)) }
    }

    fn meshes(
        &self,
        cancel: &CancelToken,
        progress: &Progress,
    ) -> Result<Vec<NamedMesh>, NotWritten> {
        progress.set_total(self.structures.len() as u64);
        let done = AtomicU64::new(0);
        // So many are made at a time.
        let share = Free::now().usable() / rayon::current_num_threads().max(1) as u64;
        let limits = WorkLimits::new(cancel.clone(), share);
        let row = self.grid.dims()[0];
        let one = |structure: &Structure| {
            let Structure { name, colour, layers: [seen, covered], .. } = structure;
            let whole = seen.union(covered, row);
            let mesh = surface_mesh(&whole, &self.grid, &self.options, &limits)?;
            progress.set_done(done.fetch_add(1, Ordering::Relaxed) + 1);
            Ok(NamedMesh { name: name.clone(), colour: *colour, mesh })
        };
        self.structures.par_iter().map(one).collect()
    }
}

/// Meshes of which document are to be where.
#[derive(Clone)]
pub(super) struct MeshOrder {
    pub document: DocumentNumber,
    pub wanted: WantedMeshes,
    pub path: PathBuf,
}

/// Meshes that are being made, or files about which it is asked.
pub(super) struct MeshExport {
    wake: Wake,
    writing: Option<(MeshOrder, Task<Result<usize, NotWritten>>)>,
    asking: Option<(MeshOrder, FilesThere)>,
}

impl MeshExport {
    pub fn new(wake: Wake) -> Self {
        Self { wake, writing: None, asking: None }
    }

    pub fn is_busy(&self) -> bool {
        self.writing.is_some()
    }

    pub fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// Stops: what was there before stays.
    pub fn cancel(&self) {
        if let Some((_, task)) = &self.writing {
            task.cancel();
        }
    }

    /// What is asked about; it is not any more.
    pub fn take_question(&mut self) -> Option<MeshOrder> {
        self.asking.take().map(|(order, _)| order)
    }

    /// Starts making the meshes of the open document; what to say if that can't be begun.
    fn start(
        &mut self,
        order: MeshOrder,
        open: &OpenDocument,
        replaces: bool,
    ) -> Result<(), String> {
        if self.writing.is_some() {
            return Err(
                tr("Meshes are being exported already; wait for them or stop that").to_owned()
            );
        }
        let WantedMeshes { objects, lps, error_mm, smooth, decimate, .. } = &order.wanted;
        let wanted = |o: &&Object| o.has_voxels() && objects.contains(&o.id);
        let document = &open.document;
        let structures: Vec<Structure> =
            document.objects().iter().filter(wanted).map(Structure::of).collect();
        if structures.is_empty() {
            return Err(tr("No object has voxels: there is nothing to save").to_owned());
        }
        let image = document.image();
        let maps = [open.saved_to.clone(), open.came_from.clone()].into_iter().flatten();
        let job = Job {
            structures,
            grid: image.grid().clone(),
            options: MeshOptions { error: *error_mm, smooth: *smooth, decimate: *decimate },
            space: if *lps { MeshSpace::Lps } else { MeshSpace::Ras },
            path: order.path.clone(),
            images: maps.chain([open.path.clone()]).chain(image.files().iter().cloned()).collect(),
            replaces,
        };
        let task = Task::start("meshes", self.wake.clone(), move |cancel, progress| {
            job.run(cancel, progress)
        });
        let task = task.map_err(|why| format!("{}: {why}", tr("no thread to save a file")))?;
        self.writing = Some((order, task));
        Ok(())
    }

    /// What came of it, to be told. `open`: the document that is open now, the only one about which something can be
    /// asked.
    fn poll(&mut self, open: Option<DocumentNumber>) -> Option<Result<String, String>> {
        self.asking.take_if(|(asked, _)| Some(asked.document) != open);
        let answer = self.writing.as_ref()?.1.poll()?;
        let (order, _) = self.writing.take()?;
        let path = &order.path;
        let name = path.display();
        Some(match answer {
            Ok(Ok(files)) => Ok(saved(files, &order)),
            Ok(Err(NotWritten::There(names))) => {
                let folder = io::folder_of(path).to_owned();
                self.asking = Some((order, FilesThere { folder, names }));
                return None;
            }
            Ok(Err(
                NotWritten::Io(IoError::Cancelled) | NotWritten::Mask(MaskError::Cancelled),
            )) => Ok(tr("Saving was stopped; nothing was written").to_owned()),
            Ok(Err(NotWritten::Io(why))) => Err(why.to_string()),
            Ok(Err(NotWritten::Mask(why))) => Err(why.to_string()),
            Ok(Err(NotWritten::Image(image))) => {
                let text = tr("That is an image or a label map; choose another name");
                Err(format!("{text}: {}", image.display()))
            }
            Ok(Err(NotWritten::Name)) => Err(tr_with(
                "The name of a mesh's file ends in .glb, .obj, .stl or .ply: {name}",
                &[("name", &name)],
            )),
            Err(_) => Err(tr_with(
                "The writer stopped unexpectedly; nothing was saved in {folder}",
                &[("folder", &name)],
            )),
        })
    }
}

/// What is said of files that are there.
fn saved(files: usize, order: &MeshOrder) -> String {
    let MeshOrder { wanted, path, .. } = order;
    let axes = if wanted.lps { MeshSpace::Lps } else { MeshSpace::Ras }.name();
    if files == 1 {
        return tr_with(
            "Saved and verified, objects: {n}, axes {axes}: {name}",
            &[("n", &wanted.objects.len()), ("axes", &axes), ("name", &path.display())],
        );
    }
    tr_with(
        "{n} files were written and verified, one for each object, axes {axes}: {folder}",
        &[("n", &files), ("axes", &axes), ("folder", &io::folder_of(path).display())],
    )
}

impl App {
    /// Asks where meshes go.
    pub(super) fn ask_meshes(&mut self, wanted: WantedMeshes) {
        let Some(open) = &self.open else { return };
        let stem = open.stem(&self.formats);
        let suggestion = open.path.with_file_name(format!("{stem}_meshes{}", wanted.ending));
        self.files.paths.ask(Purpose::Meshes(open.number, wanted, suggestion));
    }

    /// Makes meshes of the masks as they are now. `replaces`: whether files beside the one that was named may be replaced.
    pub(super) fn export_meshes(&mut self, order: MeshOrder, replaces: bool) {
        let open = self.open.as_ref().filter(|open| open.number == order.document);
        let Some(open) = open else {
            self.toasts.error(tr_with(
                "Not saved, because another scan was opened meanwhile: {name}",
                &[("name", &order.path.display())],
            ));
            return;
        };
        if open.document.pending().is_some() {
            self.toasts
                .warning(tr("Saved without the click that is still being computed").to_owned());
        }
        let begun = self.meshes.start(order, open, replaces);
        self.told(begun);
    }

    /// Says how far meshes are and what came of them, and asks what has to be asked.
    pub(super) fn follow_meshes(&mut self, ctx: &egui::Context) {
        let number = self.open.as_ref().map(|open| open.number);
        match self.meshes.poll(number) {
            Some(Ok(text)) => self.toasts.info(text),
            Some(Err(why)) => self.toasts.error(why),
            None => {}
        }
        self.status.exporting = self.meshes.writing.as_ref().map(|(order, task)| {
            let (done, total) = task.progress();
            FileProgress { name: name_of(&order.path), done, total }
        });
        if self.meshes.is_busy() {
            ctx.request_repaint_after(LOOK);
        }
        if let Some((_, there)) = &self.meshes.asking {
            self.status.ask_files = Some(there.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::geom::{DAffine3, DVec3};

    /// A ball in a grid of voxels of 2 mm, by two names.
    fn job(path: PathBuf, images: Vec<PathBuf>, replaces: bool) -> Job {
        let grid = Grid::new([20, 20, 20], DAffine3::from_scale(DVec3::splat(2.0))).unwrap();
        let inside = |n: usize| {
            let at = DVec3::new((n % 20) as f64, (n / 20 % 20) as f64, (n / 400) as f64);
            at.distance(DVec3::splat(9.5)) < 6.0
        };
        let ball = Arc::new(Region::from_mask(20, (0..8000).map(inside)));
        let structure = |label: u16, name: &str| Structure {
            label: LabelId(label),
            name: name.to_owned(),
            colour: [1, 2, 3],
            layers: [Arc::clone(&ball), Arc::default()],
        };
        let options = MeshOptions::of(&grid);
        let structures = vec![structure(3, "Left kidney"), structure(4, "肾")];
        Job { structures, grid, options, space: MeshSpace::Ras, path, images, replaces }
    }

    fn names(folder: &Path) -> Vec<String> {
        let files = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = files.map(|file| name_of(&file.unwrap().path())).collect();
        names.sort();
        names
    }

    #[test]
    fn meshes_are_written_all_or_none_and_over_nothing_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (go, progress) = (CancelToken::new(), Progress::new());
        let stopped = CancelToken::new();
        stopped.cancel();
        let run = job(at("all.glb"), vec![], false).run(&stopped, &progress);
        assert!(matches!(run, Err(NotWritten::Mask(MaskError::Cancelled))));
        assert!(names(folder.path()).is_empty(), "nothing is left");
        assert!(matches!(job(at("all.glb"), vec![], false).run(&go, &progress), Ok(1)));
        assert_eq!(progress.get(), (2, 2));
        assert!(matches!(job(at("o.stl"), vec![], false).run(&go, &progress), Ok(2)));
        let written = ["all.glb", "o_3_left_kidney.stl", "o_4_肾.stl"];
        assert_eq!(names(folder.path()), written);
        // What is there already is named, and replaced once that was agreed to.
        std::fs::write(at("o_4_肾.stl"), "somebody's").unwrap();
        std::fs::remove_file(at("o_3_left_kidney.stl")).unwrap();
        let Err(NotWritten::There(there)) = job(at("o.stl"), vec![], false).run(&go, &progress)
        else {
            panic!("it is asked first");
        };
        assert_eq!(there, ["o_4_肾.stl"]);
        assert_eq!(std::fs::read(at("o_4_肾.stl")).unwrap(), b"somebody's");
        assert!(matches!(job(at("o.stl"), vec![], true).run(&go, &progress), Ok(2)));
        assert_eq!(names(folder.path()), written);
        // Never the scan, whatever it is called.
        std::fs::write(at("scan.obj"), "a scan").unwrap();
        let run = job(at("scan.obj"), vec![at("scan.obj")], true).run(&go, &progress);
        assert!(matches!(run, Err(NotWritten::Image(_))));
        assert_eq!(std::fs::read(at("scan.obj")).unwrap(), b"a scan");
        let run = job(at("mesh.vtk"), vec![], true).run(&go, &progress);
        assert!(matches!(run, Err(NotWritten::Name)));
    }
}
