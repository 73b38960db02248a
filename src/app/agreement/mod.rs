//! Label maps of several raters: read for the grid of the scan, compared with each other on a thread, and what they make
//! together as new objects. The document is only written to when that is asked for.
//!
//! - `numbers`: what is computed, and of what it is.
//! - `rater`: one of them.
//! - `table_file`: the numbers as CSV and JSON.

mod numbers;
mod rater;
mod table_file;

use std::path::PathBuf;
use std::sync::Arc;

use super::App;
use super::document_number::DocumentNumber;
use super::files::{Purpose, ReferenceRead, Role, name_of, stem_of};
use super::offers::{moved, told, under_present};
use super::table_file::TableFile;
use crate::document::Command;
use crate::measure::{MOST_RATERS, told_apart};
use crate::ui::commands::edit;
use crate::ui::kit::format::millilitres;
use crate::ui::text::{mark, tr, tr_with};
use crate::ui::{AgreementAction, AgreementStatus, Consensus, ReferenceReading};
use crate::volume::NamedRegion;
use crate::work::Wake;
use numbers::{Numbers, Wanted};
use rater::Rater;

/// What raters are called in their list: files of one name with the folders that they are in.
fn listed(raters: &[Arc<Rater>]) -> Vec<String> {
    let names: Vec<String> = raters.iter().map(|rater| name_of(&rater.path)).collect();
    let with_folder = |(rater, name): (&Arc<Rater>, &String)| {
        let alike = names.iter().filter(|other| *other == name).count() > 1;
        let folder = rater.path.parent().filter(|_| alike).and_then(|folder| folder.file_name());
        folder.map_or_else(|| name.clone(), |folder| format!("{}/{name}", folder.to_string_lossy()))
    };
    told_apart(&raters.iter().zip(&names).map(with_folder).collect::<Vec<_>>())
}

/// Who agrees with whom.
pub(super) struct Agreement {
    /// Of whose scan.
    document: Option<DocumentNumber>,
    raters: Vec<Arc<Rater>>,
    /// How many there were.
    opened: u64,
    numbers: Numbers,
    file: TableFile,
}

impl Agreement {
    pub fn new(wake: Wake) -> Self {
        let (numbers, file) = (Numbers::new(wake.clone()), TableFile::new(wake));
        Self { document: None, raters: Vec::new(), opened: 0, numbers, file }
    }

    /// Whether something of it is being computed or written.
    pub fn is_busy(&self) -> bool {
        self.numbers.is_busy() || self.file.is_busy()
    }
}

