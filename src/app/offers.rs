//! Label maps that come in, and files of which it is asked what they are to be.

use std::path::PathBuf;

use super::App;
use super::files::{Asked, AskedWhat, Labels, Loaded, ReferenceDoubts, Role, Which, name_of};
use crate::document::{Command, Document, Object};
use crate::io::{LabelNote, SliceSpacing, TypedPlace, VolumePart};
use crate::ui::commands::{comparing, edit};
use crate::ui::kit::format::millilitres;
use crate::ui::text::tr_with;
use crate::ui::{Offer, OfferAnswer, Question, tr_error};

/// What waits for an answer.
pub(super) enum Offered {
    Image(Box<Loaded>),
    /// Read again once the answer is there: nothing of it is kept meanwhile.
    Labels(PathBuf),
    /// Work on the open scan that was kept.
    Draft(PathBuf),
    /// A scan about which something is asked before it is read.
    Asked(PathBuf, Role, Which),
}

impl App {
    /// Adds the objects of a label map.
    pub(super) fn import(&mut self, path: PathBuf, labels: Labels) {
        let read = labels.read;
        let count = read.labels.len();
        let as_in_the_file = read.renumbered.is_empty() && !read.is_doubtful;
        let values: Vec<u16> = read.labels.iter().map(|label| label.value).collect();
        let first = self.document().is_some_and(|d| d.objects().is_empty() && !d.is_modified());
        if !self.run(Command::Import(read.labels)) {
            return;
        }
        let name = name_of(&path);
        let mut told: Vec<String> = read.notes.iter().map(told).collect();
        told.extend(self.document().and_then(|d| moved(&values, d)));
        if let Some(ml) = self.document().and_then(|d| under_present(count, d)) {
            let (ml, key) = (millilitres(ml), edit::BRING_TO_FRONT.key_text());
            told.push(tr_with(
                "{ml} lie under objects that were here before; both keep it ({key} brings the selected object to the front). To compare the two, undo it and choose “{command}” ({compare})",
                &[
                    ("ml", &ml),
                    ("key", &key),
                    ("command", &comparing::COMPARE_WITH.name()),
                    ("compare", &comparing::COMPARE_WITH.key_text()),
                ],
            ));
        }
        let text = match count {
            1 => tr_with("{name}: 1 label opened", &[("name", &name)]),
            _ => tr_with("{name}: {count} labels opened", &[("name", &name), ("count", &count)]),
        };
        // One message, however much there is to know.
        if told.is_empty() {
            self.toasts.info(text);
        } else {
            self.toasts.warning(format!("{text}\n• {}", told.join("\n• ")));
        }
        if let Some(open) = self.open.as_mut().filter(|_| first) {
            // What is shown is what is on disk, and goes back there when it has been corrected; but not over the
            // other time points of that file, nor over numbers that it could not keep, nor over another program's
            // DICOM file, which says more than is kept here.
            open.document.mark_saved(open.document.masks_state());
            if labels.time_points == 1 && as_in_the_file && labels.is_ours {
                open.came_from = Some(path);
                open.on_disk = Some(labels.stamp);
            }
        }
    }

    /// Asks what an image beside the open scan is to be. `why` it is no label map, if it may be meant as one.
    pub(super) fn offer_image(&mut self, loaded: Box<Loaded>, why: Option<String>) {
        let name = loaded.volume.name().to_owned();
        self.offer(name, Question::Image { why }, Offered::Image(loaded));
    }

    /// Asks whether a label map is to be opened in spite of what had to be decided to read it, and at which of its
    /// time points.
    pub(super) fn offer_labels(&mut self, path: PathBuf, labels: &Labels) {
        let notes = labels.read.notes.iter().map(told).collect();
        let question = Question::Labels {
            notes,
            time_points: labels.time_points,
            time_point: labels.time_point,
        };
        self.offer(name_of(&path), question, Offered::Labels(path));
    }

    /// Asks what has to be said before a scan can be read.
    pub(super) fn ask_how(&mut self, (path, role, which): (PathBuf, Role, Which), asked: Asked) {
        let Asked { why, what } = asked;
        let question = match what {
            AskedWhat::Even => Question::Uneven { why },
            AskedWhat::Place { likely, spacing } => Question::Place { why, likely, spacing },
            AskedWhat::Part { dims, needed, limit } => Question::Part { why, dims, needed, limit },
            AskedWhat::Reference(doubts) => {
                let ReferenceDoubts { notes, time_points, threshold, other_grid, reading } =
                    *doubts;
                let notes = notes.iter().map(told).collect();
                Question::Reference { notes, time_points, threshold, other_grid, reading }
            }
        };
        self.offer(name_of(&path), question, Offered::Asked(path, role, which));
    }

    /// Drafts are of one scan.
    pub(super) fn drop_draft_offers(&mut self) {
        let gone = self.offers.extract_if(.., |(_, o)| matches!(o, Offered::Draft(_)));
        let gone: Vec<u64> = gone.map(|(number, _)| number).collect();
        self.status.offers.retain(|offer| !gone.contains(&offer.number));
    }

    pub(super) fn offer(&mut self, name: String, question: Question, offered: Offered) {
        self.offered += 1;
        self.status.offers.push(Offer { number: self.offered, name, question });
        self.offers.push((self.offered, offered));
    }

