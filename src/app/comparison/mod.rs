//! A second label map (B) beside the objects (A): what is drawn of the two, where they differ, their numbers.
//!
//! - `reference`: the other label map, and how its labels are paired with objects.
//! - `numbers`: the table, computed on a thread when nothing is done, stopped by the next change.
//! - `drawing`: what is drawn instead of the objects, made anew on a thread only where the document was edited.
//! - `on_second`: B over the second scan, where slices are shown twice.
//! - `places`: where the two differ, looked for when somebody wants to go there.
//! - `table_file`: the numbers as CSV and JSON.

mod drawing;
mod numbers;
mod on_second;
mod places;
mod reference;
mod table_file;

use std::path::PathBuf;
use std::sync::Arc;

use super::App;
use super::files::{Purpose, ReferenceRead, name_of};
use super::offers::told;
use super::table_file::TableFile;
use crate::document::{Command, Document};
use crate::geom::Grid;
use crate::ui::text::{tr, tr_with};
use crate::ui::{
    BesideLabels, ComparedPair, ComparisonAction, ComparisonLook, ComparisonStatus, ComparisonView,
    tr_error,
};
use crate::work::Wake;
use drawing::Drawing;
use numbers::Numbers;
use on_second::OnSecond;
use places::Places;
pub(super) use reference::Reference;

/// The comparison that goes on, if one does.
pub(super) struct Comparison {
    reference: Option<Arc<Reference>>,
    /// How many there were.
    opened: u64,
    numbers: Numbers,
    drawing: Drawing,
    places: Places,
    on_second: OnSecond,
    file: TableFile,
}

impl Comparison {
    pub fn start(wake: &Wake) -> std::io::Result<Self> {
        Ok(Self {
            reference: None,
            opened: 0,
            numbers: Numbers::start(wake.clone())?,
            drawing: Drawing::start(wake.clone())?,
            places: Places::start(wake.clone())?,
            on_second: OnSecond::new(wake.clone()),
            file: TableFile::new(wake.clone()),
        })
    }

    /// B, if something is compared.
    pub fn reference(&self) -> Option<&Arc<Reference>> {
        self.reference.as_ref()
    }

    /// Nothing is drawn over a second scan.
    pub fn nothing_beside(&mut self) {
        self.on_second.stop();
    }

    /// Whether something of it is being computed or written.
    pub fn is_busy(&self) -> bool {
        let computes = self.numbers.is_busy() || self.drawing.is_busy();
        computes || self.places.is_busy() || self.on_second.is_busy() || self.file.is_busy()
    }
}

impl App {
    /// Compares the objects with a label map that was read.
    pub(super) fn begin_comparison(&mut self, path: PathBuf, read: ReferenceRead) {
        if self.open.is_none() {
            return;
        }
        if read.on_second {
            self.put_over_second(path, &read);
            return;
        }
        let name = name_of(&path);
        for note in &read.read.notes {
            self.toasts.warning(format!("{name}: {}", told(note)));
        }
        self.tell_resampled(&name, read.resampled);
        let values = [("name", &name as &dyn std::fmt::Display)];
        if read.read.labels.is_empty() {
            self.toasts.warning(tr_with("{name} has no label: all of A counts as false", &values));
        } else {
            let count = read.read.labels.len();
            self.toasts.info(tr_with(
                "{name}: the objects are compared with its {n} labels",
                &[values[0], ("n", &count)],
            ));
        }
        let before = self.view.scan.comparison.take();
        self.sessions.compared_with(path.clone(), &read);
        self.compare_to(path, read);
        // How one compares stays, with what does not.
        if let (Some(view), Some(before)) = (&mut self.view.scan.comparison, before) {
            view.by = before.by;
            (view.tolerance_mm, view.scale_mm) = (before.tolerance_mm, before.scale_mm);
            view.sorted = before.sorted;
        }
        if self.view.is_side_by_side()
            && let Some(view) = &mut self.view.scan.comparison
        {
            view.look = ComparisonLook::Objects;
        }
    }

    /// Makes a label map on the scan's grid the one that the objects are compared with.
    pub(super) fn compare_to(&mut self, path: PathBuf, read: ReferenceRead) {
        let Some(document) = self.open.as_ref().map(|open| open.number) else { return };
        // Of another label map nothing is shown beside this one's name.
        self.end_comparison();
        self.comparison.opened += 1;
        let reading = read.reading;
        let view = ComparisonView { reading, ..ComparisonView::with(name_of(&path)) };
        let reference = Reference::new(self.comparison.opened, document, path, read);
        self.comparison.reference = Some(Arc::new(reference));
        self.view.scan.comparison = Some(view);
    }

