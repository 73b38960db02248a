//! `voxpoint export-session --pictures`: each object in the three slices in which most of it is seen.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::args::ExportSessionArgs;
use super::per_label::{make, refuse_to_replace};
use super::render::first_look;
use super::say;
use super::session_scan::scan_of;
use crate::app::show_as_kept;
use crate::document::{Command, Document, LabelId, Object};
use crate::figure::{Figure, FigureRenderer, save_png};
use crate::geom::{Grid, Plane, SliceFrame};
use crate::io;
use crate::session::Contents;
use crate::ui::{Pane, ViewState};
use crate::volume::{Region, Volume, Window};
use crate::work::CancelToken;

/// Pixels of a picture.
const SIZE: [u32; 2] = [1024, 1024];

/// The planes, and what the names of their pictures end in.
const PLANES: [(Plane, &str); 3] = [
    (Plane::Axial, "_axial.png"),
    (Plane::Coronal, "_coronal.png"),
    (Plane::Sagittal, "_sagittal.png"),
];

/// The pictures of the objects that are to be drawn.
pub struct ObjectPictures<'a> {
    session: &'a Path,
    folder: &'a Path,
    contents: &'a Contents,
    objects: Vec<&'a Object>,
    /// Of each plane, where those of the objects go.
    places: Vec<Vec<PathBuf>>,
    /// What they are drawn on.
    volume: Arc<Volume>,
}

impl<'a> ObjectPictures<'a> {
    /// Those of a session.
    ///
    /// # Errors
    /// If a file would be replaced unasked, or the scan can't be had. Nothing is made.
    pub fn of(
        args: &'a ExportSessionArgs,
        contents: &'a Contents,
        folder: &'a Path,
    ) -> anyhow::Result<Self> {
        let objects: Vec<&Object> =
            contents.snapshot.objects.iter().filter(|o| o.has_voxels()).collect();
        let names: Vec<(u16, &str)> = objects.iter().map(|o| (o.id.0, &*o.name)).collect();
        let of_plane = |ending: &str| io::formats().files_for_each(folder, ending, &names);
        let places: Vec<Vec<PathBuf>> = PLANES.iter().map(|(_, ending)| of_plane(ending)).collect();
        for places in &places {
            refuse_to_replace(places, args.force)?;
        }
        let volume = Arc::new(scan_for(args, contents)?);
        Ok(Self { session: &args.session, folder, contents, objects, places, volume })
    }

    /// Where they go.
    pub fn places(&self) -> impl Iterator<Item = &Path> {
        self.places.iter().flatten().map(PathBuf::as_path)
    }
}

/// Draws them; where each is.
pub fn write(pictures: &ObjectPictures) -> anyhow::Result<Vec<PathBuf>> {
    let ObjectPictures { session, folder, contents, objects, places, volume } = pictures;
    make(folder)?;
    let document = document_on(contents, volume)?;
    let mut view = view_of(contents, &document);
    for lost in show_as_kept(&mut view, (session, contents), &document) {
        say(&format!(
            "warning: not beside the slices as in the window, because it is not there or another file now: {}",
            lost.display()
        ));
    }
    let none = CancelToken::new();
    let mut renderer = FigureRenderer::new(document, &view, &none)?;
    let mut written = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        // What lies under others is brought up, and what is hidden is shown, on a device of its own.
        let mut in_front = if object.covered.is_empty() && object.visible {
            None
        } else {
            let document = in_front(contents, volume, object.id)?;
            Some(FigureRenderer::new(document, &view, &none)?)
        };
        let renderer = in_front.as_mut().unwrap_or(&mut renderer);
        for ((plane, _), places) in PLANES.iter().zip(places) {
            let figure = figure(&view, volume.grid(), object, *plane);
            save_png(&places[n], &renderer.draw(&figure)?)?;
            written.push(places[n].clone());
        }
    }
    Ok(written)
}

/// The scan that they are drawn on.
fn scan_for(args: &ExportSessionArgs, contents: &Contents) -> anyhow::Result<Volume> {
    scan_of(&args.session, contents, args.reference.as_deref())?.with_context(|| {
        format!(
            "the pictures need the scan, which is not there or is another file now; say where it is with --reference: {}",
            contents.snapshot.around.source.file.absolute.display()
        )
    })
}