    /// The user has said what a file is to be.
    pub(super) fn answer(&mut self, number: u64, answer: OfferAnswer) {
        self.status.offers.retain(|o| o.number != number);
        let Some(at) = self.offers.iter().position(|(n, _)| *n == number) else { return };
        match (self.offers.remove(at).1, answer) {
            (Offered::Image(loaded), OfferAnswer::Scan) => self.replace(loaded),
            (Offered::Image(loaded), OfferAnswer::Overlay) => self.lay_over(*loaded),
            (Offered::Image(loaded), OfferAnswer::Beside) => self.put_beside(*loaded, None),
            (Offered::Draft(path), OfferAnswer::Continue) => self.open_session(path),
            (Offered::Asked(path, role, which), OfferAnswer::Compare(reading)) => {
                let role = match role {
                    Role::Rater(_) => Role::Rater(reading),
                    _ => Role::Reference(reading),
                };
                self.files.open_one(path, role, which);
            }
            (Offered::Image(loaded), OfferAnswer::Compare(reading)) => {
                self.files.open(loaded.path, Role::Reference(reading));
            }
            (Offered::Labels(path), OfferAnswer::Compare(reading)) => {
                self.files.open(path, Role::Reference(reading));
            }
            (Offered::Asked(path, role, which), answer) => {
                let mut options = which.options();
                match answer {
                    OfferAnswer::Resample => options.slices = SliceSpacing::Even,
                    OfferAnswer::Place { orientation, spacing } => {
                        options.place = TypedPlace { orientation: Some(orientation), spacing };
                    }
                    OfferAnswer::Part { crop, every } => options.part = VolumePart { crop, every },
                    _ => return,
                }
                self.files.open_one(path, role, which.read_as(options));
            }
            (Offered::Labels(path), OfferAnswer::Labels { time_point }) => {
                self.files.open(path, Role::Agreed(time_point));
            }
            _ => {}
        }
    }
}

/// What is said of labels that could not keep their numbers, because objects have them; these were added last.
pub(super) fn moved(values: &[u16], document: &Document) -> Option<String> {
    let objects = document.objects();
    let added = &objects[objects.len().checked_sub(values.len())?..];
    // What has no number of its own takes one that is free.
    let numbered = values.iter().zip(added).filter(|(value, _)| **value != 0);
    let moved = numbered.filter(|&(value, object)| *value != object.id.0);
    let moved: Vec<String> = moved.map(|(old, new)| format!("{old} → {}", new.id.0)).collect();
    let shown = moved.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let list = if moved.len() > 3 { format!("{shown}, …") } else { shown };
    (!moved.is_empty()).then(|| {
        tr_with(
            "{n} labels got other numbers, theirs are taken: {list}",
            &[("n", &moved.len()), ("list", &list)],
        )
    })
}

/// How much of the objects that came last lies under others, which were there before, millilitres.
pub(super) fn under_present(count: usize, document: &Document) -> Option<f64> {
    let (present, added) =
        document.objects().split_at_checked(document.objects().len().checked_sub(count)?)?;
    let over = |object: &Object| -> usize {
        let over = document.over(object).into_iter();
        over.filter(|(id, _)| present.iter().any(|o| o.id == *id)).map(|(_, voxels)| voxels).sum()
    };
    let voxels: usize = added.iter().map(over).sum();
    let mm3 = document.image().grid().voxel_volume_mm3();
    (voxels > 0).then(|| voxels as f64 * mm3 / 1000.0)
}

/// The values of notes that are sentences of their own: how two grids differ, why a table was not read.
const SENTENCES: [&str; 2] = ["how", "why"];

/// A note in the language in use.
pub(super) fn told(note: &LabelNote) -> String {
    // Some values are sentences; all others are numbers, and what somebody has called something.
    let value = |(name, value): &(&str, String)| {
        if SENTENCES.contains(name) { tr_error(value) } else { value.clone() }
    };
    let told: Vec<String> = note.values.iter().map(value).collect();
    let names = note.values.iter().map(|(name, _)| *name);
    let values: Vec<(&str, &dyn std::fmt::Display)> =
        names.zip(&told).map(|(name, value)| (name, value as _)).collect();
    tr_with(note.text, &values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::text::{Language, speak};

    #[test]
    fn what_a_note_says_is_in_one_language() {
        let note = LabelNote {
            text: "it lies on another grid than the scan ({how}); each voxel of the scan gets what lies at its middle, so borders and volumes change a little",
            values: vec![("how", "29 × 30 × 17 voxels instead of 154 × 158 × 51".to_owned())],
        };
        let named = LabelNote {
            text: "nothing is left of: {list}",
            values: vec![("list", "Save".to_owned())],
        };
        let english = told(&note);
        speak(Language::Chinese);
        let (chinese, kept) = (told(&note), told(&named));
        speak(Language::English);
        assert!(english.contains("17 voxels instead of 154"), "{english}");
        assert!(
            chinese.contains("29 × 30 × 17 个体素") && !chinese.contains("voxels"),
            "{chinese}"
        );
        assert!(kept.contains("Save"), "{kept}");
    }
}