impl App {
    /// Takes the label map of one more rater.
    pub(super) fn add_rater(&mut self, path: PathBuf, read: ReferenceRead) {
        let Some(document) = self.open.as_ref().map(|open| open.number) else { return };
        let name = name_of(&path);
        let agreement = &mut self.agreement;
        self.view.windows.agreement = true;
        if agreement.raters.iter().any(|rater| rater.path == path) {
            let text = tr("It is among the raters already: {name}");
            self.toasts.refused(text.replace("{name}", &name));
            return;
        }
        if agreement.raters.len() >= MOST_RATERS {
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("name", &name), ("n", &MOST_RATERS)];
            let text =
                tr_with("More than {n} raters can't be compared; left away: {name}", &values);
            self.toasts.refused(text);
            return;
        }
        agreement.document = Some(document);
        agreement.opened += 1;
        let ReferenceRead { read, resampled, .. } = read;
        for note in &read.notes {
            self.toasts.warning(format!("{name}: {}", told(note)));
        }
        self.tell_resampled(&name, resampled);
        if read.labels.is_empty() {
            let text =
                tr_with("{name} has no label: this rater has marked nothing", &[("name", &name)]);
            self.toasts.warning(text);
        }
        let number = self.agreement.opened;
        self.agreement.raters.push(Arc::new(Rater { number, path, read }));
    }

    /// Says what another grid has become.
    pub(super) fn tell_resampled(&mut self, name: &str, resampled: Option<usize>) {
        let values = [("name", &name as &dyn std::fmt::Display)];
        match resampled {
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
    }

    /// Keeps the numbers up with the raters. Waits for nothing.
    pub(super) fn follow_agreement(&mut self, ctx: &egui::Context) {
        match self.agreement.file.poll() {
            Some(Ok(text)) => self.toasts.info(text),
            Some(Err(why)) => self.toasts.error(why),
            None => {}
        }
        let agreement = &mut self.agreement;
        let open = self.open.as_ref().filter(|open| agreement.document == Some(open.number));
        let Some(open) = open else {
            if agreement.document.take().is_some() || !agreement.raters.is_empty() {
                agreement.raters.clear();
                agreement.numbers.forget();
                self.status.agreement = AgreementStatus::default();
            }
            return;
        };
        let paths = agreement.raters.iter().map(|rater| &rater.path);
        let stems: Vec<String> = paths.clone().map(|path| stem_of(&self.formats, path)).collect();
        let names = listed(&agreement.raters);
        let status = &mut self.status.agreement;
        status.raters = names.into_iter().zip(paths.map(|p| p.display().to_string())).collect();
        let wanted = Wanted {
            raters: &agreement.raters,
            names: &stems,
            tolerance_mm: self.view.windows.agreement_choice.tolerance_mm,
            looked_at: self.view.windows.agreement,
            waits: self.files.is_opening(),
        };
        agreement.numbers.follow(ctx, open.document.image().grid(), &wanted, status);
    }

    /// Does what the window asks for.
    pub(super) fn do_with_raters(&mut self, action: AgreementAction, ctx: &egui::Context) {
        match action {
            AgreementAction::Ask => self.files.paths.ask(Purpose::Raters),
            AgreementAction::TakeAway(n) => {
                if n < self.agreement.raters.len() {
                    self.agreement.raters.remove(n);
                }
            }
            AgreementAction::TakeAllAway => self.agreement.raters.clear(),
            AgreementAction::Compute => self.agreement.numbers.go_on(),
            AgreementAction::Stop => self.agreement.numbers.stop(),
            AgreementAction::AddObjects(consensus) => self.add_consensus(consensus),
            AgreementAction::Copy => {
                if let Some(text) = self.agreement_csv() {
                    ctx.copy_text(text);
                    self.toasts.info(tr("The agreement was copied as CSV").to_owned());
                }
            }
            AgreementAction::Save => self.ask_save_agreement(),
        }
    }

    /// What files are that are dropped: with the window of raters open, their label maps.
    pub(super) fn role_of_dropped(&self) -> Role {
        if self.view.windows.agreement && self.open.is_some() {
            Role::Rater(ReferenceReading::default())
        } else {
            Role::Dropped
        }
    }

    /// Adds what the raters make together as objects, one for each label, in one step.
    fn add_consensus(&mut self, consensus: Consensus) {
        let Some(found) = self.agreement.numbers.now(&self.status.agreement) else { return };
        let regions = match consensus {
            Consensus::Staple => &found.staple,
            Consensus::Majority => &found.majority,
        };
        let step = match consensus {
            Consensus::Staple => mark("Add STAPLE"),
            Consensus::Majority => mark("Add majority vote"),
        };
        let named = |of: &str| match consensus {
            // What tells them apart comes first: lists cut the end. STAPLE is the same in every language.
            Consensus::Staple => format!("{of} · STAPLE"),
            Consensus::Majority => tr_with("{name} · majority vote", &[("name", &of)]),
        };
        let (mut labels, mut empty) = (Vec::new(), Vec::new());
        for (label, region) in found.labels.iter().zip(regions) {
            let unnamed = || tr_with("Label {n}", &[("n", &label.number)]);
            let of = label.name.clone().unwrap_or_else(unnamed);
            if region.is_empty() {
                empty.push(of);
                continue;
            }
            labels.push(NamedRegion {
                // One that is too large for a label map gets a number that is free.
                value: u16::try_from(label.number).unwrap_or(0),
                name: Some(named(&of)),
                colour: label.colour,
                opacity: None,
                visible: true,
                region: region.clone(),
                on_top: None,
            });
        }
        if !empty.is_empty() {
            let list = empty.join(", ");
            let text = tr_with("The raters have no voxel in common of: {list}", &[("list", &list)]);
            self.toasts.warning(text);
        }
        if labels.is_empty() {
            return;
        }
        let values: Vec<u16> = labels.iter().map(|label| label.value).collect();
        if !self.run(Command::AddMasks { name: step, masks: labels }) {
            return;
        }
        self.tell_consensus(&values);
    }

    /// Says what has become of the new objects, the last ones.
    fn tell_consensus(&mut self, values: &[u16]) {
        let count = values.len();
        self.toasts.info(tr_with("{n} new objects; undo takes them back", &[("n", &count)]));
        let Some(document) = self.document() else { return };
        let moved = moved(values, document);
        if let Some(ml) = under_present(count, document) {
            let (ml, key) = (millilitres(ml), edit::BRING_TO_FRONT.key_text());
            self.toasts.warning(tr_with(
                "{ml} of the new objects lie under objects that were here before; both keep it ({key} brings the selected object to the front)",
                &[("ml", &ml), ("key", &key)],
            ));
        }
        if let Some(text) = moved {
            self.toasts.warning(text);
        }
    }
}