    /// B as it is drawn over a second scan on this grid, once it can be.
    pub(super) fn labels_on_second(&mut self, second: &Grid) -> Option<BesideLabels> {
        let document = self.open.as_ref().map(|open| &open.document);
        let comparison = &mut self.comparison;
        let parts =
            document.zip(comparison.reference.as_ref()).zip(self.view.scan.comparison.as_ref());
        let Some(((document, reference), view)) = parts else {
            comparison.on_second.stop();
            return None;
        };
        let status = &self.status.comparison;
        match comparison.on_second.follow((document, second), reference, view, status) {
            Ok(drawn) => drawn.map(|drawn| BesideLabels {
                file: view.name.clone(),
                reading: view.reading,
                drawn,
                names: Arc::clone(&reference.names),
            }),
            Err(why) => {
                self.toasts.warning(tr_with(
                    "{name} can't be drawn over the second scan: {why}",
                    &[("name", &view.name), ("why", &tr_error(&why))],
                ));
                None
            }
        }
    }

    /// Keeps what is drawn and known of the comparison up with the document. Waits for nothing.
    pub(super) fn follow_comparison(&mut self, ctx: &egui::Context) {
        self.tell_table_file();
        let comparison = &mut self.comparison;
        let open = self.open.as_ref();
        let of_document =
            |reference: &Arc<Reference>| open.is_some_and(|open| open.number == reference.document);
        comparison.reference.take_if(|reference| !of_document(reference));
        let (Some(open), Some(reference)) = (open, comparison.reference.clone()) else {
            self.view.scan.comparison = None;
            self.end_comparison();
            return;
        };
        let wants_beside = self.view.wants_labels_beside();
        let Some(view) = &mut self.view.scan.comparison else {
            self.end_comparison();
            return;
        };
        let document = &open.document;
        let waits = self.view.transient.gesture.edits() || document.pending().is_some();
        let status = &mut self.status.comparison;
        comparison.numbers.follow(ctx, document, &reference, view, waits, status);
        let gone = |pair: ComparedPair| pair.a.is_some_and(|id| document.object(id).is_none());
        view.selected.take_if(|pair| gone(*pair));
        comparison.drawing.follow(document, &reference, view, waits, status);
        let beside = wants_beside.then(|| BesideLabels {
            file: view.name.clone(),
            reading: view.reading,
            drawn: comparison.drawing.itself(document, &reference, view, status),
            names: Arc::clone(&reference.names),
        });
        if wants_beside {
            self.view.scan.beside.labels = beside;
        }
        if comparison.places.is_outdated(document, &reference, view) {
            status.place = None;
        }
        if let Some((at, text)) = comparison.places.follow(document, &reference, view) {
            status.place = Some(text);
            if let Some(at) = at {
                let grid = document.image().grid();
                self.view.go_to_place(grid, grid.world_of(at));
                ctx.request_repaint();
            }
        }
    }

    fn end_comparison(&mut self) {
        let comparison = &mut self.comparison;
        comparison.reference = None;
        comparison.numbers.stop_for_good();
        comparison.drawing.stop();
        comparison.places.stop();
        comparison.on_second.stop();
        self.status.comparison = ComparisonStatus::default();
    }

    /// Does what the panel or a key asks for.
    pub(super) fn compare(&mut self, action: ComparisonAction, ctx: &egui::Context) {
        match action {
            ComparisonAction::Ask => self.files.paths.ask(Purpose::Reference),
            ComparisonAction::Select(pair) => self.select_pair(pair),
            ComparisonAction::Go(jump) => self.comparison.places.want(jump),
            ComparisonAction::Compute => self.comparison.numbers.go_on(),
            ComparisonAction::Stop => self.comparison.numbers.stop(),
            ComparisonAction::Copy => {
                if let Some(text) = self.comparison_csv() {
                    ctx.copy_text(text);
                    self.toasts.info(tr("The comparison was copied as CSV").to_owned());
                }
            }
            ComparisonAction::Save => self.ask_save_comparison(),
            ComparisonAction::End => self.view.scan.comparison = None,
        }
    }

    /// Draws this pair alone, selects its object, and brings it into the views.
    fn select_pair(&mut self, pair: Option<ComparedPair>) {
        let Some(view) = &mut self.view.scan.comparison else { return };
        view.selected = pair;
        let Some(pair) = pair else { return };
        if let Some(id) = pair.a
            && self.document().is_some_and(|d| d.active().map(|o| o.id) != Some(id))
        {
            self.run(Command::Select(id));
        }
        let Some(open) = &self.open else { return };
        let document: &Document = &open.document;
        match (pair.a.and_then(|id| document.object(id)), pair.b) {
            (Some(object), _) if object.has_voxels() => {
                self.view.go_to_object(document, object);
            }
            (_, Some(label)) => {
                let reference = self.comparison.reference.as_deref();
                if let Some(at) = reference.and_then(|reference| reference.middle_of(label)) {
                    let grid = document.image().grid();
                    self.view.go_to_place(grid, grid.world_of(at));
                }
            }
            _ => {}
        }
    }

    fn ask_save_comparison(&mut self) {
        let Some(open) = &self.open else { return };
        let stem = open.stem(&self.formats);
        let suggestion = open.path.with_file_name(format!("{stem}_comparison.csv"));
        self.files.paths.ask(Purpose::Comparison(open.number, suggestion));
    }
}