/// The work on its scan.
fn document_on(contents: &Contents, volume: &Arc<Volume>) -> anyhow::Result<Document> {
    // Images over the scan are not drawn.
    let (document, damage) =
        contents.snapshot.restore(Arc::clone(volume), std::collections::BTreeMap::new())?;
    for damage in damage {
        say(&format!("warning: {damage}"));
    }
    Ok(document)
}

/// With all of an object in front, and seen. What is locked lets nothing come up from under it: in this document, which is only
/// looked at, nothing is.
fn in_front(contents: &Contents, volume: &Arc<Volume>, id: LabelId) -> anyhow::Result<Document> {
    let mut document = document_on(contents, volume)?;
    let locked = document.objects().iter().filter(|object| object.locked);
    for locked in locked.map(|object| object.id).collect::<Vec<_>>() {
        document.apply(Command::SetLocked(locked, false))?;
    }
    document.apply(Command::SetVisible(id, true))?;
    if document.object(id).is_some_and(|object| !object.covered.is_empty()) {
        document.apply(Command::BringToFront(id))?;
    }
    Ok(document)
}

/// How the scan was looked at, without lines over the objects.
fn view_of(contents: &Contents, document: &Document) -> ViewState {
    let mut view = first_look(document);
    view.transient.is_figure = true;
    view.prefs.show_crosshair = false;
    view.scan.time_point = document.image().time_point();
    let number = |n: usize| contents.snapshot.around.view["window"][n].as_f64();
    if let (Some(centre), Some(width)) = (number(0), number(1))
        && width > 0.0
    {
        view.scan.window = Window::new(centre, width);
    }
    view
}

fn figure(view: &ViewState, grid: &Grid, object: &Object, plane: Plane) -> Figure {
    let mut view = view.clone();
    view.scan.maximised = Some(Pane::Slice(plane));
    let axis = SliceFrame::new(grid, plane, view.prefs.convention).through_axis();
    let whole = object.region.union(&object.covered, grid.dims()[0]);
    view.scan.crosshair = grid.world_of(fullest(&whole, grid.dims(), axis));
    Figure { view, size: SIZE, pixels_per_point: 1.0, annotated: true }
}

/// A voxel in the slice through an axis in which a mask has most voxels: in the middle of those.
fn fullest(region: &Region, dims: [usize; 3], axis: usize) -> [usize; 3] {
    let mut slices = vec![(0u64, [0u64; 3]); dims[axis]];
    for run in region.runs() {
        let from =
            [run.start % dims[0], run.start / dims[0] % dims[1], run.start / dims[0] / dims[1]];
        for x in from[0]..from[0] + run.len as usize {
            let at = [x, from[1], from[2]];
            let (count, sums) = &mut slices[at[axis]];
            *count += 1;
            for (sum, at) in sums.iter_mut().zip(at) {
                *sum += at as u64;
            }
        }
    }
    // Of several the first.
    let most = slices.iter().map(|(count, _)| *count).max().unwrap_or(0);
    let slice = slices.iter().find(|(count, _)| *count == most && most > 0);
    slice.map_or([0; 3], |(count, sums)| sums.map(|sum| (sum / count) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slice_is_the_one_with_most_of_the_object() {
        let dims = [6, 5, 4];
        // A row of 4 in one slice, 2 × 2 in another.
        let inside = |n: usize| {
            let [x, y, z] = [n % 6, n / 6 % 5, n / 30];
            (z == 1 && y == 2 && x < 4) || (z == 3 && (2..4).contains(&x) && y < 3)
        };
        let region = Region::from_mask(6, (0..120).map(inside));
        assert_eq!(fullest(&region, dims, 2), [2, 1, 3]);
        assert_eq!(fullest(&region, dims, 1), [1, 2, 1]);
        assert_eq!(fullest(&region, dims, 0)[0], 2);
        assert_eq!(fullest(&Region::default(), dims, 1), [0, 0, 0]);
        let convention = crate::geom::Convention::default();
        let grid = Grid::new(dims, crate::geom::DAffine3::IDENTITY).unwrap();
        let axes =
            PLANES.map(|(plane, _)| SliceFrame::new(&grid, plane, convention).through_axis());
        assert_eq!(axes, [2, 1, 0]);
    }
}
