//! A second label map (B) beside the objects (A): what is drawn of the two, where they differ, their numbers.
//!
//! - `reference`: the other label map, and how its labels are paired with objects.
//! - `numbers`: the table, computed on a thread when nothing is done, stopped by the next change.
//! - `drawing`: what is drawn instead of the objects, made anew on a thread only where the document was edited.
//! - `places`: where the two differ, looked for when somebody wants to go there.
//! - `table_file`: the numbers as CSV and JSON.

mod drawing;
mod numbers;
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
use crate::ui::text::{tr, tr_with};
use crate::ui::{
    BesideLabels, ComparedPair, ComparisonAction, ComparisonLook, ComparisonStatus, ComparisonView,
};
use crate::work::Wake;
use drawing::Drawing;
use numbers::Numbers;
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
            file: TableFile::new(wake.clone()),
        })
    }

    /// B, if something is compared.
    pub fn reference(&self) -> Option<&Arc<Reference>> {
        self.reference.as_ref()
    }

    /// Whether something of it is being computed or written.
    pub fn is_busy(&self) -> bool {
        let computes = self.numbers.is_busy() || self.drawing.is_busy();
        computes || self.places.is_busy() || self.file.is_busy()
    }
}

impl App {
    /// Compares the objects with a label map that was read.
    pub(super) fn begin_comparison(&mut self, path: PathBuf, read: ReferenceRead) {
        let Some(document) = self.open.as_ref().map(|open| open.number) else { return };
        let name = name_of(&path);
        for note in &read.read.notes {
            self.toasts.warning(format!("{name}: {}", told(note)));
        }
        let values = [("name", &name as &dyn std::fmt::Display)];
        match read.resampled {
            Some(0) => self.toasts.warning(tr_with(
                "{name} lies on another grid and was put onto the scan's: the nearest voxel's label",
                &values,
            )),
            Some(lost) => self.toasts.warning(tr_with(
                "{name} lies on another grid and was put onto the scan's: the nearest voxel's label. {n} of its labels have no voxel there.",
                &[values[0], ("n", &lost)],
            )),
            None => {}
        }
        if read.read.labels.is_empty() {
            self.toasts.warning(tr_with("{name} has no label: all of A counts as false", &values));
        } else {
            let count = read.read.labels.len();
            self.toasts.info(tr_with(
                "{name}: the objects are compared with its {n} labels",
                &[values[0], ("n", &count)],
            ));
        }
        // Of another label map nothing is shown beside this one's name.
        self.end_comparison();
        self.comparison.opened += 1;
        let reference = Reference::new(self.comparison.opened, document, path, read);
        self.comparison.reference = Some(Arc::new(reference));
        let before = self.view.scan.comparison.take();
        let fresh = ComparisonView::with(name);
        // How one compares stays, with what does not.
        self.view.scan.comparison = Some(match before {
            Some(before) => ComparisonView {
                by: before.by,
                tolerance_mm: before.tolerance_mm,
                scale_mm: before.scale_mm,
                sorted: before.sorted,
                ..fresh
            },
            None => fresh,
        });
        if self.view.wants_labels_beside()
            && let Some(view) = &mut self.view.scan.comparison
        {
            view.look = ComparisonLook::Objects;
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
            drawn: comparison.drawing.itself(document, &reference, view, status),
            names: Arc::clone(&reference.names),
        });
        self.view.scan.beside.labels = beside;
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
